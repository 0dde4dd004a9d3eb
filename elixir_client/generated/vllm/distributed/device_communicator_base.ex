# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.DeviceCommunicatorBase do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  Moves and reduces the tensors of one group: checks the arguments, then sends.

  Complete as it is; code of one's own derives from it and overrides what it does in another way.
  `cpu_group` is the group over gloo, `device_group` the one for tensors on `device`; without a
  `device_group` the group is one rank alone. CPU tensors travel through `shared_memory` where a
  coordinator passes that of its members (of all, or of those of each node), else over the CPU
  group; tensors on a device travel over the device group, and where that is gloo like CPU
  tensors, by way of the host's memory. `unique_name` is for messages. `optimised` allows paths
  made for the device, such as an all-reduce through symmetric memory. `global_ranks` and
  `global_world_size` are accepted for code written against vLLM.

  Making one for a group on several devices is collective over the group. `src` and `dst` count
  inside the group. Results are new tensors, or what is passed as `out`. Errors are those of
  `Vllm.Distributed.GroupCoordinator`'s operations of the same names.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `unique_name` - The group's name, such as `tp:0`
    * `rank_in_group` - This process's number inside the group
    * `world_size` - The number of members
    * `device` - Where the group's tensors live, unless they are on the CPU
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref
  alias Vllm.Tensor

  defstruct [:ref, :unique_name, :rank_in_group, :world_size, :device]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          unique_name: String.t(),
          rank_in_group: integer(),
          world_size: integer(),
          device: String.t()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.DeviceCommunicatorBaseObject,
     [
       {:unique_name, :string, :shown},
       {:rank_in_group, :int, :shown},
       {:world_size, :int, :shown},
       {:device, :device, :shown}
     ]}
  end

  @dispatch %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.dispatch",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Dispatch",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:hidden_states, 2, :tensor, :required},
      {:topk_weights, 3, {:nullable, :tensor}, :optional},
      {:topk_ids, 4, {:nullable, :tensor}, :optional},
      {:is_sequence_parallel, 5, :bool, :optional},
      {:extra_tensors, 6, {:nullable, {:list, :tensor}}, :optional},
      {:sizes, 7, {:nullable, {:list, :int}}, :optional},
      {:router_logits, 8, {:nullable, :tensor}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the group's tokens with their routing; see `Vllm.Distributed.GroupCoordinator.dispatch`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `topk_weights` (`Vllm.Call.tensor()`, default `nil`) - weights of the experts chosen for
      each token
    * `topk_ids` (`Vllm.Call.tensor()`, default `nil`) - experts chosen for each token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `extra_tensors` (`[Vllm.Call.tensor()]`, default `nil`) - more tensors with a row per token,
      sent along
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank
    * `router_logits` (`Vllm.Call.tensor()`, default `nil`) - tensor with a row of router logits
      per token

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.dispatch(communicator, hidden_states)
  """
  @spec dispatch(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def dispatch(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@dispatch, [
      receiver,
      hidden_states,
      topk_weights,
      topk_ids,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      router_logits,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `dispatch`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch!(
    input(),
    Call.tensor() | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          term()
  def dispatch!(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(dispatch(
      receiver,
      hidden_states,
      topk_weights,
      topk_ids,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      router_logits,
      opts
    ))
  end

  @dispatch_router_logits %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.dispatch_router_logits",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/DispatchRouterLogits",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:hidden_states, 2, :tensor, :required},
      {:router_logits, 3, :tensor, :required},
      {:is_sequence_parallel, 4, :bool, :optional},
      {:extra_tensors, 5, {:nullable, {:list, :tensor}}, :optional},
      {:sizes, 6, {:nullable, {:list, :int}}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the group's tokens and logits; see
  `Vllm.Distributed.GroupCoordinator.dispatch_router_logits`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `router_logits` (`Vllm.Call.tensor()`) - tensor with a row of router logits per token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `extra_tensors` (`[Vllm.Call.tensor()]`, default `nil`) - more tensors with a row per token,
      sent along
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.dispatch_router_logits(communicator, hidden_states, router_logits)
  """
  @spec dispatch_router_logits(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def dispatch_router_logits(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@dispatch_router_logits, [
      receiver,
      hidden_states,
      router_logits,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `dispatch_router_logits`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch_router_logits!(input(), keyword()) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          term()
  def dispatch_router_logits!(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(dispatch_router_logits(
      receiver,
      hidden_states,
      router_logits,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      opts
    ))
  end

  @combine %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.combine",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Combine",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:hidden_states, 2, :tensor, :required},
      {:is_sequence_parallel, 3, :bool, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's tokens, summed over the group; see
  `Vllm.Distributed.GroupCoordinator.combine`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.combine(communicator, hidden_states)
  """
  @spec combine(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def combine(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@combine, [receiver, hidden_states, is_sequence_parallel, sizes, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `combine`, but returns the value itself and raises `Vllm.Error`."
  @spec combine!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def combine!(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(combine(receiver, hidden_states, is_sequence_parallel, sizes, opts))
  end

  @allocate_combine_input %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.allocate_combine_input",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllocateCombineInput",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:shape, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:device, 4, :device, :required},
      {:is_sequence_parallel, 5, :bool, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return memory for what is passed to `combine`; see
  `Vllm.Distributed.GroupCoordinator.allocate_combine_input`.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `shape` (`[integer()]`) - shape of the tensor
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `device` (`String.t() | atom()`) - a device such as `cpu` or `cuda:0`
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.allocate_combine_input(communicator, shape, :f32, "cpu")
  """
  @spec allocate_combine_input(input(), keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def allocate_combine_input(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@allocate_combine_input, [
      receiver,
      shape,
      dtype,
      device,
      is_sequence_parallel,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `allocate_combine_input`, but returns the value itself and raises `Vllm.Error`."
  @spec allocate_combine_input!(input(), keyword()) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          Tensor.t() | nil
  def allocate_combine_input!(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(allocate_combine_input(
      receiver,
      shape,
      dtype,
      device,
      is_sequence_parallel,
      opts
    ))
  end

  @combine_into_output %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.combine_into_output",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/CombineIntoOutput",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:hidden_states, 2, :tensor, :required},
      {:output, 3, :tensor, :required},
      {:is_sequence_parallel, 4, :bool, :optional},
      {:sizes, 5, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Write what `combine` returns into `output`, and return that. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `output` (`Vllm.Call.tensor()`) - tensor that the result is written into
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.combine_into_output(communicator, hidden_states, output)
  """
  @spec combine_into_output(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def combine_into_output(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@combine_into_output, [
      receiver,
      hidden_states,
      output,
      is_sequence_parallel,
      sizes,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `combine_into_output`, but returns the value itself and raises `Vllm.Error`."
  @spec combine_into_output!(input(), keyword()) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def combine_into_output!(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(combine_into_output(
      receiver,
      hidden_states,
      output,
      is_sequence_parallel,
      sizes,
      opts
    ))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_reduce",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduce",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:out, 3, {:nullable, :tensor}, :optional},
      {:op, 4, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the sum of the group's tensors, or what else `op` says. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.all_reduce(communicator, tensor)
  """
  @spec all_reduce(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce(receiver, input_, out \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce, [receiver, input_, out, op, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce!(receiver, input_, out \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(receiver, input_, out, op, opts))
  end

  @all_reduce_in_place %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_reduce_",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduceInPlace",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:op, 3, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace `input_` by what `all_reduce` returns. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.all_reduce_(communicator, tensor)
  """
  @spec all_reduce_(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce_(receiver, input_, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce_in_place, [receiver, input_, op, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce_!(
    input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce_!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce_!(receiver, input_, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_(receiver, input_, op, opts))
  end

  @cpu_all_reduce_in_place %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.cpu_all_reduce_",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/CpuAllReduceInPlace",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:tensor, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace a small tensor on the CPU by its sum over the group. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.cpu_all_reduce_(communicator, tensor)
  """
  @spec cpu_all_reduce_(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(
    input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def cpu_all_reduce_(receiver, tensor, opts \\ []) do
    Vllm.Call.run(@cpu_all_reduce_in_place, [receiver, tensor, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `cpu_all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_all_reduce_!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec cpu_all_reduce_!(
    input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          Tensor.t()
  def cpu_all_reduce_!(receiver, tensor, opts \\ []) do
    Vllm.Error.unwrap!(cpu_all_reduce_(receiver, tensor, opts))
  end

  @all_gather %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_gather",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllGather",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:out, 4, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of all ranks concatenated along `dim`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.all_gather(communicator, tensor)
  """
  @spec all_gather(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_gather(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_gather, [receiver, input_, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def all_gather!(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_gather(receiver, input_, dim, out, opts))
  end

  @all_gatherv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_gatherv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllGatherv",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :term, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional},
      {:out, 5, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of all ranks, `sizes` long along `dim`, concatenated along it.

  Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`term()`) - the tensor
    * `dim` (`integer()`, default `0`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank
    * `out` (`term()`, default `nil`) - a tensor that the result is written into, or a list of
      them: refs

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.all_gatherv(communicator, tensor)
  """
  @spec all_gatherv(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def all_gatherv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@all_gatherv, [receiver, input_, dim, sizes, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_gatherv`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gatherv!(input(), term() | keyword()) ::
          term()
  @spec all_gatherv!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def all_gatherv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(all_gatherv(receiver, input_, dim, sizes, out, opts))
  end

  @reduce_scatter %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.reduce_scatter",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:out, 4, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's equal part along `dim` of the sum. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.reduce_scatter(communicator, tensor)
  """
  @spec reduce_scatter(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatter(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Call.run(@reduce_scatter, [receiver, input_, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatter!(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(reduce_scatter(receiver, input_, dim, out, opts))
  end

  @reduce_scatterv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.reduce_scatterv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatterv",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's part, of `sizes` along `dim`, of the sum. Collective.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.reduce_scatterv(communicator, tensor)
  """
  @spec reduce_scatterv(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatterv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatterv, [receiver, input_, dim, sizes, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatterv`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatterv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatterv(receiver, input_, dim, sizes, out, opts))
  end

  @reduce_scatterv_into_output %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.reduce_scatterv_into_output",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScattervIntoOutput",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:output, 3, :tensor, :required},
      {:dim, 4, :int, :optional},
      {:sizes, 5, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Write what `reduce_scatterv` returns into `output`, and return that. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `output` (`Vllm.Call.tensor()`) - tensor that the result is written into
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.reduce_scatterv_into_output(communicator, tensor, output)
  """
  @spec reduce_scatterv_into_output(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatterv_into_output(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatterv_into_output, [receiver, input_, output, dim, sizes, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatterv_into_output`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv_into_output!(
    input(),
    keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatterv_into_output!(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatterv_into_output(receiver, input_, output, dim, sizes, opts))
  end

  @gather %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.gather",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Gather",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:input_, 2, :tensor, :required},
      {:dst, 3, :int, :optional},
      {:dim, 4, :int, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return on `dst` what `all_gather` would, elsewhere `nil`. Collective over the group.

  `out` is for `dst` alone.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`, default `0`) - rank inside the group that receives
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.gather(communicator, tensor)
  """
  @spec gather(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def gather(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@gather, [receiver, input_, dst, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `gather`, but returns the value itself and raises `Vllm.Error`."
  @spec gather!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t() | nil
  def gather!(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(gather(receiver, input_, dst, dim, out, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.broadcast",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Broadcast",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:tensor, 2, :tensor, :required},
      {:src, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace `tensor` by the one of `src`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `src` (`integer()`, default `0`) - rank inside the group that sends

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.broadcast(communicator, tensor)
  """
  @spec broadcast(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def broadcast(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast, [receiver, tensor, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec broadcast!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec broadcast!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  def broadcast!(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast(receiver, tensor, src, opts))
  end

  @send %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.send",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Send",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send to one rank (default: the next), which calls `recv`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`, default `nil`) - rank inside the group that receives

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.send(communicator, tensor)
  """
  @spec send(input(), Call.tensor() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def send(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(input(), Call.tensor() | keyword()) ::
          nil
  @spec send!(
    input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          nil
  @spec send!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  def send!(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.recv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Recv",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:size, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:src, 4, {:nullable, :int}, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Receive a tensor on the group's device from one rank (default: the previous).

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `size` (`[non_neg_integer()]`) - shape, a list of extents
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `src` (`integer()`, default `nil`) - rank inside the group that sends
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.DeviceCommunicatorBase.recv(communicator, [2, 3], :f32)
  """
  @spec recv(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def recv(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@recv, [receiver, size, dtype, src, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(input(), keyword()) :: Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def recv!(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(recv(receiver, size, dtype, src, out, opts))
  end

  @batch_isend_irecv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.batch_isend_irecv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/BatchIsendIrecv",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:p2p_ops, 2, :term, :required}
    ],
    result: {:list, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Do several sends and receives at once, in whatever order peers come to theirs.

  Each is a `torch.distributed.P2POp` of this group, or a tuple (`"send"` or `"recv"`, tensor,
  peer) whose peer counts inside the group. A receive writes into its tensor. Returns the tensors
  that were received, in the order of the list, when all is done. Meets the peers'
  `batch_isend_irecv` and no other call: what one rank sends to another there arrives in the order
  it was sent. The list may be empty. Local to the ranks it names.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `p2p_ops` (`term()`) - list of `{"send", tensor, dst}` and `{"recv", tensor, src}`

  ## Errors

    * `"invalid_type"`, `"invalid_rank"`, `"invalid_argument"` - before anything is sent
    * `"collective_failed"`, `"collective_timeout"` - if a peer is gone or does not take part

  ## Example

      {:ok, list} = Vllm.Distributed.DeviceCommunicatorBase.batch_isend_irecv(communicator, p2p_ops)
  """
  @spec batch_isend_irecv(input(), term() | keyword()) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  @spec batch_isend_irecv(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, [Tensor.t()]} | {:error, Error.t()}
  def batch_isend_irecv(receiver, p2p_ops, opts \\ []) do
    Vllm.Call.run(@batch_isend_irecv, [receiver, p2p_ops, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `batch_isend_irecv`, but returns the value itself and raises `Vllm.Error`."
  @spec batch_isend_irecv!(input(), term() | keyword()) ::
          [Tensor.t()]
  @spec batch_isend_irecv!(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          [Tensor.t()]
  def batch_isend_irecv!(receiver, p2p_ops, opts \\ []) do
    Vllm.Error.unwrap!(batch_isend_irecv(receiver, p2p_ops, opts))
  end

  @get_symmetric_memory_buffer %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.get_symmetric_memory_buffer",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/GetSymmetricMemoryBuffer",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:role, 2, :string, :required},
      {:shape, 3, {:list, :int}, :required},
      {:dtype, 4, :dtype, :required},
      {:device, 5, :device, :required}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return memory that the group's devices reach directly, for a use named `role`.

  `nil` where the group has none to give away, as here: collectives take any memory. One's own
  communicator may have some.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `role` (`String.t() | atom()`) - name of what the memory is for
    * `shape` (`[integer()]`) - shape of the tensor
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `device` (`String.t() | atom()`) - a device such as `cpu` or `cuda:0`

  ## Errors

    * `"invalid_type"`, `"invalid_argument"` - for what is no shape or dtype

  ## Example

      {:ok, value} = Vllm.Distributed.DeviceCommunicatorBase.get_symmetric_memory_buffer(communicator, role, shape, :f32, "cpu")
  """
  @spec get_symmetric_memory_buffer(input(), keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec get_symmetric_memory_buffer(
    input(),
    String.t() | atom(),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec get_symmetric_memory_buffer(
    input(),
    String.t() | atom(),
    [integer()],
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec get_symmetric_memory_buffer(
    input(),
    String.t() | atom(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec get_symmetric_memory_buffer(
    input(),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def get_symmetric_memory_buffer(
    receiver,
    role,
    shape \\ :__default__,
    dtype \\ :__default__,
    device \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@get_symmetric_memory_buffer, [receiver, role, shape, dtype, device, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `get_symmetric_memory_buffer`, but returns the value itself and raises `Vllm.Error`."
  @spec get_symmetric_memory_buffer!(
    input(),
    keyword()
  ) ::
          Tensor.t() | nil
  @spec get_symmetric_memory_buffer!(
    input(),
    String.t() | atom(),
    keyword()
  ) ::
          Tensor.t() | nil
  @spec get_symmetric_memory_buffer!(
    input(),
    String.t() | atom(),
    [integer()],
    keyword()
  ) ::
          Tensor.t() | nil
  @spec get_symmetric_memory_buffer!(
    input(),
    String.t() | atom(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t() | nil
  @spec get_symmetric_memory_buffer!(
    input(),
    Call.arg(String.t() | atom()),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t() | nil
  def get_symmetric_memory_buffer!(
    receiver,
    role,
    shape \\ :__default__,
    dtype \\ :__default__,
    device \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(get_symmetric_memory_buffer(receiver, role, shape, dtype, device, opts))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/PrepareCommunicationBufferForModel",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required},
      {:model, 2, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Size buffers from the model. The transports here need none; one's own may.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it
    * `model` (`Vllm.Call.object()`) - a `torch.nn.Module` of the rank

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.prepare_communication_buffer_for_model(communicator, model)
  """
  @spec prepare_communication_buffer_for_model(
    input(),
    Call.object() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec prepare_communication_buffer_for_model(
    input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def prepare_communication_buffer_for_model(receiver, model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [receiver, model, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(
    input(),
    Call.object() | keyword()
  ) ::
          nil
  @spec prepare_communication_buffer_for_model!(
    input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          nil
  def prepare_communication_buffer_for_model!(receiver, model, opts \\ []) do
    Vllm.Error.unwrap!(prepare_communication_buffer_for_model(receiver, model, opts))
  end

  @suspend %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.suspend",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Suspend",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Give back memory that can be had again, which is what ranks share for large collectives.

  Collective over the group. A later call gets it again.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.suspend(communicator)
  """
  @spec suspend(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec suspend(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def suspend(receiver, opts \\ []) do
    Vllm.Call.run(@suspend, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `suspend`, but returns the value itself and raises `Vllm.Error`."
  @spec suspend!(input()) :: nil
  @spec suspend!(input(), keyword()) :: nil
  def suspend!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(suspend(receiver, opts))
  end

  @resume %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.resume",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Resume",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Get back what `suspend` gave up, if it did. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.resume(communicator)
  """
  @spec resume(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec resume(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def resume(receiver, opts \\ []) do
    Vllm.Call.run(@resume, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `resume`, but returns the value itself and raises `Vllm.Error`."
  @spec resume!(input()) :: nil
  @spec resume!(input(), keyword()) :: nil
  def resume!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(resume(receiver, opts))
  end

  @checkpoint_prepare %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.checkpoint_prepare",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/CheckpointPrepare",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Do as `suspend`, for a checkpoint of the process. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.checkpoint_prepare(communicator)
  """
  @spec checkpoint_prepare(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec checkpoint_prepare(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def checkpoint_prepare(receiver, opts \\ []) do
    Vllm.Call.run(@checkpoint_prepare, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `checkpoint_prepare`, but returns the value itself and raises `Vllm.Error`."
  @spec checkpoint_prepare!(input()) :: nil
  @spec checkpoint_prepare!(input(), keyword()) :: nil
  def checkpoint_prepare!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(checkpoint_prepare(receiver, opts))
  end

  @checkpoint_restore %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.checkpoint_restore",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/CheckpointRestore",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Do as `resume`, after a checkpoint of the process. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.checkpoint_restore(communicator)
  """
  @spec checkpoint_restore(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec checkpoint_restore(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def checkpoint_restore(receiver, opts \\ []) do
    Vllm.Call.run(@checkpoint_restore, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `checkpoint_restore`, but returns the value itself and raises `Vllm.Error`."
  @spec checkpoint_restore!(input()) :: nil
  @spec checkpoint_restore!(input(), keyword()) :: nil
  def checkpoint_restore!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(checkpoint_restore(receiver, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.destroy",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Destroy",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.DeviceCommunicatorBase}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Give back what is held besides the process groups.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.DeviceCommunicatorBase.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.DeviceCommunicatorBase.destroy(communicator)
  """
  @spec destroy(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec destroy(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def destroy(receiver, opts \\ []) do
    Vllm.Call.run(@destroy, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `destroy`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy!(input()) :: nil
  @spec destroy!(input(), keyword()) :: nil
  def destroy!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(destroy(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      dispatch: @dispatch,
      dispatch_router_logits: @dispatch_router_logits,
      combine: @combine,
      allocate_combine_input: @allocate_combine_input,
      combine_into_output: @combine_into_output,
      all_reduce: @all_reduce,
      all_reduce_: @all_reduce_in_place,
      cpu_all_reduce_: @cpu_all_reduce_in_place,
      all_gather: @all_gather,
      all_gatherv: @all_gatherv,
      reduce_scatter: @reduce_scatter,
      reduce_scatterv: @reduce_scatterv,
      reduce_scatterv_into_output: @reduce_scatterv_into_output,
      gather: @gather,
      broadcast: @broadcast,
      send: @send,
      recv: @recv,
      batch_isend_irecv: @batch_isend_irecv,
      get_symmetric_memory_buffer: @get_symmetric_memory_buffer,
      prepare_communication_buffer_for_model: @prepare_communication_buffer_for_model,
      suspend: @suspend,
      resume: @resume,
      checkpoint_prepare: @checkpoint_prepare,
      checkpoint_restore: @checkpoint_restore,
      destroy: @destroy
    ]
  end
end
