Code.require_file("../support_h2/fake_pool.exs", __DIR__)
Code.require_file("../support_h2/scripted_server.exs", __DIR__)

defmodule Vllm.Bridge.TlsTest do
  use ExUnit.Case, async: true

  alias Vllm.Bridge.{Connection, FakePool}
  alias Vllm.Bridge.HTTP2.ScriptedServer

  @moduletag timeout: 120_000

  # gRPC's TLS library does not take the elliptic curve certificates that OTP makes.
  @rsa [digest: :sha256, key: {:rsa, 2048, 65_537}]
  @curve [digest: :sha256, key: {:namedCurve, :secp256r1}]
  @expired [validity: {{2020, 1, 1}, {2020, 1, 2}}]

  # Certificates of an authority of their own, as files.
  setup_all do
    directory = Path.join(System.tmp_dir!(), "vllm_tls_#{System.os_time()}")
    File.mkdir_p!(directory)
    on_exit(fn -> File.rm_rf!(directory) end)

    address = certificates([{:iPAddress, <<127, 0, 0, 1>>}], [], @rsa)
    name = certificates([{:dNSName, ~c"ranks.example.org"}])
    expired = certificates([{:iPAddress, <<127, 0, 0, 1>>}], @expired)

    %{
      directory: directory,
      address: address,
      name: name,
      expired: expired,
      ca: pem(directory, "address-ca.pem", address.client_config[:cacerts]),
      name_ca: pem(directory, "name-ca.pem", name.client_config[:cacerts]),
      expired_ca: pem(directory, "expired-ca.pem", expired.client_config[:cacerts]),
      cert: pem(directory, "cert.pem", [address.client_config[:cert]]),
      key: key_pem(directory, address.client_config[:key]),
      other_cert: pem(directory, "other-cert.pem", [name.client_config[:cert]]),
      other_key: key_pem(directory, name.client_config[:key])
    }
  end

  defp certificates(names, options \\ [], key \\ @curve) do
    extension = {:Extension, {2, 5, 29, 17}, false, names}

    :public_key.pkix_test_data(%{
      server_chain: %{
        root: key,
        intermediates: [],
        peer: key ++ [extensions: [extension]] ++ options
      },
      client_chain: %{root: key, intermediates: [], peer: key}
    })
  end

  defp pem(directory, name, certificates) do
    write(directory, name, for(der <- certificates, do: {:Certificate, der, :not_encrypted}))
  end

  defp key_pem(directory, {type, der}) do
    name = "key-#{System.unique_integer([:positive])}.pem"
    write(directory, name, [{type, der, :not_encrypted}])
  end

  defp write(directory, name, entries) do
    path = Path.join(directory, name)
    File.write!(path, :public_key.pem_encode(entries))
    path
  end

  defp serve(data, options \\ []) do
    FakePool.start(
      fn
        "Echo", message, _metadata, _to -> {:ok, message}
        "Stream", _message, _metadata, _to -> {:messages, ["a", "b"]}
        "Metadata", _message, metadata, _to -> {:ok, inspect(metadata)}
      end,
      Keyword.take(data.server_config, [:cert, :key, :cacerts]) ++ options
    )
  end

  defp connect(address, options) do
    {:ok, conn} = Connection.start_link([endpoint: address] ++ options)
    conn
  end

  defp echo(address, tls, message \\ "hi"),
    do: Connection.unary(connect(address, tls: tls), "/a/Echo", message, timeout: 40_000)

  defp sentence(address, tls) do
    assert {:error, {:connect, _} = reason} = echo(address, tls)
    Connection.format_reason(reason)
  end

  describe "a server that is verified" do
    test "by address: calls, large messages, streams, the token", context do
      address = serve(context.address)
      conn = connect(address, tls: [cacertfile: context.ca], token: "s3cret")
      assert Connection.unary(conn, "/a/Echo", "hi") == {:ok, "hi"}
      message = :binary.copy("0123456789abcdef", 2_500)
      assert Connection.unary(conn, "/a/Echo", message) == {:ok, message}

      {:ok, stream} = Connection.server_stream(conn, "/a/Stream", "")
      assert Connection.next(stream) == {:ok, "a"}
      assert Connection.next(stream) == {:ok, "b"}
      Connection.cancel(stream)

      assert {:ok, metadata} = Connection.unary(conn, "/a/Metadata", "")
      assert metadata =~ ~s({"authorization", "Bearer s3cret"})
      assert metadata =~ ~s({":scheme", "https"})
    end

    test "by the name that is expected", context do
      address = serve(context.name)
      tls = [cacertfile: context.name_ca, server_name: "ranks.example.org"]
      assert echo(address, tls) == {:ok, "hi"}
      assert echo(address, tls ++ [certfile: context.cert, keyfile: context.key]) == {:ok, "hi"}
    end

    test "and that verifies us", context do
      address = serve(context.address, verify: :verify_peer, fail_if_no_peer_cert: true)
      tls = [cacertfile: context.ca, certfile: context.cert, keyfile: context.key]
      assert echo(address, tls) == {:ok, "hi"}
    end
  end

  describe "what is refused, and why" do
    test "an authority that is not trusted", context do
      text = sentence(serve(context.address), cacertfile: context.name_ca)
      assert text =~ "authority that is not trusted here"
      assert text =~ "cacertfile"
      assert text =~ "Nothing was sent"
      # The operating system trusts ours no more.
      assert sentence(serve(context.address), true) =~ "not trusted here"
    end

    test "another name, another address", context do
      address = serve(context.name)
      assert sentence(address, cacertfile: context.name_ca) =~ "for another name"
      tls = [cacertfile: context.name_ca, server_name: "ranks.example.com"]
      assert sentence(address, tls) =~ "server_name"
    end

    test "a certificate that is its own authority", context do
      %{cert: cert, key: key} = :public_key.pkix_test_root_cert(~c"self", @curve)
      ca = pem(context.directory, "self.pem", [cert])
      key = {:ECPrivateKey, :public_key.der_encode(:ECPrivateKey, key)}
      text = sentence(serve(%{server_config: [cert: cert, key: key]}), cacertfile: ca)
      assert text =~ "signed by itself"
      assert text =~ "tls: [cacertfile: ...]"
    end

    test "a certificate that has expired", context do
      text = sentence(serve(context.expired), cacertfile: context.expired_ca)
      assert text =~ "the server's certificate has expired"
    end

    test "a server without TLS, and one without HTTP/2", context do
      tls = [cacertfile: context.ca]
      {listener, address} = ScriptedServer.listen()
      call = Task.async(fn -> sentence(address, tls) end)
      {:ok, socket} = :gen_tcp.accept(listener, 30_000)
      :ok = :gen_tcp.send(socket, <<0, 0, 0, 4, 0, 0, 0, 0, 0>>)
      assert Task.await(call, 60_000) =~ "the server speaks no TLS"

      call = Task.async(fn -> sentence(address, tls) end)
      {:ok, socket} = :gen_tcp.accept(listener, 30_000)
      :gen_tcp.close(socket)
      assert Task.await(call, 60_000) =~ "closed the connection during the TLS handshake"

      text = sentence(serve(context.address, alpn_preferred_protocols: ["http/1.1"]), tls)
      assert text =~ "not HTTP/2"
    end

    test "no TLS to a server that wants it", context do
      assert {:error, reason} = echo(serve(context.address), false)
      assert Connection.format_reason(reason) =~ "TLS"

      {listener, address} = ScriptedServer.listen()
      call = Task.async(fn -> echo(address, false) end)
      {:ok, socket} = :gen_tcp.accept(listener, 30_000)
      :ok = :gen_tcp.send(socket, <<21, 3, 3, 0, 2, 2, 70>>)
      assert {:error, reason} = Task.await(call, 60_000)
      assert Connection.format_reason(reason) =~ "the server speaks TLS"
    end

    test "a client certificate that is missing, or another one", context do
      for versions <- [[:"tlsv1.3"], [:"tlsv1.2"]] do
        options = [verify: :verify_peer, fail_if_no_peer_cert: true, versions: versions]
        address = serve(context.address, options)
        assert sentence(address, cacertfile: context.ca) =~ "client certificate"

        tls = [cacertfile: context.ca, certfile: context.other_cert, keyfile: context.other_key]
        assert sentence(address, tls) =~ ~r/client certificate|client's certificate/
      end
    end

    test "options that cannot be used, before anything is opened", context do
      empty = Path.join(context.directory, "empty.pem")
      File.write!(empty, "")

      for {tls, text} <- [
            {[cafile: "x"], "tls: unknown option cafile; known are: cacertfile"},
            {[cacertfile: "/nowhere/ca.pem"],
             "cacertfile \"/nowhere/ca.pem\" cannot be used: no such file"},
            {[cacertfile: empty], "no PEM in it"},
            {[certfile: context.cert], "certfile and keyfile need each other"},
            {[server_name: "10.0.0.1"], "server_name must be a host name"},
            {:yes, "must be a keyword list"}
          ] do
        assert {:error, %Vllm.Error{message: message}} =
                 Connection.start_link(endpoint: "127.0.0.1:1", tls: tls)

        assert message =~ text
      end

      assert {:error, %Vllm.Error{message: message}} =
               Connection.start_link(endpoint: "unix:/a", tls: true)

      assert message =~ "unix socket"

      for {opts, text} <- [
            {[server: "unix:/a", tls: true], "a unix socket is protected"},
            {[server: :embedded, tls: true], "tls is for a running server"},
            {[server: "localhost:1", tls: 5], "tls must be true or false or a keyword list"},
            {[server: "localhost:1", tls: [certfile: context.cert]], "need each other"}
          ] do
        assert {:error, error} = Vllm.Bridge.start_link(opts)
        assert error.message =~ text
      end
    end
  end

  test "a whole bridge over TLS", context do
    alias Vllm.Bridge.V1

    address =
      FakePool.start(
        fn
          "Attach", _body, _metadata, _to -> {:messages, [%V1.Attached{}]}
          "GetProfiles", _body, _metadata, _to -> {:ok, %V1.Profiles{}}
          "OpenSession", _body, _metadata, _to -> {:ok, %V1.Session{session_id: "s"}}
          "CloseSession", _body, _metadata, _to -> {:ok, %V1.CloseSessionResponse{}}
        end,
        Keyword.take(context.address.server_config, [:cert, :key, :cacerts])
      )

    options = [name: :secure, server: address, tls: [cacertfile: context.ca], token: "t"]
    start_supervised!({Vllm.Bridge, options})
    assert {:ok, %Vllm.Session{id: "s"} = session} = Vllm.Session.open(bridge: :secure)
    assert Vllm.Session.close(session) == :ok

    untrusting = [name: :untrusting, server: address, tls: true]
    start_supervised!({Vllm.Bridge, untrusting}, id: :untrusting)
    assert {:error, error} = Vllm.Session.open(bridge: :untrusting)
    assert %Vllm.Error{category: :pool, reason: "pool_unreachable"} = error
    assert error.message =~ "not trusted here"
  end

  @tag timeout: 120_000
  test "the real server: TLS with a token, and with client certificates", context do
    server = context.address.server_config
    cert = pem(context.directory, "server.pem", [server[:cert]])
    key = key_pem(context.directory, server[:key])
    token = Path.join(context.directory, "token")
    File.write!(token, "a token of the tests, long enough")
    File.chmod!(token, 0o600)
    File.chmod!(key, 0o600)
    files = ["--tls-cert", cert, "--tls-key", key]
    trust = [cacertfile: context.ca]

    address = listening(files ++ ["--token-file", token])
    assert status(address, tls: trust, token: File.read!(token)) == :ok
    assert status(address, tls: trust, token: "wrong") == {:status, 16}
    assert status(address, tls: trust) == {:status, 16}
    assert status(address, token: File.read!(token)) == :not_sent

    authority = pem(context.directory, "client-ca.pem", server[:cacerts])
    address = listening(files ++ ["--tls-client-ca", authority])
    assert status(address, tls: trust ++ [certfile: context.cert, keyfile: context.key]) == :ok
    assert status(address, tls: trust) == :not_sent

    other = [certfile: context.other_cert, keyfile: context.other_key]
    assert status(address, tls: trust ++ other) == :not_sent
  end

  # Where a server of its own listens; it ends with its standard input, which is the test's.
  defp listening(options) do
    {:ok, [program]} = Vllm.Bridge.Server.find_command(%{command: nil, python: nil})
    args = ["serve", "--embedded", "--size", "0", "--listen", "127.0.0.1:0"] ++ options
    port = Port.open({:spawn_executable, program}, [:binary, {:line, 10_000}, args: args])
    assert_receive {^port, {:data, {:eol, line}}}, 30_000
    {:ok, endpoint, _pid} = Vllm.Bridge.Server.ready_line(line)
    endpoint
  end

  defp status(address, options) do
    path = "/vllm.bridge.v1.Pool/GetStatus"

    case Connection.unary(connect(address, options), path, "", timeout: 40_000) do
      {:ok, _status} -> :ok
      {:error, {:status, code, _text, _trailers}} -> {:status, code}
      {:error, {kind, _reason}} when kind in [:connect, :unprocessed] -> :not_sent
      {:error, {:protocol, {:connection_error, _, _}}} -> :not_sent
    end
  end
end
