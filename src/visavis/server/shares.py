"""`/v1/shares`: shares of recording keys, which their members can take back (P16).

Laying one presents a capability. Reading needs the slot's read key, which travels only inside the
call's group; deleting needs its delete key, which stays with the member. Nothing says whose a share
is, which recording it opens, or that two belong together.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.shares import MAX_SHARE_DAYS, StoredShare
from visavis.server.anonymous import Presented, WithAnonymous
from visavis.server.quotas import Spend
from visavis.server.wire import Bytes16, Bytes32, Empty, Message

router: Final = APIRouter(tags=["shares"])

MAX_DAY: Final = 2**31 - 1
"""The largest day that is read at all; which ones are good depends on today (CK-970)."""


class NewShare(Presented):
    """A share and what opens its slot: SHA-256 of the read key and of the delete key.

    `expires` is the first day on which it is gone, in days since 1970-01-01.
    """

    slot: Bytes16
    share: Bytes32
    read: Bytes32
    delete: Bytes32
    expires: Annotated[int, Field(ge=0, le=MAX_DAY, strict=True)]


class SlotKey(Message):
    """A slot and its read key, or its delete key."""

    slot: Bytes16
    key: Bytes32


class Share(Message):
    """A share."""

    share: Bytes32


@router.post("/v1/shares")
async def lay(body: NewShare, request: Request, parts: WithAnonymous) -> Empty:
    """Keep a share until its day; the same request again changes nothing and is done as well.

    Raises:
        PeerError: MALFORMED (CK-970), the day; CONFLICT (CK-971), something else lies there.
    """
    today = parts.today()
    if not today < body.expires <= today + MAX_SHARE_DAYS:
        raise PeerError(Code.MALFORMED, "CK-970: that day is past, or too far ahead")
    await parts.pay(request, Spend.SHARE, body.mailbox, body.capability)
    share = StoredShare(body.slot, body.share, body.read, body.delete, body.expires)
    if not await parts.store.lay_share(share, today):
        raise PeerError(Code.CONFLICT, "CK-971: this slot is taken")
    return Empty()


@router.post("/v1/shares/read")
async def read(body: SlotKey, request: Request, parts: WithAnonymous) -> Share:
    """Return a share.

    Raises:
        AuthorizationError: REFUSED (CK-972): unknown, over, deleted or another key, never which.
        PeerError: QUOTA: the address failed too often (CK-472).
    """
    address = parts.address_of(request)
    found = await parts.store.read_share(body.slot, sha256(body.key).digest(), parts.today())
    if found is None:
        parts.failed(address)
        raise AuthorizationError(Code.REFUSED, "CK-972: no such share, or not its key")
    return Share(share=found)


@router.post("/v1/shares/delete")
async def delete(body: SlotKey, request: Request, parts: WithAnonymous) -> Empty:
    """Delete a share; where there is none it is done already.

    Raises:
        AuthorizationError: REFUSED (CK-973): not its delete key.
        PeerError: QUOTA: the address failed too often (CK-472).
    """
    address = parts.address_of(request)
    if not await parts.store.delete_share(body.slot, sha256(body.key).digest(), parts.today()):
        parts.failed(address)
        raise AuthorizationError(Code.REFUSED, "CK-973: not the key that deletes it")
    return Empty()
