defmodule Vllm.Call.ArgumentsTest do
  use ExUnit.Case, async: true

  alias Vllm.Call.{Arguments, Spec}

  @unset Arguments.unset()

  @spec_ %Spec{
    function: "f",
    path: "/s/F",
    params: [
      {:size, 1, :int, :required},
      {:ranks, 2, {:list, :int}, :optional},
      {:backend, 3, {:nullable, :string}, :optional}
    ],
    result: :none
  }

  test "positional arguments, as generated functions pass them" do
    assert Arguments.bind(@spec_, [1, @unset, @unset, @unset]) == {:ok, [1, @unset, @unset], []}
    assert Arguments.bind(@spec_, [1, [2], "gloo", @unset]) == {:ok, [1, [2], "gloo"], []}
    assert Arguments.bind(@spec_, [1, [2], "gloo", []]) == {:ok, [1, [2], "gloo"], []}
    assert Arguments.bind(@spec_, [1, [2], nil, @unset]) == {:ok, [1, [2], nil], []}
  end

  test "keywords in the place of any argument" do
    for args <- [
          [[size: 1, backend: "gloo"], @unset, @unset, @unset],
          [1, [backend: "gloo"], @unset, @unset],
          [1, @unset, @unset, [backend: "gloo"]]
        ] do
      assert Arguments.bind(@spec_, args) == {:ok, [1, @unset, "gloo"], []}
    end

    assert Arguments.bind(@spec_, [1, [ranks: [2]], @unset, @unset]) ==
             {:ok, [1, [2], @unset], []}
  end

  test "a timeout outside of __runtime__ is told where it belongs" do
    assert {:error, message} = Arguments.bind(@spec_, [1, [timeout: 5_000], @unset, @unset])
    assert message =~ "f takes no keyword timeout"
    assert message =~ "__runtime__: [timeout: 5000]"
    # A parameter of that name is one.
    spec = %Spec{@spec_ | params: [{:timeout, 1, :int, :optional}]}
    assert Arguments.bind(spec, [[timeout: 5], @unset]) == {:ok, [5], []}
  end

  test "__runtime__ stands among the keywords" do
    assert Arguments.bind(@spec_, [1, [__runtime__: [timeout: 5], backend: nil], @unset, @unset]) ==
             {:ok, [1, @unset, nil], [timeout: 5]}
  end

  test "an empty list is the value of a parameter that takes lists, else no options" do
    assert Arguments.bind(@spec_, [1, [], @unset, @unset]) == {:ok, [1, [], @unset], []}
    assert Arguments.bind(@spec_, [1, [2], [], @unset]) == {:ok, [1, [2], @unset], []}
  end

  test "a function without defaults takes keywords in the place of its last argument" do
    spec = %Spec{@spec_ | params: [{:a, 1, :int, :required}, {:b, 2, :int, :required}]}
    assert Arguments.bind(spec, [1, [b: 2], []]) == {:ok, [1, 2], []}
    assert Arguments.bind(spec, [1, 2, []]) == {:ok, [1, 2], []}

    assert Arguments.bind(spec, [1, 2, [__runtime__: [timeout: 1]]]) ==
             {:ok, [1, 2], [timeout: 1]}
  end

  test "a list that is no keyword list is a value wherever it stands" do
    assert Arguments.bind(@spec_, [1, [1, 2], @unset, @unset]) == {:ok, [1, [1, 2], @unset], []}
  end

  test "says what is wrong" do
    for {args, text} <- [
          {[[], @unset, @unset, @unset], "f: argument size is missing; it has no default"},
          {[1, [bogus: 2], @unset, @unset],
           "f takes no keyword bogus; it accepts: size, ranks, backend, __runtime__"},
          {[1, [size: 2], @unset, @unset],
           "f: argument size is given twice, by position and by keyword"},
          {[1, [backend: "a", backend: "b"], @unset, @unset],
           "f: keyword backend is given twice"},
          {[1, [2], "gloo", 5], "f: the last argument must be a keyword list"}
        ] do
      assert {:error, message} = Arguments.bind(@spec_, args)
      assert message =~ text
    end
  end

  test "the receiver of a method is not listed among the keywords" do
    spec = %Spec{@spec_ | params: [{:receiver, 1, :group, :required}, {:dim, 2, :int, :optional}]}
    assert {:error, message} = Arguments.bind(spec, [:group, [bogus: 1], @unset])
    assert message =~ "it accepts: dim, __runtime__"
  end

  test "a function is the last argument given, or there is none" do
    fun = fn value -> value end
    assert Arguments.split_function([:device, fun, @unset]) == {fun, [:device]}
    assert Arguments.split_function([:device, @unset, fun]) == {fun, [:device]}
    assert Arguments.split_function([:device, @unset, @unset]) == {nil, [:device]}
  end

  test "a function may stand in the place of any argument that was not given" do
    fun = fn value -> value end
    assert Arguments.split_function([:group, fun, [], nil]) == {fun, [:group]}
    assert Arguments.split_function([:group, @unset, fun, nil]) == {fun, [:group]}

    assert Arguments.split_function([:group, :context, [a: 1], fun]) ==
             {fun, [:group, :context, [a: 1]]}

    assert Arguments.split_function([nil, fun, nil]) == {fun, [nil]}
    # nil may be the value of a parameter.
    assert Arguments.split_function([nil, [], nil]) == {nil, [nil, []]}
  end

  test "keywords may come first, after some arguments, or alone" do
    for args <- [
          [[size: 1, ranks: [2]], @unset, @unset, []],
          [1, [ranks: [2]], @unset, []],
          [1, [2], @unset, []]
        ] do
      assert Arguments.bind(@spec_, args) == {:ok, [1, [2], @unset], []}
    end

    by_name = %{@spec_ | by_name: true}
    assert Arguments.bind(by_name, [[size: 1]]) == {:ok, [1, @unset, @unset], []}
    assert {:error, message} = Arguments.bind(by_name, [1])
    assert message =~ "must be a keyword list"
  end

  test "a keyword list at the end that is meant as a value is explained" do
    spec = %{@spec_ | params: [{:obj, 1, :term, :required}, {:src, 2, :int, :optional}]}
    assert {:error, message} = Arguments.bind(spec, [[a: 1], @unset, []])
    assert message =~ "To send a keyword list itself, write obj: [...]"
    assert Arguments.bind(spec, [[obj: [a: 1]], @unset, []]) == {:ok, [[a: 1], @unset], []}
  end
end
