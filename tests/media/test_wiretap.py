"""One call, watched from three places: at the relay, at an SFU, and with a wrong key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
from dataclasses import dataclass
from itertools import pairwise

import pytest
from aioice.turn import create_turn_endpoint

from visavis.media.connection import MediaEvent
from visavis.media.interfaces import MediaStats
from visavis.media.sources import FileSource
from visavis.testing.clip import CLIP_FRAMES, clip_path
from visavis.testing.recorder import RecorderSink
from visavis.testing.wiretap import PacketCapture, tapped
from visavis.testing.wiretap_analysis import (
    Findings,
    analyse,
    analyse_frames,
    out_of_turn,
    plain_call,
    plain_rtp,
)
from visavis.testing.wrong_key import CallRecording, Verdict, decode, judge, record_calls


@dataclass
class Watched:
    """Everything that was seen of one call."""

    relay: Findings
    sfu: Findings
    verdict: Verdict
    recording: CallRecording
    sink: RecorderSink
    caller: MediaStats
    callee: MediaStats
    file: pathlib.Path
    datagrams: list[bytes]


@pytest.fixture(scope="module")
def call(tmp_path_factory, make_pair, start_relay) -> Watched:
    """A call of some five seconds through a wiretap before coturn."""

    async def run() -> Watched:
        folder = tmp_path_factory.mktemp("wiretap")
        sink = RecorderSink(folder / "received.webm")
        async with start_relay(folder) as relay, tapped(("127.0.0.1", relay.port)) as proxy:
            with record_calls(end=1) as recording:
                pair = make_pair(relay.server(port=proxy.port))
                caller = pair.end(source=FileSource(clip_path()))
                callee = pair.end(sink=sink, source=FileSource(clip_path()))
                try:
                    await pair.connect()
                    await pair.expect(MediaEvent.FIRST_FRAME)
                    async with asyncio.timeout(30):
                        while len(sink.counters) < 45 or sink.loud_s < 1:
                            await asyncio.sleep(0.05)
                    stats = await caller.stats(), await callee.stats()
                finally:
                    await pair.close()
            captured = list(proxy.datagrams)
        return Watched(
            relay=analyse(captured),
            sfu=analyse_frames(recording.frames),
            verdict=judge(recording),
            recording=recording,
            sink=sink,
            caller=stats[0],
            callee=stats[1],
            file=folder / "received.webm",
            datagrams=captured,
        )

    return asyncio.run(run())


@pytest.mark.media
def test_the_callee_saw_and_heard_the_call(call: Watched) -> None:
    numbers = call.sink.counters
    assert len(numbers) >= 45
    # Pictures come in order, few are missing, and all are the clip's.
    assert set(numbers) <= set(range(CLIP_FRAMES))
    steps = [(b - a) % CLIP_FRAMES for a, b in pairwise(numbers)]
    assert sum(0 < step < 5 for step in steps) > 0.9 * len(steps)
    assert call.sink.loud_s >= 1
    assert call.callee.decrypt_failures == 0
    assert call.callee.path == "relayed"
    assert call.file.stat().st_size > 50_000


@pytest.mark.media
def test_sound_has_one_size_on_the_wire(call: Watched) -> None:
    """Over silence and speech; RFC 7587's CBR plus a frame header that never grows."""
    assert len(call.caller.audio_packet_sizes) == 1
    assert sum(call.caller.audio_packet_sizes.values()) > 100
    sealed = {len(frame) for kind, frame in call.recording.frames if kind == "audio"}
    assert sealed == set(call.caller.audio_packet_sizes)


@pytest.mark.media
def test_at_the_relay_there_is_a_call_but_nothing_to_watch(call: Watched) -> None:
    # The wiretap did see the call: its packets, out of their TURN framing.
    assert call.relay.relayed > 250
    assert call.relay.rtp_packets > 250
    assert call.relay.frames == 0


@pytest.mark.media
def test_packets_do_not_say_when_somebody_speaks(call: Watched) -> None:
    """CK-665: header extensions travel outside SRTP's encryption (RFC 3711, 3.1)."""
    seen = set()
    for datagram in call.datagrams:
        packet = out_of_turn(datagram)
        if len(packet) > 16 and packet[0] >> 4 == 0b1001 and not 64 <= packet[1] & 0x7F <= 95:
            assert packet[12:14] == b"\xbe\xde"
            length = int.from_bytes(packet[14:16], "big") * 4
            extensions, at = packet[16 : 16 + length], 0
            while at < len(extensions):
                if extensions[at] == 0:
                    at += 1
                    continue
                seen.add(extensions[at] >> 4)
                at += 2 + (extensions[at] & 0x0F)
    # 1 is the mid, 3 the send time of pictures; 2 would be the audio level.
    assert seen == {1, 3}


