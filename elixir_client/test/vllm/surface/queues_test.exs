Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.QueuesTest do
  # Message queues, from one rank to others.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.{GroupCoordinator, MessageQueue}

  setup_all do
    %{world: start_world!(tensor_parallel_size: 2)}
  end

  test "by a handle", %{world: world} do
    World.run!(world, fn rank ->
      group = Distributed.get_world_group!()

      if rank == 0 do
        assert {:ok, queue} = MessageQueue.new(1, 1, nil, 4_096, max_chunks: 2, timeout: 20_000)

        assert a?(queue, MessageQueue)
        assert MessageQueue.is_writer(queue) == {:ok, true}
        assert {:ok, %{} = handle} = MessageQueue.export_handle(queue)
        GroupCoordinator.send_object!(group, handle, 1)
        assert MessageQueue.wait_until_ready(queue) == {:ok, nil}
        # Larger than a chunk.
        assert MessageQueue.enqueue(queue, %{"a" => {1, nil}, "b" => :binary.copy("x", 10_000)}) ==
                 {:ok, nil}

        assert MessageQueue.enqueue(queue, 2, timeout: 5) == {:ok, nil}
        assert MessageQueue.broadcast_object(queue, "all") == {:ok, "all"}
        assert {:error, %Error{}} = MessageQueue.dequeue(queue)
        GroupCoordinator.barrier!(group)
        assert MessageQueue.shutdown(queue) == {:ok, nil}
        assert MessageQueue.shutdown!(queue) == nil
        assert {:error, %Error{reason: "message_queue_closed"}} = MessageQueue.enqueue(queue, 1)
      else
        handle = GroupCoordinator.recv_object!(group, 0)
        assert {:ok, queue} = MessageQueue.create_from_handle(handle, 0)
        assert MessageQueue.is_writer!(queue) == false
        MessageQueue.wait_until_ready!(queue)
        assert {:ok, %{"a" => {1, nil}, "b" => long}} = MessageQueue.dequeue(queue)
        assert byte_size(long) == 10_000
        assert MessageQueue.dequeue(queue, 5.0) == {:ok, 2}
        assert MessageQueue.broadcast_object(queue) == {:ok, "all"}
        assert {:error, %Error{reason: reason}} = MessageQueue.dequeue(queue, timeout: 0.1)
        assert reason =~ "timeout"
        assert {:error, %Error{}} = MessageQueue.enqueue(queue, 1)
        GroupCoordinator.barrier!(group)
        MessageQueue.shutdown!(queue)
        assert {:error, %Error{}} = MessageQueue.create_from_handle(%{"no" => "handle"}, 0)
      end
    end)
  end

  test "over a process group", %{world: world} do
    World.run!(world, fn rank ->
      pg = GroupCoordinator.cpu_group!(Distributed.get_world_group!())
      assert {:ok, queue} = MessageQueue.create_from_process_group(pg, 1_024, 4, writer_rank: 1)
      assert MessageQueue.broadcast_object(queue, rank) == {:ok, 1}
      MessageQueue.shutdown!(queue)

      assert {:ok, {own, handles}} =
               MessageQueue.create_from_process_group_single_reader(pg, 1_024, 4, 1,
                 blocking: false
               )

      read = for handle <- handles, do: MessageQueue.create_from_handle!(handle, 0)
      for queue <- [own | read], do: MessageQueue.wait_until_ready!(queue)
      MessageQueue.enqueue!(own, {"from", rank})
      got = for queue <- read, do: MessageQueue.dequeue!(queue, nil, indefinite: true)
      assert got == if(rank == 1, do: [{"from", 0}, {"from", 1}], else: [])
      for queue <- [own | read], do: MessageQueue.shutdown!(queue)

      assert {:error, %Error{reason: "invalid_rank"}} =
               MessageQueue.create_from_process_group(pg, 1_024, 4, 2)
    end)
  end
end
