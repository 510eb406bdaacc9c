"""`visavis demo`, `audit stored`, `doctor`: commands that prove what we promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from visavis.cli.context import Context
from visavis.core.errors import VisavisError


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    audit = typer.Typer(help="Check what is kept.", no_args_is_help=True)
    audit.command("stored")(audit_stored)
    app.add_typer(audit, name="audit")
    app.command()(doctor)


def demo(
    ctx: typer.Context,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to talk.")] = 5.0,
    media: Annotated[Path | None, typer.Option(help="A clip of yours to play.")] = None,
    keep: Annotated[
        Path | None, typer.Option("--out", help="Folder for received.webm; default: here.")
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
            help="A server's data folder. Without it: a scratch server is started and used first."
        ),
    ] = None,
) -> int:
    """Search everything a server keeps, and try to rebuild who called whom from it."""
    context: Context = ctx.obj
    from visavis.cli.audit_table import show
    from visavis.testing.audit.stored import audit_folder, audit_scratch_server

    try:
        with context.out.working("Reading what was kept and attacking it"):
            report = audit_folder(data) if data is not None else audit_scratch_server()
    except VisavisError as error:
        return context.fail(error)
    show(report, context.out)
    return context.out.finish(report.as_json())


def doctor(ctx: typer.Context) -> int:
    """Check what is installed, the ports, the relay from here, and the clock."""
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.cli.context import DEFAULT_SERVER
        from visavis.cli.doctor import run_checks

        checks = await run_checks(context.server or DEFAULT_SERVER, context.profile)
        context.out.table(
            "",
            ("check", "result", "what to do"),
            [(c.name, "good" if c.ok else "BAD", c.advice) for c in checks],
        )
        return {
            "ok": all(c.ok for c in checks if c.required),
            "checks": [{"name": c.name, "ok": c.ok, "advice": c.advice} for c in checks],
        }

    return context.run(work)
