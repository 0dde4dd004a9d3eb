defmodule Vllm.KVEvents.Follower do
  @moduledoc false
  # One publisher: the connection that its batches arrive by, the one on which it is asked for what is missing, and
  # the order of both. A value of the process that has the sockets.
  #
  # While the publisher is asked for something, what arrives by itself waits in its socket.

  alias Vllm.Bridge.Endpoint
  alias Vllm.{Deadline, Error}
  alias Vllm.KVEvents.{Link, Order}

  # What ends an answer, as a number.
  @end_of_answer 0xFFFFFFFFFFFFFFFF

  @enforce_keys [:endpoint, :opts, :order, :link]
  defstruct [
    :endpoint,
    :replay,
    :opts,
    :order,
    :link,
    # Of the latest batch, for answers of vLLM 0.14, which are without.
    topic: "",
    # `nil` or `%{link:, timer:, since:, problem:}`.
    asking: nil,
    # The kind of failure that was told last.
    told: nil
  ]

  @type t :: %__MODULE__{endpoint: String.t()}
  @type address :: {String.t(), Endpoint.t()}
  @type item :: Order.item() | :connected | {:error, Error.t()}

  @doc "Begins to connect to a publisher, and to the address of its answers if there is one."
  @spec new(address(), address() | nil, map()) :: t()
  def new({endpoint, address}, replay, opts) do
    %__MODULE__{
      endpoint: endpoint,
      replay: replay,
      opts: opts,
      order: Order.new(opts.first_sequence, replay != nil),
      link: Link.open(:sub, endpoint, address, opts)
    }
  end

  @doc "Closes its connections."
  @spec close(t()) :: :ok
  def close(follower) do
    Link.close(follower.link)
    if follower.asking, do: Link.close(follower.asking.link)
    :ok
  end

  @doc "What a message of the process is to it; `:other` if nothing. `reading?`: whether it has been asked for items."
  @spec handle(t(), term(), boolean()) :: {[item()], t()} | :other
  def handle(%{asking: %{timer: timer}} = follower, {:timeout, timer, :replay}, reading?),
    do: overdue(follower, reading?)

  def handle(follower, message, _reading?) do
    with :other <- live(follower, Link.handle(follower.link, message)),
         %{link: link} <- follower.asking do
      replay(follower, Link.handle(link, message))
    else
      nil -> :other
      result -> result
    end
  end

  @doc "Asks silent peers for a sign of life."
  @spec check(t()) :: {[item()], t()}
  # An answer has a deadline, and until then nobody reads the other connection.
  def check(%{asking: nil} = follower), do: live(follower, Link.check(follower.link))
  def check(follower), do: {[], follower}

  @doc "What comes next of what has arrived; asks for more where that is nothing."
  @spec next(t()) :: {:idle | [item()], t()}
  def next(%{asking: nil} = follower), do: live(follower, Link.next(follower.link))
  def next(follower), do: replay(follower, Link.next(follower.asking.link))

  # --- what arrives by itself -------------------------------------------------------------------

  defp live(_follower, :other), do: :other
  defp live(follower, {:ok, link}), do: {[], %{follower | link: link}}
  defp live(follower, {:idle, link}), do: {:idle, %{follower | link: link}}

  defp live(follower, {:ready, link}) do
    {next, order} = Order.connected(follower.order)
    {[:connected], go_on(%{follower | link: link, order: order, told: nil}, next)}
  end

  defp live(follower, {:message, [topic, <<sequence::64>>, payload], link})
       when sequence != @end_of_answer do
    {items, next, order} = Order.arrived(follower.order, {sequence, topic, payload})
    {items, go_on(%{follower | link: link, order: order, topic: topic}, next)}
  end

  defp live(follower, {:message, frames, link}) do
    sizes = frames |> Enum.map(&byte_size/1) |> inspect(limit: 5, charlists: :as_lists)
    problem = "a message with parts of #{sizes} bytes is no batch of events: it is passed over"
    {[bad(follower.endpoint, problem)], %{follower | link: link}}
  end

  defp live(%{told: kind} = follower, {:lost, {kind, _problem}, link}),
    do: {[], %{follower | link: link}}

  defp live(follower, {:lost, {kind, problem}, link}),
    do: {[failed(kind, follower.endpoint, problem)], %{follower | link: link, told: kind}}

  defp go_on(follower, :go_on), do: follower

  defp go_on(follower, :ask) do
    {endpoint, address} = follower.replay
    link = Link.open(:dealer, endpoint, address, follower.opts)
    timer = timer(follower.opts.replay_timeout)
    asking = %{link: link, timer: timer, since: now(), problem: nil}
    %{follower | asking: asking}
  end

  # --- answers ----------------------------------------------------------------------------------

  defp replay(_follower, :other), do: :other
  defp replay(follower, {:ok, link}), do: {[], put_link(follower, link)}
  defp replay(follower, {:idle, link}), do: {:idle, put_link(follower, link)}

  # An empty part stands for what a REQ socket would add.
  defp replay(follower, {:ready, link}) do
    from = Order.from(follower.order)
    {[], put_link(follower, Link.send_message(link, ["", <<from::64>>]))}
  end

  defp replay(follower, {:message, frames, link}) do
    follower = put_link(follower, link)

    case answer(frames, follower) do
      {@end_of_answer, _topic, _payload} ->
        follower |> answered(Order.ended(follower.order))

      {_sequence, _topic, _payload} = batch ->
        asking = %{follower.asking | since: now()}
        answered(%{follower | asking: asking}, Order.answered(follower.order, batch))

      nil ->
        give_up(follower, "#{link.endpoint} answered something else than batches")
    end
  end

  # It is tried again until the time is over.
  defp replay(follower, {:lost, {:protocol, problem}, link}) do
    {items, given_up} = follower |> put_link(link) |> give_up(problem)
    {[failed(:protocol, link.endpoint, problem) | items], given_up}
  end

  defp replay(follower, {:lost, {_kind, problem}, link}) do
    follower = put_link(follower, link)
    {[], %{follower | asking: %{follower.asking | problem: problem}}}
  end

  # vLLM up to 0.14 sent no topic.
  defp answer(["", <<sequence::64>>, payload], follower), do: {sequence, follower.topic, payload}
  defp answer(["", topic, <<sequence::64>>, payload], _follower), do: {sequence, topic, payload}
  defp answer(_frames, _follower), do: nil

  defp answered(follower, {items, :more, order}), do: {items, %{follower | order: order}}

  defp answered(follower, {items, next, order}) do
    _ = :erlang.cancel_timer(follower.asking.timer)
    Link.close(follower.asking.link)
    {items, go_on(%{follower | order: order, asking: nil}, next)}
  end

  defp give_up(follower, why), do: answered(follower, Order.failed(follower.order, why))

  defp overdue(%{opts: %{replay_timeout: timeout}, asking: asking} = follower, reading?) do
    left = asking.since + timeout - now()

    cond do
      # Whoever does not read cannot say that nothing comes.
      not reading? ->
        {[], %{follower | asking: %{asking | timer: timer(timeout), since: now()}}}

      left > 0 ->
        {[], %{follower | asking: %{asking | timer: timer(left)}}}

      true ->
        problem = if asking.problem, do: ": #{asking.problem}", else: ""
        give_up(follower, "#{asking.link.endpoint} did not answer within #{timeout} ms#{problem}")
    end
  end

  defp put_link(follower, link), do: %{follower | asking: %{follower.asking | link: link}}

  defp timer(timeout), do: :erlang.start_timer(Deadline.sent(timeout), self(), :replay)

  defp now, do: System.monotonic_time(:millisecond)

  # --- errors -----------------------------------------------------------------------------------

  defp failed(:protocol, endpoint, problem) do
    {:error,
     %Error{
       category: :grpc_error,
       reason: "not_a_publisher",
       message:
         "#{endpoint} is no publisher of events: #{problem}. Check the endpoint; it is tried again",
       details: %{"endpoint" => endpoint}
     }}
  end

  defp failed(_lost, endpoint, problem) do
    {:error,
     %Error{
       category: :worker,
       reason: "publisher_unreachable",
       message: "#{endpoint} cannot be reached: #{problem}. It is tried again until it can be",
       details: %{"endpoint" => endpoint}
     }}
  end

  @doc "The error of bytes that are no events."
  @spec bad(String.t(), String.t()) :: {:error, Error.t()}
  def bad(endpoint, problem) do
    {:error,
     %Error{
       category: :grpc_error,
       reason: "bad_kv_events",
       message: "#{endpoint}: #{problem}",
       details: %{"endpoint" => endpoint}
     }}
  end
end
