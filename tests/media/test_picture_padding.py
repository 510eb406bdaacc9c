"""Pictures of few sizes: which decode to the same pictures, and whose sizes tell nothing."""

from __future__ import annotations

from collections import Counter
from functools import cache

import av
import numpy as np
import pytest
from av import VideoFrame

from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SealedVp8Encoder, SendCounts
from visavis.media.picture_padding import SIZES, padded
from visavis.testing.clip import clip_path

KEY = bytes(range(32))
SECONDS = 12


@cache
def pictures() -> list[VideoFrame]:
    """A person who speaks and moves, then sits still, then is gone."""
    with av.open(str(clip_path())) as container:
        moving = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    shown = (moving * SECONDS)[: 15 * SECONDS]
    shown += [moving[0]] * 45
    shown += [VideoFrame.from_ndarray(np.full_like(moving[0].to_ndarray(), 128), "yuv420p")] * 45
    return shown


def encode(*, steady: bool) -> tuple[list[bytes], Counter[int]]:
    """Return the frames as the other side opens them, and the sizes of the sealed ones."""
    receiver, sender, counts = CallFrames(), CallFrames(), SendCounts()
    receiver.install(1, KEY, {0})
    sender.send_in(1, KEY, 0)
    sender.steady = steady
    encoder = SealedVp8Encoder(sender.new_context("video"), counts, steady=steady)
    opened = []
    for number, picture in enumerate(pictures()):
        picture.pts = number * 6_000
        payloads, _ = encoder.encode(picture)
        body = b"".join(payload[4:] for payload in payloads)
        opened.append(receiver.decrypt(body, "video"))
    return opened, counts.picture_sizes


@pytest.mark.parametrize("size", [1, 4_095, 4_096, 4_097, 65_536, 65_537, 200_000])
def test_filled_up_to_the_next_size(size: int) -> None:
    filled = padded(b"\x01" * size)
    assert filled == (b"\x01" * size).ljust(len(filled), b"\x00")
    assert len(filled) >= size
    assert len(filled) in SIZES or len(filled) % SIZES[-1] == 0
    assert len(filled) - size < max(SIZES[-1], 1)
    assert padded(filled) == filled


def test_a_padded_picture_is_the_same_picture() -> None:
    frames, _ = encode(steady=False)
    plain, filled = (av.CodecContext.create("vp8", "r") for _ in range(2))
    compared = 0
    for frame in frames:
        for one, other in zip(
            plain.decode(av.Packet(frame)), filled.decode(av.Packet(padded(frame))), strict=True
        ):
            assert np.array_equal(one.to_ndarray(), other.to_ndarray())
            compared += 1
    assert compared == len(frames)


def test_sizes_of_pictures_tell_nothing_of_movement() -> None:
    _, sizes = encode(steady=True)
    assert len(sizes) <= len(SIZES)
    [(_, most)] = sizes.most_common(1)
    assert most / sizes.total() > 0.95
    # The control: without it, nearly every picture has a size of its own.
    _, ordinary = encode(steady=False)
    assert len(ordinary) > 50
