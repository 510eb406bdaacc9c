"""HTTP to a Visavis server: one request at a time, typed by `visavis.transport.api`.

Two kinds of `Http` exist and are never mixed: one that presents a token of the account or device,
and an anonymous one. They keep connections of their own, so that an anonymous request never
travels on a connection that carried an account credential (P12, CK-554). No cookies, no redirects
(a redirect would carry requests to hosts that nobody chose), no environment proxies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any, Final

import httpx

from visavis.core import base64url, work
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.transport.origin import require_secure, tls_context

MAX_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of an answer that are read. Higher lets a hostile server fill more memory; the largest
honest answer is a batch of sequencer commits or vault slots. Blobs have a bound of their own."""

TIMEOUT_S: Final = 20.0
KEEP_S: Final = 5.0
"""Seconds for which an idle connection is used again: less than the server waits (its `KEEP_S`), or
a request goes out on one that is being closed, and nobody knows whether it arrived."""

MAX_WORK_BITS: Final = 24
"""Highest proof of work done for a server: about half a minute. More lets it cost us more."""

_RETRY: Final = frozenset({Code.UNAVAILABLE, Code.QUOTA, Code.DISK_FULL, Code.NO_RELAY})
_PEER: Final = frozenset({Code.MALFORMED, Code.TOO_LARGE, Code.CONFLICT})
_BY_STATUS: Final = {
    400: Code.MALFORMED,
    401: Code.REFUSED,
    403: Code.REFUSED,
    404: Code.REFUSED,
    409: Code.CONFLICT,
    410: Code.REFUSED,
    413: Code.TOO_LARGE,
    422: Code.MALFORMED,
    429: Code.QUOTA,
    507: Code.DISK_FULL,
}

Json = dict[str, Any]


class TokenEndedError(AuthorizationError):
    """The bearer token is not good (any more): whoever can log in again may ask again."""


# httpx prints every URL at INFO, and some of ours end with an id (CK-557).
for _noisy in ("httpx", "httpcore"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)


