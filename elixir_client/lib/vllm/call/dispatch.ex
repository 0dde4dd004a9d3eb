defmodule Vllm.Call.Dispatch do
  @moduledoc false
  # Where a call goes and how it is sent: straight to the session's rank where that is known, to the
  # pool otherwise. Runs in the caller's process.

  alias Vllm.Bridge.{Connections, Profiles, Trace}
  alias Vllm.Bridge.Frames.Route
  alias Vllm.Call.{Failure, ContextScope}
  alias Vllm.{Async, Deadline, Error, Runtime, Session, Telemetry}
  alias Vllm.Tensor.{Carrier, OutgoingRequest, Received}
  alias Vllm.World.Turn

  @enforce_keys [:function, :path, :config, :session_id, :call_id, :connection, :timeout]
  defstruct [
    :function,
    :path,
    :config,
    :session_id,
    :call_id,
    :connection,
    :timeout,
    :started,
    :rank,
    :world_id,
    :turn,
    direct: false,
    metadata: [],
    on_sent: nil,
    # While tensors travel in parts.
    on_progress: nil
  ]

  @type t :: %__MODULE__{}

  @doc """
  Sends one request in the session that the options, the objects among the arguments (`object_session`)
  or the process decide, and returns the response, for `Received.open/2`.
  """
  @spec request(String.t(), String.t(), OutgoingRequest.body(), Runtime.t(), String.t() | nil) ::
          {:ok, binary() | Received.t()} | {:error, Error.t()}
  def request(function, path, body, runtime, object_session) do
    bound = Session.current()
    bridge = runtime.bridge || (bound && bound.bridge) || Vllm.Bridge

    # Before anything else: what follows is on the call's time.
    started = System.monotonic_time(:millisecond)

    with {:ok, config} <- Connections.config(bridge),
         {:ok, timeout} <- timeout(config, runtime),
         :ok <- own_rank(config, path, runtime, object_session, bound),
         {:ok, call} <- route(config, runtime, object_session, bound) do
      call = %{call | function: function, path: path, timeout: timeout, started: started}
      call = %{call | on_sent: Async.on_sent(), on_progress: runtime[:on_progress]}

      if Telemetry.loaded?(),
        do: Telemetry.call(facts(call), body, fn -> attempt(traced(call), body) end),
        else: attempt(traced(call), body)
    end
  end

  # In a handler of the event before, a span may have begun.
  defp traced(call) do
    case Trace.metadata() do
      [] -> call
      trace -> %{call | metadata: call.metadata ++ trace}
    end
  end

  defp facts(call) do
    call
    |> Map.take([:function, :path, :session_id, :call_id, :rank, :world_id, :timeout, :direct])
    |> Map.put(:bridge, call.config.bridge)
    |> Map.put(:carrier, Route.carrier(call.connection))
  end

  defp timeout(config, runtime) do
    config =
      if Runtime.profiled?(runtime, config.defaults, :timeout),
        do: Profiles.known(config),
        else: config

    Runtime.timeout(runtime, config.defaults, config.profiles)
  end

  defp attempt(call, body) do
    with {:error, error} <- attempt_once(call, body) do
      if Turn.nested_over?(call.turn, error, Deadline.new(remaining(call))),
        do: attempt(call, body),
        else: {:error, error}
    end
  end

  defp attempt_once(call, body) do
    case send_request(call, body) do
      {:ok, binary} -> {:ok, binary}
      {:error, reason} -> failed(call, body, reason)
    end
  end

  # Only a call that certainly has not run is sent again, once, and through the pool.
  defp failed(call, body, reason) do
    case Failure.explain(call, reason) do
      {:retry, call} ->
        case send_request(call, body) do
          {:ok, binary} -> {:ok, binary}
          {:error, reason} -> {:error, Failure.error(call, reason)}
        end

      {:error, error} ->
        {:error, error}
    end
  end

  defp send_request(call, body) do
    case remaining(call) do
      0 -> {:error, :deadline_exceeded}
      timeout -> Carrier.unary(call, body, timeout)
    end
  end

  defp remaining(%{timeout: :infinity}), do: :infinity

  defp remaining(%{timeout: timeout, started: started}),
    do: max(0, timeout - (System.monotonic_time(:millisecond) - started))

  # --- routing ----------------------------------------------------------------------------------

  # What may be done with an object of another rank wherever one is: it disturbs no collective.
  @anywhere for method <- ~w(Fetch Release Exit Next), do: "/vllm.bridge.v1.Objects/" <> method

  # In a run the functions of all ranks make the same calls. One that went to another rank for the sake of an
  # object would be missing on its own.
  defp own_rank(_config, path, _runtime, _object_session, _bound) when path in @anywhere, do: :ok
  defp own_rank(_config, _path, _runtime, nil, _bound), do: :ok
  defp own_rank(_config, _path, _runtime, id, %Session{id: id}), do: :ok

  defp own_rank(config, _path, %{session_id: nil}, id, %Session{world_id: world_id} = bound)
       when world_id != "" do
    case Connections.session(config.bridge, id) do
      %{session: %Session{world_id: ^world_id, rank: rank}} -> {:error, foreign(rank, id, bound)}
      _of_no_rank_of_the_world -> :ok
    end
  end

  defp own_rank(_config, _path, _runtime, _object_session, _bound), do: :ok

  defp foreign(rank, id, bound) do
    %{
      Error.validation(
        "this runs on rank #{bound.rank} of #{bound.world_id}, and an argument is an object of rank " <>
          "#{rank}: nothing was sent. Use the object that rank #{bound.rank} has, or name the session " <>
          "(`__runtime__: [session_id: #{inspect(id)}]`) to call the other rank",
        "foreign_ref"
      )
      | details: %{"rank" => bound.rank, "of_rank" => rank, "ran" => false}
    }
  end

  defp route(config, runtime, object_session, bound) do
    bound_id = if bound && bound.bridge == config.bridge, do: bound.id
    known_id = object_session || bound_id

    with :ok <- sendable(:session_id, runtime.session_id, "invalid_session_id"),
         :ok <- sendable(:pool_name, runtime.pool_name, "invalid_option") do
      cond do
        runtime.session_id -> to(config, runtime, runtime.session_id, :maybe_new, nil)
        known_id -> to(config, runtime, known_id, :open, bound_id == known_id && bound)
        true -> {:ok, via_pool(config, runtime, default_session(config, runtime), :maybe_new)}
      end
    end
  end

  # They travel as metadata, which is ASCII; a server takes no others in a request either.
  defp sendable(_option, nil, _reason), do: :ok

  defp sendable(option, text, reason) do
    if byte_size(text) in 1..200 and printable?(text) do
      :ok
    else
      message =
        "__runtime__: #{option} is #{inspect(text, printable_limit: 200)}; it must be 1 to 200 " <>
          "printable ASCII characters without spaces"

      {:error, Error.validation(message, reason)}
    end
  end

  defp printable?(<<byte, rest::binary>>) when byte in ?!..?~, do: printable?(rest)
  defp printable?(rest), do: rest == ""

  # `bound`: the session of that id as the calling process has it.
  defp to(config, runtime, session_id, open, bound) do
    case Connections.session(config.bridge, session_id) do
      nil ->
        {:ok, config |> via_pool(runtime, session_id, open) |> in_world(bound)}

      %{route: route, session: session} ->
        with :ok <- same(:affinity, runtime.affinity, session.affinity, session_id),
             :ok <- same(:pool_name, runtime.pool_name, session.pool_name, session_id) do
          call = config |> via_pool(runtime, session_id, :open) |> in_world(bound || session)
          call = %{call | rank: session.rank}
          direct? = route != nil and not match?(%{over?: true}, call.turn)
          {:ok, if(direct?, do: %{call | connection: route, direct: true}, else: call)}
        end
    end
  end

  # The epoch as the caller knows it: a session kept from before a restart is refused, and not quietly
  # served by the ranks that came after.
  defp in_world(call, %Session{world_id: world_id} = session) when world_id != "" do
    epoch = {"vllm-epoch", Integer.to_string(session.epoch)}
    turn = Turn.on({call.config.endpoint, world_id, session.epoch})
    of_run = if turn && not turn.over?, do: [{"vllm-turn", Turn.label(turn)}], else: []
    %{call | world_id: world_id, turn: turn, metadata: call.metadata ++ [epoch | of_run]}
  end

  defp in_world(call, _outside), do: call

  defp same(_option, nil, _is, _session_id), do: :ok
  defp same(_option, value, value, _session_id), do: :ok

  defp same(option, wanted, is, session_id) do
    message =
      "__runtime__: session #{session_id} was opened with #{option} #{inspect(is)}, which a call " <>
        "cannot change to #{inspect(wanted)}; leave the option out or open another session"

    {:error, Error.validation(message, "invalid_option")}
  end

  defp via_pool(config, runtime, session_id, open) do
    call_id = config.call_prefix <> Integer.to_string(:atomics.add_get(config.counter, 1, 1))

    scope = ContextScope.metadata(config.bridge, session_id)
    metadata = [{"vllm-session-id", session_id}, {"vllm-call-id", call_id} | scope]

    %__MODULE__{
      function: nil,
      path: nil,
      config: config,
      session_id: session_id,
      call_id: call_id,
      connection: config.calls,
      timeout: nil,
      metadata:
        metadata
        |> tensors(config, runtime)
        |> first_use(config, runtime, open)
        |> profile(config, runtime)
    }
  end

  # A server gets the resulting timeout; behind a transport the name may matter.
  defp profile(metadata, %{pool: {_transport, _handle}} = config, runtime) do
    case runtime.timeout_profile || config.defaults.timeout_profile do
      nil -> metadata
      name -> metadata ++ [{"vllm-timeout-profile", name}]
    end
  end

  defp profile(metadata, _server, _runtime), do: metadata

  defp tensors(metadata, config, runtime) do
    case runtime.tensors || config.defaults.tensors do
      :ref -> metadata ++ [{"vllm-tensors", "ref"}]
      _value -> metadata
    end
  end

  # The pool opens a session at its first call; these say how. What nobody asked for is left to the
  # pool: somebody else may have opened the session already, in another way.
  defp first_use(metadata, _config, _runtime, :open), do: metadata

  defp first_use(metadata, config, runtime, :maybe_new) do
    affinity = runtime.affinity || config.defaults.affinity
    pool_name = runtime.pool_name || config.defaults.pool_name
    metadata = metadata ++ [{"vllm-client-id", config.client_id}]
    metadata = if affinity, do: metadata ++ [{"vllm-affinity", "#{affinity}"}], else: metadata
    if pool_name, do: metadata ++ [{"vllm-pool-name", pool_name}], else: metadata
  end

  # A session cannot change its affinity or pool, so that calls with other wishes have another one.
  defp default_session(config, %{affinity: nil, pool_name: nil}), do: config.default_session

  defp default_session(config, runtime) do
    [config.default_session, runtime.affinity, runtime.pool_name]
    |> Enum.reject(&is_nil/1)
    |> Enum.join(".")
  end
end
