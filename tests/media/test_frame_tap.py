"""Frames of ours on their way to a recording: without a wake of the event loop for each."""

from __future__ import annotations

import asyncio

from visavis.media.frame_tap import HANDED_ON_S, FrameTap, Track
from visavis.testing import virtual_clock


class Taken:
    """What a tap handed on."""

    def __init__(self, *, wants: bool = False) -> None:
        self.frames: list[tuple[int | None, Track, float, bytes]] = []
        self.wants = wants

    def take(self, leaf: int | None, track: Track, at: float, data: bytes) -> bool:
        self.frames.append((leaf, track, at, data))
        return self.wants


def test_what_waits_of_ours_goes_with_the_next_frame_of_somebody_else() -> None:
    async def story() -> None:
        taken = Taken(wants=True)
        tap = FrameTap(taken.take)
        sent_at = virtual_clock.now()
        tap.sent("encoder", "video", b"ours")
        tap.sent("another encoder of ours", "video", b"ours once more")
        await asyncio.sleep(HANDED_ON_S / 2)
        assert taken.frames == []
        assert not tap.owes_key_frame
        assert tap.opened(3, "audio", 0, b"theirs")
        opened_at = virtual_clock.now()
        assert taken.frames == [
            (None, "video", sent_at, b"ours"),
            (3, "audio", opened_at, b"theirs"),
        ]
        assert tap.owes_key_frame

    virtual_clock.run(story())


def test_where_nobody_else_is_heard_none_of_ours_waits_for_long() -> None:
    async def story() -> None:
        taken = Taken()
        tap = FrameTap(taken.take)
        frames = [number.to_bytes(1, "big") for number in range(100)]
        for frame in frames:
            tap.sent("encoder", "audio", frame)
            await asyncio.sleep(0.02)
            late = virtual_clock.now() - HANDED_ON_S - 0.05
            assert len(taken.frames) >= (late - virtual_clock.START_S) / 0.02
        tap.opened(3, "audio", 0, b"theirs")
        assert [data for _, _, _, data in taken.frames[:-1]] == frames

    virtual_clock.run(story())
