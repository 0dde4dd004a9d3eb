defmodule Vllm.Tensor.PartsTest do
  # Shapes and parts of tensors that are here.
  use ExUnit.Case, async: true

  alias Vllm.{Error, Ref, Tensor}

  @cube Tensor.new(
          for(a <- 0..3, do: for(b <- 0..2, do: for(c <- 0..4, do: a * 100 + b * 10 + c)))
        )

  defp element(tensor, place),
    do: Enum.reduce(place, Tensor.to_list(tensor), &Enum.at(&2, &1))

  test "a slice has the elements of its place, whatever the place" do
    for {starts, lengths} <- [
          {[0, 0, 0], [4, 3, 5]},
          {[1, 0, 0], [2, 3, 5]},
          {[1, 1, 2], [2, 2, 3]},
          {[3, 2, 4], [1, 1, 1]},
          {[0, 0, 0], [4, 0, 5]},
          {[-1, -3, -2], [1, 3, 2]}
        ] do
      part = Tensor.slice!(@cube, starts, lengths)
      assert part.shape == List.to_tuple(lengths)
      begin = Enum.zip_with(starts, [4, 3, 5], &Integer.mod/2)

      for a <- places(lengths, 0), b <- places(lengths, 1), c <- places(lengths, 2) do
        place = Enum.zip_with(begin, [a, b, c], &+/2)
        assert element(part, [a, b, c]) == element(@cube, place)
      end
    end
  end

  defp places(lengths, n), do: 0..(Enum.at(lengths, n) - 1)//1

  test "every width of element" do
    for dtype <- [:u8, :bf16, :f32, :f64, :c128] do
      tensor = Tensor.new([[1, 2, 3], [4, 5, 6]], dtype)
      expected = Tensor.new([[2, 3], [5, 6]], dtype)
      assert Tensor.narrow!(tensor, -1, 1, 2) == expected
    end
  end

  test "rows, elements and shapes" do
    assert Tensor.at!(@cube, 1) ==
             Tensor.reshape!(Tensor.slice!(@cube, [1, 0, 0], [1, 3, 5]), {3, 5})

    assert 12 == @cube |> Tensor.at!(0) |> Tensor.at!(1) |> Tensor.at!(2) |> Tensor.to_list()
    assert Tensor.reshape!(@cube, [-1]).shape == {60}
    assert Tensor.reshape!(Tensor.new([]), {0, 4}).shape == {0, 4}
    assert Tensor.reshape!(Tensor.new(7), {1, 1}) |> Tensor.to_list() == [[7]]
  end

  test "what does not fit is an error" do
    for bad <- [
          Tensor.reshape(@cube, {7, -1}),
          Tensor.reshape(@cube, {-1, -1}),
          Tensor.reshape(@cube, :flat),
          Tensor.reshape(Tensor.new([]), {0, -1}),
          Tensor.slice(@cube, [0, 0], [1, 1]),
          Tensor.slice(@cube, [0, 0, 3], [1, 1, 3]),
          Tensor.slice(@cube, [-5, 0, 0], [1, 1, 1]),
          Tensor.slice(@cube, [0, 0, 0], [1, 1, -1]),
          Tensor.slice(@cube, nil, nil),
          Tensor.narrow(@cube, 3, 0, 1),
          Tensor.narrow(@cube, 0, 4, 1),
          Tensor.at(@cube, 4),
          Tensor.at(Tensor.new(1), 0)
        ] do
      assert {:error, %Error{category: :validation, reason: "bad_tensor"}} = bad
    end

    far = %Tensor{dtype: :f32, shape: {2}, ref: %Ref{id: "obj-1", session_id: "s"}}
    assert {:error, %Error{reason: "invalid_argument", message: message}} = Tensor.at(far, 0)
    assert message =~ "fetch"
    assert_raise Error, fn -> Tensor.reshape!(@cube, {1}) end
  end

  test "what is no Nx tensor is an error as data" do
    for other <- [5, nil, "x", %{}, Tensor.new(1)] do
      assert {:error, %Vllm.Error{reason: "invalid_argument", message: message}} =
               Tensor.from_nx(other)

      assert message =~ "an Nx.Tensor was expected, got: "
    end
  end
end
