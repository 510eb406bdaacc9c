"""A member that shares its screen over the SFU: two pictures, told apart by the Python client.

What browsers send: the screen is a section of its own, added when it is shared first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from aiortc.mediastreams import VideoStreamTrack
from av import VideoFrame
from tests.media.as_screens import AsScreens
from tests.media.room_party import Caller
from tests.media.sfu_peers import Peer, bare, keyed, network
from tests.sdk.group_call_ends import Ears
from tests.server.room_kit import RawMember, scene, until

from visavis.core import content_room as room
from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import FeedId
from visavis.media.fan import Fan
from visavis.media.interfaces import FrameCrypto, TurnServer
from visavis.media.peer_connection import keep_to_our_codecs
from visavis.media.sframe_hooks import protect_sender
from visavis.media.silence import SilenceSource
from visavis.sdk.group_call_media import GroupCallMedia

pytestmark = pytest.mark.media

CAMERA, SCREEN = (160, 120), (320, 240)


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


class Flat(VideoStreamTrack):
    """A grey picture of one size, 15 times a second."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self._size = size
        self._count = 0

    async def recv(self) -> VideoFrame:
        await asyncio.sleep(1 / 15)
        frame = VideoFrame(*self._size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = self._count * 6_000, Fraction(1, 90_000)
        self._count += 1
        return frame


class Sizes(Ears):
    """Also counts how large the pictures of each kind were."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: Counter[tuple[str, int, int]] = Counter()

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        super().on_video(leaf, frame)
        self.sizes["camera", frame.width, frame.height] += 1

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        super().on_screen(leaf, frame)
        self.sizes["screen", frame.width, frame.height] += 1


class Sharer(Peer):
    """Sends as a browser does: sound, a camera, and a screen once it is shared."""

    async def offer(self, *, audio: bool = True, video: bool = True) -> str:
        await super().offer(audio=audio, video=False)
        if video:
            self._add(CAMERA, self.frames)
        return await self._described()

    async def share(self) -> str:
        self._add(SCREEN, AsScreens(self.frames))
        return await self._described()

    def _add(self, size: tuple[int, int], frames: FrameCrypto) -> None:
        transceiver = self.up.addTransceiver(Flat(size), direction="sendonly")
        protect_sender(transceiver.sender, frames, self.sent)
        keep_to_our_codecs(transceiver)

    async def _described(self) -> str:
        await self.up.setLocalDescription(await self.up.createOffer())
        return bare(self.up.localDescription.sdp)


class Watcher:
    """The product's media of one member, in a room with lines that a test has made."""

    def __init__(self, line: RawMember) -> None:
        self.line = line
        self.sink = Sizes()
        self._said: set[asyncio.Task[None]] = set()
        self.media = GroupCallMedia(
            keyed(1, {0}),
            Fan(SilenceSource(), video=False),
            self.sink,
            video=False,
            turn=self.turn,
            send=self.send,
            seat=self,
        )
        self.media.start()
        self._task = asyncio.ensure_future(self._listen())

    async def turn(self) -> Sequence[TurnServer]:
        raise UnavailableError(Code.NO_RELAY, "the SFU is near")

    def announce(self, feed: FeedId | None) -> None:
        pass

    def tell(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> bool:
        del leaf, content
        return False

    def send(self, message: room.ToRoom) -> None:
        task = asyncio.ensure_future(self.line.say(message))
        self._said.add(task)
        task.add_done_callback(self._said.discard)

    async def _listen(self) -> None:
        self.media.room_says(room.RoomEntered(1, (0,), 1, has_sfu=True, most=200))
        while True:
            self.media.room_says(await self.line.next(3_600))

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.media.close()


def still(count: Callable[[], int], seconds: float = 1.0) -> Callable[[], bool]:
    """Return what says whether a count has been the same for so long."""
    last, since = -1, 0.0

    def is_still() -> bool:
        nonlocal last, since
        now = asyncio.get_running_loop().time()
        if count() != last:
            last, since = count(), now
        return now - since > seconds

    return is_still


async def test_a_screen_is_not_taken_for_the_camera(tmp_path: Path) -> None:
    async with scene(tmp_path, sfu=True) as stage:
        sharer = Sharer(keyed(0, {1}))
        caller = Caller(await stage.maker(), sharer)
        watcher = Watcher(await stage.joiner())
        try:
            watcher.media.members(1, frozenset({0}))
            await caller.publish()
            assert caller.feed is not None
            watcher.media.announced(0, caller.feed)
            sink = watcher.sink
            await until(lambda: sink.pictures[0] > 5 and sink.samples[0], 30)
            assert not sink.screens
            # Shared later, as a section more: it is watched anew by itself.
            await caller.line.say(room.RoomPublish(await sharer.share()))
            await until(lambda: sink.screens[0] > 5, 30)
            before = sink.pictures[0]
            await until(lambda: sink.pictures[0] > before + 5, 30)
            assert set(sink.sizes) == {("camera", *CAMERA), ("screen", *SCREEN)}
            # A screen is got whoever looks; the control: the camera is not.
            watcher.media.watch({})
            await until(still(lambda: sink.pictures[0]), 30)
            before = sink.screens[0]
            await until(lambda: sink.screens[0] > before + 5, 30)
            assert set(sink.sizes) == {("camera", *CAMERA), ("screen", *SCREEN)}
        finally:
            await watcher.close()
            await caller.close()
