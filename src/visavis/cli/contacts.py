"""`visavis invite`, `accept`, `contacts`, `message`, `messages`, `safety-number`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context
from visavis.cli.output import plain
from visavis.cli.qr import print_qr

if TYPE_CHECKING:
    from visavis.sdk.client import Client


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(invite)
    app.command()(accept)
    app.command()(contacts)
    app.command()(message)
    app.command()(messages)
    app.command("safety-number")(safety_number)


def invite(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=7, help="How long the link is good.")] = 7,
    many: Annotated[
        bool, typer.Option("--many", help="More than one person may use it; you confirm each.")
    ] = False,
    qr: Annotated[bool, typer.Option(help="Also show it as a QR code.")] = True,
) -> int:
    """Make a link that lets one person become your contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            link = await client.create_invite(single_use=not many, days=days)
            if qr and not context.out.as_json:
                print_qr(link, context.out)
            context.out.show(link)
            context.out.say(
                f"Give this to one person, by a way you trust. Good for {days} days. They run:\n"
                "  visavis accept 'LINK'"
            )
            return {"link": link, "days": days, "single_use": not many}

        return await context.with_client(use)

    return context.run(work)


def accept(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The invite link.")],
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for the other side.")
    ] = 20.0,
) -> int:
    """Use an invite link: ask to become a contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            with context.out.working("Sending your request"):
                contact = await client.accept_invite(link, wait_s=wait_s)
            if contact is None:
                context.out.show(
                    "Your request is stored for them. They become your contact when they next run "
                    "visavis (any command)."
                )
                return {"accepted": False, "contact": None}
            context.out.show(f"[bold]{plain(contact.name)}[/] is now your contact.")
            context.out.show(f"Next: visavis message {plain(contact.name)} 'Hello'")
            return {"accepted": True, "contact": contact.name}

        return await context.with_client(use)

    return context.run(work)


def contacts(ctx: typer.Context) -> int:
    """List your contacts, after reading what has arrived."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            with context.out.working("Reading what has arrived"):
                await client.sync()
            found = await client.contacts()
            if not found:
                context.out.show("No contacts yet. visavis invite makes a link for somebody.")
            else:
                context.out.table(
                    "",
                    ("name", "state", "devices"),
                    [(c.name, c.state, str(c.devices)) for c in found],
                )
            return {
                "contacts": [
                    {"name": c.name, "state": c.state, "devices": c.devices} for c in found
                ]
            }

        return await context.with_client(use)

    return context.run(work)


def message(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
    text: Annotated[str, typer.Argument(help="What to write.")],
) -> int:
    """Write a message to a contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            to = await client.find_contact(contact)
            await client.send_message(to, text)
            context.out.show(f"Sent to {plain(to.name)}, end-to-end encrypted.")
            return {"to": to.name}

        return await context.with_client(use)

    return context.run(work)


def messages(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
) -> int:
    """Show the conversation with a contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            who = await client.find_contact(contact)
            entries = await client.history(who)
            for entry in entries:
                when = dt.datetime.fromtimestamp(entry.at).astimezone()
                side = "you" if entry.outgoing else plain(who.name)
                context.out.show(f"[dim]{when:%d %b %H:%M}[/] [bold]{side}[/]  {plain(entry.text)}")
            if not entries:
                context.out.show(f"Nothing written between you and {plain(who.name)} yet.")
            return {
                "contact": who.name,
                "messages": [{"at": e.at, "outgoing": e.outgoing, "text": e.text} for e in entries],
            }

        return await context.with_client(use)

    return context.run(work)


def safety_number(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
) -> int:
    """Show the number that proves nobody stands between you and a contact."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        async def use(client: Client) -> dict[str, Any]:
            await client.sync()
            who = await client.find_contact(contact)
            number = await client.safety_number(who)
            groups = number.split()
            for start in range(0, len(groups), 4):
                context.out.show("  " + "  ".join(groups[start : start + 4]))
            context.out.say(
                f"If {plain(who.name)} sees the same number, nobody stands between you. "
                "Compare it in person, or on a call where you know the voice."
            )
            return {"contact": who.name, "safety_number": number}

        return await context.with_client(use)

    return context.run(work)
