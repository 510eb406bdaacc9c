"""What one device says about recording a call: signed with its consent key, and sent in order.

Not for: what is said, or when (`recording_shell`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.content_recording import RecordingSaid
from visavis.core.ids import CallId, ConsentKey, Digest
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import Laid, SaidStatement, Wanted

Say = Callable[[RecordingSaid], None]
"""Says something to all members, after what was said before; never raises."""

RECENT: Final = 12
"""So many statements are said again to whoever comes back into the room. Higher: more is made up
for; lower: less is said in vain, as a statement counts once (CK-930)."""


@dataclass(frozen=True, slots=True)
class _Recent:
    said: RecordingSaid = field(repr=False)
    statement: s.Statement = field(repr=False)


class Speech:
    """Signs and sends.

    Args:
        call: The call.
        own: Our consent key.
        unix: Returns unix seconds.
        say: Sends.

    Attributes:
        call: By what statements name the call.
    """

    def __init__(self, call: CallId, own: OwnConsent, unix: Callable[[], int], say: Say) -> None:
        self.call = s.call_reference(call)
        self._own = own
        self._unix = unix
        self._say = say
        self._recent: deque[_Recent] = deque(maxlen=RECENT)

    def head(self, number: int) -> tuple[Digest, ConsentKey, int, int]:
        """Return what each statement of ours begins with: call, key, number and time."""
        return self.call, self._own.key, number, self._unix()

    def request(self, wanted: Wanted, number: int) -> s.RecordingAsk:
        """Return a request for what the person wants."""
        return s.RecordingAsk(
            *self.head(number),
            wanted.kinds,
            wanted.purpose,
            wanted.place,
            wanted.days,
            wanted.recipients,
            wanted.clear,
            s.WithdrawBy.APP,
            wanted.named,
        )

    def sign(self, statement: s.Statement) -> SaidStatement:
        """Sign a statement; raises as `sign_statement`."""
        return SaidStatement(s.sign_statement(statement, self._own.private), statement)

    def say(self, signed: SaidStatement, laid: Laid | None = None) -> None:
        """Send what was signed.

        Args:
            signed: It.
            laid: Our share, where the statement is a request or a yes.
        """
        slot, read = (None, None) if laid is None else (laid.slot, laid.read)
        said = RecordingSaid(signed.signed, slot, read)
        self._recent.append(_Recent(said, signed.statement))
        self._say(said)

    def recent(self, goes_on: Callable[[Digest], bool]) -> list[RecordingSaid]:
        """Return what was said last, for who may have missed it: of what is over, its end alone."""

        def wanted(statement: s.Statement) -> bool:
            match statement:
                case s.RecordingAsk():
                    return goes_on(s.ask_digest(statement))
                case s.RecordingRefusal() | s.RecordingWithdrawal() | s.RecordingEnd():
                    return True
                case _:
                    return goes_on(statement.ask)

        return [one.said for one in self._recent if wanted(one.statement)]


def ask_of(statement: s.Statement) -> Digest:
    """Return the request that a statement is, or is about."""
    return s.ask_digest(statement) if isinstance(statement, s.RecordingAsk) else statement.ask


def event_of(by: ConsentKey, statement: s.Statement) -> t.Event:
    """Return what a member said as an event of the machine.

    Args:
        by: Whose consent key signed it.
        statement: It.
    """
    number, ask = statement.number, ask_of(statement)
    match statement:
        case s.RecordingAsk():
            return t.AskReceived(by, number, ask, statement.kinds)
        case s.RecordingGrant():
            return t.GrantReceived(by, number, ask, statement.kinds, statement.members)
        case s.RecordingRefusal():
            return t.RefusalReceived(by, number, ask)
        case s.RecordingWithdrawal():
            return t.WithdrawalReceived(by, number, ask)
        case s.RecordingProgress():
            return t.ProgressReceived(by, number, ask, statement.kinds)
        case s.RecordingEnd():
            return t.EndReceived(by, number, ask)
    assert_never(statement)
