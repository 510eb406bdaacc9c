"""What a client shows of its books: first part of the facade (`client.py`).

Not for: doing anything. Nothing here writes or asks the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from visavis.core.contact_rules import ALL_RING
from visavis.core.content_records import Rules
from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.sdk.contact_book import Known
from visavis.sdk.contact_records import Waiting
from visavis.sdk.history import Message, Notice
from visavis.sdk.knowing import safety_number_with
from visavis.sdk.session import Session


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact, as the person sees it.

    Args:
        account: Their account.
        name: Their handle, for example anna.48213.
        state: "contact", "rejoining", "identity changed" or "blocked".
        devices: How many devices they have.
        verified: The safety number was compared, with the very key they have now.
        rules: Which of their calls ring, and when.
        never_recorded: They told us that they are never to be recorded (R-48).
    """

    account: AccountId
    name: str
    state: str
    devices: int
    verified: bool = False
    rules: Rules = ALL_RING
    never_recorded: bool = False


@dataclass(slots=True)
class Shown:
    """A client as an application looks at it."""

    _session: Session = field(repr=False)

    @property
    def handle(self) -> str:
        """Our handle at the server."""
        return self._session.books.profile.handle

    def messages(self) -> AsyncIterator[Message]:
        """Yield the messages that came since the profile was opened, then each as it comes."""
        return self._session.books.history.incoming.read()

    def notices(self) -> AsyncIterator[Notice]:
        """Yield what a person should be told: new devices, changed identities, waiting requests."""
        return self._session.books.history.notices.read()

    async def all_notices(self) -> list[Notice]:
        """Return every notice kept on this device, oldest first."""
        return self._session.books.history.all_notices()

    async def contacts(self) -> list[Contact]:
        """Return our contacts, by name."""
        return [self._contact(known) for known in self._session.books.contacts.all()]

    async def find_contact(self, prefix: str) -> Contact:
        """Return the contact of this name, or the only one whose name begins so.

        Raises:
            AuthorizationError: UNKNOWN_CONTACT, there is none, or more than one.
        """
        everybody = await self.contacts()
        exact = [contact for contact in everybody if contact.name == prefix]
        found = exact or [contact for contact in everybody if contact.name.startswith(prefix)]
        if len(found) != 1:
            which = "more than one contact" if found else "no contact"
            raise AuthorizationError(Code.UNKNOWN_CONTACT, f"{which} of this name")
        return found[0]

    async def requests(self) -> list[Waiting]:
        """Return who waits: they followed a multi-use link of ours, or asked for our handle."""
        return self._session.first_contact.waiting()

    async def safety_number(self, contact: Contact) -> str:
        """Return the safety number with a contact: twelve groups of five digits."""
        return " ".join(safety_number_with(self._session.books, contact.account).groups)

    async def safety_text(self, contact: Contact) -> str:
        """Return what our QR code of the safety number says, for `verify_by_text`."""
        return safety_number_with(self._session.books, contact.account).text

    async def rules(self, contact: Contact) -> Rules:
        """Return which calls of a contact ring, and when."""
        return self._require(contact.account).rules

    async def history(self, contact: Contact) -> list[Message]:
        """Return the conversation with a contact, calls among it, oldest first."""
        books, account = self._session.books, contact.account
        calls = [
            Message.of_call(account, entry)
            for entry in reversed(books.calls.entries())
            if account in entry.members
        ]
        return sorted([*calls, *books.history.messages(account)], key=lambda one: one.at)

    def _require(self, account: AccountId) -> Known:
        known = self._session.books.contacts.get(account)
        if known is None:
            raise AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours")
        return known

    def _contact(self, known: Known) -> Contact:
        newest = self._session.books.lists.newest(known.account)
        count = 0 if newest is None else len(newest.devices)
        verified = self._session.is_verified(known.account)
        return Contact(
            *(known.account, known.name, known.state, count, verified, known.rules),
            never_recorded=known.never_recorded,
        )
