"""`visavis data shorten|delete|restrict|unrestrict|object`: less kept, or nothing done with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavis.cli import receipts
from visavis.cli.context import Context
from visavis.cli.data_words import FOLLOWS, NAMES, OBJECTIONS, OF_NOBODY
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, PeerError
from visavis.sdk.server_data import DataClass

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.server_data import Choices


class Shortened(StrEnum):
    """What may be kept for fewer days."""

    ENVELOPES = "envelopes"
    ACCOUNT = "account"


class Deletable(StrEnum):
    """What can be deleted by itself."""

    PUSH = "push"
    HANDLE = "handle"
    KEY_PACKAGES = "key-packages"
    ENVELOPES = "envelopes"
    VAULT = "vault"


def register(group: typer.Typer) -> None:
    """Add these commands."""
    for command in (shorten, delete, restrict, unrestrict):
        group.command()(command)
    group.command("object")(object_to)
    group.command("receipt")(receipts.receipt)


def shorten(
    ctx: typer.Context,
    what: Annotated[
        Shortened,
        typer.Argument(
            help="Envelopes that nobody fetches, or the whole account when it is not used."
        ),
    ],
    days: Annotated[
        str, typer.Argument(help='How many days, or "default" for as long as the server has it.')
    ],
) -> int:
    """Have something end sooner than the server's own days, never later."""
    context: Context = ctx.obj
    if days != "default" and not (days.isascii() and days.isdigit()):
        raise MistakeError('Say a number of days, or "default". Nothing was changed.')
    wanted = None if days == "default" else int(days)

    async def use(client: Client) -> dict[str, Any]:
        before = await client.choices()
        most = _most(before, what)
        try:
            if what is Shortened.ENVELOPES:
                after = await client.set_envelope_days(wanted)
            else:
                after = await client.set_account_days(wanted)
        except PeerError as error:
            if error.code is not Code.MALFORMED:
                raise
            least = 1 if what is Shortened.ENVELOPES else 7
            raise ToldError(
                Code.USAGE,
                f"It can be {least} to {most} days here: shorter than the server's, never longer. "
                "Nothing was changed.",
            ) from error
        chosen = after.envelope_days if what is Shortened.ENVELOPES else after.account_days
        now = most if chosen is None else chosen
        if what is Shortened.ENVELOPES:
            context.out.show(
                f"What waits for you and is not fetched ends after {now} days; those who sent it "
                "are not told."
            )
        else:
            context.out.show(
                f"Your account ends, with all that is in it, after {now} days without use."
            )
        return {"what": what.value, "days": now, "most": most}

    return context.run_with_client(use)


def _most(choices: Choices, what: Shortened) -> int:
    if what is Shortened.ENVELOPES:
        return choices.most_envelope_days
    return choices.most_account_days


def delete(
    ctx: typer.Context,
    what: Annotated[Deletable, typer.Argument(help="What the server shall have no more.")],
    receipt: receipts.ReceiptOption = None,
) -> int:
    """Delete one thing that the server has of you, and say what follows."""
    context: Context = ctx.obj
    kind = DataClass(what.value)

    async def use(client: Client) -> dict[str, Any]:
        receipts.require_new(receipt)
        done = await client.delete_from_server(kind)
        if done.rows:
            context.out.show(f"{NAMES[kind]}: deleted ({done.rows:,} in all).")
            context.out.show(FOLLOWS[kind])
        else:
            context.out.show(f"{NAMES[kind]}: there was nothing.")
        kept = receipts.keep(context.out, done.receipt, receipt, whole=False)
        return {"what": what.value, "deleted": done.rows, **kept}

    return context.run_with_client(use)


def restrict(ctx: typer.Context) -> int:
    """Freeze what the server does with your account, until you take it back."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await client.set_restricted(True)
        context.out.show(
            "Your account is restricted (GDPR 18). To everybody else you do not exist:"
        )
        context.out.show(
            "  nobody reaches you, rings you or finds you; they get what everybody gets"
        )
        context.out.show(
            "  for an address that is unknown. Your own devices do not reach each other."
        )
        context.out.show("You can log in and see everything. What is kept still ends on its day.")
        context.out.show("To end it: [bold]visavis data unrestrict[/], on each of your devices.")
        return {"restricted": True}

    return context.run_with_client(use)


def unrestrict(ctx: typer.Context) -> int:
    """Take back what restrict did; your contacts get fresh addresses of this device."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await client.set_restricted(False)
        await client.sync()
        context.out.show(
            "Your account is not restricted. Your contacts get fresh addresses of this"
        )
        context.out.show(
            "device; run the same on your other devices. What was sent to you meanwhile"
        )
        context.out.show("was refused, and comes if its sender tries again.")
        return {"restricted": False}

    return context.run_with_client(use)


def object_to(ctx: typer.Context) -> int:
    """Show what you may object to (GDPR 21), and what comes of it."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        found = (await client.server_data()).objectable
        context.out.show("Done because the service would not stand attacks without it, not because")
        context.out.show("you asked for it (GDPR 6(1)(f)). Of this, log and list are on disk.")
        rows = [
            (
                f"log: {one.name}" if one.kind == "log" else one.name,
                one.purpose,
                OBJECTIONS.get(one.name, OF_NOBODY if one.kind == "log" else "ask the operator"),
            )
            for one in found
        ]
        context.out.table("", ("what", "why", "if you object"), rows)
        context.out.show("To have nothing done with your account: [bold]visavis data restrict[/]")
        return {
            "objectable": [
                {"kind": one.kind, "name": one.name, "purpose": one.purpose, "outcome": outcome}
                for one, (_, _, outcome) in zip(found, rows, strict=True)
            ]
        }

    return context.run_with_client(use)
