"""How what one call says leaves this device: to the contact, to one of its devices, to our others.

Each send has a limit of time. What is over it counts as lost, although it may still arrive: that is
what networks do, and the call machine takes late and doubled messages.

Not for: deciding what to say (the call machine), or encrypting for the call group (`call_group`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_self import Sibling
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import AccountId, CallId, DeviceId, MessageId
from visavis.core.meter import Meter
from visavis.sdk.metering import counted_for
from visavis.sdk.seam import CallSeam

SEND_TIMEOUT_S: Final = 5.0
"""After this a send counts as lost. Higher: slow networks lose less; lower: an end ends sooner."""


class CallSending:
    """Sends what one call says.

    Args:
        seam: The session.
        contact: Whom the call is with.
        call: Its id.
        meter: Returns what counts for this call.
    """

    def __init__(
        self, seam: CallSeam, contact: AccountId, call: CallId, meter: Callable[[], Meter]
    ) -> None:
        self._seam = seam
        self._contact = contact
        self._call = call
        self._meter = meter

    def head(self) -> tuple[MessageId, int, CallId]:
        """Return what every content of this call in the conversation begins with."""
        return MessageId.random(self._seam.rng), self._seam.now(), self._call

    async def say(self, content: Inner, *, durable: bool = False) -> None:
        """Say something in the conversation: live, or durable, which is then in the outbox.

        Raises:
            AuthorizationError: As the seam does.
            UnavailableError: As the seam does; it is lost.
            TimeoutError: It counts as lost.
        """
        async with self._limited():
            await self._seam.send_inner(self._contact, content, durable=durable)

    async def tell_siblings(self, content: Sibling) -> None:
        """Say something to our own other devices; raises as `say`."""
        async with self._limited():
            await self._seam.send_self(content, durable=False)

    async def send_to(self, device: DeviceId, content: Outer) -> None:
        """Send something to one device of the contact; raises as `say`."""
        address = self._seam.contact_devices(self._contact).get(device)
        if address is None:
            raise UnavailableError(Code.REFUSED, "the device has no address any more")
        async with self._limited():
            await self._seam.send_outer(address, content, durable=False)

    @contextlib.asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """Send within the limit, and count what leaves."""
        with counted_for(self._meter()):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                yield
