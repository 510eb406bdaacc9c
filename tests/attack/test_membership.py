"""What a contact, a removed contact or a stolen device may do to our groups: very little."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from tests.core.mls.world import commit_with
from tests.sdk.conftest import PASSWORD, People, drops, settle, texts
from tests.sdk.test_devices import kinds, link_device

from visavis.core.content import decode_outer, encode_outer
from visavis.core.content_outer import ContactRequest, ConversationWelcome
from visavis.core.content_records import DeviceAddress
from visavis.core.envelope import seal
from visavis.core.errors import Code, PeerError
from visavis.core.ids import AccountId, DeviceId, GroupId, SequencerHandle
from visavis.core.mls import (
    SUITE_ID,
    Extension,
    ExtensionType,
    Group,
    PendingCommit,
)
from visavis.core.mls.proposals import ReInit
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import CLOCK_SLACK_S, KEY_PACKAGE_S
from visavis.sdk.client import Client
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import NoticeKind
from visavis.sdk.sequencer import Plan
from visavis.transport.socket import Delivery


def conversation(client: Client, account: AccountId | None = None) -> GroupRecord:
    """The conversation with an account (the only one by default)."""
    found = [
        record
        for record in client._session.books.groups.all()
        if record.kind is GroupKind.CONVERSATION and account in {None, record.account}
    ]
    (record,) = found
    return record


def members(client: Client, record: GroupRecord) -> set[tuple[AccountId, bytes]]:
    return {(a, bytes(d)) for a, d in client._session.books.groups.members(record)}


def account(client: Client) -> AccountId:
    return client._session.books.account


async def commit_anything(client: Client, record: GroupRecord, plan: Plan) -> None:
    """Commit as a member whose program asks nobody, itself included."""
    client._session.membership.applied = lambda _: None  # type: ignore[method-assign]
    async with client._session.books.groups.lock(record):
        done = [plan]
        await client._session.sequencers.commit(record, lambda _: done.pop() if done else None)


def leaf_of(client: Client, record: GroupRecord, other: Client) -> int:
    books = other._session.books
    return client._session.books.groups.members(record)[(books.account, books.device)]


async def deliver(client: Client, given: Given, content: Any) -> None:
    """Put an envelope into a client's hands as a server would that obeys nobody."""
    books = client._session.books
    envelope = seal(books.profile.mailbox, given.seal_key, encode_outer(content), books.rng)
    assert await client._session.inbox.process(Delivery(books.rng(16), True, envelope))


def group_with(client: Client, group_id: GroupId, key_package: bytes) -> PendingCommit:
    """A group of a contact's making, under an id of its choice."""
    books = client._session.books
    now = books.now()
    alone = Group.create(
        group_id=group_id,
        suite_id=SUITE_ID,
        identity=books.credential,
        signature_private=books.profile.signature_private,
        rng=books.rng,
        validator=lambda *_: None,
        lifetime=(now - CLOCK_SLACK_S, now + KEY_PACKAGE_S),
    )
    return alone.commit(add=[key_package], rng=books.rng, now=now)


def welcome_of(client: Client, made: PendingCommit, **changes: Any) -> ConversationWelcome:
    books = client._session.books
    address = books.addresses.address(books.sibling_address())
    assert made.welcome is not None
    return dataclasses.replace(
        ConversationWelcome(
            made.welcome,
            GroupId(made.group.group_id),
            SequencerHandle.random(books.rng),
            books.own_list.data,
            books.profile.handle,
            (DeviceAddress(books.device, address),),
            None,
        ),
        **changes,
    )


