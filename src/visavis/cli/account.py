"""`visavis signup`, `login`, `password`: the account and this device's part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.context import DEFAULT_SERVER, TRIES, Context
from visavis.cli.output import Output
from visavis.cli.qr import print_qr
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, UnavailableError, VisavisError
from visavis.core.handle import is_name

PANEL: Final = "Your account"
"""What the server takes as a name; it adds a dot and five digits."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(signup)
    app.command(rich_help_panel=PANEL)(login)
    app.command("password", rich_help_panel=PANEL)(change_password)


def origin_of(link: str) -> str:
    """Return the server address in front of a link's path.

    Raises:
        ToldError: MISTYPED if it is no http(s) link.
    """
    scheme, separator, rest = link.partition("://")
    host = rest.partition("/")[0]
    if not separator or scheme not in {"http", "https"} or not host:
        raise ToldError(
            Code.MISTYPED,
            "This is not a link of a Visavis server. Paste it whole, between single quotes.",
        )
    return f"{scheme}://{host}"


def server_of(context: Context, link: str) -> str:
    """Return the server that a sign-up link is of.

    Raises:
        ToldError: MISTYPED if it is no link; it is of another server than was named.
    """
    server = origin_of(link)
    if context.server is not None and context.server != server:
        raise MistakeError(f"This sign-up link is of {server}, not of {context.server}.")
    return server


def require_name(name: str, then: str) -> None:
    """Refuse what no server takes as a name, and say what comes of it."""
    if not is_name(name):
        raise MistakeError(
            "A name has 2 to 24 characters: small letters a to z, digits, - and _, and begins with "
            f"a letter. {then}"
        )


def new_password(out: Output, given: str | None, *names: str) -> str:
    """Return a password that is strong enough; ask again while it is not (R-91).

    Args:
        out: Where to say why one is refused.
        given: From a file; None to ask for it.
        names: Handle, name, server: what a guesser would try.

    Raises:
        ToldError: WEAK_PASSWORD with the reasons: from a file, or after three tries.
    """
    from visavis.sdk.password_check import judge

    reasons = "The two were not the same."
    for _ in range(1 if given is not None else TRIES):
        typed = given if given is not None else ask.secret("Choose a password, 15 or more long: ")
        judgement = judge(typed, context=names)
        reasons = " ".join(judgement.sentences)
        if not judgement.verdict.accepted:
            out.say(f"This password is not strong enough. {reasons}")
        elif given is not None or ask.secret("The same again: ") == typed:
            return typed
        else:
            reasons = "The two were not the same."
            out.say(reasons)
    raise ToldError(Code.WEAK_PASSWORD, f"No password was chosen and nothing was made. {reasons}")


def signup(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The sign-up link that the server printed.")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Your name on this server, for example anna.")
    ],
) -> int:
    """Make an account, with the profile folder as its first device."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client
        from visavis.sdk.store import Store

        out, server = context.out, server_of(context, link)
        require_name(name, "Nothing was made.")
        if Store.exists(context.profile):
            raise ToldError(
                Code.STORE_LOCKED,
                f"There is a profile in {context.profile} already. Choose another folder for "
                "another person with --profile DIR.",
            )
        password = new_password(out, ask.password_from_file(), name, server)
        with out.working("Making your account"):
            client = await Client.signup(context.profile, server, link, name, password)
        async with client:
            code = client.recovery_code
            out.show(f"Welcome. You are [bold]{client.handle}[/].")
            out.show()
            out.show(f"Your recovery code: [bold]{code}[/]")
            out.show(
                "Write it down and keep it away from this computer; it is not shown again. Whoever "
                "has it\ncan get into your account. Without it and your password nobody can, not "
                "even the server."
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
        typer.Option(
            metavar="FILE", help="File with your recovery code, if no other device is at hand."
        ),
    ] = None,
    lost_devices: Annotated[
        bool,
        typer.Option(
            "--lost-devices",
            help="With the recovery code: all your other devices are lost; shut them out, and have "
            "them erase what they hold if they ever connect again.",
        ),
    ] = False,
) -> int:
    """Make the profile folder one more device of your account."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client
        from visavis.sdk.store import Store

        out, server = context.out, context.server or DEFAULT_SERVER
        if Store.exists(context.profile):
            raise ToldError(
                Code.STORE_LOCKED,
                f"There is a profile in {context.profile} already. Choose an empty folder with "
                "--profile DIR.",
            )
        code = ask.recovery_code(recovery_code_file)
        if recovery_code_file is None and ask.interactive():
            out.say("With another device of yours at hand, press Enter; else type your recovery")
            out.say("code, and your account's password becomes the one you type next:")
            code = await ask.line() or None
        if lost_devices and code is None:
            raise MistakeError("--lost-devices needs your recovery code. Nothing was changed.")
        password = context.password()

        def on_pairing(link: str) -> None:
            print_qr(link, out)
            out.say("On a device of yours that is logged in, within five minutes, run:")
            out.say(f"  visavis device approve '{link}'")

        def on_digits(digits: str) -> None:
            out.say(f"Your other device must show these digits: [bold]{digits}[/]")

        try:
            client = await Client.login(
                context.profile,
                server,
                handle,
                password,
                recovery_code=code,
                lost_devices=lost_devices,
                on_pairing=on_pairing,
                on_digits=on_digits,
            )
        except VisavisError as error:
            raise _explained(error, server) from error
        async with client:
            out.show(f"This is now a device of [bold]{client.handle}[/].")
            if code is not None:
                out.show(
                    "Your contacts are asked to let it in; each does so when they are next there."
                )
                out.show(
                    "Contacts made within the last hour may be missing; pairing with another "
                    "device of yours brings those too."
                )
            return {"handle": client.handle, "server": server}

    return context.run(work)


def _explained(error: VisavisError, server: str) -> VisavisError:
    if error.code is Code.LOGIN_FAILED:
        return ToldError(
            error.code,
            f"Handle, password or recovery code is wrong for {server}. Nothing was changed. An "
            "account that was made with a passkey has no password until one is set in a browser, "
            "under Settings, Passkeys; the recovery code opens it too.",
        )
    if isinstance(error, UnavailableError) and error.code is Code.UNAVAILABLE:
        return ToldError(
            error.code,
            f"{server} cannot be reached. Nothing was changed. Another server: --server URL.",
        )
    if error.code is Code.NO_ANSWER:
        return ToldError(
            error.code,
            "No other device approved this one, so it was not let in and nothing was changed.",
        )
    return error


def change_password(
    ctx: typer.Context,
    new_password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the new password; else you type it."),
    ] = None,
) -> int:
    """Change your password. Your recovery code stays as it is."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        given = None
        if new_password_file is not None:
            given = ask.secret_from_file(new_password_file, "--new-password-file names")
        client, old = await context.open()
        async with client:
            new = new_password(context.out, given, client.handle)
            await client.change_password(old, new)
        context.out.show("Your password is changed, for your account and for this profile.")
        context.out.show("Your other devices still open with the password they were made with.")
        return {}

    return context.run(work)
