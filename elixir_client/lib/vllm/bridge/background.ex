defmodule Vllm.Background do
  @moduledoc false
  # Work of ours that nobody waits for. Its process is linked to nobody; a failure is in the log, with what the
  # work was.

  require Logger

  @doc "Begins it; `what` names it in the log."
  @spec start(String.t(), (() -> term())) :: pid()
  def start(what, fun) do
    metadata = Logger.metadata()

    {:ok, pid} =
      Task.start(fn ->
        Logger.metadata(metadata)
        watched(what, fun)
      end)

    pid
  end

  defp watched(what, fun) do
    fun.()
  catch
    kind, reason ->
      Logger.error("#{what} failed: " <> Exception.format(kind, reason, __STACKTRACE__))
  end
end
