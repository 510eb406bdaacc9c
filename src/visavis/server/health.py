"""What anyone may ask: is the server there, and what does it speak."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Request

from visavis.server.auth import WithServices
from visavis.server.wire import Message

router: Final = APIRouter(tags=["server"])

API: Final = 1


class Health(Message):
    """`{"ok": true}` while the server can read its database."""

    ok: bool


class ServerInfo(Message):
    """Version of the program, version of this API, whether there are a relay and an SFU."""

    version: str
    api: int
    turn: bool
    sfu: bool


@router.get("/healthz")
async def healthz(services: WithServices) -> Health:
    """Return ok if the database answers; 503 otherwise."""
    await services.store.link_spent(bytes(32), services.today())
    return Health(ok=True)


@router.get("/v1/server")
async def server(services: WithServices, request: Request) -> ServerInfo:
    """Return what this server speaks.

    `sfu` is whether it answers now; `turn` whether a relay was asked for.
    """
    delivery = getattr(request.app.state, "delivery", None)
    return ServerInfo(
        version=version("visavis"),
        api=API,
        turn=services.config.turn,
        sfu=delivery is not None and delivery.sfu.available,
    )
