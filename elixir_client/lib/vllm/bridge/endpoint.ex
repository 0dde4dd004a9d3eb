defmodule Vllm.Bridge.Endpoint do
  @moduledoc false
  # Where a server listens: a unix socket or a TCP port.
  #
  # What follows `unix:` is the path as it is, byte for byte: nothing in it is decoded, and it may be anything
  # that a file can be called.

  # sockaddr_un's path has 108 bytes on Linux, the last one a zero.
  @max_path 107

  @forms ~s("unix:/path/to/socket", "host:port" or "[::1]:port")

  @type t :: {:local, path :: binary()} | {:tcp, host :: binary(), port :: 1..65535}

  @doc """
  Reads an endpoint.

      iex> Vllm.Bridge.Endpoint.parse("unix:/tmp/rank.sock")
      {:ok, {:local, "/tmp/rank.sock"}}

      iex> Vllm.Bridge.Endpoint.parse("[::1]:50051")
      {:ok, {:tcp, "::1", 50051}}

      iex> Vllm.Bridge.Endpoint.parse("localhost")
      {:error, ~S|invalid endpoint "localhost": the port is missing; use "unix:/path/to/socket", "host:port" or "[::1]:port"|}
  """
  @spec parse(term()) :: {:ok, t()} | {:error, String.t()}
  def parse(endpoint) do
    with {:error, problem} <- check(endpoint) do
      {:error, "invalid endpoint #{inspect(endpoint)}: #{problem}; use #{@forms}"}
    end
  end

  @doc "As a person reads it: a path may be bytes that are no text."
  @spec readable(binary()) :: String.t()
  def readable(endpoint) do
    if String.printable?(endpoint),
      do: endpoint,
      else: endpoint |> String.chunk(:printable) |> Enum.map_join(&part/1)
  end

  defp part(text) do
    if String.printable?(text),
      do: text,
      else: for(<<byte <- text>>, into: "", do: "\\x" <> Base.encode16(<<byte>>, case: :lower))
  end

  @doc "The host of an endpoint as an IPv6 address with the interface it holds on, if it is one."
  @spec zoned(binary()) :: {:ok, :inet.ip6_address(), zone :: binary()} | :error
  def zoned(host) do
    with [address, zone] <- String.split(host, "%", parts: 2),
         {:ok, address} <- :inet.parse_ipv6strict_address(String.to_charlist(address)),
         do: {:ok, address, zone},
         else: (_plain -> :error)
  end

  @doc "What a request names as its `:authority`."
  @spec authority(t()) :: binary()
  def authority({:local, _path}), do: "localhost"

  def authority({:tcp, host, port}) do
    # The interface is ours and means nothing to the server.
    [host | _zone] = String.split(host, "%")
    if String.contains?(host, ":"), do: "[#{host}]:#{port}", else: "#{host}:#{port}"
  end

  defp check("unix:" <> _path = endpoint), do: read(endpoint)

  defp check(endpoint) do
    if is_binary(endpoint) and String.valid?(endpoint),
      do: read(endpoint),
      else: {:error, "it must be a string"}
  end

  defp read("unix://" <> path), do: read("unix:" <> path)
  defp read("unix:"), do: {:error, "the socket's path is missing"}

  defp read("unix:" <> path) do
    cond do
      String.contains?(path, <<0>>) -> {:error, "the socket's path contains a zero byte"}
      byte_size(path) > @max_path -> {:error, too_long(path)}
      true -> {:ok, {:local, path}}
    end
  end

  defp read("[" <> rest) do
    with [host, port] <- String.split(rest, "]:", parts: 2),
         {host, zone} = split_zone(host),
         {:ok, address} <- :inet.parse_ipv6strict_address(String.to_charlist(host)) do
      tcp(to_string(:inet.ntoa(address)) <> zone, port)
    else
      _ -> {:error, "what is in brackets must be an IPv6 address and a port must follow"}
    end
  end

  defp read(endpoint) do
    if String.contains?(endpoint, "://"),
      do: {:error, "an address has no scheme"},
      else: read_host(endpoint)
  end

  defp read_host(endpoint) do
    case String.split(endpoint, ":") do
      ["", _port] -> {:error, "the host is missing"}
      [host, port] -> tcp(host, port)
      [_host] -> {:error, "the port is missing"}
      _ -> {:error, "an IPv6 address needs brackets"}
    end
  end

  defp too_long(path) do
    "the socket's path has #{byte_size(path)} bytes, and the system allows #{@max_path}; choose a shorter " <>
      "directory"
  end

  # A link-local address holds on one interface: "fe80::1%eth0", in addresses of the web "%25eth0" (RFC 6874).
  defp split_zone(host) do
    case String.split(host, "%", parts: 2) do
      [host] -> {host, ""}
      [host, "25" <> zone] when zone != "" -> {host, "%" <> zone}
      [host, zone] -> {host, "%" <> zone}
    end
  end

  defp tcp(host, port) do
    cond do
      not (host =~ ~r/\A[^\s\/\[\]]+\z/u) -> {:error, "#{inspect(host)} is not a host name"}
      port?(port) -> {:ok, {:tcp, host, String.to_integer(port)}}
      true -> {:error, "the port must be a number from 1 to 65535"}
    end
  end

  defp port?(port), do: port =~ ~r/\A[0-9]{1,5}\z/ and String.to_integer(port) in 1..65_535
end
