# What a bridge says that has no Snakepit: nothing has loaded the stand-in yet.
without = Vllm.Bridge.Transport.Snakepit.init(Vllm.Bridge.NoSnakepit, [])

Code.require_file("../support/snakepit.exs", __DIR__)
Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.SnakepitTest do
  # The transport and the adapter, against real workers that a stand-in of Snakepit's pool runs.
  use ExUnit.Case, async: false

  alias Vllm.Bridge.{SnakepitAdapter, V1}
  alias Vllm.Bridge.Transport.Snakepit.{Deadlines, Failure}
  alias Vllm.{Distributed, Error, Session, Tensor}

  @moduletag timeout: 120_000
  @without without
  @transport Vllm.Bridge.Transport.Snakepit
  @bridge __MODULE__.Bridge

  setup_all do
    pools = [
      %{name: :ranks, pool_size: 2, adapter_module: SnakepitAdapter},
      %{name: :single, pool_size: 1, adapter_module: SnakepitAdapter}
    ]

    start_supervised!(%{id: :pool, start: {Snakepit.Pool, :start_link, [pools]}, shutdown: 20_000})

    start_supervised!({Vllm.Bridge, name: @bridge, transport: {@transport, pool_name: :ranks}})
    :ok
  end

  defp open(options \\ [affinity: :strict_queue]) do
    {:ok, session} = Session.open([bridge: @bridge] ++ options)
    on_exit(fn -> Session.close(session) end)
    session
  end

  defp last_options do
    [{"vllm.rpc", options} | _earlier] = Snakepit.Pool.calls()
    Map.new(options)
  end

  describe "a typed call" do
    test "is an execution of vllm.rpc with the options of the call" do
      runtime = [bridge: @bridge, session_id: "named", affinity: :strict_queue, timeout: 5_000]
      assert Distributed.get_pp_indices(61, 0, 4, __runtime__: runtime) == {:ok, {0, 15}}

      # As much as Snakepit needs to send the 5 s on.
      assert {6_600, options} = Map.pop(last_options(), :timeout)
      assert options == %{session_id: "named", pool_name: :ranks, affinity: :strict_queue}
    end

    test "takes its time from a profile, and names it" do
      runtime = [bridge: @bridge, timeout_profile: :ml_inference]
      assert Distributed.get_pp_indices!(8, 1, 2, __runtime__: runtime) == {4, 8}
      assert %{timeout: timeout, timeout_profile: :ml_inference} = last_options()
      assert timeout == 601_600
    end

    test "of any length is one of a time that Snakepit's calls of processes take" do
      runtime = [bridge: @bridge, timeout: 10 ** 22]
      assert Distributed.get_pp_indices!(8, 1, 2, __runtime__: runtime) == {4, 8}
      assert last_options().timeout == 30 * 24 * 3_600_000 + 1_600
    end

    test "goes to no pool that there is not" do
      for name <- ["no-such-atom-anywhere", "stderr"] do
        runtime = [bridge: @bridge, pool_name: name]

        assert {:error, %Error{category: :pool, reason: "pool_not_found"}} =
                 Distributed.get_pp_indices(8, 1, 2, __runtime__: runtime)
      end
    end

    test "brings tensors of any size there and back, and nothing" do
      session = open()

      Session.with_session(session, fn ->
        tensor =
          Tensor.from_binary!(:binary.copy(<<1.5::float-32-little>>, 262_144), :f32, {262_144})

        assert {:ok, %Tensor{} = sum} = Vllm.call("torch.add", [tensor, tensor])
        assert Tensor.to_binary(sum) == :binary.copy(<<3.0::float-32-little>>, 262_144)

        # An answer without a byte.
        assert Distributed.destroy_model_parallel() == {:ok, nil}
      end)
    end
  end

  describe "an error" do
    test "of the called Python is the one of a direct call" do
      assert {:error, %Error{} = error} = Distributed.get_tp_group(__runtime__: [bridge: @bridge])

      assert %{category: :python_error, reason: "group_not_initialized"} = error
      assert error.python_type =~ "GroupNotInitializedError"
      assert error.call_id
    end

    test "of what is not allowed too" do
      assert {:error, %Error{category: :validation, reason: "name_not_allowed"}} =
               Vllm.call("os.getpid", [], __runtime__: [bridge: @bridge])
    end

    test "says what this transport does not have" do
      assert {:error, %Error{reason: "unsupported_by_transport"}} =
               Vllm.Bridge.subscribe(bridge: @bridge)

      assert {:error, %Error{reason: "unsupported_by_transport", message: message}} =
               Vllm.World.start(bridge: @bridge, tensor_parallel_size: 2)

      assert message =~ "docs/snakepit.md"
    end

    # As Snakepit 0.13 makes them: of each, what a user sees when it happens.
    for {failure, expected} <- [
          {{:timeout, "Pool execute timed out", %{timeout_ms: 90_000, command: "vllm.rpc"}},
           :late},
          {{:timeout, "Worker execution timed out", %{reason: :worker_timeout}}, :late},
          {{:pool, "Pool request failed", %{reason: :timeout}}, :late},
          {{:timeout, "Request timed out in queue", %{reason: :queue_timeout}}, "queue_timeout"},
          # kill -9 of a worker during a call, seen by gRPC or by the port.
          {{:pool, "Pool request failed", %{reason: :internal}}, "connection_lost"},
          {{:pool, "Pool request failed", %{reason: :unavailable}}, "connection_lost"},
          {{:worker, "Worker shutting down", %{reason: {:grpc_server_exited, 137}}},
           "connection_lost"},
          {{:worker, "Worker shutting down", %{reason: :shutdown}}, "connection_lost"},
          {{:worker, "Worker shutting down", %{reason: {:shutdown, {:shutdown, :ping_failed}}}},
           "connection_lost"},
          {{:worker, "Worker process exited", %{reason: :worker_exit, exit_reason: :killed}},
           "connection_lost"},
          {{:worker, "Async gRPC request process exited", %{reason: :killed}}, "connection_lost"},
          {{:worker, "Python worker crashed", %{exit_code: 139}}, "connection_lost"},
          {{:worker, "Worker not found", %{worker_id: "w-1", command: "vllm.rpc"}}, "no_rank"},
          {{:pool, "No workers available", %{reason: :no_workers_available}}, "no_rank"},
          {{:grpc_error, "Not connected to gRPC server", %{worker_id: "w-1"}}, "no_rank"},
          {{:timeout, "Pool initialization timed out", %{}}, "pool_unreachable"},
          {{:worker, "Request failed", %{reason: "something else"}}, "snakepit_error"}
        ] do
      test "of Snakepit means what happened: #{inspect(failure)}" do
        {category, message, details} = unquote(Macro.escape(failure))
        error = %Snakepit.Error{category: category, message: message, details: details}

        case unquote(expected) do
          :late ->
            assert Failure.reason(error) == :deadline_exceeded

          reason ->
            {:status, code, text, trailers} = Failure.reason(error)
            assert Error.from_status(code, text, trailers).reason == reason
        end
      end
    end

    test "of a connection that broke, as elixir-grpc says it, is a lost connection" do
      for status <- [13, 14] do
        grpc = %{__struct__: GRPC.RPCError, status: status, message: "stream error"}
        {:status, code, text, trailers} = Failure.reason(grpc)
        assert Error.from_status(code, text, trailers).reason == "connection_lost"
      end
    end

    for {failure, expected} <- [
          {:queue_timeout, {:timeout, "queue_timeout"}},
          {:pool_saturated, {:pool, "queue_full"}},
          {:worker_busy, {:worker, "worker_busy"}},
          {:session_worker_unavailable, {:worker, "session_worker_unavailable"}},
          {:pool_not_initialized, {:pool, "pool_unreachable"}},
          {{:worker_exit, :killed}, {:worker, "connection_lost"}},
          {{:pool_not_found, :other}, {:pool, "pool_not_found"}},
          {"text of another adapter", {:pool, "snakepit_error"}}
        ] do
      test "of Snakepit itself has our name: #{inspect(failure)}" do
        failure = unquote(Macro.escape(failure))

        for given <- [failure, elem(Snakepit.Error.public({:error, failure}), 1)] do
          {:status, code, text, trailers} = Failure.reason(given)
          error = Error.from_status(code, text, trailers)
          assert {error.category, error.reason} == unquote(Macro.escape(expected))
        end
      end
    end

    test "of Python is read out of Snakepit's own too" do
      detail = %V1.ErrorDetail{category: :python_error, reason: "exception", message: "no"}

      encoded =
        detail |> Vllm.Bridge.Protobuf.encode() |> IO.iodata_to_binary() |> Base.encode64()

      exception = %Snakepit.Error.ValueError{
        message: "no",
        context: %{"error_detail" => encoded}
      }

      wrapped = %Snakepit.Error{category: :worker, message: "", details: %{reason: exception}}

      for failure <- [exception, wrapped] do
        assert {:status, 2, "no", trailers} = Failure.reason(failure)
        assert %Error{reason: "exception", message: "no"} = Error.from_status(2, "no", trailers)
      end
    end

    test "of the time that is over is a timeout, whoever says so" do
      grpc = %{__struct__: GRPC.RPCError, status: 4, message: "Deadline Exceeded"}

      for failure <- [:timeout, :worker_timeout] do
        assert Failure.reason(failure) == :deadline_exceeded
        {:error, public} = Snakepit.Error.public({:error, failure})
        assert Failure.reason(public) == :deadline_exceeded
      end

      assert Failure.reason(grpc) == {:status, 4, "Deadline Exceeded", []}
      assert Failure.exit_reason({:timeout, {GenServer, :call, []}}) == :deadline_exceeded
      assert Failure.exit_reason({:noproc, {GenServer, :call, []}}) == {:unprocessed, :noproc}
    end
  end

  describe "a deadline" do
    # asked, sent, given to Snakepit, all in ms
    for {asked, sent, given} <- [
          {1, 1, 1_201},
          {999, 999, 2_199},
          {1_000, 1_000, 2_600},
          {1_001, 2_000, 3_600},
          {59_000, 59_000, 60_600},
          {59_001, 60_000, 61_600},
          {60_000, 60_000, 61_600},
          {90_000, 120_000, 121_600},
          {3_540_001, 3_600_000, 3_601_600},
          {3_600_001, 7_200_000, 7_201_600},
          {:infinity, :infinity, :infinity}
        ] do
      test "of #{asked} ms is sent as #{sent} ms" do
        assert Deadlines.carried(unquote(asked)) == unquote(sent)
        assert Deadlines.given(unquote(asked)) == unquote(given)
        # What is left on the way, and what elixir-grpc makes of that, is what was meant.
        if is_integer(unquote(given)), do: assert(cut(unquote(given) - 1_200) == unquote(sent))
      end
    end

    defp cut(left) do
      cond do
        left < 1_000 -> left
        left < 60_000 -> div(left, 1_000) * 1_000
        left < 3_600_000 -> div(left, 60_000) * 60_000
        true -> div(left, 3_600_000) * 3_600_000
      end
    end

    test "that was rounded up and has passed is said with both" do
      session = open()

      assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = error} =
               late(session, 1_400)

      assert error.message =~ "timed out after 2000 ms"
      # What was left of them when the call was sent.
      assert [_, given] = Regex.run(~r/its (\d+) ms were rounded up/, error.message)
      assert String.to_integer(given) in 1_001..1_400
    end

    # A call that takes longer than that.
    defp late(session, timeout) do
      matrix =
        Tensor.from_binary!(:binary.copy(<<0.5::float-32-little>>, 4_000_000), :f32, {2000, 2000})

      Vllm.call("torch.linalg.matrix_power", [matrix, 2_147_483_647],
        __runtime__: [bridge: @bridge, session_id: session.id, timeout: timeout]
      )
    end
  end

  describe "a session" do
    test "keeps objects, which no other session reaches, until it is closed" do
      session = open()

      {:ok, ref} =
        Session.with_session(session, fn ->
          Vllm.call("torch.arange", [4], __runtime__: [tensors: :ref])
        end)

      # By its object alone, with the affinity that the session was opened with.
      assert Tensor.to_list(Vllm.call!("torch.neg", [ref], __runtime__: [bridge: @bridge])) ==
               [0, -1, -2, -3]

      assert %{session_id: id, affinity: :strict_queue} = last_options()
      assert id == session.id

      assert :ok = Session.close(session)

      assert {:error, %Error{reason: reason}} =
               Vllm.call("torch.neg", [ref], __runtime__: [bridge: @bridge])

      assert reason in ["unknown_ref", "stale_ref"]
    end

    test "is opened once" do
      session = open(affinity: :strict_fail_fast, pool_name: :single)
      assert %{affinity: :strict_fail_fast, pool_name: "single"} = session
      assert {:ok, ^session} = Session.open(bridge: @bridge, session_id: session.id)

      for {option, value, reason} <- [
            {:affinity, :hint, "affinity_conflict"},
            {:pool_name, :ranks, "pool_conflict"}
          ] do
        options = [{:bridge, @bridge}, {:session_id, session.id}, {option, value}]
        assert {:error, %Error{reason: ^reason}} = Session.open(options)
      end
    end

    test "is a context's too" do
      Session.with_session(open(), fn ->
        {:ok, context} = Vllm.call("torch.inference_mode", [])

        assert {:ok, true} =
                 Vllm.with_context(context, fn ->
                   Vllm.call!("torch.is_inference_mode_enabled", [])
                 end)

        assert Vllm.call!("torch.is_inference_mode_enabled", []) == false
      end)
    end
  end

  test "two strict sessions on two workers are a world" do
    {_port, address} = Vllm.Bridge.HTTP2.ScriptedServer.reserve()
    address = "tcp://" <> address
    sessions = [open(), open()]
    on_ranks = &on_ranks(sessions, &1)

    # The first call of each, at the same time: a worker for each.
    assert on_ranks.(fn rank ->
             {:ok, nil} =
               Distributed.init_distributed_environment(2, rank, address, rank, "gloo", 30_000)

             {:ok, nil} = Distributed.initialize_model_parallel(2)
             Distributed.get_tensor_model_parallel_rank!()
           end) == [0, 1]

    assert [one, other] = for(session <- sessions, do: Snakepit.Pool.worker(session.id))
    assert one != other

    sum = fn rank, runtime ->
      Distributed.tensor_model_parallel_all_reduce(Tensor.new([rank, 10]), __runtime__: runtime)
    end

    assert on_ranks.(fn rank -> Tensor.to_list(elem(sum.(rank, []), 1)) end) ==
             [[1, 20], [1, 20]]

    # One alone waits for the other: its caller gives up, the collective is there for it still.
    [late, second] = sessions

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"}} =
             Session.with_session(late, fn -> sum.(0, timeout: 300) end)

    assert {:ok, _sum} = Session.with_session(second, fn -> sum.(1, []) end)

    assert on_ranks.(fn _rank ->
             {:ok, nil} = Distributed.destroy_model_parallel()
             Distributed.destroy_distributed_environment()
           end) == [{:ok, nil}, {:ok, nil}]
  end

  defp on_ranks(sessions, fun) do
    sessions
    |> Enum.with_index()
    |> Enum.map(fn {session, rank} ->
      Task.async(fn -> Session.with_session(session, fn -> fun.(rank) end) end)
    end)
    |> Task.await_many(60_000)
  end

  test "a worker that is killed takes its strict sessions along, and no other pool" do
    session = open(affinity: :strict_queue, pool_name: "single")

    Session.with_session(session, fn ->
      {:ok, {0, 4}} = Distributed.get_pp_indices(8, 0, 2)
      assert %{pool_name: :single} = last_options()
      worker = Snakepit.Pool.worker(session.id)
      monitor = Process.monitor(worker)
      %{os_pid: os_pid} = GenServer.call(worker, :facts)
      {_output, 0} = System.cmd("kill", ["-KILL", "#{os_pid}"])
      assert_receive {:DOWN, ^monitor, :process, ^worker, _reason}

      assert {:error, %Error{category: :worker, reason: "session_worker_unavailable"}} =
               Distributed.get_pp_indices(8, 0, 2)
    end)

    assert {:ok, {0, 4}} = Distributed.get_pp_indices(8, 0, 2, __runtime__: [bridge: @bridge])
  end

  describe "options" do
    test "are checked before anything starts" do
      assert {:error, %Error{message: message}} =
               Vllm.Bridge.start_link(name: @bridge.Bad, transport: {@transport, pool: "text"})

      assert message =~ "pool must be a name"
      assert {:error, message} = @transport.init(@bridge.Bad, affinity: :loose)
      assert message =~ "affinity must be one of :hint, :strict_queue, :strict_fail_fast"
    end

    test "are of no use without Snakepit" do
      assert {:error, message} = @without
      assert message =~ "add {:snakepit,"
    end
  end

  describe "the adapter" do
    test "has what Snakepit asks of one" do
      callbacks = Snakepit.Adapter.behaviour_info(:callbacks)
      {:module, _adapter} = Code.ensure_loaded(SnakepitAdapter)
      for {name, arity} <- callbacks, do: assert(function_exported?(SnakepitAdapter, name, arity))
      for arity <- 4..6, do: assert(function_exported?(SnakepitAdapter, :grpc_execute, arity))
      assert SnakepitAdapter.get_port() == 0
    end

    test "finds the Python that is configured, and its script" do
      assert Path.type(SnakepitAdapter.executable_path()) == :absolute
      script = SnakepitAdapter.script_path()
      assert Path.basename(script) == "worker.py"
      assert File.regular?(script)

      Application.put_env(:vllm_distributed, :python, "/no/such/python")
      on_exit(fn -> Application.delete_env(:vllm_distributed, :python) end)

      assert_raise ArgumentError, ~r"/no/such/python", fn -> SnakepitAdapter.executable_path() end

      Application.put_env(:vllm_distributed, :python, "false")
      assert_raise ArgumentError, ~r"has no module vllm_bridge", &SnakepitAdapter.script_path/0
    end

    test "refuses Snakepit's thread profile, which would run another script" do
      on_exit(fn ->
        for key <- [:pools, :default_worker_profile], do: Application.delete_env(:snakepit, key)
      end)

      pool = %{name: :ranks, adapter_module: SnakepitAdapter}

      for threaded <- [
            Map.put(pool, :worker_profile, :thread),
            Map.put(pool, :adapter_args, ["--max-workers", "4"])
          ] do
        Application.put_env(:snakepit, :pools, [threaded])

        assert_raise ArgumentError, ~r/pool :ranks .* worker_profile: :process/s, fn ->
          SnakepitAdapter.executable_path()
        end
      end

      # A pool of somebody else's is none of our business.
      Application.put_env(:snakepit, :pools, [
        %{pool | adapter_module: Other} |> Map.put(:worker_profile, :thread),
        pool
      ])

      assert is_binary(SnakepitAdapter.executable_path())
      Application.put_env(:snakepit, :default_worker_profile, :thread)
      assert_raise ArgumentError, fn -> SnakepitAdapter.executable_path() end
    end

    test "gives the script the arguments of the pool" do
      assert SnakepitAdapter.script_args() == []
      Application.put_env(:snakepit, :pool_config, %{adapter_args: ["--allow", "mine."]})
      on_exit(fn -> Application.delete_env(:snakepit, :pool_config) end)
      assert SnakepitAdapter.script_args() == ["--allow", "mine."]
    end
  end
end
