# Generated from proto/vllm/bridge/v1/pool.proto by `make codegen`. Do not edit.

defmodule Vllm.Bridge.V1.Affinity do
  @moduledoc false
  # The message `vllm.bridge.v1.Affinity`.

  @type t :: :affinity_unspecified | :hint | :strict_queue | :strict_fail_fast | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [affinity_unspecified: 0, hint: 1, strict_queue: 2, strict_fail_fast: 3]
end

defmodule Vllm.Bridge.V1.OnFailure do
  @moduledoc false
  # The message `vllm.bridge.v1.OnFailure`. What becomes of a world when one of its ranks dies.

  @type t :: :on_failure_unspecified | :on_failure_fail | :on_failure_keep | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [on_failure_unspecified: 0, on_failure_fail: 1, on_failure_keep: 2]
end

defmodule Vllm.Bridge.V1.RankState do
  @moduledoc false
  # The message `vllm.bridge.v1.RankState`.

  @type t :: :rank_state_unspecified | :starting | :ready | :dead | :overdue | :unresponsive | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [rank_state_unspecified: 0, starting: 1, ready: 2, dead: 3, overdue: 4, unresponsive: 5]
end

defmodule Vllm.Bridge.V1.ActivityKind do
  @moduledoc false
  # The message `vllm.bridge.v1.ActivityKind`.

  @type t :: :activity_kind_unspecified | :activity_starting | :activity_idle | :activity_running | :activity_at_gate | :activity_inside | :activity_silent | :activity_ended | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [activity_kind_unspecified: 0, activity_starting: 1, activity_idle: 2, activity_running: 3, activity_at_gate: 4, activity_inside: 5, activity_silent: 6, activity_ended: 7]
end

defmodule Vllm.Bridge.V1.WorldState do
  @moduledoc false
  # The message `vllm.bridge.v1.WorldState`.

  @type t :: :world_state_unspecified | :world_starting | :world_ready | :world_failed | :world_stopped | :world_degraded | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [world_state_unspecified: 0, world_starting: 1, world_ready: 2, world_failed: 3, world_stopped: 4, world_degraded: 5]
end

