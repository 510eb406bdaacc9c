"""What a person reads for the members of a group: a contact's name, or one that nobody verified."""

from __future__ import annotations

from visavis.core.ids import AccountId, GroupId
from visavis.sdk.books import Books

UNNAMED = "member"
"""For who has not said yet what they are called; the mark tells them apart."""


def is_contact(books: Books, group: GroupId, account: AccountId) -> bool:
    """Say whether a member is a contact of ours, under the key that we know (CK-841)."""
    known = books.contacts.get(account)
    return known is not None and books.group_book.newest(group, account) is not None


def name_in_group(books: Books, group: GroupId, account: AccountId) -> str:
    """Return the name to show for a member.

    A contact has the name that we know it by. Anybody else has what they call themselves, with a
    mark if that is a contact's, or no name that a server hands out (CK-587).
    """
    if account == books.account:
        return books.profile.handle
    known = books.contacts.get(account)
    if known is not None and is_contact(books, group, account):
        return known.name
    said = books.group_book.name_of(group, account)
    if known is not None:
        return books.contacts.marked_name(account, f"not {known.name}")
    return books.contacts.name_for(account, said or UNNAMED)
