defmodule Vllm.Event do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A change of a world, a rank or a session, as `Vllm.Bridge.subscribe/1` delivers it.

    * `sequence`: number of the event at the server; gaps are events that the subscription left out.
    * `at`: when it happened, by the server's clock.
    * `kind`: `:world`, `:rank` or `:session`; the field of that name has the new state, and the other two
      are nil.
    * `world_id`: the world it belongs to; nil for ranks and sessions outside any. `epoch`: its epoch.
    * `ended`: of a session, why it ended; nil when it was opened.
  """

  alias Vllm.Bridge.V1
  alias Vllm.Google.Protobuf.Timestamp
  alias Vllm.{Session, World}

  @enforce_keys [:kind]
  defstruct [:sequence, :at, :kind, :world_id, :epoch, :world, :rank, :session, :ended]

  @type t :: %__MODULE__{
          sequence: non_neg_integer(),
          at: DateTime.t() | nil,
          kind: :world | :rank | :session,
          world_id: String.t() | nil,
          epoch: non_neg_integer() | nil,
          world: World.Info.t() | nil,
          rank: World.Rank.t() | nil,
          session: Session.t() | nil,
          ended: String.t() | nil
        }

  @doc false
  @spec from_message(V1.Event.t(), atom()) :: {:ok, t()} | {:error, String.t()}
  def from_message(%V1.Event{} = message, bridge) do
    with {:ok, event} <- change(message, bridge),
         do: {:ok, %{event | sequence: message.sequence, at: time(message.at)}}
  end

  defp change(%{world: %V1.World{} = world}, _bridge) do
    info = World.Info.from_message(world)

    {:ok, %__MODULE__{kind: :world, world: info, world_id: info.id, epoch: info.epoch}}
  end

  defp change(%{rank: %V1.RankEvent{rank: %V1.RankInfo{} = rank} = event}, _bridge) do
    rank = World.Info.rank(rank)
    world_id = present(event.world_id)

    {:ok,
     %__MODULE__{kind: :rank, rank: rank, world_id: world_id, epoch: world_id && event.epoch}}
  end

  defp change(%{session: %V1.SessionEvent{session: %V1.Session{} = session} = event}, bridge) do
    session = Session.from_message(session, bridge)
    world_id = present(session.world_id)

    {:ok,
     %__MODULE__{
       kind: :session,
       session: session,
       world_id: world_id,
       epoch: world_id && session.epoch,
       ended: present(event.ended)
     }}
  end

  defp change(_message, _bridge), do: {:error, "an event of nothing that this client knows"}

  defp time(%Timestamp{seconds: seconds, nanos: nanos}) do
    case DateTime.from_unix(seconds * 1_000_000 + div(nanos, 1_000), :microsecond) do
      {:ok, time} -> time
      {:error, _out_of_range} -> nil
    end
  end

  defp time(nil), do: nil

  defp present(""), do: nil
  defp present(text), do: text

  defimpl Inspect do
    import Vllm.OneLine

    def inspect(event, _opts) do
      at = if is_struct(event.at, DateTime), do: " at #{DateTime.to_iso8601(event.at)}"

      what =
        Kernel.inspect(event.world || event.rank || event.session, limit: 5, printable_limit: 100)

      ended = labelled(", ended: ", event.ended)
      "#Vllm.Event<#{text(event.sequence)} #{text(event.kind)}#{at}: #{text(what, 300)}#{ended}>"
    end
  end
end
