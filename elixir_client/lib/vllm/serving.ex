defmodule Vllm.Serving do
  @schema [
    name: [type: :server, required: true, doc: "Name to register and to call it by."],
    world: [type: :any, required: true, doc: "A world, its id, or the name of a supervised one."],
    handler: [
      type: {:function, 2},
      required: true,
      doc:
        "Gets the world and the requests of a batch, a list, and returns `{:ok, results}`, as many and in " <>
          "that order, or `{:error, error}`."
    ],
    batch_size: [type: :positive, default: 8, doc: "Requests in a batch at most."],
    batch_timeout: [
      type: :wait,
      default: 10,
      doc:
        "Milliseconds that the first request of a batch waits for others; with `:infinity` until the batch is full."
    ],
    concurrency: [
      type: :positive,
      default: 1,
      doc: "Batches at a time. Runs of one world take turns, so more than one helps with several."
    ],
    max_queue: [
      type: :positive,
      default: 1_000,
      doc: "Requests that wait at most; more are refused (`\"queue_full\"`)."
    ]
  ]

  alias Vllm.Call.ContextScope
  alias Vllm.{Deadline, Error, Options, Runtime, Session, Telemetry}

  @moduledoc since: "0.1.0"
  @moduledoc """
  Collects the requests of many processes into batches, and runs each batch once on a world.

      children = [
        {Vllm.Bridge, server: :embedded},
        {Vllm.World, name: MyApp.World, tensor_parallel_size: 2},
        {Vllm.Serving,
         name: MyApp.Embeddings,
         world: MyApp.World,
         handler: fn world, texts ->
           Vllm.World.call(world, "my_app.model.embed", [texts], collect: :first)
         end,
         batch_size: 32,
         batch_timeout: 5}
      ]

      {:ok, embedding} = Vllm.Serving.run(MyApp.Embeddings, "a sentence")

  A batch is complete when it has `batch_size` requests, or when its first request has waited for
  `batch_timeout` milliseconds. While the handler is busy requests wait, so under load batches are full.
  A request whose caller has died or has stopped waiting before its batch began is dropped.

  The handler runs in a process of its own. When it fails, the callers of that batch get the error, and the
  next batch goes on: reason `"serving_failed"` for what it raised, or for another number of results, and the
  handler's own error for `{:error, error}`.

  Options:

  #{Options.docs(@schema)}

  [docs/serving.md](serving.md) shows it beside `Nx.Serving`.
  """

  @behaviour GenServer

  @doc since: "0.1.0"
  @doc "A child specification; the id is the name."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    id = if(Keyword.keyword?(opts), do: opts[:name]) || __MODULE__
    %{id: id, start: {__MODULE__, :start_link, [opts]}}
  end

  @doc since: "0.1.0"
  @doc "Starts it. Options as above."
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Error.t()}
  def start_link(opts) do
    with {:ok, opts} <- validate(opts),
         do: GenServer.start_link(__MODULE__, opts, name: opts.name)
  end

  defp validate(opts) do
    with {:ok, valid} <- Options.parse(opts, @schema, "Vllm.Serving"),
         nil <- Enum.find([:name, :world, :handler], &(valid[&1] == nil)) do
      {:ok, valid}
    else
      {:error, error} -> {:error, error}
      key -> {:error, Options.invalid("Vllm.Serving: #{key} is missing")}
    end
  end

  @doc since: "0.1.0"
  @doc """
  The result of one request, computed together with those of other processes.

  `timeout` milliseconds (default 5,000; `:infinity` for none) bound the wait; then the error has the category `:timeout` and the reason
  `"serving_timeout"`. A request whose batch had not begun has not run then (`details["ran"]` is false).
  """
  @spec run(GenServer.server(), term(), timeout() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def run(serving, request, opts_or_timeout \\ []) do
    with {:ok, timeout} <- Options.timeout(opts_or_timeout, 5_000, "Vllm.Serving.run"),
         do: ask(serving, request, timeout)
  end

  @doc since: "0.1.0"
  @doc "As `run/3`; raises `Vllm.Error`."
  @spec run!(GenServer.server(), term(), timeout() | keyword()) :: term()
  def run!(serving, request, opts_or_timeout \\ []),
    do: serving |> run(request, opts_or_timeout) |> Error.unwrap!()

  defp ask(serving, request, timeout) do
    case whereis(serving) do
      nil ->
        {:error, not_running(serving)}

      pid ->
        # An alias: the runtime drops what arrives after we stopped waiting.
        ref = :erlang.monitor(:process, pid, alias: :demonitor)
        send(pid, {:request, self(), ref, request})
        answer = wait(ref, Deadline.new(timeout), pid, timeout)
        :erlang.demonitor(ref, [:flush])
        answer
    end
  end

  defp whereis(serving) do
    case GenServer.whereis(serving) do
      {_name, _node} = remote -> remote
      pid_or_nil -> pid_or_nil
    end
  end

  defp wait(ref, deadline, pid, timeout) do
    receive do
      {^ref, answer} -> answer
      {:DOWN, ^ref, :process, _pid, reason} -> {:error, ended(reason)}
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline),
          do: withdrawn(ref, pid, timeout),
          else: wait(ref, deadline, pid, timeout)
    end
  end

  # It says whether the request had begun; it answers at once.
  defp withdrawn(ref, pid, timeout) do
    send(pid, {:withdraw, ref})

    receive do
      {^ref, {:withdrawn, ran?}} -> {:error, late(timeout, ran?)}
      {^ref, answer} -> answer
      {:DOWN, ^ref, :process, _pid, reason} -> {:error, ended(reason)}
    end
  end

  defp late(timeout, ran?) do
    what =
      if ran?, do: "its batch is running", else: "its batch had not begun, and it was dropped"

    %Error{
      category: :timeout,
      reason: "serving_timeout",
      message: "no result after #{timeout} ms: #{what}",
      details: %{"timeout_ms" => timeout, "ran" => ran?}
    }
  end

  defp not_running(serving) do
    %Error{
      category: :pool,
      reason: "serving_not_started",
      message:
        "no Vllm.Serving named #{inspect(serving)} is running. Add {Vllm.Serving, name: " <>
          "#{inspect(serving)}, ...} to the children of your supervisor, after its world"
    }
  end

  defp ended(reason) do
    %Error{
      category: :pool,
      reason: "serving_stopped",
      message: "the serving has ended: #{Exception.format_exit(reason)}"
    }
  end

  # --- the process ------------------------------------------------------------------------------

  # queue: the refs of requests that wait, in order, some of them withdrawn; requests: those that do wait.
  # timer: for the first of them. running: the process of a batch => its requests.
  @impl GenServer
  def init(opts) do
    Process.flag(:trap_exit, true)

    {:ok,
     Map.merge(opts, %{queue: :queue.new(), requests: %{}, timer: nil, due?: false, running: %{}})}
  end

  @impl GenServer
  def handle_info({:request, _pid, ref, _request}, state)
      when map_size(state.requests) >= state.max_queue do
    send(ref, {ref, {:error, full(state)}})
    {:noreply, state}
  end

  def handle_info({:request, pid, ref, request}, state) do
    caller = %{pid: pid, monitor: Process.monitor(pid), request: request, since: now()}
    requests = Map.put(state.requests, ref, caller)
    {:noreply, next(%{state | queue: :queue.in(ref, state.queue), requests: requests})}
  end

  def handle_info({:withdraw, ref}, state) do
    waits? = is_map_key(state.requests, ref)
    send(ref, {ref, {:withdrawn, not waits?}})
    {:noreply, forget(state, ref)}
  end

  def handle_info({:due, timer}, %{timer: {timer, _reference}} = state),
    do: {:noreply, next(%{state | timer: nil, due?: true})}

  def handle_info({:done, pid, result}, state) when is_map_key(state.running, pid) do
    {batch, running} = Map.pop!(state.running, pid)
    answer(batch, result)
    {:noreply, next(%{state | running: running})}
  end

  # The process of a batch ended without a result.
  def handle_info({:EXIT, pid, reason}, state) when is_map_key(state.running, pid) do
    message = "the handler failed: #{Exception.format_exit(reason)}"
    handle_info({:done, pid, {:error, failed(message)}}, state)
  end

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, state) do
    case Enum.find(state.requests, fn {_ref, caller} -> caller.monitor == monitor end) do
      {ref, _caller} -> {:noreply, forget(state, ref)}
      nil -> {:noreply, state}
    end
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state) do
    for {pid, _batch} <- state.running, do: Process.exit(pid, :kill)
  end

  defp forget(state, ref) do
    case Map.pop(state.requests, ref) do
      {nil, _requests} ->
        state

      {caller, requests} ->
        Process.demonitor(caller.monitor, [:flush])
        %{state | requests: requests}
    end
  end

  # Begins what can begin, and sets the timer for what cannot.
  defp next(state) do
    waiting = map_size(state.requests)

    cond do
      waiting == 0 ->
        quiet(%{state | queue: :queue.new()})

      map_size(state.running) >= state.concurrency ->
        state

      waiting >= state.batch_size or state.due? or state.batch_timeout == 0 ->
        state |> quiet() |> begin() |> next()

      state.timer == nil and state.batch_timeout != :infinity ->
        timer = make_ref()
        reference = Deadline.send_after(self(), {:due, timer}, state.batch_timeout)
        %{state | timer: {timer, reference}}

      true ->
        state
    end
  end

  defp quiet(state) do
    with {_timer, reference} <- state.timer, do: Process.cancel_timer(reference)
    %{state | timer: nil, due?: false}
  end

  defp begin(state) do
    {batch, queue, requests} = take(state.queue, state.requests, state.batch_size, [])
    server = self()
    %{handler: handler, world: world, name: name} = state
    callers = for {_ref, caller} <- batch, do: caller.pid

    pid =
      spawn_link(fn ->
        Process.put(:"$callers", callers)
        # A batch is of several callers, and has the session and the defaults of none.
        Session.unbind()
        Runtime.put_defaults()
        ContextScope.put([])
        send(server, {:done, self(), handled(handler, world, batch, name)})
      end)

    %{state | queue: queue, requests: requests, running: Map.put(state.running, pid, batch)}
  end

  defp take(queue, requests, 0, batch), do: {Enum.reverse(batch), queue, requests}

  defp take(queue, requests, count, batch) do
    case :queue.out(queue) do
      {:empty, queue} ->
        {Enum.reverse(batch), queue, requests}

      {{:value, ref}, queue} ->
        case Map.pop(requests, ref) do
          {nil, requests} ->
            take(queue, requests, count, batch)

          {caller, requests} ->
            Process.demonitor(caller.monitor, [:flush])
            take(queue, requests, count - 1, [{ref, caller} | batch])
        end
    end
  end

  defp handled(handler, world, batch, name) do
    requests = for {_ref, caller} <- batch, do: caller.request
    oldest = batch |> Enum.map(fn {_ref, caller} -> caller.since end) |> Enum.min()
    facts = %{serving: name, size: length(batch), waited: now() - oldest}

    Telemetry.serving(facts, fn ->
      try do
        checked(handler.(world, requests), length(requests))
      rescue
        error in [Error] -> {:error, error}
        error -> {:error, failed(Exception.format(:error, error, __STACKTRACE__))}
      catch
        kind, reason -> {:error, failed(Exception.format(kind, reason, __STACKTRACE__))}
      end
    end)
  end

  defp checked({:ok, results}, count) when is_list(results) and length(results) == count,
    do: {:ok, results}

  defp checked({:ok, results}, count) when is_list(results) do
    {:error, failed("the handler returned #{length(results)} results for #{count} requests")}
  end

  defp checked({:error, %Error{} = error}, _count), do: {:error, error}

  defp checked({:error, other}, _count),
    do: {:error, failed("the handler returned #{show(other)}")}

  defp checked(other, count) do
    {:error,
     failed(
       "the handler must return {:ok, list of #{count} results}, and returned #{show(other)}"
     )}
  end

  defp answer(batch, {:ok, results}) do
    for {{ref, _caller}, result} <- Enum.zip(batch, results), do: send(ref, {ref, {:ok, result}})
  end

  defp answer(batch, {:error, error}) do
    for {ref, _caller} <- batch, do: send(ref, {ref, {:error, error}})
  end

  defp failed(message), do: %Error{category: :worker, reason: "serving_failed", message: message}

  defp full(state) do
    %Error{
      category: :pool,
      reason: "queue_full",
      message:
        "#{map_size(state.requests)} requests wait for #{inspect(state.name)} already, and at most " <>
          "#{state.max_queue} may; try again later, or raise max_queue",
      details: %{"depth" => map_size(state.requests), "limit" => state.max_queue, "ran" => false}
    }
  end

  defp show(value), do: inspect(value, limit: 5, printable_limit: 100)
  defp now, do: System.monotonic_time()
end
