"""A recording of Anna's, written frame by frame, for tests and vectors."""

from __future__ import annotations

import io
from typing import Any

from tests.core.recorder import BOTH, KEY, PRIVATE, SECRET, SHARE, Recorder
from tests.core.webm_examples import delta_frame, key_frame

from visavis.core import recording_statements as s
from visavis.core.recording import members_hash
from visavis.core.recording_proof import Proof, prove
from visavis.core.recording_tape import Tape
from visavis.core.recording_types import Kind, Kinds
from visavis.core.vvrec import Part, read

OPUS = b"\x08sound"


class Taping:
    """Anna records Bob and herself; statements as `Recorder` makes them.

    Attributes:
        done: What was done with the tape, for its twin to do the same.
    """

    def __init__(self, kinds: Kinds = BOTH) -> None:
        self.made = Recorder(kinds)
        self.file = io.BytesIO()
        ask = s.sign_statement(self.made.ask, PRIVATE["anna"])
        self.ask = ask
        self.tape = Tape(self.file, ask, secret=SECRET, private=PRIVATE["anna"])
        self.done: list[list[Any]] = []
        for name in ("anna", "bob"):
            self.share(name)

    def share(self, name: str) -> None:
        self.done.append(["share", KEY[name].hex(), bytes(SHARE[name]).hex()])
        self.tape.share(KEY[name], SHARE[name])

    def say(self, name: str, statement: s.Statement, at: int = 0) -> None:
        signed = s.sign_statement(statement, PRIVATE[name])
        self.done.append(["said", signed.hex(), at])
        self.tape.said(signed, at)

    def frame(self, name: str, kind: Kind, at: int, data: bytes) -> None:
        self.done.append(["frame", KEY[name].hex(), kind.value, at, data.hex()])
        self.tape.frame(KEY[name], kind, at, data)

    def pause(self, at: int) -> None:
        self.done.append(["pause", at])
        self.tape.pause(at)

    def mark(self) -> None:
        self.done.append(["mark"])
        self.tape.mark()

    def agree(self, name: str, *among: str, kinds: Kinds = BOTH) -> None:
        members = frozenset(KEY[one] for one in among)
        self.done.append(["among", sorted(key.hex() for key in members)])
        self.tape.among(members)
        share = s.Digest.sha256(SHARE[name])
        head, about = self.made.head(name), self.made.about
        grant = s.RecordingGrant(*head, about, kinds, members_hash(members), False, share)
        self.say(name, grant)

    def progress(self, *names: str, kinds: Kinds = BOTH, at: int = 0) -> None:
        members = frozenset(KEY[one] for one in names)
        head = self.made.head("anna")
        self.say("anna", s.RecordingProgress(*head, self.made.about, kinds, members), at)

    def talk(self, name: str, begin: int, end: int) -> None:
        for at in range(begin, end, 20):
            self.frame(name, Kind.AUDIO, at, OPUS)

    def show(self, name: str, begin: int, end: int, kind: Kind = Kind.VIDEO) -> None:
        for at in range(begin, end, 100):
            data = key_frame() if at % 1_000 == 0 else delta_frame()
            self.frame(name, kind, at, data)

    def proof(self) -> Proof:
        return prove(io.BytesIO(self.file.getvalue()))

    def parts(self) -> list[Part]:
        chunks = [chunk for chunk, _ in read(io.BytesIO(self.file.getvalue()))]
        return [chunk for chunk in chunks if isinstance(chunk, Part)]

    def recorded(self) -> dict[str, int]:
        names = {key: name for name, key in KEY.items()}
        return {names[one.key]: one.recorded_ms for one in self.proof().members}
