defmodule Vllm.TelemetryTest do
  use ExUnit.Case, async: false

  @compile {:no_warn_undefined, :telemetry}

  alias Vllm.Bridge.Transport.Memory
  alias Vllm.{Distributed, Error, Telemetry, World}

  @bridge :telemetry_tests

  setup context do
    unless context[:without] do
      Code.require_file("../support/telemetry.exs", __DIR__)
      :telemetry.attach()

      on_exit(fn ->
        # As it was: the other tests run without.
        :code.purge(:telemetry)
        :code.delete(:telemetry)
        Code.unrequire_files([Path.expand("../support/telemetry.exs", __DIR__)])
      end)
    end

    start_supervised!({Vllm.Bridge, name: @bridge, transport: Memory})
    :ok
  end

  defp call(opts \\ []) do
    Distributed.get_pp_indices(61, 0, 4, __runtime__: [bridge: @bridge] ++ opts)
  end

  defp received(acc \\ []) do
    receive do
      {:telemetry, event, measurements, metadata} ->
        received([{event, measurements, metadata} | acc])
    after
      0 -> Enum.reverse(acc)
    end
  end

  @tag :without
  test "nothing happens where it is not loaded" do
    refute Telemetry.loaded?()
    Vllm.Test.stub(Distributed, :get_pp_indices, {0, 15}, bridge: @bridge)
    assert call() == {:ok, {0, 15}}
    assert Telemetry.connection_up({:local, "/x"}) == :ok
    assert Telemetry.world_stop(%{}, fn -> :ok end) == :ok
  end

  test "a call: start and stop, with what it is and how it ended" do
    assert Telemetry.loaded?()
    Vllm.Test.stub(Distributed, :get_pp_indices, {0, 15}, bridge: @bridge)
    assert call(session_id: "mine", timeout: 5_000) == {:ok, {0, 15}}

    assert [
             {[:vllm, :call, :start], started, metadata},
             {[:vllm, :call, :stop], stopped, ended}
           ] = received()

    assert %{function: "get_pp_indices", session_id: "mine", bridge: @bridge, timeout: 5_000} =
             metadata

    assert %{path: "/vllm.distributed.v1.Distributed/GetPpIndices", rank: nil} = metadata
    assert {metadata.carrier, metadata.direct} == {Memory, false}
    assert started.request_bytes > 0 and is_integer(started.system_time)
    assert stopped.response_bytes > 0
    assert stopped.monotonic_time - started.monotonic_time == stopped.duration
    assert System.convert_time_unit(stopped.duration, :native, :millisecond) in 0..60_000
    assert Map.take(ended, Map.keys(metadata)) == metadata
    assert {ended.outcome, ended.error} == {:ok, nil}

    Vllm.Test.stub(Distributed, :get_pp_indices, Vllm.Test.error(:worker, "gone"), bridge: @bridge)

    assert {:error, error} = call()
    assert [_start, {[:vllm, :call, :stop], %{response_bytes: 0}, ended}] = received()
    assert {ended.outcome, ended.error} == {:error, error}
  end

  test "a call that raises here" do
    Vllm.Test.stub(Distributed, :get_pp_indices, fn -> raise "boom" end, bridge: @bridge)
    assert_raise RuntimeError, "boom", fn -> call() end

    assert [_start, {[:vllm, :call, :exception], %{duration: _}, metadata}] = received()
    assert %{kind: :error, reason: %RuntimeError{}, stacktrace: [_ | _]} = metadata
  end

  test "a world" do
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge)
    {:ok, world} = World.restart(world)
    :ok = World.stop(world)
    {:error, %Error{}} = World.restart("none", bridge: @bridge)

    assert [
             {[:vllm, :world, :starting], %{system_time: _}, %{epoch: nil, restart: false}},
             {[:vllm, :world, :ready], %{duration: _}, %{epoch: 1, world_size: 2}},
             {[:vllm, :world, :starting], _, %{restart: true}},
             {[:vllm, :world, :ready], _, %{epoch: 2}},
             {[:vllm, :world, :stopped], %{duration: _}, %{outcome: :ok, epoch: 2} = stopped},
             {[:vllm, :world, :starting], _, _},
             {[:vllm, :world, :failed], %{duration: _}, %{error: %Error{}}}
           ] = received()

    assert stopped.world_id == world.id
  end

  test "a rank's call in a world says so" do
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge)
    received()
    stub = fn -> {0, 1} end
    Vllm.Test.stub(Distributed, :get_pp_indices, stub, bridge: @bridge)
    World.run!(world, fn _rank -> call() end)

    ranks =
      for {[:vllm, :call, :stop], _, %{rank: rank, world_id: id}} <- received(), do: {rank, id}

    assert Enum.sort(ranks) == [{0, world.id}, {1, world.id}]
  end

  test "a call says what carried it" do
    for {carrier, expected} <- [auto: :frames, grpc: :grpc] do
      bridge = :"telemetry_#{carrier}"
      start_supervised!({Vllm.Bridge, name: bridge, size: 1, carrier: carrier}, id: bridge)
      {:ok, session} = Vllm.Session.open(affinity: :strict_queue, bridge: bridge)
      received()
      runtime = [bridge: bridge, session_id: session.id]
      {:ok, {0, 4}} = Distributed.get_pp_indices(4, 0, 1, __runtime__: runtime)
      assert [_ | _] = calls = for({[:vllm, :call, _], _, metadata} <- received(), do: metadata)
      for call <- calls, do: assert({call.carrier, call.direct} == {expected, true})
    end
  end

  test "a connection comes and goes" do
    bridge = :telemetry_embedded
    start_supervised!({Vllm.Bridge, name: bridge, size: 1}, id: bridge)
    {:ok, config} = Vllm.Bridge.Connections.config(bridge)
    endpoint = config.endpoint
    {:ok, {0, 4}} = Distributed.get_pp_indices(4, 0, 1, __runtime__: [bridge: bridge])

    assert_receive {:telemetry, [:vllm, :connection, :up], %{system_time: _},
                    %{endpoint: ^endpoint}}

    # The server dies; what a bridge takes with it when it stops itself is not told.
    %{os_pid: server} = :sys.get_state(Module.concat(bridge, Vllm.Bridge.Server))
    {_, 0} = System.cmd("kill", ["-9", "#{server}"])

    assert_receive {:telemetry, [:vllm, :connection, :down], %{system_time: _},
                    %{endpoint: ^endpoint, reason: _}}
  end

  test "every event stands in the documentation, and no other" do
    {:docs_v1, _, _, _, %{"en" => doc}, _, _} = Code.fetch_docs(Telemetry)

    documented =
      for [_, event] <- Regex.scan(~r/^\| `\[(:vllm, :[a-z]+, :[a-z]+)\]`/m, doc), do: event

    events = for event <- Telemetry.events(), do: Enum.map_join(event, ", ", &inspect/1)
    assert Enum.sort(documented) == Enum.sort(events)
  end
end
