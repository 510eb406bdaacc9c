"""What a recording proves, from the file and public keys alone (R-51).

That is who agreed to what, among whom, who took it back, and whether the file was altered.

Whoever recorded signs the file (`vvrec`), each member what they said (`recording_statements`). So
nobody can put a yes into it that was not said, take one out, or change a part, without this seeing
it. It cannot see what a changed client recorded elsewhere. The story is told as of the last mark;
only a no, or a yes that was taken back, counts wherever it stands, for its owner alone can sign
that. Keys are made for one call: it names nobody.

    prove(file) -> Proof: problems, members, how much was recorded of each

Pure but for reading the file, in one pass and constant memory. Not for: playing it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import BinaryIO

from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import Kinds, Members
from visavis.core.vvrec import Among, Chunk, Mark, Part, Said, read, verify_mark


@dataclass(slots=True)
class MemberProof:
    """One member, known by a key that was made for this call.

    Attributes:
        key: It.
        granted: To what they agreed, last; nothing: they did not, or were not asked.
        clear: Whether they agreed to an export in the clear.
        at: When they said so, unix seconds, by their clock.
        refused: They said no.
        withdrawn: When they took it back, unix seconds; None: they have not.
        recorded_ms: How much there is of them, all kinds together.
    """

    key: ConsentKey
    granted: Kinds = frozenset()
    clear: bool = False
    at: int | None = None
    refused: bool = False
    withdrawn: int | None = None
    recorded_ms: int = 0


@dataclass(slots=True)
class Proof:
    """What a file shows.

    Attributes:
        ask: What was asked; None: the file has no proof at all.
        members: Who agreed, refused, or was recorded; the one who asked first.
        problems: What is wrong, in sentences; none: it was not altered.
        truncated: It ends in the middle, as a crash leaves it; what is proven is whole.
        unproven: Chunks behind the last mark: nobody has signed them, and they count for nothing.
        ended: Who asked said the end of it.
    """

    ask: s.RecordingAsk | None = None
    members: list[MemberProof] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    truncated: bool = False
    unproven: int = 0
    ended: bool = False

    @property
    def altered(self) -> bool:
        """Whether something does not fit together."""
        return self.ask is not None and bool(self.problems)

    @property
    def ok(self) -> bool:
        """Whether it has a proof, and that holds."""
        return self.ask is not None and not self.problems

    def is_playable(self, member: MemberProof, now: int) -> bool:
        """Say whether an honest client plays this member's part, as far as the file knows.

        Args:
            member: One of `members`.
            now: Unix seconds.
        """
        if self.ask is None or member.withdrawn is not None:
            return False
        is_asker = member.key == self.ask.key
        return (is_asker or bool(member.granted)) and now < s.ends_at(self.ask)


class _NoProofError(Exception):
    """The file does not begin with a request, or nobody signed it."""


def prove(file: BinaryIO) -> Proof:
    """Read a whole file, and tell what it proves.

    Args:
        file: Open for reading, at its beginning.
    """
    teller = _Teller()
    try:
        for chunk, chain in read(file):
            teller.take(chunk, chain)
    except PeerError as error:
        if error.code is Code.TOO_LARGE and error.detail.startswith("CK-941"):
            teller.truncated = True
        else:
            teller.problem(f"it cannot be read: {error.detail}")
    except _NoProofError:
        return Proof(problems=["this file has no proof: it does not begin with a signed request"])
    return teller.told()


class _Teller:
    """Takes chunk by chunk; what is told counts from one mark to the next."""

    def __init__(self) -> None:
        self.truncated = False
        self._ask: s.RecordingAsk | None = None
        self._digest: Digest | None = None
        self._problems: list[str] = []
        self._sets: dict[Digest, Members] = {}
        self._numbers: dict[ConsentKey, int] = {}
        self._members: dict[ConsentKey, MemberProof] = {}
        self._among: dict[ConsentKey, Members] = {}
        self._now: s.RecordingProgress | None = None
        self._parts = 0
        self._ended = False
        self._since_mark = 0
        self._proven: list[MemberProof] = []
        self._proven_end = False

    def problem(self, what: str) -> None:
        if what not in self._problems:
            self._problems.append(what)

    def told(self) -> Proof:
        if self._ask is None or not (self._proven or self._problems):
            return Proof(problems=["this file has no proof: nobody has signed it"])
        for member in self._proven:
            last = self._members[member.key]
            if member.withdrawn is None:
                member.withdrawn = last.withdrawn
            if last.refused:
                member.refused, member.granted = True, frozenset()
        return Proof(
            self._ask,
            self._proven,
            self._problems,
            self.truncated,
            self._since_mark,
            self._proven_end,
        )

    def take(self, chunk: Chunk, chain: bytes) -> None:
        if self._ask is None:
            self._begin(chunk)
            return
        self._since_mark += 1
        match chunk:
            case Said(data):
                self._said(data)
            case Among(members):
                self._sets[members_hash(members)] = members
            case Part():
                self._part(chunk)
            case Mark():
                self._mark(chunk, self._ask.key, chain)

    def _begin(self, chunk: Chunk) -> None:
        if not isinstance(chunk, Said):
            raise _NoProofError
        try:
            ask = s.read_statement(chunk.statement)
        except PeerError:
            raise _NoProofError from None
        if not isinstance(ask, s.RecordingAsk):
            raise _NoProofError
        self._ask, self._digest = ask, s.ask_digest(ask)
        self._numbers[ask.key] = ask.number
        self._members[ask.key] = MemberProof(ask.key, ask.kinds, ask.clear, ask.at)
        self._since_mark = 1

    def _mark(self, mark: Mark, key: ConsentKey, chain: bytes) -> None:
        try:
            verify_mark(mark, key, chain)
        except PeerError:
            self.problem("it was altered: who recorded has not signed what is before a signature")
            return
        self._proven = [replace(member) for member in self._members.values()]
        self._proven_end, self._since_mark = self._ended, 0

    def _said(self, data: bytes) -> None:
        assert self._ask is not None
        try:
            said = s.read_statement(data)
        except PeerError:
            self.problem("it holds a statement that nobody signed so")
            return
        if isinstance(said, s.RecordingAsk) or said.ask != self._digest:
            self.problem("it holds a statement about another request")
            return
        # CK-930: what was said before cannot be put behind what was said since.
        if said.call != self._ask.call or said.number <= self._numbers.get(said.key, 0):
            self.problem("it holds a statement twice, out of order, or of another call")
            return
        self._numbers[said.key] = said.number
        member = self._members.setdefault(said.key, MemberProof(said.key))
        match said:
            case s.RecordingGrant():
                self._granted(said, member)
            case s.RecordingRefusal():
                member.refused, member.granted = True, frozenset()
                self._stops(said.key)
            case s.RecordingWithdrawal():
                member.withdrawn = said.at
                self._stops(said.key)
            case s.RecordingProgress():
                self._progress(said)
            case s.RecordingEnd():
                self._end(said)

    def _stops(self, key: ConsentKey) -> None:
        """After a no of somebody who is there nothing is recorded until all have said yes again."""
        self._among.pop(key, None)
        if self._now is not None and key in self._now.members:
            self._now = None

    def _granted(self, said: s.RecordingGrant, member: MemberProof) -> None:
        assert self._ask is not None
        among = self._sets.get(said.members)
        if not said.kinds <= self._ask.kinds or said.key == self._ask.key:
            self.problem("it holds a yes to what nobody asked for")
        elif among is None or said.key not in among:
            self.problem("it holds a yes, and not among whom it was said")
        else:
            member.granted, member.clear, member.at = said.kinds, said.clear, said.at
            member.refused, member.withdrawn = False, None
            self._among[said.key] = among

    def _progress(self, said: s.RecordingProgress) -> None:
        assert self._ask is not None
        if said.key != self._ask.key or said.key not in said.members:
            self.problem("somebody else than who asked says what is recorded")
            return
        self._now = said
        for key in sorted(said.members - {said.key}) if said.kinds else ():
            among, member = self._among.get(key), self._members.get(key)
            if among is None or member is None or not said.members <= among:
                self.problem(f"somebody was there who had not agreed: {shown(key)}")
                self._now = None
            elif not said.kinds <= member.granted:
                self.problem(f"more was recorded than somebody agreed to: {shown(key)}")
                self._now = None

    def _end(self, said: s.RecordingEnd) -> None:
        assert self._ask is not None
        if said.key != self._ask.key:
            self.problem("somebody else than who asked says that it ended")
            return
        self._ended, self._now = True, None

    def _part(self, part: Part) -> None:
        now = self._now
        if part.number != self._parts:
            self.problem("parts are missing, or stand twice")
        self._parts = part.number + 1
        # CK-943: nothing stands in it but what all who were there had agreed to, then.
        if now is None or part.kind not in now.kinds or part.key not in now.members:
            self.problem("it holds a part to which not everybody had agreed")
            return
        self._members[part.key].recorded_ms += part.length


def shown(key: ConsentKey) -> str:
    """Return how a member is called in words: the beginning of their key."""
    return bytes(key[:4]).hex()
