"""R-37: after one real call the meters say what server and relay really saw.

Real: two clients, the server, coturn, aiortc with pictures and sound. The counts of the other side
are made outside the clients (`metered_world`). Envelopes and requests must be equal; bytes at the
relay may differ by the allocation's own messages and by what UDP lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from tests.sdk.metered_world import (
    Seen,
    differences,
    instrumented,
    quiet,
    relay_port,
    send_port,
)

from visavis.core.meter import Basis, Fact, Observer, Reading, What
from visavis.media.sinks import NullSink
from visavis.media.sources import FileSource
from visavis.sdk import call_sending
from visavis.sdk.client import Client
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.clip import clip_path
from visavis.testing.server import LocalServer

pytestmark = pytest.mark.media

PASSWORD = "seven purple otters juggle"
TALK_S = 4


async def person(server: LocalServer, folder: Path, name: str) -> Client:
    return await Client.signup(
        folder / name,
        server.origin,
        server.signup_link(),
        name,
        PASSWORD,
        kdf=insecure_for_tests_cheap_kdf(),
        allow_loopback=True,
    )


async def one_call(folder: Path) -> list[tuple[Reading, Seen]]:
    """Let Anna call Ben and talk; return what each meter says and what was seen of each."""
    async with instrumented(folder) as (server, truth):
        people = [await person(server, folder, name) for name in ("anna", "ben")]
        anna, ben = people
        try:
            async with asyncio.timeout(120):
                rings = asyncio.create_task(anext(ben.incoming()))
                await ben.accept_invite(await anna.create_invite())
                for client in people:
                    while not await client.contacts():
                        await client.sync()
                await quiet(truth, *people)
                before = {port: Counter(counts) for port, counts in truth.put.items()}
                got = {device: Counter(counts) for device, counts in truth.delivered.items()}
                (contact,) = await anna.contacts()
                source, sink = FileSource(clip_path()), NullSink()
                call = await anna.call(contact, "video", source=source, sink=sink)
                ringing = await rings
                theirs = await ringing.accept(source=FileSource(clip_path()), sink=NullSink())
                calls = [call, theirs]
                await asyncio.gather(*(one.connected() for one in calls))
                await asyncio.gather(*(one.first_frame() for one in calls))
                ports = [relay_port(one) for one in calls]
                await asyncio.sleep(TALK_S)
                await call.hang_up()
                await theirs.ended()
                await quiet(truth, *people)
            results = []
            for client, one, port in zip(people, calls, ports, strict=True):
                sends, device = send_port(client), bytes(client._session.books.device)
                seen = Seen(
                    truth.put[sends] - before.get(sends, Counter()),
                    truth.delivered[device] - got.get(device, Counter()),
                    truth.credentials // 2,
                    truth.relay_sent[port],
                    truth.relay_received[port],
                )
                results.append((one.meter(), seen))
            assert truth.credentials == 2
            return results
        finally:
            await asyncio.gather(*(client.close() for client in people))


async def test_a_call_in_vain_and_the_missed_call_that_is_left(tmp_path: Path) -> None:
    """Durable envelopes are counted where they leave, for the call they belong to."""
    async with instrumented(tmp_path) as (server, truth):
        people = [await person(server, tmp_path, name) for name in ("anna", "ben")]
        anna, ben = people
        try:
            async with asyncio.timeout(60):
                await ben.accept_invite(await anna.create_invite())
                for client in people:
                    while not await client.contacts():
                        await client.sync()
                rings = asyncio.create_task(anext(ben.incoming()))
                await quiet(truth, *people)
                before = Counter(truth.put[send_port(anna)])
                (contact,) = await anna.contacts()
                source, sink = FileSource(clip_path()), NullSink()
                call = await anna.call(contact, "voice", source=source, sink=sink)
                await rings
                # What is not the call's, said meanwhile, is not counted for it.
                await anna.send_message(contact, "please pick up")
                await call.hang_up()
                await quiet(truth, *people)
            put = truth.put[send_port(anna)] - before
            put[1024, True] -= 1  # The message.
            seen = Seen(put, Counter(), truth.credentials, 0, 0)
            assert differences(call.meter(), seen) == []
            facts = {fact.what: fact for fact in call.meter()}
            assert facts[What.SENT_DURABLE].much["envelopes"] == 1
            assert What.NO_RELAY in facts
        finally:
            await asyncio.gather(*(client.close() for client in people))


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Reading, Seen]]:
    return asyncio.run(one_call(tmp_path_factory.mktemp("metered")))


def test_the_meters_say_what_server_and_relay_saw(metered: list[tuple[Reading, Seen]]) -> None:
    for reading, seen in metered:
        assert differences(reading, seen) == []
        # There was something to see: a call, seconds of media, and envelopes both ways.
        assert seen.put.total() >= 3
        assert seen.delivered.total() >= 3
        assert min(seen.relay_sent, seen.relay_received) > 100_000


def test_what_one_sent_the_other_received(metered: list[tuple[Reading, Seen]]) -> None:
    (_, anna), (_, ben) = metered
    assert anna.put == ben.delivered
    assert ben.put == anna.delivered


def test_the_contact_and_the_network_saw_what_is_said(
    metered: list[tuple[Reading, Seen]],
) -> None:
    (anna, _), (ben, _) = metered
    assert What.YOU_CALLED in {fact.what for fact in anna}
    assert What.YOU_ANSWERED in {fact.what for fact in ben}
    for reading, _ in metered:
        facts = {fact.what: fact for fact in reading}
        assert facts[What.NO_ADDRESS].basis is Basis.MEASURED
        assert facts[What.SOUND_ONE_SIZE].much["packets"] > 100
        assert TALK_S <= facts[What.VIDEO].much["seconds"] <= TALK_S + 60
        assert facts[What.RELAYED].much["seconds"] >= TALK_S


def _with(reading: Reading, what: What, **much: int) -> Reading:
    """Return a reading of which one fact says another number."""

    def doctored(fact: Fact) -> Fact:
        return replace(fact, much={**fact.much, **much}) if fact.what is what else fact

    return tuple(doctored(fact) for fact in reading)


def test_the_control_a_doctored_meter_is_noticed(metered: list[tuple[Reading, Seen]]) -> None:
    reading, seen = metered[0]
    relayed = next(fact.much for fact in reading if fact.what is What.RELAYED)
    sent = next(fact for fact in reading if fact.what is What.SENT_LIVE)
    doctored = {
        "an envelope less": _with(reading, What.SENT_LIVE, envelopes=sent.much["envelopes"] - 1),
        "another size": _with(reading, What.RECEIVED_LIVE, size=65536),
        "fewer bytes": _with(reading, What.RECEIVED_LIVE, bytes=0),
        "no request": _with(reading, What.RELAY_ASKED, times=0),
        "three per cent less": _with(reading, What.RELAYED, sent=relayed["sent"] * 97 // 100),
        "more than there was": _with(
            reading, What.RELAYED, received=relayed["received"] * 103 // 100
        ),
        "nothing": tuple(fact for fact in reading if fact.observer is Observer.CONTACT),
    }
    assert [how for how, said in doctored.items() if not differences(said, seen)] == []


@pytest.mark.long
def test_the_control_a_meter_that_forgets_what_is_sent_is_noticed(tmp_path: Path) -> None:
    """The whole way, with a client whose sending side counts for nobody."""
    deaf = contextlib.nullcontext()
    with mock.patch.object(call_sending, "counted_for", return_value=deaf):
        results = asyncio.run(one_call(tmp_path))
    for reading, seen in results:
        (wrong, *_) = differences(reading, seen)
        assert wrong.startswith("sent_live")
