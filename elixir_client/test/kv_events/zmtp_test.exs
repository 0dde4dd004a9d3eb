Code.require_file("fake_publisher.exs", __DIR__)

defmodule Vllm.KVEvents.ZmtpTest do
  use ExUnit.Case, async: true

  import Vllm.Test.FakePublisher, only: [bytes: 1, command: 2]

  alias Vllm.KVEvents.{Address, Zmtp}

  doctest Address

  @greeting <<0xFF, 0::64, 0x7F, 3, 1, "NULL", 0::48*8>>
  @ready <<4, 25, 5, "READY", 11, "Socket-Type", 3::32, "PUB">>

  setup do
    seed = :erlang.unique_integer([:positive]) + :os.system_time()
    :rand.seed(:exsss, seed)
    {:ok, seed: seed}
  end

  # All that comes of bytes in pieces: what is to be sent, and messages, in order.
  defp read(pieces, role \\ :sub, limit \\ 1_000_000) do
    {zmtp, greeting} = Zmtp.new(role, "kv", limit)
    assert <<0xFF, 0::64, 0x7F, 3, 1, "NULL", 0::48*8>> = IO.iodata_to_binary(greeting)

    Enum.reduce_while(pieces, {zmtp, []}, fn piece, {zmtp, found} ->
      case all(Zmtp.add(zmtp, piece), found) do
        {:error, _problem} = error -> {:halt, error}
        going_on -> {:cont, going_on}
      end
    end)
  end

  defp all(zmtp, found) do
    case Zmtp.next(zmtp) do
      {:more, zmtp} -> {zmtp, found}
      {:message, frames, zmtp} -> all(zmtp, [frames | found])
      {_ready_or_send, bytes, zmtp} -> all(zmtp, [IO.iodata_to_binary(bytes) | found])
      {:error, problem} -> {:error, problem}
    end
  end

  defp cut("", _most), do: []

  defp cut(bytes, most) do
    size = min(:rand.uniform(most), byte_size(bytes))
    <<piece::binary-size(size), rest::binary>> = bytes
    [piece | cut(rest, most)]
  end

  test "bytes that arrive cut anywhere are the same messages", %{seed: seed} do
    for _ <- 1..60 do
      {stream, expected} =
        1..:rand.uniform(20)
        |> Enum.map(fn _ ->
          case :rand.uniform(6) do
            1 ->
              {command("PING", <<0, 10, "context">>), [command("PONG", "context")]}

            2 ->
              {command("FUTURE", "x"), []}

            _message ->
              sizes = for _ <- 1..:rand.uniform(4), do: Enum.random([0, 1, 8, 255, 256, 3_000])
              frames = Enum.map(sizes, &:rand.bytes/1)
              {bytes(frames), [frames]}
          end
        end)
        |> Enum.unzip()

      whole = IO.iodata_to_binary([@greeting, @ready | stream])
      pieces = cut(whole, Enum.random([1, 7, 100, 5_000]))
      assert {%{size: 0}, found} = read(pieces), "seed #{seed}"
      [ready, subscribe | messages] = Enum.reverse(found)
      assert <<4, _, 5, "READY", 11, "Socket-Type", 3::32, "SUB">> = ready
      assert subscribe == command("SUBSCRIBE", "kv")
      assert messages == Enum.concat(expected), "seed #{seed}"
    end
  end

  test "a subscription is a message in ZMTP 3.0, and a DEALER has none" do
    older = <<0xFF, 0::64, 0x7F, 3, 0, "NULL", 0::48*8>>
    assert {zmtp, [<<0, 3, 1, "kv">>, _ready]} = read([older, @ready])
    refute Zmtp.pings?(zmtp)
    router = command("READY", <<11, "SOCKET-type", 6::32, "ROUTER", 8, "Identity", 0::32>>)
    assert {zmtp, ["", ready]} = read([@greeting, router], :dealer)
    assert ready =~ "DEALER"
    assert Zmtp.pings?(zmtp)
    assert Zmtp.ready?(zmtp)
    assert IO.iodata_to_binary(Zmtp.message(["", "a"])) == <<1, 0, 0, 1, "a">>
    long = String.duplicate("x", 300)
    assert IO.iodata_to_binary(Zmtp.message([long])) == <<2, 300::64>> <> long
  end

  test "what is no publisher is named" do
    for {pieces, words} <- [
          {["HTTP/1.1 400 Bad Request"], "does not speak ZeroMQ: it began with \"HTTP/1.1"},
          {[<<0xFF, 0::64>>, <<0>>], "does not speak ZeroMQ"},
          {[<<0xFF, 0::64, 0x7F, 1>>], "version 1"},
          {[<<0xFF, 0::64, 0x7F, 3, 0, "CURVE", 0::47*8>>], "mechanism \"CURVE\""},
          {[@greeting, command("READY", <<11, "Socket-Type", 4::32, "PULL">>)], "type \"PULL\""},
          {[@greeting, command("READY", "")], "type \"\""},
          {[@greeting, command("READY", <<200, "x">>)], "cannot be read"},
          {[@greeting, command("ERROR", <<3, "no!">>)], "refused the connection: \"no!\""},
          {[@greeting, <<0, 1, "x">>], "before it said what it is"},
          {[@greeting, command("HELLO", "")], "before it said what it is"},
          {[@greeting, <<0x80, 1>>], "flags 128"},
          {[@greeting, <<5, 1, "x">>], "in parts"},
          {[@greeting, <<6, 1_000_000::64>>], "a command of 1000000 bytes"},
          {[@greeting, @ready, <<2, 0xFFFFFFFFFFFFFFFF::64>>], "max_batch_bytes is 1000000"},
          {[@greeting, @ready, <<1, 200, 0::1600, 2, 999_900::64>>], "message of 1000100 bytes"},
          {[@greeting, @ready, :binary.copy(<<1, 0>>, 100)], "more than 16 parts"}
        ] do
      assert {:error, problem} = read(pieces)
      assert problem =~ words
    end
  end

  test "bytes of any kind return, and keep nothing beyond the limit", %{seed: seed} do
    for _ <- 1..2_000 do
      good = IO.iodata_to_binary([@greeting, @ready, bytes(["kv", <<1::64>>, :rand.bytes(40)])])
      place = :rand.uniform(byte_size(good)) - 1
      <<before::binary-size(place), byte, rest::binary>> = good

      bad =
        Enum.random([
          <<before::binary, :rand.uniform(256) - 1, rest::binary>>,
          <<before::binary, byte, :rand.bytes(5)::binary, rest::binary>>,
          before <> rest,
          :rand.bytes(80)
        ])

      case read(cut(bad, 30)) do
        {%Zmtp{need: need}, _found} -> assert need <= 1_000_009, "seed #{seed}"
        {:error, problem} -> assert String.valid?(problem)
      end
    end
  end

  test "addresses that are none" do
    for {endpoint, words} <- [
          {"127.0.0.1:5557", "it is no address"},
          {"tcp://127.0.0.1", "the port is missing"},
          {"tcp://127.0.0.1:70000", "the port must be a number"},
          {"tcp://::1:5557", "needs brackets"},
          {"ipc://", "path is missing"},
          {"ipc://" <> String.duplicate("x", 200), "the system allows 107"},
          {"inproc://x", "inside of one process"},
          {7, "it is no address"}
        ] do
      assert {:error, problem} = Address.parse(endpoint)
      assert problem =~ words
      assert problem =~ "use \"tcp://host:port\""
    end

    assert Address.parse("tcp://[::1]:1") == {:ok, {:tcp, "::1", 1}}
    assert Address.parse("ipc:///tmp/x") == {:ok, {:local, "/tmp/x"}}
  end
end
