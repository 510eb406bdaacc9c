"""A recording as it is written: what was said, and of each member what may be recorded, in parts.

    said(statement) ...      the request first; our own progress says what is recorded of whom
    frame(whose, kind, ...)  opened frames; those that may not be recorded are dropped here
    mark()                   every few seconds: what is before it survives a crash

What stands in the file is in the order that its proof wants (`recording_proof`): a part before the
statement that ends what it belongs to. A member of whom we have no share of the key is not
recorded: nobody could take it back (P16).

Pure but for the file. Times are milliseconds since the recording began. Not for: who may be
recorded (`recording` decides, and its `SendProgress` is signed), or where frames come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final, TypeAlias

from visavis.core import recording_statements as s
from visavis.core.errors import UsageError
from visavis.core.ids import ConsentKey, Secret32
from visavis.core.recording_cutter import Cut, PictureCutter, SoundCutter
from visavis.core.recording_types import Kind, Members
from visavis.core.vvrec import Among, Part, Said, Writer, seal_part
from visavis.core.webm import write_part

Track: TypeAlias = tuple[ConsentKey, Kind]
"""Whose, and of what."""

_CUTTERS: Final[Mapping[Kind, type[SoundCutter | PictureCutter]]] = {
    Kind.AUDIO: SoundCutter,
    Kind.VIDEO: PictureCutter,
    Kind.SCREEN: PictureCutter,
}


class Tape:
    """Writes one recording.

    Args:
        file: Empty, open for writing.
        ask: Our signed request.
        secret: Our half of its keys; new for this recording.
        private: The private half of our consent key: it signs marks.
    """

    def __init__(self, file: BinaryIO, ask: bytes, *, secret: Secret32, private: bytes) -> None:
        asked = s.read_statement(ask)
        if not isinstance(asked, s.RecordingAsk):
            raise UsageError("a recording begins with a request")
        self._ask = s.ask_digest(asked)
        self._secret = secret
        self._private = private
        self._shares: dict[ConsentKey, Secret32] = {}
        self._cutters: dict[Track, SoundCutter | PictureCutter] = {}
        self._now: s.RecordingProgress | None = None
        self._writer = Writer(file)
        self._writer.put(Said(ask))

    def share(self, key: ConsentKey, share: Secret32) -> None:
        """Take a member's share of the key, or our own; before it nothing of them is recorded."""
        self._shares[key] = share

    def among(self, members: Members) -> None:
        """Note who was there: whom the next yes names by their hash."""
        self._writer.put(Among(members))

    def said(self, statement: bytes, at: int) -> None:
        """Write what somebody signed about this request, in the order in which it came.

        Args:
            statement: As it was sent; checked by whoever received it.
            at: Now.
        """
        said = s.read_statement(statement)
        if isinstance(said, s.RecordingAsk) or said.ask != self._ask:
            raise UsageError("a statement about another request")
        if not isinstance(said, s.RecordingGrant):
            # What was recorded until now belongs to what was said before.
            self.pause(at)
            self._now = said if isinstance(said, s.RecordingProgress) else None
        self._writer.put(Said(statement))

    def frame(self, key: ConsentKey, kind: Kind, at: int, data: bytes) -> None:
        """Take a frame of a member, opened; dropped unless it may be recorded.

        Args:
            key: Whose.
            kind: Of what.
            at: When it is to be heard or seen.
            data: An Opus packet or a VP8 frame.
        """
        now = self._now
        may = now is not None and kind in now.kinds and key in now.members
        if not may or key not in self._shares or kind not in _CUTTERS:
            return
        cutter = self._cutters.get((key, kind))
        if cutter is None:
            cutter = self._cutters[key, kind] = _CUTTERS[kind]()
        self._put(key, kind, cutter.add(at, data))

    @property
    def waits_for(self) -> frozenset[Track]:
        """Tracks of video that want a key frame."""
        return frozenset(track for track in self._cutters if self.wants_key_frame(*track))

    def wants_key_frame(self, key: ConsentKey, kind: Kind) -> bool:
        """Say whether a track is one of `waits_for`: cheap enough for each frame."""
        cutter = self._cutters.get((key, kind))
        return isinstance(cutter, PictureCutter) and cutter.wants_key_frame

    def pause(self, at: int) -> None:
        """End the parts that grow now; what comes then begins others."""
        for (key, kind), cutter in self._cutters.items():
            self._put(key, kind, cutter.end(at))

    def mark(self) -> None:
        """Sign all that is written so far."""
        self._writer.mark(self._private)

    def _put(self, key: ConsentKey, kind: Kind, cut: Cut | None) -> None:
        if cut is None:
            return
        _, number = self._writer.behind
        webm = write_part(cut.media)
        part = Part(number, key, kind, cut.at, cut.media.length, webm)
        self._writer.put(seal_part(part, self._ask, self._secret, self._shares[key]))
