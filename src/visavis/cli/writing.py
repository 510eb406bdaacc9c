"""Real-time text of a call in a terminal: keys leave as they are typed, what comes is printed.

In a terminal the two unfinished lines stand at the bottom and change as they are written. From a
pipe whole lines are sent. Without `--text` nothing is read, and what the other person writes is
printed all the same. Nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import re
import shutil
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

from visavis.cli import ask
from visavis.cli.context import Context
from visavis.cli.output import plain
from visavis.core.errors import UsageError

if TYPE_CHECKING:
    from visavis.cli.playing import Screen
    from visavis.sdk.calls import Call

_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|)")
"""Arrows and function keys (ECMA-48, 5.4): nobody's text."""

_ERASE: Final = "\x7f\b"
_ERASE_LINE: Final = "\x15"
_JOINER: Final = "\u200d"
_FLAGS: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def last_character(text: str) -> int:
    """Return how many code points the last character of a text has, as a person counts them.

    Marks, joined pictures, skin tones and flags go together; close to Unicode's grapheme clusters
    (UAX 29), of which Python knows nothing.
    """
    at = len(text)
    flags = at - len(text.rstrip(_FLAGS))
    if flags:  # Two letters make a flag.
        return 2 - flags % 2
    while at > 0:
        at -= 1
        one = text[at]
        is_joined = unicodedata.combining(one) or one == _JOINER or 0xFE00 <= ord(one) <= 0xFE0F
        is_tone = 0x1F3FB <= ord(one) <= 0x1F3FF
        if not (is_joined or is_tone or text[at - 1 : at] == _JOINER):
            break
    return len(text) - at


@contextlib.asynccontextmanager
async def writing(
    context: Context, call: Call, screen: Screen, *, text: bool, caption: str
) -> AsyncIterator[None]:
    """Print what the other person writes, as long as the block lasts, and with `text` send ours.

    Args:
        context: Where it is printed.
        call: Connected.
        screen: What stands under its picture, if it has the terminal, is the live line.
        text: Open the text and send what is typed.
        caption: What stands under the picture besides.
    """
    live = Live(context, call) if text and ask.interactive() and sys.stderr.isatty() else None
    tasks = [asyncio.create_task(_print(context, call, screen, caption, live))]
    if text:
        call.text.open()
        typing = _keys(call) if ask.interactive() else _lines(call)
        tasks.append(asyncio.create_task(typing))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        if live is not None:
            live.clear()


class Live:
    """The two unfinished lines at the bottom of the terminal."""

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call
        self._drawn = 0

    def clear(self) -> None:
        """Take them away."""
        if self._drawn:
            up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
            sys.stderr.write(f"\r{up}\x1b[J")
            sys.stderr.flush()
            self._drawn = 0

    def draw(self) -> None:
        """Show them as they are now."""
        self.clear()
        call = self._call
        name = call.contact_name
        rows = [f"{name}  {call.text.theirs}"] if call.text.theirs else []
        rows.append(f"> {call.text.own}")
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\n".join(_end_of(row, width) for row in rows))
        sys.stderr.flush()
        self._drawn = len(rows)


def _end_of(text: str, width: int) -> str:
    """Return the end of a line, harmless to print, that fits."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if cell_len(shown) <= width:
        return shown
    while cell_len(shown) > width - 1:
        shown = shown[1:]
    return set_cell_size(f"…{shown}", width)


async def _print(
    context: Context, call: Call, screen: Screen, caption: str, live: Live | None
) -> None:
    out, name, after = context.out, call.contact_name, -1
    told = False
    async for _ in call.text.changes():
        if call.text.is_open_there and not told:
            told = True
            if live is not None:
                live.clear()
            out.say(f"{plain(name)} writes while you talk. It is shown as it is written.")
        for line in call.text.lines():
            if line.number > after:
                after = line.number
                if live is not None:
                    live.clear()
                who = f"[bold]{plain(name)}[/]" if line.who == "theirs" else "[dim]You[/]"
                if line.who == "theirs" or live is not None:
                    (out.say if screen.in_terminal else out.show)(f"{who}  {plain(line.text)}")
        if live is not None:
            live.draw()
        if screen.in_terminal and told:
            theirs = [line.text for line in call.text.lines() if line.who == "theirs"]
            now = call.text.theirs or (theirs[-1] if theirs else "")
            width = shutil.get_terminal_size().columns - 1
            screen.caption("\n".join([*caption.splitlines()[:2], _end_of(f"{name}  {now}", width)]))


async def _keys(call: Call) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    async for typed in ask.typed():
        with contextlib.suppress(UsageError):  # Too much waits, or the call has ended.
            for piece in _pieces(_ESCAPE.sub("", decoder.decode(typed))):
                if piece in _ERASE:
                    call.text.erase(last_character(call.text.own))
                elif piece == _ERASE_LINE:
                    call.text.erase(len(call.text.own))
                else:
                    call.text.type(piece)


def _pieces(text: str) -> Iterator[str]:
    """Yield keys that erase by themselves, and what was typed between them."""
    return (piece for piece in re.split(f"([{_ERASE}{_ERASE_LINE}])", text) if piece)


async def _lines(call: Call) -> None:
    """Send whole lines, each once the one before has arrived."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue(maxsize=1)

    def read() -> None:
        # A thread that nobody waits for: a pipe may stay open longer than the call.
        with contextlib.suppress(RuntimeError, ValueError):
            for line in sys.stdin:
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()

    threading.Thread(target=read, daemon=True).start()
    with contextlib.suppress(UsageError):
        while True:
            call.text.type(await lines.get())
            await call.text.confirmed()
