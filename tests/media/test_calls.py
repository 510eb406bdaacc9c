"""Real calls over a real coturn on loopback: what they send, and above all what they do not."""

from __future__ import annotations

import asyncio
import time

import pytest
from aioice import TransportPolicy

from visavis.core.errors import Code, PeerError, UnavailableError, UsageError
from visavis.media import transport as transport_module
from visavis.media.aiortc_private import ice_of
from visavis.media.call_frames import CallFrames
from visavis.media.connection import MediaConnection, MediaEvent, wait_for
from visavis.media.sources import FileSource
from visavis.testing.clip import clip_path
from visavis.testing.recorder import RecorderSink
from visavis.testing.wrong_key import record_calls

pytestmark = pytest.mark.media


async def packets_sent(connection: MediaConnection) -> int:
    """RTP packets that left this end's senders, as aiortc counts them."""
    report = await connection._transport.pc.getStats()
    return sum(entry.packetsSent for entry in report.values() if entry.type == "outbound-rtp")


@pytest.mark.long
async def test_a_call_over_tcp_is_seen_and_heard(relay, make_pair, wait_until) -> None:
    pair = make_pair(relay.server("tcp"))
    sink = RecorderSink(None)
    pair.end(source=FileSource(clip_path()))
    callee = pair.end(sink=sink)
    try:
        await pair.connect()
        await pair.expect(MediaEvent.FIRST_FRAME)
        await wait_until(lambda: len(sink.counters) >= 15 and sink.loud_s > 0.3)
        stats = await callee.stats()
        assert stats.path == "relayed"
        assert stats.decrypt_failures == 0
        assert stats.connected
    finally:
        await pair.close()
    assert not (await callee.stats()).connected


