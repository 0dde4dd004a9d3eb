defmodule Vllm.World.Lease do
  @moduledoc false
  # A turn on a world that the runs of this bridge share, one at a time, and those of them that wait for it.
  # The pool gives it, for a block of numbers, and says when somebody else asks: then it is closed, and later
  # runs need another one. A value; its owner is `Vllm.World.Leases`.

  alias Vllm.Bridge.V1
  alias Vllm.Error

  @enforce_keys [:id, :world]
  defstruct [
    :id,
    :world,
    :stream,
    :asked,
    :refused,
    :running,
    next: 0,
    last: 0,
    generation: nil,
    limit: 0,
    given?: false,
    used?: false,
    closed?: false,
    waiting: :queue.new(),
    count: 0,
    idle_since: nil,
    tries: 0
  ]

  @typedoc "One that waits: the alias for the answer, its process, and when it came."
  @type run :: {reference(), pid(), since :: integer()}

  @typedoc """
  * `stream`, `asked`, `tries`: where the pool speaks of it, the request for its next message, and how often
    the lease was asked for
  * `given?`: whether the turn has come; `next`, `last`: the numbers of it that no run has had;
    `generation`: of the world, as long as the turn lasts
  * `used?`: whether a run has had one of them
  * `running`: the run that has the turn, its number, and since when
  * `waiting`, `count`, `limit`: the runs that wait, how many, and how many may
  * `closed?`: no run may join it; `refused`: none may begin, and why
  """
  @type t :: %__MODULE__{
          id: String.t(),
          world: Vllm.World.Turn.world(),
          stream: Vllm.Bridge.Connection.stream() | nil,
          asked: reference() | nil,
          refused: Error.t() | nil,
          running: {run(), number :: pos_integer(), since :: integer()} | nil,
          next: non_neg_integer(),
          last: non_neg_integer(),
          generation: non_neg_integer() | nil,
          limit: non_neg_integer(),
          given?: boolean(),
          used?: boolean(),
          closed?: boolean(),
          waiting: :queue.queue(run()),
          count: non_neg_integer(),
          idle_since: integer() | nil,
          tries: non_neg_integer()
        }

  @doc "One more run waits, if it may."
  @spec join(t(), run()) :: t()
  def join(lease, run) do
    limit(%{lease | waiting: :queue.in(run, lease.waiting), count: lease.count + 1})
  end

  @doc "This run has ended, or waits no more."
  @spec leave(t(), reference()) :: t()
  def leave(%{running: {{ref, _pid, _since}, _number, _from}} = lease, ref),
    do: %{lease | running: nil}

  def leave(lease, ref) do
    waiting = :queue.filter(fn {each, _pid, _since} -> each != ref end, lease.waiting)
    %{lease | waiting: waiting, count: :queue.len(waiting)}
  end

  @doc "What the pool said; `:over` where runs take no turns."
  @spec hear(t(), V1.Turn.t()) :: {:tell, number :: pos_integer()} | :over | {:ok, t()}
  def hear(_lease, %V1.Turn{tell: tell}) when tell > 0, do: {:tell, tell}
  def hear(lease, %V1.Turn{wanted: true}), do: {:ok, %{lease | closed?: true}}

  def hear(lease, %V1.Turn{refused: %V1.ErrorDetail{} = why}) do
    error = Error.from_detail(why)
    answer_all(lease, {:refused, error})
    {:ok, %{lease | refused: error, closed?: true, waiting: :queue.new(), count: 0}}
  end

  def hear(lease, %V1.Turn{waits: true, max_waiting: limit}),
    do: {:ok, limit(%{lease | limit: limit})}

  def hear(_lease, %V1.Turn{number: 0}), do: :over

  # Of a server that knows no leases: the turn of one run.
  def hear(lease, %V1.Turn{number: number, block: 0}),
    do: {:ok, %{lease | given?: true, next: number, last: number}}

  def hear(lease, %V1.Turn{number: number, block: block} = turn) do
    lease = %{lease | given?: true, generation: turn.generation, limit: turn.max_waiting}
    {:ok, limit(%{lease | next: number, last: number + block - 1})}
  end

  @doc """
  Lets the next run begin, if one can. Says whether to keep the lease or to give it back. Runs that it has
  no number for need another one.
  """
  @spec go_on(t(), now :: integer()) :: {:keep | :give_back, [run()], t()}
  def go_on(%{running: {_run, _number, _since}} = lease, _now), do: {:keep, [], lease}
  def go_on(%{given?: false, count: 0} = lease, _now), do: {:give_back, [], lease}
  def go_on(%{given?: false} = lease, _now), do: {:keep, [], lease}

  def go_on(%{next: next, last: last} = lease, _now) when next > last,
    do: {:give_back, :queue.to_list(lease.waiting), lease}

  def go_on(%{count: 0, closed?: true} = lease, _now), do: {:give_back, [], lease}
  def go_on(%{count: 0} = lease, now), do: {:keep, [], %{lease | idle_since: now}}

  def go_on(%{next: number} = lease, now) do
    {{:value, {ref, _pid, _since} = run}, waiting} = :queue.out(lease.waiting)
    send(ref, {ref, {:yours, number, lease.generation}})

    lease = %{
      lease
      | running: {run, number, now},
        waiting: waiting,
        count: lease.count - 1,
        next: number + 1,
        used?: true,
        idle_since: nil
    }

    {:keep, [], lease}
  end

  @doc "Answers all runs that wait."
  @spec answer_all(t(), term()) :: :ok
  def answer_all(lease, answer) do
    :queue.fold(
      fn {ref, _pid, _since}, :ok -> send(ref, {ref, answer}) && :ok end,
      :ok,
      lease.waiting
    )
  end

  @doc "The pool is told this."
  @spec report(t(), (pid() -> String.t()), now :: integer()) :: V1.ReportTurnRequest.t()
  def report(lease, name, now) do
    {_endpoint, id, epoch} = lease.world
    latest = if lease.used?, do: lease.next - 1, else: 0

    %V1.ReportTurnRequest{
      world_id: id,
      epoch: epoch,
      lease_id: lease.id,
      run: run_info(lease.running, name, now),
      waiting: lease.count,
      latest: latest
    }
  end

  defp run_info(nil, _name, _now), do: nil

  defp run_info({{_ref, pid, _came}, number, since}, name, now),
    do: %V1.RunInfo{number: number, holder: name.(pid), held_s: (now - since) / 1_000}

  @doc "Where a run that waits stands: how long, how many come before it, and who has the turn."
  @spec place(t(), reference(), (pid() -> String.t()), now :: integer()) ::
          %{waited_ms: integer(), ahead: non_neg_integer(), run: V1.RunInfo.t() | nil}
  def place(lease, ref, name, now) do
    runs = :queue.to_list(lease.waiting)
    ahead = Enum.find_index(runs, fn {each, _pid, _since} -> each == ref end) || 0
    {_ref, _pid, since} = Enum.at(runs, ahead, {ref, self(), now})
    %{waited_ms: now - since, ahead: ahead, run: run_info(lease.running, name, now)}
  end

  # The latest to come are those that are too many.
  defp limit(%{count: count, limit: limit} = lease) when limit > 0 and count > limit do
    {{:value, {ref, _pid, _since}}, waiting} = :queue.out_r(lease.waiting)
    lease = %{lease | waiting: waiting, count: count - 1}
    send(ref, {ref, {:refused, full(lease)}})
    limit(lease)
  end

  defp limit(lease), do: lease

  defp full(%{world: {_endpoint, id, _epoch}} = lease) do
    %Error{
      category: :pool,
      reason: "queue_full",
      message:
        "#{lease.count} runs wait for their turn on #{id} already, and at most #{lease.limit} may; try " <>
          "again later, or give the pool a larger max_queue",
      details: %{"depth" => lease.count, "limit" => lease.limit, "world_id" => id}
    }
  end
end
