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
from visavis.core.errors import Code, FatalError
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
class Kept:
    """One recording of ours.

    Attributes:
        ask: Our request.
        file: Its name, in the folder of recordings.
        title: With whom the call was.
        secret: Our half of its keys.
        request: The request, as it was signed.
        length: Milliseconds, once it is over; 0 while it goes on, or if a crash ended it.
        was_recorded: Something was.
        members: Whose parts may be in it.
    """

    ask: Digest
    file: str
    title: str
    secret: Secret32 = field(repr=False)
    request: bytes = field(repr=False)
    length: int = 0
    was_recorded: bool = False
    members: Mapping[ConsentKey, Way] = field(default_factory=dict, repr=False)

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
        return cbor.encode(
            [
                self.file,
                self.title,
                bytes(self.secret),
                self.request,
                self.length,
                self.was_recorded,
                members,
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
                int(length),
                bool(was_recorded),
                list(members),
            ]:
                return cls(
                    Digest(ask),
                    file,
                    title,
                    Secret32(secret),
                    request,
                    length,
                    was_recorded,
                    dict(_member(one) for one in members),
                )
            case _:
                raise FatalError(Code.MALFORMED, "a recording cannot be read")


def _member(raw: Any) -> tuple[ConsentKey, Way]:
    key, name, slot, read = raw
    return ConsentKey(key), Way(name, ShareSlot(slot), ShareKey(read))


class RecordingsBook:
    """What is kept of our recordings.

    Args:
        store: The profile's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def begun(self, kept: Kept) -> None:
        """Keep a recording that we asked for."""
        self._put(kept)

    def member(self, ask: Digest, key: ConsentKey, way: Way) -> None:
        """Note where a member's share lies, or ours."""
        self._change(ask, lambda kept: replace(kept, members={**kept.members, key: way}))

    def recorded(self, ask: Digest) -> None:
        """Note that something is recorded."""
        self._change(ask, lambda kept: replace(kept, was_recorded=True))

    def ended(self, ask: Digest, length: int) -> None:
        """Note that it is over, after so many milliseconds."""
        self._change(ask, lambda kept: replace(kept, length=length))

    def forget(self, ask: Digest) -> None:
        """Forget a recording: without our half of its keys nothing opens it."""
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
