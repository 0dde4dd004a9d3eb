# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.GraphCaptureContext do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  Where a graph is captured: `stream` is the side stream, `nil` on the CPU.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `stream`
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:ref, :stream]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          stream: Ref.t() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.GraphCaptureContextObject,
     [
       {:stream, {:nullable, :object}, :given}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "GraphCaptureContext.new",
    path: "/vllm.distributed.v1.GraphCaptureContext/New",
    params: [
      {:stream, 1, {:nullable, :object}, :required}
    ],
    result: {:object, Vllm.Distributed.GraphCaptureContext},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.GraphCaptureContext`, in a rank, which checks it; the module says
  more. Where a graph is captured: `stream` is the side stream, `nil` on the CPU.

  ## Parameters

    * `stream` (`Vllm.Call.object()`) - a `torch.cuda.Stream` of the rank, `nil` on the CPU

  ## Example

      {:ok, %Vllm.Distributed.GraphCaptureContext{}} = Vllm.Distributed.GraphCaptureContext.new(nil)
  """
  @spec new(Call.object() | nil | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(Call.arg(Call.object() | nil), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def new(stream, opts \\ []) do
    Vllm.Call.run(@new, [stream, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(Call.object() | nil | keyword()) :: t()
  @spec new!(Call.arg(Call.object() | nil), keyword()) ::
          t()
  def new!(stream, opts \\ []) do
    Vllm.Error.unwrap!(new(stream, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [new: @new]
  end
end
