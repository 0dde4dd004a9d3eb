Code.require_file("peer.exs", __DIR__)

defmodule Vllm.Bridge.HTTP2.ScriptedServer do
  @moduledoc """
  A TCP server whose every byte the test says. The test's process owns it.
  """

  alias Vllm.Bridge.HTTP2.{Frame, Peer}

  @doc "Listens, on a free port or a given one."
  def listen(port \\ 0) do
    options = [:binary, active: false, ip: {127, 0, 0, 1}, nodelay: true, reuseaddr: true]
    {:ok, listener} = :gen_tcp.listen(port, options)
    {:ok, port} = :inet.port(listener)
    {listener, "127.0.0.1:#{port}"}
  end

  @doc """
  A port of loopback where nobody listens. It is the caller's until the caller ends: nobody else can listen
  there, and the caller can with `listen/1`.
  """
  def reserve do
    {:ok, socket} = :socket.open(:inet, :stream, :tcp)
    :ok = :socket.setopt(socket, {:socket, :reuseaddr}, true)
    :ok = :socket.bind(socket, %{family: :inet, addr: {127, 0, 0, 1}, port: 0})
    {:ok, %{port: port}} = :socket.sockname(socket)
    # Kept from the garbage collector, which closes it.
    Process.put({:reserved, port}, socket)
    {port, "127.0.0.1:#{port}"}
  end

  @doc "Accepts a connection and reads the client's opening."
  def accept(listener) do
    {:ok, socket} = :gen_tcp.accept(listener, 30_000)
    {:ok, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} = :gen_tcp.recv(socket, 24, 30_000)
    {:settings, _} = frame(socket)
    {:window_update, 0, _} = frame(socket)
    socket
  end

  @doc "Accepts a connection and answers its opening."
  def accept_open(listener, settings \\ []) do
    socket = accept(listener)
    send_frames(socket, [{:settings, settings}])
    {:settings, :ack} = frame(socket)
    socket
  end

  @doc "The client's next frame."
  def frame(socket) do
    {:ok, <<size::24, _::48>> = header} = :gen_tcp.recv(socket, 9, 30_000)
    {:ok, payload} = if size > 0, do: :gen_tcp.recv(socket, size, 30_000), else: {:ok, ""}
    {:ok, frame, ""} = Frame.decode(header <> payload, 0xFFFFFF)
    frame
  end

  @doc "The number of the stream on which the client's next unary request came."
  def request(socket) do
    {:headers, stream, false, true, nil, _} = frame(socket)
    {:data, ^stream, true, _, _} = frame(socket)
    stream
  end

  def send_frames(socket, frames), do: :ok = :gen_tcp.send(socket, Peer.bytes(frames))

  @doc "The frames of a successful answer with `message`."
  def answer(stream, message), do: [response(stream), message(stream, message), trailers(stream)]

  @doc "The frame that begins an answer."
  def response(stream),
    do: Peer.headers(stream, [{":status", "200"}, {"content-type", "application/grpc"}])

  @doc "A frame with one whole message."
  def message(stream, message),
    do: {:data, stream, false, [<<0, byte_size(message)::32>>, message], 0}

  @doc "The frame that ends an answer."
  def trailers(stream, status \\ "0"),
    do: Peer.headers(stream, [{"grpc-status", status}, {"grpc-message", "over"}], true)
end
