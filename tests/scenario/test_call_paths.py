"""R-04, R-32, CK-384: the direct path, only if both people allow it, and only as long as they do.

On a virtual clock. In this world a transport of the direct path has a candidate "host" besides, and
one of the relay refuses such, as the real one does (`tests/media/test_direct.py`).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.scenario import call_world
from tests.scenario.call_fakes import FakeMedia
from tests.scenario.call_world import Device, World, until

from visavis.core.content_call import CallCandidates, CallOffer, CallPath
from visavis.core.content_records import MayGo, Path, Rules
from visavis.core.errors import Code
from visavis.sdk.call_shell import CallShell
from visavis.sdk.calls import Call
from visavis.testing.lossy_network import Fault, once
from visavis.testing.virtual_clock import run

DIRECT, RELAYED = Rules(path=MayGo.DIRECT), Rules()


class Said:
    """All that the two ends say in the call group, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: list[tuple[str, Any]] = []
        tell = call_world._tell

        async def watched(shell: CallShell, content: Any) -> None:
            self.words.append((shell._seam.name, content))  # type: ignore[attr-defined]
            await tell(shell, content)

        monkeypatch.setattr(call_world, "_tell", watched)

    def of(self, kind: type) -> list[tuple[str, Any]]:
        return [(name, content) for name, content in self.words if isinstance(content, kind)]

    @property
    def candidates(self) -> list[str]:
        return [line for _, content in self.of(CallCandidates) for line in content.candidates]

    @property
    def paths(self) -> list[tuple[str, str]]:
        return [(name, content.path.value) for name, content in self.of(CallPath)]

    @property
    def offers(self) -> list[str]:
        return [content.path.value for _, content in self.of(CallOffer)]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    return Said(monkeypatch)


async def talking(w: World, *, confidential: bool = False) -> tuple[Call, Call]:
    anna, ben = w["anna1"], w["ben1"]
    if confidential:
        anna.session.verified = True
        source, sink = anna.media()
        call = await anna.service.call(
            anna.session.contact,
            "voice",
            source=source,  # type: ignore[arg-type]
            sink=sink,  # type: ignore[arg-type]
            confidential=True,
        )
    else:
        call = await anna.call()
    theirs = await ben.accept(await ben.rings())
    await call.connected()
    await theirs.connected()
    return call, theirs


async def settle(seconds: float = 6.0) -> None:
    """Let some time go by on the virtual clock."""
    await asyncio.sleep(seconds)


def ends(w: World) -> list[FakeMedia]:
    return w.relay.made


def on_the_relay(w: World) -> bool:
    return all(end.relay_only and end.connected and end.path == "relayed" for end in ends(w))


def test_once_both_allow_it_the_call_goes_direct_and_media_flows(said: Said) -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT
            call, theirs = await talking(w)
            await until(lambda: call.path == theirs.path == "direct")
            assert call.state == theirs.state == "in_call"
            before = [end.decoded for end in ends(w)]
            await until(
                lambda: all(e.decoded > b + 3 for e, b in zip(ends(w), before, strict=True))
            )
            assert sorted(said.paths) == [("anna1", "direct"), ("ben1", "direct")]
            assert said.offers == ["direct"]  # One restart, of one side.
            # Both had said it before either of them showed an address.
            first = next(
                i
                for i, (_, c) in enumerate(said.words)
                if isinstance(c, CallCandidates) and any("host" in x for x in c.candidates)
            )
            assert [type(c) for _, c in said.words[:first]].count(CallPath) == 2
            await call.hang_up()

    run(story())


@pytest.mark.parametrize(
    ("annas", "bens"), [(DIRECT, RELAYED), (RELAYED, DIRECT), (RELAYED, RELAYED)]
)
def test_unless_both_allow_it_there_is_nothing_but_the_relay(
    said: Said, annas: Rules, bens: Rules
) -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules, w["ben1"].session.rules = annas, bens
            call, theirs = await talking(w)
            await settle()
            assert on_the_relay(w)
            assert call.path == theirs.path == "relayed"
            assert not any("host" in line for line in said.candidates)
            assert said.offers == []
            assert len(said.paths) == [annas, bens].count(DIRECT)
            # A path that is lost comes back on the relay, too.
            w.relay.stop()
            w.relay.running = True
            await until(lambda: call.state == theirs.state == "reconnecting")
            await until(lambda: call.state == theirs.state == "in_call")
            assert not any("host" in line for line in said.candidates)
            assert set(said.offers) == {"relayed"}
            await call.hang_up()

    run(story())


def test_a_confidential_call_never_goes_direct(said: Said) -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT
            call, _ = await talking(w, confidential=True)
            await settle()
            assert on_the_relay(w)
            assert said.paths == []  # Both know that it is confidential, and say nothing.
            assert said.offers == []
            w["anna1"].session.decide(DIRECT)  # Saying it again while it goes on changes nothing.
            await settle()
            assert on_the_relay(w)
            await call.hang_up()

    run(story())