async def test_without_keys_nothing_is_sent_and_with_them_it_starts(pair, make_keys) -> None:
    """CK-650, CK-655: fail closed. The call stands, but not one media packet leaves."""
    silent = CallFrames()
    silent.install(1, bytes(range(32)), {1})
    caller = pair.end(frames=silent, source=FileSource(clip_path()))
    callee = pair.end(frames=make_keys(1))
    await pair.connect()
    assert await wait_for(caller, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED
    await asyncio.sleep(1.0)
    assert await packets_sent(caller) == 0
    assert (await callee.stats()).frames_decoded == 0
    assert (await callee.stats()).audio_decoded_s == 0
    assert (await caller.stats()).encrypt_refusals > 10
    # The positive control: the other end has its key and was sending all the time.
    assert await packets_sent(callee) > 10
    # The very same senders begin when the key comes, with a key frame.
    silent.send_in(1, bytes(range(32)), 0)
    assert await wait_for(callee, MediaEvent.FIRST_FRAME, timeout_s=10) is MediaEvent.FIRST_FRAME
    assert (await callee.stats()).decrypt_failures == 0
    # And stop when it goes.
    silent.stop_sending()
    await asyncio.sleep(0.1)
    sent = await packets_sent(caller)
    await asyncio.sleep(0.4)
    assert await packets_sent(caller) == sent


async def test_a_sender_without_its_hook_never_starts(pair, monkeypatch) -> None:
    """CK-652: forget the hook, and the guard keeps the sender from starting."""
    monkeypatch.setattr(transport_module, "protect_sender", lambda *_: None)
    caller = pair.end(source=FileSource(clip_path()))
    monkeypatch.undo()
    monkeypatch.setattr(transport_module, "protect_sender", lambda *_: None)
    callee = pair.end()
    await pair.connect()
    assert await wait_for(caller, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED
    await asyncio.sleep(1.0)
    for end in (caller, callee):
        assert await packets_sent(end) == 0
        stats = await end.stats()
        assert (stats.frames_decoded, stats.audio_decoded_s) == (0, 0)
        for sender in end._transport.pc.getSenders():
            assert not sender._RTCRtpSender__started


@pytest.mark.long
async def test_a_receiver_without_its_hook_decodes_nothing(pair, monkeypatch) -> None:
    """CK-653: ciphertext never reaches a decoder."""
    caller = pair.end(source=FileSource(clip_path()))
    callee = pair.end()
    monkeypatch.setattr(transport_module, "protect_receiver", lambda *_: None)
    await pair.connect()
    assert await wait_for(caller, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED
    await asyncio.sleep(1.0)
    assert await packets_sent(caller) > 10
    stats = await callee.stats()
    assert (stats.frames_decoded, stats.audio_decoded_s, stats.first_frame_at) == (0, 0, None)


@pytest.mark.long
async def test_a_wrong_key_decodes_nothing_and_asks_for_key_frames(pair, make_keys) -> None:
    """CK-651: undecryptable frames are dropped, not played."""
    caller = pair.end(source=FileSource(clip_path()))
    callee = pair.end(frames=make_keys(1, key=bytes(32), send_key=bytes(range(32))))
    asked, started = [], time.monotonic()
    await pair.connect()
    for sender in caller._transport.pc.getSenders():
        sender._send_keyframe = lambda kind=sender.kind: asked.append(kind)
    assert await wait_for(caller, MediaEvent.FIRST_FRAME, timeout_s=15) is MediaEvent.FIRST_FRAME
    await asyncio.sleep(1.5)
    stats = await callee.stats()
    assert (stats.frames_decoded, stats.audio_decoded_s) == (0, 0)
    assert stats.decrypt_failures > 20
    # Some, but not one for each of the 15 pictures a second.
    assert "video" in asked
    assert 2 <= len(asked) <= 2 + (time.monotonic() - started) / 0.3


async def test_nothing_leaves_before_gather(relay, pair, monkeypatch) -> None:
    opened = []
    loop = asyncio.get_running_loop()
    datagram, stream = loop.create_datagram_endpoint, loop.create_connection

    async def watch_datagram(*args, **options):
        opened.append("udp")
        return await datagram(*args, **options)

    async def watch_stream(*args, **options):
        opened.append("tcp")
        return await stream(*args, **options)

    monkeypatch.setattr(loop, "create_datagram_endpoint", watch_datagram)
    monkeypatch.setattr(loop, "create_connection", watch_stream)
    caller, callee = pair.end(), pair.end()
    offer = await caller.create_offer()
    answer = await callee.accept_offer(offer)
    await caller.accept_answer(answer)
    await asyncio.sleep(0.3)
    assert opened == []
    for text in (offer, answer):
        assert "candidate" not in text
        assert "127.0.0.1" not in text
    lines = await caller.gather()
    assert opened == ["udp"]
    # One relayed candidate, and not a trace of where this end really is.
    [line] = lines
    assert "typ relay raddr 0.0.0.0 rport 9" in line
    theirs = await callee.gather()
    await caller.add_remote_candidates(theirs)
    await callee.add_remote_candidates(lines)
    await pair.expect(MediaEvent.CONNECTED)
    assert opened == ["udp", "udp"]


async def test_the_lesser_media_holds(pair) -> None:
    caller = pair.end(source=FileSource(clip_path()))
    callee = pair.end(video=False)
    await pair.connect()
    assert await wait_for(callee, MediaEvent.FIRST_FRAME, timeout_s=15) is MediaEvent.FIRST_FRAME
    await asyncio.sleep(0.7)
    for end in (caller, callee):
        stats = await end.stats()
        assert (stats.frames_sent, stats.frames_decoded) == (0, 0)
        assert stats.audio_packets > 20
        assert stats.audio_decoded_s > 0.2


async def test_a_relay_killed_in_a_call_costs_seconds_not_the_call(
    relay, make_pair, wait_until
) -> None:
    sink = RecorderSink(None)
    with record_calls(end=1) as recording:
        pair = make_pair(relay.server())
        caller = pair.end(source=FileSource(clip_path()))
        callee = pair.end(sink=sink)
        try:
            await pair.connect()
            await pair.expect(MediaEvent.FIRST_FRAME)
            await wait_until(lambda: len(sink.counters) >= 5)
            relay.kill()
            killed = time.monotonic()
            await pair.expect(MediaEvent.LOST, timeout_s=6)
            before, frames_before = len(sink.counters), len(recording.frames)
            await relay.start()
            # The roles are swapped on purpose: either side may begin.
            await asyncio.gather(caller.restart(), callee.restart())
            await caller_answers(callee, caller)
            await pair.expect(MediaEvent.CONNECTED, timeout_s=10)
            await wait_until(lambda: len(sink.counters) >= before + 5)
            assert time.monotonic() - killed < 10
            assert (await callee.stats()).decrypt_failures == 0
            # Same keys, but never the same context: each encoder of the new transport has a KID
            # of its own.
            old = {kid(kind, frame) for kind, frame in recording.frames[:frames_before]}
            later = recording.frames
            await wait_until(lambda: len({kid(*entry) for entry in later[frames_before:]}) >= 2)
        finally:
            await pair.close()
    new = {kid(kind, frame) for kind, frame in recording.frames[frames_before:]}
    assert len(old) == len(new) == 2
    assert not old & new


async def caller_answers(offerer: MediaConnection, answerer: MediaConnection) -> None:
    await offerer.accept_answer(await answerer.accept_offer(await offerer.create_offer()))
    ours, theirs = await asyncio.gather(offerer.gather(), answerer.gather())
    await offerer.add_remote_candidates(theirs)
    await answerer.add_remote_candidates(ours)


def kid(kind: str, frame: bytes) -> bytes:
    """The three KID bytes of a sealed frame, after clear bytes and the config byte."""
    at = 0 if kind == "audio" else 10 if not frame[0] & 1 else 1
    return frame[at + 1 : at + 4]


async def test_a_relay_that_is_away_is_said_and_may_come_back(relay, pair) -> None:
    caller, callee = pair.end(), pair.end()
    await caller.accept_answer(await callee.accept_offer(await caller.create_offer()))
    relay.kill()
    started = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        await caller.gather(timeout_s=0.5)
    assert caught.value.code is Code.NO_RELAY
    assert time.monotonic() - started < 4
    waiting = asyncio.ensure_future(caller.gather(timeout_s=8))
    await asyncio.sleep(0.3)
    await relay.start()
    ours, theirs = await waiting, await callee.gather()
    await caller.add_remote_candidates(theirs)
    await callee.add_remote_candidates(ours)
    await pair.expect(MediaEvent.CONNECTED)


async def test_the_second_url_is_tried(relay, pair, make_pair) -> None:
    server = relay.server("tcp")
    dead = "turn:127.0.0.1:9?transport=tcp"
    caller = pair.end(server=type(server)((dead, *server.urls), "test", "secret"))
    await caller.create_offer()
    assert len(await caller.gather(timeout_s=5)) == 1


async def test_wrong_relay_credentials_are_no_relay(relay, pair) -> None:
    server = relay.server()
    caller = pair.end(server=type(server)(server.urls, "test", "wrong"))
    await caller.create_offer()
    with pytest.raises(UnavailableError) as caught:
        await caller.gather(timeout_s=0.1)
    assert caught.value.code is Code.NO_RELAY
    # Fresh ones may be handed in, and the same transport goes on.
    assert len(await caller.gather([server])) == 1


async def test_the_other_end_going_is_noticed(pair) -> None:
    caller, callee = pair.end(), pair.end()
    await pair.connect()
    await pair.expect(MediaEvent.CONNECTED)
    await callee.close()
    assert await wait_for(caller, MediaEvent.LOST, timeout_s=5) is MediaEvent.LOST
    assert (await caller.stats()).path == "none"


async def test_hostile_signalling_is_refused_and_changes_nothing(pair) -> None:
    caller, callee = pair.end(), pair.end()
    offer = await caller.create_offer()
    with pytest.raises(PeerError):
        await callee.accept_offer(offer.replace("opus", "PCMU"))
    answer = await callee.accept_offer(offer)
    with pytest.raises(PeerError):
        await caller.accept_answer(answer.replace("97", "99"))
    await caller.accept_answer(answer)
    with pytest.raises(UsageError):
        await caller.accept_answer(answer)
    ours, theirs = await asyncio.gather(caller.gather(), callee.gather())
    with pytest.raises(PeerError, match="CK-668"):
        await caller.add_remote_candidates([*theirs, "candidate:1 1 udp 5 192.0.2.7 9 typ host"])
    with pytest.raises(PeerError, match="CK-671"):
        await caller.add_remote_candidates(theirs * 17)
    await caller.add_remote_candidates(theirs)
    await callee.add_remote_candidates(ours)
    await pair.expect(MediaEvent.CONNECTED)
    await caller.close()
    with pytest.raises(UsageError):
        await caller.create_offer()


async def test_a_transport_that_never_stands_fails(relay, pair, monkeypatch) -> None:
    monkeypatch.setattr("visavis.media.connection.CONNECT_S", 0.6)
    caller, callee = pair.end(), pair.end()
    await caller.accept_answer(await callee.accept_offer(await caller.create_offer()))
    await asyncio.gather(caller.gather(), callee.gather())
    # Candidates never arrive.
    assert await wait_for(caller, MediaEvent.CONNECTED, timeout_s=5) is MediaEvent.FAILED


async def test_a_direct_call_is_shown_as_direct(make_pair) -> None:
    pair = make_pair()
    try:
        for _ in range(2):
            await pair.end().restart(relay_only=False)
        await pair.connect()
        await pair.expect(MediaEvent.CONNECTED)
        assert (await pair.ends[0].stats()).path == "direct"
    finally:
        await pair.close()


@pytest.mark.parametrize("how", ["close", "cancel", "restart"])
async def test_gathering_that_is_given_up_leaves_nothing_behind(relay, pair, how) -> None:
    caller = pair.end()
    await caller.create_offer()
    relay.kill()
    waiting = asyncio.ensure_future(caller.gather(timeout_s=30))
    await asyncio.sleep(0.1)
    await relay.start()
    if how == "cancel":
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    else:
        await (caller.close() if how == "close" else caller.restart())
        with pytest.raises(UnavailableError):
            await waiting
    started = time.monotonic()
    await caller.close()
    assert time.monotonic() - started < 4
    sockets = [t for t in asyncio.all_tasks() if "turn" in repr(t).lower() and not t.done()]
    assert sockets == []


async def test_over_tcp_a_killed_relay_is_noticed_at_once(relay, make_pair) -> None:
    pair = make_pair(relay.server("tcp"))
    pair.end(), pair.end()
    try:
        await pair.connect()
        await pair.expect(MediaEvent.CONNECTED)
        relay.kill()
        killed = time.monotonic()
        await pair.expect(MediaEvent.LOST, timeout_s=5)
        assert time.monotonic() - killed < 2.5
    finally:
        await pair.close()


async def test_no_stun_server_is_ever_asked_ck_670(pair) -> None:
    """aiortc's default is a public one; relay-only also keeps host addresses out."""
    caller = pair.end()
    await caller.create_offer()
    ice = ice_of(caller._transport.pc)
    assert ice.stun_server is None
    assert ice._transport_policy is TransportPolicy.RELAY
    await caller.gather()
    assert ice.stun_server is None
    assert [candidate.type for candidate in ice.local_candidates] == ["relay"]
