"""One contract for every Sfu: no SFU at all, and Janus."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.media.sfu_peers import network

from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.media.janus import Janus
from visavis.media.janus_config import SfuSettings
from visavis.ports.sfu import NoSfu, Sfu, SfuEvent, Wanted


@pytest.fixture
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


@pytest.fixture(params=["none", pytest.param("janus", marks=pytest.mark.media)])
async def sfu(request: pytest.FixtureRequest) -> AsyncIterator[Sfu]:
    made: Sfu = NoSfu()
    if request.param == "janus":
        ip = request.getfixturevalue("address")
        made = Janus(SfuSettings(ip=ip, min_port=50_000, max_port=50_999), os.urandom)
    await made.start()
    yield made
    await made.stop()


async def test_it_says_whether_it_is_there_and_rooms_agree(sfu: Sfu) -> None:
    changes: list[bool] = []
    sfu.listen(changes.append)
    if sfu.available:
        room = await sfu.open_room(3)
        await room.close()
        await room.close()
    else:
        with pytest.raises(UnavailableError) as refused:
            await sfu.open_room(3)
        assert refused.value.code is Code.NO_SFU
    assert changes == []


async def test_stopping_twice_is_harmless_and_then_there_is_none(sfu: Sfu) -> None:
    await sfu.stop()
    await sfu.stop()
    assert not sfu.available
    with pytest.raises(UnavailableError) as refused:
        await sfu.open_room(3)
    assert refused.value.code is Code.NO_SFU


async def test_a_seat_refuses_what_makes_no_sense_and_leaves_quietly(sfu: Sfu) -> None:
    if not sfu.available:
        return
    events: list[SfuEvent] = []
    room = await sfu.open_room(3)
    seat = room.seat(events.append)
    with pytest.raises(PeerError):
        await seat.publish("v=0\r\n")
    with pytest.raises(PeerError):
        await seat.answer("v=0\r\n")
    with pytest.raises(UnavailableError):
        await seat.layers("0", 0, 0)
    with pytest.raises(UnavailableError):
        await seat.ask_key_frame()
    with pytest.raises(UnavailableError):
        await seat.watch([Wanted(bytes(16))])
    await seat.watch([])
    await seat.leave()
    await seat.leave()
    with pytest.raises(UnavailableError):
        await seat.watch([])
    assert events == []
    await room.close()
