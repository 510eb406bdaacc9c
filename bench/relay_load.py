"""Load for relays: pairs of one sender and one receiver, each with a window of messages under way.

The client is picows (C), so that it is not what is measured; what is measured is the CPU time of
the server's process, from the kernel.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import picows

WINDOW = 32
PAIRS = 8


@dataclass(frozen=True)
class Pair:
    """How one sender reaches one receiver.

    Args:
        hello: First message of the receiver.
        messages: What the sender sends, in turn.
        acknowledge: Makes the receiver's answer to some deliveries, or None.
    """

    hello: bytes
    messages: Sequence[bytes]
    acknowledge: Callable[[list[bytes]], bytes] | None = None


class _Receiver(picows.WSListener):  # type: ignore[misc]
    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.count = 0
        self.latest = 0.0
        self.delivered: Callable[[], None] = lambda: None
        self.pending: list[bytes] = []

    def on_ws_connected(self, transport: Any) -> None:
        self.transport = transport
        transport.send(picows.WSMsgType.BINARY, self.pair.hello)

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        if not self.ready.done():
            self.ready.set_result(None)
            return
        if len(frame.get_payload_as_memoryview()) == 1:
            return  # the product's "caught up"
        self.latest = time.perf_counter()
        self.count += 1
        if self.pair.acknowledge is not None:
            self.pending.append(frame.get_payload_as_bytes()[2:18])
            if len(self.pending) >= WINDOW // 2:
                transport.send(picows.WSMsgType.BINARY, self.pair.acknowledge(self.pending))
                self.pending = []
        self.delivered()


class _Sender(picows.WSListener):  # type: ignore[misc]
    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.sent = 0
        self.running = False
        self.bad = 0

    def on_ws_connected(self, transport: Any) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        self.bad += any(frame.get_payload_as_bytes()[4::5])

    def send_one(self) -> None:
        messages = self.pair.messages
        self.transport.send(picows.WSMsgType.BINARY, messages[self.sent % len(messages)])
        self.sent += 1

    def delivered(self) -> None:
        if self.running:
            self.send_one()


async def connect(url: str, listener: Any) -> Any:
    await picows.ws_connect(lambda: listener, url)
    return listener


class Load:
    """Connected pairs."""

    def __init__(self, pairs: list[tuple[_Sender, _Receiver]]) -> None:
        self.pairs = pairs

    @classmethod
    async def open(cls, origin: str, pairs: Sequence[Pair]) -> Load:
        opened = []
        base = origin.replace("http", "ws", 1)
        for pair in pairs:
            receiver = await connect(f"{base}/v1/receive", _Receiver(pair))
            await receiver.ready
            sender = await connect(f"{base}/v1/send", _Sender(pair))
            receiver.delivered = sender.delivered
            opened.append((sender, receiver))
        return cls(opened)

    async def throughput(self, process_id: int, seconds: float) -> float:
        """Return messages per second of the server's CPU time."""
        for sender, _ in self.pairs:
            sender.running = True
            for _ in range(WINDOW):
                sender.send_one()
        await asyncio.sleep(seconds / 5)  # warm
        count, cpu = self._count(), cpu_seconds(process_id)
        await asyncio.sleep(seconds)
        count, cpu = self._count() - count, cpu_seconds(process_id) - cpu
        for sender, _ in self.pairs:
            sender.running = False
        await self._drain()
        if any(sender.bad for sender, _ in self.pairs):
            raise RuntimeError("the server did not accept everything")
        return count / cpu

    async def latency(self, samples: int) -> list[float]:
        """Return one-way times in seconds, one message at a time over one pair."""
        sender, receiver = self.pairs[0]
        out = []
        arrived = asyncio.Event()
        receiver.delivered, kept = arrived.set, receiver.delivered
        for _ in range(samples):
            arrived.clear()
            started = time.perf_counter()
            sender.send_one()
            await arrived.wait()
            out.append(receiver.latest - started)
            await asyncio.sleep(0.002)  # idle: nothing else is under way
        receiver.delivered = kept
        return out

    def close(self) -> None:
        for listeners in self.pairs:
            for listener in listeners:
                listener.transport.disconnect()

    def _count(self) -> int:
        return sum(receiver.count for _, receiver in self.pairs)

    async def _drain(self) -> None:
        before = -1
        while before != self._count():
            before = self._count()
            await asyncio.sleep(0.2)


async def idle_devices(origin: str, hellos: Sequence[bytes], process_id: int) -> float:
    """Return KiB of server memory per idle receiving connection."""
    base = origin.replace("http", "ws", 1)
    await asyncio.sleep(1)
    before = resident_kib(process_id)
    listeners = []
    for hello in hellos:
        listener = _Receiver(Pair(hello, []))
        await connect(f"{base}/v1/receive", listener)
        await listener.ready
        listeners.append(listener)
    await asyncio.sleep(2)
    after = resident_kib(process_id)
    for listener in listeners:
        listener.transport.disconnect()
    return (after - before) / len(hellos)


def cpu_seconds(process_id: int) -> float:
    """Return user and system time of a process, all threads."""
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(process_id: int) -> int:
    """Return the resident memory of a process."""
    for line in pathlib.Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def median_ms(times: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(times) * 1e3
