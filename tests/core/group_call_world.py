"""Group calls without keys, sockets or time: devices that run the machine, a call room, frames.

An epoch is a number, a key package a joiner. What each device could open when a frame reached it is
worked out from when it installed an epoch, so a frame that would be lost or that somebody outside
could open is seen without any encryption.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from visavis.core import group_call_types as t
from visavis.core.frame_keys import OLD_EPOCH_S
from visavis.core.group_call import step
from visavis.core.ids import Digest

FRAME_S = 0.02
GONE_S = 3.0
"""How long the room takes to notice a connection that ended without a word."""


@dataclass(frozen=True)
class Change:
    """One commit as everybody sees it."""

    leads_to: int
    leaves: frozenset[int]
    came: frozenset[int]
    went: frozenset[int]
    admitted: dict[Digest, int]


@dataclass
class Device:
    """One device: the machine, and what its shell would hold."""

    name: str
    joiner: Digest
    state: t.State = field(default_factory=t.Idle)
    connected: bool = True
    alive: bool = True
    installed: dict[int, float] = field(default_factory=dict)
    sending: int | None = None
    dropped: dict[int, set[int]] = field(default_factory=dict)
    switched_at: dict[int, float] = field(default_factory=dict)
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    offered: set[int] = field(default_factory=set)
    """Epochs whose commit the room has not answered yet."""

    def opens(self, epoch: int, at: float) -> bool:
        """Say whether frames of an epoch could be opened here at that time."""
        if not isinstance(self.state, t.Inside) or epoch not in self.installed:
            return False
        newer = [since for n, since in self.installed.items() if n > epoch]
        return not newer or at < min(newer) + OLD_EPOCH_S


class World:
    """Devices and their room on a clock that stands still between events."""

    def __init__(self, seed: int, *, latency_s: float = 0.08) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.latency_s = latency_s
        self.devices: list[Device] = []
        self.changes: list[Change] = []
        self.refused = 0
        self.lost: list[tuple[str, str, int, float]] = []
        self.doubled: list[tuple[str, int]] = []
        self.leaked: list[tuple[str, int, float]] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._names = count()

    def later(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay_s, next(self._order), what))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            self.now, _, what = heapq.heappop(self._queue)
            what()
        self.now = end

    def inside(self) -> list[Device]:
        """Return the devices that are alive and in the call."""
        return [d for d in self.devices if d.alive and isinstance(d.state, t.Inside)]

    # What people and networks do

    def found(self) -> Device:
        """Start the call."""
        device = self._device()
        self.changes.append(Change(0, frozenset({0}), frozenset(), frozenset(), {}))
        self.feed(device, t.EpochBegan(self.now, 0, 0, frozenset({0})))
        return device

    def join(self) -> Device:
        """Have another device ask to come in."""
        device = self._device()
        self.feed(device, t.JoinRequested(self.now, device.joiner, self.now + 60))
        return device

    def leave(self, device: Device) -> None:
        """Have a device hang up."""
        self.feed(device, t.LeaveRequested())

    def kill(self, device: Device) -> None:
        """End a device without a word; the room notices later."""
        device.alive = device.connected = False
        self.later(GONE_S, lambda: self._say_going(device))

    def cut(self, device: Device, seconds: float) -> None:
        """Take a device's network away for a while."""
        if not device.connected:
            return
        device.connected = False
        device.offered.clear()
        self.feed(device, t.RoomLost(self.now))
        self.later(GONE_S, lambda: None if device.connected else self._say_going(device))
        self.later(seconds, lambda: self._reconnect(device))

    # The room

    def _device(self) -> Device:
        number = next(self._names)
        device = Device(f"device {number}", Digest(number.to_bytes(32, "big")))
        self.devices.append(device)
        self.later(self.random.random() * FRAME_S, lambda: self._send_frame(device))
        return device

    def _delay(self) -> float:
        return self.random.uniform(0.005, self.latency_s)

    def _to_all(self, sender: Device | None, make: Callable[[Device], t.Event | None]) -> None:
        for other in self.devices:
            if other is not sender and other.alive:
                self.later(self._delay(), lambda other=other: self._deliver(other, make))

    def _deliver(self, device: Device, make: Callable[[Device], t.Event | None]) -> None:
        if device.alive and device.connected and (event := make(device)) is not None:
            self.feed(device, event)

    def _leaf(self, device: Device) -> int | None:
        return device.state.own if isinstance(device.state, t.Inside) else None

    def _say_going(self, device: Device) -> None:
        leaf = self._leaf(device)
        if leaf is not None:
            self._member_event(device, leaf, t.MemberGoing)
        else:  # a joiner: either it is not let in, or whoever sees it let in finds it gone
            self._to_all(device, lambda other: self._withdrawn(other, device.joiner))

    def _withdrawn(self, other: Device, joiner: Digest) -> t.Event | None:
        if not isinstance(other.state, t.Inside):
            return None
        self.later(0, lambda: self._look_around(other))
        return t.JoinWithdrawn(self.now, joiner)

    def _member_event(
        self, device: Device, leaf: int, what: type[t.MemberGoing | t.MemberBack]
    ) -> None:
        def make(other: Device) -> t.Event | None:
            state = other.state
            if not isinstance(state, t.Inside) or leaf == state.own:
                return None
            # Said of a member of an epoch; a leaf that somebody else has now is not meant.
            if self._leaf(device) not in {leaf, None} or leaf not in state.leaves:
                return None
            return what(self.now, leaf)

        self._to_all(device, make)

    def _look_around(self, device: Device) -> None:
        """Whoever enters is told who is in the room, and so who of the call is not."""
        there = [other for other in self.devices if other.connected]
        present = {self._leaf(other) for other in there}
        for change in self.changes:  # let in, and has not read it yet
            waiting = {d.joiner for d in there if isinstance(d.state, t.Asking)}
            present |= {leaf for joiner, leaf in change.admitted.items() if joiner in waiting}
        if isinstance(device.state, t.Inside):
            for leaf in sorted(device.state.leaves - present - {device.state.own}):
                self.feed(device, t.MemberGoing(self.now, leaf))

    def _reconnect(self, device: Device) -> None:
        if not device.alive or device.connected:
            return
        device.connected = True
        self._catch_up(device)
        if isinstance(device.state, t.Inside | t.Asking):
            self.feed(device, t.RoomEntered(self.now))
            self._look_around(device)
        if (leaf := self._leaf(device)) is not None:
            self._member_event(device, leaf, t.MemberBack)
        if device.state == t.Outside(t.LeftReason.REMOVED):  # comes back as another leaf
            device.state, device.installed, device.sending = t.Idle(), {}, None
            device.joiner = Digest(self.random.randbytes(32))
            self.feed(device, t.JoinRequested(self.now, device.joiner, self.now + 60))

    def _catch_up(self, device: Device) -> None:
        """Apply every commit that a member lacks, in order."""
        while isinstance(device.state, t.Inside) and device.state.epoch < len(self.changes) - 1:
            change = self.changes[device.state.epoch + 1]
            own = device.state.own
            if own in change.went:
                self.feed(device, t.WasRemoved())
                return
            self.feed(
                device,
                t.EpochBegan(
                    self.now,
                    change.leads_to,
                    own,
                    change.leaves,
                    change.came,
                    change.went,
                    frozenset(change.admitted),
                ),
            )
            if change.admitted:
                self._look_around(device)

    def _offer(self, device: Device, commit: t.Commit, epoch: int) -> None:
        """A commit reaches the room, or does not; the first of its epoch stands."""
        if not (device.alive and device.connected):
            return
        if epoch != len(self.changes) - 1:
            self.refused += 1
            self.later(self._delay(), lambda: self._answer(device, lost=epoch))
            return
        leaves = set(self.changes[-1].leaves) - set(commit.remove)
        admitted = {}
        for joiner in commit.add:
            leaf = next(n for n in count() if n not in leaves)
            leaves.add(leaf)
            admitted[joiner] = leaf
        change = Change(
            epoch + 1,
            frozenset(leaves),
            frozenset(admitted.values()),
            frozenset(commit.remove),
            admitted,
        )
        self.changes.append(change)
        self.later(self._delay(), lambda: self._answer(device, lost=None))
        for other in self.devices:
            if other is not device:
                self.later(self._delay(), lambda other=other: self._pull(other, change))

    def _answer(self, device: Device, *, lost: int | None) -> None:
        if not (device.alive and device.connected):
            return
        self._catch_up(device)
        device.offered -= {lost}
        if lost is not None and isinstance(device.state, t.Inside):
            self.feed(device, t.CommitLost(self.now, lost))

    def _pull(self, device: Device, change: Change) -> None:
        if not (device.alive and device.connected):
            return
        match device.state:
            case t.Inside():
                self._catch_up(device)
                if device.state == t.Outside(t.LeftReason.REMOVED):
                    device.connected = False
                    self.later(0.1, lambda: self._reconnect(device))
            case t.Asking() if device.joiner in change.admitted:
                self.feed(
                    device,
                    t.EpochBegan(
                        self.now,
                        change.leads_to,
                        change.admitted[device.joiner],
                        change.leaves,
                        admitted=frozenset(change.admitted),
                    ),
                )
                self._catch_up(device)
                self._look_around(device)

    # The shell

    def feed(self, device: Device, event: t.Event) -> None:
        """Take a step and do what it says."""
        before = device.state
        result = step(device.state, event)
        device.state = result.state
        for effect in result.effects:
            self._act(device, before, effect)

    def _act(self, device: Device, before: t.State, effect: t.Effect) -> None:
        match effect:
            case t.SetDeadline(at) if at is not None:
                self.later(max(0, at - self.now), lambda: self._deadline(device))
            case t.AskToJoin():
                joiner = device.joiner
                self._to_all(
                    device,
                    lambda other: (
                        t.JoinWished(self.now, joiner)
                        if isinstance(other.state, t.Inside)
                        and device.joiner == joiner
                        and isinstance(device.state, t.Asking)
                        else None
                    ),
                )
            case t.Commit() if isinstance(device.state, t.Inside):
                epoch = device.state.epoch
                if epoch in device.offered:
                    self.doubled.append((device.name, epoch))
                device.offered.add(epoch)
                self.later(self._delay(), lambda: self._offer(device, effect, epoch))
            case t.InstallKeys(epoch):
                device.installed[epoch] = self.now
            case t.SendReady(epoch) if isinstance(device.state, t.Inside):
                leaf = device.state.own
                if device.connected:
                    self._to_all(device, lambda other: self._ready(other, leaf, epoch))
            case t.SwitchSending(epoch):
                device.sending = epoch
                device.switched_at[epoch] = self.now
            case t.Announce(came, went):
                device.seen.append((came, went))
            case t.SayLeaving() if isinstance(before, t.Inside):
                leaf = before.own
                device.connected = False
                self._member_event(device, leaf, t.MemberGoing)
            case t.WipeKeys():
                device.installed, device.sending = {}, None
            case _:
                pass

    def _ready(self, other: Device, leaf: int, epoch: int) -> t.Event | None:
        state = other.state
        if not isinstance(state, t.Inside) or leaf == state.own or leaf not in state.leaves:
            return None
        if epoch > state.epoch:  # the group cannot open it yet; it waits for the commit
            self.later(
                0.01, lambda: self._deliver(other, lambda one: self._ready(one, leaf, epoch))
            )
            return None
        return t.ReadyReceived(self.now, leaf, epoch)

    def _deadline(self, device: Device) -> None:
        if device.alive and isinstance(device.state, t.Inside | t.Asking):
            self.feed(device, t.DeadlineReached(self.now))

    def _send_frame(self, device: Device) -> None:
        if not device.alive:
            return
        epoch, leaf = device.sending, self._leaf(device)
        if device.connected and epoch is not None and leaf is not None:
            for other in self.devices:
                if other is not device and other.alive:
                    self.later(self._delay(), lambda other=other: self._frame(device, other, epoch))
        self.later(FRAME_S, lambda: self._send_frame(device))

    def _frame(self, sender: Device, other: Device, epoch: int) -> None:
        state = other.state
        # Only who was a member when it was sealed, and is one now, is owed it.
        if not other.connected or not isinstance(state, t.Inside):
            return
        first = min(other.installed, default=epoch + 1)
        if epoch >= first and not other.opens(epoch, self.now):
            self.lost.append((sender.name, other.name, epoch, self.now))
