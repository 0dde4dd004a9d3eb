defmodule Vllm.World do
  @sizes [
    tensor_parallel_size: "Ranks that share every layer.",
    pipeline_parallel_size: "Stages the layers are cut into.",
    data_parallel_size: "Replicas.",
    prefill_context_parallel_size: "Ranks a prompt is cut over.",
    decode_context_parallel_size: "Ranks a context is cut over; divides the tensor parallel size."
  ]

  @schema Enum.map(@sizes, fn {key, doc} -> {key, [type: :positive, doc: doc]} end) ++
            [
              backend: [type: :label, doc: "Backend of torch.distributed; `gloo` when absent."],
              timeout: [
                type: :positive,
                doc:
                  "Milliseconds that bound the start and every rendezvous, group and wait of the " <>
                    "world; 120,000 when absent."
              ],
              world_id: [type: :text, doc: "Id; chosen by the pool when absent."],
              pool_name: [type: :label, doc: "Pool to start it in; the default one when absent."],
              bridge: [
                type: :name,
                default: Vllm.Bridge,
                doc: "Name of the `Vllm.Bridge` to use."
              ]
            ]

  @moduledoc """
  N ranks that form one distributed environment.

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2, pipeline_parallel_size: 2)

      Vllm.World.run(world, fn rank ->
        {:ok, group} = Vllm.Distributed.get_pp_group()
        {rank, group.rank_in_group}
      end)

      :ok = Vllm.World.stop(world)

  A world does not end with the process that started it; it ends with `stop/1` or with its pool. If a
  rank dies, every pending and later call of the world returns an error that names the rank and how it
  ended.
  """

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Error, Options, Session}
  alias Vllm.World.{Info, Runner}

  @enforce_keys [:id, :epoch, :world_size, :sessions]
  defstruct [:id, :epoch, :world_size, :sessions, session_ids: [], bridge: Vllm.Bridge]

  @typedoc "`sessions` and `session_ids` are in rank order."
  @type t :: %__MODULE__{
          id: String.t(),
          epoch: non_neg_integer(),
          world_size: pos_integer(),
          sessions: [Session.t()],
          session_ids: [String.t()],
          bridge: atom()
        }

  # The pool bounds the start itself and says why it failed; this is for a pool that does not.
  @default_timeout 120_000
  @grace 30_000

  @doc """
  Starts the ranks of a world and returns when all of them are initialised.

  Options:

  #{Options.docs(@schema)}
  """
  @spec start(keyword()) :: {:ok, t()} | {:error, Error.t()}
  def start(opts \\ []) do
    with {:ok, opts} <- validate(opts),
         {:ok, config} <- Connections.config(opts.bridge),
         timeout = (opts.timeout || @default_timeout) + @grace,
         {:ok, message} <-
           PoolClient.call(config, "StartWorld", request(opts, config), V1.World, timeout),
         do: message |> from_message(opts) |> bind()
  end

  @doc """
  Runs a function once per rank, concurrently, each in a process of its own that is bound to the rank's
  session, and returns the results in rank order. The function gets the rank.

  Should it raise, exit or throw on one rank, the processes of the others are stopped and
  `Vllm.World.RankError` is raised here, saying on which rank. When the calling process dies, so do all
  of them. What a rank already executes goes on until it ends.

  The option `timeout` (milliseconds or `:infinity`, the default) bounds the whole; when it has passed,
  all processes are stopped and the caller exits.
  """
  @spec run(t(), (non_neg_integer() -> result), keyword()) :: [result] when result: term()
  def run(%__MODULE__{} = world, fun, opts \\ []) when is_function(fun, 1) do
    schema = [timeout: [type: :timeout, default: :infinity]]

    case Options.validate(opts, schema, "Vllm.World.run") do
      {:ok, %{timeout: timeout}} -> Runner.run(ranked(world), fun, timeout)
      {:error, message} -> raise ArgumentError, message
    end
  end

  @doc "The session of one rank, for `Vllm.Session.with_session/2` and `__runtime__: [session_id: ...]`."
  @spec session(t(), non_neg_integer()) :: Session.t()
  def session(%__MODULE__{sessions: sessions}, rank), do: Enum.fetch!(sessions, rank)

  @doc "State of a world and of each of its ranks."
  @spec info(t()) :: Info.t() | {:error, Error.t()}
  def info(%__MODULE__{} = world) do
    request = %V1.GetWorldRequest{world_id: world.id}

    with {:ok, config} <- Connections.config(world.bridge),
         {:ok, message} <- PoolClient.call(config, "GetWorld", request, V1.World),
         do: Info.from_message(message)
  end

  @doc "Stops the ranks of a world. Stopping one that is not there is not an error."
  @spec stop(t()) :: :ok | {:error, Error.t()}
  def stop(%__MODULE__{} = world) do
    request = %V1.StopWorldRequest{world_id: world.id}

    with {:ok, config} <- Connections.config(world.bridge),
         {:ok, _response} <- PoolClient.call(config, "StopWorld", request, V1.StopWorldResponse),
         do: Connections.unbind(world.bridge, world.session_ids)
  end

  # A world that cannot be used must not stay behind.
  defp bind(world) do
    with {:error, error} <- Connections.bind(world.bridge, world.sessions) do
      stop(world)
      {:error, error}
    else
      :ok -> {:ok, world}
    end
  end

  defp validate(opts) do
    with {:error, message} <- Options.validate(opts, @schema, "Vllm.World.start"),
         do: {:error, Error.validation(message, "invalid_option")}
  end

  defp request(opts, config) do
    %V1.StartWorldRequest{
      world_id: opts.world_id || "",
      tensor_parallel_size: opts.tensor_parallel_size,
      pipeline_parallel_size: opts.pipeline_parallel_size,
      data_parallel_size: opts.data_parallel_size,
      prefill_context_parallel_size: opts.prefill_context_parallel_size,
      decode_context_parallel_size: opts.decode_context_parallel_size,
      backend: opts.backend || "",
      timeout: duration(opts.timeout),
      pool_name: opts.pool_name || config.defaults.pool_name || ""
    }
  end

  defp duration(nil), do: nil

  defp duration(ms) do
    %Vllm.Google.Protobuf.Duration{seconds: div(ms, 1_000), nanos: rem(ms, 1_000) * 1_000_000}
  end

  defp from_message(%V1.World{} = message, opts) do
    sessions =
      for rank <- message.ranks do
        %Session{
          id: rank.session_id,
          rank: rank.rank,
          bridge: opts.bridge,
          pool_name: opts.pool_name || "",
          affinity: :strict_queue,
          endpoint: rank.endpoint,
          world_id: message.world_id,
          epoch: message.epoch,
          pid: rank.pid
        }
      end

    %__MODULE__{
      id: message.world_id,
      epoch: message.epoch,
      world_size: message.world_size,
      sessions: sessions,
      session_ids: Enum.map(sessions, & &1.id),
      bridge: opts.bridge
    }
  end

  defp ranked(world), do: Enum.map(world.sessions, &{&1.rank, &1})
end
