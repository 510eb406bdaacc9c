"""What is signed in a group call: consent to recordings, and receipts of the call.

Either may be missing: then nobody here asks or is asked for it, and what others say of it is
dropped. Not for: what follows from what is said (`recording_shell`, `call_receipting`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.ids import Digest
from visavis.core.mls import MemberInfo
from visavis.core.recording_leaf import consent_of
from visavis.sdk import call_receipting as rc
from visavis.sdk.group_call_voice import Voice
from visavis.sdk.recording_epochs import follow_members, keys_of
from visavis.sdk.recording_shell import RecordingShell
from visavis.sdk.recording_speech import Say


class GroupRecording:
    """Consent and receipts in one stay in a group call.

    Args:
        voice: Says to the others what is signed, and with each epoch what is asked.
        recording: Makes what has a say in recording, given what sends its words.
        receipting: Makes what signs receipts, likewise.

    Attributes:
        shell: What has a say in recording, if there is anything.
        receipting: What signs receipts, if there is anything.
    """

    def __init__(
        self,
        voice: Voice,
        recording: Callable[[Say], RecordingShell] | None,
        receipting: Callable[[rc.Say], rc.CallReceipting] | None,
    ) -> None:
        self._voice = voice
        self.shell = None if recording is None else recording(voice.about_recording)
        self.receipting = None if receipting is None else receipting(voice.about_receipt)
        voice.asks = lambda: () if self.shell is None else self.shell.asks

    def epoch(self, members: Collection[MemberInfo]) -> None:
        """Take an epoch, before any frame key of it is in place."""
        if self.shell is not None:
            follow_members(self.shell, members)
        if self.receipting is not None:
            self.receipting.follow(keys_of(members))

    def ready(self, who: MemberInfo, asks: Sequence[Digest]) -> None:
        """A member can open frames, and says what it knows to be asked."""
        if self.shell is not None:
            self.shell.ready(consent_of(who).key, asks)

    def hear(self, who: MemberInfo, said: RecordingSaid | AboutReceipt) -> None:
        """Take what a member has signed."""
        if isinstance(said, RecordingSaid):
            if self.shell is not None:
                self.shell.hear(consent_of(who).key, said)
        elif self.receipting is not None:
            self.receipting.hear(consent_of(who).key, said)

    def repeat(self, to: int | None = None) -> None:
        """Say once more what we said last, for who may have missed it.

        Args:
            to: A number in the room; None: to all.
        """
        for said in () if self.shell is None else self.shell.recent:
            self._voice.about_recording(said, to)
        for one in () if self.receipting is None else self.receipting.recent:
            self._voice.about_receipt(one, to)

    def ended(self) -> None:
        """We are out of it: nothing is signed any more."""
        if self.shell is not None:
            self.shell.ended()
        if self.receipting is not None:
            self.receipting.ended()
