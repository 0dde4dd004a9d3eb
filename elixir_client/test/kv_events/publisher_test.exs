defmodule Vllm.KVEvents.PublisherTest do
  # Against the real publisher of the Python side, over libzmq.
  use ExUnit.Case, async: true

  alias Vllm.KVEvents
  alias Vllm.KVEvents.{BlockRemoved, BlockStored, EventBatch}

  @python System.get_env("VLLM_PYTHON", ".venv/bin/python") |> Path.expand()
  @script Path.expand("publisher.py", __DIR__)

  defp start do
    options = [:binary, :exit_status, {:line, 10_000}, args: [@script]]
    Port.open({:spawn_executable, @python}, options)
  end

  defp answer(port) do
    receive do
      {^port, {:data, {:eol, line}}} -> line
      {^port, {:exit_status, status}} -> flunk("the publisher ended with status #{status}")
    after
      30_000 -> flunk("the publisher said nothing for 30 s")
    end
  end

  defp tell(port, line) do
    Port.command(port, line <> "\n")
    answer(port)
  end

  defp kill(port) do
    {:os_pid, pid} = Port.info(port, :os_pid)
    System.cmd("kill", ["-9", "#{pid}"])
    assert_receive {^port, {:exit_status, _signal}}
  end

  defp assert_batch(ref, number, tokens, replayed? \\ false) do
    assert_receive {:kv_events, ^ref, %EventBatch{sequence: ^number} = batch}
    assert %EventBatch{topic: "kv@here", data_parallel_rank: 0, replayed: ^replayed?} = batch

    assert [%BlockStored{} = stored, %BlockRemoved{block_hashes: [^number], medium: nil}] =
             batch.events

    assert stored.block_hashes == [number, <<number::256>>]
    assert length(stored.token_ids) == tokens
    assert {stored.block_size, stored.medium, stored.lora_name} == {16, "GPU", "größer"}
  end

  test "over TCP and unix sockets: batches, answers, a slow reader, a publisher that is killed" do
    [first, second] = [start(), start()]
    for port <- [first, second], do: assert(answer(port) == "ready")
    path = Path.join(System.tmp_dir!(), "kv#{System.pid()}-real")
    [tcp, tcp_replay] = first |> tell("bind tcp://*:0 tcp://*:0 1000") |> String.split()
    [ipc, ipc_replay] = first |> tell("bind ipc://#{path} ipc://#{path}-r 10") |> String.split()
    tell(first, "publish 0 60 16")

    # What was published before: as many as are kept.
    opts = [replay_endpoint: [tcp_replay, ipc_replay], heartbeat: 50, topic: "kv@", backoff: 1]
    {:ok, both} = KVEvents.subscribe([tcp, ipc], [first_sequence: 0] ++ opts)
    {over_tcp, over_ipc} = {{both, 0}, {both, 1}}
    assert_receive {:kv_events_connected, ^over_ipc, ^ipc}
    assert_receive {:kv_events_lost, ^over_tcp, 0..9}
    for number <- 10..59, do: assert_batch(over_tcp, number, 16, true)

    # Those that come by themselves; one is larger than what is read at once.
    :sys.get_state(both)
    tell(first, "publish 1 1 16")
    assert_receive {:kv_events, ^over_ipc, %EventBatch{sequence: 0}}
    for tokens <- [16, 100_000, 0], do: tell(first, "publish 1 1 #{tokens}")

    for {tokens, number} <- [{16, 1}, {100_000, 2}, {0, 3}],
        do: assert_batch(over_ipc, number, tokens)

    # Silence of several heartbeats, which the publisher has answered.
    Process.send_after(self(), :silence_over, 170)
    assert_receive :silence_over
    refute_received {:kv_events, _ref, {:error, _error}}

    # It has numbers that the other one has not reached, and another cache.
    kill(first)
    assert_receive {:kv_events, ^over_tcp, {:error, %{reason: "publisher_unreachable"}}}
    assert_receive {:kv_events, ^over_ipc, {:error, %{reason: "publisher_unreachable"}}}
    # An address with the name of a host would be connected to.
    [port, replay_port] = for endpoint <- [tcp, tcp_replay], do: URI.parse(endpoint).port
    tell(second, "bind tcp://*:#{port} tcp://*:#{replay_port} 1000")
    assert_receive {:kv_events_restarted, ^over_tcp, 59}
    tell(second, "publish 0 2 16")
    assert_receive {:kv_events, ^over_tcp, %EventBatch{sequence: 0}}
    assert_receive {:kv_events, ^over_tcp, %EventBatch{sequence: 1}}
    assert KVEvents.unsubscribe(both) == :ok

    # A slow reader of a publisher that keeps ten: every number is said once, in order.
    tell(second, "bind #{ipc} #{ipc_replay} 10")
    opts = [replay_endpoint: ipc_replay, max_pending: 3, first_sequence: 0]
    {:ok, slow} = KVEvents.subscribe(ipc, opts)
    assert_receive {:kv_events_connected, ^slow, ^ipc}
    tell(second, "publish 1 1 2000")
    assert_batch_said(slow, 0)
    tell(second, "publish 1 1500 2000")
    catch_up(second, slow, 1, 1_501)
    assert KVEvents.unsubscribe(slow) == :ok
    Port.close(second)
  end

  defp assert_batch_said(ref, number),
    do: assert_receive({:kv_events, ^ref, %EventBatch{sequence: ^number}})

  # What is missing is noticed with the next batch that arrives.
  defp catch_up(_port, _ref, next, published) when next == published, do: :ok

  defp catch_up(port, ref, next, published) do
    tell(port, "publish 1 1 0")
    catch_up(port, ref, said(ref, next, published, 100), published + 1)
  end

  # The number that comes next when nothing has come for so long, or the last one has.
  defp said(_ref, next, last, _silence) when next > last, do: next

  defp said(ref, next, last, silence) do
    receive do
      {:kv_events, ^ref, %EventBatch{sequence: ^next}} -> said(ref, next + 1, last, silence)
      {:kv_events_lost, ^ref, ^next..other} -> said(ref, other + 1, last, silence)
    after
      silence -> next
    end
  end
end
