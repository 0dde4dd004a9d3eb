defmodule Vllm do
  @moduledoc """
  `vllm.distributed` for Elixir: typed calls to a pool of rank processes.

      children = [{Vllm.Bridge, server: :embedded}]
      {:ok, _} = Supervisor.start_link(children, strategy: :one_for_one)

      {:ok, {0, 15}} = Vllm.Distributed.get_pp_indices(61, 0, 4)

      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)

      Vllm.World.run(world, fn rank ->
        tensor = Vllm.Tensor.new([rank, rank + 1])
        {:ok, sum} = Vllm.Distributed.tensor_model_parallel_all_reduce(tensor)
        Vllm.Tensor.to_list(sum)
      end)
      #=> [[1, 3], [1, 3]]

  The functions of this module reach what has no generated function: Python callables by dotted name
  (those the server allows, `torch.` and `vllm_distributed.` by default), and objects that stay in a
  rank (`Vllm.Ref`). Values travel as `Vllm.Term` describes.

  The last argument is always a keyword list: `__runtime__: [...]` (see `Vllm.Runtime`), every other
  key being a Python keyword argument.
  """

  alias Vllm.Call.{Context, Objects}
  alias Vllm.{Error, Ref}

  @doc """
  Calls a Python callable by its dotted name, or an object of a rank that is itself callable.

      Vllm.call("torch.arange", [6], dtype: "float32")
  """
  @spec call(String.t() | Ref.t(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(callable, args, opts \\ [])

  def call(name, args, opts) when is_binary(name),
    do: Objects.call({:qualified_name, name}, "", args, opts)

  def call(%Ref{} = ref, method, args) when is_binary(method),
    do: Objects.call({:object, ref}, method, args, [])

  def call(%Ref{} = ref, args, opts), do: Objects.call({:object, ref}, "", args, opts)

  @doc """
  Calls a method of an object that stays in a rank.

      Vllm.call(store, "set", ["key", "value"])
      Vllm.call(store, "get", ["key"], __runtime__: [timeout: 1_000])
  """
  @spec call(Ref.t(), String.t(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(%Ref{} = ref, method, args, opts) when is_binary(method),
    do: Objects.call({:object, ref}, method, args, opts)

  @doc "As `call/3`; raises `Vllm.Error`."
  @spec call!(String.t() | Ref.t(), [term()], keyword()) :: term()
  def call!(callable, args, opts \\ []), do: Error.unwrap!(call(callable, args, opts))

  @doc "As `call/4`; raises `Vllm.Error`."
  @spec call!(Ref.t(), String.t(), [term()], keyword()) :: term()
  def call!(ref, method, args, opts), do: Error.unwrap!(call(ref, method, args, opts))

  @doc "An attribute of an object that stays in a rank; `name` may be dotted where the server allows."
  @spec get_attribute(Ref.t(), String.t(), keyword()) :: {:ok, term()} | {:error, Error.t()}
  def get_attribute(%Ref{} = ref, name, opts \\ []) when is_binary(name),
    do: Objects.get_attribute(ref, name, opts)

  @doc """
  Enters a context manager of a rank, runs a function with the value that it gives, and exits it.

      {:ok, group} = Vllm.Distributed.get_pp_group()
      {:ok, context} = Vllm.Distributed.patch_tensor_parallel_group(group)

      {:ok, size} =
        Vllm.with_context(context, fn _value ->
          Vllm.Distributed.get_tensor_model_parallel_world_size!()
        end)

  The functions that return contexts do it in one call, given the function as their last argument:
  `Vllm.Distributed.suppress_stdout(fn _ -> ... end)`.

  It is exited however the function ends: when it returns, raises, throws or exits (Python's `__exit__`
  gets that as an error, which goes on afterwards also where Python would suppress it), and when the
  calling process is killed, as soon as the rank is free. A session that ends exits what is entered in it.
  What was entered later is exited first; the order is kept where functions nest.

  Returns `{:ok, what the function returned}`, or the error of entering, in which case the function
  has not run, or of exiting. An exit that fails or times out does not cost an error of the function:
  that goes on, and the failed exit is logged. Calls in the function go where they go without it: bind
  the process with `Vllm.Session.with_session/2` to have them in the context's session. That should be a
  strict one, as those of a world are: calls of a `:hint` session may run in another rank.

  Options: `__runtime__: [...]`; the timeout is that of entering, and of exiting.
  """
  @spec with_context(Ref.t(), (term() -> result) | (() -> result), keyword()) ::
          {:ok, result} | {:error, Error.t()}
        when result: term()
  def with_context(%Ref{} = ref, fun, opts \\ [])
      when is_function(fun, 1) or is_function(fun, 0) do
    with {:ok, runtime} <- Context.runtime(opts),
         do: Context.run(ref, fun, runtime, release: false)
  end

  @doc """
  Frees objects in their rank before their session ends; returns how many there were. Those of several
  sessions are freed session by session. One that is not there any more is passed over.
  """
  @spec release(Ref.t() | [Ref.t()], keyword()) :: {:ok, non_neg_integer()} | {:error, Error.t()}
  def release(ref_or_refs, opts \\ []) do
    ref_or_refs
    |> List.wrap()
    |> Enum.group_by(& &1.session_id)
    |> Enum.reduce_while({:ok, 0}, fn {_session_id, refs}, {:ok, released} ->
      case Objects.release(refs, opts) do
        {:ok, count} -> {:cont, {:ok, released + count}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end
end
