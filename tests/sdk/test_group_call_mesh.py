"""The mesh of a small group call: who offers, which answers count, and what is said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from tests.sdk.group_call_ends import Ears
from tests.sdk.test_group_call_media import keyed, until

from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer
from visavis.media.connection import MediaConnection
from visavis.media.fan import Fan
from visavis.media.interfaces import TurnServer
from visavis.media.silence import SilenceSource
from visavis.sdk import group_call_mesh
from visavis.sdk.group_call_mesh import Mesh
from visavis.sdk.group_call_offers import AGAIN_S, OFFERS_AT_ONCE
from visavis.testing.virtual_clock import run

RELAYED = "candidate:ab12 1 udp 16777215 192.0.2.7 4444 typ relay raddr 0.0.0.0 rport 9"


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Connections without a relay; return the answers that were taken."""
    answers: list[str] = []

    async def gather(self: MediaConnection, servers: Sequence[TurnServer]) -> list[str]:
        del self, servers
        return [RELAYED]

    async def accept_answer(self: MediaConnection, sdp: str) -> None:
        del self
        answers.append(sdp)

    monkeypatch.setattr(MediaConnection, "gather", gather)
    monkeypatch.setattr(MediaConnection, "accept_answer", accept_answer)
    return answers


class Corner:
    """One member's end of the mesh; what it says is written down."""

    def __init__(self, own: int) -> None:
        self.own = own
        self.said: list[tuple[int, GroupCallOffer | GroupCallAnswer]] = []
        self.mesh = Mesh(
            keyed(own),
            Fan(SilenceSource(), video=False),
            Ears(),
            video=False,
            turn=self.turn,
            tell=self.tell,
            opened=lambda *_: None,
            refused=lambda *_: None,
        )

    async def turn(self) -> Sequence[TurnServer]:
        return ()

    def tell(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> bool:
        self.said.append((leaf, content))
        return True

    async def says(self, count: int = 1) -> GroupCallOffer | GroupCallAnswer:
        await until(lambda: len(self.said) >= count)
        return self.said[count - 1][1]


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[Corner, Corner]]:
    low, high = Corner(1), Corner(4)
    try:
        for one, other in ((low, high), (high, low)):
            one.mesh.members(one.own, frozenset({other.own}))
        yield low, high
    finally:
        for one in (low, high):
            await one.mesh.close()


async def test_the_lower_leaf_offers_and_the_other_answers(taken: list[str]) -> None:
    async with pair() as (low, high):
        offer = await low.says()
        assert isinstance(offer, GroupCallOffer)
        assert low.said[0][0] == 4
        assert offer.candidates == (RELAYED,)
        assert "a=candidate" not in offer.sdp
        assert not high.said
        high.mesh.told(1, offer)
        answer = await high.says()
        assert isinstance(answer, GroupCallAnswer)
        assert (high.said[0][0], answer.attempt) == (1, offer.attempt)
        low.mesh.told(4, answer)
        await until(lambda: taken == [answer.sdp])


async def test_out_of_turn(taken: list[str]) -> None:
    """CK-872"""
    async with pair() as (low, high):
        offer = await low.says()
        assert isinstance(offer, GroupCallOffer)
        high.mesh.told(1, offer)
        answer = await high.says()
        assert isinstance(answer, GroupCallAnswer)
        low.mesh.told(4, offer)
        low.mesh.told(4, replace(answer, attempt=offer.attempt + 1))
        low.mesh.told(3, answer)  # nobody that we are to be connected with
        high.mesh.told(1, replace(answer, attempt=high.mesh._pairs[1].attempt))
        await asyncio.sleep(0.3)
        assert [len(one.said) for one in (low, high)] == [1, 1]
        assert not taken
        low.mesh.told(4, answer)  # the control
        await until(lambda: taken)


async def test_an_offer_that_comes_to_nothing_is_made_again(
    monkeypatch: pytest.MonkeyPatch, taken: list[str]
) -> None:
    monkeypatch.setattr(group_call_mesh, "STAND_S", 0.2)
    async with pair() as (low, high):
        first = await low.says()
        again = await low.says(2)
        assert isinstance(first, GroupCallOffer)
        assert isinstance(again, GroupCallOffer)
        assert again.attempt == first.attempt + 1
        assert again.sdp != first.sdp  # keys and all are new
        high.mesh.told(1, first)
        late = await high.says()
        low.mesh.told(4, late)
        await asyncio.sleep(0.1)
        assert not taken


async def test_whoever_goes_is_connected_no_more() -> None:
    async with pair() as (low, _):
        await low.says()
        low.mesh.members(1, frozenset())
        said = len(low.said)
        assert not low.mesh.leaves
        await asyncio.sleep(0.3)
        assert len(low.said) == said


class Drawn:
    """A connection that is never made; all of them are counted."""

    made: list[Drawn]

    def __init__(self, **_: object) -> None:
        self.closed = False
        self.made.append(self)

    async def accept_offer(self, sdp: str) -> str:
        return f"answer to {sdp}"

    async def gather(self, servers: Sequence[TurnServer]) -> list[str]:
        del servers
        return [RELAYED]

    async def add_remote_candidates(self, lines: Sequence[str]) -> None:
        del lines

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Drawn]:
    monkeypatch.setattr(group_call_mesh, "MediaConnection", Drawn)
    monkeypatch.setattr(Drawn, "made", [], raising=False)
    return Drawn.made


def test_offers_without_end_make_few_connections(made: list[Drawn]) -> None:
    """CK-874"""

    async def story() -> None:
        high = Corner(5)
        high.mesh.members(5, frozenset({1, 2}))

        async def offers(leaf: int, attempts: Sequence[int]) -> None:
            for attempt in attempts:
                high.mesh.told(leaf, GroupCallOffer(attempt, f"offer {attempt}", (RELAYED,)))
                await asyncio.sleep(0)

        await offers(1, range(100))
        assert len(made) == OFFERS_AT_ONCE
        await offers(2, [0])  # the control: somebody else is heard
        assert len(made) == OFFERS_AT_ONCE + 1
        await asyncio.sleep(AGAIN_S * 0.9)
        await offers(1, [101])
        assert len(made) == OFFERS_AT_ONCE + 1
        await asyncio.sleep(AGAIN_S * 0.1)
        await offers(1, [102, 103])
        await asyncio.sleep(0.1)
        assert len(made) == OFFERS_AT_ONCE + 2
        assert high.said[-1] == (1, GroupCallAnswer(102, "answer to offer 102", (RELAYED,)))
        # Whoever has the leaf next is asked nothing of what its last one did.
        high.mesh.members(5, frozenset({2}))
        high.mesh.members(5, frozenset({1, 2}))
        await offers(1, [0])
        assert len(made) == OFFERS_AT_ONCE + 3
        await high.mesh.close()
        assert all(one.closed for one in made)

    run(story())


def test_who_offers_again_as_often_as_it_may_is_always_heard(made: list[Drawn]) -> None:
    """CK-874: the control."""

    async def story() -> None:
        high = Corner(5)
        high.mesh.members(5, frozenset({1}))
        for attempt in range(40):
            high.mesh.told(1, GroupCallOffer(attempt, "offer", (RELAYED,)))
            await asyncio.sleep(AGAIN_S)
        assert len(made) == 40
        assert [said.attempt for _, said in high.said] == list(range(40))
        await high.mesh.close()

    run(story())
