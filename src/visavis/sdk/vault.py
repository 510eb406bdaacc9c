"""The vault: what the account keeps on the server for its next device (P6).

Contacts and the account's own list and addresses, one item per slot, each sealed under the vault
data key, in slots of fixed size with random ids. A manifest (counter, hash of every slot, signature
of the device that wrote it) makes a write one step and a rollback visible. Every write rewrites the
same number of slots, at a random time within the hour: neither sizes nor times tell what changed.

MLS state is never in it (P5). Not for: history of messages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.content import decode_record, encode_record
from visavis.core.content_records import ContactRecord
from visavis.core.errors import (
    AuthorizationError,
    Code,
    FatalError,
    PeerError,
    UnavailableError,
)
from visavis.core.identity import DeviceList, UnverifiedDeviceList, sign, verify
from visavis.core.ids import AccountId, DeviceId, Rng, Signature
from visavis.core.keywrap import OVERHEAD, Purpose, unwrap, wrap
from visavis.sdk.books import Books
from visavis.sdk.decisions import take_decision
from visavis.sdk.history import NoticeKind
from visavis.transport.api import DeviceApi, VaultState

BUCKETS: Final = (4_096, 65_536)
FIRST_SLOTS: Final = 16
"""Slots of a new vault, and by how many it grows. More hide small numbers of contacts better."""
SLOTS_PER_WRITE: Final = 4
"""Slots rewritten by every write; more only when the vault grows or its key changes."""
WITHIN_S: Final = 3_600
READ_AT_ONCE: Final = 64
READ_ATTEMPTS: Final = 5
UNREADABLE: Final = "vault item"
"""Contacts in the vault that cannot be read are counted under this name."""

_LABEL: Final = b"visavis vault manifest v1\0"
_STATE_KIND: Final = "vault"
_SLOT_KIND: Final = "vault.slot"
_ITEM_KIND: Final = "vault.item"
_ACCOUNT_ITEM: Final = b"account"
_UNREADABLE: Final = b"unreadable"
"""Stands for the item of a slot that we cannot read. It is left as it is, for a device that can."""
_PAD: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a vault holds, read and verified."""

    own_list: DeviceList
    siblings: dict[DeviceId, ContactAddress] = field(repr=False)
    contacts: tuple[ContactRecord, ...]
    unreadable: int = 0
    """Contacts whose item breaks the schema: of a faulty device of ours, or a newer one."""
    payloads: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    """What is in each slot that holds something."""


@dataclass(frozen=True, slots=True)
class _Manifest:
    counter: int
    device: DeviceId
    slots: dict[bytes, bytes]
    body: bytes = field(repr=False)
    signature: Signature


def _pad(payload: bytes) -> bytes:
    for size in BUCKETS:
        if len(payload) + 1 + OVERHEAD <= size:
            return (payload + _PAD).ljust(size - OVERHEAD, b"\0")
    raise PeerError(Code.TOO_LARGE, "a vault item beyond the largest slot")


def _unpad(padded: bytes) -> bytes:
    return padded.rstrip(b"\0").removesuffix(_PAD)


def _seal(key: bytes, context: bytes, payload: bytes, rng: Rng) -> bytes:
    return wrap(Purpose.VAULT_ITEM, key, _pad(payload), rng, context=context)


def _open(keys: tuple[bytes, ...], context: bytes, sealed: bytes) -> bytes:
    for key in keys:
        try:
            return _unpad(unwrap(Purpose.VAULT_ITEM, key, sealed, context=context))
        except AuthorizationError:
            continue
    raise PeerError(Code.DECRYPTION, "CK-592: the vault does not open with the account's keys")


def _keys(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[at : at + 32] for at in range(0, len(data), 32))


async def read_vault(
    api: DeviceApi, keys: tuple[bytes, ...], account: AccountId
) -> tuple[int, Contents, dict[bytes, tuple[bytes, bytes]]]:
    """Read and verify a whole vault.

    A contact that cannot be read is passed over and counted, so that one bad item does not shut the
    vault: what cannot be opened, or is not what the manifest says, is no such item but an attack.

    Returns:
        (counter, contents, slots: id -> (hash, item key)).

    Raises:
        PeerError: DECRYPTION or BAD_SIGNATURE: it was altered; UNEXPECTED: there is none.
    """
    for _ in range(READ_ATTEMPTS):
        state = await api.vault()
        try:
            return await _read_state(api, keys, account, state)
        except PeerError:
            # Another device may have written between our two requests: then it is another state.
            if (await api.vault()).counter == state.counter:
                raise
    raise UnavailableError(Code.UNAVAILABLE, "the vault keeps changing")


