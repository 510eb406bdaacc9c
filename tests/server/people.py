"""A server in this process, with a virtual clock, and people who sign up over its HTTP API."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import opaque_ke_py as opaque
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.core import base64url
from visavis.server import logging, signup_links
from visavis.server.app import Application, Part, build_app, open_services
from visavis.server.config import ServerConfig
from visavis.server.services import Services
from visavis.testing.clock import VirtualClock

ORIGIN = "http://127.0.0.1:8420"
PASSWORD = "correct horse battery staple"

b = base64url.encode
unb = base64url.decode


def registration(device_id: bytes | None = None) -> tuple[bytes, list[bytes], dict[str, Any]]:
    """Return a device token, its capabilities and the DeviceRegistration to send."""
    token = (device_id or os.urandom(16)) + os.urandom(32)
    capabilities = [os.urandom(32) for _ in range(256)]
    body = {
        "device_id": b(token[:16]),
        "token_hash": b(hashlib.sha256(token).digest()),
        "mailbox_id": b(os.urandom(16)),
        "capability_hashes": [b(hashlib.sha256(one).digest()) for one in capabilities],
    }
    return token, capabilities, body


@dataclass
class Person:
    """Someone with an account and one device."""

    handle: str
    token: bytes
    mailbox_id: bytes
    capabilities: list[bytes]
    recovery: Ed25519PrivateKey
    keystore: bytes
    export_key: bytes

    @property
    def bearer(self) -> dict[str, str]:
        return bearer(self.token)


def bearer(token: bytes) -> dict[str, str]:
    return {"Authorization": f"Bearer {b(token)}"}


@dataclass
class Server:
    """A running server and an HTTP client to it."""

    services: Services
    app: Application
    http: httpx.AsyncClient
    clock: VirtualClock
    log: io.StringIO

    def link_token(self) -> str:
        link = signup_links.make_link(self.services.config.data_dir, ORIGIN, now=self.clock.now())
        return link.partition("#")[2]

    async def post(self, path: str, body: Any, token: bytes | None = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers=bearer(token) if token else {})

    async def get(self, path: str, token: bytes | None = None) -> httpx.Response:
        return await self.http.get(path, headers=bearer(token) if token else {})

    async def sign_up(
        self, name: str = "anna", password: str = PASSWORD, link: str | None = None
    ) -> Person:
        start = opaque.client_registration_start(password.encode())
        started = await self.post(
            "/v1/signup/start",
            {
                "link_token": link or self.link_token(),
                "name": name,
                "opaque_request": b(start.get_message()),
            },
        )
        assert started.status_code == 200, started.text
        reply = started.json()
        end = opaque.client_registration_finish(
            password.encode(), start.get_state(), unb(reply["opaque_response"])
        )
        token, capabilities, device = registration()
        recovery = Ed25519PrivateKey.generate()
        keystore = os.urandom(4096)
        finished = await self.post(
            "/v1/signup/finish",
            {
                "session": reply["session"],
                "opaque_record": b(end.get_message()),
                "keystore": b(keystore),
                "recovery_key": b(recovery.public_key().public_bytes_raw()),
                "device": device,
            },
        )
        assert finished.status_code == 200, finished.text
        return Person(
            handle=reply["handle"],
            token=token,
            mailbox_id=unb(device["mailbox_id"]),
            capabilities=capabilities,
            recovery=recovery,
            keystore=keystore,
            export_key=bytes(end.get_export_key()),
        )

    async def log_in(self, handle: str, password: str = PASSWORD) -> httpx.Response:
        """Return the answer to login/finish; a client that fails sends zeros."""
        return await self.post("/v1/login/finish", await self.begin_login(handle, password))

    async def begin_login(self, handle: str, password: str = PASSWORD) -> dict[str, str]:
        """Return what login/finish is to be sent."""
        start = opaque.client_login_start(password.encode())
        started = await self.post(
            "/v1/login/start", {"handle": handle, "opaque_request": b(start.get_message())}
        )
        assert started.status_code == 200, started.text
        reply = started.json()
        try:
            end = opaque.client_login_finish(
                password.encode(), start.get_state(), unb(reply["opaque_response"])
            ).get_message()
        except ValueError:
            end = bytes(64)
        return {"session": reply["session"], "opaque_finalization": b(end)}

    async def account_token(self, handle: str, password: str = PASSWORD) -> bytes:
        answer = await self.log_in(handle, password)
        assert answer.status_code == 200, answer.text
        return unb(answer.json()["account_token"])

    async def recover(self, handle: str, key: Ed25519PrivateKey) -> httpx.Response:
        started = await self.post("/v1/recovery/start", {"handle": handle})
        assert started.status_code == 200, started.text
        reply = started.json()
        signature = key.sign(b"visavis recovery v1" + unb(reply["challenge"]))
        return await self.post(
            "/v1/recovery/finish", {"session": reply["session"], "signature": b(signature)}
        )


@contextlib.asynccontextmanager
async def running(
    tmp_path: Path,
    *,
    parts: Sequence[Part] = (),
    clock: VirtualClock | None = None,
    client: tuple[str, int] = ("203.0.113.77", 4242),
    **config: Any,
) -> AsyncIterator[Server]:
    """Run a server on `tmp_path/data`; again on the same folder if called again."""
    time = clock or VirtualClock()
    values = {"free_attempts": 10_000, **config}
    settings = ServerConfig(data_dir=tmp_path / "data", origin=ORIGIN, **values)
    services = await open_services(settings, clock=time)
    log = io.StringIO()
    logging.configure(services.inventory, stream=log, strict=True, clock=time)
    app = build_app(services, parts, strict=True)
    transport = httpx.ASGITransport(app=app, client=client, raise_app_exceptions=False)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Server(services, app, http, time, log)
