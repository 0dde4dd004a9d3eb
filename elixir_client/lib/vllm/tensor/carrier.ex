defmodule Vllm.Tensor.Carrier do
  @moduledoc false
  # Sends one call, and chooses how its tensors and those of its answer travel: through shared memory if
  # client and rank share some, in chunks if they are too large for a message, else in the messages. Runs
  # in the caller's process.

  alias Vllm.Bridge.{Connection, PoolClient, Protobuf, Transport, V1}
  alias Vllm.Deadline
  alias Vllm.Tensor.{Chunks, Lease, OutgoingRequest, Received, Segments}

  @type answer :: {:ok, binary() | Received.t()} | {:error, Connection.reason()}

  # How long the pool may take to give some, in ms: without an answer the call goes on without them.
  @ask_timeout 30_000

  # How many segments to ask for at a time.
  @segments 4

  # Statuses that leave open whether the call still runs: CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE.
  @unsettled [1, 4, 14]

  @doc "Makes a call of `Vllm.Call.Dispatch` within so many milliseconds."
  @spec unary(Vllm.Call.Dispatch.t(), OutgoingRequest.body(), timeout()) :: answer()
  def unary(%{connection: {_transport, _handle}} = call, body, timeout),
    do: send_inline(call, body, timeout, [])

  def unary(call, %OutgoingRequest{} = outgoing, timeout) do
    deadline = Deadline.new(timeout)

    case lease(call, outgoing, deadline) do
      {:ok, lease} -> through_memory(call, outgoing, lease, deadline)
      :none -> without_memory(call, outgoing, deadline)
    end
  end

  def unary(call, body, timeout), do: send_inline(call, body, timeout, [])

  defp send_inline(call, body, timeout, metadata) do
    request(call, OutgoingRequest.inline(body), timeout, metadata)
  end

  defp request(call, body, timeout, more) do
    options = [timeout: timeout, metadata: call.metadata ++ more, on_sent: call.on_sent]
    Transport.unary(call.connection, call.path, body, options)
  end

  # --- shared memory ----------------------------------------------------------------------------

  defp through_memory(call, outgoing, lease, deadline) do
    metadata = [{"vllm-shared-memory", Lease.to_metadata(lease)}]

    with {:ok, body} <- write(outgoing, lease),
         left = Deadline.left(deadline),
         {:ok, response} <- request(call, body, left, metadata) do
      {:ok, %{received(call, response) | lease: lease}}
    else
      {:unwritten, _reason} ->
        # The file system is full, or the directory gone with its session, or the tensor too large.
        fall_back(call, outgoing, lease, deadline)

      {:error, {:status, code, _text, trailers} = reason} ->
        cond do
          unreadable?(trailers) -> fall_back(call, outgoing, lease, deadline)
          code in @unsettled -> Segments.discard(lease)
          true -> Segments.give_back(lease)
        end
        |> case do
          :ok -> {:error, reason}
          answer -> answer
        end

      {:error, reason} ->
        Segments.discard(lease)
        {:error, reason}
    end
  end

  defp write(outgoing, lease) do
    {body, _end} =
      OutgoingRequest.encode(outgoing, 0, fn tensor, offset ->
        case Lease.write(lease, tensor, offset) do
          {:ok, tensor, next} -> {tensor, next}
          {:error, reason} -> throw({:unwritten, reason})
        end
      end)

    {:ok, body}
  catch
    {:unwritten, _reason} = unwritten -> unwritten
  end

  # The rank could not read an argument, and so has not begun with the call.
  defp unreadable?(trailers) do
    with {_name, detail} <- List.keyfind(trailers, "vllm-error-bin", 0),
         {:ok, %{reason: reason}} <- Protobuf.decode(V1.ErrorDetail, detail) do
      reason == "shared_memory_unavailable"
    else
      _other -> false
    end
  end

  defp fall_back(call, outgoing, lease, deadline) do
    Segments.discard(lease)
    if outgoing.large <= lease.max_bytes, do: Segments.give_up(lease.bridge, lease.session_id)
    without_memory(call, outgoing, deadline)
  end

  # --- which segment ----------------------------------------------------------------------------

  defp lease(call, outgoing, deadline) do
    bridge = call.config.bridge

    case Segments.status(bridge, call.session_id) do
      :shared ->
        claim(call, bridge, deadline)

      :wanted ->
        ask_and_claim(call, bridge, deadline)

      :unknown when outgoing.large > 0 or outgoing.expected > 0 ->
        ask_and_claim(call, bridge, deadline)

      _unknown_or_unshared ->
        :none
    end
  end

  defp claim(call, bridge, deadline) do
    with :none <- Segments.claim(bridge, call.session_id),
         do: ask_and_claim(call, bridge, deadline)
  end

  defp ask_and_claim(call, bridge, deadline) do
    # On the call's own time: a server that does not answer must not keep its caller longer.
    timeout = min(@ask_timeout, Deadline.left(deadline))

    with true <- enabled?() and local?(call.config.endpoint),
         {:ok, response} <-
           PoolClient.call(
             call.config,
             "ShareMemory",
             request(call),
             V1.ShareMemoryResponse,
             timeout
           ),
         {:ok, memory} <- memory(response) do
      Segments.add(bridge, call.session_id, memory, response.segments)
      Segments.claim(bridge, call.session_id)
    else
      # Every segment is in use: this call goes without.
      {:error, %Vllm.Error{reason: "too_many_segments"}} ->
        :none

      _not_shared ->
        Segments.give_up(bridge, call.session_id)
        :none
    end
  end

  defp enabled?, do: Application.get_env(:vllm_distributed, :shared_memory, true)

  # No proof, that is the key; but a server elsewhere need not be asked.
  defp local?("unix:" <> _path), do: true
  defp local?("127.0.0.1:" <> _port), do: true
  defp local?("localhost:" <> _port), do: true
  defp local?("[::1]:" <> _port), do: true
  defp local?(_endpoint), do: false

  # The session may not be open yet: then this opens it as the call itself would.
  defp request(call) do
    known = Map.new(call.metadata)

    affinity =
      case known["vllm-affinity"] do
        "hint" -> :hint
        "strict_queue" -> :strict_queue
        "strict_fail_fast" -> :strict_fail_fast
        nil -> :affinity_unspecified
      end

    session = %V1.OpenSessionRequest{
      session_id: call.session_id,
      affinity: affinity,
      pool_name: known["vllm-pool-name"] || "",
      client_id: known["vllm-client-id"] || ""
    }

    %V1.ShareMemoryRequest{session: session, segments: @segments}
  end

  defp memory(%V1.ShareMemoryResponse{directory: directory} = response) do
    with true <- directory?(directory),
         true <- Enum.all?(response.segments, &(&1 =~ ~r/\Asegment-[1-9][0-9]{0,18}\z/)),
         {:ok, key} <- read_key(directory) do
      {:ok, %{directory: directory, key: key, max_bytes: response.max_segment_bytes}}
    else
      _another_or_none -> {:error, :not_shared}
    end
  end

  # Nothing else on this machine is written to because a server says so.
  defp directory?(directory),
    do: directory =~ ~r"\A/dev/shm/vllm-bridge-[A-Za-z0-9_]{1,64}/session-[1-9][0-9]{0,18}\z"

  # Only a client that sees the server's directory can say what is in this file.
  defp read_key(directory) do
    with {:ok, file} <- :file.open(directory <> "/key", [:raw, :binary, :read]) do
      try do
        with {:ok, key} <- :file.read(file, 64),
             do: if(key =~ ~r/\A[0-9a-f]{32}\z/, do: {:ok, key}, else: {:error, :no_key})
      after
        :file.close(file)
      end
    end
  end

  # --- without shared memory --------------------------------------------------------------------

  defp without_memory(call, outgoing, deadline) do
    if max(outgoing.large, outgoing.expected) >= Chunks.min_bytes() do
      case Chunks.call(call, outgoing, Deadline.left(deadline)) do
        {:ok, body, chunks} -> {:ok, %{received(call, body) | chunks: chunks}}
        # A server that knows no chunks.
        {:error, {:status, 12, _text, _trailers}} -> send_and_receive(call, outgoing, deadline)
        {:error, reason} -> {:error, reason}
      end
    else
      send_and_receive(call, outgoing, deadline)
    end
  end

  defp send_and_receive(call, outgoing, deadline) do
    with {:ok, body} <- send_inline(call, outgoing, Deadline.left(deadline), []),
         do: {:ok, received(call, body)}
  end

  defp received(call, body),
    do: %Received{body: body, bridge: call.config.bridge, session_id: call.session_id}
end
