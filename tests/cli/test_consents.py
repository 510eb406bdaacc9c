"""`visavis consents` and `visavis recordings` after a call, at the terminal, without its media."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import PASSWORD, Terminal
from tests.sdk.recorded import with_contact

from visavis.core import recording_statements as s
from visavis.core.recording_receipt import verify_receipt
from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import Answered


@dataclass
class After:
    """Ida has recorded a call with Jon, who had said yes; it is over."""

    terminal: Terminal
    ida: str
    jon: str
    file: Path
    which: str

    def list(self, who: str, what: str) -> dict[str, Any]:
        (row,) = self.terminal.ok(who, what)[what]
        return dict(row)


_COUNT = iter(range(100))


def recorded(terminal: Terminal, *, clear: bool = False) -> After:
    number = next(_COUNT)
    ida, jon = f"ida{number}", f"jon{number}"
    terminal.sign_up(ida)
    terminal.sign_up(jon)
    terminal.befriend(ida, jon)

    async def work() -> tuple[Path, str]:
        async with (
            await Client.open(terminal.home / ida, PASSWORD) as asker,
            await Client.open(terminal.home / jon, PASSWORD) as other,
        ):
            made = await with_contact(asker, other, clear=clear)
            return asker.recordings.path(made.kept()), bytes(made.ask).hex()

    file, which = asyncio.run(work())
    return After(terminal, ida, jon, file, which)


@pytest.fixture
def after(terminal: Terminal) -> After:
    return recorded(terminal)


def test_a_yes_is_listed_taken_back_and_known_to_who_recorded(after: After) -> None:
    terminal, which = after.terminal, after.which
    consent = after.list(after.jon, "consents")
    assert (consent["consent"], consent["state"], consent["granted"]) == (
        which,
        "given",
        ["audio"],
    )
    assert after.list(after.ida, "recordings")["withdrawn"] == []
    looked = terminal.ok(after.ida, "recordings", "look", which[:8])
    assert [one["playable"] for one in looked["members"]] == [True, True]
    taken = terminal.run(after.jon, "consents", "withdraw", which[:8])
    assert taken.status == 0
    assert "Your half of the key is deleted at the server" in taken.out
    assert "the recording itself will show it" in taken.err + taken.out
    assert after.list(after.jon, "consents")["state"] == "withdrawn"
    again = terminal.refused(after.jon, "consents", "withdraw", which[:8])
    assert again["code"] == "no_yes"
    assert "already" in again["error"]
    terminal.ok(after.ida, "contacts")  # whatever reaches the server hears it
    assert after.list(after.ida, "recordings")["withdrawn"] == ["bob"]
    shown = terminal.run(after.ida, "recordings").out
    assert "taken back by" in shown
    assert "bob" in shown
    looked = terminal.ok(after.ida, "recordings", "look", which[:8])
    assert [one["playable"] for one in looked["members"]] == [True, False]
    assert "took their yes back" in looked["members"][1]["why_not"]
    proven = terminal.ok(None, "verify-recording", str(after.file), password=None)
    assert proven["members"][0]["withdrawn"] is None
    assert proven["members"][1]["withdrawn"] is not None
    assert not proven["members"][1]["playable"]


def test_all_that_one_said_yes_to_again_is_taken_back_together(after: After) -> None:
    """Who came into the call again has answered by another key: at the terminal it is one."""
    terminal, which = after.terminal, after.which

    async def agree_again() -> None:
        async with await Client.open(terminal.home / after.jon, PASSWORD) as jon:
            (first,) = jon.my_consents.all()
            consent, own = first.consent(), OwnConsent.make(jon._session.rng)
            grant = consent.given
            assert grant is not None
            yes = s.sign_statement(replace(grant, key=own.key), own.private)
            answered = Answered(
                *(first.call, own, first.signed[0], yes, None, first.by, first.title, first.where)
            )
            jon._session.books.consents.answered(answered)

    asyncio.run(agree_again())
    listed = terminal.ok(after.jon, "consents")["consents"]
    assert [(one["consent"], one["state"]) for one in listed] == [(which, "given")] * 2
    taken = terminal.ok(after.jon, "consents", "withdraw", which[:8])
    assert (taken["withdrawn"], taken["deleted"]) == (which, True)
    listed = terminal.ok(after.jon, "consents")["consents"]
    assert [one["state"] for one in listed] == ["withdrawn"] * 2
    assert terminal.refused(after.jon, "consents", "withdraw", which)["code"] == "no_yes"


def test_a_receipt_is_written_and_shown(after: After, tmp_path: Path) -> None:
    terminal, which, file = after.terminal, after.which[:8], tmp_path / "receipt.json"
    terminal.ok(after.jon, "consents", "receipt", which, str(file))
    assert verify_receipt(file.read_bytes()).given is not None
    assert file.stat().st_mode & 0o077 == 0
    refused = terminal.run(after.jon, "consents", "receipt", which, str(file), "--json")
    assert refused.status != 0, "there is one already"
    shown = terminal.run(after.jon, "consents", "receipt", which, "--kantara")
    assert json.loads(shown.out)["version"].startswith("KI-CR-v1.1")
    terminal.ok(after.jon, "consents", "withdraw", which)
    later = tmp_path / "later.json"
    terminal.ok(after.jon, "consents", "receipt", which, str(later))
    assert verify_receipt(later.read_bytes()).given is None
    terminal.refused(after.jon, "consents", "receipt", which, "--kantara")
    for words in ((), (str(tmp_path / "x"), "--kantara")):
        terminal.refused(after.jon, "consents", "receipt", which, *words)


def test_an_export_is_for_those_who_all_agreed_to_one(terminal: Terminal, tmp_path: Path) -> None:
    sealed, clear = recorded(terminal), recorded(terminal, clear=True)
    target = tmp_path / "out.webm"
    words = ("recordings", "export", sealed.which[:8], str(target))
    assert terminal.refused(sealed.ida, *words)["code"] == "refused"
    assert not target.exists()
    words = ("recordings", "export", clear.which[:8])
    terminal.ok(clear.ida, *words, str(target))
    assert target.read_bytes()[:4] == b"\x1aE\xdf\xa3"
    taken = terminal.ok(clear.jon, "consents", "withdraw", clear.which[:8])
    assert taken["exported"], "and is told that an export cannot be called back"
    done = terminal.ok(clear.ida, *words, str(tmp_path / "again.webm"))
    assert [one["playable"] for one in done["members"]] == [True, False]


def test_without_the_server(after: After) -> None:
    terminal, which = after.terminal, after.which[:8]
    asyncio.run(terminal.server.stop())
    try:
        assert after.list(after.jon, "consents")["state"] == "given"
        assert after.list(after.ida, "recordings")["withdrawn"] == []
        looked = terminal.refused(after.ida, "recordings", "look", which)
        assert "cannot be reached" in looked["error"]
        taken = terminal.ok(after.jon, "consents", "withdraw", which)
        assert not taken["deleted"]
        assert after.list(after.jon, "consents")["state"] == "withdrawn"
    finally:
        asyncio.run(terminal.server.start())
    # Whatever reaches the server next deletes the share, and tells who recorded.
    terminal.ok(after.jon, "contacts")
    terminal.ok(after.ida, "contacts")
    assert after.list(after.ida, "recordings")["withdrawn"] == ["bob"]
    looked = terminal.ok(after.ida, "recordings", "look", which)
    assert [one["playable"] for one in looked["members"]] == [True, False]


def test_a_recording_is_removed(after: After) -> None:
    terminal, which = after.terminal, after.which
    assert after.file.exists()
    assert terminal.ok(after.ida, "recordings", "remove", which[:8])["removed"] == which
    assert terminal.ok(after.ida, "recordings")["recordings"] == []
    assert not after.file.exists()
    terminal.refused(after.ida, "recordings", "look", which[:8])
    # A yes that is taken back of what is gone troubles nobody.
    terminal.ok(after.jon, "consents", "withdraw", which[:8])
    terminal.ok(after.ida, "contacts")


def test_never_record_me_in_all_calls(after: After) -> None:
    terminal = after.terminal
    assert not terminal.ok(after.jon, "consents", "never")["never_record"]
    assert terminal.ok(after.jon, "consents", "never", "--all-calls")["never_record"]
    assert "never to be recorded" in terminal.run(after.jon, "consents", "never").out
    terminal.ok(after.ida, "contacts")
    rules = terminal.ok(after.ida, "contact", "rules", after.jon)
    assert rules["never_recorded"], "contacts know it before any call"
    assert not terminal.ok(after.jon, "consents", "never", "--not-all-calls")["never_record"]
    terminal.ok(after.ida, "contacts")
    assert not terminal.ok(after.ida, "contact", "rules", after.jon)["never_recorded"]


def test_nobody_has_answered_or_recorded_anything(terminal: Terminal) -> None:
    assert terminal.ok("anna", "consents")["consents"] == []
    assert terminal.ok("anna", "recordings")["recordings"] == []
    for words in (("consents", "withdraw"), ("recordings", "look"), ("recordings", "remove")):
        terminal.refused("anna", *words, "abcd1234")
