defmodule Vllm.Bridge.Transport do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Carries a bridge's calls. The default is HTTP/2 (`Vllm.Bridge.Connection`). A module with this behaviour
  replaces it:

      {Vllm.Bridge, transport: {MyTransport, some: "option"}}

  `Vllm.Bridge.Transport.Memory`, for tests, and `Vllm.Bridge.Transport.Snakepit` are two such modules. A
  transport gets encoded requests and returns encoded responses; the rest of the client stays the same.

  ## What comes through it

  `c:unary/4` gets the calls of a bridge in the calling process, each with its gRPC path:

    * `/vllm.distributed.v1.SERVICE/METHOD` and `/vllm.bridge.v1.Objects/METHOD`: calls that run in a
      rank. The metadata says where: `vllm-session-id` and `vllm-call-id` always, where they apply also
      `vllm-epoch` (of the world, as the caller knows it), `vllm-tensors` (`ref`: leave tensors there)
      and, with what may be a session's first call, `vllm-affinity`, `vllm-pool-name`, `vllm-client-id`.
      Where the call or its bridge names a timeout profile, `vllm-timeout-profile` is that name.
    * `/vllm.bridge.v1.Pool/METHOD`: `OpenSession`, `CloseSession`, `GetSession`, `StartWorld`,
      `StopWorld`, `GetWorld`, `RestartWorld`, `Diagnose`, `GetProfiles`.
    * `/vllm.bridge.v1.Rank/Withdraw`: takes back a call whose time is over, and says what became of it.

  Messages and metadata are those of docs/contract.md. A transport answers `unimplemented/1` to methods it
  does not know; then the function that needs the method returns an error. A custom transport has
  subscriptions if it has `c:subscribe/2`, and no connections straight to ranks.
  """

  alias Vllm.Bridge.{Connection, Protobuf, V1}
  alias Vllm.Bridge.Frames.Route
  alias Vllm.{Error, Term}

  @typedoc "What `c:init/2` made; every call gets it."
  @type handle :: term()

  @typedoc "A transport as the option `transport` of `Vllm.Bridge` gives it."
  @type given :: module() | {module(), keyword()}

  @doc since: "0.1.0"
  @doc """
  Checks the options and returns the children that the bridge's supervisor starts first. It is called
  before the bridge starts and has no side effects. `{:error, message}` refuses the options.
  """
  @callback init(bridge :: atom(), options :: keyword()) ::
              {:ok, handle(), [Supervisor.child_spec() | {module(), term()} | module()]}
              | {:error, message :: String.t()}

  @doc since: "0.1.0"
  @doc """
  Makes one call, in the caller's process, and returns within `timeout` milliseconds or
  `{:error, :deadline_exceeded}`.

  `t:Vllm.Bridge.Connection.reason/0` lists the reasons, and whether the call may have run. `status/1`
  makes a reason of an error.
  """
  @callback unary(
              handle(),
              path :: String.t(),
              request :: binary(),
              options :: [timeout: timeout(), metadata: [{binary(), binary()}]]
            ) :: {:ok, response :: binary()} | {:error, Connection.reason()}

  @doc since: "0.1.0"
  @doc """
  Subscribes the calling process to the messages of a `Pool/Watch` or `Pool/Subscribe`. Returns the process of
  the subscription, which `GenServer.stop/1` ends, and whose messages are those of `Vllm.Bridge.subscribe/1` and
  `Vllm.World.subscribe/3`. A transport without it carries no streams.
  """
  @callback subscribe(handle(), request :: struct()) :: {:ok, pid()} | {:error, Error.t()}

  @optional_callbacks subscribe: 2

  @doc since: "0.1.0"
  @doc "A call that fails with this error, for transports to return: what a server's trailers say."
  @spec status(Error.t()) :: {:status, 2, String.t(), [{binary(), binary()}]}
  def status(%Error{} = error) do
    detail = error |> detail() |> Protobuf.encode() |> IO.iodata_to_binary()
    {:status, 2, error.message || "", [{"vllm-error-bin", detail}]}
  end

  defp detail(error) do
    {:ok, details} = Term.pack(error.details || %{})

    %V1.ErrorDetail{
      category: error.category || :python_error,
      message: error.message || "",
      reason: error.reason || "",
      details: details,
      python_type: error.python_type || "",
      traceback: error.traceback || "",
      rank: error.rank,
      call_id: error.call_id || ""
    }
  end

  @doc since: "0.1.0"
  @doc "What a transport answers to a path that it does not know."
  @spec unimplemented(String.t()) :: {:status, 12, String.t(), []}
  def unimplemented(path), do: {:status, 12, "this transport does not carry #{path}", []}

  @doc false
  @spec start(atom(), given()) :: {:ok, {module(), handle()}, list()} | {:error, String.t()}
  def start(bridge, module) when is_atom(module), do: start(bridge, {module, []})

  def start(bridge, {module, options}) do
    what = "Vllm.Bridge: transport #{inspect(module)}"

    if Code.ensure_loaded?(module) and function_exported?(module, :init, 2) do
      case module.init(bridge, options) do
        {:ok, handle, children} -> {:ok, {module, handle}, children}
        {:error, message} -> {:error, "#{what}: #{message}"}
      end
    else
      {:error, "#{what} is no module with the behaviour Vllm.Bridge.Transport"}
    end
  end

  @doc false
  # Sends a request and waits for its response. Never exits.
  # `:on_sent`, if given, is called in the calling process once the request is on its way.
  @spec unary(pid() | Route.t() | {module(), handle()}, String.t(), iodata(), keyword()) ::
          {:ok, binary()} | {:error, Connection.reason()}
  def unary({module, handle}, path, request, options) do
    request = IO.iodata_to_binary(request)

    # The transport does not say when that is; a caller that waits for it must not wait for the answer.
    {on_sent, options} = Keyword.pop(options, :on_sent)
    if on_sent, do: on_sent.()
    module.unary(handle, path, request, Keyword.put_new(options, :metadata, []))
  end

  def unary(%Route{} = route, path, request, options),
    do: route |> Route.unary(path, request, options) |> unsent()

  def unary(connection, path, request, options),
    do: connection |> Connection.unary(path, request, options) |> unsent()

  # The connection process was already gone, so that nothing was sent.
  defp unsent({:error, {:closed, :noproc}}), do: {:error, {:unprocessed, :noproc}}
  defp unsent(result), do: result

  @doc false
  # The error for a pool that could not be reached or was lost.
  @spec lost_pool(Connection.reason(), String.t(), map()) :: Error.t()
  def lost_pool({:closed, _} = reason, what, config) do
    %Error{
      category: :pool,
      reason: "pool_connection_lost",
      message:
        "the connection to the pool at #{config.endpoint} broke during #{what}: " <>
          Connection.format_reason(reason)
    }
  end

  def lost_pool({:protocol, _} = reason, what, config) do
    %Error{
      category: :grpc_error,
      reason: "protocol_error",
      message:
        "#{what} at #{config.endpoint} failed on the wire: #{Connection.format_reason(reason)}"
    }
  end

  def lost_pool(reason, what, config) do
    %Error{
      category: :pool,
      reason: "pool_unreachable",
      message:
        "the pool at #{config.endpoint} could not be reached for #{what}: #{Connection.format_reason(reason)}"
    }
  end
end
