"""Nothing is lost: servers that die, envelopes that come twice, late or never."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
from tests.sdk.conftest import People, drops, settle, texts

from visavis.core.address import ContactAddress
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.sdk.addresses import POOL, ROTATE_KIND, Purpose, capability_hash
from visavis.sdk.client import Client
from visavis.sdk.groups import PENDING_KIND
from visavis.sdk.sequencer import Plan
from visavis.transport import socket
from visavis.transport.socket import Delivery


async def test_a_stored_message_survives_kill_9(own: People) -> None:
    anna, bob = await own.pair()
    await own.close(anna)
    at_bob = await bob.find_contact("anna")
    await bob.send_message(at_bob, "acknowledged before the crash")
    assert bob._session.outbox.waiting() == 0
    await own.server.kill()
    await bob.send_message(at_bob, "written while it was down")
    assert bob._session.outbox.waiting() == 1
    with pytest.raises(UnavailableError):
        await bob.sync(timeout_s=1)
    await own.server.start()
    await bob.sync()
    await wait_until_sent(bob)
    anna = await own.open("anna")
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == [
        "acknowledged before the crash",
        "written while it was down",
    ]


async def test_a_message_written_offline_survives_a_restart_of_the_sender(own: People) -> None:
    anna, bob = await own.pair()
    await own.server.kill()
    await bob.send_message(await bob.find_contact("anna"), "kept in the outbox")
    await own.close(bob)
    bob = await own.open("bob")
    assert bob._session.outbox.waiting() == 1
    await own.server.start()
    await wait_until_sent(bob)
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["kept in the outbox"]


async def wait_until_sent(client: Client) -> None:
    async with asyncio.timeout(30):
        while client._session.outbox.waiting():
            client._session.outbox.kick()
            await asyncio.sleep(0.05)


async def test_every_envelope_twice(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Senders repeat what may not have arrived: a repetition changes nothing."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    for client in (anna, bob):
        session = client._session
        once = session.outbox._send

        async def twice(address: ContactAddress, content: bytes, once=once) -> None:  # type: ignore[no-untyped-def]
            await once(address, content)
            await once(address, content)

        monkeypatch.setattr(session.outbox, "_send", twice)
    await people.befriend(anna, bob)
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    await bob.send_message(at_bob, "one")
    await anna.send_message(at_anna, "two")
    await settle(anna, bob)
    assert sorted(texts(await anna.history(at_anna))) == ["one", "two"]
    assert sorted(texts(await bob.history(at_bob))) == ["one", "two"]
    assert sum(drops(anna).values()) >= 1  # the repetitions were seen and dropped
    assert len(await anna.contacts()) == len(await bob.contacts()) == 1


async def test_a_crash_before_the_acknowledgement(people: People) -> None:
    """What was processed and not acknowledged comes again and is dropped."""
    anna, bob = await people.pair()
    kept: list[bytes] = []

    async def lost(delivery_id: bytes) -> None:
        kept.append(delivery_id)

    anna._session.inbox._ack = lost
    await bob.send_message(await bob.find_contact("anna"), "only once")
    await settle(anna)
    assert len(kept) == 1
    await people.close(anna)
    anna = await people.open("anna")
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["only once"]
    assert sum(drops(anna).values()) == 1


def fill(db: sqlite3.Connection) -> None:
    """Let a database grow no more; pages that were freed before would have room for a message."""
    db.execute("VACUUM")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_keeps_the_message_at_the_server(people: People) -> None:
    anna, bob = await people.pair()
    db = anna._session.books.store._db
    fill(db)
    await bob.send_message(await bob.find_contact("anna"), "x" * 12_000)
    async with asyncio.timeout(30):
        while not anna._session.inbox.kept:
            await asyncio.sleep(0.02)
    assert await anna.history(await anna.find_contact("bob")) == []
    db.execute("PRAGMA max_page_count = 1000000")
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["x" * 12_000]
    await anna.send_message(await anna.find_contact("bob"), "made room")
    await settle(bob)
    assert texts(await bob.history(await bob.find_contact("anna")))[-1] == "made room"


async def test_a_full_disk_of_the_sender_changes_nothing(people: People) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    await bob.send_message(at_bob, "before")
    db = bob._session.books.store._db
    fill(db)
    with pytest.raises(UnavailableError) as full:
        await bob.send_message(at_bob, "y" * 12_000)
    assert full.value.code is Code.DISK_FULL
    assert bob._session.outbox.waiting() == 0
    db.execute("PRAGMA max_page_count = 1000000")
    await bob.send_message(at_bob, "after")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["before", "after"]


async def test_poison_does_not_block_the_mailbox(people: People) -> None:
    anna, bob = await people.pair()
    acked: list[bytes] = []
    real = anna._session.inbox._ack

    async def ack(delivery_id: bytes) -> None:
        acked.append(delivery_id)
        await real(delivery_id)

    anna._session.inbox._ack = ack
    address = next(iter(bob._session.contact_devices((await bob.contacts())[0].account).values()))
    for garbage in (b"", b"\xa0", b"\xff" * 40, b"\xa2ak\x63mlsav\x01"):
        await bob._session._sending.durable(address, garbage)
    # Sealed for nobody, and of a size that is no bucket.
    for delivery in (Delivery(b"d" * 16, True, bytes(1024)), Delivery(b"e" * 16, True, b"short")):
        assert await anna._session.inbox.process(delivery)
    await bob.send_message(await bob.find_contact("anna"), "still readable")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["still readable"]
    assert len(acked) == 5
    assert sum(drops(anna).values()) == 6
    assert not any(key.startswith("internal") for key in drops(anna))


async def test_key_packages_run_out(people: People) -> None:
    """The last resort is given, again and again, and still works."""
    anna = await people.sign_up("anna")
    session = anna._session
    assert await session.device_api.count_key_packages() == 16
    with session.books.store.transaction():
        last = session.books.keep_key_package(last_resort=True)
        only = session.books.keep_key_package()
    taken = []
    for number in range(18):
        given = session.books.addresses.mint(Purpose.OWN, bytes([number]))
        address = session.books.addresses.address(given)
        taken.append(await session.anonymous.fetch_key_package(address))
    assert await session.device_api.count_key_packages() == 0
    assert len(set(taken)) == 17
    assert taken[-1] == taken[-2]
    await session.device_api.put_key_packages([only], last)
    assert await session.anonymous.fetch_key_package(address) == only
    assert await session.anonymous.fetch_key_package(address) == last


async def test_two_members_commit_at_once(people: People) -> None:
    """P8: one wins the epoch, the other makes its commit again on top; both are applied."""
    anna, bob = await people.pair()
    ours = anna._session.books.groups.all()[0]
    theirs = bob._session.books.groups.all()[0]

    async def update(client: Client) -> bool:
        session = client._session
        record = session.books.groups.all()[0]
        async with session.books.groups.lock(record):
            return await session.sequencers.commit(record, lambda state: Plan())

    results = await asyncio.gather(*(update(client) for client in (anna, bob, anna, bob)))
    assert results == [True] * 4
    await settle(anna, bob)
    states = [
        anna._session.books.groups.state(ours),
        bob._session.books.groups.state(theirs),
    ]
    assert states[0].epoch == states[1].epoch == 5
    assert states[0].epoch_authenticator == states[1].epoch_authenticator
    await bob.send_message(await bob.find_contact("anna"), "in the new epoch")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["in the new epoch"]


async def test_a_commit_whose_answer_was_lost(people: People) -> None:
    """P8: the author may die between offer and answer; equal bytes at the server are its own."""
    anna, bob = await people.pair()
    session = anna._session
    record = session.books.groups.all()[0]
    offer = session.anonymous.commit

    async def stored_but_no_answer(*args: object, **kwargs: object) -> None:
        await offer(*args, **kwargs)  # type: ignore[arg-type]
        raise UnavailableError(Code.UNAVAILABLE, "the answer was lost")

    async def never_sent(*args: object, **kwargs: object) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "the request was lost")

    for failing in (stored_but_no_answer, never_sent):
        epoch = session.books.groups.state(record).epoch
        session.anonymous.commit = failing  # type: ignore[method-assign]
        with pytest.raises(UnavailableError):
            async with session.books.groups.lock(record):
                await session.sequencers.commit(record, lambda state: Plan())
        assert session.books.groups.state(record).epoch == epoch
        session.anonymous.commit = offer  # type: ignore[method-assign]
        await people.close(anna)
        anna = await people.open("anna")
        session = anna._session
        record = session.books.groups.all()[0]
        offer = session.anonymous.commit
        async with session.books.groups.lock(record):
            assert await session.sequencers.pull(record) == 1
        assert session.books.groups.state(record).epoch == epoch + 1
        await anna.send_message(await anna.find_contact("bob"), f"epoch {epoch + 1}")
        await settle(anna, bob)
    got = texts(await bob.history(await bob.find_contact("anna")))
    assert got == ["epoch 2", "epoch 3"]


async def test_a_commit_leaves_its_message_key_spent(people: People) -> None:
    """P5: made again after a crash, the commit of an epoch must not be sealed with the same key."""
    anna, _ = await people.pair()
    session = anna._session
    (record,) = session.books.groups.all()
    before = session.books.groups.state(record).to_bytes()
    epoch = session.books.groups.state(record).epoch

    async def refused(*_: object, **__: object) -> None:
        raise PeerError(Code.MALFORMED, "no")

    session.anonymous.commit = refused  # type: ignore[method-assign]
    with pytest.raises(PeerError):
        async with session.books.groups.lock(record):
            await session.sequencers.commit(record, lambda state: Plan())
    assert session.books.store.count(PENDING_KIND) == 0  # no retry will help: another will be made
    await people.close(anna)
    anna = await people.open("anna")
    after = anna._session.books.groups.state(record)
    assert after.epoch == epoch
    assert after.to_bytes() != before


async def test_a_row_that_is_taken_back_on_its_way_stays_away(people: People) -> None:
    """The server refuses it a moment later: then it is no row to be marked."""
    anna = await people.sign_up("anna")
    outbox = anna._session.outbox
    address = anna._session.own_turn_address()
    numbers: list[int] = []
    taken_back = False

    async def refused(*_: object) -> None:
        if taken_back:
            outbox.drop(numbers)
        raise AuthorizationError(Code.REFUSED, "the address was replaced")

    outbox._send = refused
    for taken_back in (False, True):
        numbers[:] = [outbox.put_fixed(address, b"content")]
        await outbox.flush()
        # The control: one that was not taken back waits for another address.
        assert outbox.waiting() == (0 if taken_back else 1)
        outbox.drop(numbers)
    await people.close(anna)
    anna = await people.open("anna")
    assert anna._session.outbox.waiting() == 0


async def test_a_message_meets_an_address_that_was_just_replaced(people: People) -> None:
    """The old capability is refused; the announcement lies in the mailbox; nothing is lost."""
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    process = bob._session.inbox.process
    held = asyncio.Event()

    async def slowly(delivery: Delivery) -> bool:
        await held.wait()
        return await process(delivery)

    bob._session.inbox.process = slowly  # type: ignore[method-assign]
    old = dict(bob._session.contact_devices(at_bob.account))
    anna._session.books.store.put(ROTATE_KIND, (await anna.contacts())[0].account, b"")
    await settle(anna)
    sending = asyncio.ensure_future(bob.send_message(at_bob, "to the old address"))
    async with asyncio.timeout(10):
        while not any(row.refused for row in bob._session.outbox._rows.values()):
            await asyncio.sleep(0.02)
    held.set()
    await sending
    assert dict(bob._session.contact_devices(at_bob.account)) != old
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["to the old address"]


async def test_capabilities_are_registered_once_each(people: People) -> None:
    """Two rounds at once would share what they register, and hand it out twice."""
    anna = await people.sign_up("anna")
    addresses = anna._session.books.addresses
    registered: list[bytes] = []
    asked, answered = asyncio.Event(), asyncio.Event()

    class Api:
        async def add_capabilities(self, hashes: list[bytes]) -> None:
            registered.extend(hashes)
            asked.set()
            await answered.wait()

        async def revoke_capabilities(self, hashes: list[bytes]) -> None:
            pass

    api: Any = Api()
    addresses.revoke(addresses.mint(Purpose.OWN, b"one"), anna._session.books.now())
    flushing = asyncio.ensure_future(addresses.flush(api))
    await asyncio.wait_for(asked.wait(), 10)
    refilling = asyncio.ensure_future(addresses.refill(api))
    await asyncio.sleep(0)
    answered.set()
    await asyncio.gather(flushing, refilling)
    assert len(registered) == len(set(registered)) == 1 + POOL
    hashes = [capability_hash(key) for key, _ in anna._session.books.store.items("pool")]
    assert set(registered) <= set(hashes)


async def test_the_pool_is_refilled(people: People) -> None:
    """P7: 256 at sign-up, more at a random hour, and the server takes what is made of them."""
    anna, bob = await people.pair()
    addresses, session = anna._session.books.addresses, anna._session
    while not addresses.needs_refill:
        addresses.mint(Purpose.OWN, session.rng(4))
    now = session.books.now()
    await anna.sync()
    assert addresses.needs_refill  # not at once: that would tell that one was handed out
    session.books.now = lambda: now + 3_601  # type: ignore[method-assign]
    await anna.sync()
    assert not addresses.needs_refill
    for _ in range(150):  # past what was there before
        given = addresses.mint(Purpose.OWN, session.rng(4))
    await bob._session._sending.durable(addresses.address(given), b"\xa0")
    await settle(anna)
    assert drops(anna) == {"malformed": 1}


@pytest.mark.long
async def test_a_sync_does_not_wait_for_the_pause_between_two_attempts(
    own: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await own.pair()
    await anna.send_message(await anna.find_contact("bob"), "before")
    await bob.sync()
    monkeypatch.setattr(socket, "FIRST_BACKOFF_S", 3600)
    monkeypatch.setattr(socket, "MAX_BACKOFF_S", 3600)
    await own.server.stop()
    with pytest.raises(UnavailableError):
        await bob.sync(timeout_s=1)
    await own.server.start()
    await bob.sync()
