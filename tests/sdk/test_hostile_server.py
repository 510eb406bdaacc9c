"""R-18: a server that strips, swaps or alters what it carries. Refused, and nothing is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import People, drops, settle, texts
from tests.sdk.test_devices import link_device

from visavis.core.content import encode_inner, encode_outer
from visavis.core.content_inner import ContactDevices
from visavis.core.content_outer import ContactRequest, Mls
from visavis.core.content_records import UNSIGNED, DeviceAddress, JoiningDevice
from visavis.core.content_signed import sign_request
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import MessageId, RequestToken, SignatureKey
from visavis.core.invite import Invite
from visavis.core.mls import SUITE_ID, new_key_package, signature_public_key
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client
from visavis.sdk.history import NoticeKind
from visavis.sdk.sequencer import Plan
from visavis.transport.anonymous import AnonymousApi, StoredCommit
from visavis.transport.api import LoggedIn, PublicApi
from visavis.transport.device_api import DeviceApi


async def test_a_swapped_key_package(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-579: the server gives a key package of its own for our second device."""
    anna, mallory = await people.sign_up("anna"), await people.sign_up("mallory")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    theirs = mallory._session.books.make_key_package().key_package

    async def swapped(self: AnonymousApi, address: Any) -> bytes:
        return theirs

    with monkeypatch.context() as patched:
        patched.setattr(AnonymousApi, "fetch_key_package", swapped)
        carol = await people.sign_up("carol")
        await people.befriend(anna, carol)
        record = next(g for g in anna._session.books.groups.all() if g.kind == "conversation")
        assert len(anna._session.books.groups.members(record)) == 2
        assert drops(anna)["bad_credential"] >= 1
    # The control: with an honest server the device is added.
    anna._session.membership.mark(record)
    await settle(anna, tablet, carol)
    assert len(anna._session.books.groups.members(record)) == 3


