# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Config.ParallelConfig do
  @moduledoc ~S"""
  How a model is laid out over processes, and where they meet.

  Raises pydantic's `ValidationError`, a `ValueError`, naming field, value and rule, for a value
  out of range, an unknown field and a broken rule between fields: when constructed, and on
  assignment, which then changes nothing. What follows from other fields (`world_size`, a
  backend that was not given) is kept right on assignment.

  A size of data parallelism that is not given is taken from VLLM_DP_SIZE, VLLM_DP_RANK,
  VLLM_DP_RANK_LOCAL, VLLM_DP_MASTER_IP and VLLM_DP_MASTER_PORT, if VLLM_DP_SIZE is set.

  >>> config = ParallelConfig(tensor_parallel_size=2, pipeline_parallel_size=4)
  >>> config.world_size
  8
  """
  @new %Vllm.Call.Spec{
    function: "ParallelConfig.new",
    path: "/vllm.distributed.v1.ParallelConfig/New",
    params: [
      {:pipeline_parallel_size, 1, :int, :optional},
      {:tensor_parallel_size, 2, :int, :optional},
      {:prefill_context_parallel_size, 3, :int, :optional},
      {:data_parallel_size, 4, :int, :optional},
      {:data_parallel_size_local, 5, :int, :optional},
      {:data_parallel_rank, 6, :int, :optional},
      {:data_parallel_rank_local, 7, {:nullable, :int}, :optional},
      {:data_parallel_master_ip, 8, :string, :optional},
      {:data_parallel_rpc_port, 9, :int, :optional},
      {:data_parallel_master_port, 10, :int, :optional},
      {:data_parallel_backend, 11, :string, :optional},
      {:data_parallel_external_lb, 12, :bool, :optional},
      {:data_parallel_hybrid_lb, 13, :bool, :optional},
      {:is_moe_model, 14, {:nullable, :bool}, :optional},
      {:enable_expert_parallel, 15, :bool, :optional},
      {:enable_ep_weight_filter, 16, :bool, :optional},
      {:enable_eplb, 17, :bool, :optional},
      {:eplb_config, 18, :term, :optional},
      {:enable_elastic_ep, 19, :bool, :optional},
      {:expert_placement_strategy, 20, :string, :optional},
      {:all2all_backend, 21, :string, :optional},
      {:max_parallel_loading_workers, 22, {:nullable, :int}, :optional},
      {:disable_custom_all_reduce, 23, :bool, :optional},
      {:enable_dbo, 24, :bool, :optional},
      {:ubatch_size, 25, :int, :optional},
      {:dbo_decode_token_threshold, 26, :int, :optional},
      {:dbo_prefill_token_threshold, 27, :int, :optional},
      {:disable_nccl_for_dp_synchronization, 28, {:nullable, :bool}, :optional},
      {:ray_workers_use_nsight, 29, :bool, :optional},
      {:ray_runtime_env, 30, :term, :optional},
      {:placement_group, 31, :term, :optional},
      {:distributed_executor_backend, 32, :term, :optional},
      {:worker_cls, 33, :string, :optional},
      {:sd_worker_cls, 34, :string, :optional},
      {:worker_extension_cls, 35, :string, :optional},
      {:master_addr, 36, :string, :optional},
      {:master_port, 37, :int, :optional},
      {:node_rank, 38, :int, :optional},
      {:nnodes, 39, :int, :optional},
      {:numa_bind, 40, :bool, :optional},
      {:numa_bind_nodes, 41, {:nullable, {:list, :int}}, :optional},
      {:numa_bind_cpus, 42, {:nullable, {:list, :string}}, :optional},
      {:distributed_timeout_seconds, 43, {:nullable, :int}, :optional},
      {:cpu_distributed_timeout_seconds, 44, {:nullable, :int}, :optional},
      {:rank, 45, :int, :optional},
      {:_data_parallel_master_port_list, 46, {:list, :int}, :optional},
      {:_coord_store_port, 47, :int, :optional},
      {:decode_context_parallel_size, 48, :int, :optional},
      {:dcp_comm_backend, 49, :string, :optional},
      {:dcp_kv_cache_interleave_size, 50, :int, :optional},
      {:cp_kv_cache_interleave_size, 51, :int, :optional},
      {:_api_process_count, 52, :int, :optional},
      {:_api_process_rank, 53, :int, :optional}
    ],
    result: :object,
    inline: false
  }

  @doc ~S"""
  How a model is laid out over processes, and where they meet.

  Raises pydantic's `ValidationError`, a `ValueError`, naming field, value and rule, for a value
  out of range, an unknown field and a broken rule between fields: when constructed, and on
  assignment, which then changes nothing. What follows from other fields (`world_size`, a
  backend that was not given) is kept right on assignment.

  A size of data parallelism that is not given is taken from VLLM_DP_SIZE, VLLM_DP_RANK,
  VLLM_DP_RANK_LOCAL, VLLM_DP_MASTER_IP and VLLM_DP_MASTER_PORT, if VLLM_DP_SIZE is set.

  >>> config = ParallelConfig(tensor_parallel_size=2, pipeline_parallel_size=4)
  >>> config.world_size
  8

  Python: `ParallelConfig.new(pipeline_parallel_size=1, tensor_parallel_size=1, prefill_context_parallel_size=1, data_parallel_size=1, data_parallel_size_local=1, data_parallel_rank=0, data_parallel_rank_local=None, data_parallel_master_ip='127.0.0.1', data_parallel_rpc_port=29550, data_parallel_master_port=29500, data_parallel_backend='mp', data_parallel_external_lb=False, data_parallel_hybrid_lb=False, is_moe_model=None, enable_expert_parallel=False, enable_ep_weight_filter=False, enable_eplb=False, eplb_config=<factory>, enable_elastic_ep=False, expert_placement_strategy='linear', all2all_backend='allgather_reducescatter', max_parallel_loading_workers=None, disable_custom_all_reduce=False, enable_dbo=False, ubatch_size=0, dbo_decode_token_threshold=32, dbo_prefill_token_threshold=512, disable_nccl_for_dp_synchronization=None, ray_workers_use_nsight=False, ray_runtime_env=None, placement_group=None, distributed_executor_backend=None, worker_cls='auto', sd_worker_cls='auto', worker_extension_cls='', master_addr='127.0.0.1', master_port=29501, node_rank=0, nnodes=1, numa_bind=False, numa_bind_nodes=None, numa_bind_cpus=None, distributed_timeout_seconds=None, cpu_distributed_timeout_seconds=None, rank=0, _data_parallel_master_port_list=<factory>, _coord_store_port=0, decode_context_parallel_size=1, dcp_comm_backend='ag_rs', dcp_kv_cache_interleave_size=1, cp_kv_cache_interleave_size=1, _api_process_count=1, _api_process_rank=0)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new() :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()] | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer(), integer(), keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(pipeline_parallel_size \\ :"$unset", tensor_parallel_size \\ :"$unset", prefill_context_parallel_size \\ :"$unset", data_parallel_size \\ :"$unset", data_parallel_size_local \\ :"$unset", data_parallel_rank \\ :"$unset", data_parallel_rank_local \\ :"$unset", data_parallel_master_ip \\ :"$unset", data_parallel_rpc_port \\ :"$unset", data_parallel_master_port \\ :"$unset", data_parallel_backend \\ :"$unset", data_parallel_external_lb \\ :"$unset", data_parallel_hybrid_lb \\ :"$unset", is_moe_model \\ :"$unset", enable_expert_parallel \\ :"$unset", enable_ep_weight_filter \\ :"$unset", enable_eplb \\ :"$unset", eplb_config \\ :"$unset", enable_elastic_ep \\ :"$unset", expert_placement_strategy \\ :"$unset", all2all_backend \\ :"$unset", max_parallel_loading_workers \\ :"$unset", disable_custom_all_reduce \\ :"$unset", enable_dbo \\ :"$unset", ubatch_size \\ :"$unset", dbo_decode_token_threshold \\ :"$unset", dbo_prefill_token_threshold \\ :"$unset", disable_nccl_for_dp_synchronization \\ :"$unset", ray_workers_use_nsight \\ :"$unset", ray_runtime_env \\ :"$unset", placement_group \\ :"$unset", distributed_executor_backend \\ :"$unset", worker_cls \\ :"$unset", sd_worker_cls \\ :"$unset", worker_extension_cls \\ :"$unset", master_addr \\ :"$unset", master_port \\ :"$unset", node_rank \\ :"$unset", nnodes \\ :"$unset", numa_bind \\ :"$unset", numa_bind_nodes \\ :"$unset", numa_bind_cpus \\ :"$unset", distributed_timeout_seconds \\ :"$unset", cpu_distributed_timeout_seconds \\ :"$unset", rank \\ :"$unset", data_parallel_master_port_list \\ :"$unset", coord_store_port \\ :"$unset", decode_context_parallel_size \\ :"$unset", dcp_comm_backend \\ :"$unset", dcp_kv_cache_interleave_size \\ :"$unset", cp_kv_cache_interleave_size \\ :"$unset", api_process_count \\ :"$unset", api_process_rank \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@new, [pipeline_parallel_size, tensor_parallel_size, prefill_context_parallel_size, data_parallel_size, data_parallel_size_local, data_parallel_rank, data_parallel_rank_local, data_parallel_master_ip, data_parallel_rpc_port, data_parallel_master_port, data_parallel_backend, data_parallel_external_lb, data_parallel_hybrid_lb, is_moe_model, enable_expert_parallel, enable_ep_weight_filter, enable_eplb, eplb_config, enable_elastic_ep, expert_placement_strategy, all2all_backend, max_parallel_loading_workers, disable_custom_all_reduce, enable_dbo, ubatch_size, dbo_decode_token_threshold, dbo_prefill_token_threshold, disable_nccl_for_dp_synchronization, ray_workers_use_nsight, ray_runtime_env, placement_group, distributed_executor_backend, worker_cls, sd_worker_cls, worker_extension_cls, master_addr, master_port, node_rank, nnodes, numa_bind, numa_bind_nodes, numa_bind_cpus, distributed_timeout_seconds, cpu_distributed_timeout_seconds, rank, data_parallel_master_port_list, coord_store_port, decode_context_parallel_size, dcp_comm_backend, dcp_kv_cache_interleave_size, cp_kv_cache_interleave_size, api_process_count, api_process_rank, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: Vllm.Ref.t()
  @spec new!(integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()] | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), integer(), integer() | nil, String.t(), integer(), integer(), String.t(), boolean(), boolean(), boolean() | nil, boolean(), boolean(), boolean(), term(), boolean(), String.t(), String.t(), integer() | nil, boolean(), boolean(), integer(), integer(), integer(), boolean() | nil, boolean(), term(), term(), term(), String.t(), String.t(), String.t(), String.t(), integer(), integer(), integer(), boolean(), [integer()] | nil, [String.t()] | nil, integer() | nil, integer() | nil, integer(), [integer()], integer(), integer(), String.t(), integer(), integer(), integer(), integer(), keyword()) :: Vllm.Ref.t()
  def new!(pipeline_parallel_size \\ :"$unset", tensor_parallel_size \\ :"$unset", prefill_context_parallel_size \\ :"$unset", data_parallel_size \\ :"$unset", data_parallel_size_local \\ :"$unset", data_parallel_rank \\ :"$unset", data_parallel_rank_local \\ :"$unset", data_parallel_master_ip \\ :"$unset", data_parallel_rpc_port \\ :"$unset", data_parallel_master_port \\ :"$unset", data_parallel_backend \\ :"$unset", data_parallel_external_lb \\ :"$unset", data_parallel_hybrid_lb \\ :"$unset", is_moe_model \\ :"$unset", enable_expert_parallel \\ :"$unset", enable_ep_weight_filter \\ :"$unset", enable_eplb \\ :"$unset", eplb_config \\ :"$unset", enable_elastic_ep \\ :"$unset", expert_placement_strategy \\ :"$unset", all2all_backend \\ :"$unset", max_parallel_loading_workers \\ :"$unset", disable_custom_all_reduce \\ :"$unset", enable_dbo \\ :"$unset", ubatch_size \\ :"$unset", dbo_decode_token_threshold \\ :"$unset", dbo_prefill_token_threshold \\ :"$unset", disable_nccl_for_dp_synchronization \\ :"$unset", ray_workers_use_nsight \\ :"$unset", ray_runtime_env \\ :"$unset", placement_group \\ :"$unset", distributed_executor_backend \\ :"$unset", worker_cls \\ :"$unset", sd_worker_cls \\ :"$unset", worker_extension_cls \\ :"$unset", master_addr \\ :"$unset", master_port \\ :"$unset", node_rank \\ :"$unset", nnodes \\ :"$unset", numa_bind \\ :"$unset", numa_bind_nodes \\ :"$unset", numa_bind_cpus \\ :"$unset", distributed_timeout_seconds \\ :"$unset", cpu_distributed_timeout_seconds \\ :"$unset", rank \\ :"$unset", data_parallel_master_port_list \\ :"$unset", coord_store_port \\ :"$unset", decode_context_parallel_size \\ :"$unset", dcp_comm_backend \\ :"$unset", dcp_kv_cache_interleave_size \\ :"$unset", cp_kv_cache_interleave_size \\ :"$unset", api_process_count \\ :"$unset", api_process_rank \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(new(pipeline_parallel_size, tensor_parallel_size, prefill_context_parallel_size, data_parallel_size, data_parallel_size_local, data_parallel_rank, data_parallel_rank_local, data_parallel_master_ip, data_parallel_rpc_port, data_parallel_master_port, data_parallel_backend, data_parallel_external_lb, data_parallel_hybrid_lb, is_moe_model, enable_expert_parallel, enable_ep_weight_filter, enable_eplb, eplb_config, enable_elastic_ep, expert_placement_strategy, all2all_backend, max_parallel_loading_workers, disable_custom_all_reduce, enable_dbo, ubatch_size, dbo_decode_token_threshold, dbo_prefill_token_threshold, disable_nccl_for_dp_synchronization, ray_workers_use_nsight, ray_runtime_env, placement_group, distributed_executor_backend, worker_cls, sd_worker_cls, worker_extension_cls, master_addr, master_port, node_rank, nnodes, numa_bind, numa_bind_nodes, numa_bind_cpus, distributed_timeout_seconds, cpu_distributed_timeout_seconds, rank, data_parallel_master_port_list, coord_store_port, decode_context_parallel_size, dcp_comm_backend, dcp_kv_cache_interleave_size, cp_kv_cache_interleave_size, api_process_count, api_process_rank, opts))
  end

  @world_size_across_dp %Vllm.Call.Spec{
    function: "ParallelConfig.world_size_across_dp",
    path: "/vllm.distributed.v1.ParallelConfig/WorldSizeAcrossDp",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The ranks of all replicas.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec world_size_across_dp(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec world_size_across_dp(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def world_size_across_dp(receiver, opts \\ []) do
    Vllm.Call.run(@world_size_across_dp, [receiver, opts])
  end

  @doc "Like `world_size_across_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec world_size_across_dp!(Vllm.Ref.t()) :: integer()
  @spec world_size_across_dp!(Vllm.Ref.t(), keyword()) :: integer()
  def world_size_across_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(world_size_across_dp(receiver, opts))
  end

  @use_ubatching %Vllm.Call.Spec{
    function: "ParallelConfig.use_ubatching",
    path: "/vllm.distributed.v1.ParallelConfig/UseUbatching",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether batches are split into micro-batches.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec use_ubatching(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec use_ubatching(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def use_ubatching(receiver, opts \\ []) do
    Vllm.Call.run(@use_ubatching, [receiver, opts])
  end

  @doc "Like `use_ubatching`, but returns the value itself and raises `Vllm.Error`."
  @spec use_ubatching!(Vllm.Ref.t()) :: boolean()
  @spec use_ubatching!(Vllm.Ref.t(), keyword()) :: boolean()
  def use_ubatching!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_ubatching(receiver, opts))
  end

  @num_ubatches %Vllm.Call.Spec{
    function: "ParallelConfig.num_ubatches",
    path: "/vllm.distributed.v1.ParallelConfig/NumUbatches",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Into how many micro-batches a batch is split.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec num_ubatches(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec num_ubatches(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def num_ubatches(receiver, opts \\ []) do
    Vllm.Call.run(@num_ubatches, [receiver, opts])
  end

  @doc "Like `num_ubatches`, but returns the value itself and raises `Vllm.Error`."
  @spec num_ubatches!(Vllm.Ref.t()) :: integer()
  @spec num_ubatches!(Vllm.Ref.t(), keyword()) :: integer()
  def num_ubatches!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(num_ubatches(receiver, opts))
  end

  @use_sequence_parallel_moe %Vllm.Call.Spec{
    function: "ParallelConfig.use_sequence_parallel_moe",
    path: "/vllm.distributed.v1.ParallelConfig/UseSequenceParallelMoe",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether the ranks of a tensor parallel group share out the tokens before the experts.

  Attention leaves every token on each of them, and these all-to-all backends would carry and
  compute every copy.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec use_sequence_parallel_moe(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec use_sequence_parallel_moe(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def use_sequence_parallel_moe(receiver, opts \\ []) do
    Vllm.Call.run(@use_sequence_parallel_moe, [receiver, opts])
  end

  @doc "Like `use_sequence_parallel_moe`, but returns the value itself and raises `Vllm.Error`."
  @spec use_sequence_parallel_moe!(Vllm.Ref.t()) :: boolean()
  @spec use_sequence_parallel_moe!(Vllm.Ref.t(), keyword()) :: boolean()
  def use_sequence_parallel_moe!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_sequence_parallel_moe(receiver, opts))
  end

  @nnodes_within_dp %Vllm.Call.Spec{
    function: "ParallelConfig.nnodes_within_dp",
    path: "/vllm.distributed.v1.ParallelConfig/NnodesWithinDp",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The nodes that one replica spans.

  Raises `InvalidArgumentError` if `data_parallel_size_local` does not say how many replicas a
  node holds, or the nodes cannot be shared equally by the replicas.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec nnodes_within_dp(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec nnodes_within_dp(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def nnodes_within_dp(receiver, opts \\ []) do
    Vllm.Call.run(@nnodes_within_dp, [receiver, opts])
  end

  @doc "Like `nnodes_within_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec nnodes_within_dp!(Vllm.Ref.t()) :: integer()
  @spec nnodes_within_dp!(Vllm.Ref.t(), keyword()) :: integer()
  def nnodes_within_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(nnodes_within_dp(receiver, opts))
  end

  @node_rank_within_dp %Vllm.Call.Spec{
    function: "ParallelConfig.node_rank_within_dp",
    path: "/vllm.distributed.v1.ParallelConfig/NodeRankWithinDp",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Which of the nodes of its replica this is.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec node_rank_within_dp(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec node_rank_within_dp(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def node_rank_within_dp(receiver, opts \\ []) do
    Vllm.Call.run(@node_rank_within_dp, [receiver, opts])
  end

  @doc "Like `node_rank_within_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec node_rank_within_dp!(Vllm.Ref.t()) :: integer()
  @spec node_rank_within_dp!(Vllm.Ref.t(), keyword()) :: integer()
  def node_rank_within_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(node_rank_within_dp(receiver, opts))
  end

  @local_world_size %Vllm.Call.Spec{
    function: "ParallelConfig.local_world_size",
    path: "/vllm.distributed.v1.ParallelConfig/LocalWorldSize",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The ranks of one replica on one node.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec local_world_size(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec local_world_size(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def local_world_size(receiver, opts \\ []) do
    Vllm.Call.run(@local_world_size, [receiver, opts])
  end

  @doc "Like `local_world_size`, but returns the value itself and raises `Vllm.Error`."
  @spec local_world_size!(Vllm.Ref.t()) :: integer()
  @spec local_world_size!(Vllm.Ref.t(), keyword()) :: integer()
  def local_world_size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(local_world_size(receiver, opts))
  end

  @local_engines_only %Vllm.Call.Spec{
    function: "ParallelConfig.local_engines_only",
    path: "/vllm.distributed.v1.ParallelConfig/LocalEnginesOnly",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether a client manages the engines of its own node only.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec local_engines_only(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec local_engines_only(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def local_engines_only(receiver, opts \\ []) do
    Vllm.Call.run(@local_engines_only, [receiver, opts])
  end

  @doc "Like `local_engines_only`, but returns the value itself and raises `Vllm.Error`."
  @spec local_engines_only!(Vllm.Ref.t()) :: boolean()
  @spec local_engines_only!(Vllm.Ref.t(), keyword()) :: boolean()
  def local_engines_only!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(local_engines_only(receiver, opts))
  end

  @use_ray %Vllm.Call.Spec{
    function: "ParallelConfig.use_ray",
    path: "/vllm.distributed.v1.ParallelConfig/UseRay",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether Ray starts the workers.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec use_ray(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec use_ray(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def use_ray(receiver, opts \\ []) do
    Vllm.Call.run(@use_ray, [receiver, opts])
  end

  @doc "Like `use_ray`, but returns the value itself and raises `Vllm.Error`."
  @spec use_ray!(Vllm.Ref.t()) :: boolean()
  @spec use_ray!(Vllm.Ref.t(), keyword()) :: boolean()
  def use_ray!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_ray(receiver, opts))
  end

  @check_kv_cache_block_size %Vllm.Call.Spec{
    function: "ParallelConfig.check_kv_cache_block_size",
    path: "/vllm.distributed.v1.ParallelConfig/CheckKvCacheBlockSize",
    params: [
      {:receiver, 1, :object, :required},
      {:block_size, 2, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Check that blocks of the key-value cache hold whole runs of interleaved tokens.

  Raises `InvalidArgumentError` unless `cp_kv_cache_interleave_size` divides `block_size`.

  Python: `ParallelConfig.check_kv_cache_block_size(block_size)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec check_kv_cache_block_size(Vllm.Ref.t(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec check_kv_cache_block_size(Vllm.Ref.t(), integer(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def check_kv_cache_block_size(receiver, block_size, opts \\ []) do
    Vllm.Call.run(@check_kv_cache_block_size, [receiver, block_size, opts])
  end

  @doc "Like `check_kv_cache_block_size`, but returns the value itself and raises `Vllm.Error`."
  @spec check_kv_cache_block_size!(Vllm.Ref.t(), integer()) :: nil
  @spec check_kv_cache_block_size!(Vllm.Ref.t(), integer(), keyword()) :: nil
  def check_kv_cache_block_size!(receiver, block_size, opts \\ []) do
    Vllm.Error.unwrap!(check_kv_cache_block_size(receiver, block_size, opts))
  end

  @compute_hash %Vllm.Call.Spec{
    function: "ParallelConfig.compute_hash",
    path: "/vllm.distributed.v1.ParallelConfig/ComputeHash",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :string,
    inline: false
  }

  @doc ~S"""
  Return a SHA-256, in hexadecimal, that is equal where the computation graph is.

  The same in every process. Replicas whose hashes differ must not run together: they would
  not make the same collectives.

  Python: `ParallelConfig.compute_hash()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec compute_hash(Vllm.Ref.t()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  @spec compute_hash(Vllm.Ref.t(), keyword()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  def compute_hash(receiver, opts \\ []) do
    Vllm.Call.run(@compute_hash, [receiver, opts])
  end

  @doc "Like `compute_hash`, but returns the value itself and raises `Vllm.Error`."
  @spec compute_hash!(Vllm.Ref.t()) :: String.t()
  @spec compute_hash!(Vllm.Ref.t(), keyword()) :: String.t()
  def compute_hash!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(compute_hash(receiver, opts))
  end

  @get_next_dp_init_port %Vllm.Call.Spec{
    function: "ParallelConfig.get_next_dp_init_port",
    path: "/vllm.distributed.v1.ParallelConfig/GetNextDpInitPort",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: false
  }

  @doc ~S"""
  Return the port for the next group between replicas; each is returned once.

  First those that were reserved when the configuration was made, then
  `data_parallel_master_port` and what follows it. Processes that hold copies of one
  configuration get the same ports if they ask as often. Raises `InvalidArgumentError` when
  there are no more.

  Python: `ParallelConfig.get_next_dp_init_port()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec get_next_dp_init_port(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec get_next_dp_init_port(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def get_next_dp_init_port(receiver, opts \\ []) do
    Vllm.Call.run(@get_next_dp_init_port, [receiver, opts])
  end

  @doc "Like `get_next_dp_init_port`, but returns the value itself and raises `Vllm.Error`."
  @spec get_next_dp_init_port!(Vllm.Ref.t()) :: integer()
  @spec get_next_dp_init_port!(Vllm.Ref.t(), keyword()) :: integer()
  def get_next_dp_init_port!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(get_next_dp_init_port(receiver, opts))
  end

  @stateless_init_dp_group %Vllm.Call.Spec{
    function: "ParallelConfig.stateless_init_dp_group",
    path: "/vllm.distributed.v1.ParallelConfig/StatelessInitDpGroup",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :process_group,
    inline: false
  }

  @doc ~S"""
  Return a new gloo group of one rank per replica, outside of torch's world.

  `data_parallel_rank` of `data_parallel_size`, at `data_parallel_master_ip`. Where a port is
  taken by somebody else, all ranks go on to the next one. Raises `RendezvousError` if none of
  five is free; `RendezvousTimeoutError`, naming the ranks that did not come, after
  `cpu_distributed_timeout_seconds`, else `distributed_timeout_seconds`, else 300 seconds.
  Collective over one process of each replica.

  Python: `ParallelConfig.stateless_init_dp_group()`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec stateless_init_dp_group(Vllm.Ref.t()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec stateless_init_dp_group(Vllm.Ref.t(), keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def stateless_init_dp_group(receiver, opts \\ []) do
    Vllm.Call.run(@stateless_init_dp_group, [receiver, opts])
  end

  @doc "Like `stateless_init_dp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_init_dp_group!(Vllm.Ref.t()) :: Vllm.Distributed.ProcessGroup.t()
  @spec stateless_init_dp_group!(Vllm.Ref.t(), keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def stateless_init_dp_group!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(stateless_init_dp_group(receiver, opts))
  end

  @has_unfinished_dp %Vllm.Call.Spec{
    function: "ParallelConfig.has_unfinished_dp",
    path: "/vllm.distributed.v1.ParallelConfig/HasUnfinishedDp",
    params: [
      {:dp_group, 1, :process_group, :required},
      {:has_unfinished, 2, :bool, :required}
    ],
    result: :bool,
    inline: false
  }

  @doc ~S"""
  Return whether any rank of `dp_group` has unfinished work.

  Collective over `dp_group`. Raises `CollectiveError` if a peer is gone.

  Python: `ParallelConfig.has_unfinished_dp(dp_group, has_unfinished)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec has_unfinished_dp(Vllm.Distributed.ProcessGroup.t(), boolean()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec has_unfinished_dp(Vllm.Distributed.ProcessGroup.t(), boolean(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def has_unfinished_dp(dp_group, has_unfinished, opts \\ []) do
    Vllm.Call.run(@has_unfinished_dp, [dp_group, has_unfinished, opts])
  end

  @doc "Like `has_unfinished_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec has_unfinished_dp!(Vllm.Distributed.ProcessGroup.t(), boolean()) :: boolean()
  @spec has_unfinished_dp!(Vllm.Distributed.ProcessGroup.t(), boolean(), keyword()) :: boolean()
  def has_unfinished_dp!(dp_group, has_unfinished, opts \\ []) do
    Vllm.Error.unwrap!(has_unfinished_dp(dp_group, has_unfinished, opts))
  end

  @sync_kv_cache_memory_size %Vllm.Call.Spec{
    function: "ParallelConfig.sync_kv_cache_memory_size",
    path: "/vllm.distributed.v1.ParallelConfig/SyncKvCacheMemorySize",
    params: [
      {:dp_group, 1, :process_group, :required},
      {:kv_cache_memory, 2, :int, :required}
    ],
    result: :int,
    inline: false
  }

  @doc ~S"""
  Return the least of the ranks' sizes, in bytes; -1 is no limit, and given if none has.

  Collective over `dp_group`. Raises `CollectiveError` if a peer is gone.

  Python: `ParallelConfig.sync_kv_cache_memory_size(dp_group, kv_cache_memory)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec sync_kv_cache_memory_size(Vllm.Distributed.ProcessGroup.t(), integer()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec sync_kv_cache_memory_size(Vllm.Distributed.ProcessGroup.t(), integer(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def sync_kv_cache_memory_size(dp_group, kv_cache_memory, opts \\ []) do
    Vllm.Call.run(@sync_kv_cache_memory_size, [dp_group, kv_cache_memory, opts])
  end

  @doc "Like `sync_kv_cache_memory_size`, but returns the value itself and raises `Vllm.Error`."
  @spec sync_kv_cache_memory_size!(Vllm.Distributed.ProcessGroup.t(), integer()) :: integer()
  @spec sync_kv_cache_memory_size!(Vllm.Distributed.ProcessGroup.t(), integer(), keyword()) :: integer()
  def sync_kv_cache_memory_size!(dp_group, kv_cache_memory, opts \\ []) do
    Vllm.Error.unwrap!(sync_kv_cache_memory_size(dp_group, kv_cache_memory, opts))
  end

  @sync_dp_state %Vllm.Call.Spec{
    function: "ParallelConfig.sync_dp_state",
    path: "/vllm.distributed.v1.ParallelConfig/SyncDpState",
    params: [
      {:dp_group, 1, :process_group, :required},
      {:has_unfinished, 2, :bool, :required},
      {:pending_pause, 3, :bool, :required}
    ],
    result: {:tuple, [:bool, :bool]},
    inline: false
  }

  @doc ~S"""
  Return (whether the replicas must go on stepping, whether all of them want to pause).

  They go on while any has unfinished work, and while some but not all want to pause. One
  all-reduce. Collective over `dp_group`. Raises `CollectiveError` if a peer is gone.

  Python: `ParallelConfig.sync_dp_state(dp_group, has_unfinished, pending_pause)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec sync_dp_state(Vllm.Distributed.ProcessGroup.t(), boolean(), boolean()) :: {:ok, {boolean(), boolean()}} | {:error, Vllm.Error.t()}
  @spec sync_dp_state(Vllm.Distributed.ProcessGroup.t(), boolean(), boolean(), keyword()) :: {:ok, {boolean(), boolean()}} | {:error, Vllm.Error.t()}
  def sync_dp_state(dp_group, has_unfinished, pending_pause, opts \\ []) do
    Vllm.Call.run(@sync_dp_state, [dp_group, has_unfinished, pending_pause, opts])
  end

  @doc "Like `sync_dp_state`, but returns the value itself and raises `Vllm.Error`."
  @spec sync_dp_state!(Vllm.Distributed.ProcessGroup.t(), boolean(), boolean()) :: {boolean(), boolean()}
  @spec sync_dp_state!(Vllm.Distributed.ProcessGroup.t(), boolean(), boolean(), keyword()) :: {boolean(), boolean()}
  def sync_dp_state!(dp_group, has_unfinished, pending_pause, opts \\ []) do
    Vllm.Error.unwrap!(sync_dp_state(dp_group, has_unfinished, pending_pause, opts))
  end
end
