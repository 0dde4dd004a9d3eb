defmodule Vllm.Bridge.Frames.Route do
  @moduledoc false
  # The way to a rank that is called directly, or to the pool: a gRPC connection and, on the same host, frames.
  #
  # What frames cannot carry goes by gRPC, and so does a call that frames failed to carry if it is certain
  # that it has not run.

  alias Vllm.Bridge.{Connection, Frames}
  alias Vllm.Deadline

  defstruct [:grpc, :frames]

  @type t :: %__MODULE__{grpc: pid() | nil, frames: Frames.t() | nil}
  @type carrier :: :frames | :grpc

  @doc "What carries calls that are sent this way now; of a transport its module."
  @spec carrier(t() | pid() | {module(), term()}) :: carrier() | module()
  def carrier(%__MODULE__{frames: %Frames{} = frames}),
    do: if(Frames.open?(frames), do: :frames, else: :grpc)

  def carrier({transport, _handle}), do: transport
  def carrier(_grpc_alone), do: :grpc

  @doc "The processes of its connections."
  @spec pids(t()) :: [pid()]
  def pids(%{grpc: grpc, frames: frames}),
    do: List.wrap(grpc) ++ if(frames, do: [frames.pid], else: [])

  @doc "The route without the connection of a process that has ended."
  @spec without(t(), pid()) :: t()
  def without(%{grpc: pid} = route, pid), do: %{route | grpc: nil}
  def without(route, _frames), do: %{route | frames: nil}

  @doc "As `Vllm.Bridge.Connection.unary/4`."
  @spec unary(t(), path :: binary(), request :: iodata(), keyword()) ::
          {:ok, binary()} | {:error, Connection.reason()}
  def unary(%{frames: nil, grpc: grpc}, path, request, opts),
    do: Connection.unary(grpc, path, request, opts)

  def unary(%{frames: frames, grpc: grpc}, path, request, opts) do
    size = IO.iodata_length(request)

    if Frames.fits?(size),
      do: by_frames(frames, grpc, path, request, size, opts),
      else: Connection.unary(grpc, path, request, opts)
  end

  defp by_frames(frames, grpc, path, request, size, opts) do
    deadline = Deadline.new(Keyword.get(opts, :timeout, :infinity))

    case Frames.unary(frames, path, request, size, opts) do
      {:error, {not_run, _why}} when not_run in [:connect, :unprocessed] ->
        left = Deadline.left(deadline)

        if left == 0,
          do: {:error, :deadline_exceeded},
          else: Connection.unary(grpc, path, request, Keyword.put(opts, :timeout, left))

      answer ->
        answer
    end
  end
end
