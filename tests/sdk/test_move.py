"""R-83: one file carries an account to another server, and the people of before come after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.sdk.conftest import MANY, PASSWORD, People, drops, settle, texts
from tests.sdk.test_call_history import calls, entry, note
from tests.sdk.test_canaries import found
from tests.sdk.test_devices import link_device

from visavis.core.call_entry import Outcome
from visavis.core.content_records import MayCall, Rules
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.move_file import Moved, MoveFileError, Why
from visavis.sdk.client import Client
from visavis.sdk.client_move import MoveFile
from visavis.sdk.move import Arriving, read_file, seal_file
from visavis.sdk.store import Store
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import running_server

CHEAP = insecure_for_tests_cheap_kdf()
RULES = Rules(MayCall.VOICE, keeps=24 * 400)


@pytest_asyncio.fixture
async def other(tmp_path: Path) -> AsyncIterator[People]:
    """Give people on another server."""
    async with running_server(tmp_path / "other", free_attempts=MANY) as server:
        made = People(server, tmp_path / "other")
        try:
            yield made
        finally:
            await made.close()


async def out(client: Client) -> MoveFile:
    return await client.move_out(PASSWORD, kdf=CHEAP)


async def into(people: People, profile: str, file: MoveFile, name: str = "") -> Client:
    moved = await asyncio.to_thread(read_file, file.data, file.passphrase)
    client = await Client.move_in(
        people.profile(profile),
        people.server.origin,
        people.server.signup_link(),
        name or profile,
        PASSWORD,
        moved,
        kdf=CHEAP,
    )
    people._open.append(client)
    return client


async def approved(host: Client, guest: Client, **link: Any) -> None:
    """Have a guest come over a link for many, and be let in."""
    assert await guest.accept_invite(await host.create_invite(single_use=False, **link)) is None
    await settle(host)
    for waiting in await host.requests():
        await host.approve_request(waiting)
    await settle(host, guest)


async def busy(people: People) -> tuple[Client, Client]:
    """Give Anna, with 50 calls, settings, and what she decided about Bob and Carol; and Bob."""
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    at_bob, at_carol = await anna.find_contact("bob"), await anna.find_contact("carol")
    await anna.set_verified(at_bob)
    await anna.set_rules(at_bob, RULES)
    await anna.block(at_carol)
    await anna.set_settings(keep=24 * 30, details=False)
    note(anna, *(entry(anna, at_bob, n, seconds=n) for n in range(49)))
    note(anna, entry(anna, at_carol, 49, outcome=Outcome.MISSED, seconds=0))
    note(anna, entry(anna, at_bob, 50))
    await anna.delete_calls([entry(anna, at_bob, 50).call])
    await anna.mark_call(entry(anna, at_bob, 7).call, note="about the roof", pinned=True)
    return anna, bob


async def test_an_account_moves_with_all_it_has(people: People, other: People) -> None:
    anna, bob = await busy(people)
    file = await out(anna)
    assert (file.contacts, file.calls) == (2, 50)
    moved = await into(other, "anna", file)
    books, old = moved._session.books, anna._session.books
    assert books.account == old.account
    assert books.own_list.identity_key == old.own_list.identity_key
    assert (books.own_list.era, len(books.own_list.devices)) == (1, 1)
    assert moved.recovery_code != anna.recovery_code
    settings = await moved.settings()
    assert (settings.keep, settings.details) == (24 * 30, False)

    before = {one.call: one for one in await anna.call_history()}
    after = {one.call: one for one in await moved.call_history()}
    assert after.keys() == before.keys()
    assert entry(anna, await anna.find_contact("bob"), 50).call not in after
    marks = [one.mark for one in after.values() if one.mark.count]
    assert [(mark.note, mark.device) for mark in marks] == [("about the roof", books.device)]
    assert all(replace(after[at], mark=before[at].mark) == before[at] for at in before)

    # Nobody is a contact yet, and their names stand.
    assert await moved.contacts() == []
    waiting = {one.name.partition(".")[0]: one for one in await moved.awaited()}
    assert waiting.keys() == {"bob", "carol"}
    assert (waiting["bob"].verified, waiting["bob"].blocked) == (True, False)
    assert waiting["carol"].blocked

    # It is an account like any other: it opens, another device logs in, the old one is as it was.
    await other.close(moved)
    moved = await other.open("anna")
    assert len(await moved.awaited()) == 2
    phone = await link_device(other, moved, "phone")
    assert len(await phone.call_history()) == 50
    await settle(anna, bob)
    await anna.send_message(await anna.find_contact("bob"), "I am still here, too")
    await settle(bob)
    assert "I am still here, too" in texts(await bob.history(await bob.find_contact("anna")))


async def test_a_contact_who_moves_as_well_is_who_they_were(people: People, other: People) -> None:
    """The safety number, the verified mark and the rules are those of before, on all devices."""
    anna, bob = await busy(people)
    number = await anna.safety_number(await anna.find_contact("bob"))
    assert await bob.safety_number(await bob.find_contact("anna")) == number
    moved = await into(other, "anna", await out(anna))
    phone = await link_device(other, moved, "phone")
    bob_there = await into(other, "bob", await out(bob))
    await approved(moved, bob_there)
    again = await moved.find_contact("bob")
    assert again.verified
    assert again.rules == RULES
    assert await moved.safety_number(again) == number
    at_anna = await bob_there.find_contact("anna")
    assert await bob_there.safety_number(at_anna) == number
    assert not at_anna.verified, "Bob compared nothing"
    assert [one.name.partition(".")[0] for one in await moved.awaited()] == ["carol"]
    assert await bob_there.awaited() == []
    await bob_there.send_message(at_anna, "here I am")
    await settle(moved, phone, bob_there)
    assert "here I am" in texts(await moved.history(again))
    # Our other device did not wait for him. It hears from the vault, within the hour.
    await moved._session.vault.write()
    await settle(moved, phone)
    at_phone = await phone.find_contact("bob")
    assert at_phone.verified
    assert at_phone.rules == RULES


@pytest.mark.long
async def test_a_device_that_did_not_know_lets_no_false_one_in(
    people: People, other: People
) -> None:
    """CK-733: our phone takes a thief for a new contact, and the device that waits does not."""
    anna, bob = await people.pair()
    await anna.set_verified(await anna.find_contact("bob"))
    moved = await into(other, "anna", await out(anna))
    phone = await link_device(other, moved, "phone")
    thief = await other.sign_up("thief")
    speak_as(thief, bob)
    await thief.accept_invite(await phone.create_invite())
    await settle(phone, moved, phone, moved)
    (taken,) = await phone.contacts()
    assert not taken.verified
    assert await moved.contacts() == []
    assert drops(moved).get("bad_credential", 0) >= 1
    assert [one.verified for one in await moved.awaited()] == [True]


@pytest.mark.long
async def test_who_was_blocked_stays_out(people: People, other: People) -> None:
    anna, bob = await people.pair()
    file, theirs = await out(anna), await out(bob)
    await anna.block(await anna.find_contact("bob"))
    blocking = await out(anna)
    bob_there = await into(other, "bob", theirs)
    free = await into(other, "free", file)
    assert await bob_there.accept_invite(await free.create_invite(), wait_s=10) is not None
    strict = await into(other, "strict", blocking)
    # Bob has met the first of two accounts that claim to be Anna: see below.
    await bob_there.forget_contact(await bob_there.find_contact("free"))
    assert await bob_there.accept_invite(await strict.create_invite()) is None
    await settle(strict)
    assert drops(strict) == {"refused": 1}
    assert await strict.contacts() == []
    (waiting,) = await strict.awaited()
    await strict.forget_awaited(waiting)
    assert await bob_there.accept_invite(await strict.create_invite()) is None
    await settle(strict, bob_there)
    assert len(await strict.contacts()) == 1


@pytest.mark.long
async def test_the_history_of_somebody_awaited_is_kept_by_their_rule(
    people: People, other: People
) -> None:
    anna, _ = await people.pair()
    at_bob = await anna.find_contact("bob")
    await anna.set_settings(keep=24 * 30, details=True)
    await anna.set_rules(at_bob, RULES)
    note(anna, entry(anna, at_bob, 1, at=anna._session.now() - 100 * 86_400))
    moved = await into(other, "anna", await out(anna))
    assert len(await calls(moved)) == 1, "100 days are within those of the rule"
    (waiting,) = await moved.awaited()
    await moved.forget_awaited(waiting)
    assert await calls(moved) == set()
    log = moved._session.books.calls._log()
    assert list(log.each()) == [], "not hidden: gone"


@pytest.mark.long
async def test_a_stranger_with_the_same_name_gets_nothing(people: People, other: People) -> None:
    anna, _ = await people.pair()
    at_bob = await anna.find_contact("bob")
    await anna.set_verified(at_bob)
    await anna.set_rules(at_bob, RULES)
    moved = await into(other, "anna", await out(anna))
    stranger = await other.sign_up("bob")
    stranger._session.books.profile.handle = at_bob.name
    await approved(moved, stranger)
    (contact,) = await moved.contacts()
    assert contact.account == stranger._session.books.account
    assert contact.name.startswith(f"{at_bob.name}~"), "the name of one we wait for is taken"
    assert not contact.verified
    assert contact.rules == Rules()
    assert [one.name for one in await moved.awaited()] == [at_bob.name]
    assert await moved.safety_number(contact) != await anna.safety_number(at_bob)


@pytest.mark.long
async def test_another_key_under_the_same_account_is_refused(people: People, other: People) -> None:
    """CK-733, both ways; the control is the test above all others, where the key is the same."""
    anna, bob = await people.pair()
    file, theirs = await out(anna), await out(bob)
    moved = await into(other, "anna", file)
    forged = read_file(theirs.data, theirs.passphrase)
    liar = await into(other, "bob", MoveFile(seal_file(rekeyed(forged), "x", CHEAP), "x", 0, 0))
    assert liar._session.books.account == bob._session.books.account
    assert await liar.accept_invite(await moved.create_invite()) is None
    await settle(moved)
    assert drops(moved) == {"identity_changed": 1}
    # A link of a liar's: it is the liar who answers, with the key that it pinned.
    liar = await into(other, "bert", MoveFile(seal_file(rekeyed(forged), "x", CHEAP), "x", 0, 0))
    assert await moved.accept_invite(await liar.create_invite()) is None
    await settle(liar, moved)
    assert drops(moved) == {"identity_changed": 2}
    assert await moved.contacts() == []
    assert len(await moved.awaited()) == 1


def rekeyed(moved: Moved) -> Moved:
    """Return the same account under an identity key of somebody else's making."""
    from visavis.core.device_list import sign_first

    head = moved.head
    listed = sign_first(head.account_id, b"f" * 32, head.devices)
    return replace(moved, identity=b"f" * 32, listed=listed.data, contacts=())


