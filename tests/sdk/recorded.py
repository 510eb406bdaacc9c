"""A finished recording of Anna's, with the others' consents, without the call that it was of.

What a call would do is done by hand, with the clients' own recorder, books and shares, and the
server; so what is left after a call is as a call leaves it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from visavis.core import recording_statements as s
from visavis.core.consent_record import Where
from visavis.core.ids import CallId, ConsentKey, Digest, Secret32, ShareKey, ShareSlot
from visavis.core.recording import members_hash
from visavis.core.recording_proof import MemberProof, Proof, prove
from visavis.core.recording_types import Kind
from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recorder import FileRecorder
from visavis.sdk.recording_means import Answered, Laid, SaidStatement
from visavis.sdk.recordings_book import Kept, Way

AUDIO = frozenset({Kind.AUDIO})
OPUS = b"\x08sound"


@dataclass
class Recorded:
    """A call that Anna records; everybody said yes, and a second of each was recorded."""

    asker: Client
    members: dict[str, Client]
    where: dict[str, Where | None]
    clear: bool = False
    call: CallId = field(default_factory=lambda: CallId(b"a recorded call!"))

    async def make(self) -> Recorded:
        session = self.asker._session
        self.own = OwnConsent.make(session.rng)
        self.keys = {name: OwnConsent.make(session.rng) for name in self.members}
        self.numbers: dict[ConsentKey, int] = {}
        self.request = s.RecordingAsk(
            *self.head(self.own),
            AUDIO,
            "Minutes",
            s.Place.DEVICE,
            7,
            s.Recipients.ASKER,
            clear=self.clear,
            withdraw=s.WithdrawBy.APP,
        )
        self.ask = s.ask_digest(self.request)
        self.signed = s.sign_statement(self.request, self.own.private)
        self.recorder: FileRecorder = session._recorder(self.own, "Choir", lambda: None)
        self.recorder.said(SaidStatement(self.signed, self.request))
        laid = await self.lay(self.asker)
        way = Way("", laid.slot, laid.read)
        self.recorder.share(self.ask, self.own.key, laid.share, way)
        present = frozenset([self.own.key, *(one.key for one in self.keys.values())])
        self.recorder.among(self.ask, present)
        self.laid = {name: await self.agrees(name, present) for name in self.members}
        self.recorder.record(self.ask, AUDIO)
        self.say(s.RecordingProgress(*self.head(self.own), self.ask, AUDIO, present))
        began = asyncio.get_running_loop().time()
        for key in present:
            for n in range(50):
                self.recorder.frame(key, Kind.AUDIO, began + n / 50, OPUS)
        return self

    def head(self, own: OwnConsent) -> tuple[Digest, ConsentKey, int, int]:
        number = self.numbers[own.key] = self.numbers.get(own.key, 0) + 1
        now = self.asker._session.books.now()
        return s.call_reference(self.call), own.key, number, now

    async def lay(self, client: Client) -> Laid:
        session = client._session
        laid = Laid(
            ShareSlot.random(session.rng),
            Secret32.random(session.rng),
            ShareKey.random(session.rng),
            ShareKey.random(session.rng),
            session.books.now() // s.DAY_S + 8,
        )
        session.books.consents.laying(self.call, laid)
        await session.shares.lay(laid)
        return laid

    async def agrees(self, name: str, present: frozenset[ConsentKey]) -> Laid:
        client, own = self.members[name], self.keys[name]
        laid = await self.lay(client)
        grant = s.RecordingGrant(
            *self.head(own),
            self.ask,
            AUDIO,
            members_hash(present),
            self.clear,
            Digest.sha256(laid.share),
        )
        signed = s.sign_statement(grant, own.private)
        self.answer(name, signed, laid.slot)
        self.recorder.said(SaidStatement(signed, grant))
        self.recorder.share(self.ask, own.key, laid.share, Way(name, laid.slot, laid.read))
        return laid

    def answer(self, name: str, signed: bytes, slot: ShareSlot | None) -> None:
        self.members[name]._session.books.consents.answered(
            Answered(
                self.call,
                self.keys[name],
                self.signed,
                signed,
                slot,
                self.asker.handle,
                "Choir",
                self.where[name],
            )
        )

    def say(self, statement: s.Statement) -> None:
        signed = s.sign_statement(statement, self.own.private)
        self.recorder.said(SaidStatement(signed, statement))

    def end(self) -> None:
        self.say(s.RecordingEnd(*self.head(self.own), self.ask))
        self.recorder.over(self.ask)

    # Afterwards

    def kept(self) -> Kept:
        kept = self.asker.recordings.get(self.ask)
        assert kept is not None
        return kept

    def file(self) -> bytes:
        return self.asker.recordings.path(self.kept()).read_bytes()

    def proof(self) -> Proof:
        with self.asker.recordings.path(self.kept()).open("rb") as file:
            return prove(file)

    def proven(self, name: str) -> MemberProof:
        key = self.keys[name].key
        return next(one for one in self.proof().members if one.key == key)

    def withdrawal(self, name: str, number: int, by: str | None = None) -> bytes:
        """Return what somebody signed, by their own key or another's."""
        own = self.keys[name]
        head = (s.call_reference(self.call), own.key, number, self.asker._session.books.now())
        return s.sign_statement(
            s.RecordingWithdrawal(*head, self.ask), self.keys[by or name].private
        )


async def with_contact(asker: Client, other: Client, *, clear: bool = False) -> Recorded:
    """Return a recording of a call of two that is over."""
    where = Where(contact=asker._session.books.account)
    made = await Recorded(asker, {"bob": other}, {"bob": where}, clear).make()
    made.end()
    return made
