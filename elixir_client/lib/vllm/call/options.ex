defmodule Vllm.Options do
  @moduledoc false
  # A schema is a keyword list `name: [type: ..., default: ..., required: true, doc: "..."]`, from
  # which both the validation and the documentation of options are made.

  alias Vllm.Error

  @type schema :: [{atom(), keyword()}]

  @largest 0x7FFFFFFFFFFFFFFF

  @doc "The option that says which bridge to use."
  @spec bridge() :: schema()
  def bridge do
    [bridge: [type: :name, default: Vllm.Bridge, doc: "Name of the `Vllm.Bridge` to use."]]
  end

  @doc "As `validate/3`, for a function of users: what is refused is a `Vllm.Error`."
  @spec parse(term(), schema(), String.t()) :: {:ok, map()} | {:error, Error.t()}
  def parse(options, schema, what), do: parse(options, schema, what, defaults(schema))

  @doc "As `validate/4`, for a function of users."
  @spec parse(term(), schema(), String.t(), map()) :: {:ok, map()} | {:error, Error.t()}
  def parse(options, schema, what, defaults) do
    with {:error, message} <- validate(options, schema, what, defaults),
         do: {:error, invalid(message)}
  end

  @doc "The timeout of a wait, given by itself or as the only option."
  @spec timeout(term(), timeout(), String.t()) :: {:ok, timeout()} | {:error, Error.t()}
  def timeout(given, default, what) do
    given = if is_list(given), do: given, else: [timeout: given]

    with {:ok, %{timeout: timeout}} <-
           parse(given, [timeout: [type: :wait, default: default]], what),
         do: {:ok, timeout}
  end

  @doc "The error of an option."
  @spec invalid(String.t()) :: Error.t()
  def invalid(message), do: Error.validation(message, "invalid_option")

  @doc "The options as a map with a value for every key of the schema; absent ones are the default."
  @spec validate(term(), schema(), String.t()) :: {:ok, map()} | {:error, String.t()}
  def validate(options, schema, what), do: validate(options, schema, what, defaults(schema))

  @doc "As `validate/3`, where the `defaults/1` of the schema are there already."
  @spec validate(term(), schema(), String.t(), map()) :: {:ok, map()} | {:error, String.t()}
  def validate(options, schema, what, defaults) do
    if Keyword.keyword?(options),
      do: check(options, schema, what, defaults),
      else: {:error, "#{what} must be a keyword list, got: #{inspect(options, limit: 5)}"}
  end

  @doc "The value of every key that is not given."
  @spec defaults(schema()) :: map()
  def defaults(schema), do: Map.new(schema, fn {key, spec} -> {key, spec[:default]} end)

  @doc "A Markdown list of the options."
  @spec docs(schema()) :: String.t()
  def docs(schema) do
    Enum.map_join(schema, "\n", fn {key, spec} ->
      default = if spec[:default] == nil, do: "", else: " Default: `#{inspect(spec[:default])}`."
      "  * `#{inspect(key)}` (#{describe(spec[:type])}) - #{spec[:doc]}#{default}"
    end)
  end

  defp check([], _schema, _what, acc), do: {:ok, acc}

  defp check([{key, value} | rest], schema, what, acc) do
    case Keyword.fetch(schema, key) do
      {:ok, [{:type, {:nested, inner}} | _spec]} ->
        with {:ok, options} <- validate(value, inner, "#{what}: #{key}"),
             do: check(rest, schema, what, Map.put(acc, key, options))

      {:ok, spec} ->
        if valid?(spec[:type], value) do
          check(rest, schema, what, Map.put(acc, key, normal(spec[:type], value)))
        else
          {:error,
           "#{what}: #{key} must be #{describe(spec[:type])}#{limit(value)}, got: " <>
             inspect(value, limit: 5)}
        end

      :error ->
        known = Enum.map_join(schema, ", ", fn {key, _spec} -> Atom.to_string(key) end)
        {:error, "#{what}: unknown option #{key}; known are: #{known}"}
    end
  end

  defp valid?({:in, values}, value), do: value in values
  defp valid?({:or, types}, value), do: Enum.any?(types, &valid?(&1, value))
  defp valid?(:timeout, value), do: value == :infinity or (is_integer(value) and value > 0)
  defp valid?(:wait, value), do: value == :infinity or (is_integer(value) and value >= 0)
  defp valid?({:tagged, tag, type}, {tag, value}), do: valid?(type, value)
  defp valid?({:tagged, _tag, _type}, _other), do: false
  defp valid?(:integer, value), do: is_integer(value)
  defp valid?(:boolean, value), do: is_boolean(value)
  defp valid?(:keyword, value), do: Keyword.keyword?(value)
  defp valid?({:function, arity}, value), do: is_function(value, arity)
  defp valid?(:profiles, value), do: is_map(value) or Keyword.keyword?(value)
  # Times have no upper limit; a count becomes an int64 of Protobuf.
  defp valid?(:milliseconds, value), do: is_integer(value) and value > 0
  defp valid?(:positive, value), do: is_integer(value) and value in 1..@largest
  defp valid?(:count, value), do: is_integer(value) and value in 0..@largest

  defp valid?(:transport, {module, options}),
    do: valid?(:name, module) and Keyword.keyword?(options)

  defp valid?(:transport, module), do: valid?(:name, module)

  defp valid?(:text, value),
    do: is_binary(value) and value != "" and (ascii?(value) or String.printable?(value))

  # Its user checks what is in it: the path of a socket may be bytes that are no text.
  defp valid?(:address, value), do: is_binary(value) and value != ""

  defp valid?(:label, value), do: valid?(:text, value) or valid?(:name, value)
  defp valid?(:name, value), do: is_atom(value) and value not in [nil, true, false]
  defp valid?(:any, _value), do: true
  defp valid?(:server, {:global, _name}), do: true
  defp valid?(:server, {:via, module, _name}), do: valid?(:name, module)
  defp valid?(:server, value), do: valid?(:name, value)
  defp valid?(:number, value), do: is_number(value)

  defp valid?({:map, type}, value),
    do: is_map(value) and Enum.all?(value, fn {k, v} -> valid?(:text, k) and valid?(type, v) end)

  defp valid?({:list, type}, value), do: is_list(value) and Enum.all?(value, &valid?(type, &1))

  # Most texts are; the other check takes far longer.
  defp ascii?(<<byte, rest::binary>>) when byte in 0x20..0x7E, do: ascii?(rest)
  defp ascii?(rest), do: rest == ""

  defp limit(value) when is_integer(value) and value > @largest, do: " and below 2^63"
  defp limit(_value), do: ""

  # `backend: :gloo` is as good as `backend: "gloo"`.
  defp normal(:label, value), do: to_string(value)
  defp normal(_type, value), do: value

  defp describe({:in, values}), do: "one of " <> Enum.map_join(values, ", ", &inspect/1)
  defp describe({:or, types}), do: Enum.map_join(types, " or ", &describe/1)
  defp describe({:tagged, tag, type}), do: "{#{inspect(tag)}, #{describe(type)}}"
  defp describe(:integer), do: "an integer"
  defp describe(:boolean), do: "true or false"
  defp describe(:keyword), do: "a keyword list"
  defp describe({:function, arity}), do: "a function of #{arity} argument#{if arity > 1, do: "s"}"
  defp describe(:profiles), do: "a map from name to [timeout: ..., stream_timeout: ...]"
  defp describe(:timeout), do: "milliseconds from 1 up, or :infinity"
  defp describe(:wait), do: "milliseconds from 0 up, or :infinity"
  defp describe(:milliseconds), do: "milliseconds from 1 up"
  defp describe(:positive), do: "an integer from 1 up"
  defp describe(:count), do: "an integer from 0 up"
  defp describe(:transport), do: "a module or {module, options}"
  defp describe(:text), do: "a non-empty string"
  defp describe(:address), do: "a non-empty string"
  defp describe(:label), do: "a non-empty string or an atom"
  defp describe(:name), do: "a name (an atom)"
  defp describe(:any), do: "anything"
  defp describe(:server), do: "a name (an atom, {:global, name} or {:via, module, name})"
  defp describe(:number), do: "a number"
  defp describe({:map, type}), do: "a map from strings, each value #{describe(type)}"

  defp describe({:nested, inner}),
    do: "a keyword list of " <> Enum.map_join(inner, ", ", fn {key, _spec} -> "`#{key}`" end)

  defp describe({:list, type}), do: "a list, each element #{describe(type)}"
end
