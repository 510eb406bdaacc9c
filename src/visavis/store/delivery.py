"""Durable envelopes and sequencers in SQLite."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, func, insert, select, update

from visavis.ports.stored import CommitResult, Commits, NewCommit, NewEnvelope, StoredEnvelope
from visavis.store.base import Base
from visavis.store.lifetimes import is_open
from visavis.store.schema import commits, envelopes, mailboxes, sequencers

# Inserts only while the mailbox stands, and its owner takes any (CK-712): a device that was removed
# a moment ago must not make the whole batch of other people's envelopes fail on its foreign key.
_PUT = insert(envelopes).from_select(
    ["delivery_id", "mailbox_id", "arrival_day", "body"],
    select(
        bindparam("p_delivery_id", type_=envelopes.c.delivery_id.type),
        bindparam("p_mailbox_id", type_=envelopes.c.mailbox_id.type),
        bindparam("p_arrival_day", type_=envelopes.c.arrival_day.type),
        bindparam("p_body", type_=envelopes.c.body.type),
    ).where(
        select(mailboxes.c.mailbox_id)
        .where(mailboxes.c.mailbox_id == bindparam("p_mailbox_id"), is_open(mailboxes))
        .exists()
    ),
)
_DELETE = delete(envelopes).where(
    envelopes.c.delivery_id == bindparam("p_delivery_id"),
    envelopes.c.mailbox_id == bindparam("p_mailbox_id"),
)


class Delivery(Base):
    """The delivery part of the store."""

    async def write_envelopes(
        self, insert: Sequence[NewEnvelope], delete: Sequence[tuple[bytes, bytes]]
    ) -> frozenset[bytes]:
        """See `DeliveryStore.write_envelopes`."""
        missing: frozenset[bytes] = frozenset()
        async with self.db.write() as connection:
            if insert:
                result = await connection.execute(
                    _PUT,
                    [
                        {
                            "p_delivery_id": one.delivery_id,
                            "p_mailbox_id": one.mailbox_id,
                            "p_arrival_day": one.arrival_day,
                            "p_body": one.body,
                        }
                        for one in insert
                    ],
                )
                if result.rowcount != len(insert):
                    wanted = {one.delivery_id for one in insert}
                    found = await connection.scalars(
                        select(envelopes.c.delivery_id).where(
                            envelopes.c.delivery_id.in_(list(wanted))
                        )
                    )
                    missing = frozenset(wanted - set(found))
            if delete:
                await connection.execute(
                    _DELETE,
                    [{"p_mailbox_id": box, "p_delivery_id": one} for box, one in delete],
                )
        return missing

    async def stored_envelopes(
        self, mailbox_id: bytes, today: int, *, limit: int, after: bytes = b""
    ) -> tuple[StoredEnvelope, ...]:
        """See `DeliveryStore.stored_envelopes`."""
        query = (
            select(envelopes.c.delivery_id, envelopes.c.body)
            .where(
                envelopes.c.mailbox_id == mailbox_id,
                envelopes.c.delivery_id > after,
                self.alive(envelopes, today),
            )
            .order_by(envelopes.c.delivery_id)
            .limit(limit)
        )
        async with self.db.read() as connection:
            return tuple(StoredEnvelope(*row) for row in await connection.execute(query))

    async def stored_bytes(self, today: int) -> Mapping[bytes, int]:
        """See `DeliveryStore.stored_bytes`."""
        query = (
            select(envelopes.c.mailbox_id, func.sum(func.length(envelopes.c.body)))
            .where(self.alive(envelopes, today))
            .group_by(envelopes.c.mailbox_id)
        )
        async with self.db.read() as connection:
            return {mailbox: int(size) for mailbox, size in await connection.execute(query)}

    async def create_sequencer(
        self, handle: bytes, first_n: int, write_key_hash: bytes, today: int
    ) -> bool:
        """See `DeliveryStore.create_sequencer`."""
        async with self.db.write() as connection:
            result = await connection.execute(
                insert(sequencers)
                .prefix_with("OR IGNORE")
                .values(
                    handle=handle,
                    next_n=first_n,
                    write_key_hash=write_key_hash,
                    last_used_day=today,
                )
            )
            return result.rowcount == 1

    async def append_commit(self, commit: NewCommit, today: int) -> CommitResult:
        """See `DeliveryStore.append_commit`."""
        query = select(sequencers.c.next_n, sequencers.c.write_key_hash).where(
            sequencers.c.handle == commit.handle, self.alive(sequencers, today)
        )
        async with self.db.write() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return CommitResult.REFUSED
            if commit.n != row.next_n:
                return CommitResult.CONFLICT
            # CK-402: only a member of epoch n can write n, so a removed member burns no epochs.
            if not hmac.compare_digest(commit.write_key_hash, row.write_key_hash):
                return CommitResult.REFUSED
            await connection.execute(
                insert(commits).values(
                    handle=commit.handle, n=commit.n, arrival_day=today, body=commit.body
                )
            )
            await connection.execute(
                update(sequencers)
                .where(sequencers.c.handle == commit.handle)
                .values(
                    next_n=commit.n + 1,
                    write_key_hash=commit.next_write_key_hash,
                    last_used_day=today,
                )
            )
        return CommitResult.ACCEPTED

    async def pull_commits(
        self, handle: bytes, after: int, today: int, *, limit: int
    ) -> Commits | None:
        """See `DeliveryStore.pull_commits`."""
        head = select(sequencers.c.next_n, sequencers.c.last_used_day).where(
            sequencers.c.handle == handle, self.alive(sequencers, today)
        )
        query = (
            select(commits.c.n, commits.c.body)
            .where(commits.c.handle == handle, commits.c.n > after, self.alive(commits, today))
            .order_by(commits.c.n)
            .limit(limit)
        )
        async with self.db.read() as connection:
            row = (await connection.execute(head)).one_or_none()
            if row is None:
                return None
            found = tuple((n, body) for n, body in await connection.execute(query))
        if row.last_used_day < today:  # reading keeps a quiet conversation's sequencer alive
            async with self.db.write() as connection:
                await connection.execute(
                    update(sequencers)
                    .where(sequencers.c.handle == handle)
                    .values(last_used_day=today)
                )
        return Commits(found, row.next_n)
