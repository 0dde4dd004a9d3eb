# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.GraphCaptureContext do
  @moduledoc ~S"""
  Where a graph is captured: `stream` is the side stream, None on the CPU.
  """
  @new %Vllm.Call.Spec{
    function: "GraphCaptureContext.new",
    path: "/vllm.distributed.v1.GraphCaptureContext/New",
    params: [
      {:stream, 1, :term, :required}
    ],
    result: :object,
    inline: false
  }

  @doc ~S"""
  Where a graph is captured: `stream` is the side stream, None on the CPU.

  Python: `GraphCaptureContext.new(stream)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new(term()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(term(), keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(stream, opts \\ []) do
    Vllm.Call.run(@new, [stream, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(term()) :: Vllm.Ref.t()
  @spec new!(term(), keyword()) :: Vllm.Ref.t()
  def new!(stream, opts \\ []) do
    Vllm.Error.unwrap!(new(stream, opts))
  end
end
