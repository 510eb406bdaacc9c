"""Group calls on a clock of our own: whoever comes, goes, vanishes, and however late things are."""

from __future__ import annotations

import pytest
from tests.core.group_call_world import GONE_S, Device, World

from visavis.core import group_call_types as t
from visavis.core.group_call_types import GATHER_S, SWITCH_S

SEEDS = range(8)
SLOWEST_S = 0.08


def call(seed: int, members: int, **more: float) -> tuple[World, list[Device]]:
    """A call that has settled."""
    world = World(seed, **more)
    devices = [world.found(), *(world.join() for _ in range(members - 1))]
    world.run(5 + members / 4)
    assert_one_call(world, members)
    return world, devices


def assert_one_call(world: World, members: int) -> None:
    """One group, nobody outside it, everybody in it, all sending with its newest keys."""
    inside = world.inside()
    assert len(inside) == members
    leaves = set()
    for device in inside:
        assert isinstance(device.state, t.Inside)
        assert device.state.epoch == len(world.changes) - 1
        assert device.state.leaves == world.changes[-1].leaves
        assert device.sending == device.state.epoch
        assert not device.state.going
        assert not device.state.joiners
        leaves.add(device.state.own)
    assert leaves == world.changes[-1].leaves
    assert world.doubled == []


@pytest.mark.parametrize("seed", SEEDS)
def test_those_who_come_at_once_share_a_change_of_keys(seed: int) -> None:
    world, _ = call(seed, 6)
    assert len(world.changes) - 1 <= 2
    assert world.lost == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_when_somebody_comes_or_goes(seed: int) -> None:
    world, devices = call(seed, 5)
    began = len(world.changes)
    world.leave(devices[2])
    world.run(2)
    assert_one_call(world, 4)
    world.join()
    world.run(2)
    assert_one_call(world, 5)
    assert len(world.changes) == began + 2
    assert world.lost == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_leaver_is_out_in_under_a_second(seed: int) -> None:
    world, devices = call(seed, 8)
    left_at = world.now
    world.leave(devices[0])  # the lowest leaf: the one that would have committed
    world.run(3)
    newest = len(world.changes) - 1
    times = [device.switched_at[newest] - left_at for device in world.inside()]
    assert max(times) <= GATHER_S + SWITCH_S + 3 * SLOWEST_S


@pytest.mark.parametrize("seed", SEEDS)
def test_a_member_that_vanished_is_removed_and_the_next_one_commits(seed: int) -> None:
    world, devices = call(seed, 5)
    world.kill(devices[0])
    world.kill(devices[1])
    world.run(GONE_S + 3)
    assert_one_call(world, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_commits_may_vanish_in_the_middle_of_it(seed: int) -> None:
    world, devices = call(seed, 4)
    world.join()
    world.run(GATHER_S + world.random.uniform(0, 0.2))
    world.kill(devices[0])
    world.run(GONE_S + 4)
    assert_one_call(world, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_halves_of_a_network_become_one_call_again(seed: int) -> None:
    world, devices = call(seed, 6)
    for device in devices[:3]:
        world.cut(device, 8)
    world.run(2)
    world.join()
    world.run(20)
    assert_one_call(world, 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_cut_removes_nobody(seed: int) -> None:
    world, devices = call(seed, 4)
    before = len(world.changes)
    world.cut(devices[1], 1.5)
    world.run(4)
    assert_one_call(world, 4)
    assert len(world.changes) == before


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_it_is_one_call_in_the_end(seed: int) -> None:
    world, _ = call(seed, 4, latency_s=0.4)
    random = world.random
    for _ in range(15):
        inside = world.inside()
        match random.randrange(4):
            case 0:
                world.join()
            case 1 if len(inside) > 2:
                world.leave(random.choice(inside))
            case 2 if len(inside) > 2:
                world.kill(random.choice(inside))
            case 3 if inside:
                world.cut(random.choice(inside), random.uniform(0.1, 6))
        world.run(random.uniform(0, 2))
    world.run(40)
    inside = world.inside()
    assert len(inside) >= 1
    assert_one_call(world, len(inside))
    assert not [d for d in world.devices if d.alive and isinstance(d.state, t.Asking)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 300))
def test_in_many_histories_it_is_one_call_in_the_end(seed: int) -> None:
    test_whatever_happens_it_is_one_call_in_the_end(seed)
    test_two_halves_of_a_network_become_one_call_again(seed)
    test_who_commits_may_vanish_in_the_middle_of_it(seed)


def test_the_world_notices_a_second_commit_of_one_epoch() -> None:
    """The control: whoever offers one without an answer to the first."""
    world, (device, _) = call(1, 2)
    for _ in range(2):
        world._act(device, device.state, t.Commit((), ()))
    assert world.doubled == [(device.name, len(world.changes) - 1)]


def test_the_world_notices_a_frame_that_is_lost() -> None:
    """The control: with senders that switch before anybody is ready, frames are lost."""
    world, devices = call(1, 5)
    world.feed(devices[0], t.JoinWished(world.now, devices[0].joiner))
    for device in world.inside():
        device.sending = len(world.changes)
    world.run(1)
    assert world.lost
