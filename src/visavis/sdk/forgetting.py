"""Removing a contact: its groups, keys and addresses go, and what it holds of ours is refused."""

from __future__ import annotations

from visavis.core.ids import AccountId
from visavis.sdk.addresses import Purpose
from visavis.sdk.books import Books
from visavis.sdk.contact_records import ACCEPTED_KIND
from visavis.sdk.groups import GroupKind
from visavis.sdk.history import NoticeKind
from visavis.sdk.never_record import forget_told


def forget(books: Books, account: AccountId) -> None:
    """Remove what the books hold of a contact, but for the history of messages.

    Inside a transaction.
    """
    given = books.addresses.current(Purpose.CONTACT, account)
    if given is not None:
        books.addresses.revoke(given, books.now())
    for record in books.groups.all():
        if record.account == account and record.kind is GroupKind.CONVERSATION:
            books.groups.remove(record)
    books.contacts.remove(account)
    books.lists.forget(account)  # a group that we share has its own (`group_book`)
    books.store.delete(ACCEPTED_KIND, account)
    books.history.forget_notice(NoticeKind.IDENTITY_CHANGED, account)
    books.history.forget_notice(NoticeKind.CONTACT_ADDED, account)
    books.history.forget_notice(NoticeKind.CONTACT_BY_HANDLE, account)
    books.history.forget_renamed(account)
    forget_told(books, account)
