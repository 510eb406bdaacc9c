"""Random histories: joins, updates, removals, external joins, late, lost and doubled messages."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.mls.world import NOW, World, anyone

from visavis.core.errors import Code, PeerError
from visavis.core.mls import SUITE_ID, ApplicationMessage, Group, generate_signature_key

STEPS = (
    "update",
    "add",
    "add without path",
    "remove",
    "propose update",
    "propose remove",
    "propose add",
    "external",
    "resync",
    "letters",
    "late letter",
    "lost race",
    "reload",
    "public",
    "hostile",
)
MOST = 7


class History:
    """A world that is driven by drawn steps; after each the members agree."""

    def __init__(self, suite_id: int, data: st.DataObject) -> None:
        self.world = World(2, suite_id=suite_id)
        self.data = data
        self.late: list[tuple[int, bytes]] = []

    @property
    def groups(self) -> list[Group]:
        return self.world.groups

    def pick(self, label: str) -> int:
        return self.data.draw(st.integers(0, len(self.groups) - 1), label=label)

    def settle(self) -> None:
        self.world.groups = [g for g in self.groups if g.is_active]
        self.world.agree()

    def step(self, kind: str) -> None:
        world, who = self.world, self.pick("who")
        other = self.pick("other")
        room = len(self.groups) < MOST
        leaf = self.groups[other].own_leaf
        match kind:
            case "update":
                world.commit(who)
            case "public":
                world.commit(who, public=True)
            case "add" if room:
                world.add(who, world.package(f"new {self.groups[0].epoch}"))
            case "add without path" if room:
                pair = [world.package(f"{i} in {self.groups[0].epoch}") for i in range(2)]
                world.add(who, *pair, path=False, include_pending=False)
            case "remove" if who != other:
                world.commit(who, remove=[leaf])
            case "propose update":
                world.propose(who, update=True)
            case "propose remove" if len(self.groups) > 2:
                world.propose(who, remove=leaf)
            case "propose add" if room:
                world.propose(who, add=world.package("never joins").key_package)
            case "external" | "resync" if room:
                self.external(leaf if kind == "resync" and len(self.groups) > 2 else None)
            case "letters":
                self.letters(who)
            case "late letter":
                self.late.append((who, self.groups[who].encrypt(b"late", rng=world.rng)))
            case "lost race" if who != other:
                world.make_commit(who)
                world.commit(other)
            case "reload":
                restored = [Group.from_bytes(g.to_bytes(), validator=anyone) for g in self.groups]
                world.groups = restored
            case "hostile":
                self.hostile(who, other)
        self.settle()

    def external(self, resync: int | None) -> None:
        world = self.world
        joined, commit = Group.external_join(
            self.groups[0].group_info(),
            identity=b"external",
            signature_private=generate_signature_key(world.suite_id, world.rng),
            rng=world.rng,
            now=NOW,
            validator=anyone,
            resync_leaf=resync,
        )
        world.deliver(commit, -1)
        self.groups.append(joined)

    def letters(self, who: int) -> None:
        count = self.data.draw(st.integers(1, 5), label="letters")
        sent = [self.groups[who].encrypt(bytes([i]), rng=self.world.rng) for i in range(count)]
        order = self.data.draw(st.permutations(range(count)), label="order")
        lost = self.data.draw(st.integers(0, count - 1), label="lost")
        for index in order[lost:]:
            for place, group in enumerate(self.groups):
                if place == who:
                    continue
                received = group.process(sent[index], now=NOW)
                assert isinstance(received, ApplicationMessage)
                assert received.content == bytes([index])
                assert received.sender.leaf_index == self.groups[who].own_leaf

    def hostile(self, who: int, other: int) -> None:
        """Any damaged message leaves the receiver exactly as it was."""
        if who == other:
            return
        message = bytearray(self.groups[who].encrypt(b"hostile", rng=self.world.rng))
        place = self.data.draw(st.integers(0, len(message) - 1), label="place")
        message[place] ^= self.data.draw(st.integers(1, 255), label="change")
        before = self.groups[other].to_bytes()
        with pytest.raises(PeerError) as caught:
            self.groups[other].process(bytes(message), now=NOW)
        assert caught.value.code is not Code.USAGE
        assert self.groups[other].to_bytes() == before


def run(suite_id: int, steps: list[str], data: st.DataObject) -> None:
    history = History(suite_id, data)
    for step in steps:
        history.step(step)
    history.world.commit(0)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(st.lists(st.sampled_from(STEPS), max_size=15), st.data())
def test_histories(steps: list[str], data: st.DataObject) -> None:
    run(1, steps, data)


@settings(max_examples=10, deadline=None, suppress_health_check=QUIET)
@given(st.lists(st.sampled_from(STEPS), max_size=10), st.data())
def test_histories_with_the_product_suite(steps: list[str], data: st.DataObject) -> None:
    run(SUITE_ID, steps, data)


@pytest.mark.long
@settings(max_examples=2000, deadline=None, suppress_health_check=QUIET)
@given(st.sampled_from([1, SUITE_ID]), st.lists(st.sampled_from(STEPS), max_size=40), st.data())
def test_long_histories(suite_id: int, steps: list[str], data: st.DataObject) -> None:
    run(suite_id, steps, data)
