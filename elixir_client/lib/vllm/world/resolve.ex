defmodule Vllm.World.Resolve do
  @moduledoc false
  # From what a caller has of a world (the struct, an id, or the name of a supervised world) to the world.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Deadline, Error, Options, World}
  alias Vllm.World.{Launcher, Schemas, Starting, Supervised}

  @typedoc "The name, or the process, of a world under a supervisor."
  @type name :: atom() | pid() | {:global, term()} | {:via, module(), term()}

  defguardp is_name(value)
            when (is_atom(value) and value not in [nil, true, false]) or is_pid(value) or
                   (is_tuple(value) and tuple_size(value) in [2, 3] and
                      elem(value, 0) in [:global, :via])

  @doc "Whether it names a supervised world."
  @spec name?(term()) :: boolean()
  def name?(value), do: is_name(value)

  @doc "The world; waits until the deadline for one that is starting."
  @spec world(World.t() | String.t() | name(), Deadline.t(), atom()) ::
          {:ok, World.t()} | {:error, Error.t()}
  def world(%World{} = world, _deadline, _bridge), do: {:ok, world}
  def world(name, deadline, _bridge) when is_name(name), do: Supervised.world(name, deadline)

  def world(id, deadline, bridge) when is_binary(id) do
    request = %V1.GetWorldRequest{world_id: id}

    with {:ok, config} <- Connections.config(bridge),
         {:ok, message} <-
           PoolClient.call(config, "GetWorld", request, V1.World, timeout(deadline)),
         world = Launcher.from_message(message, bridge),
         :ok <- Connections.bind(bridge, live(message, world)),
         do: {:ok, world}
  end

  def world(other, _deadline, _bridge) do
    message =
      "a world is a %Vllm.World{}, its id, or the name of a supervised one, got: " <>
        inspect(other, limit: 5)

    {:error, Error.validation(message, "invalid_argument")}
  end

  @doc "The world, and the rest of the option `timeout` once it is ready."
  @spec ready(World.world(), map()) :: {:ok, World.t(), timeout()} | {:error, Error.t()}
  def ready(%World{} = world, opts), do: {:ok, world, opts.timeout}

  def ready(world, opts) do
    deadline = Deadline.new(opts.timeout)

    with {:ok, world} <- world(world, deadline, opts.bridge),
         do: {:ok, world, deadline |> Deadline.left() |> at_least_one()}
  end

  defp at_least_one(:infinity), do: :infinity
  defp at_least_one(left), do: max(left, 1)

  @doc "The id of a world, and the options; those have the world's own bridge unless another one is named."
  @spec id(World.world() | Starting.t(), term(), Options.schema(), String.t()) ::
          {:ok, String.t(), map()} | {:error, Error.t()}
  def id(%kind{} = world, opts, schema, what) when kind in [World, Starting] do
    with {:ok, opts} <- options(opts, Keyword.put(schema, :bridge, bridge_of(world)), what),
         do: {:ok, world.id, opts}
  end

  def id(id, opts, schema, what) when is_binary(id) do
    with {:ok, opts} <- options(opts, schema, what), do: {:ok, id, opts}
  end

  def id(other, opts, schema, what) do
    with {:ok, world} <- world(other, nil, World), do: id(world, opts, schema, what)
  end

  defp bridge_of(world), do: Keyword.put(Schemas.by_id()[:bridge], :default, world.bridge)

  @doc "The options of a function, with a value for every key of the schema."
  @spec options(term(), Options.schema(), String.t()) :: {:ok, map()} | {:error, Error.t()}
  def options(opts, schema, what) do
    with {:error, message} <- Options.validate(opts, schema, what),
         do: {:error, Error.validation(message, "invalid_option")}
  end

  # The calls of a world that is over go to the pool, which says how it ended.
  defp live(%{state: :world_ready}, world), do: world.sessions
  defp live(_over, _world), do: []

  defp timeout(deadline), do: deadline |> Deadline.left() |> min(30_000)
end
