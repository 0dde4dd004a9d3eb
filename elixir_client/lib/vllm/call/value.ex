defmodule Vllm.Call.Value do
  @moduledoc false
  # Elixir values <-> fields of request and response messages, by the types of `Vllm.Call.Spec`.

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Call.{Record, Spec}
  alias Vllm.Distributed.{GroupCoordinator, ProcessGroup}
  alias Vllm.{Ref, Tensor, Term}
  alias Vllm.Tensor.{DType, NxInterop, OutgoingRequest, Received}

  @unset Vllm.Call.Arguments.unset()

  # Lists that may be absent travel in a wrapper message.
  @wrappers %{
    int: V1.Int64List,
    bool: V1.BoolList,
    float: V1.DoubleList,
    string: V1.StringList,
    tensor: V1.TensorList
  }

  @doc "The request's body, or what is wrong with which argument."
  @spec encode(Spec.t(), [term()]) :: {:ok, OutgoingRequest.body()} | {:error, String.t()}
  def encode(%Spec{params: params} = spec, values) do
    {:ok, params |> fields(values) |> OutgoingRequest.new(answered?(spec.result))}
  catch
    {:argument, name, problem, value} ->
      {:error,
       "#{spec.function}: argument #{name} #{problem}, got: " <>
         inspect(value, limit: 5, printable_limit: 100)}
  end

  defp fields([], []), do: []
  defp fields([_param | params], [@unset | values]), do: fields(params, values)

  defp fields([{name, number, type, kind} | params], [value | values]) do
    field =
      try do
        field(number, type, kind, value)
      catch
        {:value, problem, value} -> throw({:argument, name, problem, value})
      end

    [field | fields(params, values)]
  end

  # Whether a result of this type may hold tensors.
  defp answered?(type) when type in [:tensor, :term], do: true
  defp answered?({:tuple, types}), do: Enum.any?(types, &answered?/1)
  defp answered?({kind, type}) when kind in [:nullable, :list, :tuple_of], do: answered?(type)
  defp answered?(_type), do: false

  # What `Vllm.Tensor.OutgoingRequest` encodes: number, type, label and value.
  defp field(number, {:nullable, _type}, _kind, nil), do: {number, :bool, :optional, nil}
  defp field(number, {:nullable, type}, _kind, value), do: field(number, type, :optional, value)

  defp field(number, {:list, {:list, :int}}, _kind, value) do
    lists = Enum.map(list!(value), &%V1.Int64List{values: wire_list(:int, &1)})
    {number, {:message, V1.Int64List}, :repeated, lists}
  end

  defp field(number, {:list, type}, :required, value),
    do: {number, wire_type(type), label(type), wire_list(type, value)}

  defp field(number, {:list, type}, :optional, value) do
    wrapper = Map.fetch!(@wrappers, type)
    message = struct!(wrapper, values: wire_list(type, value))
    {number, {:message, wrapper}, :optional, message}
  end

  defp field(number, type, :required, value) do
    label = if match?({:message, _}, wire_type(type)), do: :optional, else: :singular
    {number, wire_type(type), label, wire(type, value)}
  end

  defp field(number, type, :optional, value),
    do: {number, wire_type(type), :optional, wire(type, value)}

  # A shape is a tuple in Nx.
  defp wire_list(:int, value) when is_tuple(value), do: wire_list(:int, Tuple.to_list(value))
  defp wire_list(type, value), do: Enum.map(list!(value), &wire(type, &1))

  defp list!(value) do
    if is_list(value) and not List.improper?(value),
      do: value,
      else: throw({:value, "must be a list", value})
  end

  @spec wire_type(Spec.type()) :: Protobuf.type()
  def wire_type(:int), do: :int64
  def wire_type(:bool), do: :bool
  def wire_type(:float), do: :double
  def wire_type(:string), do: :string
  def wire_type(:bytes), do: :bytes
  def wire_type(:dtype), do: :string
  def wire_type(:device), do: :string
  def wire_type(:tensor), do: {:message, V1.Tensor}
  def wire_type(:group), do: {:message, V1.GroupCoordinator}
  def wire_type(:process_group), do: {:message, V1.ProcessGroup}
  def wire_type(:object), do: {:message, V1.Ref}
  def wire_type({:object, module}), do: {:message, elem(module.__object__(), 0)}
  def wire_type(:term), do: {:message, V1.Term}
  def wire_type(:duration), do: {:message, Vllm.Google.Protobuf.Duration}

  @doc "A field of an object's message, in which lists travel in a message of their own."
  @spec to_wire(Spec.type(), term()) :: term()
  def to_wire({:list, type}, value),
    do: struct!(Map.fetch!(@wrappers, type), values: wire_list(type, value))

  def to_wire(type, value), do: wire(type, value)

  defp label(type) when type in [:int, :bool, :float], do: :packed
  defp label(_type), do: :repeated

  defp wire(:int, n) when n in -0x8000000000000000..0x7FFFFFFFFFFFFFFF, do: n
  defp wire(:int, n) when is_integer(n), do: throw({:value, "must fit into 64 bits", n})
  defp wire(:int, other), do: throw({:value, "must be an integer", other})
  defp wire(:bool, flag) when is_boolean(flag), do: flag
  defp wire(:bool, other), do: throw({:value, "must be true or false", other})
  defp wire(:float, f) when is_float(f), do: f

  defp wire(:float, n) when is_integer(n) do
    n * 1.0
  rescue
    ArithmeticError -> throw({:value, "must fit into a double", n})
  end

  defp wire(:float, special) when special in [:nan, :infinity, :neg_infinity], do: special
  defp wire(:float, other), do: throw({:value, "must be a number", other})

  # `backend: :gloo` is as good as `backend: "gloo"`.
  defp wire(:string, name) when is_atom(name) and name not in [nil, true, false],
    do: Atom.to_string(name)

  defp wire(:string, text) do
    if is_binary(text) and String.valid?(text),
      do: text,
      else: throw({:value, "must be a string of valid UTF-8", text})
  end

  defp wire(:bytes, %Vllm.Bytes{data: data}) when is_binary(data), do: data
  defp wire(:bytes, data) when is_binary(data), do: data
  defp wire(:bytes, other), do: throw({:value, "must be a binary", other})

  defp wire(:tensor, %Tensor{} = tensor), do: Tensor.to_message(tensor)

  # An object the rank keeps, e.g. what `Vllm.call/3` returned: the rank knows dtype and shape.
  defp wire(:tensor, %Ref{} = ref), do: %V1.Tensor{ref: Ref.to_message(ref)}

  defp wire(:tensor, %{__struct__: Nx.Tensor} = nx) do
    case NxInterop.read(nx) do
      {:ok, tensor} -> Tensor.to_message(tensor)
      {:error, problem} -> throw({:value, "cannot be sent: #{problem}", nx})
    end
  end

  defp wire(:tensor, other), do: throw({:value, "must be a tensor; see Vllm.Tensor.new/2", other})

  defp wire(:group, value),
    do: %V1.GroupCoordinator{
      ref: ref!(value, "must be a coordinator, e.g. of Vllm.Distributed.get_tp_group/0")
    }

  defp wire(:process_group, value),
    do: %V1.ProcessGroup{ref: ref!(value, "must be a process group or a coordinator")}

  defp wire(:object, value), do: ref!(value, "must be an object of a rank, a %Vllm.Ref{}")

  defp wire({:object, module}, value), do: Record.to_message(module, value)

  defp wire(:term, value) do
    case Term.pack(value) do
      {:ok, term} -> term
      {:error, problem} -> throw({:value, "cannot be sent: #{problem}", value})
    end
  end

  defp wire(:duration, ms) when is_integer(ms), do: Vllm.Deadline.duration(ms)

  defp wire(:duration, other),
    do: throw({:value, "must be a duration in milliseconds (an integer)", other})

  defp wire(:dtype, name) do
    case DType.read(name) do
      {:ok, dtype} -> Atom.to_string(dtype)
      {:error, problem} -> throw({:value, "must be a dtype: #{problem}", name})
    end
  end

  defp wire(:device, name) when is_atom(name) and name not in [nil, true, false],
    do: Atom.to_string(name)

  defp wire(:device, name) do
    if is_binary(name) and String.valid?(name),
      do: name,
      else: throw({:value, "must be a device such as \"cpu\" or \"cuda:0\"", name})
  end

  defp wire({:nullable, type}, value), do: wire(type, value)
  defp wire({:list, _type}, value), do: throw({:value, "cannot hold nested lists", value})

  defp ref!(%Ref{} = ref, _problem), do: Ref.to_message(ref)

  defp ref!(%_struct{ref: %Ref{} = ref}, _problem), do: Ref.to_message(ref)

  defp ref!(other, problem), do: throw({:value, problem, other})

  # --- results ----------------------------------------------------------------------------------

  @doc "The value a response stands for."
  @spec decode(Spec.type(), binary() | Received.t()) :: {:ok, term()} | {:error, String.t()}
  def decode(type, received), do: Received.open(received, &decode(type, &1, &2))

  # `bring`: what reads the bytes of tensors that are outside the response.
  defp decode(:none, _binary, _bring), do: {:ok, nil}

  defp decode({:tuple, types}, binary, bring) do
    fields = types |> Enum.with_index(1) |> Enum.map(fn {type, n} -> result_field(type, n) end)

    with {:ok, message} <- read(fields, binary),
         {:ok, message} <- bring.(message) do
      results =
        for {type, n} <- Enum.with_index(types, 1), do: value(type, Map.fetch!(message, n))

      {:ok, List.to_tuple(results)}
    end
  catch
    {:result, problem} -> {:error, problem}
  end

  defp decode(type, binary, bring) do
    with {:ok, message} <- read([result_field(type, 1)], binary),
         {:ok, %{1 => value}} <- bring.(message),
         do: {:ok, value(type, value)}
  catch
    {:result, problem} -> {:error, problem}
  end

  defp read(fields, binary) do
    defaults = Map.new(fields, fn {n, n, type, label} -> {n, default(type, label)} end)

    with {:error, reason} <- Protobuf.decode_fields(fields, binary, defaults),
         do: {:error, "it is not a protobuf message: #{inspect(reason)}"}
  end

  defp result_field({:nullable, {:list, {:list, :int}}}, n),
    do: {n, n, {:message, V1.Int64List}, :repeated}

  defp result_field({:nullable, {:list, type}}, n),
    do: {n, n, {:message, Map.fetch!(@wrappers, type)}, :optional}

  defp result_field({:nullable, type}, n), do: {n, n, wire_type(type), :optional}

  defp result_field({:tuple_of, {:tuple_of, :int}}, n),
    do: result_field({:list, {:list, :int}}, n)

  defp result_field({:tuple_of, type}, n), do: result_field({:list, type}, n)
  defp result_field({:list, {:list, :int}}, n), do: {n, n, {:message, V1.Int64List}, :repeated}
  defp result_field({:list, type}, n), do: {n, n, wire_type(type), label(type)}
  defp result_field(:none, n), do: {n, n, :bool, :optional}
  defp result_field(type, n), do: {n, n, wire_type(type), :singular}

  @doc "The value of a field of a response."
  @spec from_wire(Spec.type(), term()) :: term()
  def from_wire(type, field), do: value(type, field)

  defp default(_type, label) when label in [:repeated, :packed], do: []
  defp default(_type, :optional), do: nil
  defp default({:message, _module}, :singular), do: nil
  defp default(:bool, :singular), do: false
  defp default(:double, :singular), do: 0.0
  defp default(type, :singular) when type in [:string, :bytes], do: ""
  defp default(_integer, :singular), do: 0

  defp value(:none, _value), do: nil
  defp value({:nullable, _type}, nil), do: nil
  defp value({:nullable, {:list, {:list, :int}} = type}, value), do: value(type, value)
  defp value({:nullable, {:list, type}}, %{values: values}), do: value({:list, type}, values)
  defp value({:nullable, type}, value), do: value(type, value)
  defp value({:list, {:list, :int}}, lists), do: Enum.map(lists, & &1.values)

  defp value({:tuple_of, {:tuple_of, :int}}, lists),
    do: lists |> Enum.map(&List.to_tuple(&1.values)) |> List.to_tuple()

  defp value({:tuple_of, type}, values), do: List.to_tuple(value({:list, type}, values))

  defp value({:list, type}, values) when type in [:int, :bool, :float, :string, :bytes],
    do: values

  defp value({:list, type}, values), do: Enum.map(values, &value(type, &1))

  defp value(type, nil)
       when type in [:tensor, :group, :process_group, :object, :term, :duration],
       do: throw({:result, "it holds no #{type}"})

  defp value({:object, module}, nil), do: throw({:result, "it holds no #{inspect(module)}"})
  defp value({:object, module}, message), do: Record.from_message(module, message)

  defp value(:tensor, message), do: ok!(Tensor.from_message(message))
  defp value(:term, message), do: ok!(Term.unpack(message))

  defp value(:object, message), do: Ref.from_message(message)
  defp value(:group, message), do: struct(GroupCoordinator, facts(message))
  defp value(:process_group, message), do: struct(ProcessGroup, facts(message))

  defp value(:duration, %{seconds: seconds, nanos: nanos}),
    do: seconds * 1_000 + div(nanos, 1_000_000)

  defp value(_scalar, value), do: value

  # The messages have the structs' own fields.
  defp facts(%{ref: %V1.Ref{} = ref} = message),
    do: message |> Map.from_struct() |> Map.put(:ref, Ref.from_message(ref))

  defp facts(_without_ref), do: throw({:result, "it holds a group without a handle"})

  defp ok!({:ok, value}), do: value
  defp ok!({:error, problem}), do: throw({:result, problem})

  # --- routing ----------------------------------------------------------------------------------

  @doc "The session of the first object of a rank among the values, or nil."
  @spec session_in(term()) :: String.t() | nil
  def session_in(%Ref{session_id: session_id}), do: session_id
  def session_in(%{ref: %Ref{session_id: session_id}}), do: session_id
  def session_in([first | rest]), do: session_in(first) || session_in(rest)
  def session_in(tuple) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> session_in()
  def session_in(%MapSet{} = set), do: set |> MapSet.to_list() |> session_in()
  def session_in(%_struct{}), do: nil
  def session_in(%{} = map), do: map |> Map.values() |> session_in()
  def session_in(_other), do: nil
end
