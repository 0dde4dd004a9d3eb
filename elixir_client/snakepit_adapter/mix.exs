defmodule VllmDistributedSnakepit.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :vllm_distributed_snakepit,
      version: @version,
      elixir: "~> 1.14",
      description:
        "The Snakepit adapter of vllm_distributed alone, for applications with the Hex package vllm",
      start_permanent: Mix.env() == :prod,
      # Snakepit is the application's: this compiles without it, and is of no use then.
      deps: [],
      package: [
        licenses: ["Apache-2.0"],
        files: ~w(lib mix.exs README.md)
      ]
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
