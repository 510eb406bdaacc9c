"""The audit of recordings finds what is planted, wherever it is, and nothing where nothing is."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from visavis.cli.audit_recording_table import show
from visavis.cli.output import Output
from visavis.core.errors import UnavailableError
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import Kind
from visavis.testing.recording_audit.files import content_of, files_below, files_of, open_files_of
from visavis.testing.recording_audit.memory import PIECE, memory_of
from visavis.testing.recording_audit.planted import Planted
from visavis.testing.recording_audit.recognised import recognised, recognised_in_packets
from visavis.testing.recording_audit.report import Place, Report
from visavis.testing.recording_audit.search import OVERLAP, RUN, FrameSearch, Hits, pieces_of

KINDS: tuple[Kind, ...] = ("audio", "video")


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted.make(1)


@pytest.fixture(scope="module")
def other() -> Planted:
    return Planted.make(2)


@pytest.fixture(scope="module")
def search(planted: Planted) -> FrameSearch:
    return FrameSearch(planted.clip.frames)


def numbers(hits: Hits) -> tuple[set[int], set[int]]:
    return hits.frames["audio"], hits.frames["video"]


# ---- bytes ---------------------------------------------------------------------------------------


def test_each_frame_is_one_of_its_kind(planted: Planted, other: Planted) -> None:
    frames = [frame for kind in KINDS for frame in planted.clip.frames[kind]]
    assert len(planted.clip.frames["audio"]) == 100
    assert len(planted.clip.frames["video"]) == len(planted.pictures) == 20
    assert len(set(frames)) == 120
    assert min(map(len, frames)) >= 2 * RUN
    found = FrameSearch(other.clip.frames).look(frames)
    assert numbers(found) == (set(), set()), "two clips share nothing"


def test_any_32_bytes_in_a_row_are_found_and_31_are_not(
    planted: Planted, search: FrameSearch
) -> None:
    """At every place of a frame, at every place in memory, between noise."""
    rng = random.Random(3)
    for kind in KINDS:
        for number, frame in enumerate(planted.clip.frames[kind]):
            for at in {*range(0, len(frame) - RUN, 7), 0, len(frame) - RUN}:
                lead = rng.randbytes(40 + rng.randrange(8))
                run = frame[at : at + RUN]
                assert number in search.look([lead + run + rng.randbytes(9)]).frames[kind], at
            # What stands before and behind differs from the frame's own bytes.
            before, run, behind = frame[9], frame[10 : 9 + RUN], frame[9 + RUN]
            piece = rng.randbytes(16) + bytes([before ^ 1]) + run + bytes([behind ^ 1]) + bytes(9)
            assert number not in search.look([piece]).frames[kind]


def test_a_run_over_the_seam_of_two_pieces_is_found(planted: Planted, search: FrameSearch) -> None:
    run = planted.clip.frames["audio"][5][20 : 20 + RUN]
    for at in range(4096 - OVERLAP - RUN, 4096 + 8):
        content = os.urandom(at) + run + os.urandom(5_000)
        assert numbers(search.look(pieces_of(content, 4096))) == ({5}, set()), at


def test_nothing_is_found_where_nothing_is(search: FrameSearch) -> None:
    for content in (b"", b"\0" * 100_000, b"\xff" * 50, os.urandom(4_000_000)):
        hits = search.look(pieces_of(content, PIECE))
        assert numbers(hits) == (set(), set())
        assert hits.looked_at >= len(content)


def test_sealed_frames_are_not_found(planted: Planted, search: FrameSearch) -> None:
    for kind in KINDS:
        clear, sealed = planted.clip.frames[kind], sealed_frames(planted, kind)
        assert numbers(search.look(sealed)) == (set(), set())
        assert search.look(clear).frames[kind] == set(range(len(clear)))


def sealed_frames(planted: Planted, kind: Kind) -> list[bytes]:
    frames = CallFrames()
    frames.send_in(1, bytes(range(32)), 0)
    context = frames.new_context(kind)
    return [context.encrypt(frame, kind) for frame in planted.clip.frames[kind]]


# ---- memory and files ----------------------------------------------------------------------------

HOLDER = """
import mmap, os, sys
held = bytes.fromhex(sys.stdin.readline())
{how}
sys.stdin = None
print("ready", flush=True)
import time
time.sleep(600)
"""
WAYS = {
    "an object": "",
    "a shared mapping": "m = mmap.mmap(-1, 1 << 16); m[5_000:5_000 + len(held)] = held; held = 0",
    "the end of a large block": "big = bytearray(3 << 20) + held; held = 0",
}


@pytest.fixture(params=WAYS)
def holder(request: pytest.FixtureRequest, planted: Planted) -> Iterator[int]:
    """A process that holds half a frame of sound and a whole picture."""
    code = HOLDER.format(how=WAYS[request.param])
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        contextlib.ExitStack() as process_ends,
    ):
        process_ends.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None
        held = planted.clip.frames["audio"][7][:40] + planted.clip.frames["video"][3]
        process.stdin.write(held.hex() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield process.pid


def test_what_a_process_holds_is_found_in_its_memory(
    holder: int, search: FrameSearch, other: Planted
) -> None:
    assert numbers(search.look(memory_of(holder))) == ({7}, {3})
    hits = FrameSearch(other.clip.frames).look(memory_of(holder))
    assert numbers(hits) == (set(), set())
    assert hits.looked_at > 1 << 20


def test_memory_that_cannot_be_read_is_no_empty_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError

    with subprocess.Popen(["sleep", "60"]) as process, contextlib.ExitStack() as process_ends:
        process_ends.callback(process.kill)
        assert list(memory_of(process.pid)), "the control"
        for name in ("pread", "open"):
            with monkeypatch.context() as context:
                context.setattr(os, name, refuse)
                with pytest.raises(UnavailableError, match="cannot be read here"):
                    list(memory_of(process.pid))
    for look in (lambda pid: list(memory_of(pid)), lambda pid: files_of(pid, 0.0)):
        with pytest.raises(UnavailableError):
            look(process.pid)


def test_what_a_process_wrote_is_found(
    tmp_path: Path, planted: Planted, search: FrameSearch
) -> None:
    """In the folder it was given, beside it where it works, and in a file without a name."""
    began = time.time() - 1
    given, works_in = tmp_path / "given", tmp_path / "works"
    (given / "deep").mkdir(parents=True)
    works_in.mkdir()
    sound = planted.clip.frames["audio"]
    (given / "deep" / "one").write_bytes(bytes(PIECE - 20) + sound[1] + bytes(99))
    (works_in / "two").write_bytes(b"x" + sound[2])
    old = works_in / "old"
    old.write_bytes(sound[4])
    nameless = tmp_path / "three"
    nameless.write_bytes(b"xyz" + sound[3])
    with (
        nameless.open("rb") as held,
        subprocess.Popen(
            ["/bin/sh", "-c", "sleep 60; :", str(given)], cwd=works_in, stdin=held
        ) as process,
        contextlib.ExitStack() as process_ends,
    ):
        process_ends.callback(process.kill)
        nameless.unlink()
        while str(given) not in Path(f"/proc/{process.pid}/cmdline").read_text():
            time.sleep(0.01)  # until it is the shell

        def found(since: float) -> set[int]:
            hits = Hits()
            for path in files_of(process.pid, since):
                search.look(content_of(path), hits)
            return hits.frames["audio"]

        assert found(began) == {1, 2, 3, 4}
        assert found(time.time() + 60) == {1, 3}, "what did not change where it works is not read"
        assert Path(f"/proc/{process.pid}/fd/0") in open_files_of(process.pid)
    assert [path.name for path in files_below([given])] == ["one"]
    assert list(content_of(tmp_path / "gone")) == []


# ---- decoders ------------------------------------------------------------------------------------


def test_what_is_planted_is_recognised(planted: Planted, other: Planted) -> None:
    frames = planted.clip.frames
    sound, pictures = recognised(frames["audio"], frames["video"], planted)
    assert sound >= 95
    assert pictures == 20
    assert planted.tone_hz != other.tone_hz
    assert recognised(frames["audio"], frames["video"], other) == (0, 0)


def test_sealed_frames_and_noise_are_not_recognised(planted: Planted) -> None:
    sealed = [sealed_frames(planted, kind) for kind in KINDS]
    assert recognised(sealed[0], sealed[1], planted) == (0, 0)
    noise = [os.urandom(80) for _ in range(500)]
    assert recognised(noise, noise, planted) == (0, 0)
    assert recognised([], [], planted) == (0, 0)


def test_packets_in_the_clear_are_recognised_and_sealed_ones_are_not(planted: Planted) -> None:
    clear = {kind: list(planted.clip.frames[kind]) for kind in KINDS}
    sealed = {kind: sealed_frames(planted, kind) for kind in KINDS}
    sound, pictures = recognised_in_packets(rtp(clear), planted)
    assert sound >= 95
    assert pictures == 20
    assert recognised_in_packets(rtp(sealed), planted) == (0, 0)


def rtp(frames: dict[Kind, list[bytes]]) -> list[bytes]:
    packets = []
    for ssrc, kind in enumerate(KINDS):
        number = 0
        for count, frame in enumerate(frames[kind]):
            payloads = [frame] if kind == "audio" else Vp8Encoder._packetize(frame, count)
            for payload in payloads:
                packet = RtpPacket(96 + ssrc, 0, number, count * 960, ssrc, payload)
                packets.append(packet.serialize(HeaderExtensionsMap()))
                number += 1
    return packets


# ---- the report ----------------------------------------------------------------------------------

PLACES = tuple(
    Place(where, how, 0, 0, 1_000)
    for where, how in (
        ("relay", "packets"),
        ("relay", "decoded"),
        ("SFU", "packets"),
        ("SFU", "decoded"),
        ("relay", "memory"),
        ("SFU", "memory"),
        ("server", "memory"),
        ("all files", "disk"),
    )
)
CONTROL = tuple(
    replace(
        one, sound=0 if one.where == "server" else 9, pictures=0 if one.where == "server" else 5
    )
    for one in PLACES
)
GOOD = Report(PLACES, CONTROL, (100, 20), 40.0)


def test_a_good_report() -> None:
    assert GOOD.ok
    assert GOOD.found == GOOD.control_missed == []
    assert len(GOOD.control_found) == 14
    result = GOOD.as_json()
    assert result["ok"] is True
    assert result["control_found"][0] == {
        "what": "sound",
        "where": "relay",
        "how": "packets",
        "frames": 9,
    }


@pytest.mark.parametrize("number", range(len(PLACES)))
@pytest.mark.parametrize("what", ["sound", "pictures"])
def test_whatever_is_found_is_told_and_no_success(number: int, what: str) -> None:
    places = list(PLACES)
    places[number] = replace(places[number], **{what: 1})  # type: ignore[arg-type]
    report = replace(GOOD, places=tuple(places))
    assert not report.ok
    (found,) = report.as_json()["found"]
    assert found["what"] == what.removesuffix("s")
    assert (found["where"], found["how"]) == (places[number].where, places[number].how)


@pytest.mark.parametrize("what", ["sound", "pictures"])
@pytest.mark.parametrize(
    ("without", "missed"),
    [
        ([0], "relay, packets"),
        ([1], "relay, decoded"),
        ([2], "SFU, packets"),
        ([3], "SFU, decoded"),
        ([4], None),
        ([5], None),
        ([4, 5], "memory"),
        ([7], "disk"),
    ],
)
def test_a_control_that_misses_something_is_no_success(
    without: list[int], missed: str | None, what: str
) -> None:
    """Memory of one of the two is enough, for buffers are used again; nothing else may miss."""
    control = list(CONTROL)
    for number in without:
        control[number] = replace(control[number], **{what: 0})  # type: ignore[arg-type]
    report = replace(GOOD, control=tuple(control))
    assert report.ok is (missed is None)
    wanted = [] if missed is None else [f"{what.removesuffix('s')}: {missed}"]
    assert report.as_json()["control_missed"] == wanted


def test_a_report_of_nothing_is_no_success() -> None:
    assert not Report((), (), (100, 20), 1.0).ok
    assert not replace(GOOD, places=()).ok


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    show(GOOD, Output())
    said = capsys.readouterr().out
    assert "Passed." in said
    assert "9 / 5" in said
    assert "32 bytes in a row" in said
    found = replace(GOOD, places=(*PLACES[:5], replace(PLACES[5], sound=3), *PLACES[6:]))
    show(found, Output())
    said = capsys.readouterr().out
    assert "must not be there" in said
    assert "3 / 0" in said
    assert "Passed." not in said
    show(replace(GOOD, control=CONTROL[1:]), Output())
    said = capsys.readouterr().out
    assert "its control did not find picture: relay, packets" in said
    assert "Failed." in said
