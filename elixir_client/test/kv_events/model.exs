defmodule Vllm.Test.EventsModel do
  @moduledoc false
  # What a subscriber must say, given what a publisher sent, lost and kept: from the publisher's side, which knows.

  defstruct asks?: true, expected: 0, latest: -1, known: nil, said: []

  @doc "A batch of a generation arrives by itself; `kept` is what the publisher has for answers."
  def arrives(%{latest: latest} = model, generation, number, kept) when number <= latest,
    do: model |> restarted() |> arrives(generation, number, kept)

  def arrives(model, generation, number, kept) do
    model = %{model | latest: number}

    cond do
      number < model.expected ->
        model

      model.asks? ->
        model |> answers(generation, kept, number) |> says(generation, number)

      true ->
        model |> lost(number) |> says(generation, number)
    end
  end

  @doc "There is a connection again."
  def connects(%{asks?: false} = model, _generation, _kept), do: model

  def connects(%{known: nil} = model, generation, kept),
    do: answers(model, generation, kept, 1_000_000)

  def connects(%{known: {known, number}} = model, generation, kept) do
    latest = kept |> List.last({-1, ""}) |> elem(0)

    if latest < number or (known != generation and List.keymember?(kept, number, 0)),
      do: model |> restarted() |> answers(generation, kept, 1_000_000),
      else: answers(model, generation, kept, 1_000_000)
  end

  # All that is kept, from the expected number to before another one.
  defp answers(model, generation, kept, before) do
    kept
    |> Enum.map(&elem(&1, 0))
    |> Enum.filter(&(&1 in model.expected..(before - 1)//1))
    |> Enum.reduce(model, fn number, model ->
      model |> lost(number) |> says(generation, number)
    end)
    |> then(&if(before < 1_000_000, do: lost(&1, before), else: &1))
  end

  defp restarted(model) do
    last = max(model.latest, model.expected - 1)
    %{model | expected: 0, latest: -1, known: nil, said: [{:restarted, last} | model.said]}
  end

  defp lost(%{expected: expected} = model, number) when expected < number,
    do: %{model | expected: number, said: [{:lost, expected..(number - 1)} | model.said]}

  defp lost(model, _number), do: model

  defp says(model, generation, number) do
    said = [{:batch, number, generation * 1.0e6 + number} | model.said]
    %{model | expected: number + 1, known: {generation, number}, said: said}
  end
end
