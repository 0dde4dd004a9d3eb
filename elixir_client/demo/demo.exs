# A world of four ranks from Elixir: collectives, a pipeline, and the byte histogram of a file, with
# every number checked against arithmetic.
#
#     mix run elixir_client/demo/demo.exs [--ray ADDRESS] [FILE]
#
# With --ray the ranks are on two nodes of the Ray cluster at that address (`make demo-cluster`).
# The last line is "demo: ok" and the exit status 0; anything else is a reason on stderr and status 1.

defmodule Demo do
  alias Vllm.Distributed
  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.{Tensor, World}

  @tensor_parallel 2
  @pipeline_parallel 2
  @ranks @tensor_parallel * @pipeline_parallel

  def main(arguments) do
    {options, arguments} = OptionParser.parse!(arguments, strict: [ray: :string])
    file = file(arguments)
    bytes = read(file)

    world = start(placement(options[:ray]))
    table(world)
    collectives(world)
    pipeline(world)
    histogram(world, file, bytes)
    ok!(World.stop(world))
    IO.puts("\ndemo: ok")
  end

  # --- setting the stage ------------------------------------------------------------------------

  defp file([]), do: "README.md"
  defp file([file]), do: file
  defp file(_more), do: fail("usage: mix run elixir_client/demo/demo.exs [--ray ADDRESS] [FILE]")

  defp read(file) do
    case File.read(file) do
      {:ok, ""} -> fail("#{file} is empty; give a file with at least one byte")
      {:ok, bytes} -> bytes
      {:error, reason} -> fail("cannot read #{file}: #{:file.format_error(reason)}")
    end
  end

  # Where its ranks go: here, or into bundles that Ray spreads over its nodes.
  defp placement(nil), do: []

  defp placement(address) do
    [
      distributed_executor_backend: "ray",
      ray: [address: address, placement_strategy: "SPREAD"],
      # Each rank imports torch for itself.
      timeout: 240_000
    ]
  end

  defp start(placement) do
    started = System.monotonic_time(:millisecond)

    case Supervisor.start_link(
           [{Vllm.Bridge, server: :embedded, args: ["--start-timeout", "120"]}],
           strategy: :one_for_one
         ) do
      {:ok, _supervisor} -> :ok
      {:error, reason} -> fail("the bridge does not start: #{explain(reason)}")
    end

    IO.puts("bridge ready after #{System.monotonic_time(:millisecond) - started} ms")
    started = System.monotonic_time(:millisecond)

    world =
      ok!(
        World.start(
          [
            tensor_parallel_size: @tensor_parallel,
            pipeline_parallel_size: @pipeline_parallel
          ] ++ placement
        )
      )

    IO.puts(
      "world #{world.id} of #{world.world_size} ranks ready after " <>
        "#{System.monotonic_time(:millisecond) - started} ms"
    )

    world
  end

  defp explain({:shutdown, {:failed_to_start_child, _id, reason}}), do: explain(reason)
  defp explain(%{__exception__: true} = error), do: Exception.message(error)
  defp explain(reason), do: inspect(reason)

  # --- who is where -----------------------------------------------------------------------------

  defp table(world) do
    groups =
      World.run!(world, fn _rank ->
        [
          Distributed.get_tp_group!(),
          Distributed.get_pp_group!(),
          Distributed.get_dp_group!()
        ]
      end)

    ranks = World.info!(world).ranks
    nodes = Enum.group_by(ranks, & &1.node, & &1.rank)

    if Enum.any?(ranks, &(&1.launcher != "mp")) do
      expect("the number of nodes", map_size(nodes), 2)
      for {node, ranks} <- nodes, do: IO.puts("  node #{node}: ranks #{Enum.join(ranks, ", ")}")
    end

    IO.puts("\n  rank  pid       tp           pp           dp")

    for {rank, [tp, pp, dp] = of_rank} <- Enum.zip(ranks, groups) do
      cells = Enum.map_join(of_rank, "", &String.pad_trailing(cell(&1), 13))
      id = String.pad_trailing("#{rank.rank}", 6)
      IO.puts(String.trim_trailing("  #{id}#{String.pad_trailing("#{rank.pid}", 10)}#{cells}"))

      # Tensor parallel neighbours are adjacent, pipeline stages a whole tensor group apart.
      {stage, place} = {div(rank.rank, @tensor_parallel), rem(rank.rank, @tensor_parallel)}
      expect("tp of rank #{rank.rank}", tp.ranks, for(i <- 0..1, do: stage * 2 + i))
      expect("pp of rank #{rank.rank}", pp.ranks, for(i <- 0..1, do: place + 2 * i))
      expect("dp of rank #{rank.rank}", dp.ranks, [rank.rank])
      expect("tp place of rank #{rank.rank}", tp.rank_in_group, place)
      expect("pp place of rank #{rank.rank}", pp.rank_in_group, stage)
    end

    IO.puts("")
  end

  defp cell(group), do: "#{inspect(group.ranks, charlists: :as_lists)} ##{group.rank_in_group}"

  # --- collectives ------------------------------------------------------------------------------

  defp collectives(world) do
    results =
      World.run!(world, fn rank ->
        mine = Tensor.new([rank + 1, 10 * (rank + 1)])
        sum = Distributed.tensor_model_parallel_all_reduce!(mine)
        all = Distributed.tensor_model_parallel_all_gather!(mine)

        # Only the first of a tensor parallel group has something to say.
        dict =
          if rem(rank, @tensor_parallel) == 0,
            do: %{"weights" => mine, "step" => rank},
            else: nil

        told = Distributed.broadcast_tensor_dict!(dict)
        GroupCoordinator.barrier!(Distributed.get_world_group!())

        %{
          sum: Tensor.to_list(sum),
          all: Tensor.to_list(all),
          told: {told["step"], Tensor.to_list(told["weights"])}
        }
      end)

    for {result, rank} <- Enum.with_index(results) do
      first = rank - rem(rank, @tensor_parallel)
      second = first + 1

      expect("all_reduce on rank #{rank}", result.sum, [
        first + second + 2,
        10 * (first + second + 2)
      ])

      expect("all_gather on rank #{rank}", result.all, [
        first + 1,
        10 * (first + 1),
        second + 1,
        10 * (second + 1)
      ])

      expect(
        "broadcast_tensor_dict on rank #{rank}",
        result.told,
        {first, [first + 1, 10 * (first + 1)]}
      )
    end

    show("tensor_model_parallel_all_reduce", Enum.map(results, & &1.sum))
    show("tensor_model_parallel_all_gather", Enum.map(results, & &1.all))
    show("broadcast_tensor_dict", Enum.map(results, &elem(&1.told, 1)))
    IO.puts("  barrier on the world                ok")
  end

  # --- a pipeline: stage 0 squares, stage 1 adds its rank ----------------------------------------

  defp pipeline(world) do
    results =
      World.run!(world, fn rank ->
        stages = Distributed.get_pp_group!()

        if stages.rank_in_group == 0 do
          squares = Tensor.new(for(i <- 1..4, do: (rank + i) ** 2), :f32)
          GroupCoordinator.send!(stages, squares)
          nil
        else
          received = GroupCoordinator.recv!(stages, [4], :f32)
          Enum.map(Tensor.to_list(received), &(&1 + rank))
        end
      end)

    for {result, rank} <- Enum.with_index(results) do
      wanted =
        if rank >= @tensor_parallel,
          do: for(i <- 1..4, do: (rank - @tensor_parallel + i) ** 2 + rank / 1)

      expect("pipeline on rank #{rank}", result, wanted)
    end

    show("pipeline send, recv", Enum.reject(results, &is_nil/1))
  end

  # --- the histogram of a file ------------------------------------------------------------------

  defp histogram(world, file, bytes) do
    slices = slices(bytes)

    results =
      World.run!(world, fn rank ->
        slice = Enum.at(slices, rank)
        tensor = Tensor.from_binary!(slice, :u8, {byte_size(slice)})
        counts = ok!(Vllm.call("torch.bincount", [tensor], minlength: 256))
        of_stage = Distributed.tensor_model_parallel_all_reduce!(counts)
        total = GroupCoordinator.all_reduce!(Distributed.get_pp_group!(), of_stage)
        Tensor.to_list(total)
      end)

    frequencies =
      for <<byte <- bytes>>, reduce: %{}, do: (counts -> Map.update(counts, byte, 1, &(&1 + 1)))

    wanted = for byte <- 0..255, do: Map.get(frequencies, byte, 0)

    for {counts, rank} <- Enum.with_index(results),
        do: expect("histogram on rank #{rank}", counts, wanted)

    IO.puts(
      "\n  #{file}: #{byte_size(bytes)} bytes, counted in #{@ranks} ranks; the most frequent:"
    )

    wanted
    |> Enum.with_index()
    |> Enum.sort(:desc)
    |> Enum.take(5)
    |> Enum.reject(fn {count, _byte} -> count == 0 end)
    |> Enum.each(fn {count, byte} ->
      share = Float.round(100 * count / byte_size(bytes), 1)

      IO.puts(
        "    #{String.pad_trailing(name(byte), 6)}#{String.pad_leading("#{count}", 10)}  #{share} %"
      )
    end)
  end

  defp slices(bytes) do
    size = byte_size(bytes)

    for rank <- 0..(@ranks - 1) do
      first = div(size * rank, @ranks)
      binary_part(bytes, first, div(size * (rank + 1), @ranks) - first)
    end
  end

  defp name(?\s), do: "space"
  defp name(?\n), do: "\\n"
  defp name(byte) when byte in 33..126, do: <<byte>>
  defp name(byte), do: "0x" <> Base.encode16(<<byte>>)

  # --- checking ---------------------------------------------------------------------------------

  defp show(name, results),
    do:
      IO.puts(
        "  #{String.pad_trailing(name, 36)}#{Enum.map_join(results, "  ", &inspect(&1, charlists: :as_lists))}"
      )

  defp expect(_what, value, value), do: :ok

  defp expect(what, got, wanted),
    do: fail("#{what}: got #{inspect(got)}, expected #{inspect(wanted)}")

  defp ok!(:ok), do: :ok
  defp ok!({:ok, value}), do: value
  defp ok!({:error, error}), do: raise(error)

  def fail(message) do
    IO.puts(:stderr, "demo: #{message}")
    System.halt(1)
  end
end

Logger.configure(level: :warning)

# A start that fails must be a reason and not a crash report.
Process.flag(:trap_exit, true)

try do
  Demo.main(System.argv())
catch
  kind, reason -> Demo.fail(Exception.format_banner(kind, reason, __STACKTRACE__))
end
