Code.require_file("../support_h2/echo_server.exs", __DIR__)
Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.EndpointTest do
  use ExUnit.Case, async: true
  doctest Vllm.Bridge.Endpoint

  alias Vllm.Bridge.Endpoint

  test "what is accepted" do
    assert Endpoint.parse("unix:relative.sock") == {:ok, {:local, "relative.sock"}}
    assert Endpoint.parse("unix:///a/b.sock") == {:ok, {:local, "/a/b.sock"}}
    assert Endpoint.parse("rank-0.example.org:1") == {:ok, {:tcp, "rank-0.example.org", 1}}
    assert Endpoint.parse("127.0.0.1:65535") == {:ok, {:tcp, "127.0.0.1", 65_535}}
    assert Endpoint.parse("[fe80::1%eth0]:1") == {:ok, {:tcp, "fe80::1%eth0", 1}}
    assert Endpoint.parse("[fe80::1%25eth0]:1") == {:ok, {:tcp, "fe80::1%eth0", 1}}
    assert Endpoint.authority({:tcp, "fe80::1%eth0", 1}) == "[fe80::1]:1"
  end

  test "a socket's path is taken as it is, whatever it contains" do
    for path <- ["/a b/x", "/a#b?c,d%41e", "/über/😀", "/a\nb", <<"/", 0xFF, 0xFE>>] do
      assert Endpoint.parse("unix:" <> path) == {:ok, {:local, path}}
      assert String.printable?(Endpoint.readable("unix:" <> path))
    end

    assert {:error, message} = Endpoint.parse("http://host:1")
    assert message =~ "an address has no scheme"
    assert Endpoint.readable(<<"unix:/a", 0xFF, "b">>) == "unix:/a\\xffb"
    assert Endpoint.readable("unix:/über") == "unix:/über"
  end

  test "what is refused is named, with what is accepted" do
    long = "unix:/" <> String.duplicate("x", 107)

    for bad <-
          [
            "",
            "unix:",
            "host",
            "host:",
            ":1",
            "host:0",
            "host:65536",
            "host:+1",
            "host:1x",
            "::1:5"
          ] ++
            [
              "[::1]",
              "[x]:1",
              "[::1]:0",
              "ho st:1",
              "http://host:1",
              <<0xFF, ":1">>,
              nil,
              5,
              long
            ] do
      assert {:error, message} = Endpoint.parse(bad)
      assert message =~ inspect(bad)
      assert message =~ "host:port"
    end
  end
end

