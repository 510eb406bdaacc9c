"""`visavis account close`: the end of an account."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from visavis.cli import ask, receipts
from visavis.cli.context import Context
from visavis.cli.devices import CodeFileOption
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, UnavailableError, VisavisError

PANEL: Final = "Your account"

FOLLOWS: Final = (
    "This cannot be undone. The server deletes every row of you, and within a minute its traces\n"
    "on disk; it destroys the key without which its backups of you cannot be read. This profile\n"
    "folder goes too: messages, keys, contacts. Your name may go to somebody else. Your contacts\n"
    "are told nothing: to them you no longer answer. What you sent them stays theirs. Your other\n"
    "devices are cut off; remove their profiles yourself. Files that were not fetched end within\n"
    "30 days: the server cannot tell which were yours."
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Close your account.", no_args_is_help=True)
    group.callback()(account)
    group.command("close")(close)
    app.add_typer(group, name="account", rich_help_panel=PANEL)


def account() -> None:
    """Close your account."""


def close(
    ctx: typer.Context,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm", metavar="NAME", help="Your whole name, in place of typing it when asked."
        ),
    ] = None,
    recovery_code_file: CodeFileOption = None,
    receipt: receipts.ReceiptOption = None,
) -> int:
    """Close your account for ever, at the server and on this device."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        out = context.out
        receipts.require_new(receipt)
        code = ask.recovery_code(recovery_code_file)
        client, password = await context.open()
        async with client:
            handle, typed = client.handle, confirm
            if typed is None and ask.interactive():
                out.say(FOLLOWS)
                out.say(f"To close it, type your whole name, [bold]{handle}[/]:")
                typed = await ask.line()
            if typed != handle:
                raise MistakeError("That is not your whole name. Nothing was changed.")
            try:
                with out.working("Closing your account"):
                    given = await client.close_account(password, recovery_code=code)
            except VisavisError as error:
                raise _explained(error) from error
        out.show(f"{handle} is closed. The server has no row of you, and this profile is gone.")
        return {"closed": handle, **receipts.keep(out, given, receipt, whole=True)}

    return context.run(work)


def _explained(error: VisavisError) -> VisavisError:
    if error.code is Code.LOGIN_FAILED:
        return ToldError(
            error.code,
            "The server does not take this profile's password for the account, or the account is "
            "closed already. Nothing was changed. Use --recovery-code-file FILE; if the account is "
            "gone, remove the profile folder yourself.",
        )
    if isinstance(error, UnavailableError):
        return ToldError(
            error.code,
            "The server did not answer, so it is not certain that the account is closed. This "
            "profile is still here: run the command again.",
        )
    return error
