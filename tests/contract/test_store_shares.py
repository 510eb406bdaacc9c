"""The store's shares of recording keys (P16); see `test_store.py`."""

from __future__ import annotations

import asyncio
import dataclasses
import os

import pytest
from tests.contract.test_store import TODAY, store

from visavis.ports.shares import StoredShare
from visavis.ports.store import Store

__all__ = ["store"]


def new_share(expires_day: int = TODAY + 30) -> StoredShare:
    return StoredShare(*(os.urandom(size) for size in (16, 32, 32, 32)), expires_day=expires_day)


async def test_a_share_is_read_and_deleted_by_its_two_keys(store: Store) -> None:
    one, other = new_share(), new_share()
    assert await store.lay_share(one, TODAY)
    assert await store.lay_share(other, TODAY)
    assert await store.read_share(one.slot, one.read_hash, TODAY) == one.share
    for wrong in (one.delete_hash, other.read_hash, bytes(32)):
        assert await store.read_share(one.slot, wrong, TODAY) is None
    assert await store.read_share(os.urandom(16), bytes(32), TODAY) is None
    for wrong in (one.read_hash, other.delete_hash, bytes(32)):
        assert not await store.delete_share(one.slot, wrong, TODAY)
    assert await store.read_share(one.slot, one.read_hash, TODAY) == one.share
    assert await store.delete_share(one.slot, one.delete_hash, TODAY)
    assert await store.read_share(one.slot, one.read_hash, TODAY) is None
    assert await store.delete_share(one.slot, one.delete_hash, TODAY), "it is gone"
    assert await store.delete_share(os.urandom(16), os.urandom(32), TODAY)
    assert await store.read_share(other.slot, other.read_hash, TODAY) == other.share


@pytest.mark.parametrize("field", ["share", "read_hash", "delete_hash", "expires_day"])
async def test_a_slot_is_laid_once(store: Store, field: str) -> None:
    """CK-971"""
    one = new_share()
    assert await store.lay_share(one, TODAY)
    assert await store.lay_share(one, TODAY + 1), "the same again: an answer was lost"
    value = one.expires_day + 1 if field == "expires_day" else os.urandom(32)
    assert not await store.lay_share(dataclasses.replace(one, **{field: value}), TODAY)
    assert await store.read_share(one.slot, one.read_hash, one.expires_day - 1) == one.share
    assert await store.read_share(one.slot, one.read_hash, one.expires_day) is None
    assert not await store.delete_share(one.slot, os.urandom(32), TODAY)
    assert await store.delete_share(one.slot, one.delete_hash, TODAY)
    assert await store.lay_share(dataclasses.replace(one, **{field: value}), TODAY)


async def test_of_many_for_one_slot_one_wins(store: Store) -> None:
    offers = [dataclasses.replace(new_share(), slot=bytes(16)) for _ in range(8)]
    laid = await asyncio.gather(*(store.lay_share(one, TODAY) for one in offers))
    assert sum(laid) == 1
    winner = offers[laid.index(True)]
    assert await store.read_share(bytes(16), winner.read_hash, TODAY) == winner.share


async def test_what_is_over_is_a_slot_where_nothing_lies(store: Store) -> None:
    """Also before the job of the day has run."""
    one = new_share(TODAY + 1)
    assert await store.lay_share(one, TODAY)
    assert not await store.delete_share(one.slot, os.urandom(32), TODAY), "the control"
    assert await store.delete_share(one.slot, os.urandom(32), TODAY + 1)
    assert await store.lay_share(one, TODAY)
    again = dataclasses.replace(new_share(), slot=one.slot)
    assert not await store.lay_share(again, TODAY), "the control"
    assert await store.lay_share(again, TODAY + 1)
    assert await store.read_share(one.slot, again.read_hash, TODAY + 1) == again.share
