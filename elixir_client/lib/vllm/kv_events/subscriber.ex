defmodule Vllm.KVEvents.Subscriber do
  @moduledoc false
  # Follows publishers and delivers what they say to a process, which has at most `max_pending` messages in its
  # mailbox when one is added. While it has more, nothing is read: what comes beyond that waits in the sockets and at
  # the publishers. A reader that `tells?` says how many it has `:taken`, so that only ours count, whatever else waits
  # in its mailbox.

  use GenServer

  require Logger

  alias Vllm.{Deadline, Error}
  alias Vllm.KVEvents.{Decoder, EventBatch, Follower}

  # How often we look whether a slow reader has caught up, in ms.
  @pause 5

  @doc "Starts it, linked. `to` is who gets the messages, `ref` what these begin with, `nil` for the pid."
  @spec start_link(map()) :: GenServer.on_start()
  def start_link(argument), do: GenServer.start_link(__MODULE__, argument)

  @impl GenServer
  def init(argument) do
    # So that `terminate/2` is called.
    Process.flag(:trap_exit, true)
    %{opts: opts} = argument
    ref = argument.ref || self()

    followers =
      for {{address, replay}, place} <- Enum.with_index(argument.publishers), into: %{} do
        {if(argument.several?, do: {ref, place}, else: ref), Follower.new(address, replay, opts)}
      end

    state = %{
      to: argument.to,
      ref: ref,
      monitor: Process.monitor(argument.to),
      max_pending: opts.max_pending,
      tells?: argument.tells?,
      heartbeat: opts.heartbeat,
      followers: followers,
      # Those that may have something, in turn.
      busy: [],
      # Messages that are to be delivered, and how many may be.
      out: [],
      room: if(argument.tells?, do: opts.max_pending, else: 0),
      # The timer after which we look again, or `:told` until the reader tells.
      paused: nil
    }

    check_later(state)
    {:ok, state}
  end

  @impl GenServer
  def handle_cast(:stop, state), do: {:stop, :normal, state}

  def handle_cast({:taken, count}, state),
    do: {:noreply, work(%{state | room: state.room + count, paused: nil})}

  @impl GenServer
  def handle_info({:DOWN, monitor, :process, _pid, _reason}, %{monitor: monitor} = state),
    do: {:stop, :normal, state}

  def handle_info({:timeout, timer, :resume}, %{paused: timer} = state),
    do: {:noreply, work(%{state | paused: nil})}

  def handle_info(:check, state) do
    check_later(state)

    if state.paused,
      do: {:noreply, state},
      else: {:noreply, work(Enum.reduce(state.followers, state, &check/2))}
  end

  # Whose process was linked otherwise: its end is not ours.
  def handle_info({:EXIT, _pid, _reason}, state), do: {:noreply, state}
  def handle_info(message, state), do: {:noreply, state |> handle(message) |> work()}

  @impl GenServer
  def terminate(reason, state) do
    Enum.each(state.followers, fn {_ref, follower} -> Follower.close(follower) end)

    if reason not in [:normal, :shutdown] and not match?({:shutdown, _}, reason) do
      message =
        "the process of the subscription failed: #{Exception.format_exit(reason)}. Subscribe again"

      error = %Error{category: :pool, reason: "subscription_ended", message: message}
      send(state.to, {:kv_events, state.ref, {:error, error}})
    end
  end

  defp check_later(state), do: Deadline.send_after(self(), :check, state.heartbeat)

  defp check({ref, follower}, state) do
    {items, follower} = Follower.check(follower)
    put(state, ref, follower, items)
  end

  # --- one message, of one publisher ------------------------------------------------------------

  defp handle(state, message) do
    Enum.find_value(state.followers, state, fn {ref, follower} ->
      case Follower.handle(follower, message, state.paused == nil) do
        {items, follower} -> put(state, ref, follower, items)
        :other -> nil
      end
    end)
  end

  defp put(state, ref, follower, items) do
    out = Enum.flat_map(items, &messages(&1, ref, follower))
    busy = if ref in state.busy, do: state.busy, else: [ref | state.busy]

    %{
      state
      | followers: Map.put(state.followers, ref, follower),
        out: state.out ++ out,
        busy: busy
    }
  end

  defp messages({:batch, {sequence, topic, payload}, replayed?}, ref, follower) do
    case Decoder.decode(payload) do
      {:ok, batch} ->
        batch = %EventBatch{
          batch
          | sequence: sequence,
            topic: :binary.copy(topic),
            endpoint: follower.endpoint,
            replayed: replayed?
        }

        [{:kv_events, ref, batch}]

      {:error, problem} ->
        bad = Follower.bad(follower.endpoint, "batch #{sequence} cannot be read: #{problem}")
        [{:kv_events, ref, bad}, {:kv_events_lost, ref, sequence..sequence}]
    end
  end

  defp messages({:lost, range, why}, ref, follower) do
    Logger.warning(
      "the batches of events #{range.first} to #{range.last} of #{follower.endpoint} are lost: #{why}"
    )

    [{:kv_events_lost, ref, range}]
  end

  defp messages({:restarted, last}, ref, _follower), do: [{:kv_events_restarted, ref, last}]
  defp messages(:connected, ref, follower), do: [{:kv_events_connected, ref, follower.endpoint}]
  defp messages({:error, error}, ref, _follower), do: [{:kv_events, ref, {:error, error}}]

  # --- as long as there is something, and room for it -------------------------------------------

  defp work(%{paused: timer} = state) when timer != nil, do: state

  defp work(%{out: [message | out], room: room} = state) when room > 0 do
    send(state.to, message)
    work(%{state | out: out, room: room - 1})
  end

  defp work(%{busy: [], out: []} = state), do: state

  defp work(%{room: 0, tells?: true} = state), do: %{state | paused: :told}

  defp work(%{room: 0} = state) do
    case Process.info(state.to, :message_queue_len) do
      {:message_queue_len, waiting} when waiting >= state.max_pending -> pause(state)
      {:message_queue_len, waiting} -> work(%{state | room: state.max_pending - waiting})
      # Its end is told in a moment.
      nil -> pause(state)
    end
  end

  defp work(%{busy: [ref | busy]} = state) do
    case Follower.next(Map.fetch!(state.followers, ref)) do
      {:idle, follower} ->
        work(%{state | busy: busy, followers: Map.put(state.followers, ref, follower)})

      {items, follower} ->
        state = put(%{state | busy: []}, ref, follower, items)
        work(%{state | busy: busy ++ [ref]})
    end
  end

  defp pause(state), do: %{state | paused: :erlang.start_timer(@pause, self(), :resume)}
end
