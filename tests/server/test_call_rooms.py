"""Call rooms on a real server: who gets in, what is passed on, what is refused, who is told."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from tests.server.room_kit import KEYS, alive, commit, hash_of, scene
from websockets.asyncio.client import connect

from visavis.core import content_room as room
from visavis.core.content_room_fields import Refusal, Why
from visavis.core.ids import Capability, MailboxId, RoomId, RoomKey
from visavis.server import call_room_media, call_room_socket
from visavis.server.call_room import GRACE_S
from visavis.server.call_sequencers import CallSequencers
from visavis.testing.clock import VirtualClock
from visavis.testing.raw_client import add_device


async def test_members_come_speak_and_go(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a = await stage.connect()
        await a.say(stage.making(7))
        entered = await a.expect(room.RoomEntered)
        assert entered == room.RoomEntered(0, (), 7, has_sfu=False, most=200)
        b = await stage.connect()
        await b.say(room.RoomEnter(stage.room, KEYS[7]))
        assert await b.expect(room.RoomEntered) == room.RoomEntered(
            1, (0,), 7, has_sfu=False, most=200
        )
        assert await a.expect(room.RoomCame) == room.RoomCame(1)
        c = await stage.joiner(KEYS[7])
        assert c.number == 2
        assert await a.expect(room.RoomCame) == await b.expect(room.RoomCame) == room.RoomCame(2)
        await a.say(room.RoomSay(b"to all"))
        for other in (b, c):
            assert await other.expect(room.RoomSaid) == room.RoomSaid(0, b"to all")
        await b.say(room.RoomSay(b"to one", 0))
        assert await a.expect(room.RoomSaid) == room.RoomSaid(1, b"to one")
        await b.say(room.RoomSay(b"to nobody", 99))
        assert await c.nothing()
        await c.say(room.RoomLeave())
        assert await c.expect(room.RoomGone) == room.RoomGone(2, Why.LEFT)
        assert await c.end() == 1000
        for other in (a, b):
            assert await other.expect(room.RoomGone) == room.RoomGone(2, Why.LEFT)
        # A number is given once.
        assert (await stage.joiner(KEYS[7])).number == 3


async def test_a_closed_connection_is_told_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a, b, c = await stage.trio()
        c.socket.transport.abort()
        for other in (a, b):
            assert await other.expect(room.RoomGone, 3) == room.RoomGone(2, Why.LOST)


async def test_what_comes_first_decides(tmp_path: Path) -> None:
    """CK-800: nothing is done before somebody is in a room, and nobody is in two."""
    async with scene(tmp_path) as stage:
        early = await stage.connect()
        for message in (room.RoomSay(b"x"), room.RoomPull(0), room.RoomLeave()):
            assert await early.refused(message) is Refusal.UNEXPECTED
        a = await stage.maker()
        assert await a.refused(stage.making(room=RoomId(os.urandom(16)))) is Refusal.UNEXPECTED
        assert await a.refused(room.RoomEnter(stage.room, KEYS[0])) is Refusal.UNEXPECTED
        assert await early.refused(room.RoomPong()) is Refusal.UNEXPECTED
        assert await early.end() == 1008, "four tries on one connection"


async def test_silence_before_the_first_message_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-800"""
    monkeypatch.setattr(call_room_socket, "FIRST_S", 0.05)
    async with scene(tmp_path) as stage:
        assert await (await stage.connect()).end() == 1008


@pytest.mark.parametrize("bad", [b"", b"\xa0", b"\x00" * 40, "text", os.urandom(500)])
async def test_what_is_no_message_ends_the_connection(tmp_path: Path, bad: bytes | str) -> None:
    """CK-801, also for a member: the others are told."""
    async with scene(tmp_path) as stage:
        a, b, _ = await stage.trio()
        await b.socket.send(bad)
        assert await b.end() in {1003, 1008}
        assert (await a.expect(room.RoomGone, 3)).member == b.number


async def test_a_room_needs_a_live_capability(tmp_path: Path) -> None:
    """CK-802: unknown, revoked, another mailbox's: one answer. The control: a live one."""
    async with scene(tmp_path) as stage:
        services = stage.server.served.application.services
        other = await add_device(services.store, services.clock.now())
        revoked = stage.device.capabilities[1]
        await services.store.revoke_capabilities(stage.device.mailbox, [sha256(revoked).digest()])
        services.listeners.revoked([sha256(revoked).digest()])
        for change in (
            {"capability": Capability(os.urandom(32))},
            {"capability": Capability(revoked)},
            {"capability": Capability(other.capabilities[0])},
            {"mailbox": MailboxId(os.urandom(16))},
        ):
            member = await stage.connect()
            assert await member.refused(stage.making(**change)) is Refusal.REFUSED
        assert len(stage.rooms) == 0
        await stage.maker()
        assert len(stage.rooms) == 1


