"""`visavis data`: what the server and this device have of you, in plain words and as it is stored.

The words are for reading; `--json` has every row as the server answers, `--save` also every long
value. Nothing is left out of either: what is not about you alone is said to be so.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from visavis.cli import data_change
from visavis.cli.context import Context
from visavis.cli.data_words import AT_REST, BASES, NAMES, SENTENCES, WHO, countdown, size
from visavis.cli.output import Output
from visavis.cli.told import MistakeError
from visavis.core import base64url
from visavis.ports.clock import day_text

if TYPE_CHECKING:
    from visavis.sdk.client import Client
    from visavis.sdk.local_data import LocalData
    from visavis.sdk.server_data import DataRow, DataTable, ServerData, Value

PANEL: Final = "Your account"
AHEAD: Final = 30
"""Days ahead of the second column of totals."""

MOST_DAYS: Final = 1_100
FIRST_BYTES: Final = 6
"""Bytes of a value that are shown; the rest is in `--json`."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="See what the server has of you, and have less of it kept.",
        invoke_without_command=True,
    )
    group.callback()(data)
    data_change.register(group)
    app.add_typer(group, name="data", rich_help_panel=PANEL)


def data(
    ctx: typer.Context,
    in_days: Annotated[
        int,
        typer.Option(
            "--in-days",
            metavar="N",
            min=0,
            max=MOST_DAYS,
            help="Show what would be left by then if nothing else happened.",
        ),
    ] = 0,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all of it, every byte, to a new file as JSON."),
    ] = None,
) -> int:
    """Show all that the server has of you, and for how long."""
    if ctx.invoked_subcommand is not None:
        return 0
    context: Context = ctx.obj

    async def use(client: Client) -> dict[str, Any]:
        if save is not None and save.exists():
            raise MistakeError(f"{save} is there already. Nothing was written.")
        found = await client.server_data(in_days)
        ahead = await client.server_data(in_days + AHEAD) if in_days + AHEAD <= MOST_DAYS else None
        local = await client.local_data()
        if save is not None:
            with context.out.working("Fetching every byte"):
                whole = await _whole(client, found)
            _write(save, {"handle": client.handle, **whole, "this_device": _local(local)})
            context.out.say_raw(f"All of it is in {save}. Keep it to yourself.")
        _show(context.out, client.handle, found, ahead, local)
        return {"handle": client.handle, **as_json(found), "this_device": _local(local)}

    return context.run_with_client(use)


def as_json(found: ServerData) -> dict[str, Any]:
    """Return everything, bytes as base64url, as the server answers (docs/protocol)."""
    choices = found.choices
    return {
        "day": found.day,
        "in_days": found.in_days,
        "settings": {
            "account_days": choices.account_days,
            "envelope_days": choices.envelope_days,
            "restricted": choices.restricted,
            "most_account_days": choices.most_account_days,
            "most_envelope_days": choices.most_envelope_days,
        },
        "tables": [_table(table) for table in found.tables],
        "elsewhere": [
            {
                "kind": one.kind,
                "name": one.name,
                "purpose": one.purpose,
                "legal_basis": one.legal_basis,
                "retention_days": one.retention_days,
                "at_rest": one.at_rest,
                "visible_to": list(one.visible_to),
            }
            for one in found.elsewhere
        ],
        "footprint": {
            str(kind): {"rows": size.rows, "bytes": size.bytes}
            for kind, size in found.footprint.items()
        },
    }


def _table(table: DataTable) -> dict[str, Any]:
    return {
        "table": table.name,
        "key": list(table.key),
        "columns": [
            {
                "column": one.name,
                "purpose": one.purpose,
                "legal_basis": one.legal_basis,
                "retention_days": one.retention_days,
                "retention_after": one.retention_after,
                "at_rest": one.at_rest,
                "visible_to": list(one.visible_to),
            }
            for one in table.columns
        ],
        "total_rows": table.total_rows,
        "total_bytes": table.total_bytes,
        "rows": [
            {
                "values": {name: _value(value) for name, value in row.values.items()},
                "deleted_on": row.deleted_on,
            }
            for row in table.rows
        ],
    }


def _value(value: Value) -> int | str | dict[str, Any]:
    match value:
        case int():
            return value
        case bytes():
            return base64url.encode(value)
        case _:
            return {"size": value.size, "sha256": base64url.encode(value.sha256)}


