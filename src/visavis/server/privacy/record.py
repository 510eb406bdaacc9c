"""The record of processing activities that a controller keeps (GDPR, Article 30(1)).

An activity is what lives by one retention schedule: it has one purpose and one time limit. The
controller and the recipients come from the running configuration.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from visavis.server.inventory import Schedule
from visavis.server.privacy.facts import Facts
from visavis.server.privacy.wording import Wording
from visavis.server.wire import Message


class Item(Message):
    """One listed thing: `table.column`, a file, a log field, a header, a thing in memory."""

    kind: str
    name: str
    purpose: str
    legal_basis: str
    stored_as: str
    visible_to: list[str]


class Activity(Message):
    """Article 30(1)(b), (c), (d), (f): purpose, data, recipients, time limit."""

    activity: str
    purpose: str
    data: list[Item]
    recipients: list[str]
    erasure_days: int
    erasure: str


class Record(Message):
    """Article 30(1): with (a) the controller, (e) transfers and (g) security measures."""

    language: str
    controller: str | None
    reached_at: str | None
    inventory_version: int
    inventory_changed: str
    data_subjects: str
    transfers: str
    security_measures: str
    activities: list[Activity]


COLUMNS: Final = (
    "controller", "reached_at", "activity", "activity_purpose", "kind", "data", "purpose",
    "legal_basis", "data_subjects", "recipients", "transfers", "erasure_days", "stored_as",
    "visible_to", "security_measures",
)  # fmt: skip
"""Of the CSV: a row for each listed thing."""


def make(facts: Facts, language: str) -> Record:
    """Return the record of a running server.

    Args:
        facts: Of the server.
        language: Of `facts.words`.
    """
    words = facts.words[language]
    text = words.texts["record"]
    transfers = text["transfers_none"]
    if facts.hosts:
        transfers = text["transfers_push"].replace("{hosts}", ", ".join(facts.hosts))
    return Record(
        language=language,
        controller=facts.operator,
        reached_at=facts.contact,
        inventory_version=facts.inventory.version,
        inventory_changed=facts.changed,
        data_subjects=text["subjects_all"],
        transfers=transfers,
        security_measures=text["measures_all"],
        activities=[_activity(facts, words, one) for one in facts.inventory.schedules.values()],
    )


def to_csv(record: Record) -> str:
    """Return a record as comma-separated values (RFC 4180), every cell quoted."""
    out = io.StringIO()
    write = csv.writer(out, quoting=csv.QUOTE_ALL).writerow
    write(COLUMNS)
    for activity in record.activities:
        for item in activity.data:
            write(
                [
                    _cell(record.controller or ""),
                    _cell(record.reached_at or ""),
                    activity.activity,
                    activity.purpose,
                    item.kind,
                    item.name,
                    item.purpose,
                    item.legal_basis,
                    record.data_subjects,
                    "; ".join(activity.recipients),
                    record.transfers,
                    activity.erasure_days,
                    item.stored_as,
                    "; ".join(item.visible_to),
                    record.security_measures,
                ]
            )
    return out.getvalue()


def _activity(facts: Facts, words: Wording, schedule: Schedule) -> Activity:
    entries = facts.under(schedule)
    viewers = sorted({viewer for entry in entries for viewer in entry.visible_to})
    return Activity(
        activity=words.about(schedule, "what"),
        purpose=words.about(schedule, "why"),
        data=[
            Item(
                kind=one.kind,
                name=one.name,
                purpose=words.purpose(one),
                legal_basis=words.texts["legal_basis"][one.legal_basis],
                stored_as=words.texts["at_rest"][one.at_rest],
                visible_to=[words.texts["visible_to"][viewer] for viewer in one.visible_to],
            )
            for one in entries
        ],
        recipients=[
            *(words.texts["visible_to"][viewer] for viewer in viewers),
            *facts.outside(schedule),
        ],
        erasure_days=schedule.days,
        erasure=words.about(schedule, "long"),
    )


def _cell(text: str) -> str:
    # A spreadsheet takes a cell that begins like this for a formula, whoever wrote it.
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
