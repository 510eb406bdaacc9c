"""A yes that is taken back after the call reaches who recorded, and their file (R-49, R-51)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import People, drops, settle, texts
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear
from tests.sdk.recorded import AUDIO, Recorded, with_contact
from tests.sdk.test_devices import link_device
from tests.sdk.test_recording_calls import until

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.consent_record import AFTER_CALL, Where
from visavis.core.content_inner import RecordingWithdrawn
from visavis.core.content_records import Standing
from visavis.core.errors import AuthorizationError, Code, UnavailableError
from visavis.core.ids import MessageId
from visavis.core.recording_consent import State
from visavis.sdk import vault_items
from visavis.sdk.client import Client
from visavis.sdk.consent_book import KEEP_S
from visavis.sdk.conversation import Conversations
from visavis.sdk.recording_objects import Wanted


def states(client: Client) -> list[State]:
    return [one.consent().state for one in client.my_consents.all()]


async def has_share(made: Recorded, name: str) -> bool:
    laid = made.laid[name]
    try:
        await made.asker._session.shares.read(laid.slot, laid.read)
    except AuthorizationError:
        return False
    return True


async def send(sender: Client, made: Recorded, statement: bytes) -> None:
    books = sender._session.books
    content = RecordingWithdrawn(MessageId.random(books.rng), books.now(), statement)
    asker = made.asker._session.books.account
    await sender._session.send_inner(asker, content, durable=True)
    await settle(sender, made.asker)


async def test_who_recorded_learns_it_and_their_file_proves_it(people: People) -> None:
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    assert made.proof().ok
    assert made.proven("bob").recorded_ms > 900
    assert (await anna.recordings.look(made.kept())).members[1].playable
    assert await has_share(made, "bob")
    assert made.kept().withdrawn == ()
    before = made.file()
    assert await bob.my_consents.withdraw(made.ask)
    await settle(anna, bob)
    assert made.kept().withdrawn == ("bob",)
    assert made.file()[: len(before)] == before
    proof = made.proof()
    assert (proof.ok, proof.truncated, proof.unproven) == (True, False, 0)
    assert made.proven("bob").withdrawn is not None
    assert not proof.is_playable(made.proven("bob"), anna._session.books.now())
    looked = await anna.recordings.look(made.kept())
    assert [(one.playable, one.withdrawn) for one in looked.members] == [
        (True, False),
        (False, True),
    ]
    assert not await has_share(made, "bob")
    # It is no message, and is said once.
    (contact,) = await anna.contacts()
    assert texts(await anna.history(contact)) == []
    assert bob._session.books.consents.untold() == []
    assert states(bob) == [State.WITHDRAWN]
    with pytest.raises(UnavailableError):
        await bob.my_consents.withdraw(made.ask)


async def test_who_recorded_was_away(people: People) -> None:
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    await people.close(anna)
    await bob.my_consents.withdraw(made.ask)
    await bob.sync()
    made.asker = await people.open("anna")
    await settle(made.asker, bob)
    assert made.proven("bob").withdrawn is not None
    assert made.proof().ok


async def test_what_could_not_be_said_is_said_after_a_restart(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)

    async def away(*_: Any, **__: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "no way now")

    with monkeypatch.context() as patch:
        patch.setattr(Conversations, "send_made", away)
        assert await bob.my_consents.withdraw(made.ask)
        await settle(anna, bob)
        assert made.proven("bob").withdrawn is None, "the control: nobody was told"
        await people.close(bob)
    bob = await people.open("bob")
    await settle(anna, bob)
    assert made.proven("bob").withdrawn is not None
    assert bob._session.books.consents.untold() == []


async def test_in_a_group_only_who_recorded_takes_notice(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    where = Where(group=group.group)
    both = {"bob": bob, "carl": carl}
    made = await Recorded(anna, both, {"bob": where, "carl": where}).make()
    made.end()
    before = drops(carl)
    assert await bob.my_consents.withdraw(made.ask)
    await settle(anna, bob, carl)
    assert made.kept().withdrawn == ("bob",)
    assert made.proof().ok
    assert made.proven("bob").withdrawn is not None
    assert made.proven("carl").withdrawn is None
    assert await has_share(made, "carl")
    assert drops(carl) == before
    assert states(carl) == [State.GIVEN]
    # And the other one, in the same file.
    assert await carl.my_consents.withdraw(made.ask)
    await settle(anna, bob, carl)
    assert made.kept().withdrawn == ("bob", "carl")
    assert made.proof().ok
    assert made.proven("carl").withdrawn is not None


async def test_it_waits_until_the_file_is_written(people: People) -> None:
    """Another device of theirs may say it while the call goes on."""
    anna, bob = await people.pair()
    where = Where(contact=anna._session.books.account)
    made = await Recorded(anna, {"bob": bob}, {"bob": where}).make()
    await bob.my_consents.withdraw(made.ask)
    await settle(anna, bob)
    assert made.kept().withdrawn == ("bob",)
    made.recorder._reels[made.ask].mark()
    assert made.proven("bob").withdrawn is None
    made.end()
    await settle(anna)
    assert made.proven("bob").withdrawn is not None
    assert made.proof().ok
    assert made.proof().ended


async def test_what_is_forged_old_foreign_or_said_twice_changes_nothing(people: People) -> None:
    """CK-992, CK-993: whoever sends it, the signature says whose it is."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    where = Where(group=group.group)
    both = {"bob": bob, "carl": carl}
    made = await Recorded(anna, both, {"bob": where, "carl": where}).make()
    made.end()
    await people.befriend(anna, bob)
    kept, file, dropped = made.kept(), made.file(), drops(anna).copy()
    own = made.keys["bob"]
    head = (s.call_reference(made.call), own.key, 7, 1_800_000_000)
    refusal = s.sign_statement(s.RecordingRefusal(*head, made.ask), own.private)
    elsewhere = (s.call_reference(type(made.call)(bytes(16))), *head[1:])
    foreign = s.sign_statement(s.RecordingWithdrawal(*elsewhere, made.ask), own.private)
    theirs = s.sign_statement(
        s.RecordingWithdrawal(head[0], made.own.key, 9, 0, made.ask), made.own.private
    )
    refused = {
        "noise": b"\x80",
        "signed by another": made.withdrawal("bob", 7, by="carl"),
        "a no": refusal,
        "of another call": foreign,
        "of who recorded": theirs,
        "older than the yes": made.withdrawal("bob", 1),
    }
    for name, statement in refused.items():
        await send(bob, made, statement)
        assert made.kept() == kept, name
        assert made.file() == file, name
    after = drops(anna)
    assert sum(after.values()) - sum(dropped.values()) == len(refused), after
    # Of a recording that nobody knows: silently.
    other = s.sign_statement(s.RecordingWithdrawal(*head, s.Digest(bytes(32))), own.private)
    await send(bob, made, other)
    assert drops(anna) == after
    # The control: the true one is taken, by another's hand too, and once.
    true = made.withdrawal("carl", 7)
    await send(bob, made, true)
    assert made.kept().withdrawn == ("carl",)
    written = made.file()
    assert len(written) > len(file)
    assert made.proof().ok
    for again in (true, made.withdrawal("carl", 8)):
        await send(bob, made, again)
        assert made.file() == written
    assert drops(anna) == after


