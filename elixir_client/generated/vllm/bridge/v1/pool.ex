# Generated from proto/vllm/bridge/v1/pool.proto by `make codegen`. Do not edit.

defmodule Vllm.Bridge.V1.Affinity do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.Affinity`.
  """
  @type t :: :affinity_unspecified | :hint | :strict_queue | :strict_fail_fast | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [affinity_unspecified: 0, hint: 1, strict_queue: 2, strict_fail_fast: 3]
end

defmodule Vllm.Bridge.V1.RankState do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.RankState`.
  """
  @type t :: :rank_state_unspecified | :starting | :ready | :dead | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [rank_state_unspecified: 0, starting: 1, ready: 2, dead: 3]
end

defmodule Vllm.Bridge.V1.WorldState do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.WorldState`.
  """
  @type t :: :world_state_unspecified | :world_starting | :world_ready | :world_failed | :world_stopped | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [world_state_unspecified: 0, world_starting: 1, world_ready: 2, world_failed: 3, world_stopped: 4]
end

defmodule Vllm.Bridge.V1.OpenSessionRequest do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.OpenSessionRequest`.
  """
  defstruct [session_id: "", pool_name: "", affinity: :affinity_unspecified]

  @type t :: %__MODULE__{session_id: String.t(), pool_name: String.t(), affinity: Vllm.Bridge.V1.Affinity.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:pool_name, 2, :string, :singular},
      {:affinity, 3, {:enum, Vllm.Bridge.V1.Affinity}, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Session do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.Session`.
  """
  defstruct [session_id: "", pool_name: "", affinity: :affinity_unspecified, endpoint: "", world_id: "", rank: nil, epoch: 0, pid: 0]

  @type t :: %__MODULE__{session_id: String.t(), pool_name: String.t(), affinity: Vllm.Bridge.V1.Affinity.t(), endpoint: String.t(), world_id: String.t(), rank: integer() | nil, epoch: non_neg_integer(), pid: integer()}

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
      {:pid, 8, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.CloseSessionRequest do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.CloseSessionRequest`.
  """
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

defmodule Vllm.Bridge.V1.CloseSessionResponse do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.CloseSessionResponse`.
  """
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
  @moduledoc ~S"""
  The message `vllm.bridge.v1.GetSessionRequest`.
  """
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
  @moduledoc ~S"""
  The message `vllm.bridge.v1.StartWorldRequest`.
  """
  defstruct [world_id: "", tensor_parallel_size: nil, pipeline_parallel_size: nil, data_parallel_size: nil, prefill_context_parallel_size: nil, decode_context_parallel_size: nil, backend: "", timeout: nil, pool_name: ""]

  @type t :: %__MODULE__{world_id: String.t(), tensor_parallel_size: integer() | nil, pipeline_parallel_size: integer() | nil, data_parallel_size: integer() | nil, prefill_context_parallel_size: integer() | nil, decode_context_parallel_size: integer() | nil, backend: String.t(), timeout: Vllm.Google.Protobuf.Duration.t() | nil, pool_name: String.t()}

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
      {:pool_name, 9, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RankInfo do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.RankInfo`.
  """
  defstruct [rank: 0, local_rank: 0, pid: 0, node: "", state: :rank_state_unspecified, session_id: "", endpoint: "", exit: ""]

  @type t :: %__MODULE__{rank: integer(), local_rank: integer(), pid: integer(), node: String.t(), state: Vllm.Bridge.V1.RankState.t(), session_id: String.t(), endpoint: String.t(), exit: String.t()}

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
      {:exit, 8, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.World do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.World`.
  """
  defstruct [world_id: "", epoch: 0, state: :world_state_unspecified, world_size: 0, tensor_parallel_size: 0, pipeline_parallel_size: 0, data_parallel_size: 0, prefill_context_parallel_size: 0, decode_context_parallel_size: 0, backend: "", ranks: [], failure: ""]

  @type t :: %__MODULE__{world_id: String.t(), epoch: non_neg_integer(), state: Vllm.Bridge.V1.WorldState.t(), world_size: integer(), tensor_parallel_size: integer(), pipeline_parallel_size: integer(), data_parallel_size: integer(), prefill_context_parallel_size: integer(), decode_context_parallel_size: integer(), backend: String.t(), ranks: [Vllm.Bridge.V1.RankInfo.t()], failure: String.t()}

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
      {:failure, 12, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.StopWorldRequest do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.StopWorldRequest`.
  """
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

defmodule Vllm.Bridge.V1.StopWorldResponse do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.StopWorldResponse`.
  """
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
  @moduledoc ~S"""
  The message `vllm.bridge.v1.GetWorldRequest`.
  """
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
  @moduledoc ~S"""
  The message `vllm.bridge.v1.GetStatusRequest`.
  """
  defstruct []

  @type t :: %__MODULE__{}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    []
  end
end

defmodule Vllm.Bridge.V1.PoolStatus do
  @moduledoc ~S"""
  The message `vllm.bridge.v1.PoolStatus`.
  """
  defstruct [version: "", pid: 0, ranks: [], worlds: [], sessions: []]

  @type t :: %__MODULE__{version: String.t(), pid: integer(), ranks: [Vllm.Bridge.V1.RankInfo.t()], worlds: [Vllm.Bridge.V1.World.t()], sessions: [Vllm.Bridge.V1.Session.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:version, 1, :string, :singular},
      {:pid, 2, :int64, :singular},
      {:ranks, 3, {:message, Vllm.Bridge.V1.RankInfo}, :repeated},
      {:worlds, 4, {:message, Vllm.Bridge.V1.World}, :repeated},
      {:sessions, 5, {:message, Vllm.Bridge.V1.Session}, :repeated}
    ]
  end
end
