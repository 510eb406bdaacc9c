"""A recording of an hour: what its export and its check take, in time and in memory.

It is written by the recorder of the product, on a clock that jumps, from the real VP8 and Opus of
the clip; its shares lie at a real server. Export and check are processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from visavis.core import recording_statements as s
from visavis.core.ids import CallId, Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import Kind
from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recorder import FileRecorder
from visavis.sdk.recording_means import Laid, RecordingMeans, SaidStatement
from visavis.sdk.recording_shares import CallShares
from visavis.sdk.recordings_book import RECORDINGS, RecordingsBook, Way
from visavis.sdk.store import Store
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing import virtual_clock
from visavis.testing.clip import CLIP_SECONDS, clip_path
from visavis.testing.server import RunningServer, loopback_config

MINUTES = (6, 60)
BOTH = frozenset({Kind.AUDIO, Kind.VIDEO})
PASSWORD = "a passphrase that is long enough"
DAYS = 7

Frame = tuple[int, Kind, bytes]


@dataclass(frozen=True)
class Work:
    """What a piece of work took in a process of its own.

    Attributes:
        seconds: Of the clock.
        before_mb: Memory of the process before it began.
        peak_mb: The most that it had.
        steps: How many different percents were told, or shown at a terminal.
    """

    seconds: float
    before_mb: float
    peak_mb: float
    steps: int


@dataclass(frozen=True)
class Length:
    """What was measured at one length.

    Attributes:
        minutes: How long the recording is.
        recording_mb: Of its file.
        export_mb: Of the export.
        sdk: The export by the SDK.
        cli: By `visavis recordings export`, at a terminal.
        verify: `visavis verify-recording`.
    """

    minutes: int
    recording_mb: float
    export_mb: float
    sdk: Work
    cli: Work
    verify: Work


def clip_frames() -> list[Frame]:
    """Return the clip's frames in order: milliseconds, of what, and the bytes."""
    frames: list[Frame] = []
    with av.open(str(clip_path())) as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None or not packet.size:
                continue
            at = round(float(packet.pts * packet.time_base) * 1_000)
            kind = Kind.VIDEO if packet.stream.type == "video" else Kind.AUDIO
            if 0 <= at < 1_000 * CLIP_SECONDS:
                frames.append((at, kind, bytes(packet)))
    return sorted(frames, key=lambda frame: frame[0])


