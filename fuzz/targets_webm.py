"""The decoder of a recording's parts, once they are opened."""

from __future__ import annotations

from typing import Final

from tests.core.webm_examples import PARTS

from fuzz.engine import Target, round_trip
from visavis.core.vp8 import key_frame_size
from visavis.core.webm import read_part, write_part


def _samples() -> list[bytes]:
    return [write_part(media) for media in PARTS.values()]


def _vp8(data: bytes) -> str:
    size = key_frame_size(data)
    return "delta" if size is None else f"key {max(size).bit_length()}"


TARGETS: Final = [
    Target(
        "recording.part",
        _samples,
        round_trip(read_part, write_part),  # type: ignore[arg-type]
    ),
    Target(
        "recording.vp8",
        lambda: [frame.data for media in (PARTS["pictures"],) for frame in media.frames[:2]],
        _vp8,
    ),
]
