defmodule Vllm.Async do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A call that goes on while its caller does, from `Vllm.async/1`. `Vllm.await/2` and `Vllm.await_many/2`
  collect it.
  """

  # A process runs the function, and says when the request of its first call has been handed to a connection.
  # Connections keep that order, and so does a rank. A second process ends the first one with the caller.

  alias Vllm.Bridge.Trace
  alias Vllm.Call.ContextScope
  alias Vllm.{Background, Deadline, Error, Runtime, Session}
  alias Vllm.World.Turn

  @enforce_keys [:ref, :pid, :owner]
  defstruct @enforce_keys

  @typedoc "What is in it is private."
  @type t :: %__MODULE__{ref: reference(), pid: pid(), owner: pid()}

  # Where a process keeps the function to call once its request is on its way.
  @sent :"$vllm_sent"

  @doc false
  @spec start((() -> term())) :: t()
  def start(fun) do
    owner = self()
    inherited = inherited()
    # An alias: the runtime drops an answer that nobody awaits any more.
    ref = :erlang.alias([:reply])
    pid = Background.start("a call of Vllm.async", fn -> run(owner, ref, inherited, fun) end)
    wait_until_sent(pid)
    %__MODULE__{ref: ref, pid: pid, owner: owner}
  end

  defp wait_until_sent(pid) do
    sent = :erlang.monitor(:process, pid, alias: :reply_demonitor)
    send(pid, {:tell, sent})

    receive do
      {^sent, :sent} -> :ok
      {:DOWN, ^sent, :process, _pid, _ended} -> :ok
    end
  end

  # The call belongs to this process's session, contexts and runs, and has its defaults.
  defp inherited do
    callers = [self() | Process.get(:"$callers", [])]
    own = {Runtime.defaults(), Turn.current(), ContextScope.current(), Trace.current()}
    {callers, own, Session.current()}
  end

  defp run(owner, ref, {callers, {defaults, turns, contexts, trace}, session}, fun) do
    worker = self()
    Background.start("ending a call with its caller", fn -> end_with(owner, worker) end)
    Process.put(:"$callers", callers)
    Session.unbind()
    Runtime.put_defaults(defaults)
    Turn.put(turns)
    ContextScope.put(contexts)
    Trace.put(trace)

    receive do
      {:tell, sent} -> Process.put(@sent, fn -> send(sent, {sent, :sent}) end)
    end

    send(ref, {ref, outcome(session, fun)})
  end

  defp outcome(nil, fun), do: guarded(fun)
  defp outcome(session, fun), do: Session.with_session(session, fn -> guarded(fun) end)

  defp guarded(fun) do
    {:returned, fun.()}
  catch
    # Raised in the process that awaits it.
    kind, reason -> {:failed, kind, reason, __STACKTRACE__}
  end

  # A caller that ends, for whatever reason, gives its calls up.
  defp end_with(owner, worker) do
    of_owner = Process.monitor(owner)
    of_worker = Process.monitor(worker)

    receive do
      {:DOWN, ^of_owner, :process, _pid, _reason} -> Process.exit(worker, :kill)
      {:DOWN, ^of_worker, :process, _pid, _reason} -> :ok
    end
  end

  @doc false
  # To be called once a request of the calling process is on its way.
  @spec on_sent() :: (() -> term())
  def on_sent, do: Process.get(@sent, &nobody/0)

  defp nobody, do: :ok

  @doc false
  @spec await(t(), Deadline.t(), timeout()) :: :ok | {:ok, term()} | {:error, Error.t()}
  def await(async, deadline, timeout) do
    case outcome_of(async, deadline, timeout) do
      {:returned, value} -> result(value)
      {:failed, kind, reason, stacktrace} -> {:error, Error.failed(kind, reason, stacktrace)}
      {:error, error} -> {:error, error}
    end
  end

  @doc false
  @spec await!(t(), Deadline.t(), timeout()) :: term()
  def await!(async, deadline, timeout) do
    case outcome_of(async, deadline, timeout) do
      {:returned, value} -> Error.unwrap!(result(value))
      {:failed, kind, reason, stacktrace} -> :erlang.raise(kind, reason, stacktrace)
      {:error, error} -> raise error
    end
  end

  defp result({:ok, value}), do: {:ok, value}
  defp result(:ok), do: :ok
  defp result({:error, error}), do: {:error, Error.returned(error)}
  defp result(value), do: {:ok, value}

  defp outcome_of(%__MODULE__{ref: ref, pid: pid, owner: owner}, deadline, timeout) do
    if owner == self() do
      monitor = Process.monitor(pid)
      outcome = receive_outcome(ref, monitor, deadline)
      Process.demonitor(monitor, [:flush])
      known(outcome, timeout)
    else
      {:error,
       invalid("only the process that began a call can await it, and that is #{inspect(owner)}")}
    end
  end

  defp receive_outcome(ref, monitor, deadline) do
    receive do
      {^ref, outcome} -> outcome
      {:DOWN, ^monitor, :process, _pid, _reason} -> ended(ref)
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline), do: :late, else: receive_outcome(ref, monitor, deadline)
    end
  end

  # Its answer came before its end.
  defp ended(ref) do
    receive do
      {^ref, outcome} -> outcome
    after
      0 -> :gone
    end
  end

  defp known(:gone, _timeout),
    do: {:error, invalid("this call was awaited before, or its process was killed")}

  defp known(:late, timeout) do
    {:error,
     %Error{
       category: :timeout,
       reason: "future_not_ready",
       message:
         "this call has not ended after #{timeout} ms, and goes on until its own timeout; await it again",
       details: %{"timeout_ms" => timeout}
     }}
  end

  defp known(outcome, _timeout), do: outcome

  defp invalid(message), do: Error.validation("Vllm.await: " <> message, "invalid_argument")
end
