"""One size of call: grows, is loaded, sealed and not sealed in turn; then members leave and come.

Not for: what the figures mean (`result`), or what one member does (`member`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from visavis.core.errors import Code
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE
from visavis.testing.group_bench.frames import BenchFrames, Frame, count_opened
from visavis.testing.group_bench.load import Process, own_process
from visavis.testing.group_bench.media import BenchMedia
from visavis.testing.group_bench.member import Call, CutOffError, Member, Tap
from visavis.testing.group_bench.result import Gap, Join, Leave, Load, Sealing, SizeResult

ALL_SEND_UP_TO: Final = 10
"""Members up to which everybody sends and gets everything."""

SOUND_AT_MOST: Final = 5
PICTURES_AT_MOST: Final = 4
"""In larger calls; as many get something, and the others take part in keys and readiness alone."""

CHANGES: Final = 8
"""Members that leave, and as many that come, one after the other."""

LET_IN_AT_ONCE: Final = 8
LOAD_S: Final = 4.0
ROUND_S: Final = 0.5
SWITCH_S: Final = 0.1
"""Between two rounds: what was under way is of the other kind."""

ROUNDS: Final = 80
"""Of sealed and unsealed frames together, at least; on a busy machine twice as many."""

ENOUGH: Final = 0.015
"""Standard error of the ratio at which there are enough rounds. Lower: it varies less from run to
run, and takes longer on a busy machine."""

CALM_S: Final = 0.3
"""Between a change of members and what is called quiet."""

AFTER_S: Final = 1.2
"""For which frames are taken after a switch: longer than old keys are on their way."""

FRAME_S: Final = AUDIO_FRAME / AUDIO_RATE
DISTURBED_AT_MOST: Final = 8
"""Changes in which somebody was cut off because the machine stood still; they are made anew."""

LOOK_S: Final = 0.1
PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """The processes whose load is measured."""

    server: Process
    janus: Process

    def cpu_s(self) -> tuple[float, float, float]:
        """Return processor seconds of server, Janus and this process."""
        return self.server.cpu_s(), self.janus.cpu_s(), own_process().cpu_s()

    def memory_kb(self) -> tuple[int, int]:
        """Return kilobytes of server and Janus."""
        return self.server.memory_kb(), self.janus.memory_kb()


def roles(size: int) -> list[frozenset[str]]:
    """Return what each member sends; who sends gets, too."""
    both, sound = frozenset({"audio", "video"}), frozenset({"audio"})
    if size <= ALL_SEND_UP_TO:
        return [both] * size
    some = [both] * PICTURES_AT_MOST + [sound] * (SOUND_AT_MOST - PICTURES_AT_MOST)
    return some + [frozenset[str]()] * (size - SOUND_AT_MOST)


class Room:
    """A call that is measured.

    Args:
        call: The call; nobody is in it yet.
        watched: Processes.
        size: Members.
    """

    def __init__(self, call: Call, watched: Watched, size: int) -> None:
        self._call = call
        self._watched = watched
        self._size = size
        self._members: list[Member] = []
        self._tap: Tap | None = None
        self._joins: list[Join] = []
        self._leaves: list[Leave] = []
        self._disturbed = 0

    async def measure(self, *, changes: int, rounds: int) -> SizeResult:
        """Measure everything; ends the call.

        Args:
            changes: Members that leave, and as many that come.
            rounds: Of sealed and unsealed frames, at least; a multiple of four, eight or more.

        Raises:
            CutOffError: Something did not come in a minute, or members fell out of the call.
            FatalError: NO_SFU: Janus ended.
        """
        try:
            empty = self._watched.memory_kb()
            await self._grow()
            load = await self._load(empty)
            sealing = await self._sealing(rounds)
            await self._mended()
            self._tap = Tap(self._call, self._members[0])
            self._call.wire.note()
            await self._tapped(lambda: self._call.wire.taken)
            while len(self._joins) < changes:
                await self._change()
            sent = [one.sends for one in self._members]
            return SizeResult(
                self._size,
                sum("audio" in one for one in sent),
                sum("video" in one for one in sent),
                sum(one.media is not None for one in self._members),
                tuple(self._joins),
                tuple(self._leaves),
                load,
                sealing,
                self._disturbed,
            )
        finally:
            await self._close()

    async def _close(self) -> None:
        if self._tap is not None:
            await self._tap.close()
        await asyncio.gather(*(member.leave() for member in self._members))

    # Growing, and what it uses

    async def _grow(self) -> None:
        first, *others = roles(self._size)
        self._members.append(Member.begins(self._call, sends=first, gets=bool(first)))
        await self._until(lambda: self._members[0].is_settled, "the founder in its room")
        for begin in range(0, len(others), LET_IN_AT_ONCE):
            some = others[begin : begin + LET_IN_AT_ONCE]
            self._members += await asyncio.gather(*(self._coming(sends) for sends in some))
            await self._mended()

    async def _load(self, empty: tuple[int, int]) -> Load:
        await asyncio.sleep(CALM_S)
        sources = [one.source for one in self._media()]
        sent, late = sum(one.sent for one in sources), sum(one.late for one in sources)
        began, before = time.monotonic(), self._watched.cpu_s()
        await asyncio.sleep(LOAD_S)
        after, seconds = self._watched.cpu_s(), time.monotonic() - began
        server, janus, members = (
            (now - then) / seconds for now, then in zip(after, before, strict=True)
        )
        server_kb, janus_kb = self._watched.memory_kb()
        sent = sum(one.sent for one in sources) - sent
        late = sum(one.late for one in sources) - late
        return Load(
            server, janus, members, server_kb - empty[0], janus_kb - empty[1], late / max(1, sent)
        )

    async def _sealing(self, rounds: int) -> Sealing:
        """Measure Janus with sealed and unsealed frames in turn, until the ratio is good enough.

        Args:
            rounds: At least; twice as many at most.
        """
        wire = self._call.wire
        figures: dict[bool, list[float]] = {False: [], True: []}
        wire.weighing = True
        while True:
            for wire.plain in (False, True, True, False):
                figures[wire.plain].append(await self._round())
            done = Sealing(tuple(figures[False]), tuple(figures[True]))
            count = len(done.sealed) + len(done.plain)
            if count >= rounds and (done.error < ENOUGH or count >= 2 * rounds):
                break
        wire.weighing = False
        await asyncio.sleep(CALM_S)
        return done

    async def _round(self) -> float:
        await asyncio.sleep(SWITCH_S)
        wire, janus = self._call.wire, self._watched.janus
        sound, cpu = wire.sound, janus.cpu_s()
        await asyncio.sleep(ROUND_S)
        used, sent = janus.cpu_s() - cpu, wire.sound - sound
        if not sent:
            raise CutOffError(Code.UNEXPECTED, f"nothing was sent for {ROUND_S:g} s")
        return used / (sent * FRAME_S)

    # Changes of members

    async def _change(self) -> None:
        """Have one member leave and another come; if one is cut off meanwhile, it is not counted.

        Raises:
            CutOffError: It happened too often.
        """
        who = next(one for one in self._members if one.sends)
        try:
            leave = await self._leave(who)
            join = await self._join(who.sends)
        except CutOffError:
            self._disturbed += 1
            if self._disturbed > DISTURBED_AT_MOST:
                raise
            while len(self._members) < self._size:
                self._members.append(await self._coming(who.sends))
            await self._mended()
        else:
            self._leaves.append(leave)
            self._joins.append(join)

    async def _mended(self) -> None:
        """Wait until all are in one epoch and hear each other; who is cut off comes in again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            out = [one for one in self._members if one.is_out]
            for lost in out:
                self._members.remove(lost)
                await lost.leave()
                self._members.append(await self._coming(lost.sends))
            try:
                await self._settled()
                await self._until(self._all_hear, "sound of all")
            except CutOffError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    async def _coming(self, sends: frozenset[str]) -> Member:
        return await Member.comes(self._call, sends=sends, gets=bool(sends))

    async def _leave(self, who: Member) -> Leave:
        epoch = who.state.epoch
        wire, commits = self._call.wire, self._call.commits
        await self._calm()
        self._members.remove(who)
        stay = self._members
        commits.clear()
        began = time.monotonic()
        leaving = asyncio.create_task(who.leave())
        await self._settled(epoch + 1)
        switched = max(one.frames.switched[epoch + 1] for one in stay)
        await asyncio.sleep(AFTER_S)
        await self._until(lambda: self._hear_since(stay, switched), "sound after the switch")
        ended = time.monotonic()
        await leaving

        def switch(sender: BenchFrames) -> float | None:
            return sender.switched.get(epoch + 1) if sender is not who.frames else None

        after = await self._tapped(lambda: wire.sent_after(switch))
        wire.noting = False
        return Leave(
            1000 * (switched - began),
            len(after),
            await asyncio.to_thread(count_opened, after, who.frames.epochs),
            await asyncio.to_thread(count_opened, after, stay[0].frames.epochs),
            await asyncio.to_thread(count_opened, wire.sent_before(began), who.frames.epochs),
            max(commits, default=0),
            stay[0].state.epoch - epoch,
            self._gaps(stay, began, ended),
        )

    async def _join(self, sends: frozenset[str]) -> Join:
        before = list(self._members)
        epoch = before[0].state.epoch
        await self._calm()
        self._call.wire.noting = False
        self._call.commits.clear()
        began = time.monotonic()
        new = await self._coming(sends)
        self._members.append(new)
        await self._settled(epoch + 1)
        keyed = new.frames.switched[new.state.epoch]
        await self._until(self._all_hear, "sound of all")
        own = new.state.own
        times = [media.heard.first(own) for media in self._media(before)]
        if new.media is not None:
            times += [new.media.heard.first(one.state.own) for one in before if one.sends]
        heard = max((at for at in times if at is not None), default=keyed)
        await asyncio.sleep(CALM_S)
        await self._until(lambda: self._hear_since(before, heard), "sound after the switch")
        ended = time.monotonic()
        return Join(
            1000 * (keyed - began),
            1000 * (heard - began),
            max(self._call.commits, default=0),
            before[0].state.epoch - epoch,
            self._gaps(before, began, ended),
        )

    async def _calm(self) -> None:
        """Let what came before come to rest; then note what passes, for as long as a change."""
        await asyncio.sleep(CALM_S)
        for media in self._media():
            media.heard.forget()
        self._call.wire.note()
        await asyncio.sleep(AFTER_S + 1)
        await self._tapped(lambda: self._call.wire.taken)

    def _gaps(self, members: Iterable[Member], began: float, ended: float) -> tuple[Gap, ...]:
        """Return what is missing of each sender at each listener, around a change and before it."""
        length = ended - began
        return tuple(
            Gap(
                media.heard.missing_ms(leaf, began, ended),
                media.heard.missing_ms(leaf, began - length, began),
            )
            for media, leaf in self._pairs(members)
        )

    # Waiting

    def _media(self, members: Iterable[Member] | None = None) -> list[BenchMedia]:
        some = self._members if members is None else members
        return [one.media for one in some if one.media is not None]

    def _pairs(self, members: Iterable[Member]) -> Iterator[tuple[BenchMedia, int]]:
        """Yield each of these who listens, with the leaf of each other one who sends."""
        some = list(members)
        for member in some:
            if member.media is not None:
                for one in some:
                    if one is not member and one.sends:
                        yield member.media, one.state.own

    def _all_hear(self) -> bool:
        """Say whether everybody who listens has heard everybody else who sends."""
        pairs = self._pairs(self._members)
        return all(media.heard.first(leaf) is not None for media, leaf in pairs)

    def _hear_since(self, members: Iterable[Member], at: float) -> bool:
        """Say whether these heard each other after a time: a gap without an end is none either."""
        return all(media.heard.last(leaf) > at for media, leaf in self._pairs(members))

    async def _tapped(self, frames: Callable[[], list[Frame]]) -> list[Frame]:
        """Wait until the tap got frames of everybody who sends; return all it got.

        Args:
            frames: Which of those it got.
        """
        sealed = self._call.wire.sealed
        senders = {id(one.frames) for one in self._members if one.sends}

        def enough() -> bool:
            return {id(sealed[frame][0]) for frame, _ in frames() if frame in sealed} >= senders

        await self._until(enough, "frames at the SFU", LOOK_S)
        return frames()

    async def _settled(self, epoch: int = 0) -> None:
        """Wait until everybody is in the room and sends with the keys of one epoch."""

        def same() -> bool:
            if not all(one.is_settled for one in self._members):
                return False
            epochs = {one.state.epoch for one in self._members}
            leaves = {one.state.leaves for one in self._members}
            return len(epochs) == len(leaves) == 1 and min(epochs) >= epoch

        await self._until(same, "new keys")

    async def _until(self, condition: Callable[[], bool], what: str, look_s: float = 0.01) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise CutOffError(Code.UNEXPECTED, f"{what} did not come within {PATIENCE_S:g} s")
            await asyncio.sleep(look_s)
