"""What has to be done sooner or later: commits, announcements, revocations, refills, the vault.

One task looks when it is kicked, and every minute. What fails because the server is away stays to
be done; what is due "at a random hour" has its hour chosen and stored beforehand (P7).
"""

from __future__ import annotations

import asyncio
from typing import Final

from visavis.core.errors import AuthorizationError, FatalError, PeerError, UnavailableError
from visavis.core.ids import AccountId
from visavis.sdk.books import Books
from visavis.sdk.consent_telling import ConsentTelling
from visavis.sdk.first_contact import FirstContact
from visavis.sdk.group_invites import GroupInvites
from visavis.sdk.membership import Membership
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.never_record import NeverTelling
from visavis.sdk.outbox import Outbox
from visavis.sdk.own_handle import HandleTelling
from visavis.sdk.recordings import Recordings
from visavis.sdk.vault import Vault
from visavis.transport.device_api import DeviceApi

TICK_S: Final = 60.0
RETRY_S: Final = 2.0
KEY_PACKAGES: Final = 16
"""One-time key packages kept at the server. More last longer while we are away."""
KEY_PACKAGES_LOW: Final = 4
WITHIN_S: Final = 3_600
CHECK_EVERY_S: Final = 86_400

_KIND: Final = "housekeeping"


class Housekeeping:
    """The things that are due, and the task that does them.

    Args:
        books: What this device keeps.
        membership: Commits and announcements.
        first_contact: Expiry of links and requests.
        vault: Writes, and newer addresses.
        outbox: Knows which addresses were refused.
        api: Capabilities and key packages.
        handle_telling: Tells our handle.
        group_invites: Says yes to invites.
        consents: Has shares of recordings deleted.
        consent_telling: Tells who recorded that a yes was taken back.
        recordings: Expiry of recordings, and what is put behind their files.
        never_telling: Tells contacts whether we are never to be recorded.
    """

    def __init__(
        self,
        books: Books,
        membership: Membership,
        first_contact: FirstContact,
        vault: Vault,
        outbox: Outbox,
        api: DeviceApi,
        handle_telling: HandleTelling,
        group_invites: GroupInvites,
        consents: MyConsents,
        consent_telling: ConsentTelling,
        recordings: Recordings,
        never_telling: NeverTelling,
    ) -> None:
        self._never_telling = never_telling
        self._consents = consents
        self._consent_telling = consent_telling
        self._recordings = recordings
        self._books = books
        self._membership = membership
        self._first_contact = first_contact
        self._vault = vault
        self._outbox = outbox
        self._api = api
        self._handle_telling = handle_telling
        self._group_invites = group_invites
        self._looked_up: set[tuple[AccountId, bytes]] = set()
        self._reread_wait_s = RETRY_S
        self._reread_at = 0.0
        self._wake = asyncio.Event()
        self._wake.set()
        self._idle = asyncio.Condition()
        self._rounds = 0
        self.failed: FatalError | None = None

    def kick(self) -> None:
        """Look soon."""
        self._wake.set()

    @property
    def busy(self) -> bool:
        """Say whether something is marked to be done now."""
        return bool(self._membership.dirty) or self._wake.is_set()

    async def idle(self) -> None:
        """Wait until a whole round was done after this call."""
        async with self._idle:
            # The round under way may have begun before: wait for the end of the next one.
            wanted = self._rounds + 2
            self._wake.set()
            while self._rounds < wanted and self.failed is None:
                await self._idle.wait()
                self._wake.set()

    async def run(self) -> None:
        """Do what is due until cancelled."""
        while self.failed is None:
            self._wake.clear()
            complete = True
            try:
                complete = await self._round()
            except FatalError as error:
                self.failed = error
            async with self._idle:
                self._rounds += 1
                self._idle.notify_all()
            try:
                async with asyncio.timeout(TICK_S if complete else RETRY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _round(self) -> bool:
        """Do everything that is due; say whether all of it worked."""
        complete = True
        self._first_contact.expire()
        self._group_invites.expire()
        self._books.calls.expire_if_due()
        self._recordings.expire_if_due()
        self._consents.expire_if_due()
        for duty in (
            self._consents.delete_due,
            self._consent_telling.tell,
            self._recordings.put_behind,
            self._group_invites.tell,
            self._membership.reconcile_all,
            self._revocations,
            self._capabilities,
            self._key_packages,
            self._refused_rejoins,
            self._handle_telling.tell,
            self._never_telling.tell,
            self._vault.follow,
            self._write_vault,
        ):
            try:
                await duty()
            except FatalError:
                raise
            except UnavailableError:
                complete = False
            except (PeerError, AuthorizationError) as error:
                # A duty that is refused must not keep the others from being done.
                self._books.counters.drop(f"duty {error.code}")
        self._books.store.scrub()
        # A rejoin that was refused a moment ago is looked after sooner than at the next tick.
        return complete and not (self._looked_up and self._reread_wait_s < TICK_S)

    async def _revocations(self) -> None:
        await self._books.addresses.flush(self._api)

    async def _capabilities(self) -> None:
        if self._books.addresses.needs_refill and self._is_due(b"refill"):
            await self._books.addresses.refill(self._api)
            self._done(b"refill")

    async def _key_packages(self) -> None:
        if self._is_due(b"packages", CHECK_EVERY_S):
            if await self._api.count_key_packages() < KEY_PACKAGES_LOW:
                await self.upload_key_packages()
            self._done(b"packages")

    async def upload_key_packages(self) -> None:
        """Put fresh key packages at the server, and a fresh last resort."""
        books = self._books
        with books.store.transaction():
            one_time = [books.keep_key_package() for _ in range(KEY_PACKAGES)]
            last_resort = books.keep_key_package(last_resort=True)
        await self._api.put_key_packages(one_time, last_resort)
        books.drop_old_bundles()

    async def _refused_rejoins(self) -> None:
        """Look for newer addresses of those who did not get our rejoin.

        A contact, or a device of ours, replaced the address after the vault was read; a sibling
        knows the new one and is about to write it there. At once, then after 2 s, 4 s and so on,
        at last hourly.
        """
        books = self._books
        waits = {known.account for known in books.contacts.all() if not known.member}
        if books.groups.self_group() is None:
            waits.add(books.account)
        refused = {entry for entry in self._outbox.refusals() if entry[0] in waits}
        if not refused <= self._looked_up:
            self._reread_wait_s, self._reread_at = RETRY_S, 0.0
        self._looked_up = refused
        if refused and self._reread_at <= self._books.now():
            self._reread_at = self._books.now() + self._reread_wait_s
            self._reread_wait_s = min(2 * self._reread_wait_s, WITHIN_S)
            await self._vault.reread()
            self._outbox.kick()

    async def _write_vault(self) -> None:
        await self._vault.write(if_due=True)

    def _is_due(self, name: bytes, every_s: int = 0) -> bool:
        """Say whether a duty's hour has come; choose the hour if it has none yet."""
        books = self._books
        data = books.store.get(_KIND, name)
        if data is None:
            wait = every_s + int.from_bytes(books.rng(4), "big") % WITHIN_S
            books.store.put(_KIND, name, (books.now() + wait).to_bytes(8, "big"))
            return False
        return int.from_bytes(data, "big") <= books.now()

    def _done(self, name: bytes) -> None:
        self._books.store.delete(_KIND, name)
