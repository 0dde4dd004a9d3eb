Code.require_file("../support_h2/echo_server.exs", __DIR__)

defmodule Vllm.Bridge.InteropMessages do
  # `support/interop.proto`, as the code generator would write it.
  for {name, fields} <- [
        Payload: [body: {2, :bytes, :singular}],
        EchoStatus: [code: {1, :int32, :singular}, message: {2, :string, :singular}],
        SimpleRequest: [
          response_size: {2, :int32, :singular},
          payload: {3, {:message, Payload}, :singular},
          response_status: {7, {:message, EchoStatus}, :singular}
        ],
        SimpleResponse: [payload: {1, {:message, Payload}, :singular}],
        StreamingInputCallRequest: [payload: {1, {:message, Payload}, :singular}],
        StreamingInputCallResponse: [aggregated_payload_size: {1, :int32, :singular}],
        ResponseParameters: [
          size: {1, :int32, :singular},
          interval_us: {2, :int32, :singular}
        ],
        StreamingOutputCallRequest: [
          response_parameters: {2, {:message, ResponseParameters}, :repeated},
          payload: {3, {:message, Payload}, :singular},
          response_status: {7, {:message, EchoStatus}, :singular}
        ],
        StreamingOutputCallResponse: [payload: {1, {:message, Payload}, :singular}]
      ] do
    full = fn name -> Module.concat(__MODULE__, name) end

    type = fn
      {:message, name} -> {:message, full.(name)}
      scalar -> scalar
    end

    rows = for {key, {number, kind, label}} <- fields, do: {key, number, type.(kind), label}

    zero = fn
      {_number, _kind, :repeated} -> []
      {_number, :bytes, _label} -> ""
      {_number, :string, _label} -> ""
      {_number, :int32, _label} -> 0
      {_number, {:message, _name}, _label} -> nil
    end

    defaults = for {key, field} <- fields, do: {key, zero.(field)}

    defmodule full.(name) do
      defstruct defaults
      def __fields__, do: unquote(Macro.escape(rows))
    end
  end
end

