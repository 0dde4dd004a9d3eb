# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.StatelessProcessGroup do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  A group of processes that pass objects and tensors through a store served by rank 0.

  Made by `create`. `rank` counts inside the group, as do all `src` and `dst`. Meant for control:
  a tensor goes through rank 0's memory, encoded. Objects travel as plain values, see `Vllm.Term`;
  a refused argument or object is refused before anything is sent, and a wait that times out
  leaves the group usable. Not for several threads at once.

  Any operation fails with `"roll_call_timeout"` naming the ranks it waited for in vain (after
  `store_timeout`, `barrier` after its own), `"store_lost"` if rank 0 is gone, and
  `"group_destroyed"` after `destroy`.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `rank` - This process's number inside the group
    * `world_size` - The number of members
    * `data_expiration_seconds` - After how many seconds a message nobody has read is deleted
    * `broadcast_send_counter` (derived) - How many broadcasts this rank was the source of
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref
  alias Vllm.Tensor

  defstruct [:ref, :rank, :world_size, :data_expiration_seconds, :broadcast_send_counter]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          rank: integer(),
          world_size: integer(),
          data_expiration_seconds: integer(),
          broadcast_send_counter: integer() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.StatelessProcessGroupObject,
     [
       {:rank, :int, :shown},
       {:world_size, :int, :shown},
       {:data_expiration_seconds, :int, :shown},
       {:broadcast_send_counter, :int, :shown}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "StatelessProcessGroup.new",
    path: "/vllm.distributed.v1.StatelessProcessGroup/New",
    params: [
      {:rank, 1, :int, :required},
      {:world_size, 2, :int, :required},
      {:store, 3, :term, :required},
      {:data_expiration_seconds, 4, :int, :optional},
      {:socket, 6, :term, :optional},
      {:timeout, 5, :float, :optional}
    ],
    result: {:object, Vllm.Distributed.StatelessProcessGroup},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.StatelessProcessGroup`, in a rank, which checks it; the module says
  more. A group of processes that pass objects and tensors through a store served by rank 0.

  ## Parameters

    * `rank` (`integer()`) - This process's number inside the group
    * `world_size` (`integer()`) - The number of members
    * `store` (`term()`) - The torch store, which nobody else uses
    * `data_expiration_seconds` (`integer()`, default `3600`) - After how many seconds a message
      nobody has read is deleted
    * `socket` (`term()`, default `nil`) - What the store listens on, where that was passed
    * `timeout` (`number() | :nan | :infinity | :neg_infinity`, default `300.0`) - seconds

  ## Example

      {:ok, %Vllm.Distributed.StatelessProcessGroup{}} = Vllm.Distributed.StatelessProcessGroup.new(0, 2, store)
  """
  @spec new(keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), term() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), term(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), term(), integer(), term() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    integer(),
    integer(),
    term(),
    integer(),
    term(),
    number() | :nan | :infinity | :neg_infinity | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(
    rank,
    world_size \\ :__default__,
    store \\ :__default__,
    data_expiration_seconds \\ :__default__,
    socket \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@new, [rank, world_size, store, data_expiration_seconds, socket, timeout, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!(integer(), keyword()) :: t()
  @spec new!(integer(), integer(), term() | keyword()) ::
          t()
  @spec new!(integer(), integer(), term(), integer() | keyword()) ::
          t()
  @spec new!(integer(), integer(), term(), integer(), term() | keyword()) ::
          t()
  @spec new!(
    integer(),
    integer(),
    term(),
    integer(),
    term(),
    number() | :nan | :infinity | :neg_infinity | keyword()
  ) ::
          t()
  @spec new!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity),
    keyword()
  ) ::
          t()
  def new!(
    rank,
    world_size \\ :__default__,
    store \\ :__default__,
    data_expiration_seconds \\ :__default__,
    socket \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(new(
      rank,
      world_size,
      store,
      data_expiration_seconds,
      socket,
      timeout,
      opts
    ))
  end

  @create %Vllm.Call.Spec{
    function: "StatelessProcessGroup.create",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Create",
    params: [
      {:host, 1, :string, :required},
      {:port, 2, :int, :required},
      {:rank, 3, :int, :required},
      {:world_size, 4, :int, :required},
      {:data_expiration_seconds, 5, :int, :optional},
      {:store_timeout, 6, :int, :optional},
      {:listen_socket, 7, :term, :optional}
    ],
    result: {:object, Vllm.Distributed.StatelessProcessGroup},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a new group of `world_size` processes.

  Rank 0 serves the store at exactly `host`:`port`, never on another address, until it destroys
  the group, and with it what others have not read yet: call `barrier` before `destroy`. On rank 0
  `listen_socket` may be a TCP socket that is bound and listens already, whose port the others
  were told: it becomes the group's. `store_timeout`, in seconds, bounds the making of the group
  and every wait; `data_expiration_seconds` is how long a message waits for a reader.

  Collective over the members. A call that fails leaves nothing behind.

  Collective: every member of the group must make this call.

  ## Parameters

    * `host` (`String.t() | atom()`) - address of the group's rank 0, which serves the store
    * `port` (`integer()`) - port of rank 0
    * `rank` (`integer()`) - this process's rank inside the group
    * `world_size` (`integer()`) - number of ranks
    * `data_expiration_seconds` (`integer()`, default `3600`) - seconds that a message waits for
      its reader
    * `store_timeout` (`integer()`, default `300`) - seconds that making the group, and every
      wait, may take
    * `listen_socket` (`term()`, default `nil`) - a listening socket of the rank

  ## Errors

    * `"invalid_argument"` - or a kind of it, for values that make no sense
    * `"rendezvous_failed"` - if `host`:`port` cannot be bound, or not reached in time
    * `"roll_call_timeout"` - naming the ranks that did not come
    * `"roll_call_mismatch"` - if members pass different sizes

  ## Example

      {:ok, %Vllm.Distributed.StatelessProcessGroup{}} = Vllm.Distributed.StatelessProcessGroup.create("127.0.0.1", 29500, 0, 2)
  """
  @spec create(keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(String.t() | atom(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(String.t() | atom(), integer(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(String.t() | atom(), integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(String.t() | atom(), integer(), integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    integer(),
    integer(),
    term() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def create(
    host,
    port \\ :__default__,
    rank \\ :__default__,
    world_size \\ :__default__,
    data_expiration_seconds \\ :__default__,
    store_timeout \\ :__default__,
    listen_socket \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create, [
      host,
      port,
      rank,
      world_size,
      data_expiration_seconds,
      store_timeout,
      listen_socket,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `create`, but returns the value itself and raises `Vllm.Error`."
  @spec create!(keyword()) :: t()
  @spec create!(String.t() | atom(), keyword()) :: t()
  @spec create!(String.t() | atom(), integer(), keyword()) ::
          t()
  @spec create!(String.t() | atom(), integer(), integer(), integer() | keyword()) ::
          t()
  @spec create!(String.t() | atom(), integer(), integer(), integer(), integer() | keyword()) ::
          t()
  @spec create!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          t()
  @spec create!(
    String.t() | atom(),
    integer(),
    integer(),
    integer(),
    integer(),
    integer(),
    term() | keyword()
  ) ::
          t()
  @spec create!(
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    keyword()
  ) ::
          t()
  def create!(
    host,
    port \\ :__default__,
    rank \\ :__default__,
    world_size \\ :__default__,
    data_expiration_seconds \\ :__default__,
    store_timeout \\ :__default__,
    listen_socket \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create(
      host,
      port,
      rank,
      world_size,
      data_expiration_seconds,
      store_timeout,
      listen_socket,
      opts
    ))
  end

  @send_dst_counter %Vllm.Call.Spec{
    function: "StatelessProcessGroup.send_dst_counter",
    path: "/vllm.distributed.v1.StatelessProcessGroup/SendDstCounter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :term,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many messages went to each rank.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.send_dst_counter(group)
  """
  @spec send_dst_counter(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_dst_counter(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def send_dst_counter(receiver, opts \\ []) do
    Vllm.Call.run(@send_dst_counter, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send_dst_counter`, but returns the value itself and raises `Vllm.Error`."
  @spec send_dst_counter!(input()) :: term()
  @spec send_dst_counter!(input(), keyword()) :: term()
  def send_dst_counter!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(send_dst_counter(receiver, opts))
  end

  @recv_src_counter %Vllm.Call.Spec{
    function: "StatelessProcessGroup.recv_src_counter",
    path: "/vllm.distributed.v1.StatelessProcessGroup/RecvSrcCounter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :term,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many messages came from each rank.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.recv_src_counter(group)
  """
  @spec recv_src_counter(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_src_counter(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def recv_src_counter(receiver, opts \\ []) do
    Vllm.Call.run(@recv_src_counter, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv_src_counter`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_src_counter!(input()) :: term()
  @spec recv_src_counter!(input(), keyword()) :: term()
  def recv_src_counter!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(recv_src_counter(receiver, opts))
  end

  @broadcast_send_counter %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast_send_counter",
    path: "/vllm.distributed.v1.StatelessProcessGroup/BroadcastSendCounter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many broadcasts this rank was the source of.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, number} = Vllm.Distributed.StatelessProcessGroup.broadcast_send_counter(group)
  """
  @spec broadcast_send_counter(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec broadcast_send_counter(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def broadcast_send_counter(receiver, opts \\ []) do
    Vllm.Call.run(@broadcast_send_counter, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_send_counter`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_send_counter!(input()) :: integer()
  @spec broadcast_send_counter!(input(), keyword()) ::
          integer()
  def broadcast_send_counter!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_send_counter(receiver, opts))
  end

  @broadcast_recv_src_counter %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast_recv_src_counter",
    path: "/vllm.distributed.v1.StatelessProcessGroup/BroadcastRecvSrcCounter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :term,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many broadcasts each other rank was the source of.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.broadcast_recv_src_counter(group)
  """
  @spec broadcast_recv_src_counter(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_recv_src_counter(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_recv_src_counter(receiver, opts \\ []) do
    Vllm.Call.run(@broadcast_recv_src_counter, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_recv_src_counter`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_recv_src_counter!(input()) :: term()
  @spec broadcast_recv_src_counter!(input(), keyword()) ::
          term()
  def broadcast_recv_src_counter!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_recv_src_counter(receiver, opts))
  end

  @entries %Vllm.Call.Spec{
    function: "StatelessProcessGroup.entries",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Entries",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :term,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The keys of messages that may not have been read yet, and when each was sent.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.entries(group)
  """
  @spec entries(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec entries(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def entries(receiver, opts \\ []) do
    Vllm.Call.run(@entries, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `entries`, but returns the value itself and raises `Vllm.Error`."
  @spec entries!(input()) :: term()
  @spec entries!(input(), keyword()) :: term()
  def entries!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(entries(receiver, opts))
  end

  @send_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.send_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/SendObj",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send an object to `dst`, which calls `recv_obj`; returns at once.

  Objects of one sender arrive in the order they were sent; those of different senders do not mix.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`
    * `dst` (`integer()`) - rank inside the group that receives

  ## Errors

    * `"invalid_rank"` - if `dst` is out of range or this rank itself
    * `"encoding_error"` - for an object that cannot travel

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessProcessGroup.send_obj(group, %{"step" => 3}, 1)
  """
  @spec send_obj(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_obj(input(), term(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_obj(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def send_obj(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@send_obj, [receiver, obj, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec send_obj!(input(), keyword()) :: nil
  @spec send_obj!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          nil
  @spec send_obj!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          nil
  def send_obj!(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(send_obj(receiver, obj, dst, opts))
  end

  @recv_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.recv_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/RecvObj",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:src, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the next object that `src` sends to this rank.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `src` (`integer()`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - if `src` is out of range or this rank itself
    * `"encoding_error"` - for what is no object of ours

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.recv_obj(group, 0)
  """
  @spec recv_obj(input(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_obj(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def recv_obj(receiver, src, opts \\ []) do
    Vllm.Call.run(@recv_obj, [receiver, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_obj!(input(), integer() | keyword()) :: term()
  @spec recv_obj!(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  def recv_obj!(receiver, src, opts \\ []) do
    Vllm.Error.unwrap!(recv_obj(receiver, src, opts))
  end

  @broadcast_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/BroadcastObj",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:obj, 2, :term, :required},
      {:src, 3, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the object of `src`; other ranks' `obj` is ignored. Collective.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`
    * `src` (`integer()`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - for a `src` out of range
    * `"encoding_error"` - on `src` for an object that cannot travel

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.broadcast_obj(group, %{"step" => 3}, 0)
  """
  @spec broadcast_obj(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_obj(
    input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_obj(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_obj(receiver, obj, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast_obj, [receiver, obj, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_obj!(input(), keyword()) :: term()
  @spec broadcast_obj!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_obj!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  def broadcast_obj!(receiver, obj, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_obj(receiver, obj, src, opts))
  end

  @all_gather_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.all_gather_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/AllGatherObj",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:obj, 2, :term, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the objects of all ranks, in rank order. Collective.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`

  ## Errors

    * `"encoding_error"` - for an object that cannot travel

  ## Example

      {:ok, value} = Vllm.Distributed.StatelessProcessGroup.all_gather_obj(group, %{"step" => 3})
  """
  @spec all_gather_obj(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gather_obj(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def all_gather_obj(receiver, obj, opts \\ []) do
    Vllm.Call.run(@all_gather_obj, [receiver, obj, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_gather_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather_obj!(input(), term() | keyword()) ::
          term()
  @spec all_gather_obj!(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def all_gather_obj!(receiver, obj, opts \\ []) do
    Vllm.Error.unwrap!(all_gather_obj(receiver, obj, opts))
  end

  @barrier %Vllm.Call.Spec{
    function: "StatelessProcessGroup.barrier",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Barrier",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:timeout, 2, :float, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return when every rank of the group has called it. Collective.

  `timeout`, in seconds, bounds the wait: then `"roll_call_timeout"` names the ranks that did not
  come, in `details["missing"]` too. That barrier is given up for everybody: a rank that comes
  late to it waits at the next one, with those who try again. Rank 0 returns when the others have
  seen that all came, so that it may end at once.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `timeout` (`number() | :nan | :infinity | :neg_infinity`, default `30.0`) - seconds

  ## Errors

    * `"invalid_argument"` - for a `timeout` that is no positive number

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessProcessGroup.barrier(group)
  """
  @spec barrier(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec barrier(
    input(),
    number() | :nan | :infinity | :neg_infinity | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec barrier(
    input(),
    Call.arg(number() | :nan | :infinity | :neg_infinity),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def barrier(receiver, timeout \\ :__default__, opts \\ []) do
    Vllm.Call.run(@barrier, [receiver, timeout, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `barrier`, but returns the value itself and raises `Vllm.Error`."
  @spec barrier!(input()) :: nil
  @spec barrier!(
    input(),
    number() | :nan | :infinity | :neg_infinity | keyword()
  ) ::
          nil
  @spec barrier!(
    input(),
    Call.arg(number() | :nan | :infinity | :neg_infinity),
    keyword()
  ) ::
          nil
  def barrier!(receiver, timeout \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(barrier(receiver, timeout, opts))
  end

  @send %Vllm.Call.Spec{
    function: "StatelessProcessGroup.send",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Send",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send a tensor to `dst`, which calls `recv` with one of its shape and dtype.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`) - rank inside the group that receives

  ## Errors

    * `"invalid_rank"` - if `dst` is out of range or this rank itself
    * `"invalid_type"` - if `tensor` is none
    * `"encoding_error"` - for a sparse or quantized one

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessProcessGroup.send(group, tensor, 1)
  """
  @spec send(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def send(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(input(), keyword()) :: nil
  @spec send!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          nil
  @spec send!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          nil
  def send!(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "StatelessProcessGroup.recv",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Recv",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:tensor, 2, :tensor, :required},
      {:src, 3, :int, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Fill `tensor` with the next one that `src` sends, and return it.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `src` (`integer()`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - if `src` is out of range or this rank itself
    * `"invalid_argument"` - at once if elements of `tensor` share memory; and, `tensor`
      unchanged, if the one that came has another shape or dtype

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.StatelessProcessGroup.recv(group, tensor, 0)
  """
  @spec recv(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def recv(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@recv, [receiver, tensor, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(input(), keyword()) :: Tensor.t()
  @spec recv!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  def recv!(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(recv(receiver, tensor, src, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Broadcast",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:tensor, 2, :tensor, :required},
      {:src, 3, :int, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Fill `tensor` with the one of `src`, and return it. Collective.

  All ranks pass the same shape and dtype, any dtype, on any device.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `src` (`integer()`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - for a `src` out of range
    * `"invalid_argument"` - at once if elements of `tensor` share memory; and, `tensor`
      unchanged, on a rank whose shape or dtype differs

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.StatelessProcessGroup.broadcast(group, tensor, 0)
  """
  @spec broadcast(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def broadcast(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast, [receiver, tensor, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(input(), keyword()) :: Tensor.t()
  @spec broadcast!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec broadcast!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  def broadcast!(receiver, tensor, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast(receiver, tensor, src, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "StatelessProcessGroup.all_reduce",
    path: "/vllm.distributed.v1.StatelessProcessGroup/AllReduce",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required},
      {:tensor, 2, :tensor, :required},
      {:op, 3, :term, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of all ranks reduced into a new one; the input is not changed.

  `op` is SUM (booleans: or), PRODUCT, MIN or MAX of torch.distributed.ReduceOp. All ranks pass
  the same shape and dtype; the parts are combined in rank order, so all ranks have the same bits.
  On a group of one the input is returned. Collective.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `op` (`term()`) - a `torch.distributed.ReduceOp` of the rank

  ## Errors

    * `"unsupported_dtype"` - before anything is sent, for a dtype that has no exact result
    * `"invalid_argument"` - before anything is sent, for another `op`; afterwards, on every rank
      whose shape or dtype differs from another's

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.StatelessProcessGroup.all_reduce(group, tensor)
  """
  @spec all_reduce(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.tensor(),
    term() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce(receiver, tensor, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce, [receiver, tensor, op, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.tensor(),
    term() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(term()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce!(receiver, tensor, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(receiver, tensor, op, opts))
  end

  @expire_data %Vllm.Call.Spec{
    function: "StatelessProcessGroup.expire_data",
    path: "/vllm.distributed.v1.StatelessProcessGroup/ExpireData",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Delete the messages of this rank that have waited longer than `data_expiration_seconds`.

  Called by every sending operation; local to the process. A message that is read is deleted by
  its reader.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessProcessGroup.expire_data(group)
  """
  @spec expire_data(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec expire_data(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def expire_data(receiver, opts \\ []) do
    Vllm.Call.run(@expire_data, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `expire_data`, but returns the value itself and raises `Vllm.Error`."
  @spec expire_data!(input()) :: nil
  @spec expire_data!(input(), keyword()) :: nil
  def expire_data!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(expire_data(receiver, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "StatelessProcessGroup.destroy",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Destroy",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessProcessGroup}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Leave the group; on rank 0 stop serving the store. Idempotent, local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessProcessGroup.input()`) - the object, whose session
      runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessProcessGroup.destroy(group)
  """
  @spec destroy(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec destroy(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def destroy(receiver, opts \\ []) do
    Vllm.Call.run(@destroy, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `destroy`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy!(input()) :: nil
  @spec destroy!(input(), keyword()) :: nil
  def destroy!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(destroy(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      create: @create,
      send_dst_counter: @send_dst_counter,
      recv_src_counter: @recv_src_counter,
      broadcast_send_counter: @broadcast_send_counter,
      broadcast_recv_src_counter: @broadcast_recv_src_counter,
      entries: @entries,
      send_obj: @send_obj,
      recv_obj: @recv_obj,
      broadcast_obj: @broadcast_obj,
      all_gather_obj: @all_gather_obj,
      barrier: @barrier,
      send: @send,
      recv: @recv,
      broadcast: @broadcast,
      all_reduce: @all_reduce,
      expire_data: @expire_data,
      destroy: @destroy
    ]
  end
end