async def test_a_contact_cannot_part_our_devices(people: People) -> None:
    """CK-583: it may throw a device of ours out of the conversation, and no further."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    record = conversation(bob)
    siblings = anna._session.books.siblings.addresses()
    assert len(siblings) == 1
    await commit_anything(bob, record, Plan(remove=(leaf_of(bob, record, tablet),)))
    await settle(anna, tablet, bob)
    assert anna._session.books.siblings.addresses().keys() == siblings.keys()
    assert NoticeKind.REVOKED not in await kinds(tablet)
    # Our devices put it back by themselves.
    await settle(anna, tablet, bob)
    own = {(account(tablet), bytes(tablet._session.books.device))}
    assert own <= members(anna, conversation(anna))
    await bob.send_message(await bob.find_contact("anna"), "still there?")
    await settle(anna, tablet)
    assert texts(await tablet.history(await tablet.find_contact("bob"))) == ["still there?"]


async def test_a_contact_that_throws_us_out_is_seen(people: People) -> None:
    anna, bob = await people.pair()
    record = conversation(bob)
    await commit_anything(bob, record, Plan(remove=(leaf_of(bob, record, anna),)))
    await settle(bob, anna)
    assert NoticeKind.REVOKED not in await kinds(anna)
    assert [c.state for c in await anna.contacts()] == ["rejoining"]
    assert not anna._session.may_ring(account(bob))
    # The group that is over can be forgotten, more than once.
    anna._session.books.groups.state(conversation(anna)).wipe()
    anna._session.books.groups.state(conversation(anna)).wipe()
    await anna.forget_contact(await anna.find_contact("bob"))
    assert await anna.contacts() == []


async def test_a_contact_cannot_bring_a_third_person_in(people: People) -> None:
    """CK-580: also not one who is a contact of ours already."""
    anna, bob = await people.pair()
    mallory = await people.sign_up("mallory")
    await people.befriend(anna, mallory)
    await people.befriend(bob, mallory)
    record = conversation(bob, account(anna))
    package = mallory._session.books.keep_key_package()
    before = members(anna, conversation(anna, account(bob)))
    await commit_anything(bob, record, Plan(add=(package,)))
    await settle(bob, anna)
    assert members(anna, conversation(anna, account(bob))) == before
    assert drops(anna).get("bad_credential") or drops(anna).get("group bad_credential")


async def test_a_stolen_device_cannot_make_itself_irrevocable(people: People) -> None:
    """CK-266: its last commits are applied, so that the removal can follow them."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    session = anna._session.books
    groups = [conversation(tablet), tablet._session.books.groups.self_group()]
    stolen = bytes(tablet._session.books.device)
    # The thief commits in every group; it tells nobody, the sequencer alone has it.
    tablet._session.outbox.put = lambda *_: 0  # type: ignore[method-assign]
    for record in groups:
        assert record is not None
        await commit_anything(tablet, record, Plan())
    other = next(d for d in await anna.devices() if not d.current)
    await anna.revoke(other, PASSWORD)
    await settle(anna, bob)
    assert drops(anna) == {}
    own = session.groups.self_group()
    assert own is not None
    assert stolen not in {device for _, device in members(anna, own)}
    assert stolen not in {device for _, device in members(anna, conversation(anna))}
    assert stolen not in {device for _, device in members(bob, conversation(bob))}


async def test_a_device_that_was_away_gets_past_the_commits_of_one_revoked_since(
    people: People,
) -> None:
    """The newest list reaches it first; the commits before are still to be applied."""
    anna, bob = await people.pair()
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet, bob)
    phone = await link_device(people, anna, "phone")
    await settle(anna, tablet, phone, bob)
    await people.close(phone)
    await commit_anything(tablet, conversation(tablet), Plan())
    await settle(tablet, anna, bob)
    gone = bytes(tablet._session.books.device)
    wanted = next(d for d in await anna.devices() if gone.hex().startswith(d.short_id))
    await anna.revoke(wanted, PASSWORD)
    await settle(anna, bob)
    newest = anna._session.books.own_list
    phone = await people.open("phone")
    phone._session.books.lists.learn(newest)  # as it comes by the self group
    await settle(phone, bob, anna)
    assert gone not in {device for _, device in members(phone, conversation(phone))}
    await bob.send_message(await bob.find_contact("anna"), "after all that")
    await settle(phone)
    assert texts(await phone.history(await phone.find_contact("bob"))) == ["after all that"]


