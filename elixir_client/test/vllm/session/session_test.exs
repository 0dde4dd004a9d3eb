defmodule Vllm.SessionTest do
  use ExUnit.Case, async: false

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Protobuf, V1}
  alias Vllm.{Distributed, Error, Ref, Session, Tensor}

  defp open(opts) do
    assert {:ok, session} = Session.open(opts)
    on_exit(fn -> Session.close(session) end)
    session
  end

  describe "calls" do
    test "typed ones, positional and by keyword" do
      assert Distributed.get_pp_indices(61, 0, 4) == {:ok, {0, 15}}
      assert Distributed.get_pp_indices(61, 0, pp_size: 4) == {:ok, {0, 15}}
      assert Distributed.get_pp_indices!(61, 3, 4, __runtime__: [timeout: 5_000]) == {46, 61}
    end

    test "a Python error keeps its type, traceback and facts" do
      assert {:error, %Error{category: :python_error} = error} =
               Distributed.get_pp_indices(61, 9, 4)

      assert error.python_type =~ "Error"
      assert error.traceback =~ "get_pp_indices"
      assert error.message =~ "9"
      assert is_binary(error.call_id)
      assert_raise Error, ~r/9/, fn -> Distributed.get_pp_indices!(61, 9, 4) end
    end

    test "a session id at its first use is refused as it is when it is opened" do
      for id <- ["sitzung-ü", "two words", "x\n", String.duplicate("x", 201)] do
        assert {:error, %Error{category: :validation, reason: "invalid_session_id"} = error} =
                 Distributed.get_pp_indices(61, 0, 4, __runtime__: [session_id: id])

        assert error.message =~ "printable ASCII"
        assert {:error, %Error{reason: "invalid_session_id"}} = Session.open(session_id: id)
      end

      assert {:error, %Error{reason: "invalid_option"} = error} =
               Distributed.get_pp_indices(61, 0, 4, __runtime__: [pool_name: "größe"])

      assert error.message =~ "pool_name"
    end

    test "wrong arguments and options never leave this machine" do
      assert {:error, %Error{category: :validation, call_id: nil} = error} =
               Distributed.get_pp_indices(61, "0", 4)

      assert error.message =~ "argument pp_rank must be an integer"

      assert {:error, %Error{category: :validation}} =
               Distributed.get_pp_indices(61, 0, 4, __runtime__: [timeot: 1])

      assert {:error, %Error{category: :validation}} =
               Distributed.get_pp_indices(61, 0, 4, bogus: 1)
    end

    test "by dotted name, with keywords, tensors there and back" do
      assert {:ok, tensor} =
               Vllm.call("torch.bincount", [Tensor.new([1, 1, 3], :u8)], minlength: 5)

      assert Tensor.to_list(tensor) == [0, 2, 0, 1, 0]
      assert Tensor.shape(tensor) == {5}
    end

    test "what the server does not allow is refused by name" do
      assert {:error, %Error{category: :validation} = error} = Vllm.call("os.getpid", [])
      assert error.message =~ "os.getpid"
    end

    test "every dtype goes there and back" do
      for dtype <- Tensor.DType.names() -- [:f8_e4m3fn, :f8_e5m2, :u16, :u32, :u64] do
        tensor = Tensor.new([[1, 0, 1]], dtype)
        assert Vllm.call("torch.clone", [tensor]) == {:ok, tensor}, inspect(dtype)
      end
    end
  end

  describe "strict sessions" do
    test "keep objects, go direct, and free them" do
      session = open(affinity: :strict_queue)
      assert session.affinity == :strict_queue
      assert session.endpoint =~ "unix:"
      assert %{route: %{grpc: connection}} = Connections.session(Vllm.Bridge, session.id)
      assert is_pid(connection)

      options = [session_id: session.id, tensors: :ref]
      assert {:ok, kept} = Vllm.call("torch.arange", [6], __runtime__: options)
      assert %Tensor{data: nil, dtype: :s64, shape: {6}, ref: %Ref{} = ref} = kept
      assert ref.session_id == session.id

      # The object decides the session.
      assert {:ok, %Tensor{} = doubled} = Vllm.call("torch.mul", [kept, 2])
      assert Tensor.to_list(doubled) == [0, 2, 4, 6, 8, 10]
      assert {:ok, fetched} = Tensor.fetch(kept)
      assert Tensor.to_list(fetched) == [0, 1, 2, 3, 4, 5]
      assert Vllm.get_attribute(ref, "ndim") == {:ok, 1}
      assert {:ok, view} = Vllm.call(ref, "view", [2, 3])
      assert Tensor.to_list(view) == [[0, 1, 2], [3, 4, 5]]

      assert Vllm.release(ref) == {:ok, 1}
      assert {:error, %Error{} = error} = Tensor.fetch(kept)
      assert error.message =~ ref.id
    end

    test "closing is idempotent and forgets the connection" do
      session = open(affinity: :strict_queue)
      %{route: %{grpc: connection}} = Connections.session(Vllm.Bridge, session.id)
      monitor = Process.monitor(connection)
      assert Session.close(session) == :ok
      assert_receive {:DOWN, ^monitor, :process, ^connection, _reason}
      assert Connections.session(Vllm.Bridge, session.id) == nil
      assert Session.close(session) == :ok
    end

    test "a call cannot change what the session is" do
      session = open(affinity: :strict_queue)

      assert {:error, %Error{category: :validation} = error} =
               Distributed.get_pp_indices(4, 0, 2,
                 __runtime__: [session_id: session.id, affinity: :hint]
               )

      assert error.message =~ "strict_queue"
    end

    test "a connection that crashes is replaced" do
      session = open(affinity: :strict_queue)
      %{route: %{grpc: connection}} = Connections.session(Vllm.Bridge, session.id)
      monitor = Process.monitor(connection)
      Process.exit(connection, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^connection, :killed}

      assert Distributed.get_pp_indices(4, 0, 2, __runtime__: [session_id: session.id]) ==
               {:ok, {0, 2}}
    end
  end

  describe "the session of a call" do
    test "is the process's inside with_session" do
      session = open(affinity: :strict_queue)
      assert Session.current() == nil

      result =
        Session.with_session(session, fn bound ->
          assert Session.current() == bound
          {:ok, kept} = Vllm.call("torch.arange", [2], __runtime__: [tensors: :ref])
          kept.ref.session_id
        end)

      assert result == session.id
      assert Session.current() == nil
    end

    test "is restored after a raise, also when nested" do
      session = open(affinity: :hint)
      other = %Session{id: "other"}

      Session.with_session(session, fn ->
        assert_raise RuntimeError, fn -> Session.with_session(other, fn -> raise "x" end) end
        assert Session.current() == session
      end)

      assert Session.current() == nil
    end

    test "is opened at its first call when an id is given" do
      id = "first-use-#{System.unique_integer([:positive])}"
      options = [session_id: id, affinity: :strict_queue, tensors: :ref]
      assert {:ok, kept} = Vllm.call("torch.arange", [2], __runtime__: options)
      assert kept.ref.session_id == id
      assert {:ok, session} = Session.open(session_id: id)
      assert session.affinity == :strict_queue
      assert Session.close(session) == :ok
    end
  end

  test "a strict session whose rank is gone says so" do
    session = open(affinity: :strict_queue)
    assert {:ok, {0, 2}} = Distributed.get_pp_indices(4, 0, 2, in_session(session))
    {_, 0} = System.cmd("kill", ["-9", "#{session.pid}"])

    assert {:error, %Error{category: :worker, reason: "session_worker_unavailable"} = error} =
             Distributed.get_pp_indices(4, 0, 2, in_session(session))

    assert error.message =~ session.id
  end

  test "a deadline that passes in the queue: the call never ran" do
    session = disposable(affinity: :strict_queue)
    busy(session)

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = error} =
             Vllm.call("torch.arange", [1], __runtime__: [session_id: session.id, timeout: 1_000])

    assert error.message =~ "torch.arange timed out after 1000 ms"
    assert error.message =~ "never ran"
    assert error.details["call_state"] == "withdrawn"
  end

  test "a deadline that passes while the call runs" do
    session = disposable(affinity: :strict_queue)
    {name, args} = slow()

    assert {:error, %Error{category: :timeout} = error} =
             Vllm.call(name, args, __runtime__: [session_id: session.id, timeout: 1_000])

    assert error.message =~ "cannot be interrupted"
    assert error.details["call_state"] == "running"
  end

  test "a deadline of a call that went through the pool" do
    session = disposable(affinity: :strict_queue)
    start_supervised!({Vllm.Bridge, name: :elsewhere, server: server_endpoint()})
    {name, args} = slow()
    options = [bridge: :elsewhere, session_id: session.id, timeout: 1_000]

    assert {:error, %Error{category: :timeout} = error} =
             Vllm.call(name, args, __runtime__: options)

    assert error.message =~ "cannot be interrupted"
    assert error.details["call_state"] == "running"
  end

  test "a session opened elsewhere can be used by its id alone" do
    session = open(affinity: :strict_queue)
    start_supervised!({Vllm.Bridge, name: :elsewhere, server: server_endpoint()})
    options = [bridge: :elsewhere, session_id: session.id, tensors: :ref]
    assert {:ok, kept} = Vllm.call("torch.arange", [2], __runtime__: options)
    assert kept.ref.session_id == session.id
  end

  defp server_endpoint do
    {:ok, config} = Connections.config(Vllm.Bridge)
    config.endpoint
  end

  test "a fail-fast session refuses while its rank is busy" do
    session = disposable(affinity: :strict_fail_fast)
    busy(session)

    assert {:error, %Error{category: :worker, reason: "worker_busy"}} =
             Vllm.call("torch.arange", [1], __runtime__: [session_id: session.id])
  end

  # A rank that ends with the test, together with the work it was given.
  defp disposable(opts) do
    session = open(opts)
    assert session.pid > 0

    on_exit(fn ->
      System.cmd("kill", ["-9", "#{session.pid}"], stderr_to_stdout: true)
      await_replaced(session.pid, 1_000)
    end)

    session
  end

  # Until the pool has seen it end, calls of the tests that follow may still go there.
  defp await_replaced(_pid, 0), do: flunk("the pool did not see its rank end")

  defp await_replaced(pid, tries) do
    {:ok, config} = Connections.config(Vllm.Bridge)
    request = %V1.GetStatusRequest{}
    {:ok, status} = PoolClient.call(config, "GetStatus", request, V1.PoolStatus)

    if Enum.any?(status.ranks, &(&1.pid == pid and &1.state != :dead)),
      do: receive(do: (:never -> :ok), after: (10 -> await_replaced(pid, tries - 1)))
  end

  defp in_session(session), do: [__runtime__: [session_id: session.id]]

  # Longer than any test takes: a rank that is disposed of does not end it first.
  defp slow, do: {"time.sleep", [60]}

  defp busy(session) do
    {name, args} = slow()
    test = self()

    spawn_link(fn ->
      send(test, :started)
      Vllm.call(name, args, __runtime__: [session_id: session.id, timeout: 60_000])
    end)

    assert_receive :started
    await_busy(session, 3_000)
  end

  defp await_busy(_session, 0), do: flunk("the rank never became busy")

  defp await_busy(session, tries) do
    %{route: %{grpc: connection}} = Connections.session(Vllm.Bridge, session.id)

    {:ok, binary} =
      Connection.unary(connection, "/vllm.bridge.v1.Rank/Inspect", "",
        timeout: 5_000,
        metadata: [{"vllm-session-id", session.id}]
      )

    {:ok, %V1.InspectResponse{calls: calls}} = Protobuf.decode(V1.InspectResponse, binary)

    unless Enum.any?(calls, &(&1.state == :running)) do
      receive do
        :never -> :ok
      after
        20 -> await_busy(session, tries - 1)
      end
    end
  end
end
