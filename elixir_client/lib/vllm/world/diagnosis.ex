defmodule Vllm.World.Call do
  @moduledoc since: "0.1.0"
  @moduledoc "One call as a rank remembers it, in `Vllm.World.Diagnosis`."

  alias Vllm.Bridge.V1

  @times [:queued_s, :running_s, :at_gate_s, :gated_s, :ended_s, :overdue_s]

  defstruct [:call_id, :session_id, :method, :state, :group, :operation, :parts, :sequence] ++
              @times

  @typedoc """
  * `state`: `:queued`, `:running`, `:finished` or `:withdrawn`
  * `group`, `operation`, `parts`: of a collective or point-to-point call, what goes through the gate;
    nil otherwise
  * `queued_s` ...: seconds since it was queued, started, waited at the gate, passed the gate, ended, and
    since its deadline passed while it runs; 0 if that did not happen
  * `sequence`: its number among all calls of the rank
  """
  @type t :: %__MODULE__{
          call_id: String.t(),
          session_id: String.t(),
          method: String.t(),
          state: :queued | :running | :finished | :withdrawn | atom() | integer(),
          group: String.t() | nil,
          operation: String.t() | nil,
          parts: String.t() | nil,
          queued_s: float(),
          running_s: float(),
          at_gate_s: float(),
          gated_s: float(),
          ended_s: float(),
          overdue_s: float(),
          sequence: non_neg_integer()
        }

  @doc false
  @spec from_message(struct()) :: t()
  def from_message(%V1.CallRecord{} = message) do
    fields = message |> Map.from_struct() |> Map.take(Map.keys(%__MODULE__{}))
    call = struct!(__MODULE__, fields)

    %{
      call
      | group: present(call.group),
        operation: present(call.operation),
        parts: present(call.parts)
    }
  end

  defp present(""), do: nil
  defp present(text), do: text
end

defmodule Vllm.World.RankReport do
  @moduledoc since: "0.1.0"
  @moduledoc "What one rank says about itself, in `Vllm.World.Diagnosis`."

  alias Vllm.Bridge.V1
  alias Vllm.World.Call

  @enforce_keys [:rank]
  defstruct [
    :rank,
    :pid,
    answered?: false,
    calls: [],
    ended: [],
    sessions: 0,
    objects: 0,
    stacks: []
  ]

  @typedoc """
  * `answered?`: whether the rank said anything; nothing but `rank` is known otherwise
  * `calls`: the running one first, then those that wait, in order; `ended`: the latest, newest first
  * `stacks`: Python stacks, `{thread, frames}` with the outermost frame first; only where asked for
  """
  @type t :: %__MODULE__{
          rank: non_neg_integer() | nil,
          pid: pos_integer() | nil,
          answered?: boolean(),
          calls: [Call.t()],
          ended: [Call.t()],
          sessions: non_neg_integer(),
          objects: non_neg_integer(),
          stacks: [{String.t(), [String.t()]}]
        }

  @doc false
  @spec from_message(struct()) :: t()
  def from_message(%V1.InspectResponse{pid: 0} = message), do: %__MODULE__{rank: message.rank}

  def from_message(%V1.InspectResponse{} = message) do
    %__MODULE__{
      rank: message.rank,
      pid: message.pid,
      answered?: true,
      calls: Enum.map(message.calls, &Call.from_message/1),
      ended: Enum.map(message.ended, &Call.from_message/1),
      sessions: message.sessions,
      objects: message.objects,
      stacks: Enum.map(message.stacks, &{&1.thread, &1.frames})
    }
  end
end

defmodule Vllm.World.Diagnosis do
  @moduledoc since: "0.1.0"
  @moduledoc """
  What every rank of a world does, and what that means, from `Vllm.World.diagnose/2`.

    * `text`: for people, what is waiting for what, then a line per rank.
    * `world`: the world as of then.
    * `ranks`: what each says about itself, in rank order.
  """

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Error
  alias Vllm.World.{Info, RankReport}

  @enforce_keys [:text, :world, :ranks]
  defstruct [:text, :world, :ranks]

  @type t :: %__MODULE__{text: String.t(), world: Info.t() | nil, ranks: [RankReport.t()]}

  @doc false
  @spec ask(String.t(), map()) :: {:ok, t()} | {:error, Error.t()}
  def ask(id, opts) do
    with {:ok, config} <- Connections.config(opts.bridge),
         request = %V1.DiagnoseRequest{world_id: id, with_stacks: opts.with_stacks},
         {:ok, message} <- PoolClient.call(config, "Diagnose", request, V1.Diagnosis),
         do: {:ok, from_message(message)}
  end

  @doc false
  @spec from_message(struct()) :: t()
  def from_message(%V1.Diagnosis{} = message) do
    %__MODULE__{
      text: message.text,
      world: message.world && Info.from_message(message.world),
      ranks: Enum.map(message.ranks, &RankReport.from_message/1)
    }
  end
end
