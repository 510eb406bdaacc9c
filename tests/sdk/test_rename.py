"""Another handle (R-82): who opens the account with it, who learns of it, who cannot make it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts
from tests.sdk.handles import cheap_work, look_up
from tests.sdk.test_devices import link_device

from visavis.core.content_inner import ContactName
from visavis.core.content_self import SelfContacts, SelfHandle
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.handle import Renamed
from visavis.core.ids import MessageId
from visavis.sdk.client import Client, Contact
from visavis.sdk.history import Notice, NoticeKind
from visavis.sdk.vault_items import VaultItems
from visavis.transport.api import AccountApi
from visavis.transport.http import Http

__all__ = ["cheap_work"]
OTHER = "nine green herons whistle"


async def contact_of(client: Client) -> Contact:
    (contact,) = await client.contacts()
    return contact


async def name_at(client: Client) -> str:
    return (await contact_of(client)).name


async def said(client: Client, kind: NoticeKind) -> list[tuple[str, str]]:
    notices: list[Notice] = await client.all_notices()
    return [(one.was, one.name) for one in notices if one.kind is kind]


async def renamed_at(client: Client) -> list[tuple[str, str]]:
    return await said(client, NoticeKind.CONTACT_RENAMED)


async def tell_name(client: Client, name: str, count: int) -> None:
    """Say a name in the conversation, as no honest client might."""
    books = client._session.books
    content = ContactName(MessageId.random(books.rng), books.now(), name, count)
    (known,) = books.contacts.all()
    await client._session.send_inner(known.account, content, durable=True)


async def test_the_contact_sees_the_new_name_and_is_told(people: People) -> None:
    anna, bob = await people.pair()
    was = anna.handle
    await bob.set_verified(await contact_of(bob))
    await anna.send_message(await contact_of(anna), "before")
    handle = await anna.rename("maria", PASSWORD)
    assert (handle == anna.handle, handle[:6], handle == was) == (True, "maria.", False)
    assert "other" not in (await anna.local_data()).kinds
    await settle(anna, bob)
    contact = await contact_of(bob)
    assert (contact.name, contact.verified, contact.state) == (handle, True, "contact")
    assert await renamed_at(bob) == [(was, handle)]
    assert (await bob.find_contact("maria")).account == contact.account
    await bob.send_message(contact, "so maria it is")
    await settle(anna, bob)
    assert texts(await anna.history(await contact_of(anna))) == ["before", "so maria it is"]
    # It is on disk, on both sides.
    await people.close(anna, bob)
    anna, bob = await people.open("anna"), await people.open("bob")
    assert (anna.handle, await name_at(bob), await renamed_at(bob)) == (
        handle,
        handle,
        [(was, handle)],
    )


async def test_the_account_opens_with_the_new_handle_and_not_with_the_old(people: People) -> None:
    anna, bob = await people.pair()
    was, code = anna.handle, anna.recovery_code
    handle = await anna.rename("maria", PASSWORD)
    await settle(anna, bob)
    with pytest.raises(AuthorizationError) as refused:
        await people.login("old", was, recovery_code=code)
    assert refused.value.code is Code.LOGIN_FAILED
    second = await people.login("new", handle, recovery_code=code)
    assert (second.handle, await name_at(second)) == (handle, bob.handle)
    # Everything that needs a login goes on by itself: on both devices.
    await settle(anna, bob, second)
    await second.change_password(PASSWORD, OTHER)
    with pytest.raises(AuthorizationError):
        await anna.change_password(PASSWORD, OTHER)
    await anna.revoke(_id(second), OTHER)
    assert len(await anna.devices()) == 1


def _id(client: Client) -> str:
    return bytes(client._session.books.device[:3]).hex()


async def test_with_the_recovery_code_the_typed_password_becomes_the_accounts(
    people: People,
) -> None:
    anna = await people.sign_up("anna")
    with pytest.raises(AuthorizationError) as missing:
        await anna.rename("maria", recovery_code=anna.recovery_code)
    assert missing.value.code is Code.LOGIN_FAILED
    with pytest.raises(PeerError) as weak:
        await anna.rename("maria", "password", recovery_code=anna.recovery_code)
    assert weak.value.code is Code.WEAK_PASSWORD
    handle = await anna.rename("maria", OTHER, recovery_code=anna.recovery_code)
    assert await anna.rename("marie", OTHER) != handle
    with pytest.raises(AuthorizationError):
        await anna.rename("marie", PASSWORD)


async def test_what_is_no_name_and_what_is_no_password_changes_nothing(people: People) -> None:
    anna = await people.sign_up("anna")
    was = anna.handle
    for name in ("Maria", "m", "maria.12345", "", "ma ria", "a" * 25):
        with pytest.raises(PeerError) as mistyped:
            await anna.rename(name, PASSWORD)
        assert mistyped.value.code is Code.MISTYPED
    with pytest.raises(AuthorizationError) as wrong:
        await anna.rename("maria", OTHER)
    assert wrong.value.code is Code.LOGIN_FAILED
    assert anna.handle == was
    assert (await anna.rename("maria", PASSWORD)).startswith("maria.")


async def test_our_other_devices_learn_it_there_or_away(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VaultItems, "_take_handle", lambda *_: None)  # by their mailbox alone
    anna = await people.sign_up("anna")
    second = await link_device(people, anna, "second")
    third = await link_device(people, anna, "third")
    await settle(anna, second, third)
    was = anna.handle
    await people.close(third)
    handle = await anna.rename("maria", PASSWORD)
    await settle(anna, second)
    assert second.handle == handle
    assert await said(second, NoticeKind.OWN_HANDLE_CHANGED) == [(was, handle)]
    assert await said(anna, NoticeKind.OWN_HANDLE_CHANGED) == []
    third = await people.open("third")
    await settle(anna, second, third)
    assert third.handle == handle
    # The next device by pairing begins with it, and any of them may change it.
    again = await third.rename("marie", PASSWORD)
    await settle(anna, second, third)
    assert {one.handle for one in (anna, second, third)} == {again}


async def test_a_device_that_was_told_nothing_learns_it_from_the_vault(people: People) -> None:
    anna, bob = await people.pair()
    second = await link_device(people, anna, "second")
    await settle(anna, bob, second)
    handle = await anna.rename("maria", PASSWORD)
    books = second._session.books
    # What lies in its mailbox is lost: it reads the vault, and nothing else.
    await settle(anna, bob)
    with books.store.transaction():
        books.store.delete("handle", b"newest")
        books.profile.handle = "anna.00000"
        books.profile.save(books.store)
    await anna._session.vault.write()
    await second._session.vault.reread()
    assert second.handle == handle
    assert Renamed(handle, 1) == books.own_handle.newest


async def test_a_contact_that_is_away_learns_it_when_it_is_back(people: People) -> None:
    anna, bob = await people.pair()
    await people.close(bob)
    was = anna.handle
    await anna.rename("maria", PASSWORD)
    handle = await anna.rename("marie", PASSWORD)
    await people.close(anna)  # The server has it: nobody must be there at the same time.
    bob = await people.open("bob")
    await settle(bob)
    assert await name_at(bob) == handle
    # The server hands them out in any order: the first may come too late to be one.
    told = await renamed_at(bob)
    assert (told[0][0], told[-1][1]) == (was, handle)


async def test_a_device_of_the_contact_that_missed_it_has_it_from_the_vault(
    people: People,
) -> None:
    anna, bob = await people.pair()
    second = await link_device(people, bob, "second")
    await settle(anna, bob, second)
    was = anna.handle
    handle = await anna.rename("maria", PASSWORD)
    await settle(anna, bob, second)
    (known,) = second._session.books.contacts.all()
    with second._session.books.store.transaction():
        known.name, known.named = was, 0
        second._session.books.contacts.save(known)
    await bob._session.vault.write()
    await second._session.vault.reread()
    assert await name_at(second) == handle
    newest = await people.login("third", bob.handle, recovery_code=bob.recovery_code)
    assert await name_at(newest) == handle


async def test_a_late_word_takes_nothing_back(people: People) -> None:
    """CK-765: neither a contact's nor a sibling's; what waits at the server comes in any order."""
    anna, bob = await people.pair()
    second = await link_device(people, bob, "second")
    await tell_name(anna, "maria.10077", 2)
    await settle(anna, bob)
    await tell_name(anna, "marie.10078", 1)
    await tell_name(anna, "maren.10079", 2)
    await settle(anna, bob, second)
    assert await name_at(bob) == "maria.10077"
    assert len(await renamed_at(bob)) == 1
    handle = await bob.rename("robert", PASSWORD)
    await bob.rename("rob", PASSWORD)
    await bob._session.send_self(SelfHandle(handle, 1), durable=True)
    await settle(bob, second)
    assert second.handle == bob.handle
    assert second.handle != handle
    own_handle = second._session.books.own_handle
    with second._session.books.store.transaction():
        assert not own_handle.take(Renamed(handle, 1))
        assert not own_handle.take(Renamed("rolf.10081", 2))
    assert second.handle == bob.handle
    # A record that a sibling sends for another reason is older here: it changes no name.
    record = bob._session.books.contacts.record(bob._session.books.contacts.all()[0])
    await tell_name(anna, "marla.10080", 3)
    await settle(anna, second)
    await bob._session.send_self(SelfContacts((record,)), durable=True)
    await settle(bob, second)
    assert await name_at(second) == "marla.10080"


async def test_only_the_contact_itself_changes_its_name(people: People) -> None:
    """CK-763: our own other device speaks in that conversation too, and so might a blocked one."""
    anna, bob = await people.pair()
    second = await link_device(people, bob, "second")
    await settle(anna, bob, second)
    was = anna.handle
    # Bob's device says it in the conversation, and to its sibling.
    books = bob._session.books
    content = ContactName(MessageId.random(books.rng), books.now(), "robert.10077", 1)
    await bob._session.send_inner(
        (await contact_of(bob)).account, content, durable=True, to_siblings=True
    )
    await settle(anna, bob, second)
    assert await name_at(second) == was
    assert await name_at(anna) == "robert.10077"  # The control: it was one that is taken.
    # Carl, a contact of bob's, cannot name anna: what he says is about himself.
    carl = await people.sign_up("carl")
    await people.befriend(bob, carl)
    await tell_name(carl, "maria.10077", 1)
    await settle(bob, carl)
    assert {one.name for one in await bob.contacts()} == {was, "maria.10077"}


async def test_a_contact_in_doubt_or_blocked_has_the_name_it_had(people: People) -> None:
    anna, bob = await people.pair()
    was, books = anna.handle, bob._session.books
    (known,) = books.contacts.all()
    for changed in (True, False):
        with books.store.transaction():
            known.identity_changed = changed
            books.contacts.save(known)
        await tell_name(anna, "maria.10077", 1)
        await settle(anna, bob)
        assert await name_at(bob) == (was if changed else "maria.10077")


async def test_what_no_server_hands_out_is_refused(people: People) -> None:
    """CK-764."""
    anna, bob = await people.pair()
    was = anna.handle
    for name in ("marіa.10077", "Maria.10077", "maria 10077", "bob~0123456789ab"):  # noqa: RUF001
        await tell_name(anna, name, 1)
    await settle(anna, bob)
    assert (await name_at(bob), await renamed_at(bob)) == (was, [])
    assert drops(bob)[Code.MALFORMED] == 4
    await tell_name(anna, "maria.10077", 1)
    await settle(anna, bob)
    assert await name_at(bob) == "maria.10077"


async def test_a_name_that_another_contact_has_gets_its_mark(people: People) -> None:
    """CK-587, CK-763: nobody takes over somebody's name unseen."""
    anna, bob = await people.pair()
    carl = await people.sign_up("carl")
    await people.befriend(bob, carl)
    was, account = carl.handle, carl._session.books.account
    await tell_name(carl, anna.handle, 1)
    await settle(bob, carl)
    marked = f"{anna.handle}~{bytes(account).hex()[:12]}"
    assert {one.name for one in await bob.contacts()} == {anna.handle, marked}
    assert await renamed_at(bob) == [(was, marked)]


