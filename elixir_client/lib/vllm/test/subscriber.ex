defmodule Vllm.Test.Subscriber do
  @moduledoc false
  # A subscription at an in-memory bridge: passes on what the test makes happen.

  use GenServer, restart: :temporary

  alias Vllm.Bridge.V1
  alias Vllm.{Emission, Error, Event}
  alias Vllm.Test.Stubs

  @spec start(atom(), struct()) :: {:ok, pid()} | {:error, Error.t()}
  def start(bridge, request), do: GenServer.start(__MODULE__, {bridge, request, self()})

  @impl GenServer
  def init({bridge, request, subscriber}) do
    Process.monitor(subscriber)
    # With the bridge it is over.
    Process.monitor(Stubs.name(bridge))
    current = Stubs.ask(bridge, {:subscribe, self()})
    state = %{bridge: bridge, request: request, subscriber: subscriber}
    with %V1.WatchRequest{with_current: true} <- request, do: Enum.each(current, &tell(&1, state))
    {:ok, state}
  end

  @impl GenServer
  def handle_info({:published, message}, state) do
    tell(message, state)
    {:noreply, state}
  end

  def handle_info(
        {:DOWN, _monitor, :process, subscriber, _reason},
        %{subscriber: subscriber} = state
      ),
      do: {:stop, :normal, state}

  def handle_info({:DOWN, _monitor, :process, _stubs, _reason}, state) do
    message = "the bridge #{inspect(state.bridge)} stops, and its subscriptions with it"
    error = {:error, %Error{category: :pool, reason: "bridge_stopped", message: message}}
    send(state.subscriber, {tag(state.request), self(), error})
    {:stop, :normal, state}
  end

  defp tell(message, state) do
    if wanted?(state.request, message) do
      {:ok, news} = news(message, state.bridge)
      send(state.subscriber, {tag(state.request), self(), news})
    end
  end

  defp wanted?(%V1.WatchRequest{world_id: id}, %V1.Event{world: %{world_id: of}}),
    do: id in ["", of]

  defp wanted?(%V1.SubscribeRequest{} = request, %V1.Emission{} = emission),
    do: request.world_id in ["", emission.world_id] and request.topic in ["", emission.topic]

  defp wanted?(_request, _of_the_other_kind), do: false

  defp news(%V1.Event{} = message, bridge), do: Event.from_message(message, bridge)
  defp news(%V1.Emission{} = message, bridge), do: Emission.from_message(message, bridge)

  defp tag(%V1.WatchRequest{}), do: :vllm_event
  defp tag(%V1.SubscribeRequest{}), do: :vllm_emission
end
