defmodule Vllm.Bridge.Connection.State do
  @moduledoc false
  # What a connection's process keeps: its sockets, the attempt to open one, and the calls on them.

  alias Vllm.Bridge.Connection.{Backoff, Call, Keepalive, Reason, Socket, StreamCall}
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.{Client, Hpack}

  @enforce_keys [
    :endpoint,
    :tls,
    :scheme,
    :authority,
    :authorization,
    :connect_timeout,
    :max_receive_bytes,
    :keepalive,
    :backoff
  ]
  defstruct @enforce_keys ++
              [
                calls: %{},
                links: %{},
                attempt: nil,
                current: nil,
                waiting: [],
                dirty: [],
                collected: 0
              ]

  @typedoc """
  A call as its caller asked for it; `body` is already framed, `deadline` is monotonic, `full?` is
  whether the caller wants the metadata of the answer.
  """
  @type request ::
          {path :: binary(), body :: iodata() | :stream, metadata :: [Hpack.policy_field()],
           deadline :: integer() | nil, full? :: boolean()}

  @typedoc """
  One socket: its HTTP/2 client, the calls by stream, and output that is not written yet.

  * `senders`: streams on which somebody waits for room to send more
  * `heard?`: whether the server said anything since the last tick of the keepalive
  * `tick`: the timer of the next one, `probed?` whether it is the end of a probe's time
  """
  @type link :: %{
          client: Client.t(),
          streams: %{optional(Client.stream()) => Call.t() | StreamCall.t()},
          out: iodata(),
          senders: [Client.stream()],
          heard?: boolean(),
          tick: reference() | nil,
          probed?: boolean()
        }

  @typedoc """
  * `tls`: options of OTP's `ssl`, or nil for a connection in the clear
  * `authorization`: a function, so that no log or crash report shows the token
  * `calls`: where the call of a `ref` is
  * `attempt`: to open a socket; at most one. `:opening` is connected and waits for SETTINGS,
    `:paused` failed for that reason and is not repeated before `until` (monotonic)
  * `keepalive`, `backoff`: see these modules
  * `current`: the socket new calls go to
  * `waiting`: calls for when the attempt succeeds, latest first
  * `dirty`: sockets with output to write; `collected` counts what made it
  """
  @type t :: %__MODULE__{
          endpoint: Endpoint.t(),
          tls: Vllm.Bridge.Connection.Tls.t() | nil,
          scheme: binary(),
          authority: binary(),
          authorization: (() -> [Hpack.policy_field()]),
          connect_timeout: timeout(),
          max_receive_bytes: non_neg_integer(),
          calls: %{
            optional(reference()) =>
              :waiting | {Socket.t(), Client.stream()} | {:ended, StreamCall.t()}
          },
          links: %{optional(Socket.t()) => link()},
          attempt:
            nil
            | {:connecting, monitor :: reference()}
            | {:opening, Socket.t(), timer :: reference()}
            | {:paused, until :: integer(), Reason.t()},
          keepalive: Keepalive.t(),
          backoff: Backoff.t(),
          current: Socket.t() | nil,
          waiting: [{Call.t() | StreamCall.t(), request()}],
          dirty: [Socket.t()],
          collected: non_neg_integer()
        }

  @doc """
  A connection that is not open yet; `options` has a value for every option of
  `Vllm.Bridge.Connection.start_link/1`.
  """
  @spec new(Endpoint.t(), map()) :: t()
  def new(endpoint, %{token: token, tls: tls} = options) do
    authorization = if token, do: [{"authorization", "Bearer " <> token, :never_index}], else: []

    %__MODULE__{
      endpoint: endpoint,
      tls: tls,
      scheme: if(tls, do: "https", else: "http"),
      authority: Endpoint.authority(endpoint),
      authorization: fn -> authorization end,
      connect_timeout: options.connect_timeout,
      max_receive_bytes: options.max_receive_bytes,
      keepalive: Keepalive.new(endpoint, options),
      backoff: Backoff.new(options)
    }
  end

  @doc "Changes a call that waits for a socket."
  @spec update_waiting(t(), reference(), (Call.t() | StreamCall.t() -> Call.t() | StreamCall.t())) ::
          t()
  def update_waiting(state, ref, update) do
    waiting =
      for {call, request} <- state.waiting,
          do: {if(call.ref == ref, do: update.(call), else: call), request}

    %{state | waiting: waiting}
  end
end
