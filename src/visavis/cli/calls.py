"""`visavis call` and `visavis listen`: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.core.call_effects import EndReason
from visavis.core.errors import MEANINGS, AuthorizationError, Code, UnavailableError, VisavisError

if TYPE_CHECKING:
    from visavis.sdk.calls import IncomingCall
    from visavis.sdk.client import Client

PANEL: Final = "Talk"
MediaOption = Annotated[
    Path | None,
    typer.Option(
        "--media", metavar="FILE", help="Play this file instead of using camera and microphone."
    ),
]
TextOption = Annotated[
    bool,
    typer.Option(
        "--text", help="Write while you talk: each letter is seen at once. Nothing of it is kept."
    ),
]
SecondsOption = Annotated[
    float | None,
    typer.Option("--seconds", metavar="N", min=0.1, help="Hang up after so many seconds."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(call)
    app.command(rich_help_panel=PANEL)(listen)


def call(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
    voice: Annotated[bool, typer.Option("--voice", help="Call without picture.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
    text: TextOption = False,
    leave_no_trace: Annotated[
        bool,
        typer.Option(
            "--leave-no-trace",
            help="If nobody answers, send no missed call afterwards. It rings all the same.",
        ),
    ] = False,
    confidential: Annotated[
        bool,
        typer.Option(
            "--confidential",
            help="Only if the contact is verified; through a relay, and nothing of it is kept.",
        ),
    ] = False,
) -> int:
    """Call a contact: with picture, or --voice."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        to = await client.find_contact(contact)
        if confidential and not to.verified:
            raise AuthorizationError(Code.NOT_VERIFIED, "CK-371: asked before a camera opens")
        return await _place(
            context,
            client,
            to,
            not voice,
            media,
            seconds,
            text=text,
            leave_no_trace=leave_no_trace,
            confidential=confidential,
        )

    return context.run_with_client(use)


async def _place(
    context: Context,
    client: Client,
    to: Any,
    picture: bool,
    media: Path | None,
    seconds: float | None,
    *,
    text: bool,
    leave_no_trace: bool,
    confidential: bool,
) -> dict[str, Any]:
    from visavis.cli.playing import Screen, open_source
    from visavis.cli.talk import ending, failed, talk, unless

    out = context.out
    source = await open_source(media, picture=picture, say=out.say)
    screen = Screen(to.name, picture=picture, quiet=out.as_json, in_terminal=not text)
    started = time.monotonic()
    ongoing = await client.call(
        to,
        media="video" if picture else "voice",
        source=source,
        sink=screen,
        leave_no_trace=leave_no_trace,
        confidential=confidential,
    )
    out.say(f"Calling {plain(to.name)}. Ctrl-C stops.")
    rang: list[bool] = []

    async def tell_ringing() -> None:
        with contextlib.suppress(VisavisError):  # It ended; the other one says how.
            await ongoing.ringing()
            rang.append(True)
            out.say("It rings there.")

    telling = asyncio.create_task(tell_ringing())

    async def answered() -> bool:
        await ongoing.answered()
        return True

    try:
        with context.stoppable() as stop:
            there = await unless(stop, answered())
    except VisavisError as error:
        raise failed(ongoing, await ongoing.ended(), error) from error
    except asyncio.CancelledError:
        await ongoing.hang_up()
        raise
    finally:
        telling.cancel()
    if not there:
        await ongoing.hang_up()
        reason = await ongoing.ended()
        out.show(ending(reason))
        stopped = {"ok": False, "code": "stopped", "contact": to.name, "reason": reason}
        return {**stopped, "rang": bool(rang)}
    answer_ms = round((time.monotonic() - started) * 1000)
    result = await talk(context, ongoing, screen, seconds=seconds, text=text)
    return {**result, "answer_ms": answer_ms, "rang": bool(rang)}


def listen(
    ctx: typer.Context,
    auto_accept: Annotated[
        bool, typer.Option("--auto-accept", help="Accept every call: for tests and bots.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop after one call.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
    text: TextOption = False,
) -> int:
    """Wait for calls and messages until Ctrl-C."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.playing import can_speak
        from visavis.cli.talk import unless

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
            ringing = client.incoming()

            async def next_call() -> IncomingCall:
                return await anext(ringing)

            try:
                with context.stoppable() as stop:
                    out.say(f"[bold]{client.handle}[/] can be called now. Ctrl-C ends it.")
                    while (incoming := await unless(stop, next_call())) is not None:
                        calls.append(
                            await _answer(context, incoming, auto_accept, media, seconds, text=text)
                        )
                        if once:
                            break
            finally:
                messages.cancel()
                await asyncio.gather(messages, return_exceptions=True)
            return {"calls": calls, "ok": not once or any(c["ok"] for c in calls)}

        return await context.with_client(use, reads_messages=True)

    return context.run(work)


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
) -> dict[str, Any]:
    """Ring, and talk if the person wants to; a failed call never ends the listening."""
    from visavis.cli.playing import Screen, open_source
    from visavis.cli.talk import ending, talk

    out, name = context.out, ringing.contact_name
    what = "with picture" if ringing.media == "video" else "voice only"
    out.bell()
    how = ", confidentially: nothing of it is noted here or there" if ringing.confidential else ""
    out.say(f"[bold]{plain(name)}[/] is calling, {what}{how}.")
    choice = "v" if auto_accept else await _ask(context, ringing)
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
        result = await talk(context, ongoing, screen, seconds=seconds, text=text)
    except VisavisError as error:
        out.say(f"[bold red]{plain(error.describe())}[/]")
        return {**unanswered, "code": str(error.code), "reason": EndReason.FAILED.value}
    return {**result, "answered": True}


async def _ask(context: Context, ringing: IncomingCall) -> str:
    """Return "v", "a" or "d" as the person chose, "" when it stopped ringing."""
    from visavis.cli.talk import unless

    if not ask.interactive():
        context.out.say(
            "There is no terminal to ask in, so it rings on. --auto-accept is for bots."
        )
        return ""
    if ringing.media == "video":
        known = "vad"
        context.out.say("Press v to accept with picture, a for voice only, d to decline.")
    else:
        known = "ad"
        context.out.say("Press a to accept, d to decline.")
    over = asyncio.Event()

    async def watch() -> None:
        await ringing.ended()
        over.set()

    watching = asyncio.create_task(watch())
    try:
        return await unless(over, ask.key(known)) or ""
    finally:
        watching.cancel()
