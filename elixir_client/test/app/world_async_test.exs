defmodule Vllm.WorldAsyncTest do
  use ExUnit.Case, async: false

  alias Vllm.{Distributed, Error, Tensor, World}

  @moduletag timeout: 60_000

  describe "start_async/1 and await/2" do
    test "the handle is there at once, progress is told here, and the world is this process's" do
      test = self()

      starter =
        spawn(fn ->
          {:ok, starting} = World.start_async(tensor_parallel_size: 2)
          tell = fn info -> send(test, {:progress, self(), info.state}) end
          send(test, {:started, starting.id, World.await(starting, on_progress: tell)})
          send(test, {:again, World.await(starting)})
          receive(do: (:die -> :ok))
        end)

      assert_receive {:started, id, {:ok, %World{world_size: 2} = world}}, 30_000
      assert world.id == id
      assert_receive {:progress, ^starter, :ready}
      assert_receive {:again, {:error, %Error{category: :validation} = error}}
      assert error.message =~ "awaited already"
      assert %World.Info{state: :ready} = World.info!(id)
      send(starter, :die)
      await(fn -> match?({:ok, %World.Info{state: :stopped}}, World.info(id)) end)
    end

    test "a wait that is over leaves the start going on" do
      {:ok, starting} = World.start_async(tensor_parallel_size: 2)
      assert {:error, %Error{category: :timeout} = error} = World.await(starting, timeout: 1)
      assert error.reason == "world_not_ready"
      assert error.message =~ "world #{starting.id} is not ready yet"
      assert {:ok, world} = World.await(starting)

      assert World.run!(world, fn rank ->
               {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank]))
               Tensor.to_list(sum)
             end) == [[1], [1]]

      assert World.stop(starting) == :ok
      assert {:messages, []} = Process.info(self(), :messages)
    end

    test "whoever started it dies before it is ready: it is stopped" do
      test = self()

      {pid, monitor} =
        spawn_monitor(fn ->
          {:ok, starting} = World.start_async([])
          send(test, {:id, starting.id})
        end)

      assert_receive {:id, id}
      assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}

      await(fn ->
        not match?(
          {:ok, %World.Info{state: state}} when state in [:starting, :ready],
          World.info(id)
        )
      end)
    end

    test "a detached one becomes ready without its starter" do
      test = self()
      spawn(fn -> send(test, World.start_async(detached: true)) end)
      assert_receive {:ok, starting}
      on_exit(fn -> World.stop(starting.id) end)
      await(fn -> match?({:ok, %World.Info{state: :ready}}, World.info(starting.id)) end)
    end

    test "what cannot start, and bad options" do
      {:ok, starting} = World.start_async(pool_name: "none")
      assert {:error, %Error{reason: "pool_not_found"}} = World.await(starting)

      assert {:error, %Error{category: :validation}} = World.start_async(size: 2)
      assert {:error, %Error{reason: "bridge_not_started"}} = World.start_async(bridge: :none)
      assert {:error, %Error{message: message}} = World.await(starting, timeout: -1)
      assert message =~ "Vllm.World.await: timeout must be milliseconds"
    end
  end

  describe "collect/3" do
    setup do
      {:ok, world} = World.start(tensor_parallel_size: 2)
      {:ok, world: world}
    end

    test "one result of all ranks", %{world: world} do
      assert {:ok, sums} =
               World.collect(world, fn rank ->
                 Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank]))
               end)

      assert Enum.map(sums, &Tensor.to_list/1) == [[1], [1]]
      assert World.collect(world, fn _rank -> :ok end) == {:ok, [nil, nil]}
    end

    test "an error names its rank, and what the others said", %{world: world} do
      assert {:error, %Error{rank: 1, reason: reason} = error} =
               World.collect(world, fn
                 0 -> {:ok, 1}
                 1 -> Distributed.get_pp_indices(1, 5, 4)
               end)

      assert is_binary(reason)
      assert %{1 => message} = error.details["errors"]
      assert error.message == message

      assert {:error, %Error{rank: 0, reason: "run_failed"} = error} =
               World.collect(world, fn rank -> {:error, {:no, rank}} end)

      assert error.message =~ "{:no, 0}"
      assert Map.keys(error.details["errors"]) == [0, 1]
    end

    test "a timeout is an error that names who had not returned", %{world: world} do
      fun = fn rank -> if rank == 1, do: receive(do: (:never -> :ok)), else: {:ok, rank} end
      assert {:error, %Error{} = error} = World.collect(world, fun, timeout: 1_000)
      assert %Error{category: :timeout, reason: "run_timeout", rank: 1} = error
      assert error.details["ranks"] == [1]
    end

    test "another result is refused; process defaults count in the ranks", %{world: world} do
      assert {:error, %Error{reason: "invalid_argument", rank: 0} = error} =
               World.collect(world, fn _rank -> 5 end)

      assert error.message =~ "must return {:ok, value} or {:error, error}, got: 5"

      Vllm.Runtime.with_defaults([timeout: 1_500], fn ->
        assert {:error, %Error{category: :timeout, details: %{"errors" => errors}}} =
                 World.collect(world, fn
                   0 -> {:ok, nil}
                   1 -> Distributed.get_tp_group!() |> Distributed.GroupCoordinator.barrier()
                 end)

        # What is left of them when it reaches the gate.
        assert errors[1] =~ ~r/timed out after (1\.[0-5]|0\.\d) s/
      end)
    end
  end

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end
end
