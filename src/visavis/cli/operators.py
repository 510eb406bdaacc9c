"""What the operator's commands share: where the server's data lies, and words for a mistake."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from visavis.cli.told import MistakeError
from visavis.core.errors import UsageError

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", envvar="VISAVIS_DATA", help="The server's data folder."),
]


def default_data() -> Path:
    """Return the data folder that `make run` makes."""
    if os.geteuid() == 0:
        return Path("/var/lib/visavis")
    return Path.home() / ".local" / "share" / "visavis-server"


@contextlib.contextmanager
def operators_words() -> Iterator[None]:
    """Show what an operator asked for wrongly in the words of whoever refused it."""
    try:
        yield
    except UsageError as error:
        detail = error.detail.partition("CK-")[2].partition(": ")[2] or error.detail
        raise MistakeError(f"{detail[:1].upper()}{detail[1:]}. Nothing was changed.") from error
