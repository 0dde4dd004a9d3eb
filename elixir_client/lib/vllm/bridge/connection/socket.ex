defmodule Vllm.Bridge.Connection.Socket do
  @moduledoc """
  Opens the socket of a connection.
  """

  alias Vllm.Bridge.Endpoint

  @options [
    :binary,
    active: false,
    packet: :raw,
    # One read takes up to this much. 16 KiB cost twice the CPU time with large messages, 256 KiB
    # made them no faster.
    buffer: 64 * 1024,
    # What the kernel does not take yet waits in the driver, up to its limit of 64 MiB, and not in a
    # blocked send: the process goes on reading and cancelling while a server does not read.
    high_watermark: 64 * 1024 * 1024,
    low_watermark: 32 * 1024 * 1024
  ]

  # Keepalive: a host that vanished says nothing more, and a call without a deadline would wait for
  # it for ever. The kernel's probes (after two hours on Linux, net.ipv4.tcp_keepalive_time) end that.
  @tcp_options [nodelay: true, keepalive: true]

  @doc """
  Connects in a process of its own, so that the owner can go on.

  That process ends with `{:connected, socket}`, the socket being `owner`'s, or with
  `{:not_connected, reason}`, as the reason in the `:DOWN` message.
  """
  @spec start_connect(Endpoint.t(), timeout(), owner :: pid()) :: {pid(), reference()}
  def start_connect(endpoint, timeout, owner) do
    spawn_monitor(fn ->
      with {:ok, socket} <- connect(endpoint, timeout),
           :ok <- :gen_tcp.controlling_process(socket, owner) do
        exit({:connected, socket})
      else
        {:error, reason} -> exit({:not_connected, reason})
      end
    end)
  end

  @spec connect(Endpoint.t(), timeout()) :: {:ok, :gen_tcp.socket()} | {:error, term()}
  defp connect({:local, path}, timeout),
    do: :gen_tcp.connect({:local, path}, 0, @options, timeout)

  defp connect({:tcp, host, port}, timeout) do
    host = String.to_charlist(host)

    case :inet.parse_address(host) do
      {:ok, address} when tuple_size(address) == 8 -> connect(address, port, [:inet6], timeout)
      {:ok, address} -> connect(address, port, [], timeout)
      {:error, _} -> connect_name(host, port, timeout)
    end
  end

  # A name may have addresses of either family, and a server may listen on one only.
  defp connect_name(host, port, timeout) do
    with {:error, reason} <- connect(host, port, [:inet], timeout),
         {:error, _} <- connect(host, port, [:inet6], timeout) do
      {:error, reason}
    end
  end

  defp connect(address, port, options, timeout),
    do: :gen_tcp.connect(address, port, options ++ @tcp_options ++ @options, timeout)
end
