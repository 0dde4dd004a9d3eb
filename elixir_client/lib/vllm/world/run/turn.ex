defmodule Vllm.World.Turn do
  @moduledoc false
  # A run's turn on its world. One run at a time has it, in order of arrival; `Vllm.World.Leases` gives it to
  # the calling process, and it ends with that process, however the process ends. A
  # nested run is one that a process of a run starts, or a process that works for one of these. It is part
  # of the outer run's turn; the runner of the outer run lets one nested run go ahead at a time.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Deadline, Error, World}
  alias Vllm.World.{SharedTurn, TurnTaker}

  @enforce_keys [:world, :number, :counter]
  defstruct [
    :world,
    :number,
    :counter,
    nested: 0,
    around: nil,
    runner: nil,
    held: nil,
    over?: false
  ]

  @typedoc """
  * `world`: the pool's endpoint, the world's id and its epoch
  * `number`, `nested`: what its calls say, see `label/1`; `counter` numbers the nested runs
  * `around`: the turn of the outer run; `runner`: the process that watches this run
  * `held`: what is given back at its end
  * `over?`: whether the world has ended. Its ranks may exist a moment longer, but calls go to the pool,
    which says how the world ended
  """
  @type t :: %__MODULE__{
          world: world(),
          number: non_neg_integer(),
          counter: :atomics.atomics_ref(),
          nested: non_neg_integer(),
          around: t() | nil,
          runner: pid() | nil,
          held: held(),
          over?: boolean()
        }
  @type held :: {:lease, SharedTurn.held()} | {:nested, pid(), reference()} | nil
  @type world :: {endpoint :: String.t(), world_id :: String.t(), epoch :: non_neg_integer()}

  @turns :"$vllm_turns"

  @remedy "Runs of one world take turns; give it a longer timeout, or see what the run does that has its turn " <>
            "(Vllm.World.diagnose/1)"

  @unimplemented 12

  # A world that has ended has no turns; each call of the run says how the world ended.
  @over ~w(session_worker_unavailable stale_session world_not_found world_stopped)

  @doc """
  Waits for the calling process's turn on a world; nil where there are none. It ends with `give_back/1`.
  """
  @spec take(World.t(), Deadline.t(), timeout()) :: {:ok, t() | nil} | {:error, Error.t()}
  def take(%World{concurrent: true}, _deadline, _timeout), do: {:ok, nil}

  def take(world, deadline, timeout) do
    with {:error, error} <- take(world, deadline), do: {:error, with_ranks(error, world, timeout)}
  end

  defp take(world, deadline) do
    case Connections.config(world.bridge) do
      {:ok, %{pool: pool} = config} when is_pid(pool) ->
        key = {config.endpoint, world.id, world.epoch}

        with :over <- nested(on(key), deadline),
             do: alone(config, key, world.generation, deadline)

      # Nothing of ours behind it that could mix runs up; or nothing at all, as all calls will say.
      _transport_or_stopped ->
        {:ok, nil}
    end
  end

  @doc "The turn is over."
  @spec give_back(%{:held => held(), optional(atom()) => term()} | nil) :: :ok
  def give_back(%{held: {:lease, held}}), do: SharedTurn.give_back(held)

  def give_back(%{held: {:nested, runner, ref}}) do
    :erlang.demonitor(ref, [:flush])
    send(runner, {:nested_over, ref})
    :ok
  end

  def give_back(_none), do: :ok

  @doc "The turns of the calling process, the innermost first: for the processes of a run."
  @spec current() :: [t()]
  def current, do: Process.get(@turns) || inherited()

  @doc "Makes the calling process one of a run that has these turns."
  @spec put([t()]) :: :ok
  def put(turns) do
    Process.put(@turns, turns)
    :ok
  end

  @doc "The turn of the calling process on a world."
  @spec on(world()) :: t() | nil
  def on(world), do: Enum.find(current(), &(&1.world == world))

  @doc "What calls of the run say in the metadata `vllm-turn`."
  @spec label(t()) :: String.t()
  def label(%{number: number, nested: 0}), do: Integer.to_string(number)
  def label(%{number: number, nested: nested}), do: "#{number}.#{nested}"

  @doc """
  Waits until a refused call may be sent again, and says whether it may. The processes of a run go on
  while one of them has started a nested run. A call of theirs may be in the way of the nested run: it is
  refused before it begins, and runs when the nested run is over.
  """
  @spec nested_over?(t() | nil, Error.t(), Deadline.t()) :: boolean()
  def nested_over?(%{runner: runner}, %Error{reason: "run_overlap"} = error, deadline) do
    with %{"met" => met} <- error.details,
         {:ok, held, 0} <- ask(runner, {:nested_met, met}, deadline) do
      give_back(%{held: held})
      true
    else
      _unknown_or_late -> false
    end
  end

  def nested_over?(_none, _other, _deadline), do: false

  # Processes that work for another one name it; a rank's process knows its turns.
  defp inherited do
    (Process.get(:"$callers", []) ++ Process.get(:"$ancestors", []))
    |> Enum.uniq()
    |> Enum.find_value([], &turns_of/1)
  end

  defp turns_of(name) when is_atom(name), do: name |> Process.whereis() |> turns_of_pid()
  defp turns_of(pid), do: turns_of_pid(pid)

  defp turns_of_pid(pid) when is_pid(pid) and node(pid) == node() do
    with {:dictionary, dictionary} <- Process.info(pid, :dictionary),
         {@turns, turns} <- List.keyfind(dictionary, @turns, 0),
         do: turns,
         else: (_none -> nil)
  end

  defp turns_of_pid(_elsewhere), do: nil

  # --- nested in another run ----------------------------------------------------------------------

  defp nested(nil, _deadline), do: :over
  defp nested(%{over?: true}, _deadline), do: :over

  defp nested(around, deadline) do
    case ask(around.runner, :nested, deadline) do
      {:ok, held, nested} ->
        {:ok, %{around | nested: nested, around: around, runner: nil, held: held}}

      :over ->
        :over

      :late ->
        {:error, late(around.world, "another run nested in run #{label(around)} has it")}
    end
  end

  # Waits until it is this process's turn among the nested runs of the runner's run.
  defp ask(runner, what, deadline) do
    ref = :erlang.monitor(:process, runner, alias: :demonitor)
    send(runner, {what, self(), ref})
    wait(runner, ref, deadline)
  end

  defp wait(runner, ref, deadline) do
    receive do
      {^ref, {:yours, nested}} ->
        {:ok, {:nested, runner, ref}, nested}

      {^ref, :unknown} ->
        :erlang.demonitor(ref, [:flush])
        :unknown

      {:DOWN, ^ref, :process, _runner, _reason} ->
        :over
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline) do
          give_back(%{held: {:nested, runner, ref}})
          flush(ref)
          :late
        else
          wait(runner, ref, deadline)
        end
    end
  end

  defp flush(ref) do
    receive do
      {^ref, _late} -> flush(ref)
    after
      0 -> :ok
    end
  end

  # --- by itself --------------------------------------------------------------------------------

  defp alone(config, world, generation, deadline) do
    case TurnTaker.take(config, world, deadline) do
      {:ok, number, is, held} ->
        turn = %{new(world, number) | held: {:lease, held}}

        if generation == nil or is in [nil, generation],
          do: {:ok, turn},
          else: other(turn, generation, config, deadline)

      :none ->
        {:ok, nil}

      {:late, place} ->
        {:error, late(world, place)}

      {:refused, error} ->
        {:error, error}

      {:failed, {:status, @unimplemented, _text, _trailers}} ->
        {:ok, nil}

      {:failed, {:protocol, problem}} ->
        {:error, Vllm.Call.malformed("TakeTurn", problem)}

      {:failed, reason} ->
        refused(reason, config, world, deadline)
    end
  end

  # The ranks of the world have changed since its caller got it: the pool says how.
  defp other(%{world: {_endpoint, id, epoch}} = turn, generation, config, deadline) do
    request = %V1.ReportTurnRequest{world_id: id, epoch: epoch, generation: generation}
    left = Deadline.left(deadline)

    case PoolClient.call(config, "ReportTurn", request, V1.ReportTurnResponse, left) do
      {:ok, _the_same} ->
        {:ok, turn}

      {:error, error} ->
        give_back(turn)
        {:error, error}
    end
  end

  defp refused(reason, config, world, deadline) do
    error = PoolClient.failed(reason, "TakeTurn", config, Deadline.left(deadline))
    if error.reason in @over, do: {:ok, %{new(world, 0) | over?: true}}, else: {:error, error}
  end

  defp new(world, number),
    do: %__MODULE__{world: world, number: number, counter: :atomics.new(1, signed: false)}

  defp late(world, %{run: nil}), do: late(world, "others came before")

  defp late({_endpoint, id, _epoch} = world, %{run: %V1.RunInfo{} = run} = place) do
    error = late(world, "")
    more = if place.ahead > 0, do: ", and #{place.ahead} others came before this one", else: ""

    message =
      "this run waited #{seconds(place.waited_ms / 1_000)} s for its turn on #{id}, and never began: " <>
        "run #{run.number} (#{run.holder}) has it since #{seconds(run.held_s)} s#{more}. #{@remedy}"

    details = Map.merge(error.details, %{"run" => run.number, "holder" => run.holder})
    %{error | message: message, details: details}
  end

  defp late(world, :pool), do: late(world, "others came before")

  defp late({_endpoint, id, _epoch}, why) when is_binary(why) do
    %Error{
      category: :timeout,
      reason: "run_timeout",
      message:
        "the timeout of the run passed before its turn on #{id} had come, so it never began: #{why}. " <>
          @remedy,
      details: %{"world_id" => id, "state" => "turn", "ran" => false}
    }
  end

  defp seconds(value), do: :erlang.float_to_binary(value / 1, decimals: 1)

  # As of a run that has begun.
  defp with_ranks(%Error{reason: "run_timeout"} = error, world, timeout) do
    ranks = Enum.map(world.sessions, & &1.rank)
    %{error | details: Map.merge(error.details, %{"ranks" => ranks, "timeout_ms" => timeout})}
  end

  defp with_ranks(error, _world, _timeout), do: error

  @doc "Who takes it, for people."
  @spec holder() :: String.t()
  def holder do
    {:ok, host} = :inet.gethostname()
    "#{inspect(self())} in OS process #{System.pid()} on #{host}"
  end
end
