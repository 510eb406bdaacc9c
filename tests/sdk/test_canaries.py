"""Canary secrets: planted names, messages and keys appear nowhere in clear.

Not in the server's data, not in the profile on disk, not in logs, not in printed objects. Each
search is proven able to find what it looks for.
"""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest
from tests.sdk.conftest import PASSWORD, People, folder_bytes, settle
from tests.sdk.test_devices import link_device

from visavis.sdk.client import Client
from visavis.sdk.consent_key import OwnConsent

MESSAGE = "canary: the owl lands at nine"


def forms(secret: bytes) -> list[bytes]:
    """A secret as bytes, hex, and base64 at its three alignments."""
    encoded = [base64.b64encode(bytes(shift) + secret)[4 * bool(shift) :] for shift in range(3)]
    plain = base64.urlsafe_b64encode(secret)
    cores = [form[2:-4] for form in (*encoded, plain) if len(form) > 12]
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), *cores]


def found(haystack: bytes, secrets: dict[str, bytes]) -> set[str]:
    return {name for name, s in secrets.items() if any(form in haystack for form in forms(s))}


def secrets_of(client: Client) -> dict[str, bytes]:
    books = client._session.books
    profile = books.profile
    secrets = {
        "signature key": profile.signature_private,
        "token": profile.token[16:],
        "vault key": profile.vault_keys[:32],
        "account id": bytes(books.account),
        "store key": bytes(books.store._store_key),
    }
    for number, given in enumerate(books.addresses._given.values()):
        secrets[f"seal key {number}"] = bytes(given.seal_key)
        secrets[f"capability {number}"] = bytes(given.capability)
    for number, record in enumerate(books.groups.all()):
        state = books.groups.state(record)
        secrets[f"group id {number}"] = bytes(record.group_id)
        secrets[f"epoch {number}"] = bytes(state.epoch_authenticator)
    return secrets


async def test_nothing_in_clear_anywhere(
    own: People, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    anna, bob = await own.pair("annacanary", "bobcanary")
    tablet = await link_device(own, anna, "tablet")
    await settle(anna, tablet, bob)
    await bob.send_message(await bob.find_contact("anna"), MESSAGE)
    await settle(anna, tablet, bob)
    await anna._session.vault.write()
    code = anna.recovery_code
    assert code is not None
    said = {
        "message": MESSAGE.encode(),
        "message, part": b"the owl lands",
        "password": PASSWORD.encode(),
        "recovery code": code.encode(),
        "handle": anna.handle.encode(),
        "other handle": bob.handle.encode(),
        "name": b"annacanary",
    }
    secrets = {**said}
    for which, client in (("anna", anna), ("tablet", tablet), ("bob", bob)):
        secrets |= {f"{which}: {name}": s for name, s in secrets_of(client).items()}
    # Members of a key package are public by design: the server sees account ids in them.
    at_server = {n: s for n, s in secrets.items() if "account id" not in n}
    await own.close()

    data = folder_bytes(own.server.data_dir) + own.server.log.read_bytes()
    assert found(data, at_server) == set()
    for name in ("annacanary", "bobcanary", "tablet"):
        assert found(folder_bytes(own.profile(name)), secrets) == set()
    assert found(caplog.text.encode(), secrets) == set()
    # The control: each of them is found where it is planted, in each form.
    for name, secret in secrets.items():
        for form in forms(secret):
            (tmp_path / "leak").write_bytes(b"...." + form + b"....")
            assert name in found((tmp_path / "leak").read_bytes(), {name: secret})


async def test_nothing_secret_is_printed(people: People) -> None:
    anna, bob = await people.pair("annacanary", "bobcanary")
    await bob.send_message(await bob.find_contact("anna"), MESSAGE)
    await settle(anna)
    session = anna._session
    contact = await anna.find_contact("bob")
    consent = OwnConsent.make(session.books.rng)
    printed = [
        anna,
        session.books.profile,
        session.key_material,
        await anna.history(contact),
        session.books.addresses._given,
        session.books.contacts.all(),
        session.books.groups.all(),
        session.outbox._rows,
        session.contact_devices(contact.account),
        session.new_key_package(consent),
        consent,
    ]
    text = "".join(f"{thing!r}{thing!s}" for thing in printed).encode()
    secrets = secrets_of(anna) | {
        "message": MESSAGE.encode(),
        "consent key": bytes(consent.private),
    }
    shown = {name for name, s in secrets.items() if any(form in text for form in forms(s))}
    python = {name for name, s in secrets.items() if repr(s)[2:-1].encode() in text}
    assert shown | python == set()
