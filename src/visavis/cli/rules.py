"""`visavis contact rules|block|unblock|verified`: what a contact may do, and whether it is they."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context, synced
from visavis.cli.output import plain
from visavis.cli.told import MistakeError
from visavis.core.contact_rules import DAYS, hours_on, weekdays
from visavis.core.content_records import (
    MAX_HOURS,
    MINUTES_A_DAY,
    Hours,
    MayAdd,
    MayCall,
    MayGo,
    MaySee,
)
from visavis.sdk.history import NoticeKind

if TYPE_CHECKING:
    from visavis.sdk.client import Client

ContactArgument = Annotated[str, typer.Argument(help="Your contact's name, or its beginning.")]
ALWAYS: Final = "always"
_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d\d))?")
_EXAMPLE: Final = 'For example: "mon-fri 9:00-18:00; sat,sun 10:00-12:00", or "daily 7:00-22:00".'
_WORDS: Final = {
    MayCall.VIDEO: "with picture and by voice",
    MayCall.VOICE: "by voice only",
    MayCall.NOTHING: "not at all",
}


class Adds(StrEnum):
    """May a contact bring us into groups."""

    ASK = "ask"
    AT_ONCE = "at-once"
    NEVER = "never"


_ADDS: Final = {Adds.ASK: None, Adds.AT_ONCE: MayAdd.AT_ONCE, Adds.NEVER: MayAdd.NEVER}
_ADDS_WORDS: Final = {
    Adds.ASK: "they bring you only when you say yes",
    Adds.AT_ONCE: "they may bring you without asking",
    Adds.NEVER: "they cannot bring you, and hear nothing when they try",
}


def register(group: typer.Typer) -> None:
    """Add these commands to `visavis contact`."""
    group.command("rules")(rules)
    group.command("block")(block)
    group.command("unblock")(unblock)
    group.command("verified")(verified)


def rules(
    ctx: typer.Context,
    contact: ContactArgument,
    calls: Annotated[
        MayCall | None,
        typer.Option("--calls", help="What may ring here: video, voice or nothing."),
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            "--hours",
            metavar="TEXT",
            help='When it may ring, in local time: "mon-fri 9:00-18:00", or "always".',
        ),
    ] = None,
    sees_ringing: Annotated[
        bool | None,
        typer.Option(
            "--sees-ringing/--no-sees-ringing",
            help="May see that it rings here, and so that you are there and not in another call.",
        ),
    ] = None,
    direct: Annotated[
        bool | None,
        typer.Option(
            "--direct/--no-direct",
            help="Calls may take the direct path if they allow it too: they learn your network "
            "address, and so roughly where you are.",
        ),
    ] = None,
    groups: Annotated[
        Adds | None,
        typer.Option("--groups", help="May bring you into groups: ask you first, at once, never."),
    ] = None,
    never_record: Annotated[
        bool | None,
        typer.Option(
            "--never-record/--no-never-record",
            help="Nobody can ask to record calls with them; they see that before a call.",
        ),
    ] = None,
) -> int:
    """Show what a contact may do here: which calls ring and when, and groups; or change that."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        spans = None if hours is None or hours.strip() == ALWAYS else read_hours(hours)

        async def use(client: Client) -> dict[str, Any]:
            fresh = await synced(client, context.out)
            who = await client.find_contact(contact)
            now = await client.rules(who)
            wanted = replace(
                now,
                calls=calls or now.calls,
                hours=now.hours if hours is None else spans,
                sees=now.sees if sees_ringing is None else MaySee.RINGING if sees_ringing else None,
                path=now.path if direct is None else MayGo.DIRECT if direct else None,
                adds=now.adds if groups is None else _ADDS[groups],
                never_record=now.never_record if never_record is None else never_record,
            )
            if wanted != now:
                now = wanted
                await client.set_rules(who, now)
                fresh = fresh and await synced(client, context.out)
            when = ALWAYS if now.hours is None else show_hours(now.hours)
            context.out.show(f"{plain(who.name)} may call you {_WORDS[now.calls]}.")
            if now.calls is not MayCall.NOTHING:
                context.out.show(f"It rings: {when}.")
            context.out.show(
                f"They {'see' if now.sees else 'do not see'} that it rings here. "
                f"The direct path is {'' if now.path else 'not '}allowed."
            )
            adds = next(word for word, value in _ADDS.items() if value is now.adds)
            context.out.show(f"Into groups {_ADDS_WORDS[adds]}.")
            if now.never_record:
                context.out.show("You are never to be recorded in calls with them.")
            if who.never_recorded:
                context.out.show(f"{plain(who.name)} is never to be recorded in calls with you.")
            context.out.say("A call that may not ring looks unanswered, and is a missed call here.")
            return {
                "contact": who.name,
                "calls": now.calls.value,
                "hours": when,
                "sees_ringing": now.sees is not None,
                "direct": now.path is not None,
                "groups": adds.value,
                "never_record": now.never_record,
                "never_recorded": who.never_recorded,
                "fresh": fresh,
            }

        return await context.with_client(use)

    return context.run(work)


