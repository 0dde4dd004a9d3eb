defmodule Vllm.LogsTest do
  # Lines of real ranks: as a stream, and in Logger.
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog

  alias Vllm.Bridge.Logs.{FlatJson, ToLogger}
  alias Vllm.{Error, World}
  alias Vllm.World.LogLine

  @moduletag timeout: 120_000

  @bridge __MODULE__.Bridge

  defp a_world(_context) do
    folder = Path.join(System.tmp_dir!(), "vllm_logs_#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)

    File.write!(Path.join(folder, "logging_tests.py"), """
    import logging
    import os


    def say(text):
        print(text, flush=True)
        logging.getLogger("my.logger").warning("slow: %s", text)


    def end():
        os._exit(3)
    """)

    path = System.get_env("PYTHONPATH")
    System.put_env("PYTHONPATH", Enum.join([folder | List.wrap(path)], ":"))
    args = ["--size", "0", "--allow", "logging_tests."]
    start_supervised!({Vllm.Bridge, name: @bridge, server: :embedded, args: args})
    if path, do: System.put_env("PYTHONPATH", path), else: System.delete_env("PYTHONPATH")
    on_exit(fn -> File.rm_rf!(folder) end)

    {:ok, config} = Vllm.Bridge.Connections.config(@bridge)

    start_supervised!(
      {Vllm.Bridge, name: :logs_of_a_running, server: config.endpoint, log: :logger}
    )

    {:ok, world} = World.start(bridge: @bridge, tensor_parallel_size: 2, on_failure: :keep)
    %{world: world}
  end

  setup_all :a_world

  # Erlang's handler: every line of Logger is a message to the test.
  def log(event, %{config: %{to: pid}}), do: send(pid, {:logged, event})

  test "a stream of lines that say whose they are", %{world: world} do
    {:ok, lines} = World.logs(world)
    {:ok, _} = World.call(world, "logging_tests.say", ["<b>\e[2J"])
    found = lines |> Stream.filter(&(&1.text =~ "<b>")) |> Enum.take(2)
    assert Enum.all?(found, &match?(%LogLine{ranks: [0, 1], dropped: 0, at: %DateTime{}}, &1))
    by_level = Map.new(found, &{&1.level, &1})
    assert by_level[nil].text == "<b>\e[2J"
    assert %LogLine{text: "slow: <b>\e[2J", logger: "my.logger"} = by_level[:warning]
    assert by_level[:warning].session_id =~ ~r/\A#{world.id}\/rank-[01]\z/

    kept = World.logs!(world, ranks: [1], follow: false, fold: false)
    assert [%{ranks: [1]} | _] = Enum.filter(kept, &(&1.level == :warning))
  end

  test "lines go to Logger with metadata, of an embedded server and of a running one", %{world: w} do
    :ok = :logger.add_handler(__MODULE__, __MODULE__, %{config: %{to: self()}})
    on_exit(fn -> :logger.remove_handler(__MODULE__) end)
    {:ok, _} = World.call(w, "logging_tests.say", ["once \e[31m"])
    text = "slow: once \\x1b[31m"

    # By what the embedded server writes, a line for each rank; and by the stream of the other bridge, one.
    for rank <- 0..1 do
      assert_receive {:logged,
                      %{level: :warning, msg: {:string, ^text}, meta: %{rank: ^rank} = meta}}
                     when not is_map_key(meta, :ranks),
                     20_000

      assert %{python_logger: "my.logger", vllm_bridge: @bridge} = meta
      assert {meta.world_id, meta.epoch} == {w.id, 1}
    end

    assert_receive {:logged, %{msg: {:string, ^text}, meta: %{ranks: [0, 1]} = meta}}, 20_000
    assert %{vllm_bridge: :logs_of_a_running, rank_id: "rank-" <> _} = meta
  end

  test "a rank that ends: its lines stay, and its error quotes them" do
    {:ok, world} = World.start(bridge: @bridge, tensor_parallel_size: 2, on_failure: :keep)
    {:ok, _} = World.call(world, "logging_tests.say", ["the last words"])

    capture_log(fn ->
      {:error, error} = World.call(world, "logging_tests.end", [])
      assert Error.message(error) =~ "WARNING slow: the last words"
      :ok = World.stop(world)
    end)

    texts = world |> World.logs!(follow: false) |> Enum.map(& &1.text)
    assert "the last words" in texts
  end

  test "wrong options and worlds are errors", %{world: world} do
    assert {:error, %Error{reason: "invalid_option"}} = World.logs(world, ranks: [-1])
    assert {:error, %Error{reason: "invalid_option"}} = World.logs(world, follow: "no")
    assert {:error, %Error{reason: "world_not_found"}} = World.logs("nothing", bridge: @bridge)
    opts = [name: :nowhere, server: "unix:/nowhere", log: :stderr]
    assert {:error, %Error{reason: "invalid_option"} = error} = Vllm.Bridge.start_link(opts)
    assert error.message =~ "stderr of its own"
  end

  describe "a line of output" do
    test "is flat JSON, or as it is" do
      assert FlatJson.decode(~S({"a": "x\u00e9\"\n", "b": -1, "c": 1.5e3, "d": null, "e": true})) ==
               {:ok, %{"a" => "xé\"\n", "b" => -1, "c" => 1500.0, "d" => nil, "e" => true}}

      assert FlatJson.decode("{}") == {:ok, %{}}

      for line <- [
            "",
            "{",
            "[1]",
            ~S({"a": {}}),
            ~S({"a": 1} x),
            ~S({"a),
            ~S({"a":"\), ~S({"a":1e999}),
            "{\xff"
          ],
          do: assert(FlatJson.decode(line) == :error, line)
    end

    test "of any bytes is logged as text" do
      log = capture_log(fn -> ToLogger.output("half \xff\e[2J\r {") end)
      assert log =~ "half \\xff\\x1b[2J\\x0d {"
    end
  end
end
