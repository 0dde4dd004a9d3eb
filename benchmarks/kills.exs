# A supervised world under 64 callers, of which a rank is killed every five seconds:
# `mix run benchmarks/kills.exs [SECONDS]`, ten minutes unless said otherwise.
#
# Every call sums a value of its own over the ranks, so a value of another call, or of another epoch, would
# show. Ends with status 1 if a value was wrong, a call did not return in its time, or an error had no name.

defmodule Bench.Kills do
  alias Vllm.{Error, Tensor, World}

  @callers 64
  @every 5_000
  @timeout 60_000

  def run(seconds) do
    {:ok, _} =
      Supervisor.start_link(
        [
          {Vllm.Bridge, server: :embedded, size: 1, args: ["--log-level", "error"]},
          {World,
           name: __MODULE__,
           tensor_parallel_size: 2,
           backend: "gloo",
           spare_ranks: 1,
           restart: [max: 1_000, within: 60_000]}
        ],
        strategy: :one_for_one
      )

    ends = now() + seconds * 1_000
    killer = Task.async(fn -> kill(ends, 0) end)

    counts =
      1..@callers
      |> Enum.map(&Task.async(fn -> call(&1, ends, 0, %{}) end))
      |> Task.await_many(:infinity)
      |> Enum.reduce(%{}, &Map.merge(&1, &2, fn _outcome, one, other -> one + other end))

    IO.puts("| outcome | calls |\n|---|---|")
    for {outcome, count} <- Enum.sort(counts), do: IO.puts("| #{outcome} | #{count} |")
    IO.puts("#{Task.await(killer, :infinity)} kills in #{seconds} s")
    bad = for {outcome, _count} <- counts, String.starts_with?(outcome, "WRONG"), do: outcome
    if bad != [] or counts["right"] in [nil, 0], do: System.halt(1)
  end

  defp call(caller, ends, number, counts) do
    if now() > ends do
      counts
    else
      began = now()
      value = [caller / 1, number / 1]
      tensor = Tensor.new(value, :f32)

      outcome =
        World.call(__MODULE__, :tensor_model_parallel_all_reduce, [tensor],
          timeout: @timeout,
          collect: :list
        )

      late? = now() - began > @timeout + 5_000
      counts = Map.update(counts, name(outcome, value, late?), 1, &(&1 + 1))
      call(caller, ends, number + 1, counts)
    end
  end

  defp name(_outcome, _value, true), do: "WRONG: a call returned too late"

  defp name({:ok, sums}, value, false) do
    doubled = Enum.map(value, &(2 * &1))
    if Enum.all?(sums, &(Tensor.to_list(&1) == doubled)), do: "right", else: "WRONG: value"
  end

  defp name({:error, %Error{reason: reason, message: message}}, _value, false)
       when is_binary(reason) and reason != "" and message != "",
       do: "error #{reason}"

  defp name(other, _value, false), do: "WRONG: #{inspect(other)}"

  defp kill(ends, count) do
    Process.sleep(@every)

    if now() > ends do
      count
    else
      with {:ok, %{ranks: [_ | _] = ranks}} <- World.info(__MODULE__),
           %{pid: pid} when is_integer(pid) and pid > 0 <- Enum.random(ranks) do
        System.cmd("kill", ["-9", Integer.to_string(pid)], stderr_to_stdout: true)
      end

      kill(ends, count + 1)
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end

case System.argv() do
  [] -> Bench.Kills.run(600)
  [seconds] -> Bench.Kills.run(String.to_integer(seconds))
end
