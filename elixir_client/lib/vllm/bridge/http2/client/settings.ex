defmodule Vllm.Bridge.HTTP2.Client.Settings do
  @moduledoc false
  # What each side allows the other, [RFC 9113 section 6.5](https://www.rfc-editor.org/rfc/rfc9113#section-6.5):
  # our limits as options, the server's as they arrive.

  alias Vllm.Bridge.HTTP2.Client.{SendQueue, State}
  alias Vllm.Bridge.HTTP2.{Frame, Hpack}
  alias Vllm.Bridge.HTTP2.Hpack.Table

  @type options :: %{
          window_size: pos_integer(),
          max_frame_size: pos_integer(),
          max_header_list_size: pos_integer()
        }

  @type too_large ::
          {:headers_too_large, size :: pos_integer(), limit :: non_neg_integer()}

  @doc "Our limits, see `Vllm.Bridge.HTTP2.Client.new/1`."
  @spec options(keyword()) :: options()
  def options(opts) do
    %{
      window_size: Keyword.get(opts, :window_size, 16 * 1024 * 1024),
      max_frame_size: Keyword.get(opts, :max_frame_size, 1024 * 1024),
      max_header_list_size: Keyword.get(opts, :max_header_list_size, 256 * 1024)
    }
  end

  @doc "The SETTINGS that announce them."
  @spec announced(options()) :: [Frame.setting()]
  def announced(options) do
    [
      enable_push: 0,
      initial_window_size: options.window_size,
      max_frame_size: options.max_frame_size,
      max_header_list_size: options.max_header_list_size
    ]
  end

  @doc """
  Whether the server takes a field list of this size (`SETTINGS_MAX_HEADER_LIST_SIZE`).

  The limit is advisory: a server that gets more may refuse the request or only hold it against us.
  """
  @spec check_fields(State.t(), [Hpack.policy_field()]) ::
          :ok | {:error, too_large()}
  def check_fields(%{peer: %{max_header_list_size: :infinity}}, _fields), do: :ok

  def check_fields(%{peer: %{max_header_list_size: limit}}, fields) do
    case list_size(fields, 0) do
      size when size > limit -> {:error, {:headers_too_large, size, limit}}
      _ -> :ok
    end
  end

  # Section 6.5.2 counts as HPACK's table does: uncompressed, and 32 bytes for each field.
  defp list_size([], size), do: size

  defp list_size([{name, value} | rest], size),
    do: list_size(rest, size + Table.entry_size(name, value))

  defp list_size([{name, value, _policy} | rest], size),
    do: list_size(rest, size + Table.entry_size(name, value))

  @doc "Takes over what the server announced, in its order."
  @spec received([Frame.setting()], State.t()) :: State.t() | State.violation()
  def received([], state), do: state

  def received([{:header_table_size, size} | rest], state),
    do: received(rest, %{state | encoder: Hpack.set_peer_limit(state.encoder, size)})

  def received([{:enable_push, 1} | _rest], _state),
    do: {:connection_error, :protocol_error, "a server cannot enable push"}

  # Section 6.9.2: the difference counts for every stream, and a window may become negative.
  def received([{:initial_window_size, size} | rest], state) do
    delta = size - state.peer.initial_window_size
    state = put_in(state.peer.initial_window_size, size)

    opened = for {id, %{fields: nil} = stream} <- state.streams, do: {id, stream}

    if Enum.any?(opened, fn {_, stream} -> stream.send_window + delta > Frame.max_window() end) do
      {:connection_error, :flow_control_error, "INITIAL_WINDOW_SIZE overflows a stream's window"}
    else
      state =
        Enum.reduce(opened, state, fn {id, stream}, state ->
          SendQueue.move_window(state, id, stream, delta)
        end)

      received(rest, state)
    end
  end

  def received([{name, value} | rest], state)
      when name in [:max_concurrent_streams, :max_frame_size, :max_header_list_size],
      do: received(rest, put_in(state.peer[name], value))

  def received([_other | rest], state), do: received(rest, state)
end
