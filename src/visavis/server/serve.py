"""`visavis serve`: one process that listens, with the relay and the SFU as its children.

::

    lock data folder -> bind -> relay, SFU -> listen -> announce -> ... -> stop listening
        -> close connections -> write what is waiting -> close the store -> end both -> unlock

uvicorn runs with uvloop and the sans-I/O WebSocket implementation; no compression (it would make
lengths tell about content), no server header, no access log, no trust in proxy headers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass, replace
from typing import Final

import uvicorn
import uvloop

from visavis.core.errors import Code, UnavailableError, VisavisError
from visavis.media.coturn import Coturn
from visavis.media.turns import TurnOverTls
from visavis.ports.clock import Clock
from visavis.ports.random import Rng
from visavis.ports.relay import NoRelay, Relay
from visavis.ports.sfu import NoSfu, Sfu
from visavis.server import announce, logging
from visavis.server.app import Application, build_app, open_services
from visavis.server.config import ServerConfig, remember_origin
from visavis.server.data_lock import locked
from visavis.server.delivery import Delivery, address_limits
from visavis.server.frames import MAX_FRAME_BYTES
from visavis.server.guard import guarded
from visavis.server.relay_setup import make_relay
from visavis.server.services import Services
from visavis.server.sfu_setup import make_sfu
from visavis.server.signup_links import make_link
from visavis.server.tls import CHECK_EVERY_S, ServerTls
from visavis.store.blobs_folder import FolderBlobs

PING_S: Final = 30.0
"""Seconds between pings to an idle connection, and for their answer: a dead connection is noticed
within a minute. Lower wakes phones more often; higher rings into connections that are gone."""

KEEP_S: Final = 15
"""Seconds that an idle connection waits for its next request. Well above the 5 s after which our
clients let go of one: else both do so at one moment, and a request meets a closed door."""

GRACE_S: Final = 5
"""Seconds that a stopping server waits for requests to finish."""

BACKLOG: Final = 512

Say = Callable[[str], None]


def serve(config: ServerConfig, say: Say | None = None, rng: Rng = os.urandom) -> None:
    """Run a server until SIGTERM or SIGINT.

    Args:
        config: What to run.
        say: Takes each line for the operator; prints them if None.
        rng: Source of random bytes.

    Raises:
        UnavailableError: The port or the data folder is in use.
        UsageError: The certificate cannot be used.
        FatalError: The data folder is damaged.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, say or _print, rng))


