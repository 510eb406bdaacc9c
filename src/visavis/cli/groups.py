"""`visavis group ...`: groups of people, begun, joined, named, shown and left.

What is said in a group: `visavis message`, `messages`, `send-file` and `save` take its name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.context import Context, synced
from visavis.cli.new_file import write_new
from visavis.cli.output import plain
from visavis.cli.threads import find_group, find_member, require_in
from visavis.cli.told import MistakeError
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.client_groups import GroupInvitation
    from visavis.sdk.group_actions import Member, PeopleGroup

PANEL: Final = "Talk"
NAME_HELP: Final = "A name for a group is one line of at most 128 letters."
ONLY_KEEPERS: Final = "Only a keeper of the group may do this. Nothing was changed."
LATER: Final = "The others hear of it when you run visavis next."

GroupArgument = Annotated[str, typer.Argument(help="The group's name, or its beginning.")]
MemberArgument = Annotated[str, typer.Argument(help="The member's name, or its beginning.")]
ContactsArgument = Annotated[
    list[str] | None, typer.Argument(help="Contacts to ask in, by name or its beginning.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Groups of people: begin one, ask people in, name it, leave it.",
        no_args_is_help=True,
    )
    group.command("create")(create)
    group.command("list")(list_groups)
    group.command("show")(show)
    group.command("invite")(invite)
    group.command("invites")(invites)
    group.command("accept")(accept)
    group.command("decline")(decline)
    group.command("rename")(rename)
    group.command("picture")(picture)
    group.command("remove")(remove)
    group.command("keeper")(keeper)
    group.command("leave")(leave)
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
        _asked(context, [contact.name for contact in who], sent=sent)
        return {"group": made.name, "asked": [contact.name for contact in who], "sent": sent}

    return context.run_with_client(use)


def _asked(context: Context, names: list[str], *, sent: bool) -> None:
    if names:
        they = ", ".join(plain(name) for name in names)
        context.out.show(f"Asked: {they}. Whoever says yes within a week is let in by this device.")
    if not sent:
        context.out.say("It goes out when you run visavis next.")


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
        _asked(context, [contact.name for contact in who], sent=sent)
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


InviterOption = Annotated[
    str | None, typer.Option("--by", metavar="CONTACT", help="Who asked, if several did.")
]


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


def _changing(
    context: Context, group: str, change: Callable[[Client, PeopleGroup], Awaitable[dict[str, Any]]]
) -> int:
    """Run a command that changes a group, and say whether the others hear of it."""

    async def use(client: Client) -> dict[str, Any]:
        await synced(client)
        one = require_in(await find_group(client, group))
        try:
            result = await change(client, one)
        except AuthorizationError as error:
            if error.code is not Code.REFUSED:
                raise
            raise MistakeError(ONLY_KEEPERS) from None
        sent = await synced(client, context.out)
        if not sent:
            context.out.say(LATER)
        return {"group": one.name, **result, "sent": sent}

    return context.run_with_client(use)


def rename(
    ctx: typer.Context,
    group: GroupArgument,
    name: Annotated[str, typer.Argument(help="What to call it.")],
) -> int:
    """Call a group otherwise. Everybody in it may, and everybody sees who did."""
    context: Context = ctx.obj

    async def change(client: Client, one: PeopleGroup) -> dict[str, Any]:
        try:
            await client.rename_group(one, name)
        except UsageError:
            raise MistakeError(f"{NAME_HELP} Nothing was changed.") from None
        context.out.show(f"{plain(one.name)} is now called {plain(name)}.")
        return {"name": name}

    return _changing(context, group, change)


def picture(
    ctx: typer.Context,
    group: GroupArgument,
    file: Annotated[
        Path | None, typer.Argument(help="A JPEG, PNG or WebP of at most 48 KiB.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the one it has.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Take its picture away.")] = False,
) -> int:
    """Give a group a picture, take it away, or save it. Places and times are taken out first."""
    context: Context = ctx.obj
    if (file is not None) + (save is not None) + none != 1:
        raise MistakeError("Say one of FILE, --save FILE or --none. Nothing was changed.")

    async def change(client: Client, one: PeopleGroup) -> dict[str, Any]:
        if save is not None:
            if one.picture is None:
                raise MistakeError(f"{plain(one.name)} has no picture.")
            write_new(save, one.picture)
            context.out.show_raw(f"Saved as {save}")
            return {"path": str(save)}
        try:
            await client.set_group_picture(one, file)
        except OSError:
            raise MistakeError("This file cannot be read. Nothing was changed.") from None
        except AuthorizationError as error:
            if error.code is not Code.UNSAFE_FILE:
                raise
            raise MistakeError("This is no JPEG, PNG or WebP. Nothing was changed.") from None
        except PeerError as error:
            if error.code is not Code.TOO_LARGE:
                raise
            raise MistakeError(
                "The picture of a group has at most 48 KiB. Make it smaller; nothing was changed."
            ) from None
        has = "no picture any more" if file is None else "a new picture"
        context.out.show(f"{plain(one.name)} has {has}.")
        return {"picture": file is not None}

    return _changing(context, group, change)


def remove(
    ctx: typer.Context,
    group: GroupArgument,
    member: MemberArgument,
    yes: ask.YesOption = False,
) -> int:
    """Remove somebody from a group. Only a keeper may; what is said then, they cannot read."""
    context: Context = ctx.obj

    async def change(client: Client, one: PeopleGroup) -> dict[str, Any]:
        who = find_member(one, member)
        if who.own:
            raise MistakeError("To go yourself: visavis group leave NAME. Nothing was changed.")
        question = f"Remove {plain(who.name)} from {plain(one.name)}? (yes/no)"
        if not await _agreed(context, question, yes=yes):
            return {"ok": False, "member": who.name}
        await client.remove_from_group(one, who)
        context.out.show(f"{plain(who.name)} is no longer in {plain(one.name)}.")
        return {"member": who.name}

    return _changing(context, group, change)


def keeper(
    ctx: typer.Context,
    group: GroupArgument,
    member: MemberArgument,
    no: Annotated[bool, typer.Option("--no", help="Take it back.")] = False,
) -> int:
    """Name a member a keeper: keepers may remove others and name keepers."""
    context: Context = ctx.obj

    async def change(client: Client, one: PeopleGroup) -> dict[str, Any]:
        who = find_member(one, member)
        try:
            await client.name_keeper(one, who, keeper=not no)
        except UsageError:
            raise MistakeError("A group has a keeper: name another one first.") from None
        is_now = "no longer a keeper" if no else "a keeper"
        context.out.show(f"{plain(who.name)} is {is_now} of {plain(one.name)}.")
        return {"member": who.name, "keeper": not no}

    return _changing(context, group, change)


def leave(
    ctx: typer.Context,
    group: GroupArgument,
    yes: ask.YesOption = False,
) -> int:
    """Leave a group with all your devices. Its keys are erased at once; what was said stays."""
    context: Context = ctx.obj

    async def change(client: Client, one: PeopleGroup) -> dict[str, Any]:
        question = f"Leave {plain(one.name)}? Only a new invite brings you back. (yes/no)"
        if not await _agreed(context, question, yes=yes):
            return {"ok": False}
        await client.leave_group(one)
        context.out.show(f"You have left {plain(one.name)}. What was said is still here.")
        return {"left": True}

    return _changing(context, group, change)


async def _agreed(context: Context, question: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not ask.interactive():
        raise MistakeError("Say --yes to do this without being asked. Nothing was changed.")
    context.out.say(question)
    if await ask.yes():
        return True
    context.out.show("Nothing was changed.")
    return False
