"""What the person decided about a contact: blocked or not, which calls ring, verified or not.

A decision is kept with the contact, told to our other devices, and stands in the vault for the next
one. Of two about the same thing the newest stands, in whatever order they come (CK-688); each is
later than all that its device knew of. Blocking revokes the address that the contact has of this
device, and each of our devices does the same with its own: from then on the server refuses the
contact's envelopes, alike to a stranger's. Unblocking makes a fresh address, which is announced in
the conversation.

Not for removing a contact (`Session.forget_contact`), nor for what calls do then
(`visavis.core.contact_rules`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from visavis.core.contact_rules import ALL_RING, Ring, decide, encode_rules
from visavis.core.content import encode_record
from visavis.core.content_records import (
    MAX_TIME,
    ContactRecord,
    Decided,
    Media,
    Rules,
    Standing,
)
from visavis.core.content_self import SelfContacts
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.sdk.addresses import LOOK, ROTATE_KIND, Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_book import NEVER, Known
from visavis.sdk.knowing import check_number_with
from visavis.sdk.never_record import tell_soon

if TYPE_CHECKING:
    from visavis.sdk.conversation import Conversations

_NAMES: Final = ("standing", "verified", "rules")
UNTOLD_KIND: Final = "untold"
"""Accounts about whom something was decided here that our other devices may not have been told."""


class Decisions:
    """Makes decisions, and tells our other devices.

    Args:
        books: What this device keeps.
        conversations: To tell them.
        vault_stale: Has the vault written at once: the next device must not begin with what was.
        after: Told when addresses are to be revoked or announced.
    """

    def __init__(
        self,
        books: Books,
        conversations: Conversations,
        *,
        vault_stale: Callable[[], None],
        after: Callable[[], None],
    ) -> None:
        self._books = books
        self._conversations = conversations
        self._vault_stale = vault_stale
        self._after = after

    async def set_rules(self, account: AccountId, rules: Rules) -> None:
        """Say which calls of a contact ring, and when.

        Raises:
            AuthorizationError: UNKNOWN_CONTACT.
            UsageError: The rules are out of bounds.
        """
        encode_rules(rules)
        books = self._books

        def change(known: Known) -> None:
            if known.rules.never_record != rules.never_record:
                tell_soon(books, [account])
            known.rules = rules

        await self._decide(account, change)

    async def set_verified(self, account: AccountId, *, verified: bool) -> None:
        """Note that the safety number was compared and is the same, or take that back.

        The mark is bound to the key: for another one it says nothing.

        Raises:
            AuthorizationError: UNKNOWN_CONTACT.
        """
        newest = self._books.lists.newest(account)
        key = newest.identity_key if verified and newest is not None else None
        await self._decide(account, lambda known: setattr(known, "verified", key))

    async def verify_by_text(self, account: AccountId, text: str) -> None:
        """Compare what the QR code on a contact's screen says; if it is the same, note that.

        Raises:
            As `check_number_with`; nothing was changed then.
        """
        check_number_with(self._books, account, text)
        await self.set_verified(account, verified=True)

    async def set_standing(self, account: AccountId, standing: Standing) -> None:
        """Block a contact, or unblock it.

        Raises:
            AuthorizationError: UNKNOWN_CONTACT.
        """
        await self._decide(account, lambda known: setattr(known, "standing", standing))

    async def _decide(self, account: AccountId, change: Callable[[Known], None]) -> None:
        books = self._books
        with books.store.transaction():
            known = books.contacts.get(account)
            if known is None:
                raise AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours")
            before = replace(known)
            change(known)
            if _ranks(known) == _ranks(before):
                return
            known.decided = _now(before, known, books.now())
            _stand(books, known, before.standing)
            books.store.put(UNTOLD_KIND, account, b"")
            self._vault_stale()
        self._after()
        await self.tell()

    async def tell(self) -> None:
        """Tell our other devices what they were not told yet; again after a crash."""
        books = self._books
        for key, _ in books.store.items(UNTOLD_KIND):
            known = books.contacts.get(AccountId(key))
            if known is not None and not known.devices:
                continue  # a record has an address (CK-271): they are told when there is one
            if known is not None:
                said = SelfContacts((books.contacts.record(known),))
                await self._conversations.send_self(said, durable=True)
            books.store.delete(UNTOLD_KIND, key)


def take_decision(books: Books, record: ContactRecord) -> None:
    """Take over what another device of ours decided, if it is newer; inside a transaction.

    Nothing but the decision is taken: lists and addresses have their own ways, and a contact comes
    by a Welcome only (CK-577).
    """
    account = UnverifiedDeviceList.parse(record.list).verify().account_id
    known = books.contacts.get(account)
    if known is None or record.decided is None:
        return
    # CK-688: the newest of each stands, whichever came first; of two of one second the same one
    # everywhere.
    newer = [
        name
        for name in _NAMES
        if (getattr(record.decided, name), _rank(record, name))
        > (getattr(known.decided, name), _rank(known, name))
    ]
    before = known.standing
    for name in newer:
        value = getattr(record, name)
        setattr(known, name, ALL_RING if name == "rules" and value is None else value)
    known.decided = replace(known.decided, **{n: getattr(record.decided, n) for n in newer})
    if newer:
        _stand(books, known, before)


def restore(books: Books, known: Known) -> None:
    """Give a new contact what held before we moved here, if it is who we wait for.

    Inside a transaction; its list was learnt and it is written.
    """
    awaited, newest = books.awaited.get(known.account), books.lists.newest(known.account)
    # CK-733: a mark is bound to its key; asked once more where it is given.
    if awaited is None or newest is None or not awaited.has_moved_with(newest):
        return
    before = known.standing
    known.verified, known.standing = awaited.verified, awaited.standing
    known.rules, known.decided = awaited.rules or ALL_RING, awaited.decided or NEVER
    _stand(books, known, before)
    books.awaited.remove(known.account)
    books.store.put(UNTOLD_KIND, known.account, b"")


def _stand(books: Books, known: Known, before: Standing) -> None:
    """Keep a contact, and have its address follow its standing; inside a transaction."""
    books.contacts.save(known)
    if known.standing is before:
        return
    if known.standing is Standing.CONTACT:
        # The address of before is revoked. One that was made since was told to nobody: a device
        # that came meanwhile may have it in a rejoin that waits.
        if books.store.get(ROTATE_KIND, known.account) is None:
            books.store.put(ROTATE_KIND, known.account, LOOK)
        return
    given = books.addresses.current(Purpose.CONTACT, known.account)
    if given is not None:
        books.addresses.revoke(given, books.now())


def _now(before: Known, known: Known, now: int) -> Decided:
    """Return when each was decided, those that changed as of now: later than all we knew of."""
    changed = {
        name: min(max(now, getattr(before.decided, name) + 1), MAX_TIME)
        for name in _NAMES
        if _rank(before, name) != _rank(known, name)
    }
    return replace(before.decided, **changed)


def _ranks(known: Known) -> list[bytes]:
    return [_rank(known, name) for name in _NAMES]


def _rank(of: Known | ContactRecord, name: str) -> bytes:
    """Return the bytes by which two decisions of one second are told apart; the twin has the same.

    Blocked is more than not blocked.
    """
    match name:
        case "standing":
            return bytes([of.standing is Standing.BLOCKED])
        case "verified":
            return b"" if of.verified is None else bytes(of.verified)
        case _:
            return encode_record(of.rules or ALL_RING)


def may_ring(books: Books, contact: AccountId, media: Media, *, called: bool) -> Media | None:
    """Return as what a call of this contact may ring now (R-86, R-87); None: nothing rings."""
    known = books.contacts.get(contact)
    if known is None or not known.may_reach_us:
        return None
    if called:
        return media
    at = time.localtime(books.now())
    decision = decide(known.rules, media, at.tm_wday, 60 * at.tm_hour + at.tm_min)
    return decision.media if isinstance(decision, Ring) else None


def granted(books: Books, contact: AccountId) -> Rules:
    """Return the contact's rules, for what they grant beyond ringing."""
    known = books.contacts.get(contact)
    return known.rules if known is not None and known.may_reach_us else ALL_RING


def is_verified(books: Books, contact: AccountId) -> bool:
    """Say whether the contact's safety number was compared, with the key it has now."""
    known, newest = books.contacts.get(contact), books.lists.newest(contact)
    if known is None or newest is None or known.identity_changed:
        return False
    return known.verified == newest.identity_key
