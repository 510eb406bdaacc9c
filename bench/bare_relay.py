"""Relays without any checks, for `bench_relay` to compare with: `python -m bench.bare_relay KIND`.

asgi        a raw ASGI endpoint on the product's uvicorn settings: look up the receiver's
            connection in a dictionary, pass the payload on, nothing else
asgi-answer the same, and a five-byte answer to the sender for each message, as the product gives
picows      the same as `asgi` in picows (C), without ASGI

A message is receiver id (16) || payload. A receiver's first message is its id, answered by a byte.
Prints the port once it listens.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import picows
import uvicorn
import uvloop

from visavis.server.frames import MAX_FRAME_BYTES
from visavis.server.serve import PING_S

receivers: dict[bytes, Any] = {}


async def receive_endpoint(receive: Any, send: Any) -> None:
    name = (await receive())["bytes"]
    receivers[name] = send
    await send({"type": "websocket.send", "bytes": b"\0"})
    while (await receive())["type"] == "websocket.receive":
        pass


async def send_endpoint(receive: Any, send: Any, *, answer: bool) -> None:
    while True:
        message = await receive()
        if message["type"] != "websocket.receive":
            return
        data = message["bytes"]
        await receivers[data[:16]]({"type": "websocket.send", "bytes": data[16:]})
        if answer:
            await send({"type": "websocket.send", "bytes": b"\0\0\0\0\0"})


def asgi(*, answer: bool) -> Any:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if scope["path"] == "/v1/receive":
            await receive_endpoint(receive, send)
        else:
            await send_endpoint(receive, send, answer=answer)

    return application


class PicowsRelay(picows.WSListener):  # type: ignore[misc]
    def __init__(self, path: bytes) -> None:
        self.receives = path == b"/v1/receive"

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
            return
        data = frame.get_payload_as_bytes()
        if self.receives:
            receivers[data] = transport
            transport.send(picows.WSMsgType.BINARY, b"\0")
        else:
            receivers[data[:16]].send(picows.WSMsgType.BINARY, data[16:])


async def serve_picows() -> None:
    server = await picows.ws_create_server(
        lambda request: PicowsRelay(request.path), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_asgi(application: Any) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        lifespan="off",
        interface="asgi3",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    print(listener.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve([listener])


def main(kind: str) -> None:
    work = serve_picows() if kind == "picows" else serve_asgi(asgi(answer=kind == "asgi-answer"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main(sys.argv[1])
