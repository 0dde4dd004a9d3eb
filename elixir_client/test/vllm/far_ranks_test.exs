defmodule Vllm.FarRanksTest do
  # Worlds whose ranks dial in, on "another host": in a mount namespace a rank sees another /dev/shm, so
  # its server takes it for one elsewhere, and calls reach it over TLS.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Reach, V1}
  alias Vllm.{Distributed, Error, Tensor, World}

  @moduletag timeout: 180_000
  @bridge :far_ranks
  @inspect "/vllm.bridge.v1.Rank/Inspect"
  @bridge_program System.get_env("VLLM_BRIDGE") || ".venv/bin/vllm-bridge"

  # Whoever is not root may be it in a namespace of users.
  @namespace if match?({"0\n", 0}, System.cmd("id", ["-u"])),
               do: ["--mount"],
               else: ["--user", "--map-root-user", "--mount"]

  setup_all do
    {endpoint, join} = serve()
    start_supervised!({Vllm.Bridge, name: @bridge, server: endpoint})
    %{join: join, world: world("far", join, 2)}
  end

  # It ends when its input closes, with this process.
  defp serve do
    serve =
      ~w(serve --embedded --size 0 --join 127.0.0.1:0 --insecure-loopback --start-timeout 120 --log-level error)

    port = start(Path.expand(@bridge_program), serve)
    assert_receive {^port, {:data, {:eol, line}}}
    [_all, endpoint] = Regex.run(~r/"endpoint": "([^"]+)"/, line)
    [_all, join] = Regex.run(~r/"join": "([^"]+)"/, line)
    {endpoint, join}
  end

  defp world(id, join, size) do
    for rank <- 0..(size - 1)//1 do
      apart = ["sh", "-c", ~s(mount -t tmpfs none /dev/shm && exec "$@"), "sh"]
      told = ~w(--pool #{join} --world #{id} --rank #{rank} --world-size #{size} --wait 60)

      start(
        System.find_executable("unshare"),
        @namespace ++ apart ++ [Path.expand(@bridge_program), "join" | told],
        [:stderr_to_stdout]
      )
    end

    World.start!(
      world_id: id,
      tensor_parallel_size: size,
      distributed_executor_backend: "external_launcher",
      bridge: @bridge
    )
  end

  defp start(program, args, more \\ []),
    do: Port.open({:spawn_executable, program}, [:binary, {:line, 65_536}, args: args] ++ more)

  defp route(session), do: Connections.session(session.bridge, session.id).route

  defp reached(session) do
    {:ok, config} = Connections.config(@bridge)
    request = %V1.ReachRankRequest{session_id: session.id}
    PoolClient.call(config, "ReachRank", request, V1.ReachRankResponse)
  end

  defp far(session) do
    [{_session, %Reach{} = reach}] = Reach.ranks(%{pool: pool(), bridge: :nobody}, [session])
    reach
  end

  defp pool do
    {:ok, config} = Connections.config(@bridge)
    config.pool
  end

  # Asks a rank who it is, as a caller that has these.
  defp ask(reach, session) do
    {:ok, connection} = Connection.start_link(Reach.options(reach, []))
    metadata = [{"vllm-session-id", session.id}]
    answer = Connection.unary(connection, @inspect, "", timeout: 30_000, metadata: metadata)
    Connection.close(connection)
    answer
  end

  test "calls go straight to a far rank, tensors in parts too", %{world: world} do
    for session <- world.sessions do
      assert %{endpoint: "", far_endpoint: "127.0.0.1:" <> _port} = session
      assert %{grpc: connection, frames: nil} = route(session)
      assert is_pid(connection)
    end

    {:ok, info} = World.info(world)
    assert Enum.map(info.ranks, & &1.far_endpoint) == Enum.map(world.sessions, & &1.far_endpoint)

    large =
      Tensor.from_binary!(:binary.copy(<<1.0::float-32-little>>, 2_000_000), :f32, {2_000_000})

    {:ok, sums} =
      World.run(world, fn _rank ->
        {:ok, rank} = Distributed.get_tensor_model_parallel_rank()
        {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(large)
        {rank, Tensor.to_binary(sum)}
      end)

    twice = :binary.copy(<<2.0::float-32-little>>, 2_000_000)
    assert sums == [{0, twice}, {1, twice}]
  end

  test "a world that is bound once more keeps its connections", %{world: world} do
    before = Enum.map(world.sessions, &route/1)
    :ok = Connections.bind(@bridge, world.sessions)
    assert Enum.map(world.sessions, &route/1) == before
  end

  test "a rank that does not answer is called through the server", %{world: world} do
    {:ok, %{endpoint: endpoint}} = Vllm.Bridge.info(bridge: @bridge)
    other = :far_ranks_unreachable
    start_supervised!({Vllm.Bridge, name: other, server: endpoint})

    for session <- world.sessions,
        do: :ok = Connections.unreachable(other, session.far_endpoint, 60_000)

    {:ok, seen} =
      World.run(world.id, fn rank -> {rank, Distributed.get_tp_group!()} end, bridge: other)

    assert [{0, _group}, {1, _other_group}] = seen
    assert Enum.map(world.sessions, &Connections.session(other, &1.id).route) == [nil, nil]
  end

  test "a token opens its own session only", %{world: world} do
    [ours, other] = world.sessions
    {reach, theirs} = {far(ours), far(other)}
    assert {:ok, _rank} = ask(reach, ours)
    assert {:error, {:status, 16, _text, _}} = ask(%{reach | token: theirs.token}, ours)
    assert {:error, {:status, 16, _text, _}} = ask(%{reach | token: nil}, ours)
    assert {:error, {:status, 16, _text, _}} = ask(reach, other)
    assert {:error, %Error{}} = reached(%{ours | id: "nobody"})
  end

  test "a token is told to nobody who has another certificate", %{world: world} do
    [ours, other] = world.sessions
    {reach, theirs} = {far(ours), far(other)}

    assert {:error, {:connect, {:tls, _}} = reason} =
             ask(%{reach | certificate: theirs.certificate}, ours)

    assert Connection.format_reason(reason) =~ "certificate"
  end

  test "a rank that is killed in the middle of a call is named", %{join: join} do
    world = world("far-killed", join, 1)
    [session] = world.sessions
    assert %{grpc: _connection} = route(session)

    matrix =
      Tensor.from_binary!(:binary.copy(<<0.5::float-32-little>>, 9_000_000), :f32, {3000, 3000})

    call =
      Task.async(fn ->
        World.run(world, fn _rank ->
          Vllm.call("torch.linalg.matrix_power", [matrix, 4_000_000_000])
        end)
      end)

    busy(world)
    {_text, 0} = System.cmd("kill", ["-9", Integer.to_string(session.pid)])
    assert {:ok, [{:error, %Error{rank: 0} = error}]} = Task.await(call, 60_000)
    assert error.reason in ~w(session_worker_unavailable world_failed)
    assert error.message =~ "rank 0 of far-killed (pid #{session.pid})"
  end

  defp busy(world) do
    {:ok, info} = World.info(world)
    unless match?([%{activity: %{kind: :running}}], info.ranks), do: busy(world)
  end
end
