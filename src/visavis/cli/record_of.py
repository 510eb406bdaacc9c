"""The record of processing of a server that runs: asked of the server, which alone knows it.

What it is made from is the configuration the server was started with, and that is nowhere on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx

from visavis.cli.told import MistakeError, ToldError
from visavis.core.errors import Code, UsageError

TIMEOUT_S: Final = 10.0


def origin(named: str | None, folder: Path) -> str:
    """Return where the server is: as named, or as its data folder remembers.

    Args:
        named: By --server; None if it was not.
        folder: The server's data folder.

    Raises:
        MistakeError: There is no server in the folder.
    """
    if named is not None:
        return named
    from visavis.server.config import remembered_origin

    try:
        return remembered_origin(folder)
    except UsageError:
        raise MistakeError(
            f"There is no server in {folder}. Name its folder with --data DIR, or its address with "
            "--server URL. Nothing was changed."
        ) from None


def fetch_json(server: str) -> dict[str, Any]:
    """Return the record as the server gives it.

    Raises:
        ToldError: UNAVAILABLE, the server does not answer.
    """
    record: dict[str, Any] = _get(server, "/privacy/record.json").json()
    return record


def fetch_csv(server: str) -> str:
    """Return the record as a table, lines ended as text files end them. Errors as `fetch_json`."""
    return _get(server, "/privacy/record.csv").text.replace("\r\n", "\n")


def _get(server: str, path: str) -> httpx.Response:
    try:
        return httpx.get(f"{server}{path}", timeout=TIMEOUT_S).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ToldError(
            Code.UNAVAILABLE,
            f"The server at {server} does not answer, and only a running server knows its "
            "recipients and its contact. Start it, then ask again. Nothing was changed.",
        ) from error
