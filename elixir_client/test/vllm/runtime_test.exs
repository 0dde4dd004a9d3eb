defmodule Vllm.RuntimeTest do
  use ExUnit.Case, async: true
  doctest Vllm.Runtime

  alias Vllm.Runtime

  @no_defaults %{timeout: nil, timeout_profile: nil}

  defp timeout(options, defaults \\ %{}) do
    {:ok, runtime} = Runtime.validate(options)
    Runtime.timeout(runtime, Map.merge(@no_defaults, defaults))
  end

  test "the profiles" do
    assert timeout([]) == 120_000
    assert timeout(timeout_profile: :default) == 120_000
    assert timeout(timeout_profile: :ml_inference) == 600_000
    assert timeout(timeout_profile: :batch_job) == :infinity
    assert timeout(timeout_profile: :streaming) == 120_000
  end

  test "explicit beats profile beats configured default" do
    assert timeout([timeout: 5, timeout_profile: :ml_inference], %{timeout: 7}) == 5
    assert timeout([timeout_profile: :ml_inference], %{timeout: 7}) == 600_000
    assert timeout([], %{timeout: 7, timeout_profile: :batch_job}) == 7
    assert timeout([], %{timeout_profile: :batch_job}) == :infinity
    assert timeout([timeout: :infinity], %{timeout: 7}) == :infinity
  end

  test "a pool may be named by an atom" do
    assert {:ok, %{pool_name: "strict_pool"}} = Runtime.validate(pool_name: :strict_pool)
    assert {:ok, %{pool_name: "strict_pool"}} = Runtime.validate(pool_name: "strict_pool")
  end

  test "refuses what it does not know, naming value and choice" do
    for {options, text} <- [
          {[timout: 5], "unknown option timout; known are: session_id, bridge, timeout"},
          {[timeout: 0], "timeout must be milliseconds from 1 up, or :infinity, got: 0"},
          {[timeout: "5"], "got: \"5\""},
          {[timeout_profile: :fast], "must be one of :default, :ml_inference"},
          {[affinity: :strict], "must be one of :hint, :strict_queue, :strict_fail_fast"},
          {[tensors: :inline], "must be one of :value, :ref"},
          {[session_id: ""], "session_id must be a non-empty string"},
          {[bridge: nil], "bridge must be a name (an atom)"},
          {:oops, "__runtime__ must be a keyword list"}
        ] do
      assert {:error, %Vllm.Error{category: :validation, reason: "invalid_option"} = error} =
               Runtime.validate(options)

      assert error.message =~ text
    end
  end
end
