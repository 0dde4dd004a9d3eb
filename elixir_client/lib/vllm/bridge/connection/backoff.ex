defmodule Vllm.Bridge.Connection.Backoff do
  @moduledoc false
  # How long a connection waits before the next attempt to connect: twice as long each time, up to a
  # limit, after [gRPC's connection backoff](https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md).
  #
  # The waits are random between half and the whole of that, so that the clients of a server that was
  # restarted do not all come back at once.

  @enforce_keys [:first, :longest]
  defstruct [:first, :longest, failures: 0]

  @typedoc "Milliseconds, and how many attempts failed since the last one that did not."
  @opaque t :: %__MODULE__{
            first: pos_integer(),
            longest: pos_integer(),
            failures: non_neg_integer()
          }

  @doc "A backoff before any failure; options `:backoff` and `:max_backoff` of the connection."
  @spec new(map()) :: t()
  def new(%{backoff: first, max_backoff: longest}),
    do: %__MODULE__{first: first, longest: longest}

  @doc "Counts a failed attempt; returns the milliseconds to wait before the next one."
  @spec failed(t()) :: {t(), non_neg_integer()}
  def failed(backoff) do
    # 2^20 is beyond every sensible limit; larger powers only cost time.
    whole = min(backoff.first * Integer.pow(2, min(backoff.failures, 20)), backoff.longest)
    half = div(whole, 2)
    {%{backoff | failures: backoff.failures + 1}, half + :rand.uniform(whole - half + 1) - 1}
  end

  @doc "Resets the backoff after a success."
  @spec succeeded(t()) :: t()
  def succeeded(backoff), do: %{backoff | failures: 0}
end
