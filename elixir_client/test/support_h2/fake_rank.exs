defmodule Vllm.Bridge.FakeRank do
  @moduledoc """
  A rank's frames socket in the test's BEAM. Every call is answered as `handler` says: a function of the
  `Frame.Call` and of where to answer later with `reply/2`. It returns what `reply/2` takes, or `:later`.
  Cancellations go to the process that started the server, as `{:cancelled, id}`, and so does the end of a
  connection, as `:hung_up`.
  """

  alias Vllm.Bridge.Protobuf
  alias Vllm.Bridge.V1.Frame

  @doc "Listens at a path, until the calling process ends; returns the endpoint."
  def start(path, handler) do
    test = self()
    listener = listen(path)
    acceptor = spawn_link(fn -> accept(listener, test, handler) end)
    :ok = :gen_tcp.controlling_process(listener, acceptor)
    "unix:" <> path
  end

  @doc "A listening socket, for a test that speaks for itself."
  def listen(path) do
    options = [:binary, active: false, packet: 4, ifaddr: {:local, path}, backlog: 50]
    {:ok, listener} = :gen_tcp.listen(0, options)
    listener
  end

  @doc """
  Answers: `{:ok, body}`, `{:failure, Frame.Failure}`, `{:bytes, frame}` as they are, `:close` for the whole
  connection.
  """
  def reply({pid, id}, answer), do: send(pid, {:reply, id, answer})

  @doc "The bytes of a frame."
  def bytes(frame), do: frame |> Protobuf.encode() |> IO.iodata_to_binary()

  @doc "The next frame of a socket of `listen/1`."
  def frame(socket) do
    {:ok, bytes} = :gen_tcp.recv(socket, 0, 5_000)
    {:ok, frame} = Protobuf.decode(Frame, bytes)
    frame
  end

  defp accept(listener, test, handler) do
    {:ok, socket} = :gen_tcp.accept(listener)
    pid = spawn_link(fn -> receive(do: (:go -> loop(socket, test, handler))) end)
    :ok = :gen_tcp.controlling_process(socket, pid)
    :ok = :inet.setopts(socket, active: true)
    send(pid, :go)
    accept(listener, test, handler)
  end

  defp loop(socket, test, handler) do
    receive do
      {:tcp, ^socket, bytes} ->
        {:ok, frame} = Protobuf.decode(Frame, bytes)
        handle(frame, socket, test, handler)
        loop(socket, test, handler)

      {:tcp_closed, ^socket} ->
        send(test, :hung_up)

      {:reply, _id, :close} ->
        :gen_tcp.close(socket)

      {:reply, id, answer} ->
        answer(socket, id, answer)
        loop(socket, test, handler)
    end
  end

  defp handle(%{cancel: %{}, id: id}, _socket, test, _handler), do: send(test, {:cancelled, id})

  defp handle(%{call: call, id: id}, socket, _test, handler),
    do: answer(socket, id, handler.(call, {self(), id}))

  defp answer(_socket, _id, :later), do: :ok
  defp answer(_socket, id, :close), do: send(self(), {:reply, id, :close})
  defp answer(socket, _id, {:bytes, bytes}), do: :gen_tcp.send(socket, bytes)

  defp answer(socket, id, {:ok, body}),
    do: answer(socket, id, {:bytes, bytes(%Frame{id: id, reply: %Frame.Reply{body: body}})})

  defp answer(socket, id, {:failure, failure}),
    do: answer(socket, id, {:bytes, bytes(%Frame{id: id, failure: failure})})
end
