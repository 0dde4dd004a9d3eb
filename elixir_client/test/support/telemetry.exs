# A stand-in for the library of that name, which is not there when these tests run: what it executes
# goes to the processes that attached.
unless Code.ensure_loaded?(:telemetry) do
  defmodule :telemetry do
    @moduledoc false
    @table __MODULE__

    # Until the calling process ends.
    def attach do
      :ets.new(@table, [:named_table, :public])
      :ets.insert(@table, {:pid, self()})
    end

    def execute(event, measurements, metadata) do
      if :ets.whereis(@table) != :undefined do
        for {:pid, pid} <- :ets.lookup(@table, :pid),
            do: send(pid, {:telemetry, event, measurements, metadata})
      end

      :ok
    end
  end
end
