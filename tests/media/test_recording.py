"""A call of three is recorded with everybody's yes: the file proves it, plays, and forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from tests.media.sfu_peers import network
from tests.media.test_group_calls import Talker, crowd

from visavis.core.recording_proof import prove
from visavis.core.recording_types import Kind
from visavis.sdk.recording_objects import CallRecording, Wanted

pytestmark = pytest.mark.media

BOTH = frozenset({Kind.AUDIO, Kind.VIDEO})


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


async def until(recording: CallRecording, holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        async for _ in recording.changes():
            if holds():
                return


async def test_three_are_recorded_and_one_takes_it_back(tmp_path: Path) -> None:
    async with crowd(tmp_path, 3, sfu=False) as talkers:
        await story(talkers, tmp_path)


async def story(talkers: list[Talker], tmp_path: Path) -> None:
    anna, bob, carl = (one.client for one in talkers)
    calls = [await one.come() for one in talkers]
    async with asyncio.timeout(60):
        while not all(one.hears(2) for one in talkers):
            await asyncio.sleep(0.1)
    annas, bobs, carls = (call.recording for call in calls)
    await until(annas, lambda: annas.may_not_ask is None)
    ask = await annas.ask(Wanted(BOTH, "Minutes of the rehearsal", clear=True))
    for one in (bobs, carls):
        await until(one, lambda one=one: one.requests)
        await one.agree(ask, BOTH, clear=True)
    for one in (annas, bobs, carls):
        await until(one, lambda one=one: one.recorded)
    await asyncio.sleep(12)
    await calls[0].leave()  # whoever records leaves: the end of the file is signed all the same
    for one in (bobs, carls):
        await until(one, lambda one=one: not one.recorded)
    for call in calls[1:]:
        await call.leave()

    recordings = anna._session.recordings
    (kept,) = recordings.all()
    with recordings.path(kept).open("rb") as file:
        told = prove(file)
    assert told.ok, told.problems
    assert told.ended
    assert len(told.members) == 3
    assert all(one.recorded_ms > 12_000 for one in told.members), told.members
    # Everybody who was recorded plays, and the export is one that others play.
    target = tmp_path / "all.webm"
    steps: list[tuple[int, int]] = []
    looked = await recordings.export(kept, target, lambda *step: steps.append(step))
    assert sorted(one.name for one in looked.members) == sorted(["you", bob.handle, carl.handle])
    assert steps[-1][0] == steps[-1][1]
    counts = decoded(target)
    assert len(counts) == 6
    assert all(count > 50 for count in counts.values()), counts
    # Carl takes his yes back, after the call: nothing of his is played any more.
    assert await carl._session.my_consents.withdraw(ask)
    again = tmp_path / "without_carl.webm"
    looked = await recordings.export(kept, again)
    assert {one.name for one in looked.members if not one.playable} == {carl.handle}
    assert len(decoded(again)) == 4


def decoded(path: Path) -> dict[int, int]:
    """Return how many frames of each track FFmpeg's decoders make of a file."""
    counts: dict[int, int] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            for _ in packet.decode():
                counts[packet.stream_index] = counts.get(packet.stream_index, 0) + 1
    return counts
