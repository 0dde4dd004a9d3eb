Code.require_file("../../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.OwnershipTest do
  # Who ends what: processes, bridges, and what belongs to neither.
  use ExUnit.Case, async: false

  alias Vllm.{Bridge, Error, Session, World}
  alias Vllm.Bridge.{Connections, FakePool, PoolClient, V1}

  @moduletag timeout: 120_000

  # A process that opens something as the test says, and dies when it is told.
  defp opener(open) do
    test = self()

    pid =
      spawn(fn ->
        send(test, {:opened, open.()})
        receive(do: (:die -> exit(:boom)))
      end)

    assert_receive {:opened, {:ok, opened}}, 30_000
    {pid, opened}
  end

  defp session(id, wait_ms \\ 0) do
    {:ok, config} = Connections.config(Bridge)
    duration = %Vllm.Google.Protobuf.Duration{seconds: div(wait_ms, 1_000)}
    request = %V1.GetSessionRequest{session_id: id, wait_for_end: duration}
    PoolClient.call(config, "GetSession", request, V1.Session)
  end

  defp ends(id), do: assert({:error, %Error{} = error} = session(id, 10_000)) && error
  defp lives(id), do: assert({:ok, %V1.Session{}} = session(id))

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end

  defp owners(bridge \\ Bridge), do: :sys.get_state(Module.concat(bridge, Owners))
  defp attached?(bridge), do: :sys.get_state(Module.concat(bridge, Attachment)).attached?

  describe "a process that dies" do
    test "closes the sessions that it opened, and no others" do
      {first, one} = opener(fn -> Session.open() end)
      {second, two} = opener(fn -> Session.open(affinity: :strict_queue) end)
      {third, three} = opener(fn -> Session.open(detached: true) end)
      on_exit(fn -> Session.close(three) end)

      assert Connections.session(Bridge, two.id)
      for pid <- [second, third], do: send(pid, :die)
      assert ends(two.id).reason in ["session_closed", "session_not_found"]
      await(fn -> Connections.session(Bridge, two.id) == nil end)
      lives(one.id)
      lives(three.id)
      send(first, :die)
      ends(one.id)
      lives(three.id)
    end

    test "a session that several opened ends with the last of them" do
      id = "shared-#{System.unique_integer([:positive])}"
      {first, %{id: ^id}} = opener(fn -> Session.open(session_id: id) end)
      {second, %{id: ^id}} = opener(fn -> Session.open(session_id: id) end)
      monitor = Process.monitor(first)
      send(first, :die)
      assert_receive {:DOWN, ^monitor, :process, _, _}
      # Answered after the news of that death.
      assert map_size(owners().owners) > 0
      lives(id)
      send(second, :die)
      ends(id)
    end

    test "leaves a session that another bridge opened" do
      start_supervised!({Bridge, name: :others, server: endpoint()})
      id = "others-#{System.unique_integer([:positive])}"
      {:ok, session} = Session.open(session_id: id, bridge: :others)
      {pid, %{id: ^id}} = opener(fn -> Session.open(session_id: id) end)
      monitor = Process.monitor(pid)
      send(pid, :die)
      assert_receive {:DOWN, ^monitor, :process, _, _}
      refute is_map_key(owners().owners, {:session, id})
      lives(id)
      assert Session.close(session) == :ok
    end

    test "after it closed its sessions, nothing is kept of it" do
      {pid, id} =
        opener(fn ->
          {:ok, session} = Session.open()
          :ok = Session.close(session)
          {:ok, session.id}
        end)

      refute is_map_key(owners().processes, pid)
      refute is_map_key(owners().owners, {:session, id})
      send(pid, :die)
    end

    test "a failed open is owned by nobody" do
      assert {:error, %Error{reason: "pool_not_found"}} = Session.open(pool_name: "none")
      assert {:error, %Error{}} = World.start(pool_name: "none")
      refute is_map_key(owners().processes, self())
    end

    test "is named by the errors of what it leaves" do
      {pid, world} = opener(fn -> World.start([]) end)
      {other, session} = opener(fn -> Session.open() end)
      for pid <- [pid, other], do: send(pid, :die)
      await(fn -> match?({:ok, %World.Info{state: :stopped}}, World.info(world)) end)
      [rank] = world.sessions
      await(fn -> Connections.session(Bridge, rank.id) == nil end)
      assert {:error, error} = Session.with_session(rank, &Vllm.Distributed.get_tp_group/0)
      assert error.reason == "session_closed"
      assert error.message =~ "its owner, the process #{inspect(pid)}, has ended"
      assert error.message =~ "detached: true"
      assert ends(session.id).message =~ "its owner, the process #{inspect(other)}, has ended"
    end

    test "stops its world, unless that is detached" do
      {starter, world} = opener(fn -> World.start([]) end)
      {other, detached} = opener(fn -> World.start(detached: true, world_id: unique("kept")) end)
      on_exit(fn -> World.stop(detached) end)
      for pid <- [starter, other], do: send(pid, :die)
      await(fn -> match?({:ok, %World.Info{state: :stopped}}, World.info(world)) end)
      assert %World.Info{state: :ready} = World.info!(detached.id)
      assert World.stop(detached.id) == :ok
      assert %World.Info{state: :stopped} = World.info!(detached.id)
    end

    test "while its world starts, stops it" do
      test = self()

      starter =
        spawn(fn ->
          World.start(on_progress: fn info -> send(test, {:starting, info.id}) end)
        end)

      assert_receive {:starting, id}, 30_000
      Process.exit(starter, :kill)

      await(fn ->
        not match?(
          {:ok, %World.Info{state: state}} when state in [:starting, :ready],
          World.info(id)
        )
      end)
    end
  end

  describe "a bridge that ends" do
    test "leaves its sessions to the pool, which closes them after the grace period" do
      start_supervised!({Bridge, name: :ending, server: endpoint()})
      await(fn -> attached?(:ending) end)
      {:ok, mine} = Session.open(bridge: :ending)
      {:ok, detached} = Session.open(bridge: :ending, detached: true)
      {:ok, {0, 2}} = Vllm.Distributed.get_pp_indices(4, 0, 2, __runtime__: [bridge: :ending])
      {:ok, %{default_session: by_use}} = Connections.config(:ending)
      lives(by_use)
      stop_supervised!(:ending)
      # Within the grace period of the tests' server, one second, nothing has happened.
      lives(mine.id)
      ends(mine.id)
      ends(by_use)
      lives(detached.id)
      Session.close(detached.id)
    end

    test "a connection that is lost for a moment costs nothing" do
      start_supervised!({Bridge, name: :shaken, server: endpoint()})
      await(fn -> attached?(:shaken) end)
      {:ok, session} = Session.open(bridge: :shaken)
      {:ok, %{pool: pool}} = Connections.config(:shaken)
      monitor = Process.monitor(pool)
      Process.exit(pool, :kill)
      assert_receive {:DOWN, ^monitor, :process, _, _}
      await(fn -> match?({:ok, %{pool: new}} when new != pool, Connections.config(:shaken)) end)
      await(fn -> attached?(:shaken) end)
      # Longer than the grace period.
      assert {:ok, %V1.Session{}} = session(session.id, 2_000)
    end
  end

  describe "the attachment, with a scripted pool" do
    test "attaches again after a loss, under the same name, and asks for the profiles again" do
      test = self()

      address =
        FakePool.start(fn
          "Attach", body, _metadata, to ->
            {:ok, request} = Bridge.Protobuf.decode(V1.AttachRequest, body)
            send(test, {:attach, request.client_id, to})
            {:messages, [%V1.Attached{}]}

          "GetProfiles", _body, _metadata, _to ->
            send(test, :profiles)
            {:ok, %V1.Profiles{}}
        end)

      start_supervised!({Bridge, name: :again, server: address})
      {:ok, %{client_id: id}} = Connections.config(:again)
      assert id =~ ~r/\A[!-~]{1,200}\z/

      for ending <- [:close, {:status, 0}, {:status, 14}, :close] do
        assert_receive {:attach, ^id, to}
        assert_receive :profiles
        FakePool.reply(to, ending)
      end

      assert_receive {:attach, ^id, _to}
    end

    test "a pool that knows none is used without" do
      address = FakePool.start(fn _method, _body, _metadata, _to -> {:status, 12} end)
      start_supervised!({Bridge, name: :older, server: address})
      await(fn -> :sys.get_state(:"Elixir.older.Attachment").asked == nil end)

      assert {:error, %Error{reason: "unimplemented"}} =
               Vllm.call("a.b", [], __runtime__: [bridge: :older])

      assert {:ok, %{profiles_known?: true}} = Connections.config(:older)
    end
  end

  defp endpoint do
    {:ok, config} = Connections.config(Bridge)
    config.endpoint
  end

  defp unique(name), do: "#{name}-#{System.unique_integer([:positive])}"
end
