defmodule Vllm.KVEvents.EventBatch do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Events of a KV cache that happened together, as `Vllm.KVEvents.subscribe/2` delivers them.

    * `ts`: when, in seconds since 1970 by the publisher's clock
    * `events`: in their order
    * `data_parallel_rank`: whose cache it is; nil where the publisher does not say
    * `unknown_events`: how many of its events are of a kind that this version does not know; these are left out

  And, of a batch that was received (of one that `Vllm.KVEvents.decode/1` has read they are nil):

    * `sequence`: its number at the publisher, from 0
    * `topic`: what it was published under
    * `endpoint`: the publisher
    * `replayed`: whether it was missed and asked for
  """

  alias Vllm.KVEvents.{AllBlocksCleared, BlockRemoved, BlockStored}

  @enforce_keys [:ts, :events]
  defstruct [
    :ts,
    :events,
    :data_parallel_rank,
    :sequence,
    :topic,
    :endpoint,
    replayed: false,
    unknown_events: 0
  ]

  @type t :: %__MODULE__{
          ts: float() | :nan | :infinity | :neg_infinity,
          events: [BlockStored.t() | BlockRemoved.t() | AllBlocksCleared.t()],
          data_parallel_rank: integer() | nil,
          sequence: non_neg_integer() | nil,
          topic: binary() | nil,
          endpoint: String.t() | nil,
          replayed: boolean(),
          unknown_events: non_neg_integer()
        }
end
