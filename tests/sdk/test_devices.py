"""Several devices of one person: linked, recovered, shut out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, VisavisError
from visavis.sdk import enrol
from visavis.sdk.addresses import ROTATE_KIND
from visavis.sdk.client import Client
from visavis.sdk.history import NoticeKind
from visavis.sdk.housekeeping import Housekeeping
from visavis.sdk.membership import Membership


async def link_device(people: People, old: Client, name: str) -> Client:
    """Pair a new device by its link; both show the same digits."""
    links: asyncio.Queue[str] = asyncio.Queue()
    shown: list[str] = []

    async def confirm(digits: str) -> bool:
        shown.append(digits)
        return True

    async def approve() -> str:
        return await old.approve_device(await links.get(), confirm)

    new, short_id = await asyncio.gather(
        people.login(name, old.handle, on_pairing=links.put_nowait, on_digits=shown.append),
        approve(),
    )
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert len(shown[0]) == 6
    assert short_id in {d.short_id for d in await new.devices() if d.current}
    return new


async def kinds(client: Client) -> list[NoticeKind]:
    return [notice.kind for notice in await client.all_notices()]


async def test_a_second_device_by_pairing(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    assert [c.state for c in await tablet.contacts()] == ["contact"]
    at_bob = await bob.find_contact("anna")
    assert at_bob.devices == 2
    assert NoticeKind.NEW_DEVICE in await kinds(bob)
    assert NoticeKind.OWN_DEVICE_ADDED in await kinds(anna)
    await bob.send_message(at_bob, "to both")
    await settle(anna, tablet)
    for device in (anna, tablet):
        contact = await device.find_contact("bob")
        assert texts(await device.history(contact)) == ["to both"]
    await tablet.send_message(await tablet.find_contact("bob"), "from the tablet")
    await settle(anna, bob)
    assert texts(await bob.history(at_bob)) == ["to both", "from the tablet"]
    at_anna = await anna.find_contact("bob")
    assert [m.outgoing for m in await anna.history(at_anna)] == [False, True]
    assert len(await anna.devices()) == len(await tablet.devices()) == 2
    for device in (anna, tablet, bob):
        assert drops(device) == {}


async def test_contacts_made_on_one_device_reach_the_other(people: People) -> None:
    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    await settle(anna, tablet, carol)
    assert [c.name for c in await tablet.contacts()] == [carol.handle]
    await tablet.send_message(await tablet.find_contact("carol"), "hello from my tablet")
    await settle(anna, carol)
    assert texts(await carol.history(await carol.find_contact("anna"))) == ["hello from my tablet"]


async def test_pairing_needs_the_persons_yes(people: People) -> None:
    anna = await people.sign_up("anna")
    links: asyncio.Queue[str] = asyncio.Queue()

    async def no(digits: str) -> bool:
        return False

    login = asyncio.ensure_future(people.login("tablet", anna.handle, on_pairing=links.put_nowait))
    with pytest.raises(AuthorizationError) as refused:
        await anna.approve_device(await links.get(), no)
    assert refused.value.code is Code.REFUSED
    login.cancel()
    await asyncio.gather(login, return_exceptions=True)
    assert [d.listed for d in await anna.devices()] == [True]
    assert not (people.profile("tablet") / "store.db").exists()


async def test_a_stranger_cannot_approve_a_device(people: People) -> None:
    """CK-595: whoever photographs the link could take the new device into an account of theirs."""
    anna, mallory = await people.sign_up("anna"), await people.sign_up("mallory")
    links: asyncio.Queue[str] = asyncio.Queue()

    async def yes(digits: str) -> bool:
        return True

    login = asyncio.ensure_future(people.login("tablet", anna.handle, on_pairing=links.put_nowait))
    approving = asyncio.ensure_future(mallory.approve_device(await links.get(), yes))
    with pytest.raises(PeerError) as refused:
        await login
    assert refused.value.code is Code.BAD_CREDENTIAL
    approving.cancel()
    await asyncio.gather(approving, return_exceptions=True)
    # The control: an own device can (test_a_second_device_by_pairing).


async def test_a_second_device_by_recovery_code(people: People) -> None:
    anna, bob = await people.pair()
    await anna._session.vault.write()
    code, handle = anna.recovery_code, anna.handle
    await people.close(anna, bob)
    tablet = await people.login("tablet", handle, recovery_code=code)
    assert [c.state for c in await tablet.contacts()] == ["rejoining"]
    with pytest.raises(UnavailableError):
        await tablet.send_message(await tablet.find_contact("bob"), "too early")
    anna, bob = await people.open("anna"), await people.open("bob")
    await settle(bob, anna, tablet)
    assert [c.state for c in await tablet.contacts()] == ["contact"]
    await tablet.send_message(await tablet.find_contact("bob"), "I am back")
    await settle(bob, anna, tablet)
    at_bob = await bob.find_contact("anna")
    assert texts(await bob.history(at_bob)) == ["I am back"]
    assert at_bob.devices == 2
    await bob.send_message(at_bob, "good")
    await settle(anna, tablet)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["I am back", "good"]
    assert NoticeKind.NEW_DEVICE in await kinds(bob)


async def test_all_state_lost_and_back_by_recovery_code(people: People) -> None:
    """P5: a new device asks in; the dead one is removed everywhere; the safety number stays."""
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    number = await bob.safety_number(at_bob)
    await anna._session.vault.write()
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    back = await people.login(
        "new", handle, recovery_code=code, lost_devices=True, password="another long passphrase 7"
    )
    await bob.send_message(at_bob, "sent while she was gone")
    await settle(bob, back)
    await back.send_message(await back.find_contact("bob"), "I lost my laptop")
    await settle(bob, back)
    assert texts(await bob.history(at_bob))[-1] == "I lost my laptop"
    assert (await bob.find_contact("anna")).devices == 1
    assert await bob.safety_number(at_bob) == number
    assert {NoticeKind.NEW_DEVICE, NoticeKind.DEVICE_REMOVED} <= set(await kinds(bob))
    assert [d.current for d in await back.devices()] == [True]
    old = await people.open("anna")
    with pytest.raises(AuthorizationError) as revoked:
        await old.sync()
    assert revoked.value.code is Code.SHUT_OUT
    with pytest.raises(AuthorizationError):
        await people.login("third", handle, on_pairing=lambda link: None)


async def test_revoking_a_device(people: People) -> None:
    """P3, R-93: it can neither read nor send afterwards, and contacts are told."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    at_bob = await bob.find_contact("anna")
    other = next(d for d in await anna.devices() if not d.current)
    before = [a.capability for a in bob._session.contact_devices(at_bob.account).values()]
    key_before = anna._session.books.profile.vault_keys[:32]
    with pytest.raises(AuthorizationError) as wrong:
        await anna.revoke(other, "not the right password")
    assert wrong.value.code is Code.LOGIN_FAILED
    with pytest.raises(AuthorizationError) as unknown:
        await anna.revoke("ffffff", PASSWORD)
    assert unknown.value.code is Code.UNKNOWN_DEVICE
    await anna.revoke(other, PASSWORD)
    await settle(anna, bob)
    # The server does not know it any more.
    with pytest.raises(AuthorizationError) as refused:
        await tablet.sync()
    assert refused.value.code is Code.SHUT_OUT
    # Contacts have it off the list and out of the group, and told their person.
    assert (await bob.find_contact("anna")).devices == 1
    assert NoticeKind.DEVICE_REMOVED in await kinds(bob)
    record = bob._session.books.groups.all()[0]
    assert len(bob._session.books.groups.members(record)) == 2
    # Addresses it knew are worth nothing, on both sides.
    after = [a.capability for a in bob._session.contact_devices(at_bob.account).values()]
    assert not set(before) & set(after)
    with pytest.raises(VisavisError):
        await tablet.send_message(await tablet.find_contact("bob"), "still me")
    # The vault went over to another key.
    assert anna._session.books.profile.vault_keys[:32] != key_before
    await bob.send_message(at_bob, "only for your laptop")
    await settle(anna, bob)
    at_anna = await anna.find_contact("bob")
    assert texts(await anna.history(at_anna)) == ["only for your laptop"]
    await anna.send_message(at_anna, "thanks")
    await settle(bob)
    assert texts(await bob.history(at_bob)) == ["only for your laptop", "thanks"]
    # It opens with the recovery code, under the new key.
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    assert [c.name for c in await again.contacts()] == [bob.handle]


