"""Examples of statements about a recording: one or more of each type, and who says them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.core.content_examples import Family

from visavis.core import recording_statements as s
from visavis.core.identity import identity_public_key
from visavis.core.ids import CallId, ConsentKey, Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import Kind, Members

PRIVATE, OTHER_PRIVATE = bytes(range(32)), bytes(range(1, 33))
KEY, OTHER_KEY = (ConsentKey(identity_public_key(one)) for one in (PRIVATE, OTHER_PRIVATE))
CALL: Final = CallId(bytes(range(16)))
HEAD: Final = (s.call_reference(CALL), KEY, 1, 1_800_000_000)
BOTH: Final = frozenset({Kind.VIDEO, Kind.AUDIO})
MEMBERS: Final[Members] = frozenset({KEY, OTHER_KEY, ConsentKey(bytes(32))})

ASK: Final = s.RecordingAsk(
    *HEAD,
    BOTH,
    "Minutes of the meeting",
    s.Place.DEVICE,
    30,
    s.Recipients.MEMBERS,
    clear=False,
    withdraw=s.WithdrawBy.APP,
)
CLEAR: Final = replace(
    ASK,
    number=s.MAX_NUMBER,
    at=s.MAX_AT,
    kinds=frozenset(Kind),
    purpose="\u00e9" * 300,
    place=s.Place.UPLOADED,
    days=1,
    recipients=s.Recipients.ASKER,
    clear=True,
    named="The court",
)
ABOUT: Final = s.ask_digest(ASK)
SHARE: Final = Digest.sha256(b"share")
GRANT: Final = s.RecordingGrant(*HEAD, ABOUT, BOTH, members_hash(MEMBERS), clear=False, share=SHARE)
REFUSAL: Final = s.RecordingRefusal(*HEAD, ABOUT)
WITHDRAWAL: Final = s.RecordingWithdrawal(*HEAD, ABOUT)
PROGRESS: Final = s.RecordingProgress(*HEAD, ABOUT, BOTH, MEMBERS)
END: Final = s.RecordingEnd(*HEAD, ABOUT)
STATEMENTS: Final[tuple[Any, ...]] = (
    ASK,
    CLEAR,
    replace(CLEAR, named=None),
    GRANT,
    replace(GRANT, kinds=frozenset({Kind.TRANSCRIPT}), clear=True),
    REFUSAL,
    WITHDRAWAL,
    PROGRESS,
    replace(PROGRESS, kinds=frozenset(), members=frozenset({KEY})),
    END,
)

IN_CDDL: Final = Family(
    "recording-statement",
    s._FAMILY.encode,
    s._FAMILY.decode,
    # One member: CDDL cannot say that there is an order, and none twice.
    (
        replace(ASK, clear=True, named="The court"),
        GRANT,
        REFUSAL,
        WITHDRAWAL,
        replace(PROGRESS, members=frozenset({KEY})),
        END,
    ),
)
RECORDING_EXAMPLES: Final = [(IN_CDDL, one) for one in IN_CDDL.examples]
RECORDING_NAMES: Final = [type(one).__name__ for one in IN_CDDL.examples]
