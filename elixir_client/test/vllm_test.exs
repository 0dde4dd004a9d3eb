defmodule VllmTest do
  use ExUnit.Case, async: true

  alias Vllm.{Error, Ref}

  @ref %Ref{id: "o1", session_id: "s1", type_name: "torch.Tensor"}

  test "wrong arguments and options are named before anything is sent" do
    for {result, text} <- [
          {Vllm.call("torch.add", 5), "torch.add: arguments must be a list, got: 5"},
          {Vllm.call("torch.add", [], 5), "torch.add: options must be a keyword list, got: 5"},
          {Vllm.call(@ref, "view", [], [1]), "torch.Tensor.view: options must be a keyword list"},
          {Vllm.call("torch.add", [self()]), "torch.add: an argument cannot be sent"},
          {Vllm.call("torch.add", [], out: self()), "torch.add: an argument cannot be sent"},
          {Vllm.call("torch.add", [], __runtime__: [timeout: -1]),
           "timeout must be milliseconds"},
          {Vllm.get_attribute(@ref, "shape", nmae: 1),
           "unknown option nmae; known is __runtime__"},
          {Vllm.release(@ref, force: true), "unknown option force"}
        ] do
      assert {:error, %Error{category: :validation} = error} = result
      assert error.message =~ text
    end

    assert_raise Error, ~r/arguments must be a list/, fn -> Vllm.call!("torch.add", 5) end
  end

  test "nothing to release needs nobody" do
    assert Vllm.release([], __runtime__: [bridge: :none]) == {:ok, 0}
  end
end
