Code.require_file("../../support_terms/vectors.exs", __DIR__)

defmodule Vllm.TermVectorsTest do
  # The bytes of terms that pytest reads too.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.V1
  alias Vllm.Term
  alias Vllm.Test.Vectors

  @vectors Vectors.load("terms.json")

  test "every value decodes" do
    for vector <- @vectors["values"] do
      assert {:ok, value} = Term.decode(Vectors.message(vector)), vector["name"]
      expected = Vectors.received(vector["value"], vector)
      assert Vectors.same?(value, expected), "#{vector["name"]}: #{inspect(value, limit: 5)}"
    end
  end

  test "every value of Elixir encodes as in Python" do
    made = Enum.filter(@vectors["values"], &("elixir" in &1["made_by"]))
    assert length(made) > 100

    for vector <- made do
      assert {:ok, term} = Term.encode(Vectors.sent(vector["value"], vector)), vector["name"]
      assert term == Vectors.message(vector), vector["name"]
    end
  end

  test "what is no term is refused with the words of Python" do
    refused = Enum.filter(@vectors["refused"], &("elixir" in &1["by"]))
    assert length(refused) > 100

    for vector <- refused do
      term = %V1.Term{msgpack: Vectors.unhex(vector["hex"])}
      assert {:error, %Vllm.Error{message: message}} = Term.decode(term), vector["name"]
      assert message =~ vector["says"], "#{vector["name"]}: #{message}"
    end
  end

  test "Python makes no atoms" do
    name = "no_atom_yet_#{System.unique_integer([:positive])}"
    packed = IO.iodata_to_binary([0xC7, byte_size(name), 2, name])
    assert Term.decode(%V1.Term{msgpack: packed}) == {:ok, name}
    assert_raise ArgumentError, fn -> String.to_existing_atom(name) end
  end
end
