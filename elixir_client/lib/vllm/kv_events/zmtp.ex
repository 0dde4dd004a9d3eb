defmodule Vllm.KVEvents.Zmtp do
  @moduledoc false
  # ZMTP 3.0 and 3.1 without security, the side that connects: a SUB or a DEALER socket. A value, without a
  # socket: `add/2` takes the bytes that arrive, `next/1` says what they are.
  #
  # https://rfc.zeromq.org/spec/23/ and https://rfc.zeromq.org/spec/37/

  import Bitwise

  alias Vllm.Bridge.Connection.Inbox

  @signature <<0xFF, 0::64, 0x7F>>
  @greeting_bytes 64

  @more 0x01
  @long 0x02
  @command 0x04

  # Those that we know have a few properties.
  @longest_command 8_192
  @most_frames 16

  # Who may be at the other end.
  @peers %{sub: ["PUB", "XPUB"], dealer: ["ROUTER", "DEALER", "REP"]}
  @names %{sub: "SUB", dealer: "DEALER"}

  @enforce_keys [:role, :topic, :limit]
  defstruct [
    :role,
    :topic,
    :limit,
    # What has arrived and is not read: `head` first, then `later`, latest first; `size` is that of all,
    # `need` what there must be before there is anything to read.
    head: "",
    later: [],
    size: 0,
    need: 1,
    phase: :signature,
    minor: 0,
    # Of the message that is arriving, latest first.
    frames: [],
    frames_bytes: 0
  ]

  @type t :: %__MODULE__{role: :sub | :dealer, topic: binary(), limit: pos_integer()}

  @doc "A connection that has just been made, and what to send first. No message may be larger than `limit`."
  @spec new(:sub | :dealer, binary(), pos_integer()) :: {t(), iodata()}
  def new(role, topic, limit) do
    mechanism = ["NULL", :binary.copy(<<0>>, 16)]

    {%__MODULE__{role: role, topic: topic, limit: limit},
     [@signature, 3, 1, mechanism, 0, :binary.copy(<<0>>, 31)]}
  end

  @doc "Adds what arrived."
  @spec add(t(), binary()) :: t()
  def add(%{size: 0} = zmtp, bytes), do: %{zmtp | head: bytes, size: byte_size(bytes)}

  def add(zmtp, bytes),
    do: %{
      zmtp
      | later: Inbox.add_piece(zmtp.later, bytes),
        size: zmtp.size + byte_size(bytes)
    }

  @doc """
  What comes next: `:ready` once, when the peer has said what it is; then messages. `iodata` is to be sent at once.
  """
  @spec next(t()) ::
          {:more, t()}
          | {:ready, iodata(), t()}
          | {:send, iodata(), t()}
          | {:message, [binary()], t()}
          | {:error, String.t()}
  def next(%{size: size, need: need} = zmtp) when size < need, do: {:more, zmtp}
  def next(%{later: []} = zmtp), do: read(zmtp.phase, zmtp.head, zmtp)

  def next(zmtp) do
    head = IO.iodata_to_binary([zmtp.head | :lists.reverse(zmtp.later)])
    read(zmtp.phase, head, %{zmtp | head: head, later: []})
  end

  @doc "Whether the peer has said what it is."
  @spec ready?(t()) :: boolean()
  def ready?(zmtp), do: zmtp.phase == :traffic

  @doc "Whether `ping/0` is answered."
  @spec pings?(t()) :: boolean()
  def pings?(zmtp), do: zmtp.phase == :traffic and zmtp.minor >= 1

  @doc "A question that a peer answers with a few bytes."
  @spec ping() :: iodata()
  def ping, do: command("PING", <<0::16>>)

  @doc "A message as bytes."
  @spec message([binary()]) :: iodata()
  def message([frame]), do: frame(0, frame)
  def message([frame | frames]), do: [frame(@more, frame) | message(frames)]

  # --- the greeting -----------------------------------------------------------------------------

  # What is no ZeroMQ is found by its first bytes, however few there are.
  defp read(:signature, <<0xFF, _padding::64, 0x7F, _::binary>>, zmtp),
    do: next(%{zmtp | phase: :version, need: 11})

  defp read(:signature, <<0xFF, _::binary>> = head, zmtp) when byte_size(head) < 10,
    do: more(zmtp, 10)

  defp read(:signature, head, _zmtp),
    do: {:error, "the peer does not speak ZeroMQ: it began with #{shown(head)}"}

  defp read(:version, <<_::binary-10, major, _::binary>>, _zmtp) when major < 3 do
    {:error,
     "the peer speaks version #{major} of ZeroMQ's protocol, and this client 3.0 and 3.1: it needs libzmq 4"}
  end

  defp read(:version, _head, zmtp), do: next(%{zmtp | phase: :greeting, need: @greeting_bytes})

  defp read(:greeting, head, zmtp) do
    <<_::binary-10, major, minor, mechanism::binary-20, _::binary-32, rest::binary>> = head
    [mechanism | _zeros] = :binary.split(mechanism, <<0>>)

    if mechanism == "NULL" do
      minor = if major > 3, do: 1, else: minor
      ready = command("READY", [property("Socket-Type", @names[zmtp.role]), identity(zmtp.role)])
      {:send, ready, rest(%{zmtp | phase: :handshake, minor: minor}, rest)}
    else
      {:error,
       "the peer wants the security mechanism #{shown(mechanism)}, and this client has NULL alone"}
    end
  end

  # --- frames -----------------------------------------------------------------------------------

  defp read(phase, <<flags, _::binary>>, _zmtp) when flags > 7,
    do: {:error, "the peer sent a frame with flags #{flags} in its #{phase}"}

  defp read(phase, <<flags, size, rest::binary>>, zmtp) when (flags &&& @long) == 0,
    do: frame(phase, flags, size, rest, 2, zmtp)

  defp read(phase, <<flags, size::64, rest::binary>>, zmtp) when (flags &&& @long) != 0,
    do: frame(phase, flags, size, rest, 9, zmtp)

  defp read(_phase, <<flags, _::binary>>, zmtp),
    do: more(zmtp, if((flags &&& @long) == 0, do: 2, else: 9))

  defp frame(phase, flags, size, rest, header, zmtp) do
    with :ok <- fits(phase, flags, size, zmtp) do
      case rest do
        <<body::binary-size(size), rest::binary>> ->
          zmtp = rest(zmtp, rest)

          if (flags &&& @command) != 0,
            do: command(phase, body, zmtp),
            else: part(flags &&& @more, body, zmtp)

        _shorter ->
          more(zmtp, header + size)
      end
    end
  end

  defp fits(_phase, flags, size, _zmtp) when (flags &&& @command) != 0 do
    cond do
      (flags &&& @more) != 0 -> {:error, "the peer sent a command in parts"}
      size > @longest_command -> {:error, "the peer sent a command of #{size} bytes"}
      true -> :ok
    end
  end

  defp fits(:handshake, _flags, _size, _zmtp),
    do: {:error, "the peer sent a message before it said what it is"}

  defp fits(:traffic, _flags, size, zmtp) do
    cond do
      zmtp.frames_bytes + size > zmtp.limit ->
        {:error,
         "the peer sent a message of #{zmtp.frames_bytes + size} bytes, and max_batch_bytes is #{zmtp.limit}"}

      length(zmtp.frames) >= @most_frames ->
        {:error, "the peer sent a message of more than #{@most_frames} parts"}

      true ->
        :ok
    end
  end

  defp part(0, body, %{frames: frames} = zmtp),
    do: {:message, :lists.reverse(frames, [body]), %{zmtp | frames: [], frames_bytes: 0}}

  defp part(_more, body, zmtp) do
    size = zmtp.frames_bytes + byte_size(body)
    next(%{zmtp | frames: [body | zmtp.frames], frames_bytes: size})
  end

  # --- commands ---------------------------------------------------------------------------------

  defp command(:handshake, <<5, "READY", properties::binary>>, zmtp) do
    with {:ok, properties} <- properties(properties, %{}) do
      type = Map.get(properties, "socket-type", "")

      if type in @peers[zmtp.role] do
        {:ready, subscription(zmtp), %{zmtp | phase: :traffic}}
      else
        {:error,
         "the peer is a socket of type #{shown(type)}, and #{@names[zmtp.role]} needs " <>
           Enum.join(@peers[zmtp.role], " or ")}
      end
    end
  end

  defp command(_phase, <<5, "ERROR", size, reason::binary-size(size), _::binary>>, _zmtp),
    do: {:error, "the peer refused the connection: #{shown(reason)}"}

  defp command(:handshake, other, _zmtp),
    do: {:error, "the peer sent #{shown(other)} before it said what it is"}

  # As much of its context as may be.
  defp command(:traffic, <<4, "PING", _ttl::16, context::binary>>, zmtp),
    do: {:send, command("PONG", binary_part(context, 0, min(byte_size(context), 16))), zmtp}

  # Those that we do not know are for others.
  defp command(:traffic, _other, zmtp), do: next(zmtp)

  defp properties("", found), do: {:ok, found}

  defp properties(
         <<size, name::binary-size(size), length::32, value::binary-size(length), rest::binary>>,
         found
       ),
       do: properties(rest, Map.put(found, String.downcase(name, :ascii), value))

  defp properties(other, _found),
    do: {:error, "the peer said what it is in bytes that cannot be read: #{shown(other)}"}

  defp subscription(%{role: :dealer}), do: []

  defp subscription(%{minor: minor, topic: topic}) when minor >= 1,
    do: command("SUBSCRIBE", topic)

  defp subscription(%{topic: topic}), do: message([<<1, topic::binary>>])

  # --- bytes ------------------------------------------------------------------------------------

  defp command(name, body), do: frame(@command, [byte_size(name), name, body])

  defp frame(flags, body) do
    case IO.iodata_length(body) do
      size when size < 256 -> [flags, size, body]
      size -> [flags ||| @long, <<size::64>>, body]
    end
  end

  defp property(name, value), do: [byte_size(name), name, <<byte_size(value)::32>>, value]

  defp identity(:dealer), do: property("Identity", "")
  defp identity(:sub), do: []

  defp rest(zmtp, rest), do: %{zmtp | head: rest, size: byte_size(rest), need: 1}

  defp more(zmtp, need), do: {:more, %{zmtp | need: need}}

  defp shown(bytes), do: inspect(binary_part(bytes, 0, min(byte_size(bytes), 40)))
end
