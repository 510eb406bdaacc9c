"""What this device keeps of its own recordings: our half of each key, and where the others' lie.

The sealed parts are in files beside the store (`recorder`). The other half of a member's keys is at
the server, and never here (P16): so what they take back, or what has had its day, opens no more.

Not for: what others recorded, or what we agreed to (`consent_book`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import ConsentKey, Digest, Secret32, ShareKey, ShareSlot
from visavis.sdk.store import Store

RECORDING_KIND: Final = "recording"
RECORDINGS: Final = "recordings"
"""The folder of their files, in the profile's."""


@dataclass(frozen=True, slots=True)
class Way:
    """A member of a recording: what they are called here, and where their share lies."""

    name: str
    slot: ShareSlot = field(repr=False)
    read: ShareKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a member said last about a recording, after they said yes to it once.

    Attributes:
        number: Of that statement.
        stands: Their yes does.
        late: That they took it back after the call, as it was signed, until the file has it.
    """

    number: int
    stands: bool
    late: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """One recording of ours.

    Attributes:
        ask: Our request.
        file: Its name, in the folder of recordings.
        title: With whom the call was.
        secret: Our half of its keys.
        request: The request, as it was signed.
        private: The private half of our consent key in that call: what is put behind the file
            later is signed with it.
        length: Milliseconds, once it is over; 0 while it goes on, or if a crash ended it.
        was_recorded: Something was.
        members: Whose parts may be in it.
        answers: What those said last who ever said yes.
    """

    ask: Digest
    file: str
    title: str
    secret: Secret32 = field(repr=False)
    request: bytes = field(repr=False)
    private: Secret32 = field(repr=False)
    length: int = 0
    was_recorded: bool = False
    members: Mapping[ConsentKey, Way] = field(default_factory=dict, repr=False)
    answers: Mapping[ConsentKey, Answered] = field(default_factory=dict, repr=False)

    def took_back(self, key: ConsentKey) -> bool:
        """Say whether a member took their yes back, or said no since."""
        said = self.answers.get(key)
        return said is not None and not said.stands

    @property
    def withdrawn(self) -> tuple[str, ...]:
        """What those are called who took it back, or said no since."""
        return tuple(way.name for key, way in self.members.items() if self.took_back(key))

    @property
    def asked(self) -> s.RecordingAsk:
        """What was asked."""
        found = s.read_statement(self.request)
        assert isinstance(found, s.RecordingAsk)  # it is what we wrote
        return found

    @property
    def until(self) -> int:
        """From when on nothing of it can be played any more, unix seconds."""
        return s.ends_at(self.asked)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        members = [
            [bytes(key), way.name, bytes(way.slot), bytes(way.read)]
            for key, way in self.members.items()
        ]
        answers = [
            [bytes(key), said.number, said.stands, said.late] for key, said in self.answers.items()
        ]
        return cbor.encode(
            [
                self.file,
                self.title,
                bytes(self.secret),
                self.request,
                bytes(self.private),
                self.length,
                self.was_recorded,
                members,
                answers,
            ]
        )

    @classmethod
    def from_bytes(cls, ask: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [
                str(file),
                str(title),
                bytes(secret),
                bytes(request),
                bytes(private),
                int(length),
                bool(was_recorded),
                list(members),
                list(answers),
            ]:
                return cls(
                    Digest(ask),
                    file,
                    title,
                    Secret32(secret),
                    request,
                    Secret32(private),
                    length,
                    was_recorded,
                    dict(_member(one) for one in members),
                    dict(_answered(one) for one in answers),
                )
            case _:
                raise FatalError(Code.MALFORMED, "a recording cannot be read")


def _member(raw: Any) -> tuple[ConsentKey, Way]:
    key, name, slot, read = raw
    return ConsentKey(key), Way(name, ShareSlot(slot), ShareKey(read))


def _answered(raw: Any) -> tuple[ConsentKey, Answered]:
    key, number, stands, late = raw
    return ConsentKey(key), Answered(number, stands, late)


class RecordingsBook:
    """What is kept of our recordings.

    Args:
        store: The profile's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[Digest] = set()
        self._may_be_late = True
        """Something may have to be put behind a file: else none of them is read to see."""

    def begun(self, kept: Kept) -> None:
        """Keep a recording that we asked for; its file is written from now on."""
        self._written.add(kept.ask)
        self._put(kept)

    def member(self, ask: Digest, key: ConsentKey, way: Way) -> None:
        """Note where a member's share lies, or ours."""
        self._change(ask, lambda kept: replace(kept, members={**kept.members, key: way}))

    def said(self, ask: Digest, said: s.Statement) -> None:
        """Note what a member answered in the call."""
        number, key = said.number, said.key
        match said:
            case s.RecordingGrant():
                answer = Answered(number, stands=True)
            case s.RecordingRefusal() | s.RecordingWithdrawal():
                answer = Answered(number, stands=False)
            case _:
                return

        def noted(kept: Kept) -> Kept:
            known = kept.answers.get(key)
            # Who never agreed has nothing to take back; and what another device of theirs said for
            # after the call is the last word (`consent_record.AFTER_CALL`).
            if (known is None and not answer.stands) or (known and known.number >= number):
                return kept
            return replace(kept, answers={**kept.answers, key: answer})

        self._change(ask, noted)

    def withdrawn(self, signed: bytes) -> bool:
        """Note that somebody took a yes back after the call; the file has it later.

        Args:
            signed: The statement.

        Returns:
            Whether it is news.

        Raises:
            PeerError: It is none, or not rightly signed (CK-992 and those of `read_statement`), or
                of nobody who had said yes before (CK-993). Nothing changes.
        """
        said = s.read_statement(signed)
        # CK-992: nothing else may be put behind a recording by who is not in the call.
        if not isinstance(said, s.RecordingWithdrawal):
            raise PeerError(Code.UNEXPECTED, "CK-992 something else than a yes taken back")
        kept = self.get(said.ask)
        if kept is None:
            return False  # others in the call hear it, too, and our other devices
        known = kept.answers.get(said.key)
        # CK-993: the word of somebody who never agreed would make the file look altered; an old one
        # that is said again would take back a yes that was given since.
        if known is None or said.call != kept.asked.call:
            raise PeerError(Code.UNEXPECTED, "CK-993 a yes is taken back that nobody gave")
        if known.stands and said.number <= known.number:
            raise PeerError(Code.UNEXPECTED, "CK-993 it is older than their yes")
        if not known.stands:
            return False
        late = Answered(said.number, stands=False, late=bytes(signed))
        self._put(replace(kept, answers={**kept.answers, said.key: late}))
        self._may_be_late = True
        return True

    def late(self) -> list[tuple[Kept, ConsentKey, bytes]]:
        """Return what is to be put behind files that nobody writes now."""
        if not self._may_be_late:
            return []
        found = [
            (kept, key, said.late)
            for kept in self.all()
            for key, said in kept.answers.items()
            if said.late
        ]
        self._may_be_late = bool(found)
        return [one for one in found if one[0].ask not in self._written]

    def put_behind(self, ask: Digest, key: ConsentKey) -> None:
        """Note that the file has it."""

        def noted(kept: Kept) -> Kept:
            known = kept.answers.get(key)
            if known is None:
                return kept
            return replace(kept, answers={**kept.answers, key: replace(known, late=b"")})

        self._change(ask, noted)

    def recorded(self, ask: Digest) -> None:
        """Note that something is recorded."""
        self._change(ask, lambda kept: replace(kept, was_recorded=True))

    def ended(self, ask: Digest, length: int) -> None:
        """Note that it is over, after so many milliseconds, and its file is written."""
        self._written.discard(ask)
        self._change(ask, lambda kept: replace(kept, length=length))

    def forget(self, ask: Digest) -> None:
        """Forget a recording: without our half of its keys nothing opens it."""
        self._written.discard(ask)
        self._store.delete(RECORDING_KIND, ask)

    def get(self, ask: Digest) -> Kept | None:
        """Return a recording."""
        data = self._store.get(RECORDING_KIND, ask)
        return None if data is None else Kept.from_bytes(ask, data)

    def all(self) -> list[Kept]:
        """Return all recordings, the oldest first."""
        kept = [Kept.from_bytes(ask, data) for ask, data in self._store.items(RECORDING_KIND)]
        return sorted(kept, key=lambda one: one.asked.at)

    def _change(self, ask: Digest, change: Callable[[Kept], Kept]) -> None:
        kept = self.get(ask)
        if kept is not None:
            self._put(change(kept))

    def _put(self, kept: Kept) -> None:
        self._store.put(RECORDING_KIND, kept.ask, kept.to_bytes())
