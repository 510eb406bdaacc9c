"""The server's receipt for a deletion, as an application gets it; and what is said without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People
from tests.sdk.test_your_data import account_id_of

from visavis.core.deletion_receipt import LABEL, DeletionReceipt, Erased, item_hash, join
from visavis.core.identity import identity_public_key, sign
from visavis.core.receipt_proof import UnverifiedReceipt
from visavis.ports.clock import DAY_S
from visavis.sdk.receipts import Asked, NoReceipt, Receipt, receipt_key
from visavis.sdk.server_data import DataClass
from visavis.transport.api import AccountApi, PublicApi

PRIVATE, ORIGIN, DEVICE, DAY = bytes(range(32)), "https://calls.example.org", b"d" * 16, 20_786
KEY = identity_public_key(PRIVATE)
SALT = b"s" * 32
TRUE = DeletionReceipt(
    ORIGIN, DAY, Erased.PUSH, 1, SALT, item_hash(Erased.PUSH, SALT, DEVICE), DAY + 30
)
ASKED = Asked(ORIGIN, KEY, Erased.PUSH, DEVICE, DAY * DAY_S + 5.0)


def signed(says: DeletionReceipt) -> bytes:
    body = says.to_body()
    return join(body, sign(PRIVATE, LABEL, body))


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://elsewhere.example.org"},
        {"day": DAY - 2},
        {"day": DAY + 2},
        {"what": Erased.HANDLE, "item": item_hash(Erased.HANDLE, SALT, DEVICE)},
        {"rows": 2},
        {"item": item_hash(Erased.PUSH, SALT, b"e" * 16)},
    ],
)
def test_a_true_receipt_for_something_else_is_none_for_this(change: dict[str, Any]) -> None:
    """CK-745"""
    assert ASKED.checked(signed(replace(TRUE, **change)), 1) is NoReceipt.BAD
    for near in ({}, {"day": DAY - 1}, {"day": DAY + 1}):
        good = ASKED.checked(signed(replace(TRUE, **near)), 1)
        assert isinstance(good, Receipt), "the control"
        assert (good.key, UnverifiedReceipt.parse(good.data).verify(KEY)) == (KEY, good.says)


def test_what_is_told_when_there_is_none() -> None:
    assert ASKED.checked(None, 1) is NoReceipt.NONE
    assert replace(ASKED, key=None).checked(signed(TRUE), 1) is NoReceipt.NONE
    assert ASKED.checked(b"no receipt", 1) is NoReceipt.BAD
    assert replace(ASKED, key=bytes(32)).checked(signed(TRUE), 1) is NoReceipt.BAD
    someone = replace(TRUE, item=item_hash(Erased.PUSH, SALT, b"e" * 16))
    unknown = replace(ASKED, subject=None)
    assert isinstance(unknown.checked(signed(someone), 1), Receipt), "not known, not compared"


async def test_deleting_one_thing_brings_a_receipt(people: People) -> None:
    anna = await people.sign_up("anna")
    await anna.set_findable(True)
    origin = anna._session.books.profile.origin
    key = await receipt_key(origin)
    assert key is not None
    for kind in (DataClass.HANDLE, DataClass.KEY_PACKAGES, DataClass.PUSH, DataClass.ENVELOPES):
        done = await anna.delete_from_server(kind)
        assert isinstance(done.receipt, Receipt), kind
        says = UnverifiedReceipt.parse(done.receipt.data).verify(key)
        assert (says.origin, says.what, says.rows) == (origin, kind.value, done.rows)
        assert says.until is not None
    assert (await anna.delete_from_server(DataClass.VAULT)).receipt is NoReceipt.NONE


async def test_closing_brings_a_receipt(people: People) -> None:
    anna = await people.sign_up("anna")
    account = account_id_of(await anna.server_data())
    given = await anna.close_account(PASSWORD)
    people._open.remove(anna)
    assert isinstance(given, Receipt)
    assert given.says.what is Erased.ACCOUNT
    assert given.says.key_destroyed
    assert given.says.is_about(account)


@pytest.mark.parametrize("answer", [None, b"nonsense", signed(TRUE)])
async def test_a_closed_account_is_closed_whatever_its_receipt(
    people: People, monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    honest = AccountApi.delete_account

    async def lying(self: AccountApi) -> bytes | None:
        assert await honest(self), "the control: the server gave a good one"
        return answer

    monkeypatch.setattr(AccountApi, "delete_account", lying)
    anna = await people.sign_up("anna")
    given = await anna.close_account(PASSWORD)
    people._open.remove(anna)
    assert given is (NoReceipt.NONE if answer is None else NoReceipt.BAD)
    assert not people.profile("anna").exists()


async def test_a_server_of_before_receipts_gives_none(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(_self: PublicApi) -> bytes | None:
        return None

    anna = await people.sign_up("anna")
    monkeypatch.setattr(PublicApi, "receipt_key", none)
    assert (await anna.delete_from_server(DataClass.PUSH)).receipt is NoReceipt.NONE
