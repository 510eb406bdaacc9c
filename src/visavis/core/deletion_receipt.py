r"""What a server signs when it has deleted something (R-76, docs/protocol/erasure.md).

    receipt   = CBOR [body, signature]
    body      = CBOR {"v": 1, origin, day, what, rows, salt, item, until?}
    signature = Ed25519 over "visavis deletion receipt v1\0" || body
    item      = SHA-256("visavis deletion item v1\0" || length of what || what || salt || subject)

The subject is the account's id at the server, or of single kinds the id of the device that asked.
The salt is nowhere but in the receipt: who has only the receipt learns no id from it, and who knows
the id can show that the receipt is about it.

`until` absent: an account, whose erasure key is destroyed, so that no backup opens what it holds of
it. Else the day from which on no backup of before opens.

A receipt proves what the server *said*. That it did so nobody outside can see; what it is good for
is to hold the server to its word. Pure. Not for: checking a signature (`receipt_proof.py`), which a
server has no use for.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Self

from visavis.core import cbor
from visavis.core.content_fields import (
    Blob,
    Fixed,
    Maybe,
    Record,
    Text,
    Uint,
    Word,
    decode_fields,
    encode_fields,
)
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import Digest

MAX_RECEIPT: Final = 1_024
MAX_ORIGIN: Final = 300
MAX_DAY: Final = 2**22
MAX_ROWS: Final = 2**32 - 1
SALT_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
LABEL: Final = b"visavis deletion receipt v1\0"

_ITEM_LABEL: Final = b"visavis deletion item v1\0"


class Erased(StrEnum):
    """What was deleted. The vault has no receipt: it is emptied by writes like any other."""

    ACCOUNT = "account"
    PUSH = "push"
    HANDLE = "handle"
    KEY_PACKAGES = "key-packages"
    ENVELOPES = "envelopes"


def item_hash(what: Erased, salt: bytes, subject: bytes) -> Digest:
    """Return what stands in a receipt for an account or a device.

    Args:
        what: Was deleted.
        salt: 32 bytes, in the receipt.
        subject: The account's id at the server; for anything else the id of the device that asked.
    """
    word = what.value.encode()
    return Digest.sha256(_ITEM_LABEL + bytes([len(word)]) + word + salt + subject)


@dataclass(frozen=True, slots=True, repr=False)
class DeletionReceipt(Record):
    """What a receipt says."""

    origin: Annotated[str, Text(MAX_ORIGIN, line=True)]
    """Of the server."""
    day: Annotated[int, Uint(MAX_DAY)]
    """On which it was deleted, days since 1970."""
    what: Annotated[Erased, Word(Erased)]
    rows: Annotated[int, Uint(MAX_ROWS)]
    """How many; of an account 1, with all that hangs on it."""
    salt: Annotated[bytes, Blob(SALT_BYTES, SALT_BYTES)]
    item: Annotated[Digest, Fixed(Digest)]
    until: Annotated[int | None, Maybe(Uint(MAX_DAY))] = None
    """The day from which on no backup of before opens; None: its key is destroyed already."""

    @property
    def key_destroyed(self) -> bool:
        """Whether the key is destroyed without which no backup opens it."""
        return self.until is None

    def is_about(self, subject: bytes) -> bool:
        """Say whether it is about an account or a device."""
        return hmac.compare_digest(item_hash(self.what, self.salt, subject), self.item)

    def to_body(self) -> bytes:
        """Return what is signed, behind `LABEL`.

        Raises:
            UsageError: It says what others refuse.
        """
        body = cbor.encode({"v": 1, **encode_fields(self)})
        try:
            self.from_body(body)
        except PeerError as error:
            raise UsageError(f"would sign what others refuse: {error.detail}") from None
        return body

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Read a body.

        Raises:
            PeerError: MALFORMED (CK-743, CK-250, CK-271).
        """
        says = decode_fields(cls, cbor.decode_versioned(body))
        # CK-743: an account whose key lives on, or rows that have a key of their own, is no
        # statement that a server of this version makes.
        if says.key_destroyed != (says.what is Erased.ACCOUNT):
            raise malformed("what backups hold")
        if says.until is not None and says.until < says.day:
            raise malformed("over before it was deleted")
        return says


def join(body: bytes, signature: bytes) -> bytes:
    """Return a receipt."""
    return cbor.encode([body, signature])


def malformed(why: str) -> PeerError:
    """Return the one error for what is no receipt (CK-743)."""
    return PeerError(Code.MALFORMED, f"CK-743 receipt: {why}")
