"""Janus as our child: who can reach it, what it leaves behind, how it dies and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.media.sfu_peers import Peer, keyed, network

from visavis.core.errors import Code, UnavailableError
from visavis.media import sfu_sdp
from visavis.media.janus import INSTALL_HINT, Janus, JanusRoom
from visavis.media.janus_config import SfuSettings
from visavis.media.janus_link import JanusError, JanusLink, open_link

pytestmark = pytest.mark.media


@pytest.fixture
def address() -> Iterator[str]:
    with network() as ip:
        yield ip


def settings(ip: str) -> SfuSettings:
    return SfuSettings(ip=ip, min_port=50_000, max_port=50_999)


@pytest.fixture
async def janus(address: str) -> AsyncIterator[Janus]:
    made = Janus(settings(address), os.urandom)
    await made.start()
    yield made
    await made.stop()


def inodes(janus: Janus) -> set[str]:
    """Inodes of the child's sockets."""
    links = [entry.readlink() for entry in Path(f"/proc/{janus.process_id}/fd").iterdir()]
    return {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}


def listening(janus: Janus) -> set[str]:
    """Inodes of TCP sockets that listen, of any process in this network."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{janus.process_id}/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A":
                found.add(words[9])
    return found


async def test_it_listens_on_one_private_socket_only(janus: Janus) -> None:
    """CK-820, with a control that a listening socket is seen at all."""
    folder = janus.folder
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in folder.iterdir()] == ["socket"]
    assert not inodes(janus) & listening(janus)
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    assert str(os.fstat(server.sockets[0].fileno()).st_ino) in listening(janus)
    server.close()
    await server.wait_closed()


async def test_it_has_loaded_one_plugin_and_one_transport(janus: Janus) -> None:
    """CK-820: what records, plays, dials or logs is not in the process."""
    maps = Path(f"/proc/{janus.process_id}/maps").read_text()
    loaded = {Path(line.split()[-1]).name for line in maps.splitlines() if "libjanus_" in line}
    assert {name.partition(".so")[0] for name in loaded} == {
        "libjanus_videoroom",
        "libjanus_websockets",
    }


async def test_it_writes_nothing_and_shows_no_secret(janus: Janus) -> None:
    """CK-822: no file but /dev/null is open; no secret is on its command line."""
    process = Path(f"/proc/{janus.process_id}")
    opened = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
    assert {path for path in opened if path.startswith("/")} <= {"/dev/null", "/dev/urandom"}
    arguments = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    for secret in (janus._secrets.api, janus._secrets.room):
        assert len(secret) == 64
        assert secret.encode() not in arguments


async def test_without_the_secret_it_does_nothing(janus: Janus) -> None:
    """CK-820: also for who got to the socket."""
    assert janus.folder is not None
    with pytest.raises(JanusError) as refused:
        await open_link(janus.folder / "socket", "wrong", lambda: None)
    assert refused.value.number == 403
    right = await open_link(janus.folder / "socket", janus._secrets.api, lambda: None)
    assert right is not None
    await right.close()


@contextlib.asynccontextmanager
async def raw_room(janus: Janus) -> AsyncIterator[tuple[JanusRoom, JanusLink]]:
    room = await janus.open_room(5)
    assert isinstance(room, JanusRoom)
    yield room, room.link
    await room.close()


def joining(room: JanusRoom, **changes: Any) -> dict[str, Any]:
    body = {"request": "joinandconfigure", "ptype": "publisher", "room": room.name, "id": "ab"}
    return body | changes


async def test_a_publish_without_end_to_end_encryption_is_refused(janus: Janus) -> None:
    """CK-819, with the control: the same offer with the flag."""
    async with raw_room(janus) as (room, link):
        peer = Peer(keyed(0, {1}))
        sdp = sfu_sdp.read(await peer.offer(), "offer").encode()
        for extra, number in (({}, 433), ({"e2ee": True}, None)):
            handle = await link.attach(lambda _event: None)
            async with room.token() as token:
                asked = link.ask(
                    handle, joining(room, token=token), {"type": "offer", "sdp": sdp, **extra}
                )
                if number is None:
                    assert (await asked).sdp
                else:
                    with pytest.raises(JanusError) as refused:
                        await asked
                    assert refused.value.number == number
            await link.detach(handle)
        await peer.close()


async def test_it_takes_simulcast_and_answers_for_each_layer(janus: Janus) -> None:
    async with raw_room(janus) as (room, _):
        video = sfu_sdp.SfuSection("video", "1", payload_type=96, rids=("h", "m", "l"))
        video.extensions = {uri: number for number, uri in enumerate(sfu_sdp.EXTENSIONS[:3], 1)}
        audio = sfu_sdp.SfuSection("audio", "0", payload_type=111, sources=(7,))
        audio.extensions = {sfu_sdp.EXTENSIONS[0]: 1}
        offered = sfu_sdp.SfuDescription(
            *("offer", "abcd", "p" * 24, ":".join(["AB"] * 32), "actpass", (audio, video))
        )
        seat = room.seat(lambda _event: None)
        answer = (await seat.publish(offered.encode())).sdp
        assert "a=simulcast:recv h;m;l\r\n" in answer
        assert [f"a=rid:{rid} recv\r\n" in answer for rid in "hml"] == [True] * 3
        await seat.leave()


async def test_a_token_is_good_while_it_is_given_out(janus: Janus) -> None:
    """CK-821: none, a wrong one and a spent one admit nobody; the control is admitted."""
    async with raw_room(janus) as (room, link):
        async with room.token() as spent:
            handle = await link.attach(lambda _event: None)
            await link.ask(handle, joining(room, request="join", token=spent))
            await link.detach(handle)
        for token in ({}, {"token": "wrong"}, {"token": spent}):
            handle = await link.attach(lambda _event: None)
            with pytest.raises(JanusError) as refused:
                await link.ask(handle, joining(room, request="join", **token))
            assert refused.value.number == 433
            await link.detach(handle)


async def test_rooms_are_in_no_list_and_take_a_key(janus: Janus) -> None:
    async with raw_room(janus) as (room, link):
        handle = await link.attach(lambda _event: None)
        listed = await link.ask(handle, {"request": "list"})
        assert listed.data["list"] == []
        exists = await link.ask(handle, {"request": "exists", "room": room.name})
        assert exists.data["exists"], "the control"
        with pytest.raises(JanusError):
            await link.ask(handle, {"request": "create", "room": "another"})
        with pytest.raises(JanusError):
            await link.ask(handle, {"request": "destroy", "room": room.name})


async def test_when_it_is_killed_all_are_told_at_once_and_it_comes_back(janus: Janus) -> None:
    told: list[tuple[bool, float]] = []
    janus.listen(lambda there: told.append((there, time.monotonic())))
    room = await janus.open_room(5)
    seat = room.seat(lambda _event: None)
    first = janus.process_id
    assert first is not None
    killed = time.monotonic()
    os.kill(first, signal.SIGKILL)
    await until(lambda: told)
    assert told[0][0] is False
    assert told[0][1] - killed < 1
    with pytest.raises(UnavailableError) as refused:
        await seat.publish(await offer())
    assert refused.value.code is Code.NO_SFU
    await seat.leave()
    await room.close()
    await until(lambda: len(told) == 2)
    assert told[1][0] is True
    assert janus.available
    assert janus.restarts == 1
    assert janus.process_id not in {None, first}
    await (await janus.open_room(5)).close()


async def offer() -> str:
    peer = Peer(keyed(0, {1}))
    try:
        return await peer.offer()
    finally:
        await peer.close()


async def test_a_child_that_drops_our_connection_is_replaced(janus: Janus) -> None:
    told: list[bool] = []
    janus.listen(told.append)
    first = janus.process_id
    assert janus._link is not None
    await janus._link.close()
    await until(lambda: told == [False, True])
    assert janus.process_id not in {None, first}
    assert not _alive(first or 0)


async def test_stop_ends_the_child_and_leaves_nothing(janus: Janus) -> None:
    pid, folder = janus.process_id, janus.folder
    assert pid is not None
    assert folder is not None
    assert _alive(pid)
    await janus.stop()
    assert not _alive(pid)
    assert not folder.exists()
    assert not janus.available


def test_child_dies_with_a_killed_server(address: str) -> None:
    script = textwrap.dedent(f"""
        import asyncio, os, sys
        from visavis.media.janus import Janus
        from visavis.media.janus_config import SfuSettings
        async def main():
            janus = Janus(SfuSettings(ip="{address}", min_port=50000, max_port=50999), os.urandom)
            await janus.start()
            print(janus.process_id, janus.folder, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child, folder = parent.stdout.readline().decode().split()
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 5
        while _alive(int(child)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert [entry.name for entry in Path(folder).iterdir()] == ["socket"], "no secret is left"
    for entry in Path(folder).iterdir():
        entry.unlink()
    Path(folder).rmdir()


async def test_an_address_that_is_not_ours_gives_no_room_for_media(address: str) -> None:
    """Janus starts all the same; the first offer shows it, and nothing hangs."""
    made = Janus(settings("203.0.113.77"), os.urandom)
    await made.start()
    room = await made.open_room(3)
    seat = room.seat(lambda _event: None)
    with pytest.raises(UnavailableError):
        await seat.publish(await offer())
    await seat.leave()
    await made.stop()


def test_missing_janus_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_a, **_k: None)
    with pytest.raises(UnavailableError, match="install janus|install --no-install") as failed:
        Janus(settings("10.0.0.1"), os.urandom)
    assert failed.value.detail == INSTALL_HINT
    assert failed.value.code is Code.NO_SFU


def test_a_program_that_is_none_is_refused_and_leaves_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def story() -> None:
        made = Janus(settings(address), os.urandom, "/bin/false")
        with pytest.raises(UnavailableError):
            await made.start()

    asyncio.run(story())
    assert list(tmp_path.iterdir()) == []


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(") ")[1][:1]
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
