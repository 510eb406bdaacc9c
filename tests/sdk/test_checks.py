"""Checks of the SDK that have no story of their own, each with its control."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts

from visavis.core.content import decode_outer, encode_outer
from visavis.core.content_outer import ContactAccept, Mls, PairReveal
from visavis.core.device_list import sign_first
from visavis.core.envelope import seal_bytes
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.ids import DeviceId, Nonce32
from visavis.core.invite import PairingLink
from visavis.sdk import enrol
from visavis.sdk.addresses import Purpose
from visavis.sdk.groups import MAX_LEAP
from visavis.sdk.keystore import UnlockedAccount
from visavis.sdk.sequencer_commit import SEAL_LABEL, WRITE_LABEL
from visavis.sdk.session_sending import presented
from visavis.transport.api import LoginStarted, PublicApi


async def test_the_profile_holds_neither_root_nor_identity_key(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-560: a stolen device must not be able to certify new ones."""
    kept: list[bytes] = []
    generate = UnlockedAccount.generate

    def watch(account: Any) -> UnlockedAccount:
        keys = generate(account)
        kept.extend((bytes(keys.root), bytes(keys.identity_private), keys.vault_keys[0]))
        return keys

    monkeypatch.setattr(UnlockedAccount, "generate", watch)
    anna = await people.sign_up("anna")
    store = anna._session.books.store
    rows = store._db.execute("SELECT bucket, slot, sealed FROM items").fetchall()
    everything = b"".join(b"".join(store._open(*row)) for row in rows)
    root, identity, vault_key = kept
    assert root not in everything
    assert identity not in everything
    assert vault_key in everything  # the control: what it does hold is found


async def test_a_server_without_the_record_cannot_pose(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-562: OPAQUE authenticates the server too. CK-594: also if passwords are the same."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob", "nine yellow boats sing")
    carol = await people.sign_up("carol")
    poses_as = [bob.handle]
    start = PublicApi.login_start

    async def posing(self: PublicApi, handle: str, request: bytes) -> LoginStarted:
        return await start(self, poses_as[0], request)

    with monkeypatch.context() as patched:
        patched.setattr(PublicApi, "login_start", posing)
        with pytest.raises(AuthorizationError) as refused:
            await anna.change_password(PASSWORD, "eleven quiet lamps drift")
        assert refused.value.code is Code.LOGIN_FAILED
        assert "CK-562" in refused.value.detail
        poses_as[0] = carol.handle
        with pytest.raises(PeerError) as another:
            await anna.change_password(PASSWORD, "eleven quiet lamps drift")
        assert another.value.code is Code.IDENTITY_CHANGED
        assert "CK-594" in another.value.detail
    await anna.change_password(PASSWORD, "eleven quiet lamps drift")


async def test_a_sequencer_holds_commits_only(people: People) -> None:
    """CK-573: a member stores a message in a commit's place. The group stays where it is."""
    anna, bob = await people.pair()
    session = bob._session
    record = session.books.groups.all()[0]
    state = session.books.groups.state(record)
    message = state.encrypt(b"\xa0", authenticated_data=bytes(8), rng=session.rng)
    key = state.exporter(SEAL_LABEL, b"", 32)
    context = bytes(record.sequencer) + state.epoch.to_bytes(8, "big")
    await session.anonymous.commit(
        presented(session.books, record)[0],
        record.sequencer,
        state.epoch,
        write_key=state.exporter(WRITE_LABEL, b"", 32),
        sealed=seal_bytes(key, context, message, session.rng),
        next_write_key_hash=bytes(32),
    )
    ours = anna._session.books.groups.all()[0]
    async with anna._session.books.groups.lock(ours):
        with pytest.raises(PeerError) as refused:
            await anna._session.sequencers.pull(ours)
    assert "CK-573" in refused.value.detail
    assert anna._session.books.groups.state(ours).epoch == 1
    await bob.send_message(await bob.find_contact("anna"), "still in this epoch")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["still in this epoch"]


