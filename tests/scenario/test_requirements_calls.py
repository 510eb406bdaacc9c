"""Real calls: what leaves a callee before a person accepts, and where addresses stay.

R-28, R-29, R-30, R-31, R-32, R-33, R-41, R-88: two SDK clients, a server process, coturn, aiortc.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.scenario.middlebox import Middlebox, middlebox
from tests.scenario.real_people import (
    mailbox_of,
    people,
    place,
    rings,
    shell_of,
    talk,
)

from visavis.core.content_call import CallCandidates, CallOffer
from visavis.core.content_inner import CallAccept, CallInvite
from visavis.core.envelope import BUCKETS
from visavis.media.coturn import free_port
from visavis.sdk.call_shell import CallShell
from visavis.sdk.session import Session
from visavis.testing.audit.holdings import collect
from visavis.testing.audit.marked_address import MARKED, forwarded
from visavis.testing.audit.needles import Needle, finest_times, search
from visavis.testing.server import running_server
from visavis.testing.wiretap import WiretapProxy, tapped

pytestmark = pytest.mark.media


# ---- until a person accepts ----------------------------------------------------------------------


def told(box: Middlebox, mark: int, caller: bytes, callee_token: bytes) -> list[str]:
    """What left the callee since a mark, but for acknowledgements, which all have one form."""
    receiving = box.received_by(callee_token)
    found = [f"envelope of {len(s.envelope)}" for s in box.sent(mark) if s.mailbox == caller]
    for seen in box.log[mark:]:
        if seen.kind == "request" and seen.path == "POST /v1/turn":
            found.append("asked for a relay")
        acknowledges = seen.body[:1] == b"\x02" and len(seen.body) % 16 == 1
        if seen.kind == "message" and seen.connection in receiving and not acknowledges:
            found.append("spoke on the receiving connection")
    return found


async def test_before_a_person_accepts_nothing_leaves_the_callee(tmp_path: Path) -> None:
    """R-33, R-41, R-88: counted at the server's door and at the relay's."""
    turn_port = free_port()
    async with (
        tapped(("127.0.0.1", turn_port)) as tap,
        running_server(
            tmp_path / "server", turn=True, turn_port=turn_port, relay_announced_port=tap.port
        ) as server,
        middlebox(urlsplit(server.origin).port or 0) as box,
    ):
        origin = f"http://127.0.0.1:{box.port}"
        async with people(server, tmp_path, "anna", "ben", origin=origin) as (anna, ben):
            seen_by_caller, token = mailbox_of(anna), ben._session.books.profile.token
            for answer in ("decline", "ignore"):
                ringing = asyncio.ensure_future(rings(ben))
                mark = len(box.log)
                call = await place(anna)
                rung = await ringing
                if answer == "decline":
                    await rung.decline()
                for _ in range(3):  # Whatever wanted to leave has had its time.
                    await ben.sync()
                    await asyncio.sleep(0.2)
                assert told(box, mark, seen_by_caller, token) == []
                assert tap.datagrams == []
                assert call.state == "calling"
                await call.hang_up()
                await rung.ended()
            # The control: an accept, at the same doors.
            mark = len(box.log)
            call, theirs = await talk(anna, ben)
            leaked = told(box, mark, seen_by_caller, token)
            assert "asked for a relay" in leaked
            assert sum(line.startswith("envelope") for line in leaked) >= 3
            assert len(tap.datagrams) > 10
            await asyncio.gather(call.hang_up(), theirs.ended())
            assert {len(sent.envelope) for sent in box.sent()} <= set(BUCKETS)


# ---- addresses -----------------------------------------------------------------------------------


class MarkedRelay(WiretapProxy):
    """A proxy before coturn, which sees its clients come from the marked address."""

    async def _open(self, data: bytes, client: tuple[str, int]) -> None:
        from visavis.testing.wiretap import _Back

        back, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Back(self, client), local_addr=(MARKED, 0), remote_addr=self._upstream
        )
        first = self._backs.setdefault(client, back)
        if first is not back:
            back.close()
        first.sendto(data)


def connected_from(address: str, port: int) -> bool:
    """Say whether the kernel has a connection from an address to a local port."""
    packed = socket.inet_aton(address)[::-1].hex().upper()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote = line.split()[1:3]
        if remote.startswith(packed) and int(local.split(":")[1], 16) == port:
            return True
    return False


def watch_descriptions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect every description and candidate that clients of this process tell each other."""
    said: list[str] = []
    tell, send_inner = CallShell.tell, Session.send_inner

    async def watched_tell(self: CallShell, content: Any) -> None:
        if isinstance(content, CallCandidates):
            said.extend(content.candidates)
        if isinstance(content, CallOffer):
            said.append(content.sdp)
        await tell(self, content)

    async def watched_inner(self: Session, contact: Any, content: Any, **how: Any) -> None:
        if isinstance(content, CallInvite):
            said.append(content.offer)
        if isinstance(content, CallAccept):
            said.append(content.answer)
        await send_inner(self, contact, content, **how)

    monkeypatch.setattr(CallShell, "tell", watched_tell)
    monkeypatch.setattr(Session, "send_inner", watched_inner)
    return said


