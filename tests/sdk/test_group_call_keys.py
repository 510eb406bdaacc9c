"""The MLS group of a group call, with real keys and real frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.sdk.group_call_crew import (
    CALL,
    NOW,
    Dice,
    commit,
    consent_in,
    crew,
    found,
    join,
    key_package,
    note_all,
    people,
)

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.frame_keys import FrameReceiver, SendingEpoch
from visavis.core.mls import SUITE_ID, Group, MemberInfo, external
from visavis.core.mls.leaf_node import own_capabilities
from visavis.core.sframe import PRODUCT_SUITE
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys


def sealed(member: GroupCallKeys, frame: bytes = b"a frame of sound") -> bytes:
    keys = member.frame_keys()
    return (
        SendingEpoch(PRODUCT_SUITE, keys.base_key, keys.epoch, keys.own)
        .new_sender()
        .encrypt(frame, "audio")
    )


def receiver(member: GroupCallKeys) -> FrameReceiver:
    keys = member.frame_keys()
    opened = FrameReceiver()
    opened.install(keys.epoch, keys.base_key, set(keys.others))
    return opened


def test_members_have_the_same_keys_and_hear_each_other() -> None:
    members = crew(4)
    assert len({one.room_key() for one in members}) == 1
    assert [one.frame_keys().own for one in members] == [0, 1, 2, 3]
    for one in members:
        frame = sealed(one)
        for other in members:
            if other is not one:
                leaf, plain = receiver(other).decrypt(frame, "audio", 0)
                assert (leaf, plain) == (one.frame_keys().own, b"a frame of sound")
    said = members[2].encrypt(b"ready")
    for other in (members[0], members[1], members[3]):
        leaf, who, content = other.decrypt(said, now=NOW)
        assert (leaf, content) == (2, b"ready")
        assert who.identity == people()[2].credential


def test_everybody_is_told_the_same_of_a_commit() -> None:
    members = crew(4)
    bundle = key_package(4)
    joiner = note_all(members, bundle)
    offer = members[1].offer([joiner], [3], now=NOW)
    assert offer.n == 1
    assert offer.key == members[0].room_key()
    began, told = commit(members[1], [members[0], members[2], members[3]], offer)
    # The leaf of the one that went is the joiner's now: it came and went.
    assert (began.came, began.went, began.admitted) == ({3}, {3}, {joiner: 3})
    assert began.leaves == {0, 1, 2, 3}
    for one in told[:2]:
        assert one is not None
        assert (one.epoch, one.came, one.went, one.admitted) == (2, {3}, {3}, {joiner: 3})
    assert told[2] is None
    assert began.welcome is not None
    newest = join(4, began.welcome, bundle)
    assert newest.began().leaves == began.leaves
    assert newest.room_key() == members[0].room_key()


def test_who_left_opens_nothing_more() -> None:
    members = crew(3)
    leaver = receiver(members[2])
    before = sealed(members[1])
    offer = members[0].offer([], [2], now=NOW)
    old_room_key = members[2].room_key()
    commit(members[0], [members[1]], offer)
    after = sealed(members[1])
    # The control: the same keys open what was sealed before.
    assert leaver.decrypt(before, "audio", 0)[1] == b"a frame of sound"
    with pytest.raises(PeerError) as refused:
        leaver.decrypt(after, "audio", 0)
    assert refused.value.code is Code.DECRYPTION
    assert members[0].room_key() != old_room_key
    with pytest.raises(PeerError):
        members[2].decrypt(members[1].encrypt(b"said without them"), now=NOW)


def test_who_is_removed_has_no_keys_any_more() -> None:
    members = crew(3)
    offer = members[0].offer([], [2], now=NOW)
    members[0].won()
    assert members[2].apply(offer.commit, now=NOW) is None
    for use in (members[2].room_key, members[2].frame_keys, lambda: members[2].encrypt(b"")):
        with pytest.raises(PeerError):
            use()


def test_a_device_comes_back_as_a_new_member_in_one_commit() -> None:
    members = crew(3)
    again = key_package(2, seed=1)
    joiner = note_all(members[:2], again)
    offer = members[0].offer([joiner], [2], now=NOW)
    began, told = commit(members[0], [members[1]], offer)
    assert (began.came, began.went) == ({2}, {2})
    assert told[0] is not None
    assert (told[0].came, told[0].went, told[0].admitted) == ({2}, {2}, {joiner: 2})
    assert began.welcome is not None
    back = join(2, began.welcome, again)
    assert receiver(back).decrypt(sealed(members[1]), "audio", 0)[0] == 1


def test_only_the_first_commit_of_an_epoch_counts() -> None:
    members = crew(4)
    first = members[0].offer([], [3], now=NOW)
    second = members[1].offer([], [2], now=NOW)
    members[0].won()
    told = members[1].apply(first.commit, now=NOW)
    assert told is not None
    assert told.went == {3}
    with pytest.raises(UsageError):
        members[1].won()
    with pytest.raises(PeerError):
        members[0].apply(second.commit, now=NOW)
    assert members[0].room_key() == members[1].room_key()


def test_messages_of_the_epoch_before_are_read_still() -> None:
    members = crew(3)
    late = members[2].encrypt(b"said before it knew")
    offer = members[0].offer([], [1], now=NOW)
    commit(members[0], [members[2]], offer)
    assert members[0].decrypt(late, now=NOW)[2] == b"said before it knew"
    with pytest.raises(PeerError):
        members[0].decrypt(late, now=NOW)


def test_a_commit_is_not_heard_among_what_members_say() -> None:
    """CK-866"""
    members = crew(3)
    offer = members[0].offer([], [2], now=NOW)
    with pytest.raises(PeerError) as refused:
        members[1].decrypt(offer.commit, now=NOW)
    assert refused.value.code is Code.UNEXPECTED
    assert members[1].began().epoch == 1
    # Nothing changed: from the room it is taken.
    assert members[1].apply(offer.commit, now=NOW) is not None


def test_a_message_is_no_commit() -> None:
    """CK-865"""
    members = crew(2)
    with pytest.raises(PeerError) as refused:
        members[1].apply(members[0].encrypt(b"hello"), now=NOW)
    assert refused.value.code is Code.UNEXPECTED


def test_nobody_lets_themselves_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-865"""
    members = crew(2)
    # A joiner's library of its own, which leaves nothing out that members require of a leaf.
    bare, consent = external._bare_leaf, OwnConsent.make(Dice(6)).extension()
    monkeypatch.setattr(
        external,
        "_bare_leaf",
        lambda suite_id, joiner: replace(
            bare(suite_id, joiner),
            capabilities=own_capabilities(suite_id, (consent.extension_type,)),
            extensions=(consent,),
        ),
    )
    stranger = people()[5]
    info = members[0]._group.group_info()
    _, letting_in = Group.external_join(
        info,
        identity=stranger.credential,
        signature_private=stranger.signature_private,
        rng=Dice(5),
        now=NOW,
        validator=stranger.validator,
    )
    with pytest.raises(PeerError) as refused:
        members[1].apply(letting_in, now=NOW)
    assert refused.value.code is Code.UNEXPECTED
    assert "CK-865" in refused.value.detail
    assert members[1].began().leaves == {0, 1}
    members[1].decrypt(members[0].encrypt(b"as before"), now=NOW)


