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

  @moduledoc """
  The configuration of the application: defaults for the options of every `Vllm.Bridge`.

      config :vllm_distributed,
        command: "/srv/vllm/bin/vllm-bridge",
        size: 4,
        timeout: 30_000,
        timeout_profiles: %{training: [timeout: 3_600_000, stream_timeout: :infinity]}

  Keys are the options of `Vllm.Bridge`, all but `name`, and

  #{Options.docs(@application)}

  What is given to a bridge beats the configuration; `timeout_profiles` are put together. Keys that only make sense for the other kind of
  server (`size` for one that runs elsewhere, `token` for an embedded one) are passed over for a bridge
  that says itself what its server is. A configured `transport` stands in for the server of every bridge,
  whatever that is, so that `config/test.exs` needs one line; `transport: nil` excepts a bridge.

  The whole configuration is checked when a bridge starts: a key that does not exist, or a value that
  cannot be, is the error of `Vllm.Bridge.start_link/1` (category `:validation`, reason
  `"invalid_option"`).
  """

  @embedded [:command, :python, :size, :args, :start_timeout]
  @remote [:token, :tls]

  @doc false
  # Options that say where the server is and what it is like.
  @spec of_server() :: [atom()]
  def of_server, do: [:server, :connection | @embedded ++ @remote]

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
    if configured[:transport] && not Keyword.has_key?(given, :transport),
      do: configured |> Keyword.merge(given) |> Keyword.drop(of_server()),
      else: configured |> Keyword.drop(unfit(given)) |> Keyword.merge(given)
  end

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
    end
  end
end
