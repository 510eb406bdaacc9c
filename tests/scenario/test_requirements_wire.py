"""What a provider that ends TLS could log, what it could ask for, and what a third person gets.

R-02, R-19, R-25, R-29, R-36, R-41. Each "nothing" has its control in the same log.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.scenario.middlebox import middlebox
from tests.scenario.real_people import (
    PASSWORD,
    befriend,
    found_in,
    mailbox_of,
    only_contact,
    open_again,
    people,
    pick_up,
    place,
    rings,
    until,
)

from visavis.core.envelope import BUCKETS
from visavis.sdk.client import Client
from visavis.sdk.history import MessageKind
from visavis.server import blobs, key_package_fetch, sequencers, shares, turn
from visavis.server.app import describe, make_api
from visavis.testing.certificates import self_signed
from visavis.testing.server import RunningServer, running_server
from visavis.transport.socket import Delivery

MESSAGE = "canary: the heron leaves at dusk"


def port_of(server: RunningServer) -> int:
    return urlsplit(server.origin).port or 0


async def test_a_box_that_ends_tls_reads_no_content_no_names_and_no_call_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-19, R-29: TLS 1.3 outside, sealed envelopes of four sizes and no sender inside."""
    certificate, key = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.load_cert_chain(certificate, key)
    async with (
        running_server(tmp_path / "server") as server,
        middlebox(port_of(server), tls) as box,
    ):
        origin = f"https://localhost:{box.port}"
        async with people(server, tmp_path, "annaheron", "benheron", origin=origin) as (anna, ben):
            await ben.send_message(await only_contact(ben), MESSAGE)
            await anna.sync()
            assert [m.text for m in await anna.history(await only_contact(anna))] == [MESSAGE]
            # A call, answered: without a relay it fails then, after everything that names it.
            ringing = asyncio.ensure_future(rings(ben))
            call = await place(anna)
            theirs = await pick_up(await ringing)
            call_id = bytes(anna._calls._board.live.call)  # type: ignore[union-attr]
            async with asyncio.timeout(60):
                await asyncio.gather(call.ended(), theirs.ended())
            secrets = secrets_of(anna, ben) | {"call id": call_id}
            handles = {"anna": anna.handle.encode(), "ben": ben.handle.encode()}
    entrance = ("POST /v1/signup/start",)
    inside = b"".join(s.path.encode() + s.body for s in box.log if s.path not in entrance)
    outside = b"".join(s.body for s in box.log if s.path in entrance)
    assert found_in(inside, secrets | handles) == set()
    assert found_in(box.down, secrets) == set()
    # The control, in the same log: whoever signs up says a name, and requests can be read.
    assert b"annaheron" in outside
    assert box.down.count(b'"handle":"annaheron.') == 1
    visible = {
        "mailbox": mailbox_of(anna),
        "device": bytes(anna._session.books.device),
    }
    assert found_in(inside, visible) == visible.keys()
    sent = box.sent()
    assert len(sent) > 8
    assert {one.durable for one in sent} == {True, False}
    assert {len(one.envelope) for one in sent} <= set(BUCKETS)
    # Whoever sends shows nothing of an account: no token on any connection that sends.
    senders = {seen.connection for seen in box.log if seen.path == "GET /v1/send"}
    receivers = {s.connection for s in box.log if s.path == "GET /v1/receive"}
    assert senders
    assert receivers
    assert not senders & receivers
    said = b"".join(seen.body for seen in box.log if seen.connection in senders)
    tokens = {"anna": anna_token(anna), "ben": anna_token(ben)}
    assert found_in(said, tokens) == set()
    assert found_in(box.everything(), tokens) == tokens.keys()  # On receiving ones they are.


def anna_token(client: Client) -> bytes:
    return client._session.books.profile.token[16:]


def secrets_of(*clients: Client) -> dict[str, bytes]:
    """Content and names, and what would tie two people together."""
    secrets = {"message": MESSAGE.encode(), "password": PASSWORD.encode()}
    for number, client in enumerate(clients):
        books = client._session.books
        secrets |= {
            f"{number} signature key": books.profile.signature_private,
            f"{number} vault key": books.profile.vault_keys[:32],
            f"{number} recovery code": str(client.recovery_code).encode(),
        }
        secrets |= {
            f"{number} group id {n}": bytes(record.group_id)
            for n, record in enumerate(books.groups.all())
        }
        secrets |= {
            f"{number} seal key {n}": bytes(given.seal_key)
            for n, given in enumerate(books.addresses._given.values())
        }
    return secrets


async def test_nothing_tells_a_contact_that_one_is_there_reads_or_writes(tmp_path: Path) -> None:
    """R-41: no presence, no receipt, no typing: coming, reading, going send nobody anything."""
    async with (
        running_server(tmp_path / "server") as server,
        middlebox(port_of(server)) as box,
    ):
        origin = f"http://127.0.0.1:{box.port}"
        async with people(server, tmp_path, "anna", "ben", origin=origin) as clients:
            anna, ben = clients
            to_ben = mailbox_of(ben)
            await ben.send_message(await only_contact(ben), "are you there?")
            mark = len(box.log)
            await anna.sync()  # It is delivered,
            contact = await only_contact(anna)
            assert [m.text for m in await anna.history(contact)] == ["are you there?"]  # and read.
            await anna.close()
            anna = clients[0] = await open_again(tmp_path / "anna")  # Gone and back.
            await anna.sync()
            await until(lambda: len(box.received_by(anna._session.books.profile.token)) == 2)
            assert [s for s in box.sent(mark) if s.mailbox == to_ben] == []
            # The control: one word, and the same look at the same log finds it.
            await anna.send_message(contact, "yes")
            assert [s.durable for s in box.sent(mark) if s.mailbox == to_ben] == [True]


