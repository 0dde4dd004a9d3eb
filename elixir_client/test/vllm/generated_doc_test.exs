defmodule Vllm.GeneratedDocTest do
  # The examples with an answer in the documentation of the generated modules, on a real rank.
  use ExUnit.Case, async: true

  doctest Vllm.Distributed
  doctest Vllm.Distributed.ParallelSizes
  doctest Vllm.Distributed.Topology
  doctest Vllm.Distributed.TensorMetadata
  doctest Vllm.Config.ParallelConfig
  doctest Vllm.Config.EPLBConfig
end
