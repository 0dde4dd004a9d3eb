defmodule Vllm.Bridge.Profiles do
  @moduledoc false
  # Timeout profiles: names for pairs of timeouts. Names are strings, so a server's names make no atoms. A
  # bridge's own profiles win over the server's, and these over the standard ones.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Google.Protobuf.Duration
  alias Vllm.{Error, Options}

  @standard [
    default: {120_000, 1_800_000},
    ml_inference: {600_000, 1_800_000},
    batch_job: {:infinity, :infinity},
    streaming: {120_000, 1_800_000}
  ]

  @schema [
    timeout: [type: :timeout],
    stream_timeout: [type: :timeout]
  ]

  @typedoc "Name to timeouts of a call and of a stream, in milliseconds."
  @type t :: %{optional(String.t()) => {call :: timeout(), stream :: timeout()}}

  @doc "The profiles every bridge has."
  @spec standard() :: [{atom(), {timeout(), timeout()}}]
  def standard, do: @standard

  @doc "Those of the application's configuration under those given to `Vllm.Bridge`."
  @spec configured(map() | keyword()) :: {:ok, t()} | {:error, String.t()}
  def configured(given) do
    configuration = Application.get_env(:vllm_distributed, :timeout_profiles, %{})

    with {:ok, configured} <- read(configuration, "config :vllm_distributed, :timeout_profiles"),
         {:ok, given} <- read(given, "Vllm.Bridge: timeout_profiles"),
         do: {:ok, Map.merge(configured, given)}
  end

  defp read(profiles, what) when is_map(profiles) or is_list(profiles) do
    Enum.reduce_while(profiles, {:ok, %{}}, fn profile, {:ok, read} ->
      case read_one(profile, what) do
        {:ok, name, timeouts} -> {:cont, {:ok, Map.put(read, name, timeouts)}}
        {:error, message} -> {:halt, {:error, message}}
      end
    end)
  end

  defp read(other, what),
    do: {:error, "#{what} must be a map from name to timeouts, got: #{inspect(other, limit: 5)}"}

  # What a profile does not say is as in `:default`.
  defp read_one({name, options}, what) when is_atom(name) or is_binary(name) do
    options = if is_map(options), do: Map.to_list(options), else: options

    with {:ok, given} <- Options.validate(options, @schema, "#{what}: #{inspect(name)}") do
      {call, stream} = @standard[:default]
      {:ok, to_string(name), {given.timeout || call, given.stream_timeout || stream}}
    end
  end

  defp read_one(other, what),
    do: {:error, "#{what}: #{inspect(other, limit: 5)} is not a name with timeouts"}

  @doc "The profiles of a server."
  @spec from_message(V1.Profiles.t()) :: t()
  def from_message(%V1.Profiles{profiles: profiles}) do
    Map.new(
      profiles,
      &{&1.name, {milliseconds(&1.call_timeout), milliseconds(&1.stream_timeout)}}
    )
  end

  defp milliseconds(nil), do: :infinity

  defp milliseconds(%Duration{seconds: seconds, nanos: nanos}),
    do: max(seconds * 1_000 + div(nanos, 1_000_000), 1)

  # How long a call may wait for the server's profiles, in ms; without them it has those of this side.
  @ask_timeout 2_000

  @doc "A bridge's row with the server's profiles, which are asked for once per connection."
  @spec known(Connections.config()) :: Connections.config()
  def known(%{profiles_known?: true} = config), do: config

  def known(config) do
    refresh(config.bridge)

    case Connections.config(config.bridge) do
      {:ok, config} -> config
      {:error, _stopped} -> config
    end
  end

  @doc "Asks the server for its profiles, once for all who want to know at the same time."
  @spec refresh(atom()) :: :ok
  def refresh(bridge) do
    Connections.ask_once(bridge, &ask/1)
    :ok
  end

  # What the server has, or nil when it does not say.
  defp ask(config) do
    request = %V1.GetProfilesRequest{}

    case PoolClient.call(config, "GetProfiles", request, V1.Profiles, @ask_timeout) do
      {:ok, profiles} -> from_message(profiles)
      # A server without profiles of its own.
      {:error, %Error{reason: "unimplemented"}} -> %{}
      {:error, _unreachable} -> nil
    end
  end

  @doc "All that a bridge knows: its own (`configured/1`) over the server's over the standard ones."
  @spec merge(t(), t()) :: t()
  def merge(configured, server) do
    standard = Map.new(@standard, fn {name, timeouts} -> {Atom.to_string(name), timeouts} end)
    standard |> Map.merge(server) |> Map.merge(configured)
  end

  @doc "The timeouts of a profile, or the error that names the known ones."
  @spec fetch(t(), String.t()) :: {:ok, {timeout(), timeout()}} | {:error, Error.t()}
  def fetch(profiles, name) do
    with :error <- Map.fetch(profiles, name) do
      known = profiles |> Map.keys() |> Enum.sort() |> Enum.join(", ")

      message =
        "there is no timeout profile #{name}; known are: #{known}. Define it with " <>
          "`config :vllm_distributed, timeout_profiles: %{#{name}: [timeout: 60_000]}`, " <>
          "{Vllm.Bridge, timeout_profiles: ...} or in the server's configuration file"

      {:error, Error.validation(message, "unknown_timeout_profile")}
    end
  end
end
