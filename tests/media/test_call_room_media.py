"""Call rooms with a real Janus: four members publish and watch sealed frames, and what breaks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.media.room_party import Party, Stopwatch, party
from tests.media.sfu_peers import Peer, keyed, network
from tests.server.room_kit import KEYS, scene, until

from visavis.core import content_room as room
from visavis.core.content_room_fields import Refusal, WatchedFeed, Why
from visavis.core.ids import FeedId

pytestmark = pytest.mark.media

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


async def test_four_members_see_and_hear_each_other(tmp_path: Path) -> None:
    async with party(tmp_path) as four:
        async with httpx.AsyncClient() as client:
            said = (await client.get(f"{four.stage.server.origin}/v1/server")).json()
        assert said["sfu"] is True
        await four.connect()
        await four.flows()
        for number, caller in enumerate(four.callers):
            assert caller.feeds[caller.feed] == caller.line.number == number  # type: ignore[index]
            assert sum(caller.peer.got.failed.values()) == 0
            assert caller.problem is None
        # Whose section is whose is what the feeds say.
        first = four.callers[0]
        owners = {one.feed for one in first.sections}
        assert owners == {c.feed for c in four.callers[1:]}
        # Who leaves is watched by nobody any more, and the others go on.
        leaver = four.callers.pop()
        await leaver.line.say(room.RoomLeave())
        await until(lambda: all(leaver.feed not in c.feeds for c in four.callers))
        assert first.gone == [room.RoomGone(3, Why.LEFT)]
        await leaver.close()
        # Who comes then takes the place of what ended.
        await four.add(1)
        await four.callers[-1].publish()
        newest = four.callers[-1].feed
        await until(lambda: all(newest in caller.feeds for caller in four.callers))
        for caller in four.callers:
            await caller.watch_others()
        await four.flows()
        assert not any(caller.refused for caller in four.callers)
        assert all(caller.problem is None for caller in four.callers)


async def test_who_has_another_key_opens_nothing(tmp_path: Path) -> None:
    """The SFU passes frames on and opens none; nor does who was never given the key."""
    async with party(tmp_path, 2) as four:
        await four.add(1, key=bytes(32))
        await four.connect()
        stranger = four.callers[2].peer
        await until(lambda: all(stranger.got.failed[k] > 20 for k in ("audio", "video")), 30)
        assert sum(stranger.got.decrypted.values()) == 0
        # The control: the two others open each other's.
        await until(lambda: four.callers[0].peer.got.decrypted["video"] > 20, 30)


async def test_who_is_cut_off_gets_and_sends_nothing_more(tmp_path: Path) -> None:
    """Its connections stand and its keys fit still: the SFU has ended them."""
    async with party(tmp_path, 3) as three:
        await three.connect()
        await three.flows()
        first, second, removed = three.callers
        await first.line.say(room.RoomEvict(removed.line.number, KEYS[0]))
        await until(lambda: all(removed.feed not in one.feeds for one in (first, second)))
        await asyncio.sleep(0.5)  # what was on its way
        got = sum(removed.peer.got.decrypted.values())
        first.peer.by_leaf.clear()
        # The control: the others go on meanwhile.
        await until(lambda: first.peer.by_leaf[1, "audio"] > 50, 30)
        assert sum(removed.peer.got.decrypted.values()) == got
        assert first.peer.by_leaf[2, "audio"] == first.peer.by_leaf[2, "video"] == 0


async def test_janus_is_killed_all_are_told_at_once_and_it_works_again(tmp_path: Path) -> None:
    async with party(tmp_path) as four:
        await four.connect()
        await four.flows(5)
        assert four.janus.process_id is not None
        killed = time.monotonic()
        os.kill(four.janus.process_id, signal.SIGKILL)
        await until(lambda: all(c.when("room.sfu_lost") for c in four.callers))
        assert all((c.when("room.sfu_lost") or 0) - killed < 1 for c in four.callers)
        await until(lambda: all(c.when("room.sfu_back") for c in four.callers))
        for leaf, caller in enumerate(four.callers):
            await caller.peer.close()
            caller.peer = Peer(keyed(leaf, set(range(8)) - {leaf}))
            caller.feed, caller.feeds = None, {}
        await four.connect()
        await four.flows(5)
        assert not any(c.gone for c in four.callers), "nobody left the room for it"


async def test_publishing_again_is_a_new_feed_and_the_old_one_goes(tmp_path: Path) -> None:
    async with party(tmp_path, 2) as two:
        await two.connect()
        await two.flows(5)
        first, second = two.callers
        old = first.feed
        await first.peer.up.close()
        await until(lambda: old not in second.feeds)  # the connection said that it ends
        first.peer.up = first.peer.connection()
        await first.publish()
        assert first.feed != old
        await until(lambda: first.feed in second.feeds)
        await second.watch_others()
        await two.flows(5)


async def test_a_section_that_is_added_is_taken_up_without_a_gap(tmp_path: Path) -> None:
    """A member begins with sound alone and shows a picture later, over the same connection."""
    async with party(tmp_path, 2) as two:
        first, second = two.callers
        await second.publish()
        await first.line.say(room.RoomPublish(await first.peer.offer(video=False)))
        await until(lambda: first.feed in second.feeds)
        feed = first.feed
        assert feed is not None
        # What a feed does not have yet may be wanted of it, and is left out.
        await second.line.say(room.RoomWatch((WatchedFeed(FeedId(feed), ("0", "1", "2")),)))
        await until(lambda: second.peer.by_leaf[0, "audio"] > 10)
        assert [one.source for one in second.sections] == ["0"]
        assert not second.refused
        seen = len(second.seen)
        await first.line.say(room.RoomPublish(await first.peer.offer(audio=False)))
        await until(lambda: "room.feeds" in [kind for kind, _ in second.seen[seen:]])
        assert first.feed == feed, "the same feed"
        await second.line.say(room.RoomWatch((WatchedFeed(FeedId(feed), ("0", "1", "2")),)))
        await until(lambda: second.peer.by_leaf[0, "video"] > 10)
        assert [one.source for one in second.sections] == ["0", "1"]
        assert sum(second.peer.got.failed.values()) == 0
        offers = [kind for kind, _ in second.seen].count("room.offer")
        await second.watch_others()  # the same wish once more
        await asyncio.sleep(0.5)
        assert [kind for kind, _ in second.seen].count("room.offer") == offers


async def test_parts_of_a_feed_can_be_watched_and_nothing_at_all(tmp_path: Path) -> None:
    async with party(tmp_path, 2) as two:
        await two.connect()
        await two.flows(5)
        first, second = two.callers
        assert second.feed is not None
        await first.line.say(room.RoomLayers("1", 0, 0))
        await first.line.say(room.RoomWatch((WatchedFeed(second.feed, ("0",)),)))
        await until(lambda: [one.source for one in first.sections] == ["0"])
        await until(lambda: first.peer.got.decrypted["audio"])
        # Let what was under way arrive; then only sound comes.
        await asyncio.sleep(0.5)
        first.peer.by_leaf.clear()
        await until(lambda: first.peer.by_leaf[1, "audio"] > 20)
        assert first.peer.by_leaf[1, "video"] == 0
        # A feed that is none is left out (CK-823), and nothing is watched any more.
        await first.line.say(room.RoomWatch((WatchedFeed(FeedId(bytes(16))),)))
        await asyncio.sleep(0.5)
        first.peer.by_leaf.clear()
        await asyncio.sleep(0.5)
        assert first.peer.by_leaf.total() == 0
        assert not first.refused


async def test_hostile_descriptions_do_not_reach_janus(tmp_path: Path) -> None:
    """CK-813 to CK-817; the control: the same description, whole and without a candidate."""
    async with party(tmp_path, 1) as one:
        caller = one.callers[0]
        good = await caller.peer.offer()
        candidate = "a=candidate:1 1 udp 2122260223 192.0.2.77 50000 typ host\r\n"
        for bad in (
            good + candidate,
            good.replace("VP8", "H264"),
            good.replace("a=fingerprint", "a=nothing"),
            good + "a=x\r\n" * 3_000 + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
            "v=0\r\n",
        ):
            await caller.line.say(room.RoomPublish(bad))
        await until(lambda: len(caller.refused) == 5)
        assert {refused.code for refused in caller.refused} == {Refusal.MALFORMED}
        await caller.line.say(room.RoomAnswer(good))
        await until(lambda: len(caller.refused) == 6)
        caller.refused.clear()
        await caller.line.say(room.RoomPublish(good))
        await until(lambda: caller.feed in caller.feeds)


async def test_media_that_stop_are_asked_about_and_who_is_silent_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-811: without the regular pings the SFU's word alone is enough; the control answers."""
    monkeypatch.setattr("visavis.server.call_room.LOST_S", 60.0)
    monkeypatch.setattr("visavis.server.call_room.QUIET_S", 60.0)
    async with party(tmp_path, 3) as three:
        await three.connect()
        await three.flows(5)
        watcher, silent, answering = three.callers
        silent.line.answers_pings = False
        # Not `close`, which would say goodbye: packets just end.
        senders = [s for c in (silent, answering) for s in c.peer.up.getSenders()]
        watch = Stopwatch()
        stopping = asyncio.gather(*(sender.stop() for sender in senders))
        await until(lambda: watcher.gone)
        assert watcher.gone == [room.RoomGone(silent.line.number, Why.LOST)]
        watch.check()
        await stopping
        await until(lambda: answering.line.pings)
        await asyncio.sleep(1.5)
        assert len(watcher.gone) == 1, "who answers is there, with or without media"


