"""The way on after an identity change that is real: forget, and a new invite (R-24).

Anna's program is changed so that it speaks for the same account under another identity key, which
no program of ours does (docs/protocol/contact.md, "Why a new key is not trusted in place").
"""

from __future__ import annotations

import pytest
from tests.sdk.conftest import People, drops, settle, texts

from visavis.core.device_list import sign_first
from visavis.core.errors import AuthorizationError, Code
from visavis.sdk.client import Client


def speak_under_another_key(client: Client) -> None:
    """Put another identity key in the place of the account's, and keep the device."""
    lists = client._session.books.lists
    own = client._session.books.own_list
    lists._lists[own.account_id] = sign_first(own.account_id, b"f" * 32, own.devices)


async def test_forgetting_and_a_new_invite_is_the_way_on(people: People) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    number = await bob.safety_number(at_bob)
    await bob.send_message(at_bob, "under the first key")
    await settle(anna)
    await anna.forget_contact(await anna.find_contact("bob"))
    speak_under_another_key(anna)

    # CK-284: over a link, another key of a contact's account is refused without a word.
    assert await anna.accept_invite(await bob.create_invite()) is None
    await settle(bob)
    assert drops(bob) == {"identity_changed": 1}
    assert (await bob.find_contact("anna")).state == "contact"
    assert await bob.safety_number(at_bob) == number

    await bob.forget_contact(at_bob)
    with pytest.raises(AuthorizationError) as unknown:
        await bob.find_contact("anna")
    assert unknown.value.code is Code.UNKNOWN_CONTACT
    await anna.accept_invite(await bob.create_invite())
    await settle(bob, anna)
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    new_number = await bob.safety_number(at_bob)
    assert new_number == await anna.safety_number(at_anna) != number
    await bob.send_message(at_bob, "under the second key")
    await settle(anna)
    # Within one second the two conversations have no order.
    both = {"under the first key", "under the second key"}
    assert set(texts(await anna.history(at_anna))) == both
    assert set(texts(await bob.history(at_bob))) == both
