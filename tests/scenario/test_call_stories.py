"""Calls as stories: two people, several devices, one in-memory server, a virtual clock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.scenario.call_world import World, until

from visavis.core.address import ContactAddress
from visavis.core.content_call import CallAnswer
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import Digest
from visavis.testing.virtual_clock import now, run


def test_a_call_from_the_first_ring_to_the_last_key() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call("video")
            ringing = await ben.rings()
            assert (ringing.contact_name, ringing.media) == ("anna", "video")
            assert ben.session.sent == []
            assert w.turn_asked == []
            theirs = await ben.accept(ringing)
            await asyncio.gather(call.connected(), theirs.connected())
            assert call.state == theirs.state == "in_call"
            assert call.media == theirs.media == "video"
            words = await call.sas()
            assert words == await theirs.sas()
            assert len(words.split()) == 4
            await asyncio.gather(call.first_frame(), theirs.first_frame())
            await asyncio.sleep(10)
            assert call.stats().frames_decoded >= 15
            assert call.path == theirs.path == "relayed"
            # Each message once, and the caller's side sends seven envelopes at most (quota 10).
            assert sorted(anna.to_contact) == [
                "anna call.candidates",
                "anna call.reveal",
                "call.invite",
                "call.taken",
                "welcome",
            ]
            assert sorted(ben.to_contact) == [
                "ben call.candidates",
                "ben call.ready",
                "ben call.reveal",
                "call.accept",
            ]
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"
            assert await call.ended() == "hung_up"
            shells = [d.service._shells for d in (anna, ben)]
            await asyncio.sleep(0.1)
            assert shells == [{}, {}]
            assert all(media.closed for media in w.relay.made)
            assert {media.undecodable for media in w.relay.made} == {0}

    run(story())


def test_every_key_is_gone_after_the_call() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await call.connected()
            shells = [next(iter(w[n].service._shells.values())) for n in ("anna1", "ben1")]
            frames = [shell.frames for shell in shells]
            assert all(f.current() is not None for f in frames)  # The control.
            await asyncio.gather(call.hang_up(), theirs.ended())
            for secrets in (shell.secrets for shell in shells):
                assert secrets._group is secrets._welcome is None
                assert secrets.bundle is secrets.nonce is None
                assert secrets.invite is secrets.accept is None
                assert secrets._accepts == {}
            assert all(f.current() is None for f in frames)

    run(story())


def test_rings_on_two_devices_one_accepts_the_other_stops() -> None:
    async def story() -> None:
        async with World(bens=2) as w:
            call = await w["anna1"].call("voice")
            first, second = await w["ben1"].rings(), await w["ben2"].rings()
            theirs = await w["ben1"].accept(first)
            assert await second.ended() == "answered_elsewhere"
            await asyncio.gather(call.connected(), theirs.connected())
            assert w["ben2"].to_contact == []
            with pytest.raises(UnavailableError):
                await w["ben2"].accept(second)
            await theirs.hang_up()
            assert await call.ended() == "hung_up_there"

    run(story())


def test_both_devices_accept_at_once_and_the_caller_is_the_arbiter() -> None:
    async def story() -> None:
        async with World(bens=2) as w:
            call = await w["anna1"].call()
            rung = [await w[name].rings() for name in ("ben1", "ben2")]
            theirs = [
                await w[name].accept(ringing)
                for name, ringing in zip(("ben1", "ben2"), rung, strict=True)
            ]
            await call.connected()
            await theirs[0].connected()
            assert await theirs[1].ended() == "answered_elsewhere"
            await call.hang_up()

    run(story())


def test_decline_on_one_device_stops_the_other_and_tells_the_caller_nothing() -> None:
    async def story() -> None:
        async with World(bens=2) as w:
            call = await w["anna1"].call()
            first, second = await w["ben1"].rings(), await w["ben2"].rings()
            await first.decline()
            assert await first.ended() == "declined"
            assert await second.ended() == "declined_elsewhere"
            assert w["ben1"].to_contact == w["ben2"].to_contact == []
            assert call.state == "calling"
            with pytest.raises(UnavailableError) as refused:
                await call.answered()
            assert refused.value.code is Code.NO_ANSWER
            assert await call.ended() == "no_answer"

    run(story())


def test_accepting_without_picture() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call("video")
            theirs = await w["ben1"].accept(await w["ben1"].rings(), media="voice")
            await asyncio.gather(call.connected(), theirs.connected())
            assert call.media == theirs.media == "voice"
            await call.hang_up()

    run(story())


def test_the_caller_gives_up() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            ringing = await w["ben1"].rings()
            await call.hang_up()
            assert await call.ended() == "cancelled"
            assert await ringing.ended() == "cancelled_there"
            await asyncio.sleep(1)
            assert w["anna1"].to_contact == ["call.invite", "call.cancel", "call.missed"]
            assert w["ben1"].missed == []  # Ben saw it ring; nothing more to tell.

    run(story())


def test_a_device_that_comes_back_later_learns_of_the_call_and_does_not_ring() -> None:
    async def story() -> None:
        async with World() as w:
            ben = w["ben1"]
            ben.session.disconnect()
            call = await w["anna1"].call("voice")
            assert await call.ended() == "no_answer"
            await asyncio.sleep(3600)
            ben.session.connect()
            await asyncio.sleep(1)
            assert ben.rung == []
            assert [(m.contact_name, m.media, m.why) for m in ben.missed] == [
                ("anna", "voice", "away")
            ]

    run(story())


def test_a_server_restart_in_the_middle_of_ringing() -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            ringing = await ben.rings()
            await asyncio.sleep(5)
            w.network.stop()
            await asyncio.sleep(3)
            w.network.start()
            await asyncio.sleep(1)
            assert sorted(anna.to_contact) == ["call.invite", "call.invite"]
            assert len(ben.rung) == 1  # The same id rings once.
            theirs = await ben.accept(ringing)
            await asyncio.gather(call.connected(), theirs.connected())
            await call.hang_up()

    run(story())


def test_an_invite_that_the_server_lost_rings_after_its_restart() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            w.network.stop()
            await asyncio.sleep(2)
            w.network.start()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            await call.hang_up()

    run(story())


@pytest.mark.parametrize(("ours", "theirs", "lesser"), [
    ("video", "video", "video"), ("video", "voice", "voice"), ("voice", "video", "voice"),
])  # fmt: skip
def test_glare(ours: str, theirs: str, lesser: str) -> None:
    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            one, other = await asyncio.gather(anna.call(ours), ben.call(theirs))
            await asyncio.gather(one.connected(), other.connected())
            assert one.state == other.state == "in_call"
            assert one.media == other.media == lesser
            assert await one.sas() == await other.sas()
            assert anna.rung == ben.rung == []  # Nobody had to tap again.
            labels = anna.to_contact + ben.to_contact
            assert labels.count("call.accept") == 1
            assert "call.missed" not in labels
            await one.hang_up()
            assert await other.ended() == "hung_up_there"

    run(story())


def test_glare_stops_the_ringing_on_siblings() -> None:
    async def story() -> None:
        async with World(annas=2, bens=2) as w:
            one, other = await asyncio.gather(w["anna1"].call(), w["ben1"].call())
            await asyncio.gather(one.connected(), other.connected())
            for name in ("anna2", "ben2"):
                ringing = await w[name].rings()
                assert await ringing.ended() in {"cancelled_there", "answered_elsewhere"}
            await one.hang_up()

    run(story())


def test_calling_somebody_whose_call_is_ringing_here_accepts_it() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call("video")
            ringing = await w["ben1"].rings()
            theirs = await w["ben1"].call("voice")
            await asyncio.gather(call.connected(), theirs.connected())
            assert call.media == "voice"
            await theirs.hang_up()
            assert await ringing.ended() == "hung_up"

    run(story())


def test_busy_is_local() -> None:
    async def story() -> None:
        async with World(annas=2) as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            before = list(w["ben1"].to_contact)
            second = await w["anna2"].call()  # Anna's other device calls the same Ben.
            with pytest.raises(UsageError):
                await w["ben1"].call()
            assert await second.ended() == "no_answer"
            assert w["ben1"].to_contact == before
            assert [m.why for m in w["ben1"].missed] == ["busy"]
            assert call.state == "in_call"
            await call.hang_up()

    run(story())


def test_a_relay_that_dies_in_the_call_is_survived() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            asked = len(w.turn_asked)
            w.relay.stop()
            died = now()
            await asyncio.sleep(4)
            assert call.state == theirs.state == "reconnecting"
            w.relay.running = True
            await until(lambda: call.state == theirs.state == "in_call")
            assert now() - died < 10
            assert len(w.turn_asked) >= asked + 2  # Fresh credentials on both sides (P12).
            decoded = call.stats().frames_decoded
            await asyncio.sleep(5)
            assert call.stats().frames_decoded > decoded + 5
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"

    run(story())


@pytest.mark.parametrize("said", ["anna1", "ben1"])
def test_an_answer_that_answers_no_open_offer_is_dropped(said: str) -> None:
    """CK-386: late, or said twice, it ends neither the call nor the program."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            shell = next(iter(w[said].service._shells.values()))
            w.relay.stop()
            await asyncio.sleep(4)
            stale = CallAnswer("answer 7 7 7 7", Digest(bytes(32)))
            await shell.tell(stale)
            await asyncio.sleep(1)
            w.relay.running = True
            await until(lambda: call.state == theirs.state == "in_call")
            await shell.tell(stale)  # Nor now.
            await asyncio.sleep(1)
            assert call.state == theirs.state == "in_call"
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"

    run(story())


