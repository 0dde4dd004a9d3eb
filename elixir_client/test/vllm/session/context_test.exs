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

  defp await(fun, tries \\ 3_000) do
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
      Vllm.World.run!(world, fn _rank ->
        alone = Distributed.get_pp_group!()

        inside =
          Distributed.patch_tensor_parallel_group!(alone, fn _ ->
            Distributed.get_tensor_model_parallel_world_size!()
          end)

        {:ok, capture} = Distributed.graph_capture("cpu", fn capture -> capture.type_name end)
        {:ok, capture_of} = GroupCoordinator.graph_capture(alone, & &1.type_name)
        {inside, capture, capture_of, Distributed.get_tensor_model_parallel_world_size!()}
      end)

    kind = "vllm_distributed.groups.operations.capture.GraphCaptureContext"
    assert results == [{1, kind, kind, 2}, {1, kind, kind, 2}]
  end

  test "what functions make is exited however the function ends" do
    {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)
    on_exit(fn -> Vllm.World.stop(world) end)

    endings = [
      returned: fn -> :returned end,
      error: fn -> raise "boom" end,
      throw: fn -> throw(:boom) end,
      exit: fn -> exit(:boom) end
    ]

    sizes =
      Vllm.World.run!(world, fn _rank ->
        alone = Distributed.get_pp_group!()

        for {kind, ending} <- endings do
          inside = fn _ ->
            assert Distributed.get_tensor_model_parallel_world_size!() == 1
            ending.()
          end

          outcome =
            try do
              Distributed.patch_tensor_parallel_group(alone, inside)
            catch
              kind, _reason -> {kind, :boom}
            end

          assert outcome in [{:ok, :returned}, {kind, :boom}]
          assert Distributed.get_tensor_model_parallel_world_size!() == 2

          # The others leave nothing open either: `context_order` would say so.
          for run <- [&Distributed.suppress_stdout/1, &Distributed.graph_capture("cpu", &1)] do
            try do
              assert run.(fn _ -> ending.() end) == {:ok, :returned}
            catch
              ^kind, _reason -> :ok
            end
          end
        end

        test = self()
        session = Session.current()

        pid =
          spawn(fn ->
            Session.with_session(session, fn ->
              Distributed.patch_tensor_parallel_group(alone, fn _ ->
                send(test, :entered)
                receive(do: (:never -> :ok))
              end)
            end)
          end)

        assert_receive :entered, 30_000
        assert Distributed.get_tensor_model_parallel_world_size!() == 1
        Process.exit(pid, :kill)
        await(fn -> Distributed.get_tensor_model_parallel_world_size!() == 2 end)
        Distributed.get_tensor_model_parallel_world_size!()
      end)

    assert sizes == [2, 2]
  end

  describe "in a session that may use several ranks" do
    setup do
      {:ok, session} = Session.open(affinity: :hint)
      on_exit(fn -> Session.close(session) end)
      %{hint: session}
    end

    # Other calls of the session, which keep its rank busy until the function has returned.
    defp among_others(session, fun) do
      busy = fn -> Vllm.call!("time.sleep", [0.02], __runtime__: [session_id: session.id]) end
      others = for _ <- 1..2, do: spawn_link(fn -> Stream.repeatedly(busy) |> Stream.run() end)
      result = fun.()
      for pid <- others, do: Process.unlink(pid) && Process.exit(pid, :kill)
      result
    end

    test "calls inside run in the context's session and rank", %{hint: session} do
      among_others(session, fn ->
        for _ <- 1..3 do
          inside = fn _ -> for _ <- 1..10, do: Vllm.call!("torch.is_grad_enabled", []) end
          assert {:ok, answers} = Vllm.with_context(no_grad(session), inside)
          assert Enum.uniq(answers) == [false]

          nested = fn _ -> Vllm.with_context(no_grad(session), fn -> grad?(session) end) end
          assert Vllm.with_context(no_grad(session), nested) == {:ok, {:ok, false}}
        end
      end)
    end

    test "it is exited where it was entered, also by a process that is killed", %{hint: session} do
      among_others(session, fn ->
        context = no_grad(session)
        test = self()

        pid =
          spawn(fn ->
            Vllm.with_context(context, fn _ ->
              send(test, {:inside, Vllm.call!("torch.is_grad_enabled", [])})
              receive(do: (:never -> :ok))
            end)
          end)

        assert_receive {:inside, false}, 30_000
        assert {:error, %Error{reason: "context_entered"}} = Vllm.release(context)
        Process.exit(pid, :kill)
        # It can be entered again, and only then be released.
        await(fn -> Vllm.with_context(context, fn -> :again end) == {:ok, :again} end)
        assert Vllm.release(context) == {:ok, 1}
      end)
    end

    test "the process is bound to what it was bound to, afterwards", %{
      hint: hint,
      session: strict
    } do
      assert Session.current() == nil

      Session.with_session(strict, fn ->
        assert {:ok, id} = Vllm.with_context(no_grad(hint), fn _ -> Session.current().id end)
        assert id == hint.id
        assert catch_throw(Vllm.with_context(no_grad(hint), fn _ -> throw(:boom) end)) == :boom
        assert Session.current() == strict
        # Objects made inside are where the context is.
        make = fn ->
          Vllm.call!("torch.ones", [1], __runtime__: [tensors: :ref]).ref.session_id
        end

        assert Vllm.with_context(no_grad(hint), make) == {:ok, hint.id}
      end)

      # In the bridge's own session nothing needs to be bound.
      assert Distributed.suppress_stdout(fn -> Session.current() end) == {:ok, nil}
    end
  end
end
