"""`visavis bench group`: group calls over a real SFU, measured on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli.context import Context
from visavis.cli.output import Output
from visavis.cli.told import ToldError
from visavis.core.errors import Code, VisavisError

if TYPE_CHECKING:
    from visavis.testing.group_bench.result import GroupBenchResult

PANEL: Final = "See it proven"
MOST: Final = 64
"""Devices that a group of people may have (ADR 24)."""

TOO_BUSY: Final = (
    "This machine stood still for so long that members fell out of their call; nothing was "
    "measured. All of them share it: try again while it does nothing else, or with fewer members."
)


def register(app: typer.Typer) -> None:
    """Add this command."""
    bench = typer.Typer(help="Measure calls on this machine.", no_args_is_help=True)
    bench.callback()(lambda: None)  # so that `group` is a name, though it is the only one
    bench.command("group")(bench_group)
    app.add_typer(bench, name="bench", rich_help_panel=PANEL)


def bench_group(
    ctx: typer.Context,
    members: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=MOST,
            help="This many alone. Without it: 2, 5, 10, 25 and 50, then keys alone up to 200.",
        ),
    ] = None,
) -> int:
    """Measure group calls: coming, leaving, what a leaver's keys open, and what it costs.

    Starts a server and Janus on this machine, and ends them. Each size takes some three minutes.
    """
    context: Context = ctx.obj

    async def work() -> dict[str, Any]:
        from visavis.testing.group_bench.harness import run_group_bench
        from visavis.testing.group_bench.member import CutOffError

        try:
            result = await run_group_bench(context.out.say, members)
        except CutOffError as error:
            raise ToldError(Code.UNAVAILABLE, TOO_BUSY) from error
        except VisavisError as error:
            if error.code is not Code.NO_SFU:
                raise
            raise ToldError(Code.NO_SFU, f"Nothing was measured: {error.detail}.") from error
        show(result, context.out)
        return result.as_json()

    return context.run(work)


def show(result: GroupBenchResult, out: Output) -> None:
    """Print what was measured, what it means, and which bounds were met."""
    from visavis.testing.group_bench.words import calls_table, keys_table, sentences

    calls, keys = calls_table(result.sizes), keys_table(result.keys)
    out.show()
    out.table("Calls over the SFU", calls[0], calls[1:])
    out.show()
    out.table("Keys alone, without media", keys[0], keys[1:])
    out.show()
    for sentence in sentences(result):
        out.show_raw(sentence)
    out.show()
    if result.ok:
        out.show("[bold green]All bounds were met.[/]")
    for failure in result.failures():
        out.show(f"[bold red]Not met:[/] {failure}.")
