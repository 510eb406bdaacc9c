"""Never record me (R-48): whether it holds, who told us so, and to whom we have yet to say it.

The person says it for all calls (`Settings.never_record`) or for those with one contact
(`Rules.never_record`). In a call it stands in our leaf; contacts are told in the conversation, so
that they know before any call. The device where it was decided tells them at once. Our other
devices tell what is still untold an hour later: until then they may have heard of what was told,
and not yet of what was decided.

Not for: what the word does in a call (`visavis.core.recording`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from visavis.core.content import decode_record, encode_record
from visavis.core.content_inner import Inner, RecordingNever
from visavis.core.content_records import MAX_TIME, ContactRecord, NeverSaid
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, PeerError, UnavailableError
from visavis.core.ids import AccountId, MessageId
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known

if TYPE_CHECKING:
    from visavis.sdk.conversation import Conversations
    from visavis.sdk.groups import GroupRecord

_TOLD_KIND: Final = "never.told"
"""By account: what our account said to this contact last."""
_DUE_KIND: Final = "never.due"
"""By account: when this device tells the contact, unix seconds."""
WITHIN_S: Final = 3_600
"""What another device decided is left to it for so long. Longer says less twice; if that device is
gone, contacts learn it later."""


def is_never(books: Books, accounts: Iterable[AccountId]) -> bool:
    """Say whether we are never to be recorded in a call with these accounts, contacts or not."""
    if books.calls.settings().never_record:
        return True
    found = (books.contacts.get(account) for account in accounts)
    return any(known is not None and known.rules.never_record for known in found)


def take_never(books: Books, known: Known, said: NeverSaid) -> bool:
    """Take over what a contact said of being recorded, if it is newer; say whether it was.

    Inside a transaction.
    """
    # CK-991: of two of one second no recording stands.
    if known.never_said is not None and _order(said) <= _order(known.never_said):
        return False
    known.never_said = said
    books.contacts.save(known)
    return True


def take_told_never(books: Books, record: ContactRecord) -> bool:
    """Take over what a contact said to another device of ours, if it is newer.

    Inside a transaction.
    """
    account = UnverifiedDeviceList.parse(record.list).verify().account_id
    known = books.contacts.get(account)
    if known is None or record.never_said is None:
        return False
    return take_never(books, known, record.never_said)


def note_told(books: Books, account: AccountId, said: NeverSaid) -> None:
    """Note what a device of ours said to a contact; inside a transaction."""
    before = _told(books, account)
    if before is None or _order(said) > _order(before):
        books.store.put(_TOLD_KIND, account, encode_record(said))


def tell_soon(books: Books, accounts: Iterable[AccountId]) -> None:
    """Have this device tell these contacts what was decided here; inside a transaction."""
    for account in accounts:
        books.store.put(_DUE_KIND, account, books.now().to_bytes(8, "big"))


def tell_anew(books: Books, account: AccountId) -> None:
    """Have a contact told that knows nothing of us (any more); inside a transaction."""
    books.store.delete(_TOLD_KIND, account)
    tell_soon(books, [account])


def forget_told(books: Books, account: AccountId) -> None:
    """Forget what a contact was told; inside a transaction."""
    books.store.delete(_TOLD_KIND, account)
    books.store.delete(_DUE_KIND, account)


class NeverTelling:
    """Tells contacts whether we are never to be recorded in calls with them.

    Args:
        books: What this device keeps.
        conversations: To tell them.
    """

    def __init__(self, books: Books, conversations: Conversations) -> None:
        self._books = books
        self._conversations = conversations
        self._is_stale = True
        """Something changed since it was last looked who has to be told."""
        books.contacts.on_saved(lambda _: self._look())
        books.calls.on_change(self._look)

    async def tell(self) -> None:
        """Tell everybody who can be told now; the others when they can be, also after a crash.

        Raises:
            FatalError: The store cannot be trusted any more.
        """
        for account in self._due():
            known = self._books.contacts.get(account)
            if known is None or not known.may_reach_us or not self._has_address(account):
                continue
            # What was written is in the outbox, whether or not the server was there.
            with contextlib.suppress(AuthorizationError, PeerError, UnavailableError):
                make = self._for(account)
                await self._conversations.send_made(account, make, durable=True, to_siblings=True)

    def _look(self) -> None:
        self._is_stale = True

    def _has_address(self, account: AccountId) -> bool:
        return bool(self._books.contacts.addresses(account))

    def _due(self) -> list[AccountId]:
        """Return whom this device has to tell now; note when it has to tell others."""
        books = self._books
        now = books.now()
        due = {AccountId(k): int.from_bytes(at, "big") for k, at in books.store.items(_DUE_KIND)}
        if not self._is_stale and all(at > now for at in due.values()):
            return []
        self._is_stale = False
        with books.store.transaction():
            for known in books.contacts.all():
                account = known.account
                if self._untold(account) is None:
                    if due.pop(account, None) is not None:
                        books.store.delete(_DUE_KIND, account)
                elif account not in due:
                    books.store.put(_DUE_KIND, account, (now + WITHIN_S).to_bytes(8, "big"))
        return [account for account, at in due.items() if at <= now]

    def _untold(self, account: AccountId) -> NeverSaid | None:
        """Return what a contact has yet to be told, as of now."""
        told = _told(self._books, account)
        never = is_never(self._books, [account])
        if never == (told is not None and told.never):
            return None
        # CK-991: later than all that we said, whatever our clocks say.
        at = max(self._books.now(), 0 if told is None else told.at + 1)
        return NeverSaid(never=never, at=min(at, MAX_TIME))

    def _for(self, account: AccountId) -> Callable[[GroupRecord], Inner | None]:
        """Make the content in the transaction that sends it, so that it is said once."""
        books = self._books

        def make(_: GroupRecord) -> Inner | None:
            said = self._untold(account)
            books.store.delete(_DUE_KIND, account)
            if said is None:
                return None
            books.store.put(_TOLD_KIND, account, encode_record(said))
            return RecordingNever(MessageId.random(books.rng), said.at, said.never)

        return make


def _told(books: Books, account: AccountId) -> NeverSaid | None:
    data = books.store.get(_TOLD_KIND, account)
    return None if data is None else decode_record(NeverSaid, data)


def _order(said: NeverSaid) -> tuple[int, bool]:
    return said.at, said.never
