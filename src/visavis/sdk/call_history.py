"""The history of calls on this device: kept in the store as pages, like in the vault (P6, R-05).

What happens to it takes effect at once here, is told to our other devices where a person decided
it, and stands in the vault within the hour. Nothing is kept for longer than the person says: what
is past that is not shown, and goes with the next look (`expire`).

Not for: how entries and pages merge (`visavis.core.call_log`), or how calls come to be noted
(`call_notes.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from visavis.core.call_entry import Cut, Direction, Entry, Outcome, gone_mark
from visavis.core.call_log import AHEAD_S, CallLog, PageId, Touched
from visavis.core.call_page import Page, decode_page, encode_page
from visavis.core.content_records import Media, Settings
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import AccountId, CallId, DeviceId, Rng
from visavis.core.keeping import DEFAULT, as_kept, decode_settings, encode_settings, keeps_s, newer
from visavis.sdk.store import Store

_PAGE_KIND: Final = "calls.page"
_URGENT_KIND: Final = "calls.urgent"
"""Pages from which calls were deleted that the vault still has."""
_SEEN_KIND: Final = "calls.seen"
"""By call: when this device first had a call that seems to begin in the future."""
_ASKED_KIND: Final = "calls.asked"
"""By call: the contact that wishes it deleted here."""
_STATE_KIND: Final = "calls"
_SETTINGS: Final = b"settings"
_CLOCK: Final = b"clock"
_NEXT: Final = b"next"
_NEVER: Final = 2**62
JUMP_S: Final = 366 * 86_400
"""A clock that went on by more than this since it was last looked at is not believed at once."""
BELIEVED_AFTER_S: Final = 86_400

Keeps = Callable[[AccountId], int | None]
"""What a contact's rules say of the history (`Rules.keeps`)."""


