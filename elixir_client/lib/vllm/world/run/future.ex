defmodule Vllm.World.Future do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A run or a call of a world that goes on in the background.

      {:ok, future} = Vllm.World.async_run(world, fn rank -> MyApp.step(rank) end)
      {:ok, results} = Vllm.World.await(future, 5_000)

  `Vllm.World.async_run/3` and `Vllm.World.async_call/4` begin one. It ends with the process that began it,
  or with `Vllm.World.cancel/1`. These collect it, from any process and as often as they like:

    * `Vllm.World.await/2`: its result. One that is not ready in time (`:infinity` without a timeout) is an
      error of the category `:timeout`, reason `"future_not_ready"`; the future goes on.
    * `Vllm.World.yield_many/2`: what several have come to.
    * `Vllm.World.results/2`: the outcomes of its ranks as they come.

  The results and errors are those of `Vllm.World.run/3` and `Vllm.World.call/4`.
  """

  @behaviour GenServer

  alias Vllm.Bridge.Trace
  alias Vllm.{Deadline, Error, Options, Runtime, World}
  alias Vllm.World.{Dispatch, Resolve, Schemas, Turn}

  @enforce_keys [:pid, :world_id]
  defstruct [:pid, :world_id, :what]

  @typedoc "What is in it is private."
  @type t :: %__MODULE__{pid: pid(), world_id: String.t(), what: String.t()}

  @typep outcome :: {:ok, term()} | {:error, Error.t()}

  @doc false
  @spec run(World.world(), (non_neg_integer() -> term()), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def run(world, fun, opts) do
    with {:ok, opts} <- Options.parse(opts, Schemas.run(), "Vllm.World.async_run"),
         {:ok, resolved, timeout} <- Resolve.ready(world, opts) do
      opts = %{opts | timeout: timeout}
      work = fn tell -> &Dispatch.run(&1, fun, &2, tell) end
      {:ok, start(resolved, "run", &Resolve.run(world, resolved, opts, work.(&1)))}
    end
  end

  @doc false
  @spec call(World.world(), World.callee(), [term()], keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def call(world, callee, args, opts) do
    with {:ok, opts} <- Dispatch.options(opts),
         {:ok, resolved, timeout} <- Resolve.ready(world, opts) do
      opts = %{opts | timeout: timeout}
      work = fn tell -> &Dispatch.call(&1, callee, args, %{opts | timeout: &2}, tell) end
      {:ok, start(resolved, "call", &Resolve.run(world, resolved, opts, work.(&1)))}
    end
  end

  defp start(world, what, work) do
    owner = self()
    # The run belongs to this process's runs, and has its defaults.
    callers = [owner | Process.get(:"$callers", [])]
    inherited = {callers, Runtime.defaults(), Turn.current(), Trace.current()}
    {:ok, pid} = GenServer.start(__MODULE__, {owner, inherited, work})
    %__MODULE__{pid: pid, world_id: world.id, what: what}
  end

  @doc false
  @spec await(t(), timeout() | keyword()) :: outcome()
  def await(future, opts_or_timeout) do
    with {:ok, timeout} <- Options.timeout(opts_or_timeout, :infinity, "Vllm.World.await"),
         do: result(future, timeout)
  end

  defp result(future, timeout) do
    case ask(future, :result, Deadline.new(timeout)) do
      {:ok, result} -> result
      :gone -> {:error, gone(future)}
      :late -> {:error, late(future, timeout)}
    end
  end

  @doc false
  @spec yield_many([t()], timeout() | keyword()) :: [{t(), outcome() | nil}]
  def yield_many(futures, opts_or_timeout) do
    case Options.timeout(opts_or_timeout, 5_000, "Vllm.World.yield_many") do
      {:ok, timeout} ->
        deadline = Deadline.new(timeout)
        for future <- futures, do: {future, yield(future, deadline)}

      {:error, error} ->
        for future <- futures, do: {future, {:error, error}}
    end
  end

  defp yield(future, deadline) do
    case ask(future, :result, deadline) do
      {:ok, result} -> result
      :gone -> {:error, gone(future)}
      :late -> nil
    end
  end

  @doc false
  @spec results(t(), timeout() | keyword()) :: Enumerable.t()
  def results(future, opts_or_timeout) do
    Stream.resource(
      fn ->
        timeout = Error.unwrap!(Options.timeout(opts_or_timeout, :infinity, "Vllm.World.results"))

        {0, Deadline.new(timeout), timeout}
      end,
      fn
        :over -> {:halt, :over}
        {seen, deadline, timeout} -> next(future, seen, deadline, timeout)
      end,
      fn _state -> :ok end
    )
  end

  defp next(future, seen, deadline, timeout) do
    case ask(future, {:rank, seen}, deadline) do
      {:ok, :over} -> {:halt, :over}
      {:ok, {rank, outcome}} -> {[{rank, outcome}], {seen + 1, deadline, timeout}}
      :gone -> raise gone(future)
      :late -> raise late(future, timeout)
    end
  end

  @doc false
  @spec cancel(t()) :: :ok
  def cancel(future) do
    monitor = Process.monitor(future.pid)
    GenServer.cast(future.pid, :cancel)

    receive do
      {:DOWN, ^monitor, :process, _pid, _reason} -> :ok
    end
  end

  defp ask(future, what, deadline) do
    # An alias: the runtime drops what arrives after we stopped waiting.
    ref = :erlang.monitor(:process, future.pid, alias: :demonitor)
    send(future.pid, {what, ref})
    answer = wait(ref, deadline)
    :erlang.demonitor(ref, [:flush])

    # It may have come while we stopped waiting.
    receive do
      {^ref, late} -> {:ok, late}
    after
      0 -> answer
    end
  end

  defp wait(ref, deadline) do
    receive do
      {^ref, answer} -> {:ok, answer}
      {:DOWN, ^ref, :process, _pid, _reason} -> :gone
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline), do: :late, else: wait(ref, deadline)
    end
  end

  defp gone(future) do
    Error.validation(
      "this #{future.what} of #{future.world_id} is over: it was cancelled, or the process that started " <>
        "it has ended",
      "invalid_argument"
    )
  end

  defp late(future, timeout) do
    %Error{
      category: :timeout,
      reason: "future_not_ready",
      message:
        "this #{future.what} of #{future.world_id} has not ended after #{timeout} ms, and goes on; await " <>
          "it again, or Vllm.World.cancel/1 it",
      details: %{"world_id" => future.world_id, "timeout_ms" => timeout}
    }
  end

  # --- the process: it lives as long as the one that started the future -------------------------

  @impl GenServer
  def init({owner, inherited, work}) do
    Process.flag(:trap_exit, true)
    Process.monitor(owner)
    future = self()

    worker =
      spawn_link(fn ->
        {callers, defaults, turns, trace} = inherited
        Process.put(:"$callers", callers)
        Trace.put(trace)
        Runtime.put_defaults(defaults)
        Turn.put(turns)
        tell = fn rank, outcome -> send(future, {:told, rank, outcome}) end
        send(future, {:finished, work.(tell)})
      end)

    {:ok, %{worker: worker, told: %{}, count: 0, result: nil, waiting: []}}
  end

  @impl GenServer
  def handle_info({what, ref}, state) when is_reference(ref) do
    {:noreply, answered(%{state | waiting: [{what, ref} | state.waiting]})}
  end

  def handle_info({:told, rank, outcome}, state) do
    told = Map.put(state.told, state.count, {rank, outcome})
    {:noreply, answered(%{state | told: told, count: state.count + 1})}
  end

  def handle_info({:finished, result}, state), do: {:noreply, answered(%{state | result: result})}

  def handle_info({:EXIT, worker, reason}, %{worker: worker, result: nil} = state)
      when reason != :normal do
    error = %Error{
      category: :worker,
      reason: "run_failed",
      message: "the run ended: " <> Exception.format_exit(reason)
    }

    {:noreply, answered(%{state | result: {:error, error}})}
  end

  def handle_info({:DOWN, _monitor, :process, _owner, _reason}, state), do: over(state)
  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def handle_cast(:cancel, state), do: over(state)

  # The runner sees that its caller is gone, and stops the processes of the ranks.
  defp over(state) do
    Process.exit(state.worker, :kill)
    {:stop, :normal, state}
  end

  defp answered(state) do
    waiting =
      Enum.reject(state.waiting, fn {what, ref} ->
        answer = answer(what, state)
        if answer, do: send(ref, {ref, answer})
        answer != nil
      end)

    %{state | waiting: waiting}
  end

  defp answer(:result, %{result: result}), do: result

  defp answer({:rank, index}, %{told: told, result: result}),
    do: Map.get(told, index) || (result && :over)
end
