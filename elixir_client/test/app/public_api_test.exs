defmodule Vllm.PublicApiTest do
  # What users may rely on: the modules with documentation, and what those export. A module that users
  # need not see has `@moduledoc false`. Whoever changes this on purpose changes the list, and the
  # changelog.
  use ExUnit.Case, async: true

  @list Path.expand("../support/public_api.txt", __DIR__)
  @groups ["Configuration", "Custom operators", "Experts", "Helpers", "State"] ++
            ["Stateless groups", "Tensor parallel"]

  test "the documented modules, and what they export, are those of the list" do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)
    now = for module <- Enum.sort(modules), line = line(module), do: line
    listed = @list |> File.read!() |> String.split("\n", trim: true)

    assert {now -- listed, listed -- now} == {[], []}, """
    The public modules differ from #{Path.relative_to_cwd(@list)}.
    Hide what users need not see (`@moduledoc false`, `@doc false`), or list it:

    #{Enum.join(now -- listed, "\n")}
    """
  end

  test "every module and function says since which version it is there" do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)

    for module <- modules,
        {:docs_v1, _, _, _, %{}, of_module, docs} <- [Code.fetch_docs(module)],
        {what, data} <- [
          {module, of_module}
          | for({{:function, name, _}, _, _, %{}, data} <- docs, do: {{module, name}, data})
        ] do
      assert match?({:ok, _version}, Version.parse(data[:since] || "")), inspect(what)
    end
  end

  test "every function of Vllm.Distributed is in a group of the documentation" do
    {:docs_v1, _, _, _, _, _, docs} = Code.fetch_docs(Vllm.Distributed)
    groups = for {{:function, _, _}, _, _, %{}, data} <- docs, do: data[:group]
    assert groups |> Enum.uniq() |> Enum.sort() == @groups
  end

  # What generated modules export is the contract, which proto/baseline.txt freezes.
  defp line(module) do
    case Code.fetch_docs(module) do
      {:docs_v1, _, _, _, %{}, _, docs} ->
        source = List.to_string(module.module_info(:compile)[:source])

        if source =~ "/generated/",
          do: inspect(module),
          else: String.trim("#{inspect(module)} #{names(docs)}")

      {:docs_v1, _, _, _, hidden_or_protocol, _, _} when is_atom(hidden_or_protocol) ->
        nil
    end
  end

  defp names(docs) do
    exported =
      for {{kind, name, arity}, _, _, doc, _} <- docs, doc != :hidden, do: {kind, name, arity}

    Enum.map_join(Enum.sort(exported), " ", fn {kind, name, arity} ->
      "#{mark(kind)}#{name}/#{arity}"
    end)
  end

  defp mark(:function), do: ""
  defp mark(kind), do: "#{kind}:"
end
