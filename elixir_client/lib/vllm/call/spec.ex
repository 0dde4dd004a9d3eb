defmodule Vllm.Call.Spec do
  @moduledoc false
  # What a generated function knows about itself: its RPC and the types of what goes in and out.
  #
  #   * `function`: name, for messages.
  #   * `path`: `/package.Service/Method`.
  #   * `params`: `{name, field number, type, :required | :optional}` in the order of the signature.
  #   * `result`: type of the result.
  #   * `inline`: answered beside the rank's executor.
  #   * `context_manager`: its result is one, and it takes a function to run inside.
  #   * `by_name`: its parameters have no places, all arguments are keywords.

  @enforce_keys [:function, :path, :params, :result]
  defstruct [
    :function,
    :path,
    :params,
    :result,
    inline: false,
    context_manager: false,
    by_name: false
  ]

  @type type ::
          :int
          | :bool
          | :float
          | :string
          | :bytes
          | :none
          | :tensor
          | :group
          | :object
          | :process_group
          | :duration
          | :dtype
          | :device
          | :term
          | {:object, module()}
          | {:list, type()}
          | {:tuple_of, type()}
          | {:nullable, type()}
          | {:tuple, [type()]}
  @type param ::
          {name :: atom(), number :: pos_integer(), type(), :required | :optional}
  @type t :: %__MODULE__{
          function: String.t(),
          path: String.t(),
          params: [param()],
          result: type(),
          inline: boolean(),
          context_manager: boolean(),
          by_name: boolean()
        }
end
