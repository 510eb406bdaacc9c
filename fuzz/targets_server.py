"""Decoders of the server's own wire: frames of `/v1/send`, acknowledgements of `/v1/receive`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final, cast

from fuzz.engine import Target
from visavis.core.envelope import BUCKETS
from visavis.core.errors import Code, PeerError
from visavis.ports.bus import Parcel
from visavis.ports.store import NewEnvelope
from visavis.server.end_of_turn import EndOfTurn
from visavis.server.frames import ANSWER, SEND_HEADER, Close, Status, parse_acks
from visavis.server.send import SendEndpoint, SendParts

MAILBOX: Final = bytes(range(16))
CAPABILITY: Final = bytes(range(32))


def _acks(data: bytes) -> str:
    ids = parse_acks(data)
    if b"\x02" + b"".join(ids) != data:
        raise AssertionError("acknowledgements re-encode to other bytes")
    return str(len(ids).bit_length())


def _frame(envelope_class: int, size: int) -> bytes:
    return SEND_HEADER.pack(7, envelope_class, MAILBOX, CAPABILITY) + bytes(size)


def _parts(taken: list[bytes]) -> SendParts:
    """Return a server that knows one capability and keeps what it accepts in `taken`."""
    known = {hashlib.sha256(CAPABILITY).digest(): MAILBOX}

    async def mailbox_of(key: bytes, *_: object) -> bytes:
        return known.get(key, bytes(16))

    async def admit(*_: object) -> bool:
        return True

    def publish(mailbox: bytes, parcel: Parcel) -> None:
        taken.append(mailbox + parcel.envelope)

    def put(new: NewEnvelope, done: Callable[[Status], None]) -> None:
        taken.append(new.mailbox_id + new.body)
        done(Status.ACCEPTED)

    parts = SimpleNamespace(
        capabilities=SimpleNamespace(
            cached=known.get, mailbox_of=mailbox_of, is_decoy=lambda _key: False
        ),
        quotas=SimpleNamespace(spend=lambda *_: True, give_back=lambda *_: None),
        backlog=SimpleNamespace(admit=admit),
        commits=SimpleNamespace(put=put),
        bus=SimpleNamespace(publish=publish),
        limits=SimpleNamespace(
            hash_of=lambda *_: b"", failed=lambda *_: None, too_many_failures=lambda *_: False
        ),
        end_of_turn=EndOfTurn(),
        clock=SimpleNamespace(monotonic=lambda: 0.0, now=lambda: 0.0),
        rng=bytes,
    )
    return cast("SendParts", parts)


async def _serve(data: bytes, taken: list[bytes]) -> list[dict[str, Any]]:
    incoming = [{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": data}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        for _ in range(8):  # the answers go out while nothing arrives
            await asyncio.sleep(0)
        return {"type": "websocket.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await SendEndpoint(_parts(taken))({"type": "websocket"}, receive, send)
    return sent


def _send(data: bytes) -> str:
    taken: list[bytes] = []
    sent = asyncio.run(_serve(data, taken))[1:]
    if len(data) < ANSWER.size:
        if [message.get("code") for message in sent] != [Close.POLICY] or taken:
            raise AssertionError("a frame without a request id is not turned away")
        raise PeerError(Code.MALFORMED, "closed")
    answers = b"".join(message.get("bytes", b"") for message in sent)
    request_id, status = data[:4], Status(answers[4])
    if len(answers) != ANSWER.size or answers[:4] != request_id:
        raise AssertionError("not exactly one answer to one request")
    # The reference: what `server/frames.py` says about a frame, written down once more.
    envelope = data[SEND_HEADER.size :]
    fits = len(envelope) in BUCKETS and data[4] <= 1
    opens = data[5 : SEND_HEADER.size] == MAILBOX + CAPABILITY
    wanted = (Status.ACCEPTED if opens else Status.REFUSED) if fits else Status.MALFORMED
    passed_on = [MAILBOX + envelope] if wanted is Status.ACCEPTED else []
    if status is not wanted or taken != passed_on:
        raise AssertionError(f"answered {status.name} instead of {wanted.name}")
    if status is not Status.ACCEPTED:
        raise PeerError(Code.REFUSED, status.name)
    return f"{data[4]} {len(envelope)}"


TARGETS: Final = [
    Target("server.acks", lambda: [b"\x02" + bytes(16 * n) for n in (1, 2, 1024)], _acks),
    Target("server.send", lambda: [_frame(0, 1024), _frame(1, 1024), _frame(0, 8192)], _send),
]
