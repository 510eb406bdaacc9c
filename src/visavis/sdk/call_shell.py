"""One call's resources, and the hands that carry out what the call machine asks for.

Effects are done one after another by a worker, so an envelope never overtakes the one before it;
what may take seconds runs beside it and comes back as an event (`call_transport`).
A send that fails is a lost message: the machine's deadlines and repeats are there for that.

Nothing here is written to disk, and at the end everything is erased (R-22). The secrets of the call
are in `call_secrets`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, assert_never

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core import sas
from visavis.core.call_types import Idle, Media, State
from visavis.core.content_call import (
    CallCandidates,
    CallHangup,
    CallPath,
    CallReady,
    CallReveal,
    InCall,
)
from visavis.core.content_inner import (
    RING_S,
    CallAccept,
    CallCancel,
    CallInvite,
    CallMissed,
    CallRinging,
    CallTaken,
)
from visavis.core.content_outer import CallWelcome, Mls
from visavis.core.content_receipt import AboutReceipt
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_self import SelfCallHandled
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.ids import AccountId, CallId, Nonce32
from visavis.core.meter import Meter
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import MediaStats
from visavis.sdk.call_consents import CallConsents
from visavis.sdk.call_group import Rekeyed, event_of
from visavis.sdk.call_media import MediaFactory
from visavis.sdk.call_receipt_objects import CallReceiptTalk
from visavis.sdk.call_secrets import CallSecrets
from visavis.sdk.call_sending import CallSending
from visavis.sdk.call_text import CallText
from visavis.sdk.call_transport import CallTransport
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recording_objects import CallRecording
from visavis.sdk.seam import CallSeam

_FAILURES: Final = frozenset(
    {
        do.EndReason.NO_ANSWER,
        do.EndReason.NO_WELCOME,
        do.EndReason.NOT_CONNECTED,
        do.EndReason.LOST,
        do.EndReason.WITHDRAWN,
    }
)
"""Ends that a breach before them may explain."""


class Face(Protocol):
    """What of a call a person's code sees."""

    counted: Meter

    @property
    def text(self) -> CallText:
        """What is written in the call."""

    @property
    def recording(self) -> CallRecording:
        """Who asks to record the call, who agreed, and what is recorded."""

    @property
    def receipts(self) -> CallReceiptTalk:
        """Who asks for a signed receipt of the call, and who has signed."""

    @property
    def media(self) -> str:
        """What the call carries: "voice" or "video"."""

    @property
    def confidential(self) -> bool:
        """Whether nobody may ask."""

    def on_ringing(self) -> None:
        """Note that it rings at the other side."""

    def on_words(self, words: str) -> None:
        """Take the short authentication string."""

    def on_stats(self, stats: MediaStats) -> None:
        """Take fresh figures."""

    def on_first_frame(self) -> None:
        """Note that the first frame was decoded."""

    def on_end(self, reason: do.EndReason, code: Code | None) -> None:
        """Take the end."""


