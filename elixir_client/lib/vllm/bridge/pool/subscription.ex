defmodule Vllm.Bridge.Subscription do
  @moduledoc false
  # One stream of the pool, `Watch`, `Subscribe` or `Logs`, and the process that gets what it brings. The next event is requested when the one before
  # has been delivered, and not while the subscriber has too many messages: then the server notices a slow
  # reader and ends the stream.

  use GenServer, restart: :temporary

  alias Vllm.Bridge.{Connection, PoolClient, Protobuf, V1}
  alias Vllm.{Deadline, Emission, Error, Event}
  alias Vllm.World.LogLine

  # Messages that may wait in a subscriber's mailbox, and how often we look again, in ms.
  @mailbox 1_000
  @pause 20

  # How long the pool may take to accept the subscription, in ms.
  @open_timeout 30_000

  # What the subscriber's messages begin with, the method, its messages, and what is made of them.
  @kinds %{
    V1.WatchRequest => {:vllm_event, "Watch", V1.Event, &Event.from_message/2},
    V1.SubscribeRequest => {:vllm_emission, "Subscribe", V1.Emission, &Emission.from_message/2},
    V1.LogsRequest => {:vllm_log, "Logs", V1.LogLines, &LogLine.from_message/2}
  }

  @doc "Starts a subscription of the calling process and waits until it counts."
  @spec start(
          map(),
          V1.WatchRequest.t() | V1.SubscribeRequest.t() | V1.LogsRequest.t(),
          timeout()
        ) ::
          {:ok, pid()} | {:error, Error.t()}
  def start(config, request, timeout) do
    argument = %{config: config, request: request, timeout: timeout, subscriber: self()}

    case DynamicSupervisor.start_child(supervisor(config.bridge), {__MODULE__, argument}) do
      {:ok, pid} -> GenServer.call(pid, :await_open, :infinity)
      {:error, reason} -> {:error, failed({:closed, reason}, config, timeout)}
    end
  catch
    # The bridge, or the process, ended meanwhile. The call itself would be all of the bridge's row.
    :exit, {reason, {_module, _function, _arguments}} ->
      {:error, failed({:closed, reason}, config, timeout)}

    :exit, reason ->
      {:error, failed({:closed, reason}, config, timeout)}
  end

  @doc "The supervisor of a bridge's subscriptions."
  @spec supervisor(atom()) :: atom()
  def supervisor(bridge), do: Module.concat(bridge, Subscriptions)

  @spec start_link(map()) :: GenServer.on_start()
  def start_link(argument), do: GenServer.start_link(__MODULE__, argument)

  @impl GenServer
  def init(%{config: config} = argument) do
    # So that `terminate/2` can say that the bridge stops.
    Process.flag(:trap_exit, true)

    state =
      Map.merge(argument, %{
        monitor: Process.monitor(argument.subscriber),
        stream: nil,
        asked: nil,
        opening: :not_yet
      })

    body = Protobuf.encode(argument.request)
    {_tag, method, _module, _make} = kind(state)
    path = "/vllm.bridge.v1.Pool/" <> method

    case Connection.server_stream(config.pool, path, body, timeout: argument.timeout) do
      {:ok, stream} ->
        if argument.timeout != :infinity,
          do: Deadline.send_after(self(), :deadline, argument.timeout)

        Process.send_after(self(), :open_timeout, @open_timeout)
        {:ok, %{state | stream: stream, asked: Connection.request_open(stream)}}

      {:error, reason} ->
        {:ok, %{state | opening: {:failed, reason}}}
    end
  end

  @impl GenServer
  def handle_call(:await_open, _from, %{opening: {:failed, reason}} = state),
    do: {:stop, :normal, {:error, failed(reason, state)}, state}

  def handle_call(:await_open, _from, %{opening: :open} = state),
    do: {:reply, {:ok, self()}, state}

  def handle_call(:await_open, from, state), do: {:noreply, %{state | opening: {:asked, from}}}

  @impl GenServer
  def handle_info({asked, answer}, %{asked: asked} = state) when asked != nil,
    do: answered(answer, %{state | asked: nil})

  def handle_info({:DOWN, asked, :process, _pid, reason}, %{asked: asked} = state),
    do: ended({:closed, reason}, state)

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, %{monitor: monitor} = state),
    do: {:stop, :normal, state}

  def handle_info(:deadline, state), do: ended(:deadline_exceeded, state)

  def handle_info(:open_timeout, %{opening: opening} = state) when opening != :open,
    do: ended(:deadline_exceeded, %{state | timeout: @open_timeout})

  def handle_info(:resume, state), do: {:noreply, ask(state)}
  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(:shutdown, %{opening: :open} = state) do
    message = "the bridge #{inspect(state.config.bridge)} stops, and its subscriptions with it"
    tell(state, {:error, %Error{category: :pool, reason: "bridge_stopped", message: message}})
  end

  # A normal end was reported already. After any other the subscriber would wait for ever.
  def terminate(reason, %{opening: :open} = state) when reason not in [:normal, :shutdown] do
    message =
      "the process of the subscription failed: #{Exception.format_exit(reason)}. Subscribe again"

    tell(state, {:error, %Error{category: :pool, reason: "subscription_ended", message: message}})
  end

  def terminate(_reason, _state), do: :ok

  defp answered(:ok, state) do
    with {:asked, from} <- state.opening, do: GenServer.reply(from, {:ok, self()})
    {:noreply, ask(%{state | opening: :open})}
  end

  defp answered({:ok, binary}, state) do
    {_tag, method, module, make} = kind(state)

    with {:ok, message} <- Protobuf.decode(module, binary),
         {:ok, news} <- make.(message, state.config.bridge) do
      tell(state, news)
      {:noreply, ask(state)}
    else
      {:error, problem} -> over(Vllm.Call.malformed(method, problem), state)
    end
  end

  defp answered(:done, state) do
    message = "the pool at #{state.config.endpoint} ended the subscription"
    over(%Error{category: :pool, reason: "subscription_ended", message: message}, state)
  end

  defp answered({:error, reason}, state), do: ended(reason, state)

  defp ended(reason, %{opening: :open} = state), do: over(failed(reason, state), state)

  defp ended(reason, %{opening: {:asked, from}} = state) do
    GenServer.reply(from, {:error, failed(reason, state)})
    {:stop, :normal, state}
  end

  # Nobody asked yet whether it is open.
  defp ended(reason, state), do: {:noreply, %{state | opening: {:failed, reason}}}

  defp over(error, state) do
    tell(state, {:error, error})
    {:stop, :normal, state}
  end

  defp ask(state) do
    case Process.info(state.subscriber, :message_queue_len) do
      {:message_queue_len, waiting} when waiting > @mailbox ->
        Process.send_after(self(), :resume, @pause)
        state

      _room_or_gone ->
        %{state | asked: Connection.request_next(state.stream)}
    end
  end

  defp kind(%{request: %kind{}}), do: Map.fetch!(@kinds, kind)

  defp tell(state, what) do
    {tag, _method, _module, _make} = kind(state)
    send(state.subscriber, {tag, self(), what})
  end

  defp failed(reason, state), do: failed(reason, state.config, state.timeout)

  defp failed(reason, config, timeout) do
    if PoolClient.deadline?(reason),
      do: timed_out(config, timeout),
      else: PoolClient.failed(reason, "Watch", config, timeout)
  end

  defp timed_out(config, timeout) do
    %Error{
      category: :timeout,
      reason: "deadline_exceeded",
      message:
        "the subscription at #{config.endpoint} ended after #{timeout} ms. Subscribe again, or " <>
          "raise `stream_timeout` (:infinity for none)"
    }
  end
end
