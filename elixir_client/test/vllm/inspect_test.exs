defmodule Vllm.InspectTest do
  # What a person sees of this library's structs: one short line, also of those made by hand.
  use ExUnit.Case, async: true

  alias Vllm.{Error, Event, Ref, Session, Tensor, World}

  test "is one short line whatever the fields hold" do
    long = String.duplicate("много\n", 500)

    for module <- [Session, World, World.Info, World.Rank, Event, Error, Ref, Tensor],
        value <- [nil, long, <<255, 10, 0>>, {1, [2]}, Enum.to_list(1..500), self(), -1] do
      made = struct(module, for(key <- Map.keys(struct(module)), do: {key, value}))
      for struct <- [made, %{struct(module) | __struct__: module}], do: assert_line(struct)
    end
  end

  defp assert_line(struct) do
    text = inspect(struct)
    assert text =~ ~r/\A#Vllm\.[A-Za-z.]+<.*>\z/s
    refute text =~ "\n"
    assert String.length(text) < 1_000
  end
end
