defmodule VllmDistributed.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :vllm_distributed,
      version: @version,
      elixir: "~> 1.14",
      description: "vllm.distributed for Elixir: typed calls to a pool of rank processes",
      elixirc_paths: [
        "elixir_client/lib",
        "elixir_client/generated",
        "elixir_client/snakepit_adapter/lib"
      ],
      test_paths: ["elixir_client/test"],
      start_permanent: Mix.env() == :prod,
      deps: [],
      package: [
        licenses: ["Apache-2.0"],
        files: ~w(elixir_client/lib elixir_client/generated elixir_client/snakepit_adapter/lib
             mix.exs README.md LICENSE CHANGELOG.md)
      ]
    ]
  end

  def application, do: [extra_applications: [:logger, :crypto, :ssl]]
end
