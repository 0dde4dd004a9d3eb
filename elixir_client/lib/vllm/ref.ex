defmodule Vllm.Ref do
  @moduledoc since: "0.1.0"
  @moduledoc """
  An object that stays in the rank that made it.

  Pass it to any function. A call that takes one runs in its session, in the rank that has the object.
  Inspecting one makes no call.

  ## How long it lives

  An object belongs to a session and is freed with it. `Vllm.release/1` frees it earlier. Calls that name
  no session run in the bridge's own one, which lasts as long as the bridge. An object in it is released
  when the process that got it dies. If that process works for another one, such as a `Task`, the object
  lives until the other one dies too. A process that gets the object by a message calls `Vllm.own/1`.

  ## Errors

  | reason | what it says |
  |---|---|
  | `"unknown_ref"` | it was released, never existed, or its rank is gone |
  | `"foreign_ref"` | it belongs to another session than the call |
  | `"stale_ref"` | its world was restarted since |
  | `"ref_elsewhere"` | the call takes objects of several ranks, see `Vllm.Session` on `:hint` |
  | `"unknown_named_object"` | nothing has that name in the session; the message lists the names |
  | `"session_closed"`, `"session_not_found"` | its session has ended |
  """

  import Vllm.Bang

  @enforce_keys [:id, :session_id]
  defstruct [:id, :session_id, epoch: 0, type_name: ""]

  @type t :: %__MODULE__{
          id: String.t(),
          session_id: String.t(),
          epoch: non_neg_integer(),
          type_name: String.t()
        }

  alias Vllm.Bridge.V1
  alias Vllm.{Error, Session}
  alias Vllm.Ref.Passing

  @doc since: "0.1.0"
  @doc """
  The ref in an object's struct, or in a tensor that stays in its rank; a ref as it is. Of `{:named, name}`,
  a ref to what has that name in the session of the calling process (`Vllm.World.put/4`).
  """
  @spec of(term()) :: {:ok, t()} | {:error, Error.t()}
  def of({:named, _name} = named) do
    case named_or(named) do
      %__MODULE__{} = ref -> {:ok, ref}
      unbound -> {:error, no_object(unbound)}
    end
  end

  def of(%__MODULE__{} = ref), do: {:ok, ref}
  def of(%{ref: %__MODULE__{} = ref}), do: {:ok, ref}
  def of(other), do: {:error, no_object(other)}

  @doc since: "0.1.0"
  @doc "As `of/1`; raises `Vllm.Error`."
  @spec of!(term()) :: t()
  def of!(object), do: object |> of() |> Error.unwrap!()

  @typedoc "What a rank keeps: a ref, a tensor or struct that has one, or a map of such, all of one rank."
  @type kept :: t() | struct() | {:named, String.t() | atom()} | %{optional(term()) => kept()}

  @doc since: "0.1.0"
  @doc """
  Copies what one rank of a world keeps to another rank, without passing this program.

      {:ok, there} = Vllm.Ref.copy(weights, to: 1)

  `kept` is the ref of a tensor, or of a dict, list or tuple with tensors and plain values in it, a tensor that
  stays in its rank, or a map of such objects, all of one rank. Returns the same of rank `to`, which keeps it until
  it is released or the world ends. The bytes go through the memory that the two ranks share, or over gloo between
  hosts, in a run of these two ranks, which takes the turn of the world. For the rank that has it already it is
  returned as it is.

  Errors: `"invalid_argument"` for a rank that the world has not, and for objects of several ranks or of none;
  `"wrong_type"` for an object that has to stay in its rank; those of `Vllm.World.call/4`.

  Options:

  #{Vllm.Options.docs(Vllm.Ref.Passing.schema())}
  """
  @spec copy(kept, keyword()) :: {:ok, kept} | {:error, Error.t()} when kept: kept()
  def copy(kept, opts), do: Passing.pass(kept, opts, "copy", forget: false)

  defbang copy(kept, opts) :: kept()

  @doc since: "0.1.0"
  @doc "As `copy/2`; where it was it is released when it has arrived."
  @spec move(kept, keyword()) :: {:ok, kept} | {:error, Error.t()} when kept: kept()
  def move(kept, opts), do: Passing.pass(kept, opts, "move", forget: true)

  defbang move(kept, opts) :: kept()

  defp no_object(other) do
    message =
      "expected an object of a rank (a Vllm.Ref, or a struct or tensor that has one), got: " <>
        inspect(other, limit: 5, printable_limit: 100)

    Error.validation(message, "invalid_argument")
  end

  @doc false
  # An argument as it is, or the ref that `{:named, name}` stands for in a session.
  @spec named_or(term()) :: term()
  def named_or({:named, name} = given) when is_binary(name) or is_atom(name) do
    case Session.current() do
      %Session{id: id, epoch: epoch} ->
        %__MODULE__{id: "@#{name}", session_id: id, epoch: epoch, type_name: "named"}

      nil ->
        given
    end
  end

  def named_or(other), do: other

  @doc false
  @spec to_message(t()) :: struct()
  def to_message(%__MODULE__{} = ref) do
    %V1.Ref{
      id: ref.id,
      session_id: ref.session_id,
      epoch: ref.epoch,
      type_name: ref.type_name
    }
  end

  @doc false
  @spec from_message(struct() | nil) :: t() | nil
  def from_message(nil), do: nil

  def from_message(%V1.Ref{} = ref) do
    %__MODULE__{
      id: ref.id,
      session_id: ref.session_id,
      epoch: ref.epoch,
      type_name: ref.type_name
    }
  end

  defimpl Inspect do
    # Short, and whatever the fields hold: a ref can be made by hand.
    def inspect(ref, _opts) do
      [type, id, session] =
        Enum.map([ref.type_name, ref.id, ref.session_id], &Vllm.OneLine.text/1)

      "#Vllm.Ref<#{type} #{id} of #{session}>"
    end
  end
end
