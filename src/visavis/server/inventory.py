"""The inventory is the schema: what is not listed is not stored, not logged, not sent (R-61, R-73).

`privacy/inventory.toml` is read here, checked, and then *used*: its schedules are the retention
job's and the query filters' rules, its log fields are the log's allow list, its headers are the
only ones that leave the server. The privacy notice and its kin are made from it as well
(`visavis.server.privacy`). The server does not start when the live database has a table or column
that is not listed, when something lacks a finite retention or a definite purpose, or when a listed
thing is gone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Final

from visavis.core.errors import Code, FatalError
from visavis.ports.stored import Retention, RetentionRule
from visavis.server.privacy import definite

BACKUP: Final = "backup"
"""The schedule of backups: not of the server's rows, and so named by the code."""

MAX_DAYS: Final = 1_100
"""Three years: nothing may be kept longer, whatever the inventory says."""

LEGAL_BASES: Final = frozenset({"contract", "legitimate_interest", "consent", "not_personal"})
AT_REST: Final = frozenset(
    {"ciphertext", "hash", "keyed_hash", "sealed", "public_key", "signature", "random_id", "day",
     "number", "plain", "pake_record", "secret_key", "memory", "transit"}
)  # fmt: skip
VIEWERS: Final = frozenset({"owner", "contacts", "operator", "anyone_with_handle", "nobody"})
_ENTRY: Final = frozenset({"purpose", "legal_basis", "retention", "at_rest", "visible_to"})


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long something lives.

    Args:
        name: What entries call it.
        days: Days it may live; 0 means it never outlives the process or the request.
        table: Table whose anchor counts; empty for things that are not stored.
        anchor: Column of that table that holds a day.
        until: The anchor is the day on which a row ends, chosen when it was made and never more
            than `days` ahead; else the days begin with it.
    """

    name: str
    days: int
    table: str = ""
    anchor: str = ""
    until: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed thing: a column, file, log field, header or thing in memory.

    Args:
        kind: "column", "file", "log", "header" or "memory".
        name: `table.column`, `direction.Name`, or the name alone.
        purpose: In English; `{days}` stands for the days of the retention.
        legal_basis: One of `LEGAL_BASES`.
        retention: How long it lives.
        at_rest: One of `AT_REST`.
        visible_to: Some of `VIEWERS`.
    """

    kind: str
    name: str
    purpose: str
    legal_basis: str
    retention: Schedule
    at_rest: str
    visible_to: tuple[str, ...]

    @property
    def personal(self) -> bool:
        """Whether it is about a person."""
        return self.legal_basis != "not_personal"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The checked inventory.

    Args:
        version: Of the file's form and content; counts up.
        changed: Day of the last change.
        columns: Entries by (table, column).
        schedules: By name.
        log_fields: What each log field's value must match.
        log_events: Names of all log events.
        headers: Lower-case names of all headers, by direction ("request", "response").
        files: Patterns of the files in the data folder.
        entries: All of the above as entries, for pages made from the inventory.
    """

    version: int
    changed: date
    columns: Mapping[tuple[str, str], Entry]
    schedules: Mapping[str, Schedule]
    log_fields: Mapping[str, re.Pattern[str]]
    log_events: frozenset[str]
    headers: Mapping[str, frozenset[str]]
    files: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def retention(self) -> Retention:
        """The store's rules, one per table that has a schedule of its own."""
        return {
            one.table: RetentionRule(one.table, one.anchor, 0 if one.until else one.days)
            for one in self.schedules.values()
            if one.table
        }

    @property
    def backup_days(self) -> int:
        """For how many days a backup opens, and the notice says so (R-76)."""
        return self.schedules[BACKUP].days


def _refuse(sentence: str) -> FatalError:
    return FatalError(Code.UNAVAILABLE, f"privacy/inventory.toml: {sentence}")


def _schedules(raw: Mapping[str, Any]) -> dict[str, Schedule]:
    out: dict[str, Schedule] = {}
    tables: set[str] = set()
    for name, body in raw.items():
        days = body.get("days")
        # CK-420: a retention is a number of days; "indefinite" has no spelling.
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_DAYS:
            raise _refuse(f"CK-420: retention {name} needs days between 0 and {MAX_DAYS}")
        after, until = body.get("after", ""), body.get("until", "")
        table, _, anchor = (after or until).partition(".")
        if table and (not anchor or not anchor.endswith("_day") or days < 1):
            raise _refuse(f"CK-420: retention {name} must start or end at a table's day column")
        if after and until:
            raise _refuse(f"CK-420: retention {name} either starts at a column or ends at one")
        if table and table in tables:
            raise _refuse(f"table {table} has two schedules")
        tables.add(table)
        out[name] = Schedule(name, days, table, anchor, bool(until))
    return out


