"""A client's side of shares of recording keys, at a real server and at hostile ones (P16).

Twin: `web/tests/client/live_shares.test.ts`, which holds the browser to the same requests.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from visavis.core import base64url
from visavis.core.address import ContactAddress
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import Capability, MailboxId, SealKey, Secret32, ShareKey, ShareSlot
from visavis.server.limits import FAILURES_PER_MINUTE
from visavis.testing.clock import NOON, VirtualClock
from visavis.testing.raw_client import add_device
from visavis.testing.server import local_server
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.http import Http

ORIGIN = "http://127.0.0.1:8420"
TODAY = int(NOON // 86_400)
SLOT, READ, DELETE = ShareSlot(b"\x01" * 16), ShareKey(b"\x03" * 32), ShareKey(b"\x04" * 32)
SHARE = Secret32(b"\x02" * 32)


def address(origin: str, mailbox: bytes, capability: bytes) -> ContactAddress:
    seal = SealKey(bytes(32))
    return ContactAddress(origin, MailboxId(mailbox), Capability(capability), seal)


@pytest.fixture
async def at_server(tmp_path: Path) -> AsyncIterator[tuple[AnonymousApi, ContactAddress]]:
    clock = VirtualClock()
    async with local_server(tmp_path, clock) as server:
        device = await add_device(server.served.application.services.store, clock.now())
        api = AnonymousApi(Http(server.origin))
        yield api, address(server.origin, device.mailbox, device.capabilities[0])
        await api.close()


async def test_laid_read_and_deleted(at_server: tuple[AnonymousApi, ContactAddress]) -> None:
    api, mine = at_server
    slot, share = ShareSlot.random(os.urandom), Secret32.random(os.urandom)
    keys = {"read": ShareKey.random(os.urandom), "delete": ShareKey.random(os.urandom)}
    for _ in range(2):  # an answer that was lost
        await api.lay_share(mine, slot, share, **keys, expires=TODAY + 30)
    assert await api.read_share(slot, keys["read"]) == share
    with pytest.raises(AuthorizationError) as refused:
        await api.delete_share(slot, keys["read"])
    assert refused.value.code is Code.REFUSED
    for _ in range(2):
        await api.delete_share(slot, keys["delete"])
    with pytest.raises(AuthorizationError) as refused:
        await api.read_share(slot, keys["read"])
    assert refused.value.code is Code.REFUSED


async def test_refusals_have_their_codes(at_server: tuple[AnonymousApi, ContactAddress]) -> None:
    api, mine = at_server
    keys = {"read": READ, "delete": DELETE}
    await api.lay_share(mine, SLOT, SHARE, **keys, expires=TODAY + 1)
    with pytest.raises(PeerError) as error:
        await api.lay_share(mine, SLOT, SHARE, **keys, expires=TODAY + 2)
    assert error.value.code is Code.CONFLICT
    for day in (TODAY, TODAY + 32):
        with pytest.raises(PeerError) as error:
            await api.lay_share(mine, SLOT, SHARE, **keys, expires=day)
        assert error.value.code is Code.MALFORMED
    strange = address(mine.origin, mine.mailbox, os.urandom(32))
    with pytest.raises(AuthorizationError) as unknown:
        await api.lay_share(strange, SLOT, SHARE, **keys, expires=TODAY + 1)
    assert unknown.value.code is Code.REFUSED
    for _ in range(FAILURES_PER_MINUTE - 1):
        with pytest.raises(AuthorizationError):
            await api.read_share(SLOT, ShareKey.random(os.urandom))
    with pytest.raises(UnavailableError) as busy:
        await api.read_share(SLOT, READ)
    assert busy.value.code is Code.QUOTA


async def test_what_is_sent() -> None:
    """The same as of the twin: hashes, and neither of the keys, when it is laid."""
    sent: list[tuple[str, object]] = []

    def watch(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, json.loads(request.content)))
        assert "authorization" not in request.headers
        return httpx.Response(200, json={"share": base64url.encode(SHARE)})

    api = AnonymousApi(Http(ORIGIN, transport=httpx.MockTransport(watch)))
    mine = address(ORIGIN, bytes(16), bytes(32))
    await api.lay_share(mine, SLOT, SHARE, read=READ, delete=DELETE, expires=20_030)
    assert await api.read_share(SLOT, READ) == SHARE
    await api.delete_share(SLOT, DELETE)
    await api.close()
    slot = "AQEBAQEBAQEBAQEBAQEBAQ"
    assert sent == [
        (
            "/v1/shares",
            {
                "mailbox": "AAAAAAAAAAAAAAAAAAAAAA",
                "capability": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "slot": slot,
                "share": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
                "read": "ZIqlxXn7MPOK90TZfW7IQMepEnekmaDXgPPnMU7KCQs",
                "delete": "n0-2jz4drIIgL5qlgc4Lvx92XfDprDyMV-IPaFq6uO0",
                "expires": 20_030,
            },
        ),
        ("/v1/shares/read", {"slot": slot, "key": "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM"}),
        ("/v1/shares/delete", {"slot": slot, "key": "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ"}),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"share": None},
        {"share": base64url.encode(bytes(31))},
        {"share": base64url.encode(bytes(33))},
        {"share": "!" * 43},
    ],
)
async def test_an_answer_that_is_no_share(answer: object) -> None:
    """CK-975"""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    api = AnonymousApi(Http(ORIGIN, transport=transport))
    with pytest.raises(PeerError) as refused:
        await api.read_share(SLOT, READ)
    assert refused.value.code is Code.MALFORMED
    await api.close()


def test_keys_are_not_printed() -> None:
    assert repr(READ) == str(READ) == "ShareKey(~)"
    assert repr(SLOT) == "ShareSlot(010101~)"
