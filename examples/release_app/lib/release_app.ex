defmodule ReleaseApp do
  @moduledoc "An application whose release brings its ranks along."

  alias Vllm.{Tensor, World}

  @doc "The sum of what two ranks have, from each of them."
  @spec sums() :: {:ok, [[float()]]} | {:error, Vllm.Error.t()}
  def sums do
    with {:ok, world} <- World.start(tensor_parallel_size: 2) do
      result =
        World.collect(world, fn rank ->
          mine = Tensor.new([rank + 1.0])

          with {:ok, sum} <- Vllm.Distributed.tensor_model_parallel_all_reduce(mine),
               do: {:ok, Tensor.to_list(sum)}
        end)

      :ok = World.stop(world)
      result
    end
  end

  @doc "Where the ranks have vllm_distributed from."
  @spec origin() :: String.t()
  def origin do
    {python, env} =
      {Application.fetch_env!(:vllm_distributed, :python), System.get_env("PYTHONPATH")}

    code = "import vllm_distributed; print(vllm_distributed.__file__)"
    {output, 0} = System.cmd(python, ["-c", code], env: [{"PYTHONPATH", env}])
    String.trim(output)
  end
end
