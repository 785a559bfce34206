"""Stands before every request: whose host, whose origin, how many, how large, how slow, who is signed in; and puts the
headers on every answer that keep a page from running what is not ours."""
from __future__ import annotations

import asyncio
import hmac
import json
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timezone
from http.cookies import BaseCookie, CookieError, SimpleCookie
from time import monotonic
from typing import Any

from operations.dashboard.access_log import AccessLog
from operations.dashboard.sessions import SESSION_SECONDS, Sessions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUESTS_A_MINUTE, MINUTE, ADDRESSES_KEPT = 100, 60.0, 1000
LARGEST_BODY, BODY_SECONDS, LONGEST_QUERY = 16_384, 10.0, 2_000
SIGN_IN = "/api/sign-in"
COOKIE = "tomking"
CSRF_HEADER = b"x-csrf-token"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
HEADERS = ((b"content-security-policy", POLICY.encode()), (b"x-content-type-options", b"nosniff"),
           (b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer"),
           (b"cross-origin-opener-policy", b"same-origin"), (b"cross-origin-resource-policy", b"same-origin"),
           (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"), (b"cache-control", b"no-store"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server is reached. ``hosts`` are the values of the Host header that are ours."""

    hosts: tuple[str, ...]
    secure: bool

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins of our own page."""
        return tuple(f"http{'s' if self.secure else ''}://{host}" for host in self.hosts)

    @property
    def cookie(self) -> str:
        """Name of the session's cookie: with TLS the browser holds it to this very host."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE


class RateLimit:
    """So many requests a minute of one address."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = most, clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def refuses(self, address: str) -> bool:
        """Whether this request is one too many; it is counted if not."""
        now = self._clock()
        times = self._times.setdefault(address, deque())
        self._times.move_to_end(address)
        while len(self._times) > ADDRESSES_KEPT:
            self._times.popitem(last=False)
        while times and now - times[0] >= MINUTE:
            times.popleft()
        if len(times) >= self._most:
            return True
        times.append(now)
        return False


class TooLarge(Exception):
    """The body is larger than any command."""


class TooSlow(Exception):
    """The body did not come in time."""


class Guard:
    """ASGI middleware.

    Parameters
    ----------
    app : App
        What is guarded.
    requests_a_minute : int
        Of one address, of the API and the socket.
    """

    def __init__(self, app: App, *, address: Address, sessions: Sessions, log: AccessLog,
                 requests_a_minute: int = REQUESTS_A_MINUTE) -> None:
        self._app, self._address, self._sessions, self._log = app, address, sessions, log
        self._rate = RateLimit(requests_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        begun, found = monotonic(), self._sessions.of(self._token(headers), renews=scope["type"] == "http")
        session, renewed = found if found is not None else (None, None)
        scope["session"] = session
        status = [0]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                message["headers"] = [*(row for row in message.get("headers", []) if row[0].lower() != b"server"), *HEADERS]
                if self._address.secure:
                    message["headers"].append((b"strict-transport-security", b"max-age=31536000"))
                if renewed is not None:
                    message["headers"].append((b"set-cookie", cookie_text(self._address, renewed).encode()))
            elif message["type"] == "websocket.accept":
                status[0] = 101
            await send(message)

        try:
            refusal = self._refusal(scope, headers)
            if refusal is not None:
                await self._refuse(scope, answer, status, *refusal)
            elif scope["type"] == "websocket":
                await self._app(scope, receive, answer)
            else:
                await self._with_body(scope, receive, answer, status)
        finally:
            client = scope.get("client") or ("", 0)
            self._log.wrote(time=datetime.now(timezone.utc).isoformat(timespec="milliseconds"), address=str(client[0]),
                            method=scope.get("method", "WS"), path=scope["path"], status=status[0],
                            role=session.role if session is not None else "", milliseconds=1000.0 * (monotonic() - begun))

    async def _with_body(self, scope: Scope, receive: Receive, answer: Send, status: list[int]) -> None:
        try:
            body = await self._body(receive) if scope["method"] not in ("GET", "HEAD") else b""
        except TooLarge:
            await self._refuse(scope, answer, status, 413, f"at most {LARGEST_BODY} bytes")
            return
        except TooSlow:
            await self._refuse(scope, answer, status, 408, f"the body did not come within {BODY_SECONDS:.0f} s")
            return
        handed = [False]

        async def whole() -> Message:
            if handed[0]:
                return await receive()
            handed[0] = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, answer)

    @staticmethod
    async def _body(receive: Receive) -> bytes:
        until, body = monotonic() + BODY_SECONDS, b""
        while True:
            try:
                message = await asyncio.wait_for(receive(), until - monotonic())
            except asyncio.TimeoutError:
                raise TooSlow from None
            if message["type"] != "http.request":
                raise TooSlow
            body += message.get("body", b"")
            if len(body) > LARGEST_BODY:
                raise TooLarge
            if not message.get("more_body"):
                return body

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        """Status and reason of a request that goes no further."""
        if headers.get(b"host", b"").decode("latin-1").lower() not in self._address.hosts:
            return 421, "this host is not ours"
        path, origin = scope["path"], headers.get(b"origin", b"").decode("latin-1")
        asks = path.startswith("/api/") or scope["type"] == "websocket"
        if len(scope["query_string"]) > LONGEST_QUERY or len(path) > LONGEST_QUERY:
            return 414, "the address is too long"
        if origin and origin not in self._address.origins:
            return 403, "another origin"
        client = scope.get("client") or ("", 0)
        if asks and self._rate.refuses(str(client[0])):
            return 429, "too many requests: wait a minute"
        if scope["type"] == "websocket":
            return None if origin and scope["session"] is not None else (403, "not signed in")
        method = scope["method"]
        if method in ("GET", "HEAD"):
            return (401, "not signed in") if asks and scope["session"] is None else None
        if method != "POST":
            return 405, "GET and POST only"
        return self._refusal_of_post(scope, headers, path, origin)

    def _refusal_of_post(self, scope: Scope, headers: dict[bytes, bytes], path: str, origin: str) -> tuple[int, str] | None:
        if not origin:
            return 403, "no origin"
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            return 415, "application/json only"
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return 413, f"at most {LARGEST_BODY} bytes"
        if path == SIGN_IN:
            return None
        session = scope["session"]
        if session is None:
            return 401, "not signed in"
        if not hmac.compare_digest(headers.get(CSRF_HEADER, b""), session.csrf.encode()):
            return 403, "the page's token is missing or wrong"
        return None

    async def _refuse(self, scope: Scope, answer: Send, status: list[int], code: int, why: str) -> None:
        if scope["type"] == "websocket":
            status[0] = code
            await answer({"type": "websocket.close", "code": 1008})
            return
        body = json.dumps({"detail": why}).encode()
        await answer({"type": "http.response.start", "status": code, "headers": [
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]})
        await answer({"type": "http.response.body", "body": body})

    def _token(self, headers: dict[bytes, bytes]) -> str | None:
        jar: BaseCookie[str] = SimpleCookie()
        try:
            jar.load(headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return None
        found = jar.get(self._address.cookie)
        return None if found is None else found.value


def cookie_text(address: Address, token: str, seconds: int = SESSION_SECONDS) -> str:
    """The Set-Cookie header of a token; 0 seconds takes it away."""
    return (f"{address.cookie}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}"
            f"{'; Secure' if address.secure else ''}")
