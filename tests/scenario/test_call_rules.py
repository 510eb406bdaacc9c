"""R-87: what a contact's rules let ring, and nothing else; to the caller it is silence (CK-370).

On a virtual clock. "Nothing is sent" is counted in envelopes, beside a call that nobody answers;
the control is a callee that answers.
"""

from __future__ import annotations

import itertools

import pytest
from tests.scenario.call_world import World, until
from tests.scenario.test_call_alike import record

from visavis.core.call_types import Media
from visavis.core.contact_rules import hours_on
from visavis.core.content_records import MayCall, Rules
from visavis.core.errors import AuthorizationError, Code
from visavis.testing.virtual_clock import now, run

OFFICE = (hours_on(range(5), 540, 1080),)
MONDAY_TEN, MONDAY_NIGHT = (0, 600), (0, 1300)
QUIET = {
    "nothing": (Rules(MayCall.NOTHING), MONDAY_TEN),
    "out of hours": (Rules(MayCall.VIDEO, OFFICE), MONDAY_NIGHT),
    "voice, out of hours": (Rules(MayCall.VOICE, OFFICE), (6, 600)),
}


@pytest.mark.parametrize(("calls", "media"), list(itertools.product(MayCall, Media)))
def test_what_rings_is_the_lesser(calls: MayCall, media: Media) -> None:
    """Every rule and every offer; who may call by voice only rings as a voice call (CK-369)."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            ben.session.rules = Rules(calls, OFFICE)
            call = await anna.call(media.value)
            if calls is MayCall.NOTHING:
                assert await call.ended() == "no_answer"
                assert ben.rung == []
                return
            ringing = await ben.rings()
            lesser = "voice" if "voice" in {calls.value, media.value} else "video"
            assert ringing.media == lesser
            theirs = await ben.accept(ringing, "video")  # More than may be: it stays the lesser.
            await call.connected()
            await theirs.connected()
            assert (call.media, theirs.media) == (lesser, lesser)
            assert [made.video for made in w.relay.made] == [lesser == "video"] * 2
            await call.hang_up()

    run(story())


async def view(case: str) -> tuple[list[tuple[float, str]], list[tuple[str, int]], list[str], str]:
    """Return what the caller did and sent, what the callee sent, and how it ended."""
    async with World() as w:
        anna, ben = w["anna1"], w["ben1"]
        if case in QUIET:
            ben.session.rules, (ben.session.weekday, ben.session.minute) = QUIET[case]
        seen, started = record(anna), now()
        call = await anna.call()
        if case == "answered":
            await (await ben.accept(await ben.rings())).connected()
            await call.connected()
            await call.hang_up()
        end = await call.ended()
        if case in QUIET:
            assert ben.rung == []
            assert ben.service.dropped[Code.REFUSED] == 1
            # What is left of it is the caller's own word, for the thread.
            await until(lambda: bool(ben.missed))
            assert [(m.contact_name, m.media) for m in ben.missed] == [("anna", "video")]
        sent = [(p.label, len(p.body)) for p in w.network.log if p.sender == "anna1"]
        return (
            [(round(at - started, 6), name) for at, name in seen],
            sent,
            [label for _, label in ben.session.sent],
            end,
        )


@pytest.mark.parametrize("case", QUIET)
def test_nothing_rings_and_nothing_is_sent(case: str) -> None:
    unanswered = run(view("unanswered"))
    found = run(view(case))
    assert found == unanswered
    assert found[2] == []
    assert found[3] == "no_answer"
    assert [label for label, _ in found[1]] == ["call.invite", "call.cancel", "call.missed"]


def test_the_control_an_answer_is_noticed() -> None:
    unanswered, answered = run(view("unanswered")), run(view("answered"))
    assert answered[2]
    assert answered != unanswered


def test_within_hours_the_same_call_rings() -> None:
    async def story() -> None:
        async with World() as w:
            w["ben1"].session.rules, _ = QUIET["out of hours"]
            call = await w["anna1"].call()
            await w["ben1"].rings()
            await call.hang_up()

    run(story())


def test_whom_we_are_calling_ourselves_is_met_whatever_the_rules() -> None:
    """Both call at once (P9): nothing rings, and the person has said that they want to talk."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            anna.session.rules = ben.session.rules = Rules(MayCall.NOTHING)
            ours, theirs = await anna.call(), await ben.call("voice")
            await ours.connected()
            await theirs.connected()
            assert (anna.rung, ben.rung) == ([], [])
            assert ours.media == theirs.media == "voice"
            await ours.hang_up()
            await theirs.ended()
            # The control: without a call of ours the rule holds.
            again = await ben.call("voice")
            assert await again.ended() == "no_answer"
            assert anna.rung == []

    run(story())


def test_before_a_block_what_is_under_way_ends() -> None:
    async def story() -> None:
        async with World(bens=2) as w:
            anna, ben = w["anna1"], w["ben1"]
            call = await anna.call()
            await ben.rings()
            await ben.service.leave(ben.session.contact)
            assert ben.to_contact == []  # Not a word to who is blocked while they ring.
            assert await call.ended() == "no_answer"
            again = await anna.call()
            theirs = await ben.accept(await ben.rings(2))
            await theirs.connected()
            await ben.service.leave(ben.session.account)  # Somebody else: nothing happens.
            assert theirs.state == "in_call"
            await ben.service.leave(ben.session.contact)
            assert await theirs.ended() == "hung_up"
            assert await again.ended() == "hung_up_there"
            await ben.service.leave(ben.session.contact)  # Nothing is under way.

    run(story())


def test_a_confidential_call_is_for_the_verified() -> None:
    """CK-371."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"], w["ben1"]
            source, sink = anna.media()
            ask = anna.service.call
            contact = anna.session.contact
            with pytest.raises(AuthorizationError) as refused:
                await ask(contact, "voice", source=source, sink=sink, confidential=True)  # type: ignore[arg-type]
            assert refused.value.code is Code.NOT_VERIFIED
            assert "was not placed" in refused.value.describe()
            assert (anna.session.sent, source.closed) == ([], 1)
            anna.session.verified = True
            source, sink = anna.media()
            call = await ask(contact, "voice", source=source, sink=sink, confidential=True)  # type: ignore[arg-type]
            assert call.confidential
            await ben.rings()
            assert await call.ended() == "no_answer"
            # Nothing of it is kept there either: no missed call follows.
            assert anna.to_contact == ["call.invite", "call.cancel"]
            assert ben.missed == []
            plain = await anna.call("voice")  # The control.
            assert not plain.confidential
            assert await plain.ended() == "no_answer"
            assert anna.to_contact[-1] == "call.missed"

    run(story())