async def test_an_injected_subscriber_opens_nothing(tmp_path: Path) -> None:
    """R-25: the server copies everything that two people send each other to a third device."""
    async with (
        running_server(tmp_path / "server") as server,
        middlebox(port_of(server)) as box,
    ):
        origin = f"http://127.0.0.1:{box.port}"
        async with people(server, tmp_path, "anna", "ben", "mallory", origin=origin) as clients:
            anna, ben, mallory = clients
            listening = asyncio.ensure_future(rings(mallory))
            ringing = asyncio.ensure_future(rings(ben))
            call = await place(anna)
            await ben.send_message(await only_contact(ben), MESSAGE)
            await (await ringing).decline()
            await call.hang_up()
            between = [s for s in box.sent() if s.mailbox in {mailbox_of(anna), mailbox_of(ben)}]
            assert len(between) >= 5
            inbox = mallory._session.inbox
            for number, sent in enumerate(between):
                delivery = Delivery(number.to_bytes(16), sent.durable, sent.envelope)
                assert await inbox.process(delivery)  # Taken and dropped.
            dropped = mallory._session.books.counters.dropped
            assert dropped == {"decryption": len(between)}
            assert await mallory.contacts() == []
            assert not listening.done()
            listening.cancel()
            # The roster: a conversation has the devices of its two people and nobody else.
            for client in (anna, ben):
                (record,) = client._session.books.groups.all()
                assert len(client._session.books.groups.members(record)) == 2
            # The control: those whose they are opened them; and Mallory's device does work.
            await anna.sync()
            thread = await anna.history(await only_contact(anna))
            assert [m.text for m in thread if m.kind is MessageKind.TEXT] == [MESSAGE]
            await befriend(anna, mallory)
            assert [c.name for c in await mallory.contacts()] == [anna.handle]


# ---- the server offers no lists of people ------------------------------------------------

LISTS = (
    "contact", "friend", "follow", "suggest", "address_book", "address-book", "addressbook",
    "people", "search", "presence", "last_seen_at", "online", "typing", "read_receipt", "read_at",
    "delivery_receipt", "seen_at", "calls", "history", "thread", "messages", "members", "roster",
)  # fmt: skip
"""The one receipt that there is says that a server has deleted what its owner asked for (R-76)."""


def lists_of_people(description: dict[str, Any]) -> set[str]:
    """Return the operations that list, suggest, take or tell about other people.

    By name of path, parameter or field; and any answer with a list of handles or accounts.
    """
    found = set()
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            names = [path, *fields_of(description, operation)]
            if any(word in name.lower() for name in names for word in LISTS):
                found.add(f"{method.upper()} {path}")
    return found


def fields_of(description: dict[str, Any], part: Any) -> list[str]:
    """Return every field and parameter name that an operation can carry, through references."""
    names: list[str] = []
    seen: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                target: Any = description
                for step in reference.removeprefix("#/").split("/"):
                    target = target[step]
                walk(target)
            names.extend(node.get("properties", {}))
            if "in" in node and "name" in node:
                names.append(str(node["name"]))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(part)
    return names


def described() -> dict[str, Any]:
    """Return the whole server's description, as `tests/server/test_openapi.py` holds it to."""
    parts = (blobs, key_package_fetch, sequencers, shares, turn)
    return json.loads(json.dumps(describe(make_api([part.router for part in parts]))))  # type: ignore[no-any-return]


def test_the_api_has_no_contact_list_no_upload_of_address_books_and_no_presence() -> None:
    """R-02, R-36, R-41: by the server's own description, which schemathesis holds it to."""
    description = described()
    assert len(description["paths"]) > 20
    assert lists_of_people(description) == set()
    # One look-up there is: an exact handle, one at a time; nothing takes several.
    one, own = "/v1/handles/{handle}", {"/v1/handle/start", "/v1/handle/finish"}
    assert {path for path in description["paths"] if "handle" in path} - own == {one}
    assert "handles" not in fields_of(description, description["paths"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/contacts", "handle"),
        ("/v1/upload", "address_book"),
        ("/v1/me", "friends"),
        ("/v1/someone", "last_seen_at"),
    ],
)
def test_the_control_a_leaky_api_is_noticed(path: str, field: str) -> None:
    leaky = described()
    leaky["components"]["schemas"]["Leak"] = {"properties": {field: {}}}
    body = {"content": {"x": {"schema": {"$ref": "#/components/schemas/Leak"}}}}
    leaky["paths"][path] = {"post": {"requestBody": body}}
    assert lists_of_people(leaky) == {f"POST {path}"}
