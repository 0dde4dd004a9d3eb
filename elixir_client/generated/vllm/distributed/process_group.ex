# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.ProcessGroup do
  @moduledoc ~S"""
  A torch process group that stays in its rank: its handle and its facts.
  """
  defstruct [:ref, :unique_name, :ranks, :rank_in_group, :world_size, :backend]

  @type t :: %__MODULE__{
          ref: Vllm.Ref.t(),
          unique_name: String.t(),
          ranks: [non_neg_integer()],
          rank_in_group: non_neg_integer(),
          world_size: pos_integer(),
          backend: String.t()
        }

end
