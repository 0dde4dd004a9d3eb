Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.CoordinatorsTest do
  # Every method of coordinators, of both kinds, on groups of one, two and four ranks. `rank` counts
  # inside the group, which is the whole world.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.{Handle, MessageQueue, ProcessGroup}
  alias Vllm.Distributed.{GroupCoordinator, StatelessGroupCoordinator}

  @modules [GroupCoordinator, StatelessGroupCoordinator]
  @sizes [1, 2, 4]

  setup_all do
    worlds = Map.new(@sizes, &{&1, start_world!(tensor_parallel_size: &1)})

    groups =
      for {size, world} <- worlds, module <- @modules, into: %{} do
        {{module, size}, made(world, module, size)}
      end

    %{worlds: worlds, groups: groups}
  end

  # One group of all ranks of the world; each rank's own handle.
  defp made(world, GroupCoordinator, size) do
    ranks = Enum.to_list(0..(size - 1))

    World.run!(world, fn rank ->
      GroupCoordinator.new!([ranks], rank, "gloo", true, group_name: "all")
    end)
  end

  defp made(world, StatelessGroupCoordinator, size) do
    {host, port} = rendezvous_address()
    ranks = Enum.to_list(0..(size - 1))

    World.run!(world, fn rank ->
      StatelessGroupCoordinator.new!([ranks], rank, "gloo", true, nil, false, "apart",
        host: host,
        group_ports: [[port]],
        global_rank: rank,
        global_world_size: size,
        timeout: 60_000
      )
    end)
  end

  defp sum(size), do: div(size * (size + 1), 2)

  for module <- @modules, size <- @sizes do
    @module module
    @size size

    describe "#{List.last(Module.split(module))} of #{size}" do
      setup %{worlds: worlds, groups: groups} do
        world = worlds[@size]
        groups = List.to_tuple(groups[{@module, @size}])
        on_all = fn fun -> World.run!(world, fn rank -> fun.(elem(groups, rank), rank) end) end
        %{world: world, on_all: on_all}
      end

      test "facts", %{on_all: on_all} do
        on_all.(fn group, rank ->
          assert a?(group, @module)
          assert %{ranks: ranks, rank: ^rank, rank_in_group: ^rank} = group
          assert ranks == Enum.to_list(0..(@size - 1))
          assert group.world_size == @size
          assert group.unique_name in ["all:0", "apart:0"]
          assert @module.mq_broadcaster(group) == {:ok, nil}
          assert @module.first_rank(group) == {:ok, 0}
          assert @module.last_rank(group) == {:ok, @size - 1}
          assert @module.is_first_rank(group) == {:ok, rank == 0}
          assert @module.is_last_rank(group) == {:ok, rank == @size - 1}
          assert @module.next_rank(group) == {:ok, rem(rank + 1, @size)}
          assert @module.prev_rank(group) == {:ok, rem(rank + @size - 1, @size)}

          for {:ok, pg} <- [@module.cpu_group(group), @module.device_group(group)] do
            assert %ProcessGroup{world_size: @size, rank_in_group: ^rank} = pg
          end
        end)
      end

      test "sums", %{on_all: on_all} do
        on_all.(fn group, rank ->
          mine = t([rank + 1, 10])
          total = [sum(@size) * 1.0, 10.0 * @size]
          assert l(@module.all_reduce!(group, mine)) == total
          assert l(@module.all_reduce_!(group, input_: mine)) == total

          # In place, and out of place, of a tensor that stays in its rank.
          kept = Vllm.call!("torch.ones", [2], __runtime__: [tensors: :ref])
          apart = @module.all_reduce!(group, kept, __runtime__: [tensors: :ref])
          assert l(Tensor.fetch(kept) |> elem(1)) == [1.0, 1.0]
          assert l(Tensor.fetch(apart) |> elem(1)) == [1.0 * @size, 1.0 * @size]
          @module.all_reduce_!(group, kept, __runtime__: [tensors: :ref])
          assert l(Tensor.fetch(kept) |> elem(1)) == [1.0 * @size, 1.0 * @size]
        end)
      end

      test "parts of a sum", %{on_all: on_all} do
        on_all.(fn group, rank ->
          all = for part <- 0..(@size - 1), do: part * (rank + 1)
          mine = [1.0 * rank * sum(@size)]
          assert l(@module.reduce_scatter!(group, t(all))) == mine
          assert l(@module.reduce_scatter!(group, t(Enum.map(all, &[&1])), 0)) == [mine]
          assert l(@module.reduce_scatter!(group, t([all]), dim: 1)) == [mine]

          # Rank i's part is i + 1 long.
          sizes = Enum.to_list(1..@size)
          all = for part <- 0..(@size - 1), _ <- 0..part, do: part
          mine = List.duplicate(1.0 * rank * @size, rank + 1)
          assert l(@module.reduce_scatterv!(group, t(all), 0, sizes)) == mine
          assert l(@module.reduce_scatterv!(group, t([all]), sizes: sizes)) == [mine]
          assert {:error, %Error{}} = @module.reduce_scatter(group, t([[1]]), 7)
        end)
      end

      test "everything of everybody", %{on_all: on_all} do
        on_all.(fn group, rank ->
          each = for one <- 0..(@size - 1), do: 1.0 * one
          assert l(@module.all_gather!(group, t([[rank]]))) == [each]
          assert l(@module.all_gather!(group, t([[rank]]), 0)) == Enum.map(each, &[&1])
          assert l(@module.all_gather!(group, t([[rank]]), dim: -2)) == Enum.map(each, &[&1])

          sizes = Enum.to_list(1..@size)
          mine = t(List.duplicate(rank, rank + 1))
          each = for one <- 0..(@size - 1), _ <- 0..one, do: 1.0 * one
          assert l(@module.all_gatherv!(group, mine, 0, sizes)) == each
          assert [both, two] = @module.all_gatherv!(group, [mine, mine], sizes: sizes)
          assert l(both) == each and both == two

          last = @size - 1
          everybody = for one <- 0..last, do: 1.0 * one
          there = if rank == last, do: {:ok, t(everybody)}, else: {:ok, nil}
          assert @module.gather(group, t([rank]), last) == there
          assert @module.gather(group, t([rank]), dst: last, dim: 0) == there
          assert {:error, %Error{}} = @module.gather(group, t([rank]), @size)
        end)
      end

      test "from one to all", %{on_all: on_all} do
        on_all.(fn group, rank ->
          last = @size - 1
          assert l(@module.broadcast!(group, t([rank, 7]))) == [0.0, 7.0]
          assert l(@module.broadcast!(group, t([rank, 7]), last)) == [1.0 * last, 7.0]
          object = %{"from" => rank, "more" => [nil, true, {1, "two"}]}
          assert @module.broadcast_object!(group, object) == %{object | "from" => 0}
          assert @module.broadcast_object!(group, object, src: last) == %{object | "from" => last}

          cpu = @module.cpu_group!(group)
          assert @module.broadcast_object_list!(group, [rank, "x"]) == [0, "x"]
          assert @module.broadcast_object_list!(group, [rank], last, cpu) == [last]

          dict = %{"t" => t([[rank, 1]], :s64), "deep" => %{"n" => rank}}
          expected = fn from -> %{"t" => [[from, 1]], "deep" => %{"n" => from}} end
          given = fn from -> if rank == from, do: dict end
          assert l(@module.broadcast_tensor_dict!(group, given.(0))) == expected.(0)

          assert l(
                   @module.broadcast_tensor_dict!(group, given.(last),
                     src: last,
                     metadata_group: cpu
                   )
                 ) ==
                   expected.(last)
        end)
      end

      if size == 1 do
        test "nobody else to send to", %{on_all: on_all} do
          on_all.(fn group, 0 ->
            for {:error, error} <- [
                  @module.send(group, t([1])),
                  @module.send(group, t([1]), 3),
                  @module.recv(group, [1], :f32),
                  @module.send_object(group, 1, 0),
                  @module.isend_object(group, 1, 0),
                  @module.recv_object(group, 0)
                ] do
              assert error.reason == "invalid_rank"
            end

            # Dicts are given back.
            dict = %{"t" => t([1]), "n" => 1}
            assert @module.send_tensor_dict(group, dict) == {:ok, dict}
            assert @module.recv_tensor_dict(group) == {:ok, nil}
            assert @module.isend_tensor_dict(group, dict) == {:ok, []}
            assert @module.irecv_tensor_dict(group) == {:ok, {nil, [], []}}
          end)
        end
      else
        test "from one to another", %{on_all: on_all} do
          on_all.(fn
            group, 0 ->
              assert @module.send(group, t([1, 2, 3])) == {:ok, nil}
              assert @module.send(group, t([[4, 5]], :s64), dst: @size - 1) == {:ok, nil}
              assert @module.send_object(group, %{"a" => {1, nil}}, 1) == {:ok, nil}
              assert {:ok, handle} = @module.isend_object(group, "later", 1)
              assert a?(handle, Handle)
              assert Handle.wait(handle) == {:ok, nil}
              assert Handle.is_completed(handle) == {:ok, true}

            group, rank ->
              if rank == 1, do: assert(l(@module.recv!(group, [3], :f32)) == [1.0, 2.0, 3.0])

              if rank == @size - 1,
                do: assert(l(@module.recv!(group, [1, 2], :s64, src: 0)) == [[4, 5]])

              if rank == 1 do
                assert @module.recv_object(group, 0) == {:ok, %{"a" => {1, nil}}}
                assert @module.recv_object!(group, src: 0) == "later"
              end
          end)
        end

        test "dicts of tensors from one to another", %{on_all: on_all} do
          dict = fn from -> %{"t" => t([from, 1, 2, 3]), "n" => from} end
          expected = fn from -> %{"t" => [1.0 * from, 1.0, 2.0, 3.0], "n" => from} end

          on_all.(fn group, rank ->
            {next, previous} = {rem(rank + 1, @size), rem(rank + @size - 1, @size)}

            if rem(rank, 2) == 0 do
              assert @module.send_tensor_dict(group, dict.(rank)) == {:ok, nil}
              assert l(@module.recv_tensor_dict!(group)) == expected.(previous)
              assert {:ok, handles} = @module.isend_tensor_dict(group, dict.(rank), next)
              for handle <- handles, do: assert(Handle.wait!(handle) == nil)
            else
              assert l(@module.recv_tensor_dict!(group, previous)) == expected.(previous)
              assert @module.send_tensor_dict(group, dict.(rank), dst: next) == {:ok, nil}
              kept = [src: previous, __runtime__: [tensors: :ref]]

              assert {:ok, {received, handles, afterwards}} =
                       @module.irecv_tensor_dict(group, kept)

              for handle <- handles, do: Handle.wait!(handle)
              for fun <- afterwards, do: Vllm.call!(fun, [], [])
              {:ok, tensor} = Tensor.fetch(received["t"])
              assert %{"t" => l(tensor), "n" => received["n"]} == expected.(previous)
            end
          end)
        end

        test "a dict in slices, gathered by the receivers", %{on_all: on_all} do
          # Half of the ranks sends to the other half; each sends its slice.
          half = div(@size, 2)

          on_all.(fn group, rank ->
            halves = [Enum.to_list(0..(half - 1)), Enum.to_list(half..(@size - 1))]
            mine = GroupCoordinator.new!(halves, rank, "gloo", true, group_name: "half")
            dict = %{"t" => t([1, 2, 3, 4]), "whole" => t([5, 6])}
            options = [all_gather_group: mine, all_gather_tensors: %{"whole" => false}]

            if rank < half do
              @module.send_tensor_dict!(group, dict, rank + half, options)
            else
              received = @module.recv_tensor_dict!(group, rank - half, options)
              assert received == dict
            end

            @module.barrier!(group)
            GroupCoordinator.destroy!(mine)
          end)
        end
      end

      test "tokens to their experts and back", %{on_all: on_all} do
        on_all.(fn group, rank ->
          # As many tokens as the rank's number, and one.
          rows = rank + 1
          sizes = Enum.to_list(1..@size)
          hidden = t(List.duplicate([rank, 1], rows))
          weights = t(List.duplicate([0.5], rows))
          ids = t(List.duplicate([rank], rows), :s64)
          each = for one <- 0..(@size - 1), _ <- 0..one, do: one

          assert {all, _weights, all_ids} = @module.dispatch!(group, hidden, weights, ids)
          assert l(all) == Enum.map(each, &[1.0 * &1, 1.0])
          assert l(all_ids) == Enum.map(each, &[&1])

          assert l(@module.combine!(group, all)) ==
                   List.duplicate([1.0 * rank * @size, 1.0 * @size], rows)

          assert {^all, ^all} =
                   @module.dispatch!(group, hidden, router_logits: hidden, sizes: sizes)

          assert {^all, ^all} = @module.dispatch_router_logits!(group, hidden, hidden)

          assert {^all, ^all, [^all]} =
                   @module.dispatch_router_logits!(group, hidden, hidden,
                     extra_tensors: [hidden],
                     sizes: sizes
                   )

          assert l(@module.combine!(group, all, false, sizes)) ==
                   List.duplicate([1.0 * rank * @size, 1.0 * @size], rows)

          assert {:error, %Error{}} = @module.dispatch(group, hidden)
        end)
      end

      test "message queues", %{on_all: on_all} do
        on_all.(fn group, rank ->
          last = @size - 1
          assert {:ok, queue} = @module.create_mq_broadcaster(group, last)
          assert a?(queue, MessageQueue)
          assert MessageQueue.is_writer(queue) == {:ok, rank == last}

          assert MessageQueue.broadcast_object(queue, %{"from" => rank}) ==
                   {:ok, %{"from" => last}}

          assert MessageQueue.shutdown(queue) == {:ok, nil}

          assert {:ok, queue} = @module.create_mq_broadcaster(group, blocking: false)
          assert MessageQueue.wait_until_ready(queue) == {:ok, nil}
          MessageQueue.shutdown!(queue)

          assert {:ok, {own, handles}} = @module.create_single_reader_mq_broadcasters(group)
          assert length(handles) == if(rank == 0, do: @size, else: 0)
          read = for handle <- handles, do: MessageQueue.create_from_handle!(handle, 0)
          for one <- [own | read], do: MessageQueue.wait_until_ready!(one)
          MessageQueue.enqueue!(own, rank)
          assert Enum.map(read, &MessageQueue.dequeue!/1) == Enum.take(0..last, length(read))
          for one <- [own | read], do: MessageQueue.shutdown!(one)
          assert {:error, %Error{}} = @module.create_single_reader_mq_broadcasters(group, @size)
        end)
      end

      test "barriers, siblings, capture, models", %{on_all: on_all} do
        on_all.(fn group, rank ->
          assert @module.barrier(group) == {:ok, nil}
          assert {:ok, %ProcessGroup{} = sibling} = @module.make_sibling_device_group(group)
          assert sibling.world_size == @size
          assert @module.broadcast_object_list!(group, [rank], group: sibling) == [0]
          assert %ProcessGroup{} = @module.make_sibling_device_group!(group, "of mine")

          assert {:ok, stream} =
                   @module.graph_capture(group, fn capture ->
                     # Collectives inside are the usual ones.
                     @module.barrier!(group)

                     assert @module.graph_capture!(group, capture, fn again ->
                              again == capture
                            end)

                     capture
                   end)

          assert a?(stream, Distributed.GraphCaptureContext)
          assert {:ok, %Ref{}} = @module.graph_capture(group)
          assert @module.prepare_communication_buffer_for_model(group, model()) == {:ok, nil}
          assert {:error, %Error{}} = @module.prepare_communication_buffer_for_model(group, 1)
          assert {:ok, communicator} = @module.device_communicator(group)
          summed = Distributed.DeviceCommunicatorBase.all_reduce!(communicator, t([1]))
          assert l(summed) == [1.0 * @size]
        end)
      end

      test "are made, and destroyed", %{world: world} do
        for again <- 1..2 do
          for {group, rank} <- Enum.with_index(made(world, @module, @size)) do
            assert %{rank_in_group: ^rank, world_size: @size} = group, "#{again}"
            assert @module.destroy(group) == {:ok, nil}
            assert @module.destroy!(group) == nil
            assert {:error, %Error{reason: "group_destroyed"}} = @module.barrier(group)
          end
        end
      end
    end
  end

  test "a stateless coordinator knows its size", %{worlds: worlds, groups: groups} do
    sizes =
      World.run!(worlds[4], fn rank ->
        groups[{StatelessGroupCoordinator, 4}]
        |> Enum.at(rank)
        |> StatelessGroupCoordinator.size!()
      end)

    assert sizes == [4, 4, 4, 4]
  end

  test "what makes no group is refused on every rank", %{worlds: worlds} do
    errors =
      World.run!(worlds[2], fn rank ->
        {:error, one} = GroupCoordinator.new([[0], [0, 1]], rank, "gloo", true)

        {:error, two} =
          StatelessGroupCoordinator.new([[0, 1]], rank, "gloo", true, global_rank: rank)

        {one.category, one.reason, two.reason, two.message =~ "group_ports"}
      end)

    assert errors == List.duplicate({:python_error, "invalid_rank", "invalid_argument", true}, 2)
  end
end
