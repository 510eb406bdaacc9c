"""What of this device stands in the vault, and what it takes over from there.

Not for: when and how it is written (`vault.py`), or what it looks like (`vault_read.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from typing import Any, Final

from visavis.core import cbor
from visavis.core.consent_record import encode_consent, vault_form
from visavis.core.content import encode_record
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import PeerError
from visavis.core.handle import Renamed, is_newer
from visavis.core.ids import AccountId
from visavis.core.keeping import encode_settings
from visavis.sdk.books import Books
from visavis.sdk.consent_book import name_of
from visavis.sdk.contact_names import take_told_name
from visavis.sdk.decisions import take_decision
from visavis.sdk.never_record import take_told_never
from visavis.sdk.vault_read import ACCOUNT_ITEM, Contents

_ITEM_KIND: Final = "vault.item"
"""By item key: hash of what of it stands in the vault."""
_PAGE_KIND: Final = "vault.page"
"""By page: the same."""
_REMOVED_KIND: Final = "vault.removed"
"""By account: contacts that were removed on this device, until the vault does not have them."""


class VaultItems:
    """This device's side of the vault's contents. All that writes is done inside a transaction.

    Args:
        books: What this device keeps.
    """

    def __init__(self, books: Books) -> None:
        self._books = books

    # What shall stand there

    def items(self) -> dict[bytes, bytes]:
        """Return the payload of each item, by its key."""
        books = self._books
        own = (books.device, books.addresses.address(books.sibling_address()))
        devices = {**books.siblings.addresses(), own[0]: own[1]}
        stands = books.lists.stands
        listed = [
            [device, address.to_cbor()]
            for device, address in sorted(devices.items())
            if stands(books.account, device)
        ]
        account: dict[str, Any] = {"k": "account", "list": books.own_list.data, "devices": listed}
        settings = books.calls.settings()
        if settings.count:  # else nobody has decided anything
            account["settings"] = encode_settings(settings)
        if books.own_handle.newest is not None:
            account["handle"] = books.own_handle.newest.to_cbor()
        items = {ACCOUNT_ITEM: cbor.encode(account)}
        for known in books.contacts.all():
            if not known.devices:
                continue  # a record has an address (CK-271): what the vault says of it stays
            record = encode_record(books.contacts.record(known))
            items[bytes(known.account)] = cbor.encode({"k": "contact", "r": record})
        for consent in books.consents.all():
            record = encode_consent(vault_form(consent))
            items[name_of(consent)] = cbor.encode({"k": "consent", "r": record})
        return items

    def pages(self) -> dict[bytes, bytes]:
        """Return the payload of each page of calls, by its id; one at least."""
        return self._books.calls.vault_pages()

    def written(self) -> dict[bytes, bytes]:
        """Return the hash of what stands in the vault of each item, by its key."""
        return dict(self._books.store.items(_ITEM_KIND))

    def written_pages(self) -> dict[bytes, bytes]:
        """Return the hash of what stands in the vault of each page, by its id."""
        return dict(self._books.store.items(_PAGE_KIND))

    def urgent(self) -> frozenset[bytes]:
        """Return the pages from which calls were deleted that the vault still has."""
        return self._books.calls.urgent()

    def wrote(self, name: bytes, payload: bytes) -> None:
        """Note what stands there now of an item."""
        self._books.store.put(_ITEM_KIND, name, hashlib.sha256(payload).digest())

    def wrote_page(self, page: bytes, payload: bytes) -> None:
        """Note what stands there now of a page."""
        self._books.store.put(_PAGE_KIND, page, hashlib.sha256(payload).digest())
        self._books.calls.is_written(page, payload)

    # What was removed

    def remove(self, account: AccountId) -> None:
        """Have a contact taken out with the next write."""
        self._books.store.put(_REMOVED_KIND, account, b"")

    def gone(self) -> frozenset[bytes]:
        """Return the items that were removed here and did not come back: accounts, consents."""
        books = self._books
        removed = [account for account, _ in books.store.items(_REMOVED_KIND)]
        gone = frozenset(one for one in removed if books.contacts.get(AccountId(one)) is None)
        return gone | books.consents.forgotten()

    def settle(self, held: AbstractSet[bytes]) -> None:
        """Remember no more whom the vault does not have, nor who is a contact again."""
        books = self._books
        books.consents.settle(held)
        for account, _ in books.store.items(_REMOVED_KIND):
            is_back = books.contacts.get(AccountId(account)) is not None
            if is_back or account not in held:
                books.store.delete(_REMOVED_KIND, account)

    # What stands there

    def take(self, contents: Contents) -> None:
        """Take over what others of our devices have written."""
        books = self._books
        self._take_list(contents.own_list)
        self._take_handle(contents.handle)
        self._take_addresses(contents)
        if contents.settings is not None:
            books.calls.take_settings(contents.settings)
        for consent in contents.consents:
            books.consents.take(consent)
        books.calls.take_pages(contents.pages, contents.payloads)
        for page_id in contents.pages:
            digest = hashlib.sha256(contents.payloads[page_id]).digest()
            books.store.put(_PAGE_KIND, page_id, digest)

    def _take_list(self, found: DeviceList) -> None:
        """Have the account's item hold our newest list, whoever wrote it last.

        A sibling that has not heard of the newest list may have put an older one there: a manifest
        that we sign must not stand beside a list without us (CK-590).
        """
        books = self._books
        if found.find(books.device) is not None:  # else we are shut out, and hear it otherwise
            books.lists.learn(found)
        if found.data != books.own_list.data:
            books.store.delete(_ITEM_KIND, ACCOUNT_ITEM)

    def _take_handle(self, found: Renamed | None) -> None:
        """Take over a newer handle; have the account's item hold ours if that is the newer one."""
        books = self._books
        books.own_handle.take(found)
        if is_newer(books.own_handle.newest, found):
            books.store.delete(_ITEM_KIND, ACCOUNT_ITEM)

    def _take_addresses(self, contents: Contents) -> None:
        """Take over what was decided, and where those are reached that we wait for.

        Nobody but our other devices can tell us, and our next write must not put what is older
        back. In a group that we share, each tells us itself.
        """
        books = self._books
        self._take_siblings(contents)
        for record in contents.contacts:
            take_decision(books, record)
            take_told_name(books, record)
            take_told_never(books, record)
            offered = UnverifiedDeviceList.parse(record.list).verify()
            known = books.contacts.get(offered.account_id)
            if known is None or known.member or known.identity_changed:
                continue
            try:
                books.lists.learn(offered)
            except PeerError as error:
                books.counters.drop(error.code)
                continue
            for entry in record.devices:
                address = entry.address.require_server(books.profile.origin)
                known.addresses[entry.device] = address
            books.contacts.save(known)

    def _take_siblings(self, contents: Contents) -> None:
        books = self._books
        record = books.groups.self_group()
        shared = set() if record is None else {d for _, d in books.groups.members(record)}
        for device, address in contents.siblings.items():
            known = device == books.device or device in shared
            if not known and books.lists.stands(books.account, device):
                books.siblings.save(device, address.require_server(books.profile.origin))
