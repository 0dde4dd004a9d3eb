defmodule Vllm.Call.Failure do
  @moduledoc false
  # Finds out why a call did not return. It asks the pool about a lost rank, and the rank about a call whose
  # deadline has passed, so that the error says what happened and not only what this client saw.

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Protobuf, Transport, V1}
  alias Vllm.Call.Dispatch
  alias Vllm.{Deadline, Error, Session}

  @withdraw "/vllm.bridge.v1.Rank/Withdraw"
  @withdraw_timeout 1_000
  @unavailable 14
  @deadline 4

  # A rank's connection may break some milliseconds before the pool sees the process die, and a
  # collective may fail some milliseconds before its peer's death is known: how long the pool waits
  # for that news, in ms.
  @patience_lost 1_300
  @patience_collective 300
  @ask_timeout 2_000

  # A rank that does not answer costs the pool up to 250 ms of it.
  @diagnose_timeout 500

  # Errors of asking, as opposed to what the pool answers.
  @nobody_answered ~w(bridge_not_started pool_unreachable pool_connection_lost protocol_error
                      deadline_exceeded malformed_response)

  # The pool's answers about a session that never comes back.
  @ended ~w(session_not_found session_closed world_stopped)

  @doc "The error of a failed call, or the call as it may be sent once more."
  @spec explain(Dispatch.t(), Connection.reason()) :: {:retry, Dispatch.t()} | {:error, Error.t()}
  def explain(%{direct: true} = call, {kind, _} = reason) when kind in [:connect, :unprocessed] do
    case ask(call, 0) do
      {:live, session} ->
        # Of a rank on another host it is found out anew whether it can be reached.
        if kind == :connect and session.far_endpoint != "",
          do: Connections.unbind(call.config.bridge, [session.id])

        Connections.bind(call.config.bridge, [session])
        {:retry, through_pool(call)}

      :unknown ->
        {:error, labelled(lost_rank(call, reason, "The pool cannot be asked about it."), call)}

      {:gone, error} ->
        {:error, labelled(error, call)}
    end
  end

  def explain(%{direct: false} = call, {:unprocessed, _}), do: {:retry, through_pool(call)}
  def explain(call, reason), do: {:error, error(call, reason)}

  @doc "The error of a failed call that is not sent again."
  @spec error(Dispatch.t(), Connection.reason()) :: Error.t()
  def error(call, reason), do: call |> named(reason) |> labelled(call)

  defp named(call, :deadline_exceeded), do: timed_out(call)

  defp named(call, {:status, code, text, trailers}) do
    cond do
      Error.detailed?(trailers) -> code |> Error.from_status(text, trailers) |> of_world(call)
      code == @deadline -> timed_out(call)
      code == @unavailable and call.direct -> lost(call, {:closed, text})
      true -> Error.from_status(code, text, trailers)
    end
  end

  defp named(%{direct: true} = call, {:closed, _} = reason), do: lost(call, reason)

  defp named(%{direct: true} = call, {:protocol, _} = reason) do
    %Error{
      category: :grpc_error,
      reason: "protocol_error",
      message: "#{call.function} failed on the wire: #{Connection.format_reason(reason)}"
    }
  end

  defp named(call, reason), do: Transport.lost_pool(reason, call.function, call.config)

  defp labelled(error, call) do
    # A session that has ended needs no connection any more.
    if error.reason in @ended and Connections.session(call.config.bridge, call.session_id),
      do: Connections.unbind(call.config.bridge, [call.session_id])

    %{hinted(error, call) | call_id: error.call_id || call.call_id, rank: error.rank || call.rank}
  end

  # Python's remedy is to initialise; from here it is to call in the right session.
  defp hinted(%{reason: reason} = error, %{rank: nil})
       when reason in ["group_not_initialized", "environment_not_initialized"] do
    %{
      error
      | message:
          error.message <>
            ". From Elixir: Vllm.World.start/1 does this, and calls made inside Vllm.World.run/2 " <>
            "reach the world's ranks; this one was made outside any world"
    }
  end

  defp hinted(error, _call), do: error

  defp through_pool(call) do
    pool =
      case Connections.config(call.config.bridge) do
        {:ok, config} -> config.pool
        {:error, _stopped} -> call.config.pool
      end

    %{call | connection: pool, direct: false}
  end

  # --- a lost rank ------------------------------------------------------------------------------

  defp lost(call, reason) do
    case ask(call, @patience_lost) do
      {:gone, error} -> error
      {:live, _session} -> lost_rank(call, reason, "The pool says that the rank lives.")
      :unknown -> lost_rank(call, reason, "The pool cannot be asked about it.")
    end
  end

  # A collective fails in a rank because another one died; which one, the pool knows.
  defp of_world(%Error{reason: "collective_failed"} = error, %{direct: true} = call) do
    case ask(call, @patience_collective) do
      {:gone, cause} ->
        %{cause | details: Map.put(cause.details, "collective_error", error.message)}

      _live_or_unknown ->
        error
    end
  end

  defp of_world(error, _call), do: error

  # What became of the session: live, gone for the reason in the error, or unknown.
  defp ask(call, patience) do
    wait = Deadline.duration(patience)
    request = %V1.GetSessionRequest{session_id: call.session_id, wait_for_end: wait}
    timeout = @ask_timeout + patience

    with {:ok, config} <- Connections.config(call.config.bridge),
         {:ok, message} <- PoolClient.call(config, "GetSession", request, V1.Session, timeout) do
      {:live, Session.from_message(message, call.config.bridge)}
    else
      {:error, %Error{reason: reason}} when reason in @nobody_answered -> :unknown
      {:error, error} -> {:gone, error}
    end
  end

  defp lost_rank(call, {_kind, _} = reason, consequence) do
    %Error{
      category: :worker,
      reason: "connection_lost",
      message:
        "#{call.function}: the connection to the rank of session #{call.session_id} failed: " <>
          "#{Connection.format_reason(reason)}. #{consequence}"
    }
  end

  # --- a deadline -------------------------------------------------------------------------------

  defp timed_out(call) do
    case withdraw(call) do
      # The gate knows best why it did not start.
      {:ok, _record, %V1.ErrorDetail{} = refusal} ->
        error = Error.from_detail(refusal)

        %Error{
          category: :timeout,
          reason: error.reason || "deadline_exceeded",
          message: error.message,
          rank: error.rank,
          details: Map.merge(details(call, :withdrawn), error.details)
        }

      {:ok, record, nil} ->
        late(call, {:ok, record})

      {:error, error} ->
        late(call, {:error, error})
    end
  end

  defp late(call, record) do
    state = with {:ok, %{state: state}} <- record, do: state

    %Error{
      category: :timeout,
      reason: "deadline_exceeded",
      message:
        "#{call.function} timed out after #{call.timeout} ms#{at(call)}: #{fate(record)}" <>
          diagnosis(call, state),
      details: details(call, state)
    }
  end

  # What the other ranks of its world do, where a call is stuck in it.
  defp diagnosis(%{world_id: world_id} = call, :running) when world_id != nil do
    request = %V1.DiagnoseRequest{world_id: world_id}

    case PoolClient.call(call.config, "Diagnose", request, V1.Diagnosis, @diagnose_timeout) do
      {:ok, %{text: text}} when text != "" -> ". " <> text
      _nothing_to_add -> ""
    end
  end

  defp diagnosis(_call, _state), do: ""

  defp at(%{rank: nil}), do: ""
  defp at(%{rank: rank}), do: " on rank #{rank}"

  defp fate({:ok, %{state: :withdrawn} = record}),
    do: "it was still queued#{seconds(record.queued_s)} and never ran. Raise `timeout`, or find \
what the rank is busy with"

  defp fate({:ok, %{state: :running} = record}),
    do:
      "it is running#{seconds(record.running_s)} and cannot be interrupted; the rank stays busy \
until it ends. If it is a collective, let its peers make the same call, or restart the world: \
their next call would meet this one"

  defp fate({:ok, %{state: :finished}}),
    do: "it finished too late; its result is lost. Raise `timeout`"

  defp fate({:ok, %{state: :queued}}), do: "it is queued and may still run"

  defp fate({:ok, _unknown}),
    do:
      "the rank does not know the call: it never arrived, or ended too long ago. Raise `timeout` if it " <>
        "was short"

  defp fate({:error, error}),
    do: "whether it ran is not known, because nobody could be asked: #{error.message}"

  defp seconds(s) when is_float(s) and s > 0,
    do: " (for #{:erlang.float_to_binary(s, decimals: 1)} s)"

  defp seconds(_none), do: ""

  defp details(call, state) do
    state = if is_atom(state), do: Atom.to_string(state), else: "unknown"

    %{
      "function" => call.function,
      "timeout_ms" => call.timeout,
      "session_id" => call.session_id,
      "call_state" => state
    }
  end

  defp withdraw(%{direct: true} = call) do
    with {:error, _unreachable} <- withdraw(call, call.connection),
         do: withdraw(call, through_pool(call).connection)
  end

  defp withdraw(call), do: withdraw(call, call.connection)

  defp withdraw(call, connection) do
    request = %V1.WithdrawRequest{session_id: call.session_id, call_id: call.call_id}

    # The pool finds the rank by the session; the call id here is this request's own.
    metadata = [
      {"vllm-session-id", call.session_id},
      {"vllm-call-id", call.call_id <> "-withdraw"}
    ]

    body = Protobuf.encode(request)

    options = [timeout: @withdraw_timeout, metadata: metadata]

    case Transport.unary(connection, @withdraw, body, options) do
      {:ok, binary} ->
        withdrawn(Protobuf.decode(V1.WithdrawResponse, binary))

      {:error, reason} ->
        {:error, PoolClient.failed(reason, "Withdraw", call.config, @withdraw_timeout)}
    end
  end

  defp withdrawn({:ok, response}),
    do: {:ok, response.call || %V1.CallRecord{state: :unknown}, response.refusal}

  defp withdrawn({:error, problem}), do: {:error, Vllm.Call.malformed("Withdraw", problem)}
end
