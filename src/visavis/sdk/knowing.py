"""Whether a contact is who they seem: the safety number with them, and the text of its QR code.

The mark that a person makes after comparing is in `visavis.sdk.decisions`.
"""

from __future__ import annotations

from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.core.safety_number import Party, SafetyNumber, check_text, safety_number
from visavis.sdk.books import Books


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


def _parties(books: Books, account: AccountId) -> tuple[Party, Party]:
    theirs = books.lists.newest(account)
    if theirs is None:
        raise AuthorizationError(Code.UNKNOWN_CONTACT, "no contact of ours")
    own = Party(books.account, books.own_list.identity_key)
    return own, Party(theirs.account_id, theirs.identity_key)
