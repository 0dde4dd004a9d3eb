Code.require_file("../support/opentelemetry.exs", __DIR__)

defmodule Vllm.TracesTest do
  # One trace from a call of Elixir's to what its rank does, exported to a receiver of OTLP over HTTP.
  use ExUnit.Case, async: false

  alias Vllm.{Distributed, Session, World}

  @bridge :traced
  @trace "0af7651916cd43dd8448eb211c80319c"
  @span "b7ad6b7169203331"

  setup_all do
    {:ok, listener} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}])
    {:ok, port} = :inet.port(listener)
    {:ok, received} = Agent.start_link(fn -> [] end)
    spawn_link(fn -> accept(listener, received) end)

    Code.ensure_loaded!(:otel_ctx)
    System.put_env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:#{port}")
    args = ["--size", "1", "--heartbeat-interval", "0.1"]
    start_supervised!({Vllm.Bridge, name: @bridge, server: :embedded, args: args})
    System.delete_env("OTEL_EXPORTER_OTLP_ENDPOINT")
    %{received: received}
  end

  setup do
    on_exit(fn -> :otel_ctx.attach(%{}) end)
    :otel_ctx.attach(%{traceparent: "00-#{@trace}-#{@span}-01"})
    :ok
  end

  defp accept(listener, received) do
    # It is closed with the process that opened it, after the last test.
    with {:ok, socket} <- :gen_tcp.accept(listener) do
      spawn_link(fn -> serve(socket, received, "") end)
      accept(listener, received)
    end
  end

  defp serve(socket, received, buffer) do
    with [head, rest] <- :binary.split(buffer, "\r\n\r\n"),
         [_, length] = Regex.run(~r/content-length: (\d+)/i, head),
         size = String.to_integer(length),
         <<body::binary-size(size), rest::binary>> <- rest do
      Agent.update(received, &[body | &1])
      :ok = :gen_tcp.send(socket, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
      serve(socket, received, rest)
    else
      _incomplete ->
        case :gen_tcp.recv(socket, 0) do
          {:ok, more} -> serve(socket, received, buffer <> more)
          {:error, :closed} -> :ok
        end
    end
  end

  # The spans of the trace: `{name, parent id}`. Field 1 of a span is the trace's id, 2 its own, 4 its parent's,
  # 5 its name; the first three have the length of their bytes before them, and so has the last.
  defp spans(received) do
    trace = Base.decode16!(@trace, case: :lower)

    for body <- Agent.get(received, & &1),
        {at, _length} <- :binary.matches(body, <<0x0A, 16>> <> trace) do
      <<_before::binary-size(at), 0x0A, 16, _trace::binary-size(16), rest::binary>> = body
      <<0x12, 8, id::binary-size(8), rest::binary>> = rest
      <<0x22, 8, parent::binary-size(8), 0x2A, size, name::binary-size(size), _::binary>> = rest
      %{id: id, parent: parent, name: name}
    end
  end

  defp await_spans(received, names, tries \\ 3_000) do
    found = spans(received)

    cond do
      Enum.sort(Enum.map(found, & &1.name)) == Enum.sort(names) -> found
      tries == 0 -> flunk("spans: #{inspect(found)}")
      true -> Process.sleep(10) && await_spans(received, names, tries - 1)
    end
  end

  defp forget(received), do: Agent.update(received, fn _bodies -> [] end)

  test "straight to the ranks of a world, whose processes go on in the trace", context do
    forget(context.received)
    {:ok, world} = World.start(tensor_parallel_size: 2, bridge: @bridge)
    ones = Vllm.Tensor.from_list!([1.0])
    call = fn _rank -> Distributed.tensor_model_parallel_all_reduce!(ones) end
    assert {:ok, [_, _]} = World.run(world, call)

    name = "Distributed/TensorModelParallelAllReduce"
    names = List.duplicate([name, "queue", "run", "gate"], 2) |> List.flatten()
    found = await_spans(context.received, names)
    caller = Base.decode16!(@span, case: :lower)
    calls = Enum.filter(found, &(&1.name == name))
    assert Enum.map(calls, & &1.parent) == [caller, caller]

    for call <- calls,
        do: assert(Enum.any?(found, &(&1.name == "run" and &1.parent == call.id)))

    World.stop(world)
  end

  test "through the pool, and on to a rank", context do
    forget(context.received)
    opts = [bridge: @bridge]
    assert {:ok, {0, 15}} = Distributed.get_pp_indices(61, 0, 4, __runtime__: opts)
    name = "Distributed/GetPpIndices"
    found = await_spans(context.received, [name, "queue", name, "run"])
    caller = Base.decode16!(@span, case: :lower)
    assert [pool] = Enum.filter(found, &(&1.name == name and &1.parent == caller))
    assert [_rank] = Enum.filter(found, &(&1.name == name and &1.parent == pool.id))
  end

  test "a process that was started for a call goes on in the trace, and one without a trace is in none",
       context do
    forget(context.received)
    {:ok, session} = Session.open(affinity: :strict_queue, bridge: @bridge)
    run = [session_id: session.id, bridge: @bridge]
    :otel_ctx.attach(%{})
    assert {:ok, _} = Distributed.get_pp_indices(61, 0, 4, __runtime__: run)
    :otel_ctx.attach(%{fails: true})
    assert {:ok, _} = Distributed.get_pp_indices(61, 0, 4, __runtime__: run)
    :otel_ctx.attach(%{traceparent: "00-#{@trace}-#{@span}-00"})
    assert {:ok, _} = Distributed.get_pp_indices(61, 0, 4, __runtime__: run)
    :otel_ctx.attach(%{traceparent: "00-#{@trace}-#{@span}-01\r\nx"})
    assert {:ok, _} = Distributed.get_pp_indices(61, 0, 4, __runtime__: run)

    :otel_ctx.attach(%{traceparent: "00-#{@trace}-#{@span}-01"})
    async = Vllm.async(fn -> Distributed.get_pp_indices(61, 0, 4, __runtime__: run) end)
    assert {:ok, {0, 15}} = Vllm.await(async)
    await_spans(context.received, ["Distributed/GetPpIndices", "run"])
    Session.close(session)
  end
end
