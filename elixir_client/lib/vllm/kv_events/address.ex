defmodule Vllm.KVEvents.Address do
  @moduledoc false
  # Where a publisher listens, as ZeroMQ writes it: `tcp://host:port` or `ipc://path`.

  alias Vllm.Bridge.Endpoint

  @forms ~s("tcp://host:port" or "ipc:///path/to/socket")

  @doc """
  The address that a ZeroMQ endpoint is.

      iex> Vllm.KVEvents.Address.parse("tcp://*:5557")
      {:ok, {:tcp, "127.0.0.1", 5557}}

      iex> Vllm.KVEvents.Address.parse("ipc://@events")
      {:ok, {:local, <<0, "events">>}}
  """
  @spec parse(term()) :: {:ok, Endpoint.t()} | {:error, String.t()}
  def parse("tcp://*:" <> port), do: parse("tcp://127.0.0.1:" <> port)
  def parse("tcp://" <> address = endpoint), do: address |> read() |> named(endpoint)
  # Sockets without a file.
  def parse("ipc://@" <> name) when byte_size(name) in 1..106,
    do: {:ok, {:local, <<0, name::binary>>}}

  def parse("ipc://" <> path = endpoint), do: ("unix:" <> path) |> read() |> named(endpoint)

  def parse("inproc://" <> _name = endpoint),
    do: named({:error, "inproc is inside of one process"}, endpoint)

  def parse(endpoint), do: named({:error, "it is no address"}, endpoint)

  # What the other words say would be about another form.
  defp read(address) do
    with {:error, message} <- Endpoint.parse(address) do
      [_endpoint, problem] = String.split(message, ": ", parts: 2)
      {:error, problem |> String.split("; use ") |> hd()}
    end
  end

  defp named({:ok, address}, _endpoint), do: {:ok, address}

  defp named({:error, problem}, endpoint) do
    {:error,
     "invalid endpoint #{inspect(endpoint, limit: 5, printable_limit: 200)}: #{problem}; use #{@forms}"}
  end
end
