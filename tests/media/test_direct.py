"""R-04, R-32 on real sockets: what candidates exist before and after, and what the badge says.

Every line that one end hands to the other is parsed. On this machine the host addresses are
loopback, which only tests let pass.
"""

from __future__ import annotations

import asyncio

import pytest

from visavis.core.errors import PeerError, UnavailableError
from visavis.media import candidates
from visavis.media.aiortc_private import ice_of, nominated_types
from visavis.media.connection import MediaConnection, MediaEvent, wait_for

pytestmark = pytest.mark.media


def types(lines: list[str]) -> list[str]:
    return [candidates.parse(line, relay_only=False, allow_loopback=True).type for line in lines]


async def restarted(
    offerer: MediaConnection, answerer: MediaConnection, *, relay_only: tuple[bool, bool]
) -> tuple[list[str], list[str]]:
    """Restart both ends, each for its own path, and return what each sends."""
    ends = (offerer, answerer)
    await asyncio.gather(
        *(end.restart(relay_only=only) for end, only in zip(ends, relay_only, strict=True))
    )
    await offerer.accept_answer(await answerer.accept_offer(await offerer.create_offer()))
    ours, theirs = await asyncio.gather(offerer.gather(), answerer.gather())
    return ours, theirs


async def flows(*ends: MediaConnection) -> None:
    before = [(await end.stats()).frames_decoded for end in ends]
    async with asyncio.timeout(20):
        for end, count in zip(ends, before, strict=True):
            while (await end.stats()).frames_decoded < count + 5:
                await asyncio.sleep(0.05)


async def test_the_direct_path_comes_and_goes_and_media_flows(pair) -> None:
    caller, callee = pair.end(), pair.end()
    assert await caller.create_offer()  # Made, not sent: `connect` makes its own.
    await caller.restart()
    await caller.accept_answer(await callee.accept_offer(await caller.create_offer()))
    ours, theirs = await asyncio.gather(caller.gather(), callee.gather())
    assert types(ours) == types(theirs) == ["relay"]
    await caller.add_remote_candidates(theirs)
    await callee.add_remote_candidates(ours)
    await pair.expect(MediaEvent.CONNECTED)
    await flows(caller, callee)
    for end in (caller, callee):
        assert (await end.stats()).path == "relayed"

    for _ in range(4):  # The pair that answers first is used, and that may be the relay's.
        ours, theirs = await restarted(caller, callee, relay_only=(False, False))
        for lines in (ours, theirs):
            assert types(lines)[0] == "relay"  # Where the direct path does not stand.
            assert "host" in types(lines)
            # Asked of the relay itself; on one machine it is the host address again, or a new one.
            assert set(types(lines)) <= {"relay", "host", "srflx"}
            assert all("raddr 127" not in line for line in lines)
        await caller.add_remote_candidates(theirs)
        await callee.add_remote_candidates(ours)
        await pair.expect(MediaEvent.CONNECTED)
        await flows(caller, callee)
        for end in (caller, callee):
            kinds = nominated_types(ice_of(end._transport.pc))
            assert kinds is not None
            # The badge is what the pair says.
            assert (await end.stats()).path == ("relayed" if "relay" in kinds else "direct")
        if (await caller.stats()).path == (await callee.stats()).path == "direct":
            break
    else:
        raise AssertionError("never direct")

    ours, theirs = await restarted(callee, caller, relay_only=(True, True))
    assert types(ours) == types(theirs) == ["relay"]
    await callee.add_remote_candidates(theirs)
    await caller.add_remote_candidates(ours)
    await pair.expect(MediaEvent.CONNECTED)
    await flows(caller, callee)
    for end in (caller, callee):
        assert (await end.stats()).path == "relayed"


async def test_one_sided_it_stays_relayed_and_the_other_is_refused(pair) -> None:
    """CK-668: who allowed nothing takes no host candidate, and goes on with the relayed one."""
    caller, callee = pair.end(), pair.end()
    ours, theirs = await restarted(caller, callee, relay_only=(False, True))
    assert "host" in types(ours)
    assert types(theirs) == ["relay"]
    with pytest.raises(PeerError, match="CK-668"):
        await callee.add_remote_candidates(ours)
    await callee.add_remote_candidates(ours[:1])
    await caller.add_remote_candidates(theirs)
    await pair.expect(MediaEvent.CONNECTED)
    for end in (caller, callee):
        assert (await end.stats()).path == "relayed"


async def test_where_the_direct_path_does_not_stand_the_same_transport_takes_the_relay(
    pair,
) -> None:
    caller, callee = pair.end(), pair.end()
    ours, theirs = await restarted(caller, callee, relay_only=(False, False))

    def unreachable(lines: list[str]) -> list[str]:
        return [line for line in lines if " typ relay " in line] + [
            "candidate:far 1 udp 2130706431 127.0.0.77 9 typ host"  # Nobody there.
        ]

    await caller.add_remote_candidates(unreachable(theirs))
    await callee.add_remote_candidates(unreachable(ours))
    assert await wait_for(caller, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED
    assert await wait_for(callee, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED
    await flows(caller, callee)
    for end in (caller, callee):
        assert (await end.stats()).path == "relayed"


async def test_without_a_relay_there_is_no_direct_path_either(relay, pair) -> None:
    caller = pair.end()
    await caller.restart(relay_only=False)
    await caller.create_offer()
    relay.kill()
    with pytest.raises(UnavailableError):
        await caller.gather(timeout_s=0.3)


async def test_the_relay_and_nobody_else_is_asked_what_an_address_looks_like(pair) -> None:
    """CK-670: no third party, not for the direct path either."""
    caller = pair.end()
    await caller.restart(relay_only=False)
    await caller.create_offer()
    await caller.gather()
    host, port = pair.servers[0].urls[0].removeprefix("turn:").split("?")[0].split(":")
    assert ice_of(caller._transport.pc).stun_server == (host, int(port))
