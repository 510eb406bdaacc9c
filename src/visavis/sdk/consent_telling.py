"""Tells who recorded that a yes was taken back after the call (R-49).

It is said in the conversation in which the call was, and shown nowhere as a message. What cannot be
said now is said later, after a restart too, and also by a device that is not in the group yet. Once
nothing of the recording can be played any more, nobody is told. The share is deleted all the same
(`my_consents`).

Not for: what who recorded does with it (`recordings_book`).
"""

from __future__ import annotations

import asyncio
import contextlib

from visavis.core.consent_record import ConsentRecord, Where
from visavis.core.content_inner import RecordingWithdrawn
from visavis.core.errors import AuthorizationError, PeerError, UnavailableError
from visavis.core.ids import MessageId
from visavis.sdk.books import Books
from visavis.sdk.conversation import Conversations
from visavis.sdk.groups import GroupKind, GroupRecord


class ConsentTelling:
    """Tells who recorded.

    Args:
        books: What this device keeps.
        conversations: To tell them.
    """

    def __init__(self, books: Books, conversations: Conversations) -> None:
        self._books = books
        self._conversations = conversations
        self._lock = asyncio.Lock()

    async def tell(self) -> None:
        """Tell what can be told now; the rest when it can be, also after a crash.

        Raises:
            FatalError: The store cannot be trusted any more.
        """
        # Who took it back and housekeeping may come at once: it is said once.
        async with self._lock:
            for record, statement in self._books.consents.untold():
                where = record.where
                if where is None or record.consent().until <= self._books.now():
                    self._books.consents.told(record)
                    continue
                # A new device may know of a consent before it is let into its group.
                if not self._is_there(where):
                    continue
                # What was written is in the outbox, whether or not the server was there.
                with contextlib.suppress(AuthorizationError, PeerError, UnavailableError):
                    await self._say(record, where, statement)

    def _is_there(self, where: Where) -> bool:
        books = self._books
        if where.contact is not None:
            return books.contacts.get(where.contact) is not None
        group = None if where.group is None else books.groups.get(where.group)
        return group is not None and group.kind is GroupKind.GROUP

    async def _say(self, record: ConsentRecord, where: Where, statement: bytes) -> None:
        books = self._books

        def make(_: GroupRecord) -> RecordingWithdrawn:
            books.consents.told(record)
            return RecordingWithdrawn(MessageId.random(books.rng), books.now(), statement)

        if where.contact is not None:
            if books.contacts.addresses(where.contact):
                await self._conversations.send_made(where.contact, make, durable=True)
            return
        group = None if where.group is None else books.groups.get(where.group)
        if group is not None:
            await self._conversations.send_in_group(group, make)