async def test_forgetting_a_contact_forgets_under_which_names_it_stood(people: People) -> None:
    anna, bob = await people.pair()
    await anna.rename("maria", PASSWORD)
    await settle(anna, bob)
    assert len(await renamed_at(bob)) == 1
    await bob.forget_contact(await contact_of(bob))
    assert await renamed_at(bob) == []


async def test_who_was_blocked_is_told_after(people: People) -> None:
    anna, bob = await people.pair()
    was = anna.handle
    await anna.block(await contact_of(anna))
    await settle(anna, bob)
    handle = await anna.rename("maria", PASSWORD)
    await settle(anna, bob)
    assert await name_at(bob) == was
    await anna.unblock(await contact_of(anna))
    await settle(anna, bob)
    await settle(anna, bob)
    assert await name_at(bob) == handle


async def test_who_follows_a_link_later_reads_the_new_name(people: People) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    link = await anna.create_invite()
    handle = await anna.rename("maria", PASSWORD)
    contact = await bob.accept_invite(link, wait_s=10)
    assert contact is not None
    assert contact.name == handle


async def test_by_handle_the_old_one_finds_nobody_and_the_new_one_does(
    people: People,
    cheap_work: None,
) -> None:
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    was = anna.handle
    shown = await look_up(bob, was)
    handle = await anna.rename("maria", PASSWORD)
    assert await look_up(bob, handle) == shown
    assert await look_up(bob, was) != shown
    assert await anna.findable()
    assert await bob.request_contact(handle, wait_s=0.1) is None
    await settle(anna)
    (asks,) = await anna.requests()
    await anna.approve_request(asks)
    await settle(anna, bob)
    assert await name_at(bob) == handle