async def test_a_weaker_suite_is_refused(people: People) -> None:
    """R-20: a request whose key package is of another suite comes to nothing."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    for suite, accepted in ((1, False), (SUITE_ID, True)):
        link = await anna.create_invite()
        await send_request(bob, link, suite)
        await settle(anna)
        assert bool(await anna.contacts()) is accepted
    assert drops(anna) == {"wrong_suite": 1}


async def send_request(client: Client, link: str, suite: int) -> None:
    """Follow a link with a key package of a suite of our choice."""
    books, session = client._session.books, client._session
    invite = Invite.from_link(link)
    token = RequestToken.random(books.rng)
    now = books.now()
    bundle = new_key_package(
        suite_id=suite,
        identity=books.credential,
        signature_private=books.profile.signature_private,
        not_before=now - 60,
        not_after=now + 3_600,
        rng=books.rng,
    )
    own = books.addresses.address(books.addresses.mint(Purpose.REQUEST, token))
    joining = JoiningDevice(books.device, bundle.key_package, own)
    request = ContactRequest(
        token, books.own_list.data, books.profile.handle, (joining,), books.device, UNSIGNED
    )
    signed = sign_request(request, books.profile.signature_private, invite.address.mailbox)
    await session.send_outer(invite.address, signed, durable=True)


async def test_a_swapped_keystore_opens_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-561: the server answers a login with the keys of another account, or altered ones."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    stored: list[bytes] = []
    finish = PublicApi.recovery_finish

    async def keep(self: PublicApi, session: str, signature: bytes) -> LoggedIn:
        done = await finish(self, session, signature)
        stored.append(done.keystore)
        return done

    with monkeypatch.context() as patched:
        patched.setattr(PublicApi, "recovery_finish", keep)
        other = await people.login("spare", bob.handle, recovery_code=bob.recovery_code)
        await people.close(other)

    async def swapped(self: PublicApi, session: str, signature: bytes) -> LoggedIn:
        done = await finish(self, session, signature)
        return replace(done, keystore=stored[0])

    with monkeypatch.context() as patched:
        patched.setattr(PublicApi, "recovery_finish", swapped)
        with pytest.raises(AuthorizationError) as refused:
            await people.login("second", anna.handle, recovery_code=anna.recovery_code)
        assert refused.value.code is Code.LOGIN_FAILED
    assert not people.profile("second").exists()
    assert len(await anna.devices()) == 1


async def test_an_altered_vault_stops_a_new_device(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await people.sign_up("anna")
    read = DeviceApi.read_vault

    async def altered(self: DeviceApi, slots: Any) -> dict[bytes, bytes]:
        return {slot: data[::-1] for slot, data in (await read(self, slots)).items()}

    with monkeypatch.context() as patched:
        patched.setattr(DeviceApi, "read_vault", altered)
        with pytest.raises(PeerError) as refused:
            await people.login("second", anna.handle, recovery_code=anna.recovery_code)
        assert refused.value.code is Code.DECRYPTION
    assert len(await anna.devices()) == 1
    assert not (people.profile("second") / "store.db").exists()
    # The control: untouched, it works.
    second = await people.login("second", anna.handle, recovery_code=anna.recovery_code)
    assert len(await second.devices()) == 2


async def test_an_altered_commit_changes_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: the server holds sealed commits; it can withhold them and nothing more."""
    anna, bob = await people.pair()
    pull = AnonymousApi.pull

    async def altered(
        self: AnonymousApi, address: Any, handle: bytes, after: int
    ) -> tuple[list[StoredCommit], int]:
        commits, following = await pull(self, address, handle, after)
        flipped = [StoredCommit(c.n, c.sealed[:-1] + bytes([c.sealed[-1] ^ 1])) for c in commits]
        return flipped, following

    record = anna._session.books.groups.all()[0]
    with monkeypatch.context() as patched:
        patched.setattr(AnonymousApi, "pull", altered)
        session = bob._session
        theirs = session.books.groups.all()[0]
        async with session.books.groups.lock(theirs):
            await session.sequencers.commit(theirs, lambda state: Plan())
        async with asyncio.timeout(20):
            while not drops(anna).get("decryption"):
                await settle(anna)
        assert anna._session.books.groups.state(record).epoch == 1
    await bob.send_message(await bob.find_contact("anna"), "after the honest pull")
    async with asyncio.timeout(20):
        while not await anna.history(await anna.find_contact("bob")):
            await settle(anna)
    assert anna._session.books.groups.state(record).epoch == 2
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["after the honest pull"]


async def test_altered_envelopes_are_dropped(people: People) -> None:
    anna, bob = await people.pair()
    socket = bob._session._send_socket
    send = socket.send

    async def flipped(address: Any, envelope: bytes, **more: Any) -> None:
        await send(address, envelope[:-1] + bytes([envelope[-1] ^ 1]), **more)

    socket.send = flipped  # type: ignore[method-assign]
    await bob.send_message(await bob.find_contact("anna"), "altered on the way")
    socket.send = send  # type: ignore[method-assign]
    await bob.send_message(await bob.find_contact("anna"), "not altered")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["not altered"]
    assert drops(anna) == {"decryption": 1}


async def test_a_changed_identity_stops_sending(people: People) -> None:
    """CK-563, R-24: a device list signed by another identity key; the person decides."""
    anna, bob = await people.pair()
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    number = await bob.safety_number(at_bob)
    books = anna._session.books
    public = SignatureKey(signature_public_key(SUITE_ID, books.profile.signature_private))
    entry = ListedDevice(books.device, public)
    forged = sign_first(books.account, b"f" * 32, [entry])
    said = DeviceAddress(
        books.device, books.addresses.address(books.contact_address(at_anna.account))
    )
    content = ContactDevices(MessageId.random(books.rng), books.now(), forged.data, (said,))
    await anna._session.send_inner(at_anna.account, content, durable=True)
    await settle(bob)
    assert drops(bob) == {"identity_changed": 1}
    assert (await bob.find_contact("anna")).state == "identity changed"
    assert NoticeKind.IDENTITY_CHANGED in {n.kind for n in await bob.all_notices()}
    assert not bob._session.may_ring(at_bob.account)
    with pytest.raises(AuthorizationError) as stopped:
        await bob.send_message(at_bob, "must not leave")
    assert stopped.value.code is Code.IDENTITY_CHANGED
    assert await bob.history(at_bob) == []
    assert await bob.safety_number(at_bob) == number
    await bob.keep_identity(at_bob)
    await bob.send_message(at_bob, "we compared, it was false")
    await settle(anna)
    assert texts(await anna.history(at_anna)) == ["we compared, it was false"]


