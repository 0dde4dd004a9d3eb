defmodule Vllm.Call.Record do
  @moduledoc false
  # Structs of classes <-> the messages of vllm.distributed.v1 that stand for their objects, by the
  # table that a class's module has in `__object__/0`.

  alias Vllm.Call.{Spec, Value}
  alias Vllm.Ref

  @typedoc """
  The message's module, and per field its name, its type, and whether an object can be made of it
  (`:given`) or it is only `:shown`.
  """
  @type table :: {module(), [{atom(), Spec.type(), :given | :shown}]}

  @doc """
  The message for an argument: the ref of an object, or the fields to make one of. Throws
  `{:value, problem, value}`, as `Vllm.Call.Value` does.
  """
  @spec to_message(module(), term()) :: struct()
  def to_message(module, value) do
    {message, fields} = module.__object__()

    case value do
      %Ref{} = ref -> struct!(message, ref: Ref.to_message(ref))
      %_struct{ref: %Ref{} = ref} -> struct!(message, ref: Ref.to_message(ref))
      %^module{} -> of_struct(message, fields, value)
      _other -> of_fields(module, message, fields, value)
    end
  end

  @doc "The whole message of a struct, as a rank answers with it."
  @spec to_answer(module(), struct()) :: struct()
  def to_answer(module, %module{} = value) do
    {message, fields} = module.__object__()
    shown = for {name, type, _kind} <- fields, do: {name, show(type, Map.get(value, name))}

    case value do
      %{ref: %Ref{} = ref} -> struct!(message, [{:ref, Ref.to_message(ref)} | shown])
      _plain -> struct!(message, shown)
    end
  end

  @doc "The struct for a message. Throws `{:result, problem}` where the handle is missing."
  @spec from_message(module(), struct()) :: struct()
  def from_message(module, message) do
    {_message, fields} = module.__object__()
    shown = for {name, type, _given} <- fields, do: {name, read(type, Map.fetch!(message, name))}
    result = struct!(module, shown)

    case {result, message.ref} do
      {%{ref: _}, nil} -> throw({:result, "it holds a #{inspect(module)} without a handle"})
      {%{ref: _}, ref} -> %{result | ref: Ref.from_message(ref)}
      {_plain, _ref} -> result
    end
  end

  defp of_struct(message, fields, value) do
    given = for {name, type, :given} <- fields, do: {name, write(type, Map.get(value, name))}
    struct!(message, given)
  end

  defp of_fields(module, message, fields, value) do
    unless fields?(value), do: throw({:value, expected(module, fields), value})

    given =
      for {key, item} <- value do
        case Enum.find(fields, fn {name, _type, _kind} -> key in [name, Atom.to_string(name)] end) do
          {name, type, :given} -> {name, write(type, item)}
          _other -> throw({:value, unknown(module, fields, key), value})
        end
      end

    struct!(message, given)
  end

  defp fields?(value), do: Keyword.keyword?(value) or (is_map(value) and not is_struct(value))

  defp expected(module, fields) do
    if names(fields) == "",
      do: "must be a #{name(module)} of a rank, or its %Vllm.Ref{}",
      else: "must be a #{name(module)}, its %Vllm.Ref{}, or a map of its fields"
  end

  defp unknown(module, fields, key) do
    case names(fields) do
      "" ->
        expected(module, fields)

      names ->
        "has no field #{inspect(key)} that can be given; those of a #{name(module)} are #{names}"
    end
  end

  defp names(fields),
    do: fields |> Enum.filter(&(elem(&1, 2) == :given)) |> Enum.map_join(", ", &elem(&1, 0))

  defp name(module), do: inspect(module)

  defp write(_type, nil), do: nil
  defp write({:nullable, type}, value), do: write(type, value)
  defp write(type, value), do: Value.to_wire(type, value)

  defp show({:object, module}, %module{} = value), do: to_answer(module, value)
  defp show({:nullable, type}, value), do: show(type, value)
  defp show(type, value), do: write(type, value)

  defp read(_type, nil), do: nil
  defp read({:nullable, type}, value), do: read(type, value)
  defp read({:list, _type} = type, %{values: values}), do: Value.from_wire(type, values)
  defp read(type, value), do: Value.from_wire(type, value)
end
