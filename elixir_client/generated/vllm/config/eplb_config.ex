# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Config.EPLBConfig do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  How the load of experts is balanced: what is measured, how often experts move, and by what.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `window_size` - Over how many of the latest steps the load of an expert is counted
    * `step_interval` - After how many steps experts are placed again. Where it is greater than
      `window_size`, the steps before the window do not count
    * `num_redundant_experts` - How many copies of experts there are beyond one of each
    * `log_balancedness` - Whether to log how balanced the load is. Off by default: it takes
      communication
    * `log_balancedness_interval` - After how many steps balancedness is logged again
    * `use_async` - Whether experts move while the model runs
    * `policy` - What decides where experts go
    * `communicator` - What moves the weights: `torch_nccl` the device group, `torch_gloo` gloo by
      way of CPU memory, `torch_xccl` the device group of XPUs, `nixl`, `pynccl`. With `use_async`
      not `torch_nccl` nor `pynccl`, as the model uses NCCL at the same time. `nil`: see
      `communicator_in_use`
    * `enable_migration_batching` - Whether experts move in rounds in which each rank has one
      partner at most. With `use_async` only
    * `communicator_in_use` (derived) - What moves the weights: `communicator`, or where it is
      `nil` `torch_gloo` if `use_async` (the device group is busy with the model then), else
      `torch_nccl`
    * `migration_batching_enabled` (derived) - Whether experts move in rounds:
      `enable_migration_batching`, and `use_async`
  """

  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [
    :ref,
    :window_size,
    :step_interval,
    :num_redundant_experts,
    :log_balancedness,
    :log_balancedness_interval,
    :use_async,
    :policy,
    :communicator,
    :enable_migration_batching,
    :communicator_in_use,
    :migration_batching_enabled
  ]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          window_size: integer(),
          step_interval: integer(),
          num_redundant_experts: integer(),
          log_balancedness: boolean(),
          log_balancedness_interval: integer(),
          use_async: boolean(),
          policy: String.t(),
          communicator: String.t() | nil,
          enable_migration_batching: boolean(),
          communicator_in_use: String.t() | nil,
          migration_batching_enabled: boolean() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.EPLBConfigObject,
     [
       {:window_size, :int, :given},
       {:step_interval, :int, :given},
       {:num_redundant_experts, :int, :given},
       {:log_balancedness, :bool, :given},
       {:log_balancedness_interval, :int, :given},
       {:use_async, :bool, :given},
       {:policy, :string, :given},
       {:communicator, {:nullable, :string}, :given},
       {:enable_migration_batching, :bool, :given},
       {:communicator_in_use, :string, :shown},
       {:migration_batching_enabled, :bool, :shown}
     ]}
  end

  @type option ::
          {:window_size, integer()}
          | {:step_interval, integer()}
          | {:num_redundant_experts, integer()}
          | {:log_balancedness, boolean()}
          | {:log_balancedness_interval, integer()}
          | {:use_async, boolean()}
          | {:policy, String.t() | atom()}
          | {:communicator, String.t() | atom() | nil}
          | {:enable_migration_batching, boolean()}
          | {:__runtime__, keyword()}

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
      {:communicator, 8, {:nullable, :string}, :optional},
      {:enable_migration_batching, 9, :bool, :optional}
    ],
    result: {:object, Vllm.Config.EPLBConfig},
    inline: false,
    by_name: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Config.EPLBConfig`, in a rank, which checks it; the module says more. How the load
  of experts is balanced: what is measured, how often experts move, and by what.

  ## Parameters

    * `window_size` (`integer()`, default `1000`) - Over how many of the latest steps the load of
      an expert is counted
    * `step_interval` (`integer()`, default `3000`) - After how many steps experts are placed
      again. Where it is greater than `window_size`, the steps before the window do not count
    * `num_redundant_experts` (`integer()`, default `0`) - How many copies of experts there are
      beyond one of each
    * `log_balancedness` (`boolean()`, default `false`) - Whether to log how balanced the load is.
      Off by default: it takes communication
    * `log_balancedness_interval` (`integer()`, default `1`) - After how many steps balancedness
      is logged again
    * `use_async` (`boolean()`, default `true`) - Whether experts move while the model runs
    * `policy` (`String.t() | atom()`, default `"default"`) - What decides where experts go
    * `communicator` (`String.t() | atom()`, default `nil`) - What moves the weights: `torch_nccl`
      the device group, `torch_gloo` gloo by way of CPU memory, `torch_xccl` the device group of
      XPUs, `nixl`, `pynccl`. With `use_async` not `torch_nccl` nor `pynccl`, as the model uses
      NCCL at the same time. `nil`: see `communicator_in_use`
    * `enable_migration_batching` (`boolean()`, default `false`) - Whether experts move in rounds
      in which each rank has one partner at most. With `use_async` only

  ## Errors

    * `"invalid_argument"` - naming field, value and rule, for a value out of range or an unknown
      field

  ## Example

      iex> Vllm.Config.EPLBConfig.new!(window_size: 500).window_size
      500
  """
  @spec new() :: {:ok, t()} | {:error, Error.t()}
  @spec new([option()]) :: {:ok, t()} | {:error, Error.t()}
  def new(opts \\ []) do
    Vllm.Call.run(@new, [opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!() :: t()
  @spec new!([option()]) :: t()
  def new!(opts \\ []) do
    Vllm.Error.unwrap!(new(opts))
  end

  @communicator_in_use %Vllm.Call.Spec{
    function: "EPLBConfig.communicator_in_use",
    path: "/vllm.distributed.v1.EPLBConfig/CommunicatorInUse",
    params: [
      {:receiver, 1, {:object, Vllm.Config.EPLBConfig}, :required}
    ],
    result: :string,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  What moves the weights: `communicator`, or where it is `nil` `torch_gloo` if `use_async` (the
  device group is busy with the model then), else `torch_nccl`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.EPLBConfig.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Config.EPLBConfig.new!(use_async: false) |> Vllm.Config.EPLBConfig.communicator_in_use()
      {:ok, "torch_nccl"}
  """
  @spec communicator_in_use(input()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec communicator_in_use(input(), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def communicator_in_use(receiver, opts \\ []) do
    Vllm.Call.run(@communicator_in_use, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `communicator_in_use`, but returns the value itself and raises `Vllm.Error`."
  @spec communicator_in_use!(input()) :: String.t()
  @spec communicator_in_use!(input(), keyword()) :: String.t()
  def communicator_in_use!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(communicator_in_use(receiver, opts))
  end

  @migration_batching_enabled %Vllm.Call.Spec{
    function: "EPLBConfig.migration_batching_enabled",
    path: "/vllm.distributed.v1.EPLBConfig/MigrationBatchingEnabled",
    params: [
      {:receiver, 1, {:object, Vllm.Config.EPLBConfig}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether experts move in rounds: `enable_migration_batching`, and `use_async`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Config.EPLBConfig.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Config.EPLBConfig.migration_batching_enabled(config)
  """
  @spec migration_batching_enabled(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec migration_batching_enabled(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def migration_batching_enabled(receiver, opts \\ []) do
    Vllm.Call.run(@migration_batching_enabled, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `migration_batching_enabled`, but returns the value itself and raises `Vllm.Error`."
  @spec migration_batching_enabled!(input()) :: boolean()
  @spec migration_batching_enabled!(input(), keyword()) :: boolean()
  def migration_batching_enabled!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(migration_batching_enabled(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      communicator_in_use: @communicator_in_use,
      migration_batching_enabled: @migration_batching_enabled
    ]
  end
end
