defmodule Vllm.World.Rank do
  @moduledoc since: "0.1.0"
  @moduledoc "One rank of a world, as `Vllm.World.info/1` shows it."

  defstruct [
    :rank,
    :local_rank,
    :pid,
    :node,
    :state,
    :session_id,
    :endpoint,
    :frames_endpoint,
    :far_endpoint,
    :exit,
    :pool_name,
    :rank_id,
    :doing,
    :address,
    :launcher,
    :heartbeat_age_s,
    :coordinates,
    :activity,
    :memory,
    :rates,
    queued: 0,
    sessions: 0,
    objects: 0,
    restarts: 0
  ]

  @typedoc """
  * `state`: `:overdue` runs a call past its deadline, `:unresponsive` has sent no heartbeat for longer
    than it may
  * `endpoint`, `frames_endpoint`: where it takes calls, by gRPC and in frames (`Vllm.Bridge`, Carriers);
    nil if it takes no frames
  * `far_endpoint`: where it takes calls from clients that reach its host, over TLS; nil for a rank on the
    server's host
  * `exit`: how it ended; nil while it lives
  * `doing`: for people, "idle" or what it does and for how long, e.g. "waits in all_reduce on tp:0 for
    rank 1, for 3.2 s, nothing sent yet"
  * `activity`: the same in parts: `kind` (`:starting`, `:idle`, `:running` a call that passes no gate,
    `:at_gate`, `:inside` one that was let through, `:silent`, `:ended`), the `sentence` without the time, `for_s`, and of a call `method`,
    `session_id`, `call_id`, `group`, `operation`, `parts` and `overdue_s`; at the gate `waits_for`, the ranks
    that have not come, and `sequence`, the number of the call in its group
  * `coordinates`: its number along each dimension, `%{dp: 0, pp: 1, pcp: 0, tp: 0, dcp: 0, ep: 0}`; nil
    outside worlds
  * `memory`: in bytes, `resident`, `anonymous` (neither a file's nor shared memory), and of its device
    `device_allocated` and `device_reserved`; nil before its first heartbeat
  * `rates`: of its calls over the last ten seconds, `calls_per_s`, `errors_per_s`, `p50_s`, `p99_s`
  * `queued`, `sessions`, `objects`: calls that wait, and what it keeps, by its latest heartbeat, which
    is `heartbeat_age_s` seconds old
  * `local_rank`, `node`, `address`: its number among the ranks of its host, what that is called, and the
    address by which other hosts reach it
  * `launcher`: what started it, `"mp"`, `"ray"` or `"external_launcher"`
  * `restarts`: how often this rank was replaced
  """
  @type t :: %__MODULE__{
          rank: non_neg_integer(),
          local_rank: non_neg_integer(),
          pid: non_neg_integer(),
          node: String.t(),
          state: :starting | :ready | :dead | :overdue | :unresponsive | atom() | integer(),
          session_id: String.t(),
          endpoint: String.t(),
          frames_endpoint: String.t() | nil,
          far_endpoint: String.t() | nil,
          exit: String.t() | nil,
          pool_name: String.t(),
          rank_id: String.t(),
          doing: String.t(),
          address: String.t(),
          launcher: String.t(),
          heartbeat_age_s: float(),
          coordinates: %{atom() => non_neg_integer()} | nil,
          activity:
            %{kind: atom() | integer(), sentence: String.t(), for_s: float()} | map() | nil,
          memory: %{atom() => non_neg_integer()} | nil,
          rates: %{atom() => float()} | nil,
          queued: non_neg_integer(),
          sessions: non_neg_integer(),
          objects: non_neg_integer(),
          restarts: non_neg_integer()
        }

  defimpl Inspect do
    import Vllm.OneLine

    def inspect(rank, _opts) do
      node = labelled(" on ", rank.node)
      what = labelled(", ", rank.exit || rank.doing)

      "#Vllm.World.Rank<#{text(rank.rank)} (pid #{text(rank.pid)}#{node}), #{text(rank.state)}#{what}>"
    end
  end
end

