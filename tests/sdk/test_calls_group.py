"""The call group: two devices, one suite, and words that a middle man cannot steer."""

from __future__ import annotations

import pytest
from tests.scenario.call_world import NOW, Dice, FakeSession, World

from visavis.core.content_call import CallHangup, CallReady, HangupReason
from visavis.core.errors import Code, PeerError, UsageError, VisavisError
from visavis.core.ids import CallId, Nonce32
from visavis.core.mls import Group, KeyPackageBundle, new_key_package
from visavis.sdk.call_group import CallGroup, Device, Rekeyed, call_of, is_for
from visavis.sdk.consent_key import OwnConsent
from visavis.testing.virtual_clock import run

CALL = CallId(b"the call's own id"[:16])
ONE, TWO, THREE = Nonce32(b"1" * 32), Nonce32(b"2" * 32), Nonce32(b"3" * 32)


def sessions(bens: int = 1) -> list[FakeSession]:
    async def make() -> list[FakeSession]:
        async with World(bens=bens) as w:
            return list(w.sessions.values())

    return run(make())


def package(session: FakeSession, suite_id: int = 0xF04D) -> KeyPackageBundle:
    return new_key_package(
        identity=session.key_material.credential,
        signature_private=session.key_material.signature_private,
        not_before=NOW,
        not_after=NOW + 9_000,
        rng=session.rng,
        suite_id=suite_id,
        leaf_extensions=[consent(session).extension()],
    )


def consent(session: FakeSession) -> OwnConsent:
    return OwnConsent.make(Dice(int.from_bytes(session.device)))


def device(session: FakeSession) -> Device:
    return Device(session.account, session.device)


def pair() -> tuple[CallGroup, CallGroup]:
    anna, ben = sessions()
    bundle = package(ben)
    caller, welcome = CallGroup.create(
        CALL, device(ben), bundle.key_package, anna.key_material, consent(anna), NOW, anna.rng
    )
    assert is_for(welcome, bundle)
    assert not is_for(welcome, package(ben))
    return caller, join(ben, anna, welcome, bundle)


def test_both_sides_have_the_same_keys_and_words() -> None:
    caller, callee = pair()
    ours, theirs = caller.frame_keys(), callee.frame_keys()
    assert ours.base_key == theirs.base_key
    assert len(ours.base_key) == 32
    assert ({ours.own}, ours.others) == (theirs.others, {theirs.own})
    assert caller.words(ONE, (TWO, THREE)) == callee.words(ONE, (TWO, THREE))
    assert ours.base_key.hex() not in repr(ours)


def test_every_part_counts_in_the_words() -> None:
    """P11 and ADR 0008: the group, the caller's nonce and both of the callee's."""
    caller, _ = pair()
    other_group, _ = pair_again()
    same = caller.words(ONE, (TWO, THREE))
    assert caller.words(TWO, (TWO, THREE)) != same
    assert caller.words(ONE, (ONE, THREE)) != same
    assert caller.words(ONE, (TWO, ONE)) != same
    assert caller.words(ONE, (THREE, TWO)) != same
    assert other_group.words(ONE, (TWO, THREE)) != same


def pair_again() -> tuple[CallGroup, CallGroup]:
    anna, ben = sessions()
    anna.rng(7)  # Another group secret.
    bundle = package(ben)
    caller, welcome = CallGroup.create(
        CALL, device(ben), bundle.key_package, anna.key_material, consent(anna), NOW, anna.rng
    )
    return caller, join(ben, anna, welcome, bundle)


def test_messages_go_both_ways_once() -> None:
    caller, callee = pair()
    message = caller.encrypt(CallHangup(HangupReason.ENDED))
    assert call_of(message) == CALL
    assert callee.decrypt(message, now=NOW) == CallHangup(HangupReason.ENDED)
    with pytest.raises(PeerError):
        callee.decrypt(message, now=NOW)  # Doubled.
    assert caller.decrypt(callee.encrypt(CallReady()), now=NOW) == CallReady()


def test_our_own_message_sent_back_is_refused() -> None:
    """CK-367."""
    caller, _ = pair()
    with pytest.raises(PeerError):
        caller.decrypt(caller.encrypt(CallReady()), now=NOW)


def test_the_caller_moves_the_group_to_fresh_keys() -> None:
    caller, callee = pair()
    before = caller.frame_keys()
    commit = caller.rekey(now=NOW)
    assert callee.decrypt(commit, now=NOW) is Rekeyed.BY_CALLER
    ours, theirs = caller.frame_keys(), callee.frame_keys()
    assert ours.base_key == theirs.base_key != before.base_key
    assert ours.epoch == theirs.epoch == before.epoch + 1
    assert caller.decrypt(callee.encrypt(CallReady()), now=NOW) == CallReady()


