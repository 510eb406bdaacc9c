"""Real-time text: what two people write while they talk, seen as it is written (ITU-T T.140).

What it is: the text plane (characters, BACKSPACE, LINE SEPARATOR), and the blocks that carry it
over a channel that may lose, double and swap them. Pure: no clock, no socket, no key. What it is
not for: sealing a block (`frame_keys`, kind "text"), or its rhythm (`BLOCK_EVERY_S`, kept by the
shell).

    block = version (1) | flags (1) | number (4) | start (4) | heard (4) | length (1) | text | zeros

A block is 128 bytes, whatever was written. `text` is UTF-8 and goes from what the other side has
heard on, so whatever was lost is in the next block (the redundancy of RFC 4103, 4, without its
limit), and a new transport needs nothing said twice. `start` and `heard` count bytes of text since
the call began, `number` counts blocks.

Blocks flow from the moment when one of the two opens the text until both have closed it:

    silent -> open() or a block arrives -> speaking -> both closed, some blocks more -> silent
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from visavis.core.errors import Code, PeerError, UsageError

BLOCK_EVERY_S: Final = 0.25
"""Seconds between two blocks. T.140 asks for 0.5 at most, EN 301 549 6.2.4 for 0.5 up to the
network. Higher: fewer packets; lower: less waiting. One lost block heals within half a second."""

BLOCK_LENGTH: Final = 128
"""Bytes of every block, written in or not, so that amounts do not show."""

_VERSION: Final = 1
_HEAD: Final = 15
ROOM: Final = BLOCK_LENGTH - _HEAD
"""Bytes of text in a block: 113, far more than anybody types in a quarter of a second."""

LINGER: Final = 8
"""Blocks sent after both have closed, so that the other side hears of it over a lossy path."""

MAX_LINE: Final = 1_000
"""Characters (code points) of a line; the next one begins another line, at both ends alike."""

MAX_LINES: Final = 1_000
"""Finished lines that are kept, of both people together; older ones go."""

MAX_WAITING: Final = 16_384
"""Bytes of text that may wait to be heard by the other side."""

_MAX_COUNT: Final = 2**32 - 1

BACKSPACE: Final = "\b"
LINE_SEPARATOR: Final = "\u2028"
"""T.140's new line, and the only one in a block."""

_OPEN: Final = 1
_SEES_OPEN: Final = 2

Who = Literal["own", "theirs"]


