defmodule Vllm.World.Resolve do
  @moduledoc false
  # From what a caller has of a world (the struct, an id, or the name of a supervised world) to the world.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.{Deadline, Error, World}
  alias Vllm.World.{Launcher, Supervised}

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

  # The calls of a world that is over go to the pool, which says how it ended.
  defp live(%{state: :world_ready}, world), do: world.sessions
  defp live(_over, _world), do: []

  defp timeout(deadline), do: deadline |> Deadline.left() |> min(30_000)
end
