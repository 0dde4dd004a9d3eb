defmodule Vllm.Bridge.Connection.StreamCall do
  @moduledoc false
  # One streaming call: the messages of its answer, handed out one by one, and the process that waits to send more of its
  # request.
  #
  # Messages stay here until the reader asks for them, and the server's window stays closed by as much. So
  # at most one window is kept, or one message if that is larger.

  alias Vllm.Bridge.Connection.{Call, Grpc, Inbox, Reason}

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
    inbox: %Inbox{},
    held: 0,
    size: 0,
    unsent: [],
    senders: [],
    half_closed?: false,
    headers: [],
    full?: false,
    large?: false
  ]

  @typedoc """
  * `ref`: the call's name; `monitor`: ours of the caller
  * `waiter`: the alias that waits for the headers (`:open`) or the next message (`:next`)
  * `outcome`: how it ended, once it has
  * `inbox`: what arrived and was not handed out
  * `held`: how many of the arrived bytes the server's window lacks
  * `size`: bytes that arrived in all
  * `unsent`: what is to be sent once there is a socket, latest first
  * `senders`: the aliases that wait for room to send more
  * `half_closed?`: whether the request is complete
  * `full?`: whether the caller wants the metadata of the answer, and `headers` what began it
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
          inbox: Inbox.t(),
          held: non_neg_integer(),
          size: non_neg_integer(),
          unsent: [{reference() | nil, [binary()], last? :: boolean()}],
          senders: [reference()],
          half_closed?: boolean(),
          headers: [{binary(), binary()}],
          full?: boolean(),
          large?: boolean()
        }
  @type answer ::
          :ok
          | {:ok, Grpc.metadata() | binary()}
          | :done
          | {:done, Grpc.metadata()}
          | {:error, Reason.t()}

  # Bytes sent after which it is worth to collect garbage at the end.
  @large 1024 * 1024

  @doc "Keeps a part of the request for when there is a socket."
  @spec keep_unsent(t(), reference() | nil, [binary()], last? :: boolean()) :: t()
  def keep_unsent(call, waiter, data, last?),
    do: %{call | unsent: [{waiter, data, last?} | call.unsent]}

  @doc "A part of the request of `size` bytes is on its way; `waiter` waits for room for the next."
  @spec sent(t(), reference() | nil, non_neg_integer(), last? :: boolean()) :: t()
  def sent(call, waiter, size, last?) do
    senders = if waiter, do: [waiter | call.senders], else: call.senders
    %{call | senders: senders, half_closed?: last?, large?: call.large? or size > @large}
  end

  @doc "Tells all who wait to send more that they can, or that the stream has ended."
  @spec tell_senders(t(), :ok | :ended) :: t()
  def tell_senders(%{senders: [], unsent: []} = call, _what), do: call

  def tell_senders(call, :ok) do
    for waiter <- call.senders, do: send(waiter, {waiter, :ok})
    %{call | senders: []}
  end

  def tell_senders(call, :ended) do
    unsent = for {waiter, _data, _last?} <- call.unsent, waiter != nil, do: waiter
    for waiter <- unsent ++ call.senders, do: send(waiter, {waiter, {:error, {:closed, :ended}}})
    %{call | senders: [], unsent: []}
  end

  @doc "The response began."
  @spec headers(t(), [{binary(), binary()}]) :: {:ok, t()} | Call.failure()
  def headers(call, fields) do
    with :ok <- Call.check_headers(fields) do
      call = trailers(call, fields)
      call = if call.full?, do: %{call | headers: fields}, else: call
      # With a status this is an answer without a body: whether it is an error shows at its end.
      {:ok, %{call | opened?: call.status == :error or match?({:ok, 0, _}, call.status)}}
    end
  end

  @doc "Part of the body."
  @spec data(t(), binary()) :: {:ok, t()} | Call.failure()
  def data(call, chunk) do
    size = byte_size(chunk)
    inbox = Inbox.add(call.inbox, chunk)
    {:ok, %{call | inbox: inbox, held: call.held + size, size: call.size + size}}
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
  def broken(call, error), do: %{call | outcome: error, inbox: %Inbox{}}

  defp result(%{status: {:ok, 0, _}}), do: :done

  defp result(%{status: {:ok, code, message}} = call),
    do: {:error, {:status, code, message, Grpc.decode_metadata(call.trailers)}}

  defp result(%{status: :error}), do: {:error, {:protocol, :no_status}}

  @doc """
  What can be said to the process that waits, and how many bytes the server may send again.

  `last?` is whether that answer was the last one.
  """
  @spec step(t()) ::
          {t(), give_back :: non_neg_integer(), {reference(), answer(), last? :: boolean()} | nil}
          | Call.failure()
  def step(%{waiter: {:open, waiter}, opened?: true} = call) when call.outcome in [nil, :done],
    do: answer(call, {waiter, opened(call), false})

  def step(%{waiter: {:open, waiter}, outcome: outcome} = call) when outcome != nil,
    do: {%{call | waiter: nil}, 0, {waiter, outcome, true}}

  def step(call) do
    with {kind, size, inbox} <- front(call), do: step(kind, size, %{call | inbox: inbox})
  end

  defp front(call) do
    with {:part, inbox} <- Inbox.front(call.inbox, call.max_size), do: {:part, 0, inbox}
  end

  defp step(:whole, size, %{waiter: {:next, waiter}} = call) do
    {message, inbox} = Inbox.take(call.inbox, size)
    answer(%{call | inbox: inbox}, {waiter, {:ok, message}, false})
  end

  defp step(:whole, _size, call), do: give_back(call, call.inbox.size)

  defp step(:part, _size, %{waiter: {:next, waiter}, outcome: outcome} = call)
       when outcome != nil,
       do: {%{call | waiter: nil}, 0, {waiter, last(call), true}}

  defp step(:part, _size, call), do: give_back(call, 0)

  defp opened(%{full?: true} = call), do: {:ok, Grpc.decode_metadata(call.headers)}
  defp opened(_call), do: :ok

  defp answer(call, answer) do
    case step(%{call | waiter: nil}) do
      {call, give_back, nil} -> {call, give_back, answer}
      # What follows is unreadable: said when it is asked for.
      {:error, _reason} -> {%{call | waiter: nil}, 0, answer}
    end
  end

  defp give_back(call, keep) do
    size = max(call.held - keep, 0)
    {%{call | held: call.held - size}, size, nil}
  end

  defp last(%{outcome: :done} = call) do
    cond do
      call.inbox.size > 0 -> {:error, {:protocol, :incomplete_message}}
      call.full? -> {:done, Grpc.decode_metadata(call.trailers)}
      true -> :done
    end
  end

  defp last(call), do: call.outcome
end
