"""What a member keeps of a request to record and of their answers: in the store, and the vault.

    record = CBOR {"v": 1, "ask", "call", "key", "private", "by", "title", "signed": [said ...],
                   ? "where", ? "share"}

With it they take a yes back after the call, on any device of theirs, and show a receipt. Two
devices may change it without knowing of each other: `merged` is what both come to, in any order.

Pure. Not for: what the statements say (`recording_consent`), or when it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from visavis.core import cbor
from visavis.core import recording_statements as s
from visavis.core.content_fields import (
    VERSION,
    Array,
    Blob,
    Fixed,
    Flag,
    Maybe,
    Nested,
    Record,
    Text,
    Uint,
    decode_fields,
    encode_fields,
)
from visavis.core.content_records import MAX_COUNT, MAX_NAME_BYTES
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import identity_public_key
from visavis.core.ids import (
    AccountId,
    CallId,
    ConsentKey,
    Digest,
    GroupId,
    Secret32,
    ShareKey,
    ShareSlot,
)
from visavis.core.recording_consent import (
    MAX_ANSWERS,
    Answer,
    Consent,
    State,
    read_consent,
    state_of,
)

AFTER_CALL: Final = 2**31
"""The first number of what is said after a call, in which nobody says so much. So the word of a
device that was not in the call has no number of one that was, of whose answers it may not know."""

IN_VAULT: Final = 48_000
"""Bytes of statements in the vault's form, which fits a slot; what is older is left out there."""


@dataclass(frozen=True, slots=True, repr=False)
class Where(Record):
    """The conversation in which the call was: with a contact, or a group's; one of the two."""

    contact: Annotated[AccountId | None, Maybe(Fixed(AccountId))] = None
    group: Annotated[GroupId | None, Maybe(Fixed(GroupId))] = None


@dataclass(frozen=True, slots=True, repr=False)
class OwnShare(Record):
    """A share of ours at the server."""

    slot: Annotated[ShareSlot, Fixed(ShareSlot)]
    delete: Annotated[ShareKey, Fixed(ShareKey)]
    """What deletes it: ours alone."""
    expires: Annotated[int, Uint(MAX_COUNT)]
    """First day on which it is gone, in days since 1970 (UTC)."""
    leaving: Annotated[bool, Flag()] = False
    """It is to be deleted, and may still be there."""


@dataclass(frozen=True, slots=True, repr=False)
class ConsentRecord(Record):
    """One request of somebody else, and what we said to it."""

    ask: Annotated[Digest, Fixed(Digest)]
    """The request: `recording_statements.ask_digest`."""
    call: Annotated[CallId, Fixed(CallId)]
    key: Annotated[ConsentKey, Fixed(ConsentKey)]
    """Our consent key in that call."""
    private: Annotated[Secret32, Fixed(Secret32)]
    """Its private half."""
    by: Annotated[str, Text(MAX_NAME_BYTES, 0)]
    """Who asked, as they were called then."""
    title: Annotated[str, Text(MAX_NAME_BYTES, 0)]
    """With whom the call was."""
    signed: Annotated[tuple[bytes, ...], Array(Blob(s.MAX_SIGNED), 1 + MAX_ANSWERS, 2)]
    """The request, then our answers, as they were signed; their numbers rise."""
    where: Annotated[Where | None, Maybe(Nested(Where))] = None
    """None: in no conversation, as with guests."""
    share: Annotated[OwnShare | None, Maybe(Nested(OwnShare))] = None
    """That of the newest yes; None: it is gone, or there never was one."""

    def consent(self) -> Consent:
        """Return what was asked and answered.

        A yes that two devices took back is taken back once; and of what was left out of the
        vault's form, nothing is taken back.
        """
        ask, *answers = self.signed
        kept: list[bytes] = []
        state: State | None = None
        for one in answers:
            said = _answer(one)
            if isinstance(said, s.RecordingWithdrawal) and state is not State.GIVEN:
                continue
            state = state_of(said)
            kept.append(one)
        return read_consent((ask, *kept), self.key)

    @property
    def is_leaving(self) -> bool:
        """Whether there is a share that is to be deleted: no yes stands, or it was said so."""
        share = self.share
        is_given = isinstance(_answer(self.signed[-1]), s.RecordingGrant)
        return share is not None and (share.leaving or not is_given)

    @property
    def next_number(self) -> int:
        """The number of what is said after the call."""
        return max(AFTER_CALL, _answer(self.signed[-1]).number + 1)