def test_candidates_that_come_before_their_transport_are_kept() -> None:
    """Both notice at once that the relay died, and credentials take a moment on each side."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            for name in ("anna1", "ben1"):
                session = w[name].session

                async def slowly(address: ContactAddress, turn: Any = session.turn) -> Any:
                    await asyncio.sleep(0.4)
                    return await turn(address)

                session.turn = slowly  # type: ignore[method-assign]
            w.relay.stop()
            died = now()
            w.relay.running = True  # It is back at once, as a supervised one is.
            await until(lambda: "reconnecting" in {call.state, theirs.state})
            await until(lambda: call.state == theirs.state == "in_call")
            assert now() - died < 10
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"

    run(story())


def test_a_call_that_reconnects_often_gets_fresh_keys_and_goes_on() -> None:
    """P10: seven transports use up an epoch's SFrame contexts; the caller makes a new epoch."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            shell = next(iter(w["ben1"].service._shells.values()))
            assert shell.secrets._group is not None
            first = shell.secrets._group.frame_keys().epoch
            for _ in range(12):
                w.relay.stop()
                await asyncio.sleep(4)
                w.relay.running = True
                await until(lambda: call.state == theirs.state == "in_call")
                decoded = [c.stats().frames_decoded for c in (call, theirs)]
                await asyncio.sleep(60)  # The quota of call envelopes is per minute.
                assert [
                    c.stats().frames_decoded > d + 50
                    for c, d in zip((call, theirs), decoded, strict=True)
                ] == [True, True]
            assert shell.secrets._group.frame_keys().epoch >= first + 3
            await call.hang_up()
            await theirs.ended()

    run(story())


