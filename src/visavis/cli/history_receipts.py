"""`visavis history receipts|receipt`: signed receipts of calls, and what of one is shown to others.

A receipt was signed by everybody who was in the call. What of it a file shows is chosen anew for
each file; the rest cannot be learnt from it.

Not for: asking for one (`receipt_talk`), or checking one (`verify_receipt`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context
from visavis.cli.new_file import write_new
from visavis.cli.output import plain
from visavis.cli.recording_words import listed, named, short
from visavis.cli.spans import show_time
from visavis.cli.told import MistakeError

if TYPE_CHECKING:
    from visavis.sdk.call_receipt_book import KeptReceipt
    from visavis.sdk.client import Client


def register(group: typer.Typer) -> None:
    """Add these commands to `visavis history`."""
    group.command("receipts")(receipts)
    group.command("receipt")(receipt)


def receipts(ctx: typer.Context) -> int:
    """List the signed receipts of calls that this device holds. The server need not be there."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = client.call_receipts.all()
        if found:
            columns = ("receipt", "when", "call with", "what", "signed by")
            context.out.table("", columns, [_row(one) for one in found])
            context.out.say("To show one to somebody: visavis history receipt ID FILE")
        else:
            context.out.show("This device holds no signed receipt of a call.")
        return {"receipts": [_described(one) for one in found]}

    return context.run_with_client(use)


def receipt(
    ctx: typer.Context,
    which: Annotated[
        str, typer.Argument(metavar="ID", help="The receipt, as visavis history receipts names it.")
    ],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; not with --remove.")
    ] = None,
    show: Annotated[
        str,
        typer.Option(
            "--show",
            metavar="WHAT",
            help="What the file says: of at, since and media some, with commas; nothing without.",
        ),
    ] = "",
    show_me: Annotated[
        bool,
        typer.Option("--show-me", help="Prove in it that one of its keys was yours."),
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it from this device.")] = False,
) -> int:
    """Write a signed receipt of a call into a file, to be shown to somebody; or remove it."""
    context: Context = ctx.obj
    if remove == (file is not None) or (remove and (show or show_me)):
        raise MistakeError("Say where to write the receipt, or --remove. Nothing was changed.")

    async def use(client: Client) -> dict[str, Any]:
        out = context.out
        kept = client.call_receipts
        one = named(
            ((one.id, one) for one in kept.all()), which, "receipt", "visavis history receipts"
        )
        if file is None:
            kept.remove(one.id)
            out.show("Removed from this device. The others who signed it have theirs.")
            return {"removed": bytes(one.id).hex()}
        names = _names(show, one)
        write_new(file, kept.file(one.id, names, show_me=show_me))
        out.show_raw(f"Written to {file}, readable by you alone.")
        shown = listed(names) if names else "nothing but how many signed"
        out.say(f"It shows {shown}{', and that you were one of them' if show_me else ''}.")
        out.say("Whoever gets it can pass it on, and you cannot call it back.")
        out.say(f"Anybody can check it: visavis verify-receipt {plain(str(file))}")
        return {"file": str(file), "shown": names, "shown_me": show_me}

    return context.run_with_client(use)


def _names(show: str, one: KeptReceipt) -> list[str]:
    """Return the fields that are named, in the receipt's order.

    Raises:
        MistakeError: There is no such field.
    """
    wanted = {word.strip() for word in show.split(",") if word.strip()}
    if not wanted <= set(one.fields):
        raise MistakeError(f"--show takes {', '.join(one.fields)}. Nothing was written.")
    return [name for name in one.fields if name in wanted]


def _row(one: KeptReceipt) -> tuple[str, ...]:
    what = f"{one.facts.media.value} call, together since {show_time(one.facts.since)}"
    return short(one.id), show_time(one.facts.at), one.title, what, listed(_signers(one))


def _signers(one: KeptReceipt) -> list[str]:
    return sorted((name or "you" for name in one.names), key=lambda name: (name != "you", name))


def _described(one: KeptReceipt) -> dict[str, Any]:
    return {
        "receipt": bytes(one.id).hex(),
        "call": bytes(one.call).hex(),
        "with": one.title,
        "at": one.facts.at,
        "since": one.facts.since,
        "media": one.facts.media.value,
        "signed_by": _signers(one),
    }
