defmodule Vllm.Bridge.HTTP2.Peer do
  @moduledoc """
  The server's end of a scripted HTTP/2 connection: builds what it sends, reads what the client sent.
  """

  alias Vllm.Bridge.HTTP2.{Client, Frame, Hpack}

  @preface "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  @doc "A client that has received the server's `settings`."
  def connected(settings \\ [], opts \\ []) do
    {client, _out} = Client.new(opts)
    {client, _out, [:ready]} = Client.handle_bytes(client, bytes([{:settings, settings}]))
    client
  end

  @doc "The bytes of `frames`."
  def bytes(frames) do
    frames
    |> Enum.map(&if(is_binary(&1), do: &1, else: Frame.encode(&1)))
    |> IO.iodata_to_binary()
  end

  @doc "A HEADERS frame with `fields`, coded without the dynamic table."
  def headers(stream, fields, end_stream? \\ false) do
    {:headers, stream, end_stream?, true, nil, block(fields)}
  end

  @doc "A header block that leaves the dynamic table alone."
  def block(fields) do
    fields = for {name, value} <- fields, do: {name, value, :no_index}
    {_, block} = Hpack.encode(Hpack.new(), fields)
    IO.iodata_to_binary(block)
  end

  def response(stream), do: headers(stream, [{":status", "200"}])

  @doc "The frames in what the client wrote."
  def frames(out), do: out |> IO.iodata_to_binary() |> frames([])
  defp frames(@preface <> rest, []), do: frames(rest, [:preface])
  defp frames("", frames), do: Enum.reverse(frames)

  defp frames(bytes, frames) do
    {:ok, frame, rest} = Frame.decode(bytes, 0xFFFFFF)
    frames(rest, [frame | frames])
  end
end
