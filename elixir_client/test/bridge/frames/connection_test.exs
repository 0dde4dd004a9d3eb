Code.require_file("../../support_h2/fake_rank.exs", __DIR__)
Code.require_file("../../support_h2/echo_server.exs", __DIR__)

defmodule Vllm.Bridge.Frames.ConnectionTest do
  # What a frames connection promises its callers, against a rank that the test plays.
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Vllm.Bridge.{Connection, EchoServer, FakeRank, Frames, Protobuf, V1}
  alias Vllm.Bridge.V1.Frame
  alias Vllm.Options

  @moduletag timeout: 60_000
  @path "/test.Echo/Call"

  setup do
    %{path: EchoServer.socket_path()}
  end

  defp connect(endpoint, opts \\ []) do
    {token, opts} = Keyword.pop(opts, :token)
    {:ok, options} = Options.validate(opts, Connection.schema(), "connection")
    {:ok, frames} = Frames.start_link(endpoint, Map.put(options, :token, token))
    frames
  end

  defp call(frames, body, opts \\ []),
    do: Frames.unary(frames, @path, body, IO.iodata_length(body), opts)

  defp started(path, handler, opts \\ []), do: path |> FakeRank.start(handler) |> connect(opts)
  defp echo(call, _at), do: {:ok, call.body}

  # Waits until the connection's process has handled what it was sent.
  defp settle(frames), do: :sys.get_state(frames.pid)

  test "a call and its answer", %{path: path} do
    test = self()

    frames =
      started(path, fn call, _at ->
        send(test, call)
        {:ok, call.body <> "!"}
      end)

    assert Frames.open?(frames)
    options = [timeout: 60_000, metadata: [{"vllm-session-id", "s"}, {"x-bin", <<0, 255>>}]]
    assert call(frames, ["he", "llo"], options) == {:ok, "hello!"}
    assert_received %Frame.Call{method: @path, body: "hello", metadata: metadata} = call

    assert metadata == [
             %Frame.Pair{key: "vllm-session-id", value: "s"},
             %Frame.Pair{key: "x-bin", value: <<0, 255>>}
           ]

    assert call.timeout_us in 1_000_000..60_000_000
    assert call(frames, "") == {:ok, "!"}
    assert_received %Frame.Call{body: "", timeout_us: 0, metadata: []}
  end

  test "the token travels with every call, and is in no state that is shown", %{path: path} do
    test = self()

    frames = started(path, fn call, _at -> send(test, call) && {:ok, ""} end, token: "secret")

    assert call(frames, "") == {:ok, ""}
    assert_received %Frame.Call{metadata: [%Frame.Pair{key: "authorization", value: value}]}
    assert value == "Bearer secret"
    refute inspect(:sys.get_status(frames.pid), limit: :infinity) =~ "secret"
  end

  test "large bodies come as they are", %{path: path} do
    frames = started(path, &echo/2)

    for size <- [1, 127, 128, 8_192, 8_193, 65_536, 1_000_000] do
      body = :rand.bytes(size)
      assert call(frames, body) == {:ok, body}
    end
  end

  test "many callers, each its own answer", %{path: path} do
    frames = started(path, &echo/2)

    answers =
      1..50
      |> Enum.map(fn n -> Task.async(fn -> for m <- 1..50, do: call(frames, "#{n}-#{m}") end) end)
      |> Task.await_many(30_000)

    assert answers == for(n <- 1..50, do: for(m <- 1..50, do: {:ok, "#{n}-#{m}"}))
    assert map_size(settle(frames).calls.open) == 0
  end

  test "answers in another order than the calls'", %{path: path} do
    test = self()
    frames = started(path, fn call, at -> send(test, {call.body, at}) && :later end)
    tasks = for n <- 1..3, do: Task.async(fn -> call(frames, "#{n}") end)

    asked =
      for _ <- 1..3 do
        assert_receive {body, at}
        {body, at}
      end

    for {body, at} <- Enum.reverse(asked), do: FakeRank.reply(at, {:ok, "of " <> body})
    assert Task.await_many(tasks) == [{:ok, "of 1"}, {:ok, "of 2"}, {:ok, "of 3"}]
  end

  test "a failure of the rank is the status of gRPC, with its detail", %{path: path} do
    detail = %V1.ErrorDetail{category: :worker, reason: "worker_busy", message: "busy"}

    failure = %Frame.Failure{
      code: 14,
      message: "busy",
      error: detail,
      trailers: [%Frame.Pair{key: "x", value: "y"}]
    }

    frames = started(path, fn _call, _at -> {:failure, failure} end)
    assert {:error, {:status, 14, "busy", trailers}} = call(frames, "")
    assert [{"vllm-error-bin", bytes}, {"x", "y"}] = trailers
    assert Protobuf.decode(V1.ErrorDetail, bytes) == {:ok, detail}

    unknown = %Frame.Failure{code: 99, message: "what"}
    frames = started(path <> "2", fn _call, _at -> {:failure, unknown} end)
    assert call(frames, "") == {:error, {:status, 2, "what", []}}
  end

  test "the metadata of an answer, for who asks for it", %{path: path} do
    reply = %Frame.Reply{body: "b", trailers: [%Frame.Pair{key: "k", value: "v"}]}

    frames =
      started(path, fn _call, {_pid, id} ->
        {:bytes, FakeRank.bytes(%Frame{id: id, reply: reply})}
      end)

    assert call(frames, "") == {:ok, "b"}

    assert call(frames, "", reply_metadata: true) ==
             {:ok, "b", %{headers: [], trailers: [{"k", "v"}]}}
  end

  test "metadata that gRPC does not take is refused before it is sent", %{path: path} do
    frames = started(path, &echo/2)

    for {metadata, named} <- [
          {[{"te", "x"}], "te"},
          {[{"grpc-timeout", "1S"}], "grpc-timeout"},
          {[{"a b", "x"}], "a b"},
          {[{"a", "ä"}], "a"},
          {[{"a", "x\ny"}], "a"},
          {[:a], [:a]}
        ] do
      assert call(frames, "", metadata: metadata) ==
               {:error, {:protocol, {:invalid_metadata, named}}}
    end
  end

  describe "a caller" do
    test "is answered by its deadline, and the rank hears that it is over", %{path: path} do
      frames = started(path, fn _call, _at -> :later end)
      assert call(frames, "", timeout: 1_000) == {:error, :deadline_exceeded}
      assert_receive {:cancelled, 1}
      assert settle(frames).calls.open == %{}
    end

    test "keeps its deadline whatever the connection's process does", %{path: path} do
      frames = started(path, &echo/2)
      true = :erlang.suspend_process(frames.pid)
      assert call(frames, "", timeout: 50) == {:error, :deadline_exceeded}
      true = :erlang.resume_process(frames.pid)
      assert call(frames, "next") == {:ok, "next"}
    end

    test "that dies gives its call up", %{path: path} do
      test = self()
      frames = started(path, fn _call, at -> send(test, {:called, at}) && :later end)
      caller = spawn(fn -> call(frames, "") end)
      assert_receive {:called, at}
      Process.exit(caller, :kill)
      assert_receive {:cancelled, 1}
      # An answer that crosses it on the way is passed over.
      FakeRank.reply(at, {:ok, "late"})
      task = Task.async(fn -> call(frames, "") end)
      assert_receive {:called, at}
      FakeRank.reply(at, {:ok, "in time"})
      assert Task.await(task, 60_000) == {:ok, "in time"}
    end

    test "has nothing left in its mailbox", %{path: path} do
      frames = started(path, &echo/2)
      for _ <- 1..20, do: call(frames, "", timeout: 1)
      for _ <- 1..20, do: {:ok, ""} = call(frames, "")
      settle(frames)

      refute Enum.any?(
               Process.info(self(), :messages) |> elem(1),
               &match?({ref, _} when is_reference(ref), &1)
             )
    end
  end

  describe "a rank" do
    test "that is not there: nothing was sent, said at once, and it is looked for again",
         context do
      %{path: path} = context
      frames = connect("unix:" <> path, backoff: 1, max_backoff: 1)
      refute Frames.open?(frames)
      assert {:error, {:connect, :enoent}} = call(frames, "")
      FakeRank.start(path, &echo/2)
      assert eventually(fn -> call(frames, "here") == {:ok, "here"} end)
      assert Frames.open?(frames)
    end

    test "that was not there a moment ago is not asked again in the pause", %{path: path} do
      frames = connect("unix:" <> path, backoff: 60_000, max_backoff: 60_000)
      FakeRank.start(path, &echo/2)
      assert {:error, {:connect, :enoent}} = call(frames, "")
    end

    test "that hangs up: what was open may have run, and the next call connects again", context do
      test = self()

      frames =
        started(context.path, fn
          %{body: "stay"}, at -> send(test, at) && :later
          %{body: "close"}, _at -> :close
          call, _at -> {:ok, call.body}
        end)

      stays = Task.async(fn -> call(frames, "stay") end)
      assert_receive {_pid, 1}
      assert call(frames, "close") == {:error, {:closed, :closed}}
      assert Task.await(stays, 60_000) == {:error, {:closed, :closed}}
      assert call(frames, "again") == {:ok, "again"}
    end

    test "that has too many connections has run nothing", %{path: path} do
      refusal = %Frame{id: 0, failure: %Frame.Failure{code: 8, message: "512 are open"}}

      frames =
        started(path, fn _call, _at -> {:bytes, FakeRank.bytes(refusal)} end,
          backoff: 60_000,
          max_backoff: 60_000
        )

      assert {:error, {:unprocessed, {:too_many_connections, "512 are open"}}} = call(frames, "")
      # Not asked again before the pause is over.
      assert {:error, {:unprocessed, {:too_many_connections, _}}} = call(frames, "")
      refute Frames.open?(frames)
    end

    test "that sends what is no answer is not used any more, and a log says so", %{path: path} do
      for {bytes, number} <- Enum.with_index(no_answers()) do
        path = "#{path}#{number}"
        frames = started(path, fn _call, _at -> {:bytes, bytes} end)

        log =
          capture_log(fn ->
            assert {:error, {:protocol, _reason}} = call(frames, "", timeout: 20_000)
          end)

        assert log =~ "do not agree about frames"
        assert_receive :hung_up
        assert call(frames, "") == {:error, {:connect, :frames_refused}}
        refute Frames.open?(frames)
      end
    end

    defp no_answers do
      [
        "",
        "not a frame",
        FakeRank.bytes(%Frame{id: 1}),
        FakeRank.bytes(%Frame{id: 0, reply: %Frame.Reply{}}),
        FakeRank.bytes(%Frame{id: 1, failure: %Frame.Failure{code: 0}}),
        FakeRank.bytes(%Frame{id: 1, call: %Frame.Call{}}),
        FakeRank.bytes(%Frame{id: 1, message: %Frame.Message{body: "x"}}),
        FakeRank.bytes(%Frame{id: 1, reply: %Frame.Reply{}, failure: %Frame.Failure{code: 2}}),
        FakeRank.bytes(%Frame{id: 0, failure: %Frame.Failure{code: 3, message: "no frame"}})
      ]
    end

    test "that announces a frame of 4 GiB, or of more than may be received", %{path: path} do
      for {length, number} <- Enum.with_index([0xFFFFFFFF, 5_000_000]) do
        path = "#{path}#{number}"
        listener = FakeRank.listen(path)
        frames = connect("unix:" <> path, max_receive_bytes: 1_000_000)
        {:ok, socket} = :gen_tcp.accept(listener, 5_000)
        task = Task.async(fn -> call(frames, "") end)
        assert %{id: 1, call: %{}} = FakeRank.frame(socket)
        :ok = :inet.setopts(socket, packet: :raw)
        :ok = :gen_tcp.send(socket, <<length::32, 1, 2, 3>>)
        assert {:error, {:closed, _reason}} = Task.await(task, 20_000)
      end
    end

    test "that stops in mid-frame, or takes nothing, costs a caller its own time", %{path: path} do
      listener = FakeRank.listen(path)
      frames = connect("unix:" <> path)
      {:ok, socket} = :gen_tcp.accept(listener, 5_000)
      :ok = :inet.setopts(socket, packet: :raw)
      :ok = :gen_tcp.send(socket, <<100::32, 8, 1>>)
      body = :binary.copy("x", 1_000_000)

      1..20
      |> Enum.map(fn _ -> Task.async(fn -> call(frames, body, timeout: 100) end) end)
      |> Task.await_many(30_000)
      |> Enum.each(&assert(&1 == {:error, :deadline_exceeded}))
    end
  end

  test "a connection that is closed here says so", %{path: path} do
    test = self()
    frames = started(path, fn _call, _at -> send(test, :called) && :later end)
    Process.unlink(frames.pid)
    task = Task.async(fn -> call(frames, "") end)
    assert_receive :called
    assert Connection.close(frames.pid) == :ok
    assert Task.await(task, 60_000) == {:error, {:closed, :closed_here}}
    assert call(frames, "") == {:error, {:unprocessed, :noproc}}
    assert_receive :hung_up
  end

  test "an idle connection keeps less than 10 KB", %{path: path} do
    frames = started(path, &echo/2)
    body = :binary.copy("x", 100_000)
    assert call(frames, body) == {:ok, body}

    hibernated? = fn ->
      Process.info(frames.pid, :current_function) == {:current_function, {:erlang, :hibernate, 3}}
    end

    assert eventually(hibernated?, 2_000)
    [memory: memory, binary: binaries] = Process.info(frames.pid, [:memory, :binary])
    kept = binaries |> Enum.uniq() |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    assert memory + kept < 10 * 1024
  end

  test "only a unix socket can be one" do
    {:ok, options} = Options.validate([], Connection.schema(), "connection")
    options = Map.put(options, :token, nil)
    assert {:error, _reason} = Frames.start_link("127.0.0.1:1", options)
    assert {:error, _reason} = Frames.start_link("unix:" <> String.duplicate("x", 200), options)
  end

  defp eventually(check, tries \\ 3_000)
  defp eventually(_check, 0), do: false

  defp eventually(check, tries) do
    check.() or receive(do: (:never -> false), after: (10 -> eventually(check, tries - 1)))
  end
end
