defmodule Vllm.Bridge.Attachment do
  @moduledoc false
  # Holds the pool's `Attach` stream open while the bridge lives. When the pool sees the stream end, and no
  # other one begin within its grace period, it ends what this bridge opened.

  use GenServer

  alias Vllm.Bridge.{Connection, Connections, PoolClient, Profiles, Protobuf, V1}
  alias Vllm.Error
  require Logger

  @path "/vllm.bridge.v1.Pool/Attach"

  # Milliseconds between attempts: doubled up to the second, which is well under the grace period.
  @first_pause 50
  @longest_pause 1_000

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts) do
    bridge = Keyword.fetch!(opts, :bridge)
    GenServer.start_link(__MODULE__, bridge, name: Module.concat(bridge, Attachment))
  end

  @impl GenServer
  def init(bridge) do
    Logger.metadata(vllm_bridge: bridge)

    state = %{
      bridge: bridge,
      asked: nil,
      stream: nil,
      attached?: false,
      ever?: false,
      # The reason that was logged last, nil when attached.
      warned: nil,
      pause: @first_pause
    }

    {:ok, state, {:continue, :attach}}
  end

  @impl GenServer
  def handle_continue(:attach, state) do
    with {:ok, config} <- Connections.config(state.bridge),
         body = Protobuf.encode(%V1.AttachRequest{client_id: config.client_id}),
         {:ok, stream} <- Connection.server_stream(config.pool, @path, body) do
      {:noreply, %{state | stream: stream, asked: Connection.request_next(stream)}}
    else
      {:error, reason} -> lost(reason, state)
    end
  end

  @impl GenServer
  def handle_info({asked, {:ok, attached}}, %{asked: asked} = state) when asked != nil do
    # A server without frames, and an answer that cannot be read, name no place for them.
    with {:ok, %{frames_endpoint: endpoint}} <- Protobuf.decode(V1.Attached, attached),
         do: Connections.pool_frames(state.bridge, endpoint)

    if state.warned, do: Logger.info("attached to the pool#{if state.ever?, do: " again"}")
    # A new server may have other profiles.
    Profiles.refresh(state.bridge)
    asked = Connection.request_next(state.stream)

    {:noreply,
     %{state | asked: asked, attached?: true, ever?: true, warned: nil, pause: @first_pause}}
  end

  def handle_info({asked, :done}, %{asked: asked} = state) when asked != nil,
    do: lost({:closed, :closed}, state)

  def handle_info({asked, {:error, reason}}, %{asked: asked} = state) when asked != nil,
    do: lost(reason, state)

  def handle_info({:DOWN, asked, :process, _pid, reason}, %{asked: asked} = state),
    do: lost({:closed, reason}, state)

  def handle_info(:attach, state), do: {:noreply, state, {:continue, :attach}}
  def handle_info(_other, state), do: {:noreply, state}

  # UNIMPLEMENTED: a server without attachments, which ends nothing by itself either.
  defp lost({:status, 12, _text, _trailers}, state) do
    Logger.debug("the pool knows no attachments")
    {:noreply, %{state | asked: nil, attached?: false}}
  end

  defp lost(reason, state) do
    Process.send_after(self(), :attach, state.pause)
    state = warn(state, reason)
    pause = min(2 * state.pause, @longest_pause)
    {:noreply, %{state | asked: nil, attached?: false, pause: pause}}
  end

  # Once for each loss, and again where the cause is another one.
  defp warn(state, reason) do
    with {:ok, config} <- Connections.config(state.bridge),
         error = PoolClient.failed(reason, "Attach", config, :infinity),
         true <- error.reason != state.warned do
      Logger.warning(sentence(state, reason) <> ": " <> Error.message(error))
      %{state | warned: error.reason}
    else
      _nothing_new -> state
    end
  end

  defp sentence(_state, {:status, _code, _text, _trailers}),
    do: "the pool refuses this bridge; its calls fail until that is fixed"

  defp sentence(%{ever?: true}, _reason),
    do:
      "not attached to the pool any more, which ends this bridge's sessions and worlds if that lasts"

  defp sentence(_not_yet, _reason),
    do: "the pool cannot be reached yet, and is tried again until it can"
end
