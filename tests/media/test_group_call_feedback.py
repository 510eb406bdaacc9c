"""What a Python member asks its senders for passes the SFU: key frames, and what was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import pytest_asyncio
from aiortc import RTCRtpReceiver
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
)
from tests.media.room_party import Caller
from tests.media.sfu_peers import keyed, network
from tests.media.test_group_call_screens import Sharer, Watcher
from tests.server.room_kit import scene, until

from visavis.media.aiortc_private import send_feedback_whole

SSRC = 1_234


class Receiver:
    """As much of a receiver as sends feedback."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        stream = StreamStatistics(90_000)
        stream.add(RtpPacket(sequence_number=77, ssrc=SSRC))
        vars(self)["_RTCRtpReceiver__remote_streams"] = {SSRC: stream}
        self.transport = SimpleNamespace(_send_rtp=self._take)

    async def _take(self, data: bytes) -> None:
        self.sent.append(data)

    async def _send_rtcp(self, packet: AnyRtcpPacket) -> None:
        self.sent.append(bytes(packet))


@pytest.mark.parametrize("kind", [RtcpPsfbPacket, RtcpRtpfbPacket])
async def test_feedback_goes_behind_a_report_of_what_it_is_about(kind: type) -> None:
    receiver = Receiver()
    send_feedback_whole(cast("RTCRtpReceiver", receiver))
    await receiver._send_rtcp(kind(fmt=1, ssrc=9, media_ssrc=SSRC))
    report, feedback = RtcpPacket.parse(receiver.sent[0])
    assert isinstance(report, RtcpRrPacket)
    assert [(one.ssrc, one.highest_sequence) for one in report.reports] == [(SSRC, 77)]
    assert isinstance(feedback, kind)
    # What is about nothing that came goes as it is.
    for packet in (kind(fmt=1, ssrc=9, media_ssrc=0), RtcpByePacket(sources=[9])):
        await receiver._send_rtcp(packet)
        assert receiver.sent[-1] == bytes(packet)


@pytest_asyncio.fixture
async def seen(tmp_path: Path) -> AsyncIterator[tuple[Sharer, RTCRtpReceiver, int]]:
    """One who sends, one who sees that, and the source of the picture."""
    async with scene(tmp_path, sfu=True) as stage:
        sharer = Sharer(keyed(0, {1}))
        caller = Caller(await stage.maker(), sharer)
        watcher = Watcher(await stage.joiner())
        try:
            watcher.media.members(1, frozenset({0}))
            await caller.publish()
            watcher.media.announced(0, caller.feed)
            await until(lambda: watcher.sink.pictures[0] > 5, 30)
            down = watcher.media._down
            assert down is not None
            (picture,) = [one for one in down.pc.getReceivers() if one.track.kind == "video"]
            streams = vars(picture)["_RTCRtpReceiver__remote_streams"]
            yield sharer, picture, max(streams, key=lambda ssrc: streams[ssrc].packets_received)
        finally:
            await watcher.close()
            await caller.close()


@pytest.fixture
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


@pytest.mark.media
@pytest.mark.usefixtures("address")
async def test_a_key_frame_that_is_asked_for_is_made(
    seen: tuple[Sharer, RTCRtpReceiver, int],
) -> None:
    sharer, picture, ssrc = seen
    (sender,) = [one for one in sharer.up.getSenders() if one.track.kind == "video"]
    asked: list[None] = []
    sender._send_keyframe = lambda: asked.append(None)  # type: ignore[method-assign]
    await asyncio.sleep(1)
    before = len(asked)
    # The control: what aiortc sends by itself is dropped on the way.
    whole = picture._send_rtcp
    del picture._send_rtcp
    for _ in range(3):
        await picture._send_rtcp_pli(ssrc)
        await asyncio.sleep(0.5)
    assert len(asked) == before
    picture._send_rtcp = whole  # type: ignore[method-assign]
    await picture._send_rtcp_pli(ssrc)
    await until(lambda: len(asked) > before, 10)