async def test_who_asked_before_is_answered_under_the_name_asked_for(
    people: People,
    cheap_work: None,
) -> None:
    """CK-289 refuses an answer under another handle; the new one is told in the conversation."""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await anna.set_findable(True)
    was = anna.handle
    await bob.request_contact(was, wait_s=0.1)
    await settle(anna)
    handle = await anna.rename("maria", PASSWORD)
    await people.close(anna)
    anna = await people.open("anna")
    (asks,) = await anna.requests()
    await anna.approve_request(asks)
    await settle(anna, bob)
    await settle(anna, bob)
    assert await name_at(bob) == handle
    assert await renamed_at(bob) == [(was, handle)]


@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
async def test_an_answer_that_never_came_is_settled_by_the_next_login(
    people: People, monkeypatch: pytest.MonkeyPatch, *, made: bool
) -> None:
    anna, bob = await people.pair()
    was, honest, asked = anna.handle, Http.request, Http.post
    cut: list[str] = []

    async def broken(self: Http, path: str, body: Any) -> Any:
        if path == "/v1/handle/finish":
            cut.append(path)
            if made:
                await asked(self, path, body)
        if cut:
            raise UnavailableError(Code.UNAVAILABLE, "the line is cut")
        return await asked(self, path, body)

    async def away(self: Http, *args: Any, **kwargs: Any) -> Any:
        if cut and not made:
            raise UnavailableError(Code.UNAVAILABLE, "the line is cut")
        return await honest(self, *args, **kwargs)

    async def no_keystore(self: AccountApi) -> bytes:
        raise UnavailableError(Code.UNAVAILABLE, "the line is cut")

    with monkeypatch.context() as patch:
        patch.setattr(Http, "post", broken)
        patch.setattr(Http, "request", away)
        patch.setattr(AccountApi, "keystore", no_keystore)
        with pytest.raises(UnavailableError):
            await anna.rename("maria", PASSWORD)
    assert cut
    assert anna.handle == was
    # The process ends here, too.
    await people.close(anna)
    anna = await people.open("anna")
    assert anna.handle == was
    await anna.change_password(PASSWORD, OTHER)
    assert (anna.handle == was) is not made
    assert await said(anna, NoticeKind.OWN_HANDLE_CHANGED) == []
    await settle(anna, bob)
    await settle(anna, bob)
    assert await name_at(bob) == anna.handle
    handle = await anna.rename("maria", OTHER)
    assert handle.startswith("maria.")
    await settle(anna, bob)
    assert await name_at(bob) == handle
    # Asked for again after it was settled so, it was one change and not two.
    newest = anna._session.books.own_handle.newest
    assert newest == Renamed(handle, 1)


