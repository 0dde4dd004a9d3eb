defmodule Vllm.Tensor.NxTest do
  use ExUnit.Case, async: true

  alias Vllm.{Tensor, Term}

  @script Path.expand("../../support_terms/nx.exs", __DIR__)

  @tag timeout: 60_000
  test "with Nx loaded" do
    code = Mix.Project.compile_path()
    {output, status} = System.cmd("elixir", ["-pa", code, @script], stderr_to_stdout: true)
    assert status == 0, output
    assert output =~ "0 failures"
  end

  test "without Nx, the error says what to add" do
    assert_raise Vllm.Error, ~r/Nx is not loaded; add {:nx/, fn ->
      Tensor.to_nx!(Tensor.new([1]))
    end

    nx = %{__struct__: Nx.Tensor, type: {:u, 8}, shape: {1}, names: [nil], data: <<1>>}
    assert_raise Vllm.Error, ~r/Nx is not loaded/, fn -> Tensor.from_nx!(nx) end
    assert {:error, error} = Term.encode([nx])
    assert error.message =~ "Nx is not loaded"
  end
end
