"""Sessions: what the server remembers between two requests of one person, without storing it.

Two kinds. A *half-done exchange* (between `start` and `finish`) is handed to the client sealed
under a key that lives until restart: a flood of starts then costs no memory and pushes nobody out.
An *account token* is a random string known by its hash, in memory, for 15 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core.errors import Code, PeerError
from visavis.ports.clock import Clock
from visavis.ports.random import Rng
from visavis.server.keys import fingerprint
from visavis.server.problems import BearerError

EXCHANGE_S: Final = 300
"""How long a half-done exchange is good. Longer helps slow phones, and whoever steals one."""

CEREMONY_S: Final = 120
"""How long a passkey challenge is good: the person has the device in hand, or has not."""

TOKEN_S: Final = 900
TOKENS_PER_ACCOUNT: Final = 8
_NONCE: Final = 12
_TIME: Final = 8


class Kind(IntEnum):
    """Which exchange a sealed session belongs to; one is never accepted as another (CK-410)."""

    SIGNUP = 1
    LOGIN = 2
    RECOVERY = 3
    PASSKEY_SIGNUP = 4
    PASSKEY_ADD = 5
    PASSKEY_LOGIN = 6
    HANDLE = 7


@dataclass(frozen=True, slots=True)
class _Token:
    account_id: bytes
    expires: float


class Sessions:
    """Half-done exchanges and account tokens.

    Args:
        clock: Monotonic time.
        rng: Source of random bytes.
    """

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._seal = AESGCM(rng(32))
        self._spent: dict[bytes, float] = {}
        self._tokens: dict[bytes, _Token] = {}

    def seal(self, kind: Kind, body: bytes, lifetime_s: float = EXCHANGE_S) -> bytes:
        """Return a session for the client to hand back; equal bodies give equal lengths."""
        expires = round((self._clock.monotonic() + lifetime_s) * 1000)
        nonce = self._rng(_NONCE)
        plain = expires.to_bytes(_TIME, "big") + body
        return nonce + self._seal.encrypt(nonce, plain, bytes([kind]))

    def open(self, kind: Kind, session: bytes) -> bytes:
        """Return the body of a session that was sealed for this exchange.

        Raises:
            PeerError: EXPIRED if it is not ours, for another exchange, too old or was used: start
                again in all four cases.
        """
        try:
            plain = self._seal.decrypt(session[:_NONCE], session[_NONCE:], bytes([kind]))
        except (InvalidTag, ValueError):
            raise PeerError(Code.EXPIRED, "CK-410: no session of this exchange") from None
        expires = int.from_bytes(plain[:_TIME], "big") / 1000
        if expires <= self._clock.monotonic():
            raise PeerError(Code.EXPIRED, "the exchange took too long")
        # CK-411: a recorded finish must not work a second time.
        if session[:_NONCE] in self._spent:
            raise PeerError(Code.EXPIRED, "CK-411: the exchange was finished before")
        return plain[_TIME:]

    def take(self, kind: Kind, session: bytes) -> bytes:
        """Open a session and make it useless at once: it has one try, good or bad (CK-440)."""
        body = self.open(kind, session)
        self.spend(session)
        return body

    def spend(self, session: bytes) -> None:
        """Make a session useless from now on (CK-411); for passwords only successes call this."""
        now = self._clock.monotonic()
        for nonce in [nonce for nonce, gone in self._spent.items() if gone <= now]:
            del self._spent[nonce]
        self._spent[session[:_NONCE]] = now + EXCHANGE_S

    def issue(self, account_id: bytes) -> bytes:
        """Return a fresh account token of 32 bytes, good for 15 minutes."""
        now = self._clock.monotonic()
        for key in [key for key, token in self._tokens.items() if token.expires <= now]:
            del self._tokens[key]
        mine = [key for key, token in self._tokens.items() if token.account_id == account_id]
        for key in mine[: max(0, len(mine) - TOKENS_PER_ACCOUNT + 1)]:
            del self._tokens[key]  # dicts keep their order: these are the oldest
        token = self._rng(32)
        self._tokens[fingerprint(token)] = _Token(account_id, now + TOKEN_S)
        return token

    def account_of(self, token: bytes) -> bytes:
        """Return the account an account token speaks for.

        Raises:
            BearerError: It is unknown or too old.
        """
        found = self._tokens.get(fingerprint(token))
        if found is None or found.expires <= self._clock.monotonic():
            raise BearerError
        return found.account_id

    def drop_account(self, account_id: bytes, keep: bytes | None = None) -> None:
        """Make all account tokens of an account useless, but for the one in `keep`."""
        kept = None if keep is None else fingerprint(keep)
        for key, token in list(self._tokens.items()):
            if token.account_id == account_id and key != kept:
                del self._tokens[key]
