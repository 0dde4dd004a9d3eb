# Generated from proto/vllm/distributed/v1/objects.proto by `make codegen`. Do not edit.

defmodule Vllm.Distributed.V1.StatelessGroupCoordinatorObject do
  @moduledoc false
  # The message `vllm.distributed.v1.StatelessGroupCoordinatorObject`. A
  # StatelessGroupCoordinator: the handle, and the fields as they were when it was sent. As an
  # argument, `ref` alone.

  defstruct [ref: nil, unique_name: nil, ranks: nil, rank: nil, rank_in_group: nil, world_size: nil, local_rank: nil, backend: nil, device: nil, global_world_size: nil, tcp_store_group: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, unique_name: String.t() | nil, ranks: Vllm.Bridge.V1.Int64List.t() | nil, rank: integer() | nil, rank_in_group: integer() | nil, world_size: integer() | nil, local_rank: integer() | nil, backend: String.t() | nil, device: String.t() | nil, global_world_size: integer() | nil, tcp_store_group: Vllm.Distributed.V1.StatelessProcessGroupObject.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:unique_name, 2, :string, :optional},
      {:ranks, 3, {:message, Vllm.Bridge.V1.Int64List}, :optional},
      {:rank, 4, :int64, :optional},
      {:rank_in_group, 5, :int64, :optional},
      {:world_size, 6, :int64, :optional},
      {:local_rank, 7, :int64, :optional},
      {:backend, 8, :string, :optional},
      {:device, 9, :string, :optional},
      {:global_world_size, 10, :int64, :optional},
      {:tcp_store_group, 11, {:message, Vllm.Distributed.V1.StatelessProcessGroupObject}, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.StatelessProcessGroupObject do
  @moduledoc false
  # The message `vllm.distributed.v1.StatelessProcessGroupObject`. A StatelessProcessGroup: the
  # handle, and the fields as they were when it was sent. As an argument, `ref` alone.

  defstruct [ref: nil, rank: nil, world_size: nil, data_expiration_seconds: nil, broadcast_send_counter: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, rank: integer() | nil, world_size: integer() | nil, data_expiration_seconds: integer() | nil, broadcast_send_counter: integer() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:rank, 2, :int64, :optional},
      {:world_size, 3, :int64, :optional},
      {:data_expiration_seconds, 4, :int64, :optional},
      {:broadcast_send_counter, 501, :int64, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.DeviceCommunicatorBaseObject do
  @moduledoc false
  # The message `vllm.distributed.v1.DeviceCommunicatorBaseObject`. A DeviceCommunicatorBase: the
  # handle, and the fields as they were when it was sent. As an argument, `ref` alone.

  defstruct [ref: nil, unique_name: nil, rank_in_group: nil, world_size: nil, device: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, unique_name: String.t() | nil, rank_in_group: integer() | nil, world_size: integer() | nil, device: String.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:unique_name, 2, :string, :optional},
      {:rank_in_group, 3, :int64, :optional},
      {:world_size, 4, :int64, :optional},
      {:device, 5, :string, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.MessageQueueObject do
  @moduledoc false
  # The message `vllm.distributed.v1.MessageQueueObject`. A MessageQueue: the handle, and the
  # fields as they were when it was sent. As an argument, `ref` alone.

  defstruct [ref: nil, is_writer: nil, n_local_reader: nil, n_remote_reader: nil, shutting_down: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, is_writer: boolean() | nil, n_local_reader: integer() | nil, n_remote_reader: integer() | nil, shutting_down: boolean() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:is_writer, 501, :bool, :optional},
      {:n_local_reader, 502, :int64, :optional},
      {:n_remote_reader, 503, :int64, :optional},
      {:shutting_down, 504, :bool, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.GraphCaptureContextObject do
  @moduledoc false
  # The message `vllm.distributed.v1.GraphCaptureContextObject`. A GraphCaptureContext: the
  # handle, and the fields as they were when it was sent. As an argument, `ref`, or without one
  # the fields to make it of; absent is the default.

  defstruct [ref: nil, stream: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, stream: Vllm.Bridge.V1.Ref.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:stream, 2, {:message, Vllm.Bridge.V1.Ref}, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.ParallelConfigObject do
  @moduledoc false
  # The message `vllm.distributed.v1.ParallelConfigObject`. A ParallelConfig: the handle, and the
  # fields as they were when it was sent. As an argument, `ref`, or without one the fields to make
  # it of; absent is the default.

  defstruct [ref: nil, pipeline_parallel_size: nil, tensor_parallel_size: nil, prefill_context_parallel_size: nil, data_parallel_size: nil, data_parallel_size_local: nil, data_parallel_rank: nil, data_parallel_rank_local: nil, data_parallel_master_ip: nil, data_parallel_rpc_port: nil, data_parallel_master_port: nil, data_parallel_backend: nil, data_parallel_external_lb: nil, data_parallel_hybrid_lb: nil, is_moe_model: nil, enable_expert_parallel: nil, enable_ep_weight_filter: nil, enable_eplb: nil, eplb_config: nil, enable_elastic_ep: nil, expert_placement_strategy: nil, all2all_backend: nil, max_parallel_loading_workers: nil, disable_custom_all_reduce: nil, enable_dbo: nil, ubatch_size: nil, dbo_decode_token_threshold: nil, dbo_prefill_token_threshold: nil, disable_nccl_for_dp_synchronization: nil, ray_workers_use_nsight: nil, ray_runtime_env: nil, placement_group: nil, distributed_executor_backend: nil, worker_cls: nil, sd_worker_cls: nil, worker_extension_cls: nil, master_addr: nil, master_port: nil, node_rank: nil, nnodes: nil, numa_bind: nil, numa_bind_nodes: nil, numa_bind_cpus: nil, distributed_timeout_seconds: nil, cpu_distributed_timeout_seconds: nil, rank: nil, decode_context_parallel_size: nil, dcp_comm_backend: nil, dcp_kv_cache_interleave_size: nil, cp_kv_cache_interleave_size: nil, dp_sync_interval: nil, enable_hc_sp: nil, enable_batch_sharded_sampling: nil, enable_shm_tensor_arena: nil, elastic_ep_max_dp_size: nil, assigned_physical_gpu_ids: nil, dcp_q_replicate: nil, enable_fault_tolerance: nil, fault_tolerance_config: nil, world_size: nil, data_parallel_index: nil, world_size_across_dp: nil, use_ubatching: nil, num_ubatches: nil, use_sequence_parallel_moe: nil, nnodes_within_dp: nil, node_rank_within_dp: nil, local_world_size: nil, local_engines_only: nil, use_ray: nil, use_all2all: nil, use_batched_dp_moe: nil, pcp_shard_decode_requests: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, pipeline_parallel_size: integer() | nil, tensor_parallel_size: integer() | nil, prefill_context_parallel_size: integer() | nil, data_parallel_size: integer() | nil, data_parallel_size_local: integer() | nil, data_parallel_rank: integer() | nil, data_parallel_rank_local: integer() | nil, data_parallel_master_ip: String.t() | nil, data_parallel_rpc_port: integer() | nil, data_parallel_master_port: integer() | nil, data_parallel_backend: String.t() | nil, data_parallel_external_lb: boolean() | nil, data_parallel_hybrid_lb: boolean() | nil, is_moe_model: boolean() | nil, enable_expert_parallel: boolean() | nil, enable_ep_weight_filter: boolean() | nil, enable_eplb: boolean() | nil, eplb_config: Vllm.Distributed.V1.EPLBConfigObject.t() | nil, enable_elastic_ep: boolean() | nil, expert_placement_strategy: String.t() | nil, all2all_backend: String.t() | nil, max_parallel_loading_workers: integer() | nil, disable_custom_all_reduce: boolean() | nil, enable_dbo: boolean() | nil, ubatch_size: integer() | nil, dbo_decode_token_threshold: integer() | nil, dbo_prefill_token_threshold: integer() | nil, disable_nccl_for_dp_synchronization: boolean() | nil, ray_workers_use_nsight: boolean() | nil, ray_runtime_env: Vllm.Bridge.V1.Term.t() | nil, placement_group: Vllm.Bridge.V1.Term.t() | nil, distributed_executor_backend: Vllm.Bridge.V1.Term.t() | nil, worker_cls: String.t() | nil, sd_worker_cls: String.t() | nil, worker_extension_cls: String.t() | nil, master_addr: String.t() | nil, master_port: integer() | nil, node_rank: integer() | nil, nnodes: integer() | nil, numa_bind: boolean() | nil, numa_bind_nodes: Vllm.Bridge.V1.Int64List.t() | nil, numa_bind_cpus: Vllm.Bridge.V1.StringList.t() | nil, distributed_timeout_seconds: integer() | nil, cpu_distributed_timeout_seconds: integer() | nil, rank: integer() | nil, decode_context_parallel_size: integer() | nil, dcp_comm_backend: String.t() | nil, dcp_kv_cache_interleave_size: integer() | nil, cp_kv_cache_interleave_size: integer() | nil, dp_sync_interval: integer() | nil, enable_hc_sp: boolean() | nil, enable_batch_sharded_sampling: boolean() | nil, enable_shm_tensor_arena: boolean() | nil, elastic_ep_max_dp_size: integer() | nil, assigned_physical_gpu_ids: Vllm.Bridge.V1.Int64List.t() | nil, dcp_q_replicate: boolean() | nil, enable_fault_tolerance: boolean() | nil, fault_tolerance_config: Vllm.Distributed.V1.FaultToleranceConfigObject.t() | nil, world_size: integer() | nil, data_parallel_index: integer() | nil, world_size_across_dp: integer() | nil, use_ubatching: boolean() | nil, num_ubatches: integer() | nil, use_sequence_parallel_moe: boolean() | nil, nnodes_within_dp: integer() | nil, node_rank_within_dp: integer() | nil, local_world_size: integer() | nil, local_engines_only: boolean() | nil, use_ray: boolean() | nil, use_all2all: boolean() | nil, use_batched_dp_moe: boolean() | nil, pcp_shard_decode_requests: boolean() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:pipeline_parallel_size, 2, :int64, :optional},
      {:tensor_parallel_size, 3, :int64, :optional},
      {:prefill_context_parallel_size, 4, :int64, :optional},
      {:data_parallel_size, 5, :int64, :optional},
      {:data_parallel_size_local, 6, :int64, :optional},
      {:data_parallel_rank, 7, :int64, :optional},
      {:data_parallel_rank_local, 8, :int64, :optional},
      {:data_parallel_master_ip, 9, :string, :optional},
      {:data_parallel_rpc_port, 10, :int64, :optional},
      {:data_parallel_master_port, 11, :int64, :optional},
      {:data_parallel_backend, 12, :string, :optional},
      {:data_parallel_external_lb, 13, :bool, :optional},
      {:data_parallel_hybrid_lb, 14, :bool, :optional},
      {:is_moe_model, 15, :bool, :optional},
      {:enable_expert_parallel, 16, :bool, :optional},
      {:enable_ep_weight_filter, 17, :bool, :optional},
      {:enable_eplb, 18, :bool, :optional},
      {:eplb_config, 19, {:message, Vllm.Distributed.V1.EPLBConfigObject}, :optional},
      {:enable_elastic_ep, 20, :bool, :optional},
      {:expert_placement_strategy, 21, :string, :optional},
      {:all2all_backend, 22, :string, :optional},
      {:max_parallel_loading_workers, 23, :int64, :optional},
      {:disable_custom_all_reduce, 24, :bool, :optional},
      {:enable_dbo, 25, :bool, :optional},
      {:ubatch_size, 26, :int64, :optional},
      {:dbo_decode_token_threshold, 27, :int64, :optional},
      {:dbo_prefill_token_threshold, 28, :int64, :optional},
      {:disable_nccl_for_dp_synchronization, 29, :bool, :optional},
      {:ray_workers_use_nsight, 30, :bool, :optional},
      {:ray_runtime_env, 31, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:placement_group, 32, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:distributed_executor_backend, 33, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:worker_cls, 34, :string, :optional},
      {:sd_worker_cls, 35, :string, :optional},
      {:worker_extension_cls, 36, :string, :optional},
      {:master_addr, 37, :string, :optional},
      {:master_port, 38, :int64, :optional},
      {:node_rank, 39, :int64, :optional},
      {:nnodes, 40, :int64, :optional},
      {:numa_bind, 41, :bool, :optional},
      {:numa_bind_nodes, 42, {:message, Vllm.Bridge.V1.Int64List}, :optional},
      {:numa_bind_cpus, 43, {:message, Vllm.Bridge.V1.StringList}, :optional},
      {:distributed_timeout_seconds, 44, :int64, :optional},
      {:cpu_distributed_timeout_seconds, 45, :int64, :optional},
      {:rank, 46, :int64, :optional},
      {:decode_context_parallel_size, 47, :int64, :optional},
      {:dcp_comm_backend, 48, :string, :optional},
      {:dcp_kv_cache_interleave_size, 49, :int64, :optional},
      {:cp_kv_cache_interleave_size, 50, :int64, :optional},
      {:dp_sync_interval, 51, :int64, :optional},
      {:enable_hc_sp, 52, :bool, :optional},
      {:enable_batch_sharded_sampling, 53, :bool, :optional},
      {:enable_shm_tensor_arena, 54, :bool, :optional},
      {:elastic_ep_max_dp_size, 55, :int64, :optional},
      {:assigned_physical_gpu_ids, 56, {:message, Vllm.Bridge.V1.Int64List}, :optional},
      {:dcp_q_replicate, 57, :bool, :optional},
      {:enable_fault_tolerance, 58, :bool, :optional},
      {:fault_tolerance_config, 59, {:message, Vllm.Distributed.V1.FaultToleranceConfigObject}, :optional},
      {:world_size, 401, :int64, :optional},
      {:data_parallel_index, 402, :int64, :optional},
      {:world_size_across_dp, 501, :int64, :optional},
      {:use_ubatching, 502, :bool, :optional},
      {:num_ubatches, 503, :int64, :optional},
      {:use_sequence_parallel_moe, 504, :bool, :optional},
      {:nnodes_within_dp, 505, :int64, :optional},
      {:node_rank_within_dp, 506, :int64, :optional},
      {:local_world_size, 507, :int64, :optional},
      {:local_engines_only, 508, :bool, :optional},
      {:use_ray, 509, :bool, :optional},
      {:use_all2all, 510, :bool, :optional},
      {:use_batched_dp_moe, 511, :bool, :optional},
      {:pcp_shard_decode_requests, 512, :bool, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.EPLBConfigObject do
  @moduledoc false
  # The message `vllm.distributed.v1.EPLBConfigObject`. A EPLBConfig: the handle, and the fields
  # as they were when it was sent. As an argument, `ref`, or without one the fields to make it of;
  # absent is the default.

  defstruct [ref: nil, window_size: nil, step_interval: nil, num_redundant_experts: nil, log_balancedness: nil, log_balancedness_interval: nil, use_async: nil, policy: nil, communicator: nil, enable_migration_batching: nil, communicator_in_use: nil, migration_batching_enabled: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, window_size: integer() | nil, step_interval: integer() | nil, num_redundant_experts: integer() | nil, log_balancedness: boolean() | nil, log_balancedness_interval: integer() | nil, use_async: boolean() | nil, policy: String.t() | nil, communicator: String.t() | nil, enable_migration_batching: boolean() | nil, communicator_in_use: String.t() | nil, migration_batching_enabled: boolean() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:window_size, 2, :int64, :optional},
      {:step_interval, 3, :int64, :optional},
      {:num_redundant_experts, 4, :int64, :optional},
      {:log_balancedness, 5, :bool, :optional},
      {:log_balancedness_interval, 6, :int64, :optional},
      {:use_async, 7, :bool, :optional},
      {:policy, 8, :string, :optional},
      {:communicator, 9, :string, :optional},
      {:enable_migration_batching, 10, :bool, :optional},
      {:communicator_in_use, 501, :string, :optional},
      {:migration_batching_enabled, 502, :bool, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.FaultToleranceConfigObject do
  @moduledoc false
  # The message `vllm.distributed.v1.FaultToleranceConfigObject`. A FaultToleranceConfig: the
  # handle, and the fields as they were when it was sent. As an argument, `ref`, or without one
  # the fields to make it of; absent is the default.

  defstruct [ref: nil, engine_recovery_timeout_sec: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, engine_recovery_timeout_sec: integer() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:engine_recovery_timeout_sec, 2, :int64, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.HandleObject do
  @moduledoc false
  # The message `vllm.distributed.v1.HandleObject`. A Handle: the handle, and the fields as they
  # were when it was sent. As an argument, `ref` alone.

  defstruct [ref: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.ParallelSizesObject do
  @moduledoc false
  # The message `vllm.distributed.v1.ParallelSizesObject`. The plain data of a ParallelSizes. As
  # an argument, `ref`, or without one the fields to make it of; absent is the default.

  defstruct [ref: nil, tensor: nil, pipeline: nil, data: nil, prefill_context: nil, decode_context: nil, replica_size: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, tensor: integer() | nil, pipeline: integer() | nil, data: integer() | nil, prefill_context: integer() | nil, decode_context: integer() | nil, replica_size: integer() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:tensor, 2, :int64, :optional},
      {:pipeline, 3, :int64, :optional},
      {:data, 4, :int64, :optional},
      {:prefill_context, 5, :int64, :optional},
      {:decode_context, 6, :int64, :optional},
      {:replica_size, 501, :int64, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.TopologyObject do
  @moduledoc false
  # The message `vllm.distributed.v1.TopologyObject`. The plain data of a Topology. As an
  # argument, `ref`, or without one the fields to make it of; absent is the default.

  defstruct [ref: nil, world_size: nil, sizes: nil, external_data: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, world_size: integer() | nil, sizes: Vllm.Distributed.V1.ParallelSizesObject.t() | nil, external_data: integer() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:world_size, 2, :int64, :optional},
      {:sizes, 3, {:message, Vllm.Distributed.V1.ParallelSizesObject}, :optional},
      {:external_data, 501, :int64, :optional}
    ]
  end
end

defmodule Vllm.Distributed.V1.TensorMetadataObject do
  @moduledoc false
  # The message `vllm.distributed.v1.TensorMetadataObject`. The plain data of a TensorMetadata. As
  # an argument, `ref`, or without one the fields to make it of; absent is the default.

  defstruct [ref: nil, device: nil, dtype: nil, size: nil]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, device: String.t() | nil, dtype: String.t() | nil, size: Vllm.Bridge.V1.Int64List.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:device, 2, :string, :optional},
      {:dtype, 3, :string, :optional},
      {:size, 4, {:message, Vllm.Bridge.V1.Int64List}, :optional}
    ]
  end
end
