# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.MessageQueue do
  @moduledoc ~S"""
  One endpoint of a queue with one writer and many readers.

  The constructor makes the writer's endpoint. `n_reader` is the number of readers, and
  `n_local_reader` of how many of them share memory with the writer; `local_reader_ranks` are the
  ranks those pass to `create_from_handle` (default: 0, 1, ...). The queue holds `max_chunks`
  chunks of `max_chunk_bytes` bytes; the memory behind a chunk is taken when it is first used.
  Larger objects travel in several chunks. `connect_ip` is the address to listen on for readers
  on other nodes, on which they reach this one (default: `VLLM_HOST_IP`, or where the route to
  the outside starts). `timeout` (default 30 minutes) bounds every wait that is given none of its
  own.

  Every endpoint calls `wait_until_ready` before the first message. Objects travel as plain values
  (see `object_codec`); tensors and numpy arrays in dicts, lists and tuples go beside them as they
  are, and tensors arrive on the CPU. One thread at a time uses an endpoint; `shutdown` may be
  called from any.

  Raises `InvalidArgumentError` for numbers that make no sense, `MessageQueueError` if memory or
  address cannot be had. Local: the readers take part in `wait_until_ready`.
  """
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
      {:timeout, 7, {:nullable, :duration}, :optional}
    ],
    result: :object,
    inline: false
  }

  @doc ~S"""
  One endpoint of a queue with one writer and many readers.

  The constructor makes the writer's endpoint. `n_reader` is the number of readers, and
  `n_local_reader` of how many of them share memory with the writer; `local_reader_ranks` are the
  ranks those pass to `create_from_handle` (default: 0, 1, ...). The queue holds `max_chunks`
  chunks of `max_chunk_bytes` bytes; the memory behind a chunk is taken when it is first used.
  Larger objects travel in several chunks. `connect_ip` is the address to listen on for readers
  on other nodes, on which they reach this one (default: `VLLM_HOST_IP`, or where the route to
  the outside starts). `timeout` (default 30 minutes) bounds every wait that is given none of its
  own.

  Every endpoint calls `wait_until_ready` before the first message. Objects travel as plain values
  (see `object_codec`); tensors and numpy arrays in dicts, lists and tuples go beside them as they
  are, and tensors arrive on the CPU. One thread at a time uses an endpoint; `shutdown` may be
  called from any.

  Raises `InvalidArgumentError` for numbers that make no sense, `MessageQueueError` if memory or
  address cannot be had. Local: the readers take part in `wait_until_ready`.

  Python: `MessageQueue.new(n_reader, n_local_reader, local_reader_ranks=None, max_chunk_bytes=25165824, max_chunks=10, connect_ip=None, timeout=None)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new(integer(), integer()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer(), integer() | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil, timeout() | nil | keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil, timeout() | nil, keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(n_reader, n_local_reader, local_reader_ranks \\ :"$unset", max_chunk_bytes \\ :"$unset", max_chunks \\ :"$unset", connect_ip \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@new, [n_reader, n_local_reader, local_reader_ranks, max_chunk_bytes, max_chunks, connect_ip, timeout, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(integer(), integer()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil, integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil, integer(), integer() | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil, timeout() | nil | keyword()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), [integer()] | nil, integer(), integer(), String.t() | nil, timeout() | nil, keyword()) :: Vllm.Ref.t()
  def new!(n_reader, n_local_reader, local_reader_ranks \\ :"$unset", max_chunk_bytes \\ :"$unset", max_chunks \\ :"$unset", connect_ip \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(new(n_reader, n_local_reader, local_reader_ranks, max_chunk_bytes, max_chunks, connect_ip, timeout, opts))
  end

  @create_from_handle %Vllm.Call.Spec{
    function: "MessageQueue.create_from_handle",
    path: "/vllm.distributed.v1.MessageQueue/CreateFromHandle",
    params: [
      {:handle, 1, :term, :required},
      {:rank, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return a reader's endpoint of the queue whose writer exported `handle`.

  `rank` says which reader this is: one of the writer's `local_reader_ranks`, and then this
  process must share memory with the writer, or any other number for a reader on another node;
  no two readers have the same. Raises `InvalidTypeError` or `InvalidArgumentError` for what
  is no handle, `MessageQueueError` if the writer cannot be reached. Local: the writer need
  not wait.

  Python: `MessageQueue.create_from_handle(handle, rank)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create_from_handle(term(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_handle(term(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def create_from_handle(handle, rank, opts \\ []) do
    Vllm.Call.run(@create_from_handle, [handle, rank, opts])
  end

  @doc "Like `create_from_handle`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_handle!(term(), integer()) :: term()
  @spec create_from_handle!(term(), integer(), keyword()) :: term()
  def create_from_handle!(handle, rank, opts \\ []) do
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
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return this rank's endpoint of a queue from `writer_rank` to the other ranks of a group.

  `pg` is a torch process group that carries CPU tensors, or a `StatelessProcessGroup`; ranks
  count inside it. With an `external_writer_handle`, which `writer_rank` passes, the writer is
  a process outside of the group, and all ranks of it are readers. Waits until everybody is
  ready, unless `blocking` is False: then each calls `wait_until_ready`. Raises on every rank
  what went wrong on the writer. Collective over the group.

  Python: `MessageQueue.create_from_process_group(pg, max_chunk_bytes, max_chunks, writer_rank=0, external_writer_handle=None, blocking=True, timeout=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create_from_process_group(term(), integer(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer(), term(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer(), term(), boolean(), timeout() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_from_process_group(term(), integer(), integer(), integer(), term(), boolean(), timeout() | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def create_from_process_group(pg, max_chunk_bytes, max_chunks, writer_rank \\ :"$unset", external_writer_handle \\ :"$unset", blocking \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@create_from_process_group, [pg, max_chunk_bytes, max_chunks, writer_rank, external_writer_handle, blocking, timeout, opts])
  end

  @doc "Like `create_from_process_group`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_process_group!(term(), integer(), integer()) :: term()
  @spec create_from_process_group!(term(), integer(), integer(), integer() | keyword()) :: term()
  @spec create_from_process_group!(term(), integer(), integer(), integer(), term() | keyword()) :: term()
  @spec create_from_process_group!(term(), integer(), integer(), integer(), term(), boolean() | keyword()) :: term()
  @spec create_from_process_group!(term(), integer(), integer(), integer(), term(), boolean(), timeout() | nil | keyword()) :: term()
  @spec create_from_process_group!(term(), integer(), integer(), integer(), term(), boolean(), timeout() | nil, keyword()) :: term()
  def create_from_process_group!(pg, max_chunk_bytes, max_chunks, writer_rank \\ :"$unset", external_writer_handle \\ :"$unset", blocking \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(create_from_process_group(pg, max_chunk_bytes, max_chunks, writer_rank, external_writer_handle, blocking, timeout, opts))
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
    result: {:tuple, [:term, :term]},
    inline: false
  }

  @doc ~S"""
  Return a queue from this rank to rank `reader_rank`, and the handles of all these queues.

  Every rank of the group, the reader's own too, is the writer of one queue. The handles, by
  rank, are for the reader, which calls `create_from_handle(handle, 0)` with each; elsewhere
  the list is empty. `blocking` waits until the reader has done so: it may be True only where
  another thread of the reader's process does. Collective over the group.

  Python: `MessageQueue.create_from_process_group_single_reader(pg, max_chunk_bytes, max_chunks, reader_rank=0, blocking=False, timeout=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create_from_process_group_single_reader(term(), integer(), integer()) :: {:ok, {term(), term()}} | {:error, Vllm.Error.t()}
  @spec create_from_process_group_single_reader(term(), integer(), integer(), integer() | keyword()) :: {:ok, {term(), term()}} | {:error, Vllm.Error.t()}
  @spec create_from_process_group_single_reader(term(), integer(), integer(), integer(), boolean() | keyword()) :: {:ok, {term(), term()}} | {:error, Vllm.Error.t()}
  @spec create_from_process_group_single_reader(term(), integer(), integer(), integer(), boolean(), timeout() | nil | keyword()) :: {:ok, {term(), term()}} | {:error, Vllm.Error.t()}
  @spec create_from_process_group_single_reader(term(), integer(), integer(), integer(), boolean(), timeout() | nil, keyword()) :: {:ok, {term(), term()}} | {:error, Vllm.Error.t()}
  def create_from_process_group_single_reader(pg, max_chunk_bytes, max_chunks, reader_rank \\ :"$unset", blocking \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@create_from_process_group_single_reader, [pg, max_chunk_bytes, max_chunks, reader_rank, blocking, timeout, opts])
  end

  @doc "Like `create_from_process_group_single_reader`, but returns the value itself and raises `Vllm.Error`."
  @spec create_from_process_group_single_reader!(term(), integer(), integer()) :: {term(), term()}
  @spec create_from_process_group_single_reader!(term(), integer(), integer(), integer() | keyword()) :: {term(), term()}
  @spec create_from_process_group_single_reader!(term(), integer(), integer(), integer(), boolean() | keyword()) :: {term(), term()}
  @spec create_from_process_group_single_reader!(term(), integer(), integer(), integer(), boolean(), timeout() | nil | keyword()) :: {term(), term()}
  @spec create_from_process_group_single_reader!(term(), integer(), integer(), integer(), boolean(), timeout() | nil, keyword()) :: {term(), term()}
  def create_from_process_group_single_reader!(pg, max_chunk_bytes, max_chunks, reader_rank \\ :"$unset", blocking \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(create_from_process_group_single_reader(pg, max_chunk_bytes, max_chunks, reader_rank, blocking, timeout, opts))
  end

  @is_writer %Vllm.Call.Spec{
    function: "MessageQueue.is_writer",
    path: "/vllm.distributed.v1.MessageQueue/IsWriter",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether this is the writer's endpoint.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_writer(Vllm.Ref.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_writer(Vllm.Ref.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_writer(receiver, opts \\ []) do
    Vllm.Call.run(@is_writer, [receiver, opts])
  end

  @doc "Like `is_writer`, but returns the value itself and raises `Vllm.Error`."
  @spec is_writer!(Vllm.Ref.t()) :: boolean()
  @spec is_writer!(Vllm.Ref.t(), keyword()) :: boolean()
  def is_writer!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_writer(receiver, opts))
  end

  @export_handle %Vllm.Call.Spec{
    function: "MessageQueue.export_handle",
    path: "/vllm.distributed.v1.MessageQueue/ExportHandle",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return what readers pass to `create_from_handle`: a dict of plain values.

  It holds the queue's secret: send it to the readers only.

  Python: `MessageQueue.export_handle()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec export_handle(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec export_handle(Vllm.Ref.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def export_handle(receiver, opts \\ []) do
    Vllm.Call.run(@export_handle, [receiver, opts])
  end

  @doc "Like `export_handle`, but returns the value itself and raises `Vllm.Error`."
  @spec export_handle!(Vllm.Ref.t()) :: term()
  @spec export_handle!(Vllm.Ref.t(), keyword()) :: term()
  def export_handle!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(export_handle(receiver, opts))
  end

  @wait_until_ready %Vllm.Call.Spec{
    function: "MessageQueue.wait_until_ready",
    path: "/vllm.distributed.v1.MessageQueue/WaitUntilReady",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Return when the writer and all readers have made their endpoints.

  After it nothing is left of the queue in the file system. Raises `MessageQueueTimeoutError`
  naming who has not come before the queue's timeout; may then be called again. Collective
  over writer and readers.

  Python: `MessageQueue.wait_until_ready()`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec wait_until_ready(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec wait_until_ready(Vllm.Ref.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def wait_until_ready(receiver, opts \\ []) do
    Vllm.Call.run(@wait_until_ready, [receiver, opts])
  end

  @doc "Like `wait_until_ready`, but returns the value itself and raises `Vllm.Error`."
  @spec wait_until_ready!(Vllm.Ref.t()) :: nil
  @spec wait_until_ready!(Vllm.Ref.t(), keyword()) :: nil
  def wait_until_ready!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(wait_until_ready(receiver, opts))
  end

  @enqueue %Vllm.Call.Spec{
    function: "MessageQueue.enqueue",
    path: "/vllm.distributed.v1.MessageQueue/Enqueue",
    params: [
      {:receiver, 1, :object, :required},
      {:obj, 2, :term, :required},
      {:timeout, 3, {:nullable, :float}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send an object to every reader; the writer's side.

  Returns when the object has been copied: it may be changed then. Waits, for at most
  `timeout` seconds (default: the queue's), while a reader is `max_chunks` chunks behind.
  Raises `MessageQueueTimeoutError` naming the slow readers, and then no reader gets the
  object; `MessageQueueClosedError` naming readers that are gone; `EncodingError` for an
  object that cannot travel; `MessageQueueError` on a reader.

  Python: `MessageQueue.enqueue(obj, timeout=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec enqueue(Vllm.Ref.t(), term()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec enqueue(Vllm.Ref.t(), term(), number() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec enqueue(Vllm.Ref.t(), term(), number() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def enqueue(receiver, obj, timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@enqueue, [receiver, obj, timeout, opts])
  end

  @doc "Like `enqueue`, but returns the value itself and raises `Vllm.Error`."
  @spec enqueue!(Vllm.Ref.t(), term()) :: nil
  @spec enqueue!(Vllm.Ref.t(), term(), number() | nil | keyword()) :: nil
  @spec enqueue!(Vllm.Ref.t(), term(), number() | nil, keyword()) :: nil
  def enqueue!(receiver, obj, timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(enqueue(receiver, obj, timeout, opts))
  end

  @dequeue %Vllm.Call.Spec{
    function: "MessageQueue.dequeue",
    path: "/vllm.distributed.v1.MessageQueue/Dequeue",
    params: [
      {:receiver, 1, :object, :required},
      {:timeout, 2, {:nullable, :float}, :optional},
      {:cancel, 3, :term, :optional},
      {:indefinite, 4, :bool, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the next object; a reader's side.

  Waits for at most `timeout` seconds, without one for the queue's timeout, and with
  `indefinite` for as long as it takes. `cancel` is a `threading.Event` that ends the wait
  when it is set. Raises `MessageQueueTimeoutError`; `MessageQueueCancelledError`;
  `MessageQueueClosedError` when the writer has shut down, or died, and all that it sent was
  read; `EncodingError` for a message that this rank cannot decode (the next one is fine);
  `MessageQueueError` on the writer.

  Python: `MessageQueue.dequeue(timeout=None, cancel=None, indefinite=False)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec dequeue(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dequeue(Vllm.Ref.t(), number() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dequeue(Vllm.Ref.t(), number() | nil, term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dequeue(Vllm.Ref.t(), number() | nil, term(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dequeue(Vllm.Ref.t(), number() | nil, term(), boolean(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def dequeue(receiver, timeout \\ :"$unset", cancel \\ :"$unset", indefinite \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@dequeue, [receiver, timeout, cancel, indefinite, opts])
  end

  @doc "Like `dequeue`, but returns the value itself and raises `Vllm.Error`."
  @spec dequeue!(Vllm.Ref.t()) :: term()
  @spec dequeue!(Vllm.Ref.t(), number() | nil | keyword()) :: term()
  @spec dequeue!(Vllm.Ref.t(), number() | nil, term() | keyword()) :: term()
  @spec dequeue!(Vllm.Ref.t(), number() | nil, term(), boolean() | keyword()) :: term()
  @spec dequeue!(Vllm.Ref.t(), number() | nil, term(), boolean(), keyword()) :: term()
  def dequeue!(receiver, timeout \\ :"$unset", cancel \\ :"$unset", indefinite \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(dequeue(receiver, timeout, cancel, indefinite, opts))
  end

  @broadcast_object %Vllm.Call.Spec{
    function: "MessageQueue.broadcast_object",
    path: "/vllm.distributed.v1.MessageQueue/BroadcastObject",
    params: [
      {:receiver, 1, :object, :required},
      {:obj, 2, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the writer's `obj` on every endpoint; what readers pass is ignored.

  Collective over writer and readers. Raises as `enqueue` and `dequeue` do.

  Python: `MessageQueue.broadcast_object(obj=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_object(Vllm.Ref.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object(Vllm.Ref.t(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object(Vllm.Ref.t(), term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_object(receiver, obj \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast_object, [receiver, obj, opts])
  end

  @doc "Like `broadcast_object`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object!(Vllm.Ref.t()) :: term()
  @spec broadcast_object!(Vllm.Ref.t(), term() | keyword()) :: term()
  @spec broadcast_object!(Vllm.Ref.t(), term(), keyword()) :: term()
  def broadcast_object!(receiver, obj \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast_object(receiver, obj, opts))
  end

  @shutdown %Vllm.Call.Spec{
    function: "MessageQueue.shutdown",
    path: "/vllm.distributed.v1.MessageQueue/Shutdown",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Close this endpoint and give everything back. Idempotent, local to the process.

  A call that waits in another thread ends with `MessageQueueClosedError`. Readers can still
  read what a writer sent before, a writer finds that a reader has left. With readers on other
  nodes, waits until they have taken what was sent, for at most 5 s: the rest is lost then.

  Python: `MessageQueue.shutdown()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec shutdown(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec shutdown(Vllm.Ref.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def shutdown(receiver, opts \\ []) do
    Vllm.Call.run(@shutdown, [receiver, opts])
  end

  @doc "Like `shutdown`, but returns the value itself and raises `Vllm.Error`."
  @spec shutdown!(Vllm.Ref.t()) :: nil
  @spec shutdown!(Vllm.Ref.t(), keyword()) :: nil
  def shutdown!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(shutdown(receiver, opts))
  end
end
