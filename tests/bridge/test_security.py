"""TLS and tokens: who can connect to a server over TCP, and what an operator did wrong."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from pool_harness import FAKE, SHORT, Pool, connect, start_pool
from test_serve import refused, run

import vllm_bridge
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.settings import PoolSettings, ServerSettings
from vllm_bridge.pool.settings.config_file import PoolTable, ServerTable

Start = Callable[..., Pool]


DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
TOKEN = "t0ken"


@dataclass(frozen=True)
class Files:
    """Certificates, as files."""

    ca: Path
    cert: Path
    key: Path
    client_cert: Path
    client_key: Path
    other_ca: Path
    other_cert: Path
    other_key: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A server's certificate for 127.0.0.1, a client's, and those of another authority."""
    base = tmp_path_factory.mktemp("tls")
    made = Files(*(base / field.name for field in fields(Files)))
    ours, others = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(made.ca)
    others.cert_pem.write_to_path(made.other_ca)
    server = ours.issue_cert("127.0.0.1", "pool.test")
    client, stranger = ours.issue_cert("client"), others.issue_cert("client")
    for cert, key, leaf in (
        (made.cert, made.key, server),
        (made.client_cert, made.client_key, client),
        (made.other_cert, made.other_key, stranger),
    ):
        leaf.cert_chain_pems[0].write_to_path(cert)
        leaf.private_key_pem.write_to_path(key)
    return made


def tls(files: Files, *more: str) -> list[str]:
    """Options of a server on a free port of this machine."""
    pair = ["--tls-cert", str(files.cert), "--tls-key", str(files.key)]
    return ["--listen", "127.0.0.1:0", *pair, *more]


@pytest.fixture(scope="module")
def pools(files: Files, short_tmp: Path) -> Iterator[dict[str, Pool]]:
    """One with a token, and one that wants client certificates."""
    started = {
        "token": start_pool(short_tmp / "tls", *tls(files), VLLM_BRIDGE_TOKEN=TOKEN),
        "certificate": start_pool(
            short_tmp / "mutual", *tls(files, "--tls-client-ca", str(files.ca))
        ),
    }
    yield started
    for pool in started.values():
        pool.stop()


def works(client: Client) -> bool:
    """Whether a call reaches a rank and comes back."""
    with client, client.open_session(affinity="strict_queue") as session:
        return session.send(FAKE + "Echo", b"hi", SHORT) == b"hi"


def test_a_private_key_that_everybody_can_open_is_warned_of(
    pools: dict[str, Pool], files: Files
) -> None:
    open_to_all = bool(files.key.stat().st_mode & 0o007)
    assert ("can open the private key" in pools["token"].stderr()) == open_to_all


def test_a_token_over_tls(pools: dict[str, Pool], files: Files) -> None:
    pool = pools["token"]
    assert works(connect(pool.endpoint, token=TOKEN, ca=files.ca))
    with connect(pool.endpoint, token="wrong", ca=files.ca) as client:
        with pytest.raises(BridgeError) as caught:
            client.status()
        assert caught.value.reason == "unauthenticated"


def test_the_name_in_the_certificate(pools: dict[str, Pool], files: Files) -> None:
    endpoint = pools["token"].endpoint
    assert works(connect(endpoint, token=TOKEN, ca=files.ca, server_name="pool.test"))
    with (
        connect(endpoint, token=TOKEN, ca=files.ca, server_name="other.test") as client,
        pytest.raises(BridgeError) as caught,
    ):
        client.status()
    assert caught.value.reason == "pool_unreachable"


