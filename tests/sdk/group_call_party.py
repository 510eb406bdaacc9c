"""People in a group call with real keys, on a virtual clock: their devices, shells and a room."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.sdk.group_call_crew import NOW, found, join, key_package, people
from tests.sdk.group_call_room import Hub, Room

from visavis.core import group_call_types as t
from visavis.core.content_group_call import GroupCallAnswer, GroupCallOffer, Sign
from visavis.core.content_room import FromRoom
from visavis.core.errors import PeerError
from visavis.core.group_call_types import LeftReason
from visavis.core.ids import FeedId
from visavis.core.mls import MemberInfo
from visavis.media.call_frames import CallFrames
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.testing.virtual_clock import now

SOUND = b"twenty milliseconds"


class Wires:
    """Media that connect nobody, and note with whom they are to."""

    def __init__(self) -> None:
        self.told_of: list[frozenset[int]] = []

    def room_says(self, message: FromRoom) -> None:
        pass

    def members(self, own: int, others: frozenset[int]) -> None:
        del own
        self.told_of.append(others)

    def announced(self, leaf: int, feed: FeedId | None) -> None:
        pass

    def told(self, leaf: int, content: GroupCallOffer | GroupCallAnswer) -> None:
        pass


class Person:
    """One device in the call, and what its person was shown."""

    def __init__(self, number: int, keys: GroupCallKeys, hub: Hub) -> None:
        self.number = number
        self.room = Room(hub, keys.room_key)
        self.frames = CallFrames(now)
        self.seen: list[tuple[list[int], list[int]]] = []
        self.strangers: list[int] = []
        self.ended: list[LeftReason] = []
        self.signs: list[tuple[int, Sign]] = []
        self.keys = keys
        self.first = keys.epoch
        """The epoch in which it came: no frame of before is for it."""
        self.shell = GroupCallShell(keys, self.room, self.frames, self, unix=lambda: NOW)
        self.wires = Wires()
        self.shell.attach(self.wires)
        self.task = asyncio.create_task(self.shell.run())

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        self.seen.append(([who(one) for one in came], [who(one) for one in went]))

    def said(self, leaf: int, sign: Sign) -> None:
        self.signs.append((leaf, sign))

    def unlisted(self, count: int) -> None:
        self.strangers.append(count)

    def over(self, reason: LeftReason) -> None:
        self.ended.append(reason)

    @property
    def state(self) -> t.Inside:
        assert isinstance(self.shell.state, t.Inside)
        return self.shell.state

    def sealed(self) -> bytes:
        return self.frames.new_context("audio").encrypt(SOUND, "audio")

    def opens(self, frame: bytes) -> bool:
        return opens(self.frames, frame)

    def kept(self) -> CallFrames:
        """Return the keys of now, kept whatever the program says."""
        keys = self.keys.frame_keys()
        frames = CallFrames(now)
        frames.install(keys.epoch, keys.base_key, set(keys.others) | {keys.own})
        return frames

    def vanish(self) -> None:
        """End without a word, as with `kill -9`."""
        self.task.cancel()
        self.room.die()


def opens(frames: CallFrames, frame: bytes) -> bool:
    try:
        return frames.decrypt(frame, "audio") == SOUND
    except PeerError:
        return False


def who(member: MemberInfo) -> int:
    """Return the number of a member's device."""
    return [keys.credential for keys in people()].index(member.identity)


class Call:
    """A call and whoever is in it."""

    def __init__(self) -> None:
        first = found()
        self.hub = Hub(first.room_key())
        self.people = [Person(0, first, self.hub)]

    async def join(self, number: int, seed: int = 0) -> Person:
        """Have somebody ask all members, as often as it takes."""
        bundle = key_package(number, seed)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def reply(welcome: bytes) -> None:
            if not answer.done():
                answer.set_result(welcome)

        while not answer.done():
            for person in self.people:
                person.shell.wish(bundle.key_package, reply)
            await asyncio.wait([answer], timeout=3)
        person = Person(number, join(number, answer.result(), bundle), self.hub)
        self.people.append(person)
        return person

    def drop(self, person: Person) -> None:
        self.people.remove(person)

    def assert_one_call(self) -> None:
        """All have the same keys, send with them, and open each other's frames."""
        assert len({person.state.epoch for person in self.people}) == 1
        for person in self.people:
            assert person.state.sending == person.state.epoch
            assert len(person.state.leaves) == len(self.people)
            frame = person.sealed()
            for other in self.people:
                assert other is person or other.opens(frame), (person.number, other.number)


async def started(count: int) -> Call:
    call = Call()
    await asyncio.gather(*(call.join(number) for number in range(1, count)))
    call.people.sort(key=lambda person: person.number)
    await asyncio.sleep(2)
    call.assert_one_call()
    return call
