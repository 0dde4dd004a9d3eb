defmodule Vllm.World.SharedTurn do
  @moduledoc false
  # The turn of a lease as the runs of a bridge share it: a run that finds it free has it without a message to
  # any process. A public table has a row of the lease while runs may join it, and one of the process that has
  # the turn. So that process is known, wherever it is killed.
  #
  # Runs that find the turn taken wait at `Vllm.World.Leases`, and are counted. While the count is above 0, no
  # run takes a free turn, and whoever ends a run tells that process. A run looks at the count after it has
  # taken the turn, and again after it has given it back; the process counts before it looks who has the turn.
  # So one of the two always sees the other.

  alias Vllm.World.Turn

  # Where the count and the latest number are.
  @waiting 1
  @latest 2

  @typedoc "The count of the runs that wait, and the latest number that a run had."
  @type shared :: :atomics.atomics_ref()

  @typedoc "A turn that is had, to give back."
  @type held :: {table :: atom(), lease_id :: String.t(), shared()}

  @doc "The table of a bridge."
  @spec new(atom()) :: atom()
  def new(table), do: :ets.new(table, [:named_table, :public, :set, read_concurrency: true])

  @doc "What a lease's runs share, before anyone may join it."
  @spec new() :: shared()
  def new, do: :atomics.new(2, signed: true)

  @doc "The pool has given the numbers after `latest`, up to `last`. Runs may take the turn."
  @spec open(atom(), Turn.world(), String.t(), shared(), tuple()) :: :ok
  def open(table, world, id, shared, {latest, last, generation}) do
    :atomics.put(shared, @latest, latest)
    :ets.insert(table, {world, id, shared, last, generation})
    :ok
  end

  @doc "No run may take it any more."
  @spec close(atom(), Turn.world(), String.t(), shared()) :: :ok
  def close(table, world, id, shared) do
    wait(shared)
    :ets.match_delete(table, {world, id, :_, :_, :_})
    :ok
  end

  @doc "One more run waits."
  @spec wait(shared()) :: :ok
  def wait(shared), do: :atomics.add(shared, @waiting, 1)

  @doc "One run less waits."
  @spec wait_no_more(shared()) :: :ok
  def wait_no_more(shared), do: :atomics.sub(shared, @waiting, 1)

  @doc """
  The turn, if it is free; else the count among which the calling process's run is now, if there is a lease.
  """
  @spec take(atom(), Turn.world()) ::
          {:ok, number :: pos_integer(), generation :: non_neg_integer(), held()}
          | {:wait, shared() | nil}
  def take(table, world) do
    case :ets.lookup(table, world) do
      [{_world, id, shared, last, generation}] ->
        case taken(table, id, shared, last) do
          {:ok, number} ->
            {:ok, number, generation, {table, id, shared}}

          :held ->
            wait(shared)
            {:wait, shared}
        end

      [] ->
        {:wait, nil}
    end
  rescue
    # The process of the table is being restarted.
    ArgumentError -> {:wait, nil}
  end

  defp taken(table, id, shared, last) do
    if :atomics.get(shared, @waiting) == 0 and :ets.insert_new(table, {id, self(), now()}) do
      number = if :atomics.get(shared, @waiting) == 0, do: next(shared, last), else: :held
      if number == :held, do: give_back({table, id, shared})
      number
    else
      :held
    end
  end

  defp next(shared, last) do
    number = :atomics.get(shared, @latest) + 1

    if number <= last do
      :atomics.put(shared, @latest, number)
      {:ok, number}
    else
      :held
    end
  end

  @doc "Has the turn for a run that has waited, unless another run has it."
  @spec hand_over(atom(), String.t(), shared(), pid(), last :: non_neg_integer()) ::
          {:ok, number :: pos_integer()} | :held
  def hand_over(table, id, shared, pid, last) do
    with true <- :ets.insert_new(table, {id, pid, now()}),
         {:ok, number} <- next(shared, last) do
      {:ok, number}
    else
      false ->
        :held

      :held ->
        reclaim(table, id, pid)
        :held
    end
  end

  @doc "The turn is over."
  @spec give_back(held()) :: :ok
  def give_back({table, id, shared}) do
    :ets.delete(table, id)
    if :atomics.get(shared, @waiting) > 0, do: send(table, {:free, id})
    :ok
  rescue
    # The process of the table has ended, and the turn with it.
    ArgumentError -> :ok
  end

  @doc "Who has the turn, and since when."
  @spec holder(atom(), String.t()) :: {pid(), since :: integer()} | nil
  def holder(table, id) do
    case :ets.lookup(table, id) do
      [{_id, pid, since}] -> {pid, since}
      [] -> nil
    end
  end

  @doc "This process has the turn no more: it is dead."
  @spec reclaim(atom(), String.t(), pid()) :: :ok
  def reclaim(table, id, pid) do
    :ets.match_delete(table, {id, pid, :_})
    :ok
  end

  @doc "The number of the latest run."
  @spec latest(shared()) :: non_neg_integer()
  def latest(shared), do: :atomics.get(shared, @latest)

  @doc "The clock of `holder/2`, in milliseconds."
  @spec now() :: integer()
  def now, do: System.monotonic_time(:millisecond)
end
