Code.require_file("peer.exs", __DIR__)

defmodule Vllm.Bridge.FakePool do
  @moduledoc """
  A gRPC server in the test's BEAM. Every request is answered as `handler` says: a function of the
  method's name, the request's bytes, its metadata and where to answer later with `reply/2`. It returns
  what `reply/2` takes, or `:later`.
  """

  alias Vllm.Bridge.HTTP2.{Frame, Hpack, Peer}
  alias Vllm.Bridge.Protobuf

  @response [{":status", "200"}, {"content-type", "application/grpc"}]

  @doc """
  Starts one; it ends with the calling process. Returns its address. With `tls`, options of `:ssl`, it
  speaks TLS.
  """
  def start(handler, tls \\ nil) do
    options = [:binary, active: false, ip: {127, 0, 0, 1}, backlog: 50]
    {:ok, listener} = :gen_tcp.listen(0, options)
    {:ok, port} = :inet.port(listener)
    acceptor = spawn_link(fn -> accept(listener, tls, handler) end)
    :ok = :gen_tcp.controlling_process(listener, acceptor)
    "127.0.0.1:#{port}"
  end

  @doc """
  Answers: `{:ok, message}`, `{:messages, list}` of a stream that stays open, `{:status, code}` or
  `{:status, code, detail}`, `:close` for the whole connection.
  """
  def reply({pid, stream}, answer), do: send(pid, {:reply, stream, answer})

  defp accept(listener, tls, handler) do
    {:ok, socket} = :gen_tcp.accept(listener)
    pid = spawn_link(fn -> receive(do: (:go -> secure(socket, tls, handler))) end)
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, :go)
    accept(listener, tls, handler)
  end

  defp secure(socket, nil, handler), do: connection(socket, handler)

  # A client that does not like our certificate, or that we do not like, is gone.
  defp secure(socket, tls, handler) do
    options = [alpn_preferred_protocols: ["h2"], log_level: :none] ++ tls
    with {:ok, socket} <- :ssl.handshake(socket, options, 60_000), do: connection(socket, handler)
  end

  defp connection(socket, handler) do
    with {:ok, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} <- receive_bytes(socket, 24) do
      :ok = send_bytes(socket, Peer.bytes([{:settings, []}]))
      :ok = activate(socket)
      serve(socket, handler)
    end
  end

  defp receive_bytes(socket, size) when is_port(socket), do: :gen_tcp.recv(socket, size)
  defp receive_bytes(socket, size), do: :ssl.recv(socket, size)
  defp send_bytes(socket, bytes) when is_port(socket), do: :gen_tcp.send(socket, bytes)
  defp send_bytes(socket, bytes), do: :ssl.send(socket, bytes)
  defp activate(socket) when is_port(socket), do: :inet.setopts(socket, active: true)
  defp activate(socket), do: :ssl.setopts(socket, active: true)
  defp close(socket) when is_port(socket), do: :gen_tcp.close(socket)
  defp close(socket), do: :ssl.close(socket)

  defp serve(socket, handler) do
    loop(%{
      socket: socket,
      handler: handler,
      bytes: "",
      decoder: Hpack.new(),
      requests: %{},
      begun: %{}
    })
  end

  defp loop(state) do
    receive do
      {kind, _socket, bytes} when kind in [:tcp, :ssl] ->
        loop(frames(%{state | bytes: state.bytes <> bytes}))

      {kind, _socket} when kind in [:tcp_closed, :ssl_closed] ->
        :ok

      {:reply, _stream, :close} ->
        close(state.socket)

      {:reply, stream, answer} ->
        state |> answer(stream, answer) |> loop()
    end
  end

  defp frames(state) do
    case Frame.decode(state.bytes, 0xFFFFFF) do
      {:ok, frame, rest} -> %{state | bytes: rest} |> frame(frame) |> frames()
      {:more, _needed} -> state
    end
  end

  defp frame(state, {:headers, stream, false, true, _priority, block}) do
    {:ok, decoder, fields} = Hpack.decode(state.decoder, block)
    %{state | decoder: decoder, requests: Map.put(state.requests, stream, {fields, ""})}
  end

  defp frame(state, {:data, stream, last?, data, _size}) do
    {{fields, body}, requests} = Map.pop!(state.requests, stream)
    body = body <> data

    if last? do
      {":path", path} = List.keyfind(fields, ":path", 0)
      <<0, _size::32, message::binary>> = body
      method = path |> String.split("/") |> List.last()
      answer = state.handler.(method, message, fields, {self(), stream})
      answer(%{state | requests: requests}, stream, answer)
    else
      %{state | requests: Map.put(requests, stream, {fields, body})}
    end
  end

  defp frame(state, _settings_and_others), do: state

  defp answer(state, _stream, :later), do: state

  defp answer(state, stream, {:ok, message}),
    do: state |> answer(stream, {:messages, [message]}) |> answer(stream, {:status, 0})

  defp answer(state, stream, {:messages, messages}) do
    state = begin(state, stream)

    frames =
      for message <- messages do
        bytes = if is_struct(message), do: Protobuf.encode(message), else: message
        bytes = IO.iodata_to_binary(bytes)
        {:data, stream, false, [<<0, byte_size(bytes)::32>>, bytes], 0}
      end

    write(state, frames)
  end

  defp answer(state, stream, {:status, code}), do: answer(state, stream, {:status, code, nil})

  defp answer(state, stream, {:status, code, detail}) do
    trailer =
      if detail do
        bytes = detail |> Protobuf.encode() |> IO.iodata_to_binary()
        [{"vllm-error-bin", Base.encode64(bytes, padding: false)}]
      else
        []
      end

    fields = [{"grpc-status", "#{code}"}, {"grpc-message", "status #{code}"} | trailer]
    # Without a message before, one field list is all.
    fields = if is_map_key(state.begun, stream), do: fields, else: @response ++ fields
    write(state, [Peer.headers(stream, fields, true)])
  end

  defp begin(%{begun: begun} = state, stream) when is_map_key(begun, stream), do: state

  defp begin(state, stream) do
    begun = Map.put(state.begun, stream, true)
    write(%{state | begun: begun}, [Peer.headers(stream, @response)])
  end

  defp write(state, frames) do
    _ = send_bytes(state.socket, Peer.bytes(frames))
    state
  end
end
