"""Another name of a contact (R-82): what it calls itself now, beside what it was called.

The newest of a contact's handles stands, in whatever order they are told (CK-765). A name is never
changed unseen: the person is told which name took the place of which, and a name that another
contact has gets the mark that tells the two apart (CK-587). What was decided about the contact
hangs on its account and key and stays.

Not for: who may change it (`visavis.sdk.received`).
"""

from __future__ import annotations

from visavis.core.content_records import ContactRecord
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.handle import Renamed, is_handle
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known
from visavis.sdk.history import NoticeKind


def take_name(books: Books, known: Known, said: Renamed) -> bool:
    """Take over the handle that a contact has told us; say whether it is newer.

    Inside a transaction.
    """
    return _take(books, known, said.handle, said.count)


def take_told_name(books: Books, record: ContactRecord) -> bool:
    """Take over the name of a contact as another device of ours knows it, if it is newer.

    Inside a transaction.
    """
    account = UnverifiedDeviceList.parse(record.list).verify().account_id
    known = books.contacts.get(account)
    if known is None or record.named is None:
        return False
    return _take(books, known, record.name, record.named)


def _take(books: Books, known: Known, name: str, count: int) -> bool:
    if count <= known.named:  # CK-765: told late, or told again
        return False
    was = known.name
    # One that is no handle has its mark already: it was given where the contact was heard.
    shown = books.contacts.name_for(known.account, name) if is_handle(name) else name
    known.name, known.named = shown, count
    books.contacts.save(known)
    if shown != was:
        kind, names = NoticeKind.CONTACT_RENAMED, (was, shown)
        books.history.renamed(kind, known.account, names, count, books.now())
    return True
