defmodule Vllm.Bridge.EchoServer do
  @moduledoc """
  Runs `support/echo_server.py`; it ends with the process that started it.
  """

  @script Path.expand("../support/echo_server.py", __DIR__)

  @doc """
  Starts a server on `address` (`unix:/path` or `127.0.0.1:0`); returns its port and address. `services`
  are those beyond `test.Echo`.
  """
  def start(address, services \\ []) do
    arguments = [@script, address | services]

    port = Port.open({:spawn_executable, python()}, [:binary, {:line, 1000}, args: arguments])

    receive do
      {^port, {:data, {:eol, address}}} -> {port, address}
    after
      20_000 -> raise "the echo server does not start"
    end
  end

  @doc "Kills a server with SIGKILL."
  def kill(port) do
    {:os_pid, pid} = Port.info(port, :os_pid)
    {_, 0} = System.cmd("kill", ["-9", to_string(pid)])
  end

  @doc "A socket's path in a new directory that is removed after the test or module."
  def socket_path do
    directory =
      Path.join(
        System.tmp_dir!(),
        "vllm_h2_#{System.unique_integer([:positive])}_#{System.pid()}"
      )

    File.mkdir_p!(directory)
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(directory) end)
    Path.join(directory, "echo.sock")
  end

  defp python do
    case System.get_env("VLLM_PYTHON") do
      nil -> Path.expand(".venv/bin/python")
      python -> python
    end
  end
end