@pytest.mark.long
async def test_a_revoked_device_of_before_is_nobody_here(people: People, other: People) -> None:
    """CK-733: it has a list with itself on it, rightly signed, of before the move."""
    anna, bob = await people.pair()
    await anna.set_verified(await anna.find_contact("bob"))
    moved = await into(other, "anna", await out(anna))
    thief = await other.sign_up("thief")
    speak_as(thief, bob)
    assert await thief.accept_invite(await moved.create_invite()) is None
    await settle(moved)
    assert drops(moved) == {"bad_credential": 1}
    assert await moved.contacts() == []
    # The control: whoever waits for nobody takes the same device for what its list says.
    nobody = await other.sign_up("nobody")
    await thief.accept_invite(await nobody.create_invite())
    await settle(nobody)
    assert [one.account for one in await nobody.contacts()] == [bob._session.books.account]


def speak_as(client: Client, victim: Client) -> None:
    """Have a client speak with device id, key and device list of another account's device."""
    books, stolen = client._session.books, victim._session.books
    books.profile.account_id = stolen.account
    books.profile.device_id = stolen.device
    books.profile.signature_private = stolen.profile.signature_private
    books.lists._lists[stolen.account] = stolen.own_list


@pytest.mark.long
async def test_a_file_brought_in_twice_is_refused_by_those_who_met_the_first(
    people: People, other: People
) -> None:
    anna, _ = await people.pair()
    file = await out(anna)
    first, second = await into(other, "first", file), await into(other, "second", file)
    assert first.handle != second.handle
    assert first._session.books.account == second._session.books.account
    carol, dora = await other.sign_up("carol"), await other.sign_up("dora")
    await other.befriend(first, carol)
    assert await second.accept_invite(await carol.create_invite()) is None
    await settle(carol)
    assert drops(carol) == {"bad_credential": 1}
    (kept,) = await carol.contacts()
    assert kept.name == first.handle
    await carol.send_message(kept, "only the first")
    await settle(first, carol)
    assert "only the first" in texts(await first.history(await first.find_contact("carol")))
    # The control: who has met neither takes the second.
    await other.befriend(second, dora)
    assert [one.name for one in await dora.contacts()] == [second.handle]


