"""What the server has of a group: envelopes and sealed commits, and no name of anything in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sdk.conftest import People, folder_bytes, settle
from tests.sdk.groups import group_of, join
from tests.sdk.test_canaries import forms, found, secrets_of

from visavis.core.envelope import bucket_for
from visavis.sdk import session_sending


def unsealed(_mailbox: bytes, _key: bytes, content: bytes, _rng: object) -> bytes:
    """Stand for an envelope that is not sealed, of the size that it would have."""
    return content.ljust(bucket_for(len(content)), b"\0")


async def kept_of_a_group(
    own: People, *, leaky: bool, patch: pytest.MonkeyPatch
) -> dict[str, bytes]:
    """Let three people have a group, much of it waiting at the server; return what was said."""
    group, (anna, bob, carl) = await group_of(own, "Canary hikes", "anna", "bob", "carl")
    dora = await own.sign_up("dora")
    await own.befriend(anna, dora)
    await anna.rename_group(group, "Canary climbs")
    await settle(anna, bob, carl)
    await own.close(carl)
    if leaky:
        patch.setattr(session_sending, "seal", unsealed)
    await anna.send_group_message(group, "the owl lands at nine")
    await anna.sync()
    if not leaky:  # with it nobody could read what the others say
        await join(anna, group, dora)
    record = anna._session.group_actions.require(group.group)
    anna._session.books.store.put("group.rotate", group.group, b"")
    anna._session.membership.mark(record)
    await anna.sync()
    secrets = {
        "first name": b"Canary hikes",
        "name": b"Canary climbs",
        "message": b"the owl lands",
        "anna": anna.handle.encode(),
        "bob": bob.handle.encode(),
        "carl": carl.handle.encode(),
        "dora": dora.handle.encode(),
        "group id": bytes(group.group),
    }
    for name, secret in secrets_of(anna).items():
        if "account id" not in name:  # public: it stands in key packages
            secrets[f"anna: {name}"] = secret
    await own.close()
    return secrets


async def test_the_server_has_no_name_in_a_group(
    own: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what it is called nor who is in it, nor its id; in envelopes, commits, or the log."""
    secrets = await kept_of_a_group(own, leaky=False, patch=monkeypatch)
    data = folder_bytes(own.server.data_dir) + own.server.log.read_bytes()
    assert found(data, secrets) == set()
    assert len(data) > 8 * 1024  # envelopes wait there
    for name, secret in secrets.items():
        for form in forms(secret):
            (tmp_path / "leak").write_bytes(b"...." + form + b"....")
            assert name in found((tmp_path / "leak").read_bytes(), secrets)


async def test_the_control_envelopes_that_are_not_sealed_are_found(
    own: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = await kept_of_a_group(own, leaky=True, patch=monkeypatch)
    data = folder_bytes(own.server.data_dir)
    assert "group id" in found(data, secrets)
