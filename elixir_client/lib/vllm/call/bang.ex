defmodule Vllm.Bang do
  @moduledoc false
  # The form with a `!` of a function that returns `{:ok, value}` or `{:error, error}`.

  @doc """
  Defines it, with its documentation, from the head of the function and what `{:ok, _}` has:

      defbang restart(world :: world(), opts \\\\ [] :: keyword()) :: t()
  """
  defmacro defbang({:"::", _, [{name, _, params}, returns]}) do
    {arguments, heads, types} = params |> Enum.map(&param/1) |> unzip()
    bang = :"#{name}!"
    doc = "As `#{name}/#{length(params)}`; raises `Vllm.Error`."

    quote do
      @doc since: "0.1.0"
      @doc unquote(doc)
      @spec unquote(bang)(unquote_splicing(types)) :: unquote(returns)
      def unquote(bang)(unquote_splicing(heads)),
        do: Vllm.Error.unwrap!(unquote(name)(unquote_splicing(arguments)))
    end
  end

  defp param({:\\, meta, [variable, {:"::", _, [default, type]}]}),
    do: {variable, {:\\, meta, [variable, default]}, type}

  defp param({:\\, _meta, [variable, _default]} = head), do: {variable, head, type(variable)}
  defp param({:"::", _, [variable, type]}), do: {variable, variable, type}
  defp param(variable), do: {variable, variable, type(variable)}

  defp type({:opts, _, _}), do: quote(do: keyword())
  defp type({name, _, _}), do: quote(do: unquote(name)())

  defp unzip(params) do
    {for({argument, _, _} <- params, do: argument), for({_, head, _} <- params, do: head),
     for({_, _, type} <- params, do: type)}
  end
end
