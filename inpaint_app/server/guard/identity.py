"""Who sent a request: the browser by its cookie, a client without one by its network address.

The cookie is given by the guard with the page, is random, and is read by no script. An assistant's call comes through
this server itself (`tools.py`), which vouches for it with a secret of this process and names the address it came from.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from inpaint_app.server.guard.limits import visitor
from inpaint_app.settings import Settings

COOKIE = "inpaint-browser"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""The cookie's name over https: with this prefix browsers take it from no other host of the same domain."""

VOUCHED, CALLED_FROM = "x-inpaint-vouched", "x-inpaint-called-from"
"""Headers of calls that this server makes of itself: its secret, and the address of who asked for the call."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """key: who it is, one browser or one address; address: its network address, of which a visitor has few."""

    key: str
    address: str
    vouched: bool = False


NOBODY = Visitor("", "")


class Identities:
    """Tells visitors apart, and makes their cookies."""

    def __init__(self, settings: Settings) -> None:
        self._behind_proxy = settings.behind_proxy
        self._secret = secrets.token_urlsafe(32)

    def of(self, request: Any) -> Visitor:
        """Who sent a request: gr.Request, Starlette's, or anything with `headers` and `client`."""
        headers: Mapping[str, str] = getattr(request, "headers", None) or {}
        if secrets.compare_digest(_text(headers.get(VOUCHED)), self._secret.encode()):
            return Visitor("vouched", str(headers.get(CALLED_FROM) or ""), vouched=True)
        cookie = cookie_of(str(headers.get("cookie") or ""), is_secure(request))
        return self.visitor(cookie, visitor(request, self._behind_proxy))

    def visitor(self, cookie: str, address: str) -> Visitor:
        """The visitor of that cookie ("" for none) and that address."""
        return Visitor(_hashed("cookie", cookie) if cookie else _hashed("address", address), address)

    def vouching(self, request: Any = None) -> dict[str, str]:
        """Headers with which this server calls itself, for whoever sent `request` where there is one."""
        called_from = {} if request is None else {CALLED_FROM: self.of(request).address}
        return {VOUCHED: self._secret, **called_from}


def cookie_of(cookies: str, secure: bool) -> str:
    """What a Cookie header says of who this is; "" where nothing. Over https only the name that is https's counts."""
    try:
        found = SimpleCookie(cookies).get(SECURE_COOKIE if secure else COOKIE)
    except CookieError:
        return ""
    return found.value[:100] if found else ""


def is_secure(request: Any) -> bool:
    """Whether the browser speaks https, to us or to a proxy before us."""
    headers: Mapping[str, str] = getattr(request, "headers", None) or {}
    if str(headers.get("x-forwarded-proto") or "").startswith("https"):
        return True
    return str(getattr(getattr(request, "url", None), "scheme", "")) == "https"


def fresh_cookie(secure: bool) -> str:
    """A Set-Cookie header for a browser that has none.

    A page in another one's frame, as on Spaces, keeps its cookie only as Partitioned, and only over https.
    """
    name = SECURE_COOKIE if secure else COOKIE
    kind = "; SameSite=None; Secure; Partitioned" if secure else "; SameSite=Lax"
    return f"{name}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; Max-Age=31536000{kind}"


def _hashed(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"


def _text(value: Any) -> bytes:
    return str(value or "").encode("utf-8", "replace")
