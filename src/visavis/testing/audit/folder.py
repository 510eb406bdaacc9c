"""Auditing a server's folder without knowing what anybody did: what must not be there at all.

Only who knows the truth can score an attack, so attacks are scored on a scratch server (`stored`).
Here the bytes of a real folder are held against the inventory: no unlisted table, column or file,
no time finer than a day, no network address in any column or log, and no two accounts that share
a value.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections import defaultdict
from typing import Final

from visavis.server import inventory
from visavis.testing.audit.attacks import exact_join
from visavis.testing.audit.holdings import Holdings, Row
from visavis.testing.audit.needles import Found, finest_times

BOOKKEEPING: Final = frozenset({"alembic_version"})
OWN_SETTINGS: Final = ("origin", "turnserver.conf")
"""The operator's own addresses, given by the operator."""

_ADDRESS: Final = re.compile(
    rb"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"
    rb"|(?<![0-9A-Za-z:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:])"
)

_CHANCE_PROOF: Final = 9
"""Characters from which an address inside ciphertext is no accident: `a::` stands in every
megabyte of random bytes, nine such characters in a row once in 40 GB."""


def search_folder(holdings: Holdings) -> list[Found]:
    """Return everything that must not be in a server's folder, whoever uses the server."""
    return [
        *finest_times(holdings),
        *_unlisted(holdings),
        *_addresses(holdings),
        *_shared_values(holdings),
    ]


def _unlisted(holdings: Holdings) -> list[Found]:
    listed = inventory.load()
    columns = {f"{table}.{column}" for table, column in listed.columns}
    found = [
        Found("inventory", "a column that is not listed", "schema", name)
        for name in holdings.schema
        if name not in columns and name.split(".")[0] not in BOOKKEEPING
    ]
    for name in holdings.files:
        inside = name.split("/", 1)[-1]
        if not any(fnmatch.fnmatch(inside, pattern) for pattern in listed.files):
            found.append(Found("inventory", "a file that is not listed", "file", name))
    return found


def _addresses(holdings: Holdings) -> list[Found]:
    found = []
    for row in holdings.rows:
        for name, value in row.columns.items():
            raw = value.encode() if isinstance(value, str) else value
            if isinstance(raw, bytes) and _holds_address(raw):
                found.append(Found("address", "a network address", "text", f"{row.table}.{name}"))
    for name, content in holdings.files.items():
        if _is_text(content) and not name.endswith(OWN_SETTINGS) and _holds_address(content):
            found.append(Found("address", "a network address", "text", name))
    return found


def _is_text(content: bytes) -> bool:
    return b"\0" not in content[:4096]


def _holds_address(raw: bytes) -> bool:
    shortest = 0 if raw.isascii() else _CHANCE_PROOF
    for match in _ADDRESS.finditer(raw):
        if len(match[0]) < shortest:
            continue
        try:
            ipaddress.ip_address(match[0].decode())
        except ValueError:
            continue
        return True
    return False


def _shared_values(holdings: Holdings) -> list[Found]:
    """Find pairs of accounts joined by a value: what a call row or a shared id would be."""
    owners = _accounts(holdings.rows)
    pairs = exact_join(holdings, owners)
    where: defaultdict[str, int] = defaultdict(int)
    for _ in pairs:
        where["database"] += 1
    return [
        Found("pair", f"{count} pairs of accounts share a value", "join", place)
        for place, count in where.items()
    ]


def _accounts(rows: tuple[Row, ...]) -> dict[bytes | str, str]:
    """Return every stored id -> its account, by following the rows that hold an account id."""
    owners: dict[bytes | str, str] = {}
    for row in rows:
        account = row.columns.get("account_id")
        if isinstance(account, bytes):
            person = account.hex()
            owners[account] = person
            for name, value in row.columns.items():
                if name in {"device_id", "mailbox_id"} and isinstance(value, bytes):
                    owners[value] = person
    for row in rows:
        device, mailbox = row.columns.get("device_id"), row.columns.get("mailbox_id")
        if isinstance(device, bytes) and isinstance(mailbox, bytes) and device in owners:
            owners[mailbox] = owners[device]
    return owners
