defmodule MiniLM.Application do
  @moduledoc false
  # A server, a world of four ranks on it, and what batches the requests of all processes. Each ends with those
  # before it, and starts again after them.

  use Application

  @impl true
  def start(_type, _args) do
    children = [
      {Vllm.Bridge, server: :embedded, args: ["--size", "1", "--allow", "minilm."]},
      {Vllm.World,
       name: MiniLM.World,
       tensor_parallel_size: 2,
       pipeline_parallel_size: 2,
       init: &MiniLM.load/1},
      {Vllm.Serving,
       name: MiniLM.Embeddings,
       world: MiniLM.World,
       handler: &MiniLM.embed_batch/2,
       batch_size: 16,
       batch_timeout: 10}
    ]

    Supervisor.start_link(children, strategy: :rest_for_one, name: MiniLM.Supervisor)
  end
end
