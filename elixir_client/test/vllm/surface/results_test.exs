Code.require_file("surface_case.exs", __DIR__)

defmodule Vllm.Surface.ResultsTest do
  # Where results of collectives go that stay in their rank: into a tensor that is there already, or
  # into memory that an earlier result has left.
  use Vllm.SurfaceCase

  alias Vllm.Distributed.GroupCoordinator

  @kept [__runtime__: [tensors: :ref]]

  setup_all do
    %{world: start_world!(tensor_parallel_size: 2)}
  end

  defp on_all(world, fun) do
    World.run!(world, fn rank -> fun.(Distributed.get_tp_group!(), rank) end)
  end

  defp zeros(shape), do: Vllm.call!("torch.zeros", [shape], @kept)
  defp fetched(tensor), do: tensor |> Tensor.fetch() |> elem(1) |> l()

  describe "out" do
    test "is a tensor of the rank, and its ref comes back", %{world: world} do
      on_all(world, fn group, rank ->
        mine = t([rank, 10])
        out = zeros([4])
        ref = out.ref

        assert %Tensor{ref: ^ref} = GroupCoordinator.all_gather!(group, mine, 0, out, @kept)
        assert fetched(out) == [0.0, 10.0, 1.0, 10.0]
        # By value, unless it is asked for; written all the same.
        both = GroupCoordinator.all_gather!(group, t([rank, 20]), out: out)
        assert l(both) == [0.0, 20.0, 1.0, 20.0]
        assert fetched(out) == l(both)

        # Into the input itself.
        assert %Tensor{ref: ^ref} =
                 GroupCoordinator.all_reduce!(group, out, [{:out, out} | @kept])

        assert fetched(out) == [0.0, 40.0, 2.0, 40.0]

        half = zeros([2])
        total = [1.0, 20.0, 0.0, 0.0]
        part = Enum.slice(total, rank * 2, 2)
        whole = t([rank, 10, 0, 0])
        assert l(GroupCoordinator.reduce_scatter!(group, whole, out: half)) == part
        assert fetched(half) == part

        assert l(GroupCoordinator.reduce_scatterv!(group, whole, 0, [2, 2], half)) == part

        there = if rank == 1, do: out
        gathered = GroupCoordinator.gather!(group, mine, 1, 0, there)
        assert (rank == 1 and l(gathered) == [0.0, 10.0, 1.0, 10.0]) or gathered == nil

        if rank == 0 do
          GroupCoordinator.send!(group, t([7, 8]))
        else
          assert l(GroupCoordinator.recv!(group, [2], :f32, 0, half)) == [7.0, 8.0]
          assert fetched(half) == [7.0, 8.0]
        end
      end)
    end

    test "is a list for a list", %{world: world} do
      on_all(world, fn group, rank ->
        mine = [t([rank]), t([rank, 5])]
        outs = [zeros([2]), zeros([4])]
        results = GroupCoordinator.all_gatherv!(group, mine, out: outs)
        assert l(results) == [[0.0, 1.0], [0.0, 5.0, 1.0, 5.0]]
        assert Enum.map(outs, &fetched/1) == l(results)

        assert [_, _] = GroupCoordinator.all_gatherv!(group, mine, 0, nil, outs, @kept)
      end)
    end

    test "may be a tensor that is sent: the result comes back all the same", %{world: world} do
      on_all(world, fn group, rank ->
        assert l(GroupCoordinator.all_reduce!(group, t([rank]), t([0]))) == [1.0]
        assert l(GroupCoordinator.all_reduce!(group, t([rank]), nil)) == [1.0]
      end)
    end

    test "that does not fit is refused before anything is sent", %{world: world} do
      on_all(world, fn group, rank ->
        for {out, text} <- [
              {zeros([3]), "out has shape [3]"},
              {t([0, 0], :s64), "torch.int64"},
              {"place", "out"}
            ] do
          assert {:error, %Error{message: message}} =
                   GroupCoordinator.all_reduce(group, t([rank, 1]), out: out)

          assert message =~ text
        end

        assert l(GroupCoordinator.all_reduce!(group, t([rank]))) == [1.0]
      end)
    end
  end

  describe "tensors: :ref" do
    # 1 MiB; results below 64 KiB are new each time.
    @rows 262_144

    defp place(tensor), do: Vllm.call!(tensor, "data_ptr")

    test "a released result leaves its memory to the next one", %{world: world} do
      on_all(world, fn group, _rank ->
        mine = Vllm.call!("torch.ones", [@rows], @kept)

        places =
          for _ <- 1..5 do
            sum = GroupCoordinator.all_reduce!(group, mine, @kept)
            at = place(sum)
            assert {:ok, 1} = Vllm.release(sum)
            at
          end

        assert [_one] = Enum.uniq(places)
        assert {:ok, 1} = Vllm.release(mine)
      end)
    end

    test "a result that is held, or a view of it, is never written over", %{world: world} do
      on_all(world, fn group, _rank ->
        mine = Vllm.call!("torch.ones", [@rows], @kept)
        held = GroupCoordinator.all_reduce!(group, mine, @kept)
        row = Vllm.call!("torch.narrow", [held, 0, 3, 2], @kept)
        other = GroupCoordinator.all_reduce!(group, held, @kept)
        assert place(other) != place(held)
        assert fetched(row) == [2.0, 2.0]

        at = place(held)
        assert {:ok, 1} = Vllm.release(held)
        third = GroupCoordinator.all_reduce!(group, other, @kept)
        assert place(third) != at
        assert fetched(row) == [2.0, 2.0]
        assert {:ok, 4} = Vllm.release([mine, row, other, third])
      end)
    end
  end
end
