Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.ReconnectTest do
  # A connection that is lost, cannot be opened, or whose server says nothing any more.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.ScriptedServer

  alias Vllm.Bridge.Connection
  alias Vllm.Bridge.Connection.Backoff

  @moduletag timeout: 60_000

  defp connect(endpoint, opts \\ []) do
    {:ok, conn} = Connection.start_link([endpoint: endpoint] ++ opts)
    conn
  end

  defp call(conn, opts \\ []), do: Connection.unary(conn, "/a/B", "", opts)
  defp async(conn, opts \\ []), do: Task.async(fn -> call(conn, opts) end)

  defp elapsed(fun) do
    start = System.monotonic_time(:millisecond)
    result = fun.()
    {result, System.monotonic_time(:millisecond) - start}
  end

  describe "the pauses between attempts" do
    test "double up to the longest, each at random between half and the whole" do
      for _ <- 1..100 do
        Enum.reduce([50, 100, 200, 400, 500, 500], backoff(50, 500), fn whole, backoff ->
          {backoff, pause} = Backoff.failed(backoff)
          assert pause in div(whole, 2)..whole
          backoff
        end)
      end

      pauses = for _ <- 1..100, do: backoff(1000, 1000) |> Backoff.failed() |> elem(1)
      assert pauses |> Enum.uniq() |> length() > 10
    end

    test "begin again after an attempt that succeeded, and never become too large" do
      backoff =
        Enum.reduce(1..2000, backoff(50, 2000), fn _, b -> b |> Backoff.failed() |> elem(0) end)

      assert elem(Backoff.failed(backoff), 1) in 1000..2000
      assert elem(backoff |> Backoff.succeeded() |> Backoff.failed(), 1) in 25..50
      assert elem(Backoff.failed(backoff(1, 1)), 1) in 0..1
    end

    defp backoff(first, longest), do: Backoff.new(%{backoff: first, max_backoff: longest})
  end

  describe "a server that is not there" do
    test "fails the first call at once; later ones wait for the next attempt and share it" do
      {port, address} = reserve()
      conn = connect(address, name: :reconnecting, backoff: 60_000, max_backoff: 60_000)
      {answer, ms} = elapsed(fn -> call(:reconnecting) end)
      assert answer == {:error, {:connect, :econnrefused}}
      assert ms < 20_000

      tasks = for _ <- 1..20, do: async(:reconnecting, timeout: 120_000)
      wait_for_calls(conn, 20)
      {listener, ^address} = listen(port)
      # What ends the pause.
      send(conn, :retry)
      socket = accept_open(listener)
      for _ <- 1..20, do: send_frames(socket, answer(request(socket), "ok"))
      assert Task.await_many(tasks, 60_000) == List.duplicate({:ok, "ok"}, 20)
      assert :gen_tcp.accept(listener, 0) == {:error, :timeout}
      # The same process, under the same name.
      assert Process.whereis(:reconnecting) == conn
    end

    test "is not tried more often than the pauses say, however many callers ask" do
      {listener, address} = listen()
      conn = connect(address, backoff: 40, max_backoff: 80)
      test = self()

      # Accepts and hangs up.
      server =
        spawn_link(fn ->
          send(test, :ready)

          Stream.repeatedly(fn -> :gen_tcp.accept(listener) end)
          |> Enum.each(fn {:ok, socket} ->
            send(test, :accepted)
            :gen_tcp.close(socket)
          end)
        end)

      assert_receive :ready

      {answers, ms} =
        elapsed(fn ->
          1..10
          |> Enum.map(fn _ -> Task.async(fn -> for _ <- 1..5, do: call(conn) end) end)
          |> Task.await_many(60_000)
          |> List.flatten()
        end)

      for answer <- answers, do: assert(answer == {:error, {:connect, :closed}})
      {:messages, messages} = Process.info(self(), :messages)
      attempts = Enum.count(messages, &(&1 == :accepted))

      # Fifty calls that fail, in five attempts or some more where callers fell out of step, at least
      # 20, 40, 40 ... ms apart.
      assert attempts in 5..49
      assert ms >= 20 + (attempts - 2) * 40
      Process.unlink(server)
      Process.exit(server, :kill)
    end

    test "a call whose deadline is before the next attempt fails at once with what the last one said" do
      {_port, address} = reserve()
      conn = connect(address, backoff: 60_000, max_backoff: 60_000)
      assert call(conn) == {:error, {:connect, :econnrefused}}
      {answer, ms} = elapsed(fn -> call(conn, timeout: 20_000) end)
      assert answer == {:error, {:connect, :econnrefused}}
      assert ms < 10_000
      {:ok, stream} = Connection.server_stream(conn, "/a/B", "", timeout: 20_000)
      assert Connection.next(stream) == {:error, {:connect, :econnrefused}}
      assert :sys.get_state(conn).calls == %{}
      assert Process.info(conn, :monitors) == {:monitors, []}
    end

    test "a caller that dies in a pause leaves nothing" do
      {_port, address} = reserve()
      conn = connect(address, backoff: 60_000, max_backoff: 60_000)
      assert call(conn) == {:error, {:connect, :econnrefused}}
      task = async(conn)
      wait_for_calls(conn, 1)
      Task.shutdown(task, :brutal_kill)
      state = :sys.get_state(conn)
      assert {state.calls, state.waiting} == {%{}, []}
    end

    test "options that cannot be used" do
      for {opts, text} <- [
            {[backoff: 0], "backoff"},
            {[max_backoff: :infinity], "max_backoff"},
            {[keepalive: 0], "keepalive"},
            {[keepalive_timeout: "1"], "keepalive_timeout"},
            {[connect_timeout: -1], "connect_timeout"},
            {[colour: :red], "colour"}
          ] do
        assert {:error, %Vllm.Error{message: message}} =
                 Connection.start_link([endpoint: "127.0.0.1:1"] ++ opts)

        assert message =~ text
      end
    end
  end

  defp wait_for_calls(conn, count) do
    if length(:sys.get_state(conn).waiting) < count, do: wait_for_calls(conn, count)
  end

  test "a connection that is lost is opened again by the next call, without a pause" do
    {listener, address} = listen()
    conn = connect(address, backoff: 60_000, max_backoff: 60_000)

    for _ <- 1..3 do
      task = async(conn)
      socket = accept_open(listener)
      send_frames(socket, answer(request(socket), "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
      task = async(conn)
      _ = request(socket)
      :gen_tcp.close(socket)
      assert Task.await(task, 60_000) == {:error, {:closed, :closed}}
    end
  end

  describe "keepalive" do
    # A connection with a call in flight.
    defp in_flight(opts) do
      {listener, address} = listen()
      conn = connect(address, opts)
      task = async(conn)
      socket = accept_open(listener)
      1 = request(socket)
      %{listener: listener, conn: conn, task: task, socket: socket}
    end

    test "ends a connection whose server is silent; the calls say so" do
      opts = [keepalive: 40, keepalive_timeout: 400]
      {context, ms} = elapsed(fn -> silent(opts) end)
      assert ms >= 440
      %{task: task, socket: socket, conn: conn, listener: listener} = context
      assert Task.await(task, 60_000) == {:error, {:closed, :keepalive_timeout}}
      assert {:error, _} = :gen_tcp.recv(socket, 0, 1000)
      assert Connection.format_reason({:closed, :keepalive_timeout}) =~ "keepalive_timeout"

      task = async(conn)
      socket = accept_open(listener)
      send_frames(socket, answer(request(socket), "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
    end

    defp silent(opts) do
      %{task: task, socket: socket} = context = in_flight(opts)
      assert {:ping, false, <<_::64>>} = frame(socket)
      {:ok, answer} = Task.yield(task, 60_000)
      %{context | task: Task.async(fn -> answer end)}
    end

    test "goes on while the server answers, or sends anything else" do
      %{task: task, socket: socket, conn: conn} = in_flight(keepalive: 60_000)
      [ours] = Map.keys(:sys.get_state(conn).links)
      # What the timer sends.
      tick = fn -> send(conn, {:keepalive, ours}) end

      for _ <- 1..3 do
        tick.()
        assert {:ping, false, opaque} = frame(socket)
        send_frames(socket, [{:ping, true, opaque}, {:settings, []}])
        assert frame(socket) == {:settings, :ack}
        # It was heard.
        tick.()
      end

      tick.()
      assert {:ping, false, _opaque} = frame(socket)
      send_frames(socket, [{:settings, []}])
      assert frame(socket) == {:settings, :ack}
      for _ <- 1..2, do: tick.()
      assert {:ping, false, _opaque} = frame(socket)
      send_frames(socket, answer(1, "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}

      # Nothing is in flight any more.
      tick.()
      assert %{^ours => %{tick: nil}} = :sys.get_state(conn).links
      assert :gen_tcp.recv(socket, 0, 0) == {:error, :timeout}
    end

    test "asks also without calls where that is wanted" do
      opts = [keepalive: 100, keepalive_timeout: 300, keepalive_without_calls: true]
      %{task: task, socket: socket, listener: listener, conn: conn} = in_flight(opts)
      send_frames(socket, answer(1, "ok"))
      assert Task.await(task, 60_000) == {:ok, "ok"}
      assert {:ping, false, _opaque} = frame(socket)
      assert {:error, reason} = until_closed(socket)
      assert reason != :timeout

      task = async(conn)
      socket = accept_open(listener)
      send_frames(socket, answer(request(socket), "again"))
      assert Task.await(task, 60_000) == {:ok, "again"}
    end

    # Where the answer took its time, there was a PING before it.
    defp until_closed(socket) do
      with {:ok, _ping} <- :gen_tcp.recv(socket, 0, 5_000), do: until_closed(socket)
    end

    test "becomes rarer when the server finds it too often" do
      %{task: task, socket: socket, conn: conn, listener: listener} =
        in_flight(keepalive: 30, keepalive_timeout: 2_000)

      assert {:ping, false, _opaque} = frame(socket)
      send_frames(socket, [{:goaway, 1, :enhance_your_calm, "too_many_pings"} | answer(1, "ok")])
      assert Task.await(task, 60_000) == {:ok, "ok"}
      assert :sys.get_state(conn).keepalive.interval == 60

      # Another reason to go away changes nothing.
      task = async(conn)
      socket = accept_open(listener)
      stream = request(socket)
      send_frames(socket, [{:goaway, stream, :enhance_your_calm, ""} | answer(stream, "ok")])
      assert Task.await(task, 60_000) == {:ok, "ok"}
      assert :sys.get_state(conn).keepalive.interval == 60
    end

    test "is two minutes over TCP and never on a unix socket, if nothing else is said" do
      assert :sys.get_state(connect("127.0.0.1:1")).keepalive.interval == 120_000
      assert :sys.get_state(connect("unix:/nowhere")).keepalive.interval == :infinity
      assert :sys.get_state(connect("unix:/nowhere", keepalive: 5)).keepalive.interval == 5
    end
  end
end
