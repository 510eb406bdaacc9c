"""What a hostile server, sibling or caller tries in a call, and what it gets.

Each line has its control: the same story without the attack connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.scenario.call_fakes import FakeMedia
from tests.scenario.call_world import CONVERSATION, NOW, Dice, FakeSession, World

from visavis.core import sas
from visavis.core.content import encode_in_call
from visavis.core.content_call import CallCandidates, CallHangup, HangupReason
from visavis.core.content_inner import RING_S, CallInvite
from visavis.core.content_outer import CallWelcome, Mls
from visavis.core.content_records import Media
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import CallId, MessageId, Nonce32
from visavis.core.mls import (
    Group,
    KeyPackageBundle,
    generate_signature_key,
    new_key_package,
)
from visavis.sdk.call_secrets import MAX_EARLY
from visavis.sdk.calls import Call
from visavis.sdk.consent_key import OwnConsent
from visavis.testing import lossy_network
from visavis.testing.lossy_network import Fault, once
from visavis.testing.virtual_clock import run


def package(session: FakeSession, **changes: object) -> KeyPackageBundle:
    fields = {
        "identity": session.key_material.credential,
        "signature_private": session.key_material.signature_private,
        "not_before": NOW,
        "not_after": NOW + 9_000,
        "rng": session.rng,
        "leaf_extensions": [OwnConsent.make(session.rng).extension()],
    }
    return new_key_package(**{**fields, **changes})  # type: ignore[arg-type]


def of_a_sibling(w: World) -> KeyPackageBundle:
    return package(w["ben2"].session)


def of_a_stranger(w: World) -> KeyPackageBundle:
    """Ben's credential, but a key that is on no list: what a server could make up."""
    return package(w["ben1"].session, signature_private=generate_signature_key(0xF04D, Dice(99)))


def of_another_suite(w: World) -> KeyPackageBundle:
    return package(w["ben1"].session, suite_id=1)


def honest(w: World) -> KeyPackageBundle:
    return package(w["ben1"].session)


def expired(w: World) -> KeyPackageBundle:
    return package(w["ben1"].session, not_before=NOW - 900, not_after=NOW - 800)


async def call_with(make: Callable[[World], KeyPackageBundle]) -> tuple[Call, Call, World]:
    async with World(bens=2) as w:
        anna, ben = w["anna1"], w["ben1"]
        ben.session.new_key_package = lambda _: make(w)  # type: ignore[method-assign]
        call = await anna.call()
        theirs = await ben.accept(await ben.rings())
        try:
            await call.connected()
            await call.hang_up()
        except UnavailableError:
            pass
        await theirs.ended()
        return call, theirs, w


@pytest.mark.parametrize(("make", "code"), [
    (of_a_sibling, Code.BAD_CREDENTIAL),
    (of_a_stranger, Code.BAD_CREDENTIAL),
    (of_another_suite, Code.WRONG_SUITE),
    (expired, Code.EXPIRED),
])  # fmt: skip
def test_a_key_package_of_another_device_or_suite_is_refused(
    make: Callable[[World], KeyPackageBundle], code: Code
) -> None:
    """CK-362, CK-364, CK-365: no Welcome, no frame, and the person is told why."""
    call, theirs, w = run(call_with(make))
    assert call.end_code is code
    assert w["anna1"].to_contact.count("welcome") == 0
    assert sum(media.sent for media in w.relay.made) == 0
    assert w.relay.gathered == 0
    assert theirs.end_code is Code.UNAVAILABLE


def test_the_control_an_honest_key_package_is_taken() -> None:
    call, _, w = run(call_with(honest))
    assert call.end_code is None
    assert w["anna1"].to_contact.count("welcome") == 1
    assert sum(media.sent for media in w.relay.made) > 0


def test_a_late_welcome_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: absent within 5 s, the call fails with a reason; no frame leaves."""
    monkeypatch.setattr(lossy_network, "LATE_S", 6.0)

    async def story() -> None:
        async with World(rule=once("welcome", Fault.LATE)) as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            assert await theirs.ended() == "no_welcome"
            assert await call.ended() == "withdrawn"
            await asyncio.sleep(10)
            assert w["ben1"].service.dropped[Code.UNEXPECTED] == 1  # The late Welcome.
            assert sum(media.sent for media in w.relay.made) == 0

    run(story())


def test_a_welcome_that_is_just_in_time() -> None:
    """The control: two seconds late is not too late."""

    async def story() -> None:
        async with World(rule=once("welcome", Fault.LATE)) as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            await call.hang_up()

    run(story())


async def put(w: World, content: CallWelcome | Mls, *, wait_s: float = 0.1) -> None:
    """Send something to Ben over the address that Anna holds."""
    anna, ben = w["anna1"].session, w["ben1"].session
    anna._put(ben.device, content, durable=False, label="rubbish")
    await asyncio.sleep(wait_s)


def forged(w: World, call: bytes, count: int) -> list[bytes]:
    """Return messages of another group that carries the call's id."""
    anna = w["anna1"].session
    group = Group.create(
        group_id=call,
        suite_id=0xF04D,
        identity=anna.key_material.credential,
        signature_private=anna.key_material.signature_private,
        rng=anna.rng,
        validator=anna.validator,
        lifetime=(NOW - 9, NOW + 9_000),
    )
    return [group.encrypt(b"rubbish", rng=anna.rng) for _ in range(count)]


