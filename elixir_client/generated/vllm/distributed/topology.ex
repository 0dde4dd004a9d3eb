# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.Topology do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  A world laid out by `sizes`. Every method returns a partition of `range(world_size)`.

  The groups of a partition are in ascending order of their first rank, and the ranks of a group
  ascend, so that a rank's place in its group is its coordinate along the group's dimensions.

  Plain data: the struct travels with its values, and any session can use it. In an argument,
  fields that are `nil` get their default.

  ## Fields

    * `world_size`
    * `sizes`
    * `external_data` (derived) - Replicas in the world beyond the data-parallel size
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Distributed.ParallelSizes
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:world_size, :sizes, :external_data]

  @type t :: %__MODULE__{
          world_size: integer() | nil,
          sizes: ParallelSizes.t() | nil,
          external_data: integer() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object, or the fields to make one of."
  @type input :: t() | Ref.t() | keyword() | map()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.TopologyObject,
     [
       {:world_size, :int, :given},
       {:sizes, {:object, Vllm.Distributed.ParallelSizes}, :given},
       {:external_data, :int, :shown}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "Topology.new",
    path: "/vllm.distributed.v1.Topology/New",
    params: [
      {:world_size, 1, :int, :required},
      {:sizes, 2, {:object, Vllm.Distributed.ParallelSizes}, :required}
    ],
    result: {:object, Vllm.Distributed.Topology},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.Topology`, checked by a rank; the module says more. A world laid out
  by `sizes`. Every method returns a partition of `range(world_size)`.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `world_size` (`integer()`) - number of ranks
    * `sizes` (`Vllm.Distributed.ParallelSizes.input()`) - `ParallelSizes`, or a map of its fields

  ## Example

      iex> Vllm.Distributed.Topology.new!(8, sizes: [tensor: 2, pipeline: 2]).external_data
      2
  """
  @spec new(keyword()) :: {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), ParallelSizes.input() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg(integer()),
    Call.arg(ParallelSizes.input()),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(world_size, sizes \\ :__default__, opts \\ []) do
    Vllm.Call.run(@new, [world_size, sizes, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!(integer(), ParallelSizes.input() | keyword()) ::
          t()
  @spec new!(
    Call.arg(integer()),
    Call.arg(ParallelSizes.input()),
    keyword()
  ) ::
          t()
  def new!(world_size, sizes \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(new(world_size, sizes, opts))
  end

  @external_data %Vllm.Call.Spec{
    function: "Topology.external_data",
    path: "/vllm.distributed.v1.Topology/ExternalData",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replicas in the world beyond the data-parallel size.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(8, %{tensor: 4}) |> Vllm.Distributed.Topology.external_data()
      {:ok, 2}
  """
  @spec external_data(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec external_data(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def external_data(receiver, opts \\ []) do
    Vllm.Call.run(@external_data, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `external_data`, but returns the value itself and raises `Vllm.Error`."
  @spec external_data!(input()) :: integer()
  @spec external_data!(input(), keyword()) :: integer()
  def external_data!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(external_data(receiver, opts))
  end

  @tensor_groups %Vllm.Call.Spec{
    function: "Topology.tensor_groups",
    path: "/vllm.distributed.v1.Topology/TensorGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups whose ranks hold shards of the same layers.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 2, data: 2}) |> Vllm.Distributed.Topology.tensor_groups()
      {:ok, {{0, 1}, {2, 3}}}
  """
  @spec tensor_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec tensor_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def tensor_groups(receiver, opts \\ []) do
    Vllm.Call.run(@tensor_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `tensor_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_groups!(input()) :: tuple()
  @spec tensor_groups!(input(), keyword()) :: tuple()
  def tensor_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(tensor_groups(receiver, opts))
  end

  @decode_context_groups %Vllm.Call.Spec{
    function: "Topology.decode_context_groups",
    path: "/vllm.distributed.v1.Topology/DecodeContextGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Neighbouring parts of each tensor-parallel group.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 4, decode_context: 2}) |> Vllm.Distributed.Topology.decode_context_groups()
      {:ok, {{0, 1}, {2, 3}}}
  """
  @spec decode_context_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec decode_context_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def decode_context_groups(receiver, opts \\ []) do
    Vllm.Call.run(@decode_context_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `decode_context_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec decode_context_groups!(input()) :: tuple()
  @spec decode_context_groups!(input(), keyword()) :: tuple()
  def decode_context_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(decode_context_groups(receiver, opts))
  end

  @prefill_context_groups %Vllm.Call.Spec{
    function: "Topology.prefill_context_groups",
    path: "/vllm.distributed.v1.Topology/PrefillContextGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups whose ranks share out the tokens of one prefill.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 2, prefill_context: 2}) |> Vllm.Distributed.Topology.prefill_context_groups()
      {:ok, {{0, 2}, {1, 3}}}
  """
  @spec prefill_context_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec prefill_context_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def prefill_context_groups(receiver, opts \\ []) do
    Vllm.Call.run(@prefill_context_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `prefill_context_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec prefill_context_groups!(input()) :: tuple()
  @spec prefill_context_groups!(input(), keyword()) :: tuple()
  def prefill_context_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(prefill_context_groups(receiver, opts))
  end

  @pipeline_groups %Vllm.Call.Spec{
    function: "Topology.pipeline_groups",
    path: "/vllm.distributed.v1.Topology/PipelineGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups whose ranks hold consecutive stages.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 2, pipeline: 2}) |> Vllm.Distributed.Topology.pipeline_groups()
      {:ok, {{0, 2}, {1, 3}}}
  """
  @spec pipeline_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec pipeline_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def pipeline_groups(receiver, opts \\ []) do
    Vllm.Call.run(@pipeline_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `pipeline_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec pipeline_groups!(input()) :: tuple()
  @spec pipeline_groups!(input(), keyword()) :: tuple()
  def pipeline_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(pipeline_groups(receiver, opts))
  end

  @data_groups %Vllm.Call.Spec{
    function: "Topology.data_groups",
    path: "/vllm.distributed.v1.Topology/DataGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups whose ranks hold the same shard of different data-parallel replicas.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 2, data: 2}) |> Vllm.Distributed.Topology.data_groups()
      {:ok, {{0, 2}, {1, 3}}}
  """
  @spec data_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec data_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def data_groups(receiver, opts \\ []) do
    Vllm.Call.run(@data_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `data_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec data_groups!(input()) :: tuple()
  @spec data_groups!(input(), keyword()) :: tuple()
  def data_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(data_groups(receiver, opts))
  end

  @expert_groups %Vllm.Call.Spec{
    function: "Topology.expert_groups",
    path: "/vllm.distributed.v1.Topology/ExpertGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups over which experts are spread: data x prefill context x tensor of one stage.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it

  ## Example

      iex> Vllm.Distributed.Topology.new!(4, %{tensor: 2, data: 2}) |> Vllm.Distributed.Topology.expert_groups()
      {:ok, {{0, 1, 2, 3}}}
  """
  @spec expert_groups(input()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec expert_groups(input(), keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  def expert_groups(receiver, opts \\ []) do
    Vllm.Call.run(@expert_groups, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `expert_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec expert_groups!(input()) :: tuple()
  @spec expert_groups!(input(), keyword()) :: tuple()
  def expert_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(expert_groups(receiver, opts))
  end

  @engram_tensor_groups %Vllm.Call.Spec{
    function: "Topology.engram_tensor_groups",
    path: "/vllm.distributed.v1.Topology/EngramTensorGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required},
      {:size, 2, :int, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups of `size` ranks that shard one embedding table: neighbours along tensor, then data.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it
    * `size` (`integer()`) - shape, a list of extents

  ## Errors

    * `"invalid_parallel_size"` - unless `size` divides tensor x data parallel size

  ## Example

      {:ok, value} = Vllm.Distributed.Topology.engram_tensor_groups(topology, [2, 3])
  """
  @spec engram_tensor_groups(input(), integer() | keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec engram_tensor_groups(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, tuple()} | {:error, Error.t()}
  def engram_tensor_groups(receiver, size, opts \\ []) do
    Vllm.Call.run(@engram_tensor_groups, [receiver, size, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `engram_tensor_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec engram_tensor_groups!(input(), integer() | keyword()) :: tuple()
  @spec engram_tensor_groups!(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          tuple()
  def engram_tensor_groups!(receiver, size, opts \\ []) do
    Vllm.Error.unwrap!(engram_tensor_groups(receiver, size, opts))
  end

  @engram_data_groups %Vllm.Call.Spec{
    function: "Topology.engram_data_groups",
    path: "/vllm.distributed.v1.Topology/EngramDataGroups",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required},
      {:size, 2, :int, :required}
    ],
    result: {:tuple_of, {:tuple_of, :int}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Groups of `size` data parallel replicas that share one embedding table.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it
    * `size` (`integer()`) - shape, a list of extents

  ## Errors

    * `"invalid_parallel_size"` - unless `size` divides the data parallel size

  ## Example

      {:ok, value} = Vllm.Distributed.Topology.engram_data_groups(topology, [2, 3])
  """
  @spec engram_data_groups(input(), integer() | keyword()) ::
          {:ok, tuple()} | {:error, Error.t()}
  @spec engram_data_groups(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, tuple()} | {:error, Error.t()}
  def engram_data_groups(receiver, size, opts \\ []) do
    Vllm.Call.run(@engram_data_groups, [receiver, size, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `engram_data_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec engram_data_groups!(input(), integer() | keyword()) :: tuple()
  @spec engram_data_groups!(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          tuple()
  def engram_data_groups!(receiver, size, opts \\ []) do
    Vllm.Error.unwrap!(engram_data_groups(receiver, size, opts))
  end

  @coordinates %Vllm.Call.Spec{
    function: "Topology.coordinates",
    path: "/vllm.distributed.v1.Topology/Coordinates",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.Topology}, :required},
      {:rank, 2, :int, :required}
    ],
    result: {:tuple, [:int, :int, :int, :int, :int]},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a rank's place as (external, data, pipeline, prefill_context, tensor).

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.Topology.input()`) - the object, whose session runs it
    * `rank` (`integer()`) - a global rank

  ## Example

      iex> Vllm.Distributed.Topology.new!(8, %{tensor: 2, pipeline: 4}) |> Vllm.Distributed.Topology.coordinates(5)
      {:ok, {0, 0, 2, 0, 1}}
  """
  @spec coordinates(input(), integer() | keyword()) ::
          {:ok, {integer(), integer(), integer(), integer(), integer()}} | {:error, Error.t()}
  @spec coordinates(input(), Call.arg(integer()), keyword()) ::
          {:ok, {integer(), integer(), integer(), integer(), integer()}} | {:error, Error.t()}
  def coordinates(receiver, rank, opts \\ []) do
    Vllm.Call.run(@coordinates, [receiver, rank, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `coordinates`, but returns the value itself and raises `Vllm.Error`."
  @spec coordinates!(input(), integer() | keyword()) ::
          {integer(), integer(), integer(), integer(), integer()}
  @spec coordinates!(input(), Call.arg(integer()), keyword()) ::
          {integer(), integer(), integer(), integer(), integer()}
  def coordinates!(receiver, rank, opts \\ []) do
    Vllm.Error.unwrap!(coordinates(receiver, rank, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      external_data: @external_data,
      tensor_groups: @tensor_groups,
      decode_context_groups: @decode_context_groups,
      prefill_context_groups: @prefill_context_groups,
      pipeline_groups: @pipeline_groups,
      data_groups: @data_groups,
      expert_groups: @expert_groups,
      engram_tensor_groups: @engram_tensor_groups,
      engram_data_groups: @engram_data_groups,
      coordinates: @coordinates
    ]
  end
end
