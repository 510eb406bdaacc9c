"""Bytes at the sockets of a call's media, as the metadata meter takes them (R-37)."""

from __future__ import annotations

import asyncio

import pytest
from tests.media.test_direct import flows, restarted

from visavis.core.meter import Carried
from visavis.media.aiortc_private import missing
from visavis.media.connection import MediaConnection, MediaEvent
from visavis.testing.wiretap import tapped

pytestmark = pytest.mark.media

ALLOCATION_BYTES = 512
"""The allocation's own four messages, which pass before anything can count."""


async def closed(*ends: MediaConnection) -> list[Carried]:
    """Close both ends and return what they carried."""
    await asyncio.gather(*(end.close() for end in ends))
    return [end.carried() for end in ends]


async def agreeing(*ends: MediaConnection) -> None:
    """Wait until each end has received what the other has sent, but for what is on its way."""
    async with asyncio.timeout(60):
        while True:
            one, other = (end.carried() for end in ends)
            ways = [(one.direct_sent, other.direct_received)]
            ways.append((other.direct_sent, one.direct_received))
            if all(sent > 20_000 and abs(sent - got) < 0.1 * sent for sent, got in ways):
                return
            await asyncio.sleep(0.05)


async def test_what_two_ends_count_is_what_passed_on_the_wire(relay, make_pair) -> None:
    async with tapped(("127.0.0.1", relay.port)) as proxy:
        pair = make_pair(relay.server(port=proxy.port))
        ends = pair.end(), pair.end()
        await pair.connect()
        await pair.expect(MediaEvent.FIRST_FRAME)
        await flows(*ends)
        carried = await closed(*ends)
        await asyncio.sleep(0.2)
        passed = sum(len(datagram) for datagram in proxy.datagrams)
    counted = sum(one.relay_sent + one.relay_received for one in carried)
    assert 0 <= passed - counted <= 4 * ALLOCATION_BYTES + passed // 200
    assert counted > 5_000
    for one in carried:
        assert not one.address_told
        assert (one.direct_sent, one.direct_received) == (0, 0)
        assert one.sound_sizes == 1
        assert one.sound_packets > 0


async def test_over_tcp_it_is_counted_too(relay, make_pair) -> None:
    pair = make_pair(relay.server("tcp"))
    ends = pair.end(), pair.end()
    await pair.connect()
    await pair.expect(MediaEvent.FIRST_FRAME)
    await flows(*ends)
    one, other = await closed(*ends)
    # What one sends to the relay the other gets from it: the framing is alike, the TURN messages
    # of each are its own.
    for sent, received in (
        (one.relay_sent, other.relay_received),
        (other.relay_sent, one.relay_received),
    ):
        assert sent > 3_000
        assert abs(sent - received) < 0.05 * sent + 4096


async def test_on_the_direct_path_addresses_were_told_and_both_ways_are_counted(pair) -> None:
    ends = pair.end(), pair.end()
    for _ in range(4):  # The pair that answers first is used, and that may be the relay's.
        ours, theirs = await restarted(*ends, relay_only=(False, False))
        await ends[0].add_remote_candidates(theirs)
        await ends[1].add_remote_candidates(ours)
        await pair.expect(MediaEvent.CONNECTED)
        await flows(*ends)
        if [(await end.stats()).path for end in ends] == ["direct", "direct"]:
            break
    else:
        raise AssertionError("never direct")
    await agreeing(*ends)
    assert all(one.address_told for one in await closed(*ends))


async def test_what_is_counted_at_is_still_there() -> None:
    """A newer aioice without these attributes would count nothing."""
    assert missing() == []