async def test_another_device_of_theirs_takes_it_back(people: People) -> None:
    """P16: what deletes a share is in the vault."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    await bob._session.vault.write()
    tablet = await link_device(people, bob, "tablet")
    await settle(anna, bob, tablet)
    assert states(tablet) == [State.GIVEN]
    assert tablet.my_consents.receipt(made.ask) == bob.my_consents.receipt(made.ask)
    await people.close(bob)  # it is lost
    assert await tablet.my_consents.withdraw(made.ask)
    assert not await has_share(made, "bob")
    await settle(anna, tablet)
    assert made.kept().withdrawn == ("bob",)
    assert made.proven("bob").withdrawn is not None
    await tablet._session.vault.write()
    bob = await people.open("bob")
    await settle(bob, tablet)
    assert states(bob) == [State.WITHDRAWN]
    assert bob.my_consents.all() == tablet.my_consents.all()


async def test_a_device_that_is_not_in_the_group_yet_tells_it_there_later(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    where = Where(group=group.group)
    made = await Recorded(anna, {"bob": bob}, {"bob": where}).make()
    made.end()
    await bob._session.vault.write()
    handle, code = bob.handle, bob.recovery_code
    await people.close(bob)  # who could let it in
    tablet = await people.login("tablet", handle, recovery_code=code)
    assert await tablet.my_consents.withdraw(made.ask)
    await settle(anna, tablet)
    assert tablet._session.books.groups.get(group.group) is None
    assert made.kept().withdrawn == ()
    bob = await people.open("bob")
    await settle(bob, tablet, anna)
    assert made.kept().withdrawn == ("bob",)
    assert made.proven("bob").withdrawn is not None
    assert tablet._session.books.consents.untold() == []


async def test_once_nothing_is_played_any_more_nobody_is_told(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor before, if there is no such contact any more."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    (contact,) = await bob.contacts()
    await bob.forget_contact(contact)
    assert await bob.my_consents.withdraw(made.ask)
    await settle(anna, bob)
    books = bob._session.books
    assert len(books.consents.untold()) == 1
    (record,) = bob.my_consents.all()
    monkeypatch.setattr(books, "now", lambda: record.consent().until)
    await bob._session.my_consents._tell()
    assert books.consents.untold() == []
    monkeypatch.undo()
    await settle(anna, bob)
    assert made.kept().withdrawn == ()
    assert not await has_share(made, "bob")


async def test_a_share_that_one_device_could_not_delete_another_does(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    await bob._session.vault.write()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet)

    async def away(*_: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "no way now")

    monkeypatch.setattr(tablet._session.shares, "delete", away)
    assert not await tablet.my_consents.withdraw(made.ask)
    assert await has_share(made, "bob")
    await tablet._session.vault.write()
    await settle(bob, tablet)
    assert states(bob) == [State.WITHDRAWN]
    assert not await has_share(made, "bob")


async def test_the_share_of_a_yes_that_stands_is_kept_whatever_the_day(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our clock may be wrong, and nothing else deletes it, on our other devices neither."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    consents = bob._session.books.consents
    now = consents._now()
    with monkeypatch.context() as patch:
        patch.setattr(consents, "_now", lambda: now + 40 * s.DAY_S)
        await bob.my_consents.delete_due()
    assert await has_share(made, "bob"), "the control"
    assert await bob.my_consents.withdraw(made.ask)
    assert not await has_share(made, "bob")


async def test_one_that_goes_is_asked_for_whatever_the_day(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that it is gone because our clock says so."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    consents = bob._session.books.consents
    now = consents._now()
    monkeypatch.setattr(consents, "_now", lambda: now + 40 * s.DAY_S)

    async def away(*_: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "no way now")

    with monkeypatch.context() as patch:
        patch.setattr(bob._session.shares, "delete", away)
        assert not await bob.my_consents.withdraw(made.ask)
        assert await has_share(made, "bob"), "the control"
    await bob.my_consents.delete_due()
    assert not await has_share(made, "bob")
    assert consents.due() == []


async def test_a_consent_that_cannot_be_read_is_left_out_of_the_vault(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-994: and shuts it for nothing else."""
    anna, bob = await people.pair()
    await with_contact(anna, bob)
    whole = vault_items.encode_consent

    def altered(record: Any) -> bytes:
        raw = cbor.decode_map(whole(record))
        return cbor.encode({**raw, "ask": bytes(32)})

    monkeypatch.setattr(vault_items, "encode_consent", altered)
    await bob._session.vault.write()
    tablet = await link_device(people, bob, "tablet")
    await settle(tablet)
    assert tablet.my_consents.all() == []
    assert len(await tablet.contacts()) == 1
    assert drops(tablet)["vault item"] >= 1


