# What worlds cost, beside single calls: run with `make bench`, or `mix run benchmarks/worlds.exs [PART...]`
# with parts of: call serving items restart.
#
# Ratios within one run, and what is compared takes turns, because machines are noisy.

defmodule Bench.Worlds do
  alias Vllm.{Distributed, Serving, Session, Tensor, World}

  @parts ~w(call serving items restart)
  @warm_up 200
  @calls 1_000
  @requests 1_000
  @batch 32
  @callers 64
  @items 100_000

  def run(parts) do
    {:ok, _} =
      Supervisor.start_link(
        [{Vllm.Bridge, server: :embedded, size: 1, args: ["--allow", "builtins."]}],
        strategy: :one_for_one
      )

    IO.puts("| what | measured | target |\n|---|---|---|")
    for part <- if(parts == [], do: @parts, else: parts), do: part(part)
  end

  # Inside of a run, so that only the calls differ: one rank's, and one of each of the four.
  defp part("call") do
    {:ok, world} = World.start(tensor_parallel_size: 4, backend: "gloo")
    [session | _rest] = world.sessions

    one = fn ->
      {:ok, {0, 15}} = Distributed.get_pp_indices(61, 0, 4, __runtime__: [session_id: session.id])
    end

    four = fn -> {:ok, [_, _, _, _]} = World.call(world, :get_pp_indices, [61, 0, 4]) end

    [inside] =
      World.run!(World.slice!(world, tp: 0), fn _rank -> in_turns([one, four], @calls) end)

    [one_p50, four_p50] = Enum.map(inside, &median/1)

    row(
      "one call of one rank, and World.call of four, inside of a run: p50 of #{@calls}",
      "#{us(one_p50)}, #{us(four_p50)}; ratio #{ratio(four_p50, one_p50)}",
      "at most 1.5"
    )

    [alone] = [in_turns([four], @calls)]
    row("World.call of four ranks, with its turn: p50", us(median(hd(alone))), "")
    :ok = World.stop(world)
  end

  defp part("serving") do
    {:ok, world} = World.start(tensor_parallel_size: 2, backend: "gloo")

    sum = fn rows ->
      run =
        World.run!(world, fn _rank ->
          Distributed.tensor_model_parallel_all_reduce!(Tensor.new(rows, :f32))
        end)

      Tensor.to_list(hd(run))
    end

    {:ok, _} =
      Serving.start_link(
        name: Bench.Serving,
        world: world,
        batch_size: @batch,
        batch_timeout: 5,
        handler: fn _world, rows -> {:ok, sum.(rows)} end
      )

    batched = fn n -> {:ok, _} = Serving.run(Bench.Serving, n / 1, 60_000) end
    alone = fn n -> sum.([n / 1]) end
    rates = for _ <- 1..3, do: {rate(batched, @requests), rate(alone, @requests)}
    {batched, alone} = Enum.unzip(rates)

    row(
      "#{@requests} requests of #{@callers} processes, in batches of #{@batch} and a run each, per second",
      "#{round(median(batched))}, #{round(median(alone))}; #{ratio(median(batched), median(alone))} x",
      "at least 8 x"
    )

    :ok = World.stop(world)
  end

  defp part("items") do
    {:ok, session} = Session.open(affinity: :strict_queue)

    runtime = [session_id: session.id]
    {:ok, items} = Vllm.call("builtins.iter", [Enum.to_list(1..@items)], __runtime__: runtime)
    took = time(fn -> @items = items |> Vllm.stream() |> Enum.count() end)

    row(
      "#{@items} items of an iterator",
      "#{round(@items / took * 1_000_000)} a second",
      "at least 20,000"
    )

    :ok = Session.close(session)
  end

  defp part("restart") do
    times =
      for _ <- 1..5 do
        began = now()
        {:ok, world} = World.start(tensor_parallel_size: 2, backend: "gloo", spare_ranks: 2)
        started = now()
        lose_a_rank(world)
        again = now()
        {:ok, world} = World.restart(world)
        restarted = now()
        :ok = World.stop(world)
        {started - began, restarted - again}
      end

    {starts, restarts} = Enum.unzip(times)

    row(
      "start of two ranks, restart with warm spare ranks, medians of 5",
      "#{us(median(starts))}, #{us(median(restarts))}; ratio #{ratio(median(restarts), median(starts))}",
      "at most 0.5"
    )
  end

  defp part(other),
    do: raise(ArgumentError, "no part #{inspect(other)}; parts: #{Enum.join(@parts, " ")}")

  # Its spare ranks are warm by then.
  defp lose_a_rank(world) do
    Process.sleep(2_000)
    [rank | _rest] = World.info!(world).ranks
    {_, 0} = System.cmd("kill", ["-9", Integer.to_string(rank.pid)])
    until_failed(world)
  end

  defp until_failed(world) do
    if World.info!(world).state != :failed do
      Process.sleep(20)
      until_failed(world)
    end
  end

  # Requests a second.
  defp rate(fun, count) do
    took =
      time(fn ->
        1..count
        |> Task.async_stream(fun, max_concurrency: @callers, timeout: :infinity)
        |> Stream.run()
      end)

    count / took * 1_000_000
  end

  defp in_turns(funs, count) do
    for _ <- 1..@warm_up, fun <- funs, do: fun.()
    turns = for _ <- 1..count, do: Enum.map(funs, &time/1)
    Enum.zip_with(turns, & &1)
  end

  defp time(fun) do
    began = now()
    fun.()
    now() - began
  end

  defp now, do: System.monotonic_time(:nanosecond) / 1_000

  defp median(values), do: values |> Enum.sort() |> Enum.at(div(length(values), 2))
  defp us(microseconds), do: "#{round(microseconds)} us"
  defp ratio(left, right), do: Float.round(left / right, 2)
  defp row(what, measured, target), do: IO.puts("| #{what} | #{measured} | #{target} |")
end

Bench.Worlds.run(System.argv())
