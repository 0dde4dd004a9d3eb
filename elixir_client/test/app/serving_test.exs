defmodule Vllm.ServingTest do
  # Batches of many processes' requests. The handlers here need no world; at the end one has real ranks.
  use ExUnit.Case, async: true

  alias Vllm.{Error, Serving}

  @name __MODULE__.Serving

  # A handler that says what it got, and waits for the answer if it is told to.
  defp start(opts, answer \\ fn requests -> {:ok, Enum.map(requests, &(&1 * 2))} end) do
    test = self()

    handler = fn :world, requests ->
      send(test, {:batch, self(), requests})
      answer.(requests)
    end

    start_supervised!(
      {Serving, Keyword.merge([name: @name, world: :world, handler: handler], opts)}
    )
  end

  defp held(requests) do
    receive do
      :go -> {:ok, requests}
    end
  end

  defp tasks(requests, timeout \\ 10_000) do
    for request <- requests, do: Task.async(fn -> Serving.run(@name, request, timeout) end)
  end

  # Until so many requests wait.
  defp await_waiting(count) do
    unless map_size(:sys.get_state(@name).requests) == count, do: await_waiting(count)
  end

  test "a full batch goes at once; each caller gets its own result" do
    start(batch_size: 4, batch_timeout: 60_000)
    assert tasks(1..8) |> Task.await_many(60_000) |> Enum.sort() == Enum.map(1..8, &{:ok, &1 * 2})
    assert_received {:batch, _pid, [_, _, _, _]}
    assert_received {:batch, _pid, [_, _, _, _]}
    refute_received {:batch, _pid, _requests}
  end

  test "a batch that is not full goes after its timeout, in the order of arrival" do
    start(batch_size: 100, batch_timeout: 1_000)

    for n <- 1..3 do
      send(@name, {:request, self(), make_ref(), n})
    end

    assert_receive {:batch, _pid, [1, 2, 3]}
    assert Serving.run!(@name, 5) == 10
  end

  test "while a batch runs, the next one fills" do
    start([batch_size: 3, batch_timeout: 0], &held/1)
    first = tasks([0])
    assert_receive {:batch, running, [0]}
    rest = tasks(1..5)
    await_waiting(5)
    send(running, :go)
    assert_receive {:batch, second, [_, _, _]}
    send(second, :go)
    assert_receive {:batch, third, [_, _]}
    send(third, :go)
    assert Task.await_many(first ++ rest) |> Enum.sort() == Enum.map(0..5, &{:ok, &1})
  end

  test "several batches at a time" do
    start([batch_size: 1, concurrency: 2], &held/1)
    all = tasks(1..3)
    assert_receive {:batch, one, [_]}
    assert_receive {:batch, two, [_]}
    refute_receive {:batch, _three, [_]}, 50
    send(one, :go)
    assert_receive {:batch, three, [_]}
    for pid <- [two, three], do: send(pid, :go)
    assert length(for {:ok, _} <- Task.await_many(all), do: 1) == 3
  end

  test "too many requests are refused, and nothing else happens to the others" do
    start([batch_size: 1, max_queue: 2], &held/1)
    first = tasks([0])
    assert_receive {:batch, running, [0]}
    waiting = tasks([1, 2])
    await_waiting(2)

    assert {:error, %Error{category: :pool, reason: "queue_full", details: details}} =
             Serving.run(@name, 3)

    assert details == %{"depth" => 2, "limit" => 2, "ran" => false}
    send(running, :go)
    for _ <- 1..2, do: assert_receive({:batch, pid, [_]}) && send(pid, :go)
    assert Task.await_many(first ++ waiting) == [{:ok, 0}, {:ok, 1}, {:ok, 2}]
  end

  test "a request whose caller has gone, or waits no more, is dropped" do
    start([batch_size: 8, batch_timeout: 0], &held/1)
    first = tasks([0])
    assert_receive {:batch, running, [0]}
    dead = spawn(fn -> Serving.run(@name, :dead) end)
    impatient = Task.async(fn -> Serving.run(@name, :late, 1) end)

    assert {:error, %Error{reason: "serving_timeout", details: %{"ran" => false}} = error} =
             Task.await(impatient, 60_000)

    assert error.message =~ "its batch had not begun, and it was dropped"
    await_waiting(1)
    Process.exit(dead, :kill)
    await_waiting(0)
    [live] = tasks([7])
    await_waiting(1)
    send(running, :go)
    assert_receive {:batch, next, [7]}
    send(next, :go)
    assert Task.await_many(first ++ [live]) == [{:ok, 0}, {:ok, 7}]
  end

  test "a caller whose batch runs gets nothing late" do
    start([batch_size: 1], &held/1)

    assert {:error, %Error{reason: "serving_timeout", details: %{"ran" => true}}} =
             Serving.run(@name, 1, 50)

    assert_receive {:batch, pid, [1]}
    monitor = Process.monitor(pid)
    send(pid, :go)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
    :sys.get_state(@name)
    assert Process.info(self(), :messages) == {:messages, []}
  end

  test "a handler that fails: its batch gets the error, the next one goes on" do
    start([batch_size: 1], fn
      [1] -> raise "boom"
      [2] -> {:error, %Error{category: :worker, reason: "peer_died", message: "rank 1"}}
      [3] -> {:ok, [1, 2]}
      [4] -> :nonsense
      [5] -> exit(:gone)
      [6] -> Process.exit(self(), :kill)
      [7] -> {:error, :why}
      [n] -> {:ok, [n]}
    end)

    for {request, reason, text} <- [
          {1, "serving_failed", "boom"},
          {2, "peer_died", "rank 1"},
          {3, "serving_failed", "returned 2 results for 1 requests"},
          {4, "serving_failed", "must return {:ok, list of 1 results}, and returned :nonsense"},
          {5, "serving_failed", ":gone"},
          {6, "serving_failed", "killed"},
          {7, "serving_failed", ":why"}
        ] do
      assert {:error, %Error{reason: ^reason, message: message}} = Serving.run(@name, request)
      assert message =~ text
    end

    assert Serving.run(@name, 8) == {:ok, 8}
  end

  test "it ends: callers hear of it, and the handler's process ends" do
    start([batch_size: 1], &held/1)
    all = tasks([1, 2])
    assert_receive {:batch, pid, [1]}
    await_waiting(1)
    monitor = Process.monitor(pid)
    :ok = stop_supervised(@name)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}

    for result <- Task.await_many(all),
        do: assert({:error, %Error{reason: "serving_stopped"}} = result)

    assert {:error, %Error{reason: "serving_not_started"}} = Serving.run(@name, 1)
    assert_raise Error, ~r/Add {Vllm.Serving, name: /, fn -> Serving.run!(@name, 1) end
  end

  test "bad options are refused by name" do
    handler = fn _world, requests -> {:ok, requests} end

    for {opts, text} <- [
          {[], "name is missing"},
          {[name: @name, handler: handler], "world is missing"},
          {[name: @name, world: :w], "handler is missing"},
          {[name: @name, world: :w, handler: fn -> 1 end],
           "handler must be a function of 2 arguments"},
          {[name: @name, world: :w, handler: handler, batch_size: 0],
           "batch_size must be an integer from 1 up"},
          {[name: @name, world: :w, handler: handler, batch_timeout: -1],
           "batch_timeout must be"},
          {[name: @name, world: :w, handler: handler, size: 1], "unknown option size"}
        ] do
      assert {:error, %Error{reason: "invalid_option", message: message}} =
               Serving.start_link(opts)

      assert message =~ text
    end
  end
end

defmodule Vllm.ServingOnRanksTest do
  use ExUnit.Case, async: false

  alias Vllm.{Serving, Tensor, World}

  @moduletag timeout: 60_000

  test "a hundred processes, one tensor each, on a world of two" do
    {:ok, world} = World.start(data_parallel_size: 2)

    handler = fn world, numbers ->
      # Each replica gets half of the batch; an odd one is filled up.
      batch = Tensor.new(numbers ++ if(rem(length(numbers), 2) == 1, do: [0], else: []))

      with {:ok, squares} <-
             World.call(world, "torch.mul", [batch, 3],
               dispatch: {:scatter, 0},
               collect: {:concat, 0}
             ),
           do: {:ok, squares |> Tensor.to_list() |> Enum.take(length(numbers))}
    end

    start_supervised!({Serving, name: __MODULE__, world: world, handler: handler, batch_size: 32})

    results =
      1..100
      |> Task.async_stream(&Serving.run(__MODULE__, &1, 30_000),
        max_concurrency: 100,
        timeout: 60_000
      )
      |> Enum.map(fn {:ok, result} -> result end)

    assert results == Enum.map(1..100, &{:ok, &1 * 3})
    assert World.stop(world) == :ok
  end
end
