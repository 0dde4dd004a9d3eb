# Batches of events per second, as a subscriber reads them that has no other work, beside the plainest reading of the
# same bytes and beside the Python subscriber:
#
#     MIX_ENV=prod mix run --no-start benchmarks/kv_events.exs
#
# The publisher is a socket that sends prepared bytes as fast as they are taken. Python needs the extra `events`,
# and is found by VLLM_PYTHON; without it that row is left out.

defmodule KVEventsBench do
  alias Vllm.KVEvents
  alias Vllm.KVEvents.EventBatch
  alias Vllm.Term.Msgpack

  @batches 20_000
  @runs 5

  @python """
  import sys, time
  from vllm_distributed.kv_events import KVEventSubscriber, ReceivedBatch
  with KVEventSubscriber(sys.argv[1], max_waiting=1_000_000) as subscriber:
      assert isinstance(subscriber.receive(30), ReceivedBatch)
      begun = time.perf_counter()
      for _ in range(int(sys.argv[2]) - 1):
          assert isinstance(subscriber.receive(30), ReceivedBatch)
      print((time.perf_counter() - begun) * 1e6)
  """

  def run do
    IO.puts(
      "| #{@batches} batches, each of | bytes | subscribed | plain reading | Python subscriber |"
    )

    IO.puts("|---|---|---|---|---|")

    for {name, blocks} <- [{"1 block", 1}, {"16 blocks", 16}, {"128 blocks", 128}] do
      bytes = for number <- 0..(@batches - 1), into: "", do: message(number, blocks)

      rows =
        for _ <- 1..@runs,
            do: Enum.map([&subscribed/1, &plain/1, &python/1], &measured(&1, bytes))

      [subscribed, plain, python] = Enum.zip_with(rows, &median/1)

      IO.puts(
        "| #{name} | #{div(byte_size(bytes), @batches)} | #{rate(subscribed)} | " <>
          "#{rate(plain)}: #{ratio(subscribed, plain)} | #{rate(python)}: #{ratio(subscribed, python)} |"
      )
    end
  end

  # --- ways to read, in microseconds from the first batch on ------------------------------------

  defp measured(read, bytes) do
    path = Path.join(System.tmp_dir!(), "kv_events_bench_#{System.pid()}")
    File.rm(path)
    {:ok, listening} = :gen_tcp.listen(0, [:binary, active: false, ifaddr: {:local, path}])
    sender = Task.async(fn -> serve(listening, bytes) end)
    time = read.(path)
    Task.shutdown(sender, :brutal_kill)
    :gen_tcp.close(listening)
    File.rm(path)
    time
  end

  defp subscribed(path) do
    {:ok, stream} = KVEvents.stream("ipc://" <> path)

    {first, last} =
      stream
      |> Stream.take(@batches)
      |> Enum.reduce({nil, nil}, fn %EventBatch{}, {first, _last} ->
        now = System.monotonic_time(:microsecond)
        {first || now, now}
      end)

    last - first
  end

  # It only takes the bytes.
  defp plain(path) do
    options = [:binary, active: false, buffer: 65_536]
    {:ok, socket} = :gen_tcp.connect({:local, path}, 0, options)
    :ok = :gen_tcp.send(socket, <<0xFF, 0::64, 0x7F, 3, 1, "NULL", 0::384>>)
    :ok = :gen_tcp.send(socket, command("READY", <<11, "Socket-Type", 3::32, "SUB">>))
    {:ok, _greeting} = :gen_tcp.recv(socket, 64)
    :ok = :gen_tcp.send(socket, command("SUBSCRIBE", ""))
    {:ok, _first} = :gen_tcp.recv(socket, 0)
    begun = System.monotonic_time(:microsecond)
    take(socket)
    System.monotonic_time(:microsecond) - begun
  end

  defp take(socket), do: with({:ok, _bytes} <- :gen_tcp.recv(socket, 0), do: take(socket))

  defp python(path) do
    with python when is_binary(python) <- System.get_env("VLLM_PYTHON"),
         arguments = ["-c", @python, "ipc://" <> path, "#{@batches}"],
         {text, 0} <- System.cmd(python, arguments, stderr_to_stdout: true) do
      text |> String.trim() |> String.to_float()
    else
      _no_python_or_without_events -> nil
    end
  end

  # --- the publisher ----------------------------------------------------------------------------

  defp serve(listening, bytes) do
    {:ok, socket} = :gen_tcp.accept(listening)
    :ok = :gen_tcp.send(socket, <<0xFF, 0::64, 0x7F, 3, 1, "NULL", 0::384>>)
    :ok = :gen_tcp.send(socket, command("READY", <<11, "Socket-Type", 3::32, "PUB">>))
    {:ok, _greeting} = :gen_tcp.recv(socket, 64)
    {:ok, _ready} = await(socket, "READY", "")
    :ok = :gen_tcp.send(socket, bytes)
    # The plain reader reads to the end.
    :gen_tcp.shutdown(socket, :write)
    :gen_tcp.recv(socket, 0)
  end

  # Until it has subscribed.
  defp await(socket, word, seen) do
    cond do
      seen =~ "SUBSCRIBE" -> {:ok, seen}
      true -> with({:ok, more} <- :gen_tcp.recv(socket, 0), do: await(socket, word, seen <> more))
    end
  end

  defp message(number, blocks) do
    hashes = Enum.map(1..blocks, &(number * blocks + &1 + 0x1000000000000))

    payload =
      IO.iodata_to_binary([
        [
          Msgpack.array_header(3),
          Msgpack.float(1.0),
          Msgpack.array_header(1),
          Msgpack.map_header(8)
        ],
        [Msgpack.string("type"), Msgpack.string("BlockStored")],
        [Msgpack.string("block_hashes"), list(hashes)],
        [Msgpack.string("parent_block_hash"), 0xC0],
        [Msgpack.string("token_ids"), list(Enum.map(1..(16 * blocks), &rem(&1 * 7919, 128_000)))],
        [Msgpack.string("block_size"), 16, Msgpack.string("lora_id"), 0xC0],
        [Msgpack.string("medium"), Msgpack.string("GPU"), Msgpack.string("lora_name"), 0xC0],
        0
      ])

    size = byte_size(payload)
    header = if size < 256, do: <<0, size>>, else: <<2, size::64>>
    <<1, 0, 1, 8, number::64, header::binary, payload::binary>>
  end

  defp list(integers),
    do: [Msgpack.array_header(length(integers)) | Enum.map(integers, &Msgpack.integer/1)]

  defp command(name, body),
    do: <<4, byte_size(name) + byte_size(body) + 1, byte_size(name), name::binary, body::binary>>

  # --- numbers ----------------------------------------------------------------------------------

  defp median(times) do
    if nil in times, do: nil, else: times |> Enum.sort() |> Enum.at(div(@runs, 2))
  end

  defp rate(nil), do: "-"
  defp rate(microseconds), do: "#{round(@batches * 1_000_000 / microseconds)}/s"
  defp ratio(_subscribed, nil), do: "-"
  defp ratio(subscribed, other), do: "#{Float.round(other / subscribed, 2)} x"
end

KVEventsBench.run()