@dataclass(slots=True)
class Served:
    """A server that listens.

    Attributes:
        config: With the real port and origin.
        application: The ASGI application.
        delivery: Its delivery part.
        relay: Its relay.
        relay_problem: Why there is no relay, or None.
        sfu: Its SFU.
        sfu_problem: Why there is no SFU, or None.
        uvicorn: The listener.
    """

    config: ServerConfig
    application: Application
    delivery: Delivery
    relay: Relay
    relay_problem: str | None
    sfu: Sfu
    sfu_problem: str | None
    uvicorn: uvicorn.Server


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig, rng: Rng = os.urandom, clock: Clock | None = None
) -> AsyncIterator[Served]:
    """Run a server in this event loop for as long as the block lasts.

    Args:
        config: What to run; port 0 lets the system choose.
        rng: Source of random bytes.
        clock: The time; the machine's by default.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(locked(config.data_dir))
        tls = None
        if config.tls_cert is not None and config.tls_key is not None:
            tls = ServerTls(config.tls_cert, config.tls_key)
        listener = stack.enter_context(_bind(config))
        config = _with_real_port(config, listener)
        services = await open_services(config, clock=clock, rng=rng)
        stack.push_async_callback(_close_once, services)
        remember_origin(config.data_dir, config.origin)
        relay, problem = await _start_relay(config, rng)
        stack.push_async_callback(relay.stop)
        sfu, no_sfu = await _start_sfu(config, rng)
        stack.push_async_callback(sfu.stop)
        blobs = FolderBlobs(config.blobs_folder, rng)
        delivery = Delivery(services, blobs, relay, address_limits(services), sfu=sfu)
        application = build_app(services, [delivery])
        application.api.state.delivery = delivery
        if tls is not None:
            await stack.enter_async_context(_tls_upkeep(config, tls, delivery))
        server = _Uvicorn(_uvicorn_config(application, delivery, services, tls))
        running = asyncio.ensure_future(_run(server, listener))
        stack.push_async_callback(_stop, server, running)
        await _until_started(server, running)
        yield Served(config, application, delivery, relay, problem, sfu, no_sfu, server)


def _uvicorn_config(
    application: Application, delivery: Delivery, services: Services, tls: ServerTls | None
) -> uvicorn.Config:
    http, websocket = guarded(delivery.limits, services.clock.monotonic)
    return uvicorn.Config(
        application,
        http=http,
        ws=websocket,
        # CK-484: a longer message closes the connection before it is read into memory.
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_context_factory=None if tls is None else lambda *_: tls.context,
    )


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handling, which would end the process before we have tidied up.

    It also waits to be stopped instead of looking ten times a second.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stopping.wait()


async def _serve(config: ServerConfig, say: Say, rng: Rng) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving(config, rng) as served:
        link = make_link(
            served.config.data_dir, served.config.origin, keys_dir=served.config.keys_dir
        )
        for line in announce.lines(
            served.config,
            link=link,
            relay_problem=served.relay_problem,
            sfu_problem=served.sfu_problem,
            pages=served.application.pages is not None,
        ):
            say(line)
        await stopping.wait()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _bind(config: ServerConfig) -> Generator[socket.socket, None, None]:
    try:
        if config.host in {"0.0.0.0", "::"} and socket.has_dualstack_ipv6():  # noqa: S104
            listener = socket.create_server(
                ("", config.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        else:
            family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
            listener = socket.create_server(
                (config.host, config.port), family=family, backlog=BACKLOG
            )
    except PermissionError:
        raise UnavailableError(
            Code.UNAVAILABLE, f"port {config.port} needs root or CAP_NET_BIND_SERVICE"
        ) from None
    except OSError:
        raise UnavailableError(
            Code.UNAVAILABLE, f"port {config.port} is in use or the address is not ours"
        ) from None
    with listener:
        yield listener


def _with_real_port(config: ServerConfig, listener: socket.socket) -> ServerConfig:
    if config.port != 0:
        return config
    port = int(listener.getsockname()[1])
    return replace(config, port=port, origin=f"{config.origin.removesuffix(':0')}:{port}")


async def _start_relay(config: ServerConfig, rng: Rng) -> tuple[Relay, str | None]:
    """Return the relay, or none and why: without it people can still write to each other."""
    if not config.turn:
        return NoRelay(), "the relay is switched off"
    try:
        relay = make_relay(config, rng)
        await relay.start()
    except UnavailableError as error:
        logging.event("relay_missing")
        return NoRelay(), error.detail
    logging.event("relay_started")
    return relay, None


async def _start_sfu(config: ServerConfig, rng: Rng) -> tuple[Sfu, str | None]:
    """Return the SFU, or none and why: without it calls of up to three people work."""
    if not config.sfu:
        return NoSfu(), "the SFU is switched off"
    try:
        sfu = make_sfu(config, rng)
        await sfu.start()
    except UnavailableError as error:
        logging.event("sfu_missing")
        return NoSfu(), error.detail
    logging.event("sfu_started")
    return sfu, None


@contextlib.asynccontextmanager
async def _tls_upkeep(
    config: ServerConfig, tls: ServerTls, delivery: Delivery
) -> AsyncIterator[None]:
    """Serve TURN over TLS, and look at the certificate files now and then."""
    relay = delivery.relay
    front = TurnOverTls(
        config.host,
        config.turn_tls_port,
        tls.context,
        target=("127.0.0.1", relay.port if isinstance(relay, Coturn) else 0),
        admit=delivery.limits,
    )
    if relay.available:
        try:
            await front.start()
        except OSError:
            raise UnavailableError(
                Code.UNAVAILABLE, f"port {config.turn_tls_port} is in use"
            ) from None
    watcher = asyncio.ensure_future(_watch_certificate(tls))
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await front.stop()


async def _watch_certificate(tls: ServerTls) -> None:
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        if not tls.unchanged():
            logging.event("certificate_reloaded" if tls.reload() else "certificate_failed")


async def _until_started(server: uvicorn.Server, running: asyncio.Future[None]) -> None:
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.005)


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve([listener])
    except SystemExit:  # how uvicorn reports that the application could not start
        raise UnavailableError(Code.UNAVAILABLE, "the server could not start") from None


async def _stop(server: _Uvicorn, running: asyncio.Future[None]) -> None:
    server.should_exit = True
    server.stopping.set()
    with contextlib.suppress(VisavisError):  # then it never started, and whoever waited knows
        await running


async def _close_once(services: Services) -> None:
    # The application closes the store when it stops; this is for a start that failed before.
    with contextlib.suppress(VisavisError):
        await services.store.close(services.today())