def test_rubbish_ends_no_call_and_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-365, CK-366."""

    async def story() -> None:
        async with World(rule=once("welcome", Fault.LATE)) as w:
            ben = w["ben1"]
            call = await w["anna1"].call()
            theirs = await ben.accept(await ben.rings())
            await asyncio.sleep(0.2)
            shell = next(iter(ben.service._shells.values()))
            for message in forged(w, bytes(shell.call), MAX_EARLY + 10):
                await put(w, Mls(message), wait_s=0)
            await asyncio.sleep(0.1)
            assert len(shell.secrets._early) == MAX_EARLY
            bundle = shell.secrets.bundle
            assert bundle is not None
            anna = w["anna1"].session
            # A well-formed Welcome for Ben's key package, to a group that is not this call's.
            other = Group.create(
                group_id=b"another-group-id",
                suite_id=0xF04D,
                identity=anna.key_material.credential,
                signature_private=anna.key_material.signature_private,
                rng=anna.rng,
                validator=anna.validator,
                lifetime=(NOW - 9, NOW + 9_000),
                leaf_extensions=[OwnConsent.make(anna.rng).extension()],
            ).commit(add=[bundle.key_package], rng=anna.rng, now=anna.now())
            assert other.welcome is not None
            await put(w, CallWelcome(other.welcome))
            assert shell.refusal is Code.WRONG_GROUP  # CK-363
            await put(w, CallWelcome(b"\0" * 64))
            assert shell.secrets._group is None
            await asyncio.gather(call.connected(), theirs.connected())
            assert await call.sas() == await theirs.sas()
            await call.hang_up()

    run(story())


def test_a_welcome_makes_nobody_answer() -> None:
    """CK-354: a Welcome while it rings is dropped; nothing leaves."""

    async def story() -> None:
        async with World() as w:
            ben = w["ben1"]
            call = await w["anna1"].call()
            await ben.rings()
            await put(w, CallWelcome(b"\0" * 64))
            assert ben.service.dropped[Code.UNEXPECTED] == 1
            assert ben.session.sent == []
            await call.hang_up()

    run(story())


def test_a_stored_invite_rings_nobody() -> None:
    """CK-368: only what came live rings; the control is the same invite, live."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"].session, w["ben1"]

            def invite() -> CallInvite:
                return CallInvite(
                    MessageId.random(anna.rng),
                    anna.now(),
                    CallId.random(anna.rng),
                    Media.VOICE,
                    "offer 0 0",
                    sas.commit(Nonce32.random(anna.rng)),
                    RING_S,
                    confidential=False,
                )

            await anna.send_inner(anna.contact, invite(), durable=True)
            await asyncio.sleep(1)
            assert ben.rung == []
            assert ben.service.dropped[Code.REFUSED] == 1
            await anna.send_inner(anna.contact, invite(), durable=False)
            await ben.rings()
            await (await ben.rings()).ended()

    run(story())


def test_an_invite_that_was_held_back_rings_nobody() -> None:
    """CK-368: "live" is the server's word; when the caller rang, the caller says under MLS."""

    async def story() -> None:
        async with World() as w:
            anna, ben = w["anna1"].session, w["ben1"]

            async def ring(age_s: int) -> None:
                invite = CallInvite(
                    MessageId.random(anna.rng),
                    anna.now() - age_s,
                    CallId.random(anna.rng),
                    Media.VOICE,
                    "offer 0 0",
                    sas.commit(Nonce32.random(anna.rng)),
                    RING_S,
                    confidential=False,
                )
                await anna.send_inner(anna.contact, invite, durable=False)
                await asyncio.sleep(1)

            for age_s in (90_000, -90_000):
                await ring(age_s)
            assert ben.rung == []
            assert ben.service.dropped[Code.REFUSED] == 2
            # The control: a clock that is hours off keeps nobody from calling.
            await ring(80_000)
            await (await ben.rings()).ended()
            await ring(-80_000)
            await (await ben.rings()).ended()

    run(story())


def test_a_caller_that_changes_its_nonce_gets_no_call() -> None:
    """CK-359: the revealed nonce must open the commitment of the invite."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            ringing = await w["ben1"].rings()
            shell = next(iter(w["anna1"].service._shells.values()))
            shell.secrets.nonce = Nonce32(b"chosen after seeing Ben's nonce!")
            theirs = await w["ben1"].accept(ringing)
            await theirs.ended()
            assert theirs.end_code == Code.BAD_COMMITMENT
            assert theirs._words is None
            assert not theirs.was_connected
            await call.ended()

    run(story())


def test_hostile_sdp_in_the_invite(monkeypatch: pytest.MonkeyPatch) -> None:
    async def evil(self: FakeMedia) -> str:
        return "v=0 and so on"

    async def story() -> None:
        async with World() as w:
            monkeypatch.setattr(FakeMedia, "create_offer", evil)
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            assert await theirs.ended() == "failed"
            assert theirs.end_code is Code.MALFORMED
            assert w.relay.gathered == 0
            assert await call.ended() == "no_answer"

    run(story())


def test_hostile_candidates_change_nothing() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            shell = next(iter(w["anna1"].service._shells.values()))
            await shell.tell(CallCandidates("", ("gopher://10.0.0.1",)))
            await asyncio.sleep(1)
            assert next(iter(w["ben1"].service._shells.values())).refusal is Code.MALFORMED
            assert theirs.state == "in_call"
            await call.hang_up()

    run(story())


def test_the_conversation_cannot_stand_in_for_the_call_group() -> None:
    """A message of the conversation group is never taken for one of the call's."""

    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await asyncio.gather(call.connected(), theirs.connected())
            anna = w["anna1"].session
            body = encode_in_call(CallHangup(HangupReason.ENDED))
            message = anna.groups[CONVERSATION].encrypt(body, rng=anna.rng)
            dropped = w["ben1"].session.dropped
            await put(w, Mls(message))
            assert w["ben1"].session.dropped == dropped + 1
            assert theirs.state == "in_call"
            await call.hang_up()
            assert await theirs.ended() == "hung_up_there"

    run(story())
