"""A network of their own for SFU tests, and members that publish and watch with aiortc."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack, VideoStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender
from av import AudioFrame

from visavis.core.errors import Code, UnavailableError
from visavis.media.aiortc_private import learn_sources
from visavis.media.call_frames import CallFrames
from visavis.media.coturn_config import own_address
from visavis.media.encoders import SendCounts
from visavis.media.sframe_hooks import ReceiveCounts, protect_receiver, protect_sender
from visavis.ports.relay import RelayCredential

KEY = bytes(range(32))
INSIDE = "10.99.0.1"
_CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def network() -> Iterator[str]:
    """Give this thread, and what it starts, a network with one address; yield the address.

    Without root: the machine's own network. Janus takes no candidates on loopback.

    Raises:
        UnavailableError: Neither is there.
    """
    if os.geteuid() != 0:
        yield own_address()
        return
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            raise UnavailableError(Code.UNAVAILABLE, os.strerror(ctypes.get_errno()))
        try:
            for words in (
                "link set lo up",
                "link add veth0 type veth peer name veth1",
                f"addr add {INSIDE}/24 dev veth0",
                "link set veth0 up",
                "link set veth1 up",
                "route add default via 10.99.0.254 dev veth0",
            ):
                subprocess.run(["ip", *words.split()], check=True)
            yield INSIDE
        finally:
            libc.setns(before, _CLONE_NEWNET)
    finally:
        os.close(before)


def bare(sdp: str) -> str:
    """A description without candidates and without the hashes that Janus dislikes."""
    drop = ("a=candidate", "a=end-of-candidates")
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(drop))


class Hum(MediaStreamTrack):
    """Silence in the form that our Opus encoder takes: 960 samples of 16-bit mono."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._begun: float | None = None
        self._count = 0

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        self._begun = loop.time() if self._begun is None else self._begun
        await asyncio.sleep(max(0.0, self._begun + self._count * 0.02 - loop.time()))
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(bytes(1920))
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
        frame.pts = self._count * 960
        self._count += 1
        return frame


def keyed(leaf: int, others: set[int], key: bytes = KEY) -> CallFrames:
    """Frame keys of one epoch, without a group."""
    frames = CallFrames()
    frames.install(1, key, others)
    frames.send_in(1, key, leaf)
    return frames


class Peer:
    """One member's media: sealed frames to the SFU, and those of others from it."""

    def __init__(
        self,
        frames: CallFrames,
        *,
        relay: RelayCredential | None = None,
    ) -> None:
        self._relay = relay
        self.frames = frames
        self.sent, self.got = SendCounts(), ReceiveCounts()
        self.by_leaf: Counter[tuple[int, str]] = Counter()
        self._count_by_leaf()
        self.up = self.connection()
        self.down = self.connection()
        self.down.on("track", self._take)
        self._draining: set[asyncio.Task[None]] = set()

    def _count_by_leaf(self) -> None:
        receiver = self.frames._receiver
        decrypt, decrypt_picture = receiver.decrypt, receiver.decrypt_picture

        def counted(frame, kind, now):
            leaf, plaintext = decrypt(frame, kind, now)
            self.by_leaf[leaf, kind] += 1
            return leaf, plaintext

        def counted_picture(frame, now):
            leaf, kind, plaintext = decrypt_picture(frame, now)
            self.by_leaf[leaf, kind] += 1
            return leaf, kind, plaintext

        receiver.decrypt = counted  # type: ignore[method-assign]
        receiver.decrypt_picture = counted_picture  # type: ignore[method-assign]

    def connection(self) -> RTCPeerConnection:
        relay = self._relay
        if relay is None:
            servers, policy = [], RTCIceTransportPolicy.ALL
        else:
            urls = [url for url in relay.urls if "transport=udp" in url]
            servers = [RTCIceServer(urls, relay.username, relay.credential)]
            policy = RTCIceTransportPolicy.RELAY
        return RTCPeerConnection(
            RTCConfiguration(
                iceServers=servers,
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
                iceTransportPolicy=policy,
            )
        )

    async def offer(self, *, audio: bool = True, video: bool = True) -> str:
        """Add sound, a picture or both, and describe all that is sent."""
        tracks = [Hum()] * audio + [VideoStreamTrack()] * video
        for track in tracks:
            protect_sender(self.up.addTrack(track), self.frames, self.sent)
        for transceiver in self.up.getTransceivers():
            wanted = {"audio/opus", "video/VP8", "video/rtx"}
            codecs = RTCRtpSender.getCapabilities(transceiver.kind).codecs
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType in wanted])
            transceiver.direction = "sendonly"
        await self.up.setLocalDescription(await self.up.createOffer())
        return bare(self.up.localDescription.sdp)

    async def published(self, answer: str) -> None:
        await self.up.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def answer(self, offer: str) -> str:
        await self.down.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.down.setLocalDescription(await self.down.createAnswer())
        learn_sources(self.down, offer)
        return bare(self.down.localDescription.sdp)

    def _take(self, track: MediaStreamTrack) -> None:
        receiver = next(r for r in self.down.getReceivers() if r.track is track)
        protect_receiver(receiver, self.frames, self.got)
        self._draining.add(asyncio.ensure_future(self._drain(track)))

    async def _drain(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(Exception):
            while True:
                await track.recv()

    async def close(self) -> None:
        for task in self._draining:
            task.cancel()
        await asyncio.gather(self.up.close(), self.down.close())
