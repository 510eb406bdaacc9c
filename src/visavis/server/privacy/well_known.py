"""What programs look for under `/.well-known/` (RFC 8615): where all is, GPC, security.txt."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from visavis.ports.clock import day_text
from visavis.server.privacy.facts import Facts
from visavis.server.wire import Bytes32, Message

FORM: Final = 1
"""Of `privacy.json`: counts up when a member changes its meaning."""

SECURITY_DAYS: Final = 180
"""Days until `security.txt` has to be read anew. RFC 9116, 2.5.5 advises less than a year; lower
makes people ask more often, higher keeps them longer with an address that nobody reads."""


class Controller(Message):
    """Who runs the server; null where the operator has not said."""

    name: str | None
    reached_at: str | None


class PrivacyIndex(Message):
    """`/.well-known/privacy.json`: where the documents are, and the shortest summary of them.

    Attributes:
        recording: The first sentence of the notice, in English (R-42).
    """

    recording: str
    form: int
    software: str
    software_version: str
    inventory_version: int
    last_changed: str
    controller: Controller
    notice: dict[str, str]
    details: dict[str, str]
    twin: str
    record: dict[str, str]
    recipients: dict[str, str]
    gpc: str
    security: str | None
    retention_days: dict[str, int]
    longest_retention_days: int
    recipients_outside: list[str]
    sold_or_shared: bool
    automated_decisions: bool
    receipt_key: Bytes32


class Gpc(Message):
    """Global Privacy Control support resource."""

    gpc: bool
    lastUpdate: str  # noqa: N815 - the name is the specification's


def index(facts: Facts) -> PrivacyIndex:
    """Return where everything is."""
    at = facts.origin
    days = {one.name: one.days for one in facts.inventory.schedules.values()}
    return PrivacyIndex(
        recording=facts.words["en"].texts["page"]["recording"],
        form=FORM,
        software="Visavis",
        software_version=version("visavis"),
        inventory_version=facts.inventory.version,
        last_changed=facts.changed,
        controller=Controller(name=facts.operator, reached_at=facts.contact),
        notice={one: f"{at}/privacy/{one}" for one in facts.words},
        details={one: f"{at}/privacy/{one}/details" for one in facts.words},
        twin=f"{at}/privacy/notice.jsonld",
        record={
            "html": f"{at}/privacy/record",
            "json": f"{at}/privacy/record.json",
            "csv": f"{at}/privacy/record.csv",
        },
        recipients={"html": f"{at}/privacy/recipients", "json": f"{at}/v1/recipients"},
        gpc=f"{at}/.well-known/gpc.json",
        security=None if facts.contact is None else f"{at}/.well-known/security.txt",
        retention_days=days,
        longest_retention_days=max(days.values()),
        recipients_outside=list(facts.hosts),
        sold_or_shared=False,
        automated_decisions=False,
        receipt_key=facts.receipt_key,
    )


def gpc(facts: Facts) -> Gpc:
    """Return that Global Privacy Control is honoured."""
    return Gpc(gpc=True, lastUpdate=facts.changed)


def security(facts: Facts) -> str | None:
    """Return `security.txt` (RFC 9116), or None: without a contact there can be none (2.5.3).

    Expires by the day, so that it tells no finer time, and later each day, so that nobody has to
    remember to renew it. Addresses of pages only with https: 2.5 allows no other.
    """
    if facts.contact is None:
        return None
    ends = day_text(facts.today + SECURITY_DAYS)
    lines = [
        f"Contact: {facts.contact}",
        f"Expires: {ends}T00:00:00Z",
        f"Preferred-Languages: {', '.join(facts.words)}",
    ]
    if facts.origin.startswith("https://"):
        lines += [
            f"Canonical: {facts.origin}/.well-known/security.txt",
            f"Policy: {facts.origin}/privacy/en/details#security",
        ]
    return "".join(f"{line}\n" for line in lines)
