"""`visavis contact add`, `findable`: asking for somebody by name, and being asked for.

What is said after asking is one text for everybody: a person who takes such requests, one who does
not, and a name that nobody has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.output import plain
from visavis.cli.told import COMPARE, ToldError
from visavis.core.errors import Code, PeerError, VisavisError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client

PANEL: Final = "Talk"


def register(app: typer.Typer) -> None:
    """Add these commands; `contact add` stands with the others of its group."""
    group = typer.Typer(
        help="Say whether strangers who know your whole name may ask to become your contact.",
        invoke_without_command=True,
    )
    group.callback()(findable)
    group.command("on")(on)
    group.command("off")(off)
    app.add_typer(group, name="findable", rich_help_panel=PANEL)


def add(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="Their whole name with its digits, for example anna.48213.")
    ],
    wait_s: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for their answer."),
    ] = 5.0,
) -> int:
    """Ask whoever has exactly this name to become your contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            shown = plain(name)
            if name in [contact.name for contact in await client.contacts()]:
                context.out.show(f"{shown} is your contact already.")
                return {"asked": name, "accepted": True, "contact": name}
            try:
                with context.out.working("Sending your request, with a moment of work"):
                    contact = await client.request_contact(name, wait_s=wait_s)
            except VisavisError as error:
                raise _explained(error) from error
            if contact is None:
                context.out.show(
                    f"If there is a {shown} who lets people ask, your request waits there for "
                    "their yes. Nobody is told\nwhether there is one. If they agree, yours shows "
                    "them: visavis contacts"
                )
                return {"asked": name, "accepted": False, "contact": None}
            told = plain(contact.name)
            context.out.show(f"[bold]{told}[/] is now your contact.")
            context.out.show(COMPARE)
            context.out.show(f"Next: visavis safety-number {told}")
            return {"asked": name, "accepted": True, "contact": contact.name}

        expected = {NoticeKind.CONTACT_BY_HANDLE}
        return await context.with_client(use, expected=expected)

    return context.run(work)


def _explained(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.MISTYPED:
            sentence = (
                "This is no whole name: it has small letters, a dot and five digits, for example "
                "anna.48213. Nothing was sent."
            )
        case Code.UNEXPECTED if isinstance(error, PeerError):
            sentence = "This is your own name: give it to somebody else. Nothing was sent."
        case Code.UNAVAILABLE:
            sentence = "The server cannot be reached. Nothing was sent; try again later."
        case _:
            return error
    return ToldError(error.code, sentence)


def findable(ctx: typer.Context) -> int:
    """Say whether strangers who know your whole name may ask to become your contact."""
    return _status(ctx) if ctx.invoked_subcommand is None else 0


def _status(ctx: typer.Context) -> int:
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        here = await client.findable()
        if here:
            _say_on(context, client)
        else:
            context.out.show(
                "No requests by name come to this device. To let them: visavis findable on"
            )
        return {"findable": here, "handle": client.handle}

    return context.run_with_client(use)


def on(ctx: typer.Context) -> int:
    """Let whoever knows your whole name ask to become your contact, on this device."""
    return _set(ctx, wanted=True)


def off(ctx: typer.Context) -> int:
    """Let nobody ask by name, as it is from the start."""
    return _set(ctx, wanted=False)


def _set(ctx: typer.Context, *, wanted: bool) -> int:
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await client.set_findable(wanted)
        if wanted:
            _say_on(context, client)
        else:
            context.out.show(
                "Nobody can ask for you by name. Your invite links and contacts stay as they are."
            )
        return {"findable": wanted, "handle": client.handle}

    return context.run_with_client(use)


def _say_on(context: Context, client: Client) -> None:
    context.out.show(
        f"Whoever knows your whole name, [bold]{plain(client.handle)}[/], can ask to become your "
        "contact.\nRequests come to this device only, and wait until you answer: visavis requests"
    )
