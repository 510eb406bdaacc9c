"""Pictures go on after a packet that was lost and is not sent again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

from visavis.core.errors import Code, PeerError
from visavis.core.frame_keys import FrameKind
from visavis.media import aiortc_private, sframe_hooks
from visavis.media.interfaces import FrameCrypto
from visavis.media.sframe_hooks import GAP_S, ReceiveCounts, protect_receiver

KEY, DELTA = 0, 1


class Whole:
    """Opens frames of two packets, and no half ones."""

    steady = False
    held = False

    def took(self, timestamp: int, frame: bytes) -> bool:
        """Nobody records."""
        return False

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        assert kind == "video"
        if len(frame) != 2:
            raise PeerError(Code.DECRYPTION, "a part of a frame")
        return frame


class _Receiver:
    """What `protect_receiver` looks at."""


class Stream:
    """A receiver's buffer, behind the product's hook, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(sframe_hooks, "time", clock)
        self.buffer = JitterBuffer(capacity=128, is_video=True)
        self.asked = 0
        receiver = _Receiver()
        vars(receiver)["_RTCRtpReceiver__jitter_buffer"] = self.buffer
        frames = cast("FrameCrypto", Whole())
        protect_receiver(cast("Any", receiver), frames, ReceiveCounts())

    def send(self, number: int, *, first: int = DELTA, lost: tuple[int, ...] = ()) -> list[int]:
        """Send a picture of two packets; return which pictures came out."""
        out: list[JitterFrame] = []
        for half in (0, 1):
            sequence = (65_530 + 2 * number + half) & 0xFFFF
            packet = RtpPacket(sequence_number=sequence, timestamp=number, ssrc=7)
            packet._data = bytes([first | number << 1 if half == 0 else 0])  # type: ignore[attr-defined]
            if half in lost:
                continue
            asks, frame = self.buffer.add(packet)
            self.asked += asks
            out += [frame] if frame is not None else []
        self.now += 0.1
        return [frame.timestamp for frame in out]


def play(stream: Stream, lost: dict[int, tuple[int, ...]]) -> dict[int, float]:
    """Play forty pictures; return when each came out."""
    came = {}
    for number in range(40):
        first = KEY if number in {0, 20} else DELTA
        for shown in stream.send(number, first=first, lost=lost.get(number, ())):
            came[shown] = stream.now
    return came


def test_nothing_is_lost_and_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    stream = Stream(monkeypatch)
    assert list(play(stream, {})) == list(range(39))
    assert stream.asked == 0


@pytest.mark.parametrize("lost", [(0,), (1,), (0, 1)])
def test_pictures_go_on(monkeypatch: pytest.MonkeyPatch, lost: tuple[int, ...]) -> None:
    stream = Stream(monkeypatch)
    came = play(stream, {5: lost})
    # The picture before it may go with it, and no more than those that came while it was missed.
    assert {0, 1, 2, 3, *range(13, 39)} <= set(came)
    assert 5 not in came
    next_one = min(number for number in came if number > 5)
    assert came[next_one] - 100.0 < 0.6 + GAP_S + 0.3
    # What is shown is a difference to what was lost: a key frame is asked for until one has come.
    assert stream.asked >= 3


def test_without_it_they_would_wait_for_many_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what aiortc does by itself."""
    monkeypatch.setattr(sframe_hooks, "GAP_S", 1e9)
    came = play(Stream(monkeypatch), {5: (0,)})
    assert max(came) < 5


def test_where_a_gap_is() -> None:
    buffer = JitterBuffer(capacity=16, is_video=True)
    assert aiortc_private.gap_of(buffer) == 0
    for sequence, found in ((65_534, 0), (65_535, 0), (3, 5), (0, 5), (1, 5), (2, 0)):
        packet = RtpPacket(sequence_number=sequence, timestamp=1)
        packet._data = b""  # type: ignore[attr-defined]
        buffer.add(packet)
        assert aiortc_private.gap_of(buffer) == found, sequence
