"""The end of a group of people for this device: its keys go, its thread stays."""

from __future__ import annotations

from visavis.sdk.addresses import GROUP_PURPOSES
from visavis.sdk.books import Books
from visavis.sdk.groups import GroupRecord


def erase_group(books: Books, record: GroupRecord, why: str, *, keep_address: bool = False) -> None:
    """Forget a group but for its messages and its name; inside a transaction.

    Args:
        books: What this device keeps.
        record: The group.
        why: "left" or "removed", for whoever reads the thread.
        keep_address: We are about to come in again by the address that was given.
    """
    group = record.group_id
    terms = books.group_book.terms(group)
    for purpose in GROUP_PURPOSES:
        for given in books.addresses.all(purpose):
            if given.subject == group and not keep_address:
                books.addresses.revoke(given, books.now())
    books.groups.remove(record)
    books.group_book.drop(group)
    books.group_calls.drop(group)
    books.call_links.drop(group)
    books.group_book.put_past(group, "" if terms is None else terms.name, why, books.now())