@pytest.mark.parametrize("which", ["self", "carol"])
async def test_a_welcome_cannot_take_the_place_of_another_group(people: People, which: str) -> None:
    """CK-584, RFC 9420, 12.4.3.1: the group id is unique among the groups we are in."""
    anna, bob = await people.pair()
    carol = await people.sign_up("carol")
    await people.befriend(anna, carol)
    books = anna._session.books
    victim = (
        anna._session.welcomes.ensure_self_group()
        if which == "self"
        else conversation(anna, account(carol))
    )
    before = books.groups.state(victim).to_bytes()
    given = books.contact_address(account(bob))
    made = group_with(bob, victim.group_id, books.keep_key_package())
    await deliver(anna, given, welcome_of(bob, made))
    now = books.groups.get(victim.group_id)
    assert now is not None
    assert (now.kind, now.account) == (victim.kind, victim.account)
    assert books.groups.state(now).to_bytes() == before
    assert drops(anna)["wrong_group"] == 1
    # The control: under an id of its own the same Welcome begins their conversation anew.
    made = group_with(bob, GroupId.random(books.rng), books.keep_key_package())
    await deliver(anna, given, welcome_of(bob, made))
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.group == made.group.group_id


async def test_a_forgotten_contact_does_not_come_back_by_a_welcome(people: People) -> None:
    """CK-577: an old envelope, or a server that honours revoked capabilities, brings it."""
    anna, bob = await people.pair()
    books = anna._session.books
    given = books.contact_address(account(bob))
    await anna.forget_contact(await anna.find_contact("bob"))
    package = books.keep_key_package()
    made = group_with(bob, GroupId.random(books.rng), package)
    retired = books.addresses.given(given.name)
    assert retired.retired_at
    await deliver(anna, retired, welcome_of(bob, made))
    assert await anna.contacts() == []
    assert not anna._session.may_ring(account(bob))


async def test_a_welcome_moves_no_other_device_of_the_contact(people: People) -> None:
    """CK-576: one stolen device would draw what is meant for the others to itself."""
    anna, bob = await people.pair()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna)
    books, thief = anna._session.books, bob._session.books
    known = books.contacts.get(account(bob))
    assert known is not None
    before = dict(known.addresses)
    other = tablet._session.books.device
    assert before.keys() == {thief.device, other}
    own = thief.addresses.address(thief.addresses.mint(Purpose.CONTACT, account(anna)))
    made = group_with(bob, GroupId.random(books.rng), books.keep_key_package())
    said = tuple(DeviceAddress(device, own) for device in sorted(before))
    await deliver(anna, books.contact_address(account(bob)), welcome_of(bob, made, devices=said))
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.addresses[other] == before[other]
    # The controls: the Welcome was taken and moved the device that made it; what a sibling of
    # ours says of all devices counts (test_a_second_device_by_pairing).
    assert known.group == made.group.group_id
    assert known.addresses[thief.device] == own != before[thief.device]


async def test_a_contact_cannot_pass_for_a_sibling_of_ours(people: People) -> None:
    """CK-576: it takes both, a sibling's address and a sibling's signature."""
    anna, bob = await people.pair()
    tablet = await link_device(people, bob, "tablet")
    await settle(bob, tablet, anna)
    books = anna._session.books
    known = books.contacts.get(account(bob))
    assert known is not None
    before = dict(known.addresses)
    made = group_with(bob, GroupId.random(books.rng), books.keep_key_package())
    said = (DeviceAddress(tablet._session.books.device, before[bob._session.books.device]),)
    await deliver(anna, books.sibling_address(), welcome_of(bob, made, devices=said))
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.addresses == before
    assert known.group == made.group.group_id


