"""What a device asks about its account's data: rows, single values, choices, deletions.

Part of `device_api`; the device token goes with every request. The answers stay JSON here:
`visavis.sdk.server_data` checks and types them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visavis.core import base64url
from visavis.transport.http import Http, Json, bytes_field, int_field, receipt_field


class AccountDataApi:
    """The account's own data at the server."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def page(self, in_days: int, skip: int) -> Any:
        """Return one page of `GET /v1/account/data` (docs/protocol/server-api.md)."""
        return await self._http.get(f"/v1/account/data?in_days={in_days:d}&skip={skip:d}")

    async def value(self, table: str, column: str, key: Sequence[bytes]) -> bytes:
        """Return one stored value whole.

        Raises:
            AuthorizationError: REFUSED, there is no such value any more.
        """
        body = {"table": table, "column": column, "key": [base64url.encode(one) for one in key]}
        return bytes_field(await self._http.post("/v1/account/data/value", body), "value")

    async def settings(self) -> Any:
        """Return what the owner chose, and the operator's days."""
        return await self._http.get("/v1/account/settings")

    async def put_settings(self, settings: Json) -> Any:
        """Replace what the owner chose.

        Raises:
            PeerError: MALFORMED, more days than the operator's.
        """
        return await self._http.request("PUT", "/v1/account/settings", settings)

    async def delete_envelopes(self) -> tuple[int, bytes | None]:
        """Delete what waits for this device; how many there were, and the receipt."""
        return await self._delete("/v1/envelopes")

    async def delete_key_packages(self) -> tuple[int, bytes | None]:
        """Delete this device's key packages; how many there were, and the receipt."""
        return await self._delete("/v1/key-packages")

    async def delete_push(self) -> tuple[int, bytes | None]:
        """Delete this device's push subscription; how many there were, and the receipt."""
        return await self._delete("/v1/push")

    async def _delete(self, path: str) -> tuple[int, bytes | None]:
        answer = await self._http.request("DELETE", path)
        return int_field(answer, "deleted"), receipt_field(answer)
