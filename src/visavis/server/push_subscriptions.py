"""`/v1/push`: a device says where it can be rung while it is closed, and takes that back.

Off on a server whose operator named no push service, and off on every device until its owner
switches it on. A subscription is stored sealed (AES-256-GCM, key from the keys folder, which is in
no backup): the push service knows which person an endpoint belongs to, so a stolen database must
not tell which endpoint belongs to which account. All rows have one length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import APIRouter
from pydantic import Field

from visavis.core.deletion_receipt import Erased
from visavis.core.errors import Code, FatalError
from visavis.ports.push import PushSubscription
from visavis.server import receipts
from visavis.server.auth import CurrentDevice, WithServices
from visavis.server.push_message import AUTH_BYTES, PUBLIC_KEY_BYTES, check_public_key, public_bytes
from visavis.server.push_services import MAX_ENDPOINT, check_endpoint
from visavis.server.wire import Bytes16, Bytes65, Deleted, Empty, Message

router: Final = APIRouter(tags=["push"])

_NONCE: Final = 12
_LENGTH: Final = 2
SEALED_BYTES: Final = _NONCE + PUBLIC_KEY_BYTES + AUTH_BYTES + _LENGTH + MAX_ENDPOINT + 16


class PushState(Message):
    """Key for `applicationServerKey`, or null if no push service may be used; whether it is on."""

    public_key: Bytes65 | None
    on: bool


class PushRegistration(Message):
    """A browser's PushSubscription (Push API, 8): endpoint, `p256dh`, `auth`."""

    endpoint: Annotated[str, Field(min_length=1, max_length=MAX_ENDPOINT)]
    p256dh: Bytes65
    auth: Bytes16


@dataclass(frozen=True, slots=True)
class Subscription:
    """An opened subscription."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    def seal(self, key: bytes, nonce: bytes, device_id: bytes) -> bytes:
        """Return it sealed for its device: `SEALED_BYTES` bytes."""
        url = self.endpoint.encode("ascii")
        plain = self.p256dh + self.auth + len(url).to_bytes(_LENGTH, "big")
        padded = plain + url.ljust(MAX_ENDPOINT, b"\0")
        return nonce + AESGCM(key).encrypt(nonce, padded, device_id)

    @classmethod
    def open_sealed(cls, key: bytes, stored: PushSubscription) -> Self:
        """Return a stored subscription.

        Raises:
            FatalError: CK-533: sealed with another key, for another device, or damaged.
        """
        sealed = stored.sealed
        try:
            plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], stored.device_id)
        except (InvalidTag, ValueError):
            raise FatalError(Code.UNAVAILABLE, "CK-533: a sealed row does not open") from None
        keys, rest = plain[: PUBLIC_KEY_BYTES + AUTH_BYTES], plain[PUBLIC_KEY_BYTES + AUTH_BYTES :]
        size = int.from_bytes(rest[:_LENGTH], "big")
        url = rest[_LENGTH : _LENGTH + size].decode("ascii")
        return cls(url, keys[:PUBLIC_KEY_BYTES], keys[PUBLIC_KEY_BYTES:])


@router.get("/v1/push")
async def push_state(services: WithServices, device: CurrentDevice) -> PushState:
    """Return whether this device can be rung while it is closed, and whether it is."""
    if not services.config.push:
        return PushState(public_key=None, on=False)
    stored = await services.store.push_subscription(device.mailbox_id, services.today())
    key = public_bytes(services.keys.vapid().public_key())
    return PushState(public_key=key, on=stored is not None)


@router.put("/v1/push")
async def put_push(body: PushRegistration, services: WithServices, device: CurrentDevice) -> Empty:
    """Keep the device's subscription in place of the one before; also renews it."""
    check_endpoint(body.endpoint, services.config.push)
    check_public_key(body.p256dh)
    subscription = Subscription(body.endpoint, body.p256dh, body.auth)
    sealed = subscription.seal(services.keys.push_key, services.rng(_NONCE), device.device_id)
    await services.store.put_push_subscription(
        PushSubscription(device.device_id, sealed), services.today()
    )
    return Empty()


@router.delete("/v1/push")
async def delete_push(services: WithServices, device: CurrentDevice) -> Deleted:
    """Delete the device's subscription, if there is one; works also where push is off by now."""
    rows = await services.store.delete_push_subscription(device.device_id)
    receipt = receipts.of_rows(services, Erased.PUSH, rows, device.device_id)
    return Deleted(deleted=rows, receipt=receipt)
