"""One call's resources, and the hands that carry out what the call machine asks for.

Effects are done one after another by a worker, so an envelope never overtakes the one before it;
what may take seconds runs beside it and comes back as an event (`call_transport`).
A send that fails is a lost message: the machine's deadlines and repeats are there for that.

Nothing here is written to disk, and at the end everything is erased (R-22).
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
    CallAnswer,
    CallCandidates,
    CallHangup,
    CallOffer,
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
from visavis.core.content_self import SelfCallHandled
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    UsageError,
    VisavisError,
)
from visavis.core.ids import AccountId, CallId, DeviceId, Nonce32
from visavis.core.mls import KeyPackageBundle
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import MediaStats
from visavis.sdk.call_group import CallGroup, Device, Rekeyed, is_for
from visavis.sdk.call_media import MediaFactory
from visavis.sdk.call_sending import CallSending
from visavis.sdk.call_text import CallText
from visavis.sdk.call_transport import CallTransport
from visavis.sdk.seam import CallSeam

MAX_EARLY: Final = 16
"""Messages of the call group that may wait for the Welcome (CK-366)."""

REKEY_AFTER: Final = 3
"""Transports in one epoch after which the caller moves the call group to fresh keys. Higher:
fewer commits; lower: more room for the callee, which may need two transports for our one."""

MAX_TRANSPORTS: Final = 7
"""Transports in one epoch: two encoders each, one context for text, and SFrame has 15 (P10)."""

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

    @property
    def text(self) -> CallText:
        """What is written in the call."""

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
    """

    def __init__(
        self,
        seam: CallSeam,
        make_media: MediaFactory,
        feed: Callable[[on.Event], None],
        contact: AccountId,
        call: CallId,
        face: Face,
    ) -> None:
        self.contact = contact
        self.call = call
        self.face = face
        self.state: State = Idle()
        self.wanted: Media | None = None
        self.again: CallId | None = None  # On the caller's side: see `CallInvite.again`.
        self.invite: CallInvite | None = None  # The caller's own, or the one received.
        self.inviter: DeviceId | None = None  # None on the caller's side.
        self.refusal: Code | None = None  # The first breach, to explain a failure with.
        self.over = asyncio.Event()
        self._seam = seam
        self.feed = feed
        self.frames = CallFrames(seam.monotonic)
        self.transport = CallTransport(seam, make_media, self)
        self._sending = CallSending(seam, contact, call)
        self._accepts: dict[DeviceId, CallAccept] = {}
        self._accept: CallAccept | None = None  # Ours, or the one that we took.
        self._bundle: KeyPackageBundle | None = None
        self._nonce: Nonce32 | None = None  # The one that `call.reveal` reveals.
        self._group: CallGroup | None = None
        self._welcome: bytes | None = None
        self._open = False
        self._early: list[bytes] = []
        self._transports = 1  # In this epoch: the one that the call begins with.
        self._timer: asyncio.TimerHandle | None = None
        self._effects: asyncio.Queue[do.Effect] = asyncio.Queue()
        seam.spawn(self._work())

    # What the service gives.

    def carry_out(self, effect: do.Effect) -> None:
        """Put one effect in line; the one that must not wait is done at once."""
        if isinstance(effect, do.StopFrames):
            self.frames.close()
        self._effects.put_nowait(effect)

    def note(self, code: Code) -> None:
        """Remember the first breach that says something, to explain a failure with."""
        if self.refusal is None and code not in {Code.UNEXPECTED, Code.REPLAYED}:
            self.refusal = code

    def keep_accept(self, accept: CallAccept) -> None:
        """Keep a checked accept; a device's first one stands."""
        self._accepts.setdefault(accept.device, accept)

    def join(self, welcome: bytes) -> bool:
        """Process a Welcome if it is for the key package of this call.

        Returns:
            False if it is another's, or there is a group already.

        Raises:
            VisavisError: As `CallGroup.join`; nothing was changed.
        """
        bundle, invite, inviter = self._bundle, self.invite, self.inviter
        if bundle is None or invite is None or inviter is None or self._group is not None:
            return False
        if not is_for(welcome, bundle):
            return False
        keys = self._seam.key_material
        self._group = CallGroup.join(
            welcome,
            bundle,
            invite.call,
            Device(self.contact, inviter),
            keys,
            self._seam.now(),
            self._seam.rng,
        )
        return True

    def receive(self, message: bytes) -> None:
        """Take a message of the call group; early ones wait for it to be in use."""
        if not self._open:
            if len(self._early) < MAX_EARLY:  # CK-366
                self._early.append(message)
            return
        assert self._group is not None  # Open means that it is there.
        try:
            content = self._group.decrypt(message, now=self._seam.now())
        except VisavisError as error:
            self.note(error.code)
            return
        if isinstance(content, Rekeyed):
            self._use_epoch()
        else:
            self.feed(self._event(content))

    def _event(self, content: InCall) -> on.Event:
        match content:
            case CallReveal():
                return on.RevealReceived(content.nonce)
            case CallCandidates():
                return on.CandidatesReceived(content.candidates)
            case CallReady():
                return on.ReadyReceived()
            case CallHangup():
                return on.HangupReceived()
            case CallPath():
                return on.PathReceived(self._seam.monotonic(), content.path)
            case CallOffer():
                return on.OfferReceived(self._seam.monotonic(), content.sdp, content.path)
            case CallAnswer():
                return on.AnswerReceived(content.sdp)
        assert_never(content)

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
                media = self.invite.media if self.invite is not None else Media.VOICE
                await self._sending.say(CallMissed(*self._sending.head(), media), durable=True)
            case do.TellSiblings(how):
                await self._sending.tell_siblings(SelfCallHandled(self.call, how))
            case do.SendWelcome(device):
                await self._sending.send_to(device, CallWelcome(self._make_group(device)))
            case do.SendReady():
                await self.tell(CallReady())
            case do.SendReveal():
                await self.tell(CallReveal(self._need_nonce()))
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
                assert self._accept is not None  # SendWelcome comes first.
                await self.transport.apply_answer(media, self._accept.answer)
            case do.GatherCandidates():
                self.transport.gather()
            case do.AddCandidates(candidates):
                await self.transport.add_candidates(candidates)
            case do.RestartIce(path):
                self.transport.restart(path)
            case do.AnswerRestart(sdp, path):
                self.transport.answer_restart(sdp, path)
            case do.ApplyRestartAnswer(sdp):
                await self.transport.media.accept_answer(sdp)
            case do.InstallFrameKeys():
                self._install()
            case do.StartFrames():
                self._send_in_epoch()
            case do.StopFrames():
                pass  # Done when it was put in line.
            case do.ShowRinging():
                self.face.on_ringing()
            case do.ShowSas(nonce):
                self._show_words(nonce)
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
        group, other = self._group, self.inviter
        if other is None and self._accept is not None:
            other = self._accept.device
        if group is not None and other is not None:
            await self._sending.send_to(other, Mls(group.encrypt(content)))

    async def _our_invite(self) -> CallInvite:
        if self.invite is None:
            nonce = self._nonce = Nonce32.random(self._seam.rng)
            assert self.wanted is not None  # Set when the call was placed.
            media = self.transport.start(self.wanted)
            offer = await media.create_offer()
            head = self._sending.head()
            commit, steady = sas.commit(nonce), self.frames.steady
            self.invite = CallInvite(
                *head, self.wanted, offer, commit, RING_S, steady, again=self.again
            )
        return self.invite

    async def _our_accept(self, wanted: Media) -> CallAccept:
        if self._accept is None:
            assert self.invite is not None  # It rang.
            answer = await self.transport.start(wanted).accept_offer(self.invite.offer)
            self._bundle = self._seam.new_key_package()
            self._nonce = Nonce32.random(self._seam.rng)
            self._accept = CallAccept(
                *self._sending.head(),
                self._seam.key_material.device,
                wanted,
                answer,
                Nonce32.random(self._seam.rng),
                self._bundle.key_package,
            )
        return self._accept

    # The call group.

    def _make_group(self, device: DeviceId) -> bytes:
        """Return the Welcome for the device we took; the same when asked again."""
        if self._welcome is None:
            accept = self._accept = self._accepts[device]
            self._group, self._welcome = CallGroup.create(
                self.call,
                Device(self.contact, device),
                accept.key_package,
                self._seam.key_material,
                self._seam.now(),
                self._seam.rng,
            )
        return self._welcome

    def _install(self) -> None:
        self._receive_in_epoch()
        self._open = True
        early, self._early = self._early, []
        for message in early:
            self.receive(message)

    def _receive_in_epoch(self) -> None:
        keys = self._need_group().frame_keys()
        self.frames.install(keys.epoch, keys.base_key, {keys.other_leaf})

    def _send_in_epoch(self) -> None:
        keys = self._need_group().frame_keys()
        self.frames.send_in(keys.epoch, keys.base_key, keys.own_leaf)

    def _use_epoch(self) -> None:
        """Go on under the group's new epoch; old receive keys live for 2 s (P10)."""
        self._receive_in_epoch()
        self._send_in_epoch()
        self._transports = 1

    async def prepare_transport(self) -> None:
        """Make sure that there are SFrame contexts for one more transport (P10).

        Raises:
            UnavailableError: NOT_ENCRYPTED: there are none, or a new epoch could not be sent.
        """
        group = self._need_group()
        if self.inviter is None and self._transports >= REKEY_AFTER:
            assert self._accept is not None  # We are the caller and took one.
            commit = group.rekey(now=self._seam.now())
            self._use_epoch()
            await self._sending.send_to(self._accept.device, Mls(commit))
        if self._transports >= MAX_TRANSPORTS:
            raise UnavailableError(Code.NOT_ENCRYPTED, "no SFrame context is left in this epoch")
        self._transports += 1

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

    def _show_words(self, theirs: Nonce32) -> None:
        assert self._accept is not None  # Both sides have it by now.
        ours, first = self._need_nonce(), self._accept.nonce
        caller, late = (ours, theirs) if self.inviter is None else (theirs, ours)
        self.face.on_words(self._need_group().words(caller, (first, late)))

    def _erase(self) -> None:
        self.frames.wipe()
        self.face.text.forget()
        if self._group is not None:
            self._group.wipe()
        if self._bundle is not None:
            self._bundle.wipe()
        self._group = self._bundle = self._welcome = self._nonce = None
        self._accept = self.invite = None
        self._accepts.clear()
        self._early.clear()
        self._open = False

    def _need_group(self) -> CallGroup:
        if self._group is None:
            raise UsageError("there is no call group yet")
        return self._group

    def _need_nonce(self) -> Nonce32:
        if self._nonce is None:
            raise UsageError("there is no nonce yet")
        return self._nonce

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