def test_clients_that_a_tls_server_does_not_talk_to(pools: dict[str, Pool], files: Files) -> None:
    mutual = pools["certificate"].endpoint
    token = pools["token"].endpoint
    strangers = [
        (connect(token, token=TOKEN), "if it wants TLS, give `ca=`"),
        (connect(token, token=TOKEN, ca=files.other_ca), "not of the authority in `ca=`"),
        (connect(token.replace("127.0.0.1", "localhost"), ca=files.ca), "`server_name=`"),
        (connect(mutual), "if it wants TLS"),
        (connect(mutual, ca=files.ca), "it may want a client certificate"),
        (
            connect(mutual, ca=files.ca, cert=files.other_cert, key=files.other_key),
            "or another one than was given",
        ),
    ]
    for client, remedy in strangers:
        with client, pytest.raises(BridgeError) as caught:
            client.status(timeout=SHORT)
        assert caught.value.category == Category.GRPC_ERROR
        assert caught.value.reason == "pool_unreachable"
        assert remedy in caught.value.message
        assert "vllm-bridge serve" not in caught.value.message


def test_tls_to_a_server_without_it_is_called_that(files: Files, start: Start) -> None:
    pool = start("--listen", "127.0.0.1:0", "--insecure-loopback", "--size", "0")
    with connect(pool.endpoint, ca=files.ca) as client, pytest.raises(BridgeError) as caught:
        client.status(timeout=SHORT)
    assert caught.value.reason == "pool_unreachable"
    assert "What listens there speaks no TLS" in caught.value.message


def test_a_client_certificate_is_enough(pools: dict[str, Pool], files: Files) -> None:
    pool = pools["certificate"]
    assert works(connect(pool.endpoint, ca=files.ca, cert=files.client_cert, key=files.client_key))


def test_streams_and_direct_calls_over_tls(pools: dict[str, Pool], files: Files) -> None:
    endpoint = pools["token"].endpoint
    with (
        connect(endpoint, token=TOKEN, ca=files.ca, client_id="tls-client") as client,
        client.watch() as watch,
        client.open_session(affinity="strict_queue") as session,
    ):
        assert session.info.endpoint == "", "ranks are out of reach over TCP"
        assert next(watch).session.session.client_id == "tls-client"


def test_status_over_tls(pools: dict[str, Pool], files: Files) -> None:
    endpoint = pools["certificate"].endpoint
    pair = ["--tls-cert", str(files.client_cert), "--tls-key", str(files.client_key)]
    done = run("status", "--connect", endpoint, "--tls-ca", str(files.ca), *pair)
    assert done.returncode == 0, done
    missing = refused("status", "--connect", endpoint, "--tls-ca", "/nonexistent.pem")
    assert "/nonexistent.pem" in missing


# Options, with {name} for a file of `Files`, and what the one line on stderr has to say.
MISTAKES = [
    ("--tls-cert /nonexistent.pem --tls-key {key}", "--tls-cert: cannot read /nonexistent.pem"),
    ("--tls-cert {cert} --tls-key /nonexistent.pem", "--tls-key: cannot read /nonexistent.pem"),
    ("--tls-cert {cert}", "give --tls-key FILE"),
    ("--tls-key {key}", "give --tls-cert FILE"),
    ("--tls-client-ca {ca}", "give --tls-cert FILE"),
    ("--tls-cert {cert} --tls-key {client_key}", "is not the key of the certificate"),
    ("--tls-cert {key} --tls-key {key}", "not a PEM file with a certificate"),
    ("--tls-cert {cert} --tls-key {cert}", "not a PEM file with a private key"),
    ("--tls-cert {text} --tls-key {key}", "not a PEM file with a certificate"),
    ("--tls-cert {broken} --tls-key {key}", "cannot be used"),
    ("--tls-cert {cert} --tls-key {locked}", "is encrypted; give a key without a passphrase"),
    ("--tls-cert {cert} --tls-key {key} --tls-client-ca {text}", "--tls-client-ca: "),
    ("--tls-cert {cert} --tls-key {key} --tls-client-ca {broken}", "cannot be used"),
    ("--tls-cert {cert} --tls-key {key} --tls-client-ca /none", "cannot read /none"),
    ("--tls-cert {directory} --tls-key {key}", "Is a directory"),
]


