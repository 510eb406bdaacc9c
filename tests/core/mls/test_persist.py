"""Stored state: it comes back whole, and what is damaged does not come back at all."""

from __future__ import annotations

import pytest
from tests.core.mls.world import ALL_SUITES, NOW, World, anyone, state_of

from visavis.core.errors import Code, FatalError
from visavis.core.mls import SUITE_ID, Group


def reload(group: Group) -> Group:
    restored = Group.from_bytes(group.to_bytes(), validator=anyone)
    assert restored.to_bytes() == group.to_bytes()
    return restored


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_a_group_that_is_stored_after_every_step(suite_id: int) -> None:
    world = World(3, suite_id=suite_id)

    def store() -> None:
        world.groups = [reload(group) for group in world.groups]
        if any(group.is_active for group in world.groups):
            world.agree()

    store()
    letter = world.groups[0].encrypt(b"letter", rng=world.rng)
    later = world.groups[0].encrypt(b"later", rng=world.rng)
    store()
    world.groups[1].process(later, now=NOW)
    store()
    world.propose(1, update=True)
    world.propose(2, update=True, public=True)
    store()
    world.commit(0)
    store()
    assert world.groups[1].process(letter, now=NOW)
    store()
    for group in world.groups:
        group.add_psk(b"psk", b"\1")
    store()
    world.commit(2, psks=[b"psk", 1])
    store()
    world.commit(1, remove=[2])
    store()
    assert [g.is_active for g in world.groups] == [True, True, False]
    world.commit(0)


def test_a_pending_commit_survives_a_restart() -> None:
    world = World(2, suite_id=SUITE_ID)
    pending = world.make_commit(0)
    after = reload(pending.group)
    world.groups[1].process(pending.message, now=NOW)
    assert after.epoch_authenticator == world.groups[1].epoch_authenticator


def test_damaged_or_of_another_version() -> None:
    data = World(2).groups[0].to_bytes()
    step = max(1, len(data) // 97)
    bad = [b"", b"\2" + data[1:], data + b"\0", data[:1] + b"\x09" + data[2:]]
    bad += [data[:size] for size in range(1, len(data), step)]
    for damaged in bad:
        with pytest.raises(FatalError) as caught:
            Group.from_bytes(damaged, validator=anyone)
        assert caught.value.code is Code.MALFORMED


def test_ck_042_state_cut_together_from_two_copies() -> None:
    """A tree of another epoch under this epoch's context."""
    world = World(2)
    world.commit(1)
    old = state_of(world.groups[0]).tree.encode()
    world.commit(1)
    group = world.groups[0]
    new = state_of(group).tree.encode()
    assert len(old) == len(new)
    with pytest.raises(FatalError):
        Group.from_bytes(group.to_bytes().replace(new, old), validator=anyone)


def test_keys_of_spent_messages_are_not_stored() -> None:
    world = World(2)
    one, two = world.groups
    _, key, _ = state_of(one).secret_tree.next_key(0, handshake=False)
    message = one.encrypt(b"x", rng=world.rng)
    two.process(message, now=NOW)
    for group in world.groups:
        assert key.key not in group.to_bytes()
    assert state_of(two).keys.exporter in two.to_bytes()
