defmodule Vllm.Call.ContextScope do
  @moduledoc false
  # The contexts that the calling process has entered. Its calls run in the context's session and name the
  # context in their metadata: a `:hint` session may use several ranks, and the context is in one of them.

  alias Vllm.Bridge.Connections
  alias Vllm.Call.Inherited
  alias Vllm.{Ref, Session}

  @entered :"$vllm_contexts"

  @doc "Runs the function in the scope of an entered context, and returns its result."
  @spec run(Ref.t(), atom(), (() -> result)) :: result when result: term()
  def run(%Ref{} = ref, bridge, fun) do
    before = Process.get(@entered)
    Process.put(@entered, [{bridge, ref.session_id, ref.id} | entered()])

    try do
      in_session(ref.session_id, bridge, fun)
    after
      if before, do: Process.put(@entered, before), else: Process.delete(@entered)
    end
  end

  @doc "The metadata of a call in that session."
  @spec metadata(atom(), String.t()) :: [{String.t(), String.t()}]
  def metadata(bridge, session_id) do
    case Enum.find(entered(), &match?({^bridge, ^session_id, _id}, &1)) do
      {_bridge, _session_id, id} -> [{"vllm-context", id}]
      nil -> []
    end
  end

  @doc "What the calling process has entered, for `put/1` in a process that works for it."
  @spec current() :: [{atom(), String.t(), String.t()}]
  def current, do: entered()

  @doc "Makes the calling process one that has entered these contexts."
  @spec put([{atom(), String.t(), String.t()}]) :: :ok
  def put(entered) do
    Process.put(@entered, entered)
    :ok
  end

  defp entered, do: Inherited.get(@entered, [])

  defp in_session(id, bridge, fun) do
    case {Session.current(), Connections.session(bridge, id)} do
      {%Session{id: ^id, bridge: ^bridge}, _known} -> fun.()
      {_other, %{session: session}} -> Session.with_session(session, fun)
      {nil, nil} -> if own?(id, bridge), do: fun.(), else: bound(id, bridge, fun)
      {_other, nil} -> bound(id, bridge, fun)
    end
  end

  # Where the calls of a process that is bound to nothing go anyway.
  defp own?(id, bridge), do: match?({:ok, %{default_session: ^id}}, Connections.config(bridge))

  defp bound(id, bridge, fun), do: Session.with_session(%Session{id: id, bridge: bridge}, fun)
end
