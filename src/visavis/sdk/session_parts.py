"""What a session is made of: each part is made once, and given what it needs of the others.

Where one part needs another that is made later, a method here stands between them. Not for: when
the parts run and end, or what calls get of them (`session`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from visavis.core import base64url
from visavis.core.content_self import SelfVault
from visavis.core.errors import Code, FatalError, VisavisError
from visavis.core.ids import GroupId
from visavis.sdk.books import Books
from visavis.sdk.by_handle import ByHandle
from visavis.sdk.call_control import CallControl
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.consent_telling import ConsentTelling
from visavis.sdk.conversation import Conversations
from visavis.sdk.decisions import Decisions
from visavis.sdk.erasing import explain_refusal
from visavis.sdk.first_contact import FirstContact
from visavis.sdk.group_actions import GroupActions
from visavis.sdk.group_changes import GroupChanges
from visavis.sdk.group_invites import GroupInvites
from visavis.sdk.group_membership import GroupMembership
from visavis.sdk.group_talk import GroupTalk
from visavis.sdk.group_welcomes import GroupWelcomes
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.housekeeping import Housekeeping
from visavis.sdk.inbox import Inbox
from visavis.sdk.membership import Membership
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.never_record import NeverTelling, is_never
from visavis.sdk.outbox import Outbox
from visavis.sdk.own_handle import HandleTelling
from visavis.sdk.received import ReceivedContents
from visavis.sdk.recorder import FileRecorder
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.recordings import Recordings
from visavis.sdk.recordings_book import RECORDINGS
from visavis.sdk.sequencer import Applied, Sequencers
from visavis.sdk.server_shares import ServerShares
from visavis.sdk.session_sending import Sending, own_address, presented, told_of_commits
from visavis.sdk.store import Store
from visavis.sdk.syncing import Syncing
from visavis.sdk.tasks import Tasks
from visavis.sdk.vault import Vault
from visavis.sdk.welcomes import Welcomes
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.device_api import DeviceApi
from visavis.transport.http import Http
from visavis.transport.socket import ReceiveSocket, SendSocket


class SessionParts:
    """All that works on one open profile, put together. Nothing of it runs before `Session.start`.

    Args:
        store: Open, with a profile in it.
    """

    def __init__(self, store: Store) -> None:
        self.books = Books(store)
        books = self.books
        profile = books.profile
        origin = profile.origin
        self._device_http = Http(origin, base64url.encode(profile.token))
        self.device_api = DeviceApi(self._device_http)
        self.anonymous = AnonymousApi(Http(origin))
        self.shares = ServerShares(self.anonymous, lambda: own_address(books))
        self.recordings = Recordings(books.recordings, store.profile, self.shares, books.now)
        self.recording = RecordingMeans(
            self.shares,
            books.consents,
            self._recorder,
            functools.partial(is_never, books),
            books.call_receipts,
        )
        self._send_socket = SendSocket(origin, self._hurry_receiving)
        self._sending = Sending(books, self._send_socket)
        self.outbox = Outbox(store, books.resolve, self._sending.durable, books.now)
        self.sequencers = Sequencers(
            store=store,
            groups=books.groups,
            outbox=self.outbox,
            api=self.anonymous,
            present=lambda record: presented(books, record),
            applied=self._applied,
            targets=lambda record: told_of_commits(books, record),
            refused=self._commit_refused,
            now=books.now,
            rng=books.rng,
        )
        self.vault = Vault(books, self.device_api, self._vault_written)
        books.calls.on_change(self.vault.changed)
        books.consents.on_change(self.vault.changed)
        books.consents.on_due(self._kick)
        contents = ReceivedContents(
            books,
            self.outbox,
            dirty=self._mark,
            vault_seen=self._vault_seen,
            vault_stale=self.vault.write_soon,
            vault_changed=self.vault.changed,
            group_invites=lambda: self.group_invites,
        )
        self.conversations = Conversations(
            books,
            self.outbox,
            self.sequencers,
            contents,
            send_live=self._sending.live,
            catch_up=self._catch_up,
            in_group=GroupTalk(books, self.outbox, self._mark).receive,
        )
        consent_telling = ConsentTelling(books, self.conversations)
        self.my_consents = MyConsents(books.consents, self.shares, books.now, consent_telling.tell)
        self.membership = Membership(
            books,
            self.sequencers,
            self.conversations,
            self.anonymous,
            vault_stale=self.vault.write_soon,
            groups=lambda: self.group_membership,
        )
        self.group_invites = GroupInvites(
            books, self.conversations, mark=self._mark, after=self._kick
        )
        self._group_changes = GroupChanges(books, self.outbox, self._mark)
        self.group_membership = GroupMembership(
            books,
            self.sequencers,
            self.conversations,
            self.group_invites,
            key_package=self.membership.key_package,
            postpone=self.membership.postpone,
            mark=self._mark,
        )
        self.group_actions = GroupActions(
            books,
            self.outbox,
            self.conversations,
            self.sequencers,
            self.group_invites,
            self.group_membership,
            after=self._kick,
        )
        self.welcomes = Welcomes(
            books, mark=self.membership.mark, vault_stale=self.vault.write_soon
        )
        self.first_contact = FirstContact(books, self.outbox, self.membership, self.vault.changed)
        self.by_handle = ByHandle(books, self.outbox, self.device_api)
        self.receiver = ReceiveSocket(
            origin,
            profile.token,
            self._deliver,
            lambda error: explain_refusal(books, self.device_api, error),
        )
        self.handle_telling = HandleTelling(books, self.conversations)
        self.housekeeping = Housekeeping(
            books,
            self.membership,
            self.first_contact,
            self.vault,
            self.outbox,
            self.device_api,
            self.handle_telling,
            self.group_invites,
            self.my_consents,
            consent_telling,
            self.recordings,
            NeverTelling(books, self.conversations),
        )
        self.decisions = Decisions(
            books,
            self.conversations,
            vault_stale=self.vault.write_soon,
            after=self.housekeeping.kick,
        )
        self.call_control = CallControl(books, self.conversations, after=self.housekeeping.kick)
        self.inbox = Inbox(
            books,
            self.conversations,
            self.welcomes,
            GroupWelcomes(books, self.group_invites, self._mark),
            self.first_contact,
            self.by_handle,
            ack=self.receiver.ack,
            after=self.housekeeping.kick,
        )
        self._syncing = Syncing(self.receiver, self.inbox, self.outbox, self.housekeeping)
        self._tasks = Tasks(self._died)
        self._group_listeners: list[Callable[[GroupId], None]] = []

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in the session's scope: cancelled and awaited on close."""
        return self._tasks.spawn(work)

    # What the parts need

    async def _deliver(self, delivery: Any) -> None:
        self._syncing.heard()
        await self.inbox.put(delivery)

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001 - a listener's one argument
        if connected:
            self._send_socket.hurry()
            self._syncing.heard()
            self.outbox.kick()
            self.housekeeping.kick()

    def _hurry_receiving(self) -> None:
        self.receiver.hurry()  # made after the sending one, which asks for it

    async def _catch_up(self) -> None:
        await self._syncing.try_to_catch_up()

    def _applied(self, change: Applied) -> None:
        if change.record.kind is GroupKind.GROUP:
            self._group_changes.applied(change)
            self._tell_group(change.record.group_id)
        else:
            self.membership.applied(change)

    def _commit_refused(self, record: GroupRecord) -> None:
        if record.kind is GroupKind.GROUP:
            self._group_changes.broken(record)

    def _kick(self) -> None:
        self.housekeeping.kick()  # made after those who ask for it

    def _mark(self, record: GroupRecord) -> None:
        self.membership.mark(record)

    def _vault_seen(self, said: SelfVault) -> None:
        self.vault.seen(said.counter)
        self.housekeeping.kick()  # it reads what a sibling has written

    def _vault_written(self, counter: int) -> None:
        self.spawn(self._tell_vault(counter))

    async def _tell_vault(self, counter: int) -> None:
        with contextlib.suppress(VisavisError):  # gossip: the next write tells it again
            await self.conversations.send_self(SelfVault(counter), durable=True)

    def _tell_group(self, group: GroupId) -> None:
        loop = asyncio.get_running_loop()
        for handler in self._group_listeners:
            loop.call_soon(handler, group)

    def _recorder(self, own: OwnConsent, title: str, failed: Callable[[], None]) -> FileRecorder:
        folder = self.books.store.profile / RECORDINGS
        return FileRecorder(folder, own, title, self.books.recordings, self.books.rng, failed)

    def _died(self, error: BaseException) -> None:
        # A task of ours that dies is a bug or a failed store: say so at the next `sync`.
        kind = type(error).__name__
        self.housekeeping.failed = FatalError(Code.USAGE, f"a background task ended: {kind}")
