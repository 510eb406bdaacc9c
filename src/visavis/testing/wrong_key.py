"""The same encrypted frames at two devices: one with a wrong key, one with the right one.

`record_calls` taps this process's calls just before decryption: the sealed frames, and the keys
that the call itself uses. `judge` then plays the frames to two fresh devices that differ in
nothing but the key. What counts is *decoded pictures*, so that a decrypt that "works" and yields
rubbish would not pass for success, nor a decoder that was never asked for failure.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

import av
from av import AudioFrame, VideoFrame

from visavis.core.errors import VisavisError
from visavis.core.frame_keys import FrameKind
from visavis.media.call_frames import CallFrames
from visavis.testing.clip import read_frame

MAX_FRAMES: Final = 6_000
"""Frames kept: some 90 s of a call."""


@dataclass(frozen=True, slots=True)
class InstalledEpoch:
    """One epoch's receive keys as the call installed them."""

    epoch: int
    base_key: bytes = field(repr=False)
    leaves: frozenset[int]


@dataclass(slots=True)
class CallRecording:
    """What one end of one call got: sealed frames in order, and the keys of the epochs."""

    frames: list[tuple[FrameKind, bytes]] = field(default_factory=list)
    epochs: list[InstalledEpoch] = field(default_factory=list, repr=False)

    def take(self, frame: bytes, kind: FrameKind) -> None:
        """Keep one sealed frame."""
        if len(self.frames) < MAX_FRAMES:
            self.frames.append((kind, frame))


@dataclass(slots=True)
class Decoded:
    """What one device made of the frames.

    Attributes:
        decrypted: Frames that SFrame opened.
        pictures: Decoded pictures.
        counters: Numbers of the clip read off them.
        sound_s: Seconds of decoded sound.
    """

    decrypted: int = 0
    pictures: int = 0
    counters: list[int] = field(default_factory=list)
    sound_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both devices' results: `wrong.pictures` must be 0 and `control.pictures` must not."""

    wrong: Decoded
    control: Decoded


@contextlib.contextmanager
def record_calls(end: int = 0) -> Iterator[CallRecording]:
    """Record the frames and keys of one end of a call that this process starts in the block.

    Args:
        end: Which one, by the order in which they get their first keys. A process of its own has
            one; a test with both ends in one process counts.
    """
    recording = CallRecording()
    ends: list[CallFrames] = []
    install, decrypt = CallFrames.install, CallFrames.decrypt

    def is_wanted(one: CallFrames) -> bool:
        if one not in ends:
            ends.append(one)
        return ends.index(one) == end

    def tapped_install(self: CallFrames, epoch: int, base_key: bytes, leaves: set[int]) -> None:
        install(self, epoch, base_key, leaves)
        if is_wanted(self):
            recording.epochs.append(InstalledEpoch(epoch, base_key, frozenset(leaves)))

    def tapped_decrypt(self: CallFrames, frame: bytes, kind: FrameKind) -> bytes:
        if is_wanted(self):
            recording.take(frame, kind)
        return decrypt(self, frame, kind)

    with (
        mock.patch.object(CallFrames, "install", tapped_install),
        mock.patch.object(CallFrames, "decrypt", tapped_decrypt),
    ):
        yield recording


def judge(recording: CallRecording) -> Verdict:
    """Play a recording to a device with wrong keys and to one with the right ones."""

    def wrong(base_key: bytes) -> bytes:
        return hashlib.sha256(b"visavis wrong key" + base_key).digest()[: len(base_key)]

    return Verdict(
        wrong=_device(recording.frames, recording.epochs, wrong),
        control=_device(recording.frames, recording.epochs, lambda base_key: base_key),
    )


def _device(
    frames: Sequence[tuple[FrameKind, bytes]],
    epochs: Sequence[InstalledEpoch],
    key: Callable[[bytes], bytes],
) -> Decoded:
    # The clock stands, so that no epoch's keys are retired while the recording plays.
    crypto = CallFrames(monotonic=lambda: 0.0)
    for epoch in epochs:
        crypto.install(epoch.epoch, key(epoch.base_key), set(epoch.leaves))
    return decode(frames, crypto.decrypt)


def decode(
    frames: Sequence[tuple[FrameKind, bytes]], decrypt: Callable[[bytes, FrameKind], bytes]
) -> Decoded:
    """Decrypt and decode frames as a device would, dropping what does not decrypt."""
    result = Decoded()
    video: Any = av.CodecContext.create("libvpx", "r")
    audio: Any = av.CodecContext.create("libopus", "r")
    audio.sample_rate = 48_000
    for kind, sealed in frames:
        try:
            frame = decrypt(sealed, kind)
        except VisavisError:
            continue
        result.decrypted += 1
        try:
            decoded = (video if kind == "video" else audio).decode(av.Packet(frame))
        except av.FFmpegError:
            continue
        for item in decoded:
            if isinstance(item, VideoFrame):
                result.pictures += 1
                number = read_frame(item)
                if number is not None:
                    result.counters.append(number)
            elif isinstance(item, AudioFrame):
                result.sound_s += item.samples / (item.sample_rate or 48_000)
    return result
