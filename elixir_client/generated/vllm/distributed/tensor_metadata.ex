# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.TensorMetadata do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  What a receiver must know to allocate a tensor: device type, dtype and shape.

  Plain data: the struct travels with its values, and any session can use it. In an argument,
  fields that are `nil` get their default.

  ## Fields

    * `device`
    * `dtype`
    * `size`
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref
  alias Vllm.Tensor

  defstruct [:device, :dtype, :size]

  @type t :: %__MODULE__{
          device: String.t() | nil,
          dtype: String.t() | nil,
          size: [non_neg_integer()] | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.TensorMetadataObject,
     [
       {:device, :string, :given},
       {:dtype, :dtype, :given},
       {:size, {:list, :int}, :given}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "TensorMetadata.new",
    path: "/vllm.distributed.v1.TensorMetadata/New",
    params: [
      {:device, 1, :string, :required},
      {:dtype, 2, :dtype, :required},
      {:size, 3, {:list, :int}, :required}
    ],
    result: {:object, Vllm.Distributed.TensorMetadata},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.TensorMetadata`, checked by a rank; the module says more. What a
  receiver must know to allocate a tensor: device type, dtype and shape.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `device` (`String.t() | atom()`) - a device such as `cpu` or `cuda:0`
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `size` (`[non_neg_integer()]`) - shape, a list of extents

  ## Example

      iex> Vllm.Distributed.TensorMetadata.new("cpu", :f32, [2, 3])
      {:ok, %Vllm.Distributed.TensorMetadata{device: "cpu", dtype: "f32", size: [2, 3]}}
  """
  @spec new(keyword()) :: {:ok, t()} | {:error, Error.t()}
  @spec new(String.t() | atom(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    String.t() | atom(),
    Tensor.dtype() | String.t(),
    [non_neg_integer()] | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg(String.t() | atom()),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg([non_neg_integer()]),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(device, dtype \\ :__default__, size \\ :__default__, opts \\ []) do
    Vllm.Call.run(@new, [device, dtype, size, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!(String.t() | atom(), keyword()) :: t()
  @spec new!(
    String.t() | atom(),
    Tensor.dtype() | String.t(),
    [non_neg_integer()] | keyword()
  ) ::
          t()
  @spec new!(
    Call.arg(String.t() | atom()),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg([non_neg_integer()]),
    keyword()
  ) ::
          t()
  def new!(device, dtype \\ :__default__, size \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(new(device, dtype, size, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [new: @new]
  end
end
