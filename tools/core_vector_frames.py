"""Media frames: what senders make, and what a receiver says to random histories of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from core_vector_kit import OK, Json, flipped, outcome

from visavis.core.frame_keys import (
    FIRST_CTR,
    LAST_CTR,
    REPLAY_WINDOW,
    FrameKind,
    FrameReceiver,
    FrameSender,
    SendingEpoch,
    clear_bytes,
)
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header, encode_header, mls_kid

Step = list[Any]
KINDS: Final[tuple[FrameKind, ...]] = ("audio", "video", "screen", "text")
PICTURES: Final[tuple[FrameKind, ...]] = ("video", "screen")


def _frame(rng: Random, kind: FrameKind) -> bytes:
    size = rng.choice((10, 11, 40) if kind in PICTURES else (0, 1, 9, 10, 11, 40))
    return rng.randbytes(size)


def _skip(sender: FrameSender, ctr: int) -> None:
    sender._next_ctr = max(sender._next_ctr, ctr)  # noqa: SLF001 -- a call of 2.7 years


def _senders() -> list[Json]:
    rng = Random("visavis senders")
    rows = []
    for epoch, leaf, context in (
        *(
            (0, 0, 1),
            (1, 1, 15),
            (255, 4095, 1),
            (256, 7, 2),
            (2**40 + 3, 255, 9),
            (2**64 - 1, 1, 1),
        ),
    ):
        base_key = rng.randbytes(32)
        sender = FrameSender(PRODUCT_SUITE, base_key, epoch, leaf, context)
        frames: list[Step] = []
        for number in range(8):
            if number == 6:
                _skip(sender, LAST_CTR - 1)
            kind: FrameKind = rng.choice(KINDS)
            frame = _frame(rng, kind)
            frames.append([kind, frame.hex(), sender.encrypt(frame, kind).hex()])
        last = outcome(sender.encrypt, b"", "audio")
        rows.append(
            {
                "base_key": base_key.hex(),
                "epoch": str(epoch),
                "leaf": leaf,
                "context": context,
                "frames": frames,
                "used_up": last,
            }
        )
    return rows


def _arguments() -> list[Step]:
    """[suite, bytes of base key, epoch, leaf, context, outcome]."""
    good = (PRODUCT_SUITE, 32, 1, 0, 1)
    tries = [good, *((suite, 32, 1, 0, 1) for suite in (1, 2, 3, 4, 6, 7, 8, 9))]
    tries += [(5, 16, 1, 0, 1), (5, 33, 1, 0, 1), (5, 32, -1, 0, 1), (5, 32, 1, 4096, 1)]
    tries += [(5, 32, 1, -1, 1), (5, 32, 1, 4095, 15), (5, 32, 1, 0, 0), (5, 32, 1, 0, 16)]
    return [
        [
            *(suite, size, str(epoch), leaf, context),
            outcome(FrameSender, suite, bytes(size), epoch, leaf, context),
        ]
        for suite, size, epoch, leaf, context in tries
    ]


def _clear() -> list[Step]:
    frames = [b"", b"\0", b"\1", b"\x10" * 9, b"\x10" * 10, b"\x11" * 9, b"\x11", b"\xff" * 20]
    return [
        [
            kind,
            frame.hex(),
            found
            if (found := outcome(clear_bytes, kind, frame)) != OK
            else clear_bytes(kind, frame),
        ]
        for kind in KINDS
        for frame in frames
    ]


class _History:
    """A receiver, and senders of several members, driven at random."""

    def __init__(self, seed: str) -> None:
        self.rng = Random(f"visavis frames {seed}")
        self.receiver = FrameReceiver()
        self.steps: list[Step] = []
        self.now = 0.0
        self.epoch = self.rng.choice((0, 1, 250))
        self.keys: dict[int, bytes] = {}
        self.leaves = [0, 3, 4095]
        self.senders: list[FrameSender] = []
        self.wires: list[tuple[FrameKind, bytes]] = []

    def install(self) -> None:
        self.epoch += self.rng.choice((1, 1, 1, 2, 256))
        key = self.keys[self.epoch] = self.rng.randbytes(32)
        leaves = [leaf for leaf in self.leaves if self.rng.random() < 0.95]
        self._note(
            ["install", str(self.epoch), key.hex(), leaves],
            lambda: self.receiver.install(self.epoch, key, set(leaves)),
        )
        for leaf, senders in ((0, 3), (3, 2), (4095, 2), (7, 1)):  # 7 is nobody
            epoch = SendingEpoch(PRODUCT_SUITE, key, self.epoch, leaf)
            self.senders += [epoch.new_sender() for _ in range(senders)]

    def remove(self) -> None:
        leaf = self.rng.choice(self.leaves)
        self._note(["remove", leaf], lambda: self.receiver.remove_leaf(leaf))

    def tick(self) -> None:
        self._note(["tick", self.now], lambda: self.receiver.tick(self.now))

    def misuse(self) -> None:
        self._note(
            ["install", str(self.epoch), "00" * 32, []],
            lambda: self.receiver.install(self.epoch, bytes(32), set()),
        )

    def send(self) -> None:
        sender = self.rng.choice(self.senders[-self.rng.choice((8, 8, 16)) :])
        if self.rng.random() < 0.1:
            jump = self.rng.choice((2, REPLAY_WINDOW - 1, REPLAY_WINDOW, REPLAY_WINDOW + 1, 2**30))
            _skip(sender, min(LAST_CTR - 5000, sender._next_ctr + jump))  # noqa: SLF001
        kind: FrameKind = self.rng.choice(KINDS)
        self.wires.append((kind, sender.encrypt(_frame(self.rng, kind), kind)))

    def receive(self) -> None:
        kind, wire = self.rng.choice(self.wires[-12:])
        match self.rng.randrange(24):
            case 0:
                kind = self.rng.choice([other for other in KINDS if other != kind])
            case 1 if wire:
                wire = flipped(wire, self.rng.randrange(len(wire)))
            case 2:
                wire = wire[: self.rng.randrange(len(wire) + 1)]
            case 3:
                kind, wire = "audio", self.forged()
        if kind in PICTURES and self.rng.random() < 0.5:
            self.deliver_picture(wire)
        else:
            self.deliver(kind, wire)

    def deliver(self, kind: FrameKind, wire: bytes) -> None:
        step: Step = ["decrypt", kind, wire.hex(), self.now]
        opened: list[Any] = []

        def attempt() -> None:
            leaf, frame = self.receiver.decrypt(wire, kind, self.now)
            opened.extend((leaf, frame.hex()))

        self._note(step, attempt)
        step += opened

    def deliver_picture(self, wire: bytes) -> None:
        """Where a camera or a screen may come."""
        step: Step = ["picture", wire.hex(), self.now]
        opened: list[Any] = []

        def attempt() -> None:
            leaf, kind, frame = self.receiver.decrypt_picture(wire, self.now)
            opened.extend((leaf, kind, frame.hex()))

        self._note(step, attempt)
        step += opened

    def forged(self) -> bytes:
        """Return a frame that its maker was able to seal, with a header of another shape."""
        context, ctr = self.rng.choice(
            (
                (0, FIRST_CTR),
                (1, FIRST_CTR - 1),
                (1, LAST_CTR + 1),
                (16, FIRST_CTR),
                (1, 0),
                (16, 1),
            )
        )
        leaf = self.rng.choice(self.leaves)
        kid = mls_kid(self.epoch, leaf, context, epoch_bits=8, leaf_bits=12)
        if self.rng.random() < 0.3:
            return encode_header(kid, LAST_CTR) + self.rng.randbytes(20)
        return SframeKey.derive(PRODUCT_SUITE, kid, self.keys[self.epoch]).encrypt(ctr, b"", b"x")

    def _note(self, step: Step, attempt: Callable[[], object]) -> None:
        step.append(outcome(attempt))
        self.steps.append(step)

    def run(self, length: int) -> Json:
        moves: list[Callable[[], None]] = [*[self.send] * 60, *[self.receive] * 100]
        moves += [self.install, self.remove, self.tick, self.misuse]
        self.install()
        self.send()
        while len(self.steps) < length:
            self.now += self.rng.choice((0, 0, 0, 0, 0.03125, 0.0625, 0.25))
            self.rng.choice(moves)()
        return self.end()

    def end(self) -> Json:
        """Return all steps and what the receiver holds after them."""
        return {
            "steps": self.steps,
            "epochs": [str(epoch.number) for epoch in self.receiver._epochs.values()],  # noqa: SLF001
            "kids": sum(len(epoch.kids) for epoch in self.receiver._epochs.values()),  # noqa: SLF001
        }


def _window() -> Json:
    """The edges of the replay window, one frame at a time."""
    history = _History("window")
    history.install()
    key = history.keys[history.epoch]
    sender = FrameSender(PRODUCT_SUITE, key, history.epoch, 0, 1)
    wires = [sender.encrypt(b"%d" % number, "audio") for number in range(2 * REPLAY_WINDOW + 4)]
    last = REPLAY_WINDOW + 2
    order = [0, 0, 2, 1, 0, 1, 2, last, last - 1024, last - 1023, last - 1022, last - 1023, last]
    order += [last + 1023, last, last + 1, 3, last + 1, last + 1023, 2 * REPLAY_WINDOW + 3, last]
    for number in order:
        history.deliver("audio", wires[number])
    for ctr in (LAST_CTR - 1, LAST_CTR):
        _skip(sender, ctr)
        history.deliver("audio", sender.encrypt(b"late", "audio"))
    history.deliver("audio", wires[-1])
    assert decode_header(wires[-1])[1] == FIRST_CTR + 2 * REPLAY_WINDOW + 3
    return history.end()


def _histories() -> Iterator[Json]:
    yield _window()
    for seed in range(5):
        yield _History(str(seed)).run(220)


def frame_vectors() -> Json:
    """Sealed frames for given base keys, arguments, clear bytes, and histories of a receiver."""
    return {
        "senders": _senders(),
        "arguments": _arguments(),
        "clear": _clear(),
        "histories": list(_histories()),
    }
