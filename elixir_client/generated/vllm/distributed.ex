# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  Tensor, pipeline, data, context and expert parallel groups, and the collectives on them.

  Drop-in by name for `vllm.distributed`, on plain PyTorch.

  Every function takes its arguments by position or by name, as in Python, and returns `{:ok,
  value}` or `{:error, %Vllm.Error{}}`; the form with a `!` returns the value or raises.
  `__runtime__: [...]` among the named ones has the options of the call (`Vllm.Runtime`): timeout,
  session, pool. An argument left out has the default named under Parameters.

  Errors are told apart by `reason`, such as `"group_not_initialized"`.
  """

  alias Vllm.Call
  alias Vllm.Call.Spec
  alias Vllm.Config.ParallelConfig
  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.Distributed.ProcessGroup
  alias Vllm.Error
  alias Vllm.Ref
  alias Vllm.Tensor

  @use_sched_yield %Vllm.Call.Spec{
    function: "USE_SCHED_YIELD",
    path: "/vllm.distributed.v1.Distributed/UseSchedYield",
    params: [],
    result: :bool,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Whether `sched_yield` asks the operating system.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, true} = Vllm.Distributed.use_sched_yield()
  """
  @spec use_sched_yield() :: {:ok, boolean()} | {:error, Error.t()}
  @spec use_sched_yield(keyword()) :: {:ok, boolean()} | {:error, Error.t()}
  def use_sched_yield(opts \\ []) do
    Vllm.Call.run(@use_sched_yield, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `use_sched_yield`, but returns the value itself and raises `Vllm.Error`."
  @spec use_sched_yield!() :: boolean()
  @spec use_sched_yield!(keyword()) :: boolean()
  def use_sched_yield!(opts \\ []) do
    Vllm.Error.unwrap!(use_sched_yield(opts))
  end

  @all_gather %Vllm.Call.Spec{
    function: "all_gather",
    path: "/vllm.distributed.v1.Distributed/AllGather",
    params: [
      {:tensor, 1, :tensor, :required},
      {:dim, 2, :int, :required},
      {:world_size, 3, :int, :required},
      {:group_name, 4, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of the group with this unique name concatenated along `dim`.

  As `Vllm.Distributed.GroupCoordinator.all_gather`. `world_size` is the group's size. Collective
  over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`) - the dimension; a negative one counts from the end
    * `world_size` (`integer()`) - number of ranks
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`

  ## Errors

    * `"group_not_initialized"` - naming the groups there are
    * `"invalid_argument"` - for another `world_size` or a `dim` out of range

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.all_gather(tensor, 0, 2, "tp:0")
  """
  @spec all_gather(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(Call.tensor(), integer(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(Call.tensor(), integer(), integer(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_gather(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@all_gather, [tensor, dim, world_size, group_name, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(keyword()) :: Tensor.t()
  @spec all_gather!(Call.tensor(), keyword()) :: Tensor.t()
  @spec all_gather!(Call.tensor(), integer(), keyword()) :: Tensor.t()
  @spec all_gather!(Call.tensor(), integer(), integer(), String.t() | atom() | keyword()) ::
          Tensor.t()
  @spec all_gather!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_gather!(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(all_gather(tensor, dim, world_size, group_name, opts))
  end

  @all_gather_fake %Vllm.Call.Spec{
    function: "all_gather_fake",
    path: "/vllm.distributed.v1.Distributed/AllGatherFake",
    params: [
      {:tensor, 1, :tensor, :required},
      {:dim, 2, :int, :required},
      {:world_size, 3, :int, :required},
      {:group_name, 4, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return an uninitialised tensor like `all_gather`'s result. Local: nothing is sent.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`) - the dimension; a negative one counts from the end
    * `world_size` (`integer()`) - number of ranks
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.all_gather_fake(tensor, 0, 2, "tp:0")
  """
  @spec all_gather_fake(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather_fake(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather_fake(Call.tensor(), integer(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather_fake(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather_fake(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_gather_fake(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@all_gather_fake, [tensor, dim, world_size, group_name, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `all_gather_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather_fake!(keyword()) :: Tensor.t()
  @spec all_gather_fake!(Call.tensor(), keyword()) :: Tensor.t()
  @spec all_gather_fake!(Call.tensor(), integer(), keyword()) :: Tensor.t()
  @spec all_gather_fake!(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_gather_fake!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_gather_fake!(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(all_gather_fake(tensor, dim, world_size, group_name, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "all_reduce",
    path: "/vllm.distributed.v1.Distributed/AllReduce",
    params: [
      {:tensor, 1, :tensor, :required},
      {:group_name, 2, :string, :required},
      {:op, 3, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the sum of the tensors of the group with this unique name, such as `tp:0`, or what else
  `op` says, in a new tensor.

  As `Vllm.Distributed.GroupCoordinator.all_reduce`, also in its gradient. Collective over the
  group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Errors

    * `"group_not_initialized"` - naming the groups there are

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.all_reduce(tensor, "tp:0")
  """
  @spec all_reduce(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(Call.tensor(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(Call.tensor(), String.t() | atom(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce(tensor, group_name \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce, [tensor, group_name, op, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(keyword()) :: Tensor.t()
  @spec all_reduce!(Call.tensor(), String.t() | atom() | keyword()) :: Tensor.t()
  @spec all_reduce!(Call.tensor(), String.t() | atom(), String.t() | atom() | keyword()) ::
          Tensor.t()
  @spec all_reduce!(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce!(tensor, group_name \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(tensor, group_name, op, opts))
  end

  @all_reduce_fake %Vllm.Call.Spec{
    function: "all_reduce_fake",
    path: "/vllm.distributed.v1.Distributed/AllReduceFake",
    params: [
      {:tensor, 1, :tensor, :required},
      {:group_name, 2, :string, :required},
      {:op, 3, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return an uninitialised tensor like `all_reduce`'s result. Local: nothing is sent.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.all_reduce_fake(tensor, "tp:0")
  """
  @spec all_reduce_fake(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_fake(Call.tensor(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_fake(
    Call.tensor(),
    String.t() | atom(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_fake(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce_fake(tensor, group_name \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce_fake, [tensor, group_name, op, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `all_reduce_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_fake!(keyword()) :: Tensor.t()
  @spec all_reduce_fake!(Call.tensor(), String.t() | atom() | keyword()) :: Tensor.t()
  @spec all_reduce_fake!(
    Call.tensor(),
    String.t() | atom(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce_fake!(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce_fake!(tensor, group_name \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_fake(tensor, group_name, op, opts))
  end

  @broadcast_tensor_dict %Vllm.Call.Spec{
    function: "broadcast_tensor_dict",
    path: "/vllm.distributed.v1.Distributed/BroadcastTensorDict",
    params: [
      {:tensor_dict, 1, :term, :optional},
      {:src, 2, :int, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the map of rank `src` of the tensor parallel group; other ranks pass `nil`.

  As `Vllm.Distributed.GroupCoordinator.broadcast_tensor_dict`. In a process that is in no world
  the map is returned as it is. Collective over the tensor parallel group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor_dict` (`term()`, default `nil`) - map from strings to tensors, also nested, and
      plain values
    * `src` (`integer()`, default `0`) - rank inside the group that sends

  ## Errors

    * `"group_not_initialized"` - between `init_distributed_environment` and
      `initialize_model_parallel`

  ## Example

      given = if rank == 0, do: %{"hidden_states" => tensor}
      {:ok, %{"hidden_states" => tensor}} = Vllm.Distributed.broadcast_tensor_dict(given)
  """
  @spec broadcast_tensor_dict() :: {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(term() | keyword()) :: {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(term(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(Call.arg(term()), Call.arg(integer()), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_tensor_dict(tensor_dict \\ :__default__, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast_tensor_dict, [tensor_dict, src, opts])
  end

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc "Like `broadcast_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_tensor_dict!() :: term()
  @spec broadcast_tensor_dict!(term() | keyword()) :: term()
  @spec broadcast_tensor_dict!(term(), integer() | keyword()) :: term()
  @spec broadcast_tensor_dict!(Call.arg(term()), Call.arg(integer()), keyword()) ::
          term()
  def broadcast_tensor_dict!(tensor_dict \\ :__default__, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_tensor_dict(tensor_dict, src, opts))
  end

  @checkpoint_prepare_distributed_state %Vllm.Call.Spec{
    function: "checkpoint_prepare_distributed_state",
    path: "/vllm.distributed.v1.Distributed/CheckpointPrepareDistributedState",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Bring the communicators of all groups to where this process can be checkpointed.

  Waits for what the accelerator still does, and gives memory back as `suspend_device_comms` does.
  Collective over every group that this process is in.

  Collective: every member of the group must make this call.

  ## Errors

    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, nil} = Vllm.Distributed.checkpoint_prepare_distributed_state()
  """
  @spec checkpoint_prepare_distributed_state() :: {:ok, nil} | {:error, Error.t()}
  @spec checkpoint_prepare_distributed_state(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def checkpoint_prepare_distributed_state(opts \\ []) do
    Vllm.Call.run(@checkpoint_prepare_distributed_state, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `checkpoint_prepare_distributed_state`, but returns the value itself and raises `Vllm.Error`."
  @spec checkpoint_prepare_distributed_state!() :: nil
  @spec checkpoint_prepare_distributed_state!(keyword()) :: nil
  def checkpoint_prepare_distributed_state!(opts \\ []) do
    Vllm.Error.unwrap!(checkpoint_prepare_distributed_state(opts))
  end

  @checkpoint_restore_distributed_state %Vllm.Call.Spec{
    function: "checkpoint_restore_distributed_state",
    path: "/vllm.distributed.v1.Distributed/CheckpointRestoreDistributedState",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Have the communicators of all groups work again after a process was checkpointed.

  Collective over every group that this process is in.

  Collective: every member of the group must make this call.

  ## Errors

    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, nil} = Vllm.Distributed.checkpoint_restore_distributed_state()
  """
  @spec checkpoint_restore_distributed_state() :: {:ok, nil} | {:error, Error.t()}
  @spec checkpoint_restore_distributed_state(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def checkpoint_restore_distributed_state(opts \\ []) do
    Vllm.Call.run(@checkpoint_restore_distributed_state, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `checkpoint_restore_distributed_state`, but returns the value itself and raises `Vllm.Error`."
  @spec checkpoint_restore_distributed_state!() :: nil
  @spec checkpoint_restore_distributed_state!(keyword()) :: nil
  def checkpoint_restore_distributed_state!(opts \\ []) do
    Vllm.Error.unwrap!(checkpoint_restore_distributed_state(opts))
  end

  @cleanup_dist_env_and_memory %Vllm.Call.Spec{
    function: "cleanup_dist_env_and_memory",
    path: "/vllm.distributed.v1.Distributed/CleanupDistEnvAndMemory",
    params: [
      {:shutdown_ray, 1, :bool, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Undo everything: destroy groups and environment, collect garbage, empty the accelerator's cache,
  and with `shutdown_ray` shut Ray down. Idempotent, local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `shutdown_ray` (`boolean()`, default `false`) - whether Ray is shut down too

  ## Errors

    * `"library_missing"` - if Ray shall be shut down and is not installed: then nothing is undone

  ## Example

      {:ok, nil} = Vllm.Distributed.cleanup_dist_env_and_memory()
  """
  @spec cleanup_dist_env_and_memory() :: {:ok, nil} | {:error, Error.t()}
  @spec cleanup_dist_env_and_memory(boolean() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec cleanup_dist_env_and_memory(Call.arg(boolean()), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def cleanup_dist_env_and_memory(shutdown_ray \\ :__default__, opts \\ []) do
    Vllm.Call.run(@cleanup_dist_env_and_memory, [shutdown_ray, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `cleanup_dist_env_and_memory`, but returns the value itself and raises `Vllm.Error`."
  @spec cleanup_dist_env_and_memory!() :: nil
  @spec cleanup_dist_env_and_memory!(boolean() | keyword()) :: nil
  @spec cleanup_dist_env_and_memory!(Call.arg(boolean()), keyword()) :: nil
  def cleanup_dist_env_and_memory!(shutdown_ray \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(cleanup_dist_env_and_memory(shutdown_ray, opts))
  end

  @compute_logical_maps %Vllm.Call.Spec{
    function: "compute_logical_maps",
    path: "/vllm.distributed.v1.Distributed/ComputeLogicalMaps",
    params: [
      {:physical_to_logical_map, 1, :tensor, :required},
      {:num_logical_experts, 2, :int, :required}
    ],
    result: {:tuple, [:tensor, :tensor]},
    inline: false
  }

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the slots of each expert, and how many it has.

  `physical_to_logical_map` says which expert is in each slot, [layers, slots] or [slots] of one
  layer, integers on the CPU, -1 for an empty slot. The slots are [layers, experts, most of any],
  ascending and padded with -1, the counts [layers, experts]; both without layers where the map
  has none, and of its dtype. Pure, local. Source: vLLM.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `physical_to_logical_map` (`Vllm.Call.tensor()`) - which expert is in each slot, [layers,
      slots] or [slots], -1 for none
    * `num_logical_experts` (`integer()`) - how many experts the router knows

  ## Errors

    * `"invalid_type"` - for what is no tensor of integers on the CPU
    * `"invalid_argument"` - for another shape, and an expert that is out of range, by its place

  ## Example

      {:ok, {_, _}} = Vllm.Distributed.compute_logical_maps(physical_to_logical_map, num_logical_experts)
  """
  @spec compute_logical_maps(keyword()) ::
          {:ok, {Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec compute_logical_maps(Call.tensor(), integer() | keyword()) ::
          {:ok, {Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec compute_logical_maps(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, {Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  def compute_logical_maps(
    physical_to_logical_map,
    num_logical_experts \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@compute_logical_maps, [physical_to_logical_map, num_logical_experts, opts])
  end

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc "Like `compute_logical_maps`, but returns the value itself and raises `Vllm.Error`."
  @spec compute_logical_maps!(keyword()) :: {Tensor.t(), Tensor.t()}
  @spec compute_logical_maps!(Call.tensor(), integer() | keyword()) ::
          {Tensor.t(), Tensor.t()}
  @spec compute_logical_maps!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {Tensor.t(), Tensor.t()}
  def compute_logical_maps!(
    physical_to_logical_map,
    num_logical_experts \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(compute_logical_maps(physical_to_logical_map, num_logical_experts, opts))
  end

  @cpu_all_reduce_in_place %Vllm.Call.Spec{
    function: "cpu_all_reduce_",
    path: "/vllm.distributed.v1.Distributed/CpuAllReduceInPlace",
    params: [
      {:tensor, 1, :tensor, :required},
      {:group, 2, :process_group, :required},
      {:timeout, 3, {:nullable, :duration}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Replace a small CPU tensor by its sum over a gloo process group, and return it.

  Every rank gets the same bits. Ranks exchange sums in pairs, in as many rounds as the group's
  size can be halved (recursive doubling; ranks beyond the largest power of two give theirs away
  first and get the result last): fewer messages than a ring has. `group` may be one apart from
  torch's world. `timeout` bounds each wait; by default the group's own does. Dtypes as for
  `Vllm.Distributed.GroupCoordinator.all_reduce`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `group` (`Vllm.Distributed.ProcessGroup.input()`) - process group for the objects, in place
      of the coordinator's own
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * `"invalid_type"` - for what is no dense tensor on the CPU
    * `"unsupported_dtype"` - before anything is sent
    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.cpu_all_reduce_(tensor, group)
  """
  @spec cpu_all_reduce_(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(Call.tensor(), ProcessGroup.input() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(
    Call.tensor(),
    ProcessGroup.input(),
    integer() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(
    Call.arg(Call.tensor()),
    Call.arg(ProcessGroup.input()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def cpu_all_reduce_(tensor, group \\ :__default__, timeout \\ :__default__, opts \\ []) do
    Vllm.Call.run(@cpu_all_reduce_in_place, [tensor, group, timeout, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `cpu_all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_all_reduce_!(keyword()) :: Tensor.t()
  @spec cpu_all_reduce_!(Call.tensor(), ProcessGroup.input() | keyword()) ::
          Tensor.t()
  @spec cpu_all_reduce_!(
    Call.tensor(),
    ProcessGroup.input(),
    integer() | nil | keyword()
  ) ::
          Tensor.t()
  @spec cpu_all_reduce_!(
    Call.arg(Call.tensor()),
    Call.arg(ProcessGroup.input()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          Tensor.t()
  def cpu_all_reduce_!(tensor, group \\ :__default__, timeout \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(cpu_all_reduce_(tensor, group, timeout, opts))
  end

  @create_tcp_store %Vllm.Call.Spec{
    function: "create_tcp_store",
    path: "/vllm.distributed.v1.Distributed/CreateTcpStore",
    params: [
      {:host, 1, :string, :required},
      {:port, 2, :int, :required},
      {:listen_socket, 3, :term, :optional},
      {:world_size, 4, {:nullable, :int}, :optional},
      {:is_master, 5, :bool, :optional},
      {:timeout, 6, {:nullable, :duration}, :optional},
      {:wait_for_workers, 7, :bool, :optional},
      {:multi_tenant, 8, :bool, :optional},
      {:use_libuv, 9, :bool, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a torch `TCPStore`: its server with `is_master`, else a connection to it.

  The server listens on `host` alone, at `port`, or any free one for port 0 (see the store's own
  `port`); on `listen_socket`, a TCP socket that listens already and is the store's from then on,
  where one is passed. `timeout` (default: torch's 5 minutes) bounds connecting and each wait for
  a key. With `world_size` and `wait_for_workers` it returns when that many have connected. The
  others are torch's.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `host` (`String.t() | atom()`) - address of the group's rank 0, which serves the store
    * `port` (`integer()`) - port of rank 0
    * `listen_socket` (`term()`, default `nil`) - a listening socket of the rank
    * `world_size` (`integer()`, default `nil`) - number of ranks
    * `is_master` (`boolean()`, default `false`) - whether to serve the store, rather than connect
      to it
    * `timeout` (`integer()`, default `nil`) - milliseconds
    * `wait_for_workers` (`boolean()`, default `true`) - whether to return when all have connected
    * `multi_tenant` (`boolean()`, default `false`) - whether to share a server that this process
      has on the same address
    * `use_libuv` (`boolean()`, default `true`) - whether the server is torch's newer one

  ## Errors

    * `"invalid_argument"` - or a kind of it, for values that make no sense
    * `"rendezvous_failed"` - if the server cannot listen there
    * `"rendezvous_timeout"` - if the server is not reached in time

  ## Example

      {:ok, value} = Vllm.Distributed.create_tcp_store("127.0.0.1", 29500)
  """
  @spec create_tcp_store(keyword()) :: {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(String.t() | atom(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(String.t() | atom(), integer(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(String.t() | atom(), integer(), term(), integer() | nil | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean(),
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean(),
    boolean(),
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec create_tcp_store(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    Call.arg(boolean()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def create_tcp_store(
    host,
    port \\ :__default__,
    listen_socket \\ :__default__,
    world_size \\ :__default__,
    is_master \\ :__default__,
    timeout \\ :__default__,
    wait_for_workers \\ :__default__,
    multi_tenant \\ :__default__,
    use_libuv \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create_tcp_store, [
      host,
      port,
      listen_socket,
      world_size,
      is_master,
      timeout,
      wait_for_workers,
      multi_tenant,
      use_libuv,
      opts
    ])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `create_tcp_store`, but returns the value itself and raises `Vllm.Error`."
  @spec create_tcp_store!(keyword()) :: term()
  @spec create_tcp_store!(String.t() | atom(), integer() | keyword()) :: term()
  @spec create_tcp_store!(String.t() | atom(), integer(), term() | keyword()) :: term()
  @spec create_tcp_store!(String.t() | atom(), integer(), term(), integer() | nil | keyword()) ::
          term()
  @spec create_tcp_store!(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec create_tcp_store!(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          term()
  @spec create_tcp_store!(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec create_tcp_store!(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean(),
    boolean() | keyword()
  ) ::
          term()
  @spec create_tcp_store!(
    String.t() | atom(),
    integer(),
    term(),
    integer() | nil,
    boolean(),
    integer() | nil,
    boolean(),
    boolean(),
    boolean() | keyword()
  ) ::
          term()
  @spec create_tcp_store!(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    Call.arg(boolean()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          term()
  def create_tcp_store!(
    host,
    port \\ :__default__,
    listen_socket \\ :__default__,
    world_size \\ :__default__,
    is_master \\ :__default__,
    timeout \\ :__default__,
    wait_for_workers \\ :__default__,
    multi_tenant \\ :__default__,
    use_libuv \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create_tcp_store(
      host,
      port,
      listen_socket,
      world_size,
      is_master,
      timeout,
      wait_for_workers,
      multi_tenant,
      use_libuv,
      opts
    ))
  end

  @destroy_distributed_environment %Vllm.Call.Spec{
    function: "destroy_distributed_environment",
    path: "/vllm.distributed.v1.Distributed/DestroyDistributedEnvironment",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Leave the world: destroy every group and stop serving. Idempotent, local to the process.

  Destroys the model parallel groups too, which cannot outlive the world. torch.distributed is
  left initialised if somebody else had initialised it.

  Not collective: it concerns only the rank of its session.

  ## Example

      {:ok, nil} = Vllm.Distributed.destroy_distributed_environment()
  """
  @spec destroy_distributed_environment() :: {:ok, nil} | {:error, Error.t()}
  @spec destroy_distributed_environment(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def destroy_distributed_environment(opts \\ []) do
    Vllm.Call.run(@destroy_distributed_environment, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `destroy_distributed_environment`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy_distributed_environment!() :: nil
  @spec destroy_distributed_environment!(keyword()) :: nil
  def destroy_distributed_environment!(opts \\ []) do
    Vllm.Error.unwrap!(destroy_distributed_environment(opts))
  end

  @destroy_model_parallel %Vllm.Call.Spec{
    function: "destroy_model_parallel",
    path: "/vllm.distributed.v1.Distributed/DestroyModelParallel",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Destroy the model parallel groups; the world stays. Idempotent, local to the process.

  The next `initialize_model_parallel` gives the groups the names they had (`tp:0`).

  Not collective: it concerns only the rank of its session.

  ## Example

      {:ok, nil} = Vllm.Distributed.destroy_model_parallel()
  """
  @spec destroy_model_parallel() :: {:ok, nil} | {:error, Error.t()}
  @spec destroy_model_parallel(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def destroy_model_parallel(opts \\ []) do
    Vllm.Call.run(@destroy_model_parallel, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `destroy_model_parallel`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy_model_parallel!() :: nil
  @spec destroy_model_parallel!(keyword()) :: nil
  def destroy_model_parallel!(opts \\ []) do
    Vllm.Error.unwrap!(destroy_model_parallel(opts))
  end

  @direct_register_custom_op %Vllm.Call.Spec{
    function: "direct_register_custom_op",
    path: "/vllm.distributed.v1.Distributed/DirectRegisterCustomOp",
    params: [
      {:op_name, 1, :string, :required},
      {:op_func, 2, :object, :required},
      {:mutates_args, 3, {:nullable, {:list, :string}}, :optional},
      {:fake_impl, 4, {:nullable, :object}, :optional},
      {:target_lib, 5, {:nullable, :object}, :optional},
      {:dispatch_key, 6, {:nullable, :string}, :optional},
      {:tags, 7, :term, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Register `op_func` as the operator `torch.ops.<library>.<op_name>`.

  Its annotations are its schema; `mutates_args` names the arguments it changes. `fake_impl`
  computes shapes and dtypes alone, and is needed for `torch.compile`. `target_lib` is by default
  this package's own (`torch.ops.vllm_distributed`); `dispatch_key` the devices it is for, by
  default all. `tags` are torch's operator tags. Costs less to call than
  `torch.library.custom_op`. An operator lives as long as its library, by default the process.
  Local to the process. Refused behind the bridge, where no function is an argument.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `op_name` (`String.t() | atom()`) - name of the operator
    * `op_func` (`Vllm.Call.object()`) - the function of the operator
    * `mutates_args` (`[String.t() | atom()]`, default `nil`) - names of the arguments that the
      operator changes
    * `fake_impl` (`Vllm.Call.object()`, default `nil`) - function for shapes and dtypes alone
    * `target_lib` (`Vllm.Call.object()`, default `nil`) - a `torch.library.Library` of the rank
    * `dispatch_key` (`String.t() | atom()`, default `nil`) - devices that the operator is for,
      e.g. `CPU`
    * `tags` (`term()`) - torch's operator tags

  ## Errors

    * `"invalid_argument"` - if the name is taken, or the annotations make no schema

  ## Example

      {:ok, function} = Vllm.Distributed.resolve_obj_by_qualname("my_package.ops.double")
      {:ok, nil} = Vllm.Distributed.direct_register_custom_op("double", function)
  """
  @spec direct_register_custom_op(keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(String.t() | atom(), Call.object() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil,
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil,
    String.t() | atom() | nil,
    term() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec direct_register_custom_op(
    Call.arg(String.t() | atom()),
    Call.arg(Call.object()),
    Call.arg([String.t() | atom()] | nil),
    Call.arg(Call.object() | nil),
    Call.arg(Call.object() | nil),
    Call.arg(String.t() | atom() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def direct_register_custom_op(
    op_name,
    op_func \\ :__default__,
    mutates_args \\ :__default__,
    fake_impl \\ :__default__,
    target_lib \\ :__default__,
    dispatch_key \\ :__default__,
    tags \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@direct_register_custom_op, [
      op_name,
      op_func,
      mutates_args,
      fake_impl,
      target_lib,
      dispatch_key,
      tags,
      opts
    ])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `direct_register_custom_op`, but returns the value itself and raises `Vllm.Error`."
  @spec direct_register_custom_op!(keyword()) :: nil
  @spec direct_register_custom_op!(String.t() | atom(), Call.object() | keyword()) :: nil
  @spec direct_register_custom_op!(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil | keyword()
  ) ::
          nil
  @spec direct_register_custom_op!(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil | keyword()
  ) ::
          nil
  @spec direct_register_custom_op!(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil | keyword()
  ) ::
          nil
  @spec direct_register_custom_op!(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil,
    String.t() | atom() | nil | keyword()
  ) ::
          nil
  @spec direct_register_custom_op!(
    String.t() | atom(),
    Call.object(),
    [String.t() | atom()] | nil,
    Call.object() | nil,
    Call.object() | nil,
    String.t() | atom() | nil,
    term() | keyword()
  ) ::
          nil
  @spec direct_register_custom_op!(
    Call.arg(String.t() | atom()),
    Call.arg(Call.object()),
    Call.arg([String.t() | atom()] | nil),
    Call.arg(Call.object() | nil),
    Call.arg(Call.object() | nil),
    Call.arg(String.t() | atom() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          nil
  def direct_register_custom_op!(
    op_name,
    op_func \\ :__default__,
    mutates_args \\ :__default__,
    fake_impl \\ :__default__,
    target_lib \\ :__default__,
    dispatch_key \\ :__default__,
    tags \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(direct_register_custom_op(
      op_name,
      op_func,
      mutates_args,
      fake_impl,
      target_lib,
      dispatch_key,
      tags,
      opts
    ))
  end

  @divide %Vllm.Call.Spec{
    function: "divide",
    path: "/vllm.distributed.v1.Distributed/Divide",
    params: [
      {:numerator, 1, :int, :required},
      {:denominator, 2, :int, :required}
    ],
    result: :int,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return `numerator / denominator`, having checked that it is a whole number.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `numerator` (`integer()`) - what is divided
    * `denominator` (`integer()`) - the divisor

  ## Errors

    * `"invalid_argument"` - if it is not

  ## Example

      iex> Vllm.Distributed.divide(12, 4)
      {:ok, 3}
  """
  @spec divide(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  @spec divide(integer(), integer() | keyword()) :: {:ok, integer()} | {:error, Error.t()}
  @spec divide(Call.arg(integer()), Call.arg(integer()), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def divide(numerator, denominator \\ :__default__, opts \\ []) do
    Vllm.Call.run(@divide, [numerator, denominator, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `divide`, but returns the value itself and raises `Vllm.Error`."
  @spec divide!(keyword()) :: integer()
  @spec divide!(integer(), integer() | keyword()) :: integer()
  @spec divide!(Call.arg(integer()), Call.arg(integer()), keyword()) :: integer()
  def divide!(numerator, denominator \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(divide(numerator, denominator, opts))
  end

  @ensure_divisibility %Vllm.Call.Spec{
    function: "ensure_divisibility",
    path: "/vllm.distributed.v1.Distributed/EnsureDivisibility",
    params: [
      {:numerator, 1, :int, :required},
      {:denominator, 2, :int, :required}
    ],
    result: :none,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Check that `denominator` divides `numerator`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `numerator` (`integer()`) - what is divided
    * `denominator` (`integer()`) - the divisor

  ## Errors

    * `"invalid_argument"` - naming both if it does not, or if it is zero
    * `"invalid_type"` - for what is no integer

  ## Example

      iex> Vllm.Distributed.ensure_divisibility(12, 4)
      {:ok, nil}
  """
  @spec ensure_divisibility(keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec ensure_divisibility(integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_divisibility(Call.arg(integer()), Call.arg(integer()), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def ensure_divisibility(numerator, denominator \\ :__default__, opts \\ []) do
    Vllm.Call.run(@ensure_divisibility, [numerator, denominator, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `ensure_divisibility`, but returns the value itself and raises `Vllm.Error`."
  @spec ensure_divisibility!(keyword()) :: nil
  @spec ensure_divisibility!(integer(), integer() | keyword()) :: nil
  @spec ensure_divisibility!(Call.arg(integer()), Call.arg(integer()), keyword()) :: nil
  def ensure_divisibility!(numerator, denominator \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(ensure_divisibility(numerator, denominator, opts))
  end

  @ensure_model_parallel_initialized %Vllm.Call.Spec{
    function: "ensure_model_parallel_initialized",
    path: "/vllm.distributed.v1.Distributed/EnsureModelParallelInitialized",
    params: [
      {:tensor_model_parallel_size, 1, :int, :required},
      {:pipeline_model_parallel_size, 2, :int, :required},
      {:prefill_context_model_parallel_size, 3, :int, :optional},
      {:decode_context_model_parallel_size, 4, :int, :optional},
      {:backend, 5, {:nullable, :string}, :optional},
      {:data_parallel_size, 6, {:nullable, :int}, :optional},
      {:is_moe_model, 7, {:nullable, :bool}, :optional},
      {:enable_eplb, 8, {:nullable, :bool}, :optional},
      {:engram_tensor_parallel_size, 9, {:nullable, :int}, :optional},
      {:engram_data_parallel_size, 10, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Make the model parallel groups, or check that those that exist have these sizes.

  All five sizes are compared, those of an engram not, and data parallel only if it is given, here
  or by the current `Vllm.Config.ParallelConfig`. Collective over the world where the groups do
  not exist yet.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor_model_parallel_size` (`integer()`) - shards that each layer is split into
    * `pipeline_model_parallel_size` (`integer()`) - stages that the layers are split into
    * `prefill_context_model_parallel_size` (`integer()`, default `1`) - ranks that share the
      tokens of one prefill
    * `decode_context_model_parallel_size` (`integer()`, default `1`) - parts that each tensor
      parallel group is split into
    * `backend` (`String.t() | atom()`, default `nil`) - torch's backend, such as `gloo` or `nccl`
    * `data_parallel_size` (`integer()`, default `nil`) - number of replicas
    * `is_moe_model` (`boolean()`, default `nil`) - whether the model is a mixture of experts;
      `false`: no expert group
    * `enable_eplb` (`boolean()`, default `nil`) - whether there is a group for balancing experts
    * `engram_tensor_parallel_size` (`integer()`, default `nil`) - ranks over which one embedding
      table is sharded
    * `engram_data_parallel_size` (`integer()`, default `nil`) - replicas that share one embedding
      table

  ## Errors

    * As `initialize_model_parallel`
    * `"environment_conflict"` - naming both if the sizes differ

  ## Example

      {:ok, nil} = Vllm.Distributed.ensure_model_parallel_initialized(2, 1)
  """
  @spec ensure_model_parallel_initialized(keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec ensure_model_parallel_initialized(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(integer() | nil),
    Call.arg(boolean() | nil),
    Call.arg(boolean() | nil),
    Call.arg(integer() | nil),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def ensure_model_parallel_initialized(
    tensor_model_parallel_size,
    pipeline_model_parallel_size \\ :__default__,
    prefill_context_model_parallel_size \\ :__default__,
    decode_context_model_parallel_size \\ :__default__,
    backend \\ :__default__,
    data_parallel_size \\ :__default__,
    is_moe_model \\ :__default__,
    enable_eplb \\ :__default__,
    engram_tensor_parallel_size \\ :__default__,
    engram_data_parallel_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@ensure_model_parallel_initialized, [
      tensor_model_parallel_size,
      pipeline_model_parallel_size,
      prefill_context_model_parallel_size,
      decode_context_model_parallel_size,
      backend,
      data_parallel_size,
      is_moe_model,
      enable_eplb,
      engram_tensor_parallel_size,
      engram_data_parallel_size,
      opts
    ])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `ensure_model_parallel_initialized`, but returns the value itself and raises `Vllm.Error`."
  @spec ensure_model_parallel_initialized!(keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec ensure_model_parallel_initialized!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(integer() | nil),
    Call.arg(boolean() | nil),
    Call.arg(boolean() | nil),
    Call.arg(integer() | nil),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  def ensure_model_parallel_initialized!(
    tensor_model_parallel_size,
    pipeline_model_parallel_size \\ :__default__,
    prefill_context_model_parallel_size \\ :__default__,
    decode_context_model_parallel_size \\ :__default__,
    backend \\ :__default__,
    data_parallel_size \\ :__default__,
    is_moe_model \\ :__default__,
    enable_eplb \\ :__default__,
    engram_tensor_parallel_size \\ :__default__,
    engram_data_parallel_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(ensure_model_parallel_initialized(
      tensor_model_parallel_size,
      pipeline_model_parallel_size,
      prefill_context_model_parallel_size,
      decode_context_model_parallel_size,
      backend,
      data_parallel_size,
      is_moe_model,
      enable_eplb,
      engram_tensor_parallel_size,
      engram_data_parallel_size,
      opts
    ))
  end

  @expert_balancedness %Vllm.Call.Spec{
    function: "expert_balancedness",
    path: "/vllm.distributed.v1.Distributed/ExpertBalancedness",
    params: [
      {:load, 1, :tensor, :required},
      {:num_gpus, 2, :int, :required}
    ],
    result: :float,
    inline: false
  }

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the mean load of a GPU over the largest, in 0..1; 1.0 is perfect balance.

  `load` is [layers, physical experts], for instance tokens routed to each in a step; GPU g holds
  the g-th equal part of the slots. The means and the maxima are summed over the layers before
  they are divided, so that a layer counts by its load. Without any load the result is 1.0. Pure,
  local.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `load` (`Vllm.Call.tensor()`) - tensor of [layers, physical experts]
    * `num_gpus` (`integer()`) - number of devices

  ## Errors

    * `"invalid_argument"` - for a load that is negative, not finite or not of this shape, and for
      slots that do not divide among the GPUs

  ## Example

      iex> Vllm.Distributed.expert_balancedness(Vllm.Tensor.new([[3, 1, 0, 0]], :s64), 2)
      {:ok, 0.5}
  """
  @spec expert_balancedness(keyword()) :: {:ok, number()} | {:error, Error.t()}
  @spec expert_balancedness(Call.tensor(), integer() | keyword()) ::
          {:ok, number()} | {:error, Error.t()}
  @spec expert_balancedness(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, number()} | {:error, Error.t()}
  def expert_balancedness(load, num_gpus \\ :__default__, opts \\ []) do
    Vllm.Call.run(@expert_balancedness, [load, num_gpus, opts])
  end

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc "Like `expert_balancedness`, but returns the value itself and raises `Vllm.Error`."
  @spec expert_balancedness!(keyword()) :: number()
  @spec expert_balancedness!(Call.tensor(), integer() | keyword()) :: number()
  @spec expert_balancedness!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          number()
  def expert_balancedness!(load, num_gpus \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(expert_balancedness(load, num_gpus, opts))
  end

  @get_cached_tcp_store_client %Vllm.Call.Spec{
    function: "get_cached_tcp_store_client",
    path: "/vllm.distributed.v1.Distributed/GetCachedTcpStoreClient",
    params: [
      {:host, 1, :string, :required},
      {:port, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a connection to the `TCPStore` at `host` and `port`, the same one for every call.

  A call for another place lets go of the connection before. Local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `host` (`String.t() | atom()`) - address of the group's rank 0, which serves the store
    * `port` (`integer()`) - port of rank 0

  ## Errors

    * `"invalid_argument"`, `"invalid_type"` - for what is no place
    * `"rendezvous_timeout"` - if the store does not answer

  ## Example

      {:ok, value} = Vllm.Distributed.get_cached_tcp_store_client("127.0.0.1", 29500)
  """
  @spec get_cached_tcp_store_client(keyword()) :: {:ok, term()} | {:error, Error.t()}
  @spec get_cached_tcp_store_client(String.t() | atom(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec get_cached_tcp_store_client(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def get_cached_tcp_store_client(host, port \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_cached_tcp_store_client, [host, port, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_cached_tcp_store_client`, but returns the value itself and raises `Vllm.Error`."
  @spec get_cached_tcp_store_client!(keyword()) :: term()
  @spec get_cached_tcp_store_client!(String.t() | atom(), integer() | keyword()) :: term()
  @spec get_cached_tcp_store_client!(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  def get_cached_tcp_store_client!(host, port \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_cached_tcp_store_client(host, port, opts))
  end

  @get_context_model_parallel_group %Vllm.Call.Spec{
    function: "get_context_model_parallel_group",
    path: "/vllm.distributed.v1.Distributed/GetContextModelParallelGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's decode context parallel group, by its older name.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_context_model_parallel_group()
  """
  @spec get_context_model_parallel_group() ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_context_model_parallel_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_context_model_parallel_group(opts \\ []) do
    Vllm.Call.run(@get_context_model_parallel_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_context_model_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_context_model_parallel_group!() :: GroupCoordinator.t()
  @spec get_context_model_parallel_group!(keyword()) :: GroupCoordinator.t()
  def get_context_model_parallel_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_context_model_parallel_group(opts))
  end

  @get_cpu_distributed_timeout_or_none %Vllm.Call.Spec{
    function: "get_cpu_distributed_timeout_or_none",
    path: "/vllm.distributed.v1.Distributed/GetCpuDistributedTimeoutOrNone",
    params: [],
    result: {:nullable, :duration},
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the current configuration's `cpu_distributed_timeout_seconds` as a duration.

  `nil` without one, or without a configuration.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, value} = Vllm.Distributed.get_cpu_distributed_timeout_or_none()
  """
  @spec get_cpu_distributed_timeout_or_none() :: {:ok, integer() | nil} | {:error, Error.t()}
  @spec get_cpu_distributed_timeout_or_none(keyword()) ::
          {:ok, integer() | nil} | {:error, Error.t()}
  def get_cpu_distributed_timeout_or_none(opts \\ []) do
    Vllm.Call.run(@get_cpu_distributed_timeout_or_none, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_cpu_distributed_timeout_or_none`, but returns the value itself and raises `Vllm.Error`."
  @spec get_cpu_distributed_timeout_or_none!() :: integer() | nil
  @spec get_cpu_distributed_timeout_or_none!(keyword()) :: integer() | nil
  def get_cpu_distributed_timeout_or_none!(opts \\ []) do
    Vllm.Error.unwrap!(get_cpu_distributed_timeout_or_none(opts))
  end

  @get_current_parallel_config_or_none %Vllm.Call.Spec{
    function: "get_current_parallel_config_or_none",
    path: "/vllm.distributed.v1.Distributed/GetCurrentParallelConfigOrNone",
    params: [],
    result: {:nullable, {:object, Vllm.Config.ParallelConfig}},
    inline: false
  }

  @doc group: "Configuration"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the configuration that `set_current_parallel_config` made current, if any.

  Not collective: it concerns only the rank of its session.

  ## Example

      {:ok, value} = Vllm.Distributed.get_current_parallel_config_or_none()
  """
  @spec get_current_parallel_config_or_none() ::
          {:ok, ParallelConfig.t() | nil} | {:error, Error.t()}
  @spec get_current_parallel_config_or_none(keyword()) ::
          {:ok, ParallelConfig.t() | nil} | {:error, Error.t()}
  def get_current_parallel_config_or_none(opts \\ []) do
    Vllm.Call.run(@get_current_parallel_config_or_none, [opts])
  end

  @doc group: "Configuration"
  @doc since: "0.1.0"
  @doc "Like `get_current_parallel_config_or_none`, but returns the value itself and raises `Vllm.Error`."
  @spec get_current_parallel_config_or_none!() :: ParallelConfig.t() | nil
  @spec get_current_parallel_config_or_none!(keyword()) :: ParallelConfig.t() | nil
  def get_current_parallel_config_or_none!(opts \\ []) do
    Vllm.Error.unwrap!(get_current_parallel_config_or_none(opts))
  end

  @get_dcp_group %Vllm.Call.Spec{
    function: "get_dcp_group",
    path: "/vllm.distributed.v1.Distributed/GetDcpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's decode context parallel group, a part of its tensor parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_dcp_group()
  """
  @spec get_dcp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_dcp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_dcp_group(opts \\ []) do
    Vllm.Call.run(@get_dcp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_dcp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dcp_group!() :: GroupCoordinator.t()
  @spec get_dcp_group!(keyword()) :: GroupCoordinator.t()
  def get_dcp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_dcp_group(opts))
  end

  @get_dcp_world_size_and_rank %Vllm.Call.Spec{
    function: "get_dcp_world_size_and_rank",
    path: "/vllm.distributed.v1.Distributed/GetDcpWorldSizeAndRank",
    params: [
      {:enabled, 1, :bool, :optional}
    ],
    result: {:tuple, [:int, :int]},
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return (size, rank inside) of the decode context parallel group; (1, 0) if not `enabled`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `enabled` (`boolean()`, default `true`) - whether decode context parallelism is in use

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`, if `enabled`

  ## Example

      iex> Vllm.Distributed.get_dcp_world_size_and_rank(enabled: false)
      {:ok, {1, 0}}
  """
  @spec get_dcp_world_size_and_rank() :: {:ok, {integer(), integer()}} | {:error, Error.t()}
  @spec get_dcp_world_size_and_rank(boolean() | keyword()) ::
          {:ok, {integer(), integer()}} | {:error, Error.t()}
  @spec get_dcp_world_size_and_rank(Call.arg(boolean()), keyword()) ::
          {:ok, {integer(), integer()}} | {:error, Error.t()}
  def get_dcp_world_size_and_rank(enabled \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_dcp_world_size_and_rank, [enabled, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_dcp_world_size_and_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dcp_world_size_and_rank!() :: {integer(), integer()}
  @spec get_dcp_world_size_and_rank!(boolean() | keyword()) :: {integer(), integer()}
  @spec get_dcp_world_size_and_rank!(Call.arg(boolean()), keyword()) ::
          {integer(), integer()}
  def get_dcp_world_size_and_rank!(enabled \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_dcp_world_size_and_rank(enabled, opts))
  end

  @get_decode_context_model_parallel_rank %Vllm.Call.Spec{
    function: "get_decode_context_model_parallel_rank",
    path: "/vllm.distributed.v1.Distributed/GetDecodeContextModelParallelRank",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's number inside the decode context parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, number} = Vllm.Distributed.get_decode_context_model_parallel_rank()
  """
  @spec get_decode_context_model_parallel_rank() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_decode_context_model_parallel_rank(keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def get_decode_context_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_decode_context_model_parallel_rank, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_decode_context_model_parallel_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec get_decode_context_model_parallel_rank!() :: integer()
  @spec get_decode_context_model_parallel_rank!(keyword()) :: integer()
  def get_decode_context_model_parallel_rank!(opts \\ []) do
    Vllm.Error.unwrap!(get_decode_context_model_parallel_rank(opts))
  end

  @get_decode_context_model_parallel_world_size %Vllm.Call.Spec{
    function: "get_decode_context_model_parallel_world_size",
    path: "/vllm.distributed.v1.Distributed/GetDecodeContextModelParallelWorldSize",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the number of ranks in the decode context parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, number} = Vllm.Distributed.get_decode_context_model_parallel_world_size()
  """
  @spec get_decode_context_model_parallel_world_size() ::
          {:ok, integer()} | {:error, Error.t()}
  @spec get_decode_context_model_parallel_world_size(keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def get_decode_context_model_parallel_world_size(opts \\ []) do
    Vllm.Call.run(@get_decode_context_model_parallel_world_size, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_decode_context_model_parallel_world_size`, but returns the value itself and raises `Vllm.Error`."
  @spec get_decode_context_model_parallel_world_size!() :: integer()
  @spec get_decode_context_model_parallel_world_size!(keyword()) :: integer()
  def get_decode_context_model_parallel_world_size!(opts \\ []) do
    Vllm.Error.unwrap!(get_decode_context_model_parallel_world_size(opts))
  end

  @get_distributed_init_method %Vllm.Call.Spec{
    function: "get_distributed_init_method",
    path: "/vllm.distributed.v1.Distributed/GetDistributedInitMethod",
    params: [
      {:ip, 1, :string, :required},
      {:port, 2, :int, :required}
    ],
    result: :string,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the `distributed_init_method` for a world whose rank 0 listens on `ip:port`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `ip` (`String.t() | atom()`) - address of rank 0
    * `port` (`integer()`) - port of rank 0

  ## Example

      iex> Vllm.Distributed.get_distributed_init_method("127.0.0.1", 29500)
      {:ok, "tcp://127.0.0.1:29500"}
  """
  @spec get_distributed_init_method(keyword()) :: {:ok, String.t()} | {:error, Error.t()}
  @spec get_distributed_init_method(String.t() | atom(), integer() | keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec get_distributed_init_method(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, String.t()} | {:error, Error.t()}
  def get_distributed_init_method(ip, port \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_distributed_init_method, [ip, port, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_distributed_init_method`, but returns the value itself and raises `Vllm.Error`."
  @spec get_distributed_init_method!(keyword()) :: String.t()
  @spec get_distributed_init_method!(String.t() | atom(), integer() | keyword()) :: String.t()
  @spec get_distributed_init_method!(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    keyword()
  ) ::
          String.t()
  def get_distributed_init_method!(ip, port \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_distributed_init_method(ip, port, opts))
  end

  @get_distributed_timeout_or_none %Vllm.Call.Spec{
    function: "get_distributed_timeout_or_none",
    path: "/vllm.distributed.v1.Distributed/GetDistributedTimeoutOrNone",
    params: [],
    result: {:nullable, :duration},
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the current configuration's `distributed_timeout_seconds` as a duration.

  `nil` without one, or without a configuration.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, value} = Vllm.Distributed.get_distributed_timeout_or_none()
  """
  @spec get_distributed_timeout_or_none() :: {:ok, integer() | nil} | {:error, Error.t()}
  @spec get_distributed_timeout_or_none(keyword()) ::
          {:ok, integer() | nil} | {:error, Error.t()}
  def get_distributed_timeout_or_none(opts \\ []) do
    Vllm.Call.run(@get_distributed_timeout_or_none, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_distributed_timeout_or_none`, but returns the value itself and raises `Vllm.Error`."
  @spec get_distributed_timeout_or_none!() :: integer() | nil
  @spec get_distributed_timeout_or_none!(keyword()) :: integer() | nil
  def get_distributed_timeout_or_none!(opts \\ []) do
    Vllm.Error.unwrap!(get_distributed_timeout_or_none(opts))
  end

  @get_dp_group %Vllm.Call.Spec{
    function: "get_dp_group",
    path: "/vllm.distributed.v1.Distributed/GetDpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's data parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_dp_group()
  """
  @spec get_dp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_dp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_dp_group(opts \\ []) do
    Vllm.Call.run(@get_dp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_dp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dp_group!() :: GroupCoordinator.t()
  @spec get_dp_group!(keyword()) :: GroupCoordinator.t()
  def get_dp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_dp_group(opts))
  end

  @get_engram_dp_group %Vllm.Call.Spec{
    function: "get_engram_dp_group",
    path: "/vllm.distributed.v1.Distributed/GetEngramDpGroup",
    params: [],
    result: {:nullable, :group},
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the group of the data parallel replicas that share one embedding table.

  `nil` where each has its own: before `initialize_model_parallel`, and unless that was given an
  `engram_data_parallel_size`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, value} = Vllm.Distributed.get_engram_dp_group()
  """
  @spec get_engram_dp_group() ::
          {:ok, GroupCoordinator.t() | nil} | {:error, Error.t()}
  @spec get_engram_dp_group(keyword()) ::
          {:ok, GroupCoordinator.t() | nil} | {:error, Error.t()}
  def get_engram_dp_group(opts \\ []) do
    Vllm.Call.run(@get_engram_dp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_engram_dp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_engram_dp_group!() :: GroupCoordinator.t() | nil
  @spec get_engram_dp_group!(keyword()) :: GroupCoordinator.t() | nil
  def get_engram_dp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_engram_dp_group(opts))
  end

  @get_engram_dp_size %Vllm.Call.Spec{
    function: "get_engram_dp_size",
    path: "/vllm.distributed.v1.Distributed/GetEngramDpSize",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return how many data parallel replicas share one embedding table, 1 if each has its own.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, number} = Vllm.Distributed.get_engram_dp_size()
  """
  @spec get_engram_dp_size() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_engram_dp_size(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  def get_engram_dp_size(opts \\ []) do
    Vllm.Call.run(@get_engram_dp_size, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_engram_dp_size`, but returns the value itself and raises `Vllm.Error`."
  @spec get_engram_dp_size!() :: integer()
  @spec get_engram_dp_size!(keyword()) :: integer()
  def get_engram_dp_size!(opts \\ []) do
    Vllm.Error.unwrap!(get_engram_dp_size(opts))
  end

  @get_ep_group %Vllm.Call.Spec{
    function: "get_ep_group",
    path: "/vllm.distributed.v1.Distributed/GetEpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's expert parallel group: data x prefill context x tensor of its stage.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`, and where the model is known
      to be dense: dense models have no expert parallel group

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_ep_group()
  """
  @spec get_ep_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_ep_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_ep_group(opts \\ []) do
    Vllm.Call.run(@get_ep_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_ep_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_ep_group!() :: GroupCoordinator.t()
  @spec get_ep_group!(keyword()) :: GroupCoordinator.t()
  def get_ep_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_ep_group(opts))
  end

  @get_eplb_group %Vllm.Call.Spec{
    function: "get_eplb_group",
    path: "/vllm.distributed.v1.Distributed/GetEplbGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's group for balancing the load of experts.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - where load balancing is off

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_eplb_group()
  """
  @spec get_eplb_group() ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_eplb_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_eplb_group(opts \\ []) do
    Vllm.Call.run(@get_eplb_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_eplb_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_eplb_group!() :: GroupCoordinator.t()
  @spec get_eplb_group!(keyword()) :: GroupCoordinator.t()
  def get_eplb_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_eplb_group(opts))
  end

  @get_etp_group %Vllm.Call.Spec{
    function: "get_etp_group",
    path: "/vllm.distributed.v1.Distributed/GetEtpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the group over which one embedding table of a model with an engram is sharded.

  The tensor parallel group, unless `initialize_model_parallel` was given another
  `engram_tensor_parallel_size`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_etp_group()
  """
  @spec get_etp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_etp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_etp_group(opts \\ []) do
    Vllm.Call.run(@get_etp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_etp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_etp_group!() :: GroupCoordinator.t()
  @spec get_etp_group!(keyword()) :: GroupCoordinator.t()
  def get_etp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_etp_group(opts))
  end

  @get_expert_map %Vllm.Call.Spec{
    function: "get_expert_map",
    path: "/vllm.distributed.v1.Distributed/GetExpertMap",
    params: [
      {:num_experts, 1, :int, :required},
      {:ep_rank, 2, :int, :required},
      {:ep_size, 3, :int, :required},
      {:strategy, 4, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc ~S"""
  Return, for each expert, its number among those of rank `ep_rank`, or -1 if it is elsewhere.

  An int32 tensor of `num_experts` elements on the CPU. Arguments, strategies and errors as of
  `get_expert_placement`. Pure, local.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `num_experts` (`integer()`) - number of experts
    * `ep_rank` (`integer()`) - rank inside the expert parallel group
    * `ep_size` (`integer()`) - ranks of the expert parallel group
    * `strategy` (`String.t() | atom()`, default `"linear"`) - `linear` or `round_robin`

  ## Example

      iex> Vllm.Distributed.get_expert_map!(5, 1, 2, strategy: :round_robin) |> Vllm.Tensor.to_list()
      [-1, 0, -1, 1, -1]
  """
  @spec get_expert_map(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec get_expert_map(integer(), keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec get_expert_map(integer(), integer(), integer() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec get_expert_map(integer(), integer(), integer(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec get_expert_map(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def get_expert_map(
    num_experts,
    ep_rank \\ :__default__,
    ep_size \\ :__default__,
    strategy \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@get_expert_map, [num_experts, ep_rank, ep_size, strategy, opts])
  end

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc "Like `get_expert_map`, but returns the value itself and raises `Vllm.Error`."
  @spec get_expert_map!(keyword()) :: Tensor.t()
  @spec get_expert_map!(integer(), keyword()) :: Tensor.t()
  @spec get_expert_map!(integer(), integer(), integer() | keyword()) :: Tensor.t()
  @spec get_expert_map!(integer(), integer(), integer(), String.t() | atom() | keyword()) ::
          Tensor.t()
  @spec get_expert_map!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def get_expert_map!(
    num_experts,
    ep_rank \\ :__default__,
    ep_size \\ :__default__,
    strategy \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(get_expert_map(num_experts, ep_rank, ep_size, strategy, opts))
  end

  @get_expert_placement %Vllm.Call.Spec{
    function: "get_expert_placement",
    path: "/vllm.distributed.v1.Distributed/GetExpertPlacement",
    params: [
      {:num_experts, 1, :int, :required},
      {:ep_rank, 2, :int, :required},
      {:ep_size, 3, :int, :required},
      {:strategy, 4, :string, :optional}
    ],
    result: {:list, :int},
    inline: true
  }

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the experts that rank `ep_rank` of `ep_size` holds, ascending.

  `linear`: consecutive experts, one more on each of the first ranks where they do not divide.
  `round_robin`: every `ep_size`-th expert. Pure, local.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `num_experts` (`integer()`) - number of experts
    * `ep_rank` (`integer()`) - rank inside the expert parallel group
    * `ep_size` (`integer()`) - ranks of the expert parallel group
    * `strategy` (`String.t() | atom()`, default `"linear"`) - `linear` or `round_robin`

  ## Errors

    * `"invalid_argument"` - for counts below 1, more ranks than experts or a strategy of another
      name
    * `"invalid_rank"` - for a rank out of range

  ## Example

      iex> Vllm.Distributed.get_expert_placement(5, 1, 2)
      {:ok, [3, 4]}
      iex> Vllm.Distributed.get_expert_placement(5, 1, 2, "round_robin")
      {:ok, [1, 3]}
  """
  @spec get_expert_placement(keyword()) :: {:ok, [integer()]} | {:error, Error.t()}
  @spec get_expert_placement(integer(), keyword()) ::
          {:ok, [integer()]} | {:error, Error.t()}
  @spec get_expert_placement(integer(), integer(), integer() | keyword()) ::
          {:ok, [integer()]} | {:error, Error.t()}
  @spec get_expert_placement(integer(), integer(), integer(), String.t() | atom() | keyword()) ::
          {:ok, [integer()]} | {:error, Error.t()}
  @spec get_expert_placement(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, [integer()]} | {:error, Error.t()}
  def get_expert_placement(
    num_experts,
    ep_rank \\ :__default__,
    ep_size \\ :__default__,
    strategy \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@get_expert_placement, [num_experts, ep_rank, ep_size, strategy, opts])
  end

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc "Like `get_expert_placement`, but returns the value itself and raises `Vllm.Error`."
  @spec get_expert_placement!(keyword()) :: [integer()]
  @spec get_expert_placement!(integer(), keyword()) :: [integer()]
  @spec get_expert_placement!(integer(), integer(), integer() | keyword()) :: [integer()]
  @spec get_expert_placement!(integer(), integer(), integer(), String.t() | atom() | keyword()) ::
          [integer()]
  @spec get_expert_placement!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          [integer()]
  def get_expert_placement!(
    num_experts,
    ep_rank \\ :__default__,
    ep_size \\ :__default__,
    strategy \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(get_expert_placement(num_experts, ep_rank, ep_size, strategy, opts))
  end

  @get_inner_dp_world_group %Vllm.Call.Spec{
    function: "get_inner_dp_world_group",
    path: "/vllm.distributed.v1.Distributed/GetInnerDpWorldGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the group of all ranks of this data parallel replica, where it spans several nodes.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - where a replica is on one node: it is made by
      `init_distributed_environment` under a configuration with more nodes than one within a
      replica

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_inner_dp_world_group()
  """
  @spec get_inner_dp_world_group() ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_inner_dp_world_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_inner_dp_world_group(opts \\ []) do
    Vllm.Call.run(@get_inner_dp_world_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_inner_dp_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_inner_dp_world_group!() :: GroupCoordinator.t()
  @spec get_inner_dp_world_group!(keyword()) :: GroupCoordinator.t()
  def get_inner_dp_world_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_inner_dp_world_group(opts))
  end

  @get_node_count %Vllm.Call.Spec{
    function: "get_node_count",
    path: "/vllm.distributed.v1.Distributed/GetNodeCount",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return on how many nodes the world's ranks are: places that share memory.

  Found out when the world was joined, so not collective.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"environment_not_initialized"` - before `init_distributed_environment`

  ## Example

      {:ok, number} = Vllm.Distributed.get_node_count()
  """
  @spec get_node_count() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_node_count(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  def get_node_count(opts \\ []) do
    Vllm.Call.run(@get_node_count, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_node_count`, but returns the value itself and raises `Vllm.Error`."
  @spec get_node_count!() :: integer()
  @spec get_node_count!(keyword()) :: integer()
  def get_node_count!(opts \\ []) do
    Vllm.Error.unwrap!(get_node_count(opts))
  end

  @get_pcp_group %Vllm.Call.Spec{
    function: "get_pcp_group",
    path: "/vllm.distributed.v1.Distributed/GetPcpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's prefill context parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_pcp_group()
  """
  @spec get_pcp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_pcp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_pcp_group(opts \\ []) do
    Vllm.Call.run(@get_pcp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_pcp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pcp_group!() :: GroupCoordinator.t()
  @spec get_pcp_group!(keyword()) :: GroupCoordinator.t()
  def get_pcp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_pcp_group(opts))
  end

  @get_pipeline_model_parallel_rank %Vllm.Call.Spec{
    function: "get_pipeline_model_parallel_rank",
    path: "/vllm.distributed.v1.Distributed/GetPipelineModelParallelRank",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's stage: its number inside the pipeline parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, number} = Vllm.Distributed.get_pipeline_model_parallel_rank()
  """
  @spec get_pipeline_model_parallel_rank() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_pipeline_model_parallel_rank(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  def get_pipeline_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_pipeline_model_parallel_rank, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_pipeline_model_parallel_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pipeline_model_parallel_rank!() :: integer()
  @spec get_pipeline_model_parallel_rank!(keyword()) :: integer()
  def get_pipeline_model_parallel_rank!(opts \\ []) do
    Vllm.Error.unwrap!(get_pipeline_model_parallel_rank(opts))
  end

  @get_pp_group %Vllm.Call.Spec{
    function: "get_pp_group",
    path: "/vllm.distributed.v1.Distributed/GetPpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's pipeline parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_pp_group()
  """
  @spec get_pp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_pp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_pp_group(opts \\ []) do
    Vllm.Call.run(@get_pp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_pp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pp_group!() :: GroupCoordinator.t()
  @spec get_pp_group!(keyword()) :: GroupCoordinator.t()
  def get_pp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_pp_group(opts))
  end

  @get_pp_indices %Vllm.Call.Spec{
    function: "get_pp_indices",
    path: "/vllm.distributed.v1.Distributed/GetPpIndices",
    params: [
      {:num_hidden_layers, 1, :int, :required},
      {:pp_rank, 2, :int, :required},
      {:pp_size, 3, :int, :required}
    ],
    result: {:tuple, [:int, :int]},
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the layers of a pipeline stage as (first, one past the last).

  Layers are shared out evenly. Layers that remain go one each to the stages before the last, from
  the back, because the last stage also holds the final norm and the output embedding; where there
  are few enough the first stage, with the input embedding, gets none either.
  `VLLM_PP_LAYER_PARTITION`, such as `5,5,6`, overrides this with the layer count of each stage.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `num_hidden_layers` (`integer()`) - layers of the model
    * `pp_rank` (`integer()`) - the stage, from 0
    * `pp_size` (`integer()`) - number of stages

  ## Errors

    * `"invalid_argument"` - if the rank is not a stage, the sizes are not positive, or the
      setting has another number of stages, another sum or is not a list of numbers

  ## Example

      iex> Vllm.Distributed.get_pp_indices(61, 0, 4)
      {:ok, {0, 15}}
      iex> Vllm.Distributed.get_pp_indices(num_hidden_layers: 10, pp_rank: 3, pp_size: 4)
      {:ok, {8, 10}}
  """
  @spec get_pp_indices(keyword()) :: {:ok, {integer(), integer()}} | {:error, Error.t()}
  @spec get_pp_indices(integer(), keyword()) ::
          {:ok, {integer(), integer()}} | {:error, Error.t()}
  @spec get_pp_indices(integer(), integer(), integer() | keyword()) ::
          {:ok, {integer(), integer()}} | {:error, Error.t()}
  @spec get_pp_indices(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, {integer(), integer()}} | {:error, Error.t()}
  def get_pp_indices(
    num_hidden_layers,
    pp_rank \\ :__default__,
    pp_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@get_pp_indices, [num_hidden_layers, pp_rank, pp_size, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_pp_indices`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pp_indices!(keyword()) :: {integer(), integer()}
  @spec get_pp_indices!(integer(), keyword()) :: {integer(), integer()}
  @spec get_pp_indices!(integer(), integer(), integer() | keyword()) :: {integer(), integer()}
  @spec get_pp_indices!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {integer(), integer()}
  def get_pp_indices!(
    num_hidden_layers,
    pp_rank \\ :__default__,
    pp_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(get_pp_indices(num_hidden_layers, pp_rank, pp_size, opts))
  end

  @get_tcp_uri %Vllm.Call.Spec{
    function: "get_tcp_uri",
    path: "/vllm.distributed.v1.Distributed/GetTcpUri",
    params: [
      {:ip, 1, :string, :required},
      {:port, 2, :int, :required}
    ],
    result: :string,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return `tcp://ip:port`, with brackets around an IPv6 address.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `ip` (`String.t() | atom()`) - address of rank 0
    * `port` (`integer()`) - port of rank 0

  ## Example

      iex> Vllm.Distributed.get_tcp_uri("::1", 29500)
      {:ok, "tcp://[::1]:29500"}
  """
  @spec get_tcp_uri(keyword()) :: {:ok, String.t()} | {:error, Error.t()}
  @spec get_tcp_uri(String.t() | atom(), integer() | keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec get_tcp_uri(Call.arg(String.t() | atom()), Call.arg(integer()), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def get_tcp_uri(ip, port \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_tcp_uri, [ip, port, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_tcp_uri`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tcp_uri!(keyword()) :: String.t()
  @spec get_tcp_uri!(String.t() | atom(), integer() | keyword()) :: String.t()
  @spec get_tcp_uri!(Call.arg(String.t() | atom()), Call.arg(integer()), keyword()) ::
          String.t()
  def get_tcp_uri!(ip, port \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_tcp_uri(ip, port, opts))
  end

  @get_tensor_model_parallel_rank %Vllm.Call.Spec{
    function: "get_tensor_model_parallel_rank",
    path: "/vllm.distributed.v1.Distributed/GetTensorModelParallelRank",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's number inside the tensor parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, number} = Vllm.Distributed.get_tensor_model_parallel_rank()
  """
  @spec get_tensor_model_parallel_rank() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_tensor_model_parallel_rank(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  def get_tensor_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_tensor_model_parallel_rank, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_tensor_model_parallel_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tensor_model_parallel_rank!() :: integer()
  @spec get_tensor_model_parallel_rank!(keyword()) :: integer()
  def get_tensor_model_parallel_rank!(opts \\ []) do
    Vllm.Error.unwrap!(get_tensor_model_parallel_rank(opts))
  end

  @get_tensor_model_parallel_world_size %Vllm.Call.Spec{
    function: "get_tensor_model_parallel_world_size",
    path: "/vllm.distributed.v1.Distributed/GetTensorModelParallelWorldSize",
    params: [],
    result: :int,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the number of ranks in the tensor parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, number} = Vllm.Distributed.get_tensor_model_parallel_world_size()
  """
  @spec get_tensor_model_parallel_world_size() :: {:ok, integer()} | {:error, Error.t()}
  @spec get_tensor_model_parallel_world_size(keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def get_tensor_model_parallel_world_size(opts \\ []) do
    Vllm.Call.run(@get_tensor_model_parallel_world_size, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_tensor_model_parallel_world_size`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tensor_model_parallel_world_size!() :: integer()
  @spec get_tensor_model_parallel_world_size!(keyword()) :: integer()
  def get_tensor_model_parallel_world_size!(opts \\ []) do
    Vllm.Error.unwrap!(get_tensor_model_parallel_world_size(opts))
  end

  @get_tp_group %Vllm.Call.Spec{
    function: "get_tp_group",
    path: "/vllm.distributed.v1.Distributed/GetTpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's tensor parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_tp_group()
  """
  @spec get_tp_group() :: {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_tp_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_tp_group(opts \\ []) do
    Vllm.Call.run(@get_tp_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_tp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tp_group!() :: GroupCoordinator.t()
  @spec get_tp_group!(keyword()) :: GroupCoordinator.t()
  def get_tp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_tp_group(opts))
  end

  @get_worker_rank_suffix %Vllm.Call.Spec{
    function: "get_worker_rank_suffix",
    path: "/vllm.distributed.v1.Distributed/GetWorkerRankSuffix",
    params: [
      {:global_rank, 1, {:nullable, :int}, :optional}
    ],
    result: :string,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return where this process is among all, for names of files and processes.

  Such as `dp0_pp0_tp1_dcp0_ep1`, with `_rank3` behind it for `global_rank: 3`. Where the groups
  do not exist, or the model is known to be dense, `rank3` alone, or nothing.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `global_rank` (`integer()`, default `nil`) - this process's rank among all

  ## Errors

    * `"invalid_type"` - for a `global_rank` that is no integer

  ## Example

      {:ok, text} = Vllm.Distributed.get_worker_rank_suffix()
  """
  @spec get_worker_rank_suffix() :: {:ok, String.t()} | {:error, Error.t()}
  @spec get_worker_rank_suffix(integer() | nil | keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec get_worker_rank_suffix(Call.arg(integer() | nil), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def get_worker_rank_suffix(global_rank \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_worker_rank_suffix, [global_rank, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `get_worker_rank_suffix`, but returns the value itself and raises `Vllm.Error`."
  @spec get_worker_rank_suffix!() :: String.t()
  @spec get_worker_rank_suffix!(integer() | nil | keyword()) :: String.t()
  @spec get_worker_rank_suffix!(Call.arg(integer() | nil), keyword()) :: String.t()
  def get_worker_rank_suffix!(global_rank \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_worker_rank_suffix(global_rank, opts))
  end

  @get_world_group %Vllm.Call.Spec{
    function: "get_world_group",
    path: "/vllm.distributed.v1.Distributed/GetWorldGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the group of all ranks.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Errors

    * `"environment_not_initialized"` - before `init_distributed_environment`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.get_world_group()
  """
  @spec get_world_group() ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec get_world_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def get_world_group(opts \\ []) do
    Vllm.Call.run(@get_world_group, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `get_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_world_group!() :: GroupCoordinator.t()
  @spec get_world_group!(keyword()) :: GroupCoordinator.t()
  def get_world_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_world_group(opts))
  end

  @graph_capture %Vllm.Call.Spec{
    function: "graph_capture",
    path: "/vllm.distributed.v1.Distributed/GraphCapture",
    params: [
      {:device, 1, :device, :required}
    ],
    result: :object,
    inline: false,
    context_manager: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Run a block on a side stream of `device` in which a CUDA graph can be captured.

  Yields a `Vllm.Distributed.GraphCaptureContext` with the stream, which is the current one
  inside: nothing that other code launches on the default stream gets into the graph. It is
  entered for the tensor and pipeline parallel groups, whose collectives can be captured and
  replayed. On a CPU device there is no stream and nothing is done. Local to the process.

  Not collective: it concerns only the rank of its session.

  Returns a context, for `Vllm.with_context/3`. With a function as the last argument, it enters
  the context, runs the function with the context's value, exits the context and returns what the
  function returned.

  ## Parameters

    * `device` (`String.t() | atom()`) - a device such as `cpu` or `cuda:0`

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`
    * `"invalid_argument"` - for a CUDA device where there is none

  ## Example

      {:ok, result} = Vllm.Distributed.graph_capture("cpu", fn _value -> work() end)
  """
  @spec graph_capture(String.t() | atom() | keyword()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec graph_capture(String.t() | atom(), keyword() | (term() -> term())) ::
          {:ok, term()} | {:error, Error.t()}
  @spec graph_capture(
    Call.arg(String.t() | atom()) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def graph_capture(device, opts \\ [], fun \\ nil) do
    Vllm.Call.run(@graph_capture, [device, opts, fun])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `graph_capture`, but returns the value itself and raises `Vllm.Error`."
  @spec graph_capture!(String.t() | atom() | keyword()) :: Ref.t()
  @spec graph_capture!(String.t() | atom(), keyword() | (term() -> term())) :: term()
  @spec graph_capture!(
    Call.arg(String.t() | atom()) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          term()
  def graph_capture!(device, opts \\ [], fun \\ nil) do
    Vllm.Error.unwrap!(graph_capture(device, opts, fun))
  end

  @in_the_same_node_as %Vllm.Call.Spec{
    function: "in_the_same_node_as",
    path: "/vllm.distributed.v1.Distributed/InTheSameNodeAs",
    params: [
      {:pg, 1, :object, :required},
      {:source_rank, 2, :int, :optional}
    ],
    result: {:list, :bool},
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return, for each rank of `pg`, whether it shares memory with rank `source_rank` of it.

  Tested with a real shared-memory segment: the source writes a random number into one that only
  its own user can open, the others try to read it. `pg` is a torch process group that can carry
  CPU tensors, stateless ones too, or a `Vllm.Distributed.StatelessProcessGroup`. Collective over
  `pg`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `pg` (`Vllm.Call.object()`) - the process group
    * `source_rank` (`integer()`, default `0`) - rank inside the group that the others are
      compared with

  ## Errors

    * `"invalid_type"` - for any other `pg`
    * `"invalid_rank"` - if `source_rank` is not in the group
    * `"invalid_argument"` - for an NCCL group

  ## Example

      {:ok, list} = Vllm.Distributed.in_the_same_node_as(pg)
  """
  @spec in_the_same_node_as(Call.object() | keyword()) ::
          {:ok, [boolean()]} | {:error, Error.t()}
  @spec in_the_same_node_as(Call.object(), integer() | keyword()) ::
          {:ok, [boolean()]} | {:error, Error.t()}
  @spec in_the_same_node_as(
    Call.arg(Call.object()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, [boolean()]} | {:error, Error.t()}
  def in_the_same_node_as(pg, source_rank \\ :__default__, opts \\ []) do
    Vllm.Call.run(@in_the_same_node_as, [pg, source_rank, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `in_the_same_node_as`, but returns the value itself and raises `Vllm.Error`."
  @spec in_the_same_node_as!(Call.object() | keyword()) :: [boolean()]
  @spec in_the_same_node_as!(Call.object(), integer() | keyword()) :: [boolean()]
  @spec in_the_same_node_as!(
    Call.arg(Call.object()),
    Call.arg(integer()),
    keyword()
  ) ::
          [boolean()]
  def in_the_same_node_as!(pg, source_rank \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(in_the_same_node_as(pg, source_rank, opts))
  end

  @init_distributed_environment %Vllm.Call.Spec{
    function: "init_distributed_environment",
    path: "/vllm.distributed.v1.Distributed/InitDistributedEnvironment",
    params: [
      {:world_size, 1, :int, :optional},
      {:rank, 2, :int, :optional},
      {:distributed_init_method, 3, :string, :optional},
      {:local_rank, 4, :int, :optional},
      {:backend, 5, :string, :optional},
      {:timeout, 6, {:nullable, :duration}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Join the world and make its group.

  `distributed_init_method` is `tcp://host:port`, with rank 0 serving on exactly that address, or
  `env://`, which reads MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE as torchrun sets them, or
  `file://` and the whole path of a file, whatever characters are in it, or a scheme registered
  with torch. Gloo listens on the address from which this process reached the store, unless
  GLOO_SOCKET_IFNAME or VLLM_HOST_IP names another. -1 for `world_size` or `rank` means what the
  init method says; -1 for `local_rank` means LOCAL_RANK with `env://`, else the rank. A backend
  that torch knows but that cannot run here (`nccl` without CUDA) is replaced by gloo, with a
  warning once. `timeout` (default 30 minutes) bounds the joining and every later operation of
  every group; longer than ten years is as long. Ctrl-C ends the joining at once, and the others
  are told.

  If torch.distributed is initialised already, by torchrun code of one's own for instance, that is
  adopted, and left in place by destroy. A second call with the same sizes does nothing.

  Under `set_current_parallel_config`, of one replica of several or on several nodes, `world_size`
  and `rank` count within the replica: the world is that of all replicas and meets where the
  configuration says, whatever the init method; its timeout holds where none is given; and where a
  replica spans several nodes its ranks get a group of their own (`get_inner_dp_world_group`). A
  rank that is not given comes from the init method and then counts in the whole world.

  Collective over the world. A call that fails leaves nothing behind.

  Collective: every member of the group must make this call.

  ## Parameters

    * `world_size` (`integer()`, default `-1`) - number of ranks; -1: what the init method says
    * `rank` (`integer()`, default `-1`) - this process's rank; -1: what the init method says
    * `distributed_init_method` (`String.t() | atom()`, default `"env://"`) - how the ranks find
      each other, `tcp://host:port` or `env://`
    * `local_rank` (`integer()`, default `-1`) - this process's number on its node; -1: from the
      environment
    * `backend` (`String.t() | atom()`, default `"nccl"`) - torch's backend, such as `gloo` or
      `nccl`
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * `"invalid_argument"` - for values that make no sense
    * `"unknown_backend"`
    * `"rendezvous_timeout"` - if rank 0 cannot be reached in time
    * `"roll_call_timeout"` - naming the ranks that did not come
    * `"roll_call_mismatch"` - if ranks disagree on the world's size
    * `"environment_conflict"` - if this process is in a world of another size already

  ## Example

      {:ok, nil} =
        Vllm.Distributed.init_distributed_environment(2, rank, address, rank, :gloo,
          timeout: 30_000
        )
  """
  @spec init_distributed_environment() :: {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t() | atom() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(
    integer(),
    integer(),
    String.t() | atom(),
    integer() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(
    integer(),
    integer(),
    String.t() | atom(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(
    integer(),
    integer(),
    String.t() | atom(),
    integer(),
    String.t() | atom(),
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec init_distributed_environment(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def init_distributed_environment(
    world_size \\ :__default__,
    rank \\ :__default__,
    distributed_init_method \\ :__default__,
    local_rank \\ :__default__,
    backend \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@init_distributed_environment, [
      world_size,
      rank,
      distributed_init_method,
      local_rank,
      backend,
      timeout,
      opts
    ])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `init_distributed_environment`, but returns the value itself and raises `Vllm.Error`."
  @spec init_distributed_environment!() :: nil
  @spec init_distributed_environment!(integer() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t() | atom() | keyword()) ::
          nil
  @spec init_distributed_environment!(
    integer(),
    integer(),
    String.t() | atom(),
    integer() | keyword()
  ) ::
          nil
  @spec init_distributed_environment!(
    integer(),
    integer(),
    String.t() | atom(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          nil
  @spec init_distributed_environment!(
    integer(),
    integer(),
    String.t() | atom(),
    integer(),
    String.t() | atom(),
    integer() | nil | keyword()
  ) ::
          nil
  @spec init_distributed_environment!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  def init_distributed_environment!(
    world_size \\ :__default__,
    rank \\ :__default__,
    distributed_init_method \\ :__default__,
    local_rank \\ :__default__,
    backend \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(init_distributed_environment(
      world_size,
      rank,
      distributed_init_method,
      local_rank,
      backend,
      timeout,
      opts
    ))
  end

  @init_gloo_process_group %Vllm.Call.Spec{
    function: "init_gloo_process_group",
    path: "/vllm.distributed.v1.Distributed/InitGlooProcessGroup",
    params: [
      {:prefix_store, 1, :term, :required},
      {:group_rank, 2, :int, :required},
      {:group_size, 3, :int, :required},
      {:timeout, 4, :duration, :required}
    ],
    result: :process_group,
    inline: false
  }

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a gloo process group over a store that all its members are connected to.

  `prefix_store` is a torch store that no other group uses, a `PrefixStore` as a rule; it stays
  the caller's. `timeout` bounds the connecting and each operation. Touches no global state.
  Collective over the members.

  Collective: every member of the group must make this call.

  ## Parameters

    * `prefix_store` (`term()`) - a torch store that no other group uses
    * `group_rank` (`integer()`) - rank inside the group
    * `group_size` (`integer()`) - number of members
    * `timeout` (`integer()`) - milliseconds

  ## Errors

    * `"invalid_type"`, `"invalid_argument"`, `"invalid_rank"`
    * `"collective_failed"` - if the members cannot connect in time

  ## Example

      {:ok, store} = Vllm.call("torch.distributed.HashStore", [])
      {:ok, %Vllm.Distributed.ProcessGroup{}} =
        Vllm.Distributed.init_gloo_process_group(store, 0, 1, 30_000)
  """
  @spec init_gloo_process_group(keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec init_gloo_process_group(term(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec init_gloo_process_group(term(), integer(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec init_gloo_process_group(term(), integer(), integer(), integer() | keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec init_gloo_process_group(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def init_gloo_process_group(
    prefix_store,
    group_rank \\ :__default__,
    group_size \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@init_gloo_process_group, [prefix_store, group_rank, group_size, timeout, opts])
  end

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc "Like `init_gloo_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_gloo_process_group!(keyword()) :: ProcessGroup.t()
  @spec init_gloo_process_group!(term(), keyword()) :: ProcessGroup.t()
  @spec init_gloo_process_group!(term(), integer(), keyword()) ::
          ProcessGroup.t()
  @spec init_gloo_process_group!(term(), integer(), integer(), integer() | keyword()) ::
          ProcessGroup.t()
  @spec init_gloo_process_group!(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          ProcessGroup.t()
  def init_gloo_process_group!(
    prefix_store,
    group_rank \\ :__default__,
    group_size \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(init_gloo_process_group(
      prefix_store,
      group_rank,
      group_size,
      timeout,
      opts
    ))
  end

  @init_logger %Vllm.Call.Spec{
    function: "init_logger",
    path: "/vllm.distributed.v1.Distributed/InitLogger",
    params: [
      {:name, 1, :string, :required}
    ],
    result: :object,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the logger of a module; call it as `init_logger("my_app")`.

  Handlers and levels are the application's: this package adds none.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `name` (`String.t() | atom()`) - name of the logger

  ## Example

      {:ok, %Vllm.Ref{}} = Vllm.Distributed.init_logger("my_app")
  """
  @spec init_logger(String.t() | atom() | keyword()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec init_logger(Call.arg(String.t() | atom()), keyword()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  def init_logger(name, opts \\ []) do
    Vllm.Call.run(@init_logger, [name, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `init_logger`, but returns the value itself and raises `Vllm.Error`."
  @spec init_logger!(String.t() | atom() | keyword()) :: Ref.t()
  @spec init_logger!(Call.arg(String.t() | atom()), keyword()) :: Ref.t()
  def init_logger!(name, opts \\ []) do
    Vllm.Error.unwrap!(init_logger(name, opts))
  end

  @init_model_parallel_group %Vllm.Call.Spec{
    function: "init_model_parallel_group",
    path: "/vllm.distributed.v1.Distributed/InitModelParallelGroup",
    params: [
      {:group_ranks, 1, {:list, {:list, :int}}, :required},
      {:local_rank, 2, :int, :required},
      {:backend, 3, :string, :required},
      {:use_message_queue_broadcaster, 4, :bool, :optional},
      {:group_name, 5, {:nullable, :string}, :optional},
      {:use_device_communicator, 6, :bool, :optional},
      {:use_all2all, 7, :bool, :optional}
    ],
    result: :group,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a new coordinator for the list of `group_ranks` that this process's rank is in.

  `group_ranks` is a partition of the world, the same on every rank. The caller owns the
  coordinator and destroys it. Collective over the world.

  Collective: every member of the group must make this call.

  ## Parameters

    * `group_ranks` (`[[integer()]]`) - one list of global ranks for each group
    * `local_rank` (`integer()`) - this process's number on its node; -1: from the environment
    * `backend` (`String.t() | atom()`) - torch's backend, such as `gloo` or `nccl`
    * `use_message_queue_broadcaster` (`boolean()`, default `false`) - whether objects are sent
      through a message queue
    * `group_name` (`String.t() | atom()`, default `nil`) - name of the group: its unique name for
      a lookup, such as `tp:0`
    * `use_device_communicator` (`boolean()`, default `true`) - whether a path made for the device
      is used where there is one
    * `use_all2all` (`boolean()`, default `false`) - whether tokens will be exchanged through the
      group's communicator

  ## Errors

    * `"environment_not_initialized"`
    * `"invalid_rank"` - naming a rank that is in no list, in two, or not in the world
    * `"roll_call_mismatch"` - if ranks pass different partitions
    * `"roll_call_timeout"` - naming the ranks that do not come before the world's timeout

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.init_model_parallel_group([[0, 1], [2, 3]], 0, :gloo)
  """
  @spec init_model_parallel_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group([[integer()]], keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group([[integer()]], integer(), String.t() | atom() | keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil,
    boolean(),
    boolean() | keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_model_parallel_group(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def init_model_parallel_group(
    group_ranks,
    local_rank \\ :__default__,
    backend \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    use_device_communicator \\ :__default__,
    use_all2all \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@init_model_parallel_group, [
      group_ranks,
      local_rank,
      backend,
      use_message_queue_broadcaster,
      group_name,
      use_device_communicator,
      use_all2all,
      opts
    ])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `init_model_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_model_parallel_group!(keyword()) :: GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], keyword()) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], integer(), String.t() | atom() | keyword()) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    String.t() | atom() | nil,
    boolean(),
    boolean() | keyword()
  ) ::
          GroupCoordinator.t()
  @spec init_model_parallel_group!(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          GroupCoordinator.t()
  def init_model_parallel_group!(
    group_ranks,
    local_rank \\ :__default__,
    backend \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    use_device_communicator \\ :__default__,
    use_all2all \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(init_model_parallel_group(
      group_ranks,
      local_rank,
      backend,
      use_message_queue_broadcaster,
      group_name,
      use_device_communicator,
      use_all2all,
      opts
    ))
  end

  @init_world_group %Vllm.Call.Spec{
    function: "init_world_group",
    path: "/vllm.distributed.v1.Distributed/InitWorldGroup",
    params: [
      {:ranks, 1, {:list, :int}, :required},
      {:local_rank, 2, :int, :required},
      {:backend, 3, :string, :required}
    ],
    result: :group,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a new coordinator over `ranks`, which are all ranks of the world.

  For code that builds its own state; `init_distributed_environment` does this already. Collective
  over the world.

  Collective: every member of the group must make this call.

  ## Parameters

    * `ranks` (`[integer()]`) - global ranks of the members
    * `local_rank` (`integer()`) - this process's number on its node; -1: from the environment
    * `backend` (`String.t() | atom()`) - torch's backend, such as `gloo` or `nccl`

  ## Errors

    * As `init_model_parallel_group`

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.init_world_group([0, 1], 0, :gloo)
  """
  @spec init_world_group(keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_world_group([integer()], keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_world_group([integer()], integer(), String.t() | atom() | keyword()) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  @spec init_world_group(
    Call.arg([integer()]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, GroupCoordinator.t()} | {:error, Error.t()}
  def init_world_group(ranks, local_rank \\ :__default__, backend \\ :__default__, opts \\ []) do
    Vllm.Call.run(@init_world_group, [ranks, local_rank, backend, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `init_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_world_group!(keyword()) :: GroupCoordinator.t()
  @spec init_world_group!([integer()], keyword()) :: GroupCoordinator.t()
  @spec init_world_group!([integer()], integer(), String.t() | atom() | keyword()) ::
          GroupCoordinator.t()
  @spec init_world_group!(
    Call.arg([integer()]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          GroupCoordinator.t()
  def init_world_group!(ranks, local_rank \\ :__default__, backend \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(init_world_group(ranks, local_rank, backend, opts))
  end

  @initialize_model_parallel %Vllm.Call.Spec{
    function: "initialize_model_parallel",
    path: "/vllm.distributed.v1.Distributed/InitializeModelParallel",
    params: [
      {:tensor_model_parallel_size, 1, :int, :optional},
      {:pipeline_model_parallel_size, 2, :int, :optional},
      {:prefill_context_model_parallel_size, 3, :int, :optional},
      {:decode_context_model_parallel_size, 4, :int, :optional},
      {:backend, 5, {:nullable, :string}, :optional},
      {:data_parallel_size, 6, {:nullable, :int}, :optional},
      {:is_moe_model, 7, {:nullable, :bool}, :optional},
      {:enable_eplb, 8, {:nullable, :bool}, :optional},
      {:engram_tensor_parallel_size, 9, {:nullable, :int}, :optional},
      {:engram_data_parallel_size, 10, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Make the tensor, decode-context, prefill-context, pipeline, data and expert parallel groups.

  Ranks are laid out, slowest to fastest: external data parallel (whatever the world has beyond
  the product of the sizes), data, pipeline, prefill context, tensor. With 8 ranks, tensor size 2
  and pipeline size 4 the tensor groups are 0-1, 2-3, 4-5, 6-7 and the pipeline groups 0-2-4-6 and
  1-3-5-7. Decode-context groups divide the tensor groups; an expert group spans data, prefill
  context and tensor of one pipeline stage. `backend` is by default the world's.

  There is an expert group unless `is_moe_model` is `false`, and with `enable_eplb` a second one
  of the same ranks, for balancing the load of experts. These two and `data_parallel_size` are by
  default those of the current `Vllm.Config.ParallelConfig`; without one, `nil`, `false` and 1.

  For models with an engram, a large embedding table, `engram_tensor_parallel_size` is over how
  many ranks, of tensor and then data parallelism, one table is sharded (default: those of the
  tensor parallel group), and `engram_data_parallel_size` how many replicas share one table
  (default 1): see `get_etp_group` and `get_engram_dp_group`.

  Collective over the world. A call that fails leaves nothing behind.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor_model_parallel_size` (`integer()`, default `1`) - shards that each layer is split
      into
    * `pipeline_model_parallel_size` (`integer()`, default `1`) - stages that the layers are split
      into
    * `prefill_context_model_parallel_size` (`integer()`, default `1`) - ranks that share the
      tokens of one prefill
    * `decode_context_model_parallel_size` (`integer()`, default `1`) - parts that each tensor
      parallel group is split into
    * `backend` (`String.t() | atom()`, default `nil`) - torch's backend, such as `gloo` or `nccl`
    * `data_parallel_size` (`integer()`, default `nil`) - number of replicas
    * `is_moe_model` (`boolean()`, default `nil`) - whether the model is a mixture of experts;
      `false`: no expert group
    * `enable_eplb` (`boolean()`, default `nil`) - whether there is a group for balancing experts
    * `engram_tensor_parallel_size` (`integer()`, default `nil`) - ranks over which one embedding
      table is sharded
    * `engram_data_parallel_size` (`integer()`, default `nil`) - replicas that share one embedding
      table

  ## Errors

    * `"environment_not_initialized"`
    * `"invalid_parallel_size"` - naming sizes and choices
    * `"environment_conflict"` - if the groups exist already
    * `"roll_call_mismatch"` - on every rank if ranks ask for different sizes
    * `"roll_call_timeout"` - naming the ranks that do not come before the world's timeout

  ## Example

      {:ok, nil} =
        Vllm.Distributed.initialize_model_parallel(tensor_model_parallel_size: 2)
  """
  @spec initialize_model_parallel() :: {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(integer() | keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil,
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec initialize_model_parallel(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(integer() | nil),
    Call.arg(boolean() | nil),
    Call.arg(boolean() | nil),
    Call.arg(integer() | nil),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def initialize_model_parallel(
    tensor_model_parallel_size \\ :__default__,
    pipeline_model_parallel_size \\ :__default__,
    prefill_context_model_parallel_size \\ :__default__,
    decode_context_model_parallel_size \\ :__default__,
    backend \\ :__default__,
    data_parallel_size \\ :__default__,
    is_moe_model \\ :__default__,
    enable_eplb \\ :__default__,
    engram_tensor_parallel_size \\ :__default__,
    engram_data_parallel_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@initialize_model_parallel, [
      tensor_model_parallel_size,
      pipeline_model_parallel_size,
      prefill_context_model_parallel_size,
      decode_context_model_parallel_size,
      backend,
      data_parallel_size,
      is_moe_model,
      enable_eplb,
      engram_tensor_parallel_size,
      engram_data_parallel_size,
      opts
    ])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `initialize_model_parallel`, but returns the value itself and raises `Vllm.Error`."
  @spec initialize_model_parallel!() :: nil
  @spec initialize_model_parallel!(integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    integer(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | nil,
    integer() | nil,
    boolean() | nil,
    boolean() | nil,
    integer() | nil,
    integer() | nil | keyword()
  ) ::
          nil
  @spec initialize_model_parallel!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(integer() | nil),
    Call.arg(boolean() | nil),
    Call.arg(boolean() | nil),
    Call.arg(integer() | nil),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  def initialize_model_parallel!(
    tensor_model_parallel_size \\ :__default__,
    pipeline_model_parallel_size \\ :__default__,
    prefill_context_model_parallel_size \\ :__default__,
    decode_context_model_parallel_size \\ :__default__,
    backend \\ :__default__,
    data_parallel_size \\ :__default__,
    is_moe_model \\ :__default__,
    enable_eplb \\ :__default__,
    engram_tensor_parallel_size \\ :__default__,
    engram_data_parallel_size \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(initialize_model_parallel(
      tensor_model_parallel_size,
      pipeline_model_parallel_size,
      prefill_context_model_parallel_size,
      decode_context_model_parallel_size,
      backend,
      data_parallel_size,
      is_moe_model,
      enable_eplb,
      engram_tensor_parallel_size,
      engram_data_parallel_size,
      opts
    ))
  end

  @is_global_first_rank %Vllm.Call.Spec{
    function: "is_global_first_rank",
    path: "/vllm.distributed.v1.Distributed/IsGlobalFirstRank",
    params: [],
    result: :bool,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return whether this is rank 0 of everything; `true` in a process that is in no world.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      iex> Vllm.Distributed.is_global_first_rank()
      {:ok, true}
  """
  @spec is_global_first_rank() :: {:ok, boolean()} | {:error, Error.t()}
  @spec is_global_first_rank(keyword()) :: {:ok, boolean()} | {:error, Error.t()}
  def is_global_first_rank(opts \\ []) do
    Vllm.Call.run(@is_global_first_rank, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `is_global_first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_global_first_rank!() :: boolean()
  @spec is_global_first_rank!(keyword()) :: boolean()
  def is_global_first_rank!(opts \\ []) do
    Vllm.Error.unwrap!(is_global_first_rank(opts))
  end

  @is_local_first_rank %Vllm.Call.Spec{
    function: "is_local_first_rank",
    path: "/vllm.distributed.v1.Distributed/IsLocalFirstRank",
    params: [],
    result: :bool,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return whether this is the first rank on its node; `true` in a process that is in no world.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      iex> Vllm.Distributed.is_local_first_rank()
      {:ok, true}
  """
  @spec is_local_first_rank() :: {:ok, boolean()} | {:error, Error.t()}
  @spec is_local_first_rank(keyword()) :: {:ok, boolean()} | {:error, Error.t()}
  def is_local_first_rank(opts \\ []) do
    Vllm.Call.run(@is_local_first_rank, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `is_local_first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_local_first_rank!() :: boolean()
  @spec is_local_first_rank!(keyword()) :: boolean()
  def is_local_first_rank!(opts \\ []) do
    Vllm.Error.unwrap!(is_local_first_rank(opts))
  end

  @is_torch_equal_or_newer %Vllm.Call.Spec{
    function: "is_torch_equal_or_newer",
    path: "/vllm.distributed.v1.Distributed/IsTorchEqualOrNewer",
    params: [
      {:target, 1, :string, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return whether the installed torch is of version `target` or later.

  Only the numbers of a release count: `2.6`, `2.6.1`; a pre-release of a version counts as that
  version.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `target` (`String.t() | atom()`) - a version such as `2.6.0`

  ## Example

      iex> Vllm.Distributed.is_torch_equal_or_newer("1.13.1")
      {:ok, true}
      iex> Vllm.Distributed.is_torch_equal_or_newer("99.0")
      {:ok, false}
  """
  @spec is_torch_equal_or_newer(String.t() | atom() | keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_torch_equal_or_newer(Call.arg(String.t() | atom()), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_torch_equal_or_newer(target, opts \\ []) do
    Vllm.Call.run(@is_torch_equal_or_newer, [target, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `is_torch_equal_or_newer`, but returns the value itself and raises `Vllm.Error`."
  @spec is_torch_equal_or_newer!(String.t() | atom() | keyword()) :: boolean()
  @spec is_torch_equal_or_newer!(Call.arg(String.t() | atom()), keyword()) :: boolean()
  def is_torch_equal_or_newer!(target, opts \\ []) do
    Vllm.Error.unwrap!(is_torch_equal_or_newer(target, opts))
  end

  @is_weak_contiguous %Vllm.Call.Spec{
    function: "is_weak_contiguous",
    path: "/vllm.distributed.v1.Distributed/IsWeakContiguous",
    params: [
      {:inp, 1, :tensor, :required}
    ],
    result: :bool,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return whether a tensor's elements fill its memory from its first element on, in any order.

  `true` for contiguous tensors, and for others, such as a transposed one, whose storage ends
  where they end.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `inp` (`Vllm.Call.tensor()`) - the tensor

  ## Errors

    * `"invalid_type"` - for what is no tensor

  ## Example

      {:ok, true} = Vllm.Distributed.is_weak_contiguous(inp)
  """
  @spec is_weak_contiguous(Call.tensor() | keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_weak_contiguous(Call.arg(Call.tensor()), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_weak_contiguous(inp, opts \\ []) do
    Vllm.Call.run(@is_weak_contiguous, [inp, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `is_weak_contiguous`, but returns the value itself and raises `Vllm.Error`."
  @spec is_weak_contiguous!(Call.tensor() | keyword()) :: boolean()
  @spec is_weak_contiguous!(Call.arg(Call.tensor()), keyword()) :: boolean()
  def is_weak_contiguous!(inp, opts \\ []) do
    Vllm.Error.unwrap!(is_weak_contiguous(inp, opts))
  end

  @logger %Vllm.Call.Spec{
    function: "logger",
    path: "/vllm.distributed.v1.Distributed/Logger",
    params: [],
    result: :object,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  The logger of the package: an object that stays in its rank.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      {:ok, %Vllm.Ref{}} = Vllm.Distributed.logger()
  """
  @spec logger() :: {:ok, Ref.t()} | {:error, Error.t()}
  @spec logger(keyword()) :: {:ok, Ref.t()} | {:error, Error.t()}
  def logger(opts \\ []) do
    Vllm.Call.run(@logger, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `logger`, but returns the value itself and raises `Vllm.Error`."
  @spec logger!() :: Ref.t()
  @spec logger!(keyword()) :: Ref.t()
  def logger!(opts \\ []) do
    Vllm.Error.unwrap!(logger(opts))
  end

  @model_parallel_is_initialized %Vllm.Call.Spec{
    function: "model_parallel_is_initialized",
    path: "/vllm.distributed.v1.Distributed/ModelParallelIsInitialized",
    params: [],
    result: :bool,
    inline: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Return whether the model parallel groups exist.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Example

      iex> Vllm.Distributed.model_parallel_is_initialized()
      {:ok, false}
  """
  @spec model_parallel_is_initialized() :: {:ok, boolean()} | {:error, Error.t()}
  @spec model_parallel_is_initialized(keyword()) :: {:ok, boolean()} | {:error, Error.t()}
  def model_parallel_is_initialized(opts \\ []) do
    Vllm.Call.run(@model_parallel_is_initialized, [opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `model_parallel_is_initialized`, but returns the value itself and raises `Vllm.Error`."
  @spec model_parallel_is_initialized!() :: boolean()
  @spec model_parallel_is_initialized!(keyword()) :: boolean()
  def model_parallel_is_initialized!(opts \\ []) do
    Vllm.Error.unwrap!(model_parallel_is_initialized(opts))
  end

  @patch_tensor_parallel_group %Vllm.Call.Spec{
    function: "patch_tensor_parallel_group",
    path: "/vllm.distributed.v1.Distributed/PatchTensorParallelGroup",
    params: [
      {:tp_group, 1, :group, :required}
    ],
    result: :object,
    inline: false,
    context_manager: true
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Make `get_tp_group` return `tp_group` within a block, as for the draft model of speculative
  decoding, which may have another tensor parallel size.

  The former group is put back also after an exception. Local to the process; ranks do it alike.

  Not collective: it concerns only the rank of its session.

  Returns a context, for `Vllm.with_context/3`. With a function as the last argument, it enters
  the context, runs the function with the context's value, exits the context and returns what the
  function returned.

  ## Parameters

    * `tp_group` (`Vllm.Distributed.GroupCoordinator.input()`) - the coordinator that takes the
      place of the tensor parallel group

  ## Errors

    * `"environment_conflict"` - within another such block: that is not re-entrant

  ## Example

      {:ok, result} =
        Vllm.Distributed.patch_tensor_parallel_group(draft_group, fn _nil -> draft() end)
  """
  @spec patch_tensor_parallel_group(GroupCoordinator.input() | keyword()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec patch_tensor_parallel_group(
    GroupCoordinator.input(),
    keyword() | (term() -> term())
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec patch_tensor_parallel_group(
    Call.arg(GroupCoordinator.input()) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def patch_tensor_parallel_group(tp_group, opts \\ [], fun \\ nil) do
    Vllm.Call.run(@patch_tensor_parallel_group, [tp_group, opts, fun])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `patch_tensor_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec patch_tensor_parallel_group!(GroupCoordinator.input() | keyword()) ::
          Ref.t()
  @spec patch_tensor_parallel_group!(
    GroupCoordinator.input(),
    keyword() | (term() -> term())
  ) ::
          term()
  @spec patch_tensor_parallel_group!(
    Call.arg(GroupCoordinator.input()) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          term()
  def patch_tensor_parallel_group!(tp_group, opts \\ [], fun \\ nil) do
    Vllm.Error.unwrap!(patch_tensor_parallel_group(tp_group, opts, fun))
  end

  @patched_fused_scaled_matmul_reduce_scatter %Vllm.Call.Spec{
    function: "patched_fused_scaled_matmul_reduce_scatter",
    path: "/vllm.distributed.v1.Distributed/PatchedFusedScaledMatmulReduceScatter",
    params: [
      {:A, 1, :tensor, :required},
      {:B, 2, :tensor, :required},
      {:A_scale, 3, :tensor, :required},
      {:B_scale, 4, :tensor, :required},
      {:reduce_op, 5, :string, :required},
      {:orig_scatter_dim, 6, :int, :required},
      {:scatter_dim_after_maybe_reshape, 7, :int, :required},
      {:group_name, 8, :string, :required},
      {:output_shape, 9, {:list, :int}, :required},
      {:bias, 10, {:nullable, :tensor}, :optional},
      {:result_scale, 11, {:nullable, :tensor}, :optional},
      {:out_dtype, 12, {:nullable, :dtype}, :optional},
      {:use_fast_accum, 13, :bool, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's part of the sum over a group of `(A * A_scale) @ (B * B_scale)`.

  `A` is [..., k], `B` [k, n]; `A_scale` has one element, or one for each row ([..., 1]),
  `B_scale` one, or one for each column ([1, n]). `bias` [n] is added, by every rank, before
  `result_scale` (one element) multiplies. The product, in `out_dtype` (default: `A`'s), is viewed
  as `output_shape` with n for its last dim, reduced with `reduce_op` (`sum` or `avg`) over the
  group with this unique name, and cut along `orig_scatter_dim`; `scatter_dim_after_maybe_reshape`
  is the same dim of `A`, whose leading dims may have been flattened. `use_fast_accum` is for the
  hardware's 8-bit products.

  On devices with symmetric memory this is torch's fused operator; elsewhere the composition: the
  product (in float32 on the CPU), then a reduce-scatter. Collective over the group. An error
  comes before anything is sent.

  Collective: every member of the group must make this call.

  ## Parameters

    * `A` (`Vllm.Call.tensor()`) - the first matrix, in fp8 or a wider type
    * `B` (`Vllm.Call.tensor()`) - the second matrix
    * `A_scale` (`Vllm.Call.tensor()`) - what elements of `A` are multiplied by
    * `B_scale` (`Vllm.Call.tensor()`) - what elements of `B` are multiplied by
    * `reduce_op` (`String.t() | atom()`) - `sum` or `avg`
    * `orig_scatter_dim` (`integer()`) - dimension of the result to scatter along
    * `scatter_dim_after_maybe_reshape` (`integer()`) - the same dimension once `A` has two
      dimensions
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`
    * `output_shape` (`[integer()]`) - shape of the product
    * `bias` (`Vllm.Call.tensor()`, default `nil`) - added to the product
    * `result_scale` (`Vllm.Call.tensor()`, default `nil`) - what the product is multiplied by
    * `out_dtype` (`Vllm.Tensor.dtype() | String.t()`, default `nil`) - element type of the result
    * `use_fast_accum` (`boolean()`, default `false`) - whether to accumulate in a narrower type

  ## Errors

    * `"group_not_initialized"` - naming the groups there are
    * `"invalid_type"` - for what is no tensor, for scales or a bias that are not of
      floating-point numbers
    * `"invalid_argument"` - for shapes, dims, devices or a `reduce_op` that do not fit, and for
      `avg` into integers
    * `"unsupported_dtype"` - for an `out_dtype` the group cannot sum
    * `"gradient_lost"` - for what requires a gradient, which it has none for, outside
      `torch.no_grad()`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.patched_fused_scaled_matmul_reduce_scatter(a, b, a_scale, b_scale, "sum", 0, 0, "tp:0", [4, 8])
  """
  @spec patched_fused_scaled_matmul_reduce_scatter(keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()] | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil,
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(Tensor.dtype() | String.t() | nil),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def patched_fused_scaled_matmul_reduce_scatter(
    a,
    b \\ :__default__,
    a_scale \\ :__default__,
    b_scale \\ :__default__,
    reduce_op \\ :__default__,
    orig_scatter_dim \\ :__default__,
    scatter_dim_after_maybe_reshape \\ :__default__,
    group_name \\ :__default__,
    output_shape \\ :__default__,
    bias \\ :__default__,
    result_scale \\ :__default__,
    out_dtype \\ :__default__,
    use_fast_accum \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@patched_fused_scaled_matmul_reduce_scatter, [
      a,
      b,
      a_scale,
      b_scale,
      reduce_op,
      orig_scatter_dim,
      scatter_dim_after_maybe_reshape,
      group_name,
      output_shape,
      bias,
      result_scale,
      out_dtype,
      use_fast_accum,
      opts
    ])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `patched_fused_scaled_matmul_reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec patched_fused_scaled_matmul_reduce_scatter!(keyword()) :: Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Call.tensor(), keyword()) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()] | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil,
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(Tensor.dtype() | String.t() | nil),
    Call.arg(boolean()),
    keyword()
  ) ::
          Tensor.t()
  def patched_fused_scaled_matmul_reduce_scatter!(
    a,
    b \\ :__default__,
    a_scale \\ :__default__,
    b_scale \\ :__default__,
    reduce_op \\ :__default__,
    orig_scatter_dim \\ :__default__,
    scatter_dim_after_maybe_reshape \\ :__default__,
    group_name \\ :__default__,
    output_shape \\ :__default__,
    bias \\ :__default__,
    result_scale \\ :__default__,
    out_dtype \\ :__default__,
    use_fast_accum \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(patched_fused_scaled_matmul_reduce_scatter(
      a,
      b,
      a_scale,
      b_scale,
      reduce_op,
      orig_scatter_dim,
      scatter_dim_after_maybe_reshape,
      group_name,
      output_shape,
      bias,
      result_scale,
      out_dtype,
      use_fast_accum,
      opts
    ))
  end

  @patched_fused_scaled_matmul_reduce_scatter_fake %Vllm.Call.Spec{
    function: "patched_fused_scaled_matmul_reduce_scatter_fake",
    path: "/vllm.distributed.v1.Distributed/PatchedFusedScaledMatmulReduceScatterFake",
    params: [
      {:A, 1, :tensor, :required},
      {:B, 2, :tensor, :required},
      {:A_scale, 3, :tensor, :required},
      {:B_scale, 4, :tensor, :required},
      {:reduce_op, 5, :string, :required},
      {:orig_scatter_dim, 6, :int, :required},
      {:scatter_dim_after_maybe_reshape, 7, :int, :required},
      {:group_name, 8, :string, :required},
      {:output_shape, 9, {:list, :int}, :required},
      {:bias, 10, {:nullable, :tensor}, :optional},
      {:result_scale, 11, {:nullable, :tensor}, :optional},
      {:out_dtype, 12, {:nullable, :dtype}, :optional},
      {:use_fast_accum, 13, :bool, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return an uninitialised tensor like the result of the function without `_fake`.

  The group must exist, since its size is needed. Local: nothing is sent.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `A` (`Vllm.Call.tensor()`) - the first matrix, in fp8 or a wider type
    * `B` (`Vllm.Call.tensor()`) - the second matrix
    * `A_scale` (`Vllm.Call.tensor()`) - what elements of `A` are multiplied by
    * `B_scale` (`Vllm.Call.tensor()`) - what elements of `B` are multiplied by
    * `reduce_op` (`String.t() | atom()`) - `sum` or `avg`
    * `orig_scatter_dim` (`integer()`) - dimension of the result to scatter along
    * `scatter_dim_after_maybe_reshape` (`integer()`) - the same dimension once `A` has two
      dimensions
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`
    * `output_shape` (`[integer()]`) - shape of the product
    * `bias` (`Vllm.Call.tensor()`, default `nil`) - added to the product
    * `result_scale` (`Vllm.Call.tensor()`, default `nil`) - what the product is multiplied by
    * `out_dtype` (`Vllm.Tensor.dtype() | String.t()`, default `nil`) - element type of the result
    * `use_fast_accum` (`boolean()`, default `false`) - whether to accumulate in a narrower type

  ## Errors

    * As `patched_fused_scaled_matmul_reduce_scatter`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.patched_fused_scaled_matmul_reduce_scatter_fake(a, b, a_scale, b_scale, "sum", 0, 0, "tp:0", [4, 8])
  """
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()] | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil,
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(Tensor.dtype() | String.t() | nil),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def patched_fused_scaled_matmul_reduce_scatter_fake(
    a,
    b \\ :__default__,
    a_scale \\ :__default__,
    b_scale \\ :__default__,
    reduce_op \\ :__default__,
    orig_scatter_dim \\ :__default__,
    scatter_dim_after_maybe_reshape \\ :__default__,
    group_name \\ :__default__,
    output_shape \\ :__default__,
    bias \\ :__default__,
    result_scale \\ :__default__,
    out_dtype \\ :__default__,
    use_fast_accum \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@patched_fused_scaled_matmul_reduce_scatter_fake, [
      a,
      b,
      a_scale,
      b_scale,
      reduce_op,
      orig_scatter_dim,
      scatter_dim_after_maybe_reshape,
      group_name,
      output_shape,
      bias,
      result_scale,
      out_dtype,
      use_fast_accum,
      opts
    ])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `patched_fused_scaled_matmul_reduce_scatter_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(keyword()) :: Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Call.tensor(), keyword()) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()] | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    Call.tensor(),
    String.t() | atom(),
    integer(),
    integer(),
    String.t() | atom(),
    [integer()],
    Call.tensor() | nil,
    Call.tensor() | nil,
    Tensor.dtype() | String.t() | nil,
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(Tensor.dtype() | String.t() | nil),
    Call.arg(boolean()),
    keyword()
  ) ::
          Tensor.t()
  def patched_fused_scaled_matmul_reduce_scatter_fake!(
    a,
    b \\ :__default__,
    a_scale \\ :__default__,
    b_scale \\ :__default__,
    reduce_op \\ :__default__,
    orig_scatter_dim \\ :__default__,
    scatter_dim_after_maybe_reshape \\ :__default__,
    group_name \\ :__default__,
    output_shape \\ :__default__,
    bias \\ :__default__,
    result_scale \\ :__default__,
    out_dtype \\ :__default__,
    use_fast_accum \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(patched_fused_scaled_matmul_reduce_scatter_fake(
      a,
      b,
      a_scale,
      b_scale,
      reduce_op,
      orig_scatter_dim,
      scatter_dim_after_maybe_reshape,
      group_name,
      output_shape,
      bias,
      result_scale,
      out_dtype,
      use_fast_accum,
      opts
    ))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.Distributed/PrepareCommunicationBufferForModel",
    params: [
      {:model, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Let the communicator of every model parallel group size its buffers from `model`.

  Does nothing before `initialize_model_parallel`. Local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `model` (`Vllm.Call.object()`) - a `torch.nn.Module` of the rank

  ## Errors

    * `"invalid_type"` - for what is no module

  ## Example

      {:ok, nil} = Vllm.Distributed.prepare_communication_buffer_for_model(model)
  """
  @spec prepare_communication_buffer_for_model(Call.object() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec prepare_communication_buffer_for_model(Call.arg(Call.object()), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def prepare_communication_buffer_for_model(model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [model, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(Call.object() | keyword()) :: nil
  @spec prepare_communication_buffer_for_model!(Call.arg(Call.object()), keyword()) ::
          nil
  def prepare_communication_buffer_for_model!(model, opts \\ []) do
    Vllm.Error.unwrap!(prepare_communication_buffer_for_model(model, opts))
  end

  @rebalance_experts %Vllm.Call.Spec{
    function: "rebalance_experts",
    path: "/vllm.distributed.v1.Distributed/RebalanceExperts",
    params: [
      {:weight, 1, :tensor, :required},
      {:num_replicas, 2, :int, :required},
      {:num_groups, 3, :int, :required},
      {:num_nodes, 4, :int, :required},
      {:num_gpus, 5, :int, :required}
    ],
    result: {:tuple, [:tensor, :tensor, :tensor]},
    inline: false
  }

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc ~S"""
  Return which expert goes into which slot so that every GPU has about the same load.

  `weight` is [layers, logical experts], the load of each expert, of any real dtype.
  `num_replicas` is the number of slots (physical experts) of a layer: at least the number of
  logical experts, a multiple of `num_gpus`; GPU g holds the g-th equal part of the slots.
  `num_groups` is the number of expert groups: where it divides by `num_nodes` the experts of a
  group stay on one node (hierarchical), else placement is global, and neither number need divide
  anything. A replica carries an equal share of its expert's load; a layer without load counts as
  evenly loaded.

  Returns int64 tensors on the CPU: physical to logical [layers, num_replicas]; logical to
  physical [layers, logical experts, most replicas of any], padded with -1; and the number of
  replicas [layers, logical experts], each at least 1. In every layer the largest load of a GPU is
  at most that of a round-robin placement under the same rule about groups.

  Pure, deterministic, local. Source: DeepSeek's EPLB, see the module.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `weight` (`Vllm.Call.tensor()`) - tensor of [layers, experts]: the load of each
    * `num_replicas` (`integer()`) - physical experts, copies included
    * `num_groups` (`integer()`) - groups of experts that stay on one node
    * `num_nodes` (`integer()`) - number of nodes
    * `num_gpus` (`integer()`) - number of devices

  ## Errors

    * `"invalid_argument"` - naming the numbers for weights that are negative, not finite or not
      of this shape, counts below 1, too few replicas, and counts that do not divide

  ## Example

      {:ok, {_, _, _}} = Vllm.Distributed.rebalance_experts(weight, 4, 1, 1, 2)
  """
  @spec rebalance_experts(keyword()) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec rebalance_experts(Call.tensor(), keyword()) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec rebalance_experts(Call.tensor(), integer(), keyword()) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec rebalance_experts(Call.tensor(), integer(), integer(), keyword()) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec rebalance_experts(
    Call.tensor(),
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  @spec rebalance_experts(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, {Tensor.t(), Tensor.t(), Tensor.t()}} | {:error, Error.t()}
  def rebalance_experts(
    weight,
    num_replicas \\ :__default__,
    num_groups \\ :__default__,
    num_nodes \\ :__default__,
    num_gpus \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@rebalance_experts, [
      weight,
      num_replicas,
      num_groups,
      num_nodes,
      num_gpus,
      opts
    ])
  end

  @doc group: "Experts"
  @doc since: "0.1.0"
  @doc "Like `rebalance_experts`, but returns the value itself and raises `Vllm.Error`."
  @spec rebalance_experts!(keyword()) :: {Tensor.t(), Tensor.t(), Tensor.t()}
  @spec rebalance_experts!(Call.tensor(), keyword()) ::
          {Tensor.t(), Tensor.t(), Tensor.t()}
  @spec rebalance_experts!(Call.tensor(), integer(), keyword()) ::
          {Tensor.t(), Tensor.t(), Tensor.t()}
  @spec rebalance_experts!(Call.tensor(), integer(), integer(), keyword()) ::
          {Tensor.t(), Tensor.t(), Tensor.t()}
  @spec rebalance_experts!(
    Call.tensor(),
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {Tensor.t(), Tensor.t(), Tensor.t()}
  @spec rebalance_experts!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {Tensor.t(), Tensor.t(), Tensor.t()}
  def rebalance_experts!(
    weight,
    num_replicas \\ :__default__,
    num_groups \\ :__default__,
    num_nodes \\ :__default__,
    num_gpus \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(rebalance_experts(
      weight,
      num_replicas,
      num_groups,
      num_nodes,
      num_gpus,
      opts
    ))
  end

  @reduce_scatter %Vllm.Call.Spec{
    function: "reduce_scatter",
    path: "/vllm.distributed.v1.Distributed/ReduceScatter",
    params: [
      {:tensor, 1, :tensor, :required},
      {:dim, 2, :int, :required},
      {:world_size, 3, :int, :required},
      {:group_name, 4, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's part, along `dim`, of the sum over the group with this unique name.

  As `Vllm.Distributed.GroupCoordinator.reduce_scatter`. `world_size` is the group's size.
  Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`) - the dimension; a negative one counts from the end
    * `world_size` (`integer()`) - number of ranks
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`

  ## Errors

    * `"group_not_initialized"` - naming the groups there are
    * `"invalid_argument"` - for another `world_size`, or a `dim` out of range or of an extent
      that does not divide

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.reduce_scatter(tensor, 0, 2, "tp:0")
  """
  @spec reduce_scatter(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(Call.tensor(), integer(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatter(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatter, [tensor, dim, world_size, group_name, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(keyword()) :: Tensor.t()
  @spec reduce_scatter!(Call.tensor(), keyword()) :: Tensor.t()
  @spec reduce_scatter!(Call.tensor(), integer(), keyword()) :: Tensor.t()
  @spec reduce_scatter!(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatter!(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatter(tensor, dim, world_size, group_name, opts))
  end

  @reduce_scatter_fake %Vllm.Call.Spec{
    function: "reduce_scatter_fake",
    path: "/vllm.distributed.v1.Distributed/ReduceScatterFake",
    params: [
      {:tensor, 1, :tensor, :required},
      {:dim, 2, :int, :required},
      {:world_size, 3, :int, :required},
      {:group_name, 4, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc ~S"""
  Return an uninitialised tensor like `reduce_scatter`'s result. Local: nothing is sent.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`) - the dimension; a negative one counts from the end
    * `world_size` (`integer()`) - number of ranks
    * `group_name` (`String.t() | atom()`) - name of the group: its unique name for a lookup, such
      as `tp:0`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.reduce_scatter_fake(tensor, 0, 2, "tp:0")
  """
  @spec reduce_scatter_fake(keyword()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter_fake(Call.tensor(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter_fake(Call.tensor(), integer(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter_fake(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter_fake(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatter_fake(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatter_fake, [tensor, dim, world_size, group_name, opts])
  end

  @doc group: "Custom operators"
  @doc since: "0.1.0"
  @doc "Like `reduce_scatter_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter_fake!(keyword()) :: Tensor.t()
  @spec reduce_scatter_fake!(Call.tensor(), keyword()) :: Tensor.t()
  @spec reduce_scatter_fake!(Call.tensor(), integer(), keyword()) :: Tensor.t()
  @spec reduce_scatter_fake!(
    Call.tensor(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter_fake!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatter_fake!(
    tensor,
    dim \\ :__default__,
    world_size \\ :__default__,
    group_name \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatter_fake(tensor, dim, world_size, group_name, opts))
  end

  @resolve_obj_by_qualname %Vllm.Call.Spec{
    function: "resolve_obj_by_qualname",
    path: "/vllm.distributed.v1.Distributed/ResolveObjByQualname",
    params: [
      {:qualname, 1, :string, :required}
    ],
    result: :term,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the object named by `module.attribute`, importing the module.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `qualname` (`String.t() | atom()`) - dotted name, behind the allow list

  ## Errors

    * `"invalid_argument"` - for a name without a dot
    * `"exception"` (ModuleNotFoundError), `"exception"` (AttributeError) - where there is no such
      thing

  ## Example

      {:ok, value} = Vllm.Distributed.resolve_obj_by_qualname("torch.float32")
  """
  @spec resolve_obj_by_qualname(String.t() | atom() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec resolve_obj_by_qualname(Call.arg(String.t() | atom()), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def resolve_obj_by_qualname(qualname, opts \\ []) do
    Vllm.Call.run(@resolve_obj_by_qualname, [qualname, opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `resolve_obj_by_qualname`, but returns the value itself and raises `Vllm.Error`."
  @spec resolve_obj_by_qualname!(String.t() | atom() | keyword()) :: term()
  @spec resolve_obj_by_qualname!(Call.arg(String.t() | atom()), keyword()) :: term()
  def resolve_obj_by_qualname!(qualname, opts \\ []) do
    Vllm.Error.unwrap!(resolve_obj_by_qualname(qualname, opts))
  end

  @resume_device_comms %Vllm.Call.Spec{
    function: "resume_device_comms",
    path: "/vllm.distributed.v1.Distributed/ResumeDeviceComms",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Get back what `suspend_device_comms` gave up, now and not with the first call that needs it.

  Does nothing for groups that were not suspended. Collective over every group that this process
  is in.

  Collective: every member of the group must make this call.

  ## Errors

    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, nil} = Vllm.Distributed.resume_device_comms()
  """
  @spec resume_device_comms() :: {:ok, nil} | {:error, Error.t()}
  @spec resume_device_comms(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def resume_device_comms(opts \\ []) do
    Vllm.Call.run(@resume_device_comms, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `resume_device_comms`, but returns the value itself and raises `Vllm.Error`."
  @spec resume_device_comms!() :: nil
  @spec resume_device_comms!(keyword()) :: nil
  def resume_device_comms!(opts \\ []) do
    Vllm.Error.unwrap!(resume_device_comms(opts))
  end

  @sched_yield %Vllm.Call.Spec{
    function: "sched_yield",
    path: "/vllm.distributed.v1.Distributed/SchedYield",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Give up the processor for the moment, so that another process can run.

  Not collective: it concerns only the rank of its session.

  ## Example

      {:ok, nil} = Vllm.Distributed.sched_yield()
  """
  @spec sched_yield() :: {:ok, nil} | {:error, Error.t()}
  @spec sched_yield(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def sched_yield(opts \\ []) do
    Vllm.Call.run(@sched_yield, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `sched_yield`, but returns the value itself and raises `Vllm.Error`."
  @spec sched_yield!() :: nil
  @spec sched_yield!(keyword()) :: nil
  def sched_yield!(opts \\ []) do
    Vllm.Error.unwrap!(sched_yield(opts))
  end

  @set_current_parallel_config %Vllm.Call.Spec{
    function: "set_current_parallel_config",
    path: "/vllm.distributed.v1.Distributed/SetCurrentParallelConfig",
    params: [
      {:config, 1, {:nullable, {:object, Vllm.Config.ParallelConfig}}, :required}
    ],
    result: :object,
    inline: false,
    context_manager: true
  }

  @doc group: "Configuration"
  @doc since: "0.1.0"
  @doc ~S"""
  Make `config` the current one while the context lasts, and give it.

  Under it `init_distributed_environment` and `initialize_model_parallel` take from it what they
  are not told: see there. The process has one current configuration, whichever thread asks.
  Contexts may be nested; `nil` means none meanwhile.

  Not collective: it concerns only the rank of its session.

  Returns a context, for `Vllm.with_context/3`. With a function as the last argument, it enters
  the context, runs the function with the context's value, exits the context and returns what the
  function returned.

  ## Parameters

    * `config` (`Vllm.Config.ParallelConfig.input()`) - the configuration, or `nil` for none

  ## Errors

    * `"invalid_type"` - for anything else than a `Vllm.Config.ParallelConfig`

  ## Example

      {:ok, result} = Vllm.Distributed.set_current_parallel_config(config, fn _value -> work() end)
  """
  @spec set_current_parallel_config(ParallelConfig.input() | nil | keyword()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec set_current_parallel_config(
    ParallelConfig.input() | nil,
    keyword() | (term() -> term())
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec set_current_parallel_config(
    Call.arg(ParallelConfig.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def set_current_parallel_config(config, opts \\ [], fun \\ nil) do
    Vllm.Call.run(@set_current_parallel_config, [config, opts, fun])
  end

  @doc group: "Configuration"
  @doc since: "0.1.0"
  @doc "Like `set_current_parallel_config`, but returns the value itself and raises `Vllm.Error`."
  @spec set_current_parallel_config!(ParallelConfig.input() | nil | keyword()) ::
          Ref.t()
  @spec set_current_parallel_config!(
    ParallelConfig.input() | nil,
    keyword() | (term() -> term())
  ) ::
          term()
  @spec set_current_parallel_config!(
    Call.arg(ParallelConfig.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          term()
  def set_current_parallel_config!(config, opts \\ [], fun \\ nil) do
    Vllm.Error.unwrap!(set_current_parallel_config(config, opts, fun))
  end

  @set_custom_all_reduce %Vllm.Call.Spec{
    function: "set_custom_all_reduce",
    path: "/vllm.distributed.v1.Distributed/SetCustomAllReduce",
    params: [
      {:enable, 1, :bool, :required}
    ],
    result: :none,
    inline: false
  }

  @doc group: "State"
  @doc since: "0.1.0"
  @doc ~S"""
  Allow, or forbid, sums of small tensors on CUDA devices through symmetric memory, in groups made
  from now on.

  They are allowed at first, and used where the devices reach each other's memory; elsewhere, and
  where forbidden, NCCL does them. It changes the speed and how 16-bit floats are rounded. The
  same on every rank. Nothing on the CPU depends on it: memory that ranks of one node share is
  turned off by `VLLM_DISTRIBUTED_SHM: 0`. Local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `enable` (`boolean()`) - whether the optimised path may be used

  ## Errors

    * `"invalid_type"` - for what is neither `true` nor `false`

  ## Example

      {:ok, nil} = Vllm.Distributed.set_custom_all_reduce(false)
  """
  @spec set_custom_all_reduce(boolean() | keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec set_custom_all_reduce(Call.arg(boolean()), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def set_custom_all_reduce(enable, opts \\ []) do
    Vllm.Call.run(@set_custom_all_reduce, [enable, opts])
  end

  @doc group: "State"
  @doc since: "0.1.0"
  @doc "Like `set_custom_all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec set_custom_all_reduce!(boolean() | keyword()) :: nil
  @spec set_custom_all_reduce!(Call.arg(boolean()), keyword()) :: nil
  def set_custom_all_reduce!(enable, opts \\ []) do
    Vllm.Error.unwrap!(set_custom_all_reduce(enable, opts))
  end

  @split_tensor_along_last_dim %Vllm.Call.Spec{
    function: "split_tensor_along_last_dim",
    path: "/vllm.distributed.v1.Distributed/SplitTensorAlongLastDim",
    params: [
      {:tensor, 1, :tensor, :required},
      {:num_partitions, 2, :int, :required},
      {:contiguous_split_chunks, 3, :bool, :optional}
    ],
    result: {:list, :tensor},
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Split a tensor into equal parts along its last dimension.

  The parts are views of `tensor`, or copies with their own memory if `contiguous_split_chunks`.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `num_partitions` (`integer()`) - number of parts
    * `contiguous_split_chunks` (`boolean()`, default `false`) - whether each part is contiguous
      in memory

  ## Errors

    * `"invalid_argument"` - if the dimension does not divide

  ## Example

      iex> Vllm.Distributed.split_tensor_along_last_dim!(Vllm.Tensor.new([0, 1, 2, 3], :s64), 2) |> Enum.map(&Vllm.Tensor.to_list/1)
      [[0, 1], [2, 3]]
  """
  @spec split_tensor_along_last_dim(keyword()) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  @spec split_tensor_along_last_dim(Call.tensor(), integer() | keyword()) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  @spec split_tensor_along_last_dim(Call.tensor(), integer(), boolean() | keyword()) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  @spec split_tensor_along_last_dim(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  def split_tensor_along_last_dim(
    tensor,
    num_partitions \\ :__default__,
    contiguous_split_chunks \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@split_tensor_along_last_dim, [
      tensor,
      num_partitions,
      contiguous_split_chunks,
      opts
    ])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `split_tensor_along_last_dim`, but returns the value itself and raises `Vllm.Error`."
  @spec split_tensor_along_last_dim!(keyword()) :: [Tensor.t()]
  @spec split_tensor_along_last_dim!(Call.tensor(), integer() | keyword()) ::
          [Tensor.t()]
  @spec split_tensor_along_last_dim!(Call.tensor(), integer(), boolean() | keyword()) ::
          [Tensor.t()]
  @spec split_tensor_along_last_dim!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          [Tensor.t()]
  def split_tensor_along_last_dim!(
    tensor,
    num_partitions \\ :__default__,
    contiguous_split_chunks \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(split_tensor_along_last_dim(
      tensor,
      num_partitions,
      contiguous_split_chunks,
      opts
    ))
  end

  @stateless_destroy_torch_distributed_process_group %Vllm.Call.Spec{
    function: "stateless_destroy_torch_distributed_process_group",
    path: "/vllm.distributed.v1.Distributed/StatelessDestroyTorchDistributedProcessGroup",
    params: [
      {:pg, 1, :process_group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc ~S"""
  End a process group of `stateless_init_torch_distributed_process_group`.

  Its connections are closed when the last reference to it is gone. Idempotent, local to the
  process. Also ends a group of `init_gloo_process_group`, whose store stays the caller's.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `pg` (`Vllm.Distributed.ProcessGroup.input()`) - the process group

  ## Errors

    * `"invalid_type"` - for anything but a process group
    * `"invalid_argument"` - for one that torch.distributed manages

  ## Example

      {:ok, nil} = Vllm.Distributed.stateless_destroy_torch_distributed_process_group(pg)
  """
  @spec stateless_destroy_torch_distributed_process_group(
    ProcessGroup.input() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec stateless_destroy_torch_distributed_process_group(
    Call.arg(ProcessGroup.input()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def stateless_destroy_torch_distributed_process_group(pg, opts \\ []) do
    Vllm.Call.run(@stateless_destroy_torch_distributed_process_group, [pg, opts])
  end

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc "Like `stateless_destroy_torch_distributed_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_destroy_torch_distributed_process_group!(
    ProcessGroup.input() | keyword()
  ) ::
          nil
  @spec stateless_destroy_torch_distributed_process_group!(
    Call.arg(ProcessGroup.input()),
    keyword()
  ) ::
          nil
  def stateless_destroy_torch_distributed_process_group!(pg, opts \\ []) do
    Vllm.Error.unwrap!(stateless_destroy_torch_distributed_process_group(pg, opts))
  end

  @stateless_init_torch_distributed_process_group %Vllm.Call.Spec{
    function: "stateless_init_torch_distributed_process_group",
    path: "/vllm.distributed.v1.Distributed/StatelessInitTorchDistributedProcessGroup",
    params: [
      {:host, 1, :string, :required},
      {:port, 2, :int, :required},
      {:rank, 3, :int, :required},
      {:world_size, 4, :int, :required},
      {:backend, 5, :string, :required},
      {:group_name, 6, {:nullable, :string}, :optional},
      {:return_store, 9, :bool, :optional},
      {:listen_socket, 7, :term, :optional},
      {:timeout, 8, {:nullable, :duration}, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc ~S"""
  Return a torch process group of `world_size` processes that touches no global state.

  Rank 0 serves a store at exactly `host`:`port`, the others connect to it; `rank` counts inside
  the new group. On rank 0, `listen_socket` is a TCP socket that is bound and listens already,
  whose port was published to the others: it becomes the group's, and `port` is its port or 0.
  Without one, `adopt_listen_socket` does the same, and else rank 0 binds `port` itself. `backend`
  is `gloo` (CPU tensors, and CUDA tensors where there is CUDA), `nccl` (tensors on the current
  CUDA device; gloo, with a warning, where it cannot run) or one per device
  (`cpu:gloo,cuda:nccl`). `timeout` (default: torch's 30 minutes) bounds the making of the group
  and each of its operations. With `return_store`, for Python alone, (group, store) is returned;
  the store is for keys of one's own.

  Collective over the members. A call that fails leaves nothing behind.

  Collective: every member of the group must make this call.

  ## Parameters

    * `host` (`String.t() | atom()`) - address of the group's rank 0, which serves the store
    * `port` (`integer()`) - port of rank 0
    * `rank` (`integer()`) - this process's rank inside the group
    * `world_size` (`integer()`) - number of ranks
    * `backend` (`String.t() | atom()`) - torch's backend, such as `gloo` or `nccl`
    * `group_name` (`String.t() | atom()`, default `nil`) - name of the group: its unique name for
      a lookup, such as `tp:0`
    * `return_store` (`boolean()`, default `false`) - for Python alone
    * `listen_socket` (`term()`, default `nil`) - a listening socket of the rank
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * `"invalid_argument"` - or a kind of it, for values that make no sense
    * `"unknown_backend"`
    * `"rendezvous_failed"` - if `host`:`port` cannot be bound, or not reached in time
    * `"roll_call_timeout"` - naming the ranks that did not come
    * `"roll_call_mismatch"` - if members pass different sizes, backends or names

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Distributed.stateless_init_torch_distributed_process_group("127.0.0.1", 29500, 0, 2, :gloo)
  """
  @spec stateless_init_torch_distributed_process_group(keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(String.t() | atom(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean(),
    term() | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_torch_distributed_process_group(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def stateless_init_torch_distributed_process_group(
    host,
    port \\ :__default__,
    rank \\ :__default__,
    world_size \\ :__default__,
    backend \\ :__default__,
    group_name \\ :__default__,
    return_store \\ :__default__,
    listen_socket \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@stateless_init_torch_distributed_process_group, [
      host,
      port,
      rank,
      world_size,
      backend,
      group_name,
      return_store,
      listen_socket,
      timeout,
      opts
    ])
  end

  @doc group: "Stateless groups"
  @doc since: "0.1.0"
  @doc "Like `stateless_init_torch_distributed_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_init_torch_distributed_process_group!(keyword()) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(String.t() | atom(), keyword()) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom() | keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil | keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean(),
    term() | keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    String.t() | atom(),
    String.t() | atom() | nil,
    boolean(),
    term(),
    integer() | nil | keyword()
  ) ::
          ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          ProcessGroup.t()
  def stateless_init_torch_distributed_process_group!(
    host,
    port \\ :__default__,
    rank \\ :__default__,
    world_size \\ :__default__,
    backend \\ :__default__,
    group_name \\ :__default__,
    return_store \\ :__default__,
    listen_socket \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(stateless_init_torch_distributed_process_group(
      host,
      port,
      rank,
      world_size,
      backend,
      group_name,
      return_store,
      listen_socket,
      timeout,
      opts
    ))
  end

  @suppress_stdout %Vllm.Call.Spec{
    function: "suppress_stdout",
    path: "/vllm.distributed.v1.Distributed/SuppressStdout",
    params: [],
    result: :object,
    inline: false,
    context_manager: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Discard what the process writes to its standard output while the context is entered.

  Works on the file descriptor, so that what libraries in C print is discarded too; standard error
  is left alone. Off, so that nothing is discarded, if `VLLM_LOGGING_LEVEL: DEBUG`, and where the
  process has no standard output. The descriptor is the whole process's: other threads' output is
  discarded as well. May be nested. Local to the process.

  Not collective: it concerns only the rank of its session.

  Returns a context, for `Vllm.with_context/3`. With a function as the last argument, it enters
  the context, runs the function with the context's value, exits the context and returns what the
  function returned.

  ## Example

      {:ok, result} = Vllm.Distributed.suppress_stdout(fn _value -> work() end)
  """
  @spec suppress_stdout() :: {:ok, Ref.t()} | {:error, Error.t()}
  @spec suppress_stdout(keyword() | (term() -> term())) ::
          {:ok, term()} | {:error, Error.t()}
  @spec suppress_stdout(keyword() | (term() -> term()), (term() -> term()) | nil) ::
          {:ok, term()} | {:error, Error.t()}
  def suppress_stdout(opts \\ [], fun \\ nil) do
    Vllm.Call.run(@suppress_stdout, [opts, fun])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `suppress_stdout`, but returns the value itself and raises `Vllm.Error`."
  @spec suppress_stdout!() :: Ref.t()
  @spec suppress_stdout!(keyword() | (term() -> term())) :: term()
  @spec suppress_stdout!(keyword() | (term() -> term()), (term() -> term()) | nil) :: term()
  def suppress_stdout!(opts \\ [], fun \\ nil) do
    Vllm.Error.unwrap!(suppress_stdout(opts, fun))
  end

  @suspend_device_comms %Vllm.Call.Spec{
    function: "suspend_device_comms",
    path: "/vllm.distributed.v1.Distributed/SuspendDeviceComms",
    params: [],
    result: :none,
    inline: false
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Give back the memory that the communicators of all groups can do without while none is used.

  On the CPU that is what members of a group share for large collectives. Everything already
  called must be over on this rank; ranks wait for each other in every group. The groups stay
  usable: a call that needs the memory gets it again.

  Collective over every group that this process is in.

  Collective: every member of the group must make this call.

  ## Errors

    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, nil} = Vllm.Distributed.suspend_device_comms()
  """
  @spec suspend_device_comms() :: {:ok, nil} | {:error, Error.t()}
  @spec suspend_device_comms(keyword()) :: {:ok, nil} | {:error, Error.t()}
  def suspend_device_comms(opts \\ []) do
    Vllm.Call.run(@suspend_device_comms, [opts])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `suspend_device_comms`, but returns the value itself and raises `Vllm.Error`."
  @spec suspend_device_comms!() :: nil
  @spec suspend_device_comms!(keyword()) :: nil
  def suspend_device_comms!(opts \\ []) do
    Vllm.Error.unwrap!(suspend_device_comms(opts))
  end

  @tensor_model_parallel_all_gather %Vllm.Call.Spec{
    function: "tensor_model_parallel_all_gather",
    path: "/vllm.distributed.v1.Distributed/TensorModelParallelAllGather",
    params: [
      {:input_, 1, :tensor, :required},
      {:dim, 2, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of the tensor parallel group concatenated along `dim`.

  As `Vllm.Distributed.GroupCoordinator.all_gather`. Collective over the tensor parallel group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.tensor_model_parallel_all_gather(tensor)
  """
  @spec tensor_model_parallel_all_gather(Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_all_gather(Call.tensor(), integer() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_all_gather(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def tensor_model_parallel_all_gather(input_, dim \\ :__default__, opts \\ []) do
    Vllm.Call.run(@tensor_model_parallel_all_gather, [input_, dim, opts])
  end

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc "Like `tensor_model_parallel_all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_all_gather!(Call.tensor() | keyword()) :: Tensor.t()
  @spec tensor_model_parallel_all_gather!(Call.tensor(), integer() | keyword()) ::
          Tensor.t()
  @spec tensor_model_parallel_all_gather!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  def tensor_model_parallel_all_gather!(input_, dim \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(tensor_model_parallel_all_gather(input_, dim, opts))
  end

  @tensor_model_parallel_all_reduce %Vllm.Call.Spec{
    function: "tensor_model_parallel_all_reduce",
    path: "/vllm.distributed.v1.Distributed/TensorModelParallelAllReduce",
    params: [
      {:input_, 1, :tensor, :required},
      {:op, 2, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc ~S"""
  Return the sum of the tensors of the tensor parallel group, or what else `op` says, in a new
  tensor.

  As `Vllm.Distributed.GroupCoordinator.all_reduce`. Collective over the tensor parallel group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.tensor_model_parallel_all_reduce(tensor)
  """
  @spec tensor_model_parallel_all_reduce(Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_all_reduce(Call.tensor(), String.t() | atom() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_all_reduce(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def tensor_model_parallel_all_reduce(input_, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@tensor_model_parallel_all_reduce, [input_, op, opts])
  end

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc "Like `tensor_model_parallel_all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_all_reduce!(Call.tensor() | keyword()) :: Tensor.t()
  @spec tensor_model_parallel_all_reduce!(Call.tensor(), String.t() | atom() | keyword()) ::
          Tensor.t()
  @spec tensor_model_parallel_all_reduce!(
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def tensor_model_parallel_all_reduce!(input_, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(tensor_model_parallel_all_reduce(input_, op, opts))
  end

  @tensor_model_parallel_gather %Vllm.Call.Spec{
    function: "tensor_model_parallel_gather",
    path: "/vllm.distributed.v1.Distributed/TensorModelParallelGather",
    params: [
      {:input_, 1, :tensor, :required},
      {:dst, 2, :int, :optional},
      {:dim, 3, :int, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc ~S"""
  Return, on `dst`, the tensors of the tensor parallel group concatenated; elsewhere `nil`.

  As `Vllm.Distributed.GroupCoordinator.gather`. Collective over the tensor parallel group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`, default `0`) - rank inside the group that receives
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, gathered_or_nil} =
        Vllm.Distributed.tensor_model_parallel_gather(tensor, dst: 0, dim: 0)
  """
  @spec tensor_model_parallel_gather(Call.tensor() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec tensor_model_parallel_gather(Call.tensor(), integer() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec tensor_model_parallel_gather(Call.tensor(), integer(), integer() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec tensor_model_parallel_gather(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def tensor_model_parallel_gather(
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@tensor_model_parallel_gather, [input_, dst, dim, opts])
  end

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc "Like `tensor_model_parallel_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_gather!(Call.tensor() | keyword()) :: Tensor.t() | nil
  @spec tensor_model_parallel_gather!(Call.tensor(), integer() | keyword()) ::
          Tensor.t() | nil
  @spec tensor_model_parallel_gather!(Call.tensor(), integer(), integer() | keyword()) ::
          Tensor.t() | nil
  @spec tensor_model_parallel_gather!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t() | nil
  def tensor_model_parallel_gather!(
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(tensor_model_parallel_gather(input_, dst, dim, opts))
  end

  @tensor_model_parallel_reduce_scatter %Vllm.Call.Spec{
    function: "tensor_model_parallel_reduce_scatter",
    path: "/vllm.distributed.v1.Distributed/TensorModelParallelReduceScatter",
    params: [
      {:input_, 1, :tensor, :required},
      {:dim, 2, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's part, along `dim`, of the sum over the tensor parallel group.

  As `Vllm.Distributed.GroupCoordinator.reduce_scatter`. Collective over the tensor parallel
  group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end

  ## Errors

    * `"group_not_initialized"` - before `initialize_model_parallel`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.tensor_model_parallel_reduce_scatter(tensor)
  """
  @spec tensor_model_parallel_reduce_scatter(Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_reduce_scatter(Call.tensor(), integer() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec tensor_model_parallel_reduce_scatter(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def tensor_model_parallel_reduce_scatter(input_, dim \\ :__default__, opts \\ []) do
    Vllm.Call.run(@tensor_model_parallel_reduce_scatter, [input_, dim, opts])
  end

  @doc group: "Tensor parallel"
  @doc since: "0.1.0"
  @doc "Like `tensor_model_parallel_reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_reduce_scatter!(Call.tensor() | keyword()) :: Tensor.t()
  @spec tensor_model_parallel_reduce_scatter!(Call.tensor(), integer() | keyword()) ::
          Tensor.t()
  @spec tensor_model_parallel_reduce_scatter!(
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  def tensor_model_parallel_reduce_scatter!(input_, dim \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(tensor_model_parallel_reduce_scatter(input_, dim, opts))
  end

  @verify_group_size_divides_partition %Vllm.Call.Spec{
    function: "verify_group_size_divides_partition",
    path: "/vllm.distributed.v1.Distributed/VerifyGroupSizeDividesPartition",
    params: [
      {:input_size_per_partition, 1, :int, :required},
      {:group_size, 2, :int, :required},
      {:layer_name, 3, {:nullable, :string}, :optional},
      {:extra_suggestion, 4, :string, :optional}
    ],
    result: :none,
    inline: true
  }

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc ~S"""
  Check that a rank's part of a layer's input holds whole groups of quantised weights.

  `group_size` is the number of weights that share a scale. `layer_name` and `extra_suggestion`
  are for the message.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `input_size_per_partition` (`integer()`) - inputs of the layer on one rank
    * `group_size` (`integer()`) - number of members
    * `layer_name` (`String.t() | atom()`, default `nil`) - name of the layer, for the message
    * `extra_suggestion` (`String.t() | atom()`, default `""`) - more words for the end of the
      message

  ## Errors

    * `"invalid_argument"` - naming both sizes, if it does not, or if `group_size` is zero
    * `"invalid_type"` - for what is no integer

  ## Example

      {:ok, nil} = Vllm.Distributed.verify_group_size_divides_partition(input_size_per_partition, 2)
  """
  @spec verify_group_size_divides_partition(keyword()) :: {:ok, nil} | {:error, Error.t()}
  @spec verify_group_size_divides_partition(integer(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec verify_group_size_divides_partition(
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec verify_group_size_divides_partition(
    integer(),
    integer(),
    String.t() | atom() | nil,
    String.t() | atom() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec verify_group_size_divides_partition(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def verify_group_size_divides_partition(
    input_size_per_partition,
    group_size \\ :__default__,
    layer_name \\ :__default__,
    extra_suggestion \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@verify_group_size_divides_partition, [
      input_size_per_partition,
      group_size,
      layer_name,
      extra_suggestion,
      opts
    ])
  end

  @doc group: "Helpers"
  @doc since: "0.1.0"
  @doc "Like `verify_group_size_divides_partition`, but returns the value itself and raises `Vllm.Error`."
  @spec verify_group_size_divides_partition!(keyword()) :: nil
  @spec verify_group_size_divides_partition!(integer(), integer() | keyword()) :: nil
  @spec verify_group_size_divides_partition!(
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          nil
  @spec verify_group_size_divides_partition!(
    integer(),
    integer(),
    String.t() | atom() | nil,
    String.t() | atom() | keyword()
  ) ::
          nil
  @spec verify_group_size_divides_partition!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          nil
  def verify_group_size_divides_partition!(
    input_size_per_partition,
    group_size \\ :__default__,
    layer_name \\ :__default__,
    extra_suggestion \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(verify_group_size_divides_partition(
      input_size_per_partition,
      group_size,
      layer_name,
      extra_suggestion,
      opts
    ))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      use_sched_yield: @use_sched_yield,
      all_gather: @all_gather,
      all_gather_fake: @all_gather_fake,
      all_reduce: @all_reduce,
      all_reduce_fake: @all_reduce_fake,
      broadcast_tensor_dict: @broadcast_tensor_dict,
      checkpoint_prepare_distributed_state: @checkpoint_prepare_distributed_state,
      checkpoint_restore_distributed_state: @checkpoint_restore_distributed_state,
      cleanup_dist_env_and_memory: @cleanup_dist_env_and_memory,
      compute_logical_maps: @compute_logical_maps,
      cpu_all_reduce_: @cpu_all_reduce_in_place,
      create_tcp_store: @create_tcp_store,
      destroy_distributed_environment: @destroy_distributed_environment,
      destroy_model_parallel: @destroy_model_parallel,
      direct_register_custom_op: @direct_register_custom_op,
      divide: @divide,
      ensure_divisibility: @ensure_divisibility,
      ensure_model_parallel_initialized: @ensure_model_parallel_initialized,
      expert_balancedness: @expert_balancedness,
      get_cached_tcp_store_client: @get_cached_tcp_store_client,
      get_context_model_parallel_group: @get_context_model_parallel_group,
      get_cpu_distributed_timeout_or_none: @get_cpu_distributed_timeout_or_none,
      get_current_parallel_config_or_none: @get_current_parallel_config_or_none,
      get_dcp_group: @get_dcp_group,
      get_dcp_world_size_and_rank: @get_dcp_world_size_and_rank,
      get_decode_context_model_parallel_rank: @get_decode_context_model_parallel_rank,
      get_decode_context_model_parallel_world_size: @get_decode_context_model_parallel_world_size,
      get_distributed_init_method: @get_distributed_init_method,
      get_distributed_timeout_or_none: @get_distributed_timeout_or_none,
      get_dp_group: @get_dp_group,
      get_engram_dp_group: @get_engram_dp_group,
      get_engram_dp_size: @get_engram_dp_size,
      get_ep_group: @get_ep_group,
      get_eplb_group: @get_eplb_group,
      get_etp_group: @get_etp_group,
      get_expert_map: @get_expert_map,
      get_expert_placement: @get_expert_placement,
      get_inner_dp_world_group: @get_inner_dp_world_group,
      get_node_count: @get_node_count,
      get_pcp_group: @get_pcp_group,
      get_pipeline_model_parallel_rank: @get_pipeline_model_parallel_rank,
      get_pp_group: @get_pp_group,
      get_pp_indices: @get_pp_indices,
      get_tcp_uri: @get_tcp_uri,
      get_tensor_model_parallel_rank: @get_tensor_model_parallel_rank,
      get_tensor_model_parallel_world_size: @get_tensor_model_parallel_world_size,
      get_tp_group: @get_tp_group,
      get_worker_rank_suffix: @get_worker_rank_suffix,
      get_world_group: @get_world_group,
      graph_capture: @graph_capture,
      in_the_same_node_as: @in_the_same_node_as,
      init_distributed_environment: @init_distributed_environment,
      init_gloo_process_group: @init_gloo_process_group,
      init_logger: @init_logger,
      init_model_parallel_group: @init_model_parallel_group,
      init_world_group: @init_world_group,
      initialize_model_parallel: @initialize_model_parallel,
      is_global_first_rank: @is_global_first_rank,
      is_local_first_rank: @is_local_first_rank,
      is_torch_equal_or_newer: @is_torch_equal_or_newer,
      is_weak_contiguous: @is_weak_contiguous,
      logger: @logger,
      model_parallel_is_initialized: @model_parallel_is_initialized,
      patch_tensor_parallel_group: @patch_tensor_parallel_group,
      patched_fused_scaled_matmul_reduce_scatter: @patched_fused_scaled_matmul_reduce_scatter,
      patched_fused_scaled_matmul_reduce_scatter_fake: @patched_fused_scaled_matmul_reduce_scatter_fake,
      prepare_communication_buffer_for_model: @prepare_communication_buffer_for_model,
      rebalance_experts: @rebalance_experts,
      reduce_scatter: @reduce_scatter,
      reduce_scatter_fake: @reduce_scatter_fake,
      resolve_obj_by_qualname: @resolve_obj_by_qualname,
      resume_device_comms: @resume_device_comms,
      sched_yield: @sched_yield,
      set_current_parallel_config: @set_current_parallel_config,
      set_custom_all_reduce: @set_custom_all_reduce,
      split_tensor_along_last_dim: @split_tensor_along_last_dim,
      stateless_destroy_torch_distributed_process_group: @stateless_destroy_torch_distributed_process_group,
      stateless_init_torch_distributed_process_group: @stateless_init_torch_distributed_process_group,
      suppress_stdout: @suppress_stdout,
      suspend_device_comms: @suspend_device_comms,
      tensor_model_parallel_all_gather: @tensor_model_parallel_all_gather,
      tensor_model_parallel_all_reduce: @tensor_model_parallel_all_reduce,
      tensor_model_parallel_gather: @tensor_model_parallel_gather,
      tensor_model_parallel_reduce_scatter: @tensor_model_parallel_reduce_scatter,
      verify_group_size_divides_partition: @verify_group_size_divides_partition
    ]
  end
end
