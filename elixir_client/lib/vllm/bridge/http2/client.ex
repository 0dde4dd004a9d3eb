defmodule Vllm.Bridge.HTTP2.Client do
  @moduledoc """
  The client's side of one HTTP/2 connection, [RFC 9113](https://www.rfc-editor.org/rfc/rfc9113),
  as a value: bytes in, bytes and events out. It owns no socket, no process and no clock.

      {client, out} = Client.new()
      # ... write `out`, then
      {:ok, client, stream, out} = Client.request(client, headers, body)
      # ... write `out`, read `bytes`
      {client, out, events} = Client.handle_bytes(client, bytes)

  Every function returns what to write next. Write it before the next call's output: the peer's
  header table depends on the order.

  ## Events

  | event | |
  |---|---|
  | `:ready` | the server's first SETTINGS arrived: it speaks HTTP/2 |
  | `{:headers, stream, fields}` | the response began |
  | `{:data, stream, binary}` | never empty; may be a slice of the bytes given in |
  | `{:trailers, stream, fields}` | |
  | `{:done, stream}` | the response is complete; the stream is gone |
  | `{:reset, stream, code}` | the server gave the stream up |
  | `{:unprocessed, stream, reason}` | the server says that it never looked at the request |
  | `{:stream_error, stream, code, message}` | the server broke a rule on this stream; it was reset |
  | `{:goaway, code, debug}` | no new requests; streams without `:unprocessed` go on |
  | `{:connection_error, code, message}` | the server broke a rule; write `out`, then close |

  No input makes a function of this module raise. After `:connection_error` all input is ignored.

  A request beyond the server's `SETTINGS_MAX_CONCURRENT_STREAMS` waits here and goes out when
  another stream ends.
  """

  alias Vllm.Bridge.HTTP2.{Frame, Headers, Hpack}

  @preface "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
  @max_stream 0x7FFFFFFF
  @default_window 65_535

  # How much one stream may send before the next one has its turn.
  @quantum 65_536

  # A field list's frames: with a server's smallest frame size of 16 KiB, a list of the default
  # limit of 256 KiB needs 16. Without a limit, empty CONTINUATION frames cost us time for ever
  # (CVE-2024-27316 and its siblings).
  @max_header_frames 64

  @derive {Inspect, only: [:phase, :next_stream, :active, :send_window, :receive_window, :goaway]}
  defstruct phase: :preface,
            options: %{},
            encoder: nil,
            decoder: nil,
            streams: %{},
            next_stream: 1,
            active: 0,
            waiting: :queue.new(),
            sending: :queue.new(),
            send_window: @default_window,
            receive_window: @default_window,
            peer: %{
              max_frame_size: 16_384,
              initial_window_size: @default_window,
              max_concurrent_streams: :infinity
            },
            block: nil,
            goaway: nil,
            partial: [],
            partial_size: 0,
            needed: 0

  @typedoc """
  * `phase`: `:preface` until the server's first SETTINGS, then `:open`, `:failed` after a
    connection error
  * `active`: streams that are open; `waiting`: numbers of those that are not yet
  * `sending`: numbers of the streams that have data and a window to send it
  * `block`: the header block whose CONTINUATION must come next
  * `partial`: bytes of a frame that is not complete, latest first
  """
  @opaque t :: %__MODULE__{}
  @type stream :: pos_integer()
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

  # A stream. `fields` is the request while it waits. `received` counts towards the next
  # WINDOW_UPDATE, `receive_window` is what the server may still send.
  @new_stream %{
    fields: nil,
    send_window: 0,
    receive_window: 0,
    pending: :queue.new(),
    pending_size: 0,
    finish?: false,
    sent_all?: false,
    sending?: false,
    answer: :headers
  }

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
    options = %{
      window_size: Keyword.get(opts, :window_size, 16 * 1024 * 1024),
      max_frame_size: Keyword.get(opts, :max_frame_size, 1024 * 1024),
      max_header_list_size: Keyword.get(opts, :max_header_list_size, 256 * 1024)
    }

    window = max(options.window_size, @default_window)

    settings = [
      enable_push: 0,
      initial_window_size: options.window_size,
      max_frame_size: options.max_frame_size,
      max_header_list_size: options.max_header_list_size
    ]

    out = [
      @preface,
      Frame.encode({:settings, settings}) | window_update(0, window - @default_window)
    ]

    client = %__MODULE__{
      options: options,
      encoder: Hpack.new(),
      decoder: Hpack.new(),
      receive_window: window
    }

    {client, out}
  end

  # -- what the owner wants ----------------------------------------------------------------------

  @doc """
  Starts a stream with `fields`, pseudo-header fields first.

  `body` is the whole body, `nil` for none, or `:stream` when `stream_data/4` brings it.
  """
  @spec request(t(), [Hpack.policy_field()], iodata() | nil | :stream) ::
          {:ok, t(), stream(), iodata()}
          | {:error, t(), :failed | :exhausted | {:goaway, Frame.code()}}
  def request(client, fields, body \\ nil)
  def request(%{phase: :failed} = client, _fields, _body), do: {:error, client, :failed}

  def request(%{goaway: {_last, code}} = client, _fields, _body),
    do: {:error, client, {:goaway, code}}

  def request(%{next_stream: id} = client, _fields, _body) when id > @max_stream,
    do: {:error, client, :exhausted}

  def request(%{next_stream: id} = client, fields, body) do
    stream = %{@new_stream | fields: fields}
    stream = if body == :stream, do: stream, else: add_data(stream, body || [], true)
    client = %{client | next_stream: id + 2}

    if client.active < client.peer.max_concurrent_streams and :queue.is_empty(client.waiting) do
      {client, out} = open(client, id, stream)
      {:ok, client, id, out}
    else
      client = put_stream(client, id, stream)
      {:ok, %{client | waiting: :queue.in(id, client.waiting)}, id, []}
    end
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
        client |> send_stream(id, add_data(stream, data, finish?), []) |> send_more()

      %{^id => %{finish?: false} = stream} ->
        {put_stream(client, id, add_data(stream, data, finish?)), []}

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

  @doc "Gives a stream up; no event of it follows."
  @spec cancel(t(), stream(), Frame.code()) :: {t(), iodata()}
  def cancel(client, id, code \\ :cancel) do
    case client.streams do
      %{^id => %{fields: nil}} ->
        open_waiting(remove(client, id), Frame.encode({:rst_stream, id, code}))

      %{^id => _waiting} ->
        {remove(client, id), []}

      _ ->
        {client, []}
    end
  end

  @doc "Whether the server may have seen the request: false while it waits for its turn."
  @spec sent?(t(), stream()) :: boolean()
  def sent?(client, id) do
    case client.streams do
      %{^id => %{fields: fields}} -> fields == nil
      _ -> true
    end
  end

  @doc "Whether `request/3` would start or queue a stream."
  @spec accepts?(t()) :: boolean()
  def accepts?(client),
    do: client.phase != :failed and client.goaway == nil and client.next_stream <= @max_stream

  @doc "Says goodbye; write the result and close."
  @spec close(t()) :: iodata()
  def close(_client), do: Frame.encode({:goaway, 0, :no_error, ""})

  # -- what the server sent ----------------------------------------------------------------------

  @doc "Takes the next bytes of the connection."
  @spec handle_bytes(t(), binary()) :: {t(), iodata(), [event()]}
  def handle_bytes(%{phase: :failed} = client, _bytes), do: {client, [], []}

  def handle_bytes(%{partial: []} = client, bytes), do: frames(client, bytes, [], [])

  def handle_bytes(client, bytes) do
    # Joined once per frame: appending each read to one binary would copy a large frame many times.
    partial = [bytes | client.partial]
    size = client.partial_size + byte_size(bytes)

    if size < client.needed do
      {%{client | partial: partial, partial_size: size}, [], []}
    else
      bytes = partial |> :lists.reverse() |> IO.iodata_to_binary()
      frames(%{client | partial: []}, bytes, [], [])
    end
  end

  defp frames(%{phase: :preface} = client, "HTTP/" <> _, out, events),
    do: fail(client, out, events, :protocol_error, "the server answered with HTTP/1")

  defp frames(client, bytes, out, events) do
    case Frame.decode(bytes, client.options.max_frame_size) do
      {:ok, frame, rest} ->
        case expected(client, frame) do
          :ok -> client |> frame(frame, out, events) |> next(client, rest, out, events)
          error -> next(error, client, rest, out, events)
        end

      {:more, _} when bytes == "" ->
        {client, out, :lists.reverse(events)}

      {:more, needed} ->
        # Copied when little of a large read is left, so that it does not stay alive.
        bytes = if byte_size(bytes) < 1024, do: :binary.copy(bytes), else: bytes
        client = %{client | partial: [bytes], partial_size: byte_size(bytes), needed: needed}
        {client, out, :lists.reverse(events)}

      {:stream_error, id, code, message, rest} ->
        case expected(client, :broken) do
          :ok ->
            client
            |> stream_error(id, code, message, out, events)
            |> next(client, rest, out, events)

          error ->
            next(error, client, rest, out, events)
        end

      {:connection_error, code, message} ->
        fail(client, out, events, code, message)
    end
  end

  defp next({:connection_error, code, message}, client, _rest, out, events),
    do: fail(client, out, events, code, message)

  defp next({client, out, events}, _client, rest, _out, _events),
    do: frames(client, rest, out, events)

  defp fail(client, out, events, code, message) do
    goaway = Frame.encode({:goaway, 0, code, message})
    events = [{:connection_error, code, message} | events]
    {%{client | phase: :failed, partial: []}, [out, goaway], :lists.reverse(events)}
  end

  # Section 3.4: SETTINGS first. Section 6.10: nothing between the frames of a field list.
  defp expected(%{phase: :open, block: nil}, {:continuation, id, _, _}),
    do: {:connection_error, :protocol_error, "CONTINUATION of nothing on stream #{id}"}

  defp expected(%{phase: :open, block: nil}, _frame), do: :ok
  defp expected(%{block: %{id: id}}, {:continuation, id, _, _}), do: :ok

  defp expected(%{block: %{id: id}}, _frame),
    do:
      {:connection_error, :protocol_error, "something between the header frames of stream #{id}"}

  defp expected(%{phase: :preface}, {:settings, settings}) when settings != :ack, do: :ok

  defp expected(%{phase: :preface}, _frame),
    do: {:connection_error, :protocol_error, "the server's first frame is not SETTINGS"}

  defp frame(client, {:data, id, end_stream?, data, size}, out, events) do
    {client, out} = count_received(client, size, out)

    case client do
      %{receive_window: window} when window < 0 ->
        {:connection_error, :flow_control_error, "the server overran the connection's window"}

      %{streams: %{^id => %{fields: nil} = stream}} ->
        data(client, id, stream, end_stream?, data, size, out, events)

      _ ->
        gone(client, id, "DATA", out, events)
    end
  end

  defp frame(client, {:headers, id, end_stream?, end_headers?, _priority, fragment}, out, events) do
    if id_used?(client, id) do
      block = %{id: id, end_stream?: end_stream?, parts: [], size: 0, frames: 0}
      block(client, block, end_headers?, fragment, out, events)
    else
      gone(client, id, "HEADERS", out, events)
    end
  end

  defp frame(client, {:continuation, _id, end_headers?, fragment}, out, events),
    do: block(%{client | block: nil}, client.block, end_headers?, fragment, out, events)

  defp frame(client, {:rst_stream, id, code}, out, events) do
    case client.streams do
      %{^id => %{fields: nil}} ->
        {client, out} = open_waiting(remove(client, id), out)
        {client, out, [reset(id, code) | events]}

      _ ->
        gone(client, id, "RST_STREAM", out, events)
    end
  end

  defp frame(client, {:settings, :ack}, out, events), do: {client, out, events}

  defp frame(client, {:settings, settings}, out, events) do
    events = if client.phase == :preface, do: [:ready | events], else: events

    case apply_settings(settings, %{client | phase: :open}) do
      {:connection_error, _, _} = error ->
        error

      client ->
        {client, out} = send_more({client, [out | Frame.encode({:settings, :ack})]})
        {client, out} = open_waiting(client, out)
        {client, out, events}
    end
  end

  defp frame(_client, {:push_promise, _, _, _, _}, _out, _events),
    do: {:connection_error, :protocol_error, "PUSH_PROMISE although we disabled push"}

  defp frame(client, {:ping, false, opaque}, out, events),
    do: {client, [out | Frame.encode({:ping, true, opaque})], events}

  defp frame(client, {:ping, true, _opaque}, out, events), do: {client, out, events}

  defp frame(client, {:goaway, last, code, debug}, out, events) do
    # A second one may only lower the number (section 6.8).
    last = if client.goaway, do: min(last, elem(client.goaway, 0)), else: last

    lost = for {id, stream} <- client.streams, id > last or stream.fields != nil, do: id

    client = Enum.reduce(lost, %{client | goaway: {last, code}}, &remove(&2, &1))
    unprocessed = lost |> Enum.sort(:desc) |> Enum.map(&{:unprocessed, &1, {:goaway, code}})
    {client, out, unprocessed ++ [{:goaway, code, debug} | events]}
  end

  defp frame(client, {:window_update, 0, increment}, out, events) do
    window = client.send_window + increment

    if window > Frame.max_window() do
      {:connection_error, :flow_control_error, "the connection's window exceeds 2^31 - 1"}
    else
      {client, out} = send_more({%{client | send_window: window}, out})
      {client, out, events}
    end
  end

  defp frame(client, {:window_update, id, increment}, out, events) do
    case client.streams do
      %{^id => %{fields: nil, send_window: window}} when window + increment > 0x7FFFFFFF ->
        message = "the stream's window exceeds 2^31 - 1"
        stream_error(client, id, :flow_control_error, message, out, events)

      %{^id => %{fields: nil, send_window: window} = stream} ->
        client = enqueue(client, id, %{stream | send_window: window + increment})
        {client, out} = send_more({client, out})
        {client, out, events}

      _ ->
        gone(client, id, "WINDOW_UPDATE", out, events)
    end
  end

  # PRIORITY is deprecated (section 5.3.2); unknown types are ignored (section 5.5).
  defp frame(client, _frame, out, events), do: {client, out, events}

  # A frame of a stream that ended or that we cancelled may have been on its way (section 5.1).
  defp gone(client, id, name, out, events) do
    if id_used?(client, id),
      do: {client, out, events},
      else: {:connection_error, :protocol_error, "#{name} on stream #{id}, which nobody opened"}
  end

  defp id_used?(client, id) do
    rem(id, 2) == 1 and id < client.next_stream and
      not match?(%{^id => %{fields: fields}} when fields != nil, client.streams)
  end

  defp reset(id, :refused_stream), do: {:unprocessed, id, :refused_stream}
  defp reset(id, code), do: {:reset, id, code}

  defp stream_error(client, id, code, message, out, events) do
    case client.streams do
      %{^id => %{fields: nil}} ->
        out = [out | Frame.encode({:rst_stream, id, code})]
        {client, out} = open_waiting(remove(client, id), out)
        {client, out, [{:stream_error, id, code, message} | events]}

      _ ->
        {client, out, events}
    end
  end

  # -- DATA we receive ---------------------------------------------------------------------------

  defp data(client, id, %{answer: :headers}, _end_stream?, _data, _size, out, events),
    do: stream_error(client, id, :protocol_error, "DATA before HEADERS", out, events)

  defp data(client, id, %{receive_window: window}, _, _data, size, out, events)
       when size > window,
       do:
         stream_error(
           client,
           id,
           :flow_control_error,
           "the server overran the window",
           out,
           events
         )

  defp data(client, id, stream, end_stream?, data, size, out, events) do
    events = if data == "", do: events, else: [{:data, id, data} | events]

    if end_stream? do
      finish(client, id, stream, out, events)
    else
      full = client.options.window_size
      window = stream.receive_window - size

      # Replenished in batches: at half, one frame per 8 MiB.
      if window * 2 > full do
        {put_stream(client, id, %{stream | receive_window: window}), out, events}
      else
        stream = %{stream | receive_window: full}
        {put_stream(client, id, stream), [out | window_update(id, full - window)], events}
      end
    end
  end

  defp count_received(client, size, out) do
    full = max(client.options.window_size, @default_window)
    window = client.receive_window - size

    if window * 2 > full or window < 0,
      do: {%{client | receive_window: window}, out},
      else: {%{client | receive_window: full}, [out | window_update(0, full - window)]}
  end

  defp window_update(_id, 0), do: []
  defp window_update(id, increment), do: Frame.encode({:window_update, id, increment})

  # The answer is complete. A server may answer before it has read the whole request: there is
  # nobody left to read the rest.
  defp finish(client, id, %{sent_all?: true}, out, events) do
    {client, out} = open_waiting(remove(client, id), out)
    {client, out, [{:done, id} | events]}
  end

  defp finish(client, id, _stream, out, events) do
    out = [out | Frame.encode({:rst_stream, id, :no_error})]
    {client, out} = open_waiting(remove(client, id), out)
    {client, out, [{:done, id} | events]}
  end

  # -- field lists we receive --------------------------------------------------------------------

  defp block(client, %{parts: [], size: 0, frames: 0} = block, true, fragment, out, events),
    do: decode_block(client, block, fragment, out, events)

  defp block(client, block, end_headers?, fragment, out, events) do
    block = %{
      block
      | parts: [block.parts | fragment],
        size: block.size + byte_size(fragment),
        frames: block.frames + 1
    }

    cond do
      block.size > client.options.max_header_list_size ->
        {:connection_error, :enhance_your_calm, "a compressed field list of #{block.size} bytes"}

      block.frames > @max_header_frames ->
        {:connection_error, :enhance_your_calm,
         "a field list in over #{@max_header_frames} frames"}

      end_headers? ->
        decode_block(client, block, IO.iodata_to_binary(block.parts), out, events)

      true ->
        {%{client | block: block}, out, events}
    end
  end

  # Decoded even when the stream is gone: the table is the connection's.
  defp decode_block(client, %{id: id, end_stream?: end_stream?}, bytes, out, events) do
    case Hpack.decode(client.decoder, bytes, client.options.max_header_list_size) do
      {:ok, decoder, fields} ->
        client = %{client | decoder: decoder}

        case client.streams do
          %{^id => stream} -> fields(client, id, stream, end_stream?, fields, out, events)
          _ -> {client, out, events}
        end

      {:too_large, decoder} ->
        message = "a field list of over #{client.options.max_header_list_size} bytes"
        stream_error(%{client | decoder: decoder}, id, :enhance_your_calm, message, out, events)

      {:error, message} ->
        {:connection_error, :compression_error, message}
    end
  end

  defp fields(client, id, %{answer: :headers} = stream, end_stream?, fields, out, events) do
    case Headers.response(fields) do
      :response when end_stream? ->
        finish(client, id, stream, out, [{:headers, id, fields} | events])

      :response ->
        stream = %{stream | answer: :data}
        {put_stream(client, id, stream), out, [{:headers, id, fields} | events]}

      :informational when end_stream? ->
        message = "an informational response ends the stream"
        stream_error(client, id, :protocol_error, message, out, events)

      :informational ->
        {client, out, events}

      {:error, message} ->
        stream_error(client, id, :protocol_error, message, out, events)
    end
  end

  defp fields(client, id, stream, true, fields, out, events) do
    case Headers.trailers(fields) do
      :ok -> finish(client, id, stream, out, [{:trailers, id, fields} | events])
      {:error, message} -> stream_error(client, id, :protocol_error, message, out, events)
    end
  end

  defp fields(client, id, _stream, false, _fields, out, events) do
    message = "trailers that do not end the stream"
    stream_error(client, id, :protocol_error, message, out, events)
  end

  # -- settings ----------------------------------------------------------------------------------

  defp apply_settings([], client), do: client

  defp apply_settings([{:header_table_size, size} | rest], client),
    do: apply_settings(rest, %{client | encoder: Hpack.set_peer_limit(client.encoder, size)})

  defp apply_settings([{:enable_push, 1} | _rest], _client),
    do: {:connection_error, :protocol_error, "a server cannot enable push"}

  # Section 6.9.2: the difference counts for every stream, and a window may become negative.
  defp apply_settings([{:initial_window_size, size} | rest], client) do
    delta = size - client.peer.initial_window_size
    client = put_in(client.peer.initial_window_size, size)

    opened = for {id, %{fields: nil} = stream} <- client.streams, do: {id, stream}

    if Enum.any?(opened, fn {_, stream} -> stream.send_window + delta > Frame.max_window() end) do
      {:connection_error, :flow_control_error, "INITIAL_WINDOW_SIZE overflows a stream's window"}
    else
      client =
        Enum.reduce(opened, client, fn {id, stream}, client ->
          enqueue(client, id, %{stream | send_window: stream.send_window + delta})
        end)

      apply_settings(rest, client)
    end
  end

  defp apply_settings([{name, value} | rest], client)
       when name in [:max_concurrent_streams, :max_frame_size],
       do: apply_settings(rest, put_in(client.peer[name], value))

  defp apply_settings([_other | rest], client), do: apply_settings(rest, client)

  # -- what we send ------------------------------------------------------------------------------

  defp open_waiting(client, out) do
    if client.active < client.peer.max_concurrent_streams do
      case :queue.out(client.waiting) do
        {{:value, id}, waiting} ->
          client = %{client | waiting: waiting}

          case client.streams do
            %{^id => stream} ->
              {client, opened} = open(client, id, stream)
              open_waiting(client, [out | opened])

            _cancelled ->
              open_waiting(client, out)
          end

        {:empty, _} ->
          {client, out}
      end
    else
      {client, out}
    end
  end

  defp open(client, id, stream) do
    {encoder, block} = Hpack.encode(client.encoder, stream.fields)
    last? = stream.finish? and stream.pending_size == 0

    stream = %{
      stream
      | fields: nil,
        sent_all?: last?,
        send_window: client.peer.initial_window_size,
        receive_window: client.options.window_size
    }

    client = %{client | encoder: encoder, active: client.active + 1}
    headers = header_frames(id, last?, block, client.peer.max_frame_size)

    if last?,
      do: {put_stream(client, id, stream), headers},
      else: client |> send_stream(id, stream, headers) |> send_more()
  end

  defp header_frames(id, last?, block, max) do
    if IO.iodata_length(block) <= max do
      Frame.encode({:headers, id, last?, true, nil, block})
    else
      <<first::binary-size(max), rest::binary>> = IO.iodata_to_binary(block)
      [Frame.encode({:headers, id, last?, false, nil, first}) | continuations(id, rest, max)]
    end
  end

  defp continuations(id, block, max) do
    case block do
      <<part::binary-size(max), rest::binary>> when rest != "" ->
        [Frame.encode({:continuation, id, false, part}) | continuations(id, rest, max)]

      _ ->
        Frame.encode({:continuation, id, true, block})
    end
  end

  defp add_data(stream, data, finish?) do
    {pending, size} =
      Enum.reduce(:erlang.iolist_to_iovec(data), {stream.pending, 0}, fn binary,
                                                                         {pending, size} ->
        {:queue.in(binary, pending), size + byte_size(binary)}
      end)

    %{stream | pending: pending, pending_size: stream.pending_size + size, finish?: finish?}
  end

  # Sends one stream's share of what the windows allow. It stays in `sending` while it could go on.
  defp send_stream(client, id, stream, out) do
    room = stream.send_window |> min(client.send_window) |> min(@quantum)
    share = min(stream.pending_size, max(room, 0))
    client = %{client | send_window: client.send_window - share}
    {stream, out} = data_frames(stream, id, share, client.peer.max_frame_size, out)

    {enqueue(client, id, stream), out}
  end

  # An empty body still has to end.
  defp data_frames(
         %{pending_size: 0, finish?: true, sent_all?: false} = stream,
         id,
         0,
         _max,
         out
       ),
       do: {%{stream | sent_all?: true}, [out | Frame.encode({:data, id, true, [], 0})]}

  defp data_frames(stream, _id, 0, _max, out), do: {stream, out}

  defp data_frames(stream, id, share, max, out) do
    size = min(share, max)
    {data, pending} = take(stream.pending, size, [])
    left = stream.pending_size - size
    last? = left == 0 and stream.finish?
    out = [out | Frame.encode({:data, id, last?, data, size})]

    stream = %{
      stream
      | pending: pending,
        pending_size: left,
        send_window: stream.send_window - size,
        sent_all?: last?
    }

    if share > size, do: data_frames(stream, id, share - size, max, out), else: {stream, out}
  end

  defp take(pending, size, taken) do
    {{:value, binary}, pending} = :queue.out(pending)

    case binary do
      <<part::binary-size(size), rest::binary>> when rest != "" ->
        {:lists.reverse(taken, [part]), :queue.in_r(rest, pending)}

      _ when byte_size(binary) == size ->
        {:lists.reverse(taken, [binary]), pending}

      _ ->
        take(pending, size - byte_size(binary), [binary | taken])
    end
  end

  # Puts the stream back and, when it could send, in line.
  defp enqueue(client, id, stream) do
    if stream.pending_size > 0 and stream.send_window > 0 and not stream.sending? do
      client = put_stream(client, id, %{stream | sending?: true})
      %{client | sending: :queue.in(id, client.sending)}
    else
      put_stream(client, id, stream)
    end
  end

  defp send_more({%{send_window: window} = client, out}) when window <= 0, do: {client, out}

  defp send_more({client, out}) do
    case :queue.out(client.sending) do
      {{:value, id}, sending} ->
        client = %{client | sending: sending}

        case client.streams do
          %{^id => stream} ->
            client |> send_stream(id, %{stream | sending?: false}, out) |> send_more()

          _gone ->
            send_more({client, out})
        end

      {:empty, _} ->
        {client, out}
    end
  end

  defp put_stream(client, id, stream),
    do: %{client | streams: Map.put(client.streams, id, stream)}

  # A number left behind in `waiting` or `sending` is skipped when its turn comes.
  defp remove(client, id) do
    case client.streams do
      %{^id => %{fields: nil}} ->
        %{client | streams: Map.delete(client.streams, id), active: client.active - 1}

      streams ->
        %{client | streams: Map.delete(streams, id)}
    end
  end
end
