defmodule Vllm.Ref.Passing do
  @moduledoc false
  # Objects that go from one rank of a world to another, see `Vllm.Ref.copy/2`.

  alias Vllm.Bridge.{Connections, PoolClient, V1}
  alias Vllm.Call.Objects
  alias Vllm.{Error, Options, Ref, Runtime, Session, World}
  alias Vllm.World.{Layout, Resolve}

  @schema [
    to: [type: :integer, required: true, doc: "The rank of the same world that gets it."],
    timeout: [
      type: :timeout,
      default: :infinity,
      doc: "Milliseconds for all of it, and for the turn of the world before."
    ],
    bridge: [
      type: :name,
      doc: "Name of the `Vllm.Bridge` that the object is of, `Vllm.Bridge` when absent."
    ]
  ]

  @spec schema() :: Options.schema()
  def schema, do: @schema

  @spec pass(kept, keyword(), String.t(), forget: boolean()) ::
          {:ok, kept} | {:error, Error.t()}
        when kept: term()
  def pass(kept, opts, function, forget: forget?) do
    with {:ok, opts} <- Options.parse(opts, @schema, "Vllm.Ref.#{function}"),
         :ok <- required(opts, function),
         {:ok, refs} <- refs(kept),
         {:ok, session} <- session_of(refs),
         {:ok, world, from} <- world_of(session, opts.bridge),
         {:ok, _session} <- Layout.session(world, opts.to),
         do: passed(kept, refs, {world, from, opts}, forget?)
  end

  defp required(%{to: nil}, function),
    do: {:error, Options.invalid("Vllm.Ref.#{function}: to is required: the rank that gets it")}

  defp required(_opts, _function), do: :ok

  defp passed(kept, _refs, {_world, same, %{to: same}}, _forget?), do: {:ok, kept}

  defp passed(kept, refs, {world, from, opts}, forget?) do
    pair = Layout.only(world, [from, opts.to])

    on_rank = fn
      ^from -> raised(Objects.give(refs, opts.to, Session.current().id, Runtime.defaults()))
      _to -> raised(Objects.take(from, Session.current().id, Runtime.defaults()))
    end

    with {:ok, future} <- World.async_run(pair, on_rank, timeout: opts.timeout),
         {:ok, results} <- World.await(future),
         :ok <- if(forget?, do: forgotten(refs, world), else: :ok),
         arrived = Enum.find(results, &is_list/1),
         do: {:ok, renewed(kept, arrived)}
  end

  defp raised({:ok, value}), do: value
  defp raised({:error, error}), do: raise(error)

  defp forgotten(refs, world) do
    with {:ok, _count} <- Objects.release(refs, __runtime__: [bridge: world.bridge]), do: :ok
  end

  # What a call may keep: an object, or a map of several.
  defp refs(kept) when is_map(kept) and not is_struct(kept) and map_size(kept) > 0 do
    Enum.reduce_while(Map.values(kept), {:ok, []}, fn each, {:ok, refs} ->
      case Ref.of(each) do
        {:ok, ref} -> {:cont, {:ok, refs ++ [ref]}}
        error -> {:halt, error}
      end
    end)
  end

  defp refs(kept) do
    with {:ok, ref} <- Ref.of(kept), do: {:ok, [ref]}
  end

  defp renewed(kept, arrived) when is_map(kept) and not is_struct(kept) do
    kept
    |> Map.keys()
    |> Enum.zip(arrived)
    |> Map.new(fn {key, ref} -> {key, renewed(Map.fetch!(kept, key), [ref])} end)
  end

  defp renewed(%Ref{}, [ref]), do: ref
  defp renewed({:named, _name}, [ref]), do: ref
  defp renewed(%{ref: %Ref{}} = struct, [ref]), do: %{struct | ref: ref}

  defp session_of(refs) do
    case refs |> Enum.map(& &1.session_id) |> Enum.uniq() do
      [session] ->
        {:ok, session}

      several ->
        invalid(
          "the objects are of several sessions, #{Enum.join(several, ", ")}: pass them on one by one"
        )
    end
  end

  defp world_of(session, bridge) do
    bridge = bridge || bound_bridge() || Vllm.Bridge
    request = %V1.GetSessionRequest{session_id: session}

    with {:ok, config} <- Connections.config(bridge),
         {:ok, message} <- PoolClient.call(config, "GetSession", request, V1.Session),
         {:ok, id} <- world_id(message),
         {:ok, world} <- Resolve.world(id, nil, bridge),
         do: {:ok, world, message.rank}
  end

  defp bound_bridge do
    with %Session{bridge: bridge} <- Session.current(), do: bridge
  end

  defp world_id(%V1.Session{world_id: ""} = session) do
    invalid(
      "the object is of session #{session.session_id}, whose rank is in no world: only ranks of one world " <>
        "exchange objects. Fetch it, and send it to the other one"
    )
  end

  defp world_id(%V1.Session{world_id: id}), do: {:ok, id}

  defp invalid(problem),
    do: {:error, Error.validation("Vllm.Ref: " <> problem, "invalid_argument")}
end
