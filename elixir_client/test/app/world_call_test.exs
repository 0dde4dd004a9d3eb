defmodule Vllm.WorldCallTest do
  # Calls of whole worlds, slices and futures, on a bridge in memory; at the end on real ranks.
  use ExUnit.Case, async: true

  import Vllm.Test, only: [stub: 4]

  alias Vllm.{Distributed, Error, Session, Tensor, World}

  @bridge __MODULE__.Bridge

  setup do
    start_supervised!({Vllm.Bridge, name: @bridge, transport: Vllm.Bridge.Transport.Memory})

    {:ok, world} =
      World.start(
        bridge: @bridge,
        data_parallel_size: 2,
        pipeline_parallel_size: 2,
        tensor_parallel_size: 2
      )

    %{world: world}
  end

  defp python(name, answer), do: Vllm.Test.stub(name, answer, bridge: @bridge)
  defp rank, do: Session.current().rank

  describe "slice/2" do
    test "takes the ranks that have the coordinates, as vllm_distributed lays them out", %{
      world: world
    } do
      ranks = fn coordinates ->
        {:ok, slice} = World.slice(world, coordinates)
        assert slice.world_size == length(slice.sessions)

        assert World.run!(slice, fn rank -> {rank, rank()} end) ==
                 for(s <- slice.sessions, do: {s.rank, s.rank})

        Enum.map(slice.sessions, & &1.rank)
      end

      assert ranks.(tp: 0) == [0, 2, 4, 6]
      assert ranks.(pp: -1) == [2, 3, 6, 7]
      assert ranks.(pp: -1, dp: 1) == [6, 7]
      assert ranks.(dp: 0..1, tp: 1) == [1, 3, 5, 7]
      assert ranks.(dp: 1..-1//1) == [4, 5, 6, 7]
      assert ranks.(tp: 1, pp: 0, dp: 0, pcp: 0) == [1]
    end

    test "a slice of a slice, and its session", %{world: world} do
      stage = World.slice!(world, pp: 1)
      assert Enum.map(World.slice!(stage, tp: 0).sessions, & &1.rank) == [2, 6]
      assert World.session!(stage, 6).rank == 6
      assert_raise Error, ~r/has no rank 0 here/, fn -> World.session!(stage, 0) end
      assert {:error, %Error{message: message}} = World.slice(stage, pp: 0)
      assert message =~ "no rank of #{world.id} is at"
    end

    test "what there is not is refused by name", %{world: world} do
      for {coordinates, text} <- [
            {[tp: 2], "tp: 2 is out of range: the axis has 2 coordinates, 0 to 1"},
            {[pcp: -2], "pcp: -2 is out of range: the axis has 1 coordinate, 0 to 0"},
            {[dp: 1..0//1], "dp: 1..0//1 has no coordinate"},
            {[dp: 0..2], "dp: 2 is out of range"},
            {[dp: 0..1//2], "dp must be an integer or a range of step 1"},
            {[ep: 0], "no axis :ep; the axes are dp, pp, pcp, tp"},
            {[tp: "0"], "tp must be an integer or a range of step 1, got: \"0\""},
            {[], "a keyword list such as [tp: 0, dp: 0..1], got: []"},
            {%{tp: 0}, "a keyword list"}
          ] do
        assert {:error,
                %Error{category: :validation, reason: "invalid_argument", message: message}} =
                 World.slice(world, coordinates)

        assert message =~ text
        assert_raise Error, fn -> World.slice!(world, coordinates) end
      end
    end
  end

  describe "call/4" do
    test "by name, module, capture and dotted name", %{world: world} do
      stub(Distributed, :get_pp_indices, fn layers, rank, size -> {layers, rank + size} end,
        bridge: @bridge
      )

      python("my.rank", fn n -> n + rank() end)
      args = [61, 0, 4]

      for function <- [
            :get_pp_indices,
            {Distributed, :get_pp_indices},
            &Distributed.get_pp_indices/3
          ] do
        assert World.call(world, function, args) == {:ok, List.duplicate({61, 4}, 8)}
      end

      assert World.call(world, "my.rank", [10]) == {:ok, Enum.to_list(10..17)}
      assert World.call!(World.slice!(world, tp: 0, dp: 0), "my.rank", [10]) == [10, 12]
    end

    test "dispatch: a scattered tensor and list, and arguments per rank", %{world: world} do
      python("my.parts", fn tensor, list, other -> [Tensor.to_list(tensor), list, other] end)
      batch = Tensor.new([[1, 2, 3, 4], [5, 6, 7, 8]])

      assert {:ok, parts} =
               World.call(world, "my.parts", [batch, ["a", "b"], "x"], dispatch: {:scatter, 1})

      first = [[[1, 2], [5, 6]], ["a"], "x"]
      second = [[[3, 4], [7, 8]], ["b"], "x"]
      assert parts == List.duplicate(first, 4) ++ List.duplicate(second, 4)

      python("my.double", fn n -> 2 * n end)
      per_rank = {:per_rank, fn rank -> [rank] end}

      assert World.call(world, "my.double", [], dispatch: per_rank) ==
               {:ok, [0, 2, 4, 6, 8, 10, 12, 14]}
    end

    test "collect: first, one per replica, joined, the same", %{world: world} do
      python("my.rank", fn -> rank() end)
      python("my.list", fn -> [rank(), -rank()] end)
      python("my.tensor", fn -> Tensor.new([[rank()], [rank() + 10]]) end)
      python("my.same", fn -> "same" end)

      call = fn name, collect -> World.call(world, name, [], collect: collect) end
      assert call.("my.rank", :first) == {:ok, 0}
      # The first tensor parallel rank of the last stage of each replica.
      assert call.("my.rank", :one_per_replica) == {:ok, [2, 6]}
      assert call.("my.list", {:concat, 0}) == {:ok, [2, -2, 6, -6]}
      assert {:ok, joined} = call.("my.tensor", {:concat, -1})
      assert Tensor.to_list(joined) == [[2, 6], [12, 16]]
      assert call.("my.same", :same) == {:ok, "same"}

      assert {:error, %Error{reason: "results_differ", rank: 1, details: details} = error} =
               call.("my.rank", :same)

      assert details["ranks"] == [1, 2, 3, 4, 5, 6, 7]

      assert error.message =~
               "ranks 1, 2, 3, 4, 5, 6, 7 returned something else than rank 0: 1, not 0"
    end

    test "one error with the outcome of every rank", %{world: world} do
      test = self()

      python("my.step", fn ->
        case rank() do
          3 ->
            {:error, %Error{category: :python_error, reason: "ValueError", message: "bad shard"}}

          5 ->
            send(test, {:stuck, self()})
            receive(do: (:never -> nil))

          other ->
            other
        end
      end)

      assert {:error, %Error{reason: "ValueError", rank: 3, details: details}} =
               World.call(world, "my.step", [])

      assert details["outcomes"] == %{
               0 => "ok",
               1 => "ok",
               2 => "ok",
               3 => "error",
               4 => "ok",
               5 => "cancelled",
               6 => "ok",
               7 => "ok"
             }

      assert details["errors"] == %{3 => "bad shard"}
      assert_received {:stuck, pid}
      refute Process.alive?(pid)
    end

    test "what is wrong is said before anything is sent", %{world: world} do
      for {function, args, opts, text} <- [
            {:get_pp_indices, [1, 2, 3, 4, 5, 6], [],
             "Vllm.Distributed.get_pp_indices/6 does not exist; it takes 1, 2, 3, 4 arguments"},
            {:no_such_function, [], [], "Vllm.Distributed.no_such_function/0 does not exist"},
            {&Distributed.get_pp_indices/3, [1], [], "takes 3 arguments, got 1"},
            {42, [], [], "the function is an atom"},
            {"a.b", :x, [], "the arguments are a list, got: :x"},
            {"a.b", [[1, 2, 3]], [dispatch: {:scatter, 0}],
             "2 replicas do not divide a list of 3"},
            {"a.b", [Tensor.new([1, 2, 3])], [dispatch: {:scatter, 0}],
             "dimension 0 of a tensor of shape {3} is 3, which 2 does not divide"},
            {"a.b", [Tensor.new([1, 2])], [dispatch: {:scatter, 1}], "has no dimension 1"},
            {"a.b", [1], [dispatch: {:per_rank, fn _ -> [] end}],
             "the function gives all arguments"},
            {"a.b", [], [dispatch: {:per_rank, fn _ -> 7 end}], "gave 7 for rank 0, no list"}
          ] do
        assert {:error, %Error{category: :validation, message: message}} =
                 World.call(world, function, args, opts)

        assert message =~ text
      end

      for opts <- [[dispatch: :none], [collect: {:concat, "0"}], [timeout: 0], [nonsense: 1]] do
        assert {:error, %Error{category: :validation, reason: "invalid_option"}} =
                 World.call(world, "a.b", [], opts)
      end
    end

    test "results that cannot be joined", %{world: world} do
      python("my.mixed", fn -> if rank() == 2, do: [1], else: Tensor.new([1]) end)
      python("my.shapes", fn -> Tensor.new(List.duplicate([1], rank())) end)
      python("my.number", fn -> 1 end)

      for {name, collect, text} <- [
            {"my.mixed", {:concat, 0}, "some replicas returned lists, and others did not"},
            {"my.shapes", {:concat, 1},
             "s64 {2, 1} and s64 {6, 1} cannot be joined along dimension 1"},
            {"my.number", {:concat, 0}, "tensors and lists can be joined, not 1"}
          ] do
        assert {:error, %Error{reason: "cannot_collect", message: message}} =
                 World.call(world, name, [], collect: collect)

        assert message =~ text
      end
    end
  end

  describe "futures" do
    test "a run and a call are awaited, more than once", %{world: world} do
      python("my.rank", fn -> rank() end)
      {:ok, run} = World.async_run(world, fn rank -> rank * 10 end)
      {:ok, call} = World.async_call(world, "my.rank", [], collect: :one_per_replica)
      assert World.await(call) == {:ok, [2, 6]}
      assert World.await(run, 5_000) == {:ok, Enum.map(0..7, &(&1 * 10))}
      assert World.await(run, timeout: 5_000) == {:ok, Enum.map(0..7, &(&1 * 10))}
      assert [{^run, {:ok, [0 | _]}}, {^call, {:ok, [2, 6]}}] = World.yield_many([run, call])
    end

    test "results come as they are ready; what is not ready goes on", %{world: world} do
      test = self()

      {:ok, future} =
        World.async_run(world, fn rank ->
          send(test, {:at, rank, self()})
          receive(do: (:go -> rank))
        end)

      assert {:error, %Error{category: :timeout, reason: "future_not_ready"}} =
               World.await(future, 1)

      assert [{^future, nil}] = World.yield_many([future], 1)
      pids = for rank <- 0..7, into: %{}, do: {rank, receive(do: ({:at, ^rank, pid} -> pid))}

      order =
        future
        |> World.results(10_000)
        |> Stream.map(fn {rank, {:ok, rank}} -> rank end)
        |> Stream.each(fn rank -> if rank > 0, do: send(pids[rank - 1], :go) end)

      send(pids[7], :go)
      assert Enum.to_list(order) == Enum.to_list(7..0//-1)
      assert World.await(future) == {:ok, Enum.to_list(0..7)}
    end

    test "a function that raises is an error", %{world: world} do
      {:ok, future} =
        World.async_run(World.slice!(world, dp: 0, pp: 0), fn
          1 -> raise "boom"
          _ -> 1
        end)

      assert {:error, %Error{reason: "run_failed", rank: 1} = error} = World.await(future)
      assert error.message =~ "boom"
      assert error.details["outcomes"] == %{0 => "ok", 1 => "error"}
    end

    test "they end with their owner, and by cancel/1", %{world: world} do
      test = self()
      stuck = fn _rank -> send(test, {:stuck, self()}) && receive(do: (:never -> nil)) end

      {owner, monitor} =
        spawn_monitor(fn ->
          {:ok, _future} = World.async_run(world, stuck)
          receive(do: (:die -> :ok))
        end)

      first = stuck_ranks()
      {:ok, future} = World.async_run(World.slice!(world, tp: 0), fn rank -> rank end)
      send(owner, :die)
      assert_receive {:DOWN, ^monitor, :process, ^owner, :normal}
      for pid <- first, do: assert_receive({:DOWN, _monitor, :process, ^pid, _reason})
      assert World.await(future, 5_000) == {:ok, [0, 2, 4, 6]}

      {:ok, future} = World.async_run(world, stuck)
      second = stuck_ranks()
      assert World.cancel(future) == :ok
      for pid <- second, do: assert_receive({:DOWN, _monitor, :process, ^pid, _reason})
      assert {:error, %Error{message: message}} = World.await(future, 1_000)
      assert message =~ "is over: it was cancelled"
    end

    defp stuck_ranks do
      for _rank <- 0..7 do
        assert_receive {:stuck, pid}
        Process.monitor(pid)
        pid
      end
    end
  end
end

defmodule Vllm.WorldCallOnRanksTest do
  use ExUnit.Case, async: false

  alias Vllm.{Error, Tensor, World}

  @moduletag timeout: 60_000

  test "calls of a real world: sums, parts, a mismatch, and a killed rank" do
    {:ok, world} = World.start(data_parallel_size: 2)

    assert {:ok, groups} = World.call(world, :get_dp_group)
    assert Enum.map(groups, & &1.rank_in_group) == [0, 1]

    {:ok, [first, second]} =
      World.call(world, "torch.mul", [Tensor.new([1, 2, 3, 4]), 10], dispatch: {:scatter, 0})

    assert {Tensor.to_list(first), Tensor.to_list(second)} == {[10, 20], [30, 40]}

    {:ok, joined} =
      World.call(world, "torch.mul", [Tensor.new([1, 2, 3, 4]), 10],
        dispatch: {:scatter, 0},
        collect: {:concat, 0}
      )

    assert Tensor.to_list(joined) == [10, 20, 30, 40]

    assert {:error, %Error{category: :python_error} = error} =
             World.call(world, "torch.zeros", [],
               dispatch: {:per_rank, fn rank -> [[rank - 1]] end}
             )

    assert error.rank == 0
    assert error.details["outcomes"] == %{0 => "error", 1 => "ok"}

    # It is part of a run that it is made in, and its world goes on afterwards.
    assert World.run!(world, fn
             0 -> World.call!(world, :get_tensor_model_parallel_rank)
             1 -> nil
           end) ==
             [[0, 0], nil]

    assert World.stop(world) == :ok
    assert {:error, %Error{details: %{"outcomes" => outcomes}}} = World.call(world, :get_dp_group)
    assert Map.keys(outcomes) == [0, 1]
  end
end
