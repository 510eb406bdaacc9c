"""The shipped clip, and a counter that is never read from anything but itself."""

from __future__ import annotations

import av
import numpy as np
import pytest

from visavis.testing.clip import (
    CLIP_FRAMES,
    CLIP_SECONDS,
    clip_path,
    draw_counter,
    read_counter,
    read_frame,
)


def test_the_clip_is_small_and_counts() -> None:
    assert clip_path().stat().st_size <= 1_000_000
    with av.open(str(clip_path())) as container:
        assert container.streams.video[0].codec_context.name in {"vp8", "libvpx"}
        numbers = [read_frame(frame) for frame in container.decode(video=0)]
    assert numbers == list(range(CLIP_FRAMES))


def test_the_clip_speaks() -> None:
    with av.open(str(clip_path())) as container:
        sound = np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])
    assert abs(len(sound) / 48_000 - CLIP_SECONDS) < 0.1
    loud = np.abs(sound[: len(sound) // 960 * 960].reshape(-1, 960)).mean(axis=1) > 0.01
    assert loud.mean() > 0.4


@pytest.mark.parametrize("number", [0, 1, 2, 149, 255, 256, 4711, 65_535])
@pytest.mark.parametrize("size", [(120, 160), (240, 320), (360, 480), (480, 640)])
def test_what_is_drawn_is_read(number: int, size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, dtype=np.uint8)
    draw_counter(picture, number)
    assert read_counter(picture) == number


def test_it_survives_a_poor_encoder() -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.bit_rate = 60_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8"}
    decoder = av.CodecContext.create("libvpx", "r")
    random = np.random.default_rng(3)
    read = []
    for number in range(40):
        picture = random.integers(0, 255, (240, 320, 3)).astype(np.uint8)
        draw_counter(picture, number)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts = number
        read += [
            read_frame(decoded)
            for packet in encoder.encode(frame)
            for decoded in decoder.decode(packet)
        ]
    right = [number for number in read if number is not None]
    assert len(right) >= 30
    assert right == sorted(set(right))
    assert set(right) <= set(range(40))


def noise() -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    band = np.full((240, 320), 128, dtype=np.uint8)
    cells = np.kron(random.integers(0, 2, (2, 16)) * 255, np.ones((22, 18))).astype(np.uint8)
    band[189 : 189 + 44, 13 : 13 + 288] = cells
    return {
        "white noise": random.integers(0, 256, (240, 320)).astype(np.uint8),
        "black": np.zeros((240, 320), np.uint8),
        "white": np.full((240, 320), 255, np.uint8),
        "grey": np.full((240, 320), 128, np.uint8),
        "coarse noise": np.kron(random.integers(0, 2, (15, 20)) * 255, np.ones((16, 16))).astype(
            np.uint8
        ),
        "cells without a checksum": band,
        "tiny": np.zeros((8, 8), np.uint8),
    }


@pytest.mark.parametrize("name", noise())
def test_noise_is_never_read(name: str) -> None:
    assert read_counter(noise()[name]) is None


def test_two_thousand_random_cell_patterns_are_not_read() -> None:
    """Only the checksum stands between a pattern of clean cells and a number: 1 in 65,536."""
    random = np.random.default_rng(11)
    picture = np.full((240, 320, 3), 90, dtype=np.uint8)
    draw_counter(picture, 5)
    clean = picture[:, :, 0].copy()
    assert read_counter(clean) == 5
    read = 0
    for _ in range(2_000):
        y, x = np.linspace(0.79 * 240, 0.97 * 240, 3), np.linspace(0.04 * 320, 0.96 * 320, 17)
        for row in range(2):
            for column in range(16):
                clean[
                    round(y[row]) : round(y[row + 1]), round(x[column]) : round(x[column + 1])
                ] = 255 * random.integers(0, 2)
        read += read_counter(clean) is not None
    assert read <= 1
