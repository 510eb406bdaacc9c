"""Consent to recordings through the SDK, on a real server: asked, agreed, refused, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.sdk.conftest import People
from tests.sdk.group_call_ends import ends
from tests.sdk.groups import group_of
from tests.sdk.guests import all_hear

from visavis.core.errors import AuthorizationError
from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.core.recording_types import Kind, Kinds, Members, OverReason
from visavis.sdk.client import Client
from visavis.sdk.group_call_objects import GroupCall
from visavis.sdk.recording_means import SaidStatement
from visavis.sdk.recording_objects import CallRecording, Wanted
from visavis.sdk.recordings_book import Way

AUDIO = frozenset({Kind.AUDIO})


class Notes:
    """A recorder that notes what it is told."""

    def __init__(self) -> None:
        self.kinds: Kinds = frozenset()
        self.shares: dict[ConsentKey, Secret32] = {}
        self.statements: list[SaidStatement] = []
        self.sets: list[Members] = []

    def record(self, ask: Digest, kinds: Kinds) -> None:
        del ask
        self.kinds = kinds

    def said(self, said: SaidStatement) -> None:
        self.statements.append(said)

    def share(self, ask: Digest, key: ConsentKey, share: Secret32, way: Way) -> None:
        del ask, way
        self.shares[key] = share

    def among(self, ask: Digest, members: Members) -> None:
        del ask
        self.sets.append(members)

    def frame(self, key: ConsentKey, kind: Kind, at: float, data: bytes) -> bool:
        del key, kind, at, data
        return False

    def over(self, ask: Digest) -> None:
        del ask


def recorder_of(client: Client, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Give a client something that records; before its first call."""
    notes = Notes()
    means = client._session.recording
    monkeypatch.setattr(
        client._session, "recording", type(means)(means.shares, None, lambda _, __, ___: notes)
    )
    return notes


async def until(recording: CallRecording, holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        async for _ in recording.changes():
            if holds():
                return


async def in_call(
    people: People, monkeypatch: pytest.MonkeyPatch, *names: str
) -> tuple[Notes, list[Client], list[GroupCall]]:
    group, clients = await group_of(people, "Choir", *names)
    notes = recorder_of(clients[0], monkeypatch)
    calls = [await client.call_group(group, "voice", **ends()) for client in clients]
    await all_hear(*calls, count=len(names))
    return notes, list(clients), calls


async def test_all_agree_and_one_takes_it_back(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, clients, calls = await in_call(people, monkeypatch, "anna", "bob", "carl")
    anna, bob, _ = clients
    annas, bobs, carls = (call.recording for call in calls)
    await until(annas, lambda: annas.may_not_ask is None)
    await until(bobs, lambda: bobs.may_not_ask is None)
    ask = await annas.ask(Wanted(AUDIO, "Minutes of the rehearsal"))
    for one in (bobs, carls):
        await until(one, lambda one=one: one.requests)
        (request,) = one.requests
        assert (request.by, request.request.purpose) == (
            anna.handle,
            "Minutes of the rehearsal",
        )
    await bobs.agree(ask, AUDIO)
    await until(annas, lambda: annas.own and dict(annas.own.answers)[bob.handle] == AUDIO)
    assert not notes.kinds
    await carls.agree(ask, AUDIO)
    for one in (annas, bobs, carls):
        await until(one, lambda one=one: one.recorded)
    assert notes.kinds == AUDIO
    async with asyncio.timeout(10):
        while len(notes.shares) < 3:
            await asyncio.sleep(0.05)
    # Bob's share lies at the server until he takes his yes back.
    shares, shell = bob._session.recording.shares, bobs._shell
    assert shares is not None
    assert shell is not None
    laid = shell._answers._agreed[ask].laid
    assert await shares.read(laid.slot, laid.read) == laid.share
    bobs.withdraw(ask)
    for one in (annas, bobs, carls):
        await until(one, lambda one=one: not one.recorded)
        assert one.ended[-1].reason in {OverReason.WITHDRAWN, OverReason.STOPPED}
    assert not notes.kinds
    with pytest.raises(AuthorizationError):
        async with asyncio.timeout(10):
            while True:
                await shares.read(laid.slot, laid.read)
                await asyncio.sleep(0.05)
    for call in calls:
        await call.leave()
    for client in clients:
        assert [entry.recorded for entry in await client.call_history()] == [True]


async def test_one_refuses(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, clients, calls = await in_call(people, monkeypatch, "anna", "bob")
    annas, bobs = (call.recording for call in calls)
    await until(annas, lambda: annas.may_not_ask is None)
    ask = await annas.ask(Wanted(AUDIO, "Minutes"))
    await until(bobs, lambda: bobs.requests)
    bobs.refuse(ask)
    await until(annas, lambda: annas.ended)
    assert annas.ended[-1].reason is OverReason.REFUSED
    assert not notes.kinds
    assert len(calls[0].members) == 2
    for call in calls:
        await call.leave()
    for client in clients:
        assert [entry.recorded for entry in await client.call_history()] == [False]
