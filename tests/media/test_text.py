"""Real-time text over a real connection and a real relay: what arrives, and what the relay sees."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from visavis.core.realtime_text import BLOCK_LENGTH, RealtimeText
from visavis.media.call_frames import CallFrames
from visavis.media.connection import MediaConnection, MediaEvent, wait_for
from visavis.media.text_link import SEALED_LENGTH, open_channel
from visavis.testing.wiretap import tapped
from visavis.testing.wiretap_analysis import out_of_turn

pytestmark = pytest.mark.media


@dataclass
class End:
    """A person's text."""

    text: RealtimeText = field(default_factory=RealtimeText)
    blocks: list[bytes] = field(default_factory=list)

    def next_text_block(self) -> bytes | None:
        return self.text.next_block()

    def take_text_block(self, block: bytes) -> None:
        self.blocks.append(block)
        self.text.receive(block)


def carried(connection: MediaConnection) -> RealtimeText:
    end = End()
    connection.carry_text(end)
    return end.text


async def connected(pair) -> None:
    await pair.connect()
    for end in pair.ends:
        assert await wait_for(end, MediaEvent.CONNECTED, timeout_s=15) is MediaEvent.CONNECTED


async def beats(connection: MediaConnection, count: int) -> None:
    """Wait until an end has sent so many blocks more."""
    link = connection._text
    wanted = link.sent + count
    async with asyncio.timeout(30):
        while link.sent < wanted:
            await asyncio.sleep(0.01)


async def test_what_is_typed_is_on_the_other_screen_after_a_block_or_two(pair, wait_until) -> None:
    """EN 301 549, 6.2: half a second. Counted in blocks of a quarter, not by a clock."""
    caller, callee = pair.end(video=False), pair.end(video=False)
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    await beats(caller, 2)
    for number in range(6):
        before = caller._text.sent
        anna.type(f"{number}, ")
        await wait_until(lambda number=number: bob.theirs.endswith(f"{number}, "))
        assert caller._text.sent - before <= 2
    assert not bob.is_open
    bob.type("I see you\n")
    await wait_until(lambda: [line.text for line in anna.lines] == ["I see you"])
    assert caller._text.failed == callee._text.failed == 0


@pytest.mark.long
async def test_the_relay_sees_one_size_and_one_beat_typing_or_not(
    relay, make_pair, wait_until
) -> None:
    async with tapped(("127.0.0.1", relay.port)) as proxy:
        pair = make_pair(relay.server(port=proxy.port))
        caller, callee = pair.end(), pair.end()
        anna, bob = carried(caller), carried(callee)

        def records() -> Counter[int]:
            """DTLS application data (RFC 9147, 4) that passed since last asked, by length."""
            seen, proxy.datagrams[:] = list(proxy.datagrams), []
            packets = (out_of_turn(datagram) for datagram in seen)
            return Counter(len(packet) for packet in packets if packet[:1] == b"\x17")

        try:
            await connected(pair)
            await asyncio.sleep(1)
            records()
            anna.type("written, but not opened")
            await asyncio.sleep(2)
            unopened = records()
            anna.open()
            await beats(caller, 4)
            records()
            sizes, counts = [], []
            for typed in ("", "a", "x" * 150, "", "日本語 " * 15):
                anna.type(typed)
                await beats(caller, 8)
                seen = records()
                sizes.append(set(seen))
                counts.append(sum(n for size, n in seen.items() if size > SEALED_LENGTH))
            await wait_until(lambda: bob.theirs.endswith("日本語 "))
        finally:
            await pair.close()
    # Before it was opened: the association's own packets at most, and none that could hold a block.
    assert not [size for size in unopened if size > SEALED_LENGTH]
    # Opened: whatever was typed, the same sizes, as often.
    assert sizes[0] == sizes[1] == sizes[2] == sizes[3] == sizes[4]
    assert len([size for size in sizes[0] if size > SEALED_LENGTH]) == 1
    # 8 beats of two ends, each block passing the tap twice; at the edges some may be on their way.
    assert all(abs(count - 8 * 2 * 2) <= 12 for count in counts), counts


