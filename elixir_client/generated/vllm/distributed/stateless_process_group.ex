# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.StatelessProcessGroup do
  @moduledoc ~S"""
  A group of processes that pass objects and tensors through a store served by rank 0.

  Made by `create`. `rank` counts inside the group, as do all `src` and `dst`. Meant for control:
  a tensor goes through rank 0's memory, encoded. Objects travel as plain values, see
  `object_codec`; a refused argument or object is refused before anything is sent, and a wait that
  times out leaves the group usable. Not for several threads at once.

  Any operation raises `RollCallTimeoutError` naming the ranks it waited for in vain (after
  `store_timeout`, `barrier` after its own), `StoreLostError` if rank 0 is gone, and
  `GroupDestroyedError` after `destroy`.
  """
  @new %Vllm.Call.Spec{
    function: "StatelessProcessGroup.new",
    path: "/vllm.distributed.v1.StatelessProcessGroup/New",
    params: [
      {:rank, 1, :int, :required},
      {:world_size, 2, :int, :required},
      {:store, 3, :term, :required},
      {:data_expiration_seconds, 4, :int, :required},
      {:timeout, 5, :float, :required}
    ],
    result: :object,
    inline: false
  }

  @doc ~S"""
  A group of processes that pass objects and tensors through a store served by rank 0.

  Made by `create`. `rank` counts inside the group, as do all `src` and `dst`. Meant for control:
  a tensor goes through rank 0's memory, encoded. Objects travel as plain values, see
  `object_codec`; a refused argument or object is refused before anything is sent, and a wait that
  times out leaves the group usable. Not for several threads at once.

  Any operation raises `RollCallTimeoutError` naming the ranks it waited for in vain (after
  `store_timeout`, `barrier` after its own), `StoreLostError` if rank 0 is gone, and
  `GroupDestroyedError` after `destroy`.

  Python: `StatelessProcessGroup.new(rank, world_size, store, data_expiration_seconds, timeout)`.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new(integer(), integer(), term(), integer(), number()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  @spec new(integer(), integer(), term(), integer(), number(), keyword()) :: {:ok, Vllm.Ref.t()} | {:error, Vllm.Error.t()}
  def new(rank, world_size, store, data_expiration_seconds, timeout, opts \\ []) do
    Vllm.Call.run(@new, [rank, world_size, store, data_expiration_seconds, timeout, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(integer(), integer(), term(), integer(), number()) :: Vllm.Ref.t()
  @spec new!(integer(), integer(), term(), integer(), number(), keyword()) :: Vllm.Ref.t()
  def new!(rank, world_size, store, data_expiration_seconds, timeout, opts \\ []) do
    Vllm.Error.unwrap!(new(rank, world_size, store, data_expiration_seconds, timeout, opts))
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
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return a new group of `world_size` processes.

  Rank 0 serves the store at exactly `host`:`port`, never on another address, until it
  destroys the group, and with it what others have not read yet: call `barrier` before
  `destroy`. On rank 0 `listen_socket` may be a TCP
  socket that is bound and listens already, whose port the others were told: it becomes the
  group's. `store_timeout`, in seconds, bounds the making of the group and every wait;
  `data_expiration_seconds` is how long a message waits for a reader.

  Collective over the members. Raises, and leaves nothing behind: `InvalidArgumentError` and
  its kin for values that make no sense; `RendezvousError` if `host`:`port` cannot be bound,
  or not reached in time; `RollCallTimeoutError` naming the ranks that did not come;
  `RollCallMismatchError` if members pass different sizes.

  Python: `StatelessProcessGroup.create(host, port, rank, world_size, data_expiration_seconds=3600, store_timeout=300, listen_socket=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create(String.t(), integer(), integer(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create(String.t(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create(String.t(), integer(), integer(), integer(), integer(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create(String.t(), integer(), integer(), integer(), integer(), integer(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create(String.t(), integer(), integer(), integer(), integer(), integer(), term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def create(host, port, rank, world_size, data_expiration_seconds \\ :"$unset", store_timeout \\ :"$unset", listen_socket \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@create, [host, port, rank, world_size, data_expiration_seconds, store_timeout, listen_socket, opts])
  end

  @doc "Like `create`, but returns the value itself and raises `Vllm.Error`."
  @spec create!(String.t(), integer(), integer(), integer()) :: term()
  @spec create!(String.t(), integer(), integer(), integer(), integer() | keyword()) :: term()
  @spec create!(String.t(), integer(), integer(), integer(), integer(), integer() | keyword()) :: term()
  @spec create!(String.t(), integer(), integer(), integer(), integer(), integer(), term() | keyword()) :: term()
  @spec create!(String.t(), integer(), integer(), integer(), integer(), integer(), term(), keyword()) :: term()
  def create!(host, port, rank, world_size, data_expiration_seconds \\ :"$unset", store_timeout \\ :"$unset", listen_socket \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(create(host, port, rank, world_size, data_expiration_seconds, store_timeout, listen_socket, opts))
  end

  @send_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.send_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/SendObj",
    params: [
      {:receiver, 1, :object, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send an object to `dst`, which calls `recv_obj`; returns at once.

  Objects of one sender arrive in the order they were sent; those of different senders do not
  mix. Raises `InvalidRankError` if `dst` is out of range or this rank itself, `EncodingError`
  for an object that cannot travel.

  Python: `StatelessProcessGroup.send_obj(obj, dst)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send_obj(Vllm.Ref.t(), term(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send_obj(Vllm.Ref.t(), term(), integer(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def send_obj(receiver, obj, dst, opts \\ []) do
    Vllm.Call.run(@send_obj, [receiver, obj, dst, opts])
  end

  @doc "Like `send_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec send_obj!(Vllm.Ref.t(), term(), integer()) :: nil
  @spec send_obj!(Vllm.Ref.t(), term(), integer(), keyword()) :: nil
  def send_obj!(receiver, obj, dst, opts \\ []) do
    Vllm.Error.unwrap!(send_obj(receiver, obj, dst, opts))
  end

  @recv_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.recv_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/RecvObj",
    params: [
      {:receiver, 1, :object, :required},
      {:src, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the next object that `src` sends to this rank.

  Raises `InvalidRankError` if `src` is out of range or this rank itself, `EncodingError` for
  what is no object of ours.

  Python: `StatelessProcessGroup.recv_obj(src)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv_obj(Vllm.Ref.t(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_obj(Vllm.Ref.t(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def recv_obj(receiver, src, opts \\ []) do
    Vllm.Call.run(@recv_obj, [receiver, src, opts])
  end

  @doc "Like `recv_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_obj!(Vllm.Ref.t(), integer()) :: term()
  @spec recv_obj!(Vllm.Ref.t(), integer(), keyword()) :: term()
  def recv_obj!(receiver, src, opts \\ []) do
    Vllm.Error.unwrap!(recv_obj(receiver, src, opts))
  end

  @broadcast_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/BroadcastObj",
    params: [
      {:receiver, 1, :object, :required},
      {:obj, 2, :term, :required},
      {:src, 3, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the object of `src`; other ranks' `obj` is ignored. Collective.

  Raises `InvalidRankError` for a `src` out of range, `EncodingError` on `src` for an object
  that cannot travel.

  Python: `StatelessProcessGroup.broadcast_obj(obj, src)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_obj(Vllm.Ref.t(), term(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_obj(Vllm.Ref.t(), term(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_obj(receiver, obj, src, opts \\ []) do
    Vllm.Call.run(@broadcast_obj, [receiver, obj, src, opts])
  end

  @doc "Like `broadcast_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_obj!(Vllm.Ref.t(), term(), integer()) :: term()
  @spec broadcast_obj!(Vllm.Ref.t(), term(), integer(), keyword()) :: term()
  def broadcast_obj!(receiver, obj, src, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_obj(receiver, obj, src, opts))
  end

  @all_gather_obj %Vllm.Call.Spec{
    function: "StatelessProcessGroup.all_gather_obj",
    path: "/vllm.distributed.v1.StatelessProcessGroup/AllGatherObj",
    params: [
      {:receiver, 1, :object, :required},
      {:obj, 2, :term, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the objects of all ranks, in rank order. Collective.

  Raises `EncodingError` for an object that cannot travel.

  Python: `StatelessProcessGroup.all_gather_obj(obj)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gather_obj(Vllm.Ref.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gather_obj(Vllm.Ref.t(), term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def all_gather_obj(receiver, obj, opts \\ []) do
    Vllm.Call.run(@all_gather_obj, [receiver, obj, opts])
  end

  @doc "Like `all_gather_obj`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather_obj!(Vllm.Ref.t(), term()) :: term()
  @spec all_gather_obj!(Vllm.Ref.t(), term(), keyword()) :: term()
  def all_gather_obj!(receiver, obj, opts \\ []) do
    Vllm.Error.unwrap!(all_gather_obj(receiver, obj, opts))
  end

  @barrier %Vllm.Call.Spec{
    function: "StatelessProcessGroup.barrier",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Barrier",
    params: [
      {:receiver, 1, :object, :required},
      {:timeout, 2, :float, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Return when every rank of the group has called it. Collective.

  `timeout`, in seconds, bounds the wait: then `RollCallTimeoutError` names the ranks that did
  not come, in `details["missing"]` too. That barrier is given up for everybody: a rank that
  comes late to it waits at the next one, with those who try again. Raises
  `InvalidArgumentError` for a `timeout` that is no positive number.

  Python: `StatelessProcessGroup.barrier(timeout=30.0)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec barrier(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec barrier(Vllm.Ref.t(), number() | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec barrier(Vllm.Ref.t(), number(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def barrier(receiver, timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@barrier, [receiver, timeout, opts])
  end

  @doc "Like `barrier`, but returns the value itself and raises `Vllm.Error`."
  @spec barrier!(Vllm.Ref.t()) :: nil
  @spec barrier!(Vllm.Ref.t(), number() | keyword()) :: nil
  @spec barrier!(Vllm.Ref.t(), number(), keyword()) :: nil
  def barrier!(receiver, timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(barrier(receiver, timeout, opts))
  end

  @send %Vllm.Call.Spec{
    function: "StatelessProcessGroup.send",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Send",
    params: [
      {:receiver, 1, :object, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send a tensor to `dst`, which calls `recv` with one of its shape and dtype.

  Raises `InvalidRankError` if `dst` is out of range or this rank itself, `InvalidTypeError`
  if `tensor` is none, `EncodingError` for a sparse or quantized one.

  Python: `StatelessProcessGroup.send(tensor, dst)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def send(receiver, tensor, dst, opts \\ []) do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: nil
  @spec send!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: nil
  def send!(receiver, tensor, dst, opts \\ []) do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "StatelessProcessGroup.recv",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Recv",
    params: [
      {:receiver, 1, :object, :required},
      {:tensor, 2, :tensor, :required},
      {:src, 3, :int, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Fill `tensor` with the next one that `src` sends, and return it.

  Raises `InvalidRankError` if `src` is out of range or this rank itself;
  `InvalidArgumentError` at once if elements of `tensor` share memory; and, `tensor`
  unchanged, if the one that came has another shape or dtype.

  Python: `StatelessProcessGroup.recv(tensor, src)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec recv(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def recv(receiver, tensor, src, opts \\ []) do
    Vllm.Call.run(@recv, [receiver, tensor, src, opts])
  end

  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: Vllm.Tensor.t()
  @spec recv!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def recv!(receiver, tensor, src, opts \\ []) do
    Vllm.Error.unwrap!(recv(receiver, tensor, src, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "StatelessProcessGroup.broadcast",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Broadcast",
    params: [
      {:receiver, 1, :object, :required},
      {:tensor, 2, :tensor, :required},
      {:src, 3, :int, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Fill `tensor` with the one of `src`, and return it. Collective.

  All ranks pass the same shape and dtype, any dtype, on any device. Raises `InvalidRankError`
  for a `src` out of range; `InvalidArgumentError` at once if elements of `tensor` share
  memory; and, `tensor` unchanged, on a rank whose shape or dtype differs.

  Python: `StatelessProcessGroup.broadcast(tensor, src)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec broadcast(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def broadcast(receiver, tensor, src, opts \\ []) do
    Vllm.Call.run(@broadcast, [receiver, tensor, src, opts])
  end

  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(Vllm.Ref.t(), Vllm.Tensor.t(), integer()) :: Vllm.Tensor.t()
  @spec broadcast!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def broadcast!(receiver, tensor, src, opts \\ []) do
    Vllm.Error.unwrap!(broadcast(receiver, tensor, src, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "StatelessProcessGroup.all_reduce",
    path: "/vllm.distributed.v1.StatelessProcessGroup/AllReduce",
    params: [
      {:receiver, 1, :object, :required},
      {:tensor, 2, :tensor, :required},
      {:op, 3, :term, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the tensors of all ranks reduced into a new one; the input is not changed.

  `op` is SUM (booleans: or), PRODUCT, MIN or MAX of torch.distributed.ReduceOp. All ranks
  pass the same shape and dtype; the parts are combined in rank order, so all ranks have the
  same bits. On a group of one the input is returned. Collective. Raises, before anything is
  sent, `UnsupportedDtypeError` for a dtype that has no exact result and
  `InvalidArgumentError` for another `op`; afterwards `InvalidArgumentError` on every rank
  whose shape or dtype differs from another's.

  Python: `StatelessProcessGroup.all_reduce(tensor, op=<RedOpType.SUM: 0>)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce(Vllm.Ref.t(), Vllm.Tensor.t(), term() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce(Vllm.Ref.t(), Vllm.Tensor.t(), term(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce(receiver, tensor, op \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@all_reduce, [receiver, tensor, op, opts])
  end

  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_reduce!(Vllm.Ref.t(), Vllm.Tensor.t(), term() | keyword()) :: Vllm.Tensor.t()
  @spec all_reduce!(Vllm.Ref.t(), Vllm.Tensor.t(), term(), keyword()) :: Vllm.Tensor.t()
  def all_reduce!(receiver, tensor, op \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(all_reduce(receiver, tensor, op, opts))
  end

  @expire_data %Vllm.Call.Spec{
    function: "StatelessProcessGroup.expire_data",
    path: "/vllm.distributed.v1.StatelessProcessGroup/ExpireData",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Delete the messages of this rank that have waited longer than `data_expiration_seconds`.

  Called by every sending operation; local to the process. A message that is read is deleted
  by its reader.

  Python: `StatelessProcessGroup.expire_data()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec expire_data(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec expire_data(Vllm.Ref.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def expire_data(receiver, opts \\ []) do
    Vllm.Call.run(@expire_data, [receiver, opts])
  end

  @doc "Like `expire_data`, but returns the value itself and raises `Vllm.Error`."
  @spec expire_data!(Vllm.Ref.t()) :: nil
  @spec expire_data!(Vllm.Ref.t(), keyword()) :: nil
  def expire_data!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(expire_data(receiver, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "StatelessProcessGroup.destroy",
    path: "/vllm.distributed.v1.StatelessProcessGroup/Destroy",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Leave the group; on rank 0 stop serving the store. Idempotent, local to the process.

  Python: `StatelessProcessGroup.destroy()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec destroy(Vllm.Ref.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec destroy(Vllm.Ref.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def destroy(receiver, opts \\ []) do
    Vllm.Call.run(@destroy, [receiver, opts])
  end

  @doc "Like `destroy`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy!(Vllm.Ref.t()) :: nil
  @spec destroy!(Vllm.Ref.t(), keyword()) :: nil
  def destroy!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(destroy(receiver, opts))
  end
end
