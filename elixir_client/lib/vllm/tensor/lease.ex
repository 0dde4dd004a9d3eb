defmodule Vllm.Tensor.Lease do
  @moduledoc false
  # A segment of shared memory that one call holds: a file that the calling process writes and reads.

  alias Vllm.Bridge.V1

  @enforce_keys [:bridge, :session_id, :name, :directory, :key, :max_bytes]
  defstruct [:bridge, :session_id, :name, :directory, :key, :max_bytes]

  @type t :: %__MODULE__{
          bridge: atom(),
          session_id: String.t(),
          name: String.t(),
          directory: String.t(),
          key: String.t(),
          max_bytes: non_neg_integer()
        }

  # The tensors of a call follow each other in its segment; each starts at a multiple of this.
  @alignment 64

  # From here on two processes write a tensor, each its half: copying takes longer than starting one.
  @halved 4 * 1024 * 1024

  # `:read` as well: without it opening empties the file, and filling it again takes four times as long.
  @write [:read, :write]

  @doc "The value of the metadata `vllm-shared-memory`."
  @spec to_metadata(t()) :: String.t()
  def to_metadata(lease), do: lease.key <> " " <> lease.name

  @doc """
  Writes the bytes of one tensor from the offset on, which is where the last one ended; returns the message
  that says where it is, and where the next one may begin.
  """
  @spec write(t(), struct(), non_neg_integer()) ::
          {:ok, struct(), next :: non_neg_integer()} | {:error, term()}
  def write(lease, %V1.Tensor{data: data} = tensor, offset) do
    size = byte_size(data)

    with :ok <- fits(lease, offset + size),
         :ok <- pwrite(lease, data, size, offset) do
      place = %V1.SharedMemory{name: lease.name, offset: offset, size: size}
      {:ok, %{tensor | data: nil, shared_memory: place}, aligned(offset + size)}
    end
  end

  defp fits(lease, size), do: if(size <= lease.max_bytes, do: :ok, else: {:error, :too_large})

  defp aligned(offset), do: div(offset + @alignment - 1, @alignment) * @alignment

  defp pwrite(lease, data, size, offset) when size < @halved,
    do: with_file(lease, @write, &:file.pwrite(&1, offset, data))

  defp pwrite(lease, data, size, offset) do
    half = div(size, 2)
    <<first::binary-size(half), second::binary>> = data

    # A file belongs to the process that opened it. No task: its link would send a message to a caller
    # that traps exits.
    write_second = fn ->
      exit(with_file(lease, @write, &:file.pwrite(&1, offset + half, second)))
    end

    {_pid, monitor} = spawn_monitor(write_second)
    written = with_file(lease, @write, &:file.pwrite(&1, offset, first))

    receive do
      {:DOWN, ^monitor, :process, _pid, :ok} -> written
      {:DOWN, ^monitor, :process, _pid, {:error, reason}} -> {:error, reason}
      {:DOWN, ^monitor, :process, _pid, crash} -> {:error, crash}
    end
  end

  @doc "The bytes of a tensor that the rank has put here."
  @spec read(t() | nil, struct()) :: {:ok, binary()} | {:error, String.t()}
  def read(%__MODULE__{name: name} = lease, %V1.SharedMemory{name: name} = place) do
    if place.offset + place.size <= lease.max_bytes,
      do: read(lease, place.offset, place.size),
      else: {:error, "it says that a tensor is beyond the end of its segment"}
  end

  def read(_lease, place),
    do: {:error, "a tensor is in segment #{inspect(place.name)}, which the call has not lent"}

  defp read(_lease, _offset, 0), do: {:ok, ""}

  defp read(lease, offset, size) do
    case with_file(lease, [:read], &:file.pread(&1, offset, size)) do
      {:ok, data} when byte_size(data) == size -> {:ok, data}
      {:ok, _cut} -> {:error, "segment #{lease.name} is shorter than the tensor in it"}
      :eof -> {:error, "segment #{lease.name} is shorter than the tensor in it"}
      {:error, reason} -> {:error, "segment #{lease.name} cannot be read: #{reason}"}
    end
  end

  defp with_file(lease, modes, fun) do
    with {:ok, file} <- :file.open(path(lease), [:raw, :binary | modes]) do
      try do
        fun.(file)
      after
        :file.close(file)
      end
    end
  end

  @doc "Removes the file, even while others have it open."
  @spec remove(t()) :: :ok
  def remove(lease) do
    _gone = :file.delete(path(lease), [:raw])
    :ok
  end

  defp path(lease), do: lease.directory <> "/" <> lease.name
end
