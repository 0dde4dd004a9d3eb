defmodule Vllm.Bridge.Frames.Calls do
  @moduledoc false
  # The open calls of a frames connection, and what a frame from the rank means for them. No process and no
  # socket: its owner feeds frames in and gets told which call to answer.
  #
  # A call is open until its answer, or until its caller gives it up. What the rank says about a call that
  # is not open any more is passed over: the two may cross on the way.

  alias Vllm.Bridge.Connection.Reason
  alias Vllm.Bridge.Frames.Wire

  defstruct next: 1, open: %{}, ids: %{}

  @typedoc "`ref` is the caller's alias, to which the answer goes; `monitor` is ours of the caller."
  @type call :: %{ref: reference(), monitor: reference(), full?: boolean()}

  @type t :: %__MODULE__{
          next: pos_integer(),
          open: %{optional(pos_integer()) => call()},
          ids: %{optional(reference()) => pos_integer()}
        }

  @type answer ::
          {:ok, binary()} | {:ok, binary(), map()} | {:error, Reason.t()}

  @typedoc """
  * `:answer`: the call has ended
  * `:refused`: the rank ends the connection before it has read anything of it
  * `:broken`: what came is no answer, or the rank says so of what it got; the connection is of no use
  """
  @type event ::
          {:answer, call(), answer()} | :none | {:refused, term()} | {:broken, term()}

  @doc "A new call; its id is used by no other one of this connection."
  @spec open(t(), call()) :: {pos_integer(), t()}
  def open(%{next: id} = calls, call) do
    open = Map.put(calls.open, id, call)
    {id, %{calls | next: id + 1, open: open, ids: Map.put(calls.ids, call.ref, id)}}
  end

  @doc "A call whose caller needs no answer any more, if it is open."
  @spec give_up(t(), reference()) :: {pos_integer(), call(), t()} | :none
  def give_up(calls, ref) do
    case calls.ids do
      %{^ref => id} ->
        {call, calls} = close(calls, id)
        {id, call, calls}

      _ended ->
        :none
    end
  end

  @doc "What a frame says."
  @spec received(t(), binary()) :: {event(), t()}
  def received(calls, frame) do
    case Wire.decode(frame) do
      {:ok, {:failure, 0, code, message, trailers}} ->
        {over(code, message, trailers), calls}

      {:ok, {:reply, id, body, trailers}} ->
        answer(calls, id, &reply(&1, body, trailers))

      {:ok, {:failure, id, code, message, trailers}} ->
        answer(calls, id, fn _call -> failure(code, message, trailers) end)

      {:error, reason} ->
        {{:broken, {:malformed_frame, reason}}, calls}
    end
  end

  defp answer(calls, id, make) when is_map_key(calls.open, id) do
    {call, calls} = close(calls, id)
    {{:answer, call, make.(call)}, calls}
  end

  defp answer(calls, _ended, _make), do: {:none, calls}

  defp close(calls, id) do
    {call, open} = Map.pop!(calls.open, id)
    {call, %{calls | open: open, ids: Map.delete(calls.ids, call.ref)}}
  end

  defp reply(%{full?: true}, body, trailers),
    do: {:ok, body, %{headers: [], trailers: trailers}}

  defp reply(_call, body, _trailers), do: {:ok, body}

  defp failure(code, message, trailers) when code in 1..16,
    do: {:error, {:status, code, message, trailers}}

  # UNKNOWN, as gRPC asks for.
  defp failure(_unknown, message, trailers), do: {:error, {:status, 2, message, trailers}}

  # RESOURCE_EXHAUSTED: one connection too many, of which the rank reads nothing.
  defp over(8, message, _trailers), do: {:refused, {:too_many_connections, message}}
  defp over(code, message, _trailers), do: {:broken, {:refused_frame, code, message}}

  @doc "Every open call, and no calls."
  @spec take_all(t()) :: {[call()], t()}
  def take_all(calls), do: {Map.values(calls.open), %{calls | open: %{}, ids: %{}}}
end
