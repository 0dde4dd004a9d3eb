defmodule Vllm.Bridge.Frames.Owner do
  @moduledoc false
  # The process of a frames connection: owns the socket, so that calls of many callers share it. OTP's
  # `packet: 4` cuts and joins the frames.
  #
  # Callers send through this process and not on the socket themselves: measured against a server that only
  # echoes, that saves 0.3 us of 15, or 4 of 60 where calls are some time apart. So every call has its one
  # place. It keeps no deadlines: those are the callers'.
  #
  # The socket opens with the process, and again with the first call after it was lost. A call that finds no
  # rank there is `{:error, {:connect, reason}}` at once: nothing was sent, and gRPC is there too. After an
  # attempt that failed there is a pause, in which nothing is tried.

  use GenServer
  require Logger

  alias Vllm.Bridge.Connection.{Backoff, Reason, Socket}
  alias Vllm.Bridge.Frames.{Calls, Wire}
  alias Vllm.{Deadline, Telemetry}

  # As of `Vllm.Bridge.Connection.Owner`.
  @hibernate {:hibernate_after, 1_000}

  # A unix socket connects at once, or not at all.
  @connect_timeout 1_000

  # Frames before the driver waits for this process: bounds its mailbox against a flood.
  @frames 100

  # Bytes of an answer after which garbage is collected, which would keep it alive.
  @large 1024 * 1024

  # What a frame has besides its message.
  @overhead 1024 * 1024

  @enforce_keys [:path, :options, :socket_options, :authorization, :backoff, :open]
  defstruct @enforce_keys ++ [socket: nil, paused: nil, calls: %Calls{}]

  @typedoc """
  * `authorization`: a function, so that no log or crash report shows the token
  * `open`: 1 while the socket is open, for those who want to know the carrier of a call
  * `paused`: until when no attempt is made, and why; `:never` is for good
  """
  @type t :: %__MODULE__{
          path: binary(),
          options: map(),
          socket_options: keyword(),
          authorization: (() -> Wire.fields()),
          backoff: Backoff.t(),
          open: :atomics.atomics_ref(),
          socket: :gen_tcp.socket() | nil,
          paused: {until :: integer() | :never, Reason.t()} | nil,
          calls: Calls.t()
        }

  @doc "Starts the process; `options` are those of a `Vllm.Bridge.Connection`, with `token` and `open`."
  @spec start_link(path :: binary(), map()) :: GenServer.on_start()
  def start_link(path, options),
    do: GenServer.start_link(__MODULE__, {path, options}, [@hibernate])

  @impl GenServer
  @spec init({binary(), map()}) :: {:ok, t()}
  def init({path, options}) do
    {:ok, authorization} = Wire.metadata(authorization(options.token))

    state = %__MODULE__{
      path: path,
      options: options,
      socket_options: socket_options(options),
      authorization: fn -> authorization end,
      backoff: Backoff.new(options),
      open: options.open
    }

    {:ok, connect(%{state | options: nil})}
  end

  defp authorization(nil), do: []
  defp authorization(token), do: [{"authorization", "Bearer " <> token}]

  defp socket_options(options) do
    largest = min(options.max_receive_bytes + @overhead, 0x7FFFFFF0)
    # A rank that takes nothing any more ends the connection, and no part of a frame stays sent.
    Socket.options() ++ [packet: 4, packet_size: largest, send_timeout_close: true]
  end

  # -- messages ----------------------------------------------------------------------------------

  @impl GenServer
  @spec handle_info(term(), t()) :: {:noreply, t()}
  def handle_info({:tcp, socket, frame}, %{socket: socket} = state) do
    {event, calls} = Calls.received(state.calls, frame)
    state = %{state | calls: calls}
    state = event(event, state)
    if byte_size(frame) > @large, do: :erlang.garbage_collect()
    {:noreply, state}
  end

  def handle_info({:unary, ref, caller, request}, state) do
    case open(state) do
      %{socket: nil, paused: {_until, reason}} = state ->
        send(ref, {ref, {:error, reason}})
        {:noreply, state}

      state ->
        {:noreply, take(state, ref, caller, request)}
    end
  end

  def handle_info({:cancel, ref}, state), do: {:noreply, give_up(state, ref)}

  def handle_info({{:caller_down, ref}, _monitor, :process, _pid, _reason}, state),
    do: {:noreply, give_up(state, ref)}

  def handle_info({:tcp_passive, socket}, %{socket: socket} = state) do
    # An error here comes again as :tcp_closed or :tcp_error.
    _ = Socket.activate(socket, @frames)
    {:noreply, state}
  end

  def handle_info({:tcp_closed, socket}, %{socket: socket} = state),
    do: {:noreply, lost(state, {:closed, :closed})}

  def handle_info({:tcp_error, socket, reason}, %{socket: socket} = state),
    do: {:noreply, lost(state, {:closed, reason})}

  def handle_info(_of_a_socket_before, state), do: {:noreply, state}

  @impl GenServer
  @spec terminate(term(), t()) :: :ok
  def terminate(_reason, state) do
    _ = lost(state, {:closed, :closed_here})
    :ok
  end

  # OTP 25's callback, which Elixir 1.14 does not name. Requests may hold secrets.
  if {:format_status, 1} in GenServer.behaviour_info(:callbacks), do: @impl(GenServer)
  @spec format_status(map()) :: map()
  def format_status(status) do
    status
    |> Map.replace(:state, :hidden)
    |> Map.replace(:message, :hidden)
    |> Map.replace(:log, [])
  end

  # -- calls -------------------------------------------------------------------------------------

  defp take(state, ref, caller, {fields, deadline, full?}) do
    # The tag makes the caller's end arrive as {{:caller_down, ref}, ...}.
    monitor = :erlang.monitor(:process, caller, tag: {:caller_down, ref})
    {id, calls} = Calls.open(state.calls, %{ref: ref, monitor: monitor, full?: full?})
    frame = Wire.frame(id, timeout_us(deadline), state.authorization.(), fields)

    case :gen_tcp.send(state.socket, frame) do
      :ok ->
        %{state | calls: calls}

      {:error, :closed} ->
        # None of it has gone out. What ended the socket is a message behind this one.
        Process.demonitor(monitor, [:flush])
        send(ref, {ref, {:error, {:unprocessed, :closed}}})
        state

      {:error, reason} ->
        lost(%{state | calls: calls}, {:closed, reason})
    end
  end

  # At least a millisecond: none would be no deadline.
  defp timeout_us(nil), do: 0

  defp timeout_us(deadline),
    do: Deadline.sent(max(deadline - System.monotonic_time(:millisecond), 1)) * 1_000

  defp give_up(state, ref) do
    case Calls.give_up(state.calls, ref) do
      {id, call, calls} ->
        Process.demonitor(call.monitor)
        # A socket that cannot take it has ended, and all its calls with it.
        if state.socket, do: :gen_tcp.send(state.socket, Wire.cancel(id))
        %{state | calls: calls}

      :none ->
        state
    end
  end

  defp event(:none, state), do: state

  defp event({:answer, call, answer}, state) do
    Process.demonitor(call.monitor)
    send(call.ref, {call.ref, answer})
    %{state | backoff: Backoff.succeeded(state.backoff)}
  end

  # Of a connection that the rank has not read, no call has run.
  defp event({:refused, reason}, state),
    do: state |> lost({:unprocessed, reason}) |> pause({:unprocessed, reason})

  defp event({:broken, reason}, state) do
    Logger.warning(
      "the rank at #{inspect(state.path)} and this client do not agree about frames " <>
        "(#{inspect(reason, limit: 10, printable_limit: 200)}): its calls go by gRPC from now on. Use the " <>
        "same version of vllm_bridge and of this client"
    )

    lost(state, {:protocol, reason}) |> Map.put(:paused, {:never, {:connect, :frames_refused}})
  end

  # -- the socket opens, and is lost -------------------------------------------------------------

  defp open(%{socket: nil, paused: nil} = state), do: connect(state)

  defp open(%{socket: nil, paused: {until, _reason}} = state) when is_integer(until) do
    if System.monotonic_time(:millisecond) < until, do: state, else: connect(state)
  end

  defp open(state), do: state

  defp connect(state) do
    with {:ok, socket} <-
           :gen_tcp.connect({:local, state.path}, 0, state.socket_options, @connect_timeout),
         :ok <- Socket.activate(socket, @frames) do
      Telemetry.connection_up({:local, state.path})
      :atomics.put(state.open, 1, 1)
      %{state | socket: socket, paused: nil}
    else
      {:error, reason} -> pause(state, {:connect, reason})
    end
  end

  defp pause(state, reason) do
    {backoff, pause} = Backoff.failed(state.backoff)
    until = System.monotonic_time(:millisecond) + pause
    %{state | backoff: backoff, paused: {until, reason}}
  end

  defp lost(%{socket: nil} = state, _reason), do: state

  defp lost(state, reason) do
    :atomics.put(state.open, 1, 0)
    Socket.abort(state.socket)
    Telemetry.connection_down({:local, state.path}, elem(reason, 1))
    {open, calls} = Calls.take_all(state.calls)

    for call <- open do
      Process.demonitor(call.monitor)
      send(call.ref, {call.ref, {:error, reason}})
    end

    %{state | socket: nil, calls: calls}
  end
end
