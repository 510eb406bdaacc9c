"""Request addresses: where contact requests by handle go, and decoys for everyone else (P2).

A look-up of an exact handle returns mailbox, capability, sealing key and work level. For handles
that do not exist, and for people who take no requests by handle, it returns the same made up from
a server secret: always the same for one handle, of the same form down to the lattice part of the
X-Wing key, and sends to it are accepted and dropped. So a look-up is no test of existence.

Honest limit: someone who looks the same handle up before and after it is taken, hidden or deleted
sees that something changed.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import APIRouter, Path, Request
from pydantic import Field

from visavis.core.deletion_receipt import Erased
from visavis.core.errors import AuthorizationError, Code
from visavis.core.work import REQUEST_BITS as POW_BITS
from visavis.ports.stored import RequestAddress
from visavis.server import receipts
from visavis.server.accounts import HANDLE_PATTERN
from visavis.server.auth import CurrentDevice, WithServices, Work, address_of
from visavis.server.keys import ServerKeys, fingerprint
from visavis.server.wire import Bytes16, Bytes32, Message, Receipted, SealingKey

router: Final = APIRouter(tags=["request address"])

PowBits = Annotated[int, Field(ge=POW_BITS, le=POW_BITS, strict=True)]


class RequestAddressBody(Message):
    """Where requests go: mailbox, a capability of it, X-Wing sealing key, work level."""

    mailbox_id: Bytes16
    capability: Bytes32
    sealing_key: SealingKey
    pow_bits: PowBits


@router.put("/v1/request-address")
async def put_request_address(
    services: WithServices, device: CurrentDevice, body: RequestAddressBody | None = None
) -> Receipted:
    """Set where requests by handle go; `null` or no body hides the handle, with a receipt."""
    if body is None:
        rows = await services.store.set_request_address(device.account_id, None)
        receipt = receipts.of_rows(services, Erased.HANDLE, rows, device.device_id)
        return Receipted(receipt=receipt)
    # CK-425: one's own mailbox and a live capability of it, or requests could be aimed at others.
    opened = await services.store.capability_mailbox(fingerprint(body.capability))
    if body.mailbox_id != device.mailbox_id or opened != device.mailbox_id:
        raise AuthorizationError(Code.REFUSED, "CK-425: not a capability of this device's mailbox")
    await services.store.set_request_address(
        device.account_id, RequestAddress(body.mailbox_id, body.capability, body.sealing_key)
    )
    return Receipted(receipt=None)


@router.get("/v1/handles/{handle}")
async def look_up(
    handle: Annotated[str, Path(pattern=HANDLE_PATTERN, max_length=30)],
    request: Request,
    services: WithServices,
    work: Work = None,
) -> RequestAddressBody:
    """Return where requests to a handle go: the truth or a decoy, alike in bytes and work."""
    services.throttle.admit(address_of(request), handle, work)
    tag = services.keys.handle_tag(handle)
    found = await services.store.request_address(tag, services.today())
    decoy = decoy_address(services.keys, tag)  # made in both cases (CK-426)
    chosen = decoy if found is None else found
    return RequestAddressBody(
        mailbox_id=chosen.mailbox_id,
        capability=chosen.capability,
        sealing_key=chosen.sealing_key,
        pow_bits=POW_BITS,
    )


def decoy_address(keys: ServerKeys, handle_tag: bytes) -> RequestAddress:
    """Return the address that stands for a handle nobody has, or nobody shows (CK-426)."""
    mailbox_id = keys.decoy("mailbox", handle_tag)[:16]
    return RequestAddress(
        mailbox_id,
        keys.decoy("capability", mailbox_id),
        _x_wing_public_key(keys.decoy("sealing key", handle_tag)),
    )


def is_decoy(keys: ServerKeys, mailbox_id: bytes, capability: bytes) -> bool:
    """Return whether this pair was given out for a handle nobody has; constant time."""
    return hmac.compare_digest(keys.decoy("capability", mailbox_id), capability)


def _x_wing_public_key(seed: bytes) -> bytes:
    """Return the X-Wing public key of a 32-byte seed (draft-connolly-cfrg-xwing-kem, 5.2).

    Random bytes would not do: an ML-KEM key's coefficients are below 3,329, so a random string is
    recognised at once.
    """
    expanded = hashlib.shake_256(seed).digest(96)
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key()
    curve = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key()
    return lattice.public_bytes_raw() + curve.public_bytes_raw()
