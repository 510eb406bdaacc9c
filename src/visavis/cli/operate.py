"""`visavis serve`, `admin signup-link`, `backup`, `restore`: running a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from visavis.cli.context import Context
from visavis.core.errors import VisavisError

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="VISAVIS_DATA", help="The server's data folder."),
]


def default_data() -> Path:
    """Return the data folder that `make run` makes."""
    if os.geteuid() == 0:
        return Path("/var/lib/visavis")
    return Path.home() / ".local" / "share" / "visavis-server"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(serve)
    admin = typer.Typer(help="For whoever runs the server.", no_args_is_help=True)
    admin.command("signup-link")(signup_link)
    app.add_typer(admin, name="admin")
    app.command()(backup)
    app.command()(restore)


def serve(
    ctx: typer.Context,
    data: DataOption = None,
    domain: Annotated[
        str | None, typer.Option(help="Your server's name, for example calls.example.org.")
    ] = None,
    cert: Annotated[Path | None, typer.Option(help="TLS certificate chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS private key (PEM).")] = None,
    external_ip: Annotated[
        str | None, typer.Option(help="Public address, if this machine is behind NAT.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="VISAVIS_PORT", help="Port; 443 with --domain, else 8420.", min=1, max=65535
        ),
    ] = None,
) -> int:
    """Run the server until it is stopped."""
    context: Context = ctx.obj
    from visavis.server.config import ServerConfig
    from visavis.server.serve import serve as serve_until_stopped

    try:
        config = ServerConfig.for_operator(
            data_dir=data or default_data(),
            domain=domain,
            cert=cert,
            key=key,
            external_ip=external_ip,
            port=port,
        )
        serve_until_stopped(config)
    except VisavisError as error:
        return context.fail(error)
    except KeyboardInterrupt:
        context.out.say("The server has stopped.")
    return context.out.finish({})


def signup_link(ctx: typer.Context, data: DataOption = None) -> int:
    """Make a link with which one person can sign up within 24 hours."""
    context: Context = ctx.obj
    from visavis.server.signup_links import make_link

    try:
        link = make_link(data or default_data())
    except VisavisError as error:
        return context.fail(error)
    context.out.show(link)
    context.out.say("Good once, for 24 hours. Give it to one person.")
    return context.out.finish({"link": link})


def _passphrase(context: Context, key_file: Path | None) -> bytes:
    if key_file is not None:
        return key_file.read_bytes()
    return context.password("Passphrase of the backup: ", confirm=False).encode()


KeyFileOption = Annotated[
    Path | None,
    typer.Option(help="File whose content is the backup's passphrase, instead of typing it."),
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

    try:
        with context.out.working("Writing the backup"):
            report = write_backup(data or default_data(), file, _passphrase(context, key_file))
    except VisavisError as error:
        return context.fail(error)
    result: dict[str, Any] = {"file": str(file), "bytes": report.bytes_written}
    context.out.show(f"Backup written: {file} ({report.bytes_written:,} bytes, encrypted).")
    context.out.show(
        "Not inside, on purpose: the password setup file "
        f"{report.opaque_setup}. Keep a copy of it elsewhere; without it nobody can log in by "
        "password on a restored server."
    )
    return context.out.finish(result)


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data: DataOption = None,
    key_file: KeyFileOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what is in the data folder.")
    ] = False,
) -> int:
    """Restore a backup into a data folder, after checking it whole."""
    context: Context = ctx.obj
    from visavis.server.backup import restore as read_backup

    try:
        with context.out.working("Checking and restoring"):
            read_backup(
                file, data or default_data(), _passphrase(context, key_file), replace=replace
            )
    except VisavisError as error:
        return context.fail(error)
    context.out.show(f"Restored into {data or default_data()}. Start it with visavis serve.")
    return context.out.finish({"data": str(data or default_data())})
