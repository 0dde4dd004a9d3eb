defmodule Vllm.Bridge.Connection.Grpc do
  @moduledoc false
  # What gRPC puts on top of HTTP/2: length-prefixed messages, metadata, deadlines and statuses, after
  # [PROTOCOL-HTTP2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

  alias Vllm.Bridge.HTTP2.{Headers, Hpack}
  alias Vllm.Deadline

  @user_agent "vllm-distributed-elixir/" <> Mix.Project.config()[:version]

  # New with every call: in the header table they would push out what repeats.
  @volatile ~w(vllm-call-id traceparent tracestate x-request-id)

  # With almost every call; known to be right without looking at every letter.
  @usual ~w(vllm-session-id vllm-call-id vllm-epoch vllm-turn vllm-shared-memory)

  # Ours to set.
  @reserved ~w(te content-type content-length user-agent host)

  @max_message 0xFFFFFFFF

  @type metadata :: [{binary(), binary()}]

  @doc "A request's message as the body of a stream; large binaries in it are not copied."
  @spec frame(iodata()) :: {:ok, [binary()]} | {:error, {:request_too_large, non_neg_integer()}}
  def frame(message) do
    case IO.iodata_length(message) do
      size when size > @max_message -> {:error, {:request_too_large, size}}
      size -> {:ok, :erlang.iolist_to_iovec([<<0, size::32>> | message])}
    end
  end

  @doc "The fields every request of a connection starts and goes on with."
  @spec fields(path :: binary(), scheme :: binary(), authority :: binary()) ::
          [Hpack.policy_field()]
  def fields(path, scheme, authority) do
    [
      {":method", "POST"},
      {":scheme", scheme},
      {":path", path},
      {":authority", authority},
      {"te", "trailers"},
      {"content-type", "application/grpc"},
      {"user-agent", @user_agent}
    ]
  end

  @doc "The field that carries a deadline `milliseconds` from now."
  @spec timeout(integer()) :: Hpack.policy_field()
  def timeout(milliseconds),
    do: {"grpc-timeout", milliseconds |> max(1) |> Deadline.sent() |> timeout_value(), :no_index}

  # At most eight digits.
  defp timeout_value(ms) when ms <= 99_999_999, do: Integer.to_string(ms) <> "m"
  defp timeout_value(ms) when ms <= 99_999_999_000, do: Integer.to_string(div(ms, 1000)) <> "S"
  defp timeout_value(ms), do: Integer.to_string(div(ms, 3_600_000)) <> "H"

  @doc "A caller's metadata as fields; values of names in `-bin` become base64."
  @spec encode_metadata(term()) ::
          {:ok, [Hpack.policy_field()]} | {:error, {:invalid_metadata, term()}}
  def encode_metadata([]), do: {:ok, []}
  def encode_metadata(metadata), do: encode_metadata(metadata, [])

  defp encode_metadata([], fields), do: {:ok, :lists.reverse(fields)}

  defp encode_metadata([{name, value} | rest], fields)
       when is_binary(name) and is_binary(value) do
    case field(name, value) do
      {:ok, name, :binary} ->
        encode_metadata(rest, [{name, Base.encode64(value, padding: false), :no_index} | fields])

      {:ok, name, :text} when name in @volatile ->
        encode_metadata(rest, [{name, value, :no_index} | fields])

      {:ok, name, :text} ->
        encode_metadata(rest, [{name, value} | fields])

      {:error, reason} ->
        {:error, reason}
    end
  end

  defp encode_metadata(other, _fields), do: {:error, {:invalid_metadata, other}}

  @doc "Checks a pair of a caller's metadata: its name as it is sent, and whether its value is text."
  @spec field(binary(), binary()) ::
          {:ok, binary(), :text | :binary} | {:error, {:invalid_metadata, binary()}}
  def field(name, value) when name in @usual do
    if printable?(value), do: {:ok, name, :text}, else: {:error, {:invalid_metadata, name}}
  end

  def field(name, value) do
    name = String.downcase(name, :ascii)

    cond do
      name == "" or not Headers.name?(name) ->
        {:error, {:invalid_metadata, name}}

      name in @reserved or String.starts_with?(name, "grpc-") ->
        {:error, {:invalid_metadata, name}}

      String.ends_with?(name, "-bin") ->
        {:ok, name, :binary}

      printable?(value) ->
        {:ok, name, :text}

      true ->
        {:error, {:invalid_metadata, name}}
    end
  end

  defp printable?(<<byte, rest::binary>>) when byte in 0x20..0x7E, do: printable?(rest)
  defp printable?(rest), do: rest == ""

  @doc "The status a field list carries, if it does."
  @spec status([Hpack.field()]) :: {:ok, 0..16, message :: binary()} | :error
  def status(fields) do
    with {_, status} <- List.keyfind(fields, "grpc-status", 0, :error) do
      message = with {_, message} <- List.keyfind(fields, "grpc-message", 0, ""), do: message
      {:ok, code(status), percent_decode(message)}
    end
  end

  # 2 is UNKNOWN; the protocol asks clients to use it for anything else.
  defp code(status) do
    case Integer.parse(status) do
      {code, ""} when code in 0..16 -> code
      _ -> 2
    end
  end

  # Broken coding is passed on as it came: the text is for a person, who should see what there is.
  defp percent_decode(message) do
    case :binary.match(message, "%") do
      :nomatch ->
        message

      _ ->
        decoded = percent_decode(message, <<>>)
        if String.valid?(decoded), do: decoded, else: message
    end
  end

  defp percent_decode(<<?%, high, low, rest::binary>>, decoded) do
    case Base.decode16(<<high, low>>, case: :mixed) do
      {:ok, byte} -> percent_decode(rest, <<decoded::binary, byte::binary>>)
      :error -> percent_decode(<<high, low, rest::binary>>, <<decoded::binary, ?%>>)
    end
  end

  defp percent_decode(<<byte, rest::binary>>, decoded),
    do: percent_decode(rest, <<decoded::binary, byte>>)

  defp percent_decode(<<>>, decoded), do: decoded

  @doc "The metadata in a field list: what is neither HTTP's nor gRPC's own."
  @spec decode_metadata([Hpack.field()]) :: metadata()
  def decode_metadata(fields), do: Enum.flat_map(fields, &decode_field/1)

  defp decode_field({":" <> _, _}), do: []

  defp decode_field({name, _}) when name in ["grpc-status", "grpc-message", "content-type"],
    do: []

  defp decode_field({name, value}) do
    if String.ends_with?(name, "-bin"),
      do: for(part <- String.split(value, ","), do: {name, decode64(part)}),
      else: [{name, value}]
  end

  defp decode64(value) do
    unpadded = value |> String.trim() |> String.trim_trailing("=")

    case Base.decode64(unpadded, padding: false) do
      {:ok, decoded} -> decoded
      :error -> value
    end
  end
end
