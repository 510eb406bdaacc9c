"""Cutting a recording into parts: the same frames are cut at the same places in both languages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Final, TypeAlias

from core_vector_kit import Json
from tests.core.recorder import PRIVATE, SECRET
from tests.core.taping import Taping
from tests.core.webm_examples import content, delta_frame, key_frame

from visavis.core import recording_statements as s
from visavis.core.recording_cutter import (
    LATE_MS,
    LONGEST_MS,
    MOST_BYTES,
    MOST_FRAMES,
    PART_MS,
    Cut,
    PictureCutter,
    SoundCutter,
)
from visavis.core.recording_types import Kind
from visavis.core.webm import write_part
from visavis.core.webm_types import AudioTrack

Step: TypeAlias = tuple[int, bytes, int] | int
"""A frame: its time, its beginning and how many bytes of `content` it has behind that. Or when
what there is ends."""

MONO, STEREO = b"\x08", b"\x0c"


def _sound() -> dict[str, list[Step]]:
    late = random.Random(3)
    order = sorted(range(0, 12_000, 20), key=lambda at: at + late.uniform(0, LATE_MS + 60))
    return {
        "in order": [*((at, MONO, 3) for at in range(40, 11_000, 20)), 11_000],
        "out of order": [(0, MONO, 1), *((at, STEREO, 1) for at in order), 12_000],
        "twice, empty, too late": [
            *((at, MONO, 2) for at in (100, 120, 120, 80)),
            (140, b"", 0),
            160,
            (150, MONO, 1),
            (170, STEREO, 1),
            171,
            171,
        ],
        "an hour of silence": [
            (0, MONO, 1),
            (20, MONO, 1),
            (3_600_000, MONO, 1),
            (3_600_020, MONO, 1),
            9_000_000,
        ],
        "too much": [*((at, MONO, 400_000) for at in range(0, 200, 20)), PART_MS],
    }


def _pictures() -> dict[str, list[Step]]:
    key, small, delta = key_frame(), key_frame(64, 64), delta_frame()
    turns = {0: key, 2_000: key, 5_500: key, 11_000: small, 11_200: key}
    return {
        "key frames": [
            *((at, turns.get(at, delta), 5) for at in range(0, 12_000, 100)),
            12_000,
            (12_100, delta, 1),
            12_200,
        ],
        "none at first": [
            (0, delta, 1),
            (10, b"", 0),
            (20, b"\x10\0\0rubbish", 0),
            30,
            (40, key, 1),
            (30, delta, 1),
            100,
        ],
        "none later": [(0, key, 1), *((at, delta, 9) for at in range(40, LONGEST_MS + 200, 40))],
        "too much": [(0, key, 0), *((40 * n, delta, 700_000) for n in range(1, 7)), (999, key, 1)],
        "one too large": [(0, key, MOST_BYTES), (1, key, 1), 2],
        "too many": [(0, key, 0)] * (MOST_FRAMES + 2),
        "a long stop": [
            (0, key, 1),
            (20, delta, 1),
            (900_000, delta, 1),
            (900_020, key, 1),
            900_040,
        ],
    }


def _any(seed: int) -> Iterator[Step]:
    chance = random.Random(seed)
    at = 0
    heads = (MONO, STEREO, delta_frame(), delta_frame(), key_frame(), key_frame(64, 64))
    for _ in range(400):
        at = max(0, at + chance.choice((-300, -20, 0, 20, 20, 40, 40, 3_000)))
        yield at if chance.random() < 0.03 else (at, chance.choice(heads), chance.randrange(4))


def _cut(number: int, cut: Cut) -> list[object]:
    """Return after which step it came, and what it is, by the bytes of the part."""
    track, length = cut.media.track, cut.media.length
    kind = [track.channels] if isinstance(track, AudioTrack) else [track.width, track.height]
    data = hashlib.sha256(write_part(cut.media)).hexdigest()
    return [number, cut.at, length, kind, len(cut.media.frames), data]


def _story(name: str, kind: str, steps: list[Step]) -> Json:
    cutter = SoundCutter() if kind == "sound" else PictureCutter()
    cuts: list[list[object]] = []
    wanted: list[int] = []
    for number, step in enumerate(steps):
        if isinstance(step, int):
            cut = cutter.end(step)
        else:
            at, head, size = step
            cut = cutter.add(at, head + content(size))
        if cut is not None:
            cuts.append(_cut(number, cut))
        if isinstance(cutter, PictureCutter) and cutter.wants_key_frame:
            wanted.append(number)
    told = [one if isinstance(one, int) else [one[0], one[1].hex(), one[2]] for one in steps]
    return {"name": name, "kind": kind, "steps": told, "cuts": cuts, "wanted": wanted}


def _tape() -> Json:
    """Return what was done with one recording, and the file that became of it."""
    taping = Taping()
    taping.talk("bob", 0, 200)
    taping.agree("bob", "anna", "bob")
    taping.progress("anna", "bob", at=200)
    for name in ("anna", "bob"):
        taping.talk(name, 200, 6_000)
        taping.show(name, 200, 7_000)
    taping.show("bob", 200, 400, Kind.SCREEN)
    taping.mark()
    taping.progress("anna", "bob", kinds=frozenset(), at=7_000)
    taping.share("carl")
    for name in ("bob", "carl"):
        taping.agree(name, "anna", "bob", "carl")
    taping.progress("anna", "bob", "carl", at=8_000)
    taping.talk("carl", 8_000, 9_000)
    withdrawal = s.RecordingWithdrawal(*taping.made.head("carl"), taping.made.about)
    taping.say("carl", withdrawal, 9_000)
    taping.talk("carl", 9_000, 9_100)
    taping.mark()
    data = taping.file.getvalue()
    assert taping.proof().ok
    return {
        "ask": taping.ask.hex(),
        "secret": bytes(SECRET).hex(),
        "private": PRIVATE["anna"].hex(),
        "done": taping.done,
        "file": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "recorded": list(taping.recorded().values()),
    }


KINDS: Final = {"sound": _sound, "pictures": _pictures}


def cutter_vectors() -> Json:
    """Frames, where they are cut, and when a key frame is wanted; and one whole recording."""
    return {
        "tape": _tape(),
        "stories": [
            _story(name, kind, steps)
            for kind, make in KINDS.items()
            for name, steps in (*make().items(), *((f"any {n}", list(_any(n))) for n in range(6)))
        ],
    }
