defmodule Vllm.World.Inside do
  @moduledoc false
  # The runs inside of one run, and its calls that stood in their way: one at a time, in the order in
  # which they came. A value; its owner is the process that watches the run.

  alias Vllm.World.Turn

  # Of the latest runs inside, and those inside of them: what their calls say.
  @known 64

  defstruct [:turn, :held, line: [], known: []]

  @typedoc "`turn`: that of the run; `held` and `line`: whose it is, and who waits, `{ref, monitor, kind}`."
  @type t :: %__MODULE__{
          turn: Turn.t() | nil,
          held: {reference(), reference()} | nil,
          line: [{reference(), reference(), :run | :call}],
          known: [String.t()]
        }

  @doc "What a message to the owner means; `:unknown` for one that is of something else."
  @spec handle(t(), term()) :: {:ok, t()} | :unknown
  def handle(inside, {:inside, pid, ref}), do: {:ok, join(inside, pid, ref, :run)}

  def handle(inside, {{:inside_met, label}, pid, ref}) do
    if label in inside.known do
      {:ok, join(inside, pid, ref, :call)}
    else
      send(ref, {ref, :unknown})
      {:ok, inside}
    end
  end

  def handle(inside, {:inside_known, label}), do: {:ok, know(inside, label)}
  def handle(inside, {:inside_over, ref}), do: {:ok, leave(inside, &(elem(&1, 0) == ref))}

  def handle(inside, {:DOWN, monitor, :process, _pid, _reason}),
    do: {:ok, leave(inside, &(elem(&1, 1) == monitor))}

  def handle(_inside, _other), do: :unknown

  defp join(inside, pid, ref, kind) do
    next(%{inside | line: inside.line ++ [{ref, Process.monitor(pid), kind}]})
  end

  defp leave(%{held: held} = inside, ours?) do
    if held != nil and ours?.(held) do
      {_ref, monitor} = held
      Process.demonitor(monitor, [:flush])
      next(%{inside | held: nil})
    else
      {gone, line} = Enum.split_with(inside.line, ours?)
      for {_ref, monitor, _kind} <- gone, do: Process.demonitor(monitor, [:flush])
      %{inside | line: line}
    end
  end

  defp next(%{held: nil, line: [{ref, monitor, kind} | line]} = inside) do
    {nested, inside} = number(inside, kind)
    send(ref, {ref, {:yours, nested}})
    %{inside | held: {ref, monitor}, line: line}
  end

  defp next(inside), do: inside

  defp number(inside, :call), do: {0, inside}

  defp number(%{turn: turn} = inside, :run) do
    nested = :atomics.add_get(turn.counter, 1, 1)
    {nested, know(inside, Turn.label(%{turn | nested: nested}))}
  end

  defp know(inside, label) do
    with %{around: %{runner: runner}} <- inside.turn, do: send(runner, {:inside_known, label})
    %{inside | known: Enum.take([label | inside.known], @known)}
  end
end