def looped(clip: list[Frame], minutes: int) -> Iterator[Frame]:
    """Yield the frames of the clip over and over, for so long."""
    for number in range(minutes * 60 // CLIP_SECONDS):
        for at, kind, data in clip:
            yield at + number * 1_000 * CLIP_SECONDS, kind, data


class Two:
    """Anna, who records, and Ben: their keys in one call, and their shares."""

    def __init__(self, mine: Laid, theirs: Laid, own: OwnConsent, other: OwnConsent) -> None:
        self.laid = {own.key: mine, other.key: theirs}
        self.own, self.other = own, other
        self.members = frozenset(self.laid)
        self._numbers = dict.fromkeys(self.members, 0)
        self._call = s.call_reference(CallId(os.urandom(16)))
        self.request = s.RecordingAsk(
            *self._head(own), BOTH, "An hour", s.Place.DEVICE, DAYS, s.Recipients.ASKER, True,
            s.WithdrawBy.APP,
        )  # fmt: skip
        self.ask = s.ask_digest(self.request)

    def _head(self, who: OwnConsent) -> tuple[Digest, object, int, int]:
        self._numbers[who.key] += 1
        return self._call, who.key, self._numbers[who.key], int(time.time())

    def record(self, recorder: FileRecorder) -> None:
        """Tell a recorder what a call's shell tells it, until something is recorded."""
        self._say(recorder, self.own, self.request)
        self._share(recorder, self.own, "")
        recorder.among(self.ask, self.members)
        promised = Digest.sha256(self.laid[self.other.key].share)
        hashed, head = members_hash(self.members), self._head(self.other)
        grant = s.RecordingGrant(*head, self.ask, BOTH, hashed, True, promised)
        self._say(recorder, self.other, grant)
        self._share(recorder, self.other, "Ben")
        recorder.record(self.ask, BOTH)
        progress = s.RecordingProgress(*self._head(self.own), self.ask, BOTH, self.members)
        self._say(recorder, self.own, progress)

    def end(self, recorder: FileRecorder) -> None:
        """And until its end."""
        self._say(recorder, self.own, s.RecordingEnd(*self._head(self.own), self.ask))
        recorder.record(self.ask, frozenset())
        recorder.over(self.ask)

    def _share(self, recorder: FileRecorder, who: OwnConsent, name: str) -> None:
        laid = self.laid[who.key]
        recorder.share(self.ask, who.key, laid.share, Way(name, laid.slot, laid.read))

    def _say(self, recorder: FileRecorder, who: OwnConsent, statement: s.Statement) -> None:
        signed = s.sign_statement(statement, bytes(who.private))
        recorder.said(SaidStatement(signed, statement))


async def record(two: Two, folder: Path, book: RecordingsBook, minutes: int) -> None:
    """Record so many minutes of both, as fast as it goes."""
    loop = asyncio.get_running_loop()

    def failed() -> None:
        raise RuntimeError("nothing can be written")

    recorder = FileRecorder(folder, two.own, "Ben", book, os.urandom, failed)
    began = loop.time()
    two.record(recorder)
    for at, kind, data in looped(clip_frames(), minutes):
        due = began + at / 1_000
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        for key in two.laid:
            recorder.frame(key, kind, due, data)
    await asyncio.sleep(began + 60 * minutes - loop.time())
    two.end(recorder)


async def people(folder: Path, server: RunningServer) -> list[Two]:
    """Sign both up, and lay their shares, for one recording of each length."""
    kdf = insecure_for_tests_cheap_kdf()  # its memory would hide the memory of everything else
    clients = [
        await Client.signup(
            folder / name, server.origin, server.signup_link(), name, PASSWORD, kdf=kdf
        )
        for name in ("anna", "ben")
    ]
    try:
        found = []
        for _ in MINUTES:
            laid = [await _lay(client) for client in clients]
            own, other = (OwnConsent.make(os.urandom) for _ in clients)
            found.append(Two(laid[0], laid[1], own, other))
        return found
    finally:
        for client in clients:
            await client.close()


async def _lay(client: Client) -> Laid:
    shares = client._session.recording.shares
    means, call = RecordingMeans(shares), CallId(os.urandom(16))
    at_server = CallShares(
        means, call, rng=os.urandom, unix=lambda: int(time.time()), spawn=lambda _: None
    )
    return await at_server.lay(DAYS)


def measure() -> list[Length]:
    """Measure each length."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD + "\n")
        server = RunningServer(loopback_config(folder / "server", free_attempts=10_000))
        asyncio.run(server.start())
        try:
            twos = asyncio.run(people(folder, server))
            return [
                _length(folder, two, minutes) for two, minutes in zip(twos, MINUTES, strict=True)
            ]
        finally:
            asyncio.run(server.stop())


def _length(folder: Path, two: Two, minutes: int) -> Length:
    profile = folder / "anna"
    store = Store.open(profile, PASSWORD)
    try:
        book = RecordingsBook(store)
        virtual_clock.run(record(two, profile / RECORDINGS, book, minutes))
        kept = book.get(two.ask)
        assert kept is not None
        file = profile / RECORDINGS / kept.file
    finally:
        store.close()
    which = bytes(two.ask).hex()[:8]
    by_sdk, by_cli = (folder / f"{minutes}-{how}.webm" for how in ("sdk", "cli"))
    at_profile = ("--profile", str(profile), "recordings", "export", which, str(by_cli))
    sdk = _child(folder, "sdk", str(profile), str(folder / "password"), which, str(by_sdk))
    cli = _child(folder, "cli", *at_profile)
    verify = _child(folder, "cli", "verify-recording", str(file))
    if by_sdk.read_bytes() != by_cli.read_bytes():
        raise RuntimeError("two exports differ")
    _check(by_sdk, minutes)
    sizes = [path.stat().st_size / 1e6 for path in (file, by_sdk)]
    for path in (by_sdk, by_cli):
        path.unlink()
    return Length(minutes, *sizes, sdk=sdk, cli=cli, verify=verify)


def _check(export: Path, minutes: int) -> None:
    """See that all is in an export: four tracks with every frame of the clip, over and over."""
    wanted = {
        "audio": sum(kind is Kind.AUDIO for _, kind, _ in looped(clip_frames(), minutes)),
        "video": sum(kind is Kind.VIDEO for _, kind, _ in looped(clip_frames(), minutes)),
    }
    found: dict[tuple[int, str], int] = {}
    with av.open(str(export)) as container:
        for packet in container.demux():
            if packet.size:
                track = packet.stream_index, packet.stream.type
                found[track] = found.get(track, 0) + 1
    told = sorted((kind, count) for (_, kind), count in found.items())
    if told != sorted([*wanted.items()] * 2):
        raise RuntimeError(f"there are {told} frames, and there were {wanted} of each")


def _child(folder: Path, *words: str) -> Work:
    """Run a piece of work at a terminal of its own."""
    report = folder / "report"
    environment = {
        **os.environ,
        "VISAVIS_PASSWORD_FILE": str(folder / "password"),
        "TERM": "xterm-256color",
        "COLUMNS": "120",
    }
    ours, its = pty.openpty()
    shown: list[bytes] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.recording_child", str(report), *words],
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    reader = threading.Thread(target=_read, args=(ours, shown))
    reader.start()
    status = process.wait()
    reader.join()
    os.close(ours)
    text = b"".join(shown).decode(errors="replace")
    if status:
        raise RuntimeError(f"it ended with {status}: {text}")
    told = json.loads(report.read_text(encoding="utf-8"))
    return Work(
        told["seconds"],
        told["before_kb"] / 1_000,
        told["peak_kb"] / 1_000,
        told["steps"] or percents(text),
    )


def percents(text: str) -> int:
    """Return how many different percents stood in what a terminal was shown."""
    return len(set(re.findall(r"\b(\d{1,3})%", text)))


def _read(terminal: int, shown: list[bytes]) -> None:
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # nobody has it open any more
            return
        if not data:
            return
        shown.append(data)
