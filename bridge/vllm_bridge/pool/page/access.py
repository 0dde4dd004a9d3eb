"""Who may look at the page.

| the server has | a browser needs |
|---|---|
| a token | the token, once: the form of `/login` gives a cookie for it |
| `--tls-client-ca` | a certificate, which TLS has checked before; with a token both |
| neither, on a loopback port | to call us by a name of this machine |

The last line keeps web sites out: one that its owner lets resolve to 127.0.0.1 (DNS rebinding) is
the same origin as the page for a browser, and has its own name in `Host`. A cookie belongs to one
name, so it needs no such rule.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from vllm_bridge.pool.page.http import Request

COOKIE = "vllm-bridge-page"

COOKIE_S = 12 * 3600
"""For how long a cookie is good."""


class Access:
    """The rules of one server."""

    def __init__(
        self,
        token: str | None,
        *,
        certificates: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`certificates`: TLS lets nobody in without one."""
        self._token = token.encode() if token else None
        self._open = not token and not certificates
        self._now = now

    def refusal(self, request: Request) -> tuple[HTTPStatus, str] | None:
        """Why this request gets nothing; None where it may go on."""
        if self._open and not _names_this_machine(request.headers.get("host", "")):
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                "this page answers to localhost, 127.0.0.1 and [::1]; for other names start the "
                "server with a token",
            )
        if _from_elsewhere(request):
            return HTTPStatus.FORBIDDEN, "another site has asked for this"
        if not self._known(request):
            return HTTPStatus.UNAUTHORIZED, "this page wants the server's token"
        return None

    def login(self, request: Request) -> str | None:
        """The cookie for whoever has sent the token in a form; None for a wrong one."""
        form = parse_qs(request.body.decode("latin-1"), max_num_fields=4)
        given = form.get("token", [""])[0].strip().encode()
        if self._token is None or not hmac.compare_digest(given, self._token):
            return None
        until = str(int(self._now()) + COOKIE_S)
        secure = "; Secure" if request.secure else ""
        return (
            f"{COOKIE}={until}.{self._seal(until)}; Path=/; Max-Age={COOKIE_S}; HttpOnly; "
            f"SameSite=Strict{secure}"
        )

    def _known(self, request: Request) -> bool:
        if self._token is None:
            return True
        given = request.headers.get("authorization", "").encode("latin-1")
        # In constant time: how long a refusal takes must not say how much of it was right.
        if hmac.compare_digest(given, b"Bearer " + self._token):
            return True
        try:
            morsel = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        until, _, seal = (morsel.value if morsel else "").partition(".")
        if not hmac.compare_digest(seal.encode("latin-1", "replace"), self._seal(until).encode()):
            return False
        return int(until) > self._now()

    def _seal(self, until: str) -> str:
        """What nobody can write without the token, and what does not give it away."""
        text = f"vllm-bridge page until {until}".encode("latin-1", "replace")
        return hmac.new(self._token or b"", text, hashlib.sha256).hexdigest()


def _names_this_machine(host: str) -> bool:
    """Whether a header `Host` has a name of loopback, with any port: it may be a tunnel's."""
    name = host
    if host.startswith("[") and "]" in host:
        name = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        name = host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_elsewhere(request: Request) -> bool:
    """Whether a page of another site has made a browser ask, which would cost us work."""
    headers = request.headers
    if request.method not in ("GET", "HEAD"):
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host", ""):
            return True
    site = headers.get("sec-fetch-site", "none")
    opened_by_a_link = (
        request.method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
    )
    return site not in ("none", "same-origin") and not opened_by_a_link
