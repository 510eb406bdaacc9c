"""CK-369: a callee that says "voice" gets no picture, whatever its SDP answer says.

The hostile end is a `MediaConnection` with its picture on: it answers and sends as in a video call.
Each lock is tried with the ones before it picked; the control is the same without `drop_video`.
"""

from __future__ import annotations

import asyncio

import pytest
from av import VideoFrame

from visavis.core.errors import PeerError
from visavis.media import sdp_guard
from visavis.media.connection import MediaConnection, MediaEvent, wait_for
from visavis.media.sinks import NullSink
from visavis.media.sources import FileSource
from visavis.testing.clip import clip_path

pytestmark = pytest.mark.media

HEARD_S = 0.5
"""Seconds of sound after which a picture, 15 a second, would long have come."""


class Screen(NullSink):
    """Counts the pictures that a person would see."""

    def __init__(self) -> None:
        self.pictures = 0

    def on_video(self, frame: VideoFrame) -> None:
        self.pictures += 1


class Camera(FileSource):
    """Counts the pictures that were asked of it."""

    def __init__(self) -> None:
        super().__init__(clip_path(), loop=True)
        self.asked = 0

    async def next_video(self) -> VideoFrame:
        self.asked += 1
        return await super().next_video()


@pytest.fixture
def blind_to_answers(monkeypatch) -> None:
    """Pick the first lock: take any answer."""
    monkeypatch.setattr(sdp_guard, "check_answer", lambda *_, **__: None)


async def heard(wait_until, *ends) -> None:
    await wait_until(lambda: all(end._pump.seconds > HEARD_S for end in ends))


async def connect(caller: MediaConnection, callee: MediaConnection, *, voice: bool) -> None:
    """Offer a video call; the callee's accept said "voice" or not."""
    answer = await callee.accept_offer(await caller.create_offer())
    if voice:
        caller.drop_video()
    await caller.accept_answer(answer)
    await trickle(caller, callee)


async def trickle(one: MediaConnection, other: MediaConnection) -> None:
    ours, theirs = await asyncio.gather(one.gather(), other.gather())
    await one.add_remote_candidates(theirs)
    await other.add_remote_candidates(ours)


async def test_an_answer_with_a_picture_is_refused(pair) -> None:
    caller, hostile = pair.end(), pair.end()
    answer = await hostile.accept_offer(await caller.create_offer())
    caller.drop_video()
    with pytest.raises(PeerError, match="CK-369"):
        await caller.accept_answer(answer)


async def test_the_control_without_it_pictures_go_both_ways(pair, wait_until) -> None:
    camera, screen = Camera(), Screen()
    caller, callee = pair.end(source=camera, sink=screen), pair.end()
    await connect(caller, callee, voice=False)
    await heard(wait_until, caller, callee)
    await wait_until(lambda: screen.pictures)
    assert camera.asked > 0
    assert (await caller.stats()).frames_sent > 0
    assert (await callee.stats()).frames_decoded > 0


@pytest.mark.long
async def test_a_refusal_forgotten_sends_and_shows_no_picture(
    pair, wait_until, blind_to_answers
) -> None:
    """The second lock: the track that reads the camera is dead, and the sink is behind a door."""
    camera, screen = Camera(), Screen()
    caller, hostile = pair.end(source=camera, sink=screen), pair.end()
    # The answer says "sendrecv", and the hostile end does send its own picture.
    await connect(caller, hostile, voice=True)
    await heard(wait_until, caller, hostile)
    await wait_until(lambda: caller._received.decrypted["video"] > 3)
    assert screen.pictures == 0
    assert camera.asked == 0
    assert (await caller.stats()).frames_sent == 0
    assert (await hostile.stats()).frames_decoded == 0


async def test_an_honest_voice_answer_connects_and_counts_sound_as_the_first_frame(pair) -> None:
    caller, callee = pair.end(), pair.end(video=False)
    await connect(caller, callee, voice=True)
    for end in (caller, callee):
        assert await wait_for(end, MediaEvent.FIRST_FRAME, timeout_s=15) is MediaEvent.FIRST_FRAME


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.long
async def test_a_restart_brings_no_picture_back(pair, wait_until, answers: bool) -> None:
    """Neither the answer to their offer, nor our own offer, has one."""
    camera, screen = Camera(), Screen()
    caller, hostile = pair.end(source=camera, sink=screen), pair.end(video=False)
    await connect(caller, hostile, voice=True)
    await heard(wait_until, caller, hostile)
    hostile._video = True
    await asyncio.gather(caller.restart(), hostile.restart())
    first, second = (hostile, caller) if answers else (caller, hostile)
    offer = await first.create_offer()
    answer = await second.accept_offer(offer)
    ours = sdp_guard.parse(answer, "answer") if answers else sdp_guard.parse(offer, "offer")
    assert ours.video is None or ours.video.direction == "inactive"
    assert ("m=video" in offer) is answers  # The hostile end did try.
    await first.accept_answer(answer)
    await trickle(caller, hostile)
    before = caller._pump.seconds
    await wait_until(lambda: caller._pump.seconds > before + HEARD_S)
    assert (camera.asked, screen.pictures) == (0, 0)
    assert (await caller.stats()).frames_sent == 0
