"""What the person decides about their history of calls, on this device and all others of theirs.

It is kept with what our other devices have yet to be told, in one transaction, so that a crash
between the two loses nothing. The vault has it within the hour; until then a device that we cannot
reach, or that comes to the account, may still show what was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from visavis.core.content import decode_sibling, encode_sibling
from visavis.core.content_inner import MAX_FORGET, CallsForget
from visavis.core.content_records import Settings
from visavis.core.content_self import MAX_GONE, SelfCallsCut, SelfCallsGone, SelfSettings, Sibling
from visavis.core.ids import AccountId, CallId, MessageId
from visavis.sdk.books import Books
from visavis.sdk.conversation import Conversations
from visavis.sdk.history import NoticeKind
from visavis.sdk.never_record import tell_soon

_UNTOLD_KIND: Final = "calls.untold"
"""By random key: what our other devices have yet to be told."""


class CallControl:
    """Deletes, marks, and sets how long calls are kept.

    Args:
        books: What this device keeps.
        conversations: To tell others.
        after: Told when contacts are to be told something.
    """

    def __init__(
        self, books: Books, conversations: Conversations, *, after: Callable[[], None]
    ) -> None:
        self._books = books
        self._conversations = conversations
        self._after = after

    async def delete(self, calls: Iterable[CallId]) -> None:
        """Delete calls, here and on all our devices."""
        with self._books.store.transaction():
            gone = self._books.calls.delete(calls)
            for at in range(0, len(gone), MAX_GONE):
                self._have_told(SelfCallsGone(gone[at : at + MAX_GONE]))
        await self._done()

    async def delete_all(self) -> None:
        """Delete every call, here and on all our devices."""
        with self._books.store.transaction():
            cut = self._books.calls.delete_all()
            self._have_told(SelfCallsCut(cut.count, cut.at))
        await self._done()

    def mark(self, call: CallId, *, pinned: bool, note: str) -> None:
        """Pin a call, or note something about it; our other devices have it from the vault.

        Raises:
            PeerError: TOO_LARGE; REFUSED, there is no such call any more.
        """
        with self._books.store.transaction():
            self._books.calls.mark(call, pinned=pinned, note=note)
        self._books.store.scrub()

    async def set_settings(self, settings: Settings) -> Settings:
        """Let these settings hold on all our devices; `keeping.decided` makes them."""
        books = self._books
        with books.store.transaction():
            if settings.never_record != books.calls.settings().never_record:
                tell_soon(books, (known.account for known in books.contacts.all()))
            books.calls.set_settings(settings)
            self._have_told(SelfSettings(settings))
        self._after()
        await self._done()
        return settings

    async def ask_to_forget(self, contact: AccountId, calls: Sequence[CallId]) -> None:
        """Ask a contact to delete calls from its history. Whether it does, nobody can see.

        Raises:
            As `send_inner`.
        """
        books = self._books
        for at in range(0, len(calls), MAX_FORGET):
            some = tuple(calls[at : at + MAX_FORGET])
            wish = CallsForget(MessageId.random(books.rng), books.now(), some)
            await self._conversations.send_inner(contact, wish, durable=True)

    async def answer_wish(self, contact: AccountId, *, delete: bool) -> int:
        """Delete what a contact wishes deleted, or keep it; returns how many calls that are.

        Nothing is sent to the contact either way.
        """
        books = self._books
        wished = [call for call, account in books.calls.wishes().items() if account == contact]
        with books.store.transaction():
            books.history.forget_notice(NoticeKind.ASKED_TO_FORGET, contact)
            if not delete:
                books.calls.refuse_wishes(contact)
        if delete:
            await self.delete(wished)
        return len(wished)

    async def tell(self) -> None:
        """Tell our other devices what they were not told yet; again after a crash."""
        store = self._books.store
        for key, data in store.items(_UNTOLD_KIND):
            await self._conversations.send_self(decode_sibling(data), durable=True)
            store.delete(_UNTOLD_KIND, key)

    def _have_told(self, content: Sibling) -> None:
        self._books.store.put(_UNTOLD_KIND, self._books.rng(16), encode_sibling(content))

    async def _done(self) -> None:
        self._books.store.scrub()
        await self.tell()