async def test_all_state_lost_after_a_revocation(people: People) -> None:
    """P5, P6: the vault follows the addresses that contacts replace after a revocation."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    await people.close(tablet, bob)
    other = next(d for d in await anna.devices() if not d.current)
    await anna.revoke(other, PASSWORD)
    # Bob hears of it after the vault was rewritten.
    bob = await people.open("bob")
    await settle(bob, anna)
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    back = await people.login("new", handle, recovery_code=code, lost_devices=True)
    await settle(bob, back)
    assert [c.state for c in await back.contacts()] == ["contact"]
    await back.send_message(await back.find_contact("bob"), "still me")
    await settle(bob, back)
    assert texts(await bob.history(await bob.find_contact("anna"))) == ["still me"]


async def replace_address(client: Client, contact: Client) -> None:
    """Have a device replace the address that a contact has, as after a revocation."""
    books = client._session.books
    books.store.put(ROTATE_KIND, contact._session.books.account, b"")
    client._session.housekeeping.kick()
    await settle(client)


async def test_a_refused_rejoin_finds_the_new_address_in_the_vault(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: what the vault said at login may be old by then; a sibling writes what is newer."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    handle, code, device = anna.handle, anna.recovery_code, anna._session.books.device
    await people.close(anna)
    await replace_address(bob, anna)
    again = await people.login("again", handle, recovery_code=code)
    await settle(again, bob)
    # The control: the server refuses the address that the vault knows.
    assert [c.state for c in await again.contacts()] == ["rejoining"]
    reconcile = Membership.reconcile_all

    async def all_but_anna(self: Membership) -> None:
        if self._books.device != device:  # else she lets the new one in herself
            await reconcile(self)

    monkeypatch.setattr(Membership, "reconcile_all", all_but_anna)
    anna = await people.open("anna")
    await settle(anna)
    assert anna._session.vault.due_at == 0
    await settle(again, bob)
    assert [c.state for c in await again.contacts()] == ["rejoining"]
    # It looks again within two hours, and does not write its own stale address over the new one.
    later = again._session.books.now() + 7_200
    again._session.books.now = lambda: later  # type: ignore[method-assign]
    await settle(again, bob, again)
    assert [c.state for c in await again.contacts()] == ["contact"]


async def test_a_new_device_can_be_added_before_it_asks(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sibling that is quick must find key packages, or it does not look again."""
    anna, bob = await people.pair()
    await anna._session.vault.write()
    order: list[str] = []
    upload, queue = Housekeeping.upload_key_packages, enrol.queue_rejoins

    async def uploading(self: Housekeeping) -> None:
        await upload(self)
        order.append("key packages")

    def queueing(*args: Any) -> None:
        order.append("rejoins")
        queue(*args)

    monkeypatch.setattr(Housekeeping, "upload_key_packages", uploading)
    monkeypatch.setattr(enrol, "queue_rejoins", queueing)
    again = await people.login("again", anna.handle, recovery_code=anna.recovery_code)
    assert order == ["key packages", "rejoins"]
    await settle(anna, bob, again)
    assert [c.state for c in await again.contacts()] == ["contact"]


