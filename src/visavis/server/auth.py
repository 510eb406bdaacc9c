"""Who is asking: account tokens and device tokens in the Authorization header. No cookies (P12).

An account token (32 bytes) comes from a login and changes the account; a device token (48 bytes:
device id, then 32 secret bytes) is kept by a device and speaks for its mailbox.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from visavis.core import base64url
from visavis.core.errors import PeerError
from visavis.ports.stored import Device
from visavis.server.keys import fingerprint
from visavis.server.problems import BearerError
from visavis.server.services import Services

ACCOUNT_TOKEN_BYTES: Final = 32
DEVICE_ID_BYTES: Final = 16
DEVICE_TOKEN_BYTES: Final = 48

_NOBODY: Final = bytes(32)

_bearer: Final = HTTPBearer(auto_error=False, scheme_name="bearer")


def services_of(request: Request) -> Services:
    """Return the services of the server that got this request."""
    services: Services = request.app.state.services
    return services


WithServices = Annotated[Services, Depends(services_of)]


async def bearer(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> bytes:
    """Return the bytes of the token that came with the request.

    Raises:
        BearerError: There is none, or it is not base64url.
    """
    if credentials is None:
        raise BearerError
    try:
        return base64url.decode(credentials.credentials)
    except PeerError:
        raise BearerError from None


Token = Annotated[bytes, Depends(bearer)]


async def authenticate(services: Services, token: bytes) -> Device | None:
    """Return the device a token speaks for, or None, and note the day it was seen.

    CK-415: unknown device, revoked device and wrong secret take the same steps.

    Args:
        services: Of this server.
        token: 48 bytes; any other length is wrong too.
    """
    today = services.today()
    device = await services.store.device(token[:DEVICE_ID_BYTES], today)
    expected = _NOBODY if device is None else device.token_hash
    right = hmac.compare_digest(fingerprint(token), expected)
    if device is None or not right or len(token) != DEVICE_TOKEN_BYTES:
        return None
    if device.last_seen_day < today:
        await services.store.touch_device(device.device_id, today)
    return device


async def current_device(services: WithServices, token: Token) -> Device:
    """Return the device whose token came with the request.

    Raises:
        BearerError: Not a device token, or not a good one.
    """
    device = await authenticate(services, token)
    if device is None:
        raise BearerError
    return device


async def current_account(services: WithServices, token: Token) -> bytes:
    """Return the id of the account whose account token came with the request.

    Raises:
        BearerError: Not an account token, or not a good one.
    """
    return services.sessions.account_of(token)


async def account_of_either(services: WithServices, token: Token) -> bytes:
    """Return the account that an account token or a device token speaks for.

    Raises:
        BearerError: Neither.
    """
    if len(token) == ACCOUNT_TOKEN_BYTES:
        return services.sessions.account_of(token)
    return (await current_device(services, token)).account_id


CurrentDevice = Annotated[Device, Depends(current_device)]
CurrentAccount = Annotated[bytes, Depends(current_account)]
EitherAccount = Annotated[bytes, Depends(account_of_either)]
Work = Annotated[str | None, Header(alias="Visavis-Work", max_length=128)]


def address_of(request: Request) -> str | None:
    """Return the peer's address, to be hashed at once and forgotten (R-31)."""
    return None if request.client is None else request.client.host
