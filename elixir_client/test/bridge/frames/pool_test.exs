Code.require_file("../../support_h2/fake_pool.exs", __DIR__)
Code.require_file("../../support_h2/fake_rank.exs", __DIR__)
Code.require_file("../../support_h2/echo_server.exs", __DIR__)

defmodule Vllm.Bridge.Frames.PoolTest do
  # Calls that go to the pool: in frames where it says so when the bridge attaches. The test plays the pool.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connections, EchoServer, FakePool, FakeRank, V1}
  alias Vllm.Bridge.V1.Frame
  alias Vllm.{Distributed, Error, Session}

  @moduletag timeout: 60_000

  # get_pp_indices: {0, 15}.
  @indices <<16, 15>>

  # A pool whose clients are told of `places`, one after the other, each time that they attach.
  defp server(places) do
    test = self()
    {:ok, left} = Agent.start_link(fn -> places end)

    FakePool.start(fn
      "Attach", _body, _fields, to ->
        send(test, {:attached, to})
        place = Agent.get_and_update(left, fn [place | rest] -> {place, rest ++ [place]} end)
        {:messages, [%V1.Attached{frames_endpoint: place}]}

      "GetProfiles", _body, _fields, _to ->
        {:ok, %V1.Profiles{}}

      "GetPpIndices", _body, fields, _to ->
        send(test, {:by_grpc, fields})
        {:ok, @indices}

      "OpenSession", _body, _fields, _to ->
        {:ok, %V1.Session{session_id: "h", affinity: :hint, frames_endpoint: hd(places)}}

      _method, _body, _fields, _to ->
        {:status, 12}
    end)
  end

  defp frames(path, answer \\ fn _call, _at -> {:ok, @indices} end) do
    test = self()

    FakeRank.start(path, fn call, at ->
      send(test, {:in_frames, call})
      answer.(call, at)
    end)
  end

  defp bridge(server, opts \\ []) do
    bridge = :"pool_frames_#{System.unique_integer([:positive])}"
    start_supervised!({Vllm.Bridge, [name: bridge, server: server] ++ opts}, id: bridge)
    bridge
  end

  defp call(bridge, opts \\ []),
    do: Distributed.get_pp_indices(61, 0, 4, __runtime__: [bridge: bridge] ++ opts)

  defp carrier(bridge) do
    {:ok, info} = Vllm.Bridge.info(bridge: bridge)
    info.pool_carrier
  end

  defp eventually(fun, tries \\ 500) do
    cond do
      fun.() -> true
      tries == 0 -> false
      true -> receive(do: (:never -> :ok), after: (10 -> eventually(fun, tries - 1)))
    end
  end

  test "a call that goes to the pool goes in a frame, with all that it says over gRPC" do
    bridge = bridge(server([frames(EchoServer.socket_path())]), token: "t0ken")
    assert eventually(fn -> carrier(bridge) == :frames end)
    assert call(bridge) == {:ok, {0, 15}}
    assert_received {:in_frames, %Frame.Call{} = call}
    keys = for pair <- call.metadata, do: pair.key
    assert Enum.all?(~w(vllm-session-id vllm-call-id vllm-client-id), &(&1 in keys))

    # And of a session that was opened.
    {:ok, session} = Session.open(bridge: bridge)
    assert {session.endpoint, Session.carrier(session)} == {"", :frames}
    assert call(bridge, session_id: session.id) == {:ok, {0, 15}}
    assert_received {:in_frames, _call}
    refute_received {:by_grpc, _fields}
    assert {:ok, %{ranks: []}} = Vllm.Bridge.info(bridge: bridge)
  end

  test "a session that is opened before the bridge is attached says the place too" do
    place = frames(EchoServer.socket_path())

    server =
      FakePool.start(fn
        "OpenSession", _body, _fields, _to ->
          {:ok, %V1.Session{session_id: "h", affinity: :hint, frames_endpoint: place}}

        "GetProfiles", _body, _fields, _to ->
          {:ok, %V1.Profiles{}}

        "Attach", _body, _fields, _to ->
          :later
      end)

    bridge = bridge(server)
    assert carrier(bridge) == :grpc
    {:ok, session} = Session.open(bridge: bridge)
    assert Session.carrier(session) == :frames
    assert call(bridge) == {:ok, {0, 15}}
    assert_received {:in_frames, _call}
  end

  test "a pool that names no place, or one where nobody is, is called by gRPC, without an error" do
    for place <- ["", "unix:" <> EchoServer.socket_path(), "127.0.0.1:1", "nonsense"] do
      bridge = bridge(server([place]))
      assert_receive {:attached, _to}
      assert call(bridge) == {:ok, {0, 15}}
      assert_receive {:by_grpc, _fields}
      assert carrier(bridge) == :grpc
    end
  end

  test "`carrier: :grpc` turns frames off" do
    bridge = bridge(server([frames(EchoServer.socket_path())]), carrier: :grpc)
    assert_receive {:attached, _to}
    assert call(bridge) == {:ok, {0, 15}}
    assert_received {:by_grpc, _fields}
    refute_received {:in_frames, _call}
    assert carrier(bridge) == :grpc
  end

  test "what the pool says is wrong arrives as by gRPC" do
    detail = %V1.ErrorDetail{category: :pool, reason: "queue_full", message: "full"}
    failure = %Frame.Failure{code: 9, message: "full", error: detail}
    place = frames(EchoServer.socket_path(), fn _call, _at -> {:failure, failure} end)
    bridge = bridge(server([place]))
    assert eventually(fn -> carrier(bridge) == :frames end)
    assert {:error, %Error{category: :pool, reason: "queue_full", message: "full"}} = call(bridge)
    refute_received {:by_grpc, _fields}
  end

  test "a call that may have run is not made again" do
    place = frames(EchoServer.socket_path(), fn _call, _at -> :close end)
    bridge = bridge(server([place]))
    assert eventually(fn -> carrier(bridge) == :frames end)
    assert {:error, %Error{category: :pool, reason: "pool_connection_lost"}} = call(bridge)
    assert_received {:in_frames, _call}
    refute_received {:by_grpc, _fields}
  end

  test "a bridge that attaches again goes where the pool is now" do
    first = frames(EchoServer.socket_path(), fn _call, _at -> {:ok, <<16, 1>>} end)
    second = frames(EchoServer.socket_path())
    bridge = bridge(server([first, second]))
    assert eventually(fn -> carrier(bridge) == :frames end)
    assert call(bridge) == {:ok, {0, 1}}
    assert_receive {:attached, to}
    FakePool.reply(to, {:status, 14})
    assert_receive {:attached, _again}
    assert eventually(fn -> call(bridge) == {:ok, {0, 15}} end)
    # And when the process of the connection ends, by another one.
    {:ok, config} = Connections.config(bridge)
    Process.exit(config.calls.frames.pid, :kill)
    assert eventually(fn -> carrier(bridge) == :frames end)
    assert call(bridge) == {:ok, {0, 15}}
  end
end
