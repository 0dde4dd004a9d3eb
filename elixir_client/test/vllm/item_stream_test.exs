defmodule Vllm.ItemStreamTest do
  # Iterators of a rank, read as streams.
  use ExUnit.Case, async: false

  alias Vllm.{Error, Ref, Runtime, Session, Tensor, World}

  @moduletag timeout: 60_000

  defp user_module(_context) do
    folder = Path.join(System.tmp_dir!(), "vllm_streams_#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)

    File.write!(Path.join(folder, "streaming_tests.py"), """
    import threading
    import time

    CLOSED = []


    def count(n, fail_at=None, name="it"):
        try:
            for i in range(n):
                if i == fail_at:
                    raise ValueError(f"no {i}")
                yield i
        finally:
            CLOSED.append((name, threading.current_thread().name))


    def slow(n):
        for i in range(n):
            time.sleep(0.05)
            yield i


    def mixed():
        import torch

        yield "text"
        yield {"a": [1, None]}
        yield torch.ones(2)


    def closed():
        return [name for name, thread in CLOSED if thread.startswith("rank-executor")]


    def nothing():
        return 5


    def progress(topic, count):
        import vllm_bridge

        return [vllm_bridge.emit(topic, {"step": i}) for i in range(count)].count(True)


    def emit_badly(what):
        import vllm_bridge

        values = {"object": threading.Lock(), "large": "x" * (1 << 20), "topic": 1}
        vllm_bridge.emit("" if what == "topic" else "t", values[what])


    def reset():
        CLOSED.clear()
    """)

    bridge = __MODULE__.Bridge
    # A server finds modules as any Python does.
    path = System.get_env("PYTHONPATH")
    System.put_env("PYTHONPATH", Enum.join([folder | List.wrap(path)], ":"))

    start_supervised!(
      {Vllm.Bridge,
       name: bridge,
       server: :embedded,
       args: ["--allow", "streaming_tests.", "--allow", "torch.", "--allow", "vllm_distributed."]}
    )

    if path, do: System.put_env("PYTHONPATH", path), else: System.delete_env("PYTHONPATH")
    on_exit(fn -> File.rm_rf!(folder) end)
    %{bridge: bridge}
  end

  setup_all :user_module

  setup %{bridge: bridge} do
    {:ok, session} = Session.open(bridge: bridge, affinity: :strict_queue)
    Session.with_session(session, fn -> Vllm.call!("streaming_tests.reset", []) end)
    %{session: session}
  end

  defp on(%{session: session}, fun), do: Session.with_session(session, fun)
  defp count(n, keywords \\ []), do: Vllm.stream("streaming_tests.count", [n], keywords)
  defp closed, do: Vllm.call!("streaming_tests.closed", [])

  test "all items, in order, of any type", context do
    on(context, fn ->
      assert Enum.to_list(count(3)) == [0, 1, 2]
      assert Enum.to_list(count(0)) == []
      assert Enum.to_list(count(10_000)) == Enum.to_list(0..9_999)

      assert ["text", %{"a" => [1, nil]}, %Tensor{} = ones] =
               Enum.to_list(Vllm.stream("streaming_tests.mixed"))

      assert Tensor.to_list(ones) == [1.0, 1.0]
      assert closed() == ["it", "it", "it"]
    end)
  end

  test "an iterator that a call has returned, once", context do
    on(context, fn ->
      assert {:ok, %Ref{} = generator} = Vllm.call("streaming_tests.count", [4])
      assert generator |> Vllm.stream() |> Enum.to_list() == [0, 1, 2, 3]

      assert_raise Error, ~r/is not kept in session/, fn ->
        Enum.to_list(Vllm.stream(generator))
      end
    end)
  end

  test "whoever stops reading closes it, on the rank's thread", context do
    on(context, fn ->
      assert count(1_000_000, name: "early") |> Enum.take(3) == [0, 1, 2]
      assert closed() == ["early"]

      assert_raise RuntimeError, fn ->
        Enum.each(count(9, name: "raised"), fn _ -> raise "x" end)
      end

      assert closed() == ["early", "raised"]
    end)
  end

  test "a reader that is killed closes it", context do
    test = self()

    reader =
      spawn(fn ->
        on(context, fn ->
          Enum.each(count(1_000_000, name: "killed"), fn item ->
            send(test, {:item, item})
            if item == 2, do: receive(do: (:never -> :ok))
          end)
        end)
      end)

    assert_receive {:item, 2}
    Process.exit(reader, :kill)
    on(context, fn -> await(fn -> closed() == ["killed"] end) end)
  end

  defp await(condition) do
    unless condition.(), do: receive(after: (10 -> await(condition)))
  end

  test "what it raises comes after the items before", context do
    on(context, fn ->
      items = fn stream ->
        Process.put(:items, [])

        error =
          assert_raise Error, fn ->
            Enum.each(stream, &Process.put(:items, [&1 | Process.get(:items)]))
          end

        {Enum.reverse(Process.get(:items)), error}
      end

      assert {[0, 1, 2, 3, 4], %Error{python_type: "ValueError", message: message}} =
               items.(count(9, fail_at: 5))

      assert message =~ "no 5"
      assert {[], %Error{python_type: "ValueError"}} = items.(count(9, fail_at: 0))
      assert {[], %Error{reason: "not_a_stream"}} = items.(Vllm.stream("streaming_tests.nothing"))
      assert {[], %Error{reason: "unknown_name"}} = items.(Vllm.stream("streaming_tests.missing"))
      {:ok, linear} = Vllm.call("torch.nn.Linear", [1, 1])
      assert {[], %Error{reason: "not_a_stream"}} = items.(Vllm.stream(linear))
      assert {[], %Error{reason: "invalid_argument"}} = items.(Vllm.stream(%{}))
      runtime = [timeout: 5_000, stream_timeout: 120]

      assert {[_ | _], %Error{reason: "deadline_exceeded"}} =
               items.(Vllm.stream("streaming_tests.slow", [100], __runtime__: runtime))
    end)
  end

  test "other calls go on between two requests, and items come when they are there", context do
    on(context, fn ->
      times =
        Vllm.stream("streaming_tests.slow", [4])
        |> Enum.map(fn item ->
          assert Vllm.call!("streaming_tests.nothing", []) == 5
          {item, System.monotonic_time(:millisecond)}
        end)

      assert [0, 1, 2, 3] = Enum.map(times, &elem(&1, 0))
      [first | _] = stamps = Enum.map(times, &elem(&1, 1))
      assert List.last(stamps) - first >= 100
    end)
  end

  test "in a world: each rank has its own; an object of another rank is refused", %{
    bridge: bridge
  } do
    {:ok, world} = World.start(bridge: bridge, tensor_parallel_size: 2)
    test = self()

    Runtime.with_defaults([bridge: bridge], fn ->
      assert World.run!(world, fn rank ->
               {:ok, linear} = Vllm.call("torch.nn.Linear", [2, 2])
               send(test, {:object, rank, linear})
               count(rank + 2) |> Enum.to_list()
             end) == [[0, 1], [0, 1, 2]]

      objects = for rank <- 0..1, do: receive(do: ({:object, ^rank, object} -> object))

      assert [{:ok, true}, {:error, %Error{reason: "foreign_ref"} = error}] =
               World.run!(world, fn _rank -> Vllm.get_attribute(hd(objects), "training") end)

      assert error.message =~ "runs on rank 1"
      assert error.details == %{"rank" => 1, "of_rank" => 0, "ran" => false}

      assert {:ok, 1} =
               World.run!(world, fn rank -> if rank == 1, do: Vllm.release(hd(objects)) end)
               |> Enum.at(1)
    end)

    assert World.stop(world) == :ok
  end

  describe "names" do
    test "an object of every rank under a name, for whoever comes", %{bridge: bridge} do
      {:ok, world} = World.start(bridge: bridge, tensor_parallel_size: 2)

      Task.await(
        Task.async(fn ->
          assert World.put(world, :ones, fn rank ->
                   Vllm.call("torch.ones", [rank + 1], __runtime__: [tensors: :ref])
                 end) == :ok
        end)
      )

      assert World.named(world) == {:ok, ["ones"]}
      assert {:ok, [one, two]} = World.call(world, "torch.mul", [{:named, :ones}, 3])
      assert {Tensor.to_list(one), Tensor.to_list(two)} == {[3.0], [3.0, 3.0]}

      assert World.run!(world, fn _rank ->
               {:ok, tensor} = Vllm.call({:named, "ones"}, "tolist", [])
               length(tensor)
             end) == [1, 2]

      # A later object takes the place of the first.
      assert World.put(world, "ones", fn _rank -> Vllm.call("torch.nn.Linear", [1, 1]) end) == :ok

      assert {:ok, [true, true]} =
               World.collect(world, fn _ -> Vllm.get_attribute({:named, :ones}, "training") end)

      assert World.delete(world, :ones) == :ok
      assert World.delete(world, :ones) == :ok

      assert {:error, %Error{reason: "unknown_named_object", rank: 0} = error} =
               World.call(world, "torch.mul", [{:named, :ones}, 3])

      assert error.message =~ "there is no object named 'ones'"

      assert {:error, %Error{reason: "invalid_argument", rank: 1} = error} =
               World.put(world, :x, fn rank ->
                 if rank == 1, do: 5, else: Vllm.call("torch.nn.Linear", [1, 1])
               end)

      assert error.message =~ "must return an object of the rank, got: 5"

      assert {:error, %Error{reason: "invalid_argument"}} =
               World.put(world, String.duplicate("x", 201), fn _ ->
                 Vllm.call("torch.nn.Linear", [1, 1])
               end)

      assert World.stop(world) == :ok
    end

    test "a module is loaded in every rank, behind the allow list", %{bridge: bridge} do
      {:ok, world} = World.start(bridge: bridge, tensor_parallel_size: 2)
      me = self()
      told = &send(me, {:progress, &1})
      assert {:ok, names} = World.load(world, "streaming_tests", on_progress: told)
      assert_received {:progress, %{done: 1, total: 2, rank: first}}
      assert_received {:progress, %{done: 2, total: 2, rank: second}}
      assert Enum.sort([first, second]) == [0, 1]
      assert names == ~w(CLOSED closed count emit_badly mixed nothing progress reset slow)
      assert {:error, %Error{reason: "name_not_allowed", rank: 0}} = World.load(world, "os")

      assert {:error, %Error{reason: "unknown_name"}} =
               World.load(world, "streaming_tests.missing")

      assert {:error, %Error{reason: "name_not_allowed"}} =
               World.load(world, "streaming_tests._x")

      assert World.stop(world) == :ok
    end
  end

  describe "scope/1" do
    test "releases what was made inside, except what is returned", context do
      on(context, fn ->
        kept? = fn ref -> match?({:ok, _}, Vllm.get_attribute(ref, "training")) end
        linear = fn -> Vllm.call!("torch.nn.Linear", [1, 1]) end
        outside = linear.()

        {result, dropped} =
          {Vllm.scope(fn ->
             send(self(), {:dropped, linear.()})
             %{kept: [linear.()], inner: Vllm.scope(fn -> linear.() end)}
           end), receive(do: ({:dropped, ref} -> ref))}

        assert Enum.map([outside, dropped, hd(result.kept), result.inner], kept?) == [
                 true,
                 false,
                 true,
                 true
               ]

        assert_raise RuntimeError, fn ->
          Vllm.scope(fn ->
            send(self(), {:dropped, Vllm.scope(fn -> linear.() end)})
            raise "x"
          end)
        end

        assert_received {:dropped, ref}
        refute kept?.(ref)
        refute kept?.(dropped)
      end)
    end
  end

  describe "emit" do
    test "what ranks emit reaches whoever has subscribed, in order", %{bridge: bridge} do
      {:ok, world} = World.start(bridge: bridge, tensor_parallel_size: 2)
      {:ok, all} = World.subscribe(world)
      {:ok, other} = World.subscribe(world, "other")
      assert World.call(world, "streaming_tests.progress", ["steps", 3]) == {:ok, [3, 3]}
      assert World.call(world, "streaming_tests.progress", ["other", 1]) == {:ok, [1, 1]}
      emissions = for _ <- 1..8, do: receive(do: ({:vllm_emission, ^all, emission} -> emission))

      for rank <- 0..1 do
        mine = Enum.filter(emissions, &(&1.rank == rank))
        assert Enum.map(mine, & &1.value["step"]) == [0, 1, 2, 0]
        assert Enum.map(mine, & &1.topic) == ["steps", "steps", "steps", "other"]
        assert Enum.map(mine, & &1.sequence) == [1, 2, 3, 4]

        assert Enum.all?(
                 mine,
                 &(&1.world_id == world.id and &1.dropped == 0 and &1.call_id != "")
               )
      end

      for _ <- 0..1, do: assert_receive({:vllm_emission, ^other, %{topic: "other"}})
      refute_received {:vllm_emission, _subscription, _emission}
      for subscription <- [all, other], do: Vllm.Bridge.unsubscribe(subscription)
      assert World.stop(world) == :ok
    end

    test "who does not read misses the oldest, and is told how many", context do
      {:ok, world} = World.start(bridge: context.bridge)
      test = self()

      reader =
        spawn_link(fn ->
          {:ok, subscription} = World.subscribe(world, "many")
          send(test, :subscribed)
          receive(do: (:read -> :ok))
          send(test, {:read, read(subscription, 0, 0)})
        end)

      assert_receive :subscribed
      assert World.call(world, "streaming_tests.progress", ["many", 20_000]) == {:ok, [20_000]}
      send(reader, :read)
      assert_receive {:read, {got, dropped}}, 30_000
      assert got + dropped == 20_000
      assert World.stop(world) == :ok
    end

    defp read(subscription, got, dropped) do
      receive do
        {:vllm_emission, ^subscription, emission} ->
          dropped = dropped + emission.dropped

          if emission.value["step"] == 19_999,
            do: {got + 1, dropped},
            else: read(subscription, got + 1, dropped)
      end
    end

    test "what cannot travel is an error of the code that emits it", context do
      on(context, fn ->
        for {what, type, text} <- [
              {"object", "TypeError", "a lock cannot be emitted"},
              {"large", "ValueError", "at most 1048576 may be; return it"},
              {"topic", "ValueError", "a topic is a str of 1 to 200 characters"}
            ] do
          assert {:error, %Error{python_type: ^type, message: message}} =
                   Vllm.call("streaming_tests.emit_badly", [what])

          assert message =~ text
        end
      end)
    end
  end
end