async def test_contacts_are_told_inside_the_conversation(people: People, other: People) -> None:
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    file, theirs = await out(anna), await out(bob)
    moved = await into(other, "anna", file)
    link = await moved.create_invite(single_use=False, days=30)
    at_bob = await anna.find_contact("bob")
    await anna.tell_of_move(at_bob, link)
    await settle(anna, bob, carol)
    (said,) = texts(await bob.history(await bob.find_contact("anna")))
    assert link in said
    assert other.server.origin in said
    assert texts(await carol.history(await carol.find_contact("anna"))) == []
    bob_there = await into(other, "bob", theirs)
    assert await bob_there.accept_invite(said.splitlines()[-1]) is None
    await settle(moved)
    (waiting,) = await moved.requests()
    assert waiting.was == at_bob.name
    await moved.approve_request(waiting)
    await settle(moved, bob_there)
    assert len(await moved.contacts()) == len(await bob_there.contacts()) == 1

    for wrong, code in (
        (await bob_there.create_invite(), Code.REFUSED),
        (await anna.create_invite(), Code.UNEXPECTED),
        (link[:-3], Code.MISTYPED),
    ):
        with pytest.raises((AuthorizationError, PeerError)) as refused:
            await anna.tell_of_move(at_bob, wrong)
        assert refused.value.code is code
    await anna.block(await anna.find_contact("carol"))
    with pytest.raises(AuthorizationError):
        await anna.tell_of_move(await anna.find_contact("carol"), link)


