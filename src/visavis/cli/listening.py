"""`visavis listen`: wait for calls of people and groups, and for messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask, group_call
from visavis.cli.calls import PANEL, MediaOption, MeterOption, SecondsOption, TextOption
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.recording_wish import (
    AgreeOption,
    ReceiptOption,
    RecordExportOption,
    RecordingWish,
    RecordOption,
    SignOption,
    wish_for,
)
from visavis.cli.told import MistakeError
from visavis.core.call_effects import EndReason
from visavis.core.errors import MEANINGS, Code, UnavailableError, VisavisError

if TYPE_CHECKING:
    from visavis.sdk.calls import IncomingCall
    from visavis.sdk.client import Client
    from visavis.sdk.group_call_objects import IncomingGroupCall


KEYS: Final = {
    "video": ("vad", "Press v to accept with picture, a for voice only, d to decline."),
    "voice": ("ad", "Press a to accept, d to decline."),
    "group": ("ad", "Press a to come in, d to ignore it: nobody is told."),
}
"""What a person may press, and what they are told."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(rich_help_panel=PANEL)(listen)


def listen(
    ctx: typer.Context,
    auto_accept: Annotated[
        bool, typer.Option("--auto-accept", help="Accept every call: for tests and bots.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop after one call.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
    text: TextOption = False,
    meter: MeterOption = False,
    record: RecordOption = None,
    record_export: RecordExportOption = None,
    agree_to_recording: AgreeOption = False,
    receipt: ReceiptOption = False,
    sign_receipts: SignOption = False,
) -> int:
    """Wait for calls and messages until Ctrl-C."""
    context: Context = ctx.obj
    wish = wish_for(
        record, record_export, agree=agree_to_recording, receipt=receipt, sign=sign_receipts
    )
    if agree_to_recording and not auto_accept:
        raise MistakeError(
            "--agree-to-recording is for tests and bots, and only with --auto-accept: whoever "
            "answers a call is asked. Nobody is listening."
        )
    if sign_receipts and not auto_accept:
        raise MistakeError(
            "--sign-receipts is for tests and bots, and only with --auto-accept: whoever answers "
            "a call is asked. Nobody is listening."
        )

    async def work() -> dict[str, Any]:
        from visavis.cli.playing import can_speak
        from visavis.cli.talk import unless
        from visavis.sdk.calls import IncomingCall

        async def use(client: Client) -> dict[str, Any]:
            out = context.out
            if media is None and not can_speak():
                sentence = MEANINGS[Code.NO_DEVICE].person
                if auto_accept:
                    raise UnavailableError(Code.NO_DEVICE, "calls could not be accepted")
                out.say(f"{sentence} Calls ring here, but cannot be accepted.")
            await synced(client)
            messages = asyncio.create_task(_print_messages(context, client))
            calls: list[dict[str, Any]] = []
            ringing = _Ringing(client)
            try:
                with context.stoppable() as stop:
                    out.say(f"[bold]{client.handle}[/] can be called now. Ctrl-C ends it.")
                    while (incoming := await unless(stop, ringing.next())) is not None:
                        if isinstance(incoming, IncomingCall):
                            answered = await _answer(
                                context,
                                incoming,
                                auto_accept,
                                media,
                                seconds,
                                text=text,
                                meter=meter,
                                wish=wish,
                            )
                        else:
                            answered = await _come_in(
                                context, incoming, auto_accept, media, seconds, wish
                            )
                        calls.append(answered)
                        if once:
                            break
            finally:
                ringing.end()
                messages.cancel()
                await asyncio.gather(messages, return_exceptions=True)
            return {"calls": calls, "ok": not once or any(c["ok"] for c in calls)}

        return await context.with_client(use, reads_messages=True)

    return context.run(work)


class _Ringing:
    """What rings, of people and of groups, in the order in which it does."""

    def __init__(self, client: Client) -> None:
        self._queue: asyncio.Queue[IncomingCall | IncomingGroupCall] = asyncio.Queue()
        self._tasks = [
            asyncio.create_task(self._collect(client.incoming())),
            asyncio.create_task(self._collect(client.incoming_group_calls())),
        ]

    async def next(self) -> IncomingCall | IncomingGroupCall:
        """Return what rings next."""
        return await self._queue.get()

    def end(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()

    async def _collect(self, rings: AsyncIterator[IncomingCall | IncomingGroupCall]) -> None:
        async for one in rings:
            self._queue.put_nowait(one)


async def _print_messages(context: Context, client: Client) -> None:
    async for message in client.messages():
        names = [c.name for c in await client.contacts() if c.account == message.contact]
        for name in names:
            context.out.say(f"[bold]{plain(name)}[/]  {plain(message.text)}")


async def _answer(
    context: Context,
    ringing: IncomingCall,
    auto_accept: bool,
    media: Path | None,
    seconds: float | None,
    *,
    text: bool,
    meter: bool,
    wish: RecordingWish,
) -> dict[str, Any]:
    """Ring, and talk if the person wants to; a failed call never ends the listening."""
    from visavis.cli.playing import Screen, open_source
    from visavis.cli.talk import ending, talk

    out, name = context.out, ringing.contact_name
    what = "with picture" if ringing.media == "video" else "voice only"
    out.bell()
    how = ", confidentially: nothing of it is noted here or there" if ringing.confidential else ""
    out.say(f"[bold]{plain(name)}[/] is calling, {what}{how}.")
    choice = "v" if auto_accept else await _ask(context, ringing, KEYS[ringing.media])
    unanswered = {"ok": False, "contact": name, "answered": False}
    if choice == "d":
        await ringing.decline()
    if choice in {"", "d"}:
        reason = await ringing.ended()
        out.say(ending(reason))
        return {**unanswered, "reason": reason}
    picture = ringing.media == "video" and choice == "v"
    try:
        source = await open_source(media, picture=picture, say=out.say)
        screen = Screen(
            name, picture=ringing.media == "video", quiet=out.as_json, in_terminal=not text
        )
        ongoing = await ringing.accept(
            media="video" if picture else "voice", source=source, sink=screen
        )
        result = await talk(
            context, ongoing, screen, seconds=seconds, text=text, meter=meter, wish=wish
        )
    except VisavisError as error:
        out.say(f"[bold red]{plain(error.describe())}[/]")
        return {**unanswered, "code": str(error.code), "reason": EndReason.FAILED.value}
    return {**result, "answered": True}


async def _come_in(
    context: Context,
    ringing: IncomingGroupCall,
    auto_accept: bool,
    media: Path | None,
    seconds: float | None,
    wish: RecordingWish,
) -> dict[str, Any]:
    """As `_answer`, for the call of a group."""
    out, name = context.out, ringing.group_name
    what = "with picture" if ringing.media == "video" else "voice only"
    out.bell()
    out.say(f"[bold]{plain(ringing.caller)}[/] has begun a call in {plain(name)}, {what}.")
    choice = "a" if auto_accept else await _ask(context, ringing, KEYS["group"])
    unanswered = {"ok": False, "group": name, "answered": False}
    if choice == "d":
        await ringing.decline()
    if choice in {"", "d"}:
        await ringing.ended()
        out.say(f"It rings no longer. As long as it goes on: visavis call {plain(name)}")
        return {**unanswered, "reason": "declined" if choice else "expired"}
    try:
        result = await group_call.answer(context, ringing, media=media, seconds=seconds, wish=wish)
    except VisavisError as error:
        out.say(f"[bold red]{plain(error.describe())}[/]")
        return {**unanswered, "code": str(error.code), "reason": EndReason.FAILED.value}
    return {**result, "answered": True}


async def _ask(
    context: Context, ringing: IncomingCall | IncomingGroupCall, keys: tuple[str, str]
) -> str:
    """Return which of some keys the person pressed, "" when it stopped ringing."""
    from visavis.cli.talk import unless

    if not ask.interactive():
        context.out.say(
            "There is no terminal to ask in, so it rings on. --auto-accept is for bots."
        )
        return ""
    known, words = keys
    context.out.say(words)
    over = asyncio.Event()

    async def watch() -> None:
        await ringing.ended()
        over.set()

    watching = asyncio.create_task(watch())
    try:
        return await unless(over, ask.key(known)) or ""
    finally:
        watching.cancel()
