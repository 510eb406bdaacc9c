"""Groups of people: several devices of one account, devices that are away, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.sdk.conftest import PASSWORD, People, drops, settle, state_of
from tests.sdk.groups import group_of, join, names, said, seen
from tests.sdk.test_devices import link_device

from visavis.core.content_group import GroupTerms
from visavis.core.content_inner import GroupInvite, GroupJoin
from visavis.core.content_records import JoiningDevice, MayAdd, MemberDevice, Rules
from visavis.core.errors import AuthorizationError, PeerError, UsageError
from visavis.core.group_rules import INVITE_S
from visavis.core.ids import GroupId, MessageId, RequestToken
from visavis.sdk import books as books_module
from visavis.sdk import sequencer
from visavis.sdk.client import Client
from visavis.sdk.group_actions import PeopleGroup
from visavis.sdk.group_invites import MAX_OPEN
from visavis.sdk.group_membership import Change
from visavis.sdk.group_tree import leaves_of
from visavis.sdk.history import NoticeKind
from visavis.sdk.session import Session


def devices_in(client: Client, group: PeopleGroup) -> int:
    books = client._session.books
    record = books.groups.get(group.group)
    assert record is not None
    return len(leaves_of(books.groups.state(record)))


async def test_all_devices_of_an_account_come_and_go_together(people: People) -> None:
    anna, bob = await people.pair()
    second = await people.login("bob2", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, second, rounds=5)
    group = await anna.create_group("Choir")
    await join(anna, group, bob)
    await settle(anna, bob, second, rounds=5)
    assert devices_in(anna, group) == 3, [state_of(one) for one in (anna, bob, second)]
    assert await second.group_invitations() == []
    await anna.send_group_message(group, "To all of you")
    await second.send_group_message(group, "From my other device")
    await settle(anna, bob, second)
    for one in (anna, bob, second):
        assert len(await said(one, group)) == 2, state_of(one)
    assert (bob.handle, "From my other device") in await said(bob, group)
    # One is shut out: it reads nothing more, the other goes on.
    await bob.revoke(next(d for d in await bob.devices() if not d.current), PASSWORD)
    await settle(bob, anna, rounds=5)
    assert devices_in(anna, group) == 2, state_of(anna)
    await anna.send_group_message(group, "One less")
    await settle(anna, bob)
    assert (anna.handle, "One less") in await said(bob, group)


async def test_two_devices_that_say_yes_at_once_come_in_once(people: People) -> None:
    """CK-842: the first yes uses the invite up; the other device is let in by the first one."""
    anna, bob = await people.pair()
    second = await people.login("bob2", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, second, rounds=5)
    await bob.set_rules(await bob.find_contact(anna.handle), Rules(adds=MayAdd.AT_ONCE))
    await settle(bob, second)
    group = await anna.create_group("Choir")
    await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await anna.sync()
    await settle(bob, second, rounds=1)
    await settle(anna, bob, second, rounds=5)
    assert drops(anna).get("unexpected") == 1, drops(anna)
    assert devices_in(anna, group) == 3
    assert [m.devices for m in (await seen(anna, group)).members if not m.own] == [2]
    await anna.send_group_message(group, "To both")
    await settle(anna, bob, second)
    for one in (bob, second):
        assert await said(one, group) == [(anna.handle, "To both")]
        assert one._session.group_invites.joining(group.group) is None


async def test_a_device_that_is_linked_later_is_let_in_by_the_first(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna, rounds=5)
    assert devices_in(anna, group) == 3, [state_of(one) for one in (anna, bob, tablet)]
    await anna.send_group_message(group, "To both")
    await settle(anna, bob, tablet)
    assert await said(tablet, group) == [(anna.handle, "To both")]


async def test_who_lost_all_devices_is_asked_in_anew(people: People) -> None:
    """The commit that adds the new device removes the one that is no more (CK-832)."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    with pytest.raises(UsageError):
        await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await bob._session.vault.write()
    await people.close(bob)
    new = await people.login("bob2", bob.handle, recovery_code=bob.recovery_code, lost_devices=True)
    await settle(new, anna, carl, rounds=5)
    assert (await new.find_contact(anna.handle)).state == "contact"
    await join(anna, group, new)
    await settle(new, anna, carl)
    assert devices_in(carl, group) == 3
    await new.send_group_message(group, "With another device")
    await settle(new, anna, carl)
    assert await said(carl, group) == [(bob.handle, "With another device")]


