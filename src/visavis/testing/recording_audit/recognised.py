"""What was passed on is given to decoders; what comes out is held against tone and picture.

It is not enough that nothing decodes: a decoder that begins with a frame's clear bytes may paint
noise from the rest. So what is asked is whether one sees the picture, and hears the tone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import av
import numpy as np
from av import AudioFrame, VideoFrame

from visavis.media.interfaces import AUDIO_RATE
from visavis.testing.recording_audit.planted import Planted
from visavis.testing.wiretap_analysis import rtp_streams, vp8_frames

ALIKE: Final = 0.8
"""Correlation of luma from which a picture is the planted one. Decoded rightly: above 0.99; other
pictures of some sixty blocks: 0.8 lies six deviations out."""

PURE: Final = 0.6
"""Share of its power that a frame of sound has at the tone. Decoded rightly: 0.98; noise: 0.01."""

TONE_SHARE: Final = 0.05
TONE_FRAMES: Final = 10
"""Of the packets tried, how many must sound so, and how many at least: noise may once by chance."""


def recognised(
    sound: Sequence[bytes], pictures: Iterable[bytes], planted: Planted
) -> tuple[int, int]:
    """Decode one stream of each kind.

    Args:
        sound: Packets that may be Opus, in order.
        pictures: Frames that may be VP8, in order.
        planted: What to look and listen for.

    Returns:
        Frames that sound like the tone, and pictures that look like the planted ones.
    """
    return _heard(sound, planted), _seen(pictures, planted)


def recognised_in_packets(datagrams: Iterable[bytes], planted: Planted) -> tuple[int, int]:
    """Decode what passed a relay: each stream as sound, and as pictures.

    Returns:
        As `recognised`, of all streams.
    """
    sound = pictures = 0
    for packets in rtp_streams(datagrams):
        payloads = [packet.payload for packet in packets]
        heard, seen = recognised(payloads, vp8_frames(packets), planted)
        sound, pictures = sound + heard, pictures + seen
    return sound, pictures


def _seen(frames: Iterable[bytes], planted: Planted) -> int:
    decoder: Any = av.CodecContext.create("vp8", "r")
    height, width = planted.pictures[0].shape
    wanted = np.array([_normal(picture) for picture in planted.pictures])
    count = 0
    for frame in frames:
        for picture in _decoded(decoder, frame):
            if isinstance(picture, VideoFrame) and (picture.height, picture.width) == (
                height,
                width,
            ):
                luma = _normal(picture.to_ndarray(format="gray"))
                count += bool((wanted @ luma).max() >= ALIKE)
    return count


def _heard(packets: Sequence[bytes], planted: Planted) -> int:
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate = AUDIO_RATE
    count = 0
    for packet in packets:
        for sound in _decoded(decoder, packet):
            if isinstance(sound, AudioFrame):
                count += _share(sound, planted.tone_hz) >= PURE
    return count if count >= max(TONE_FRAMES, TONE_SHARE * len(packets)) else 0


def _share(sound: AudioFrame, tone_hz: int) -> float:
    """Return which share of its power a frame of sound has at a tone."""
    # One row a channel, or one row in which channels take turns.
    rows = sound.to_ndarray().astype(np.float64)
    channels = 1 if sound.format.is_planar else len(sound.layout.channels)
    samples = rows[0][::channels]
    power = np.abs(np.fft.rfft(samples)) ** 2
    at = round(tone_hz * len(samples) / AUDIO_RATE)
    whole = float(power[1:].sum())
    return float(power[max(1, at - 1) : at + 2].sum()) / whole if whole else 0.0


def _normal(luma: Any) -> Any:
    flat = np.asarray(luma, dtype=np.float64).ravel()
    flat = flat - flat.mean()
    length = float(np.linalg.norm(flat))
    return flat / length if length else flat


def _decoded(decoder: Any, frame: bytes) -> list[Any]:
    try:
        return list(decoder.decode(av.Packet(frame))) if frame else []
    except (av.FFmpegError, ValueError):
        return []
