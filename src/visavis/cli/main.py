"""The `visavis` command.

Global options may stand before or after the command: `visavis --json contacts` and
`visavis contacts --json` are the same.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import click
import typer

from visavis.cli import account, calls, contacts, devices, operate, prove
from visavis.cli.context import Context, default_profile
from visavis.cli.output import Output

EPILOG: Final = "Every command also takes --json, --profile DIR and --server URL."

app = typer.Typer(
    help="Visavis: voice and video calls inside direct messages. Face to face, and nobody else.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"visavis {version('visavis')}")
        raise typer.Exit


@app.callback()
def global_options(
    ctx: typer.Context,
    profile: Annotated[
        Path | None,
        typer.Option(envvar="VISAVIS_PROFILE", help="Folder that keeps this person's device."),
    ] = None,
    server: Annotated[
        str | None, typer.Option(envvar="VISAVIS_SERVER", help="Address of the server.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Keep the global options for the command."""
    ctx.obj = Context(profile or default_profile(), server, Output(as_json))


for module in (account, contacts, calls, devices, operate, prove):
    module.register(app)


VALUE_OPTIONS: Final = ("--profile", "--server")
FLAG_OPTIONS: Final = ("--json",)


def globals_first(arguments: list[str]) -> list[str]:
    """Move the global options to the front, so that they may stand anywhere.

    Everything after a lone `--` stays as it is.
    """
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word in FLAG_OPTIONS or word.startswith(tuple(f"{o}=" for o in VALUE_OPTIONS)):
            front.append(word)
        elif word in VALUE_OPTIONS and queue:
            front += [word, queue.pop(0)]
        else:
            rest.append(word)
    return front + rest


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status."""
    words = globals_first(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        status = app(words, standalone_mode=False, prog_name="visavis")
    except click.exceptions.Exit as leaving:
        status = leaving.exit_code
    except click.exceptions.Abort:
        status = Output(as_json).finish({"ok": False, "code": "stopped"})
    except click.ClickException as error:
        error.show(sys.stderr)
        if as_json:
            Output(as_json).finish({"ok": False, "code": "usage", "error": error.format_message()})
        status = 2
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
