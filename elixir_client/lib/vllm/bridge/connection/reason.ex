defmodule Vllm.Bridge.Connection.Reason do
  @moduledoc false
  # Why a call failed, and the sentence that tells a person: one clause per reason.

  alias Vllm.Bridge.Connection.Tls

  @typedoc "As `t:Vllm.Bridge.Connection.reason/0`, where each of them is explained."
  @type t :: Vllm.Bridge.Connection.reason()

  @doc "Says what happened and what to do next."
  @spec format(t()) :: String.t()
  def format({:status, code, message, _trailers}),
    do: "the server answered with #{status_name(code)}: #{text(message)}"

  def format(:deadline_exceeded) do
    "no answer before the deadline; the call was cancelled but may have run. " <>
      "Give it a longer timeout, or ask the pool what the rank is doing"
  end

  def format({:connect, {:tls, reason}}),
    do: "no secure connection: #{Tls.format(reason)}. Nothing was sent"

  def format({:connect, {:tls_alert, _alert} = reason}), do: format({:connect, {:tls, reason}})

  # A TLS server that a client contacts in the clear does one of these two.
  def format({:connect, reason}) when reason in [:closed, :econnreset] do
    "cannot connect: the server closed the connection before a word. Nothing was sent. " <>
      "Check that it speaks gRPC on this endpoint, and give `tls: true` if it wants TLS"
  end

  def format({:connect, {:goaway, code}}) do
    "cannot connect: the server says that it goes away (#{inspect(code)}). Nothing was sent. " <>
      "Call again when it, or its successor, is there"
  end

  def format({:connect, reason}) do
    "cannot connect: #{posix(reason)}. Nothing was sent. " <>
      "Check that the server runs and listens on this endpoint, then call again"
  end

  def format({:unprocessed, reason}) do
    "the server did not process the call (#{detail(reason)}). It is safe to call again"
  end

  def format({:closed, :noproc}),
    do: "the connection's process is not running. Start it, or look up why it stopped"

  def format({:closed, :keepalive_timeout}) do
    "the server gave no sign of life and the connection was closed. The call may have run: check that " <>
      "the server's host and the network between are up, and raise `keepalive_timeout` if they only pause"
  end

  def format({:closed, :ended}),
    do: "the stream has ended; its last answer said why"

  def format({:closed, reason}) do
    "the connection was lost during the call (#{detail(reason)}). The call may have run: " <>
      "call again only if running twice does no harm"
  end

  def format({:protocol, {:http_status, status}}) do
    "the server answered with HTTP status #{status} instead of gRPC. " <>
      "Check the endpoint and what stands between (a proxy?)"
  end

  def format({:protocol, {:content_type, type}}) do
    "the server answered with content type #{inspect(type)} instead of application/grpc. " <>
      "Check the endpoint"
  end

  def format({:protocol, {:message_too_large, size, limit}}) do
    "the response has #{size} bytes, the limit is #{limit}. " <>
      "Raise max_receive_bytes, or ask for a reference instead of the value"
  end

  def format({:protocol, {:request_too_large, size}}) do
    "the request has #{size} bytes, gRPC allows 4294967295. Nothing was sent. Send it in parts"
  end

  def format({:protocol, {:headers_too_large, size, limit}}) do
    "the request's headers have #{size} bytes, the server takes #{limit}. Nothing was sent. " <>
      "Send less metadata, or raise the server's limit"
  end

  def format({:protocol, {:invalid_metadata, name}}) do
    "the metadata #{inspect(name)} cannot be sent: a name is lower case ASCII and not reserved, a value " <>
      "is printable ASCII unless the name ends in -bin. Nothing was sent"
  end

  def format({:protocol, {:invalid_path, path}}),
    do:
      "#{inspect(path)} is not a method's path. Nothing was sent. Use \"/package.Service/Method\""

  def format({:protocol, {:unknown_option, key, known}}),
    do: "unknown option #{key} of a call; known are: #{Enum.join(known, ", ")}. Nothing was sent"

  def format({:protocol, {:invalid_timeout, timeout}}) do
    "#{inspect(timeout)} is not a timeout. Nothing was sent. Use milliseconds or :infinity"
  end

  def format({:protocol, {:connection_error, _code, "the server speaks TLS" = message}}) do
    "cannot connect: #{message}, and this side does not. Nothing was sent. Give `tls: true`, or " <>
      "`tls: [cacertfile: ...]` where its authority is not one of this system's"
  end

  def format({:protocol, {:connection_error, _code, "the server answered with HTTP/1" = message}}) do
    "cannot connect: #{message}, which is not gRPC. Nothing was sent. Check the endpoint: a server's " <>
      "port for metrics answers like that, and so do many proxies"
  end

  def format({:protocol, {:connection_error, code, message}}) do
    "the peer broke HTTP/2 (#{code}): #{text(message)}. The connection was closed. " <>
      "Check that the endpoint is a gRPC server's"
  end

  def format({:protocol, {:stream_error, code, message}}),
    do: "the answer broke HTTP/2 (#{code}): #{text(message)}. The server has a fault"

  def format({:protocol, :half_closed}),
    do: "the request was ended with half_close before. Nothing was sent. Send first"

  def format({:protocol, :concurrent_reads}),
    do: "another process reads the same stream. Read a stream in one process"

  def format({:protocol, reason}),
    do: "the answer is no answer to a gRPC call (#{detail(reason)}). The server has a fault"

  @statuses {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
             "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
             "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
             "UNAUTHENTICATED"}

  defp status_name(code) when code in 0..16, do: elem(@statuses, code)
  defp status_name(code), do: "status #{inspect(code)}"

  defp text(""), do: "(no message)"
  defp text(text), do: if(String.valid?(text), do: text, else: inspect(text))

  defp detail(reason) when is_atom(reason), do: posix(reason)
  defp detail({:tls_alert, _alert} = reason), do: Tls.format(reason)
  defp detail({:goaway, code}), do: "it is going away, #{inspect(code)}"
  defp detail({:reset, code}), do: "the stream was reset, #{inspect(code)}"
  defp detail(reason), do: short(reason)

  defp posix(:closed), do: "closed by the server"
  defp posix(:closed_here), do: "closed by this side"
  defp posix(:timeout), do: "timed out"

  defp posix(reason) when is_atom(reason) do
    case to_string(:inet.format_error(reason)) do
      "unknown POSIX error" <> _ -> to_string(reason)
      text -> "#{text} (#{reason})"
    end
  end

  defp posix(reason), do: short(reason)

  # The crash of a process may quote all that it had.
  defp short(reason), do: inspect(reason, limit: 10, printable_limit: 200)
end