async def test_what_is_forgotten_leaves_the_vault(people: People) -> None:
    anna, bob = await people.pair()
    await with_contact(anna, bob)
    vault, books = bob._session.vault, bob._session.books
    await vault.write()
    assert len((await vault.refresh(whole=True)).consents) == 1
    now = books.now()
    bob.my_consents._now = books.consents._now = lambda: now + KEEP_S
    bob.my_consents.expire()
    assert bob.my_consents.all() == []
    assert books.consents.forgotten()
    await vault.refresh(whole=True)
    assert bob.my_consents.all() == [], "it does not come back from there"
    await vault.write()
    assert (await vault.refresh(whole=True)).consents == ()
    assert not books.consents.forgotten()


async def test_after_a_call_over_the_server(people: People) -> None:
    """The same with a call, in which the clients do all of it by themselves."""
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    calls = [await client.call_group(group, "voice", **ends()) for client in (anna, bob)]
    await all_hear(*calls, count=2)
    annas, bobs = (call.recording for call in calls)
    await until(annas, lambda: annas.may_not_ask is None)
    ask = await annas.ask(Wanted(AUDIO, "Minutes"))
    await until(bobs, lambda: bobs.requests)
    await bobs.agree(ask, AUDIO)
    await until(bobs, lambda: bobs.recorded)
    await until(annas, lambda: annas.recorded)
    (kept,) = anna.recordings.all()
    for call in calls:
        await call.leave()
    assert states(bob) == [State.GIVEN]
    (record,) = bob.my_consents.all()
    assert record.where == Where(group=group.group)
    assert record.next_number == AFTER_CALL
    assert await bob.my_consents.withdraw(ask)
    await settle(anna, bob)
    (kept,) = anna.recordings.all()
    assert kept.took_back(record.key)
    looked = await anna.recordings.look(kept)
    (told,) = [one for one in looked.proof.members if one.key == record.key]
    assert told.withdrawn is not None
    assert looked.proof.ok