@pytest.mark.media
def test_at_an_sfu_there_are_frames_but_nothing_to_watch(call: Watched) -> None:
    kinds = {kind for kind, _ in call.recording.frames}
    assert kinds == {"audio", "video"}
    assert call.sfu.frames == 0


@pytest.mark.media
def test_a_wrong_key_sees_nothing_where_the_right_one_sees_all(call: Watched) -> None:
    wrong, control = call.verdict.wrong, call.verdict.control
    assert (wrong.decrypted, wrong.pictures, wrong.sound_s) == (0, 0, 0)
    assert control.pictures >= 45
    assert control.sound_s > 1
    # The control is the same call, not just some pictures.
    assert control.counters[:40] == call.sink.counters[:40]


def test_a_call_without_encryption_is_watched() -> None:
    """The positive control of the analyser."""
    findings = analyse(plain_call())
    assert findings.relayed == findings.datagrams > 500
    assert findings.counters == list(range(CLIP_FRAMES))
    assert findings.sound_packets > 450


def test_frames_without_encryption_are_watched() -> None:
    """The positive control of the second level."""
    import av

    with av.open(str(clip_path())) as container:
        frames = [
            (packet.stream.type, bytes(packet)) for packet in container.demux() if packet.size
        ]
    findings = analyse_frames(frames)
    assert findings.counters == list(range(CLIP_FRAMES))
    assert findings.sound_packets > 450
    assert decode(frames, lambda frame, _: frame).pictures == CLIP_FRAMES


def test_random_bytes_are_not_taken_for_a_call() -> None:
    scrambled = [packet[:16] + os.urandom(len(packet) - 16) for packet in plain_call()]
    findings = analyse(scrambled)
    assert findings.rtp_packets > 500
    assert findings.frames == 0
    assert analyse([os.urandom(size) for size in range(200)]).frames == 0


def test_what_is_in_turn_messages_is_found() -> None:
    rtp = next(plain_rtp())
    channel = b"\x40\x00" + len(rtp).to_bytes(2, "big") + rtp + bytes(3)
    assert out_of_turn(channel) == rtp
    padding = bytes(-len(rtp) % 4)
    attributes = (
        b"\x00\x12\x00\x08" + bytes(8) + b"\x00\x13" + len(rtp).to_bytes(2, "big") + rtp + padding
    )
    for kind in (b"\x00\x16", b"\x00\x17"):
        header = kind + len(attributes).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12)
        assert out_of_turn(header + attributes) == rtp
    assert out_of_turn(rtp) is rtp
    assert out_of_turn(b"") == b""


@pytest.mark.media
async def test_a_plain_call_through_coturn_is_watched(relay, tmp_path) -> None:
    """The positive control of the whole tap: real TURN framing by a real relay."""
    async with tapped(("127.0.0.1", relay.port)) as proxy:
        received: list[bytes] = []

        class Receiver(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                del addr
                received.append(data)

        ends = [
            await create_turn_endpoint(
                Receiver, ("127.0.0.1", proxy.port), username="test", password="secret"
            )
            for _ in range(2)
        ]
        try:
            (sender, _), (receiver, _) = ends
            there, here = receiver.get_extra_info("sockname"), sender.get_extra_info("sockname")
            # A relay passes on only what its own client has asked for.
            receiver.sendto(b"hello", here)
            sender.sendto(b"hello", there)
            await asyncio.sleep(0.2)
            for number, packet in enumerate(plain_rtp()):
                sender.sendto(packet, there)
                if number % 20 == 0:
                    await asyncio.sleep(0.005)
            async with asyncio.timeout(10):
                while len(received) < 500:
                    await asyncio.sleep(0.02)
        finally:
            for transport, _ in ends:
                transport.close()
            await asyncio.sleep(0.2)
        findings = analyse(proxy.datagrams)
    assert findings.relayed > 500
    assert len(findings.counters) > 100
    assert findings.sound_packets > 100


@pytest.mark.media
async def test_packets_are_captured_off_the_interface(relay) -> None:
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            PacketCapture({relay.port}).start()
        return
    capture = PacketCapture({relay.port})
    capture.start()
    with contextlib.closing(capture):
        loop = asyncio.get_running_loop()
        sender, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", relay.port)
        )
        for number in range(5):
            sender.sendto(b"\xff probe %d" % number)
        async with asyncio.timeout(5):
            while len(capture.datagrams) < 5:
                await asyncio.sleep(0.02)
        sender.close()
    assert [d for d in capture.datagrams if d.startswith(b"\xff")] == [
        b"\xff probe %d" % number for number in range(5)
    ]
