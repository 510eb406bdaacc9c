"""`/v1/blobs`: ciphertext too large for an envelope, by random id (protocol.md P1, P8).

Uploading presents a capability; reading needs the id, which travels only inside sealed envelopes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from visavis.core import base64url
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.blobs import BLOB_ID_BYTES, BLOB_SIZES, MAX_BLOB_BYTES
from visavis.server.anonymous import WithAnonymous
from visavis.server.quotas import Spend
from visavis.server.wire import Bytes16, Message

router: Final = APIRouter(tags=["blobs"])

_BINARY: Final[dict[str, Any]] = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
}


class BlobId(Message):
    """The id of a stored blob."""

    blob_id: Bytes16


@router.post("/v1/blobs", openapi_extra={"requestBody": {"required": True, "content": _BINARY}})
async def upload(
    request: Request,
    parts: WithAnonymous,
    visavis_mailbox: Annotated[str, Header(max_length=22)],
    visavis_capability: Annotated[str, Header(max_length=43)],
    content_length: Annotated[int, Header(include_in_schema=False)] = -1,
) -> BlobId:
    """Store a blob of one of the fixed sizes for thirty days."""
    mailbox = base64url.decode(visavis_mailbox, 16)
    capability = base64url.decode(visavis_capability, 32)
    # CK-500: announced and exact, so the size tells a bucket and nothing is read in vain.
    if content_length > MAX_BLOB_BYTES:
        raise PeerError(Code.TOO_LARGE, "CK-500: larger than the largest blob")
    if content_length not in BLOB_SIZES:
        raise PeerError(Code.MALFORMED, "CK-500: not one of the sizes of a blob")
    await parts.pay(request, Spend.BLOB, mailbox, capability, content_length)
    blob_id = await parts.blobs.put(content_length, _body(request), day=parts.today())
    return BlobId(blob_id=blob_id)


@router.get(
    "/v1/blobs/{blob_id}",
    response_class=StreamingResponse,
    responses={200: {"content": _BINARY, "description": "The blob"}},
)
async def download(blob_id: str, parts: WithAnonymous) -> StreamingResponse:
    """Return a blob."""
    try:
        chunks = await parts.blobs.get(base64url.decode(blob_id, BLOB_ID_BYTES), day=parts.today())
    except PeerError:
        chunks = None  # an id that cannot be is an id that is not
    if chunks is None:
        raise AuthorizationError(Code.REFUSED, "unknown or expired blob")
    return StreamingResponse(chunks, media_type="application/octet-stream")


async def _body(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk
