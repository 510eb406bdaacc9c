"""`/v1/key-packages/fetch`: a key package of a contact's device (RFC 9750, 5.1).

Presenting the capability one was given is enough and nothing else is: a stranger cannot use up
somebody's key packages, and the server does not learn which contact is adding the device.

Not for a capability that a look-up of a handle gives to anybody (P2): a decoy has no key package,
so a person's must not be had that way either (CK-485). Such a requester fetches nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from fastapi import APIRouter, Request

from visavis.core.errors import AuthorizationError, Code, UnavailableError
from visavis.server.anonymous import Presented, WithAnonymous
from visavis.server.quotas import Spend
from visavis.server.wire import KeyPackageBytes, Message

router: Final = APIRouter(tags=["key packages"])


class FetchedKeyPackage(Message):
    """An MLSMessage that holds a KeyPackage (RFC 9420, 10)."""

    key_package: KeyPackageBytes


@router.post("/v1/key-packages/fetch")
async def fetch(body: Presented, request: Request, parts: WithAnonymous) -> FetchedKeyPackage:
    """Return a one-time key package, which is then gone, or else the last resort.

    Raises:
        AuthorizationError: REFUSED: no capability of a contact.
        UnavailableError: The device has uploaded none at all.
    """
    await parts.pay(request, Spend.KEY_PACKAGE, body.mailbox, body.capability)
    # CK-485: both questions are asked in both cases, so that they take the same time.
    public = await parts.store.is_request_capability(body.mailbox, body.capability)
    decoy = parts.capabilities.is_decoy(sha256(body.capability).digest())
    if public or decoy:
        raise AuthorizationError(Code.REFUSED, "CK-485: a capability that anybody can look up")
    found = await parts.store.take_key_package(body.mailbox, parts.today())
    if found is None:
        raise UnavailableError(Code.UNAVAILABLE, "no key package")
    return FetchedKeyPackage(key_package=found)