async def test_the_file_tells_nothing(people: People) -> None:
    """Needles are not in the file, and are in what it opens to (the control)."""
    anna, _ = await people.pair()
    at_bob = await anna.find_contact("bob")
    await anna.set_verified(at_bob)
    note(anna, entry(anna, at_bob, 1))
    await anna.mark_call(entry(anna, at_bob, 1).call, note="canary in a mine")
    await anna.send_message(at_bob, "canary in a message")
    made = await out(anna)
    moved = read_file(made.data, made.passphrase)
    books = anna._session.books
    needles = {
        "identity key": moved.identity,
        "account": bytes(books.account),
        "contact": bytes(at_bob.account),
        "name": at_bob.name.encode(),
        "handle": anna.handle.encode(),
        "call": bytes(entry(anna, at_bob, 1).call),
        "note": b"canary in a mine",
    }
    assert found(moved.to_bytes(), needles) == set(needles)
    assert found(made.data, needles | {"passphrase": made.passphrase.encode()}) == set()
    # Nothing of the old server, nor of what is said: also not for who has the passphrase.
    given = books.addresses.address(books.contact_address(at_bob.account))
    known = books.contacts.get(at_bob.account)
    assert known is not None
    absent = {
        "server": people.server.origin.encode(),
        "mailbox": bytes(books.profile.mailbox),
        "token": books.profile.token[16:],
        "vault key": books.profile.vault_keys[:32],
        "our capability": bytes(given.capability),
        "group": bytes(known.group),
        "sequencer": bytes(known.sequencer),
        "message": b"canary in a message",
    } | {f"theirs {n}": bytes(a.capability) for n, a in enumerate(known.addresses.values())}
    assert found(moved.to_bytes(), absent) == set()
    assert made.passphrase not in repr(made)


