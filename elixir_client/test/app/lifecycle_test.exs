defmodule Vllm.LifecycleTest do
  # The bridge in a supervision tree.
  use ExUnit.Case, async: true

  alias Vllm.{Bridge, Distributed, Error, World}
  alias Vllm.Bridge.{Connections, Server}
  alias Vllm.Bridge.Transport.Memory

  @moduletag timeout: 60_000

  defp unique(name), do: :"#{name}_#{System.unique_integer([:positive])}"

  defp await(fun, tries \\ 3_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end

  defp ready?(name), do: match?({:ok, _}, Connections.config(name))
  defp os_alive?(pid), do: File.exists?("/proc/#{pid}")

  # A server that counts its starts in a folder, and does as the n-th line says.
  defp scripted(lines) do
    folder = Path.join(System.tmp_dir!(), "vllm_#{System.os_time()}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    cases = for {line, n} <- Enum.with_index(lines, 1), do: "#{n}) #{line};;\n"

    script = """
    n=$(($(ls #{folder} | grep -c start) + 1)); touch #{folder}/start$n
    ready() { echo '{"endpoint": "unix:/nowhere", "pid": '$$'}'; }
    # Until the test says so, or nobody holds our stdin.
    wait_for() { while ! test -e #{folder}/$1; do read -t 0.05 _; test $? -eq 1 && break; done; }
    until_told() { wait_for die; }
    case $n in
    #{cases}*) ready; cat;;
    esac
    """

    {["/bin/bash", "-c", script], folder}
  end

  defp starts(folder), do: folder |> Path.join("start*") |> Path.wildcard() |> length()

  test "named bridges stand side by side, and one does not take another with it" do
    {one, two} = {unique(:one), unique(:two)}
    children = for name <- [one, two], do: {Bridge, name: name, transport: Memory}
    {:ok, tree} = Supervisor.start_link(children, strategy: :one_for_one)
    {:ok, %{manager: first}} = Connections.config(one)
    {:ok, %{manager: second}} = Connections.config(two)
    Process.exit(first, :kill)
    await(fn -> match?({:ok, %{manager: again}} when again != first, Connections.config(one)) end)
    assert {:ok, %{manager: ^second}} = Connections.config(two)

    for {name, answer} <- [{one, {0, 1}}, {two, {0, 2}}],
        do: Vllm.Test.stub(Distributed, :get_pp_indices, answer, bridge: name)

    for {name, answer} <- [{one, {0, 1}}, {two, {0, 2}}],
        do:
          assert(
            Distributed.get_pp_indices(1, 0, 1, __runtime__: [bridge: name]) == {:ok, answer}
          )

    assert {:error, {:already_started, _pid}} = Bridge.start_link(name: one, transport: Memory)
    Supervisor.stop(tree)
  end

  test "a server that dies and is slow to come back is one restart; calls say so meanwhile" do
    {command, folder} = scripted(["ready; until_told", "wait_for come; ready; cat"])

    name = unique(:slow)

    start_supervised!({Bridge, name: name, command: command, max_restarts: 1, max_seconds: 60})
    bridge = Process.whereis(name)
    File.touch!(Path.join(folder, "die"))
    await(fn -> not ready?(name) end)

    assert {:error, %Error{reason: "bridge_not_started", message: message}} =
             Vllm.call("torch.arange", [1], __runtime__: [bridge: name])

    assert message =~ "or it is restarting"
    File.touch!(Path.join(folder, "come"))
    await(fn -> ready?(name) end)
    assert Process.whereis(name) == bridge
  end

  test "a start that is too slow is tried again, as often as the supervisor lets them" do
    {command, folder} = scripted(["ready; until_told", "cat > /dev/null"])

    name = unique(:slower)

    start_supervised!(
      {Bridge,
       name: name, command: command, start_timeout: 2_500, max_restarts: 3, max_seconds: 60}
    )

    bridge = Process.whereis(name)
    File.touch!(Path.join(folder, "die"))
    await(fn -> File.exists?(Path.join(folder, "start3")) and ready?(name) end)
    assert Process.whereis(name) == bridge
  end

  test "a server that cannot start any more ends the bridge after max_restarts, and with it its tree" do
    Process.flag(:trap_exit, true)
    dies = "ready; until_told"
    {command, folder} = scripted([dies | List.duplicate("exit 1", 9)])
    name = unique(:broken)
    child = {Bridge, name: name, command: command, max_restarts: 2, max_seconds: 60}
    {:ok, tree} = Supervisor.start_link([child], strategy: :one_for_one, max_restarts: 0)
    File.touch!(Path.join(folder, "die"))
    assert_receive {:EXIT, ^tree, :shutdown}
    # The first start, the restarts of the bridge, and none by its tree.
    assert starts(folder) == 3
    assert Process.whereis(name) == nil
  end

  test "the real server: a tree that stops leaves no process and no file" do
    name = unique(:whole)
    child = {Bridge, name: name, size: 1}
    {:ok, tree} = Supervisor.start_link([child], strategy: :one_for_one)
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: name)
    ranks = for rank <- World.info!(world).ranks, do: rank.pid
    {:ok, config} = Connections.config(name)
    "unix:" <> socket = config.endpoint
    %{os_pid: server} = :sys.get_state(Module.concat(name, Server))
    assert Enum.all?([server | ranks], &os_alive?/1)
    assert length(ranks) == 2

    Supervisor.stop(tree)
    refute Enum.any?([name, Module.concat(name, Server)], &Process.whereis/1)
    await(fn -> not Enum.any?([server | ranks], &os_alive?/1) end)
    await(fn -> not File.exists?(Path.dirname(socket)) end)
  end
end
