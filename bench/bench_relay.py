"""Envelope relay: messages per second of server CPU, idle latency, memory of idle devices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence

import uvloop

from bench import Report
from bench.relay_load import PAIRS, WINDOW, Load, Pair, idle_devices, median_ms
from visavis.core.envelope import BUCKETS
from visavis.testing.raw_client import RawDevice, add_devices_offline, frame
from visavis.testing.server import RunningServer, loopback_config

SIZE = BUCKETS[0]
ROUNDS = 5
SECONDS = 3.0
SAMPLES = 100
IDLE = 2_000
KINDS = ("asgi", "asgi-answer", "picows")
CALL, DURABLE = 0, 1


@contextlib.asynccontextmanager
async def bare(kind: str) -> AsyncIterator[tuple[str, int]]:
    """Run a bare relay and yield its origin and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bare_relay", kind], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.to_thread(process.stdout.readline))
        await asyncio.sleep(0.2)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def bare_pairs() -> list[Pair]:
    pairs = []
    for _ in range(PAIRS):
        name = os.urandom(16)
        pairs.append(Pair(name, [name + os.urandom(SIZE)]))
    return pairs


def product_pairs(devices: Sequence[RawDevice], envelope_class: int) -> list[Pair]:
    acknowledge = None if envelope_class == CALL else (lambda ids: b"\x02" + b"".join(ids))
    return [
        Pair(
            device.token,
            [
                frame(number, envelope_class, device.mailbox, capability, os.urandom(SIZE))
                for number, capability in enumerate(device.capabilities)
            ],
            acknowledge,
        )
        for device in devices[:PAIRS]
    ]


async def measure() -> Report:
    figures: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    memory = 0.0
    with tempfile.TemporaryDirectory() as folder:
        # Quotas are checked for each message, with limits that the load does not reach.
        server = RunningServer(
            loopback_config(
                pathlib.Path(folder) / "server",
                call_per_minute=10**9,
                durable_bytes_per_day=10**12,
                mailbox_backlog_bytes=10**12,
            )
        )
        devices = await add_devices_offline(server.data_dir, time.time(), IDLE, 4)
        async with contextlib.AsyncExitStack() as stack:
            await server.start()
            stack.push_async_callback(server.stop)
            # Call class and durable class first while the process is fresh: memory.
            memory = await idle_devices(
                server.origin, [device.token for device in devices], server.process_id
            )
            targets: dict[str, tuple[Load, int]] = {}
            for kind in KINDS:
                origin, pid = await stack.enter_async_context(bare(kind))
                targets[kind] = (await Load.open(origin, bare_pairs()), pid)
            for name, number in (("call", CALL), ("durable", DURABLE)):
                # Each class has devices of its own: a device has one connection.
                mine = devices[number * PAIRS :]
                load = await Load.open(server.origin, product_pairs(mine, number))
                targets[name] = (load, server.process_id)
            # In turn, so that a busy moment of the machine hits all alike.
            for _ in range(ROUNDS):
                for name, (load, _) in targets.items():
                    latencies.setdefault(name, []).append(median_ms(await load.latency(SAMPLES)))
            for _ in range(ROUNDS):
                for name, (load, pid) in targets.items():
                    rate = await load.throughput(pid, SECONDS)
                    figures.setdefault(name, []).append(rate)
            for load, _ in targets.values():
                load.close()
    return report(figures, latencies, memory)


def report(
    figures: dict[str, list[float]], latencies: dict[str, list[float]], memory: float
) -> Report:
    def ratio(name: str, base: str, of: dict[str, list[float]] = figures) -> float:
        pairs = zip(of[name], of[base], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    names = {
        "picows": "bare relay, picows (C)",
        "asgi": "bare relay, raw ASGI on the same uvicorn",
        "asgi-answer": "the same, with an answer to each message",
        "call": "Visavis, call class, all checks on",
        "durable": "Visavis, durable class: stored, answered, acknowledged, deleted",
    }
    rows = [
        (
            title,
            f"{statistics.median(figures[name]):,.0f}",
            f"{ratio(name, 'asgi'):.2f}",
            f"{ratio(name, 'asgi-answer'):.2f}",
            f"{ratio(name, 'picows'):.2f}",
            f"{statistics.median(latencies[name]):.2f} ms",
            f"{ratio(name, 'asgi', latencies):.2f}",
        )
        for name, title in names.items()
    ]
    return Report(
        title="Envelope relay",
        intro=(
            f"1 KiB envelopes, {PAIRS} senders to {PAIRS} devices, {WINDOW} under way each, "
            f"{ROUNDS} rounds of {SECONDS:.0f} s in turn; messages per second of the server "
            f"process's CPU time (median), ratios within each round (median), one-way time on an "
            "idle server (median)."
        ),
        header=(
            "relay",
            "messages / CPU s",
            "to bare ASGI",
            "to bare ASGI with answers",
            "to picows",
            "idle one-way",
            "to bare ASGI",
        ),
        rows=rows,
        notes=(
            f"Memory: {memory:.1f} KiB of server memory per connected idle device at {IDLE:,} "
            "devices (bound: 40). The product answers every message; the bare relay in the first "
            "ratio does not."
        ),
    )


def run() -> Report:
    # Two thousand connections need as many descriptors here and in the server.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure())