def test_a_relay_that_stays_dead_ends_the_call_after_thirty_seconds() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            w.relay.stop()
            died = now()
            reasons = await asyncio.gather(call.ended(), theirs.ended())
            assert "lost" in reasons
            assert 30 <= now() - died <= 35

    run(story())


def test_no_relay_at_all() -> None:
    async def story() -> None:
        async with World() as w:
            w.relay.running = False
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            with pytest.raises(UnavailableError) as refused:
                await call.connected()
            assert refused.value.code is Code.NO_RELAY
            assert await theirs.ended() in {"failed", "hung_up_there"}

    run(story())


def test_a_blocked_contact_does_not_ring() -> None:
    """CK-368."""

    async def story() -> None:
        async with World() as w:
            w["ben1"].session.may = False
            call = await w["anna1"].call()
            assert await call.ended() == "no_answer"
            assert w["ben1"].rung == []
            assert w["ben1"].service.dropped[Code.REFUSED] == 1
            w["ben1"].session.may = True  # The control.
            again = await w["anna1"].call()
            await w["ben1"].rings()
            await again.hang_up()

    run(story())


def test_closing_the_program_hangs_up_and_ignores_what_rings() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            await w["ben1"].rings()
            await w["ben1"].service.close()
            assert w["ben1"].session.sent == []
            theirs = await w["ben1"].accept(w["ben1"].rung[0])
            await asyncio.gather(call.connected(), theirs.connected())
            await w["ben1"].service.close()
            assert await theirs.ended() == "hung_up"
            assert await call.ended() == "hung_up_there"

    run(story())
