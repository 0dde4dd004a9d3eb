# How long a tensor takes between Elixir and a rank on the same host, one way. Run with `make bench`.
#
# What is timed is a whole call: of a function that does nothing with its argument, or fetching a tensor
# that is kept in its rank. The ways alternate within one run, because machines are noisy; a call without
# a tensor says what of it is not the tensor's. "Copies" is what one write and one read of as many bytes
# in a reused file of /dev/shm take in the same turns: no way through shared memory can be much faster.

defmodule Bench.Tensors do
  alias Vllm.{Session, Tensor}

  @mib 1_048_576
  @runs 60

  def run do
    {:ok, _} =
      Supervisor.start_link([{Vllm.Bridge, server: :embedded, size: 1}], strategy: :one_for_one)

    IO.puts(
      "| what | median | fastest | bare call | copies | target |\n|---|---|---|---|---|---|"
    )

    for {bytes, runs, target} <- [
          {256 * 1024, 300, nil},
          {@mib, 200, 0.5},
          {16 * @mib, @runs, 4.0}
        ],
        do: unix(bytes, runs, target)

    unix_chunks(64 * @mib)
    tcp(16 * @mib, 35.0)
  end

  defp unix(bytes, runs, target) do
    tensor = random(bytes)
    memory = prepare([], true, tensor)
    socket = prepare([], false, tensor)

    for direction <- [:up, :down] do
      {shared, inline, bare, copies} = measure(direction, memory, socket, copies(tensor), runs)
      row("#{size(bytes)} #{name(direction)}, shared memory", shared, bare, target, copies)
      row("#{size(bytes)} #{name(direction)}, unix socket", inline, bare, nil, copies)
    end

    Enum.each([memory, socket], &Session.close(&1.session))
  end

  defp unix_chunks(bytes) do
    way = prepare([], false, random(bytes))

    for direction <- [:up, :down] do
      bare = for _ <- 1..50, do: time(way.bare)
      times = for _ <- 1..5, do: time(way[direction])
      row("#{size(bytes)} #{name(direction)}, chunks over the unix socket", times, bare, nil)
    end

    Session.close(way.session)
  end

  defp tcp(bytes, target) do
    with_tcp_server(fn ->
      way = prepare([bridge: Bench.Tcp], false, random(bytes))
      bare = for _ <- 1..50, do: time(way.bare)

      for direction <- [:up, :down] do
        times = for _ <- 1..20, do: time(way[direction])

        row(
          "#{size(bytes)} #{name(direction)}, chunks over TCP through the pool",
          times,
          bare,
          target
        )
      end
    end)
  end

  # A session, and what is timed in it.
  defp prepare(opts, shared_memory?, tensor) do
    Application.put_env(:vllm_distributed, :shared_memory, shared_memory?)
    {:ok, session} = Session.open([affinity: :strict_queue] ++ opts)
    runtime = [session_id: session.id, bridge: session.bridge]
    opts = [__runtime__: runtime]
    {:ok, kept} = Vllm.call("torch.clone", [tensor], __runtime__: [tensors: :ref] ++ runtime)

    up = fn -> {:ok, false} = Vllm.call("torch.is_complex", [tensor], opts) end
    down = fn -> {:ok, %Tensor{}} = Tensor.fetch(kept, opts) end
    bare = fn -> {:ok, false} = Vllm.call("torch.is_complex", [kept], opts) end
    for _ <- 1..10, do: {up.(), down.(), bare.()}
    {:ok, back} = Tensor.fetch(kept, opts)
    true = back.data == tensor.data
    %{session: session, up: up, down: down, bare: bare}
  end

  defp measure(direction, memory, socket, copies, runs) do
    turns =
      for _ <- 1..runs,
          do: [time(memory[direction]), time(socket[direction]), time(memory.bare), time(copies)]

    turns |> Enum.zip_with(& &1) |> List.to_tuple()
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

  defp random(bytes), do: Tensor.from_binary!(:crypto.strong_rand_bytes(bytes), :u8, {bytes})

  defp with_tcp_server(fun) do
    token = Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
    file = Path.join(System.tmp_dir!(), "vllm-bench-token-#{System.pid()}")
    File.write!(file, token)
    File.chmod!(file, 0o600)
    command = System.get_env("VLLM_BRIDGE") || ".venv/bin/vllm-bridge"

    port =
      Port.open({:spawn_executable, System.find_executable(command)}, [
        :binary,
        {:line, 4096},
        args: ~w(serve --embedded --size 1 --listen 127.0.0.1:0 --token-file #{file})
      ])

    receive do
      {^port, {:data, {:eol, ready}}} ->
        [_all, endpoint] = Regex.run(~r/"endpoint": "([^"]+)"/, ready)
        bridge = [server: endpoint, token: token, name: Bench.Tcp]
        {:ok, bridge} = Supervisor.start_link([{Vllm.Bridge, bridge}], strategy: :one_for_one)
        fun.()
        Supervisor.stop(bridge)
    after
      60_000 -> raise "the server did not start"
    end

    Port.close(port)
    File.rm(file)
  end

  defp time(fun) do
    began = System.monotonic_time(:nanosecond)
    fun.()
    (System.monotonic_time(:nanosecond) - began) / 1.0e6
  end

  defp row(what, times, bare, target, copies \\ nil) do
    target = if target, do: "at most #{target} ms", else: ""
    copies = if copies, do: ms(median(copies)), else: ""

    [what, ms(median(times)), ms(Enum.min(times)), ms(median(bare)), copies, target]
    |> Enum.join(" | ")
    |> then(&IO.puts("| #{&1} |"))
  end

  defp median(times), do: times |> Enum.sort() |> Enum.at(div(length(times), 2))
  defp ms(time), do: "#{:erlang.float_to_binary(time * 1.0, decimals: 2)} ms"
  defp size(bytes) when bytes < @mib, do: "#{div(bytes, 1024)} KiB"
  defp size(bytes), do: "#{div(bytes, @mib)} MiB"
  defp name(:up), do: "to a rank"
  defp name(:down), do: "back"
end

Bench.Tensors.run()
