defmodule Vllm.ErrorTest do
  use ExUnit.Case, async: true
  doctest Vllm.Error

  alias Vllm.Bridge.{Protobuf, V1}
  alias Vllm.Error

  defp trailer(detail),
    do: [{"vllm-error-bin", detail |> Protobuf.encode() |> IO.iodata_to_binary()}]

  test "keeps everything a detail holds" do
    {:ok, details} = Vllm.Term.encode(%{"sizes" => [1, 2]})

    detail = %V1.ErrorDetail{
      category: :python_error,
      reason: "value_error",
      message: "bad size",
      details: details,
      python_type: "ValueError",
      traceback: "File x, line 1",
      rank: 0,
      call_id: "c1"
    }

    error = Error.from_status(2, "unused", trailer(detail))

    assert error == %Error{
             category: :python_error,
             reason: "value_error",
             message: "bad size",
             details: %{"sizes" => [1, 2]},
             python_type: "ValueError",
             traceback: "File x, line 1",
             rank: 0,
             call_id: "c1"
           }

    assert Exception.message(error) == "rank 0: ValueError: bad size (python_error: value_error)"
  end

  test "an exception nobody expected shows its traceback when that is asked for" do
    error = %Error{
      category: :python_error,
      reason: "exception",
      message: "boom",
      python_type: "KeyError",
      traceback: "File x, line 1"
    }

    assert Exception.message(error) ==
             "KeyError: boom (python_error: exception). Vllm.Error.format(error, traceback: true) shows where it " <>
               "was raised"

    assert Error.format(error) == Exception.message(error)

    assert String.ends_with?(
             Error.format(error, traceback: true),
             "\n\nPython traceback:\nFile x, line 1"
           )

    assert_raise Error, ~r/unknown option trace/, fn -> Error.format(error, trace: true) end
  end

  test "inspecting one takes a line" do
    error = %Error{category: :worker, reason: "worker_busy", message: "busy\nand so on", rank: 2}
    assert inspect(error) == "#Vllm.Error<worker worker_busy, rank 2: busy...>"
    long = inspect(%Error{category: :pool, message: String.duplicate("x", 5_000)})
    assert String.length(long) < 250
  end

  test "a message that names the rank names it once" do
    for message <- ["rank 0 of w (pid 1) was killed", "ranks 0, 1 had not returned"] do
      error = %Error{category: :worker, reason: "r", rank: 0, message: message}
      assert Exception.message(error) == message <> " (worker: r)"
    end

    error = %Error{category: :worker, reason: "r", rank: 0, message: "rank 01 is none"}
    assert Exception.message(error) == "rank 0: rank 01 is none (worker: r)"
  end

  test "absent parts are nil" do
    error = Error.from_status(9, "", trailer(%V1.ErrorDetail{category: :pool, message: "m"}))
    assert error == %Error{category: :pool, message: "m"}
    assert Exception.message(error) == "m (pool)"
  end

  test "every status without a detail has a category and a remedy" do
    for code <- 1..17 do
      error = Error.from_status(code, "text", [])
      assert is_atom(error.category) and is_binary(error.reason)
      assert error.message =~ "text ("
      assert error.details == %{"grpc_status" => code}
    end

    assert %{category: :timeout} = Error.from_status(4, "", [])
    assert %{reason: "unimplemented"} = Error.from_status(12, "", [])
  end

  test "an unreadable detail does not hide the status" do
    assert %{reason: "unavailable", category: :worker} =
             Error.from_status(14, "gone", [{"vllm-error-bin", <<0x0A, 9>>}])
  end

  test "unreadable facts do not hide the error" do
    detail = %V1.ErrorDetail{
      category: :worker,
      message: "m",
      details: %V1.Term{msgpack: <<0xC1>>}
    }

    assert %{message: "m", details: %{}} = Error.from_status(14, "", trailer(detail))
  end

  test "a category of a later version is a grpc error" do
    detail = %V1.ErrorDetail{category: 99, message: "m"}
    assert %{category: :grpc_error} = Error.from_status(2, "", trailer(detail))
  end

  test "unwrap! raises the error" do
    assert_raise Error, "m (pool)", fn ->
      Error.unwrap!({:error, %Error{category: :pool, message: "m"}})
    end
  end
end
