Code.require_file("../support_h2/fake_pool.exs", __DIR__)
Code.require_file("../support_h2/fake_rank.exs", __DIR__)
Code.require_file("../support_h2/echo_server.exs", __DIR__)

defmodule Vllm.AsyncTest do
  # Calls that are begun and collected later: their order, their deadline, and what ends them.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connections, EchoServer, FakePool, FakeRank, V1}
  alias Vllm.Bridge.V1.Frame
  alias Vllm.{Distributed, Error, Session, Tensor, World}

  @moduletag timeout: 120_000

  # get_pp_indices: {0, 15}.
  @indices <<16, 15>>

  defp session(answer) do
    test = self()
    bridge = :"async_#{System.unique_integer([:positive])}"
    server = FakePool.start(fn _method, _message, _fields, _at -> {:status, 12} end)
    start_supervised!({Vllm.Bridge, name: bridge, server: server}, id: bridge)

    endpoint =
      FakeRank.start(EchoServer.socket_path(), fn call, at ->
        send(test, {:called, call, at})
        answer.(call, at)
      end)

    session = %Session{
      id: "s",
      bridge: bridge,
      endpoint: server,
      frames_endpoint: endpoint,
      affinity: :strict_queue
    }

    :ok = Connections.bind(bridge, [session])
    session
  end

  defp later(_call, _at), do: :later
  defp call(opts \\ []), do: Distributed.get_pp_indices(61, 0, 4, __runtime__: opts)

  test "calls are sent in the order in which they are begun, and collected in any" do
    Session.with_session(session(&later/2), fn ->
      asyncs =
        for layers <- 1..100, do: Vllm.async(fn -> Distributed.get_pp_indices(layers, 0, 1) end)

      asked =
        for layers <- 1..100 do
          assert_receive {:called, %{body: <<8, ^layers, _rest::binary>>}, at}
          at
        end

      for at <- Enum.reverse(asked), do: FakeRank.reply(at, {:ok, @indices})
      [first | rest] = asyncs
      assert rest |> Enum.reverse() |> Vllm.await_many() |> Enum.uniq() == [{:ok, {0, 15}}]
      assert Vllm.await(first) == {:ok, {0, 15}}
    end)
  end

  test "the function has the session, the defaults and the callers of who began it" do
    Session.with_session(session(&later/2), fn ->
      Vllm.Runtime.with_defaults([timeout: 7_000], fn ->
        test = self()

        async =
          Vllm.async(fn ->
            assert Session.current().id == "s"
            assert [^test | _] = Process.get(:"$callers")
            assert self() != test
            call()
          end)

        assert_receive {:called, %Frame.Call{timeout_us: timeout} = call, at}
        assert timeout in 1_000_000..7_000_000
        assert %Frame.Pair{key: "vllm-session-id", value: "s"} in call.metadata
        FakeRank.reply(at, {:ok, @indices})
        assert Vllm.await(async) == {:ok, {0, 15}}
      end)
    end)
  end

  test "the deadline begins with the call, not with the wait for it" do
    Session.with_session(session(&later/2), fn ->
      async = Vllm.async(fn -> call(timeout: 1_000) end)
      assert_receive {:called, _call, {_rank, id}}
      assert_receive {:cancelled, ^id}
      # Of asking what became of it.
      assert_receive {:called, %{method: "/vllm.bridge.v1.Rank/Withdraw"}, at}
      FakeRank.reply(at, {:failure, %Frame.Failure{code: 12, message: "unknown"}})
      began = System.monotonic_time(:millisecond)
      assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"}} = Vllm.await(async)
      assert System.monotonic_time(:millisecond) - began < 20_000
    end)
  end

  test "a wait that ends too early is not the end of the call" do
    Session.with_session(session(&later/2), fn ->
      async = Vllm.async(&call/0)

      assert {:error, %Error{category: :timeout, reason: "future_not_ready"}} =
               Vllm.await(async, 10)

      assert [{:error, %Error{reason: "future_not_ready"}}] = Vllm.await_many([async], 0)
      assert_receive {:called, _call, at}
      FakeRank.reply(at, {:ok, @indices})
      assert Vllm.await(async, 60_000) == {:ok, {0, 15}}
      assert {:error, %Error{reason: "invalid_argument"} = error} = Vllm.await(async)
      assert error.message =~ "awaited before"
    end)
  end

  test "only who began a call awaits it" do
    async = Vllm.async(fn -> :done end)
    task = Task.async(fn -> Vllm.await(async) end)
    assert {:error, %Error{category: :validation, message: message}} = Task.await(task, 60_000)
    assert message =~ inspect(self())
    assert Vllm.await(async) == {:ok, :done}
  end

  test "a failure of the function is an error where it is awaited, raised by the form with a !" do
    failing = [fn -> raise "boom" end, fn -> throw(:ball) end, fn -> exit(:gone) end]
    [raised, thrown, left] = Enum.map(failing, &Vllm.async/1)
    assert_raise RuntimeError, "boom", fn -> Vllm.await!(raised) end
    assert catch_throw(Vllm.await!(thrown)) == :ball
    assert catch_exit(Vllm.await!(left)) == :gone

    for {result, text} <-
          Enum.zip(failing |> Enum.map(&Vllm.async/1) |> Vllm.await_many(), ~w(boom ball gone)) do
      assert {:error, %Error{category: :worker, reason: "run_failed"} = error} = result
      assert error.message =~ text
    end

    named = %Error{category: :pool, reason: "named", message: "m"}
    assert Vllm.await(Vllm.async(fn -> raise named end)) == {:error, named}
    assert_raise Error, fn -> Vllm.await!(Vllm.async(fn -> {:error, named} end)) end
    assert {:error, %Error{reason: "run_failed"}} = Vllm.await(Vllm.async(fn -> {:error, 5} end))
    assert [1, 2] = Vllm.await_many!(for n <- 1..2, do: Vllm.async(fn -> {:ok, n} end))
    killed = Vllm.async(fn -> Process.exit(self(), :kill) end)
    assert {:error, %Error{reason: "invalid_argument"}} = Vllm.await(killed)
  end

  test "a caller that ends, in whatever way, gives up the calls that it began" do
    session = session(&later/2)

    for reason <- [:normal, :kill] do
      caller =
        spawn(fn ->
          Session.with_session(session, fn ->
            Vllm.async(&call/0)
            receive(do: (:end -> :ok))
          end)
        end)

      assert_receive {:called, _call, {_rank, id}}
      if reason == :kill, do: Process.exit(caller, :kill), else: send(caller, :end)
      assert_receive {:cancelled, ^id}
    end
  end

  test "nothing is left of it, in processes or in the mailbox" do
    session = session(fn _call, _at -> {:ok, @indices} end)

    Session.with_session(session, fn ->
      asyncs = for _ <- 1..20, do: Vllm.async(&call/0)
      monitors = for async <- asyncs, do: Process.monitor(async.pid)
      assert asyncs |> Vllm.await_many() |> Enum.uniq() == [{:ok, {0, 15}}]
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, _reason})
      for _ <- 1..20, do: assert_received({:called, _call, _at})
      assert Process.info(self(), :messages) == {:messages, []}
    end)
  end

  test "one process runs a collective on all ranks of a world" do
    {:ok, world} = World.start(tensor_parallel_size: 2)

    calls =
      for round <- 1..5, rank <- 0..1 do
        Vllm.async(fn ->
          Session.with_session(World.session!(world, rank), fn ->
            Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank + round]))
          end)
        end)
      end

    sums = for {:ok, sum} <- Vllm.await_many(calls, 60_000), do: Tensor.to_list(sum)
    assert sums == for(round <- 1..5, _rank <- 0..1, do: [2 * round + 1])
    :ok = World.stop(world)
  end

  test "an object that a call leaves in its rank belongs to who began the call" do
    async = Vllm.async(fn -> Vllm.call("torch.arange", [3], __runtime__: [tensors: :ref]) end)
    assert {:ok, kept} = Vllm.await(async)
    assert {:ok, tensor} = Tensor.fetch(kept)
    assert Tensor.to_list(tensor) == [0, 1, 2]
    assert %V1.Ref{} = Vllm.Ref.to_message(kept.ref)
  end
end
