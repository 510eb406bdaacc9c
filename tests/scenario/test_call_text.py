"""Real-time text in calls, on a virtual clock: who sees what, when, and what is left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.scenario.call_world import World, until

from visavis.core.errors import UsageError
from visavis.core.realtime_text import BLOCK_EVERY_S
from visavis.sdk.calls import Call
from visavis.testing.virtual_clock import now, run


async def talking(w: World, media: str = "video") -> tuple[Call, Call]:
    call = await w["anna1"].call(media)
    theirs = await w["ben1"].accept(await w["ben1"].rings())
    await asyncio.gather(call.connected(), theirs.connected())
    return call, theirs


def written(call: Call, who: str) -> list[str]:
    return [line.text for line in call.text.lines() if line.who == who]


def test_each_letter_is_on_the_other_screen_within_half_a_second() -> None:
    """EN 301 549, 6.2: by the clock of the test, which nothing slows down."""

    async def story() -> None:
        async with World() as w:
            call, theirs = await talking(w, "voice")
            for number, letter in enumerate("Good morning\nhow are you"):
                await asyncio.sleep(0.07 * (number % 5))
                call.text.type(letter)
                typed = now()
                wanted = (written(call, "own"), call.text.own)
                await until(
                    lambda wanted=wanted: (written(theirs, "theirs"), theirs.text.theirs) == wanted
                )
                assert now() - typed <= BLOCK_EVERY_S + 0.01
            assert written(theirs, "theirs") == ["Good morning"]
            assert theirs.text.theirs == "how are you"
            assert theirs.text.is_open_there
            assert not theirs.text.is_open

    run(story())


def test_nothing_is_sent_before_it_is_opened_and_then_always() -> None:
    async def story() -> None:
        async with World() as w:
            call, theirs = await talking(w)
            await asyncio.sleep(5)
            assert [media.blocks for media in w.relay.made] == [0, 0]
            theirs.text.open()
            await asyncio.sleep(5)
            assert [media.blocks for media in w.relay.made] == pytest.approx([20, 20], abs=1)
            before = [media.blocks for media in w.relay.made]
            theirs.text.type("x" * 300)  # Writing changes nothing of it.
            await asyncio.sleep(5)
            assert [media.blocks for media in w.relay.made] == [count + 20 for count in before]
            theirs.text.close()
            await asyncio.sleep(5)
            after = [media.blocks for media in w.relay.made]
            await asyncio.sleep(5)
            assert [media.blocks for media in w.relay.made] == after
            assert not call.text.is_open_there

    run(story())


def test_what_is_opened_before_the_call_stands_is_open_once_it_does() -> None:
    async def story() -> None:
        async with World() as w:
            call = await w["anna1"].call("voice")
            call.text.open()
            call.text.type("I cannot hear, ")
            theirs = await w["ben1"].accept(await w["ben1"].rings())
            await until(lambda: theirs.text.theirs == "I cannot hear, ")
            assert theirs.text.is_open_there

    run(story())


def test_a_lost_path_loses_no_text() -> None:
    async def story() -> None:
        async with World() as w:
            call, theirs = await talking(w)
            call.text.type("before, ")
            await call.text.confirmed()
            w.relay.stop()
            call.text.type("during, ")
            call.text.erase(2)
            theirs.text.type("hello?\n")
            await asyncio.sleep(4)
            assert call.state == theirs.state == "reconnecting"
            assert theirs.text.theirs == "before, "
            w.relay.running = True
            await until(lambda: call.state == theirs.state == "in_call")
            await asyncio.gather(call.text.confirmed(), theirs.text.confirmed())
            assert theirs.text.theirs == "before, during"
            assert written(call, "theirs") == ["hello?"]

    run(story())


def test_the_end_leaves_no_text() -> None:
    async def story() -> None:
        async with World() as w:
            call, theirs = await talking(w)

            async def read() -> list[str]:
                return [line.text async for line in theirs.text.heard()]

            reading = asyncio.create_task(read())
            call.text.type("one\ntwo\nthree")
            await call.text.confirmed()
            await call.hang_up()
            await theirs.ended()
            assert await reading == ["one", "two"]  # It ends with the call.
            for text in (call.text, theirs.text):
                assert (text.lines(), text.own, text.theirs) == ((), "", "")
                with pytest.raises(UsageError, match="CK-698"):
                    text.type("too late")
                with pytest.raises(UsageError, match="CK-698"):
                    await text.confirmed()

    run(story())


def test_after_a_glare_the_text_goes_on_with_the_call_that_stands() -> None:
    async def story() -> None:
        async with World() as w:
            calls: list[Any] = await asyncio.gather(w["anna1"].call(), w["ben1"].call())
            await asyncio.gather(*(call.connected() for call in calls))
            one, other = calls
            one.text.type("it is ")
            other.text.type("me")
            await asyncio.gather(one.text.confirmed(), other.text.confirmed())
            assert (one.text.theirs, other.text.theirs) == ("me", "it is ")

    run(story())