class CallHistory:
    """Calls, and how long they are kept. Everything that writes is called in a transaction.

    Args:
        store: Open.
        device: This one.
        keeps: What the person decided for a contact.
        now: Unix seconds.
        rng: Random bytes.
    """

    def __init__(
        self,
        store: Store,
        device: DeviceId,
        keeps: Keeps,
        now: Callable[[], int],
        rng: Rng,
    ) -> None:
        self._store = store
        self._device = device
        self._keeps = keeps
        self._now = now
        self._rng = rng
        self._loaded: CallLog | None = None
        self._kept: dict[AccountId, int | None] = {}
        self._changed: list[Callable[[], object]] = []
        store.on_rollback(self._forget)

    def on_change(self, listener: Callable[[], object]) -> None:
        """Register who is told, inside the transaction, that something changed here."""
        self._changed.append(listener)

    # Settings

    def settings(self) -> Settings:
        """Return what the person decided, or what holds until they do."""
        data = self._store.get(_STATE_KIND, _SETTINGS)
        return DEFAULT if data is None else decode_settings(data)

    def set_settings(self, settings: Settings) -> None:
        """Keep what the person decided here; what may not be kept any more goes."""
        before = self.settings()
        self._store.put(_STATE_KIND, _SETTINGS, encode_settings(settings))
        self._write(self._log().amend(lambda entry: as_kept(entry, settings)), urgent=True)
        if before.sync and not settings.sync:
            self._write(set(self._log().pages), urgent=True)
        self.expire()
        self._tell()

    def take_settings(self, settings: Settings) -> None:
        """Take over what was decided on another device, if it stands against ours."""
        known = self.settings()
        if newer(known, settings) != known:
            self.set_settings(settings)

    # Looking

    def entries(self) -> list[Entry]:
        """Return the calls that are kept, the newest first."""
        is_over = self._is_over()
        return [entry for entry in self._log().entries() if not is_over(entry)]

    def get(self, call: CallId) -> Entry | None:
        """Return one call, or None."""
        found = self._log().get(call)
        return None if found is None or self._is_over()(found) else found

    # Changing

    def note(self, entry: Entry, goes_on: CallId | None = None) -> bool:
        """Keep a call, or what is known better of it; say whether anything was kept.

        Args:
            entry: The call.
            goes_on: The call that it went on with: the two are one for a person.
        """
        if self._keeping()(entry) == 0:
            return False
        earlier = None if goes_on is None else self.get(goes_on)
        if earlier is not None:
            entry = replace(
                entry,
                call=earlier.call,
                direction=earlier.direction,
                at=earlier.at,
                seconds=earlier.seconds + entry.seconds,
                recorded=earlier.recorded or entry.recorded,
                mark=earlier.mark,
            )
        touched = self._log().add(as_kept(entry, self.settings()), self._rng)
        self._write(touched)
        return bool(touched)

    def note_all(self, entries: Iterable[Entry]) -> int:
        """Keep many calls, as they come with a move from another server; returns how many."""
        log, settings, keeping = self._log(), self.settings(), self._keeping()
        touched: Touched = set()
        before = len(log)
        for entry in entries:
            if keeping(entry) != 0:
                touched |= log.add(as_kept(entry, settings), self._rng)
        self._write(touched)
        return len(log) - before

    def mark(self, call: CallId, *, pinned: bool, note: str) -> None:
        """Pin a call, or note something about it.

        Raises:
            PeerError: TOO_LARGE; REFUSED, there is no such call any more.
        """
        log = self._log()
        self._write(log.mark(call, device=self._device, pinned=pinned, note=note, rng=self._rng))

    def delete(self, calls: Iterable[CallId]) -> tuple[bytes, ...]:
        """Delete calls; return their marks, for our other devices."""
        doomed = tuple(calls)
        self._write(self._log().delete(doomed, self._rng), urgent=True)
        return tuple(map(gone_mark, doomed))

    def delete_all(self) -> Cut:
        """Delete all calls; return the cut, for our other devices."""
        log = self._log()
        self._write(log.delete_all(self._now(), self._rng), urgent=True)
        return log.cut

    def asked_to_forget(self, contact: AccountId, call: CallId) -> None:
        """Keep that a contact wishes a call with it to be deleted here."""
        self._store.put(_ASKED_KIND, call, contact)

    def wishes(self) -> dict[CallId, AccountId]:
        """Return the calls of which a contact wishes that we delete them, until that is decided."""
        asked = {CallId(c): AccountId(a) for c, a in self._store.items(_ASKED_KIND)}
        return {call: account for call, account in asked.items() if self.get(call) is not None}

    def refuse_wishes(self, contact: AccountId) -> None:
        """Keep the calls that a contact wishes deleted."""
        for call, account in self.wishes().items():
            if account == contact:
                self._store.delete(_ASKED_KIND, call)

    def bury(self, gone: Iterable[bytes]) -> None:
        """Delete what another device of ours has deleted."""
        self._write(self._log().bury(gone, self._rng), urgent=True)

    def cut(self, cut: Cut) -> None:
        """Delete what was there when another device of ours deleted everything."""
        self._write(self._log().raise_cut(cut), urgent=True)

    def expire(self) -> None:
        """Take out what has been kept for as long as it shall be."""
        now = self._believe()
        log, keeping = self._log(), self._keeping()
        self._write(log.expire(keeping, now, first_seen=self._first_seen(now)), urgent=True)
        ends = (
            min(entry.ended_at, now + AHEAD_S) + kept
            for entry in log.each()
            if (kept := keeping(entry)) is not None
        )
        self._store.put(_STATE_KIND, _NEXT, min(ends, default=_NEVER).to_bytes(8, "big"))

    def expire_if_due(self) -> None:
        """Do so, if something is due: what a look every minute may cost."""
        due = self._store.get(_STATE_KIND, _NEXT)
        if due is not None and self._now() >= int.from_bytes(due, "big"):
            with self._store.transaction():
                self.expire()

    def begin(self, keeps: Mapping[AccountId, int | None]) -> None:
        """Take how calls are remembered as of now, to know a change of it (`follow`)."""
        self._kept = dict(keeps)

    def follow(self, account: AccountId) -> None:
        """Look whether a contact that was written is to be remembered otherwise than before."""
        keeps = self._keeps(account)
        if self._kept.get(account) != keeps:
            self._kept[account] = keeps
            self.expire()

    # The vault

    def vault_pages(self) -> dict[PageId, bytes]:
        """Return what shall stand in the vault: one page at least, empty if they shall not sync."""
        if not self._store.count(_PAGE_KIND):
            log = self._log()
            log.need_page(self._rng)
            self._save(log.pages)
        settings = self.settings()
        if settings.sync:  # as they are kept: none is decoded for it
            return dict(self._store.items(_PAGE_KIND))
        pages = self._log().pages
        return {page_id: self._for_vault(page, settings) for page_id, page in pages.items()}

    def _vault_page(self, page_id: PageId) -> bytes | None:
        settings = self.settings()
        if settings.sync:
            return self._store.get(_PAGE_KIND, page_id)
        page = self._log().pages.get(page_id)
        return None if page is None else self._for_vault(page, settings)

    @staticmethod
    def _for_vault(page: Page, settings: Settings) -> bytes:
        return encode_page(page if settings.sync else Page(page.cut, {}, page.gone))

    def urgent(self) -> frozenset[PageId]:
        """Return the pages from which calls were deleted that the vault still has."""
        return frozenset(page for page, _ in self._store.items(_URGENT_KIND))

    def is_written(self, page: PageId, payload: bytes) -> None:
        """Note what stands in the vault of a page; if it has changed since, it stays urgent."""
        if self._vault_page(page) == payload:
            self._store.delete(_URGENT_KIND, page)

    def take_pages(self, pages: Mapping[PageId, Page], payloads: Mapping[PageId, bytes]) -> None:
        """Take over what another device wrote, as far as it is kept here.

        Args:
            pages: Read and checked.
            payloads: Their encodings, among others.
        """
        news = [at for at in pages if self._store.get(_PAGE_KIND, at) != payloads[at]]
        if not news:
            return
        log, settings = self._log(), self.settings()
        touched: Touched = set()
        for page_id in news:
            touched |= log.merge(page_id, pages[page_id], self._rng)
        touched |= log.amend(lambda entry: as_kept(entry, settings))
        self._save(touched)
        self.expire()
        if any(self._for_vault(log.pages[at], settings) != payloads[at] for at in news):
            self._tell()

    # Within

    def _log(self) -> CallLog:
        if self._loaded is None:
            try:
                pages = {at: decode_page(data) for at, data in self._store.items(_PAGE_KIND)}
            except PeerError:
                raise FatalError(Code.MALFORMED, "a page of calls cannot be read") from None
            self._loaded = CallLog.of(pages)
        return self._loaded

    def _forget(self) -> None:
        self._loaded = None

    def _save(self, pages: Iterable[PageId]) -> None:
        for page_id in pages:
            self._store.put(_PAGE_KIND, page_id, encode_page(self._log().pages[page_id]))

    def _write(self, touched: Touched, *, urgent: bool = False) -> None:
        if not touched:
            return
        self._save(touched)
        for call, _ in self._store.items(_ASKED_KIND) if urgent else ():
            if self._log().get(CallId(call)) is None:
                self._store.delete(_ASKED_KIND, call)
        for page_id in touched if urgent else ():
            self._store.put(_URGENT_KIND, page_id, b"")
        self._store.put(_STATE_KIND, _NEXT, bytes(8))  # reckoned anew at the next look
        self._tell()

    def _tell(self) -> None:
        for listener in self._changed:
            listener()

    # Time

    def _keeping(self) -> Callable[[Entry], int | None]:
        """Return the rule by which calls are kept now: seconds after their end, None for always."""
        settings, of_contact = self.settings(), functools.cache(self._keeps)
        return lambda entry: keeps_s(settings, map(of_contact, entry.members))

    def _is_over(self) -> Callable[[Entry], bool]:
        now, keeping = self._believed(self._now())[0], self._keeping()

        def is_over(entry: Entry) -> bool:
            kept = keeping(entry)
            return kept is not None and min(entry.ended_at, now + AHEAD_S) + kept <= now

        return is_over

    def _first_seen(self, now: int) -> dict[CallId, int]:
        """Return since when calls are here that seem to begin in the future, and note new ones."""
        ahead = {e.call for e in self._log().each() if e.ended_at > now + AHEAD_S}
        seen = {CallId(k): int.from_bytes(v, "big") for k, v in self._store.items(_SEEN_KIND)}
        for call in seen.keys() - ahead:
            self._store.delete(_SEEN_KIND, call)
        for call in ahead - seen.keys():
            self._store.put(_SEEN_KIND, call, now.to_bytes(8, "big"))
            seen[call] = now
        return seen

    def _believed(self, now: int) -> tuple[int, int]:
        """Return the time to go by, and since when the clock is in doubt (0: it is not).

        A clock that jumped ahead by more than a year is believed after a day: one that is wrong
        must not take everything away.
        """
        data = self._store.get(_STATE_KIND, _CLOCK)
        last, jumped = (now, 0) if data is None else _pair(data)
        if now - last <= JUMP_S or (jumped and BELIEVED_AFTER_S <= now - jumped <= JUMP_S):
            return now, 0
        return last, jumped if jumped and now - jumped <= JUMP_S else now

    def _believe(self) -> int:
        """Return the time to go by, and remember what the clock said."""
        now, jumped = self._believed(self._now())
        self._store.put(_STATE_KIND, _CLOCK, now.to_bytes(8, "big") + jumped.to_bytes(8, "big"))
        return now


def _pair(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[:8], "big"), int.from_bytes(data[8:], "big")


def missed_call(
    call: CallId, contact: AccountId, media: Media, at: int, *, verified: bool
) -> Entry:
    """Return the entry of a call that did not ring here."""
    return Entry(call, (contact,), Direction.INCOMING, media, Outcome.MISSED, at, verified=verified)