async def test_a_revoked_device_brings_no_new_contacts(people: People) -> None:
    """CK-577: it knows our old sibling address, and can have friends."""
    anna, bob = await people.pair()
    mallory = await people.sign_up("mallory")
    books = anna._session.books
    given = books.sibling_address()
    books.addresses.revoke(given, books.now())
    retired = books.addresses.given(given.name)
    made = group_with(mallory, GroupId.random(books.rng), books.keep_key_package())
    await deliver(anna, retired, welcome_of(mallory, made))
    assert [c.name for c in await anna.contacts()] == [bob.handle]
    # The control: a device of ours that stands may (the address is good).
    made = group_with(mallory, GroupId.random(books.rng), books.keep_key_package())
    await deliver(anna, books.sibling_address(), welcome_of(mallory, made))
    assert {c.name for c in await anna.contacts()} == {bob.handle, mallory.handle}


def _in_the_clear(group: Group, **kw: Any) -> PendingCommit:
    return COMMIT(group, public=True, **kw)


def _with_extensions(group: Group, **kw: Any) -> PendingCommit:
    senders = Extension(ExtensionType.EXTERNAL_SENDERS, b"\0")
    return COMMIT(group, **{**kw, "extensions": [senders]})


def _the_end(group: Group, **kw: Any) -> PendingCommit:
    message = commit_with(group, [ReInit(b"another group", 1, SUITE_ID, ())])
    return dataclasses.replace(COMMIT(group, **kw), message=message)


COMMIT = Group.commit


@pytest.mark.parametrize("odd", [_in_the_clear, _with_extensions, _the_end])
async def test_commits_that_our_groups_do_not_have(
    people: People,
    monkeypatch: pytest.MonkeyPatch,
    odd: Callable[..., PendingCommit],
) -> None:
    """CK-585 (P1: handshakes are PrivateMessages), CK-586: no extensions, no ReInit."""
    anna, bob = await people.pair()
    record = conversation(anna)
    # The control: a plain commit of bob's is applied.
    await commit_anything(bob, conversation(bob), Plan())
    await settle(bob, anna)
    epoch = anna._session.books.groups.state(record).epoch
    assert epoch == bob._session.books.groups.state(conversation(bob)).epoch
    with monkeypatch.context() as patch:
        patch.setattr(Group, "commit", odd)
        await commit_anything(bob, conversation(bob), Plan())
    await settle(bob, anna)
    assert bob._session.books.groups.state(conversation(bob)).epoch == epoch + 1
    state = anna._session.books.groups.state(record)
    assert (state.epoch, state.is_active, state.extensions) == (epoch, True, ())
    assert drops(anna)["unexpected"]


async def test_a_name_that_another_contact_has_is_told_apart(people: People) -> None:
    """CK-587: a contact calls itself what it likes; it must not pass for somebody else."""
    anna, bob = await people.pair()
    mallory = await people.sign_up("mallory")
    mallory._session.books.profile.handle = bob.handle
    await people.befriend(anna, mallory)
    names = {c.account: c.name for c in await anna.contacts()}
    assert names[account(bob)] == bob.handle
    assert names[account(mallory)] != bob.handle
    assert (await anna.find_contact(bob.handle)).account == account(bob)
    assert anna._session.contact_name(account(mallory)) != bob.handle


async def test_an_old_request_does_not_begin_the_conversation_anew(people: People) -> None:
    """CK-282: a server keeps a request and puts it into the mailbox again, after a later one.

    Its key packages are spent: we would go on in a group that the contact can never join.
    """
    anna, bob = await people.pair("anna", "bob")
    mail: list[Any] = []
    fixed = bob._session.outbox.put_fixed

    def put_fixed(address: Any, content: bytes) -> int:
        mail.append(decode_outer(content))
        return fixed(address, content)

    bob._session.outbox.put_fixed = put_fixed  # type: ignore[method-assign]
    books = anna._session.books
    await people.befriend(anna, bob)
    (first,) = [m for m in mail if isinstance(m, ContactRequest)]
    await people.befriend(anna, bob)
    known = books.contacts.get(account(bob))
    assert known is not None
    group = known.group
    # The link of the first request is used up; its seal key still opens what comes late.
    used = [g for g in books.addresses._given.values() if g.purpose is Purpose.INVITE]
    assert used
    assert all(g.retired_at for g in used)
    await deliver(anna, used[0], first)
    known = books.contacts.get(account(bob))
    assert known is not None
    assert known.group == group
    assert drops(anna) == {"refused": 1}


