# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Config.ParallelConfig do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  How a model is laid out over processes, and where they meet.

  A size of data parallelism that is not given is taken from VLLM_DP_SIZE, VLLM_DP_RANK,
  VLLM_DP_RANK_LOCAL, VLLM_DP_MASTER_IP and VLLM_DP_MASTER_PORT, if VLLM_DP_SIZE is set.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `pipeline_parallel_size` - Into how many stages the layers are split
    * `tensor_parallel_size` - Into how many shards each layer is split
    * `prefill_context_parallel_size` - Over how many ranks the tokens of one prefill are shared
      out
    * `data_parallel_size` - How many replicas there are. Experts are spread over tensor x data
      parallel ranks
    * `data_parallel_size_local` - How many of the replicas are on this node. 0: data parallelism
      was given elsewhere, and the environment is not asked
    * `data_parallel_rank` - Which replica this is
    * `data_parallel_rank_local` - Which replica of its node this is, where each rank is started
      as a program of its own
    * `data_parallel_master_ip` - The address at which replicas meet
    * `data_parallel_rpc_port` - The port for messages between replicas
    * `data_parallel_master_port` - The port at which replicas meet next. If it is not given and
      there are several replicas, one of those that `get_next_dp_init_port` is about
    * `data_parallel_backend` - What starts the replicas: `mp` or `ray`
    * `data_parallel_external_lb` - Whether something outside shares requests out over all
      replicas, each with a server
    * `data_parallel_hybrid_lb` - Whether something outside shares requests out over nodes, and
      each node over its replicas
    * `is_moe_model` - Whether the model is a mixture of experts, if that is known. `false`: no
      expert group
    * `enable_expert_parallel` - Whether whole experts are spread over ranks, in place of shards
      of every expert
    * `enable_ep_weight_filter` - Whether a rank reads only the weights of its own experts from
      disk
    * `enable_eplb` - Whether the load of experts is balanced
    * `eplb_config` - How the load of experts is balanced
    * `enable_elastic_ep` - Whether ranks can join and leave, with stateless groups for data and
      experts
    * `expert_placement_strategy` - Which experts a rank holds, of 4 over 2 ranks: `linear` 0, 1
      and 2, 3; `round_robin` 0, 2 and 1, 3
    * `all2all_backend` - What carries tokens to the ranks of their experts and back
    * `max_parallel_loading_workers` - How many workers load weights at the same time
    * `disable_custom_all_reduce` - Whether the optimised all-reduce is left out. `true` on
      several nodes, whatever is set
    * `enable_dbo` - Whether a batch is run as two that overlap
    * `ubatch_size` - Into how many micro-batches a batch is split
    * `dbo_decode_token_threshold` - With how many tokens a batch of decodes only is split
    * `dbo_prefill_token_threshold` - With how many tokens a batch with prefills is split
    * `disable_nccl_for_dp_synchronization` - Whether replicas synchronise over gloo in place of
      NCCL. `nil`: not decided yet
    * `ray_workers_use_nsight` - Whether workers that Ray started are profiled
    * `ray_runtime_env` - Ray's runtime environment of the workers
    * `placement_group` - Ray's placement group of the workers
    * `distributed_executor_backend` - What starts the workers: `uni` (this process), `mp`, `ray`,
      `external_launcher` (torchrun and its like), an executor class or the import path of one.
      `nil`: chosen, see `world_size`
    * `worker_cls` - The name of the worker's class
    * `sd_worker_cls` - The name of the class of the worker for speculative decoding
    * `worker_extension_cls` - The name of a class that the worker's class inherits besides
    * `master_addr` - Where the ranks of several nodes meet
    * `master_port` - The port at which the ranks of several nodes meet
    * `node_rank` - Which node this is
    * `nnodes` - How many nodes there are. Divides the number of ranks
    * `numa_bind` - Whether workers are bound to the NUMA nodes of their devices
    * `numa_bind_nodes` - The NUMA node for each worker. `nil`: the one its device is on
    * `numa_bind_cpus` - The CPUs for each worker, such as `0-3` or `0,2,4-7`. `nil`: those of its
      NUMA node
    * `distributed_timeout_seconds` - How long joining the world and operations of its groups may
      take. `nil`: torch's default. A timeout passed to `init_distributed_environment` counts in
      place of this and the next one
    * `cpu_distributed_timeout_seconds` - How long barriers and the exchange of objects may take,
      through shared memory or over `Vllm.Distributed.GroupCoordinator.cpu_group`, and whatever
      else goes over that group. `nil`: `distributed_timeout_seconds`. If only this is given, it
      is for all that is on the CPU
    * `rank` - This process's rank
    * `decode_context_parallel_size` - Into how many parts each tensor parallel group is split for
      decoding
    * `dcp_comm_backend` - How decode context ranks combine: `ag_rs` all-gather and
      reduce-scatter, `a2a` all-to-all. `nil`: what the model prefers, see `set_dcp_defaults`
    * `dcp_kv_cache_interleave_size` - The older name of `cp_kv_cache_interleave_size`
    * `cp_kv_cache_interleave_size` - How many tokens in a row a context parallel rank stores
      before it is the next one's turn
    * `dp_sync_interval` - After how many steps replicas tell each other again whether they have
      finished. The same on all
    * `enable_hc_sp` - Whether tensor parallel ranks share out the tokens of hyper-connections
    * `enable_batch_sharded_sampling` - Whether each tensor parallel rank samples a part of the
      batch. `nil`: not decided yet
    * `enable_shm_tensor_arena` - Whether large tensors from an engine to its workers lie once in
      shared memory, in place of a copy for each
    * `elastic_ep_max_dp_size` - How many replicas there may be in time, with `enable_elastic_ep`.
      Otherwise, and where it is not given, `data_parallel_size`
    * `assigned_physical_gpu_ids` - The machine's number of each of this configuration's devices.
      `nil`: those that are visible, in order
    * `dcp_q_replicate` - Whether each decode context rank computes the queries of its whole
      group, so that they need not be gathered. `nil`: what the model prefers
    * `enable_fault_tolerance` - Whether an engine that failed waits for instructions
    * `fault_tolerance_config` - What it does meanwhile
    * `world_size` (derived) - The ranks of one replica: pipeline x tensor x prefill context
      parallel size. Under `external_launcher` those of all replicas. Follows from other fields
    * `data_parallel_index` (derived) - The `data_parallel_rank` at first, which does not follow
      it when that is assigned
    * `world_size_across_dp` (derived) - The ranks of all replicas
    * `use_ubatching` (derived) - Whether batches are split into micro-batches
    * `num_ubatches` (derived) - Into how many micro-batches a batch is split
    * `use_sequence_parallel_moe` (derived) - Whether the ranks of a tensor parallel group share
      out the tokens before the experts
    * `nnodes_within_dp` (derived) - The nodes that one replica spans
    * `node_rank_within_dp` (derived) - Which of the nodes of its replica this is
    * `local_world_size` (derived) - The ranks of one replica on one node
    * `local_engines_only` (derived) - Whether a client manages the engines of its own node only
    * `use_ray` (derived) - Whether Ray starts the workers
    * `use_all2all` (derived) - Whether tokens are exchanged between the ranks of the experts:
      these differ in what tokens they have
    * `use_batched_dp_moe` (derived) - Whether the experts get their tokens in batches of one size
      each, as some all-to-all backends carry them
    * `pcp_shard_decode_requests` (derived) - Whether prefill context ranks can share out requests
      that decode: where each has the whole key-value cache, as no decode context parallelism cuts
      it up
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Config.EPLBConfig
  alias Vllm.Config.FaultToleranceConfig
  alias Vllm.Distributed.ProcessGroup
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [
    :ref,
    :pipeline_parallel_size,
    :tensor_parallel_size,
    :prefill_context_parallel_size,
    :data_parallel_size,
    :data_parallel_size_local,
    :data_parallel_rank,
    :data_parallel_rank_local,
    :data_parallel_master_ip,
    :data_parallel_rpc_port,
    :data_parallel_master_port,
    :data_parallel_backend,
    :data_parallel_external_lb,
    :data_parallel_hybrid_lb,
    :is_moe_model,
    :enable_expert_parallel,
    :enable_ep_weight_filter,
    :enable_eplb,
    :eplb_config,
    :enable_elastic_ep,
    :expert_placement_strategy,
    :all2all_backend,
    :max_parallel_loading_workers,
    :disable_custom_all_reduce,
    :enable_dbo,
    :ubatch_size,
    :dbo_decode_token_threshold,
    :dbo_prefill_token_threshold,
    :disable_nccl_for_dp_synchronization,
    :ray_workers_use_nsight,
    :ray_runtime_env,
    :placement_group,
    :distributed_executor_backend,
    :worker_cls,
    :sd_worker_cls,
    :worker_extension_cls,
    :master_addr,
    :master_port,
    :node_rank,
    :nnodes,
    :numa_bind,
    :numa_bind_nodes,
    :numa_bind_cpus,
    :distributed_timeout_seconds,
    :cpu_distributed_timeout_seconds,
    :rank,
    :decode_context_parallel_size,
    :dcp_comm_backend,
    :dcp_kv_cache_interleave_size,
    :cp_kv_cache_interleave_size,
    :dp_sync_interval,
    :enable_hc_sp,
    :enable_batch_sharded_sampling,
    :enable_shm_tensor_arena,
    :elastic_ep_max_dp_size,
    :assigned_physical_gpu_ids,
    :dcp_q_replicate,
    :enable_fault_tolerance,
    :fault_tolerance_config,
    :world_size,
    :data_parallel_index,
    :world_size_across_dp,
    :use_ubatching,
    :num_ubatches,
    :use_sequence_parallel_moe,
    :nnodes_within_dp,
    :node_rank_within_dp,
    :local_world_size,
    :local_engines_only,
    :use_ray,
    :use_all2all,
    :use_batched_dp_moe,
    :pcp_shard_decode_requests
  ]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          pipeline_parallel_size: integer(),
          tensor_parallel_size: integer(),
          prefill_context_parallel_size: integer(),
          data_parallel_size: integer(),
          data_parallel_size_local: integer(),
          data_parallel_rank: integer(),
          data_parallel_rank_local: integer() | nil,
          data_parallel_master_ip: String.t(),
          data_parallel_rpc_port: integer(),
          data_parallel_master_port: integer(),
          data_parallel_backend: String.t(),
          data_parallel_external_lb: boolean(),
          data_parallel_hybrid_lb: boolean(),
          is_moe_model: boolean() | nil,
          enable_expert_parallel: boolean(),
          enable_ep_weight_filter: boolean(),
          enable_eplb: boolean(),
          eplb_config: EPLBConfig.t(),
          enable_elastic_ep: boolean(),
          expert_placement_strategy: String.t(),
          all2all_backend: String.t(),
          max_parallel_loading_workers: integer() | nil,
          disable_custom_all_reduce: boolean(),
          enable_dbo: boolean(),
          ubatch_size: integer(),
          dbo_decode_token_threshold: integer(),
          dbo_prefill_token_threshold: integer(),
          disable_nccl_for_dp_synchronization: boolean() | nil,
          ray_workers_use_nsight: boolean(),
          ray_runtime_env: term(),
          placement_group: term(),
          distributed_executor_backend: term(),
          worker_cls: String.t(),
          sd_worker_cls: String.t(),
          worker_extension_cls: String.t(),
          master_addr: String.t(),
          master_port: integer(),
          node_rank: integer(),
          nnodes: integer(),
          numa_bind: boolean(),
          numa_bind_nodes: [integer()] | nil,
          numa_bind_cpus: [String.t()] | nil,
          distributed_timeout_seconds: integer() | nil,
          cpu_distributed_timeout_seconds: integer() | nil,
          rank: integer(),
          decode_context_parallel_size: integer(),
          dcp_comm_backend: String.t() | nil,
          dcp_kv_cache_interleave_size: integer(),
          cp_kv_cache_interleave_size: integer(),
          dp_sync_interval: integer(),
          enable_hc_sp: boolean(),
          enable_batch_sharded_sampling: boolean() | nil,
          enable_shm_tensor_arena: boolean(),
          elastic_ep_max_dp_size: integer() | nil,
          assigned_physical_gpu_ids: [integer()] | nil,
          dcp_q_replicate: boolean() | nil,
          enable_fault_tolerance: boolean(),
          fault_tolerance_config: FaultToleranceConfig.t(),
          world_size: integer() | nil,
          data_parallel_index: integer() | nil,
          world_size_across_dp: integer() | nil,
          use_ubatching: boolean() | nil,
          num_ubatches: integer() | nil,
          use_sequence_parallel_moe: boolean() | nil,
          nnodes_within_dp: integer() | nil,
          node_rank_within_dp: integer() | nil,
          local_world_size: integer() | nil,
          local_engines_only: boolean() | nil,
          use_ray: boolean() | nil,
          use_all2all: boolean() | nil,
          use_batched_dp_moe: boolean() | nil,
          pcp_shard_decode_requests: boolean() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.ParallelConfigObject,
     [
       {:pipeline_parallel_size, :int, :given},
       {:tensor_parallel_size, :int, :given},
       {:prefill_context_parallel_size, :int, :given},
       {:data_parallel_size, :int, :given},
       {:data_parallel_size_local, :int, :given},
       {:data_parallel_rank, :int, :given},
       {:data_parallel_rank_local, {:nullable, :int}, :given},
       {:data_parallel_master_ip, :string, :given},
       {:data_parallel_rpc_port, :int, :given},
       {:data_parallel_master_port, :int, :given},
       {:data_parallel_backend, :string, :given},
       {:data_parallel_external_lb, :bool, :given},
       {:data_parallel_hybrid_lb, :bool, :given},
       {:is_moe_model, {:nullable, :bool}, :given},
       {:enable_expert_parallel, :bool, :given},
       {:enable_ep_weight_filter, :bool, :given},
       {:enable_eplb, :bool, :given},
       {:eplb_config, {:object, Vllm.Config.EPLBConfig}, :given},
       {:enable_elastic_ep, :bool, :given},
       {:expert_placement_strategy, :string, :given},
       {:all2all_backend, :string, :given},
       {:max_parallel_loading_workers, {:nullable, :int}, :given},
       {:disable_custom_all_reduce, :bool, :given},
       {:enable_dbo, :bool, :given},
       {:ubatch_size, :int, :given},
       {:dbo_decode_token_threshold, :int, :given},
       {:dbo_prefill_token_threshold, :int, :given},
       {:disable_nccl_for_dp_synchronization, {:nullable, :bool}, :given},
       {:ray_workers_use_nsight, :bool, :given},
       {:ray_runtime_env, :term, :given},
       {:placement_group, :term, :given},
       {:distributed_executor_backend, :term, :given},
       {:worker_cls, :string, :given},
       {:sd_worker_cls, :string, :given},
       {:worker_extension_cls, :string, :given},
       {:master_addr, :string, :given},
       {:master_port, :int, :given},
       {:node_rank, :int, :given},
       {:nnodes, :int, :given},
       {:numa_bind, :bool, :given},
       {:numa_bind_nodes, {:nullable, {:list, :int}}, :given},
       {:numa_bind_cpus, {:nullable, {:list, :string}}, :given},
       {:distributed_timeout_seconds, {:nullable, :int}, :given},
       {:cpu_distributed_timeout_seconds, {:nullable, :int}, :given},
       {:rank, :int, :given},
       {:decode_context_parallel_size, :int, :given},
       {:dcp_comm_backend, {:nullable, :string}, :given},
       {:dcp_kv_cache_interleave_size, :int, :given},
       {:cp_kv_cache_interleave_size, :int, :given},
       {:dp_sync_interval, :int, :given},
       {:enable_hc_sp, :bool, :given},
       {:enable_batch_sharded_sampling, {:nullable, :bool}, :given},
       {:enable_shm_tensor_arena, :bool, :given},
       {:elastic_ep_max_dp_size, {:nullable, :int}, :given},
       {:assigned_physical_gpu_ids, {:nullable, {:list, :int}}, :given},
       {:dcp_q_replicate, {:nullable, :bool}, :given},
       {:enable_fault_tolerance, :bool, :given},
       {:fault_tolerance_config, {:object, Vllm.Config.FaultToleranceConfig}, :given},
       {:world_size, :int, :shown},
       {:data_parallel_index, :int, :shown},
       {:world_size_across_dp, :int, :shown},
       {:use_ubatching, :bool, :shown},
       {:num_ubatches, :int, :shown},
       {:use_sequence_parallel_moe, :bool, :shown},
       {:nnodes_within_dp, :int, :shown},
       {:node_rank_within_dp, :int, :shown},
       {:local_world_size, :int, :shown},
       {:local_engines_only, :bool, :shown},
       {:use_ray, :bool, :shown},
       {:use_all2all, :bool, :shown},
       {:use_batched_dp_moe, :bool, :shown},
       {:pcp_shard_decode_requests, :bool, :shown}
     ]}
  end

  @type option ::
          {:pipeline_parallel_size, integer()}
          | {:tensor_parallel_size, integer()}
          | {:prefill_context_parallel_size, integer()}
          | {:data_parallel_size, integer()}
          | {:data_parallel_size_local, integer()}
          | {:data_parallel_rank, integer()}
          | {:data_parallel_rank_local, integer() | nil}
          | {:data_parallel_master_ip, String.t() | atom()}
          | {:data_parallel_rpc_port, integer()}
          | {:data_parallel_master_port, integer()}
          | {:data_parallel_backend, String.t() | atom()}
          | {:data_parallel_external_lb, boolean()}
          | {:data_parallel_hybrid_lb, boolean()}
          | {:is_moe_model, boolean() | nil}
          | {:enable_expert_parallel, boolean()}
          | {:enable_ep_weight_filter, boolean()}
          | {:enable_eplb, boolean()}
          | {:eplb_config, EPLBConfig.input()}
          | {:enable_elastic_ep, boolean()}
          | {:expert_placement_strategy, String.t() | atom()}
          | {:all2all_backend, String.t() | atom()}
          | {:max_parallel_loading_workers, integer() | nil}
          | {:disable_custom_all_reduce, boolean()}
          | {:enable_dbo, boolean()}
          | {:ubatch_size, integer()}
          | {:dbo_decode_token_threshold, integer()}
          | {:dbo_prefill_token_threshold, integer()}
          | {:disable_nccl_for_dp_synchronization, boolean() | nil}
          | {:ray_workers_use_nsight, boolean()}
          | {:ray_runtime_env, term()}
          | {:placement_group, term()}
          | {:distributed_executor_backend, term()}
          | {:worker_cls, String.t() | atom()}
          | {:sd_worker_cls, String.t() | atom()}
          | {:worker_extension_cls, String.t() | atom()}
          | {:master_addr, String.t() | atom()}
          | {:master_port, integer()}
          | {:node_rank, integer()}
          | {:nnodes, integer()}
          | {:numa_bind, boolean()}
          | {:numa_bind_nodes, [integer()] | nil}
          | {:numa_bind_cpus, [String.t() | atom()] | nil}
          | {:distributed_timeout_seconds, integer() | nil}
          | {:cpu_distributed_timeout_seconds, integer() | nil}
          | {:rank, integer()}
          | {:_data_parallel_master_port_list, [integer()]}
          | {:_coord_store_port, integer()}
          | {:decode_context_parallel_size, integer()}
          | {:dcp_comm_backend, String.t() | atom() | nil}
          | {:dcp_kv_cache_interleave_size, integer()}
          | {:cp_kv_cache_interleave_size, integer()}
          | {:_api_process_count, integer()}
          | {:_api_process_rank, integer()}
          | {:dp_sync_interval, integer()}
          | {:enable_hc_sp, boolean()}
          | {:enable_batch_sharded_sampling, boolean() | nil}
          | {:enable_shm_tensor_arena, boolean()}
          | {:elastic_ep_max_dp_size, integer() | nil}
          | {:assigned_physical_gpu_ids, [integer()] | nil}
          | {:dcp_q_replicate, boolean() | nil}
          | {:_allow_auto_resolve_cp_interleave_size, boolean()}
          | {:enable_fault_tolerance, boolean()}
          | {:fault_tolerance_config, FaultToleranceConfig.input()}
          | {:__runtime__, keyword()}

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
      {:eplb_config, 18, {:object, Vllm.Config.EPLBConfig}, :optional},
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
      {:dcp_comm_backend, 49, {:nullable, :string}, :optional},
      {:dcp_kv_cache_interleave_size, 50, :int, :optional},
      {:cp_kv_cache_interleave_size, 51, :int, :optional},
      {:_api_process_count, 52, :int, :optional},
      {:_api_process_rank, 53, :int, :optional},
      {:dp_sync_interval, 54, :int, :optional},
      {:enable_hc_sp, 55, :bool, :optional},
      {:enable_batch_sharded_sampling, 56, {:nullable, :bool}, :optional},
      {:enable_shm_tensor_arena, 57, :bool, :optional},
      {:elastic_ep_max_dp_size, 58, {:nullable, :int}, :optional},
      {:assigned_physical_gpu_ids, 59, {:nullable, {:list, :int}}, :optional},
      {:dcp_q_replicate, 60, {:nullable, :bool}, :optional},
      {:_allow_auto_resolve_cp_interleave_size, 61, :bool, :optional},
      {:enable_fault_tolerance, 62, :bool, :optional},
      {:fault_tolerance_config, 63, {:object, Vllm.Config.FaultToleranceConfig}, :optional}
    ],
    result: {:object, Vllm.Config.ParallelConfig},
    inline: false,
    by_name: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Config.ParallelConfig`, in a rank, which checks it; the module says more. How a
  model is laid out over processes, and where they meet.

  ## Parameters

    * `pipeline_parallel_size` (`integer()`, default `1`) - Into how many stages the layers are
      split
    * `tensor_parallel_size` (`integer()`, default `1`) - Into how many shards each layer is split
    * `prefill_context_parallel_size` (`integer()`, default `1`) - Over how many ranks the tokens
      of one prefill are shared out
    * `data_parallel_size` (`integer()`, default `1`) - How many replicas there are. Experts are
      spread over tensor x data parallel ranks
    * `data_parallel_size_local` (`integer()`, default `1`) - How many of the replicas are on this
      node. 0: data parallelism was given elsewhere, and the environment is not asked
    * `data_parallel_rank` (`integer()`, default `0`) - Which replica this is
    * `data_parallel_rank_local` (`integer()`, default `nil`) - Which replica of its node this is,
      where each rank is started as a program of its own
    * `data_parallel_master_ip` (`String.t() | atom()`, default `"127.0.0.1"`) - The address at
      which replicas meet
    * `data_parallel_rpc_port` (`integer()`, default `29550`) - The port for messages between
      replicas
    * `data_parallel_master_port` (`integer()`, default `29500`) - The port at which replicas meet
      next. If it is not given and there are several replicas, one of those that
      `get_next_dp_init_port` is about
    * `data_parallel_backend` (`String.t() | atom()`, default `"mp"`) - What starts the replicas:
      `mp` or `ray`
    * `data_parallel_external_lb` (`boolean()`, default `false`) - Whether something outside
      shares requests out over all replicas, each with a server
    * `data_parallel_hybrid_lb` (`boolean()`, default `false`) - Whether something outside shares
      requests out over nodes, and each node over its replicas
    * `is_moe_model` (`boolean()`, default `nil`) - Whether the model is a mixture of experts, if
      that is known. `false`: no expert group
    * `enable_expert_parallel` (`boolean()`, default `false`) - Whether whole experts are spread
      over ranks, in place of shards of every expert
    * `enable_ep_weight_filter` (`boolean()`, default `false`) - Whether a rank reads only the
      weights of its own experts from disk
    * `enable_eplb` (`boolean()`, default `false`) - Whether the load of experts is balanced
    * `eplb_config` (`Vllm.Config.EPLBConfig.input()`) - How the load of experts is balanced
    * `enable_elastic_ep` (`boolean()`, default `false`) - Whether ranks can join and leave, with
      stateless groups for data and experts
    * `expert_placement_strategy` (`String.t() | atom()`, default `"linear"`) - Which experts a
      rank holds, of 4 over 2 ranks: `linear` 0, 1 and 2, 3; `round_robin` 0, 2 and 1, 3
    * `all2all_backend` (`String.t() | atom()`, default `"allgather_reducescatter"`) - What
      carries tokens to the ranks of their experts and back
    * `max_parallel_loading_workers` (`integer()`, default `nil`) - How many workers load weights
      at the same time
    * `disable_custom_all_reduce` (`boolean()`, default `false`) - Whether the optimised
      all-reduce is left out. `true` on several nodes, whatever is set
    * `enable_dbo` (`boolean()`, default `false`) - Whether a batch is run as two that overlap
    * `ubatch_size` (`integer()`, default `0`) - Into how many micro-batches a batch is split
    * `dbo_decode_token_threshold` (`integer()`, default `32`) - With how many tokens a batch of
      decodes only is split
    * `dbo_prefill_token_threshold` (`integer()`, default `512`) - With how many tokens a batch
      with prefills is split
    * `disable_nccl_for_dp_synchronization` (`boolean()`, default `nil`) - Whether replicas
      synchronise over gloo in place of NCCL. `nil`: not decided yet
    * `ray_workers_use_nsight` (`boolean()`, default `false`) - Whether workers that Ray started
      are profiled
    * `ray_runtime_env` (`term()`, default `nil`) - Ray's runtime environment of the workers
    * `placement_group` (`term()`, default `nil`) - Ray's placement group of the workers
    * `distributed_executor_backend` (`term()`, default `nil`) - What starts the workers: `uni`
      (this process), `mp`, `ray`, `external_launcher` (torchrun and its like), an executor class
      or the import path of one. `nil`: chosen, see `world_size`
    * `worker_cls` (`String.t() | atom()`, default `"auto"`) - The name of the worker's class
    * `sd_worker_cls` (`String.t() | atom()`, default `"auto"`) - The name of the class of the
      worker for speculative decoding
    * `worker_extension_cls` (`String.t() | atom()`, default `""`) - The name of a class that the
      worker's class inherits besides
    * `master_addr` (`String.t() | atom()`, default `"127.0.0.1"`) - Where the ranks of several
      nodes meet
    * `master_port` (`integer()`, default `29501`) - The port at which the ranks of several nodes
      meet
    * `node_rank` (`integer()`, default `0`) - Which node this is
    * `nnodes` (`integer()`, default `1`) - How many nodes there are. Divides the number of ranks
    * `numa_bind` (`boolean()`, default `false`) - Whether workers are bound to the NUMA nodes of
      their devices
    * `numa_bind_nodes` (`[integer()]`, default `nil`) - The NUMA node for each worker. `nil`: the
      one its device is on
    * `numa_bind_cpus` (`[String.t() | atom()]`, default `nil`) - The CPUs for each worker, such
      as `0-3` or `0,2,4-7`. `nil`: those of its NUMA node
    * `distributed_timeout_seconds` (`integer()`, default `nil`) - How long joining the world and
      operations of its groups may take. `nil`: torch's default. A timeout passed to
      `init_distributed_environment` counts in place of this and the next one
    * `cpu_distributed_timeout_seconds` (`integer()`, default `nil`) - How long barriers and the
      exchange of objects may take, through shared memory or over
      `Vllm.Distributed.GroupCoordinator.cpu_group`, and whatever else goes over that group.
      `nil`: `distributed_timeout_seconds`. If only this is given, it is for all that is on the
      CPU
    * `rank` (`integer()`, default `0`) - This process's rank
    * `_data_parallel_master_port_list` (`[integer()]`) - Ports for `get_next_dp_init_port`, the
      next one last
    * `_coord_store_port` (`integer()`, default `0`) - The port, at `data_parallel_master_ip`, of
      a store through which ranks tell each other the ports they chose. 0: there is none
    * `decode_context_parallel_size` (`integer()`, default `1`) - Into how many parts each tensor
      parallel group is split for decoding
    * `dcp_comm_backend` (`String.t() | atom()`, default `nil`) - How decode context ranks
      combine: `ag_rs` all-gather and reduce-scatter, `a2a` all-to-all. `nil`: what the model
      prefers, see `set_dcp_defaults`
    * `dcp_kv_cache_interleave_size` (`integer()`, default `1`) - The older name of
      `cp_kv_cache_interleave_size`
    * `cp_kv_cache_interleave_size` (`integer()`, default `1`) - How many tokens in a row a
      context parallel rank stores before it is the next one's turn
    * `_api_process_count` (`integer()`, default `1`) - How many API server processes there are
    * `_api_process_rank` (`integer()`, default `0`) - Which API server process this is; -1 in an
      engine
    * `dp_sync_interval` (`integer()`, default `16`) - After how many steps replicas tell each
      other again whether they have finished. The same on all
    * `enable_hc_sp` (`boolean()`, default `false`) - Whether tensor parallel ranks share out the
      tokens of hyper-connections
    * `enable_batch_sharded_sampling` (`boolean()`, default `nil`) - Whether each tensor parallel
      rank samples a part of the batch. `nil`: not decided yet
    * `enable_shm_tensor_arena` (`boolean()`, default `false`) - Whether large tensors from an
      engine to its workers lie once in shared memory, in place of a copy for each
    * `elastic_ep_max_dp_size` (`integer()`, default `nil`) - How many replicas there may be in
      time, with `enable_elastic_ep`. Otherwise, and where it is not given, `data_parallel_size`
    * `assigned_physical_gpu_ids` (`[integer()]`, default `nil`) - The machine's number of each of
      this configuration's devices. `nil`: those that are visible, in order
    * `dcp_q_replicate` (`boolean()`, default `nil`) - Whether each decode context rank computes
      the queries of its whole group, so that they need not be gathered. `nil`: what the model
      prefers
    * `_allow_auto_resolve_cp_interleave_size` (`boolean()`, default `true`) - Whether a transfer
      of the key-value cache may choose `cp_kv_cache_interleave_size`
    * `enable_fault_tolerance` (`boolean()`, default `false`) - Whether an engine that failed
      waits for instructions
    * `fault_tolerance_config` (`Vllm.Config.FaultToleranceConfig.input()`) - What it does
      meanwhile

  ## Errors

    * `"invalid_argument"` - naming field, value and rule, for a value out of range, an unknown
      field or a broken rule between fields

  ## Example

      iex> Vllm.Config.ParallelConfig.new!(tensor_parallel_size: 2, pipeline_parallel_size: 4).world_size
      8
  """
  @spec new() :: {:ok, t()} | {:error, Error.t()}
  @spec new([option()]) :: {:ok, t()} | {:error, Error.t()}
  def new(opts \\ []) do
    Vllm.Call.run(@new, [opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: t()
  @spec new!([option()]) :: t()
  def new!(opts \\ []) do
    Vllm.Error.unwrap!(new(opts))
  end

  @world_size_across_dp %Vllm.Call.Spec{
    function: "ParallelConfig.world_size_across_dp",
    path: "/vllm.distributed.v1.ParallelConfig/WorldSizeAcrossDp",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The ranks of all replicas.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.world_size_across_dp(config)
  """
  @spec world_size_across_dp(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec world_size_across_dp(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def world_size_across_dp(receiver, opts \\ []) do
    Vllm.Call.run(@world_size_across_dp, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `world_size_across_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec world_size_across_dp!(input()) :: integer()
  @spec world_size_across_dp!(input(), keyword()) :: integer()
  def world_size_across_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(world_size_across_dp(receiver, opts))
  end

  @use_ubatching %Vllm.Call.Spec{
    function: "ParallelConfig.use_ubatching",
    path: "/vllm.distributed.v1.ParallelConfig/UseUbatching",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether batches are split into micro-batches.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Config.ParallelConfig.new!(enable_dbo: true) |> Vllm.Config.ParallelConfig.use_ubatching()
      {:ok, true}
  """
  @spec use_ubatching(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_ubatching(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_ubatching(receiver, opts \\ []) do
    Vllm.Call.run(@use_ubatching, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_ubatching`, but returns the value itself and raises `Vllm.Error`."
  @spec use_ubatching!(input()) :: boolean()
  @spec use_ubatching!(input(), keyword()) :: boolean()
  def use_ubatching!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_ubatching(receiver, opts))
  end

  @num_ubatches %Vllm.Call.Spec{
    function: "ParallelConfig.num_ubatches",
    path: "/vllm.distributed.v1.ParallelConfig/NumUbatches",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Into how many micro-batches a batch is split.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.num_ubatches(config)
  """
  @spec num_ubatches(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec num_ubatches(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def num_ubatches(receiver, opts \\ []) do
    Vllm.Call.run(@num_ubatches, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `num_ubatches`, but returns the value itself and raises `Vllm.Error`."
  @spec num_ubatches!(input()) :: integer()
  @spec num_ubatches!(input(), keyword()) :: integer()
  def num_ubatches!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(num_ubatches(receiver, opts))
  end

  @use_sequence_parallel_moe %Vllm.Call.Spec{
    function: "ParallelConfig.use_sequence_parallel_moe",
    path: "/vllm.distributed.v1.ParallelConfig/UseSequenceParallelMoe",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether the ranks of a tensor parallel group share out the tokens before the experts.

  Attention leaves every token on each of them, and these all-to-all backends would carry and
  compute every copy.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.use_sequence_parallel_moe(config)
  """
  @spec use_sequence_parallel_moe(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_sequence_parallel_moe(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_sequence_parallel_moe(receiver, opts \\ []) do
    Vllm.Call.run(@use_sequence_parallel_moe, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_sequence_parallel_moe`, but returns the value itself and raises `Vllm.Error`."
  @spec use_sequence_parallel_moe!(input()) :: boolean()
  @spec use_sequence_parallel_moe!(input(), keyword()) :: boolean()
  def use_sequence_parallel_moe!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_sequence_parallel_moe(receiver, opts))
  end

  @nnodes_within_dp %Vllm.Call.Spec{
    function: "ParallelConfig.nnodes_within_dp",
    path: "/vllm.distributed.v1.ParallelConfig/NnodesWithinDp",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The nodes that one replica spans.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Errors

    * `"invalid_argument"` - if `data_parallel_size_local` does not say how many replicas a node
      holds, or the nodes cannot be shared equally by the replicas

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.nnodes_within_dp(config)
  """
  @spec nnodes_within_dp(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec nnodes_within_dp(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def nnodes_within_dp(receiver, opts \\ []) do
    Vllm.Call.run(@nnodes_within_dp, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `nnodes_within_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec nnodes_within_dp!(input()) :: integer()
  @spec nnodes_within_dp!(input(), keyword()) :: integer()
  def nnodes_within_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(nnodes_within_dp(receiver, opts))
  end

  @node_rank_within_dp %Vllm.Call.Spec{
    function: "ParallelConfig.node_rank_within_dp",
    path: "/vllm.distributed.v1.ParallelConfig/NodeRankWithinDp",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Which of the nodes of its replica this is.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.node_rank_within_dp(config)
  """
  @spec node_rank_within_dp(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec node_rank_within_dp(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def node_rank_within_dp(receiver, opts \\ []) do
    Vllm.Call.run(@node_rank_within_dp, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `node_rank_within_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec node_rank_within_dp!(input()) :: integer()
  @spec node_rank_within_dp!(input(), keyword()) :: integer()
  def node_rank_within_dp!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(node_rank_within_dp(receiver, opts))
  end

  @local_world_size %Vllm.Call.Spec{
    function: "ParallelConfig.local_world_size",
    path: "/vllm.distributed.v1.ParallelConfig/LocalWorldSize",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The ranks of one replica on one node.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.local_world_size(config)
  """
  @spec local_world_size(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec local_world_size(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def local_world_size(receiver, opts \\ []) do
    Vllm.Call.run(@local_world_size, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `local_world_size`, but returns the value itself and raises `Vllm.Error`."
  @spec local_world_size!(input()) :: integer()
  @spec local_world_size!(input(), keyword()) :: integer()
  def local_world_size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(local_world_size(receiver, opts))
  end

  @local_engines_only %Vllm.Call.Spec{
    function: "ParallelConfig.local_engines_only",
    path: "/vllm.distributed.v1.ParallelConfig/LocalEnginesOnly",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether a client manages the engines of its own node only.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.local_engines_only(config)
  """
  @spec local_engines_only(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec local_engines_only(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def local_engines_only(receiver, opts \\ []) do
    Vllm.Call.run(@local_engines_only, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `local_engines_only`, but returns the value itself and raises `Vllm.Error`."
  @spec local_engines_only!(input()) :: boolean()
  @spec local_engines_only!(input(), keyword()) :: boolean()
  def local_engines_only!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(local_engines_only(receiver, opts))
  end

  @use_ray %Vllm.Call.Spec{
    function: "ParallelConfig.use_ray",
    path: "/vllm.distributed.v1.ParallelConfig/UseRay",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether Ray starts the workers.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.use_ray(config)
  """
  @spec use_ray(input()) :: {:ok, boolean()} | {:error, Error.t()}
  @spec use_ray(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_ray(receiver, opts \\ []) do
    Vllm.Call.run(@use_ray, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_ray`, but returns the value itself and raises `Vllm.Error`."
  @spec use_ray!(input()) :: boolean()
  @spec use_ray!(input(), keyword()) :: boolean()
  def use_ray!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_ray(receiver, opts))
  end

  @use_all2all %Vllm.Call.Spec{
    function: "ParallelConfig.use_all2all",
    path: "/vllm.distributed.v1.ParallelConfig/UseAll2all",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether tokens are exchanged between the ranks of the experts: these differ in what tokens they
  have.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.use_all2all(config)
  """
  @spec use_all2all(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_all2all(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_all2all(receiver, opts \\ []) do
    Vllm.Call.run(@use_all2all, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_all2all`, but returns the value itself and raises `Vllm.Error`."
  @spec use_all2all!(input()) :: boolean()
  @spec use_all2all!(input(), keyword()) :: boolean()
  def use_all2all!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_all2all(receiver, opts))
  end

  @use_batched_dp_moe %Vllm.Call.Spec{
    function: "ParallelConfig.use_batched_dp_moe",
    path: "/vllm.distributed.v1.ParallelConfig/UseBatchedDpMoe",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether the experts get their tokens in batches of one size each, as some all-to-all backends
  carry them.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.use_batched_dp_moe(config)
  """
  @spec use_batched_dp_moe(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_batched_dp_moe(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_batched_dp_moe(receiver, opts \\ []) do
    Vllm.Call.run(@use_batched_dp_moe, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_batched_dp_moe`, but returns the value itself and raises `Vllm.Error`."
  @spec use_batched_dp_moe!(input()) :: boolean()
  @spec use_batched_dp_moe!(input(), keyword()) :: boolean()
  def use_batched_dp_moe!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_batched_dp_moe(receiver, opts))
  end

  @pcp_shard_decode_requests %Vllm.Call.Spec{
    function: "ParallelConfig.pcp_shard_decode_requests",
    path: "/vllm.distributed.v1.ParallelConfig/PcpShardDecodeRequests",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether prefill context ranks can share out requests that decode: where each has the whole
  key-value cache, as no decode context parallelism cuts it up.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.pcp_shard_decode_requests(config)
  """
  @spec pcp_shard_decode_requests(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec pcp_shard_decode_requests(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def pcp_shard_decode_requests(receiver, opts \\ []) do
    Vllm.Call.run(@pcp_shard_decode_requests, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `pcp_shard_decode_requests`, but returns the value itself and raises `Vllm.Error`."
  @spec pcp_shard_decode_requests!(input()) :: boolean()
  @spec pcp_shard_decode_requests!(input(), keyword()) :: boolean()
  def pcp_shard_decode_requests!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(pcp_shard_decode_requests(receiver, opts))
  end

  @cpu_distributed_timeout %Vllm.Call.Spec{
    function: "ParallelConfig.cpu_distributed_timeout",
    path: "/vllm.distributed.v1.ParallelConfig/CpuDistributedTimeout",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: {:nullable, :duration},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  `cpu_distributed_timeout_seconds` as a duration.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, value} = Vllm.Config.ParallelConfig.cpu_distributed_timeout(config)
  """
  @spec cpu_distributed_timeout(input()) ::
          {:ok, integer() | nil} | {:error, Error.t()}
  @spec cpu_distributed_timeout(input(), keyword()) ::
          {:ok, integer() | nil} | {:error, Error.t()}
  def cpu_distributed_timeout(receiver, opts \\ []) do
    Vllm.Call.run(@cpu_distributed_timeout, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `cpu_distributed_timeout`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_distributed_timeout!(input()) :: integer() | nil
  @spec cpu_distributed_timeout!(input(), keyword()) :: integer() | nil
  def cpu_distributed_timeout!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(cpu_distributed_timeout(receiver, opts))
  end

  @set_dcp_defaults %Vllm.Call.Spec{
    function: "ParallelConfig.set_dcp_defaults",
    path: "/vllm.distributed.v1.ParallelConfig/SetDcpDefaults",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required},
      {:comm_backend, 2, :string, :optional},
      {:q_replicate, 3, :bool, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Set `dcp_comm_backend` and `dcp_q_replicate` where they are `nil`: what a model prefers.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it
    * `comm_backend` (`String.t() | atom()`, default `"ag_rs"`) - how decode context ranks
      combine: `ag_rs` or `a2a`
    * `q_replicate` (`boolean()`, default `false`) - whether each rank computes the queries of its
      group

  ## Errors

    * `"invalid_argument"` - for another `comm_backend` than `ag_rs` and `a2a`

  ## Example

      {:ok, nil} = Vllm.Config.ParallelConfig.set_dcp_defaults(config)
  """
  @spec set_dcp_defaults(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec set_dcp_defaults(input(), String.t() | atom() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec set_dcp_defaults(
    input(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec set_dcp_defaults(
    input(),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def set_dcp_defaults(
    receiver,
    comm_backend \\ :__default__,
    q_replicate \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@set_dcp_defaults, [receiver, comm_backend, q_replicate, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `set_dcp_defaults`, but returns the value itself and raises `Vllm.Error`."
  @spec set_dcp_defaults!(input()) :: nil
  @spec set_dcp_defaults!(input(), String.t() | atom() | keyword()) ::
          nil
  @spec set_dcp_defaults!(
    input(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          nil
  @spec set_dcp_defaults!(
    input(),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          nil
  def set_dcp_defaults!(
    receiver,
    comm_backend \\ :__default__,
    q_replicate \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(set_dcp_defaults(receiver, comm_backend, q_replicate, opts))
  end

  @get_local_gpu_index %Vllm.Call.Spec{
    function: "ParallelConfig.get_local_gpu_index",
    path: "/vllm.distributed.v1.ParallelConfig/GetLocalGpuIndex",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required},
      {:local_rank, 2, :int, :required},
      {:dp_local_rank, 3, {:nullable, :int}, :optional}
    ],
    result: :int,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return which of this node's devices a worker has, counted among those that are visible.

  `local_rank` counts within the replica. Replicas that start on one node without Ray or an
  external launcher follow each other; `dp_local_rank` is which of them this is, by default
  `data_parallel_rank_local`, else `data_parallel_index`.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it
    * `local_rank` (`integer()`) - this process's number on its node; -1: from the environment
    * `dp_local_rank` (`integer()`, default `nil`) - which replica of its node this is

  ## Errors

    * `"invalid_type"`, `"invalid_argument"` - for what is no number of a rank

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.get_local_gpu_index(config, 0)
  """
  @spec get_local_gpu_index(input(), integer() | keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec get_local_gpu_index(
    input(),
    integer(),
    integer() | nil | keyword()
  ) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec get_local_gpu_index(
    input(),
    Call.arg(integer()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, integer()} | {:error, Error.t()}
  def get_local_gpu_index(receiver, local_rank, dp_local_rank \\ :__default__, opts \\ []) do
    Vllm.Call.run(@get_local_gpu_index, [receiver, local_rank, dp_local_rank, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `get_local_gpu_index`, but returns the value itself and raises `Vllm.Error`."
  @spec get_local_gpu_index!(input(), integer() | keyword()) ::
          integer()
  @spec get_local_gpu_index!(
    input(),
    integer(),
    integer() | nil | keyword()
  ) ::
          integer()
  @spec get_local_gpu_index!(
    input(),
    Call.arg(integer()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          integer()
  def get_local_gpu_index!(receiver, local_rank, dp_local_rank \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(get_local_gpu_index(receiver, local_rank, dp_local_rank, opts))
  end

  @check_kv_cache_block_size %Vllm.Call.Spec{
    function: "ParallelConfig.check_kv_cache_block_size",
    path: "/vllm.distributed.v1.ParallelConfig/CheckKvCacheBlockSize",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required},
      {:block_size, 2, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Check that blocks of the key-value cache hold whole runs of interleaved tokens.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it
    * `block_size` (`integer()`) - tokens in one block of the key-value cache

  ## Errors

    * `"invalid_argument"` - unless `cp_kv_cache_interleave_size` divides `block_size`

  ## Example

      {:ok, nil} = Vllm.Config.ParallelConfig.check_kv_cache_block_size(config, 16)
  """
  @spec check_kv_cache_block_size(input(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec check_kv_cache_block_size(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def check_kv_cache_block_size(receiver, block_size, opts \\ []) do
    Vllm.Call.run(@check_kv_cache_block_size, [receiver, block_size, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `check_kv_cache_block_size`, but returns the value itself and raises `Vllm.Error`."
  @spec check_kv_cache_block_size!(input(), integer() | keyword()) ::
          nil
  @spec check_kv_cache_block_size!(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          nil
  def check_kv_cache_block_size!(receiver, block_size, opts \\ []) do
    Vllm.Error.unwrap!(check_kv_cache_block_size(receiver, block_size, opts))
  end

  @reconfigure_for_independent_dp_rank %Vllm.Call.Spec{
    function: "ParallelConfig.reconfigure_for_independent_dp_rank",
    path: "/vllm.distributed.v1.ParallelConfig/ReconfigureForIndependentDpRank",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Make this the configuration of one replica that knows nothing of the others.

  For replicas of a dense model, which exchange nothing: one replica, rank 0, on its own nodes.
  `data_parallel_index` still says which of them it was.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, nil} = Vllm.Config.ParallelConfig.reconfigure_for_independent_dp_rank(config)
  """
  @spec reconfigure_for_independent_dp_rank(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec reconfigure_for_independent_dp_rank(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def reconfigure_for_independent_dp_rank(receiver, opts \\ []) do
    Vllm.Call.run(@reconfigure_for_independent_dp_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reconfigure_for_independent_dp_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec reconfigure_for_independent_dp_rank!(input()) :: nil
  @spec reconfigure_for_independent_dp_rank!(input(), keyword()) :: nil
  def reconfigure_for_independent_dp_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(reconfigure_for_independent_dp_rank(receiver, opts))
  end

  @compute_hash %Vllm.Call.Spec{
    function: "ParallelConfig.compute_hash",
    path: "/vllm.distributed.v1.ParallelConfig/ComputeHash",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :string,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a SHA-256, in hexadecimal, that is equal where the computation graph is.

  The same in every process. Replicas whose hashes differ must not run together: they would not
  make the same collectives.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, text} = Vllm.Config.ParallelConfig.compute_hash(config)
  """
  @spec compute_hash(input()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec compute_hash(input(), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def compute_hash(receiver, opts \\ []) do
    Vllm.Call.run(@compute_hash, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `compute_hash`, but returns the value itself and raises `Vllm.Error`."
  @spec compute_hash!(input()) :: String.t()
  @spec compute_hash!(input(), keyword()) :: String.t()
  def compute_hash!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(compute_hash(receiver, opts))
  end

  @get_next_dp_init_port %Vllm.Call.Spec{
    function: "ParallelConfig.get_next_dp_init_port",
    path: "/vllm.distributed.v1.ParallelConfig/GetNextDpInitPort",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required}
    ],
    result: :int,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the port for the next group between replicas; each is returned once.

  First those that were reserved when the configuration was made, then `data_parallel_master_port`
  and what follows it. Processes that hold copies of one configuration get the same ports if they
  ask as often.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it

  ## Errors

    * `"invalid_argument"` - when there are no more

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.get_next_dp_init_port(config)
  """
  @spec get_next_dp_init_port(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec get_next_dp_init_port(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def get_next_dp_init_port(receiver, opts \\ []) do
    Vllm.Call.run(@get_next_dp_init_port, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `get_next_dp_init_port`, but returns the value itself and raises `Vllm.Error`."
  @spec get_next_dp_init_port!(input()) :: integer()
  @spec get_next_dp_init_port!(input(), keyword()) :: integer()
  def get_next_dp_init_port!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(get_next_dp_init_port(receiver, opts))
  end

  @stateless_init_dp_group %Vllm.Call.Spec{
    function: "ParallelConfig.stateless_init_dp_group",
    path: "/vllm.distributed.v1.ParallelConfig/StatelessInitDpGroup",
    params: [
      {:receiver, 1, {:object, Vllm.Config.ParallelConfig}, :required},
      {:return_store, 2, :bool, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a new gloo group of one rank per replica, outside of torch's world.

  `data_parallel_rank` of `data_parallel_size`, at `data_parallel_master_ip`. Where a port is
  taken by somebody else, all ranks go on to the next one. Collective over one process of each
  replica. With `return_store`, for Python alone, (group, store) is returned.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Config.ParallelConfig.input()`) - the object, whose session runs it
    * `return_store` (`boolean()`, default `false`) - for Python alone

  ## Errors

    * `"rendezvous_failed"` - if none of five is free
    * `"rendezvous_timeout"` - naming the ranks that did not come, after
      `cpu_distributed_timeout_seconds`, else `distributed_timeout_seconds`, else 300 seconds

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Config.ParallelConfig.stateless_init_dp_group(config)
  """
  @spec stateless_init_dp_group(input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_dp_group(input(), boolean() | keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec stateless_init_dp_group(
    input(),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def stateless_init_dp_group(receiver, return_store \\ :__default__, opts \\ []) do
    Vllm.Call.run(@stateless_init_dp_group, [receiver, return_store, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `stateless_init_dp_group`, but returns the value itself and raises `Vllm.Error`."
  @spec stateless_init_dp_group!(input()) ::
          ProcessGroup.t()
  @spec stateless_init_dp_group!(input(), boolean() | keyword()) ::
          ProcessGroup.t()
  @spec stateless_init_dp_group!(
    input(),
    Call.arg(boolean()),
    keyword()
  ) ::
          ProcessGroup.t()
  def stateless_init_dp_group!(receiver, return_store \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(stateless_init_dp_group(receiver, return_store, opts))
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

  @doc since: "0.1.0"
  @doc ~S"""
  Return whether any rank of `dp_group` has unfinished work.

  Collective over `dp_group`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `dp_group` (`Vllm.Distributed.ProcessGroup.input()`) - the group of one rank per replica
    * `has_unfinished` (`boolean()`) - whether this replica has work left

  ## Errors

    * `"collective_failed"` - if a peer is gone

  ## Example

      {:ok, true} = Vllm.Config.ParallelConfig.has_unfinished_dp(dp_group, true)
  """
  @spec has_unfinished_dp(keyword()) :: {:ok, boolean()} | {:error, Error.t()}
  @spec has_unfinished_dp(ProcessGroup.input(), boolean() | keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec has_unfinished_dp(
    Call.arg(ProcessGroup.input()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, boolean()} | {:error, Error.t()}
  def has_unfinished_dp(dp_group, has_unfinished \\ :__default__, opts \\ []) do
    Vllm.Call.run(@has_unfinished_dp, [dp_group, has_unfinished, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `has_unfinished_dp`, but returns the value itself and raises `Vllm.Error`."
  @spec has_unfinished_dp!(keyword()) :: boolean()
  @spec has_unfinished_dp!(ProcessGroup.input(), boolean() | keyword()) ::
          boolean()
  @spec has_unfinished_dp!(
    Call.arg(ProcessGroup.input()),
    Call.arg(boolean()),
    keyword()
  ) ::
          boolean()
  def has_unfinished_dp!(dp_group, has_unfinished \\ :__default__, opts \\ []) do
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

  @doc since: "0.1.0"
  @doc ~S"""
  Return the least of the ranks' sizes, in bytes; -1 is no limit, and given if none has.

  Collective over `dp_group`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `dp_group` (`Vllm.Distributed.ProcessGroup.input()`) - the group of one rank per replica
    * `kv_cache_memory` (`integer()`) - bytes for the key-value cache; -1 is no limit

  ## Errors

    * `"collective_failed"` - if a peer is gone

  ## Example

      {:ok, number} = Vllm.Config.ParallelConfig.sync_kv_cache_memory_size(dp_group, -1)
  """
  @spec sync_kv_cache_memory_size(keyword()) :: {:ok, integer()} | {:error, Error.t()}
  @spec sync_kv_cache_memory_size(ProcessGroup.input(), integer() | keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec sync_kv_cache_memory_size(
    Call.arg(ProcessGroup.input()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, integer()} | {:error, Error.t()}
  def sync_kv_cache_memory_size(dp_group, kv_cache_memory \\ :__default__, opts \\ []) do
    Vllm.Call.run(@sync_kv_cache_memory_size, [dp_group, kv_cache_memory, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `sync_kv_cache_memory_size`, but returns the value itself and raises `Vllm.Error`."
  @spec sync_kv_cache_memory_size!(keyword()) :: integer()
  @spec sync_kv_cache_memory_size!(
    ProcessGroup.input(),
    integer() | keyword()
  ) ::
          integer()
  @spec sync_kv_cache_memory_size!(
    Call.arg(ProcessGroup.input()),
    Call.arg(integer()),
    keyword()
  ) ::
          integer()
  def sync_kv_cache_memory_size!(dp_group, kv_cache_memory \\ :__default__, opts \\ []) do
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

  @doc since: "0.1.0"
  @doc ~S"""
  Return (whether the replicas must go on stepping, whether all of them want to pause).

  They go on while any has unfinished work, and while some but not all want to pause. One small
  all-reduce. Collective over `dp_group`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `dp_group` (`Vllm.Distributed.ProcessGroup.input()`) - the group of one rank per replica
    * `has_unfinished` (`boolean()`) - whether this replica has work left
    * `pending_pause` (`boolean()`) - whether this replica wants to pause

  ## Errors

    * `"collective_failed"` - if a peer is gone

  ## Example

      {:ok, {_, _}} = Vllm.Config.ParallelConfig.sync_dp_state(dp_group, true, false)
  """
  @spec sync_dp_state(keyword()) :: {:ok, {boolean(), boolean()}} | {:error, Error.t()}
  @spec sync_dp_state(ProcessGroup.input(), keyword()) ::
          {:ok, {boolean(), boolean()}} | {:error, Error.t()}
  @spec sync_dp_state(ProcessGroup.input(), boolean(), boolean() | keyword()) ::
          {:ok, {boolean(), boolean()}} | {:error, Error.t()}
  @spec sync_dp_state(
    Call.arg(ProcessGroup.input()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, {boolean(), boolean()}} | {:error, Error.t()}
  def sync_dp_state(
    dp_group,
    has_unfinished \\ :__default__,
    pending_pause \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@sync_dp_state, [dp_group, has_unfinished, pending_pause, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `sync_dp_state`, but returns the value itself and raises `Vllm.Error`."
  @spec sync_dp_state!(keyword()) :: {boolean(), boolean()}
  @spec sync_dp_state!(ProcessGroup.input(), keyword()) :: {boolean(), boolean()}
  @spec sync_dp_state!(ProcessGroup.input(), boolean(), boolean() | keyword()) ::
          {boolean(), boolean()}
  @spec sync_dp_state!(
    Call.arg(ProcessGroup.input()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {boolean(), boolean()}
  def sync_dp_state!(
    dp_group,
    has_unfinished \\ :__default__,
    pending_pause \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(sync_dp_state(dp_group, has_unfinished, pending_pause, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      world_size_across_dp: @world_size_across_dp,
      use_ubatching: @use_ubatching,
      num_ubatches: @num_ubatches,
      use_sequence_parallel_moe: @use_sequence_parallel_moe,
      nnodes_within_dp: @nnodes_within_dp,
      node_rank_within_dp: @node_rank_within_dp,
      local_world_size: @local_world_size,
      local_engines_only: @local_engines_only,
      use_ray: @use_ray,
      use_all2all: @use_all2all,
      use_batched_dp_moe: @use_batched_dp_moe,
      pcp_shard_decode_requests: @pcp_shard_decode_requests,
      cpu_distributed_timeout: @cpu_distributed_timeout,
      set_dcp_defaults: @set_dcp_defaults,
      get_local_gpu_index: @get_local_gpu_index,
      check_kv_cache_block_size: @check_kv_cache_block_size,
      reconfigure_for_independent_dp_rank: @reconfigure_for_independent_dp_rank,
      compute_hash: @compute_hash,
      get_next_dp_init_port: @get_next_dp_init_port,
      stateless_init_dp_group: @stateless_init_dp_group,
      has_unfinished_dp: @has_unfinished_dp,
      sync_kv_cache_memory_size: @sync_kv_cache_memory_size,
      sync_dp_state: @sync_dp_state
    ]
  end
end
