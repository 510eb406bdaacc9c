"""Devices, their mailboxes and the capabilities that open them.

A device registers 256 capability hashes at once and hands the capabilities out later without
telling the server: the number of rows says nothing about the number of contacts (P7).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.clock import day_text
from visavis.ports.random import shuffled
from visavis.ports.stored import NewDevice, RemovedDevice
from visavis.server.auth import (
    CurrentAccount,
    CurrentDevice,
    EitherAccount,
    Token,
    WithServices,
)
from visavis.server.keys import fingerprint
from visavis.server.wire import Bytes16, Bytes32, Bytes64, Empty, Message

router: Final = APIRouter(tags=["devices"])

BATCH: Final = 256
"""Capabilities a device registers at a time; see P7 for why in advance and many."""

Batch = Annotated[
    list[Bytes32],
    Field(min_length=BATCH, max_length=BATCH, json_schema_extra={"uniqueItems": True}),
]
Some = Annotated[list[Bytes32], Field(min_length=1, max_length=BATCH)]


class DeviceRegistration(Message):
    """What a device is known by: ids it chose at random, hashes of its secrets."""

    device_id: Bytes16
    token_hash: Bytes32
    mailbox_id: Bytes16
    capability_hashes: Batch

    def new_device(self) -> NewDevice:
        """Return it as the store wants it.

        Raises:
            PeerError: MALFORMED if a hash comes twice: a device would believe it has more
                capabilities than it has.
        """
        if len(set(self.capability_hashes)) != BATCH:
            raise PeerError(Code.MALFORMED, "a capability hash comes twice")
        return NewDevice(
            self.device_id, self.token_hash, self.mailbox_id, tuple(self.capability_hashes)
        )


class DeviceItem(Message):
    """One line of the owner's list of devices; days as YYYY-MM-DD."""

    device_id: Bytes16
    created_day: str
    last_seen_day: str


class Revocation(Message):
    """Which device to revoke, and the account's signed word for it (R-10)."""

    device_id: Bytes16
    farewell: Bytes64


class Farewell(Message):
    """What the account has left for a device that it has shut out."""

    farewell: Bytes64


class AddCapabilities(Message):
    """Hashes to register."""

    add: Some


class RevokeCapabilities(Message):
    """Hashes that must open nothing any more."""

    hashes: Some


@router.post("/v1/devices")
async def add_device(
    body: DeviceRegistration, services: WithServices, account_id: CurrentAccount
) -> Empty:
    """Add a device to the account."""
    await services.store.add_device(account_id, body.new_device(), services.today())
    return Empty()


@router.get("/v1/devices")
async def list_devices(services: WithServices, account_id: EitherAccount) -> list[DeviceItem]:
    """Return the account's devices, in random order."""
    found = await services.store.devices(account_id, services.today())
    return [
        DeviceItem(
            device_id=one.device_id,
            created_day=day_text(one.created_day),
            last_seen_day=day_text(one.last_seen_day),
        )
        for one in shuffled(found, services.rng)
    ]


@router.post("/v1/devices/revoke")
async def revoke_device(
    body: Revocation, services: WithServices, account_id: CurrentAccount
) -> Empty:
    """Revoke a device: its rows go, its socket closes, its token and capabilities open nothing.

    What is kept is the farewell, which tells the device that this was its owner's doing.
    """
    today = services.today()
    device = await services.store.device(body.device_id, today)
    # CK-419: a device of another account and one that never was are the same refusal.
    if device is None or device.account_id != account_id:
        raise AuthorizationError(Code.REFUSED, "CK-419: no such device of this account")
    try:
        await services.store.delete_device(account_id, device.device_id, body.farewell, today)
    finally:
        # CK-428: a write may fail and yet be on disk; cutting off once too often does no harm,
        # a revoked device that stays connected does.
        services.listeners.removed([RemovedDevice(device.device_id, device.mailbox_id)])
    return Empty()


@router.get("/v1/farewell")
async def farewell(services: WithServices, token: Token) -> Farewell:
    """Return what the account has left for the device of this token, if it was shut out."""
    found = await services.store.farewell(fingerprint(token), services.today())
    if found is None:
        raise AuthorizationError(Code.REFUSED, "no farewell was left for this device")
    return Farewell(farewell=found)


@router.post("/v1/capabilities")
async def add_capabilities(
    body: AddCapabilities, services: WithServices, device: CurrentDevice
) -> Empty:
    """Register more capabilities for the device's mailbox."""
    present = await services.store.count_capabilities(device.mailbox_id)
    if present + len(body.add) > services.config.capabilities_per_mailbox:
        raise PeerError(Code.QUOTA, "too many capabilities; revoke unused ones first")
    await services.store.add_capabilities(device.mailbox_id, body.add)
    return Empty()


@router.post("/v1/capabilities/revoke")
async def revoke_capabilities(
    body: RevokeCapabilities, services: WithServices, device: CurrentDevice
) -> Empty:
    """Delete capabilities of the device's mailbox (block, unfriend); others are passed over."""
    try:
        await services.store.revoke_capabilities(device.mailbox_id, body.hashes)
    finally:
        services.listeners.revoked(body.hashes)  # CK-428
    return Empty()
