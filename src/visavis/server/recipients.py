"""`/v1/recipients`: who outside this server learns something, from the live configuration (R-69).

Empty unless the operator switched something on. Made from the same values that the server acts on:
what is not in this list is not contacted.
"""

from __future__ import annotations

from typing import Final, Literal

from fastapi import APIRouter

from visavis.server.auth import WithServices
from visavis.server.config import ServerConfig
from visavis.server.wire import Message

router: Final = APIRouter(tags=["server"])


class Recipient(Message):
    """Somebody outside who learns something.

    `push`: a browser's push service; of devices whose owners switched ringing-when-closed on it
    learns that they are rung, and when.
    """

    kind: Literal["push"]
    host: str


def recipients_of(config: ServerConfig) -> list[Recipient]:
    """Return everybody whom a server with this configuration may contact about a person."""
    return [Recipient(kind="push", host=str(service)) for service in config.push]


@router.get("/v1/recipients")
async def recipients(services: WithServices) -> list[Recipient]:
    """Return who outside this server learns something; nobody by default."""
    return recipients_of(services.config)