defmodule Vllm.World.Info do
  @moduledoc since: "0.1.0"
  @moduledoc "State of a world and its ranks, from `Vllm.World.info/1`."

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Error
  alias Vllm.World.Rank

  defstruct [
    :id,
    :epoch,
    :state,
    :world_size,
    :tensor_parallel_size,
    :pipeline_parallel_size,
    :data_parallel_size,
    :prefill_context_parallel_size,
    :decode_context_parallel_size,
    :backend,
    :failure,
    :gate,
    :concurrent,
    :on_failure,
    :spare_ranks,
    :distributed_executor_backend,
    :nnodes,
    :generation,
    :pool_name,
    :run,
    runs_waiting: 0,
    ranks: []
  ]

  @typedoc """
  * `state` is `:degraded` while some ranks are dead and the others live on (`on_failure: :keep`)
  * `failure` says why a world failed, or how the rank died that it lost last, and is nil otherwise
  * `gate` is whether its collectives pass the gate, `concurrent` whether its runs take no turns
  * `distributed_executor_backend` is what starts its ranks; `nnodes` on how many hosts they were asked to be,
    or nil
  * `generation` is how often its ranks have changed in this epoch (`Vllm.World.resize/2`)
  * `run` is the run whose turn it is, or nil: the number of its turn, who holds it (for people) and for
    how many seconds; `runs_waiting` is how many wait for theirs
  """
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          state: :starting | :ready | :degraded | :failed | :stopped | atom() | integer(),
          world_size: pos_integer(),
          tensor_parallel_size: pos_integer(),
          pipeline_parallel_size: pos_integer(),
          data_parallel_size: pos_integer(),
          prefill_context_parallel_size: pos_integer(),
          decode_context_parallel_size: pos_integer(),
          backend: String.t(),
          failure: String.t() | nil,
          gate: boolean(),
          concurrent: boolean(),
          on_failure: :fail | :keep | atom() | integer(),
          spare_ranks: non_neg_integer(),
          distributed_executor_backend: String.t(),
          nnodes: pos_integer() | nil,
          generation: non_neg_integer(),
          pool_name: String.t(),
          run: %{number: pos_integer(), holder: String.t(), held_s: float()} | nil,
          runs_waiting: non_neg_integer(),
          ranks: [Rank.t()]
        }

  @states %{
    world_starting: :starting,
    world_ready: :ready,
    world_degraded: :degraded,
    world_failed: :failed,
    world_stopped: :stopped
  }

  @kinds %{
    activity_starting: :starting,
    activity_idle: :idle,
    activity_running: :running,
    activity_at_gate: :at_gate,
    activity_inside: :inside,
    activity_silent: :silent,
    activity_ended: :ended
  }

  @on_failure %{on_failure_fail: :fail, on_failure_keep: :keep}

  @doc false
  @spec on_failure(:fail | :keep) :: :on_failure_fail | :on_failure_keep
  def on_failure(:fail), do: :on_failure_fail
  def on_failure(:keep), do: :on_failure_keep

  @doc false
  @spec ask(String.t(), atom()) :: {:ok, t()} | {:error, Error.t()}
  def ask(id, bridge) do
    with {:ok, config} <- Connections.config(bridge),
         request = %V1.GetWorldRequest{world_id: id},
         {:ok, message} <- PoolClient.call(config, "GetWorld", request, V1.World),
         do: {:ok, from_message(message)}
  end

  @doc false
  @spec from_message(struct()) :: t()
  def from_message(%V1.World{} = message) do
    fields = message |> Map.from_struct() |> Map.take(Map.keys(%__MODULE__{}))

    struct!(%__MODULE__{id: message.world_id}, %{
      fields
      | state: Map.get(@states, message.state, message.state),
        on_failure: Map.get(@on_failure, message.on_failure, message.on_failure),
        failure: present(message.failure),
        nnodes: if(message.nnodes > 0, do: message.nnodes),
        run: message.run && Map.take(message.run, [:number, :holder, :held_s]),
        ranks: Enum.map(message.ranks, &rank/1)
    })
  end

  @doc false
  @spec rank(struct()) :: Rank.t()
  def rank(%V1.RankInfo{} = message) do
    fields = message |> Map.from_struct() |> Map.take(Map.keys(%Rank{}))

    struct!(Rank, %{
      fields
      | exit: present(message.exit),
        frames_endpoint: present(message.frames_endpoint),
        far_endpoint: present(message.far_endpoint),
        coordinates: plain(message.coordinates),
        activity: activity(message.activity),
        memory: plain(message.memory),
        rates: plain(message.rates)
    })
  end

  defp activity(nil), do: nil

  defp activity(%V1.Activity{} = message) do
    kind = Map.get(@kinds, message.kind, message.kind)
    %{message | kind: kind} |> Map.from_struct() |> Map.delete(:since)
  end

  defp plain(nil), do: nil
  defp plain(message), do: Map.from_struct(message)

  defp present(""), do: nil
  defp present(text), do: text

  defimpl Inspect do
    import Vllm.OneLine

    def inspect(info, _opts) do
      sizes =
        for {name, key} <- [
              {"tp", :tensor_parallel_size},
              {"pp", :pipeline_parallel_size},
              {"dp", :data_parallel_size},
              {"pcp", :prefill_context_parallel_size},
              {"dcp", :decode_context_parallel_size}
            ],
            size = Map.fetch!(info, key),
            size not in [nil, 1],
            do: ", #{name} #{text(size)}"

      "#Vllm.World.Info<#{text(info.id)} (epoch #{text(info.epoch)}), #{text(info.world_size)} ranks#{sizes}, " <>
        "#{text(info.state)}#{labelled(": ", info.failure)}>"
    end
  end
end
