"""Who has a call link, or half of one, and means no good; and what the server learns of it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import time
from typing import Any

import pytest
from tests.sdk.conftest import People, folder_bytes
from tests.sdk.group_call_ends import ends
from tests.sdk.guests import all_hear, asks, let_in, until
from websockets.asyncio.client import ClientConnection

from visavis.core import base64url
from visavis.core.call_link import CallLink
from visavis.core.content_room import RoomEntered, RoomKnocked
from visavis.core.errors import PeerError
from visavis.core.guest import Guest as Credential
from visavis.core.guest import sign_pass
from visavis.core.ids import CallId, DeviceId, Digest, LinkSecret, RoomKey, SignatureKey
from visavis.core.lobby import lobby_public_key, lobby_room, open_knock
from visavis.core.mls import (
    SUITE_ID,
    generate_signature_key,
    new_key_package,
    signature_public_key,
)
from visavis.sdk import group_call_entry
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_objects import GroupCall, GroupCallEnd
from visavis.sdk.guest import Guest, GuestState
from visavis.sdk.guest_entry import judge
from visavis.sdk.seam import KeyMaterial
from visavis.transport.call_door import CallDoor
from visavis.transport.call_room import CallRoomSocket, Place
from visavis.transport.http import Http

RNG = os.urandom


async def test_a_refused_guest_stays_outside(people: People) -> None:
    """Neither asking again nor knocking at the call's own door lets somebody in who was refused."""
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    call = await anna.call_group(made.group, "voice", **ends())
    guest = await Guest.join(made.link, "Mallory", **ends())
    (one,) = await asks(call)
    one.refuse()
    async with asyncio.timeout(40):
        assert await guest.ended() is GroupCallEnd.REFUSED
    assert guest.state is GuestState.OVER
    assert call.waiting == ()
    assert not one.admit()
    # Even with the room and its door key, which no guest is told: a pass is what it takes.
    entry, private = guest_keys()
    link = CallLink.from_link(made.link)
    ways = (await anna._group_call_service())._ways
    stranger = credential(entry, "Mallory", ways, RNG(32), call.going.call)
    knocking = asyncio.ensure_future(knock_at_the_door(link.origin, call, stranger, private))
    done, _ = await asyncio.wait([knocking], timeout=5)
    assert not done
    assert len(call.members) == 1
    knocking.cancel()
    # Of another call neither.
    own = ways.key_material(made.group.group).signature_private
    elsewhere = credential(entry, "Mallory", ways, own, CallId(RNG(16)))
    knocking = asyncio.ensure_future(knock_at_the_door(link.origin, call, elsewhere, private))
    done, _ = await asyncio.wait([knocking], timeout=5)
    assert not done
    assert len(call.members) == 1
    knocking.cancel()
    # The control: the same knock with a pass of this call that Anna's device signed.
    let = credential(entry, "Mallory", ways, own, call.going.call)
    keys = await asyncio.wait_for(knock_at_the_door(link.origin, call, let, private), 30)
    assert len(keys.members()) == 2
    keys.wipe()
    assert link.is_host(anna._session.books.own_list.identity_key)


async def test_a_wrong_link_finds_nobody(people: People) -> None:
    """CK-902"""
    anna = await people.sign_up("anna")
    made = await anna.create_call_link()
    call = await anna.call_group(made.group, "voice", **ends())
    assert await call.inside()
    right = CallLink.from_link(made.link)
    wrong_secret = dataclasses.replace(right, secret=LinkSecret(RNG(32)))
    wrong_lobby = dataclasses.replace(right, lobby=lobby_public_key(RNG(32)))
    guests = [
        await Guest.join(one.to_link(), "Dana", **ends()) for one in (wrong_secret, wrong_lobby)
    ]
    await asyncio.sleep(3)
    assert [one.state for one in guests] == [GuestState.NOBODY] * 2
    assert call.waiting == ()
    for guest in guests:
        await guest.leave()
        assert await guest.ended() is GroupCallEnd.LEFT
    # Another account may hold the lobby's key, and is not believed.
    other_host = dataclasses.replace(right, host=Digest(RNG(32)))
    guest = await Guest.join(other_host.to_link(), "Dana", **ends())
    (one,) = await asks(call)
    assert one.admit()
    async with asyncio.timeout(40):
        assert await guest.ended() is GroupCallEnd.IMPOSTOR
    assert len(call.members) == 1
    await let_in(call, made.link, "Dana")  # the control


