Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.FunctionsTest do
  # The functions of the module that need no group: arithmetic, text, names, logging.
  use Vllm.SurfaceCase

  setup_all do
    %{session: open_session!()}
  end

  setup %{session: session} do
    Process.put(:"$vllm_session", session)
    :ok
  end

  test "layers of pipeline stages" do
    assert Distributed.get_pp_indices(61, 0, 4) == {:ok, {0, 15}}

    assert Distributed.get_pp_indices(num_hidden_layers: 61, pp_rank: 3, pp_size: 4) ==
             {:ok, {46, 61}}

    assert Distributed.get_pp_indices(10, 1, pp_size: 2) == {:ok, {5, 10}}
    assert {:error, %Error{category: :python_error}} = Distributed.get_pp_indices(4, 5, 2)
  end

  test "division" do
    assert Distributed.divide(12, 4) == {:ok, 3}
    assert Distributed.divide!(numerator: 12, denominator: 3) == 4
    assert Distributed.ensure_divisibility(12, 4) == {:ok, nil}
    assert {:error, %Error{} = error} = Distributed.ensure_divisibility(12, 5)
    assert error.message =~ "12" and error.message =~ "5"
    assert {:error, %Error{category: :validation}} = Distributed.divide(1.5, 1)
  end

  test "addresses" do
    assert Distributed.get_distributed_init_method("10.0.0.1", 29_500) ==
             {:ok, "tcp://10.0.0.1:29500"}

    assert Distributed.get_tcp_uri("::1", 80) == {:ok, "tcp://[::1]:80"}
    assert Distributed.get_tcp_uri(ip: "127.0.0.1", port: 80) == {:ok, "tcp://127.0.0.1:80"}
    assert {:error, %Error{}} = Distributed.get_tcp_uri("127.0.0.1", 70_000)
  end

  test "torch's version" do
    assert Distributed.is_torch_equal_or_newer("1.0") == {:ok, true}
    assert Distributed.is_torch_equal_or_newer!(target: "99.0") == false
    assert {:error, %Error{}} = Distributed.is_torch_equal_or_newer("not a version")
  end

  test "tensors in parts" do
    tensor = t([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert {:ok, parts} = Distributed.split_tensor_along_last_dim(tensor, 2)
    assert l(parts) == [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]
    assert {:ok, ^parts} = Distributed.split_tensor_along_last_dim(tensor, 2, true)

    assert {:ok, ^parts} =
             Distributed.split_tensor_along_last_dim(tensor, 2, contiguous_split_chunks: true)

    assert {:error, %Error{} = error} = Distributed.split_tensor_along_last_dim(tensor, 3)
    assert error.message =~ "4" and error.message =~ "3"
  end

  test "giving way" do
    assert {:ok, uses?} = Distributed.use_sched_yield()
    assert is_boolean(uses?)
    assert Distributed.sched_yield() == {:ok, nil}
  end

  test "loggers stay in their rank" do
    assert {:ok, logger} = Distributed.logger()
    assert {:ok, ^logger} = Distributed.init_logger("vllm_distributed")
    assert {:ok, other} = Distributed.init_logger("vllm_distributed.mine")
    assert other != logger
    for one <- [logger, other], do: assert(Vllm.call(one, "isEnabledFor", [50]) == {:ok, true})
    assert Vllm.call(other, "debug", ["from Elixir"]) == {:ok, nil}
    assert {:error, %Error{reason: "name_not_allowed"}} = Vllm.call(other, "addHandler", [other])
  end

  test "objects by their dotted name" do
    assert {:ok, function} = Distributed.resolve_obj_by_qualname("vllm_distributed.divide")
    assert Vllm.call(function, [6, 3], []) == {:ok, 2}
    assert {:ok, pi} = Distributed.resolve_obj_by_qualname(qualname: "torch.pi")
    assert_in_delta pi, :math.pi(), 1.0e-12
    assert {:ok, _dtype} = Distributed.resolve_obj_by_qualname("torch.bfloat16")

    assert {:error, %Error{category: :validation, reason: "name_not_allowed"}} =
             Distributed.resolve_obj_by_qualname("os.system")

    assert {:error, %Error{reason: "unknown_name"}} =
             Distributed.resolve_obj_by_qualname("torch.no_such_thing")
  end

  test "standard output is silent for a while" do
    assert {:ok, %Ref{} = context} = Distributed.suppress_stdout()
    assert Vllm.with_context(context, fn nil -> :inside end) == {:ok, :inside}
    assert Distributed.suppress_stdout(fn _ -> :inside end) == {:ok, :inside}
  end

  test "experts' places" do
    assert Distributed.get_expert_placement(8, 1, 2) == {:ok, [4, 5, 6, 7]}
    assert Distributed.get_expert_placement(8, 1, 2, "round_robin") == {:ok, [1, 3, 5, 7]}
    assert {:ok, map} = Distributed.get_expert_map(4, 1, 2)
    assert l(map) == [-1, -1, 0, 1]
    assert l(Distributed.get_expert_map!(4, 0, 2, strategy: "round_robin")) == [0, -1, 1, -1]
    assert {:error, %Error{}} = Distributed.get_expert_placement(8, 2, 2)
  end

  test "experts' loads" do
    assert Distributed.expert_balancedness(t([[10, 10, 10, 10]]), 2) == {:ok, 1.0}
    assert {:ok, share} = Distributed.expert_balancedness(load: t([[30, 0, 10, 0]]), num_gpus: 2)
    assert_in_delta share, 20 / 30, 1.0e-6

    assert {:ok, {placed, replicas, counts}} =
             Distributed.rebalance_experts(t([[90, 10, 10, 10]]), 6, 1, 1, 2)

    assert Enum.sort(Enum.uniq(hd(l(placed)))) == [0, 1, 2, 3]
    assert Enum.sum(hd(l(counts))) == 6
    assert hd(hd(l(counts))) == 3
    assert {1, 4, most} = Tensor.shape(replicas)
    assert most >= 3

    assert {:ok, {slots, counts}} = Distributed.compute_logical_maps(t([[0, 1, 0, -1]], :s64), 3)
    assert {l(slots), l(counts)} == {[[[0, 2], [1, -1], [-1, -1]]], [[2, 1, 0]]}
    assert {:error, %Error{message: says}} = Distributed.compute_logical_maps(t([[3]], :s64), 3)
    assert says =~ "slot 0 of layer 0 has expert 3"
  end

  test "a configuration for a while" do
    assert Distributed.get_current_parallel_config_or_none() == {:ok, nil}
    {:ok, config} = Vllm.Config.ParallelConfig.new(tensor_parallel_size: 2)
    assert {:ok, %Ref{} = context} = Distributed.set_current_parallel_config(config)

    inside = fn _ -> Distributed.get_current_parallel_config_or_none!() end
    assert {:ok, current} = Vllm.with_context(context, inside)
    assert Vllm.Config.ParallelConfig.local_world_size!(current) == 2
    assert Distributed.set_current_parallel_config!(config, inside) == current
    assert Distributed.get_current_parallel_config_or_none!() == nil
  end
end
