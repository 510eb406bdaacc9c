"""A screen that takes the camera's place is recorded by a yes to it, and by no other (CK-219)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import av
import pytest
from av import VideoFrame
from tests.media.as_screens import AsScreen, Size
from tests.media.sfu_peers import network
from tests.sdk.conftest import People
from tests.sdk.group_call_ends import Ears
from tests.sdk.groups import group_of

from visavis.core.frame_keys import FrameKind
from visavis.core.ids import Digest
from visavis.core.recording_proof import prove
from visavis.core.recording_types import Kind, Kinds
from visavis.core.vvrec import Part, read
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import FrameEncryptor
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.call_objects import Call
from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import GroupCall
from visavis.sdk.recording_objects import CallRecording, Wanted
from visavis.testing.server import running_server

pytestmark = pytest.mark.media

CAMERA, SCREEN = (160, 120), (320, 240)
VIDEO_ONLY, SCREEN_ONLY = frozenset({Kind.VIDEO}), frozenset({Kind.SCREEN})
BOTH = VIDEO_ONLY | SCREEN_ONLY
OF: Final = {CAMERA: Kind.VIDEO, SCREEN: Kind.SCREEN}


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


@pytest.fixture(autouse=True)
def screens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is as large as a screen sealed as one."""
    new_context = CallFrames.new_context

    def sealing(self: CallFrames, kind: FrameKind) -> FrameEncryptor:
        return AsScreen(new_context(self, kind), lambda size: size == SCREEN)

    monkeypatch.setattr(CallFrames, "new_context", sealing)


class Sharing(SilenceSource):
    """A camera, or a screen in its place, grey both."""

    size: Size = CAMERA

    async def next_video(self) -> VideoFrame:
        still = await super().next_video()
        frame = VideoFrame(*self.size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = still.pts, still.time_base
        return frame


async def until(recording: CallRecording, holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        async for _ in recording.changes():
            if holds():
                return


Ends = tuple[Call, Call] | tuple[GroupCall, GroupCall]


@asynccontextmanager
async def of_two(people: People, bobs: Sharing) -> AsyncIterator[tuple[Client, Ends]]:
    anna, bob = await people.pair()
    (contact,) = await anna.contacts()
    ringing = asyncio.ensure_future(anext(bob.incoming()))
    ours = await anna.call(contact, "video", source=Sharing(), sink=NullSink())
    theirs = await (await ringing).accept(source=bobs, sink=NullSink())
    for call in (ours, theirs):
        await call.first_frame()
    yield anna, (ours, theirs)
    await ours.hang_up()


@asynccontextmanager
async def in_a_mesh(people: People, bobs: Sharing) -> AsyncIterator[tuple[Client, Ends]]:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    ears = [Ears(), Ears()]
    ours = await anna.call_group(group, "video", source=Sharing(), sink=ears[0])
    theirs = await bob.call_group(group, "video", source=bobs, sink=ears[1])
    async with asyncio.timeout(60):
        while not all(one.pictures for one in ears):
            await asyncio.sleep(0.1)
    assert ours.stats().path == "mesh"
    yield anna, (ours, theirs)
    await theirs.leave()
    await ours.leave()


@pytest.mark.parametrize(
    ("call", "agreed"),
    [(of_two, VIDEO_ONLY), (of_two, SCREEN_ONLY), (in_a_mesh, VIDEO_ONLY), (in_a_mesh, BOTH)],
)
async def test_a_screen_is_recorded_by_a_yes_to_it_alone(
    tmp_path: Path,
    call: Callable[..., AsyncIterator[tuple[Client, Ends]]],
    agreed: Kinds,
) -> None:
    bobs = Sharing()
    async with running_server(tmp_path, turn=True) as server:
        people = People(server, tmp_path, allow_loopback=True)
        try:
            async with call(people, bobs) as (anna, ends):  # type: ignore[attr-defined]
                await shared_while_recorded(ends, bobs, agreed)
            (kept,) = anna._session.recordings.all()
            with anna._session.recordings.path(kept).open("rb") as file:
                assert prove(file).ok
            with anna._session.recordings.path(kept).open("rb") as file:
                parts = [chunk for chunk, _ in read(file) if isinstance(chunk, Part)]
            # What the file says it is, and what is in it.
            assert {part.kind for part in parts} == agreed
            target = tmp_path / "all.webm"
            await anna._session.recordings.export(kept, target, lambda *_: None)
            sizes = seen(target)
            assert {OF[size] for size in sizes} == agreed
            assert all(count > 10 for count in sizes.values()), sizes
        finally:
            await people.close()


async def shared_while_recorded(ends: Ends, bobs: Sharing, agreed: Kinds) -> None:
    """Have a camera, then a screen, then the camera again."""
    annas, theirs = (call.recording for call in ends)
    await until(annas, lambda: annas.may_not_ask is None)
    ask: Digest = await annas.ask(Wanted(BOTH, "Minutes of the rehearsal", clear=True))
    await until(theirs, lambda: theirs.requests)
    await theirs.agree(ask, agreed, clear=True)
    await until(annas, lambda: annas.recorded)
    for size in (CAMERA, SCREEN, CAMERA):
        bobs.size = size
        await asyncio.sleep(4)


def seen(path: Path) -> Counter[Size]:
    """Return how many pictures of each size FFmpeg's decoder makes of a file."""
    counts: Counter[Size] = Counter()
    with av.open(str(path)) as container:
        for packet in container.demux():
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame)
                counts[frame.width, frame.height] += 1
    return counts
