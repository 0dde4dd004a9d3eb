defmodule Vllm.KVEvents.BlockStored do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Blocks of tokens are in the cache, each the continuation of the one before. An event of
  `Vllm.KVEvents.EventBatch`; the fields are vLLM's. Those that the publisher does not know are nil.

    * `block_hashes`: what the blocks are known by, in their order: integers below 2^64, or binaries
    * `parent_block_hash`: the block that the first one continues; nil where it begins a sequence
    * `token_ids`: the tokens of all blocks, one after the other
    * `block_size`: tokens in a block
    * `lora_id`: number of the adapter; `lora_name` is what counts
    * `medium`: where the blocks are: `"GPU"`, `"CPU"`, `"STORAGE"`
    * `lora_name`: the adapter that the blocks were computed with
    * `extra_keys`: what else went into each block's hash: nil or a list, for each block
    * `group_idx`: the group of layers, in models with several kinds of them
    * `kv_cache_spec_kind`, `kv_cache_spec_sliding_window`: that group's kind of attention, and its window in tokens
    * `locality`: `"LOCAL"` or `"REMOTE"`, seen from the publisher
    * `ownership`: the second tier that has the blocks, where one told of them
    * `session_id`: the session whose request led to the event
    * `lookahead_token_ids`: tokens after each block that went into its hash, a list for each block
  """

  @enforce_keys [:block_hashes, :token_ids, :block_size]
  defstruct [
    :block_hashes,
    :parent_block_hash,
    :token_ids,
    :block_size,
    :lora_id,
    :medium,
    :lora_name,
    :extra_keys,
    :group_idx,
    :kv_cache_spec_kind,
    :kv_cache_spec_sliding_window,
    :locality,
    :ownership,
    :session_id,
    :lookahead_token_ids
  ]

  @type t :: %__MODULE__{
          block_hashes: [Vllm.KVEvents.block_hash()],
          parent_block_hash: Vllm.KVEvents.block_hash() | nil,
          token_ids: [integer()],
          block_size: integer(),
          lora_id: integer() | nil,
          medium: String.t() | nil,
          lora_name: String.t() | nil,
          extra_keys: [[term()] | nil] | nil,
          group_idx: integer() | nil,
          kv_cache_spec_kind: String.t() | nil,
          kv_cache_spec_sliding_window: integer() | nil,
          locality: String.t() | nil,
          ownership: String.t() | nil,
          session_id: String.t() | nil,
          lookahead_token_ids: [[integer()]] | nil
        }
end
