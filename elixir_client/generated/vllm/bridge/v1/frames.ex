# Generated from proto/vllm/bridge/v1/frames.proto by `make codegen`. Do not edit.

defmodule Vllm.Bridge.V1.Frame.Pair do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Pair`. A pair of gRPC's metadata. Keys are lower case;
  # values are text, except where the key ends in "-bin".

  defstruct [key: "", value: ""]

  @type t :: %__MODULE__{key: String.t(), value: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:key, 1, :string, :singular},
      {:value, 2, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.Call do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Call`.

  defstruct [method: "", timeout_us: 0, metadata: [], body: ""]

  @type t :: %__MODULE__{method: String.t(), timeout_us: non_neg_integer(), metadata: [Vllm.Bridge.V1.Frame.Pair.t()], body: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:method, 1, :string, :singular},
      {:timeout_us, 2, :uint64, :singular},
      {:metadata, 3, {:message, Vllm.Bridge.V1.Frame.Pair}, :repeated},
      {:body, 4, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.Open do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Open`. The rank's has the initial metadata alone.

  defstruct [method: "", timeout_us: 0, metadata: []]

  @type t :: %__MODULE__{method: String.t(), timeout_us: non_neg_integer(), metadata: [Vllm.Bridge.V1.Frame.Pair.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:method, 1, :string, :singular},
      {:timeout_us, 2, :uint64, :singular},
      {:metadata, 3, {:message, Vllm.Bridge.V1.Frame.Pair}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.Message do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Message`.

  defstruct [body: ""]

  @type t :: %__MODULE__{body: binary()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:body, 1, :bytes, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.HalfClose do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.HalfClose`.

  defstruct []

  @type t :: %__MODULE__{}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    []
  end
end

defmodule Vllm.Bridge.V1.Frame.Reply do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Reply`.

  defstruct [body: "", trailers: []]

  @type t :: %__MODULE__{body: binary(), trailers: [Vllm.Bridge.V1.Frame.Pair.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:body, 1, :bytes, :singular},
      {:trailers, 2, {:message, Vllm.Bridge.V1.Frame.Pair}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.Failure do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Failure`.

  defstruct [code: 0, message: "", error: nil, trailers: []]

  @type t :: %__MODULE__{code: non_neg_integer(), message: String.t(), error: Vllm.Bridge.V1.ErrorDetail.t() | nil, trailers: [Vllm.Bridge.V1.Frame.Pair.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:code, 1, :uint32, :singular},
      {:message, 2, :string, :singular},
      {:error, 3, {:message, Vllm.Bridge.V1.ErrorDetail}, :optional},
      {:trailers, 4, {:message, Vllm.Bridge.V1.Frame.Pair}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.Frame.Cancel do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame.Cancel`.

  defstruct []

  @type t :: %__MODULE__{}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    []
  end
end

defmodule Vllm.Bridge.V1.Frame do
  @moduledoc false
  # The message `vllm.bridge.v1.Frame`. What goes over a frames connection in either direction.
  # Only the client begins calls.

  defstruct [id: 0, call: nil, reply: nil, failure: nil, cancel: nil, open: nil, message: nil, half_close: nil]

  @type t :: %__MODULE__{id: non_neg_integer(), call: Vllm.Bridge.V1.Frame.Call.t() | nil, reply: Vllm.Bridge.V1.Frame.Reply.t() | nil, failure: Vllm.Bridge.V1.Frame.Failure.t() | nil, cancel: Vllm.Bridge.V1.Frame.Cancel.t() | nil, open: Vllm.Bridge.V1.Frame.Open.t() | nil, message: Vllm.Bridge.V1.Frame.Message.t() | nil, half_close: Vllm.Bridge.V1.Frame.HalfClose.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:id, 1, :uint64, :singular},
      {:call, 2, {:message, Vllm.Bridge.V1.Frame.Call}, :optional},
      {:reply, 3, {:message, Vllm.Bridge.V1.Frame.Reply}, :optional},
      {:failure, 4, {:message, Vllm.Bridge.V1.Frame.Failure}, :optional},
      {:cancel, 5, {:message, Vllm.Bridge.V1.Frame.Cancel}, :optional},
      {:open, 6, {:message, Vllm.Bridge.V1.Frame.Open}, :optional},
      {:message, 7, {:message, Vllm.Bridge.V1.Frame.Message}, :optional},
      {:half_close, 8, {:message, Vllm.Bridge.V1.Frame.HalfClose}, :optional}
    ]
  end
end
