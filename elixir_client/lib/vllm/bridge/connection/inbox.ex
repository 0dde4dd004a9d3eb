defmodule Vllm.Bridge.Connection.Inbox do
  @moduledoc false
  # The received bytes of a stream of messages that its reader has not taken yet.
  #
  # They stay in the pieces that arrived. A message is put together once it is complete, so each byte is
  # copied once, however many pieces there are.

  # The flag and the length before a message.
  @prefix 5

  # Pieces smaller than the first are joined, up to about the second: otherwise a server that sends single
  # bytes would cost a hundred bytes of memory for each.
  @small 2_048
  @block 8_192

  defstruct head: "", later: [], size: 0

  @typedoc "`head` comes before all of `later`, which has the latest piece first; `size` is that of all."
  @type t :: %__MODULE__{head: binary(), later: [binary()], size: non_neg_integer()}

  @doc "Adds what arrived."
  @spec add(t(), binary()) :: t()
  def add(%{size: 0}, piece), do: %__MODULE__{head: own(piece), size: byte_size(piece)}

  def add(inbox, piece),
    do: %{inbox | later: add_piece(inbox.later, piece), size: inbox.size + byte_size(piece)}

  @doc "Adds a piece to others, latest first."
  @spec add_piece([binary()], binary()) :: [binary()]
  def add_piece([last | before], piece)
      when byte_size(piece) < @small and byte_size(last) < @block,
      # The runtime appends in place from the second time on.
      do: [<<last::binary, piece::binary>> | before]

  def add_piece(pieces, piece), do: [own(piece) | pieces]

  # A small piece must not keep alive all that was read with it.
  defp own(piece) do
    if :binary.referenced_byte_size(piece) > 8 * byte_size(piece),
      do: :binary.copy(piece),
      else: piece
  end

  @doc "The size of the message at the front if it is whole, and whether it can be one."
  @spec front(t(), max_size :: non_neg_integer()) ::
          {:whole, size :: non_neg_integer(), t()} | {:part, t()} | {:error, {:protocol, term()}}
  def front(%{size: size} = inbox, _max_size) when size < @prefix, do: {:part, inbox}

  def front(%{head: <<0, size::32, _::binary>>} = inbox, max_size) do
    cond do
      size > max_size -> {:error, {:protocol, {:message_too_large, size, max_size}}}
      inbox.size < size + @prefix -> {:part, inbox}
      true -> {:whole, size, inbox}
    end
  end

  def front(%{head: <<flag, _::32, _::binary>>}, _max_size),
    do: {:error, {:protocol, {:message_flag, flag}}}

  # The prefix itself came in pieces.
  def front(inbox, max_size) do
    [first | rest] = :lists.reverse(inbox.later)
    front(%{inbox | head: inbox.head <> first, later: :lists.reverse(rest)}, max_size)
  end

  @doc "Takes the message at the front, of `size` bytes; it must be whole."
  @spec take(t(), size :: non_neg_integer()) :: {binary(), t()}
  def take(%{head: head} = inbox, size) when byte_size(head) >= size + @prefix do
    <<_prefix::binary-size(@prefix), message::binary-size(size), rest::binary>> = head
    # A small message must not keep everything that arrived with it alive.
    message = if size * 2 < byte_size(head), do: :binary.copy(message), else: message
    {message, left(inbox, rest, :lists.reverse(inbox.later), size)}
  end

  def take(%{head: head} = inbox, size) do
    missing = size + @prefix - byte_size(head)
    {pieces, rest, later} = cut(:lists.reverse(inbox.later), missing, [head])
    <<_prefix::binary-size(@prefix), message::binary>> = IO.iodata_to_binary(pieces)
    {message, left(inbox, rest, later, size)}
  end

  # `later`: the oldest first.
  defp left(inbox, "", [next | later], size), do: left(inbox, next, later, size)

  defp left(inbox, head, later, size),
    do: %{inbox | head: head, later: :lists.reverse(later), size: inbox.size - size - @prefix}

  defp cut([piece | later], missing, pieces) when byte_size(piece) < missing,
    do: cut(later, missing - byte_size(piece), [piece | pieces])

  defp cut([piece | later], missing, pieces) do
    <<part::binary-size(missing), rest::binary>> = piece
    {:lists.reverse(pieces, [part]), rest, later}
  end
end
