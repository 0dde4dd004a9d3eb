defmodule Vllm.World.Lease do
  @moduledoc false
  # A turn on a world that the runs of this bridge share, one at a time, and those of them that wait for it.
  # The pool gives it, for a block of numbers, and says when somebody else asks: then it is closed, and later
  # runs need another one. A value; its owner is `Vllm.World.Leases`.

  alias Vllm.Bridge.V1
  alias Vllm.Error
  alias Vllm.World.SharedTurn

  @enforce_keys [:id, :world, :shared]
  defstruct [
    :id,
    :world,
    :shared,
    :stream,
    :asked,
    :refused,
    :generation,
    :watched,
    :handed_to,
    :idle_at,
    last: 0,
    limit: 0,
    leased?: false,
    given?: false,
    closed?: false,
    waiting: :queue.new(),
    count: 0,
    tries: 0
  ]

  @typedoc "One that waits: the alias for the answer, its process, and when it came."
  @type run :: {reference(), pid(), since :: integer()}

  @typedoc """
  * `shared`: the turn, see `Vllm.World.SharedTurn`
  * `stream`, `asked`, `tries`: where the pool speaks of it, the request for its next message, and how often
    the lease was asked for
  * `given?`: whether the turn has come; `last`: its last number; `generation`: of the world meanwhile;
    `leased?`: whether it is for more than one run
  * `waiting`, `count`, `limit`: the runs that wait, how many, and how many may
  * `closed?`: no run may join it; `refused`: none may begin, and why
  * `watched`: the monitor of the process that has the turn, and that process; `handed_to`: the run that had
    waited for it
  * `idle_at`: the latest number when it was seen idle
  """
  @type t :: %__MODULE__{
          id: String.t(),
          world: Vllm.World.Turn.world(),
          shared: SharedTurn.shared(),
          stream: Vllm.Bridge.Connection.stream() | nil,
          asked: reference() | nil,
          refused: Error.t() | nil,
          generation: non_neg_integer() | nil,
          watched: {reference(), pid()} | nil,
          handed_to: {reference(), pid()} | nil,
          idle_at: non_neg_integer() | nil,
          last: non_neg_integer(),
          limit: non_neg_integer(),
          leased?: boolean(),
          given?: boolean(),
          closed?: boolean(),
          waiting: :queue.queue(run()),
          count: non_neg_integer(),
          tries: non_neg_integer()
        }

  @doc "One more run waits, if it may. It has been counted, see `Vllm.World.SharedTurn.wait/1`."
  @spec join(t(), run()) :: t()
  def join(lease, run) do
    limit(%{lease | waiting: :queue.in(run, lease.waiting), count: lease.count + 1})
  end

  @doc "This run waits no more, if it did."
  @spec leave(t(), reference()) :: t()
  def leave(lease, ref) do
    {gone, waiting} =
      Enum.split_with(:queue.to_list(lease.waiting), fn {each, _, _} -> each == ref end)

    for _run <- gone, do: SharedTurn.wait_no_more(lease.shared)
    %{lease | waiting: :queue.from_list(waiting), count: length(waiting)}
  end

  @doc "What the pool said; `:over` where runs take no turns."
  @spec hear(t(), V1.Turn.t()) :: {:tell, number :: pos_integer()} | :over | {:ok, t()}
  def hear(_lease, %V1.Turn{tell: tell}) when tell > 0, do: {:tell, tell}
  def hear(lease, %V1.Turn{wanted: true}), do: {:ok, %{lease | closed?: true}}

  def hear(lease, %V1.Turn{refused: %V1.ErrorDetail{} = why}) do
    error = Error.from_detail(why)
    {:ok, %{answer_all(lease, {:refused, error}) | refused: error, closed?: true}}
  end

  def hear(lease, %V1.Turn{waits: true, max_waiting: limit}),
    do: {:ok, limit(%{lease | limit: limit})}

  def hear(_lease, %V1.Turn{number: 0}), do: :over

  # Of a server that knows no leases: the turn of one run.
  def hear(lease, %V1.Turn{number: number, block: 0}),
    do: {:ok, %{lease | given?: true, last: number}}

  def hear(lease, %V1.Turn{number: number, block: block} = turn) do
    lease = %{lease | given?: true, leased?: true, generation: turn.generation}
    {:ok, limit(%{lease | last: number + block - 1, limit: turn.max_waiting})}
  end

  @doc """
  What happens next, where nobody has the turn and `latest` was the number of the latest run: the first run
  that waits begins, or the lease is given back. Runs that it has no number for need another one.
  """
  @spec next(t(), latest :: non_neg_integer()) :: :keep | {:begin, run()} | {:give_back, [run()]}
  def next(%{given?: false, count: 0}, _latest), do: {:give_back, []}
  def next(%{given?: false}, _latest), do: :keep

  def next(%{last: last} = lease, latest) when latest >= last,
    do: {:give_back, :queue.to_list(lease.waiting)}

  def next(%{count: 0, closed?: closed?}, _latest),
    do: if(closed?, do: {:give_back, []}, else: :keep)

  def next(lease, _latest), do: {:begin, :queue.get(lease.waiting)}

  @doc "Answers all runs that wait, which wait no more."
  @spec answer_all(t(), term()) :: t()
  def answer_all(lease, answer) do
    for {ref, _pid, _since} <- :queue.to_list(lease.waiting) do
      send(ref, {ref, answer})
      SharedTurn.wait_no_more(lease.shared)
    end

    %{lease | waiting: :queue.new(), count: 0}
  end

  @doc "What the pool is told, where `run` has the turn."
  @spec report(t(), V1.RunInfo.t() | nil) :: V1.ReportTurnRequest.t()
  def report(lease, run) do
    {_endpoint, id, epoch} = lease.world

    %V1.ReportTurnRequest{
      world_id: id,
      epoch: epoch,
      lease_id: lease.id,
      run: run,
      waiting: lease.count,
      latest: SharedTurn.latest(lease.shared)
    }
  end

  @doc "Where a run that waits stands: how long, how many come before it, and which run has the turn."
  @spec place(t(), reference(), V1.RunInfo.t() | nil) ::
          %{waited_ms: integer(), ahead: non_neg_integer(), run: V1.RunInfo.t() | nil}
  def place(lease, ref, run) do
    now = SharedTurn.now()
    runs = :queue.to_list(lease.waiting)
    ahead = Enum.find_index(runs, fn {each, _pid, _since} -> each == ref end) || 0
    {_ref, _pid, since} = Enum.at(runs, ahead, {ref, self(), now})
    %{waited_ms: now - since, ahead: ahead, run: run}
  end

  # The latest to come are those that are too many.
  defp limit(%{count: count, limit: limit} = lease) when limit > 0 and count > limit do
    {{:value, {ref, _pid, _since}}, waiting} = :queue.out_r(lease.waiting)
    lease = %{lease | waiting: waiting, count: count - 1}
    SharedTurn.wait_no_more(lease.shared)
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
