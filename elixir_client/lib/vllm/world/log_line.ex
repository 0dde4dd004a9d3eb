defmodule Vllm.World.LogLine do
  @moduledoc since: "0.1.0"
  @moduledoc """
  A line that a rank or the server has written, as `Vllm.World.logs/2` delivers it.

    * `at`: when it was logged, or, of other output, when the server read it
    * `text`: may have several lines, and anything in it
    * `world_id`, `epoch`, `rank`: where; `rank` is nil for a line of the server that is of no rank
    * `ranks`: all ranks that wrote it
    * `rank_id`: of the rank's process; nil for a line of the server
    * `level`: `:debug`, `:info`, `:warning`, `:error` or `:critical`; nil for what was not logged, but just
      written to stdout or stderr
    * `logger`: its name in Python; nil for other output
    * `session_id`, `call_id`: of the call that ran; nil where that is not known
    * `dropped`: how many lines before this one the reader has missed because it read too slowly
  """

  alias Vllm.Bridge.V1
  alias Vllm.Google.Protobuf.Timestamp

  @enforce_keys [:text]
  defstruct [
    :at,
    :text,
    :world_id,
    :epoch,
    :rank,
    :rank_id,
    :level,
    :logger,
    :session_id,
    :call_id,
    ranks: [],
    dropped: 0
  ]

  @type t :: %__MODULE__{
          at: DateTime.t() | nil,
          text: String.t(),
          world_id: String.t() | nil,
          epoch: non_neg_integer(),
          rank: non_neg_integer() | nil,
          ranks: [non_neg_integer()],
          rank_id: String.t() | nil,
          level: :debug | :info | :warning | :error | :critical | nil,
          logger: String.t() | nil,
          session_id: String.t() | nil,
          call_id: String.t() | nil,
          dropped: non_neg_integer()
        }

  @levels %{
    "debug" => :debug,
    "info" => :info,
    "warning" => :warning,
    "error" => :error,
    "critical" => :critical
  }

  @doc false
  @spec level(term()) :: :debug | :info | :warning | :error | :critical | nil
  def level(name), do: Map.get(@levels, name)

  @doc false
  @spec from_message(V1.LogLines.t(), atom()) :: {:ok, [t()]}
  def from_message(%V1.LogLines{lines: lines, dropped: dropped}, _bridge) do
    case Enum.map(lines, &line/1) do
      [first | rest] -> {:ok, [%{first | dropped: dropped} | rest]}
      [] -> {:ok, []}
    end
  end

  defp line(%V1.LogLine{} = message) do
    own = if message.rank == nil, do: [], else: [message.rank]

    %__MODULE__{
      at: time(message.at),
      text: message.text,
      world_id: present(message.world_id),
      epoch: message.epoch,
      rank: message.rank,
      ranks: if(message.ranks == [], do: own, else: message.ranks),
      rank_id: present(message.rank_id),
      level: level(message.level),
      logger: present(message.logger),
      session_id: present(message.session_id),
      call_id: present(message.call_id)
    }
  end

  defp time(%Timestamp{seconds: seconds, nanos: nanos}) do
    case DateTime.from_unix(seconds * 1_000_000 + div(nanos, 1_000), :microsecond) do
      {:ok, at} -> at
      {:error, _out_of_range} -> nil
    end
  end

  defp time(nil), do: nil

  defp present(""), do: nil
  defp present(text), do: text
end
