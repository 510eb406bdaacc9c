"""Key packages: RFC 9420, 10.1 and 7.3, each rule broken by a signer who keeps the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.core.mls.world import (
    ALL_SUITES,
    DAY,
    NOW,
    Stream,
    World,
    anyone,
    package,
    refused,
    repackage,
    resign,
)

from visavis.core.errors import FatalError, UsageError
from visavis.core.mls import (
    Extension,
    ExtensionType,
    Group,
    KeyPackage,
    KeyPackageBundle,
    UnverifiedKeyPackage,
    new_key_package,
)
from visavis.core.mls.key_package import sign_leaf
from visavis.core.mls.leaf_check import (
    CLOCK_SKEW_S,
    EXPIRED_GRACE_S,
    MAX_LIFETIME_S,
    Rules,
    check_leaf,
)
from visavis.core.mls.leaf_node import Capabilities, LeafSource, Lifetime
from visavis.core.mls.suite import suite_of


def verify(data: bytes, *, now: int = NOW, suite_id: int = 1) -> KeyPackage:
    parsed = UnverifiedKeyPackage.parse(data)
    return parsed.verify(now=now, validator=anyone, suite_id=suite_id)


def own(**changes: Any) -> Capabilities:
    return replace(package("x").struct().leaf_node.capabilities, **changes)


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_a_good_one(suite_id: int) -> None:
    bundle = package("anna", suite_id=suite_id)
    checked = verify(bundle.key_package, suite_id=suite_id)
    assert checked.identity == b"anna"
    assert checked.not_after == NOW + 30 * DAY
    assert checked.reference == bundle.reference
    assert checked.data == bundle.key_package
    assert not checked.last_resort
    assert verify(package("b", last_resort=True).key_package).last_resort


@pytest.mark.parametrize(
    ("ck", "changes"),
    [
        ("CK-020", {"leaf": {"source": LeafSource.UPDATE, "lifetime": None}}),
        ("CK-021", {"leaf": {"extensions": (Extension(0x7777, b""),)}}),
        ("CK-022", {"leaf": {"capabilities": own(credentials=())}}),
        ("CK-022", {"leaf": {"capabilities": own(versions=(2,))}}),
        ("CK-022", {"leaf": {"capabilities": own(cipher_suites=(2,))}}),
        ("CK-011", {"leaf": {"encryption_key": b"short"}}),
        ("CK-012", {"leaf": {"encryption_key": bytes(32)}}),
        ("CK-011", {"init_key": b"short"}),
        ("CK-012", {"init_key": bytes(32)}),
        ("CK-029", {"leaf": {"lifetime": Lifetime(NOW - 10, NOW - 1)}}),
        ("CK-029", {"leaf": {"lifetime": Lifetime(NOW + 1, NOW + 10)}}),
        ("CK-030", {"leaf": {"lifetime": Lifetime(NOW - 1, NOW + MAX_LIFETIME_S)}}),
        ("CK-030", {"leaf": {"lifetime": Lifetime(NOW, NOW - 1)}}),
        ("CK-035", {"version": 2}),
        ("CK-035", {"cipher_suite": 2}),
    ],
)
def test_each_rule(ck: str, changes: dict[str, Any]) -> None:
    bundle = package("x")
    verify(repackage(bundle, leaf={"extensions": (Extension(1, b"app"),)}).key_package)
    with refused(ck):
        verify(repackage(bundle, **changes).key_package)


def test_ck_022_is_a_rule_of_ours() -> None:
    """RFC 9420 leaves it open; where it is switched off, the same leaf is accepted."""
    leaf = repackage(package("x"), leaf={"capabilities": own(cipher_suites=())}).struct().leaf_node
    with refused("CK-022"):
        check_leaf(leaf, suite_of(1), Rules(NOW, anyone))
    check_leaf(leaf, suite_of(1), Rules(NOW, anyone, listed=False))


def test_ck_036_one_key_for_both() -> None:
    bundle = package("x")
    key = bundle.struct().leaf_node.encryption_key
    with refused("CK-036"):
        verify(repackage(bundle, init_key=key).key_package)


def test_ck_014_both_signatures() -> None:
    bundle = package("x")
    struct = bundle.struct()
    leaf = replace(struct.leaf_node, signature=bytes(64))
    with refused("CK-014"):
        verify(resign(replace(struct, leaf_node=leaf), bundle.signature_private))
    with refused("CK-014"):
        verify(bundle.key_package[:-1] + bytes([bundle.key_package[-1] ^ 1]))
    stolen = package("y")
    leaf = sign_leaf(suite_of(1), struct.leaf_node, stolen.signature_private)
    with refused("CK-014"):
        verify(resign(replace(struct, leaf_node=leaf), bundle.signature_private))


def test_ck_029_a_receiver_is_patient_a_sender_is_not() -> None:
    world = World(2)
    cases = [(NOW + 30 * DAY, EXPIRED_GRACE_S), (NOW - DAY, -CLOCK_SKEW_S)]
    bundle = world.package("old")
    pending = world.make_commit(0, add=[bundle.key_package])
    for limit, patience in cases:
        step = 1 if patience > 0 else -1
        with refused("CK-029"):
            verify(bundle.key_package, now=limit + step)
        with refused("CK-029"):
            world.groups[1].commit(add=[bundle.key_package], rng=world.rng, now=limit + step)
        with refused("CK-029", world.groups[1]):
            world.groups[1].process(pending.message, now=limit + patience + step)
    assert pending.welcome is not None
    with refused("CK-029"):
        Group.join(
            pending.welcome, bundle, now=NOW + 30 * DAY + EXPIRED_GRACE_S + 1, validator=anyone
        )
    world.groups[1].process(pending.message, now=NOW + 30 * DAY + EXPIRED_GRACE_S)


def test_a_last_resort_package_lets_join_late() -> None:
    world = World(1)
    bundle = world.package("late", last_resort=True)
    pending = world.make_commit(0, add=[bundle.key_package])
    assert pending.welcome is not None
    assert Group.join(pending.welcome, bundle, now=NOW + 1000 * DAY, validator=anyone)


def test_members_whose_packages_ended_long_ago_are_no_obstacle() -> None:
    """RFC 9420, 7.3: lifetimes in a tree that one joins are not checked."""
    world = World(2)
    later = NOW + 300 * DAY
    bundle = world.package("new", not_before=later - DAY, not_after=later + DAY)
    pending = world.groups[0].commit(add=[bundle.key_package], rng=world.rng, now=later)
    assert pending.welcome is not None
    assert Group.join(pending.welcome, bundle, now=later, validator=anyone)


def test_bundles_round_trip_and_wipe() -> None:
    bundle = package("x")
    restored = KeyPackageBundle.from_bytes(bundle.to_bytes())
    assert restored == bundle
    data = bundle.to_bytes()
    for bad in (b"", b"\2" + data[1:], data[:-1], data + b"\0"):
        with pytest.raises(FatalError):
            KeyPackageBundle.from_bytes(bad)
    secrets = (bundle.init_private, bundle.encryption_private, bundle.signature_private)
    bundle.wipe()
    assert not any(secret in bundle.to_bytes() for secret in secrets)
    assert bundle.reference == restored.reference


def test_a_lifetime_that_ends_before_it_begins() -> None:
    with pytest.raises(UsageError):
        new_key_package(
            identity=b"x",
            signature_private=bytes(32),
            not_before=2,
            not_after=1,
            rng=Stream("x"),
        )


def test_keys_are_fresh_each_time() -> None:
    rng = Stream("fresh")
    one, two = package("x", rng=rng, key=b"\1" * 32), package("x", rng=rng, key=b"\1" * 32)
    assert one.init_private != two.init_private
    assert one.encryption_private != two.encryption_private
    assert one.init_private != one.encryption_private
    assert ExtensionType.LAST_RESORT not in {e.extension_type for e in one.struct().extensions}
