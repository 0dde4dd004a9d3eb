Code.require_file("../support_h2/echo_server.exs", __DIR__)
Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.StreamTest do
  # Calls that are answered with a stream of messages.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.ScriptedServer

  alias Vllm.Bridge.{Connection, EchoServer}

  @moduletag timeout: 60_000
  @window 16 * 1024 * 1024

  setup_all do
    {_port, unix} = EchoServer.start("unix:" <> EchoServer.socket_path())
    %{unix: unix}
  end

  defp connect(endpoint, opts \\ []) do
    {:ok, conn} = Connection.start_link([endpoint: endpoint] ++ opts)
    conn
  end

  defp stream(conn, method, request, opts \\ []) do
    {:ok, stream} = Connection.server_stream(conn, "/test.Echo/" <> method, request, opts)
    stream
  end

  defp read(stream, messages \\ []) do
    case Connection.next(stream) do
      {:ok, message} -> read(stream, [message | messages])
      last -> {Enum.reverse(messages), last}
    end
  end

  # What a test relies on being asynchronous is awaited through the connection's process.
  defp settled(conn), do: :sys.get_state(conn)

  defp kept?(conn),
    do: settled(conn).calls != %{} or Process.info(conn, :monitors) != {:monitors, []}

  describe "a grpc server" do
    test "its messages one by one, then its end", %{unix: unix} do
      conn = connect(unix)

      for {number, size} <- [{0, 0}, {1, 0}, {3, 2}, {2_000, 10}] do
        stream = stream(conn, "Count", "#{number}:#{size}")
        assert Connection.await_open(stream) == :ok
        {messages, :done} = read(stream)

        assert messages ==
                 for(n <- 0..(number - 1)//1, do: String.pad_trailing("#{n}", size, "."))

        assert Connection.next(stream) == {:error, {:closed, :ended}}
      end

      # Its request was complete from the start.
      stream = stream(conn, "Count", "0:0")
      assert Connection.send_message(stream, "x") == {:error, {:protocol, :half_closed}}
      assert read(stream) == {[], :done}

      refute kept?(conn)
    end

    test "messages larger than the window", %{unix: unix} do
      conn = connect(unix)
      {messages, :done} = read(stream(conn, "Count", "3:#{@window + 1_000_000}"))
      assert Enum.map(messages, &byte_size/1) == List.duplicate(@window + 1_000_000, 3)
    end

    test "a failure comes after the messages before it", %{unix: unix} do
      stream = stream(connect(unix), "Count", "2:1:too slow")
      assert {["0", "1"], {:error, {:status, 8, "too slow", trailers}}} = read(stream)
      assert {"detail", "plain"} in trailers
    end

    test "a method that is not there", %{unix: unix} do
      conn = connect(unix)
      stream = stream(conn, "Nothing", "")
      assert {:error, {:status, 12, _, _}} = Connection.await_open(stream)
      refute kept?(conn)
    end

    test "a deadline ends it and travels", %{unix: unix} do
      conn = connect(unix)
      stream = stream(conn, "Hold", "", timeout: 1_000)
      assert Connection.next(stream) == {:ok, "first"}
      # Either side may be the first to say so.
      assert match?({:error, :deadline_exceeded}, answer = Connection.next(stream)) or
               match?({:error, {:status, 4, _, _}}, answer)

      refute kept?(conn)
    end

    test "is cancelled by its reader, and by its reader's death", %{unix: unix} do
      conn = connect(unix)
      stream = stream(conn, "Hold", "")
      assert Connection.next(stream) == {:ok, "first"}
      Connection.cancel(stream)
      assert Connection.next(stream) == {:error, {:closed, :ended}}
      assert Connection.unary(conn, "/test.Echo/WasCancelled", "") == {:ok, "yes"}

      test = self()

      reader =
        spawn(fn ->
          send(test, Connection.next(stream(conn, "Hold", "")))
          receive(do: (:never -> :ok))
        end)

      assert_receive {:ok, "first"}
      Process.exit(reader, :kill)
      assert Connection.unary(conn, "/test.Echo/WasCancelled", "") == {:ok, "yes"}
      refute kept?(conn)
    end
  end

  describe "flow control" do
    setup do
      {listener, address} = listen()
      conn = connect(address)
      stream = stream(conn, "Count", "")
      socket = accept_open(listener)
      1 = request(socket)
      send_frames(socket, [response(1)])
      assert Connection.await_open(stream) == :ok
      %{conn: conn, stream: stream, socket: socket}
    end

    test "the window opens as messages are read, and not before", context do
      %{conn: conn, stream: stream, socket: socket} = context
      # Sixteen messages fill the stream's window. The connection's opens by itself.
      size = div(@window, 16)
      message = :binary.copy("m", size - 5)
      for _ <- 1..16, do: send_frames(socket, [message(1, message)])
      for _ <- 1..2, do: assert({:window_update, 0, _} = frame(socket))
      _ = settled(conn)
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}

      for _ <- 1..7, do: assert({:ok, ^message} = Connection.next(stream))
      assert :gen_tcp.recv(socket, 0, 50) == {:error, :timeout}
      # Told in batches of half a window.
      assert {:ok, ^message} = Connection.next(stream)
      assert frame(socket) == {:window_update, 1, 8 * size}

      send_frames(socket, [trailers(1)])
      assert {messages, :done} = read(stream)
      assert length(messages) == 8
      refute kept?(conn)
    end

    test "a server that overruns it is stopped", %{stream: stream, socket: socket} do
      message = :binary.copy("m", div(@window, 16) - 5)
      for _ <- 1..16, do: send_frames(socket, [message(1, message)])
      send_frames(socket, [{:data, 1, false, <<0>>, 0}])
      for _ <- 1..2, do: assert({:window_update, 0, _} = frame(socket))
      assert frame(socket) == {:rst_stream, 1, :flow_control_error}

      assert {messages, {:error, {:protocol, {:stream_error, :flow_control_error, _}}}} =
               read(stream)

      assert length(messages) == 16
    end

    test "one message in many pieces, many in one", %{stream: stream, socket: socket} do
      for byte <- [0, 0, 0, 0, 2, ?a], do: send_frames(socket, [{:data, 1, false, <<byte>>, 0}])
      send_frames(socket, [{:data, 1, false, [?b, <<0, 1::32, "c", 0, 0::32, 0, 1::32>>], 0}])
      send_frames(socket, [{:data, 1, false, "d", 7}, trailers(1)])
      assert read(stream) == {["ab", "c", "", "d"], :done}
    end
  end

  describe "an answer that is none" do
    # Frames after the response's HEADERS -> what is read, and the end
    for {what, frames, messages, last} <- [
          {"a compressed message", [{:data, 1, false, <<0, 1::32, "a", 1, 0::32>>, 0}], ["a"],
           {:error, {:protocol, {:message_flag, 1}}}},
          {"a message over the limit", [{:data, 1, false, <<0, 101::32>>, 0}], [],
           {:error, {:protocol, {:message_too_large, 101, 100}}}},
          {"half a message", [{:data, 1, false, <<0, 1::32, "a", 0, 5::32, "b">>, 0}, :ok], ["a"],
           {:error, {:protocol, :incomplete_message}}},
          {"no status", [{:data, 1, true, <<0, 1::32, "a">>, 0}], ["a"],
           {:error, {:protocol, :no_status}}},
          {"a reset",
           [{:data, 1, false, <<0, 1::32, "a">>, 0}, {:rst_stream, 1, :internal_error}], ["a"],
           {:error, {:closed, {:reset, :internal_error}}}}
        ] do
      test what do
        {listener, address} = listen()
        conn = connect(address, max_receive_bytes: 100)
        stream = stream(conn, "Count", "")
        socket = accept_open(listener)
        1 = request(socket)

        frames =
          Enum.map(unquote(Macro.escape(frames)), &if(&1 == :ok, do: trailers(1), else: &1))

        send_frames(socket, [response(1) | frames])
        assert read(stream) == {unquote(messages), unquote(Macro.escape(last))}
        refute kept?(conn)
      end
    end

    test "a connection that is lost: what arrived can still be read" do
      {listener, address} = listen()
      conn = connect(address)
      stream = stream(conn, "Count", "")
      socket = accept_open(listener)
      send_frames(socket, [response(request(socket)), message(1, "a")])
      assert Connection.await_open(stream) == :ok
      :gen_tcp.close(socket)
      assert read(stream) == {["a"], {:error, {:closed, :closed}}}
      refute kept?(conn)
    end

    test "a server that is not there, a process that is not there" do
      {listener, address} = listen()
      :gen_tcp.close(listener)
      conn = connect(address)
      stream = stream(conn, "Count", "")
      assert {:error, {:connect, :econnrefused}} = Connection.await_open(stream)
      refute kept?(conn)

      stream = stream(conn, "Count", "")
      Connection.close(conn)
      assert {:error, {:closed, _}} = Connection.next(stream)
      assert Connection.server_stream(:nobody, "/a/b", "") == {:error, {:closed, :noproc}}
      assert {:error, {:protocol, _}} = Connection.server_stream(conn, "a/b", "")
    end
  end

  test "any bytes: what is readable is handed out, nothing raises, nothing grows" do
    alias Vllm.Bridge.Connection.StreamCall
    :rand.seed(:exsss, {4, 5, 6})

    for _ <- 1..300 do
      call = %StreamCall{
        ref: make_ref(),
        monitor: make_ref(),
        max_size: 1_000,
        status: {:ok, 0, ""}
      }

      messages = for _ <- 1..5, do: :rand.bytes(:rand.uniform(40) - 1)
      framed = for message <- messages, into: "", do: <<0, byte_size(message)::32>> <> message
      # Some have a byte changed, some end early.
      spoilt = :rand.uniform(3)
      {call, given_back, read} = feed(call, spoil(framed, spoilt), 0, [])
      kept = call.inbox.size
      assert kept <= call.size
      pieces = [call.inbox.head | call.inbox.later]
      assert IO.iodata_length(pieces) == kept
      # The server's window lacks no more than what is kept.
      if spoilt != 1, do: assert(call.held + given_back == call.size and call.held <= kept)
      read = Enum.reverse(read)
      if spoilt != 1, do: assert(read == Enum.take(messages, length(read)))
    end
  end

  defp spoil(bytes, 1) do
    at = :rand.uniform(byte_size(bytes)) - 1
    <<before::binary-size(at), _, rest::binary>> = bytes
    <<before::binary, :rand.uniform(256) - 1, rest::binary>>
  end

  defp spoil(bytes, 2), do: binary_part(bytes, 0, :rand.uniform(byte_size(bytes)))
  defp spoil(bytes, 3), do: bytes

  defp feed(call, "", given_back, read), do: {call, given_back, read}

  defp feed(call, bytes, given_back, read) do
    alias Vllm.Bridge.Connection.StreamCall
    size = :rand.uniform(byte_size(bytes))
    <<chunk::binary-size(size), rest::binary>> = bytes
    {:ok, call} = StreamCall.data(call, chunk)
    # Not always is there a reader.
    waiter = if :rand.uniform(2) == 1, do: {:next, make_ref()}

    case StreamCall.step(%{call | waiter: waiter}) do
      {call, more, {_waiter, {:ok, message}, false}} ->
        feed(%{call | waiter: nil}, rest, given_back + more, [message | read])

      {call, more, nil} ->
        feed(%{call | waiter: nil}, rest, given_back + more, read)

      {:error, {:protocol, {kind, _}}} when kind == :message_flag ->
        {call, given_back, read}

      {:error, {:protocol, {:message_too_large, _size, 1_000}}} ->
        {call, given_back, read}
    end
  end

  test "an ended stream that is not read goes with its reader" do
    {listener, address} = listen()
    conn = connect(address)
    test = self()

    reader =
      spawn(fn ->
        send(test, Connection.await_open(stream(conn, "Count", "")))
        receive(do: (:never -> :ok))
      end)

    socket = accept_open(listener)
    send_frames(socket, answer(request(socket), "a"))
    assert_receive :ok
    monitor = Process.monitor(reader)
    Process.exit(reader, :kill)
    assert_receive {:DOWN, ^monitor, :process, _, _}
    refute kept?(conn)
  end

  test "the deadline is what is left when a call's turn comes" do
    {listener, address} = listen()
    conn = connect(address)
    first = Task.async(fn -> Connection.unary(conn, "/a/First", "") end)
    socket = accept_open(listener, max_concurrent_streams: 1)
    1 = request(socket)
    second = Task.async(fn -> Connection.unary(conn, "/a/Second", "", timeout: 10_000) end)

    # Its turn comes 100 ms later: what was made when it was asked for would say 10,000 ms.
    assert Task.yield(second, 100) == nil
    send_frames(socket, answer(1, "ok"))
    assert {:headers, 3, false, true, nil, block} = frame(socket)
    {:data, 3, true, _, _} = frame(socket)
    assert Task.await(first, 60_000) == {:ok, "ok"}

    assert [timeout] = Regex.run(~r/\d{4,5}m/, block)
    {left, "m"} = Integer.parse(timeout)
    assert left in 5_000..9_900
    send_frames(socket, answer(3, "ok"))
    assert Task.await(second, 60_000) == {:ok, "ok"}
  end
end
