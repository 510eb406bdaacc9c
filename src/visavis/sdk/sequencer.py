"""Commits of conversations and the self group, in the one order that the server keeps (P8).

A commit is stored at the server by compare-and-set before any member applies it; so there is one
winner per epoch, it survives its author, and members pull what they lack. What is stored is sealed
(`sequencer_commit`), so that a removed member can neither read nor write it.

Our own commit is written down before it is offered (`sequencer_pending`), together with the state
that it leaves. After a crash, or an answer that never came, the next pull tells whether it won:
equal bytes are ours.

A contact may be forgotten, and its groups with it, while we wait for the server: what comes then is
WRONG_GROUP and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from visavis.core.address import ContactAddress
from visavis.core.content import decode_change, encode_outer
from visavis.core.content_outer import CommitHint
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError
from visavis.core.ids import AccountId, DeviceId, Rng
from visavis.core.mls import Extension, Group, MemberInfo
from visavis.sdk.group_tree import judge_own
from visavis.sdk.groups import GroupKind, GroupRecord, Groups, device_of
from visavis.sdk.outbox import Outbox
from visavis.sdk.sequencer_commit import (
    open_commit,
    seal_commit,
    take_commit,
    write_key,
    write_key_hash,
)
from visavis.sdk.sequencer_pending import Pending, PendingCommits
from visavis.sdk.store import Store
from visavis.transport.anonymous import AnonymousApi, StoredCommit

ATTEMPTS: Final = 8
"""How often a commit is made again after another member was first."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a commit shall do, and what its author then sends to whom.

    Args:
        add: Verified key packages, as MLSMessage bytes.
        remove: Leaves.
        welcome: Makes the outer contents (account, device, encoded) that bring the Welcome.
        extensions: What shall stand in the group context, if that changes.
        data: What is said beside it (`GroupChange`); nothing but in groups of people.
    """

    add: tuple[bytes, ...] = ()
    remove: tuple[int, ...] = ()
    welcome: Callable[[bytes], list[tuple[AccountId, DeviceId, bytes]]] | None = None
    extensions: tuple[Extension, ...] | None = None
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Applied:
    """A commit that took effect here: who came, who went, and whose account did it."""

    record: GroupRecord
    own: bool
    added: tuple[tuple[AccountId, DeviceId], ...]
    removed: tuple[tuple[AccountId, DeviceId], ...]
    self_removed: bool
    by: AccountId
    data: bytes = field(default=b"", repr=False)
    members: tuple[MemberInfo, ...] = field(default=(), repr=False)


class Sequencers:
    """Pull and commit, for every group that has a sequencer.

    Args:
        store: For pending commits.
        groups: The groups; callers hold `groups.lock(record)`.
        outbox: For Welcomes and hints.
        api: Anonymous requests.
        present: The addresses whose capabilities may be shown for a group, the preferred first.
        applied: Told inside the transaction of each commit that took effect.
        targets: All devices to hint after a commit of ours.
        refused: Told of a group in which a member's commit breaks the rules: it goes no further.
        now: Unix seconds.
        rng: Randomness.
    """

    def __init__(
        self,
        *,
        store: Store,
        groups: Groups,
        outbox: Outbox,
        api: AnonymousApi,
        present: Callable[[GroupRecord], list[ContactAddress]],
        applied: Callable[[Applied], None],
        targets: Callable[[GroupRecord], list[tuple[AccountId, DeviceId]]],
        refused: Callable[[GroupRecord], None],
        now: Callable[[], int],
        rng: Rng,
    ) -> None:
        self._store = store
        self._pending = PendingCommits(store)
        self._groups = groups
        self._outbox = outbox
        self._api = api
        self._present = present
        self._applied = applied
        self._targets = targets
        self._refused = refused
        self._now = now
        self._rng = rng

    async def ensure(self, record: GroupRecord) -> None:
        """Create the group's sequencer if its creator has not yet. Safe to repeat.

        Raises:
            UnavailableError: Later.
        """
        if record.sequenced:
            return
        state = self._groups.state(record)
        first_hash, epoch = write_key_hash(state), state.epoch
        try:
            await self._ask(
                record,
                lambda address: self._api.create_sequencer(
                    address, record.sequencer, first_hash, first_n=epoch
                ),
            )
        except PeerError as error:
            # The answer to our first attempt was lost. The handle is random, so it is ours.
            if error.code is not Code.CONFLICT:
                raise
        newest = self._groups.newest(record)
        newest.sequenced = True
        self._groups.save(newest)

    async def pull(self, record: GroupRecord) -> int:
        """Apply every commit that the sequencer holds and we lack; returns how many.

        The caller holds the group's lock.

        Raises:
            UnavailableError: The server cannot answer now.
            PeerError: A stored commit is not acceptable: the group stays at its epoch; WRONG_GROUP.
        """
        await self.ensure(record)
        count = 0
        while self._groups.state(record).is_active:
            epoch = self._groups.state(record).epoch
            commits, _ = await self._pull(record, epoch - 1)
            if not commits:
                break
            for commit in commits:
                if commit.n == self._groups.state(record).epoch:
                    self._apply(record, commit)
                    count += 1
            if self._groups.state(record).epoch == epoch:
                break
        if self._pending.find(record) is not None and self._groups.state(record).is_active:
            # Nothing at the server for our epoch: the offer never got there.
            await self._offer(record)
            count += 1
        return count

    async def commit(self, record: GroupRecord, plan: Callable[[Group], Plan | None]) -> bool:
        """Make a commit and get it stored; made again as long as another member is first.

        The caller holds the group's lock.

        Args:
            record: The group.
            plan: Looks at the newest state and says what to do, or None if nothing is left to do.

        Returns:
            Whether a commit of ours was stored.

        Raises:
            UnavailableError: It is written down and goes on with the next pull; CONFLICT after
                `ATTEMPTS` lost races.
        """
        for _ in range(ATTEMPTS):
            await self.pull(record)
            state = self._groups.state(record)
            wanted = plan(state) if state.is_active else None
            if wanted is None:
                return False
            self._make(record, state, wanted)
            try:
                await self._offer(record)
            except PeerError as error:
                if error.code is not Code.CONFLICT:
                    raise
                continue  # the pull finds out who won
            return True
        raise UnavailableError(Code.CONFLICT, "other members kept being first")

    def _make(self, record: GroupRecord, state: Group, plan: Plan) -> None:
        made = state.commit(
            add=plan.add,
            remove=plan.remove,
            extensions=plan.extensions,
            authenticated_data=plan.data,
            rng=self._rng,
            now=self._now(),
        )
        if record.kind is GroupKind.GROUP:
            change = decode_change(plan.data)
            judge_own(record.group_id, state, made.group, plan.remove, change)
        sends = plan.welcome(made.welcome) if plan.welcome and made.welcome else []
        before = {device_of(member) for member in state.members()}
        after = {device_of(member) for member in made.group.members()}
        pending = Pending(
            state.epoch,
            seal_commit(record, state, made.message, self._rng),
            write_key(state),
            write_key_hash(made.group),
            made.group.to_bytes(),
            tuple((bytes(a), bytes(d), c) for a, d, c in sends),
            tuple((bytes(a), bytes(d)) for a, d in sorted(after - before)),
            tuple((bytes(a), bytes(d)) for a, d in sorted(before - after)),
            plan.data,
        )
        made.group.wipe()
        # With the message key that the commit used spent: a second commit of this epoch, made after
        # a crash, must not be sealed with it again (P5).
        with self._store.transaction():
            self._pending.put(record, pending)
            self._groups.save(self._groups.newest(record), state)

    async def _offer(self, record: GroupRecord) -> None:
        pending = self._pending.find(record)
        if pending is None:
            return
        try:
            await self._ask(
                record,
                lambda address: self._api.commit(
                    address,
                    record.sequencer,
                    pending.n,
                    write_key=pending.write_key,
                    sealed=pending.sealed,
                    next_write_key_hash=pending.next_hash,
                ),
            )
        except PeerError as error:
            if error.code is not Code.CONFLICT:
                self._pending.delete(record)  # no retry will help
            raise
        self._won(record, pending)

    def _won(self, record: GroupRecord, pending: Pending) -> None:
        record = self._groups.newest(record)
        after = self._groups.open(record, pending.after)
        before = self._groups.state(record)
        after.adopt_past(before)
        own = next(m for m in before.members() if m.leaf_index == before.own_leaf)
        with self._store.transaction():
            self._pending.delete(record)
            self._groups.save(record, after)
            for account, device, content in pending.sends:
                self._outbox.put(AccountId(account), DeviceId(device), content)
            new = {(bytes(a), bytes(d)) for a, d, _ in pending.sends}
            hint = encode_outer(CommitHint(record.group_id, after.epoch))
            for account_id, device_id in self._targets(record):
                if (bytes(account_id), bytes(device_id)) not in new:
                    self._outbox.put(account_id, device_id, hint)
            self._applied(
                Applied(
                    record,
                    own=True,
                    added=tuple((AccountId(a), DeviceId(d)) for a, d in pending.added),
                    removed=tuple((AccountId(a), DeviceId(d)) for a, d in pending.removed),
                    self_removed=False,
                    by=device_of(own)[0],
                    data=pending.data,
                    members=tuple(after.members()),
                )
            )
        self._store.scrub()
        self._outbox.kick()

    def _apply(self, record: GroupRecord, commit: StoredCommit) -> None:
        record = self._groups.newest(record)
        pending = self._pending.find(record)
        if pending is not None and pending.n == commit.n:
            if pending.sealed == commit.sealed:
                self._won(record, pending)
                return
            self._pending.delete(record)
        state = self._groups.state(record)
        message = open_commit(record, state, commit.sealed)
        try:
            result = take_commit(record, state, message, self._now())
            with self._store.transaction():
                self._groups.save(record, state)
                self._applied(
                    Applied(
                        record,
                        own=False,
                        added=tuple(device_of(member) for member in result.added),
                        removed=tuple(device_of(member) for member in result.removed),
                        self_removed=result.self_removed,
                        by=device_of(result.committer)[0],
                        data=result.authenticated_data,
                        members=() if result.self_removed else tuple(state.members()),
                    )
                )
        except BaseException as error:
            self._groups.discard(record)
            if isinstance(error, PeerError):
                self._refused(record)
            raise
        self._store.scrub()

    async def _pull(self, record: GroupRecord, after: int) -> tuple[list[StoredCommit], int]:
        return await self._ask(
            record, lambda address: self._api.pull(address, record.sequencer, after)
        )

    async def _ask(
        self, record: GroupRecord, request: Callable[[ContactAddress], Awaitable[Answer]]
    ) -> Answer:
        """Ask with one capability after another.

        A contact that has just shut a device out has replaced its addresses, and the new ones lie
        behind the very commit that we are about to pull. A sequencer that its creator has still to
        make is refused like an unknown one. So a refusal means: later.
        """
        for address in self._present(record):
            try:
                return await request(address)
            except AuthorizationError as error:
                if error.code is not Code.REFUSED:
                    raise
        raise UnavailableError(Code.UNAVAILABLE, "the sequencer is not there (yet)")
