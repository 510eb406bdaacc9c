"""`visavis history`: the calls that were, for their owner alone, and how long they stay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context, synced
from visavis.cli.new_file import write_new
from visavis.cli.output import plain
from visavis.cli.spans import local_offset, read_day, show_hours, show_seconds, show_time
from visavis.cli.told import MistakeError
from visavis.core.call_entry import Direction, Entry, Outcome, Via
from visavis.core.call_export import facts_in_words, to_csv, to_json
from visavis.core.call_search import Wanted
from visavis.core.call_search import find as search
from visavis.core.ids import AccountId

if TYPE_CHECKING:
    from visavis.sdk.client import Client, Contact

WAIT_S: Final = 2.0
"""How long the list waits for the server: what is here does not need it."""
ID_DIGITS: Final = 8
"""Hex digits of a call's id that tell it from others of this history."""
WithOption = Annotated[
    str | None, typer.Option("--with", metavar="CONTACT", help="Only calls with this contact.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DAY", help="From this day on, as 2026-11-01.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="Up to this day, without it.")
]
PANEL: Final = "Talk"
CallArgument = Annotated[str, typer.Argument(help="The call, as visavis history names it.")]

EXPORTS: Final = {".csv": to_csv, ".json": to_json}
WORDS: Final = {
    Outcome.MISSED: "missed",
    Outcome.UNANSWERED: "no answer",
    Outcome.DECLINED: "declined",
    Outcome.FAILED: "failed",
}


def register(app: typer.Typer) -> None:
    """Add `visavis history` and what is under it."""
    from visavis.cli import history_control, history_receipts

    group = typer.Typer(
        help="The calls that were, as only you can read them.", invoke_without_command=True
    )
    group.callback()(history)
    group.command("note")(note)
    group.command("pin")(pin)
    group.command("unpin")(unpin)
    group.command("export")(export)
    history_control.register(group)
    history_receipts.register(group)
    app.add_typer(group, name="history", rich_help_panel=PANEL)


def history(
    ctx: typer.Context,
    contact: WithOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    missed: Annotated[bool, typer.Option("--missed", help="Only calls you missed.")] = False,
    find: Annotated[
        str | None,
        typer.Option("--find", metavar="TEXT", help="Only calls whose names or note have this."),
    ] = None,
) -> int | None:
    """Show your calls, the newest first. The server need not be there.

    Without a command it lists them; see below for what else can be done with them.
    """
    if ctx.invoked_subcommand is not None:
        return None
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out, within_s=WAIT_S)
        names = await names_of(client)
        entries = await chosen(client, contact, since, until, missed=missed)
        if find is not None:
            entries = list(search(entries, Wanted(text=find), names))
        keep = (await client.settings()).keep
        if entries:
            context.out.table(
                "", ("call", "when", "with", "what", ""), [_row(entry, names) for entry in entries]
            )
        else:
            context.out.show("No calls." if keep else "No calls: nothing is kept of them.")
        kept = "Your calls are kept for" if keep > 0 else "Calls are kept:"
        context.out.say(f"{kept} {show_hours(keep)}. To change that: visavis history keep")
        return {
            "calls": [described(entry, names) for entry in entries],
            "keep_hours": keep,
            "fresh": fresh,
        }

    return context.run_with_client(use)


def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to; its name ends in .csv or .json.")],
    contact: WithOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> int:
    """Write your calls into a file, in the clear: for a spreadsheet, or another program."""
    context: Context = ctx.obj
    make = EXPORTS.get(file.suffix.lower())
    if make is None:
        raise MistakeError("The name of the file must end in .csv or .json. Nothing was written.")

    async def use(client: Client) -> dict[str, Any]:
        entries = await chosen(client, contact, since, until)
        write_new(file, make(entries, await names_of(client), local_offset).encode())
        context.out.show(
            f"{calls(len(entries))} written to {plain(str(file))}, readable by you alone."
        )
        context.out.say("The file is not encrypted: whoever has it can read it.")
        return {"file": str(file), "calls": len(entries)}

    return context.run_with_client(use)


def note(
    ctx: typer.Context,
    call: CallArgument,
    text: Annotated[str, typer.Argument(help='What to note, 500 bytes; "" takes a note away.')],
) -> int:
    """Note something about a call, for yourself."""
    return _mark(ctx.obj, call, {"note": text}, "Noted." if text else "The note is gone.")


def pin(ctx: typer.Context, call: CallArgument) -> int:
    """Mark a call, to find it again."""
    return _mark(ctx.obj, call, {"pinned": True}, "Pinned.")


def unpin(ctx: typer.Context, call: CallArgument) -> int:
    """Take a mark away."""
    return _mark(ctx.obj, call, {"pinned": False}, "No longer pinned.")


def _mark(context: Context, call: str, marks: dict[str, Any], done: str) -> int:
    async def use(client: Client) -> dict[str, Any]:
        entry = await named(client, call)
        await client.mark_call(entry.call, **marks)
        context.out.show(done)
        return {"call": short(entry), **marks}

    return context.run_with_client(use)


# What the commands share


async def chosen(
    client: Client,
    contact: str | None,
    since: str | None,
    until: str | None,
    *,
    missed: bool = False,
) -> list[Entry]:
    """Return the calls that the options name, the newest first."""
    who: Contact | None = None if contact is None else await client.find_contact(contact)
    return await client.call_history(
        who,
        since=None if since is None else read_day(since),
        until=None if until is None else read_day(until),
        missed=missed,
    )


async def named(client: Client, call: str) -> Entry:
    """Return the call whose id begins so.

    Raises:
        MistakeError: There is none, or more than one.
    """
    word = call.strip().lower()
    found = [one for one in await client.call_history() if one.call.hex().startswith(word)]
    if len(found) != 1 or not word:
        which = "More than one call" if found and word else "No call"
        raise MistakeError(f"{which} begins with {call}. visavis history lists them.")
    return found[0]


async def names_of(client: Client) -> dict[AccountId, str]:
    """Return the names of all contacts, and of those of before a move who are not here yet."""
    names = {one.account: f"{one.name} (not here yet)" for one in await client.awaited()}
    return names | {contact.account: contact.name for contact in await client.contacts()}


def calls(count: int) -> str:
    """Return "1 call" or "2 calls"."""
    return f"{count} call" + ("" if count == 1 else "s")


def short(entry: Entry) -> str:
    """Return what a call is called at the command line."""
    return entry.call.hex()[:ID_DIGITS]


def who(entry: Entry, names: dict[AccountId, str]) -> str:
    """Return whom a call was with."""
    return ", ".join(names.get(one, "a former contact") for one in entry.members)


def what(entry: Entry) -> str:
    """Say what a call was, in some words."""
    way = "you made" if entry.direction is Direction.OUTGOING else "to you"
    ended = WORDS.get(entry.outcome) or show_seconds(entry.seconds)
    return f"{entry.media.value} call {way}, {ended}"


def _row(entry: Entry, names: dict[AccountId, str]) -> tuple[str, ...]:
    extras = [
        "pinned" if entry.mark.pinned else "",
        "verified" if entry.verified else "",
        "recorded" if entry.recorded else "",
        entry.via.value if entry.via is not Via.NONE else "",
        entry.mark.note,
    ]
    rest = "; ".join(one for one in extras if one)
    return short(entry), show_time(entry.at), who(entry, names), what(entry), rest


def described(entry: Entry, names: dict[AccountId, str]) -> dict[str, Any]:
    """Return a call for scripts."""
    return {
        "call": entry.call.hex(),
        "with": [names.get(one, "") for one in entry.members],
        "at": entry.at,
        **facts_in_words(entry),
    }
