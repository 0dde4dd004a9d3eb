Code.require_file("../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.Bridge.ConnectionsTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connections, FakePool}
  alias Vllm.{Error, Session}

  @moduletag timeout: 30_000

  setup do
    bridge = :"connections_#{System.unique_integer([:positive])}"
    server = FakePool.start(fn _method, _message, _fields, _at -> {:status, 12} end)
    start_supervised!({Vllm.Bridge, name: bridge, server: server})
    {:ok, config} = Connections.config(bridge)
    %{bridge: bridge, manager: config.manager, before: linked(config.manager)}
  end

  defp linked(manager) do
    {:links, links} = Process.info(manager, :links)
    Enum.sort(for pid <- links, is_pid(pid), do: pid)
  end

  defp session(bridge, id, endpoint),
    do: %Session{id: id, bridge: bridge, endpoint: endpoint, affinity: :strict_queue}

  defp await(ready?, tries \\ 3_000) do
    cond do
      ready?.() -> :ok
      tries == 0 -> flunk("it never became so")
      true -> receive(do: (:never -> :ok), after: (10 -> await(ready?, tries - 1)))
    end
  end

  test "one bad address among a world's ranks leaves no connection and no session behind",
       context do
    %{bridge: bridge, manager: manager} = context

    sessions = [
      session(bridge, "one", "unix:/nowhere/1.sock"),
      session(bridge, "two", "unix:/nowhere/2.sock"),
      session(bridge, "bad", "nowhere")
    ]

    for _ <- 1..3 do
      assert {:error, %Error{reason: "bad_endpoint", message: message}} =
               Connections.bind(bridge, sessions)

      assert message =~ ~s(session bad the endpoint "nowhere")
      assert message =~ "the port is missing"
    end

    for %{id: id} <- sessions, do: assert(Connections.session(bridge, id) == nil)
    await(fn -> linked(manager) == context.before end)
  end

  test "a session that moves to a bad address takes its good neighbours' connection from nobody",
       %{bridge: bridge} do
    :ok = Connections.bind(bridge, [session(bridge, "stays", "unix:/nowhere/1.sock")])
    %{route: %{grpc: connection}} = Connections.session(bridge, "stays")

    moved = [session(bridge, "new", "unix:/nowhere/1.sock"), session(bridge, "bad", ":1")]
    assert {:error, %Error{reason: "bad_endpoint"}} = Connections.bind(bridge, moved)
    assert %{route: %{grpc: ^connection}} = Connections.session(bridge, "stays")
    assert Process.alive?(connection)
  end

  test "a connection that does not close keeps nobody from opening another session", context do
    %{bridge: bridge, manager: manager} = context
    :ok = Connections.bind(bridge, [session(bridge, "stuck", "unix:/nowhere/1.sock")])
    %{route: %{grpc: connection}} = Connections.session(bridge, "stuck")
    true = :erlang.suspend_process(connection)

    assert Connections.unbind(bridge, ["stuck"]) == :ok
    assert Connections.bind(bridge, [session(bridge, "next", "unix:/nowhere/2.sock")]) == :ok

    true = :erlang.resume_process(connection)
    await(fn -> connection not in linked(manager) end)
  end

  test "a bridge that is busy for longer than five seconds is not said to be missing", context do
    %{bridge: bridge, manager: manager} = context
    true = :erlang.suspend_process(manager)
    asked = Task.async(fn -> Connections.bind(bridge, [session(bridge, "late", "")]) end)
    assert Task.yield(asked, 5_200) == nil
    true = :erlang.resume_process(manager)
    assert Task.await(asked, 60_000) == :ok
    assert %{route: nil} = Connections.session(bridge, "late")
  end
end
