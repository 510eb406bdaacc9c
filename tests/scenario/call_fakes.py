"""A relay and media connections without sockets, for calls on a virtual clock.

Real: the SFrame keys. Each fake sends a frame every half second through them, and what the other
side cannot decrypt does not count. Faked: sockets, ICE, DTLS, codecs (tests/media has those).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from visavis.core.errors import Code, PeerError, UnavailableError, VisavisError
from visavis.core.meter import Carried
from visavis.core.realtime_text import BLOCK_EVERY_S
from visavis.media.interfaces import (
    FrameCrypto,
    MediaEvent,
    MediaSink,
    MediaSource,
    MediaStats,
    TurnServer,
)
from visavis.media.text_link import TextEnd

CONNECT_S = 0.3
FRAME_S = 0.5
SILENCE_S = 3.0
GATHER_S = 0.1


@dataclass
class FakeRelay:
    """All fake media meets here; it can die and come back."""

    running: bool = True
    made: list[FakeMedia] = field(default_factory=list)
    gathered: int = 0

    def stop(self) -> None:
        self.running = False
        for media in self.made:
            media.lose()


class FakeMedia:
    """One call's media on one device."""

    def __init__(
        self,
        relay: FakeRelay,
        *,
        video: bool,
        frames: FrameCrypto,
        source: MediaSource,
        sink: MediaSink,
    ) -> None:
        self.events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self.video = video
        self.closed = False
        self.connected = False
        self.sent = self.decoded = self.undecodable = self.refused = 0
        self.relay = relay
        self.number = len(relay.made)
        relay.made.append(self)
        self._frames = frames
        self._source, self._sink = source, sink
        self._generation = 0
        self._remote: tuple[int, int] | None = None
        self._remote_lines: set[str] = set()
        self._gathered = False
        self._first = False
        self.relay_only = True
        self._encryptor = frames.new_context("audio")
        self._text = frames.new_context("text")
        self.text_end: TextEnd | None = None
        self.blocks = 0

    @property
    def path(self) -> Literal["relayed", "direct"]:
        """The direct one if each has the other's host candidate, as ICE would find it."""
        other = self._other()
        assert other is not None
        lines = self._remote_lines | other._remote_lines
        return "direct" if {self.host_line, other.host_line} <= lines else "relayed"

    @property
    def key(self) -> tuple[int, int]:
        return self.number, self._generation

    @property
    def line(self) -> str:
        return f"candidate:{self.number}.{self._generation}"

    @property
    def host_line(self) -> str:
        return f"candidate:{self.number}.{self._generation} host"

    async def create_offer(self) -> str:
        return f"offer {self.number} {self._generation}"

    async def accept_offer(self, sdp: str) -> str:
        self._remote = self._parse(sdp, "offer")
        self._maybe_connect()
        return f"answer {self.number} {self._generation} {self._remote[0]} {self._remote[1]}"

    def carry_text(self, end: TextEnd) -> None:
        self.text_end = end

    def drop_video(self) -> None:
        self.video = False

    async def accept_answer(self, sdp: str) -> None:
        words = sdp.split()
        remote = self._parse(sdp, "answer")
        if tuple(int(word) for word in words[3:]) != self.key:
            raise PeerError(Code.MALFORMED, "an answer to another offer")
        self._remote = remote
        self._maybe_connect()

    @staticmethod
    def _parse(sdp: str, kind: str) -> tuple[int, int]:
        words = sdp.split()
        if words[0] != kind:
            raise PeerError(Code.MALFORMED, f"not an {kind}")
        return int(words[1]), int(words[2])

    async def gather(self, ice_servers: Sequence[TurnServer] | None = None) -> list[str]:
        assert ice_servers
        await self._source.start()
        self._sink.start()
        await asyncio.sleep(GATHER_S)
        if not self.relay.running:
            raise UnavailableError(Code.NO_RELAY, "no relay")
        self.relay.gathered += 1
        self._gathered = True
        self._maybe_connect()
        return [self.line] if self.relay_only else [self.line, self.host_line]

    async def add_remote_candidates(self, lines: Sequence[str]) -> None:
        if not all(line.startswith("candidate:") for line in lines):
            raise PeerError(Code.MALFORMED, "no candidate")
        if self.relay_only and any("host" in line for line in lines):
            raise PeerError(Code.MALFORMED, "CK-668: a candidate that is not relayed")
        self._remote_lines.update(lines)
        self._maybe_connect()

    async def restart(
        self,
        ice_servers: Sequence[TurnServer] | None = None,
        *,
        relay_only: bool | None = None,
    ) -> None:
        assert ice_servers
        self.relay_only = self.relay_only if relay_only is None else relay_only
        self._generation += 1
        self._remote = None
        self._remote_lines.clear()  # They were the old transport's.
        self._gathered = self.connected = False
        self._encryptor = self._frames.new_context("audio")

    def carried(self) -> Carried:
        return Carried(relay_sent=self.sent, relay_received=self.decoded)

    async def stats(self) -> MediaStats:
        return MediaStats(
            frames_sent=self.sent,
            frames_decoded=self.decoded,
            decrypt_failures=self.undecodable,
            encrypt_refusals=self.refused,
            audio_packets=0,
            audio_decoded_s=0.0,
            audio_packet_sizes={},
            path=self.path if self.connected else "none",
            rtt_ms=None,
            connected=self.connected,
            first_frame_at=None,
        )

    async def close(self) -> None:
        self.closed = True
        self.connected = False
        self._source.close()
        self._sink.close()

    def lose(self) -> None:
        """Let the path die: noticed after three seconds of silence."""
        if self.connected:
            self.connected = False
            asyncio.get_running_loop().call_later(SILENCE_S, self._lost, self._generation)

    def _lost(self, generation: int) -> None:
        if not self.closed and generation == self._generation:
            self.events.put_nowait(MediaEvent.LOST)

    def _ready_for(self, other: FakeMedia) -> bool:
        return self._gathered and self._remote == other.key and other.line in self._remote_lines

    def _other(self) -> FakeMedia | None:
        return None if self._remote is None else self.relay.made[self._remote[0]]

    def _maybe_connect(self) -> None:
        other = self._other()
        if other is not None and self._ready_for(other) and other._ready_for(self):
            for end in (self, other):
                asyncio.get_running_loop().call_later(CONNECT_S, end._connect, end.key)

    def _connect(self, key: tuple[int, int]) -> None:
        other = self._other()
        up = self.relay.running and not self.closed and other is not None and not other.closed
        if up and key == self.key and not self.connected:
            self.connected = True
            self.events.put_nowait(MediaEvent.CONNECTED)
            self._send_frame(key)
            self._send_text(key)

    def _send_text(self, key: tuple[int, int]) -> None:
        other, end = self._other(), self.text_end
        if self.closed or key != self.key or not self.connected or other is None or end is None:
            return
        block = end.next_text_block()
        if block is not None:
            try:
                sealed = self._text.encrypt(block, "text")
                self.blocks += 1
                assert other.text_end is not None
                other.text_end.take_text_block(other._frames.decrypt(sealed, "text"))
            except VisavisError:
                self.refused += 1
        asyncio.get_running_loop().call_later(BLOCK_EVERY_S, self._send_text, key)

    def _send_frame(self, key: tuple[int, int]) -> None:
        other = self._other()
        if self.closed or key != self.key or not self.connected or other is None:
            return
        if other.closed:
            self.lose()
            return
        try:
            sealed = self._encryptor.encrypt(b"voice", "audio")
        except VisavisError:
            self.refused += 1
        else:
            self.sent += 1
            other._receive(sealed)
        asyncio.get_running_loop().call_later(FRAME_S, self._send_frame, key)

    def _receive(self, sealed: bytes) -> None:
        assert b"voice" not in sealed
        try:
            frame = self._frames.decrypt(sealed, "audio")
        except VisavisError:
            self.undecodable += 1
            return
        assert frame == b"voice"
        self.decoded += 1
        if not self._first:
            self._first = True
            self.events.put_nowait(MediaEvent.FIRST_FRAME)


class FakeEnd:
    """A source and a sink at once; remembers whether it was closed."""

    def __init__(self) -> None:
        self.started = self.closed = 0

    async def start(self) -> None:
        self.started += 1

    async def next_audio(self) -> object:
        raise NotImplementedError

    async def next_video(self) -> object:
        raise NotImplementedError

    def close_video(self) -> None: ...

    def on_audio(self, frame: object) -> None: ...

    def on_video(self, frame: object) -> None: ...

    def close(self) -> None:
        self.closed += 1


class FakeSink(FakeEnd):
    def start(self) -> None:  # type: ignore[override]
        self.started += 1