async def test_whose_media_come_has_longer_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-811: who sends is there, and only slow; not for ever. The control sends nothing."""
    monkeypatch.setattr("visavis.server.call_room.LOST_S", 1.5)
    monkeypatch.setattr("visavis.server.call_room.SENDING_LOST_S", 5.0)
    async with party(tmp_path, 4) as four:
        for caller in four.callers[:3]:
            await caller.publish()
        watcher, _, slow, silent = four.callers
        await until(lambda: len(watcher.feeds) == 3)
        begun = time.monotonic()
        for one in (slow, silent):
            one.line.answers_pings = False
        await until(lambda: watcher.gone)
        assert watcher.gone == [room.RoomGone(silent.line.number, Why.LOST)]
        await until(lambda: len(watcher.gone) == 2)
        assert watcher.gone[1] == room.RoomGone(slow.line.number, Why.LOST)
        assert time.monotonic() - begun >= 4.5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_member_that_is_killed_or_hangs_is_gone_within_three_seconds(
    tmp_path: Path, number: signal.Signals
) -> None:
    """CK-811, with a real process."""
    async with scene(tmp_path) as stage:
        a = await stage.maker()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.media.room_process", stage.server.origin),
            *(stage.room.hex(), KEYS[0].hex()),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"1\n"
            await a.expect(room.RoomCame)
            assert await a.nothing(3.5), "the control: while it lives it stays"
            watch = Stopwatch()
            process.send_signal(number)
            assert await a.expect(room.RoomGone) == room.RoomGone(1, Why.LOST)
            watch.check()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def test_who_shows_nobody_an_address_reaches_the_sfu_through_the_relay(
    tmp_path: Path,
) -> None:
    """The relay refuses private addresses but its own, where the SFU stands (CK-490)."""
    async with scene(tmp_path, sfu=True, turn=True, allow_loopback_relay=False) as stage:
        two = Party(stage)
        await two.add(1)
        relay = stage.server.served.relay.mint(time.time())
        await two.add(1, relay=relay)
        await two.connect()
        await two.flows()
        for connection in (two.callers[1].peer.up, two.callers[1].peer.down):
            transport = connection.getTransceivers()[0].receiver.transport.transport
            pair = transport._connection._nominated[1]
            assert pair.local_candidate.type == "relay"
        await asyncio.gather(*(caller.close() for caller in two.callers))


async def test_no_address_of_a_member_is_told_to_another(tmp_path: Path, address: str) -> None:
    """CK-814, CK-818: whatever descriptions name is the SFU's own address."""
    async with party(tmp_path, 2) as two:
        first = two.callers[0]
        offers: list[str] = []
        take = first._take

        async def noting(message: room.FromRoom) -> None:
            if isinstance(message, room.RoomOffer | room.RoomPublished):
                offers.append(message.sdp)
            await take(message)

        first._take = noting  # type: ignore[method-assign]
        await two.connect()
        await two.flows(5)
        assert len(offers) == 2
        for sdp in offers:
            candidates = [line for line in sdp.splitlines() if line.startswith("a=candidate")]
            assert candidates
            assert all(f" {address} 50" in line for line in candidates)
