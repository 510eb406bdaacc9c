"""Groups of people: begun, joined, named, talked in, left; three to five devices, as stories."""

from __future__ import annotations

import asyncio
import random
import struct
import zlib
from pathlib import Path

import pytest
from tests.sdk.conftest import PASSWORD, People, settle, state_of
from tests.sdk.groups import group_of, join, names, said, seen

from visavis.core.content_group import MAX_PICTURE_BYTES
from visavis.core.content_records import MayAdd, Rules
from visavis.core.errors import AuthorizationError, PeerError, UsageError
from visavis.core.ids import GroupId
from visavis.core.mls import ApplicationMessage
from visavis.sdk.addresses import Purpose
from visavis.sdk.client import Client
from visavis.sdk.group_actions import PeopleGroup
from visavis.sdk.history import NoticeKind


def png(pixels: bytes) -> bytes:
    """Return a picture of one row of grey."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", len(pixels), 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + pixels)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def told(client: Client, kind: NoticeKind) -> list[str]:
    """Return whom notices of a kind are about."""
    return [one.was for one in await client.all_notices() if one.kind is kind]


async def member(client: Client, group: PeopleGroup, name: str):
    return next(one for one in (await seen(client, group)).members if one.name == name)


async def test_three_people_talk(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Sunday hikes", "anna", "bob", "carl")
    everybody = sorted(one.handle for one in (anna, bob, carl))
    for one in (anna, bob, carl):
        # Bob and Carl are no contacts: they have what they call themselves.
        assert await names(one, group) == everybody, state_of(one)
        assert (await seen(one, group)).name == "Sunday hikes"
        keepers = [m.name for m in (await seen(one, group)).members if m.keeper]
        assert keepers == [anna.handle]
    assert [m.contact for m in (await seen(bob, group)).members] == [True, False, False]
    await anna.send_group_message(group, "At nine?")
    await bob.send_group_message(group, "Ten.")
    await settle(anna, bob, carl)
    await carl.send_group_message(group, "Ten is fine.")
    await settle(anna, bob, carl)
    talk = [(anna.handle, "At nine?"), (bob.handle, "Ten."), (carl.handle, "Ten is fine.")]
    for one in (anna, bob, carl):
        assert sorted(await said(one, group)) == sorted(talk), state_of(one)
    # What is said in a group is in no conversation of two, and the other way round.
    assert await bob.history(await bob.find_contact(anna.handle)) == []
    await anna.send_message(await anna.find_contact(bob.handle), "For you alone")
    await settle(anna, bob, carl)
    assert len(await said(bob, group)) == 3


async def test_a_group_with_the_id_of_a_contact_is_not_that_contact(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob, mallory = [await people.sign_up(name) for name in ("anna", "bob", "mallory")]
    await people.befriend(bob, anna)
    await people.befriend(mallory, bob)
    taken = bytes((await bob.find_contact(anna.handle)).account)
    monkeypatch.setattr(GroupId, "random", classmethod(lambda cls, rng: cls(taken)))
    group = await mallory.create_group("Choir")
    monkeypatch.undo()
    assert bytes(group.group) == taken  # the control
    await join(mallory, group, bob)
    await mallory.send_group_message(group, "Send me the money, Anna")
    await settle(mallory, bob)
    assert await said(bob, group) == [(mallory.handle, "Send me the money, Anna")]
    assert await bob.history(await bob.find_contact(anna.handle)) == []


async def test_a_profile_that_is_opened_again_goes_on(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    await people.close(bob)
    await anna.send_group_message(group, "While you were away")
    await anna.sync()
    bob = await people.open("bob")
    await settle(bob, anna)
    assert await said(bob, group) == [(anna.handle, "While you were away")]
    await bob.send_group_message(group, "Here again")
    await settle(bob, anna)
    assert (bob.handle, "Here again") in await said(anna, group)


async def test_files_reach_everybody(people: People, tmp_path: Path) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    path = tmp_path / "notes.txt"
    path.write_text("do re mi")
    await bob.send_group_file(group, path)
    await settle(anna, bob, carl)
    for one in (anna, carl):
        (entry,) = await one.group_history(group)
        assert (await one.open_file(entry)).data == b"do re mi"
        assert one.name_of_author(group, entry) == bob.handle


async def test_two_name_it_at_once(people: People) -> None:
    """Whoever is first at the sequencer is followed by the other: all end with one name."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    await asyncio.gather(
        anna.rename_group(group, "Choir of Anna"), bob.rename_group(group, "Choir of Bob")
    )
    await settle(anna, bob, carl)
    shown = {(await seen(one, group)).name for one in (anna, bob, carl)}
    assert len(shown) == 1
    assert shown < {"Choir of Anna", "Choir of Bob"}
    assert set(await told(carl, NoticeKind.GROUP_RENAMED)) == {anna.handle, bob.handle}
    await anna.send_group_message(group, "So be it")
    await settle(anna, bob, carl)
    assert await said(carl, group) == [(anna.handle, "So be it")]
    for bad in ("", "x" * 129, "two\nlines"):
        with pytest.raises(UsageError):
            await bob.rename_group(group, bad)
        with pytest.raises(UsageError):
            await bob.create_group(bad)


