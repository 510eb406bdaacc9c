"""A call as a person's code sees it: `Call`, `IncomingCall`, `MissedCall`.

They show what happened and pass on what the person wants; `calls.CallService` makes them.

Not for: what is recorded, and who agreed to it (`recording_objects`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from visavis.core import call_events as on
from visavis.core.call_effects import EndReason
from visavis.core.call_types import (
    Accepting,
    Calling,
    Connecting,
    Ended,
    Idle,
    InCall,
    Media,
    Reconnecting,
    Ringing,
    State,
    Taken,
    Welcomed,
)
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import AccountId, CallId
from visavis.core.meter import Meter, Reading, Side
from visavis.media.interfaces import MediaSink, MediaSource, MediaStats
from visavis.sdk.call_receipt_objects import CallReceiptTalk
from visavis.sdk.call_shell import CallShell
from visavis.sdk.call_text import CallText
from visavis.sdk.recording_objects import CallRecording

SUITE_NAME: Final = "X-Wing, AES-256-GCM, SHA-384, Ed25519"
"""The one suite (design.md section 3), for people."""

_CODES: Final = {
    EndReason.NO_ANSWER: Code.NO_ANSWER,
    EndReason.LOST: Code.UNAVAILABLE,
    EndReason.NOT_CONNECTED: Code.UNAVAILABLE,
    EndReason.NO_WELCOME: Code.UNAVAILABLE,
}


class Service(Protocol):
    """What the objects ask of the call service."""

    def monotonic(self) -> float:
        """Return the session's monotonic seconds."""

    def happened_here(self, shell: CallShell, event: on.Event) -> None:
        """Feed an event that this device caused."""


class Call:
    """One call: placed by us, or accepted.

    Attributes:
        contact: Whose account it is with.
        contact_name: As the person sees it.
        confidential: It was placed as a confidential call, by either side: whoever shows it keeps
            no note of it, and shares no screen.
        traceless: The person wants nothing of it kept, here or there.
        began_at: Unix seconds when it began, for the history.
        recording: Who asks to record it, who agreed, and what is recorded.
        receipts: Who asks for a signed receipt of it, and who has signed.
        text: What the two write while they talk; gone when the call ends.
        counted: What `meter` reads: numbers, in memory until this object goes.
    """

    def __init__(self, service: Service, contact: AccountId, contact_name: str) -> None:
        self.contact = contact
        self.contact_name = contact_name
        self.confidential = False
        self.traceless = False
        self.began_at = 0
        self.text = CallText()
        self.recording = CallRecording()
        self.receipts = CallReceiptTalk(self.recording.name)
        self.counted = Meter()
        self._service = service
        self._shell: CallShell | None = None
        self._state: State = Idle()
        self._moved = asyncio.Event()
        self._rings = False
        self._was_answered = False
        self._connected_at: float | None = None
        self._ended_at: float | None = None
        self._noted_media = Media.VOICE
        self._side = Side.CALLED
        self._words: str | None = None
        self._first_frame = False
        self._stats: MediaStats | None = None
        self._end: tuple[EndReason, Code | None] | None = None

    @property
    def id(self) -> CallId:
        """Its id, which another one takes after a glare or when the other side comes back."""
        return self._need_shell().call

    @property
    def state(self) -> str:
        """The state in one word: calling, ringing, connecting, in_call, reconnecting, ended."""
        match self._state:
            case Idle() | Calling():
                return "calling"
            case Ringing():
                return "ringing"
            case Accepting() | Welcomed() | Taken() | Connecting():
                return "connecting"
            case InCall():
                return "in_call"
            case Reconnecting():
                return "reconnecting"
            case Ended():
                return "ended"
        assert_never(self._state)

    @property
    def rings(self) -> bool:
        """Whether we call and it rings there; known only if they let us see that (CK-383)."""
        return self._rings and isinstance(self._state, Calling)

    @property
    def media(self) -> str:
        """What the call carries: "voice" or "video"."""
        match self._state:
            case Connecting(link) | InCall(link) | Reconnecting(link):
                return link.media.value
            case Accepting(_, media) | Welcomed(_, media) | Taken(_, media):
                return media.value
            case Ringing(invite):
                return invite.media.value
            case Calling(_, media):
                return media.value
            case Idle() | Ended():
                return Media.VOICE.value
        assert_never(self._state)

    @property
    def path(self) -> str:
        """How packets travel: "relayed", "direct", or "none" while unconnected."""
        return "none" if self._stats is None else self._stats.path

    @property
    def suite(self) -> str:
        """The encryption, for people."""
        return SUITE_NAME

    def stats(self) -> MediaStats:
        """Return the newest figures, at most half a second old; after the end the last ones.

        Raises:
            UnavailableError: There are none yet: nobody has answered.
        """
        if self._stats is None:
            raise UnavailableError(Code.UNAVAILABLE, "no media yet")
        return self._stats

    async def ringing(self) -> None:
        """Wait until it rings there, which only they can let us see. Raises as `answered`."""
        await self._until(lambda: self._rings)

    async def answered(self) -> None:
        """Wait until the other side accepted.

        Raises:
            UnavailableError: It ended first, with the code that says why.
        """
        await self._until(lambda: self._was_answered)

    async def connected(self) -> None:
        """Wait until both sides hear each other. Raises as `answered`."""
        await self._until(lambda: self.was_connected)

    async def first_frame(self) -> None:
        """Wait until the first frame of the other side was decoded. Raises as `answered`."""
        await self._until(lambda: self._first_frame)

    async def sas(self) -> str:
        """Return the four words to read to each other (P11). Raises as `answered`."""
        await self._until(lambda: self._words is not None)
        assert self._words is not None
        return self._words

    async def ended(self) -> str:
        """Wait for the end and return its reason, one of `EndReason`."""
        while self._end is None:
            await self._wait()
        return self._end[0].value

    @property
    def end_code(self) -> Code | None:
        """What failed, once it has ended and if something did."""
        if self._end is None:
            return None
        reason, code = self._end
        return _CODES.get(reason, code) if code is None else code

    async def hang_up(self) -> None:
        """End it, or stop calling, and wait until its keys are gone. Harmless when repeated."""
        if self._end is None:
            self._service.happened_here(self._need_shell(), on.HangUpRequested())
        await self.ended()

    def meter(self) -> Reading:
        """Return what others could see of this call (R-37); whole once it has ended.

        Nothing of it is stored: it is there as long as this object is.
        """
        return self.counted.read(
            self._side,
            video=self._noted_media is Media.VIDEO,
            seconds=self.seconds,
            answered=self._was_answered,
        )

    # For the history, once it is over (`call_notes`).

    @property
    def leaves_no_trace(self) -> bool:
        """Whether nothing of it may be kept."""
        return self.confidential or self.traceless

    @property
    def was_connected(self) -> bool:
        """Whether both sides heard each other at any time."""
        return self._connected_at is not None

    @property
    def seconds(self) -> int:
        """How long they did, whole seconds."""
        began, ended = self._connected_at, self._ended_at
        return 0 if began is None or ended is None else max(0, round(ended - began))

    @property
    def noted_media(self) -> str:
        """What it carried last, "voice" or "video", also after the end."""
        return self._noted_media.value

    @property
    def end_reason(self) -> EndReason | None:
        """Why it ended."""
        return None if self._end is None else self._end[0]

    @property
    def rtt_ms(self) -> float | None:
        """The last measured round trip."""
        return None if self._stats is None else self._stats.rtt_ms

    # For the service and the shell.

    def bind(self, shell: CallShell) -> None:
        """Follow a call; another one after a glare."""
        self._shell = shell

    def on_state(self, state: State) -> None:
        """Take the machine's newest state."""
        if isinstance(self._state, Ended):
            return
        self._state = state
        self._was_answered |= isinstance(state, Connecting | InCall | Reconnecting)
        if isinstance(state, InCall) and self._connected_at is None:
            self._connected_at = self._service.monotonic()
        if isinstance(state, Ringing):
            self._side = Side.ANSWERED
        if not isinstance(state, Idle | Ended):
            self._noted_media = Media(self.media)
        self._tell()

    def on_ringing(self) -> None:
        """Note that it rings there."""
        self._rings = True
        self._tell()

    def on_words(self, words: str) -> None:
        """Take the short authentication string."""
        self._words = words
        self._tell()

    def on_stats(self, stats: MediaStats) -> None:
        """Take fresh figures."""
        self._stats = stats

    def on_first_frame(self) -> None:
        """Note that the first frame was decoded."""
        self._first_frame = True
        self._tell()

    def on_end(self, reason: EndReason, code: Code | None) -> None:
        """Take the end."""
        self._end = (reason, code)
        self._ended_at = self._service.monotonic()
        self.recording.over()
        self.receipts.over()
        self._tell()

    def _need_shell(self) -> CallShell:
        if self._shell is None:
            raise UsageError("this call was never placed")
        return self._shell

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _wait(self) -> None:
        await self._moved.wait()

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            if self._end is not None:
                raise UnavailableError(
                    self.end_code or Code.NO_ANSWER, f"the call ended: {self._end[0]}"
                )
            await self._wait()


