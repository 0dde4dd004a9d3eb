Code.require_file("fake_publisher.exs", __DIR__)

defmodule Vllm.KVEvents.SubscriberTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Vllm.{Error, KVEvents}
  alias Vllm.KVEvents.EventBatch
  alias Vllm.Test.FakePublisher

  @fast [backoff: 1, max_backoff: 20]

  defp subscribe(fake, opts \\ []) do
    {:ok, subscription} = KVEvents.subscribe(fake.endpoint, @fast ++ opts)
    assert_receive {:kv_events_connected, ^subscription, _endpoint}
    subscription
  end

  defp ended(pid) do
    monitor = Process.monitor(pid)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
  end

  test "a batch is delivered with its number, topic and publisher" do
    fake = FakePublisher.start()
    subscription = subscribe(fake, topic: "k")
    FakePublisher.meet(fake)
    assert FakePublisher.received(fake) == FakePublisher.command("SUBSCRIBE", "k")
    FakePublisher.publish(fake)
    assert_receive {:kv_events, ^subscription, %EventBatch{} = batch}

    assert %EventBatch{sequence: 0, topic: "kv", replayed: false, events: [], ts: +0.0} = batch
    assert batch.endpoint == fake.endpoint
    assert KVEvents.unsubscribe(subscription) == :ok
    assert KVEvents.unsubscribe(subscription) == :ok
    refute Process.alive?(subscription)
  end

  test "a slow reader has at most max_pending messages, and then all batches" do
    fake = FakePublisher.start()
    {:ok, subscription} = KVEvents.subscribe(fake.endpoint, max_pending: 5)
    FakePublisher.meet(fake)
    for _ <- 1..200, do: FakePublisher.publish(fake)
    # It has seen that the mailbox is full when it waits.
    await(fn -> :sys.get_state(subscription).paused != nil end)
    assert {:message_queue_len, 5} = Process.info(self(), :message_queue_len)
    assert_receive {:kv_events_connected, ^subscription, _endpoint}

    for number <- 0..199 do
      assert {:message_queue_len, waiting} = Process.info(self(), :message_queue_len)
      assert waiting <= 5
      assert_receive {:kv_events, ^subscription, %EventBatch{sequence: ^number}}
    end
  end

  test "a stream goes on however many messages of others wait, and is never more than max_pending ahead" do
    fake = FakePublisher.start()
    for number <- 1..50, do: send(self(), {:of_another, number})
    test = self()

    spawn_link(fn ->
      FakePublisher.meet(fake)
      for _ <- 1..200, do: FakePublisher.publish(fake)
      send(test, :published)
    end)

    {:ok, stream} = KVEvents.stream(fake.endpoint, max_pending: 5)

    numbers =
      for %EventBatch{sequence: number} <- Stream.take(stream, 200) do
        {:message_queue_len, waiting} = Process.info(self(), :message_queue_len)
        assert waiting <= 50 + 1 + 5
        number
      end

    assert numbers == Enum.to_list(0..199)
    assert_receive :published
    for number <- 1..50, do: assert_received({:of_another, ^number})
    assert Process.info(self(), :message_queue_len) == {:message_queue_len, 0}
  end

  defp await(ready?), do: ready?.() || await(ready?)

  test "what the publisher does not have any more is lost, and so is what cannot be asked for" do
    fake = FakePublisher.start(kept: 2)
    subscription = subscribe(fake, replay_endpoint: fake.replay_endpoint)
    FakePublisher.meet(fake)
    for arrives? <- [true, false, false, false, true], do: FakePublisher.publish(fake, arrives?)
    assert_receive {:kv_events, ^subscription, %EventBatch{sequence: 0}}
    assert_receive {:kv_events_lost, ^subscription, 1..2}
    assert_receive {:kv_events, ^subscription, %EventBatch{sequence: 3, replayed: true}}
    assert_receive {:kv_events, ^subscription, %EventBatch{sequence: 4, replayed: false}}

    # A publisher of answers that is silent, and one that is not there.
    {:ok, silent} = :gen_tcp.listen(0, [:binary, ip: {127, 0, 0, 1}])
    {:ok, port} = :inet.port(silent)
    gone = "ipc:///nowhere/at/all"

    for {replay_endpoint, words} <- [
          {"tcp://*:#{port}", "did not answer"},
          {gone, "no such file"}
        ] do
      log =
        capture_log(fn ->
          opts = [replay_endpoint: replay_endpoint, replay_timeout: 60]
          subscription = subscribe(fake, opts)
          FakePublisher.meet(fake, 2)
          for arrives? <- [true, false, true], do: FakePublisher.publish(fake, arrives?)
          assert_receive {:kv_events, ^subscription, %EventBatch{sequence: first}}
          missing = first + 1
          assert_receive {:kv_events_lost, ^subscription, ^missing..^missing}
          assert_receive {:kv_events, ^subscription, %EventBatch{replayed: false}}
          KVEvents.unsubscribe(subscription)
          FakePublisher.meet(fake, 1)
        end)

      assert log =~ "are lost: "
      assert log =~ words
    end
  end

  test "what cannot be read is named, and the rest goes on" do
    fake = FakePublisher.start()
    subscription = subscribe(fake)
    FakePublisher.meet(fake)
    FakePublisher.send_frames(fake, ["one frame"])
    assert_receive {:kv_events, ^subscription, {:error, %Error{reason: "bad_kv_events"} = error}}
    assert error.message =~ fake.endpoint
    assert error.message =~ "parts of [9] bytes"
    FakePublisher.send_frames(fake, ["kv", <<0::64>>, <<0xC1>>])
    assert_receive {:kv_events, ^subscription, {:error, %Error{reason: "bad_kv_events"} = error}}
    assert error.message =~ "batch 0 cannot be read: msgpack has no type byte"
    assert_receive {:kv_events_lost, ^subscription, 0..0}
    FakePublisher.send_frames(fake, ["kv", <<1::64>>, FakePublisher.payload(0, 1)])
    assert_receive {:kv_events, ^subscription, %EventBatch{sequence: 1}}
    # Bytes out of order end the connection, and there is another one.
    FakePublisher.send_bytes(fake, <<0xAA>>)

    assert_receive {:kv_events, ^subscription,
                    {:error, %Error{reason: "not_a_publisher"} = error}}

    assert error.message =~ "flags 170"
    assert_receive {:kv_events_connected, ^subscription, _endpoint}
  end

  test "what is no publisher is told once, and tried again" do
    for {opts, words} <- [
          {[greeting: "HTTP/1.1 400 Bad Request"], "does not speak ZeroMQ"},
          {[type: "PULL"], "socket of type \"PULL\""},
          {[mechanism: "PLAIN"], "security mechanism \"PLAIN\""}
        ] do
      fake = FakePublisher.start(opts)
      {:ok, subscription} = KVEvents.subscribe(fake.endpoint, @fast)

      assert_receive {:kv_events, ^subscription,
                      {:error, %Error{category: :grpc_error, reason: "not_a_publisher"} = error}}

      assert error.message =~ words
      assert error.details == %{"endpoint" => fake.endpoint}
      FakePublisher.await_connections(fake, 3)
      refute_received {:kv_events, ^subscription, _again}
      KVEvents.unsubscribe(subscription)
    end
  end

  test "a publisher may begin later, and a silent one is given up" do
    path = Path.join(System.tmp_dir!(), "kv#{System.pid()}-later")
    on_exit(fn -> File.rm(path) end)
    {:ok, subscription} = KVEvents.subscribe("ipc://" <> path, [heartbeat: 60] ++ @fast)

    assert_receive {:kv_events, ^subscription,
                    {:error, %Error{category: :worker, reason: "publisher_unreachable"} = error}}

    assert error.message =~ "no such file or directory (enoent)"
    fake = FakePublisher.start(path: path)
    assert_receive {:kv_events_connected, ^subscription, _endpoint}
    # It never answers a PING.
    assert_receive {:kv_events, ^subscription, {:error, %Error{message: message}}}
    assert message =~ "no sign of life"
    assert FakePublisher.received(fake) =~ FakePublisher.command("PING", <<0, 0>>)
    assert_receive {:kv_events_connected, ^subscription, _endpoint}
  end

  test "a subscription ends with its process, and so does its socket" do
    fake = FakePublisher.start()

    for how <- [:normal, :kill] do
      test = self()

      owner =
        spawn(fn ->
          send(test, {:subscription, subscribe(fake)})
          receive(do: (:go -> exit(how)))
        end)

      assert_receive {:subscription, subscription}
      FakePublisher.meet(fake)
      if how == :kill, do: Process.exit(owner, :kill), else: send(owner, :go)
      ended(subscription)
      FakePublisher.await_gone(fake)
    end
  end

  test "several publishers, as messages and as a stream" do
    fakes = for _ <- 0..2, do: FakePublisher.start()
    endpoints = Enum.map(fakes, & &1.endpoint)
    replays = Enum.map(fakes, & &1.replay_endpoint)
    {:ok, subscription} = KVEvents.subscribe(endpoints, replay_endpoint: replays)

    for {fake, place} <- Enum.with_index(fakes) do
      FakePublisher.meet(fake)
      for _ <- 0..place, do: FakePublisher.publish(fake)
      endpoint = fake.endpoint
      assert_receive {:kv_events, {^subscription, ^place}, %EventBatch{sequence: ^place} = batch}
      assert batch.endpoint == endpoint
    end

    assert KVEvents.unsubscribe(subscription) == :ok
    assert Process.info(self(), :message_queue_len) == {:message_queue_len, 0}

    {:ok, stream} = KVEvents.stream(endpoints, replay_endpoint: replays, first_sequence: 0)
    assert stream |> Enum.take(6) |> Enum.map(& &1.sequence) |> Enum.sort() == [0, 0, 0, 1, 1, 2]
    Enum.each(fakes, &FakePublisher.await_gone/1)
    # Without anybody to ask, what was before is lost.
    {:ok, stream} = KVEvents.stream(hd(endpoints), first_sequence: 0)
    reading = Task.async(fn -> Enum.take(stream, 2) end)
    FakePublisher.meet(hd(fakes))
    FakePublisher.publish(hd(fakes))
    assert [{:lost, endpoint, 0..0}, %EventBatch{sequence: 1}] = Task.await(reading)
    assert endpoint == hd(endpoints)
  end

  test "in a supervision tree it delivers to a named process" do
    fake = FakePublisher.start()
    Process.register(self(), :kv_router)
    opts = [endpoint: fake.endpoint, to: :kv_router, ref: :cache, id: :cache]
    pid = start_supervised!({KVEvents, opts})
    assert_receive {:kv_events_connected, :cache, _endpoint}
    Process.exit(pid, :kill)
    assert_receive {:kv_events_connected, :cache, _endpoint}
    assert %{id: :cache} = KVEvents.child_spec(opts)
  end

  test "bad arguments are named" do
    endpoint = "tcp://127.0.0.1:5557"

    for {endpoint, opts, reason, words} <- [
          {"localhost:1", [], "invalid_argument", "\"localhost:1\": it is no address"},
          {[], [], "invalid_argument", "at least one endpoint"},
          {[endpoint, 7], [], "invalid_argument", "invalid endpoint 7"},
          {endpoint, [replay_endpoint: "x"], "invalid_argument", "invalid endpoint \"x\""},
          {endpoint, [replay_endpoint: 7], "invalid_option", "replay_endpoint"},
          {[endpoint, endpoint], [replay_endpoint: endpoint], "invalid_argument",
           "each of the 2"},
          {endpoint, [replay_endpoint: [endpoint, endpoint]], "invalid_argument",
           "each of the 1"},
          {endpoint, [topic: 7], "invalid_option", "topic"},
          {endpoint, [first_sequence: -1], "invalid_option", "first_sequence"},
          {endpoint, [max_pending: 0], "invalid_option", "max_pending"},
          {endpoint, [heartbeat: 0], "invalid_option", "heartbeat"},
          {endpoint, [nonsense: 1], "invalid_option", "unknown option nonsense"}
        ],
        call <- [&KVEvents.subscribe/2, &KVEvents.stream/2] do
      assert {:error, %Error{category: :validation, reason: ^reason} = error} =
               call.(endpoint, opts)

      assert error.message =~ words
    end

    for {opts, words} <- [
          {[endpoint: endpoint], "to must be a pid of this node or a registered name, got: nil"},
          {[endpoint: endpoint, to: :nobody_at_all],
           "no process is registered as :nobody_at_all"},
          {[to: self()], "endpoint is missing"}
        ] do
      assert {:error, %Error{reason: "invalid_option", message: message}} =
               KVEvents.start_link(opts)

      assert message =~ words
    end

    assert_raise Error, fn -> KVEvents.subscribe!("x") end
    assert_raise Error, fn -> KVEvents.stream!("x") end
  end
end
