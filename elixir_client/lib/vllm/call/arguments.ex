defmodule Vllm.Call.Arguments do
  @moduledoc false
  # Sorts the arguments of a generated function, positional and keyword, by parameter. Pure.

  alias Vllm.Call.Spec
  alias Vllm.Runtime

  # It stands in the heads of generated functions, and so in their documentation.
  @unset :__default__

  @doc "Stands for an argument that was not given."
  @spec unset() :: atom()
  def unset, do: @unset

  @doc """
  The value of every parameter in order (`unset/0` where none was given), and the `__runtime__`
  options.
  """
  @spec bind(Spec.t(), [term()]) :: {:ok, [term()], keyword()} | {:error, String.t()}
  def bind(%Spec{by_name: true} = spec, [options]) do
    with {:ok, runtime, keywords} <- runtime(spec, options),
         {:ok, values} <- values(spec.params, [], keywords, spec, []),
         do: {:ok, values, runtime}
  end

  def bind(%Spec{} = spec, args) do
    {positional, options} =
      case Enum.split(args, length(spec.params)) do
        {positional, [options]} when options not in [@unset, []] ->
          {positional, options}

        {positional, _no_options} ->
          split(positional, spec.params, [])
      end

    with {:ok, runtime, keywords} <- runtime(spec, options),
         {:ok, values} <- values(spec.params, positional, keywords, spec, []) do
      {:ok, values, runtime}
    end
  end

  @doc """
  The function that is the last argument given, or `nil`, and the arguments before it.
  """
  @spec split_function([term()]) :: {(term() -> term()) | nil, [term()]}
  def split_function(args) do
    {before, [last]} = Enum.split(args, -1)

    case {last, before |> Enum.reverse() |> Enum.drop_while(&(&1 in [@unset, []]))} do
      {fun, _before} when is_function(fun, 1) or is_function(fun, 0) ->
        {fun, given(before)}

      # It stands in the place of an argument that was not given.
      {_none, [fun | before]} when is_function(fun, 1) or is_function(fun, 0) ->
        {fun, before |> Enum.reverse() |> given()}

      _no_function ->
        {nil, given(before)}
    end
  end

  defp given(args),
    do: args |> Enum.reverse() |> Enum.drop_while(&(&1 == @unset)) |> Enum.reverse()

  # The options are the last argument given, when that is a keyword list. An empty list in the place
  # of a parameter that takes lists is that parameter's value.
  defp split([arg | rest], [{_name, _number, type, _kind} | params], acc) do
    if options?(arg, type) and Enum.all?(rest, &(&1 == @unset)),
      do: {Enum.reverse(acc), arg},
      else: split(rest, params, [arg | acc])
  end

  defp split([], _params, acc), do: {Enum.reverse(acc), []}

  defp options?([], type), do: not takes_list?(type)
  defp options?(arg, _type), do: is_list(arg) and Keyword.keyword?(arg)

  defp takes_list?({:list, _type}), do: true
  defp takes_list?({:nullable, type}), do: takes_list?(type)
  defp takes_list?(type), do: type == :term

  defp runtime(_spec, []), do: {:ok, [], []}

  defp runtime(spec, options) do
    if Keyword.keyword?(options) do
      {runtime, keywords} = Keyword.pop(options, :__runtime__, [])

      with :ok <- known(spec, keywords),
           :ok <- once(spec, keywords),
           do: {:ok, runtime, keywords}
    else
      {:error,
       "#{spec.function}: the last argument must be a keyword list of Python keyword arguments " <>
         "and __runtime__, got: #{inspect(options, limit: 5)}"}
    end
  end

  defp known(spec, keywords) do
    case Enum.find(keywords, fn {key, _value} -> not List.keymember?(spec.params, key, 0) end) do
      nil ->
        :ok

      {key, value} ->
        {:error,
         "#{spec.function} takes no keyword #{key}; it accepts: #{accepted(spec)}" <>
           hint(spec, key, value)}
    end
  end

  defp hint(spec, key, value) do
    if Runtime.option?(key),
      do: ". How a call is run stands in __runtime__: [#{key}: #{inspect(value, limit: 5)}]",
      else: hint(spec)
  end

  # A keyword list at the end is taken for options.
  defp hint(%{params: params}) do
    case Enum.find(params, fn {_name, _number, type, _kind} -> type == :term end) do
      nil -> ""
      {name, _number, _type, _kind} -> ". To send a keyword list itself, write #{name}: [...]"
    end
  end

  defp accepted(spec) do
    names = for {name, _number, _type, _kind} <- spec.params, name != :receiver, do: "#{name}, "
    Enum.join(names) <> "__runtime__"
  end

  defp once(spec, keywords) do
    keys = Keyword.keys(keywords)

    case keys -- Enum.uniq(keys) do
      [] -> :ok
      [key | _more] -> {:error, "#{spec.function}: keyword #{key} is given twice"}
    end
  end

  defp values([], [], _keywords, _spec, acc), do: {:ok, Enum.reverse(acc)}

  defp values([{name, _, _, kind} | params], positional, keywords, spec, acc) do
    {value, positional} =
      case positional do
        [value | rest] -> {value, rest}
        [] -> {@unset, []}
      end

    case {value, Keyword.fetch(keywords, name), kind} do
      {@unset, :error, :required} ->
        {:error, "#{spec.function}: argument #{name} is missing; it has no default"}

      {@unset, :error, :optional} ->
        values(params, positional, keywords, spec, [@unset | acc])

      {@unset, {:ok, value}, _kind} ->
        values(params, positional, keywords, spec, [value | acc])

      {value, :error, _kind} ->
        values(params, positional, keywords, spec, [value | acc])

      {_value, {:ok, _keyword}, _kind} ->
        {:error, "#{spec.function}: argument #{name} is given twice, by position and by keyword"}
    end
  end
end
