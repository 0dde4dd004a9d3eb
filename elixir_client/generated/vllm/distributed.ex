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

  @doc ~S"""
  Return the tensors of the group with this unique name concatenated along `dim`.

  As `GroupCoordinator.all_gather`. `world_size` is the group's size. Collective over the group.
  Raises `GroupNotInitializedError` naming the groups there are, `InvalidArgumentError` for
  another `world_size` or a `dim` out of range.

  Python: `all_gather(tensor, dim, world_size, group_name)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gather(Vllm.Tensor.t(), integer(), integer(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_gather(tensor, dim, world_size, group_name, opts \\ []) do
    Vllm.Call.run(@all_gather, [tensor, dim, world_size, group_name, opts])
  end

  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(Vllm.Tensor.t(), integer(), integer(), String.t()) :: Vllm.Tensor.t()
  @spec all_gather!(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: Vllm.Tensor.t()
  def all_gather!(tensor, dim, world_size, group_name, opts \\ []) do
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

  @doc ~S"""
  Return an uninitialised tensor like `all_gather`'s result. Local: nothing is sent.

  Python: `all_gather_fake(tensor, dim, world_size, group_name)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gather_fake(Vllm.Tensor.t(), integer(), integer(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather_fake(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_gather_fake(tensor, dim, world_size, group_name, opts \\ []) do
    Vllm.Call.run(@all_gather_fake, [tensor, dim, world_size, group_name, opts])
  end

  @doc "Like `all_gather_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather_fake!(Vllm.Tensor.t(), integer(), integer(), String.t()) :: Vllm.Tensor.t()
  @spec all_gather_fake!(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: Vllm.Tensor.t()
  def all_gather_fake!(tensor, dim, world_size, group_name, opts \\ []) do
    Vllm.Error.unwrap!(all_gather_fake(tensor, dim, world_size, group_name, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "all_reduce",
    path: "/vllm.distributed.v1.Distributed/AllReduce",
    params: [
      {:tensor, 1, :tensor, :required},
      {:group_name, 2, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the sum of the tensors of the group with this unique name, such as `tp:0`, in a new
  tensor.

  As `GroupCoordinator.all_reduce`. Collective over the group. Raises `GroupNotInitializedError`
  naming the groups there are.

  Python: `all_reduce(tensor, group_name)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce(Vllm.Tensor.t(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce(Vllm.Tensor.t(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce(tensor, group_name, opts \\ []) do
    Vllm.Call.run(@all_reduce, [tensor, group_name, opts])
  end

  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(Vllm.Tensor.t(), String.t()) :: Vllm.Tensor.t()
  @spec all_reduce!(Vllm.Tensor.t(), String.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce!(tensor, group_name, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(tensor, group_name, opts))
  end

  @all_reduce_fake %Vllm.Call.Spec{
    function: "all_reduce_fake",
    path: "/vllm.distributed.v1.Distributed/AllReduceFake",
    params: [
      {:tensor, 1, :tensor, :required},
      {:group_name, 2, :string, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return an uninitialised tensor like `all_reduce`'s result. Local: nothing is sent.

  Python: `all_reduce_fake(tensor, group_name)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce_fake(Vllm.Tensor.t(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce_fake(Vllm.Tensor.t(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce_fake(tensor, group_name, opts \\ []) do
    Vllm.Call.run(@all_reduce_fake, [tensor, group_name, opts])
  end

  @doc "Like `all_reduce_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_fake!(Vllm.Tensor.t(), String.t()) :: Vllm.Tensor.t()
  @spec all_reduce_fake!(Vllm.Tensor.t(), String.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce_fake!(tensor, group_name, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_fake(tensor, group_name, opts))
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
  cache, and with `shutdown_ray` shut Ray down. Idempotent, local to the process. Raises
  `LibraryMissingError`, and undoes nothing, where Ray is to be shut down and is not installed.

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

  @direct_register_custom_op %Vllm.Call.Spec{
    function: "direct_register_custom_op",
    path: "/vllm.distributed.v1.Distributed/DirectRegisterCustomOp",
    params: [
      {:op_name, 1, :string, :required},
      {:op_func, 2, :term, :required},
      {:mutates_args, 3, {:nullable, {:list, :string}}, :optional},
      {:fake_impl, 4, :term, :optional},
      {:target_lib, 5, :term, :optional},
      {:dispatch_key, 6, {:nullable, :string}, :optional},
      {:tags, 7, :term, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Register `op_func` as the operator `torch.ops.<library>.<op_name>`.

  Its annotations are its schema; `mutates_args` names the arguments it changes. `fake_impl`
  computes shapes and dtypes alone, and is needed for `torch.compile`. `target_lib` is by default
  this package's own (`torch.ops.vllm_distributed`); `dispatch_key` the devices it is for, by
  default all. `tags` are torch's operator tags. Costs less to call than
  `torch.library.custom_op`. An operator lives as long as its library, by default the process.
  Local to the process. Raises `InvalidArgumentError` if the name is taken, or the annotations
  make no schema.

  Python: `direct_register_custom_op(op_name, op_func, mutates_args=None, fake_impl=None, target_lib=None, dispatch_key=None, tags=())`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec direct_register_custom_op(String.t(), term()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil, term() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil, term(), term() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil, term() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec direct_register_custom_op(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil, term(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def direct_register_custom_op(op_name, op_func, mutates_args \\ :"$unset", fake_impl \\ :"$unset", target_lib \\ :"$unset", dispatch_key \\ :"$unset", tags \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@direct_register_custom_op, [op_name, op_func, mutates_args, fake_impl, target_lib, dispatch_key, tags, opts])
  end

  @doc "Like `direct_register_custom_op`, but returns the value itself and raises `Vllm.Error`."
  @spec direct_register_custom_op!(String.t(), term()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil | keyword()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil, term() | keyword()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil, term(), term() | keyword()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil | keyword()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil, term() | keyword()) :: nil
  @spec direct_register_custom_op!(String.t(), term(), [String.t()] | nil, term(), term(), String.t() | nil, term(), keyword()) :: nil
  def direct_register_custom_op!(op_name, op_func, mutates_args \\ :"$unset", fake_impl \\ :"$unset", target_lib \\ :"$unset", dispatch_key \\ :"$unset", tags \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(direct_register_custom_op(op_name, op_func, mutates_args, fake_impl, target_lib, dispatch_key, tags, opts))
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

  Raises `InvalidArgumentError` naming both if it does not, or if it is zero; `InvalidTypeError`
  for what is no integer.

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
      {:data_parallel_size, 6, {:nullable, :int}, :optional},
      {:is_moe_model, 7, {:nullable, :bool}, :optional},
      {:enable_eplb, 8, {:nullable, :bool}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Make the model parallel groups, or check that those that exist have these sizes.

  All five sizes are compared, data parallel only if it is given, here or by the current
  `ParallelConfig`. Collective over the world where
  the groups do not exist yet. Raises as `initialize_model_parallel` does, and
  `EnvironmentConflictError` naming both if the sizes differ.

  Python: `ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size=1, decode_context_model_parallel_size=1, backend=None, data_parallel_size=None, is_moe_model=None, enable_eplb=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec ensure_model_parallel_initialized(integer(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec ensure_model_parallel_initialized(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", is_moe_model \\ :"$unset", enable_eplb \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@ensure_model_parallel_initialized, [tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, is_moe_model, enable_eplb, opts])
  end

  @doc "Like `ensure_model_parallel_initialized`, but returns the value itself and raises `Vllm.Error`."
  @spec ensure_model_parallel_initialized!(integer(), integer()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer() | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil | keyword()) :: nil
  @spec ensure_model_parallel_initialized!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil, keyword()) :: nil
  def ensure_model_parallel_initialized!(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", is_moe_model \\ :"$unset", enable_eplb \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(ensure_model_parallel_initialized(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, is_moe_model, enable_eplb, opts))
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

  @doc ~S"""
  Return the mean load of a GPU over the largest, in 0..1; 1.0 is perfect balance.

  `load` is [layers, physical experts], for instance tokens routed to each in a step; GPU g holds
  the g-th equal part of the slots. The means and the maxima are summed over the layers before
  they are divided, so that a layer counts by its load. Without any load the result is 1.0. Pure,
  local. Raises `InvalidArgumentError` for a load that is negative, not finite or not of this
  shape, and for slots that do not divide among the GPUs.

  >>> expert_balancedness(torch.tensor([[3, 1, 0, 4]]), 2)
  1.0
  >>> expert_balancedness(torch.tensor([[3, 1, 0, 0]]), 2)
  0.5

  Python: `expert_balancedness(load, num_gpus)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec expert_balancedness(Vllm.Tensor.t(), integer()) :: {:ok, number()} | {:error, Vllm.Error.t()}
  @spec expert_balancedness(Vllm.Tensor.t(), integer(), keyword()) :: {:ok, number()} | {:error, Vllm.Error.t()}
  def expert_balancedness(load, num_gpus, opts \\ []) do
    Vllm.Call.run(@expert_balancedness, [load, num_gpus, opts])
  end

  @doc "Like `expert_balancedness`, but returns the value itself and raises `Vllm.Error`."
  @spec expert_balancedness!(Vllm.Tensor.t(), integer()) :: number()
  @spec expert_balancedness!(Vllm.Tensor.t(), integer(), keyword()) :: number()
  def expert_balancedness!(load, num_gpus, opts \\ []) do
    Vllm.Error.unwrap!(expert_balancedness(load, num_gpus, opts))
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

  @get_current_parallel_config_or_none %Vllm.Call.Spec{
    function: "get_current_parallel_config_or_none",
    path: "/vllm.distributed.v1.Distributed/GetCurrentParallelConfigOrNone",
    params: [],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the configuration that `set_current_parallel_config` made current, if any.

  Python: `get_current_parallel_config_or_none()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_current_parallel_config_or_none() :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec get_current_parallel_config_or_none(keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def get_current_parallel_config_or_none(opts \\ []) do
    Vllm.Call.run(@get_current_parallel_config_or_none, [opts])
  end

  @doc "Like `get_current_parallel_config_or_none`, but returns the value itself and raises `Vllm.Error`."
  @spec get_current_parallel_config_or_none!() :: term()
  @spec get_current_parallel_config_or_none!(keyword()) :: term()
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

  @get_etp_group %Vllm.Call.Spec{
    function: "get_etp_group",
    path: "/vllm.distributed.v1.Distributed/GetEtpGroup",
    params: [],
    result: :group,
    inline: true
  }

  @doc ~S"""
  Return the group over which single experts are sharded, of vLLM's older designs.

  Raises `GroupNotInitializedError`: no parallel sizes make one, in vLLM neither any more.

  Python: `get_etp_group()`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_etp_group() :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec get_etp_group(keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def get_etp_group(opts \\ []) do
    Vllm.Call.run(@get_etp_group, [opts])
  end

  @doc "Like `get_etp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec get_etp_group!() :: Vllm.Distributed.GroupCoordinator.t()
  @spec get_etp_group!(keyword()) :: Vllm.Distributed.GroupCoordinator.t()
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

  @doc ~S"""
  Return, for each expert, its number among those of rank `ep_rank`, or -1 if it is elsewhere.

  An int32 tensor of `num_experts` elements on the CPU. Arguments, strategies and errors as of
  `get_expert_placement`. Pure, local.

  >>> get_expert_map(5, 1, 2, "round_robin").tolist()
  [-1, 0, -1, 1, -1]

  Python: `get_expert_map(num_experts, ep_rank, ep_size, strategy='linear')`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_expert_map(integer(), integer(), integer()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec get_expert_map(integer(), integer(), integer(), String.t() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec get_expert_map(integer(), integer(), integer(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def get_expert_map(num_experts, ep_rank, ep_size, strategy \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@get_expert_map, [num_experts, ep_rank, ep_size, strategy, opts])
  end

  @doc "Like `get_expert_map`, but returns the value itself and raises `Vllm.Error`."
  @spec get_expert_map!(integer(), integer(), integer()) :: Vllm.Tensor.t()
  @spec get_expert_map!(integer(), integer(), integer(), String.t() | keyword()) :: Vllm.Tensor.t()
  @spec get_expert_map!(integer(), integer(), integer(), String.t(), keyword()) :: Vllm.Tensor.t()
  def get_expert_map!(num_experts, ep_rank, ep_size, strategy \\ :"$unset", opts \\ :"$unset") do
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

  @doc ~S"""
  Return the experts that rank `ep_rank` of `ep_size` holds, ascending.

  `linear`: consecutive experts, one more on each of the first ranks where they do not divide.
  `round_robin`: every `ep_size`-th expert. Pure, local. Raises `InvalidArgumentError` for counts
  below 1, more ranks than experts or a strategy of another name, `InvalidRankError` for a rank
  out of range.

  >>> [get_expert_placement(5, rank, 2) for rank in range(2)]
  [[0, 1, 2], [3, 4]]
  >>> [get_expert_placement(5, rank, 2, "round_robin") for rank in range(2)]
  [[0, 2, 4], [1, 3]]

  Python: `get_expert_placement(num_experts, ep_rank, ep_size, strategy='linear')`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_expert_placement(integer(), integer(), integer()) :: {:ok, [integer()]} | {:error, Vllm.Error.t()}
  @spec get_expert_placement(integer(), integer(), integer(), String.t() | keyword()) :: {:ok, [integer()]} | {:error, Vllm.Error.t()}
  @spec get_expert_placement(integer(), integer(), integer(), String.t(), keyword()) :: {:ok, [integer()]} | {:error, Vllm.Error.t()}
  def get_expert_placement(num_experts, ep_rank, ep_size, strategy \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@get_expert_placement, [num_experts, ep_rank, ep_size, strategy, opts])
  end

  @doc "Like `get_expert_placement`, but returns the value itself and raises `Vllm.Error`."
  @spec get_expert_placement!(integer(), integer(), integer()) :: [integer()]
  @spec get_expert_placement!(integer(), integer(), integer(), String.t() | keyword()) :: [integer()]
  @spec get_expert_placement!(integer(), integer(), integer(), String.t(), keyword()) :: [integer()]
  def get_expert_placement!(num_experts, ep_rank, ep_size, strategy \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(get_expert_placement(num_experts, ep_rank, ep_size, strategy, opts))
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

  @graph_capture %Vllm.Call.Spec{
    function: "graph_capture",
    path: "/vllm.distributed.v1.Distributed/GraphCapture",
    params: [
      {:device, 1, :device, :required}
    ],
    result: :term,
    inline: false,
    context_manager: true
  }

  @doc ~S"""
  Run a block on a side stream of `device` in which a CUDA graph can be captured.

  Yields a `GraphCaptureContext` with the stream, which is the current one inside: nothing that
  other code launches on the default stream gets into the graph. It is entered for the tensor and
  pipeline parallel groups, whose collectives can be captured and replayed. On a CPU device there
  is no stream and nothing is done. Local to the process. Raises `GroupNotInitializedError` before
  `initialize_model_parallel`, `InvalidArgumentError` for a CUDA device where there is none.

  Python: `graph_capture(device)`.

  Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, enters the context, runs the function with its value, exits it and returns what the function returned.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec graph_capture(String.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec graph_capture(String.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec graph_capture(String.t(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec graph_capture(String.t(), keyword(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  def graph_capture(device, opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Call.run(@graph_capture, [device, opts, fun])
  end

  @doc "Like `graph_capture`, but returns the value itself and raises `Vllm.Error`."
  @spec graph_capture!(String.t()) :: term()
  @spec graph_capture!(String.t(), keyword()) :: term()
  @spec graph_capture!(String.t(), (term() -> result)) :: result when result: term()
  @spec graph_capture!(String.t(), keyword(), (term() -> result)) :: result when result: term()
  def graph_capture!(device, opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Error.unwrap!(graph_capture(device, opts, fun))
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
  CPU tensors, stateless ones too, or a `StatelessProcessGroup`. Raises `InvalidTypeError` for
  anything else, `InvalidRankError` if `source_rank` is not in the group, `InvalidArgumentError`
  for an NCCL group. Collective over `pg`.

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

  Under `set_current_parallel_config`, of one replica of several or on several nodes, `world_size`
  and `rank` count within the replica: the world is that of all replicas and meets where the
  configuration says, whatever the init method; its timeout holds where none is given; and where a
  replica spans several nodes its ranks get a group of their own (`get_inner_dp_world_group`). A
  rank that is not given comes from the init method and then counts in the whole world.

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

  @doc ~S"""
  Return a gloo process group over a store that all its members are connected to.

  `prefix_store` is a torch store that no other group uses, a `PrefixStore` as a rule; it stays
  the caller's. `timeout` bounds the connecting and each operation. Touches no global state.
  Collective over the members. Raises `InvalidTypeError`, `InvalidArgumentError`,
  `InvalidRankError`; `CollectiveError` if the members cannot connect in time.

  Python: `init_gloo_process_group(prefix_store, group_rank, group_size, timeout)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec init_gloo_process_group(term(), integer(), integer(), timeout()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec init_gloo_process_group(term(), integer(), integer(), timeout(), keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def init_gloo_process_group(prefix_store, group_rank, group_size, timeout, opts \\ []) do
    Vllm.Call.run(@init_gloo_process_group, [prefix_store, group_rank, group_size, timeout, opts])
  end

  @doc "Like `init_gloo_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec init_gloo_process_group!(term(), integer(), integer(), timeout()) :: Vllm.Distributed.ProcessGroup.t()
  @spec init_gloo_process_group!(term(), integer(), integer(), timeout(), keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def init_gloo_process_group!(prefix_store, group_rank, group_size, timeout, opts \\ []) do
    Vllm.Error.unwrap!(init_gloo_process_group(prefix_store, group_rank, group_size, timeout, opts))
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
      {:data_parallel_size, 6, {:nullable, :int}, :optional},
      {:is_moe_model, 7, {:nullable, :bool}, :optional},
      {:enable_eplb, 8, {:nullable, :bool}, :optional}
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
  context and tensor of one pipeline stage. `backend` is by default the world's.

  There is an expert group unless `is_moe_model` is False, and with `enable_eplb` a second one of
  the same ranks, for balancing the load of experts. These two and `data_parallel_size` are by
  default those of the current `ParallelConfig`; without one, None, False and 1.

  Collective over the world. Raises, and leaves nothing behind: `EnvironmentNotInitializedError`,
  `ParallelSizeError` naming sizes and choices, `EnvironmentConflictError` if the groups exist
  already, `RollCallMismatchError` on every rank if ranks ask for different sizes,
  `RollCallTimeoutError` naming the ranks that do not come before the world's timeout.

  Python: `initialize_model_parallel(tensor_model_parallel_size=1, pipeline_model_parallel_size=1, prefill_context_model_parallel_size=1, decode_context_model_parallel_size=1, backend=None, data_parallel_size=None, is_moe_model=None, enable_eplb=None)`.

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
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec initialize_model_parallel(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def initialize_model_parallel(tensor_model_parallel_size \\ :"$unset", pipeline_model_parallel_size \\ :"$unset", prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", is_moe_model \\ :"$unset", enable_eplb \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@initialize_model_parallel, [tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, is_moe_model, enable_eplb, opts])
  end

  @doc "Like `initialize_model_parallel`, but returns the value itself and raises `Vllm.Error`."
  @spec initialize_model_parallel!() :: nil
  @spec initialize_model_parallel!(integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer() | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil | keyword()) :: nil
  @spec initialize_model_parallel!(integer(), integer(), integer(), integer(), String.t() | nil, integer() | nil, boolean() | nil, boolean() | nil, keyword()) :: nil
  def initialize_model_parallel!(tensor_model_parallel_size \\ :"$unset", pipeline_model_parallel_size \\ :"$unset", prefill_context_model_parallel_size \\ :"$unset", decode_context_model_parallel_size \\ :"$unset", backend \\ :"$unset", data_parallel_size \\ :"$unset", is_moe_model \\ :"$unset", enable_eplb \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(initialize_model_parallel(tensor_model_parallel_size, pipeline_model_parallel_size, prefill_context_model_parallel_size, decode_context_model_parallel_size, backend, data_parallel_size, is_moe_model, enable_eplb, opts))
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

  @logger %Vllm.Call.Spec{
    function: "logger",
    path: "/vllm.distributed.v1.Distributed/Logger",
    params: [],
    result: :term,
    inline: true
  }

  @doc ~S"""
  The logger of the package: an object that stays in its rank.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec logger() :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec logger(keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def logger(opts \\ []) do
    Vllm.Call.run(@logger, [opts])
  end

  @doc "Like `logger`, but returns the value itself and raises `Vllm.Error`."
  @spec logger!() :: term()
  @spec logger!(keyword()) :: term()
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

  @patch_tensor_parallel_group %Vllm.Call.Spec{
    function: "patch_tensor_parallel_group",
    path: "/vllm.distributed.v1.Distributed/PatchTensorParallelGroup",
    params: [
      {:tp_group, 1, :group, :required}
    ],
    result: :term,
    inline: false,
    context_manager: true
  }

  @doc ~S"""
  Make `get_tp_group` return `tp_group` within a block, as for the draft model of speculative
  decoding, which may have another tensor parallel size.

  The former group is put back also after an exception. Local to the process; ranks do it alike.
  Raises `EnvironmentConflictError` within another such block: that is not re-entrant.

  Python: `patch_tensor_parallel_group(tp_group)`.

  Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, enters the context, runs the function with its value, exits it and returns what the function returned.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec patch_tensor_parallel_group(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec patch_tensor_parallel_group(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec patch_tensor_parallel_group(Vllm.Distributed.GroupCoordinator.t(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec patch_tensor_parallel_group(Vllm.Distributed.GroupCoordinator.t(), keyword(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  def patch_tensor_parallel_group(tp_group, opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Call.run(@patch_tensor_parallel_group, [tp_group, opts, fun])
  end

  @doc "Like `patch_tensor_parallel_group`, but returns the value itself and raises `Vllm.Error`."
  @spec patch_tensor_parallel_group!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec patch_tensor_parallel_group!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: term()
  @spec patch_tensor_parallel_group!(Vllm.Distributed.GroupCoordinator.t(), (term() -> result)) :: result when result: term()
  @spec patch_tensor_parallel_group!(Vllm.Distributed.GroupCoordinator.t(), keyword(), (term() -> result)) :: result when result: term()
  def patch_tensor_parallel_group!(tp_group, opts \\ :"$unset", fun \\ :"$unset") do
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

  @doc ~S"""
  Return this rank's part of the sum over a group of `(A * A_scale) @ (B * B_scale)`.

  `A` is [..., k], `B` [k, n]; `A_scale` has one element, or one for each row ([..., 1]),
  `B_scale` one, or one for each column ([1, n]). `bias` [n] is added, by every rank, before
  `result_scale` (one element) multiplies. The product, in `out_dtype` (default: `A`'s), is
  viewed as `output_shape` with n for its last dim, reduced with `reduce_op` (`sum` or `avg`)
  over the group with this unique name, and cut along `orig_scatter_dim`;
  `scatter_dim_after_maybe_reshape` is the same dim of `A`, whose leading dims may have been
  flattened. `use_fast_accum` is for the hardware's 8-bit products.

  On devices with symmetric memory this is torch's fused operator; elsewhere the composition: the
  product (in float32 on the CPU), then a reduce-scatter. Collective over the group. Raises,
  before anything is sent: `GroupNotInitializedError` naming the groups there are;
  `InvalidTypeError` for what is no tensor, for scales or a bias that are not of floating-point
  numbers; `InvalidArgumentError` for shapes, dims, devices or a `reduce_op` that do not fit, and
  for `avg` into integers; `UnsupportedDtypeError` for an `out_dtype` the group cannot sum.

  Python: `patched_fused_scaled_matmul_reduce_scatter(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias=None, result_scale=None, out_dtype=None, use_fast_accum=False)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()]) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def patched_fused_scaled_matmul_reduce_scatter(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias \\ :"$unset", result_scale \\ :"$unset", out_dtype \\ :"$unset", use_fast_accum \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@patched_fused_scaled_matmul_reduce_scatter, [A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias, result_scale, out_dtype, use_fast_accum, opts])
  end

  @doc "Like `patched_fused_scaled_matmul_reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()]) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean() | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean(), keyword()) :: Vllm.Tensor.t()
  def patched_fused_scaled_matmul_reduce_scatter!(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias \\ :"$unset", result_scale \\ :"$unset", out_dtype \\ :"$unset", use_fast_accum \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(patched_fused_scaled_matmul_reduce_scatter(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias, result_scale, out_dtype, use_fast_accum, opts))
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

  @doc ~S"""
  Return an uninitialised tensor like the result of the function without `_fake`.

  The group must exist, since its size is needed. Raises what that raises. Local: nothing is sent.

  Python: `patched_fused_scaled_matmul_reduce_scatter_fake(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias=None, result_scale=None, out_dtype=None, use_fast_accum=False)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()]) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec patched_fused_scaled_matmul_reduce_scatter_fake(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def patched_fused_scaled_matmul_reduce_scatter_fake(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias \\ :"$unset", result_scale \\ :"$unset", out_dtype \\ :"$unset", use_fast_accum \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@patched_fused_scaled_matmul_reduce_scatter_fake, [A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias, result_scale, out_dtype, use_fast_accum, opts])
  end

  @doc "Like `patched_fused_scaled_matmul_reduce_scatter_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()]) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean() | keyword()) :: Vllm.Tensor.t()
  @spec patched_fused_scaled_matmul_reduce_scatter_fake!(Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), String.t(), integer(), integer(), String.t(), [integer()], Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, Vllm.Tensor.dtype() | nil, boolean(), keyword()) :: Vllm.Tensor.t()
  def patched_fused_scaled_matmul_reduce_scatter_fake!(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias \\ :"$unset", result_scale \\ :"$unset", out_dtype \\ :"$unset", use_fast_accum \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(patched_fused_scaled_matmul_reduce_scatter_fake(A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, group_name, output_shape, bias, result_scale, out_dtype, use_fast_accum, opts))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.Distributed/PrepareCommunicationBufferForModel",
    params: [
      {:model, 1, :term, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Let the communicator of every model parallel group size its buffers from `model`.

  Does nothing before `initialize_model_parallel`. Local to the process. Raises
  `InvalidTypeError` for what is no module.

  Python: `prepare_communication_buffer_for_model(model)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec prepare_communication_buffer_for_model(term()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec prepare_communication_buffer_for_model(term(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def prepare_communication_buffer_for_model(model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [model, opts])
  end

  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(term()) :: nil
  @spec prepare_communication_buffer_for_model!(term(), keyword()) :: nil
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

  @doc ~S"""
  Return which expert goes into which slot so that every GPU has about the same load.

  `weight` is [layers, logical experts], the load of each expert, of any real dtype.
  `num_replicas` is the number of slots (physical experts) of a layer: at least the number of
  logical experts, a multiple of `num_gpus`; GPU g holds the g-th equal part of the slots.
  `num_groups` is the number of expert groups: where it divides by `num_nodes` the experts of a
  group stay on one node (hierarchical), else placement is global. A replica carries an equal
  share of its expert's load; a layer without load counts as evenly loaded.

  Returns int64 tensors on the CPU: physical to logical [layers, num_replicas]; logical to
  physical [layers, logical experts, most replicas of any], padded with -1; and the number of
  replicas [layers, logical experts], each at least 1. In every layer the largest load of a GPU is
  at most that of a round-robin placement under the same rule about groups.

  Pure, deterministic, local. Source: DeepSeek's EPLB, see the module. Raises
  `InvalidArgumentError` naming the numbers for weights that are negative, not finite or not of
  this shape, counts below 1, too few replicas, and counts that do not divide.

  >>> slots, _, counts = rebalance_experts(torch.tensor([[90.0, 10.0, 10.0]]), 4, 1, 1, 2)
  >>> slots.tolist(), counts.tolist()
  ([[0, 1, 0, 2]], [[2, 1, 1]])

  Python: `rebalance_experts(weight, num_replicas, num_groups, num_nodes, num_gpus)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec rebalance_experts(Vllm.Tensor.t(), integer(), integer(), integer(), integer()) :: {:ok, {Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t()}} | {:error, Vllm.Error.t()}
  @spec rebalance_experts(Vllm.Tensor.t(), integer(), integer(), integer(), integer(), keyword()) :: {:ok, {Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t()}} | {:error, Vllm.Error.t()}
  def rebalance_experts(weight, num_replicas, num_groups, num_nodes, num_gpus, opts \\ []) do
    Vllm.Call.run(@rebalance_experts, [weight, num_replicas, num_groups, num_nodes, num_gpus, opts])
  end

  @doc "Like `rebalance_experts`, but returns the value itself and raises `Vllm.Error`."
  @spec rebalance_experts!(Vllm.Tensor.t(), integer(), integer(), integer(), integer()) :: {Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t()}
  @spec rebalance_experts!(Vllm.Tensor.t(), integer(), integer(), integer(), integer(), keyword()) :: {Vllm.Tensor.t(), Vllm.Tensor.t(), Vllm.Tensor.t()}
  def rebalance_experts!(weight, num_replicas, num_groups, num_nodes, num_gpus, opts \\ []) do
    Vllm.Error.unwrap!(rebalance_experts(weight, num_replicas, num_groups, num_nodes, num_gpus, opts))
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

  @doc ~S"""
  Return this rank's part, along `dim`, of the sum over the group with this unique name.

  As `GroupCoordinator.reduce_scatter`. `world_size` is the group's size. Collective over the
  group. Raises `GroupNotInitializedError` naming the groups there are, `InvalidArgumentError`
  for another `world_size`, or a `dim` out of range or of an extent that does not divide.

  Python: `reduce_scatter(tensor, dim, world_size, group_name)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatter(Vllm.Tensor.t(), integer(), integer(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatter(tensor, dim, world_size, group_name, opts \\ []) do
    Vllm.Call.run(@reduce_scatter, [tensor, dim, world_size, group_name, opts])
  end

  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(Vllm.Tensor.t(), integer(), integer(), String.t()) :: Vllm.Tensor.t()
  @spec reduce_scatter!(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: Vllm.Tensor.t()
  def reduce_scatter!(tensor, dim, world_size, group_name, opts \\ []) do
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

  @doc ~S"""
  Return an uninitialised tensor like `reduce_scatter`'s result. Local: nothing is sent.

  Python: `reduce_scatter_fake(tensor, dim, world_size, group_name)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatter_fake(Vllm.Tensor.t(), integer(), integer(), String.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter_fake(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatter_fake(tensor, dim, world_size, group_name, opts \\ []) do
    Vllm.Call.run(@reduce_scatter_fake, [tensor, dim, world_size, group_name, opts])
  end

  @doc "Like `reduce_scatter_fake`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter_fake!(Vllm.Tensor.t(), integer(), integer(), String.t()) :: Vllm.Tensor.t()
  @spec reduce_scatter_fake!(Vllm.Tensor.t(), integer(), integer(), String.t(), keyword()) :: Vllm.Tensor.t()
  def reduce_scatter_fake!(tensor, dim, world_size, group_name, opts \\ []) do
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

  @set_current_parallel_config %Vllm.Call.Spec{
    function: "set_current_parallel_config",
    path: "/vllm.distributed.v1.Distributed/SetCurrentParallelConfig",
    params: [
      {:config, 1, :term, :required}
    ],
    result: :term,
    inline: false,
    context_manager: true
  }

  @doc ~S"""
  Make `config` the current one while the context lasts, and give it.

  Under it `init_distributed_environment` and `initialize_model_parallel` take from it what they
  are not told: see there. The process has one current configuration, whichever thread asks.
  Contexts may be nested; None means none for the while. Raises `InvalidTypeError` for anything
  else than a `ParallelConfig`.

  Python: `set_current_parallel_config(config)`.

  Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, enters the context, runs the function with its value, exits it and returns what the function returned.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec set_current_parallel_config(term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec set_current_parallel_config(term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec set_current_parallel_config(term(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec set_current_parallel_config(term(), keyword(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  def set_current_parallel_config(config, opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Call.run(@set_current_parallel_config, [config, opts, fun])
  end

  @doc "Like `set_current_parallel_config`, but returns the value itself and raises `Vllm.Error`."
  @spec set_current_parallel_config!(term()) :: term()
  @spec set_current_parallel_config!(term(), keyword()) :: term()
  @spec set_current_parallel_config!(term(), (term() -> result)) :: result when result: term()
  @spec set_current_parallel_config!(term(), keyword(), (term() -> result)) :: result when result: term()
  def set_current_parallel_config!(config, opts \\ :"$unset", fun \\ :"$unset") do
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

  @doc ~S"""
  Allow, or forbid, the all-reduce through symmetric memory in groups made from now on.

  It is allowed at first, and used where the devices of a group reach each other's memory; it
  changes the speed only. The same on every rank. Local to the process. Raises `InvalidTypeError`
  for what is neither True nor False.

  Python: `set_custom_all_reduce(enable)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec set_custom_all_reduce(boolean()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec set_custom_all_reduce(boolean(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def set_custom_all_reduce(enable, opts \\ []) do
    Vllm.Call.run(@set_custom_all_reduce, [enable, opts])
  end

  @doc "Like `set_custom_all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec set_custom_all_reduce!(boolean()) :: nil
  @spec set_custom_all_reduce!(boolean(), keyword()) :: nil
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

  @stateless_destroy_torch_distributed_process_group %Vllm.Call.Spec{
    function: "stateless_destroy_torch_distributed_process_group",
    path: "/vllm.distributed.v1.Distributed/StatelessDestroyTorchDistributedProcessGroup",
    params: [
      {:pg, 1, :process_group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  End a process group of `stateless_init_torch_distributed_process_group`.

  Its connections are closed when the last reference to it is gone. Idempotent, local to the
  process. Also ends a group of `init_gloo_process_group`, whose store stays the caller's. Raises
  `InvalidTypeError` for anything but a process group, `InvalidArgumentError` for one that
  torch.distributed manages.

  Python: `stateless_destroy_torch_distributed_process_group(pg)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec stateless_destroy_torch_distributed_process_group(Vllm.Distributed.ProcessGroup.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec stateless_destroy_torch_distributed_process_group(Vllm.Distributed.ProcessGroup.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def stateless_destroy_torch_distributed_process_group(pg, opts \\ []) do
    Vllm.Call.run(@stateless_destroy_torch_distributed_process_group, [pg, opts])
  end

  @doc "Like `stateless_destroy_torch_distributed_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_destroy_torch_distributed_process_group!(Vllm.Distributed.ProcessGroup.t()) :: nil
  @spec stateless_destroy_torch_distributed_process_group!(Vllm.Distributed.ProcessGroup.t(), keyword()) :: nil
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
      {:listen_socket, 7, :term, :optional},
      {:timeout, 8, {:nullable, :duration}, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc ~S"""
  Return a torch process group of `world_size` processes that touches no global state.

  Rank 0 serves a store at exactly `host`:`port`, the others connect to it; `rank` counts inside
  the new group. On rank 0, `listen_socket` is a TCP socket that is bound and listens already,
  whose port was published to the others: it becomes the group's, and `port` is its port or 0.
  Without one, `adopt_listen_socket` does the same, and else rank 0 binds `port` itself.
  `backend` is `gloo` (CPU tensors, and CUDA tensors where there is CUDA), `nccl` (tensors on the
  current CUDA device; gloo, with a warning, where it cannot run) or one per device
  (`cpu:gloo,cuda:nccl`). `timeout` (default: torch's 30 minutes) bounds the making of the group
  and each of its operations.

  Collective over the members. Raises, and leaves nothing behind: `InvalidArgumentError` and its
  kin for values that make no sense, `UnknownBackendError`; `RendezvousError` if `host`:`port`
  cannot be bound, or not reached in time; `RollCallTimeoutError` naming the ranks that did not
  come; `RollCallMismatchError` if members pass different sizes, backends or names.

  Python: `stateless_init_torch_distributed_process_group(host, port, rank, world_size, backend, group_name=None, listen_socket=None, timeout=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec stateless_init_torch_distributed_process_group(String.t(), integer(), integer(), integer(), String.t()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec stateless_init_torch_distributed_process_group(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil | keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec stateless_init_torch_distributed_process_group(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term() | keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec stateless_init_torch_distributed_process_group(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term(), timeout() | nil | keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec stateless_init_torch_distributed_process_group(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term(), timeout() | nil, keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def stateless_init_torch_distributed_process_group(host, port, rank, world_size, backend, group_name \\ :"$unset", listen_socket \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@stateless_init_torch_distributed_process_group, [host, port, rank, world_size, backend, group_name, listen_socket, timeout, opts])
  end

  @doc "Like `stateless_init_torch_distributed_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_init_torch_distributed_process_group!(String.t(), integer(), integer(), integer(), String.t()) :: Vllm.Distributed.ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil | keyword()) :: Vllm.Distributed.ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term() | keyword()) :: Vllm.Distributed.ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term(), timeout() | nil | keyword()) :: Vllm.Distributed.ProcessGroup.t()
  @spec stateless_init_torch_distributed_process_group!(String.t(), integer(), integer(), integer(), String.t(), String.t() | nil, term(), timeout() | nil, keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def stateless_init_torch_distributed_process_group!(host, port, rank, world_size, backend, group_name \\ :"$unset", listen_socket \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(stateless_init_torch_distributed_process_group(host, port, rank, world_size, backend, group_name, listen_socket, timeout, opts))
  end

  @suppress_stdout %Vllm.Call.Spec{
    function: "suppress_stdout",
    path: "/vllm.distributed.v1.Distributed/SuppressStdout",
    params: [],
    result: :term,
    inline: false,
    context_manager: true
  }

  @doc ~S"""
  Discard what the process writes to its standard output while the context is entered.

  Works on the file descriptor, so that what libraries in C print is discarded too; standard error
  is left alone. Off, so that nothing is discarded, if `VLLM_LOGGING_LEVEL=DEBUG`, and where the
  process has no standard output. The descriptor is the whole process's: other threads' output is
  discarded as well. May be nested. Local to the process.

  Python: `suppress_stdout()`.

  Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, enters the context, runs the function with its value, exits it and returns what the function returned.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec suppress_stdout() :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec suppress_stdout(keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec suppress_stdout((term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec suppress_stdout(keyword(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  def suppress_stdout(opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Call.run(@suppress_stdout, [opts, fun])
  end

  @doc "Like `suppress_stdout`, but returns the value itself and raises `Vllm.Error`."
  @spec suppress_stdout!() :: term()
  @spec suppress_stdout!(keyword()) :: term()
  @spec suppress_stdout!((term() -> result)) :: result when result: term()
  @spec suppress_stdout!(keyword(), (term() -> result)) :: result when result: term()
  def suppress_stdout!(opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Error.unwrap!(suppress_stdout(opts, fun))
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