async def test_a_wrong_key_sees_nothing_where_the_right_one_sees_all(
    pair, make_keys, wait_until
) -> None:
    caller, callee = pair.end(), pair.end(frames=make_keys(1, key=bytes(32)))
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    anna.type("for you alone")
    await wait_until(lambda: callee._text.failed >= 3)
    assert (bob.theirs, bob.speaks) == ("", False)
    assert callee._text.sent == 0
    # The control: the same blocks at a device with the right key.
    right = make_keys(1)
    callee._text._frames = right
    await wait_until(lambda: bob.theirs == "for you alone")


async def test_without_keys_no_text_leaves_ck_696(pair, wait_until) -> None:
    silent = CallFrames()
    silent.install(1, bytes(range(32)), {1})
    caller, callee = pair.end(frames=silent), pair.end()
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    anna.type("secret")
    await asyncio.sleep(1.5)
    assert caller._text.sent == 0
    assert caller._text.refused >= 3
    assert (bob.theirs, callee._text.failed) == ("", 0)
    silent.send_in(1, bytes(range(32)), 0)  # the control
    await wait_until(lambda: bob.theirs == "secret")


async def test_a_new_transport_loses_and_repeats_nothing(pair, wait_until) -> None:
    caller, callee = pair.end(video=False), pair.end(video=False)
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    anna.type("one ")
    bob.type("eins ")
    await wait_until(lambda: bob.theirs == "one " and anna.theirs == "eins ")
    await asyncio.gather(caller.restart(), callee.restart())
    anna.type("two ")
    anna.erase(2)
    bob.type("zwei\n")
    await pair.connect()
    anna.type("three")
    await wait_until(lambda: bob.theirs == "one twthree")
    await wait_until(lambda: [line.text for line in anna.lines] == ["eins zwei"])
    # One context over both transports, for the counter goes on (docs/protocol/realtime-text.md).
    assert caller._text.failed == callee._text.failed == 0


async def test_what_is_no_block_is_dropped_and_the_text_goes_on(pair, wait_until) -> None:
    """CK-695, CK-697: a contact with a client of its own sends what it likes."""
    caller, callee = pair.end(video=False), pair.end(video=False)
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    await beats(caller, 1)
    pc = caller._transport.pc
    others = [pc.createDataChannel("files"), pc.createDataChannel("", negotiated=True, id=7)]
    channel = caller._text._channel
    kept = callee._transport.pc.sctp._inbound_streams
    channel.send(bytes(SEALED_LENGTH))
    sealed = caller._frames.new_context("text").encrypt(b"\2" * BLOCK_LENGTH, "text")
    channel.send(sealed)  # authentic, and still no block
    await wait_until(lambda: callee._text.failed == 2)
    for junk in (b"x", bytes(SEALED_LENGTH - 1), bytes(SEALED_LENGTH), bytes(60_000), "text"):
        for one in (*others, channel):
            if one.readyState == "open":
                one.send(junk)
    await asyncio.sleep(1)
    assert set(callee._transport.pc.sctp._data_channels) == {0}
    assert not [chunk for stream in kept.values() for chunk in stream.reassembly]
    assert (bob.theirs, bob.lines) == ("", ())
    # Whoever does so holds up its own text, and nobody else's.
    bob.type("still here")
    await wait_until(lambda: anna.theirs == "still here")


async def test_after_the_end_nothing_is_sent_or_taken(pair) -> None:
    caller, callee = pair.end(video=False), pair.end(video=False)
    anna, bob = carried(caller), carried(callee)
    await connected(pair)
    anna.open()
    await beats(caller, 2)
    await caller.close()
    sent = caller._text.sent
    anna.type("too late")
    await asyncio.sleep(0.6)
    assert caller._text.sent == sent
    assert bob.theirs == ""


async def test_the_channel_is_unordered_unreliable_and_agreed_beforehand() -> None:
    from aiortc import RTCPeerConnection

    pc = RTCPeerConnection()
    try:
        channel = open_channel(pc)
        assert (channel.id, channel.negotiated, channel.label) == (0, True, "t140")
        assert (channel.ordered, channel.maxRetransmits) == (False, 0)
    finally:
        await pc.close()
