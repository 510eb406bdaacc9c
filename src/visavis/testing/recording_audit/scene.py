"""One server with its relay and its SFU, two calls at once, and a search of every place it has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from visavis.core.errors import Code, FatalError
from visavis.core.ids import Capability, MailboxId
from visavis.media.coturn import free_port
from visavis.media.interfaces import AUDIO_FRAME, AUDIO_RATE, Kind
from visavis.sdk.calls import Call
from visavis.testing.group_bench.frames import Frame
from visavis.testing.group_bench.load import child_named
from visavis.testing.raw_client import add_devices_offline
from visavis.testing.recording_audit.files import content_of, files_below, files_of
from visavis.testing.recording_audit.memory import PIECE, memory_of
from visavis.testing.recording_audit.planted import Planted
from visavis.testing.recording_audit.recognised import recognised, recognised_in_packets
from visavis.testing.recording_audit.relay_call import relay_call
from visavis.testing.recording_audit.report import Place
from visavis.testing.recording_audit.search import FrameSearch, Hits, pieces_of
from visavis.testing.recording_audit.sfu_call import sfu_call
from visavis.testing.server import RunningServer, loopback_config
from visavis.testing.wiretap import WiretapProxy, tapped
from visavis.transport.call_room import Ticket

TIMES: Final = 3
"""How often at least memory is read while the calls last; once more when they are over."""

LEAST: Final[dict[Kind, int]] = {"audio": 100, "video": 30}
"""Frames that must have come through each call, or nothing was tried. More pictures than the clip
has, so that one of them is a key frame."""

PACKETS_PER_S: Final = AUDIO_RATE // AUDIO_FRAME
PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class Scene:
    """What is searched, and what was found so far.

    Args:
        folder: Empty; everything of this scene goes below it.
        planted: What is sent.
        sealed: Whether the calls are encrypted; False only for the control.
        seconds: How long the calls last.
    """

    folder: Path
    planted: Planted
    sealed: bool
    seconds: float
    _began: float = field(default_factory=time.time)
    _memory: dict[str, Hits] = field(default_factory=dict)
    _files: Hits = field(default_factory=Hits)
    _search: FrameSearch = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the search."""
        self._search = FrameSearch(self.planted.clip.frames)

    async def play(self, say: Callable[[str], None]) -> tuple[Place, ...]:
        """Have both calls, search, and end everything.

        Args:
            say: Told what happens.

        Raises:
            UnavailableError: NO_RELAY or NO_SFU; or UNAVAILABLE: memory or files cannot be read.
            FatalError: A call did not come about, or carried too little.
        """
        port = free_port()
        async with tapped(("127.0.0.1", port)) as tap:
            config = loopback_config(
                self.folder / "server",
                turn=True,
                turn_port=port,
                relay_announced_port=tap.port,
                sfu=True,
            )
            (device,) = await add_devices_offline(config.data_dir, time.time())
            ticket = Ticket(MailboxId(device.mailbox), Capability(device.capabilities[0]))
            server = RunningServer(config)
            await server.start()
            try:
                taken = await self._calls(server, ticket, say)
                await self._look_in_memory(server)
                say("Searching files, and what relay and SFU passed on")
                if not self.sealed:
                    self._plant_file(server.data_dir)
                await asyncio.to_thread(self._look_in_files, server)
            finally:
                await server.stop()
            await asyncio.to_thread(self._look_below_folder)
            return await asyncio.to_thread(self._places, tap, taken)

    async def _calls(
        self, server: RunningServer, ticket: Ticket, say: Callable[[str], None]
    ) -> list[Frame]:
        """Have both calls, read memory meanwhile, and return what came from the SFU."""
        played = self.planted.clip
        async with (
            relay_call(server, self.folder / "people", played, sealed=self.sealed) as calls,
            sfu_call(server.origin, ticket, played, sealed=self.sealed) as taken,
        ):
            say(f"Both calls stand; reading memory for {self.seconds:g} s")
            ends = time.monotonic() + self.seconds
            times = 0
            while times < TIMES or time.monotonic() < ends or not _carried_enough(calls, taken):
                if time.monotonic() > ends + PATIENCE_S:
                    raise FatalError(Code.UNEXPECTED, "the calls carried too little")
                await self._look_in_memory(server)
                times += 1
        return list(taken)

    async def _look_in_memory(self, server: RunningServer) -> None:
        for where, process in _processes(server).items():
            hits = self._memory.setdefault(where, Hits())
            await asyncio.to_thread(self._search.look, memory_of(process), hits)

    def _look_in_files(self, server: RunningServer) -> None:
        for process in _processes(server).values():
            for path in files_of(process, self._began):
                self._search.look(content_of(path), self._files)
        self._look_below_folder()

    def _look_below_folder(self) -> None:
        """Search data folder and log; not the profiles of the two people, who are no server."""
        for path in files_below([self.folder]):
            if self.folder / "people" not in path.parents:
                self._search.look(content_of(path), self._files)

    def _plant_file(self, data: Path) -> None:
        """Show that a file is found: no relay and no SFU writes one, sealed or not."""
        frames = self.planted.clip.frames
        (data / "planted-by-the-audit").write_bytes(frames["audio"][0] + frames["video"][0])

    def _places(self, tap: WiretapProxy, taken: list[Frame]) -> tuple[Place, ...]:
        packets = Hits()
        for datagram in tap.datagrams:
            self._search.look(pieces_of(datagram, PIECE), packets)
        passed = Hits()
        for frame, _ in taken:
            self._search.look(pieces_of(frame, PIECE), passed)
        relay = recognised_in_packets(tap.datagrams, self.planted)
        sound, pictures = (
            [frame for frame, one in taken if one == kind] for kind in ("audio", "video")
        )
        sfu = recognised(sound, pictures, self.planted)
        return (
            _place("relay", "packets", packets),
            Place("relay", "decoded", relay[0], relay[1], len(tap.datagrams)),
            _place("SFU", "packets", passed),
            Place("SFU", "decoded", sfu[0], sfu[1], len(taken)),
            *(_place(where, "memory", hits) for where, hits in self._memory.items()),
            _place("all files", "disk", self._files),
        )


def _processes(server: RunningServer) -> dict[str, int]:
    number = server.process_id
    return {
        "relay": child_named(number, "turnserver").number,
        "SFU": child_named(number, "janus").number,
        "server": number,
    }


def _place(where: str, how: str, hits: Hits) -> Place:
    return Place(where, how, len(hits.frames["audio"]), len(hits.frames["video"]), hits.looked_at)


def _carried_enough(calls: tuple[Call, Call], taken: list[Frame]) -> bool:
    """Say whether both calls carried so much that there was something to find."""
    stats = [call.stats() for call in calls]
    over_relay: dict[Kind, float] = {
        "audio": PACKETS_PER_S * min(one.audio_decoded_s for one in stats),
        "video": min(one.frames_decoded for one in stats),
    }
    return all(
        over_relay[kind] >= least and sum(one == kind for _, one in taken) >= least
        for kind, least in LEAST.items()
    )
