"""Standing on the wire: captures what a relay sees, for `wiretap_analysis` to try to watch.

`WiretapProxy` sits before coturn: clients talk to it instead, and it passes every datagram on and
keeps a copy. `PacketCapture` needs root and no change of ports: it reads the loopback interface
itself. Both stay outside the endpoints and know no key.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Collection
from typing import Final, cast

MAX_CAPTURED: Final = 200_000
"""Datagrams kept, some 20 minutes of a call; what comes later is passed on and not kept."""

_ETH_P_ALL: Final = 0x0003
_PACKET_OUTGOING: Final = 4


class WiretapProxy:
    """A UDP proxy on loopback that keeps a copy of everything.

    Attributes:
        datagrams: Payloads in both directions, in order of passing.
        port: Where clients send to.

    Args:
        upstream: Address and port of the relay.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.datagrams: list[bytes] = []
        self.port = 0
        self._upstream = upstream
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self._opening: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on any free port by default."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Front(self), local_addr=("127.0.0.1", port)
        )
        self.port = self._front.get_extra_info("sockname")[1]

    async def close(self) -> None:
        """Stop passing datagrams on; those captured stay."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for transport in (*self._backs.values(), self._front):
            if transport is not None:
                transport.close()
        await asyncio.sleep(0)

    def from_client(self, data: bytes, client: tuple[str, int]) -> None:
        """Pass a client's datagram to the relay, from a socket of that client's own."""
        self._keep(data)
        back = self._backs.get(client)
        if back is not None:
            back.sendto(data)
            return
        task = asyncio.ensure_future(self._open(data, client))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def from_relay(self, data: bytes, client: tuple[str, int]) -> None:
        """Pass the relay's datagram to the client it is for."""
        self._keep(data)
        if self._front is not None:
            self._front.sendto(data, client)

    async def _open(self, data: bytes, client: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        back, _ = await loop.create_datagram_endpoint(
            lambda: _Back(self, client), remote_addr=self._upstream
        )
        # Two datagrams may have asked for a socket; the relay must see one address.
        first = self._backs.setdefault(client, back)
        if first is not back:
            back.close()
        first.sendto(data)

    def _keep(self, data: bytes) -> None:
        if len(self.datagrams) < MAX_CAPTURED:
            self.datagrams.append(data)


class _Front(asyncio.DatagramProtocol):
    def __init__(self, proxy: WiretapProxy) -> None:
        self._proxy = proxy

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._proxy.from_client(data, addr)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, proxy: WiretapProxy, client: tuple[str, int]) -> None:
        self._proxy = proxy
        self._client = client

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        self._proxy.from_relay(data, self._client)

    def error_received(self, exc: Exception) -> None:
        """The relay is down: its clients notice by themselves."""


class PacketCapture:
    """Reads UDP datagrams of chosen ports off an interface (AF_PACKET; needs root).

    Attributes:
        datagrams: UDP payloads, each once, in order.

    Args:
        ports: Keep a datagram if its source or destination port is one of these.
        interface: Where to listen.
    """

    def __init__(self, ports: Collection[int], interface: str = "lo") -> None:
        self.datagrams: list[bytes] = []
        self._ports = ports
        self._interface = interface
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin to capture, on the running event loop.

        Raises:
            PermissionError: Not root.
        """
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        tap.bind((self._interface, 0))
        tap.setblocking(False)
        self._socket = tap
        asyncio.get_running_loop().add_reader(tap.fileno(), self._read)

    def close(self) -> None:
        """Stop; those captured stay."""
        tap, self._socket = self._socket, None
        if tap is not None:
            self._drain(tap)
            asyncio.get_running_loop().remove_reader(tap.fileno())
            tap.close()

    def _read(self) -> None:
        if self._socket is not None:
            self._drain(self._socket)

    def _drain(self, tap: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, address = tap.recvfrom(65_535)
                # Loopback shows each packet twice, going out and coming in.
                if cast("tuple[object, ...]", address)[2] == _PACKET_OUTGOING:
                    self._take(packet)

    def _take(self, packet: bytes) -> None:
        """Keep the payload of an IPv4 UDP packet."""
        if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
            return
        header = (packet[0] & 0x0F) * 4
        source, destination, length = struct.unpack_from("!HHH", packet, header)
        wanted = source in self._ports or destination in self._ports
        if wanted and len(self.datagrams) < MAX_CAPTURED:
            self.datagrams.append(packet[header + 8 : header + length])


@contextlib.asynccontextmanager
async def tapped(upstream: tuple[str, int]) -> AsyncIterator[WiretapProxy]:
    """Run a proxy before a relay for as long as the block runs."""
    proxy = WiretapProxy(upstream)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
