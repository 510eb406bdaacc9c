"""`visavis link`, `links`, `join`: calls that people without an account come into as guests."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import group_call
from visavis.cli.calls import PANEL, MediaOption, SecondsOption
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.qr import print_qr
from visavis.cli.threads import find_thread, require_in
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, VisavisError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.client_links import ShownLink
    from visavis.sdk.guest import GuestCall

STATES: Final = {
    "nobody": "Nobody is here yet. You are heard as soon as the host is in the call.",
    "waiting": "The host has been asked whether to let you in.",
    "coming": "You are let in.",
}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(link)
    group = typer.Typer(
        help="See your call links that are good, or withdraw one.", invoke_without_command=True
    )
    group.callback()(links)
    group.command("list")(list_links)
    group.command("withdraw")(withdraw)
    app.add_typer(group, name="links", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL)(join)


def link(
    ctx: typer.Context,
    group: Annotated[
        str | None,
        typer.Argument(help="Whose call guests come into; without it, one with nobody else in it."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="It ends with the first guest you let in.")
    ] = False,
    hours: Annotated[
        int, typer.Option(metavar="N", min=1, max=720, help="For how many hours it is good.")
    ] = 24,
    qr: Annotated[bool, typer.Option(help="Whether to show it as a QR code too.")] = True,
) -> int:
    """Make a link by which people without an account come into a call, if you let them in."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        of = None
        if group is not None:
            thread = await find_thread(client, group)
            if thread.group is None:
                raise MistakeError("A call link is of a group. Nothing was made.")
            of = require_in(thread.group)
        made = await client.create_call_link(of, once=once, hours=hours)
        if qr and not context.out.as_json:
            print_qr(made.link, context.out)
        context.out.show_raw(made.link)
        whom = "one guest" if once else "guests"
        context.out.say(f"Good for {hours} hours, for {whom}. They run:")
        context.out.say("  visavis join 'LINK' --name NAME")
        context.out.say("Begin the call here; you are asked about each of them:")
        context.out.say(f"  visavis call '{plain(made.group.name)}'")
        return _row(made)

    return context.run_with_client(use)


def links(ctx: typer.Context) -> int:
    """See your call links that are good, or withdraw one."""
    return list_links(ctx) if ctx.invoked_subcommand is None else 0


def list_links(ctx: typer.Context) -> int:
    """List the call links of this device that are good."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = await client.call_links()
        for number, one in enumerate(found, start=1):
            left = max(1, -(-(one.expires_at - int(time.time())) // 3600))
            whom = "one guest" if one.once else "guests"
            context.out.show(
                f"{number}  into the call of [bold]{plain(one.group.name)}[/], for {whom}, "
                f"good for {left} more hours"
            )
            context.out.show_raw(f"   {one.link}")
        if found:
            context.out.say("Next: visavis links withdraw NUMBER")
        else:
            context.out.show("There is none. visavis link makes one.")
        return {"links": [_row(one) for one in found]}

    return context.run_with_client(use)


def withdraw(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(help="Its number in visavis links, or the link itself.")],
) -> int:
    """Have a link lead nowhere, at once. Guests who are in the call stay in it."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = await client.call_links()
        numbered = {str(number): one for number, one in enumerate(found, start=1)}
        one = numbered.get(which.strip()) or {x.link: x for x in found}.get(which.strip())
        if one is None:
            raise ToldError(
                Code.REFUSED, "There is no such link on this device. visavis links lists them."
            )
        await client.withdraw_call_link(one)
        context.out.show("The link leads nowhere any more.")
        return {"withdrawn": one.link}

    return context.run_with_client(use)


def join(
    ctx: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="LINK", help="The call link, between single quotes.")
    ],
    name: Annotated[
        str, typer.Option("--name", help="What you are called in the call. Nobody verifies it.")
    ],
    voice: Annotated[bool, typer.Option("--voice", help="Come in without picture.")] = False,
    media: MediaOption = None,
    seconds: SecondsOption = None,
) -> int:
    """Come into a call as a guest, without an account. Nothing of it is kept here."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.playing import open_source
        from visavis.core.call_link import CallLink
        from visavis.sdk.guest import Guest

        out = context.out
        try:  # before a camera is on for nothing
            CallLink.from_link(address)
        except VisavisError as error:
            raise _explained(error) from error
        source = await open_source(media, picture=not voice, say=out.say)
        screen = group_call.GroupScreen("Call", picture=True, quiet=out.as_json)
        try:
            call = await Guest.join(address, name, source=source, sink=screen, picture=not voice)
        except VisavisError as error:
            raise _explained(error) from error
        telling = asyncio.create_task(_tell_states(context, call))
        try:
            out.say(f"You ask to come in as {plain(name)}. Ctrl-C stops.")
            out.say(STATES[call.state])
            return await group_call.stay(context, call, screen, "", seconds=seconds)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    return context.run(work)


async def _tell_states(context: Context, call: GuestCall) -> None:
    async for state in call.states():
        if state in STATES:
            context.out.say(STATES[state])


def _explained(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.MISTYPED:
            return ToldError(error.code, "This is no whole call link. Nobody was asked.")
        case Code.EXPIRED:
            return ToldError(error.code, "This link has expired. Ask for a new one.")
        case Code.USAGE:
            return MistakeError("A name is one line of 1 to 64 bytes. Nobody was asked.")
        case _:
            return error


def _row(one: ShownLink) -> dict[str, Any]:
    return {
        "link": one.link,
        "group": one.group.name,
        "expires_at": one.expires_at,
        "single_use": one.once,
    }
