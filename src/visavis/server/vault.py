"""The vault: opaque slots in two sizes and a manifest, under compare-and-set (P6).

The server checks sizes and the counter, nothing else: contents, and which slot is which, are known
to the owner's devices only. Rollback by the server is noticed by them (signed manifest, counter).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from visavis.core.errors import Code, PeerError
from visavis.ports.random import shuffled
from visavis.ports.stored import VaultWrite
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.problems import ProblemError
from visavis.server.wire import Bucket, Bytes16, Message

router: Final = APIRouter(tags=["vault"])

SLOTS_PER_REQUEST: Final = 64
MAX_COUNTER: Final = 2**53
"""Counters stay whole numbers in every JSON reader."""

Slots = Annotated[list[Bytes16], Field(max_length=SLOTS_PER_REQUEST)]
Counter = Annotated[int, Field(ge=0, lt=MAX_COUNTER, strict=True)]


class Slot(Message):
    """One slot: 16-byte id, 4 or 64 KiB of ciphertext."""

    slot: Bytes16
    data: Bucket


class VaultState(Message):
    """Counter and manifest of the newest write, and all slot ids in random order."""

    counter: int
    manifest: Bucket | None
    slots: list[Bytes16]


class VaultRead(Message):
    """Slots to read."""

    slots: Slots


class VaultSlots(Message):
    """The asked slots that exist, in random order."""

    slots: list[Slot]


class VaultChange(Message):
    """One compare-and-set: applied whole if the counter is still the expected one."""

    expected_counter: Counter
    manifest: Bucket
    put: Annotated[list[Slot], Field(max_length=SLOTS_PER_REQUEST)]
    delete: Slots


class VaultChanged(Message):
    """The new counter."""

    counter: int


@router.get("/v1/vault")
async def head(services: WithServices, device: CurrentDevice) -> VaultState:
    """Return counter, manifest and slot ids; before the first write 0, null and none."""
    found = await services.store.vault_head(device.account_id)
    return VaultState(
        counter=found.counter,
        manifest=found.manifest,
        slots=shuffled(found.slots, services.rng),
    )


@router.post("/v1/vault/read")
async def read(body: VaultRead, services: WithServices, device: CurrentDevice) -> VaultSlots:
    """Return slots."""
    found = await services.store.vault_read(device.account_id, body.slots)
    slots = [Slot(slot=slot, data=data) for slot, data in found.items()]
    return VaultSlots(slots=shuffled(slots, services.rng))


@router.post("/v1/vault")
async def write(body: VaultChange, services: WithServices, device: CurrentDevice) -> VaultChanged:
    """Apply a write, or answer 409 with the present counter and change nothing (CK-403)."""
    put = {one.slot: one.data for one in body.put}
    if len(put) != len(body.put) or put.keys() & set(body.delete):
        raise PeerError(Code.MALFORMED, "a slot comes twice")
    change = VaultWrite(body.expected_counter, body.manifest, put, body.delete)
    present = await services.store.vault_write(
        device.account_id, change, services.config.vault_slots
    )
    if present is not None:
        raise ProblemError(
            Code.CONFLICT, "CK-403: another device wrote first", members={"counter": present}
        )
    return VaultChanged(counter=body.expected_counter + 1)
