# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.DeviceCommunicatorBase do
  @moduledoc ~S"""
  Moves and reduces the tensors of one group: checks the arguments, then sends.

  Complete as it is; code of one's own derives from it and overrides what it does in another way.
  `cpu_group` is the group over gloo, `device_group` the one for tensors on `device`; without a
  `device_group` the group is one rank alone. CPU tensors travel over the CPU group and tensors
  on a device over the device group; where that is gloo they are staged through the CPU.
  `unique_name` is for messages. `optimised` allows paths made for the device, such as an
  all-reduce through symmetric memory. `global_ranks` and `global_world_size` are accepted for
  code written against vLLM.

  Making one for a group on several devices is collective over the group. `src` and `dst` count
  inside the group. Errors are those of `GroupCoordinator`'s operations of the same names.
  """
  @all_reduce %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_reduce",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduce",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the sum of the group's tensors in a new tensor. Collective over the group.

  Python: `DeviceCommunicatorBase.all_reduce(input_)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce(Vllm.Ref.t(), Vllm.Tensor.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce(receiver, input_, opts \\ []) do
    Vllm.Call.run(@all_reduce, [receiver, input_, opts])
  end

  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_reduce!(Vllm.Ref.t(), Vllm.Tensor.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce!(receiver, input_, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(receiver, input_, opts))
  end

  @all_reduce_in_place %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_reduce_",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllReduceInPlace",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Replace `input_` by the sum of the group's tensors. Collective over the group.

  Python: `DeviceCommunicatorBase.all_reduce_(input_)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce_(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce_(Vllm.Ref.t(), Vllm.Tensor.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce_(receiver, input_, opts \\ []) do
    Vllm.Call.run(@all_reduce_in_place, [receiver, input_, opts])
  end

  @doc "Like `all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_reduce_!(Vllm.Ref.t(), Vllm.Tensor.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce_!(receiver, input_, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_(receiver, input_, opts))
  end

  @all_gather %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_gather",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllGather",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the tensors of all ranks concatenated along `dim`. Collective over the group.

  Python: `DeviceCommunicatorBase.all_gather(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gather(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_gather(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@all_gather, [receiver, input_, dim, opts])
  end

  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_gather!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec all_gather!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def all_gather!(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(all_gather(receiver, input_, dim, opts))
  end

  @all_gatherv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.all_gatherv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/AllGatherv",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :term, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the tensors of all ranks, `sizes` long along `dim`, concatenated along it.

  Collective over the group.

  Python: `DeviceCommunicatorBase.all_gatherv(input_, dim=0, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gatherv(Vllm.Ref.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Ref.t(), term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Ref.t(), term(), integer(), [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Ref.t(), term(), integer(), [integer()] | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def all_gatherv(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@all_gatherv, [receiver, input_, dim, sizes, opts])
  end

  @doc "Like `all_gatherv`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gatherv!(Vllm.Ref.t(), term()) :: term()
  @spec all_gatherv!(Vllm.Ref.t(), term(), integer() | keyword()) :: term()
  @spec all_gatherv!(Vllm.Ref.t(), term(), integer(), [integer()] | nil | keyword()) :: term()
  @spec all_gatherv!(Vllm.Ref.t(), term(), integer(), [integer()] | nil, keyword()) :: term()
  def all_gatherv!(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(all_gatherv(receiver, input_, dim, sizes, opts))
  end

  @reduce_scatter %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.reduce_scatter",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatter",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's equal part along `dim` of the sum. Collective over the group.

  Python: `DeviceCommunicatorBase.reduce_scatter(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatter(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatter(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@reduce_scatter, [receiver, input_, dim, opts])
  end

  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec reduce_scatter!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatter!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def reduce_scatter!(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(reduce_scatter(receiver, input_, dim, opts))
  end

  @reduce_scatterv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.reduce_scatterv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/ReduceScatterv",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's part, of `sizes` along `dim`, of the sum. Collective.

  Python: `DeviceCommunicatorBase.reduce_scatterv(input_, dim=-1, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatterv(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), [integer()] | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), [integer()] | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatterv(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@reduce_scatterv, [receiver, input_, dim, sizes, opts])
  end

  @doc "Like `reduce_scatterv`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), [integer()] | nil | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), [integer()] | nil, keyword()) :: Vllm.Tensor.t()
  def reduce_scatterv!(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(reduce_scatterv(receiver, input_, dim, sizes, opts))
  end

  @gather %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.gather",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Gather",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required},
      {:dst, 3, :int, :optional},
      {:dim, 4, :int, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc ~S"""
  Return on `dst` what `all_gather` would, elsewhere None. Collective over the group.

  Python: `DeviceCommunicatorBase.gather(input_, dst=0, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec gather(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), integer(), keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  def gather(receiver, input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@gather, [receiver, input_, dst, dim, opts])
  end

  @doc "Like `gather`, but returns the value itself and raises `Vllm.Error`."
  @spec gather!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), integer(), keyword()) :: Vllm.Tensor.t() | nil
  def gather!(receiver, input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(gather(receiver, input_, dst, dim, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.broadcast",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Broadcast",
    params: [
      {:receiver, 1, :object, :required},
      {:input_, 2, :tensor, :required},
      {:src, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Replace `input_` by the one of `src`. Collective over the group.

  Python: `DeviceCommunicatorBase.broadcast(input_, src=0)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec broadcast(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec broadcast(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def broadcast(receiver, input_, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast, [receiver, input_, src, opts])
  end

  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec broadcast!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec broadcast!(Vllm.Ref.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def broadcast!(receiver, input_, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast(receiver, input_, src, opts))
  end

  @send %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.send",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Send",
    params: [
      {:receiver, 1, :object, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send to one rank (default: the next), which calls `recv`.

  Python: `DeviceCommunicatorBase.send(tensor, dst=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def send(receiver, tensor, dst \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(Vllm.Ref.t(), Vllm.Tensor.t()) :: nil
  @spec send!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | nil | keyword()) :: nil
  @spec send!(Vllm.Ref.t(), Vllm.Tensor.t(), integer() | nil, keyword()) :: nil
  def send!(receiver, tensor, dst \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.recv",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Recv",
    params: [
      {:receiver, 1, :object, :required},
      {:size, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:src, 4, {:nullable, :int}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Receive a tensor on the group's device from one rank (default: the previous).

  Python: `DeviceCommunicatorBase.recv(size, dtype, src=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec recv(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec recv(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def recv(receiver, size, dtype, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@recv, [receiver, size, dtype, src, opts])
  end

  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype()) :: Vllm.Tensor.t()
  @spec recv!(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil | keyword()) :: Vllm.Tensor.t()
  @spec recv!(Vllm.Ref.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil, keyword()) :: Vllm.Tensor.t()
  def recv!(receiver, size, dtype, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(recv(receiver, size, dtype, src, opts))
  end

  @dispatch %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.dispatch",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Dispatch",
    params: [
      {:receiver, 1, :object, :required},
      {:hidden_states, 2, :tensor, :required},
      {:topk_weights, 3, {:nullable, :tensor}, :optional},
      {:topk_ids, 4, {:nullable, :tensor}, :optional},
      {:is_sequence_parallel, 5, :bool, :optional},
      {:extra_tensors, 6, {:nullable, {:list, :tensor}}, :optional},
      {:sizes, 7, {:nullable, {:list, :int}}, :optional},
      {:router_logits, 8, {:nullable, :tensor}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the group's tokens with their routing; see `GroupCoordinator.dispatch`.

  Python: `DeviceCommunicatorBase.dispatch(hidden_states, topk_weights=None, topk_ids=None, is_sequence_parallel=False, extra_tensors=None, sizes=None, router_logits=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def dispatch(receiver, hidden_states, topk_weights \\ :"$unset", topk_ids \\ :"$unset", is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", router_logits \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@dispatch, [receiver, hidden_states, topk_weights, topk_ids, is_sequence_parallel, extra_tensors, sizes, router_logits, opts])
  end

  @doc "Like `dispatch`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean() | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil, keyword()) :: term()
  def dispatch!(receiver, hidden_states, topk_weights \\ :"$unset", topk_ids \\ :"$unset", is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", router_logits \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(dispatch(receiver, hidden_states, topk_weights, topk_ids, is_sequence_parallel, extra_tensors, sizes, router_logits, opts))
  end

  @dispatch_router_logits %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.dispatch_router_logits",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/DispatchRouterLogits",
    params: [
      {:receiver, 1, :object, :required},
      {:hidden_states, 2, :tensor, :required},
      {:router_logits, 3, :tensor, :required},
      {:is_sequence_parallel, 4, :bool, :optional},
      {:extra_tensors, 5, {:nullable, {:list, :tensor}}, :optional},
      {:sizes, 6, {:nullable, {:list, :int}}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the group's tokens and logits; see `GroupCoordinator.dispatch_router_logits`.

  Python: `DeviceCommunicatorBase.dispatch_router_logits(hidden_states, router_logits, is_sequence_parallel=False, extra_tensors=None, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec dispatch_router_logits(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def dispatch_router_logits(receiver, hidden_states, router_logits, is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@dispatch_router_logits, [receiver, hidden_states, router_logits, is_sequence_parallel, extra_tensors, sizes, opts])
  end

  @doc "Like `dispatch_router_logits`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch_router_logits!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t()) :: term()
  @spec dispatch_router_logits!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean() | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Ref.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, keyword()) :: term()
  def dispatch_router_logits!(receiver, hidden_states, router_logits, is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(dispatch_router_logits(receiver, hidden_states, router_logits, is_sequence_parallel, extra_tensors, sizes, opts))
  end

  @combine %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.combine",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Combine",
    params: [
      {:receiver, 1, :object, :required},
      {:hidden_states, 2, :tensor, :required},
      {:is_sequence_parallel, 3, :bool, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's tokens, summed over the group; see `GroupCoordinator.combine`.

  Python: `DeviceCommunicatorBase.combine(hidden_states, is_sequence_parallel=False, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec combine(Vllm.Ref.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Ref.t(), Vllm.Tensor.t(), boolean() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Ref.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Ref.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def combine(receiver, hidden_states, is_sequence_parallel \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@combine, [receiver, hidden_states, is_sequence_parallel, sizes, opts])
  end

  @doc "Like `combine`, but returns the value itself and raises `Vllm.Error`."
  @spec combine!(Vllm.Ref.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Ref.t(), Vllm.Tensor.t(), boolean() | keyword()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Ref.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil | keyword()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Ref.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil, keyword()) :: Vllm.Tensor.t()
  def combine!(receiver, hidden_states, is_sequence_parallel \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(combine(receiver, hidden_states, is_sequence_parallel, sizes, opts))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/PrepareCommunicationBufferForModel",
    params: [
      {:receiver, 1, :object, :required},
      {:model, 2, :term, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Size buffers from the model. The transports here need none; one's own may.

  Python: `DeviceCommunicatorBase.prepare_communication_buffer_for_model(model)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec prepare_communication_buffer_for_model(Vllm.Ref.t(), term()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec prepare_communication_buffer_for_model(Vllm.Ref.t(), term(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def prepare_communication_buffer_for_model(receiver, model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [receiver, model, opts])
  end

  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(Vllm.Ref.t(), term()) :: nil
  @spec prepare_communication_buffer_for_model!(Vllm.Ref.t(), term(), keyword()) :: nil
  def prepare_communication_buffer_for_model!(receiver, model, opts \\ []) do
    Vllm.Error.unwrap!(prepare_communication_buffer_for_model(receiver, model, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "DeviceCommunicatorBase.destroy",
    path: "/vllm.distributed.v1.DeviceCommunicatorBase/Destroy",
    params: [
      {:receiver, 1, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Give back what is held besides the process groups.

  Python: `DeviceCommunicatorBase.destroy()`.

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
