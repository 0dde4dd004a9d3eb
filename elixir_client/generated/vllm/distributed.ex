# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed do
  @moduledoc ~S"""
  Tensor, pipeline, data, context and expert parallel groups, and the collectives on them.

  Drop-in by name for `vllm.distributed`, on plain PyTorch.
  """
  @use_sched_yield %Vllm.Call.Spec{
    function: "USE_SCHED_YIELD",
    path: "/vllm.distributed.v1.Distributed/UseSchedYield",
    params: [],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether `sched_yield` asks the operating system.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec use_sched_yield() :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec use_sched_yield(keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def use_sched_yield(opts \\ []) do
    Vllm.Call.run(@use_sched_yield, [opts])
  end

  @doc "Like `use_sched_yield`, but returns the value itself and raises `Vllm.Error`."
  @spec use_sched_yield!() :: boolean()
  @spec use_sched_yield!(keyword()) :: boolean()
  def use_sched_yield!(opts \\ []) do
    Vllm.Error.unwrap!(use_sched_yield(opts))
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

  @doc ~S"""
  Return the dict of rank `src` of the tensor parallel group; other ranks pass None.

  As `GroupCoordinator.broadcast_tensor_dict`. In a process that is in no world the dict is
  returned as it is. Collective over the tensor parallel group. Raises
  `GroupNotInitializedError` between `init_distributed_environment` and
  `initialize_model_parallel`.

  Python: `broadcast_tensor_dict(tensor_dict=None, src=0)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_tensor_dict() :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(term(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_tensor_dict(tensor_dict \\ :"$unset", src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast_tensor_dict, [tensor_dict, src, opts])
  end

  @doc "Like `broadcast_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_tensor_dict!() :: term()
  @spec broadcast_tensor_dict!(term() | keyword()) :: term()
  @spec broadcast_tensor_dict!(term(), integer() | keyword()) :: term()
  @spec broadcast_tensor_dict!(term(), integer(), keyword()) :: term()
  def broadcast_tensor_dict!(tensor_dict \\ :"$unset", src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast_tensor_dict(tensor_dict, src, opts))
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

  @doc ~S"""
  Undo everything: destroy groups and environment, collect garbage, empty the accelerator's
  cache, and with `shutdown_ray` shut Ray down. Idempotent, local to the process.

  Python: `cleanup_dist_env_and_memory(shutdown_ray=False)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec cleanup_dist_env_and_memory() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec cleanup_dist_env_and_memory(boolean() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec cleanup_dist_env_and_memory(boolean(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def cleanup_dist_env_and_memory(shutdown_ray \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@cleanup_dist_env_and_memory, [shutdown_ray, opts])
  end

  @doc "Like `cleanup_dist_env_and_memory`, but returns the value itself and raises `Vllm.Error`."
  @spec cleanup_dist_env_and_memory!() :: nil
  @spec cleanup_dist_env_and_memory!(boolean() | keyword()) :: nil
  @spec cleanup_dist_env_and_memory!(boolean(), keyword()) :: nil
  def cleanup_dist_env_and_memory!(shutdown_ray \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(cleanup_dist_env_and_memory(shutdown_ray, opts))
  end

  @destroy_distributed_environment %Vllm.Call.Spec{
    function: "destroy_distributed_environment",
    path: "/vllm.distributed.v1.Distributed/DestroyDistributedEnvironment",
    params: [],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Leave the world: destroy every group and stop serving. Idempotent, local to the process.

  Destroys the model parallel groups too, which cannot outlive the world. torch.distributed is
  left initialised if somebody else had initialised it.

  Python: `destroy_distributed_environment()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec destroy_distributed_environment() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec destroy_distributed_environment(keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def destroy_distributed_environment(opts \\ []) do
    Vllm.Call.run(@destroy_distributed_environment, [opts])
  end

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

  @doc ~S"""
  Destroy the model parallel groups; the world stays. Idempotent, local to the process.

  The next `initialize_model_parallel` gives the groups the names they had (`tp:0`).

  Python: `destroy_model_parallel()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec destroy_model_parallel() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec destroy_model_parallel(keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def destroy_model_parallel(opts \\ []) do
    Vllm.Call.run(@destroy_model_parallel, [opts])
  end

  @doc "Like `destroy_model_parallel`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy_model_parallel!() :: nil
  @spec destroy_model_parallel!(keyword()) :: nil
  def destroy_model_parallel!(opts \\ []) do
    Vllm.Error.unwrap!(destroy_model_parallel(opts))
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

  @doc ~S"""
  Return `numerator / denominator`, having checked that it is a whole number.

  Raises `InvalidArgumentError` if it is not.

  >>> divide(12, 4)
  3

  Python: `divide(numerator, denominator)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec divide(integer(), integer()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec divide(integer(), integer(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def divide(numerator, denominator, opts \\ []) do
    Vllm.Call.run(@divide, [numerator, denominator, opts])
  end

  @doc "Like `divide`, but returns the value itself and raises `Vllm.Error`."
  @spec divide!(integer(), integer()) :: integer()
  @spec divide!(integer(), integer(), keyword()) :: integer()
  def divide!(numerator, denominator, opts \\ []) do
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

  @doc ~S"""
  Check that `denominator` divides `numerator`.

  Raises `InvalidArgumentError` naming both if it does not, or if it is zero.

  >>> ensure_divisibility(12, 4)

  Python: `ensure_divisibility(numerator, denominator)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec ensure_divisibility(integer(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_divisibility(integer(), integer(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def ensure_divisibility(numerator, denominator, opts \\ []) do
    Vllm.Call.run(@ensure_divisibility, [numerator, denominator, opts])
  end

  @doc "Like `ensure_divisibility`, but returns the value itself and raises `Vllm.Error`."
  @spec ensure_divisibility!(integer(), integer()) :: nil
  @spec ensure_divisibility!(integer(), integer(), keyword()) :: nil
  def ensure_divisibility!(numerator, denominator, opts \\ []) do
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
      {:data_parallel_size, 6, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Make the model parallel groups, or check that those that exist have these sizes.

  All five sizes are compared, data parallel only if it is given. Collective over the world where
  the groups do not exist yet. Raises as `initialize_model_parallel` does, and
  `EnvironmentConflictError` naming both if the sizes differ.

  Python: `ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size=1, decode_context_model_parallel_size=1, backend=None, data_parallel_size=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec ensure_model_parallel_initialized(integer(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@ensure_model_parallel_initialized, [tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, opts])
  end

  @doc "Like `ensure_model_parallel_initialized`, but returns the value itself and raises `Vllm.Error`."
  @spec ensure_model_parallel_initialized!(integer(), integer()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, keyword()) :: nil
  def ensure_model_parallel_initialized!(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, opts))
  end

  @get_context_model_parallel_group %Vllm.Call.Spec{
    function: "get_context_model_parallel_group",
    path: "/vllm.distributed.v1.Distributed/GetContextModelParallelGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return this rank's decode context parallel group, by its older name.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_context_model_parallel_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_context_model_parallel_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_context_model_parallel_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_context_model_parallel_group(opts \\ []) do
    Vllm.Call.run(@get_context_model_parallel_group, [opts])
  end

  @doc "Like `get_context_model_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_context_model_parallel_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_context_model_parallel_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def get_context_model_parallel_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_context_model_parallel_group(opts))
  end

  @get_dcp_group %Vllm.Call.Spec{
    function: "get_dcp_group",
    path: "/vllm.distributed.v1.Distributed/GetDcpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return this rank's decode context parallel group, a part of its tensor parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_dcp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_dcp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_dcp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_dcp_group(opts \\ []) do
    Vllm.Call.run(@get_dcp_group, [opts])
  end

  @doc "Like `get_dcp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dcp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_dcp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return (size, rank inside) of the decode context parallel group; (1, 0) if not `enabled`.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`, if `enabled`.

  Python: `get_dcp_world_size_and_rank(enabled=True)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_dcp_world_size_and_rank() :: {:ok, {integer(), integer()}} | {:error, Vllm.Error.t()}
  @spec get_dcp_world_size_and_rank(boolean() | keyword()) :: {:ok, {integer(), integer()}} | {:error, Vllm.Error.t()}
  @spec get_dcp_world_size_and_rank(boolean(), keyword()) :: {:ok, {integer(), integer()}} | {:error, Vllm.Error.t()}
  def get_dcp_world_size_and_rank(enabled \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@get_dcp_world_size_and_rank, [enabled, opts])
  end

  @doc "Like `get_dcp_world_size_and_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dcp_world_size_and_rank!() :: {integer(), integer()}
  @spec get_dcp_world_size_and_rank!(boolean() | keyword()) :: {integer(), integer()}
  @spec get_dcp_world_size_and_rank!(boolean(), keyword()) :: {integer(), integer()}
  def get_dcp_world_size_and_rank!(enabled \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(get_dcp_world_size_and_rank(enabled, opts))
  end

  @get_decode_context_model_parallel_rank %Vllm.Call.Spec{
    function: "get_decode_context_model_parallel_rank",
    path: "/vllm.distributed.v1.Distributed/GetDecodeContextModelParallelRank",
    params: [],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Return this rank's number inside the decode context parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_decode_context_model_parallel_rank()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_decode_context_model_parallel_rank() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_decode_context_model_parallel_rank(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_decode_context_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_decode_context_model_parallel_rank, [opts])
  end

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

  @doc ~S"""
  Return the number of ranks in the decode context parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_decode_context_model_parallel_world_size()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_decode_context_model_parallel_world_size() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_decode_context_model_parallel_world_size(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_decode_context_model_parallel_world_size(opts \\ []) do
    Vllm.Call.run(@get_decode_context_model_parallel_world_size, [opts])
  end

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

  @doc ~S"""
  Return the `distributed_init_method` for a world whose rank 0 listens on `ip:port`.

  >>> get_distributed_init_method("127.0.0.1", 29500)
  'tcp://127.0.0.1:29500'

  Python: `get_distributed_init_method(ip, port)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_distributed_init_method(String.t(), integer()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  @spec get_distributed_init_method(String.t(), integer(), keyword()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  def get_distributed_init_method(ip, port, opts \\ []) do
    Vllm.Call.run(@get_distributed_init_method, [ip, port, opts])
  end

  @doc "Like `get_distributed_init_method`, but returns the value itself and raises `Vllm.Error`."
  @spec get_distributed_init_method!(String.t(), integer()) :: String.t()
  @spec get_distributed_init_method!(String.t(), integer(), keyword()) :: String.t()
  def get_distributed_init_method!(ip, port, opts \\ []) do
    Vllm.Error.unwrap!(get_distributed_init_method(ip, port, opts))
  end

  @get_dp_group %Vllm.Call.Spec{
    function: "get_dp_group",
    path: "/vllm.distributed.v1.Distributed/GetDpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return this rank's data parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_dp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_dp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_dp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_dp_group(opts \\ []) do
    Vllm.Call.run(@get_dp_group, [opts])
  end

  @doc "Like `get_dp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_dp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_dp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def get_dp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_dp_group(opts))
  end

  @get_ep_group %Vllm.Call.Spec{
    function: "get_ep_group",
    path: "/vllm.distributed.v1.Distributed/GetEpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return this rank's expert parallel group: data x prefill context x tensor of its stage.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`, and where the model is
  known to be dense: dense models have no expert parallel group.

  Python: `get_ep_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_ep_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_ep_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_ep_group(opts \\ []) do
    Vllm.Call.run(@get_ep_group, [opts])
  end

  @doc "Like `get_ep_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_ep_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_ep_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return this rank's group for balancing the load of experts.

  Raises `GroupNotInitializedError` where load balancing is off.

  Python: `get_eplb_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_eplb_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_eplb_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_eplb_group(opts \\ []) do
    Vllm.Call.run(@get_eplb_group, [opts])
  end

  @doc "Like `get_eplb_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_eplb_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_eplb_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def get_eplb_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_eplb_group(opts))
  end

  @get_inner_dp_world_group %Vllm.Call.Spec{
    function: "get_inner_dp_world_group",
    path: "/vllm.distributed.v1.Distributed/GetInnerDpWorldGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return the group of all ranks of this data parallel replica, where it spans several nodes.

  Raises `GroupNotInitializedError` where a replica is on one node: it is made by
  `init_distributed_environment` under a configuration with more nodes than one within a replica.

  Python: `get_inner_dp_world_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_inner_dp_world_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_inner_dp_world_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_inner_dp_world_group(opts \\ []) do
    Vllm.Call.run(@get_inner_dp_world_group, [opts])
  end

  @doc "Like `get_inner_dp_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_inner_dp_world_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_inner_dp_world_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return on how many nodes the world's ranks are: places that share memory.

  Found out when the world was joined, so not collective. Raises
  `EnvironmentNotInitializedError` before `init_distributed_environment`.

  Python: `get_node_count()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_node_count() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_node_count(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_node_count(opts \\ []) do
    Vllm.Call.run(@get_node_count, [opts])
  end

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

  @doc ~S"""
  Return this rank's prefill context parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_pcp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_pcp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_pcp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_pcp_group(opts \\ []) do
    Vllm.Call.run(@get_pcp_group, [opts])
  end

  @doc "Like `get_pcp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pcp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_pcp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return this rank's stage: its number inside the pipeline parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_pipeline_model_parallel_rank()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_pipeline_model_parallel_rank() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_pipeline_model_parallel_rank(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_pipeline_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_pipeline_model_parallel_rank, [opts])
  end

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

  @doc ~S"""
  Return this rank's pipeline parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_pp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_pp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_pp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_pp_group(opts \\ []) do
    Vllm.Call.run(@get_pp_group, [opts])
  end

  @doc "Like `get_pp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_pp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return the layers of a pipeline stage as (first, one past the last).

  Layers are shared out evenly. Layers that remain go one each to the stages before the last,
  from the back, because the last stage also holds the final norm and the output embedding; where
  there are few enough the first stage, with the input embedding, gets none either.
  `VLLM_PP_LAYER_PARTITION`, such as `5,5,6`, overrides this with the layer count of each stage.

  Raises `InvalidArgumentError` if the rank is not a stage, the sizes are not positive, or the
  setting has another number of stages, another sum or is not a list of numbers.

  >>> [get_pp_indices(10, stage, 4) for stage in range(4)]
  [(0, 2), (2, 5), (5, 8), (8, 10)]

  Python: `get_pp_indices(num_hidden_layers, pp_rank, pp_size)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_pp_indices(integer(), integer(), integer()) :: {:ok, {integer(), integer()}} | {:error, Vllm.Error.t()}
  @spec get_pp_indices(integer(), integer(), integer(), keyword()) :: {:ok, {integer(), integer()}} | {:error, Vllm.Error.t()}
  def get_pp_indices(num_hidden_layers, pp_rank, pp_size, opts \\ []) do
    Vllm.Call.run(@get_pp_indices, [num_hidden_layers, pp_rank, pp_size, opts])
  end

  @doc "Like `get_pp_indices`, but returns the value itself and raises `Vllm.Error`."
  @spec get_pp_indices!(integer(), integer(), integer()) :: {integer(), integer()}
  @spec get_pp_indices!(integer(), integer(), integer(), keyword()) :: {integer(), integer()}
  def get_pp_indices!(num_hidden_layers, pp_rank, pp_size, opts \\ []) do
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

  @doc ~S"""
  Return `tcp://ip:port`, with brackets around an IPv6 address.

  >>> get_tcp_uri("::1", 29500)
  'tcp://[::1]:29500'

  Python: `get_tcp_uri(ip, port)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_tcp_uri(String.t(), integer()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  @spec get_tcp_uri(String.t(), integer(), keyword()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  def get_tcp_uri(ip, port, opts \\ []) do
    Vllm.Call.run(@get_tcp_uri, [ip, port, opts])
  end

  @doc "Like `get_tcp_uri`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tcp_uri!(String.t(), integer()) :: String.t()
  @spec get_tcp_uri!(String.t(), integer(), keyword()) :: String.t()
  def get_tcp_uri!(ip, port, opts \\ []) do
    Vllm.Error.unwrap!(get_tcp_uri(ip, port, opts))
  end

  @get_tensor_model_parallel_rank %Vllm.Call.Spec{
    function: "get_tensor_model_parallel_rank",
    path: "/vllm.distributed.v1.Distributed/GetTensorModelParallelRank",
    params: [],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Return this rank's number inside the tensor parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_tensor_model_parallel_rank()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_tensor_model_parallel_rank() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_tensor_model_parallel_rank(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_tensor_model_parallel_rank(opts \\ []) do
    Vllm.Call.run(@get_tensor_model_parallel_rank, [opts])
  end

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

  @doc ~S"""
  Return the number of ranks in the tensor parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_tensor_model_parallel_world_size()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_tensor_model_parallel_world_size() :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_tensor_model_parallel_world_size(keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_tensor_model_parallel_world_size(opts \\ []) do
    Vllm.Call.run(@get_tensor_model_parallel_world_size, [opts])
  end

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

  @doc ~S"""
  Return this rank's tensor parallel group.

  Raises `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `get_tp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_tp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_tp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_tp_group(opts \\ []) do
    Vllm.Call.run(@get_tp_group, [opts])
  end

  @doc "Like `get_tp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_tp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_tp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def get_tp_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_tp_group(opts))
  end

  @get_world_group %Vllm.Call.Spec{
    function: "get_world_group",
    path: "/vllm.distributed.v1.Distributed/GetWorldGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return the group of all ranks.

  Raises `EnvironmentNotInitializedError` before `init_distributed_environment`.

  Python: `get_world_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_world_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_world_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_world_group(opts \\ []) do
    Vllm.Call.run(@get_world_group, [opts])
  end

  @doc "Like `get_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_world_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_world_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def get_world_group!(opts \\ []) do
    Vllm.Error.unwrap!(get_world_group(opts))
  end

  @in_the_same_node_as %Vllm.Call.Spec{
    function: "in_the_same_node_as",
    path: "/vllm.distributed.v1.Distributed/InTheSameNodeAs",
    params: [
      {:pg, 1, :process_group, :required},
      {:source_rank, 2, :int, :optional}
    ],
    result: {:list, :bool},
    inline: false
  }

  @doc ~S"""
  Return, for each rank of `pg`, whether it shares memory with rank `source_rank` of it.

  Tested with a real shared-memory segment: the source writes a random number into one that only
  its own user can open, the others try to read it. `pg` is a torch process group that can carry
  CPU tensors. Raises `InvalidTypeError` for anything else, `InvalidRankError` if `source_rank` is
  not in the group, `InvalidArgumentError` for an NCCL group. Collective over `pg`.

  Python: `in_the_same_node_as(pg, source_rank=0)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec in_the_same_node_as(Vllm.Distributed.ProcessGroup.t()) :: {:ok, [boolean()]} | {:error, Vllm.Error.t()}
  @spec in_the_same_node_as(Vllm.Distributed.ProcessGroup.t(), integer() | keyword()) :: {:ok, [boolean()]} | {:error, Vllm.Error.t()}
  @spec in_the_same_node_as(Vllm.Distributed.ProcessGroup.t(), integer(), keyword()) :: {:ok, [boolean()]} | {:error, Vllm.Error.t()}
  def in_the_same_node_as(pg, source_rank \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@in_the_same_node_as, [pg, source_rank, opts])
  end

  @doc "Like `in_the_same_node_as`, but returns the value itself and raises `Vllm.Error`."
  @spec in_the_same_node_as!(Vllm.Distributed.ProcessGroup.t()) :: [boolean()]
  @spec in_the_same_node_as!(Vllm.Distributed.ProcessGroup.t(), integer() | keyword()) :: [boolean()]
  @spec in_the_same_node_as!(Vllm.Distributed.ProcessGroup.t(), integer(), keyword()) :: [boolean()]
  def in_the_same_node_as!(pg, source_rank \\ :"$unset", opts \\ :"$unset") do
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

  @doc ~S"""
  Join the world and make its group.

  `distributed_init_method` is `tcp://host:port`, with rank 0 serving on exactly that address, or
  `env://`, which reads MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE as torchrun sets them, or a
  scheme registered with torch. -1 for `world_size` or `rank` means what the init method says;
  -1 for `local_rank` means LOCAL_RANK with `env://`, else the rank. A backend that torch knows
  but that cannot run here (`nccl` without CUDA) is replaced by gloo, with a warning once.
  `timeout` (default 30 minutes) bounds the joining and every later operation of every group.

  If torch.distributed is initialised already, by torchrun code of one's own for instance, that
  is adopted, and left in place by destroy. A second call with the same sizes does nothing.

  Collective over the world. Raises, and leaves nothing behind: `InvalidArgumentError` for values
  that make no sense, `UnknownBackendError`, `RendezvousTimeoutError` if rank 0 cannot be reached
  in time, `RollCallTimeoutError` naming the ranks that did not come, `RollCallMismatchError` if
  ranks disagree on the world's size, `EnvironmentConflictError` if this process is in a world of
  another size already.

  Python: `init_distributed_environment(world_size=-1, rank=-1, distributed_init_method='env://', local_rank=-1, backend='nccl', timeout=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec init_distributed_environment() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t(), integer(), String.t() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t(), integer(), String.t(), timeout() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec init_distributed_environment(integer(), integer(), String.t(), integer(), String.t(), timeout() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def init_distributed_environment(world_size \\ :"$unset", rank \\ :"$unset", distributed_init_method \\ :"$unset", local_rank \\ :"$unset", backend \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@init_distributed_environment, [world_size, rank, distributed_init_method, local_rank, backend, timeout, opts])
  end

  @doc "Like `init_distributed_environment`, but returns the value itself and raises `Vllm.Error`."
  @spec init_distributed_environment!() :: nil
  @spec init_distributed_environment!(integer() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t(), integer() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t(), integer(), String.t() | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t(), integer(), String.t(), timeout() | nil | keyword()) :: nil
  @spec init_distributed_environment!(integer(), integer(), String.t(), integer(), String.t(), timeout() | nil, keyword()) :: nil
  def init_distributed_environment!(world_size \\ :"$unset", rank \\ :"$unset", distributed_init_method \\ :"$unset", local_rank \\ :"$unset", backend \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(init_distributed_environment(world_size, rank, distributed_init_method, local_rank, backend, timeout, opts))
  end

  @init_logger %Vllm.Call.Spec{
    function: "init_logger",
    path: "/vllm.distributed.v1.Distributed/InitLogger",
    params: [
      {:name, 1, :string, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the logger of a module; call it as `init_logger(__name__)`.

  Handlers and levels are the application's: this package adds none.

  Python: `init_logger(name)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec init_logger(String.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec init_logger(String.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def init_logger(name, opts \\ []) do
    Vllm.Call.run(@init_logger, [name, opts])
  end

  @doc "Like `init_logger`, but returns the value itself and raises `Vllm.Error`."
  @spec init_logger!(String.t()) :: term()
  @spec init_logger!(String.t(), keyword()) :: term()
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
      {:use_device_communicator, 6, :bool, :optional}
    ],
    result: :group,
    inline: false
  }

  @doc ~S"""
  Return a new coordinator for the list of `group_ranks` that this process's rank is in.

  `group_ranks` is a partition of the world, the same on every rank. The caller owns the
  coordinator and destroys it. Collective over the world. Raises
  `EnvironmentNotInitializedError`; `InvalidRankError` naming a rank that is in no list, in two,
  or not in the world; `RollCallMismatchError` if ranks pass different partitions;
  `RollCallTimeoutError` naming the ranks that do not come before the world's timeout.

  Python: `init_model_parallel_group(group_ranks, local_rank, backend, use_message_queue_broadcaster=False, group_name=None, use_device_communicator=True)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec init_model_parallel_group([[integer()]], integer(), String.t()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec init_model_parallel_group([[integer()]], integer(), String.t(), boolean() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec init_model_parallel_group([[integer()]], integer(), String.t(), boolean(), String.t() | nil | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec init_model_parallel_group([[integer()]], integer(), String.t(), boolean(), String.t() | nil, boolean() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec init_model_parallel_group([[integer()]], integer(), String.t(), boolean(), String.t() | nil, boolean(), keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def init_model_parallel_group(group_ranks, local_rank, backend, use_message_queue_broadcaster \\ :"$unset", group_name \\ :"$unset", use_device_communicator \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@init_model_parallel_group, [group_ranks, local_rank, backend, use_message_queue_broadcaster, group_name, use_device_communicator, opts])
  end

  @doc "Like `init_model_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_model_parallel_group!([[integer()]], integer(), String.t()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], integer(), String.t(), boolean() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], integer(), String.t(), boolean(), String.t() | nil | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], integer(), String.t(), boolean(), String.t() | nil, boolean() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec init_model_parallel_group!([[integer()]], integer(), String.t(), boolean(), String.t() | nil, boolean(), keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def init_model_parallel_group!(group_ranks, local_rank, backend, use_message_queue_broadcaster \\ :"$unset", group_name \\ :"$unset", use_device_communicator \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(init_model_parallel_group(group_ranks, local_rank, backend, use_message_queue_broadcaster, group_name, use_device_communicator, opts))
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

  @doc ~S"""
  Return a new coordinator over `ranks`, which are all ranks of the world.

  For code that builds its own state; `init_distributed_environment` does this already.
  Collective over the world. Raises as `init_model_parallel_group` does.

  Python: `init_world_group(ranks, local_rank, backend)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec init_world_group([integer()], integer(), String.t()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec init_world_group([integer()], integer(), String.t(), keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def init_world_group(ranks, local_rank, backend, opts \\ []) do
    Vllm.Call.run(@init_world_group, [ranks, local_rank, backend, opts])
  end

  @doc "Like `init_world_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_world_group!([integer()], integer(), String.t()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec init_world_group!([integer()], integer(), String.t(), keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def init_world_group!(ranks, local_rank, backend, opts \\ []) do
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
      {:data_parallel_size, 6, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Make the tensor, decode-context, prefill-context, pipeline, data and expert parallel groups.

  Ranks are laid out, slowest to fastest: external data parallel (whatever the world has beyond
  the product of the sizes), data, pipeline, prefill context, tensor. With 8 ranks, tensor size 2
  and pipeline size 4 the tensor groups are 0-1, 2-3, 4-5, 6-7 and the pipeline groups 0-2-4-6 and
  1-3-5-7. Decode-context groups divide the tensor groups; an expert group spans data, prefill
  context and tensor of one pipeline stage. `backend` is by default the world's, and
  `data_parallel_size` 1.

  Collective over the world. Raises, and leaves nothing behind: `EnvironmentNotInitializedError`,
  `ParallelSizeError` naming sizes and choices, `EnvironmentConflictError` if the groups exist
  already, `RollCallMismatchError` on every rank if ranks ask for different sizes,
  `RollCallTimeoutError` naming the ranks that do not come before the world's timeout.

  Python: `initialize_model_parallel(tensor_model_parallel_size=1, pipeline_model_parallel_size=1, prefill_context_model_parallel_size=1, decode_context_model_parallel_size=1, backend=None, data_parallel_size=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec initialize_model_parallel() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def initialize_model_parallel(tensor_model_parallel_size \\ :"$unset", pipeline_model_parallel_size \\ :"$unset", prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@initialize_model_parallel, [tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, opts])
  end

  @doc "Like `initialize_model_parallel`, but returns the value itself and raises `Vllm.Error`."
  @spec initialize_model_parallel!() :: nil
  @spec initialize_model_parallel!(integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, keyword()) :: nil
  def initialize_model_parallel!(tensor_model_parallel_size \\ :"$unset", pipeline_model_parallel_size \\ :"$unset", prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(initialize_model_parallel(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, opts))
  end

  @is_global_first_rank %Vllm.Call.Spec{
    function: "is_global_first_rank",
    path: "/vllm.distributed.v1.Distributed/IsGlobalFirstRank",
    params: [],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Return whether this is rank 0 of everything; True in a process that is in no world.

  Python: `is_global_first_rank()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_global_first_rank() :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_global_first_rank(keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_global_first_rank(opts \\ []) do
    Vllm.Call.run(@is_global_first_rank, [opts])
  end

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

  @doc ~S"""
  Return whether this is the first rank on its node; True in a process that is in no world.

  Python: `is_local_first_rank()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_local_first_rank() :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_local_first_rank(keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_local_first_rank(opts \\ []) do
    Vllm.Call.run(@is_local_first_rank, [opts])
  end

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

  @doc ~S"""
  Return whether the installed torch is of version `target` or later.

  Only the numbers of a release count: `2.6`, `2.6.1`; a pre-release of a version counts as that
  version.

  >>> is_torch_equal_or_newer("1.13.1"), is_torch_equal_or_newer("99.0")
  (True, False)

  Python: `is_torch_equal_or_newer(target)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_torch_equal_or_newer(String.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_torch_equal_or_newer(String.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_torch_equal_or_newer(target, opts \\ []) do
    Vllm.Call.run(@is_torch_equal_or_newer, [target, opts])
  end

  @doc "Like `is_torch_equal_or_newer`, but returns the value itself and raises `Vllm.Error`."
  @spec is_torch_equal_or_newer!(String.t()) :: boolean()
  @spec is_torch_equal_or_newer!(String.t(), keyword()) :: boolean()
  def is_torch_equal_or_newer!(target, opts \\ []) do
    Vllm.Error.unwrap!(is_torch_equal_or_newer(target, opts))
  end

  @model_parallel_is_initialized %Vllm.Call.Spec{
    function: "model_parallel_is_initialized",
    path: "/vllm.distributed.v1.Distributed/ModelParallelIsInitialized",
    params: [],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Return whether the model parallel groups exist.

  Python: `model_parallel_is_initialized()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec model_parallel_is_initialized() :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec model_parallel_is_initialized(keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def model_parallel_is_initialized(opts \\ []) do
    Vllm.Call.run(@model_parallel_is_initialized, [opts])
  end

  @doc "Like `model_parallel_is_initialized`, but returns the value itself and raises `Vllm.Error`."
  @spec model_parallel_is_initialized!() :: boolean()
  @spec model_parallel_is_initialized!(keyword()) :: boolean()
  def model_parallel_is_initialized!(opts \\ []) do
    Vllm.Error.unwrap!(model_parallel_is_initialized(opts))
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

  @doc ~S"""
  Return the object named by `module.attribute`, importing the module.

  Raises `InvalidArgumentError` for a name without a dot, `ModuleNotFoundError` or
  `AttributeError` where there is no such thing.

  >>> resolve_obj_by_qualname("torch.float32")
  torch.float32

  Python: `resolve_obj_by_qualname(qualname)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec resolve_obj_by_qualname(String.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec resolve_obj_by_qualname(String.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def resolve_obj_by_qualname(qualname, opts \\ []) do
    Vllm.Call.run(@resolve_obj_by_qualname, [qualname, opts])
  end

  @doc "Like `resolve_obj_by_qualname`, but returns the value itself and raises `Vllm.Error`."
  @spec resolve_obj_by_qualname!(String.t()) :: term()
  @spec resolve_obj_by_qualname!(String.t(), keyword()) :: term()
  def resolve_obj_by_qualname!(qualname, opts \\ []) do
    Vllm.Error.unwrap!(resolve_obj_by_qualname(qualname, opts))
  end

  @sched_yield %Vllm.Call.Spec{
    function: "sched_yield",
    path: "/vllm.distributed.v1.Distributed/SchedYield",
    params: [],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Give up the processor for the moment, so that another process can run.

  Python: `sched_yield()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec sched_yield() :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec sched_yield(keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def sched_yield(opts \\ []) do
    Vllm.Call.run(@sched_yield, [opts])
  end

  @doc "Like `sched_yield`, but returns the value itself and raises `Vllm.Error`."
  @spec sched_yield!() :: nil
  @spec sched_yield!(keyword()) :: nil
  def sched_yield!(opts \\ []) do
    Vllm.Error.unwrap!(sched_yield(opts))
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

  @doc ~S"""
  Split a tensor into equal parts along its last dimension.

  The parts are views of `tensor`, or copies with their own memory if `contiguous_split_chunks`.
  Raises `InvalidArgumentError` if the dimension does not divide.

  >>> [part.tolist() for part in split_tensor_along_last_dim(torch.arange(4), 2)]
  [[0, 1], [2, 3]]

  Python: `split_tensor_along_last_dim(tensor, num_partitions, contiguous_split_chunks=False)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec split_tensor_along_last_dim(Vllm.Tensor.t(), integer()) :: {:ok, [Vllm.Tensor.t()]} | {:error, Vllm.Error.t()}
  @spec split_tensor_along_last_dim(Vllm.Tensor.t(), integer(), boolean() | keyword()) :: {:ok, [Vllm.Tensor.t()]} | {:error, Vllm.Error.t()}
  @spec split_tensor_along_last_dim(Vllm.Tensor.t(), integer(), boolean(), keyword()) :: {:ok, [Vllm.Tensor.t()]} | {:error, Vllm.Error.t()}
  def split_tensor_along_last_dim(tensor, num_partitions, contiguous_split_chunks \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@split_tensor_along_last_dim, [tensor, num_partitions, contiguous_split_chunks, opts])
  end

  @doc "Like `split_tensor_along_last_dim`, but returns the value itself and raises `Vllm.Error`."
  @spec split_tensor_along_last_dim!(Vllm.Tensor.t(), integer()) :: [Vllm.Tensor.t()]
  @spec split_tensor_along_last_dim!(Vllm.Tensor.t(), integer(), boolean() | keyword()) :: [Vllm.Tensor.t()]
  @spec split_tensor_along_last_dim!(Vllm.Tensor.t(), integer(), boolean(), keyword()) :: [Vllm.Tensor.t()]
  def split_tensor_along_last_dim!(tensor, num_partitions, contiguous_split_chunks \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(split_tensor_along_last_dim(tensor, num_partitions, contiguous_split_chunks, opts))
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

  @doc ~S"""
  Return the tensors of the tensor parallel group concatenated along `dim`.

  As `GroupCoordinator.all_gather`. Collective over the tensor parallel group. Raises
  `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `tensor_model_parallel_all_gather(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec tensor_model_parallel_all_gather(Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_all_gather(Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_all_gather(Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def tensor_model_parallel_all_gather(input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@tensor_model_parallel_all_gather, [input_, dim, opts])
  end

  @doc "Like `tensor_model_parallel_all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_all_gather!(Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec tensor_model_parallel_all_gather!(Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec tensor_model_parallel_all_gather!(Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def tensor_model_parallel_all_gather!(input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(tensor_model_parallel_all_gather(input_, dim, opts))
  end

  @tensor_model_parallel_all_reduce %Vllm.Call.Spec{
    function: "tensor_model_parallel_all_reduce",
    path: "/vllm.distributed.v1.Distributed/TensorModelParallelAllReduce",
    params: [
      {:input_, 1, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the sum of the tensors of the tensor parallel group, in a new tensor.

  As `GroupCoordinator.all_reduce`. Collective over the tensor parallel group. Raises
  `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `tensor_model_parallel_all_reduce(input_)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec tensor_model_parallel_all_reduce(Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_all_reduce(Vllm.Tensor.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def tensor_model_parallel_all_reduce(input_, opts \\ []) do
    Vllm.Call.run(@tensor_model_parallel_all_reduce, [input_, opts])
  end

  @doc "Like `tensor_model_parallel_all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_all_reduce!(Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec tensor_model_parallel_all_reduce!(Vllm.Tensor.t(), keyword()) :: Vllm.Tensor.t()
  def tensor_model_parallel_all_reduce!(input_, opts \\ []) do
    Vllm.Error.unwrap!(tensor_model_parallel_all_reduce(input_, opts))
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

  @doc ~S"""
  Return, on `dst`, the tensors of the tensor parallel group concatenated; elsewhere None.

  As `GroupCoordinator.gather`. Collective over the tensor parallel group. Raises
  `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `tensor_model_parallel_gather(input_, dst=0, dim=-1)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec tensor_model_parallel_gather(Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_gather(Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_gather(Vllm.Tensor.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_gather(Vllm.Tensor.t(), integer(), integer(), keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  def tensor_model_parallel_gather(input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@tensor_model_parallel_gather, [input_, dst, dim, opts])
  end

  @doc "Like `tensor_model_parallel_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_gather!(Vllm.Tensor.t()) :: Vllm.Tensor.t() | nil
  @spec tensor_model_parallel_gather!(Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec tensor_model_parallel_gather!(Vllm.Tensor.t(), integer(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec tensor_model_parallel_gather!(Vllm.Tensor.t(), integer(), integer(), keyword()) :: Vllm.Tensor.t() | nil
  def tensor_model_parallel_gather!(input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
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

  @doc ~S"""
  Return this rank's part, along `dim`, of the sum over the tensor parallel group.

  As `GroupCoordinator.reduce_scatter`. Collective over the tensor parallel group. Raises
  `GroupNotInitializedError` before `initialize_model_parallel`.

  Python: `tensor_model_parallel_reduce_scatter(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec tensor_model_parallel_reduce_scatter(Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_reduce_scatter(Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec tensor_model_parallel_reduce_scatter(Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def tensor_model_parallel_reduce_scatter(input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@tensor_model_parallel_reduce_scatter, [input_, dim, opts])
  end

  @doc "Like `tensor_model_parallel_reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_model_parallel_reduce_scatter!(Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec tensor_model_parallel_reduce_scatter!(Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec tensor_model_parallel_reduce_scatter!(Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def tensor_model_parallel_reduce_scatter!(input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(tensor_model_parallel_reduce_scatter(input_, dim, opts))
  end
end