async def test_addresses_open_one_door_each(people: People) -> None:
    """CK-570, CK-571: who holds one address of ours cannot speak for another contact."""
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    at_carol = await carol.find_contact("anna")
    address = next(iter(carol._session.contact_devices(at_carol.account).values()))
    record = bob._session.books.groups.all()[0]
    state = bob._session.books.groups.state(record)
    message = state.encrypt(b"\xa0", authenticated_data=bytes(8), rng=bob._session.rng)
    # Bob's message over Carol's address (they may collude to blur who said what).
    await carol._session._sending.durable(address, encode_outer(Mls(message)))
    await settle(anna)
    assert drops(anna) == {"wrong_group": 1}
    invite = Invite.from_link(await anna.create_invite())
    await carol._session._sending.durable(invite.address, encode_outer(Mls(message)))
    await settle(anna)
    assert drops(anna) == {"wrong_group": 1, "unexpected": 1}


async def test_a_handshake_by_hand_is_not_believed(people: People) -> None:
    """CK-572: a commit that no sequencer stored would split the group."""
    anna, bob = await people.pair()
    session = bob._session
    record = session.books.groups.all()[0]
    state = session.books.groups.state(record)
    commit = state.commit(rng=session.rng, now=session.books.now())
    at_bob = await bob.find_contact("anna")
    address = next(iter(session.contact_devices(at_bob.account).values()))
    await session._sending.durable(address, encode_outer(Mls(commit.message)))
    await settle(anna)
    assert drops(anna) == {"unexpected": 1}
    ours = anna._session.books.groups.all()[0]
    assert anna._session.books.groups.state(ours).epoch == 1
    await bob.send_message(at_bob, "in the old epoch")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["in the old epoch"]


async def test_a_device_speaks_for_its_own_address(people: People) -> None:
    """CK-576: a stolen device announces an address of its own for its sibling."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    at_bob = await bob.find_contact("anna")
    before = dict(bob._session.contact_devices(at_bob.account))
    books = tablet._session.books
    contact = (await tablet.find_contact("bob")).account
    own = books.addresses.address(books.contact_address(contact))
    said = (DeviceAddress(anna._session.books.device, own),)
    content = ContactDevices(MessageId.random(books.rng), books.now(), books.own_list.data, said)
    assert encode_inner(content)
    await tablet._session.send_inner(contact, content, durable=True)
    await settle(bob)
    assert dict(bob._session.contact_devices(at_bob.account)) == before
    assert len(before) == 2


async def test_a_silent_server_loses_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sequencer does not answer while a message of a later epoch is here: kept, tried again."""
    anna, bob = await people.pair()
    session = bob._session
    theirs = session.books.groups.all()[0]

    async def silent(self: AnonymousApi, *args: Any) -> Any:
        raise UnavailableError(Code.UNAVAILABLE, "no answer")

    async with session.books.groups.lock(theirs):
        await session.sequencers.commit(theirs, lambda state: Plan())
    with monkeypatch.context() as patched:
        patched.setattr(AnonymousApi, "pull", silent)
        await bob.send_message(await bob.find_contact("anna"), "from the new epoch")
        async with asyncio.timeout(10):
            while not anna._session.inbox.kept:
                await asyncio.sleep(0.02)
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["from the new epoch"]
