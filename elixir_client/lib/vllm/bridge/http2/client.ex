defmodule Vllm.Bridge.HTTP2.Client do
  @moduledoc false
  # The client's side of one HTTP/2 connection, [RFC 9113](https://www.rfc-editor.org/rfc/rfc9113),
  # as a value: bytes in, bytes and events out. It owns no socket, no process and no clock.
  #
  #     {client, out} = Client.new()
  #     # ... write `out`, then
  #     {:ok, client, stream, out} = Client.request(client, headers, body)
  #     # ... write `out`, read `bytes`
  #     {client, out, events} = Client.handle_bytes(client, bytes)
  #
  # Every function returns what to write next. Write it before the next call's output: the peer's
  # header table depends on the order.
  #
  # ## Events
  #
  # | event | |
  # |---|---|
  # | `:ready` | the server's first SETTINGS arrived: it speaks HTTP/2 |
  # | `{:headers, stream, fields}` | the response began |
  # | `{:data, stream, binary}` | never empty; may be a slice of the bytes given in |
  # | `{:trailers, stream, fields}` | |
  # | `{:done, stream}` | the response is complete; the stream is gone |
  # | `{:reset, stream, code}` | the server gave the stream up |
  # | `{:unprocessed, stream, reason}` | the server says that it never looked at the request |
  # | `{:stream_error, stream, code, message}` | the server broke a rule on this stream; it was reset |
  # | `{:goaway, code, debug}` | no new requests; streams without `:unprocessed` go on |
  # | `{:connection_error, code, message}` | the server broke a rule; write `out`, then close |
  #
  # No input makes a function of this module raise. After `:connection_error` all input is ignored.
  #
  # A request beyond the server's `SETTINGS_MAX_CONCURRENT_STREAMS` waits here and goes out when
  # another stream ends.
  #
  # ## The modules
  #
  # | module, below this one | |
  # |---|---|
  # | `Input` | cuts bytes into frames, checks their order |
  # | `Handlers` | what a frame does |
  # | `FieldLists` | header blocks and what they mean |
  # | `Settings` | what each side allows the other |
  # | `Streams` | how streams begin, wait and end |
  # | `SendQueue` | bodies within flow-control windows |
  # | `State` | the struct and its table of streams |

  alias Vllm.Bridge.HTTP2.Client.{Handlers, Input, SendQueue, Settings, State, Streams}
  alias Vllm.Bridge.HTTP2.{Frame, Hpack}

  @preface "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  @opaque t :: State.t()
  @type stream :: State.id()
  @type event ::
          :ready
          | {:headers | :trailers, stream(), [Hpack.field()]}
          | {:data, stream(), binary()}
          | {:done, stream()}
          | {:reset, stream(), Frame.code()}
          | {:unprocessed, stream(), :refused_stream | {:goaway, Frame.code()}}
          | {:stream_error, stream(), Frame.code(), String.t()}
          | {:goaway, Frame.code(), binary()}
          | {:connection_error, Frame.code(), String.t()}

  @doc """
  A new connection and the bytes that open it.

  Options, with their defaults:

    * `:window_size` (16 MiB) - flow-control window of every stream and of the connection
    * `:max_frame_size` (1 MiB) - largest frame the server may send; with 64 KiB, large messages
      from grpcio took 1.6 times as long
    * `:max_header_list_size` (256 KiB) - largest field list the server may send
  """
  @spec new(keyword()) :: {t(), iodata()}
  def new(opts \\ []) do
    options = Settings.options(opts)
    window = max(options.window_size, State.default_window())
    out = [@preface, Frame.encode({:settings, Settings.announced(options)}) | widen(window)]

    state = %State{
      options: options,
      encoder: Hpack.new(),
      decoder: Hpack.new(),
      receive_window: window
    }

    {state, out}
  end

  # The connection's window, which no setting changes (section 6.9.2).
  defp widen(window) do
    case window - State.default_window() do
      0 -> []
      more -> Frame.encode({:window_update, 0, more})
    end
  end

  @typedoc """
  A request's fields, or a function that makes them at the moment they are sent: for what changes
  while the request waits for its turn.
  """
  @type fields :: [Hpack.policy_field()] | (() -> [Hpack.policy_field()])

  @doc """
  Starts a stream with `fields`, pseudo-header fields first.

  `body` is the whole body, `nil` for none, or `:stream` when `stream_data/4` brings it.

  With `windows: :manual` the stream's window opens again only as `give_back/3` says, so that the
  server can send no more than one window ahead of the reader; by itself otherwise.

  Fields over the server's `SETTINGS_MAX_HEADER_LIST_SIZE` are refused with their size and the limit;
  the connection goes on. They are compared with the limit as it is now, also when the stream waits.
  """
  @spec request(t(), fields(), iodata() | nil | :stream, keyword()) ::
          {:ok, t(), stream(), iodata()}
          | {:error, t(), :failed | :exhausted | {:goaway, Frame.code()} | Settings.too_large()}
  def request(client, fields, body \\ nil, opts \\ []) do
    case check(client, made(fields)) do
      :ok ->
        id = client.next_stream
        stream = State.new_stream(fields, Keyword.get(opts, :windows, :auto) == :manual)
        stream = if body == :stream, do: stream, else: SendQueue.add(stream, body || [], true)
        {client, out} = Streams.start(%{client | next_stream: id + 2}, id, stream)
        {:ok, client, id, out}

      {:error, reason} ->
        {:error, client, reason}
    end
  end

  defp made(fields) when is_function(fields, 0), do: fields.()
  defp made(fields), do: fields

  defp check(%{phase: :failed}, _fields), do: {:error, :failed}
  defp check(%{goaway: {_last, code}}, _fields), do: {:error, {:goaway, code}}

  defp check(client, fields) do
    if State.stream_left?(client),
      do: Settings.check_fields(client, fields),
      else: {:error, :exhausted}
  end

  @doc """
  Adds `data` to a stream's body; `finish?` ends it.

  What does not fit the windows now is kept and goes out when they open. A stream that is gone, or
  whose body has ended, takes nothing.
  """
  @spec stream_data(t(), stream(), iodata(), finish? :: boolean()) :: {t(), iodata()}
  def stream_data(client, id, data, finish? \\ false) do
    case client.streams do
      %{^id => %{finish?: false, fields: nil} = stream} ->
        SendQueue.send_stream(client, id, SendQueue.add(stream, data, finish?), [])

      %{^id => %{finish?: false} = stream} ->
        {State.put_stream(client, id, SendQueue.add(stream, data, finish?)), []}

      _ ->
        {client, []}
    end
  end

  @doc "The bytes of a stream's body that wait for the server's window."
  @spec pending_size(t(), stream()) :: non_neg_integer()
  def pending_size(client, id) do
    case client.streams do
      %{^id => stream} -> stream.pending_size
      _ -> 0
    end
  end

  @doc """
  Lets the server send `size` more bytes on a stream with `windows: :manual`: as many as were read of
  what it sent before. Told to it in batches of half a window.
  """
  @spec give_back(t(), stream(), non_neg_integer()) :: {t(), iodata()}
  def give_back(client, id, size) do
    case client.streams do
      %{^id => %{fields: nil, manual?: true} = stream} ->
        Handlers.give_back(client, id, stream, size)

      _ ->
        {client, []}
    end
  end

  @doc "Asks the server for a sign of life: it must answer, which makes no event (section 6.7)."
  @spec ping(t()) :: iodata()
  def ping(_client), do: Frame.encode({:ping, false, <<0::64>>})

  @doc "Gives a stream up; no event of it follows."
  @spec cancel(t(), stream(), Frame.code()) :: {t(), iodata()}
  def cancel(client, id, code \\ :cancel), do: Streams.cancel(client, id, code)

  @doc "Whether the server may have seen the request: false while it waits for its turn."
  @spec sent?(t(), stream()) :: boolean()
  def sent?(client, id) do
    case client.streams do
      %{^id => %{fields: fields}} -> fields == nil
      _ -> true
    end
  end

  @doc "Whether `request/3` would start or queue a stream, if its fields are not too large."
  @spec accepts?(t()) :: boolean()
  def accepts?(client),
    do: client.phase != :failed and client.goaway == nil and State.stream_left?(client)

  @doc "Says goodbye; write the result and close."
  @spec close(t()) :: iodata()
  def close(_client), do: Frame.encode({:goaway, 0, :no_error, ""})

  @doc "Takes the next bytes of the connection."
  @spec handle_bytes(t(), binary()) :: {t(), iodata(), [event()]}
  def handle_bytes(client, bytes), do: Input.bytes(client, bytes)
end
