defmodule Vllm.Bridge.Connection.StreamCall do
  @moduledoc """
  The answer to one server-streaming call while it arrives: messages that are handed out one by one.

  What was not asked for yet stays here, and the server's window stays closed by as much: no more is
  kept than one window, and one message where that is larger.
  """

  alias Vllm.Bridge.Connection.{Call, Grpc, Reason}

  @enforce_keys [:ref, :monitor, :max_size]
  defstruct [
    :ref,
    :monitor,
    :max_size,
    waiter: nil,
    opened?: false,
    outcome: nil,
    status: :error,
    trailers: [],
    head: "",
    tail: "",
    held: 0,
    size: 0,
    large?: false
  ]

  @typedoc """
  * `ref`: the call's name; `monitor`: ours of the caller
  * `waiter`: the alias that waits for the headers (`:open`) or the next message (`:next`)
  * `outcome`: how it ended, once it has
  * `head`, `tail`: bytes that arrived and were not handed out, those of `tail` after those of `head`
  * `held`: how many of the arrived bytes the server's window lacks
  * `size`: bytes that arrived in all
  """
  @type t :: %__MODULE__{
          ref: reference(),
          monitor: reference(),
          max_size: non_neg_integer(),
          waiter: {:open | :next, reference()} | nil,
          opened?: boolean(),
          outcome: answer() | nil,
          status: {:ok, 0..16, binary()} | :error,
          trailers: [{binary(), binary()}],
          head: binary(),
          tail: binary(),
          held: non_neg_integer(),
          size: non_neg_integer(),
          large?: boolean()
        }
  @type answer :: :ok | {:ok, binary()} | :done | {:error, Reason.t()}

  # The flag and the length before a message.
  @prefix 5

  @doc "The response began."
  @spec headers(t(), [{binary(), binary()}]) :: {:ok, t()} | Call.failure()
  def headers(call, fields) do
    with :ok <- Call.check_headers(fields) do
      call = trailers(call, fields)
      # With a status this is an answer without a body: whether it is an error shows at its end.
      {:ok, %{call | opened?: call.status == :error or match?({:ok, 0, _}, call.status)}}
    end
  end

  @doc "Part of the body."
  @spec data(t(), binary()) :: {:ok, t()} | Call.failure()
  def data(call, chunk) do
    # The runtime appends in place.
    tail = <<call.tail::binary, chunk::binary>>
    size = byte_size(chunk)
    {:ok, %{call | tail: tail, held: call.held + size, size: call.size + size}}
  end

  @doc "Fields that may carry the status."
  @spec trailers(t(), [{binary(), binary()}]) :: t()
  def trailers(call, fields) do
    case Grpc.status(fields) do
      :error -> call
      status -> %{call | status: status, trailers: fields}
    end
  end

  @doc "The stream ended, with what arrived (`:result`) or with an error."
  @spec ended(t(), :result | {:error, Reason.t()}) :: t()
  def ended(call, :result), do: %{call | outcome: result(call), opened?: true}
  def ended(call, error), do: %{call | outcome: error}

  @doc "What arrived cannot be read: nothing of it is handed out any more."
  @spec broken(t(), {:error, Reason.t()}) :: t()
  def broken(call, error), do: %{call | outcome: error, head: "", tail: ""}

  defp result(%{status: {:ok, 0, _}}), do: :done

  defp result(%{status: {:ok, code, message}} = call),
    do: {:error, {:status, code, message, Grpc.decode_metadata(call.trailers)}}

  defp result(%{status: :error}), do: {:error, {:protocol, :no_status}}

  @doc """
  What can be said to whoever waits, and how many bytes the server may send again.

  `last?` is whether that answer was the last one.
  """
  @spec step(t()) ::
          {t(), give_back :: non_neg_integer(), {reference(), answer(), last? :: boolean()} | nil}
          | Call.failure()
  def step(%{waiter: {:open, waiter}, opened?: true} = call) when call.outcome in [nil, :done],
    do: answer(call, {waiter, :ok, false})

  def step(%{waiter: {:open, waiter}, outcome: outcome} = call) when outcome != nil,
    do: {%{call | waiter: nil}, 0, {waiter, outcome, true}}

  def step(call) do
    case front(call) do
      {:whole, size, %{waiter: {:next, waiter}} = call} ->
        {message, call} = take(call, size)
        answer(call, {waiter, {:ok, message}, false})

      {:whole, _size, call} ->
        give_back(call, buffered(call))

      {:part, %{waiter: {:next, waiter}, outcome: outcome} = call} when outcome != nil ->
        {%{call | waiter: nil}, 0, {waiter, last(call), true}}

      {:part, call} ->
        give_back(call, 0)

      {:error, _reason} = error ->
        error
    end
  end

  defp answer(call, answer) do
    case step(%{call | waiter: nil}) do
      {call, give_back, nil} -> {call, give_back, answer}
      # What follows is unreadable: said when it is asked for.
      {:error, _reason} -> {%{call | waiter: nil}, 0, answer}
    end
  end

  # Where the message at the front ends, if it has arrived.
  defp front(call) when byte_size(call.head) < @prefix and call.tail != "",
    do: front(joined(call))

  defp front(%{head: <<0, size::32, _::binary>>} = call) do
    cond do
      size > call.max_size -> {:error, {:protocol, {:message_too_large, size, call.max_size}}}
      buffered(call) < size + @prefix -> {:part, call}
      byte_size(call.head) < size + @prefix -> {:whole, size, joined(call)}
      true -> {:whole, size, call}
    end
  end

  defp front(%{head: <<flag, _::32, _::binary>>}),
    do: {:error, {:protocol, {:message_flag, flag}}}

  defp front(call), do: {:part, call}

  defp joined(call), do: %{call | head: call.head <> call.tail, tail: ""}
  defp buffered(call), do: byte_size(call.head) + byte_size(call.tail)

  defp take(call, size) do
    <<_prefix::binary-size(@prefix), message::binary-size(size), rest::binary>> = call.head
    # A small message must not keep everything that arrived with it alive.
    message = if size * 2 < byte_size(call.head), do: :binary.copy(message), else: message
    {message, %{call | head: if(rest == "", do: "", else: rest)}}
  end

  defp give_back(call, keep) do
    size = max(call.held - keep, 0)
    {%{call | held: call.held - size}, size, nil}
  end

  defp last(%{outcome: :done} = call),
    do: if(buffered(call) == 0, do: :done, else: {:error, {:protocol, :incomplete_message}})

  defp last(call), do: call.outcome
end
