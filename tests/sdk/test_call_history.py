"""The history of calls: noted, kept as long as said, deleted everywhere, synced as ciphertext."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People, settle
from tests.sdk.test_vault import change_key

from visavis.core import cbor
from visavis.core.call_entry import Direction, Entry, Outcome, Via
from visavis.core.content import encode_record
from visavis.core.content_records import KEEP_EVER, Media, Rules
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
)
from visavis.core.ids import AccountId, CallId, DeviceId, SignatureKey
from visavis.core.keeping import DEFAULT, FIELDS, PRESETS, WHY_NOT_LESS, Preset
from visavis.sdk.client import Client, Contact
from visavis.sdk.history import NoticeKind
from visavis.sdk.store import DATABASE
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import running_server
from visavis.transport.device_api import DeviceApi

HOUR = 3_600


def entry(client: Client, contact: Any, number: int, **fields: Any) -> Entry:
    base: dict[str, Any] = {
        "call": CallId(b"call" + number.to_bytes(12, "big")),
        "members": (contact.account,),
        "direction": Direction.OUTGOING,
        "media": Media.VIDEO,
        "outcome": Outcome.ANSWERED,
        "at": client._session.now() - 60,
        "seconds": 30,
        "via": Via.RELAYED,
        "suite": 0xF04D,
    }
    return Entry(**(base | fields))


def note(client: Client, *entries: Entry) -> None:
    for one in entries:
        client._session.note_call(one, None)


async def calls(client: Client) -> set[CallId]:
    return {one.call for one in await client.call_history()}


async def write(*clients: Client) -> None:
    """Have the vault written and read, as happens within the hour."""
    for client in clients:
        await client._session.vault.write()
        await settle(*clients)


async def two_devices(people: People) -> tuple[Client, Client, Client]:
    """Anna's phone and laptop, and Bob."""
    anna, bob = await people.pair()
    laptop = await people.login("laptop", anna.handle, recovery_code=anna.recovery_code)
    await settle(anna, laptop, bob)
    return anna, laptop, bob


async def test_two_devices_have_one_history(people: People) -> None:
    """R-07: entries of both, offline too; of one call the better outcome."""
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    (same,) = await laptop.contacts()
    note(phone, entry(phone, bob, 1), entry(phone, bob, 2, outcome=Outcome.MISSED, seconds=0))
    note(laptop, entry(laptop, same, 2), entry(laptop, same, 3))
    await write(phone, laptop, phone)
    assert await phone.call_history() == await laptop.call_history()
    found = {one.call[-1]: one.outcome for one in await phone.call_history()}
    assert found == dict.fromkeys((1, 2, 3), Outcome.ANSWERED)


async def test_a_new_entry_waits_for_its_hour_and_a_deletion_is_told_at_once(
    people: People,
) -> None:
    """P6: a write after each call would be evidence of it."""
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    await write(phone, laptop)
    note(phone, entry(phone, bob, 1), entry(phone, bob, 2))
    session = phone._session
    assert session.now() - 60 <= session.vault.due_at <= session.now() + HOUR
    await settle(phone, laptop)
    assert await calls(laptop) == set()
    await write(phone, laptop)
    assert len(await calls(laptop)) == 2
    await phone.delete_calls([entry(phone, bob, 1).call])
    await settle(phone, laptop)
    assert await calls(laptop) == {entry(phone, bob, 2).call}


