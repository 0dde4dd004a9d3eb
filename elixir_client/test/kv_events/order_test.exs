Code.require_file("fake_publisher.exs", __DIR__)
Code.require_file("model.exs", __DIR__)

defmodule Vllm.KVEvents.OrderTest do
  # Random schedules of what a publisher sends, loses, keeps and forgets, against a model that knows all of it.
  use ExUnit.Case, async: true

  alias Vllm.KVEvents
  alias Vllm.KVEvents.{EventBatch, Order}
  alias Vllm.Test.{EventsModel, FakePublisher}

  setup do
    seed = :erlang.unique_integer([:positive]) + :os.system_time()
    :rand.seed(:exsss, seed)
    {:ok, seed: seed}
  end

  @steps List.duplicate(:arrives, 10) ++
           List.duplicate(:gets_lost, 6) ++ [:restarts, :restarts_unseen, :connects]

  defp schedule(most),
    do: for(_ <- 1..:rand.uniform(most), do: Enum.random(@steps)) ++ [:arrives]

  # --- without sockets --------------------------------------------------------------------------

  defp shown({:batch, {number, _topic, <<_::16, ts::float, _::16>>}, _}), do: {:batch, number, ts}
  defp shown({:lost, range, _why}), do: {:lost, range}
  defp shown(other), do: other

  defp ask({items, :ask, order}, kept) do
    from = Order.from(order)
    answer(order, Enum.filter(kept, fn {number, _} -> number >= from end), kept, items)
  end

  defp ask({items, :go_on, order}, _kept), do: {items, order}

  defp answer(order, [], kept, items), do: order |> Order.ended() |> more([], kept, items)

  defp answer(order, [{number, payload} | rest], kept, items),
    do: order |> Order.answered({number, "kv", payload}) |> more(rest, kept, items)

  defp more({found, :more, order}, rest, kept, items),
    do: answer(order, rest, kept, items ++ found)

  defp more({found, next, order}, _rest, kept, items),
    do: ask({items ++ found, next, order}, kept)

  test "what is said of 3,000 schedules", %{seed: seed} do
    for n <- 1..3_000 do
      asks? = rem(n, 4) != 0
      most_kept = :rand.uniform(12)
      world = %{order: Order.new(0, asks?), kept: [], next: 0, generation: 0}

      Enum.reduce(schedule(40), {world, %EventsModel{asks?: asks?}}, fn step, {world, model} ->
        {items, world, model} = step(step, world, most_kept, %{model | said: []})
        assert Enum.map(items, &shown/1) == Enum.reverse(model.said), "seed #{seed}"
        {world, model}
      end)
    end
  end

  defp step(step, world, most_kept, model) when step in [:arrives, :gets_lost] do
    %{next: number, generation: generation} = world
    payload = FakePublisher.payload(generation, number)
    world = %{world | next: number + 1}
    kept = Enum.take(world.kept ++ [{number, payload}], -most_kept)
    world = %{world | kept: kept}

    if step == :arrives do
      {items, order} = world.order |> Order.arrived({number, "kv", payload}) |> ask(kept)
      {items, %{world | order: order}, EventsModel.arrives(model, generation, number, kept)}
    else
      {[], world, model}
    end
  end

  defp step(:restarts_unseen, world, _most_kept, model),
    do: {[], %{world | next: 0, kept: [], generation: world.generation + 1}, model}

  defp step(:restarts, world, most_kept, model) do
    {[], world, model} = step(:restarts_unseen, world, most_kept, model)
    step(:connects, world, most_kept, model)
  end

  defp step(:connects, world, _most_kept, model) do
    {next, order} = Order.connected(world.order)
    {items, order} = ask({[], next, order}, world.kept)
    {items, %{world | order: order}, EventsModel.connects(model, world.generation, world.kept)}
  end

  test "who cannot be asked has lost what is missing, and the rest goes on" do
    {[_first], :go_on, order} = Order.arrived(Order.new(nil, true), {5, "kv", "a"})
    {[], :ask, order} = Order.arrived(order, {9, "kv", "b"})
    assert Order.from(order) == 6
    {[{:batch, {6, _, _}, true}], :more, order} = Order.answered(order, {6, "kv", "c"})
    # A retry asks for the rest.
    assert Order.from(order) == 7
    assert {items, :go_on, order} = Order.failed(order, "silence")
    assert items == [{:lost, 7..8, "silence"}, {:batch, {9, "kv", "b"}, false}]
    assert {[{:batch, {10, _, _}, false}], :go_on, _order} = Order.arrived(order, {10, "kv", "d"})
  end

  # --- with sockets -----------------------------------------------------------------------------

  test "the same over sockets, whose bytes are cut anywhere", %{seed: seed} do
    for n <- 1..12 do
      asks? = rem(n, 3) != 0
      fake = FakePublisher.start(kept: 6, cut?: true, minor: rem(n, 2), topic?: n > 4)
      opts = if asks?, do: [replay_endpoint: fake.replay_endpoint], else: []
      opts = [first_sequence: 0, backoff: 1, max_backoff: 10] ++ opts
      {:ok, subscription} = KVEvents.subscribe(fake.endpoint, opts)
      connected(subscription, fake)

      schedule(20)
      |> Enum.reduce({%EventsModel{asks?: asks?}, 0}, fn step, {model, generation} ->
        {model, generation} =
          over_sockets(step, fake, subscription, generation, %{model | said: []})

        for said <- Enum.reverse(model.said),
            do: assert({seed, message(subscription)} == {seed, said})

        {model, generation}
      end)

      assert KVEvents.unsubscribe(subscription) == :ok
      FakePublisher.await_gone(fake)
      GenServer.stop(fake.pid)
    end

    refute_received {:kv_events, _, _}
  end

  defp over_sockets(:arrives, fake, _subscription, generation, model) do
    number = FakePublisher.publish(fake)
    {EventsModel.arrives(model, generation, number, FakePublisher.kept(fake)), generation}
  end

  defp over_sockets(:gets_lost, fake, _subscription, generation, model) do
    FakePublisher.publish(fake, false)
    {model, generation}
  end

  defp over_sockets(:restarts_unseen, fake, _subscription, generation, model) do
    FakePublisher.restart(fake)
    {model, generation + 1}
  end

  defp over_sockets(:restarts, fake, subscription, generation, model) do
    FakePublisher.restart(fake)
    over_sockets(:connects, fake, subscription, generation + 1, model)
  end

  defp over_sockets(:connects, fake, subscription, generation, model) do
    FakePublisher.disconnect(fake)
    assert_receive {:kv_events, ^subscription, {:error, %{reason: "publisher_unreachable"}}}
    connected(subscription, fake)
    {EventsModel.connects(model, generation, FakePublisher.kept(fake)), generation}
  end

  defp connected(subscription, fake) do
    endpoint = fake.endpoint
    assert_receive {:kv_events_connected, ^subscription, ^endpoint}
    FakePublisher.meet(fake)
    answered(subscription)
  end

  # It has asked for what was published before, and what is published from now on is of the next step.
  defp answered(subscription) do
    %{followers: %{^subscription => follower}} = :sys.get_state(subscription)
    if follower.asking, do: answered(subscription)
  end

  defp message(subscription) do
    receive do
      {:kv_events, ^subscription, %EventBatch{} = batch} -> {:batch, batch.sequence, batch.ts}
      {:kv_events_lost, ^subscription, range} -> {:lost, range}
      {:kv_events_restarted, ^subscription, last} -> {:restarted, last}
      {:kv_events, ^subscription, {:error, error}} -> error
    after
      10_000 -> :nothing
    end
  end
end
