defmodule Vllm.Call.Inherited do
  @moduledoc false
  # What a process has set for its calls (its session, its contexts, its defaults), and a process that works for it
  # has with it: a `Task`, one of `Task.async_stream/3`. They know their callers by `:"$callers"`. It is looked up
  # with each call, so that it holds for as long as the caller has it.

  @doc "What this process has under a key, else the nearest of its callers that has anything, else `default`."
  @spec get(term(), value) :: value when value: term()
  def get(key, default) do
    case Process.get(key, __MODULE__) do
      __MODULE__ ->
        :"$callers" |> Process.get([]) |> Enum.find_value({default}, &of(&1, key)) |> elem(0)

      value ->
        value
    end
  end

  # One on another node keeps it to itself, and so does one that has ended.
  defp of(pid, key) when is_pid(pid) and node(pid) == node() do
    with {:dictionary, dictionary} <- Process.info(pid, :dictionary),
         {^key, value} <- List.keyfind(dictionary, key, 0),
         do: {value},
         else: (_none -> nil)
  end

  defp of(_elsewhere, _key), do: nil
end
