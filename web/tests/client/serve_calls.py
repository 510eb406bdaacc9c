# ruff: noqa: INP001 - a part of a script, `serve.py`
"""Python members of group calls whose other members are the tests', at a real call room.

The tests make everybody's keys: who is in such a call needs no account at the server, but for the
address with which the room is made.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Final

from visavis.core import group_call_types as t
from visavis.core.credential import make_validator
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import PeerError
from visavis.core.ids import (
    AccountId,
    CallId,
    Capability,
    DeviceId,
    DoorKey,
    MailboxId,
    RoomId,
    RoomKey,
)
from visavis.core.mls import MemberInfo, new_key_package
from visavis.media.call_frames import CallFrames
from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_entry import Doorkeeper, Entering
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.seam import KeyMaterial
from visavis.testing.server import RunningServer
from visavis.transport.call_room import CallRoomSocket, Place, Ticket

CALL_COMMANDS: Final = {
    "room_ticket", "room_enter", "room_state", "room_seal", "room_opens", "room_leave",
    "room_vanish",
}  # fmt: skip
SOUND: Final = b"twenty milliseconds"


class Taking:
    """One device that takes part.

    Args:
        keys: Its membership.
        origin: The server.
        facts: The call, as the test gave it.
    """

    def __init__(self, keys: GroupCallKeys, origin: str, facts: dict[str, Any]) -> None:
        self.keys = keys
        self.frames = CallFrames()
        self.strangers = 0
        self.ended: list[str] = []
        room = RoomId(bytes.fromhex(facts["room"]))
        door = DoorKey(bytes.fromhex(facts["door"]))
        mailbox, capability = (bytes.fromhex(part) for part in facts["ticket"])
        ticket = Ticket(MailboxId(mailbox), Capability(capability))
        self.socket = CallRoomSocket(origin, room, self._place, ticket=ticket)
        self.shell = GroupCallShell(
            keys,
            self.socket,
            self.frames,
            self,
            unix=lambda: facts["now"],
            door=Doorkeeper(room, door, os.urandom),
        )
        self.socket.start()
        self.task = asyncio.create_task(self.shell.run())

    def _place(self) -> Place:
        return Place(self.keys.epoch, RoomKey(self.keys.room_key()))

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        """Who is there is asked for (`room_state`)."""

    def unlisted(self, count: int) -> None:
        """Somebody in the room is nobody."""
        self.strangers = count

    def over(self, reason: t.LeftReason) -> None:
        """It is over here."""
        self.ended.append(reason.value)


class RoomCalling:
    """The commands about group calls."""

    server: RunningServer
    people: dict[str, Client]
    taking: dict[str, Taking]

    async def room_ticket(self, who: str) -> list[str]:
        """Return with what somebody's device makes a room: mailbox and capability, in hex."""
        own = self.people[who]._session.own_turn_address()  # noqa: SLF001
        return [bytes(own.mailbox).hex(), bytes(own.capability).hex()]

    async def room_enter(self, who: str, **facts: Any) -> None:
        """Come into a call, at its door, as the device whose keys are given; and take part."""
        lists = {}
        for data in facts["lists"]:
            found = UnverifiedDeviceList.parse(bytes.fromhex(data)).verify()
            lists[found.account_id] = found
        private = bytes.fromhex(facts["private"])
        keys = KeyMaterial(
            AccountId(bytes.fromhex(facts["account"])),
            DeviceId(bytes.fromhex(facts["device"])),
            bytes.fromhex(facts["credential"]),
            private,
            make_validator(lists.get),
        )
        consent = OwnConsent.make(os.urandom)
        bundle = new_key_package(
            identity=keys.credential,
            signature_private=private,
            not_before=facts["now"] - 9,
            not_after=facts["now"] + 9_000,
            rng=os.urandom,
            leaf_extensions=[consent.extension()],
        )
        entering = Entering(
            origin=self.server.origin,
            call=CallId(bytes.fromhex(facts["call"])),
            room=RoomId(bytes.fromhex(facts["room"])),
            door=DoorKey(bytes.fromhex(facts["door"])),
            keys=keys,
            consent=consent,
            may_be_in=lambda _: None,
            now=lambda: facts["now"],
            rng=os.urandom,
        )
        self.taking[who] = Taking(await entering.enter(bundle), self.server.origin, facts)

    async def room_state(self, who: str) -> dict[str, Any]:
        """Say where somebody's device is in its call."""
        one = self.taking[who]
        state = one.shell.state
        inside = isinstance(state, t.Inside)
        return {
            "epoch": state.epoch if inside else -1,
            "sending": state.sending if inside else -1,
            "leaves": sorted(state.leaves) if inside else [],
            "in_room": inside and state.in_room,
            "strangers": one.strangers,
            "ended": one.ended,
        }

    async def room_seal(self, who: str) -> str:
        """Seal a frame of sound; in hex."""
        return self.taking[who].frames.new_context("audio").encrypt(SOUND, "audio").hex()

    async def room_opens(self, who: str, frame: str) -> bool:
        """Say whether a frame, in hex, is opened."""
        try:
            return self.taking[who].frames.decrypt(bytes.fromhex(frame), "audio") == SOUND
        except PeerError:
            return False

    async def room_leave(self, who: str) -> None:
        """Leave the call."""
        one = self.taking[who]
        one.shell.leave()
        await one.task

    async def room_vanish(self, who: str) -> None:
        """End without a word."""
        one = self.taking.pop(who)
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)