@pytest.mark.parametrize(("options", "said"), MISTAKES)
def test_mistakes_with_certificates(files: Files, tmp_path: Path, options: str, said: str) -> None:
    names = {field.name: getattr(files, field.name) for field in fields(Files)}
    text, broken, locked = (tmp_path / name for name in ("text", "broken", "locked"))
    text.write_text("hello")
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n")
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    filled = options.format(
        **names, text=text, broken=broken, locked=locked, directory=tmp_path
    ).split()
    assert said in refused("serve", "--listen", "127.0.0.1:0", *filled, VLLM_BRIDGE_TOKEN="t")


@pytest.mark.parametrize("listen", [[], ["--listen", "unix:/tmp/never-made.sock"]])
def test_tls_is_for_tcp(files: Files, listen: list[str]) -> None:
    message = refused("serve", *tls(files)[2:], *listen)
    assert "TLS is for TCP" in message
    assert "--listen HOST:PORT" in message


def test_a_token_does_not_travel_in_clear(files: Files) -> None:
    message = refused("serve", "--listen", "0.0.0.0:0", VLLM_BRIDGE_TOKEN="t")
    assert "clear text" in message
    assert "--tls-cert" in message
    assert "--insecure-plaintext" in message


def test_tls_alone_keeps_nobody_out(files: Files) -> None:
    assert "needs a token" in refused("serve", *tls(files))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cert": "x"}, "without key="),
        ({"key": "x"}, "without cert="),
        ({"ca": "/nonexistent.pem"}, "/nonexistent.pem"),
        ({"ca": __file__}, "not a PEM file"),
    ],
)
def test_mistakes_of_clients(options: dict[str, str], said: str) -> None:
    with pytest.raises(BridgeError, match=re.escape(said)) as caught:
        connect("127.0.0.1:1", **options)
    assert caught.value.reason == "bad_tls"
    with pytest.raises(BridgeError, match=r"TLS is for TCP|PEM|without|cannot"):
        connect("unix:/tmp/never-made.sock", **options)


def limits() -> list[tuple[str, str, str]]:
    """Setting, default and reason of the rows of the document's table of limits."""
    rows = [line.split("|")[2:5] for line in DOCUMENT.read_text().splitlines() if "| `" in line]
    return [
        (setting.strip(" `"), default.strip(), reason.strip(" `"))
        for setting, default, reason in rows
        if re.fullmatch(r" `(pools|server|vllm_bridge)\.[A-Za-z_.]+` ", setting)
    ]


def of_setting(name: str) -> object:
    """The default of a setting, or the value of a constant."""
    table, _, key = name.rpartition(".")
    if table == "pools":
        assert key in PoolTable.model_fields
        return getattr(PoolSettings(), key)
    if table == "server":
        assert key in ServerTable.model_fields
        return getattr(ServerSettings(), key)
    return getattr(importlib.import_module(table), key)


def as_written(value: object) -> str:
    """A value as the document writes it."""
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds()):,} s"
    return "none" if value is None else f"{value:,}"


def test_the_document_names_the_settings_and_their_defaults() -> None:
    found = limits()
    assert len(found) > 15
    for name, default, _ in found:
        assert default == as_written(of_setting(name)), name


def test_the_document_names_every_limit_that_can_be_set() -> None:
    named = {name for name, _, _ in limits()}
    limiting = {key for key in PoolTable.model_fields if key.startswith("max_")}
    assert {f"pools.{key}" for key in limiting} <= named
    limiting = {key for key in ServerTable.model_fields if key.startswith("max_")}
    assert {f"server.{key}" for key in limiting} <= named


def test_the_reasons_in_the_document_are_those_of_errors() -> None:
    package = Path(vllm_bridge.__file__).parent
    source = "".join(path.read_text() for path in package.rglob("*.py"))
    reasons = {reason for _, _, reason in limits() if reason}
    assert {reason for reason in reasons if f'"{reason}"' not in source} == set()


def test_the_document_names_options_that_exist() -> None:
    options = set(re.findall(r"--[a-z][a-z-]+", DOCUMENT.read_text()))
    usage = run("serve", "--help").stdout
    assert "--tls-client-ca" in options
    assert {option for option in options if option not in usage} == set()