async def test_somebody_sits_in_the_lobby(people: People) -> None:
    """Who has the link and an account can keep guests out, and reads nothing; the host is told."""
    anna, mallory = await people.pair("anna", "mallory")
    made = await anna.create_call_link()
    link = CallLink.from_link(made.link)
    ticket = (await mallory._group_call_service())._ways.ticket()
    place = Place(0, RoomKey(RNG(32)))
    squatter = CallRoomSocket(
        link.origin, lobby_room(link.secret), lambda: place, ticket=ticket, new=True
    )
    squatter.start()
    assert isinstance(await squatter.next(), RoomEntered)
    guest = await Guest.join(made.link, "Dana", **ends())
    async with asyncio.timeout(30):
        knocked = await squatter.next()
    assert isinstance(knocked, RoomKnocked)
    with pytest.raises(PeerError, match="CK-902"):
        open_knock(link.secret, RNG(32), knocked.body)
    call = await anna.call_group(made.group, "voice", **ends())
    await until(lambda: call.lobby_taken)
    assert (guest.state, call.waiting) == (GuestState.NOBODY, ())
    await guest.leave()
    # The control: with another link all is well.
    await anna.withdraw_call_link(made)
    await until(lambda: not call.lobby_taken)
    again = await anna.create_call_link(made.group)
    await let_in(call, again.link, "Dana")
    await squatter.leave()


async def test_the_server_learns_neither_name_nor_secret(
    own: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what passes through it, nor in what it stores or logs; a guest that leaks is seen."""
    seen: list[bytes] = []
    send, exchange = ClientConnection.send, Http.exchange

    async def sending(self: Any, message: Any, *rest: Any) -> None:
        seen.append(message.encode() if isinstance(message, str) else message)
        await send(self, message, *rest)

    async def asking(self: Any, method: str, path: str, body: Any, *rest: Any, **more: Any) -> Any:
        seen.append(f"{path} {body!r}".encode())
        return await exchange(self, method, path, body, *rest, **more)

    monkeypatch.setattr(ClientConnection, "send", sending)
    monkeypatch.setattr(Http, "exchange", asking)
    caplog.set_level(logging.DEBUG)
    anna = await own.sign_up("anna")
    made = await anna.create_call_link()
    call = await anna.call_group(made.group, "voice", **ends())
    guest = await let_in(call, made.link, "Dagmar Unmistakable")
    await all_hear(call, guest, count=2)
    link = CallLink.from_link(made.link)
    needles = [
        b"Dagmar Unmistakable",
        bytes(link.secret),
        bytes(link.lobby),
        bytes(link.host),
        made.link.partition("#")[2].encode(),
        bytes(guest._steps._entry.key),  # type: ignore[attr-defined]
    ]

    def found(where: bytes) -> list[bytes]:
        forms = [[one, one.hex().encode(), base64url.encode(one).encode()] for one in needles]
        return [form[0] for form in forms if any(one in where for one in form)]

    passed = b"\n".join(seen)
    assert bytes(lobby_room(link.secret)) in passed  # the watching sees what passes
    assert b"/v1/" in passed
    assert found(passed) == []
    logged = "\n".join(record.getMessage() for record in caplog.records).encode()
    logged += (own.folder / "server.log").read_bytes()
    stored = folder_bytes(own.folder / "server")
    assert stored
    assert found(logged + stored) == []
    # The control: a guest that says its name in the clear is noticed.
    async with CallDoor(link.origin, lobby_room(link.secret)) as door:
        await door.knock(b"Dagmar Unmistakable")
        await until(lambda: found(b"\n".join(seen)) == [b"Dagmar Unmistakable"])


def guest_keys() -> tuple[SignatureKey, bytes]:
    """Return keys such as a guest makes for a visit."""
    private = generate_signature_key(SUITE_ID, RNG)
    return SignatureKey(signature_public_key(SUITE_ID, private)), private


def credential(key: SignatureKey, name: str, ways: Any, signed_by: bytes, call: CallId) -> bytes:
    """Return a guest's credential that names Anna's device, whoever signed its pass."""
    signature = sign_pass(call, key, name, signed_by)
    return Credential(key, name, ways.account, ways.device, signature).to_identity()


async def knock_at_the_door(
    origin: str, call: GroupCall, identity: bytes, private: bytes
) -> GroupCallKeys:
    """Knock at a call's own door with some credential."""
    going = call.going
    now = int(time.time())
    consent = OwnConsent.make(RNG)
    bundle = new_key_package(
        identity=identity,
        signature_private=private,
        not_before=now - 900,
        not_after=now + 900,
        rng=RNG,
        leaf_extensions=[consent.extension()],
    )
    material = KeyMaterial(going.by, DeviceId(bytes(16)), identity, private, judge().validator)
    entering = group_call_entry.Entering(
        origin,
        going.call,
        going.room,
        going.door,
        material,
        consent,
        lambda _: None,
        lambda: now,
        RNG,
    )
    return await entering.enter(bundle)
