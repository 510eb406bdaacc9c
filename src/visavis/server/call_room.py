"""One call room: who is in it, which key is in force, what is passed on to whom.

No socket, no clock and no SFU in here: time is an argument, and a member is a number and a `Line`.
Everything is in memory, and nothing in it is a name, an account or an address.

::

    enter(key) -> entered ... said, commits, others come and go ... left | lost | evicted
                                                 nobody is in it for 60 s: it ends (call_rooms)

**The key** of a room is a secret of the call group's present epoch; the room knows the SHA-256 of
it before anybody shows it. A commit carries the key of the epoch it leads from and the hash of the
next one, so who is removed by it cannot write, evict or enter any more (P8, CK-804 to CK-806).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Protocol

from visavis.core.content_room import (
    FromRoom,
    RoomCame,
    RoomCommit,
    RoomCommitted,
    RoomEvict,
    RoomGone,
    RoomOrdered,
    RoomPing,
    RoomPull,
    RoomPulled,
    RoomSaid,
    RoomSay,
    encode_from_room,
)
from visavis.core.content_room_fields import MAX_MEMBERS, Why
from visavis.core.errors import AuthorizationError, Code
from visavis.ports.stored import CommitResult, NewCommit
from visavis.server.call_room_door import Door
from visavis.server.call_sequencers import CallSequencers
from visavis.server.frames import Close

GRACE_S: Final = 5.0
"""Seconds in which the key before the present one still lets somebody in: a joiner may be told a
key in the moment in which it rolls. Higher helps slow joiners, and whoever was just removed."""

QUIET_S: Final = 1.0
"""Seconds without a word from a member until it is pinged."""

LOST_S: Final = 2.5
"""Seconds without a word from a member until it counts as lost (CK-811). Others must know within
three seconds. Higher forgives worse networks; lower cuts off who only had a hiccup, and who then
comes back by a join."""

SENDING_LOST_S: Final = 10.0
"""The same for a member whose media comes: so it is there, and only slow to answer. Cutting it off
would have it come back at once, at the price of two changes of keys for all. Higher keeps pages
whose program hangs while the browser goes on sending."""

PROBE_S: Final = 0.6
"""Seconds to answer a ping once the SFU says that a member's media has stopped, which it says
after 1.7 s; together less than three."""

PULL_BYTES: Final = 1024 * 1024
"""Commits in answer to one `RoomPull`; the rest with the next."""

PULL_LIMIT: Final = 16


class Line(Protocol):
    """A member's connection, as the room needs it."""

    def put(self, data: bytes) -> None:
        """Write a message, some time; a line that is too slow ends."""
        ...

    def close(self, code: Close) -> None:
        """End the connection once what was put has been written."""
        ...


@dataclass(slots=True, eq=False)
class Member:
    """One member of a room.

    Attributes:
        number: Given by the room, never twice.
        line: Its connection.
        deadline: When it counts as lost unless it is heard of.
        quiet_at: When it is pinged unless it is heard of.
        here: Whether it still is in the room.
        waiting: How many of its requests wait for the SFU.
        sends: Whether media comes from it at the SFU.
    """

    number: int
    line: Line
    deadline: float
    quiet_at: float
    here: bool = True
    waiting: int = 0
    sends: bool = False

    def tell(self, message: FromRoom) -> None:
        """Send it one message."""
        self.line.put(encode_from_room(message))

    def heard(self, now: float) -> None:
        """Note a sign of life."""
        self.deadline = now + LOST_S
        self.quiet_at = now + QUIET_S

    def is_lost(self, now: float) -> bool:
        """Say whether it has been silent for too long (CK-811)."""
        patience = SENDING_LOST_S - LOST_S if self.sends else 0.0
        return now >= self.deadline + patience

    def ping(self, now: float) -> None:
        """Ask for a sign of life; the deadline stays."""
        self.quiet_at = now + LOST_S
        self.tell(RoomPing())


