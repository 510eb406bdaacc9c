"""The vault in SQLite: opaque slots and a manifest under compare-and-set (P6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from visavis.core.errors import Code, PeerError
from visavis.ports.stored import VaultHead, VaultWrite
from visavis.store.base import Base
from visavis.store.schema import vault_manifests, vault_slots


class Vault(Base):
    """The vault part of the store."""

    async def vault_head(self, account_id: bytes) -> VaultHead:
        """See `VaultStore.vault_head`."""
        head = select(vault_manifests.c.counter, vault_manifests.c.body).where(
            vault_manifests.c.account_id == account_id
        )
        ids = select(vault_slots.c.slot_id).where(vault_slots.c.account_id == account_id)
        # One transaction on the writing connection: a manifest must come with its own slots, and
        # two statements on a reader could straddle another device's write.
        async with self.db.write() as connection:
            row = (await connection.execute(head)).one_or_none()
            slots = tuple(await connection.scalars(ids))
        return VaultHead(0, None, slots) if row is None else VaultHead(row.counter, row.body, slots)

    async def vault_read(self, account_id: bytes, slots: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """See `VaultStore.vault_read`."""
        query = select(vault_slots.c.slot_id, vault_slots.c.body).where(
            vault_slots.c.account_id == account_id, vault_slots.c.slot_id.in_(list(slots))
        )
        async with self.db.read() as connection:
            rows = await connection.execute(query)
            return {row.slot_id: row.body for row in rows}

    async def vault_write(self, account_id: bytes, write: VaultWrite, max_slots: int) -> int | None:
        """See `VaultStore.vault_write`."""
        present = select(vault_manifests.c.counter).where(
            vault_manifests.c.account_id == account_id
        )
        gone = [*write.delete, *write.put]
        async with self.db.write() as connection:
            counter = int(await connection.scalar(present) or 0)
            # CK-403: compare and set, so that two devices writing at once cannot lose a slot.
            if counter != write.expected_counter:
                return counter
            await connection.execute(
                delete(vault_slots).where(
                    vault_slots.c.account_id == account_id, vault_slots.c.slot_id.in_(gone)
                )
            )
            await connection.execute(
                delete(vault_manifests).where(vault_manifests.c.account_id == account_id)
            )
            try:
                await connection.execute(
                    insert(vault_manifests).values(
                        account_id=account_id, counter=counter + 1, body=write.manifest
                    )
                )
            except IntegrityError:
                raise PeerError(Code.REFUSED, "no such account") from None
            if write.put:
                await connection.execute(
                    insert(vault_slots),
                    [
                        {"account_id": account_id, "slot_id": slot, "body": body}
                        for slot, body in write.put.items()
                    ],
                )
            total = await connection.scalar(
                select(func.count()).where(vault_slots.c.account_id == account_id)
            )
            if int(total or 0) > max_slots:
                raise PeerError(Code.QUOTA, "too many vault slots")  # rolls everything back
        return None