async def test_a_server_that_hands_out_another_name_is_not_followed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-768."""
    anna = await people.sign_up("anna")
    was, honest = anna.handle, AccountApi.handle_start

    async def other(self: AccountApi, _name: str, request: bytes | None) -> Any:
        return await honest(self, "mallory", request)

    with monkeypatch.context() as patch:
        patch.setattr(AccountApi, "handle_start", other)
        with pytest.raises(PeerError) as refused:
            await anna.rename("maria", PASSWORD)
    assert "CK-768" in refused.value.detail
    assert anna.handle == was
    await anna.change_password(PASSWORD, OTHER)


async def test_the_keystores_handle_stands_and_every_change_keeps_it(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-767: a device that is shown another handle than the keystore's has the keystore's."""
    monkeypatch.setattr(VaultItems, "_take_handle", lambda *_: None)  # not from the vault
    anna = await people.sign_up("anna")
    handle = await anna.rename("maria", PASSWORD)
    await anna.change_password(PASSWORD, OTHER)
    books = anna._session.books
    with books.store.transaction():
        books.store.delete("handle", b"newest")
    second = await people.login(
        "second", handle, recovery_code=anna.recovery_code, password=PASSWORD
    )
    assert second._session.books.own_handle.newest == Renamed(handle, 1)
    await anna.change_password(PASSWORD, OTHER)
    assert books.own_handle.newest == Renamed(handle, 1)
