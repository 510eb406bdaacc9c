"""To whoever asks by handle, a person, a hidden person and nobody at all are one and the same.

What a box that ends TLS sees, and what comes back to the asker: the same requests, the same number
of envelopes of the same size, answers of the same length, the same outcome (P2, R-36). With the
work at its real level.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.scenario.middlebox import Middlebox, middlebox
from tests.scenario.real_people import sign_up

from visavis.sdk.client import Client
from visavis.sdk.contact_records import REQUEST_KIND
from visavis.sdk.history import Notice
from visavis.testing.server import RunningServer, running_server

UNKNOWN = "zenobia.00000"


@dataclass
class View:
    """What one asking looked like."""

    said: list[tuple[str, str, int]]
    came_back: int
    outcome: object
    kept: int
    waiting: int
    notices: list[Notice]


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[tuple[RunningServer, Middlebox, dict[str, Client]]]:
    """Give a server, a box before it, and three people who have never met."""
    async with running_server(folder / "server") as server:
        async with middlebox(urlsplit(server.origin).port or 0) as box:
            origin = f"http://127.0.0.1:{box.port}"
            people: dict[str, Client] = {}
            try:
                for name in ("zenobia", "zenobib", "asker"):
                    people[name] = await sign_up(server, folder / name, origin)
                yield server, box, people
            finally:
                await asyncio.gather(*(p.close() for p in people.values()))


async def quiet(box: Middlebox) -> None:
    """Wait until nobody says anything on their own."""
    before = -1
    while before != len(box.log):
        before = len(box.log)
        await asyncio.sleep(0.7)


def length_but_for_pings(frames: bytes) -> int:
    """Give the length of a server's WebSocket frames (RFC 6455) without those that keep alive.

    A connection that stands is pinged every so many seconds, whatever is asked meanwhile.
    """
    total = at = 0
    while at < len(frames):
        kind, length, head = frames[at] & 15, frames[at + 1], 2
        if length >= 126:
            head = 4 if length == 126 else 10
            length = int.from_bytes(frames[at + 2 : at + head])
        total += 0 if kind == 9 else head + length
        at += head + length
    return total


def test_pings_are_not_counted() -> None:
    long = b"\x82\x7e\x01\x00" + bytes(256)
    assert length_but_for_pings(b"\x89\x04ping" + long + b"\x89\x04ping") == len(long)


async def ask(box: Middlebox, asker: Client, handle: str, times: int = 1) -> View:
    """Ask for a handle and note all that was said and came back until it is quiet again."""
    session = asker._session
    await session._send_socket.close()  # each asking begins alike
    await quiet(box)
    at = len(box.log)
    before = {number: len(answers) for number, answers in box.answers.items()}
    outcome: Any = None
    for _ in range(times):
        try:
            outcome = await asker.request_contact(handle, wait_s=0.3)
        except Exception as error:
            outcome = repr(error)
    said = [
        (seen.kind, seen.path.replace(handle, "HANDLE"), len(seen.body))
        for seen in box.log[at:]
        if seen.path != "GET /v1/receive"  # what others, and we, receive is not the asker's doing
    ]
    return View(
        said,
        sum(
            length_but_for_pings(answers[before[number] :]) if number in before else len(answers)
            for number, answers in box.answers.items()
        ),
        outcome,
        len(session.books.store.items(REQUEST_KIND)),
        session.outbox.waiting(),
        await asker.all_notices(),
    )


@pytest.mark.long
async def test_a_person_a_hidden_person_and_nobody_are_alike(tmp_path: Path) -> None:
    async with stage(tmp_path) as (_, box, people):
        shown, hidden, asker = (people[name] for name in ("zenobia", "zenobib", "asker"))
        await shown.set_findable(True)
        await shown.close()  # so that what comes back is the asker's alone
        views = [await ask(box, asker, h) for h in (shown.handle, hidden.handle, UNKNOWN)]
        for number, view in enumerate(views, 1):
            assert view.kept == number
            view.kept = 0
        assert views[0] == views[1] == views[2]
        said = views[0].said
        assert [path for _, path, _ in said] == [
            "GET /v1/handles/HANDLE",
            "GET /v1/send",  # the upgrade, then one envelope
            "GET /v1/send",
        ]
        assert said[-1][2] == 53 + 8192
        assert views[0].outcome is None
        # The control: the comparison sees it if one asking says more than another.
        twice = await ask(box, asker, UNKNOWN, times=2)
        assert (twice.said, twice.came_back) != (said, views[0].came_back)
        # The control: the first was a person, and got the request.
        people["zenobia"] = await Client.open(tmp_path / "zenobia", "seven purple otters juggle")
        await people["zenobia"].sync()
        assert [one.name for one in await people["zenobia"].requests()] == [asker.handle]
        await hidden.sync()
        assert await hidden.requests() == []


async def test_a_look_up_has_a_connection_of_its_own_and_no_credential(tmp_path: Path) -> None:
    """CK-294: nothing else the asker says travels where its look-up did."""
    async with stage(tmp_path) as (_, box, people):
        asker = people["asker"]
        await asker.request_contact(UNKNOWN)
        (looked,) = [seen for seen in box.log if "/v1/handles/" in seen.path]
        assert [s.path for s in box.log if s.connection == looked.connection] == [looked.path]
        assert b"Bearer" not in looked.body
        assert any(b"Bearer" in seen.body for seen in box.log)  # the control
