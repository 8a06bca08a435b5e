"""What stands before every request: who may ask, how often, and that nothing of this machine leaks into an answer."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.serving.metrics import Metrics
from deploy.serving.refusals import Refusal, json_bytes
from deploy.serving.settings import Settings, is_loopback

__all__ = ["SECURITY_HEADERS", "Guard", "RateLimit"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OPEN = frozenset({"/", "/docs", "/healthz", "/readyz"})
"""Answered without a token: probes, and two pages that say nothing of the model before they were given one."""
ASSETS = "/assets/"
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})

MOST_HEADERS, HEADER_BYTES = 100, 32 * 1024

CLIENTS = 10_000
"""Addresses that the rate limit remembers; the one not seen for longest is forgotten first."""

_log = logging.getLogger("tuneyard.serve")


class Guard:
    """ASGI middleware around the whole app.

    Each request gets an id (`X-Request-Id`), security headers and a place in the metrics. Refused are: a wrong Host on
    loopback (a page elsewhere that rebinds its name to 127.0.0.1), an Origin that is not this server, a missing token,
    too many requests of one address. Whatever goes wrong below becomes a 500 that names the request and nothing else.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._settings, self._metrics, self._routes = app, settings, metrics, routes
        self._rate = RateLimit(settings.rate) if settings.rate else None
        self._token = None if settings.token is None else settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request = secrets.token_hex(8)
        scope.setdefault("state", {})["request"] = request
        scope["state"]["began"] = began
        status = 0

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers["X-Request-Id"] = request
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive, answered)
        except Refusal as refusal:
            if not status:
                await _answer(refusal, request, answered)
        except Exception:
            _log.exception("request %s failed", request)
            if status:
                raise  # half an answer is out: the connection has to break
            await _answer(
                Refusal(500, f"this failed on the server; its log has the reason under {request}"),
                request,
                answered,
            )
        finally:
            path = scope["path"] if scope["path"] in self._routes else "other"
            self._metrics.answered(path, status, time.perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        raw = scope["headers"]
        if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES:
            raise Refusal(431, "the head of the request is too large", headers={"Connection": "close"})
        headers = Headers(scope=scope)
        self._check_host(headers)
        path = scope["path"]
        if self._token is not None and path not in OPEN and not path.startswith(ASSETS):
            self._check_token(headers, self._token)
        if self._rate is not None and path not in UNLIMITED:
            client = scope.get("client")
            wait = self._rate.wait(client[0] if client else "")
            if wait > 0:
                raise Refusal(
                    429,
                    f"more than {self._settings.rate:g} requests a second; send it again in {wait:.1f} s",
                    headers={"Retry-After": str(int(wait) + 1)},
                )

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = _name(host)
        if (self._settings.loopback or self._settings.allow_hosts) and not (
            name in self._settings.allow_hosts or (self._settings.loopback and is_loopback(name))
        ):
            raise Refusal(
                421, "this server does not answer to that Host; if it should, start it with --allow-host NAME"
            )
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != host.lower():
            raise Refusal(403, "requests from pages of other origins are not answered")

    @staticmethod
    def _check_token(headers: Headers, token: bytes) -> None:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), token
        ):
            raise Refusal(
                401, "a token is needed: Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"}
            )


class RateLimit:
    """A token bucket for each address (`rate` a second, holding twice as many), for a bounded number of them."""

    def __init__(self, rate: float, clients: int = CLIENTS) -> None:
        self._rate, self._clients = rate, clients
        self._room = max(1.0, 2 * rate)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float | None = None) -> float:
        """Take one; seconds until there is one again where there is none, else 0. `now`: of a monotonic clock."""
        now = time.monotonic() if now is None else now
        left, seen = self._buckets.pop(client, (self._room, now))
        left = min(self._room, left + (now - seen) * self._rate)
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / self._rate


async def _answer(refusal: Refusal, request: str, send: Send) -> None:
    body = json_bytes(refusal.to_json(request))
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refusal.headers}
    raw: Any = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _name(host: str) -> str:
    """A Host header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
