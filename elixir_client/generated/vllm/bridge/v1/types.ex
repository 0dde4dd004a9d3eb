# Generated from proto/vllm/bridge/v1/types.proto by `make codegen`. Do not edit.

defmodule Vllm.Bridge.V1.Tensor do
  @moduledoc false
  # The message `vllm.bridge.v1.Tensor`. A dense tensor, row-major, little-endian.

  defstruct [dtype: "", shape: [], data: nil, shared_memory: nil, ref: nil, chunks: nil]

  @type t :: %__MODULE__{dtype: String.t(), shape: [integer()], data: binary() | nil, shared_memory: Vllm.Bridge.V1.SharedMemory.t() | nil, ref: Vllm.Bridge.V1.Ref.t() | nil, chunks: Vllm.Bridge.V1.ChunkedData.t() | nil}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:dtype, 1, :string, :singular},
      {:shape, 2, :int64, :packed},
      {:data, 3, :bytes, :optional},
      {:shared_memory, 4, {:message, Vllm.Bridge.V1.SharedMemory}, :optional},
      {:ref, 5, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:chunks, 6, {:message, Vllm.Bridge.V1.ChunkedData}, :optional}
    ]
  end
end

defmodule Vllm.Bridge.V1.SharedMemory do
  @moduledoc false
  # The message `vllm.bridge.v1.SharedMemory`. A slice of a segment in the session's directory,
  # see Pool.ShareMemory.

  defstruct [name: "", offset: 0, size: 0]

  @type t :: %__MODULE__{name: String.t(), offset: non_neg_integer(), size: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:name, 1, :string, :singular},
      {:offset, 2, :uint64, :singular},
      {:size, 3, :uint64, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ChunkedData do
  @moduledoc false
  # The message `vllm.bridge.v1.ChunkedData`. Stands for bytes that follow in parts.

  defstruct [index: 0]

  @type t :: %__MODULE__{index: non_neg_integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:index, 1, :uint32, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Ref do
  @moduledoc false
  # The message `vllm.bridge.v1.Ref`. An object that stays in the rank that made it, for as long
  # as its session lives.

  defstruct [id: "", session_id: "", epoch: 0, type_name: ""]

  @type t :: %__MODULE__{id: String.t(), session_id: String.t(), epoch: non_neg_integer(), type_name: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:id, 1, :string, :singular},
      {:session_id, 2, :string, :singular},
      {:epoch, 3, :uint64, :singular},
      {:type_name, 4, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Term do
  @moduledoc false
  # The message `vllm.bridge.v1.Term`. A value without a static type: msgpack with the extension
  # types of docs/contract.md.

  defstruct [msgpack: "", tensors: []]

  @type t :: %__MODULE__{msgpack: binary(), tensors: [Vllm.Bridge.V1.Tensor.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:msgpack, 1, :bytes, :singular},
      {:tensors, 2, {:message, Vllm.Bridge.V1.Tensor}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.GroupCoordinator do
  @moduledoc false
  # The message `vllm.bridge.v1.GroupCoordinator`. A coordinator: the handle, and what callers ask
  # for most. Requests need `ref` alone.

  defstruct [ref: nil, unique_name: "", ranks: [], rank: 0, rank_in_group: 0, world_size: 0, local_rank: 0, backend: "", device: ""]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, unique_name: String.t(), ranks: [integer()], rank: integer(), rank_in_group: integer(), world_size: integer(), local_rank: integer(), backend: String.t(), device: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:unique_name, 2, :string, :singular},
      {:ranks, 3, :int64, :packed},
      {:rank, 4, :int64, :singular},
      {:rank_in_group, 5, :int64, :singular},
      {:world_size, 6, :int64, :singular},
      {:local_rank, 7, :int64, :singular},
      {:backend, 8, :string, :singular},
      {:device, 9, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.ProcessGroup do
  @moduledoc false
  # The message `vllm.bridge.v1.ProcessGroup`. A torch process group: the handle and its facts.
  # Requests need `ref` alone.

  defstruct [ref: nil, unique_name: "", ranks: [], rank_in_group: 0, world_size: 0, backend: ""]

  @type t :: %__MODULE__{ref: Vllm.Bridge.V1.Ref.t() | nil, unique_name: String.t(), ranks: [integer()], rank_in_group: integer(), world_size: integer(), backend: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:ref, 1, {:message, Vllm.Bridge.V1.Ref}, :optional},
      {:unique_name, 2, :string, :singular},
      {:ranks, 3, :int64, :packed},
      {:rank_in_group, 4, :int64, :singular},
      {:world_size, 5, :int64, :singular},
      {:backend, 6, :string, :singular}
    ]
  end
end

defmodule Vllm.Bridge.V1.Int64List do
  @moduledoc false
  # The message `vllm.bridge.v1.Int64List`. Wrappers, for lists that may be absent and lists of
  # lists.

  defstruct [values: []]

  @type t :: %__MODULE__{values: [integer()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:values, 1, :int64, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.BoolList do
  @moduledoc false
  # The message `vllm.bridge.v1.BoolList`.

  defstruct [values: []]

  @type t :: %__MODULE__{values: [boolean()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:values, 1, :bool, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.DoubleList do
  @moduledoc false
  # The message `vllm.bridge.v1.DoubleList`.

  defstruct [values: []]

  @type t :: %__MODULE__{values: [float()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:values, 1, :double, :packed}
    ]
  end
end

defmodule Vllm.Bridge.V1.StringList do
  @moduledoc false
  # The message `vllm.bridge.v1.StringList`.

  defstruct [values: []]

  @type t :: %__MODULE__{values: [String.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:values, 1, :string, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.TensorList do
  @moduledoc false
  # The message `vllm.bridge.v1.TensorList`.

  defstruct [values: []]

  @type t :: %__MODULE__{values: [Vllm.Bridge.V1.Tensor.t()]}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:values, 1, {:message, Vllm.Bridge.V1.Tensor}, :repeated}
    ]
  end
end

defmodule Vllm.Bridge.V1.ErrorDetail.Category do
  @moduledoc false
  # The message `vllm.bridge.v1.ErrorDetail.Category`.

  @type t :: :category_unspecified | :worker | :timeout | :python_error | :grpc_error | :validation | :pool | integer()

  @doc false
  @spec __values__() :: keyword(integer())
  def __values__, do: [category_unspecified: 0, worker: 1, timeout: 2, python_error: 3, grpc_error: 4, validation: 5, pool: 6]
end

defmodule Vllm.Bridge.V1.ErrorDetail do
  @moduledoc false
  # The message `vllm.bridge.v1.ErrorDetail`. What went wrong; travels in the trailer
  # `vllm-error-bin` of a non-OK status.

  defstruct [category: :category_unspecified, message: "", reason: "", details: nil, python_type: "", traceback: "", rank: nil, call_id: ""]

  @type t :: %__MODULE__{category: Vllm.Bridge.V1.ErrorDetail.Category.t(), message: String.t(), reason: String.t(), details: Vllm.Bridge.V1.Term.t() | nil, python_type: String.t(), traceback: String.t(), rank: integer() | nil, call_id: String.t()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:category, 1, {:enum, Vllm.Bridge.V1.ErrorDetail.Category}, :singular},
      {:message, 2, :string, :singular},
      {:reason, 3, :string, :singular},
      {:details, 4, {:message, Vllm.Bridge.V1.Term}, :optional},
      {:python_type, 5, :string, :singular},
      {:traceback, 6, :string, :singular},
      {:rank, 7, :int64, :optional},
      {:call_id, 8, :string, :singular}
    ]
  end
end
