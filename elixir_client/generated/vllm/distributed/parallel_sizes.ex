# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.ParallelSizes do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  How many ways each dimension of the model is split.

  `tensor * pipeline * data * prefill_context` ranks hold one replica. `decode_context` is no
  dimension of its own: it divides each tensor-parallel group.

  Plain data: the struct travels with its values, and any session can use it. In an argument,
  fields that are `nil` get their default.

  ## Fields

    * `tensor`
    * `pipeline`
    * `data`
    * `prefill_context`
    * `decode_context`
    * `replica_size` (derived) - Ranks that hold one copy of the parallel layout: all dimensions
      but external DP
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:tensor, :pipeline, :data, :prefill_context, :decode_context, :replica_size]

  @type t :: %__MODULE__{
          tensor: integer() | nil,
          pipeline: integer() | nil,
          data: integer() | nil,
          prefill_context: integer() | nil,
          decode_context: integer() | nil,
          replica_size: integer() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.ParallelSizesObject,
     [
       {:tensor, :int, :given},
       {:pipeline, :int, :given},
       {:data, :int, :given},
       {:prefill_context, :int, :given},
       {:decode_context, :int, :given},
       {:replica_size, :int, :shown}
     ]}
  end

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
    result: {:object, Vllm.Distributed.ParallelSizes},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.ParallelSizes`, checked by a rank; the module says more. How many ways
  each dimension of the model is split.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `tensor` (`integer()`, default `1`) - ways of tensor parallelism
    * `pipeline` (`integer()`, default `1`) - pipeline stages
    * `data` (`integer()`, default `1`) - ways of data parallelism
    * `prefill_context` (`integer()`, default `1`) - ways of prefill context parallelism
    * `decode_context` (`integer()`, default `1`) - parts that each tensor parallel group is split
      into for decoding

  ## Example

      iex> Vllm.Distributed.ParallelSizes.new!(tensor: 2, pipeline: 4).replica_size
      8
  """
  @spec new() :: {:ok, t()} | {:error, Error.t()}
  @spec new(integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(
    tensor \\ :__default__,
    pipeline \\ :__default__,
    data \\ :__default__,
    prefill_context \\ :__default__,
    decode_context \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@new, [tensor, pipeline, data, prefill_context, decode_context, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: t()
  @spec new!(integer() | keyword()) :: t()
  @spec new!(integer(), integer() | keyword()) :: t()
  @spec new!(integer(), integer(), integer() | keyword()) :: t()
  @spec new!(integer(), integer(), integer(), integer() | keyword()) ::
          t()
  @spec new!(integer(), integer(), integer(), integer(), integer() | keyword()) ::
          t()
  @spec new!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    keyword()
  ) ::
          t()
  def new!(
    tensor \\ :__default__,
    pipeline \\ :__default__,
    data \\ :__default__,
    prefill_context \\ :__default__,
    decode_context \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(new(tensor, pipeline, data, prefill_context, decode_context, opts))
  end

  @replica_size %Vllm.Call.Spec{
    function: "ParallelSizes.replica_size",
    path: "/vllm.distributed.v1.ParallelSizes/ReplicaSize",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.ParallelSizes}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Ranks that hold one copy of the parallel layout: all dimensions but external DP.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.ParallelSizes.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.ParallelSizes.new!(2, 4) |> Vllm.Distributed.ParallelSizes.replica_size()
      {:ok, 8}
  """
  @spec replica_size(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec replica_size(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def replica_size(receiver, opts \\ []) do
    Vllm.Call.run(@replica_size, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `replica_size`, but returns the value itself and raises `Vllm.Error`."
  @spec replica_size!(input()) :: integer()
  @spec replica_size!(input(), keyword()) :: integer()
  def replica_size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(replica_size(receiver, opts))
  end

  @as_dict %Vllm.Call.Spec{
    function: "ParallelSizes.as_dict",
    path: "/vllm.distributed.v1.ParallelSizes/AsDict",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.ParallelSizes}, :required}
    ],
    result: :term,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the sizes by name, in the order of the fields.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.ParallelSizes.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.ParallelSizes.new!(2) |> Vllm.Distributed.ParallelSizes.as_dict!() |> Map.fetch!("tensor")
      2
  """
  @spec as_dict(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec as_dict(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def as_dict(receiver, opts \\ []) do
    Vllm.Call.run(@as_dict, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `as_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec as_dict!(input()) :: term()
  @spec as_dict!(input(), keyword()) :: term()
  def as_dict!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(as_dict(receiver, opts))
  end

  @describe %Vllm.Call.Spec{
    function: "ParallelSizes.describe",
    path: "/vllm.distributed.v1.ParallelSizes/Describe",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.ParallelSizes}, :required}
    ],
    result: :string,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the sizes as words for a message.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.ParallelSizes.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.ParallelSizes.new!(2) |> Vllm.Distributed.ParallelSizes.describe()
      {:ok, "tensor=2, pipeline=1, data=1, prefill_context=1, decode_context=1"}
  """
  @spec describe(input()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec describe(input(), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def describe(receiver, opts \\ []) do
    Vllm.Call.run(@describe, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `describe`, but returns the value itself and raises `Vllm.Error`."
  @spec describe!(input()) :: String.t()
  @spec describe!(input(), keyword()) :: String.t()
  def describe!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(describe(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [new: @new, replica_size: @replica_size, as_dict: @as_dict, describe: @describe]
  end
end
