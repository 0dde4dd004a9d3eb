defmodule Vllm.Call.ItemStream do
  @moduledoc false
  # The items of an iterator that stays in its rank, as a stream here: they are fetched several at a time,
  # and the iterator is closed when the reading stops, in whatever way.

  alias Vllm.Bridge.{Connections, Owners, Profiles}
  alias Vllm.Call.{Objects, OwnedRefs}
  alias Vllm.{Deadline, Error, Ref, Runtime}

  # As many at a time as the rank has ready: it says no more are when the first has waited for so long.
  @most_items 256
  @within_ms 2

  @doc "The items; `begin` makes the call that returns the iterator."
  @spec new((() -> {:ok, term()} | {:error, Error.t()}), keyword()) :: Enumerable.t()
  def new(begin, runtime) do
    Stream.resource(fn -> start(begin, runtime) end, &next/1, &stop/1)
  end

  defp start(begin, runtime) do
    with {:ok, runtime} <- Runtime.validate(runtime),
         bridge = OwnedRefs.bridge(runtime),
         {:ok, config} <- Connections.config(bridge),
         config = Profiles.known(config),
         {:ok, timeout} <- Runtime.stream_timeout(runtime, config.defaults, config.profiles),
         {:ok, ref} <- iterator(begin.()) do
      # Its session may outlive this process.
      Owners.own_objects(bridge, [self()], [{:object, ref}])
      deadline = Deadline.new(timeout)

      %{
        ref: ref,
        runtime: runtime,
        bridge: bridge,
        deadline: deadline,
        timeout: timeout,
        count: 1
      }
    else
      {:error, error} -> raise error
    end
  end

  defp iterator({:ok, value}) do
    with {:error, _no_object} <- Ref.of(value) do
      message = "the call returned #{inspect(value, limit: 5)}, which is not read item by item"
      {:error, Error.validation(message, "not_a_stream")}
    end
  end

  defp iterator(error), do: error

  defp next(:done), do: {:halt, :done}

  defp next(state) do
    if Deadline.over?(state.deadline), do: late(state)

    case Objects.next(state.ref, state.count, @within_ms, state.runtime) do
      {:ok, items, true} ->
        Owners.forget_objects(state.bridge, [{:object, state.ref}])
        {items, :done}

      {:ok, items, false} ->
        full? = length(items) == state.count
        count = if full?, do: min(2 * state.count, @most_items), else: state.count
        {items, %{state | count: count}}

      {:error, error} ->
        stop(state)
        raise error
    end
  end

  @spec late(map()) :: no_return()
  defp late(state) do
    stop(state)

    raise %Error{
      category: :timeout,
      reason: "deadline_exceeded",
      message:
        "the stream ended after #{state.timeout} ms. Raise `stream_timeout` (:infinity for none), or read " <>
          "faster",
      details: %{"timeout_ms" => state.timeout}
    }
  end

  defp stop(:done), do: :ok

  # One that has failed, or whose session has ended, is gone already.
  defp stop(state) do
    _released = Objects.release([state.ref], __runtime__: [bridge: state.bridge])
    Owners.forget_objects(state.bridge, [{:object, state.ref}])
  end
end
