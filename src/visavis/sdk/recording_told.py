"""Whether anything was ever recorded of what somebody asks, by their own word.

Who asks numbers all that they say. Whoever heard each number from the request to its end, and no
`recording.progress` with kinds among them, knows that nothing was sealed with their share. Whoever
missed one does not know it.

Not for: what may be recorded (`core/recording`), or deleting a share (`recording_answers`).
"""

from __future__ import annotations

from dataclasses import dataclass

from visavis.core import recording_statements as s
from visavis.core.ids import ConsentKey, Digest


@dataclass(slots=True)
class _Told:
    by: ConsentKey
    may_be_recorded: bool
    """They said so, or something that we missed may have been that."""
    has_ended: bool = False


class Told:
    """What members said of their own requests, in one call."""

    def __init__(self) -> None:
        self._last: dict[ConsentKey, int] = {}
        self._asks: dict[Digest, _Told] = {}

    def hear(self, ask: Digest, statement: s.Statement) -> None:
        """Take what a member said, after its signature was checked; also what counts for nothing.

        Args:
            ask: The request that it is, or is about.
            statement: It.
        """
        by, number = statement.key, statement.number
        last = self._last.get(by)
        if last is not None and number > last + 1:
            self._missed(by)
        self._last[by] = number if last is None else max(last, number)
        known = self._asks.get(ask)
        if known is None:
            if isinstance(statement, s.RecordingAsk):
                # Said again for who came: much may have been said since.
                self._asks[ask] = _Told(by, may_be_recorded=last is not None and number <= last)
        elif known.by == by:
            if isinstance(statement, s.RecordingProgress) and statement.kinds:
                known.may_be_recorded = True
            elif isinstance(statement, s.RecordingEnd):
                known.has_ended = True

    def is_never_recorded(self, ask: Digest) -> bool:
        """Say whether a request has ended, and nothing of it was recorded: for sure."""
        known = self._asks.get(ask)
        return known is not None and known.has_ended and not known.may_be_recorded

    def _missed(self, by: ConsentKey) -> None:
        for one in self._asks.values():
            if one.by == by and not one.has_ended:
                one.may_be_recorded = True
