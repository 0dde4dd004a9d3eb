defmodule Vllm.World.Starter do
  @moduledoc false
  # Starts a world for a process that does something else meanwhile. The starting process owns the world
  # until another one has awaited it and owns it then.

  use GenServer, restart: :temporary

  alias Vllm.Bridge.{Connections, Owners}
  alias Vllm.{Deadline, Error, Options, World}
  alias Vllm.World.{Info, Launcher, Schemas, Starting}

  @doc "See `Vllm.World.start_async/1`. Ends with the calling process unless the world is detached."
  @spec start(term()) :: {:ok, Starting.t()} | {:error, Error.t()}
  def start(opts) do
    with {:ok, opts} <- Options.parse(opts, Schemas.start(), "Vllm.World.start_async"),
         {:ok, config} <- Connections.config(opts.bridge) do
      caller = self()
      callers = [caller | Process.get(:"$callers", [])]
      id = opts.world_id || Launcher.new_id()
      start = fn on_progress -> Launcher.start(id, %{opts | on_progress: on_progress}, config) end
      process = {start, opts.on_progress, opts.detached, caller, callers}
      {:ok, pid} = GenServer.start(__MODULE__, process)
      {:ok, %Starting{id: id, bridge: opts.bridge, detached: opts.detached, pid: pid}}
    end
  end

  @doc "See `Vllm.World.await/2`: the calling process owns the world then."
  @spec await(Starting.t(), keyword() | timeout()) :: {:ok, World.t()} | {:error, Error.t()}
  def await(starting, opts_or_timeout) do
    opts = if is_list(opts_or_timeout), do: opts_or_timeout, else: [timeout: opts_or_timeout]

    with {:ok, opts} <- Options.parse(opts, Schemas.await(), "Vllm.World.await"),
         do: await(starting, opts.timeout, opts.on_progress)
  end

  defp await(starting, timeout, on_progress) do
    # An alias: the runtime drops what arrives after we stopped waiting.
    ref = :erlang.monitor(:process, starting.pid, alias: :demonitor)
    deadline = Deadline.new(timeout)
    send(starting.pid, {:await, ref})

    try do
      wait(ref, starting, deadline, on_progress, nil)
    after
      :erlang.demonitor(ref, [:flush])
      flush(ref)
    end
  end

  defp wait(ref, starting, deadline, on_progress, latest) do
    receive do
      {^ref, {:progress, info}} ->
        if on_progress, do: on_progress.(info)
        wait(ref, starting, deadline, on_progress, info)

      {^ref, {:result, {:ok, world}}} ->
        unless starting.detached, do: Owners.own(world.bridge, {:world, world.id})
        send(starting.pid, :taken)
        {:ok, world}

      {^ref, {:result, error}} ->
        send(starting.pid, :taken)
        error

      {:DOWN, ^ref, :process, _pid, reason} when reason in [:normal, :shutdown, :noproc] ->
        {:error, Error.validation(over(starting), "invalid_argument")}

      {:DOWN, ^ref, :process, _pid, crash} ->
        {:error, start_failed(crash)}
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline),
          do: {:error, not_ready(starting, latest)},
          else: wait(ref, starting, deadline, on_progress, latest)
    end
  end

  defp over(starting) do
    "world #{starting.id} is not starting any more: it was awaited already, or the process that " <>
      "started it has ended"
  end

  defp start_failed(crash) do
    message = "the start of the world ended: #{Exception.format_exit(crash)}. Start it again"
    %Error{category: :pool, reason: "world_start_failed", message: message}
  end

  defp not_ready(starting, info) do
    %Error{
      category: :timeout,
      reason: "world_not_ready",
      message:
        "world #{starting.id} is not ready yet#{so_far(info)}. Its start goes on: await it again, or " <>
          "Vllm.World.stop/1 it",
      details: %{"world_id" => starting.id}
    }
  end

  defp so_far(nil), do: ""

  defp so_far(%Info{} = info) do
    ready = Enum.count(info.ranks, &(&1.state == :ready))
    waiting = for rank <- info.ranks, rank.state != :ready, do: "rank #{rank.rank} #{rank.state}"

    Enum.join([": #{ready} of #{info.world_size} ranks are" | waiting], ", ")
  end

  defp flush(ref) do
    receive do
      {^ref, _late} -> flush(ref)
    after
      0 -> :ok
    end
  end

  # --- the process ------------------------------------------------------------------------------

  @impl GenServer
  def init({start, on_progress, detached?, caller, callers}) do
    Process.flag(:trap_exit, true)
    starter = self()
    Process.monitor(caller)

    tell = fn info ->
      send(starter, {:progress, info})
      if on_progress, do: on_progress.(info)
    end

    pid =
      spawn_link(fn ->
        Process.put(:"$callers", callers)
        send(starter, {:result, start.(tell)})
        receive(do: (:taken -> :ok))
      end)

    {:ok, %{pid: pid, detached?: detached?, info: nil, result: nil, waiting: []}}
  end

  @impl GenServer
  def handle_info({:await, ref}, state) do
    if state.info, do: send(ref, {ref, {:progress, state.info}})
    if state.result, do: send(ref, {ref, {:result, state.result}})
    {:noreply, %{state | waiting: [ref | state.waiting]}}
  end

  def handle_info({:progress, info}, state) do
    for ref <- state.waiting, do: send(ref, {ref, {:progress, info}})
    {:noreply, %{state | info: info}}
  end

  def handle_info({:result, result}, state) do
    for ref <- state.waiting, do: send(ref, {ref, {:result, result}})
    {:noreply, %{state | result: result}}
  end

  def handle_info(:taken, state) do
    send(state.pid, :taken)
    {:stop, :normal, state}
  end

  def handle_info({:EXIT, pid, reason}, %{pid: pid} = state) do
    handle_info({:result, {:error, start_failed(reason)}}, state)
  end

  # A detached world becomes ready without us.
  def handle_info({:DOWN, _monitor, :process, _caller, _reason}, %{detached?: true} = state) do
    Process.unlink(state.pid)
    send(state.pid, :taken)
    {:stop, :normal, state}
  end

  # Nobody is left to await it: the linked process ends with us, and so does the world.
  def handle_info({:DOWN, _monitor, :process, _caller, _reason}, state),
    do: {:stop, :shutdown, state}

  def handle_info(_other, state), do: {:noreply, state}
end
