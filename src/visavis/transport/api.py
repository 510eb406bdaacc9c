"""The server's HTTP API, typed: what a client asks, with which credential.

`PublicApi` needs none (sign-up, login, recovery), `AccountApi` the account token of a login
(15 minutes, memory only). What a device asks with its own token is in `device_api`; what is asked
anonymously, presenting a capability, in `anonymous`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from visavis.core import base64url
from visavis.core.errors import Code, PeerError
from visavis.core.handle import Renamed
from visavis.core.handle_request import MAX_WORK_BITS, SEALING_KEY_BYTES, HandleAddress
from visavis.core.ids import Capability, MailboxId
from visavis.transport.http import (
    Http,
    Json,
    bytes_field,
    int_field,
    receipt_field,
    text_field,
)

API_VERSION: Final = 1


def _b64(data: bytes) -> str:
    return base64url.encode(data)


@dataclass(frozen=True, slots=True)
class DeviceRegistration:
    """What the server learns of a device: hashes and random ids.

    Args:
        device_id: 16 bytes.
        token_hash: SHA-256 of the 48-byte device token.
        mailbox_id: 16 bytes.
        capability_hashes: 256 of 32 bytes (P7).
    """

    device_id: bytes
    token_hash: bytes
    mailbox_id: bytes
    capability_hashes: Sequence[bytes] = field(repr=False)

    def to_json(self) -> Json:
        """Return the JSON form."""
        return {
            "device_id": _b64(self.device_id),
            "token_hash": _b64(self.token_hash),
            "mailbox_id": _b64(self.mailbox_id),
            "capability_hashes": [_b64(x) for x in self.capability_hashes],
        }


@dataclass(frozen=True, slots=True)
class SignupStarted:
    """First answer of a sign-up: the handle the server chose, and OPAQUE's response."""

    handle: str
    opaque_response: bytes = field(repr=False)
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandleStarted:
    """What begins a change of handle; the response is empty without a password."""

    handle: str
    opaque_response: bytes = field(repr=False)
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginStarted:
    """First answer of a login; a decoy looks the same."""

    opaque_response: bytes = field(repr=False)
    session: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A finished login: a token for 15 minutes, and the wrapped keys of the account."""

    account_token: str = field(repr=False)
    keystore: bytes = field(repr=False)


class PublicApi:
    """Sign-up, login and recovery: requests that stand before any credential."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def require_compatible(self) -> None:
        """Check that the server speaks our protocol.

        Raises:
            PeerError: UNEXPECTED, another API version.
            UnavailableError: It cannot be reached.
        """
        answer = await self._http.get("/v1/server")
        if int_field(answer, "api") != API_VERSION:
            raise PeerError(Code.UNEXPECTED, "the server speaks another version of the protocol")

    async def receipt_key(self) -> bytes | None:
        """Return the key with which the server signs deletion receipts; None: it gives none.

        Raises:
            PeerError: MALFORMED, it is no key.
            UnavailableError: The server cannot be reached.
        """
        answer = await self._http.get("/.well-known/privacy.json")
        if not isinstance(answer, dict) or answer.get("receipt_key") is None:
            return None
        return bytes_field(answer, "receipt_key", 32)

    async def signup_start(self, link_token: str, name: str, request: bytes) -> SignupStarted:
        """Begin a sign-up (RFC 9807, 5.1.1: registration request).

        Raises:
            AuthorizationError: SIGNUP_LINK.
        """
        answer = await self._http.post(
            "/v1/signup/start",
            {"link_token": link_token, "name": name, "opaque_request": _b64(request)},
        )
        return SignupStarted(
            text_field(answer, "handle"),
            bytes_field(answer, "opaque_response"),
            text_field(answer, "session"),
        )

    async def signup_finish(
        self,
        session: str,
        record: bytes,
        keystore: bytes,
        recovery_key: bytes,
        device: DeviceRegistration,
    ) -> None:
        """Finish a sign-up: the account and its first device exist when this returns."""
        await self._http.post(
            "/v1/signup/finish",
            {
                "session": session,
                "opaque_record": _b64(record),
                "keystore": _b64(keystore),
                "recovery_key": _b64(recovery_key),
                "device": device.to_json(),
            },
        )

    async def login_start(self, handle: str, request: bytes) -> LoginStarted:
        """Begin a login (RFC 9807, 6: KE1)."""
        answer = await self._http.post(
            "/v1/login/start", {"handle": handle, "opaque_request": _b64(request)}
        )
        return LoginStarted(bytes_field(answer, "opaque_response"), text_field(answer, "session"))

    async def login_finish(self, session: str, finalization: bytes) -> LoggedIn:
        """Finish a login (KE3).

        Raises:
            AuthorizationError: LOGIN_FAILED.
        """
        answer = await self._http.post(
            "/v1/login/finish", {"session": session, "opaque_finalization": _b64(finalization)}
        )
        return _logged_in(answer)

    async def recovery_start(self, handle: str) -> tuple[str, bytes]:
        """Ask for a challenge to sign with the recovery key; returns (session, challenge)."""
        answer = await self._http.post("/v1/recovery/start", {"handle": handle})
        return text_field(answer, "session"), bytes_field(answer, "challenge")

    async def recovery_finish(self, session: str, signature: bytes) -> LoggedIn:
        """Log in by the recovery key's signature.

        Raises:
            AuthorizationError: LOGIN_FAILED.
        """
        answer = await self._http.post(
            "/v1/recovery/finish", {"session": session, "signature": _b64(signature)}
        )
        return _logged_in(answer)

    async def look_up(self, handle: str) -> tuple[HandleAddress, int]:
        """Return where requests to an exact handle go, and the work they must carry, in bits (P2).

        The answer for a handle that nobody has, or nobody shows, is a decoy.

        Raises:
            PeerError: MALFORMED; REFUSED (CK-292), it asks for more work than anybody should do:
                a hostile server must not be able to keep a client busy for ever.
            UnavailableError: The server cannot be reached.
        """
        answer = await self._http.get(f"/v1/handles/{handle}")
        bits = int_field(answer, "pow_bits")
        if not 0 <= bits <= MAX_WORK_BITS:
            raise PeerError(Code.REFUSED, "CK-292: more work than a request is worth")
        address = HandleAddress(
            self._http.origin,
            MailboxId(bytes_field(answer, "mailbox_id")),
            Capability(bytes_field(answer, "capability")),
            bytes_field(answer, "sealing_key", SEALING_KEY_BYTES),
        )
        return address, bits


