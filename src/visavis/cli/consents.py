"""`visavis consents`: what you said to whoever asked to record, taking it back, and never."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli.context import Context, synced
from visavis.cli.history import PANEL
from visavis.cli.new_file import write_new
from visavis.cli.output import plain
from visavis.cli.recording_words import DAY, days, days_left, in_words, named, short
from visavis.cli.spans import show_time
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code
from visavis.core.recording_consent import State

if TYPE_CHECKING:
    from visavis.core.consent_record import ConsentRecord
    from visavis.sdk.client import Client

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The consent, as visavis consents names it.")
]


def register(app: typer.Typer) -> None:
    """Add `visavis consents` and what is under it."""
    group = typer.Typer(
        help="What you agreed to be recorded for, and taking it back.", invoke_without_command=True
    )
    group.callback()(consents)
    group.command("withdraw")(withdraw)
    group.command("receipt")(receipt)
    group.command("never")(never)
    app.add_typer(group, name="consents", rich_help_panel=PANEL)


def consents(ctx: typer.Context) -> int | None:
    """Show what you said to whoever asked to record. The server need not be there.

    Without a command it lists them; see below for what else can be done with them.
    """
    if ctx.invoked_subcommand is not None:
        return None
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = client.my_consents.all()
        if found:
            columns = ("consent", "asked on", "by", "call with", "what", "you said", "played for")
            context.out.table("", columns, [_row(one) for one in found])
            if any(one.consent().state is State.GIVEN for one in found):
                context.out.say("To take a yes back: visavis consents withdraw ID")
        else:
            context.out.show("You have answered nobody who asked to record.")
        return {"consents": [_described(one) for one in found]}

    return context.run_with_client(use)


def withdraw(ctx: typer.Context, which: IdArgument) -> int:
    """Take a yes back: what was recorded of you is played no more.

    Whoever came into the call again, and agreed again, takes back all of it.
    """
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        entries, out = _named(client, which), context.out
        consents = [entry.consent() for entry in entries]
        if all(consent.state is not State.GIVEN for consent in consents):
            is_back = any(consent.state is State.WITHDRAWN for consent in consents)
            said = "taken it back already" if is_back else "not agreed"
            raise ToldError(
                Code.NO_YES,
                f"There is no yes to take back: you have {said}. Nothing was changed.",
            )
        one, exported = entries[-1], any(consent.exported for consent in consents)
        with out.working("Taking it back"):
            gone = await client.my_consents.withdraw(one.ask)
        if gone:
            out.show(
                f"Taken back. Your half of the key is deleted at the server: {plain(one.by)} can "
                "play nothing of you any more."
            )
        else:
            out.show(
                "Taken back, but the server cannot be reached: your half of the key still lies "
                "there, and you can be played until it is gone."
            )
            out.say("Each visavis command that reaches the server tries it again.")
        if any(entry.where is not None for entry in entries):
            out.say(f"{plain(one.by)} is told, and the recording itself will show it.")
        if exported:
            out.show("You had agreed to an export: if one was made, it cannot be called back.")
        out.say("A changed program, or a camera before the screen, may have kept what it played.")
        return {"withdrawn": bytes(one.ask).hex(), "deleted": gone, "exported": exported}

    return context.run_with_client(use)


def receipt(
    ctx: typer.Context,
    which: IdArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; not with --kantara.")
    ] = None,
    kantara: Annotated[
        bool,
        typer.Option("--kantara", help="Print it as a Kantara Consent Receipt (v1.1), unsigned."),
    ] = False,
) -> int:
    """Write a signed receipt of what was asked, and of what you said to it."""
    context: Context = ctx.obj
    if kantara == (file is not None):
        raise MistakeError("Say where to write the receipt, or --kantara. Nothing was written.")

    async def use(client: Client) -> dict[str, Any]:
        from visavis.cli.verify_receipt import show_kantara

        one = _named(client, which)[-1]
        if file is None:
            return show_kantara(one.consent(), context.out)
        write_new(file, client.my_consents.receipt(one.ask))
        context.out.show_raw(f"Written to {file}, readable by you alone.")
        context.out.say(f"Anybody can check it: visavis verify-receipt {plain(str(file))}")
        return {"file": str(file), "state": one.consent().state}

    return context.run_with_client(use)


def never(
    ctx: typer.Context,
    always: Annotated[
        bool | None,
        typer.Option(
            "--all-calls/--not-all-calls",
            help="Nobody can ask to record any call with you; contacts see that before a call.",
        ),
    ] = None,
) -> int:
    """Show whether you are never to be recorded, or decide it for all calls from now on.

    For the calls with one contact: visavis contact rules NAME --never-record.
    """
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        fresh = await synced(client, context.out)
        settings = await client.settings()
        if always is not None and always != settings.never_record:
            settings = await client.set_settings(never_record=always)
            fresh = fresh and await synced(client, context.out)
        if settings.never_record:
            context.out.show("You are never to be recorded, and nobody can ask.")
        else:
            context.out.show("You can be asked to be recorded; nothing is without your yes.")
        if always is not None:
            context.out.say("It holds for calls that begin from now on, on all your devices.")
        return {"never_record": settings.never_record, "fresh": fresh}

    return context.run_with_client(use)


# What the commands share


def _named(client: Client, which: str) -> list[ConsentRecord]:
    """Return what was said to one request: of each entry into the call, the last entry last."""
    found: dict[bytes, list[ConsentRecord]] = {}
    for one in client.my_consents.all():
        found.setdefault(one.ask, []).append(one)
    entries = named(found.items(), which, "consent", "visavis consents")
    return sorted(entries, key=lambda one: one.consent().answers[-1].at)


def _row(one: ConsentRecord) -> tuple[str, ...]:
    consent = one.consent()
    given = consent.given
    kinds = consent.ask.kinds if given is None else given.kinds
    export = ", and an export" if given is not None and given.clear else ""
    left = days_left(consent.until)
    return (
        short(one.ask),
        show_time(consent.ask.at, DAY),
        one.by,
        one.title,
        in_words(kinds) + export,
        consent.state.value,
        days(left) if consent.state is State.GIVEN else "",
    )


def _described(one: ConsentRecord) -> dict[str, Any]:
    consent = one.consent()
    given = consent.given
    return {
        "consent": bytes(one.ask).hex(),
        "asked_at": consent.ask.at,
        "by": one.by,
        "with": one.title,
        "purpose": consent.ask.purpose,
        "asked": sorted(consent.ask.kinds),
        "granted": [] if given is None else sorted(given.kinds),
        "exported": consent.exported,
        "state": consent.state,
        "until": consent.until,
        "days_left": days_left(consent.until),
    }
