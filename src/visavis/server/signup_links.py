"""Sign-up links: registration is closed; whoever runs the server hands out links (R-40).

A link is good once and for 24 hours. Nothing is stored when one is made: the token carries its own
expiry, to the second, under an HMAC, so that no stored time is finer than a day. Using it leaves
SHA-256 of the token for three days. Making a link needs only the keys folder, so it works while
the server runs, and reads or changes nobody's data.

Token: id (16) || unix seconds of expiry (8, big-endian) || HMAC-SHA256 (32).
"""

from __future__ import annotations

import hmac
import os
import time
from pathlib import Path
from typing import Final

from visavis.core import base64url
from visavis.core.errors import Code, PeerError
from visavis.ports.random import Rng
from visavis.server.config import remembered_origin
from visavis.server.keys import ServerKeys, fingerprint
from visavis.server.wire import LINK_TOKEN_BYTES

LIFETIME_S: Final = 86_400
TOKEN_BYTES: Final = LINK_TOKEN_BYTES
_ID: Final = 16
_SIGNED: Final = 24
_LABEL: Final = b"visavis sign-up link v1"


def make_token(keys: ServerKeys, now: float, rng: Rng) -> bytes:
    """Return a fresh token of 56 bytes.

    Args:
        keys: The server's secrets.
        now: Unix seconds.
        rng: Source of random bytes.
    """
    body = rng(_ID) + (int(now) + LIFETIME_S).to_bytes(_SIGNED - _ID, "big")
    return body + _sign(keys, body)


def make_link(
    data_dir: Path,
    origin: str | None = None,
    *,
    now: float | None = None,
    rng: Rng = os.urandom,
    keys_dir: Path | None = None,
) -> str:
    """Return a sign-up link, `ORIGIN/signup#TOKEN`. Works with the server running or not.

    Args:
        data_dir: The server's data folder.
        origin: Origin for the link; None takes the one the server last started with.
        now: Unix seconds; None asks the clock.
        rng: Source of random bytes.
        keys_dir: The keys folder if it is not `data_dir/keys`.

    Raises:
        UsageError: No origin given and none remembered.
        FatalError: The keys are damaged.
    """
    moment = time.time() if now is None else now
    where = remembered_origin(data_dir) if origin is None else origin
    keys = ServerKeys.load(keys_dir or data_dir / "keys", rng)
    return f"{where}/signup#{base64url.encode(make_token(keys, moment, rng))}"


def verify(keys: ServerKeys, token: bytes, now: float) -> bytes:
    """Return the hash under which a good token is marked as spent.

    Args:
        keys: The server's secrets.
        token: What came after `#` in the link, decoded.
        now: Unix seconds.

    Raises:
        PeerError: SIGNUP_LINK, CK-416: not signed by us, or older than a day; never says which.
    """
    body, mac = token[:_SIGNED], token[_SIGNED:]
    signed = hmac.compare_digest(mac, _sign(keys, body))
    fresh = int.from_bytes(body[_ID:], "big") > now
    if not (signed and fresh and len(token) == TOKEN_BYTES):
        raise refused()
    return fingerprint(token)


def refused() -> PeerError:
    """Return the one answer to links that are unknown, used or too old."""
    return PeerError(Code.SIGNUP_LINK, "CK-416: not a good sign-up link")


def _sign(keys: ServerKeys, body: bytes) -> bytes:
    return hmac.digest(keys.signup_key, _LABEL + body, "sha256")
