defmodule Vllm.KVEvents do
  alias Vllm.{Error, Options}
  alias Vllm.KVEvents.{Address, Decoder, EventBatch, Subscriber}

  @schema [
    topic: [
      type: {:or, [:text, {:in, [""]}]},
      default: "",
      doc: "What the topic of a batch must begin with."
    ],
    replay_endpoint: [
      type: {:or, [:address, {:list, :address}]},
      doc:
        "Where to ask for what was missed, `\"tcp://host:port\"` or `\"ipc://path\"`; a list for a list of " <>
          "publishers. Without it, what was missed is lost."
    ],
    first_sequence: [
      type: :count,
      doc:
        "The number to begin with, 0 for all that the publisher still has. Without it: with whatever arrives."
    ],
    max_pending: [
      type: :positive,
      default: 1_000,
      doc: "Messages that may wait in the mailbox of a slow reader."
    ],
    replay_timeout: [
      type: :timeout,
      default: 10_000,
      doc: "How long to wait for each of the batches that were asked for."
    ],
    connect_timeout: [
      type: :timeout,
      default: 5_000,
      doc: "Longest time of an attempt to connect."
    ],
    backoff: [
      type: :milliseconds,
      default: 100,
      doc: "Wait before a second attempt to connect; it doubles with each failure."
    ],
    max_backoff: [type: :milliseconds, default: 5_000, doc: "The longest such wait."],
    heartbeat: [
      type: :timeout,
      default: 30_000,
      doc:
        "How long a publisher may be silent before it is asked for a sign of life; then it has as long again."
    ],
    max_batch_bytes: [
      type: :positive,
      default: 268_435_456,
      doc: "A batch that is larger ends the connection."
    ]
  ]

  @start_schema [
                  endpoint: [
                    type: {:or, [:address, {:list, :address}]},
                    required: true,
                    doc: "The publisher, or a list of them, as of `subscribe/2`."
                  ],
                  to: [
                    type: :any,
                    required: true,
                    doc: "Who gets the messages: a pid of this node, or a registered name."
                  ],
                  ref: [
                    type: :any,
                    doc: "What the messages carry in place of the subscriber's pid."
                  ],
                  id: [type: :any, doc: "Id of the child specification, by default this module."]
                ] ++ @schema

  @tags [:kv_events, :kv_events_lost, :kv_events_restarted, :kv_events_connected]

  @moduledoc since: "0.1.0"
  @moduledoc """
  Follows what a vLLM server has in its KV cache: which blocks were stored, which were removed. A router uses that
  to send a request to the server that has its prefix already.

  It needs no bridge and no Python, only a server that was started with `--kv-events-config` (docs/kv-events.md).
  It speaks ZeroMQ's protocol (ZMTP 3.0 and 3.1) over TCP and unix sockets itself.

      {:ok, subscription} =
        Vllm.KVEvents.subscribe("tcp://127.0.0.1:5557", replay_endpoint: "tcp://127.0.0.1:5558")

      receive do
        {:kv_events, ^subscription, %Vllm.KVEvents.EventBatch{events: events}} -> events
        {:kv_events_lost, ^subscription, first..last} -> :start_over
        {:kv_events_restarted, ^subscription, _last_sequence} -> :start_over
      end

  ## Messages

  | message | what it says |
  |---|---|
  | `{:kv_events, ref, %Vllm.KVEvents.EventBatch{}}` | a batch |
  | `{:kv_events_lost, ref, first..last}` | the batches of these numbers cannot be had any more, or could not be read: what is believed of the cache may be wrong |
  | `{:kv_events_restarted, ref, last_sequence}` | another process publishes, whose numbers and whose cache start again; `last_sequence` is the number of the last batch of the one before |
  | `{:kv_events_connected, ref, endpoint}` | the publisher is there, at first or again |
  | `{:kv_events, ref, {:error, error}}` | a `Vllm.Error`: the publisher cannot be reached, speaks another protocol, or sent a batch that cannot be read. The subscription goes on |

  `ref` is the pid that `subscribe/2` returns; of a list of publishers it is `{pid, place}`, with the place of the
  publisher in the list from 0 on. Each number is said once, in the order of the publisher, as a batch or as lost.

  **Gaps** are found by the numbers of the batches, and after a connection was lost. What is missing is asked for at
  the `replay_endpoint`, and comes as batches with `replayed: true`. What the publisher does not have any more, or
  does not answer for in `replay_timeout`, is lost; the log says why. Without a `replay_endpoint` all of it is.

  **A slow reader** has at most `max_pending` messages in its mailbox, those of others included. While it has more
  nothing is read from the publisher, which keeps as many batches as its `hwm` says and drops the others. These are
  a gap when the reader has caught up. A process that leaves as many other messages in its mailbox gets nothing: take
  them out, give a larger `max_pending`, or read with `stream/2`, which counts only its own.

  **A restart** of the publisher is seen when a number is not above the one before; with a `replay_endpoint` also by
  another batch under the number that came last, as soon as there is a connection again. Otherwise a publisher that
  is beyond that number already looks like a gap, since nothing in the protocol tells the two apart.

  Events and fields that this version does not know are passed over. vLLM 0.14 and before wrote events as arrays,
  later ones as maps: both are read.
  """

  import Vllm.Bang

  @typedoc "What a block is known by: 64 bits of its hash, or all of them."
  @type block_hash :: non_neg_integer() | binary()

  @typedoc "Of a publisher: `\"tcp://host:port\"`, `\"ipc:///path/to/socket\"`, or a list of them."
  @type endpoint :: String.t() | [String.t(), ...]

  @doc since: "0.1.0"
  @doc """
  Subscribes the calling process to a publisher, or to several: the ranks of a data parallel server publish at as
  many ports later as their number.

      endpoints = for rank <- 0..3, do: "tcp://10.0.0.1:\#{5557 + rank}"
      {:ok, subscription} = Vllm.KVEvents.subscribe(endpoints)

  Returns at once; a publisher may begin later, and may end and come back. The subscription is a process that is
  linked to the calling one. It ends with that one or with `unsubscribe/1`.

  Options:

  #{Options.docs(@schema)}

  Errors: `"invalid_option"`, and `"invalid_argument"` for what is no endpoint.
  """
  @spec subscribe(endpoint(), keyword()) :: {:ok, pid()} | {:error, Error.t()}
  def subscribe(endpoint, opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, @schema, "Vllm.KVEvents.subscribe"),
         {:ok, argument} <- argument(endpoint, opts),
         do: Subscriber.start_link(argument)
  end

  defbang subscribe(endpoint :: endpoint(), opts \\ []) :: pid()

  @doc since: "0.1.0"
  @doc """
  Ends a subscription; no message of it follows, and none is left in the calling process. Again: does nothing.
  """
  @spec unsubscribe(pid()) :: :ok
  def unsubscribe(subscription) when is_pid(subscription) do
    Process.unlink(subscription)
    monitor = Process.monitor(subscription)
    GenServer.cast(subscription, :stop)
    receive(do: ({:DOWN, ^monitor, :process, _pid, _reason} -> flush(subscription)))
  end

  defp flush(pid) do
    receive do
      {tag, ref, _what} when tag in @tags and ref == pid -> flush(pid)
      {tag, {ref, _place}, _what} when tag in @tags and ref == pid -> flush(pid)
      {:EXIT, ^pid, _reason} -> flush(pid)
    after
      0 -> :ok
    end
  end

  @doc since: "0.1.0"
  @doc """
  The batches of a publisher, or of several, as a stream. It begins when it is read, and ends when the reading does.

      {:ok, stream} = Vllm.KVEvents.stream("tcp://127.0.0.1:5557")

      for %Vllm.KVEvents.EventBatch{} = batch <- Stream.take(stream, 10), do: batch.sequence

  Between the batches are `{:lost, endpoint, first..last}`, `{:restarted, endpoint, last_sequence}` and
  `{:error, error}`, as the messages of `subscribe/2` say them. Options and errors are as there.
  """
  @spec stream(endpoint(), keyword()) :: {:ok, Enumerable.t()} | {:error, Error.t()}
  def stream(endpoint, opts \\ []) do
    with {:ok, opts} <- Options.parse(opts, @schema, "Vllm.KVEvents.stream"),
         {:ok, argument} <- argument(endpoint, opts) do
      {:ok, Stream.resource(fn -> begin(argument) end, &next/1, &stop/1)}
    end
  end

  defbang stream(endpoint :: endpoint(), opts \\ []) :: Enumerable.t()

  @doc since: "0.1.0"
  @doc """
  A child specification, for a supervisor:

      children = [
        MyApp.Router,
        {Vllm.KVEvents, endpoint: "tcp://127.0.0.1:5557", to: MyApp.Router, ref: :cache}
      ]

      Supervisor.start_link(children, strategy: :rest_for_one)
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    id = if(Keyword.keyword?(opts), do: opts[:id]) || __MODULE__
    %{id: id, start: {__MODULE__, :start_link, [opts]}}
  end

  @doc since: "0.1.0"
  @doc """
  Starts a subscriber of a process that need not be the calling one; as `subscribe/2` otherwise. It ends with the
  process `to`.

  Options:

  #{Options.docs(@start_schema)}
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts) do
    with {:ok, opts} <- Options.parse(opts, @start_schema, "Vllm.KVEvents"),
         {:ok, to} <- receiver(opts.to),
         :ok <- given(opts.endpoint),
         {:ok, argument} <- argument(opts.endpoint, opts),
         do: Subscriber.start_link(%{argument | to: to, ref: opts.ref})
  end

  @doc since: "0.1.0"
  @doc """
  The batch that was published as these bytes, without the number and the topic that came beside them; for who has
  them in another way than from a publisher.

  Errors: `"bad_kv_events"` for what is no batch; the message says what is wrong and where.

      iex> Vllm.KVEvents.decode(<<0x92, 1, 0x91, 0x91, 0xB0, "AllBlocksCleared">>)
      {:ok, %Vllm.KVEvents.EventBatch{ts: 1.0, events: [%Vllm.KVEvents.AllBlocksCleared{}]}}
  """
  @spec decode(binary()) :: {:ok, EventBatch.t()} | {:error, Error.t()}
  def decode(payload) when is_binary(payload) do
    with {:error, problem} <- Decoder.decode(payload),
         do: {:error, %Error{category: :grpc_error, reason: "bad_kv_events", message: problem}}
  end

  def decode(other), do: {:error, wrong("a batch is read from a binary, got #{shown(other)}")}

  defbang decode(payload :: binary()) :: EventBatch.t()

  # --- arguments --------------------------------------------------------------------------------

  defp argument(endpoint, opts) do
    endpoints = if is_list(endpoint), do: endpoint, else: [endpoint]
    replays = replays(opts.replay_endpoint, endpoints)

    with :ok <- some(endpoints, replays, opts.replay_endpoint),
         {:ok, addresses} <- addresses(endpoints),
         {:ok, replays} <- addresses(replays) do
      {:ok,
       %{
         publishers: Enum.zip(addresses, replays),
         several?: is_list(endpoint),
         opts: opts,
         to: self(),
         ref: nil,
         tells?: false
       }}
    end
  end

  defp replays(nil, endpoints), do: Enum.map(endpoints, fn _endpoint -> nil end)
  defp replays(list, _endpoints) when is_list(list), do: list
  defp replays(one, _endpoints), do: [one]

  defp some([], _replays, _given), do: {:error, wrong("there must be at least one endpoint")}
  defp some(same, replays, _given) when length(same) == length(replays), do: :ok

  defp some(endpoints, _replays, given) do
    {:error,
     wrong(
       "replay_endpoint must be a list with one for each of the #{length(endpoints)} endpoints, got: " <>
         shown(given)
     )}
  end

  defp addresses(endpoints) do
    Enum.reduce_while(Enum.reverse(endpoints), {:ok, []}, fn
      nil, {:ok, found} ->
        {:cont, {:ok, [nil | found]}}

      endpoint, {:ok, found} ->
        case Address.parse(endpoint) do
          {:ok, address} -> {:cont, {:ok, [{endpoint, address} | found]}}
          {:error, problem} -> {:halt, {:error, wrong(problem)}}
        end
    end)
  end

  defp given(nil), do: {:error, Options.invalid("Vllm.KVEvents: endpoint is missing")}
  defp given(_endpoint), do: :ok

  defp receiver(pid) when is_pid(pid) and node(pid) == node(), do: {:ok, pid}

  defp receiver(name) when is_atom(name) and name != nil do
    case Process.whereis(name) do
      pid when is_pid(pid) ->
        {:ok, pid}

      _none ->
        {:error, Options.invalid("Vllm.KVEvents: no process is registered as #{inspect(name)}")}
    end
  end

  defp receiver(other) do
    {:error,
     Options.invalid(
       "Vllm.KVEvents: to must be a pid of this node or a registered name, got: #{shown(other)}"
     )}
  end

  defp wrong(message), do: Error.validation(message, "invalid_argument")
  defp shown(value), do: inspect(value, limit: 5, printable_limit: 100)

  # --- the stream -------------------------------------------------------------------------------

  defp begin(argument) do
    {:ok, pid} = Subscriber.start_link(%{argument | to: self(), tells?: true})
    endpoints = for {{endpoint, _address}, _replay} <- argument.publishers, do: endpoint

    %{
      pid: pid,
      monitor: Process.monitor(pid),
      endpoints: List.to_tuple(endpoints),
      max_pending: argument.opts.max_pending
    }
  end

  defp next(state) do
    taken = [take(state, :infinity) | waiting(state, state.max_pending - 1)]
    GenServer.cast(state.pid, {:taken, length(taken)})
    {Enum.concat(taken), state}
  end

  defp waiting(_state, 0), do: []

  defp waiting(state, most) do
    case take(state, 0) do
      :none -> []
      items -> [items | waiting(state, most - 1)]
    end
  end

  defp take(%{pid: pid, monitor: monitor} = state, timeout) do
    receive do
      {tag, ref, what} when tag in @tags and ref == pid ->
        item(tag, what, elem(state.endpoints, 0))

      {tag, {ref, place}, what} when tag in @tags and ref == pid ->
        item(tag, what, elem(state.endpoints, place))

      # What came before it is given first.
      {:DOWN, ^monitor, :process, _pid, reason} when timeout == :infinity ->
        message = "the process of the stream has ended: #{Exception.format_exit(reason)}"
        raise %Error{category: :pool, reason: "subscription_ended", message: message}
    after
      timeout -> :none
    end
  end

  defp item(:kv_events, what, _endpoint), do: [what]
  defp item(:kv_events_lost, range, endpoint), do: [{:lost, endpoint, range}]
  defp item(:kv_events_restarted, last, endpoint), do: [{:restarted, endpoint, last}]
  defp item(:kv_events_connected, _endpoint, _same), do: []

  defp stop(%{pid: pid, monitor: monitor}) do
    Process.demonitor(monitor, [:flush])
    unsubscribe(pid)
  end
end
