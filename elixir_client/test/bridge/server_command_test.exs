defmodule Vllm.Bridge.ServerCommandTest do
  use ExUnit.Case, async: false

  alias Vllm.Bridge.{Server, Settings, SnakepitAdapter}

  @python System.get_env("VLLM_PYTHON", ".venv/bin/python") |> Path.expand()

  @tag :tmp_dir
  test "a random.py where the BEAM was started is not run by its server", %{tmp_dir: folder} do
    for name <- ~w(random socket json grpc msgpack vllm_bridge) do
      File.write!(
        Path.join(folder, name <> ".py"),
        "raise ImportError('of the working directory')"
      )
    end

    {:ok, [program | args]} = Server.find_command(%{command: nil, python: @python})

    assert {"vllm-bridge " <> _version, 0} =
             System.cmd(program, args ++ ["--version"], cd: folder, stderr_to_stdout: true)

    {:ok, [program | args]} = Server.find_command(%{command: nil, python: @python})
    place = ["status", "--connect", "unix:/no/such.sock"]
    {said, _status} = System.cmd(program, args ++ place, cd: folder, stderr_to_stdout: true)
    assert said =~ "no pool answers"
  end

  test "a token in the BEAM's environment is not the embedded server's" do
    System.put_env("VLLM_BRIDGE_TOKEN", "for a server elsewhere")
    on_exit(fn -> System.delete_env("VLLM_BRIDGE_TOKEN") end)
    {:ok, command} = Server.find_command(%{command: nil, python: @python})
    server = start_supervised!({Server, command: command, start_timeout: 30_000, size: 0})
    environment = File.read!("/proc/#{:sys.get_state(server).os_pid}/environ")
    refute environment =~ "for a server elsewhere"
  end

  test "the script of Snakepit's workers is that of the interpreter" do
    assert SnakepitAdapter.script_path() =~ ~r"vllm_bridge/snakepit/worker.py\z"
  end

  test "a token is printable and not blank" do
    for token <- ["  ", "a\n", "a\nb", " a", "geheimniß"] do
      options = [name: __MODULE__, server: "127.0.0.1:1", token: token]
      assert {:error, %{reason: "invalid_option", message: message}} = Settings.validate(options)
      assert message =~ "token"
    end

    assert {:ok, %{token: "a b"}} =
             Settings.validate(name: __MODULE__, server: "127.0.0.1:1", token: "a b")
  end
end
