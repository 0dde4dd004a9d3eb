defmodule Vllm.WorldWeightsTest do
  # Other weights for a model of the ranks, on all of them or on none.
  use ExUnit.Case, async: true

  alias Vllm.{Error, Tensor, World}

  setup_all do
    {:ok, world} = World.start(tensor_parallel_size: 2)
    on_exit(fn -> World.stop(world.id) end)

    # A matrix of 4 x 3, of which each rank has two rows, and a bias that both have whole.
    :ok = World.put(world, :linear, fn _rank -> Vllm.call("torch.nn.Linear", [3, 2]) end)
    %{world: world}
  end

  defp weights(world) do
    World.run!(world, fn _rank ->
      state = Vllm.call!({:named, :linear}, "state_dict", [])
      {Tensor.to_list(state["weight"]), Tensor.to_list(state["bias"])}
    end)
  end

  defp t(list), do: Tensor.new(list)

  test "each rank takes its part, the caller is told, and versions count up", %{world: world} do
    whole = for row <- 0..3, do: for(column <- 0..2, do: row * 10.0 + column)
    source = %{"weight" => t(whole), "bias" => t([0.5, 1.5])}
    caller = self()

    assert World.load_weights(world, source, model: :linear, on_progress: &send(caller, &1)) ==
             {:ok, 1}

    assert weights(world) == [
             {Enum.take(whole, 2), [0.5, 1.5]},
             {Enum.drop(whole, 2), [0.5, 1.5]}
           ]

    for rank <- 0..1 do
      assert_received %{rank: ^rank, name: first, done: less, total: 56} when less < 56
      assert_received %{rank: ^rank, name: second, done: 56, total: 56} when second != first
    end

    # Each rank's own shape will do as well.
    own = [{"bias", t([1.0, 2.0])}, {"weight", t([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])}]
    assert World.load_weights!(world, own, model: "linear") == 2
    assert [same, same] = weights(world)
  end

  test "what does not fit is named, and nothing changes anywhere", %{world: world} do
    before = weights(world)
    weight = t([[9.0, 9.0, 9.0], [9.0, 9.0, 9.0]])

    for {source, says} <- [
          {%{"weight" => weight}, "has no new weights for bias"},
          {%{"weight" => weight, "bias" => t([1.0])}, "'bias' has the shape [2] on this rank"},
          {%{"weight" => weight, "scale" => t([1.0])}, "no parameter or buffer 'scale'"},
          {%{"weight" => Tensor.new([[1, 2, 3]])}, "'weight' is torch.float32"}
        ] do
      assert {:error, %Error{message: message}} =
               World.load_weights(world, source, model: :linear)

      assert message =~ says
      assert weights(world) == before
    end

    for {source, says} <- [
          {%{}, "is empty"},
          {%{"weight" => 1}, "is no name with a Vllm.Tensor"},
          {:weights, "a map or a list"}
        ] do
      assert {:error, %Error{reason: "invalid_argument", message: message}} =
               World.load_weights(world, source, model: :linear)

      assert message =~ says
    end

    assert {:error, %Error{reason: "invalid_option"}} =
             World.load_weights(world, %{"weight" => weight}, [])

    assert {:error, %Error{message: message}} =
             World.load_weights(world, %{"weight" => weight}, model: :unheard_of)

    assert message =~ "unheard_of"
  end

  test "a rank that dies before all have them leaves the old weights on the others" do
    {:ok, world} = World.start(tensor_parallel_size: 2, on_failure: :keep)
    :ok = World.put(world, :linear, fn _rank -> Vllm.call("torch.nn.Linear", [1, 1]) end)
    session = World.session!(world, 0)

    bias = fn ->
      Vllm.Session.with_session(session, fn ->
        state = Vllm.call!({:named, :linear}, "state_dict", [])
        Tensor.to_list(state["bias"])
      end)
    end

    before = bias.()
    victim = Enum.at(World.info!(world).ranks, 1).pid

    # It has got the first tensor, and never gets to the end.
    kill = fn
      %{rank: 1, name: "bias"} -> System.cmd("kill", ["-9", "#{victim}"])
      _progress -> :ok
    end

    # So large that it takes a while.
    source = [{"bias", t([1.0])} | for(n <- 1..200, do: {"weight", t([[n / 1]])})]
    outcome = World.load_weights(world, source, model: :linear, on_progress: kill)
    assert {:error, %Error{}} = outcome
    assert bias.() == before
    World.stop(world.id)
  end
end
