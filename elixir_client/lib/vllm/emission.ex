defmodule Vllm.Emission do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A value that Python code in a rank has emitted with `vllm_bridge.emit(topic, value)`, as
  `Vllm.World.subscribe/3` delivers it.

    * `topic`, `value`: as they were emitted
    * `rank`, `world_id`: where; nil for a rank outside any world
    * `session_id`, `call_id`: of the call that ran
    * `sequence`: number of the emission among all of its rank
    * `dropped`: how many emissions before this one the subscriber has missed because it read too slowly
  """

  alias Vllm.Bridge.V1
  alias Vllm.Term

  @enforce_keys [:topic]
  defstruct [:topic, :value, :rank, :world_id, :session_id, :call_id, :sequence, dropped: 0]

  @type t :: %__MODULE__{
          topic: String.t(),
          value: term(),
          rank: non_neg_integer() | nil,
          world_id: String.t() | nil,
          session_id: String.t(),
          call_id: String.t(),
          sequence: pos_integer(),
          dropped: non_neg_integer()
        }

  @doc false
  @spec from_message(V1.Emission.t(), atom()) :: {:ok, t()} | {:error, term()}
  def from_message(%V1.Emission{} = message, _bridge) do
    with {:ok, value} <- Term.unpack(message.value || %V1.Term{}) do
      fields = message |> Map.from_struct() |> Map.take(Map.keys(%__MODULE__{topic: ""}))
      world_id = if message.world_id == "", do: nil, else: message.world_id
      {:ok, struct!(__MODULE__, %{fields | value: value} |> Map.put(:world_id, world_id))}
    end
  end
end
