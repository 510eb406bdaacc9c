"""`visavis history delete|keep|settings|preset|ask|wishes`: what is kept, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli import history as shown
from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.spans import read_hours, show_hours
from visavis.cli.told import MistakeError
from visavis.core.content_records import KEEP_EVER, Settings
from visavis.core.keeping import FIELDS, WHY_NOT_LESS, Preset, changes, preset_of
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_LABELS: Final = {
    "keep": "Calls stay in your history",
    "details": "Path, encryption and quality are kept with them",
    "sync": "Your other devices get your history",
    "trace": "Whom you call in vain sees a missed call",
}
_OTHERS: Final = (
    "Your other devices do the same as soon as they are reached. The vault at the server, where "
    "all this lies sealed, is overwritten within the hour."
)


def register(group: typer.Typer) -> None:
    """Add these commands to `visavis history`."""
    for command in (delete, keep, settings, preset):
        group.command(command.__name__)(command)
    group.command("ask")(ask_them)
    group.command("wishes")(wishes)


def delete(
    ctx: typer.Context,
    call: Annotated[str | None, typer.Argument(help="One call.")] = None,
    contact: shown.WithOption = None,
    since: shown.SinceOption = None,
    until: shown.UntilOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All calls there are.")] = False,
    yes: YesOption = False,
) -> int:
    """Delete calls from your history: one, those with a person, those of a time, or all."""
    context: Context = ctx.obj
    some = [contact, since, until]
    if bool(call) + any(some) + everything != 1:
        raise MistakeError(
            "Say what to delete: a call, --with CONTACT, --since or --until DAY, or --all."
        )

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        if call is not None:
            doomed = [await shown.named(client, call)]
        else:
            doomed = await shown.chosen(client, contact, since, until)
        count = len(doomed)
        if not count and not everything:
            context.out.show("There is no such call. Nothing was deleted.")
            return {"deleted": 0}
        if call is None:
            await _sure(context, f"{shown.calls(count)} will be deleted.", yes=yes)
        if everything:
            await client.delete_all_calls()
        else:
            await client.delete_calls([one.call for one in doomed])
        await synced(client, context.out)
        context.out.show(
            f"{shown.calls(count)} deleted. Nothing of {'it' if count == 1 else 'them'} "
            "is left on this device."
        )
        context.out.say(_OTHERS)
        context.out.say("The others still have their own history: visavis history ask CONTACT")
        return {"deleted": count}

    return context.run_with_client(use)


def keep(
    ctx: typer.Context,
    time: Annotated[
        str | None, typer.Argument(metavar="TIME", help="Such as 1h, 7d, 2w, 1y, ever or off.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--with", metavar="CONTACT", help="For this contact alone.")
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="For this contact as for all others again.")
    ] = False,
    yes: YesOption = False,
) -> int:
    """Show how long calls stay in your history, or decide it. What is older goes at once."""
    context: Context = ctx.obj
    if usual and (contact is None or time is not None):
        raise MistakeError("--usual goes with --with CONTACT, and without a time.")

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        hours = None if time is None else read_hours(time)
        if contact is not None:
            return await _keep_with(context, client, contact, hours, usual=usual)
        now = await client.settings()
        if hours is not None and hours != now.keep:
            if hours < now.keep:
                await _sure(context, "Calls that are older will be deleted.", yes=yes)
            now = await client.set_settings(keep=hours)
            await synced(client, context.out)
        context.out.show(f"Calls stay in your history: {show_hours(now.keep)}.")
        return {"keep_hours": now.keep}

    return context.run_with_client(use)


async def _keep_with(
    context: Context, client: Client, name: str, hours: int | None, *, usual: bool
) -> dict[str, Any]:
    who = await client.find_contact(name)
    rules = await client.rules(who)
    if hours is not None or usual:
        rules = replace(rules, keeps=hours)
        await client.set_rules(who, rules)
        await synced(client, context.out)
    general = (await client.settings()).keep
    kept = general if rules.keeps is None else min(rules.keeps, KEEP_EVER)
    own = "" if rules.keeps is None else ", for them alone"
    context.out.show(f"Calls with {plain(who.name)} stay in your history: {show_hours(kept)}{own}.")
    return {"contact": who.name, "keep_hours": kept, "usual": rules.keeps is None}


def settings(
    ctx: typer.Context,
    details: Annotated[
        bool | None,
        typer.Option("--details/--no-details", help="Keep path, encryption and quality."),
    ] = None,
    sync: Annotated[
        bool | None, typer.Option("--sync/--no-sync", help="Your other devices get it, sealed.")
    ] = None,
    trace: Annotated[
        bool | None,
        typer.Option("--trace/--no-trace", help="Whom you call in vain sees a missed call."),
    ] = None,
) -> int:
    """Show what is kept of calls and why, or decide it."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        now = await client.settings()
        if any(one is not None for one in (details, sync, trace)):
            now = await client.set_settings(details=details, sync=sync, trace=trace)
            await synced(client, context.out)
        _show(context, now)
        return {name: getattr(now, name) for name in FIELDS}

    return context.run_with_client(use)


