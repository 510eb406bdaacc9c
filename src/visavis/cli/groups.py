"""`visavis group ...`: groups of people, begun, listed and shown.

Who is asked in, and what is answered: `group_invites`. What is changed in a group: `group_changes`.
What is said in one: `visavis message`, `messages`, `send-file` and `save` take its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import group_changes, group_invites
from visavis.cli.context import Context, synced
from visavis.cli.group_changes import NAME_HELP
from visavis.cli.group_invites import ContactsArgument, show_asked
from visavis.cli.output import plain
from visavis.cli.threads import GroupArgument, find_group, require_in
from visavis.cli.told import MistakeError
from visavis.core.errors import UsageError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.group_actions import Member

PANEL: Final = "Talk"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Groups of people: begin one, ask people in, name it, leave it.",
        no_args_is_help=True,
    )
    group.command("create")(create)
    group.command("list")(list_groups)
    group.command("show")(show)
    group_invites.register(group)
    group_changes.register(group)
    app.add_typer(group, name="group", rich_help_panel=PANEL)


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    contacts: ContactsArgument = None,
) -> int:
    """Begin a group, and ask contacts into it. They are in it once they say yes."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = [await client.find_contact(one) for one in contacts or ()]
        try:
            made = await client.create_group(name)
        except UsageError:
            raise MistakeError(f"{NAME_HELP} Nothing was made.") from None
        for contact in who:
            await client.invite_to_group(made, contact)
        sent = await synced(client, context.out)
        context.out.show(f"You have begun the group {plain(made.name)}.")
        show_asked(context, [contact.name for contact in who], sent=sent)
        return {"group": made.name, "asked": [contact.name for contact in who], "sent": sent}

    return context.run_with_client(use)


def list_groups(ctx: typer.Context) -> int:
    """List your groups."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        found = await client.groups()
        words = {"member": "", "left": "you left", "removed": "you were removed"}
        if found:
            rows = [(one.name, str(len(one.members) or ""), words[one.state]) for one in found]
            context.out.table("", ("name", "people", ""), rows)
        else:
            context.out.show("No groups yet. visavis group create NAME begins one.")
        waiting = len(await client.group_invitations())
        if waiting:
            context.out.say(f"{waiting} waiting for your answer. Next: visavis group invites")
        shown = [{"name": o.name, "people": len(o.members), "state": o.state} for o in found]
        return {"groups": shown, "invites": waiting, "fresh": fresh}

    return context.run_with_client(use)


def show(ctx: typer.Context, group: GroupArgument) -> int:
    """Show who is in a group, who may remove others, and whom you asked."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        one = require_in(await find_group(client, group))
        rows = [(member.name, _word(member), str(member.devices)) for member in one.members]
        context.out.table(one.name, ("name", "", "devices"), rows)
        if one.picture is not None:
            context.out.show("It has a picture: visavis group picture NAME --save FILE")
        for name in one.invited:
            context.out.show(f"{plain(name)} was asked and has not said yes.")
        if any(not (member.contact or member.own) for member in one.members):
            context.out.say(
                "Who is no contact of yours is shown by the name they gave; nobody verified it."
            )
        return {
            "group": one.name,
            "members": [
                {
                    "name": member.name,
                    "contact": member.contact,
                    "keeper": member.keeper,
                    "devices": member.devices,
                    "own": member.own,
                }
                for member in one.members
            ],
            "asked": list(one.invited),
            "picture": one.picture is not None,
            "fresh": fresh,
        }

    return context.run_with_client(use)


def _word(member: Member) -> str:
    words = ["you"] if member.own else [] if member.contact else ["not a contact"]
    return ", ".join([*words, *(["keeper"] if member.keeper else [])])
