defmodule Vllm.World.Weights do
  @moduledoc false
  # Other weights for a model that the ranks keep. A first run stages them beside those in use, on every rank;
  # only where that went well on all of them does a second one have them used. So no rank waits for one whose
  # weights did not fit.

  alias Vllm.{Error, Options, Tensor, World}
  alias Vllm.World.Schemas

  @staged "vllm_distributed.weight_transfer.StagedWeights"

  @spec load(World.world(), Enumerable.t(), keyword()) ::
          {:ok, pos_integer()} | {:error, Error.t()}
  def load(world, source, opts) do
    with {:ok, parsed} <- Options.parse(opts, Schemas.load_weights(), "Vllm.World.load_weights"),
         :ok <- named(parsed.model),
         {:ok, weights} <- pairs(source) do
      run_opts = Keyword.drop(opts, [:model, :on_progress])
      name = "weights of #{parsed.model} #{System.unique_integer([:positive])} #{node()}"
      outcome = stage_and_commit(world, name, parsed, weights, run_opts)
      _ = World.delete(world, name, run_opts)
      outcome
    end
  end

  defp stage_and_commit(world, name, parsed, weights, run_opts) do
    {caller, told} = {self(), make_ref()}
    stage = fn rank -> stage(rank, parsed.model, weights, {caller, told}) end
    staging = Task.async(fn -> World.put(world, name, stage, run_opts) end)
    commit = fn _rank -> Vllm.call!({:named, name}, "commit", [], []) end

    with :ok <- follow(staging, told, parsed.on_progress),
         {:ok, [version | _same]} <- World.run(world, commit, run_opts),
         do: {:ok, version}
  end

  defp named(nil) do
    message =
      "Vllm.World.load_weights: the option model is missing: the name under which the ranks keep it"

    {:error, Error.validation(message, "invalid_option")}
  end

  defp named(_name), do: :ok

  defp pairs(source) when is_map(source) or is_list(source) do
    weights = Enum.to_list(source)

    case Enum.find(weights, &(not weight?(&1))) do
      nil when weights != [] -> {:ok, weights}
      nil -> invalid("load_weights: the source is empty: give the tensors of the model by name")
      wrong -> invalid("load_weights: #{inspect(wrong, limit: 3)} is no name with a Vllm.Tensor")
    end
  end

  defp pairs(source) do
    invalid(
      "load_weights: the source is a map or a list of names with tensors, got: " <>
        inspect(source, limit: 3)
    )
  end

  # A tensor that a rank keeps is in that rank alone.
  defp weight?({name, %Tensor{data: data}}) when is_binary(name) and is_binary(data), do: true
  defp weight?(_other), do: false

  defp invalid(message), do: {:error, Error.validation(message, "invalid_argument")}

  defp stage(rank, model, weights, {caller, told}) do
    staged = Vllm.call!(@staged, [{:named, model}])
    total = weights |> Enum.map(fn {_name, tensor} -> byte_size(tensor.data) end) |> Enum.sum()

    Enum.reduce(weights, 0, fn {name, tensor}, done ->
      Vllm.call!(staged, "add", [name, tensor], [])
      done = done + byte_size(tensor.data)
      send(caller, {told, %{rank: rank, name: name, done: done, total: total}})
      done
    end)

    staged
  end

  # In the calling process, until all ranks are through, or one has failed.
  defp follow(%Task{ref: ref} = staging, told, on_progress) do
    receive do
      {^told, progress} ->
        if on_progress, do: on_progress.(progress)
        follow(staging, told, on_progress)

      {^ref, outcome} ->
        Process.demonitor(ref, [:flush])
        rest(told, on_progress)
        outcome
    end
  end

  defp rest(told, on_progress) do
    receive do
      {^told, progress} ->
        if on_progress, do: on_progress.(progress)
        rest(told, on_progress)
    after
      0 -> :ok
    end
  end
end
