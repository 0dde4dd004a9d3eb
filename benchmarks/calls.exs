# The numbers of DESIGN: run with `make bench`.
#
# Ratios within one run, because machines are noisy: calls to a rank and to a bare grpcio echo server
# alternate, from the same Elixir client.

defmodule Bench do
  alias Vllm.Bridge.Connection

  @warm_up 500
  @calls 2_000
  @echo_path "/bench.Echo/Call"
  @ranks 4
  @callers 32
  @connections 50

  def run do
    {:ok, _} =
      Supervisor.start_link([{Vllm.Bridge, server: :embedded, size: @ranks}],
        strategy: :one_for_one
      )

    IO.puts("| what | measured | target |\n|---|---|---|")
    latency()
    throughput()
    idle_connections()
    start_of_worlds()
  end

  defp latency do
    {:ok, session} = Vllm.Session.open(affinity: :strict_queue)
    opts = [__runtime__: [session_id: session.id]]

    with_echo(fn echo, _endpoint ->
      # What get_pp_indices(61, 0, 4) sends.
      request = <<8, 61, 24, 4>>
      call = fn -> {:ok, {0, 15}} = Vllm.Distributed.get_pp_indices(61, 0, 4, opts) end

      bare = fn ->
        {:ok, ^request} = Connection.unary(echo, @echo_path, request, timeout: 120_000)
      end

      for _ <- 1..@warm_up, do: {call.(), bare.()}
      pairs = for _ <- 1..@calls, do: {time(call), time(bare)}
      {typed, echoed} = Enum.unzip(pairs)
      {p50, echo_p50} = {median(typed), median(echoed)}

      row(
        "typed call, Elixir to rank, p50 of #{@calls}",
        "#{us(p50)} (p99 #{us(percentile(typed, 0.99))}); bare grpcio echo #{us(echo_p50)}; ratio #{ratio(p50, echo_p50)}",
        "at most 1.30"
      )
    end)

    :ok = Vllm.Session.close(session)
  end

  defp throughput do
    sessions = session_per_rank([])
    each = 1_000

    work = fn n ->
      opts = [__runtime__: [session_id: Enum.at(sessions, rem(n, @ranks)).id]]
      for _ <- 1..each, do: {:ok, {0, 15}} = Vllm.Distributed.get_pp_indices(61, 0, 4, opts)
    end

    in_parallel = fn ->
      1..@callers |> Enum.map(&Task.async(fn -> work.(&1) end)) |> Task.await_many(120_000)
    end

    in_parallel.()
    seconds = time(in_parallel) / 1_000_000

    row(
      "#{@callers} callers over #{@ranks} ranks",
      "#{round(@callers * each / seconds)} calls/s",
      "at least 6,000"
    )

    Enum.each(sessions, &Vllm.Session.close/1)
  end

  # The ranks of a pool come up one after another: sessions are opened until every rank has one.
  defp session_per_rank(sessions) when length(sessions) == @ranks, do: sessions

  defp session_per_rank(sessions) do
    {:ok, session} = Vllm.Session.open(affinity: :strict_queue)

    if Enum.any?(sessions, &(&1.endpoint == session.endpoint)) do
      :ok = Vllm.Session.close(session)
      Process.sleep(50)
      session_per_rank(sessions)
    else
      session_per_rank([session | sessions])
    end
  end

  defp idle_connections do
    with_echo(fn _echo, endpoint ->
      connections =
        for _ <- 1..@connections do
          {:ok, conn} = Connection.start_link(endpoint: endpoint)
          message = :binary.copy("x", 100_000)
          {:ok, ^message} = Connection.unary(conn, @echo_path, message)
          conn
        end

      # They hibernate after a second without work.
      Process.sleep(1_500)
      each = Enum.sum(Enum.map(connections, &memory_of/1)) / @connections / 1024
      Enum.each(connections, &Connection.close/1)
      row("memory of an idle connection", "#{Float.round(each, 1)} KB", "at most 100 KB")
    end)
  end

  # A process and the binaries that it refers to.
  defp memory_of(pid) do
    [memory: memory, binary: binaries] = Process.info(pid, [:memory, :binary])
    memory + (binaries |> Enum.uniq() |> Enum.map(&elem(&1, 1)) |> Enum.sum())
  end

  defp start_of_worlds do
    for {ranks, target} <- [{4, 1.5}, {8, 2.0}] do
      runs =
        for run <- 1..5 do
          began = System.monotonic_time(:microsecond)

          {:ok, world} =
            Vllm.World.start(tensor_parallel_size: 2, pipeline_parallel_size: div(ranks, 2))

          took = System.monotonic_time(:microsecond) - began
          if run == 1 and ranks == 4, do: memory(world)
          :ok = Vllm.World.stop(world)
          took
        end

      row(
        "world of #{ranks} gloo ranks, request to ready, median of #{length(runs)}",
        "#{Float.round(median(runs) / 1.0e6, 2)} s (slowest #{Float.round(Enum.max(runs) / 1.0e6, 2)} s)",
        "at most #{target} s"
      )
    end
  end

  defp memory(world) do
    rows = for rank <- Vllm.World.info(world).ranks, do: smaps(rank.pid)
    worst = fn key -> rows |> Enum.map(& &1[key]) |> Enum.max() end
    private = rows |> Enum.map(&(&1["Private_Clean"] + &1["Private_Dirty"])) |> Enum.max()

    row(
      "memory of an idle rank, worst of 4",
      "Pss #{div(worst.("Pss"), 1024)} MB, private #{div(private, 1024)} MB",
      "at most 60 MB"
    )
  end

  defp smaps(pid) do
    for line <- File.stream!("/proc/#{pid}/smaps_rollup"),
        [key, kib] <- [Regex.run(~r/^(\w+):\s+(\d+) kB/, line, capture: :all_but_first)],
        into: %{},
        do: {key, String.to_integer(kib)}
  end

  defp with_echo(fun) do
    path = Path.join(System.tmp_dir!(), "vllm-bench-#{System.pid()}.sock")
    python = System.get_env("VLLM_PYTHON") || ".venv/bin/python"

    port =
      Port.open({:spawn_executable, System.find_executable(python)}, [
        :binary,
        args: ["benchmarks/echo_server.py", path]
      ])

    receive do
      {^port, {:data, "ready\n"}} -> :ok
    after
      30_000 -> raise "the echo server did not start"
    end

    {:ok, echo} = Connection.start_link(endpoint: "unix:#{path}")
    fun.(echo, "unix:#{path}")
    Connection.close(echo)
    Port.close(port)
    File.rm(path)
  end

  defp time(fun) do
    began = System.monotonic_time(:nanosecond)
    fun.()
    (System.monotonic_time(:nanosecond) - began) / 1_000
  end

  defp median(values), do: percentile(values, 0.5)

  defp percentile(values, part),
    do: values |> Enum.sort() |> Enum.at(floor(length(values) * part))

  defp us(microseconds), do: "#{round(microseconds)} us"
  defp ratio(left, right), do: Float.round(left / right, 2)
  defp row(what, measured, target), do: IO.puts("| #{what} | #{measured} | #{target} |")
end

Bench.run()
