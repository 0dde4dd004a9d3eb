defmodule Vllm.ContextTest do
  use ExUnit.Case, async: true

  alias Vllm.{Distributed, Error, Session}
  alias Vllm.Distributed.GroupCoordinator

  @moduletag timeout: 120_000

  setup do
    {:ok, session} = Session.open(affinity: :strict_queue)
    on_exit(fn -> Session.close(session) end)
    %{session: session}
  end

  # Whether gradients are on in the rank's thread: off inside of torch.no_grad.
  defp grad?(session) do
    Vllm.call!("torch.is_grad_enabled", [], __runtime__: [session_id: session.id])
  end

  defp no_grad(session),
    do: Vllm.call!("torch.no_grad", [], __runtime__: [session_id: session.id])

  defp await(fun, tries \\ 1_000) do
    cond do
      fun.() -> :ok
      tries == 0 -> flunk("what was awaited did not come")
      true -> receive(do: (:never -> :ok), after: (10 -> await(fun, tries - 1)))
    end
  end

  test "it is entered for the function, and its result comes back", %{session: session} do
    context = no_grad(session)
    assert Vllm.with_context(context, fn nil -> grad?(session) end) == {:ok, false}
    assert Vllm.with_context(context, fn -> {:error, :mine} end) == {:ok, {:error, :mine}}
    assert grad?(session)
    assert Vllm.release(context) == {:ok, 1}
  end

  test "it is exited when the function raises, throws or exits", %{session: session} do
    for {kind, end_it} <- [
          error: fn _ -> raise ArgumentError, "boom" end,
          throw: fn _ -> throw(:boom) end,
          exit: fn _ -> exit(:boom) end
        ] do
      caught =
        try do
          Vllm.with_context(no_grad(session), end_it)
        catch
          kind, reason -> {kind, reason}
        end

      assert {^kind, reason} = caught
      assert reason in [%ArgumentError{message: "boom"}, :boom]
      assert grad?(session)
    end
  end

  test "it is exited when the process is killed, the latest first, in another's session",
       %{session: session} do
    [outer, inner] = [no_grad(session), no_grad(session)]
    test = self()

    pid =
      spawn(fn ->
        Vllm.with_context(outer, fn _ ->
          Vllm.with_context(inner, fn _ ->
            send(test, :entered)
            receive(do: (:never -> :ok))
          end)
        end)
      end)

    assert_receive :entered, 30_000
    refute grad?(session)
    Process.exit(pid, :kill)
    await(fn -> grad?(session) end)
    # Neither is entered any more, and the session goes on.
    assert Vllm.with_context(outer, fn _ -> :again end) == {:ok, :again}
    assert Vllm.with_context(inner, fn _ -> :again end) == {:ok, :again}
  end

  test "errors of entering and of exiting come back", %{session: session} do
    {:ok, config} = Vllm.Config.EPLBConfig.new(__runtime__: [session_id: session.id])
    never = fn _ -> flunk("it ran") end
    assert {:error, %Error{reason: "not_a_context"}} = Vllm.with_context(config, never)

    context = no_grad(session)
    twice = Vllm.with_context(context, fn _ -> Vllm.with_context(context, never) end)
    assert {:ok, {:error, %Error{reason: "context_entered"}}} = twice
    assert grad?(session)

    assert {:error, %Error{reason: "session_" <> _}} =
             Vllm.with_context(context, fn _ -> Session.close(session) end)

    assert {:error, %Error{reason: "invalid_option"}} =
             Vllm.with_context(context, never, tiemout: 1)
  end

  test "a function as the last argument of what returns a context", %{session: session} do
    runtime = [__runtime__: [session_id: session.id]]
    assert Distributed.suppress_stdout(runtime, fn nil -> :done end) == {:ok, :done}
    assert Distributed.suppress_stdout!(runtime, fn -> :done end) == :done
    assert {:ok, %Vllm.Ref{}} = Distributed.suppress_stdout(runtime)

    assert {:error, %Error{}} =
             Distributed.graph_capture("cpu", runtime, fn _ -> flunk("it ran") end)

    {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)
    on_exit(fn -> Vllm.World.stop(world) end)

    results =
      Vllm.World.run(world, fn _rank ->
        alone = Distributed.get_pp_group!()

        inside =
          Distributed.patch_tensor_parallel_group!(alone, fn _ ->
            Distributed.get_tensor_model_parallel_world_size!()
          end)

        {:ok, capture} = Distributed.graph_capture("cpu", fn capture -> capture.type_name end)
        {:ok, capture_of} = GroupCoordinator.graph_capture(alone, & &1.type_name)
        {inside, capture, capture_of, Distributed.get_tensor_model_parallel_world_size!()}
      end)

    kind = "vllm_distributed.coordinator.capture.GraphCaptureContext"
    assert results == [{1, kind, kind, 2}, {1, kind, kind, 2}]
  end
end
