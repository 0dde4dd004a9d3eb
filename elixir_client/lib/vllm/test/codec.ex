defmodule Vllm.Test.Codec do
  @moduledoc false
  # The server's side of `Vllm.Call.Value`: arguments out of requests, responses out of results.

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Call.{Record, Spec, Value}
  alias Vllm.Ref
  alias Vllm.Tensor.OutgoingRequest

  @plain [V1.Tensor, V1.Term, V1.Ref, Vllm.Google.Protobuf.Duration]

  @doc """
  The arguments of a request in the order of the parameters; `:default` for those that were not given.
  `known` gives objects back as they were returned.
  """
  @spec arguments(Spec.t(), binary(), (struct() -> struct())) :: [term()]
  def arguments(%Spec{params: params} = spec, request, known) do
    # A parameter that came later to the contract may stand among the others in the signature.
    types = Map.new(params, fn {_name, number, type, kind} -> {number, sent(type, kind)} end)
    numbered = for number <- 1..last(params)//1, do: Map.get(types, number, :none)

    case Value.decode({:tuple, numbered}, request) do
      {:ok, values} ->
        for {_name, number, _type, _kind} = param <- params do
          argument(param, of_object(param, elem(values, number - 1), request), known)
        end

      {:error, problem} ->
        raise ArgumentError, "the request of #{spec.function} is unreadable: #{problem}"
    end
  end

  defp last(params), do: params |> Enum.map(&elem(&1, 1)) |> Enum.max(fn -> 0 end)

  # What may be left out travels like what may be nil. Objects are read for themselves, below: as an
  # argument one may be its fields, without a handle.
  defp sent({:object, _module}, _kind), do: :none
  defp sent({:nullable, {:object, _module}}, _kind), do: :none
  defp sent({:nullable, _type} = type, _kind), do: type
  defp sent(type, :optional), do: {:nullable, type}
  defp sent(type, :required), do: type

  defp argument({_name, _number, {:nullable, _type}, _kind}, nil, _known), do: nil
  defp argument({_name, _number, _type, :optional}, nil, _known), do: :default
  defp argument(_param, %{ref: %Ref{}} = object, known), do: known.(object)
  defp argument(_param, value, _known), do: value

  defp of_object({name, number, {:nullable, type}, kind}, value, request),
    do: of_object({name, number, type, kind}, value, request)

  defp of_object({_name, number, {:object, module}, _kind}, nil, request) do
    {message, _fields} = module.__object__()
    field = {:object, number, {:message, message}, :optional}

    case Protobuf.decode_fields([field], request, %{object: nil}) do
      {:ok, %{object: nil}} -> nil
      {:ok, %{object: %{ref: %V1.Ref{}} = message}} -> Record.from_message(module, message)
      {:ok, %{object: message}} -> of_fields(module, message)
    end
  end

  defp of_object(_param, value, _request), do: value

  defp of_fields(module, message) do
    object = Record.from_message(module, %{message | ref: %V1.Ref{}})
    if is_map_key(object, :ref), do: %{object | ref: nil}, else: object
  end

  @doc "The response for a result, or why it cannot be one. `remember` is told of objects in it."
  @spec result(Spec.t(), term(), (struct() -> term())) :: {:ok, binary()} | {:error, String.t()}
  def result(%Spec{result: {:tuple, types}} = spec, value, remember) do
    if is_tuple(value) and tuple_size(value) == length(types) do
      types
      |> Enum.zip(Tuple.to_list(value))
      |> Enum.with_index(1)
      |> fields(spec, remember)
    else
      {:error, "it returns a tuple of #{length(types)}"}
    end
  end

  def result(%Spec{result: :none}, _value, _remember), do: {:ok, ""}
  def result(spec, value, remember), do: fields([{{spec.result, value}, 1}], spec, remember)

  defp fields(fields, spec, remember) do
    encoded =
      for {{type, value}, number} <- fields, do: field(number, type, value, spec, remember)

    {:ok, IO.iodata_to_binary(encoded)}
  catch
    {:result, problem} -> {:error, problem}
  end

  defp field(_number, :none, _value, _spec, _remember), do: []
  defp field(_number, {:nullable, _type}, nil, _spec, _remember), do: []

  defp field(number, {:nullable, type}, value, spec, remember)
       when not is_tuple(type) or elem(type, 0) != :list,
       do: field(number, type, value, spec, remember)

  defp field(number, {:tuple_of, type}, value, spec, remember) do
    unless is_tuple(value), do: throw({:result, "it returns a tuple, not #{inspect(value)}"})
    field(number, {:list, lists(type)}, tuples(type, Tuple.to_list(value)), spec, remember)
  end

  defp field(number, {:list, type} = list, values, spec, remember) do
    case object(type) do
      {:ok, module} when is_list(values) ->
        messages = Enum.map(values, &message(type, module, &1, remember))
        Protobuf.encode_field(number, {:message, module}, :repeated, messages)

      _plain ->
        plain(number, list, values, spec)
    end
  end

  defp field(number, type, value, spec, remember) do
    case object(type) do
      {:ok, module} ->
        message = message(type, module, value, remember)
        Protobuf.encode_field(number, {:message, module}, :optional, message)

      :plain ->
        plain(number, type, value, spec)
    end
  end

  defp plain(number, type, value, spec) do
    spec = %{spec | params: [{:result, number, type, :required}]}

    case Value.encode(spec, [value]) do
      {:ok, body} -> OutgoingRequest.inline(body)
      {:error, problem} -> throw({:result, String.replace(problem, "argument result ", "")})
    end
  end

  # Tuples of one type travel as lists.
  defp lists({:tuple_of, type}), do: {:list, lists(type)}
  defp lists(type), do: type

  defp tuples({:tuple_of, type}, values), do: Enum.map(values, &tuples(type, Tuple.to_list(&1)))
  defp tuples(_type, values), do: values

  # Whether a result of this type is an object of a rank, which travels with its facts.
  defp object({kind, _items}) when kind in [:list, :tuple, :tuple_of, :nullable], do: :plain

  defp object(type) do
    with {:message, module} <- Value.wire_type(type),
         true <- module not in @plain,
         true <- List.keymember?(module.__fields__(), :ref, 0) do
      {:ok, module}
    else
      _scalar_or_plain -> :plain
    end
  end

  defp message({:object, module}, _message, %module{} = object, remember) do
    if match?(%{ref: %Ref{}}, object), do: remember.(object)
    Record.to_answer(module, object)
  end

  defp message({:object, module}, _message, value, _remember),
    do: throw({:result, "it returns a %#{inspect(module)}{}, not #{inspect(value)}"})

  defp message(_type, module, %{ref: %Ref{}} = object, remember) do
    remember.(object)

    fields =
      for {key, _number, type, _label} <- module.__fields__(),
          value = Map.get(object, key),
          value != nil,
          do: {key, known(type, value, remember)}

    struct!(module, fields)
  end

  defp message(_type, _module, value, _remember) do
    throw(
      {:result,
       "it returns an object of a rank, e.g. of Vllm.Test.group/1, not #{inspect(value)}"}
    )
  end

  defp known(_type, %Ref{} = ref, _remember), do: Ref.to_message(ref)

  defp known({:message, module} = type, %{ref: %Ref{}} = object, remember),
    do: message(type, module, object, remember)

  defp known(_type, value, _remember), do: value

  @doc "What a result of this type looks like, as source."
  @spec example(Spec.type()) :: String.t()
  def example({:tuple, types}), do: "{#{Enum.map_join(types, ", ", &example/1)}}"
  def example({:list, type}), do: "[#{example(type)}]"
  def example({:tuple_of, type}), do: "{#{example(type)}}"

  def example({:object, module}) do
    if is_map_key(struct(module), :ref),
      do: "%#{inspect(module)}{ref: Vllm.Test.ref(#{inspect(List.last(Module.split(module)))})}",
      else: "%#{inspect(module)}{}"
  end

  def example({:nullable, type}), do: example(type)
  def example(:int), do: "0"
  def example(:float), do: "0.0"
  def example(:bool), do: "true"
  def example(:bytes), do: "<<0>>"
  def example(:tensor), do: "Vllm.Tensor.new([1.0])"
  def example(:group), do: "Vllm.Test.group(ranks: [0, 1])"
  def example(:process_group), do: example({:object, Vllm.Distributed.ProcessGroup})
  def example(:object), do: ~s|Vllm.Test.ref("Object")|
  def example(:duration), do: "1_000"
  def example(type) when type in [:string, :dtype, :device], do: ~s("...")
  def example(_other), do: "nil"
end
