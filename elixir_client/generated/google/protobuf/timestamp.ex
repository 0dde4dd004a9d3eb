# Generated from proto/google/protobuf/timestamp.proto by `make codegen`. Do not edit.

defmodule Vllm.Google.Protobuf.Timestamp do
  @moduledoc false
  # The message `google.protobuf.Timestamp`. A Timestamp represents a point in time independent of
  # any time zone or local calendar, encoded as a count of seconds and fractions of seconds at
  # nanosecond resolution. The count is relative to an epoch at UTC midnight on January 1, 1970,
  # in the proleptic Gregorian calendar which extends the Gregorian calendar backwards to year
  # one.

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
