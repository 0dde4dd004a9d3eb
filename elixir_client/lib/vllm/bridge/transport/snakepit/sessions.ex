defmodule Vllm.Bridge.Transport.Snakepit.Sessions do
  @moduledoc false
  # The options with which Snakepit is called for each session. Snakepit opens a session at its first call.

  use GenServer

  alias Vllm.Bridge.{Protobuf, Transport, V1}
  alias Vllm.Error

  @spec start_link(atom()) :: GenServer.on_start()
  def start_link(table), do: GenServer.start_link(__MODULE__, table)

  # The table is filled by the processes that call; this one is there so that it ends with the bridge.
  @impl GenServer
  def init(table) do
    :ets.new(table, [:named_table, :public, :set, read_concurrency: true])
    {:ok, table}
  end

  @doc """
  The options of a session: those of the call over the stored ones. The first call that names some stores
  them for calls that name none, such as calls with an object of the session.
  """
  @spec options(atom(), String.t(), keyword()) :: keyword()
  def options(table, session_id, named) do
    case :ets.lookup(table, session_id) do
      [{_id, kept, _session}] ->
        Keyword.merge(kept, named)

      [] ->
        if named != [], do: :ets.insert_new(table, {session_id, named, nil})
        named
    end
  end

  @doc """
  The answer to a request of the pool's service, or `:unknown`. `release` frees the objects that a session
  keeps in its worker.
  """
  @spec call(atom(), String.t(), binary(), (String.t() -> {:ok, term()} | {:error, term()})) ::
          {:ok, binary()} | {:error, term()} | :unknown
  def call(table, "OpenSession", request, _release) do
    {:ok, request} = Protobuf.decode(V1.OpenSessionRequest, request)

    case find(table, request.session_id) do
      nil -> open(table, request)
      session -> same(session, request)
    end
  end

  def call(table, "GetSession", request, _release) do
    {:ok, %{session_id: id}} = Protobuf.decode(V1.GetSessionRequest, request)

    case find(table, id) do
      nil ->
        failed(:pool, "session_not_found", "session #{id} was not opened through this bridge")

      session ->
        reply(session)
    end
  end

  def call(table, "CloseSession", request, release) do
    {:ok, %{session_id: id}} = Protobuf.decode(V1.CloseSessionRequest, request)
    # Before the options are forgotten: they lead to the session's worker.
    released = release.(id)
    known = :ets.take(table, id) != []

    case released do
      {:ok, count} -> reply(%V1.CloseSessionResponse{closed: known or count not in [0, nil]})
      # The worker, or Snakepit itself, is gone: so are the objects.
      {:error, _reason} -> reply(%V1.CloseSessionResponse{closed: known})
    end
  end

  def call(_table, _method, _request, _release), do: :unknown

  defp find(table, id) do
    case :ets.lookup(table, id) do
      [{_id, _options, session}] -> session
      [] -> nil
    end
  end

  defp open(table, request) do
    with {:ok, pool_name} <- pool_name(request.pool_name) do
      id = if request.session_id == "", do: new_id(), else: request.session_id
      affinity = if request.affinity != :affinity_unspecified, do: request.affinity

      options =
        for {key, value} <- [pool_name: pool_name, affinity: affinity],
            value != nil,
            do: {key, value}

      session = %V1.Session{
        session_id: id,
        pool_name: request.pool_name,
        affinity: affinity || :hint,
        client_id: request.client_id
      }

      # The first opener decides.
      case :ets.lookup(table, id) do
        [{_id, kept, nil}] -> :ets.insert(table, {id, Keyword.merge(kept, options), session})
        _none_or_opened -> :ets.insert_new(table, {id, options, session})
      end

      reply(find(table, id))
    end
  end

  defp same(session, request) do
    cond do
      request.affinity not in [:affinity_unspecified, session.affinity] ->
        conflict("affinity_conflict", session.session_id, session.affinity, request.affinity)

      request.pool_name not in ["", session.pool_name] ->
        conflict("pool_conflict", session.session_id, session.pool_name, request.pool_name)

      true ->
        reply(session)
    end
  end

  defp conflict(reason, id, is, wanted) do
    message =
      "session #{id} is open with #{inspect(is)}, and not #{inspect(wanted)}; close it first"

    failed(:validation, reason, message)
  end

  defp pool_name(""), do: {:ok, nil}

  defp pool_name(name) do
    {:ok, String.to_existing_atom(name)}
  rescue
    ArgumentError -> failed(:pool, "pool_not_found", "Snakepit has no pool #{name}")
  end

  defp new_id, do: "session-" <> Base.encode16(:crypto.strong_rand_bytes(8), case: :lower)

  defp reply(message), do: {:ok, message |> Protobuf.encode() |> IO.iodata_to_binary()}

  defp failed(category, reason, message) do
    error = %Error{category: category, reason: reason, message: message}
    {:error, Transport.status(error)}
  end
end
