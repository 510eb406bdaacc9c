"""A recording as Anna's client writes it, for tests: what everybody said, and some parts."""

from __future__ import annotations

import io

from visavis.core import recording_statements as s
from visavis.core.identity import identity_public_key
from visavis.core.ids import CallId, ConsentKey, Digest, Secret32
from visavis.core.recording import members_hash
from visavis.core.recording_proof import Proof, prove
from visavis.core.recording_types import Kind
from visavis.core.vvrec import Among, Part, Said, Writer, seal_part

AT = 1_800_000_000
PRIVATE = {name: bytes([n]) * 32 for n, name in enumerate(("anna", "bob", "carl", "dora"), 1)}
KEY = {name: ConsentKey(identity_public_key(private)) for name, private in PRIVATE.items()}
SHARE = {name: Secret32(bytes([n]) * 32) for n, name in enumerate(PRIVATE, 65)}
SECRET = Secret32(b"\x07" * 32)
SOUND = frozenset({Kind.AUDIO})
BOTH = frozenset({Kind.AUDIO, Kind.VIDEO})


class Recorder:
    """Anna records; what others say is written as it comes."""

    def __init__(
        self,
        kinds: frozenset[Kind] = BOTH,
        call: bytes = b"\x01" * 16,
        purpose: str = "Minutes",
    ) -> None:
        self.file = io.BytesIO()
        self.writer = Writer(self.file)
        self.call = s.call_reference(CallId(call))
        self._numbers = dict.fromkeys(PRIVATE, 0)
        self.parts = 0
        self.ask = s.RecordingAsk(
            *self.head("anna"),
            kinds,
            purpose,
            s.Place.DEVICE,
            30,
            s.Recipients.MEMBERS,
            clear=False,
            withdraw=s.WithdrawBy.APP,
        )
        self.about = s.ask_digest(self.ask)
        self.put("anna", self.ask)

    def head(self, name: str, at: int = AT) -> tuple[Digest, ConsentKey, int, int]:
        self._numbers[name] += 1
        return self.call, KEY[name], self._numbers[name], at

    def put(self, name: str, statement: s.Statement) -> None:
        self.writer.put(Said(s.sign_statement(statement, PRIVATE[name])))

    def among(self, *names: str) -> Digest:
        members = frozenset(KEY[name] for name in names)
        self.writer.put(Among(members))
        return members_hash(members)

    def agrees(self, name: str, *among: str, kinds: frozenset[Kind] = BOTH) -> None:
        share = Digest.sha256(SHARE[name])
        hashed = self.among(*among)
        grant = s.RecordingGrant(*self.head(name), self.about, kinds, hashed, False, share)
        self.put(name, grant)

    def records(self, *names: str, kinds: frozenset[Kind] = BOTH) -> None:
        members = frozenset(KEY[name] for name in names)
        self.put("anna", s.RecordingProgress(*self.head("anna"), self.about, kinds, members))

    def part(self, name: str, kind: Kind = Kind.AUDIO, ms: int = 2000) -> None:
        plain = Part(self.parts, KEY[name], kind, self.parts * ms, ms, b"some webm")
        self.writer.put(seal_part(plain, self.about, SECRET, SHARE[name]))
        self.parts += 1

    def withdraws(self, name: str, at: int = AT + 60) -> None:
        self.put(name, s.RecordingWithdrawal(*self.head(name, at), self.about))

    def ends(self) -> None:
        self.put("anna", s.RecordingEnd(*self.head("anna"), self.about))

    def mark(self) -> None:
        self.writer.mark(PRIVATE["anna"])

    def proof(self) -> Proof:
        return prove(io.BytesIO(self.file.getvalue()))


def whole() -> Recorder:
    """Bob and Carl agreed; some seconds of all three."""
    recorder = Recorder()
    three = ("anna", "bob", "carl")
    for name in ("bob", "carl"):
        recorder.agrees(name, *three)
    recorder.records(*three)
    for name in three:
        recorder.part(name)
        recorder.part(name, Kind.VIDEO)
    recorder.mark()
    return recorder
