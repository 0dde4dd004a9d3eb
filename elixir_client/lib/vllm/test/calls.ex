defmodule Vllm.Test.Calls do
  @moduledoc false
  # Calls that would run in a rank, answered by stubs in the calling process.

  alias Vllm.Bridge.{Protobuf, Transport, V1}
  alias Vllm.{Error, Ref, Term}
  alias Vllm.Test.{Codec, Specs, Stubs, UnexpectedCallError}

  @objects "/vllm.bridge.v1.Objects/"

  @type reply :: {:ok, binary()} | {:error, Vllm.Bridge.Connection.reason()}

  @doc "The answer to a request at a rank's path."
  @spec call(atom(), String.t(), binary(), [{binary(), binary()}]) :: reply()
  def call(bridge, @objects <> method, request, metadata),
    do: object(method, bridge, request, metadata)

  # The deadline of a call that a stub did not make in time.
  def call(_bridge, "/vllm.bridge.v1.Rank/Withdraw", request, _metadata) do
    {:ok, %{call_id: id}} = Protobuf.decode(V1.WithdrawRequest, request)
    {:ok, bytes(%V1.WithdrawResponse{call: %V1.CallRecord{call_id: id, state: :finished}})}
  end

  def call(bridge, path, request, metadata) do
    case Specs.fetch(path) do
      {:ok, name, spec} ->
        arguments = Codec.arguments(spec, request, &remembered(bridge, &1))
        answer = answer(bridge, path, name, arguments, Codec.example(spec.result))
        encode = &Codec.result(spec, &1, fn object -> remember(bridge, object) end)
        reply(answer, name, arguments, encode, metadata)

      :error ->
        {:error, Transport.unimplemented(path)}
    end
  end

  # --- objects ----------------------------------------------------------------------------------

  defp object("Call", bridge, request, metadata) do
    {:ok, message} = Protobuf.decode(V1.CallRequest, request)
    {:ok, positional} = Term.unpack(message.args)
    {:ok, keywords} = Term.unpack(message.kwargs)
    keywords = for {key, value} <- keywords, do: {String.to_existing_atom(key), value}
    more = if keywords == [], do: [], else: [Enum.sort(keywords)]
    message = %{message | object: message.object && named(bridge, message.object)}

    {name, receiver} =
      case message do
        %{qualified_name: name} when is_binary(name) -> {name, []}
        %{object: ref, method: ""} -> {ref.type_name, [Ref.from_message(ref)]}
        %{object: ref, method: name} -> {"#{ref.type_name}.#{name}", [Ref.from_message(ref)]}
      end

    by_name(bridge, name, receiver ++ positional ++ more, metadata)
  end

  defp object("GetAttribute", bridge, request, metadata) do
    {:ok, %{object: ref, name: name}} = Protobuf.decode(V1.GetAttributeRequest, request)
    ref = named(bridge, ref)
    by_name(bridge, "#{ref.type_name}.#{name}", [Ref.from_message(ref)], metadata)
  end

  defp object("Enter", _bridge, _request, _metadata) do
    {:ok, nothing} = Term.pack(nil)
    {:ok, bytes(nothing)}
  end

  defp object("Exit", _bridge, _request, _metadata), do: {:ok, bytes(%V1.ExitResponse{})}

  defp object("Release", bridge, request, _metadata) do
    {:ok, %{objects: refs}} = Protobuf.decode(V1.ReleaseRequest, request)
    Stubs.ask(bridge, {:release, Enum.map(refs, & &1.id)})
    {:ok, bytes(%V1.ReleaseResponse{released: length(refs)})}
  end

  defp object("Next", bridge, request, _metadata) do
    {:ok, %{object: ref, max_items: count}} = Protobuf.decode(V1.NextRequest, request)

    case Stubs.ask(bridge, {:object, ref.id}) do
      {:items, items} ->
        {now, later} = Enum.split(items, count)
        Stubs.ask(bridge, {:remember, ref.id, {:items, later}})
        {:ok, terms} = encoded_all(now)
        {:ok, bytes(%V1.NextResponse{items: terms, done: later == []})}

      _no_stream ->
        {:error,
         Transport.status(
           Error.validation(
             "#{ref.type_name} is read item by item only if the stub returned " <>
               "Vllm.Test.items(list)",
             "not_a_stream"
           )
         )}
    end
  end

  defp object("Name", bridge, request, metadata) do
    {:ok, message} = Protobuf.decode(V1.NameRequest, request)
    {_name, session} = List.keyfind(metadata, "vllm-session-id", 0)

    names =
      if message.object != nil or message.forget,
        do: Stubs.ask(bridge, {:name, session, message.name, message.object}),
        else: Stubs.ask(bridge, {:names, session})

    {:ok, bytes(%V1.NameResponse{names: names})}
  end

  # The stub is that of the module's name.
  defp object("Load", bridge, request, metadata) do
    {:ok, %{module: module}} = Protobuf.decode(V1.LoadRequest, request)
    encode = fn names -> {:ok, bytes(%V1.LoadResponse{names: names})} end

    {:name, module}
    |> then(&answer(bridge, &1, &1, [], "[]"))
    |> reply({:name, module}, [], encode, metadata)
  end

  defp object(method, _bridge, _request, _metadata),
    do: {:error, Transport.unimplemented(@objects <> method)}

  # What a name stands for, as the rank would find it.
  defp named(bridge, %V1.Ref{id: "@" <> name, session_id: session} = ref),
    do: Stubs.ask(bridge, {:named, session, name}) || ref

  defp named(_bridge, ref), do: ref

  defp encoded_all(items) do
    Enum.reduce_while(Enum.reverse(items), {:ok, []}, fn item, {:ok, terms} ->
      case Term.pack(item) do
        {:ok, term} -> {:cont, {:ok, [term | terms]}}
        {:error, problem} -> {:halt, {:error, problem}}
      end
    end)
  end

  defp by_name(bridge, name, arguments, metadata) do
    answer = answer(bridge, {:name, name}, {:name, name}, arguments, "nil")
    reply(answer, {:name, name}, arguments, &term/1, metadata)
  end

  defp term(value) do
    with {:ok, term} <- Term.pack(value), do: {:ok, bytes(term)}
  end

  # --- stubs ------------------------------------------------------------------------------------

  defp answer(bridge, key, name, arguments, example) do
    callers = [self() | Process.get(:"$callers", [])]

    case Stubs.ask(bridge, {:take, callers, key, arguments}) do
      {:ok, answer} ->
        answer

      :error ->
        raise UnexpectedCallError, name: name, arguments: arguments, example: example
    end
  end

  defp reply(answer, name, arguments, encode, metadata) do
    case result(answer, name, arguments) do
      {:error, %Error{} = error} ->
        {:error, Transport.status(%{error | call_id: call_id(error, metadata)})}

      {:ok, value} ->
        encoded(encode.(value), name, value)

      value ->
        encoded(encode.(value), name, value)
    end
  end

  defp call_id(error, metadata) do
    with nil <- error.call_id,
         {_name, id} <- List.keyfind(metadata, "vllm-call-id", 0, {nil, nil}),
         do: id
  end

  defp encoded({:ok, binary}, _name, _value), do: {:ok, binary}

  defp encoded({:error, problem}, name, value) do
    raise ArgumentError,
          "the stub of #{Specs.title(name)} gave #{inspect(value, limit: 5)}, which that function " <>
            "cannot return: #{problem}"
  end

  defp result({:result, value}, _name, _arguments), do: value

  defp result({:function, fun}, name, arguments) do
    {:arity, arity} = Function.info(fun, :arity)

    # A stub may leave out what it does not look at, from the end.
    if arity <= length(arguments) do
      apply(fun, Enum.take(arguments, arity))
    else
      raise ArgumentError,
            "the stub of #{Specs.title(name)} takes #{arity} arguments, and the call has " <>
              "#{length(arguments)}: #{Specs.shown(arguments)}"
    end
  end

  # Objects that stubs return come back as references; tests want their facts too.
  defp remember(bridge, %{ref: %Ref{id: id}} = object),
    do: Stubs.ask(bridge, {:remember, id, object})

  defp remembered(bridge, %{ref: %Ref{id: id}} = object),
    do: Stubs.ask(bridge, {:object, id}) || object

  defp bytes(message), do: message |> Protobuf.encode() |> IO.iodata_to_binary()
end
