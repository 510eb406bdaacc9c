"""The Python end of a call for the media tests in browsers: one JSON request a line, one answer.

It is the product's own `MediaConnection` over aiortc; `harness.ts` starts and steers it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from av import AudioFrame, VideoFrame

from visavis.core.errors import VisavisError
from visavis.core.realtime_text import RealtimeText
from visavis.media.call_frames import CallFrames
from visavis.media.connection import MediaConnection, drain
from visavis.media.interfaces import TurnServer
from visavis.media.sinks import NullSink
from visavis.media.sources import FileSource
from visavis.testing.clip import clip_path


class Ear(NullSink):
    """Measures how loud it is, and looks at one pixel."""

    energy = 0.0
    pixel: tuple[int, int, int] = (0, 0, 0)

    def on_audio(self, frame: AudioFrame) -> None:
        samples = frame.to_ndarray().astype(float) / 32768
        self.energy += float((samples**2).mean()) * frame.samples / 48000

    def on_video(self, frame: VideoFrame) -> None:
        picture = frame.to_ndarray(format="rgb24")
        self.pixel = tuple(int(x) for x in picture[picture.shape[0] // 2, picture.shape[1] // 2])


class Peer:
    def __init__(self) -> None:
        self.frames = CallFrames()
        self.ear = Ear()
        self.text = RealtimeText()
        self.connection: MediaConnection | None = None

    @property
    def media(self) -> MediaConnection:
        assert self.connection is not None
        return self.connection

    async def make(self, video: bool) -> None:
        self.connection = MediaConnection(
            ice_servers=(),
            video=video,
            frames=self.frames,
            source=FileSource(clip_path(), loop=True),
            sink=self.ear,
        )
        self.connection.carry_text(self)

    def next_text_block(self) -> bytes | None:
        return self.text.next_block()

    def take_text_block(self, block: bytes) -> None:
        self.text.receive(block)

    async def write(self, text: str) -> None:
        self.text.open()
        self.text.type(text)

    async def their_text(self) -> str:
        lines = [line.text for line in self.text.lines if line.who == "theirs"]
        return "\n".join([*lines, self.text.theirs])

    async def create_offer(self) -> str:
        return await self.media.create_offer()

    async def accept_offer(self, sdp: str) -> str:
        return await self.media.accept_offer(sdp)

    async def accept_answer(self, sdp: str) -> None:
        await self.media.accept_answer(sdp)

    async def gather(self, servers: list[dict[str, Any]]) -> list[str]:
        return await self.media.gather(
            [TurnServer(tuple(s["urls"]), s["username"], s["credential"]) for s in servers]
        )

    async def candidates(self, lines: list[str]) -> None:
        await self.media.add_remote_candidates(lines)

    async def restart(self) -> None:
        await self.media.restart()

    async def install(self, epoch: int, key: str, members: list[int]) -> None:
        self.frames.install(epoch, bytes.fromhex(key), set(members))

    async def send_in(self, epoch: int, key: str, leaf: int) -> None:
        self.frames.send_in(epoch, bytes.fromhex(key), leaf)

    async def drop_video(self) -> None:
        self.media.drop_video()

    async def events(self) -> list[str]:
        return [event.value for event in drain(self.media)]

    async def stats(self) -> dict[str, Any]:
        stats = await self.media.stats()
        return {
            "framesSent": stats.frames_sent,
            "framesDecoded": stats.frames_decoded,
            "decryptFailures": stats.decrypt_failures,
            "encryptRefusals": stats.encrypt_refusals,
            "audioPackets": stats.audio_packets,
            "audioDecodedS": stats.audio_decoded_s,
            "sizes": list(stats.audio_packet_sizes),
            "path": stats.path,
            "connected": stats.connected,
            "energy": self.ear.energy,
            "pixel": self.ear.pixel,
        }

    async def close(self) -> None:
        await self.media.close()


async def main() -> None:
    peer = Peer()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        method, *arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"value": await getattr(peer, method)(*arguments)}
        except VisavisError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    if peer.connection is not None:
        await peer.connection.close()


asyncio.run(main())
