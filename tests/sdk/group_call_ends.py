"""What people of a group call show and hear with, in tests."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from av import AudioFrame, VideoFrame

from visavis.media.silence import SilenceSource


class Ears:
    """Counts what comes of each member, and how loud it is."""

    def __init__(self) -> None:
        self.started = self.closed = False
        self.samples: Counter[int] = Counter()
        self.energy: Counter[int] = Counter()
        self.pictures: Counter[int] = Counter()
        self.screens: Counter[int] = Counter()
        self.went: list[int] = []

    def start(self) -> None:
        self.started = True

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        sound = frame.to_ndarray().astype(np.int64)
        self.samples[leaf] += frame.samples
        self.energy[leaf] += int(np.square(sound).sum())

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        assert frame.width
        self.pictures[leaf] += 1

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        assert frame.width
        self.screens[leaf] += 1

    def gone(self, leaf: int) -> None:
        self.went.append(leaf)

    def close(self) -> None:
        self.closed = True

    def forget(self) -> None:
        for counts in (self.samples, self.energy, self.pictures, self.screens):
            counts.clear()


def ends() -> dict[str, Any]:
    """Return a quiet source and ears, as arguments."""
    return {"source": SilenceSource(), "sink": Ears()}
