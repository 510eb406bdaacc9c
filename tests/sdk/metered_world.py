"""An instrumented server and relay: what they really see of each client, counted on their side.

The server's count is at the edge of its own sockets (ASGI messages in and out of `/v1/send` and
`/v1/receive`), the relay's in a forwarder that stands between the clients and coturn. Neither knows
of meters.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from visavis.core.meter import Bucket, Reading, What
from visavis.media import aiortc_private
from visavis.media.coturn import free_port
from visavis.sdk.calls import Call
from visavis.sdk.client import Client
from visavis.server.frames import SEND_HEADER
from visavis.server.receive import ReceiveEndpoint
from visavis.server.send import SendEndpoint
from visavis.server.websocket import EXTENSION
from visavis.testing.server import LocalServer, local_server
from visavis.testing.wiretap import WiretapProxy

DELIVERY_HEADER = 18

ALLOCATION_BYTES = 512
"""What a client cannot count of one allocation, each way: two requests of some 28 and 140 bytes and
two answers of some 100 and 120, which are over before there is an object to count at."""

LOST = 0.005
"""Part of all bytes that may get lost between the two places of counting: it is UDP."""

Port = int


@dataclass
class Truth:
    """What was seen, by the client's port (of its sockets) or its device."""

    put: dict[Port, Counter[Bucket]] = field(default_factory=dict)
    delivered: dict[bytes, Counter[Bucket]] = field(default_factory=dict)
    credentials: int = 0
    relay_sent: Counter[Port] = field(default_factory=Counter)
    relay_received: Counter[Port] = field(default_factory=Counter)

    def total(self) -> int:
        return sum(c.total() for c in (*self.put.values(), *self.delivered.values()))


class CountingForwarder(WiretapProxy):
    """The wiretap, counting bytes each way for each client."""

    def __init__(self, upstream: tuple[str, int], truth: Truth) -> None:
        super().__init__(upstream)
        self._truth = truth

    def from_client(self, data: bytes, client: tuple[str, int]) -> None:
        self._truth.relay_sent[client[1]] += len(data)
        super().from_client(data, client)

    def from_relay(self, data: bytes, client: tuple[str, int]) -> None:
        self._truth.relay_received[client[1]] += len(data)
        super().from_relay(data, client)


def _instrumented_send(truth: Truth) -> Any:
    plain = SendEndpoint.__call__

    async def call(self: SendEndpoint, scope: Any, receive: Any, send: Any) -> None:
        counts = truth.put.setdefault(scope["client"][1], Counter())

        async def counted() -> Any:
            message = await receive()
            frame = message.get("bytes")
            if frame is not None:
                counts[len(frame) - SEND_HEADER.size, frame[4] == 1] += 1
            return message

        await plain(self, scope, counted, send)

    return call


def _instrumented_receive(truth: Truth) -> Any:
    plain = ReceiveEndpoint.__call__

    async def call(self: ReceiveEndpoint, scope: Any, receive: Any, send: Any) -> None:
        counts: Counter[Bucket] = Counter()
        write = scope["extensions"][EXTENSION]

        def note(frames: Iterable[bytes]) -> None:
            for frame in frames:
                if frame[:1] == b"\x01":
                    counts[len(frame) - DELIVERY_HEADER, frame[1] == 1] += 1

        async def heard() -> Any:
            message = await receive()
            frame = message.get("bytes") or b""
            if len(frame) == 48:  # The token: which device this socket is.
                counts.update(truth.delivered.get(frame[:16], {}))
                truth.delivered[frame[:16]] = counts
            return message

        async def sent(message: Any) -> None:
            if message.get("bytes"):
                note([message["bytes"]])
            await send(message)

        def written(frames: Iterable[bytes]) -> bool:
            frames = list(frames)
            done: bool = write(frames)
            if done:
                note(frames)
            return done

        extensions = {**scope["extensions"], EXTENSION: written}
        await plain(self, {**scope, "extensions": extensions}, heard, sent)

    return call


@contextlib.asynccontextmanager
async def instrumented(folder: Path) -> AsyncIterator[tuple[LocalServer, Truth]]:
    """Run a server with a relay, both watched."""
    truth, port = Truth(), free_port()
    forwarder = CountingForwarder(("127.0.0.1", port), truth)
    await forwarder.start()
    try:
        with (
            mock.patch.object(SendEndpoint, "__call__", _instrumented_send(truth)),
            mock.patch.object(ReceiveEndpoint, "__call__", _instrumented_receive(truth)),
        ):
            async with local_server(
                folder, turn=True, turn_port=port, relay_announced_port=forwarder.port
            ) as server:
                mint = server.served.relay.mint

                def minted(now: float) -> Any:
                    truth.credentials += 1
                    return mint(now)

                server.served.relay.mint = minted  # type: ignore[method-assign]
                yield server, truth
    finally:
        await forwarder.close()


async def quiet(truth: Truth, *clients: Client, for_s: float = 1.0) -> None:
    """Wait until nobody has anything to say any more."""
    for client in clients:
        await client.sync()
    seen = -1
    while seen != truth.total():
        seen = truth.total()
        await asyncio.sleep(for_s)


def relay_port(call: Call) -> Port:
    """Return the port of a call's socket to the relay, while it stands."""
    media: Any = call._need_shell().transport.media
    (protocol,) = aiortc_private.ice_of(media._transport.pc)._protocols
    inner: Any = vars(protocol.transport)["_TurnTransport__inner_protocol"]
    return int(inner.transport.get_extra_info("sockname")[1])


def send_port(client: Client) -> Port:
    """Return the port of a client's sending connection."""
    session: Any = client._session
    return int(session._send_socket._connection.local_address[1])


@dataclass(frozen=True)
class Seen:
    """What server and relay saw of one client during one call."""

    put: Counter[Bucket]
    delivered: Counter[Bucket]
    credentials: int
    relay_sent: int
    relay_received: int


def differences(reading: Reading, seen: Seen) -> list[str]:
    """Compare what a meter says with what was seen; name every number that is not right."""
    wrong = []
    for kinds, truth in (
        ((What.SENT_LIVE, What.SENT_DURABLE), seen.put),
        ((What.RECEIVED_LIVE, What.RECEIVED_DURABLE), seen.delivered),
    ):
        said = {
            (fact.much["size"], fact.what is kinds[1]): fact.much["envelopes"]
            for fact in reading
            if fact.what in kinds
        }
        if said != dict(truth):
            wrong.append(f"{kinds[0]}: {said} is not {dict(truth)}")
        bytes_said = sum(fact.much["bytes"] for fact in reading if fact.what in kinds)
        if bytes_said != sum(size * count for (size, _), count in truth.items()):
            wrong.append(f"{kinds[0]}: bytes")
    asked = sum(f.much["times"] for f in reading if f.what is What.RELAY_ASKED)
    if asked != seen.credentials:
        wrong.append(f"relay_asked: {asked} is not {seen.credentials}")
    for name, really in (("sent", seen.relay_sent), ("received", seen.relay_received)):
        said_bytes = sum(f.much[name] for f in reading if f.what is What.RELAYED)
        missing = really - said_bytes
        if not -LOST * really <= missing <= ALLOCATION_BYTES + LOST * really:
            wrong.append(f"relay {name}: {said_bytes} is not {really}")
    return wrong
