"""The signed receipts of calls that this device holds, for its person (R-14).

Not for: how they come about (`call_receipting`), or how they are kept (`call_receipt_book`).
"""

from __future__ import annotations

from collections.abc import Iterable

from visavis.core.call_receipt_file import Shown, show_self
from visavis.core.errors import Code, PeerError
from visavis.core.ids import Digest
from visavis.sdk.books import Books
from visavis.sdk.call_receipt_book import KeptReceipt


class MyCallReceipts:
    """Signed receipts of calls.

    Args:
        books: The profile's.
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> list[KeptReceipt]:
        """Return all of them, the oldest first."""
        return self._books.call_receipts.all()

    def file(self, which: Digest, names: Iterable[str] = (), *, show_me: bool = False) -> bytes:
        """Return a file of a receipt, to be shown to somebody (`.vvcall`).

        Whoever has it can pass it on. What it does not show cannot be learnt from it.

        Args:
            which: The receipt.
            names: Which of its fields it shows: some of "at", "media" and "since".
            show_me: Prove in it that one of its keys was ours: it has our account's identity key.

        Raises:
            PeerError: REFUSED, this device holds no such receipt.
            UsageError: There is no such field.
        """
        kept = self._need(which)
        return kept.file(names, self._me(kept) if show_me else ())

    def remove(self, which: Digest) -> None:
        """Remove a receipt from this device. The others who signed it have theirs.

        Raises:
            PeerError: REFUSED, this device holds no such receipt.
        """
        self._books.call_receipts.forget(self._need(which).id)

    def _me(self, kept: KeptReceipt) -> list[Shown]:
        books = self._books
        assert kept.binding is not None  # a guest has no store that it could be in
        return [
            show_self(
                kept.receipt.terms,
                kept.own,
                kept.binding,
                books.credential,
                books.profile.signature_key,
                books.profile.signature_private,
            )
        ]

    def _need(self, which: Digest) -> KeptReceipt:
        kept = self._books.call_receipts.get(which)
        if kept is None:
            raise PeerError(Code.REFUSED, "this device holds no such receipt")
        return kept