async def test_a_delete_wins_over_a_device_that_was_away(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    (same,) = await laptop.contacts()
    note(phone, entry(phone, bob, 1))
    await write(phone, laptop)
    await laptop.mark_call(entry(phone, bob, 1).call, note="about the roof", pinned=True)
    await phone.delete_calls([entry(phone, bob, 1).call])
    note(laptop, entry(laptop, same, 1, seconds=900))
    await write(laptop, phone, laptop)
    assert await calls(phone) == await calls(laptop) == set()


async def test_notes_and_pins_reach_the_other_device(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    note(phone, entry(phone, bob, 1))
    await phone.mark_call(entry(phone, bob, 1).call, note="about the roof")
    await phone.mark_call(entry(phone, bob, 1).call, pinned=True)
    await write(phone, laptop)
    (found,) = await laptop.call_history()
    assert (found.mark.note, found.mark.pinned) == ("about the roof", True)
    with pytest.raises(PeerError) as refused:
        await phone.mark_call(entry(phone, bob, 9).call, pinned=True)
    assert refused.value.code is Code.REFUSED


async def test_delete_all_reaches_what_was_not_synced(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    (same,) = await laptop.contacts()
    note(phone, entry(phone, bob, 1))
    note(laptop, entry(laptop, same, 2))
    await phone.delete_all_calls()
    await settle(phone, laptop)
    assert await calls(phone) == await calls(laptop) == set()
    note(laptop, entry(laptop, same, 3, at=laptop._session.now() + 5))
    await write(phone, laptop, phone)
    assert await calls(phone) == await calls(laptop) == {entry(phone, bob, 3).call}


async def test_turning_it_off_takes_effect_on_all_devices(people: People) -> None:
    """R-08, and a new device comes to the account with the same settings."""
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    note(phone, entry(phone, bob, 1))
    await write(phone, laptop)
    await phone.set_settings(keep=0)
    await settle(phone, laptop)
    assert await calls(phone) == await calls(laptop) == set()
    assert (await laptop.settings()).keep == 0
    note(laptop, entry(laptop, bob, 2))
    assert await calls(laptop) == set()
    await write(phone, laptop)
    code = phone.recovery_code
    third = await people.login("third", phone.handle, recovery_code=code)
    assert (await third.settings()).keep == 0


async def test_off_for_one_contact(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    carol = await people.sign_up("carol")
    await people.befriend(phone, carol)
    await settle(phone, laptop, carol)
    bob, other = await phone.find_contact("bob"), await phone.find_contact("carol")
    note(phone, entry(phone, bob, 1), entry(phone, other, 2))
    await write(phone, laptop)
    await phone.set_rules(bob, Rules(keeps=0))
    await settle(phone, laptop)
    assert await calls(phone) == await calls(laptop) == {entry(phone, other, 2).call}
    note(phone, entry(phone, bob, 3))
    # A call of both is kept as long as the stricter of the two wants.
    both = tuple(sorted((bob.account, other.account)))
    note(phone, entry(phone, bob, 4, members=both))
    assert await calls(phone) == {entry(phone, other, 2).call}


async def test_it_expires_without_anybody_looking(people: People) -> None:
    """R-08, R-72 for our own side: by the query, and by the job."""
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    await anna.set_settings(keep=1)
    note(anna, entry(anna, bob, 1))
    assert len(await calls(anna)) == 1
    start = anna._session.now()
    anna._session.books.now = lambda: start + HOUR  # type: ignore[method-assign]
    assert await calls(anna) == set(), "the query hides it before the job has run"
    assert len(anna._session.books.calls._log()) == 1
    await anna._session.housekeeping.idle()
    assert len(anna._session.books.calls._log()) == 0


async def test_a_clock_that_jumps_by_years_takes_nothing_away_at_once(people: People) -> None:
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    note(anna, entry(anna, bob, 1))
    books, start = anna._session.books, anna._session.now()
    await anna._session.housekeeping.idle()
    books.calls.expire()
    jumped = start + 10 * 365 * 86_400
    books.now = lambda: jumped  # type: ignore[method-assign]
    books.calls.expire()
    assert len(await calls(anna)) == 1
    books.now = lambda: start + 60  # type: ignore[method-assign]
    books.calls.expire()
    assert len(await calls(anna)) == 1
    # The control: a clock that stays there is believed after a day.
    books.now = lambda: jumped  # type: ignore[method-assign]
    books.calls.expire()
    books.now = lambda: jumped + 86_400  # type: ignore[method-assign]
    books.calls.expire()
    assert await calls(anna) == set()


async def test_nothing_of_a_deleted_call_is_left_in_the_files(people: People) -> None:
    """R-08: no page of the database or its log has the bytes that sealed it."""
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    note(anna, entry(anna, bob, 1))
    store, profile = anna._session.books.store, people.profile("anna")

    def on_disk(sealed: bytes) -> bool:
        files = [profile / name for name in (DATABASE, f"{DATABASE}-wal")]
        return any(file.exists() and sealed[100:164] in file.read_bytes() for file in files)

    (page,) = (at for at, _ in store.items("calls.page"))
    key = store._bucket("calls.page"), store._slot("calls.page", page)
    query = "SELECT sealed FROM items WHERE bucket = ? AND slot = ?"
    (held,) = store._db.execute(query, key).fetchone()
    store.scrub()
    assert on_disk(bytes(held)), "the control: it was there"
    await anna.delete_calls([entry(anna, bob, 1).call])
    assert not on_disk(bytes(held))


async def test_the_server_gets_pages_of_one_size_and_cannot_read_them(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-07: whatever is in it, a write is the same; and nothing of a call is in the clear."""
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    await anna._session.vault.write()
    shapes: list[tuple[int, ...]] = []
    sealed: list[bytes] = []
    real = DeviceApi.write_vault

    async def watch(
        self: DeviceApi, counter: int, manifest: bytes, put: dict[bytes, bytes], delete: Any = ()
    ) -> None:
        shapes.append((len(manifest), *sorted(map(len, put.values()))))
        sealed.extend(put.values())
        await real(self, counter, manifest, put, delete)

    monkeypatch.setattr(DeviceApi, "write_vault", watch)
    await anna._session.vault.write()
    for number in range(1, 400):
        note(anna, entry(anna, bob, number))
    pages = anna._session.books.calls.vault_pages().values()
    await anna._session.vault.write()
    await anna.set_rules(bob, Rules(keeps=0))
    await anna._session.vault.write()
    assert len(set(shapes)) == 1, shapes
    needles = [bytes(bob.account), bytes(entry(anna, bob, 1).call)]
    assert not any(needle in data for needle in needles for data in sealed)
    assert all(needle in page for needle in needles for page in pages), "the control"


async def test_without_sync_nothing_of_it_stands_in_the_vault(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    note(phone, entry(phone, bob, 1))
    await write(phone, laptop)
    assert len(await calls(laptop)) == 1
    await phone.set_settings(sync=False)
    await write(phone, laptop, phone)
    note(phone, entry(phone, bob, 2))
    await write(phone, laptop)
    assert len(await calls(phone)) == 2
    assert len(await calls(laptop)) == 1, "what it has stays; nothing new comes"
    contents = await phone._session.vault.refresh(whole=True)
    assert [len(page.entries) for page in contents.pages.values()] == [0]


async def test_details_are_left_out_where_they_are_not_wanted(people: People) -> None:
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    note(anna, entry(anna, bob, 1))
    await anna.set_settings(details=False)
    note(anna, entry(anna, bob, 2))
    assert {(one.via, one.suite) for one in await anna.call_history()} == {(Via.NONE, 0)}


async def test_more_contacts_and_pages_than_one_request_holds_go_over_to_a_new_key(
    people: People,
) -> None:
    """P3: with more slots than a request holds, a change of the key is several writes."""
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    books, vault = anna._session.books, anna._session.vault
    known = books.contacts.get(bob.account)
    assert known is not None
    record, real = books.contacts.record(known), vault._items
    strangers: dict[bytes, bytes] = {}
    for _ in range(90):
        account = AccountId.random(books.rng)
        listed = [ListedDevice(DeviceId.random(books.rng), SignatureKey.random(books.rng))]
        theirs = replace(record, list=sign_first(account, books.rng(32), listed).data)
        strangers[account] = cbor.encode({"k": "contact", "r": encode_record(theirs)})
    vault._items = lambda: real() | strangers  # type: ignore[method-assign]
    for _ in range(8):
        await vault.write()
    assert len((await vault.refresh(whole=True)).contacts) == 91
    await change_key(anna)
    books.profile.vault_keys = books.profile.vault_keys[:32]
    contents = await vault.refresh(whole=True)  # opens with the newest key alone
    assert len(contents.contacts) == 91


async def test_a_request_to_forget_is_a_request(people: People) -> None:
    """R-11: the other side decides; who asked learns nothing."""
    anna, bob = await people.pair()
    (to_bob,) = await anna.contacts()
    (to_anna,) = await bob.contacts()
    note(anna, entry(anna, to_bob, 1))
    note(bob, entry(bob, to_anna, 1, direction=Direction.INCOMING), entry(bob, to_anna, 2))
    assert await anna.ask_to_forget(to_bob) == 1
    await settle(anna, bob)
    assert len(await calls(bob)) == 2, "nothing goes by itself"
    assert set(await bob.wishes()) == {entry(bob, to_anna, 1).call}
    assert NoticeKind.ASKED_TO_FORGET in {one.kind for one in await bob.all_notices()}
    sent = len(anna._session.books.history.messages(to_bob.account))
    assert await bob.answer_wish(to_anna, delete=True) == 1
    await settle(anna, bob)
    assert await calls(bob) == {entry(bob, to_anna, 2).call}
    assert await bob.wishes() == {}
    assert len(anna._session.books.history.messages(to_bob.account)) == sent
    assert len(await calls(anna)) == 1
    await anna.ask_to_forget(to_bob, [entry(bob, to_anna, 2).call])
    await settle(anna, bob)
    assert await bob.answer_wish(to_anna, delete=False) == 1
    assert len(await calls(bob)) == 1
    assert await bob.wishes() == {}


async def test_a_contact_cannot_wish_away_calls_with_others(people: People) -> None:
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(bob, carol)
    (to_bob,) = await anna.contacts()
    to_carol = await bob.find_contact("carol")
    note(bob, entry(bob, to_carol, 1))
    await anna.ask_to_forget(to_bob, [entry(bob, to_carol, 1).call])
    await settle(anna, bob)
    assert await bob.wishes() == {}


def test_presets_show_every_setting_and_each_default_has_its_reason() -> None:
    """R-09, R-71."""
    assert PRESETS[Preset.BALANCED] == DEFAULT
    most_private = {"keep": 0, "details": False, "sync": False, "trace": False}
    assert set(most_private) == set(FIELDS)
    for name, least in most_private.items():
        assert getattr(DEFAULT, name) == least or WHY_NOT_LESS[name], name
        assert getattr(PRESETS[Preset.NOTHING_KEPT], name) == least
    assert PRESETS[Preset.CONVENIENT].keep == KEEP_EVER


async def test_a_lost_word_to_our_other_devices_is_said_after_a_crash(people: People) -> None:
    phone, laptop, _ = await two_devices(people)
    (bob,) = await phone.contacts()
    note(phone, entry(phone, bob, 1))
    await write(phone, laptop)
    control = phone._session.call_control

    async def crash() -> None:
        raise asyncio.CancelledError

    control.tell = crash  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await phone.delete_calls([entry(phone, bob, 1).call])
    await people.close(phone)
    phone = await people.open("anna")
    await settle(phone, laptop)
    assert await calls(laptop) == set()


async def test_an_account_that_is_gone_still_has_its_name_left_out(people: People) -> None:
    """A call with somebody who is no contact any more is still in the history."""
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    note(anna, entry(anna, bob, 1))
    await anna.forget_contact(bob)
    (found,) = await anna.call_history()
    assert found.members == (AccountId(bob.account),)


async def test_the_history_is_there_without_the_server(tmp_path: Path) -> None:
    """R-06: seen, marked and deleted while the server is stopped."""
    kdf = insecure_for_tests_cheap_kdf()
    async with running_server(tmp_path / "server") as server:
        anna = await Client.signup(
            tmp_path / "anna", server.origin, server.signup_link(), "anna", PASSWORD, kdf=kdf
        )
        stranger = Contact(AccountId(bytes(16)), "gone", "contact", 1)
        note(anna, entry(anna, stranger, 1), entry(anna, stranger, 2))
        await anna.close()
    async with await Client.open(tmp_path / "anna", PASSWORD) as anna:
        with pytest.raises(UnavailableError):
            await anna.sync(0.5)
        assert len(await calls(anna)) == 2
        await anna.mark_call(entry(anna, stranger, 1).call, note="roof")
        await anna.delete_calls([entry(anna, stranger, 2).call])
        (left,) = await anna.call_history()
        assert left.mark.note == "roof"


async def test_a_call_that_a_reloaded_program_went_on_with_is_one_entry(people: People) -> None:
    anna, _ = await people.pair()
    (bob,) = await anna.contacts()
    first = entry(anna, bob, 1, seconds=60)
    note(anna, first)
    anna._session.note_call(entry(anna, bob, 2, seconds=30), first.call)
    (found,) = await anna.call_history()
    assert (found.call, found.at, found.seconds) == (first.call, first.at, 90)
    anna._session.note_call(entry(anna, bob, 3), CallId(b"x" * 16))
    assert len(await calls(anna)) == 2, "what it went on with is not here: an entry of its own"


async def test_a_copy_of_the_profile_does_not_show_the_history(people: People) -> None:
    """R-10: without the password there is nothing to read."""
    anna, _ = await people.pair()
    laptop = await people.login("laptop", anna.handle, recovery_code=anna.recovery_code)
    await settle(anna, laptop)
    (bob,) = await laptop.contacts()
    note(laptop, entry(laptop, bob, 1))
    await laptop.mark_call(entry(laptop, bob, 1).call, note="needle in a haystack")
    (page,) = (data for _, data in laptop._session.books.store.items("calls.page"))
    needles = [b"needle in a haystack", bytes(entry(laptop, bob, 1).call)]
    assert all(needle in page for needle in needles), "the control: it is there, under the seal"
    profile = people.profile("laptop")
    await people.close(laptop)
    files = [path.read_bytes() for path in profile.rglob("*") if path.is_file()]
    assert not any(needle in data for needle in needles for data in files)
    with pytest.raises(AuthorizationError):
        await people.open("laptop", "not the password at all")
    laptop = await people.open("laptop")
    assert len(await calls(laptop)) == 1
