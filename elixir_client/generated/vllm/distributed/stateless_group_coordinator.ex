# Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.

defmodule Vllm.Distributed.StatelessGroupCoordinator do
  @moduledoc ~S"""
  A `GroupCoordinator` whose members meet by themselves, apart from torch's world.

  torch.distributed need not be initialised, and is left as it is. Several may overlap over the
  same processes, with any members, and come and go while others live: that is how a world grows
  and shrinks. Every method of `GroupCoordinator` works on it. Besides a CPU and a device group it
  has `tcp_store_group`, a `StatelessProcessGroup` of the same members.

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

  Collective over the members. Raises, and leaves nothing behind: `InvalidRankError` naming a rank
  that is in no list or in two, `InvalidArgumentError` and its kin for other values that make no
  sense, `UnknownBackendError`; `RendezvousError` if host and port cannot be bound, or not reached
  in time; `RollCallTimeoutError` naming the members that did not come; `RollCallMismatchError` if
  members want different groups.
  """
  @new %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.new",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/New",
    params: [
      {:group_ranks, 1, {:list, {:list, :int}}, :required},
      {:local_rank, 2, :int, :required},
      {:torch_distributed_backend, 3, :string, :required},
      {:use_device_communicator, 4, :bool, :required},
      {:use_message_queue_broadcaster, 5, :bool, :optional},
      {:group_name, 6, {:nullable, :string}, :optional},
      {:host, 7, :string, :optional},
      {:group_ports, 8, :term, :optional},
      {:global_rank, 9, :int, :optional},
      {:global_world_size, 10, :int, :optional},
      {:coord_store, 11, :term, :optional},
      {:timeout, 12, {:nullable, :duration}, :optional}
    ],
    result: :group,
    inline: false
  }

  @doc ~S"""
  A `GroupCoordinator` whose members meet by themselves, apart from torch's world.

  torch.distributed need not be initialised, and is left as it is. Several may overlap over the
  same processes, with any members, and come and go while others live: that is how a world grows
  and shrinks. Every method of `GroupCoordinator` works on it. Besides a CPU and a device group it
  has `tcp_store_group`, a `StatelessProcessGroup` of the same members.

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

  Collective over the members. Raises, and leaves nothing behind: `InvalidRankError` naming a rank
  that is in no list or in two, `InvalidArgumentError` and its kin for other values that make no
  sense, `UnknownBackendError`; `RendezvousError` if host and port cannot be bound, or not reached
  in time; `RollCallTimeoutError` naming the members that did not come; `RollCallMismatchError` if
  members want different groups.

  Python: `StatelessGroupCoordinator.new(group_ranks, local_rank, torch_distributed_backend, use_device_communicator, use_message_queue_broadcaster=False, group_name=None, host='127.0.0.1', group_ports=None, global_rank=0, global_world_size=1, coord_store=None, timeout=None)`.

  Collective: every member of the group must make this call.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec new([[integer()]], integer(), String.t(), boolean()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term() | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term(), timeout() | nil | keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  @spec new([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term(), timeout() | nil, keyword()) :: {:ok, Vllm.Distributed.GroupCoordinator.t()} | {:error, Vllm.Error.t()}
  def new(group_ranks, local_rank, torch_distributed_backend, use_device_communicator, use_message_queue_broadcaster \\ :"$unset", group_name \\ :"$unset", host \\ :"$unset", group_ports \\ :"$unset", global_rank \\ :"$unset", global_world_size \\ :"$unset", coord_store \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@new, [group_ranks, local_rank, torch_distributed_backend, use_device_communicator, use_message_queue_broadcaster, group_name, host, group_ports, global_rank, global_world_size, coord_store, timeout, opts])
  end

  @doc "Like `new`, but returns the value itself and raises `Vllm.Error`."
  @spec new!([[integer()]], integer(), String.t(), boolean()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term() | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term(), timeout() | nil | keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  @spec new!([[integer()]], integer(), String.t(), boolean(), boolean(), String.t() | nil, String.t(), term(), integer(), integer(), term(), timeout() | nil, keyword()) :: Vllm.Distributed.GroupCoordinator.t()
  def new!(group_ranks, local_rank, torch_distributed_backend, use_device_communicator, use_message_queue_broadcaster \\ :"$unset", group_name \\ :"$unset", host \\ :"$unset", group_ports \\ :"$unset", global_rank \\ :"$unset", global_world_size \\ :"$unset", coord_store \\ :"$unset", timeout \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(new(group_ranks, local_rank, torch_distributed_backend, use_device_communicator, use_message_queue_broadcaster, group_name, host, group_ports, global_rank, global_world_size, coord_store, timeout, opts))
  end

  @device_communicator %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.device_communicator",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/DeviceCommunicator",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :term,
    inline: true
  }

  @doc ~S"""
  What moves this group's tensors. Every group has one, the world and groups of one too.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec device_communicator(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec device_communicator(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def device_communicator(receiver, opts \\ []) do
    Vllm.Call.run(@device_communicator, [receiver, opts])
  end

  @doc "Like `device_communicator`, but returns the value itself and raises `Vllm.Error`."
  @spec device_communicator!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec device_communicator!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: term()
  def device_communicator!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(device_communicator(receiver, opts))
  end

  @device_group %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.device_group",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/DeviceGroup",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :process_group,
    inline: true
  }

  @doc ~S"""
  The torch process group for tensors on the device.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec device_group(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec device_group(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def device_group(receiver, opts \\ []) do
    Vllm.Call.run(@device_group, [receiver, opts])
  end

  @doc "Like `device_group`, but returns the value itself and raises `Vllm.Error`."
  @spec device_group!(Vllm.Distributed.GroupCoordinator.t()) :: Vllm.Distributed.ProcessGroup.t()
  @spec device_group!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def device_group!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(device_group(receiver, opts))
  end

  @cpu_group %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.cpu_group",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/CpuGroup",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :process_group,
    inline: true
  }

  @doc ~S"""
  The torch process group over gloo, for barriers, objects and CPU tensors.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec cpu_group(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec cpu_group(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def cpu_group(receiver, opts \\ []) do
    Vllm.Call.run(@cpu_group, [receiver, opts])
  end

  @doc "Like `cpu_group`, but returns the value itself and raises `Vllm.Error`."
  @spec cpu_group!(Vllm.Distributed.GroupCoordinator.t()) :: Vllm.Distributed.ProcessGroup.t()
  @spec cpu_group!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def cpu_group!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(cpu_group(receiver, opts))
  end

  @first_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.first_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/FirstRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The global rank of the group's first member.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec first_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec first_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def first_rank(receiver, opts \\ []) do
    Vllm.Call.run(@first_rank, [receiver, opts])
  end

  @doc "Like `first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec first_rank!(Vllm.Distributed.GroupCoordinator.t()) :: integer()
  @spec first_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: integer()
  def first_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(first_rank(receiver, opts))
  end

  @last_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.last_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/LastRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The global rank of the group's last member.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec last_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec last_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def last_rank(receiver, opts \\ []) do
    Vllm.Call.run(@last_rank, [receiver, opts])
  end

  @doc "Like `last_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec last_rank!(Vllm.Distributed.GroupCoordinator.t()) :: integer()
  @spec last_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: integer()
  def last_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(last_rank(receiver, opts))
  end

  @is_first_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.is_first_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/IsFirstRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether this process is the group's first member.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_first_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_first_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_first_rank(receiver, opts \\ []) do
    Vllm.Call.run(@is_first_rank, [receiver, opts])
  end

  @doc "Like `is_first_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_first_rank!(Vllm.Distributed.GroupCoordinator.t()) :: boolean()
  @spec is_first_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: boolean()
  def is_first_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_first_rank(receiver, opts))
  end

  @is_last_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.is_last_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/IsLastRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :bool,
    inline: true
  }

  @doc ~S"""
  Whether this process is the group's last member.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec is_last_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  @spec is_last_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, boolean()} | {:error, Vllm.Error.t()}
  def is_last_rank(receiver, opts \\ []) do
    Vllm.Call.run(@is_last_rank, [receiver, opts])
  end

  @doc "Like `is_last_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec is_last_rank!(Vllm.Distributed.GroupCoordinator.t()) :: boolean()
  @spec is_last_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: boolean()
  def is_last_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(is_last_rank(receiver, opts))
  end

  @next_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.next_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/NextRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The global rank after this process's in the group; the first one's after the last.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec next_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec next_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def next_rank(receiver, opts \\ []) do
    Vllm.Call.run(@next_rank, [receiver, opts])
  end

  @doc "Like `next_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec next_rank!(Vllm.Distributed.GroupCoordinator.t()) :: integer()
  @spec next_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: integer()
  def next_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(next_rank(receiver, opts))
  end

  @prev_rank %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.prev_rank",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/PrevRank",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: true
  }

  @doc ~S"""
  The global rank before this process's in the group; the last one's before the first.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec prev_rank(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec prev_rank(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def prev_rank(receiver, opts \\ []) do
    Vllm.Call.run(@prev_rank, [receiver, opts])
  end

  @doc "Like `prev_rank`, but returns the value itself and raises `Vllm.Error`."
  @spec prev_rank!(Vllm.Distributed.GroupCoordinator.t()) :: integer()
  @spec prev_rank!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: integer()
  def prev_rank!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(prev_rank(receiver, opts))
  end

  @make_sibling_device_group %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.make_sibling_device_group",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/MakeSiblingDeviceGroup",
    params: [
      {:receiver, 1, :group, :required},
      {:group_desc, 2, {:nullable, :string}, :optional}
    ],
    result: :process_group,
    inline: false
  }

  @doc ~S"""
  Return a second device process group with the same members, for work that runs beside
  the first one's.

  Collective over the group; the member that serves its store must not have destroyed it.
  Raises `RollCallTimeoutError` naming the members that did not come, `StoreLostError`.
  `destroy` destroys it too.

  Python: `StatelessGroupCoordinator.make_sibling_device_group(group_desc=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec make_sibling_device_group(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec make_sibling_device_group(Vllm.Distributed.GroupCoordinator.t(), String.t() | nil | keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  @spec make_sibling_device_group(Vllm.Distributed.GroupCoordinator.t(), String.t() | nil, keyword()) :: {:ok, Vllm.Distributed.ProcessGroup.t()} | {:error, Vllm.Error.t()}
  def make_sibling_device_group(receiver, group_desc \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@make_sibling_device_group, [receiver, group_desc, opts])
  end

  @doc "Like `make_sibling_device_group`, but returns the value itself and raises `Vllm.Error`."
  @spec make_sibling_device_group!(Vllm.Distributed.GroupCoordinator.t()) :: Vllm.Distributed.ProcessGroup.t()
  @spec make_sibling_device_group!(Vllm.Distributed.GroupCoordinator.t(), String.t() | nil | keyword()) :: Vllm.Distributed.ProcessGroup.t()
  @spec make_sibling_device_group!(Vllm.Distributed.GroupCoordinator.t(), String.t() | nil, keyword()) :: Vllm.Distributed.ProcessGroup.t()
  def make_sibling_device_group!(receiver, group_desc \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(make_sibling_device_group(receiver, group_desc, opts))
  end

  @destroy %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.destroy",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Destroy",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Destroy the group's process groups and its store, and free its name. Idempotent, local
  to the process.

  Any later operation raises `GroupDestroyedError`.

  Python: `StatelessGroupCoordinator.destroy()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec destroy(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec destroy(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def destroy(receiver, opts \\ []) do
    Vllm.Call.run(@destroy, [receiver, opts])
  end

  @doc "Like `destroy`, but returns the value itself and raises `Vllm.Error`."
  @spec destroy!(Vllm.Distributed.GroupCoordinator.t()) :: nil
  @spec destroy!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: nil
  def destroy!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(destroy(receiver, opts))
  end

  @graph_capture %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.graph_capture",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/GraphCapture",
    params: [
      {:receiver, 1, :group, :required},
      {:graph_capture_context, 2, :term, :optional}
    ],
    result: :term,
    inline: false,
    context_manager: true
  }

  @doc ~S"""
  Run a block on a side stream of the group's device, in which a graph can be captured.

  Yields `graph_capture_context`, or a new one with a new stream where None is given. The
  stream waits for what the current one has been given, and on leaving the other way round;
  the current stream is put back also after an exception. On the CPU there is no stream, and
  nothing is done. Local to the process; the collectives inside are not.

  Python: `StatelessGroupCoordinator.graph_capture(graph_capture_context=None)`.

  The call goes to the session that the object came from.

  Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, enters the context, runs the function with its value, exits it and returns what the function returned.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t(), term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t(), term(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  @spec graph_capture(Vllm.Distributed.GroupCoordinator.t(), term(), keyword(), (term() -> result)) :: {:ok, result} | {:error, Vllm.Error.t()} when result: term()
  def graph_capture(receiver, graph_capture_context \\ :"$unset", opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Call.run(@graph_capture, [receiver, graph_capture_context, opts, fun])
  end

  @doc "Like `graph_capture`, but returns the value itself and raises `Vllm.Error`."
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: term()
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t(), term(), keyword()) :: term()
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t(), (term() -> result)) :: result when result: term()
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t(), term(), (term() -> result)) :: result when result: term()
  @spec graph_capture!(Vllm.Distributed.GroupCoordinator.t(), term(), keyword(), (term() -> result)) :: result when result: term()
  def graph_capture!(receiver, graph_capture_context \\ :"$unset", opts \\ :"$unset", fun \\ :"$unset") do
    Vllm.Error.unwrap!(graph_capture(receiver, graph_capture_context, opts, fun))
  end

  @prepare_communication_buffer_for_model %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.prepare_communication_buffer_for_model",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/PrepareCommunicationBufferForModel",
    params: [
      {:receiver, 1, :group, :required},
      {:model, 2, :term, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Let the group's communicator size its buffers from `model`.

  The communicators here need none; one of one's own may. Local to the process.

  Python: `StatelessGroupCoordinator.prepare_communication_buffer_for_model(model)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec prepare_communication_buffer_for_model(Vllm.Distributed.GroupCoordinator.t(), term()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec prepare_communication_buffer_for_model(Vllm.Distributed.GroupCoordinator.t(), term(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def prepare_communication_buffer_for_model(receiver, model, opts \\ []) do
    Vllm.Call.run(@prepare_communication_buffer_for_model, [receiver, model, opts])
  end

  @doc "Like `prepare_communication_buffer_for_model`, but returns the value itself and raises `Vllm.Error`."
  @spec prepare_communication_buffer_for_model!(Vllm.Distributed.GroupCoordinator.t(), term()) :: nil
  @spec prepare_communication_buffer_for_model!(Vllm.Distributed.GroupCoordinator.t(), term(), keyword()) :: nil
  def prepare_communication_buffer_for_model!(receiver, model, opts \\ []) do
    Vllm.Error.unwrap!(prepare_communication_buffer_for_model(receiver, model, opts))
  end

  @dispatch %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.dispatch",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Dispatch",
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

  @doc ~S"""
  Return (hidden_states, topk_weights, topk_ids) of the tokens of all ranks, in rank order.

  Every tensor has a row for each token; ranks may have different numbers of tokens, none
  included. `extra_tensors`, such as quantisation scales, are returned as a list after the
  others. In place of weights and ids `router_logits` can be given, as vLLM 0.14 has it; then
  (hidden_states, router_logits) is returned. `sizes` is each rank's number of tokens, the
  same on all; without it ranks tell each other, which costs a small exchange on the CPU
  group, and cannot be captured in a graph.

  On the expert parallel group the ranks whose tokens differ are those of the data and
  prefill context parallel groups, or with `is_sequence_parallel` all of the group's; on any
  other group all of the group's. Collective over those. The algorithm is vLLM's
  `allgather_reducescatter`; the other backends of the current ParallelConfig's
  `all2all_backend` raise `LibraryMissingError`. Raises `InvalidArgumentError` if the numbers
  of rows differ, or `sizes` do not fit.

  Python: `StatelessGroupCoordinator.dispatch(hidden_states, topk_weights=None, topk_ids=None, is_sequence_parallel=False, extra_tensors=None, sizes=None, router_logits=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def dispatch(receiver, hidden_states, topk_weights \\ :"$unset", topk_ids \\ :"$unset", is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", router_logits \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@dispatch, [receiver, hidden_states, topk_weights, topk_ids, is_sequence_parallel, extra_tensors, sizes, router_logits, opts])
  end

  @doc "Like `dispatch`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean() | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil | keyword()) :: term()
  @spec dispatch!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t() | nil, Vllm.Tensor.t() | nil, boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, Vllm.Tensor.t() | nil, keyword()) :: term()
  def dispatch!(receiver, hidden_states, topk_weights \\ :"$unset", topk_ids \\ :"$unset", is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", router_logits \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(dispatch(receiver, hidden_states, topk_weights, topk_ids, is_sequence_parallel, extra_tensors, sizes, router_logits, opts))
  end

  @dispatch_router_logits %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.dispatch_router_logits",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/DispatchRouterLogits",
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

  @doc ~S"""
  Return (hidden_states, router_logits) of the tokens of all ranks, in rank order.

  As `dispatch`, for layers that choose the experts after it.

  Python: `StatelessGroupCoordinator.dispatch_router_logits(hidden_states, router_logits, is_sequence_parallel=False, extra_tensors=None, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec dispatch_router_logits(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec dispatch_router_logits(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def dispatch_router_logits(receiver, hidden_states, router_logits, is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@dispatch_router_logits, [receiver, hidden_states, router_logits, is_sequence_parallel, extra_tensors, sizes, opts])
  end

  @doc "Like `dispatch_router_logits`, but returns the value itself and raises `Vllm.Error`."
  @spec dispatch_router_logits!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t()) :: term()
  @spec dispatch_router_logits!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean() | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil | keyword()) :: term()
  @spec dispatch_router_logits!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), Vllm.Tensor.t(), boolean(), [Vllm.Tensor.t()] | nil, [integer()] | nil, keyword()) :: term()
  def dispatch_router_logits!(receiver, hidden_states, router_logits, is_sequence_parallel \\ :"$unset", extra_tensors \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(dispatch_router_logits(receiver, hidden_states, router_logits, is_sequence_parallel, extra_tensors, sizes, opts))
  end

  @combine %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.combine",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Combine",
    params: [
      {:receiver, 1, :group, :required},
      {:hidden_states, 2, :tensor, :required},
      {:is_sequence_parallel, 3, :bool, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's own tokens, summed over the ranks that `dispatch` brought together.

  `hidden_states` has a row for each token that the last `dispatch` with the same
  `is_sequence_parallel` returned, holding this rank's contribution. `sizes` is as for
  `dispatch`, and by default what it was there. Collective over the same ranks. Raises
  `InvalidArgumentError` without a dispatch before it or for another number of rows.

  Python: `StatelessGroupCoordinator.combine(hidden_states, is_sequence_parallel=False, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec combine(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec combine(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def combine(receiver, hidden_states, is_sequence_parallel \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@combine, [receiver, hidden_states, is_sequence_parallel, sizes, opts])
  end

  @doc "Like `combine`, but returns the value itself and raises `Vllm.Error`."
  @spec combine!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean() | keyword()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil | keyword()) :: Vllm.Tensor.t()
  @spec combine!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), boolean(), [integer()] | nil, keyword()) :: Vllm.Tensor.t()
  def combine!(receiver, hidden_states, is_sequence_parallel \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(combine(receiver, hidden_states, is_sequence_parallel, sizes, opts))
  end

  @create_mq_broadcaster %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.create_mq_broadcaster",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/CreateMqBroadcaster",
    params: [
      {:receiver, 1, :group, :required},
      {:writer_rank, 2, :int, :optional},
      {:external_writer_handle, 3, :term, :optional},
      {:blocking, 4, :bool, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return this rank's endpoint of a new `MessageQueue` from `writer_rank` to the others.

  `writer_rank` counts inside the group. With an `external_writer_handle`, which `writer_rank`
  passes, the writer is a process outside of the group and all its ranks are readers. Waits
  until everybody is ready, unless `blocking` is False: then each calls `wait_until_ready`.
  The caller owns the endpoint and shuts it down. Raises `InvalidRankError`,
  `MessageQueueError`, `MessageQueueTimeoutError`. Collective over the group.

  Python: `StatelessGroupCoordinator.create_mq_broadcaster(writer_rank=0, external_writer_handle=None, blocking=True)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create_mq_broadcaster(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_mq_broadcaster(Vllm.Distributed.GroupCoordinator.t(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_mq_broadcaster(Vllm.Distributed.GroupCoordinator.t(), integer(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_mq_broadcaster(Vllm.Distributed.GroupCoordinator.t(), integer(), term(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_mq_broadcaster(Vllm.Distributed.GroupCoordinator.t(), integer(), term(), boolean(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def create_mq_broadcaster(receiver, writer_rank \\ :"$unset", external_writer_handle \\ :"$unset", blocking \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@create_mq_broadcaster, [receiver, writer_rank, external_writer_handle, blocking, opts])
  end

  @doc "Like `create_mq_broadcaster`, but returns the value itself and raises `Vllm.Error`."
  @spec create_mq_broadcaster!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec create_mq_broadcaster!(Vllm.Distributed.GroupCoordinator.t(), integer() | keyword()) :: term()
  @spec create_mq_broadcaster!(Vllm.Distributed.GroupCoordinator.t(), integer(), term() | keyword()) :: term()
  @spec create_mq_broadcaster!(Vllm.Distributed.GroupCoordinator.t(), integer(), term(), boolean() | keyword()) :: term()
  @spec create_mq_broadcaster!(Vllm.Distributed.GroupCoordinator.t(), integer(), term(), boolean(), keyword()) :: term()
  def create_mq_broadcaster!(receiver, writer_rank \\ :"$unset", external_writer_handle \\ :"$unset", blocking \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(create_mq_broadcaster(receiver, writer_rank, external_writer_handle, blocking, opts))
  end

  @create_single_reader_mq_broadcasters %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.create_single_reader_mq_broadcasters",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/CreateSingleReaderMqBroadcasters",
    params: [
      {:receiver, 1, :group, :required},
      {:reader_rank_in_group, 2, :int, :optional},
      {:blocking, 3, :bool, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return (queue, handles): a new `MessageQueue` from this rank to the reader, and, on the
  reader, the handles of all ranks' queues.

  Every rank of the group writes to a queue of its own, the reader too. The reader calls
  `MessageQueue.create_from_handle(handle, 0)` with each handle, and every endpoint
  `wait_until_ready` then; elsewhere handles is empty. The caller owns the endpoints. Raises
  `InvalidRankError`, `MessageQueueError`. Collective over the group.

  Python: `StatelessGroupCoordinator.create_single_reader_mq_broadcasters(reader_rank_in_group=0, blocking=False)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec create_single_reader_mq_broadcasters(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_single_reader_mq_broadcasters(Vllm.Distributed.GroupCoordinator.t(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_single_reader_mq_broadcasters(Vllm.Distributed.GroupCoordinator.t(), integer(), boolean() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec create_single_reader_mq_broadcasters(Vllm.Distributed.GroupCoordinator.t(), integer(), boolean(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def create_single_reader_mq_broadcasters(receiver, reader_rank_in_group \\ :"$unset", blocking \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@create_single_reader_mq_broadcasters, [receiver, reader_rank_in_group, blocking, opts])
  end

  @doc "Like `create_single_reader_mq_broadcasters`, but returns the value itself and raises `Vllm.Error`."
  @spec create_single_reader_mq_broadcasters!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec create_single_reader_mq_broadcasters!(Vllm.Distributed.GroupCoordinator.t(), integer() | keyword()) :: term()
  @spec create_single_reader_mq_broadcasters!(Vllm.Distributed.GroupCoordinator.t(), integer(), boolean() | keyword()) :: term()
  @spec create_single_reader_mq_broadcasters!(Vllm.Distributed.GroupCoordinator.t(), integer(), boolean(), keyword()) :: term()
  def create_single_reader_mq_broadcasters!(receiver, reader_rank_in_group \\ :"$unset", blocking \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(create_single_reader_mq_broadcasters(receiver, reader_rank_in_group, blocking, opts))
  end

  @broadcast_object %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.broadcast_object",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/BroadcastObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :optional},
      {:src, 3, :int, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the object of `src`; other ranks' `obj` is ignored.

  Objects travel encoded as plain values, see `object_codec`; one that cannot is an
  `EncodingError` on `src`. Goes through the message queue where the group has one and `src`
  is 0. Collective over the group.

  Python: `StatelessGroupCoordinator.broadcast_object(obj=None, src=0)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_object(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_object(receiver, obj \\ :"$unset", src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast_object, [receiver, obj, src, opts])
  end

  @doc "Like `broadcast_object`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec broadcast_object!(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: term()
  @spec broadcast_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: term()
  @spec broadcast_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: term()
  def broadcast_object!(receiver, obj \\ :"$unset", src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast_object(receiver, obj, src, opts))
  end

  @broadcast_object_list %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.broadcast_object_list",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/BroadcastObjectList",
    params: [
      {:receiver, 1, :group, :required},
      {:obj_list, 2, :term, :required},
      {:src, 3, :int, :optional},
      {:group, 4, {:nullable, :process_group}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Replace the entries of `obj_list` by those of `src`, and return the list.

  All ranks pass lists of the same length. `group` is the process group to use in place of
  this coordinator's CPU group; this rank and `src` (still counted inside this coordinator)
  must be in it. Raises `InvalidRankError` if not, `InvalidArgumentError` if the lengths
  differ. Collective over `group`.

  Python: `StatelessGroupCoordinator.broadcast_object_list(obj_list, src=0, group=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_object_list(Vllm.Distributed.GroupCoordinator.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object_list(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object_list(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_object_list(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_object_list(receiver, obj_list, src \\ :"$unset", group \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast_object_list, [receiver, obj_list, src, group, opts])
  end

  @doc "Like `broadcast_object_list`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_object_list!(Vllm.Distributed.GroupCoordinator.t(), term()) :: term()
  @spec broadcast_object_list!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: term()
  @spec broadcast_object_list!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: term()
  @spec broadcast_object_list!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, keyword()) :: term()
  def broadcast_object_list!(receiver, obj_list, src \\ :"$unset", group \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast_object_list(receiver, obj_list, src, group, opts))
  end

  @broadcast_tensor_dict %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.broadcast_tensor_dict",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/BroadcastTensorDict",
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

  @doc ~S"""
  Return the dict of `src`: tensors, also within nested dicts, lists and tuples, and plain
  values.

  Other ranks pass None. `metadata_group` is the process group for the description and CPU
  tensors in place of the CPU group, `group` the one for tensors on a device in place of the
  device group; this rank and `src` must be in them. `src` gets its own dict back. Raises
  `InvalidTypeError` if `src` passes no dict, `EncodingError` for values that cannot travel.
  Collective over the group.

  Python: `StatelessGroupCoordinator.broadcast_tensor_dict(tensor_dict=None, src=0, group=None, metadata_group=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec broadcast_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, Vllm.Distributed.ProcessGroup.t() | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def broadcast_tensor_dict(receiver, tensor_dict \\ :"$unset", src \\ :"$unset", group \\ :"$unset", metadata_group \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast_tensor_dict, [receiver, tensor_dict, src, group, metadata_group, opts])
  end

  @doc "Like `broadcast_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term() | keyword()) :: term()
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: term()
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: term()
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, Vllm.Distributed.ProcessGroup.t() | nil | keyword()) :: term()
  @spec broadcast_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), Vllm.Distributed.ProcessGroup.t() | nil, Vllm.Distributed.ProcessGroup.t() | nil, keyword()) :: term()
  def broadcast_tensor_dict!(receiver, tensor_dict \\ :"$unset", src \\ :"$unset", group \\ :"$unset", metadata_group \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast_tensor_dict(receiver, tensor_dict, src, group, metadata_group, opts))
  end

  @send_object %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.send_object",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/SendObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send an object to `dst`, which calls `recv_object`.

  Raises `InvalidRankError` if `dst` is out of range or this rank itself, `EncodingError` for
  an object that cannot travel, before anything is sent.

  Python: `StatelessGroupCoordinator.send_object(obj, dst)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def send_object(receiver, obj, dst, opts \\ []) do
    Vllm.Call.run(@send_object, [receiver, obj, dst, opts])
  end

  @doc "Like `send_object`, but returns the value itself and raises `Vllm.Error`."
  @spec send_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer()) :: nil
  @spec send_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: nil
  def send_object!(receiver, obj, dst, opts \\ []) do
    Vllm.Error.unwrap!(send_object(receiver, obj, dst, opts))
  end

  @isend_object %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.isend_object",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/IsendObject",
    params: [
      {:receiver, 1, :group, :required},
      {:obj, 2, :term, :required},
      {:dst, 3, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Start to send an object to `dst`, which calls `recv_object`; return a handle to wait for.

  The object is encoded at once, and may be changed. Raises as `send_object` does.

  Python: `StatelessGroupCoordinator.isend_object(obj, dst)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec isend_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec isend_object(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def isend_object(receiver, obj, dst, opts \\ []) do
    Vllm.Call.run(@isend_object, [receiver, obj, dst, opts])
  end

  @doc "Like `isend_object`, but returns the value itself and raises `Vllm.Error`."
  @spec isend_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer()) :: term()
  @spec isend_object!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), keyword()) :: term()
  def isend_object!(receiver, obj, dst, opts \\ []) do
    Vllm.Error.unwrap!(isend_object(receiver, obj, dst, opts))
  end

  @recv_object %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.recv_object",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/RecvObject",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, :int, :required}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the object that `src` sends with `send_object`.

  Raises `InvalidRankError` if `src` is out of range or this rank itself.

  Python: `StatelessGroupCoordinator.recv_object(src)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv_object(Vllm.Distributed.GroupCoordinator.t(), integer()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_object(Vllm.Distributed.GroupCoordinator.t(), integer(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def recv_object(receiver, src, opts \\ []) do
    Vllm.Call.run(@recv_object, [receiver, src, opts])
  end

  @doc "Like `recv_object`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_object!(Vllm.Distributed.GroupCoordinator.t(), integer()) :: term()
  @spec recv_object!(Vllm.Distributed.GroupCoordinator.t(), integer(), keyword()) :: term()
  def recv_object!(receiver, src, opts \\ []) do
    Vllm.Error.unwrap!(recv_object(receiver, src, opts))
  end

  @barrier %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.barrier",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Barrier",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Return when every rank of the group has called it.

  Uses the CPU group. Raises `CollectiveTimeoutError` if a rank does not come before the
  timeout. Collective over the group.

  Python: `StatelessGroupCoordinator.barrier()`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec barrier(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec barrier(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def barrier(receiver, opts \\ []) do
    Vllm.Call.run(@barrier, [receiver, opts])
  end

  @doc "Like `barrier`, but returns the value itself and raises `Vllm.Error`."
  @spec barrier!(Vllm.Distributed.GroupCoordinator.t()) :: nil
  @spec barrier!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: nil
  def barrier!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(barrier(receiver, opts))
  end

  @all_reduce %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.all_reduce",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/AllReduce",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the sum of the group's tensors in a new tensor; the input is not changed.

  All ranks pass the same shape and dtype. Over gloo 16-bit floats are summed in their own
  precision; integers wrap around; booleans are combined by or. Raises
  `UnsupportedDtypeError`, before anything is sent, for a dtype that has no exact sum over
  the backend. Collective over the group.

  Python: `StatelessGroupCoordinator.all_reduce(input_)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce(receiver, input_, opts \\ []) do
    Vllm.Call.run(@all_reduce, [receiver, input_, opts])
  end

  @doc "Like `all_reduce`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_reduce!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce!(receiver, input_, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce(receiver, input_, opts))
  end

  @all_reduce_in_place %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.all_reduce_",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/AllReduceInPlace",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Replace `input_` by the sum of the group's tensors, and return it.

  As `all_reduce`, but in place and so without a new tensor. Raises `InvalidArgumentError` for
  one with several elements in the same place in memory, such as an expanded one. Collective
  over the group.

  Python: `StatelessGroupCoordinator.all_reduce_(input_)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_reduce_(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_reduce_(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_reduce_(receiver, input_, opts \\ []) do
    Vllm.Call.run(@all_reduce_in_place, [receiver, input_, opts])
  end

  @doc "Like `all_reduce_`, but returns the value itself and raises `Vllm.Error`."
  @spec all_reduce_!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_reduce_!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), keyword()) :: Vllm.Tensor.t()
  def all_reduce_!(receiver, input_, opts \\ []) do
    Vllm.Error.unwrap!(all_reduce_(receiver, input_, opts))
  end

  @all_gather %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.all_gather",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/AllGather",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the tensors of all ranks, in rank order, concatenated along `dim`.

  All ranks pass the same shape and dtype; the result's extent along `dim` is the input's
  times the group's size. Tensors without dims become a vector. Raises
  `InvalidArgumentError` if `dim` is out of range. Collective over the group.

  Python: `StatelessGroupCoordinator.all_gather(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec all_gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def all_gather(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@all_gather, [receiver, input_, dim, opts])
  end

  @doc "Like `all_gather`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec all_gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec all_gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def all_gather!(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(all_gather(receiver, input_, dim, opts))
  end

  @all_gatherv %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.all_gatherv",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/AllGatherv",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :term, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the tensors of all ranks, of different extents along `dim`, concatenated along it.

  `sizes` is each rank's extent along `dim`, the same list on every rank; without it all are
  equal. A list of tensors gives a list of results, for which `sizes` holds each time; all are
  checked before the first is sent. Raises `InvalidArgumentError` if this rank's entry is not
  its tensor's extent. Collective over the group.

  Python: `StatelessGroupCoordinator.all_gatherv(input_, dim=0, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec all_gatherv(Vllm.Distributed.GroupCoordinator.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), [integer()] | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec all_gatherv(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), [integer()] | nil, keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def all_gatherv(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@all_gatherv, [receiver, input_, dim, sizes, opts])
  end

  @doc "Like `all_gatherv`, but returns the value itself and raises `Vllm.Error`."
  @spec all_gatherv!(Vllm.Distributed.GroupCoordinator.t(), term()) :: term()
  @spec all_gatherv!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | keyword()) :: term()
  @spec all_gatherv!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), [integer()] | nil | keyword()) :: term()
  @spec all_gatherv!(Vllm.Distributed.GroupCoordinator.t(), term(), integer(), [integer()] | nil, keyword()) :: term()
  def all_gatherv!(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(all_gatherv(receiver, input_, dim, sizes, opts))
  end

  @reduce_scatter %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.reduce_scatter",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/ReduceScatter",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's equal part, along `dim`, of the sum of the group's tensors.

  All ranks pass the same shape and dtype; rank i gets the i-th part. Dtypes as for
  `all_reduce`. Raises `InvalidArgumentError` if `dim` is out of range or its extent does not
  divide by the group's size. Collective over the group.

  Python: `StatelessGroupCoordinator.reduce_scatter(input_, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatter(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatter(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatter(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@reduce_scatter, [receiver, input_, dim, opts])
  end

  @doc "Like `reduce_scatter`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatter!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec reduce_scatter!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatter!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def reduce_scatter!(receiver, input_, dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(reduce_scatter(receiver, input_, dim, opts))
  end

  @reduce_scatterv %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.reduce_scatterv",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/ReduceScatterv",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dim, 3, :int, :optional},
      {:sizes, 4, {:nullable, {:list, :int}}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return this rank's part, `sizes[rank_in_group]` along `dim`, of the group's sum.

  As `reduce_scatter`, for parts of different extents; `sizes` is the same list on every rank
  and sums to the input's extent. Raises `InvalidArgumentError` if not. Collective over the
  group.

  Python: `StatelessGroupCoordinator.reduce_scatterv(input_, dim=-1, sizes=None)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec reduce_scatterv(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), [integer()] | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec reduce_scatterv(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), [integer()] | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def reduce_scatterv(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@reduce_scatterv, [receiver, input_, dim, sizes, opts])
  end

  @doc "Like `reduce_scatterv`, but returns the value itself and raises `Vllm.Error`."
  @spec reduce_scatterv!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), [integer()] | nil | keyword()) :: Vllm.Tensor.t()
  @spec reduce_scatterv!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), [integer()] | nil, keyword()) :: Vllm.Tensor.t()
  def reduce_scatterv!(receiver, input_, dim \\ :"$unset", sizes \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(reduce_scatterv(receiver, input_, dim, sizes, opts))
  end

  @gather %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.gather",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Gather",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:dst, 3, :int, :optional},
      {:dim, 4, :int, :optional}
    ],
    result: {:nullable, :tensor},
    inline: false
  }

  @doc ~S"""
  Return, on `dst`, the tensors of all ranks concatenated along `dim`; elsewhere None.

  All ranks pass the same shape and dtype. Raises `InvalidRankError` or
  `InvalidArgumentError` for a `dst` or `dim` out of range. Collective over the group.

  Python: `StatelessGroupCoordinator.gather(input_, dst=0, dim=-1)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), integer() | keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  @spec gather(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), integer(), keyword()) :: {:ok, Vllm.Tensor.t() | nil} | {:error, Vllm.Error.t()}
  def gather(receiver, input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@gather, [receiver, input_, dst, dim, opts])
  end

  @doc "Like `gather`, but returns the value itself and raises `Vllm.Error`."
  @spec gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), integer() | keyword()) :: Vllm.Tensor.t() | nil
  @spec gather!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), integer(), keyword()) :: Vllm.Tensor.t() | nil
  def gather!(receiver, input_, dst \\ :"$unset", dim \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(gather(receiver, input_, dst, dim, opts))
  end

  @broadcast %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.broadcast",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Broadcast",
    params: [
      {:receiver, 1, :group, :required},
      {:input_, 2, :tensor, :required},
      {:src, 3, :int, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Replace `input_` by the tensor of `src`, and return it.

  All ranks pass the same shape and dtype, any dtype. Raises `InvalidRankError` for a `src`
  out of range, `InvalidArgumentError` for a tensor with several elements in the same place
  in memory, such as an expanded one. Collective over the group.

  Python: `StatelessGroupCoordinator.broadcast(input_, src=0)`.

  Collective: every member of the group must make this call.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec broadcast(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec broadcast(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec broadcast(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def broadcast(receiver, input_, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@broadcast, [receiver, input_, src, opts])
  end

  @doc "Like `broadcast`, but returns the value itself and raises `Vllm.Error`."
  @spec broadcast!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: Vllm.Tensor.t()
  @spec broadcast!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | keyword()) :: Vllm.Tensor.t()
  @spec broadcast!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer(), keyword()) :: Vllm.Tensor.t()
  def broadcast!(receiver, input_, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(broadcast(receiver, input_, src, opts))
  end

  @send %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.send",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Send",
    params: [
      {:receiver, 1, :group, :required},
      {:tensor, 2, :tensor, :required},
      {:dst, 3, {:nullable, :int}, :optional}
    ],
    result: :none,
    inline: false
  }

  @doc ~S"""
  Send a tensor to `dst` (default: the next rank), which calls `recv` with its shape and
  dtype.

  Empty tensors are not sent at all. Raises `InvalidRankError` if `dst` is out of range or
  this rank itself.

  Python: `StatelessGroupCoordinator.send(tensor, dst=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | nil | keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  @spec send(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | nil, keyword()) :: {:ok, nil} | {:error, Vllm.Error.t()}
  def send(receiver, tensor, dst \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@send, [receiver, tensor, dst, opts])
  end

  @doc "Like `send`, but returns the value itself and raises `Vllm.Error`."
  @spec send!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t()) :: nil
  @spec send!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | nil | keyword()) :: nil
  @spec send!(Vllm.Distributed.GroupCoordinator.t(), Vllm.Tensor.t(), integer() | nil, keyword()) :: nil
  def send!(receiver, tensor, dst \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(send(receiver, tensor, dst, opts))
  end

  @recv %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.recv",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Recv",
    params: [
      {:receiver, 1, :group, :required},
      {:size, 2, {:list, :int}, :required},
      {:dtype, 3, :dtype, :required},
      {:src, 4, {:nullable, :int}, :optional}
    ],
    result: :tensor,
    inline: false
  }

  @doc ~S"""
  Return the tensor of this shape and dtype that `src` (default: the previous rank) sends.

  Raises `InvalidRankError` if `src` is out of range or this rank itself, `InvalidTypeError`
  or `InvalidArgumentError` for what is no shape or dtype.

  Python: `StatelessGroupCoordinator.recv(size, dtype, src=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec recv(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil | keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  @spec recv(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil, keyword()) :: {:ok, Vllm.Tensor.t()} | {:error, Vllm.Error.t()}
  def recv(receiver, size, dtype, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@recv, [receiver, size, dtype, src, opts])
  end

  @doc "Like `recv`, but returns the value itself and raises `Vllm.Error`."
  @spec recv!(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype()) :: Vllm.Tensor.t()
  @spec recv!(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil | keyword()) :: Vllm.Tensor.t()
  @spec recv!(Vllm.Distributed.GroupCoordinator.t(), [non_neg_integer()], Vllm.Tensor.dtype(), integer() | nil, keyword()) :: Vllm.Tensor.t()
  def recv!(receiver, size, dtype, src \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(recv(receiver, size, dtype, src, opts))
  end

  @send_tensor_dict %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.send_tensor_dict",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/SendTensorDict",
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

  @doc ~S"""
  Send a dict of tensors, also nested ones, and plain values to `dst` (default: the next
  rank). Returns None.

  `all_gather_group` (the tensor-parallel group, as a rule) says that its ranks hold the same
  tensors and each send them to a rank that will have them all: then each sends its slice
  only, and the receivers gather. That is done for tensors whose element count divides by the
  group's size, unless `all_gather_tensors` says False for their top-level key. Both sides
  pass the same. On a group of one, without `dst`, nothing is sent and the dict is returned.
  Raises `InvalidRankError`, `InvalidTypeError` or `EncodingError` before anything is sent.
  Called by the sender, while `dst` calls `recv_tensor_dict`.

  Python: `StatelessGroupCoordinator.send_tensor_dict(tensor_dict, dst=None, all_gather_group=None, all_gather_tensors=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec send_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec send_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec send_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec send_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec send_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def send_tensor_dict(receiver, tensor_dict, dst \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@send_tensor_dict, [receiver, tensor_dict, dst, all_gather_group, all_gather_tensors, opts])
  end

  @doc "Like `send_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec send_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term()) :: term()
  @spec send_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil | keyword()) :: term()
  @spec send_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: term()
  @spec send_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: term()
  @spec send_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: term()
  def send_tensor_dict!(receiver, tensor_dict, dst \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(send_tensor_dict(receiver, tensor_dict, dst, all_gather_group, all_gather_tensors, opts))
  end

  @recv_tensor_dict %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.recv_tensor_dict",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/RecvTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, {:nullable, :int}, :optional},
      {:all_gather_group, 3, {:nullable, :group}, :optional},
      {:all_gather_tensors, 4, :term, :optional}
    ],
    result: :term,
    inline: false
  }

  @doc ~S"""
  Return the dict that `src` (default: the previous rank) sends with `send_tensor_dict`.

  With an `all_gather_group` all its ranks must call this, since they gather the slices they
  received. On a group of one, without `src`, returns None. Raises `InvalidRankError` for a
  `src` that is no other rank of the group.

  Python: `StatelessGroupCoordinator.recv_tensor_dict(src=None, all_gather_group=None, all_gather_tensors=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec recv_tensor_dict(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec recv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def recv_tensor_dict(receiver, src \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@recv_tensor_dict, [receiver, src, all_gather_group, all_gather_tensors, opts])
  end

  @doc "Like `recv_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec recv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t()) :: term()
  @spec recv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil | keyword()) :: term()
  @spec recv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: term()
  @spec recv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: term()
  @spec recv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: term()
  def recv_tensor_dict!(receiver, src \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(recv_tensor_dict(receiver, src, all_gather_group, all_gather_tensors, opts))
  end

  @isend_tensor_dict %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.isend_tensor_dict",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/IsendTensorDict",
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

  @doc ~S"""
  Start what `send_tensor_dict` does; return handles to wait for.

  The tensors must not be changed until all handles are done. Values besides tensors are
  encoded at once. On a group of one, without `dst`, nothing is sent and there is no handle.
  Raises as `send_tensor_dict` does. Called by the sender, while `dst` calls
  `recv_tensor_dict` or `irecv_tensor_dict`.

  Python: `StatelessGroupCoordinator.isend_tensor_dict(tensor_dict, dst=None, all_gather_group=None, all_gather_tensors=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec isend_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec isend_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec isend_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec isend_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  @spec isend_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: {:ok, term()} | {:error, Vllm.Error.t()}
  def isend_tensor_dict(receiver, tensor_dict, dst \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@isend_tensor_dict, [receiver, tensor_dict, dst, all_gather_group, all_gather_tensors, opts])
  end

  @doc "Like `isend_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec isend_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term()) :: term()
  @spec isend_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil | keyword()) :: term()
  @spec isend_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: term()
  @spec isend_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: term()
  @spec isend_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), term(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: term()
  def isend_tensor_dict!(receiver, tensor_dict, dst \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(isend_tensor_dict(receiver, tensor_dict, dst, all_gather_group, all_gather_tensors, opts))
  end

  @irecv_tensor_dict %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.irecv_tensor_dict",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/IrecvTensorDict",
    params: [
      {:receiver, 1, :group, :required},
      {:src, 2, {:nullable, :int}, :optional},
      {:all_gather_group, 3, {:nullable, :group}, :optional},
      {:all_gather_tensors, 4, :term, :optional}
    ],
    result: {:tuple, [:term, :term, :term]},
    inline: false
  }

  @doc ~S"""
  Start what `recv_tensor_dict` does; return (dict, handles, postprocess).

  Waits for the description only: the dict has its keys, its plain values and tensors that
  are being written to. When all handles have been waited for, call each function of
  `postprocess`, in order and, where there is an `all_gather_group`, on all its ranks: they
  put the tensors that had to be gathered into the dict, which is complete then. On a group
  of one, without `src`, returns (None, [], []). Raises as `recv_tensor_dict` does.

  Python: `StatelessGroupCoordinator.irecv_tensor_dict(src=None, all_gather_group=None, all_gather_tensors=None)`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec irecv_tensor_dict(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, {term(), term(), term()}} | {:error, Vllm.Error.t()}
  @spec irecv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil | keyword()) :: {:ok, {term(), term(), term()}} | {:error, Vllm.Error.t()}
  @spec irecv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: {:ok, {term(), term(), term()}} | {:error, Vllm.Error.t()}
  @spec irecv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: {:ok, {term(), term(), term()}} | {:error, Vllm.Error.t()}
  @spec irecv_tensor_dict(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: {:ok, {term(), term(), term()}} | {:error, Vllm.Error.t()}
  def irecv_tensor_dict(receiver, src \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Call.run(@irecv_tensor_dict, [receiver, src, all_gather_group, all_gather_tensors, opts])
  end

  @doc "Like `irecv_tensor_dict`, but returns the value itself and raises `Vllm.Error`."
  @spec irecv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t()) :: {term(), term(), term()}
  @spec irecv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil | keyword()) :: {term(), term(), term()}
  @spec irecv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil | keyword()) :: {term(), term(), term()}
  @spec irecv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term() | keyword()) :: {term(), term(), term()}
  @spec irecv_tensor_dict!(Vllm.Distributed.GroupCoordinator.t(), integer() | nil, Vllm.Distributed.GroupCoordinator.t() | nil, term(), keyword()) :: {term(), term(), term()}
  def irecv_tensor_dict!(receiver, src \\ :"$unset", all_gather_group \\ :"$unset", all_gather_tensors \\ :"$unset", opts \\ :"$unset") do
    Vllm.Error.unwrap!(irecv_tensor_dict(receiver, src, all_gather_group, all_gather_tensors, opts))
  end

  @size %Vllm.Call.Spec{
    function: "StatelessGroupCoordinator.size",
    path: "/vllm.distributed.v1.StatelessGroupCoordinator/Size",
    params: [
      {:receiver, 1, :group, :required}
    ],
    result: :int,
    inline: false
  }

  @doc ~S"""
  Return the number of members.

  Python: `StatelessGroupCoordinator.size()`.

  The call goes to the session that the object came from.

  Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes.
  """
  @spec size(Vllm.Distributed.GroupCoordinator.t()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  @spec size(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: {:ok, integer()} | {:error, Vllm.Error.t()}
  def size(receiver, opts \\ []) do
    Vllm.Call.run(@size, [receiver, opts])
  end

  @doc "Like `size`, but returns the value itself and raises `Vllm.Error`."
  @spec size!(Vllm.Distributed.GroupCoordinator.t()) :: integer()
  @spec size!(Vllm.Distributed.GroupCoordinator.t(), keyword()) :: integer()
  def size!(receiver, opts \\ []) do
    Vllm.Error.unwrap!(size(receiver, opts))
  end
end
