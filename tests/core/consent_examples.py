"""Examples of kept consents: Anna asked, Bob answered, as in `receipt_examples`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.core.receipt_examples import AGAIN, BACK, BOB, BOBS, NO, YES, signed
from tests.core.recording_examples import ASK, CALL

from visavis.core import recording_statements as s
from visavis.core.consent_record import AFTER_CALL, ConsentRecord, OwnShare, Where
from visavis.core.ids import AccountId, GroupId, Secret32, ShareKey, ShareSlot

SHARE: Final = OwnShare(ShareSlot(b"\x01" * 16), ShareKey(b"\x02" * 32), 20_700)
OTHER_SHARE: Final = OwnShare(ShareSlot(b"\x03" * 16), ShareKey(b"\x04" * 32), 20_701)
IN_CONTACT: Final = Where(contact=AccountId(b"\x05" * 16))
IN_GROUP: Final = Where(group=GroupId(b"\x06" * 16))
LATE: Final = replace(BACK, number=AFTER_CALL, at=BACK.at + 3_600)


def record(*answers: s.Statement, **fields: Any) -> ConsentRecord:
    """Return Bob's consent with these answers."""
    told = {
        "by": "anna.48213",
        "title": "Sunday hikes",
        "signed": tuple(signed(ASK, *answers)),
        "where": IN_GROUP,
        **fields,
    }
    return ConsentRecord(s.ask_digest(ASK), CALL, BOB, Secret32(BOBS), **told)


RECORDS: Final[dict[str, ConsentRecord]] = {
    "given": record(YES, share=SHARE),
    "given to a contact": record(YES, where=IN_CONTACT, title="anna.48213", share=SHARE),
    "given to a guest": record(YES, where=None, by="", share=SHARE),
    "refused": record(NO),
    "to be taken back": record(YES, share=replace(SHARE, leaving=True)),
    "taken back, share leaving": record(YES, BACK, share=replace(SHARE, leaving=True)),
    "taken back": record(YES, BACK),
    "taken back and given again": record(YES, BACK, AGAIN, share=OTHER_SHARE),
    "taken back after the call": record(YES, LATE),
    "after the call, and in it": record(YES, BACK, LATE),
    "after the call, and given in it": record(YES, BACK, AGAIN, LATE, share=OTHER_SHARE),
}
