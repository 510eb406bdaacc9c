"""Our own recordings: which there are, who can still be played, the export in the clear, the end.

A part opens with our half of its key and the member's share, which is read from the server for each
use and never kept (P16). Whoever took their yes back, or whose days are over, is left out.

Not for: writing one (`recorder`), or what others recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from visavis.core import recording_proof as proof
from visavis.core import vvrec
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.core.recording_statements import DAY_S
from visavis.core.recording_types import Kind
from visavis.core.webm import joined, read_part
from visavis.core.webm_types import Frame, Source
from visavis.sdk.recording_behind import put_behind
from visavis.sdk.recording_means import Shares
from visavis.sdk.recordings_book import RECORDINGS, Kept, RecordingsBook

OWN: Final = "you"
"""What our own tracks are called."""

Progress = Callable[[int, int], None]
"""Told how many milliseconds of how many are done."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A member of a recording.

    Attributes:
        key: By which they are known in it.
        name: What they were called.
        recorded_ms: How much there is of them.
        withdrawn: They took their yes back, or said no since.
        playable: Whether their share is to be had now.
    """

    key: ConsentKey
    name: str
    recorded_ms: int
    playable: bool
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """A recording as it is now; the shares are for this one use.

    Attributes:
        kept: It.
        proof: What its file proves.
        members: Of whom there is something.
    """

    kept: Kept
    proof: proof.Proof = field(repr=False)
    members: tuple[Heard, ...]
    shares: Mapping[ConsentKey, Secret32] = field(repr=False)


@dataclass(slots=True)
class _Track:
    key: ConsentKey
    kind: Kind
    offsets: list[int]
    end: int = 0


class Recordings:
    """The recordings of this device.

    Args:
        book: What is known of them.
        profile: The profile's folder.
        shares: Where members' shares lie.
        now: Unix seconds.
    """

    def __init__(
        self, book: RecordingsBook, profile: Path, shares: Shares, now: Callable[[], int]
    ) -> None:
        self._book = book
        self._folder = profile / RECORDINGS
        self._shares = shares
        self._now = now
        self._look_at = 0

    def all(self) -> list[Kept]:
        """Return those in which something was recorded, the oldest first."""
        return [kept for kept in self._book.all() if kept.was_recorded]

    def path(self, kept: Kept) -> Path:
        """Return where its file is."""
        return self._folder / kept.file

    async def look(self, kept: Kept) -> Looked:
        """Return what a recording proves, and who can be played now.

        Raises:
            UnavailableError: The server cannot be reached: playing needs it.
            PeerError: MALFORMED: the file was altered, or is gone.
        """
        told = await asyncio.to_thread(self._prove, kept)
        if not told.ok:
            raise PeerError(Code.MALFORMED, "; ".join(told.problems))
        shares: dict[ConsentKey, Secret32] = {}
        members = []
        for one in told.members:
            way = kept.members.get(one.key)
            took_back = one.withdrawn is not None or one.refused or kept.took_back(one.key)
            if way is not None and not took_back and told.is_playable(one, self._now()):
                with contextlib.suppress(AuthorizationError):  # taken back, or its day has come
                    shares[one.key] = await self._shares.read(way.slot, way.read)
            name = OWN if one.key == kept.asked.key else "" if way is None else way.name
            heard = Heard(one.key, name, one.recorded_ms, one.key in shares, took_back)
            if one.recorded_ms:
                members.append(heard)
        return Looked(kept, told, tuple(members), shares)

    def _prove(self, kept: Kept) -> proof.Proof:
        try:
            with self.path(kept).open("rb") as file:
                return proof.prove(file)
        except OSError:
            raise PeerError(Code.MALFORMED, "its file is gone") from None

    async def export(
        self, kept: Kept, target: Path, progress: Progress = lambda _done, _whole: None
    ) -> Looked:
        """Write all that can be played as one WebM file that anybody can play, for ever.

        Args:
            kept: Which.
            target: A file that is not there yet.
            progress: Told how far it is, in another thread.

        Returns:
            What is in it.

        Raises:
            AuthorizationError: REFUSED: not everybody in it agreed to that. Nothing is written.
            UnavailableError: As `look`; or nothing can be played any more.
            PeerError: As `look`.
            OSError: It cannot be written. What was written is removed.
        """
        looked = await self.look(kept)
        said = {one.key: one for one in looked.proof.members}
        parts = [one for one in looked.members if one.playable]
        if not parts:
            raise UnavailableError(Code.UNAVAILABLE, "nothing of it can be played any more")
        refused = [one for one in parts if not self._agreed_to_export(kept, said[one.key])]
        if refused:
            raise AuthorizationError(Code.REFUSED, "not everybody agreed to an export")
        await asyncio.to_thread(self._write_new, looked, target, progress)
        return looked

    @staticmethod
    def _agreed_to_export(kept: Kept, member: proof.MemberProof) -> bool:
        asked = kept.asked
        return asked.clear if member.key == asked.key else member.clear

    def _write_new(self, looked: Looked, target: Path, progress: Progress) -> None:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as out, self.path(looked.kept).open("rb") as file:
                self._write(looked, file, out, progress)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def _write(self, looked: Looked, file: BinaryIO, out: BinaryIO, progress: Progress) -> None:
        tracks = _index(file, looked.shares)
        length = max(track.end for track in tracks)
        names = {one.key: one.name for one in looked.members}

        def passing(frames: Iterator[Frame]) -> Iterator[Frame]:
            for frame in frames:
                progress(frame.at, length)
                yield frame

        sources = []
        for track in tracks:
            first = read_part(_open(looked, file, track.offsets[0]))
            name = f"{names[track.key]} ({track.kind.value})"
            sources.append(Source(first.track, name, passing(_frames(looked, file, track))))
        out.writelines(joined(sources, length))
        progress(length, length)

    async def put_behind(self) -> None:
        """Put behind each file what was taken back after the call, so that it proves that, too.

        Raises:
            UnavailableError: DISK_FULL, a file cannot be written now.
        """
        for kept, key, statement in self._book.late():
            try:
                await asyncio.to_thread(self._put_behind, kept, statement)
            except (FileNotFoundError, PeerError):
                pass  # gone or altered: nothing is added to that. That they took it back, we know
            except OSError as error:
                raise UnavailableError(Code.DISK_FULL, "a file cannot be written") from error
            self._book.put_behind(kept.ask, key)

    def _put_behind(self, kept: Kept, statement: bytes) -> None:
        with self.path(kept).open("r+b") as file:
            put_behind(file, statement, kept.private)

    def remove(self, kept: Kept) -> None:
        """Delete a recording: first our half of its keys, then the file."""
        self._book.forget(kept.ask)
        self.path(kept).unlink(missing_ok=True)

    def expire_if_due(self) -> None:
        """Do so, if something may be due: what a look every minute may cost.

        Whatever is begun meanwhile has a day at least.
        """
        if self._now() >= self._look_at:
            self.expire()

    def expire(self) -> None:
        """Delete those whose days are over, and what a crash left before anything was recorded."""
        now = self._now()
        look_at = now + DAY_S
        for kept in self._book.all():
            until = kept.until
            if until <= now:
                self.remove(kept)
            else:
                look_at = min(look_at, until)
        self._look_at = look_at

    def get(self, ask: Digest) -> Kept | None:
        """Return one of them."""
        return self._book.get(ask)


def _index(file: BinaryIO, shares: Mapping[ConsentKey, Secret32]) -> list[_Track]:
    """Return where the parts of each track that can be played are."""
    tracks: dict[tuple[ConsentKey, Kind], _Track] = {}
    offset = len(vvrec.HEAD)
    with contextlib.suppress(PeerError):  # a crash: what is whole is what there is
        for chunk, _ in vvrec.read(file):
            if isinstance(chunk, vvrec.Part) and chunk.key in shares:
                track = tracks.setdefault(
                    (chunk.key, chunk.kind), _Track(chunk.key, chunk.kind, [])
                )
                track.offsets.append(offset)
                track.end = max(track.end, chunk.at + chunk.length)
            offset = file.tell()
    return list(tracks.values())


def _open(looked: Looked, file: BinaryIO, offset: int) -> bytes:
    part = vvrec.read_part(file, offset)
    return vvrec.open_part(part, looked.kept.ask, looked.kept.secret, looked.shares[part.key])


def _frames(looked: Looked, file: BinaryIO, track: _Track) -> Iterator[Frame]:
    """Yield the frames of a track, with times of the whole recording."""
    for offset in track.offsets:
        part = vvrec.read_part(file, offset)
        secret, share = looked.kept.secret, looked.shares[part.key]
        media = read_part(vvrec.open_part(part, looked.kept.ask, secret, share))
        for frame in media.frames:
            yield Frame(part.at + frame.at, frame.data)