def test_a_commit_does_nothing_but_bring_members_in_and_out() -> None:
    """CK-865"""
    members = crew(3)
    proposal = members[2]._group.propose(rng=Dice(1), now=NOW, remove=1)
    with pytest.raises(PeerError) as refused:
        members[0].apply(proposal, now=NOW)
    assert refused.value.code is Code.UNEXPECTED
    # The proposal is not pending here: the next commit does not carry it along.
    offer = members[0].offer([], [2], now=NOW)
    began, _ = commit(members[0], [members[1]], offer)
    assert began.went == {2}


def test_a_welcome_to_another_group_is_refused() -> None:
    """CK-864"""
    keys = people()[0]
    group = Group.create(
        group_id=b"another call, 16",
        suite_id=SUITE_ID,
        identity=keys.credential,
        signature_private=keys.signature_private,
        rng=Dice(0),
        validator=keys.validator,
        lifetime=(NOW - 9, NOW + 9),
        leaf_extensions=[OwnConsent.make(Dice(2)).extension()],
    )
    bundle = key_package(1)
    welcome = group.commit(add=[bundle.key_package], rng=Dice(1), now=NOW).welcome
    assert welcome is not None
    with pytest.raises(PeerError) as refused:
        join(1, welcome, bundle)
    assert refused.value.code is Code.WRONG_GROUP


def test_who_may_not_be_in_the_call_comes_in_by_nobody() -> None:
    def nobody_else(member: MemberInfo) -> None:
        if member.identity not in {keys.credential for keys in people()[:3]}:
            raise PeerError(Code.BAD_CREDENTIAL, "not of this conversation")

    members = [
        found(),
    ]
    bundles = [key_package(1), key_package(2)]
    joiners = [note_all(members, bundle) for bundle in bundles]
    members[0].offer(joiners, (), now=NOW)
    welcome = members[0].won().welcome
    assert welcome is not None
    strict = GroupCallKeys.join(
        welcome,
        bundles[0],
        consent_in(bundles[0]),
        CALL,
        people()[1],
        nobody_else,
        now=NOW,
        rng=Dice(1),
    )
    stranger = key_package(5)
    with pytest.raises(PeerError):
        strict.note(stranger.key_package, now=NOW)
    offer = members[0].offer([note_all(members, stranger)], (), now=NOW)
    with pytest.raises(PeerError) as refused:
        strict.apply(offer.commit, now=NOW)
    assert refused.value.code is Code.BAD_CREDENTIAL
    assert strict.began().leaves == {0, 1, 2}
    # Nor is a call entered in which somebody is who may not be.
    members[0].won()
    late = key_package(3)
    members[0].offer([note_all(members, late)], (), now=NOW)
    welcome = members[0].won().welcome
    assert welcome is not None
    with pytest.raises(PeerError):
        GroupCallKeys.join(
            welcome,
            late,
            consent_in(late),
            CALL,
            people()[3],
            nobody_else,
            now=NOW,
            rng=Dice(3),
        )


def test_a_joiner_that_was_forgotten_is_not_added() -> None:
    members = [found()]
    joiner = note_all(members, key_package(1))
    members[0].forget(joiner)
    with pytest.raises(UsageError):
        members[0].offer([joiner], (), now=NOW)


def test_a_damaged_key_package_is_refused() -> None:
    data = bytearray(key_package(1).key_package)
    data[-1] ^= 1
    with pytest.raises(PeerError):
        found().note(bytes(data), now=NOW)
