defmodule Vllm.Bridge.Connection.Links do
  @moduledoc false
  # A connection's sockets: how one is opened, written to, retired and closed.
  #
  # There may be several: a server that goes away finishes the calls it accepted, while new calls open the
  # next socket. Output is collected here; `write/1` sends it.

  alias Vllm.Bridge.Connection.{Keepalive, Socket, State}
  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.Deadline

  # Reads before the driver waits for this process. Bounds the mailbox against a flooding peer; what a
  # correct peer may send is bounded by the flow-control window.
  @reads 100

  @doc "Begins to connect, unless an attempt is under way or one failed a moment ago."
  @spec connect(State.t()) :: State.t()
  def connect(%{attempt: nil} = state) do
    {_pid, monitor} =
      Socket.start_connect(state.endpoint, state.tls, state.connect_timeout, self())

    %{state | attempt: {:connecting, monitor}}
  end

  def connect(state), do: state

  @doc "Sends the preface on a new socket. The server's SETTINGS must come before the timer's message."
  @spec open(State.t(), Socket.t()) :: State.t()
  def open(state, socket) do
    {client, out} = Client.new()
    timer = Deadline.send_after(self(), {:open_timeout, socket}, state.connect_timeout)

    link = %{
      client: client,
      streams: %{},
      out: [],
      senders: [],
      heard?: false,
      tick: nil,
      probed?: false
    }

    put(%{state | attempt: {:opening, socket, timer}}, socket, link, out)
  end

  @doc "Lets the driver deliver some more reads."
  @spec read(Socket.t()) :: :ok | {:error, term()}
  def read(socket), do: Socket.activate(socket, @reads)

  @doc "Puts a link back with output that is to be written."
  @spec put(State.t(), Socket.t(), State.link(), iodata()) :: State.t()
  def put(state, socket, link, []), do: %{state | links: Map.put(state.links, socket, link)}

  def put(state, socket, link, out) do
    dirty = if link.out == [], do: [socket | state.dirty], else: state.dirty
    link = %{link | out: [link.out | out]}

    %{
      state
      | links: Map.put(state.links, socket, link),
        dirty: dirty,
        collected: state.collected + 1
    }
  end

  @doc "Writes what was collected, one write per socket."
  @spec write(State.t()) :: State.t()
  def write(%{dirty: []} = state), do: state

  def write(%{dirty: sockets} = state) do
    links =
      Enum.reduce(sockets, state.links, fn socket, links ->
        link = Map.fetch!(links, socket)

        # Handled like the driver's own message, behind what has already arrived.
        with {:error, reason} <- Socket.send(socket, link.out),
             do: send(self(), {:tcp_error, socket, reason})

        Map.put(links, socket, %{link | out: []})
      end)

    %{state | links: links, dirty: [], collected: 0}
  end

  @doc "No new calls go to this socket; it closes when the last one is done."
  @spec retire(State.t(), Socket.t()) :: State.t()
  def retire(%{current: socket} = state, socket), do: %{state | current: nil}
  def retire(state, _socket), do: state

  @doc "Closes a retired socket whose last call is done."
  @spec close_if_retired(State.t(), Socket.t()) :: State.t()
  def close_if_retired(state, socket) do
    case state do
      %{current: ^socket} ->
        state

      %{attempt: {:opening, ^socket, _}} ->
        state

      %{links: %{^socket => %{streams: streams}}} when streams == %{} ->
        close(write(state), socket)

      _ ->
        state
    end
  end

  @doc "Closes a socket; what was collected for it is dropped."
  @spec close(State.t(), Socket.t()) :: State.t()
  def close(state, socket) do
    Socket.close(socket)
    forget(state, socket)
  end

  @doc "Closes a socket without waiting for what its server has not taken yet."
  @spec abort(State.t(), Socket.t()) :: State.t()
  def abort(state, socket) do
    Socket.abort(socket)
    forget(state, socket)
  end

  defp forget(state, socket) do
    with {:ok, link} <- Map.fetch(state.links, socket), do: Keepalive.stop(link)
    %{state | links: Map.delete(state.links, socket), dirty: List.delete(state.dirty, socket)}
  end
end
