# Generated from proto/vllm/bridge/v1/rank.proto by `make codegen`. Do not edit.

defmodule Vllm.Bridge.V1.CallState do
  @moduledoc false
  # The message `vllm.bridge.v1.CallState`.

  @type t :: :call_state_unspecified | :queued | :running | :finished | :withdrawn | :unknown | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [call_state_unspecified: 0, queued: 1, running: 2, finished: 3, withdrawn: 4, unknown: 5]
end

defmodule Vllm.Bridge.V1.RecordFormat do
  @moduledoc false
  # The message `vllm.bridge.v1.RecordFormat`.

  @type t :: :record_format_unspecified | :chrome | :torch | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [record_format_unspecified: 0, chrome: 1, torch: 2]
end

defmodule Vllm.Bridge.V1.CallPart do
  @moduledoc false
  # The message `vllm.bridge.v1.CallPart`.

  defstruct [message: "", sizes: [], data: ""]

  @type t :: %__MODULE__{message: binary(), sizes: [non_neg_integer()], data: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:message, 1, :bytes, :singular},
      {:sizes, 2, :uint64, :packed},
      {:data, 3, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.InspectRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.InspectRequest`.

  defstruct [with_stacks: false]

  @type t :: %__MODULE__{with_stacks: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:with_stacks, 1, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.CallRecord do
  @moduledoc false
  # The message `vllm.bridge.v1.CallRecord`.

  defstruct [call_id: "", session_id: "", method: "", state: :call_state_unspecified, queued_s: 0.0, running_s: 0.0, group: "", operation: "", parts: "", at_gate_s: 0.0, gated_s: 0.0, ended_s: 0.0, overdue_s: 0.0, sequence: 0]

  @type t :: %__MODULE__{call_id: String.t(), session_id: String.t(), method: String.t(), state: Vllm.Bridge.V1.CallState.t(), queued_s: float(), running_s: float(), group: String.t(), operation: String.t(), parts: String.t(), at_gate_s: float(), gated_s: float(), ended_s: float(), overdue_s: float(), sequence: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:call_id, 1, :string, :singular},
      {:session_id, 2, :string, :singular},
      {:method, 3, :string, :singular},
      {:state, 4, {:enum, Vllm.Bridge.V1.CallState}, :singular},
      {:queued_s, 5, :double, :singular},
      {:running_s, 6, :double, :singular},
      {:group, 7, :string, :singular},
      {:operation, 8, :string, :singular},
      {:parts, 9, :string, :singular},
      {:at_gate_s, 10, :double, :singular},
      {:gated_s, 11, :double, :singular},
      {:ended_s, 12, :double, :singular},
      {:overdue_s, 13, :double, :singular},
      {:sequence, 14, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.InspectResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.InspectResponse`.

  defstruct [pid: 0, rank: nil, world_id: "", epoch: 0, calls: [], sessions: 0, objects: 0, ended: [], stacks: [], contexts: 0]

  @type t :: %__MODULE__{pid: integer(), rank: integer() | nil, world_id: String.t(), epoch: non_neg_integer(), calls: [Vllm.Bridge.V1.CallRecord.t()], sessions: integer(), objects: integer(), ended: [Vllm.Bridge.V1.CallRecord.t()], stacks: [Vllm.Bridge.V1.ThreadStack.t()], contexts: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:pid, 1, :int64, :singular},
      {:rank, 2, :int64, :optional},
      {:world_id, 3, :string, :singular},
      {:epoch, 4, :uint64, :singular},
      {:calls, 5, {:message, Vllm.Bridge.V1.CallRecord}, :repeated},
      {:sessions, 6, :int64, :singular},
      {:objects, 7, :int64, :singular},
      {:ended, 8, {:message, Vllm.Bridge.V1.CallRecord}, :repeated},
      {:stacks, 9, {:message, Vllm.Bridge.V1.ThreadStack}, :repeated},
      {:contexts, 10, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ThreadStack do
  @moduledoc false
  # The message `vllm.bridge.v1.ThreadStack`.

  defstruct [thread: "", frames: []]

  @type t :: %__MODULE__{thread: String.t(), frames: [String.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:thread, 1, :string, :singular},
      {:frames, 2, :string, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.MemoryInfo do
  @moduledoc false
  # The message `vllm.bridge.v1.MemoryInfo`. Of one process, in bytes; 0 where it is not known.

  defstruct [resident: 0, anonymous: 0, device_allocated: 0, device_reserved: 0]

  @type t :: %__MODULE__{resident: integer(), anonymous: integer(), device_allocated: integer(), device_reserved: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:resident, 1, :int64, :singular},
      {:anonymous, 2, :int64, :singular},
      {:device_allocated, 3, :int64, :singular},
      {:device_reserved, 4, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RecordRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.RecordRequest`.

  defstruct [world_id: "", last: 0, format: :record_format_unspecified]

  @type t :: %__MODULE__{world_id: String.t(), last: non_neg_integer(), format: Vllm.Bridge.V1.RecordFormat.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:world_id, 1, :string, :singular},
      {:last, 2, :uint32, :singular},
      {:format, 3, {:enum, Vllm.Bridge.V1.RecordFormat}, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.RankRecord do
  @moduledoc false
  # The message `vllm.bridge.v1.RankRecord`.

  defstruct [content: ""]

  @type t :: %__MODULE__{content: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:content, 1, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.WithdrawRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.WithdrawRequest`.

  defstruct [session_id: "", call_id: ""]

  @type t :: %__MODULE__{session_id: String.t(), call_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:session_id, 1, :string, :singular},
      {:call_id, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.WithdrawResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.WithdrawResponse`.

  defstruct [call: nil, refusal: nil]

  @type t :: %__MODULE__{call: Vllm.Bridge.V1.CallRecord.t() | nil, refusal: Vllm.Bridge.V1.ErrorDetail.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:call, 1, {:message, Vllm.Bridge.V1.CallRecord}, :optional},
      {:refusal, 2, {:message, Vllm.Bridge.V1.ErrorDetail}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.CallRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.CallRequest`.

  defstruct [qualified_name: nil, object: nil, method: "", args: nil, kwargs: nil]

  @type t :: %__MODULE__{qualified_name: String.t() | nil, object: Vllm.Bridge.V1.Ref.t() | nil, method: String.t(), args: Vllm.Bridge.V1.Term.t() | nil, kwargs: Vllm.Bridge.V1.Term.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:qualified_name, 1, :string, :optional},
      {:object, 2, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:method, 3, :string, :singular},
      {:args, 4, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:kwargs, 5, {:message, Vllm.Bridge.V1.Term}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.GetAttributeRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.GetAttributeRequest`.

  defstruct [object: nil, name: ""]

  @type t :: %__MODULE__{object: Vllm.Bridge.V1.Ref.t() | nil, name: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:object, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:name, 2, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.FetchRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.FetchRequest`.

  defstruct [object: nil]

  @type t :: %__MODULE__{object: Vllm.Bridge.V1.Ref.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:object, 1, {:message, Vllm.Bridge.V1.Ref}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReleaseRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReleaseRequest`.

  defstruct [objects: []]

  @type t :: %__MODULE__{objects: [Vllm.Bridge.V1.Ref.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:objects, 1, {:message, Vllm.Bridge.V1.Ref}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReleaseResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ReleaseResponse`.

  defstruct [released: 0]

  @type t :: %__MODULE__{released: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:released, 1, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.EnterRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.EnterRequest`.

  defstruct [context: nil]

  @type t :: %__MODULE__{context: Vllm.Bridge.V1.Ref.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:context, 1, {:message, Vllm.Bridge.V1.Ref}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.ExitRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ExitRequest`.

  defstruct [context: nil, error: "", release: false]

  @type t :: %__MODULE__{context: Vllm.Bridge.V1.Ref.t() | nil, error: String.t(), release: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:context, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:error, 2, :string, :singular},
      {:release, 3, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ExitResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ExitResponse`.

  defstruct [suppressed: false]

  @type t :: %__MODULE__{suppressed: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:suppressed, 1, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.NextRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.NextRequest`.

  defstruct [object: nil, max_items: 0, within: nil]

  @type t :: %__MODULE__{object: Vllm.Bridge.V1.Ref.t() | nil, max_items: non_neg_integer(), within: Vllm.Google.Protobuf.Duration.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:object, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:max_items, 2, :uint32, :singular},
      {:within, 3, {:message, Vllm.Google.Protobuf.Duration}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.NextResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.NextResponse`.

  defstruct [items: [], done: false]

  @type t :: %__MODULE__{items: [Vllm.Bridge.V1.Term.t()], done: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:items, 1, {:message, Vllm.Bridge.V1.Term}, :repeated},
      {:done, 2, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.SendRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.SendRequest`.

  defstruct [objects: [], to_rank: 0]

  @type t :: %__MODULE__{objects: [Vllm.Bridge.V1.Ref.t()], to_rank: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:objects, 1, {:message, Vllm.Bridge.V1.Ref}, :repeated},
      {:to_rank, 2, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.SendResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.SendResponse`.

  defstruct [bytes: 0]

  @type t :: %__MODULE__{bytes: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:bytes, 1, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReceiveRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.ReceiveRequest`.

  defstruct [from_rank: 0]

  @type t :: %__MODULE__{from_rank: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:from_rank, 1, :int64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ReceiveResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.ReceiveResponse`.

  defstruct [objects: []]

  @type t :: %__MODULE__{objects: [Vllm.Bridge.V1.Ref.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:objects, 1, {:message, Vllm.Bridge.V1.Ref}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.NameRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.NameRequest`.

  defstruct [object: nil, name: "", forget: false]

  @type t :: %__MODULE__{object: Vllm.Bridge.V1.Ref.t() | nil, name: String.t(), forget: boolean()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:object, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:name, 2, :string, :singular},
      {:forget, 3, :bool, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.NameResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.NameResponse`.

  defstruct [names: []]

  @type t :: %__MODULE__{names: [String.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:names, 1, :string, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.LoadRequest do
  @moduledoc false
  # The message `vllm.bridge.v1.LoadRequest`.

  defstruct [module: ""]

  @type t :: %__MODULE__{module: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:module, 1, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.LoadResponse do
  @moduledoc false
  # The message `vllm.bridge.v1.LoadResponse`.

  defstruct [names: []]

  @type t :: %__MODULE__{names: [String.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:names, 1, :string, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.Emission do
  @moduledoc false
  # The message `vllm.bridge.v1.Emission`. A value that code in a rank has emitted while it ran,
  # see `vllm_bridge.emit`.

  defstruct [topic: "", value: nil, sequence: 0, session_id: "", call_id: "", world_id: "", rank: nil, dropped: 0]

  @type t :: %__MODULE__{topic: String.t(), value: Vllm.Bridge.V1.Term.t() | nil, sequence: non_neg_integer(), session_id: String.t(), call_id: String.t(), world_id: String.t(), rank: integer() | nil, dropped: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:topic, 1, :string, :singular},
      {:value, 2, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:sequence, 3, :uint64, :singular},
      {:session_id, 4, :string, :singular},
      {:call_id, 5, :string, :singular},
      {:world_id, 6, :string, :singular},
      {:rank, 7, :int64, :optional},
      {:dropped, 8, :uint64, :singular}
    ]
  end
end
