defmodule Vllm.World.Names do
  @moduledoc since: "0.1.0"
  @moduledoc """
  Objects that the ranks of a world keep under a name, and modules of the operator's in all of them.

      :ok = Vllm.World.put(world, :linear, fn _rank -> Vllm.call("torch.nn.Linear", [4, 4]) end)
      {:ok, ["linear"]} = Vllm.World.named(world)
      {:ok, _} = Vllm.World.call(world, "my_app.model.forward", [{:named, :linear}, batch])

  `Vllm.World.put/4` keeps what a function makes on each rank. The world keeps it until `Vllm.World.delete/3`
  or its end, also when the process that made it has ended. `{:named, name}` stands for the rank's own object:
  as an argument of any call in a run or of `Vllm.World.call/4`, and as the object of `Vllm.call/4`.

  `Vllm.World.load/3` imports a Python module in every rank, which the server allows (`--allow`), and returns
  the names that it gives out. An error of the import says on which rank.
  """

  alias Vllm.Call.Objects
  alias Vllm.{Error, Options, Ref, Runtime, Session, World}
  alias Vllm.World.Schemas

  @doc false
  @spec put(World.world(), atom() | String.t(), (non_neg_integer() -> term()), keyword()) ::
          :ok | {:error, Error.t()}
  def put(world, name, fun, opts) do
    on_all(world, opts, fn rank ->
      with {:ok, ref} <- object(fun.(rank)), do: named(ref, "#{name}", false)
    end)
    |> done()
  end

  @doc false
  @spec list(World.world(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def list(world, opts) do
    with {:ok, lists} <- on_all(world, opts, fn _rank -> named(nil, "", false) end),
         do: {:ok, of_all(lists)}
  end

  @doc false
  @spec delete(World.world(), atom() | String.t(), keyword()) :: :ok | {:error, Error.t()}
  def delete(world, name, opts),
    do: world |> on_all(opts, fn _rank -> named(nil, "#{name}", true) end) |> done()

  @doc false
  @spec load(World.world(), String.t(), keyword()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def load(world, module, opts) do
    loaded = fn _rank -> Objects.load(module, Session.current().id, Runtime.defaults()) end

    with {:ok, parsed} <- Options.parse(opts, Schemas.load(), "Vllm.World.load"),
         run_opts = Keyword.drop(opts, [:on_progress]),
         {:ok, future} <- World.async_run(world, &raised(loaded.(&1)), run_opts),
         :ok <- tell(parsed.on_progress, world, Keyword.drop(run_opts, [:timeout]), future),
         {:ok, lists} <- World.await(future),
         do: {:ok, of_all(lists)}
  end

  # In the calling process, for each rank that is through with it.
  defp tell(nil, _world, _opts, _future), do: :ok

  defp tell(fun, world, opts, future) do
    with {:ok, info} <- World.info(world, opts) do
      total = length(info.ranks)

      for {{rank, _outcome}, done} <- future |> World.results() |> Stream.with_index(1),
          do: fun.(%{done: done, total: total, rank: rank})

      :ok
    end
  end

  defp on_all(world, opts, fun) do
    with {:ok, future} <- World.async_run(world, &raised(fun.(&1)), opts), do: World.await(future)
  end

  # An error of one rank is that of all, with each rank's outcome.
  defp raised({:ok, value}), do: value
  defp raised({:error, error}), do: raise(error)

  defp named(ref, name, forget?),
    do: Objects.name(ref, name, forget?, Session.current().id, Runtime.defaults())

  defp object({:ok, value}), do: object(value)
  defp object({:error, %Error{}} = error), do: error

  defp object(value) do
    with {:error, _no_object} <- Ref.of(value) do
      message =
        "put: the function must return an object of the rank, got: #{inspect(value, limit: 5)}"

      {:error, Error.validation(message, "invalid_argument")}
    end
  end

  defp done({:ok, _names}), do: :ok
  defp done(error), do: error

  defp of_all([first | rest]) do
    Enum.filter(first, fn name -> Enum.all?(rest, &(name in &1)) end)
  end
end
