Code.require_file("../support/markdown.exs", __DIR__)

defmodule Vllm.DocsTest do
  # What the guides show, run as it stands, against real servers.
  use ExUnit.Case, async: false

  alias Vllm.Markdown

  @moduletag timeout: 300_000

  # A server and its ranks load torch, which takes its time on a busy machine.
  @patience [start_timeout: 120_000, args: ["--start-timeout", "120"]]

  @root Path.expand("../../..", __DIR__)
  @files ["README.md" | Path.wildcard(Path.join(@root, "docs/*.md"))]
         |> Enum.map(&Path.relative_to(&1, @root))
         |> Enum.filter(&(Markdown.blocks(Path.join(@root, &1)) != []))

  # The guides start bridges of the default name.
  setup_all do
    :ok = Supervisor.terminate_child(Vllm.TestSupervisor, Vllm.Bridge)
    Application.put_all_env(vllm_distributed: @patience)

    on_exit(fn ->
      for {key, _value} <- @patience, do: Application.delete_env(:vllm_distributed, key)
      await_end(Process.whereis(Vllm.Bridge))
      {:ok, _pid} = Supervisor.restart_child(Vllm.TestSupervisor, Vllm.Bridge)
    end)
  end

  # What a guide starts is linked to the test, and ends with it.
  setup do
    await_end(Process.whereis(Vllm.Bridge))
  end

  for file <- @files do
    test file do
      assert Markdown.run(Path.join(@root, unquote(file))) == :ok
    end
  end

  defp await_end(nil), do: :ok

  defp await_end(bridge) do
    monitor = Process.monitor(bridge)
    assert_receive {:DOWN, ^monitor, :process, ^bridge, _reason}
    :ok
  end

  test "the guides and the README are among them" do
    for file <-
          ~w(README.md docs/getting-started.md docs/worlds.md docs/sessions.md docs/testing.md
                   docs/production.md),
        do: assert(file in @files)
  end

  test "the table of the configuration has every key, and no other" do
    [_, table] = Regex.run(~r/<!-- config keys -->(.*?)\n\n(?!\|)/s, read("docs/production.md"))

    rows = Regex.scan(~r/^\| (`.*?) \|/m, table)
    keys = for [_, cell] <- rows, [_, key] <- Regex.scan(~r/`(\w+)`/, cell), do: key
    assert Enum.sort(keys) == Enum.sort(Enum.map(Vllm.Bridge.Config.keys(), &Atom.to_string/1))
  end

  # A notebook installs the library itself, which a Mix project cannot: it runs by itself.
  test "the notebook runs from its first cell on" do
    folder = Path.join(System.tmp_dir!(), "vllm_livebook_#{System.os_time()}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)

    notebook = Path.join(@root, "docs/tour.livemd")
    cells = for {_line, source} <- Markdown.blocks(notebook), do: source
    assert hd(cells) =~ "Mix.install"
    # Livebook's `__DIR__` is the notebook's folder.
    code =
      cells |> Enum.join("\n") |> String.replace("__DIR__", inspect(Path.join(@root, "docs")))

    script = Path.join(folder, "tour.exs")
    File.write!(script, code <> "\nIO.puts(\"toured\")\n")

    env = [{"MIX_INSTALL_DIR", folder}, {"MIX_BUILD_PATH", nil}, {"MIX_ENV", nil}]
    {output, status} = System.cmd("elixir", [script], env: env, stderr_to_stdout: true)
    assert {status, output =~ "does not match", output =~ "toured"} == {0, true, true}, output
  end

  defp read(file), do: File.read!(Path.join(@root, file))

  test "what the guides link to is there" do
    for file <- ["README.md" | Path.wildcard(Path.join(@root, "docs/*.*md"))],
        path = Path.expand(file, @root),
        # A link's text may go over two lines.
        [_, link] <- Regex.scan(~r/\]\(([^)#:]+)(?:#[^)]*)?\)/, File.read!(path)) do
      target = Path.expand(link, Path.dirname(path))
      assert File.exists?(target), "#{path} links to #{link}, which is not there"
    end
  end
end