async def test_a_device_off_the_list_is_not_sent_to(people: People) -> None:
    """CK-574."""
    _, bob = await people.pair()
    books = bob._session.books
    (known,) = books.contacts.all()
    ((listed, address),) = known.addresses.items()
    known.addresses[DeviceId(b"x" * 16)] = address
    books.contacts.save(known)
    assert set(bob._session.contact_devices(known.account)) == {listed}
    assert books.resolve(known.account, DeviceId(b"x" * 16)) is None
    assert books.resolve(known.account, listed) == address


async def test_an_epoch_that_no_sequencer_knows(people: People) -> None:
    """CK-578: a member that went ahead by itself is not followed."""
    anna, bob = await people.pair()
    session = bob._session
    record = session.books.groups.all()[0]
    ahead = session.books.groups.state(record).commit(rng=session.rng, now=session.now()).group
    message = ahead.encrypt(b"\xa0", authenticated_data=bytes(8), rng=session.rng)
    (address,) = session.contact_devices((await bob.contacts())[0].account).values()
    await session._sending.durable(address, encode_outer(Mls(message)))
    await bob.send_message(await bob.find_contact("anna"), "in the epoch of all")
    await settle(anna)
    assert drops(anna) == {"wrong_epoch": 1}
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["in the epoch of all"]


async def test_an_answer_counts_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-581: an answer pairs with one request; later it is an answer to none."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    sent: list[bytes] = []
    send = anna._session.outbox._send

    async def watch(address: Any, content: bytes) -> None:
        sent.append(content)
        await send(address, content)

    monkeypatch.setattr(anna._session.outbox, "_send", watch)
    await people.befriend(anna, bob)
    (answer,) = [data for data in sent if isinstance(decode_outer(data), ContactAccept)]
    group = (await bob.contacts())[0], bob._session.books.contacts.all()[0].group
    (address,) = anna._session.contact_devices((await anna.contacts())[0].account).values()
    await anna._session._sending.durable(address, answer)
    await settle(bob)
    assert drops(bob) == {"unexpected": 1}
    assert group[1] == bob._session.books.contacts.all()[0].group
    given = bob._session.books.addresses.current(Purpose.CONTACT, group[0].account)
    assert given is not None
    content = decode_outer(answer)
    assert isinstance(content, ContactAccept)
    with pytest.raises(PeerError) as refused:
        bob._session.first_contact.receive_accept(given, content)
    assert "CK-581" in refused.value.detail


async def test_a_count_that_leaps_is_not_followed(people: People) -> None:
    """CK-582: one message with the highest count would end all order."""
    anna, _ = await people.pair()
    record = anna._session.books.groups.all()[0]
    before = record.count
    record.heard(2**64 - 1)
    record.heard(before + MAX_LEAP + 1)
    assert record.count == before
    record.heard(before + MAX_LEAP)
    assert record.count == before + MAX_LEAP


async def test_the_vaults_list_must_be_of_the_keystores_identity(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-594."""
    anna = await people.sign_up("anna")
    read = enrol.read_vault

    async def another(*args: Any) -> Any:
        counter, contents, slots = await read(*args)
        own = contents.own_list
        forged = sign_first(own.account_id, b"f" * 32, own.devices)
        return counter, replace(contents, own_list=forged), slots

    with monkeypatch.context() as patched:
        patched.setattr(enrol, "read_vault", another)
        with pytest.raises(PeerError) as refused:
            await people.login("tablet", anna.handle, recovery_code=anna.recovery_code)
    assert refused.value.code is Code.IDENTITY_CHANGED
    assert "CK-594" in refused.value.detail
    await people.login("tablet", anna.handle, recovery_code=anna.recovery_code)


async def test_pairing_goes_in_order(people: People) -> None:
    """CK-596."""
    anna = await people.sign_up("anna")
    links: asyncio.Queue[str] = asyncio.Queue()
    login = asyncio.ensure_future(people.login("tablet", anna.handle, on_pairing=links.put_nowait))
    there = PairingLink.from_link(await links.get()).address
    reveal = PairReveal(Nonce32(b"n" * 32), 1)
    await anna._session.send_outer(there, reveal, durable=True)
    with pytest.raises(PeerError) as refused:
        await login
    assert refused.value.code is Code.UNEXPECTED
    assert "CK-596" in refused.value.detail
    assert len(await anna.devices()) == 1