async def test_an_id_names_one_room(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.maker()
        assert await (await stage.connect()).refused(stage.making(3)) is Refusal.CONFLICT


async def test_unknown_room_and_wrong_key_are_one_refusal(tmp_path: Path) -> None:
    """CK-803: the same bytes; the control gets in."""
    async with scene(tmp_path) as stage:
        await stage.maker()
        answers = []
        for wanted in (
            room.RoomEnter(RoomId(os.urandom(16)), KEYS[0]),
            room.RoomEnter(stage.room, KEYS[1]),
            room.RoomEnter(RoomId(bytes(16)), RoomKey(bytes(32))),
        ):
            member = await stage.connect()
            await member.say(wanted)
            answers.append(room.encode_from_room(await member.next()))
        assert len(set(answers)) == 1
        assert (await stage.joiner()).number == 1


async def test_the_random_comparison_key_opens_nothing(tmp_path: Path) -> None:
    """CK-803: what stands in for a missing key is no key."""
    async with scene(tmp_path) as stage:
        key = RoomKey(stage.rooms._nobody)
        member = await stage.connect()
        assert await member.refused(room.RoomEnter(stage.room, key)) is Refusal.REFUSED


async def test_guessing_ends_for_the_address(tmp_path: Path) -> None:
    """CK-824: after 60 failures nothing is looked up any more, for a minute."""
    async with scene(tmp_path) as stage:
        await stage.maker()
        seen = []
        for _ in range(16):
            member = await stage.connect()
            for _ in range(4):
                wrong = room.RoomEnter(stage.room, RoomKey(os.urandom(32)))
                seen.append(await member.refused(wrong))
            assert await member.end() == 1008
        assert seen.count(Refusal.REFUSED) == 60
        assert seen.count(Refusal.QUOTA) == 4


async def test_a_commit_rolls_the_key(tmp_path: Path) -> None:
    """CK-804: the present key lets in, the one before it for five seconds, none before that."""
    clock = VirtualClock()
    async with scene(tmp_path, clock=clock) as stage:
        a = await stage.maker()
        await a.say(commit(0))
        assert await a.expect(room.RoomCommitted) == room.RoomCommitted(0, accepted=True)
        assert (await stage.joiner(KEYS[1])).number == 1
        assert (await stage.joiner(KEYS[0])).number == 2
        await a.say(commit(1))
        assert (await a.until(room.RoomCommitted)).accepted
        late = await stage.connect()
        assert await late.refused(room.RoomEnter(stage.room, KEYS[0])) is Refusal.REFUSED
        for member in stage.members:
            if member.number >= 0:
                await member.say(room.RoomPong())
        await alive(stage, clock, GRACE_S - 0.5)
        assert (await stage.joiner(KEYS[1])).number == 3
        await alive(stage, clock, 0.6)
        assert await late.refused(room.RoomEnter(stage.room, KEYS[1])) is Refusal.REFUSED
        assert (await stage.joiner(KEYS[2])).number == 4


async def test_commits_are_compared_and_set(tmp_path: Path) -> None:
    """CK-805: one winner for each epoch, only with its key; the others get it in order."""
    async with scene(tmp_path) as stage:
        a, b, c = await stage.trio()
        assert await b.refused(commit(0, key=KEYS[5])) is Refusal.REFUSED
        await a.say(commit(0, b"first"))
        assert await a.expect(room.RoomCommitted) == room.RoomCommitted(0, accepted=True)
        await b.say(commit(0, b"second"))
        assert await b.until(room.RoomCommitted) == room.RoomCommitted(0, accepted=False)
        await c.say(commit(1, b"third"))
        assert (await c.until(room.RoomCommitted)).accepted
        assert [(await b.until(room.RoomOrdered)).body for _ in range(2)] == [b"first", b"third"]
        assert await a.expect(room.RoomOrdered) == room.RoomOrdered(1, b"third")
        assert (await c.expect(room.RoomOrdered)).n == 0
        await b.say(room.RoomPull(0))
        assert [(await b.until(room.RoomOrdered)).n for _ in range(2)] == [0, 1]
        assert await b.expect(room.RoomPulled) == room.RoomPulled(2)
        await b.say(room.RoomPull(1))
        assert (await b.expect(room.RoomOrdered)).n == 1
        assert (await b.expect(room.RoomPulled)).n == 2
        entered = await stage.connect()
        await entered.say(room.RoomEnter(stage.room, KEYS[2]))
        assert (await entered.expect(room.RoomEntered)).n == 2


async def test_pulling_comes_in_parts(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        for number in range(20):
            await a.say(commit(number, b"x"))
            assert (await a.expect(room.RoomCommitted)).accepted
        first, got = 0, []
        while first < 20:
            await a.say(room.RoomPull(first))
            while not isinstance(message := await a.next(), room.RoomPulled):
                got.append(message.n)  # type: ignore[union-attr]
            assert message.n > first
            first = message.n
        assert got == list(range(20))


def test_rolling_sequencers_forget_their_own_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.server.test_sequencer import offer

    from visavis.ports.stored import CommitResult
    from visavis.server import call_sequencers

    monkeypatch.setattr(call_sequencers, "MAX_COMMITS", 3)
    monkeypatch.setattr(call_sequencers, "MAX_BYTES", 10)
    rolling = CallSequencers(rolling=True)
    rolling.create(b"a", 1, bytes(32), 0)
    rolling.create(b"b", 1, bytes(32), 0)
    for number in range(1, 6):
        assert rolling.append(offer(b"a", number), 0) is CommitResult.ACCEPTED
    found = rolling.pull(b"a", 0, 0, limit=9)
    assert found is not None
    assert [number for number, _ in found.commits] == [3, 4, 5]
    assert rolling.append(offer(b"a", 6, 10), 0) is CommitResult.ACCEPTED, "its own made room"
    assert rolling.append(offer(b"b", 1), 0) is CommitResult.CONFLICT, "others' does not"
    rolling.end(b"a")
    rolling.end(b"a")
    assert rolling.append(offer(b"b", 1), 0) is CommitResult.ACCEPTED


async def test_eviction_takes_the_present_key(tmp_path: Path) -> None:
    """CK-806, CK-804: with it anybody; without it, or with the one before, nobody."""
    async with scene(tmp_path) as stage:
        a, b, c = await stage.trio()
        await a.say(commit(0))  # removes c: b and a know KEYS[1]
        await a.expect(room.RoomCommitted)
        assert await c.refused(room.RoomEvict(a.number, KEYS[0])) is Refusal.REFUSED
        await b.expect(room.RoomOrdered)
        await b.say(room.RoomEvict(c.number, KEYS[1]))
        for other in (a, b):
            assert await other.expect(room.RoomGone) == room.RoomGone(c.number, Why.EVICTED)
        assert await c.until(room.RoomGone) == room.RoomGone(c.number, Why.EVICTED)
        assert await c.end() == 4403
        # The key that c knows opens nothing any more, within the five seconds too.
        again = await stage.connect()
        assert await again.refused(room.RoomEnter(stage.room, KEYS[0])) is Refusal.REFUSED
        assert (await stage.joiner(KEYS[1])).number == 3


async def test_without_an_sfu_media_are_refused_and_the_rest_works(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        for message in (
            room.RoomPublish("v=0\r\n"),
            room.RoomWatch(()),
            room.RoomAnswer("v=0\r\n"),
            room.RoomLayers("0", 0, 0),
        ):
            assert await a.refused(message) is Refusal.NO_SFU
        b = await stage.joiner()
        await b.say(room.RoomSay(b"still here"))
        assert (await a.until(room.RoomSaid)).body == b"still here"


async def test_nothing_of_a_room_is_written_or_logged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """R-28, R-31: neither ids nor keys nor what is said. The control is found in the same way."""
    async with scene(tmp_path) as stage:
        a, b, _ = await stage.trio()
        body = b"canary-of-a-room" * 20
        await a.say(room.RoomSay(body))
        assert (await b.expect(room.RoomSaid)).body == body
        await a.say(commit(0, body))
        await a.expect(room.RoomCommitted)
        needles = [body[:16], bytes(stage.room), hash_of(KEYS[0]), hash_of(KEYS[1])]
        folder = stage.server.data_dir
        control = sha256(stage.device.capabilities[0]).digest()
        held = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    said = "".join(capfd.readouterr())
    assert control in held
    for needle in needles:
        assert needle not in held
        assert needle.hex() not in said
    assert "canary-of-a-room" not in said
    assert "127.0.0.1" not in said


async def test_it_takes_no_cookie_and_tells_none(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        url = f"{stage.server.origin.replace('http', 'ws')}/v1/call-room"
        async with connect(url, additional_headers={"Cookie": "who=anna"}) as socket:
            assert socket.response is not None
            assert "set-cookie" not in socket.response.headers
            await socket.send(room.encode_to_room(stage.making()))
            assert room.decode_from_room(await socket.recv(decode=False))


async def test_requests_to_the_sfu_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_room_media, "MAX_WAITING", 0)
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        assert await a.refused(room.RoomWatch(())) is Refusal.QUOTA


async def test_a_stopping_server_ends_rooms(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        rooms = stage.rooms
        assert len(rooms) == 1
    assert len(rooms) == 0
    assert a.closed is not None