def is_text(character: str) -> bool:
    """Return whether a character is shown. Others are dropped by the sender and by the receiver.

    Dropped are controls (BEL too: nobody's device is made to ring), what reorders the lines of
    somebody else (bidirectional embeddings, overrides and isolates), annotations and noncharacters.

    Args:
        character: One code point.
    """
    point = ord(character)
    return not (
        point < 0x20
        or 0x7F <= point <= 0x9F
        or 0x2028 <= point <= 0x202E
        or 0x2066 <= point <= 0x2069
        or 0xD800 <= point <= 0xDFFF
        or 0xFDD0 <= point <= 0xFDEF
        or point == 0xFEFF
        or 0xFFF9 <= point <= 0xFFFB
        or point & 0xFFFE == 0xFFFE
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line that its writer has finished.

    Attributes:
        number: 0, 1, 2 ... over both people, in the order in which they were finished here.
        who: Who wrote it.
        text: Without its line separator; never empty.
    """

    number: int
    who: Who
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a block changed.

    Attributes:
        lines: Lines that the other person finished with it.
        opened: Whether they have the text open since this block, and had not before.
    """

    lines: tuple[Line, ...]
    opened: bool


class RealtimeText:
    """The text of one call, at one of its two ends. Kept in memory until the call ends."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_open_there = False
        self._lines: list[Line] = []
        self._finished = 0
        self._current: dict[Who, str] = {"own": "", "theirs": ""}
        self._waiting = bytearray()  # From `_heard_there` on.
        self._heard_there = 0
        self._sent = 0  # The end of what was in a block at least once.
        self._heard = 0
        self._number = 0
        self._number_there = 0
        self._linger = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """The finished lines of both, oldest first."""
        return tuple(self._lines)

    @property
    def own(self) -> str:
        """Our unfinished line."""
        return self._current["own"]

    @property
    def theirs(self) -> str:
        """The other person's unfinished line."""
        return self._current["theirs"]

    @property
    def waiting(self) -> int:
        """Bytes of our text that the other side has not confirmed."""
        return len(self._waiting)

    @property
    def speaks(self) -> bool:
        """Whether blocks are to be sent now."""
        return self.is_open or self.is_open_there or self._linger > 0

    def open(self) -> None:
        """Send from now on, written or not. Harmless when repeated."""
        self.is_open = True

    def close(self) -> None:
        """Stop once the other side has closed it too; the lines stay. Harmless when repeated."""
        if self.is_open:
            self.is_open = False
            self._linger = LINGER

    def type(self, text: str) -> None:
        r"""Write at the end of our line; `\n`, `\r\n` and U+2028 finish it.

        Args:
            text: Any length; what is not text (`is_text`) is left out.

        Raises:
            UsageError: CK-694: too much waits already. Nothing was written.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", LINE_SEPARATOR)
        text = text.replace("\t", " ")
        wanted = [c for c in text if c == LINE_SEPARATOR or is_text(c)]
        self._make_room(sum(len(c.encode()) for c in wanted))
        for character in wanted:
            if character != LINE_SEPARATOR or self.own:  # An empty line is none.
                self._waiting += character.encode()
                self._apply("own", character)

    def erase(self, count: int = 1) -> None:
        """Take back the last characters of our line; a line that is finished stays.

        Raises:
            UsageError: CK-694, as `type`.
        """
        count = min(count, len(self.own))
        self._make_room(count)
        for _ in range(count):
            last = self.own[-1].encode()
            unsent = self._heard_there + len(self._waiting) - len(last) >= self._sent
            # What was taken back before it was in a block never leaves. A line's first character is
            # left in: it may be what began the line (MAX_LINE).
            if len(self.own) > 1 and unsent and self._waiting.endswith(last):
                del self._waiting[-len(last) :]
            else:
                self._waiting += BACKSPACE.encode()
            self._apply("own", BACKSPACE)

    def rewrite(self, line: str) -> None:
        """Make our line this one: what a text field holds after any edit, in the middle too.

        Args:
            line: The whole line; a new line in it finishes it, as in `type`.

        Raises:
            UsageError: CK-694, as `type`. It may be half done.
        """
        same = 0
        for one, other in zip(self.own, line, strict=False):
            if one != other:
                break
            same += 1
        self.erase(len(self.own) - same)
        self.type(line[same:])

    def next_block(self) -> bytes | None:
        """Return the next block to seal and send; None while nothing is to be sent.

        Called every `BLOCK_EVERY_S`; what it returns may be lost.
        """
        if not self.speaks:
            return None
        if not (self.is_open or self.is_open_there):
            self._linger -= 1
        if self._number == _MAX_COUNT:
            return None
        self._number += 1
        end = min(len(self._waiting), ROOM)
        while end < len(self._waiting) and self._waiting[end] & 0xC0 == 0x80:
            end -= 1  # A character is never cut.
        text = bytes(self._waiting[:end])
        self._sent = max(self._sent, self._heard_there + end)
        flags = _OPEN * self.is_open | _SEES_OPEN * self.is_open_there
        head = bytes([_VERSION, flags]) + b"".join(
            count.to_bytes(4, "big") for count in (self._number, self._heard_there, self._heard)
        )
        return (head + bytes([end]) + text).ljust(BLOCK_LENGTH, b"\0")

    def receive(self, block: bytes) -> Heard:
        """Take a block that was opened; also an old one, or one that came before.

        Args:
            block: As `next_block` of the other end made it.

        Raises:
            PeerError: `MALFORMED`; nothing was changed. CK-690: another length, version, flag or
                padding. CK-691: text that is not UTF-8. CK-692: text beyond a gap, or word of text
                that we never sent.
        """
        if len(block) != BLOCK_LENGTH or block[0] != _VERSION or block[1] > (_OPEN | _SEES_OPEN):
            raise _malformed("CK-690: a text block of another shape")
        number, start, heard = (int.from_bytes(block[at : at + 4], "big") for at in (2, 6, 10))
        end = _HEAD + block[14]
        if end > BLOCK_LENGTH or any(block[end:]):
            raise _malformed("CK-690: a text block of another shape")
        # No gap can be honest: a sender goes on from what we said that we heard.
        if start > self._heard or heard > self._sent:
            raise _malformed("CK-692: a text block beyond what was said")
        try:
            block[_HEAD:end].decode()
            fresh = block[_HEAD + self._heard - start : end].decode()
        except UnicodeDecodeError:
            raise _malformed("CK-691: text that is not UTF-8") from None
        if self._heard + len(fresh.encode()) > _MAX_COUNT:
            raise _malformed("CK-692: a text block beyond what was said")
        if heard > self._heard_there:
            del self._waiting[: heard - self._heard_there]
            self._heard_there = heard
        opened = False
        if number > self._number_there:
            self._number_there = number
            was_open, self.is_open_there = self.is_open_there, bool(block[1] & _OPEN)
            opened = self.is_open_there and not was_open
            if was_open and not self.is_open_there and not self.is_open:
                self._linger = LINGER
        # They wait for an answer: fresh text to be confirmed, or that we closed to be heard of.
        if fresh or (block[1] & _SEES_OPEN and not self.is_open):
            self._linger = max(self._linger, 1)
        self._heard += len(fresh.encode())
        before = self._finished
        for character in fresh:
            self._apply("theirs", character)
        new = self._finished - before
        return Heard(tuple(self._lines[len(self._lines) - new :]) if new else (), opened)

    def forget(self) -> None:
        """Drop all text: the end of the call."""
        self.__init__()  # type: ignore[misc]

    def _make_room(self, size: int) -> None:
        if len(self._waiting) + size > MAX_WAITING:
            raise UsageError("CK-694: too much text waits")

    def _apply(self, who: Who, character: str) -> None:
        """Do what a character does to a line, at both ends alike."""
        if character == BACKSPACE:
            self._current[who] = self._current[who][:-1]
        elif character == LINE_SEPARATOR:
            self._finish(who)
        elif is_text(character):  # CK-693: whatever a stranger sends, no control is shown.
            if len(self._current[who]) >= MAX_LINE:
                self._finish(who)
            self._current[who] += character

    def _finish(self, who: Who) -> None:
        if self._current[who]:
            self._lines.append(Line(self._finished, who, self._current[who]))
            self._finished += 1
            self._current[who] = ""
            del self._lines[:-MAX_LINES]


def _malformed(detail: str) -> PeerError:
    return PeerError(Code.MALFORMED, detail)
