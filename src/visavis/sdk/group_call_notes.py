"""What stays of group calls in the history: who was met, for how long; what was missed here.

Not for: what is kept at all, and how long (`call_history`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from visavis.core.call_entry import Direction, Entry, Outcome, Via
from visavis.core.call_page import MAX_MEMBERS
from visavis.core.ids import AccountId
from visavis.core.mls import SUITE_ID
from visavis.sdk.group_call_book import GoingOn
from visavis.sdk.group_call_objects import InCall
from visavis.sdk.group_call_ways import Ways


class GroupCallNotes:
    """Notes one call of this device, once it is over.

    Args:
        ways: The session.
    """

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._began_at = ways.now()
        self._met: dict[AccountId, bool] = {}
        self._met_at: int | None = None
        self._alone_at: int | None = None

    def show(self, members: Sequence[InCall]) -> None:
        """Note who is in it now."""
        others = {
            one.account: one.verified
            for one in members
            if one.account is not None and one.account != self._ways.account
        }
        now = self._ways.now()
        if others and self._met_at is None:
            self._met_at = now
        self._alone_at = None if others else now
        self._met |= others

    def over(self, going: GoingOn, *, recorded: bool) -> None:
        """It is over here: keep it, as far as the person wants calls kept.

        Args:
            going: The call.
            recorded: Something of it was recorded, by whomever.
        """
        ways = self._ways
        begun = going.by == ways.account
        if self._met_at is None:
            if begun:
                self._note(going, ways.others(going.group), Outcome.UNANSWERED)
            return
        entry = Entry(
            going.call,
            _members(self._met),
            Direction.OUTGOING if begun else Direction.INCOMING,
            going.media,
            Outcome.ANSWERED,
            self._began_at,
            max(0, (self._alone_at or ways.now()) - self._met_at),
            all(self._met.values()),
            recorded,
            via=Via.RELAYED,
            suite=SUITE_ID,
        )
        ways.note(entry)

    def missed(self, going: GoingOn) -> None:
        """It rang here, and nobody came."""
        self._note(going, [going.by], Outcome.MISSED)

    def declined(self, going: GoingOn) -> None:
        """The person did not want to come."""
        self._note(going, [going.by], Outcome.DECLINED)

    def _note(self, going: GoingOn, members: Iterable[AccountId], outcome: Outcome) -> None:
        begun = going.by == self._ways.account
        direction = Direction.OUTGOING if begun else Direction.INCOMING
        named = _members(members)
        if named:
            at = self._began_at
            self._ways.note(Entry(going.call, named, direction, going.media, outcome, at))


def _members(accounts: Iterable[AccountId]) -> tuple[AccountId, ...]:
    return tuple(sorted(accounts)[:MAX_MEMBERS])
