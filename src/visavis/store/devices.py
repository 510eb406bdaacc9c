"""Devices, mailboxes, capabilities, key packages and request addresses in SQLite."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update

from visavis.ports.random import below
from visavis.ports.stored import Device, NewDevice, RemovedDevice, RequestAddress
from visavis.store.accounts import insert_capabilities, insert_device
from visavis.store.base import Base
from visavis.store.lifetimes import is_open
from visavis.store.schema import (
    accounts,
    capabilities,
    devices,
    farewells,
    key_packages,
    mailboxes,
    request_addresses,
)

_DEVICE = select(
    devices.c.device_id,
    devices.c.account_id,
    devices.c.token_hash,
    mailboxes.c.mailbox_id,
    devices.c.created_day,
    devices.c.last_seen_day,
).join(mailboxes, mailboxes.c.device_id == devices.c.device_id)


class Devices(Base):
    """The devices part of the store."""

    async def add_device(self, account_id: bytes, device: NewDevice, today: int) -> None:
        """See `DeviceStore.add_device`."""
        async with self.db.write() as connection:
            await insert_device(connection, account_id, device, today)

    async def device(self, device_id: bytes, today: int) -> Device | None:
        """See `DeviceStore.device`."""
        query = _DEVICE.where(devices.c.device_id == device_id, self.alive(devices, today))
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Device(*row)

    async def devices(self, account_id: bytes, today: int) -> tuple[Device, ...]:
        """See `DeviceStore.devices`."""
        query = _DEVICE.where(devices.c.account_id == account_id, self.alive(devices, today))
        async with self.db.read() as connection:
            return tuple(Device(*row) for row in await connection.execute(query))

    async def touch_device(self, device_id: bytes, today: int) -> None:
        """See `DeviceStore.touch_device`."""
        owner = select(devices.c.account_id).where(devices.c.device_id == device_id)
        async with self.db.write() as connection:
            await connection.execute(
                update(devices)
                .where(devices.c.device_id == device_id, devices.c.last_seen_day < today)
                .values(last_seen_day=today)
            )
            await connection.execute(
                update(accounts)
                .where(
                    accounts.c.account_id == owner.scalar_subquery(),
                    accounts.c.last_seen_day < today,
                )
                .values(last_seen_day=today)
            )

    async def delete_device(
        self, account_id: bytes, device_id: bytes, farewell: bytes, today: int
    ) -> RemovedDevice | None:
        """See `DeviceStore.delete_device`."""
        mine = (devices.c.device_id == device_id, devices.c.account_id == account_id)
        async with self.db.write() as connection:
            row = (await connection.execute(_DEVICE.where(*mine))).one_or_none()
            if row is None:
                return None
            await connection.execute(delete(devices).where(*mine))
            await connection.execute(
                insert(farewells).values(
                    token_hash=row.token_hash,
                    account_id=account_id,
                    left_day=today,
                    body=farewell,
                )
            )
        return RemovedDevice(row.device_id, row.mailbox_id)

    async def farewell(self, token_hash: bytes, today: int) -> bytes | None:
        """See `DeviceStore.farewell`."""
        query = select(farewells.c.body).where(
            farewells.c.token_hash == token_hash, self.alive(farewells, today)
        )
        async with self.db.read() as connection:
            body: bytes | None = await connection.scalar(query)
        return body

    async def add_capabilities(self, mailbox_id: bytes, hashes: Sequence[bytes]) -> None:
        """See `DeviceStore.add_capabilities`."""
        async with self.db.write() as connection:
            await insert_capabilities(connection, mailbox_id, tuple(hashes))

    async def revoke_capabilities(self, mailbox_id: bytes, hashes: Sequence[bytes]) -> None:
        """See `DeviceStore.revoke_capabilities`."""
        async with self.db.write() as connection:
            await connection.execute(
                delete(capabilities).where(
                    capabilities.c.mailbox_id == mailbox_id,
                    capabilities.c.capability_hash.in_(list(hashes)),
                )
            )

    async def count_capabilities(self, mailbox_id: bytes) -> int:
        """See `DeviceStore.count_capabilities`."""
        query = select(func.count()).where(capabilities.c.mailbox_id == mailbox_id)
        async with self.db.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def capability_mailbox(self, capability_hash: bytes) -> bytes | None:
        """See `DeviceStore.capability_mailbox`."""
        query = select(capabilities.c.mailbox_id).where(
            capabilities.c.capability_hash == capability_hash,
            is_open(capabilities),  # CK-712
        )
        async with self.db.read() as connection:
            mailbox_id: bytes | None = await connection.scalar(query)
        return mailbox_id

    async def put_key_packages(
        self, device_id: bytes, one_time: Sequence[bytes], last_resort: bytes | None, today: int
    ) -> None:
        """See `DeviceStore.put_key_packages`."""
        rows = [(body, 0) for body in one_time]
        async with self.db.write() as connection:
            if last_resort is not None:
                rows.append((last_resort, 1))
                await connection.execute(
                    delete(key_packages).where(
                        key_packages.c.device_id == device_id, key_packages.c.last_resort == 1
                    )
                )
            if rows:
                await connection.execute(
                    insert(key_packages),
                    [
                        {
                            "key_package_id": self.rng(16),
                            "device_id": device_id,
                            "last_resort": last,
                            "arrival_day": today,
                            "body": body,
                        }
                        for body, last in rows
                    ],
                )

    async def count_key_packages(self, device_id: bytes, today: int) -> int:
        """See `DeviceStore.count_key_packages`."""
        query = select(func.count()).where(
            key_packages.c.device_id == device_id,
            key_packages.c.last_resort == 0,
            self.alive(key_packages, today),
        )
        async with self.db.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def take_key_package(self, mailbox_id: bytes, today: int) -> bytes | None:
        """See `DeviceStore.take_key_package`."""
        query = (
            select(key_packages.c.key_package_id, key_packages.c.last_resort)
            .join(mailboxes, mailboxes.c.device_id == key_packages.c.device_id)
            .where(
                mailboxes.c.mailbox_id == mailbox_id,
                self.alive(key_packages, today),
                is_open(mailboxes),
            )
        )
        async with self.db.write() as connection:
            rows = (await connection.execute(query)).all()
            # CK-401: a one-time package is handed out once; the pick is random, so that what is
            # left says nothing about the order of upload.
            pool = [row for row in rows if not row.last_resort] or list(rows)
            if not pool:
                return None
            chosen = pool[below(len(pool), self.rng)]
            this = key_packages.c.key_package_id == chosen.key_package_id
            body: bytes | None = await connection.scalar(select(key_packages.c.body).where(this))
            if not chosen.last_resort:
                await connection.execute(delete(key_packages).where(this))
        return body

    async def set_request_address(self, account_id: bytes, address: RequestAddress | None) -> int:
        """See `DeviceStore.set_request_address`."""
        async with self.db.write() as connection:
            before = await connection.execute(
                delete(request_addresses).where(request_addresses.c.account_id == account_id)
            )
            if address is not None:
                await connection.execute(
                    insert(request_addresses).values(
                        account_id=account_id,
                        mailbox_id=address.mailbox_id,
                        capability=address.capability,
                        sealing_key=address.sealing_key,
                    )
                )
        return before.rowcount

    async def request_address(self, handle_tag: bytes, today: int) -> RequestAddress | None:
        """See `DeviceStore.request_address`."""
        query = (
            select(
                request_addresses.c.mailbox_id,
                request_addresses.c.capability,
                request_addresses.c.sealing_key,
            )
            .join(accounts, accounts.c.account_id == request_addresses.c.account_id)
            .where(
                accounts.c.handle_tag == handle_tag,
                self.alive(accounts, today),
                is_open(accounts),  # CK-712
            )
        )
        async with self.db.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else RequestAddress(*row)

    async def is_request_capability(self, mailbox_id: bytes, capability: bytes) -> bool:
        """See `DeviceStore.is_request_capability`."""
        query = select(request_addresses.c.capability).where(
            request_addresses.c.mailbox_id == mailbox_id
        )
        async with self.db.read() as connection:
            found = list(await connection.scalars(query))
        return any(hmac.compare_digest(one, capability) for one in found)
