"""What a person reads when a contact's security key has changed: the steps, to the last command."""

from __future__ import annotations

import asyncio

import pytest
from tests.cli.conftest import PASSWORD, Terminal

from visavis.cli.told import decide
from visavis.sdk.client import Client


@pytest.fixture(scope="module")
def noted(terminal: Terminal) -> str:
    """Anna has a contact whose key has changed: her profile says so, as after a forged list."""
    name = terminal.sign_up("olga")
    terminal.befriend("anna", "olga")

    async def note() -> None:
        async with await Client.open(terminal.home / "anna", PASSWORD) as anna:
            books = anna._session.books
            known = books.contacts.get((await anna.find_contact("olga")).account)
            assert known is not None
            known.identity_changed = True
            books.contacts.save(known)

    asyncio.run(note())
    return name


def test_each_step_is_said_where_it_is_needed(terminal: Terminal, noted: str) -> None:
    refused = terminal.run("anna", "message", "olga", "must not leave")
    assert refused.status != 0
    assert decide("NAME") in refused.err
    number = terminal.run("anna", "safety-number", "olga")
    assert decide(noted) in number.err
    for step in ("contact keep", "contact forget", "invite", "accept 'LINK'"):
        assert f"visavis {step}" in number.err
    # The control: a contact whose key is the one we know.
    assert "contact forget" not in terminal.run("anna", "safety-number", "bert").err

    gone = terminal.run("anna", "contact", "forget", "olga", "--yes")
    assert "no longer your contact" in gone.out
    assert "Next: visavis invite" in gone.err
    # The steps lead somewhere: the same person, by a new link.
    terminal.ok("olga", "contact", "forget", "anna", "--yes")
    terminal.befriend("anna", "olga")
    assert terminal.ok("anna", "message", "olga", "we compared anew")["sent"] is True
