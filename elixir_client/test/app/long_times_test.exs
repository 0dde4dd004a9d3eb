defmodule Vllm.LongTimesTest do
  use ExUnit.Case, async: false

  alias Vllm.{Bridge, Distributed, Error, Runtime, Tensor, World}

  @moduletag timeout: 60_000

  # One more than a `receive` takes; what is beyond 64 bits; the lifetime of the runtime's clock; and none.
  @longest [4_294_967_296, 10_000_000_000_000_000_000_000, 8_000_000_000_000, :infinity]

  setup_all do
    {:ok, world} = World.start(tensor_parallel_size: 2, timeout: hd(@longest))
    %{world: world}
  end

  defp sum(rank), do: Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank]))

  for timeout <- @longest do
    @timeout_ms timeout

    test "a run of #{timeout} ms returns what it computed, and nothing is left in the mailbox",
         %{world: world} do
      assert [{:ok, _}, {:ok, _}] = World.run!(world, &sum/1, timeout: @timeout_ms)
      assert {:ok, [_, _]} = World.collect(world, &sum/1, timeout: @timeout_ms)

      assert_raise World.RankError, fn ->
        World.run!(world, &raise("#{&1}"), timeout: @timeout_ms)
      end

      assert {:messages, []} = Process.info(self(), :messages)
    end

    test "a call of #{timeout} ms returns", %{world: world} do
      assert {:ok, {0, 15}} =
               Distributed.get_pp_indices(61, 0, 4, __runtime__: [timeout: @timeout_ms])

      Runtime.with_defaults([timeout: @timeout_ms], fn ->
        assert {:ok, [_, _]} = World.collect(world, &sum/1)
      end)
    end

    test "a world with #{timeout} ms to start starts, and can be awaited for as long" do
      {:ok, starting} = World.start_async(timeout: @timeout_ms)
      assert {:ok, world} = World.await(starting, timeout: @timeout_ms)
      assert World.run!(world, & &1) == [0]
      assert World.stop(world) == :ok
      assert {:ok, world} = World.restart(world, timeout: @timeout_ms)
      assert World.stop(world) == :ok
      assert {:messages, []} = Process.info(self(), :messages)
    end

    test "a subscription of #{timeout} ms stays" do
      {:ok, subscription} = Bridge.subscribe(with_current: true, stream_timeout: @timeout_ms)
      assert_receive {:vllm_event, ^subscription, %Vllm.Event{}}
      assert Bridge.unsubscribe(subscription) == :ok
    end

    test "a bridge whose options are #{timeout} ms works" do
      {:ok, config} = Bridge.Connections.config(Vllm.Bridge)
      profiles = %{long: [timeout: @timeout_ms, stream_timeout: @timeout_ms]}

      # A pause without an end is none.
      pauses = if is_integer(@timeout_ms), do: [:backoff, :max_backoff], else: []

      times =
        for key <- [:connect_timeout, :keepalive, :keepalive_timeout] ++ pauses,
            do: {key, @timeout_ms}

      start_supervised!(
        {Bridge,
         name: __MODULE__.Long,
         server: config.endpoint,
         timeout_profile: :long,
         timeout_profiles: profiles,
         connection: times}
      )

      assert {:ok, {0, 15}} =
               Distributed.get_pp_indices(61, 0, 4, __runtime__: [bridge: __MODULE__.Long])
    end
  end

  test "a run that is over time still ends, with as little left behind", %{world: world} do
    never = fn _rank -> receive(do: (:never -> :ok)) end

    assert_raise Error, ~r/had not returned after 1000 ms/, fn ->
      World.run!(world, never, timeout: 1_000)
    end

    assert {:messages, []} = Process.info(self(), :messages)
  end

  test "a size that no message can carry is refused, and does not become another one" do
    assert {:error, %Error{reason: "invalid_option", message: message}} =
             World.start(tensor_parallel_size: 18_446_744_073_709_551_617)

    assert message =~ "must be an integer from 1 up and below 2^63, got: 18446744073709551617"
  end
end
