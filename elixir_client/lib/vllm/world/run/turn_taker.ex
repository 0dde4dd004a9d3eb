defmodule Vllm.World.TurnTaker do
  @moduledoc false
  # How a process has its turn on a world from the lease of its bridge: at once, or after others.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Deadline
  alias Vllm.World.{SharedTurn, Turn}

  # So long before its deadline, or a tenth of what is left, a run that waits asks who has the turn, in ms.
  @ahead 50

  @typedoc """
  * `:ok`: the number of the run, and the generation of the world, nil if that is unknown
  * `:none`: runs of this world take no turns
  * `:refused`: with the error of the run; `:failed`: the pool could not be asked
  * `:late`: the deadline is near; what is known about who has the turn
  """
  @type answer ::
          {:ok, number :: pos_integer(), non_neg_integer() | nil, SharedTurn.held()}
          | :none
          | {:refused, Vllm.Error.t()}
          | {:failed, term()}
          | {:late, %{waited_ms: integer(), ahead: integer(), run: V1.RunInfo.t() | nil} | :pool}

  @doc "Waits for the turn of the calling process on a world. `SharedTurn.give_back/1` ends it."
  @spec take(Connections.config(), Turn.world(), Deadline.t()) :: answer()
  def take(%{leases: name} = config, world, deadline) do
    with {:wait, counted} <- SharedTurn.take(name, world) do
      case Process.whereis(name) do
        nil ->
          {:failed, {:closed, :noproc}}

        pid ->
          ref = :erlang.monitor(:process, pid, alias: :demonitor)
          send(pid, {:take, world, self(), ref, counted})
          await(config, {pid, ref}, deadline, ahead(deadline))
      end
    end
  end

  # A run that waits is told why before its time is over.
  defp ahead(nil), do: nil
  defp ahead(deadline), do: deadline - min(@ahead, div(Deadline.left(deadline), 10))

  defp await(config, {pid, ref} = waiting, deadline, until) do
    receive do
      {^ref, answer} -> answered(answer, waiting)
      {:DOWN, ^ref, :process, _pid, reason} -> {:failed, {:closed, reason}}
    after
      Deadline.wait(until) ->
        if Deadline.over?(until) do
          send(pid, {:place, ref})
          placed(config, waiting, deadline)
        else
          await(config, waiting, deadline, until)
        end
    end
  end

  defp placed(config, {pid, ref} = waiting, deadline) do
    receive do
      {^ref, {:place, {:asks, request, place}}} ->
        late(waiting, ask_pool(config, request, place, deadline))

      {^ref, {:place, place}} ->
        late(waiting, place)

      {^ref, answer} ->
        answered(answer, waiting)

      {:DOWN, ^ref, :process, ^pid, reason} ->
        {:failed, {:closed, reason}}
    after
      Deadline.wait(deadline) -> late(waiting, :pool)
    end
  end

  # The turn may have come while it was found out who has it.
  defp late({_pid, ref} = waiting, place) do
    receive do
      {^ref, {:place, _later}} -> late(waiting, place)
      {^ref, answer} -> answered(answer, waiting)
    after
      0 -> answered({:late, place}, waiting)
    end
  end

  defp answered(answer, {pid, ref}) do
    # The runtime drops what arrives after this.
    :erlang.demonitor(ref, [:flush])
    flush(ref)

    case answer do
      {:yours, number, generation, held} ->
        {:ok, number, generation, held}

      other ->
        send(pid, {:over, ref})
        other
    end
  end

  defp flush(ref) do
    receive do
      {^ref, _later} -> flush(ref)
    after
      0 -> :ok
    end
  end

  defp ask_pool(config, request, place, deadline) do
    left = Deadline.left(deadline)

    case PoolClient.call(config, "ReportTurn", request, V1.ReportTurnResponse, left) do
      {:ok, %{run: run, ahead: ahead}} -> %{place | run: run, ahead: place.ahead + ahead}
      {:error, _unknown} -> :pool
    end
  end
end
