"""`visavis serve`, `admin`, `backup`, `restore`: running a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from visavis.cli import ask, requests_desk
from visavis.cli.context import Context
from visavis.cli.operators import DataOption, default_data, operators_words
from visavis.cli.output import plain
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, FatalError, VisavisError

PANEL: Final = "Run a server"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(serve)
    admin = typer.Typer(
        help="Make sign-up links, print the record of processing, answer requests: on the server.",
        no_args_is_help=True,
    )
    admin.command("signup-link")(signup_link)
    admin.command("record")(record)
    requests_desk.register(admin)
    app.add_typer(admin, name="admin", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL)(backup)
    app.command(rich_help_panel=PANEL)(restore)


def serve(
    ctx: typer.Context,
    data: DataOption = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The server's name, for example calls.example.org."),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS certificate chain, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="TLS private key, PEM.")] = None,
    external_ip: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Public address, if this machine is behind NAT."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            envvar="VISAVIS_PORT",
            help="TCP port: 443 with --domain, else 8420, if not given.",
            min=1,
            max=65535,
        ),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="Another web server on this machine ends TLS for --domain; listen on loopback.",
        ),
    ] = False,
    push: Annotated[
        str | None,
        typer.Option(
            metavar="HOST,...",
            help="Push services that may ring closed apps; none if not given. See docs/operate.",
        ),
    ] = None,
    push_contact: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="What push services are told: mailto:YOU, else the server's address.",
        ),
    ] = None,
    operator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who runs the server, for the privacy notice."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="How to reach them: mailto:YOU, for the privacy notice and security.txt.",
        ),
    ] = None,
) -> int:
    """Run the server until Ctrl-C."""
    context: Context = ctx.obj
    from visavis.server.config import ServerConfig
    from visavis.server.serve import serve as serve_until_stopped

    say = context.out.say_raw if context.out.as_json else context.out.show_raw
    with operators_words():
        config = ServerConfig.for_operator(
            data_dir=data or default_data(),
            domain=domain,
            cert=cert,
            key=key,
            external_ip=external_ip,
            port=port,
            behind_proxy=behind_proxy,
            push=[host.strip() for host in push.split(",")] if push else (),
            push_contact=push_contact,
            operator=operator,
            contact=contact,
        )
        try:
            serve_until_stopped(config, say)
        except VisavisError as error:
            if error.code is Code.UNAVAILABLE and error.detail:
                detail = error.detail
                raise ToldError(
                    error.code, f"The server did not start: {detail}. Nothing was changed."
                ) from error
            raise
    context.out.say("The server has stopped.")
    return context.out.finish({})


def signup_link(ctx: typer.Context, data: DataOption = None) -> int:
    """Make a link with which one person can sign up within 24 hours."""
    context: Context = ctx.obj
    from visavis.server.signup_links import make_link

    folder = data or default_data()
    if not (folder / "origin").is_file():
        raise MistakeError(
            f"There is no server in {folder}. Start one with visavis serve, or name its folder "
            "with --data DIR. Nothing was changed."
        )
    link = make_link(folder)
    context.out.show_raw(link)
    context.out.say("Good once, for 24 hours. Give it to one person. They run:")
    context.out.say("  visavis signup 'LINK' --name NAME")
    return context.out.finish({"link": link})


def record(
    ctx: typer.Context,
    data: DataOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As a table, instead of JSON.")] = False,
) -> int:
    """Print the record of processing activities (GDPR, Article 30) of the running server."""
    context: Context = ctx.obj
    from visavis.cli import record_of

    server = record_of.origin(context.server, data or default_data())
    if as_csv:
        table = record_of.fetch_csv(server)
        context.out.show(plain(table.rstrip("\n"), lines=True))
        return context.out.finish({"csv": table})
    found = record_of.fetch_json(server)
    context.out.show(plain(json.dumps(found, indent=2, ensure_ascii=False), lines=True))
    return context.out.finish({"record": found})


def _passphrase(file: Path | None, *, choose: bool) -> bytes:
    if file is not None:
        try:
            return file.read_bytes()
        except OSError:
            raise MistakeError(f"{file} cannot be read. Nothing was changed.") from None
    given = ask.password_from_file()
    if given is not None:
        return given.encode()
    typed = ask.secret("Passphrase of the backup: ")
    if choose and ask.secret("The same again: ") != typed:
        raise MistakeError("The two were not the same. Nothing was changed.")
    return typed.encode()


KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File whose whole content is the passphrase; else you type it."
    ),
]


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write the encrypted backup.")],
    data: DataOption = None,
    key_file: KeyFileOption = None,
) -> int:
    """Write an encrypted backup of the server, while it runs."""
    context: Context = ctx.obj
    from visavis.server.backup import backup as write_backup

    out, folder = context.out, data or default_data()
    passphrase = _passphrase(key_file, choose=True)
    with operators_words(), out.working("Writing the backup"):
        report = write_backup(folder, file, passphrase)
    result: dict[str, Any] = {"file": str(file), "bytes": report.bytes_written}
    elsewhere = [str(path) for path in report.keep_elsewhere]
    out.show_raw(f"Backup written: {file} ({report.bytes_written:,} bytes, encrypted).")
    out.show_raw(
        f"Beside it, in place of the one before: {report.erasure_keys}. Restoring any backup needs "
        "the newest of these, and no older one: keep no older ones, they would open what was "
        "deleted."
    )
    out.show_raw(
        f"It can be restored for {report.days} days. Accounts that are closed from now on stay out."
    )
    out.show_raw(f"Not in it, on purpose: {' and '.join(elsewhere)}")
    out.show(
        "Keep a copy of these two files somewhere else. Without them nobody can log in by password "
        "on a restored server; with them and the backup together, passwords could be guessed."
    )
    return out.finish(
        {
            **result,
            "accounts": report.accounts,
            "days": report.days,
            "erasure_keys": str(report.erasure_keys),
            "keep_elsewhere": elsewhere,
        }
    )


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data: DataOption = None,
    key_file: KeyFileOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what is in the data folder.")
    ] = False,
    erasure_keys: Annotated[
        Path | None,
        typer.Option(
            "--erasure-keys",
            metavar="FILE",
            help="The newest erasure-keys, if they do not lie beside the backup.",
        ),
    ] = None,
) -> int:
    """Restore a backup into a data folder, after checking all of it."""
    context: Context = ctx.obj
    from visavis.server.restore import restore as read_backup

    out, folder = context.out, data or default_data()
    for named in (file, erasure_keys or file):
        if not named.is_file():
            raise MistakeError(f"There is no file {named}. Nothing was changed.")
    passphrase = _passphrase(key_file, choose=False)
    try:
        with operators_words(), out.working("Checking and restoring"):
            report = read_backup(
                file, folder, passphrase, replace=replace, erasure_keys=erasure_keys
            )
    except VisavisError as error:
        raise _explained(error) from error
    out.show_raw(f"Restored into {folder}: {_count(report.accounts)}.")
    if report.left_out:
        out.show(
            f"Left out: {_count(report.left_out)}, closed since this backup was made. What it "
            "holds of them can be read by nobody any more: their keys are destroyed."
        )
    if not (folder / "keys" / "root-key").is_file():
        out.show_raw(f"Now put your copies of root-key and opaque-setup into {folder / 'keys'}.")
    out.show("Then start it with visavis serve.")
    return out.finish(
        {"data": str(folder), "accounts": report.accounts, "left_out": report.left_out}
    )


def _count(accounts: int) -> str:
    return "1 account" if accounts == 1 else f"{accounts:,} accounts"


def _explained(error: VisavisError) -> VisavisError:
    from visavis.server.backup_form import RestoreError

    if isinstance(error, RestoreError):
        return ToldError(error.code, error.describe())
    if isinstance(error, FatalError):
        return ToldError(error.code, f"The server's folder: {error.detail}. Nothing was changed.")
    match error.code:
        case Code.STORE_LOCKED:
            return ToldError(
                error.code, "The passphrase is wrong, or the file is damaged. Nothing was changed."
            )
        case Code.MALFORMED:
            return ToldError(
                error.code, "This is no whole backup: damaged or cut short. Nothing was changed."
            )
        case Code.STORE_BUSY | Code.UNAVAILABLE:
            return ToldError(
                error.code, "A server runs on this data folder. Stop it first. Nothing was changed."
            )
        case _:
            return error
