"""Examples of receipts: Anna asks, Bob answers; both by the keys of `recording_examples`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from tests.core.recording_examples import ASK, BOTH, GRANT, MEMBERS, PRIVATE, REFUSAL, WITHDRAWAL
from tests.core.recording_examples import OTHER_KEY as BOB
from tests.core.recording_examples import OTHER_PRIVATE as BOBS

from visavis.core import recording_statements as s
from visavis.core.identity import sign
from visavis.core.recording import members_hash
from visavis.core.recording_receipt import Sign, make_receipt
from visavis.core.recording_types import Kind

SIGN: Final[Sign] = partial(sign, BOBS)

YES: Final = replace(GRANT, key=BOB, at=GRANT.at + 5)
NO: Final = replace(REFUSAL, key=BOB, number=2, at=GRANT.at + 60)
BACK: Final = replace(WITHDRAWAL, key=BOB, number=3, at=GRANT.at + 120)
AGAIN: Final = replace(YES, number=4, kinds=frozenset({Kind.AUDIO}), members=members_hash(MEMBERS))

EXPORT: Final = replace(
    ASK,
    kinds=frozenset(Kind),
    place=s.Place.UPLOADED,
    recipients=s.Recipients.ASKER,
    clear=True,
    named="The court",
)


def about(ask: s.RecordingAsk, answer: Any, **changes: Any) -> Any:
    """Return an answer to another request."""
    return replace(answer, ask=s.ask_digest(ask), **changes)


def signed(ask: s.RecordingAsk, *answers: s.Statement) -> list[bytes]:
    return [
        s.sign_statement(ask, PRIVATE),
        *(s.sign_statement(one, BOBS) for one in answers),
    ]


def receipt(*answers: s.Statement, ask: s.RecordingAsk = ASK) -> bytes:
    return make_receipt(signed(ask, *answers), BOB, SIGN)


def receipts() -> Iterator[tuple[str, bytes]]:
    """Yield one of each kind."""
    yield "given", receipt(YES)
    yield "refused", receipt(NO)
    yield "withdrawn", receipt(YES, BACK)
    yield "renewed", receipt(YES, NO, AGAIN)
    yield "some", receipt(replace(YES, kinds=BOTH - {Kind.VIDEO}))
    yield "export", receipt(about(EXPORT, YES, clear=True), ask=EXPORT)
    nameless = replace(EXPORT, named=None)
    yield "no export", receipt(about(nameless, YES), ask=nameless)


RECEIPTS: Final = dict(receipts())
