"""Whether a contact is who they seem: the safety number, its QR code, a false alarm put away.

The mark that a person makes after comparing is in `visavis.sdk.decisions`.
"""

from __future__ import annotations

from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.core.safety_number import Party, SafetyNumber, check_text, safety_number
from visavis.sdk.books import Books
from visavis.sdk.history import NoticeKind


def safety_number_with(books: Books, account: AccountId) -> SafetyNumber:
    """Compute the safety number with a contact.

    Raises:
        AuthorizationError: UNKNOWN_CONTACT.
    """
    return safety_number(*_parties(books, account))


def check_number_with(books: Books, account: AccountId, text: str) -> None:
    """Compare what the QR code of a contact's safety number says with what we hold.

    Raises:
        AuthorizationError: UNKNOWN_CONTACT.
        PeerError: As `check_text`: MALFORMED, it is no such text; IDENTITY_CHANGED, it is one and
            does not match (CK-278).
    """
    check_text(*_parties(books, account), text)


def keep_identity(books: Books, account: AccountId) -> None:
    """Go on with the key we know, after an identity change was shown and found to be false.

    Raises:
        AuthorizationError: UNKNOWN_CONTACT.
    """
    known = books.contacts.get(account)
    if known is None:
        raise _unknown()
    with books.store.transaction():
        known.identity_changed = False
        books.contacts.save(known)
        books.history.forget_notice(NoticeKind.IDENTITY_CHANGED, account)


def _parties(books: Books, account: AccountId) -> tuple[Party, Party]:
    theirs = books.lists.newest(account)
    if theirs is None:
        raise _unknown()
    own = Party(books.account, books.own_list.identity_key)
    return own, Party(theirs.account_id, theirs.identity_key)


def _unknown() -> AuthorizationError:
    return AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours")
