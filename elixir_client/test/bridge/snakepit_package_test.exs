defmodule Vllm.Bridge.SnakepitPackageTest do
  # The package with the adapter alone, in one application with what the Hex package `vllm` brings.
  use ExUnit.Case, async: true

  @moduletag :tmp_dir
  @moduletag timeout: 180_000
  @adapter Path.expand("../../snakepit_adapter", __DIR__)

  test "the adapter alone compiles beside the Hex package vllm and finds its Python", %{
    tmp_dir: tmp
  } do
    write(tmp, "vllm/mix.exs", project("Vllm.MixProject", :vllm, "[]"))

    write(tmp, "vllm/lib/vllm.ex", """
    defmodule Vllm do
      def version, do: "the Hex package"
    end

    defmodule Vllm.Distributed do
      def get_tp_group, do: :generated
    end
    """)

    # A copy: what is compiled there goes with the folder.
    File.cp_r!(@adapter, Path.join(tmp, "adapter"))

    deps = ~s([{:vllm, path: "../vllm"}, {:vllm_distributed_snakepit, path: "../adapter"}])
    write(tmp, "app/mix.exs", project("App.MixProject", :app, deps))

    write(tmp, "app/config/config.exs", """
    import Config
    config :vllm_distributed_snakepit, python: "#{System.find_executable("python3")}"
    """)

    # The `python3` of the system has no vllm_distributed, which is said.
    script = ~S"""
    :generated = Vllm.Distributed.get_tp_group()
    "python3" <> _ = Path.basename(Vllm.Bridge.SnakepitAdapter.executable_path())
    {:ok, modules} = :application.get_key(:vllm_distributed_snakepit, :modules)
    [Vllm.Bridge.SnakepitAdapter] = modules
    [] = for {app, _, _} <- Application.loaded_applications(), app == :vllm_distributed, do: app
    IO.puts("both are there")
    """

    write(tmp, "app/check.exs", script)

    {output, status} =
      System.cmd("mix", ["run", "check.exs"],
        cd: Path.join(tmp, "app"),
        env: [{"MIX_ENV", "dev"}, {"MIX_BUILD_ROOT", nil}, {"ERL_LIBS", nil}],
        stderr_to_stdout: true
      )

    assert {status, output =~ "both are there"} == {0, true}, output
    refute output =~ "warning"
  end

  defp project(module, app, deps) do
    """
    defmodule #{module} do
      use Mix.Project
      def project, do: [app: #{inspect(app)}, version: "0.3.0", elixir: "~> 1.14", deps: #{deps}]
      def application, do: []
    end
    """
  end

  defp write(tmp, name, text) do
    path = Path.join(tmp, name)
    File.mkdir_p!(Path.dirname(path))
    File.write!(path, text)
  end
end
