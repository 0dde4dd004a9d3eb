defmodule Vllm.Bridge.Reach do
  @moduledoc false
  # Ranks on other hosts than their pool's: which of them can be called directly from here, and how. Each is
  # asked over TLS, with its session's token, and has little time to answer: a firewall may swallow the
  # connection. The calls of the others go through the pool, which is asked again a while later.

  alias Vllm.Bridge.{Connection, Connections, PoolClient, V1}
  alias Vllm.{Error, Session}
  require Logger

  @enforce_keys [:endpoint, :certificate, :server_name, :token]
  defstruct @enforce_keys

  @typedoc "What the pool says of it; the certificate, the only one to trust there, is in DER."
  @type t :: %__MODULE__{
          endpoint: String.t(),
          certificate: binary(),
          server_name: String.t(),
          token: String.t()
        }

  @typedoc """
  How a session's rank is reached: as it was, directly on another host, or otherwise (at the session's own
  endpoint, or through the pool).
  """
  @type reach :: :unchanged | t() | nil

  @inspect "/vllm.bridge.v1.Rank/Inspect"

  @ask_timeout 5_000
  @reach_timeout 5_000

  # How long one that cannot be reached is not tried again.
  @forget_after 30_000

  # A host that has gone dark says nothing: its calls fail before the pool has given it up.
  @connection [keepalive: 10_000, keepalive_timeout: 5_000]

  @doc "Each session with how its rank is reached. Takes a few seconds at most, however many they are."
  @spec ranks(Connections.config(), [Session.t()]) :: [{Session.t(), reach()}]
  def ranks(config, sessions) do
    if is_pid(config.pool) and Enum.any?(sessions, &far?/1),
      do: ask_all(config, sessions),
      else: for(session <- sessions, do: {session, nil})
  end

  @doc "Options of a connection there; `given` are the bridge's own."
  @spec options(t(), keyword()) :: keyword()
  def options(%__MODULE__{} = far, given) do
    place = [
      endpoint: far.endpoint,
      token: far.token,
      tls: {:pinned, far.certificate, far.server_name}
    ]

    place ++ Keyword.merge(@connection, given)
  end

  defp far?(session), do: session.endpoint == "" and session.far_endpoint != ""

  defp ask_all(config, sessions) do
    options = [max_concurrency: length(sessions), timeout: :infinity]

    sessions
    |> Task.async_stream(&{&1, ask(config, &1)}, options)
    |> Enum.map(fn {:ok, session_and_reach} -> session_and_reach end)
  end

  defp ask(config, session) do
    known = Connections.session(config.bridge, session.id)

    cond do
      not far?(session) -> nil
      known != nil and known.route != nil and known.session == session -> :unchanged
      Connections.unreachable?(config.bridge, session.far_endpoint) -> nil
      true -> ask_pool(config, session)
    end
  end

  defp ask_pool(config, session) do
    request = %V1.ReachRankRequest{session_id: session.id}
    answer = PoolClient.call(config, "ReachRank", request, V1.ReachRankResponse, @ask_timeout)

    with {:ok, message} <- answer,
         {:ok, far} <- from_message(message),
         :ok <- answers(far, session) do
      far
    else
      {:error, problem} ->
        Connections.unreachable(config.bridge, session.far_endpoint, @forget_after)

        Logger.info(
          "the calls of session #{session.id} go through the server: its rank does not answer " <>
            "at #{session.far_endpoint} (#{problem(problem)})"
        )

        nil
    end
  end

  defp from_message(%V1.ReachRankResponse{} = message) do
    case :public_key.pem_decode(message.certificate) do
      [{:Certificate, der, :not_encrypted}] ->
        {:ok,
         %__MODULE__{
           endpoint: message.endpoint,
           certificate: der,
           server_name: message.server_name,
           token: message.token
         }}

      _other ->
        {:error, "the server names no certificate of it"}
    end
  end

  # Whoever answers has the certificate, and takes the token.
  defp answers(far, session) do
    with {:ok, connection} <- Connection.start_link(options(far, [])) do
      metadata = [{"vllm-session-id", session.id}]
      options = [timeout: @reach_timeout, metadata: metadata]
      answer = Connection.unary(connection, @inspect, "", options)
      Connection.close(connection)
      with {:ok, _rank} <- answer, do: :ok
    end
  end

  defp problem(%Error{message: message}), do: message
  defp problem(text) when is_binary(text), do: text
  defp problem(:deadline_exceeded), do: "nothing came within #{@reach_timeout} ms"
  defp problem(reason), do: Connection.format_reason(reason)
end
