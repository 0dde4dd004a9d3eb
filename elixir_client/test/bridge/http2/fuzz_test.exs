Code.require_file("../../support_h2/peer.exs", __DIR__)

defmodule Vllm.Bridge.HTTP2.FuzzTest do
  # Whatever a peer sends, the parsers return. Seeds are fixed: a failure repeats.
  use ExUnit.Case, async: true

  import Vllm.Bridge.HTTP2.Peer

  alias Vllm.Bridge.HTTP2.{Client, Hpack}

  @moduletag timeout: 120_000

  test "20,000 random header blocks" do
    :rand.seed(:exsss, {1, 1, 1})

    Enum.reduce(1..20_000, Hpack.new(), fn _, context ->
      case Hpack.decode(context, :rand.bytes(:rand.uniform(40)), 4096) do
        {:ok, context, fields} when is_list(fields) -> check_table(context)
        {:too_large, context} -> check_table(context)
        {:error, message} when is_binary(message) -> Hpack.new()
      end
    end)
  end

  defp check_table(context) do
    assert context.table.size <= context.table.max_size
    context
  end

  test "20,000 random inputs behind valid SETTINGS" do
    :rand.seed(:exsss, {2, 2, 2})

    for _ <- 1..20_000 do
      {client, out, events} = Client.handle_bytes(busy_client(), :rand.bytes(:rand.uniform(100)))
      check(client, out, events)
    end
  end

  test "20,000 sequences of frames with random contents" do
    :rand.seed(:exsss, {3, 3, 3})

    for _ <- 1..20_000 do
      frames = for _ <- 1..:rand.uniform(6), do: random_frame()

      Enum.reduce(frames, busy_client(), fn frame, client ->
        # In two pieces at a random place.
        {head, tail} = split(frame)
        {client, out, events} = Client.handle_bytes(client, head)
        check(client, out, events)
        {client, out, events} = Client.handle_bytes(client, tail)
        check(client, out, events)
      end)
    end
  end

  test "valid conversations with one byte changed" do
    :rand.seed(:exsss, {4, 4, 4})

    bytes =
      bytes([
        response(1),
        {:data, 1, false, "hello", 5},
        {:settings, [initial_window_size: 50, max_concurrent_streams: 3]},
        {:window_update, 1, 10},
        headers(1, [{"grpc-status", "0"}], true),
        {:goaway, 3, :no_error, ""},
        headers(3, [{":status", "200"}], true)
      ])

    for position <- 0..(byte_size(bytes) - 1), _ <- 1..20 do
      <<head::binary-size(position), _, tail::binary>> = bytes
      changed = head <> <<:rand.uniform(256) - 1>> <> tail
      {client, out, events} = Client.handle_bytes(busy_client(), changed)
      check(client, out, events)
    end
  end

  defp busy_client do
    client = connected(max_concurrent_streams: 2, initial_window_size: 20)
    {:ok, client, 1, _} = Client.request(client, [{":path", "/"}], String.duplicate("a", 50))
    {:ok, client, 3, _} = Client.request(client, [{":path", "/"}], :stream)
    {:ok, client, 5, _} = Client.request(client, [{":path", "/"}], "waits")
    client
  end

  defp check(client, out, events) do
    assert IO.iodata_length(out) < 100_000
    assert is_list(events)
    assert client.active >= 0
    client
  end

  defp split(bytes) do
    at = :rand.uniform(byte_size(bytes) + 1) - 1
    <<head::binary-size(at), tail::binary>> = bytes
    {head, tail}
  end

  defp random_frame do
    payload = :rand.bytes(Enum.random([0, 1, 4, 5, 6, 8, :rand.uniform(50)]))

    payload = if :rand.uniform(3) == 1, do: block([{":status", "200"}]) <> payload, else: payload

    type = Enum.random([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x42])
    flags = Enum.random([0, 1, 4, 5, 8, 0x2D, :rand.uniform(256) - 1])

    <<byte_size(payload)::24, type, flags, Enum.random([0, 1, 1, 3, 5, 2, 7])::32,
      payload::binary>>
  end
end
