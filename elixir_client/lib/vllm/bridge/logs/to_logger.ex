defmodule Vllm.Bridge.Logs.ToLogger do
  @moduledoc false
  # Lines of Python processes, to `Logger` with whose they are: of a running server by its stream of lines, of an
  # embedded one from what it writes.

  use GenServer

  alias Vllm.Bridge
  alias Vllm.Bridge.Logs.FlatJson
  alias Vllm.Error
  alias Vllm.World.LogLine
  require Logger

  # Between two attempts to follow the server's lines, in ms.
  @again 1_000

  @metadata ~w(world_id epoch rank rank_id session_id call_id)a

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @doc "Logs a line that an embedded server has written: one of its log, in JSON, or any other."
  @spec output(binary()) :: :ok
  def output(line) do
    case FlatJson.decode(line) do
      {:ok, %{"level" => level, "message" => text, "logger" => logger} = fields}
      when is_binary(text) ->
        known = for key <- @metadata, value = fields[Atom.to_string(key)], do: {key, value}
        say(LogLine.level(level), readable(text), [{:python_logger, logger} | known])

      _other ->
        say(nil, readable(line), [])
    end
  end

  @impl GenServer
  def init(opts) do
    Logger.metadata(vllm_bridge: opts[:bridge])
    {:ok, %{bridge: opts[:bridge], subscription: nil}, {:continue, :subscribe}}
  end

  @impl GenServer
  def handle_continue(:subscribe, state), do: {:noreply, subscribe(state)}

  @impl GenServer
  def handle_info({:vllm_log, subscription, lines}, %{subscription: subscription} = state)
      when is_list(lines) do
    Enum.each(lines, &log/1)
    {:noreply, state}
  end

  def handle_info(
        {:vllm_log, subscription, {:error, error}},
        %{subscription: subscription} = state
      ) do
    Logger.debug("the server's lines are no longer followed: " <> Error.message(error))
    Process.send_after(self(), :subscribe, @again)
    {:noreply, %{state | subscription: nil}}
  end

  def handle_info(:subscribe, state), do: {:noreply, subscribe(state)}
  def handle_info(_other, state), do: {:noreply, state}

  defp subscribe(state) do
    case Bridge.lines(%{world_id: "", ranks: [], follow: true, tail: 0}, :infinity, state.bridge) do
      {:ok, subscription} ->
        %{state | subscription: subscription}

      {:error, _error} ->
        # Calls say so as well.
        Process.send_after(self(), :subscribe, @again)
        state
    end
  end

  defp log(%LogLine{} = line) do
    if line.dropped > 0,
      do: Logger.warning("#{line.dropped} lines of the server were dropped: they came too fast")

    known = for key <- @metadata, value = Map.fetch!(line, key), do: {key, value}

    say(line.level, readable(line.text), [
      {:python_logger, line.logger},
      {:ranks, line.ranks} | known
    ])
  end

  # What a process just writes is a line of information.
  defp say(level, text, metadata), do: Logger.log(level || :info, text, metadata)

  # Bytes that are no text, and what would move a terminal, become escapes.
  defp readable(text) do
    if String.printable?(text) and
         not String.contains?(text, ["\e", "\b", "\r", "\v", "\f", "\a"]),
       do: text,
       else: text |> String.chunk(:printable) |> Enum.map_join(&escaped/1)
  end

  defp escaped(chunk) do
    chunk = String.replace(chunk, ["\e", "\b", "\r", "\v", "\f", "\a"], &hex/1)
    if String.printable?(chunk), do: chunk, else: hex(chunk)
  end

  defp hex(bytes),
    do: for(<<byte <- bytes>>, into: "", do: "\\x" <> Base.encode16(<<byte>>, case: :lower))
end
