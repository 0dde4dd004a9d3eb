defmodule Vllm.Bridge.Transport.Snakepit.Deadlines do
  @moduledoc false
  # The time of a call, as Snakepit's gRPC client can send it: milliseconds below a second, then whole seconds,
  # minutes and hours, of which it drops the rest (elixir-grpc 0.11, `GRPC.Transport.Utils`).

  @compile {:no_warn_undefined, Snakepit.Defaults}

  @second 1_000
  @minute 60 * @second
  @hour 60 * @minute

  # Snakepit gives it to calls of processes, which take 49 days.
  @longest 30 * 24 * @hour

  # Snakepit takes these from the time it is given before it sends the rest (`Snakepit.Defaults`).
  @margins 1_200

  # For the way to the worker: what is over is dropped there.
  @on_the_way 400

  @doc "The time that is sent for `timeout` milliseconds: as long, or a little longer."
  @spec carried(timeout()) :: timeout()
  def carried(:infinity), do: :infinity

  def carried(timeout) do
    cond do
      timeout < @second -> timeout
      up(timeout, @second) < @minute -> up(timeout, @second)
      up(timeout, @minute) < @hour -> up(timeout, @minute)
      true -> timeout |> up(@hour) |> min(@longest)
    end
  end

  @doc "What Snakepit is given so that it sends that."
  @spec given(timeout()) :: timeout()
  def given(:infinity), do: :infinity
  def given(timeout) when timeout < @second, do: timeout + margins()
  def given(timeout), do: carried(timeout) + margins() + @on_the_way

  defp up(timeout, unit), do: div(timeout + unit - 1, unit) * unit

  defp margins do
    if Code.ensure_loaded?(Snakepit.Defaults) and
         function_exported?(Snakepit.Defaults, :worker_call_margin_ms, 0) and
         function_exported?(Snakepit.Defaults, :pool_reply_margin_ms, 0),
       do: Snakepit.Defaults.worker_call_margin_ms() + Snakepit.Defaults.pool_reply_margin_ms(),
       else: @margins
  end
end