def _entry(
    kind: str, name: str, raw: Mapping[str, Any], schedules: Mapping[str, Schedule]
) -> Entry:
    missing = sorted(key for key in _ENTRY if not raw.get(key))
    if missing:
        raise _refuse(f"CK-420: {kind} {name} has no {' and no '.join(missing)}")
    if raw["retention"] not in schedules:
        raise _refuse(f"CK-420: {kind} {name} names no retention schedule")
    if raw["legal_basis"] not in LEGAL_BASES:
        raise _refuse(f"{kind} {name} has an unknown legal basis")
    if raw["at_rest"] not in AT_REST:
        raise _refuse(f"{kind} {name} has an unknown form at rest")
    viewers = tuple(raw["visible_to"])
    if not viewers or not set(viewers) <= VIEWERS:
        raise _refuse(f"{kind} {name} does not say who sees it")
    _check_purpose(f"{kind} {name}", str(raw["purpose"]))
    return Entry(
        kind,
        name,
        str(raw["purpose"]),
        str(raw["legal_basis"]),
        schedules[raw["retention"]],
        str(raw["at_rest"]),
        viewers,
    )


def _check_purpose(name: str, purpose: str) -> None:
    """Refuse a purpose that leaves open what happens (R-59)."""
    open_ends = [*definite.hedges(purpose, "en"), *definite.vagueness(purpose, "en")]
    # CK-429: "to improve our services" would allow anything, now and later.
    if open_ends:
        raise _refuse(f"CK-429: the purpose of {name} is not definite: {open_ends[0]}")
    if set(definite.PLACEHOLDER.findall(purpose)) - {"days"}:
        raise _refuse(f"CK-429: the purpose of {name} names a field other than {{days}}")


def _head(raw: Mapping[str, Any]) -> tuple[int, date]:
    version, changed = raw.get("version"), raw.get("changed")
    if not isinstance(version, int) or not isinstance(changed, str):
        raise _refuse("needs a version and the day of the last change")
    try:
        return version, date.fromisoformat(changed)
    except ValueError:
        raise _refuse("changed is no day: YYYY-MM-DD") from None


def parse(text: str) -> Inventory:
    """Return the inventory written in TOML.

    Raises:
        FatalError: Something is missing, unknown, listed twice, without finite retention (CK-420)
            or without a definite purpose (CK-429).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise _refuse("is not TOML") from None
    schedules = _schedules(raw.get("retention", {}))
    if BACKUP not in schedules or schedules[BACKUP].days < 1:
        raise _refuse(f"CK-420: retention {BACKUP} needs at least one day")
    entries: list[Entry] = []

    def listed(kind: str, keys: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
        out: dict[str, Mapping[str, Any]] = {}
        for item in raw.get(kind, []):
            name = ".".join(str(item.get(key, "")) for key in keys)
            if name in out or not all(item.get(key) for key in keys):
                raise _refuse(f"{kind} {name} is listed twice or has no name")
            out[name] = item
            entries.append(_entry(kind, name, item, schedules))
        return list(out.items())

    listed("column", ("table", "column"))
    columns = {
        (one.name.split(".")[0], one.name.split(".")[1]): one
        for one in entries
        if one.kind == "column"
    }
    for schedule in schedules.values():
        if schedule.table and (schedule.table, schedule.anchor) not in columns:
            raise _refuse(f"retention {schedule.name} has a column that is not listed")
    files = tuple(name for name, _ in listed("file", ("name",)))
    log_fields = {
        name: re.compile(str(item.get("pattern", "(?!)")))
        for name, item in listed("log", ("name",))
    }
    headers = listed("header", ("direction", "name"))
    listed("memory", ("name",))
    for never in ("cookie", "metric"):
        if raw.get(never):
            raise _refuse(f"a {never} was added: none is used, so none is listed")
    version, changed = _head(raw)
    return Inventory(
        version=version,
        changed=changed,
        columns=columns,
        schedules=schedules,
        log_fields=log_fields,
        log_events=frozenset(raw.get("log_events", ())),
        headers={
            way: frozenset(
                str(item["name"]).lower() for _, item in headers if item["direction"] == way
            )
            for way in ("request", "response")
        },
        files=files,
        entries=tuple(entries),
    )


def check_schema(inventory: Inventory, schema: Mapping[str, Sequence[str]]) -> None:
    """Compare the live database with the inventory, both ways.

    Args:
        inventory: The checked inventory.
        schema: Columns by table, read from the database that is about to be used.

    Raises:
        FatalError: CK-421: a table or column is stored but not listed, or listed but not there.
    """
    stored = {(table, column) for table, columns in schema.items() for column in columns}
    unlisted = sorted(".".join(one) for one in stored - inventory.columns.keys())
    if unlisted:
        raise _refuse(f"CK-421: not listed, so the server does not start: {', '.join(unlisted)}")
    gone = sorted(".".join(one) for one in inventory.columns.keys() - stored)
    if gone:
        raise _refuse(f"CK-421: listed but not in the database: {', '.join(gone)}")


def find(name: str = "inventory.toml") -> str:
    """Return the text of the inventory: the packaged copy, or the checkout's file.

    Args:
        name: Another file that lies beside it.

    Raises:
        FatalError: Neither is there.
    """
    packaged = resources.files("visavis.server").joinpath(name)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "privacy" / name
    if checkout.is_file():
        return checkout.read_text(encoding="utf-8")
    raise FatalError(Code.UNAVAILABLE, f"privacy/{name} is missing from this installation")


def backup_days() -> int:
    """Return `Inventory.backup_days` of what this program was shipped with. Errors as `load`."""
    return load().backup_days


def load() -> Inventory:
    """Return the inventory this program was shipped with.

    Raises:
        FatalError: See `find` and `parse`.
    """
    return parse(find())
