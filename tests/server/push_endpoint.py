"""A push service on loopback, and the browser behind it: takes, checks and opens pushes.

What the product's server never does, decrypting, is done here (RFC 8291, 3.4, the receiving side).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from visavis.core import base64url


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Browser:
    """One subscription, with the keys that only the browser has."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def registration(self) -> dict[str, str]:
        return {
            "endpoint": self.endpoint,
            "p256dh": base64url.encode(point(self.key.public_key())),
            "auth": base64url.encode(self.auth),
        }

    def open_message(self, body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(record) <= size
        own = point(self.key.public_key())
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), theirs)
        secret = hkdf(shared, self.auth, b"WebPush: info\0" + own + sender, 32)
        key = hkdf(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = hkdf(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert plain[-1:] == b"\x02", "the last record"
        return plain[:-1]


def check_vapid(header: str) -> tuple[dict[str, Any], bytes]:
    """Return the claims and the key of an Authorization header whose signature is right."""
    assert header.startswith("vapid ")
    parts = dict(one.strip().split("=", 1) for one in header[6:].split(","))
    signed, _, signature = parts["t"].rpartition(".")
    head, _, claims = signed.partition(".")
    assert json.loads(base64url.decode(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = base64url.decode(signature)
    assert len(raw) == 64
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    key = base64url.decode(parts["k"])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    try:
        public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise AssertionError("a VAPID token with a wrong signature") from None
    return json.loads(base64url.decode(claims)), key


@dataclass
class Push:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


class PushEndpoint:
    """An HTTP server that notes what comes and answers as told."""

    def __init__(self) -> None:
        self.got: list[Push] = []
        self.status = "201 Created"
        self.more = ""
        self.silent = False
        self.open: list[asyncio.Task[None]] = []
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def browser(self, path: str = "/push/abc") -> Browser:
        return Browser(f"http://{self.host}{path}")

    async def wait(self, count: int, timeout_s: float = 20) -> None:
        async with asyncio.timeout(timeout_s):
            while len(self.got) < count:
                await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open.append(task)
        with contextlib.suppress(
            asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError
        ):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
                pairs = [line.split(": ", 1) for line in head[1:] if line]
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.got.append(Push(head[0].split(" ")[1], headers, body))
                if self.silent:
                    await asyncio.sleep(3600)
                answer = f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n{self.more}\r\n"
                writer.write(answer.encode("ascii"))
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def push_endpoint() -> AsyncIterator[PushEndpoint]:
    endpoint = PushEndpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        for task in endpoint.open:
            task.cancel()
        await asyncio.gather(*endpoint.open, return_exceptions=True)
