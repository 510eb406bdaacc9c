"""What a vault looks like at the server, and how it is read.

One item per slot, each padded and sealed under the vault data key, in slots of fixed size with
random ids. A manifest (counter, hash of every slot, signature of the device that wrote it) makes a
write one step and a rollback visible. Byte for byte what TypeScript writes: both read both.

Not for: when and what is written (`vault.py`).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.call_page import Page, decode_page
from visavis.core.consent_record import ConsentRecord, decode_consent
from visavis.core.content import decode_record
from visavis.core.content_records import ContactRecord, Settings
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.handle import Renamed
from visavis.core.identity import verify
from visavis.core.ids import AccountId, DeviceId, Rng, Signature
from visavis.core.keeping import decode_settings
from visavis.core.keywrap import OVERHEAD, Purpose, unwrap, wrap
from visavis.transport.device_api import DeviceApi, VaultState

BUCKETS: Final = (4_096, 65_536)
READ_AT_ONCE: Final = 64
READ_ATTEMPTS: Final = 5
SPOT_CHECKS: Final = 4
"""Slots that did not change and are read all the same."""
UNREADABLE: Final = "vault item"
"""Items in the vault that cannot be read are counted under this name."""

LABEL: Final = b"visavis vault manifest v1\0"
PAGE_BUCKET: Final = BUCKETS[1]
"""The size of every page of calls, however few are in it."""
ACCOUNT_ITEM: Final = b"account"
"""The key of the item that holds our own device list, addresses and settings; a contact's is its
account, a consent's its request and our key in that call."""
PAGE_ITEM: Final = b"calls"
"""The key of every page of calls; the id of its slot tells which."""
UNREADABLE_ITEM: Final = b"unreadable"
"""Stands for the item of a slot that we cannot read. It is left as it is, for a device that can."""
_PAD: Final = b"\x80"


class VaultAlteredError(PeerError):
    """The server shows another slot than the one that was written, or none: said to the person."""


Slots = dict[bytes, tuple[bytes, bytes]]
"""Slots as the newest manifest shows them: id -> (hash, key of the item in it; empty if none)."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a vault holds, read and verified."""

    own_list: DeviceList
    siblings: dict[DeviceId, ContactAddress] = field(repr=False)
    contacts: tuple[ContactRecord, ...]
    unreadable: int = 0
    """Items that break the schema: of a faulty device of ours, or a newer one."""
    payloads: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    """What is in each slot that was read and holds something."""
    pages: dict[bytes, Page] = field(default_factory=dict, repr=False)
    """Pages of calls that were read, by slot."""
    settings: Settings | None = None
    handle: Renamed | None = None
    consents: tuple[ConsentRecord, ...] = field(default=(), repr=False)
    """What its person answered to whoever asked to record."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a write was: `slots` is id -> hash. Its signature is not checked yet."""

    counter: int
    device: DeviceId
    slots: dict[bytes, bytes]
    body: bytes = field(repr=False)
    signature: Signature


def _pad(payload: bytes, least: int) -> bytes:
    for size in BUCKETS:
        if max(len(payload) + 1 + OVERHEAD, least) <= size:
            return (payload + _PAD).ljust(size - OVERHEAD, b"\0")
    raise PeerError(Code.TOO_LARGE, "a vault item beyond the largest slot")


def _unpad(padded: bytes) -> bytes:
    return padded.rstrip(b"\0").removesuffix(_PAD)


def seal_item(
    key: bytes, context: bytes, payload: bytes, rng: Rng, *, least: int = BUCKETS[0]
) -> bytes:
    """Seal one item for one slot (or the manifest for its counter), in a slot of `least` bytes."""
    return wrap(Purpose.VAULT_ITEM, key, _pad(payload, least), rng, context=context)


def _open_item(keys: tuple[bytes, ...], context: bytes, sealed: bytes) -> bytes:
    for key in keys:
        try:
            return _unpad(unwrap(Purpose.VAULT_ITEM, key, sealed, context=context))
        except AuthorizationError:
            continue
    raise PeerError(Code.DECRYPTION, "CK-592: the vault does not open with the account's keys")


def vault_keys(data: bytes) -> tuple[bytes, ...]:
    """Split the profile's vault keys: the newest first."""
    return tuple(data[at : at + 32] for at in range(0, len(data), 32))


async def read_vault(
    api: DeviceApi,
    keys: tuple[bytes, ...],
    account: AccountId,
    known: Slots | None = None,
) -> tuple[int, Contents, Slots]:
    """Read and verify a vault.

    An item that cannot be read is passed over and counted, so that one bad item does not shut the
    vault: what cannot be opened, or is not what the manifest says, is no such item but an attack.

    Args:
        api: The server.
        keys: The newest first.
        account: Whose it must be.
        known: Slots that were read before: those that are the same are not read again, but for the
            account's own and some by chance, so that a server that lost the others shows itself.

    Returns:
        (counter, contents, slots).

    Raises:
        PeerError: DECRYPTION or BAD_SIGNATURE: it was altered; UNEXPECTED: there is none.
    """
    for _ in range(READ_ATTEMPTS):
        state = await api.vault()
        try:
            return await _read_state(api, keys, account, state, known or {})
        except PeerError:
            # Another device may have written between our two requests: then it is another state.
            if (await api.vault()).counter == state.counter:
                raise
    raise UnavailableError(Code.UNAVAILABLE, "the vault keeps changing")


