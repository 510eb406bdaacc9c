"""Contacts of before a move to this server, who are not here yet (docs/protocol/move.md).

Their names stand in the history. When one of them comes, with the identity key that we knew and a
device list signed when they moved as well, they are a contact as before: verified mark and rules
hold (`visavis.sdk.decisions.restore`). Nobody else gets anything of it, whatever they are called.

Not for: people who are contacts here (`contact_book.py`).
"""

from __future__ import annotations

from typing import Final

from visavis.core.content import decode_record, encode_record
from visavis.core.content_records import Standing
from visavis.core.device_list import DeviceList
from visavis.core.errors import Code, PeerError
from visavis.core.ids import AccountId
from visavis.core.move_file import MovedContact
from visavis.sdk.store import Store

KIND: Final = "awaited"


class Awaited:
    """Who is awaited, by account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contacts: dict[AccountId, MovedContact] = {}
        self._load()
        store.on_rollback(self._load)

    def all(self) -> list[MovedContact]:
        """Return everybody, by name."""
        return sorted(self._contacts.values(), key=lambda one: (one.name, one.account))

    def get(self, account: AccountId) -> MovedContact | None:
        """Return one of them, or None."""
        return self._contacts.get(account)

    def save(self, contact: MovedContact) -> None:
        """Wait for somebody."""
        self._store.put(KIND, contact.account, encode_record(contact))
        self._contacts[contact.account] = contact

    def remove(self, account: AccountId) -> None:
        """Wait for somebody no longer; whoever comes under this account is a stranger then."""
        self._store.delete(KIND, account)
        self._contacts.pop(account, None)

    def require(self, offered: DeviceList) -> None:
        """Refuse who claims to be somebody we wait for, and is not; who is blocked as well.

        Args:
            offered: Their device list, verified.

        Raises:
            PeerError: As `require_same`; REFUSED, blocked (CK-734).
        """
        self.require_same(offered)
        known = self._contacts.get(offered.account_id)
        if known is not None and known.standing is Standing.BLOCKED:
            raise PeerError(Code.REFUSED, "CK-734: blocked before the move")

    def require_same(self, offered: DeviceList) -> None:
        """Refuse who claims to be somebody we wait for, and is not.

        Raises:
            PeerError: IDENTITY_CHANGED, another identity key; BAD_CREDENTIAL, a list of before they
                moved (CK-733).
        """
        known = self._contacts.get(offered.account_id)
        if known is None:
            return
        if offered.identity_key != known.identity:
            raise PeerError(Code.IDENTITY_CHANGED, "CK-733: another key than before the move")
        if not known.has_moved_with(offered):
            # A device that was revoked at the old server has a signed list as well.
            raise PeerError(Code.BAD_CREDENTIAL, "CK-733: a device list of another server")

    def _load(self) -> None:
        found = (decode_record(MovedContact, data) for _, data in self._store.items(KIND))
        self._contacts = {contact.account: contact for contact in found}
