"""One member's place in a room of Janus' VideoRoom: one handle to send with, one to receive with.

What Janus 1.1.2 does that its manual does not say, and what follows from it here:

- A publish that it refused leaves the member joined and the handle unusable: the handle is thrown
  away.
- A feed can be watched only once its connection stands (428 before that): `FeedUp` is emitted then.
- A token admits any number of times until it is taken back, and taking it back puts nobody out:
  it is good for one join (CK-821).
- "End-to-end encrypted" is a flag of whoever sends, and a room that demands it refuses who does
  not claim it (CK-819). Whether it is true only the members can tell: they drop what does not open.
- It needs no candidate of the other side: it answers to where packets come from.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.media import sfu_sdp
from visavis.media.janus_link import Answer, Event, JanusLink
from visavis.media.sfu_sdp import Kind, SfuDescription
from visavis.ports.random import Rng
from visavis.ports.sfu import (
    FEED_BYTES,
    FeedGone,
    FeedUp,
    MediaFlows,
    Offered,
    OfferedStream,
    Published,
    SfuEvent,
    Wanted,
)

E2EE: Final = {"e2ee": True}
"""CK-819: sent with every description of a member; the room refuses those without it."""


class Door(Protocol):
    """What a seat needs of its room."""

    link: JanusLink
    name: str
    own: frozenset[str]
    rng: Rng
    sections: dict[bytes, tuple[str, ...]]
    """Of each feed that stands: which of its sections carry media."""

    def token(self) -> contextlib.AbstractAsyncContextManager[str]:
        """Return a token that admits while the block lasts."""
        ...


_Part: TypeAlias = tuple[bytes, str]
"""One section of a feed: the feed's id, and its sender's name for the section."""


@dataclass(slots=True)
class _Feed:
    """What the seat sends."""

    feed: bytes
    fingerprint: str
    sections: tuple[str, ...]
    handle: int = 0
    up: bool = False
    receiving: dict[str, bool] = field(default_factory=dict)


class JanusSeat:
    """A seat; see `visavis.ports.sfu.SfuSeat`."""

    def __init__(self, door: Door, emit: Callable[[SfuEvent], None]) -> None:
        self._door = door
        self._emit = emit
        self._busy = asyncio.Lock()
        self._sending: _Feed | None = None
        self._getting = 0
        self._has: set[_Part] = set()
        self._wanted: set[_Part] = set()
        self._offered: list[tuple[Kind, str]] | None = None
        self._left = False
        self._later: set[asyncio.Task[None]] = set()

    async def publish(self, offer: str) -> Published:
        """Begin to send, or change what is sent; see `SfuSeat.publish`."""
        described = sfu_sdp.read(offer, "offer")
        async with self._one():
            sending = self._sending
            if sending is not None and sending.fingerprint == described.fingerprint:
                body = {"request": "configure"}
                answer = await self._door.link.ask(sending.handle, body, _jsep("offer", described))
                sending.sections = _flowing(described)
                # Once more: it may have other sections now; unless it was hung up meanwhile.
                if sending.up and self._sending is sending:
                    self._stands(sending)
                return Published(self._own(answer), sending.feed)
            await self._stop_sending()
            return await self._begin(described)

    async def watch(self, wanted: Sequence[Wanted]) -> None:
        """Get these feeds and no others; see `SfuSeat.watch`."""
        async with self._one():
            self._wanted = {part for one in wanted for part in self._parts(one)}
            if len(self._wanted) > sfu_sdp.MAX_GOT:
                raise PeerError(Code.MALFORMED, "CK-823: more sections than one may get")
            if not self._wanted:
                await self._stop_getting()
            elif self._offered is None:
                await self._step()

    async def answer(self, sdp: str) -> None:
        """Take the answer to the newest offer; see `SfuSeat.answer`."""
        described = sfu_sdp.read(sdp, "answer")
        async with self._one():
            if self._offered is None:
                raise PeerError(Code.UNEXPECTED, "CK-817: an answer without an offer")
            sfu_sdp.check_answer(self._offered, described)
            await self._door.link.ask(
                self._getting, {"request": "start"}, _jsep("answer", described)
            )
            self._offered = None
            # What is wanted now may be gone; the answer was taken all the same.
            with contextlib.suppress(UnavailableError):
                await self._step()

    async def layers(self, mid: str, substream: int, temporal: int) -> None:
        """Choose a simulcast layer; see `SfuSeat.layers`."""
        async with self._one():
            if not self._getting:
                raise UnavailableError(Code.UNAVAILABLE, "nothing is watched")
            stream = {"mid": mid, "substream": substream, "temporal": temporal}
            await self._door.link.ask(self._getting, {"request": "configure", "streams": [stream]})

    async def ask_key_frame(self) -> None:
        """Have the member asked for a key frame; see `SfuSeat.ask_key_frame`."""
        async with self._one():
            if self._sending is None:
                raise UnavailableError(Code.UNAVAILABLE, "nothing is sent")
            await self._door.link.ask(
                self._sending.handle, {"request": "configure", "keyframe": True}
            )

    async def leave(self) -> None:
        """End both connections; see `SfuSeat.leave`."""
        self._left = True
        async with self._busy:
            await self._stop_sending()
            await self._stop_getting()
        if self._later:
            await asyncio.wait(self._later)

    @contextlib.asynccontextmanager
    async def _one(self) -> AsyncIterator[None]:
        """Let one request in at a time, and none after `leave`."""
        async with self._busy:
            if self._left:
                raise UnavailableError(Code.UNAVAILABLE, "this seat was left")
            yield

    async def _begin(self, described: SfuDescription) -> Published:
        door = self._door
        sending = _Feed(door.rng(FEED_BYTES), described.fingerprint, _flowing(described))
        sending.handle = await door.link.attach(lambda event: self._of_sending(sending, event))
        body = {
            "request": "joinandconfigure",
            "ptype": "publisher",
            "room": door.name,
            "id": sending.feed.hex(),
        }
        self._sending = sending
        try:
            async with door.token() as token:
                answer = await door.link.ask(
                    sending.handle, {**body, "token": token}, _jsep("offer", described)
                )
            return Published(self._own(answer), sending.feed)
        except BaseException:
            await self._stop_sending()
            raise

    async def _stop_sending(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            self._fell(sending)
            await self._door.link.detach(sending.handle)

    def _stands(self, sending: _Feed) -> None:
        sending.up = True
        self._door.sections[sending.feed] = sending.sections
        self._emit(FeedUp(sending.feed))

    def _fell(self, sending: _Feed) -> None:
        if self._door.sections.pop(sending.feed, None) is not None:
            self._emit(FeedGone(sending.feed))

    def _parts(self, wanted: Wanted) -> set[_Part]:
        """Return what is wanted of a feed by section; of one that is gone, one to fail by."""
        there = self._door.sections.get(wanted.feed)
        if there is None:
            return {(wanted.feed, mid) for mid in wanted.mids or ("0",)}
        # A screen that is shared later: until then it may be wanted, and is left out.
        return {(wanted.feed, mid) for mid in there if not wanted.mids or mid in wanted.mids}

    async def _stop_getting(self) -> None:
        handle, self._getting = self._getting, 0
        self._offered = None
        self._has = set()
        if handle:
            await self._door.link.detach(handle)

    async def _step(self) -> None:
        """Bring what is got nearer to what is wanted, by one offer at most."""
        gone, fresh = self._has - self._wanted, self._wanted - self._has
        if self._getting and gone:
            request = {"request": "unsubscribe", "streams": _streams(gone)}
            answer = await self._door.link.ask(self._getting, request)
            self._has -= gone
            self._offer(answer)
            # The rest after the answer: two changes at once would be two offers at once.
            if self._offered is not None:
                return
        if fresh:
            answer = await self._subscribe(_streams(fresh))
            self._has |= fresh
            self._offer(answer)

    async def _subscribe(self, streams: list[dict[str, str]]) -> Answer:
        door = self._door
        if self._getting:
            body: dict[str, Any] = {"request": "subscribe", "streams": streams}
            return await door.link.ask(self._getting, body)
        handle = await door.link.attach(self._of_getting)
        body = {
            "request": "join",
            "ptype": "subscriber",
            "room": door.name,
            "streams": streams,
            # What ended stays a silent section until the member watches something else.
            "autoupdate": False,
        }
        try:
            async with door.token() as token:
                answer = await door.link.ask(handle, {**body, "token": token})
        except BaseException:
            await door.link.detach(handle)
            raise
        self._getting = handle
        return answer

    def _offer(self, answer: Answer) -> None:
        if answer.sdp is None:
            return
        streams = tuple(
            OfferedStream(str(one["mid"]), bytes.fromhex(one["feed_id"]), str(one["feed_mid"]))
            for one in answer.data.get("streams", [])
            if "feed_id" in one
        )
        sdp = self._own(answer)
        self._offered = sfu_sdp.sections_of(sdp)
        self._emit(Offered(sdp, streams))

    def _own(self, answer: Answer) -> str:
        if answer.sdp is None:
            raise UnavailableError(Code.UNAVAILABLE, "the SFU answered without a description")
        return sfu_sdp.check_own(answer.sdp, self._door.own)

    def _of_sending(self, sending: _Feed, event: Event) -> None:
        match event.get("janus"):
            case "webrtcup" if not sending.up:
                self._stands(sending)
            case "media":
                flowed = any(sending.receiving.values())
                sending.receiving[str(event.get("mid"))] = bool(event.get("receiving"))
                flows = any(sending.receiving.values())
                if flows != flowed:
                    self._emit(MediaFlows(flows))
            case "hangup" if self._sending is sending:
                self._sending = None
                self._fell(sending)
                self._soon(self._door.link.detach(sending.handle))
            case _:
                pass

    def _of_getting(self, event: Event) -> None:
        if event.get("janus") == "hangup" and event.get("sender") == self._getting:
            handle, self._getting = self._getting, 0
            # The member's next wish begins a new connection.
            self._offered, self._has = None, set()
            self._soon(self._door.link.detach(handle))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def _flowing(described: SfuDescription) -> tuple[str, ...]:
    return tuple(section.mid for section in described.sections if section.flows)


def _streams(parts: set[_Part]) -> list[dict[str, str]]:
    return [{"feed": feed.hex(), "mid": mid} for feed, mid in sorted(parts)]


def _jsep(kind: str, described: SfuDescription) -> dict[str, Any]:
    return {"type": kind, "sdp": described.encode(), **E2EE}
