"""Key packages, the owner's side: upload and count. Fetching is `key_package_fetch`.

The server does not look inside (MLS is end to end); it hands each one-time package out once.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from visavis.core.deletion_receipt import Erased
from visavis.core.errors import Code, PeerError
from visavis.server import receipts
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.wire import Deleted, Empty, KeyPackageBytes, Message

router: Final = APIRouter(tags=["key packages"])

MAX_ONE_TIME: Final = 64
"""Per upload; twice as many may wait. Higher makes the last resort rarer, at 2 KiB each."""


class KeyPackageUpload(Message):
    """One-time packages to add and, if given, a new last resort."""

    one_time: Annotated[list[KeyPackageBytes], Field(max_length=MAX_ONE_TIME)]
    last_resort: KeyPackageBytes | None = None


class KeyPackageCount(Message):
    """How many one-time packages are left."""

    count: int


@router.post("/v1/key-packages")
async def upload(body: KeyPackageUpload, services: WithServices, device: CurrentDevice) -> Empty:
    """Add one-time key packages and replace the last resort."""
    present = await services.store.count_key_packages(device.device_id, services.today())
    if present + len(body.one_time) > 2 * MAX_ONE_TIME:
        raise PeerError(Code.QUOTA, "enough key packages are waiting")
    await services.store.put_key_packages(
        device.device_id, body.one_time, body.last_resort, services.today()
    )
    return Empty()


@router.delete("/v1/key-packages")
async def delete(services: WithServices, device: CurrentDevice) -> Deleted:
    """Delete every key package of this device, the last resort too; how many there were."""
    rows = await services.store.delete_key_packages(device.device_id)
    receipt = receipts.of_rows(services, Erased.KEY_PACKAGES, rows, device.device_id)
    return Deleted(deleted=rows, receipt=receipt)


@router.get("/v1/key-packages")
async def count(services: WithServices, device: CurrentDevice) -> KeyPackageCount:
    """Return how many one-time key packages are left."""
    left = await services.store.count_key_packages(device.device_id, services.today())
    return KeyPackageCount(count=left)
