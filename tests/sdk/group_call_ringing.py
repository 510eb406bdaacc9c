"""Group calls of SDK clients, for tests: what rings, who hears whom, and with which keys."""

from __future__ import annotations

import asyncio

from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import GroupCall, IncomingGroupCall
from visavis.sdk.group_call_stay import Stay


async def rings(client: Client, timeout_s: float = 30) -> IncomingGroupCall:
    async with asyncio.timeout(timeout_s):
        return await anext(client.incoming_group_calls())


def listen(*clients: Client) -> list[asyncio.Future[IncomingGroupCall]]:
    """Have devices wait for what rings."""
    return [asyncio.ensure_future(rings(client)) for client in clients]


async def listening(*clients: Client) -> list[asyncio.Future[IncomingGroupCall]]:
    waiting = listen(*clients)
    await asyncio.sleep(0)
    for client in clients:
        await client._group_call_service()
    return waiting


def hear(call: GroupCall) -> list[str]:
    return sorted(member.name for member in call.members)


async def silent(waiting: asyncio.Future[IncomingGroupCall], seconds: float = 1) -> bool:
    """Say that nothing rang; the wait is over then."""
    done, _ = await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()
    return not done


def frame_keys(call: GroupCall) -> bytes:
    """Return what the frame keys of the present epoch are made from."""
    stay = call._steps
    assert isinstance(stay, Stay)
    assert stay._shell is not None
    return stay._shell._keys.frame_keys().base_key
