defmodule Vllm.BridgeTest do
  use ExUnit.Case, async: false

  alias Vllm.Bridge.{PoolClient, Protobuf, Server, Transport, V1}
  alias Vllm.Error

  # A stand-in for the server, so that its failures can be had at will.
  defp program(script), do: ["/bin/sh", "-c", script, "sh"]

  defp start(script, opts \\ []) do
    Process.flag(:trap_exit, true)
    name = :"bridge_#{System.unique_integer([:positive])}"
    {name, Vllm.Bridge.start_link([name: name, command: program(script)] ++ opts)}
  end

  defp await(ready?, name, tries \\ 3_000) do
    cond do
      ready?.() -> name |> Vllm.Bridge.Connections.config() |> elem(1)
      tries == 0 -> flunk("the bridge did not come back")
      true -> receive(do: (:never -> :ok), after: (10 -> await(ready?, name, tries - 1)))
    end
  end

  describe "options" do
    test "are checked before anything starts" do
      for {opts, text} <- [
            {[sizes: 2], "unknown option sizes; known are: server, name"},
            {[size: 0], "size must be an integer from 1 up"},
            {[server: "nonsense"], "server must be :embedded"},
            {[server: :embedded, token: "t"], "token is for a running server"},
            {[timeout: 0], "timeout must be milliseconds"}
          ] do
        assert {:error, %Error{category: :validation} = error} = Vllm.Bridge.start_link(opts)
        assert error.message =~ text
      end
    end

    test "a program that is not there is named" do
      assert {:error, %Error{reason: "bridge_not_installed"} = error} =
               Vllm.Bridge.start_link(command: "/nowhere/vllm-bridge")

      assert error.message =~ "/nowhere/vllm-bridge"
    end

    test "several bridges fit into one tree" do
      assert Vllm.Bridge.child_spec(name: :a).id == :a
      assert Vllm.Bridge.child_spec([]).id == Vllm.Bridge
    end
  end

  test "without a bridge, calls say what to add" do
    assert {:error, %Error{category: :pool, reason: "bridge_not_started"} = error} =
             Vllm.call("torch.arange", [3], __runtime__: [bridge: :no_such_bridge])

    assert error.message =~ "{Vllm.Bridge, server: :embedded, name: :no_such_bridge}"
    assert {:error, %Error{reason: "bridge_not_started"}} = Vllm.World.start(bridge: :none)
    assert {:error, %Error{reason: "bridge_not_started"}} = Vllm.Session.open(bridge: :none)
  end

  test "a pool that cannot be reached is named with its address" do
    start_supervised!({Vllm.Bridge, name: :unreachable, server: "unix:/nowhere/pool.sock"})

    for result <- [
          Vllm.call("torch.arange", [3], __runtime__: [bridge: :unreachable]),
          Vllm.Session.open(bridge: :unreachable)
        ] do
      assert {:error, %Error{category: :pool, reason: "pool_unreachable"} = error} = result
      assert error.message =~ "unix:/nowhere/pool.sock"
    end
  end

  describe "the embedded server" do
    test "its ready line" do
      assert Server.ready_line(~s({"endpoint": "unix:/tmp/a b/pool.sock", "pid": 12})) ==
               {:ok, "unix:/tmp/a b/pool.sock", 12}

      assert Server.ready_line(~S({"pid":1,"endpoint":"unix:\/tmp\/\"x\".sock"})) ==
               {:ok, ~S(unix:/tmp/"x".sock), 1}

      log = ~S({"level": "info", "message": "rank", "endpoint": "unix:/x", "pid": 1})

      for line <- ["", "hello", ~s({"endpoint": 5, "pid": 1}), ~s({"endpoint": "x"}), log],
          do: assert(Server.ready_line(line) == :error)
    end

    test "its ready line in a directory of any name" do
      for {written, path} <- [
            {~S(/tmp/\u00fcb\u00e9r/p.sock), "/tmp/übér/p.sock"},
            {~S(/tmp/\ud83d\ude00/p.sock), "/tmp/😀/p.sock"},
            {~S(/tmp/\udcff\udc80/p.sock), <<"/tmp/", 0xFF, 0x80, "/p.sock">>},
            {~S(/tmp/a\tb\\c#?,%41/p.sock), "/tmp/a\tb\\c#?,%41/p.sock"},
            {"/tmp/übér/p.sock", "/tmp/übér/p.sock"}
          ] do
        line = ~s({"pid": 7, "version": "1", "endpoint": "unix:) <> written <> ~s("})
        assert Server.ready_line(line) == {:ok, "unix:" <> path, 7}

        assert Server.ready_line("a warning without a newline" <> line) ==
                 {:ok, "unix:" <> path, 7}
      end

      for broken <- [~S(\ud800), ~S(\ud800\u0041), ~S(\udc00), ~S(\u12), ~S(\uzzzz), ~S(\x)],
          do: assert(Server.ready_line(~s({"pid": 7, "endpoint": "#{broken}"})) == :error)
    end

    test "ends when its stdin closes" do
      script = ~s(echo '{"endpoint": "unix:/nowhere", "pid": '$$'}'; cat)
      {name, {:ok, bridge}} = start(script)
      assert {:ok, %{endpoint: "unix:/nowhere"}} = Vllm.Bridge.Connections.config(name)
      {_, _, _, [_ | _]} = {name, bridge, script, Supervisor.which_children(bridge)}
      Supervisor.stop(bridge)
      assert {:error, %Error{reason: "bridge_not_started"}} = Vllm.Bridge.Connections.config(name)
    end

    test "one that ends at once is an error with its status" do
      {_name, {:error, error}} = start("exit 3")
      assert %Error{category: :pool, reason: "bridge_start_failed"} = error

      assert error.message =~
               ~s("/bin/sh" ended with status 3 before it was ready. It wrote nothing)
    end

    test "one that does not start says why in the error and in the log, or on stderr" do
      script =
        "echo from stdout; echo No module named vllm_bridge >&2; printf 'half \\377' >&2; exit 1"

      fails = fn opts ->
        {_name, {:error, error}} = start(script, opts)
        assert %Error{reason: "bridge_start_failed"} = error
        assert error.message =~ "status 1 before it was ready. It wrote:\n"
        assert error.message =~ "from stdout\nNo module named vllm_bridge\nhalf ?"
      end

      log = ExUnit.CaptureLog.capture_log(fn -> fails.([]) end)
      assert log =~ "No module named vllm_bridge"
      written = ExUnit.CaptureIO.capture_io(:stderr, fn -> fails.(log: :stderr) end)
      assert written =~ "No module named vllm_bridge"
    end

    test "a Python without the package is named with what it said" do
      Process.flag(:trap_exit, true)
      python = System.find_executable("python3")

      ExUnit.CaptureIO.capture_io(:stderr, fn ->
        {:error, error} =
          Vllm.Bridge.start_link(name: :no_package, command: [python, "-S", "-m", "vllm_bridge"])

        assert error.message =~ "ended with status 1"
        assert error.message =~ "No module named vllm_bridge"
      end)
    end

    test "an option that the server does not know is in the error" do
      Process.flag(:trap_exit, true)

      ExUnit.CaptureIO.capture_io(:stderr, fn ->
        {:error, error} = Vllm.Bridge.start_link(name: :bad_args, args: ["--no-such-flag"])
        assert %Error{reason: "bridge_start_failed"} = error
        assert error.message =~ "--no-such-flag"
      end)
    end

    test "one that writes without end before it fails is quoted from its last words" do
      script =
        "i=0; while test $i -lt 3000; do echo line $i; i=$((i+1)); done; head -c 200000 /dev/zero; exit 2"

      ExUnit.CaptureIO.capture_io(:stderr, fn ->
        {_name, {:error, error}} = start(script)
        assert error.message =~ "It wrote last:\n..."
        assert byte_size(error.message) < 5_000
      end)
    end

    test "one that is not ready in time is stopped" do
      {_name, {:error, error}} = start("echo importing torch >&2; cat", start_timeout: 2_000)
      assert %Error{reason: "bridge_start_timeout"} = error
      assert error.message =~ "raise :start_timeout"
      assert error.message =~ "It wrote:\nimporting torch"
    end

    test "one that ends later is started again" do
      marker = Path.join(System.tmp_dir!(), "vllm_#{System.os_time()}")
      on_exit(fn -> File.rm(marker) end)

      # Ends when the marker appears; the second one finds it and stays.
      script = """
      test -e #{marker} && again=1
      echo '{"endpoint": "unix:/nowhere'$again'", "pid": 1}'
      test "$again" || while ! test -e #{marker}; do sleep 0.02; done
      test "$again" && cat
      """

      {name, {:ok, bridge}} = start(script)
      {:ok, before} = Vllm.Bridge.Connections.config(name)
      monitor = Process.monitor(before.manager)
      File.touch!(marker)
      assert_receive {:DOWN, ^monitor, :process, _pid, _reason}
      renewed = await(fn -> match?({:ok, _}, Vllm.Bridge.Connections.config(name)) end, name)
      assert renewed.endpoint == "unix:/nowhere1"
      assert renewed.default_session != before.default_session
      Supervisor.stop(bridge)
    end
  end

  describe "a real server in a temporary directory of any name" do
    setup do
      before = System.get_env("TMPDIR")
      base = Path.join(System.tmp_dir!(), "vb-#{System.os_time()}")

      on_exit(fn ->
        if before, do: System.put_env("TMPDIR", before), else: System.delete_env("TMPDIR")
        File.rm_rf!(base)
      end)

      {:ok, base: base}
    end

    defp in_directory(directory) do
      File.mkdir_p!(directory)
      System.put_env("TMPDIR", directory)
    end

    test "is found, and so are its ranks", %{base: base} do
      in_directory(Path.join(base, "ü #?%41😀"))
      start_supervised!({Vllm.Bridge, name: :elsewhere, size: 1})
      {:ok, config} = Vllm.Bridge.Connections.config(:elsewhere)
      assert config.endpoint =~ "ü #?%41😀"
      {:ok, session} = Vllm.Session.open(bridge: :elsewhere, affinity: :strict_queue)
      assert session.endpoint =~ "ü #?%41😀"

      # Straight to the rank, and through the pool.
      for options <- [[session_id: session.id], []] do
        options = [bridge: :elsewhere] ++ options
        assert {:ok, {0, 2}} = Vllm.Distributed.get_pp_indices(4, 0, 2, __runtime__: options)
      end
    end

    test "says so where there cannot be one", %{base: base} do
      in_directory(Path.join(base, "a,b"))

      ExUnit.CaptureIO.capture_io(:stderr, fn ->
        Process.flag(:trap_exit, true)
        assert {:error, %Error{} = error} = Vllm.Bridge.start_link(name: :nowhere, size: 1)
        assert error.reason == "bridge_start_failed"
        assert error.message =~ "has a comma"
      end)
    end
  end

  describe "a real server that is killed" do
    test "fails what is pending, with errors and no exits, and comes back" do
      start_supervised!({Vllm.Bridge, name: :killed, size: 1})
      {:ok, before} = Vllm.Bridge.Connections.config(:killed)

      {:ok, %{pid: os_pid}} =
        PoolClient.call(before, "GetStatus", %V1.GetStatusRequest{}, V1.PoolStatus)

      {:ok, session} = Vllm.Session.open(bridge: :killed, affinity: :strict_queue)

      # Seconds of work, so that it is pending when the server goes.
      matrix =
        Vllm.Tensor.from_binary!(:binary.copy(<<0.0::float>>, 1_000_000), :f64, {1000, 1000})

      pending =
        for options <- [[session_id: session.id], []] do
          Task.async(fn ->
            options = [bridge: :killed] ++ options
            Vllm.call("torch.linalg.matrix_power", [matrix, 2 ** 60], __runtime__: options)
          end)
        end

      await_running(before, session.id, 3_000)
      {_, 0} = System.cmd("kill", ["-9", "#{os_pid}"])

      for task <- pending do
        assert {:error, %Error{category: category}} = Task.await(task, 10_000)
        assert category in [:pool, :worker]
      end

      await(fn -> renewed?(:killed, before) end, :killed)
      options = [bridge: :killed]
      assert {:ok, {0, 2}} = Vllm.Distributed.get_pp_indices(4, 0, 2, __runtime__: options)
    end

    defp renewed?(name, before) do
      case Vllm.Bridge.Connections.config(name) do
        {:ok, config} -> config.manager != before.manager
        {:error, _restarting} -> false
      end
    end

    defp await_running(_config, _session_id, 0), do: flunk("the call never ran")

    defp await_running(config, session_id, tries) do
      {:ok, binary} =
        Transport.unary(config.pool, "/vllm.bridge.v1.Rank/Inspect", "",
          timeout: 5_000,
          metadata: [{"vllm-session-id", session_id}]
        )

      {:ok, %{calls: calls}} = Protobuf.decode(V1.InspectResponse, binary)

      unless Enum.any?(calls, &(&1.state == :running)) do
        receive(do: (:never -> :ok), after: (20 -> :ok))
        await_running(config, session_id, tries - 1)
      end
    end
  end
end
