"""Passkeys in SQLite."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from visavis.core.errors import Code, PeerError
from visavis.ports.passkeys import MAX_PASSKEYS, NewPasskey, Passkey
from visavis.store.base import Base
from visavis.store.schema import accounts, passkeys

_ROW = (
    passkeys.c.credential_id,
    passkeys.c.account_id,
    passkeys.c.public_key,
    passkeys.c.root_wrap,
    passkeys.c.created_day,
)


async def insert_passkey(
    connection: AsyncConnection, account_id: bytes, passkey: NewPasskey, today: int
) -> None:
    """Insert a passkey into an open transaction. Errors as `PasskeyStore.add_passkey`."""
    if await _count(connection, account_id) >= MAX_PASSKEYS:
        raise PeerError(Code.TOO_MANY_PASSKEYS, "no room for one more passkey")
    try:
        await connection.execute(
            insert(passkeys).values(
                credential_id=passkey.credential_id,
                account_id=account_id,
                public_key=passkey.public_key,
                root_wrap=passkey.root_wrap,
                created_day=today,
            )
        )
    except IntegrityError:
        # Never "replace": whoever learned a credential id must not be able to take its place.
        raise PeerError(Code.CONFLICT, "the passkey is known already") from None


async def _count(connection: AsyncConnection, account_id: bytes) -> int:
    query = select(func.count()).where(passkeys.c.account_id == account_id)
    return int(await connection.scalar(query) or 0)


class Passkeys(Base):
    """The passkeys part of the store."""

    async def add_passkey(self, account_id: bytes, passkey: NewPasskey, today: int) -> None:
        """See `PasskeyStore.add_passkey`."""
        async with self.db.write() as connection:
            here = select(accounts.c.account_id).where(accounts.c.account_id == account_id)
            if await connection.scalar(here) is None:
                raise PeerError(Code.REFUSED, "no such account")
            await insert_passkey(connection, account_id, passkey, today)

    async def passkey(self, credential_id: bytes, today: int) -> Passkey | None:
        """See `PasskeyStore.passkey`."""
        query = (
            select(*_ROW)
            .join(accounts, accounts.c.account_id == passkeys.c.account_id)
            .where(passkeys.c.credential_id == credential_id, self.alive(accounts, today))
        )
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Passkey(*row)

    async def passkeys(self, account_id: bytes, today: int) -> tuple[Passkey, ...]:
        """See `PasskeyStore.passkeys`."""
        query = (
            select(*_ROW)
            .join(accounts, accounts.c.account_id == passkeys.c.account_id)
            .where(passkeys.c.account_id == account_id, self.alive(accounts, today))
        )
        async with self.db.read() as connection:
            rows = await connection.execute(query)
            return tuple(Passkey(*row) for row in rows)

    async def remove_passkey(self, account_id: bytes, credential_id: bytes) -> bool:
        """See `PasskeyStore.remove_passkey`."""
        mine = (passkeys.c.account_id == account_id, passkeys.c.credential_id == credential_id)
        async with self.db.write() as connection:
            if await connection.scalar(select(passkeys.c.created_day).where(*mine)) is None:
                return False
            record: bytes | None = await connection.scalar(
                select(accounts.c.opaque_record).where(accounts.c.account_id == account_id)
            )
            # CK-444: counted where it is deleted, so that two removals at once leave one.
            if not record and await _count(connection, account_id) == 1:
                raise PeerError(Code.LAST_WAY_IN, "CK-444: the only way in but the recovery code")
            await connection.execute(delete(passkeys).where(*mine))
        return True
