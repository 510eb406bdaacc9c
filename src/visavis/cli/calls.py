"""`visavis call` and `visavis listen`: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import group_call
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.recording_wish import (
    ReceiptOption,
    RecordExportOption,
    RecordingWish,
    RecordOption,
    wish_for,
)
from visavis.cli.threads import ThreadArgument, find_thread, require_in
from visavis.cli.told import MistakeError
from visavis.core.errors import AuthorizationError, Code, VisavisError

if TYPE_CHECKING:
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
MeterOption = Annotated[
    bool,
    typer.Option("--meter", help="Afterwards, show all that others could see of the call."),
]
SecondsOption = Annotated[
    float | None,
    typer.Option("--seconds", metavar="N", min=0.1, help="Hang up after so many seconds."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(call)


def call(
    ctx: typer.Context,
    contact: ThreadArgument,
    voice: Annotated[bool, typer.Option("--voice", help="Call without picture.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
    text: TextOption = False,
    meter: MeterOption = False,
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
    admit_all: Annotated[
        bool,
        typer.Option(
            "--admit-all", help="Let in every guest who has a link of yours: for tests and bots."
        ),
    ] = False,
    record: RecordOption = None,
    record_export: RecordExportOption = None,
    receipt: ReceiptOption = False,
) -> int:
    """Call a contact or a group: with picture, or --voice.

    In a group you come into the call that goes on there, or begin one.
    """
    context: Context = ctx.obj
    wish = wish_for(record, record_export, receipt=receipt)
    if record is not None and confidential:
        raise MistakeError("Nobody records a confidential call. Nobody was called.")
    if receipt and confidential:
        raise MistakeError("Nothing is kept of a confidential call. Nobody was called.")

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        thread = await find_thread(client, contact)
        if thread.group is not None:
            if confidential or leave_no_trace or text or meter:
                raise MistakeError(
                    "In a group there is no --confidential, --leave-no-trace, --text or --meter "
                    "yet. Nobody was called."
                )
            group = require_in(thread.group)
            return await group_call.place(
                context,
                client,
                group,
                picture=not voice,
                media=media,
                seconds=seconds,
                admit_all=admit_all,
                wish=wish,
            )
        if admit_all:
            raise MistakeError("Guests come into calls of groups. Nobody was called.")
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
            meter=meter,
            leave_no_trace=leave_no_trace,
            confidential=confidential,
            wish=wish,
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
    meter: bool,
    leave_no_trace: bool,
    confidential: bool,
    wish: RecordingWish,
) -> dict[str, Any]:
    from visavis.cli.meter_table import show_meter
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
        return {**stopped, "rang": bool(rang), "meter": show_meter(out, ongoing, whole=meter)}
    answer_ms = round((time.monotonic() - started) * 1000)
    result = await talk(
        context, ongoing, screen, seconds=seconds, text=text, meter=meter, wish=wish
    )
    return {**result, "answer_ms": answer_ms, "rang": bool(rang)}