@pytest.mark.parametrize("who", ["anna1", "ben1"])
def test_allowed_during_the_call(said: Said, who: str) -> None:
    async def story() -> None:
        async with World() as w:
            other = {"anna1": "ben1", "ben1": "anna1"}[who]
            w[other].session.rules = DIRECT
            call, theirs = await talking(w)
            await settle()
            assert on_the_relay(w)
            w[who].session.decide(DIRECT)
            await until(lambda: call.path == theirs.path == "direct")
            await call.hang_up()

    run(story())


@pytest.mark.parametrize("who", ["anna1", "ben1"])
def test_taken_back_during_the_call_it_goes_back_to_the_relay(said: Said, who: str) -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT
            call, theirs = await talking(w)
            await until(lambda: call.path == theirs.path == "direct")
            words = len(said.words)
            w[who].session.decide(RELAYED)
            await until(lambda: call.path == theirs.path == "relayed")
            assert call.state == theirs.state == "in_call"
            assert on_the_relay(w)
            after = said.words[words:]
            assert after[0][0] == who
            assert after[0][1] == CallPath(Path.RELAYED)
            lines = [x for _, c in after if isinstance(c, CallCandidates) for x in c.candidates]
            assert lines
            assert not any("host" in line for line in lines)
            # It stays there, until it is allowed again.
            await settle()
            assert on_the_relay(w)
            w[who].session.decide(DIRECT)
            await until(lambda: call.path == theirs.path == "direct")
            await call.hang_up()

    run(story())


def test_a_direct_path_that_dies_gives_way_to_the_relay_without_a_redial(said: Said) -> None:
    async def story() -> None:
        async with World() as w:
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT
            call, theirs = await talking(w)
            await until(lambda: call.path == theirs.path == "direct")
            for end in ends(w):
                end.lose()
            await until(lambda: call.state == theirs.state == "reconnecting")
            await until(lambda: call.state == theirs.state == "in_call")
            await settle()
            assert on_the_relay(w)
            assert call.path == "relayed"
            # And it is not tried again: a bad network does not make the call jump to and fro.
            assert said.offers.count("direct") == 1
            await call.hang_up()

    run(story())


async def hostile(device: Device, content: Any) -> None:
    """Let a device say something in its call group that its machine would not."""
    (shell,) = device.service._shells.values()
    await shell.tell(content)


def test_a_peer_that_claims_the_direct_path_gets_the_relay(said: Said) -> None:
    """Anna says yes, asks for it by an offer, and sends where she is; Ben has allowed nothing."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            call, theirs = await talking(w)
            (shell,) = ben.service._shells.values()
            await hostile(anna, CallPath(Path.DIRECT))
            await settle(1)
            assert shell.state.paths.theirs is Path.DIRECT  # type: ignore[union-attr]
            assert on_the_relay(w)
            await hostile(anna, CallCandidates("", ("candidate:0.0 host",)))
            await settle(1)
            assert shell.refusal is Code.MALFORMED  # CK-668
            assert theirs.state == "in_call"
            media = ends(w)[0]
            await media.restart([object()], relay_only=False)  # type: ignore[list-item]
            await hostile(anna, CallOffer(await media.create_offer(), Path.DIRECT))
            await until(lambda: theirs.state == "reconnecting")
            assert ends(w)[1].relay_only
            await until(lambda: theirs.state != "reconnecting")
            assert all(end.path == "relayed" for end in ends(w) if end.connected)
            mine = [c for name, c in said.words if name == "ben1"]
            lines = [x for c in mine if isinstance(c, CallCandidates) for x in c.candidates]
            assert not any("host" in line for line in lines)
            await call.hang_up()
            await theirs.ended()

    run(story())


@pytest.mark.parametrize("repeat", [CallPath(Path.DIRECT), CallPath(Path.RELAYED)])
def test_saying_the_same_again_makes_nobody_restart(said: Said, repeat: CallPath) -> None:
    async def story() -> None:
        async with World() as w:
            direct = repeat.path is Path.DIRECT
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT if direct else RELAYED
            call, theirs = await talking(w)
            expected = "direct" if direct else "relayed"
            await until(lambda: call.path == theirs.path == expected)
            await settle(1)
            offers = list(said.offers)
            for _ in range(5):
                await hostile(w["ben1"], repeat)
            await settle(2)
            assert said.offers == offers
            assert call.state == "in_call"
            await call.hang_up()

    run(story())


LOST = {
    "anna's word": "anna call.path",
    "ben's word": "ben call.path",
    "the offer": "anna call.offer",
    "the answer": "ben call.answer",
}


@pytest.mark.parametrize("lost", LOST)
def test_a_lost_word_costs_the_path_and_never_the_call(said: Said, lost: str) -> None:
    rule = once(LOST[lost], Fault.LOST)

    async def story() -> None:
        async with World(rule=rule) as w:
            w["anna1"].session.rules = w["ben1"].session.rules = DIRECT
            call, theirs = await talking(w)
            await settle(25)
            assert call.state == theirs.state == "in_call"
            assert all(end.connected for end in ends(w))
            assert call.path == theirs.path
            await call.hang_up()

    run(story())
