"""The history of calls: the part of the facade (`client.py`) that shows and controls it.

It is the owner's alone: on their devices, and sealed in the vault. Not for calling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from visavis.core.call_entry import Entry
from visavis.core.call_search import Wanted, find
from visavis.core.content_records import Settings
from visavis.core.ids import CallId
from visavis.core.keeping import FIELDS, PRESETS, Preset, decided
from visavis.sdk.client_meeting import Meeting
from visavis.sdk.client_shown import Contact


@dataclass(slots=True)
class CallBook(Meeting):
    """The part of `Client` that has the history of calls."""

    async def call_history(
        self,
        contact: Contact | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        missed: bool = False,
    ) -> list[Entry]:
        """Return the calls that are kept, the newest first. The server need not be there.

        Args:
            contact: Only those with this contact.
            since: Only those that began at this time or later, unix seconds.
            until: Only those that began before.
            missed: Only those that were missed.
        """
        account = None if contact is None else contact.account
        wanted = Wanted(contact=account, since=since, until=until, missed=missed)
        return list(find(self._session.books.calls.entries(), wanted, {}))

    async def mark_call(
        self, call: CallId, *, pinned: bool | None = None, note: str | None = None
    ) -> None:
        """Pin a call, or note something about it (500 bytes); what is not given stays.

        Raises:
            PeerError: TOO_LARGE; REFUSED, there is no such call any more.
        """
        known = self._session.books.calls.get(call)
        before = (False, "") if known is None else (known.mark.pinned, known.mark.note)
        self._session.call_control.mark(
            call,
            pinned=before[0] if pinned is None else pinned,
            note=before[1] if note is None else note,
        )

    async def delete_calls(self, calls: Iterable[CallId]) -> None:
        """Delete calls from the history, on all devices of the account."""
        await self._session.call_control.delete(calls)

    async def delete_all_calls(self) -> None:
        """Delete the whole history, on all devices of the account."""
        await self._session.call_control.delete_all()

    async def settings(self) -> Settings:
        """Return what the person decided about what is kept."""
        return self._session.books.calls.settings()

    async def set_settings(
        self,
        *,
        keep: int | None = None,
        details: bool | None = None,
        sync: bool | None = None,
        trace: bool | None = None,
        never_record: bool | None = None,
    ) -> Settings:
        """Decide what is kept, on all devices of the account; what is not given stays.

        Args:
            keep: Hours for which calls stay in the history: 0 for none, `KEEP_EVER` for no end.
            details: Keep path, cipher suite and quality.
            sync: Our other devices get the history, through the vault.
            trace: Those we call in vain see a missed call.
            never_record: We are never to be recorded, in no call that begins from now on, and
                nobody can ask (R-48). Contacts are told.

        Raises:
            UsageError: Out of bounds.
        """
        books = self._session.books
        now, device = books.calls.settings(), books.device
        settings = decided(
            now,
            device,
            keep=keep,
            details=details,
            sync=sync,
            trace=trace,
            never_record=never_record,
        )
        return await self._session.call_control.set_settings(settings)

    async def choose_preset(self, preset: Preset) -> Settings:
        """Take one of the three presets; `keeping.changes` says beforehand what that changes."""
        wanted = PRESETS[preset]
        return await self.set_settings(**{name: getattr(wanted, name) for name in FIELDS})

    async def ask_to_forget(self, contact: Contact, calls: Iterable[CallId] | None = None) -> int:
        """Ask a contact to delete calls with us from its history.

        It is a request: they decide, and nobody can see what they did.

        Args:
            contact: Whom.
            calls: Which; all with them that are in our history without this.

        Returns:
            How many calls were named.

        Raises:
            As `send_message`.
        """
        entries = await self.call_history(contact)
        named = [entry.call for entry in entries] if calls is None else list(calls)
        await self._session.call_control.ask_to_forget(contact.account, named)
        return len(named)

    async def wishes(self) -> dict[CallId, Contact]:
        """Return the calls of which a contact wishes that we delete them, until that is decided."""
        contacts = {contact.account: contact for contact in await self.contacts()}
        found = self._session.books.calls.wishes()
        return {call: contacts[account] for call, account in found.items() if account in contacts}

    async def answer_wish(self, contact: Contact, *, delete: bool) -> int:
        """Delete what a contact wishes deleted, or keep it; they are not told. Returns how many."""
        return await self._session.call_control.answer_wish(contact.account, delete=delete)
