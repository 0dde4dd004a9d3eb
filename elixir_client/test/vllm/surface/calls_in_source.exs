defmodule Vllm.Surface.CallsInSource do
  @moduledoc false
  # Which functions of which modules Elixir source calls, or captures, by a name in the source. A call
  # of `@module.f` is one of each module in the file's `@modules`. `f!` counts for `f`.

  @type call :: {module(), atom()}

  @doc "Those of all tests in a folder."
  @spec in_folder(Path.t()) :: MapSet.t(call())
  def in_folder(folder) do
    for path <- Path.wildcard(Path.join(folder, "*_test.exs")),
        call <- path |> File.read!() |> in_source(),
        into: MapSet.new(),
        do: call
  end

  @doc "Those of one file."
  @spec in_source(String.t()) :: MapSet.t(call())
  def in_source(source) do
    ast = Code.string_to_quoted!(source)
    aliases = aliases(ast)
    {_ast, calls} = Macro.prewalk(ast, [], &collect(&1, &2, aliases, modules(ast, aliases)))
    MapSet.new(calls)
  end

  defp collect({{:., _, [target, name]}, _, args} = node, calls, aliases, modules)
       when is_atom(name) and name != :{} and is_list(args) do
    called = for module <- targets(target, aliases, modules), do: {module, plain(name)}
    {node, called ++ calls}
  end

  defp collect(node, calls, _aliases, _modules), do: {node, calls}

  defp targets({:__aliases__, _, parts}, aliases, _modules), do: [expand(parts, aliases)]
  defp targets({:@, _, [{:module, _, _context}]}, _aliases, modules), do: modules
  defp targets(_other, _aliases, _modules), do: []

  defp plain(name), do: name |> Atom.to_string() |> String.trim_trailing("!") |> String.to_atom()

  # The list in the file's `@modules`.
  defp modules(ast, aliases) do
    {_ast, found} =
      Macro.prewalk(ast, [], fn
        {:@, _, [{:modules, _, [list]}]} = node, _found when is_list(list) ->
          {node, for({:__aliases__, _, parts} <- list, do: expand(parts, aliases))}

        node, found ->
          {node, found}
      end)

    found
  end

  # Short name => full name, of `alias A.B`, `alias A.B, as: C` and `alias A.{B, C}`.
  defp aliases(ast) do
    {_ast, found} =
      Macro.prewalk(ast, %{Distributed: [:Vllm, :Distributed], Tensor: [:Vllm, :Tensor]}, fn
        {:alias, _, [{{:., _, [{:__aliases__, _, prefix}, :{}]}, _, parts} | _]} = node, found ->
          short = for {:__aliases__, _, part} <- parts, do: {List.last(part), prefix ++ part}
          {node, Map.merge(found, Map.new(short))}

        {:alias, _, [{:__aliases__, _, full}, [as: {:__aliases__, _, [short]}]]} = node, found ->
          {node, Map.put(found, short, full)}

        {:alias, _, [{:__aliases__, _, full}]} = node, found ->
          {node, Map.put(found, List.last(full), full)}

        node, found ->
          {node, found}
      end)

    found
  end

  defp expand([first | rest], aliases) do
    case Map.get(aliases, first) do
      nil -> Module.concat([first | rest])
      [^first] -> Module.concat([first | rest])
      full -> Module.concat(expand_parts(full, aliases) ++ rest)
    end
  end

  defp expand_parts([first | rest] = full, aliases) do
    case Map.get(aliases, first) do
      nil -> full
      ^full -> full
      more -> more ++ rest
    end
  end
end
