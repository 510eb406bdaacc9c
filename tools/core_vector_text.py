"""Real-time text: what two ends write, send, lose and hear, and what blocks they refuse."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from core_vector_kit import OK, Json, flipped, outcome

from visavis.core.realtime_text import (
    BLOCK_LENGTH,
    MAX_LINE,
    MAX_WAITING,
    RealtimeText,
    is_text,
)

Step = list[Any]
_PIECES: Final = (
    *("a", "b", "Hello", " ", "é", "e\u0301", "ß", "日本", "😀", "👩\u200d👩\u200d👧", "שלום"),
    *("\r\n", "\r", "\t", "\a", "\x1b[31m", "\0", "\u202e", "\u2066", "\ufeff", "\u2028"),
    *("\n", "\u200f"),
)
_EDGES: Final = (
    *(0, 7, 8, 9, 0x1F, 0x20, 0x7E, 0x7F, 0x9F, 0xA0, 0x200B, 0x200F, 0x2027, 0x2028, 0x202E),
    *(0x202F, 0x2065, 0x2066, 0x2069, 0x206A, 0xD7FF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0),
    *(0xFEFE, 0xFEFF, 0xFFF8, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F600, 0x1FFFD),
    *(0x1FFFE, 0x1FFFF, 0x10FFFD, 0x10FFFE, 0x10FFFF),
)


class _History:
    """Two ends and a path that loses, doubles, swaps and bends blocks; at random."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"visavis text {seed}")
        self.ends = (RealtimeText(), RealtimeText())
        self.wires: tuple[list[bytes], list[bytes]] = ([], [])  # By their receiver.
        self.steps: list[Step] = []

    def run(self, length: int) -> Json:
        moves = [self.type] * 5 + [self.erase, self.rewrite] + [self.send, self.hear] * 6
        moves += [self.open, self.close]
        self.open()
        while len(self.steps) < length:
            self.rng.choice(moves)()
        return self.result()

    def result(self) -> Json:
        return {"steps": self.steps, "ends": [_shown(end) for end in self.ends]}

    def _who(self) -> int:
        return self.rng.randrange(2)

    def open(self) -> None:
        who = self._who()
        self.ends[who].open()
        self.steps.append([who, "open"])

    def close(self) -> None:
        if self.rng.random() < 0.3:
            who = self._who()
            self.ends[who].close()
            self.steps.append([who, "close"])

    def type(self, text: str | None = None, who: int | None = None) -> None:
        text = "".join(self.rng.choices(_PIECES, k=self.rng.randrange(5))) if text is None else text
        who = self._who() if who is None else who
        self.steps.append([who, "type", text, outcome(self.ends[who].type, text)])

    def erase(self) -> None:
        who, count = self._who(), self.rng.choice((1, 1, 2, 9))
        self.steps.append([who, "erase", count, outcome(self.ends[who].erase, count)])

    def rewrite(self) -> None:
        who = self._who()
        line = list(self.ends[who].own)
        if line:
            line[self.rng.randrange(len(line))] = self.rng.choice(_PIECES)
        text = "".join(line)
        self.steps.append([who, "rewrite", text, outcome(self.ends[who].rewrite, text)])

    def send(self) -> None:
        who = self._who()
        block = self.ends[who].next_block()
        if block is not None and self.rng.random() < 0.8:
            self.wires[1 - who].append(block)
        self.steps.append([who, "send", None if block is None else block.hex()])

    def hear(self) -> None:
        who = self._who()
        if not self.wires[who]:
            return
        block = self.rng.choice(self.wires[who][-4:])
        if self.rng.random() < 0.1:
            block = flipped(block, self.rng.randrange(len(block)))
        self.receive(who, block)

    def receive(self, who: int, block: bytes) -> None:
        step: Step = [who, "hear", block.hex()]
        heard: list[Any] = []

        def attempt() -> None:
            result = self.ends[who].receive(block)
            heard.extend(([line.number for line in result.lines], result.opened))

        step.append(outcome(attempt))
        self.steps.append(step + heard)


def _shown(end: RealtimeText) -> Json:
    return {
        "open": [end.is_open, end.is_open_there, end.speaks],
        "own": end.own,
        "theirs": end.theirs,
        "lines": [[line.number, line.who, line.text] for line in end.lines],
        "waiting": end.waiting,
    }


def _limits() -> Json:
    """A line too long, too much waiting, a long text over many blocks."""
    history = _History(-1)
    history.ends[0].open()
    history.steps.append([0, "open"])
    history.type("x" * (MAX_LINE + 2) + "\n" + "日" * 200, who=0)
    history.type("y" * MAX_WAITING, who=0)
    for _ in range(40):
        for who in (0, 1):
            block = history.ends[who].next_block()
            history.steps.append([who, "send", None if block is None else block.hex()])
            if block is not None:
                history.receive(1 - who, block)
    assert history.ends[1].theirs == "日" * 200
    return history.result()


def _hostile() -> list[Step]:
    """[block, outcome] at an end that has written "ab" and heard "cd"."""

    def end() -> RealtimeText:
        one, other = RealtimeText(), RealtimeText()
        for who, text in ((one, "ab"), (other, "cd")):
            who.open()
            who.type(text)
        assert one.next_block()
        one.receive(other.next_block() or b"")
        return one

    def block(
        text: bytes = b"",
        *,
        start: int = 2,
        heard: int = 0,
        head: bytes = b"\1\1",
        pad: bytes = b"",
    ) -> bytes:
        counts = b"".join(count.to_bytes(4, "big") for count in (9, start, heard))
        made = head + counts + bytes([len(text)]) + text + pad
        return made.ljust(BLOCK_LENGTH, b"\0")

    blocks = [
        *(block(), block(b"ok"), block(b"cdok", start=0), block(b"c", start=0), block(heard=2)),
        *(block(b"x" * 113), block(b"x" * 113 + b"y"), block()[:-1], block() + b"\0", b""),
        *(block(head=b"\2\1"), block(head=b"\0\1"), block(head=b"\1\4"), block(head=b"\1\3")),
        *(block(pad=b"x"), block(b"\xff"), block(b"\xe6\x97"), block(b"\xed\xa0\x80")),
        *(block(b"\xc0\x80"), block(start=3), block(start=2**32 - 1), block(heard=3)),
        *(block(heard=2**32 - 1), block("cé".encode(), start=0), block("aéb".encode(), start=0)),
        *(block("é".encode(), start=1), block("日".encode(), start=0), block(b"\7\x1b\0ok\x08")),
    ]
    return [[data.hex(), outcome(end().receive, data)] for data in blocks]


def text_vectors() -> Json:
    """Histories of two ends, hostile blocks, and which characters are text."""
    hostile = _hostile()
    assert {found for _, found in hostile} > {OK}
    return {
        "characters": [[point, is_text(chr(point))] for point in _EDGES],
        "hostile": hostile,
        "histories": [_limits(), *(_History(seed).run(160) for seed in range(8))],
    }
