defmodule Vllm.KVEvents.BlockRemoved do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Blocks are no longer in the cache. The fields are those of `Vllm.KVEvents.BlockStored`.
  """

  @enforce_keys [:block_hashes]
  defstruct [:block_hashes, :medium, :group_idx, :locality, :ownership]

  @type t :: %__MODULE__{
          block_hashes: [Vllm.KVEvents.block_hash()],
          medium: String.t() | nil,
          group_idx: integer() | nil,
          locality: String.t() | nil,
          ownership: String.t() | nil
        }
end
