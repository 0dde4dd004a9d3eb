defmodule Vllm.Test.Failures do
  @moduledoc false
  # What happens to the ranks of a simulated world.

  alias Vllm.Bridge.V1
  alias Vllm.{Error, Term, World}
  alias Vllm.Test.Stubs

  @spec fail(World.t(), non_neg_integer(), String.t(), atom()) :: :ok
  def fail(world, rank, reason, bridge) do
    %V1.World{} = message = known!(world, bridge)
    _checked = World.session!(world, rank)
    failure = "rank #{rank} of #{world.id} was #{reason}"

    ranks =
      for info <- message.ranks,
          do: if(info.rank == rank, do: %{info | state: :dead, exit: reason}, else: info)

    error = %Error{
      category: :worker,
      reason: "session_worker_unavailable",
      rank: rank,
      message: "#{failure}. Restart the world, or start another",
      details: %{"world_id" => world.id, "epoch" => message.epoch}
    }

    {state, concerned} = become(message, ranks)
    Stubs.ask(bridge, {:fail, Enum.map(concerned, & &1.session_id), error})
    Stubs.ask(bridge, {:put_world, %{message | state: state, failure: failure, ranks: ranks}})
  end

  # With `on_failure: :keep` the others live on.
  defp become(%{on_failure: on_failure}, ranks) do
    dead = Enum.filter(ranks, &(&1.state == :dead))

    if on_failure == :on_failure_keep and dead != ranks,
      do: {:world_degraded, dead},
      else: {:world_failed, ranks}
  end

  @spec emit(World.t(), non_neg_integer(), String.t(), term(), atom()) :: :ok
  def emit(world, rank, topic, value, bridge) do
    session = World.session!(world, rank)

    case Term.pack(value) do
      {:ok, term} ->
        emission = %V1.Emission{
          topic: topic,
          value: term,
          world_id: world.id,
          rank: rank,
          session_id: session.id
        }

        Stubs.ask(bridge, {:emit, emission})

      {:error, problem} ->
        raise ArgumentError, "the value cannot be emitted: #{problem}"
    end
  end

  defp known!(world, bridge) do
    Stubs.ask(bridge, {:worlds, world.id}) ||
      raise ArgumentError, "#{world.id} is no world of #{inspect(bridge)}"
  end
end
