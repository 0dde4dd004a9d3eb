defmodule Vllm.Call.Context do
  @moduledoc false
  # Enters a context manager of a rank, runs a function, and exits it in any case.

  alias Vllm.Bridge.Owners
  alias Vllm.Call.{ContextScope, OwnedRefs, Objects}
  alias Vllm.{Error, Ref, Runtime}
  require Logger

  # After these the client does not know whether the context was entered.
  @unknown_outcome [:timeout, :worker, :grpc_error]

  @doc """
  What the function returns, run with the value of the entered context; see `Vllm.with_context/3`.
  `release: true` forgets the context as well.
  """
  @spec run(term(), (term() -> result) | (() -> result), Runtime.t(), release: boolean()) ::
          {:ok, result} | {:error, Error.t()}
        when result: term()
  def run(%Ref{} = ref, fun, runtime, release: release) do
    bridge = OwnedRefs.bridge(runtime)
    # From here on somebody exits it, whenever this process is killed.
    owned = {:context, System.unique_integer([:monotonic]), ref}
    Owners.own(bridge, owned)

    leave = fn error ->
      result = Objects.exit(ref, error, release, runtime)
      unless open?(result), do: Owners.disown(bridge, owned)
      if release and match?({:ok, _suppressed}, result), do: OwnedRefs.released([ref], bridge)
      with {:ok, _suppressed} <- result, do: :ok
    end

    case Objects.enter(ref, runtime) do
      {:ok, value} ->
        in_scope(fn -> ContextScope.run(ref, bridge, body(fun, value)) end, leave)

      {:error, error} ->
        # Calls of a session run in order: the exit comes behind an entry that still runs.
        if error.category in @unknown_outcome,
          do: leave.("entering it failed"),
          else: Owners.disown(bridge, owned)

        {:error, error}
    end
  end

  def run(other, _fun, _runtime, _release) do
    message = "a context manager was expected from the call, got: #{inspect(other, limit: 5)}"
    {:error, Error.validation(message, "not_a_context")}
  end

  defp body(fun, _value) when is_function(fun, 0), do: fun
  defp body(fun, value), do: fn -> fun.(value) end

  defp in_scope(run, leave) do
    run.()
  catch
    kind, reason ->
      stacktrace = __STACKTRACE__

      with {:error, error} <- leave.(Exception.format_banner(kind, reason, stacktrace)),
           do: Logger.warning("a context could not be exited: " <> Error.message(error))

      :erlang.raise(kind, reason, stacktrace)
  else
    result -> with :ok <- leave.(""), do: {:ok, result}
  end

  # Whether the context may still be entered: then it is left to the end of this process.
  defp open?({:error, %Error{category: category, reason: reason}}),
    do: category in @unknown_outcome or reason == "context_order"

  defp open?(_exited), do: false
end
