defmodule Vllm.ConfigTest do
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog

  alias Vllm.Bridge
  alias Vllm.Bridge.{Config, Connections}
  alias Vllm.Bridge.Transport.Memory
  alias Vllm.Error

  # Sets the configuration for one test.
  defp configure(configuration) do
    for {key, value} <- configuration, do: Application.put_env(:vllm_distributed, key, value)

    on_exit(fn ->
      for {key, _value} <- configuration, do: Application.delete_env(:vllm_distributed, key)
    end)
  end

  defp clear(configuration),
    do: for({key, _} <- configuration, do: Application.delete_env(:vllm_distributed, key))

  test "a key that does not exist, or cannot have its value, stops the start with what to do" do
    for {configuration, text} <- [
          {[sze: 4], "config :vllm_distributed: unknown option sze; known are: server, command"},
          {[name: :x], "config :vllm_distributed: unknown option name"},
          {[size: 0], "config :vllm_distributed: size must be an integer from 1 up, got: 0"},
          {[timeout: "5s"], "timeout must be milliseconds from 1 up, or :infinity, got: \"5s\""},
          {[affinity: :strict], "affinity must be one of :hint"},
          {[connection: [keep: 1]], "Vllm.Bridge: connection: unknown option keep"},
          {[transport: 5], "transport must be a module or {module, options}"},
          {[timeout_profiles: %{x: [timeout: 0]}], ":timeout_profiles: :x: timeout must be"}
        ] do
      configure(configuration)
      assert {:error, %Error{category: :validation} = error} = Bridge.start_link(name: :config)
      assert error.reason == "invalid_option"
      assert error.message =~ text

      unless configuration[:timeout_profiles] || configuration[:connection],
        do: assert(error.message =~ "Mend it in config/*.exs")

      clear(configuration)
    end
  end

  test "the configuration is the default of every bridge, and what is given beats it" do
    configure(timeout: 5_000, affinity: :strict_queue, timeout_profiles: %{own: [timeout: 7]})
    start_supervised!({Bridge, name: :first, transport: Memory}, id: 1)

    options = [
      name: :second,
      transport: Memory,
      timeout: 9,
      timeout_profiles: %{more: [timeout: 8]}
    ]

    start_supervised!({Bridge, options}, id: 2)
    {:ok, first} = Connections.config(:first)
    {:ok, second} = Connections.config(:second)
    assert %{timeout: 5_000, affinity: :strict_queue} = first.defaults
    assert %{timeout: 9, affinity: :strict_queue} = second.defaults
    assert first.profiles["own"] == {7, 1_800_000}
    assert {{7, _}, {8, _}} = {second.profiles["own"], second.profiles["more"]}
  end

  test "options for another kind of server are ignored" do
    schema = Vllm.Bridge.Settings.schema()
    merge = fn given -> Config.merge(given, schema) |> elem(1) |> Enum.sort() end

    configure(size: 2, command: "/x/vllm-bridge", timeout: 1)
    assert merge.([]) == [command: "/x/vllm-bridge", size: 2, timeout: 1]
    assert merge.(server: "unix:/x") == [server: "unix:/x", timeout: 1]
    assert merge.(transport: Memory) == [timeout: 1, transport: Memory]
    clear(size: 2, command: 1)

    configure(server: "host:1", token: "secret", tls: true)
    assert merge.(size: 3) == [size: 3, timeout: 1]
    assert merge.(server: :embedded) == [server: :embedded, timeout: 1]
    assert merge.(token: "other")[:token] == "other"
  end

  test "options that do not go together say where they are from, and can be unset" do
    start = fn options -> Bridge.start_link([name: :config] ++ options) end

    configure(command: "/nowhere/vllm-bridge", server: "unix:/nowhere")

    log = capture_log(fn -> start_supervised!({Bridge, name: :config}) end)

    assert log =~
             "command (from config :vllm_distributed): server is \"unix:/nowhere\", which runs already"

    stop_supervised!(:config)

    refute capture_log(fn -> start_supervised!({Bridge, name: :config, command: nil}) end) =~
             "leaves out"

    stop_supervised!(:config)
    assert {:error, %Error{reason: "bridge_not_installed"}} = start.(server: nil)
    clear(server: 1)

    log =
      capture_log(fn -> start_supervised!({Bridge, name: :config, server: "unix:/x", size: 2}) end)

    assert log =~ "leaves out size (given to the bridge); command (from config :vllm_distributed)"
    stop_supervised!(:config)

    # The nearer one wins, whichever that is.
    configure(server: "unix:/nowhere")
    own = "/nowhere/python"

    log =
      capture_log(fn ->
        assert {:error, %Error{reason: "bridge_not_installed"}} = start.(python: own)
      end)

    assert log =~ "leaves out server \"unix:/nowhere\" (from config :vllm_distributed)"
    clear(server: 1)

    configure(token: "secret", tls: true)
    assert {:error, %Error{message: message}} = start.([])
    assert message =~ "an embedded one needs none. token is from config :vllm_distributed"
    assert {:error, %Error{message: message}} = start.(token: nil)
    assert message =~ "has a unix socket. tls is from config :vllm_distributed"
    assert {:error, %Error{reason: "bridge_not_installed"}} = start.(token: nil, tls: nil)
  end

  test "of command and python neither wins in silence" do
    both = [name: :both, command: "/nowhere/vllm-bridge", python: "/nowhere/python"]
    assert {:error, %Error{reason: "invalid_option", message: message}} = Bridge.start_link(both)
    assert message =~ "command and python both say how to start the server; give one of them"

    # The nearer one does.
    configure(command: "/nowhere/vllm-bridge")

    assert {:error, %Error{reason: "bridge_not_installed", message: message}} =
             Bridge.start_link(name: :both, python: "/nowhere/python")

    assert message =~ ~s("/nowhere/python", given by :python)

    configure(python: "/nowhere/python")

    assert {:error, %Error{reason: "invalid_option", message: message}} =
             Bridge.start_link(name: :both)

    assert message =~ "command, python are from config :vllm_distributed"
  end

  test "a transport of the configuration stands in for every server" do
    configure(transport: Memory)
    start_supervised!({Bridge, name: :stands_in, server: :embedded, size: 4})
    assert {:ok, %{pool: {Memory, :stands_in}}} = Connections.config(:stands_in)

    assert {:error, %Error{reason: "bridge_not_installed"}} =
             Bridge.start_link(name: :excepted, command: "/nowhere", transport: nil)
  end
end
