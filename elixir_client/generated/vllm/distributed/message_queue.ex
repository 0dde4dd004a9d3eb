# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.MessageQueue do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  One endpoint of a queue with one writer and many readers.

  Constructing one makes the writer's endpoint. `n_reader` is the number of readers, and
  `n_local_reader` of how many of them share memory with the writer; `local_reader_ranks` are the
  ranks those pass to `create_from_handle` (default: 0, 1, ...). The queue holds `max_chunks`
  chunks of `max_chunk_bytes` bytes; the memory behind a chunk is taken when it is first used.
  Larger objects travel in several chunks. `connect_ip` is the address to listen on for readers on
  other nodes, on which they reach this one (default: `VLLM_HOST_IP`, or where the route to the
  outside starts). `timeout` (default 30 minutes) bounds every wait that is given none of its own.
  `enable_shm_tensor_arena` is vLLM's switch for a place where tensors are not pickled; here they
  never are, and it changes nothing.

  Every endpoint calls `wait_until_ready` before the first message. Objects travel as plain values
  (see `Vllm.Term`); tensors and numpy arrays in maps, lists and tuples go beside them as they
  are, and tensors arrive on the CPU. One thread at a time uses an endpoint; `shutdown` may be
  called from any.

  Local: the readers take part in `wait_until_ready`.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `is_writer` (derived) - Whether this is the writer's endpoint
    * `n_local_reader` (derived) - How many readers share memory with the writer
    * `n_remote_reader` (derived) - How many readers are on other nodes
    * `shutting_down` (derived) - Whether `shutdown` was called
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Error
  alias Vllm.Ref

  defstruct [:ref, :is_writer, :n_local_reader, :n_remote_reader, :shutting_down]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          is_writer: boolean() | nil,
          n_local_reader: integer() | nil,
          n_remote_reader: integer() | nil,
          shutting_down: boolean() | nil
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.MessageQueueObject,
     [
       {:is_writer, :bool, :shown},
       {:n_local_reader, :int, :shown},
       {:n_remote_reader, :int, :shown},
       {:shutting_down, :bool, :shown}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "MessageQueue.new",
    path: "/vllm.distributed.v1.MessageQueue/New",
    params: [
      {:n_reader, 1, :int, :required},
      {:n_local_reader, 2, :int, :required},
      {:local_reader_ranks, 3, {:nullable, {:list, :int}}, :optional},
      {:max_chunk_bytes, 4, :int, :optional},
      {:max_chunks, 5, :int, :optional},
      {:connect_ip, 6, {:nullable, :string}, :optional},
      {:enable_shm_tensor_arena, 8, :bool, :optional},
      {:timeout, 7, {:nullable, :duration}, :optional}
    ],
    result: {:object, Vllm.Distributed.MessageQueue},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.MessageQueue`, in a rank, which checks it; the module says more. One
  endpoint of a queue with one writer and many readers.

  ## Parameters

    * `n_reader` (`integer()`) - number of readers
    * `n_local_reader` (`integer()`) - How many readers share memory with the writer
    * `local_reader_ranks` (`[integer()]`, default `nil`) - ranks of the readers that share memory
      with the writer
    * `max_chunk_bytes` (`integer()`, default `25165824`) - bytes of a chunk
    * `max_chunks` (`integer()`, default `10`) - chunks that the queue holds
    * `connect_ip` (`String.t() | atom()`, default `nil`) - address to listen on for readers on
      other nodes
    * `enable_shm_tensor_arena` (`boolean()`, default `false`) - vLLM's switch for tensors in
      shared memory; changes nothing here
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * `"invalid_argument"` - for numbers that make no sense
    * `"message_queue_failed"` - if memory or address cannot be had

  ## Example

      {:ok, %Vllm.Distributed.MessageQueue{}} = Vllm.Distributed.MessageQueue.new(1, 1)
  """
  @spec new(keyword()) :: {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), [integer()] | nil | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(
    n_reader,
    n_local_reader \\ :__default__,
    local_reader_ranks \\ :__default__,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    connect_ip \\ :__default__,
    enable_shm_tensor_arena \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@new, [
      n_reader,
      n_local_reader,
      local_reader_ranks,
      max_chunk_bytes,
      max_chunks,
      connect_ip,
      enable_shm_tensor_arena,
      timeout,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!(integer(), integer() | keyword()) :: t()
  @spec new!(integer(), integer(), [integer()] | nil | keyword()) ::
          t()
  @spec new!(integer(), integer(), [integer()] | nil, integer() | keyword()) ::
          t()
  @spec new!(integer(), integer(), [integer()] | nil, integer(), integer() | keyword()) ::
          t()
  @spec new!(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil | keyword()
  ) ::
          t()
  @spec new!(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          t()
  @spec new!(
    integer(),
    integer(),
    [integer()] | nil,
    integer(),
    integer(),
    String.t() | atom() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          t()
  @spec new!(
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          t()
  def new!(
    n_reader,
    n_local_reader \\ :__default__,
    local_reader_ranks \\ :__default__,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    connect_ip \\ :__default__,
    enable_shm_tensor_arena \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(new(
      n_reader,
      n_local_reader,
      local_reader_ranks,
      max_chunk_bytes,
      max_chunks,
      connect_ip,
      enable_shm_tensor_arena,
      timeout,
      opts
    ))
  end

  @create_from_handle %Vllm.Call.Spec{
    function: "MessageQueue.create_from_handle",
    path: "/vllm.distributed.v1.MessageQueue/CreateFromHandle",
    params: [
      {:handle, 1, :term, :required},
      {:rank, 2, :int, :required}
    ],
    result: {:object, Vllm.Distributed.MessageQueue},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a reader's endpoint of the queue whose writer exported `handle`.

  `rank` says which reader this is: one of the writer's `local_reader_ranks`, and then this
  process must share memory with the writer, or any other number for a reader on another node; no
  two readers have the same. Local: the writer need not wait.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `handle` (`term()`) - what `export_handle` returned on the writer
    * `rank` (`integer()`) - which reader this is

  ## Errors

    * `"invalid_type"`, `"invalid_argument"` - for what is no handle
    * `"message_queue_failed"` - if the writer cannot be reached

  ## Example

      {:ok, handle} = Vllm.Distributed.MessageQueue.export_handle(writer)
      # in a session of the reader
      {:ok, reader} = Vllm.Distributed.MessageQueue.create_from_handle(handle, 0)
  """
  @spec create_from_handle(keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_handle(term(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_handle(Call.arg(term()), Call.arg(integer()), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  def create_from_handle(handle, rank \\ :__default__, opts \\ []) do
    Vllm.Call.run(@create_from_handle, [handle, rank, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `create_from_handle`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_handle!(keyword()) :: t()
  @spec create_from_handle!(term(), integer() | keyword()) :: t()
  @spec create_from_handle!(Call.arg(term()), Call.arg(integer()), keyword()) ::
          t()
  def create_from_handle!(handle, rank \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(create_from_handle(handle, rank, opts))
  end

  @create_from_process_group %Vllm.Call.Spec{
    function: "MessageQueue.create_from_process_group",
    path: "/vllm.distributed.v1.MessageQueue/CreateFromProcessGroup",
    params: [
      {:pg, 1, :term, :required},
      {:max_chunk_bytes, 2, :int, :required},
      {:max_chunks, 3, :int, :required},
      {:writer_rank, 4, :int, :optional},
      {:external_writer_handle, 5, :term, :optional},
      {:blocking, 6, :bool, :optional},
      {:timeout, 7, {:nullable, :duration}, :optional}
    ],
    result: {:object, Vllm.Distributed.MessageQueue},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's endpoint of a queue from `writer_rank` to the other ranks of a group.

  `pg` is a torch process group that carries CPU tensors, or a
  `Vllm.Distributed.StatelessProcessGroup`; ranks count inside it. With an
  `external_writer_handle`, which `writer_rank` passes, the writer is a process outside of the
  group, and all ranks of it are readers. Waits until all of them are ready, unless `blocking` is
  `false`: then each calls `wait_until_ready`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `pg` (`term()`) - the process group
    * `max_chunk_bytes` (`integer()`) - bytes of a chunk
    * `max_chunks` (`integer()`) - chunks that the queue holds
    * `writer_rank` (`integer()`, default `0`) - rank inside the group that writes
    * `external_writer_handle` (`term()`, default `nil`) - what the handle of a writer outside of
      the group exports
    * `blocking` (`boolean()`, default `true`) - whether to wait until all endpoints are ready
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * What went wrong on the writer, on every rank

  ## Example

      {:ok, %Vllm.Distributed.MessageQueue{}} = Vllm.Distributed.MessageQueue.create_from_process_group(pg, 1_048_576, 10)
  """
  @spec create_from_process_group(keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(term(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(term(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer(), term() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(
    term(),
    integer(),
    integer(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(
    term(),
    integer(),
    integer(),
    integer(),
    term(),
    boolean(),
    integer() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec create_from_process_group(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def create_from_process_group(
    pg,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create_from_process_group, [
      pg,
      max_chunk_bytes,
      max_chunks,
      writer_rank,
      external_writer_handle,
      blocking,
      timeout,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `create_from_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_process_group!(keyword()) :: t()
  @spec create_from_process_group!(term(), keyword()) :: t()
  @spec create_from_process_group!(term(), integer(), integer() | keyword()) ::
          t()
  @spec create_from_process_group!(term(), integer(), integer(), integer() | keyword()) ::
          t()
  @spec create_from_process_group!(term(), integer(), integer(), integer(), term() | keyword()) ::
          t()
  @spec create_from_process_group!(
    term(),
    integer(),
    integer(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          t()
  @spec create_from_process_group!(
    term(),
    integer(),
    integer(),
    integer(),
    term(),
    boolean(),
    integer() | nil | keyword()
  ) ::
          t()
  @spec create_from_process_group!(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          t()
  def create_from_process_group!(
    pg,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create_from_process_group(
      pg,
      max_chunk_bytes,
      max_chunks,
      writer_rank,
      external_writer_handle,
      blocking,
      timeout,
      opts
    ))
  end

  @create_from_process_group_single_reader %Vllm.Call.Spec{
    function: "MessageQueue.create_from_process_group_single_reader",
    path: "/vllm.distributed.v1.MessageQueue/CreateFromProcessGroupSingleReader",
    params: [
      {:pg, 1, :term, :required},
      {:max_chunk_bytes, 2, :int, :required},
      {:max_chunks, 3, :int, :required},
      {:reader_rank, 4, :int, :optional},
      {:blocking, 5, :bool, :optional},
      {:timeout, 6, {:nullable, :duration}, :optional}
    ],
    result: {:tuple, [{:object, Vllm.Distributed.MessageQueue}, :term]},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a queue from this rank to rank `reader_rank`, and the handles of all these queues.

  Every rank of the group, the reader's own too, is the writer of one queue. The handles, by rank,
  are for the reader, which calls `create_from_handle(handle, 0)` with each; elsewhere the list is
  empty. `blocking` waits until the reader has done so: it may be `true` only where another thread
  of the reader's process does. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `pg` (`term()`) - the process group
    * `max_chunk_bytes` (`integer()`) - bytes of a chunk
    * `max_chunks` (`integer()`) - chunks that the queue holds
    * `reader_rank` (`integer()`, default `0`) - rank inside the group that reads
    * `blocking` (`boolean()`, default `false`) - whether to wait until all endpoints are ready
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Example

      {:ok, {_, _}} = Vllm.Distributed.MessageQueue.create_from_process_group_single_reader(pg, 1_048_576, 10)
  """
  @spec create_from_process_group_single_reader(keyword()) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(term(), keyword()) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(term(), integer(), integer() | keyword()) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(
    term(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(
    term(),
    integer(),
    integer(),
    integer(),
    boolean() | keyword()
  ) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(
    term(),
    integer(),
    integer(),
    integer(),
    boolean(),
    integer() | nil | keyword()
  ) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  @spec create_from_process_group_single_reader(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, {t(), term()}} | {:error, Error.t()}
  def create_from_process_group_single_reader(
    pg,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    reader_rank \\ :__default__,
    blocking \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create_from_process_group_single_reader, [
      pg,
      max_chunk_bytes,
      max_chunks,
      reader_rank,
      blocking,
      timeout,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `create_from_process_group_single_reader`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_process_group_single_reader!(keyword()) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(term(), keyword()) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(term(), integer(), integer() | keyword()) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(
    term(),
    integer(),
    integer(),
    integer() | keyword()
  ) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(
    term(),
    integer(),
    integer(),
    integer(),
    boolean() | keyword()
  ) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(
    term(),
    integer(),
    integer(),
    integer(),
    boolean(),
    integer() | nil | keyword()
  ) ::
          {t(), term()}
  @spec create_from_process_group_single_reader!(
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {t(), term()}
  def create_from_process_group_single_reader!(
    pg,
    max_chunk_bytes \\ :__default__,
    max_chunks \\ :__default__,
    reader_rank \\ :__default__,
    blocking \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create_from_process_group_single_reader(
      pg,
      max_chunk_bytes,
      max_chunks,
      reader_rank,
      blocking,
      timeout,
      opts
    ))
  end

  @is_writer %Vllm.Call.Spec{
    function: "MessageQueue.is_writer",
    path: "/vllm.distributed.v1.MessageQueue/IsWriter",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether this is the writer's endpoint.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.MessageQueue.is_writer(queue)
  """
  @spec is_writer(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_writer(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_writer(receiver, opts \\ []) do
    Vllm.Call.run(@is_writer, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `is_writer`, but returns the value itself and raises `Vllm.Error`."
  @spec is_writer!(input()) :: boolean()
  @spec is_writer!(input(), keyword()) :: boolean()
  def is_writer!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_writer(receiver, opts))
  end

  @n_local_reader %Vllm.Call.Spec{
    function: "MessageQueue.n_local_reader",
    path: "/vllm.distributed.v1.MessageQueue/NLocalReader",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many readers share memory with the writer.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.MessageQueue.n_local_reader(queue)
  """
  @spec n_local_reader(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec n_local_reader(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def n_local_reader(receiver, opts \\ []) do
    Vllm.Call.run(@n_local_reader, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `n_local_reader`, but returns the value itself and raises `Vllm.Error`."
  @spec n_local_reader!(input()) :: integer()
  @spec n_local_reader!(input(), keyword()) :: integer()
  def n_local_reader!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(n_local_reader(receiver, opts))
  end

  @n_remote_reader %Vllm.Call.Spec{
    function: "MessageQueue.n_remote_reader",
    path: "/vllm.distributed.v1.MessageQueue/NRemoteReader",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How many readers are on other nodes.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.MessageQueue.n_remote_reader(queue)
  """
  @spec n_remote_reader(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec n_remote_reader(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def n_remote_reader(receiver, opts \\ []) do
    Vllm.Call.run(@n_remote_reader, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `n_remote_reader`, but returns the value itself and raises `Vllm.Error`."
  @spec n_remote_reader!(input()) :: integer()
  @spec n_remote_reader!(input(), keyword()) :: integer()
  def n_remote_reader!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(n_remote_reader(receiver, opts))
  end

  @shutting_down %Vllm.Call.Spec{
    function: "MessageQueue.shutting_down",
    path: "/vllm.distributed.v1.MessageQueue/ShuttingDown",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether `shutdown` was called.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.MessageQueue.shutting_down(queue)
  """
  @spec shutting_down(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec shutting_down(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def shutting_down(receiver, opts \\ []) do
    Vllm.Call.run(@shutting_down, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `shutting_down`, but returns the value itself and raises `Vllm.Error`."
  @spec shutting_down!(input()) :: boolean()
  @spec shutting_down!(input(), keyword()) :: boolean()
  def shutting_down!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(shutting_down(receiver, opts))
  end

  @export_handle %Vllm.Call.Spec{
    function: "MessageQueue.export_handle",
    path: "/vllm.distributed.v1.MessageQueue/ExportHandle",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return what readers pass to `create_from_handle`: a map of plain values.

  vLLM's names are attributes of it: `local_reader_ranks`, `buffer_handle`,
  `remote_subscribe_addr`. It holds the queue's secret: send it to the readers only.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, value} = Vllm.Distributed.MessageQueue.export_handle(queue)
  """
  @spec export_handle(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec export_handle(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  def export_handle(receiver, opts \\ []) do
    Vllm.Call.run(@export_handle, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `export_handle`, but returns the value itself and raises `Vllm.Error`."
  @spec export_handle!(input()) :: term()
  @spec export_handle!(input(), keyword()) :: term()
  def export_handle!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(export_handle(receiver, opts))
  end

  @wait_until_ready %Vllm.Call.Spec{
    function: "MessageQueue.wait_until_ready",
    path: "/vllm.distributed.v1.MessageQueue/WaitUntilReady",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return when the writer and all readers have made their endpoints.

  After it nothing is left of the queue in the file system. Collective over writer and readers.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Errors

    * `"message_queue_timeout"` - naming who has not come before the queue's timeout; may then be
      called again

  ## Example

      {:ok, nil} = Vllm.Distributed.MessageQueue.wait_until_ready(queue)
  """
  @spec wait_until_ready(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec wait_until_ready(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def wait_until_ready(receiver, opts \\ []) do
    Vllm.Call.run(@wait_until_ready, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `wait_until_ready`, but returns the value itself and raises `Vllm.Error`."
  @spec wait_until_ready!(input()) :: nil
  @spec wait_until_ready!(input(), keyword()) :: nil
  def wait_until_ready!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(wait_until_ready(receiver, opts))
  end

  @enqueue %Vllm.Call.Spec{
    function: "MessageQueue.enqueue",
    path: "/vllm.distributed.v1.MessageQueue/Enqueue",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required},
      {:obj, 2, :term, :required},
      {:timeout, 3, {:nullable, :float}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send an object to every reader; the writer's side.

  Returns when the object has been copied: it may be changed then. Waits, for at most `timeout`
  seconds (default: the queue's), while a reader is `max_chunks` chunks behind.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`
    * `timeout` (`number() | :nan | :infinity | :neg_infinity`, default `nil`) - seconds; by
      default the queue's own timeout

  ## Errors

    * `"message_queue_timeout"` - naming the slow readers, and then no reader gets the object
    * `"message_queue_closed"` - naming readers that are gone
    * `"encoding_error"` - for an object that cannot travel
    * `"message_queue_failed"` - on a reader

  ## Example

      {:ok, nil} = Vllm.Distributed.MessageQueue.enqueue(queue, %{"step" => 3})
  """
  @spec enqueue(input(), term() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec enqueue(
    input(),
    term(),
    number() | :nan | :infinity | :neg_infinity | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec enqueue(
    input(),
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def enqueue(receiver, obj, timeout \\ :__default__, opts \\ []) do
    Vllm.Call.run(@enqueue, [receiver, obj, timeout, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `enqueue`, but returns the value itself and raises `Vllm.Error`."
  @spec enqueue!(input(), term() | keyword()) :: nil
  @spec enqueue!(
    input(),
    term(),
    number() | :nan | :infinity | :neg_infinity | nil | keyword()
  ) ::
          nil
  @spec enqueue!(
    input(),
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    keyword()
  ) ::
          nil
  def enqueue!(receiver, obj, timeout \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(enqueue(receiver, obj, timeout, opts))
  end

  @dequeue %Vllm.Call.Spec{
    function: "MessageQueue.dequeue",
    path: "/vllm.distributed.v1.MessageQueue/Dequeue",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required},
      {:timeout, 2, {:nullable, :float}, :optional},
      {:indefinite, 4, :bool, :optional},
      {:cancel, 3, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the next object; a reader's side.

  Waits for at most `timeout` seconds, without one for the queue's timeout, and with `indefinite`
  for as long as it takes. `cancel` is a `threading.Event` that ends the wait when it is set.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it
    * `timeout` (`number() | :nan | :infinity | :neg_infinity`, default `nil`) - seconds; by
      default the queue's own timeout
    * `indefinite` (`boolean()`, default `false`) - whether to wait for as long as it takes
    * `cancel` (`term()`, default `nil`) - a `threading.Event` of the rank that ends the wait

  ## Errors

    * `"message_queue_timeout"`, `"message_queue_cancelled"`
    * `"message_queue_closed"` - when the writer has shut down, or died, and all that it sent was
      read
    * `"encoding_error"` - for a message that this rank cannot decode (the next one is fine)
    * `"message_queue_failed"` - on the writer

  ## Example

      {:ok, value} = Vllm.Distributed.MessageQueue.dequeue(queue)
  """
  @spec dequeue(input()) :: {:ok, term()} | {:error, Error.t()}
  @spec dequeue(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dequeue(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dequeue(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil,
    boolean(),
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dequeue(
    input(),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    Call.arg(boolean()),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def dequeue(
    receiver,
    timeout \\ :__default__,
    indefinite \\ :__default__,
    cancel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@dequeue, [receiver, timeout, indefinite, cancel, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `dequeue`, but returns the value itself and raises `Vllm.Error`."
  @spec dequeue!(input()) :: term()
  @spec dequeue!(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil | keyword()
  ) ::
          term()
  @spec dequeue!(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec dequeue!(
    input(),
    number() | :nan | :infinity | :neg_infinity | nil,
    boolean(),
    term() | keyword()
  ) ::
          term()
  @spec dequeue!(
    input(),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    Call.arg(boolean()),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def dequeue!(
    receiver,
    timeout \\ :__default__,
    indefinite \\ :__default__,
    cancel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(dequeue(receiver, timeout, indefinite, cancel, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "MessageQueue.recv",
    path: "/vllm.distributed.v1.MessageQueue/Recv",
    params: [
      {:socket, 1, :term, :required},
      {:timeout, 2, {:nullable, :float}, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the next object from a socket that others send encoded objects to.

  `socket` is of ZeroMQ, or has its `poll(milliseconds)` and `recv()` for whole messages, each
  what `vllm_distributed.wire.object_codec.encode` returned: nothing is unpickled. Waits for at
  most `timeout` seconds, or as long as it takes for `nil`. Local: the sender need not wait.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `socket` (`term()`) - a socket of the rank that is kept open
    * `timeout` (`number() | :nan | :infinity | :neg_infinity`) - milliseconds

  ## Errors

    * `"invalid_type"` - for what has neither
    * `"message_queue_timeout"`
    * `"encoding_error"` - for a message that is none of ours

  ## Example

      {:ok, value} = Vllm.Distributed.MessageQueue.recv(socket, 30_000)
  """
  @spec recv(keyword()) :: {:ok, term()} | {:error, Error.t()}
  @spec recv(term(), number() | :nan | :infinity | :neg_infinity | nil | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv(
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def recv(socket, timeout \\ :__default__, opts \\ []) do
    Vllm.Call.run(@recv, [socket, timeout, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(keyword()) :: term()
  @spec recv!(term(), number() | :nan | :infinity | :neg_infinity | nil | keyword()) :: term()
  @spec recv!(
    Call.arg(term()),
    Call.arg(number() | :nan | :infinity | :neg_infinity | nil),
    keyword()
  ) ::
          term()
  def recv!(socket, timeout \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(recv(socket, timeout, opts))
  end

  @broadcast_object %Vllm.Call.Spec{
    function: "MessageQueue.broadcast_object",
    path: "/vllm.distributed.v1.MessageQueue/BroadcastObject",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required},
      {:obj, 2, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the writer's `obj` on every endpoint; what readers pass is ignored.

  Collective over writer and readers.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it
    * `obj` (`term()`, default `nil`) - any term, see `Vllm.Term`

  ## Errors

    * As `enqueue` and `dequeue`

  ## Example

      {:ok, value} = Vllm.Distributed.MessageQueue.broadcast_object(queue)
  """
  @spec broadcast_object(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_object(receiver, obj \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast_object, [receiver, obj, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_object`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object!(input()) :: term()
  @spec broadcast_object!(input(), term() | keyword()) :: term()
  @spec broadcast_object!(
    input(),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def broadcast_object!(receiver, obj \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_object(receiver, obj, opts))
  end

  @shutdown %Vllm.Call.Spec{
    function: "MessageQueue.shutdown",
    path: "/vllm.distributed.v1.MessageQueue/Shutdown",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.MessageQueue}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Close this endpoint and give everything back. Idempotent, local to the process.

  A call that waits in another thread ends with `"message_queue_closed"`. Readers can still read
  what a writer sent before, a writer finds that a reader has left. With readers on other nodes,
  waits until they have taken what was sent, for at most 5 s: the rest is lost then.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.MessageQueue.input()`) - the object, whose session runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.MessageQueue.shutdown(queue)
  """
  @spec shutdown(input()) :: {:ok, nil} | {:error, Error.t()}
  @spec shutdown(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def shutdown(receiver, opts \\ []) do
    Vllm.Call.run(@shutdown, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `shutdown`, but returns the value itself and raises `Vllm.Error`."
  @spec shutdown!(input()) :: nil
  @spec shutdown!(input(), keyword()) :: nil
  def shutdown!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(shutdown(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      create_from_handle: @create_from_handle,
      create_from_process_group: @create_from_process_group,
      create_from_process_group_single_reader: @create_from_process_group_single_reader,
      is_writer: @is_writer,
      n_local_reader: @n_local_reader,
      n_remote_reader: @n_remote_reader,
      shutting_down: @shutting_down,
      export_handle: @export_handle,
      wait_until_ready: @wait_until_ready,
      enqueue: @enqueue,
      dequeue: @dequeue,
      recv: @recv,
      broadcast_object: @broadcast_object,
      shutdown: @shutdown
    ]
  end
end
