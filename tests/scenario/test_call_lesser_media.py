"""A callee that accepts "voice" and takes the picture all the same (CK-369), with real media.

Ben's program is hostile: its accept says voice, and its media answers and sends as in a video call.
The controls: an honest "voice" connects without a picture, and an honest "video" with one.
"""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import AsyncIterator

import pytest
from av import VideoFrame
from tests.media.conftest import Relay, until
from tests.scenario.test_call_real_media import RealWorld

from visavis.core.call_types import Media
from visavis.core.errors import Code, UnavailableError
from visavis.media import sdp_guard
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.call_transport import CallTransport
from visavis.sdk.calls import Call

pytestmark = pytest.mark.media


class Camera(SilenceSource):
    """Counts the pictures that were asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def next_video(self) -> VideoFrame:
        self.asked += 1
        return await super().next_video()


class Screen(NullSink):
    """Counts the pictures that a person would see."""

    def __init__(self) -> None:
        self.pictures = 0

    def on_video(self, frame: VideoFrame) -> None:
        self.pictures += 1


@pytest.fixture
async def w(tmp_path: pathlib.Path) -> AsyncIterator[RealWorld]:
    relay = Relay(tmp_path)
    await relay.start()
    try:
        async with RealWorld(relay) as world:
            yield world
    finally:
        relay.kill()


async def ring(w: RealWorld, accepts: str) -> tuple[Call, Call, Camera, Screen]:
    """Let Anna place a video call, and Ben accept it with `accepts`."""
    anna, camera, screen = w["anna1"], Camera(), Screen()
    call = await anna.service.call(anna.session.contact, "video", source=camera, sink=screen)
    ringing = await w["ben1"].rings()
    theirs = await ringing.accept(source=SilenceSource(), sink=NullSink(), media=accepts)
    return call, theirs, camera, screen


@pytest.fixture
def ben_answers_with_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was agreed: nothing in these stories places a voice call."""
    start = CallTransport.start
    monkeypatch.setattr(CallTransport, "start", lambda self, _: start(self, Media.VIDEO))


@pytest.mark.usefixtures("ben_answers_with_a_picture")
async def test_the_call_ends_and_no_picture_left(w: RealWorld) -> None:
    call, theirs, camera, screen = await ring(w, "voice")
    async with asyncio.timeout(30):
        with pytest.raises(UnavailableError):
            await call.connected()
        assert await call.ended() == "failed"
        await theirs.ended()
    assert call.end_code is Code.MALFORMED
    assert call.stats().frames_sent == call.stats().audio_packets == 0
    assert (camera.asked, screen.pictures) == (0, 0)


@pytest.mark.usefixtures("ben_answers_with_a_picture")
async def test_also_if_nobody_reads_the_answer(
    w: RealWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accept alone decides: the call goes on, and what Anna was told of it is true."""
    monkeypatch.setattr(sdp_guard, "check_answer", lambda *_, **__: None)
    call, theirs, camera, screen = await ring(w, "voice")
    async with asyncio.timeout(40):
        await asyncio.gather(call.connected(), theirs.connected())
        await until(lambda: theirs.stats().frames_sent > 5)
        await until(lambda: call.stats().audio_packets > 50)
    assert call.media == "voice"
    assert call.stats().frames_sent == call.stats().frames_decoded == 0
    assert theirs.stats().frames_decoded == 0
    assert (camera.asked, screen.pictures) == (0, 0)
    await call.hang_up()


@pytest.mark.parametrize("accepts", ["voice", "video"])
async def test_the_controls_an_honest_answer(w: RealWorld, accepts: str) -> None:
    call, theirs, camera, screen = await ring(w, accepts)
    async with asyncio.timeout(40):
        await asyncio.gather(call.connected(), theirs.connected())
        await asyncio.gather(call.first_frame(), theirs.first_frame())
        await until(lambda: call.stats().audio_packets > 50)
    assert call.media == theirs.media == accepts
    seen = accepts == "video"
    counts = (call.stats().frames_sent, theirs.stats().frames_decoded, camera.asked)
    assert [count > 0 for count in counts] == [seen] * 3
    assert (screen.pictures > 0) is seen
    await call.hang_up()
