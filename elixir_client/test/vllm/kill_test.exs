defmodule Vllm.KillTest do
  # kill -9 of a whole BEAM, with a world up and a collective under way in it.
  use ExUnit.Case, async: true

  @moduletag timeout: 60_000

  @program """
  {:ok, _} = Supervisor.start_link([{Vllm.Bridge, server: :embedded}], strategy: :one_for_one)
  {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)
  {:ok, config} = Vllm.Bridge.Connections.config(Vllm.Bridge)
  status = Vllm.Bridge.V1.PoolStatus

  {:ok, pool} =
    Vllm.Bridge.PoolClient.call(config, "GetStatus", %Vllm.Bridge.V1.GetStatusRequest{}, status)

  pids = [pool.pid | for(rank <- pool.ranks ++ hd(pool.worlds).ranks, do: rank.pid)]
  "unix:" <> socket = config.endpoint
  IO.puts(Enum.join(["up", System.pid(), socket | pids], " "))

  Vllm.World.run!(world, fn
    0 -> Vllm.Distributed.get_tp_group!() |> Vllm.Distributed.GroupCoordinator.barrier()
    1 -> Process.sleep(:infinity)
  end)
  """

  test "leaves no process and no file behind soon" do
    ebin = Application.app_dir(:vllm_distributed, "ebin")

    port =
      Port.open({:spawn_executable, System.find_executable("elixir")}, [
        :binary,
        {:line, 4_096},
        args: ["-pa", ebin, "-e", @program]
      ])

    assert_receive {^port, {:data, {:eol, "up " <> line}}}, 30_000
    [beam, socket | pids] = String.split(line)
    assert File.exists?(socket)
    assert length(pids) == 5
    for pid <- pids, do: assert(File.dir?("/proc/#{pid}"))

    {_, 0} = System.cmd("kill", ["-9", beam])
    deadline = System.monotonic_time(:millisecond) + 20_000
    await_gone(Enum.map(pids, &"/proc/#{&1}") ++ [Path.dirname(socket)], deadline)
  end

  defp await_gone([], _deadline), do: :ok

  defp await_gone(paths, deadline) do
    if System.monotonic_time(:millisecond) > deadline, do: flunk("left behind: #{inspect(paths)}")

    receive do
    after
      20 -> paths |> Enum.filter(&File.exists?/1) |> await_gone(deadline)
    end
  end
end
