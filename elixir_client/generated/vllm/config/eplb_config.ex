# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Config.EPLBConfig do
  @moduledoc ~S"""
  How the load of experts is balanced: what is measured, how often experts move, and by what.

  Raises pydantic's `ValidationError`, a `ValueError`, naming field, value and rule for a value
  out of range or an unknown field, when constructed and on assignment.
  """
  @new %Vllm.Call.Spec{
    function: "EPLBConfig.new",
    path: "/vllm.distributed.v1.EPLBConfig/New",
    params: [
      {:window_size, 1, :int, :optional},
      {:step_interval, 2, :int, :optional},
      {:num_redundant_experts, 3, :int, :optional},
      {:log_balancedness, 4, :bool, :optional},
      {:log_balancedness_interval, 5, :int, :optional},
      {:use_async, 6, :bool, :optional},
      {:policy, 7, :string, :optional},
      {:communicator, 8, {:nullable, :string}, :optional}
    ],
    result: :object,
    inline: false
  }

  @doc ~S"""
  How the load of experts is balanced: what is measured, how often experts move, and by what.

  Raises pydantic's `ValidationError`, a `ValueError`, naming field, value and rule for a value
  out of range or an unknown field, when constructed and on assignment.

  Python: `EPLBConfig.new(window_size=1000, step_interval=3000, num_redundant_experts=0, log_balancedness=False, log_balancedness_interval=1, use_async=True, policy='default', communicator=None)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new() :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean(), integer(), boolean() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t(), String.t() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t(), String.t() | nil, keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(window_size \\ :"$unset", step_interval \\ :"$unset", num_redundant_experts \\ :"$unset", log_balancedness \\ :"$unset", log_balancedness_interval \\ :"$unset", use_async \\ :"$unset", policy \\ :"$unset", communicator \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@new, [window_size, step_interval, num_redundant_experts, log_balancedness, log_balancedness_interval, use_async, policy, communicator, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: Vllm.Ref.t()
  @spec new!(integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean(), integer(), boolean() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t(), String.t() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), integer(), boolean(), integer(), boolean(), String.t(), String.t() | nil, keyword()) :: Vllm.Ref.t()
  def new!(window_size \\ :"$unset", step_interval \\ :"$unset", num_redundant_experts \\ :"$unset", log_balancedness \\ :"$unset", log_balancedness_interval \\ :"$unset", use_async \\ :"$unset", policy \\ :"$unset", communicator \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(new(window_size, step_interval, num_redundant_experts, log_balancedness, log_balancedness_interval, use_async, policy, communicator, opts))
  end

  @communicator_in_use %Vllm.Call.Spec{
    function: "EPLBConfig.communicator_in_use",
    path: "/vllm.distributed.v1.EPLBConfig/CommunicatorInUse",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :string,
    inline: true
  }

  @doc ~S"""
  What moves the weights: `communicator`, or where it is None `torch_gloo` if `use_async`
  (the device group is busy with the model then), else `torch_nccl`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec communicator_in_use(Vllm.Ref.t()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  @spec communicator_in_use(Vllm.Ref.t(), keyword()) :: {:ok, String.t()} | {:error, Vllm.Error.t()}
  def communicator_in_use(receiver, opts \\ []) do
    Vllm.Call.run(@communicator_in_use, [receiver, opts])
  end

  @doc "Like `communicator_in_use`, but returns the value itself and raises `Vllm.Error`."
  @spec communicator_in_use!(Vllm.Ref.t()) :: String.t()
  @spec communicator_in_use!(Vllm.Ref.t(), keyword()) :: String.t()
  def communicator_in_use!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(communicator_in_use(receiver, opts))
  end
end
