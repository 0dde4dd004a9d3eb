defmodule Vllm.Bridge.HTTP2.Client.State do
  @moduledoc false
  # What `Vllm.Bridge.HTTP2.Client` knows of its connection, and the table of its streams.
  #
  # One flat struct for all the modules that work on a connection: both directions share the streams,
  # and nothing is copied between them on the way of a call.

  alias Vllm.Bridge.HTTP2.{Client, Frame}

  @default_window 65_535
  @max_stream 0x7FFFFFFF

  @derive {Inspect, only: [:phase, :next_stream, :active, :send_window, :receive_window, :goaway]}
  defstruct phase: :preface,
            options: %{},
            encoder: nil,
            decoder: nil,
            streams: %{},
            next_stream: 1,
            active: 0,
            waiting: :queue.new(),
            sending: :queue.new(),
            send_window: @default_window,
            receive_window: @default_window,
            peer: %{
              max_frame_size: 16_384,
              initial_window_size: @default_window,
              max_concurrent_streams: :infinity,
              max_header_list_size: :infinity
            },
            block: nil,
            goaway: nil,
            partial: [],
            partial_size: 0,
            needed: 0

  @typedoc """
  * `phase`: `:preface` until the server's first SETTINGS, then `:open`, `:failed` after a
    connection error
  * `options`: what we allow the server; `peer`: what it allows us
  * `active`: streams that are open; `waiting`: numbers of those that are not yet
  * `sending`: numbers of the streams that have data and a window to send it
  * `block`: the header block whose CONTINUATION must come next
  * `goaway`: the last stream the server will look at, and its code
  * `partial`: bytes of a frame that is not complete, latest first
  """
  @type t :: %__MODULE__{}

  @type id :: pos_integer()

  @typedoc """
  One stream.

  * `fields`: the request (or what makes it) while it waits for its turn, then `nil`
  * `pending`: the body that no window had room for yet; `finish?`: nothing is added to it any more
  * `sending?`: whether the stream is in the connection's `sending`
  * `receive_window`: what the server may still send
  * `manual?`: the window opens as `give_back/3` says; `owed`: what it said and the server was not
    told yet
  * `answer`: what must come next, `:headers` or `:data`
  """
  @type stream :: %{
          fields: Client.fields() | nil,
          send_window: integer(),
          receive_window: integer(),
          manual?: boolean(),
          owed: non_neg_integer(),
          pending: :queue.queue(binary()),
          pending_size: non_neg_integer(),
          finish?: boolean(),
          sent_all?: boolean(),
          sending?: boolean(),
          answer: :headers | :data
        }

  @typedoc "After some input: the state, what to write, and the events so far, latest first."
  @type step :: {t(), iodata(), [Client.event()]}
  @typedoc "A rule broken so that the connection cannot go on."
  @type violation :: {:connection_error, Frame.code(), String.t()}

  @new_stream %{
    fields: nil,
    send_window: 0,
    receive_window: 0,
    manual?: false,
    owed: 0,
    pending: :queue.new(),
    pending_size: 0,
    finish?: false,
    sent_all?: false,
    sending?: false,
    answer: :headers
  }

  @doc "The window that both sides start with, RFC 9113 section 6.9.2."
  @spec default_window() :: pos_integer()
  def default_window, do: @default_window

  @doc "A stream that waits with its request."
  @spec new_stream(Client.fields(), manual? :: boolean()) :: stream()
  def new_stream(fields, manual?), do: %{@new_stream | fields: fields, manual?: manual?}

  @doc "Puts a stream into the table."
  @spec put_stream(t(), id(), stream()) :: t()
  def put_stream(state, id, stream), do: %{state | streams: Map.put(state.streams, id, stream)}

  @doc """
  Takes a stream out of the table.

  Its number may stay behind in `waiting` or `sending` and is skipped when its turn comes.
  """
  @spec remove_stream(t(), id()) :: t()
  def remove_stream(state, id) do
    case state.streams do
      %{^id => %{fields: nil}} ->
        %{state | streams: Map.delete(state.streams, id), active: state.active - 1}

      streams ->
        %{state | streams: Map.delete(streams, id)}
    end
  end

  @doc "Whether a number for another stream is left."
  @spec stream_left?(t()) :: boolean()
  def stream_left?(state), do: state.next_stream <= @max_stream

  @doc "Whether the server has seen a stream of this number, be it open or gone."
  @spec used?(t(), Frame.stream()) :: boolean()
  def used?(state, id) do
    rem(id, 2) == 1 and id < state.next_stream and
      not match?(%{^id => %{fields: fields}} when fields != nil, state.streams)
  end
end
