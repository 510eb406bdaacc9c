"""`visavis recordings`: what this device recorded, with everybody's yes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.history import PANEL
from visavis.cli.output import Output, plain
from visavis.cli.recording_words import DAY, days, days_left, in_words, listed, named, short
from visavis.cli.spans import show_seconds, show_time
from visavis.cli.told import ToldError
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.recordings import Heard, Looked
    from visavis.sdk.recordings_book import Kept

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The recording, as visavis recordings names it.")
]
UNREACHED: Final = (
    "The server cannot be reached, and it has the other half of what opens a recording. Nothing "
    "was lost or written; try again later."
)


def register(app: typer.Typer) -> None:
    """Add `visavis recordings` and what is under it."""
    group = typer.Typer(
        help="What you recorded, with everybody's yes.", invoke_without_command=True
    )
    group.callback()(recordings)
    group.command("look")(look)
    group.command("export")(export)
    group.command("remove")(remove)
    app.add_typer(group, name="recordings", rich_help_panel=PANEL)


def recordings(ctx: typer.Context) -> int | None:
    """Show your recordings, the oldest first. The server need not be there.

    Without a command it lists them; see below for what else can be done with them.
    """
    if ctx.invoked_subcommand is not None:
        return None
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = client.recordings.all()
        if found:
            columns = (
                "recording",
                "asked on",
                "call with",
                "what",
                "length",
                "taken back by",
                "played for",
            )
            context.out.table("", columns, [_row(kept) for kept in found])
            context.out.say("Who can be played now: visavis recordings look ID")
        else:
            context.out.show("No recordings on this device.")
            context.out.say("To ask for one in a call: visavis call NAME --record 'what for'")
        return {"recordings": [_described(kept) for kept in found]}

    return context.run_with_client(use)


def look(ctx: typer.Context, which: IdArgument) -> int:
    """Say who of a recording can be played now, and why somebody cannot."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        kept = _named(client, which)
        looked = await _look(client, kept)
        asked, out = kept.asked, context.out
        out.show(f"Asked on {show_time(asked.at, DAY)} to record {in_words(asked.kinds)}, for:")
        out.show_raw(asked.purpose)
        rows = [_heard(looked, one) for one in looked.members]
        out.show()
        out.table("", ("who", "recorded", "can be played", "export", ""), rows)
        out.show()
        left = days_left(kept.until)
        out.show(
            f"Nothing of it can be played after {show_time(kept.until, DAY)}: {days(left)} left."
            if left
            else "Its days are over: nothing of it can be played any more."
        )
        out.say(
            "The file has proof of all this: visavis verify-recording "
            f"{plain(str(client.recordings.path(kept)))}"
        )
        return {**_described(kept), **_members(looked), "file": str(client.recordings.path(kept))}

    return context.run_with_client(use)


def export(
    ctx: typer.Context,
    which: IdArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a WebM file.")],
) -> int:
    """Write all that can be played as a file that anybody can play, if everybody agreed to that."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        kept, out = _named(client, which), context.out
        try:
            with _progress(out, f"Exporting {short(kept.ask)}") as tell:
                looked = await client.recordings.export(kept, file, tell)
        except AuthorizationError as error:
            raise await _refused(client, kept, error) from error
        except UnavailableError as error:
            raise _unavailable(error) from error
        except PeerError as error:
            raise _altered(error) from error
        except FileExistsError:
            raise ToldError(
                Code.USAGE,
                f"There is a file {file} already. Nothing was written; choose another name.",
            ) from None
        except OSError as error:
            raise ToldError(
                Code.DISK_FULL,
                f"{file} could not be written: {error.strerror}. Nothing was left there, and the "
                "recording is as it was.",
            ) from None
        there = [one for one in looked.members if one.playable]
        gone = [one for one in looked.members if not one.playable]
        out.show_raw(f"Written to {file}, with {_names(there)}.")
        for one in gone:
            out.show(f"Not in it: {plain(_name(one))}. {_why(looked, one)}")
        out.say("The file is not encrypted: whoever has it can play it, for ever.")
        if kept.asked.named is not None:
            out.say_raw(f"Everybody agreed that it goes to: {kept.asked.named}")
        return {"file": str(file), **_members(looked)}

    return context.run_with_client(use)


def remove(ctx: typer.Context, which: IdArgument) -> int:
    """Delete a recording from this device. There is no way back."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        kept = _named(client, which)
        client.recordings.remove(kept)
        context.out.show(
            "Deleted: your half of its keys, and its file. Exports stay where you put them."
        )
        return {"removed": bytes(kept.ask).hex()}

    return context.run_with_client(use)


# What the commands share


