defmodule Vllm.InheritedTest do
  # Processes that work for another one have its session, its contexts and its defaults.
  use ExUnit.Case, async: true

  alias Vllm.{Distributed, Runtime, Session, Tensor, World}

  setup_all do
    %{world: World.start!(tensor_parallel_size: 2)}
  end

  test "tasks within a run make calls of it, with objects of its rank", %{world: world} do
    {:ok, results} =
      World.run(world, fn rank ->
        kept = Vllm.call!("torch.ones", [[2]], __runtime__: [tensors: :ref])

        doubled =
          Task.async(fn ->
            {Session.current().rank, Vllm.call!("torch.add", [kept, kept])}
          end)

        sums =
          [1, 2]
          |> Task.async_stream(fn n -> Distributed.divide!(n * 4, 2) end)
          |> Enum.map(fn {:ok, sum} -> sum end)

        # Collectives too: the other rank's task makes the same.
        total =
          Task.async(fn ->
            Distributed.tensor_model_parallel_all_reduce!(Tensor.new([rank + 1.0]))
          end)

        {Task.await(doubled), sums, Tensor.to_list(Task.await(total))}
      end)

    for {{{rank, doubled}, sums, total}, index} <- Enum.with_index(results) do
      assert {rank, Tensor.to_list(doubled), sums, total} == {index, [2.0, 2.0], [2, 4], [3.0]}
    end
  end

  test "a session of its own goes first, and what has ended is nobody's", %{world: world} do
    [first, second] = world.sessions

    Session.with_session(first, fn ->
      assert Session.current() == first
      assert Task.await(Task.async(&Session.current/0)) == first
      # Tasks of tasks.
      assert Task.await(Task.async(fn -> Task.await(Task.async(&Session.current/0)) end)) == first

      own = fn -> Session.with_session(second, fn -> Session.current() end) end
      assert Task.await(Task.async(own)) == second

      # No process of ours: it was not started for this one.
      parent = self()
      spawn(fn -> send(parent, {:current, Session.current()}) end)
      assert_receive {:current, nil}
    end)

    assert Task.await(Task.async(&Session.current/0)) == nil
  end

  test "defaults of the process hold in its tasks" do
    Runtime.with_defaults([timeout: 4_321], fn ->
      assert Task.await(Task.async(&Runtime.defaults/0)).timeout == 4_321
      inner = fn -> Runtime.with_defaults([timeout: 7], &Runtime.defaults/0).timeout end
      assert Task.await(Task.async(inner)) == 7
      assert Runtime.defaults().timeout == 4_321
    end)

    assert Task.await(Task.async(&Runtime.defaults/0)).timeout == nil
  end

  test "world, info, session, rank and event are a line each", %{world: world} do
    {:ok, info} = World.info(world)
    assert inspect(info) == "#Vllm.World.Info<#{world.id} (epoch 1), 2 ranks, tp 2, ready>"

    assert inspect(hd(world.sessions)) =~
             ~r/^#Vllm.Session<\S+, strict_queue, rank 0 of \S+ \(epoch 1\)>$/

    assert inspect(hd(info.ranks)) =~ ~r/^#Vllm.World.Rank<0 \(pid \d+ on \S+\), ready, .*>$/
    event = %Vllm.Event{kind: :world, sequence: 3, world: info, at: ~U[2026-01-01 00:00:00Z]}
    assert inspect(event) =~ "#Vllm.Event<3 world at 2026-01-01T00:00:00Z: #Vllm.World.Info<"
    for value <- [info, world, event], do: refute(inspect(value) =~ "\n")
    assert inspect(world) =~ ~r/^#Vllm.World<#{world.id} \(epoch 1\), 2 ranks>$/
  end
end
