# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.Topology do
  @moduledoc ~S"""
  A world laid out by `sizes`. Every method returns a partition of `range(world_size)`.

  The groups of a partition are in ascending order of their first rank, and the ranks of a group
  ascend, so that a rank's place in its group is its coordinate along the group's dimensions.

  >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).tensor_groups()
  ((0, 1), (2, 3), (4, 5), (6, 7))
  >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).pipeline_groups()
  ((0, 2, 4, 6), (1, 3, 5, 7))
  """
  @new %Vllm.Call.Spec{
    function: "Topology.new",
    path: "/vllm.distributed.v1.Topology/New",
    params: [
      {:world_size, 1, :int, :required},
      {:sizes, 2, :term, :required}
    ],
    result: :object,
    inline: true
  }

  @doc ~S"""
  A world laid out by `sizes`. Every method returns a partition of `range(world_size)`.

  The groups of a partition are in ascending order of their first rank, and the ranks of a group
  ascend, so that a rank's place in its group is its coordinate along the group's dimensions.

  >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).tensor_groups()
  ((0, 1), (2, 3), (4, 5), (6, 7))
  >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).pipeline_groups()
  ((0, 2, 4, 6), (1, 3, 5, 7))

  Python: `Topology.new(world_size, sizes)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new(integer(), term()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), term(), keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(world_size, sizes, opts \\ []) do
    Vllm.Call.run(@new, [world_size, sizes, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(integer(), term()) :: Vllm.Ref.t()
  @spec new!(integer(), term(), keyword()) :: Vllm.Ref.t()
  def new!(world_size, sizes, opts \\ []) do
    Vllm.Error.unwrap!(new(world_size, sizes, opts))
  end

  @external_data %Vllm.Call.Spec{
    function: "Topology.external_data",
    path: "/vllm.distributed.v1.Topology/ExternalData",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  Replicas in the world beyond the data-parallel size.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec external_data(Vllm.Ref.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec external_data(Vllm.Ref.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def external_data(receiver, opts \\ []) do
    Vllm.Call.run(@external_data, [receiver, opts])
  end

  @doc "Like `external_data`, but returns the value itself and raises `Vllm.Error`."
  @spec external_data!(Vllm.Ref.t()) :: integer()
  @spec external_data!(Vllm.Ref.t(), keyword()) :: integer()
  def external_data!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(external_data(receiver, opts))
  end

  @tensor_groups %Vllm.Call.Spec{
    function: "Topology.tensor_groups",
    path: "/vllm.distributed.v1.Topology/TensorGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Groups whose ranks hold shards of the same layers.

  Python: `Topology.tensor_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec tensor_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec tensor_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def tensor_groups(receiver, opts \\ []) do
    Vllm.Call.run(@tensor_groups, [receiver, opts])
  end

  @doc "Like `tensor_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec tensor_groups!(Vllm.Ref.t()) :: term()
  @spec tensor_groups!(Vllm.Ref.t(), keyword()) :: term()
  def tensor_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(tensor_groups(receiver, opts))
  end

  @decode_context_groups %Vllm.Call.Spec{
    function: "Topology.decode_context_groups",
    path: "/vllm.distributed.v1.Topology/DecodeContextGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Neighbouring parts of each tensor-parallel group.

  Python: `Topology.decode_context_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec decode_context_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec decode_context_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def decode_context_groups(receiver, opts \\ []) do
    Vllm.Call.run(@decode_context_groups, [receiver, opts])
  end

  @doc "Like `decode_context_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec decode_context_groups!(Vllm.Ref.t()) :: term()
  @spec decode_context_groups!(Vllm.Ref.t(), keyword()) :: term()
  def decode_context_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(decode_context_groups(receiver, opts))
  end

  @prefill_context_groups %Vllm.Call.Spec{
    function: "Topology.prefill_context_groups",
    path: "/vllm.distributed.v1.Topology/PrefillContextGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Groups whose ranks share out the tokens of one prefill.

  Python: `Topology.prefill_context_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec prefill_context_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec prefill_context_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def prefill_context_groups(receiver, opts \\ []) do
    Vllm.Call.run(@prefill_context_groups, [receiver, opts])
  end

  @doc "Like `prefill_context_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec prefill_context_groups!(Vllm.Ref.t()) :: term()
  @spec prefill_context_groups!(Vllm.Ref.t(), keyword()) :: term()
  def prefill_context_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(prefill_context_groups(receiver, opts))
  end

  @pipeline_groups %Vllm.Call.Spec{
    function: "Topology.pipeline_groups",
    path: "/vllm.distributed.v1.Topology/PipelineGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Groups whose ranks hold consecutive stages.

  Python: `Topology.pipeline_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec pipeline_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec pipeline_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def pipeline_groups(receiver, opts \\ []) do
    Vllm.Call.run(@pipeline_groups, [receiver, opts])
  end

  @doc "Like `pipeline_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec pipeline_groups!(Vllm.Ref.t()) :: term()
  @spec pipeline_groups!(Vllm.Ref.t(), keyword()) :: term()
  def pipeline_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(pipeline_groups(receiver, opts))
  end

  @data_groups %Vllm.Call.Spec{
    function: "Topology.data_groups",
    path: "/vllm.distributed.v1.Topology/DataGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Groups whose ranks hold the same shard of different data-parallel replicas.

  Python: `Topology.data_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec data_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec data_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def data_groups(receiver, opts \\ []) do
    Vllm.Call.run(@data_groups, [receiver, opts])
  end

  @doc "Like `data_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec data_groups!(Vllm.Ref.t()) :: term()
  @spec data_groups!(Vllm.Ref.t(), keyword()) :: term()
  def data_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(data_groups(receiver, opts))
  end

  @expert_groups %Vllm.Call.Spec{
    function: "Topology.expert_groups",
    path: "/vllm.distributed.v1.Topology/ExpertGroups",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  Groups over which experts are spread: data x prefill context x tensor of one stage.

  Python: `Topology.expert_groups()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec expert_groups(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec expert_groups(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def expert_groups(receiver, opts \\ []) do
    Vllm.Call.run(@expert_groups, [receiver, opts])
  end

  @doc "Like `expert_groups`, but returns the value itself and raises `Vllm.Error`."
  @spec expert_groups!(Vllm.Ref.t()) :: term()
  @spec expert_groups!(Vllm.Ref.t(), keyword()) :: term()
  def expert_groups!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(expert_groups(receiver, opts))
  end

  @coordinates %Vllm.Call.Spec{
    function: "Topology.coordinates",
    path: "/vllm.distributed.v1.Topology/Coordinates",
    params: [
      {:receiver, 1, :object, :required},
      {:rank, 2, :int, :required}
    ],
    result: {:tuple, [:int, :int, :int, :int, :int]},
    inline: true
  }

  @doc ~S"""
  Return a rank's place as (external, data, pipeline, prefill_context, tensor).

  >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).coordinates(5)
  (0, 0, 2, 0, 1)

  Python: `Topology.coordinates(rank)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec coordinates(Vllm.Ref.t(), integer()) :: {:ok, {integer(), integer(), integer(), integer(), integer()}} | {:error, Vllm.Error.t()}
  @spec coordinates(Vllm.Ref.t(), integer(), keyword()) :: {:ok, {integer(), integer(), integer(), integer(), integer()}} | {:error, Vllm.Error.t()}
  def coordinates(receiver, rank, opts \\ []) do
    Vllm.Call.run(@coordinates, [receiver, rank, opts])
  end

  @doc "Like `coordinates`, but returns the value itself and raises `Vllm.Error`."
  @spec coordinates!(Vllm.Ref.t(), integer()) :: {integer(), integer(), integer(), integer(), integer()}
  @spec coordinates!(Vllm.Ref.t(), integer(), keyword()) :: {integer(), integer(), integer(), integer(), integer()}
  def coordinates!(receiver, rank, opts \\ []) do
    Vllm.Error.unwrap!(coordinates(receiver, rank, opts))
  end
end
