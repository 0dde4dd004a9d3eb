defmodule Vllm.KVEvents.AllBlocksCleared do
  @moduledoc since: "0.1.0"
  @moduledoc "Nothing is in the cache any more."

  defstruct []

  @type t :: %__MODULE__{}
end
