defmodule Vllm.Call.Objects do
  @moduledoc false
  # The `Objects` service: objects that only Python can make. The public face is `Vllm`.

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Call
  alias Vllm.Call.{Dispatch, OwnedRefs, Value}
  alias Vllm.{Deadline, Error, Options, Ref, Runtime, Tensor, Term}
  alias Vllm.Tensor.{OutgoingRequest, Received}

  @service "/vllm.bridge.v1.Objects/"

  @type target :: {:qualified_name, String.t()} | {:object, Ref.t()}

  @doc "Calls a function by its dotted name, or a method of an object."
  @spec call(target(), String.t(), [term()], keyword()) :: {:ok, term()} | {:error, Error.t()}
  def call(target, method, args, opts) do
    function = title(target, method)

    with :ok <- check(function, args, opts),
         {runtime, keywords} = Keyword.pop(opts, :__runtime__, []),
         {:ok, runtime} <- Runtime.validate(runtime),
         args = Enum.map(args, &Ref.named_or/1),
         {:ok, packed_args} <- term(function, args),
         {:ok, packed_kwargs} <- term(function, Map.new(keywords)) do
      request =
        target(%V1.CallRequest{method: method, args: packed_args, kwargs: packed_kwargs}, target)

      session = Value.session_in([elem(target, 1), args, Keyword.values(keywords)])

      with {:error, error} <-
             send_request(function, "Call", request, runtime, session, V1.Term, &Term.unpack/1),
           do: {:error, hinted(error, Keyword.keys(keywords))}
    end
  end

  # Python refuses the keyword `timeout`, but does not say where a timeout belongs.
  defp hinted(%Error{python_type: "TypeError"} = error, keywords) do
    case Enum.filter(keywords, &Runtime.option?/1) do
      [] ->
        error

      [key | _more] ->
        hint = ". Keywords go to Python; how a call is run stands in __runtime__: [#{key}: ...]"
        %{error | message: error.message <> hint}
    end
  end

  defp hinted(error, _keywords), do: error

  @doc "An attribute of an object."
  @spec get_attribute(Ref.t(), String.t(), keyword()) :: {:ok, term()} | {:error, Error.t()}
  def get_attribute(ref, name, opts) do
    request = %V1.GetAttributeRequest{object: Ref.to_message(ref), name: name}
    in_session("get_attribute", "GetAttribute", request, ref, opts, V1.Term, &Term.unpack/1)
  end

  @doc "Brings a tensor that is in its rank, of so many bytes where that is known."
  @spec fetch(Ref.t(), keyword(), non_neg_integer()) :: {:ok, Tensor.t()} | {:error, Error.t()}
  def fetch(ref, opts, bytes \\ 0) do
    request = OutgoingRequest.of(%V1.FetchRequest{object: Ref.to_message(ref)}, bytes)
    in_session("fetch", "Fetch", request, ref, opts, V1.Tensor, &Tensor.from_message/1)
  end

  @doc "The next items of an iterator, and whether they are the last."
  @spec next(Ref.t(), pos_integer(), pos_integer(), Runtime.t()) ::
          {:ok, [term()], done? :: boolean()} | {:error, Error.t()}
  def next(ref, count, within, runtime) do
    request = %V1.NextRequest{
      object: Ref.to_message(ref),
      max_items: count,
      within: Deadline.duration(within)
    }

    with {:ok, {items, done?}} <-
           to_session("next", "Next", request, ref, runtime, V1.NextResponse, &items/1),
         do: {:ok, items, done?}
  end

  defp items(message) do
    message.items
    |> Enum.reduce_while({:ok, []}, fn term, {:ok, items} ->
      case Term.unpack(term) do
        {:ok, item} -> {:cont, {:ok, [item | items]}}
        {:error, problem} -> {:halt, {:error, problem}}
      end
    end)
    |> then(fn result ->
      with {:ok, items} <- result, do: {:ok, {Enum.reverse(items), message.done}}
    end)
  end

  @doc "Keeps an object under a name; with nil says which names there are, or forgets this one."
  @spec name(Ref.t() | nil, String.t(), boolean(), String.t(), Runtime.t()) ::
          {:ok, [String.t()]} | {:error, Error.t()}
  def name(ref, name, forget?, session, runtime) do
    object = ref && Ref.to_message(ref)
    request = %V1.NameRequest{object: object, name: name, forget: forget?}
    names = &{:ok, &1.names}
    to_session("name", "Name", request, %{session_id: session}, runtime, V1.NameResponse, names)
  end

  @doc "Sends objects to another rank of the world, where `take/3` is called."
  @spec give([Ref.t()], integer(), String.t(), Runtime.t()) ::
          {:ok, non_neg_integer()} | {:error, Error.t()}
  def give(refs, to, session, runtime) do
    request = %V1.SendRequest{objects: Enum.map(refs, &Ref.to_message/1), to_rank: to}
    bytes = &{:ok, &1.bytes}
    to_session("send", "Send", request, %{session_id: session}, runtime, V1.SendResponse, bytes)
  end

  @doc "Keeps the objects that another rank of the world gives; returns refs to them."
  @spec take(integer(), String.t(), Runtime.t()) :: {:ok, [Ref.t()]} | {:error, Error.t()}
  def take(from, session, runtime) do
    request = %V1.ReceiveRequest{from_rank: from}
    kept = %{session_id: session}
    refs = &{:ok, Enum.map(&1.objects, fn ref -> Ref.from_message(ref) end)}
    to_session("receive", "Receive", request, kept, runtime, V1.ReceiveResponse, refs)
  end

  @doc "Imports a module; returns the names that it gives out."
  @spec load(String.t(), String.t(), Runtime.t()) :: {:ok, [String.t()]} | {:error, Error.t()}
  def load(module, session, runtime) do
    request = %V1.LoadRequest{module: module}
    names = &{:ok, &1.names}
    to_session("load", "Load", request, %{session_id: session}, runtime, V1.LoadResponse, names)
  end

  @doc "Forgets objects of one session; returns how many there were."
  @spec release([Ref.t()], keyword()) :: {:ok, non_neg_integer()} | {:error, Error.t()}
  def release([], _opts), do: {:ok, 0}

  def release([ref | _rest] = refs, opts) do
    request = %V1.ReleaseRequest{objects: Enum.map(refs, &Ref.to_message/1)}
    released = &{:ok, &1.released}

    with {:ok, count} <-
           in_session("release", "Release", request, ref, opts, V1.ReleaseResponse, released) do
      {:ok, runtime} = Runtime.validate(Keyword.get(opts, :__runtime__, []))
      OwnedRefs.released(refs, OwnedRefs.bridge(runtime))
      {:ok, count}
    end
  end

  @doc "Enters a context manager; returns the value of its `__enter__`."
  @spec enter(Ref.t(), Runtime.t()) :: {:ok, term()} | {:error, Error.t()}
  def enter(ref, runtime) do
    request = %V1.EnterRequest{context: Ref.to_message(ref)}
    to_session("enter", "Enter", request, ref, runtime, V1.Term, &Term.unpack/1)
  end

  @doc "Exits a context manager, with what the block failed with; `release` forgets it as well."
  @spec exit(Ref.t(), String.t(), boolean(), Runtime.t()) ::
          {:ok, suppressed :: boolean()} | {:error, Error.t()}
  def exit(ref, error, release, runtime) do
    request = %V1.ExitRequest{context: Ref.to_message(ref), error: error, release: release}
    suppressed = &{:ok, &1.suppressed}
    to_session("exit", "Exit", request, ref, runtime, V1.ExitResponse, suppressed)
  end

  defp to_session(function, method, request, ref, runtime, module, decode) do
    # An object is only known in its session.
    runtime = %{runtime | session_id: nil, affinity: nil, pool_name: nil}
    send_request(function, method, request, runtime, ref.session_id, module, decode)
  end

  defp in_session(function, method, request, ref, opts, module, decode) do
    with :ok <- check_options(function, opts),
         {:ok, runtime} <- Runtime.validate(Keyword.get(opts, :__runtime__, [])),
         do: send_request(function, method, request, runtime, ref.session_id, module, decode)
  end

  defp send_request(function, method, request, runtime, session, module, decode) do
    body =
      if module in [V1.Term, V1.Tensor],
        do: OutgoingRequest.of(request),
        else: Protobuf.encode(request)

    with {:ok, received} <-
           Dispatch.request(function, @service <> method, body, runtime, session),
         {:ok, value} <- Received.open(received, &open(module, &1, &2, decode)) do
      OwnedRefs.owned({:ok, value}, runtime)
    else
      {:error, %Error{}} = error -> error
      {:error, reason} -> {:error, Call.malformed(function, reason)}
    end
  end

  defp open(module, binary, bring, decode) do
    with {:ok, message} <- Protobuf.decode(module, binary),
         {:ok, message} <- bring.(message),
         do: decode.(message)
  end

  defp target(request, {:qualified_name, name}), do: %{request | qualified_name: name}
  defp target(request, {:object, ref}), do: %{request | object: Ref.to_message(ref)}

  defp title({:qualified_name, name}, ""), do: name
  defp title({:object, ref}, ""), do: ref.type_name
  defp title({:object, ref}, method), do: "#{ref.type_name}.#{method}"

  defp check(function, args, opts) do
    cond do
      not is_list(args) ->
        invalid("#{function}: arguments must be a list, got: #{inspect(args, limit: 5)}")

      not Keyword.keyword?(opts) ->
        {:error,
         Options.invalid(
           "#{function}: options must be a keyword list, got: #{inspect(opts, limit: 5)}"
         )}

      true ->
        :ok
    end
  end

  @doc "Refuses what is no `__runtime__`, where nothing goes to Python."
  @spec check_options(String.t(), term()) :: :ok | {:error, Error.t()}
  def check_options(function, opts) do
    with :ok <- check(function, [], opts), do: known(function, Keyword.delete(opts, :__runtime__))
  end

  defp known(_function, []), do: :ok

  defp known(function, [{key, value} | _rest]) do
    hint = if Runtime.option?(key), do: ": [#{key}: #{inspect(value, limit: 5)}]", else: ""

    {:error, Options.invalid("#{function}: unknown option #{key}; known is __runtime__" <> hint)}
  end

  defp term(function, value) do
    with {:error, problem} <- Term.pack(value),
         do: invalid("#{function}: an argument cannot be sent: #{problem}")
  end

  defp invalid(message), do: {:error, Error.validation(message, "invalid_argument")}
end