async def _read_state(
    api: DeviceApi, keys: tuple[bytes, ...], account: AccountId, state: VaultState, known: Slots
) -> tuple[int, Contents, Slots]:
    manifest = read_manifest(state, keys)
    slots: Slots = {
        slot: known[slot]
        for slot, digest in manifest.slots.items()
        if slot in known and known[slot][0] == digest and known[slot][1] != ACCOUNT_ITEM
    }
    for _ in range(min(SPOT_CHECKS, len(slots))):
        del slots[secrets.choice(list(slots))]
    opened = _Opened()
    ids = sorted(manifest.slots.keys() - slots.keys())
    for at in range(0, len(ids), READ_AT_ONCE):
        some = ids[at : at + READ_AT_ONCE]
        found = await api.read_vault(some)
        for slot in some:
            data = found.get(slot, b"")
            # CK-592: each slot must be the one the manifest speaks of, none missing or older.
            if hashlib.sha256(data).digest() != manifest.slots[slot]:
                raise VaultAlteredError(
                    Code.DECRYPTION, "CK-592: a vault slot is missing or altered"
                )
            payload = _open_item(keys, slot, data)
            name = opened.take(slot, payload)
            slots[slot] = (manifest.slots[slot], name)
            if name:
                opened.payloads[slot] = payload
    own = opened.own
    if own is None or own[0].account_id != account:
        raise PeerError(Code.DECRYPTION, "CK-592: the vault is not this account's")
    writer = own[0].find(manifest.device)
    if writer is None:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-590: the manifest's writer is not on our list")
    verify(writer.signature_key, LABEL, manifest.body, manifest.signature)
    contents = Contents(
        *own[:2],
        tuple(opened.contacts),
        opened.unreadable,
        opened.payloads,
        opened.pages,
        *own[2:],
        tuple(opened.consents),
    )
    return manifest.counter, contents, slots


_Own = tuple[DeviceList, dict[DeviceId, ContactAddress], Settings | None, Renamed | None]


@dataclass(slots=True)
class _Opened:
    """What the slots held that were opened so far."""

    own: _Own | None = None
    contacts: list[ContactRecord] = field(default_factory=list)
    consents: list[ConsentRecord] = field(default_factory=list)
    unreadable: int = 0
    payloads: dict[bytes, bytes] = field(default_factory=dict)
    pages: dict[bytes, Page] = field(default_factory=dict)

    def take(self, slot: bytes, payload: bytes) -> bytes:
        """Take what is in a slot; return the key of the item, empty if there is none."""
        match cbor.decode_map(payload):
            case {"k": "contact", "r": bytes(record)}:
                try:
                    contact, account_id = _read_contact(record)
                except PeerError:
                    self.unreadable += 1
                    return UNREADABLE_ITEM
                self.contacts.append(contact)
                return bytes(account_id)
            case {"k": "account", "list": bytes(listed), "devices": list(devices), **rest}:
                self.own = (
                    UnverifiedDeviceList.parse(listed).verify(),
                    {DeviceId(d): ContactAddress.from_cbor(a) for d, a in devices},
                    _read_settings(rest.get("settings")),
                    Renamed.from_cbor(rest["handle"]) if "handle" in rest else None,
                )
                return ACCOUNT_ITEM
            case {"k": "consent", "r": bytes(record)}:
                try:
                    consent = decode_consent(record)
                except PeerError:  # CK-994, or it is altered
                    self.unreadable += 1
                    return UNREADABLE_ITEM
                self.consents.append(consent)
                return bytes(consent.ask) + bytes(consent.key)
            case {"k": "calls"}:
                try:
                    self.pages[slot] = decode_page(payload)
                except PeerError:
                    self.unreadable += 1
                    return UNREADABLE_ITEM
                return PAGE_ITEM
            case _:
                return b""


def _read_settings(raw: object) -> Settings | None:
    return decode_settings(raw) if isinstance(raw, bytes) else None


def _read_contact(data: bytes) -> tuple[ContactRecord, AccountId]:
    record = decode_record(ContactRecord, data)
    return record, UnverifiedDeviceList.parse(record.list).verify().account_id


def read_manifest(state: VaultState, keys: tuple[bytes, ...]) -> Manifest:
    """Open the manifest; its signature is not checked yet.

    Raises:
        PeerError: UNEXPECTED, there is no vault; DECRYPTION; MALFORMED (CK-590).
    """
    if not state.manifest:
        raise PeerError(Code.UNEXPECTED, "there is no vault")
    plain = _open_item(keys, manifest_context(state.counter), state.manifest)
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
            return Manifest(counter, DeviceId(device), found, body, Signature(signature))
        case _:
            # CK-590: the counter is under the signature, the server cannot relabel an old one.
            raise PeerError(Code.MALFORMED, "CK-590: the vault's manifest or its counter")


def manifest_context(counter: int) -> bytes:
    """Return what a manifest is sealed for."""
    return b"manifest" + counter.to_bytes(8, "big")
