"""A call over the SFU: one member sends, one gets it, and somebody without keys takes it, too.

Members are those of `visavis bench group`: keys, room and connections of the product. What the
third takes is what the SFU has: it ends SRTP, and every frame it passes on is one it held so.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from visavis.core.errors import Code
from visavis.testing.group_bench.clip import Clip
from visavis.testing.group_bench.frames import Frame, Wire
from visavis.testing.group_bench.member import Call, CutOffError, Member, Tap
from visavis.transport.call_room import Ticket

PATIENCE_S: Final = 60.0
BOTH: Final = frozenset({"audio", "video"})


@contextlib.asynccontextmanager
async def sfu_call(
    origin: str, ticket: Ticket, played: Clip, *, sealed: bool
) -> AsyncIterator[list[Frame]]:
    """Have two members in a call while the block lasts.

    Args:
        origin: Of a server with an SFU.
        ticket: With what the room is made.
        played: What is sent.
        sealed: Whether frames are; False only for the control.

    Returns:
        What somebody without keys got from the SFU, of both kinds by then; goes on growing.

    Raises:
        CutOffError: No call came about.
        FatalError: NO_SFU.
    """
    # Unsealed frames nobody opens, so that members are measured alike in the bench: no matter here.
    wire = Wire(weighing=not sealed, plain=not sealed)
    call = Call(origin, ticket, wire=wire, played=played)
    taken = Wire(noting=True)
    members: list[Member] = []
    tap: Tap | None = None
    try:
        members.append(Member.begins(call, sends=BOTH, gets=True))
        await _until(lambda: members[0].is_settled, "a member in the room")
        members.append(await Member.comes(call, sends=frozenset(), gets=True))
        await _until(lambda: all(one.is_settled for one in members), "two members in the room")
        if sealed:
            await _until(lambda: _hears(*members), "sound at the other member")
        tap = Tap(replace(call, wire=taken), members[0])
        await _until(lambda: {kind for _, kind in taken.taken} >= BOTH, "frames from the SFU")
        yield taken.taken
    finally:
        if tap is not None:
            await tap.close()
        await asyncio.gather(*(member.leave() for member in members))


def _hears(sender: Member, listener: Member) -> bool:
    media = listener.media
    return media is not None and media.heard.first(sender.state.own) is not None


async def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise CutOffError(Code.UNEXPECTED, f"{what} did not come within {PATIENCE_S:g} s")
        await asyncio.sleep(0.05)
