defmodule Vllm.Runtime do
  @profiles [
    default: {120_000, 1_800_000},
    ml_inference: {600_000, 1_800_000},
    batch_job: {:infinity, :infinity},
    streaming: {120_000, 1_800_000}
  ]

  @affinities [:hint, :strict_queue, :strict_fail_fast]

  # Those that a bridge can be given defaults for.
  @defaults [
    timeout: [type: :timeout, doc: "Longest time of a call, queueing included, in ms."],
    timeout_profile: [
      type: {:in, Keyword.keys(@profiles)},
      doc: "Name of a pair of timeouts, see above. An explicit `timeout` beats it."
    ],
    stream_timeout: [type: :timeout, doc: "Longest time of a streaming call in ms."],
    pool_name: [type: :label, doc: "Pool in which a session that is not open yet starts."],
    affinity: [
      type: {:in, @affinities},
      doc: "Affinity of a session that is not open yet, see `Vllm.Session`."
    ],
    tensors: [
      type: {:in, [:value, :ref]},
      doc: "`:ref` leaves tensors of the result in the rank, see `Vllm.Tensor`."
    ]
  ]

  @schema [
            session_id: [type: :text, doc: "Session to run in."],
            bridge: [type: :name, doc: "Name of the `Vllm.Bridge` to use."]
          ] ++ @defaults

  @moduledoc """
  How a call is run: the options in `__runtime__: [...]` of every function.

  #{Vllm.Options.docs(@schema)}

  | profile | call timeout | stream timeout |
  |---|---|---|
  #{Enum.map_join(@profiles, "\n", fn {name, {call, stream}} -> "| `#{inspect(name)}` | #{call} | #{stream} |" end)}

  An explicit timeout beats a profile beats the defaults given to `Vllm.Bridge`; without any of them
  it is the profile `:default`.
  """

  @type t :: %{
          timeout: timeout() | nil,
          timeout_profile: atom(),
          stream_timeout: timeout() | nil,
          session_id: String.t() | nil,
          pool_name: String.t() | nil,
          affinity: Vllm.Session.affinity() | nil,
          tensors: :value | :ref | nil,
          bridge: atom()
        }

  alias Vllm.{Error, Options}

  @none Options.defaults(@schema)

  @doc "Checks the options of a call."
  @spec validate(term()) :: {:ok, t()} | {:error, Error.t()}
  def validate([]), do: {:ok, @none}

  def validate(options) do
    with {:error, message} <- Options.validate(options, @schema, "__runtime__"),
         do: {:error, Error.validation(message, "invalid_option")}
  end

  @doc """
  The time a call may take, in milliseconds.

      iex> {:ok, runtime} = Vllm.Runtime.validate(timeout_profile: :ml_inference)
      iex> Vllm.Runtime.timeout(runtime, %{timeout: 1_000, timeout_profile: nil})
      600_000
  """
  @spec timeout(t(), map()) :: timeout()
  def timeout(runtime, defaults) do
    cond do
      runtime.timeout -> runtime.timeout
      runtime.timeout_profile -> profile(runtime.timeout_profile)
      defaults.timeout -> defaults.timeout
      true -> profile(defaults.timeout_profile || :default)
    end
  end

  defp profile(name), do: @profiles |> Keyword.fetch!(name) |> elem(0)

  @doc false
  @spec defaults_schema() :: Options.schema()
  def defaults_schema, do: @defaults

  @doc false
  @spec affinities() :: [atom()]
  def affinities, do: @affinities
end
