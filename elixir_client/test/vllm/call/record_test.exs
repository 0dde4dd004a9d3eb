defmodule Vllm.Call.RecordTest do
  # Messages of objects and structs, without a rank.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.Protobuf
  alias Vllm.Call.{Record, Spec, Value}
  alias Vllm.Config.{EPLBConfig, ParallelConfig}

  alias Vllm.Distributed.{
    GroupCoordinator,
    Handle,
    ParallelSizes,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
    Topology
  }

  @ref %Vllm.Ref{id: "obj-1", session_id: "s", epoch: 3, type_name: "a.B"}

  @modules [
    Vllm.Distributed.DeviceCommunicatorBase,
    Vllm.Distributed.GraphCaptureContext,
    Vllm.Distributed.MessageQueue,
    Vllm.Distributed.TensorMetadata,
    EPLBConfig,
    Handle,
    ParallelConfig,
    ParallelSizes,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
    Topology
  ]

  test "a whole struct comes back from its message" do
    group = %StatelessProcessGroup{ref: @ref, rank: 0, world_size: 2, data_expiration_seconds: 9}

    for struct <- [
          %Handle{ref: @ref},
          group,
          %StatelessGroupCoordinator{
            ref: @ref,
            unique_name: "x:0",
            ranks: [0, 2],
            rank: 2,
            device: "cuda:1",
            tcp_store_group: group
          },
          %ParallelConfig{
            ref: @ref,
            numa_bind_cpus: ["0-3"],
            numa_bind_nodes: [],
            ray_runtime_env: %{"a" => {1, nil}},
            is_moe_model: false,
            use_ray: true,
            eplb_config: %EPLBConfig{ref: @ref, window_size: 0, communicator: nil}
          },
          %Topology{world_size: 4, sizes: %ParallelSizes{tensor: 2}, external_data: 2}
        ] do
      assert struct |> answer() |> decoded(struct.__struct__) == {:ok, struct}
    end
  end

  test "an argument is a ref, whatever it is the ref of" do
    for given <- [@ref, %Handle{ref: @ref}, %GroupCoordinator{ref: @ref, ranks: [0]}] do
      assert %Vllm.Distributed.V1.HandleObject{ref: %{id: "obj-1", epoch: 3}} =
               Record.to_message(Handle, given)
    end

    message = Record.to_message(EPLBConfig, %EPLBConfig{ref: @ref, window_size: 7})
    assert %{ref: %{id: "obj-1"}, window_size: nil} = message
  end

  test "an argument is the fields that can be given" do
    for given <- [
          [tensor: 2],
          %{tensor: 2},
          %{"tensor" => 2},
          %ParallelSizes{tensor: 2, replica_size: 2}
        ] do
      assert %{ref: nil, tensor: 2, data: nil, replica_size: nil} =
               Record.to_message(ParallelSizes, given)
    end

    sizes = %{world_size: 4, sizes: [tensor: 2]}
    assert %{world_size: 4, sizes: %{tensor: 2}} = Record.to_message(Topology, sizes)
  end

  test "anything else is refused by name" do
    for {module, given, problem} <- [
          {Handle, 7, "must be a Vllm.Distributed.Handle of a rank"},
          {Handle, %{x: 1}, "must be a Vllm.Distributed.Handle of a rank"},
          {ParallelSizes, "x", "or a map of its fields"},
          {ParallelSizes, %{replica_size: 2}, "has no field :replica_size that can be given"},
          {ParallelSizes, [tensors: 2],
           "those of a Vllm.Distributed.ParallelSizes are tensor, pip"},
          {ParallelSizes, %{tensor: "2"}, "must be an integer"},
          {Topology, %{sizes: %{tensor: 1.5}}, "must be an integer"},
          {Topology, %EPLBConfig{}, "or a map of its fields"}
        ] do
      spec = %Spec{function: "f", path: "/", params: param(module), result: :none}
      assert {:error, message} = Value.encode(spec, [given])
      assert message =~ "f: argument x "
      assert message =~ problem
    end
  end

  test "an object without its handle is a malformed answer" do
    for module <- @modules -- [ParallelSizes, Topology, Vllm.Distributed.TensorMetadata] do
      assert {:error, "it holds a " <> _} = decoded(<<10, 0>>, module)
      assert {:error, "it holds no " <> _} = decoded("", module)
    end
  end

  test "any bytes are a value or an error" do
    :rand.seed(:exsss, {1, 2, 3})

    valid =
      %ParallelConfig{ref: @ref, ray_runtime_env: [1, "x"], numa_bind_nodes: [1]} |> answer()

    for _ <- 1..3_000, module <- @modules do
      bytes =
        case :rand.uniform(3) do
          1 -> :rand.bytes(:rand.uniform(60))
          2 -> damaged(valid)
          3 -> <<10, :rand.uniform(40)>> <> :rand.bytes(40)
        end

      assert {result, _value} = decoded(bytes, module)
      assert result in [:ok, :error]
    end
  end

  defp damaged(bytes) do
    at = :rand.uniform(byte_size(bytes)) - 1
    <<before::binary-size(at), _byte, rest::binary>> = bytes
    before <> :rand.bytes(:rand.uniform(2)) <> rest
  end

  defp answer(%module{} = struct) do
    body = module |> Record.to_answer(struct) |> Protobuf.encode()
    IO.iodata_to_binary(Protobuf.encode_field(1, :bytes, :optional, IO.iodata_to_binary(body)))
  end

  defp decoded(bytes, module), do: Value.decode({:object, module}, bytes)
  defp param(module), do: [{:x, 1, {:object, module}, :required}]
end
