"""The deliberately leaky twin: a store that keeps what ours must not.

Every search and attack of the audit is run on this first. It keeps what ordinary servers keep:
call rows, a minute-stamped mailbox log, rows in the order in which they were made, copies of
unpadded messages, one capability row per contact, and every planted identifier in some disguise.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from visavis.testing.audit.attacks import Owners, Truth
from visavis.testing.audit.needles import Needle

Rng = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Twin:
    """A leaky store on disk.

    Attributes:
        folder: Where it lies.
        owners: Stored id -> person, for the attacker.
        leaks: Attack name -> a folder in which only that leak is present.
    """

    folder: Path
    owners: Owners
    leaks: dict[str, Path]


def build(folder: Path, truth: Truth, needles: list[Needle], rng: Rng) -> Twin:
    """Write the twin.

    Args:
        folder: An empty folder.
        truth: Who is whose contact.
        needles: What was planted; each is stored in some disguise.
        rng: Randomness.

    Returns:
        The twin: one sub-folder for each leak, so that each attack is tested alone.
    """
    mailboxes = {person: rng(16) for person in sorted(truth)}
    owners: Owners = {mailbox: person for person, mailbox in mailboxes.items()}
    leaks = {name: folder / name.replace(" ", "-") for name in WRITERS}
    for name, write in WRITERS.items():
        leaks[name].mkdir(parents=True)
        connection = sqlite3.connect(leaks[name] / "leaky.db")
        try:
            write(connection, mailboxes, truth, rng)
            connection.commit()
        finally:
            connection.close()
    _hide(folder, needles)
    return Twin(folder, owners, leaks)


def _edges(truth: Truth) -> list[tuple[str, str]]:
    return sorted({(min(a, b), max(a, b)) for a, friends in truth.items() for b in friends})


def _write_call_rows(
    db: sqlite3.Connection, mailboxes: dict[str, bytes], truth: Truth, rng: Rng
) -> None:
    db.execute("CREATE TABLE parts (id BLOB PRIMARY KEY, mailbox BLOB, call BLOB)")
    rows = []
    for a, b in _edges(truth):
        call = rng(16)
        rows += [(rng(16), mailboxes[a], call), (rng(16), mailboxes[b], call)]
    db.executemany("INSERT INTO parts VALUES (?, ?, ?)", sorted(rows))


def _write_minutes(
    db: sqlite3.Connection, mailboxes: dict[str, bytes], truth: Truth, rng: Rng
) -> None:
    db.execute("CREATE TABLE arrivals (id BLOB PRIMARY KEY, mailbox BLOB, minute INTEGER)")
    rows = []
    for (a, b), _ in itertools.product(_edges(truth), range(12)):
        minute = int.from_bytes(rng(4), "big") % 43_200
        rows += [(rng(16), mailboxes[a], minute), (rng(16), mailboxes[b], minute)]
    db.executemany("INSERT INTO arrivals VALUES (?, ?, ?)", sorted(rows))


def _write_in_order(
    db: sqlite3.Connection, mailboxes: dict[str, bytes], truth: Truth, rng: Rng
) -> None:
    db.execute("CREATE TABLE envelopes (mailbox BLOB, body BLOB)")
    edges = _edges(truth) * 6
    edges.sort(key=lambda edge: hashlib.sha256(repr(edge).encode() + rng(4)).digest())
    for a, b in edges:
        db.execute("INSERT INTO envelopes VALUES (?, ?)", (mailboxes[a], rng(64)))
        db.execute("INSERT INTO envelopes VALUES (?, ?)", (mailboxes[b], rng(64)))


def _write_unpadded(
    db: sqlite3.Connection, mailboxes: dict[str, bytes], truth: Truth, rng: Rng
) -> None:
    db.execute("CREATE TABLE copies (id BLOB PRIMARY KEY, mailbox BLOB, body BLOB)")
    rows = []
    for (a, b), _ in itertools.product(_edges(truth), range(6)):
        size = 64 + int.from_bytes(rng(2), "big") % 4000
        rows += [(rng(16), mailboxes[a], rng(size)), (rng(16), mailboxes[b], rng(size))]
    db.executemany("INSERT INTO copies VALUES (?, ?, ?)", sorted(rows))


def _write_one_row_a_contact(
    db: sqlite3.Connection, mailboxes: dict[str, bytes], truth: Truth, rng: Rng
) -> None:
    db.execute("CREATE TABLE capabilities (hash BLOB PRIMARY KEY, mailbox BLOB)")
    rows = [(rng(32), mailboxes[person]) for person in sorted(truth) for _ in truth[person]]
    db.executemany("INSERT INTO capabilities VALUES (?, ?)", sorted(rows))


Writer = Callable[[sqlite3.Connection, dict[str, bytes], Truth, Rng], None]
WRITERS: dict[str, Writer] = {
    "exact join": _write_call_rows,
    "co-arrival": _write_minutes,
    "ordering": _write_in_order,
    "sizes": _write_unpadded,
    "contact count": _write_one_row_a_contact,
}


def _hide(folder: Path, needles: list[Needle]) -> None:
    """Store each needle once, in turn raw, reversed, as hex and as base64 inside other text."""
    connection = sqlite3.connect(folder / "needles.db")
    try:
        connection.execute("CREATE TABLE notes (at INTEGER, remark TEXT, body BLOB)")
        forms: list[Callable[[bytes], bytes]] = [
            lambda v: v,
            lambda v: v[::-1],
            lambda v: v.hex().encode(),
            lambda v: base64.b64encode(b"a note: " + v + b"."),
            lambda v: base64.urlsafe_b64encode(b"x" + v[::-1] + b"yz"),
        ]
        for number, needle in enumerate(needles):
            short = len(needle.value) < 6
            hidden = needle.value if short else forms[number % len(forms)](needle.value)
            connection.execute(
                "INSERT INTO notes VALUES (?, ?, ?)", (1_790_000_123, "seen 12:34:56", hidden)
            )
        connection.commit()
    finally:
        connection.close()
