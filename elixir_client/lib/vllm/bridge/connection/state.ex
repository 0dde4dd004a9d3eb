defmodule Vllm.Bridge.Connection.State do
  @moduledoc """
  What a connection's process keeps: its sockets, the attempt to open one, and the calls on them.
  """

  alias Vllm.Bridge.Connection.Call
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.{Client, Hpack}

  @enforce_keys [:endpoint, :authority, :authorization, :connect_timeout, :max_receive_bytes]
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
          streams: %{optional(Client.stream()) => Call.t()},
          out: iodata()
        }

  @typedoc """
  * `authorization`: a function, so that no log or crash report shows the token
  * `calls`: where the call of a `ref` is
  * `attempt`: to open a socket; at most one. `:opening` is connected and waits for SETTINGS
  * `current`: the socket new calls go to
  * `waiting`: calls for when the attempt succeeds, latest first
  * `dirty`: sockets with output to write; `collected` counts what made it
  """
  @type t :: %__MODULE__{
          endpoint: Endpoint.t(),
          authority: binary(),
          authorization: (() -> [Hpack.policy_field()]),
          connect_timeout: timeout(),
          max_receive_bytes: non_neg_integer(),
          calls: %{optional(reference()) => :waiting | {:gen_tcp.socket(), Client.stream()}},
          links: %{optional(:gen_tcp.socket()) => link()},
          attempt:
            nil
            | {:connecting, monitor :: reference()}
            | {:opening, :gen_tcp.socket(), timer :: reference()},
          current: :gen_tcp.socket() | nil,
          waiting: [{Call.t(), request()}],
          dirty: [:gen_tcp.socket()],
          collected: non_neg_integer()
        }

  @doc "A connection that is not open yet; options as in `Vllm.Bridge.Connection.start_link/1`."
  @spec new(Endpoint.t(), keyword()) :: t()
  def new(endpoint, opts) do
    token = Keyword.get(opts, :token)
    authorization = if token, do: [{"authorization", "Bearer " <> token, :never_index}], else: []

    %__MODULE__{
      endpoint: endpoint,
      authority: Endpoint.authority(endpoint),
      authorization: fn -> authorization end,
      connect_timeout: Keyword.get(opts, :connect_timeout, 5_000),
      max_receive_bytes: Keyword.get(opts, :max_receive_bytes, 2 * 1024 * 1024 * 1024)
    }
  end
end
