"""`visavis group invite|invites|accept|decline`: contacts asked into a group, and our answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.threads import GroupArgument, find_group, require_in
from visavis.cli.told import MistakeError
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.client_groups import GroupInvitation

ContactsArgument = Annotated[
    list[str] | None, typer.Argument(help="Contacts to ask in, by name or its beginning.")
]
InviterOption = Annotated[
    str | None, typer.Option("--by", metavar="CONTACT", help="Who asked, if several did.")
]


def register(group: typer.Typer) -> None:
    """Add these commands to those of groups."""
    group.command("invite")(invite)
    group.command("invites")(invites)
    group.command("accept")(accept)
    group.command("decline")(decline)


def invite(ctx: typer.Context, group: GroupArgument, contacts: ContactsArgument = None) -> int:
    """Ask contacts into a group. They are in it once they say yes, within a week."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        one = require_in(await find_group(client, group))
        who = [await client.find_contact(name) for name in contacts or ()]
        if not who:
            raise MistakeError("Say whom to ask. Nobody was asked.")
        for contact in who:
            try:
                await client.invite_to_group(one, contact)
            except UsageError:
                raise MistakeError(f"{plain(contact.name)} is in this group already.") from None
        sent = await synced(client, context.out)
        show_asked(context, [contact.name for contact in who], sent=sent)
        return {"group": one.name, "asked": [contact.name for contact in who], "sent": sent}

    return context.run_with_client(use)


def invites(ctx: typer.Context) -> int:
    """List the groups you were asked into."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        found = await client.group_invitations()
        for one in found:
            people = "1 person" if one.members == 1 else f"{one.members} people"
            context.out.show(
                f"{plain(one.inviter)} asks you into the group {plain(one.name)} ({people})."
            )
        if found:
            context.out.say(
                "visavis group accept NAME says yes: everybody in the group then sees that you "
                "are in it. visavis group decline NAME forgets it, and tells nobody."
            )
        else:
            context.out.show("Nobody has asked you into a group.")
        shown = [{"group": o.name, "by": o.inviter, "people": o.members} for o in found]
        return {"invites": shown, "fresh": fresh}

    return context.run_with_client(use, expected={NoticeKind.GROUP_INVITED})


async def _invitation(client: Client, name: str, by: str | None) -> GroupInvitation:
    found = [
        one
        for one in await client.group_invitations()
        if one.name.startswith(name) and (by is None or one.inviter.startswith(by))
    ]
    exact = [one for one in found if one.name == name]
    if len(exact or found) != 1:
        raise MistakeError(
            f"You were not asked into a group {plain(name)}, or by more than one: "
            "visavis group invites lists who asked; --by CONTACT says whom you mean."
        )
    return (exact or found)[0]


def accept(ctx: typer.Context, group: GroupArgument, by: InviterOption = None) -> int:
    """Say yes to an invite. You are in the group once whoever asked is there to let you in."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        one = await _invitation(client, group, by)
        try:
            await client.accept_group(one)
        except AuthorizationError as error:
            if error.code is not Code.EXPIRED:
                raise
            raise MistakeError("This invite is a week old. Ask for another.") from None
        sent = await synced(client, context.out)
        inside = [g for g in await client.groups() if g.group == one.asked.group]
        is_in = any(g.state == "member" for g in inside)
        if is_in:
            context.out.show(f"You are in the group {plain(one.name)}.")
        else:
            context.out.show(
                f"You said yes. {plain(one.inviter)}'s device lets you into {plain(one.name)} "
                "when it is on."
            )
        return {"group": one.name, "by": one.inviter, "member": is_in, "sent": sent}

    return context.run_with_client(use, expected={NoticeKind.GROUP_INVITED})


def decline(ctx: typer.Context, group: GroupArgument, by: InviterOption = None) -> int:
    """Forget an invite. Whoever asked is told nothing."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        one = await _invitation(client, group, by)
        await client.decline_group(one)
        context.out.show(f"Forgotten. {plain(one.inviter)} is told nothing.")
        return {"group": one.name, "by": one.inviter}

    return context.run_with_client(use, expected={NoticeKind.GROUP_INVITED})


def show_asked(context: Context, names: list[str], *, sent: bool) -> None:
    """Show who was asked, and whether they hear of it now."""
    if names:
        they = ", ".join(plain(name) for name in names)
        context.out.show(f"Asked: {they}. Whoever says yes within a week is let in by this device.")
    if not sent:
        context.out.say("It goes out when you run visavis next.")
