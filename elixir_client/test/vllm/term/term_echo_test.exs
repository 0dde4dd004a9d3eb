Code.require_file("../../support_terms/generator.exs", __DIR__)
Code.require_file("../../support_terms/vectors.exs", __DIR__)

defmodule Vllm.TermEchoTest do
  # Terms through a real rank: Elixir to Python and back.
  use ExUnit.Case, async: true

  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.Test.{Generator, Vectors}
  alias Vllm.{Tensor, World}

  @moduletag timeout: 60_000

  setup_all do
    {:ok, world} = World.start([])
    on_exit(fn -> World.stop(world) end)
    %{world: world}
  end

  defp echo(world, values) do
    [back] =
      World.run!(world, fn _rank ->
        group = Vllm.Distributed.get_world_group!()
        GroupCoordinator.broadcast_object!(group, values)
      end)

    back
  end

  test "4,000 random terms", %{world: world} do
    seed = :erlang.unique_integer([:positive]) + System.os_time()
    IO.puts("term echo: seed #{seed}")
    :rand.seed(:exsss, seed)

    for _call <- 1..4 do
      terms = for _ <- 1..1_000, do: Generator.term(5)
      back = echo(world, terms)
      assert length(back) == length(terms)

      for {sent, received} <- Enum.zip(terms, back) do
        assert Vectors.same?(received, Generator.back(sent)), """
        seed #{seed}
        sent     #{inspect(sent, limit: :infinity)}
        received #{inspect(received, limit: :infinity)}
        """
      end
    end
  end

  test "every vector that Elixir makes", %{world: world} do
    # A rank looks refs up, and the deepest terms are not deeper than they may be.
    vectors =
      Enum.filter(Vectors.load("terms.json")["values"], fn vector ->
        "elixir" in vector["made_by"] and not (vector["name"] =~ ~r/^ref|^128/)
      end)

    assert length(vectors) > 100
    back = echo(world, Enum.map(vectors, &Vectors.sent(&1["value"], &1)))

    for {vector, received} <- Enum.zip(vectors, back) do
      expected = Vectors.received(vector["value"], vector)
      assert Vectors.same?(received, expected), vector["name"]
    end
  end

  test "elements of every dtype, bit by bit", %{world: world} do
    tensors =
      for vector <- Vectors.load("elements.json")["elements"] do
        shape = {1, length(vector["values"])}
        Tensor.from_binary!(Vectors.unhex(vector["hex"]), vector["dtype"], shape)
      end

    assert length(tensors) == length(Tensor.DType.names())
    assert echo(world, tensors) == tensors
  end

  test "as deep as may be", %{world: world} do
    for nested <- [&[&1], &{&1}, &%{"k" => &1}, &%{1 => &1}] do
      deepest = Enum.reduce(1..128, nil, fn _level, inner -> nested.(inner) end)
      assert echo(world, deepest) === deepest
    end
  end

  test "what is one key in Python is refused there", %{world: world} do
    [result] =
      World.run!(world, fn _rank ->
        group = Vllm.Distributed.get_world_group!()
        GroupCoordinator.broadcast_object(group, %{1 => "int", 1.0 => "float"})
      end)

    assert {:error, %Vllm.Error{category: :validation, reason: "bad_term"} = error} = result
    assert error.message =~ "same key twice"
  end
end
