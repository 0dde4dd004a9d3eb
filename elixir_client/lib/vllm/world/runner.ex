defmodule Vllm.World.RankError do
  @moduledoc """
  What `Vllm.World.run/3` raises when the function failed on a rank: `rank`, and the `kind`, `reason`
  and `stacktrace` of the failure there.
  """

  defexception [:rank, :kind, :reason, stacktrace: []]

  @type t :: %__MODULE__{
          rank: non_neg_integer(),
          kind: :error | :exit | :throw,
          reason: term(),
          stacktrace: Exception.stacktrace()
        }

  @impl Exception
  @spec message(t()) :: String.t()
  def message(%__MODULE__{} = error) do
    "on rank #{error.rank}: " <> Exception.format(error.kind, error.reason, error.stacktrace)
  end
end

defmodule Vllm.World.Runner do
  @moduledoc false
  # One process per rank, under one that watches both them and the caller: whoever dies, the others
  # are stopped, and nothing outlives the run.

  alias Vllm.{Session, World}
  alias Vllm.World.RankError

  @doc "Results in the order of the sessions; raises `RankError` of the first that failed."
  @spec run([{non_neg_integer(), Session.t()}], (non_neg_integer() -> result), timeout()) ::
          [result]
        when result: term()
  def run(sessions, fun, timeout) do
    caller = self()
    callers = [caller | Process.get(:"$callers", [])]
    {runner, monitor} = spawn_monitor(fn -> supervise(caller, callers, sessions, fun) end)

    receive do
      {:DOWN, ^monitor, :process, ^runner, {:shutdown, {__MODULE__, outcome}}} ->
        returned(outcome)

      {:DOWN, ^monitor, :process, ^runner, reason} ->
        exit({reason, {World, :run, []}})
    after
      timeout ->
        stop(runner, monitor)
        exit({:timeout, {World, :run, []}})
    end
  end

  defp returned({:ok, results}), do: results

  defp returned({:failed, rank, kind, reason, stacktrace}) do
    error = %RankError{rank: rank, kind: kind, reason: reason, stacktrace: stacktrace}
    reraise error, stacktrace
  end

  defp stop(runner, monitor) do
    Process.exit(runner, :stop)

    receive do
      {:DOWN, ^monitor, :process, ^runner, _reason} -> :ok
    end
  end

  # --- the watching process ---------------------------------------------------------------------

  defp supervise(caller, callers, sessions, fun) do
    Process.flag(:trap_exit, true)
    watch = Process.monitor(caller)
    runner = self()

    ranks =
      for {rank, session} <- sessions, into: %{} do
        {spawn_link(fn -> work(runner, callers, rank, session, fun) end), rank}
      end

    outcome = collect(ranks, %{}, watch)
    kill(Map.keys(ranks))
    exit({:shutdown, {__MODULE__, outcome}})
  end

  defp work(runner, callers, rank, session, fun) do
    Process.put(:"$callers", callers)
    result = Session.with_session(session, fn -> fun.(rank) end)
    send(runner, {:done, self(), result})
  catch
    # Sent, not crashed with: the caller raises it, and nobody else needs to log it.
    kind, reason -> send(runner, {:failed, self(), kind, reason, __STACKTRACE__})
  end

  defp collect(ranks, results, _watch) when map_size(results) == map_size(ranks) do
    {:ok, results |> Enum.sort() |> Enum.map(fn {_rank, result} -> result end)}
  end

  defp collect(ranks, results, watch) do
    receive do
      {:done, pid, result} ->
        collect(ranks, Map.put(results, Map.fetch!(ranks, pid), result), watch)

      {:failed, pid, kind, reason, stacktrace} ->
        {:failed, Map.fetch!(ranks, pid), kind, reason, stacktrace}

      {:EXIT, pid, reason} when is_map_key(ranks, pid) and reason != :normal ->
        {:failed, Map.fetch!(ranks, pid), :exit, reason, []}

      {:EXIT, pid, :normal} when is_map_key(ranks, pid) ->
        collect(ranks, results, watch)

      # The caller gave up, or is gone.
      {:EXIT, _caller, :stop} ->
        :stopped

      {:DOWN, ^watch, :process, _caller, _reason} ->
        :stopped

      _stray ->
        collect(ranks, results, watch)
    end
  end

  defp kill(pids) do
    for pid <- pids do
      monitor = Process.monitor(pid)
      Process.exit(pid, :kill)

      receive do
        {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
      end
    end
  end
end
