Code.require_file("../support_h2/fake_pool.exs", __DIR__)

defmodule Vllm.UnreachableTest do
  # What the log says of a server that cannot be used, and the errors of calls to it.
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog

  alias Vllm.Bridge.{Connection, FakePool, V1}
  alias Vllm.{Distributed, Error}

  @moduletag timeout: 60_000

  defp log_of(options, text) do
    name = :"unreachable_#{System.unique_integer([:positive])}"

    capture_log(fn ->
      start_supervised!({Vllm.Bridge, [name: name] ++ options}, id: name)
      assert {:error, %Error{} = error} = call(name)
      send(self(), error)
      until(name, text)
      stop_supervised!(name)
    end)
  end

  defp call(name),
    do: Distributed.get_pp_indices(61, 0, 4, __runtime__: [bridge: name, timeout: 2_000])

  # The attachment has logged by the time that it has seen a loss.
  defp until(name, reason, tries \\ 3_000) do
    state = :sys.get_state(Module.concat(name, Attachment))

    cond do
      state.warned == reason -> :ok
      tries == 0 -> flunk("not #{reason}, but #{inspect(state.warned)}")
      true -> receive(do: (:never -> :ok), after: (10 -> until(name, reason, tries - 1)))
    end
  end

  defp refusing(reason, message) do
    detail = %V1.ErrorDetail{category: :pool, reason: reason, message: message}
    FakePool.start(fn _method, _body, _metadata, _to -> {:status, 16, detail} end)
  end

  test "a server that is not there is in the log, once, with its address and the cause" do
    log = log_of([server: "127.0.0.1:1"], "pool_unreachable")
    assert log =~ "[warning]"
    assert log =~ "the pool cannot be reached yet, and is tried again until it can"
    assert log =~ "127.0.0.1:1"
    assert log =~ "connection refused"
    assert log |> String.split("cannot be reached yet") |> length() == 2
    assert_received %Error{reason: "pool_unreachable"}
  end

  test "a wrong token is called that, and not a loss" do
    server = refusing("unauthenticated", "the token that was sent is not this pool's")
    log = log_of([server: server, token: "wrong"], "unauthenticated")
    assert log =~ "the pool refuses this bridge"
    assert log =~ "the token that was sent is not this pool's"
    refute log =~ "any more"
    assert_received %Error{reason: "unauthenticated"}
  end

  test "another cause is another line, and the end of it too" do
    test = self()

    {:ok, agent} = Agent.start_link(fn -> :refuse end)

    server =
      FakePool.start(fn
        "Attach", _body, _metadata, to ->
          send(test, {:attach, to})

          case Agent.get(agent, & &1) do
            :refuse ->
              {:status, 16, %V1.ErrorDetail{reason: "unauthenticated", message: "no token"}}

            :take ->
              {:messages, [%V1.Attached{}]}
          end

        _method, _body, _metadata, _to ->
          {:status, 12}
      end)

    log =
      capture_log(fn ->
        start_supervised!({Vllm.Bridge, name: :flapping, server: server})
        until(:flapping, "unauthenticated")
        Agent.update(agent, fn _ -> :take end)
        until(:flapping, nil)
        Agent.update(agent, fn _ -> :refuse end)
        assert_receive {:attach, to}
        FakePool.reply(to, :close)
        until(:flapping, "unauthenticated")
        stop_supervised!(:flapping)
      end)

    assert log =~ "attached to the pool"
  end

  test "the clear where the server wants TLS, and HTTP/1, are called that" do
    for {bytes, text} <- [
          {<<21, 3, 1, 0, 2, 2, 40>>, "the server speaks TLS, and this side does not"},
          {<<22, 3, 3, 0, 1, 0>>, "`tls: true`"},
          {"HTTP/1.1 400 Bad Request\r\n\r\n", "answered with HTTP/1, which is not gRPC"},
          {"", "give `tls: true` if it wants TLS"}
        ] do
      {:ok, listener} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}])
      {:ok, port} = :inet.port(listener)

      answering =
        Task.async(fn ->
          {:ok, socket} = :gen_tcp.accept(listener)
          :ok = :gen_tcp.send(socket, bytes)
          {:ok, _preface} = :gen_tcp.recv(socket, 1)
          :gen_tcp.close(socket)
        end)

      {:ok, connection} = Connection.start_link(endpoint: "127.0.0.1:#{port}")
      assert {:error, reason} = Connection.unary(connection, "/a.B/C", "", timeout: 2_000)
      assert Connection.format_reason(reason) =~ text
      assert Connection.format_reason(reason) =~ "Nothing was sent"
      Task.await(answering, 60_000)
      Connection.close(connection)
      :gen_tcp.close(listener)
    end
  end

  test "a call with a large tensor and a time of its own is back in time though the server is silent" do
    silent = FakePool.start(fn _method, _body, _metadata, _to -> :later end)
    start_supervised!({Vllm.Bridge, name: :silent, server: silent})
    tensor = Vllm.Tensor.from_binary!(:binary.copy(<<0>>, 1_000_000), :u8, {1_000_000})
    started = System.monotonic_time(:millisecond)

    assert {:error, %Error{reason: "deadline_exceeded"}} =
             Vllm.call("torch.tril", [tensor], __runtime__: [bridge: :silent, timeout: 200])

    # And a second in which it is asked what became of the call.
    assert System.monotonic_time(:millisecond) - started < 10_000
  end

  test "a timeout among the keywords of Python is told where it belongs" do
    assert {:error, %Error{python_type: "TypeError"} = error} =
             Vllm.call("torch.tril", [], timeout: 5)

    assert error.message =~ "__runtime__: [timeout: ...]"

    assert {:error, %Error{reason: "invalid_argument"} = error} =
             Distributed.get_pp_indices(61, 0, 4, timeout: 5_000)

    assert error.message =~ "__runtime__: [timeout: 5000]"
  end
end
