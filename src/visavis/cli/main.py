"""The `visavis` command.

Global options may stand before or after the command: `visavis --json contacts` and
`visavis contacts --json` are the same. Whatever a command raises becomes a sentence here.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import typer
from typer._click.exceptions import ClickException

from visavis.cli import (
    account,
    bench_group,
    by_handle,
    call_links,
    calls,
    closing,
    consents,
    contacts,
    data,
    devices,
    files,
    first_contact,
    groups,
    history,
    listening,
    move,
    operate,
    own_handle,
    prove,
    recordings,
    verify_receipt,
    verify_recording,
)
from visavis.cli.context import Context, default_profile, server_named
from visavis.cli.output import Output
from visavis.cli.told import explain
from visavis.cli.typer_help import without_types

EPILOG: Final = (
    "Options may stand before or after the command. VISAVIS_PASSWORD_FILE names a file with your "
    "password, so that it need not be typed."
)
STOPPED: Final = 130
"""Exit status after Ctrl-C, as shells know it."""
USAGE: Final = 2
"""Exit status when the command line itself makes no sense."""

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
        typer.Option(
            metavar="DIR", envvar="VISAVIS_PROFILE", help="Folder that keeps this person's device."
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="VISAVIS_SERVER",
            help="The server, for login and doctor; a profile remembers its own.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the result as one JSON object, the last line of stdout."
        ),
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Keep the global options for the command."""
    ctx.obj = Context(profile or default_profile(), server_named(server), Output(as_json))


for module in (
    calls,
    call_links,
    listening,
    history,
    recordings,
    consents,
    first_contact,
    contacts,
    groups,
    files,
    by_handle,
    account,
    own_handle,
    move,
    devices,
    data,
    closing,
    operate,
    prove,
    verify_recording,
    verify_receipt,
    bench_group,
):
    module.register(app)
without_types()

VALUE_OPTIONS: Final = ("--profile", "--server")
FLAG_OPTIONS: Final = ("--json",)


def globals_first(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the global options from the rest, so that they may stand anywhere.

    Everything after a lone `--` stays as it is.

    Returns:
        The global options, and everything else in its order.
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
    return front, rest


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status."""
    front, rest = globals_first(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_status([*front, *rest], Output("--json" in front)))


def _status(words: list[str], out: Output) -> int:
    try:
        status = app(words, standalone_mode=False, prog_name="visavis")
    except typer.Abort:  # The end of input where something was asked.
        status = STOPPED
    except typer.TyperException as error:
        return _misused(error, out)
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, never a traceback
        return explain(error, out)
    if status == STOPPED:  # Typer returns it for Ctrl-C.
        out.say("Stopped.")
        out.finish({"ok": False, "code": "stopped"})
    return status if isinstance(status, int) else 0


def _misused(error: typer.TyperException, out: Output) -> int:
    """Show what is wrong with the command line, or the help where nothing was asked for."""
    if isinstance(error, ClickException):
        error.show(sys.stderr)
        text = error.format_message()
    else:
        text = str(error)
    text = text or "Say what to do: visavis --help lists it."
    out.finish({"ok": False, "code": "usage", "error": text})
    return USAGE


if __name__ == "__main__":
    main()
