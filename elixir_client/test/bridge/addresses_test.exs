Code.require_file("../support_h2/peer.exs", __DIR__)

defmodule Vllm.Bridge.AddressesTest do
  # Where a server may listen so that a connection finds it.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.Connection
  alias Vllm.Bridge.HTTP2.{Frame, Hpack, Peer}

  @moduletag timeout: 30_000

  # Answers one call with its own bytes.
  defp answering(listener) do
    spawn_link(fn ->
      {:ok, socket} = :gen_tcp.accept(listener)
      {:ok, _preface} = :gen_tcp.recv(socket, 24)
      :ok = :gen_tcp.send(socket, Peer.bytes([{:settings, []}]))
      serve(socket, "", Hpack.new())
    end)
  end

  defp serve(socket, bytes, decoder) do
    case Frame.decode(bytes, 0xFFFFFF) do
      {:ok, {:data, stream, true, data, _size}, _rest} ->
        head = [{":status", "200"}, {"content-type", "application/grpc"}]
        frames = [Peer.headers(stream, head), {:data, stream, false, data, 0}]

        :ok =
          :gen_tcp.send(
            socket,
            Peer.bytes(frames ++ [Peer.headers(stream, [{"grpc-status", "0"}], true)])
          )

      {:ok, _frame, rest} ->
        serve(socket, rest, decoder)

      {:more, _needed} ->
        with {:ok, more} <- :gen_tcp.recv(socket, 0), do: serve(socket, bytes <> more, decoder)
    end
  end

  defp echo(endpoint) do
    {:ok, connection} = Connection.start_link(endpoint: endpoint)
    result = Connection.unary(connection, "/a.B/C", "hello", timeout: 5_000)
    Connection.close(connection)
    result
  end

  test "a unix socket in a directory of any name" do
    base = Path.join(System.tmp_dir!(), "vllm-addresses-#{System.os_time()}")
    File.mkdir_p!(base)
    on_exit(fn -> :file.del_dir_r(base) end)

    for name <- [
          "a b",
          "x#y?z",
          "c,d",
          "p%41q",
          "über",
          "😀",
          "new\nline",
          <<0xFF, 0xFE>>,
          "q\"b\\s"
        ] do
      directory = base <> "/" <> name
      :ok = :prim_file.make_dir(directory)
      path = directory <> "/s.sock"
      {:ok, listener} = :gen_tcp.listen(0, [:binary, active: false, ip: {:local, path}])
      answering(listener)
      assert {name, echo("unix:" <> path)} == {name, {:ok, "hello"}}
      :gen_tcp.close(listener)
    end
  end

  test "an address of IPv6 that holds on one interface" do
    {:ok, listener} =
      :gen_tcp.listen(0, [:inet6, :binary, active: false, ip: {0, 0, 0, 0, 0, 0, 0, 1}])

    {:ok, port} = :inet.port(listener)
    {:ok, interfaces} = :net.getifaddrs(:inet6)

    [loopback | _] =
      for %{name: name, addr: %{addr: {0, 0, 0, 0, 0, 0, 0, 1}}} <- interfaces, do: name

    for zone <- ["%#{loopback}", "%25#{loopback}"] do
      answering(listener)
      assert echo("[::1#{zone}]:#{port}") == {:ok, "hello"}
    end

    assert {:error, {:connect, _no_device} = reason} = echo("[::1%no-such-device]:#{port}")
    assert Connection.format_reason(reason) =~ "no such device"
  end
end
