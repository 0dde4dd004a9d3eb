defmodule Vllm.World.Starting do
  @moduledoc since: "0.1.0"
  @moduledoc "A world that is starting, from `Vllm.World.start_async/1`; `Vllm.World.await/2` waits for it."

  @enforce_keys [:id, :pid]
  defstruct [:id, :pid, bridge: Vllm.Bridge, detached: false]

  @type t :: %__MODULE__{id: String.t(), bridge: atom(), detached: boolean(), pid: pid()}
end
