"""Records one call on this device: `recording_means.Recorder` with a file, a clock and a disk.

    said, share, among, record, over    what the call's consents say, and decide
    frame                               every frame that passes, of all members

Which frames are kept, the tape decides by what was said (`core/recording_tape`). The file is marked
every few seconds, so a crash leaves all before that. A disk that is full ends the recording: the
file is cut back to its last mark, and what is before that stays playable.

Not for: who may be recorded, or what a person sees of their recordings (`recordings`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from visavis.core import recording_statements as s
from visavis.core.errors import UnavailableError
from visavis.core.ids import ConsentKey, Digest, Rng, Secret32
from visavis.core.recording_tape import Tape
from visavis.core.recording_types import Kind, Kinds, Members
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import SaidStatement
from visavis.sdk.recordings_book import Kept, RecordingsBook, Way

MARK_S: Final = 5.0
"""Seconds between two marks. Lower: a crash loses less; higher: the file has fewer of them."""

CANNOT_WRITE: Final = (OSError, UnavailableError)
"""What a full disk raises: the file's, and the book's."""


class _Reel:
    """One request and its file."""

    def __init__(
        self, path: Path, ask: SaidStatement, secret: Secret32, own: OwnConsent, now: float
    ) -> None:
        self.path = path
        self.began = now
        self.was_recorded = False
        self.is_broken = False
        self._marked = 0
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.file: BinaryIO = os.fdopen(fd, "wb")
        self.tape = Tape(self.file, ask.signed, secret=secret, private=own.private)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether something was recorded, and could be written."""
        return self.was_recorded and (self._marked > 0 or not self.is_broken)

    def at(self, time_s: float) -> int:
        """Return milliseconds since the recording began."""
        return max(0, round((time_s - self.began) * 1000))

    def mark(self) -> None:
        """Sign what is written, and hand it to the system: it survives this program."""
        self.tape.mark()
        self.file.flush()
        self._marked = self.file.tell()

    def close(self) -> None:
        """Have all on the disk; of a file that could not be written, what is marked."""
        try:
            with self.file:
                self.file.flush()
                os.fsync(self.file.fileno())
        finally:
            if self.is_broken:
                os.truncate(self.path, self._marked)


class FileRecorder:
    """Records one entry into a call.

    Args:
        folder: Where recordings lie.
        own: Our consent key.
        title: With whom the call is.
        book: Knows our recordings.
        rng: Random bytes.
        failed: Told that nothing can be written any more.
    """

    def __init__(
        self,
        folder: Path,
        own: OwnConsent,
        title: str,
        book: RecordingsBook,
        rng: Rng,
        failed: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._own = own
        self._title = title
        self._book = book
        self._rng = rng
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._reels: dict[Digest, _Reel] = {}
        self._marking: asyncio.Task[None] | None = None

    # From the call's consents

    def said(self, said: SaidStatement) -> None:
        """Take what was signed about our request: that first, the rest in the order it came."""
        statement = said.statement
        if isinstance(statement, s.RecordingAsk):
            self._begin(s.ask_digest(statement), said)
            return
        ask = statement.ask

        def write(reel: _Reel) -> None:
            reel.tape.said(said.signed, reel.at(self._loop.time()))
            self._book.said(ask, statement)
            if not isinstance(statement, s.RecordingGrant):
                reel.mark()

        self._write(ask, write)

    def share(self, ask: Digest, key: ConsentKey, share: Secret32, way: Way) -> None:
        """Take a member's share of the key, or ours, and where it is to be had later."""

        def take(reel: _Reel) -> None:
            self._book.member(ask, key, way)
            reel.tape.share(key, share)

        self._write(ask, take)

    def among(self, ask: Digest, members: Members) -> None:
        """Take who is there: among whom the next yes is said."""
        self._write(ask, lambda reel: reel.tape.among(members))

    def record(self, ask: Digest, kinds: Kinds) -> None:
        """Note that something is recorded; what, the statement that follows says to the tape."""

        def note(reel: _Reel) -> None:
            if not kinds:
                self._end_parts(reel)
                return
            self._book.recorded(ask)
            reel.was_recorded = True
            if self._marking is None:
                self._marking = self._loop.create_task(self._mark_often())

        self._write(ask, note)

    def over(self, ask: Digest) -> None:
        """Close a recording; if nothing was recorded there is none."""
        self._write(ask, self._end_parts)
        reel = self._reels.pop(ask, None)
        if reel is None:
            return
        with contextlib.suppress(OSError):
            reel.close()
        with contextlib.suppress(UnavailableError):  # the disk is full: how long it is, is not kept
            if reel.is_worth_keeping:
                self._book.ended(ask, reel.at(self._loop.time()))
            else:
                self._forget(ask, reel.path)
        if not self._reels and self._marking is not None:
            self._marking.cancel()
            self._marking = None

    # From the call's frames

    def frame(self, key: ConsentKey, kind: Kind, at: float, data: bytes) -> bool:
        """Take a frame of a member, or ours; say whether a key frame of it is wanted.

        Args:
            key: Whose.
            kind: Of what.
            at: When it is to be heard or seen, in seconds of the event loop.
            data: An Opus packet or a VP8 frame.
        """
        wants = False
        for reel in self._reels.values():
            self._write_to(reel, lambda one: one.tape.frame(key, kind, one.at(at), data))
            wants |= not reel.is_broken and reel.tape.wants_key_frame(key, kind)
        return wants

    # Kit

    def _begin(self, ask: Digest, said: SaidStatement) -> None:
        secret = Secret32.random(self._rng)
        name = f"{bytes(ask[:8]).hex()}.vvrec"
        path = self._folder / name
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._book.begun(Kept(ask, name, self._title, secret, said.signed, self._own.private))
            self._reels[ask] = _Reel(path, said, secret, self._own, self._loop.time())
        except CANNOT_WRITE:
            with contextlib.suppress(*CANNOT_WRITE):
                self._forget(ask, path)
            self._loop.call_soon(self._failed)

    def _forget(self, ask: Digest, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._book.forget(ask)

    def _end_parts(self, reel: _Reel) -> None:
        reel.tape.pause(reel.at(self._loop.time()))
        reel.mark()

    async def _mark_often(self) -> None:
        while True:
            await asyncio.sleep(MARK_S)
            for reel in tuple(self._reels.values()):
                self._write_to(reel, _Reel.mark)

    def _write(self, ask: Digest, write: Callable[[_Reel], None]) -> None:
        reel = self._reels.get(ask)
        if reel is not None:
            self._write_to(reel, write)

    def _write_to(self, reel: _Reel, write: Callable[[_Reel], None]) -> None:
        """Write, unless it failed before: behind half a chunk nothing could be read."""
        if reel.is_broken:
            return
        try:
            write(reel)
        except CANNOT_WRITE:
            # The disk is full, or gone: what is marked stays; nothing more is recorded.
            reel.is_broken = True
            self._loop.call_soon(self._failed)
