"""The way of real-time text: a block every quarter of a second, sealed, over a data channel.

What it is: the channel (RFC 8831, RFC 8865) on whichever transport stands, its SFrame context, and
the beat. What it is not for: what is in a block (`core/realtime_text.py`).

    next_block() -> seal -> channel of the present transport
    take()       <- open <- channel

The beat goes on from the connection to the end of the call and sends what it is given. So the
moments at which blocks leave say nothing of the moments at which somebody typed. No description
announces the channel: both ends make it, with the same number. It neither resends nor sorts, for
each block repeats what was not heard: a lost one costs a quarter of a second, not a time-out.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from aiortc import RTCDataChannel, RTCPeerConnection

from visavis.core.errors import PeerError
from visavis.core.frame_keys import HEADER_LENGTH
from visavis.core.realtime_text import BLOCK_EVERY_S, BLOCK_LENGTH
from visavis.core.sframe import PRODUCT_SUITE, suite_of
from visavis.media import aiortc_private
from visavis.media.interfaces import FrameCrypto

LABEL: Final = "t140"
CHANNEL: Final = 0

SEALED_LENGTH: Final = BLOCK_LENGTH + HEADER_LENGTH + suite_of(PRODUCT_SUITE).tag_length
"""Bytes of every message on the channel: 152."""

MAX_BUFFERED: Final = 4 * SEALED_LENGTH
"""Bytes that may wait in the channel. More do not help: a later block repeats an earlier one."""


class TextEnd(Protocol):
    """Who writes and reads; see `core/realtime_text.RealtimeText`."""

    def next_text_block(self) -> bytes | None:
        """Return the block to send now, None for none."""
        ...

    def take_text_block(self, block: bytes) -> None:
        """Take a block that opened. PeerError: it was none of ours."""
        ...


def open_channel(pc: RTCPeerConnection) -> RTCDataChannel:
    """Make the channel of one transport, before its first description and after its tracks."""
    channel = pc.createDataChannel(
        LABEL, ordered=False, maxRetransmits=0, negotiated=True, id=CHANNEL
    )
    # CK-695: nothing but one whole block on this channel is kept, let alone put together.
    aiortc_private.accept_only(pc, stream=CHANNEL, length=SEALED_LENGTH)
    return channel


class TextLink:
    """The text of one call, over any number of transports.

    Args:
        frames: The call's keys. Asked for one context: the counter goes on over all transports.
    """

    def __init__(self, frames: FrameCrypto) -> None:
        self.sent = 0
        self.refused = 0  # No key, or a path that is stuck.
        self.failed = 0  # Did not open, or was no block.
        self._frames = frames
        self._encryptor = frames.new_context("text")
        self._end: TextEnd | None = None
        self._channel: RTCDataChannel | None = None
        self._beat: asyncio.Task[None] | None = None

    def join(self, end: TextEnd) -> None:
        """Say who writes and reads."""
        self._end = end

    def use(self, channel: RTCDataChannel) -> None:
        """Use the channel of a new transport from now on."""
        self._channel = channel

        @channel.on("message")
        def take(message: object) -> None:
            self._take(message)

    def start(self) -> None:
        """Begin the beat. Harmless when repeated."""
        if self._beat is None:
            self._beat = asyncio.ensure_future(self._run())

    def close(self) -> None:
        """Send and take nothing any more. Harmless when repeated."""
        self._end = self._channel = None
        if self._beat is not None:
            self._beat.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            # A stalled event loop skips beats; it does not send them all at once afterwards.
            due = max(due + BLOCK_EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self._send()

    def _send(self) -> None:
        channel, end = self._channel, self._end
        if channel is None or end is None or channel.readyState != "open":
            return
        block = end.next_text_block()
        if block is None:
            return
        try:
            sealed = self._encryptor.encrypt(block, "text")
        except Exception:  # noqa: BLE001 - CK-696: whatever went wrong, nothing is sent
            self.refused += 1
            return
        if channel.bufferedAmount + len(sealed) > MAX_BUFFERED:
            self.refused += 1
            return
        channel.send(sealed)
        self.sent += 1

    def _take(self, message: object) -> None:
        end = self._end
        if end is None:
            return
        try:
            if not isinstance(message, bytes):
                self.failed += 1
                return
            block = self._frames.decrypt(message, "text")
        except Exception:  # noqa: BLE001 - CK-697: whatever went wrong, nothing is shown
            self.failed += 1
            return
        try:
            end.take_text_block(block)
        except PeerError:
            self.failed += 1
