"""Coming into a group call that goes on: knocking at its room's door until a member lets us in.

    key package -> knock -> a member's commit -> Welcome -> our membership (`GroupCallKeys`)

When to knock again and when to give up the machine says (`core/group_call.py`, `Asking`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from visavis.core import group_call_types as t
from visavis.core.content_room_fields import Refusal
from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.core.group_call import step
from visavis.core.ids import CallId, DoorKey, Rng, RoomId
from visavis.core.mls import KeyPackageBundle
from visavis.core.room_door import open_knock, open_welcome, seal_knock, seal_welcome
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys, MayBeIn, joiner_of
from visavis.sdk.seam import KeyMaterial
from visavis.transport.call_door import CallDoor

ENTER_S: Final = 20.0
"""Seconds for which we knock. Members answer within one; higher waits for members who are all
looking for the server themselves."""

GONE_TRIES: Final = 3
"""How often we hear that there is no such room until we believe it: whoever is in the call makes
it anew after the server was."""

GONE_PAUSE_S: Final = 0.7
"""Between two of these."""


_GONE: Final = frozenset({Refusal.REFUSED, Refusal.UNAVAILABLE})
"""What the server says where there is no such room, or nobody in it; all else passes."""


class CallGoneError(UnavailableError):
    """There is no such call any more, as the server says: no room, or nobody in it."""


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Reads knocks at the door of a room that we are in, and seals answers.

    Args:
        room: The room.
        key: Its door key.
        rng: Random bytes.
    """

    room: RoomId = field(repr=False)
    key: DoorKey = field(repr=False)
    rng: Rng = field(repr=False)

    def key_package(self, knock: bytes) -> bytes:
        """Return the key package of somebody who knocks. PeerError: DECRYPTION (CK-850)."""
        return open_knock(self.key, self.room, knock)

    def answer(self, key_package: bytes, welcome: bytes) -> bytes:
        """Seal a Welcome for who knocked with this key package. PeerError: TOO_LARGE."""
        return seal_welcome(self.key, self.room, key_package, welcome, self.rng)


@dataclass(frozen=True, slots=True)
class Entering:
    """What coming in takes.

    Args:
        origin: The server.
        call: Which call.
        room: Its room.
        door: The room's door key.
        keys: What we sign with.
        consent: Our consent key of this entry, which is in the key package.
        may_be_in: Judges who is there.
        now: Unix seconds.
        rng: Random bytes.
    """

    origin: str
    call: CallId
    room: RoomId = field(repr=False)
    door: DoorKey = field(repr=False)
    keys: KeyMaterial = field(repr=False)
    consent: OwnConsent = field(repr=False)
    may_be_in: MayBeIn = field(repr=False)
    now: Callable[[], int] = field(repr=False)
    rng: Rng = field(repr=False)

    async def enter(self, bundle: KeyPackageBundle) -> GroupCallKeys:
        """Knock until we are let in.

        Args:
            bundle: A fresh key package; used for nothing else.

        Raises:
            CallGoneError: NO_ANSWER, there is no such call any more.
            UnavailableError: NO_ANSWER, nobody let us in: it may go on all the same.
        """
        knock = seal_knock(self.door, self.room, bundle.key_package, self.rng)
        loop = asyncio.get_running_loop()
        asked = t.JoinRequested(loop.time(), joiner_of(bundle.key_package), loop.time() + ENTER_S)
        state: t.State = t.Idle()
        event: t.Event = asked
        gone, due = 0, None
        async with CallDoor(self.origin, self.room) as door:
            while True:
                result = step(state, event)
                state = result.state
                for effect in result.effects:
                    match effect:
                        case t.AskToJoin():
                            with contextlib.suppress(UnavailableError):  # it is asked again
                                await door.knock(knock)
                        case t.SetDeadline(at):
                            due = at
                        case _:
                            pass
                if isinstance(state, t.Outside):
                    raise UnavailableError(Code.NO_ANSWER, "nobody lets us into the call")
                answer = await _until(due, door)
                if isinstance(answer, bytes):
                    joined = self._joined(answer, bundle)
                    if joined is not None:
                        return joined
                elif isinstance(answer, Refusal):
                    gone += answer in _GONE
                    if gone > GONE_TRIES:
                        raise CallGoneError(Code.NO_ANSWER, "there is no such call any more")
                    await asyncio.sleep(GONE_PAUSE_S)
                    event = t.RoomEntered(loop.time())
                    continue
                event = t.DeadlineReached(loop.time())

    def _joined(self, answer: bytes, bundle: KeyPackageBundle) -> GroupCallKeys | None:
        """Return our membership; None if the answer is not good: a good one may still come."""
        try:
            welcome = open_welcome(self.door, self.room, bundle.key_package, answer)
            return GroupCallKeys.join(
                welcome,
                bundle,
                self.consent,
                self.call,
                self.keys,
                self.may_be_in,
                now=self.now(),
                rng=self.rng,
            )
        except PeerError:
            return None


async def _until(due: float | None, door: CallDoor) -> bytes | Refusal | None:
    try:
        async with asyncio.timeout_at(due):
            return await door.next()
    except TimeoutError:
        return None
