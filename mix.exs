defmodule VllmDistributed.MixProject do
  use Mix.Project

  @version "0.1.0"
  @source_url "https://github.com/vllm-distributed/vllm_distributed"

  def project do
    [
      app: :vllm_distributed,
      version: @version,
      elixir: "~> 1.14",
      name: "vllm_distributed",
      description: "vllm.distributed for Elixir: typed calls to a pool of rank processes",
      source_url: @source_url,
      homepage_url: @source_url,
      elixirc_paths: [
        "elixir_client/lib",
        "elixir_client/generated",
        "elixir_client/snakepit_adapter/lib"
      ],
      test_paths: ["elixir_client/test"],
      start_permanent: Mix.env() == :prod,
      deps: deps(),
      package: package(),
      docs: docs()
    ]
  end

  def application, do: [extra_applications: [:logger, :crypto, :ssl]]

  # It needs nothing. These are used where an application has them, and are fetched for the package and its
  # documentation alone (`VLLM_HEX=1 mix hex.build`): a checkout works where Hex is not.
  defp deps do
    if System.get_env("VLLM_HEX") do
      [
        {:telemetry, "~> 1.0", optional: true},
        {:nx, "~> 0.7", optional: true},
        {:ex_doc, "~> 0.31", only: :dev, runtime: false}
      ]
    else
      []
    end
  end

  defp package do
    [
      licenses: ["Apache-2.0"],
      links: %{
        "GitHub" => @source_url,
        "Changelog" => @source_url <> "/blob/main/CHANGELOG.md",
        "The Python side, on PyPI" => "https://pypi.org/project/vllm-distributed"
      },
      files: ~w(elixir_client/lib elixir_client/generated elixir_client/snakepit_adapter/lib
           docs mix.exs README.md LICENSE CHANGELOG.md)
    ]
  end

  @guides ~w(getting-started worlds sessions errors tensors serving testing production releases clusters)

  defp docs do
    [
      main: "readme",
      source_ref: "v#{@version}",
      extras: ["README.md", "CHANGELOG.md", "docs/tour.livemd" | Path.wildcard("docs/*.md")],
      groups_for_extras: [
        Guides: Enum.map(@guides, &"docs/#{&1}.md") ++ ["docs/tour.livemd"],
        "Beside Elixir": ~w(docs/python.md docs/snakepit.md docs/vllm.md),
        Reference: ~r{docs/}
      ],
      groups_for_modules: [
        "vllm.distributed": ~r/^Vllm\.(Distributed|Config)/,
        Worlds: ~r/^Vllm\.(World|Session|Serving|Event|Emission|KVEvents)/,
        Values: ~r/^Vllm\.(Tensor|Ref|Complex|DType|Device|Term)/,
        Bridge: ~r/^Vllm\.Bridge/
      ],
      # By `@doc group:`.
      default_group_for_doc: fn metadata -> metadata[:group] end,
      nest_modules_by_prefix: [
        Vllm.Distributed,
        Vllm.Config,
        Vllm.Bridge,
        Vllm.KVEvents,
        Vllm.World
      ]
    ]
  end
end
