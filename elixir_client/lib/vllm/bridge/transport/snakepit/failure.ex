defmodule Vllm.Bridge.Transport.Snakepit.Failure do
  @moduledoc false
  # What Snakepit says of a call that failed, as a transport says it.

  alias Vllm.Bridge.Connection
  alias Vllm.Bridge.Transport
  alias Vllm.Error

  # Snakepit's own reasons, by our names for them.
  @known %{
    queue_timeout: %Error{
      category: :timeout,
      reason: "queue_timeout",
      message: "no worker of the Snakepit pool became free in time; the call never ran"
    },
    pool_saturated: %Error{
      category: :pool,
      reason: "queue_full",
      message: "as many calls wait in the Snakepit pool as may"
    },
    worker_busy: %Error{
      category: :worker,
      reason: "worker_busy",
      message: "the session's worker runs a call, and the session is strict_fail_fast"
    },
    session_worker_unavailable: %Error{
      category: :worker,
      reason: "session_worker_unavailable",
      message: "the worker of the session is gone, and its objects with it; open another session"
    },
    no_workers_available: %Error{
      category: :worker,
      reason: "no_rank",
      message: "the Snakepit pool has no worker for the call at the moment; it did not run"
    },
    pool_not_found: %Error{
      category: :pool,
      reason: "pool_not_found",
      message: "Snakepit has no such pool"
    },
    pool_not_initialized: %Error{
      category: :pool,
      reason: "pool_unreachable",
      message: "the Snakepit pool has not started yet"
    },
    worker_exit: %Error{
      category: :worker,
      reason: "connection_lost",
      message: "the worker ended during the call, which may have run"
    }
  }

  @late [:timeout, :worker_timeout, :deadline_exceeded]

  # What Snakepit says in words alone, without a reason.
  @said %{
    "Pool execute timed out" => :timeout,
    "Worker process exited" => :worker_exit,
    "Worker shutting down" => :worker_exit,
    "Python worker crashed" => :worker_exit,
    "Async gRPC request failed" => :worker_exit,
    "Async gRPC request process exited" => :worker_exit,
    "Worker not found" => :no_workers_available,
    "Not connected to gRPC server" => :no_workers_available,
    "Pool initialization timed out" => :pool_not_initialized,
    "Pool failed to start workers" => :pool_not_initialized,
    "Pools failed to start workers" => :pool_not_initialized
  }

  # gRPC's INTERNAL and UNAVAILABLE: what elixir-grpc makes of a connection whose worker was killed. Errors of a
  # worker that lives come in its answers.
  @lost [:internal, :unavailable]
  @lost_statuses [13, 14]

  # How Snakepit finds that it has no worker, before it sends anything.
  @nobody [:worker_not_found, :worker_dead, :worker_restarting, :worker_not_ready, :starter_down]

  @doc "Of `{:error, failure}`."
  @spec reason(term()) :: Connection.reason()
  def reason(failure) do
    case detail(failure) do
      {:ok, message, detail} -> {:status, 2, message, [{"vllm-error-bin", detail}]}
      :error -> own(cause(failure), failure)
    end
  end

  @doc "Of the exit of a call to Snakepit's pool."
  @spec exit_reason(term()) :: Connection.reason()
  def exit_reason({:timeout, _call}), do: :deadline_exceeded
  def exit_reason({:noproc, _call}), do: {:unprocessed, :noproc}
  def exit_reason(:noproc), do: {:unprocessed, :noproc}
  def exit_reason(reason), do: {:closed, reason}

  # --- what the worker said ---------------------------------------------------------------------

  # An exception of Python, `Snakepit.Error.ValueError` and the like, has the error object's context. It
  # comes as it is, or as the reason in the details of a `Snakepit.Error`.
  defp detail(%{context: %{"error_detail" => encoded}} = exception) when is_binary(encoded) do
    with {:ok, detail} <- Base.decode64(encoded), do: {:ok, text(exception), detail}
  end

  defp detail(%{__struct__: Snakepit.Error, details: details}) when is_map(details) do
    case details do
      %{reason: %{} = reason} -> detail(reason)
      %{"error_detail" => _encoded} -> detail(%{context: details})
      %{context: %{} = context} -> detail(%{context: context})
      _none -> :error
    end
  end

  defp detail(_other), do: :error

  # --- what Snakepit said -----------------------------------------------------------------------

  defp cause(%{__struct__: Snakepit.Error, message: message}) when is_map_key(@said, message),
    do: Map.fetch!(@said, message)

  defp cause(%{__struct__: Snakepit.Error, category: :timeout, details: details})
       when not is_map_key(details, :reason),
       do: :timeout

  defp cause(%{__struct__: Snakepit.Error, details: %{reason: reason}}), do: cause(reason)
  defp cause({:pool_not_found, _name}), do: :pool_not_found
  defp cause({:worker_exit, _reason}), do: :worker_exit
  # How a worker, or the process that has it, ended.
  defp cause({:grpc_server_exited, _status}), do: :worker_exit
  defp cause({:grpc_server_exited_unexpectedly, _status}), do: :worker_exit
  defp cause({:shutdown, _reason}), do: :worker_exit
  defp cause(ended) when ended in [:shutdown, :killed | @lost], do: :worker_exit
  defp cause(nobody) when nobody in @nobody, do: :no_workers_available

  defp cause(%{__struct__: GRPC.RPCError, status: status}) when status in @lost_statuses,
    do: :worker_exit

  defp cause(other), do: other

  defp own(cause, _failure) when cause in @late, do: :deadline_exceeded

  defp own(_cause, %{__struct__: Snakepit.Error, grpc_status: status}) when status in @late,
    do: :deadline_exceeded

  defp own(%{__struct__: GRPC.RPCError, status: status} = error, _failure)
       when is_integer(status),
       do: {:status, status, text(error), []}

  defp own(cause, failure) when is_map_key(@known, cause),
    do: @known |> Map.fetch!(cause) |> with_details(failure) |> Transport.status()

  # Among them what a worker of another adapter answers, which does not know the tool.
  defp own(_cause, failure) do
    %Error{
      category: :pool,
      reason: "snakepit_error",
      message: "Snakepit: #{text(failure)}"
    }
    |> with_details(failure)
    |> Transport.status()
  end

  defp with_details(error, failure),
    do: %{error | details: %{"snakepit" => inspect(failure, limit: 20, printable_limit: 500)}}

  defp text(%{message: message}) when is_binary(message), do: message
  defp text(message) when is_binary(message), do: message
  defp text(other), do: inspect(other, limit: 20, printable_limit: 500)
end
