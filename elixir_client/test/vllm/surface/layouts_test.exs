Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.LayoutsTest do
  # Which ranks form which group, and other plain data: no group is needed.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.{GraphCaptureContext, ParallelSizes, TensorMetadata, Topology}

  test "sizes" do
    assert {:ok, %ParallelSizes{} = sizes} = ParallelSizes.new(2, 2, 2)
    assert {sizes.tensor, sizes.pipeline, sizes.data, sizes.decode_context} == {2, 2, 2, 1}
    assert {:ok, ^sizes} = ParallelSizes.new(tensor: 2, pipeline: 2, data: 2)
    assert {:ok, ^sizes} = ParallelSizes.new(2, pipeline: 2, data: 2)
    assert ParallelSizes.replica_size(sizes) == {:ok, 8}

    assert ParallelSizes.as_dict(sizes) ==
             {:ok,
              %{
                "tensor" => 2,
                "pipeline" => 2,
                "data" => 2,
                "prefill_context" => 1,
                "decode_context" => 1
              }}

    assert {:ok, words} = ParallelSizes.describe(sizes)
    assert words =~ "tensor=2"
    assert {:error, %Error{reason: "invalid_parallel_size"}} = ParallelSizes.new(0)
    assert {:error, %Error{}} = ParallelSizes.new(tensor: 3, decode_context: 2)
  end

  test "groups of a world of sixteen" do
    sizes = ParallelSizes.new!(tensor: 2, pipeline: 2, data: 2, decode_context: 2)
    assert {:ok, %Topology{world_size: 16} = topology} = Topology.new(16, sizes)
    assert topology.sizes == sizes
    assert Topology.external_data(topology) == {:ok, 2}
    pairs = for first <- 0..14//2, do: [first, first + 1]
    assert lists(Topology.tensor_groups(topology)) == pairs
    assert lists(Topology.decode_context_groups(topology)) == pairs
    assert lists(Topology.prefill_context_groups(topology)) == Enum.map(0..15, &[&1])

    pipeline = for base <- 0..12//4, first <- [0, 1], do: [base + first, base + first + 2]
    assert lists(Topology.pipeline_groups(topology)) == pipeline
    data = for base <- [0, 8], first <- 0..3, do: [base + first, base + first + 4]
    assert lists(Topology.data_groups(topology)) == data

    experts =
      for base <- [0, 8], stage <- [0, 2], do: Enum.map([0, 1, 4, 5], &(base + stage + &1))

    assert lists(Topology.expert_groups(topology)) == experts

    # external, data, pipeline, prefill context, tensor
    assert Topology.coordinates(topology, 15) == {:ok, {1, 1, 1, 0, 1}}
    assert Topology.coordinates!(topology, rank: 6) == {0, 1, 1, 0, 0}
    assert {:error, %Error{reason: "invalid_rank"}} = Topology.coordinates(topology, 16)
    assert {:error, %Error{reason: "invalid_parallel_size"}} = Topology.new(15, sizes)
    assert {:ok, %Topology{}} = Topology.new(4, sizes: [tensor: 2])
  end

  defp lists({:ok, groups}),
    do: groups |> Tuple.to_list() |> Enum.map(&Tuple.to_list/1) |> Enum.map(&Enum.sort/1)

  test "plain data can be used in any session" do
    sizes = ParallelSizes.new!(2)
    other = open_session!()
    runtime = [__runtime__: [session_id: other.id]]
    assert ParallelSizes.replica_size(sizes, runtime) == {:ok, 2}
    assert {:ok, topology} = Topology.new(2, sizes, runtime)
    assert Topology.external_data(topology) == {:ok, 1}
  end

  test "what a receiver of a tensor must know" do
    assert {:ok, %TensorMetadata{} = metadata} = TensorMetadata.new("cpu", :bf16, [2, 3])
    assert {metadata.device, metadata.dtype, metadata.size} == {"cpu", "bf16", [2, 3]}
    assert TensorMetadata.new!(device: "cpu", dtype: "bfloat16", size: [2, 3]) == metadata
    assert {:error, %Error{}} = TensorMetadata.new("cpu", "no dtype", [1])
  end

  test "where a graph is captured" do
    assert {:ok, %GraphCaptureContext{stream: nil}} = GraphCaptureContext.new(nil)
    assert {:ok, %GraphCaptureContext{}} = GraphCaptureContext.new(stream: nil)
  end
end
