Code.require_file("../../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.QueueTest do
  # Pools by name, their queues, and what a call that waited too long is told.
  use ExUnit.Case, async: false

  alias Vllm.Bridge.{Connections, FakePool, V1}
  alias Vllm.Google.Protobuf.Duration
  alias Vllm.{Error, Session}

  @moduletag timeout: 120_000

  defp sleep(seconds, options), do: Vllm.call("time.sleep", [seconds], __runtime__: options)

  test "the queue of a named pool: its limit and its time" do
    # One rank, one place in the queue, a second and a half in it: see support/pools.toml.
    pool = [pool_name: :small]
    await_small(&(&1.ready == 1))
    assert sleep(0, pool) == {:ok, nil}
    busy = Task.async(fn -> sleep(4, pool) end)
    await_small(&(&1.idle == 0))
    waiting = Task.async(fn -> sleep(0, pool) end)
    await_small(&(&1.queued == 1))

    assert {:error, %Error{category: :pool, reason: "queue_full"} = full} = sleep(0, pool)
    assert full.message =~ "1"
    assert full.details["limit"] == 1
    assert {:error, %Error{reason: "queue_timeout"} = late} = Task.await(waiting, 20_000)
    # The message says how long the call really stood there: 1.5 s, or more on a busy machine.
    assert [_, stood] = Regex.run(~r/\((\d+\.\d) s, behind 0 others/, late.message)
    assert String.to_float(stood) >= 1.5
    assert Task.await(busy, 20_000) == {:ok, nil}
  end

  test "a pool that is not there" do
    assert {:error, %Error{reason: "pool_not_found"} = error} = sleep(0, pool_name: :tiny)
    assert error.message =~ "small"
    assert {:error, %Error{reason: "pool_not_found"}} = Session.open(pool_name: "tiny")
  end

  defp await_small(ready?, tries \\ 3_000) do
    {:ok, config} = Connections.config(Vllm.Bridge)
    request = %V1.GetStatusRequest{}
    {:ok, status} = Vllm.Bridge.PoolClient.call(config, "GetStatus", request, V1.PoolStatus)
    small = Enum.find(status.pools, &(&1.name == "small"))

    cond do
      ready?.(small) -> :ok
      tries == 0 -> flunk("the pool never came to that: #{inspect(small)}")
      true -> receive(do: (:never -> :ok), after: (10 -> await_small(ready?, tries - 1)))
    end
  end

  @tag timeout: 120_000
  test "five thousand callers are served, or told that the queue is full; none is cancelled" do
    call = fn -> Vllm.call("torch.zeros", [3], __runtime__: [timeout: 90_000]) end
    {:ok, _} = call.()
    results = 1..5_000 |> Enum.map(fn _ -> Task.async(call) end) |> Task.await_many(100_000)

    outcomes =
      Enum.frequencies_by(results, fn
        {:ok, _tensor} ->
          :ok

        {:error, %Error{reason: "queue_full", details: %{"depth" => depth}}} when depth > 0 ->
          :full

        {:error, error} ->
          {error.category, error.reason, error.message}
      end)

    assert Map.keys(outcomes) -- [:ok, :full] == []
    assert outcomes[:ok] > 100
  end

  describe "timeout profiles" do
    test "of the server's configuration" do
      # See support/pools.toml.
      assert sleep(0, timeout: 60_000, timeout_profile: :of_the_server) == {:ok, nil}
      {:ok, _} = Vllm.Distributed.get_pp_indices(4, 0, 2)
      {:ok, %{profiles: profiles}} = Connections.config(Vllm.Bridge)
      assert profiles["of_the_server"] == {400, 500}

      {:ok, subscription} = Vllm.Bridge.subscribe(timeout_profile: "of_the_server")
      assert_receive {:vllm_event, ^subscription, {:error, %Error{category: :timeout} = error}}
      assert error.message =~ "500 ms"
    end

    test "of the bridge over the server's, and the default that it names" do
      test = self()
      theirs = %V1.TimeoutProfile{name: "theirs", call_timeout: %Duration{seconds: 5}}
      both = %V1.TimeoutProfile{name: "both", call_timeout: %Duration{seconds: 5}}

      address =
        FakePool.start(fn
          "Attach", _body, _metadata, _to ->
            {:messages, [%V1.Attached{}]}

          "GetProfiles", _body, _metadata, _to ->
            {:ok, %V1.Profiles{profiles: [theirs, both]}}

          "Call", _body, metadata, _to ->
            {"grpc-timeout", timeout} = List.keyfind(metadata, "grpc-timeout", 0)
            {left, "m"} = Integer.parse(timeout)
            send(test, {:left, left})
            {:ok, %V1.Term{msgpack: <<0xC0>>}}
        end)

      profiles = %{ours: [timeout: 20_000], both: [timeout: 40_000]}
      options = [name: :profiled, server: address, timeout_profile: :ours]
      start_supervised!({Vllm.Bridge, options ++ [timeout_profiles: profiles]})
      bridge = [bridge: :profiled]

      for {options, expected} <- [
            {[], 20_000},
            {[timeout_profile: "theirs"], 5_000},
            {[timeout_profile: :both], 40_000},
            {[timeout_profile: :both, timeout: 3_000], 3_000}
          ] do
        assert sleep(0, bridge ++ options) == {:ok, nil}
        assert_receive {:left, left}
        assert left in div(expected, 2)..expected
      end

      assert {:error, error} = sleep(0, bridge ++ [timeout_profile: :nobodys])
      assert error.reason == "unknown_timeout_profile"

      assert error.message =~
               "batch_job, both, default, ml_inference, ours, streaming, theirs"

      refute_received {:left, _}
    end

    test "are asked for once per connection, and batch_job has no deadline" do
      test = self()

      address =
        FakePool.start(fn
          "Attach", _body, _metadata, _to ->
            {:messages, [%V1.Attached{}]}

          "GetProfiles", _body, _metadata, _to ->
            send(test, :asked)
            {:ok, %V1.Profiles{}}

          "Call", _body, metadata, _to ->
            send(test, {:timeout, List.keyfind(metadata, "grpc-timeout", 0)})
            {:ok, %V1.Term{msgpack: <<0xC0>>}}
        end)

      start_supervised!({Vllm.Bridge, name: :counted, server: address})
      assert_receive :asked
      await_profiles(:counted)
      for _ <- 1..3, do: assert(sleep(0, bridge: :counted) == {:ok, nil})
      assert_receive {:timeout, {"grpc-timeout", timeout}}
      {left, "m"} = Integer.parse(timeout)
      assert left in 100_000..120_000

      for _ <- 1..2, do: assert_receive({:timeout, {"grpc-timeout", _}})
      assert sleep(0, bridge: :counted, timeout_profile: :batch_job) == {:ok, nil}
      assert_receive {:timeout, nil}
      refute_received :asked
    end

    test "two thousand first calls at once ask for them once" do
      test = self()

      address =
        FakePool.start(fn
          "Attach", _body, _metadata, _to ->
            :later

          "GetProfiles", _body, _metadata, to ->
            send(test, {:asked, to})
            :later

          "Call", _body, _metadata, _to ->
            {:ok, %V1.Term{msgpack: <<0xC0>>}}
        end)

      start_supervised!({Vllm.Bridge, name: :first_calls, server: address})
      calls = for _ <- 1..2_000, do: Task.async(fn -> sleep(0, bridge: :first_calls) end)
      {:ok, %{manager: manager}} = Connections.config(:first_calls)
      assert_receive {:asked, to}
      await(fn -> length(:sys.get_state(manager).waiting) == 2_000 end)
      FakePool.reply(to, {:ok, %V1.Profiles{}})
      assert Enum.all?(Task.await_many(calls, 60_000), &(&1 == {:ok, nil}))
      refute_received {:asked, _again}
    end
  end

  defp await(condition, tries \\ 3_000) do
    cond do
      condition.() -> :ok
      tries == 0 -> flunk("it never came to that")
      true -> receive(do: (:never -> :ok), after: (10 -> await(condition, tries - 1)))
    end
  end

  defp await_profiles(bridge),
    do: await(fn -> match?({:ok, %{profiles_known?: true}}, Connections.config(bridge)) end)

  test "a call that was refused at the gate says what the gate said" do
    {:ok, details} = Vllm.Term.encode(%{"group" => "tp:0", "missing" => [1]})

    refusal = %V1.ErrorDetail{
      category: :timeout,
      reason: "deadline_exceeded",
      message: "all_reduce on tp:0 (call 3) timed out. Not arrived: rank 1",
      details: details,
      rank: 0
    }

    address =
      FakePool.start(fn
        "Attach", _body, _metadata, _to -> {:messages, [%V1.Attached{}]}
        "GetProfiles", _body, _metadata, _to -> {:ok, %V1.Profiles{}}
        "Withdraw", _body, _metadata, _to -> {:ok, %V1.WithdrawResponse{refusal: refusal}}
        "Call", _body, _metadata, _to -> :later
      end)

    start_supervised!({Vllm.Bridge, name: :gated, server: address})

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = error} =
             sleep(0, bridge: :gated, timeout: 1_000)

    assert error.message == refusal.message
    assert error.rank == 0
    assert %{"group" => "tp:0", "missing" => [1], "timeout_ms" => 1_000} = error.details
    assert is_binary(error.call_id)
  end

  test "an unreadable answer to the question what became of a call is no crash" do
    # Field 1 is a message there, and these bytes are none.
    unreadable = %V1.Term{msgpack: <<0x80, 0xFF>>}

    address =
      FakePool.start(fn
        "Attach", _body, _metadata, _to -> {:messages, [%V1.Attached{}]}
        "GetProfiles", _body, _metadata, _to -> {:ok, %V1.Profiles{}}
        "Withdraw", _body, _metadata, _to -> {:ok, unreadable}
        "Call", _body, _metadata, _to -> :later
      end)

    start_supervised!({Vllm.Bridge, name: :unreadable, server: address})

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = error} =
             sleep(0, bridge: :unreadable, timeout: 1_000)

    assert error.message =~ "the answer to Withdraw is unreadable"
  end
end
