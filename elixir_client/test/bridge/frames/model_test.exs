Code.require_file("../../support_h2/fake_rank.exs", __DIR__)
Code.require_file("../../support_h2/generate.exs", __DIR__)

defmodule Vllm.Bridge.Frames.ModelTest do
  # Whatever a rank sends, every call is ended once, and by what is meant for it: 100,000 random sequences of
  # calls, cancellations and frames, side by side with a model. The model reads frames with the protobuf
  # parser alone. VLLM_FUZZ_SEED repeats a run or makes another one.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{FakeRank, Generate, Protobuf, V1}
  alias Vllm.Bridge.Frames.{Calls, Wire}
  alias Vllm.Bridge.V1.Frame

  @moduletag timeout: 120_000
  @seed String.to_integer(System.get_env("VLLM_FUZZ_SEED", "1"))

  defp seed(number), do: :rand.seed(:exsss, {@seed, number, 1})

  # --- frames and what they mean ----------------------------------------------------------------

  defp random_frame do
    id = :rand.uniform(9) - 1

    case :rand.uniform(12) do
      n when n <= 5 -> reply(id)
      n when n <= 7 -> bytes(%Frame{id: id, failure: Generate.message(Frame.Failure)})
      8 -> bytes(Generate.message(Frame, 2))
      9 -> Generate.bytes(12)
      _spoilt -> Generate.spoilt(Enum.random([reply(id), reply(big_id())]))
    end
  end

  defp reply(id), do: bytes(%Frame{id: id, reply: Generate.message(Frame.Reply, 1)})
  defp big_id, do: Enum.random([127, 128, 300, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
  defp bytes(frame), do: FakeRank.bytes(frame)

  # As the protobuf parser reads it.
  defp meaning(bytes) do
    with {:ok, frame} <- Protobuf.decode(Frame, bytes) do
      kinds = frame |> Map.from_struct() |> Enum.filter(fn {_kind, value} -> is_struct(value) end)

      case {frame.id, kinds} do
        {0, [failure: %{code: 8, message: text}]} -> {:refused, {:too_many_connections, text}}
        {0, [failure: %{code: code}]} when code > 0 -> :broken
        {id, [reply: reply]} when id > 0 -> {:ends, id, {:ok, reply.body}}
        {id, [failure: %{code: code} = failure]} when code > 0 -> {:ends, id, status(failure)}
        _no_answer -> :broken
      end
    else
      {:error, _malformed} -> :broken
    end
  end

  defp status(failure) do
    code = if failure.code > 16, do: 2, else: failure.code
    trailers = for pair <- failure.trailers, do: {pair.key, pair.value}
    {:error, {:status, code, failure.message, detail(failure.error) ++ trailers}}
  end

  defp detail(nil), do: []

  defp detail(error),
    do: [{"vllm-error-bin", error |> Protobuf.encode() |> IO.iodata_to_binary()}]

  # --- the model --------------------------------------------------------------------------------

  test "100,000 random sequences" do
    seed(1)
    frames = for _ <- 1..20_000, bytes = random_frame(), do: {bytes, meaning(bytes)}
    frames = List.to_tuple(frames)

    for n <- 1..100_000 do
      steps = for _ <- 1..:rand.uniform(12), do: step(frames)

      try do
        run(steps, %Calls{}, %{}, [])
      rescue
        error ->
          message =
            "sequence #{n}, VLLM_FUZZ_SEED=#{@seed}: #{inspect(steps, limit: :infinity)}\n"

          reraise ExUnit.AssertionError.exception(message <> Exception.message(error)),
                  __STACKTRACE__
      end
    end
  end

  defp step(frames) do
    case :rand.uniform(10) do
      n when n <= 4 -> :open
      5 -> {:give_up, :rand.uniform(8)}
      _frame -> {:frame, elem(frames, :rand.uniform(tuple_size(frames)) - 1)}
    end
  end

  # `open`: refs by id; `ended`: the refs of calls that have ended, each once.
  defp run([], calls, open, ended), do: over(calls, open, ended)

  defp run([:open | steps], calls, open, ended) do
    ref = make_ref()
    {id, calls} = Calls.open(calls, %{ref: ref, monitor: ref, full?: false})
    assert id == map_size(open) + length(ended) + 1
    run(steps, calls, Map.put(open, id, ref), ended)
  end

  defp run([{:give_up, id} | steps], calls, open, ended) do
    case open do
      %{^id => ref} ->
        assert {^id, %{ref: ^ref}, calls} = Calls.give_up(calls, ref)
        assert Calls.give_up(calls, ref) == :none
        run(steps, calls, Map.delete(open, id), [ref | ended])

      _not_open ->
        assert Calls.give_up(calls, make_ref()) == :none
        run(steps, calls, open, ended)
    end
  end

  defp run([{:frame, {bytes, meaning}} | steps], calls, open, ended) do
    {event, calls} = Calls.received(calls, bytes)

    case meaning do
      {:ends, id, answer} when is_map_key(open, id) ->
        {ref, open} = Map.pop!(open, id)
        assert {:answer, %{ref: ^ref}, ^answer} = event
        run(steps, calls, open, [ref | ended])

      {:ends, _not_open, _answer} ->
        assert event == :none
        run(steps, calls, open, ended)

      {:refused, _text} = refused ->
        assert event == refused
        over(calls, open, ended)

      :broken ->
        assert {:broken, _reason} = event
        over(calls, open, ended)
    end
  end

  # The connection ends: what is open ends with it, and nothing else.
  defp over(calls, open, ended) do
    {rest, empty} = Calls.take_all(calls)
    assert Enum.sort(for call <- rest, do: call.ref) == Enum.sort(Map.values(open))
    assert Enum.uniq(ended) == ended
    assert {empty.open, empty.ids} == {%{}, %{}}
    assert empty.next == map_size(open) + length(ended) + 1
  end

  # --- the bytes --------------------------------------------------------------------------------

  test "calls and cancellations are those of the protobuf parser" do
    seed(2)

    for _ <- 1..5_000 do
      id = Enum.random([1, 127, 128, 20_000, Bitwise.bsl(1, 40)])
      timeout_us = Enum.random([0, 1, 127, 128, 120_000_000, Bitwise.bsl(1, 61)])
      body = Generate.bytes(Enum.random([0, 5, 127, 128, 200, 20_000]))
      metadata = for n <- 0..:rand.uniform(4)//1, n > 0, do: {"key-#{n}-bin", Generate.bytes(150)}
      path = "/a/" <> String.duplicate("M", :rand.uniform(150))
      {:ok, fields} = Wire.call(path, cut(body), byte_size(body), metadata)
      {:ok, token} = Wire.metadata(Enum.random([[], [{"authorization", "Bearer x"}]]))
      sent = id |> Wire.frame(timeout_us, token, fields) |> IO.iodata_to_binary()
      assert {:ok, %Frame{id: ^id, call: call} = frame} = Protobuf.decode(Frame, sent)
      assert frame == %Frame{id: id, call: call}
      assert {call.method, call.timeout_us, call.body} == {path, timeout_us, body}
      pairs = for %Frame.Pair{key: key, value: value} <- call.metadata, do: {key, value}
      assert pairs -- [{"authorization", "Bearer x"}] == metadata

      assert IO.iodata_to_binary(Wire.cancel(id)) ==
               bytes(%Frame{id: id, cancel: %Frame.Cancel{}})
    end
  end

  defp cut(bytes) do
    {head, tail} = Generate.split(bytes)
    [head, [tail]]
  end

  test "a rank's detail arrives as it is on gRPC" do
    detail = %V1.ErrorDetail{category: :worker, reason: "worker_busy", rank: 3}
    frame = %Frame{id: 5, failure: %Frame.Failure{code: 14, message: "busy", error: detail}}

    assert {:ok, {:failure, 5, 14, "busy", [{"vllm-error-bin", bytes}]}} =
             Wire.decode(bytes(frame))

    assert Protobuf.decode(V1.ErrorDetail, bytes) == {:ok, detail}
  end

  test "a body that is kept does not keep what else the socket read" do
    for size <- [0, 10, 8_000, 20_000] do
      frame = bytes(%Frame{id: 1, reply: %Frame.Reply{body: :rand.bytes(size)}})
      read = frame <> :rand.bytes(60_000)
      {:ok, {:reply, 1, body, []}} = Wire.decode(binary_part(read, 0, byte_size(frame)))
      if size <= 8_000, do: assert(:binary.referenced_byte_size(body) <= 8_000)
    end
  end
end
