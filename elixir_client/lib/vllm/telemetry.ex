defmodule Vllm.Telemetry do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Events of this client for [`:telemetry`](https://hexdocs.pm/telemetry). They are emitted if that library
  is loaded when a `Vllm.Bridge` starts.

      :telemetry.attach("calls", [:vllm, :call, :stop], &MyApp.Metrics.call/4, nil)

  | event | measurements | metadata |
  |---|---|---|
  | `[:vllm, :call, :start]` | `monotonic_time`, `system_time`, `request_bytes` | of the call |
  | `[:vllm, :call, :stop]` | `monotonic_time`, `duration`, `response_bytes` | of the call, `outcome`, `error` |
  | `[:vllm, :call, :exception]` | `monotonic_time`, `duration` | of the call, `kind`, `reason`, `stacktrace` |
  | `[:vllm, :world, :starting]` | `system_time` | of the world |
  | `[:vllm, :world, :ready]` | `duration` | of the world |
  | `[:vllm, :world, :failed]` | `duration` | of the world, `error` |
  | `[:vllm, :world, :stopped]` | `duration` | of the world, `outcome`, `error` |
  | `[:vllm, :connection, :up]` | `system_time` | `endpoint` |
  | `[:vllm, :connection, :down]` | `system_time` | `endpoint`, `reason` |
  | `[:vllm, :serving, :batch]` | `monotonic_time`, `duration`, `size`, `waited` | `serving`, `outcome`, `error` |

  Times are in `:native` units, see `System.convert_time_unit/3`.

    * Of the call: `function` (`"GroupCoordinator.all_reduce"`), `path`, `bridge`, `session_id`, `call_id`,
      `rank` and `world_id` (nil outside a world), `timeout` in milliseconds, `direct` (whether it goes
      straight to its rank), `carrier` (`:frames` or `:grpc`, see `Vllm.Bridge`, or the module of a transport).
    * `request_bytes` are those of the whole request; `response_bytes` leave out tensors that came through
      shared memory.
    * A connection is up from its first settings until it takes no new calls; `reason` says why it went
      down. A bridge that stops emits no event for its connections. One of frames is up while its socket is
      open; its `endpoint` is another one than that of gRPC.
    * Of a batch of `Vllm.Serving`: `size` is how many requests it had, `waited` how long the first did before it
      began, `serving` its name.
    * `outcome` is `:ok` or `:error`, and `error` the `Vllm.Error`, or nil.
    * Of the world: `world_id`, `bridge`, `epoch` and `world_size` (nil while they are not known), `restart`.

  A call counts from when it is sent: refused arguments or options make no event. An error of a rank is a
  `[:vllm, :call, :stop]` with the outcome `:error`; `[:vllm, :call, :exception]` is a failure of this
  client or of a transport. `[:vllm, :world, :failed]` is a failed start; `Vllm.Bridge.subscribe/1` tells
  what happens to a world later.
  """

  @compile {:no_warn_undefined, :telemetry}

  alias Vllm.Bridge.Endpoint
  alias Vllm.Error
  alias Vllm.Tensor.{OutgoingRequest, Received}

  @doc since: "0.1.0"
  @doc "Every event, as for `:telemetry.attach_many/4`."
  @spec events() :: [[atom()]]
  def events do
    for {what, names} <- [
          call: [:start, :stop, :exception],
          world: [:starting, :ready, :failed, :stopped],
          connection: [:up, :down],
          serving: [:batch]
        ],
        name <- names,
        do: [:vllm, what, name]
  end

  @doc false
  # Called at the start of a bridge: loading a missing module is slow, and later calls only look.
  @spec load() :: boolean()
  def load, do: Code.ensure_loaded?(:telemetry)

  @doc since: "0.1.0"
  @doc "Whether events are emitted."
  @spec loaded?() :: boolean()
  def loaded?, do: :erlang.function_exported(:telemetry, :execute, 3)

  @doc false
  @spec call(map(), OutgoingRequest.body(), (() -> {:ok, answer} | {:error, Error.t()})) ::
          {:ok, answer} | {:error, Error.t()}
        when answer: binary() | Received.t()
  def call(metadata, body, fun) do
    started = System.monotonic_time()

    measurements = %{
      monotonic_time: started,
      system_time: System.system_time(),
      request_bytes: OutgoingRequest.size(body)
    }

    execute([:vllm, :call, :start], measurements, metadata)

    try do
      fun.()
    catch
      kind, reason ->
        failure = %{kind: kind, reason: reason, stacktrace: __STACKTRACE__}
        execute([:vllm, :call, :exception], since(started), Map.merge(metadata, failure))
        :erlang.raise(kind, reason, __STACKTRACE__)
    else
      result ->
        measurements = Map.put(since(started), :response_bytes, response_bytes(result))
        execute([:vllm, :call, :stop], measurements, Map.merge(metadata, outcome(result)))
        result
    end
  end

  defp response_bytes({:ok, body}), do: byte_size(Received.body(body))
  defp response_bytes({:error, _error}), do: 0

  @doc false
  # The start or restart of a world; `facts` gives the facts of one that is ready.
  @spec world_start(map(), (term() -> map()), (() -> {:ok, world} | {:error, Error.t()})) ::
          {:ok, world} | {:error, Error.t()}
        when world: term()
  def world_start(metadata, facts, fun) do
    if loaded?() do
      started = System.monotonic_time()
      execute([:vllm, :world, :starting], %{system_time: System.system_time()}, metadata)
      result = fun.()
      measurements = Map.take(since(started), [:duration])

      case result do
        {:ok, world} ->
          execute([:vllm, :world, :ready], measurements, Map.merge(metadata, facts.(world)))

        {:error, error} ->
          execute([:vllm, :world, :failed], measurements, Map.put(metadata, :error, error))
      end

      result
    else
      fun.()
    end
  end

  @doc false
  # One batch of a serving; `waited` is how long its first request did.
  @spec serving(map(), (() -> result)) :: result when result: {:ok, term()} | {:error, Error.t()}
  def serving(facts, fun) do
    started = System.monotonic_time()
    result = fun.()

    if loaded?() do
      measurements = facts |> Map.take([:size, :waited]) |> Map.merge(since(started))
      metadata = facts |> Map.take([:serving]) |> Map.merge(outcome(result))
      execute([:vllm, :serving, :batch], measurements, metadata)
    end

    result
  end

  @doc false
  @spec world_stop(map(), (() -> :ok | {:error, Error.t()})) :: :ok | {:error, Error.t()}
  def world_stop(metadata, fun) do
    if loaded?() do
      started = System.monotonic_time()
      result = fun.()
      measurements = Map.take(since(started), [:duration])
      execute([:vllm, :world, :stopped], measurements, Map.merge(metadata, outcome(result)))
      result
    else
      fun.()
    end
  end

  @doc false
  @spec connection_up(Endpoint.t()) :: :ok
  def connection_up(endpoint) do
    if loaded?(), do: execute([:vllm, :connection, :up], now(), %{endpoint: text(endpoint)})
    :ok
  end

  @doc false
  @spec connection_down(Endpoint.t(), term()) :: :ok
  def connection_down(endpoint, reason) do
    metadata = %{endpoint: text(endpoint), reason: reason}
    if loaded?(), do: execute([:vllm, :connection, :down], now(), metadata)
    :ok
  end

  defp text({:local, path}), do: "unix:" <> path
  defp text(tcp), do: Endpoint.authority(tcp)

  defp outcome({:error, error}), do: %{outcome: :error, error: error}
  defp outcome(_ok), do: %{outcome: :ok, error: nil}

  defp now, do: %{system_time: System.system_time()}

  defp since(started) do
    now = System.monotonic_time()
    %{monotonic_time: now, duration: now - started}
  end

  defp execute(event, measurements, metadata),
    do: :telemetry.execute(event, measurements, metadata)
end
