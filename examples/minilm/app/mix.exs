defmodule MiniLM.MixProject do
  use Mix.Project

  def project do
    [
      app: :minilm,
      version: "0.1.0",
      elixir: "~> 1.14",
      deps: [{:vllm_distributed, path: "../../.."}]
    ]
  end

  def application, do: [mod: {MiniLM.Application, []}, extra_applications: [:logger]]
end