def encode_consent(record: ConsentRecord) -> bytes:
    """Return a record's one encoding.

    Raises:
        PeerError: TOO_LARGE, text or a statement beyond its bound.
    """
    return cbor.encode({"v": VERSION, **encode_fields(record)})


def decode_consent(data: bytes) -> ConsentRecord:
    """Decode what `encode_consent` made.

    Raises:
        PeerError: MALFORMED (CK-250, CK-271, CK-994); and those of `read_consent`.
    """
    record = decode_fields(ConsentRecord, cbor.decode_versioned(data, VERSION))
    _require_fits(record)
    return record


def _require_fits(record: ConsentRecord) -> None:
    """Require that what stands in a record is of its request, its call and its key (CK-994).

    Raises:
        PeerError: MALFORMED (CK-994); those of `read_consent`.
    """
    where = record.where
    if where is not None and (where.contact is None) == (where.group is None):
        raise _malformed("a call is in one conversation")
    # Else we would sign by a key that is not the one that others know.
    if identity_public_key(record.private) != bytes(record.key):
        raise _malformed("the halves of a key are of two")
    ask, number = s.read_statement(record.signed[0]), 0
    if not isinstance(ask, s.RecordingAsk) or s.ask_digest(ask) != record.ask:
        raise _malformed("it is about another request")
    if s.call_reference(record.call) != ask.call:
        raise _malformed("it is of another call")
    for data in record.signed[1:]:
        one = _answer(data)
        if one.key != record.key or one.call != ask.call or one.ask != record.ask:
            raise _malformed("an answer of somebody else, or to something else")
        if one.number <= number:
            raise _malformed("answers out of order, or twice")
        number = one.number
    record.consent()


def _answer(data: bytes) -> Answer:
    said = s.read_statement(data)
    if not isinstance(said, s.RecordingGrant | s.RecordingRefusal | s.RecordingWithdrawal):
        raise _malformed("something else than an answer")
    return said


def with_answer(record: ConsentRecord, answer: bytes) -> ConsentRecord:
    """Return a record with one more answer, in its place by number.

    It is not the last if another device took the yes back while this one was still in the call:
    what was said for after the call stays the last word.
    """
    request, *answers = record.signed
    place, number = len(answers), _answer(answer).number
    while place and _answer(answers[place - 1]).number > number:
        place -= 1
    answers.insert(place, answer)
    return replace(record, signed=(request, *answers[-MAX_ANSWERS:]))


def merged(one: ConsentRecord, other: ConsentRecord) -> ConsentRecord:
    """Return what two devices come to that each changed a record.

    All answers stand, and the share of the newest yes; of one yes, what is gone or is to go does.

    Raises:
        UsageError: They are of two requests, or by two keys.
    """
    if (one.ask, one.key) != (other.ask, other.key):
        raise UsageError("two consents are not versions of one")
    # Of two answers with one number the lower bytes stand. A no is shorter than any yes.
    said: dict[int, bytes] = {}
    for data in (*one.signed[1:], *other.signed[1:]):
        number = _answer(data).number
        said[number] = min(data, said.get(number, data))
    answers = [said[number] for number in sorted(said)][-MAX_ANSWERS:]
    first = min(one, other, key=encode_consent)
    return replace(
        first,
        signed=(min(one.signed[0], other.signed[0]), *answers),
        by=min(one.by, other.by),
        title=min(one.title, other.title),
        where=max(one.where, other.where, key=_place),
        share=max(one, other, key=_share_rank).share,
    )


def _place(where: Where | None) -> bytes:
    return b"" if where is None else cbor.encode(encode_fields(where))


def _share_rank(record: ConsentRecord) -> tuple[int, int, bytes]:
    """Return what says of two versions whose share stands: the higher one's."""
    answers = (_answer(one) for one in record.signed[1:])
    newest = max((one.number for one in answers if isinstance(one, s.RecordingGrant)), default=0)
    share = record.share
    if share is None:
        return newest, 2, b""
    return newest, int(share.leaving), cbor.encode(encode_fields(share))


def vault_form(record: ConsentRecord) -> ConsentRecord:
    """Return a record as it stands in the vault: the newest answers, as many as fit a slot."""
    request, *answers = record.signed
    left = IN_VAULT - len(request)
    kept: list[bytes] = []
    for one in reversed(answers):
        left -= len(one)
        if left < 0:
            break
        kept.append(one)
    return replace(record, signed=(request, *reversed(kept)))


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-994 a consent: {why}")
