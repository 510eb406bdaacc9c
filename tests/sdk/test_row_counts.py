"""P7: the number of a mailbox's rows does not tell how many contacts somebody has."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.sdk.conftest import People, settle

from visavis.testing.audit.holdings import collect


def rows_by_mailbox(people: People) -> list[int]:
    counts: Counter[bytes] = Counter()
    for row in collect(people.server.data_dir).rows:
        if row.table == "capabilities":
            counts[bytes(row.columns["mailbox_id"])] += 1  # type: ignore[arg-type]
    return list(counts.values())


@pytest.mark.long
async def test_contacts_come_and_go_and_the_rows_stay_as_many(own: People) -> None:
    hub = await own.sign_up("hub")
    friends = [await own.sign_up(f"friend{'abc'[n]}") for n in range(3)]
    lonely = await own.sign_up("lonely")
    before = rows_by_mailbox(own)
    assert set(before) == {256}
    for friend in friends:
        await own.befriend(hub, friend)
    await hub.forget_contact((await hub.contacts())[0])
    async with asyncio.timeout(20):
        while any(c._session.books.addresses._store.count("revoke") for c in (hub, *friends)):
            await settle(hub, *friends, rounds=1)
            await asyncio.sleep(0.05)
    assert set(rows_by_mailbox(own)) == {256}
    assert lonely.handle
