defmodule Vllm.Test.Specs do
  @moduledoc false
  # Which function belongs to which path: the specs of all generated modules.

  alias Vllm.Call.Spec
  alias Vllm.Test.Stubs

  @typedoc "A function, or something called by its dotted name."
  @type name :: {module(), atom()} | {:name, String.t()}

  @pool "/vllm.bridge.v1.Pool/"

  # Functions of the client that may be told to fail.
  @controls %{
    {Vllm.Session, :open} => @pool <> "OpenSession",
    {Vllm.Session, :close} => @pool <> "CloseSession",
    {Vllm.World, :start} => @pool <> "StartWorld",
    {Vllm.World, :restart} => @pool <> "RestartWorld",
    {Vllm.World, :resize} => @pool <> "ResizeWorld",
    {Vllm.World, :replace_rank} => @pool <> "ReplaceRanks",
    {Vllm.World, :stop} => @pool <> "StopWorld",
    {Vllm.World, :info} => @pool <> "GetWorld",
    {Vllm.World, :diagnose} => @pool <> "Diagnose",
    {Vllm.World, :record} => @pool <> "Record"
  }

  @doc "The function of a path, and its spec."
  @spec fetch(String.t()) :: {:ok, name(), Spec.t()} | :error
  def fetch(path) do
    case table() do
      %{^path => {name, spec}} -> {:ok, name, spec}
      _unknown -> :error
    end
  end

  @doc "The key of a function's stubs; raises for one that makes no call."
  @spec key!(module(), atom()) :: Stubs.key()
  def key!(module, function) do
    with :error <- Map.fetch(@controls, {module, function}),
         :error <- path(module, function) do
      raise ArgumentError, unknown(module, function)
    else
      {:ok, key} -> key
    end
  end

  defp path(module, function) do
    with {:ok, specs} <- specs(module),
         {:ok, spec} <- Keyword.fetch(specs, function),
         do: {:ok, spec.path}
  end

  defp specs(module) do
    if Code.ensure_loaded?(module) and function_exported?(module, :__specs__, 0),
      do: {:ok, module.__specs__()},
      else: :error
  end

  defp unknown(module, function) do
    case specs(module) do
      {:ok, specs} ->
        near =
          specs
          |> Keyword.keys()
          |> Enum.max_by(
            &String.jaro_distance(Atom.to_string(&1), Atom.to_string(function)),
            fn -> nil end
          )

        "#{inspect(module)}.#{function} makes no call#{if near, do: "; did you mean #{near}?"}"

      :error ->
        "#{inspect(module)} is no module whose functions can be stubbed: those are " <>
          (modules() |> Enum.sort() |> Enum.map_join(", ", &inspect/1)) <>
          ", and start, restart, resize, replace_rank, stop, info, diagnose and record of Vllm.World, open and close of Vllm.Session"
    end
  end

  @doc "Every function that makes a call of its own."
  @spec all() :: [{name(), Spec.t()}]
  def all, do: Map.values(table())

  @doc "The name of a function, for people."
  @spec title(name()) :: String.t()
  def title({:name, dotted}), do: dotted
  def title({module, function}), do: "#{inspect(module)}.#{function}"

  @doc "The function of a key of stubs, for people."
  @spec title_of_key(Stubs.key()) :: String.t()
  def title_of_key({:name, _dotted} = name), do: title(name)

  def title_of_key(path) do
    case {fetch(path), Enum.find(@controls, &(elem(&1, 1) == path))} do
      {{:ok, name, _spec}, _none} -> title(name)
      {:error, {name, _path}} -> title(name)
    end
  end

  @doc "Arguments, for people."
  @spec shown([term()]) :: String.t()
  def shown(arguments),
    do: "(" <> Enum.map_join(arguments, ", ", &inspect(&1, limit: 5, printable_limit: 100)) <> ")"

  # Made once: there are some two hundred functions.
  defp table do
    with nil <- :persistent_term.get(__MODULE__, nil) do
      table =
        for module <- modules(), {function, spec} <- module.__specs__(), into: %{} do
          {spec.path, {{module, function}, spec}}
        end

      :persistent_term.put(__MODULE__, table)
      table
    end
  end

  defp modules do
    {:ok, modules} = :application.get_key(:vllm_distributed, :modules)
    for module <- modules, match?({:ok, [_ | _]}, specs(module)), do: module
  end
end
