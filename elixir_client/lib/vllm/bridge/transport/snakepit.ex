defmodule Vllm.Bridge.Transport.Snakepit do
  alias Vllm.{Options, Runtime}

  @schema [
    pool_name: [
      type: :name,
      doc: "Pool of sessions that name none; Snakepit's default if absent."
    ],
    pool: [type: :name, doc: "Snakepit's pool process, where it is not `Snakepit.Pool`."],
    affinity: [
      type: {:in, Runtime.affinities()},
      doc: "Of sessions that name none; what the pool is configured with if absent."
    ]
  ]

  @moduledoc since: "0.1.0"
  @moduledoc """
  Calls through a [Snakepit](https://hexdocs.pm/snakepit) pool whose adapter is
  `Vllm.Bridge.SnakepitAdapter`: its workers are the ranks.

      {Vllm.Bridge, transport: {Vllm.Bridge.Transport.Snakepit, pool_name: :ranks}}

  Every call is one `Snakepit.execute_in_session/4` of the tool `vllm.rpc`, in the calling process, with
  the call's session, `pool_name`, `affinity`, `timeout` and `timeout_profile` as options. It is never
  sent twice.

  The gRPC client of Snakepit sends deadlines in whole seconds from 1 s on, in whole minutes from 1 min on and in
  whole hours from 1 h on. A `timeout` is rounded up to what it can send: 90 s become 2 min, and the error of a
  call that takes longer says both.

  It needs the library Snakepit: without it a bridge with this transport does not start.

  Options:

  #{Options.docs(@schema)}

  Snakepit binds a session to a worker at its first call, and its objects stay in that worker. Open it as
  `:strict_queue` or `:strict_fail_fast` to find them again. `Vllm.Session.close/1` frees them.
  `Vllm.World` and `Vllm.Bridge.subscribe/1` need a pool of ours, and so does the question how a timed out
  call ended: they return the error `"unsupported_by_transport"`. docs/snakepit.md has a world made of sessions.
  """

  @behaviour Vllm.Bridge.Transport
  @compile {:no_warn_undefined, Snakepit}

  alias Vllm.Bridge.Connection
  alias Vllm.Bridge.Transport
  alias Vllm.Bridge.Transport.Snakepit.{Deadlines, Failure, Sessions}
  alias Vllm.Error

  @tool "vllm.rpc"
  # What the tool knows of a call's metadata.
  @metadata ["vllm-tensors", "vllm-call-id"]

  @typedoc false
  @type handle :: %{sessions: atom(), defaults: keyword()}

  @impl Transport
  @spec init(atom(), keyword()) ::
          {:ok, handle(), [{module(), atom()}]} | {:error, String.t()}
  def init(bridge, options) do
    with :ok <- loaded(),
         {:ok, given} <- Options.validate(options, @schema, "options") do
      table = Module.concat(bridge, SnakepitSessions)
      defaults = for {key, value} <- given, value != nil, do: {key, value}
      {:ok, %{sessions: table, defaults: defaults}, [{Sessions, table}]}
    end
  end

  defp loaded do
    if Code.ensure_loaded?(Snakepit) and function_exported?(Snakepit, :execute_in_session, 4),
      do: :ok,
      else: {:error, "Snakepit is not loaded; add {:snakepit, \"~> 0.13\"} to your dependencies"}
  end

  @impl Transport
  @spec unary(handle(), String.t(), binary(), keyword()) ::
          {:ok, binary()} | {:error, Connection.reason()}
  def unary(_handle, "/vllm.bridge.v1.Pool/GetProfiles" = path, _request, _options),
    do: {:error, Transport.unimplemented(path)}

  def unary(handle, "/vllm.bridge.v1.Pool/" <> method = path, request, options) do
    release = &release(handle, &1, options)

    with :unknown <- Sessions.call(handle.sessions, method, request, release),
         do: {:error, unsupported(path)}
  end

  # The call to withdraw keeps the worker busy, so the worker cannot be asked.
  def unary(_handle, "/vllm.bridge.v1.Rank/Withdraw" = path, _request, _options),
    do: {:error, unsupported(path)}

  def unary(handle, path, request, options) do
    metadata = options |> Keyword.get(:metadata, []) |> Map.new()
    session_id = Map.fetch!(metadata, "vllm-session-id")

    args = %{
      "method" => path,
      "request" => {:binary, request},
      "session_id" => session_id,
      "metadata" => Map.take(metadata, @metadata),
      "correlation_id" => Map.get(metadata, "vllm-call-id", "")
    }

    asked = Keyword.get(options, :timeout, :infinity)

    with {:ok, options} <- options(handle, session_id, metadata, options),
         {:ok, result} <- execute(session_id, @tool, args, options) do
      response(result)
    else
      {:error, :deadline_exceeded} -> {:error, late(asked)}
      {:error, reason} -> {:error, reason}
    end
  end

  # What became of the call cannot be asked: its worker is busy with it.
  defp late(asked) do
    case Deadlines.carried(asked) do
      ^asked ->
        :deadline_exceeded

      carried ->
        Transport.status(%Error{
          category: :timeout,
          reason: "deadline_exceeded",
          message:
            "the call timed out after #{carried} ms, to which its #{asked} ms were rounded up: Snakepit's gRPC " <>
              "client sends whole seconds, minutes or hours. Whether it ran is not known",
          details: %{"timeout_ms" => carried, "asked_ms" => asked}
        })
    end
  end

  defp response({:binary, bytes}), do: {:ok, bytes}
  defp response({:binary, bytes, _decoded}), do: {:ok, bytes}
  # A response without a byte, of a function without a result.
  defp response(nil), do: {:ok, ""}

  defp response(other) do
    message =
      "the answer of #{@tool} is #{inspect(other, limit: 5, printable_limit: 100)}, and no bytes: the " <>
        "pool's adapter must be Vllm.Bridge.SnakepitAdapter"

    error = %Error{category: :grpc_error, reason: "malformed_response", message: message}
    {:error, Transport.status(error)}
  end

  defp unsupported(path) do
    message =
      "a Snakepit pool does not know #{path}; see docs/snakepit.md for what it has instead"

    Transport.status(%Error{
      category: :pool,
      reason: "unsupported_by_transport",
      message: message
    })
  end

  # --- Snakepit ---------------------------------------------------------------------------------

  defp execute(session_id, tool, args, options) do
    case Snakepit.execute_in_session(session_id, tool, args, options) do
      {:ok, result} -> {:ok, result}
      {:error, failure} -> {:error, Failure.reason(failure)}
    end
  catch
    :exit, reason -> {:error, Failure.exit_reason(reason)}
  end

  # What the call names, over what its session was opened with, over the bridge's.
  defp options(handle, session_id, metadata, options) do
    with {:ok, pool_name} <- pool_name(metadata["vllm-pool-name"]) do
      named =
        for {key, value} <- [pool_name: pool_name, affinity: affinity(metadata["vllm-affinity"])],
            value != nil,
            do: {key, value}

      session = Sessions.options(handle.sessions, session_id, named)
      call = [timeout: options |> Keyword.get(:timeout, :infinity) |> Deadlines.given()]
      call = call ++ profile(metadata)
      {:ok, handle.defaults |> Keyword.merge(session) |> Keyword.merge(call)}
    end
  end

  # Snakepit's names of pools are atoms; one that it has exists.
  defp pool_name(nil), do: {:ok, nil}

  defp pool_name(name) do
    {:ok, String.to_existing_atom(name)}
  rescue
    ArgumentError ->
      message = "Snakepit has no pool #{name}"
      error = %Error{category: :pool, reason: "pool_not_found", message: message}
      {:error, Transport.status(error)}
  end

  defp affinity(name), do: Enum.find(Runtime.affinities(), &(Atom.to_string(&1) == name))

  defp profile(%{"vllm-timeout-profile" => name}) do
    [timeout_profile: String.to_existing_atom(name)]
  rescue
    ArgumentError -> [timeout_profile: name]
  end

  defp profile(_none), do: []

  # Frees what a session keeps in its worker; how many objects there were.
  defp release(handle, session_id, options) do
    with {:ok, options} <- options(handle, session_id, %{}, options),
         do:
           execute(
             session_id,
             "snakebridge.release_session",
             %{"session_id" => session_id},
             options
           )
  end
end
