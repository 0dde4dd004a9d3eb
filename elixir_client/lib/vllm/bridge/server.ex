defmodule Vllm.Bridge.Server do
  @moduledoc false
  # Owns the embedded Python pool: an OS process whose stdin a port holds open. The pool ends when that pipe
  # closes, with this process or with the whole BEAM, so no kill leaves it running.

  use GenServer

  alias Vllm.Bridge.{Endpoint, ReadyLine}
  alias Vllm.Bridge.Logs.ToLogger
  alias Vllm.{Deadline, Error}
  require Logger

  @typedoc "Program and arguments; `serve --embedded ...` is appended."
  @type command :: [String.t(), ...]

  # What a server wrote last before it failed to start, as the error quotes it.
  @quoted_lines 20
  @quoted_bytes 4_096

  @max_line 65_536

  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, Keyword.take(opts, [:name]))

  @doc "Where the server listens."
  @spec endpoint(GenServer.server()) :: String.t()
  def endpoint(server), do: GenServer.call(server, :endpoint, :infinity)

  # What `-m vllm_bridge` would run, but for the working directory as the first place to look for modules.
  @program "import sys; sys.path[:1] = [p for p in sys.path[:1] if p]; from vllm_bridge.cli import main; main()"

  @doc "The program that an embedded bridge starts, or the error that says how to install one."
  @spec find_command(map()) :: {:ok, command()} | {:error, Error.t()}
  def find_command(%{command: command, python: python}) do
    installed = Path.expand(".venv/bin/vllm-bridge")

    cond do
      command -> executable(List.wrap(command), ":command")
      python -> executable([python, "-c", @program], ":python")
      path = System.get_env("VLLM_BRIDGE") -> executable([path], "the variable VLLM_BRIDGE")
      File.regular?(installed) -> {:ok, [installed]}
      path = System.find_executable("vllm-bridge") -> {:ok, [path]}
      true -> {:error, not_installed()}
    end
  end

  defp executable([program | args], origin) do
    case System.find_executable(program) do
      nil ->
        message =
          "#{inspect(program)}, given by #{origin}, is no executable file. Correct it, or install " <>
            "vllm-distributed there"

        {:error, %Error{category: :pool, reason: "bridge_not_installed", message: message}}

      path ->
        {:ok, [path | args]}
    end
  end

  defp not_installed do
    %Error{
      category: :pool,
      reason: "bridge_not_installed",
      message:
        "no vllm-bridge program found: looked at the option :command, the variable VLLM_BRIDGE, " <>
          "./.venv/bin/vllm-bridge and the PATH. Install it with `python3 -m venv .venv && " <>
          ".venv/bin/pip install vllm-distributed`, or give :command or :python"
    }
  end

  # --- the process ------------------------------------------------------------------------------

  @impl GenServer
  def init(opts) do
    Logger.metadata(vllm_bridge: opts[:bridge])
    [program | args] = Keyword.fetch!(opts, :command)
    log = opts[:log] || :logger
    # Read here, and then in the form that `Logger` has.
    form = if log == :logger, do: ["--log-format", "json"], else: []
    size = if opts[:size], do: ["--size", Integer.to_string(opts[:size])], else: []

    port =
      Port.open({:spawn_executable, program}, [
        :binary,
        :exit_status,
        :hide,
        # It writes to stderr why it does not start.
        :stderr_to_stdout,
        {:line, @max_line},
        # A token in the environment is for a server elsewhere; this one would require it of its own bridge.
        {:env, [{~c"VLLM_BRIDGE_TOKEN", false}]},
        {:args, args ++ ["serve", "--embedded"] ++ form ++ size ++ Keyword.get(opts, :args, [])}
      ])

    deadline = Deadline.new(Keyword.fetch!(opts, :start_timeout))

    case await_ready(port, %{partial: "", last: [], log: log}, deadline) do
      {:ok, endpoint, os_pid} ->
        Logger.metadata(vllm_server_pid: os_pid)
        Logger.info("vllm-bridge #{os_pid} listens at #{Endpoint.readable(endpoint)}")
        {:ok, %{port: port, endpoint: endpoint, os_pid: os_pid, partial: "", log: log}}

      {:error, reason, problem, output} ->
        message = "#{inspect(program)} #{problem}. #{said(output)}"
        {:stop, %Error{category: :pool, reason: reason, message: message}}
    end
  rescue
    error in ErlangError ->
      message = "cannot start #{Enum.join(opts[:command], " ")}: #{Exception.message(error)}"
      {:stop, %Error{category: :pool, reason: "bridge_start_failed", message: message}}
  end

  defp await_ready(port, output, deadline) do
    receive do
      {^port, {:data, {:noeol, text}}} ->
        await_ready(port, %{output | partial: grown(output.partial, text)}, deadline)

      {^port, {:data, {:eol, text}}} ->
        line = output.partial <> text

        case ready_line(line) do
          {:ok, endpoint, os_pid} ->
            {:ok, endpoint, os_pid}

          :error ->
            pass_on(line, output.log)
            last = Enum.take([line | output.last], @quoted_lines)
            await_ready(port, %{output | partial: "", last: last}, deadline)
        end

      {^port, {:exit_status, status}} ->
        partial = rest(port, output.partial)
        unless partial == "", do: pass_on(partial, output.log)

        {:error, "bridge_start_failed", "ended with status #{status} before it was ready",
         %{output | partial: partial}}
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline),
          do: not_ready(port, output),
          else: await_ready(port, output, deadline)
    end
  end

  defp not_ready(port, output) do
    Port.close(port)

    {:error, "bridge_start_timeout",
     "was not ready within :start_timeout and was stopped; raise :start_timeout if this machine is slow",
     output}
  end

  defp said(%{partial: partial, last: last}) do
    text = [partial | last] |> Enum.reverse() |> Enum.join("\n") |> String.trim()
    size = byte_size(text)

    cond do
      text == "" -> "It wrote nothing"
      size > @quoted_bytes -> "It wrote last:\n..." <> tail(text, size - @quoted_bytes)
      true -> "It wrote:\n" <> readable(text)
    end
  end

  defp tail(text, from), do: text |> binary_part(from, @quoted_bytes) |> readable()

  # Cut, or written in another encoding.
  defp readable(text) do
    text
    |> String.chunk(:valid)
    |> Enum.map_join(&if String.valid?(&1), do: &1, else: "?")
  end

  @doc "Endpoint and pid out of the line of JSON that the server writes when it is ready."
  @spec ready_line(binary()) :: {:ok, binary(), non_neg_integer()} | :error
  defdelegate ready_line(line), to: ReadyLine, as: :parse

  @impl GenServer
  def handle_call(:endpoint, _from, state), do: {:reply, state.endpoint, state}

  @impl GenServer
  def handle_info({port, {:data, {:noeol, text}}}, %{port: port} = state) do
    {:noreply, %{state | partial: grown(state.partial, text)}}
  end

  def handle_info({port, {:data, {:eol, text}}}, %{port: port} = state) do
    pass_on(state.partial <> text, state.log)
    {:noreply, %{state | partial: ""}}
  end

  def handle_info({port, {:exit_status, status}}, %{port: port} = state) do
    partial = rest(port, state.partial)
    unless partial == "", do: pass_on(partial, state.log)
    Logger.error("vllm-bridge #{state.os_pid} ended with status #{status}")
    {:stop, {:bridge_server_exited, status}, state}
  end

  def handle_info(_message, state), do: {:noreply, state}

  # A last line without its end comes behind the status, and before the port is closed.
  defp rest(port, partial) do
    _closed = Port.info(port)

    receive do
      {^port, {:data, {:noeol, text}}} -> grown(partial, text)
    after
      0 -> partial
    end
  end

  # A line without end must not grow without limit.
  defp grown(partial, text),
    do: binary_part(partial <> text, 0, min(byte_size(partial <> text), @max_line))

  defp pass_on(line, :logger), do: ToLogger.output(line)
  # To where it would have written itself.
  defp pass_on(line, :stderr), do: IO.binwrite(:standard_error, [line, ?\n])
end
