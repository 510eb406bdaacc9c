"""`Call` and `IncomingCall` as a person's code uses them, and what is left when a call is over."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from tests.scenario.call_world import World

import visavis
from visavis.core import call_effects as do
from visavis.core.errors import AuthorizationError, Code, UnavailableError
from visavis.sdk.call_media import LentSink, LentSource, relayed_media
from visavis.sdk.call_shell import CallShell
from visavis.testing.virtual_clock import run


def test_hanging_up_twice_and_declining_late_are_harmless() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call()
            ringing = await w["ben1"].rings()
            with pytest.raises(UnavailableError):
                call.stats()
            await asyncio.gather(call.hang_up(), call.hang_up())
            await call.hang_up()
            await ringing.ended()
            await ringing.decline()
            assert call.end_code is None

    run(story())


def test_states_and_names_in_order() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call("voice")
            assert (call.state, call.media, call.contact_name) == ("calling", "voice", "ben")
            ringing = await w["ben1"].rings()
            assert ringing._call.state == "ringing"
            theirs = await w["ben1"].accept(ringing)
            assert theirs.state == "connecting"
            await call.answered()
            assert call.state == "connecting"
            assert call.path == "none"
            await call.connected()
            assert (call.state, call.path) == ("in_call", "relayed")
            assert call.suite == "X-Wing, AES-256-GCM, SHA-384, Ed25519"
            await call.hang_up()
            assert call.state == "ended"
            assert call.stats().frames_decoded >= 0  # The last figures stay.
            await theirs.ended()

    run(story())


def test_a_refused_invite_fails_with_its_code() -> None:
    """A blocked capability or a changed identity: known at once, and said."""

    async def story() -> None:
        async with World() as w:
            anna = w["anna1"].session

            async def refuse(*_: Any, **__: Any) -> None:
                raise AuthorizationError(Code.IDENTITY_CHANGED, "compare safety numbers")

            anna.send_inner = refuse  # type: ignore[method-assign]
            call = await w["anna1"].call()
            with pytest.raises(UnavailableError) as refused:
                await call.answered()
            assert refused.value.code is Code.IDENTITY_CHANGED

    run(story())


def test_a_bug_ends_the_call_instead_of_hanging_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: CallShell) -> None:
        raise ZeroDivisionError

    async def story() -> None:
        async with World() as w:
            monkeypatch.setattr(CallShell, "_install", broken)
            call = await w["anna1"].call()
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            assert await call.ended() == "failed"
            assert call.end_code is Code.USAGE
            await theirs.ended()

    with pytest.raises(ZeroDivisionError):  # And it is not swallowed.
        run(story())


def test_sending_that_fails_is_a_lost_message() -> None:
    async def story() -> None:
        async with World() as w:
            anna = w["anna1"].session
            send = anna.send_inner
            fails = iter([True, False, False, False, False])

            async def flaky(*args: Any, **named: Any) -> None:
                if next(fails, False):
                    raise UnavailableError(Code.QUOTA, "slow down")
                await send(*args, **named)

            anna.send_inner = flaky  # type: ignore[method-assign]
            call = await w["anna1"].call()
            await asyncio.sleep(1)
            assert call.state == "calling"
            w.network.stop()
            w.network.start()  # The reconnect repeats the invite.
            await w["ben1"].rings()
            await call.hang_up()

    run(story())


def test_lent_devices_are_closed_once_or_kept() -> None:
    class End:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    end = End()
    lent = LentSource(end)  # type: ignore[arg-type]
    assert lent.keep() is end
    lent.close()
    assert end.closed == 0
    LentSource(end).close()  # type: ignore[arg-type]
    sink = LentSink(end)  # type: ignore[arg-type]
    sink.close()
    assert end.closed == 2
    assert sink.keep() is end


async def test_the_product_makes_relay_only_connections() -> None:
    from visavis.media.call_frames import CallFrames
    from visavis.media.silence import SilenceSource
    from visavis.media.sinks import NullSink

    media = relayed_media(allow_loopback=False)(
        video=True, frames=CallFrames(), source=SilenceSource(), sink=NullSink()
    )
    try:
        offer = await media.create_offer()
        assert "a=candidate" not in offer
        assert media._relay_only is True  # type: ignore[attr-defined]
        assert media._allow_loopback is False  # type: ignore[attr-defined]
    finally:
        await media.close()


def test_frames_are_taken_only_by_the_shell_of_consents() -> None:
    """R-44: there is one way to what is recorded, and it passes everybody's yes."""
    source = Path(visavis.__file__).parent
    taken = [
        str(file.relative_to(source))
        for file in sorted(source.rglob("*.py"))
        if re.search(r"\.tap = (?!None)", file.read_text())
    ]
    assert taken == ["sdk/recording_shell.py"]


def test_every_effect_is_carried_out() -> None:
    """The shell's two tables take the union apart; nothing is left to `assert_never`."""
    assert set(do.Effect.__args__) == set(do.Sending.__args__) | set(do.Local.__args__)
    assert not set(do.Sending.__args__) & set(do.Local.__args__)