def block(ctx: typer.Context, contact: ContactArgument) -> int:
    """Block a contact: what it sends is refused, and nothing goes out to it."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await client.find_contact(contact)
        await client.block(who)
        there = await synced(client, context.out)
        name = plain(who.name)
        if there:
            context.out.show(f"{name} is blocked. The server refuses what they send you.")
        else:
            context.out.show(
                f"{name} is blocked on this device. The server is told when you run visavis next."
            )
        return {"contact": who.name, "state": "blocked", "told": there}

    return context.run_with_client(use, expected={NoticeKind.IDENTITY_CHANGED})


def unblock(ctx: typer.Context, contact: ContactArgument) -> int:
    """Unblock a contact: it gets a fresh address of yours, and the conversation goes on."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await client.unblock(await client.find_contact(contact))
        there = await synced(client, context.out)
        name = plain(who.name)
        context.out.show(f"{name} is unblocked.")
        if who.state == "rejoining":
            context.out.say(
                "This device came while they were blocked, and waits to be let into the "
                "conversation. If it stays so:"
            )
        else:
            context.out.say("If nothing reaches them, they have changed their address since:")
        context.out.say("visavis invite makes a link for them, and the conversation goes on.")
        return {"contact": who.name, "state": who.state, "told": there}

    return context.run_with_client(use)


def verified(
    ctx: typer.Context,
    contact: ContactArgument,
    no: Annotated[bool, typer.Option("--no", help="Take the mark back.")] = False,
) -> int:
    """Note that you compared the safety number with a contact, and it was the same."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        who = await client.find_contact(contact)
        await client.set_verified(who, verified=not no)
        await synced(client, context.out)
        name = plain(who.name)
        if no:
            context.out.show(f"{name} is no longer marked as verified.")
        else:
            context.out.show(
                f"{name} is verified, with the security key you compared. With another key the "
                "mark is gone."
            )
        return {"contact": who.name, "verified": not no}

    return context.run_with_client(use)


# Hours as people type them


def read_hours(text: str) -> tuple[Hours, ...]:
    """Read hours as a person types them.

    Raises:
        MistakeError: With what is wrong and an example.
    """
    spans = tuple(_span(part) for part in text.lower().split(";"))
    if len(spans) > MAX_HOURS:
        raise MistakeError(f"These are more than {MAX_HOURS} spans of hours. Nothing was changed.")
    return spans


def _span(text: str) -> Hours:
    days, _, span = text.strip().partition(" ")
    first, found, last = span.strip().partition("-")
    if not found:
        raise _mistake(text)
    start, end = _minute(first, text), _minute(last, text)
    if start >= MINUTES_A_DAY or end == start:
        raise _mistake(text)
    return hours_on(_days(days, text), start, end or MINUTES_A_DAY)


def _days(text: str, whole: str) -> set[int]:
    if text == "daily":
        return set(range(DAYS))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _NAMES or (last or first) not in _NAMES:
            raise _mistake(whole)
        begin, end = _NAMES.index(first), _NAMES.index(last or first)
        found |= {(begin + i) % DAYS for i in range((end - begin) % DAYS + 1)}
    return found


def _minute(text: str, whole: str) -> int:
    read = _TIME.fullmatch(text.strip())
    minute = MINUTES_A_DAY + 1 if read is None else 60 * int(read[1]) + int(read[2] or 0)
    if minute > MINUTES_A_DAY or (read is not None and int(read[2] or 0) >= 60):
        raise _mistake(whole)
    return minute


def _mistake(text: str) -> MistakeError:
    shown = plain(text.strip())
    return MistakeError(f"Hours cannot be read from: {shown}\nNothing was changed. {_EXAMPLE}")


def show_hours(hours: tuple[Hours, ...]) -> str:
    """Return hours as `read_hours` reads them."""
    return "; ".join(
        f"{_show_days(weekdays(span))} {_show_minute(span.start)}-{_show_minute(span.end)}"
        for span in hours
    )


def _show_days(days: tuple[int, ...]) -> str:
    if len(days) == DAYS:
        return "daily"
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        _NAMES[run[0]] if len(run) == 1 else f"{_NAMES[run[0]]}-{_NAMES[run[-1]]}" for run in runs
    )


def _show_minute(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"
