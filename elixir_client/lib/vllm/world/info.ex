defmodule Vllm.World.Rank do
  @moduledoc "One rank of a world, as `Vllm.World.info/1` shows it."

  defstruct [:rank, :local_rank, :pid, :node, :state, :session_id, :endpoint, :exit]

  @typedoc "`exit` says how it ended, and is nil while it lives."
  @type t :: %__MODULE__{
          rank: non_neg_integer(),
          local_rank: non_neg_integer(),
          pid: non_neg_integer(),
          node: String.t(),
          state: :starting | :ready | :dead | atom() | integer(),
          session_id: String.t(),
          endpoint: String.t(),
          exit: String.t() | nil
        }
end

defmodule Vllm.World.Info do
  @moduledoc "State of a world and its ranks, from `Vllm.World.info/1`."

  alias Vllm.Bridge.V1
  alias Vllm.World.Rank

  defstruct [
    :world_id,
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
    ranks: []
  ]

  @typedoc "`failure` says why a world failed, and is nil otherwise."
  @type t :: %__MODULE__{
          world_id: String.t(),
          epoch: non_neg_integer(),
          state: :starting | :ready | :failed | :stopped | atom() | integer(),
          world_size: pos_integer(),
          tensor_parallel_size: pos_integer(),
          pipeline_parallel_size: pos_integer(),
          data_parallel_size: pos_integer(),
          prefill_context_parallel_size: pos_integer(),
          decode_context_parallel_size: pos_integer(),
          backend: String.t(),
          failure: String.t() | nil,
          ranks: [Rank.t()]
        }

  @states %{
    world_starting: :starting,
    world_ready: :ready,
    world_failed: :failed,
    world_stopped: :stopped
  }

  @doc false
  @spec from_message(struct()) :: t()
  def from_message(%V1.World{} = message) do
    fields = message |> Map.from_struct() |> Map.take(Map.keys(%__MODULE__{}))

    struct!(__MODULE__, %{
      fields
      | state: Map.get(@states, message.state, message.state),
        failure: present(message.failure),
        ranks: Enum.map(message.ranks, &rank/1)
    })
  end

  defp rank(%V1.RankInfo{} = message) do
    fields = Map.from_struct(message)
    struct!(Rank, %{fields | exit: present(message.exit)})
  end

  defp present(""), do: nil
  defp present(text), do: text
end
