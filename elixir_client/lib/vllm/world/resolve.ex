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

  @doc """
  The world; waits until the deadline for one that is starting. `bridge` is of an id, and nil for the usual one.
  """
  @spec world(World.t() | String.t() | name(), Deadline.t(), atom()) ::
          {:ok, World.t()} | {:error, Error.t()}
  def world(%World{} = world, _deadline, bridge), do: own_bridge(world, bridge)

  def world(name, deadline, bridge) when is_name(name) do
    with {:ok, world} <- Supervised.world(name, deadline), do: own_bridge(world, bridge)
  end

  def world(id, deadline, bridge) when is_binary(id) do
    bridge = bridge || Vllm.Bridge
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

  # A world has one bridge, which it knows.
  defp own_bridge(%{bridge: own} = world, bridge) when bridge in [nil, own], do: {:ok, world}

  defp own_bridge(world, bridge) do
    {:error,
     Options.invalid(
       "bridge: world #{world.id} is of #{inspect(world.bridge)}, not of #{inspect(bridge)}; leave the option " <>
         "out, it is for a world given by its id"
     )}
  end

  @doc "Does something with a world that a function of `Vllm.World` was given."
  @spec with_world(World.world(), term(), String.t(), (World.t() -> result)) ::
          result | {:error, Error.t()}
        when result: term()
  def with_world(world, opts, function, fun) do
    with {:ok, opts} <- Options.parse(opts, Schemas.by_id(), "Vllm.World.#{function}"),
         {:ok, world} <- world(world, nil, opts.bridge),
         do: fun.(world)
  end

  @doc "As `with_world/4`, with its id and the options, which have its bridge."
  @spec with_id(
          World.world() | Starting.t(),
          term(),
          Options.schema(),
          String.t(),
          (String.t(), map() -> result)
        ) :: result | {:error, Error.t()}
        when result: term()
  def with_id(world, opts, schema, function, fun) do
    with {:ok, opts} <- Options.parse(opts, schema, "Vllm.World.#{function}"),
         {:ok, id, bridge} <- identity(world, opts.bridge),
         do: fun.(id, %{opts | bridge: bridge})
  end

  @doc "As `with_world/4`, for a run, see `run/3`."
  @spec when_ready(World.world(), term(), String.t(), (World.t(), timeout() -> result)) ::
          result | {:error, Error.t()}
        when result: term()
  def when_ready(world, opts, function, fun) do
    with {:ok, opts} <- Options.parse(opts, Schemas.run(), "Vllm.World.#{function}"),
         do: run(world, opts, fun)
  end

  @doc "The world, and the rest of the option `timeout` once it is ready."
  @spec ready(World.world(), map()) :: {:ok, World.t(), timeout()} | {:error, Error.t()}
  def ready(world, opts) do
    deadline = Deadline.new(opts.timeout)

    with {:ok, resolved} <- world(world, deadline, opts.bridge) do
      # What took no time leaves all of it.
      left = if is_struct(world), do: opts.timeout, else: Deadline.left(deadline)
      {:ok, resolved, max(left, 1)}
    end
  end

  @doc """
  Makes a run on a world, with the rest of the option `timeout`. One that waited while the ranks of the world changed
  is made on the world as it is then, where that is given by its id or name.
  """
  @spec run(World.world(), map(), (World.t(), timeout() -> result)) ::
          result | {:error, Error.t()}
        when result: term()
  def run(world, opts, work) do
    with {:ok, resolved, timeout} <- ready(world, opts),
         do: run(world, resolved, %{opts | timeout: timeout}, work)
  end

  @doc "As `run/3`, beginning with this world."
  @spec run(World.world(), World.t(), map(), (World.t(), timeout() -> result)) ::
          result | {:error, Error.t()}
        when result: term()
  def run(world, %World{id: id} = resolved, opts, work) do
    deadline = Deadline.new(opts.timeout)

    case work.(resolved, opts.timeout) do
      {:error, %Error{reason: "stale_world", details: %{"world_id" => ^id, "ran" => false}}}
      when not is_struct(world) ->
        run(world, %{opts | timeout: max(Deadline.left(deadline), 1)}, work)

      other ->
        other
    end
  end

  defp identity(id, bridge) when is_binary(id), do: {:ok, id, bridge || Vllm.Bridge}

  defp identity(%Starting{} = starting, bridge) do
    with {:ok, starting} <- own_bridge(starting, bridge), do: {:ok, starting.id, starting.bridge}
  end

  defp identity(world_or_name, bridge) do
    with {:ok, world} <- world(world_or_name, nil, bridge), do: {:ok, world.id, world.bridge}
  end

  # The calls of a world that is over go to the pool, which says how it ended.
  defp live(%{state: :world_ready}, world), do: world.sessions
  defp live(_over, _world), do: []

  defp timeout(deadline), do: deadline |> Deadline.left() |> min(30_000)
end