def _logged_in(answer: object) -> LoggedIn:
    return LoggedIn(text_field(answer, "account_token"), bytes_field(answer, "keystore"))


class AccountApi:
    """What needs a fresh login: devices, password, wrapped keys."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def add_device(self, device: DeviceRegistration) -> None:
        """Register one more device."""
        await self._http.post("/v1/devices", device.to_json())

    async def revoke_device(self, device_id: bytes, farewell: bytes) -> None:
        """Delete a device with its token, mailbox, capabilities and key packages.

        Args:
            device_id: Of this account.
            farewell: What the device finds in their place (`visavis.core.farewell`), 64 bytes.
        """
        body = {"device_id": _b64(device_id), "farewell": _b64(farewell)}
        await self._http.post("/v1/devices/revoke", body)

    async def password_start(self, request: bytes) -> bytes:
        """Begin a change of password; returns OPAQUE's registration response."""
        answer = await self._http.post("/v1/password/start", {"opaque_request": _b64(request)})
        return bytes_field(answer, "opaque_response")

    async def password_finish(self, record: bytes, keystore: bytes, replaces: bytes) -> None:
        """Replace OPAQUE record and keystore in one transaction (P4).

        Raises:
            PeerError: CONFLICT, the stored keystore's hash is not `replaces` (CK-680).
        """
        await self._http.post(
            "/v1/password/finish",
            {
                "opaque_record": _b64(record),
                "keystore": _b64(keystore),
                "replaces": _b64(replaces),
            },
        )

    async def handle_start(self, name: str, request: bytes | None) -> HandleStarted:
        """Begin a change of handle, with OPAQUE's request if the account has a password.

        Raises:
            PeerError: QUOTA, it was begun often today (CK-762); MALFORMED, no server hands out
                such a handle (CK-764).
        """
        body = {"name": name, "opaque_request": None if request is None else _b64(request)}
        answer = await self._http.post("/v1/handle/start", body)
        response = b"" if request is None else bytes_field(answer, "opaque_response")
        handle = Renamed(text_field(answer, "handle"), 1).require().handle
        return HandleStarted(handle, response, text_field(answer, "session"))

    async def handle_finish(
        self, session: str, record: bytes | None, keystore: bytes, replaces: bytes
    ) -> None:
        """Replace handle, OPAQUE record and keystore in one transaction (R-82).

        Raises:
            PeerError: CONFLICT as in `password_finish`; EXPIRED, begin again.
        """
        await self._http.post(
            "/v1/handle/finish",
            {
                "session": session,
                "opaque_record": None if record is None else _b64(record),
                "keystore": _b64(keystore),
                "replaces": _b64(replaces),
            },
        )

    async def keystore(self) -> bytes:
        """Return the keystore that is stored now."""
        return bytes_field(await self._http.get("/v1/keystore"), "keystore")

    async def put_keystore(self, keystore: bytes, replaces: bytes) -> None:
        """Replace the keystore whose SHA-256 is `replaces`.

        Raises:
            PeerError: CONFLICT, another one is stored by now (CK-680).
        """
        body = {"keystore": _b64(keystore), "replaces": _b64(replaces)}
        await self._http.request("PUT", "/v1/keystore", body)

    async def delete_account(self) -> bytes | None:
        """Delete the account and everything of it; returns the receipt, if it is one."""
        return receipt_field(await self._http.request("DELETE", "/v1/account"))
