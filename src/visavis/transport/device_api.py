"""What a device asks of the server for itself, with its device token: part of the typed API.

Not for: logging in, or changing the account (`api.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visavis.core import base64url
from visavis.core.errors import AuthorizationError
from visavis.core.farewell import FAREWELL_BYTES
from visavis.core.handle_request import HandleAddress
from visavis.transport.account_data import AccountDataApi
from visavis.transport.http import (
    Http,
    bytes_field,
    int_field,
    list_field,
    receipt_field,
    text_field,
)


def _b64(data: bytes) -> str:
    return base64url.encode(data)


@dataclass(frozen=True, slots=True)
class ServerDevice:
    """A device as the server knows it; days are ISO dates."""

    device_id: bytes
    created_day: str
    last_seen_day: str


@dataclass(frozen=True, slots=True)
class VaultState:
    """The vault's manifest and slot ids as stored now."""

    counter: int
    manifest: bytes
    slots: tuple[bytes, ...]


class DeviceApi:
    """What a device asks for itself: its capabilities, key packages, the vault."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.account_data = AccountDataApi(http)

    async def devices(self) -> list[ServerDevice]:
        """Return the account's devices as the server knows them."""
        answer = await self._http.get("/v1/devices")
        rows = answer if isinstance(answer, list) else list_field(answer, "devices")
        return [
            ServerDevice(
                bytes_field(row, "device_id", 16),
                text_field(row, "created_day"),
                text_field(row, "last_seen_day"),
            )
            for row in rows
        ]

    async def farewell(self) -> bytes | None:
        """Return what the account has left for this device, if it was shut out; not verified."""
        try:
            answer = await self._http.get("/v1/farewell")
        except AuthorizationError:
            return None
        return bytes_field(answer, "farewell", FAREWELL_BYTES)

    async def add_capabilities(self, hashes: Sequence[bytes]) -> None:
        """Register more capability hashes for this device's mailbox."""
        await self._http.post("/v1/capabilities", {"add": [_b64(x) for x in hashes]})

    async def revoke_capabilities(self, hashes: Sequence[bytes]) -> None:
        """Delete capability hashes of this device's mailbox."""
        await self._http.post("/v1/capabilities/revoke", {"hashes": [_b64(x) for x in hashes]})

    async def put_request_address(self, address: HandleAddress | None, bits: int) -> bytes | None:
        """Show this account's handle, with requests to this device's mailbox; None hides it.

        Returns:
            The receipt for hiding it, if there is one.
        """
        shown = None
        if address is not None:
            shown = {
                "mailbox_id": _b64(address.mailbox),
                "capability": _b64(address.capability),
                "sealing_key": _b64(address.sealing_key),
                "pow_bits": bits,
            }
        return receipt_field(await self._http.request("PUT", "/v1/request-address", shown))

    async def put_key_packages(self, one_time: Sequence[bytes], last_resort: bytes) -> None:
        """Upload at most 64 one-time key packages, and replace the last resort."""
        await self._http.post(
            "/v1/key-packages",
            {"one_time": [_b64(x) for x in one_time], "last_resort": _b64(last_resort)},
        )

    async def count_key_packages(self) -> int:
        """Return how many one-time key packages are left."""
        return int_field(await self._http.get("/v1/key-packages"), "count")

    async def vault(self) -> VaultState:
        """Return the vault's counter, manifest and slot ids."""
        answer = await self._http.get("/v1/vault")
        manifest = answer.get("manifest") if isinstance(answer, dict) else None
        return VaultState(
            int_field(answer, "counter"),
            bytes_field(answer, "manifest") if manifest else b"",
            tuple(base64url.decode(str(x)) for x in list_field(answer, "slots")),
        )

    async def read_vault(self, slots: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the contents of slots by id."""
        answer = await self._http.post("/v1/vault/read", {"slots": [_b64(x) for x in slots]})
        return {
            bytes_field(row, "slot"): bytes_field(row, "data")
            for row in list_field(answer, "slots")
        }

    async def write_vault(
        self,
        expected_counter: int,
        manifest: bytes,
        put: dict[bytes, bytes],
        delete: Sequence[bytes] = (),
    ) -> None:
        """Compare-and-set the vault (P6).

        Raises:
            PeerError: CONFLICT, another device wrote first.
        """
        await self._http.post(
            "/v1/vault",
            {
                "expected_counter": expected_counter,
                "manifest": _b64(manifest),
                "put": [{"slot": _b64(k), "data": _b64(v)} for k, v in put.items()],
                "delete": [_b64(x) for x in delete],
            },
        )
