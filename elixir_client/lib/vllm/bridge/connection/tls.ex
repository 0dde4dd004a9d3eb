defmodule Vllm.Bridge.Connection.Tls do
  @schema [
    cacertfile: [
      type: :text,
      doc: "PEM file of the authorities to trust; those of the operating system when absent."
    ],
    certfile: [type: :text, doc: "PEM file of this client's certificate, where the server asks."],
    keyfile: [type: :text, doc: "PEM file of its private key."],
    server_name: [
      type: :text,
      doc: "Name that the server's certificate must have; the host of the address when absent."
    ]
  ]

  @moduledoc false
  # TLS under a connection: the server is always verified, by its chain and by its name, and HTTP/2 is
  # agreed on by ALPN ([RFC 9113 section 3.2](https://www.rfc-editor.org/rfc/rfc9113#section-3.2)).

  alias Vllm.Bridge.Endpoint
  alias Vllm.Options

  @spec docs() :: String.t()
  def docs, do: Options.docs(@schema)

  @typedoc "Options of OTP's `ssl`, and `pinned`: the one certificate to trust, in DER."
  @type t :: [:ssl.tls_client_option() | {:pinned, :public_key.der_encoded()}]

  @files [:cacertfile, :certfile, :keyfile]

  @doc "Reads the option `tls` for a server at `endpoint`; the message says what is wrong with it."
  @spec options(term(), Endpoint.t()) :: {:ok, t() | nil} | {:error, String.t()}
  def options(tls, _endpoint) when tls in [nil, false], do: {:ok, nil}

  def options(_tls, {:local, _path}),
    do: {:error, "tls is for \"host:port\"; a unix socket is protected by its directory"}

  def options(true, endpoint), do: options([], endpoint)

  # The server signs its certificate itself, and we were told which one that is.
  def options({:pinned, certificate, name}, {:tcp, _host, _port}) do
    {:ok,
     [
       pinned: certificate,
       cacerts: [certificate],
       verify_fun: {&verify_pinned/3, nil},
       server_name_indication: String.to_charlist(name)
     ] ++ verification()}
  end

  def options(tls, {:tcp, host, _port}) do
    with {:ok, opts} <- Options.validate(tls, @schema, "tls"),
         :ok <- together(opts),
         :ok <- readable(opts),
         {:ok, name} <- name(opts.server_name || host, host),
         {:ok, authorities} <- authorities(opts) do
      {:ok, authorities ++ own(opts) ++ name ++ verification()}
    end
  end

  defp together(%{certfile: cert, keyfile: key}) when cert == nil == (key == nil), do: :ok
  defp together(_opts), do: {:error, "tls: certfile and keyfile need each other"}

  defp readable(opts) do
    Enum.find_value(@files, :ok, fn key ->
      with path when path != nil <- opts[key],
           {:error, problem} <- pem(path) do
        {:error, "tls: #{key} #{inspect(path)} cannot be used: #{problem}"}
      else
        _fine -> nil
      end
    end)
  end

  defp pem(path) do
    case File.read(path) do
      {:ok, text} ->
        if String.contains?(text, "-----BEGIN "), do: :ok, else: {:error, "no PEM in it"}

      {:error, reason} ->
        {:error, to_string(:file.format_error(reason))}
    end
  end

  defp authorities(%{cacertfile: nil}) do
    {:ok, [cacerts: :public_key.cacerts_get()]}
  rescue
    # OTP raises where it finds no store.
    _error -> {:error, "tls: this system has no certificate authorities; give cacertfile"}
  end

  defp authorities(%{cacertfile: path}), do: {:ok, [cacertfile: path]}

  defp own(%{certfile: nil}), do: []
  defp own(opts), do: [certfile: opts.certfile, keyfile: opts.keyfile]

  # Without a name, OTP compares the certificate with the address it is connected to; an address is
  # never sent as a name (RFC 6066 section 3).
  defp name(name, host) do
    case :inet.parse_address(String.to_charlist(name)) do
      {:error, _no_address} -> {:ok, [server_name_indication: String.to_charlist(name)]}
      {:ok, _address} when name == host -> {:ok, []}
      {:ok, _address} -> {:error, "tls: server_name must be a host name, got: #{inspect(name)}"}
    end
  end

  defp verification do
    [
      verify: :verify_peer,
      depth: 10,
      customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)],
      versions: [:"tlsv1.3", :"tlsv1.2"],
      alpn_advertised_protocols: ["h2"],
      # What goes wrong is returned, and said by `format/1`.
      log_level: :none
    ]
  end

  # OTP calls a certificate bad that signs itself, also where it is trusted. That it is the pinned one is
  # seen to before anything is sent, by `connect/3`.
  defp verify_pinned(_certificate, {:bad_cert, :selfsigned_peer}, state), do: {:valid, state}
  defp verify_pinned(_certificate, {:bad_cert, _reason} = bad, _state), do: {:fail, bad}
  defp verify_pinned(_certificate, {:extension, _extension}, state), do: {:unknown, state}
  defp verify_pinned(_certificate, _valid, state), do: {:valid, state}

  @doc "Secures a socket that is connected."
  @spec connect(:gen_tcp.socket(), t(), timeout()) :: {:ok, :ssl.sslsocket()} | {:error, term()}
  def connect(socket, tls, timeout) do
    {:ok, _started} = Application.ensure_all_started(:ssl)
    {pinned, tls} = Keyword.pop(tls, :pinned)

    with {:ok, secured} <- :ssl.connect(socket, tls, timeout),
         {:error, problem} <- acceptable(secured, pinned) do
      _ = :ssl.close(secured)
      {:error, problem}
    end
  end

  defp acceptable(secured, pinned) do
    with true <- pinned == nil or :ssl.peercert(secured) == {:ok, pinned},
         {:ok, "h2"} <- :ssl.negotiated_protocol(secured) do
      {:ok, secured}
    else
      false -> {:error, :another_certificate}
      {:error, :protocol_not_negotiated} -> {:error, :no_http2}
      _other -> {:error, :closed}
    end
  end

  @doc "Says why there is no secure connection, and what to do."
  @spec format(term()) :: String.t()
  def format({:tls_alert, {alert, text}}), do: alert(alert, to_string(text))
  def format(:no_http2), do: "the server speaks TLS but not HTTP/2 (ALPN). Check the endpoint"

  def format(:another_certificate),
    do: "the server's certificate is not the one that it is known by. Somebody else answers there"

  def format(:closed) do
    "the server closed the connection during the TLS handshake. It may want a client certificate, or " <>
      "one of another authority (certfile and keyfile in `tls`), or speak no TLS (tls: false)"
  end

  def format(:timeout) do
    "the server did not answer the TLS handshake in time. Check that it speaks TLS (tls: false if not)"
  end

  def format({:options, reason}),
    do: "the files given in `tls` cannot be used: #{inspect(reason, limit: 10)}"

  def format(reason), do: "TLS failed: #{inspect(reason, limit: 10)}"

  defp alert(:unknown_ca, text) do
    if received?(text),
      do:
        "the server does not trust the authority of this client's certificate. Give one that it does",
      else:
        "the server's certificate is of an authority that is not trusted here. Give the right one: " <>
          "tls: [cacertfile: ...]"
  end

  defp alert(:certificate_expired, text),
    do: "#{whose(text)} certificate has expired, or a clock is wrong. Renew it"

  defp alert(alert, _text) when alert in [:certificate_required, :no_certificate],
    do: "the server wants a client certificate. Give one: tls: [certfile: ..., keyfile: ...]"

  defp alert(:no_application_protocol, _text), do: format(:no_http2)

  defp alert(alert, text) do
    cond do
      text =~ "hostname_check_failed" ->
        "the server's certificate is for another name than the one connected to. Connect by a name " <>
          "that is in it, or say which one: tls: [server_name: ...]"

      text =~ "unsupported_record_type" ->
        "the server speaks no TLS. Check the endpoint, or leave `tls` out if it is meant to be so"

      alert == :handshake_failure and received?(text) ->
        "the server refused the TLS handshake; it may want a client certificate " <>
          "(tls: [certfile: ..., keyfile: ...])"

      # OTP's word for a certificate that is its own authority, even where that is trusted.
      alert == :bad_certificate and not received?(text) ->
        "the server's certificate was refused: it is signed by itself, or damaged. Give the server one " <>
          "that an authority has signed, and that authority here: tls: [cacertfile: ...]"

      alert in [
        :bad_certificate,
        :unsupported_certificate,
        :certificate_unknown,
        :certificate_revoked
      ] ->
        "#{whose(text)} certificate was refused (#{alert})"

      true ->
        "TLS failed with the alert #{alert}: #{String.trim(text)}"
    end
  end

  defp received?(text), do: text =~ "received SERVER ALERT"
  defp whose(text), do: if(received?(text), do: "this client's", else: "the server's")
end
