defmodule Vllm.CarriersTest do
  # The same calls in frames and by gRPC, in the same session of the same rank: what a caller sees is equal.
  # All other tests with real ranks run in frames, where the rank takes them.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.Connections
  alias Vllm.{Distributed, Error, Session, Tensor, World}

  @moduletag timeout: 180_000
  @grpc :carriers_by_grpc

  setup_all do
    {:ok, %{endpoint: endpoint}} = Vllm.Bridge.info()
    start_supervised!({Vllm.Bridge, name: @grpc, server: endpoint, carrier: :grpc})
    :ok
  end

  # The options of a session's calls, by carrier.
  defp session(opts \\ [affinity: :strict_queue]) do
    {:ok, session} = Session.open(opts)
    on_exit(fn -> Session.close(session) end)
    {:ok, by_grpc} = Session.open(session_id: session.id, bridge: @grpc)
    assert {Session.carrier(session), Session.carrier(by_grpc)} == {:frames, :grpc}
    assert session.endpoint == by_grpc.endpoint
    [[session_id: session.id], [session_id: session.id, bridge: @grpc]]
  end

  # What both carriers give, which is the same.
  defp both(runtimes, call) do
    [in_frames, by_grpc] = Enum.map(runtimes, &comparable(call.(&1)))
    assert in_frames == by_grpc
    in_frames
  end

  # Which call it was is another matter, and so is how long something took.
  defp comparable({:error, %Error{} = error}), do: {:error, %{error | call_id: nil}}
  defp comparable(result), do: result

  test "results, of every kind" do
    runtimes = session()

    assert both(runtimes, &Distributed.get_pp_indices(61, 1, 4, __runtime__: &1)) ==
             {:ok, {15, 30}}

    for value <- [nil, true, 1.5, "größer ☺", [1, [2]], String.duplicate("x", 900_000)],
        do:
          assert(
            {:ok, false} = both(runtimes, &Vllm.call("torch.is_tensor", [value], __runtime__: &1))
          )

    for elements <- [0, 1, 1_000, 100_000, 2_000_000] do
      tensor = Tensor.from_binary!(:rand.bytes(elements), :u8, {elements})
      assert both(runtimes, &Vllm.call("torch.clone", [tensor], __runtime__: &1)) == {:ok, tensor}
    end
  end

  test "a session whose calls go to the pool" do
    runtimes = session(affinity: :hint)

    assert both(runtimes, &Distributed.get_pp_indices(61, 1, 4, __runtime__: &1)) ==
             {:ok, {15, 30}}

    tensor = Tensor.from_binary!(:rand.bytes(2_000_000), :u8, {2_000_000})
    assert both(runtimes, &Vllm.call("torch.clone", [tensor], __runtime__: &1)) == {:ok, tensor}

    assert {:error, %Error{reason: "name_not_allowed"}} =
             both(runtimes, &Vllm.call("os.getpid", [], __runtime__: &1))

    [in_frames, by_grpc] = runtimes
    {:ok, kept} = Vllm.call("torch.arange", [4], __runtime__: [tensors: :ref] ++ in_frames)
    {:ok, tensor} = Tensor.fetch(kept, __runtime__: by_grpc)
    assert Tensor.to_list(tensor) == [0, 1, 2, 3]

    assert {:error, %Error{category: :timeout, reason: "deadline_exceeded"} = late} =
             Vllm.call("time.sleep", [3], __runtime__: [timeout: 1_000] ++ in_frames)

    assert late.message =~ "it is running"
  end

  test "objects that stay in the rank are the same ones" do
    [in_frames, by_grpc] = session()
    {:ok, kept} = Vllm.call("torch.arange", [4], __runtime__: [tensors: :ref] ++ in_frames)
    {:ok, tensor} = Tensor.fetch(kept, __runtime__: by_grpc)
    assert Tensor.to_list(tensor) == [0, 1, 2, 3]
    assert Vllm.get_attribute(kept, "ndim", __runtime__: in_frames) == {:ok, 1}
    assert Vllm.release(kept, __runtime__: by_grpc) == {:ok, 1}
    assert {:error, %Error{}} = Tensor.fetch(kept, __runtime__: in_frames)
  end

  test "errors: category, reason, message, details and traceback" do
    runtimes = session()

    for call <- [
          &Distributed.get_pp_indices(61, 9, 4, __runtime__: &1),
          &Distributed.get_pp_group(__runtime__: &1),
          &Vllm.call("torch.nothing", [], __runtime__: &1),
          &Vllm.call("os.system", ["true"], __runtime__: &1),
          &Vllm.call("torch.zeros", [[-1]], __runtime__: &1),
          &Vllm.call("torch.zeros", [[2]], dtype: "float99", __runtime__: &1)
        ] do
      assert {:error, %Error{category: category, message: message}} = both(runtimes, call)
      assert category in [:validation, :python_error] and message != ""
    end

    gone =
      for runtime <- runtimes, do: Keyword.put(runtime, :session_id, "session-that-never-was")

    assert {:error, %Error{}} = both(gone, &Vllm.get_attribute(ref(), "x", __runtime__: &1))
  end

  defp ref, do: %Vllm.Ref{session_id: "session-that-never-was", id: "1", type_name: "x"}

  test "a deadline: the caller is answered, and what became of the call is known" do
    for runtime <- session() do
      opts = [__runtime__: [timeout: 1_000] ++ runtime]
      assert {:error, %Error{category: :timeout} = error} = Vllm.call("time.sleep", [3.0], opts)
      assert error.reason == "deadline_exceeded"
      # On a busy machine it may not have begun by then.
      assert error.details["call_state"] in ["running", "withdrawn"]
      # The rank is busy until then.
      assert {:ok, false} = Vllm.call("torch.is_tensor", [1], __runtime__: runtime)
    end
  end

  test "a rank that is busy refuses those that will not wait" do
    [in_frames, by_grpc] = session(affinity: :strict_fail_fast)
    busy = fn runtime -> Vllm.call("torch.is_tensor", [1], __runtime__: runtime) end

    # Both connections are open before the rank is busy: opening one may take its time. What other tests
    # have left to the rank may still run.
    idle = fn -> {busy.(in_frames), busy.(by_grpc)} == {{:ok, false}, {:ok, false}} end
    assert eventually(idle)
    # The calls that look whether it is busy may be in its way.
    sleep = fn -> Vllm.call("time.sleep", [5.0], __runtime__: in_frames) == {:ok, nil} end
    task = Task.async(fn -> eventually(sleep) end)
    assert eventually(fn -> match?({:error, %Error{reason: "worker_busy"}}, busy.(by_grpc)) end)
    assert {:error, %Error{reason: "worker_busy", category: :worker}} = busy.(in_frames)
    assert Task.await(task, 60_000)
  end

  test "a world's collectives, a rank by each carrier" do
    {:ok, world} = World.start(tensor_parallel_size: 2)
    by_grpc = for session <- world.sessions, do: %{session | bridge: @grpc}
    :ok = Connections.bind(@grpc, by_grpc)
    [first, _second] = world.sessions
    [_first, second] = by_grpc
    assert {Session.carrier(first), Session.carrier(second)} == {:frames, :grpc}

    sums =
      [first, second]
      |> Enum.map(fn session ->
        Task.async(fn ->
          Session.with_session(session, fn ->
            Distributed.tensor_model_parallel_all_reduce(Tensor.new([session.rank + 1]))
          end)
        end)
      end)
      |> Task.await_many(60_000)

    assert [{:ok, sum}, {:ok, sum}] = sums
    assert Tensor.to_list(sum) == [3]
    :ok = World.stop(world)
  end

  defp eventually(check, tries \\ 500)
  defp eventually(_check, 0), do: false

  defp eventually(check, tries) do
    check.() or receive(do: (:never -> false), after: (10 -> eventually(check, tries - 1)))
  end
end
