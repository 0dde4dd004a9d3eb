defmodule Vllm.Ref do
  @moduledoc """
  An object that stays in the rank that made it.

  It belongs to a session and lives as long as that session, unless `Vllm.release/1` frees it
  earlier. Pass it to any function of the same session; calls that take one are routed to its session
  by themselves. Using it in another session, or after its world was restarted, is an error.
  """

  @enforce_keys [:id, :session_id]
  defstruct [:id, :session_id, epoch: 0, type_name: ""]

  @type t :: %__MODULE__{
          id: String.t(),
          session_id: String.t(),
          epoch: non_neg_integer(),
          type_name: String.t()
        }

  alias Vllm.Bridge.V1

  @doc false
  @spec to_message(t()) :: struct()
  def to_message(%__MODULE__{} = ref) do
    %V1.Ref{
      id: ref.id,
      session_id: ref.session_id,
      epoch: ref.epoch,
      type_name: ref.type_name
    }
  end

  @doc false
  @spec from_message(struct() | nil) :: t() | nil
  def from_message(nil), do: nil

  def from_message(%V1.Ref{} = ref) do
    %__MODULE__{
      id: ref.id,
      session_id: ref.session_id,
      epoch: ref.epoch,
      type_name: ref.type_name
    }
  end

  defimpl Inspect do
    def inspect(ref, _opts), do: "#Vllm.Ref<#{ref.type_name} #{ref.id} of #{ref.session_id}>"
  end
end
