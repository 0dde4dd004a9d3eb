defmodule Vllm.Bridge.Config do
  alias Vllm.Options

  @app :vllm_distributed
  @what "config :vllm_distributed"

  # Keys of the whole application, and of no bridge.
  @application [
    shared_memory: [
      type: :boolean,
      doc: "Whether tensors may travel through shared memory, see docs/tensors.md."
    ],
    shared_memory_min_bytes: [
      type: :positive,
      doc: "From how many bytes on a tensor travels through shared memory."
    ],
    chunks_min_bytes: [
      type: :positive,
      doc: "From how many bytes of tensors on a call without shared memory is made in chunks."
    ]
  ]

  @moduledoc since: "0.1.0"
  @moduledoc """
  The configuration of the application: defaults for the options of every `Vllm.Bridge`.

      config :vllm_distributed,
        command: "/srv/vllm/bin/vllm-bridge",
        size: 4,
        timeout: 30_000,
        timeout_profiles: %{training: [timeout: 3_600_000, stream_timeout: :infinity]}

  Keys are the options of `Vllm.Bridge`, all but `name`, and

  #{Options.docs(@application)}

  Options given to a bridge win over the configuration; `timeout_profiles` of both are merged.

    * If a bridge says which server it uses, configured keys for the other kind of server are ignored
      (`size` for a running server, `token` for an embedded one). Likewise `command` is ignored for a bridge
      that is given `python`, and the other way round.
    * Where one level says both how to start a server and where one runs, the latter holds; a line of the log says
      what was left out and where it came from.
    * The value nil unsets a configured option: `command: nil`.
    * A configured `transport` replaces the server of every bridge, so `config/test.exs` needs one line.
      `transport: nil` excepts a bridge.

  The whole configuration is checked when a bridge starts. An unknown key or a refused value is the error
  of `Vllm.Bridge.start_link/1` (category `:validation`, reason `"invalid_option"`).
  """

  @embedded [:command, :python, :size, :args, :start_timeout]
  @remote [:token, :tls]

  @doc false
  # Options that say where the server is and what it is like.
  @spec of_server() :: [atom()]
  def of_server, do: [:server, :connection, :carrier | @embedded ++ @remote]

  @doc since: "0.1.0"
  @doc "Every key of the configuration."
  @spec keys() :: [atom()]
  def keys,
    do:
      Keyword.keys(Keyword.delete(Vllm.Bridge.Settings.schema(), :name)) ++
        Keyword.keys(@application)

  @doc false
  # The options given to a bridge over those of the configuration.
  @spec merge(term(), Options.schema()) :: {:ok, keyword()} | {:error, String.t()}
  def merge(given, schema) do
    schema = Keyword.delete(schema, :name)

    with {:ok, configured} <- read(schema) do
      if Keyword.keyword?(given),
        do: {:ok, put_together(configured, given)},
        # Refused by what validates it.
        else: {:ok, given}
    end
  end

  defp put_together(configured, given) do
    {unset, given} = Enum.split_with(given, &match?({_key, nil}, &1))
    unset = Keyword.keys(unset)
    configured = Keyword.drop(configured, unset)

    if configured[:transport] && given[:transport] == nil,
      do: configured |> Keyword.merge(given) |> Keyword.drop(of_server()),
      else: configured |> Keyword.drop(unfit(given)) |> Keyword.merge(given)
  end

  @doc false
  # Where options come from, for messages about some that do not go together; `given` are those given to the
  # bridge.
  @spec origins([atom()], keyword()) :: String.t()
  def origins(keys, given) do
    case Enum.split_with(keys, &(given[&1] != nil)) do
      {_all, []} ->
        ""

      {[], _all} ->
        ". #{listed(keys)} from config :vllm_distributed: change that, or unset it for this bridge " <>
          "with `#{hd(keys)}: nil`"

      {given, configured} ->
        ". #{listed(given)} given to the bridge, #{listed(configured)} from config :vllm_distributed: " <>
          "change that, or unset it for this bridge with `#{hd(configured)}: nil`"
    end
  end

  defp listed([key]), do: "#{key} is"
  defp listed(keys), do: Enum.join(keys, ", ") <> " are"

  defp read(schema) do
    # Profiles have a check of their own, which names them better.
    configured =
      @app
      |> Application.get_all_env()
      |> Keyword.drop([:included_applications, :timeout_profiles])

    schema = Keyword.delete(schema, :timeout_profiles) ++ @application

    case Options.validate(configured, schema, @what) do
      {:ok, _valid} -> {:ok, Keyword.drop(configured, Keyword.keys(@application))}
      {:error, message} -> {:error, message <> ". " <> remedy()}
    end
  end

  defp remedy do
    "Mend it in config/*.exs, or give the option to one bridge: {Vllm.Bridge, ...}; " <>
      "Vllm.Bridge.Config lists the keys"
  end

  # What the configuration says about another kind of server than the one that is given.
  defp unfit(given) do
    cond do
      given[:transport] -> of_server()
      given[:server] == :embedded -> @remote
      given[:server] -> @embedded
      Enum.any?(@embedded, &Keyword.has_key?(given, &1)) -> [:server | @remote]
      true -> []
    end ++ other_program(given)
  end

  defp other_program(given) do
    cond do
      given[:python] -> [:command]
      given[:command] -> [:python]
      true -> []
    end
  end
end
