"""One call's media: `MediaConnection`, from the first description to the last frame.

What it is not for: deciding. When to offer, accept, restart or end is the call machine's business;
this object does what it is told and puts what happens into `events`.

    caller                               callee
    create_offer  --- call.invite --->   (rings; nothing leaves)
                                         accept_offer after a person's tap
    accept_answer <-- call.accept ----
    gather        --- candidates ---->   gather after call.taken
    add_remote_candidates                add_remote_candidates
    ... CONNECTED, FIRST_FRAME ...

    after LOST, on both sides: restart, then the same steps again inside the call group

Until `gather` no packet of any kind leaves, so an offer tells nobody where the caller is and a
ringing callee is silent. Candidates are relayed ones only (docs/adr/0003), unless both people
granted each other the direct path.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final, Literal, cast

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.meter import Carried
from visavis.media import aiortc_private, candidates, gathering
from visavis.media.encoders import SendCounts
from visavis.media.interfaces import (
    FrameCrypto,
    MediaEvent,
    MediaSink,
    MediaSource,
    MediaStats,
    TurnServer,
)
from visavis.media.sframe_hooks import ReceiveCounts
from visavis.media.text_link import TextEnd, TextLink
from visavis.media.tracks import SinkPump
from visavis.media.traffic import Traffic
from visavis.media.transport import Transport

SILENCE_S: Final = 3.0
"""Seconds without any packet until the path counts as lost. RTP comes every 20 ms and RTCP at
least every 1.5 s, twice. Higher forgives a worse network, lower leaves more of the 10 s in which a
call must stand again."""

CONNECT_S: Final = 15.0
"""Seconds for ICE and DTLS, once both descriptions are in force."""

_CHECK_S: Final = 0.2


class MediaConnection:
    """The media of one call with one other device.

    Args:
        ice_servers: Relays; may be empty until `gather` or `restart` gets some.
        relay_only: Send and accept relayed candidates only.
        video: Whether we send and want pictures; the lesser media of both sides holds.
        frames: The call's SFrame keys. Without keys nothing is sent and nothing is decoded.
        source: What we show and say; started at `gather`, closed at `close`.
        sink: Where the other side's frames go; likewise.
        allow_loopback: Let loopback relays pass: demo and tests only.
    """

    def __init__(
        self,
        *,
        ice_servers: Sequence[TurnServer],
        video: bool,
        frames: FrameCrypto,
        source: MediaSource,
        sink: MediaSink,
        relay_only: bool = True,
        allow_loopback: bool = False,
    ) -> None:
        self.events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self._servers = tuple(ice_servers)
        self._video = video
        self._frames = frames
        self._source = source
        self._sink = sink
        self._relay_only = relay_only
        self._allow_loopback = allow_loopback
        self._sent = SendCounts()
        self._received = ReceiveCounts()
        self._traffic = Traffic()
        self._first_frame_at: float | None = None
        self._text = TextLink(frames)
        self._pump = SinkPump(sink, video=video, on_first=self._note_first_frame)
        self._remote_candidates = 0
        self._monitor: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._connected = False
        self._closed = False
        self._transport = self._new_transport()

    def carry_text(self, end: TextEnd) -> None:
        """Carry the real-time text of this end from the connection on."""
        self._text.join(end)

    async def create_offer(self) -> str:
        """Return an offer without candidates and without addresses; sends nothing."""
        self._check_open()
        return await self._transport.create_offer(video=self._video)

    async def accept_offer(self, sdp: str) -> str:
        """Return an answer without candidates; sends nothing.

        Raises:
            PeerError: `MALFORMED`: not an offer as we write them (`sdp_guard`).
        """
        self._check_open()
        return await self._transport.accept_offer(sdp, video=self._video)

    def drop_video(self) -> None:
        """Make this a voice call, for good; harmless when repeated.

        CK-369: from here on no picture is sent or shown, over this transport or a later one, and
        an answer that wants one is refused. Asked for before the answer of a callee that took a
        video call without picture: it must not get the picture all the same.
        """
        self._video = False
        self._transport.drop_video()
        self._source.close_video()
        self._pump.drop_video()

    async def accept_answer(self, sdp: str) -> None:
        """Take the answer to our offer, before or after `gather`.

        Raises:
            PeerError: `MALFORMED`: not an answer as we write them, or not to this offer, or with a
                picture after `drop_video`.
        """
        self._check_open()
        await self._transport.accept_answer(sdp, video=self._video)

    async def gather(
        self, ice_servers: Sequence[TurnServer] | None = None, *, timeout_s: float = 6.0
    ) -> list[str]:
        """Open source and sink, allocate at a relay, begin to connect; return our candidates.

        May be called again after `NO_RELAY`.

        Args:
            ice_servers: Fresh credentials, in place of those known.
            timeout_s: How long to go on trying to reach a relay.

        Raises:
            UnavailableError: `NO_RELAY`, `NO_DEVICE` or `NO_MEDIA`; `UNAVAILABLE` if `restart` or
                `close` came in between.
        """
        self._check_open()
        if ice_servers is not None:
            self._servers = tuple(ice_servers)
        await self._source.start()
        # Opening a window or a sound card takes a while; the event loop goes on meanwhile.
        await asyncio.to_thread(self._sink.start)
        transport = self._transport
        lines = await transport.gather(
            self._servers, allow_loopback=self._allow_loopback, timeout_s=timeout_s
        )
        if transport is self._transport and not self._closed:
            self._monitor = asyncio.ensure_future(self._watch(transport))
            self._text.start()
        return lines

    async def add_remote_candidates(self, lines: Sequence[str]) -> None:
        """Take the other side's candidates, any number of times, all or none of a list.

        Raises:
            PeerError: `MALFORMED`: CK-667 to CK-669, or CK-671: more than 16 for one transport.
        """
        self._check_open()
        if self._remote_candidates + len(lines) > candidates.MAX_CANDIDATES:
            raise PeerError(Code.MALFORMED, "CK-671: too many candidates")
        checked = [
            candidates.parse(line, relay_only=self._relay_only, allow_loopback=self._allow_loopback)
            for line in lines
        ]
        self._remote_candidates += len(checked)
        await self._transport.add_candidates(checked)

    async def restart(
        self,
        ice_servers: Sequence[TurnServer] | None = None,
        *,
        relay_only: bool | None = None,
    ) -> None:
        """Drop the transport and make a new one, undescribed, for the same source and sink.

        Afterwards `create_offer` or `accept_offer` and so on run as in a new call; the roles may
        be swapped. Keys stay where they are; each encoder of the new transport asks `FrameCrypto`
        for a context of its own. aiortc has no ICE restart (RFC 8445, 2.4), and a new DTLS
        association costs two round trips only.

        Args:
            ice_servers: Fresh credentials (protocol P12), in place of those known.
            relay_only: Change to the direct path or back (design.md section 5, step 4).
        """
        self._check_open()
        if relay_only is not None:
            self._relay_only = relay_only
        if ice_servers is not None:
            self._servers = tuple(ice_servers)
        old, self._transport = self._transport, self._new_transport()
        self._drop(old)

    async def stats(self) -> MediaStats:
        """Return the call's figures so far."""
        rtt_ms: float | None = None
        path = "none"
        if not self._closed:
            report = await self._transport.pc.getStats()
            trips = [
                trip
                for entry in report.values()
                if (trip := getattr(entry, "roundTripTime", None)) is not None
            ]
            rtt_ms = min(trips) * 1000 if trips else None
            if self._connected:
                path = gathering.path_of(aiortc_private.ice_of(self._transport.pc))
        return MediaStats(
            frames_sent=self._sent.frames["video"],
            frames_decoded=self._pump.pictures,
            decrypt_failures=sum(self._received.failed.values()),
            encrypt_refusals=self._sent.refused.total(),
            audio_packets=self._sent.frames["audio"],
            audio_decoded_s=self._pump.seconds,
            audio_packet_sizes=dict(self._sent.audio_sizes),
            path=cast("Literal['relayed', 'direct', 'none']", path),
            rtt_ms=rtt_ms,
            connected=self._connected,
            first_frame_at=self._first_frame_at,
        )

    def carried(self) -> Carried:
        """Return what its transports carried, for the metadata meter; whole once it is closed."""
        traffic = self._traffic
        return Carried(
            traffic.relay_sent,
            traffic.relay_received,
            round(traffic.relay_s),
            traffic.direct_sent,
            traffic.direct_received,
            traffic.address_told,
            self._sent.frames["audio"],
            len(self._sent.audio_sizes),
        )

    async def close(self) -> None:
        """End it: transport, source and sink. Harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._text.close()
            self._drop(self._transport)
            self._source.close()
        if self._closing:
            await asyncio.wait(self._closing)
        self._sink.close()

    def _new_transport(self) -> Transport:
        self._remote_candidates = 0
        return Transport(
            frames=self._frames,
            source=self._source,
            pump=self._pump,
            text=self._text,
            relay_only=self._relay_only,
            sent=self._sent,
            received=self._received,
            traffic=self._traffic,
        )

    def _drop(self, transport: Transport) -> None:
        """Stop watching a transport and close it in the background."""
        self._connected = False
        if self._monitor is not None:
            self._monitor.cancel()
            self._monitor = None
        transport.stop_sending()
        task = asyncio.ensure_future(transport.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _watch(self, transport: Transport) -> None:
        """Tell once that a transport came to stand, and once that it is gone."""
        packets, heard_at, last = 0, 0.0, time.monotonic()
        waiting_since: float | None = None
        while True:
            await asyncio.sleep(_CHECK_S)
            now = time.monotonic()
            # A stalled event loop is not a silent network.
            stalled, last = max(0.0, now - last - 2 * _CHECK_S), now
            heard_at += stalled
            state = transport.pc.connectionState
            if not self._connected:
                if transport.may_connect:
                    waiting_since = (waiting_since or now) + stalled
                if state == "connected":
                    self._connected, heard_at = True, now
                    self.events.put_nowait(MediaEvent.CONNECTED)
                elif state in {"failed", "closed"} or now - (waiting_since or now) > CONNECT_S:
                    self.events.put_nowait(MediaEvent.FAILED)
                    return
                continue
            count = aiortc_private.packets_received(transport.pc)
            if count != packets:
                packets, heard_at = count, now
            if state != "connected" or now - heard_at > SILENCE_S:
                self._connected = False
                self.events.put_nowait(MediaEvent.LOST)
                return

    def _note_first_frame(self) -> None:
        self._first_frame_at = time.monotonic()
        self.events.put_nowait(MediaEvent.FIRST_FRAME)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("this call's media is closed")


async def wait_for(
    connection: MediaConnection, event: MediaEvent, *, timeout_s: float
) -> MediaEvent:
    """Take events until one is `event`, `FAILED` or `LOST`, and return that one.

    Raises:
        TimeoutError: None of them came in time.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            got = await connection.events.get()
            if got in {event, MediaEvent.FAILED, MediaEvent.LOST}:
                return got


def drain(connection: MediaConnection) -> list[MediaEvent]:
    """Return the events that wait, without waiting."""
    events = []
    with contextlib.suppress(asyncio.QueueEmpty):
        while True:
            events.append(connection.events.get_nowait())
    return events
