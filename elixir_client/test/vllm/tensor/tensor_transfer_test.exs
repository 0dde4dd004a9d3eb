defmodule Vllm.TensorTransferTest do
  # Not async: limits are settings of the whole application.
  use ExUnit.Case, async: false

  alias Vllm.{Distributed, Error, Session, Tensor}
  alias Vllm.Bridge.{Connections, V1}
  alias Vllm.Tensor.{DType, Lease, OutgoingRequest, Segments}

  @mib 1_048_576

  defp open(opts \\ []) do
    {:ok, session} = Session.open([affinity: :strict_queue] ++ opts)
    on_exit(fn -> Session.close(session) end)
    session
  end

  defp put_env(key, value) do
    Application.put_env(:vllm_distributed, key, value)
    on_exit(fn -> Application.delete_env(:vllm_distributed, key) end)
  end

  defp runtime(session, more \\ []),
    do: [__runtime__: [session_id: session.id, bridge: session.bridge] ++ more]

  defp bytes(size), do: Tensor.from_binary!(:crypto.strong_rand_bytes(size), :u8, {size})

  defp clone(tensor, session, more \\ []),
    do: Vllm.call("torch.clone", [tensor], runtime(session, more))

  defp status(session), do: Segments.status(session.bridge, session.id)

  # The session's directory, and what is in it.
  defp segments(session) do
    {:ok, lease} = Segments.claim(session.bridge, session.id)
    Segments.give_back(lease)
    {:ok, names} = File.ls(lease.directory)
    {lease.directory, Enum.sort(names -- ["key"])}
  end

  defp eventually(condition, tries \\ 3_000) do
    cond do
      condition.() ->
        :ok

      tries == 0 ->
        flunk("it did not become so")

      true ->
        Process.sleep(10)
        eventually(condition, tries - 1)
    end
  end

  describe "shared memory" do
    test "carries large tensors both ways, and its segments are used again" do
      session = open()
      assert status(session) == :unknown

      for _ <- 1..10 do
        tensor = bytes(@mib + 3)
        assert {:ok, back} = clone(tensor, session)
        assert back.data == tensor.data
        assert status(session) == :shared
        {directory, [_, _, _, _]} = segments(session)
        assert File.read!(directory <> "/segment-1") |> binary_part(0, @mib + 3) == tensor.data
      end
    end

    test "is not asked for by small tensors" do
      session = open()
      assert {:ok, back} = clone(bytes(1_000), session)
      assert Tensor.size(back) == 1_000
      assert status(session) == :unknown
    end

    test "is used for the next result once a large one was seen" do
      session = open()
      ones = fn -> Vllm.call!("torch.ones", [@mib], runtime(session)) end
      first = ones.()
      eventually(fn -> status(session) == :wanted end)
      assert ones.() == first
      assert status(session) == :shared
    end

    test "every element type comes back as it went" do
      session = open()

      for dtype <- DType.names() do
        data = :crypto.strong_rand_bytes(DType.size(dtype) * 300_000)
        # torch's booleans are 0 and 1.
        data = if dtype == :pred, do: for(<<b <- data>>, into: "", do: <<rem(b, 2)>>), else: data
        tensor = Tensor.from_binary!(data, dtype, {3, 100_000})
        assert {:ok, back} = clone(tensor, session)
        assert {back.dtype, back.shape} == {dtype, {3, 100_000}}
        assert back.data == data, "#{dtype} has changed"
      end

      assert status(session) == :shared
    end

    test "brings a tensor that is kept in its rank, and terms with several" do
      session = open()
      tensor = bytes(16 * @mib)
      assert {:ok, %Tensor{data: nil} = kept} = clone(tensor, session, tensors: :ref)
      assert {:ok, back} = Tensor.fetch(kept, runtime(session))
      assert back.data == tensor.data

      {directory, _names} = segments(session)
      assert File.stat!(directory <> "/segment-1").size >= 16 * @mib

      two = [bytes(300_000), bytes(300_001)]
      assert {:ok, back} = Vllm.call("torch.atleast_1d", two, runtime(session))
      assert back |> Tuple.to_list() |> Enum.map(& &1.data) == Enum.map(two, & &1.data)
    end

    test "is for typed functions of a world's ranks, too" do
      {:ok, world} = Vllm.World.start(tensor_parallel_size: 2)
      on_exit(fn -> Vllm.World.stop(world) end)

      sums =
        Vllm.World.run!(world, fn rank ->
          mine = Tensor.from_binary!(:binary.copy(<<rank + 1>>, @mib), :u8, {@mib})
          {:ok, sum} = Distributed.tensor_model_parallel_all_reduce(mine)
          {:binary.first(sum.data), byte_size(sum.data), status(Session.current())}
        end)

      assert sums == [{3, @mib, :shared}, {3, @mib, :shared}]
    end

    test "callers at the same time do not get each other's bytes" do
      session = open()

      1..12
      |> Task.async_stream(
        fn _ ->
          for _ <- 1..5 do
            tensor = bytes(300_000)
            {:ok, back} = clone(tensor, session)
            assert back.data == tensor.data
          end
        end,
        max_concurrency: 12,
        timeout: 60_000
      )
      |> Enum.each(&assert {:ok, _} = &1)

      {_directory, names} = segments(session)
      assert length(names) <= 16
    end

    test "of sessions whose calls go through the pool" do
      session = open(affinity: :hint)

      for _ <- 1..4 do
        tensor = bytes(@mib)
        assert {:ok, back} = clone(tensor, session)
        assert back.data == tensor.data
      end

      assert status(session) == :shared
    end

    test "an error of the function gives the segment back" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {_directory, before} = segments(session)

      for _ <- 1..3 do
        assert {:error, %Error{category: :python_error}} =
                 Vllm.call("torch.mm", [bytes(@mib), bytes(@mib)], runtime(session))
      end

      assert {_directory, ^before} = segments(session)
    end
  end

  describe "what becomes of segments" do
    test "a caller that is killed takes its own with it, and the next gets another" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {directory, before} = segments(session)
      busy = Task.async(fn -> Vllm.call("time.sleep", [3.0], runtime(session)) end)
      caller = spawn(fn -> clone(bytes(@mib), session) end)
      eventually(fn -> match?({:ok, %{calls: [_, _]}}, inspect_rank(session)) end)
      Process.exit(caller, :kill)
      eventually(fn -> length(File.ls!(directory)) == length(before) end)
      tensor = bytes(@mib)
      assert {:ok, back} = clone(tensor, session)
      assert back.data == tensor.data
      assert {:ok, nil} = Task.await(busy, 60_000)
    end

    test "one of a call that ran out of time is not used again" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {_directory, before} = segments(session)
      busy = Task.async(fn -> Vllm.call("time.sleep", [3.0], runtime(session)) end)
      eventually(fn -> match?({:ok, %{calls: [_]}}, inspect_rank(session)) end)

      assert {:error, %Error{reason: "deadline_exceeded"}} =
               clone(bytes(@mib), session, timeout: 1_000)

      assert {:ok, nil} = Task.await(busy, 60_000)
      {_directory, names} = segments(session)
      assert length(before -- names) == 1
    end

    test "all go with their session, and a new one of that id has its own" do
      session = open(session_id: "transfer-again")
      assert {:ok, _} = clone(bytes(@mib), session)
      {directory, _names} = segments(session)
      :ok = Session.close(session)
      eventually(fn -> not File.exists?(directory) end)

      again = open(session_id: "transfer-again")
      tensor = bytes(@mib)
      assert {:ok, back} = clone(tensor, again)
      assert back.data == tensor.data
    end

    test "those that nobody uses are removed after a while" do
      name = Vllm.IdleSegments
      start_supervised!({Segments, bridge: name, idle: 50})
      directory = Path.join(System.tmp_dir!(), "vllm-idle-#{System.os_time()}")
      File.mkdir_p!(directory)
      on_exit(fn -> File.rm_rf!(directory) end)
      File.write!(directory <> "/segment-1", "old")
      memory = %{directory: directory, key: "k", max_bytes: 100}
      :ok = Segments.add(name, "one", memory, ["segment-1"])
      assert Segments.status(name, "one") == :shared
      eventually(fn -> Segments.status(name, "one") == :unknown end)
      assert File.ls!(directory) == []
      assert Segments.claim(name, "one") == :none
    end
  end

  describe "without shared memory calls go on" do
    test "when its directory is gone" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {directory, _names} = segments(session)
      File.rm_rf!(directory)

      for _ <- 1..3 do
        tensor = bytes(@mib)
        assert {:ok, back} = clone(tensor, session)
        assert back.data == tensor.data
      end

      eventually(fn -> status(session) == :unshared end)
    end

    test "when the rank cannot read what the client has written" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {directory, names} = segments(session)

      # As if the client saw another file system under the same path.
      elsewhere = directory <> "-of-another"
      File.cp_r!(directory, elsewhere)
      on_exit(fn -> File.rm_rf!(elsewhere) end)
      memory = %{directory: elsewhere, key: File.read!(directory <> "/key"), max_bytes: @mib * 2}
      Segments.give_up(session.bridge, session.id)
      :ok = Segments.add(session.bridge, session.id, memory, names)
      for name <- File.ls!(directory), name != "key", do: File.rm!(Path.join(directory, name))

      tensor = bytes(@mib)
      assert {:ok, back} = clone(tensor, session)
      assert back.data == tensor.data
      eventually(fn -> status(session) == :unshared end)
    end

    test "when the client cannot read the key" do
      session = open()
      assert {:ok, _} = clone(bytes(@mib), session)
      {directory, _names} = segments(session)
      File.rm!(directory <> "/key")
      Segments.forget(session.bridge, session.id)
      tensor = bytes(@mib)
      assert {:ok, back} = clone(tensor, session)
      assert back.data == tensor.data
      eventually(fn -> status(session) == :unshared end)
    end

    test "when it is turned off" do
      put_env(:shared_memory, false)
      session = open()
      tensor = bytes(@mib)
      assert {:ok, back} = clone(tensor, session)
      assert back.data == tensor.data
      eventually(fn -> status(session) == :unshared end)
    end

    @tag :tmp_dir
    test "when segments are too few or too small", %{tmp_dir: tmp_dir} do
      config = Path.join(tmp_dir, "small.toml")
      File.write!(config, "[server]\nmax_segments = 2\nmax_segment_bytes = 600_000\n")
      bridge = [server: :embedded, name: Vllm.SmallMemory, size: 1, args: ["--config", config]]
      start_supervised!({Vllm.Bridge, bridge})
      session = open(bridge: Vllm.SmallMemory)

      for size <- [300_000, 400_000, 590_000, 610_000, 300_000] do
        tensor = bytes(size)
        assert {:ok, back} = clone(tensor, session)
        assert back.data == tensor.data
      end

      # The argument fits, its result does not.
      doubled = bytes(400_000)
      assert {:ok, twice} = Vllm.call("torch.cat", [[doubled, doubled]], runtime(session))
      assert twice.data == doubled.data <> doubled.data
      assert status(session) == :shared

      1..8
      |> Task.async_stream(fn _ -> clone(bytes(290_000), session) end, max_concurrency: 8)
      |> Enum.each(&assert {:ok, {:ok, %Tensor{}}} = &1)

      {_directory, names} = segments(session)
      assert length(names) <= 2
    end
  end

  describe "chunks" do
    setup do
      put_env(:shared_memory, false)
      put_env(:shared_memory_min_bytes, 1)
      put_env(:chunks_min_bytes, 200_000)
    end

    for affinity <- [:strict_queue, :hint] do
      test "both ways in a session of affinity #{affinity}" do
        session = open(affinity: unquote(affinity))

        for size <- [200_000, @mib, 3 * @mib + 7] do
          tensor = bytes(size)
          assert {:ok, back} = clone(tensor, session)
          assert back.data == tensor.data
        end

        assert {:ok, {a, b}} =
                 Vllm.call(
                   "torch.broadcast_tensors",
                   [bytes(2 * @mib), bytes(2 * @mib)],
                   runtime(session)
                 )

        assert {byte_size(a.data), byte_size(b.data)} == {2 * @mib, 2 * @mib}
        assert a.data != b.data
      end
    end

    test "bring what is kept in a rank" do
      session = open()
      tensor = bytes(5 * @mib)
      {:ok, kept} = clone(tensor, session, tensors: :ref)
      assert {:ok, back} = Tensor.fetch(kept, runtime(session))
      assert back.data == tensor.data
    end

    test "tell how far they are, to a function that may fail" do
      session = open()
      tensor = bytes(3 * @mib)
      me = self()

      tell = fn progress ->
        send(me, {:progress, progress})
        if progress.bytes == progress.total, do: raise("mine")
      end

      options = [session_id: session.id, bridge: session.bridge, on_progress: tell]

      log =
        ExUnit.CaptureLog.capture_log(fn ->
          assert {:ok, back} = Vllm.call("torch.clone", [tensor], __runtime__: options)
          assert back.data == tensor.data
        end)

      assert log =~ "on_progress failed"
      total = 3 * @mib

      for direction <- [:send, :receive] do
        for part <- 1..3 do
          bytes = part * @mib
          assert_receive {:progress, %{direction: ^direction, bytes: ^bytes, total: ^total}}
        end
      end

      refute_received {:progress, _more}

      assert {:error, %Error{} = error} =
               Vllm.call("torch.clone", [tensor], __runtime__: [on_progress: 5])

      assert error.reason == "invalid_option"
    end

    test "errors are those of any other call" do
      session = open()
      large = bytes(@mib)

      assert {:error, %Error{category: :python_error}} =
               Vllm.call("torch.mm", [large, large], runtime(session))

      assert {:error, %Error{reason: "name_not_allowed"}} =
               Vllm.call("os.write", [large], runtime(session))

      busy = Task.async(fn -> Vllm.call("time.sleep", [3.0], runtime(session)) end)
      eventually(fn -> match?({:ok, %{calls: [_]}}, inspect_rank(session)) end)

      assert {:error, %Error{reason: "deadline_exceeded"} = error} =
               clone(large, session, timeout: 1_000)

      assert error.message =~ "never ran"
      assert {:ok, nil} = Task.await(busy, 60_000)
      :ok = Session.close(session)
      assert {:error, %Error{reason: "session_closed"}} = clone(large, session)
    end
  end

  describe "what a server may say" do
    setup do
      directory = Path.join(System.tmp_dir!(), "vllm-lease-#{System.os_time()}")
      File.mkdir_p!(directory)
      on_exit(fn -> File.rm_rf!(directory) end)
      File.write!(directory <> "/segment-1", "0123456789")

      lease = %Lease{
        bridge: Vllm.Bridge,
        session_id: "s",
        name: "segment-1",
        directory: directory,
        key: "k",
        max_bytes: 100
      }

      %{lease: lease}
    end

    test "reads are within the segment that was lent", %{lease: lease} do
      place = %V1.SharedMemory{name: "segment-1", offset: 2, size: 3}
      assert Lease.read(lease, place) == {:ok, "234"}
      assert Lease.read(lease, %{place | size: 0}) == {:ok, ""}
      assert {:error, "segment segment-1 is shorter" <> _} = Lease.read(lease, %{place | size: 9})

      assert {:error, "segment segment-1 is shorter" <> _} =
               Lease.read(lease, %{place | offset: 50})

      assert {:error, "it says" <> _} = Lease.read(lease, %{place | offset: 0xFFFFFFFFFFFFFFFF})
      assert {:error, "it says" <> _} = Lease.read(lease, %{place | size: 101})

      for name <- ["segment-2", "../segment-1", "/etc/passwd", ""],
          do: assert({:error, _} = Lease.read(lease, %{place | name: name}))

      assert {:error, _} = Lease.read(nil, place)
      :ok = Lease.remove(lease)
      assert {:error, "segment segment-1 cannot be read: enoent"} = Lease.read(lease, place)
      refute File.exists?(lease.directory <> "/segment-1")
    end

    test "nothing is written beyond the limit, or to a file that is gone", %{lease: lease} do
      tensor = %V1.Tensor{dtype: "u8", shape: [60], data: :binary.copy("x", 60)}
      assert {:ok, %{data: nil, shared_memory: place}, 64} = Lease.write(lease, tensor, 0)
      assert Lease.read(lease, place) == {:ok, tensor.data}
      assert {:error, :too_large} = Lease.write(lease, tensor, 64)
      File.rm_rf!(lease.directory)
      assert {:error, :enoent} = Lease.write(lease, tensor, 0)
    end

    test "a large tensor is written in two halves that meet", %{lease: lease} do
      data = :crypto.strong_rand_bytes(5 * @mib + 1)
      lease = %{lease | max_bytes: 10 * @mib}
      tensor = %V1.Tensor{dtype: "u8", shape: [byte_size(data)], data: data}
      Process.flag(:trap_exit, true)
      assert {:ok, %{shared_memory: place}, _next} = Lease.write(lease, tensor, 64)
      assert Lease.read(lease, place) == {:ok, data}
      assert {:message_queue_len, 0} = Process.info(self(), :message_queue_len)
    end
  end

  test "an outgoing request is its bytes when nobody carries it otherwise" do
    tensor = %V1.Tensor{dtype: "u8", shape: [300_000], data: :crypto.strong_rand_bytes(300_000)}
    term = %V1.Term{msgpack: "x", tensors: [tensor, %{tensor | data: "small"}]}
    request = %V1.CallRequest{qualified_name: "f", method: "", args: term, kwargs: nil}
    %OutgoingRequest{large: 300_000} = outgoing = OutgoingRequest.of(request)
    inline = IO.iodata_to_binary(OutgoingRequest.inline(outgoing))
    assert byte_size(inline) == OutgoingRequest.size(outgoing)
    assert {:ok, %{args: ^term}} = Vllm.Bridge.Protobuf.decode(V1.CallRequest, inline)
    assert OutgoingRequest.inline([1, "2"]) == [1, "2"]
  end

  defp inspect_rank(session) do
    {:ok, config} = Connections.config(session.bridge)
    metadata = [{"vllm-session-id", session.id}]

    with {:ok, binary} <-
           Vllm.Bridge.Transport.unary(
             config.pool,
             "/vllm.bridge.v1.Rank/Inspect",
             "",
             timeout: 5_000,
             metadata: metadata
           ),
         do: Vllm.Bridge.Protobuf.decode(V1.InspectResponse, binary)
  end
end