async def test_bad_files_change_nothing(
    people: People, other: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await people.pair()
    made = await out(anna)
    for data, passphrase, why in (
        (made.data[:-1], made.passphrase, Why.CUT),
        (b"%PDF-1.7", made.passphrase, Why.FOREIGN),
        (made.data[:-40] + bytes(8) + made.data[-32:], made.passphrase, Why.DAMAGED),
        (made.data, made.passphrase + "x", Why.PASSPHRASE),
    ):
        with pytest.raises(MoveFileError) as refused:
            await into(other, "anna", MoveFile(data, passphrase, 0, 0))
        assert refused.value.why is why
        assert not other.profile("anna").exists()
    moved = read_file(made.data, made.passphrase)
    link = other.server.signup_link()
    origin, elsewhere = other.server.origin, people.server.signup_link()
    with pytest.raises(AuthorizationError) as wrong:
        await Client.move_in(other.profile("x"), origin, elsewhere, "anna", PASSWORD, moved)
    assert wrong.value.code is Code.SIGNUP_LINK
    with pytest.raises(PeerError) as weak:
        await Client.move_in(other.profile("x"), origin, link, "anna", "short", moved, kdf=CHEAP)
    assert weak.value.code is Code.WEAK_PASSWORD
    with pytest.raises(PeerError) as poor:
        await anna.move_out(PASSWORD, passphrase="short", kdf=CHEAP)
    assert poor.value.code is Code.WEAK_PASSWORD
    with pytest.raises(AuthorizationError) as login:
        await anna.move_out("some other password", kdf=CHEAP)
    assert login.value.code is Code.LOGIN_FAILED
    # The server is lost when everything is written here: the profile goes again.
    begin = Arriving.fill

    def fill(arriving: Arriving, store: Store) -> None:
        begin(arriving, store)
        raise UnavailableError(Code.UNAVAILABLE, "the test pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(Arriving, "fill", fill)
        with pytest.raises(UnavailableError):
            await Client.move_in(
                other.profile("x"), origin, link, "anna", PASSWORD, moved, kdf=CHEAP
            )
    assert not Store.exists(other.profile("x"))
    # The control: the same link and the same file, rightly used.
    done = await Client.move_in(
        other.profile("x"), origin, link, "anna", PASSWORD, moved, kdf=CHEAP
    )
    async with done:
        assert len(await done.awaited()) == 1
        assert Store.exists(other.profile("x"))


async def test_a_file_by_the_recovery_code_under_ones_own_passphrase(
    people: People, other: People
) -> None:
    anna, _ = await people.pair()
    own = "nine slow herons wade ashore"
    made = await anna.move_out(recovery_code=anna.recovery_code, passphrase=own, kdf=CHEAP)
    assert made.passphrase == own
    moved = await into(other, "anna", made)
    # And on from there: who is awaited goes along once more, and the era rises.
    assert await calls(moved) == set()
    second = await out(moved)
    assert second.contacts == 1
    assert read_file(second.data, second.passphrase).head.era == 1
