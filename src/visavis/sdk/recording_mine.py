"""Our own requests in one call: what was asked, with which share, and what is recorded of it.

A recorder is told in the order that the file's proof wants: who was there before a yes that names
them, and a statement before what follows from it. Not for: whether something may be recorded
(`core/recording`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import Code, UsageError
from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import Laid, Recorder, SaidStatement
from visavis.sdk.recording_shares import CallShares
from visavis.sdk.recording_speech import Speech
from visavis.sdk.recordings_book import Way


@dataclass(slots=True)
class _Mine:
    request: s.RecordingAsk = field(repr=False)
    laid: Laid
    signed: SaidStatement | None = None
    was_recorded: bool = False
    among: set[Digest] = field(default_factory=set)
    """Sets of members that the recorder was told of."""


class OwnRequests:
    """Our requests, and whatever records.

    Args:
        own: Our consent key.
        speech: Signs and sends.
        shares: Lays, reads and deletes.
        make_recorder: Makes what records this call, once.
        name: Returns what somebody is called.
    """

    def __init__(
        self,
        own: OwnConsent,
        speech: Speech,
        shares: CallShares,
        make_recorder: Callable[[], Recorder],
        name: Callable[[ConsentKey], str],
    ) -> None:
        self._name = name
        self._own = own
        self._speech = speech
        self._shares = shares
        self._make_recorder = make_recorder
        self._requests: dict[Digest, _Mine] = {}
        self._recorder: Recorder | None = None

    def find(self, ask: Digest) -> s.RecordingAsk | None:
        """Return a request of ours."""
        mine = self._requests.get(ask)
        return None if mine is None else mine.request

    def add(self, ask: Digest, request: s.RecordingAsk, laid: Laid) -> None:
        """Keep a request that is about to be said."""
        self._requests[ask] = _Mine(request, laid)

    def send(self, ask: Digest) -> None:
        """Sign a request and send it, with the way to our share."""
        mine = self._need(ask)
        mine.signed = signed = self._speech.sign(mine.request)
        if self._recorder is None:
            self._recorder = self._make_recorder()
        self._recorder.said(signed)
        way = Way("", mine.laid.slot, mine.laid.read)
        self._recorder.share(ask, self._own.key, mine.laid.share, way)
        self._speech.say(signed, mine.laid)

    def send_again(self, ask: Digest) -> None:
        """Send it once more as it was."""
        mine = self._need(ask)
        if mine.signed is not None:
            self._speech.say(mine.signed, mine.laid)

    def tell(self, statement: s.Statement) -> None:
        """Sign what is so about a request of ours now, and send it."""
        self._speech.say(self.note(statement))

    def note(self, statement: s.Statement) -> SaidStatement:
        """Sign what is so about a request of ours, for the recording alone."""
        signed = self._speech.sign(statement)
        self._told().said(signed)
        return signed

    def record(self, ask: Digest, kinds: t.Kinds) -> None:
        """Record exactly these kinds from now on."""
        mine = self._need(ask)
        mine.was_recorded = mine.was_recorded or bool(kinds)
        self._told().record(ask, kinds)

    def heard(
        self,
        state: t.InCall,
        said: SaidStatement,
        way: RecordingSaid,
        *,
        wanted: Callable[[], bool],
        refused: Callable[[Code], None],
    ) -> None:
        """Take what a member said about a request of ours, after the machine took it.

        Args:
            state: Before that.
            said: It.
            way: Where the member's share lies.
            wanted: Returns whether the request goes on.
            refused: Told that their share is not the one of their yes.
        """
        recorder, statement = self._told(), said.statement
        if not isinstance(statement, s.RecordingGrant):
            recorder.said(said)
            return
        members = state.sets.get(statement.members)
        if members is None:
            return  # CK-934: the machine took no notice of it either
        among = self._need(statement.ask).among
        if statement.members not in among:
            recorder.among(statement.ask, members)
            among.add(statement.members)
        recorder.said(said)
        ask, key, slot, read = statement.ask, statement.key, way.slot, way.read
        if slot is None or read is None:
            return  # without their share nothing of them is recorded

        def take(share: Secret32) -> None:
            recorder.share(ask, key, share, Way(self._name(key), slot, read))

        self._shares.read(slot, read, statement.share, wanted=wanted, take=take, refused=refused)

    def over(self, ask: Digest) -> None:
        """It is over: a share of ours that nothing was sealed with goes."""
        mine = self._requests.get(ask)
        if mine is None:
            return
        if not mine.was_recorded:
            self._shares.remove(mine.laid)
        if self._recorder is not None:
            self._recorder.over(ask)

    def frame(self, key: ConsentKey, kind: t.Kind, at: float, data: bytes) -> bool:
        """Hand on a frame; say whether a key frame of it is wanted."""
        return self._recorder is not None and self._recorder.frame(key, kind, at, data)

    def _told(self) -> Recorder:
        if self._recorder is None:
            raise UsageError("nobody asked for this")
        return self._recorder

    def _need(self, ask: Digest) -> _Mine:
        mine = self._requests.get(ask)
        if mine is None:
            raise UsageError("no request of ours")
        return mine