async def _read_state(
    api: DeviceApi, keys: tuple[bytes, ...], account: AccountId, state: VaultState
) -> tuple[int, Contents, dict[bytes, tuple[bytes, bytes]]]:
    manifest = _read_manifest(state, keys)
    slots: dict[bytes, tuple[bytes, bytes]] = {}
    contacts: list[ContactRecord] = []
    unreadable = 0
    payloads: dict[bytes, bytes] = {}
    own: tuple[DeviceList, dict[DeviceId, ContactAddress]] | None = None
    ids = sorted(manifest.slots)
    for at in range(0, len(ids), READ_AT_ONCE):
        page = ids[at : at + READ_AT_ONCE]
        found = await api.read_vault(page)
        for slot in page:
            data = found.get(slot, b"")
            # CK-592: each slot must be the one the manifest speaks of, none missing or older.
            if hashlib.sha256(data).digest() != manifest.slots[slot]:
                raise PeerError(Code.DECRYPTION, "CK-592: a vault slot is missing or altered")
            key = b""
            payload = _open(keys, slot, data)
            match cbor.decode_map(payload):
                case {"k": "contact", "r": bytes(record)}:
                    try:
                        contact, account_id = _read_contact(record)
                    except PeerError:
                        unreadable += 1
                        key = _UNREADABLE
                    else:
                        contacts.append(contact)
                        key = bytes(account_id)
                case {"k": "account", "list": bytes(listed), "devices": list(devices)}:
                    own = (
                        UnverifiedDeviceList.parse(listed).verify(),
                        {DeviceId(d): ContactAddress.from_cbor(a) for d, a in devices},
                    )
                    key = _ACCOUNT_ITEM
                case _:
                    pass
            slots[slot] = (manifest.slots[slot], key)
            if key:
                payloads[slot] = payload
    if own is None or own[0].account_id != account:
        raise PeerError(Code.DECRYPTION, "CK-592: the vault is not this account's")
    writer = own[0].find(manifest.device)
    if writer is None:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-590: the manifest's writer is not on our list")
    verify(writer.signature_key, _LABEL, manifest.body, manifest.signature)
    contents = Contents(own[0], own[1], tuple(contacts), unreadable, payloads)
    return manifest.counter, contents, slots


def _read_contact(data: bytes) -> tuple[ContactRecord, AccountId]:
    record = decode_record(ContactRecord, data)
    return record, UnverifiedDeviceList.parse(record.list).verify().account_id


