"""`visavis group rename|picture|remove|keeper|leave`: what everybody in a group sees of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.context import Context, synced
from visavis.cli.new_file import write_new
from visavis.cli.output import plain
from visavis.cli.threads import GroupArgument, MemberArgument, find_group, find_member, require_in
from visavis.cli.told import MistakeError
from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.group_actions import PeopleGroup

NAME_HELP: Final = "A name for a group is one line of at most 128 letters."
ONLY_KEEPERS: Final = "Only a keeper of the group may do this. Nothing was changed."
LATER: Final = "The others hear of it when you run visavis next."


def register(group: typer.Typer) -> None:
    """Add these commands to those of groups."""
    group.command("rename")(rename)
    group.command("picture")(picture)
    group.command("remove")(remove)
    group.command("keeper")(keeper)
    group.command("leave")(leave)


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
