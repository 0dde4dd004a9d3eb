Code.require_file("../../support_h2/peer.exs", __DIR__)
Code.require_file("../../support_h2/generate.exs", __DIR__)

defmodule Vllm.Bridge.HTTP2.FuzzTest do
  # Whatever a peer sends, the parsers return: 127,000 inputs, random ones and valid ones that are
  # spoilt. VLLM_FUZZ_SEED repeats a run or makes another one.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.Peer

  alias Vllm.Bridge.Connection.{Call, Grpc, StreamCall}
  alias Vllm.Bridge.{Generate, Protobuf}
  alias Vllm.Bridge.HTTP2.{Client, Frame, Hpack}

  @moduletag timeout: 120_000
  @seed String.to_integer(System.get_env("VLLM_FUZZ_SEED", "1"))

  # Checks `count` inputs of `generate`; a failure names the input and how to repeat it.
  defp fuzz(count, number, generate, check) do
    :rand.seed(:exsss, {@seed, number, 0})

    for n <- 1..count do
      input = generate.()

      try do
        check.(input)
      rescue
        error ->
          message =
            "input #{n} of #{count}, VLLM_FUZZ_SEED=#{@seed}: #{inspect(input, limit: :infinity)}\n" <>
              Exception.message(error)

          reraise ExUnit.AssertionError.exception(message), __STACKTRACE__
      end
    end
  end

  describe "frames" do
    test "20,000 random ones, with headers that make sense and without" do
      check = fn bytes -> check_frame(Frame.decode(bytes, 16_384), bytes) end
      fuzz(10_000, 1, fn -> Generate.bytes(40) end, check)
      fuzz(10_000, 2, &random_frame/0, check)
    end

    test "10,000 valid ones that are spoilt" do
      fuzz(10_000, 3, fn -> Generate.spoilt(valid_frame()) end, fn bytes ->
        check_frame(Frame.decode(bytes, 16_384), bytes)
      end)
    end
  end

  defp check_frame({:ok, frame, rest}, bytes) do
    assert is_tuple(frame)
    assert byte_size(rest) < byte_size(bytes)
  end

  defp check_frame({:more, size}, bytes), do: assert(size > byte_size(bytes))

  defp check_frame({:stream_error, _stream, _code, message, rest}, bytes) do
    assert is_binary(message)
    assert byte_size(rest) < byte_size(bytes)
  end

  defp check_frame({:connection_error, _code, message}, _bytes), do: assert(is_binary(message))

  defp valid_frame do
    Enum.random([
      {:data, 1, true, "hello", 5},
      {:headers, 1, false, true, nil, block([{":status", "200"}])},
      {:headers, 1, false, true, {true, 3, 7}, block([{":status", "200"}])},
      {:priority, 1, {false, 3, 200}},
      {:rst_stream, 1, :cancel},
      {:settings, [header_table_size: 5, max_frame_size: 20_000]},
      {:push_promise, 1, 2, true, "x"},
      {:ping, false, "12345678"},
      {:goaway, 7, :no_error, "debug"},
      {:window_update, 1, 9},
      {:continuation, 1, true, "x"}
    ])
    |> then(&bytes([&1]))
  end

  defp random_frame do
    payload = :rand.bytes(Enum.random([0, 1, 4, 5, 6, 8, :rand.uniform(50)]))

    payload = if :rand.uniform(3) == 1, do: block([{":status", "200"}]) <> payload, else: payload

    type = Enum.random([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x42])
    flags = Enum.random([0, 1, 4, 5, 8, 0x2D, :rand.uniform(256) - 1])

    <<byte_size(payload)::24, type, flags, Enum.random([0, 1, 1, 3, 5, 2, 7])::32,
      payload::binary>>
  end

  describe "header blocks" do
    test "25,000, random and spoilt" do
      # One context for as long as it holds: entries of earlier blocks are found by later ones.
      check = fn block ->
        context = Process.get(:context, Hpack.new())

        case Hpack.decode(context, block, 4096) do
          {:ok, context, fields} when is_list(fields) -> keep_context(context)
          {:too_large, context} -> keep_context(context)
          {:error, message} when is_binary(message) -> Process.put(:context, Hpack.new())
        end
      end

      fuzz(15_000, 4, fn -> Generate.bytes(40) end, check)
      fuzz(10_000, 5, fn -> Generate.spoilt(valid_block()) end, check)
    end
  end

  defp keep_context(context) do
    assert context.table.size <= context.table.max_size
    Process.put(:context, context)
  end

  defp valid_block do
    fields =
      for _ <- 1..:rand.uniform(4) do
        name = Enum.random(~w(:status content-type grpc-status x-long authorization))
        {name, Enum.random(["200", "application/grpc", String.duplicate("v", 300)])}
      end

    {_encoder, block} = Hpack.encode(Hpack.new(huffman: Enum.random([:always, :never])), fields)
    IO.iodata_to_binary(block)
  end

  describe "connections" do
    test "10,000 random inputs behind valid SETTINGS" do
      fuzz(10_000, 6, fn -> Generate.bytes(100) end, &feed(busy_client(), [&1]))
    end

    test "20,000 sequences of frames with random contents" do
      frames = fn -> Enum.map_join(1..:rand.uniform(6), fn _ -> random_frame() end) end
      fuzz(20_000, 7, fn -> Generate.pieces(frames.()) end, &feed(busy_client(), &1))
    end

    test "5,000 conversations that are spoilt" do
      conversation =
        bytes([
          response(1),
          {:data, 1, false, "hello", 5},
          {:settings, [initial_window_size: 50, max_concurrent_streams: 3]},
          {:window_update, 1, 10},
          headers(1, [{"grpc-status", "0"}], true),
          {:goaway, 3, :no_error, ""},
          headers(3, [{":status", "200"}], true)
        ])

      spoilt = fn -> conversation |> Generate.spoilt() |> Generate.pieces() end
      fuzz(5_000, 8, spoilt, &feed(busy_client(), &1))
    end
  end

  defp busy_client do
    client = connected(max_concurrent_streams: 2, initial_window_size: 20)
    {:ok, client, 1, _} = Client.request(client, [{":path", "/"}], String.duplicate("a", 50))
    {:ok, client, 3, _} = Client.request(client, [{":path", "/"}], :stream)
    {:ok, client, 5, _} = Client.request(client, [{":path", "/"}], "waits")
    client
  end

  defp feed(client, pieces) do
    Enum.reduce(pieces, client, fn bytes, client ->
      {client, out, events} = Client.handle_bytes(client, bytes)
      assert IO.iodata_length(out) < 100_000
      assert is_list(events)
      assert client.active >= 0
      client
    end)
  end

  describe "gRPC" do
    @call [ref: nil, monitor: nil, max_size: 1_000]

    test "10,000 answers in pieces, spoilt and random" do
      fuzz(10_000, 9, &body/0, fn {fields, pieces} ->
        case unary(fields, pieces) do
          {:ok, message} -> assert is_binary(message) and byte_size(message) <= 1_000
          {:error, {kind, _}} -> assert kind == :protocol
          {:error, {:status, code, message, trailers}} -> check_status(code, message, trailers)
        end
      end)
    end

    test "5,000 streams of messages in pieces, spoilt and random" do
      fuzz(5_000, 10, &body/0, fn {_fields, pieces} ->
        read = Enum.reduce_while(pieces, struct!(StreamCall, @call), &stream/2)
        assert is_struct(read, StreamCall) or match?({:error, {:protocol, _}}, read)
      end)
    end

    test "5,000 statuses and their metadata" do
      fuzz(5_000, 11, &trailers/0, fn fields ->
        case Grpc.status(fields) do
          {:ok, code, message} -> check_status(code, message, Grpc.decode_metadata(fields))
          :error -> refute List.keymember?(fields, "grpc-status", 0)
        end
      end)
    end
  end

  defp check_status(code, message, trailers) do
    assert code in 0..16
    assert is_binary(message)
    for {name, value} <- trailers, do: assert(is_binary(name) and is_binary(value))
  end

  defp body do
    messages = for _ <- 1..:rand.uniform(3), do: Generate.bytes(30)
    framed = for message <- messages, into: "", do: <<0, byte_size(message)::32>> <> message
    bytes = Enum.random([framed, Generate.spoilt(framed), Generate.bytes(30)])
    {trailers(), Generate.pieces(bytes)}
  end

  defp trailers do
    message = Enum.random(["", "a%20b", "%", "%f", "%ff", "%zz", Generate.bytes(10)])
    binary = Enum.random(["", "AAEC", "AA==", "A", "*", "AA,BB", Generate.bytes(5)])

    Enum.take_random(
      [
        {"grpc-status", Enum.random(["0", "5", "17", "-1", "", "1e3", Generate.bytes(3)])},
        {"grpc-message", message},
        {"x-bin", binary},
        {":status", "200"}
      ],
      :rand.uniform(4)
    )
  end

  defp unary(fields, pieces) do
    answer =
      Enum.reduce_while(pieces, struct!(Call, @call), fn piece, call ->
        case Call.data(call, piece) do
          {:ok, call} -> {:cont, call}
          error -> {:halt, error}
        end
      end)

    with %Call{} = call <- answer, do: call |> Call.trailers(fields) |> Call.result()
  end

  defp stream(piece, call) do
    {:ok, call} = StreamCall.data(call, piece)

    case StreamCall.step(%{call | waiter: {:next, make_ref()}}) do
      {call, given_back, _answer} when given_back >= 0 ->
        assert call.held <= call.size
        {:cont, %{call | waiter: nil}}

      error ->
        {:halt, error}
    end
  end

  describe "messages" do
    test "17,000 of all generated modules: valid, spoilt and random" do
      modules = message_modules()
      assert length(modules) > 30

      valid = fn ->
        module = Enum.random(modules)
        message = Generate.message(module)
        {module, message, message |> Protobuf.encode() |> IO.iodata_to_binary()}
      end

      fuzz(2_000, 12, valid, fn {module, message, bytes} ->
        assert Protobuf.decode(module, bytes) == {:ok, message}
      end)

      check = fn {module, bytes} ->
        case Protobuf.decode(module, bytes) do
          {:ok, message} -> assert message.__struct__ == module
          {:error, reason} -> assert is_atom(reason) or is_tuple(reason)
        end
      end

      spoilt = fn ->
        {module, _message, bytes} = valid.()
        {module, Generate.spoilt(bytes)}
      end

      fuzz(10_000, 13, spoilt, check)
      fuzz(5_000, 14, fn -> {Enum.random(modules), Generate.bytes(30)} end, check)
    end
  end

  defp message_modules do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)

    for module <- modules,
        Code.ensure_loaded?(module),
        function_exported?(module, :__fields__, 0),
        do: module
  end
end
