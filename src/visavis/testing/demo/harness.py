"""Runs the demo: server, relay and wiretap, two people, one call, and a look at the store."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from visavis.media.coturn import free_port
from visavis.testing.audit.holdings import Holdings, collect
from visavis.testing.audit.needles import Needle, finest_times, search
from visavis.testing.clip import clip_path
from visavis.testing.demo.process import PeerProcess, become_contacts
from visavis.testing.demo.result import DemoResult, in_order
from visavis.testing.server import RunningServer, running_server
from visavis.testing.wiretap import WiretapProxy
from visavis.testing.wiretap_analysis import analyse

PASSWORD = "correct horse battery staple, twice"  # noqa: S105 - of accounts that live for a minute
MESSAGE = "see you at the old mill"


async def run_demo(
    *, seconds: float, media: Path | None, keep: Path, say: Callable[[str], None]
) -> DemoResult:
    """Run one whole call and measure it.

    Args:
        seconds: How long to talk, from the moment both sides have decoded a picture.
        media: A clip to play; None for the shipped one.
        keep: Folder in which `received.webm` is written.
        say: Told what happens, for a person to read.

    Returns:
        The figures.

    Raises:
        FatalError: A person's process failed; nothing outside the temporary folder was touched.
        UnavailableError: coturn is missing, or the server did not start.
    """
    with tempfile.TemporaryDirectory(prefix="visavis-demo-") as scratch:
        return await _Demo(Path(scratch), seconds, media, keep, say).run()


class _Demo:
    def __init__(
        self,
        folder: Path,
        seconds: float,
        media: Path | None,
        keep: Path,
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._seconds = seconds
        self._own_clip = media is not None
        self._media = media or clip_path()
        self._keep = keep
        self._say = say
        self._received = keep / "received.webm"
        password_file = folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(PASSWORD, encoding="utf-8")
        self._anna = PeerProcess("anna", folder, password_file)
        self._bert = PeerProcess("bert", folder, password_file)
        self._handles: list[str] = []
        self._began = time.time()

    async def run(self) -> DemoResult:
        turn_port = free_port()
        tap = WiretapProxy(("127.0.0.1", turn_port))
        await tap.start()
        try:
            self._say("Starting a server, a relay and a wiretap in a temporary folder")
            async with running_server(
                self._folder,
                turn=True,
                turn_port=turn_port,
                relay_announced_port=tap.port,
            ) as server:
                return await self._with_server(server, tap)
        finally:
            await asyncio.gather(self._anna.close(), self._bert.close())
            await tap.close()

    async def _with_server(self, server: RunningServer, tap: WiretapProxy) -> DemoResult:
        anna, bert = self._anna, self._bert
        await asyncio.gather(anna.start(), bert.start())
        signup_ms = await self._become_contacts(server)
        await asyncio.gather(anna.do("safety"), bert.do("safety"))
        numbers = [(await anna.event("safety"))["number"], (await bert.event("safety"))["number"]]

        self._say("Anna calls Bert")
        await bert.do("answer", media=str(self._media), received=str(self._received))
        await anna.do("call", media=str(self._media))
        calling = await anna.event("calling")
        ringing = await bert.event("ringing")
        accepted = await bert.event("accepted")
        first = [await anna.event("first_frame"), await bert.event("first_frame")]
        words = [(await anna.event("words"))["sas"], (await bert.event("words"))["sas"]]
        await asyncio.gather(anna.event("talking"), bert.event("talking"))
        self._say(f"They see and hear each other; talking for {self._seconds:g} s")
        await asyncio.sleep(self._seconds)
        await anna.do("hang_up")
        sent, seen = await anna.event("talked"), await bert.event("talked")
        recorded, judged = await bert.event("recorded"), await bert.event("judged")

        self._say("Looking at what the wiretap caught and at what the server kept")
        caught = await asyncio.to_thread(analyse, list(tap.datagrams))
        await asyncio.gather(anna.close(), bert.close())
        await server.stop()
        kept = await asyncio.to_thread(collect, server.data_dir)
        rows = dict(Counter(row.table for row in kept.rows))
        return DemoResult(
            seconds=self._seconds,
            signup_ms=signup_ms,
            ring_ms=_ms(calling["at"], ringing["at"]),
            first_frame_ms=_ms(accepted["at"], max(f["at"] for f in first)),
            frames_sent=sent["frames_sent"],
            frames_decoded=seen["frames_decoded"],
            counters_read=len(recorded["counters"]),
            counters_in_order=in_order(recorded["counters"]),
            audio_s=round(seen["audio_s"], 2),
            audio_loud_s=round(recorded["loud_s"], 2),
            audio_packet_sizes=len(set(sent["audio_sizes"]) | set(seen["audio_sizes"])),
            path=seen["path"] if sent["path"] == seen["path"] else "mixed",
            suite=seen["suite"],
            safety_numbers_equal=numbers[0] == numbers[1],
            sas_equal=words[0] == words[1],
            wrong_key_frames=judged["wrong"],
            control_frames=judged["control"],
            own_clip=self._own_clip,
            received=str(self._received),
            wiretap_packets=caught.datagrams,
            wiretap_frames=caught.frames,
            server_rows=rows,
            # An envelope still waiting after both were online would be a row about this call.
            server_call_rows=rows.get("envelopes", 0)
            + sum(n for table, n in rows.items() if "call" in table),
            identifiers_found=self._identifiers_found(kept),
        )

    async def _become_contacts(self, server: RunningServer) -> int:
        self._say("Anna and Bert sign up and become contacts by an invite link")
        began = time.monotonic()
        self._handles = await become_contacts(server, self._anna, self._bert)
        return _ms(began, time.monotonic())

    def _identifiers_found(self, kept: Holdings) -> int:
        """Return how many planted identifiers and fine times the server's store gave away."""
        needles = [
            *(Needle.text("handle", "a handle", handle) for handle in self._handles),
            *(Needle.text("handle", "a name", name) for name in ("anna.", "bert.")),
            Needle.text("plaintext", "a message", MESSAGE),
            Needle.text("address", "an address", "127.0.0.1"),
            *(
                needle
                for second in range(int(self._began), int(time.time()) + 1)
                for needle in Needle.time("a moment of the call", second)
            ),
        ]
        hits = (hit for hit in search(kept, needles) if not _is_configuration(hit.where))
        return len([*hits, *finest_times(kept)])


def _is_configuration(where: str) -> bool:
    """Say whether a file holds the operator's own settings: its own address is no leak."""
    return where.endswith((".conf", "/origin"))


def _ms(begin_s: float, end_s: float) -> int:
    return round((end_s - begin_s) * 1000)
