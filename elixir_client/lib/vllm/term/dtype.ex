defmodule Vllm.DType do
  @moduledoc since: "0.1.0"
  @moduledoc """
  An element type as a value of its own, where an atom or a string would do as well.

      {:ok, tensor} = Vllm.call("torch.arange", [6], dtype: %Vllm.DType{name: :f32})

  `name` is what `Vllm.Tensor.DType.parse/1` takes: a name of Nx or torch, or a type of Nx.
  """

  @enforce_keys [:name]
  defstruct [:name]

  @type t :: %__MODULE__{name: atom() | String.t() | {atom(), pos_integer()}}
end
