defmodule Vllm.Call.OwnedRefs do
  @moduledoc false
  # Who owns the objects that calls leave in their ranks. Objects of a session are freed with the session.
  # The bridge's own session, which nobody opened, lasts as long as the bridge. Its objects belong to the
  # calling process and to those it works for (as `Task` and `Vllm.World.run/3` say). They are released
  # when the last of these has died.

  alias Vllm.Bridge.{Connections, Owners}
  alias Vllm.Call.RefScope
  alias Vllm.{Error, Ref, Runtime, Session, Tensor}

  @doc "A call's result; the objects in it are owned from here on."
  @spec owned({:ok, term()} | {:error, Error.t()}, Runtime.t()) ::
          {:ok, term()} | {:error, Error.t()}
  def owned({:ok, value} = result, runtime) do
    case refs(value) do
      [] ->
        :ok

      refs ->
        bridge = bridge(runtime)
        RefScope.made(refs, bridge)
        own(refs, bridge)
    end

    result
  end

  def owned(error, _runtime), do: error

  @doc "The calling process owns these objects, if they are of the bridge's own session."
  @spec own([Ref.t()], atom()) :: :ok
  def own(refs, bridge) do
    with [_ | _] = things <- things(refs, bridge) do
      callers = for pid <- Process.get(:"$callers", []), is_pid(pid), node(pid) == node(), do: pid
      Owners.own_objects(bridge, [self() | callers], things)
    end

    :ok
  end

  @doc "These objects have been released."
  @spec released([Ref.t()], atom()) :: :ok
  def released(refs, bridge) do
    with [_ | _] = things <- things(refs, bridge), do: Owners.forget_objects(bridge, things)
    :ok
  end

  @doc "The bridge of a call, as `Vllm.Call.Dispatch` finds it."
  @spec bridge(Runtime.t()) :: atom()
  def bridge(runtime) do
    bound = Session.current()
    runtime.bridge || (bound && bound.bridge) || Vllm.Bridge
  end

  @doc "The objects of ranks in a value."
  @spec refs(term()) :: [Ref.t()]
  def refs(value), do: refs(value, [])

  defp refs(%Ref{} = ref, found), do: [ref | found]
  defp refs(%Tensor{ref: nil}, found), do: found
  defp refs(%Tensor{ref: ref}, found), do: [ref | found]
  defp refs(%MapSet{} = set, found), do: Enum.reduce(set, found, &refs/2)
  defp refs(%_struct{} = struct, found), do: struct |> Map.from_struct() |> refs(found)
  defp refs([first | rest], found), do: refs(rest, refs(first, found))
  defp refs(tuple, found) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> refs(found)
  defp refs(map, found) when is_map(map), do: map |> Map.to_list() |> refs(found)
  defp refs(_other, found), do: found

  defp things(refs, bridge) do
    case Connections.config(bridge) do
      {:ok, %{default_session: own}} ->
        for %Ref{session_id: id} = ref <- refs, of?(id, own), uniq: true, do: {:object, ref}

      {:error, _not_started} ->
        []
    end
  end

  # Its calls with another affinity or pool have a session of that name with more behind it.
  defp of?(id, own), do: id == own or String.starts_with?(id, own <> ".")
end
