"""What is signed in a call of two, fed from its group: consent to recordings (P17), receipts.

Members are the two devices from the first epoch on, so nobody ever waits to hear what is asked. Not
for: what counts as a yes (`core/recording`, `call_receipting`), or sealing (`call_secrets`).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from visavis.core.consent_record import Where
from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import UnavailableError, VisavisError
from visavis.core.ids import ConsentKey
from visavis.core.mls import MemberInfo
from visavis.core.recording_leaf import consent_of
from visavis.sdk.call_receipting import CallReceipting, ReceiptParts
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recording_parts import RecordingParts
from visavis.sdk.recording_shell import RecordingShell
from visavis.sdk.seam import CallSeam

if TYPE_CHECKING:
    from visavis.sdk.call_shell import CallShell

SAY_AGAIN_S: Final = 1.0
"""Seconds until something is said again that did not reach the server. Higher: who records hears
later of a yes that is taken back; lower: more is sent in vain."""


class CallConsents:
    """Consent to recordings of one call of two, and signed receipts of it.

    Args:
        call: Its shell.
        seam: The session.
        means: What consenting to recordings takes.
    """

    def __init__(self, call: CallShell, seam: CallSeam, means: RecordingMeans) -> None:
        self._call = call
        self._seam = seam
        self._means = means
        self._shell: RecordingShell | None = None
        self._receipting: CallReceipting | None = None
        self._words: asyncio.Queue[RecordingSaid | AboutReceipt] = asyncio.Queue()

    def begin(self) -> None:
        """The group stands: we and the other side, before any frame key is in place."""
        call, seam = self._call, self._seam
        if self._shell is not None:
            return
        shell = self._shell = RecordingShell(
            RecordingParts(
                call.call,
                call.secrets.consent,
                # A confidential call is kept nowhere: not that somebody asked in it, either.
                replace(self._means, book=None) if call.face.confidential else self._means,
                seam.rng,
                seam.now,
                seam.monotonic,
                call.frames,
                self._words.put_nowait,
                seam.spawn,
                lambda: call.face.confidential,
                lambda: seam.contact_name(call.contact),
                Where(contact=call.contact),
                self._name,
                self._changed,
            )
        )
        receipting = self._receipting = self._make_receipting()
        ours = frozenset([shell.own])
        shell.begin(ours, ours if call.secrets.consent.never else frozenset())
        self.epoch()
        recording = call.face.recording
        recording.learn(consent_of(self._other()).key, seam.contact_name(call.contact))
        recording.bind(shell)
        call.face.receipts.bind(receipting)
        seam.spawn(self._say())

    def epoch(self) -> None:
        """The group has other keys now, before they are in place; its members stay."""
        shell = self._shell
        if shell is None:
            return
        other = self._other()
        if other.leaf_index is not None:
            shell.leaves = {other.leaf_index: consent_of(other).key}
        theirs, consent = consent_of(self._other()), self._call.secrets.consent
        never = [
            key for key, is_so in ((theirs.key, theirs.never), (shell.own, consent.never)) if is_so
        ]
        members = frozenset([theirs.key, shell.own])
        shell.members(members, frozenset(never))
        if self._receipting is not None:
            self._receipting.follow(members)

    def hear(self, said: RecordingSaid | AboutReceipt) -> None:
        """Take what the other side said."""
        if self._shell is None or self._receipting is None:
            return
        key = consent_of(self._other()).key
        if isinstance(said, RecordingSaid):
            self._shell.hear(key, said)
        else:
            self._receipting.hear(key, said)

    def ended(self) -> None:
        """The call is over. Harmless when repeated."""
        if self._shell is not None:
            self._shell.ended()
        if self._receipting is not None:
            self._receipting.ended()

    def _make_receipting(self) -> CallReceipting:
        call, seam = self._call, self._seam
        return CallReceipting(
            ReceiptParts(
                call.call,
                call.secrets.consent,
                self._means.receipts,
                seam.rng,
                seam.now,
                self._words.put_nowait,
                lambda: call.face.media,
                lambda: call.face.confidential,
                lambda: seam.contact_name(call.contact),
                self._name,
                self._receipts_changed,
            )
        )

    def _name(self, key: ConsentKey) -> str:
        return self._call.face.recording.name(key)

    def _changed(self) -> None:
        self._call.face.recording.changed()

    def _receipts_changed(self) -> None:
        self._call.face.receipts.changed()

    def _other(self) -> MemberInfo:
        other = self._call.secrets.other_member
        assert other is not None  # the group stands
        return other

    async def _say(self) -> None:
        """Say one thing after the other, each until it has reached the server."""
        while not self._call.over.is_set():
            said = await self._words.get()
            while not self._call.over.is_set():
                try:
                    await self._call.tell(said)
                except (UnavailableError, TimeoutError):
                    await asyncio.sleep(SAY_AGAIN_S)
                except VisavisError:
                    break  # the other side cannot be told of anything any more
                else:
                    break
