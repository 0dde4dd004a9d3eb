defmodule Vllm.SurfaceCase do
  @moduledoc false
  # What the tests of this folder share: worlds of real ranks, and short names for tensors.

  use ExUnit.CaseTemplate

  alias Vllm.{Tensor, World}

  using do
    quote do
      import Vllm.SurfaceCase

      alias Vllm.{Distributed, Error, Ref, Tensor, World}

      # The ranks of a test module are shared by its tests, so these run one after another.
      use ExUnit.Case, async: true

      @moduletag timeout: 60_000
    end
  end

  @doc "A world for all tests of a module: called in `setup_all`."
  @spec start_world!(keyword()) :: World.t()
  def start_world!(fields) do
    {:ok, world} = World.start(fields)
    ExUnit.Callbacks.on_exit(fn -> World.stop(world) end)
    world
  end

  @doc "A strict session on a rank outside worlds, for all tests of a module."
  @spec open_session!() :: Vllm.Session.t()
  def open_session! do
    {:ok, session} = Vllm.Session.open(affinity: :strict_queue)
    ExUnit.Callbacks.on_exit(fn -> Vllm.Session.close(session) end)
    session
  end

  @doc "A tensor of a list."
  @spec t(Tensor.nested(), atom()) :: Tensor.t()
  def t(list, dtype \\ :f32), do: Tensor.new(list, dtype)

  @doc "The list in a tensor; other values as they are."
  @spec l(term()) :: term()
  def l(%Tensor{} = tensor), do: Tensor.to_list(tensor)
  def l(list) when is_list(list), do: Enum.map(list, &l/1)
  def l(map) when is_map(map) and not is_struct(map), do: Map.new(map, fn {k, v} -> {k, l(v)} end)
  def l(other), do: other

  @doc """
  Where groups apart from the world can meet: an address of the loopback network that nobody else
  has, since it is made of this process's number, and a port on it.
  """
  @spec rendezvous_address() :: {host :: String.t(), port :: pos_integer()}
  def rendezvous_address do
    <<a, b>> = <<String.to_integer(System.pid())::16>>
    {"127.#{a}.#{b}.1", 10_000 + rem(System.unique_integer([:positive]), 20_000)}
  end

  @doc """
  Whether this is an object of the class of that module. Where Python's annotation is `Any`, it may
  come as a ref that says so.
  """
  @spec a?(term(), module()) :: boolean()
  def a?(%Vllm.Ref{type_name: name}, module),
    do: name |> String.split(".") |> List.last() == module |> Module.split() |> List.last()

  def a?(value, module), do: is_struct(value, module)

  @doc "A small model in the rank of the calling process."
  @spec model() :: Vllm.Ref.t()
  def model, do: Vllm.call!("torch.nn.Linear", [2, 2])
end