def _read_manifest(state: VaultState, keys: tuple[bytes, ...]) -> _Manifest:
    if not state.manifest:
        raise PeerError(Code.UNEXPECTED, "there is no vault")
    plain = _open(keys, b"manifest" + state.counter.to_bytes(8, "big"), state.manifest)
    match cbor.decode(plain):
        case [bytes(body), bytes(signature)]:
            pass
        case _:
            raise PeerError(Code.MALFORMED, "the vault's manifest")
    match cbor.decode_versioned(body):
        case {"counter": int(counter), "device": bytes(device), "slots": list(slots)} if (
            counter == state.counter
        ):
            found = {bytes(slot): bytes(digest) for slot, digest in slots}
            return _Manifest(counter, DeviceId(device), found, body, Signature(signature))
        case _:
            # CK-590: the counter is under the signature, the server cannot relabel an old one.
            raise PeerError(Code.MALFORMED, "CK-590: the vault's manifest or its counter")


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
        keys = _keys(books.profile.vault_keys)
        state = await self._api.vault()
        await self._check(state, _read_manifest(state, keys))
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
            books.store.delete(_ITEM_KIND, _ACCOUNT_ITEM)

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

    async def _check(self, state: VaultState, manifest: _Manifest) -> None:
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
        carried: dict[bytes, bytes] = {}
        if state.counter == 0:
            slots: dict[bytes, tuple[bytes, bytes]] = {}
            if self._number(b"highest"):
                raise PeerError(Code.UNEXPECTED, "CK-591: the server shows no vault any more")
        else:
            await self._check(state, _read_manifest(state, _keys(books.profile.vault_keys)))
            rekey = self._number(b"rekey")
            if rekey or state.counter != self._number(b"counter"):
                contents = await self.refresh()
                # What we cannot write anew (contacts that we do not know, or removed) goes over to
                # the new key as well: after one more change nobody could open it, nor the vault.
                carried = contents.payloads if rekey else {}
            slots = self._kept()
        items = self._items()
        chosen, more = self._choose(slots, items, carried)
        key = books.profile.vault_keys[:32]
        put: dict[bytes, bytes] = {}
        for slot, name in chosen.items():
            payload = items.get(name, carried.get(slot, _EMPTY))
            put[slot] = _seal(key, slot, payload, books.rng)
            slots[slot] = (hashlib.sha256(put[slot]).digest(), name)
        counter = state.counter + 1
        manifest = self._manifest(counter, slots, key)
        self._set(b"intent", counter)
        await self._api.write_vault(state.counter, manifest, put)
        with books.store.transaction():
            self._keep(slots)
            for name in chosen.values():
                if name in items:
                    digest = hashlib.sha256(items[name]).digest()
                    books.store.put(_ITEM_KIND, name, digest)
            self._set(b"highest", counter)
            self._set(b"counter", counter)
            self._set(b"due", self._wished)
            self._set(b"rekey", 0)
        if more:
            self.changed()
        self._written(counter)

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
            _ACCOUNT_ITEM: cbor.encode(
                {"k": "account", "list": books.own_list.data, "devices": listed}
            )
        }
        for known in books.contacts.all():
            if not known.devices:
                continue  # a record has an address (CK-271): what the vault says of it stays
            record = encode_record(books.contacts.record(known))
            items[bytes(known.account)] = cbor.encode({"k": "contact", "r": record})
        return items

    def _choose(
        self,
        slots: dict[bytes, tuple[bytes, bytes]],
        items: dict[bytes, bytes],
        carried: dict[bytes, bytes],
    ) -> tuple[dict[bytes, bytes], bool]:
        """Choose the slots to write: id -> item key; and whether something is left for later."""
        books = self._books
        place = {name: slot for slot, (_, name) in slots.items() if name}
        free = [slot for slot, (_, name) in slots.items() if not name]
        written = dict(books.store.items(_ITEM_KIND))
        dirty = [
            name
            for name, payload in items.items()
            if name not in place or written.get(name) != hashlib.sha256(payload).digest()
        ]
        chosen: dict[bytes, bytes] = {}
        missing = sum(name not in place for name in dirty) - len(free)
        if missing > 0 or not slots:
            # Growing shows that there are more contacts than before, to the next sixteen.
            count = FIRST_SLOTS * max(1, -(-missing // FIRST_SLOTS))
            grown = [books.rng(16) for _ in range(count)]
            chosen.update(dict.fromkeys(grown, b""))
            free += grown
        everything = bool(self._number(b"rekey")) or bool(chosen)
        limit = len(dirty) if everything else SLOTS_PER_WRITE
        for name in dirty[:limit]:
            slot = place.get(name)
            if slot is None:
                slot = free.pop(int.from_bytes(books.rng(4), "big") % len(free))
            chosen[slot] = name
        known = {slot for slot, (_, name) in slots.items() if not name or name in items}
        self._fill(chosen, slots, known | carried.keys(), everything=everything)
        return chosen, len(dirty) > limit

    def _fill(
        self,
        chosen: dict[bytes, bytes],
        slots: dict[bytes, tuple[bytes, bytes]],
        known: set[bytes],
        *,
        everything: bool,
    ) -> None:
        """Rewrite unchanged slots too, whose items are known: every write looks alike."""
        rest = [
            (slot, name)
            for slot, (_, name) in slots.items()
            if slot not in chosen and slot in known
        ]
        while rest and (everything or len(chosen) < SLOTS_PER_WRITE):
            slot, name = rest.pop(int.from_bytes(self._books.rng(4), "big") % len(rest))
            chosen[slot] = name

    def _manifest(self, counter: int, slots: dict[bytes, tuple[bytes, bytes]], key: bytes) -> bytes:
        books = self._books
        body = cbor.encode(
            {
                "v": 1,
                "counter": counter,
                "device": books.device,
                "slots": [[slot, digest] for slot, (digest, _) in sorted(slots.items())],
            }
        )
        signature = sign(books.profile.signature_private, _LABEL, body)
        context = b"manifest" + counter.to_bytes(8, "big")
        return _seal(key, context, cbor.encode([body, signature]), books.rng)

    def _kept(self) -> dict[bytes, tuple[bytes, bytes]]:
        rows = self._books.store.items(_SLOT_KIND)
        return {slot: (data[:32], data[32:]) for slot, data in rows}

    def _keep(self, slots: dict[bytes, tuple[bytes, bytes]]) -> None:
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


_EMPTY: Final = cbor.encode({"k": "empty"})
