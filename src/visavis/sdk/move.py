"""How an account moves to another server (R-83): out into a file, and in from one.

The account stays who it is: the same id, the same identity key, so the same safety numbers. Its
device list goes on with a higher version, one device on it, and no two lists of one version
(`device_list.sign_moved`). Everything else that a server has a part in begins anew: handle,
password, recovery code, mailbox, addresses, conversations.

There is no federation. Who is to stay a contact needs an account at the other server.

Not for: the form of the file (`visavis.core.move_file`), or contacts who are not there yet
(`awaited.py`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Final

from visavis.core.call_entry import Entry
from visavis.core.contact_rules import ALL_RING
from visavis.core.device_list import DeviceList, ListedDevice, sign_moved
from visavis.core.errors import AuthorizationError, Code, FatalError, PeerError
from visavis.core.identity import identity_hash
from visavis.core.invite import Invite
from visavis.core.move_file import (
    Moved,
    MovedContact,
    Work,
    open_move,
    pages_of,
    read_work,
    seal_move,
)
from visavis.core.recovery import RecoveryCode
from visavis.sdk.books import Books
from visavis.sdk.contact_book import NEVER, Known
from visavis.sdk.devices import refresh
from visavis.sdk.enrol import Beginning
from visavis.sdk.keystore import UnlockedAccount
from visavis.sdk.own_handle import login_of_ours
from visavis.sdk.session import Session
from visavis.sdk.store import Store
from visavis.sdk.unlock import Kdf

TOLD: Final = (
    "I am moving to another server: {origin}\n"
    "If you want to stay in touch, make an account there and use this link. It is good for a few "
    "days.\n{link}"
)
"""What contacts read."""


async def take_out(session: Session, proof: str | RecoveryCode) -> Moved:
    """Gather what goes along. The account stays as it is.

    Args:
        session: Of any device of the account.
        proof: The account's password, or its recovery code: the identity key lies in the keystore,
            and no device has it.

    Raises:
        AuthorizationError: LOGIN_FAILED; REFUSED, this device was shut out.
        PeerError: ROLLED_BACK, the server shows an old keystore.
        UnavailableError: The server cannot be reached.
    """
    books = session.books
    async with login_of_ours(books, proof) as login:
        refresh(session, login)
        settings = books.calls.settings()
        return Moved(
            bytes(login.keys.identity_private),
            login.keys.head.data,
            books.profile.handle,
            moving_contacts(books),
            pages_of(books.calls.entries(), books.rng),
            settings if settings.count else None,
        )


def moving_contacts(books: Books) -> tuple[MovedContact, ...]:
    """Return the contacts as they go along, by account: those who are awaited still, too."""
    going = {one.account: one for one in books.awaited.all()}
    going |= {known.account: _moving(books, known) for known in books.contacts.all()}
    return tuple(going[account] for account in sorted(going))


def _moving(books: Books, known: Known) -> MovedContact:
    newest = books.lists.newest(known.account)
    if newest is None:
        raise FatalError(Code.UNEXPECTED, "a contact without a device list")
    return MovedContact(
        known.account,
        newest.identity_key,
        newest.version,
        known.name,
        known.standing,
        known.verified,
        None if known.rules == ALL_RING else known.rules,
        None if known.decided == NEVER else known.decided,
    )


def seal_file(moved: Moved, passphrase: str, kdf: Kdf | None = None) -> bytes:
    """Return the file under a passphrase. Blocks for the time of the hash.

    Raises:
        PeerError: TOO_LARGE.
    """
    chosen = kdf or Kdf()
    work = Work(chosen.passes, chosen.memory_kib, chosen.lanes, os.urandom(16))
    return seal_move(moved, work, chosen.derive(passphrase, work.salt), os.urandom)


def read_file(data: bytes, passphrase: str) -> Moved:
    """Open a file from outside. Blocks for the time of the hash.

    Raises:
        MoveFileError: Why says why. Nothing was changed.
    """
    work = read_work(data)
    kdf = Kdf(work.passes, work.memory_kib, work.lanes)
    return open_move(data, kdf.derive(passphrase, work.salt))


@dataclass(slots=True)
class Arriving(Beginning):
    """An account that comes from another server."""

    moved: Moved = field(repr=False)
    calls: list[Entry] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the calls before the server is asked for anything."""
        self.calls = self.moved.calls()

    def keys(self) -> UnlockedAccount:
        """Return the account's keys: its identity, under a root and vault key made for here."""
        head = self.moved.head
        fresh = UnlockedAccount.generate(head.account_id)
        fresh.identity_private[:] = self.moved.identity
        return fresh

    def sign(self, keys: UnlockedAccount, first: ListedDevice) -> DeviceList:
        """Sign the list that follows the one of before, with this device alone on it."""
        return sign_moved(self.moved.head, bytes(keys.identity_private), [first])

    def fill(self, store: Store) -> None:
        """Write settings, who is awaited, and the history, all or nothing."""
        books = Books(store)
        settings = self.moved.settings
        with store.transaction():
            if settings is not None:
                books.calls.take_settings(replace(settings, device=books.device))
            for contact in self.moved.contacts:  # before the calls: their rules say what is kept
                books.awaited.save(contact)
            books.calls.note_all(_of_here(entry, books) for entry in self.calls)


def _of_here(entry: Entry, books: Books) -> Entry:
    """Return a call with its mark as of this device: the one that made it is no more."""
    mark = entry.mark
    return replace(entry, mark=replace(mark, device=books.device)) if mark.count else entry


def message_for(books: Books, link: str) -> str:
    """Return what contacts are told of a link.

    Raises:
        PeerError: MISTYPED, EXPIRED; UNEXPECTED, it leads to this very server.
        AuthorizationError: REFUSED, it is of somebody else than this account (CK-735).
    """
    invite = Invite.from_link(link).require_fresh(books.now())
    # CK-735: the person tells everybody they know to follow it. Their own identity key moved along,
    # so that theirs is known from any other, pasted by mistake or by somebody's advice.
    if invite.inviter != identity_hash(books.own_list.identity_key):
        raise AuthorizationError(Code.REFUSED, "CK-735: an invite of another account")
    if invite.address.origin == books.profile.origin:
        raise PeerError(Code.UNEXPECTED, "an invite to this very server")
    return TOLD.format(origin=invite.address.origin, link=link.strip())
