defmodule Vllm.Bridge.Connection.State do
  @moduledoc """
  What a connection's process keeps: its sockets, the attempt to open one, and the calls on them.
  """

  alias Vllm.Bridge.Connection.{Call, Socket, StreamCall}
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.{Client, Hpack}

  @enforce_keys [
    :endpoint,
    :tls,
    :scheme,
    :authority,
    :authorization,
    :connect_timeout,
    :max_receive_bytes
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

  @typedoc "A call as its caller asked for it; `body` is already framed, `deadline` is monotonic."
  @type request ::
          {path :: binary(), body :: iodata(), metadata :: [Hpack.policy_field()],
           deadline :: integer() | nil}

  @typedoc "One socket: its HTTP/2 client, the calls by stream, and output that is not written yet."
  @type link :: %{
          client: Client.t(),
          streams: %{optional(Client.stream()) => Call.t() | StreamCall.t()},
          out: iodata()
        }

  @typedoc """
  * `tls`: options of OTP's `ssl`, or nil for a connection in the clear
  * `authorization`: a function, so that no log or crash report shows the token
  * `calls`: where the call of a `ref` is
  * `attempt`: to open a socket; at most one. `:opening` is connected and waits for SETTINGS
  * `current`: the socket new calls go to
  * `waiting`: calls for when the attempt succeeds, latest first
  * `dirty`: sockets with output to write; `collected` counts what made it
  """
  @type t :: %__MODULE__{
          endpoint: Endpoint.t(),
          tls: Socket.tls() | nil,
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
            | {:opening, Socket.t(), timer :: reference()},
          current: Socket.t() | nil,
          waiting: [{Call.t() | StreamCall.t(), request()}],
          dirty: [Socket.t()],
          collected: non_neg_integer()
        }

  @doc "A connection that is not open yet; options as in `Vllm.Bridge.Connection.start_link/1`."
  @spec new(Endpoint.t(), keyword()) :: t()
  def new(endpoint, opts) do
    token = Keyword.get(opts, :token)
    authorization = if token, do: [{"authorization", "Bearer " <> token, :never_index}], else: []
    tls = Keyword.get(opts, :tls)

    %__MODULE__{
      endpoint: endpoint,
      tls: tls,
      scheme: if(tls, do: "https", else: "http"),
      authority: Endpoint.authority(endpoint),
      authorization: fn -> authorization end,
      connect_timeout: Keyword.get(opts, :connect_timeout, 5_000),
      max_receive_bytes: Keyword.get(opts, :max_receive_bytes, 2 * 1024 * 1024 * 1024)
    }
  end
end