async def test_a_revoked_device_is_not_heard(people: People) -> None:
    """CK-575: it still holds keys of the epoch before, and its messages still arrive."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    at_bob = await bob.find_contact("anna")
    contact = await tablet.find_contact("bob")
    # The control: while it stands it is heard.
    await tablet.send_message(contact, "before")
    await settle(bob)
    assert texts(await bob.history(at_bob)) == ["before"]
    # A copy of the revoked device keeps sending in the old epoch, over a capability that is good.
    other = next(d for d in await anna.devices() if not d.current)
    good = bob._session.books.contact_address(at_bob.account)
    address = bob._session.books.addresses.address(good)
    record = tablet._session.books.groups.get(bob._session.books.groups.all()[0].group_id)
    assert record is not None
    state = tablet._session.books.groups.state(record)
    from visavis.core.content import encode_inner, encode_outer
    from visavis.core.content_inner import MessageText
    from visavis.core.content_outer import Mls
    from visavis.core.ids import MessageId

    rng = tablet._session.rng
    late = MessageText(MessageId.random(rng), 1, "from the grave")
    sealed = state.encrypt(encode_inner(late), authenticated_data=bytes(8), rng=rng)
    await anna.revoke(other, PASSWORD)
    # Bob's old address was retired too; use the newest one, as a thief of it would.
    await settle(anna, bob)
    good = bob._session.books.contact_address(at_bob.account)
    address = bob._session.books.addresses.address(good)
    await anna._session._sending.durable(address, encode_outer(Mls(sealed)))
    await settle(bob)
    assert drops(bob).get("bad_credential") == 1
    assert texts(await bob.history(at_bob)) == ["before"]


async def test_a_third_device_and_the_second_revokes_the_first(people: People) -> None:
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    phone = await link_device(people, tablet, "phone")
    await settle(anna, tablet, phone, bob)
    assert len(await phone.devices()) == 3
    await phone.send_message(await phone.find_contact("bob"), "three of us")
    await settle(anna, tablet, bob)
    for device in (anna, tablet):
        contact = await device.find_contact("bob")
        assert texts(await device.history(contact)) == ["three of us"]
    first = (await anna.devices())[0]
    first = next(d for d in await anna.devices() if d.current)
    await tablet.revoke(first.short_id, PASSWORD)
    await settle(tablet, phone, bob)
    keys = {c._session.books.profile.vault_keys[:32] for c in (tablet, phone)}
    assert len(keys) == 1
    await phone.send_message(await phone.find_contact("bob"), "two of us")
    await settle(tablet, bob)
    at_bob = await bob.find_contact("anna")
    assert at_bob.devices == 2
    assert texts(await bob.history(at_bob)) == ["three of us", "two of us"]
