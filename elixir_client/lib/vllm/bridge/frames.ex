defmodule Vllm.Bridge.Frames do
  @moduledoc false
  # A rank's second carrier: the calls of gRPC in frames over a unix socket, for clients on its host
  # (docs/contract.md, Frames). `unary/5` promises what `Vllm.Bridge.Connection.unary/4` does, and its
  # failures are the same, see `t:Vllm.Bridge.Connection.reason/0`.
  #
  # Calls in parts stay on gRPC. They are made where client and rank share no memory, which on one host is
  # the exception, and a MiB at a time costs its copies on either carrier.

  alias Vllm.Bridge.Connection.{Reason, Stream}
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.Frames.{Owner, Wire}
  alias Vllm.Deadline

  # A rank closes the connection at a frame that is more than a MiB longer than it takes messages. This side
  # does not know how long that is, so that longer requests go by gRPC, which refuses one call alone.
  @longest 1_000_000

  @enforce_keys [:pid, :open]
  defstruct @enforce_keys

  @typedoc "`open` is 1 while its socket is open."
  @type t :: %__MODULE__{pid: pid(), open: :atomics.atomics_ref()}

  @doc """
  Starts the process of a connection to `endpoint`, `"unix:/path"`; `options` has a value for every option
  of `Vllm.Bridge.Connection.start_link/1`, and `token`. It is started also where nobody listens.
  """
  @spec start_link(endpoint :: binary(), map()) :: {:ok, t()} | {:error, term()}
  def start_link(endpoint, options) do
    open = :atomics.new(1, signed: false)

    with {:ok, {:local, path}} <- Endpoint.parse(endpoint),
         {:ok, pid} <- Owner.start_link(path, Map.put(options, :open, open)) do
      {:ok, %__MODULE__{pid: pid, open: open}}
    else
      {:ok, elsewhere} -> {:error, {:not_a_unix_socket, elsewhere}}
      {:error, reason} -> {:error, reason}
    end
  end

  @doc "Whether its socket is open."
  @spec open?(t()) :: boolean()
  def open?(frames), do: :atomics.get(frames.open, 1) == 1

  @doc "Whether a request of so many bytes may be sent in a frame."
  @spec fits?(non_neg_integer()) :: boolean()
  def fits?(size), do: size <= @longest

  @doc """
  Calls the method at `path`; `size` is that of the request. Options are
  those of `Vllm.Bridge.Connection.unary/4`. With `:connect` and `:unprocessed` nothing has
  run, and the call may be made on gRPC.
  """
  @spec unary(t(), path :: binary(), request :: iodata(), size :: non_neg_integer(), keyword()) ::
          {:ok, binary()} | {:ok, binary(), map()} | {:error, Reason.t()}
  def unary(%{pid: pid}, path, request, size, opts) do
    deadline = Deadline.new(Keyword.get(opts, :timeout, :infinity))

    with {:ok, fields} <- Wire.call(path, request, size, Keyword.get(opts, :metadata, [])) do
      # An alias: an answer that comes after we stopped waiting is dropped by the runtime.
      ref = :erlang.monitor(:process, pid, alias: :reply_demonitor)
      full? = Keyword.get(opts, :reply_metadata, false)
      send(pid, {:unary, ref, self(), {fields, deadline, full?}})
      on_sent = Keyword.get(opts, :on_sent)
      if on_sent, do: on_sent.()

      case Stream.await(pid, ref, ref, deadline) do
        # Nobody was there to send it.
        {:error, {:closed, :noproc}} -> {:error, {:unprocessed, :noproc}}
        answer -> answer
      end
    else
      {:error, reason} -> {:error, {:protocol, reason}}
    end
  end
end
