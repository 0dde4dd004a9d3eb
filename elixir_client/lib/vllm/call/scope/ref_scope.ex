defmodule Vllm.Call.RefScope do
  @moduledoc false
  # The objects that calls of this process have left in ranks since `Vllm.scope/1` began, innermost first.

  alias Vllm.Call.{Objects, OwnedRefs}
  alias Vllm.{Error, Ref}
  require Logger

  @made :"$vllm_scope"

  @doc "See `Vllm.scope/1`."
  @spec run((() -> result)) :: result when result: term()
  def run(fun) do
    outer = Process.put(@made, [])

    try do
      fun.()
    else
      result ->
        kept = OwnedRefs.refs(result)
        {returned, left} = Enum.split_with(made(), fn {ref, _bridge} -> ref in kept end)
        leave(outer, returned)
        release(left)
        result
    catch
      kind, reason ->
        left = made()
        leave(outer, [])
        release(left)
        :erlang.raise(kind, reason, __STACKTRACE__)
    end
  end

  @doc "These objects were made; nothing to note outside of a scope."
  @spec made([Ref.t()], atom()) :: :ok
  def made(refs, bridge) do
    with before when is_list(before) <- Process.get(@made),
         do: Process.put(@made, for(ref <- refs, do: {ref, bridge}) ++ before)

    :ok
  end

  defp made, do: @made |> Process.get([]) |> Enum.uniq()

  defp leave(nil, _returned), do: Process.delete(@made)
  # What is returned belongs to the scope around.
  defp leave(outer, returned), do: Process.put(@made, returned ++ outer)

  defp release(made) do
    made
    |> Enum.group_by(fn {ref, bridge} -> {bridge, ref.session_id} end, &elem(&1, 0))
    |> Enum.each(fn {{bridge, _session}, refs} ->
      case Objects.release(refs, __runtime__: [bridge: bridge]) do
        {:ok, _released} -> :ok
        # Gone with its session.
        {:error, %Error{category: category}} when category in [:pool, :validation] -> :ok
        {:error, error} -> Logger.warning("Vllm.scope could not release: " <> error.message)
      end
    end)
  end
end
