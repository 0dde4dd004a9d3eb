# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.Handle do
  @moduledoc ~S"""
  An operation under way.

  What it reads from or writes to stays alive until it is done, also if the handle is dropped;
  it must not be changed, or read, before.
  """
  @is_completed %Vllm.Call.Spec{
    function: "Handle.is_completed",
    path: "/vllm.distributed.v1.Handle/IsCompleted",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: false
  }

  @doc ~S"""
  Return whether the operation is done, well or not. Does not block.

  Python: `Handle.is_completed()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_completed(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_completed(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_completed(receiver, opts \\ []) do
    Vllm.Call.run(@is_completed, [receiver, opts])
  end

  @doc "Like `is_completed`, but returns the value itself and raises `Vllm.Error`."
  @spec is_completed!(Vllm.Ref.t()) :: boolean()
  @spec is_completed!(Vllm.Ref.t(), keyword()) :: boolean()
  def is_completed!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_completed(receiver, opts))
  end

  @wait %Vllm.Call.Spec{
    function: "Handle.wait",
    path: "/vllm.distributed.v1.Handle/Wait",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Return when the operation is done; for work on a device, when the current stream has
  been made to wait for it.

  Raises `CollectiveError` if the operation failed, or `CollectiveTimeoutError` if the peer
  did not take part within the group's timeout; a second call raises it again.

  Python: `Handle.wait()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec wait(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec wait(Vllm.Ref.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def wait(receiver, opts \\ []) do
    Vllm.Call.run(@wait, [receiver, opts])
  end

  @doc "Like `wait`, but returns the value itself and raises `Vllm.Error`."
  @spec wait!(Vllm.Ref.t()) :: nil
  @spec wait!(Vllm.Ref.t(), keyword()) :: nil
  def wait!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(wait(receiver, opts))
  end
end
