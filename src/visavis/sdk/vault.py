"""The vault: what the account keeps on the server for its next device (P6).

Contacts and the account's own list, addresses and settings, one item per slot; and the history of
calls, many to a page. Every write rewrites the same number of slots, at a random time within the
hour: neither sizes nor times tell what changed. How it is laid out and read is in `vault_read.py`,
which slots a write takes in `vault_slots.py`, what is in it of this device in `vault_items.py`.

MLS state is never in it (P5). Not for: history of messages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final

from visavis.core import cbor
from visavis.core.call_page import is_page
from visavis.core.errors import (
    Code,
    FatalError,
    PeerError,
)
from visavis.core.identity import sign
from visavis.core.ids import AccountId
from visavis.sdk.books import Books
from visavis.sdk.history import NoticeKind
from visavis.sdk.vault_items import VaultItems
from visavis.sdk.vault_read import (
    BUCKETS,
    LABEL,
    PAGE_BUCKET,
    PAGE_ITEM,
    UNREADABLE,
    Contents,
    Manifest,
    Slots,
    VaultAlteredError,
    manifest_context,
    read_manifest,
    read_vault,
    seal_item,
    vault_keys,
)
from visavis.sdk.vault_slots import Choice, choose, choose_pages
from visavis.transport.device_api import DeviceApi, VaultState

WITHIN_S: Final = 3_600
MOST_WRITES: Final = 40
"""Writes in a row after a change of the key; the largest vault takes as many."""

_STATE_KIND: Final = "vault"
_SLOT_KIND: Final = "vault.slot"
_STALE_KIND: Final = "vault.stale"
"""Slots that are still under the key of before."""
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
        self._own = VaultItems(books)
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
        self._own.remove(account)
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

    def intend(self, counter: int) -> None:
        """Note that this device is about to write this counter (CK-593)."""
        self._set(b"intent", counter)

    # Reading

    async def refresh(self, *, whole: bool = False) -> Contents:
        """Read of the vault what is new here; notice a rollback.

        Args:
            whole: Read everything.

        Raises:
            PeerError: UNEXPECTED, the server shows an older state than we or a sibling have seen
                (CK-591); DECRYPTION, BAD_SIGNATURE.
            FatalError: UNEXPECTED, this profile is an older copy of itself (CK-593).
        """
        books = self._books
        keys = vault_keys(books.profile.vault_keys)
        state = await self._api.vault()
        await self._check(state, read_manifest(state, keys))
        known = {} if whole else self._kept()
        try:
            counter, contents, slots = await read_vault(self._api, keys, books.account, known)
        except VaultAlteredError:
            self._say(NoticeKind.VAULT_ALTERED)
            raise
        for _ in range(contents.unreadable):
            books.counters.drop(UNREADABLE)
        with books.store.transaction():
            self._keep(slots)
            self._set(b"highest", max(counter, self._number(b"highest")))
            self._set(b"counter", counter)
            self._own.take(contents)
        return contents

    async def reread(self) -> None:
        """Look for newer addresses of contacts that do not answer our rejoin (P5).

        Raises:
            PeerError: As `refresh`.
            UnavailableError: Later.
        """
        async with self._writing:
            await self.refresh(whole=True)  # an address may have been read before we waited for it

    async def follow(self) -> None:
        """Read what a sibling has written, if it has written since we read.

        Raises:
            PeerError: As `refresh`.
            UnavailableError: Later.
        """
        if self._number(b"counter") < self._number(b"highest"):
            async with self._writing:
                await self.refresh()

    async def _check(self, state: VaultState, manifest: Manifest) -> None:
        books = self._books
        highest = self._number(b"highest")
        if state.counter < highest:
            self._say(NoticeKind.VAULT_ROLLED_BACK)
            raise PeerError(Code.UNEXPECTED, "CK-591: the server shows an older vault than before")
        own = manifest.device == books.device
        if own and manifest.counter > highest and manifest.counter != self._number(b"intent"):
            # CK-593: written by this device, and it does not remember: MLS state is old too, and
            # going on with it would use keys twice (P5).
            raise FatalError(Code.UNEXPECTED, "CK-593: this profile is an older copy of itself")

    def _say(self, kind: NoticeKind) -> None:
        books = self._books
        with books.store.transaction():
            books.history.notice(kind, books.account, None, books.now())
        books.history.publish()

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
        """Write every slot anew under the newest data key (P3: after a revocation)."""
        self._set(b"rekey", 1)
        await self.write()
        for _ in range(MOST_WRITES):  # a vault that is larger than one request takes several
            if not self._books.store.count(_STALE_KIND):
                return
            await self.write()
        self.write_soon()

    async def _write_once(self) -> None:
        books = self._books
        state = await self._api.vault()
        slots, carried = await self._present(state)
        is_stale = frozenset(slot for slot, _ in books.store.items(_STALE_KIND)) & slots.keys()
        items, pages = self._items(), self._own.pages()
        chosen = self._choose(slots, items, pages, is_stale, carried.keys())
        key = books.profile.vault_keys[:32]
        put: dict[bytes, bytes] = {}
        for slot, name in chosen.slots.items():
            if name == PAGE_ITEM:
                payload, least = pages[slot], PAGE_BUCKET
            else:
                payload = items.get(name, carried.get(slot, _EMPTY))
                least = PAGE_BUCKET if is_page(cbor.decode_map(payload)) else BUCKETS[0]
            put[slot] = seal_item(key, slot, payload, books.rng, least=least)
            slots[slot] = (hashlib.sha256(put[slot]).digest(), name)
        counter = state.counter + 1
        manifest = self._manifest(counter, slots, key)
        self.intend(counter)
        await self._api.write_vault(state.counter, manifest, put)
        with books.store.transaction():
            self._keep(slots)
            for slot, name in chosen.slots.items():
                books.store.delete(_STALE_KIND, slot)
                if name == PAGE_ITEM:
                    self._own.wrote_page(slot, pages[slot])
                elif name in items:
                    self._own.wrote(name, items[name])
            self._own.settle({name for _, name in slots.values()})
            self._set(b"highest", counter)
            self._set(b"counter", counter)
            self._set(b"due", self._wished)
        if chosen.more:
            self.changed()
        self._written(counter)

    async def _present(self, state: VaultState) -> tuple[Slots, dict[bytes, bytes]]:
        """Return the slots as they are, and what of them only the vault has."""
        books = self._books
        if state.counter == 0:
            if self._number(b"highest"):
                raise PeerError(Code.UNEXPECTED, "CK-591: the server shows no vault any more")
            self._set(b"rekey", 0)
            return {}, {}
        await self._check(state, read_manifest(state, vault_keys(books.profile.vault_keys)))
        rewrites = self._number(b"rekey") != 0
        if not rewrites and not books.store.count(_STALE_KIND):
            if state.counter != self._number(b"counter"):
                await self.refresh()
            return self._kept(), {}
        # What we cannot write anew (contacts that we do not know) goes over to the new key as well:
        # after one more change nobody could open it, nor the vault.
        contents = await self.refresh(whole=True)
        slots = self._kept()
        if rewrites:
            with books.store.transaction():
                for slot in slots:
                    books.store.put(_STALE_KIND, slot, b"")
                self._set(b"rekey", 0)  # it may be wished for again meanwhile
        gone = self._own.gone()
        return slots, {s: held for s, held in contents.payloads.items() if slots[s][1] not in gone}

    def _choose(
        self,
        slots: Slots,
        items: dict[bytes, bytes],
        pages: dict[bytes, bytes],
        stale: frozenset[bytes],
        carried: AbstractSet[bytes],
    ) -> Choice:
        own, rng = self._own, self._books.rng
        held = frozenset(slot for slot, (_, name) in slots.items() if name == PAGE_ITEM)
        small = {slot: slots[slot] for slot in slots.keys() - held}
        can = {s for s, (_, name) in small.items() if not name or name in items or s in carried}
        one = choose(
            small,
            items,
            written=own.written(),
            gone=own.gone(),
            stale=frozenset(stale & can),
            rng=rng,
        )
        other = choose_pages(
            held,
            pages,
            written=own.written_pages(),
            urgent=own.urgent(),
            stale=stale & held & pages.keys(),
            rng=rng,
        )
        return Choice(one.slots | other.slots, one.more or other.more)

    def _items(self) -> dict[bytes, bytes]:
        return self._own.items()

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
