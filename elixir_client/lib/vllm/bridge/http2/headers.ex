defmodule Vllm.Bridge.HTTP2.Headers do
  @moduledoc false
  # What a client checks of the field lists a server sends,
  # [RFC 9113 section 8.2 and 8.3](https://www.rfc-editor.org/rfc/rfc9113#section-8.2).

  alias Vllm.Bridge.HTTP2.Hpack

  @connection_fields ~w(connection keep-alive proxy-connection transfer-encoding upgrade)

  # In almost every answer; known to be right without looking at every byte.
  @usual_fields ~w(content-type grpc-status grpc-message)

  @doc "Checks the field list that starts a response; one of status 1xx is `:informational`."
  @spec response([Hpack.field()]) :: :response | :informational | {:error, String.t()}
  def response([{":status", <<class, tens, units>>} | fields])
      when class in ?1..?5 and tens in ?0..?9 and units in ?0..?9 do
    case fields(fields) do
      :ok when class == ?1 -> :informational
      :ok -> :response
      error -> error
    end
  end

  def response([{":status", status} | _]), do: {:error, ":status is #{inspect(status)}"}
  def response(_fields), do: {:error, "a response does not start with :status"}

  @doc "Checks the field list that ends a response."
  @spec trailers([Hpack.field()]) :: :ok | {:error, String.t()}
  def trailers(fields), do: fields(fields)

  defp fields([]), do: :ok
  defp fields([{name, _} | rest]) when name in @usual_fields, do: fields(rest)
  defp fields([{":" <> _ = name, _} | _]), do: {:error, "#{inspect(name)} is not allowed there"}

  defp fields([{name, _} | _]) when name in @connection_fields,
    do: {:error, "#{inspect(name)} is not allowed in HTTP/2"}

  defp fields([{name, _} | rest]) do
    if name != "" and name?(name),
      do: fields(rest),
      else: {:error, "#{inspect(name)} is no field name"}
  end

  @doc "Whether `name` consists of what HTTP/2 allows in the name of a field: no upper case, no space."
  @spec name?(binary()) :: boolean()
  def name?(<<byte, rest::binary>>)
      when byte in ?a..?z or byte in ?0..?9 or byte in ~c"-_." or byte in ~c"!#$%&'*+^`|~",
      do: name?(rest)

  def name?(rest), do: rest == ""
end
