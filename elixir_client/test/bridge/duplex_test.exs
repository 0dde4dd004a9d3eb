Code.require_file("../support_h2/echo_server.exs", __DIR__)
Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.DuplexTest do
  # Calls whose request is a stream of messages.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.ScriptedServer

  alias Vllm.Bridge.{Connection, EchoServer}

  @moduletag timeout: 60_000
  @room 1024 * 1024

  setup_all do
    {_port, unix} = EchoServer.start("unix:" <> EchoServer.socket_path())
    %{unix: unix}
  end

  defp connect(endpoint, opts \\ []) do
    {:ok, conn} = Connection.start_link([endpoint: endpoint] ++ opts)
    conn
  end

  defp collect(conn, messages, opts \\ []),
    do: Connection.client_stream(conn, "/test.Echo/Collect", messages, opts)

  defp talk(conn, opts \\ []), do: begin(conn, "Talk", opts)

  defp begin(conn, method, opts \\ []) do
    {:ok, stream} = Connection.bidi_stream(conn, "/test.Echo/" <> method, opts)
    stream
  end

  defp kept?(conn),
    do: :sys.get_state(conn).calls != %{} or Process.info(conn, :monitors) != {:monitors, []}

  describe "a stream of requests to a grpc server" do
    test "none, one, many, large ones", %{unix: unix} do
      conn = connect(unix)
      assert collect(conn, []) == {:ok, "0:0"}
      assert collect(conn, [""]) == {:ok, "1:0"}
      assert collect(conn, Stream.map(1..500, &["message ", "#{&1}"])) == {:ok, "500:5392"}
      large = :binary.copy("x", 5_000_000)
      assert collect(conn, List.duplicate(large, 5)) == {:ok, "5:25000000"}
      refute kept?(conn)
    end

    test "its answer may come before they are all read", %{unix: unix} do
      conn = connect(unix)
      {:ok, read} = Agent.start_link(fn -> 0 end)

      # More than could ever wait here or with the server.
      messages =
        Stream.map(1..10_000, fn n ->
          Agent.update(read, fn _ -> n end)
          :binary.copy("x", 100_000)
        end)

      assert {:ok, first} = Connection.client_stream(conn, "/test.Echo/FirstOnly", messages)
      assert byte_size(first) == 100_000
      assert Agent.get(read, & &1) < 10_000
      refute kept?(conn)
    end

    test "what the messages raise is raised, and the call given up", %{unix: unix} do
      conn = connect(unix)
      messages = Stream.map(1..3, &if(&1 == 3, do: throw(:no_more), else: "x"))
      assert catch_throw(collect(conn, messages)) == :no_more
      refute kept?(conn)
    end

    test "a deadline, a method that is not there, a server that is not there", %{unix: unix} do
      conn = connect(unix)

      slow =
        Stream.repeatedly(fn ->
          receive(do: (:never -> :ok), after: (10 -> "x"))
        end)

      assert collect(conn, slow, timeout: 100) in [
               {:error, :deadline_exceeded},
               {:error, {:status, 4, "Deadline Exceeded", []}}
             ]

      assert {:error, {:status, 12, _, []}} = Connection.client_stream(conn, "/a/B", ["x"])
      assert {:error, {:connect, :enoent}} = collect(connect("unix:/nowhere/at/all"), ["x"])
      assert {:error, {:closed, :noproc}} = collect(:nobody, ["x"])
      refute kept?(conn)
    end

    test "many at once", %{unix: unix} do
      conn = connect(unix)
      messages = List.duplicate(:binary.copy("x", 50_000), 20)
      tasks = for _ <- 1..8, do: Task.async(fn -> collect(conn, messages) end)
      assert Task.await_many(tasks, 30_000) == List.duplicate({:ok, "20:1000000"}, 8)
    end
  end

  describe "streams both ways with a grpc server" do
    test "in turn", %{unix: unix} do
      conn = connect(unix)
      stream = talk(conn)

      for size <- [0, 1, 70_000, 3] do
        message = :rand.bytes(size)
        assert Connection.send_message(stream, message) == :ok
        assert Connection.next(stream) == {:ok, message}
      end

      assert Connection.half_close(stream) == :ok
      assert Connection.send_message(stream, "x") == {:error, {:protocol, :half_closed}}
      assert Connection.next(stream) == :done
      assert Connection.send_message(stream, "x") == {:error, {:closed, :ended}}
      assert Connection.half_close(stream) == :ok
      refute kept?(conn)
    end

    test "is cancelled by its owner, and by its owner's death", %{unix: unix} do
      conn = connect(unix)
      stream = begin(conn, "Linger")
      assert Connection.send_message(stream, "x") == :ok
      assert Connection.next(stream) == {:ok, "x"}
      assert Connection.cancel(stream) == :ok
      assert Connection.send_message(stream, "x") == {:error, {:closed, :ended}}
      assert Connection.unary(conn, "/test.Echo/WasCancelled", "") == {:ok, "yes"}

      test = self()

      owner =
        spawn(fn ->
          stream = begin(conn, "Linger")
          :ok = Connection.send_message(stream, "y")
          send(test, Connection.next(stream))
          receive(do: (:never -> :ok))
        end)

      assert_receive {:ok, "y"}
      Process.exit(owner, :kill)
      assert Connection.unary(conn, "/test.Echo/WasCancelled", "") == {:ok, "yes"}
      refute kept?(conn)
    end

    test "a process that waits for other messages too", %{unix: unix} do
      stream = talk(connect(unix))
      {:ok, sent} = Connection.request_send(stream, "a")
      {:ok, sent_too} = Connection.request_send(stream, "b")
      first = Connection.request_next(stream)
      assert_receive {^sent, :ok}
      assert_receive {^sent_too, :ok}
      assert_receive {^first, {:ok, "a"}}
      assert Connection.next(stream) == {:ok, "b"}
      Connection.cancel(stream)
    end
  end

  describe "back pressure" do
    setup do
      {listener, address} = listen()
      conn = connect(address)
      stream = talk(conn)
      # Sent before there is a connection: kept until there is one.
      {:ok, first} = Connection.request_send(stream, "early")
      socket = accept_open(listener)
      assert {:headers, 1, false, true, nil, _} = frame(socket)
      assert {:data, 1, false, <<0, 5::32, "early">>, _} = frame(socket)
      assert_receive {^first, :ok}
      %{conn: conn, stream: stream, socket: socket}
    end

    # The server's initial window is 65,535 bytes.
    defp read_window(socket, size) when size > 0 do
      {:data, 1, false, _, got} = frame(socket)
      read_window(socket, size - got)
    end

    defp read_window(_socket, 0), do: :ok

    test "a sender waits while the server's window is shut", context do
      %{conn: conn, stream: stream, socket: socket} = context
      message = :binary.copy("x", @room)
      # What does not fit the window is within the room, and then it is not.
      assert Connection.send_message(stream, message) == :ok
      {:ok, ref} = Connection.request_send(stream, message)
      read_window(socket, 65_535 - 10)
      _ = :sys.get_state(conn)
      refute_received {^ref, _}

      send_frames(socket, [{:window_update, 0, @room}, {:window_update, 1, @room}])
      assert_receive {^ref, :ok}
      read_window(socket, @room)

      # A window that the server makes smaller, and negative, is waited for too.
      assert {:ok, ref} = Connection.request_send(stream, message)
      send_frames(socket, [{:settings, [initial_window_size: 0]}, {:window_update, 0, 9 * @room}])
      assert frame(socket) == {:settings, :ack}
      refute_received {^ref, _}
      send_frames(socket, [{:window_update, 1, @room + 65_535}])
      assert_receive {^ref, :ok}
      read_window(socket, @room)
    end

    test "a sender's deadline holds", %{conn: conn} do
      stream = talk(conn, timeout: 1_000)
      assert Connection.send_message(stream, :binary.copy("x", @room)) == :ok

      assert Connection.send_message(stream, :binary.copy("x", @room)) ==
               {:error, :deadline_exceeded}
    end

    test "a stream that ends tells its sender", %{conn: conn, stream: stream, socket: socket} do
      {:ok, ref} = Connection.request_send(stream, :binary.copy("x", 2 * @room))
      read_window(socket, 65_535 - 10)
      send_frames(socket, answer(1, "enough"))
      assert_receive {^ref, {:error, {:closed, :ended}}}
      # There is nobody to read the rest of the request (RFC 9113 section 8.1).
      assert frame(socket) == {:rst_stream, 1, :no_error}
      assert Connection.next(stream) == {:ok, "enough"}
      assert Connection.next(stream) == :done
      refute kept?(conn)
    end

    test "so does a connection that is lost", %{conn: conn, stream: stream, socket: socket} do
      {:ok, ref} = Connection.request_send(stream, :binary.copy("x", 2 * @room))
      read_window(socket, 65_535 - 10)
      :gen_tcp.close(socket)
      assert_receive {^ref, {:error, {:closed, :ended}}}
      assert {:error, {:closed, _}} = Connection.next(stream)
      refute kept?(conn)
    end

    test "an answer of two messages is none to a stream of requests", context do
      %{conn: conn, stream: stream, socket: socket} = context
      Connection.cancel(stream)
      assert frame(socket) == {:rst_stream, 1, :cancel}
      task = Task.async(fn -> collect(conn, []) end)
      assert {:headers, 3, false, true, nil, _} = frame(socket)
      assert {:data, 3, true, "", _} = frame(socket)
      send_frames(socket, [response(3), message(3, "a"), message(3, "b")])
      assert Task.await(task, 60_000) == {:error, {:protocol, :second_message}}
      assert frame(socket) == {:rst_stream, 3, :cancel}
    end
  end

  test "waits for its turn with what it was given" do
    {listener, address} = listen()
    conn = connect(address)
    first = Task.async(fn -> Connection.unary(conn, "/a/First", "") end)
    socket = accept_open(listener, max_concurrent_streams: 1)
    1 = request(socket)
    stream = talk(conn)
    assert Connection.send_message(stream, "a") == :ok
    assert Connection.send_message(stream, "b") == :ok
    Connection.half_close(stream)
    send_frames(socket, answer(1, "ok"))
    assert Task.await(first, 60_000) == {:ok, "ok"}
    assert {:headers, 3, false, true, nil, _} = frame(socket)
    assert {:data, 3, true, <<0, 1::32, "a", 0, 1::32, "b">>, _} = frame(socket)
    send_frames(socket, answer(3, "ok"))
    assert Connection.next(stream) == {:ok, "ok"}
    assert Connection.next(stream) == :done
  end
end
