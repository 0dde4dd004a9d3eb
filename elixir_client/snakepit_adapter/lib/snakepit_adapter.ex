defmodule Vllm.Bridge.SnakepitAdapter do
  @moduledoc since: "0.1.0"
  @moduledoc """
  The adapter of a [Snakepit](https://hexdocs.pm/snakepit) pool whose workers are ranks of ours.

      config :snakepit,
        pooling_enabled: true,
        pools: [%{name: :ranks, pool_size: 2, adapter_module: Vllm.Bridge.SnakepitAdapter}]

  It comes in two packages: in `vllm_distributed`, beside the typed client, and alone in
  `vllm_distributed_snakepit`, for applications that have the `Vllm.Distributed` of the Hex package `vllm`. An
  application depends on one of them.

  Snakepit runs `script_path/0` by `executable_path/0`, the Python that `vllm_distributed` is installed
  in: that of `config :vllm_distributed, python: "/srv/vllm/bin/python"` (alone: `config
  :vllm_distributed_snakepit, python: ...`), of the variable `VLLM_PYTHON`, `./.venv/bin/python`, or `python3` on
  the PATH. The arguments of the script are the `adapter_args` of
  `config :snakepit, pool_config: %{...}`, if any: `["--allow", "my_package."]`.

  Snakepit's own adapter for Python does everything that concerns gRPC. In addition, this one sends every
  argument `{:binary, bytes}` of a tool beside the JSON, as it is. `Vllm.Bridge.Transport.Snakepit` needs
  that; other callers may use it.

  Its workers run one call at a time, so a pool needs the profile `:process`, which is Snakepit's default. With
  `worker_profile: :thread` Snakepit would start a script of its own in place of this one, without an allow list and
  on every interface: then `executable_path/0` raises, and no worker starts.

  See docs/snakepit.md.
  """

  @compile {:no_warn_undefined, Snakepit.Adapters.GRPCPython}

  # This compiles without Snakepit too, and is of no use then.
  if Code.ensure_loaded?(Snakepit.Adapter), do: @behaviour(Snakepit.Adapter)

  alias Snakepit.Adapters.GRPCPython

  @module "vllm_bridge.snakepit.worker"
  # The first entry of the path is the working directory, whose modules nobody chose.
  @find "import sys; sys.path[:1] = [p for p in sys.path[:1] if p]; " <>
          "import importlib.util as util; print(util.find_spec('#{@module}').origin)"

  @doc since: "0.1.0"
  @doc """
  The Python that runs the workers. Raises `ArgumentError` where there is none, and for a pool of Snakepit's thread
  profile.
  """
  @spec executable_path() :: String.t()
  def executable_path do
    refuse_threads()
    installed = Path.expand(".venv/bin/python")

    cond do
      path = configured() -> program(path)
      path = System.get_env("VLLM_PYTHON") -> program(path)
      File.regular?(installed) -> installed
      true -> program("python3")
    end
  end

  # The alone one's application first: where it is, the other is not.
  defp configured do
    Application.get_env(:vllm_distributed_snakepit, :python) ||
      Application.get_env(:vllm_distributed, :python)
  end

  # Snakepit asks an adapter for its Python before it starts any worker, and for nothing else that would show it.
  defp refuse_threads do
    pools = Application.get_env(:snakepit, :pools) || []
    legacy = Application.get_env(:snakepit, :pool_config) || %{}

    for pool <- [Map.put_new(legacy, :name, :default) | List.wrap(pools)],
        ours?(pool),
        why = threaded(pool) do
      raise ArgumentError,
            "the pool #{inspect(pool[:name])} of Snakepit has #{why}: Snakepit would start its own threaded " <>
              "script in place of #{inspect(__MODULE__)}'s, without an allow list and on every interface. Use " <>
              "worker_profile: :process (several workers run several calls)"
    end
  end

  defp ours?(pool) do
    adapter = pool[:adapter_module] || Application.get_env(:snakepit, :adapter_module)
    adapter == __MODULE__
  end

  defp threaded(pool) do
    profile = pool[:worker_profile] || Application.get_env(:snakepit, :default_worker_profile)
    args = List.wrap(pool[:adapter_args])

    cond do
      profile == :thread ->
        "worker_profile: :thread"

      Enum.any?(args, &(is_binary(&1) and &1 =~ "--max-workers")) ->
        "--max-workers among its adapter_args"

      true ->
        nil
    end
  end

  # An absolute path: the script runs in another folder. Links are kept, they say which environment it is.
  defp program(name) do
    case System.find_executable(name) do
      nil ->
        raise ArgumentError,
              "#{inspect(name)} is no Python interpreter; set config :vllm_distributed, python: \"...\" " <>
                "to the one that vllm_distributed is installed in"

      path ->
        Path.expand(path)
    end
  end

  @doc since: "0.1.0"
  @doc """
  The script of the workers, as that Python has it; it is asked once. Raises `ArgumentError` where
  `vllm_distributed` is not installed.
  """
  @spec script_path() :: String.t()
  def script_path do
    python = executable_path()
    key = {__MODULE__, python}

    with nil <- :persistent_term.get(key, nil) do
      script = find_script(python)
      :persistent_term.put(key, script)
      script
    end
  end

  defp find_script(python) do
    case System.cmd(python, ["-c", @find], stderr_to_stdout: true) do
      {output, 0} ->
        output |> String.split("\n", trim: true) |> List.last()

      {output, _status} ->
        raise ArgumentError,
              "#{python} has no module #{@module}: install vllm_distributed there, or set " <>
                "config :vllm_distributed, python: \"...\" to the interpreter that has it\n#{output}"
    end
  end

  @doc since: "0.1.0"
  @doc "More arguments of the script."
  @spec script_args() :: [String.t()]
  def script_args do
    case Application.get_env(:snakepit, :pool_config, %{}) do
      %{adapter_args: args} when is_list(args) -> args
      _none -> []
    end
  end

  @doc since: "0.1.0"
  @doc "How long a tool may take where nobody says, in milliseconds: the profile `:default`."
  @spec command_timeout(String.t(), map()) :: pos_integer()
  def command_timeout(_command, _args), do: 120_000

  # --- what Snakepit asks of an adapter that speaks gRPC ------------------------------------------

  @doc false
  @spec uses_grpc?() :: boolean()
  def uses_grpc?, do: GRPCPython.uses_grpc?()

  @doc false
  @spec grpc_available?() :: boolean()
  def grpc_available?, do: GRPCPython.grpc_available?()

  @doc false
  @spec get_port() :: 0
  def get_port, do: 0

  @doc false
  @spec init_grpc_connection(:inet.port_number()) :: {:ok, map()} | {:error, term()}
  def init_grpc_connection(port), do: GRPCPython.init_grpc_connection(port)

  @doc false
  @spec grpc_execute(map(), String.t(), String.t(), map(), timeout() | nil, keyword() | nil) ::
          {:ok, term()} | {:error, term()}
  def grpc_execute(connection, session_id, command, args, timeout \\ nil, opts \\ []) do
    {args, opts} = binary(args, opts)
    GRPCPython.grpc_execute(connection, session_id, command, args, timeout, opts)
  end

  @doc false
  @spec grpc_execute_stream(
          map(),
          String.t(),
          String.t(),
          map(),
          (term() -> term()),
          timeout() | nil,
          keyword() | nil
        ) :: :ok | {:error, term()}
  def grpc_execute_stream(
        connection,
        session_id,
        command,
        args,
        callback,
        timeout \\ nil,
        opts \\ []
      ) do
    {args, opts} = binary(args, opts)
    GRPCPython.grpc_execute_stream(connection, session_id, command, args, callback, timeout, opts)
  end

  # Snakepit's client takes binary parameters as an option, and makes JSON of all arguments.
  defp binary(args, opts) do
    opts = List.wrap(opts)
    binary = for {name, {:binary, bytes}} <- args, into: %{}, do: {to_string(name), bytes}
    plain = args |> Enum.reject(&match?({_name, {:binary, _bytes}}, &1)) |> Map.new()
    {plain, Keyword.update(opts, :binary_parameters, binary, &Map.merge(&1, binary))}
  end
end
