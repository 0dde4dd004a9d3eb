Code.require_file("../../support_h2/fake_pool.exs", __DIR__)
Code.require_file("../../support_h2/fake_rank.exs", __DIR__)
Code.require_file("../../support_h2/echo_server.exs", __DIR__)

defmodule Vllm.Bridge.Frames.RouteTest do
  # Which calls of a session go in frames, and which by gRPC. The test plays the pool and the rank.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connections, EchoServer, FakePool, FakeRank, Protobuf, V1}
  alias Vllm.Bridge.V1.Frame
  alias Vllm.{Distributed, Error, Session}

  @moduletag timeout: 60_000

  # get_pp_indices: {0, 15}.
  @indices <<16, 15>>

  setup do
    test = self()

    handler = fn
      "GetPpIndices", _message, _fields, _at ->
        send(test, :by_grpc)
        {:ok, @indices}

      "GetSession", _message, _fields, _at ->
        {:ok, %V1.Session{session_id: "s", affinity: :strict_queue}}

      _method, _message, _fields, _at ->
        {:status, 12}
    end

    server = FakePool.start(handler)
    %{server: server, path: EchoServer.socket_path()}
  end

  defp bridge(context, frames_endpoint, opts \\ []) do
    bridge = :"route_#{System.unique_integer([:positive])}"
    start_supervised!({Vllm.Bridge, [name: bridge, server: context.server] ++ opts}, id: bridge)

    session = %Session{
      id: "s",
      bridge: bridge,
      endpoint: context.server,
      frames_endpoint: frames_endpoint,
      affinity: :strict_queue
    }

    :ok = Connections.bind(bridge, [session])
    session
  end

  defp call(session, opts \\ []) do
    Distributed.get_pp_indices(61, 0, 4,
      __runtime__: [bridge: session.bridge, session_id: "s", timeout: 30_000] ++ opts
    )
  end

  defp rank(path, answer) do
    test = self()

    FakeRank.start(path, fn call, at ->
      send(test, {:in_frames, call})
      answer.(call, at)
    end)
  end

  test "a call of a session whose rank takes frames goes in one", context do
    endpoint = rank(context.path, fn _call, _at -> {:ok, @indices} end)
    session = bridge(context, endpoint)
    assert Session.carrier(session) == :frames
    assert call(session) == {:ok, {0, 15}}
    assert_received {:in_frames, %Frame.Call{} = call}
    assert call.method == "/vllm.distributed.v1.Distributed/GetPpIndices"
    assert %Frame.Pair{key: "vllm-session-id", value: "s"} in call.metadata
    assert call.timeout_us in 1_000_000..30_000_000
    refute_received :by_grpc

    assert {:ok, %{carrier: :auto, ranks: [rank]}} = Vllm.Bridge.info(bridge: session.bridge)

    assert rank == %{
             endpoint: context.server,
             frames_endpoint: endpoint,
             carrier: :frames,
             session_ids: ["s"]
           }
  end

  test "what the rank says is wrong arrives as on gRPC", context do
    detail = %V1.ErrorDetail{category: :worker, reason: "worker_busy", message: "busy", rank: 2}
    failure = %Frame.Failure{code: 14, message: "busy", error: detail}
    endpoint = rank(context.path, fn _call, _at -> {:failure, failure} end)
    assert {:error, %Error{} = error} = context |> bridge(endpoint) |> call()
    assert %{category: :worker, reason: "worker_busy", message: "busy", rank: 2} = error
    refute_received :by_grpc
  end

  test "without frames a call goes by gRPC, without an error", context do
    nowhere = "unix:" <> context.path
    too_long = "unix:/" <> String.duplicate("x", 200)

    for frames_endpoint <- ["", nowhere, too_long, "unix:", "127.0.0.1:1", "nonsense"] do
      session = bridge(context, frames_endpoint)
      assert Session.carrier(session) == :grpc
      assert call(session) == {:ok, {0, 15}}
      assert_received :by_grpc
      assert {:ok, %{ranks: [%{carrier: :grpc}]}} = Vllm.Bridge.info(bridge: session.bridge)
    end
  end

  test "`carrier: :grpc` turns frames off", context do
    session = bridge(context, rank(context.path, fn _, _ -> {:ok, @indices} end), carrier: :grpc)
    assert Session.carrier(session) == :grpc
    assert call(session) == {:ok, {0, 15}}
    assert_received :by_grpc
    refute_received {:in_frames, _call}
    assert {:ok, %{carrier: :grpc}} = Vllm.Bridge.info(bridge: session.bridge)

    assert {:error, %Error{reason: "invalid_option", message: message}} =
             Vllm.Bridge.start_link(name: :never, carrier: :pigeon)

    assert message =~ "carrier must be one of :auto, :grpc"
  end

  test "a rank that takes frames later, and goes on with them after a pause", context do
    session = bridge(context, "unix:" <> context.path, connection: [backoff: 1, max_backoff: 1])
    assert call(session) == {:ok, {0, 15}}
    rank(context.path, fn _call, _at -> {:ok, @indices} end)

    assert eventually(fn ->
             call(session) == {:ok, {0, 15}} and Session.carrier(session) == :frames
           end)

    assert_received {:in_frames, _call}
  end

  test "a call that may have run is not made again", context do
    endpoint = rank(context.path, fn _call, _at -> :close end)
    session = bridge(context, endpoint)
    assert {:error, %Error{category: :worker, reason: "connection_lost"}} = call(session)
    assert_received {:in_frames, _call}
    refute_received :by_grpc
    refute_received {:in_frames, _call}
  end

  test "a call of a connection too many has not run: it goes by gRPC", context do
    refusal = %Frame{id: 0, failure: %Frame.Failure{code: 8, message: "512 are open"}}
    endpoint = rank(context.path, fn _call, _at -> {:bytes, FakeRank.bytes(refusal)} end)
    session = bridge(context, endpoint, connection: [backoff: 60_000, max_backoff: 60_000])
    assert call(session) == {:ok, {0, 15}}
    assert_received :by_grpc
    assert Session.carrier(session) == :grpc
    assert call(session) == {:ok, {0, 15}}
    assert_received :by_grpc
  end

  test "a call whose deadline passes is withdrawn, in frames too", context do
    record = %V1.CallRecord{state: :withdrawn, queued_s: 0.1}
    withdrawn = Protobuf.encode(%V1.WithdrawResponse{call: record}) |> IO.iodata_to_binary()

    endpoint =
      rank(context.path, fn
        %{method: "/vllm.bridge.v1.Rank/Withdraw"}, _at -> {:ok, withdrawn}
        _call, _at -> :later
      end)

    session = bridge(context, endpoint)
    assert {:error, %Error{category: :timeout} = error} = call(session, timeout: 1_000)
    assert error.details["call_state"] == "withdrawn"
    assert_received {:in_frames, %{method: "/vllm.distributed.v1.Distributed/GetPpIndices"}}
    assert_receive {:cancelled, _id}
    assert_received {:in_frames, %{method: "/vllm.bridge.v1.Rank/Withdraw"}}
  end

  test "a request that is too large for a frame goes by gRPC", context do
    endpoint = rank(context.path, fn _call, _at -> {:ok, ""} end)
    session = bridge(context, endpoint)
    runtime = [bridge: session.bridge, session_id: "s"]
    large = String.duplicate("x", 1_000_001)
    # The test's gRPC server takes no more than a window, and so does not answer.
    assert {:error, _late} = Vllm.call("f", [large], __runtime__: [timeout: 100] ++ runtime)
    refute_received {:in_frames, %{method: "/vllm.bridge.v1.Objects/Call"}}
    Vllm.call("f", ["x"], __runtime__: runtime)
    assert_received {:in_frames, %{method: "/vllm.bridge.v1.Objects/Call"}}
  end

  test "a connection that is killed is another one; the other carrier's stays", context do
    endpoint = rank(context.path, fn _call, _at -> {:ok, @indices} end)
    session = bridge(context, endpoint)
    %{route: %{grpc: grpc, frames: frames}} = Connections.session(session.bridge, "s")

    for pid <- [frames.pid, grpc] do
      before = Connections.session(session.bridge, "s").route
      Process.exit(pid, :kill)
      assert eventually(fn -> Connections.session(session.bridge, "s").route != before end)
      assert call(session) == {:ok, {0, 15}}
    end

    %{route: %{grpc: other_grpc, frames: other}} = Connections.session(session.bridge, "s")
    assert other_grpc != grpc and other.pid != frames.pid
    assert eventually(fn -> Session.carrier(session) == :frames end)
  end

  test "a session that is closed leaves no connection behind", context do
    session = bridge(context, rank(context.path, fn _call, _at -> {:ok, @indices} end))
    %{route: %{grpc: grpc, frames: frames}} = Connections.session(session.bridge, "s")
    monitors = for pid <- [grpc, frames.pid], do: Process.monitor(pid)
    :ok = Connections.unbind(session.bridge, ["s"])
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    assert_receive :hung_up
  end

  defp eventually(check, tries \\ 3_000)
  defp eventually(_check, 0), do: false

  defp eventually(check, tries) do
    check.() or receive(do: (:never -> false), after: (10 -> eventually(check, tries - 1)))
  end
end
