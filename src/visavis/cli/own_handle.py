"""`visavis handle`: what you are called on this server, and another name (R-82)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.account import require_name
from visavis.cli.context import Context
from visavis.cli.devices import CodeFileOption
from visavis.cli.output import plain
from visavis.cli.told import ToldError
from visavis.core.errors import Code, UnavailableError, VisavisError

PANEL: Final = "Your account"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Show your name, or change it.", invoke_without_command=True)
    group.callback()(handle)
    group.command("change")(change)
    app.add_typer(group, name="handle", rich_help_panel=PANEL)


def handle(ctx: typer.Context) -> int:
    """Show your name, or change it."""
    if ctx.invoked_subcommand is not None:
        return 0
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        client, _ = await context.open()
        async with client:
            context.out.show(f"You are [bold]{plain(client.handle)}[/].")
            context.out.show("Another name: visavis handle change NAME")
            return {"handle": client.handle}

    return context.run(work)


def change(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The new name, for example maria.")],
    recovery_code_file: CodeFileOption = None,
) -> int:
    """Change your name. The server adds digits; your contacts are told."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        require_name(
            name, "Leave the dot and the digits away: the server adds them. Nothing was changed."
        )
        out, code = context.out, ask.recovery_code(recovery_code_file)
        client, password = await context.open()
        async with client:
            was = client.handle
            try:
                with out.working("Changing your name"):
                    new = await client.rename(name, password, recovery_code=code)
            except VisavisError as error:
                raise _explained(error) from error
        out.show(f"You are now [bold]{plain(new)}[/]. Log in with that name from now on.")
        out.show(
            "Your contacts are told, each when they are next there, and see which name took the "
            "place of\nwhich. So are your other devices."
        )
        out.show(
            f"{plain(was)} is free: whoever looks for it finds nobody, and somebody else may get "
            "it."
        )
        if code is not None:
            out.show("Your account's password is now the one of this profile.")
        return {"handle": new, "was": was}

    return context.run(work)


def _explained(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.LOGIN_FAILED:
            sentence = (
                "The server does not take this profile's password for the account. Nothing was "
                "changed. With --recovery-code-file FILE your recovery code is taken in its place, "
                "and the account's password becomes the one of this profile."
            )
        case Code.QUOTA:
            sentence = (
                "Your name was changed as often today as the server allows. Nothing was changed; "
                "try again tomorrow."
            )
        case _ if isinstance(error, UnavailableError):
            sentence = (
                "The server did not answer, so it is not certain that your name was changed. Run "
                "the same command again: it finds out."
            )
        case _:
            return error
    return ToldError(error.code, sentence)
