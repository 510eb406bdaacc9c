"""Blobs and relay credentials over HTTP."""

import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from visavis.core import base64url
from visavis.ports.blobs import BLOB_SIZES, MAX_BLOB_BYTES
from visavis.testing.raw_client import RawDevice, add_device
from visavis.testing.server import LocalServer, local_server

SMALL = min(BLOB_SIZES)


@contextlib.asynccontextmanager
async def web(
    folder: Path, **changes: Any
) -> AsyncIterator[tuple[LocalServer, httpx.AsyncClient, RawDevice]]:
    async with (
        local_server(folder, **changes) as server,
        httpx.AsyncClient(base_url=server.origin, timeout=30) as client,
    ):
        yield (
            server,
            client,
            await add_device(server.served.application.services.store, time.time()),
        )


def headers(mailbox: bytes, capability: bytes) -> dict[str, str]:
    return {
        "Visavis-Mailbox": base64url.encode(mailbox),
        "Visavis-Capability": base64url.encode(capability),
        "Content-Type": "application/octet-stream",
    }


@pytest.mark.parametrize("size", [SMALL, MAX_BLOB_BYTES])
async def test_upload_and_download(tmp_path: Path, size: int) -> None:
    async with web(tmp_path) as (_, client, device):
        data = os.urandom(size)
        head = headers(device.mailbox, device.capabilities[0])
        answer = await client.post("/v1/blobs", content=data, headers=head)
        assert answer.status_code == 200
        blob_id = answer.json()["blob_id"]
        assert len(base64url.decode(blob_id)) == 16
        got = await client.get(f"/v1/blobs/{blob_id}")
        assert got.status_code == 200
        assert got.content == data


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL + 1, 1000])
async def test_other_sizes_are_malformed(tmp_path: Path, size: int) -> None:
    """CK-500"""
    async with web(tmp_path) as (server, client, device):
        head = headers(device.mailbox, device.capabilities[0])
        answer = await client.post("/v1/blobs", content=bytes(size), headers=head)
        assert answer.status_code == 400
        assert list((server.data_dir / "blobs").iterdir()) == []


async def test_larger_than_the_largest_is_too_large(tmp_path: Path) -> None:
    """CK-500"""
    async with web(tmp_path) as (_, client, device):
        head = headers(device.mailbox, device.capabilities[0])
        answer = await client.post("/v1/blobs", content=bytes(MAX_BLOB_BYTES + 1), headers=head)
        assert answer.status_code == 413


async def test_without_an_announced_length_is_malformed(tmp_path: Path) -> None:
    """CK-500: chunked transfer does not get around the sizes."""

    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(SMALL)

    async with web(tmp_path) as (_, client, device):
        head = headers(device.mailbox, device.capabilities[0])
        answer = await client.post("/v1/blobs", content=chunks(), headers=head)
        assert answer.status_code == 400


async def test_upload_needs_a_capability(tmp_path: Path) -> None:
    """CK-475"""
    async with web(tmp_path) as (server, client, device):
        body = bytes(SMALL)
        answers = [
            await client.post("/v1/blobs", content=body, headers=headers(mailbox, capability))
            for mailbox, capability in (
                (device.mailbox, os.urandom(32)),
                (os.urandom(16), device.capabilities[0]),
            )
        ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].content == answers[1].content
        assert list((server.data_dir / "blobs").iterdir()) == []
        bad = headers(device.mailbox, device.capabilities[0]) | {"Visavis-Mailbox": "!"}
        assert (await client.post("/v1/blobs", content=body, headers=bad)).status_code == 400


async def test_unknown_and_impossible_ids_are_one_answer(tmp_path: Path) -> None:
    async with web(tmp_path) as (_, client, _device):
        answers = [
            await client.get(f"/v1/blobs/{blob_id}")
            for blob_id in (base64url.encode(bytes(16)), "x", "%2e%2e", "A" * 500)
        ]
        assert (await client.get("/v1/blobs/..%2Forigin")).status_code == 404
        assert {(answer.status_code, answer.content) for answer in answers} == {
            (403, answers[0].content)
        }


async def test_turn_without_a_relay_says_so(tmp_path: Path) -> None:
    async with web(tmp_path) as (_, client, device):
        body = {
            "mailbox": base64url.encode(device.mailbox),
            "capability": base64url.encode(device.capabilities[0]),
        }
        answer = await client.post("/v1/turn", json=body)
        assert answer.status_code == 503
        assert answer.json()["code"] == "no_relay"


@pytest.mark.media
async def test_turn_credentials_are_fresh_and_bounded(tmp_path: Path) -> None:
    async with web(tmp_path, turn=True, turn_per_day=3, relay_announced_port=12_345) as (
        _,
        client,
        device,
    ):

        async def ask(capability: bytes) -> httpx.Response:
            body = {
                "mailbox": base64url.encode(device.mailbox),
                "capability": base64url.encode(capability),
            }
            return await client.post("/v1/turn", json=body)

        answers = [await ask(device.capabilities[0]) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        first = answers[0].json()
        assert first["ttl_s"] == 600
        assert first["urls"][0] == "turn:127.0.0.1:12345?transport=udp"
        names = {answer.json()["username"] for answer in answers[:3]}
        assert len(names) == 3
        for name in names:
            expiry, _, opaque = name.partition(":")
            assert abs(int(expiry) - time.time() - 600) < 30
            assert len(bytes.fromhex(opaque)) * 8 == 96
        assert (await ask(os.urandom(32))).status_code == 403


async def test_decoys_answer_like_people(tmp_path: Path) -> None:
    """CK-483, CK-485: neither sending nor fetching tells a decoy from a person."""
    from visavis.ports.stored import RequestAddress
    from visavis.server.frames import Status
    from visavis.server.request_address import decoy_address
    from visavis.testing.raw_client import sender

    async with web(tmp_path) as (server, client, device):
        services = server.served.application.services
        await services.store.set_request_address(
            device.account_id,
            RequestAddress(device.mailbox, device.capabilities[0], bytes(1216)),
        )
        await services.store.put_key_packages(device.device_id, [b"kp"], b"lr", services.today())
        decoy = decoy_address(services.keys, services.keys.handle_tag("nobody.12345"))
        results = {}
        async with sender(server.origin) as out:
            for name, mailbox, capability in (
                ("person", device.mailbox, device.capabilities[0]),
                ("decoy", decoy.mailbox_id, decoy.capability),
                ("wrong", decoy.mailbox_id, os.urandom(32)),
            ):
                statuses = [
                    await out.send(envelope_class, mailbox, capability, bytes(1024))
                    for envelope_class in (0, 1, 1)
                ]
                body = {
                    "mailbox": base64url.encode(mailbox),
                    "capability": base64url.encode(capability),
                }
                fetched = await client.post("/v1/key-packages/fetch", json=body)
                results[name] = (statuses, fetched.status_code, fetched.content)
        assert results["person"] == results["decoy"]
        assert results["person"][0] == [Status.ACCEPTED] * 3
        assert results["person"][1] == 403
        assert results["wrong"][0] == [Status.REFUSED] * 3
        stored = await services.store.stored_bytes(services.today())
        assert dict(stored) == {device.mailbox: 2048}, "nothing is kept for a decoy"