async def test_in_the_call_once_the_request_is_over(people: People) -> None:
    """It is signed in the book, and who recorded is told, as after the call."""
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    calls = [await client.call_group(group, "voice", **ends()) for client in (anna, bob)]
    await all_hear(*calls, count=2)
    annas, bobs = (call.recording for call in calls)
    await until(annas, lambda: annas.may_not_ask is None)
    ask = await annas.ask(Wanted(AUDIO, "Minutes"))
    await until(bobs, lambda: bobs.requests)
    await bobs.agree(ask, AUDIO)
    await until(annas, lambda: annas.recorded)
    annas.stop()
    await until(bobs, lambda: bobs.ended)
    assert states(bob) == [State.GIVEN]
    bobs.withdraw(ask)
    assert states(bob) == [State.WITHDRAWN]
    # At once, and not only when something else is to be done.
    async with asyncio.timeout(10):
        while bob._session.books.consents.untold():
            await asyncio.sleep(0.01)
    await settle(anna, bob)
    (record,) = bob.my_consents.all()
    assert record.share is None
    (kept,) = anna.recordings.all()
    assert kept.took_back(record.key)
    looked = await anna.recordings.look(kept)
    (told,) = [one for one in looked.proof.members if one.key == record.key]
    assert told.withdrawn is not None
    assert looked.proof.ok
    with pytest.raises(UnavailableError):
        await bob.my_consents.withdraw(ask)
    for call in calls:
        await call.leave()


async def test_a_yes_whose_share_went_by_itself(people: People) -> None:
    """Nothing was ever recorded: the yes still stands, and is taken back like any other."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    consents, laid = bob._session.books.consents, made.laid["bob"]
    consents.leaving(laid.slot)
    await bob._session.shares.delete(laid.slot, laid.delete)
    consents.gone(laid.slot)
    assert states(bob) == [State.GIVEN]
    assert await bob.my_consents.withdraw(made.ask)
    assert states(bob) == [State.WITHDRAWN]
    await settle(anna, bob)
    assert made.kept().withdrawn == ("bob",)


async def test_who_is_blocked_is_heard_all_the_same(people: People) -> None:
    """It takes nobody's leave; what else they say is dropped."""
    anna, bob = await people.pair()
    made = await with_contact(anna, bob)
    books = anna._session.books
    account = bob._session.books.account
    known = books.contacts.get(account)
    assert known is not None
    # What is under way already: later the server refuses what they send.
    with books.store.transaction():
        books.contacts.save(replace(known, standing=Standing.BLOCKED))
    (contact,) = await bob.contacts()
    await bob.send_message(contact, "Do not play it")
    await bob.my_consents.withdraw(made.ask)
    await settle(anna, bob)
    assert made.kept().withdrawn == ("bob",)
    assert made.proven("bob").withdrawn is not None
    (blocked,) = await anna.contacts()
    assert blocked.state == "blocked"
    assert texts(await anna.history(blocked)) == []
