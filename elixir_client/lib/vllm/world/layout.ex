defmodule Vllm.World.Layout do
  @moduledoc false
  # Where the ranks of a world stand: their coordinates, and which of them a slice takes. As
  # `vllm_distributed/topology.py` lays them out: data parallel ranks are furthest apart, tensor parallel
  # ranks are next to each other.

  alias Vllm.{Error, Session, World}

  @axes [
    dp: :data_parallel_size,
    pp: :pipeline_parallel_size,
    pcp: :prefill_context_parallel_size,
    tp: :tensor_parallel_size
  ]

  @typedoc "The size of each axis, the slowest first."
  @type t :: [{axis(), pos_integer()}]
  @type axis :: :dp | :pp | :pcp | :tp
  @type coordinates :: %{axis() => non_neg_integer()}

  @doc "The sizes of a world, from a message or options that have them by name."
  @spec of(map()) :: t()
  def of(sizes) do
    for {axis, name} <- @axes, do: {axis, max(Map.get(sizes, name) || 1, 1)}
  end

  @doc "Coordinates of a rank."
  @spec coordinates(t(), non_neg_integer()) :: coordinates()
  def coordinates(layout, rank) do
    {_rest, coordinates} =
      layout
      |> Enum.reverse()
      |> Enum.reduce({rank, %{}}, fn {axis, size}, {left, found} ->
        {div(left, size), Map.put(found, axis, rem(left, size))}
      end)

    coordinates
  end

  @doc "The world of those ranks that have these coordinates."
  @spec slice(World.t(), keyword()) :: {:ok, World.t()} | {:error, Error.t()}
  def slice(%World{} = world, wanted) do
    with {:ok, wanted} <- checked(world.layout, wanted) do
      case Enum.filter(world.sessions, &in?(coordinates(world.layout, &1.rank), wanted)) do
        [] ->
          invalid("no rank of #{world.id} is at #{inspect(wanted)} in this slice of it")

        sessions ->
          {:ok, with_sessions(world, sessions)}
      end
    end
  end

  @doc "The world of those ranks alone; it may be of none."
  @spec only(World.t(), [non_neg_integer()]) :: World.t()
  def only(%World{} = world, ranks),
    do: with_sessions(world, Enum.filter(world.sessions, &(&1.rank in ranks)))

  defp with_sessions(world, sessions) do
    ids = Enum.map(sessions, & &1.id)
    %{world | sessions: sessions, session_ids: ids, world_size: length(sessions)}
  end

  @doc "The ranks of a world by replica: sessions that share a data parallel coordinate."
  @spec replicas(World.t()) :: [{replica :: non_neg_integer(), [Vllm.Session.t()]}]
  def replicas(%World{} = world) do
    world.sessions
    |> Enum.group_by(&coordinates(world.layout, &1.rank).dp)
    |> Enum.sort()
  end

  @doc "The session of one rank."
  @spec session(World.t(), non_neg_integer()) :: {:ok, Session.t()} | {:error, Error.t()}
  def session(%World{} = world, rank) do
    case Enum.find(world.sessions, &(&1.rank == rank)) do
      %Session{} = session ->
        {:ok, session}

      nil ->
        ranks = Enum.map_join(world.sessions, ", ", & &1.rank)
        message = "#{world.id} has no rank #{show(rank)} here; it has: #{ranks}"
        {:error, Error.validation(message, "invalid_argument")}
    end
  end

  defp in?(coordinates, wanted) do
    Enum.all?(wanted, fn {axis, range} -> Map.fetch!(coordinates, axis) in range end)
  end

  defp checked(layout, wanted) do
    if Keyword.keyword?(wanted) and wanted != [],
      do: each(wanted, layout, []),
      else: invalid("a slice is a keyword list such as [tp: 0, dp: 0..1], got: #{show(wanted)}")
  end

  defp each([], _layout, checked), do: {:ok, Enum.reverse(checked)}

  defp each([{axis, coordinate} | rest], layout, checked) do
    with {:ok, size} <- size(layout, axis),
         {:ok, range} <- range(axis, coordinate, size),
         do: each(rest, layout, [{axis, range} | checked])
  end

  defp size(layout, axis) do
    with :error <- Keyword.fetch(layout, axis) do
      known = Enum.map_join(Keyword.keys(@axes), ", ", &Atom.to_string/1)
      invalid("a slice has no axis #{inspect(axis)}; the axes are #{known}")
    end
  end

  # `0..-1` steps downwards, and here means all.
  defp range(axis, %Range{first: first, last: last, step: step} = given, size)
       when step == 1 or (step == -1 and last < 0) do
    with {:ok, %{first: first}} <- range(axis, first, size),
         {:ok, %{last: last}} <- range(axis, last, size) do
      if first <= last,
        do: {:ok, first..last//1},
        else: invalid("#{axis}: #{show(given)} has no coordinate; the smaller one comes first")
    end
  end

  defp range(axis, coordinate, size) when is_integer(coordinate) do
    index = if coordinate < 0, do: coordinate + size, else: coordinate

    if index in 0..(size - 1)//1,
      do: {:ok, index..index//1},
      else:
        invalid(
          "#{axis}: #{coordinate} is out of range: the axis has #{size} " <>
            "#{if size == 1, do: "coordinate", else: "coordinates"}, 0 to #{size - 1} " <>
            "(-1 is the last)"
        )
  end

  defp range(axis, other, _size),
    do: invalid("#{axis} must be an integer or a range of step 1, got: #{show(other)}")

  defp invalid(message),
    do: {:error, Error.validation("Vllm.World.slice: " <> message, "invalid_argument")}

  defp show(value), do: inspect(value, limit: 5)
end