async def test_a_picture_is_everybodys_and_comes_to_those_who_come_later(
    people: People, tmp_path: Path
) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    carl = await people.sign_up("carl")
    await people.befriend(bob, carl)
    path = tmp_path / "choir.png"
    path.write_bytes(png(b"grey"))
    await bob.set_group_picture(group, path)
    await settle(anna, bob)
    picture = (await seen(bob, group)).picture
    assert picture is not None
    assert (await seen(anna, group)).picture == picture
    assert await told(anna, NoticeKind.GROUP_PICTURE) == [bob.handle]
    await join(bob, group, carl)
    await settle(anna, bob, carl)
    assert (await seen(carl, group)).picture == picture
    await anna.set_group_picture(group, None)
    await settle(anna, bob, carl)
    assert (await seen(carl, group)).picture is None
    path.write_text("no picture")
    with pytest.raises(AuthorizationError):
        await bob.set_group_picture(group, path)
    path.write_bytes(png(random.Random(1).randbytes(MAX_PICTURE_BYTES)))
    with pytest.raises(PeerError, match="too_large"):
        await bob.set_group_picture(group, path)


async def test_a_keeper_removes_and_the_removed_reads_nothing_more(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    with pytest.raises(AuthorizationError):
        await bob.remove_from_group(group, await member(bob, group, carl.handle))
    with pytest.raises(UsageError):
        await anna.remove_from_group(group, await member(anna, group, anna.handle))
    carls = carl._session.books
    record = carls.groups.get(group.group)
    assert record is not None
    stolen = carls.groups.open(record, carls.groups.state(record).to_bytes())
    before = carls.group_book
    addresses = {one.address.capability for one in before.members(group.group)}
    assert len(addresses) == 2
    await anna.remove_from_group(group, await member(anna, group, carl.handle))
    await settle(anna, bob, carl)
    assert (await seen(carl, group)).state == "removed"
    assert await told(carl, NoticeKind.GROUP_REMOVED_US) == [anna.handle]
    assert await told(bob, NoticeKind.GROUP_MEMBER_REMOVED) == [carl.handle]
    assert carl._session.books.groups.get(group.group) is None
    assert carl._session.books.addresses.current(Purpose.GROUP, group.group) is None
    # Nor could he with what he had kept of the keys of before.
    annas = anna._session.books
    state = annas.groups.state(anna._session.group_actions.require(group.group))
    copy = annas.groups.open(record, state.to_bytes())
    secret = copy.encrypt(b"without Carl", rng=annas.rng)
    with pytest.raises(PeerError, match="CK-051"):
        stolen.process(secret, now=annas.now())
    bobs = bob._session.books
    here = bob._session.group_actions.require(group.group)
    able = bobs.groups.open(here, bobs.groups.state(here).to_bytes())
    read = able.process(secret, now=annas.now())  # the control: Bob can
    assert isinstance(read, ApplicationMessage)
    assert read.content == b"without Carl"
    await anna.send_group_message(group, "Without Carl")
    await settle(anna, bob, carl)
    assert await said(carl, group) == []
    assert await said(bob, group) == [(anna.handle, "Without Carl")]
    with pytest.raises(AuthorizationError):
        await carl.send_group_message(group, "Anybody there?")
    # What he knows of addresses is worth nothing any more once the hour of change is over (P13).
    for one in (anna, bob):
        known = one._session.books.group_book.members(group.group)
        assert [m.account for m in known] == [
            other._session.books.account for other in (anna, bob) if other is not one
        ]
        assert addresses.isdisjoint(m.address.capability for m in known)


async def test_who_leaves_is_removed_by_the_others_and_may_come_again(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    await bob.send_group_message(group, "Farewell")
    await bob.leave_group(group)
    # At once, and before anybody else knows.
    assert bob._session.books.groups.get(group.group) is None
    assert (await seen(bob, group)).state == "left"
    assert await said(bob, group) == [(bob.handle, "Farewell")]
    await settle(bob, anna, carl)
    for one in (anna, carl):
        assert bob.handle not in await names(one, group), state_of(one)
        assert await told(one, NoticeKind.GROUP_MEMBER_LEFT) == [bob.handle]
    await anna.send_group_message(group, "He is gone")
    await settle(anna, bob, carl)
    assert len(await said(bob, group)) == 1
    await join(anna, group, bob)
    await settle(anna, bob, carl)
    assert bob.handle in await names(carl, group)
    await bob.send_group_message(group, "Here again")
    await settle(anna, bob, carl)
    for one in (anna, carl):
        assert (bob.handle, "Here again") in await said(one, group), state_of(one)
    assert (await seen(bob, group)).state == "member"
    assert (anna.handle, "He is gone") not in await said(bob, group)


async def test_the_last_keeper_leaves_and_the_longest_there_keeps_it(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    # Who came by one commit stands in the order of their leaves.
    longest = (await seen(anna, group)).members[1].name
    if longest != bob.handle:
        bob, carl = carl, bob
    await anna.leave_group(group)
    await settle(anna, bob, carl)
    for one in (bob, carl):
        shown = (await seen(one, group)).members
        assert [(m.name, m.keeper) for m in shown] == [(bob.handle, True), (carl.handle, False)]
        assert await told(one, NoticeKind.GROUP_KEEPERS) == [bob.handle]
    await bob.remove_from_group(group, await member(bob, group, carl.handle))
    await settle(bob, carl)
    assert await names(bob, group) == [bob.handle]
    await bob.leave_group(group)
    assert (await seen(bob, group)).state == "left"


async def test_keepers_name_keepers(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    with pytest.raises(AuthorizationError):
        await bob.name_keeper(group, await member(bob, group, bob.handle))
    with pytest.raises(UsageError):
        await anna.name_keeper(group, await member(anna, group, anna.handle), keeper=False)
    await anna.name_keeper(group, await member(anna, group, bob.handle))
    await settle(anna, bob, carl)
    await bob.name_keeper(group, await member(bob, group, anna.handle), keeper=False)
    await settle(anna, bob, carl)
    keepers = [m.name for m in (await seen(carl, group)).members if m.keeper]
    assert keepers == [bob.handle]
    with pytest.raises(AuthorizationError):
        await anna.remove_from_group(group, await member(anna, group, carl.handle))


@pytest.mark.parametrize("adds", [MayAdd.AT_ONCE, None, MayAdd.NEVER])
async def test_who_may_add_is_a_rule_of_who_is_added(people: People, adds: MayAdd | None) -> None:
    """R-87: at once, after a question, never; whoever asked hears nothing but a yes."""
    anna, bob = await people.pair()
    await bob.set_rules(await bob.find_contact(anna.handle), Rules(adds=adds))
    group = await anna.create_group("Choir")
    await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await settle(anna, bob)
    waiting = await bob.group_invitations()
    assert [one.name for one in waiting] == (["Choir"] if adds is None else [])
    assert (bob.handle in await names(anna, group)) is (adds is MayAdd.AT_ONCE)
    assert (await seen(anna, group)).invited == (() if adds is MayAdd.AT_ONCE else (bob.handle,))
    if waiting:
        sent = bob._session.outbox.waiting()
        await bob.decline_group(waiting[0])
        assert bob._session.outbox.waiting() == sent
        assert await bob.group_invitations() == []
        with pytest.raises(AuthorizationError):
            await bob.accept_group(waiting[0])


async def test_whom_we_blocked_is_not_heard_in_a_group(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    await anna.block(await anna.find_contact(bob.handle))
    await settle(anna, bob, carl)
    await bob.send_group_message(group, "Hello?")
    await anna.send_group_message(group, "I still write here")
    await settle(anna, bob, carl)
    assert await said(anna, group) == [(anna.handle, "I still write here")]
    assert len(await said(carl, group)) == 2  # the control: it was sent, and only Anna kept it out
    assert len(await said(bob, group)) == 2
    assert bob.handle in await names(anna, group)


async def test_a_contact_that_is_forgotten_is_still_a_member(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    await anna.forget_contact(await anna.find_contact(bob.handle))
    await settle(anna, bob, carl)
    await bob.send_group_message(group, "Still here")
    await settle(anna, bob, carl)
    assert await said(anna, group) == [(bob.handle, "Still here")]
    assert not (await member(anna, group, bob.handle)).contact


async def test_who_closes_their_account_leaves_their_groups(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    with pytest.raises(AuthorizationError):
        await bob.close_account("not the password at all")
    await settle(anna, bob, carl)
    assert bob.handle in await names(anna, group)  # nothing was changed
    handle = bob.handle
    await bob.close_account(PASSWORD)
    await settle(anna, carl)
    for other in (anna, carl):
        assert handle not in await names(other, group)
        assert await names(other, group) == sorted([anna.handle, carl.handle])
