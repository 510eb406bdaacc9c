"""`visavis call` and `visavis listen`: the main job."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context
from visavis.cli.output import plain

if TYPE_CHECKING:
    from visavis.media.interfaces import MediaSink, MediaSource
    from visavis.sdk.calls import Call, IncomingCall
    from visavis.sdk.client import Client

MediaOption = Annotated[
    Path | None,
    typer.Option("--media", help="Play this file instead of using camera and microphone."),
]
SecondsOption = Annotated[
    float | None, typer.Option("--seconds", min=0.1, help="Hang up after so many seconds.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(call)
    app.command()(listen)


def call(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
    voice: Annotated[bool, typer.Option("--voice", help="Without picture.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
) -> int:
    """Call a contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            to = await client.find_contact(contact)
            kind = "voice" if voice else "video"
            source, sink = _devices(context, media, picture=not voice)
            started = time.monotonic()
            ongoing = await client.call(to, media=kind, source=source, sink=sink)
            context.out.say(f"Ringing {plain(to.name)}... (Ctrl-C to stop)")
            try:
                await ongoing.answered()
            except asyncio.CancelledError:
                await ongoing.hang_up()
                raise
            answered = time.monotonic()
            result = await _talk(context, ongoing, to.name, seconds)
            return {**result, "answer_ms": round((answered - started) * 1000)}

        return await context.with_client(use)

    return context.run(work)


def listen(
    ctx: typer.Context,
    auto_accept: Annotated[
        bool, typer.Option("--auto-accept", help="Accept every call: for tests and bots.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop after one call.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
) -> int:
    """Wait for calls and messages."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            context.out.say(f"{client.handle} can be called now. (Ctrl-C to stop)")
            messages = asyncio.create_task(_print_messages(context, client))
            calls: list[dict[str, Any]] = []
            try:
                async for ringing in client.incoming():
                    result = await _answer(
                        context, ringing, auto_accept=auto_accept, media=media, seconds=seconds
                    )
                    calls.append(result)
                    if once:
                        break
            finally:
                messages.cancel()
                await asyncio.gather(messages, return_exceptions=True)
            return {"calls": calls}

        return await context.with_client(use)

    return context.run(work)


async def _print_messages(context: Context, client: Client) -> None:
    async for message in client.messages():
        if not message.outgoing:
            context.out.say(f"[bold]{plain(message.contact_name)}[/]  {plain(message.text)}")


async def _answer(
    context: Context,
    ringing: IncomingCall,
    *,
    auto_accept: bool,
    media: Path | None,
    seconds: float | None,
) -> dict[str, Any]:
    name = ringing.contact_name
    context.out.say(f"\a[bold]{plain(name)}[/] is calling ({ringing.media}).")
    choice = "v" if auto_accept else await _ask(context, ringing)
    if choice is None:
        context.out.say("It stopped ringing.")
        return {"contact": name, "answered": False}
    if choice == "d":
        await ringing.decline()
        context.out.say("Declined. They see no answer, nothing else.")
        return {"contact": name, "answered": False}
    picture = ringing.media == "video" and choice == "v"
    source, sink = _devices(context, media, picture=picture)
    ongoing = await ringing.accept(media="video" if picture else "voice", source=source, sink=sink)
    return {**await _talk(context, ongoing, name, seconds), "answered": True}


async def _ask(context: Context, ringing: IncomingCall) -> str | None:
    """Return "v", "a" or "d" as the person chose, None when it stopped ringing."""
    if not sys.stdin.isatty():
        context.out.say("No terminal to ask in: let it ring. Use --auto-accept for bots.")
        await ringing.ended()
        return None
    choices = "[v] accept with picture, [a] voice only, [d] decline"
    context.out.say(choices if ringing.media == "video" else "[a] accept, [d] decline")
    typed = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    stopped = asyncio.create_task(ringing.ended())
    try:
        await asyncio.wait({typed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not typed.done():
            return None
        letter = typed.result().strip().lower()[:1]
        return letter if letter in {"v", "a", "d"} else "d"
    finally:
        stopped.cancel()


def _devices(
    context: Context, media: Path | None, *, picture: bool
) -> tuple[MediaSource, MediaSink]:
    """Choose what the other person sees and hears, and where theirs goes.

    Raises:
        UnavailableError: NO_DEVICE: no camera or microphone, and no --media.
    """
    from visavis.media import devices

    if media is not None:
        return devices.file_source(media, picture=picture), devices.best_sink(
            picture=picture, quiet=context.out.as_json
        )
    return devices.live_source(picture=picture), devices.best_sink(
        picture=picture, quiet=context.out.as_json
    )


async def _talk(
    context: Context, ongoing: Call, name: str, seconds: float | None
) -> dict[str, Any]:
    """Stay in the call until either side hangs up, and report what was measured."""
    out = context.out
    ended = asyncio.create_task(ongoing.ended())
    try:
        await ongoing.connected()
        words = await ongoing.sas()
        out.say(
            f"Talking with [bold]{plain(name)}[/], end-to-end encrypted ({ongoing.suite}), "
            f"{ongoing.path}.\nRead these words to each other: [bold]{words}[/]"
        )
        await asyncio.wait({ended}, timeout=seconds)
        stats = ongoing.stats()
        sas = words
    except asyncio.CancelledError:
        await ongoing.hang_up()
        raise
    finally:
        if not ended.done():
            await ongoing.hang_up()
            await ended
    out.show(f"The call with {plain(name)} has ended. Its keys are destroyed.")
    measured = {key: value for key, value in asdict(stats).items() if key != "audio_packet_sizes"}
    return {
        **measured,
        "ok": stats.frames_decoded > 0 or stats.audio_decoded_s > 0,
        "contact": name,
        "reason": ended.result(),
        "suite": ongoing.suite,
        "sas": sas,
        "audio_packet_sizes": len(stats.audio_packet_sizes),
    }