async def _whole(client: Client, found: ServerData) -> dict[str, Any]:
    """Return everything with the bytes of long values in their place."""
    result = as_json(found)
    for table, shown in zip(found.tables, result["tables"], strict=True):
        for row, given in zip(table.rows, shown["rows"], strict=True):
            for name, value in row.values.items():
                if not isinstance(value, int | bytes):
                    data = await client.server_value(table, row, name)
                    given["values"][name] = base64url.encode(data)
    return result


def _write(path: Path, result: dict[str, Any]) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError:
        raise MistakeError(f"{path} cannot be written. Nothing was changed.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)


def _local(local: LocalData) -> dict[str, Any]:
    return {
        "kinds": {
            kind: {"rows": size.rows, "bytes": size.bytes} for kind, size in local.kinds.items()
        },
        "files": dict(local.files),
        "total_bytes": local.total_bytes,
    }


def _show(
    out: Output, handle: str, found: ServerData, ahead: ServerData | None, local: LocalData
) -> None:
    if found.in_days:
        out.show(
            f"What the server would have of [bold]{handle}[/] on {found.day}, in {found.in_days} "
            "days, if nothing else happened:"
        )
    else:
        out.show(f"What the server has of [bold]{handle}[/] today, {found.day}:")
    if found.choices.restricted:
        out.show(
            "[bold]Restricted by you[/]: to others you do not exist. "
            "visavis data unrestrict ends it."
        )
    for kind, name in NAMES.items():
        tables = [one for one in found.tables if one.data_class is kind and one.total_rows]
        if not tables:
            continue
        out.show()
        out.show(f"[bold]{name}[/]: {size(found.footprint[kind])}")
        out.show(SENTENCES[kind])
        for table in tables:
            _show_table(out, table)
    _show_totals(out, found, ahead, local)
    _show_elsewhere(out, found)


def _show_table(out: Output, table: DataTable) -> None:
    days = countdown({row.deleted_on for row in table.rows}, _today())
    out.show_raw(
        f"  {table.name}, {table.total_rows:,} of them; deleted {days} if not used until then"
    )
    bases = sorted({BASES.get(one.legal_basis, one.legal_basis) for one in table.columns})
    out.show_raw(f"  kept because: {'; '.join(bases)}")
    one = table.rows[0] if table.total_rows == 1 and table.rows else None
    out.table(
        "",
        ("  column", "what is there", "form", "seen by", "why"),
        [
            (
                f"  {column.name}",
                _shown(one, column.name, column.at_rest),
                AT_REST.get(column.at_rest, column.at_rest),
                ", ".join(WHO.get(who, who) for who in column.visible_to),
                column.purpose,
            )
            for column in table.columns
        ],
    )


def _shown(row: DataRow | None, column: str, at_rest: str) -> str:
    if row is None:
        return "one in each"
    value = row.values.get(column)
    if isinstance(value, int):
        return day_text(value) if at_rest == "day" else str(value)
    if isinstance(value, bytes):
        more = "..." if len(value) > FIRST_BYTES else ""
        return f"{value[:FIRST_BYTES].hex()}{more} ({len(value):,} bytes)"
    return "" if value is None else f"{value.size:,} bytes"


def _show_totals(
    out: Output, found: ServerData, ahead: ServerData | None, local: LocalData
) -> None:
    rows = []
    for kind, name in NAMES.items():
        now = found.footprint.get(kind)
        if now is None or not now.rows:
            continue
        later = None if ahead is None else ahead.footprint.get(kind)
        rows.append((name, size(now), "" if later is None else size(later)))
    rows.append(("All", size(found.total), "" if ahead is None else size(ahead.total)))
    out.show()
    out.table("In all", ("", f"on {found.day}", f"{AHEAD} days later, if you stay away"), rows)
    out.show(f"This device itself keeps {local.total_bytes:,} bytes, sealed by your password.")


def _show_elsewhere(out: Output, found: ServerData) -> None:
    def names(*kinds: str) -> str:
        tables = {one.name.split(".")[0] for one in found.elsewhere
                  if one.kind in kinds and one.legal_basis != "not_personal"}  # fmt: skip
        return ", ".join(sorted(tables))

    out.show()
    out.show_raw(
        f"Kept, but the server cannot tell whose it is: {names('column')}; "
        "attachments (blobs), each for 30 days at most."
    )
    out.show_raw(f"In memory only, on no disk: {names('memory')}.")
    out.show("Its log has a day, an event and a count: no name and no address, for seven days.")
    out.show("Every row: [bold]visavis data --json[/]. Less of it: [bold]visavis data --help[/]")
    out.show("Another name: [bold]visavis handle change NAME[/]")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
