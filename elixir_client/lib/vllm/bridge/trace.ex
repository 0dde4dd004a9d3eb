defmodule Vllm.Bridge.Trace do
  @moduledoc false
  # The trace that a call is part of, from OpenTelemetry's API for Erlang if it is loaded; there is no
  # dependency on it. Its propagator says what goes with a call: `traceparent`, and `tracestate` if there is one.

  @compile {:no_warn_undefined, [:otel_propagator_text_map, :otel_ctx]}

  @keys ["traceparent", "tracestate"]

  @typedoc "What a process is in, for the processes that go on for it; nil without OpenTelemetry."
  @type context :: term()

  @doc "Called at the start of a bridge: loading a missing module is slow, and later calls only look."
  @spec load() :: boolean()
  def load, do: Code.ensure_loaded?(:otel_propagator_text_map) and Code.ensure_loaded?(:otel_ctx)

  @doc "Metadata of a call of this process."
  @spec metadata() :: [{String.t(), String.t()}]
  def metadata do
    if :erlang.function_exported(:otel_propagator_text_map, :inject, 1),
      do: injected(),
      else: []
  end

  # A tracer that fails must not fail the call, nor may it say what is no metadata.
  defp injected do
    for {key, value} <- :otel_propagator_text_map.inject([]),
        key = IO.iodata_to_binary(key),
        key in @keys,
        value = IO.iodata_to_binary(value),
        value =~ ~r/\A[ -~]{1,512}\z/,
        do: {key, value}
  rescue
    _error -> []
  end

  @doc "The context of this process."
  @spec current() :: context()
  def current do
    if :erlang.function_exported(:otel_ctx, :get_current, 0), do: :otel_ctx.get_current()
  end

  @doc "Goes on in the context of another process."
  @spec put(context()) :: :ok
  def put(nil), do: :ok

  def put(context) do
    :otel_ctx.attach(context)
    :ok
  end
end
