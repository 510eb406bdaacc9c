"""What is said about recording in the group of a call, of two or of many.

Map {"v": 1, "t": "recording.said", ...}: a signed statement, and with some of them where a share of
the recording's keys lies. Who has a statement can check it (`recording_statements`); the way to the
share is for the members alone, and is no part of what is signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from visavis.core.content_fields import Blob, Content, Fixed, Maybe
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ShareKey, ShareSlot
from visavis.core.recording_statements import MAX_SIGNED


@dataclass(frozen=True, slots=True, repr=False)
class RecordingSaid(Content):
    """A statement of the sender's, as `sign_statement` makes it."""

    TYPE: ClassVar = {"t": "recording.said"}
    statement: Annotated[bytes, Blob(MAX_SIGNED)]
    slot: Annotated[ShareSlot | None, Maybe(Fixed(ShareSlot))] = None
    """With a request or a yes: where the sender's share of the keys lies."""
    read: Annotated[ShareKey | None, Maybe(Fixed(ShareKey))] = None
    """And what reads it."""

    def require_fits(self) -> None:
        """Require that the fields fit together.

        Raises:
            PeerError: MALFORMED (CK-980).
        """
        # CK-980: one without the other leads nowhere.
        if (self.slot is None) != (self.read is None):
            raise PeerError(Code.MALFORMED, "CK-980 half of the way to a share")
