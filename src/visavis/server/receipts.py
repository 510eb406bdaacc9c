"""Signs what the server says it has deleted (R-76, R-81): `core/deletion_receipt.py`.

The server keeps no receipt and counts none. The public key is in `/.well-known/privacy.json`; the
private one comes from the root key, so it outlives a restore.
"""

from __future__ import annotations

from typing import Final

from visavis.core.deletion_receipt import (
    LABEL,
    SALT_BYTES,
    DeletionReceipt,
    Erased,
    item_hash,
    join,
)
from visavis.server.services import Services

ONE: Final = 1


def of_account(services: Services, account_id: bytes) -> bytes:
    """Return the receipt for an account: its erasure key is destroyed, no backup opens it."""
    return _sign(services, Erased.ACCOUNT, ONE, account_id, until=None)


def of_rows(services: Services, what: Erased, rows: int, device_id: bytes) -> bytes:
    """Return the receipt for rows of one kind: a backup of before holds them until its day.

    Args:
        services: Of the server.
        what: Kind of the rows.
        rows: How many were deleted.
        device_id: Of the device that asked.
    """
    until = services.today() + services.inventory.backup_days
    return _sign(services, what, rows, device_id, until=until)


def _sign(
    services: Services, what: Erased, rows: int, subject: bytes, *, until: int | None
) -> bytes:
    salt = services.rng(SALT_BYTES)
    receipt = DeletionReceipt(
        origin=services.config.origin,
        day=services.today(),
        what=what,
        rows=rows,
        salt=salt,
        item=item_hash(what, salt, subject),
        until=until,
    )
    body = receipt.to_body()
    return join(body, services.keys.sign_receipt(LABEL + body))
