defmodule Vllm.KVEvents.Order do
  @moduledoc false
  # The order of a publisher's batches, from their numbers: what is missing, what to ask the publisher for, what
  # is lost, and whether another publisher is at the address. A value that knows nothing of sockets.
  #
  # Every number is said once, in order, as a batch or as lost, until a publisher starts again.

  @enforce_keys [:asks?]
  defstruct [
    :asks?,
    # The number that comes next; nil: whichever arrives.
    :expected,
    # Of the batch before it, to recognize the publisher by.
    :last_payload,
    # What arrived behind something that is missing, until that is there or lost.
    :parked,
    # The highest one that arrived by itself.
    latest: -1,
    # What the publisher is being asked: `:missing`, or `:who` when it may be another one.
    asking: nil
  ]

  @type t :: %__MODULE__{asks?: boolean()}
  @type batch :: {sequence :: non_neg_integer(), topic :: binary(), payload :: binary()}
  @type item ::
          {:batch, batch(), replayed? :: boolean()}
          | {:lost, Range.t(), why :: String.t()}
          | {:restarted, last_sequence :: integer()}
  @type next :: :go_on | :ask

  @gone "the publisher does not have them any more"

  @doc "Before anything has arrived. `asks?`: whether a publisher can be asked for what is missing."
  @spec new(non_neg_integer() | nil, boolean()) :: t()
  def new(first_sequence, asks?), do: %__MODULE__{expected: first_sequence, asks?: asks?}

  @doc """
  There is a connection, the first one or another one. What was published meanwhile is asked for, beginning with the
  batch that is known: another publisher has another one of that number.
  """
  @spec connected(t()) :: {next(), t()}
  def connected(%{asks?: true} = order) when order.expected != nil do
    {:ask, %{order | asking: if(order.last_payload, do: :who, else: :missing)}}
  end

  def connected(order), do: {:go_on, order}

  @doc "The number from which on to ask, as long as there is no answer."
  @spec from(t()) :: non_neg_integer()
  def from(%{asking: :who, expected: expected}), do: expected - 1
  def from(%{expected: expected}), do: expected

  @doc "A batch has arrived by itself. Nothing is asked for at the moment."
  @spec arrived(t(), batch()) :: {[item()], next(), t()}
  def arrived(%{latest: latest} = order, {sequence, _, _} = batch) when sequence <= latest do
    {begun, order} = start_over(order)
    {items, next, order} = arrived(order, batch)
    {[begun | items], next, order}
  end

  def arrived(order, {sequence, _, _} = batch) do
    order = %{order | latest: sequence}

    cond do
      order.expected == nil or sequence == order.expected ->
        {item, order} = deliver(order, batch, false)
        {[item], :go_on, order}

      # It was asked for before.
      sequence < order.expected ->
        {[], :go_on, order}

      order.asks? ->
        {[], :ask, %{order | parked: batch, asking: :missing}}

      true ->
        done(%{order | parked: batch}, "there is no replay_endpoint to ask for them")
    end
  end

  @doc "The publisher has answered with a batch. `:more` is to come, or that was all."
  @spec answered(t(), batch()) :: {[item()], :more | next(), t()}
  def answered(%{asking: :who, expected: expected} = order, {sequence, _, payload})
      when sequence == expected - 1 do
    if payload == order.last_payload,
      do: {[], :more, %{order | asking: :missing}},
      else: another(order)
  end

  def answered(%{parked: {parked, _, _}} = order, {sequence, _, _}) when sequence >= parked,
    do: done(order, @gone)

  def answered(order, {sequence, _, _} = batch) when sequence >= order.expected do
    {lost, order} = lose(%{order | asking: :missing}, sequence - 1, @gone)
    {item, order} = deliver(order, batch, true)

    if order.parked != nil and elem(order.parked, 0) == order.expected do
      {items, next, order} = done(order, @gone)
      {lost ++ [item | items], next, order}
    else
      {lost ++ [item], :more, order}
    end
  end

  # Older than what was asked for.
  def answered(order, _batch), do: {[], :more, order}

  @doc "The publisher has no more batches."
  @spec ended(t()) :: {[item()], next(), t()}
  # It keeps the latest ones, and that from which we were asking has been one of its own.
  def ended(%{asking: :who} = order), do: another(order)
  def ended(order), do: done(order, @gone)

  @doc "The publisher could not be asked."
  @spec failed(t(), String.t()) :: {[item()], next(), t()}
  def failed(order, why), do: done(order, why)

  # --- steps ------------------------------------------------------------------------------------

  defp another(order) do
    {begun, order} = start_over(order)
    {[begun], :ask, %{order | asking: :missing}}
  end

  defp start_over(order) do
    last = max(order.latest, (order.expected || 0) - 1)
    {{:restarted, last}, %{order | expected: 0, latest: -1, last_payload: nil}}
  end

  defp done(%{parked: nil} = order, _why), do: {[], :go_on, %{order | asking: nil}}

  defp done(%{parked: {sequence, _, _} = parked} = order, why) do
    {lost, order} = lose(%{order | parked: nil, asking: nil}, sequence - 1, why)
    {item, order} = deliver(order, parked, false)
    {lost ++ [item], :go_on, order}
  end

  defp lose(%{expected: expected} = order, last, why) when expected <= last,
    do: {[{:lost, expected..last, why}], %{order | expected: last + 1}}

  defp lose(order, _last, _why), do: {[], order}

  defp deliver(order, {sequence, _, payload} = batch, replayed?) do
    {{:batch, batch, replayed?}, %{order | expected: sequence + 1, last_payload: payload}}
  end
end
