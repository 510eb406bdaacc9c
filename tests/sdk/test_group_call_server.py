"""Group calls with real keys in call rooms of a real server: no media, and no accounts but one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.sdk.group_call_crew import found, join, key_package, people
from tests.sdk.group_call_people import RoomPerson, ticket_of
from tests.server.room_kit import until

from visavis.core import group_call_types as t
from visavis.core.errors import PeerError
from visavis.media.call_frames import CallFrames
from visavis.testing.raw_client import add_devices_offline
from visavis.testing.server import running_server
from visavis.transport.call_room import Ticket

SOUND = b"twenty milliseconds"
WAIT_S = 30.0


class Person(RoomPerson):
    @property
    def sending(self) -> int | None:
        return self.shell.state.sending if isinstance(self.shell.state, t.Inside) else None

    def sealed(self) -> bytes:
        return self.frames.new_context("audio").encrypt(SOUND, "audio")

    def hears(self, other: Person) -> bool:
        return opens(self.frames, other.sealed())


def opens(frames: CallFrames, frame: bytes) -> bool:
    try:
        return frames.decrypt(frame, "audio") == SOUND
    except PeerError:
        return False


class Call:
    def __init__(self, origin: str, ticket: Ticket) -> None:
        self._origin, self._ticket = origin, ticket
        self.people = [Person(0, found(), origin, ticket)]

    async def join(self, number: int, seed: int = 0) -> Person:
        bundle = key_package(number, seed)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        while not answer.done():
            for person in self.people:
                person.shell.wish(
                    bundle.key_package, lambda w: None if answer.done() else answer.set_result(w)
                )
            await asyncio.wait([answer], timeout=3)
        keys = join(number, answer.result(), bundle)
        person = Person(number, keys, self._origin, self._ticket)
        self.people.append(person)
        return person

    def is_one(self) -> bool:
        """Say whether all are in one epoch, with nobody else in it, and send with its keys."""
        states = [person.shell.state for person in self.people]
        if not all(isinstance(state, t.Inside) for state in states):
            return False
        epochs = {(s.epoch, s.sending, s.leaves) for s in states if isinstance(s, t.Inside)}
        if len(epochs) != 1:
            return False
        ((epoch, sending, leaves),) = epochs
        return epoch == sending and len(leaves) == len(self.people)

    async def settled(self) -> None:
        await until(self.is_one, WAIT_S)
        for person in self.people:
            assert all(person.hears(other) for other in self.people if other is not person)


async def test_a_call_of_six_whoever_comes_leaves_or_vanishes(tmp_path: Path) -> None:
    (device,) = await add_devices_offline(tmp_path / "server", time.time(), 1)
    ticket = ticket_of(device)
    async with running_server(tmp_path) as server:
        call = Call(server.origin, ticket)
        await asyncio.gather(*(call.join(number) for number in range(1, 6)))
        await call.settled()

        leaver = call.people.pop(2)
        kept = leaver.keys.frame_keys()
        thief = CallFrames()
        thief.install(kept.epoch, kept.base_key, set(kept.others))
        assert all(opens(thief, person.sealed()) for person in call.people)  # the control
        leaver.shell.leave()
        await leaver.task
        await call.settled()
        assert not any(opens(thief, person.sealed()) for person in call.people)

        gone = call.people.pop(0)
        gone.task.cancel()
        await asyncio.gather(gone.task, return_exceptions=True)
        await call.settled()

        await call.join(6)
        await call.settled()
        for person in call.people:
            person.shell.leave()
        await asyncio.gather(*(person.task for person in call.people))


async def test_the_server_is_started_anew_in_the_middle(tmp_path: Path) -> None:
    (device,) = await add_devices_offline(tmp_path / "server", time.time(), 1)
    ticket = ticket_of(device)
    async with running_server(tmp_path) as server:
        call = Call(server.origin, ticket)
        await asyncio.gather(*(call.join(number) for number in range(1, 4)))
        await call.settled()
        epoch = call.people[0].sending
        await server.kill()
        await asyncio.sleep(0.5)
        # Sound goes on: keys need no server.
        assert all(one.hears(two) for one in call.people for two in call.people if one is not two)
        await server.start()
        await until(
            lambda: all(
                isinstance(person.shell.state, t.Inside) and person.shell.state.in_room
                for person in call.people
            ),
            WAIT_S,
        )
        await call.settled()
        assert call.people[0].sending == epoch
        await call.join(5)
        await call.settled()
        for person in call.people:
            person.shell.leave()
        await asyncio.gather(*(person.task for person in call.people))
    assert len(people()) > 5
