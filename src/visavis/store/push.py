"""Push subscriptions in SQLite."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from visavis.ports.push import PushSubscription
from visavis.store.base import Base
from visavis.store.lifetimes import is_open
from visavis.store.schema import mailboxes, push_subscriptions


class Push(Base):
    """The push part of the store."""

    async def put_push_subscription(self, subscription: PushSubscription, today: int) -> None:
        """See `PushStore.put_push_subscription`."""
        mine = subscription.device_id
        async with self.db.write() as connection:
            await connection.execute(
                delete(push_subscriptions).where(push_subscriptions.c.device_id == mine)
            )
            await connection.execute(
                insert(push_subscriptions).values(
                    device_id=mine, renewed_day=today, body=subscription.sealed
                )
            )

    async def push_subscription(self, mailbox_id: bytes, today: int) -> PushSubscription | None:
        """See `PushStore.push_subscription`."""
        query = (
            select(push_subscriptions.c.device_id, push_subscriptions.c.body)
            .join(mailboxes, mailboxes.c.device_id == push_subscriptions.c.device_id)
            .where(
                mailboxes.c.mailbox_id == mailbox_id,
                self.alive(push_subscriptions, today),
                is_open(mailboxes),
            )
        )
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else PushSubscription(*row)

    async def delete_push_subscription(self, device_id: bytes, sealed: bytes | None = None) -> int:
        """See `PushStore.delete_push_subscription`."""
        wanted = [push_subscriptions.c.device_id == device_id]
        if sealed is not None:
            wanted.append(push_subscriptions.c.body == sealed)
        async with self.db.write() as connection:
            result = await connection.execute(delete(push_subscriptions).where(*wanted))
        return result.rowcount
