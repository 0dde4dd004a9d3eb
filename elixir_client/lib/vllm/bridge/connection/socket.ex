defmodule Vllm.Bridge.Connection.Socket do
  @moduledoc false
  # The socket of a connection, in the clear or with TLS, behind one interface.

  alias Vllm.Bridge.Connection.Tls
  alias Vllm.Bridge.Endpoint
  alias Vllm.Deadline

  @type t :: :gen_tcp.socket() | :ssl.sslsocket()

  @options [
    :binary,
    active: false,
    # One read takes up to this much. 16 KiB cost twice the CPU time with large messages, 256 KiB
    # made them no faster.
    buffer: 64 * 1024,
    # What the kernel does not take yet waits in the driver, up to its limit of 64 MiB, and not in a
    # blocked send: the process goes on reading and cancelling while a server does not read.
    high_watermark: 64 * 1024 * 1024,
    low_watermark: 32 * 1024 * 1024,
    # Only a server that opens its windows wide and then takes nothing lets us wait at that limit.
    send_timeout: 60_000
  ]

  # Keepalive: a vanished host is silent, and a call without a deadline would wait for it for ever. The
  # kernel's probes (after two hours on Linux, net.ipv4.tcp_keepalive_time) end that.
  @tcp_options [nodelay: true, keepalive: true]

  @doc "Options of a socket in the clear."
  @spec options() :: keyword()
  def options, do: @options

  @doc """
  Connects in a process of its own, so that the owner can go on.

  That process ends with `{:connected, socket}`, the socket being `owner`'s, or with
  `{:not_connected, reason}`, as the reason in the `:DOWN` message.
  """
  @spec start_connect(Endpoint.t(), Tls.t() | nil, timeout(), owner :: pid()) ::
          {pid(), reference()}
  def start_connect(endpoint, tls, timeout, owner) do
    spawn_monitor(fn ->
      # One time for all: a second address, and TLS, have the rest of it.
      deadline = Deadline.new(timeout)

      with {:ok, socket} <- connect(endpoint, deadline),
           {:ok, socket} <- secure(socket, tls, deadline),
           :ok <- hand_over(socket, owner) do
        exit({:connected, socket})
      else
        {:error, reason} -> exit({:not_connected, reason})
      end
    end)
  end

  @doc "Lets `count` more reads arrive as messages."
  @spec activate(t(), pos_integer()) :: :ok | {:error, term()}
  def activate(socket, count) when is_port(socket), do: :inet.setopts(socket, active: count)
  def activate(socket, count), do: :ssl.setopts(socket, active: count)

  @doc "Writes."
  @spec send(t(), iodata()) :: :ok | {:error, term()}
  def send(socket, data) when is_port(socket), do: :gen_tcp.send(socket, data)
  def send(socket, data), do: :ssl.send(socket, data)

  @doc "Closes; no message of it follows."
  @spec close(t()) :: :ok
  def close(socket) when is_port(socket), do: :gen_tcp.close(socket)

  def close(socket) do
    _ = :ssl.close(socket)
    :ok
  end

  @doc "Closes at once; what the peer has not taken is dropped."
  @spec abort(t()) :: :ok
  def abort(socket) when is_port(socket) do
    # Otherwise closing waits until the peer has taken all that was written.
    _ = :inet.setopts(socket, linger: {true, 0})
    :gen_tcp.close(socket)
  end

  def abort(socket) do
    _ = :ssl.close(socket, 0)
    :ok
  end

  defp hand_over(socket, owner) when is_port(socket),
    do: :gen_tcp.controlling_process(socket, owner)

  defp hand_over(socket, owner) do
    with {:error, reason} <- :ssl.controlling_process(socket, owner), do: {:error, {:tls, reason}}
  end

  defp secure(socket, nil, _deadline), do: {:ok, socket}

  defp secure(socket, tls, deadline) do
    with {:error, reason} <- Tls.connect(socket, tls, Deadline.wait(deadline)) do
      :gen_tcp.close(socket)
      {:error, {:tls, reason}}
    end
  end

  @spec connect(Endpoint.t(), Deadline.t()) :: {:ok, :gen_tcp.socket()} | {:error, term()}
  defp connect({:local, path}, deadline),
    do: :gen_tcp.connect({:local, path}, 0, @options, Deadline.wait(deadline))

  defp connect({:tcp, host, port}, deadline) do
    case Endpoint.zoned(host) do
      {:ok, address, zone} -> connect_zoned(address, zone, port, deadline)
      :error -> connect_host(String.to_charlist(host), port, deadline)
    end
  end

  defp connect_zoned(address, zone, port, deadline) do
    with {:ok, scope} <- scope(zone) do
      address = %{family: :inet6, addr: address, port: port, scope_id: scope}
      :gen_tcp.connect(address, @tcp_options ++ @options, Deadline.wait(deadline))
    end
  end

  defp scope(zone) do
    case {Integer.parse(zone), :net.if_name2index(String.to_charlist(zone))} do
      {_, {:ok, index}} -> {:ok, index}
      {{index, ""}, _no_name} when index >= 0 -> {:ok, index}
      _neither -> {:error, :enodev}
    end
  end

  defp connect_host(host, port, deadline) do
    case :inet.parse_address(host) do
      {:ok, address} when tuple_size(address) == 8 -> connect(address, port, [:inet6], deadline)
      {:ok, address} -> connect(address, port, [], deadline)
      {:error, _} -> connect_name(host, port, deadline)
    end
  end

  # A name may have addresses of either family, and a server may listen on one only.
  defp connect_name(host, port, deadline) do
    with {:error, reason} <- connect(host, port, [:inet], deadline),
         {:error, _} <- connect(host, port, [:inet6], deadline) do
      {:error, reason}
    end
  end

  defp connect(address, port, options, deadline) do
    options = options ++ @tcp_options ++ @options
    :gen_tcp.connect(address, port, options, Deadline.wait(deadline))
  end
end
