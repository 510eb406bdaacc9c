"""What the documents say about one server: the inventory, the words, the running configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from visavis.server.inventory import Entry, Inventory, Schedule
from visavis.server.privacy.wording import Wording
from visavis.server.recipients import recipients_of
from visavis.server.services import Services


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a document may say.

    Args:
        inventory: What is kept.
        words: By language.
        origin: Of the server, such as `https://example.org`.
        operator: Name of whoever runs it, or None.
        contact: `mailto:` or `https:` URL, or None.
        hosts: Everybody outside who learns something.
        today: Days since 1970.
        receipt_key: Ed25519 public key that checks deletion receipts, 32 bytes.
    """

    inventory: Inventory
    words: Mapping[str, Wording]
    origin: str
    operator: str | None
    contact: str | None
    hosts: tuple[str, ...]
    today: int
    receipt_key: bytes

    @classmethod
    def of(cls, services: Services) -> Self:
        """Return the facts of a running server."""
        config = services.config
        return cls(
            inventory=services.inventory,
            words=services.words,
            origin=config.origin,
            operator=config.operator,
            contact=config.contact,
            hosts=tuple(one.host for one in recipients_of(config)),
            today=services.today(),
            receipt_key=services.keys.receipt_key,
        )

    @property
    def host(self) -> str:
        """Name and port of the server."""
        return urlsplit(self.origin).netloc

    @property
    def changed(self) -> str:
        """Day of the inventory's last change."""
        return self.inventory.changed.isoformat()

    def under(self, schedule: Schedule) -> tuple[Entry, ...]:
        """Return the entries that live by a schedule."""
        return tuple(one for one in self.inventory.entries if one.retention == schedule)

    def personal_schedules(self) -> Iterator[Schedule]:
        """Yield the schedules of what is about people, longest first."""
        found = [
            one
            for one in self.inventory.schedules.values()
            if any(entry.personal for entry in self.under(one))
        ]
        yield from sorted(found, key=lambda one: -one.days)

    def outside(self, schedule: Schedule) -> tuple[str, ...]:
        """Return who outside learns something of what lives by a schedule.

        A push service learns from the server only what was asked for by consent: of the devices
        that have a subscription.
        """
        asked = any(entry.legal_basis == "consent" for entry in self.under(schedule))
        return self.hosts if asked else ()
