"""`visavis signup`, `login`, `password`: the account and this device's part of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from visavis.cli.context import DEFAULT_SERVER, Context
from visavis.cli.qr import print_qr
from visavis.core.errors import Code, PeerError


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(signup)
    app.command()(login)
    app.command("password")(change_password)


def _read_secret(path: Path | None) -> str | None:
    return path.read_text(encoding="utf-8").strip() if path else None


def origin_of(link: str) -> str:
    """Return the server address in front of a link's path.

    Raises:
        PeerError: MALFORMED if it is no http(s) link.
    """
    scheme, separator, rest = link.partition("://")
    if not separator or scheme not in {"http", "https"}:
        raise PeerError(Code.MALFORMED, "not a link")
    return f"{scheme}://{rest.split('/', 1)[0]}"


def signup(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The sign-up link that the server printed.")],
    name: Annotated[str, typer.Option(help="Your name here, for example anna.")],
) -> int:
    """Make an account, with this folder as its first device."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client

        out = context.out
        server = context.server or origin_of(link)
        password = context.password("Choose a password (15 characters or more): ", confirm=True)
        with out.working("Making your account"):
            client = await Client.signup(context.profile, server, link, name, password)
        async with client:
            code = client.recovery_code
            out.show(f"Welcome, [bold]{client.handle}[/].")
            out.show()
            out.show(f"Your recovery code: [bold]{code}[/]")
            out.show(
                "Write it down and keep it away from this computer. Whoever has it can get into "
                "your account;\nwithout it and without your password nobody can, not even us."
            )
            out.show()
            out.show("Next: [bold]visavis invite[/] makes a link for somebody you want to talk to.")
            return {"handle": client.handle, "recovery_code": code, "server": server}

    return context.run(work)


def login(
    ctx: typer.Context,
    handle: Annotated[str, typer.Argument(help="Your full handle, for example anna.48213.")],
    recovery_code_file: Annotated[
        Path | None,
        typer.Option(help="File with your recovery code, if no other device of yours is at hand."),
    ] = None,
) -> int:
    """Make this folder another device of your account."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client

        out = context.out
        server = context.server or DEFAULT_SERVER
        code = _read_secret(recovery_code_file)
        if code is None and sys.stdin.isatty():
            out.say("Press Enter to pair with another device of yours, or type your recovery code:")
            code = sys.stdin.readline().strip() or None
        password = context.password()

        def on_pairing(link: str) -> None:
            out.say("On your other device run:")
            out.say(f"  visavis device approve '{link}'")
            out.say("or scan this:")
            print_qr(link, out)

        def on_digits(digits: str) -> None:
            out.say(f"Compare with your other device: [bold]{digits}[/]")

        client = await Client.login(
            context.profile,
            server,
            handle,
            password,
            recovery_code=code,
            on_pairing=on_pairing,
            on_digits=on_digits,
        )
        async with client:
            out.show(f"This is now a device of [bold]{client.handle}[/].")
            return {"handle": client.handle, "server": server}

    return context.run(work)


def change_password(
    ctx: typer.Context,
    new_password_file: Annotated[
        Path | None, typer.Option(help="File with the new password, to change it without typing.")
    ] = None,
) -> int:
    """Change your password. Your recovery code stays as it is."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client

        old = context.password("Present password: ")
        new = _read_secret(new_password_file)
        if new is None:
            import getpass

            new = getpass.getpass("New password: ", stream=sys.stderr)
        async with await Client.open(context.profile, old) as client:
            await client.change_password(old, new)
        context.out.show("The password is changed.")
        return {}

    return context.run(work)
