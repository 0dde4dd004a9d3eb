defmodule Vllm.RuntimeTest do
  use ExUnit.Case, async: true

  alias Vllm.Runtime

  alias Vllm.Bridge.{Profiles, V1}
  alias Vllm.Google.Protobuf.Duration

  @no_defaults %{timeout: nil, timeout_profile: nil, stream_timeout: nil}

  defp timeout(options, defaults \\ %{}, profiles \\ Profiles.merge(%{}, %{})) do
    {:ok, runtime} = Runtime.validate(options)

    with {:ok, timeout} <- Runtime.timeout(runtime, Map.merge(@no_defaults, defaults), profiles),
         do: timeout
  end

  defp stream_timeout(options, defaults \\ %{}, profiles \\ Profiles.merge(%{}, %{})) do
    {:ok, runtime} = Runtime.validate(options)

    with {:ok, timeout} <-
           Runtime.stream_timeout(runtime, Map.merge(@no_defaults, defaults), profiles),
         do: timeout
  end

  test "a profile of the call beats the bridge's timeout" do
    profiles = %{"default" => {120_000, 1_800_000}, "slow" => {600_000, :infinity}}
    assert timeout([timeout_profile: :slow], %{timeout: 1_000}, profiles) == 600_000
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
    assert timeout([], %{timeout: 7, timeout_profile: "batch_job"}) == 7
    assert timeout([], %{timeout_profile: "batch_job"}) == :infinity
    assert timeout([timeout: :infinity], %{timeout: 7}) == :infinity
  end

  test "of streams" do
    assert stream_timeout([]) == 1_800_000
    assert stream_timeout(timeout: 5, timeout_profile: :streaming) == 1_800_000
    assert stream_timeout(timeout_profile: "batch_job") == :infinity
    assert stream_timeout([stream_timeout: 5, timeout_profile: :batch_job], %{}) == 5
    assert stream_timeout([], %{stream_timeout: 7, timeout: 1}) == 7
    assert stream_timeout([timeout_profile: :streaming], %{stream_timeout: 7}) == 1_800_000
  end

  describe "profiles" do
    test "of the server, under the bridge's own, over the standard ones" do
      server =
        Profiles.from_message(%V1.Profiles{
          profiles: [
            %V1.TimeoutProfile{name: "default", call_timeout: %Duration{seconds: 1}},
            %V1.TimeoutProfile{
              name: "theirs",
              call_timeout: %Duration{nanos: 250_000_000},
              stream_timeout: %Duration{seconds: 2, nanos: 1_500_000}
            },
            %V1.TimeoutProfile{name: "both"}
          ]
        })

      {:ok, own} = Profiles.configured(both: [timeout: 3], ours: %{stream_timeout: :infinity})
      profiles = Profiles.merge(own, server)

      assert timeout([], %{}, profiles) == 1_000
      assert stream_timeout([], %{}, profiles) == :infinity
      assert timeout([timeout_profile: :theirs], %{}, profiles) == 250
      assert stream_timeout([timeout_profile: :theirs], %{}, profiles) == 2_001
      assert timeout([timeout_profile: "both"], %{}, profiles) == 3
      assert timeout([timeout_profile: :ours], %{}, profiles) == 120_000
      assert stream_timeout([timeout_profile: :ours], %{}, profiles) == :infinity
      assert timeout([timeout_profile: :ml_inference], %{}, profiles) == 600_000
    end

    test "that nobody knows: the error lists the known ones, and makes no atom" do
      assert {:error, %Vllm.Error{category: :validation} = error} =
               timeout(timeout_profile: "no such profile")

      assert error.reason == "unknown_timeout_profile"
      assert error.message =~ "no such profile"
      assert error.message =~ "batch_job, default, ml_inference, streaming"
      assert_raise ArgumentError, fn -> String.to_existing_atom("no such profile") end
    end

    test "are checked" do
      for {profiles, text} <- [
            {%{x: [timeout: 0]}, ":x: timeout must be milliseconds"},
            {%{x: [timeot: 1]}, ":x: unknown option timeot"},
            {%{x: 5}, ":x must be a keyword list, got: 5"},
            {%{5 => []}, "{5, []} is not a name"}
          ] do
        assert {:error, message} = Profiles.configured(profiles)
        assert message =~ text
        assert {:error, error} = Vllm.Bridge.start_link(timeout_profiles: profiles)
        assert error.message =~ text
      end
    end
  end

  test "a pool may be named by an atom" do
    assert {:ok, %{pool_name: "strict_pool"}} = Runtime.validate(pool_name: :strict_pool)
    assert {:ok, %{pool_name: "strict_pool"}} = Runtime.validate(pool_name: "strict_pool")
  end

  test "refuses what it does not know, naming value and choice" do
    for {options, text} <- [
          {[timout: 5], "unknown option timout; known are: session_id, bridge, timeout, "},
          {[timeout: 0], "timeout must be milliseconds from 1 up, or :infinity, got: 0"},
          {[timeout: "5"], "got: \"5\""},
          {[timeout_profile: 5], "timeout_profile must be a non-empty string or an atom"},
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
