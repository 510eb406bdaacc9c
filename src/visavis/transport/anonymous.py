"""What is asked without any account credential, presenting a capability (P12).

TURN credentials, key packages of contacts, blobs, shares and sequencers. The connection behind this
class never carried a token (CK-554), and nothing in a request tells the account.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from visavis.core import base64url
from visavis.core.address import ContactAddress
from visavis.core.ids import Digest, Secret32, ShareKey, ShareSlot
from visavis.transport.http import (
    MAX_ANSWER,
    Http,
    Json,
    bytes_field,
    int_field,
    list_field,
    parse_json,
    text_field,
)

_b64 = base64url.encode


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """TURN credentials as the server gave them."""

    urls: tuple[str, ...]
    username: str = field(repr=False)
    credential: str = field(repr=False)
    ttl_s: int


@dataclass(frozen=True, slots=True)
class StoredCommit:
    """One sealed commit: `n` is the epoch it leads from (P8)."""

    n: int
    sealed: bytes = field(repr=False)


class AnonymousApi:
    """Requests that present a capability and no account."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def turn(self, address: ContactAddress) -> TurnCredentials:
        """Fetch TURN credentials. Raises NO_RELAY, QUOTA, REFUSED."""
        answer = await self._http.post("/v1/turn", _presented(address))
        return TurnCredentials(
            tuple(str(url) for url in list_field(answer, "urls")),
            text_field(answer, "username"),
            text_field(answer, "credential"),
            int_field(answer, "ttl_s"),
        )

    async def fetch_key_package(self, address: ContactAddress) -> bytes:
        """Take one key package of a device: a one-time one, or its last resort. Unverified."""
        answer = await self._http.post("/v1/key-packages/fetch", _presented(address))
        return bytes_field(answer, "key_package")

    async def put_blob(self, address: ContactAddress, data: bytes) -> str:
        """Store an encrypted blob; returns its id."""
        _, answer = await self._http.exchange(
            "POST",
            "/v1/blobs",
            data,
            {
                "Content-Type": "application/octet-stream",
                "Visavis-Mailbox": _b64(address.mailbox),
                "Visavis-Capability": _b64(address.capability),
            },
        )
        return text_field(parse_json(answer), "blob_id")

    async def get_blob(self, blob_id: str, *, longest: int = MAX_ANSWER) -> bytes:
        """Fetch a blob by its id; one that is longer than `longest` bytes is TOO_LARGE (CK-556)."""
        base64url.decode(blob_id)  # an id is one path segment and nothing else
        path = f"/v1/blobs/{blob_id}"
        _, data = await self._http.exchange("GET", path, None, {}, longest=longest)
        return data

    async def lay_share(
        self,
        address: ContactAddress,
        slot: ShareSlot,
        share: Secret32,
        *,
        read: ShareKey,
        delete: ShareKey,
        expires: int,
    ) -> None:
        """Lay a share of a recording's key (P16). Repeating it with the same values is harmless.

        Args:
            address: Whose capability pays.
            slot: Random.
            share: Random.
            read: What reads it; the server is told its SHA-256.
            delete: What deletes it; the server is told its SHA-256.
            expires: First day on which it is gone, in days since 1970: tomorrow, or up to 31 days
                from now.

        Raises:
            AuthorizationError: REFUSED, not a capability of this mailbox.
            PeerError: MALFORMED, the day; CONFLICT, something else lies there.
            UnavailableError: QUOTA; the server cannot be reached or is busy.
        """
        await self._http.post(
            "/v1/shares",
            _presented(address)
            | {
                "slot": _b64(slot),
                "share": _b64(share),
                "read": _b64(Digest.sha256(read)),
                "delete": _b64(Digest.sha256(delete)),
                "expires": expires,
            },
        )

    async def read_share(self, slot: ShareSlot, key: ShareKey) -> Secret32:
        """Return a share; whose it is, only its digest in the member's yes can say (unverified).

        Raises:
            AuthorizationError: REFUSED, it is not there (any more), or not its read key.
            PeerError: MALFORMED (CK-975), the answer is no share.
            UnavailableError: QUOTA, too many were refused; the server cannot be reached or is busy.
        """
        asked = {"slot": _b64(slot), "key": _b64(key)}
        answer = await self._http.post("/v1/shares/read", asked)
        return Secret32(bytes_field(answer, "share"))  # CK-975: of its length

    async def delete_share(self, slot: ShareSlot, key: ShareKey) -> None:
        """Delete a share; done as well if there is none.

        Raises:
            AuthorizationError: REFUSED, not its delete key.
            UnavailableError: QUOTA, too many were refused; the server cannot be reached or is busy.
        """
        await self._http.post("/v1/shares/delete", {"slot": _b64(slot), "key": _b64(key)})

    async def create_sequencer(
        self,
        address: ContactAddress,
        handle: bytes,
        write_key_hash: bytes,
        *,
        first_n: int,
        for_call: bool = False,
    ) -> None:
        """Create a sequencer (P8). Repeating it with the same values is harmless.

        Raises:
            PeerError: CONFLICT, the handle is taken.
        """
        await self._http.post(
            "/v1/sequencers",
            _presented(address)
            | {
                "handle": _b64(handle),
                "write_key_hash": _b64(write_key_hash),
                "first_n": first_n,
                "life": "call" if for_call else "conversation",
            },
        )

    async def commit(
        self,
        address: ContactAddress,
        handle: bytes,
        n: int,
        *,
        write_key: bytes,
        sealed: bytes,
        next_write_key_hash: bytes,
    ) -> None:
        """Store the commit that leads from epoch n.

        Raises:
            PeerError: CONFLICT, another member's commit is stored for n.
        """
        await self._http.post(
            "/v1/sequencers/commit",
            _presented(address)
            | {
                "handle": _b64(handle),
                "n": n,
                "write_key": _b64(write_key),
                "commit": _b64(sealed),
                "next_write_key_hash": _b64(next_write_key_hash),
            },
        )

    async def pull(
        self, address: ContactAddress, handle: bytes, after: int
    ) -> tuple[list[StoredCommit], int]:
        """Return commits numbered above `after` in order (a page of them), and the next n."""
        answer = await self._http.post(
            "/v1/sequencers/pull", _presented(address) | {"handle": _b64(handle), "after": after}
        )
        commits = [
            StoredCommit(int_field(row, "n"), bytes_field(row, "commit"))
            for row in list_field(answer, "commits")
        ]
        return sorted(commits, key=lambda commit: commit.n), int_field(answer, "next")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _presented(address: ContactAddress) -> Json:
    return {"mailbox": _b64(address.mailbox), "capability": _b64(address.capability)}
