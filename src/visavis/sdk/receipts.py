"""The server's receipt for a deletion, checked before anybody is told that there is one (R-76).

Checked against the key that the server published *before* the deletion, so that it cannot choose
one afterwards, and against what was asked: this server, this kind, this account or device, today.
A receipt that does not hold undoes nothing: the deletion is done as far as the server says, and
that is what is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from visavis.core.deletion_receipt import DeletionReceipt, Erased
from visavis.core.errors import Code, PeerError
from visavis.core.receipt_proof import UnverifiedReceipt
from visavis.ports.clock import day_of
from visavis.transport.api import PublicApi
from visavis.transport.http import Http

CLOCK_DAYS: Final = 1
"""Days by which the server's day and ours may differ: midnight lies between, or a wrong clock."""


class NoReceipt(StrEnum):
    """Why there is no receipt that counts."""

    NONE = "none"
    """The server gave none."""
    BAD = "bad"
    """What it gave is not signed with its key, or is about something else."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was checked: its bytes to keep, the key that checks them, what it says."""

    data: bytes
    key: bytes
    says: DeletionReceipt


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted, as the server says.

    Args:
        rows: How many; of an account 1.
        receipt: The checked receipt, or why there is none.
    """

    rows: int
    receipt: Receipt | NoReceipt


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked to be deleted.

    Args:
        origin: The server.
        key: Its receipt key, from before; None: it has none.
        what: To be deleted.
        subject: Id of account or device; None: not known, and so not compared.
        now: Unix seconds.
    """

    origin: str
    key: bytes | None
    what: Erased
    subject: bytes | None
    now: float

    def checked(self, data: bytes | None, rows: int) -> Receipt | NoReceipt:
        """Return the receipt if it is about this.

        Args:
            data: What the server gave.
            rows: How many it says it deleted.
        """
        if data is None or self.key is None:
            return NoReceipt.NONE
        try:
            says = UnverifiedReceipt.parse(data).verify(self.key)
            self._require(says, rows)
        except PeerError:
            return NoReceipt.BAD
        return Receipt(data, self.key, says)

    def _require(self, says: DeletionReceipt, rows: int) -> None:
        # CK-745: a true receipt for another deletion is no receipt for this one.
        same = (says.origin, says.what, says.rows) == (self.origin, self.what, rows)
        near = abs(says.day - day_of(self.now)) <= CLOCK_DAYS
        if not same or not near:
            raise PeerError(Code.UNEXPECTED, "CK-745: a receipt for something else")
        if self.subject is not None and not says.is_about(self.subject):
            raise PeerError(Code.UNEXPECTED, "CK-745: a receipt for somebody else")


async def receipt_key(origin: str) -> bytes | None:
    """Return the key that a server publishes for its receipts, asked without any credential.

    Returns:
        32 bytes; None if it publishes none.

    Raises:
        UnavailableError: It cannot be reached.
    """
    http = Http(origin)
    try:
        return await PublicApi(http).receipt_key()
    except PeerError:
        return None
    finally:
        await http.close()
