defmodule Vllm.Bridge.Connection.Keepalive do
  @moduledoc false
  # Notices a server that vanished: sends a PING after a while of silence, and ends the connection, as
  # `{:closed, :keepalive_timeout}`, if no answer comes.
  #
  # A timer ticks while calls are in flight (or always, as an option). Anything the server sends counts as
  # an answer, so a busy connection sends no PING. A server is probed after one to two intervals of silence.
  #
  # A unix socket needs none of this: the kernel says when its other end is gone.
  #
  # A server may find our PINGs too many and go away with `ENHANCE_YOUR_CALM` and `too_many_pings`. Then
  # the interval doubles, as [gRPC asks](https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md).

  alias Vllm.Bridge.Connection.{Links, Socket, State}
  alias Vllm.Bridge.Endpoint
  alias Vllm.Bridge.HTTP2.{Client, Frame}
  alias Vllm.Deadline

  @interval 120_000

  @enforce_keys [:interval, :timeout, :always?]
  defstruct @enforce_keys

  @typedoc "Milliseconds; `always?` is whether also to probe without calls in flight."
  @type t :: %__MODULE__{
          interval: pos_integer() | :infinity,
          timeout: pos_integer(),
          always?: boolean()
        }

  @doc "Options `:keepalive`, `:keepalive_timeout` and `:keepalive_without_calls` of the connection."
  @spec new(Endpoint.t(), map()) :: t()
  def new(endpoint, options) do
    %__MODULE__{
      interval: options.keepalive || interval(endpoint),
      timeout: options.keepalive_timeout,
      always?: options.keepalive_without_calls
    }
  end

  defp interval({:local, _path}), do: :infinity
  defp interval({:tcp, _host, _port}), do: @interval

  @doc "A call began: the timer ticks from now on."
  @spec call_began(State.link(), Socket.t(), State.t()) :: State.link()
  def call_began(%{tick: nil} = link, socket, state), do: arm(link, socket, state)
  def call_began(link, _socket, _state), do: link

  @doc "The connection is open."
  @spec opened(State.link(), Socket.t(), State.t()) :: State.link()
  def opened(link, socket, %{keepalive: %{always?: true}} = state),
    do: call_began(link, socket, state)

  def opened(link, _socket, _state), do: link

  defp arm(link, _socket, %{keepalive: %{interval: :infinity}}), do: link

  # The time that a probe had is part of the next interval.
  defp arm(%{probed?: true} = link, socket, %{keepalive: %{interval: interval, timeout: timeout}}),
    do: arm(link, socket, max(interval - timeout, 0), false)

  defp arm(link, socket, state), do: arm(link, socket, state.keepalive.interval, false)

  defp arm(link, socket, after_ms, probed?) do
    tick = Deadline.send_after(self(), {:keepalive, socket}, after_ms)
    %{link | tick: tick, heard?: false, probed?: probed?}
  end

  @doc "Handles a tick of the timer: goes on, probes, or reports that the server is gone."
  @spec tick(State.t(), Socket.t()) :: {:ok, State.t()} | :gone
  def tick(state, socket) do
    case state.links do
      %{^socket => %{streams: streams} = link}
      when streams == %{} and not state.keepalive.always? ->
        {:ok, Links.put(state, socket, %{link | tick: nil, probed?: false}, [])}

      %{^socket => %{heard?: true} = link} ->
        {:ok, Links.put(state, socket, arm(%{link | tick: nil}, socket, state), [])}

      %{^socket => %{probed?: true}} ->
        :gone

      %{^socket => link} ->
        link = probing(link, socket, state.keepalive)
        {:ok, Links.put(state, socket, link, Client.ping(link.client))}

      _closed ->
        {:ok, state}
    end
  end

  # Nothing follows from silence: it is asked again and again.
  defp probing(link, socket, %{timeout: :infinity, interval: interval}),
    do: arm(link, socket, interval, false)

  defp probing(link, socket, %{timeout: timeout}), do: arm(link, socket, timeout, true)

  @doc "Handles GOAWAY: probes more rarely, if the probes are the reason."
  @spec calmed(State.t(), Frame.code(), binary()) :: State.t()
  def calmed(%{keepalive: %{interval: interval}} = state, :enhance_your_calm, "too_many_pings")
      when is_integer(interval),
      do: put_in(state.keepalive.interval, 2 * interval)

  def calmed(state, _code, _debug), do: state

  @doc "The socket closes."
  @spec stop(State.link()) :: :ok
  def stop(%{tick: nil}), do: :ok

  def stop(%{tick: tick}) do
    _ = Process.cancel_timer(tick)
    :ok
  end
end
