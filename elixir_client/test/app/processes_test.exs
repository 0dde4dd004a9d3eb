Code.require_file("../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.ProcessesTest do
  # No process of a bridge ends without somebody who sees it.
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Vllm.Bridge.{Attachment, Connections, FakePool, Owners, Subscription, V1}
  alias Vllm.{Bridge, Error, Session, World}
  alias Vllm.Tensor.Segments
  alias Vllm.World.Leases

  @moduletag timeout: 60_000

  setup do
    test = self()

    server =
      FakePool.start(fn
        "Attach", _body, _metadata, _to ->
          {:messages, [%V1.Attached{}]}

        "OpenSession", _body, _metadata, _to ->
          {:ok, %V1.Session{session_id: "s", endpoint: "unix:/nowhere/rank.sock"}}

        "CloseSession", _body, _metadata, _to ->
          {:ok, %V1.CloseSessionResponse{}}

        "Watch", _body, _metadata, to ->
          send(test, {:watch, to})
          {:messages, []}

        "StartWorld", _body, _metadata, to ->
          send(test, {:start, to})
          :later

        _method, _body, _metadata, _to ->
          {:status, 12}
      end)

    name = :"processes_#{System.unique_integer([:positive])}"
    start_supervised!({Bridge, name: name, server: server, max_restarts: 1_000}, id: name)
    %{bridge: name}
  end

  defp await(ready?, tries \\ 3_000) do
    cond do
      ready?.() -> :ok
      tries == 0 -> flunk("not so after five seconds")
      true -> receive(do: (:never -> :ok), after: (10 -> await(ready?, tries - 1)))
    end
  end

  defp child(bridge, id) do
    case List.keyfind(Supervisor.which_children(bridge), id, 0) do
      {_id, pid, _type, _modules} when is_pid(pid) -> pid
      _restarting -> nil
    end
  end

  defp named(bridge, name), do: Module.concat(bridge, name)

  defp attached?(bridge),
    do: match?(%{attached?: true}, :sys.get_state(named(bridge, "Attachment")))

  defp opens?(bridge), do: match?({:ok, %Session{}}, Session.open(bridge: bridge))

  test "whichever process of a bridge is killed is there again, and sessions open", %{
    bridge: bridge
  } do
    children = [Connections, named(bridge, "Subscriptions"), Attachment, Owners, Segments, Leases]
    ids = for {id, _pid, _type, _modules} <- Supervisor.which_children(bridge), do: id
    # Another one belongs here too: say what sees its end.
    assert Enum.sort(ids) == Enum.sort(children)

    for id <- children do
      before = child(bridge, id)
      Process.exit(before, :kill)
      await(fn -> child(bridge, id) not in [nil, before] end)
      await(fn -> opens?(bridge) end)
      await(fn -> attached?(bridge) end)
    end
  end

  test "a connection that is killed is another one, of the pool and of a rank", %{bridge: bridge} do
    {:ok, %{pool: pool, manager: manager}} = Connections.config(bridge)
    Process.exit(pool, :kill)
    await(fn -> match?({:ok, %{pool: again}} when again != pool, Connections.config(bridge)) end)
    {:ok, session} = Session.open(bridge: bridge)
    %{route: %{grpc: rank}} = Connections.session(bridge, session.id)
    Process.exit(rank, :kill)

    await(fn ->
      match?(%{route: %{grpc: again}} when again != rank, Connections.session(bridge, session.id))
    end)

    assert {:ok, %{manager: ^manager}} = Connections.config(bridge)
    await(fn -> attached?(bridge) end)
  end

  test "a subscription whose process fails says so to its subscriber", %{bridge: bridge} do
    {:ok, subscription} = Bridge.subscribe(bridge: bridge)
    monitor = Process.monitor(subscription)
    # As a defect of its own would: what it keeps has another form.
    log =
      capture_log(fn ->
        :sys.replace_state(subscription, fn state ->
          %{state | monitor: nil, asked: nil, stream: nil}
        end)

        send(subscription, :resume)

        assert_receive {:vllm_event, ^subscription,
                        {:error, %Error{reason: "subscription_ended"} = error}}

        assert error.message =~ "the process of the subscription failed"
        assert error.message =~ "Subscribe again"
        assert_receive {:DOWN, ^monitor, :process, ^subscription, _crash}
      end)

    assert log =~ "Last message: :resume"
  end

  test "a subscription to a bridge that stops meanwhile says so, without the bridge's innards",
       context do
    {:ok, config} = Connections.config(context.bridge)
    gone = %{config | bridge: :gone_meanwhile}
    assert {:error, %Error{} = error} = Subscription.start(gone, %V1.WatchRequest{}, 1_000)
    assert error.reason == "pool_connection_lost"
    refute error.message =~ "GenServer"
    refute error.message =~ config.client_id
  end

  test "the start of a world whose process fails is an error with the cause, and not an old one",
       %{bridge: bridge} do
    {:ok, starting} = World.start_async(bridge: bridge)
    awaiting = Task.async(fn -> World.await(starting) end)
    await(fn -> :sys.get_state(starting.pid).waiting != [] end)
    Process.exit(starting.pid, :kill)
    assert {:error, %Error{reason: reason, message: message}} = Task.await(awaiting, 60_000)
    assert {reason, message =~ "killed"} == {"world_start_failed", true}
  end

  test "an on_progress that exits or throws is logged, and the start goes on", %{bridge: bridge} do
    for fail <- [
          fn -> exit(:on_purpose) end,
          fn -> throw(:on_purpose) end,
          fn -> raise "on_purpose" end
        ] do
      log =
        capture_log(fn ->
          {:ok, starting} =
            World.start_async(bridge: bridge, on_progress: fn _info -> fail.() end)

          assert_receive {:start, to}
          assert_receive {:watch, watch}
          world = %V1.World{world_id: "w", epoch: 1, state: :world_ready}
          FakePool.reply(watch, {:messages, [%V1.Event{world: world}]})
          FakePool.reply(to, {:ok, world})
          assert {:ok, %World{id: "w"}} = World.await(starting)
        end)

      assert log =~ "on_purpose"
    end
  end

  test "what fails while it ends a dead process's things is in the log", %{bridge: bridge} do
    log =
      capture_log(fn ->
        owners = named(bridge, "Owners")
        # A thing that nothing knows how to end.
        {pid, monitor} =
          spawn_monitor(fn -> GenServer.call(owners, {:own, self(), {:context, 1, :no_ref}}) end)

        assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
        await(fn -> :sys.get_state(owners).processes == %{} end)

        await(fn ->
          match?({:links, [_supervisor]}, Process.info(Process.whereis(owners), :links))
        end)

        _ = :sys.get_state(owners)
      end)

    assert log =~ "may stay until the bridge ends"
  end
end
