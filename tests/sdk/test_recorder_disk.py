"""A disk that is full while a call is recorded: the request ends, what was marked stays."""

from __future__ import annotations

import asyncio
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.core.recorder import KEY, PRIVATE, SHARE, Recorder
from tests.core.webm_examples import delta_frame, key_frame

from visavis.core import recording_statements as s
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import Digest, Secret32, ShareKey, ShareSlot
from visavis.core.recording import members_hash
from visavis.core.recording_proof import prove
from visavis.core.recording_types import Kind
from visavis.core.vvrec import Part, read
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recorder import FileRecorder
from visavis.sdk.recording_means import SaidStatement
from visavis.sdk.recordings_book import RecordingsBook, Way
from visavis.sdk.store import Store
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing import virtual_clock

BOTH = frozenset({"anna", "bob"})


class Disk:
    """A disk with so much room; what does not fit is written as far as it does.

    Attributes:
        room: Bytes that are free.
    """

    def __init__(self, room: int) -> None:
        self.room = room

    def open(self, fd: int, mode: str) -> io.BufferedWriter:
        disk = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                size = min(len(data), disk.room)
                if not size:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                disk.room -= size
                return super().write(bytes(data)[:size])

        return io.BufferedWriter(File(fd, mode))


class FullBook(RecordingsBook):
    """A book on a disk that is full from some line on."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.is_full = False

    def _put(self, kept: Any) -> None:
        if self.is_full:
            raise UnavailableError(Code.DISK_FULL, "the profile could not be written")
        super()._put(kept)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[FullBook]:
    profile = tmp_path / "profile"
    profile.mkdir()
    store = Store.create(profile, "a password of a test", insecure_for_tests_cheap_kdf())
    try:
        yield FullBook(store)
    finally:
        store.close()


class Scene:
    """Anna records Bob and herself, as her shell would have it; `failed` ends the request."""

    def __init__(self, folder: Path, book: FullBook) -> None:
        self.folder, self.book = folder, book
        self.made = Recorder()
        self.failures = 0
        own = OwnConsent(Secret32(PRIVATE["anna"]), KEY["anna"], never=False)
        self.recorder = FileRecorder(folder, own, "Bob", book, os.urandom, self.failed)

    @property
    def ask(self) -> Digest:
        return self.made.about

    def failed(self) -> None:
        self.failures += 1
        if self.failures == 1:
            self.ends()

    def say(self, name: str, statement: s.Statement) -> None:
        signed = s.sign_statement(statement, PRIVATE[name])
        self.recorder.said(SaidStatement(signed, statement))

    def begins(self) -> None:
        keys = frozenset(KEY[name] for name in BOTH)
        self.say("anna", self.made.ask)
        self.recorder.among(self.ask, keys)
        promised = Digest.sha256(SHARE["bob"])
        kinds, clear = self.made.ask.kinds, False
        head = self.made.head("bob")
        hashed = members_hash(keys)
        self.say("bob", s.RecordingGrant(*head, self.ask, kinds, hashed, clear, promised))
        for name in sorted(BOTH):
            way = Way(name, ShareSlot(bytes(16)), ShareKey(bytes(32)))
            self.recorder.share(self.ask, KEY[name], SHARE[name], way)
        self.recorder.record(self.ask, kinds)
        self.say("anna", s.RecordingProgress(*self.made.head("anna"), self.ask, kinds, keys))

    async def talk(self, seconds: int) -> None:
        for number in range(10 * seconds):
            picture = delta_frame() if number % 10 else key_frame()
            for name in sorted(BOTH):
                now = virtual_clock.now()
                self.recorder.frame(KEY[name], Kind.AUDIO, now, b"\x08" + bytes(400))
                self.recorder.frame(KEY[name], Kind.VIDEO, now, picture + bytes(400))
            await asyncio.sleep(0.1)

    def ends(self) -> None:
        self.say("anna", s.RecordingEnd(*self.made.head("anna"), self.ask))
        self.recorder.record(self.ask, frozenset())
        self.recorder.over(self.ask)

    def file(self) -> Path:
        (path,) = self.folder.iterdir()
        return path


def parts(path: Path) -> int:
    with path.open("rb") as file:
        return sum(isinstance(chunk, Part) for chunk, _ in read(file))


# It ends in the middle of a part, one byte later, and some parts later.
@pytest.mark.parametrize("room", [101_234, 101_235, 190_000])
@pytest.mark.parametrize("freed", [0, 1_000_000])
def test_what_is_marked_stays_playable(
    tmp_path: Path, book: FullBook, monkeypatch: pytest.MonkeyPatch, room: int, freed: int
) -> None:
    disk = Disk(room)
    monkeypatch.setattr(os, "fdopen", disk.open)

    async def story() -> Scene:
        scene = Scene(tmp_path / "recordings", book)
        failed = scene.failed

        def failed_and_freed() -> None:
            disk.room += freed  # somebody deletes something, before the request has ended
            failed()

        monkeypatch.setattr(scene.recorder, "_failed", failed_and_freed)
        scene.begins()
        await scene.talk(60)
        return scene

    scene = virtual_clock.run(story())
    assert scene.failures == 1
    with scene.file().open("rb") as file:
        told = prove(file)
    assert told.ok, told.problems
    assert not told.ended
    assert not told.truncated
    assert told.unproven == 0
    assert parts(scene.file()) > 0
    assert all(member.recorded_ms > 4_000 for member in told.members)
    (kept,) = book.all()
    assert kept.was_recorded
    assert 0 < kept.length < 60_000


def test_a_disk_with_room_ends_nothing(
    tmp_path: Path, book: FullBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fdopen", Disk(10_000_000).open)

    async def story() -> Scene:
        scene = Scene(tmp_path / "recordings", book)
        scene.begins()
        await scene.talk(60)
        scene.ends()
        return scene

    scene = virtual_clock.run(story())
    assert scene.failures == 0
    with scene.file().open("rb") as file:
        told = prove(file)
    assert (told.ok, told.ended, told.unproven) == (True, True, 0)
    assert all(member.recorded_ms > 118_000 for member in told.members)


def test_a_disk_without_room_for_anything_leaves_nothing(
    tmp_path: Path, book: FullBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fdopen", Disk(0).open)

    async def story() -> Scene:
        scene = Scene(tmp_path / "recordings", book)
        scene.begins()
        await scene.talk(1)
        return scene

    assert virtual_clock.run(story()).failures == 1
    assert book.all() == []
    assert list((tmp_path / "recordings").iterdir()) == []


def test_a_folder_that_cannot_be_made_ends_the_request(tmp_path: Path, book: FullBook) -> None:
    (tmp_path / "recordings").write_bytes(b"a file in its place")

    async def story() -> Scene:
        scene = Scene(tmp_path / "recordings", book)
        scene.begins()
        await scene.talk(1)
        return scene

    assert virtual_clock.run(story()).failures == 1
    assert book.all() == []


def test_a_book_on_the_full_disk_raises_nothing_into_the_call(
    tmp_path: Path, book: FullBook
) -> None:
    async def story() -> Scene:
        scene = Scene(tmp_path / "recordings", book)
        scene.begins()
        await scene.talk(10)
        book.is_full = True
        scene.ends()  # how long it is cannot be kept; the file is whole
        return scene

    scene = virtual_clock.run(story())
    with scene.file().open("rb") as file:
        told = prove(file)
    assert (told.ok, told.ended) == (True, True)
    (kept,) = book.all()
    assert (kept.was_recorded, kept.length) == (True, 0)
