"""`visavis move`: an account goes to another server, in one encrypted file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.account import new_password, require_name, server_of
from visavis.cli.context import TRIES, Context, synced
from visavis.cli.history_control import YesOption
from visavis.cli.new_file import write_new
from visavis.cli.output import Output, plain
from visavis.cli.qr import print_qr
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, VisavisError
from visavis.core.handle import name_of

if TYPE_CHECKING:
    from visavis.core.move_file import Moved
    from visavis.sdk.client import Client, Contact
    from visavis.sdk.client_move import AwaitedContact

PANEL: Final = "Your account"
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file.")]
PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="File with the file's passphrase."),
]
NO_FEDERATION: Final = (
    "Servers do not talk to each other. A contact stays one only with an account at the new server "
    "as well:\n"
    "somebody has to let them sign up there, and they have to want it."
)


def register(app: typer.Typer) -> None:
    """Add `visavis move` and what is under it."""
    group = typer.Typer(
        help="Go to another server: who you are, your contacts, your history of calls, settings.",
        no_args_is_help=True,
    )
    group.command("out")(move_out)
    group.command("in")(move_in)
    for command in (awaited, invite, tell):
        group.command(command.__name__)(command)
    app.add_typer(group, name="move", rich_help_panel=PANEL)


def move_out(
    ctx: typer.Context,
    file: FileArgument,
    passphrase_file: PassphraseOption = None,
    yes: YesOption = False,
) -> int:
    """Put your account into a file for another server. Here it stays as it is."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        chosen = None
        if passphrase_file is not None:
            chosen = ask.secret_from_file(passphrase_file, "--passphrase-file names")
        if file.exists():
            raise MistakeError(f"There is a file {file} already. Nothing was written.")
        out = context.out
        client, password = await context.open()
        async with client:
            await synced(client)
            await _say_what_goes(client, out)
            await _sure(out, "Write the file?", "Nothing was written.", yes=yes)
            try:
                with out.working("Writing it"):
                    made = await client.move_out(password, passphrase=chosen)
            except VisavisError as error:
                raise _explained_out(error) from error
            write_new(file, made.data)
            out.show(f"Written to {plain(str(file))}, readable by you alone.")
            if chosen is None:
                out.show()
                out.show(f"Its passphrase: [bold]{made.passphrase}[/]")
            out.show(
                "Whoever has the file and its passphrase can be you. Keep them apart, and delete "
                "the file\nonce you have moved. The passphrase is not shown again."
            )
            out.say("Next, with a sign-up link of the new server, and once only:")
            out.say(f"  visavis --profile NEW-DIR move in {plain(str(file))} --signup-link 'LINK'")
            result = {"file": str(file), "contacts": made.contacts, "calls": made.calls}
            return result if chosen is not None else result | {"passphrase": made.passphrase}

    return context.run(work)


async def _say_what_goes(client: Client, out: Output) -> None:
    """Say who and what goes along, and what does not, before anything is written."""
    contacts, calls = await client.contacts(), await client.call_history()
    if contacts:
        out.say("These contacts go along, as people you wait for at the new server:")
        for contact in contacts:
            marks = [*(["verified"] if contact.verified else []), contact.state]
            out.say(f"  {plain(contact.name)} ({', '.join(marks)})")
        out.say(NO_FEDERATION)
    else:
        out.say("You have no contacts.")
    out.say(f"{len(calls)} calls of your history and your settings go along as well.")
    out.say(
        "Messages and files do not: they stay on this device. You will have a new handle, a new "
        "recovery code\nand one device; others of yours log in there anew."
    )


