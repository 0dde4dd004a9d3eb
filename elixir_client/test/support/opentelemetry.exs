# A stand-in for OpenTelemetry's API for Erlang, which is not there when these tests run: a context is a
# header, and what is injected is that header.
unless Code.ensure_loaded?(:otel_ctx) do
  defmodule :otel_ctx do
    @moduledoc false
    def get_current, do: Process.get(__MODULE__, %{})

    def attach(context) do
      Process.put(__MODULE__, context)
      :token
    end
  end

  defmodule :otel_propagator_text_map do
    @moduledoc false
    def inject(carrier) do
      case :otel_ctx.get_current() do
        %{fails: true} -> raise "a tracer that fails"
        %{traceparent: header} -> [{"traceparent", header}, {"baggage", "user=42"} | carrier]
        _none -> carrier
      end
    end
  end
end
