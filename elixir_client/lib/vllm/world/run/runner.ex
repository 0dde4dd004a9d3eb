defmodule Vllm.World.RankError do
  @moduledoc since: "0.1.0"
  @moduledoc """
  What `Vllm.World.run!/3` raises when the function failed on a rank: `rank`, and the `kind`, `reason`
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
  # One process per rank, and one that watches these and the caller. When one of them dies, the others are
  # stopped, so nothing outlives the run.

  alias Vllm.Bridge.Trace
  alias Vllm.{Deadline, Error, Runtime, Session, World}
  alias Vllm.World.{NestedRuns, RankError, Turn}

  # From the first result that ends a run until those of the other ranks are given up: a refusal of the
  # gate reaches all of them at about the same time, and each says more than "cancelled".
  @others_ms 100

  @doc since: "0.1.0"
  @doc """
  Results in rank order, or the error of a timeout; raises `RankError` of the first rank that failed.
  """
  @spec run(World.t(), (non_neg_integer() -> result), timeout()) ::
          {:ok, [result]} | {:error, Error.t()}
        when result: term()
  def run(world, fun, timeout) do
    with {:ok, results} <- run(world, fun, timeout, fn _result -> false end),
         do: {:ok, Enum.map(results, fn {_rank, result} -> result end)}
  end

  @doc since: "0.1.0"
  @doc """
  As `run/3`, with the rank beside each result. When a result is one that `ends?`, the ranks that have not
  returned soon after are stopped, and are not among the results.
  """
  @spec run(World.t(), (non_neg_integer() -> result), timeout(), (result -> boolean())) ::
          {:ok, [{non_neg_integer(), result}]} | {:error, Error.t()}
        when result: term()
  def run(world, fun, timeout, ends?) do
    deadline = Deadline.new(timeout)

    with {:ok, turn} <- Turn.take(world, deadline, timeout) do
      try do
        run(world, {fun, ends?}, timeout, deadline, turn)
      after
        Turn.give_back(turn)
      end
    end
  end

  defp run(world, work, timeout, deadline, turn) do
    caller = self()
    sessions = Enum.map(world.sessions, &{&1.rank, &1})
    # What the caller set for its own calls counts for the ranks' too.
    callers = [caller | Process.get(:"$callers", [])]
    inherited = {callers, Runtime.defaults(), Turn.current(), Trace.current()}
    ref = make_ref()

    {runner, monitor} =
      spawn_monitor(fn -> supervise(caller, ref, inherited, turn, sessions, work) end)

    case wait(ref, runner, monitor, deadline) do
      {:ok, results} ->
        {:ok, results}

      {:failed, rank, kind, reason, stacktrace} ->
        error = %RankError{rank: rank, kind: kind, reason: reason, stacktrace: stacktrace}
        reraise error, stacktrace

      {:stopped, ranks} ->
        {:error, timed_out(ranks, timeout)}

      # Before it had begun.
      :stopped ->
        {:error, timed_out(Enum.map(world.sessions, & &1.rank), timeout)}
    end
  end

  defp wait(ref, runner, monitor, deadline) do
    receive do
      {^ref, outcome} ->
        Process.demonitor(monitor, [:flush])
        outcome

      {:DOWN, ^monitor, :process, ^runner, :stop} ->
        :stopped

      {:DOWN, ^monitor, :process, ^runner, crash} ->
        exit({crash, {World, :run, []}})
    after
      Deadline.wait(deadline) ->
        # It answers with the outcome, this time without a timeout.
        deadline = if Deadline.over?(deadline), do: stop(runner), else: deadline
        wait(ref, runner, monitor, deadline)
    end
  end

  defp stop(runner) do
    Process.exit(runner, :stop)
    Deadline.new(:infinity)
  end

  defp timed_out(ranks, timeout) do
    %Error{
      category: :timeout,
      reason: "run_timeout",
      rank: hd(ranks),
      message:
        "#{names(ranks)} had not returned after #{timeout} ms; the processes of the run were stopped. " <>
          "A call that a rank executes goes on until it ends; Vllm.World.diagnose/1 shows it",
      details: %{"ranks" => ranks, "timeout_ms" => timeout}
    }
  end

  defp names([rank]), do: "rank #{rank}"
  defp names(ranks), do: "ranks #{Enum.join(ranks, ", ")}"

  @doc since: "0.1.0"
  @doc """
  One result of what a function returned on all ranks, see `Vllm.World.collect/3`; raises as `run/3`.
  """
  @spec collect(World.t(), (non_neg_integer() -> term()), timeout()) ::
          {:ok, [term()]} | {:error, Error.t()}
  def collect(world, fun, timeout) do
    with {:ok, results} <- run(world, fun, timeout, fn _result -> false end),
         do: together(results)
  end

  defp together(results) do
    ranked = for {rank, result} <- results, do: {rank, one(result)}

    case for({rank, {:error, error}} <- ranked, do: {rank, error(error, rank)}) do
      [] -> {:ok, for({_rank, {:ok, value}} <- ranked, do: value)}
      [{_rank, first} | _more] = failed -> {:error, %{first | details: details(first, failed)}}
    end
  end

  defp one(:ok), do: {:ok, nil}
  defp one({:ok, value}), do: {:ok, value}
  defp one({:error, error}), do: {:error, error}

  defp one(other) do
    message =
      "the function of Vllm.World.collect must return {:ok, value} or {:error, error}, got: " <>
        "#{inspect(other, limit: 5)}. Vllm.World.run returns whatever it is"

    {:error, Error.validation(message, "invalid_argument")}
  end

  defp error(error, rank) do
    error = Error.returned(error)
    %{error | rank: error.rank || rank}
  end

  defp details(first, failed) do
    errors = Map.new(failed, fn {rank, error} -> {rank, error.message} end)
    Map.put(first.details, "errors", errors)
  end

  # --- the watching process ---------------------------------------------------------------------

  defp supervise(caller, ref, inherited, turn, sessions, {fun, ends?}) do
    Process.flag(:trap_exit, true)
    watch = Process.monitor(caller)
    runner = self()
    turn = turn && %{turn | runner: runner}
    {callers, defaults, turns, trace} = inherited
    inherited = {callers, defaults, if(turn, do: [turn | turns], else: turns), trace}

    ranks =
      for {rank, session} <- sessions, into: %{} do
        {spawn_link(fn -> work(runner, inherited, rank, session, fun) end), rank}
      end

    outcome = gather(%{ranks: ranks, watch: watch, ends?: ends?}, %{}, NestedRuns.new(turn))
    kill(Map.keys(ranks))
    send(caller, {ref, outcome})
  end

  defp work(runner, inherited, rank, session, fun) do
    {callers, defaults, turns, trace} = inherited
    Process.put(:"$callers", callers)
    Trace.put(trace)
    Turn.put(turns)
    Runtime.put_defaults(defaults)
    result = Session.with_session(session, fn -> fun.(rank) end)
    send(runner, {:done, self(), result})
  catch
    # Sent as a message, so that the caller raises it and nobody else logs a crash.
    kind, reason -> send(runner, {:failed, self(), kind, reason, __STACKTRACE__})
  end

  defp gather(run, results, _runs) when map_size(results) == map_size(run.ranks),
    do: {:ok, Enum.sort(results)}

  defp gather(%{ranks: ranks, watch: watch} = run, results, runs) do
    receive do
      {:done, pid, result} ->
        if run.ends?.(result), do: Process.send_after(self(), :others_late, @others_ms)
        gather(run, Map.put(results, Map.fetch!(ranks, pid), result), runs)

      {:failed, pid, kind, reason, stacktrace} ->
        {:failed, Map.fetch!(ranks, pid), kind, reason, stacktrace}

      {:EXIT, pid, reason} when is_map_key(ranks, pid) and reason != :normal ->
        {:failed, Map.fetch!(ranks, pid), :exit, reason, []}

      {:EXIT, pid, :normal} when is_map_key(ranks, pid) ->
        gather(run, results, runs)

      :others_late ->
        {:ok, Enum.sort(results)}

      # The caller gave up, or is gone.
      {:EXIT, _caller, :stop} ->
        {:stopped, pending(ranks, results)}

      {:DOWN, ^watch, :process, _caller, _reason} ->
        {:stopped, pending(ranks, results)}

      other ->
        case NestedRuns.handle(runs, other) do
          {:ok, runs} -> gather(run, results, runs)
          :unknown -> gather(run, results, runs)
        end
    end
  end

  defp pending(ranks, results), do: Enum.sort(Map.values(ranks) -- Map.keys(results))

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