def preset(
    ctx: typer.Context,
    name: Annotated[Preset, typer.Argument(help="Which.")],
    yes: YesOption = False,
) -> int:
    """Take one of three presets, after seeing exactly what that changes."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        now = await client.settings()
        rows = [
            (_LABELS[one.name], _value(one.name, one.now), _value(one.name, one.then))
            for one in changes(now, name)
        ]
        context.out.table(f"{name.value.capitalize()}:", ("", "now", "then"), rows)
        await _sure(context, "", yes=yes)
        after = await client.choose_preset(name)
        await synced(client, context.out)
        context.out.show(f"It is {name.value} now, on all your devices.")
        return {field: getattr(after, field) for field in FIELDS}

    return context.run_with_client(use)


def ask_them(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")],
    call: Annotated[str | None, typer.Option("--call", help="One call; all without this.")] = None,
) -> int:
    """Ask a contact to delete calls with you from their history. They decide."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await client.find_contact(contact)
        calls = None if call is None else [(await shown.named(client, call)).call]
        count = await client.ask_to_forget(who, calls)
        await synced(client, context.out)
        if count:
            context.out.show(
                f"{plain(who.name)} is asked to delete {shown.calls(count)}. It is a request: they "
                "decide, and you cannot see what they do."
            )
        else:
            context.out.show(f"There are no calls with {plain(who.name)}. Nothing was asked.")
        return {"contact": who.name, "asked": count}

    return context.run_with_client(use)


def wishes(
    ctx: typer.Context,
    contact: Annotated[
        str | None, typer.Argument(help="Whose wish to answer; shows them all without this.")
    ] = None,
    delete_them: Annotated[
        bool | None, typer.Option("--delete/--keep", help="Delete these calls, or keep them.")
    ] = None,
) -> int:
    """Show which calls contacts wish deleted from your history, and decide."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        if contact is not None and delete_them is not None:
            who = await client.find_contact(contact)
            count = await client.answer_wish(who, delete=delete_them)
            await synced(client, context.out)
            done = "deleted" if delete_them else "kept"
            context.out.show(f"{shown.calls(count)} {done}. {plain(who.name)} is not told.")
            return {"contact": who.name, "calls": count, "deleted": delete_them}
        found = await client.wishes()
        names = sorted({one.name for one in found.values()})
        for name in names:
            count = sum(one.name == name for one in found.values())
            context.out.show(f"{plain(name)} asks you to delete {shown.calls(count)} with them.")
            context.out.say(f"Next: visavis history wishes {plain(name)} --delete (or --keep)")
        if not names:
            context.out.show("Nobody wishes calls deleted from your history.")
        return {"wishes": [{"contact": n} for n in names]}

    return context.run_with_client(use, expected=(NoticeKind.ASKED_TO_FORGET,))


def _show(context: Context, now: Settings) -> None:
    rows = [
        (_LABELS[name], _value(name, getattr(now, name)), WHY_NOT_LESS.get(name, ""))
        for name in FIELDS
    ]
    found = preset_of(now)
    title = "Your own choice:" if found is None else f"{found.value.capitalize()}:"
    context.out.table(title, ("", "", "why the default is not less"), rows)


def _value(name: str, value: int | bool) -> str:
    if name == "keep":
        return show_hours(int(value))
    return "yes" if value else "no"


async def _sure(context: Context, what: str, *, yes: bool) -> None:
    """Have the person say yes.

    Raises:
        MistakeError: They did not, or there is nobody to ask.
    """
    if yes:
        return
    if not ask.interactive():
        raise MistakeError("There is nobody to ask: add --yes. Nothing was changed.")
    context.out.say(f"{what} Go on? Type yes:".strip())
    if (await ask.line()).lower() != "yes":
        raise MistakeError("Nothing was changed.")
