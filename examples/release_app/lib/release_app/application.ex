defmodule ReleaseApp.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    children = [{Vllm.Bridge, server: :embedded}]
    Supervisor.start_link(children, strategy: :one_for_one, name: ReleaseApp.Supervisor)
  end
end
