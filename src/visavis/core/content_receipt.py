"""What is said about a receipt in the group of a call, of two or of many (R-14).

Map {"v": 1, "t": type, ...}. What the terms say, and whose a signature is, `call_receipt` checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from visavis.core.call_receipt import MAX_OPENED, MAX_TERMS, Field
from visavis.core.content_fields import Array, Blob, Content, Fixed
from visavis.core.ids import Digest, Signature


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptAsk(Content):
    """The sender asks all for a receipt of this call, and signs first."""

    TYPE: ClassVar = {"t": "receipt.ask"}
    terms: Annotated[bytes, Blob(MAX_TERMS)]
    fields: Annotated[tuple[bytes, ...], Array(Blob(MAX_OPENED), len(Field), len(Field))]
    """What the terms commit to, opened."""
    signature: Annotated[Signature, Fixed(Signature)]


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptSigned(Content):
    """The sender signs, too."""

    TYPE: ClassVar = {"t": "receipt.signed"}
    of: Annotated[Digest, Fixed(Digest)]
    """Which terms: `call_receipt.terms_digest`."""
    signature: Annotated[Signature, Fixed(Signature)]


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptRefused(Content):
    """The sender does not sign: nobody gets this receipt. The call goes on."""

    TYPE: ClassVar = {"t": "receipt.refused"}
    of: Annotated[Digest, Fixed(Digest)]


AboutReceipt: TypeAlias = ReceiptAsk | ReceiptSigned | ReceiptRefused
