defmodule Vllm.BackgroundTest do
  # What nobody waits for does not fail in silence.
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Vllm.Background

  @lib Path.expand("../../lib", __DIR__)

  test "a failure is logged with what the work was, however it failed" do
    for {fun, text} <- [
          {fn -> raise "boom" end, "(RuntimeError) boom"},
          {fn -> throw(:ball) end, "(throw) :ball"},
          {fn -> exit(:gone) end, "(exit) :gone"}
        ] do
      log =
        capture_log(fn ->
          monitor = Process.monitor(Background.start("closing the connection to x", fun))
          assert_receive {:DOWN, ^monitor, :process, _pid, _reason}
        end)

      assert log =~ "closing the connection to x failed: "
      assert log =~ text
    end
  end

  test "it goes on when the process that began it has ended" do
    test = self()

    starter =
      spawn(fn ->
        Background.start("waiting", fn ->
          send(test, {:begun, self()})
          receive(do: (:go -> send(test, :done)))
        end)
      end)

    monitor = Process.monitor(starter)
    assert_receive {:DOWN, ^monitor, :process, _pid, _reason}
    assert_receive {:begun, pid}
    send(pid, :go)
    assert_receive :done
  end

  test "the library spawns no process that nobody watches" do
    bare =
      for file <- Path.wildcard(Path.join(@lib, "**/*.ex")),
          {line, number} <- file |> File.read!() |> String.split("\n") |> Enum.with_index(1),
          line =~ ~r/\bspawn\(/ or line =~ ~r/\bTask\.start\(/,
          do: "#{Path.relative_to(file, @lib)}:#{number}"

    assert [<<"vllm/bridge/background.ex:", _line::binary>>] = bare
  end
end