def _named(client: Client, which: str) -> Kept:
    found = ((kept.ask, kept) for kept in client.recordings.all())
    return named(found, which, "recording", "visavis recordings")


async def _look(client: Client, kept: Kept) -> Looked:
    try:
        return await client.recordings.look(kept)
    except UnavailableError as error:
        raise _unavailable(error) from error
    except PeerError as error:
        raise _altered(error) from error


def _unavailable(error: UnavailableError) -> ToldError:
    if "any more" in error.detail:
        return ToldError(
            error.code,
            "Nothing of this recording can be played any more: its days are over, or everybody has "
            "taken their yes back. Nothing was written. visavis recordings look says who.",
        )
    return ToldError(error.code, UNREACHED)


def _altered(error: PeerError) -> ToldError:
    return ToldError(
        error.code,
        "The file of this recording is gone, or is not what was recorded: nothing of it is played. "
        f"Nothing was written. What was found: {error.detail}.",
    )


async def _refused(client: Client, kept: Kept, error: AuthorizationError) -> ToldError:
    """Say who has not agreed to an export."""
    if not kept.asked.clear:
        return ToldError(
            error.code,
            "You did not ask for an export when you asked to record, so nobody agreed to one. "
            "Nothing was written. Next time: visavis call NAME --record '...' --record-export WHO",
        )
    looked = await _look(client, kept)
    without = [one for one in looked.members if one.playable and not _agreed(looked, one)]
    return ToldError(
        error.code,
        f"Not everybody agreed to an export: {_names(without)} did not. Nothing was written; the "
        "recording is as it was.",
    )


def _agreed(looked: Looked, one: Heard) -> bool:
    asked = looked.kept.asked
    said = {member.key: member.clear for member in looked.proof.members}
    return asked.clear if one.key == asked.key else said.get(one.key, False)


def _why(looked: Looked, one: Heard) -> str:
    """Say why somebody cannot be played."""
    said = next(member for member in looked.proof.members if member.key == one.key)
    if said.withdrawn is not None:
        return f"They took their yes back on {show_time(said.withdrawn, DAY)}."
    if one.withdrawn:
        return "They have taken their yes back, or said no since."
    if looked.kept.until <= time.time():
        return "Its days are over."
    if one.key not in looked.kept.members:
        return "Their half of the key never came."
    return "They have taken their yes back: their half of the key is deleted."


def _name(one: Heard) -> str:
    return _called(one.name)


def _called(name: str) -> str:
    return name or "somebody"


def _names(members: list[Heard]) -> str:
    return listed([_name(one) for one in members])


def _row(kept: Kept) -> tuple[str, ...]:
    return (
        short(kept.ask),
        show_time(kept.asked.at, DAY),
        kept.title,
        in_words(kept.asked.kinds),
        show_seconds(round(kept.length / 1000)) if kept.length else "not ended in order",
        listed([_called(name) for name in kept.withdrawn]),
        days(days_left(kept.until)),
    )


def _heard(looked: Looked, one: Heard) -> tuple[str, ...]:
    return (
        _name(one),
        show_seconds(round(one.recorded_ms / 1000)),
        "yes" if one.playable else "no",
        "agreed" if _agreed(looked, one) else "not agreed",
        "" if one.playable else _why(looked, one),
    )


def _described(kept: Kept) -> dict[str, Any]:
    asked = kept.asked
    return {
        "recording": bytes(kept.ask).hex(),
        "asked_at": asked.at,
        "with": kept.title,
        "kinds": sorted(asked.kinds),
        "purpose": asked.purpose,
        "export": asked.clear,
        "length_ms": kept.length,
        "withdrawn": list(kept.withdrawn),
        "until": kept.until,
        "days_left": days_left(kept.until),
    }


def _members(looked: Looked) -> dict[str, Any]:
    return {
        "members": [
            {
                "name": one.name,
                "recorded_ms": one.recorded_ms,
                "playable": one.playable,
                "export": _agreed(looked, one),
                "why_not": None if one.playable else _why(looked, one),
            }
            for one in looked.members
        ]
    }


@contextlib.contextmanager
def _progress(out: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is, at a terminal; give what is told, in whatever thread."""
    if out.as_json or not out.stderr.is_terminal:
        yield lambda _done, _whole: None
        return
    from rich.progress import Progress

    with Progress(console=out.stderr, transient=True) as bar:
        task = bar.add_task(what, total=None)
        told = -1

        def tell(done: int, whole: int) -> None:
            nonlocal told
            percent = 100 * done // max(1, whole)
            if percent > told:  # frames of several tracks come in turn; it never goes back
                told = percent
                bar.update(task, completed=done, total=max(1, whole))

        yield tell
