defmodule Vllm.RefsTest do
  # Objects that stay in their rank: used, fetched, released, and what is said of those that are gone.
  use ExUnit.Case, async: true

  alias Vllm.{Distributed, Error, Ref, Session, Tensor, World}
  alias Vllm.Bridge.Connections

  @moduletag timeout: 60_000

  setup do
    {:ok, session} = Session.open(affinity: :strict_queue)
    on_exit(fn -> Session.close(session) end)
    %{session: session, in_session: [__runtime__: [session_id: session.id]]}
  end

  defp kept(session, list \\ [1, 2, 3]) do
    runtime = [session_id: session.id, tensors: :ref]
    Vllm.call!("torch.tensor", [list], __runtime__: runtime)
  end

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end

  defp gone?(object, opts \\ []),
    do: match?({:error, %Error{reason: "unknown_ref"}}, Vllm.call(object, "dim", [], opts))

  describe "passed on to another rank of a world" do
    setup do
      {:ok, world} = World.start(tensor_parallel_size: 2)
      on_exit(fn -> World.stop(world) end)
      %{world: world}
    end

    test "a copy is there, and what was copied stays", %{world: world} do
      tensor = kept(World.session!(world, 0))
      assert {:ok, %Tensor{shape: {3}, dtype: :s64} = there} = Ref.copy(tensor, to: 1)
      assert there.ref.session_id == World.session!(world, 1).id
      assert Tensor.to_list(Tensor.fetch!(there)) == [1, 2, 3]
      assert Tensor.to_list(Tensor.fetch!(tensor)) == [1, 2, 3]
      assert %Ref{} = Ref.copy!(tensor.ref, to: 1)
      assert Ref.copy!(tensor, to: 0) == tensor
      large = Vllm.call!("torch.ones", [300_000], __runtime__: runtime(world, 1))
      moved = Ref.move!(large, to: 0)
      assert 300_000.0 = "torch.sum" |> Vllm.call!([moved]) |> Tensor.to_list()
      assert {:error, %Error{reason: "unknown_ref"}} = Tensor.fetch(large)
    end

    test "a map of them is passed on at once, also within a run", %{world: world} do
      session = World.session!(world, 1)
      weights = %{"a" => kept(session, [1]), b: kept(session, [2, 3])}
      moved = Ref.move!(weights, to: 0, timeout: 20_000)
      assert %{"a" => [1], b: [2, 3]} = Map.new(moved, fn {key, value} -> {key, list(value)} end)
      assert {:error, %Error{reason: "unknown_ref"}} = Tensor.fetch(weights.b)

      {:ok, [back, nil]} =
        World.run(world, fn
          0 -> Ref.copy!(moved.b, to: 1)
          1 -> nil
        end)

      assert list(back) == [2, 3]
    end

    test "what cannot be passed on is refused by name", %{world: world, session: session} do
      tensor = kept(World.session!(world, 0))
      assert {:error, %Error{reason: "invalid_argument"} = error} = Ref.copy(tensor, to: 2)
      assert error.message =~ "has no rank 2 here; it has: 0, 1"
      assert {:error, %Error{reason: "invalid_argument"}} = Ref.move(kept(session), to: 1)
      both = %{a: tensor, b: kept(World.session!(world, 1))}
      assert {:error, %Error{message: message}} = Ref.copy(both, to: 1)
      assert message =~ "of several sessions"
      assert {:error, %Error{reason: "invalid_option"}} = Ref.copy(tensor, [])
      linear = Vllm.call!("torch.nn.Linear", [2, 2], __runtime__: runtime(world, 0))
      assert {:error, %Error{reason: "wrong_type"} = stays} = Ref.copy(linear, to: 1)
      assert stays.message =~ "a Linear stays in its rank"
      assert {:ok, 1} = Vllm.release(tensor)
      assert {:error, %Error{reason: "unknown_ref"}} = Ref.move(tensor, to: 1)
    end

    defp runtime(world, rank), do: [session_id: World.session!(world, rank).id, tensors: :ref]
    defp list(tensor), do: tensor |> Tensor.fetch!() |> Tensor.to_list()
  end

  describe "tensors that stay" do
    test "are passed on as they are, and fetched once they are wanted", %{session: session} do
      tensor = kept(session)
      assert %Tensor{data: nil, ref: %Ref{}, shape: {3}, dtype: :s64} = tensor
      keep = [__runtime__: [tensors: :ref]]
      twice = Vllm.call!("torch.add", [tensor, tensor], keep)
      assert twice.ref.session_id == session.id
      assert {:ok, fetched} = Tensor.fetch(twice)
      assert Tensor.to_list(fetched) == [2, 4, 6]
      assert Tensor.fetch(fetched) == {:ok, fetched}
      # By value, unless it is asked for.
      assert Tensor.to_list(Vllm.call!("torch.add", [tensor, 1])) == [2, 3, 4]
      assert_raise Error, ~r/fetch/, fn -> Tensor.to_list(twice) end
      assert Vllm.release([tensor, twice]) == {:ok, 2}
      assert {:error, %Error{reason: "unknown_ref"}} = Tensor.fetch(twice)
      assert {:error, %Error{reason: "unknown_ref"}} = Vllm.call("torch.add", [twice, 1])
    end

    test "nested in results and in arguments", %{session: session} do
      matrix = kept(session, [[1, 4], [3, 2]])
      results = Vllm.call!("torch.max", [matrix, 0], __runtime__: [tensors: :ref])
      [values, indices] = if is_tuple(results), do: Tuple.to_list(results), else: results
      assert %Tensor{ref: %Ref{}} = values
      stacked = Vllm.call!("torch.stack", [[values, values]])
      assert Tensor.to_list(stacked) == [[3, 4], [3, 4]]
      assert Vllm.release([values, indices]) == {:ok, 2}
    end
  end

  describe "objects" do
    test "are called, read and released", %{in_session: in_session} do
      {:ok, class} = Distributed.resolve_obj_by_qualname("torch.nn.Linear", in_session)
      assert %Ref{} = class
      # Calls that take one go to its session.
      {:ok, model} = Vllm.call(class, [3, 2], bias: false)
      assert Vllm.get_attribute(model, "in_features") == {:ok, 3}
      assert {:ok, %Tensor{shape: {2, 3}}} = Vllm.get_attribute(model, "weight")
      assert {:ok, %Tensor{shape: {1, 2}}} = Vllm.call(model, [Tensor.new([[1.0, 2.0, 3.0]])])
      assert Vllm.call!(model, "train", [false]) == model
      assert Vllm.get_attribute(model, "training") == {:ok, false}
      assert {:error, %Error{reason: "name_not_allowed"}} = Vllm.get_attribute(model, "__dict__")

      assert {:error, %Error{category: :python_error}} =
               Vllm.get_attribute(model, "no_such_thing")

      assert Vllm.release(model) == {:ok, 1}
      assert Vllm.release(model) == {:ok, 0}

      assert {:error, %Error{reason: "unknown_ref"} = error} =
               Vllm.get_attribute(model, "training")

      assert error.message =~ "released"
    end

    test "structs stand for their objects", %{in_session: in_session} do
      config = Vllm.Config.ParallelConfig.new!(in_session)

      assert Vllm.call(config, "compute_hash", []) ==
               Vllm.Config.ParallelConfig.compute_hash(config)

      assert Vllm.get_attribute(config, "world_size") == {:ok, 1}
      assert Vllm.release(config) == {:ok, 1}

      assert {:error, %Error{reason: "unknown_ref"}} =
               Vllm.Config.ParallelConfig.compute_hash(config)
    end

    test "what is no object is said before anything is sent" do
      for {result, text} <- [
            {Vllm.release(:none), "release: expected an object of a rank"},
            {Vllm.release([1]), "got: 1"},
            {Vllm.get_attribute(%{}, "x"), "get_attribute: expected"},
            {Vllm.call(self(), "x", []), "call: expected"},
            {Vllm.with_context(nil, fn -> flunk("it ran") end), "with_context: expected"},
            {Vllm.own("x"), "own: expected"},
            {Vllm.own([], brigde: :x), "unknown option brigde"}
          ] do
        assert {:error, %Error{category: :validation, message: message}} = result
        assert message =~ text
      end
    end

    test "another session's are refused, and so are made up ones", %{session: session} do
      tensor = kept(session)
      other = [__runtime__: [session_id: unique("other")]]
      assert {:error, %Error{reason: "foreign_ref"} = error} = Vllm.call(tensor, "dim", [], other)
      assert error.message =~ session.id

      for id <- ["obj-999", "", "garbage", String.duplicate("x", 10_000), <<0>>] do
        ref = %{tensor.ref | id: id}
        assert {:error, %Error{reason: "unknown_ref"}} = Vllm.call(ref, "dim", [])
        assert Vllm.release(ref) == {:ok, 0}
      end

      stale = %{tensor.ref | epoch: 7}
      assert {:error, %Error{reason: "stale_ref"}} = Vllm.call(stale, "dim", [])

      no_session = %{tensor.ref | session_id: unique("none") <> "/rank-0"}
      assert {:error, %Error{reason: "session_not_found"}} = Vllm.call(no_session, "dim", [])
    end

    test "go with their session" do
      {:ok, session} = Session.open()
      tensor = kept(session)
      :ok = Session.close(session)
      # Its id may be used again, and then the object is not there.
      assert {:error, %Error{reason: reason}} = Vllm.call(tensor, "dim", [])
      assert reason in ["session_closed", "session_not_found"]
      {:ok, again} = Session.open(session_id: session.id)
      assert {:error, %Error{reason: "unknown_ref"}} = Vllm.call(tensor, "dim", [])
      Session.close(again)
    end

    test "go with their world" do
      {:ok, world} = World.start([])
      on_exit(fn -> World.stop(world) end)
      [group] = World.run!(world, fn 0 -> Distributed.get_tp_group!() end)
      assert {:ok, true} = Vllm.Distributed.GroupCoordinator.is_first_rank(group)
      %World.Info{ranks: [%{pid: pid}]} = World.info!(world)
      {_, 0} = System.cmd("kill", ["-9", "#{pid}"])
      await(fn -> World.info!(world).state == :failed end)
      {:ok, _world} = World.restart(world)

      assert {:error, %Error{reason: reason}} =
               Vllm.Distributed.GroupCoordinator.is_first_rank(group)

      assert reason in ["stale_ref", "stale_session"]
    end
  end

  describe "inspecting" do
    test "makes no call", %{session: session} do
      values = [kept(session), kept(session).ref, %{"deep" => [kept(session)]}]
      # Loads what it takes.
      inspect(values)
      test = self()

      pid =
        spawn(fn ->
          receive(do: (:go -> send(test, {:texts, Enum.map(values, &inspect/1)})))
        end)

      # A call would be a message, to a connection or to a process of the bridge.
      :erlang.trace(pid, true, [:send])
      send(pid, :go)
      assert_receive {:texts, texts}
      assert Enum.all?(texts, &(&1 =~ "in its rank" or &1 =~ "#Vllm.Ref<torch.Tensor "))
      assert_receive {:trace, ^pid, :send, {:texts, ^texts}, ^test}
      refute_received {:trace, ^pid, :send, _message, _to}
    end

    test "is short, whatever is in there" do
      ref = %Ref{id: "obj-1", session_id: "mine", type_name: "torch.Tensor"}
      assert inspect(ref) == "#Vllm.Ref<torch.Tensor obj-1 of mine>"
      long = String.duplicate("x", 100_000)

      for odd <- [nil, long, <<0xFF>>, %{a: long}, Enum.to_list(1..10_000), "\e[2J"] do
        text = inspect(%Ref{id: odd, session_id: odd, type_name: odd})
        assert byte_size(text) < 600 and String.printable?(text)
      end
    end

    test "structs of objects are short too", %{in_session: in_session} do
      {:ok, capture} = Distributed.GraphCaptureContext.new(nil, in_session)
      assert byte_size(inspect(capture)) < 600
    end
  end

  describe "in the bridge's own session, objects belong to processes" do
    setup do
      name = :"refs_#{System.unique_integer([:positive])}"
      start_supervised!({Vllm.Bridge, name: name, server: config().endpoint})
      %{bridge: name, keep: [__runtime__: [bridge: name, tensors: :ref]]}
    end

    test "and are released when these die", %{keep: keep, bridge: bridge} do
      test = self()

      pid =
        spawn(fn ->
          send(
            test,
            {:made, Vllm.call!("torch.zeros", [2], keep), Vllm.call!("torch.ones", [2], keep)}
          )

          receive(do: (:die -> exit(:boom)))
        end)

      assert_receive {:made, zeros, ones}, 30_000
      mine = Vllm.call!("torch.zeros", [3], keep)
      with_bridge = [__runtime__: [bridge: bridge]]
      assert Vllm.release(zeros, with_bridge) == {:ok, 1}
      refute gone?(ones, with_bridge)
      send(pid, :die)
      await(fn -> gone?(ones, with_bridge) end)
      assert {:ok, %Tensor{shape: {3}}} = Tensor.fetch(mine, with_bridge)
      # What was released is not kept in mind.
      assert Vllm.release(mine, with_bridge) == {:ok, 1}
      await(fn -> owners(bridge).processes == %{} end)
    end

    test "a task works for who started it", %{keep: keep, bridge: bridge} do
      tensor = Task.await(Task.async(fn -> Vllm.call!("torch.zeros", [2], keep) end))
      # Answered after the news of the task's death.
      await(fn -> map_size(owners(bridge).processes) == 1 end)
      assert {:ok, _tensor} = Tensor.fetch(tensor, __runtime__: [bridge: bridge])
    end

    test "one that comes by a message can be owned", %{keep: keep, bridge: bridge} do
      test = self()

      {pid, monitor} =
        spawn_monitor(fn ->
          send(test, {:made, Vllm.call!("torch.zeros", [2], keep)})
          receive(do: (:die -> :ok))
        end)

      assert_receive {:made, tensor}, 30_000
      assert Vllm.own(tensor, bridge: bridge) == :ok
      send(pid, :die)
      assert_receive {:DOWN, ^monitor, _, _, _}
      await(fn -> map_size(owners(bridge).processes) == 1 end)
      assert {:ok, _tensor} = Tensor.fetch(tensor, __runtime__: [bridge: bridge])
    end

    test "not those of a session that somebody opened", %{session: session} do
      test = self()
      {_pid, monitor} = spawn_monitor(fn -> send(test, {:made, kept(session)}) end)
      assert_receive {:made, tensor}, 30_000
      assert_receive {:DOWN, ^monitor, _, _, _}
      refute gone?(tensor)
    end
  end

  defp owners(bridge), do: :sys.get_state(Module.concat(bridge, Owners))
  defp unique(name), do: "#{name}-#{System.unique_integer([:positive])}"

  defp config do
    {:ok, config} = Connections.config(Vllm.Bridge)
    config
  end
end
