"""Whose envelope it is that leaves or arrives: the call whose meter counts it.

Between the call that says something and the socket that sends it lie the conversation, the outbox
and the sealing, none of which knows of calls. So the meter goes along as a context variable: set
where a call speaks (`call_sending`), read where an envelope is handed to the connection
(`session_sending`). A durable content that waits in the outbox remembers its meter there, in
memory. The other way, the envelope at hand is set by the inbox and read by the calls.

Not for: counting (`visavis.core.meter`). Nothing of it is stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from visavis.core.meter import Bucket, Meter

_SPEAKS: Final[ContextVar[Meter | None]] = ContextVar("call that speaks", default=None)
_ARRIVED: Final[ContextVar[Bucket | None]] = ContextVar("envelope at hand", default=None)


@contextlib.contextmanager
def counted_for(meter: Meter | None) -> Iterator[None]:
    """Count every envelope that leaves meanwhile for this call; None: for none."""
    token = _SPEAKS.set(meter)
    try:
        yield
    finally:
        _SPEAKS.reset(token)


def speaking() -> Meter | None:
    """Return the meter of the call that speaks, if one does."""
    return _SPEAKS.get()


@contextlib.contextmanager
def arriving(size: int, *, durable: bool) -> Iterator[None]:
    """Process one envelope."""
    token = _ARRIVED.set((size, durable))
    try:
        yield
    finally:
        _ARRIVED.reset(token)


def count_arrival(meter: Meter) -> None:
    """Count the envelope at hand for a call; nothing if it was handed on from the store."""
    at_hand = _ARRIVED.get()
    if at_hand is not None:
        size, durable = at_hand
        meter.arrived(size, durable=durable)
