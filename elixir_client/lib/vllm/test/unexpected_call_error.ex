defmodule Vllm.Test.UnexpectedCallError do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A call on an in-memory bridge that no test has stubbed. The message shows how to stub it.
  """

  alias Vllm.Test.Specs

  defexception [:name, :arguments, :example]

  @type t :: %__MODULE__{
          name: Specs.name(),
          arguments: [term()],
          example: String.t()
        }

  @impl Exception
  @spec message(t()) :: String.t()
  def message(%__MODULE__{} = error) do
    variables = Enum.map_join(1..length(error.arguments)//1, ", ", &"_arg#{&1}")

    """
    #{Specs.title(error.name)} was called with #{Specs.shown(error.arguments)}, and nothing says what it \
    returns. Stub it in the test:

        #{stub(error.name)} fn #{variables} -> #{error.example} end)

    Stubs count for the process that makes them, its Tasks and the ranks of its Vllm.World.run. Another \
    process, here #{inspect(self())}, gets them with Vllm.Test.allow(pid), or Vllm.Test.allow(:all).
    """
  end

  defp stub({:name, dotted}), do: "Vllm.Test.stub(#{inspect(dotted)},"

  defp stub({module, function}),
    do: "Vllm.Test.stub(#{inspect(module)}, #{inspect(function)},"
end
