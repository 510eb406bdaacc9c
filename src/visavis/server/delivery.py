"""The delivery service (RFC 9750, 5): everything that moves envelopes, put together.

`Delivery` is a part of `visavis.server.app`: three bare WebSocket endpoints, a router, start, stop.
It owns what lives in memory only: the bus, quotas, the capability cache, the sequencers and rooms
of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from fastapi import APIRouter
from starlette.types import ASGIApp

from visavis.core.errors import VisavisError
from visavis.ports.blobs import Blobs
from visavis.ports.bus import Bus
from visavis.ports.relay import NoRelay, Relay
from visavis.ports.sfu import NoSfu, Sfu
from visavis.ports.stored import RemovedDevice
from visavis.server import blobs as blob_routes
from visavis.server import key_package_fetch, logging, sequencers, shares, turn
from visavis.server.anonymous import Anonymous
from visavis.server.backlog import Backlog
from visavis.server.call_room_socket import CallRoomEndpoint, RoomParts
from visavis.server.call_rooms import CallRooms
from visavis.server.call_sequencers import CallSequencers
from visavis.server.capabilities import Capabilities
from visavis.server.config import ServerConfig
from visavis.server.end_of_turn import EndOfTurn
from visavis.server.group_commit import GroupCommit
from visavis.server.limits import AddressLimits
from visavis.server.pusher import Pusher
from visavis.server.quotas import DAY_S, MINUTE_S, Limit, Quotas, Spend
from visavis.server.receive import ReceiveEndpoint, ReceiveParts
from visavis.server.request_address import is_decoy
from visavis.server.send import SendEndpoint, SendParts
from visavis.server.services import Services
from visavis.transport.local_bus import LocalBus

SWEEP_S: Final = 5.0
"""Seconds between two looks for call envelopes whose time is over; they are not delivered after
their 60 s anyway, this only frees their memory."""

HOUR_S: Final = 3600.0


class Delivery:
    """The delivery part of a server.

    Args:
        services: What every resource is given.
        blobs: Where blobs are kept.
        relay: The TURN relay; none by default.
        limits: Bounds per address, shared with the listener; made from the configuration if None.
        bus: In-process by default.
        sfu: What forwards the media of calls of more than three; none by default.
    """

    def __init__(
        self,
        services: Services,
        blobs: Blobs,
        relay: Relay | None = None,
        limits: AddressLimits | None = None,
        bus: Bus | None = None,
        sfu: Sfu | None = None,
    ) -> None:
        config, clock, store, rng = (
            services.config,
            services.clock,
            services.store,
            services.rng,
        )
        self._services = services
        self._blobs = blobs
        end_of_turn = EndOfTurn()
        self.bus = bus or LocalBus(end_of_turn.deliver)
        self.limits = limits or address_limits(services)
        self.capabilities = Capabilities(store, rng, partial(is_decoy, services.keys))
        self.quotas = Quotas(quota_limits(config))
        self.call_sequencers = CallSequencers()
        self.relay: Relay = relay or NoRelay()
        self.sfu: Sfu = sfu or NoSfu()
        self.rooms = CallRooms(self.sfu, clock, rng)
        self._backlog = Backlog(store, clock, config.mailbox_backlog_bytes)
        self._commits = GroupCommit(store, self.bus)
        send_parts = SendParts(
            self.capabilities,
            self.quotas,
            self._backlog,
            self._commits,
            self.bus,
            self.limits,
            end_of_turn,
            clock,
            rng,
        )
        self.receive = ReceiveEndpoint(ReceiveParts(store, self._commits, self.bus, clock, rng))
        self.asgi_routes: Mapping[str, ASGIApp] = {
            "/v1/send": SendEndpoint(send_parts),
            "/v1/receive": self.receive,
            "/v1/call-room": CallRoomEndpoint(
                RoomParts(self.rooms, self.capabilities, self.quotas, self.limits, clock)
            ),
        }
        self.anonymous = Anonymous(
            store,
            blobs,
            self.relay,
            self.capabilities,
            self.quotas,
            self.limits,
            self.call_sequencers,
            clock,
        )
        self.pusher = Pusher(services, self.bus) if config.push else None
        self.router = APIRouter()
        for part in (turn, key_package_fetch, blob_routes, shares, sequencers):
            self.router.include_router(part.router)
        services.listeners.capabilities_revoked.append(self._revoked)
        services.listeners.devices_removed.append(self._removed)
        services.listeners.devices_frozen.append(self._frozen)
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start writing and sweeping."""
        await self._backlog.recount()
        self._commits.start()
        self.rooms.start()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep(), name="sweep")
        if self.pusher is not None:
            await self.pusher.start()

    async def stop(self) -> None:
        """Write what is waiting and stop."""
        if self.pusher is not None:
            await self.pusher.stop()
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        await self.rooms.stop()
        await self._commits.stop()

    def _revoked(self, hashes: Sequence[bytes]) -> None:
        for key in hashes:
            self.capabilities.forget(key)
            self.quotas.forget(key)

    def _removed(self, devices: Sequence[RemovedDevice]) -> None:
        for device in devices:
            self.capabilities.forget_mailbox(device.mailbox_id)
            self.receive.close_device(device.mailbox_id)
            self.bus.drop(device.mailbox_id)

    def _frozen(self, devices: Sequence[RemovedDevice]) -> None:
        for device in devices:
            self.capabilities.forget_mailbox(device.mailbox_id)

    async def _sweep(self) -> None:
        clock = self._services.clock
        hour = clock.monotonic()
        day = -1
        while True:
            now = clock.monotonic()
            self.bus.sweep(now)
            self.quotas.sweep(now)
            self.call_sequencers.sweep(now)
            if self.pusher is not None:
                self.pusher.sweep(now)
            try:
                if now >= hour:
                    hour = now + HOUR_S
                    await self._backlog.recount()
                if self._services.today() != day:
                    day = self._services.today()
                    await self._blobs.sweep(day=day)
                    if self.pusher is not None and self.pusher.failing:
                        self.pusher.failing = False
                        logging.event("push_failing")
            except (VisavisError, OSError) as error:
                logging.failure("housekeeping_failed", error)
            await clock.sleep(SWEEP_S)


def address_limits(services: Services) -> AddressLimits:
    """Return the bounds per address that the configuration asks for."""
    return AddressLimits(
        services.rng,
        per_address=services.config.connections_per_address,
        total=services.config.max_connections,
    )


def quota_limits(config: ServerConfig) -> dict[Spend, Limit]:
    """Return the quotas that the configuration sets; the others keep their defaults."""
    return {
        Spend.CALL: Limit(config.call_per_minute, MINUTE_S),
        Spend.DURABLE: Limit(config.durable_bytes_per_day, DAY_S),
        Spend.KEY_PACKAGE: Limit(config.key_packages_per_day, DAY_S),
        Spend.TURN: Limit(config.turn_per_day, DAY_S),
    }
