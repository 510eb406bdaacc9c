"""Whether a server signed a deletion receipt (`deletion_receipt.py`). Pure.

Unverified and verified are different types: what a receipt says is the server's word only once its
signature has been checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from visavis.core import cbor
from visavis.core.deletion_receipt import (
    LABEL,
    MAX_RECEIPT,
    SIGNATURE_BYTES,
    DeletionReceipt,
    malformed,
)
from visavis.core.identity import verify


@dataclass(frozen=True, slots=True)
class UnverifiedReceipt:
    """A receipt as it arrived."""

    claimed_origin: str
    """Which server it claims to be of, whoever wrote it: to know whose key to ask for."""
    _says: DeletionReceipt = field(repr=False)
    _body: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a receipt.

        Raises:
            PeerError: MALFORMED (CK-743, CK-250, CK-271).
        """
        if len(data) > MAX_RECEIPT:
            raise malformed("too long")
        match cbor.decode(data):
            case [bytes(body), bytes(signature)] if len(signature) == SIGNATURE_BYTES:
                says = DeletionReceipt.from_body(body)
                return cls(says.origin, says, body, signature)
            case _:
                raise malformed("outer form")

    def verify(self, key: bytes) -> DeletionReceipt:
        """Check the signature.

        Args:
            key: The server's public receipt key, 32 bytes.

        Raises:
            PeerError: BAD_SIGNATURE (CK-744).
        """
        # CK-744: without it anybody could write what a server is to have said.
        verify(key, LABEL, self._body, self._signature)
        return self._says