async def test_pairing_admits_by_the_newest_list_only(people: People) -> None:
    """CK-597: a device that was revoked still has the list that showed it."""
    from visavis.core.content_outer import PairAnswer, PairRequest
    from visavis.core.ids import Nonce32
    from visavis.sdk.pairing import _admit

    anna = await people.sign_up("anna")
    tablet = await link_device(people, anna, "tablet")
    await settle(anna, tablet)
    books = tablet._session.books
    old = books.own_list
    address = books.addresses.address(books.sibling_address())
    other = next(d for d in await anna.devices() if not d.current)
    await anna.revoke(other, PASSWORD)
    key = books.profile.signature_key
    answer = PairAnswer(books.device, key, Nonce32.random(books.rng))
    request = PairRequest(old.data, address, (b"package",))
    with pytest.raises(PeerError) as refused:
        _admit(anna._session, answer, request)
    assert refused.value.code is Code.BAD_CREDENTIAL
    assert anna._session.books.siblings.addresses() == {}


async def test_a_pairing_message_that_comes_twice_is_heard_once(people: People) -> None:
    """A server repeats durable envelopes whenever it is unsure; only new words are out of turn."""
    from visavis.core.content_outer import PairReveal
    from visavis.core.ids import Nonce32
    from visavis.sdk.pairing import _open_line

    anna = await people.sign_up("anna")
    line = _open_line(anna._session, bytes(32))
    first, second = (PairReveal(Nonce32(bytes([n]) * 32), 1) for n in range(2))
    for message in (first, first, second, first):
        line.take(line.given, message)
    assert line.arrived.qsize() == 2
    other = anna._session.books.contact_address(AccountId(bytes(16)))
    line.take(other, PairReveal(Nonce32(bytes(32)), 2))
    assert line.arrived.qsize() == 2


async def test_what_was_read_while_a_commit_was_on_its_way_is_not_read_twice(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-055: the state after a commit must not bring spent message keys back (RFC 9420, 9.2)."""
    from visavis.core.content_outer import Mls
    from visavis.core.errors import UnavailableError

    anna, bob = await people.pair()
    record = conversation(anna)
    sequencers = anna._session.sequencers

    async def away(*_: Any, **__: Any) -> None:
        raise UnavailableError(Code.UNAVAILABLE, "the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(sequencers._api, "commit", away)
        with pytest.raises(UnavailableError):
            await commit_anything(anna, record, Plan())
    caught: list[Any] = []
    send = bob._session.outbox.put

    def put(account_id: AccountId, device: DeviceId, content: bytes) -> int:
        caught.append(content)
        return send(account_id, device, content)

    bob._session.outbox.put = put  # type: ignore[method-assign]
    # Nothing of ours has reached the sequencer yet; the message is read in the old epoch.
    await bob.send_message(await bob.find_contact("anna"), "once")
    await anna.sync()
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["once"]
    async with anna._session.books.groups.lock(record):
        assert await sequencers.pull(record) == 1
    epoch = anna._session.books.groups.state(record).epoch
    from visavis.core.mls import peek

    (message,) = [c.message for c in map(decode_outer, caught) if isinstance(c, Mls)]
    assert peek(message).epoch == epoch - 1
    with pytest.raises(PeerError) as refused:
        anna._session.books.groups.state(record).process(message, now=anna._session.books.now())
    assert refused.value.code is Code.REPLAYED
