defmodule Vllm.Deadline do
  @moduledoc false
  # Deadlines of any length, over runtime calls that have limits. A deadline is monotonic, in milliseconds;
  # nil is none.

  alias Vllm.Google.Protobuf.Duration

  @type t :: integer() | nil

  # The longest timeout of `receive`, `:gen_tcp.connect` and their like: 49 days.
  @longest_wait 0xFFFFFFFF

  # A century stands for any longer time. The runtime's timers, gRPC's deadlines (nanoseconds from 1970 in
  # 64 bits, to 2262) and kernels' clocks end somewhere beyond it; a time past their end would count as
  # passed, or as none.
  @longest 100 * 365 * 24 * 3_600_000

  @doc "The deadline so many milliseconds from now."
  @spec new(timeout()) :: t()
  def new(:infinity), do: nil
  def new(timeout), do: System.monotonic_time(:millisecond) + timeout

  @doc "The milliseconds that are left."
  @spec left(t()) :: timeout()
  def left(nil), do: :infinity
  def left(deadline), do: max(0, deadline - System.monotonic_time(:millisecond))

  @doc "The time left, as a timeout that `receive` takes; ask `over?/1` after it, because it may be cut."
  @spec wait(t()) :: timeout()
  def wait(deadline), do: deadline |> left() |> clamp()

  @doc "Whether it has passed."
  @spec over?(t()) :: boolean()
  def over?(deadline), do: left(deadline) == 0

  @doc "A timeout as calls of the runtime take it."
  @spec clamp(timeout()) :: timeout()
  def clamp(:infinity), do: :infinity
  def clamp(timeout), do: min(timeout, @longest_wait)

  @doc "A time as other processes and programs take it: at most a century."
  @spec sent(integer() | :infinity) :: integer()
  def sent(:infinity), do: @longest
  def sent(ms), do: ms |> min(@longest) |> max(-@longest)

  @doc "A time as a message: beyond an int64 of seconds it would arrive as another one."
  @spec duration(integer() | :infinity) :: Duration.t()
  def duration(ms) do
    ms = sent(ms)
    # google.protobuf.Duration wants both parts with the same sign.
    %Duration{seconds: div(ms, 1_000), nanos: rem(ms, 1_000) * 1_000_000}
  end

  @doc "As `Process.send_after/3`, after any time."
  @spec send_after(pid(), term(), timeout()) :: reference()
  def send_after(pid, message, after_ms),
    do: Process.send_after(pid, message, sent(after_ms))
end
