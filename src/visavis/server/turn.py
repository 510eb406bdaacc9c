"""`/v1/turn`: credentials for the relay, for whoever holds a live capability.

The relay learns an expiry and 96 random bits. The server does not note who asked: the quota is
the capability's, and all members of a conversation hold different ones.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request

from visavis.server.anonymous import Presented, WithAnonymous
from visavis.server.quotas import Spend
from visavis.server.wire import Message

router: Final = APIRouter(tags=["relay"])


class TurnCredential(Message):
    """A TURN credential (RFC 8656, 9.2: long-term mechanism) and where to use it."""

    username: str
    credential: str
    ttl_s: int
    urls: list[str]


@router.post("/v1/turn")
async def turn(body: Presented, request: Request, parts: WithAnonymous) -> TurnCredential:
    """Return a fresh credential, good for ten minutes."""
    await parts.pay(request, Spend.TURN, body.mailbox, body.capability)
    minted = parts.relay.mint(parts.clock.now())
    return TurnCredential(
        username=minted.username,
        credential=minted.credential,
        ttl_s=minted.ttl_s,
        urls=list(minted.urls),
    )
