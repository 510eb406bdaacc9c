"""The vault: what the account keeps on the server for its next device (P6).

Contacts and the account's own list and addresses, one item per slot. Every write rewrites the same
number of slots, at a random time within the hour: neither sizes nor times tell what changed. How it
is laid out and read is in `vault_read.py`, which slots a write takes in `vault_slots.py`.

MLS state is never in it (P5). Not for: history of messages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

from visavis.core import cbor
from visavis.core.content import encode_record
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import (
    Code,
    FatalError,
    PeerError,
)
from visavis.core.identity import sign
from visavis.core.ids import AccountId
from visavis.sdk.books import Books
from visavis.sdk.decisions import take_decision
from visavis.sdk.history import NoticeKind
from visavis.sdk.vault_read import (
    ACCOUNT_ITEM,
    LABEL,
    UNREADABLE,
    Contents,
    Manifest,
    Slots,
    manifest_context,
    read_manifest,
    read_vault,
    seal_item,
    vault_keys,
)
from visavis.sdk.vault_slots import choose
from visavis.transport.api import DeviceApi, VaultState

WITHIN_S: Final = 3_600

_STATE_KIND: Final = "vault"
_SLOT_KIND: Final = "vault.slot"
_ITEM_KIND: Final = "vault.item"
_REMOVED_KIND: Final = "vault.removed"
"""By account: contacts that were removed on this device, until the vault does not have them."""
_EMPTY: Final = cbor.encode({"k": "empty"})


class Vault:
    """This device's view of the account's vault.

    Args:
        books: What this device keeps.
        api: The server.
        written: Told the new counter after a write (siblings are told of it).
    """

    def __init__(self, books: Books, api: DeviceApi, written: Callable[[int], None]) -> None:
        self._books = books
        self._api = api
        self._written = written
        self._writing = asyncio.Lock()
        self._wished = 0
        """When the next write is due by what was asked for since the present one began."""

    # When

    def changed(self) -> None:
        """Have the vault written at a random time within the hour."""
        wait = int.from_bytes(self._books.rng(4), "big") % WITHIN_S
        self._wish(self._books.now() + wait)

    def removed(self, account: AccountId) -> None:
        """Have a contact that was removed here taken out of the vault with the next write.

        A device of ours that still has it writes it again: it is gone when the last one removed it.
        """
        self._books.store.put(_REMOVED_KIND, account, b"")
        self.changed()

    def write_soon(self) -> None:
        """Have it written at the next opportunity (first write, new device, revocation)."""
        self._wish(1)

    def _wish(self, at: int) -> None:
        # Earlier wishes stand. What is wished for while a write is under way is kept for after it:
        # the write may have looked at the books before.
        self._wished = min(at, self._wished or at)
        self._set(b"due", min(at, self.due_at or at))

    @property
    def due_at(self) -> int:
        """Unix seconds when the next write is due, 0 if none is."""
        return self._number(b"due")

    def seen(self, counter: int) -> None:
        """Note the counter that a sibling has seen."""
        self._set(b"highest", max(counter, self._number(b"highest")))

    # Reading

    async def refresh(self) -> Contents:
        """Read the vault; notice a rollback.

        Raises:
            PeerError: UNEXPECTED, the server shows an older state than we or a sibling have seen
                (CK-591); DECRYPTION, BAD_SIGNATURE.
            FatalError: UNEXPECTED, this profile is an older copy of itself (CK-593).
        """
        books = self._books
        keys = vault_keys(books.profile.vault_keys)
        state = await self._api.vault()
        await self._check(state, read_manifest(state, keys))
        counter, contents, slots = await read_vault(self._api, keys, books.account)
        for _ in range(contents.unreadable):
            books.counters.drop(UNREADABLE)
        with books.store.transaction():
            self._keep(slots)
            self._set(b"highest", max(counter, self._number(b"highest")))
            self._set(b"counter", counter)
            self._take_list(contents.own_list)
            self._take_addresses(contents)
        return contents

    async def reread(self) -> None:
        """Look for newer addresses of contacts that do not answer our rejoin (P5).

        Raises:
            PeerError: As `refresh`.
            UnavailableError: Later.
        """
        async with self._writing:
            await self.refresh()

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

    def _take_addresses(self, contents: Contents) -> None:
        """Take over what was decided, and where those are reached that we wait for.

        Nobody but our other devices can tell us, and our next write must not put what is older
        back. In a group that we share, each tells us itself.
        """
        books = self._books
        self._take_siblings(contents)
        for record in contents.contacts:
            take_decision(books, record)
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

    async def _check(self, state: VaultState, manifest: Manifest) -> None:
        books = self._books
        highest = self._number(b"highest")
        if state.counter < highest:
            with books.store.transaction():
                books.history.notice(NoticeKind.VAULT_ROLLED_BACK, books.account, None, books.now())
            books.history.publish()
            raise PeerError(Code.UNEXPECTED, "CK-591: the server shows an older vault than before")
        own = manifest.device == books.device
        if own and manifest.counter > highest and manifest.counter != self._number(b"intent"):
            # CK-593: written by this device, and it does not remember: MLS state is old too, and
            # going on with it would use keys twice (P5).
            raise FatalError(Code.UNEXPECTED, "CK-593: this profile is an older copy of itself")

    # Writing

    async def write(self, *, if_due: bool = False) -> None:
        """Write what changed.

        Args:
            if_due: Do nothing unless a write is due now.

        Raises:
            PeerError: As `refresh`.
            UnavailableError: Later.
        """
        async with self._writing:
            if if_due and not 0 < self.due_at <= self._books.now():
                return
            for _ in range(4):
                self._wished = 0
                try:
                    await self._write_once()
                except PeerError as error:
                    if error.code is not Code.CONFLICT:
                        raise
                    continue
                return
            self.changed()

    async def rewrite(self) -> None:
        """Rewrite every slot under the newest data key (P3: after a revocation)."""
        self._set(b"rekey", 1)
        await self.write()

    async def _write_once(self) -> None:
        books = self._books
        state = await self._api.vault()
        rewrites = self._number(b"rekey") != 0
        carried: dict[bytes, bytes] = {}
        if state.counter == 0:
            slots: Slots = {}
            if self._number(b"highest"):
                raise PeerError(Code.UNEXPECTED, "CK-591: the server shows no vault any more")
        else:
            await self._check(state, read_manifest(state, vault_keys(books.profile.vault_keys)))
            if rewrites or state.counter != self._number(b"counter"):
                contents = await self.refresh()
                # What we cannot write anew (contacts that we do not know) goes over to the new key
                # as well: after one more change nobody could open it, nor the vault.
                carried = contents.payloads if rewrites else {}
            slots = self._kept()
        items = self._items()
        gone = self._gone()
        carried = {slot: held for slot, held in carried.items() if slots[slot][1] not in gone}
        chosen = choose(
            slots,
            items,
            carried,
            written=dict(books.store.items(_ITEM_KIND)),
            gone=gone,
            rewrites=rewrites,
            rng=books.rng,
        )
        key = books.profile.vault_keys[:32]
        put: dict[bytes, bytes] = {}
        for slot, name in chosen.slots.items():
            payload = items.get(name, carried.get(slot, _EMPTY))
            put[slot] = seal_item(key, slot, payload, books.rng)
            slots[slot] = (hashlib.sha256(put[slot]).digest(), name)
        counter = state.counter + 1
        manifest = self._manifest(counter, slots, key)
        self._set(b"intent", counter)
        await self._api.write_vault(state.counter, manifest, put)
        with books.store.transaction():
            self._keep(slots)
            for name in chosen.slots.values():
                if name in items:
                    digest = hashlib.sha256(items[name]).digest()
                    books.store.put(_ITEM_KIND, name, digest)
            self._settle_removed(slots)
            self._set(b"highest", counter)
            self._set(b"counter", counter)
            self._set(b"due", self._wished)
            if rewrites:
                self._set(b"rekey", 0)  # it may have been wished for meanwhile
        if chosen.more:
            self.changed()
        self._written(counter)

    def _gone(self) -> frozenset[bytes]:
        """Return the accounts that were removed here and did not come back."""
        books = self._books
        removed = [account for account, _ in books.store.items(_REMOVED_KIND)]
        return frozenset(one for one in removed if books.contacts.get(AccountId(one)) is None)

    def _settle_removed(self, slots: Slots) -> None:
        """Remember no more whom the vault does not have, nor who is a contact again."""
        books = self._books
        held = {name for _, name in slots.values()}
        for account, _ in books.store.items(_REMOVED_KIND):
            is_back = books.contacts.get(AccountId(account)) is not None
            if is_back or account not in held:
                books.store.delete(_REMOVED_KIND, account)

    def _items(self) -> dict[bytes, bytes]:
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
        items = {
            ACCOUNT_ITEM: cbor.encode(
                {"k": "account", "list": books.own_list.data, "devices": listed}
            )
        }
        for known in books.contacts.all():
            if not known.devices:
                continue  # a record has an address (CK-271): what the vault says of it stays
            record = encode_record(books.contacts.record(known))
            items[bytes(known.account)] = cbor.encode({"k": "contact", "r": record})
        return items

    def _manifest(self, counter: int, slots: Slots, key: bytes) -> bytes:
        books = self._books
        body = cbor.encode(
            {
                "v": 1,
                "counter": counter,
                "device": books.device,
                "slots": [[slot, digest] for slot, (digest, _) in sorted(slots.items())],
            }
        )
        signature = sign(books.profile.signature_private, LABEL, body)
        return seal_item(key, manifest_context(counter), cbor.encode([body, signature]), books.rng)

    def _kept(self) -> Slots:
        rows = self._books.store.items(_SLOT_KIND)
        return {slot: (data[:32], data[32:]) for slot, data in rows}

    def _keep(self, slots: Slots) -> None:
        store = self._books.store
        for slot, _ in store.items(_SLOT_KIND):
            if slot not in slots:
                store.delete(_SLOT_KIND, slot)
        for slot, (digest, name) in slots.items():
            store.put(_SLOT_KIND, slot, digest + name)

    def _number(self, name: bytes) -> int:
        data = self._books.store.get(_STATE_KIND, name)
        return 0 if data is None else int.from_bytes(data, "big")

    def _set(self, name: bytes, value: int) -> None:
        self._books.store.put(_STATE_KIND, name, value.to_bytes(8, "big"))
