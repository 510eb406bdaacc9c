"""Alike in time: known and unknown handles, good-looking and refused capabilities, by the clock.

That the operations are equal is tested (tests/server); this shows what is left to see from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import opaque_ke_py as opaque

from bench import Report
from visavis.core.envelope import BUCKETS
from visavis.testing.audit.scripted import ScriptedDevice
from visavis.testing.raw_client import RawSender, sender
from visavis.testing.server import RunningServer, running_server
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.api import PublicApi
from visavis.transport.http import Http
from visavis.transport.socket import SendSocket

ROUNDS = 400
CALL = 0


def run() -> Report:
    """Time pairs of requests that must look alike, interleaved at random."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_measure(Path(folder)))
    return Report(
        title="Alike in time",
        intro=(
            f"Pairs of requests that must not be told apart, {ROUNDS} of each, in random order on "
            "one connection (refused sends: a new one, from a new address, before the server stops "
            "looking up). Advantage: how much better than guessing the best threshold on one "
            "answer's time does (0: not at all, 1: always right); noise alone gives some 0.05."
        ),
        header=("pair", "median, ms", "median, ms", "advantage"),
        rows=rows,
        notes="Tests hold the operations equal; nothing is ever asserted on these times.",
    )


async def _measure(folder: Path) -> list[tuple[str, str, str, str]]:
    settings = {"free_attempts": 1_000_000, "call_per_minute": 1_000_000}
    async with running_server(folder, **settings) as server:
        http = Http(server.origin)
        send = SendSocket(server.origin)
        try:
            device = await _sign_up(server, http, send)
            return [
                await _logins(http, device.handle),
                await _look_ups(http, device.handle),
                *await _sends(server, device),
            ]
        finally:
            await send.close()
            await http.close()


async def _sign_up(server: RunningServer, http: Http, send: SendSocket) -> ScriptedDevice:
    device = ScriptedDevice("anna", server.origin, AnonymousApi(http), send)
    await device.sign_up(server.signup_link(), "anna", "a long enough passphrase")
    return device


async def _logins(http: Http, known: str) -> tuple[str, str, str, str]:
    api = PublicApi(http)
    request = opaque.client_login_start(b"a long enough passphrase").get_message()
    return await _pair(
        "login begins: known, unknown handle",
        lambda: api.login_start(known, request),
        lambda: api.login_start("nobody.12345", request),
    )


async def _look_ups(http: Http, known: str) -> tuple[str, str, str, str]:
    return await _pair(
        "handle look-up: hidden, unknown",
        lambda: http.get(f"/v1/handles/{known}"),
        lambda: http.get("/v1/handles/nobody.12345"),
    )


async def _sends(server: RunningServer, device: ScriptedDevice) -> list[tuple[str, str, str, str]]:
    body = os.urandom(BUCKETS[0])
    good = device.capabilities[0]
    async with _Strangers(server.origin) as strangers:
        offline = await _pair(
            "send: unknown capability, unknown mailbox",
            lambda: strangers.now.send(CALL, device.mailbox, os.urandom(32), body),
            lambda: strangers.now.send(CALL, os.urandom(16), os.urandom(32), body),
            strangers.next,
        )
    async with sender(server.origin) as out:
        await device.come_online()
        other = ScriptedDevice("bert", server.origin, device.anonymous, device.sender)
        await other.sign_up(server.signup_link(), "bert", "a long enough passphrase")
        online = await _pair(
            "send: device online, device offline",
            lambda: out.send(CALL, device.mailbox, good, body),
            lambda: out.send(CALL, other.mailbox, other.capabilities[0], body),
        )
        await device.go_offline()
    return [offline, online]


class _Strangers:
    """Connections from ever new addresses: after 60 refusals an address is not looked up for."""

    SENDS_EACH = 40

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._stack = contextlib.AsyncExitStack()
        self._sends = 0
        self.now: RawSender

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def next(self) -> None:
        """Make the next send come from somebody who has not been refused too often."""
        if self._sends % self.SENDS_EACH == 0:
            await self._stack.aclose()
            address = (f"127.0.1.{1 + self._sends // self.SENDS_EACH}", 0)
            self.now = await self._stack.enter_async_context(
                sender(self._origin, local_addr=address)
            )
        self._sends += 1


async def _pair(
    name: str,
    left: Callable[[], Awaitable[object]],
    right: Callable[[], Awaitable[object]],
    between: Callable[[], Awaitable[None]] | None = None,
) -> tuple[str, str, str, str]:
    times: tuple[list[float], list[float]] = ([], [])
    order = [0, 1] * ROUNDS
    random.Random(1).shuffle(order)
    for which in [0, 1] * 10 + order:
        if between is not None:
            await between()
        began = time.perf_counter()
        await (left, right)[which]()
        times[which].append(time.perf_counter() - began)
    a, b = times[0][10:], times[1][10:]
    return (
        name,
        f"{statistics.median(a) * 1000:.2f}",
        f"{statistics.median(b) * 1000:.2f}",
        f"{_advantage(a, b):.2f}",
    )


def _advantage(a: list[float], b: list[float]) -> float:
    """Return the Kolmogorov-Smirnov distance: the best threshold's advantage over guessing."""
    return max(
        abs(sum(x <= cut for x in a) / len(a) - sum(x <= cut for x in b) / len(b))
        for cut in [*a, *b]
    )
