"""The members of a group call through one pair of speakers: their sounds are added up."""

from __future__ import annotations

from typing import Any

import numpy as np
from av import AudioFrame

from visavis.media.devices import MAX_DELAY_S, SpeakerSink
from visavis.media.interfaces import AUDIO_RATE

_FRAME_BYTES = 4
"""One sample of 16-bit stereo."""


class MixedSpeaker(SpeakerSink):
    """Plays everybody's voice; each has a queue of its own, so that nobody delays another."""

    def __init__(self) -> None:
        super().__init__()
        self._queues: dict[int, bytearray] = {}

    def hear(self, leaf: int, frame: AudioFrame) -> None:
        """Queue a member's sound; drop the oldest beyond 0.3 s."""
        data = frame.to_ndarray().tobytes()
        limit = int(MAX_DELAY_S * AUDIO_RATE) * _FRAME_BYTES
        with self._lock:
            queue = self._queues.setdefault(leaf, bytearray())
            queue += data
            if len(queue) > limit:
                del queue[: len(queue) - limit]

    def forget(self, leaf: int) -> None:
        """A member is gone."""
        with self._lock:
            self._queues.pop(leaf, None)

    def mix(self, frames: int) -> bytes:
        """Take so many samples of everybody and add them up, as loud as fits into 16 bits."""
        wanted = frames * _FRAME_BYTES
        total = np.zeros(frames * 2, dtype=np.int32)
        with self._lock:
            for queue in self._queues.values():
                taken = bytes(queue[:wanted])
                del queue[:wanted]
                total += np.frombuffer(taken.ljust(wanted, b"\0"), dtype=np.int16)
        return np.clip(total, -32_768, 32_767).astype(np.int16).tobytes()

    def _give(self, out: Any, frames: int, when: object, status: object) -> None:
        """Fill PortAudio's buffer."""
        del when, status
        out[:] = self.mix(frames)
