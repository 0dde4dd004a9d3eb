defmodule Vllm.KVEvents.Link do
  @moduledoc false
  # A ZMTP connection over a socket, which connects again and again until it is closed. A value; its socket and
  # timer are of the process that has made it, which passes on what they say.
  #
  # It reads only when it is asked for more: what a slow reader leaves waits at the publisher.

  alias Vllm.Bridge.Connection.{Backoff, Socket}
  alias Vllm.Bridge.Endpoint
  alias Vllm.KVEvents.Zmtp

  @enforce_keys [:role, :endpoint, :address, :opts, :backoff]
  defstruct [
    :role,
    :endpoint,
    :address,
    :opts,
    :backoff,
    :socket,
    # `{pid, monitor}` of who connects, or the timer until the next attempt.
    :connecting,
    :waiting,
    :zmtp,
    :closed,
    reading?: false,
    # Whether something has come since the peer was last asked for a sign of life, and how often it was asked.
    pings: 0
  ]

  @type t :: %__MODULE__{
          role: :sub | :dealer,
          endpoint: String.t(),
          address: Endpoint.t(),
          socket: :gen_tcp.socket() | nil
        }
  @type lost :: {:unreachable | :protocol, String.t()}

  @doc "Begins to connect. Options as of `Vllm.KVEvents.subscribe/2`."
  @spec open(:sub | :dealer, String.t(), Endpoint.t(), map()) :: t()
  def open(role, endpoint, address, opts) do
    backoff = Backoff.new(opts)

    connect(%__MODULE__{
      role: role,
      endpoint: endpoint,
      address: address,
      opts: opts,
      backoff: backoff
    })
  end

  @doc "Ends it; no message of it follows, except of a timer."
  @spec close(t()) :: :ok
  def close(link) do
    if link.socket, do: Socket.abort(link.socket)
    if link.waiting, do: Process.cancel_timer(link.waiting)

    with {pid, monitor} <- link.connecting do
      Process.exit(pid, :kill)

      receive do
        {:DOWN, ^monitor, :process, ^pid, {:connected, socket}} -> Socket.abort(socket)
        {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
      end
    end

    :ok
  end

  @doc """
  What a message of the process is to the link: bytes or news of its socket, which `next/1` tells, or `:other`.
  """
  @spec handle(t(), term()) :: {:ok, t()} | {:lost, lost(), t()} | :other
  def handle(%{socket: socket} = link, {:tcp, socket, bytes}),
    do: {:ok, %{link | zmtp: Zmtp.add(link.zmtp, bytes), reading?: false, pings: 0}}

  # What has arrived before is told first.
  def handle(%{socket: socket} = link, {:tcp_closed, socket}),
    do: {:ok, %{link | closed: link.closed || "the publisher closed the connection"}}

  def handle(%{socket: socket} = link, {:tcp_error, socket, reason}),
    do: {:ok, %{link | closed: "the connection broke: #{posix(reason)}"}}

  def handle(%{connecting: {pid, monitor}} = link, {:DOWN, monitor, :process, pid, reason}) do
    link = %{link | connecting: nil}

    case reason do
      {:connected, socket} -> link |> Map.put(:socket, socket) |> greet()
      {:not_connected, reason} -> lose(link, {:unreachable, posix(reason)})
      other -> lose(link, {:unreachable, Exception.format_exit(other)})
    end
  end

  def handle(%{waiting: timer} = link, {:timeout, timer, :connect}) when timer != nil,
    do: {:ok, connect(%{link | waiting: nil})}

  def handle(_link, _message), do: :other

  @doc "What comes next of what has arrived; asks for more where that is nothing."
  @spec next(t()) ::
          {:idle, t()} | {:ready, t()} | {:message, [binary()], t()} | {:lost, lost(), t()}
  def next(%{socket: nil} = link), do: {:idle, link}

  def next(link) do
    case Zmtp.next(link.zmtp) do
      {:message, frames, zmtp} ->
        {:message, frames, %{link | zmtp: zmtp}}

      {:more, zmtp} ->
        more(%{link | zmtp: zmtp})

      {:send, bytes, zmtp} ->
        next(write(%{link | zmtp: zmtp}, bytes))

      {:ready, bytes, zmtp} ->
        {:ready, write(%{link | zmtp: zmtp, backoff: Backoff.succeeded(link.backoff)}, bytes)}

      {:error, problem} ->
        lose(link, {:protocol, problem})
    end
  end

  @doc "Sends a message; what fails is told by `next/1`."
  @spec send_message(t(), [binary()]) :: t()
  def send_message(link, frames), do: write(link, Zmtp.message(frames))

  @doc """
  Asks a peer that has been silent since the last time for a sign of life; one that was asked before is gone. To be
  called from time to time.
  """
  @spec check(t()) :: {:ok, t()} | {:lost, lost(), t()}
  def check(%{socket: socket, reading?: true} = link) when socket != nil do
    cond do
      link.pings == 2 -> lose(link, {:unreachable, "the publisher gave no sign of life"})
      # It has just sent something.
      link.pings == 0 -> {:ok, %{link | pings: 1}}
      # In the middle of its greeting for so long.
      not Zmtp.ready?(link.zmtp) -> lose(link, {:protocol, "the peer does not say what it is"})
      Zmtp.pings?(link.zmtp) -> {:ok, write(%{link | pings: 2}, Zmtp.ping())}
      true -> {:ok, link}
    end
  end

  def check(link), do: {:ok, link}

  defp connect(link) do
    %{
      link
      | connecting: Socket.start_connect(link.address, nil, link.opts.connect_timeout, self())
    }
  end

  defp greet(link) do
    if itself?(link) do
      lose(link, {:unreachable, posix(:econnrefused)})
    else
      {zmtp, greeting} = Zmtp.new(link.role, link.opts.topic, link.opts.max_batch_bytes)
      {:ok, write(%{link | zmtp: zmtp, closed: nil, reading?: false, pings: 0}, greeting)}
    end
  end

  # Who tries a port of this host again and again gets it as its own one day, while nobody listens there.
  defp itself?(%{address: {:local, _path}}), do: false
  defp itself?(%{socket: socket}), do: :inet.sockname(socket) == :inet.peername(socket)

  # A failure to write is one of the connection, which says so when it is read.
  defp write(link, []), do: link

  defp write(link, bytes) do
    case Socket.send(link.socket, bytes) do
      :ok -> link
      {:error, reason} -> %{link | closed: "the connection broke: #{posix(reason)}"}
    end
  end

  defp more(%{closed: nil, reading?: true} = link), do: {:idle, link}

  defp more(%{closed: nil} = link) do
    case :inet.setopts(link.socket, active: :once) do
      :ok -> {:idle, %{link | reading?: true}}
      {:error, reason} -> lose(link, {:unreachable, "the connection broke: #{posix(reason)}"})
    end
  end

  defp more(link), do: lose(link, {:unreachable, link.closed})

  defp lose(link, lost) do
    if link.socket, do: Socket.abort(link.socket)
    {backoff, wait} = Backoff.failed(link.backoff)
    timer = :erlang.start_timer(wait, self(), :connect)
    link = %{link | socket: nil, zmtp: nil, closed: nil, reading?: false}
    {:lost, lost, %{link | backoff: backoff, waiting: timer}}
  end

  defp posix(:timeout), do: "timed out"

  defp posix(reason) when is_atom(reason) do
    case to_string(:inet.format_error(reason)) do
      "unknown POSIX error" <> _ -> to_string(reason)
      text -> "#{text} (#{reason})"
    end
  end

  defp posix(reason), do: inspect(reason, limit: 10, printable_limit: 200)
end