class CallShell:
    """Carries out the effects of one call on this device.

    Args:
        seam: The session.
        make_media: Makes the media connection.
        feed: Takes what happened to this call.
        contact: Whom the call is with.
        call: Its id.
        face: Who is told.
        recording: What consenting to recordings takes.
    """

    def __init__(
        self,
        seam: CallSeam,
        make_media: MediaFactory,
        feed: Callable[[on.Event], None],
        contact: AccountId,
        call: CallId,
        face: Face,
        recording: RecordingMeans,
    ) -> None:
        self.contact = contact
        self.call = call
        self.face = face
        self.state: State = Idle()
        self.wanted: Media | None = None
        self.again: CallId | None = None  # On the caller's side: see `CallInvite.again`.
        self.refusal: Code | None = None  # The first breach, to explain a failure with.
        self.over = asyncio.Event()
        self._seam = seam
        self.feed = feed
        self.frames = CallFrames(seam.monotonic)
        self.secrets = CallSecrets(seam, contact, call, never=recording.never([contact]))
        self.consents = CallConsents(self, seam, recording)
        self.transport = CallTransport(seam, make_media, self)
        self._sending = CallSending(seam, contact, call, lambda: self.meter)
        self._timer: asyncio.TimerHandle | None = None
        self._effects: asyncio.Queue[do.Effect] = asyncio.Queue()
        seam.spawn(self._work())

    @property
    def meter(self) -> Meter:
        """What counts for this call: the face's, which passes on in a glare."""
        return self.face.counted

    # What the service gives.

    def carry_out(self, effect: do.Effect) -> None:
        """Put one effect in line; the one that must not wait is done at once."""
        if isinstance(effect, do.StopFrames):
            self.consents.ended()
            self.frames.close()
        self._effects.put_nowait(effect)

    def note(self, code: Code) -> None:
        """Remember the first breach that says something, to explain a failure with."""
        if self.refusal is None and code not in {Code.UNEXPECTED, Code.REPLAYED}:
            self.refusal = code

    def receive(self, message: bytes) -> None:
        """Take a message of the call group; early ones wait for it to be in use."""
        try:
            content = self.secrets.open(message)
        except VisavisError as error:
            self.note(error.code)
            return
        if isinstance(content, Rekeyed):
            self.consents.epoch()
            self.secrets.enter_epoch(self.frames)
        elif isinstance(content, RecordingSaid | AboutReceipt):
            self.consents.hear(content)
        elif content is not None:
            self.feed(event_of(content, self._seam.monotonic()))

    # The worker.

    async def _work(self) -> None:
        bug: Exception | None = None
        while not self.over.is_set():
            effect = await self._effects.get()
            try:
                await self._do(effect)
            except (UnavailableError, TimeoutError):
                pass  # A lost message.
            except AuthorizationError as error:
                if isinstance(effect, do.SendInvite):  # Refused, or their identity changed.
                    self.feed(on.Failed(error.code))
            except PeerError as error:
                self.note(error.code)
                if not isinstance(effect, do.AddCandidates):
                    self.feed(on.Failed(error.code))
            except Exception as error:  # noqa: BLE001 -- a bug must not leave a call that hangs
                bug = bug or error
                self.feed(on.Failed(Code.USAGE))
        if bug is not None:
            raise bug

    async def _do(self, effect: do.Effect) -> None:
        match effect:
            case do.SendInvite():
                await self._sending.say(await self._our_invite())
            case do.SendRinging():
                await self._sending.say(CallRinging(*self._sending.head()))
            case do.SendAccept(media):
                await self._sending.say(await self._our_accept(media))
            case do.SendTaken(device):
                await self._sending.say(CallTaken(*self._sending.head(), device))
            case do.SendCancel():
                await self._sending.say(CallCancel(*self._sending.head()))
            case do.SendMissed():
                invite = self.secrets.invite
                media = invite.media if invite is not None else Media.VOICE
                await self._sending.say(CallMissed(*self._sending.head(), media), durable=True)
            case do.TellSiblings(how):
                await self._sending.tell_siblings(SelfCallHandled(self.call, how))
            case do.SendWelcome(device):
                await self._sending.send_to(device, CallWelcome(self.secrets.make_group(device)))
            case do.SendReady():
                await self.tell(CallReady())
            case do.SendReveal():
                await self.tell(CallReveal(self.secrets.need_nonce()))
            case do.SendCandidates(candidates):
                await self.tell(CallCandidates("", candidates))
            case do.SendPath(path):
                await self.tell(CallPath(path))
            case do.SendHangup(reason):
                await self.tell(CallHangup(reason))
            case here:
                await self._do_here(here)

    async def _do_here(self, effect: do.Local) -> None:
        match effect:
            case do.ApplyAnswer(media):
                assert self.secrets.accept is not None  # SendWelcome comes first.
                await self.transport.apply_answer(media, self.secrets.accept.answer)
            case do.GatherCandidates():
                self.transport.gather()
            case do.AddCandidates(candidates):
                await self.transport.add_candidates(candidates)
            case do.RestartIce(path):
                self.transport.restart(path)
            case do.AnswerRestart(sdp, path):
                self.transport.answer_restart(sdp, path)
            case do.ApplyRestartAnswer(sdp, offer):
                await self.transport.accept_restart_answer(sdp, offer)
            case do.InstallFrameKeys():
                self._install()
            case do.StartFrames():
                self.secrets.send_in_epoch(self.frames)
            case do.StopFrames():
                pass  # Done when it was put in line.
            case do.ShowRinging():
                self.face.on_ringing()
            case do.ShowSas(nonce):
                self.face.on_words(self.secrets.words(nonce))
            case do.SetDeadline(at):
                self._set_timer(at)
            case do.StopMedia():
                await self.transport.stop()
            case do.EraseKeys():
                self._erase()
            case do.ReportEnd(reason, code):
                self._set_timer(None)
                explained = self.refusal if reason in _FAILURES else None
                self.face.on_end(reason, code or explained)
                self.over.set()
            case do.Reject(code):
                self.note(code)
            case do.StartRinging() | do.StopRinging():
                pass  # The service shows and hides `IncomingCall`.
            case _:
                assert_never(effect)

    # Sending.

    async def tell(self, content: InCall) -> None:
        """Say something in the call group; nothing if there is none (any more)."""
        other = self.secrets.other
        message = None if other is None else self.secrets.encrypt(content)
        if other is not None and message is not None:
            await self._sending.send_to(other, Mls(message))

    async def _our_invite(self) -> CallInvite:
        secrets = self.secrets
        if secrets.invite is None:
            nonce = secrets.nonce = Nonce32.random(self._seam.rng)
            assert self.wanted is not None  # Set when the call was placed.
            media = self.transport.start(self.wanted)
            offer = await media.create_offer()
            head = self._sending.head()
            commit, steady = sas.commit(nonce), self.frames.steady
            secrets.invite = CallInvite(
                *head, self.wanted, offer, commit, RING_S, steady, again=self.again
            )
        return secrets.invite

    async def _our_accept(self, wanted: Media) -> CallAccept:
        secrets = self.secrets
        if secrets.accept is None:
            assert secrets.invite is not None  # It rang.
            answer = await self.transport.start(wanted).accept_offer(secrets.invite.offer)
            bundle = secrets.bundle = self._seam.new_key_package(secrets.consent)
            secrets.nonce = Nonce32.random(self._seam.rng)
            secrets.accept = CallAccept(
                *self._sending.head(),
                self._seam.key_material.device,
                wanted,
                answer,
                Nonce32.random(self._seam.rng),
                bundle.key_package,
            )
        return secrets.accept

    # The call group.

    def _install(self) -> None:
        self.consents.begin()
        for message in self.secrets.install(self.frames):
            self.receive(message)

    async def prepare_transport(self) -> None:
        """Make sure that there are SFrame contexts for one more transport (P10).

        Raises:
            UnavailableError: NOT_ENCRYPTED: there are none, or a new epoch could not be sent.
        """
        commit, other = self.secrets.rekey_if_due(), self.secrets.other
        if commit is not None:
            self.consents.epoch()
            assert other is not None  # We are the caller and took one.
            self.secrets.enter_epoch(self.frames)
            await self._sending.send_to(other, Mls(commit))
        self.secrets.count_transport()

    def show_stats(self, stats: MediaStats) -> None:
        """Pass fresh figures on."""
        self.face.on_stats(stats)

    def show_first_frame(self) -> None:
        """Pass on that the first frame was decoded."""
        self.face.on_first_frame()

    def next_text_block(self) -> bytes | None:
        """Return the block of real-time text to send now."""
        return self.face.text.next_block()

    def take_text_block(self, block: bytes) -> None:
        """Take one. PeerError MALFORMED."""
        self.face.text.receive(block)

    def _erase(self) -> None:
        self.consents.ended()
        self.frames.wipe()
        self.face.text.forget()
        self.secrets.erase()

    # Time.

    def _set_timer(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            wait_s = max(0.0, at - self._seam.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._ring_timer, at)

    def _ring_timer(self, at: float) -> None:
        self._timer = None
        # An event loop may ring a clock tick early; the machine would wait for a second bell.
        self.feed(on.DeadlineReached(max(at, self._seam.monotonic())))
