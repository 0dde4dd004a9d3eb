# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.GroupCoordinator do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  One group of ranks, seen from one of its members, with the operations on it.

  `group_ranks` is a partition of the world (lists of global ranks, ascending); the coordinator is
  for the list this process's rank is in. Making one is collective over the world: every rank
  passes the same partition, in the same order among other groups. `local_rank` is this process's
  number on its node, `torch_distributed_backend` the backend for tensors on devices (`gloo`,
  `nccl`); a CPU group over gloo is made besides, and where members are on one node, memory that
  they share, through which CPU tensors, objects and barriers go; between nodes these go over
  gloo, once for each node. `group_name` is the kind of group (`tp`), from which `unique_name`
  (`tp:0`) is made. `use_all2all` tells the communicator of an expert parallel group that tokens
  will be exchanged through it. `timeout` bounds every operation and the making of the group; by
  default that of the world.

  `src` and `dst` of every method count inside the group; `ranks`, `first_rank`, `last_rank`,
  `next_rank` and `prev_rank` are global ranks. Collectives must be called by all ranks of the
  group, in the same order. Arguments are checked before anything is sent: a refused call leaves
  the group usable. On a group of one, collectives return their input. Tensors may be
  non-contiguous, empty or without dims; results are contiguous.

  Otherwise a result is new memory that nobody else has. Where `out` is passed, a tensor of
  exactly the result's shape, dtype and device, the result is written into it and `out` itself is
  returned: no new memory, which for large tensors is a good part of the cost, and whatever refers
  to that memory changes with the next call that is given it. `out` may be non-contiguous, which
  costs a copy; it must not share memory with the input, nor with itself, nor require a gradient
  (`"invalid_argument"`, before anything is sent). After a call that failed on its way its
  elements may be anything. A group of one copies its input into it. Under `torch.compile` the
  result is copied into it.

  `all_reduce`, `all_gather` and `reduce_scatter` are differentiable, can be traced, and become
  operators under `torch.compile`. Every other operation breaks the graph there, and fails with
  `"gradient_lost"` for a tensor that requires a gradient outside `torch.no_grad()`, and with
  `"traced_tensor"` for one that stands for another, such as a fake one. Leaves in maps, such as
  parameters, and all tensors in objects are sent as values, without a gradient.

  Every operation fails with `"collective_failed"`, or `"collective_timeout"` after the timeout,
  if a peer is gone or does not take part; the group cannot be used any more then. In shared
  memory all ranks meet at the beginning of a collective, and where one made another call every
  rank gets a `"collective_mismatch"`: nothing was moved, and the group is usable.

  The object stays in its rank; `ref` names it there. The other fields are a copy from when the
  call returned. Functions take the struct, or just its `Vllm.Ref`.

  ## Fields

    * `unique_name` - The group's name in this process, the same on every member, such as `tp:0`
    * `ranks` - The global ranks of the group's members
    * `rank` - This process's global rank
    * `rank_in_group` - This process's number inside the group
    * `world_size` - The number of members
    * `local_rank` - This process's number on its node
    * `backend` - The torch backend of the device group
    * `device` - Where tensors of the group live, unless they are on the CPU
  """

  alias Vllm.Call
  alias Vllm.Call.Spec
  alias Vllm.Distributed.DeviceCommunicatorBase
  alias Vllm.Distributed.GraphCaptureContext
  alias Vllm.Distributed.Handle
  alias Vllm.Distributed.MessageQueue
  alias Vllm.Distributed.ProcessGroup
  alias Vllm.Distributed.StatelessGroupCoordinator
  alias Vllm.Error
  alias Vllm.Ref
  alias Vllm.Tensor

  defstruct [
    :ref,
    :unique_name,
    :ranks,
    :rank,
    :rank_in_group,
    :world_size,
    :local_rank,
    :backend,
    :device
  ]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          unique_name: String.t(),
          ranks: [non_neg_integer()],
          rank: non_neg_integer(),
          rank_in_group: non_neg_integer(),
          world_size: pos_integer(),
          local_rank: integer(),
          backend: String.t(),
          device: String.t()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | StatelessGroupCoordinator.t() | Ref.t()

  @new %Vllm.Call.Spec{
    function: "GroupCoordinator.new",
    path: "/vllm.distributed.v1.GroupCoordinator/New",
    params: [
      {:group_ranks, 1, {:list, {:list, :int}}, :required},
      {:local_rank, 2, :int, :required},
      {:torch_distributed_backend, 3, :string, :required},
      {:use_device_communicator, 4, :bool, :required},
      {:use_message_queue_broadcaster, 5, :bool, :optional},
      {:group_name, 6, {:nullable, :string}, :optional},
      {:use_all2all, 8, :bool, :optional},
      {:timeout, 7, {:nullable, :duration}, :optional}
    ],
    result: :group,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.GroupCoordinator`, in a rank, which checks it; the module says more.
  One group of ranks, seen from one of its members, with the operations on it.

  Collective: every member of the group must make this call.

  ## Parameters

    * `group_ranks` (`[[integer()]]`) - one list of global ranks for each group
    * `local_rank` (`integer()`) - this process's number on its node; -1: from the environment
    * `torch_distributed_backend` (`String.t() | atom()`) - torch's backend, such as `gloo` or
      `nccl`
    * `use_device_communicator` (`boolean()`) - whether a path made for the device is used where
      there is one
    * `use_message_queue_broadcaster` (`boolean()`, default `false`) - whether objects are sent
      through a message queue
    * `group_name` (`String.t() | atom()`, default `nil`) - name of the group: its unique name for
      a lookup, such as `tp:0`
    * `use_all2all` (`boolean()`, default `false`) - whether tokens will be exchanged through the
      group's communicator
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Example

      {:ok, %Vllm.Distributed.GroupCoordinator{}} = Vllm.Distributed.GroupCoordinator.new([[0, 1], [2, 3]], 0, :gloo, true)
  """
  @spec new(keyword()) :: {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), String.t() | atom(), boolean() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), String.t() | atom(), boolean(), boolean() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(
    group_ranks,
    local_rank \\ :__default__,
    torch_distributed_backend \\ :__default__,
    use_device_communicator \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    use_all2all \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@new, [
      group_ranks,
      local_rank,
      torch_distributed_backend,
      use_device_communicator,
      use_message_queue_broadcaster,
      group_name,
      use_all2all,
      timeout,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!([[integer()]], keyword()) :: t()
  @spec new!([[integer()]], integer(), keyword()) :: t()
  @spec new!([[integer()]], integer(), String.t() | atom(), boolean() | keyword()) ::
          t()
  @spec new!([[integer()]], integer(), String.t() | atom(), boolean(), boolean() | keyword()) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil,
    boolean() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    boolean(),
    String.t() | atom() | nil,
    boolean(),
    integer() | nil | keyword()
  ) ::
          t()
  @spec new!(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(boolean()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          t()
  def new!(
    group_ranks,
    local_rank \\ :__default__,
    torch_distributed_backend \\ :__default__,
    use_device_communicator \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    use_all2all \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(new(
      group_ranks,
      local_rank,
      torch_distributed_backend,
      use_device_communicator,
      use_message_queue_broadcaster,
      group_name,
      use_all2all,
      timeout,
      opts
    ))
  end

  @device_communicator %Vllm.Call.Spec{
    function: "GroupCoordinator.device_communicator",
    path: "/vllm.distributed.v1.GroupCoordinator/DeviceCommunicator",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: {:object, Vllm.Distributed.DeviceCommunicatorBase},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  What moves this group's tensors. Every group has one, the world and groups of one too.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, %Vllm.Distributed.DeviceCommunicatorBase{}} = Vllm.Distributed.GroupCoordinator.device_communicator(group)
  """
  @spec device_communicator(input()) ::
          {:ok, DeviceCommunicatorBase.t()} | {:error, Error.t()}
  @spec device_communicator(input(), keyword()) ::
          {:ok, DeviceCommunicatorBase.t()} | {:error, Error.t()}
  def device_communicator(receiver, opts \\ []) do
    Vllm.Call.run(@device_communicator, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `device_communicator`, but returns the value itself and raises `Vllm.Error`."
  @spec device_communicator!(input()) ::
          DeviceCommunicatorBase.t()
  @spec device_communicator!(input(), keyword()) ::
          DeviceCommunicatorBase.t()
  def device_communicator!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(device_communicator(receiver, opts))
  end

  @device_group %Vllm.Call.Spec{
    function: "GroupCoordinator.device_group",
    path: "/vllm.distributed.v1.GroupCoordinator/DeviceGroup",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :process_group,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The torch process group for tensors on the device.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Distributed.GroupCoordinator.device_group(group)
  """
  @spec device_group(input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec device_group(input(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def device_group(receiver, opts \\ []) do
    Vllm.Call.run(@device_group, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `device_group`, but returns the value itself and raises `Vllm.Error`."
  @spec device_group!(input()) ::
          ProcessGroup.t()
  @spec device_group!(input(), keyword()) ::
          ProcessGroup.t()
  def device_group!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(device_group(receiver, opts))
  end

  @cpu_group %Vllm.Call.Spec{
    function: "GroupCoordinator.cpu_group",
    path: "/vllm.distributed.v1.GroupCoordinator/CpuGroup",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :process_group,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The torch process group over gloo, for what is on the CPU and not in shared memory.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Distributed.GroupCoordinator.cpu_group(group)
  """
  @spec cpu_group(input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec cpu_group(input(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def cpu_group(receiver, opts \\ []) do
    Vllm.Call.run(@cpu_group, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `cpu_group`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_group!(input()) :: ProcessGroup.t()
  @spec cpu_group!(input(), keyword()) ::
          ProcessGroup.t()
  def cpu_group!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(cpu_group(receiver, opts))
  end

  @torch_distributed_backend %Vllm.Call.Spec{
    function: "GroupCoordinator.torch_distributed_backend",
    path: "/vllm.distributed.v1.GroupCoordinator/TorchDistributedBackend",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :string,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The torch backend of the device group, by vLLM's other name for `backend`.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, text} = Vllm.Distributed.GroupCoordinator.torch_distributed_backend(group)
  """
  @spec torch_distributed_backend(input()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec torch_distributed_backend(input(), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  def torch_distributed_backend(receiver, opts \\ []) do
    Vllm.Call.run(@torch_distributed_backend, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `torch_distributed_backend`, but returns the value itself and raises `Vllm.Error`."
  @spec torch_distributed_backend!(input()) :: String.t()
  @spec torch_distributed_backend!(input(), keyword()) ::
          String.t()
  def torch_distributed_backend!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(torch_distributed_backend(receiver, opts))
  end

  @device_index %Vllm.Call.Spec{
    function: "GroupCoordinator.device_index",
    path: "/vllm.distributed.v1.GroupCoordinator/DeviceIndex",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The number of the group's device; 0 where that is the CPU.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.GroupCoordinator.device_index(group)
  """
  @spec device_index(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec device_index(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def device_index(receiver, opts \\ []) do
    Vllm.Call.run(@device_index, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `device_index`, but returns the value itself and raises `Vllm.Error`."
  @spec device_index!(input()) :: integer()
  @spec device_index!(input(), keyword()) :: integer()
  def device_index!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(device_index(receiver, opts))
  end

  @cpu_timeout %Vllm.Call.Spec{
    function: "GroupCoordinator.cpu_timeout",
    path: "/vllm.distributed.v1.GroupCoordinator/CpuTimeout",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :duration,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  How long an operation on the CPU may take.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.cpu_timeout(group)
  """
  @spec cpu_timeout(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec cpu_timeout(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def cpu_timeout(receiver, opts \\ []) do
    Vllm.Call.run(@cpu_timeout, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `cpu_timeout`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_timeout!(input()) :: integer()
  @spec cpu_timeout!(input(), keyword()) :: integer()
  def cpu_timeout!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(cpu_timeout(receiver, opts))
  end

  @use_custom_op_call %Vllm.Call.Spec{
    function: "GroupCoordinator.use_custom_op_call",
    path: "/vllm.distributed.v1.GroupCoordinator/UseCustomOpCall",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether collectives are operators of torch: `true`, wherever a graph has to hold them.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.GroupCoordinator.use_custom_op_call(group)
  """
  @spec use_custom_op_call(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_custom_op_call(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_custom_op_call(receiver, opts \\ []) do
    Vllm.Call.run(@use_custom_op_call, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_custom_op_call`, but returns the value itself and raises `Vllm.Error`."
  @spec use_custom_op_call!(input()) :: boolean()
  @spec use_custom_op_call!(input(), keyword()) :: boolean()
  def use_custom_op_call!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_custom_op_call(receiver, opts))
  end

  @use_cpu_custom_send_recv %Vllm.Call.Spec{
    function: "GroupCoordinator.use_cpu_custom_send_recv",
    path: "/vllm.distributed.v1.GroupCoordinator/UseCpuCustomSendRecv",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether maps of tensors travel through memory that ranks share.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.GroupCoordinator.use_cpu_custom_send_recv(group)
  """
  @spec use_cpu_custom_send_recv(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_cpu_custom_send_recv(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def use_cpu_custom_send_recv(receiver, opts \\ []) do
    Vllm.Call.run(@use_cpu_custom_send_recv, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `use_cpu_custom_send_recv`, but returns the value itself and raises `Vllm.Error`."
  @spec use_cpu_custom_send_recv!(input()) :: boolean()
  @spec use_cpu_custom_send_recv!(input(), keyword()) ::
          boolean()
  def use_cpu_custom_send_recv!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(use_cpu_custom_send_recv(receiver, opts))
  end

  @first_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.first_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/FirstRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The global rank of the group's first member.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.GroupCoordinator.first_rank(group)
  """
  @spec first_rank(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec first_rank(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def first_rank(receiver, opts \\ []) do
    Vllm.Call.run(@first_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec first_rank!(input()) :: integer()
  @spec first_rank!(input(), keyword()) :: integer()
  def first_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(first_rank(receiver, opts))
  end

  @last_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.last_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/LastRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The global rank of the group's last member.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.GroupCoordinator.last_rank(group)
  """
  @spec last_rank(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec last_rank(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def last_rank(receiver, opts \\ []) do
    Vllm.Call.run(@last_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `last_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec last_rank!(input()) :: integer()
  @spec last_rank!(input(), keyword()) :: integer()
  def last_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(last_rank(receiver, opts))
  end

  @is_first_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.is_first_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/IsFirstRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether this process is the group's first member.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.GroupCoordinator.is_first_rank(group)
  """
  @spec is_first_rank(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_first_rank(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_first_rank(receiver, opts \\ []) do
    Vllm.Call.run(@is_first_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `is_first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_first_rank!(input()) :: boolean()
  @spec is_first_rank!(input(), keyword()) :: boolean()
  def is_first_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_first_rank(receiver, opts))
  end

  @is_last_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.is_last_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/IsLastRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Whether this process is the group's last member.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, true} = Vllm.Distributed.GroupCoordinator.is_last_rank(group)
  """
  @spec is_last_rank(input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_last_rank(input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  def is_last_rank(receiver, opts \\ []) do
    Vllm.Call.run(@is_last_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `is_last_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_last_rank!(input()) :: boolean()
  @spec is_last_rank!(input(), keyword()) :: boolean()
  def is_last_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_last_rank(receiver, opts))
  end

  @next_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.next_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/NextRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The global rank after this process's in the group; the first one's after the last.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.GroupCoordinator.next_rank(group)
  """
  @spec next_rank(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec next_rank(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def next_rank(receiver, opts \\ []) do
    Vllm.Call.run(@next_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `next_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec next_rank!(input()) :: integer()
  @spec next_rank!(input(), keyword()) :: integer()
  def next_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(next_rank(receiver, opts))
  end

  @prev_rank %Vllm.Call.Spec{
    function: "GroupCoordinator.prev_rank",
    path: "/vllm.distributed.v1.GroupCoordinator/PrevRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The global rank before this process's in the group; the last one's before the first.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.GroupCoordinator.prev_rank(group)
  """
  @spec prev_rank(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec prev_rank(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def prev_rank(receiver, opts \\ []) do
    Vllm.Call.run(@prev_rank, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `prev_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec prev_rank!(input()) :: integer()
  @spec prev_rank!(input(), keyword()) :: integer()
  def prev_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(prev_rank(receiver, opts))
  end

  @make_sibling_device_group %Vllm.Call.Spec{
    function: "GroupCoordinator.make_sibling_device_group",
    path: "/vllm.distributed.v1.GroupCoordinator/MakeSiblingDeviceGroup",
    params: [
      {:receiver, 1, :group, :required},
      {:group_desc, 2, {:nullable, :string}, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a second device process group with the same members, for work that runs beside the first
  one's.

  Collective over the world, like making the coordinator. `destroy` destroys it too.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `group_desc` (`String.t() | atom()`, default `nil`) - a name for people

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Distributed.GroupCoordinator.make_sibling_device_group(group)
  """
  @spec make_sibling_device_group(input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec make_sibling_device_group(
    input(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec make_sibling_device_group(
    input(),
    Call.arg(String.t() | atom() | nil),
    keyword()
  ) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  def make_sibling_device_group(receiver, group_desc \\ :__default__, opts \\ []) do
    Vllm.Call.run(@make_sibling_device_group, [receiver, group_desc, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `make_sibling_device_group`, but returns the value itself and raises `Vllm.Error`."
  @spec make_sibling_device_group!(input()) ::
          ProcessGroup.t()
  @spec make_sibling_device_group!(
    input(),
    String.t() | atom() | nil | keyword()
  ) ::
          ProcessGroup.t()
  @spec make_sibling_device_group!(
    input(),
    Call.arg(String.t() | atom() | nil),
    keyword()
  ) ::
          ProcessGroup.t()
  def make_sibling_device_group!(receiver, group_desc \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(make_sibling_device_group(receiver, group_desc, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "GroupCoordinator.destroy",
    path: "/vllm.distributed.v1.GroupCoordinator/Destroy",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Destroy the group's process groups and free its name. Idempotent, local to the process.

  Any later operation fails with `"group_destroyed"`.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.GroupCoordinator.destroy(group)
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

  @graph_capture %Vllm.Call.Spec{
    function: "GroupCoordinator.graph_capture",
    path: "/vllm.distributed.v1.GroupCoordinator/GraphCapture",
    params: [
      {:receiver, 1, :group, :required},
      {:graph_capture_context, 2, {:nullable, {:object, Vllm.Distributed.GraphCaptureContext}}, :optional}
    ],
    result: :object,
    inline: false,
    context_manager: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Run a block on a side stream of the group's device, in which a graph can be captured.

  Yields `graph_capture_context`, or a new one with a new stream where `nil` is given. The stream
  waits for what the current one has been given, and on leaving the other way round; the current
  stream is put back also after an exception. On the CPU there is no stream, and nothing is done.
  Local to the process; the collectives inside are not.

  Not collective: it concerns only the rank of its session.

  Returns a context, for `Vllm.with_context/3`. With a function as the last argument, it enters
  the context, runs the function with the context's value, exits the context and returns what the
  function returned.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `graph_capture_context` (`Vllm.Distributed.GraphCaptureContext.input()`, default `nil`) - a
      context to capture in; by default a new one

  ## Example

      {:ok, result} = Vllm.Distributed.GroupCoordinator.graph_capture(group, fn _value -> work() end)
  """
  @spec graph_capture(input()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec graph_capture(
    input(),
    GraphCaptureContext.input() | nil | keyword()
  ) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec graph_capture(input(), (term() -> result)) ::
          {:ok, result} | {:error, Error.t()} when result: term()
  @spec graph_capture(
    input(),
    GraphCaptureContext.input() | nil,
    keyword() | (term() -> term())
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec graph_capture(
    Call.arg(input()) | (term() -> term()),
    Call.arg(GraphCaptureContext.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def graph_capture(receiver, graph_capture_context \\ :__default__, opts \\ [], fun \\ nil) do
    Vllm.Call.run(@graph_capture, [receiver, graph_capture_context, opts, fun])
  end

  @doc since: "0.1.0"
  @doc "Like `graph_capture`, but returns the value itself and raises `Vllm.Error`."
  @spec graph_capture!(input()) :: Ref.t()
  @spec graph_capture!(
    input(),
    GraphCaptureContext.input() | nil | keyword()
  ) ::
          Ref.t()
  @spec graph_capture!(input(), (term() -> result)) ::
          result when result: term()
  @spec graph_capture!(
    input(),
    GraphCaptureContext.input() | nil,
    keyword() | (term() -> term())
  ) ::
          term()
  @spec graph_capture!(
    Call.arg(input()) | (term() -> term()),
    Call.arg(GraphCaptureContext.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          term()
  def graph_capture!(receiver, graph_capture_context \\ :__default__, opts \\ [], fun \\ nil) do
    Vllm.Error.unwrap!(graph_capture(receiver, graph_capture_context, opts, fun))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "GroupCoordinator.prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.GroupCoordinator/PrepareCommunicationBufferForModel",
    params: [
      {:receiver, 1, :group, :required},
      {:model, 2, :object, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Let the group's communicator size its buffers from `model`.

  The communicators here need none; one of one's own may. Local to the process.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `model` (`Vllm.Call.object()`) - a `torch.nn.Module` of the rank

  ## Example

      {:ok, nil} = Vllm.Distributed.GroupCoordinator.prepare_communication_buffer_for_model(group, model)
  """
  @spec prepare_communication_buffer_for_model(
    input(),
    Call.object() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec prepare_communication_buffer_for_model(
    input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def prepare_communication_buffer_for_model(receiver, model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [receiver, model, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(
    input(),
    Call.object() | keyword()
  ) ::
          nil
  @spec prepare_communication_buffer_for_model!(
    input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          nil
  def prepare_communication_buffer_for_model!(receiver, model, opts \\ []) do
    Vllm.Error.unwrap!(prepare_communication_buffer_for_model(receiver, model, opts))
  end

  @dispatch %Vllm.Call.Spec{
    function: "GroupCoordinator.dispatch",
    path: "/vllm.distributed.v1.GroupCoordinator/Dispatch",
    params: [
      {:receiver, 1, :group, :required},
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

  @doc since: "0.1.0"
  @doc ~S"""
  Return (hidden_states, topk_weights, topk_ids) of the tokens of all ranks, in rank order.

  Every tensor has a row for each token; ranks may have different numbers of tokens, none
  included. `extra_tensors`, such as quantisation scales, are returned as a list after the others.
  In place of weights and ids `router_logits` can be given, as vLLM 0.14 has it; then
  (hidden_states, router_logits) is returned. `sizes` is each rank's number of tokens, the same on
  all; without it ranks tell each other, which costs a small exchange on the CPU group, and cannot
  be captured in a graph.

  On the expert parallel group the ranks whose tokens differ are those of the data and prefill
  context parallel groups, or with `is_sequence_parallel` all of the group's; on any other group
  all of the group's. Collective over those. The algorithm is vLLM's `allgather_reducescatter`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `topk_weights` (`Vllm.Call.tensor()`, default `nil`) - weights of the experts chosen for
      each token
    * `topk_ids` (`Vllm.Call.tensor()`, default `nil`) - experts chosen for each token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `extra_tensors` (`[Vllm.Call.tensor()]`, default `nil`) - more tensors with a row per token,
      sent along
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank
    * `router_logits` (`Vllm.Call.tensor()`, default `nil`) - tensor with a row of router logits
      per token

  ## Errors

    * `"library_missing"` - if the current `Vllm.Config.ParallelConfig` has another
      `all2all_backend`
    * `"invalid_argument"` - if the numbers of rows differ, or `sizes` do not fit

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.dispatch(group, hidden_states)
  """
  @spec dispatch(input(), Call.tensor() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def dispatch(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@dispatch, [
      receiver,
      hidden_states,
      topk_weights,
      topk_ids,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      router_logits,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `dispatch`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch!(input(), Call.tensor() | keyword()) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(Call.tensor() | nil),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          term()
  def dispatch!(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(dispatch(
      receiver,
      hidden_states,
      topk_weights,
      topk_ids,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      router_logits,
      opts
    ))
  end

  @dispatch_router_logits %Vllm.Call.Spec{
    function: "GroupCoordinator.dispatch_router_logits",
    path: "/vllm.distributed.v1.GroupCoordinator/DispatchRouterLogits",
    params: [
      {:receiver, 1, :group, :required},
      {:hidden_states, 2, :tensor, :required},
      {:router_logits, 3, :tensor, :required},
      {:is_sequence_parallel, 4, :bool, :optional},
      {:extra_tensors, 5, {:nullable, {:list, :tensor}}, :optional},
      {:sizes, 6, {:nullable, {:list, :int}}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return (hidden_states, router_logits) of the tokens of all ranks, in rank order.

  As `dispatch`, for layers that choose the experts after it.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `router_logits` (`Vllm.Call.tensor()`) - tensor with a row of router logits per token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `extra_tensors` (`[Vllm.Call.tensor()]`, default `nil`) - more tensors with a row per token,
      sent along
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.dispatch_router_logits(group, hidden_states, router_logits)
  """
  @spec dispatch_router_logits(input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def dispatch_router_logits(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@dispatch_router_logits, [
      receiver,
      hidden_states,
      router_logits,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `dispatch_router_logits`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch_router_logits!(input(), keyword()) :: term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          term()
  def dispatch_router_logits!(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(dispatch_router_logits(
      receiver,
      hidden_states,
      router_logits,
      is_sequence_parallel,
      extra_tensors,
      sizes,
      opts
    ))
  end

  @combine %Vllm.Call.Spec{
    function: "GroupCoordinator.combine",
    path: "/vllm.distributed.v1.GroupCoordinator/Combine",
    params: [
      {:receiver, 1, :group, :required},
      {:hidden_states, 2, :tensor, :required},
      {:is_sequence_parallel, 3, :bool, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's own tokens, summed over the ranks that `dispatch` brought together.

  `hidden_states` has a row for each token that the last `dispatch` with the same
  `is_sequence_parallel` returned, holding this rank's contribution. `sizes` is as for `dispatch`,
  and by default what it was there. Collective over the same ranks.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `sizes` (`[integer()]`, default `nil`) - tokens of each rank

  ## Errors

    * `"invalid_argument"` - without a dispatch before it or for another number of rows

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.combine(group, hidden_states)
  """
  @spec combine(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def combine(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@combine, [receiver, hidden_states, is_sequence_parallel, sizes, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `combine`, but returns the value itself and raises `Vllm.Error`."
  @spec combine!(input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def combine!(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(combine(receiver, hidden_states, is_sequence_parallel, sizes, opts))
  end

  @allocate_combine_input %Vllm.Call.Spec{
    function: "GroupCoordinator.allocate_combine_input",
    path: "/vllm.distributed.v1.GroupCoordinator/AllocateCombineInput",
    params: [
      {:receiver, 1, :group, :required},
      {:shape, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:device, 4, :device, :required},
      {:is_sequence_parallel, 5, :bool, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return an uninitialised tensor to write the experts' results into, for `combine`.

  Any other tensor does as well; a communicator of one's own may have better memory for it, or
  `nil` where it has not. `shape` has a row for each token that `dispatch` returned.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `shape` (`[integer()]`) - shape of the tensor
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `device` (`String.t() | atom()`) - a device such as `cpu` or `cuda:0`
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks

  ## Errors

    * `"invalid_type"`, `"invalid_argument"` - for what is no shape, dtype or device

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.allocate_combine_input(group, shape, :f32, "cpu")
  """
  @spec allocate_combine_input(input(), keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def allocate_combine_input(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@allocate_combine_input, [
      receiver,
      shape,
      dtype,
      device,
      is_sequence_parallel,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `allocate_combine_input`, but returns the value itself and raises `Vllm.Error`."
  @spec allocate_combine_input!(input(), keyword()) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          Tensor.t() | nil
  def allocate_combine_input!(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(allocate_combine_input(
      receiver,
      shape,
      dtype,
      device,
      is_sequence_parallel,
      opts
    ))
  end

  @combine_into_output %Vllm.Call.Spec{
    function: "GroupCoordinator.combine_into_output",
    path: "/vllm.distributed.v1.GroupCoordinator/CombineIntoOutput",
    params: [
      {:receiver, 1, :group, :required},
      {:hidden_states, 2, :tensor, :required},
      {:output, 3, :tensor, :required},
      {:is_sequence_parallel, 4, :bool, :optional},
      {:sizes, 5, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Write what `combine` returns into `output`, and return that.

  `output` has a row for each of this rank's tokens, the dtype and device of `hidden_states`, and
  shares no memory with it. Collective over the same ranks as `combine`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `hidden_states` (`Vllm.Call.tensor()`) - tensor with a row per token
    * `output` (`Vllm.Call.tensor()`) - tensor that the result is written into
    * `is_sequence_parallel` (`boolean()`, default `false`) - whether the tokens are shared out
      over tensor parallel ranks
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank

  ## Errors

    * As `combine`
    * `"invalid_argument"` - for another shape, dtype or device of `output`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.combine_into_output(group, hidden_states, output)
  """
  @spec combine_into_output(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def combine_into_output(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@combine_into_output, [
      receiver,
      hidden_states,
      output,
      is_sequence_parallel,
      sizes,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `combine_into_output`, but returns the value itself and raises `Vllm.Error`."
  @spec combine_into_output!(input(), keyword()) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def combine_into_output!(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(combine_into_output(
      receiver,
      hidden_states,
      output,
      is_sequence_parallel,
      sizes,
      opts
    ))
  end

  @create_mq_broadcaster %Vllm.Call.Spec{
    function: "GroupCoordinator.create_mq_broadcaster",
    path: "/vllm.distributed.v1.GroupCoordinator/CreateMqBroadcaster",
    params: [
      {:receiver, 1, :group, :required},
      {:writer_rank, 2, :int, :optional},
      {:external_writer_handle, 3, :term, :optional},
      {:blocking, 4, :bool, :optional}
    ],
    result: {:object, Vllm.Distributed.MessageQueue},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's endpoint of a new `Vllm.Distributed.MessageQueue` from `writer_rank` to the
  others.

  `writer_rank` counts inside the group. With an `external_writer_handle`, which `writer_rank`
  passes, the writer is a process outside of the group and all its ranks are readers. Waits until
  all are ready, unless `blocking` is `false`: then each calls `wait_until_ready`. The caller owns
  the endpoint and shuts it down. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `writer_rank` (`integer()`, default `0`) - rank inside the group that writes
    * `external_writer_handle` (`term()`, default `nil`) - what the handle of a writer outside of
      the group exports
    * `blocking` (`boolean()`, default `true`) - whether to wait until all endpoints are ready

  ## Errors

    * `"invalid_rank"`, `"message_queue_failed"`, `"message_queue_timeout"`

  ## Example

      {:ok, %Vllm.Distributed.MessageQueue{}} = Vllm.Distributed.GroupCoordinator.create_mq_broadcaster(group)
  """
  @spec create_mq_broadcaster(input()) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(input(), integer() | keyword()) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    input(),
    integer(),
    term() | keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    input(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    input(),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  def create_mq_broadcaster(
    receiver,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create_mq_broadcaster, [
      receiver,
      writer_rank,
      external_writer_handle,
      blocking,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `create_mq_broadcaster`, but returns the value itself and raises `Vllm.Error`."
  @spec create_mq_broadcaster!(input()) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    input(),
    integer() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    input(),
    integer(),
    term() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    input(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    input(),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    keyword()
  ) ::
          MessageQueue.t()
  def create_mq_broadcaster!(
    receiver,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create_mq_broadcaster(
      receiver,
      writer_rank,
      external_writer_handle,
      blocking,
      opts
    ))
  end

  @create_single_reader_mq_broadcasters %Vllm.Call.Spec{
    function: "GroupCoordinator.create_single_reader_mq_broadcasters",
    path: "/vllm.distributed.v1.GroupCoordinator/CreateSingleReaderMqBroadcasters",
    params: [
      {:receiver, 1, :group, :required},
      {:reader_rank_in_group, 2, :int, :optional},
      {:blocking, 3, :bool, :optional}
    ],
    result: {:tuple, [{:object, Vllm.Distributed.MessageQueue}, :term]},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return (queue, handles): a new `Vllm.Distributed.MessageQueue` from this rank to the reader,
  and, on the reader, the handles of all ranks' queues.

  Every rank of the group writes to a queue of its own, the reader too. The reader calls
  `Vllm.Distributed.MessageQueue.create_from_handle(handle, 0)` with each handle, and every
  endpoint `wait_until_ready` then; elsewhere handles is empty. The caller owns the endpoints.
  Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `reader_rank_in_group` (`integer()`, default `0`) - rank inside the group that reads
    * `blocking` (`boolean()`, default `false`) - whether to wait until all endpoints are ready

  ## Errors

    * `"invalid_rank"`, `"message_queue_failed"`

  ## Example

      {:ok, {_, _}} = Vllm.Distributed.GroupCoordinator.create_single_reader_mq_broadcasters(group)
  """
  @spec create_single_reader_mq_broadcasters(input()) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    input(),
    integer() | keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    input(),
    integer(),
    boolean() | keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    input(),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  def create_single_reader_mq_broadcasters(
    receiver,
    reader_rank_in_group \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@create_single_reader_mq_broadcasters, [
      receiver,
      reader_rank_in_group,
      blocking,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `create_single_reader_mq_broadcasters`, but returns the value itself and raises `Vllm.Error`."
  @spec create_single_reader_mq_broadcasters!(input()) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    input(),
    integer() | keyword()
  ) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    input(),
    integer(),
    boolean() | keyword()
  ) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    input(),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {MessageQueue.t(), term()}
  def create_single_reader_mq_broadcasters!(
    receiver,
    reader_rank_in_group \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(create_single_reader_mq_broadcasters(
      receiver,
      reader_rank_in_group,
      blocking,
      opts
    ))
  end

  @broadcast_object %Vllm.Call.Spec{
    function: "GroupCoordinator.broadcast_object",
    path: "/vllm.distributed.v1.GroupCoordinator/BroadcastObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :optional},
      {:src, 3, :int, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the object of `src`; other ranks' `obj` is ignored.

  Objects travel encoded as plain values, see `Vllm.Term`; one that cannot is an
  `"encoding_error"` on `src`. Goes through the message queue where the group has one and `src` is
  0. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `obj` (`term()`, default `nil`) - any term, see `Vllm.Term`
    * `src` (`integer()`, default `0`) - rank inside the group that sends

  ## Example

      given = if rank == 0, do: %{"step" => 3}
      {:ok, %{"step" => 3}} =
        Vllm.Distributed.GroupCoordinator.broadcast_object(group, given)
  """
  @spec broadcast_object(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(
    input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_object(receiver, obj \\ :__default__, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast_object, [receiver, obj, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_object`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object!(input()) :: term()
  @spec broadcast_object!(input(), term() | keyword()) :: term()
  @spec broadcast_object!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_object!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  def broadcast_object!(receiver, obj \\ :__default__, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast_object(receiver, obj, src, opts))
  end

  @broadcast_object_list %Vllm.Call.Spec{
    function: "GroupCoordinator.broadcast_object_list",
    path: "/vllm.distributed.v1.GroupCoordinator/BroadcastObjectList",
    params: [
      {:receiver, 1, :group, :required},
      {:obj_list, 2, :term, :required},
      {:src, 3, :int, :optional},
      {:group, 4, {:nullable, :process_group}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace the entries of `obj_list` by those of `src`, and return the list.

  All ranks pass lists of the same length. `group` is the process group to use in place of this
  coordinator's own; this rank and `src` (still counted inside this coordinator) must be in it.
  Collective over `group`.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `obj_list` (`term()`) - list of any terms
    * `src` (`integer()`, default `0`) - rank inside the group that sends
    * `group` (`Vllm.Distributed.ProcessGroup.input()`, default `nil`) - process group for the
      objects, in place of the coordinator's own

  ## Errors

    * `"invalid_rank"` - if one of the two is not
    * `"invalid_argument"` - if the lengths differ

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.broadcast_object_list(group, [1, 2])
  """
  @spec broadcast_object_list(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_object_list(
    receiver,
    obj_list,
    src \\ :__default__,
    group \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@broadcast_object_list, [receiver, obj_list, src, group, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_object_list`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object_list!(input(), term() | keyword()) ::
          term()
  @spec broadcast_object_list!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_object_list!(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_object_list!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          term()
  def broadcast_object_list!(
    receiver,
    obj_list,
    src \\ :__default__,
    group \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(broadcast_object_list(receiver, obj_list, src, group, opts))
  end

  @broadcast_tensor_dict %Vllm.Call.Spec{
    function: "GroupCoordinator.broadcast_tensor_dict",
    path: "/vllm.distributed.v1.GroupCoordinator/BroadcastTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor_dict, 2, :term, :optional},
      {:src, 3, :int, :optional},
      {:group, 4, {:nullable, :process_group}, :optional},
      {:metadata_group, 5, {:nullable, :process_group}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the map of `src`: tensors, also within nested maps, lists and tuples, and plain values.

  Other ranks pass `nil`. `metadata_group` is the process group for the description and CPU
  tensors in place of the CPU group, `group` the one for tensors on a device in place of the
  device group; this rank and `src` must be in them. `src` gets its own map back. Collective over
  the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `tensor_dict` (`term()`, default `nil`) - map from strings to tensors, also nested, and
      plain values
    * `src` (`integer()`, default `0`) - rank inside the group that sends
    * `group` (`Vllm.Distributed.ProcessGroup.input()`, default `nil`) - process group for the
      objects, in place of the coordinator's own
    * `metadata_group` (`Vllm.Distributed.ProcessGroup.input()`, default `nil`) - process group
      for the description, in place of the coordinator's CPU group

  ## Errors

    * `"invalid_type"` - if `src` passes no map
    * `"encoding_error"` - for values that cannot travel

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.broadcast_tensor_dict(group)
  """
  @spec broadcast_tensor_dict(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil,
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def broadcast_tensor_dict(
    receiver,
    tensor_dict \\ :__default__,
    src \\ :__default__,
    group \\ :__default__,
    metadata_group \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@broadcast_tensor_dict, [
      receiver,
      tensor_dict,
      src,
      group,
      metadata_group,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_tensor_dict!(input()) :: term()
  @spec broadcast_tensor_dict!(input(), term() | keyword()) ::
          term()
  @spec broadcast_tensor_dict!(
    input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    input(),
    term(),
    integer(),
    ProcessGroup.input() | nil,
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          term()
  def broadcast_tensor_dict!(
    receiver,
    tensor_dict \\ :__default__,
    src \\ :__default__,
    group \\ :__default__,
    metadata_group \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(broadcast_tensor_dict(
      receiver,
      tensor_dict,
      src,
      group,
      metadata_group,
      opts
    ))
  end

  @send_object %Vllm.Call.Spec{
    function: "GroupCoordinator.send_object",
    path: "/vllm.distributed.v1.GroupCoordinator/SendObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send an object to `dst`, which calls `recv_object`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`
    * `dst` (`integer()`) - rank inside the group that receives

  ## Errors

    * `"invalid_rank"` - if `dst` is out of range or this rank itself
    * `"encoding_error"` - for an object that cannot travel, before anything is sent

  ## Example

      {:ok, nil} = Vllm.Distributed.GroupCoordinator.send_object(group, %{"step" => 3}, 1)
  """
  @spec send_object(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_object(input(), term(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_object(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def send_object(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@send_object, [receiver, obj, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send_object`, but returns the value itself and raises `Vllm.Error`."
  @spec send_object!(input(), keyword()) :: nil
  @spec send_object!(input(), term(), integer() | keyword()) ::
          nil
  @spec send_object!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          nil
  def send_object!(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(send_object(receiver, obj, dst, opts))
  end

  @isend_object %Vllm.Call.Spec{
    function: "GroupCoordinator.isend_object",
    path: "/vllm.distributed.v1.GroupCoordinator/IsendObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: {:object, Vllm.Distributed.Handle},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Start to send an object to `dst`, which calls `recv_object`; return a handle to wait for.

  The object is encoded at once, and may be changed.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `obj` (`term()`) - any term, see `Vllm.Term`
    * `dst` (`integer()`) - rank inside the group that receives

  ## Errors

    * As `send_object`

  ## Example

      {:ok, %Vllm.Distributed.Handle{}} = Vllm.Distributed.GroupCoordinator.isend_object(group, %{"step" => 3}, 1)
  """
  @spec isend_object(input(), keyword()) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  @spec isend_object(input(), term(), integer() | keyword()) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  @spec isend_object(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  def isend_object(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@isend_object, [receiver, obj, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `isend_object`, but returns the value itself and raises `Vllm.Error`."
  @spec isend_object!(input(), keyword()) ::
          Handle.t()
  @spec isend_object!(input(), term(), integer() | keyword()) ::
          Handle.t()
  @spec isend_object!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          Handle.t()
  def isend_object!(receiver, obj, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(isend_object(receiver, obj, dst, opts))
  end

  @recv_object %Vllm.Call.Spec{
    function: "GroupCoordinator.recv_object",
    path: "/vllm.distributed.v1.GroupCoordinator/RecvObject",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the object that `src` sends with `send_object`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `src` (`integer()`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - if `src` is out of range or this rank itself
    * `"message_out_of_step"` - if it was sent in a later step than this rank is in

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.recv_object(group, 0)
  """
  @spec recv_object(input(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_object(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def recv_object(receiver, src, opts \\ []) do
    Vllm.Call.run(@recv_object, [receiver, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv_object`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_object!(input(), integer() | keyword()) :: term()
  @spec recv_object!(
    input(),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  def recv_object!(receiver, src, opts \\ []) do
    Vllm.Error.unwrap!(recv_object(receiver, src, opts))
  end

  @barrier %Vllm.Call.Spec{
    function: "GroupCoordinator.barrier",
    path: "/vllm.distributed.v1.GroupCoordinator/Barrier",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return when every rank of the group has called it.

  Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Errors

    * `"collective_timeout"` - if a rank does not come before the timeout

  ## Example

      {:ok, nil} = Vllm.Distributed.GroupCoordinator.barrier(group)
  """
  @spec barrier(input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec barrier(input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  def barrier(receiver, opts \\ []) do
    Vllm.Call.run(@barrier, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `barrier`, but returns the value itself and raises `Vllm.Error`."
  @spec barrier!(input()) :: nil
  @spec barrier!(input(), keyword()) :: nil
  def barrier!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(barrier(receiver, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "GroupCoordinator.all_reduce",
    path: "/vllm.distributed.v1.GroupCoordinator/AllReduce",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:out, 3, {:nullable, :tensor}, :optional},
      {:op, 4, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the sum of the group's tensors in a new tensor; the input is not changed.

  All ranks pass the same shape, dtype and `op`: `sum`, `max`, `min`, `avg` or `product`, element
  by element. Through shared memory, on one node, 16-bit floats are summed in float32 and rounded
  once; over gloo they are summed in their own precision. Integers wrap around; booleans are
  combined by or. `out` may be the input itself, which is replaced then. Differentiable without
  `out`: the gradient is the sum of the ranks' gradients, for `avg` their average, and for `max`,
  `min` and `product` there is none.

  `avg` is the sum divided by the group's size, for floats and complex numbers. `max`, `min` and
  `product` are for floats, signed integers, `uint8` and booleans, `product` for the other
  unsigned integers too; of booleans `max` is or, `min` and `product` are and. Where a rank has a
  NaN, `max` and `min` are NaN through shared memory, and may be any rank's elsewhere. Collective
  over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Errors

    * `"invalid_argument"` - for another `op`
    * `"unsupported_dtype"` - before anything is sent, for a dtype that has no exact result over
      the backend

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.all_reduce(group, tensor)
  """
  @spec all_reduce(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce(receiver, input_, out \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce, [receiver, input_, out, op, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce!(receiver, input_, out \\ :__default__, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(receiver, input_, out, op, opts))
  end

  @all_reduce_in_place %Vllm.Call.Spec{
    function: "GroupCoordinator.all_reduce_",
    path: "/vllm.distributed.v1.GroupCoordinator/AllReduceInPlace",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:op, 3, :string, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace `input_` by the sum of the group's tensors, and return it.

  As `all_reduce`, but in place and so without a new tensor. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `op` (`String.t() | atom()`, default `"sum"`) - a `torch.distributed.ReduceOp` of the rank

  ## Errors

    * `"invalid_argument"` - for an input with several elements in the same place in memory, such
      as an expanded one

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.all_reduce_(group, tensor)
  """
  @spec all_reduce_(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_reduce_(receiver, input_, op \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_reduce_in_place, [receiver, input_, op, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_!(input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_reduce_!(
    input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce_!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  def all_reduce_!(receiver, input_, op \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_(receiver, input_, op, opts))
  end

  @all_gather %Vllm.Call.Spec{
    function: "GroupCoordinator.all_gather",
    path: "/vllm.distributed.v1.GroupCoordinator/AllGather",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:out, 4, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of all ranks, in rank order, concatenated along `dim`.

  All ranks pass the same shape and dtype; the result's extent along `dim` is the input's times
  the group's size. Tensors without dims become a vector. Differentiable without `out`, by
  `reduce_scatter`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Errors

    * `"invalid_argument"` - if `dim` is out of range

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.all_gather(group, tensor)
  """
  @spec all_gather(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def all_gather(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Call.run(@all_gather, [receiver, input_, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def all_gather!(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(all_gather(receiver, input_, dim, out, opts))
  end

  @all_gatherv %Vllm.Call.Spec{
    function: "GroupCoordinator.all_gatherv",
    path: "/vllm.distributed.v1.GroupCoordinator/AllGatherv",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :term, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional},
      {:out, 5, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensors of all ranks, of different extents along `dim`, concatenated along it.

  `sizes` is each rank's extent along `dim`, the same list on every rank; without it all are
  equal. A list of tensors gives a list of results, for which `sizes` holds each time; all are
  checked before the first is sent, and `out` is a list, too. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`term()`) - the tensor
    * `dim` (`integer()`, default `0`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank
    * `out` (`term()`, default `nil`) - a tensor that the result is written into, or a list of
      them: refs

  ## Errors

    * `"invalid_argument"` - if this rank's entry is not its tensor's extent

  ## Example

      {:ok, rows} =
        Vllm.Distributed.GroupCoordinator.all_gatherv(group, tensor, dim: 0, sizes: [3, 1])
  """
  @spec all_gatherv(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(input(), term(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def all_gatherv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@all_gatherv, [receiver, input_, dim, sizes, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `all_gatherv`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gatherv!(input(), term() | keyword()) :: term()
  @spec all_gatherv!(input(), term(), integer() | keyword()) ::
          term()
  @spec all_gatherv!(
    input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def all_gatherv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(all_gatherv(receiver, input_, dim, sizes, out, opts))
  end

  @reduce_scatter %Vllm.Call.Spec{
    function: "GroupCoordinator.reduce_scatter",
    path: "/vllm.distributed.v1.GroupCoordinator/ReduceScatter",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:out, 4, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's equal part, along `dim`, of the sum of the group's tensors.

  All ranks pass the same shape and dtype; rank i gets the i-th part. Dtypes as for `all_reduce`.
  Differentiable without `out`, by `all_gather`. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Errors

    * `"invalid_argument"` - if `dim` is out of range or its extent does not divide by the group's
      size

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.reduce_scatter(group, tensor)
  """
  @spec reduce_scatter(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatter(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Call.run(@reduce_scatter, [receiver, input_, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatter!(receiver, input_, dim \\ :__default__, out \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(reduce_scatter(receiver, input_, dim, out, opts))
  end

  @reduce_scatterv %Vllm.Call.Spec{
    function: "GroupCoordinator.reduce_scatterv",
    path: "/vllm.distributed.v1.GroupCoordinator/ReduceScatterv",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return this rank's part, `sizes[rank_in_group]` along `dim`, of the group's sum.

  As `reduce_scatter`, for parts of different extents; `sizes` is the same list on every rank and
  sums to the input's extent. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Errors

    * `"invalid_argument"` - if `sizes` has another sum

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.reduce_scatterv(group, tensor)
  """
  @spec reduce_scatterv(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatterv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatterv, [receiver, input_, dim, sizes, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatterv`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatterv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatterv(receiver, input_, dim, sizes, out, opts))
  end

  @reduce_scatterv_into_output %Vllm.Call.Spec{
    function: "GroupCoordinator.reduce_scatterv_into_output",
    path: "/vllm.distributed.v1.GroupCoordinator/ReduceScattervIntoOutput",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:output, 3, :tensor, :required},
      {:dim, 4, :int, :optional},
      {:sizes, 5, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Write what `reduce_scatterv` returns into `output`, and return that.

  `output` is what `out` may be there. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `output` (`Vllm.Call.tensor()`) - tensor that the result is written into
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `sizes` (`[integer()]`, default `nil`) - extents along the dimension, one per rank

  ## Errors

    * As `reduce_scatterv`

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.reduce_scatterv_into_output(group, tensor, output)
  """
  @spec reduce_scatterv_into_output(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def reduce_scatterv_into_output(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@reduce_scatterv_into_output, [receiver, input_, output, dim, sizes, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `reduce_scatterv_into_output`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv_into_output!(input(), keyword()) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  def reduce_scatterv_into_output!(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(reduce_scatterv_into_output(receiver, input_, output, dim, sizes, opts))
  end

  @cpu_all_reduce_in_place %Vllm.Call.Spec{
    function: "GroupCoordinator.cpu_all_reduce_",
    path: "/vllm.distributed.v1.GroupCoordinator/CpuAllReduceInPlace",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace a small tensor on the CPU by its sum over the group, and return it.

  As `all_reduce_`, whatever the group's device is: through shared memory, on one node, else over
  the CPU group in as few messages as there can be. Every rank gets the same bits. Collective over
  the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor

  ## Errors

    * `"invalid_type"` - for what is no dense tensor on the CPU
    * `"unsupported_dtype"` - before anything is sent

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.cpu_all_reduce_(group, tensor)
  """
  @spec cpu_all_reduce_(
    input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(
    input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def cpu_all_reduce_(receiver, tensor, opts \\ []) do
    Vllm.Call.run(@cpu_all_reduce_in_place, [receiver, tensor, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `cpu_all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_all_reduce_!(
    input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec cpu_all_reduce_!(
    input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          Tensor.t()
  def cpu_all_reduce_!(receiver, tensor, opts \\ []) do
    Vllm.Error.unwrap!(cpu_all_reduce_(receiver, tensor, opts))
  end

  @gather %Vllm.Call.Spec{
    function: "GroupCoordinator.gather",
    path: "/vllm.distributed.v1.GroupCoordinator/Gather",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dst, 3, :int, :optional},
      {:dim, 4, :int, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return, on `dst`, the tensors of all ranks concatenated along `dim`; elsewhere `nil`.

  All ranks pass the same shape and dtype, and `out` on `dst` alone. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`, default `0`) - rank inside the group that receives
    * `dim` (`integer()`, default `-1`) - the dimension; a negative one counts from the end
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Errors

    * `"invalid_rank"`, `"invalid_argument"` - for a `dst` or `dim` out of range

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.gather(group, tensor)
  """
  @spec gather(input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  def gather(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@gather, [receiver, input_, dst, dim, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `gather`, but returns the value itself and raises `Vllm.Error`."
  @spec gather!(input(), Call.tensor() | keyword()) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t() | nil
  def gather!(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(gather(receiver, input_, dst, dim, out, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "GroupCoordinator.broadcast",
    path: "/vllm.distributed.v1.GroupCoordinator/Broadcast",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:src, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Replace `input_` by the tensor of `src`, and return it.

  All ranks pass the same shape and dtype, any dtype. Collective over the group.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `input_` (`Vllm.Call.tensor()`) - the tensor
    * `src` (`integer()`, default `0`) - rank inside the group that sends

  ## Errors

    * `"invalid_rank"` - for a `src` out of range
    * `"invalid_argument"` - for a tensor with several elements in the same place in memory, such
      as an expanded one

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.broadcast(group, tensor)
  """
  @spec broadcast(input(), Call.tensor() | keyword()) ::
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
  def broadcast(receiver, input_, src \\ :__default__, opts \\ []) do
    Vllm.Call.run(@broadcast, [receiver, input_, src, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(input(), Call.tensor() | keyword()) ::
          Tensor.t()
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
  def broadcast!(receiver, input_, src \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(broadcast(receiver, input_, src, opts))
  end

  @send %Vllm.Call.Spec{
    function: "GroupCoordinator.send",
    path: "/vllm.distributed.v1.GroupCoordinator/Send",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send a tensor to `dst` (default: the next rank), which calls `recv` with its shape and dtype.

  Over gloo and NCCL a tensor without elements is not sent at all.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `tensor` (`Vllm.Call.tensor()`) - the tensor
    * `dst` (`integer()`, default `nil`) - rank inside the group that receives

  ## Errors

    * `"invalid_rank"` - if `dst` is out of range or this rank itself

  ## Example

      {:ok, nil} = Vllm.Distributed.GroupCoordinator.send(group, tensor)
  """
  @spec send(input(), Call.tensor() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  def send(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(input(), Call.tensor() | keyword()) :: nil
  @spec send!(
    input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          nil
  @spec send!(
    input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  def send!(receiver, tensor, dst \\ :__default__, opts \\ []) do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "GroupCoordinator.recv",
    path: "/vllm.distributed.v1.GroupCoordinator/Recv",
    params: [
      {:receiver, 1, :group, :required},
      {:size, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:src, 4, {:nullable, :int}, :optional},
      {:out, 5, {:nullable, :tensor}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the tensor of this shape and dtype that `src` (default: the previous rank) sends.

  `size` is any sequence of integers, or one integer for a vector.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `size` (`[non_neg_integer()]`) - shape, a list of extents
    * `dtype` (`Vllm.Tensor.dtype() | String.t()`) - element type
    * `src` (`integer()`, default `nil`) - rank inside the group that sends
    * `out` (`Vllm.Call.tensor()`, default `nil`) - a tensor that the result is written into: the
      ref of one, which is the result then

  ## Errors

    * `"invalid_rank"` - if `src` is out of range or this rank itself
    * `"invalid_type"`, `"invalid_argument"` - for what is no shape or dtype
    * `"collective_mismatch"` - if, through shared memory, `src` sent another dtype or number of
      elements, which are dropped
    * `"message_out_of_step"` - if it sent it in a later step than this rank is in

  ## Example

      {:ok, %Vllm.Tensor{}} = Vllm.Distributed.GroupCoordinator.recv(group, [2, 3], :f32)
  """
  @spec recv(input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  def recv(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@recv, [receiver, size, dtype, src, out, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(input(), keyword()) :: Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  def recv!(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(recv(receiver, size, dtype, src, out, opts))
  end

  @send_tensor_dict %Vllm.Call.Spec{
    function: "GroupCoordinator.send_tensor_dict",
    path: "/vllm.distributed.v1.GroupCoordinator/SendTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor_dict, 2, :term, :required},
      {:dst, 3, {:nullable, :int}, :optional},
      {:all_gather_group, 4, {:nullable, :group}, :optional},
      {:all_gather_tensors, 5, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Send a map of tensors, also nested ones, and plain values to `dst` (default: the next rank).
  Returns `nil`.

  `all_gather_group` (the tensor-parallel group, as a rule) says that its ranks hold the same
  tensors and each send them to a rank that will have them all: then each sends its slice only,
  and the receivers gather. That is done for tensors whose element count divides by the group's
  size, unless `all_gather_tensors` says `false` for their top-level key. Both sides pass the
  same. On a group of one, without `dst`, nothing is sent and the map is returned. An error comes
  before anything is sent. Called by the sender, while `dst` calls `recv_tensor_dict`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `tensor_dict` (`term()`) - map from strings to tensors, also nested, and plain values
    * `dst` (`integer()`, default `nil`) - rank inside the group that receives
    * `all_gather_group` (`Vllm.Distributed.GroupCoordinator.input()`, default `nil`) - the group
      whose ranks hold the same tensors and send a slice each
    * `all_gather_tensors` (`term()`, default `nil`) - map from a top-level key to whether that
      tensor is sent in slices

  ## Errors

    * `"invalid_rank"`, `"invalid_type"`, `"encoding_error"`

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.send_tensor_dict(group, %{"hidden_states" => tensor})
  """
  @spec send_tensor_dict(input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    input(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    input(),
    term(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    input(),
    term(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def send_tensor_dict(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@send_tensor_dict, [
      receiver,
      tensor_dict,
      dst,
      all_gather_group,
      all_gather_tensors,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `send_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec send_tensor_dict!(input(), term() | keyword()) :: term()
  @spec send_tensor_dict!(
    input(),
    term(),
    integer() | nil | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    input(),
    term(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    input(),
    term(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def send_tensor_dict!(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(send_tensor_dict(
      receiver,
      tensor_dict,
      dst,
      all_gather_group,
      all_gather_tensors,
      opts
    ))
  end

  @recv_tensor_dict %Vllm.Call.Spec{
    function: "GroupCoordinator.recv_tensor_dict",
    path: "/vllm.distributed.v1.GroupCoordinator/RecvTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, {:nullable, :int}, :optional},
      {:all_gather_group, 3, {:nullable, :group}, :optional},
      {:all_gather_tensors, 4, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the map that `src` (default: the previous rank) sends with `send_tensor_dict`.

  With an `all_gather_group` all its ranks must call this, since they gather the slices they
  received. On a group of one, without `src`, returns `nil`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `src` (`integer()`, default `nil`) - rank inside the group that sends
    * `all_gather_group` (`Vllm.Distributed.GroupCoordinator.input()`, default `nil`) - the group
      whose ranks hold the same tensors and send a slice each
    * `all_gather_tensors` (`term()`, default `nil`) - map from a top-level key to whether that
      tensor is sent in slices

  ## Errors

    * `"invalid_rank"` - for a `src` that is no other rank of the group
    * `"invalid_argument"` - if the sender passed an `all_gather_group` of another size
    * `"message_out_of_step"` - for a map that was sent in a later step than this rank is in

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.recv_tensor_dict(group)
  """
  @spec recv_tensor_dict(input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    input(),
    integer() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    input(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    input(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    input(),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  def recv_tensor_dict(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@recv_tensor_dict, [receiver, src, all_gather_group, all_gather_tensors, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `recv_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_tensor_dict!(input()) :: term()
  @spec recv_tensor_dict!(
    input(),
    integer() | nil | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    input(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    input(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    input(),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  def recv_tensor_dict!(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(recv_tensor_dict(
      receiver,
      src,
      all_gather_group,
      all_gather_tensors,
      opts
    ))
  end

  @isend_tensor_dict %Vllm.Call.Spec{
    function: "GroupCoordinator.isend_tensor_dict",
    path: "/vllm.distributed.v1.GroupCoordinator/IsendTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor_dict, 2, :term, :required},
      {:dst, 3, {:nullable, :int}, :optional},
      {:all_gather_group, 4, {:nullable, :group}, :optional},
      {:all_gather_tensors, 5, :term, :optional}
    ],
    result: {:list, {:object, Vllm.Distributed.Handle}},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Start what `send_tensor_dict` does; return handles to wait for.

  The tensors must not be changed until all handles are done. Values besides tensors are encoded
  at once. On a group of one, without `dst`, nothing is sent and there is no handle. Called by the
  sender, while `dst` calls `recv_tensor_dict` or `irecv_tensor_dict`.

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `tensor_dict` (`term()`) - map from strings to tensors, also nested, and plain values
    * `dst` (`integer()`, default `nil`) - rank inside the group that receives
    * `all_gather_group` (`Vllm.Distributed.GroupCoordinator.input()`, default `nil`) - the group
      whose ranks hold the same tensors and send a slice each
    * `all_gather_tensors` (`term()`, default `nil`) - map from a top-level key to whether that
      tensor is sent in slices

  ## Errors

    * As `send_tensor_dict`

  ## Example

      {:ok, list} = Vllm.Distributed.GroupCoordinator.isend_tensor_dict(group, %{"hidden_states" => tensor})
  """
  @spec isend_tensor_dict(input(), term() | keyword()) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    input(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    input(),
    term(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    input(),
    term(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  def isend_tensor_dict(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@isend_tensor_dict, [
      receiver,
      tensor_dict,
      dst,
      all_gather_group,
      all_gather_tensors,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `isend_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec isend_tensor_dict!(input(), term() | keyword()) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    input(),
    term(),
    integer() | nil | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    input(),
    term(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    input(),
    term(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          [Handle.t()]
  def isend_tensor_dict!(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(isend_tensor_dict(
      receiver,
      tensor_dict,
      dst,
      all_gather_group,
      all_gather_tensors,
      opts
    ))
  end

  @irecv_tensor_dict %Vllm.Call.Spec{
    function: "GroupCoordinator.irecv_tensor_dict",
    path: "/vllm.distributed.v1.GroupCoordinator/IrecvTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, {:nullable, :int}, :optional},
      {:all_gather_group, 3, {:nullable, :group}, :optional},
      {:all_gather_tensors, 4, :term, :optional}
    ],
    result: {:tuple, [:term, {:list, {:object, Vllm.Distributed.Handle}}, {:list, :object}]},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Start what `recv_tensor_dict` does; return (map, handles, postprocess).

  Waits for the description only: the map has its keys, its plain values and tensors that are
  being written to. When all handles have been waited for, call each function of `postprocess`, in
  order and, where there is an `all_gather_group`, on all its ranks: they put the tensors that had
  to be gathered into the map, which is complete then. On a group of one, without `src`, returns
  (`nil`, [], []).

  Between two ranks: the other rank makes the matching call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it
    * `src` (`integer()`, default `nil`) - rank inside the group that sends
    * `all_gather_group` (`Vllm.Distributed.GroupCoordinator.input()`, default `nil`) - the group
      whose ranks hold the same tensors and send a slice each
    * `all_gather_tensors` (`term()`, default `nil`) - map from a top-level key to whether that
      tensor is sent in slices

  ## Errors

    * As `recv_tensor_dict`

  ## Example

      # The tensors stay in the rank until they have arrived.
      {:ok, {received, handles, postprocess}} =
        Vllm.Distributed.GroupCoordinator.irecv_tensor_dict(group,
          __runtime__: [tensors: :ref]
        )

      Enum.each(handles, &Vllm.Distributed.Handle.wait!/1)
  """
  @spec irecv_tensor_dict(input()) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    input(),
    integer() | nil | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    input(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    input(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    input(),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  def irecv_tensor_dict(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@irecv_tensor_dict, [receiver, src, all_gather_group, all_gather_tensors, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `irecv_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec irecv_tensor_dict!(input()) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    input(),
    integer() | nil | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    input(),
    integer() | nil,
    input() | nil | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    input(),
    integer() | nil,
    input() | nil,
    term() | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    input(),
    Call.arg(integer() | nil),
    Call.arg(input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  def irecv_tensor_dict!(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(irecv_tensor_dict(
      receiver,
      src,
      all_gather_group,
      all_gather_tensors,
      opts
    ))
  end

  @mq_broadcaster %Vllm.Call.Spec{
    function: "GroupCoordinator.mq_broadcaster",
    path: "/vllm.distributed.v1.GroupCoordinator/MqBroadcaster",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: {:nullable, {:object, Vllm.Distributed.MessageQueue}},
    inline: true
  }

  @doc since: "0.1.0"
  @doc ~S"""
  The message queue through which rank 0 of the group sends objects; `nil` where it has none.

  Not collective: it concerns only the rank of its session.

  Answered at once, even while the rank runs another call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.GroupCoordinator.input()`) - the object, whose session runs it

  ## Example

      {:ok, value} = Vllm.Distributed.GroupCoordinator.mq_broadcaster(group)
  """
  @spec mq_broadcaster(input()) ::
          {:ok, MessageQueue.t() | nil} | {:error, Error.t()}
  @spec mq_broadcaster(input(), keyword()) ::
          {:ok, MessageQueue.t() | nil} | {:error, Error.t()}
  def mq_broadcaster(receiver, opts \\ []) do
    Vllm.Call.run(@mq_broadcaster, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `mq_broadcaster`, but returns the value itself and raises `Vllm.Error`."
  @spec mq_broadcaster!(input()) ::
          MessageQueue.t() | nil
  @spec mq_broadcaster!(input(), keyword()) ::
          MessageQueue.t() | nil
  def mq_broadcaster!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(mq_broadcaster(receiver, opts))
  end

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      device_communicator: @device_communicator,
      device_group: @device_group,
      cpu_group: @cpu_group,
      torch_distributed_backend: @torch_distributed_backend,
      device_index: @device_index,
      cpu_timeout: @cpu_timeout,
      use_custom_op_call: @use_custom_op_call,
      use_cpu_custom_send_recv: @use_cpu_custom_send_recv,
      first_rank: @first_rank,
      last_rank: @last_rank,
      is_first_rank: @is_first_rank,
      is_last_rank: @is_last_rank,
      next_rank: @next_rank,
      prev_rank: @prev_rank,
      make_sibling_device_group: @make_sibling_device_group,
      destroy: @destroy,
      graph_capture: @graph_capture,
      prepare_communication_buffer_for_model: @prepare_communication_buffer_for_model,
      dispatch: @dispatch,
      dispatch_router_logits: @dispatch_router_logits,
      combine: @combine,
      allocate_combine_input: @allocate_combine_input,
      combine_into_output: @combine_into_output,
      create_mq_broadcaster: @create_mq_broadcaster,
      create_single_reader_mq_broadcasters: @create_single_reader_mq_broadcasters,
      broadcast_object: @broadcast_object,
      broadcast_object_list: @broadcast_object_list,
      broadcast_tensor_dict: @broadcast_tensor_dict,
      send_object: @send_object,
      isend_object: @isend_object,
      recv_object: @recv_object,
      barrier: @barrier,
      all_reduce: @all_reduce,
      all_reduce_: @all_reduce_in_place,
      all_gather: @all_gather,
      all_gatherv: @all_gatherv,
      reduce_scatter: @reduce_scatter,
      reduce_scatterv: @reduce_scatterv,
      reduce_scatterv_into_output: @reduce_scatterv_into_output,
      cpu_all_reduce_: @cpu_all_reduce_in_place,
      gather: @gather,
      broadcast: @broadcast,
      send: @send,
      recv: @recv,
      send_tensor_dict: @send_tensor_dict,
      recv_tensor_dict: @recv_tensor_dict,
      isend_tensor_dict: @isend_tensor_dict,
      irecv_tensor_dict: @irecv_tensor_dict,
      mq_broadcaster: @mq_broadcaster
    ]
  end
end
