# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.ProcessGroup do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  A torch process group that stays in its rank: its handle and its facts.
  """

  alias Vllm.Ref

  defstruct [:ref, :unique_name, :ranks, :rank_in_group, :world_size, :backend]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          unique_name: String.t(),
          ranks: [non_neg_integer()],
          rank_in_group: non_neg_integer(),
          world_size: pos_integer(),
          backend: String.t()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

end
