"""Shares of recording keys at our server (`recording_means.Shares`).

They are laid with an address that this device has of itself: the server learns neither whose a
share is nor of which call (P16). Not for: when that is done (`recording_shares`).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.address import ContactAddress
from visavis.core.ids import Secret32, ShareKey, ShareSlot
from visavis.sdk.recording_means import Laid
from visavis.transport.anonymous import AnonymousApi


class ServerShares:
    """Where our shares lie, and those of others.

    Args:
        api: Requests without an account.
        address: Returns what pays for a share that is laid.
    """

    def __init__(self, api: AnonymousApi, address: Callable[[], ContactAddress]) -> None:
        self._api = api
        self._address = address

    async def lay(self, laid: Laid) -> None:
        """Lay a share. Harmless when repeated. VisavisError: it may not lie there."""
        await self._api.lay_share(
            self._address(),
            laid.slot,
            laid.share,
            read=laid.read,
            delete=laid.delete,
            expires=laid.expires,
        )

    async def read(self, slot: ShareSlot, key: ShareKey) -> Secret32:
        """Return a share. UnavailableError: later, perhaps; AuthorizationError: REFUSED."""
        return await self._api.read_share(slot, key)

    async def delete(self, slot: ShareSlot, key: ShareKey) -> None:
        """Delete a share; it is gone when this returns. VisavisError: it may still be there."""
        await self._api.delete_share(slot, key)
