defmodule Vllm.Runtime do
  @affinities [:hint, :strict_queue, :strict_fail_fast]

  # Those that a bridge can be given defaults for.
  @defaults [
    timeout: [type: :timeout, doc: "Longest time of a call, queueing included, in ms."],
    timeout_profile: [
      type: :label,
      doc: "Name of a pair of timeouts, see below. An explicit timeout wins."
    ],
    stream_timeout: [
      type: :timeout,
      doc: "Longest time of a call that is answered with a stream, in ms."
    ],
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
          ] ++
            @defaults ++
            [
              on_progress: [
                type: {:function, 1},
                doc:
                  "Called here, in the calling process, while tensors of the call travel in parts (docs/tensors.md), " <>
                    "with `%{direction: :send | :receive, bytes: bytes, total: bytes}`."
              ]
            ]

  alias Vllm.Bridge.Profiles
  alias Vllm.Call.Inherited
  alias Vllm.{Error, Options}

  @moduledoc since: "0.1.0"
  @moduledoc """
  How a call is run: the options in `__runtime__: [...]` of every function.

  #{Options.docs(@schema)}

  ## Timeout profiles

  | profile | call timeout | stream timeout |
  |---|---|---|
  #{Enum.map_join(Profiles.standard(), "\n", fn {name, {call, stream}} -> "| `#{inspect(name)}` | #{call} | #{stream} |" end)}

  These define more profiles, or redefine the standard ones; the first in this list wins:

    1. `{Vllm.Bridge, timeout_profiles: %{training: [timeout: 3_600_000, stream_timeout: :infinity]}}`
    2. `config :vllm_distributed, timeout_profiles: %{...}`
    3. the configuration file of the server

  A timeout that a profile leaves out is that of `:default`.

  An explicit timeout wins over a profile, the profile over the defaults of the process
  (`with_defaults/2`), and these over the defaults of `Vllm.Bridge`. Without any of them the profile
  `:default` applies. The deadline covers everything: waiting for a connection, queue, gate and
  execution. What is left of it travels with the call.
  """

  @type t :: %{
          timeout: timeout() | nil,
          timeout_profile: String.t() | nil,
          stream_timeout: timeout() | nil,
          session_id: String.t() | nil,
          pool_name: String.t() | nil,
          affinity: Vllm.Session.affinity() | nil,
          tensors: :value | :ref | nil,
          bridge: atom(),
          on_progress: (map() -> term()) | nil
        }

  @none Options.defaults(@schema)

  # What this process has set for its calls.
  @key :"$vllm_runtime"

  # Checks the options of a call, and adds what the process has set for all of its calls.
  @doc false
  @spec validate(term()) :: {:ok, t()} | {:error, Error.t()}
  def validate([]), do: {:ok, defaults()}

  def validate(options) do
    with {:ok, given} <- Options.parse(options, @schema, "__runtime__", @none),
         do: {:ok, over(given, defaults())}
  end

  defp over(given, @none), do: given

  defp over(given, defaults) do
    # A profile that is named beats a timeout that is not.
    defaults =
      if given.timeout_profile,
        do: %{defaults | timeout: nil, stream_timeout: nil},
        else: defaults

    Map.merge(defaults, given, fn _key, default, value ->
      if value == nil, do: default, else: value
    end)
  end

  @doc since: "0.1.0"
  @doc """
  Runs a function; its calls have these options unless they say otherwise. That holds for calls of this
  process and of the ranks of `Vllm.World.run/3` in it. Nested defaults add up. Returns what the function
  returns, or `{:error, error}` for a wrong option; then the function has not run.

      Vllm.Runtime.with_defaults([timeout: 5_000, bridge: MyApp.Bridge], fn ->
        Vllm.Distributed.get_pp_indices(61, 0, 4)
      end)

  Other processes, such as a `Task`, do not have them.
  """
  @spec with_defaults(keyword(), (() -> result)) :: result | {:error, Error.t()}
        when result: term()
  def with_defaults(options, fun) when is_function(fun, 0) do
    with {:ok, runtime} <- validate(options), do: under(runtime, fun)
  end

  @doc since: "0.1.0"
  @doc "As `with_defaults/2`; raises `Vllm.Error` for a wrong option."
  @spec with_defaults!(keyword(), (() -> result)) :: result when result: term()
  def with_defaults!(options, fun) when is_function(fun, 0),
    do: options |> validate() |> Error.unwrap!() |> under(fun)

  defp under(runtime, fun) do
    before = Process.get(@key)
    put_defaults(runtime)

    try do
      fun.()
    after
      if before, do: put_defaults(before), else: Process.delete(@key)
    end
  end

  @doc since: "0.1.0"
  @doc """
  The options that `with_defaults/2` has set for the calling process, or for the one that it works for, as a `Task`
  does; nil for the others.
  """
  @spec defaults() :: t()
  def defaults, do: Inherited.get(@key, @none)

  @doc false
  # Also none, for a process that shall not have those of its callers.
  @spec put_defaults(t()) :: :ok
  def put_defaults(runtime \\ @none) do
    Process.put(@key, runtime)
    :ok
  end

  # The time a call may take, in milliseconds; `defaults` and `profiles` are the bridge's.
  @doc false
  @spec timeout(map(), map(), Profiles.t()) :: {:ok, timeout()} | {:error, Error.t()}
  def timeout(runtime, defaults, profiles), do: choose(:timeout, 0, runtime, defaults, profiles)

  # The time a call that is answered with a stream may take, in milliseconds.
  @doc false
  @spec stream_timeout(map(), map(), Profiles.t()) :: {:ok, timeout()} | {:error, Error.t()}
  def stream_timeout(runtime, defaults, profiles),
    do: choose(:stream_timeout, 1, runtime, defaults, profiles)

  defp choose(key, position, runtime, defaults, profiles) do
    cond do
      timeout = Map.get(runtime, key) -> {:ok, timeout}
      name = runtime.timeout_profile -> profile(profiles, name, position)
      timeout = Map.get(defaults, key) -> {:ok, timeout}
      true -> profile(profiles, defaults.timeout_profile || "default", position)
    end
  end

  defp profile(profiles, name, position) do
    with {:ok, timeouts} <- Profiles.fetch(profiles, name), do: {:ok, elem(timeouts, position)}
  end

  # Whether a profile decides about the timeout of a call: these may be the server's.
  @doc false
  @spec profiled?(map(), map(), :timeout | :stream_timeout) :: boolean()
  def profiled?(runtime, defaults, key) do
    Map.get(runtime, key) == nil and
      (runtime.timeout_profile != nil or Map.get(defaults, key) == nil)
  end

  # Whether `__runtime__` has an option of this name.
  @doc false
  @spec option?(atom()) :: boolean()
  def option?(key), do: Keyword.has_key?(@schema, key)

  @doc false
  @spec defaults_schema() :: Options.schema()
  def defaults_schema, do: @defaults

  @doc false
  @spec affinities() :: [atom()]
  def affinities, do: @affinities
end