@dataclass(slots=True, eq=False)
class Room:
    """A call room.

    Attributes:
        order: Keeps the commits of all rooms.
        handle: 32 random bytes: this room's sequencer, known to nobody else.
        n: Number that the next commit will have.
        key_hash: SHA-256 of the present key.
        nobody: Random 32 bytes: compared with where there is no key.
        empty_since: When the last member went; None while somebody is in it.
        door: Who asks to be let in.
    """

    order: CallSequencers
    handle: bytes
    n: int
    key_hash: bytes
    nobody: bytes
    empty_since: float | None = None
    door: Door = field(default_factory=Door)
    members: dict[int, Member] = field(default_factory=dict)
    previous_hash: bytes = b""
    previous_until: float = 0.0
    next_number: int = 0

    def opens(self, key: bytes, now: float) -> bool:
        """Return whether a key lets its holder in (CK-803, CK-804)."""
        shown = sha256(key).digest()
        graced = self.previous_hash if now < self.previous_until else self.nobody
        # Both, whatever the first says: the time taken tells nothing.
        return compare_digest(self.key_hash, shown) | compare_digest(graced, shown)

    @property
    def full(self) -> bool:
        """Whether nobody more fits in (CK-808)."""
        return len(self.members) >= MAX_MEMBERS

    def enter(self, line: Line, now: float) -> Member:
        """Let somebody in, and tell the others; whether they may was decided before."""
        member = Member(self.next_number, line, now + LOST_S, now + QUIET_S)
        self.next_number += 1
        self.tell_all(RoomCame(member.number))
        self.members[member.number] = member
        self.empty_since = None
        return member

    def remove(self, member: Member, why: Why, now: float) -> bool:
        """Take a member out and tell the others; False if it was out already."""
        if self.members.get(member.number) is not member:
            return False
        del self.members[member.number]
        member.here = False
        gone = RoomGone(member.number, why)
        member.tell(gone)
        self.tell_all(gone)
        if not self.members:
            self.empty_since = now
        return True

    def tell_all(self, message: FromRoom, *, but: Member | None = None) -> None:
        """Send one message to everybody in the room."""
        data = encode_from_room(message)
        # A copy: a line that is too slow leaves while we speak.
        for member in tuple(self.members.values()):
            if member is not but:
                member.line.put(data)

    def say(self, member: Member, message: RoomSay) -> None:
        """Pass on what a member says; to who is not there it is said in vain."""
        said = RoomSaid(member.number, message.body)
        if message.to is None:
            self.tell_all(said, but=member)
        elif (other := self.members.get(message.to)) is not None:
            other.tell(said)

    def commit(self, member: Member, message: RoomCommit, now: float) -> None:
        """Compare and set: of all commits for one epoch one wins.

        Raises:
            AuthorizationError: CK-805.
        """
        offered = NewCommit(
            handle=self.handle,
            n=message.n,
            write_key_hash=sha256(message.key).digest(),
            body=message.body,
            next_write_key_hash=bytes(message.next),
        )
        match self.order.append(offered, now):
            case CommitResult.ACCEPTED:
                self.previous_hash, self.previous_until = self.key_hash, now + GRACE_S
                self.key_hash = bytes(message.next)
                self.n = message.n + 1
                member.tell(RoomCommitted(message.n, accepted=True))
                self.tell_all(RoomOrdered(message.n, message.body), but=member)
            case CommitResult.CONFLICT:
                member.tell(RoomCommitted(message.n, accepted=False))
            case CommitResult.REFUSED:
                raise AuthorizationError(Code.REFUSED, "CK-805: not the key of this epoch")

    def pull(self, member: Member, message: RoomPull, now: float) -> int:
        """Send a member the commits it lacks; returns how many bytes those have."""
        found = self.order.pull(self.handle, message.first - 1, now, limit=PULL_LIMIT)
        total = 0
        following = message.first
        for n, body in found.commits if found is not None else ():
            if total + len(body) > PULL_BYTES:
                break
            total += len(body)
            following = n + 1
            member.tell(RoomOrdered(n, body))
        member.tell(RoomPulled(following))
        return total

    def evict(self, message: RoomEvict, now: float) -> Member | None:
        """Return the member that is to be cut off, or None if it is gone.

        The key before the present one is void from then on: it is what the other one knows.

        Raises:
            AuthorizationError: CK-806.
        """
        # CK-806: whoever was removed by the last commit knows the key before it, not this one.
        if not compare_digest(self.key_hash, sha256(message.key).digest()):
            raise AuthorizationError(Code.REFUSED, "CK-806: not the present key")
        self.previous_until = now
        return self.members.get(message.member)