def _explained_out(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.LOGIN_FAILED:
            sentence = (
                "The password that opens this profile is no longer your account's. Nothing was "
                "written. visavis login in an empty --profile DIR makes a device that has it."
            )
        case Code.WEAK_PASSWORD:
            sentence = (
                "This passphrase is not strong enough for a file that may lie about for years. "
                "Nothing was written. Without --passphrase-file one is made for you."
            )
        case _:
            return error
    return ToldError(error.code, sentence)


def move_in(
    ctx: typer.Context,
    file: FileArgument,
    signup_link: Annotated[
        str, typer.Option("--signup-link", metavar="LINK", help="A sign-up link of the new server.")
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Your name there; as it was before if left out."),
    ] = None,
    passphrase_file: PassphraseOption = None,
) -> int:
    """Go on at another server with what a file holds, in an empty profile folder."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.sdk.client import Client
        from visavis.sdk.store import Store

        out, server = context.out, server_of(context, signup_link)
        if Store.exists(context.profile):
            raise ToldError(
                Code.STORE_LOCKED,
                f"There is a profile in {context.profile} already. Choose an empty folder for the "
                "new server with --profile DIR. Nothing was changed.",
            )
        moved = await _opened(file, passphrase_file, out)
        called = name or name_of(moved.handle)
        require_name(called, "Say one with --name. Nothing was made.")
        out.say(f"This is the account {plain(moved.handle)}. Choose its password at {server}.")
        password = new_password(out, ask.password_from_file(), called, server)
        with out.working("Making your account there"):
            client = await Client.move_in(
                context.profile, server, signup_link, called, password, moved
            )
        async with client:
            waiting, calls = await client.awaited(), await client.call_history()
            _say_what_came(out, client, waiting, len(calls))
            return {
                "handle": client.handle,
                "recovery_code": client.recovery_code,
                "server": server,
                "awaited": [one.name for one in waiting],
                "calls": len(calls),
            }

    return context.run(work)


def _say_what_came(out: Output, client: Client, waiting: list[AwaitedContact], calls: int) -> None:
    out.show(f"Welcome. Here you are [bold]{client.handle}[/], with {calls} calls in your history.")
    out.show()
    out.show(f"Your recovery code here: [bold]{client.recovery_code}[/]")
    out.show("Write it down and keep it away from this computer; it is not shown again.")
    if waiting:
        out.say(f"{len(waiting)} contacts of before are not here yet: visavis move awaited")
        out.say("Next: visavis move invite, and send its link from your old profile:")
        out.say("  visavis --profile OLD-DIR move tell 'LINK'")
    out.say("Delete the file, and do not bring it in a second time: whoever has met you here would")
    out.say("refuse the other account, as it should.")
    out.say("Your account at the old server is as it was. When everybody is told, close it there:")
    out.say("  visavis account close")


async def _opened(file: Path, passphrase_file: Path | None, out: Output) -> Moved:
    """Read the file and open it; ask again for a passphrase that was typed wrong."""
    from visavis.core.move_file import SIZES, MoveFileError, Why, read_work
    from visavis.sdk.move import read_file

    try:
        with file.open("rb") as source:
            data = source.read(SIZES[-1] + 1)
    except OSError as error:
        raise MistakeError(
            f"{file} cannot be read: {error.strerror}. Nothing was changed."
        ) from None
    read_work(data)
    given = None
    if passphrase_file is not None:
        given = ask.secret_from_file(passphrase_file, "--passphrase-file names")
    for left in reversed(range(1 if given is not None else TRIES)):
        typed = ask.secret("The file's passphrase: ") if given is None else given
        try:
            return await asyncio.to_thread(read_file, data, typed)
        except MoveFileError as error:
            if error.why is not Why.PASSPHRASE or not left:
                raise
            out.say(error.describe())
    raise AssertionError("the last try returns or raises")


def awaited(
    ctx: typer.Context,
    forget: Annotated[
        str | None,
        typer.Option("--forget", metavar="NAME", help="Do not wait for this one any longer."),
    ] = None,
) -> int:
    """Show which contacts of before are not here yet."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        await synced(client, context.out)
        waiting = await client.awaited()
        if forget is not None:
            gone = _named(waiting, forget)
            await client.forget_awaited(gone)
            context.out.show(
                f"{plain(gone.name)} is not waited for any longer. Whoever comes as them is a "
                "stranger."
            )
            return {"forgotten": gone.name}
        for one in waiting:
            marks = [word for word, on in _marks(one).items() if on]
            context.out.show(f"[bold]{plain(one.name)}[/] {', '.join(marks)}".rstrip())
        if waiting:
            context.out.say(
                "They need an account at this server. When they come with the key you know, they "
                "are as before."
            )
        else:
            context.out.show("Nobody is waited for.")
        return {"awaited": [{"name": one.name, **_marks(one)} for one in waiting]}

    return context.run_with_client(use)


def _marks(one: AwaitedContact) -> dict[str, bool]:
    return {"verified": one.verified, "blocked": one.blocked}


def _named(waiting: list[AwaitedContact], name: str) -> AwaitedContact:
    exact = [one for one in waiting if one.name == name]
    found = exact or [one for one in waiting if one.name.startswith(name)]
    if len(found) != 1:
        raise MistakeError(
            f"Nobody called {plain(name)} is waited for, or more than one. visavis move awaited "
            "lists them."
        )
    return found[0]


def invite(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="For this one of before alone; for all of them if left out."),
    ] = None,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=30, help="For how many days it is good.")
    ] = 30,
    qr: Annotated[bool, typer.Option(help="Whether to show it as a QR code too.")] = False,
) -> int:
    """Make the link that brings contacts of before here: for all of them, or for one."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        one = None if name is None else _named(await client.awaited(), name)
        link = await client.create_invite(single_use=one is not None, days=days)
        if qr and not context.out.as_json:
            print_qr(link, context.out)
        context.out.show_raw(link)
        context.out.say(f"Good for {days} days. Send it from your old profile:")
        only = "" if one is None else f" --only {plain(one.name)}"
        context.out.say(f"  visavis --profile OLD-DIR move tell 'LINK'{only}")
        if one is None:
            context.out.say("Then approve each of them here: visavis requests")
        return {"link": link, "days": days, "single_use": one is not None}

    return context.run_with_client(use)


def tell(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(help="The link that visavis move invite made there.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Tell this contact alone; may be repeated."),
    ] = None,
    yes: YesOption = False,
) -> int:
    """Tell your contacts where you go, inside your conversations with them."""
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        out = context.out
        await synced(client)
        try:
            text = await client.move_message(link)
        except VisavisError as error:
            raise _explained_link(error) from error
        if only:
            chosen = [await client.find_contact(one) for one in only]
        else:
            chosen = await client.contacts()
        whom = [contact for contact in chosen if contact.state == "contact"]
        others = [contact for contact in chosen if contact.state != "contact"]
        out.say("They will read:")
        for line in text.splitlines():
            out.say(f"  {plain(line)}")
        for contact in whom:
            out.say(f"To: {plain(contact.name)}")
        for contact in others:
            out.say(f"Not to: {plain(contact.name)} ({contact.state})")
        if not whom:
            out.show("There is nobody to tell. Nothing was sent.")
            return {"sent": [], "not_sent": [contact.name for contact in others]}
        await _sure(out, "Send it?", "Nothing was sent.", yes=yes)
        sent, failed = await _send(client, whom, link)
        fresh = await synced(client, out)
        out.show(f"Sent to {len(sent)}. Whether they come is theirs to decide.")
        if not fresh:
            out.say("It goes out when the server is there again and you run visavis.")
        for contact in failed:
            out.show(f"Not sent to [bold]{plain(contact.name)}[/].")
        missed = [contact.name for contact in (*others, *failed)]
        return {"sent": [contact.name for contact in sent], "not_sent": missed}

    return context.run_with_client(use)


async def _send(
    client: Client, whom: list[Contact], link: str
) -> tuple[list[Contact], list[Contact]]:
    sent, failed = [], []
    for contact in whom:
        try:
            await client.tell_of_move(contact, link)
        except VisavisError:
            failed.append(contact)
        else:
            sent.append(contact)
    return sent, failed


def _explained_link(error: VisavisError) -> VisavisError:
    match error.code:
        case Code.REFUSED:
            sentence = (
                "This link is of somebody else: your contacts would become theirs. Nothing was "
                "sent. Make it at the new server with visavis move invite."
            )
        case Code.UNEXPECTED:
            sentence = (
                "This link leads to the server where you are. Nothing was sent. Make it in the "
                "profile of the new server: visavis --profile NEW-DIR move invite"
            )
        case _:
            return error
    return ToldError(error.code, sentence)


async def _sure(out: Output, question: str, otherwise: str, *, yes: bool) -> None:
    """Go on only if the person says so.

    Raises:
        MistakeError: They do not, or nobody is there to ask.
    """
    if yes:
        return
    if not ask.interactive():
        raise MistakeError(f"There is nobody to ask: add --yes. {otherwise}")
    out.say(f"{question} (yes/no)")
    if not await ask.yes():
        raise MistakeError(otherwise)
