"""A consent key stands in the leaf: signed by the device, seen by members, there while they are."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.mls.world import NOW, Stream, World, anyone

from visavis.core import cbor
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ConsentKey
from visavis.core.mls import Extension, Group, MemberInfo, UnverifiedKeyPackage
from visavis.core.recording_leaf import (
    EXTENSION,
    ConsentLeaf,
    consent_extension,
    consent_of,
    require_own_keys,
)

ANNA, BOB, CARL = (ConsentLeaf(ConsentKey(bytes([n]) * 32), never=n == 3) for n in (1, 2, 3))


def call() -> World:
    """Anna's group, with Bob and Carl."""
    world = World(1)
    rng = Stream("anna")
    world.groups = [
        Group.create(
            group_id=b"a call",
            suite_id=1,
            identity=b"anna",
            signature_private=rng(32),
            rng=rng,
            validator=anyone,
            lifetime=(NOW - 1, NOW + 3600),
            leaf_extensions=[consent_extension(ANNA)],
        )
    ]
    for name, consent in (("bob", BOB), ("carl", CARL)):
        world.add(0, world.package(name, leaf_extensions=[consent_extension(consent)]))
    return world


def consents(group: Group) -> list[ConsentLeaf]:
    return [consent_of(member) for member in group.members()]


def test_everybody_sees_everybodys() -> None:
    world = call()
    for group in world.groups:
        assert consents(group) == [ANNA, BOB, CARL]


def test_new_keys_of_a_leaf_leave_it_as_it_is() -> None:
    world = call()
    world.commit(1)
    world.commit(0)
    for group in world.groups:
        assert consents(group) == [ANNA, BOB, CARL]


def test_a_joiner_shows_it_before_it_is_let_in() -> None:
    bundle = World(1).package("dora", leaf_extensions=[consent_extension(CARL)])
    package = UnverifiedKeyPackage.parse(bundle.key_package)
    shown: list[MemberInfo] = []
    package.verify(now=NOW, suite_id=1, validator=lambda new, _: shown.append(new))
    assert [consent_of(one) for one in shown] == [CARL]


def test_who_changes_it_signs_no_leaf() -> None:
    bundle = World(1).package("dora", leaf_extensions=[consent_extension(CARL)])
    at = bundle.key_package.index(bytes(CARL.key))
    forged = bundle.key_package[:at] + b"\xff" + bundle.key_package[at + 1 :]
    with pytest.raises(PeerError):
        UnverifiedKeyPackage.parse(forged).verify(now=NOW, suite_id=1, validator=anyone)


def with_data(*data: bytes) -> MemberInfo:
    return MemberInfo(0, b"anna", bytes(32), tuple(Extension(EXTENSION, one) for one in data))


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2, "key": bytes(32), "never": False},
        {"v": 1, "key": bytes(31), "never": False},
        {"v": 1, "key": bytes(32)},
        {"v": 1, "key": bytes(32), "never": 0},
        {"v": 1, "key": bytes(32), "never": False, "more": 1},
    ],
)
def test_what_is_of_another_form(fields: dict[str, Any]) -> None:
    with pytest.raises(PeerError, match="CK-937") as caught:
        consent_of(with_data(cbor.encode(fields)))
    assert caught.value.code is Code.BAD_CREDENTIAL


def test_a_leaf_without_one() -> None:
    with pytest.raises(PeerError, match="CK-937"):
        consent_of(with_data())


def test_one_key_for_two() -> None:
    one, other = (with_data(consent_extension(consent).data) for consent in (ANNA, BOB))
    require_own_keys([one, other])  # the control
    with pytest.raises(PeerError, match="CK-938"):
        require_own_keys([one, other, one])