class IncomingCall:
    """A call that rings here. Until `accept`, nothing leaves this device.

    Attributes:
        contact: Who calls.
        contact_name: As the person sees it.
        media: "voice" or "video".
        confidential: As in `Call`.
    """

    def __init__(self, service: Service, call: Call, shell: CallShell, media: Media) -> None:
        self.contact = call.contact
        self.contact_name = call.contact_name
        self.media = media.value
        self.confidential = call.confidential
        self._service = service
        self._call = call
        self._shell = shell

    async def accept(
        self, *, source: MediaSource, sink: MediaSink, media: str | None = None
    ) -> Call:
        """Accept, with the media that was offered or less.

        Args:
            source: What we show and say. It is the call's from now on, and closed on an error too.
            sink: Where the other side's goes. Likewise.
            media: "voice" to accept a video call without picture.

        Raises:
            UnavailableError: NO_ANSWER: it has stopped ringing.
        """
        if self._call.state != "ringing":
            source.close()
            sink.close()
            raise UnavailableError(Code.NO_ANSWER, "it has stopped ringing")
        self._shell.transport.lend(source, sink)
        wanted = Media(media or self.media)
        self._service.happened_here(
            self._shell, on.AcceptRequested(self._service.monotonic(), wanted)
        )
        return self._call

    async def decline(self) -> None:
        """Stop ringing, on our other devices too. The caller learns nothing. Harmless if late."""
        if self._call.state == "ringing":
            self._service.happened_here(self._shell, on.DeclineRequested())

    async def ended(self) -> str:
        """Wait until it is over, answered or not, and return the reason."""
        return await self._call.ended()


@dataclass(frozen=True, slots=True)
class MissedCall:
    """Somebody called while we were away or in another call."""

    contact: AccountId
    contact_name: str
    media: str
    why: str
