"""`visavis invite`, `accept`, `requests`: how two people become contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.qr import print_qr
from visavis.cli.told import COMPARE, ToldError
from visavis.core.errors import Code, VisavisError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.contact_records import Waiting

PANEL: Final = "Talk"
NameArgument = Annotated[str, typer.Argument(help="The name as shown, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(invite)
    app.command(rich_help_panel=PANEL)(accept)
    group = typer.Typer(
        help="See who asks to become your contact; approve or decline.",
        invoke_without_command=True,
    )
    group.callback()(requests)
    group.command("list")(list_requests)
    group.command("approve")(approve)
    group.command("decline")(decline)
    app.add_typer(group, name="requests", rich_help_panel=PANEL)


def invite(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=7, help="For how many days it is good.")
    ] = 7,
    many: Annotated[
        bool,
        typer.Option("--many", help="Several people may use it; you approve each of them."),
    ] = False,
    qr: Annotated[bool, typer.Option(help="Whether to show it as a QR code too.")] = True,
) -> int:
    """Make a link by which somebody becomes your contact."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        link = await client.create_invite(single_use=not many, days=days)
        if qr and not context.out.as_json:
            print_qr(link, context.out)
        context.out.show_raw(link)
        whom = "the people you want to hear from" if many else "one person, by a way you trust"
        context.out.say(f"Good for {days} days. Give it to {whom}. They run:")
        context.out.say("  visavis accept 'LINK'")
        if many:
            context.out.say("Then approve each of them with: visavis requests")
        return {"link": link, "days": days, "single_use": not many}

    return context.run_with_client(use)


def accept(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The invite link, between single quotes.")],
    wait_s: Annotated[
        float,
        typer.Option(
            "--wait", metavar="SECONDS", min=0, help="How long to wait for the other side."
        ),
    ] = 5.0,
) -> int:
    """Use an invite link: ask its maker to become your contact."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        try:
            with context.out.working("Sending your request"):
                contact = await client.accept_invite(link, wait_s=wait_s)
        except VisavisError as error:
            raise _explained(error) from error
        if contact is None:
            context.out.show(
                "Your request is with the server. They become your contact when they run "
                "visavis next\n(any command); then yours shows them: visavis contacts"
            )
            return {"accepted": False, "contact": None}
        name = plain(contact.name)
        context.out.show(f"[bold]{name}[/] is now your contact.")
        context.out.show(f"Next: visavis message {name} 'Hello' or visavis call {name}")
        return {"accepted": True, "contact": contact.name}

    return context.run_with_client(use, expected={NoticeKind.CONTACT_ADDED})


def _explained(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.REFUSED:
            sentence = (
                "This invite was used, withdrawn or has expired, or is of another server than your "
                "account. Nothing was sent. Ask for a new one."
            )
        case Code.EXPIRED:
            sentence = "This invite has expired. Nothing was sent. Ask for a new one."
        case Code.UNEXPECTED:
            sentence = "This is an invite of your own: give it to somebody else."
        case Code.UNAVAILABLE:
            sentence = (
                "The server cannot be reached. Your request is kept here and goes out when you run "
                "visavis next."
            )
        case _:
            return error
    return ToldError(error.code, sentence)


def requests(ctx: typer.Context) -> int:
    """See who asks to become your contact; approve or decline."""
    return list_requests(ctx) if ctx.invoked_subcommand is None else 0


def list_requests(ctx: typer.Context) -> int:
    """List who asks to become your contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.core.contact import MAX_WAITING

        async def use(client: Client) -> dict[str, Any]:
            await synced(client)
            waiting = await client.requests()
            for one in waiting:
                way = ", by your name" if one.by_handle else ""
                context.out.show(f"[bold]{plain(one.name)}[/] asks to become your contact{way}.")
                if one.was:
                    context.out.show(
                        f"  They have the key of {plain(one.was)}, your contact before you moved."
                    )
            if any(one.by_handle for one in waiting):
                context.out.say(
                    "Whoever asks by name chose what they are called here. Approve those you "
                    "expect."
                )
            if len(waiting) >= MAX_WAITING:
                context.out.say("No more are kept until you have answered some of these.")
            if waiting:
                name = plain(waiting[0].name)
                context.out.say(f"Next: visavis requests approve {name}   (or decline)")
            else:
                context.out.show("Nobody is waiting. visavis invite --many makes a link for many.")
            return {
                "requests": [
                    {"name": one.name, "by_name": one.by_handle, "was": one.was} for one in waiting
                ]
            }

        return await context.with_client(use, expected={NoticeKind.REQUEST_WAITING})

    return context.run(work)


def approve(ctx: typer.Context, name: NameArgument) -> int:
    """Let somebody who asks become your contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await synced(client)
            one = await _find(client, name)
            await client.approve_request(one)
            await synced(client)
            context.out.show(f"[bold]{plain(one.name)}[/] is now your contact.")
            if one.by_handle:
                context.out.show(COMPARE)
                context.out.show(f"Next: visavis safety-number {plain(one.name)}")
            return {"contact": one.name}

        expected = {
            NoticeKind.CONTACT_ADDED,
            NoticeKind.CONTACT_BY_HANDLE,
            NoticeKind.REQUEST_WAITING,
        }
        return await context.with_client(use, expected=expected)

    return context.run(work)


def decline(ctx: typer.Context, name: NameArgument) -> int:
    """Drop somebody's request. They are not told."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        one = await _find(client, name)
        await client.decline_request(one)
        context.out.show(f"The request of {plain(one.name)} is dropped. They are not told.")
        return {"declined": one.name}

    return context.run_with_client(use, expected={NoticeKind.REQUEST_WAITING})


async def _find(client: Client, name: str) -> Waiting:
    waiting = await client.requests()
    exact = [one for one in waiting if one.name == name]
    found = exact or [one for one in waiting if one.name.startswith(name)]
    if len(found) != 1:
        raise ToldError(
            Code.UNKNOWN_CONTACT,
            "Nobody of this name asks to become your contact, or more than one does. "
            "visavis requests lists them.",
        )
    return found[0]
