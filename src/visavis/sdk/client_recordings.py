"""Recordings and consents: the part of the facade (`client.py`) for what is left after a call.

In a call it is `recording` of that call (`recording_objects`). Not for: how either is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from visavis.sdk.client_calls import CallBook
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.recordings import Recordings


@dataclass(slots=True)
class Recorded(CallBook):
    """The part of `Client` that has recordings and consents of this device."""

    @property
    def recordings(self) -> Recordings:
        """What this device recorded: who can still be played, the export, the end."""
        return self._session.recordings

    @property
    def my_consents(self) -> MyConsents:
        """What its person said to whoever asked to record; a yes can be taken back here."""
        return self._session.my_consents