defmodule Vllm.Bridge.V1.OpenSessionRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.OpenSessionRequest`.

  defstruct [session_id: "", pool_name: "", affinity: :affinity_unspecified, client_id: ""]

  @type t :: %__MODULE__{session_id: String.t(), pool_name: String.t(), affinity: Vllm.Bridge.V1.Affinity.t(), client_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:pool_name, 2, :string, :singular},
      {:affinity, 3, {:enum, Vllm.Bridge.V1.Affinity}, :singular},
      {:client_id, 4, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Session do
  @moduledoc false
  # The message `vllm.bridge.v1.Session`.

  defstruct [session_id: "", pool_name: "", affinity: :affinity_unspecified, endpoint: "", world_id: "", rank: nil, epoch: 0, pid: 0, client_id: "", frames_endpoint: "", far_endpoint: ""]

  @type t :: %__MODULE__{session_id: String.t(), pool_name: String.t(), affinity: Vllm.Bridge.V1.Affinity.t(), endpoint: String.t(), world_id: String.t(), rank: integer() | nil, epoch: non_neg_integer(), pid: integer(), client_id: String.t(), frames_endpoint: String.t(), far_endpoint: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:pool_name, 2, :string, :singular},
      {:affinity, 3, {:enum, Vllm.Bridge.V1.Affinity}, :singular},
      {:endpoint, 4, :string, :singular},
      {:world_id, 5, :string, :singular},
      {:rank, 6, :int64, :optional},
      {:epoch, 7, :uint64, :singular},
      {:pid, 8, :int64, :singular},
      {:client_id, 9, :string, :singular},
      {:frames_endpoint, 10, :string, :singular},
      {:far_endpoint, 30, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReachRankRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReachRankRequest`.

  defstruct [session_id: ""]

  @type t :: %__MODULE__{session_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReachRankResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ReachRankResponse`. How to call the rank of a session directly
  # that is on another host than the pool.

  defstruct [endpoint: "", certificate: "", server_name: "", token: ""]

  @type t :: %__MODULE__{endpoint: String.t(), certificate: String.t(), server_name: String.t(), token: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:endpoint, 1, :string, :singular},
      {:certificate, 2, :string, :singular},
      {:server_name, 3, :string, :singular},
      {:token, 4, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.CloseSessionRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.CloseSessionRequest`.

  defstruct [session_id: "", reason: ""]

  @type t :: %__MODULE__{session_id: String.t(), reason: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:reason, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.CloseSessionResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.CloseSessionResponse`.

  defstruct [closed: false]

  @type t :: %__MODULE__{closed: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:closed, 1, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.GetSessionRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.GetSessionRequest`.

  defstruct [session_id: "", wait_for_end: nil]

  @type t :: %__MODULE__{session_id: String.t(), wait_for_end: Vllm.Google.Protobuf.Duration.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:wait_for_end, 2, {:message, Vllm.Google.Protobuf.Duration}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.StartWorldRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.StartWorldRequest`.

  defstruct [world_id: "", tensor_parallel_size: nil, pipeline_parallel_size: nil, data_parallel_size: nil, prefill_context_parallel_size: nil, decode_context_parallel_size: nil, backend: "", timeout: nil, pool_name: "", gate: nil, client_id: "", concurrent: false, on_failure: :on_failure_unspecified, spare_ranks: 0, distributed_executor_backend: "", nnodes: 0, ray: nil]

  @type t :: %__MODULE__{world_id: String.t(), tensor_parallel_size: integer() | nil, pipeline_parallel_size: integer() | nil, data_parallel_size: integer() | nil, prefill_context_parallel_size: integer() | nil, decode_context_parallel_size: integer() | nil, backend: String.t(), timeout: Vllm.Google.Protobuf.Duration.t() | nil, pool_name: String.t(), gate: boolean() | nil, client_id: String.t(), concurrent: boolean(), on_failure: Vllm.Bridge.V1.OnFailure.t(), spare_ranks: integer(), distributed_executor_backend: String.t(), nnodes: integer(), ray: Vllm.Bridge.V1.RayOptions.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:tensor_parallel_size, 2, :int64, :optional},
      {:pipeline_parallel_size, 3, :int64, :optional},
      {:data_parallel_size, 4, :int64, :optional},
      {:prefill_context_parallel_size, 5, :int64, :optional},
      {:decode_context_parallel_size, 6, :int64, :optional},
      {:backend, 7, :string, :singular},
      {:timeout, 8, {:message, Vllm.Google.Protobuf.Duration}, :optional},
      {:pool_name, 9, :string, :singular},
      {:gate, 10, :bool, :optional},
      {:client_id, 11, :string, :singular},
      {:concurrent, 12, :bool, :singular},
      {:on_failure, 13, {:enum, Vllm.Bridge.V1.OnFailure}, :singular},
      {:spare_ranks, 14, :int64, :singular},
      {:distributed_executor_backend, 15, :string, :singular},
      {:nnodes, 16, :int64, :singular},
      {:ray, 17, {:message, Vllm.Bridge.V1.RayOptions}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.RayOptions.ResourcesEntry do
  @moduledoc false
  # The message `vllm.bridge.v1.RayOptions.ResourcesEntry`.

  defstruct [key: "", value: 0.0]

  @type t :: %__MODULE__{key: String.t(), value: float()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:key, 1, :string, :singular},
      {:value, 2, :double, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RayOptions.LabelSelectorEntry do
  @moduledoc false
  # The message `vllm.bridge.v1.RayOptions.LabelSelectorEntry`.

  defstruct [key: "", value: ""]

  @type t :: %__MODULE__{key: String.t(), value: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:key, 1, :string, :singular},
      {:value, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RayOptions do
  @moduledoc false
  # The message `vllm.bridge.v1.RayOptions`.

  defstruct [address: "", start: false, placement_group: "", placement_strategy: "", resources: [], label_selector: [], bundle_indices: [], runtime_env: ""]

  @type t :: %__MODULE__{address: String.t(), start: boolean(), placement_group: String.t(), placement_strategy: String.t(), resources: [Vllm.Bridge.V1.RayOptions.ResourcesEntry.t()], label_selector: [Vllm.Bridge.V1.RayOptions.LabelSelectorEntry.t()], bundle_indices: [integer()], runtime_env: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:address, 1, :string, :singular},
      {:start, 2, :bool, :singular},
      {:placement_group, 3, :string, :singular},
      {:placement_strategy, 4, :string, :singular},
      {:resources, 5, {:message, Vllm.Bridge.V1.RayOptions.ResourcesEntry}, :repeated},
      {:label_selector, 6, {:message, Vllm.Bridge.V1.RayOptions.LabelSelectorEntry}, :repeated},
      {:bundle_indices, 7, :int64, :packed},
      {:runtime_env, 8, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RankInfo do
  @moduledoc false
  # The message `vllm.bridge.v1.RankInfo`.

  defstruct [rank: 0, local_rank: 0, pid: 0, node: "", state: :rank_state_unspecified, session_id: "", endpoint: "", exit: "", pool_name: "", rank_id: "", doing: "", queued: 0, sessions: 0, objects: 0, heartbeat_age_s: 0.0, restarts: 0, frames_endpoint: "", coordinates: nil, activity: nil, memory: nil, rates: nil, address: "", launcher: "", far_endpoint: ""]

  @type t :: %__MODULE__{rank: integer(), local_rank: integer(), pid: integer(), node: String.t(), state: Vllm.Bridge.V1.RankState.t(), session_id: String.t(), endpoint: String.t(), exit: String.t(), pool_name: String.t(), rank_id: String.t(), doing: String.t(), queued: integer(), sessions: integer(), objects: integer(), heartbeat_age_s: float(), restarts: integer(), frames_endpoint: String.t(), coordinates: Vllm.Bridge.V1.Coordinates.t() | nil, activity: Vllm.Bridge.V1.Activity.t() | nil, memory: Vllm.Bridge.V1.MemoryInfo.t() | nil, rates: Vllm.Bridge.V1.Rates.t() | nil, address: String.t(), launcher: String.t(), far_endpoint: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:rank, 1, :int64, :singular},
      {:local_rank, 2, :int64, :singular},
      {:pid, 3, :int64, :singular},
      {:node, 4, :string, :singular},
      {:state, 5, {:enum, Vllm.Bridge.V1.RankState}, :singular},
      {:session_id, 6, :string, :singular},
      {:endpoint, 7, :string, :singular},
      {:exit, 8, :string, :singular},
      {:pool_name, 9, :string, :singular},
      {:rank_id, 10, :string, :singular},
      {:doing, 11, :string, :singular},
      {:queued, 12, :int64, :singular},
      {:sessions, 13, :int64, :singular},
      {:objects, 14, :int64, :singular},
      {:heartbeat_age_s, 15, :double, :singular},
      {:restarts, 16, :int64, :singular},
      {:frames_endpoint, 17, :string, :singular},
      {:coordinates, 18, {:message, Vllm.Bridge.V1.Coordinates}, :optional},
      {:activity, 19, {:message, Vllm.Bridge.V1.Activity}, :optional},
      {:memory, 20, {:message, Vllm.Bridge.V1.MemoryInfo}, :optional},
      {:rates, 21, {:message, Vllm.Bridge.V1.Rates}, :optional},
      {:address, 30, :string, :singular},
      {:launcher, 31, :string, :singular},
      {:far_endpoint, 32, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Coordinates do
  @moduledoc false
  # The message `vllm.bridge.v1.Coordinates`. A rank's number along each dimension of its world.

  defstruct [dp: 0, pp: 0, pcp: 0, tp: 0, dcp: 0, ep: 0]

  @type t :: %__MODULE__{dp: integer(), pp: integer(), pcp: integer(), tp: integer(), dcp: integer(), ep: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:dp, 1, :int64, :singular},
      {:pp, 2, :int64, :singular},
      {:pcp, 3, :int64, :singular},
      {:tp, 4, :int64, :singular},
      {:dcp, 5, :int64, :singular},
      {:ep, 6, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Activity do
  @moduledoc false
  # The message `vllm.bridge.v1.Activity`. What a rank is doing. The same words everywhere: in
  # status, diagnosis, `top` and on the page.

  defstruct [kind: :activity_kind_unspecified, sentence: "", since: nil, for_s: 0.0, method: "", session_id: "", call_id: "", group: "", operation: "", parts: "", overdue_s: 0.0, waits_for: [], sequence: 0]

  @type t :: %__MODULE__{kind: Vllm.Bridge.V1.ActivityKind.t(), sentence: String.t(), since: Vllm.Google.Protobuf.Timestamp.t() | nil, for_s: float(), method: String.t(), session_id: String.t(), call_id: String.t(), group: String.t(), operation: String.t(), parts: String.t(), overdue_s: float(), waits_for: [integer()], sequence: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:kind, 1, {:enum, Vllm.Bridge.V1.ActivityKind}, :singular},
      {:sentence, 2, :string, :singular},
      {:since, 3, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:for_s, 4, :double, :singular},
      {:method, 5, :string, :singular},
      {:session_id, 6, :string, :singular},
      {:call_id, 7, :string, :singular},
      {:group, 8, :string, :singular},
      {:operation, 9, :string, :singular},
      {:parts, 10, :string, :singular},
      {:overdue_s, 11, :double, :singular},
      {:waits_for, 12, :int64, :packed},
      {:sequence, 13, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Rates do
  @moduledoc false
  # The message `vllm.bridge.v1.Rates`. Of calls that ended in a span of time.

  defstruct [calls_per_s: 0.0, errors_per_s: 0.0, p50_s: 0.0, p99_s: 0.0]

  @type t :: %__MODULE__{calls_per_s: float(), errors_per_s: float(), p50_s: float(), p99_s: float()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:calls_per_s, 1, :double, :singular},
      {:errors_per_s, 2, :double, :singular},
      {:p50_s, 3, :double, :singular},
      {:p99_s, 4, :double, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.World do
  @moduledoc false
  # The message `vllm.bridge.v1.World`.

  defstruct [world_id: "", epoch: 0, state: :world_state_unspecified, world_size: 0, tensor_parallel_size: 0, pipeline_parallel_size: 0, data_parallel_size: 0, prefill_context_parallel_size: 0, decode_context_parallel_size: 0, backend: "", ranks: [], failure: "", gate: false, pool_name: "", concurrent: false, run: nil, runs_waiting: 0, on_failure: :on_failure_unspecified, spare_ranks: 0, generation: 0, groups: [], rates: nil, distributed_executor_backend: "", nnodes: 0]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), state: Vllm.Bridge.V1.WorldState.t(), world_size: integer(), tensor_parallel_size: integer(), pipeline_parallel_size: integer(), data_parallel_size: integer(), prefill_context_parallel_size: integer(), decode_context_parallel_size: integer(), backend: String.t(), ranks: [Vllm.Bridge.V1.RankInfo.t()], failure: String.t(), gate: boolean(), pool_name: String.t(), concurrent: boolean(), run: Vllm.Bridge.V1.RunInfo.t() | nil, runs_waiting: integer(), on_failure: Vllm.Bridge.V1.OnFailure.t(), spare_ranks: integer(), generation: non_neg_integer(), groups: [Vllm.Bridge.V1.WorldGroup.t()], rates: Vllm.Bridge.V1.Rates.t() | nil, distributed_executor_backend: String.t(), nnodes: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:epoch, 2, :uint64, :singular},
      {:state, 3, {:enum, Vllm.Bridge.V1.WorldState}, :singular},
      {:world_size, 4, :int64, :singular},
      {:tensor_parallel_size, 5, :int64, :singular},
      {:pipeline_parallel_size, 6, :int64, :singular},
      {:data_parallel_size, 7, :int64, :singular},
      {:prefill_context_parallel_size, 8, :int64, :singular},
      {:decode_context_parallel_size, 9, :int64, :singular},
      {:backend, 10, :string, :singular},
      {:ranks, 11, {:message, Vllm.Bridge.V1.RankInfo}, :repeated},
      {:failure, 12, :string, :singular},
      {:gate, 13, :bool, :singular},
      {:pool_name, 14, :string, :singular},
      {:concurrent, 15, :bool, :singular},
      {:run, 16, {:message, Vllm.Bridge.V1.RunInfo}, :optional},
      {:runs_waiting, 17, :int64, :singular},
      {:on_failure, 18, {:enum, Vllm.Bridge.V1.OnFailure}, :singular},
      {:spare_ranks, 19, :int64, :singular},
      {:generation, 20, :uint64, :singular},
      {:groups, 21, {:message, Vllm.Bridge.V1.WorldGroup}, :repeated},
      {:rates, 22, {:message, Vllm.Bridge.V1.Rates}, :optional},
      {:distributed_executor_backend, 30, :string, :singular},
      {:nnodes, 31, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.WorldGroup do
  @moduledoc false
  # The message `vllm.bridge.v1.WorldGroup`. Ranks that call together, e.g. a tensor parallel
  # group.

  defstruct [dimension: "", ranks: []]

  @type t :: %__MODULE__{dimension: String.t(), ranks: [integer()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:dimension, 1, :string, :singular},
      {:ranks, 2, :int64, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.RunInfo do
  @moduledoc false
  # The message `vllm.bridge.v1.RunInfo`.

  defstruct [number: 0, holder: "", held_s: 0.0]

  @type t :: %__MODULE__{number: non_neg_integer(), holder: String.t(), held_s: float()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:number, 1, :uint64, :singular},
      {:holder, 2, :string, :singular},
      {:held_s, 3, :double, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.TakeTurnRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.TakeTurnRequest`.

  defstruct [world_id: "", epoch: 0, holder: "", generation: nil, lease_id: "", client: ""]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), holder: String.t(), generation: non_neg_integer() | nil, lease_id: String.t(), client: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:epoch, 2, :uint64, :singular},
      {:holder, 3, :string, :singular},
      {:generation, 4, :uint64, :optional},
      {:lease_id, 5, :string, :singular},
      {:client, 6, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Turn do
  @moduledoc false
  # The message `vllm.bridge.v1.Turn`. Sent once, when the turn has come. Of a lease also, before
  # and after that, a message with one of `waits`, `wanted`, `refused` and `tell`.

  defstruct [number: 0, block: 0, waits: false, wanted: false, refused: nil, tell: 0, max_waiting: 0, generation: 0]

  @type t :: %__MODULE__{number: non_neg_integer(), block: non_neg_integer(), waits: boolean(), wanted: boolean(), refused: Vllm.Bridge.V1.ErrorDetail.t() | nil, tell: non_neg_integer(), max_waiting: integer(), generation: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:number, 1, :uint64, :singular},
      {:block, 2, :uint64, :singular},
      {:waits, 3, :bool, :singular},
      {:wanted, 4, :bool, :singular},
      {:refused, 5, {:message, Vllm.Bridge.V1.ErrorDetail}, :optional},
      {:tell, 6, :uint64, :singular},
      {:max_waiting, 7, :int64, :singular},
      {:generation, 8, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReportTurnRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReportTurnRequest`.

  defstruct [world_id: "", epoch: 0, lease_id: "", tell: 0, run: nil, waiting: 0, given_back: false, latest: 0, whose_turn: false, generation: nil]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), lease_id: String.t(), tell: non_neg_integer(), run: Vllm.Bridge.V1.RunInfo.t() | nil, waiting: integer(), given_back: boolean(), latest: non_neg_integer(), whose_turn: boolean(), generation: non_neg_integer() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:epoch, 2, :uint64, :singular},
      {:lease_id, 3, :string, :singular},
      {:tell, 4, :uint64, :singular},
      {:run, 5, {:message, Vllm.Bridge.V1.RunInfo}, :optional},
      {:waiting, 6, :int64, :singular},
      {:given_back, 7, :bool, :singular},
      {:latest, 8, :uint64, :singular},
      {:whose_turn, 9, :bool, :singular},
      {:generation, 10, :uint64, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReportTurnResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ReportTurnResponse`.

  defstruct [run: nil, ahead: 0]

  @type t :: %__MODULE__{run: Vllm.Bridge.V1.RunInfo.t() | nil, ahead: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:run, 1, {:message, Vllm.Bridge.V1.RunInfo}, :optional},
      {:ahead, 2, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.StopWorldRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.StopWorldRequest`.

  defstruct [world_id: "", reason: ""]

  @type t :: %__MODULE__{world_id: String.t(), reason: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:reason, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.StopWorldResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.StopWorldResponse`.

  defstruct [stopped: false]

  @type t :: %__MODULE__{stopped: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:stopped, 1, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.GetWorldRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.GetWorldRequest`.

  defstruct [world_id: ""]

  @type t :: %__MODULE__{world_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.GetStatusRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.GetStatusRequest`.

  defstruct [with_histories: false]

  @type t :: %__MODULE__{with_histories: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:with_histories, 1, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.PoolStatus do
  @moduledoc false
  # The message `vllm.bridge.v1.PoolStatus`.

  defstruct [version: "", pid: 0, ranks: [], worlds: [], sessions: [], pools: [], at: nil, rates: nil, histories: [], refusals: []]

  @type t :: %__MODULE__{version: String.t(), pid: integer(), ranks: [Vllm.Bridge.V1.RankInfo.t()], worlds: [Vllm.Bridge.V1.World.t()], sessions: [Vllm.Bridge.V1.Session.t()], pools: [Vllm.Bridge.V1.PoolInfo.t()], at: Vllm.Google.Protobuf.Timestamp.t() | nil, rates: Vllm.Bridge.V1.Rates.t() | nil, histories: [Vllm.Bridge.V1.History.t()], refusals: [Vllm.Bridge.V1.Refusal.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:version, 1, :string, :singular},
      {:pid, 2, :int64, :singular},
      {:ranks, 3, {:message, Vllm.Bridge.V1.RankInfo}, :repeated},
      {:worlds, 4, {:message, Vllm.Bridge.V1.World}, :repeated},
      {:sessions, 5, {:message, Vllm.Bridge.V1.Session}, :repeated},
      {:pools, 6, {:message, Vllm.Bridge.V1.PoolInfo}, :repeated},
      {:at, 7, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:rates, 8, {:message, Vllm.Bridge.V1.Rates}, :optional},
      {:histories, 9, {:message, Vllm.Bridge.V1.History}, :repeated},
      {:refusals, 10, {:message, Vllm.Bridge.V1.Refusal}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.History do
  @moduledoc false
  # The message `vllm.bridge.v1.History`. Calls over the last five minutes, a number for each
  # second, oldest first. As many in each list.

  defstruct [world_id: "", until: nil, calls: [], errors: [], p50_s: [], p99_s: []]

  @type t :: %__MODULE__{world_id: String.t(), until: Vllm.Google.Protobuf.Timestamp.t() | nil, calls: [integer()], errors: [integer()], p50_s: [float()], p99_s: [float()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:until, 2, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:calls, 3, :int64, :packed},
      {:errors, 4, :int64, :packed},
      {:p50_s, 5, :double, :packed},
      {:p99_s, 6, :double, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.Refusal do
  @moduledoc false
  # The message `vllm.bridge.v1.Refusal`. Calls that the gate has refused together.

  defstruct [at: nil, world_id: "", epoch: 0, reason: "", message: "", ranks: []]

  @type t :: %__MODULE__{at: Vllm.Google.Protobuf.Timestamp.t() | nil, world_id: String.t(), epoch: non_neg_integer(), reason: String.t(), message: String.t(), ranks: [integer()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:at, 1, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:world_id, 2, :string, :singular},
      {:epoch, 3, :uint64, :singular},
      {:reason, 4, :string, :singular},
      {:message, 5, :string, :singular},
      {:ranks, 6, :int64, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.PoolInfo do
  @moduledoc false
  # The message `vllm.bridge.v1.PoolInfo`. One named pool of the server.

  defstruct [name: "", size: 0, ready: 0, idle: 0, queued: 0, max_queue: 0, sessions: 0, restarts: 0, failure: "", confinement: ""]

  @type t :: %__MODULE__{name: String.t(), size: integer(), ready: integer(), idle: integer(), queued: integer(), max_queue: integer(), sessions: integer(), restarts: integer(), failure: String.t(), confinement: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:name, 1, :string, :singular},
      {:size, 2, :int64, :singular},
      {:ready, 3, :int64, :singular},
      {:idle, 4, :int64, :singular},
      {:queued, 5, :int64, :singular},
      {:max_queue, 6, :int64, :singular},
      {:sessions, 7, :int64, :singular},
      {:restarts, 8, :int64, :singular},
      {:failure, 9, :string, :singular},
      {:confinement, 10, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RestartWorldRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.RestartWorldRequest`.

  defstruct [world_id: "", client_id: ""]

  @type t :: %__MODULE__{world_id: String.t(), client_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:client_id, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ResizeWorldRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ResizeWorldRequest`.

  defstruct [world_id: "", epoch: 0, data_parallel_size: 0, timeout: nil, holder: ""]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), data_parallel_size: integer(), timeout: Vllm.Google.Protobuf.Duration.t() | nil, holder: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:epoch, 2, :uint64, :singular},
      {:data_parallel_size, 3, :int64, :singular},
      {:timeout, 4, {:message, Vllm.Google.Protobuf.Duration}, :optional},
      {:holder, 5, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReplaceRanksRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReplaceRanksRequest`.

  defstruct [world_id: "", epoch: 0, ranks: [], timeout: nil, holder: ""]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), ranks: [integer()], timeout: Vllm.Google.Protobuf.Duration.t() | nil, holder: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:epoch, 2, :uint64, :singular},
      {:ranks, 3, :int64, :packed},
      {:timeout, 4, {:message, Vllm.Google.Protobuf.Duration}, :optional},
      {:holder, 5, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.DiagnoseRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.DiagnoseRequest`.

  defstruct [world_id: "", with_stacks: false]

  @type t :: %__MODULE__{world_id: String.t(), with_stacks: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:with_stacks, 2, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Diagnosis do
  @moduledoc false
  # The message `vllm.bridge.v1.Diagnosis`.

  defstruct [text: "", world: nil, ranks: []]

  @type t :: %__MODULE__{text: String.t(), world: Vllm.Bridge.V1.World.t() | nil, ranks: [Vllm.Bridge.V1.InspectResponse.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:text, 1, :string, :singular},
      {:world, 2, {:message, Vllm.Bridge.V1.World}, :optional},
      {:ranks, 3, {:message, Vllm.Bridge.V1.InspectResponse}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.Recording do
  @moduledoc false
  # The message `vllm.bridge.v1.Recording`.

  defstruct [world: nil, files: [], missing: []]

  @type t :: %__MODULE__{world: Vllm.Bridge.V1.World.t() | nil, files: [Vllm.Bridge.V1.RecordedFile.t()], missing: [integer()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world, 1, {:message, Vllm.Bridge.V1.World}, :optional},
      {:files, 2, {:message, Vllm.Bridge.V1.RecordedFile}, :repeated},
      {:missing, 3, :int64, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReportRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReportRequest`.

  defstruct []

  @type t :: %__MODULE__{}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    []
  end
end

defmodule Vllm.Bridge.V1.ServerReport do
  @moduledoc false
  # The message `vllm.bridge.v1.ServerReport`.

  defstruct [files: []]

  @type t :: %__MODULE__{files: [Vllm.Bridge.V1.RecordedFile.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:files, 1, {:message, Vllm.Bridge.V1.RecordedFile}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.RecordedFile do
  @moduledoc false
  # The message `vllm.bridge.v1.RecordedFile`.

  defstruct [name: "", content: ""]

  @type t :: %__MODULE__{name: String.t(), content: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:name, 1, :string, :singular},
      {:content, 2, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.WatchRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.WatchRequest`.

  defstruct [world_id: "", with_current: false]

  @type t :: %__MODULE__{world_id: String.t(), with_current: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:with_current, 2, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Event do
  @moduledoc false
  # The message `vllm.bridge.v1.Event`. Exactly one of the three is set: what has changed, as it
  # is now.

  defstruct [sequence: 0, at: nil, world: nil, rank: nil, session: nil]

  @type t :: %__MODULE__{sequence: non_neg_integer(), at: Vllm.Google.Protobuf.Timestamp.t() | nil, world: Vllm.Bridge.V1.World.t() | nil, rank: Vllm.Bridge.V1.RankEvent.t() | nil, session: Vllm.Bridge.V1.SessionEvent.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:sequence, 1, :uint64, :singular},
      {:at, 2, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:world, 3, {:message, Vllm.Bridge.V1.World}, :optional},
      {:rank, 4, {:message, Vllm.Bridge.V1.RankEvent}, :optional},
      {:session, 5, {:message, Vllm.Bridge.V1.SessionEvent}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.SubscribeRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.SubscribeRequest`.

  defstruct [world_id: "", session_id: "", topic: ""]

  @type t :: %__MODULE__{world_id: String.t(), session_id: String.t(), topic: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:session_id, 2, :string, :singular},
      {:topic, 3, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.LogsRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.LogsRequest`.

  defstruct [world_id: "", ranks: [], follow: false, tail: nil, unfolded: false]

  @type t :: %__MODULE__{world_id: String.t(), ranks: [integer()], follow: boolean(), tail: integer() | nil, unfolded: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:ranks, 2, :int64, :packed},
      {:follow, 3, :bool, :singular},
      {:tail, 4, :int64, :optional},
      {:unfolded, 5, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.LogLines do
  @moduledoc false
  # The message `vllm.bridge.v1.LogLines`.

  defstruct [lines: [], dropped: 0]

  @type t :: %__MODULE__{lines: [Vllm.Bridge.V1.LogLine.t()], dropped: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:lines, 1, {:message, Vllm.Bridge.V1.LogLine}, :repeated},
      {:dropped, 2, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.LogLine do
  @moduledoc false
  # The message `vllm.bridge.v1.LogLine`. A line that a rank or the server has written.

  defstruct [at: nil, world_id: "", epoch: 0, rank: nil, rank_id: "", level: "", logger: "", text: "", session_id: "", call_id: "", ranks: []]

  @type t :: %__MODULE__{at: Vllm.Google.Protobuf.Timestamp.t() | nil, world_id: String.t(), epoch: non_neg_integer(), rank: integer() | nil, rank_id: String.t(), level: String.t(), logger: String.t(), text: String.t(), session_id: String.t(), call_id: String.t(), ranks: [integer()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:at, 1, {:message, Vllm.Google.Protobuf.Timestamp}, :optional},
      {:world_id, 2, :string, :singular},
      {:epoch, 3, :uint64, :singular},
      {:rank, 4, :int64, :optional},
      {:rank_id, 5, :string, :singular},
      {:level, 6, :string, :singular},
      {:logger, 7, :string, :singular},
      {:text, 8, :string, :singular},
      {:session_id, 9, :string, :singular},
      {:call_id, 10, :string, :singular},
      {:ranks, 11, :int64, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.RankEvent do
  @moduledoc false
  # The message `vllm.bridge.v1.RankEvent`.

  defstruct [rank: nil, world_id: "", epoch: 0]

  @type t :: %__MODULE__{rank: Vllm.Bridge.V1.RankInfo.t() | nil, world_id: String.t(), epoch: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:rank, 1, {:message, Vllm.Bridge.V1.RankInfo}, :optional},
      {:world_id, 2, :string, :singular},
      {:epoch, 3, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.SessionEvent do
  @moduledoc false
  # The message `vllm.bridge.v1.SessionEvent`.

  defstruct [session: nil, ended: ""]

  @type t :: %__MODULE__{session: Vllm.Bridge.V1.Session.t() | nil, ended: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session, 1, {:message, Vllm.Bridge.V1.Session}, :optional},
      {:ended, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.AttachRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.AttachRequest`.

  defstruct [client_id: ""]

  @type t :: %__MODULE__{client_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:client_id, 1, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Attached do
  @moduledoc false
  # The message `vllm.bridge.v1.Attached`. Sent once, when the attachment counts.

  defstruct [grace: nil, frames_endpoint: ""]

  @type t :: %__MODULE__{grace: Vllm.Google.Protobuf.Duration.t() | nil, frames_endpoint: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:grace, 1, {:message, Vllm.Google.Protobuf.Duration}, :optional},
      {:frames_endpoint, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.GetProfilesRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.GetProfilesRequest`.

  defstruct []

  @type t :: %__MODULE__{}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    []
  end
end

defmodule Vllm.Bridge.V1.Profiles do
  @moduledoc false
  # The message `vllm.bridge.v1.Profiles`.

  defstruct [profiles: []]

  @type t :: %__MODULE__{profiles: [Vllm.Bridge.V1.TimeoutProfile.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:profiles, 1, {:message, Vllm.Bridge.V1.TimeoutProfile}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.TimeoutProfile do
  @moduledoc false
  # The message `vllm.bridge.v1.TimeoutProfile`.

  defstruct [name: "", call_timeout: nil, stream_timeout: nil]

  @type t :: %__MODULE__{name: String.t(), call_timeout: Vllm.Google.Protobuf.Duration.t() | nil, stream_timeout: Vllm.Google.Protobuf.Duration.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:name, 1, :string, :singular},
      {:call_timeout, 2, {:message, Vllm.Google.Protobuf.Duration}, :optional},
      {:stream_timeout, 3, {:message, Vllm.Google.Protobuf.Duration}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.ShareMemoryRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ShareMemoryRequest`.

  defstruct [session: nil, segments: 0]

  @type t :: %__MODULE__{session: Vllm.Bridge.V1.OpenSessionRequest.t() | nil, segments: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session, 1, {:message, Vllm.Bridge.V1.OpenSessionRequest}, :optional},
      {:segments, 2, :uint32, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ShareMemoryResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ShareMemoryResponse`.

  defstruct [directory: "", segments: [], max_segment_bytes: 0]

  @type t :: %__MODULE__{directory: String.t(), segments: [String.t()], max_segment_bytes: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:directory, 1, :string, :singular},
      {:segments, 2, :string, :repeated},
      {:max_segment_bytes, 3, :uint64, :singular}
    ]
  end
end
