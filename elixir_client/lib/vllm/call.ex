defmodule Vllm.Call do
  @moduledoc false
  # Runs a generated function: sorts its arguments, encodes them, sends them to the session's rank and
  # decodes the answer. Everything but the wire happens in the calling process.
  #
  # Arguments are positional or keywords, as in Python. The last argument may be a keyword list, with
  # Python keyword arguments and `__runtime__: [...]` (see `Vllm.Runtime`). An empty list in the place
  # of a parameter that takes lists is that parameter's value.

  alias Vllm.Call.{Arguments, Context, Dispatch, OwnedRefs, Spec, Value}
  alias Vllm.{Error, Ref, Runtime}

  @typedoc """
  An argument of a whole head: a value, `:__default__` where none was given, or the keywords, which
  may stand in the place of any.
  """
  @type arg(value) :: value | keyword() | :__default__

  @typedoc "A tensor argument: by value, one that its rank keeps, or one of Nx."
  @type tensor :: Vllm.Tensor.t() | Vllm.Ref.t() | struct()

  @typedoc "An object that a rank keeps: its ref, or a struct that has one."
  @type object :: Vllm.Ref.t() | struct()

  @doc "Stands for an argument that was not given; the default of optional ones."
  @spec unset() :: atom()
  defdelegate unset, to: Arguments

  @spec run(Spec.t(), [term()]) :: {:ok, term()} | {:error, Error.t()}
  def run(%Spec{context_manager: true} = spec, args) do
    {fun, args} = Arguments.split_function(args)

    with {:ok, values, runtime} <- bind(spec, args),
         {:ok, runtime} <- Runtime.validate(runtime),
         {:ok, made} <- call(spec, values, runtime) do
      if fun, do: Context.run(made, fun, runtime, release: true), else: {:ok, made}
    end
  end

  def run(%Spec{} = spec, args) do
    with {:ok, values, runtime} <- bind(spec, Enum.map(args, &Ref.named_or/1)),
         {:ok, runtime} <- Runtime.validate(runtime),
         do: call(spec, values, runtime)
  end

  defp call(spec, values, runtime) do
    with {:ok, request} <- encode(spec, values),
         session = Value.session_in(values),
         {:ok, response} <-
           Dispatch.request(spec.function, spec.path, request, runtime, session),
         do: spec |> decode(response) |> OwnedRefs.owned(runtime)
  end

  defp bind(spec, args) do
    with {:error, message} <- Arguments.bind(spec, args),
         do: {:error, Error.validation(message, "invalid_argument")}
  end

  defp encode(spec, values) do
    with {:error, message} <- Value.encode(spec, values),
         do: {:error, Error.validation(message, "invalid_argument")}
  end

  defp decode(spec, response) do
    with {:error, problem} <- Value.decode(spec.result, response),
         do: {:error, malformed(spec.function, problem)}
  end

  @spec malformed(String.t(), term()) :: Error.t()
  def malformed(function, problem) do
    problem = if is_binary(problem), do: problem, else: inspect(problem)

    %Error{
      category: :grpc_error,
      reason: "malformed_response",
      message:
        "the answer to #{function} is unreadable: #{problem}. Use the same version of vllm_bridge " <>
          "and of this client"
    }
  end
end
