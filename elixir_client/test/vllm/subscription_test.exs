Code.require_file("../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.SubscriptionTest do
  use ExUnit.Case, async: true

  alias Vllm.{Bridge, Error, Event, Session, World}
  alias Vllm.Bridge.{FakePool, V1}
  alias Vllm.Google.Protobuf.Timestamp

  @moduletag timeout: 120_000

  defp world_event(sequence, id \\ "w") do
    %V1.Event{
      sequence: sequence,
      at: %Timestamp{seconds: 1_700_000_000, nanos: 5_000},
      world: %V1.World{world_id: id, epoch: 2, state: :world_failed, failure: "why"}
    }
  end

  # A bridge to a pool whose Watch streams are the test's to write.
  defp fake(answer \\ {:messages, []}) do
    test = self()

    address =
      FakePool.start(fn
        "Watch", body, _metadata, to ->
          {:ok, request} = Vllm.Bridge.Protobuf.decode(V1.WatchRequest, body)
          send(test, {:watch, request, to})
          answer

        "Attach", _body, _metadata, _to ->
          {:messages, [%V1.Attached{}]}

        "GetProfiles", _body, _metadata, _to ->
          {:ok, %V1.Profiles{}}
      end)

    name = :"fake_#{System.unique_integer([:positive])}"
    start_supervised!({Bridge, name: name, server: address}, id: name)
    name
  end

  describe "a scripted pool" do
    test "events become structs, in order" do
      {:ok, subscription} = Bridge.subscribe(bridge: fake(), world_id: "w", with_current: true)
      assert_receive {:watch, %V1.WatchRequest{world_id: "w", with_current: true}, to}

      rank = %V1.RankEvent{rank: %V1.RankInfo{rank: 1, state: :overdue, doing: "idle"}}

      at = %V1.Coordinates{tp: 1}
      doing = %V1.Activity{kind: :activity_at_gate, sentence: "waits", waits_for: [0]}
      rank = put_in(rank.rank, %{rank.rank | coordinates: at, activity: doing})
      world_rank = %{rank | world_id: "w", epoch: 2}
      session = %V1.SessionEvent{session: %V1.Session{session_id: "s"}, ended: "was closed"}

      FakePool.reply(
        to,
        {:messages,
         [
           world_event(7),
           %V1.Event{sequence: 9, rank: rank},
           %V1.Event{sequence: 10, rank: world_rank},
           %V1.Event{sequence: 11, session: session},
           %V1.Event{sequence: 12, session: %{session | ended: ""}}
         ]}
      )

      assert_receive {:vllm_event, ^subscription, %Event{kind: :world, sequence: 7} = event}
      assert {event.world_id, event.epoch, event.rank} == {"w", 2, nil}
      assert %World.Info{state: :failed, failure: "why"} = event.world
      assert event.at == ~U[2023-11-14 22:13:20.000005Z]

      assert_receive {:vllm_event, ^subscription, %Event{kind: :rank, sequence: 9} = event}
      assert {event.world_id, event.epoch, event.at} == {nil, nil, nil}
      assert %World.Rank{rank: 1, state: :overdue, doing: "idle", exit: nil} = event.rank
      assert %{activity: %{kind: :at_gate, waits_for: [0]}, memory: nil} = event.rank
      assert event.rank.coordinates == %{dp: 0, pp: 0, pcp: 0, tp: 1, dcp: 0, ep: 0}
      assert_receive {:vllm_event, ^subscription, %Event{kind: :rank, world_id: "w", epoch: 2}}

      assert_receive {:vllm_event, ^subscription,
                      %Event{kind: :session, ended: "was closed"} = event}

      assert %Session{id: "s"} = event.session
      assert_receive {:vllm_event, ^subscription, %Event{kind: :session, ended: nil}}
    end

    test "a refused subscription is an error at once" do
      bridge = fake({:status, 8, %V1.ErrorDetail{category: :pool, reason: "too_many_watchers"}})

      assert {:error, %Error{category: :pool, reason: "too_many_watchers"}} =
               Bridge.subscribe(bridge: bridge)

      assert {:error, %Error{reason: "unimplemented"}} =
               Bridge.subscribe(bridge: fake({:status, 12}))
    end

    test "its end is told once, with the reason" do
      bridge = fake()

      for {answer, category, reason} <- [
            {{:status, 8, %V1.ErrorDetail{category: :pool, reason: "watch_too_slow"}}, :pool,
             "watch_too_slow"},
            {{:status, 0}, :pool, "subscription_ended"},
            {{:messages, [<<0xFF>>]}, :grpc_error, "malformed_response"},
            {{:messages, [%V1.Event{}]}, :grpc_error, "malformed_response"},
            {:close, :pool, "pool_connection_lost"}
          ] do
        {:ok, subscription} = Bridge.subscribe(bridge: bridge)
        monitor = Process.monitor(subscription)
        assert_receive {:watch, _request, to}
        FakePool.reply(to, answer)
        assert_receive {:vllm_event, ^subscription, {:error, %Error{} = error}}
        assert {error.category, error.reason} == {category, reason}
        assert_receive {:DOWN, ^monitor, :process, _pid, :normal}
        refute_received {:vllm_event, ^subscription, _}
        assert Bridge.unsubscribe(subscription) == :ok
      end
    end

    test "the stream timeout ends it" do
      bridge = fake()
      {:ok, subscription} = Bridge.subscribe(bridge: bridge, stream_timeout: 500)
      assert_receive {:vllm_event, ^subscription, {:error, %Error{category: :timeout} = error}}
      assert error.message =~ "after 500 ms"
      assert error.message =~ "stream_timeout"
    end

    test "after unsubscribe/1 nothing comes and nothing is left" do
      bridge = fake()
      {:ok, subscription} = Bridge.subscribe(bridge: bridge)
      assert_receive {:watch, _request, to}
      FakePool.reply(to, {:messages, for(n <- 1..50, do: world_event(n))})
      assert_receive {:vllm_event, ^subscription, %Event{sequence: 1}}
      assert Bridge.unsubscribe(subscription) == :ok
      refute_received {:vllm_event, ^subscription, _}
      refute Process.alive?(subscription)
      FakePool.reply(to, {:messages, [world_event(51)]})
      refute_receive {:vllm_event, ^subscription, _}, 50
    end

    test "a subscriber that does not read is not flooded" do
      bridge = fake()
      test = self()

      subscriber =
        spawn_link(fn ->
          send(test, Bridge.subscribe(bridge: bridge))
          receive(do: (:read -> drain(test)))
        end)

      assert_receive {:ok, _subscription}
      assert_receive {:watch, _request, to}
      for n <- 1..3_000, do: FakePool.reply(to, {:messages, [world_event(n)]})
      await(fn -> Process.info(subscriber, :message_queue_len) == {:message_queue_len, 1_001} end)
      refute_receive {:drained, _}, 100
      assert Process.info(subscriber, :message_queue_len) == {:message_queue_len, 1_001}

      # It reads, and gets all of them in order.
      send(subscriber, :read)
      assert_receive {:drained, sequences}, 30_000
      assert sequences == Enum.to_list(1..3_000)
    end

    defp drain(test, sequences \\ []) do
      receive do
        {:vllm_event, _subscription, %Event{sequence: 3_000}} ->
          send(test, {:drained, Enum.reverse([3_000 | sequences])})

        {:vllm_event, _subscription, %Event{sequence: sequence}} ->
          drain(test, [sequence | sequences])
      end
    end

    test "the subscriber's death ends it, the bridge's end is told" do
      bridge = fake()
      test = self()

      subscriber =
        spawn(fn ->
          send(test, Bridge.subscribe(bridge: bridge))
          receive(do: (:never -> :ok))
        end)

      assert_receive {:ok, subscription}
      monitor = Process.monitor(subscription)
      Process.exit(subscriber, :kill)
      assert_receive {:DOWN, ^monitor, :process, _pid, :normal}

      {:ok, subscription} = Bridge.subscribe(bridge: bridge)
      stop_supervised!(bridge)
      assert_receive {:vllm_event, ^subscription, {:error, %Error{reason: "bridge_stopped"}}}
    end
  end

  test "options are checked; a bridge that is not there is named" do
    for {opts, text} <- [
          {[world: "w"], "unknown option world; known are: world_id"},
          {[with_current: 1], "with_current must be true or false"},
          {[stream_timeout: 0], "stream_timeout must be milliseconds"},
          {[timeout_profile: :nobodys],
           "there is no timeout profile nobodys; known are: batch_job"}
        ] do
      assert {:error, %Error{category: :validation} = error} = Bridge.subscribe(opts)
      assert error.message =~ text
    end

    assert {:error, %Error{reason: "bridge_not_started"}} = Bridge.subscribe(bridge: :none)
  end

  describe "the real pool" do
    test "tells the life of a world, and nothing of others" do
      id = "watched-#{System.unique_integer([:positive])}"
      {:ok, subscription} = Bridge.subscribe(world_id: id)
      {:ok, world} = World.start(world_id: id)
      {:ok, other} = Session.open()
      :ok = Session.close(other)
      :ok = World.stop(world)
      events = collect(subscription, [])
      assert Enum.all?(events, &(&1.world_id == id))
      assert Enum.map(events, & &1.sequence) == Enum.sort(Enum.map(events, & &1.sequence))

      states = for %Event{kind: :world, world: info} <- events, do: info.state
      assert [:starting | _] = states
      assert :ready in states
      assert Enum.any?(events, &match?(%Event{kind: :rank, rank: %{rank: 0, state: :ready}}, &1))
      assert Enum.any?(events, &match?(%Event{kind: :session, ended: nil}, &1))
    end

    test "with_current: first what is there" do
      {:ok, session} = Session.open(affinity: :strict_queue)
      {:ok, subscription} = Bridge.subscribe(with_current: true)
      id = session.id
      assert_receive {:vllm_event, ^subscription, %Event{kind: :session, session: %{id: ^id}}}
      Bridge.unsubscribe(subscription)
    end
  end

  defp collect(subscription, events) do
    receive do
      {:vllm_event, ^subscription, %Event{kind: :world, world: %{state: :stopped}} = event} ->
        Bridge.unsubscribe(subscription)
        Enum.reverse([event | events])

      {:vllm_event, ^subscription, %Event{} = event} ->
        collect(subscription, [event | events])
    after
      30_000 -> flunk("the world's end was not told")
    end
  end

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end
end
