"""The push part of the Store port: where a device that is closed can be rung (RFC 8030).

One subscription per device, sealed under a key that is not in the database, because the browser
maker's own records could tie an endpoint to a person. Nothing about a push that was sent is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """A stored subscription.

    Args:
        device_id: 16 bytes, whose it is.
        sealed: Endpoint and keys, sealed by `visavis.server.push_subscriptions`.
    """

    device_id: bytes
    sealed: bytes


class PushStore(Protocol):
    """Push subscriptions. `today` and errors as in `visavis.ports.store`."""

    async def put_push_subscription(self, subscription: PushSubscription, today: int) -> None:
        """Keep a device's subscription in place of the one before, from today on.

        Raises:
            PeerError: REFUSED if the device is gone.
        """
        ...

    async def push_subscription(self, mailbox_id: bytes, today: int) -> PushSubscription | None:
        """Return the subscription of the device that a mailbox belongs to; none while frozen."""
        ...

    async def delete_push_subscription(self, device_id: bytes, sealed: bytes | None = None) -> int:
        """Delete a device's subscription; with `sealed` only if it is still that one.

        Returns:
            How many there were, 0 or 1.
        """
        ...
