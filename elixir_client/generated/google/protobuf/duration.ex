# Generated from proto/google/protobuf/duration.proto by `make codegen`. Do not edit.

defmodule Vllm.Google.Protobuf.Duration do
  @moduledoc false
  # The message `google.protobuf.Duration`. A Duration represents a signed, fixed-length span of
  # time represented as a count of seconds and fractions of seconds at nanosecond resolution. It
  # is independent of any calendar and concepts like "day" or "month". It is related to Timestamp
  # in that the difference between two Timestamp values is a Duration and it can be added or
  # subtracted from a Timestamp. Range is approximately +-10,000 years.

  defstruct [seconds: 0, nanos: 0]

  @type t :: %__MODULE__{seconds: integer(), nanos: integer()}

  @doc false
  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]
  def __fields__ do
    [
      {:seconds, 1, :int64, :singular},
      {:nanos, 2, :int32, :singular}
    ]
  end
end
