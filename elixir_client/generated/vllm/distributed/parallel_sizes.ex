# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.ParallelSizes do
  @moduledoc ~S"""
  How many ways each dimension of the model is split.

  `tensor * pipeline * data * prefill_context` ranks hold one replica. `decode_context` is no
  dimension of its own: it divides each tensor-parallel group.

  >>> ParallelSizes(tensor=2, pipeline=4).replica_size
  8
  """
  @new %Vllm.Call.Spec{
    function: "ParallelSizes.new",
    path: "/vllm.distributed.v1.ParallelSizes/New",
    params: [
      {:tensor, 1, :int, :optional},
      {:pipeline, 2, :int, :optional},
      {:data, 3, :int, :optional},
      {:prefill_context, 4, :int, :optional},
      {:decode_context, 5, :int, :optional}
    ],
    result: :object,
    inline: true
  }

  @doc ~S"""
  How many ways each dimension of the model is split.

  `tensor * pipeline * data * prefill_context` ranks hold one replica. `decode_context` is no
  dimension of its own: it divides each tensor-parallel group.

  >>> ParallelSizes(tensor=2, pipeline=4).replica_size
  8

  Python: `ParallelSizes.new(tensor=1, pipeline=1, data=1, prefill_context=1, decode_context=1)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new() :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer(), keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(tensor \\ :"$unset", pipeline \\ :"$unset", data \\ :"$unset", prefill_context \\ :"$unset", decode_context \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@new, [tensor, pipeline, data, prefill_context, decode_context, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: Vllm.Ref.t()
  @spec new!(integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), integer(), integer(), keyword()) :: Vllm.Ref.t()
  def new!(tensor \\ :"$unset", pipeline \\ :"$unset", data \\ :"$unset", prefill_context \\ :"$unset", decode_context \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(new(tensor, pipeline, data, prefill_context, decode_context, opts))
  end

  @replica_size %Vllm.Call.Spec{
    function: "ParallelSizes.replica_size",
    path: "/vllm.distributed.v1.ParallelSizes/ReplicaSize",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Ranks that hold one copy of the parallel layout: all dimensions but external DP.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec replica_size(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec replica_size(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def replica_size(receiver, opts \\ []) do
    Vllm.Call.run(@replica_size, [receiver, opts])
  end

  @doc "Like `replica_size`, but returns the value itself and raises `Vllm.Error`."
  @spec replica_size!(Vllm.Ref.t()) :: integer()
  @spec replica_size!(Vllm.Ref.t(), keyword()) :: integer()
  def replica_size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(replica_size(receiver, opts))
  end

  @as_dict %Vllm.Call.Spec{
    function: "ParallelSizes.as_dict",
    path: "/vllm.distributed.v1.ParallelSizes/AsDict",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Return the sizes by name, in the order of the fields.

  Python: `ParallelSizes.as_dict()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec as_dict(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec as_dict(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def as_dict(receiver, opts \\ []) do
    Vllm.Call.run(@as_dict, [receiver, opts])
  end

  @doc "Like `as_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec as_dict!(Vllm.Ref.t()) :: term()
  @spec as_dict!(Vllm.Ref.t(), keyword()) :: term()
  def as_dict!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(as_dict(receiver, opts))
  end

  @describe %Vllm.Call.Spec{
    function: "ParallelSizes.describe",
    path: "/vllm.distributed.v1.ParallelSizes/Describe",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :string,
    inline: true
  }

  @doc ~S"""
  Return the sizes as words for a message.

  >>> ParallelSizes(tensor=2).describe()
  'tensor=2, pipeline=1, data=1, prefill_context=1, decode_context=1'

  Python: `ParallelSizes.describe()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec describe(Vllm.Ref.t()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  @spec describe(Vllm.Ref.t(), keyword()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  def describe(receiver, opts \\ []) do
    Vllm.Call.run(@describe, [receiver, opts])
  end

  @doc "Like `describe`, but returns the value itself and raises `Vllm.Error`."
  @spec describe!(Vllm.Ref.t()) :: String.t()
  @spec describe!(Vllm.Ref.t(), keyword()) :: String.t()
  def describe!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(describe(receiver, opts))
  end
end
