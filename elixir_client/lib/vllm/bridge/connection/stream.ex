defmodule Vllm.Bridge.Connection.Stream do
  @moduledoc false
  # The caller's side of a streaming call.
  #
  # Every function sends the connection's process a message. Functions that wait have an alias for the
  # answer, so they keep their deadline whatever that process does.

  alias Vllm.Bridge.Connection.{Grpc, Reason, State, StreamCall}
  alias Vllm.Deadline

  @typedoc "`ref` names the call; `deadline` is monotonic, in milliseconds."
  @type t :: %{conn: pid(), ref: reference(), deadline: integer() | nil}

  @doc "Begins a call of the calling process."
  @spec open(pid(), State.request()) :: t()
  def open(conn, {_path, _body, _metadata, deadline, _full?} = request) do
    stream = %{conn: conn, ref: make_ref(), deadline: deadline}
    send(conn, {:stream, stream.ref, self(), request})
    stream
  end

  @doc "Waits for the headers of the answer (`:open`) or its next message (`:next`)."
  @spec read(t(), :open | :next) :: StreamCall.answer()
  def read(stream, what), do: await(stream, request_read(stream, what))

  @doc "Asks as `read/2` does; the answer comes as a message."
  @spec request_read(t(), :open | :next) :: reference()
  def request_read(stream, what), do: ask(stream, &{:wait, stream.ref, what, &1})

  @doc "Sends a message and waits until there is room for the next one."
  @spec write(t(), iodata()) :: :ok | {:error, Reason.t()}
  def write(stream, message) do
    with {:ok, data} <- frame(message), do: await(stream, request_send(stream, data))
  end

  @doc "Sends as `write/2` does; the answer comes as a message."
  @spec request_write(t(), iodata()) :: {:ok, reference()} | {:error, Reason.t()}
  def request_write(stream, message) do
    with {:ok, data} <- frame(message), do: {:ok, request_send(stream, data)}
  end

  defp request_send(stream, data), do: ask(stream, &{:send, stream.ref, &1, data, false})

  defp frame(message) do
    with {:error, reason} <- Grpc.frame(message), do: {:error, {:protocol, reason}}
  end

  @doc "Ends the request."
  @spec half_close(t()) :: :ok
  def half_close(stream) do
    send(stream.conn, {:send, stream.ref, nil, [], true})
    :ok
  end

  @doc "Gives the call up."
  @spec cancel(t()) :: :ok
  def cancel(stream) do
    send(stream.conn, {:cancel, stream.ref})
    :ok
  end

  @doc "Sends all `messages` and reads the one answer to them."
  @spec exchange(t(), Enumerable.t()) :: {:ok, binary()} | {:error, Reason.t()}
  def exchange(stream, messages) do
    case write_all(stream, messages) do
      :ok ->
        half_close(stream)
        only_answer(stream)

      # The server has its answer already.
      {:error, {:closed, :ended}} ->
        only_answer(stream)

      {:error, reason} ->
        cancel(stream)
        {:error, reason}
    end
  end

  # The messages are made while they are sent, by code that may fail.
  defp write_all(stream, messages) do
    Enum.reduce_while(messages, :ok, fn message, :ok ->
      case write(stream, message) do
        :ok -> {:cont, :ok}
        error -> {:halt, error}
      end
    end)
  catch
    kind, reason ->
      cancel(stream)
      :erlang.raise(kind, reason, __STACKTRACE__)
  end

  defp only_answer(stream) do
    with {:ok, answer} <- read(stream, :next),
         :done <- read(stream, :next) do
      {:ok, answer}
    else
      {:error, reason} ->
        {:error, reason}

      :done ->
        {:error, {:protocol, :incomplete_message}}

      {:ok, _second} ->
        cancel(stream)
        {:error, {:protocol, :second_message}}
    end
  end

  defp ask(stream, message) do
    ref = :erlang.monitor(:process, stream.conn, alias: :reply_demonitor)
    send(stream.conn, message.(ref))
    ref
  end

  defp await(stream, ref), do: await(stream.conn, stream.ref, ref, stream.deadline)

  @doc """
  Waits for the answer to the alias `ref`, until the deadline: then the call (or stream) named `call` is
  cancelled.
  """
  @spec await(pid(), call :: reference(), ref :: reference(), Deadline.t()) ::
          StreamCall.answer() | {:ok, binary(), map()}
  def await(conn, call, ref, deadline) do
    receive do
      {^ref, answer} -> answer
      {:DOWN, ^ref, _, _, reason} -> {:error, {:closed, reason}}
    after
      Deadline.wait(deadline) ->
        if Deadline.over?(deadline),
          do: give_up(conn, call, ref),
          else: await(conn, call, ref, deadline)
    end
  end

  defp give_up(conn, call, ref) do
    :erlang.demonitor(ref, [:flush])
    send(conn, {:cancel, call})

    receive do
      {^ref, answer} -> answer
    after
      0 -> {:error, :deadline_exceeded}
    end
  end
end
