"""All calls of one device: the service behind `Call` and `IncomingCall` (`call_objects`).

It runs the board (`core/call_board.py`) on what arrives, and hands effects to one shell
per call (`call_shell`). It sits on the session through `CallSeam` alone.

Not for: what is recorded, and who agreed to it (`recording_shell`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Final, assert_never

from visavis.core import call_board as board
from visavis.core import call_events as on
from visavis.core.call_effects import EndReason, StartRinging
from visavis.core.call_types import (
    Calling,
    Ended,
    InCall,
    Media,
    Reconnecting,
    Ringing,
    Trace,
)
from visavis.core.content_inner import (
    CallAccept,
    CallCancel,
    CallInvite,
    CallMissed,
    CallRinging,
    CallTaken,
)
from visavis.core.content_outer import CallWelcome, Mls
from visavis.core.content_self import SelfCallHandled
from visavis.core.errors import AuthorizationError, Code, UsageError, VisavisError
from visavis.core.ids import AccountId, CallId
from visavis.media.interfaces import MediaSink, MediaSource
from visavis.sdk.call_group import Device, call_of, check_key_package
from visavis.sdk.call_media import MediaFactory, relayed_media
from visavis.sdk.call_objects import SUITE_NAME, Call, IncomingCall, MissedCall
from visavis.sdk.call_shell import CallShell
from visavis.sdk.call_table import CallTable
from visavis.sdk.call_terms import allowed_path, confine, goodbye
from visavis.sdk.metering import count_arrival
from visavis.sdk.recording_means import NO_MEANS, RecordingMeans
from visavis.sdk.seam import CallSeam, InnerReceived, OuterReceived, SelfReceived

CLOCKS_DIFFER_S: Final = 86_400
"""How far two clocks may differ for a call to ring. Less lets a server hold an invite back for less
long; it also keeps people from calling whose clock is wrong."""


class CallService:
    """All calls of this device.

    Args:
        seam: The session.
        allow_loopback: Let loopback relays pass; demo and tests only.
        make_media: Another maker of media connections; tests only.
        recording: What consenting to recordings takes.
    """

    def __init__(
        self,
        seam: CallSeam,
        *,
        allow_loopback: bool = False,
        make_media: MediaFactory | None = None,
        recording: RecordingMeans = NO_MEANS,
    ) -> None:
        self._seam = seam
        media = make_media or relayed_media(allow_loopback=allow_loopback)
        self._board = board.Board(seam.key_material.device)
        self._table = CallTable(self, seam, media, self._happened, recording)
        self._shells, self._faces = self._table.shells, self._table.faces
        self._incoming: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._missed: asyncio.Queue[MissedCall] = asyncio.Queue()
        self.elsewhere: Callable[[], bool] = lambda: False
        """Whether this device is in a group call: then nothing rings, and what came was missed."""
        self.dropped: Counter[Code] = Counter()
        """How many messages were dropped, by code: for `visavis doctor` and tests."""

    async def start(self) -> None:
        """Begin to listen."""
        self._seam.on_inner(self._on_inner)
        self._seam.on_unknown_group(self._on_group)
        self._seam.on_self(self._on_self)
        self._seam.on_connection(self._on_connection)
        self._seam.on_contact(self._on_contact)

    async def close(self) -> None:
        """Hang up what is live and wait until its keys are gone.

        A call that only rings is left alone: closing the program is ignoring the call.
        """
        live = self._board.live
        if live is None or isinstance(live.state, Ringing):
            return
        await self._end(live, on.HangUpRequested())

    def is_live(self) -> bool:
        """Say whether there is a call, or one that rings."""
        return self._board.live is not None

    async def leave(self, contact: AccountId) -> None:
        """End what is under way with a contact, before it is blocked; a ring they never hear of."""
        live = self._board.live
        if live is not None and live.contact == contact:
            ringing = isinstance(live.state, Ringing)
            await self._end(live, on.DeclineRequested() if ringing else on.HangUpRequested())

    async def _end(self, live: board.LiveCall, event: on.Event) -> None:
        shell = self._shells[live.call]
        self.happened_here(shell, event)
        await goodbye(shell)

    def monotonic(self) -> float:
        """Return the session's monotonic seconds."""
        return self._seam.monotonic()

    async def call(
        self,
        contact: AccountId,
        media: str,
        *,
        source: MediaSource,
        sink: MediaSink,
        leave_no_trace: bool = False,
        confidential: bool = False,
        again: CallId | None = None,
    ) -> Call:
        """Call a contact; returns at once, ringing.

        If the contact is ringing here at this moment, this accepts.

        Args:
            contact: Whom.
            media: "voice" or "video".
            source: What we show and say. It is the call's from now on, and closed on an error too.
            sink: Where the other side's goes. Likewise.
            leave_no_trace: Do not tell them of it if nobody answers, and keep nothing of it here.
            confidential: Only if the contact is verified, relayed only, with pictures of few sizes,
                and nothing of it is kept: no trace is left, and at both ends whoever has the `Call`
                notes nothing and shares no screen.
            again: The call that this device lost when its program ended: they go on without a tap,
                or nothing rings.

        Raises:
            AuthorizationError: NOT_VERIFIED, a confidential call to somebody whose safety number
                was not compared. Nothing was sent.
            UsageError: There is a call already.

        A contact whose identity key changed cannot be called: such a call fails at once, with
        IDENTITY_CHANGED.
        """
        if self.elsewhere():
            source.close()
            sink.close()
            raise UsageError("this device is in a group call")
        call = CallId.random(self._seam.rng)
        tells = self._seam.tells_missed() and not (leave_no_trace or confidential or again)
        trace = Trace.KEEP if tells else Trace.LEAVE_NONE
        wanted = board.CallWanted(self._seam.monotonic(), contact, call, Media(media), trace)
        try:  # Both raise before anything was made.
            if confidential:
                confine(self._seam, contact)
            result = board.board_step(self._board, wanted)
        except (AuthorizationError, UsageError):
            source.close()
            sink.close()
            raise
        match result.effects[0]:
            case board.Exchange(_, standing):
                shell = self._shells[standing]
            case _:
                shell = self._table.make(contact, call, outgoing=True, again=again)
                shell.wanted = Media(media)
                shell.again = again
        shell.transport.lend(source, sink)
        self._faces[shell.call].traceless |= leave_no_trace
        if confidential:
            self._table.confide(shell)  # Before the invite says so.
        self._apply(result)
        return self._faces[shell.call]

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield each call that rings here."""
        while True:
            yield await self._incoming.get()

    async def missed(self) -> AsyncIterator[MissedCall]:
        """Yield each call that could not ring here or rang while we were away."""
        while True:
            yield await self._missed.get()

    def happened_here(self, shell: CallShell, event: on.Event) -> None:
        """Feed an event that this device caused."""
        self._feed(board.Happened(shell.call, None, event))

    # From the session.

    async def _on_inner(self, received: InnerReceived) -> None:
        if received.own:
            return  # A sibling's words to the contact are none of ours.
        content = received.content
        contact, device = received.contact, received.device
        match content:
            case CallInvite():
                self._on_invite(received, content)
            case CallAccept():
                self._on_accept(received, content)
            case CallRinging():
                self._on_ringing(received, content)
            case CallTaken():
                self._from_peer(contact, content.call, on.TakenReceived(device, content.device))
            case CallCancel():
                self._from_peer(contact, content.call, on.CancelReceived(device))
            case CallMissed():
                self._feed(board.MissedArrived(contact, device, content.call, content.media))
            case _:
                return  # Messages and addresses are the session's.
        self._count(contact, content.call)

    def _on_invite(self, received: InnerReceived, content: CallInvite) -> None:
        # CK-368: only what came live may ring; a stored invite would ring days later, and only
        # a contact that we let may ring at all.
        # "Live" is the server's word; when it rang, the caller says under MLS.
        held_back = abs(self._seam.now() - content.at) > CLOCKS_DIFFER_S
        now = self._board.live
        called = now is not None and now.contact == received.contact
        called = called and now is not None and isinstance(now.state, Calling)
        called = called or content.again is not None  # It rings nobody, whatever comes of it.
        # CK-370: what the person's rules let ring, or nothing; and nothing is sent either way.
        media = self._seam.may_ring(received.contact, content.media, called=called)
        if not received.live or held_back or media is None:
            self.dropped[Code.REFUSED] += 1
            return
        arrived = board.InviteArrived(
            self._seam.monotonic(),
            received.contact,
            received.device,
            content.call,
            media,
            content.commit,
            content.again,
            self._seam.granted(received.contact).sees,
        )
        step = board.busy_step if self.elsewhere() else board.board_step
        result = step(self._board, arrived)
        live = result.board.live
        if live is not None and live.call == content.call and content.call not in self._shells:
            contact, again = received.contact, content.again
            shell = self._table.make(contact, content.call, outgoing=False, again=again)
            shell.secrets.invite = content
            shell.secrets.inviter = received.device
            if content.confidential:
                self._table.confide(shell)
        self._apply(result, note_missed=not content.confidential)

    def _on_ringing(self, received: InnerReceived, content: CallRinging) -> None:
        if received.live:  # CK-383: a stored one would say so of a telephone that rang once.
            self._from_peer(received.contact, content.call, on.RingingReceived())
        else:
            self.dropped[Code.REFUSED] += 1

    def _on_accept(self, received: InnerReceived, content: CallAccept) -> None:
        shell = self._shells.get(content.call)
        if shell is None or shell.contact != received.contact or shell.secrets.inviter is not None:
            self.dropped[Code.UNEXPECTED] += 1
            return
        if content.device != received.device:  # CK-362: a device speaks for itself only.
            shell.note(Code.BAD_CREDENTIAL)
            return
        try:
            check_key_package(
                content.key_package,
                Device(received.contact, received.device),
                now=self._seam.now(),
                validator=self._seam.key_material.validator,
            )
        except VisavisError as error:  # CK-365: dropped; a good one may still come.
            shell.note(error.code)
            return
        shell.secrets.keep_accept(content)
        accepted = on.AcceptReceived(self._seam.monotonic(), received.device, content.media)
        self._from_peer(received.contact, content.call, accepted)

    async def _on_group(self, received: OuterReceived) -> None:
        content = received.content
        try:
            match content:
                case CallWelcome():
                    self._on_welcome(received.contact, content.message)
                case Mls():
                    call = call_of(content.message)
                    shell = None if call is None else self._shells.get(call)
                    # CK-361: who learned the id of somebody else's call has no say in it.
                    if shell is None or shell.contact != received.contact:
                        self.dropped[Code.WRONG_GROUP] += 1
                    else:
                        count_arrival(shell.meter)
                        shell.receive(content.message)
                case _:
                    pass
        except VisavisError as error:
            self.dropped[error.code] += 1

    def _on_welcome(self, contact: AccountId, welcome: bytes) -> None:
        live = self._board.live
        if live is None or live.contact != contact:
            self.dropped[Code.UNEXPECTED] += 1
            return
        shell = self._shells[live.call]
        count_arrival(shell.meter)
        try:
            joined = shell.secrets.join(welcome)
        except VisavisError as error:  # CK-365: the deadline judges, not whoever sends rubbish.
            shell.note(error.code)
            return
        if joined:
            self._from_peer(contact, live.call, on.WelcomeReceived(self._seam.monotonic()))
        else:
            self.dropped[Code.UNEXPECTED] += 1

    async def _on_self(self, received: SelfReceived) -> None:
        match received.content:
            case SelfCallHandled(call, how):
                self._count(None, call)
                self._feed(board.Happened(call, None, on.SiblingHandled(how)))
            case _:
                pass

    def _on_connection(self, here: bool) -> None:  # noqa: FBT001 -- the seam's shape
        live = self._board.live
        if here and live is not None:
            restored = on.NetworkRestored(self._seam.monotonic())
            self._feed(board.Happened(live.call, None, restored))

    def _on_contact(self, contact: AccountId) -> None:
        live = self._board.live
        if live is None or live.contact != contact:
            return
        if self._seam.is_changed(contact):
            # CK-385: whoever it is now, the person has not agreed to talk with them.
            self.happened_here(self._shells[live.call], on.KeyChanged())
        else:
            self._follow_rules(live)

    def _follow_rules(self, live: board.LiveCall) -> None:
        """Have it said which path the person allows for a connected call, if that is news."""
        match live.state:
            case InCall(_, paths) | Reconnecting(paths=paths):
                confidential = self._faces[live.call].confidential
                path = allowed_path(self._seam, live.contact, confidential=confidential)
                if path is not paths.ours:
                    event = on.PathDecided(self._seam.monotonic(), path)
                    self._feed(board.Happened(live.call, None, event))
            case _:
                pass  # Everything before goes over the relay.

    def _count(self, contact: AccountId | None, call: CallId) -> None:
        """Count the envelope at hand for a call with this contact; None: a sibling said it."""
        shell = self._shells.get(call)
        if shell is not None and contact in {None, shell.contact}:
            count_arrival(shell.meter)

    # The board.

    def _from_peer(self, contact: AccountId, call: CallId, event: on.Event) -> None:
        self._feed(board.Happened(call, contact, event))

    def _happened(self, call: CallId, event: on.Event) -> None:
        self._feed(board.Happened(call, None, event))

    def _feed(self, event: board.BoardEvent) -> None:
        self._apply(board.board_step(self._board, event))

    def _apply(self, result: board.BoardStep, *, note_missed: bool = True) -> None:
        before = self._board.live
        self._board = result.board
        for effect in result.effects:
            if note_missed or not isinstance(effect, board.NoteMissed):
                self._carry_out(effect)
        live = result.board.live
        if live is not None:
            self._table.show(live.call, live.state)
        if before is not None and (live is None or live.call != before.call):
            self._table.show(before.call, Ended(before.call, EndReason.HUNG_UP))
        if live is not None:
            self._follow_rules(live)

    def _carry_out(self, effect: board.BoardEffect) -> None:
        match effect:
            case board.Act(_, call, StartRinging(media)):
                face, shell = self._faces[call], self._shells[call]
                self._incoming.put_nowait(IncomingCall(self, face, shell, media))
            case board.Act(_, call, act):
                self._shells[call].carry_out(act)
            case board.NoteMissed(contact, call, media, why):
                self._table.notes.missed(call, contact, media)
                name = self._seam.contact_name(contact)
                self._missed.put_nowait(MissedCall(contact, name, media.value, why.value))
            case board.Exchange(given_up, standing):
                self._table.exchange(given_up, standing)
            case board.Drop(code):
                self.dropped[code] += 1
            case _:
                assert_never(effect)


__all__ = ["SUITE_NAME", "Call", "CallService", "IncomingCall", "MissedCall"]
