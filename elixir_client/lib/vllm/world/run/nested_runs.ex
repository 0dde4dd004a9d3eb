defmodule Vllm.World.NestedRuns do
  @moduledoc false
  # The nested runs of one run, and its calls that stood in their way. They run one at a time, in order of
  # arrival. A value; its owner is the process that watches the run.

  alias Vllm.World.Turn

  # Labels of the latest nested runs, and of those nested in them: their calls carry these.
  @known 64

  defstruct [:turn, :held, line: [], known: []]

  @typedoc "`turn`: of the outer run; `held`: who runs now; `line`: who waits, `{ref, monitor, kind}`."
  @opaque t :: %__MODULE__{
            turn: Turn.t() | nil,
            held: {reference(), reference()} | nil,
            line: [{reference(), reference(), :run | :call}],
            known: [String.t()]
          }

  @doc "No nested run yet, in the run of this turn."
  @spec new(Turn.t() | nil) :: t()
  def new(turn), do: %__MODULE__{turn: turn}

  @doc "Handles a message to the owner; `:unknown` if it is about something else."
  @spec handle(t(), term()) :: {:ok, t()} | :unknown
  def handle(runs, {:nested, pid, ref}), do: {:ok, join(runs, pid, ref, :run)}

  def handle(runs, {{:nested_met, label}, pid, ref}) do
    if label in runs.known do
      {:ok, join(runs, pid, ref, :call)}
    else
      send(ref, {ref, :unknown})
      {:ok, runs}
    end
  end

  def handle(runs, {:nested_known, label}), do: {:ok, know(runs, label)}
  def handle(runs, {:nested_over, ref}), do: {:ok, leave(runs, &(elem(&1, 0) == ref))}

  def handle(runs, {:DOWN, monitor, :process, _pid, _reason}),
    do: {:ok, leave(runs, &(elem(&1, 1) == monitor))}

  def handle(_runs, _other), do: :unknown

  defp join(runs, pid, ref, kind) do
    next(%{runs | line: runs.line ++ [{ref, Process.monitor(pid), kind}]})
  end

  defp leave(%{held: held} = runs, ours?) do
    if held != nil and ours?.(held) do
      {_ref, monitor} = held
      Process.demonitor(monitor, [:flush])
      next(%{runs | held: nil})
    else
      {gone, line} = Enum.split_with(runs.line, ours?)
      for {_ref, monitor, _kind} <- gone, do: Process.demonitor(monitor, [:flush])
      %{runs | line: line}
    end
  end

  defp next(%{held: nil, line: [{ref, monitor, kind} | line]} = runs) do
    {nested, runs} = number(runs, kind)
    send(ref, {ref, {:yours, nested}})
    %{runs | held: {ref, monitor}, line: line}
  end

  defp next(runs), do: runs

  defp number(runs, :call), do: {0, runs}

  defp number(%{turn: turn} = runs, :run) do
    nested = :atomics.add_get(turn.counter, 1, 1)
    {nested, know(runs, Turn.label(%{turn | nested: nested}))}
  end

  defp know(runs, label) do
    with %{around: %{runner: runner}} <- runs.turn, do: send(runner, {:nested_known, label})
    %{runs | known: Enum.take([label | runs.known], @known)}
  end
end
