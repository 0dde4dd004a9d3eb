defmodule Vllm.Bridge do
  @schema [
            server: [
              type: {:or, [{:in, [:embedded]}, :text]},
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
            start_timeout: [
              type: :positive,
              default: 30_000,
              doc: "Milliseconds the embedded server may take to be ready."
            ]
          ] ++ Vllm.Runtime.defaults_schema()

  @moduledoc """
  The connection to a pool of ranks; put it into a supervision tree.

      children = [{Vllm.Bridge, server: :embedded}]

  `start_link/1` returns when the server is ready. Should the embedded server end, pending calls return
  errors, and the supervisor starts it anew, with new sessions.

  Options, the last ones being defaults of every call:

  #{Vllm.Options.docs(@schema)}
  """

  use Supervisor

  alias Vllm.Bridge.{Connections, Endpoint, Server}
  alias Vllm.{Error, Options, Runtime}

  @doc "A child specification; the id is the bridge's name, so that one tree may hold several."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) do
    %{
      id: Keyword.get(opts, :name, __MODULE__),
      start: {__MODULE__, :start_link, [opts]},
      type: :supervisor
    }
  end

  @doc "Starts the bridge, and with `server: :embedded` the Python pool."
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, Error.t() | term()}
  def start_link(opts \\ []) do
    with {:ok, opts} <- validate(opts),
         {:ok, opts} <- command(opts) do
      case Supervisor.start_link(__MODULE__, opts, name: opts.name) do
        {:error, {:shutdown, {:failed_to_start_child, _child, %Error{} = error}}} ->
          {:error, error}

        result ->
          result
      end
    end
  end

  @impl Supervisor
  def init(opts) do
    server_name = Module.concat(opts.name, Server)

    {server, server_children} =
      case opts.server do
        :embedded -> {{:embedded, server_name}, [server_child(server_name, opts)]}
        endpoint -> {endpoint, []}
      end

    connections =
      {Connections,
       name: opts.name,
       server: server,
       token: opts.token,
       defaults: Map.take(opts, Keyword.keys(Runtime.defaults_schema()))}

    # The connections lead to the server: a new server needs new ones.
    Supervisor.init(server_children ++ [connections], strategy: :rest_for_one)
  end

  defp server_child(name, opts) do
    {Server,
     name: name,
     command: opts.command,
     size: opts.size,
     args: opts.args,
     start_timeout: opts.start_timeout}
  end

  defp validate(opts) do
    with {:ok, opts} <- Options.validate(opts, @schema, "Vllm.Bridge"),
         :ok <- check_server(opts) do
      {:ok, opts}
    else
      {:error, message} -> {:error, Error.validation(message, "invalid_option")}
    end
  end

  defp check_server(%{server: :embedded, token: nil}), do: :ok

  defp check_server(%{server: :embedded}),
    do: {:error, "Vllm.Bridge: token is for a running server; an embedded one needs none"}

  defp check_server(%{server: endpoint} = opts) do
    embedded_only =
      for key <- [:command, :python, :size, :args], opts[key] not in [nil, []], do: key

    case {Endpoint.parse(endpoint), embedded_only} do
      {{:ok, _parsed}, []} ->
        :ok

      {{:ok, _parsed}, keys} ->
        {:error, "Vllm.Bridge: #{Enum.join(keys, ", ")} only apply to server: :embedded"}

      {{:error, reason}, _keys} ->
        {:error,
         "Vllm.Bridge: server must be :embedded, \"unix:/path\" or \"host:port\", got: " <>
           "#{inspect(endpoint)} (#{if is_binary(reason), do: reason, else: inspect(reason)})"}
    end
  end

  defp command(%{server: :embedded} = opts) do
    with {:ok, command} <- Server.find_command(opts), do: {:ok, %{opts | command: command}}
  end

  defp command(opts), do: {:ok, opts}
end
