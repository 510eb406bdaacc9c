"""Faults as a table: every store write of this API fails, or fails although it is on disk.

The person is told that it did not work; trying again ends in the wished state; nothing that was
revoked goes on working from a cache.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import opaque_ke_py as opaque
import pytest
from tests.server.people import Person, Server, b, bearer, registration, running, unb

from visavis.core.errors import Code, UnavailableError

Act = Callable[[Server, Person, bytes], Awaitable[httpx.Response]]


@dataclass
class Row:
    """A write: the store method, the request, and what trying again answers."""

    method: str
    act: Act
    again_after_lost: int = 200
    again_after_kept: int = 200


def once(build: Callable[[Server, Person, bytes], Awaitable[dict[str, Any]]]) -> Act:
    """Make an act that sends the very same request each time."""
    made: dict[bytes, dict[str, Any]] = {}

    async def act(server: Server, person: Person, token: bytes) -> httpx.Response:
        key = server.services.keys.decoy_key
        if key not in made:
            made[key] = await build(server, person, token)
        return await server.http.request(**made[key])

    return act


async def sign_up(server: Server, _person: Person, _token: bytes) -> dict[str, Any]:
    start = opaque.client_registration_start(b"pw")
    body = {
        "link_token": server.link_token(),
        "name": "bert",
        "opaque_request": b(start.get_message()),
    }
    reply = (await server.post("/v1/signup/start", body)).json()
    end = opaque.client_registration_finish(b"pw", start.get_state(), unb(reply["opaque_response"]))
    finish = {
        "session": reply["session"],
        "opaque_record": b(end.get_message()),
        "keystore": b(bytes(4096)),
        "recovery_key": b(bytes(32)),
        "device": registration()[2],
    }
    return {"method": "POST", "url": "/v1/signup/finish", "json": finish}


def swap(person: Person) -> dict[str, Any]:
    """Replace the keystore of the sign-up: once it is replaced, the same request is a conflict."""
    replaces = hashlib.sha256(person.keystore).digest()
    return {"keystore": b(os.urandom(4096)), "replaces": b(replaces)}


async def password(server: Server, person: Person, token: bytes) -> dict[str, Any]:
    start = opaque.client_registration_start(b"new")
    body = {"opaque_request": b(start.get_message())}
    reply = (await server.post("/v1/password/start", body, token)).json()
    end = opaque.client_registration_finish(
        b"new", start.get_state(), unb(reply["opaque_response"])
    )
    finish = {"opaque_record": b(end.get_message()), **swap(person)}
    url = "/v1/password/finish"
    return {"method": "POST", "url": url, "json": finish, "headers": bearer(token)}


async def rename(server: Server, person: Person, token: bytes) -> dict[str, Any]:
    start = opaque.client_registration_start(b"pw")
    body = {"name": "maria", "opaque_request": b(start.get_message())}
    reply = (await server.post("/v1/handle/start", body, token)).json()
    end = opaque.client_registration_finish(b"pw", start.get_state(), unb(reply["opaque_response"]))
    record = b(end.get_message())
    finish = {"session": reply["session"], "opaque_record": record, **swap(person)}
    url = "/v1/handle/finish"
    return {"method": "POST", "url": url, "json": finish, "headers": bearer(token)}


def simple(method: str, url: str, body: Any, *, device: bool) -> Act:
    async def build(_server: Server, person: Person, token: bytes) -> dict[str, Any]:
        filled = body(person) if callable(body) else body
        headers = person.bearer if device else bearer(token)
        return {"method": method, "url": url, "json": filled, "headers": headers}

    return once(build)


def address(person: Person) -> dict[str, Any]:
    return {
        "mailbox_id": b(person.mailbox_id),
        "capability": b(person.capabilities[0]),
        "sealing_key": b(bytes(1216)),
        "pow_bits": 20,
    }


TABLE = {
    "sign-up": Row("create_account", once(sign_up), again_after_kept=403),
    "password": Row("replace_password", once(password), again_after_kept=409),
    "handle": Row("replace_handle", once(rename), again_after_kept=409),
    "keystore": Row(
        "set_keystore",
        simple("PUT", "/v1/keystore", swap, device=False),
        again_after_kept=409,
    ),
    "add device": Row(
        "add_device",
        simple("POST", "/v1/devices", lambda _p: registration()[2], device=False),
        again_after_kept=409,
    ),
    "revoke device": Row(
        "delete_device",
        simple(
            "POST",
            "/v1/devices/revoke",
            lambda p: {"device_id": b(p.token[:16]), "farewell": b(bytes(64))},
            device=False,
        ),
        again_after_kept=403,
    ),
    "end of account": Row(
        "delete_account",
        simple("DELETE", "/v1/account", None, device=False),
        again_after_kept=200,
    ),
    "add capabilities": Row(
        "add_capabilities",
        simple("POST", "/v1/capabilities", {"add": [b(b"c" * 32)]}, device=True),
    ),
    "revoke capabilities": Row(
        "revoke_capabilities",
        simple("POST", "/v1/capabilities/revoke", {"hashes": [b(b"c" * 32)]}, device=True),
    ),
    "key packages": Row(
        "put_key_packages",
        simple("POST", "/v1/key-packages", {"one_time": [b(b"k")]}, device=True),
    ),
    "request address": Row(
        "set_request_address", simple("PUT", "/v1/request-address", address, device=True)
    ),
    "vault": Row(
        "vault_write",
        simple(
            "POST",
            "/v1/vault",
            {"expected_counter": 0, "manifest": b(bytes(4096)), "put": [], "delete": []},
            device=True,
        ),
        again_after_kept=409,
    ),
}


@pytest.mark.parametrize("persisted", [False, True], ids=["lost", "kept"])
@pytest.mark.parametrize("name", TABLE)
async def test_a_failing_write_is_told_and_can_be_tried_again(
    tmp_path: Path, name: str, *, persisted: bool
) -> None:
    row = TABLE[name]
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        told: list[object] = []
        server.services.listeners.capabilities_revoked.append(told.append)
        server.services.listeners.devices_removed.append(told.append)
        honest = getattr(server.services.store, row.method)
        calls = 0

        async def failing(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > 1:
                return await honest(*args, **kwargs)
            if persisted:
                await honest(*args, **kwargs)
            raise UnavailableError(Code.DISK_FULL, "injected")

        setattr(server.services.store, row.method, failing)
        first = await row.act(server, anna, token)
        assert (first.status_code, first.json()["code"]) == (507, "disk_full")
        if name.startswith(("revoke", "end")):
            assert told, "CK-428: caches and sockets are told even so"
        again = await row.act(server, anna, token)
        wished = row.again_after_kept if persisted else row.again_after_lost
        assert again.status_code == wished, again.text
        assert (await server.get("/healthz")).status_code == 200
