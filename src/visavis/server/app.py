"""Puts the server together: services, resources, sockets, housekeeping, one ASGI application.

    scope            goes to
    websocket        a bare ASGI endpoint by path (sending and receiving; no framework in between)
    http             Web (pages) -> Hygiene -> FastAPI -> one router per resource
    lifespan         start: check the inventory, start parts and housekeeping; end: the reverse

A *part* is what another area of the server plugs in (delivery: routers, sockets, start and stop).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from visavis.ports.blobs import MAX_BLOB_BYTES
from visavis.ports.clock import Clock, SystemClock
from visavis.ports.random import Rng
from visavis.ports.store import Store
from visavis.server import (
    account_data,
    account_settings,
    accounts,
    devices,
    handles,
    health,
    housekeeping,
    inventory,
    key_packages,
    logging,
    login,
    passkeys,
    problems,
    push_subscriptions,
    recipients,
    request_address,
    vault,
    waiting,
)
from visavis.server.config import ServerConfig
from visavis.server.erasure_keys import ErasureKeys
from visavis.server.hygiene import Hygiene
from visavis.server.keys import ServerKeys
from visavis.server.opaque import OpaqueServer
from visavis.server.privacy import wording
from visavis.server.privacy.documents import Documents
from visavis.server.privacy.routes import router as privacy_router
from visavis.server.services import Services
from visavis.server.sessions import Sessions
from visavis.server.throttle import Throttle
from visavis.server.web import Pages, Web
from visavis.store.sqlite import SqliteStore

ROUTERS: Final = (
    health.router,
    accounts.router,
    handles.router,
    login.router,
    passkeys.router,
    devices.router,
    key_packages.router,
    vault.router,
    request_address.router,
    push_subscriptions.router,
    recipients.router,
    privacy_router,
    account_data.router,
    account_settings.router,
    waiting.router,
)

NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""CK-427: the framework can report every request to a collector named by the environment."""

LARGER_BODIES: Final = {"/v1/blobs": MAX_BLOB_BYTES}


class Part(Protocol):
    """An area of the server with endpoints and a life of its own."""

    @property
    def router(self) -> APIRouter:
        """HTTP endpoints."""
        ...

    @property
    def asgi_routes(self) -> Mapping[str, ASGIApp]:
        """WebSocket endpoints by exact path."""
        ...

    async def start(self) -> None:
        """Begin; the store is open and checked."""
        ...

    async def stop(self) -> None:
        """End; the store is still open."""
        ...


async def open_services(
    config: ServerConfig,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    rng: Rng = os.urandom,
) -> Services:
    """Open everything a server needs.

    Refuses to go on with an unlisted column (CK-421), a purpose that is not definite (CK-429) or a
    notice that misses a word (CK-430).

    Args:
        config: What to run.
        store: Instead of the SQLite file of the data folder (tests).
        clock: Instead of the machine's (tests).
        rng: Source of random bytes.

    Raises:
        FatalError: The inventory and the database or the notice differ, or keys or database are
            damaged.
        UnavailableError: The disk is full, or the database is held by another process.
    """
    time = clock or SystemClock()
    listed = inventory.load()
    words = wording.load(listed)
    logging.configure(listed, clock=time)
    keys = ServerKeys.load(config.keys_folder, rng)
    erasure = ErasureKeys(config.keys_folder, keys.erasure_name_key, rng)
    erasure.prepare()
    opened = store or await SqliteStore.open(config.database, retention=listed.retention, rng=rng)
    try:
        inventory.check_schema(listed, await opened.schema())
    except BaseException:
        await opened.close()
        raise
    return Services(
        config=config,
        store=opened,
        clock=time,
        rng=rng,
        keys=keys,
        erasure=erasure,
        inventory=listed,
        words=words,
        opaque=OpaqueServer(keys.opaque_setup, rng),
        sessions=Sessions(time, rng),
        throttle=Throttle(config.free_attempts, time, rng),
    )


class Application:
    """The ASGI application of one server.

    Args:
        services: Opened by `open_services`; closed when the application stops.
        parts: Areas plugged in.
        strict: Raise on what is not in the inventory instead of removing it (tests).

    Raises:
        UsageError: `web_dir` is not a build of the pages (CK-521).

    Attributes:
        pages: What browsers are served, or None if nothing is built.
    """

    def __init__(
        self, services: Services, parts: Sequence[Part] = (), *, strict: bool = False
    ) -> None:
        self.services = services
        self.parts = tuple(parts)
        self.api = make_api([part.router for part in self.parts])
        self.api.state.services = services
        self.api.state.documents = Documents(services)
        self._http = Hygiene(
            self.api,
            headers=services.inventory.headers["response"],
            larger=LARGER_BODIES,
            strict=strict,
        )
        https = services.config.origin.startswith("https://")
        self.pages = Pages.read(services.config.web_dir, https=https)
        self._web = Web(self._http, self.pages, https=https)
        self._sockets = {path: app for part in self.parts for path, app in part.asgi_routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, connection or lifespan."""
        match scope["type"]:
            case "http":
                await self._web(scope, receive, send)
            case "websocket":
                await self._sockets.get(scope["path"], _no_socket)(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case _:
                raise NotImplementedError

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run parts and housekeeping for as long as the block lasts, then close the store."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            for part in self.parts:
                await part.start()
                stack.push_async_callback(part.stop)
            keeping = asyncio.create_task(housekeeping.forever(self.services))
            stack.push_async_callback(_cancel, keeping)
            yield

    async def _close(self) -> None:
        await self.services.store.close(self.services.today())
        housekeeping.blur(self.services)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
            except Exception as error:
                logging.failure("request_failed", error)
                await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
                raise
            logging.event("server_started", version=version("visavis"))
            await send({"type": "lifespan.startup.complete"})
            await receive()
        logging.event("server_stopped")
        await send({"type": "lifespan.shutdown.complete"})


def build_app(
    services: Services, parts: Sequence[Part] = (), *, strict: bool = False
) -> Application:
    """Return the ASGI application.

    Args:
        services: From `open_services`.
        parts: Areas plugged in, such as `visavis.server.delivery.Delivery`.
        strict: Raise on what is not in the inventory instead of removing it (tests).
    """
    return Application(services, parts, strict=strict)


def make_api(routers: Sequence[APIRouter] = ()) -> FastAPI:
    """Return the HTTP API without services: enough for its description (see `describe`).

    Args:
        routers: Of the parts; our own come first.
    """
    api = FastAPI(
        title="Visavis server",
        version=version("visavis"),
        # The library's pages load scripts from elsewhere; the description itself is served.
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        strict_content_type=True,
        telemetry=NO_TELEMETRY,
    )
    problems.install(api)
    for router in (*ROUTERS, *routers):
        api.include_router(router)
    api.openapi = lambda: describe(api)  # type: ignore[method-assign]
    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description, with our problems instead of the library's 422."""
    if api.openapi_schema is None:
        schema = get_openapi(title=api.title, version=api.version, routes=api.routes)
        schema["components"].setdefault("schemas", {})["Problem"] = problems.SCHEMA
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = {
                    "description": "A problem (RFC 9457).",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
        api.openapi_schema = schema
    return api.openapi_schema


async def _no_socket(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4404})


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
