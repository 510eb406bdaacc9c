"""Requests by handle for tests: cheap work, and strangers without an account."""

from __future__ import annotations

import os

import pytest

from visavis.core import work
from visavis.core.address import ContactAddress
from visavis.core.content import encode_outer
from visavis.core.content_outer import ContactRequest
from visavis.core.content_records import UNSIGNED, JoiningDevice
from visavis.core.content_signed import sign_request
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.handle_request import HandleAddress, pay
from visavis.core.identity import identity_public_key
from visavis.core.ids import (
    AccountId,
    Capability,
    DeviceId,
    MailboxId,
    RequestToken,
    SealKey,
    SignatureKey,
)
from visavis.sdk.client import Client
from visavis.transport.api import PublicApi
from visavis.transport.http import Http

BITS = 10
"""Of work: quick, and wrong work seldom passes by chance."""


@pytest.fixture
def cheap_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the level on both sides; the server goes on saying 20."""
    look_up = PublicApi.look_up

    async def cheap(self: PublicApi, handle: str) -> tuple[HandleAddress, int]:
        return (await look_up(self, handle))[0], BITS

    monkeypatch.setattr(PublicApi, "look_up", cheap)
    monkeypatch.setattr(work, "REQUEST_BITS", BITS)


async def look_up(client: Client, handle: str) -> HandleAddress:
    """Look a handle up as a stranger does."""
    http = Http(client._session.books.profile.origin)
    try:
        return (await PublicApi(http).look_up(handle))[0]
    finally:
        await http.close()


def stranger(address: HandleAddress, name: str = "mallory.12345") -> bytes:
    """Return a request by somebody new, good in form and signature; not paid for."""
    private, device = os.urandom(32), DeviceId.random(os.urandom)
    listed = ListedDevice(device, SignatureKey(identity_public_key(private)))
    own = sign_first(AccountId.random(os.urandom), os.urandom(32), [listed])
    back = ContactAddress(
        address.origin,
        MailboxId.random(os.urandom),
        Capability.random(os.urandom),
        SealKey.random(os.urandom),
    )
    request = ContactRequest(
        RequestToken.random(os.urandom),
        own.data,
        name,
        (JoiningDevice(device, b"key package", back),),
        device,
        UNSIGNED,
    )
    return encode_outer(sign_request(request, private, address.destination))


def paid(address: HandleAddress, name: str = "mallory.12345") -> bytes:
    """Return a stranger's request with its work done."""
    return pay(address, stranger(address, name), BITS)
