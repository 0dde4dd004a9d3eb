# Terms, there and back without a wire: run with `make bench`. No process is started.

defmodule TermsBench do
  alias Vllm.Term

  @terms 1_000
  @runs 50

  def run do
    IO.puts("| #{@terms} terms | encode | in one list | decode | target |\n|---|---|---|---|---|")

    for {name, term} <- kinds() do
      terms = List.duplicate(term, @terms)
      {:ok, encoded} = Term.encode(term)
      messages = List.duplicate(encoded, @terms)

      [one_by_one, in_a_list, decoded] =
        medians([
          fn -> Enum.each(terms, &Term.encode/1) end,
          fn -> Term.encode(terms) end,
          fn -> Enum.each(messages, &Term.decode/1) end
        ])

      IO.puts(
        "| #{name} | #{ms(one_by_one)} | #{ms(in_a_list)} | #{ms(decoded)} | encode at most 1.5 ms |"
      )
    end
  end

  defp kinds do
    [
      {"integers", 7},
      {"strings", "tensor_model_parallel"},
      {"lists of four", [1, "two", {3}]},
      {"maps of two", %{"a" => 1, "b" => [1, 2.5]}},
      {"keywords", %{dtype: "f32", n: 3}},
      {"refs",
       %Vllm.Ref{id: "obj-1", session_id: "session-1", epoch: 1, type_name: "torch.Tensor"}},
      {"facts of a layer", %{"name" => "layer.0", "shape" => {2, 3}, "tags" => ["a", "b"]}}
    ]
  end

  # Alternating, because a machine is not equally fast all the time.
  defp medians(funs) do
    rows = for _ <- 1..@runs, do: Enum.map(funs, &(&1 |> :timer.tc() |> elem(0)))
    Enum.zip_with(rows, fn times -> times |> Enum.sort() |> Enum.at(div(@runs, 2)) end)
  end

  defp ms(microseconds), do: "#{Float.round(microseconds / 1_000, 2)} ms"
end

TermsBench.run()
