"""Recordings, consents, receipts: the part of the facade (`client.py`) for what a call leaves.

In a call it is `recording` and `receipts` of that call (`recording_objects`,
`call_receipt_objects`). Not for: how either is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from visavis.sdk.client_calls import CallBook
from visavis.sdk.my_call_receipts import MyCallReceipts
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.recordings import Recordings


@dataclass(slots=True)
class Recorded(CallBook):
    """The part of `Client` that has recordings, consents and receipts of this device."""

    @property
    def recordings(self) -> Recordings:
        """What this device recorded: who can still be played, the export, the end."""
        return self._session.recordings

    @property
    def my_consents(self) -> MyConsents:
        """What its person said to whoever asked to record; a yes can be taken back here."""
        return self._session.my_consents

    @property
    def call_receipts(self) -> MyCallReceipts:
        """Signed receipts of calls that this device holds: what of one is shown, and its end."""
        return MyCallReceipts(self._session.books)
