defmodule Vllm.World.Elastic do
  @moduledoc false
  # Worlds that get other ranks while they live, see `Vllm.World.resize/2` and `Vllm.World.replace_rank/3`.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Deadline, Error, Options, World}
  alias Vllm.World.{Launcher, Resolve, Schemas, Supervised, Turn}

  @typedoc "What is asked of the pool; `request/2` says of which world."
  @type change :: %V1.ResizeWorldRequest{} | %V1.ReplaceRanksRequest{}

  @int64 -0x8000000000000000..0x7FFFFFFFFFFFFFFF

  @spec resize(World.world(), term()) :: {:ok, World.t()} | {:error, Error.t()}
  def resize(world, opts) do
    what = "Vllm.World.resize"

    with {:ok, opts} <- Options.parse(opts, Schemas.resize(), what),
         :ok <- given(opts.data_parallel_size, what) do
      change(world, %V1.ResizeWorldRequest{data_parallel_size: opts.data_parallel_size}, opts)
    end
  end

  @spec replace(World.world(), term(), term()) :: {:ok, World.t()} | {:error, Error.t()}
  def replace(world, rank_or_ranks, opts) do
    what = "Vllm.World.replace_rank"

    with {:ok, opts} <- Options.parse(opts, Schemas.replace(), what),
         {:ok, ranks} <- ranks(rank_or_ranks, what),
         do: change(world, %V1.ReplaceRanksRequest{ranks: ranks}, opts)
  end

  defp given(nil, what), do: {:error, Options.invalid("#{what}: data_parallel_size is missing")}
  defp given(_size, _what), do: :ok

  defp ranks(rank, what) when not is_list(rank), do: ranks([rank], what)

  defp ranks(ranks, what) do
    case Enum.find(ranks, :none, &(not is_integer(&1) or &1 not in @int64)) do
      :none when ranks != [] ->
        {:ok, ranks}

      wrong ->
        shown = if wrong == :none, do: "[]", else: inspect(wrong, limit: 5)
        message = "#{what}: rank must be the number of a rank, or a list of some, got: #{shown}"
        {:error, Error.validation(message, "invalid_argument")}
    end
  end

  defp change(world, change, opts) do
    change = %{change | timeout: opts.timeout && Deadline.duration(opts.timeout)}

    with {:ok, world} <- Resolve.world(world, nil, opts.bridge),
         :ok <- outside_runs(world) do
      if world.name, do: Supervised.change(world.name, change), else: request(world, change)
    end
  end

  # It would wait for the end of the run that waits for it.
  defp outside_runs(world) do
    with {:ok, config} <- Connections.config(world.bridge) do
      turn = Turn.on({config.endpoint, world.id, world.epoch})
      if turn == nil or turn.over?, do: :ok, else: {:error, inside(world)}
    end
  end

  defp inside(world) do
    Error.validation(
      "the ranks of #{world.id} cannot change inside one of its own runs, for whose end that waits: call " <>
        "this outside of the run. Nothing was changed",
      "world_cannot_change"
    )
  end

  @doc "Asks the pool, and returns the world as it is then."
  @spec request(World.t(), change()) :: {:ok, World.t()} | {:error, Error.t()}
  def request(world, %kind{} = change) do
    change = %{change | world_id: world.id, epoch: world.epoch, holder: Turn.holder()}

    # The pool bounds the change itself, and says why it failed.
    with {:ok, config} <- Connections.config(world.bridge),
         {:ok, message} <- PoolClient.call(config, method(kind), change, V1.World, :infinity),
         do: changed(world, message)
  end

  @doc "The world after a change that somebody else has asked for."
  @spec fetch(World.t()) :: {:ok, World.t()} | {:error, Error.t()}
  def fetch(world) do
    with {:ok, config} <- Connections.config(world.bridge),
         request = %V1.GetWorldRequest{world_id: world.id},
         {:ok, message} <- PoolClient.call(config, "GetWorld", request, V1.World),
         do: changed(world, message)
  end

  @doc "The ranks of the second world whose processes are not those of the first."
  @spec new_ranks(World.t(), World.t()) :: [non_neg_integer()]
  def new_ranks(before, world) do
    known = MapSet.new(before.sessions, &{&1.rank, &1.pid})
    for session <- world.sessions, {session.rank, session.pid} not in known, do: session.rank
  end

  defp method(V1.ResizeWorldRequest), do: "ResizeWorld"
  defp method(V1.ReplaceRanksRequest), do: "ReplaceRanks"

  defp changed(before, message) do
    world = %{Launcher.from_message(message, before.bridge) | name: before.name}

    with :ok <- Connections.bind(world.bridge, world.sessions),
         gone = Connections.session_ids(world.bridge, world.id) -- world.session_ids,
         :ok <- Connections.unbind(world.bridge, gone),
         do: {:ok, world}
  end
end
