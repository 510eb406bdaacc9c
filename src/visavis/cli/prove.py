"""`visavis demo`, `audit stored` and `recording`, `doctor`: they prove what we promise."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from visavis.cli import ask
from visavis.cli.context import DEFAULT_SERVER, Context
from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import VisavisError

PANEL: Final = "See it proven"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=PANEL)(demo)
    audit = typer.Typer(help="Search and attack what a server has.", no_args_is_help=True)
    audit.command("stored")(audit_stored)
    audit.command("recording")(audit_recording)
    app.add_typer(audit, name="audit", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL)(doctor)


def demo(
    ctx: typer.Context,
    seconds: Annotated[
        float, typer.Option(metavar="N", min=1, max=600, help="How many seconds to talk.")
    ] = 5.0,
    media: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A clip of yours to play.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for received.webm, if not this one."),
    ] = None,
) -> int:
    """Show a whole call on this machine: two people, one server, and what the server kept."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.demo_table import show
        from visavis.testing.demo.harness import run_demo

        result = await run_demo(
            seconds=seconds, media=media, keep=keep or Path.cwd(), say=context.out.say
        )
        show(result, context.out)
        return result.as_json()

    return context.run(work)


def audit_stored(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A server's data folder. Without it, a scratch server is used first.",
        ),
    ] = None,
) -> int:
    """Search everything a server keeps, and try to rebuild who called whom from it."""
    context: Context = ctx.obj
    from visavis.cli.audit_table import show
    from visavis.testing.audit.stored import audit_folder, audit_scratch_server

    if data is not None and not (data / "origin").is_file():
        raise MistakeError(f"There is no server in {data}. Nothing was read.")
    with _server_unheard(context), context.out.working("Reading what was kept and attacking it"):
        report = audit_folder(data) if data is not None else audit_scratch_server()
    show(report, context.out)
    return context.out.finish(report.as_json())


def audit_recording(
    ctx: typer.Context,
    seconds: Annotated[
        float,
        typer.Option(metavar="N", min=2, max=60, help="How many seconds the calls last, twice."),
    ] = 20.0,
) -> int:
    """Look for a call's sound and picture in the memory, files and packets of the server's side.

    Starts a server, a relay and an SFU on this machine, and ends them. Takes about a minute.
    """
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.audit_recording_table import show
        from visavis.testing.recording_audit.harness import audit_recording as run

        try:
            report = await run(context.out.say, seconds)
        except VisavisError as error:
            raise ToldError(error.code, f"Nothing was proven: {error.detail}.") from error
        show(report, context.out)
        return report.as_json()

    return context.run(work)


@contextlib.contextmanager
def _server_unheard(context: Context) -> Iterator[None]:
    """Keep the scratch server's log lines off the terminal; what goes wrong is raised."""
    context.out.stderr.file = sys.stderr
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def doctor(ctx: typer.Context) -> int:
    """Check what is installed, the ports, the relay from here, and the clock."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.doctor import run_checks

        server = context.server or _server_of(context) or DEFAULT_SERVER
        checks = await run_checks(server, context.profile)
        context.out.table(
            "",
            ("check", "result", "what was seen, or what to do"),
            [(c.name, c.verdict, c.advice) for c in checks],
        )
        return {
            "ok": all(c.ok for c in checks if c.required),
            "checks": [
                {"name": c.name, "ok": c.ok, "required": c.required, "advice": c.advice}
                for c in checks
            ],
        }

    return context.run(work)


def _server_of(context: Context) -> str | None:
    """Return the profile's server, if its password is at hand without asking; else None."""
    from visavis.sdk.profile import Profile
    from visavis.sdk.store import Store

    try:
        password = ask.password_from_file()
        if password is None or not Store.exists(context.profile):
            return None
        store = Store.open(context.profile, password)
    except VisavisError:
        return None
    try:
        return Profile.load(store).origin
    finally:
        store.close()