async def control_a_careless_server_is_caught(
    tmp_path: Path, folder: Path, needles: list[Needle], known: tuple[bytes, str]
) -> None:
    """The control: the same folder, had the server been careless once, by the same search."""
    call_id, name = known
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    with (twin / "server.log").open("a") as log:
        log.write(f"{name} connected from {MARKED}\n")
    database = next((twin / "server").glob("*.sqlite3"))
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE calls (id BLOB, at INTEGER, address BLOB)")
        row = (call_id, int(time.time()) // 86_400 * 86_400 + 1, socket.inet_aton(MARKED))
        connection.execute("INSERT INTO calls VALUES (?, ?, ?)", row)
    connection.close()
    holdings = await asyncio.to_thread(collect, twin)
    caught = {hit.kind for hit in search(holdings, needles)}
    assert {"address", "call id", "handle"} <= caught
    assert any("calls.at" in hit.where for hit in finest_times(holdings))


async def test_a_call_from_a_marked_address_leaves_no_trace_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-28, R-30 (CK-640), R-31, R-32: address, call, moment and names, on disk and in logs."""
    turn_port = free_port()
    relay = MarkedRelay(("127.0.0.1", turn_port))
    await relay.start()
    said = watch_descriptions(monkeypatch)
    folder = tmp_path / "server"
    began = time.time()
    try:
        async with running_server(
            folder, turn=True, turn_port=turn_port, relay_announced_port=relay.port
        ) as server:
            port = urlsplit(server.origin).port or 0
            async with forwarded(port) as front:
                origin = f"http://127.0.0.1:{front}"
                async with people(server, tmp_path, "annamark", "benmark", origin=origin) as pair:
                    anna, ben = pair
                    call, theirs = await talk(anna, ben)
                    # The control: server and relay did see the address.
                    assert connected_from(MARKED, port)
                    assert relay.datagrams
                    assert {
                        back.get_extra_info("sockname")[0] for back in relay._backs.values()
                    } == {MARKED}
                    call_id = bytes(shell_of(anna).call)
                    groups = [bytes(g.group_id) for g in anna._session.books.groups.all()]
                    await asyncio.gather(call.hang_up(), theirs.ended())
                    running = await asyncio.to_thread(collect, folder)
                    names = [anna.handle, ben.handle]
    finally:
        await relay.close()
    needles = [
        *Needle.address("the marked address", MARKED),
        Needle("call id", "the call", call_id),
        *(Needle("call id", f"group {n}", group) for n, group in enumerate(groups)),
        *(Needle.text("handle", name[:4], name) for name in names),
        *(
            needle
            for second in range(int(began), int(time.time()) + 1)
            for needle in Needle.time("a moment", second)
        ),
    ]
    stopped = await asyncio.to_thread(collect, folder)
    for holdings in (running, stopped):
        assert any(name.endswith("server.log") for name in holdings.files)
        assert search(holdings, needles) == []
    # The log of the test harness is the only file whose time nobody sets to its day.
    fine = [hit.where for hit in finest_times(stopped) if not hit.where.endswith("server.log")]
    assert fine == []
    await control_a_careless_server_is_caught(tmp_path, folder, needles, (call_id, names[0]))
    # what the two told each other about where they are: relays, and nothing else.
    lines = [line for line in said if line.startswith("candidate:")]
    assert len(lines) >= 2
    assert all(" typ relay raddr 0.0.0.0 rport 9" in line for line in lines)
    descriptions = [text for text in said if text.startswith("v=0")]
    assert len(descriptions) == 2
    assert not any("candidate" in text or "127." in text for text in descriptions)
