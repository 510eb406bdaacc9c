"""The calls of one account as pages, and how the pages of two devices become one (P6).

A log is a set: whatever order pages come in, and however often, the same calls are in it (CK-700).
A deleted call stays deleted. Taking everything away raises the cut: another device that was offline
meanwhile loses what it had by then, and keeps the calls that came after.

A page never moves and never goes; it empties. So where a call is says nothing of when it was
deleted, and the vault's slots stay as they are.

Pure but for the ids of new pages. Not for: what an entry is and how pages are encoded
(`call_entry.py`); how long entries are kept (`keeping.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from visavis.core.call_entry import NO_CUT, Cut, Entry, gone_mark, marked, merge_entries
from visavis.core.call_page import (
    EMPTY_ROOM,
    PAGE_BYTES,
    ROOM_FOR_ACCOUNT,
    ROOM_FOR_GONE,
    Page,
    room_for,
)
from visavis.core.errors import Code, PeerError
from visavis.core.ids import AccountId, CallId, DeviceId, Rng

PAGE_ID_BYTES: Final = 16
AHEAD_S: Final = 86_400
"""A call that begins so far in the future was written by a clock that was wrong."""

PageId = bytes
Touched = set[PageId]
"""Pages that were changed."""


@dataclass(slots=True)
class CallLog:
    """All calls of an account, as far as this device knows them.

    Every method that changes it returns the pages it changed.
    """

    cut: Cut = NO_CUT
    pages: dict[PageId, Page] = field(default_factory=dict, repr=False)
    _where: dict[CallId, PageId] = field(default_factory=dict, repr=False)
    _gone: set[bytes] = field(default_factory=set, repr=False)
    _room: dict[PageId, _Room] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, pages: Mapping[PageId, Page]) -> Self:
        """Make a log of the pages of one device, which has no call in two of them."""
        log = cls(max((page.cut for page in pages.values()), default=NO_CUT), dict(pages))
        for page_id, page in pages.items():
            room = log._room[page_id] = _Room(EMPTY_ROOM + ROOM_FOR_GONE * len(page.gone))
            log._where.update(dict.fromkeys(page.entries, page_id))
            log._gone |= page.gone
            for entry in page.entries.values():
                room.add(entry)
        return log

    def __len__(self) -> int:
        """Return how many calls there are."""
        return len(self._where)

    def entries(self) -> list[Entry]:
        """Return all calls, the newest first."""
        return sorted(self.each(), key=lambda entry: (-entry.at, entry.call))

    def each(self) -> list[Entry]:
        """Return all calls, in no order: sorting 100,000 for every look at them is felt."""
        return [entry for page in self.pages.values() for entry in page.entries.values()]

    def get(self, call: CallId) -> Entry | None:
        """Return one call, or None."""
        at = self._where.get(call)
        return None if at is None else self.pages[at].entries[call]

    def is_gone(self, call: CallId) -> bool:
        """Say whether this very call was deleted."""
        return gone_mark(call) in self._gone

    # Adding

    def add(self, entry: Entry, rng: Rng) -> Touched:
        """Put a call in, or what is known better of one that is there; not one that was deleted.

        A clock that is behind the newest cut does not lose the call: it counts as begun after it.
        """
        return self._put(entry, None, rng)

    def mark(self, call: CallId, *, device: DeviceId, pinned: bool, note: str, rng: Rng) -> Touched:
        """Pin a call, or note something about it.

        Raises:
            PeerError: TOO_LARGE, the note; REFUSED, there is no such call any more.
        """
        entry = self.get(call)
        if entry is None:
            raise PeerError(Code.REFUSED, "the call was deleted, or was never there")
        return self._put(marked(entry, device=device, pinned=pinned, note=note), None, rng)

    def merge(self, page_id: PageId, page: Page, rng: Rng) -> Touched:
        """Take what another device wrote into a page."""
        touched = self.raise_cut(page.cut)
        entries: Iterable[Entry] = page.entries.values()
        if page.cut < self.cut:
            entries = [entry for entry in entries if entry.at > self.cut.at]
        incoming = [entry for entry in entries if not self._gone or not self.is_gone(entry.call)]
        if page_id not in self.pages:
            self._new_page(page_id)
            touched.add(page_id)
        touched |= self._make_way(page_id, incoming, page.gone, rng)
        touched |= self._bury(page.gone - self.pages[page_id].gone, page_id, rng)
        for entry in incoming:
            touched |= self._put(entry, page_id, rng)
        return touched

    def _make_way(
        self, page_id: PageId, entries: list[Entry], gone: set[bytes], rng: Rng
    ) -> Touched:
        """Move what only we have in a page elsewhere, if it and the others' do not fit together.

        Were theirs to move, two devices would write the page by turns for ever.
        """
        page = self.pages[page_id]
        known = {entry.call for entry in entries}
        union = _Room()
        for entry in entries:
            union.add(entry)
        union.taken += ROOM_FOR_GONE * len(gone)
        touched: Touched = set()
        for entry in sorted(page.entries.values(), key=lambda one: (one.at, one.call)):
            if entry.call in known:
                continue
            if union.fits(room_for(entry), entry.members):
                union.add(entry)
            else:
                self._take_out(entry.call)
                touched |= {page_id} | self._place(entry, None, page_id, rng)
        for mark in sorted(page.gone - gone):
            if union.fits(ROOM_FOR_GONE):
                union.taken += ROOM_FOR_GONE
            else:
                page.gone.discard(mark)
                self._room[page_id].taken -= ROOM_FOR_GONE
                touched |= {page_id} | self._keep_mark(mark, None, page_id, rng)
        return touched

    def need_page(self, rng: Rng) -> None:
        """Have one page at least: the vault has one from its first write on, calls or none."""
        if not self.pages:
            self._new_page(rng(PAGE_ID_BYTES))

    # Deleting

    def delete(self, calls: Iterable[CallId], rng: Rng) -> Touched:
        """Delete calls, those too that are not here yet."""
        touched: Touched = set()
        for call in calls:
            at = self._take_out(call) if call in self._where else None
            mark = gone_mark(call)
            if mark not in self._gone:
                touched |= self._keep_mark(mark, at, None, rng)
        return touched

    def bury(self, gone: Iterable[bytes], rng: Rng) -> Touched:
        """Delete calls that another device of ours has deleted, by their marks (`gone_mark`)."""
        return self._bury(set(gone) - self._gone, None, rng)

    def delete_all(self, now: int, rng: Rng) -> Touched:
        """Delete everything there is, here and on devices that are away.

        Calls that seem to begin after `now` are deleted one by one: to cut at their time would
        delete true ones as well.
        """
        ahead = [entry.call for entry in self.entries() if entry.at > now]
        touched = self.delete(ahead, rng)
        return touched | self.raise_cut(Cut(self.cut.count + 1, now))

    def raise_cut(self, cut: Cut) -> Touched:
        """Learn that everything was deleted; does nothing if that is known."""
        if cut <= self.cut:
            return set()
        self.cut = cut
        for page in self.pages.values():
            page.cut = cut
        before = [entry for entry in self.each() if entry.at <= cut.at]
        for entry in before:
            self._take_out(entry.call)
        return set(self.pages)

    def expire(
        self,
        keeps_s: Callable[[Entry], int | None],
        now: int,
        *,
        first_seen: Mapping[CallId, int] | None = None,
    ) -> Touched:
        """Take out what has been kept as long as it shall be; no mark of it stays.

        Every device does so by the same rule, so none brings it back.

        Args:
            keeps_s: How many seconds after its end a call is kept; None: always.
            now: Unix seconds.
            first_seen: When this device first had a call that seems to begin in the future.
        """
        seen = first_seen or {}
        touched: Touched = set()
        for entry in self.each():
            keeps = keeps_s(entry)
            ended = entry.ended_at
            if ended > now + AHEAD_S:
                ended = seen.get(entry.call, ended)
            if keeps is not None and ended + keeps <= now:
                touched.add(self._take_out(entry.call))
        return touched

    def amend(self, change: Callable[[Entry], Entry]) -> Touched:
        """Take something out of every call that may not be kept; `change` adds nothing."""
        touched: Touched = set()
        for entry in self.each():
            less = change(entry)
            if less != entry:
                at = self._take_out(entry.call)
                self.pages[at].entries[entry.call] = less
                self._where[entry.call] = at
                self._room[at].add(less)
                touched.add(at)
        return touched

    # Places

    def _put(self, entry: Entry, wished: PageId | None, rng: Rng) -> Touched:
        if wished is None and entry.at <= self.cut.at and entry.call not in self._where:
            entry = replace(entry, at=self.cut.at + 1)
        if self.is_gone(entry.call):
            return set()
        touched: Touched = set()
        at = self._where.get(entry.call)
        if at is not None:
            known = self.pages[at].entries[entry.call]
            entry = known if entry == known else merge_entries(known, entry)
            # The page with the lower id has it, on every device.
            target = at if wished is None else min(at, wished)
            if entry == known and target == at:
                return touched
            touched.add(self._take_out(entry.call))
            wished = target
        return touched | self._place(entry, wished, None, rng)

    def _place(self, entry: Entry, wished: PageId | None, but: PageId | None, rng: Rng) -> Touched:
        target = self._page_with(room_for(entry), entry.members, wished, but, rng)
        self.pages[target].entries[entry.call] = entry
        self._where[entry.call] = target
        self._room[target].add(entry)
        return {target}

    def _bury(self, gone: set[bytes], wished: PageId | None, rng: Rng) -> Touched:
        """Take out the calls of these marks, and keep the marks."""
        touched: Touched = set()
        places: dict[bytes, PageId] = {}
        if gone:
            for call in [call for call in self._where if gone_mark(call) in gone]:
                places[gone_mark(call)] = self._take_out(call)
        for mark in sorted(gone):
            at = places.get(mark)
            if at is not None:
                touched.add(at)
            touched |= self._keep_mark(mark, at if wished is None else wished, None, rng)
        return touched

    def _keep_mark(
        self, mark: bytes, wished: PageId | None, but: PageId | None, rng: Rng
    ) -> Touched:
        target = self._page_with(ROOM_FOR_GONE, (), wished, but, rng)
        self.pages[target].gone.add(mark)
        self._gone.add(mark)
        self._room[target].taken += ROOM_FOR_GONE
        return {target}

    def _take_out(self, call: CallId) -> PageId:
        at = self._where.pop(call)
        self._room[at].remove(self.pages[at].entries.pop(call))
        return at

    def _page_with(
        self,
        row: int,
        members: tuple[AccountId, ...],
        wished: PageId | None,
        but: PageId | None,
        rng: Rng,
    ) -> PageId:
        """Return a page with room: the wished one, else the fullest that has, else a new one."""
        if wished is not None and self._room[wished].fits(row, members):
            return wished
        fitting = [at for at, room in self._room.items() if at != but and room.fits(row, members)]
        if fitting:
            return max(fitting, key=lambda at: (self._room[at].taken, at))
        fresh = rng(PAGE_ID_BYTES)
        self._new_page(fresh)
        return fresh

    def _new_page(self, page_id: PageId) -> None:
        self.pages[page_id] = Page(self.cut)
        self._room[page_id] = _Room()


@dataclass(slots=True)
class _Room:
    """How much of a page is taken, at most; kept as calls come and go."""

    taken: int = EMPTY_ROOM
    accounts: Counter[AccountId] = field(default_factory=Counter)

    def fits(self, row: int, members: tuple[AccountId, ...] = ()) -> bool:
        if self.taken + row > PAGE_BYTES:
            return False
        return self.taken + row + self._strangers(members) <= PAGE_BYTES

    def _strangers(self, members: tuple[AccountId, ...]) -> int:
        return ROOM_FOR_ACCOUNT * sum(account not in self.accounts for account in members)

    def cost(self, entry: Entry) -> int:
        return room_for(entry) + self._strangers(entry.members)

    def add(self, entry: Entry) -> None:
        self.taken += self.cost(entry)
        self.accounts.update(entry.members)

    def remove(self, entry: Entry) -> None:
        self.accounts.subtract(entry.members)
        for account in entry.members:
            if not self.accounts[account]:
                del self.accounts[account]
        self.taken -= self.cost(entry)
