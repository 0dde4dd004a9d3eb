defmodule Vllm.Bridge.HTTP2.Frame do
  @moduledoc false
  # The ten frame types of [RFC 9113 section 6](https://www.rfc-editor.org/rfc/rfc9113#section-6),
  # to and from bytes.
  #
  # Decoding checks what a single frame can be checked for (length, padding, stream number zero or
  # not, reserved values). What needs the connection's state is `Vllm.Bridge.HTTP2.Client`'s.

  import Bitwise

  @end_stream 0x1
  @ack 0x1
  @end_headers 0x4
  @padded 0x8
  @priority 0x20

  @codes [
    no_error: 0x0,
    protocol_error: 0x1,
    internal_error: 0x2,
    flow_control_error: 0x3,
    settings_timeout: 0x4,
    stream_closed: 0x5,
    frame_size_error: 0x6,
    refused_stream: 0x7,
    cancel: 0x8,
    compression_error: 0x9,
    connect_error: 0xA,
    enhance_your_calm: 0xB,
    inadequate_security: 0xC,
    http_1_1_required: 0xD
  ]

  @settings [
    header_table_size: 0x1,
    enable_push: 0x2,
    max_concurrent_streams: 0x3,
    initial_window_size: 0x4,
    max_frame_size: 0x5,
    max_header_list_size: 0x6
  ]

  @max_window 0x7FFFFFFF

  @type stream :: non_neg_integer()
  @typedoc "An error code of section 7; one that it does not list stays a number."
  @type code :: atom() | non_neg_integer()
  @type setting :: {atom() | non_neg_integer(), non_neg_integer()}
  @type priority :: {exclusive? :: boolean(), dependency :: stream(), weight :: 1..256}

  @typedoc """
  `size` of DATA is what it costs in flow control: payload with padding. A frame of unknown type is
  `:unknown`; it is to be ignored.
  """
  @type t ::
          {:data, stream(), end_stream? :: boolean(), payload :: binary(),
           size :: non_neg_integer()}
          | {:headers, stream(), end_stream? :: boolean(), end_headers? :: boolean(),
             priority() | nil, fragment :: binary()}
          | {:priority, stream(), priority()}
          | {:rst_stream, stream(), code()}
          | {:settings, :ack | [setting()]}
          | {:push_promise, stream(), promised :: stream(), end_headers? :: boolean(),
             fragment :: binary()}
          | {:ping, ack? :: boolean(), opaque :: <<_::64>>}
          | {:goaway, last :: stream(), code(), debug :: binary()}
          | {:window_update, stream(), increment :: 1..0x7FFFFFFF}
          | {:continuation, stream(), end_headers? :: boolean(), fragment :: binary()}
          | {:unknown, type :: byte(), stream()}

  @doc "The largest flow-control window, 2^31 - 1."
  @spec max_window() :: pos_integer()
  def max_window, do: @max_window

  # -- encode ------------------------------------------------------------------------------------

  @doc """
  Encodes one frame. The payload must fit the peer's maximum frame size; nothing is padded.

  DATA and HEADERS take iodata. The `size` of DATA is not looked at.
  """
  @spec encode(
          t()
          | {:data, stream(), boolean(), iodata(), non_neg_integer()}
          | {:headers, stream(), boolean(), boolean(), priority() | nil, iodata()}
        ) :: iodata()
  def encode({:data, stream, end_stream?, payload, _size}),
    do: frame(0x0, flag(end_stream?, @end_stream), stream, payload)

  def encode({:headers, stream, end_stream?, end_headers?, nil, fragment}) do
    flags = flag(end_stream?, @end_stream) ||| flag(end_headers?, @end_headers)
    frame(0x1, flags, stream, fragment)
  end

  def encode({:headers, stream, end_stream?, end_headers?, priority, fragment}) do
    flags = flag(end_stream?, @end_stream) ||| flag(end_headers?, @end_headers) ||| @priority
    frame(0x1, flags, stream, [priority(priority), fragment])
  end

  def encode({:priority, stream, priority}), do: frame(0x2, 0, stream, priority(priority))
  def encode({:rst_stream, stream, code}), do: frame(0x3, 0, stream, <<code_number(code)::32>>)
  def encode({:settings, :ack}), do: frame(0x4, @ack, 0, [])

  def encode({:settings, settings}) do
    payload =
      for {name, value} <- settings, into: <<>>, do: <<setting_number(name)::16, value::32>>

    frame(0x4, 0, 0, payload)
  end

  def encode({:push_promise, stream, promised, end_headers?, fragment}),
    do: frame(0x5, flag(end_headers?, @end_headers), stream, [<<promised::32>>, fragment])

  def encode({:ping, ack?, opaque}), do: frame(0x6, flag(ack?, @ack), 0, opaque)

  def encode({:goaway, last, code, debug}),
    do: frame(0x7, 0, 0, [<<last::32, code_number(code)::32>>, debug])

  def encode({:window_update, stream, increment}), do: frame(0x8, 0, stream, <<increment::32>>)

  def encode({:continuation, stream, end_headers?, fragment}),
    do: frame(0x9, flag(end_headers?, @end_headers), stream, fragment)

  defp frame(type, flags, stream, payload),
    do: [<<IO.iodata_length(payload)::24, type, flags, stream::32>> | wrap(payload)]

  defp wrap(payload) when is_binary(payload), do: [payload]
  defp wrap(payload), do: payload

  defp flag(true, flag), do: flag
  defp flag(false, _flag), do: 0

  defp priority({exclusive?, dependency, weight}),
    do: <<flag(exclusive?, 1)::1, dependency::31, weight - 1>>

  # -- decode ------------------------------------------------------------------------------------

  @doc """
  Decodes the frame at the start of `bytes`.

  `{:more, size}` asks for at least `size` bytes in all. After a `:stream_error` the connection goes
  on with `rest`; after a `:connection_error` it does not.
  """
  @spec decode(binary(), pos_integer()) ::
          {:ok, t(), rest :: binary()}
          | {:more, pos_integer()}
          | {:stream_error, stream(), code(), String.t(), rest :: binary()}
          | {:connection_error, code(), String.t()}
  def decode(<<size::24, type, _::40, _::binary>>, max_size) when size > max_size do
    {:connection_error, :frame_size_error,
     "a frame of type #{type} has #{size} bytes, we allow #{max_size}"}
  end

  def decode(<<size::24, type, flags, _::1, stream::31, bytes::binary>>, _max_size) do
    case bytes do
      <<payload::binary-size(size), rest::binary>> ->
        case payload(type, flags, stream, payload) do
          {:stream_error, code, message} -> {:stream_error, stream, code, message, rest}
          {:connection_error, _, _} = error -> error
          frame -> {:ok, frame, rest}
        end

      _ ->
        {:more, size + 9}
    end
  end

  def decode(_bytes, _max_size), do: {:more, 9}

  # DATA
  defp payload(0x0, _flags, 0, _payload), do: needs_stream("DATA")

  defp payload(0x0, flags, stream, payload) do
    case unpad(flags, payload) do
      {:ok, data} -> {:data, stream, flag?(flags, @end_stream), data, byte_size(payload)}
      :error -> bad_padding("DATA")
    end
  end

  # HEADERS
  defp payload(0x1, _flags, 0, _payload), do: needs_stream("HEADERS")

  defp payload(0x1, flags, stream, payload) do
    end_stream? = flag?(flags, @end_stream)
    end_headers? = flag?(flags, @end_headers)

    case {unpad(flags, payload), flag?(flags, @priority)} do
      {{:ok, fragment}, false} ->
        {:headers, stream, end_stream?, end_headers?, nil, fragment}

      {{:ok, <<exclusive::1, dependency::31, weight, fragment::binary>>}, true} ->
        priority = {exclusive == 1, dependency, weight + 1}
        {:headers, stream, end_stream?, end_headers?, priority, fragment}

      {{:ok, _}, true} ->
        bad_size("HEADERS", payload)

      {:error, _} ->
        bad_padding("HEADERS")
    end
  end

  # PRIORITY
  defp payload(0x2, _flags, 0, _payload), do: needs_stream("PRIORITY")

  defp payload(0x2, _flags, stream, <<exclusive::1, dependency::31, weight>>),
    do: {:priority, stream, {exclusive == 1, dependency, weight + 1}}

  defp payload(0x2, _flags, _stream, payload),
    do: {:stream_error, :frame_size_error, "PRIORITY with #{byte_size(payload)} bytes"}

  # RST_STREAM
  defp payload(0x3, _flags, 0, _payload), do: needs_stream("RST_STREAM")
  defp payload(0x3, _flags, stream, <<code::32>>), do: {:rst_stream, stream, code_name(code)}
  defp payload(0x3, _flags, _stream, payload), do: bad_size("RST_STREAM", payload)

  # SETTINGS
  defp payload(0x4, flags, 0, payload) do
    case {flag?(flags, @ack), payload} do
      {true, <<>>} -> {:settings, :ack}
      {true, _} -> bad_size("SETTINGS with ACK", payload)
      {false, _} when rem(byte_size(payload), 6) == 0 -> settings(payload, [])
      {false, _} -> bad_size("SETTINGS", payload)
    end
  end

  defp payload(0x4, _flags, stream, _payload), do: needs_connection("SETTINGS", stream)

  # PUSH_PROMISE
  defp payload(0x5, _flags, 0, _payload), do: needs_stream("PUSH_PROMISE")

  defp payload(0x5, flags, stream, payload) do
    case unpad(flags, payload) do
      {:ok, <<_::1, promised::31, fragment::binary>>} ->
        {:push_promise, stream, promised, flag?(flags, @end_headers), fragment}

      {:ok, _} ->
        bad_size("PUSH_PROMISE", payload)

      :error ->
        bad_padding("PUSH_PROMISE")
    end
  end

  # PING
  defp payload(0x6, flags, 0, <<opaque::binary-8>>), do: {:ping, flag?(flags, @ack), opaque}
  defp payload(0x6, _flags, 0, payload), do: bad_size("PING", payload)
  defp payload(0x6, _flags, stream, _payload), do: needs_connection("PING", stream)

  # GOAWAY
  defp payload(0x7, _flags, 0, <<_::1, last::31, code::32, debug::binary>>),
    do: {:goaway, last, code_name(code), debug}

  defp payload(0x7, _flags, 0, payload), do: bad_size("GOAWAY", payload)
  defp payload(0x7, _flags, stream, _payload), do: needs_connection("GOAWAY", stream)

  # WINDOW_UPDATE
  defp payload(0x8, _flags, 0, <<_::1, 0::31>>),
    do: {:connection_error, :protocol_error, "WINDOW_UPDATE of 0 for the connection"}

  defp payload(0x8, _flags, stream, <<_::1, 0::31>>),
    do: {:stream_error, :protocol_error, "WINDOW_UPDATE of 0 for stream #{stream}"}

  defp payload(0x8, _flags, stream, <<_::1, increment::31>>),
    do: {:window_update, stream, increment}

  defp payload(0x8, _flags, _stream, payload), do: bad_size("WINDOW_UPDATE", payload)

  # CONTINUATION
  defp payload(0x9, _flags, 0, _payload), do: needs_stream("CONTINUATION")

  defp payload(0x9, flags, stream, payload),
    do: {:continuation, stream, flag?(flags, @end_headers), payload}

  defp payload(type, _flags, stream, _payload), do: {:unknown, type, stream}

  defp unpad(flags, payload) when (flags &&& @padded) == 0, do: {:ok, payload}

  defp unpad(_flags, <<padding, rest::binary>>) when padding <= byte_size(rest),
    do: {:ok, binary_part(rest, 0, byte_size(rest) - padding)}

  defp unpad(_flags, _payload), do: :error

  defp flag?(flags, flag), do: (flags &&& flag) != 0

  defp settings(<<number::16, value::32, rest::binary>>, settings) do
    name = setting_name(number)

    case check_setting(name, value) do
      :ok -> settings(rest, [{name, value} | settings])
      error -> error
    end
  end

  defp settings(<<>>, settings), do: {:settings, :lists.reverse(settings)}

  defp check_setting(:enable_push, value) when value > 1,
    do: {:connection_error, :protocol_error, "ENABLE_PUSH is #{value}"}

  defp check_setting(:initial_window_size, value) when value > @max_window,
    do: {:connection_error, :flow_control_error, "INITIAL_WINDOW_SIZE is #{value}"}

  defp check_setting(:max_frame_size, value) when value not in 0x4000..0xFFFFFF,
    do: {:connection_error, :protocol_error, "MAX_FRAME_SIZE is #{value}"}

  defp check_setting(_name, _value), do: :ok

  defp needs_stream(name), do: {:connection_error, :protocol_error, "#{name} on stream 0"}

  defp needs_connection(name, stream),
    do: {:connection_error, :protocol_error, "#{name} on stream #{stream}"}

  defp bad_padding(name),
    do: {:connection_error, :protocol_error, "#{name} has more padding than payload"}

  defp bad_size(name, payload),
    do: {:connection_error, :frame_size_error, "#{name} with #{byte_size(payload)} bytes"}

  # -- names -------------------------------------------------------------------------------------

  for {name, number} <- @codes do
    defp code_name(unquote(number)), do: unquote(name)
    defp code_number(unquote(name)), do: unquote(number)
  end

  defp code_name(number), do: number
  defp code_number(number) when is_integer(number), do: number

  for {name, number} <- @settings do
    defp setting_name(unquote(number)), do: unquote(name)
    defp setting_number(unquote(name)), do: unquote(number)
  end

  defp setting_name(number), do: number
  defp setting_number(number) when is_integer(number), do: number
end
