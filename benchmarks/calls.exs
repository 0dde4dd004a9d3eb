# The numbers of DESIGN: run with `make bench`, or `mix run benchmarks/calls.exs carriers` for the first part.
#
# Ratios within one run, because machines are noisy: calls to a rank in frames, the same by gRPC, and calls
# to a bare grpcio echo server take turns, from the same Elixir node. Two bridges have the same pool and the
# same sessions, one of them with `carrier: :grpc`.

defmodule Bench do
  alias Vllm.Bridge.{Connection, Connections}
  alias Vllm.{Distributed, Session, Tensor, World}

  @warm_up 500
  @calls 3_000
  @echo_path "/bench.Echo/Call"
  @ranks 4
  @callers 32
  @connections 50
  @mib 1_048_576

  def run(parts) do
    {:ok, _} =
      Supervisor.start_link([{Vllm.Bridge, server: :embedded, size: @ranks}],
        strategy: :one_for_one
      )

    {:ok, %{endpoint: server}} = Vllm.Bridge.info()

    {:ok, _} =
      Supervisor.start_link([{Vllm.Bridge, name: Bench.Grpc, server: server, carrier: :grpc}],
        strategy: :one_for_one
      )

    IO.puts("| what | measured | target |\n|---|---|---|")
    latency()
    throughput()
    through_the_pool()
    gate()
    turns()
    tensor()
    idle_connections()
    if parts == [], do: start_of_worlds()
  end

  # Where a call of both bridges goes: the same session, by each carrier.
  defp both(session) do
    {:ok, _same} = Session.open(session_id: session.id, bridge: Bench.Grpc)
    :frames = Session.carrier(session)
    {[session_id: session.id], [session_id: session.id, bridge: Bench.Grpc]}
  end

  defp indices(runtime),
    do: {:ok, {0, 15}} = Distributed.get_pp_indices(61, 0, 4, __runtime__: runtime)

  defp latency do
    {:ok, session} = Session.open(affinity: :strict_queue)
    {frames, grpc} = both(session)

    with_echo(fn echo, _endpoint ->
      # What get_pp_indices(61, 0, 4) sends.
      request = <<8, 61, 24, 4>>

      bare = fn ->
        {:ok, ^request} = Connection.unary(echo, @echo_path, request, timeout: 120_000)
      end

      ways = [
        {"to its rank, in frames", fn -> indices(frames) end, "at most 0.35; 0.5"},
        {"to its rank, by gRPC", fn -> indices(grpc) end, ""},
        {"of a hint session, in frames", fn -> indices([]) end, ""},
        {"of a hint session, by gRPC", fn -> indices(bridge: Bench.Grpc) end, ""},
        {"to a bare grpcio echo", bare, ""}
      ]

      turns = ways |> Enum.map(&elem(&1, 1)) |> in_turns(@calls) |> Enum.map(&both_percentiles/1)
      {echo_p50, echo_p99} = List.last(turns)

      for {{name, _fun, target}, {p50, p99}} <- Enum.zip(ways, turns) do
        row(
          "call #{name}: p50, p99 of #{@calls}; ratios to the echo",
          "#{us(p50)}, #{us(p99)}; #{ratio(p50, echo_p50)}, #{ratio(p99, echo_p99)}",
          target
        )
      end
    end)

    :ok = Session.close(session)
  end

  defp in_turns(funs, count) do
    for _ <- 1..@warm_up, fun <- funs, do: fun.()
    turns = for _ <- 1..count, do: Enum.map(funs, &time/1)
    Enum.zip_with(turns, & &1)
  end

  defp both_percentiles(times), do: {median(times), percentile(times, 0.99)}

  defp throughput do
    sessions = session_per_rank([])
    carriers = Enum.map(sessions, &both/1)

    for {ranks, target} <- [{1, "at least 10,000"}, {@ranks, "at least 4 x gRPC"}] do
      used = Enum.take(carriers, ranks)
      each = 500
      frames = in_parallel(for({frames, _grpc} <- used, do: frames), each)
      grpc = in_parallel(for({_frames, grpc} <- used, do: grpc), each)
      frames.()
      grpc.()
      turns = for _ <- 1..3, do: {time(frames), time(grpc)}
      {in_frames, by_grpc} = Enum.unzip(turns)
      rate = fn times -> @callers * each / (median(times) / 1_000_000) end

      row(
        "#{@callers} callers, #{ranks} rank(s), calls/s, medians of 3",
        "#{round(rate.(in_frames))} in frames, #{round(rate.(by_grpc))} by gRPC; " <>
          "#{ratio(rate.(in_frames), rate.(by_grpc))} x",
        target
      )
    end

    for session <- sessions, do: :ok = Session.close(session)
  end

  # Of a hint session: to the pool by each carrier, and from there to a rank in frames.
  defp through_the_pool do
    {:ok, session} = Session.open()
    {frames, grpc} = both(session)
    turns = in_turns([fn -> indices(frames) end, fn -> indices(grpc) end], div(@calls, 2))
    [{frames_p50, frames_p99}, {grpc_p50, grpc_p99}] = Enum.map(turns, &both_percentiles/1)

    row(
      "call of a hint session, to the pool in frames, and by gRPC: p50, p99 of #{div(@calls, 2)}",
      "#{us(frames_p50)}, #{us(frames_p99)}; #{us(grpc_p50)}, #{us(grpc_p99)}",
      ""
    )

    each = 100

    rate = fn runtime ->
      round(@callers * each / (time(in_parallel([runtime], each)) / 1_000_000))
    end

    row(
      "#{@callers} callers of a hint session, #{@ranks} ranks, calls/s",
      "#{rate.(frames)} in frames, #{rate.(grpc)} by gRPC",
      ""
    )

    :ok = Session.close(session)
  end

  defp in_parallel(runtimes, each) do
    fn ->
      1..@callers
      |> Enum.map(fn n ->
        runtime = Enum.at(runtimes, rem(n, length(runtimes)))
        Task.async(fn -> for _ <- 1..each, do: indices(runtime) end)
      end)
      |> Task.await_many(300_000)
    end
  end

  # The ranks of a pool come up one after another: sessions are opened until every rank has one.
  defp session_per_rank(sessions) when length(sessions) == @ranks, do: sessions

  defp session_per_rank(sessions) do
    {:ok, session} = Session.open(affinity: :strict_queue)

    if Enum.any?(sessions, &(&1.endpoint == session.endpoint)) do
      :ok = Session.close(session)
      Process.sleep(50)
      session_per_rank(sessions)
    else
      session_per_rank([session | sessions])
    end
  end

  # Two processes, one per rank, in step: what one call takes while the gate and the group do their part.
  defp gate do
    {:ok, world} = World.start(tensor_parallel_size: 2, backend: "gloo")
    sessions = for session <- world.sessions, do: %{session | bridge: Bench.Grpc}
    :ok = Connections.bind(Bench.Grpc, sessions)
    by_grpc = %{world | bridge: Bench.Grpc, sessions: sessions}
    tensor = Tensor.new([1.0], :f32)

    times = fn world, count ->
      World.run!(world, fn _rank ->
        for _ <- 1..count do
          time(fn -> {:ok, _sum} = Distributed.tensor_model_parallel_all_reduce(tensor) end)
        end
      end)
      |> hd()
    end

    for world <- [world, by_grpc], do: times.(world, 200)
    {frames, grpc} = Enum.unzip(for _ <- 1..10, do: {times.(world, 100), times.(by_grpc, 100)})
    {p50, p99} = both_percentiles(Enum.concat(frames))
    {grpc_p50, grpc_p99} = both_percentiles(Enum.concat(grpc))

    row(
      "all_reduce of 4 bytes on two ranks: p50, p99 of 1,000",
      "#{us(p50)}, #{us(p99)} in frames; #{us(grpc_p50)}, #{us(grpc_p99)} by gRPC; ratio #{ratio(p50, grpc_p50)}",
      "at most 0.5"
    )

    :ok = World.stop(world)
  end

  # Runs that do nothing, on a world whose runs take turns and on one whose runs take none: what a turn adds
  # that nobody disputes.
  defp turns do
    {:ok, with_turns} = World.start(tensor_parallel_size: 2)
    {:ok, without} = World.start(tensor_parallel_size: 2, concurrent: true)

    ns = fn world ->
      begin = System.monotonic_time(:nanosecond)
      [0, 1] = World.run!(world, & &1)
      System.monotonic_time(:nanosecond) - begin
    end

    for _ <- 1..@warm_up, world <- [with_turns, without], do: ns.(world)
    times = for _ <- 1..@calls, do: {ns.(with_turns), ns.(without)}
    {taking_turns, taking_none} = Enum.unzip(times)
    [p50, none] = for each <- [taking_turns, taking_none], do: median(each) / 1_000

    row(
      "a run of two ranks with a turn that nobody disputes, p50 of #{@calls}",
      "#{us(p50)}; #{us(none)} with `concurrent: true`; #{us(p50 - none)} more",
      "at most 10 us more"
    )

    for world <- [with_turns, without], do: :ok = World.stop(world)
  end

  defp tensor do
    {:ok, session} = Session.open(affinity: :strict_queue)
    {frames, grpc} = both(session)
    tensor = Tensor.from_binary!(:crypto.strong_rand_bytes(@mib), :u8, {@mib})
    {:ok, small} = Vllm.call("torch.positive", [Tensor.new([1])], __runtime__: frames)
    [1] = Tensor.to_list(small)
    there_and_back = &({:ok, %Tensor{}} = Vllm.call("torch.positive", [tensor], __runtime__: &1))
    bare = fn -> {:ok, %Tensor{}} = Vllm.call("torch.positive", [small], __runtime__: frames) end

    funs = [
      fn -> there_and_back.(frames) end,
      fn -> there_and_back.(grpc) end,
      bare,
      copies(tensor)
    ]

    [in_frames, by_grpc, bare, copies] = funs |> in_turns(500) |> Enum.map(&median/1)
    # A write and a read each way.
    floor = bare + 2 * copies

    row(
      "1 MiB tensor to a rank and back, shared memory, p50 of 500",
      "#{us(in_frames)} in frames, #{us(by_grpc)} by gRPC; bare call #{us(bare)} and copies " <>
        "#{us(2 * copies)}: ratio #{ratio(in_frames, floor)}",
      "at most 1.15"
    )

    :ok = Session.close(session)
  end

  # One write and one read of the tensor's bytes in shared memory.
  defp copies(%Tensor{data: data}) do
    path = "/dev/shm/vllm-bench-#{System.pid()}"
    {:ok, file} = :file.open(path, [:read, :write, :raw, :binary])
    File.rm!(path)

    fn ->
      :ok = :file.pwrite(file, 0, data)
      {:ok, _} = :file.pread(file, 0, byte_size(data))
    end
  end

  defp idle_connections do
    {:ok, session} = Session.open(affinity: :strict_queue)
    {frames, _grpc} = both(session)

    for _ <- 1..100, do: indices(frames)
    %{route: route} = Connections.session(Vllm.Bridge, session.id)

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
      frames = memory_of(route.frames.pid) / 1024

      row(
        "memory of an idle connection",
        "#{Float.round(frames, 1)} KB of frames, #{Float.round(each, 1)} KB of gRPC",
        "at most 10 KB; 100 KB"
      )
    end)

    :ok = Session.close(session)
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
            World.start(tensor_parallel_size: 2, pipeline_parallel_size: div(ranks, 2))

          took = System.monotonic_time(:microsecond) - began
          if run == 1 and ranks == 4, do: memory(world)
          :ok = World.stop(world)
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
    rows = for rank <- World.info!(world).ranks, do: smaps(rank.pid)
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

Bench.run(System.argv())
