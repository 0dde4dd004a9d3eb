defmodule Vllm.Test.FakePublisher do
  @moduledoc false
  # A publisher that a test holds in its hand: what it sends, loses and answers, step by step. Its bytes are written
  # out here, and not by the code that is tested.

  use GenServer

  @greeting <<0xFF, 0::64, 0x7F, 3>>
  @end_of_answer 0xFFFFFFFFFFFFFFFF

  @doc """
  Options: `minor` of the protocol's version (1), `kept` (batches for answers, 1,000), `cut?` (bytes go out in pieces
  of any size), `topic?` (whether answers have one), `greeting` and `type` (for what is no publisher).
  """
  def start(opts \\ []) do
    {:ok, pid} = GenServer.start_link(__MODULE__, Map.new(opts))
    GenServer.call(pid, :facts)
  end

  @doc "Waits until so many subscribers are there."
  def meet(fake, count \\ 1), do: GenServer.call(fake.pid, {:meet, count}, 30_000)

  @doc "Publishes a batch, which may get lost on its way; returns its number."
  def publish(fake, arrives? \\ true), do: GenServer.call(fake.pid, {:publish, arrives?})

  @doc "Sends frames as they are."
  def send_frames(fake, frames), do: GenServer.call(fake.pid, {:send, bytes(frames)})

  @doc "Sends bytes as they are."
  def send_bytes(fake, bytes), do: GenServer.call(fake.pid, {:send, bytes})

  @doc "Another process at the same address, which closes all connections or not."
  def restart(fake), do: GenServer.call(fake.pid, :restart)

  @doc "Closes all connections of subscribers."
  def disconnect(fake), do: GenServer.call(fake.pid, :disconnect)

  @doc "Waits until so many have connected, whatever came of it."
  def await_connections(fake, count), do: GenServer.call(fake.pid, {:connections, count}, 30_000)

  @doc "Waits until no subscriber is there any more."
  def await_gone(fake), do: GenServer.call(fake.pid, {:meet, 0}, 30_000)

  @doc "What the subscribers have sent since they were ready, of all together."
  def received(fake), do: GenServer.call(fake.pid, :received)

  @doc "Numbers that are kept for answers, with the payloads."
  def kept(fake), do: GenServer.call(fake.pid, :kept)

  @doc "The payload of a batch whose time says which it is."
  def payload(generation, number),
    do: <<0x93, 0xCB, generation * 1.0e6 + number::float, 0x90, 0xC0>>

  @doc "Frames as bytes."
  def bytes([frame]), do: frame(0, frame)
  def bytes([frame | frames]), do: frame(1, frame) <> bytes(frames)

  @doc "A command as bytes."
  def command(name, body), do: frame(4, <<byte_size(name), name::binary, body::binary>>)

  defp frame(flags, body) when byte_size(body) < 256, do: <<flags, byte_size(body), body::binary>>
  defp frame(flags, body), do: <<flags + 2, byte_size(body)::64, body::binary>>

  # --- the process ------------------------------------------------------------------------------

  @impl GenServer
  def init(opts) do
    {live, endpoint} = listen(opts)
    {answers, replay_endpoint} = listen(%{})
    state = %{opts: opts, endpoint: endpoint, replay_endpoint: replay_endpoint, subscribers: []}
    state = Map.merge(state, %{kept: [], next: 0, generation: 0, received: "", meeting: nil})
    state = Map.merge(state, %{connections: 0, connecting: nil})
    server = self()
    accept(live, fn socket -> subscriber(socket, server, opts) end)
    accept(answers, fn socket -> asking(socket, server, opts) end)
    {:ok, state}
  end

  defp listen(opts) do
    name = "kv#{System.pid()}-#{System.unique_integer([:positive])}"
    # Without a file, unless a test names one.
    {path, endpoint} =
      case opts do
        %{path: path} -> {path, "ipc://" <> path}
        _no_path -> {<<0, name::binary>>, "ipc://@" <> name}
      end

    {:ok, socket} = :gen_tcp.listen(0, [:binary, active: false, ifaddr: {:local, path}])
    {socket, endpoint}
  end

  defp accept(listening, fun) do
    spawn_link(fn -> accept_all(listening, fun) end)
  end

  defp accept_all(listening, fun) do
    with {:ok, socket} <- :gen_tcp.accept(listening) do
      pid = spawn(fn -> receive(do: (:go -> fun.(socket))) end)
      :ok = :gen_tcp.controlling_process(socket, pid)
      send(pid, :go)
      accept_all(listening, fun)
    end
  end

  defp shake(socket, type, opts) do
    minor = Map.get(opts, :minor, 1)
    mechanism = <<Map.get(opts, :mechanism, "NULL")::binary, 0::128>>
    greeting = <<@greeting::binary, minor, mechanism::binary-20, 0, 0::31*8>>
    :gen_tcp.send(socket, Map.get(opts, :greeting, greeting))
    {:ok, <<0xFF, _::64, 0x7F, 3, 1, "NULL", 0::384>>} = :gen_tcp.recv(socket, 64)
    type = Map.get(opts, :type, type)
    ready = <<11, "Socket-Type", byte_size(type)::32, type::binary>>
    :gen_tcp.send(socket, command("READY", ready))

    with {:ok, <<4, size>>} <- :gen_tcp.recv(socket, 2),
         {:ok, <<5, "READY", _::binary>>} <- :gen_tcp.recv(socket, size),
         do: :ok,
         else: (_refused -> exit(:normal))
  end

  defp subscriber(socket, server, opts) do
    GenServer.cast(server, :connection)
    shake(socket, "PUB", opts)
    # Its subscription.
    with {:ok, first} <- :gen_tcp.recv(socket, 0) do
      GenServer.cast(server, {:subscriber, self(), socket, first})
      drain(socket, server)
    end
  end

  defp drain(socket, server) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, bytes} ->
        GenServer.cast(server, {:received, bytes})
        drain(socket, server)

      {:error, _closed} ->
        GenServer.cast(server, {:gone, self()})
    end
  end

  defp asking(socket, server, opts) do
    shake(socket, "ROUTER", Map.delete(opts, :greeting) |> Map.delete(:type))
    {:ok, <<1, 0, 0, 8, from::64>>} = :gen_tcp.recv(socket, 12)

    answer =
      for(
        {number, payload} <- GenServer.call(server, :kept),
        number >= from,
        do: {"kv", number, payload}
      ) ++
        [{"", @end_of_answer, ""}]

    for {topic, number, payload} <- answer do
      topics = if Map.get(opts, :topic?, true), do: [topic], else: []
      write(socket, bytes([""] ++ topics ++ [<<number::64>>, payload]), opts)
    end

    # Until it leaves.
    :gen_tcp.recv(socket, 0)
  end

  defp write(socket, bytes, %{cut?: true}) when byte_size(bytes) > 1 do
    size = :rand.uniform(byte_size(bytes) - 1)
    <<piece::binary-size(size), rest::binary>> = bytes
    :gen_tcp.send(socket, piece)
    write(socket, rest, %{cut?: :rand.uniform(2) == 1})
  end

  defp write(socket, bytes, _opts), do: :gen_tcp.send(socket, bytes)

  @impl GenServer
  def handle_call(:facts, _from, state) do
    facts = %{pid: self(), endpoint: state.endpoint, replay_endpoint: state.replay_endpoint}
    {:reply, facts, state}
  end

  def handle_call({:meet, count}, from, state),
    do: {:noreply, met(%{state | meeting: {from, count}})}

  def handle_call({:connections, count}, from, state),
    do: {:noreply, connected(%{state | connecting: {from, count}})}

  def handle_call({:publish, arrives?}, _from, %{next: number} = state) do
    payload = payload(state.generation, number)
    if arrives?, do: send_all(state, bytes(["kv", <<number::64>>, payload]))
    kept = Enum.take(state.kept ++ [{number, payload}], -Map.get(state.opts, :kept, 1_000))
    {:reply, number, %{state | next: number + 1, kept: kept}}
  end

  def handle_call({:send, bytes}, _from, state) do
    send_all(state, bytes)
    {:reply, :ok, state}
  end

  def handle_call(:restart, _from, state),
    do: {:reply, :ok, %{state | next: 0, kept: [], generation: state.generation + 1}}

  def handle_call(:disconnect, _from, state) do
    for {_pid, socket} <- state.subscribers, do: :gen_tcp.shutdown(socket, :read_write)
    {:reply, :ok, %{state | subscribers: []}}
  end

  def handle_call(:kept, _from, state), do: {:reply, state.kept, state}
  def handle_call(:received, _from, state), do: {:reply, state.received, state}

  @impl GenServer
  def handle_cast({:subscriber, pid, socket, first}, state) do
    subscribers = [{pid, socket} | state.subscribers]
    {:noreply, met(%{state | subscribers: subscribers, received: state.received <> first})}
  end

  def handle_cast({:received, bytes}, state),
    do: {:noreply, %{state | received: state.received <> bytes}}

  def handle_cast({:gone, pid}, state),
    do: {:noreply, met(%{state | subscribers: List.keydelete(state.subscribers, pid, 0)})}

  def handle_cast(:connection, state),
    do: {:noreply, connected(%{state | connections: state.connections + 1})}

  defp connected(%{connecting: {from, count}, connections: connections} = state)
       when connections >= count do
    GenServer.reply(from, :ok)
    %{state | connecting: nil}
  end

  defp connected(state), do: state

  defp met(%{meeting: {from, count}} = state) when length(state.subscribers) == count do
    GenServer.reply(from, :ok)
    %{state | meeting: nil}
  end

  defp met(state), do: state

  defp send_all(state, bytes),
    do: for({_pid, socket} <- state.subscribers, do: write(socket, bytes, state.opts))
end
