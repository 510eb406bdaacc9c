"""The real-time text of one call as a person's code sees it: `Call.text`.

What it is: `core/realtime_text` with somebody to tell. What it is not for: the beat and the sealing
(`media/text_link`). Everything is in memory and gone with the call's keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from visavis.core.errors import UsageError
from visavis.core.realtime_text import Heard, Line, RealtimeText


class CallText:
    """What the two people of a call write while they talk.

    Nothing of it leaves before one of the two opens it; from then on a block of one size leaves
    every quarter of a second, written in or not, until both have closed it.
    """

    def __init__(self) -> None:
        self._text = RealtimeText()
        self._changed = asyncio.Event()
        self._is_over = False
        self._beginnings = 0

    @property
    def is_open(self) -> bool:
        """Whether we have it open."""
        return self._text.is_open

    @property
    def is_open_there(self) -> bool:
        """Whether the other person has it open."""
        return self._text.is_open_there

    @property
    def own(self) -> str:
        """Our unfinished line."""
        return self._text.own

    @property
    def theirs(self) -> str:
        """The other person's unfinished line, as it is being written."""
        return self._text.theirs

    @property
    def waiting(self) -> int:
        """Bytes of ours that the other side has not confirmed."""
        return self._text.waiting

    def lines(self) -> tuple[Line, ...]:
        """Return the finished lines of both, oldest first; the last 1,000."""
        return self._text.lines

    def open(self) -> None:
        """Open it here; the other side is shown it too. Harmless when repeated."""
        self._need()
        self._text.open()
        self._tell()

    def close(self) -> None:
        """Close it here; what was written stays until the call ends. Harmless when repeated."""
        self._text.close()
        self._tell()

    def type(self, text: str) -> None:
        r"""Write at the end of our line, and open the text if it is not; `\n` finishes the line.

        Args:
            text: As much as at a keyboard; 16 KiB may wait for the other side at most.

        Raises:
            UsageError: CK-694: too much waits. CK-698: the call is over. Nothing was written.
        """
        self._need()
        self._text.type(text)
        self._text.open()
        self._tell()

    def erase(self, count: int = 1) -> None:
        """Take back the last characters of our unfinished line. Raises as `type`."""
        self._need()
        self._text.erase(count)
        self._tell()

    def rewrite(self, line: str) -> None:
        """Make our unfinished line this one, after any edit. Raises as `type`."""
        self._need()
        self._text.rewrite(line)
        self._text.open()
        self._tell()

    async def heard(self) -> AsyncIterator[Line]:
        """Yield each line that the other person finishes, those before too, until the call ends."""
        after, beginnings = -1, self._beginnings
        async for _ in self.changes():
            if beginnings != self._beginnings:
                after, beginnings = -1, self._beginnings
            for line in self._text.lines:
                if line.number > after and line.who == "theirs":
                    after = line.number
                    yield line

    async def changes(self) -> AsyncIterator[None]:
        """Yield now and whenever something changed, until the call ends."""
        while not self._is_over:
            changed = self._changed
            yield
            await changed.wait()

    async def confirmed(self) -> None:
        """Wait until the other side has all that was written.

        Raises:
            UsageError: CK-698: the call is over, and it may not have.
        """
        async for _ in self.changes():
            if not self._text.waiting:
                return
        self._need()

    # For the shell.

    def next_block(self) -> bytes | None:
        """Return the block to send now."""
        return self._text.next_block()

    def receive(self, block: bytes) -> Heard:
        """Take a block. PeerError MALFORMED: CK-690 to CK-692."""
        before = self._state()
        heard = self._text.receive(block)
        if before != self._state():
            self._tell()
        return heard

    def start_over(self) -> None:
        """Begin anew, as open as it was: the other side lost its part, and counts from nothing."""
        is_open = self._text.is_open
        self._text.forget()
        self._text = RealtimeText()
        self._beginnings += 1
        if is_open:
            self._text.open()
        self._tell()

    def forget(self) -> None:
        """Drop everything, with the keys of the call. Harmless when repeated."""
        self._is_over = True
        self._text.forget()
        self._tell()

    def _state(self) -> tuple[object, ...]:
        text = self._text
        last = text.lines[-1].number if text.lines else -1
        return (text.theirs, text.is_open_there, text.waiting, last)

    def _need(self) -> None:
        if self._is_over:
            raise UsageError("CK-698: the call is over")

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
