# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.Handle do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  An operation under way.

  What it reads from or writes to stays alive until it is done, also if the handle is dropped; it
  must not be changed, or read, before.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.
  """

  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:ref]

  @type t :: %__MODULE__{
          ref: Ref.t()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.HandleObject,
     []}
  end

  @is_completed %Vllm.Call.Spec{
    function: "Handle.is_completed",
    path: "/vllm.distributed.v1.Handle/IsCompleted",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Handle}, :required}
    ],
    result: :bool,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return whether the operation is done, well or not. Does not block.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Handle.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.Handle.is_completed(handle)
  """
  @spec is_completed(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_completed(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_completed(receiver, opts \\ []) do
    Vllm.Call.run(@is_completed, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `is_completed`, but returns the value itself and raises `Vllm.Error`."
  @spec is_completed!(input()) :: boolean()
  @spec is_completed!(input(), keyword()) :: boolean()
  def is_completed!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_completed(receiver, opts))
  end

  @wait %Vllm.Call.Spec{
    function: "Handle.wait",
    path: "/vllm.distributed.v1.Handle/Wait",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Handle}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return when the operation is done; for work on a device, when the current stream has been made
  to wait for it.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Handle.input()`) - the object, whose session runs it

  ## Errors

    * `"collective_failed"` - if the operation failed
    * `"collective_timeout"` - if the peer did not take part within the group's timeout; a second
      call raises it again

  ## Example

      {:ok, nil} = Vllm.Distributed.Handle.wait(handle)
  """
  @spec wait(input()) :: {:ok, nil} | {:error, Error.t()}
  @spec wait(input(), keyword()) :: {:ok, nil} | {:error, Error.t()}
  def wait(receiver, opts \\ []) do
    Vllm.Call.run(@wait, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `wait`, but returns the value itself and raises `Vllm.Error`."
  @spec wait!(input()) :: nil
  @spec wait!(input(), keyword()) :: nil
  def wait!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(wait(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [is_completed: @is_completed, wait: @wait]
  end
end
