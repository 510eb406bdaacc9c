"""`visavis contacts`, `contact add|keep|forget`, `safety-number`, `message`, `messages`.

The rest of `visavis contact` is in `rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask, by_handle, files, rules
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.qr import print_qr
from visavis.cli.spans import show_time
from visavis.cli.threads import ThreadArgument, find_thread
from visavis.cli.told import MistakeError, decide
from visavis.core.errors import Code, PeerError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client

PANEL: Final = "Talk"
CHANGED: Final = "identity changed"
"""`Known.state` of a contact about whom the person has to decide."""

ContactArgument = Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(contacts)
    app.command(rich_help_panel=PANEL)(message)
    app.command(rich_help_panel=PANEL)(messages)
    app.command("safety-number", rich_help_panel=PANEL)(safety_number)
    group = typer.Typer(
        help="Add a contact by name, say what it may do, block it, or forget it.",
        no_args_is_help=True,
    )
    group.command("add")(by_handle.add)
    group.command("keep")(keep)
    group.command("forget")(forget)
    rules.register(group)
    app.add_typer(group, name="contact", rich_help_panel=PANEL)


def contacts(ctx: typer.Context) -> int:
    """List your contacts, after reading what has arrived."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        with context.out.working("Reading what has arrived"):
            fresh = await synced(client, context.out)
        found = await client.contacts()
        if found:
            context.out.table(
                "",
                ("name", "state", "devices", ""),
                [
                    (c.name, c.state, str(c.devices), "verified" if c.verified else "")
                    for c in found
                ],
            )
        else:
            context.out.show("No contacts yet. visavis invite makes a link for somebody.")
        return {
            "fresh": fresh,
            "contacts": [
                {
                    "name": c.name,
                    "state": c.state,
                    "devices": c.devices,
                    "verified": c.verified,
                }
                for c in found
            ],
        }

    return context.run_with_client(use)


def message(
    ctx: typer.Context,
    contact: ThreadArgument,
    text: Annotated[str, typer.Argument(help="What to write, between single quotes.")],
) -> int:
    """Write a message to a contact, or to a group."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        if not text.strip():
            raise MistakeError("There is nothing in this message. Nothing was sent.")
        there = await synced(client, context.out)
        to = await find_thread(client, contact)
        await to.send(text)
        sent = there and await synced(client, context.out)
        if sent:
            context.out.show(f"Sent to {plain(to.name)}, end-to-end encrypted.")
        else:
            context.out.show("Your message is kept here and goes out when you run visavis next.")
        return {"to": to.name, "sent": sent}

    return context.run_with_client(use)


def messages(ctx: typer.Context, contact: ThreadArgument) -> int:
    """Show the conversation with a contact or of a group, after reading what has arrived."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        who = await find_thread(client, contact)
        entries = await who.entries()
        numbers = files.numbers_of(entries)
        for entry in entries:
            when = show_time(entry.at, "%d %b %H:%M")
            side = "you" if entry.outgoing else plain(who.author(entry))
            what = files.line(entry, numbers) if entry.file else plain(entry.text)
            context.out.show(f"[dim]{when}[/] [bold]{side}[/]  {what}")
        if not entries:
            between = "in" if who.group else "between you and"
            context.out.show(f"Nothing was written {between} {plain(who.name)} yet.")
        return {
            "group" if who.group else "contact": who.name,
            "fresh": fresh,
            "messages": [
                {"at": e.at, "outgoing": e.outgoing, "kind": e.kind.value, "text": e.text}
                | files.described(e, numbers)
                | ({"by": who.author(e)} if who.group else {})
                for e in entries
            ],
        }

    return context.run_with_client(use, reads_messages=True)


def safety_number(
    ctx: typer.Context,
    contact: ContactArgument,
    qr: Annotated[bool, typer.Option("--qr", help="Also as a QR code, for their camera.")] = False,
    scanned: Annotated[
        str | None,
        typer.Option("--scanned", help="What the QR code on their screen says: compare it."),
    ] = None,
) -> int:
    """Show the number that proves nobody stands between you and a contact."""
    context: Context = ctx.obj
    if scanned is not None:
        return _compare(context, contact, scanned)

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        who = await client.find_contact(contact)
        number = await client.safety_number(who)
        groups = number.split()
        for start in range(0, len(groups), 4):
            context.out.show("  " + "  ".join(groups[start : start + 4]))
        text = await client.safety_text(who) if qr else ""
        if qr:
            print_qr(text, context.out)
            context.out.show(text)
        name = plain(who.name)
        context.out.say(
            f"{name} runs the same command. If both numbers are the same, nobody stands between"
            " you.\nCompare them in person, or on a call where you know face or voice."
        )
        if who.state == CHANGED:
            context.out.say(f"Somebody spoke for {name} with another key. What to do:")
            context.out.say(decide(name))
        told = {"contact": who.name, "safety_number": number, "fresh": fresh}
        return {**told, "text": text} if qr else told

    return context.run_with_client(use)


def _compare(context: Context, contact: str, scanned: str) -> int:
    """Compare what a contact's QR code says, and mark them as verified if it is the same."""

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await client.find_contact(contact)
        try:
            await client.verify_by_text(who, scanned)
        except PeerError as error:
            raise _not_the_same(error, plain(who.name)) from error
        await synced(client, context.out)
        context.out.show(f"The codes match: {plain(who.name)} is verified.")
        return {"contact": who.name, "verified": True}

    return context.run_with_client(use)


def _not_the_same(error: PeerError, name: str) -> Exception:
    if error.code is not Code.IDENTITY_CHANGED:
        return MistakeError(
            "This is not what the QR code of a safety number says. Nothing was changed."
        )
    return MistakeError(
        f"The codes do NOT match. Somebody stands between you and {name}, or this is somebody "
        "else's code. Nothing was changed. Say nothing secret here; compare once more in person."
    )


def keep(ctx: typer.Context, contact: ContactArgument) -> int:
    """Go on with the security key you know, after comparing safety numbers."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        who = await client.find_contact(contact)
        await client.keep_identity(who)
        context.out.show(f"Going on with the key you know of {plain(who.name)}.")
        return {"contact": who.name}

    return context.run_with_client(use, expected={NoticeKind.IDENTITY_CHANGED})


def forget(
    ctx: typer.Context,
    contact: ContactArgument,
    yes: ask.YesOption = False,
) -> int:
    """Remove a contact: its keys go, and what it sends is refused."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        who = await client.find_contact(contact)
        name = plain(who.name)
        if not yes and not ask.interactive():
            raise MistakeError("Say --yes to remove a contact without being asked.")
        if not yes:
            context.out.say(f"Remove {name}? Only a new invite brings them back. (yes/no)")
            if not await ask.yes():
                context.out.show("Nothing was changed.")
                return {"ok": False, "contact": who.name}
        await client.forget_contact(who)
        await synced(client)
        context.out.show(f"{name} is no longer your contact.")
        if who.state == CHANGED:
            context.out.say("Next: visavis invite makes a link for them; hand it over yourself.")
        return {"contact": who.name}

    return context.run_with_client(use, expected={NoticeKind.IDENTITY_CHANGED})
