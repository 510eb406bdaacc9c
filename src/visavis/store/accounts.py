"""Accounts, keystores and spent sign-up links in SQLite."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.ports.stored import Account, NewAccount, NewDevice, RemovedDevice
from visavis.store.base import Base
from visavis.store.passkeys import insert_passkey
from visavis.store.schema import (
    accounts,
    capabilities,
    devices,
    keystores,
    mailboxes,
    spent_links,
)


async def insert_device(
    connection: AsyncConnection, account_id: bytes, device: NewDevice, today: int
) -> None:
    """Insert a device with mailbox and capabilities into an open transaction.

    Raises:
        PeerError: CONFLICT if the device id or mailbox id is taken; REFUSED if the account is gone.
    """
    if (
        await connection.scalar(
            select(accounts.c.account_id).where(accounts.c.account_id == account_id)
        )
        is None
    ):
        raise PeerError(Code.REFUSED, "no such account")
    try:
        await connection.execute(
            insert(devices).values(
                device_id=device.device_id,
                account_id=account_id,
                token_hash=device.token_hash,
                created_day=today,
                last_seen_day=today,
            )
        )
        await connection.execute(
            insert(mailboxes).values(mailbox_id=device.mailbox_id, device_id=device.device_id)
        )
    except IntegrityError:
        raise PeerError(Code.CONFLICT, "device id or mailbox id is taken") from None
    await insert_capabilities(connection, device.mailbox_id, device.capability_hashes)


async def insert_capabilities(
    connection: AsyncConnection, mailbox_id: bytes, hashes: tuple[bytes, ...]
) -> None:
    """Insert capability hashes; a hash that is known is passed over, whoever's it is.

    Passing over, never moving: a contact that knows a capability must not be able to draw it to a
    mailbox of its own by registering its hash.
    """
    if hashes:
        await connection.execute(
            insert(capabilities).prefix_with("OR IGNORE"),
            [{"capability_hash": one, "mailbox_id": mailbox_id} for one in sorted(hashes)],
        )


class Accounts(Base):
    """The accounts part of the store."""

    async def create_account(self, account: NewAccount, link_hash: bytes, today: int) -> None:
        """See `AccountStore.create_account`."""
        async with self.db.write() as connection:
            # CK-400: the spent marker and the account are one transaction, so a link that is used
            # twice at the same moment makes one account.
            try:
                await connection.execute(
                    insert(spent_links).values(link_hash=link_hash, spent_day=today)
                )
            except IntegrityError:
                raise PeerError(Code.SIGNUP_LINK, "CK-400: the link was used before") from None
            try:
                await connection.execute(
                    insert(accounts).values(
                        account_id=account.account_id,
                        handle_tag=account.handle_tag,
                        opaque_record=account.opaque_record,
                        recovery_key=account.recovery_key,
                        created_day=today,
                        last_seen_day=today,
                    )
                )
            except IntegrityError:
                raise UnavailableError(Code.UNAVAILABLE, "start the sign-up again") from None
            await connection.execute(
                insert(keystores).values(account_id=account.account_id, body=account.keystore)
            )
            await insert_device(connection, account.account_id, account.device, today)
            if account.passkey is not None:
                await insert_passkey(connection, account.account_id, account.passkey, today)

    async def link_spent(self, link_hash: bytes, today: int) -> bool:
        """See `AccountStore.link_spent`."""
        query = select(spent_links.c.link_hash).where(
            spent_links.c.link_hash == link_hash, self.alive(spent_links, today)
        )
        async with self.db.read() as connection:
            return await connection.scalar(query) is not None

    async def account_by_handle(self, handle_tag: bytes, today: int) -> Account | None:
        """See `AccountStore.account_by_handle`."""
        return await self._account(accounts.c.handle_tag == handle_tag, today)

    async def account(self, account_id: bytes, today: int) -> Account | None:
        """See `AccountStore.account`."""
        return await self._account(accounts.c.account_id == account_id, today)

    async def _account(self, condition: object, today: int) -> Account | None:
        query = select(
            accounts.c.account_id,
            accounts.c.handle_tag,
            accounts.c.opaque_record,
            accounts.c.recovery_key,
            accounts.c.created_day,
            accounts.c.last_seen_day,
        ).where(condition, self.alive(accounts, today))  # type: ignore[arg-type]
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Account(*row)

    async def touch_account(self, account_id: bytes, today: int) -> None:
        """See `AccountStore.touch_account`."""
        async with self.db.write() as connection:
            await connection.execute(
                update(accounts)
                .where(accounts.c.account_id == account_id, accounts.c.last_seen_day < today)
                .values(last_seen_day=today)
            )

    async def keystore(self, account_id: bytes) -> bytes | None:
        """See `AccountStore.keystore`."""
        query = select(keystores.c.body).where(keystores.c.account_id == account_id)
        async with self.db.read() as connection:
            body: bytes | None = await connection.scalar(query)
        return body

    async def set_keystore(self, account_id: bytes, keystore: bytes, replaces: bytes) -> bool:
        """See `AccountStore.set_keystore`."""
        async with self.db.write() as connection:
            return await _swap_keystore(connection, account_id, keystore, replaces)

    async def replace_password(
        self, account_id: bytes, opaque_record: bytes, keystore: bytes, replaces: bytes
    ) -> bool:
        """See `AccountStore.replace_password`."""
        async with self.db.write() as connection:
            await connection.execute(
                update(accounts)
                .where(accounts.c.account_id == account_id)
                .values(opaque_record=opaque_record)
            )
            return await _swap_keystore(connection, account_id, keystore, replaces)

    async def account_ids(self) -> frozenset[bytes]:
        """See `AccountStore.account_ids`."""
        async with self.db.read() as connection:
            return frozenset(await connection.scalars(select(accounts.c.account_id)))

    async def ended_accounts(self, today: int) -> tuple[bytes, ...]:
        """See `AccountStore.ended_accounts`."""
        query = select(accounts.c.account_id).where(~self.alive(accounts, today))
        async with self.db.read() as connection:
            return tuple(await connection.scalars(query))

    async def replace_handle(
        self,
        account_id: bytes,
        handle_tag: bytes,
        opaque_record: bytes,
        keystore: bytes,
        replaces: bytes,
    ) -> bool:
        """See `AccountStore.replace_handle`."""
        mine = accounts.c.account_id == account_id
        async with self.db.write() as connection:
            if not await _swap_keystore(connection, account_id, keystore, replaces):
                return False
            before: bytes | None = await connection.scalar(
                select(accounts.c.opaque_record).where(mine)
            )
            # CK-761: without a new record the password would be lost with the old handle; with one
            # that nobody asked for, a password would open an account that has none.
            if bool(before) is not bool(opaque_record):
                raise PeerError(
                    Code.MALFORMED, "CK-761: a record exactly where there is a password"
                )
            try:
                await connection.execute(
                    update(accounts)
                    .where(mine)
                    .values(handle_tag=handle_tag, opaque_record=opaque_record)
                )
            except IntegrityError:
                raise UnavailableError(Code.UNAVAILABLE, "start the change again") from None
        return True

    async def delete_account(self, account_id: bytes) -> tuple[RemovedDevice, ...]:
        """See `AccountStore.delete_account`."""
        async with self.db.write() as connection:
            rows = await connection.execute(
                select(mailboxes.c.device_id, mailboxes.c.mailbox_id)
                .join(devices, devices.c.device_id == mailboxes.c.device_id)
                .where(devices.c.account_id == account_id)
            )
            removed = tuple(RemovedDevice(*row) for row in rows)
            await connection.execute(delete(accounts).where(accounts.c.account_id == account_id))
        return removed


async def _swap_keystore(
    connection: AsyncConnection, account_id: bytes, body: bytes, replaces: bytes
) -> bool:
    mine = keystores.c.account_id == account_id
    present: bytes | None = await connection.scalar(select(keystores.c.body).where(mine))
    if present is None:
        return False
    # CK-680: the keystore holds the newest device list. Were the second of two writers to overwrite
    # the first, two lists with one version would be out and the account would be forked for good.
    if hashlib.sha256(present).digest() != replaces:
        raise PeerError(Code.CONFLICT, "CK-680: the keystore was replaced in the meantime")
    await connection.execute(update(keystores).where(mine).values(body=body))
    return True