async def test_a_device_of_ours_that_knows_no_groups_is_left_out(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-845: with its leaf no commit would be valid; the group goes on without it."""
    anna, bob = await people.pair()
    with monkeypatch.context() as patched:
        patched.setattr(books_module, "EXTENSION", 0xF0FF)
        old = await people.login("old", bob.handle, recovery_code=bob.recovery_code)
        await settle(anna, bob, old, rounds=5)
    group = await anna.create_group("Choir")
    await join(anna, group, bob)
    await settle(anna, bob, old, rounds=5)
    assert devices_in(bob, group) == 2
    # It is not asked again and again: each key package is one less for others.
    asked = drops(bob)["group unexpected"]
    await bob.send_group_message(group, "Without it")
    await settle(bob, anna, rounds=5)
    assert drops(bob)["group unexpected"] == asked == 1
    assert await said(anna, group) == [(bob.handle, "Without it")]
    # Nor does somebody come in by saying yes with it.
    other = await people.sign_up("other")
    await people.befriend(anna, other)
    with monkeypatch.context() as patched:
        patched.setattr(books_module, "EXTENSION", 0xF0FF)
        await join(anna, group, other)
    assert drops(anna).get("unexpected"), drops(anna)
    assert other.handle not in await names(anna, group)


async def test_who_leaves_leaves_with_all_devices(people: People) -> None:
    anna, bob = await people.pair()
    second = await people.login("bob2", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, second, rounds=5)
    group = await anna.create_group("Choir")
    await join(anna, group, bob)
    await settle(anna, bob, second, rounds=5)
    assert devices_in(anna, group) == 3
    await second.leave_group(group)
    await settle(second, bob, anna, rounds=4)
    assert devices_in(anna, group) == 1, state_of(anna)
    for one in (bob, second):
        assert (await seen(one, group)).state == "left"
        assert one._session.books.groups.get(group.group) is None


async def test_a_member_that_was_away_for_long_catches_up(people: People) -> None:
    """Meanwhile somebody was removed, so all replaced their addresses, and the name is another."""
    group, (anna, bob, carl, dora) = await group_of(people, "Choir", "anna", "bob", "carl", "dora")
    await people.close(bob)
    shown = (await seen(anna, group)).members
    await anna.remove_from_group(group, next(m for m in shown if m.name == carl.handle))
    await settle(anna, carl, dora)
    await anna.rename_group(group, "Quartet")
    await anna.send_group_message(group, "We are three")
    await settle(anna, dora)
    late = anna._session.books.now() + 2 * 3_600
    for one in (anna, dora):  # the addresses of before are good no more
        one._session.books.now = lambda: late
        for record in one._session.books.groups.all():
            one._session.membership.mark(record)
    await settle(anna, dora)
    bob = await people.open("bob")
    await settle(bob, anna, dora, rounds=5)
    assert (await seen(bob, group)).name == "Quartet"
    assert await names(bob, group) == sorted([anna.handle, bob.handle, dora.handle])
    assert (anna.handle, "We are three") in await said(bob, group)
    await bob.send_group_message(group, "Back again")
    await settle(bob, anna, dora)
    for one in (anna, dora):
        assert (bob.handle, "Back again") in await said(one, group), state_of(one)
    await dora.send_group_message(group, "Good")
    await settle(bob, anna, dora)
    assert (dora.handle, "Good") in await said(bob, group)


async def test_addresses_of_before_end_after_an_hour(people: People) -> None:
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    before = anna._session.books.group_address(group.group)
    await bob.leave_group(group)
    await settle(bob, anna, carl)
    now = anna._session.books.group_address(group.group)
    assert now.name != before.name
    assert not anna._session.books.addresses.given(before.name).retired_at
    late = anna._session.books.now() + 3_601
    anna._session.books.now = lambda: late
    record = anna._session.books.groups.get(group.group)
    assert record is not None
    anna._session.membership.mark(record)
    await settle(anna, carl)
    assert anna._session.books.addresses.given(before.name).retired_at


async def test_the_first_of_the_others_removes_who_left_and_else_the_next(people: People) -> None:
    """The device in the lowest leaf is away: after a minute it is the next one's turn."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    await people.close(anna)
    await carl.leave_group(group)
    await settle(carl, bob)
    assert carl.handle in await names(bob, group)
    late = bob._session.books.now() + 61
    bob._session.books.now = lambda: late
    await settle(bob)
    assert carl.handle not in await names(bob, group), state_of(bob)


async def test_an_address_of_before_does_not_hold_up_whose_turn_it_is(people: People) -> None:
    """Of two things that wait for their time the earlier one is not forgotten."""
    group, (anna, bob, carl, dora) = await group_of(people, "Choir", "anna", "bob", "carl", "dora")
    shown = (await seen(anna, group)).members
    await anna.remove_from_group(group, next(m for m in shown if m.name == bob.handle))
    await settle(anna, bob, carl, dora)  # all have an address of before now, for an hour
    await people.close(anna)
    await carl.leave_group(group)
    await settle(carl, dora)
    assert carl.handle in await names(dora, group)
    late = dora._session.books.now() + 61
    dora._session.books.now = lambda: late
    await settle(dora)
    assert carl.handle not in await names(dora, group), state_of(dora)


async def test_a_commit_that_names_its_author_a_keeper_is_refused_by_all(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-835: nobody goes along, nobody forks; all are told that the group goes no further."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    session = bob._session
    record = session.group_actions.require(group.group)
    hostile = Change(terms=GroupTerms("Choir", (session.books.account,)))
    # Our own code does not offer it.
    async with session.books.groups.lock(record):
        with pytest.raises(PeerError, match="CK-835"):
            await session.group_membership.commit(record, lambda _: hostile)
    await settle(anna, bob, carl)
    await bob.send_group_message(group, "Nothing happened")
    await settle(anna, bob, carl)
    assert await said(carl, group) == [(bob.handle, "Nothing happened")]
    monkeypatch.setattr(sequencer, "judge_own", lambda *_: None)
    async with session.books.groups.lock(record):
        assert await session.group_membership.commit(record, lambda _: hostile)
    await settle(bob, anna, carl)
    for one in (anna, carl):
        shown = await seen(one, group)
        assert [m.name for m in shown.members if m.keeper] == [anna.handle]
        kinds = [notice.kind for notice in await one.all_notices()]
        assert NoticeKind.GROUP_BROKEN in kinds, drops(one)
    # What the two of them say to each other still arrives, and they can leave it.
    await anna.send_group_message(group, "Let us begin anew")
    await settle(anna, carl)
    assert (anna.handle, "Let us begin anew") in await said(carl, group)
    await carl.leave_group(group)
    assert (await seen(carl, group)).state == "left"


async def test_whom_nobody_may_remove_is_not_removed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-832: nor does the victim believe it."""
    group, (anna, bob, carl) = await group_of(people, "Choir", "anna", "bob", "carl")
    session = bob._session
    record = session.group_actions.require(group.group)
    leaves = leaves_of(session.books.groups.state(record))
    victim = next(leaf for leaf in leaves if leaf.account == carl._session.books.account)
    monkeypatch.setattr(sequencer, "judge_own", lambda *_: None)
    async with session.books.groups.lock(record):
        await session.group_membership.commit(record, lambda _: Change(remove=(victim.index,)))
    await settle(bob, anna, carl)
    for one in (anna, carl):
        assert carl.handle in await names(one, group)
        assert (await seen(one, group)).state == "member"


# Invites


async def asked(people: People) -> tuple[Client, Client, PeopleGroup]:
    anna, bob = await people.pair()
    group = await anna.create_group("Choir")
    await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await settle(anna, bob)
    return anna, bob, group


async def test_who_is_in_it_is_not_asked_and_who_is_asked_twice_comes_once(people: People) -> None:
    anna, bob, group = await asked(people)
    await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await settle(anna, bob)
    (waiting,) = await bob.group_invitations()
    await bob.accept_group(waiting)
    await settle(anna, bob)
    assert await names(anna, group) == sorted([anna.handle, bob.handle])
    with pytest.raises(UsageError):
        await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    with pytest.raises(AuthorizationError):
        await bob.accept_group(waiting)


def yes(session: Session, token: RequestToken) -> GroupJoin:
    """Make a yes as the SDK would."""
    books = session.books
    given = books.group_address(books.account)
    package = books.keep_key_package()
    device = JoiningDevice(books.device, package, books.addresses.address(given))
    return GroupJoin(
        MessageId.random(books.rng), books.now(), token, books.profile.handle, (device,)
    )


async def test_a_yes_is_taken_once_and_only_to_an_invite_of_ours(people: People) -> None:
    """CK-842: a token that was never given, or is used up, or another's."""
    anna, bob, group = await asked(people)
    carl = await people.sign_up("carl")
    await people.befriend(anna, carl)
    (waiting,) = await bob.group_invitations()
    token = waiting.asked.token
    hostile = [(bob, RequestToken(bytes(16))), (carl, token)]
    for number, (client, named) in enumerate(hostile, 1):
        contact = (await client.contacts())[0].account
        session = client._session
        await session.send_inner(contact, yes(session, named), durable=True)
        await settle(client, anna)
        assert drops(anna).get("unexpected") == number, drops(anna)
        assert await names(anna, group) == [anna.handle]
    await bob.accept_group(waiting)
    await settle(bob, anna)
    assert bob.handle in await names(anna, group)
    epoch = anna._session.books.groups.state(anna._session.group_actions.require(group.group)).epoch
    again = (await bob.contacts())[0].account
    await bob._session.send_inner(again, yes(bob._session, token), durable=True)
    await settle(bob, anna)
    assert drops(anna)["unexpected"] == 3
    record = anna._session.group_actions.require(group.group)
    assert anna._session.books.groups.state(record).epoch == epoch


async def test_a_device_says_yes_for_itself(people: People) -> None:
    """CK-576, CK-579: not for another device, and with no key package of another."""
    anna, bob, group = await asked(people)
    (waiting,) = await bob.group_invitations()
    session, contact = bob._session, (await bob.contacts())[0].account
    good = yes(session, waiting.asked.token)
    other = replace(good.devices[0], device=anna._session.books.device)
    stolen = replace(good.devices[0], key_package=anna._session.books.keep_key_package())
    for devices in ((other,), (good.devices[0], other), (stolen,)):
        await session.send_inner(contact, replace(good, devices=devices), durable=True)
    await settle(bob, anna)
    assert drops(anna).get("bad_credential") == 3, drops(anna)
    assert await names(anna, group) == [anna.handle]
    await bob.accept_group(waiting)  # the control: the invite still holds
    await settle(bob, anna)
    assert bob.handle in await names(anna, group)


async def test_an_invite_is_good_for_a_week(people: People) -> None:
    anna, bob, group = await asked(people)
    (waiting,) = await bob.group_invitations()
    now = anna._session.books.now
    anna._session.books.now = lambda: now() + INVITE_S + 60
    await bob.accept_group(waiting)
    await settle(bob, anna)
    assert await names(anna, group) == [anna.handle]
    assert (await seen(anna, group)).invited == ()
    anna._session.books.now = now
    # And here: whoever is late hears it, and nothing is sent.
    await anna.invite_to_group(group, await anna.find_contact(bob.handle))
    await settle(anna, bob)
    (waiting,) = await bob.group_invitations()
    bob._session.books.now = lambda: now() + INVITE_S + 60
    with pytest.raises(AuthorizationError):
        await bob.accept_group(waiting)
    await settle(bob)
    assert await bob.group_invitations() == []


async def test_one_contact_cannot_ask_into_any_number_of_groups(people: People) -> None:
    """CK-846"""
    anna, bob = await people.sign_up("anna"), await people.sign_up("bob")
    await people.befriend(anna, bob)
    session, contact = anna._session, (await anna.contacts())[0].account
    books = session.books
    for number in range(MAX_OPEN + 2):
        token, group = RequestToken.random(books.rng), GroupId(number.to_bytes(16, "big"))
        invite = GroupInvite(MessageId.random(books.rng), books.now(), group, "Choir", 1, token)
        await session.send_inner(contact, invite, durable=True)
    await settle(anna, bob)
    waiting = await bob.group_invitations()
    assert len(waiting) == MAX_OPEN
    await bob.decline_group(waiting[0])
    await session.send_inner(contact, invite, durable=True)
    await settle(anna, bob)
    assert len(await bob.group_invitations()) == MAX_OPEN


async def test_an_inviter_who_is_out_lets_nobody_in(people: People) -> None:
    group, (anna, bob) = await group_of(people, "Choir", "anna", "bob")
    carl = await people.sign_up("carl")
    await people.befriend(bob, carl)
    await bob.invite_to_group(group, await bob.find_contact(carl.handle))
    await settle(bob, carl)
    await bob.leave_group(group)
    (waiting,) = await carl.group_invitations()
    await carl.accept_group(waiting)
    await settle(carl, bob, anna)
    assert await names(anna, group) == [anna.handle]
    assert drops(bob).get("unexpected") or drops(bob).get("wrong_group"), drops(bob)


async def test_a_key_package_that_turns_out_bad_keeps_nobody_else_out(people: People) -> None:
    """Whoever said yes with it is asked again; the group is not stuck for good."""
    anna, bob, group = await asked(people)
    books = anna._session.books
    record = anna._session.group_actions.require(group.group)
    account = (await anna.find_contact(bob.handle)).account
    device = bob._session.books.device
    address = books.addresses.address(books.group_address(group.group))
    spoilt = bytearray(bob._session.books.keep_key_package())
    spoilt[-1] ^= 1
    with books.store.transaction():
        books.group_book.put_member(group.group, MemberDevice(account, device, bob.handle, address))
        books.store.put("group.joiner", group.group + account + device, bytes(spoilt))
    anna._session.membership.mark(record)
    await settle(anna)
    assert await names(anna, group) == [anna.handle]
    assert drops(anna).get("group bad_signature"), drops(anna)
    (waiting,) = await bob.group_invitations()
    await bob.accept_group(waiting)
    await settle(bob, anna, bob)
    assert await names(bob, group) == sorted([anna.handle, bob.handle])
