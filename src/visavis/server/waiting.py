"""`/v1/envelopes`: a device has what waits for it deleted unread (R-81).

Reading is `receive.py`. To whoever sent them nothing changes: they were told "stored" before, and
that an envelope was fetched is never told anyway.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from visavis.core.deletion_receipt import Erased
from visavis.server import receipts
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.wire import Deleted

router: Final = APIRouter(tags=["account data"])


@router.delete("/v1/envelopes")
async def delete_envelopes(services: WithServices, device: CurrentDevice) -> Deleted:
    """Delete every stored envelope of this device; how many there were."""
    rows = await services.store.delete_waiting_envelopes(device.mailbox_id)
    receipt = receipts.of_rows(services, Erased.ENVELOPES, rows, device.device_id)
    return Deleted(deleted=rows, receipt=receipt)