defmodule Vllm.Bridge.InteropTest do
  # The cases of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md that need
  # neither compression nor an authority of Google's, by their names there.
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connection, EchoServer, InteropMessages, Protobuf}

  alias InteropMessages.{
    EchoStatus,
    Payload,
    ResponseParameters,
    SimpleRequest,
    SimpleResponse,
    StreamingInputCallRequest,
    StreamingInputCallResponse,
    StreamingOutputCallRequest,
    StreamingOutputCallResponse
  }

  @moduletag timeout: 60_000
  @service "/grpc.testing.TestService/"

  # Sizes of the responses asked for, and of the requests that ask.
  @ping_pong [{31_415, 27_182}, {9, 8}, {2_653, 1_828}, {58_979, 45_904}]

  setup_all do
    {_port, address} = EchoServer.start("127.0.0.1:0", ["interop"])
    {:ok, conn} = Connection.start_link(endpoint: address)
    # The process that starts the connection must outlive the tests, as `setup_all`'s does.
    %{conn: conn}
  end

  defp unary(conn, method, request, opts \\ []),
    do: Connection.unary(conn, @service <> method, Protobuf.encode(request), opts)

  defp duplex(conn, opts \\ []) do
    {:ok, stream} = Connection.bidi_stream(conn, @service <> "FullDuplexCall", opts)
    stream
  end

  defp ask(stream, {response_size, request_size}) do
    request = %StreamingOutputCallRequest{
      response_parameters: [%ResponseParameters{size: response_size}],
      payload: zeros(request_size)
    }

    Connection.send_message(stream, Protobuf.encode(request))
  end

  defp zeros(size), do: %Payload{body: :binary.copy(<<0>>, size)}

  defp body_size(binary, module) do
    {:ok, %{payload: payload}} = Protobuf.decode(module, binary)
    assert payload == nil or :binary.replace(payload.body, <<0>>, "", [:global]) == ""
    if payload, do: byte_size(payload.body), else: 0
  end

  defp read_sizes(stream, sizes \\ []) do
    case Connection.next(stream) do
      {:ok, binary} ->
        read_sizes(stream, [body_size(binary, StreamingOutputCallResponse) | sizes])

      last ->
        {Enum.reverse(sizes), last}
    end
  end

  test "empty_unary", %{conn: conn} do
    assert Connection.unary(conn, @service <> "EmptyCall", "") == {:ok, ""}
  end

  test "large_unary", %{conn: conn} do
    request = %SimpleRequest{response_size: 314_159, payload: zeros(271_828)}
    assert {:ok, binary} = unary(conn, "UnaryCall", request)
    assert body_size(binary, SimpleResponse) == 314_159
  end

  test "client_streaming", %{conn: conn} do
    messages =
      for size <- [27_182, 8, 1_828, 45_904],
          do: Protobuf.encode(%StreamingInputCallRequest{payload: zeros(size)})

    assert {:ok, binary} =
             Connection.client_stream(conn, @service <> "StreamingInputCall", messages)

    assert Protobuf.decode(StreamingInputCallResponse, binary) ==
             {:ok, %StreamingInputCallResponse{aggregated_payload_size: 74_922}}
  end

  test "server_streaming", %{conn: conn} do
    sizes = [31_415, 9, 2_653, 58_979]
    parameters = for size <- sizes, do: %ResponseParameters{size: size}
    request = Protobuf.encode(%StreamingOutputCallRequest{response_parameters: parameters})
    {:ok, stream} = Connection.server_stream(conn, @service <> "StreamingOutputCall", request)
    assert read_sizes(stream) == {sizes, :done}
  end

  test "ping_pong", %{conn: conn} do
    stream = duplex(conn)

    for {response_size, _request_size} = sizes <- @ping_pong do
      assert ask(stream, sizes) == :ok
      assert {:ok, binary} = Connection.next(stream)
      assert body_size(binary, StreamingOutputCallResponse) == response_size
    end

    Connection.half_close(stream)
    assert Connection.next(stream) == :done
  end

  test "empty_stream", %{conn: conn} do
    stream = duplex(conn)
    Connection.half_close(stream)
    assert Connection.next(stream) == :done
  end

  test "custom_metadata", %{conn: conn} do
    initial = {"x-grpc-test-echo-initial", "test_initial_metadata_value"}
    trailing = {"x-grpc-test-echo-trailing-bin", <<0xAB, 0xAB, 0xAB>>}
    opts = [metadata: [initial, trailing], reply_metadata: true]

    request = %SimpleRequest{response_size: 314_159, payload: zeros(271_828)}
    assert {:ok, _binary, metadata} = unary(conn, "UnaryCall", request, opts)
    assert initial in metadata.headers
    assert metadata.trailers == [trailing]

    stream = duplex(conn, opts)
    assert ask(stream, {314_159, 271_828}) == :ok
    assert {:ok, headers} = Connection.await_open(stream)
    assert initial in headers
    assert {:ok, _binary} = Connection.next(stream)
    Connection.half_close(stream)
    assert Connection.next(stream) == {:done, [trailing]}
  end

  test "status_code_and_message", %{conn: conn} do
    status = %EchoStatus{code: 2, message: "test status message"}
    error = {:error, {:status, 2, "test status message", []}}
    assert unary(conn, "UnaryCall", %SimpleRequest{response_status: status}) == error

    stream = duplex(conn)
    request = Protobuf.encode(%StreamingOutputCallRequest{response_status: status})
    assert Connection.send_message(stream, request) == :ok
    Connection.half_close(stream)
    assert Connection.next(stream) == error
  end

  test "special_status_message", %{conn: conn} do
    message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    request = %SimpleRequest{response_status: %EchoStatus{code: 2, message: message}}
    assert unary(conn, "UnaryCall", request) == {:error, {:status, 2, message, []}}
  end

  test "unimplemented_method", %{conn: conn} do
    assert {:error, {:status, 12, _, []}} =
             Connection.unary(conn, @service <> "UnimplementedCall", "")
  end

  test "unimplemented_service", %{conn: conn} do
    path = "/grpc.testing.UnimplementedService/UnimplementedCall"
    assert {:error, {:status, 12, _, []}} = Connection.unary(conn, path, "")
  end

  test "cancel_after_begin", %{conn: conn} do
    {:ok, stream} = Connection.bidi_stream(conn, @service <> "StreamingInputCall")
    Connection.cancel(stream)
    assert Connection.next(stream) == {:error, {:closed, :ended}}
    assert Connection.unary(conn, @service <> "EmptyCall", "") == {:ok, ""}
  end

  test "cancel_after_first_response", %{conn: conn} do
    stream = duplex(conn)
    assert ask(stream, hd(@ping_pong)) == :ok
    assert {:ok, _binary} = Connection.next(stream)
    Connection.cancel(stream)
    assert Connection.next(stream) == {:error, {:closed, :ended}}
    assert Connection.unary(conn, @service <> "EmptyCall", "") == {:ok, ""}
  end

  test "timeout_on_sleeping_server", %{conn: conn} do
    stream = duplex(conn, timeout: 1)

    request = %StreamingOutputCallRequest{
      response_parameters: [%ResponseParameters{size: 31_415, interval_us: 1_000_000}],
      payload: zeros(27_182)
    }

    # Either side may be the first to say so, to the sender or to the reader.
    answers = [
      Connection.send_message(stream, Protobuf.encode(request)),
      Connection.next(stream)
    ]

    assert :deadline_exceeded in for({:error, reason} <- answers, do: name(reason))
  end

  defp name({:status, 4, _text, _trailers}), do: :deadline_exceeded
  defp name(reason), do: reason
end
