defmodule Vllm.Bridge.Connection.Owner do
  @moduledoc false
  # The process of a connection: owns the sockets, so that calls of many callers share them.
  #
  # Output is collected while messages are waiting and written when the mailbox is empty, so that many
  # callers share a write. It keeps no deadlines: those are the callers'.

  use GenServer

  alias Vllm.Bridge.Connection.{
    Backoff,
    Call,
    Calls,
    Keepalive,
    Links,
    Sending,
    Socket,
    State,
    StreamCall
  }

  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.Client
  alias Vllm.{Deadline, Telemetry}

  # Calls answered or started before collected output is written although more messages wait.
  @max_collected 32

  # An idle connection hibernates and keeps only its state: otherwise the last data it read stays
  # on its heap for as long as it was idle, 200 KB of it.
  @hibernate {:hibernate_after, 1_000}

  @doc "Starts the process; options as in `Vllm.Bridge.Connection.start_link/1`."
  @spec start_link(Endpoint.t(), map(), GenServer.options()) :: GenServer.on_start()
  def start_link(endpoint, options, start_options),
    do: GenServer.start_link(__MODULE__, {endpoint, options}, [@hibernate | start_options])

  @impl GenServer
  @spec init({Endpoint.t(), map()}) :: {:ok, State.t()}
  def init({endpoint, options}), do: {:ok, State.new(endpoint, options)}

  # -- messages ----------------------------------------------------------------------------------

  @impl GenServer
  @spec handle_info(term(), State.t()) :: {:noreply, State.t()} | {:noreply, State.t(), 0}
  def handle_info({kind, socket, bytes}, state) when kind in [:tcp, :ssl],
    do: state |> received(socket, bytes) |> collect()

  def handle_info({:unary, ref, caller, request}, state),
    do: state |> Calls.take(Call, ref, caller, request) |> collect()

  def handle_info({:stream, ref, caller, request}, state),
    do: state |> Calls.take(StreamCall, ref, caller, request) |> collect()

  def handle_info({:send, ref, waiter, data, last?}, state),
    do: state |> Sending.data(ref, waiter, data, last?) |> collect()

  def handle_info({:wait, ref, what, waiter}, state),
    do: state |> Calls.wait(ref, what, waiter) |> collect()

  def handle_info(:timeout, state), do: {:noreply, Links.write(state)}

  def handle_info(:collect_garbage, state) do
    :erlang.garbage_collect()
    collect(state)
  end

  def handle_info({kind, socket}, state) when kind in [:tcp_passive, :ssl_passive] do
    # An error here comes again as :tcp_closed or :tcp_error.
    _ = Links.read(socket)
    collect(state)
  end

  def handle_info({:cancel, ref}, state), do: state |> Calls.cancel(ref) |> collect()

  def handle_info({{:caller_down, ref}, _monitor, :process, _pid, _reason}, state),
    do: state |> Calls.cancel(ref) |> collect()

  def handle_info({kind, socket}, state) when kind in [:tcp_closed, :ssl_closed],
    do: state |> lost(socket, :closed) |> collect()

  def handle_info({kind, socket, reason}, state) when kind in [:tcp_error, :ssl_error],
    do: state |> lost(socket, reason) |> collect()

  def handle_info(
        {:DOWN, monitor, :process, _, result},
        %{attempt: {:connecting, monitor}} = state
      ) do
    case result do
      {:connected, socket} -> state |> open(socket) |> collect()
      {:not_connected, reason} -> state |> connect_failed({:connect, reason}) |> collect()
      crash -> state |> connect_failed({:connect, crash}) |> collect()
    end
  end

  def handle_info({:open_timeout, socket}, %{attempt: {:opening, socket, _}} = state),
    do: state |> lost(socket, :timeout) |> collect()

  def handle_info(:retry, %{attempt: {:paused, _until, _reason}} = state) do
    state = %{state | attempt: nil}
    collect(if state.waiting == [], do: state, else: Links.connect(state))
  end

  def handle_info({:keepalive, socket}, state) do
    case Keepalive.tick(state, socket) do
      {:ok, state} -> collect(state)
      :gone -> state |> gone(socket) |> collect()
    end
  end

  def handle_info(_other, state), do: collect(state)

  # With output to write, a timeout of 0 calls us back as soon as no message waits.
  defp collect(%{dirty: []} = state), do: {:noreply, state}

  defp collect(%{collected: n} = state) when n >= @max_collected,
    do: {:noreply, Links.write(state)}

  defp collect(state), do: {:noreply, state, 0}

  @impl GenServer
  @spec terminate(term(), State.t()) :: :ok
  def terminate(_reason, state) do
    # Calls that wait for a connection were never sent.
    state = Calls.fail_waiting(state, {:unprocessed, :closed_here})
    if state.current, do: Telemetry.connection_down(state.endpoint, :closed_here)

    for {socket, link} <- state.links do
      Calls.fail_all(state, socket, {:closed, :closed_here})
      _ = Socket.send(socket, [link.out | Client.close(link.client)])
      Socket.close(socket)
    end

    :ok
  end

  # OTP 25's callback, which Elixir 1.14 does not name. Requests may hold secrets and gigabytes.
  if {:format_status, 1} in GenServer.behaviour_info(:callbacks), do: @impl(GenServer)
  @spec format_status(map()) :: map()
  def format_status(status) do
    status
    |> Map.replace(:state, :hidden)
    |> Map.replace(:message, :hidden)
    |> Map.replace(:log, [])
  end

  # -- events of HTTP/2 --------------------------------------------------------------------------

  defp received(state, socket, bytes) do
    case state.links do
      %{^socket => link} ->
        {client, out, events} = Client.handle_bytes(link.client, bytes)
        state = Links.put(state, socket, %{link | client: client, heard?: true}, out)

        events
        |> Enum.reduce(state, &event(&1, &2, socket))
        |> Sending.tell(socket)
        |> Links.close_if_retired(socket)

      _closed ->
        state
    end
  end

  defp event({:headers, stream, fields}, state, socket),
    do: Calls.headers(state, socket, stream, fields)

  defp event({:data, stream, data}, state, socket),
    do: Calls.data(state, socket, stream, data)

  defp event({:trailers, stream, fields}, state, socket),
    do: Calls.trailers(state, socket, stream, fields)

  defp event({:done, stream}, state, socket), do: Calls.finish(state, socket, stream, :result)

  defp event({:reset, stream, code}, state, socket),
    do: Calls.finish(state, socket, stream, {:error, {:closed, {:reset, code}}})

  defp event({:unprocessed, stream, reason}, state, socket),
    do: Calls.finish(state, socket, stream, {:error, {:unprocessed, reason}})

  defp event({:stream_error, stream, code, message}, state, socket),
    do: Calls.finish(state, socket, stream, {:error, {:protocol, {:stream_error, code, message}}})

  # With its first words: nothing was sent, and the next attempt may find the same.
  defp event({:goaway, code, debug}, %{attempt: {:opening, socket, _}} = state, socket),
    do: state |> Keepalive.calmed(code, debug) |> lost(socket, {:goaway, code})

  defp event({:goaway, code, debug}, state, socket),
    do: state |> Keepalive.calmed(code, debug) |> retire(socket, {:goaway, code})

  defp event({:connection_error, code, message}, state, socket),
    do: state |> Links.write() |> lost(socket, {:connection_error, code, message})

  defp event(:ready, %{attempt: {:opening, socket, timer}} = state, socket) do
    link = Map.fetch!(state.links, socket)

    if Client.accepts?(link.client) do
      Process.cancel_timer(timer)
      state = Links.put(state, socket, Keepalive.opened(link, socket, state), [])
      backoff = Backoff.succeeded(state.backoff)
      Telemetry.connection_up(state.endpoint)
      Calls.start_waiting(%{state | attempt: nil, current: socket, backoff: backoff})
    else
      # The same bytes ended what they began; the event that says so follows.
      state
    end
  end

  defp event(:ready, state, _socket), do: state

  # -- the socket opens, and is lost -------------------------------------------------------------

  defp open(state, socket) do
    state = Links.open(state, socket)

    case Links.read(socket) do
      :ok -> state
      {:error, reason} -> lost(state, socket, reason)
    end
  end

  defp connect_failed(state, reason) do
    {backoff, pause} = Backoff.failed(state.backoff)
    Deadline.send_after(self(), :retry, pause)
    until = System.monotonic_time(:millisecond) + pause
    state = Calls.fail_waiting(state, reason)
    %{state | attempt: {:paused, until, reason}, backoff: backoff}
  end

  # The end of what `:ready` began, for those that count connections.
  defp retire(state, socket, reason) do
    if state.current == socket, do: Telemetry.connection_down(state.endpoint, reason)
    Links.retire(state, socket)
  end

  defp gone(state, socket) do
    state
    |> Calls.fail_all(socket, {:closed, :keepalive_timeout})
    |> retire(socket, :keepalive_timeout)
    |> Links.abort(socket)
  end

  defp lost(%{attempt: {:opening, socket, timer}} = state, socket, reason) do
    Process.cancel_timer(timer)
    state |> Links.close(socket) |> connect_failed(unopened(state, reason))
  end

  defp lost(state, socket, reason) do
    case state.links do
      %{^socket => _link} ->
        state
        |> Calls.fail_all(socket, classify(:closed, reason))
        |> retire(socket, reason)
        |> Links.close(socket)

      _ ->
        state
    end
  end

  # With TLS, a server refuses our certificate only after the handshake.
  defp unopened(%{tls: nil}, reason), do: classify(:connect, reason)
  # What `:ssl.setopts/2` makes of a socket that is closed already.
  defp unopened(_state, {:options, _closed}), do: {:connect, {:tls, :closed}}
  defp unopened(_state, reason) when is_atom(reason), do: {:connect, {:tls, reason}}
  defp unopened(_state, reason), do: classify(:connect, reason)

  defp classify(_kind, {:connection_error, _, _} = reason), do: {:protocol, reason}
  defp classify(kind, reason), do: {kind, reason}
end
