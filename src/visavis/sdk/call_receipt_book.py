"""What this device keeps of the signed receipts of its calls, sealed in the profile's store (R-14).

A receipt stays until the person removes it or the account is closed: the history of calls may be
off, and forgets nothing here. With it is kept what the consent key of that call said of this device
(`sign_binding`): with that the person can show that one of the keys was theirs.

Not for: what is signed and checked (`core/call_receipt`), or asking for it (`call_receipting`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import call_receipt as r
from visavis.core import cbor
from visavis.core.call_receipt_file import Shown, make_file
from visavis.core.errors import Code, FatalError, UsageError
from visavis.core.ids import CallId, ConsentKey, Digest, Signature, SignatureKey
from visavis.sdk.store import Store

RECEIPT_KIND: Final = "call.receipt"


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt that all who were there have signed.

    Attributes:
        id: SHA-256 of its terms.
        call: Of which call.
        own: Which of its keys is ours.
        binding: What that key said of this device; None: we were a guest.
        title: With whom the call was.
        names: What the signers were called here, in the order of their keys; "": us.
        receipt: What was signed, with all its fields.
        facts: What these say.
    """

    id: Digest
    call: CallId
    own: ConsentKey
    binding: Signature | None = field(repr=False)
    title: str
    names: tuple[str, ...]
    receipt: r.Receipt = field(repr=False)
    facts: r.Facts

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields: what of it can be shown."""
        return tuple(name.value for name in r.Field)

    def file(self, names: Iterable[str] = (), shown: Sequence[Shown] = ()) -> bytes:
        """Return a file of it.

        Args:
            names: Which of its fields the file shows.
            shown: Who shows in it that a key was theirs.

        Raises:
            UsageError: There is no such field.
        """
        wanted = set(names)
        if not wanted <= set(self.fields):
            raise UsageError("a receipt of a call has no such field")
        return make_file(self.receipt, [r.Field(name) for name in wanted], shown)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        receipt = self.receipt
        return cbor.encode(
            [
                bytes(self.call),
                bytes(self.own),
                b"" if self.binding is None else bytes(self.binding),
                self.title,
                list(self.names),
                receipt.terms,
                [bytes(one) for one in receipt.signatures],
                list(receipt.opened),
            ]
        )

    @classmethod
    def from_bytes(cls, which: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [
                bytes(call),
                bytes(own),
                bytes(binding),
                str(title),
                list(names),
                bytes(terms),
                list(signatures),
                list(opened),
            ]:
                signed = tuple(Signature(one) for one in signatures)
                return cls(
                    Digest(which),
                    CallId(call),
                    ConsentKey(own),
                    Signature(binding) if binding else None,
                    title,
                    tuple(names),
                    r.Receipt(terms, signed, tuple(opened)),
                    r.check_opened(r.read_terms(terms), opened),
                )
            case _:
                raise FatalError(Code.MALFORMED, "a receipt of a call cannot be read")


class CallReceiptBook:
    """What is kept of signed receipts; `recording_means.ReceiptKeeper`.

    Args:
        store: The profile's.
        device: The signature key of this device.
    """

    def __init__(self, store: Store, device: SignatureKey) -> None:
        self._store = store
        self._device = device

    @property
    def device(self) -> SignatureKey:
        """The signature key of this device: to it our consent key is bound."""
        return self._device

    def keep(self, kept: KeptReceipt) -> None:
        """Keep a receipt that all have signed."""
        self._store.put(RECEIPT_KIND, kept.id, kept.to_bytes())

    def get(self, which: Digest) -> KeptReceipt | None:
        """Return a receipt."""
        data = self._store.get(RECEIPT_KIND, which)
        return None if data is None else KeptReceipt.from_bytes(which, data)

    def all(self) -> list[KeptReceipt]:
        """Return all receipts, the oldest first."""
        found = [KeptReceipt.from_bytes(key, data) for key, data in self._store.items(RECEIPT_KIND)]
        return sorted(found, key=lambda one: one.facts.at)

    def forget(self, which: Digest) -> None:
        """Forget a receipt."""
        self._store.delete(RECEIPT_KIND, which)
