# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Config.FaultToleranceConfig do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  What an engine does about a fault.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `engine_recovery_timeout_sec` - How many seconds an engine that failed waits to be told what
      to do, before it raises the error
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:ref, :engine_recovery_timeout_sec]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          engine_recovery_timeout_sec: integer()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.FaultToleranceConfigObject,
     [
       {:engine_recovery_timeout_sec, :int, :given}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "FaultToleranceConfig.new",
    path: "/vllm.distributed.v1.FaultToleranceConfig/New",
    params: [
      {:engine_recovery_timeout_sec, 1, :int, :optional}
    ],
    result: {:object, Vllm.Config.FaultToleranceConfig},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Config.FaultToleranceConfig`, in a rank, which checks it; the module says more.
  What an engine does about a fault.

  ## Parameters

    * `engine_recovery_timeout_sec` (`integer()`, default `120`) - How many seconds an engine that
      failed waits to be told what to do, before it raises the error

  ## Errors

    * `"invalid_argument"` - naming field, value and rule, for a value out of range or an unknown
      field

  ## Example

      {:ok, %Vllm.Config.FaultToleranceConfig{}} = Vllm.Config.FaultToleranceConfig.new()
  """
  @spec new() :: {:ok, t()} | {:error, Error.t()}
  @spec new(integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(Call.arg(integer()), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def new(engine_recovery_timeout_sec \\ :__default__, opts \\ []) do
    Vllm.Call.run(@new, [engine_recovery_timeout_sec, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: t()
  @spec new!(integer() | keyword()) :: t()
  @spec new!(Call.arg(integer()), keyword()) :: t()
  def new!(engine_recovery_timeout_sec \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(new(engine_recovery_timeout_sec, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [new: @new]
  end
end
