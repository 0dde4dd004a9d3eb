defmodule Vllm.Bridge.Settings do
  @moduledoc false
  # What `Vllm.Bridge.start_link/1` takes, checked before anything starts.

  alias Vllm.Bridge.{Config, Connection, Endpoint, Profiles, Server, Transport}
  alias Vllm.Bridge.Connection.Tls
  alias Vllm.{Error, Options, Runtime}
  require Logger

  @schema [
            server: [
              type: {:or, [{:in, [:embedded]}, :address]},
              default: :embedded,
              doc:
                "`:embedded` starts the Python pool as a child OS process; `\"unix:/path\"` or " <>
                  "`\"host:port\"` connects to a running one."
            ],
            name: [
              type: :name,
              default: Vllm.Bridge,
              doc:
                "Name of the supervisor; calls choose a bridge by it (`__runtime__: [bridge: ...]`)."
            ],
            command: [
              type: {:or, [:text, {:list, :text}]},
              doc:
                "Program of the embedded server, with arguments when a list. Without it: the " <>
                  "variable `VLLM_BRIDGE`, `./.venv/bin/vllm-bridge`, `vllm-bridge` on the PATH."
            ],
            python: [
              type: :text,
              doc: "Python interpreter to run the embedded server with, in place of `command`."
            ],
            size: [
              type: :positive,
              doc: "Ranks outside any world of the embedded server; its own default when absent."
            ],
            args: [
              type: {:list, :text},
              default: [],
              doc:
                "More arguments of the embedded server, as of `vllm-bridge serve`: " <>
                  "`[\"--allow\", \"my_package.\"]`."
            ],
            token: [type: :text, doc: "Token of the running server."],
            tls: [
              type: {:or, [:boolean, :keyword]},
              default: false,
              doc:
                "TLS to a running server at `\"host:port\"`: `true`, or options, see below. The server's " <>
                  "certificate is always verified."
            ],
            connection: [
              type: :keyword,
              default: [],
              doc:
                "Options of the connections, such as `connect_timeout` and `keepalive`, see " <>
                  "`Vllm.Bridge.Connection.start_link/1`."
            ],
            carrier: [
              type: {:in, [:auto, :grpc]},
              default: :auto,
              doc:
                "What carries the calls of a rank that is called directly: `:auto` is frames where the rank " <>
                  "takes them, else gRPC; `:grpc` is always gRPC. See Carriers."
            ],
            timeout_profiles: [
              type: :profiles,
              default: [],
              doc:
                "More timeout profiles, `%{training: [timeout: 3_600_000, stream_timeout: :infinity]}`, " <>
                  "see `Vllm.Runtime`."
            ],
            start_timeout: [
              type: :timeout,
              default: 30_000,
              doc: "Milliseconds the embedded server may take to be ready."
            ],
            log: [
              type: {:in, [:logger, :stderr]},
              doc:
                "Where the lines of the Python processes go: `:logger`, with `world_id`, `rank`, `call_id` and more " <>
                  "as metadata, or `:stderr`. Of an embedded server `:logger` when absent; of a running one " <>
                  "nowhere, and `:stderr` is refused: they are in the server's own log."
            ],
            max_restarts: [
              type: :count,
              default: 3,
              doc:
                "Restarts of the bridge's children within `max_seconds` before it gives up itself."
            ],
            max_seconds: [type: :positive, default: 5, doc: "See `max_restarts`."],
            transport: [
              type: {:or, [:transport, {:in, [nil]}]},
              doc:
                "What carries the calls in place of a server: a module, or `{module, options}`, with the " <>
                  "behaviour `Vllm.Bridge.Transport`; `Vllm.Bridge.Transport.Memory` in tests."
            ]
          ] ++ Runtime.defaults_schema()

  @doc "The options of every bridge."
  @spec schema() :: Options.schema()
  def schema, do: @schema

  @doc """
  The options given, over those of the configuration, as they are used: profiles read, the transport made,
  the server's program found.
  """
  @spec validate(term()) :: {:ok, map()} | {:error, Error.t()}
  def validate(opts) do
    with {:ok, opts} <- check(opts), do: command(opts)
  end

  # `own`: as they were given to the bridge.
  defp check(own) do
    with {:ok, given} <- Config.merge(own, @schema),
         {:ok, opts} <- Options.validate(given, @schema, "Vllm.Bridge"),
         :ok <- check_transport(opts, given),
         opts = fit(opts, own),
         :ok <- check_server(opts, own),
         :ok <- check_tls(opts, own),
         {:ok, _options} <-
           Options.validate(opts.connection, Connection.schema(), "Vllm.Bridge: connection"),
         {:ok, profiles} <- Profiles.configured(opts.timeout_profiles),
         {:ok, transport} <- transport(opts) do
      {:ok, %{opts | timeout_profiles: profiles, transport: transport}}
    else
      {:error, message} -> {:error, Error.validation(message, "invalid_option")}
    end
  end

  defp transport(%{transport: nil}), do: {:ok, nil}

  defp transport(opts) do
    with {:ok, carrier, children} <- Transport.start(opts.name, opts.transport),
         do: {:ok, {carrier, children}}
  end

  # A transport takes the place of a server, and of all that leads to one.
  defp check_transport(%{transport: nil}, _given), do: :ok

  defp check_transport(_opts, given) do
    case Enum.filter(Config.of_server(), &Keyword.has_key?(given, &1)) do
      [] -> :ok
      keys -> {:error, "Vllm.Bridge: #{Enum.join(keys, ", ")} do not go with transport"}
    end
  end

  defp check_tls(%{tls: false}, _own), do: :ok

  defp check_tls(%{server: :embedded}, own) do
    {:error,
     "Vllm.Bridge: tls is for a running server; an embedded one has a unix socket" <>
       Config.origins([:tls], own)}
  end

  defp check_tls(%{server: server, tls: tls}, _own) do
    {:ok, endpoint} = Endpoint.parse(server)

    case Tls.options(tls, endpoint) do
      {:ok, _options} -> :ok
      {:error, message} -> {:error, "Vllm.Bridge: " <> message}
    end
  end

  # How to start a server, beside where one runs: the more specific one holds, and the log says what was left
  # out, and where that came from.
  defp fit(%{server: server} = opts, own) when is_binary(server) do
    # What the configuration says for embedded servers, `Config.merge/2` has left out already.
    configured = Application.get_all_env(:vllm_distributed)

    keys =
      for key <- [:command, :python, :size, :args],
          value = Keyword.get(own, key, configured[key]),
          value != [],
          do: key

    left_out(opts, keys, "server is #{inspect(server)}, which runs already", own)
  end

  # The bridge's own program, beside a configured server: `Config.merge/2` has left that out.
  defp fit(%{server: :embedded, transport: nil} = opts, own) do
    configured = Application.get_env(:vllm_distributed, :server)

    if is_binary(configured) and not Keyword.has_key?(own, :server) do
      Logger.warning(
        "#{inspect(opts.name)} leaves out server #{inspect(configured)} (from config :vllm_distributed): the bridge " <>
          "is given how to start its own"
      )
    end

    opts
  end

  defp fit(opts, _own), do: opts

  defp left_out(opts, [], _why, _own), do: opts

  defp left_out(opts, keys, why, own) do
    {given, configured} = Enum.split_with(keys, &(own[&1] != nil))

    from =
      [{given, "given to the bridge"}, {configured, "from config :vllm_distributed"}]
      |> Enum.reject(&match?({[], _where}, &1))
      |> Enum.map_join("; ", fn {keys, where} -> "#{Enum.join(keys, ", ")} (#{where})" end)

    Logger.warning("#{inspect(opts.name)} leaves out #{from}: #{why}")
    Enum.reduce(keys, opts, &Map.put(&2, &1, if(&1 == :args, do: [], else: nil)))
  end

  defp check_server(%{server: :embedded, token: nil} = opts, own) do
    if opts.command && opts.python,
      do:
        {:error,
         "Vllm.Bridge: command and python both say how to start the server; give one of them" <>
           Config.origins([:command, :python], own)},
      else: :ok
  end

  defp check_server(%{server: :embedded}, own) do
    {:error,
     "Vllm.Bridge: token is for a running server; an embedded one needs none" <>
       Config.origins([:token], own)}
  end

  defp check_server(%{token: token} = opts, own) when is_binary(token) do
    # It travels in a header, which ends at a line feed.
    if token =~ ~r/\A[!-~]([ -~]*[!-~])?\z/,
      do: check_server(%{opts | token: nil}, own),
      else: {:error, "Vllm.Bridge: token must be printable ASCII without blanks around it"}
  end

  defp check_server(%{log: :stderr} = _opts, own) do
    {:error,
     "Vllm.Bridge: log: :stderr is for an embedded server; a running one has a stderr of its own" <>
       Config.origins([:log], own)}
  end

  defp check_server(%{server: endpoint}, _own) do
    with {:error, reason} <- Endpoint.parse(endpoint) do
      {:error,
       "Vllm.Bridge: server must be :embedded, \"unix:/path\" or \"host:port\", got: " <>
         "#{inspect(endpoint)} (#{reason})"}
    else
      {:ok, _parsed} -> :ok
    end
  end

  defp command(%{server: :embedded, transport: nil} = opts) do
    with {:ok, command} <- Server.find_command(opts), do: {:ok, %{opts | command: command}}
  end

  defp command(opts), do: {:ok, opts}
end
