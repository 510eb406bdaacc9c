"""A guest in a call, with sound and pictures: heard and hearing, over the mesh and over the SFU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.media.test_group_calls import CLIP, address, until
from tests.sdk.conftest import People
from tests.sdk.group_call_ends import Ears
from tests.sdk.groups import group_of

from visavis.media.sources import FileSource
from visavis.sdk.group_call_objects import CallOfMany, GroupCall
from visavis.sdk.guest import Guest, GuestCall
from visavis.testing.server import running_server

pytestmark = pytest.mark.media

__all__ = ["address"]  # a fixture of every test here


def ends() -> dict[str, Any]:
    return {"source": FileSource(CLIP, loop=True), "sink": Ears()}


def hears(ears: Ears, others: int) -> bool:
    """Say whether sound that is no silence, and pictures, came of so many."""
    loud = [
        leaf
        for leaf, samples in ears.samples.items()
        if samples > 48_000 and ears.energy[leaf] > samples and ears.pictures[leaf] > 5
    ]
    return len(loud) == others


async def let_in(call: GroupCall, link: str, name: str, ears: dict[str, Any]) -> GuestCall:
    guest = await Guest.join(link, name, allow_loopback=True, **ears)
    await until(lambda: call.waiting)
    assert call.waiting[0].admit()
    assert await guest.inside()
    return guest


async def test_guests_hear_and_are_heard(tmp_path: Path) -> None:
    async with running_server(tmp_path, turn=True, sfu=True) as server:
        people = People(server, tmp_path, allow_loopback=True)
        try:
            group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
            made = await anna.create_call_link(await anna.find_group("Choir"))
            all_ends = [ends() for _ in range(4)]
            ears = [one["sink"] for one in all_ends]
            calls: list[CallOfMany] = []
            host = await anna.call_group(group, "video", **all_ends[0])
            assert await host.inside()
            calls = [host, await bob.call_group(group, "video", **all_ends[1])]
            assert await calls[1].inside()
            calls.append(await let_in(host, made.link, "Dana", all_ends[2]))
            await until(lambda: all(hears(one, 2) for one in ears[:3]))
            assert {one.stats().path for one in calls} == {"mesh"}
            for one in ears[:3]:
                one.forget()
            calls.append(await let_in(host, made.link, "Eve", all_ends[3]))
            await until(lambda: all(hears(one, 3) for one in ears), 90)
            await until(lambda: {one.stats().path for one in calls} == {"sfu"})
            # A few frames may come before who sent them is known; nobody sends without the keys.
            assert not any(one.stats().unopened for one in calls)
            # Who is removed by the host hears nothing any more.
            host.remove(next(one for one in host.members if one.name == "Dana"))
            await calls[2].ended()
            await until(lambda: len(host.members) == 3)
            ears[2].forget()
            for one in (ears[0], ears[1], ears[3]):
                one.forget()
            await until(lambda: all(hears(one, 2) for one in (ears[0], ears[1], ears[3])))
            assert not ears[2].samples
        finally:
            await people.close()
