"""What one person said about one request to record, read from what was signed (R-51, R-52).

    read_consent(signed statements, whose) -> Consent: the request, their answers, the state

This is the record that a receipt (`recording_receipt`) is about: one request, one person, and
nobody else's answers. Silence is no answer, and has no record.

Pure. Not for: what may be recorded now (`recording`), or what a file shows (`recording_proof`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ConsentKey

MAX_ANSWERS: Final = 256
"""Of one person to one request: they are asked again whenever somebody comes. Higher lets a file
that somebody hands over cost more to check."""

Answer: TypeAlias = s.RecordingGrant | s.RecordingRefusal | s.RecordingWithdrawal


class State(StrEnum):
    """What the last answer of a person was."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_STATES: Final[dict[type[Answer], State]] = {
    s.RecordingGrant: State.GIVEN,
    s.RecordingRefusal: State.REFUSED,
    s.RecordingWithdrawal: State.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, repr=False)
class Consent:
    """What one person said about one request; everything in it was signed by who said it.

    Attributes:
        key: Whose consent it is: a key made for this call, that names nobody.
        ask: The request, of somebody else.
        answers: Theirs, in order; at least one.
        signed: The statements as they were sent: the request, then each answer.
    """

    key: ConsentKey
    ask: s.RecordingAsk
    answers: tuple[Answer, ...]
    signed: tuple[bytes, ...]

    @property
    def state(self) -> State:
        """What was said last."""
        return state_of(self.answers[-1])

    @property
    def given(self) -> s.RecordingGrant | None:
        """The yes that stands; None: none does."""
        last = self.answers[-1]
        return last if isinstance(last, s.RecordingGrant) else None

    @property
    def exported(self) -> bool:
        """Whether they ever agreed to an export in the clear, which cannot be taken back."""
        return any(isinstance(one, s.RecordingGrant) and one.clear for one in self.answers)

    @property
    def until(self) -> int:
        """From when on nothing of it can be played any more, unix seconds."""
        return s.ends_at(self.ask)


def state_of(answer: Answer) -> State:
    """Return the state in which an answer leaves a consent."""
    return _STATES[type(answer)]


def read_consent(signed: Sequence[bytes], key: ConsentKey) -> Consent:
    """Read the request and one person's answers to it.

    Args:
        signed: The request, then the answers in the order in which they were given.
        key: Whose.

    Raises:
        PeerError: BAD_SIGNATURE, MALFORMED, TOO_LARGE (CK-963, and those of `read_statement`),
            MALFORMED (CK-964, CK-965).
    """
    if not 2 <= len(signed) <= 1 + MAX_ANSWERS:
        raise malformed("CK-964 no answer, or too many")
    # CK-963: what is told further down was said by whoever it is told of.
    ask, *said = (s.read_statement(one) for one in signed)
    # CK-964: who asks agrees by asking and has no answer to give to themselves.
    if not isinstance(ask, s.RecordingAsk) or ask.key == key:
        raise malformed("CK-964 it does not begin with a request of somebody else")
    about, number = s.ask_digest(ask), 0
    answers: list[Answer] = []
    for one in said:
        if not isinstance(one, s.RecordingGrant | s.RecordingRefusal | s.RecordingWithdrawal):
            raise malformed("CK-964 it holds something else than answers")
        # CK-964: an answer to something else, or of somebody else, would put words into a mouth;
        # one that is out of order could make an old yes the last word.
        if one.key != key or one.call != ask.call or one.ask != about or one.number <= number:
            raise malformed("CK-964 an answer of somebody else, to something else, or out of order")
        number = one.number
        _require_fits(one, ask, answers)
        answers.append(one)
    return Consent(key, ask, tuple(answers), tuple(signed))


def _require_fits(answer: Answer, ask: s.RecordingAsk, before: Sequence[Answer]) -> None:
    """Require that an answer can follow those before it (CK-965)."""
    match answer:
        # A yes to more than was asked for would be a request that nobody signed.
        case s.RecordingGrant() if not answer.kinds <= ask.kinds or (answer.clear > ask.clear):
            raise malformed("CK-965 a yes to what nobody asked for")
        # Who takes back a yes that is not here has left it out.
        case s.RecordingWithdrawal() if not before or state_of(before[-1]) is not State.GIVEN:
            raise malformed("CK-965 a yes is taken back that is not here")
        case _:
            pass


def malformed(why: str) -> PeerError:
    """Return the error for what makes no record, and for what is no receipt."""
    return PeerError(Code.MALFORMED, why)
