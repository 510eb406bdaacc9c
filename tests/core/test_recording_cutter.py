"""Whatever frames come, and in whatever order: every part plays by itself, and readers take it."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from tests.core.webm_examples import delta_frame, key_frame

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
from visavis.core.webm import read_part, write_part
from visavis.core.webm_types import AudioTrack, VideoTrack

MONO, STEREO = b"\x08sound", b"\x0csound"


def sound(cutter: SoundCutter, *times: int, data: bytes = MONO) -> list[Cut]:
    return [cut for at in times if (cut := cutter.add(at, data)) is not None]


def times(cut: Cut) -> list[int]:
    return [cut.at + frame.at for frame in cut.media.frames]


def check(cuts: list[Cut]) -> None:
    """Each can be written and read, and none begins before the one before it is over."""
    for cut in cuts:
        assert read_part(write_part(cut.media)) == cut.media
    for before, after in pairwise(cuts):
        assert before.at + before.media.length <= after.at


def test_sound_is_cut_every_five_seconds_and_nothing_is_lost() -> None:
    cutter, all_times = SoundCutter(), list(range(40, 17_040, 20))
    cuts = sound(cutter, *all_times)
    last = cutter.end(17_040)
    assert last is not None
    cuts.append(last)
    check(cuts)
    assert [at for cut in cuts for at in times(cut)] == all_times
    assert [(cut.at, cut.media.length) for cut in cuts] == [
        (40, PART_MS),
        (40 + PART_MS, PART_MS),
        (40 + 2 * PART_MS, PART_MS),
        (40 + 3 * PART_MS, 2_000),
    ]


def test_late_packets_find_their_place_also_where_parts_meet() -> None:
    order = random.Random(7)
    all_times = list(range(0, 30_000, 20))
    shuffled = sorted(all_times, key=lambda at: at + order.uniform(0, LATE_MS - 20))
    shuffled.remove(0)
    cutter = SoundCutter()
    cuts = sound(cutter, 0, *shuffled)
    last = cutter.end(30_000)
    assert last is not None
    assert [at for cut in (*cuts, last) for at in times(cut)] == all_times
    check([*cuts, last])


def test_what_is_too_late_comes_twice_or_is_empty_is_left_out() -> None:
    cutter = SoundCutter()
    assert sound(cutter, 100, 120, 120, 80, data=MONO) == []
    assert cutter.add(140, b"") is None
    cut = cutter.end(160)
    assert cut is not None
    assert (cut.at, times(cut), cut.media.length) == (100, [100, 120], 60)
    assert cutter.end(200) is None
    assert sound(cutter, 150, 170) == []
    again = cutter.end(200)
    assert again is not None
    assert (again.at, times(again)) == (170, [170]), "150 belonged to what has ended"


def test_a_silence_of_an_hour_makes_no_part_of_an_hour() -> None:
    cutter, hour = SoundCutter(), 3_600_000
    cuts = sound(cutter, 0, 20, hour, hour + 20)
    cut = cutter.end(2 * hour)
    assert cut is not None
    check([*cuts, cut])
    assert [times(one) for one in (*cuts, cut)] == [[0, 20], [hour, hour + 20]]


def test_channels_are_those_of_the_packets() -> None:
    cutter = SoundCutter()
    sound(cutter, 0, 20)
    sound(cutter, 40, data=STEREO)
    cut = cutter.end(60)
    assert cut is not None
    assert cut.media.track == AudioTrack(2)
    sound(cutter, 60)
    cut = cutter.end(80)
    assert cut is not None
    assert cut.media.track == AudioTrack(1)


def pictures(cutter: PictureCutter, *frames: tuple[int, bytes]) -> list[Cut]:
    return [cut for at, data in frames if (cut := cutter.add(at, data)) is not None]


def test_video_is_cut_at_the_first_key_frame_after_five_seconds() -> None:
    cutter = PictureCutter()
    frames = [(at, delta_frame()) for at in range(0, 12_000, 100)]
    for at in (0, 2_000, 5_500, 11_000):
        frames[at // 100] = (at, key_frame())
    wanted = []
    cuts = []
    for at, data in frames:
        cuts += pictures(cutter, (at, data))
        wanted.append(cutter.wants_key_frame)
    assert [(cut.at, cut.media.length) for cut in cuts] == [(0, 5_500), (5_500, 5_500)]
    assert [at for at, wants in zip(range(0, 12_000, 100), wanted, strict=True) if wants] == [
        *range(PART_MS, 5_500, 100),
        *range(5_500 + PART_MS, 11_000, 100),
    ]
    last = cutter.end(12_000)
    assert last is not None
    check([*cuts, last])
    assert [at for cut in (*cuts, last) for at in times(cut)] == [at for at, _ in frames]


def test_nothing_before_a_key_frame_is_taken_and_one_is_wanted() -> None:
    cutter = PictureCutter()
    assert not cutter.wants_key_frame
    assert pictures(cutter, (0, delta_frame()), (10, b""), (20, b"\x10\0\0rubbish")) == []
    assert cutter.wants_key_frame
    assert cutter.end(30) is None
    pictures(cutter, (40, key_frame()), (80, delta_frame()))
    assert not cutter.wants_key_frame
    cut = cutter.end(100)
    assert cut is not None
    assert (cut.at, times(cut), cut.media.length) == (40, [40, 80], 60)
    assert pictures(cutter, (120, delta_frame())) == []
    assert cutter.end(140) is None, "what comes after an end begins with a key frame again"


def test_another_size_is_another_part() -> None:
    cutter = PictureCutter()
    (cut,) = pictures(cutter, (0, key_frame()), (40, delta_frame()), (80, key_frame(640, 480)))
    assert (cut.media.track, cut.media.length) == (VideoTrack(320, 240), 80)
    last = cutter.end(120)
    assert last is not None
    assert last.media.track == VideoTrack(640, 480)
    check([cut, last])


@pytest.mark.parametrize("size", [1, 2_000, MOST_BYTES // 2, MOST_BYTES + 1])
def test_without_key_frames_a_part_ends_and_waits_for_one(size: int) -> None:
    cutter, data = PictureCutter(), delta_frame(bytes(size))
    frames = ((at, data) for at in range(40, 2 * LONGEST_MS, 40 if size < 10_000 else 8_000))
    (cut,) = pictures(cutter, (0, key_frame()), *frames)
    check([cut])
    assert cut.media.length <= LONGEST_MS
    assert cutter.wants_key_frame
    assert cutter.end(2 * LONGEST_MS) is None


def test_hostile_frames_make_no_part_that_readers_refuse() -> None:
    cutter = PictureCutter()
    cuts = pictures(cutter, *((0, key_frame()) for _ in range(3 * MOST_FRAMES)))
    assert len(cuts) == 2
    check(cuts)
    cuts = pictures(
        cutter, (10**9, key_frame(rest=bytes(MOST_BYTES))), (0, delta_frame()), (1, key_frame())
    )
    cuts += [cut for cut in (cutter.end(5),) if cut is not None]
    check(cuts)
    sounds = SoundCutter()
    many = [sounds.add(at, bytes(4_000)) for at in range(PART_MS + LATE_MS + 1)]
    check([cut for cut in many if cut is not None])
    assert sum(cut is not None for cut in many) == 0, "no room for the packet that would end it"
    cut = sounds.end(PART_MS)
    assert cut is not None
    check([cut])


@pytest.mark.parametrize("seed", range(20))
def test_any_frames_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    sounds, videos = SoundCutter(), PictureCutter()
    heard: list[Cut] = []
    seen: list[Cut] = []
    at = 0
    for _ in range(2_000):
        at = max(0, at + chance.choice((-300, -20, 0, 20, 20, 40, 40, 3_000)))
        heard += sound(sounds, at, data=chance.choice((b"", MONO, STEREO)))
        data = chance.choice((delta_frame(), delta_frame(), key_frame(), key_frame(64, 64), b"x"))
        seen += pictures(videos, (at, data))
        if chance.random() < 0.01:
            heard += [cut for cut in (sounds.end(at),) if cut is not None]
            seen += [cut for cut in (videos.end(at),) if cut is not None]
    assert len(heard) > 5
    assert len(seen) > 5
    check(heard)
    check(seen)
