"""Steps of a group's state: who may be sent to, and what becomes of a step that fails.

Not for commits: they wait for the server between transactions (`sequencer.py`).
"""

from __future__ import annotations

from visavis.core.content_records import Standing
from visavis.core.errors import AuthorizationError, Code, UnavailableError, VisavisError
from visavis.core.ids import AccountId
from visavis.sdk.books import Books
from visavis.sdk.contact_book import Known
from visavis.sdk.groups import GroupRecord
from visavis.sdk.history import NoticeKind


def require_conversation(books: Books, contact: AccountId) -> tuple[Known, GroupRecord]:
    """Return a contact and its conversation, if we may send to it now.

    Raises:
        AuthorizationError: REFUSED, no contact of ours, or blocked; IDENTITY_CHANGED (CK-563:
            nothing is sent until the person has decided).
        UnavailableError: We wait to be let in again (P5), or for the address of a device that
            the contact has now: what is said until then would reach nobody.
    """
    known = books.contacts.get(contact)
    if known is None or known.standing is Standing.BLOCKED:
        raise AuthorizationError(Code.REFUSED, "not a contact, or blocked")
    if known.identity_changed:
        raise AuthorizationError(Code.IDENTITY_CHANGED, "CK-563: the person has to decide")
    record = books.groups.get(known.group)
    if record is None or not known.member:
        raise UnavailableError(Code.UNAVAILABLE, "not (yet) back in this conversation")
    if not books.contacts.addresses(contact):
        raise UnavailableError(Code.UNAVAILABLE, "no device of the contact is known just now")
    return known, record


class Stepping:
    """While a group's state is stepped: on failure it is read back from disk.

    An identity that changed is written down, so that sending stops (CK-563).
    """

    def __init__(self, books: Books, record: GroupRecord) -> None:
        self._books = books
        self._record = record

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self._books.groups.discard(self._record)
        if isinstance(error, VisavisError) and error.code is Code.IDENTITY_CHANGED:
            note_identity_changed(self._books, self._record.account)


def note_identity_changed(books: Books, account: AccountId) -> None:
    """Stop sending to a contact until the person has decided, and tell the person."""
    known = books.contacts.get(account)
    if known is not None and not known.identity_changed:
        with books.store.transaction():
            known.identity_changed = True
            books.contacts.save(known)
            books.history.notice(NoticeKind.IDENTITY_CHANGED, account, None, books.now())
        books.history.publish()
