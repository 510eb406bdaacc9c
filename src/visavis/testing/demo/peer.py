"""One person of the demo, in a process of its own: commands in, events out, one JSON per line.

Times are seconds of the machine's monotonic clock, which all processes share, taken where the
thing happens.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visavis.core.errors import VisavisError
from visavis.media.sinks import NullSink
from visavis.media.sources import FileSource
from visavis.sdk.client import Client
from visavis.testing.recorder import RecorderSink
from visavis.testing.wrong_key import judge, record_calls

if TYPE_CHECKING:
    from visavis.sdk.calls import Call


def emit(event: str, **values: object) -> None:
    """Print one event."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


class Peer:
    """Carries out the harness's commands with the SDK."""

    def __init__(self, profile: Path, password: str) -> None:
        self._profile = profile
        self._password = password
        self._client: Client | None = None
        self._hang_up = asyncio.Event()

    @property
    def client(self) -> Client:
        """Return the signed-up client."""
        if self._client is None:
            raise RuntimeError("sign up first")
        return self._client

    async def signup(self, server: str, link: str, name: str) -> None:
        """Make the account."""
        self._client = await Client.signup(
            self._profile, server, link, name, self._password, allow_loopback=True
        )
        await self._client.__aenter__()
        self._incoming = self._client.incoming()
        emit("signed_up", handle=self._client.handle)

    async def invite(self) -> None:
        """Make an invite link."""
        emit("invited", link=await self.client.create_invite())

    async def accept(self, link: str) -> None:
        """Use an invite link, and write a message that must not be found on the server."""
        contact = await self.client.accept_invite(link, wait_s=30.0)
        if contact is None:
            raise RuntimeError("the inviter did not answer")
        await self.client.send_message(contact, "see you at the old mill")
        emit("contact", name=contact.name)

    async def await_contact(self) -> None:
        """Wait until somebody used our invite."""
        while not (found := await self.client.contacts()):
            await asyncio.sleep(0.05)
        emit("contact", name=found[0].name)

    async def safety(self) -> None:
        """Tell the safety number with our only contact."""
        contact = (await self.client.contacts())[0]
        emit("safety", number=await self.client.safety_number(contact))

    async def call(self, media: str) -> None:
        """Call our only contact."""
        contact = (await self.client.contacts())[0]
        source = FileSource(Path(media), loop=True)
        emit("calling", at=time.monotonic())
        ongoing = await self.client.call(contact, media="video", source=source, sink=NullSink())
        await ongoing.answered()
        await self._talk(ongoing)

    async def answer(self, media: str, received: str | None) -> None:
        """Accept the next call; with a path, record it and try the bytes with a wrong key."""
        with record_calls() as recording:
            ringing = await anext(self._incoming)
            emit("ringing", at=time.monotonic())
            recorder = RecorderSink(Path(received) if received else None)
            emit("accepted", at=time.monotonic())
            ongoing = await ringing.accept(
                media="video", source=FileSource(Path(media), loop=True), sink=recorder
            )
            await self._talk(ongoing)
            recorder.close()
        emit(
            "recorded",
            pictures=recorder.pictures,
            counters=recorder.counters,
            loud_s=recorder.loud_s,
        )
        if received:
            verdict = await asyncio.to_thread(judge, recording)
            emit("judged", wrong=verdict.wrong.pictures, control=verdict.control.pictures)

    async def _talk(self, ongoing: Call) -> None:
        await ongoing.connected()
        await ongoing.first_frame()
        emit("first_frame", at=ongoing.stats().first_frame_at or time.monotonic())
        emit("words", sas=await ongoing.sas())
        self._hang_up.clear()
        emit("talking")
        ended = asyncio.create_task(ongoing.ended())
        wanted = asyncio.create_task(self._hang_up.wait())
        await asyncio.wait({ended, wanted}, return_when=asyncio.FIRST_COMPLETED)
        wanted.cancel()
        path = ongoing.path
        if not ended.done():
            await ongoing.hang_up()
        reason = await ended
        final = ongoing.stats()
        emit(
            "talked",
            reason=reason,
            suite=ongoing.suite,
            path=path,
            frames_sent=final.frames_sent,
            frames_decoded=final.frames_decoded,
            audio_s=final.audio_decoded_s,
            audio_sizes=sorted(final.audio_packet_sizes),
        )

    def hang_up(self) -> None:
        """End the present call."""
        self._hang_up.set()

    async def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            await self._client.__aexit__(None, None, None)


async def serve_commands(peer: Peer) -> None:
    """Read commands until `quit`; each runs by itself, its failure is an event."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    tasks: set[asyncio.Task[None]] = set()

    async def run(name: str, values: dict[str, Any]) -> None:
        try:
            await getattr(peer, name)(**values)
        except VisavisError as error:
            emit("failed", doing=name, error=f"{error}")
        except Exception as error:  # noqa: BLE001 - the harness decides what a failure means
            emit("failed", doing=name, error=f"{type(error).__name__}: {error}")

    emit("ready")
    try:
        while line := await reader.readline():
            command = json.loads(line)
            name = command.pop("do")
            if name == "quit":
                break
            if name == "hang_up":
                peer.hang_up()
                continue
            task = asyncio.create_task(run(name, command))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await peer.close()
        transport.close()
        emit("closed")


def main() -> None:
    """Run: PROFILE PASSWORD_FILE."""
    profile, password_file = map(Path, sys.argv[1:3])
    password = password_file.read_text(encoding="utf-8").strip()

    async def run() -> None:
        await serve_commands(Peer(profile, password))

    asyncio.run(run())


if __name__ == "__main__":
    main()
