"""R-02: a call that came to nothing stands in the thread, on the devices and nowhere else."""

from __future__ import annotations

import asyncio

import pytest
from tests.sdk.conftest import People, settle

from visavis.core.content_inner import CallMissed
from visavis.core.content_records import Media
from visavis.core.ids import CallId, MessageId
from visavis.media.silence import SilenceSource
from visavis.media.sinks import NullSink
from visavis.sdk.client import Client
from visavis.sdk.history import MessageKind
from visavis.testing.audit.holdings import collect


async def thread(client: Client) -> list[tuple[str, str]]:
    (contact,) = await client.contacts()
    return [(entry.kind.value, entry.text) for entry in await client.history(contact)]


async def test_a_call_while_away_is_in_the_thread_even_where_nobody_listens(people: People) -> None:
    anna, bob = await people.pair()
    await people.close(bob)
    (contact,) = await anna.contacts()
    call = await anna.call(contact, "video", source=SilenceSource(), sink=NullSink())
    await asyncio.sleep(0.2)
    await call.hang_up()
    async with asyncio.timeout(30):
        while anna._session.outbox.waiting():
            await asyncio.sleep(0.05)
    bob = await people.open("bob")  # Its call service is never started.
    await settle(bob)
    assert await thread(bob) == [("call.missed", "Missed video call")]
    said = await anext(bob.messages())
    assert (said.kind, said.outgoing) == (MessageKind.MISSED_CALL, False)
    await people.close(bob)
    bob = await people.open("bob")
    assert await thread(bob) == [("call.missed", "Missed video call")]
    # The caller is the one who called: nothing was missed there.
    assert await thread(anna) == [("call.unanswered", "Video call, unanswered")]
    # The control: an answered-by-nobody call is the only thing that leaves an entry.
    await bob.send_message((await bob.contacts())[0], "I was out")
    assert await thread(bob) == [("call.missed", "Missed video call"), ("text", "I was out")]


async def test_however_often_it_is_told_it_is_one_call(people: People) -> None:
    anna, bob = await people.pair()
    (contact,) = await anna.contacts()
    session = anna._session
    call = CallId.random(session.rng)
    for _ in range(3):
        told = CallMissed(MessageId.random(session.rng), session.now(), call, Media.VOICE)
        await session.send_inner(contact.account, told, durable=True)
    await settle(bob)
    assert await thread(bob) == [("call.missed", "Missed voice call")]
    other = CallId.random(session.rng)
    told = CallMissed(MessageId.random(session.rng), session.now(), other, Media.VOICE)
    await session.send_inner(contact.account, told, durable=True)
    await settle(bob)
    assert len(await thread(bob)) == 2


async def test_an_application_is_told_of_missed_calls(people: People) -> None:
    anna, bob = await people.pair()
    (contact,) = await anna.contacts()
    session = anna._session
    listening = asyncio.ensure_future(anext(bob.missed()))
    told = CallMissed(
        MessageId.random(session.rng), session.now(), CallId.random(session.rng), Media.VIDEO
    )
    await session.send_inner(contact.account, told, durable=True)
    async with asyncio.timeout(30):
        missed = await listening
    assert (missed.contact_name, missed.media) == (anna.handle, "video")


@pytest.mark.parametrize(("leave_no_trace", "entries"), [(True, 0), (False, 1)])
async def test_a_caller_can_leave_no_trace(
    people: People, leave_no_trace: bool, entries: int
) -> None:
    """The second case is the control."""
    anna, bob = await people.pair()
    await people.close(bob)
    (contact,) = await anna.contacts()
    call = await anna.call(
        contact,
        "voice",
        source=SilenceSource(),
        sink=NullSink(),
        leave_no_trace=leave_no_trace,
    )
    await asyncio.sleep(0.2)
    await call.hang_up()
    await call.ended()
    async with asyncio.timeout(30):
        while anna._session.outbox.waiting():
            await asyncio.sleep(0.05)
    bob = await people.open("bob")
    await settle(anna, bob)
    assert await thread(bob) == [("call.missed", "Missed voice call")] * entries


async def test_the_server_has_no_thread(own: People) -> None:
    """R-02: after messages and calls there is no table for them, and nothing waits."""
    anna, bob = await own.pair()
    await bob.send_message((await bob.contacts())[0], "hello")
    await settle(anna, bob)
    holdings = await asyncio.to_thread(collect, own.server.data_dir)
    tables = {name.partition(".")[0] for name in holdings.schema}
    assert not {t for t in tables for word in ("message", "thread", "call", "contact") if word in t}
    assert "envelopes" in tables
    assert [row for row in holdings.rows if row.table == "envelopes"] == []
