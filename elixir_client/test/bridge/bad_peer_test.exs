Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.BadPeerTest do
  # A server that says every frame it is told to, and what becomes of the calls on its connection. What
  # single frames do to the HTTP/2 state is in http2/client_test.exs.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.ScriptedServer
  import Vllm.Bridge.HTTP2.Peer, only: [bytes: 1, headers: 3]

  alias Vllm.Bridge.Connection
  alias Vllm.Bridge.HTTP2.{Hpack, Peer}

  @moduletag timeout: 60_000
  @window 16 * 1024 * 1024

  defp connect(endpoint, opts \\ []) do
    {:ok, conn} = Connection.start_link([endpoint: endpoint] ++ opts)
    conn
  end

  defp async(conn, opts \\ []),
    do: Task.async(fn -> Connection.unary(conn, "/a/B", "", opts) end)

  defp stream(conn) do
    {:ok, stream} = Connection.server_stream(conn, "/a/Stream", "")
    stream
  end

  # A connection with a call in flight on stream 1.
  defp in_flight(settings \\ [], opts \\ []) do
    {listener, address} = listen()
    conn = connect(address, opts)
    task = async(conn)
    socket = accept_open(listener, settings)
    1 = request(socket)
    %{listener: listener, conn: conn, task: task, socket: socket}
  end

  # The connection has handled what came before.
  defp settled(conn), do: :sys.get_state(conn)

  defp elapsed(fun) do
    start = System.monotonic_time(:millisecond)
    result = fun.()
    {result, System.monotonic_time(:millisecond) - start}
  end

  describe "what ends the connection: calls say why, the server is told, the next call connects again" do
    empty_settings = <<0::24, 4, 0, 0::32>>
    continuation = fn size, flags -> <<size::24, 9, flags, 1::32>> <> :binary.copy("x", size) end

    for {what, sent, code} <- [
          {"a push", {:push_promise, 1, 2, true, ""}, :protocol_error},
          {"push allowed by the server", {:settings, [enable_push: 1]}, :protocol_error},
          {"a setting out of range", <<6::24, 4, 0, 0::32, 5::16, 0::32>>, :protocol_error},
          {"a window out of range", {:settings, [initial_window_size: 0x80000000]},
           :flow_control_error},
          {"half a setting", <<5::24, 4, 0, 0::32, 0::40>>, :frame_size_error},
          {"settings on a stream", <<0::24, 4, 0, 1::32>>, :protocol_error},
          {"a frame over our limit", <<0xFFFFFF::24, 0, 0, 1::32>>, :frame_size_error},
          {"DATA on stream 0", <<0::24, 0, 0, 0::32>>, :protocol_error},
          {"DATA on a stream nobody opened", {:data, 7, false, "x", 1}, :protocol_error},
          {"more padding than frame", <<1::24, 0, 8, 1::32, 9>>, :protocol_error},
          {"a window update of 0", <<4::24, 8, 0, 0::32, 0::32>>, :protocol_error},
          {"a window beyond the largest", {:window_update, 0, 0x7FFFFFFF}, :flow_control_error},
          {"a PING of 7 bytes", <<7::24, 6, 0, 0::32, 0::56>>, :frame_size_error},
          {"a RST_STREAM of 5 bytes", <<5::24, 3, 0, 1::32, 0::40>>, :frame_size_error},
          {"a GOAWAY on a stream", <<8::24, 7, 0, 1::32, 0::64>>, :protocol_error},
          {"CONTINUATION of nothing", {:continuation, 1, true, ""}, :protocol_error},
          {"a frame between header frames",
           [{:headers, 1, false, false, nil, ""}, {:data, 1, false, "", 0}], :protocol_error},
          {"SETTINGS between header frames",
           bytes([{:headers, 1, false, false, nil, ""}]) <> empty_settings, :protocol_error},
          {"65 frames of one field list",
           bytes([{:headers, 1, false, false, nil, ""}]) <>
             :binary.copy(continuation.(0, 0), 64), :enhance_your_calm},
          {"a field list of over 256 KiB",
           bytes([{:headers, 1, false, false, nil, ""}]) <>
             :binary.copy(continuation.(16_000, 0), 17), :enhance_your_calm},
          {"a field that no table has", {:headers, 1, false, true, nil, <<0xFF, 0xFF, 1>>},
           :compression_error},
          {"a string that ends nowhere", {:headers, 1, false, true, nil, <<0x40, 0x7F>>},
           :compression_error},
          {"a table larger than allowed", {:headers, 1, false, true, nil, <<0x3F, 0xFF, 0x7F>>},
           :compression_error}
        ] do
      test what do
        %{conn: conn, task: task, socket: socket, listener: listener} = in_flight()
        # The client may be gone before it has all.
        _ = :gen_tcp.send(socket, bytes(List.wrap(unquote(Macro.escape(sent)))))

        assert {:error, {:protocol, {:connection_error, unquote(code), message}} = reason} =
                 Task.await(task, 60_000)

        assert Connection.format_reason(reason) =~ message
        assert {:goaway, 0, unquote(code), _} = last_frame(socket)

        task = async(conn)
        socket = accept_open(listener)
        send_frames(socket, answer(request(socket), "ok"))
        assert Task.await(task, 60_000) == {:ok, "ok"}
      end
    end

    defp last_frame(socket) do
      case frame(socket) do
        {:goaway, _, _, _} = goaway -> goaway
        _window_updates -> last_frame(socket)
      end
    end
  end

  describe "what ends one call: the connection and the others go on" do
    grpc = [{":status", "200"}, {"content-type", "application/grpc"}]

    # Frames on stream 1, the error of its call, and what the server is told of it.
    for {what, frames, error, told} <- [
          {"a reset", [{:rst_stream, 1, :internal_error}], {:closed, {:reset, :internal_error}},
           []},
          {"a reset with a code that nobody knows", [{:rst_stream, 1, 0x99}],
           {:closed, {:reset, 0x99}}, []},
          {"a refused stream", [{:rst_stream, 1, :refused_stream}],
           {:unprocessed, :refused_stream}, []},
          {"DATA before HEADERS", [{:data, 1, false, "x", 1}],
           {:protocol, {:stream_error, :protocol_error, "DATA before HEADERS"}},
           [{:rst_stream, 1, :protocol_error}]},
          {"a window update of 0", [<<4::24, 8, 0, 1::32, 0::32>>],
           {:protocol, {:stream_error, :protocol_error, "WINDOW_UPDATE of 0 for stream 1"}},
           [{:rst_stream, 1, :protocol_error}]},
          {"HTTP status 503", [headers(1, [{":status", "503"}], true)],
           {:protocol, {:http_status, 503}}, []},
          {"HTTP status 200 and HTML",
           [headers(1, [{":status", "200"}, {"content-type", "text/html"}], false)],
           {:protocol, {:content_type, "text/html"}}, [{:rst_stream, 1, :cancel}]},
          {"no :status", [headers(1, [{"content-type", "application/grpc"}], true)],
           {:protocol,
            {:stream_error, :protocol_error, "a response does not start with :status"}},
           [{:rst_stream, 1, :protocol_error}]},
          {"a field of HTTP/1", [headers(1, grpc ++ [{"connection", "close"}], false)],
           {:protocol,
            {:stream_error, :protocol_error, "\"connection\" is not allowed in HTTP/2"}},
           [{:rst_stream, 1, :protocol_error}]},
          {"an answer that stops after its headers",
           [headers(1, grpc, false), {:data, 1, true, "", 0}], {:protocol, :no_status}, []},
          {"trailers only, with an error",
           [headers(1, grpc ++ [{"grpc-status", "7"}, {"grpc-message", "no%20way"}], true)],
           {:status, 7, "no way", []}, []},
          {"trailers only, without an error", [headers(1, grpc ++ [{"grpc-status", "0"}], true)],
           {:protocol, :incomplete_message}, []},
          {"a status that is none",
           [headers(1, grpc, false), headers(1, [{"grpc-status", "ninety"}], true)],
           {:status, 2, "", []}, []},
          {"a compressed message", [headers(1, grpc, false), {:data, 1, false, <<1, 0::32>>, 0}],
           {:protocol, {:message_flag, 1}}, [{:rst_stream, 1, :cancel}]},
          {"a message that is not whole",
           [
             headers(1, grpc, false),
             {:data, 1, false, <<0, 9::32, "x">>, 0},
             headers(1, [{"grpc-status", "0"}], true)
           ], {:protocol, :incomplete_message}, []}
        ] do
      test what do
        %{conn: conn, task: task, socket: socket} = in_flight()
        other = async(conn)
        3 = request(socket)
        send_frames(socket, unquote(Macro.escape(frames)))
        assert Task.await(task, 60_000) == {:error, unquote(Macro.escape(error))}
        for frame <- unquote(Macro.escape(told)), do: assert(frame(socket) == frame)

        send_frames(socket, answer(3, "ok"))
        assert Task.await(other, 60_000) == {:ok, "ok"}
        assert settled(conn).calls == %{}
      end
    end
  end

  describe "GOAWAY" do
    test "tells calls apart: those it still answers, those it never saw, those not sent" do
      %{conn: conn, task: first, socket: socket} = in_flight(max_concurrent_streams: 3)
      streaming = stream(conn)
      3 = request(socket)
      unseen = async(conn)
      5 = request(socket)
      queued = async(conn)
      waits(queued)
      _ = settled(conn)

      send_frames(socket, [response(3), message(3, "a"), {:goaway, 3, :internal_error, "bug"}])
      assert Task.await(unseen, 60_000) == {:error, {:unprocessed, {:goaway, :internal_error}}}
      assert Task.await(queued, 60_000) == {:error, {:unprocessed, {:goaway, :internal_error}}}

      send_frames(socket, [message(3, "b"), trailers(3) | answer(1, "late")])
      assert Task.await(first, 60_000) == {:ok, "late"}
      assert for(_ <- 1..3, do: Connection.next(streaming)) == [{:ok, "a"}, {:ok, "b"}, :done]
      assert :gen_tcp.recv(socket, 0, 2000) == {:error, :closed}
    end

    test "and then the end, in the middle of what it wanted to answer" do
      %{task: task, socket: socket} = in_flight()
      send_frames(socket, [{:goaway, 1, :no_error, ""}])
      :gen_tcp.close(socket)
      # It may have run: this is not :unprocessed.
      assert Task.await(task, 60_000) == {:error, {:closed, :closed}}
    end

    test "as a server's first word fails the attempt, and is no reason to try without end" do
      {listener, address} = listen()
      conn = connect(address, backoff: 60_000, max_backoff: 60_000)
      task = async(conn)
      socket = accept(listener)
      send_frames(socket, [{:settings, []}, {:goaway, 0, :no_error, ""}])
      assert Task.await(task, 60_000) == {:error, {:connect, {:goaway, :no_error}}}
      assert Connection.format_reason({:connect, {:goaway, :no_error}}) =~ "Nothing was sent"
      assert Task.await(async(conn, timeout: 1_000)) == {:error, {:connect, {:goaway, :no_error}}}
      assert :gen_tcp.accept(listener, 0) == {:error, :timeout}
    end

    test "SETTINGS and a broken frame at once fail the attempt" do
      {listener, address} = listen()
      task = async(connect(address))
      socket = accept(listener)
      send_frames(socket, [{:settings, []}, {:data, 0x7FFF, false, "", 0}])

      assert {:error, {:protocol, {:connection_error, :protocol_error, _}}} =
               Task.await(task, 60_000)

      assert :gen_tcp.accept(listener, 0) == {:error, :timeout}
    end
  end

  defp waits(task) do
    case Process.info(task.pid, :status) do
      {:status, :waiting} -> :ok
      _running -> waits(task)
    end
  end

  describe "frames of a call that was cancelled" do
    test "are dropped, open the connection's window again and keep the header table in step" do
      %{conn: conn, task: task, socket: socket} = in_flight()
      Task.shutdown(task, :brutal_kill)
      assert frame(socket) == {:rst_stream, 1, :cancel}

      # A field that enters the table, nine MiB, and the end.
      fields = [{":status", "200"}, {"content-type", "application/grpc"}, {"late", "field"}]
      {encoder, block} = Hpack.encode(Hpack.new(), fields)
      part = :binary.copy("x", 1024 * 1024)

      send_frames(
        socket,
        [{:headers, 1, false, true, nil, block}] ++
          List.duplicate({:data, 1, false, part, 0}, 9) ++ [trailers(1)]
      )

      # Half of the connection's window, and nothing of the stream's.
      assert {:window_update, 0, given} = frame(socket)
      assert given >= div(@window, 2)

      other = async(conn, reply_metadata: true)
      assert request(socket) == 3
      # The same fields again are three indexes.
      {_encoder, block} = Hpack.encode(encoder, fields)
      assert IO.iodata_length(block) == 3
      send_frames(socket, [{:headers, 3, false, true, nil, block}, message(3, "ok"), trailers(3)])
      assert {:ok, "ok", %{headers: [{"late", "field"}]}} = Task.await(other, 60_000)
      assert settled(conn).calls == %{}
    end

    test "of every other kind are ignored" do
      %{conn: conn, task: task, socket: socket} = in_flight()
      Task.shutdown(task, :brutal_kill)
      assert frame(socket) == {:rst_stream, 1, :cancel}

      send_frames(socket, [
        {:rst_stream, 1, :internal_error},
        {:window_update, 1, 5},
        {:priority, 1, {false, 0, 16}},
        <<3::24, 0xEE, 0xFF, 1::32, "abc">>
      ])

      other = async(conn)
      3 = request(socket)
      send_frames(socket, answer(3, "ok"))
      assert Task.await(other, 60_000) == {:ok, "ok"}
    end
  end

  describe "SETTINGS in the middle of calls" do
    test "fewer streams than are open: new calls wait for them all but one" do
      %{conn: conn, task: first, socket: socket} = in_flight()
      second = async(conn)
      3 = request(socket)
      send_frames(socket, [{:settings, [max_concurrent_streams: 1]}])
      assert frame(socket) == {:settings, :ack}
      third = async(conn)
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}
      send_frames(socket, answer(1, "1"))
      assert Task.await(first, 60_000) == {:ok, "1"}
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}
      send_frames(socket, answer(3, "2"))
      assert Task.await(second, 60_000) == {:ok, "2"}
      assert request(socket) == 5
      send_frames(socket, answer(5, "3"))
      assert Task.await(third, 60_000) == {:ok, "3"}
    end

    test "a call whose deadline ends while it waits for its turn is never sent" do
      %{conn: conn, task: first, socket: socket} = in_flight(max_concurrent_streams: 1)
      assert Task.await(async(conn, timeout: 50)) == {:error, :deadline_exceeded}
      {:ok, stream} = Connection.bidi_stream(conn, "/a/B", timeout: 50)
      assert Connection.send_message(stream, "x") == :ok
      assert Connection.next(stream) == {:error, :deadline_exceeded}
      send_frames(socket, answer(1, "1"))
      assert Task.await(first, 60_000) == {:ok, "1"}

      other = async(conn)
      # Skipping numbers closes them (RFC 9113 section 5.1.1).
      assert request(socket) == 7
      send_frames(socket, answer(7, "2"))
      assert Task.await(other, 60_000) == {:ok, "2"}
    end

    test "no streams, and later some" do
      {listener, address} = listen()
      task = async(connect(address))
      socket = accept_open(listener, max_concurrent_streams: 0)
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}
      send_frames(socket, [{:settings, [max_concurrent_streams: 9]}])
      assert frame(socket) == {:settings, :ack}
      send_frames(socket, answer(request(socket), "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
    end

    test "smaller frames and windows, larger ones, other header tables" do
      {listener, address} = listen()
      conn = connect(address)
      body = :binary.copy("x", 100_000 - 5)
      task = Task.async(fn -> Connection.unary(conn, "/a/B", body) end)
      socket = accept_open(listener, max_frame_size: 40_000)
      decoder = headers_of(socket, 1, Hpack.new())
      # 65,535 bytes of window.
      assert {:data, 1, false, _, 40_000} = frame(socket)
      assert {:data, 1, false, _, 25_535} = frame(socket)

      settings = [max_frame_size: 16_384, initial_window_size: 35_535, header_table_size: 0]
      send_frames(socket, [{:settings, settings}, {:window_update, 0, 1_000_000}])
      assert frame(socket) == {:settings, :ack}
      # The stream's window is 30,000 below zero.
      send_frames(socket, [{:window_update, 1, 30_000}])
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}
      send_frames(socket, [{:window_update, 1, 20_000}])
      assert {:data, 1, false, _, 16_384} = frame(socket)
      assert {:data, 1, false, _, 3_616} = frame(socket)

      send_frames(socket, [{:settings, [initial_window_size: 50_000, header_table_size: 4096]}])
      assert frame(socket) == {:settings, :ack}
      assert {:data, 1, true, _, 14_465} = frame(socket)

      send_frames(socket, answer(1, "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}

      # The table was emptied and is used again, as both updates at the block's start say.
      second = async(conn)
      decoder = headers_of(socket, 3, decoder)
      assert {:data, 3, true, _, _} = frame(socket)
      send_frames(socket, answer(3, "ok"))
      assert Task.await(second, 60_000) == {:ok, "ok"}
      third = async(conn)
      _decoder = headers_of(socket, 5, decoder)
      assert {:data, 5, true, _, _} = frame(socket)
      send_frames(socket, answer(5, "ok"))
      assert Task.await(third, 60_000) == {:ok, "ok"}
    end
  end

  # The next frame begins `stream`; its field list can be decoded.
  defp headers_of(socket, stream, decoder) do
    assert {:headers, ^stream, false, true, nil, block} = frame(socket)
    assert {:ok, decoder, fields} = Hpack.decode(decoder, block)
    assert {":path", "/a/B"} in fields
    decoder
  end

  describe "a server that reads nothing" do
    test "holds up neither the deadline nor the cancelling of a call" do
      {listener, address} = listen()
      conn = connect(address)
      # More than the socket's buffers and the window that the server opened.
      body = :binary.copy("x", 30_000_000)
      task = Task.async(fn -> Connection.unary(conn, "/a/B", body, timeout: 300) end)
      socket = accept(listener)
      send_frames(socket, [{:settings, [initial_window_size: 0x7FFFFFFF]}])
      send_frames(socket, [{:window_update, 0, 0x7FFFFFFF - 65_535}])
      {answer, ms} = elapsed(fn -> Task.await(task, 60_000) end)
      assert answer == {:error, :deadline_exceeded}
      assert ms < 10_000
      assert settled(conn).calls == %{}
    end
  end

  test "PING is answered with its own bytes, also with no call in flight" do
    %{conn: conn, task: task, socket: socket} = in_flight()
    send_frames(socket, [{:ping, false, "12345678"}])
    assert frame(socket) == {:ping, true, "12345678"}
    send_frames(socket, answer(1, "ok"))
    assert Task.await(task, 60_000) == {:ok, "ok"}
    send_frames(socket, [{:ping, false, "87654321"}, {:ping, true, "whatever"}])
    assert frame(socket) == {:ping, true, "87654321"}
    assert Process.alive?(conn)
  end

  test "a connection that nobody uses keeps little memory" do
    {listener, address} = listen()

    connections =
      for _ <- 1..10 do
        conn = connect(address)
        task = async(conn)
        socket = accept_open(listener)
        send_frames(socket, answer(request(socket), :binary.copy("x", 200_000)))
        assert {:ok, _} = Task.await(task, 60_000)
        {conn, socket}
      end

    for {conn, _socket} <- connections do
      assert {memory, binaries} = when_hibernated(conn)
      assert memory + binaries < 100_000
    end
  end

  # Of a process and the binaries that it refers to.
  defp when_hibernated(pid) do
    case Process.info(pid, [:current_function, :memory, :binary]) do
      [current_function: {:erlang, :hibernate, 3}, memory: memory, binary: binaries] ->
        {memory, binaries |> Enum.uniq() |> Enum.map(&elem(&1, 1)) |> Enum.sum()}

      _awake ->
        receive(do: (:never -> :ok), after: (20 -> when_hibernated(pid)))
    end
  end

  test "every byte of a session may come alone" do
    {listener, address} = listen()
    task = async(connect(address))
    socket = accept(listener)
    for <<byte <- Peer.bytes([{:settings, []}])>>, do: :ok = :gen_tcp.send(socket, <<byte>>)
    {:settings, :ack} = frame(socket)
    for <<byte <- Peer.bytes(answer(request(socket), "ok"))>>, do: :gen_tcp.send(socket, <<byte>>)
    assert Task.await(task, 60_000) == {:ok, "ok"}
  end
end
