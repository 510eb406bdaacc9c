"""What every HTTP answer goes through: bounded bodies in, listed headers out.

Plain ASGI, so that it costs little and cannot be forgotten by a resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visavis.core.errors import Code, UsageError
from visavis.server.config import MAX_BODY_BYTES
from visavis.server.problems import problem

ALWAYS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class _TooLargeError(Exception):
    """The body is longer than allowed."""


class Hygiene:
    """Bounds request bodies and removes response headers that the inventory does not list.

    Args:
        app: What is protected.
        headers: Lower-case names of listed response headers (CK-423).
        larger: Longer bodies allowed, by path prefix; elsewhere `MAX_BODY_BYTES`.
        strict: Raise on an unlisted header instead of removing it (tests).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: frozenset[str],
        larger: Mapping[str, int],
        strict: bool = False,
    ) -> None:
        self._app = app
        self._headers = frozenset(name.encode() for name in headers)
        self._larger = larger
        self._strict = strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next(
            (size for path, size in self._larger.items() if scope["path"].startswith(path)),
            MAX_BODY_BYTES,
        )
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        received = 0
        too_large = started = False

        async def bounded() -> Message:
            nonlocal received, too_large
            message = await receive()
            received += len(message.get("body", b""))
            # CK-424: a body without an announced length is counted as it comes.
            if received > limit:
                too_large = True
                raise _TooLargeError
            return message

        async def clean(message: Message) -> None:
            nonlocal started
            if too_large and not started:
                return  # what the framework makes of the broken-off body; ours follows
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*self._listed(message.get("headers", ())), *ALWAYS]
            await send(message)

        try:
            # CK-424: refused before anything is read, whatever memory it would have taken.
            if announced.isdigit() and int(announced) <= limit:
                await self._app(scope, bounded, clean)
            else:
                too_large = True
        except _TooLargeError:
            pass
        if too_large and not started:
            too_large = False
            await problem(Code.TOO_LARGE, 413)(scope, receive, clean)

    def _listed(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        out = []
        for name, value in headers:
            if name.lower() in self._headers:
                out.append((name, value))
            elif self._strict:
                raise UsageError(f"CK-423: response header {name.decode()} is not listed")
        return out