defmodule Vllm.Bridge.ConnectionTest do
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.ScriptedServer
  import Vllm.Bridge.HTTP2.Peer, only: [headers: 2, headers: 3]

  alias Vllm.Bridge.{Connection, EchoServer}

  @moduletag timeout: 60_000

  setup_all do
    {_port, unix} = EchoServer.start("unix:" <> EchoServer.socket_path())
    {_port, tcp} = EchoServer.start("127.0.0.1:0")
    %{unix: unix, tcp: tcp}
  end

  defp connect(endpoint, opts \\ []) do
    {:ok, conn} = Connection.start_link([endpoint: endpoint] ++ opts)
    conn
  end

  defp call(conn, method, request, opts \\ []),
    do: Connection.unary(conn, "/test.Echo/" <> method, request, opts)

  defp elapsed(fun) do
    start = System.monotonic_time(:millisecond)
    result = fun.()
    {result, System.monotonic_time(:millisecond) - start}
  end

  # The metadata the server saw, each as [name, value].
  defp seen(conn, opts) do
    {:ok, json} = call(conn, "Metadata", "", opts)
    for [_, name, value] <- Regex.scan(~r/\["([^"]*)", "([^"]*)"\]/, json), do: {name, value}
  end

  for transport <- [:unix, :tcp] do
    describe "a grpc server over #{transport}" do
      setup context, do: %{conn: connect(context[unquote(transport)])}

      test "empty, small and large messages", %{conn: conn} do
        assert call(conn, "Echo", "") == {:ok, ""}
        assert call(conn, "Echo", ["he", [?l, "l"], "o"]) == {:ok, "hello"}

        for size <- [63, 64, 65, 16_379, 65_535, 5_000_000] do
          message = :rand.bytes(size)
          assert call(conn, "Echo", message) == {:ok, message}
        end
      end

      test "more than every window, both ways at once", %{conn: conn} do
        message = :binary.copy("0123456789abcdef", 2 * 1024 * 1024)

        tasks = for _ <- 1..3, do: Task.async(fn -> call(conn, "Echo", message) end)
        for answer <- Task.await_many(tasks, 30_000), do: assert(answer == {:ok, message})
      end

      test "status, message and trailers", %{conn: conn} do
        assert {:error, {:status, 5, "nicht gefunden: ü 100%", trailers}} =
                 call(conn, "Fail", "5:nicht gefunden: ü 100%")

        assert {"detail", "plain"} in trailers
        assert {"detail-bin", :binary.list_to_bin(Enum.to_list(0..255))} in trailers
        refute List.keymember?(trailers, "grpc-status", 0)
      end

      test "a method that is not there", %{conn: conn} do
        assert {:error, {:status, 12, _, []}} = call(conn, "Nothing", "")
      end

      test "32 callers", %{conn: conn} do
        1..32
        |> Enum.map(fn caller ->
          Task.async(fn ->
            for n <- 1..50 do
              message = "#{caller}:#{n}"
              assert call(conn, "Echo", message) == {:ok, message}
            end
          end)
        end)
        |> Task.await_many(30_000)
      end
    end
  end

  describe "metadata" do
    test "arrives, binary values too", %{unix: unix} do
      conn = connect(unix)

      metadata = [
        {"vllm-session-id", "s-1"},
        {"Vllm-Call-Id", "c 1"},
        {"raw-bin", <<0, 1, 255>>},
        {"raw-bin", ""}
      ]

      for _ <- 1..2 do
        seen = seen(conn, metadata: metadata)
        assert {"vllm-session-id", "s-1"} in seen
        assert {"vllm-call-id", "c 1"} in seen
        assert {"raw-bin", "0001ff"} in seen
        assert {"time-remaining", "none"} in seen
        refute List.keymember?(seen, "authorization", 0)
      end
    end

    test "the token is sent as a bearer", %{unix: unix} do
      conn = connect(unix, token: "s3cret")
      for _ <- 1..2, do: assert({"authorization", "Bearer s3cret"} in seen(conn, []))
      refute inspect(:sys.get_status(conn), limit: :infinity) =~ "s3cret"
    end

    test "that cannot be sent is refused", %{unix: unix} do
      conn = connect(unix)

      for bad <-
            [{"", "x"}, {"a b", "x"}, {"a", "x\n"}, {"a", "ü"}, {":path", "x"}, {"grpc-x", "x"}] ++
              [{"te", "x"}, {:a, "x"}, :what] do
        assert {:error, {:protocol, {:invalid_metadata, _}}} =
                 call(conn, "Echo", "", metadata: [bad])
      end

      assert {:error, {:protocol, {:invalid_metadata, _}}} =
               call(conn, "Echo", "", metadata: :what)

      assert {:error, {:protocol, {:invalid_path, _}}} = Connection.unary(conn, "a/b", "")
      assert {:error, {:protocol, {:invalid_timeout, -1}}} = call(conn, "Echo", "", timeout: -1)

      assert {:error, {:protocol, {:unknown_option, :timout, _known}} = reason} =
               call(conn, "Echo", "", timout: 5)

      assert Connection.format_reason(reason) =~
               "unknown option timout of a call; known are: timeout"

      assert call(conn, "Echo", "fine") == {:ok, "fine"}
    end
  end

  describe "a server's limit for headers" do
    test "refuses what is over it before anything is sent; other calls go on" do
      {listener, address} = listen()
      conn = connect(address)
      large = [metadata: [{"k", String.duplicate("v", 1000)}]]

      # One waits for the connection to open, one finds it open.
      waiting = Task.async(fn -> call(conn, "Echo", "", large) end)
      socket = accept_open(listener, max_header_list_size: 1000)

      assert {:error, {:protocol, {:headers_too_large, size, 1000}} = reason} =
               Task.await(waiting, 60_000)

      assert size > 1000
      assert call(conn, "Echo", "", large) == {:error, reason}

      text = Connection.format_reason(reason)
      assert text =~ "#{size} bytes" and text =~ "1000" and text =~ "Nothing was sent"

      task = Task.async(fn -> call(conn, "Echo", "") end)
      assert 1 = stream = request(socket)
      send_frames(socket, answer(stream, "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
      assert :sys.get_state(conn).calls == %{}
      assert Process.info(conn, :monitors) == {:monitors, []}
    end

    test "is grpcio's too", %{unix: unix} do
      conn = connect(unix)
      metadata = [{"k", String.duplicate("v", 100_000)}]

      assert {:error, {:protocol, {:headers_too_large, size, limit}}} =
               call(conn, "Echo", "", metadata: metadata)

      assert size > 100_000 and limit < 100_000
      assert call(conn, "Echo", "fine") == {:ok, "fine"}
    end
  end

  describe "deadlines" do
    test "end a call on time and travel with it", %{unix: unix} do
      conn = connect(unix)
      assert {:ok, _} = call(conn, "Echo", "")
      {answer, ms} = elapsed(fn -> call(conn, "Sleep", "30", timeout: 100) end)
      # The server keeps the deadline too, and may be the first to say so.
      assert answer == {:error, :deadline_exceeded} or
               match?({:error, {:status, 4, _, _}}, answer)

      assert ms in 90..15_000
      assert call(conn, "Echo", "next") == {:ok, "next"}

      {_, remaining} = List.keyfind(seen(conn, timeout: 50_000), "time-remaining", 0)
      assert_in_delta String.to_float(remaining), 50.0, 5.0
    end

    test "hold when the server never says a word" do
      {_listener, address} = listen()
      conn = connect(address)
      {answer, ms} = elapsed(fn -> call(conn, "Echo", "", timeout: 50) end)
      assert answer == {:error, :deadline_exceeded}
      assert ms < 15_000
      assert call(conn, "Echo", "", timeout: 0) == {:error, :deadline_exceeded}
    end

    test "reset the stream" do
      {listener, address} = listen()
      conn = connect(address)
      task = Task.async(fn -> call(conn, "Echo", "", timeout: 1_000) end)
      socket = accept_open(listener)
      stream = request(socket)
      assert Task.await(task, 60_000) == {:error, :deadline_exceeded}
      assert frame(socket) == {:rst_stream, stream, :cancel}
    end
  end

  test "a caller that dies cancels its call", %{unix: unix} do
    conn = connect(unix)
    {:ok, _} = call(conn, "Echo", "")
    caller = spawn(fn -> call(conn, "Block", "") end)

    # Messages of one connection process are handled in order: once this is answered and the caller
    # waits, its call is out.
    wait_until_waiting(caller)
    {:ok, _} = call(conn, "Echo", "")
    Process.exit(caller, :kill)
    assert call(conn, "WasCancelled", "") == {:ok, "yes"}
  end

  defp wait_until_waiting(pid) do
    case Process.info(pid, [:status, :current_function]) do
      [status: :waiting, current_function: {Connection.Stream, _, _}] -> :ok
      _ -> wait_until_waiting(pid)
    end
  end

  describe "a server that is not there" do
    test "fails calls at once, again and again, until it is there" do
      path = EchoServer.socket_path()
      conn = connect("unix:" <> path)

      for _ <- 1..3 do
        {answer, ms} = elapsed(fn -> call(conn, "Echo", "") end)
        assert {:error, {:connect, :enoent}} = answer
        assert ms < 5_000
      end

      EchoServer.start("unix:" <> path)
      assert call(conn, "Echo", "hi") == {:ok, "hi"}
    end

    test "over TCP" do
      {listener, address} = listen()
      :gen_tcp.close(listener)
      assert {:error, {:connect, :econnrefused}} = call(connect(address), "Echo", "")
    end

    test "many callers share one attempt" do
      {listener, address} = listen()
      conn = connect(address)
      tasks = for n <- 1..10, do: Task.async(fn -> call(conn, "Echo", "#{n}") end)
      socket = accept_open(listener)
      for _ <- 1..10, do: send_frames(socket, answer(request(socket), "ok"))
      for answer <- Task.await_many(tasks, 60_000), do: assert(answer == {:ok, "ok"})
      assert :gen_tcp.accept(listener, 0) == {:error, :timeout}
    end
  end

  describe "a server that dies" do
    test "fails calls in flight at once, and its successor serves the next" do
      path = EchoServer.socket_path()
      {server, address} = EchoServer.start("unix:" <> path)
      conn = connect(address)
      {:ok, _} = call(conn, "Echo", "")
      tasks = for _ <- 1..5, do: Task.async(fn -> call(conn, "Block", "") end)
      for task <- tasks, do: wait_until_waiting(task.pid)
      {:ok, _} = call(conn, "Echo", "")

      {answers, ms} =
        elapsed(fn ->
          EchoServer.kill(server)
          Task.await_many(tasks, 60_000)
        end)

      for answer <- answers, do: assert({:error, {:closed, _}} = answer)
      assert ms < 5_000

      File.rm(path)
      EchoServer.start("unix:" <> path)
      assert call(conn, "Echo", "again") == {:ok, "again"}
    end

    test "by its own fault in the call" do
      {_server, address} = EchoServer.start("unix:" <> EchoServer.socket_path())
      assert {:error, {:closed, _}} = call(connect(address), "Crash", "")
    end
  end

  describe "a server that is not one" do
    # What the server answers after SETTINGS -> reason
    for {what, fields, reason} <- [
          {"HTTP status", [{":status", "503"}], {:http_status, 503}},
          {"content type", [{":status", "200"}, {"content-type", "text/html"}],
           {:content_type, "text/html"}},
          {"no content type", [{":status", "200"}], {:content_type, nil}},
          {"no status", [{":status", "200"}, {"content-type", "application/grpc"}], :no_status},
          {"no message",
           [{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}],
           :incomplete_message}
        ] do
      test what do
        {listener, address} = listen()
        task = Task.async(fn -> call(connect(address), "Echo", "") end)
        socket = accept_open(listener)
        stream = request(socket)
        send_frames(socket, [headers(stream, unquote(fields), true)])
        assert Task.await(task, 60_000) == {:error, {:protocol, unquote(Macro.escape(reason))}}
      end
    end

    for {what, body, reason} <- [
          {"a compressed message", <<1, 0::32>>, {:message_flag, 1}},
          {"two messages", <<0, 1::32, "a", 0, 0::32>>, :second_message},
          {"a message over the limit", <<0, 101::32>>, {:message_too_large, 101, 100}}
        ] do
      test what do
        {listener, address} = listen()

        task = Task.async(fn -> call(connect(address, max_receive_bytes: 100), "Echo", "") end)

        socket = accept_open(listener)
        stream = request(socket)

        send_frames(socket, [
          headers(stream, [{":status", "200"}, {"content-type", "application/grpc+proto"}]),
          {:data, stream, false, unquote(body), 0}
        ])

        assert Task.await(task, 60_000) == {:error, {:protocol, unquote(Macro.escape(reason))}}
        assert frame(socket) == {:rst_stream, stream, :cancel}
      end
    end

    test "speaks HTTP/1" do
      {listener, address} = listen()
      task = Task.async(fn -> call(connect(address), "Echo", "") end)
      socket = accept(listener)
      :ok = :gen_tcp.send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n")

      assert {:error, {:protocol, {:connection_error, :protocol_error, _}}} =
               Task.await(task, 60_000)

      assert {:goaway, 0, :protocol_error, _} = frame(socket)
      assert :gen_tcp.recv(socket, 0, 1000) == {:error, :closed}
    end

    test "closes at once, or says nothing" do
      {listener, address} = listen()
      conn = connect(address, connect_timeout: 2_000)
      task = Task.async(fn -> call(conn, "Echo", "") end)
      listener |> accept() |> :gen_tcp.close()
      assert Task.await(task, 60_000) == {:error, {:connect, :closed}}
      assert call(conn, "Echo", "") == {:error, {:connect, :timeout}}
    end

    test "breaks HTTP/2 in the middle of calls" do
      {listener, address} = listen()
      conn = connect(address)
      task = Task.async(fn -> call(conn, "Echo", "") end)
      socket = accept_open(listener)
      1 = request(socket)
      send_frames(socket, [{:push_promise, 1, 2, true, ""}])

      assert {:error, {:protocol, {:connection_error, :protocol_error, _}}} =
               Task.await(task, 60_000)

      # The next call has a new connection.
      task = Task.async(fn -> call(conn, "Echo", "") end)
      socket = accept_open(listener)
      send_frames(socket, answer(request(socket), "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
    end

    test "resets a stream" do
      {listener, address} = listen()
      task = Task.async(fn -> call(connect(address), "Echo", "") end)
      socket = accept_open(listener)
      send_frames(socket, [{:rst_stream, request(socket), :internal_error}])
      assert Task.await(task, 60_000) == {:error, {:closed, {:reset, :internal_error}}}
    end
  end

  describe "a server that goes away" do
    test "finishes what it accepted, returns the rest; new calls connect again" do
      {listener, address} = listen()
      conn = connect(address)
      first = Task.async(fn -> call(conn, "Echo", "") end)
      old = accept_open(listener)
      1 = request(old)
      second = Task.async(fn -> call(conn, "Echo", "") end)
      3 = request(old)
      send_frames(old, [{:goaway, 1, :no_error, ""}])
      assert Task.await(second, 60_000) == {:error, {:unprocessed, {:goaway, :no_error}}}

      third = Task.async(fn -> call(conn, "Echo", "") end)
      new = accept_open(listener)
      send_frames(new, answer(request(new), "new"))
      assert Task.await(third, 60_000) == {:ok, "new"}

      send_frames(old, answer(1, "old"))
      assert Task.await(first, 60_000) == {:ok, "old"}
      assert {:error, :closed} = :gen_tcp.recv(old, 0, 2000)
    end

    test "refuses a stream" do
      {listener, address} = listen()
      task = Task.async(fn -> call(connect(address), "Echo", "") end)
      socket = accept_open(listener)
      send_frames(socket, [{:rst_stream, request(socket), :refused_stream}])
      assert Task.await(task, 60_000) == {:error, {:unprocessed, :refused_stream}}
    end

    test "without having been sent what waited for its turn" do
      {listener, address} = listen()
      conn = connect(address)
      first = Task.async(fn -> call(conn, "Echo", "") end)
      socket = accept_open(listener, max_concurrent_streams: 1)
      1 = request(socket)
      second = Task.async(fn -> call(conn, "Echo", "") end)
      wait_until_waiting(second.pid)
      # Answered by the connection, so it has seen the second call.
      _ = :sys.get_status(conn)
      :gen_tcp.close(socket)
      assert Task.await(first, 60_000) == {:error, {:closed, :closed}}
      assert Task.await(second, 60_000) == {:error, {:unprocessed, :closed}}
    end
  end

  describe "the process" do
    test "that is not there is an error, not an exit", %{unix: unix} do
      conn = connect(unix)
      assert Connection.close(conn) == :ok
      assert Connection.close(conn) == :ok
      assert call(conn, "Echo", "") == {:error, {:closed, :noproc}}
      assert call(:no_such_connection, "Echo", "") == {:error, {:closed, :noproc}}
      assert call({:via, Registry, {NoRegistry, 1}}, "Echo", "") == {:error, {:closed, :noproc}}
    end

    test "fails calls in flight when it is closed", %{unix: unix} do
      conn = connect(unix, name: :named_connection)
      {:ok, _} = call(:named_connection, "Echo", "")
      task = Task.async(fn -> call(:named_connection, "Sleep", "0.5") end)
      wait_until_waiting(task.pid)
      Connection.close(conn)
      assert Task.await(task, 60_000) == {:error, {:closed, :closed_here}}
    end

    test "does not start with an endpoint it cannot read" do
      assert {:error, %Vllm.Error{message: message}} = Connection.start_link(endpoint: "nonsense")
      assert message =~ "nonsense"
      assert {:error, _} = Connection.start_link([])
    end

    test "keeps nothing of finished calls", %{unix: unix} do
      conn = connect(unix)
      for _ <- 1..20, do: {:ok, _} = call(conn, "Echo", "x", timeout: 5000)
      call(conn, "Sleep", "1", timeout: 10)
      {:ok, _} = call(conn, "Echo", "")
      state = :sys.get_state(conn)
      assert state.calls == %{}
      assert [link] = Map.values(state.links)
      assert {link.streams, link.client.streams, link.client.active} == {%{}, %{}, 0}
    end
  end

  test "runs under a supervisor", %{unix: unix} do
    conn = start_supervised!({Connection, endpoint: unix})
    assert call(conn, "Echo", "hi") == {:ok, "hi"}
  end

  test "the kernel looks after a TCP peer that says nothing", %{tcp: tcp} do
    conn = connect(tcp)
    {:ok, _} = call(conn, "Echo", "")
    assert [socket] = Map.keys(:sys.get_state(conn).links)
    assert :inet.getopts(socket, [:keepalive, :nodelay]) == {:ok, keepalive: true, nodelay: true}
  end

  test "large messages do not stay in the connection's memory", %{unix: unix} do
    conn = connect(unix)
    message = :binary.copy("x", 20_000_000)
    {:ok, _} = call(conn, "Echo", message)
    {:ok, _} = call(conn, "Size", message)
    # Answered after the collection that the calls before asked for.
    {:ok, _} = call(conn, "Echo", "")
    {:binary, binaries} = Process.info(conn, :binary)
    assert Enum.sum(for {_, size, _} <- binaries, do: size) < 2_000_000
  end

  test "every reason has a sentence that says what to do" do
    for reason <- [
          {:status, 5, "gone", []},
          {:status, 13, <<0xFF>>, []},
          :deadline_exceeded,
          {:connect, :enoent},
          {:connect, :timeout},
          {:connect, {:crash, []}},
          {:unprocessed, {:goaway, :no_error}},
          {:unprocessed, :refused_stream},
          {:closed, :noproc},
          {:closed, :closed},
          {:closed, {:reset, :cancel}},
          {:protocol, {:http_status, 503}},
          {:protocol, {:content_type, nil}},
          {:protocol, {:message_too_large, 5, 4}},
          {:protocol, {:request_too_large, 5}},
          {:protocol, {:headers_too_large, 5, 4}},
          {:protocol, {:invalid_metadata, "A"}},
          {:protocol, {:invalid_path, ""}},
          {:protocol, {:invalid_timeout, -1}},
          {:protocol, {:connection_error, :protocol_error, "x"}},
          {:protocol, {:stream_error, :protocol_error, "x"}},
          {:protocol, :no_status}
        ] do
      sentence = Connection.format_reason(reason)
      assert String.valid?(sentence)
      assert byte_size(sentence) > 20
    end

    assert Connection.format_reason({:connect, :enoent}) =~ "no such file or directory"
  end
end