class Http:
    """A client for one origin, with or without one bearer token.

    Args:
        origin: The server.
        token: Bearer token, or None for anonymous requests.
        transport: For tests: stands in for the network.
    """

    def __init__(
        self,
        origin: str,
        token: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.origin = require_secure(origin)
        context = tls_context(origin)
        headers = {"Accept": "application/json", "User-Agent": "visavis"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(
            base_url=origin,
            headers=headers,
            verify=context if context is not None else False,
            timeout=TIMEOUT_S,
            limits=httpx.Limits(keepalive_expiry=KEEP_S),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(self, path: str) -> Any:
        """GET a JSON answer. Errors as in `request`."""
        return await self.request("GET", path)

    async def post(self, path: str, body: Json) -> Any:
        """POST JSON and return the JSON answer. Errors as in `request`."""
        return await self.request("POST", path, body)

    async def request(self, method: str, path: str, body: object | None = None) -> Any:
        """Send a request and return the parsed JSON answer.

        Raises:
            AuthorizationError: REFUSED, LOGIN_FAILED, SIGNUP_LINK...: the code the server gave.
            PeerError: CONFLICT, TOO_LARGE, MALFORMED (also for an answer that is no JSON).
            UnavailableError: the server cannot be reached or is busy; QUOTA, DISK_FULL, NO_RELAY.
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        _, data = await self.exchange(method, path, content, headers)
        if not data:
            return {}
        return parse_json(data)

    async def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        *,
        longest: int = MAX_ANSWER,
    ) -> tuple[int, bytes]:
        """Send bytes and return (status, bytes) of a successful answer. Errors as in `request`.

        Args:
            method: Of HTTP.
            path: From the origin on.
            content: What to send.
            headers: To add.
            longest: Bytes of an answer that are read (CK-556).
        """
        status, data = await self._once(method, path, content, headers, longest)
        if status == 429:
            # The server throttles by work, not by who asks (P4): do it once and ask again.
            proof = await _proof_of_work(data)
            if proof is not None:
                more = headers | {"Visavis-Work": proof}
                status, data = await self._once(method, path, content, more, longest)
        if 200 <= status < 300:
            return status, data
        raise problem(status, data)

    async def _once(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
        longest: int,
    ) -> tuple[int, bytes]:
        # The cookie jar is emptied rather than trusted to be empty (CK-555: a cookie would tie
        # anonymous requests together).
        self._client.cookies.clear()
        try:
            async with self._client.stream(
                method, path, content=content, headers=headers
            ) as response:
                data = bytearray()
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > longest:
                        raise PeerError(Code.TOO_LARGE, "CK-556: the answer is too large")
                return response.status_code, bytes(data)
        except httpx.HTTPError as error:
            detail = f"the server cannot be reached ({type(error).__name__})"
            raise UnavailableError(Code.UNAVAILABLE, detail) from None


def parse_json(data: bytes) -> Any:
    """Read a server's JSON.

    Raises:
        PeerError: MALFORMED: it is none, or nests so deeply that reading it would exhaust us.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise PeerError(Code.MALFORMED, "the server's answer is no JSON") from None


async def _proof_of_work(data: bytes) -> str | None:
    """Solve the work a throttled answer asks for; None if it asks for none, or for too much."""
    try:
        asked = parse_json(data)["work"]
        challenge, bits = str(asked["challenge"]), int(asked["bits"])
        raw = base64url.decode(challenge)
    except (ValueError, KeyError, TypeError, PeerError):
        return None
    # CK-559: a hostile server must not be able to keep the client busy for ever.
    if not 0 <= bits <= MAX_WORK_BITS:
        return None
    nonce = await asyncio.to_thread(work.solve, raw, bits)
    return f"{challenge}.{base64url.encode(nonce)}"


def problem(status: int, data: bytes) -> VisavisError:
    """Return the error for an unsuccessful answer (RFC 9457).

    Only a code we know is taken from the body: the server's words never reach a person or a log.
    """
    code = _BY_STATUS.get(status, Code.UNAVAILABLE if status >= 500 else Code.MALFORMED)
    with contextlib.suppress(PeerError, ValueError, KeyError, TypeError):
        code = Code(parse_json(data)["code"])
    detail = f"status {status}"
    if code in _RETRY:
        return UnavailableError(code, detail)
    if code in _PEER:
        return PeerError(code, detail)
    if status == 401 and code is Code.REFUSED:
        return TokenEndedError(code, detail)
    return AuthorizationError(code, detail)


def text_field(answer: object, name: str) -> str:
    """Return a text member of a JSON object.

    Raises:
        PeerError: MALFORMED.
    """
    if isinstance(answer, dict) and isinstance(answer.get(name), str):
        return str(answer[name])
    raise PeerError(Code.MALFORMED, f"the answer has no text {name}")


def bytes_field(answer: object, name: str, length: int | None = None) -> bytes:
    """Return a member of a JSON object that is base64url text, as bytes.

    Raises:
        PeerError: MALFORMED.
    """
    return base64url.decode(text_field(answer, name), length)


def receipt_field(answer: object) -> bytes | None:
    """Return the receipt in an answer, unchecked; None if there is none.

    What is no bytes counts as none: the deletion is done, and must not look as if it had failed.
    """
    try:
        return bytes_field(answer, "receipt")
    except PeerError:
        return None


def int_field(answer: object, name: str) -> int:
    """Return an integer member of a JSON object.

    Raises:
        PeerError: MALFORMED.
    """
    if isinstance(answer, dict):
        value = answer.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    raise PeerError(Code.MALFORMED, f"the answer has no integer {name}")


def list_field(answer: object, name: str) -> list[Any]:
    """Return an array member of a JSON object.

    Raises:
        PeerError: MALFORMED.
    """
    if isinstance(answer, dict) and isinstance(answer.get(name), list):
        return list(answer[name])
    raise PeerError(Code.MALFORMED, f"the answer has no list {name}")
