defmodule Vllm.World.Logs do
  @moduledoc false
  # The lines of a world as a `Stream`.

  alias Vllm.{Bridge, Error}
  alias Vllm.World.Info

  @doc "The stream, of a world that there is, or was."
  @spec open(String.t(), map()) :: {:ok, Enumerable.t()} | {:error, Error.t()}
  def open(world_id, opts) do
    with {:ok, _info} <- Info.ask(world_id, opts.bridge), do: {:ok, stream(world_id, opts)}
  end

  defp stream(world_id, opts) do
    wanted = %{
      world_id: world_id,
      ranks: opts.ranks,
      follow: opts.follow,
      tail: opts.tail,
      unfolded: not opts.fold
    }

    Stream.resource(
      fn -> Error.unwrap!(Bridge.lines(wanted, opts.stream_timeout, opts.bridge)) end,
      &next(&1, opts.follow),
      &Bridge.unsubscribe/1
    )
  end

  defp next(subscription, follow?) do
    receive do
      {:vllm_log, ^subscription, {:error, %Error{reason: "subscription_ended"}}}
      when not follow? ->
        {:halt, subscription}

      {:vllm_log, ^subscription, {:error, error}} ->
        raise error

      {:vllm_log, ^subscription, lines} ->
        {lines, subscription}
    end
  end
end
