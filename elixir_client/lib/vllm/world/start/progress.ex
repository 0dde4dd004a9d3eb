defmodule Vllm.World.Progress do
  @moduledoc false
  # Reports the progress of a world's start to a function, in a process of its own: a slow or failing
  # function does not disturb the start.

  alias Vllm.World.{Info, Rank}
  alias Vllm.{Bridge, Error, Event}
  require Logger

  @type t :: {pid(), reference()} | nil

  @doc "Begins; `nil` for no function. Returns when nothing of the start can be missed any more."
  @spec start((Info.t() -> term()) | nil, String.t(), atom()) :: t()
  def start(nil, _world_id, _bridge), do: nil

  def start(fun, world_id, bridge) do
    parent = self()
    callers = [parent | Process.get(:"$callers", [])]

    {pid, monitor} =
      progress =
      spawn_monitor(fn ->
        Process.put(:"$callers", callers)
        Logger.metadata(vllm_bridge: bridge, world_id: world_id)
        watch = Process.monitor(parent)
        subscription = subscribe(world_id, bridge)
        send(parent, {:watching, self()})
        loop(%{fun: fun, watch: watch, subscription: subscription, info: nil})
      end)

    receive do
      {:watching, ^pid} -> progress
      {:DOWN, ^monitor, :process, ^pid, _reason} -> nil
    end
  end

  @doc """
  Ends it: `info` is the world that has started, told last if it was not told yet; `nil` when the start
  failed. Returns when the function has returned for the last time.
  """
  @spec finish(t(), Info.t() | nil) :: :ok
  def finish(nil, _info), do: :ok

  def finish({pid, monitor}, info) do
    send(pid, {:finish, info})

    receive do
      {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
    end
  end

  defp subscribe(world_id, bridge) do
    case Bridge.subscribe(world_id: world_id, bridge: bridge) do
      {:ok, subscription} ->
        subscription

      {:error, error} ->
        Logger.warning("no progress of world #{world_id}: " <> Error.message(error))
        nil
    end
  end

  defp loop(%{watch: watch, subscription: subscription} = state) do
    receive do
      {:vllm_event, ^subscription, %Event{} = event} ->
        state |> add(event) |> loop()

      {:vllm_event, ^subscription, {:error, error}} ->
        Logger.warning("no more progress: " <> Error.message(error))
        loop(%{state | subscription: nil})

      {:finish, info} ->
        if info && !finished?(state.info), do: tell(state, info)

      {:DOWN, ^watch, :process, _parent, _reason} ->
        :ok
    end
  end

  defp finished?(info), do: info != nil and info.state == :ready

  defp add(state, %Event{kind: :world, world: info}), do: tell(state, info)

  defp add(%{info: %Info{} = info} = state, %Event{kind: :rank, rank: %Rank{} = rank}) do
    ranks = info.ranks |> Enum.reject(&(&1.rank == rank.rank)) |> Enum.concat([rank])
    tell(state, %{info | ranks: Enum.sort_by(ranks, & &1.rank)})
  end

  defp add(state, _event), do: state

  defp tell(state, info) do
    state.fun.(info)
    %{state | info: info}
  catch
    kind, reason ->
      Logger.error("on_progress failed: " <> Exception.format(kind, reason, __STACKTRACE__))
      %{state | info: info}
  end
end
