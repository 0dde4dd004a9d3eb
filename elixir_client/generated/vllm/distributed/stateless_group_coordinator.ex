# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.StatelessGroupCoordinator do
  @moduledoc since: "0.1.0"
  @moduledoc ~S"""
  A `Vllm.Distributed.GroupCoordinator` whose members meet by themselves, apart from torch's
  world.

  torch.distributed need not be initialised, and is left as it is. Several may overlap over the
  same processes, with any members, and come and go while others live: that is how a world grows
  and shrinks. Every method of `Vllm.Distributed.GroupCoordinator` works on it. Besides a CPU and
  a device group it has `tcp_store_group`, a `Vllm.Distributed.StatelessProcessGroup` of the same
  members.

  `group_ranks` are lists of global ranks, ascending; this process is `global_rank` of
  `global_world_size` and makes the group of the list its rank is in; only the members of that
  list take part. They meet at `host` and the first port that `group_ports` has for that list (of
  vLLM's three ports per list one is needed), where the list's first rank listens, on nothing but
  `host`: on that port, or on a socket it was given by `adopt_listen_socket`. Or they meet in
  `coord_store`, a torch store all of them are connected to, and nobody listens; it has to live
  while groups are made. `timeout` (default: torch's 30 minutes) bounds the making and each
  operation. `global_world_size` left at 1 means as many as `group_ranks` names.

  The list's first rank serves the group's store, and should be the last to destroy it while
  `tcp_store_group` or `make_sibling_device_group` are in use.

  Collective over the members. A call that fails leaves nothing behind.

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
    * `global_world_size` - The number of processes the lists of ranks are about
    * `tcp_store_group` - The same members, through the store alone: for control, without
      connections
  """

  alias Vllm.Call
  alias Vllm.Call.Record
  alias Vllm.Call.Spec
  alias Vllm.Distributed.DeviceCommunicatorBase
  alias Vllm.Distributed.GraphCaptureContext
  alias Vllm.Distributed.GroupCoordinator
  alias Vllm.Distributed.Handle
  alias Vllm.Distributed.MessageQueue
  alias Vllm.Distributed.ProcessGroup
  alias Vllm.Distributed.StatelessProcessGroup
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
    :device,
    :global_world_size,
    :tcp_store_group
  ]

  @type t :: %__MODULE__{
          ref: Ref.t(),
          unique_name: String.t(),
          ranks: [integer()],
          rank: integer(),
          rank_in_group: integer(),
          world_size: integer(),
          local_rank: integer(),
          backend: String.t(),
          device: String.t(),
          global_world_size: integer(),
          tcp_store_group: StatelessProcessGroup.t()
        }

  @typedoc "What functions accept: the struct, or the ref of such an object."
  @type input :: t() | Ref.t()

  @doc false
  @spec __object__() :: Record.table()
  def __object__ do
    {Vllm.Distributed.V1.StatelessGroupCoordinatorObject,
     [
       {:unique_name, :string, :shown},
       {:ranks, {:list, :int}, :shown},
       {:rank, :int, :shown},
       {:rank_in_group, :int, :shown},
       {:world_size, :int, :shown},
       {:local_rank, :int, :shown},
       {:backend, :string, :shown},
       {:device, :device, :shown},
       {:global_world_size, :int, :shown},
       {:tcp_store_group, {:object, Vllm.Distributed.StatelessProcessGroup}, :shown}
     ]}
  end

  @new %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.new",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/New",
    params: [
      {:group_ranks, 1, {:list, {:list, :int}}, :required},
      {:local_rank, 2, :int, :required},
      {:torch_distributed_backend, 3, :string, :required},
      {:use_device_communicator, 4, :bool, :required},
      {:coord_store, 11, :term, :optional},
      {:use_message_queue_broadcaster, 5, :bool, :optional},
      {:group_name, 6, {:nullable, :string}, :optional},
      {:host, 7, :string, :optional},
      {:global_rank, 9, :int, :optional},
      {:global_world_size, 10, :int, :optional},
      {:use_all2all, 13, :bool, :optional},
      {:group_ports, 8, :term, :optional},
      {:timeout, 12, {:nullable, :duration}, :optional}
    ],
    result: {:object, Vllm.Distributed.StatelessGroupCoordinator},
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Makes a `Vllm.Distributed.StatelessGroupCoordinator`, in a rank, which checks it; the module
  says more. A `Vllm.Distributed.GroupCoordinator` whose members meet by themselves, apart from
  torch's world.

  Collective: every member of the group must make this call.

  ## Parameters

    * `group_ranks` (`[[integer()]]`) - The partition of the world that the group is of
    * `local_rank` (`integer()`) - This process's number on its node
    * `torch_distributed_backend` (`String.t() | atom()`) - The torch backend of the device group,
      by vLLM's other name for `backend`
    * `use_device_communicator` (`boolean()`) - Whether a path made for the device is used where
      there is one
    * `coord_store` (`term()`, default `nil`) - a torch store that all members are connected to
    * `use_message_queue_broadcaster` (`boolean()`, default `false`) - whether objects are sent
      through a message queue
    * `group_name` (`String.t() | atom()`, default `nil`) - name of the group: its unique name for
      a lookup, such as `tp:0`
    * `host` (`String.t() | atom()`, default `"127.0.0.1"`) - address of the group's rank 0, which
      serves the store
    * `global_rank` (`integer()`, default `0`) - this process's rank among all
    * `global_world_size` (`integer()`, default `1`) - The number of processes the lists of ranks
      are about
    * `use_all2all` (`boolean()`, default `false`) - whether tokens will be exchanged through the
      group's communicator
    * `group_ports` (`term()`, default `nil`) - ports for each list of ranks
    * `timeout` (`integer()`, default `nil`) - milliseconds

  ## Errors

    * `"invalid_rank"` - naming a rank that is in no list or in two
    * `"invalid_argument"` - or a kind of it, for other values that make no sense
    * `"unknown_backend"`
    * `"rendezvous_failed"` - if host and port cannot be bound, or not reached in time
    * `"roll_call_timeout"` - naming the members that did not come
    * `"roll_call_mismatch"` - if members want different groups

  ## Example

      {:ok, %Vllm.Distributed.StatelessGroupCoordinator{} = group} =
        Vllm.Distributed.StatelessGroupCoordinator.new([[0, 1]], rank, :gloo, true,
          group_ports: [[port]],
          global_rank: rank
        )
  """
  @spec new(keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), String.t() | atom(), boolean() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new([[integer()]], integer(), String.t() | atom(), boolean(), term() | keyword()) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean(),
    term() | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  @spec new(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, t()} | {:error, Error.t()}
  def new(
    group_ranks,
    local_rank \\ :__default__,
    torch_distributed_backend \\ :__default__,
    use_device_communicator \\ :__default__,
    coord_store \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    host \\ :__default__,
    global_rank \\ :__default__,
    global_world_size \\ :__default__,
    use_all2all \\ :__default__,
    group_ports \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Call.run(@new, [
      group_ranks,
      local_rank,
      torch_distributed_backend,
      use_device_communicator,
      coord_store,
      use_message_queue_broadcaster,
      group_name,
      host,
      global_rank,
      global_world_size,
      use_all2all,
      group_ports,
      timeout,
      opts
    ])
  end

  @doc since: "0.1.0"
  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!(keyword()) :: t()
  @spec new!([[integer()]], keyword()) :: t()
  @spec new!([[integer()]], integer(), keyword()) ::
          t()
  @spec new!([[integer()]], integer(), String.t() | atom(), boolean() | keyword()) ::
          t()
  @spec new!([[integer()]], integer(), String.t() | atom(), boolean(), term() | keyword()) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean(),
    term() | keyword()
  ) ::
          t()
  @spec new!(
    [[integer()]],
    integer(),
    String.t() | atom(),
    boolean(),
    term(),
    boolean(),
    String.t() | atom() | nil,
    String.t() | atom(),
    integer(),
    integer(),
    boolean(),
    term(),
    integer() | nil | keyword()
  ) ::
          t()
  @spec new!(
    Call.arg([[integer()]]),
    Call.arg(integer()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(boolean()),
    Call.arg(String.t() | atom() | nil),
    Call.arg(String.t() | atom()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(boolean()),
    Call.arg(term()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          t()
  def new!(
    group_ranks,
    local_rank \\ :__default__,
    torch_distributed_backend \\ :__default__,
    use_device_communicator \\ :__default__,
    coord_store \\ :__default__,
    use_message_queue_broadcaster \\ :__default__,
    group_name \\ :__default__,
    host \\ :__default__,
    global_rank \\ :__default__,
    global_world_size \\ :__default__,
    use_all2all \\ :__default__,
    group_ports \\ :__default__,
    timeout \\ :__default__,
    opts \\ []
  ) do
    Vllm.Error.unwrap!(new(
      group_ranks,
      local_rank,
      torch_distributed_backend,
      use_device_communicator,
      coord_store,
      use_message_queue_broadcaster,
      group_name,
      host,
      global_rank,
      global_world_size,
      use_all2all,
      group_ports,
      timeout,
      opts
    ))
  end

  @make_sibling_device_group %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.make_sibling_device_group",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/MakeSiblingDeviceGroup",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessGroupCoordinator}, :required},
      {:group_desc, 2, {:nullable, :string}, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return a second device process group with the same members, for work that runs beside the first
  one's.

  Collective over the group; the member that serves its store must not have destroyed it.
  `destroy` destroys it too.

  Collective: every member of the group must make this call.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessGroupCoordinator.input()`) - the object, whose
      session runs it
    * `group_desc` (`String.t() | atom()`, default `nil`) - a name for people

  ## Errors

    * `"roll_call_timeout"` - naming the members that did not come
    * `"store_lost"`

  ## Example

      {:ok, %Vllm.Distributed.ProcessGroup{}} = Vllm.Distributed.StatelessGroupCoordinator.make_sibling_device_group(group)
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
    function: "StatelessGroupCoordinator.destroy",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Destroy",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessGroupCoordinator}, :required}
    ],
    result: :none,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Destroy the group's process groups and its store, and free its name. Idempotent, local to the
  process.

  Any later operation fails with `"group_destroyed"`.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessGroupCoordinator.input()`) - the object, whose
      session runs it

  ## Example

      {:ok, nil} = Vllm.Distributed.StatelessGroupCoordinator.destroy(group)
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

  @size %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.size",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Size",
    params: [
      {:receiver, 1, {:object, Vllm.Distributed.StatelessGroupCoordinator}, :required}
    ],
    result: :int,
    inline: false
  }

  @doc since: "0.1.0"
  @doc ~S"""
  Return the number of members.

  Not collective: it concerns only the rank of its session.

  ## Parameters

    * `receiver` (`Vllm.Distributed.StatelessGroupCoordinator.input()`) - the object, whose
      session runs it

  ## Example

      {:ok, number} = Vllm.Distributed.StatelessGroupCoordinator.size(group)
  """
  @spec size(input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec size(input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  def size(receiver, opts \\ []) do
    Vllm.Call.run(@size, [receiver, opts])
  end

  @doc since: "0.1.0"
  @doc "Like `size`, but returns the value itself and raises `Vllm.Error`."
  @spec size!(input()) :: integer()
  @spec size!(input(), keyword()) :: integer()
  def size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(size(receiver, opts))
  end

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_communicator`."
  @spec device_communicator(GroupCoordinator.input()) ::
          {:ok, DeviceCommunicatorBase.t()} | {:error, Error.t()}
  @spec device_communicator(GroupCoordinator.input(), keyword()) ::
          {:ok, DeviceCommunicatorBase.t()} | {:error, Error.t()}
  defdelegate device_communicator(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_communicator!`."
  @spec device_communicator!(GroupCoordinator.input()) ::
          DeviceCommunicatorBase.t()
  @spec device_communicator!(GroupCoordinator.input(), keyword()) ::
          DeviceCommunicatorBase.t()
  defdelegate device_communicator!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_group`."
  @spec device_group(GroupCoordinator.input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec device_group(GroupCoordinator.input(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  defdelegate device_group(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_group!`."
  @spec device_group!(GroupCoordinator.input()) ::
          ProcessGroup.t()
  @spec device_group!(GroupCoordinator.input(), keyword()) ::
          ProcessGroup.t()
  defdelegate device_group!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_group`."
  @spec cpu_group(GroupCoordinator.input()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  @spec cpu_group(GroupCoordinator.input(), keyword()) ::
          {:ok, ProcessGroup.t()} | {:error, Error.t()}
  defdelegate cpu_group(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_group!`."
  @spec cpu_group!(GroupCoordinator.input()) :: ProcessGroup.t()
  @spec cpu_group!(GroupCoordinator.input(), keyword()) ::
          ProcessGroup.t()
  defdelegate cpu_group!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.torch_distributed_backend`."
  @spec torch_distributed_backend(GroupCoordinator.input()) ::
          {:ok, String.t()} | {:error, Error.t()}
  @spec torch_distributed_backend(GroupCoordinator.input(), keyword()) ::
          {:ok, String.t()} | {:error, Error.t()}
  defdelegate torch_distributed_backend(
    receiver,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.torch_distributed_backend!`."
  @spec torch_distributed_backend!(GroupCoordinator.input()) :: String.t()
  @spec torch_distributed_backend!(GroupCoordinator.input(), keyword()) ::
          String.t()
  defdelegate torch_distributed_backend!(
    receiver,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_index`."
  @spec device_index(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec device_index(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate device_index(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.device_index!`."
  @spec device_index!(GroupCoordinator.input()) :: integer()
  @spec device_index!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate device_index!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_timeout`."
  @spec cpu_timeout(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec cpu_timeout(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate cpu_timeout(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_timeout!`."
  @spec cpu_timeout!(GroupCoordinator.input()) :: integer()
  @spec cpu_timeout!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate cpu_timeout!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.use_custom_op_call`."
  @spec use_custom_op_call(GroupCoordinator.input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_custom_op_call(GroupCoordinator.input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  defdelegate use_custom_op_call(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.use_custom_op_call!`."
  @spec use_custom_op_call!(GroupCoordinator.input()) :: boolean()
  @spec use_custom_op_call!(GroupCoordinator.input(), keyword()) :: boolean()
  defdelegate use_custom_op_call!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.use_cpu_custom_send_recv`."
  @spec use_cpu_custom_send_recv(GroupCoordinator.input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec use_cpu_custom_send_recv(GroupCoordinator.input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  defdelegate use_cpu_custom_send_recv(
    receiver,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.use_cpu_custom_send_recv!`."
  @spec use_cpu_custom_send_recv!(GroupCoordinator.input()) :: boolean()
  @spec use_cpu_custom_send_recv!(GroupCoordinator.input(), keyword()) ::
          boolean()
  defdelegate use_cpu_custom_send_recv!(
    receiver,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.first_rank`."
  @spec first_rank(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec first_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate first_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.first_rank!`."
  @spec first_rank!(GroupCoordinator.input()) :: integer()
  @spec first_rank!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate first_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.last_rank`."
  @spec last_rank(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec last_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate last_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.last_rank!`."
  @spec last_rank!(GroupCoordinator.input()) :: integer()
  @spec last_rank!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate last_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.is_first_rank`."
  @spec is_first_rank(GroupCoordinator.input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_first_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  defdelegate is_first_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.is_first_rank!`."
  @spec is_first_rank!(GroupCoordinator.input()) :: boolean()
  @spec is_first_rank!(GroupCoordinator.input(), keyword()) :: boolean()
  defdelegate is_first_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.is_last_rank`."
  @spec is_last_rank(GroupCoordinator.input()) ::
          {:ok, boolean()} | {:error, Error.t()}
  @spec is_last_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, boolean()} | {:error, Error.t()}
  defdelegate is_last_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.is_last_rank!`."
  @spec is_last_rank!(GroupCoordinator.input()) :: boolean()
  @spec is_last_rank!(GroupCoordinator.input(), keyword()) :: boolean()
  defdelegate is_last_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.next_rank`."
  @spec next_rank(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec next_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate next_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.next_rank!`."
  @spec next_rank!(GroupCoordinator.input()) :: integer()
  @spec next_rank!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate next_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.prev_rank`."
  @spec prev_rank(GroupCoordinator.input()) ::
          {:ok, integer()} | {:error, Error.t()}
  @spec prev_rank(GroupCoordinator.input(), keyword()) ::
          {:ok, integer()} | {:error, Error.t()}
  defdelegate prev_rank(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.prev_rank!`."
  @spec prev_rank!(GroupCoordinator.input()) :: integer()
  @spec prev_rank!(GroupCoordinator.input(), keyword()) :: integer()
  defdelegate prev_rank!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.graph_capture`."
  @spec graph_capture(GroupCoordinator.input()) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec graph_capture(
    GroupCoordinator.input(),
    GraphCaptureContext.input() | nil | keyword()
  ) ::
          {:ok, Ref.t()} | {:error, Error.t()}
  @spec graph_capture(GroupCoordinator.input(), (term() -> result)) ::
          {:ok, result} | {:error, Error.t()} when result: term()
  @spec graph_capture(
    GroupCoordinator.input(),
    GraphCaptureContext.input() | nil,
    keyword() | (term() -> term())
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec graph_capture(
    Call.arg(GroupCoordinator.input()) | (term() -> term()),
    Call.arg(GraphCaptureContext.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate graph_capture(
    receiver,
    graph_capture_context \\ :__default__,
    opts \\ [],
    fun \\ nil
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.graph_capture!`."
  @spec graph_capture!(GroupCoordinator.input()) :: Ref.t()
  @spec graph_capture!(
    GroupCoordinator.input(),
    GraphCaptureContext.input() | nil | keyword()
  ) ::
          Ref.t()
  @spec graph_capture!(GroupCoordinator.input(), (term() -> result)) ::
          result when result: term()
  @spec graph_capture!(
    GroupCoordinator.input(),
    GraphCaptureContext.input() | nil,
    keyword() | (term() -> term())
  ) ::
          term()
  @spec graph_capture!(
    Call.arg(GroupCoordinator.input()) | (term() -> term()),
    Call.arg(GraphCaptureContext.input() | nil) | (term() -> term()),
    keyword() | (term() -> term()),
    (term() -> term()) | nil
  ) ::
          term()
  defdelegate graph_capture!(
    receiver,
    graph_capture_context \\ :__default__,
    opts \\ [],
    fun \\ nil
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.prepare_communication_buffer_for_model`."
  @spec prepare_communication_buffer_for_model(
    GroupCoordinator.input(),
    Call.object() | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec prepare_communication_buffer_for_model(
    GroupCoordinator.input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  defdelegate prepare_communication_buffer_for_model(
    receiver,
    model,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.prepare_communication_buffer_for_model!`."
  @spec prepare_communication_buffer_for_model!(
    GroupCoordinator.input(),
    Call.object() | keyword()
  ) ::
          nil
  @spec prepare_communication_buffer_for_model!(
    GroupCoordinator.input(),
    Call.arg(Call.object()),
    keyword()
  ) ::
          nil
  defdelegate prepare_communication_buffer_for_model!(
    receiver,
    model,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.dispatch`."
  @spec dispatch(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch(
    GroupCoordinator.input(),
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
    GroupCoordinator.input(),
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
  defdelegate dispatch(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.dispatch!`."
  @spec dispatch!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    Call.tensor() | nil,
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch!(
    GroupCoordinator.input(),
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
    GroupCoordinator.input(),
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
  defdelegate dispatch!(
    receiver,
    hidden_states,
    topk_weights \\ :__default__,
    topk_ids \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    router_logits \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.dispatch_router_logits`."
  @spec dispatch_router_logits(GroupCoordinator.input(), keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec dispatch_router_logits(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate dispatch_router_logits(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.dispatch_router_logits!`."
  @spec dispatch_router_logits!(GroupCoordinator.input(), keyword()) :: term()
  @spec dispatch_router_logits!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [Call.tensor()] | nil,
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec dispatch_router_logits!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([Call.tensor()] | nil),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          term()
  defdelegate dispatch_router_logits!(
    receiver,
    hidden_states,
    router_logits \\ :__default__,
    is_sequence_parallel \\ :__default__,
    extra_tensors \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.combine`."
  @spec combine(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    GroupCoordinator.input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    GroupCoordinator.input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate combine(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.combine!`."
  @spec combine!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec combine!(
    GroupCoordinator.input(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    GroupCoordinator.input(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate combine!(
    receiver,
    hidden_states,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.allocate_combine_input`."
  @spec allocate_combine_input(GroupCoordinator.input(), keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    GroupCoordinator.input(),
    [integer()],
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    GroupCoordinator.input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    GroupCoordinator.input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec allocate_combine_input(
    GroupCoordinator.input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  defdelegate allocate_combine_input(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.allocate_combine_input!`."
  @spec allocate_combine_input!(GroupCoordinator.input(), keyword()) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    GroupCoordinator.input(),
    [integer()],
    keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    GroupCoordinator.input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    GroupCoordinator.input(),
    [integer()],
    Tensor.dtype() | String.t(),
    String.t() | atom(),
    boolean() | keyword()
  ) ::
          Tensor.t() | nil
  @spec allocate_combine_input!(
    GroupCoordinator.input(),
    Call.arg([integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(String.t() | atom()),
    Call.arg(boolean()),
    keyword()
  ) ::
          Tensor.t() | nil
  defdelegate allocate_combine_input!(
    receiver,
    shape,
    dtype \\ :__default__,
    device \\ :__default__,
    is_sequence_parallel \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.combine_into_output`."
  @spec combine_into_output(GroupCoordinator.input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec combine_into_output(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate combine_into_output(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.combine_into_output!`."
  @spec combine_into_output!(GroupCoordinator.input(), keyword()) ::
          Tensor.t()
  @spec combine_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean() | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    boolean(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec combine_into_output!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(boolean()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate combine_into_output!(
    receiver,
    hidden_states,
    output \\ :__default__,
    is_sequence_parallel \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.create_mq_broadcaster`."
  @spec create_mq_broadcaster(GroupCoordinator.input()) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(GroupCoordinator.input(), integer() | keyword()) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    GroupCoordinator.input(),
    integer(),
    term() | keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    GroupCoordinator.input(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  @spec create_mq_broadcaster(
    GroupCoordinator.input(),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, MessageQueue.t()} | {:error, Error.t()}
  defdelegate create_mq_broadcaster(
    receiver,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.create_mq_broadcaster!`."
  @spec create_mq_broadcaster!(GroupCoordinator.input()) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    GroupCoordinator.input(),
    integer() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    GroupCoordinator.input(),
    integer(),
    term() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    GroupCoordinator.input(),
    integer(),
    term(),
    boolean() | keyword()
  ) ::
          MessageQueue.t()
  @spec create_mq_broadcaster!(
    GroupCoordinator.input(),
    Call.arg(integer()),
    Call.arg(term()),
    Call.arg(boolean()),
    keyword()
  ) ::
          MessageQueue.t()
  defdelegate create_mq_broadcaster!(
    receiver,
    writer_rank \\ :__default__,
    external_writer_handle \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.create_single_reader_mq_broadcasters`."
  @spec create_single_reader_mq_broadcasters(GroupCoordinator.input()) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    GroupCoordinator.input(),
    integer() | keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    GroupCoordinator.input(),
    integer(),
    boolean() | keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  @spec create_single_reader_mq_broadcasters(
    GroupCoordinator.input(),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {:ok, {MessageQueue.t(), term()}} | {:error, Error.t()}
  defdelegate create_single_reader_mq_broadcasters(
    receiver,
    reader_rank_in_group \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.create_single_reader_mq_broadcasters!`."
  @spec create_single_reader_mq_broadcasters!(GroupCoordinator.input()) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    GroupCoordinator.input(),
    integer() | keyword()
  ) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    GroupCoordinator.input(),
    integer(),
    boolean() | keyword()
  ) ::
          {MessageQueue.t(), term()}
  @spec create_single_reader_mq_broadcasters!(
    GroupCoordinator.input(),
    Call.arg(integer()),
    Call.arg(boolean()),
    keyword()
  ) ::
          {MessageQueue.t(), term()}
  defdelegate create_single_reader_mq_broadcasters!(
    receiver,
    reader_rank_in_group \\ :__default__,
    blocking \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_object`."
  @spec broadcast_object(GroupCoordinator.input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate broadcast_object(
    receiver,
    obj \\ :__default__,
    src \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_object!`."
  @spec broadcast_object!(GroupCoordinator.input()) :: term()
  @spec broadcast_object!(GroupCoordinator.input(), term() | keyword()) :: term()
  @spec broadcast_object!(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_object!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  defdelegate broadcast_object!(
    receiver,
    obj \\ :__default__,
    src \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_object_list`."
  @spec broadcast_object_list(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_object_list(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate broadcast_object_list(
    receiver,
    obj_list,
    src \\ :__default__,
    group \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_object_list!`."
  @spec broadcast_object_list!(GroupCoordinator.input(), term() | keyword()) ::
          term()
  @spec broadcast_object_list!(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_object_list!(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_object_list!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          term()
  defdelegate broadcast_object_list!(
    receiver,
    obj_list,
    src \\ :__default__,
    group \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_tensor_dict`."
  @spec broadcast_tensor_dict(GroupCoordinator.input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil,
    ProcessGroup.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec broadcast_tensor_dict(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate broadcast_tensor_dict(
    receiver,
    tensor_dict \\ :__default__,
    src \\ :__default__,
    group \\ :__default__,
    metadata_group \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast_tensor_dict!`."
  @spec broadcast_tensor_dict!(GroupCoordinator.input()) :: term()
  @spec broadcast_tensor_dict!(GroupCoordinator.input(), term() | keyword()) ::
          term()
  @spec broadcast_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer(),
    ProcessGroup.input() | nil,
    ProcessGroup.input() | nil | keyword()
  ) ::
          term()
  @spec broadcast_tensor_dict!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg(ProcessGroup.input() | nil),
    Call.arg(ProcessGroup.input() | nil),
    keyword()
  ) ::
          term()
  defdelegate broadcast_tensor_dict!(
    receiver,
    tensor_dict \\ :__default__,
    src \\ :__default__,
    group \\ :__default__,
    metadata_group \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send_object`."
  @spec send_object(GroupCoordinator.input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_object(GroupCoordinator.input(), term(), integer() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send_object(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  defdelegate send_object(
    receiver,
    obj,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send_object!`."
  @spec send_object!(GroupCoordinator.input(), keyword()) :: nil
  @spec send_object!(GroupCoordinator.input(), term(), integer() | keyword()) ::
          nil
  @spec send_object!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          nil
  defdelegate send_object!(
    receiver,
    obj,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.isend_object`."
  @spec isend_object(GroupCoordinator.input(), keyword()) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  @spec isend_object(GroupCoordinator.input(), term(), integer() | keyword()) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  @spec isend_object(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Handle.t()} | {:error, Error.t()}
  defdelegate isend_object(
    receiver,
    obj,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.isend_object!`."
  @spec isend_object!(GroupCoordinator.input(), keyword()) ::
          Handle.t()
  @spec isend_object!(GroupCoordinator.input(), term(), integer() | keyword()) ::
          Handle.t()
  @spec isend_object!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    keyword()
  ) ::
          Handle.t()
  defdelegate isend_object!(
    receiver,
    obj,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv_object`."
  @spec recv_object(GroupCoordinator.input(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_object(
    GroupCoordinator.input(),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate recv_object(receiver, src, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv_object!`."
  @spec recv_object!(GroupCoordinator.input(), integer() | keyword()) :: term()
  @spec recv_object!(
    GroupCoordinator.input(),
    Call.arg(integer()),
    keyword()
  ) ::
          term()
  defdelegate recv_object!(receiver, src, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.barrier`."
  @spec barrier(GroupCoordinator.input()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec barrier(GroupCoordinator.input(), keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  defdelegate barrier(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.barrier!`."
  @spec barrier!(GroupCoordinator.input()) :: nil
  @spec barrier!(GroupCoordinator.input(), keyword()) :: nil
  defdelegate barrier!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_reduce`."
  @spec all_reduce(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate all_reduce(
    receiver,
    input_,
    out \\ :__default__,
    op \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_reduce!`."
  @spec all_reduce!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_reduce!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | nil,
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor() | nil),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  defdelegate all_reduce!(
    receiver,
    input_,
    out \\ :__default__,
    op \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_reduce_`."
  @spec all_reduce_(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    GroupCoordinator.input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_reduce_(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate all_reduce_(
    receiver,
    input_,
    op \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_reduce_!`."
  @spec all_reduce_!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_reduce_!(
    GroupCoordinator.input(),
    Call.tensor(),
    String.t() | atom() | keyword()
  ) ::
          Tensor.t()
  @spec all_reduce_!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(String.t() | atom()),
    keyword()
  ) ::
          Tensor.t()
  defdelegate all_reduce_!(
    receiver,
    input_,
    op \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_gather`."
  @spec all_gather(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec all_gather(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate all_gather(
    receiver,
    input_,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_gather!`."
  @spec all_gather!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec all_gather!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec all_gather!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate all_gather!(
    receiver,
    input_,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_gatherv`."
  @spec all_gatherv(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(GroupCoordinator.input(), term(), integer() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    GroupCoordinator.input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    GroupCoordinator.input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec all_gatherv(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate all_gatherv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.all_gatherv!`."
  @spec all_gatherv!(GroupCoordinator.input(), term() | keyword()) :: term()
  @spec all_gatherv!(GroupCoordinator.input(), term(), integer() | keyword()) ::
          term()
  @spec all_gatherv!(
    GroupCoordinator.input(),
    term(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    GroupCoordinator.input(),
    term(),
    integer(),
    [integer()] | nil,
    term() | keyword()
  ) ::
          term()
  @spec all_gatherv!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  defdelegate all_gatherv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatter`."
  @spec reduce_scatter(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatter(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate reduce_scatter(
    receiver,
    input_,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatter!`."
  @spec reduce_scatter!(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatter!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate reduce_scatter!(
    receiver,
    input_,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatterv`."
  @spec reduce_scatterv(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate reduce_scatterv(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatterv!`."
  @spec reduce_scatterv!(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    [integer()] | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate reduce_scatterv!(
    receiver,
    input_,
    dim \\ :__default__,
    sizes \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatterv_into_output`."
  @spec reduce_scatterv_into_output(GroupCoordinator.input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec reduce_scatterv_into_output(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate reduce_scatterv_into_output(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.reduce_scatterv_into_output!`."
  @spec reduce_scatterv_into_output!(GroupCoordinator.input(), keyword()) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    GroupCoordinator.input(),
    Call.tensor(),
    Call.tensor(),
    integer(),
    [integer()] | nil | keyword()
  ) ::
          Tensor.t()
  @spec reduce_scatterv_into_output!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg([integer()] | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate reduce_scatterv_into_output!(
    receiver,
    input_,
    output \\ :__default__,
    dim \\ :__default__,
    sizes \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_all_reduce_`."
  @spec cpu_all_reduce_(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec cpu_all_reduce_(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate cpu_all_reduce_(receiver, tensor, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.cpu_all_reduce_!`."
  @spec cpu_all_reduce_!(
    GroupCoordinator.input(),
    Call.tensor() | keyword()
  ) ::
          Tensor.t()
  @spec cpu_all_reduce_!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    keyword()
  ) ::
          Tensor.t()
  defdelegate cpu_all_reduce_!(
    receiver,
    tensor,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.gather`."
  @spec gather(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  @spec gather(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t() | nil} | {:error, Error.t()}
  defdelegate gather(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.gather!`."
  @spec gather!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t() | nil
  @spec gather!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    integer() | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer(),
    integer(),
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t() | nil
  @spec gather!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    Call.arg(integer()),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t() | nil
  defdelegate gather!(
    receiver,
    input_,
    dst \\ :__default__,
    dim \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast`."
  @spec broadcast(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec broadcast(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate broadcast(
    receiver,
    input_,
    src \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.broadcast!`."
  @spec broadcast!(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          Tensor.t()
  @spec broadcast!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | keyword()
  ) ::
          Tensor.t()
  @spec broadcast!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer()),
    keyword()
  ) ::
          Tensor.t()
  defdelegate broadcast!(
    receiver,
    input_,
    src \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send`."
  @spec send(GroupCoordinator.input(), Call.tensor() | keyword()) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  @spec send(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          {:ok, nil} | {:error, Error.t()}
  defdelegate send(
    receiver,
    tensor,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send!`."
  @spec send!(GroupCoordinator.input(), Call.tensor() | keyword()) :: nil
  @spec send!(
    GroupCoordinator.input(),
    Call.tensor(),
    integer() | nil | keyword()
  ) ::
          nil
  @spec send!(
    GroupCoordinator.input(),
    Call.arg(Call.tensor()),
    Call.arg(integer() | nil),
    keyword()
  ) ::
          nil
  defdelegate send!(
    receiver,
    tensor,
    dst \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv`."
  @spec recv(GroupCoordinator.input(), keyword()) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  @spec recv(
    GroupCoordinator.input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          {:ok, Tensor.t()} | {:error, Error.t()}
  defdelegate recv(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv!`."
  @spec recv!(GroupCoordinator.input(), keyword()) :: Tensor.t()
  @spec recv!(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t() | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    GroupCoordinator.input(),
    [non_neg_integer()],
    Tensor.dtype() | String.t(),
    integer() | nil,
    Call.tensor() | nil | keyword()
  ) ::
          Tensor.t()
  @spec recv!(
    GroupCoordinator.input(),
    Call.arg([non_neg_integer()]),
    Call.arg(Tensor.dtype() | String.t()),
    Call.arg(integer() | nil),
    Call.arg(Call.tensor() | nil),
    keyword()
  ) ::
          Tensor.t()
  defdelegate recv!(
    receiver,
    size,
    dtype \\ :__default__,
    src \\ :__default__,
    out \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send_tensor_dict`."
  @spec send_tensor_dict(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec send_tensor_dict(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate send_tensor_dict(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.send_tensor_dict!`."
  @spec send_tensor_dict!(GroupCoordinator.input(), term() | keyword()) :: term()
  @spec send_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          term()
  @spec send_tensor_dict!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  defdelegate send_tensor_dict!(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv_tensor_dict`."
  @spec recv_tensor_dict(GroupCoordinator.input()) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  @spec recv_tensor_dict(
    GroupCoordinator.input(),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, term()} | {:error, Error.t()}
  defdelegate recv_tensor_dict(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.recv_tensor_dict!`."
  @spec recv_tensor_dict!(GroupCoordinator.input()) :: term()
  @spec recv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          term()
  @spec recv_tensor_dict!(
    GroupCoordinator.input(),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          term()
  defdelegate recv_tensor_dict!(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.isend_tensor_dict`."
  @spec isend_tensor_dict(GroupCoordinator.input(), term() | keyword()) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  @spec isend_tensor_dict(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, [Handle.t()]} | {:error, Error.t()}
  defdelegate isend_tensor_dict(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.isend_tensor_dict!`."
  @spec isend_tensor_dict!(GroupCoordinator.input(), term() | keyword()) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    GroupCoordinator.input(),
    term(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          [Handle.t()]
  @spec isend_tensor_dict!(
    GroupCoordinator.input(),
    Call.arg(term()),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          [Handle.t()]
  defdelegate isend_tensor_dict!(
    receiver,
    tensor_dict,
    dst \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.irecv_tensor_dict`."
  @spec irecv_tensor_dict(GroupCoordinator.input()) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  @spec irecv_tensor_dict(
    GroupCoordinator.input(),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {:ok, {term(), [Handle.t()], [Ref.t()]}} | {:error, Error.t()}
  defdelegate irecv_tensor_dict(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.irecv_tensor_dict!`."
  @spec irecv_tensor_dict!(GroupCoordinator.input()) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    GroupCoordinator.input(),
    integer() | nil,
    GroupCoordinator.input() | nil,
    term() | keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  @spec irecv_tensor_dict!(
    GroupCoordinator.input(),
    Call.arg(integer() | nil),
    Call.arg(GroupCoordinator.input() | nil),
    Call.arg(term()),
    keyword()
  ) ::
          {term(), [Handle.t()], [Ref.t()]}
  defdelegate irecv_tensor_dict!(
    receiver,
    src \\ :__default__,
    all_gather_group \\ :__default__,
    all_gather_tensors \\ :__default__,
    opts \\ []
  ), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.mq_broadcaster`."
  @spec mq_broadcaster(GroupCoordinator.input()) ::
          {:ok, MessageQueue.t() | nil} | {:error, Error.t()}
  @spec mq_broadcaster(GroupCoordinator.input(), keyword()) ::
          {:ok, MessageQueue.t() | nil} | {:error, Error.t()}
  defdelegate mq_broadcaster(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc since: "0.1.0"
  @doc "As `Vllm.Distributed.GroupCoordinator.mq_broadcaster!`."
  @spec mq_broadcaster!(GroupCoordinator.input()) ::
          MessageQueue.t() | nil
  @spec mq_broadcaster!(GroupCoordinator.input(), keyword()) ::
          MessageQueue.t() | nil
  defdelegate mq_broadcaster!(receiver, opts \\ []), to: Vllm.Distributed.GroupCoordinator

  @doc false
  @spec __specs__() :: [{atom(), Spec.t()}]
  def __specs__ do
    [
      new: @new,
      make_sibling_device_group: @make_sibling_device_group,
      destroy: @destroy,
      size: @size
    ]
  end
end