def test_the_callee_commits_nothing() -> None:
    """CK-367: and a commit of its own making changes nothing at the caller."""
    caller, callee = pair()
    with pytest.raises(UsageError):
        callee.rekey(now=NOW)
    before = caller.frame_keys()
    pending = callee._group.commit(rng=callee._rng, now=NOW)
    with pytest.raises(PeerError) as refused:
        caller.decrypt(pending.message, now=NOW)
    assert refused.value.code is Code.UNEXPECTED
    assert caller.frame_keys() == before
    assert caller.decrypt(callee.encrypt(CallReady()), now=NOW) == CallReady()


def test_nobody_is_added_or_removed_during_a_call() -> None:
    """CK-363, CK-367, R-25: a third device in a later commit is refused, and changes nothing."""
    anna, ben, sibling = sessions(bens=2)
    bundle = package(ben)
    caller, welcome = CallGroup.create(
        CALL, device(ben), bundle.key_package, anna.key_material, consent(anna), NOW, anna.rng
    )
    callee = join(ben, anna, welcome, bundle)
    # A caller that broke its own rule: the same group without the strict validator.
    loose = Group.from_bytes(caller._group.to_bytes(), validator=anna.validator)
    adding = loose.commit(add=[package(sibling).key_package], rng=anna.rng, now=NOW)
    removing = loose.commit(remove=[callee._group.own_leaf], rng=anna.rng, now=NOW)
    for commit, code in ((adding, Code.BAD_CREDENTIAL), (removing, Code.UNEXPECTED)):
        callee = join(ben, anna, welcome, bundle)
        before = callee.frame_keys()
        with pytest.raises(PeerError) as refused:
            callee.decrypt(commit.message, now=NOW)
        assert refused.value.code is code
        assert callee.frame_keys() == before
        assert len(callee._group.members()) == 2


def hostile_group(
    anna: FakeSession, adds: list[bytes], *, group_id: bytes = CALL, suite_id: int = 0xF04D
) -> bytes:
    group = Group.create(
        group_id=group_id,
        suite_id=suite_id,
        identity=anna.key_material.credential,
        signature_private=anna.key_material.signature_private,
        rng=anna.rng,
        validator=anna.validator,
        lifetime=(NOW - 9, NOW + 9_000),
        leaf_extensions=[consent(anna).extension()],
    )
    welcome = group.commit(add=adds, rng=anna.rng, now=NOW).welcome
    assert welcome is not None
    return welcome


def join(
    ben: FakeSession, anna: FakeSession, welcome: bytes, bundle: KeyPackageBundle
) -> CallGroup:
    return CallGroup.join(
        welcome, bundle, CALL, device(anna), ben.key_material, consent(ben), NOW, ben.rng
    )


def test_a_third_member_is_refused() -> None:
    """CK-363, R-25: nobody listens unlisted."""
    anna, ben, sibling = sessions(bens=2)
    bundle, other = package(ben), package(sibling)
    welcome = hostile_group(anna, [bundle.key_package, other.key_package])
    with pytest.raises(PeerError) as refused:
        join(ben, anna, welcome, bundle)
    assert refused.value.code is Code.BAD_CREDENTIAL
    assert "CK-363" in refused.value.detail
    # The control: without the third it is taken, and the key package is still good for it.
    join(ben, anna, hostile_group(anna, [bundle.key_package]), bundle)


def test_a_group_of_another_call_or_device_is_refused() -> None:
    """CK-363."""
    anna, ben, sibling = sessions(bens=2)
    bundle = package(ben)
    with pytest.raises(PeerError) as refused:
        join(ben, anna, hostile_group(anna, [bundle.key_package], group_id=bytes(16)), bundle)
    assert refused.value.code is Code.WRONG_GROUP
    from_sibling = hostile_group(sibling, [bundle.key_package])
    with pytest.raises(PeerError) as refused:
        join(ben, anna, from_sibling, bundle)
    assert refused.value.code is Code.BAD_CREDENTIAL


def test_a_group_of_another_suite_is_refused() -> None:
    """CK-364: downgrade, on both sides."""
    anna, ben = sessions()
    bundle = package(ben, suite_id=1)
    with pytest.raises(PeerError) as refused:
        join(ben, anna, hostile_group(anna, [bundle.key_package], suite_id=1), bundle)
    assert refused.value.code is Code.WRONG_SUITE
    with pytest.raises(PeerError) as refused:
        CallGroup.create(
            CALL,
            device(ben),
            bundle.key_package,
            anna.key_material,
            consent(anna),
            NOW,
            anna.rng,
        )
    assert refused.value.code is Code.WRONG_SUITE


def test_wiped_groups_do_nothing_any_more() -> None:
    """R-22: what was captured stays closed, also to us."""
    caller, callee = pair()
    captured = caller.encrypt(CallReady())
    callee.wipe()
    with pytest.raises(VisavisError):
        callee.decrypt(captured, now=NOW)
    with pytest.raises(VisavisError):
        callee.frame_keys()
