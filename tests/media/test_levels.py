"""Who speaks, and what is heard of many at once."""

from __future__ import annotations

import numpy as np
from av import AudioFrame

from visavis.media.levels import Levels
from visavis.media.mixed_speaker import MixedSpeaker


def sound(loud: int, samples: int = 960) -> AudioFrame:
    data = np.full((1, samples * 2), loud, dtype=np.int16)
    data[0, ::4] = -loud
    frame = AudioFrame.from_ndarray(data, format="s16", layout="stereo")
    frame.sample_rate = 48_000
    return frame


def speak(levels: Levels, leaf: int, loud: int, frames: int = 60) -> None:
    for _ in range(frames):
        levels.hear(leaf, sound(loud))


def test_who_is_silent_does_not_speak() -> None:
    levels = Levels()
    assert levels.speaking() == []
    speak(levels, 1, 10)
    assert levels.speaking() == []
    speak(levels, 1, 3_000)
    assert levels.speaking() == [1]
    speak(levels, 1, 0)
    assert levels.speaking() == []


def test_a_cough_does_not_take_the_picture() -> None:
    levels = Levels()
    speak(levels, 1, 3_000)
    assert levels.speaking() == [1]
    speak(levels, 2, 8_000, frames=2)
    assert levels.speaking()[0] == 1
    speak(levels, 2, 4_000)
    assert levels.speaking() == [1, 2]  # louder, and not by much
    speak(levels, 2, 9_000)
    assert levels.speaking() == [2, 1]
    levels.forget(2)
    assert levels.speaking() == [1]


def test_sounds_are_added_up_and_fit() -> None:
    speaker = MixedSpeaker()
    speaker.hear(1, sound(100))
    speaker.hear(2, sound(23))
    mixed = np.frombuffer(speaker.mix(960), dtype=np.int16)
    assert set(mixed.tolist()) == {123, -123}
    for leaf in (1, 2):
        speaker.hear(leaf, sound(30_000))
    assert set(np.frombuffer(speaker.mix(960), dtype=np.int16).tolist()) == {32_767, -32_768}
    # Who sends too much is late by 0.3 s at most, and who has gone is silent.
    for _ in range(100):
        speaker.hear(1, sound(100))
    speaker.forget(1)
    assert not np.frombuffer(speaker.mix(960), dtype=np.int16).any()
    for _ in range(100):
        speaker.hear(1, sound(100))
    left = np.frombuffer(speaker.mix(48_000), dtype=np.int16)
    assert np.count_nonzero(left) == 0.3 * 48_000 * 2
