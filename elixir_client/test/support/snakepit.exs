# A stand-in for the library of that name, which is not there when these tests run. It has the functions
# that we call and those that call us, starts workers as Snakepit does, and speaks its BridgeService.
Code.require_file("../support_terms/json.exs", __DIR__)

unless Code.ensure_loaded?(Snakepit) do
  defmodule Snakepit.Error do
    @moduledoc false
    @enforce_keys [:category, :message, :details]
    defstruct category: nil, message: nil, details: %{}, python_traceback: nil, grpc_status: nil

    # What is not such an error, an exception of Python among them, becomes one.
    def public({:error, %__MODULE__{}} = result), do: result
    def public({:error, reason}), do: {:error, error(reason)}
    def public(result), do: result

    defp error(:queue_timeout), do: new(:timeout, "Request timed out in queue", :queue_timeout)
    defp error(:worker_timeout), do: new(:timeout, "Worker execution timed out", :worker_timeout)
    defp error({:pool_not_found, _name}), do: new(:pool, "Pool not found", :pool_not_found)
    defp error(:pool_saturated = reason), do: new(:pool, "Pool is saturated", reason)
    defp error(:worker_busy = reason), do: new(:pool, "Preferred worker is busy", reason)
    defp error(:pool_not_initialized = reason), do: new(:pool, "Pool not initialized", reason)
    defp error(:no_workers_available = reason), do: new(:pool, "No workers available", reason)

    defp error(:session_worker_unavailable = reason),
      do: new(:pool, "Session worker unavailable", reason)

    defp error({:worker_exit, reason}) do
      %{
        new(:worker, "Worker process exited", :worker_exit)
        | details: %{reason: :worker_exit, exit_reason: reason}
      }
    end

    defp error(reason) when is_atom(reason) or is_tuple(reason),
      do: new(:pool, "Pool request failed", reason)

    defp error(reason), do: new(:worker, "Request failed", reason)

    defp new(category, message, reason),
      do: %__MODULE__{category: category, message: message, details: %{reason: reason}}
  end

  for name <- ~w(ValueError KeyError IndexError TypeError AttributeError ImportError RuntimeError
                 NotImplementedError FileNotFoundError PermissionError ZeroDivisionError
                 PythonException)a do
    defmodule Module.concat(Snakepit.Error, name) do
      @moduledoc false
      defexception [:message, :context, :stacktrace, :python_type, :python_traceback]
    end
  end

  defmodule Snakepit.Adapter do
    @moduledoc false
    @callback executable_path() :: String.t()
    @callback script_path() :: String.t()
    @callback script_args() :: [String.t()]
    @callback command_timeout(String.t(), map()) :: pos_integer()
    @optional_callbacks command_timeout: 2
  end

  for {name, fields} <- [
        Any: [{:type_url, 1, :string, :singular}, {:value, 2, :bytes, :singular}],
        Parameter: [
          {:key, 1, :string, :singular},
          {:value, 2, {:message, Snakepit.Bridge.Any}, :optional}
        ],
        Binary: [{:key, 1, :string, :singular}, {:value, 2, :bytes, :singular}],
        Text: [{:key, 1, :string, :singular}, {:value, 2, :string, :singular}],
        PingRequest: [{:message, 1, :string, :singular}],
        SessionRequest: [{:session_id, 1, :string, :singular}],
        InitializeSessionResponse: [{:success, 1, :bool, :singular}],
        HeartbeatResponse: [{:session_valid, 2, :bool, :singular}],
        ExecuteToolRequest: [
          {:session_id, 1, :string, :singular},
          {:tool_name, 2, :string, :singular},
          {:parameters, 3, {:message, Snakepit.Bridge.Parameter}, :repeated},
          {:metadata, 4, {:message, Snakepit.Bridge.Text}, :repeated},
          {:binary_parameters, 6, {:message, Snakepit.Bridge.Binary}, :repeated}
        ],
        ExecuteToolResponse: [
          {:success, 1, :bool, :singular},
          {:result, 2, {:message, Snakepit.Bridge.Any}, :optional},
          {:error_message, 3, :string, :singular},
          {:binary_result, 6, :bytes, :singular}
        ]
      ] do
    zero = fn
      {_key, _number, _type, :repeated} -> []
      {_key, _number, _type, :optional} -> nil
      {_key, _number, :bool, _label} -> false
      {_key, _number, _text, _label} -> ""
    end

    defmodule Module.concat(Snakepit.Bridge, name) do
      @moduledoc false
      @fields fields
      defstruct Enum.map(fields, &{elem(&1, 0), zero.(&1)})
      def __fields__, do: @fields
    end
  end

  defmodule Snakepit.Adapters.GRPCPython do
    @moduledoc false
    alias Snakepit.Bridge
    alias Vllm.Bridge.{Connection, Protobuf}
    alias Vllm.Test.JSON

    @service "/snakepit.bridge.BridgeService/"
    @json "type.googleapis.com/google.protobuf.StringValue"

    def uses_grpc?, do: true
    def grpc_available?, do: true

    def init_grpc_connection(port) do
      {:ok, channel} = Connection.start_link(endpoint: "localhost:#{port}")
      {:ok, _pong} = send_request(channel, "Ping", %Bridge.PingRequest{message: "test"}, 5_000)
      {:ok, %{channel: channel, port: port}}
    end

    def request(connection, method, request, response) do
      {:ok, answer} = send_request(connection.channel, method, request, 5_000)
      {:ok, answer} = Protobuf.decode(response, answer)
      answer
    end

    def grpc_execute(connection, session_id, command, args, timeout, opts) do
      {correlation, args} = Map.pop(args, "correlation_id", "none")

      request = %Bridge.ExecuteToolRequest{
        session_id: session_id,
        tool_name: command,
        parameters: for({key, value} <- args, do: parameter(key, value)),
        metadata: [%Bridge.Text{key: "correlation_id", value: correlation}],
        binary_parameters:
          for {key, bytes} <- Keyword.get(opts, :binary_parameters, %{}) do
            %Bridge.Binary{key: to_string(key), value: bytes}
          end
      }

      case send_request(connection.channel, "ExecuteTool", request, timeout) do
        {:ok, response} ->
          {:ok, response} = Protobuf.decode(Bridge.ExecuteToolResponse, response)
          answer(response)

        {:error, reason} when reason == :deadline_exceeded or elem(reason, 1) == 4 ->
          {:error, :timeout}

        {:error, _lost} ->
          {:error, :unavailable}
      end
    end

    defp send_request(channel, method, request, timeout) do
      Connection.unary(channel, @service <> method, Protobuf.encode(request), timeout: timeout)
    end

    defp parameter(key, value) do
      any = %Bridge.Any{type_url: @json, value: IO.iodata_to_binary(encode(value))}
      %Bridge.Parameter{key: to_string(key), value: any}
    end

    # A tuple is no JSON, as there: it raises.
    defp encode(nil), do: "null"
    defp encode(value) when is_boolean(value) or is_integer(value), do: to_string(value)
    defp encode(value) when is_binary(value), do: [?", String.replace(value, ~S("), ~S(\")), ?"]

    defp encode(map) when is_map(map) do
      fields = for {key, value} <- map, do: [encode(to_string(key)), ?:, encode(value)]
      [?{, Enum.intersperse(fields, ?,), ?}]
    end

    defp answer(%{success: true, binary_result: ""} = response),
      do: {:ok, JSON.parse!(response.result.value)}

    defp answer(%{success: true, result: nil} = response),
      do: {:ok, {:binary, response.binary_result}}

    defp answer(%{success: true} = response),
      do: {:ok, {:binary, response.binary_result, JSON.parse!(response.result.value)}}

    defp answer(%{error_message: text}) do
      error = JSON.parse!(text)
      module = Module.concat(Snakepit.Error, error["type"])
      module = if Code.ensure_loaded?(module), do: module, else: Snakepit.Error.PythonException

      {:error,
       struct!(module,
         message: error["message"],
         context: error["context"],
         stacktrace: error["stacktrace"],
         python_type: error["type"],
         python_traceback: error["traceback"]
       )}
    end
  end

  defmodule Snakepit.GRPCWorker do
    @moduledoc false
    use GenServer, restart: :temporary

    alias Snakepit.Adapters.GRPCPython
    alias Snakepit.Bridge

    def start_link(adapter), do: GenServer.start_link(__MODULE__, adapter)

    def execute(worker, command, args, timeout, opts),
      do: GenServer.call(worker, {:execute, command, args, timeout, opts}, :infinity)

    @impl GenServer
    def init(adapter) do
      Process.flag(:trap_exit, true)
      session_id = "worker-#{System.unique_integer([:positive])}"
      ready = Path.join(System.tmp_dir!(), "#{session_id}-#{System.pid()}.ready")
      script = adapter.script_path()

      args =
        [script | adapter.script_args()] ++
          ["--port", "0", "--elixir-address", "localhost:9", "--snakepit-run-id", "run-1"]

      env = [
        SNAKEPIT_READY_FILE: ready,
        SNAKEPIT_PROCESS_GROUP: "true",
        SNAKEPIT_HEARTBEAT_CONFIG: ~s({"enabled": true, "interval_ms": 2000}),
        PYTHONPATH: System.tmp_dir!()
      ]

      port =
        Port.open({:spawn_executable, adapter.executable_path()}, [
          :binary,
          :exit_status,
          :stderr_to_stdout,
          args: args,
          cd: Path.dirname(script),
          env: for({name, value} <- env, do: {to_charlist(name), to_charlist(value)})
        ])

      {:os_pid, os_pid} = Port.info(port, :os_pid)
      state = %{adapter: adapter, port: port, os_pid: os_pid, session_id: session_id}
      {:ok, Map.merge(state, %{ready: ready, connection: nil}), {:continue, :connect}}
    end

    @impl GenServer
    def handle_continue(:connect, state) do
      {:ok, connection} = state.adapter.init_grpc_connection(listening(state, 6_000))
      request = %Bridge.SessionRequest{session_id: state.session_id}
      response = Bridge.InitializeSessionResponse
      %{success: true} = GRPCPython.request(connection, "InitializeSession", request, response)
      {:noreply, %{state | connection: connection}}
    end

    # Snakepit looks for the file as well.
    defp listening(%{port: port} = state, tries) when tries > 0 do
      receive do
        {^port, {:exit_status, status}} -> exit({:grpc_server_exited, status})
      after
        10 ->
          if File.exists?(state.ready), do: read(state.ready), else: listening(state, tries - 1)
      end
    end

    defp read(ready) do
      port = ready |> File.read!() |> String.to_integer()
      File.rm!(ready)
      port
    end

    @impl GenServer
    def handle_call({:execute, command, args, timeout, opts}, _from, state) do
      %{connection: connection, session_id: session_id} = state
      result = state.adapter.grpc_execute(connection, session_id, command, args, timeout, opts)
      {:reply, result, state}
    end

    def handle_call(:facts, _from, state), do: {:reply, state, state}

    @impl GenServer
    def handle_info({port, {:exit_status, status}}, %{port: port} = state),
      do: {:stop, {:shutdown, {:grpc_server_exited, status}}, state}

    def handle_info(_output_or_exit, state), do: {:noreply, state}

    @impl GenServer
    def terminate({:shutdown, {:grpc_server_exited, _status}}, _state), do: :ok

    def terminate(_reason, %{port: port} = state) do
      kill(state, "-TERM")

      receive do
        {^port, {:exit_status, _status}} -> :ok
      after
        6_000 -> kill(state, "-KILL")
      end
    end

    # The group, which the worker leads.
    defp kill(state, signal),
      do: System.cmd("kill", [signal, "--", "-#{state.os_pid}"], stderr_to_stdout: true)
  end

  defmodule Snakepit.Pool do
    @moduledoc false
    # One worker runs one call. `calls/1` has the options of those that were made.
    use GenServer

    def start_link(pools), do: GenServer.start_link(__MODULE__, pools, name: __MODULE__)

    def execute(command, args, opts) do
      pool = opts[:pool] || __MODULE__
      timeout = opts[:timeout] || 60_000

      try do
        GenServer.call(pool, {:execute, command, args, opts}, timeout)
      catch
        :exit, {:timeout, _call} ->
          details = %{timeout_ms: timeout, command: command}

          error = %Snakepit.Error{
            category: :timeout,
            message: "Pool execute timed out",
            details: details
          }

          {:error, error}
      end
    end

    def calls, do: GenServer.call(__MODULE__, :calls)
    def worker(session_id), do: GenServer.call(__MODULE__, {:worker, session_id})

    @impl GenServer
    def init(pools) do
      Process.flag(:trap_exit, true)

      pools =
        Map.new(pools, fn %{name: name, pool_size: size, adapter_module: adapter} ->
          workers = for _number <- 1..size, do: elem(Snakepit.GRPCWorker.start_link(adapter), 1)
          {name, workers}
        end)

      workers = pools |> Map.values() |> List.flatten()
      for worker <- workers, do: GenServer.call(worker, :facts, 60_000)
      {:ok, %{pools: pools, idle: workers, bound: %{}, queue: [], tasks: %{}, calls: []}}
    end

    @impl GenServer
    def handle_call({:execute, command, args, opts}, from, state) do
      state = %{state | calls: [{command, opts} | state.calls]}
      {:noreply, place({from, command, args, opts}, state)}
    end

    def handle_call(:calls, _from, state), do: {:reply, state.calls, state}
    def handle_call({:worker, id}, _from, state), do: {:reply, state.bound[id], state}

    defp place({from, _command, _args, opts} = call, state) do
      case choose(opts, state) do
        {:ok, worker} ->
          run(call, worker, state)

        :wait ->
          %{state | queue: state.queue ++ [call]}

        {:error, reason} ->
          GenServer.reply(from, {:error, reason})
          state
      end
    end

    defp choose(opts, state) do
      workers = state.pools[opts[:pool_name] || state.pools |> Map.keys() |> hd()]
      bound = state.bound[opts[:session_id]]
      strict? = opts[:affinity] in [:strict_queue, :strict_fail_fast]

      cond do
        workers == nil -> {:error, {:pool_not_found, opts[:pool_name]}}
        bound in state.idle -> {:ok, bound}
        bound && strict? && bound not in workers -> {:error, :session_worker_unavailable}
        bound && opts[:affinity] == :strict_fail_fast -> {:error, :worker_busy}
        bound && strict? -> :wait
        idle = Enum.find(workers, &(&1 in state.idle)) -> {:ok, idle}
        workers == [] -> {:error, :no_workers_available}
        true -> :wait
      end
    end

    defp run({from, command, args, opts}, worker, state) do
      timeout = sent(opts[:timeout] || 30_000)

      task =
        Task.async(fn ->
          try do
            Snakepit.GRPCWorker.execute(worker, command, args, timeout, opts)
          catch
            :exit, reason -> {:error, {:worker_exit, reason}}
          end
        end)

      %{
        state
        | idle: List.delete(state.idle, worker),
          bound: Map.put(state.bound, opts[:session_id], worker),
          tasks: Map.put(state.tasks, task.ref, {from, worker})
      }
    end

    # Less the margins, in whole seconds, minutes or hours, as elixir-grpc cuts it.
    defp sent(:infinity), do: :infinity

    defp sent(timeout) do
      left = max(timeout - 1_200, 1)
      unit = Enum.find([3_600_000, 60_000, 1_000], 1, &(left >= &1))
      div(left, unit) * unit
    end

    @impl GenServer
    def handle_info({ref, result}, state) when is_map_key(state.tasks, ref) do
      Process.demonitor(ref, [:flush])
      {{from, worker}, tasks} = Map.pop!(state.tasks, ref)
      GenServer.reply(from, result)
      alive = Enum.any?(Map.values(state.pools), &(worker in &1))
      idle = if alive, do: state.idle ++ [worker], else: state.idle
      {:noreply, again(%{state | tasks: tasks, idle: idle})}
    end

    def handle_info({:EXIT, worker, _reason}, state) do
      pools = Map.new(state.pools, fn {name, all} -> {name, List.delete(all, worker)} end)
      {:noreply, again(%{state | pools: pools, idle: List.delete(state.idle, worker)})}
    end

    def handle_info(_other, state), do: {:noreply, state}

    defp again(state), do: Enum.reduce(state.queue, %{state | queue: []}, &place/2)

    @impl GenServer
    def terminate(_reason, state) do
      for worker <- state.pools |> Map.values() |> List.flatten(), do: GenServer.stop(worker)
    end
  end

  defmodule Snakepit do
    @moduledoc false

    def execute(command, args, opts \\ []),
      do: command |> Snakepit.Pool.execute(args, opts) |> Snakepit.Error.public()

    def execute_in_session(session_id, command, args, opts \\ []),
      do: execute(command, args, Keyword.put(opts, :session_id, session_id))
  end
end
