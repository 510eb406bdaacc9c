"""The running server: TLS, certificates, ports, lock, start, stop, what it prints."""

import asyncio
import contextlib
import dataclasses
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from visavis.core.errors import UnavailableError, UsageError
from visavis.media.coturn import free_port
from visavis.server import announce
from visavis.server.config import ServerConfig
from visavis.server.data_lock import locked
from visavis.server.relay_setup import relay_settings
from visavis.server.serve import serving
from visavis.server.sfu_setup import make_sfu
from visavis.server.tls import ServerTls
from visavis.testing.certificates import self_signed
from visavis.testing.raw_client import add_device, add_devices_offline, receiver, sender
from visavis.testing.server import RunningServer, local_server, loopback_config, running_server


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


async def serial_of(port: int) -> int:
    """Return the serial number of the certificate that a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    from cryptography import x509

    return x509.load_der_x509_certificate(der).serial_number


async def test_tls_1_3_only(tmp_path: Path) -> None:
    """R-19"""
    cert, key = self_signed(tmp_path)
    async with local_server(tmp_path, tls_cert=cert, tls_key=key) as server:
        assert server.origin.startswith("https://")
        for version, works in ((ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, False)):
            context = trusting(tmp_path)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.maximum_version = version
            async with httpx.AsyncClient(verify=context) as client:
                if works:
                    answer = await client.get(f"{server.origin}/healthz")
                    assert answer.status_code == 200
                else:
                    with pytest.raises(httpx.TransportError):
                        await client.get(f"{server.origin}/healthz")


async def test_envelopes_over_tls(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    async with local_server(tmp_path, tls_cert=cert, tls_key=key) as server:
        device = await add_device(server.served.application.services.store, time.time())
        context = trusting(tmp_path)
        async with (
            receiver(server.origin, device.token, ssl=context) as inbox,
            sender(server.origin, ssl=context) as out,
        ):
            body = os.urandom(262_144)
            await out.send(0, device.mailbox, device.capabilities[0], body)
            assert (await inbox.next()).envelope == body
        assert server.served.delivery.limits.open_total <= 2


async def test_a_renewed_certificate_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-493: new handshakes get the new certificate; open connections go on."""
    monkeypatch.setattr("visavis.server.serve.CHECK_EVERY_S", 0.02)
    cert, key = self_signed(tmp_path)
    async with local_server(tmp_path, tls_cert=cert, tls_key=key) as server:
        port = server.served.config.port
        old = await serial_of(port)
        url = f"{server.origin.replace('http', 'ws')}/v1/send"
        async with connect(url, ssl=trusting(tmp_path)) as standing:
            self_signed(tmp_path)
            async with asyncio.timeout(5):
                while await serial_of(port) == old:
                    await asyncio.sleep(0.02)
            new = await serial_of(port)
            await (await standing.ping())
            # Half a renewal, or a wrong pair, changes nothing.
            (tmp_path / "other").mkdir()
            _, other = self_signed(tmp_path / "other")
            key.write_bytes(other.read_bytes())
            await asyncio.sleep(0.2)
            assert await serial_of(port) == new
            cert.write_bytes(b"-----BEGIN CERT")
            await asyncio.sleep(0.2)
            assert await serial_of(port) == new


def test_a_certificate_that_cannot_be_used_is_said_at_start(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    ServerTls(cert, key)  # positive control
    with pytest.raises(UsageError, match="cannot be read"):
        ServerTls(tmp_path / "missing.pem", key)
    cert.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="damaged"):
        ServerTls(cert, key)


async def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    async with local_server(tmp_path):
        with pytest.raises(UnavailableError, match="data folder"):
            async with local_server(tmp_path):
                pass
    async with local_server(tmp_path):
        pass  # free again


async def test_a_killed_server_leaves_no_lock(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        with pytest.raises(UnavailableError), locked(server.data_dir):
            pass
        await server.kill()
        with locked(server.data_dir):
            pass
        await server.start()


async def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=f"port {port}"):
            async with local_server(tmp_path, port=port, origin=f"http://127.0.0.1:{port}"):
                pass


async def test_a_damaged_database_ends_the_start_and_frees_everything(tmp_path: Path) -> None:
    config = loopback_config(tmp_path / "server")
    config.data_dir.mkdir()
    config.database.write_bytes(b"not a database" * 1000)
    with pytest.raises(Exception, match="damaged|database"):
        async with serving(config):
            pass
    with locked(config.data_dir):
        pass


async def test_sigterm_stops_cleanly_and_stored_envelopes_stay(tmp_path: Path) -> None:
    config = loopback_config(tmp_path / "server")
    (device,) = await add_devices_offline(config.data_dir, time.time())
    server = RunningServer(config)
    await server.start()
    try:
        async with sender(server.origin) as out:
            await out.send(1, device.mailbox, device.capabilities[0], bytes(1024))
            process = server._process
            assert process is not None
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) == 0
            assert time.monotonic() - started < 8
            with pytest.raises(ConnectionClosedError) as closed:
                await out.socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert not config.database.with_name(config.database.name + "-wal").exists()
        await server.start()
        async with receiver(server.origin, device.token) as inbox:
            assert (await inbox.next()).envelope == bytes(1024)
    finally:
        await server.stop()


@pytest.mark.media
async def test_the_relay_dies_with_a_killed_server(tmp_path: Path) -> None:
    async with running_server(tmp_path, turn=True) as server:
        child = _child_of(server.process_id)
        assert child is not None
        await server.kill()
        async with asyncio.timeout(5):
            while _running(child):
                await asyncio.sleep(0.02)


def _child_of(pid: int) -> int | None:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rpartition(") ")[2].split()[1]) == pid:
                    return int(entry.name)
    return None


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.media
async def test_relay_credentials_work_through_tls(tmp_path: Path) -> None:
    """The whole way of a client in a network that lets only TLS out."""
    from aioice import turn

    cert, key = self_signed(tmp_path)
    tls_port = free_port()
    async with local_server(
        tmp_path, tls_cert=cert, tls_key=key, turn=True, turn_tls_port=tls_port
    ) as server:
        minted = server.served.relay.mint(time.time())
        assert minted.urls[-1] == f"turns:127.0.0.1:{tls_port}?transport=tcp"
        endpoint, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol,
            server_addr=("127.0.0.1", tls_port),
            username=minted.username,
            password=minted.credential,
            transport="tcp",
            ssl=trusting(tmp_path),
        )
        assert endpoint.get_extra_info("sockname")[0] == "127.0.0.1"
        await vars(endpoint)["_TurnTransport__inner_protocol"].delete()


@pytest.mark.media
async def test_without_turnserver_it_runs_and_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.media.coturn.find_turnserver", _missing)
    async with local_server(tmp_path, turn=True) as server:
        assert server.served.relay_problem is not None
        assert "apt-get install coturn" in server.served.relay_problem
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.origin}/healthz")).status_code == 200


def _missing() -> str:
    from visavis.core.errors import Code
    from visavis.media.coturn import INSTALL_HINT

    raise UnavailableError(Code.NO_RELAY, INSTALL_HINT)


async def test_answers_carry_no_banner(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server, httpx.AsyncClient() as client:
        answer = await client.get(f"{server.origin}/healthz")
        assert "server" not in answer.headers
        assert "date" not in answer.headers
        assert "set-cookie" not in answer.headers


def operator(tmp_path: Path, **changes: Any) -> ServerConfig:
    config = ServerConfig.for_operator(
        tmp_path, "calls.example.org", tmp_path / "c.pem", tmp_path / "k.pem"
    )
    return dataclasses.replace(config, **changes)


def test_prints_address_link_next_command_and_ports(tmp_path: Path) -> None:
    text = "\n".join(
        announce.lines(operator(tmp_path), link="LINK", relay_problem=None, environment={})
    )
    assert "https://calls.example.org" in text
    assert "signup 'LINK'" in text
    assert [line.split()[:2] for line in text.splitlines() if line.startswith("  ")] == [
        ["TCP", "443"],
        ["UDP", "3478"],
        ["TCP", "3478"],
        ["TCP", "5349"],
        ["UDP", "49152-49999"],
        ["UDP", "50000-50999"],
    ]


def test_without_an_sfu_it_says_so_and_its_ports_stay_closed(tmp_path: Path) -> None:
    text = "\n".join(
        announce.lines(
            operator(tmp_path),
            link="LINK",
            relay_problem=None,
            sfu_problem="janus is not installed",
            environment={},
        )
    )
    assert "Calls have three people at most: janus is not installed" in text
    assert "50000-50999" not in text
    assert "49152-49999" in text


def test_the_sfu_stands_at_the_machines_own_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.server.sfu_setup.own_address", lambda: "10.0.0.9")
    monkeypatch.setattr("visavis.media.janus.find_janus", lambda: "/usr/bin/janus")
    monkeypatch.setattr("visavis.media.janus.find_modules", lambda: None)
    public = make_sfu(operator(tmp_path, external_ip="198.51.100.5", sfu_max_port=50_100), bytes)
    settings = public._settings
    assert settings.addresses() == {"10.0.0.9", "198.51.100.5"}
    assert (settings.min_port, settings.max_port) == (50_000, 50_100)
    with pytest.raises(UsageError):
        operator(tmp_path, sfu_min_port=60_000)


async def test_without_janus_it_runs_and_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.media.janus.find_janus", _no_janus)
    async with local_server(tmp_path, sfu=True) as server:
        assert server.served.sfu_problem is not None
        async with httpx.AsyncClient() as client:
            said = (await client.get(f"{server.origin}/v1/server")).json()
        assert said["sfu"] is False


def _no_janus() -> str:
    from visavis.core.errors import Code
    from visavis.media.janus import INSTALL_HINT

    raise UnavailableError(Code.NO_SFU, INSTALL_HINT)


def test_without_a_relay_its_ports_stay_closed(tmp_path: Path) -> None:
    ports = list(announce.open_ports(operator(tmp_path, turn=False)))
    assert [port.split()[:2] for port in ports] == [["TCP", "443"]]


def test_the_link_stays_out_of_the_journal(tmp_path: Path) -> None:
    text = "\n".join(
        announce.lines(
            operator(tmp_path),
            link="SECRET",
            relay_problem=None,
            environment={"JOURNAL_STREAM": "8:1"},
        )
    )
    assert "SECRET" not in text
    assert "visavis admin signup-link" in text


def test_a_local_server_opens_no_port(tmp_path: Path) -> None:
    config = ServerConfig.for_operator(tmp_path)
    text = "\n".join(announce.lines(config, link="LINK", relay_problem="why", environment={}))
    assert "no port needs to be opened" in text
    assert "No calls are possible: why" in text
    assert list(announce.open_ports(config)) == []


def test_relay_of_a_local_server_relays_from_its_own_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.server.relay_setup.own_address", lambda: "10.0.0.9")
    local = relay_settings(ServerConfig.for_operator(tmp_path))
    assert local.listen_ips == ("127.0.0.1", "10.0.0.9")
    assert (local.relay_ip, local.host, local.allow_loopback) == ("10.0.0.9", "10.0.0.9", False)
    assert local.tls_port is None
    public = relay_settings(operator(tmp_path, external_ip="198.51.100.5"))
    assert public.listen_ips == ()
    assert (public.relay_ip, public.external_ip) == ("10.0.0.9", "198.51.100.5")
    assert (public.host, public.tls_port) == ("calls.example.org", 5349)
    demo = relay_settings(loopback_config(tmp_path))
    assert (demo.relay_ip, demo.allow_loopback) == ("127.0.0.1", True)


def bind_quietly(other: socket.socket) -> int:
    """Bind below the ports that are given out by chance: once it is free, nobody else takes it."""
    for port in random.sample(range(11_000, 19_000), 100):
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def test_a_local_server_takes_another_relay_port_if_its_own_is_used(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        port = bind_quietly(other)
        local = loopback_config(tmp_path, turn=True, turn_port=port)
        assert relay_settings(local).port not in {port, 0}
        announced = dataclasses.replace(local, relay_announced_port=1234)
        assert relay_settings(announced).port == port
    assert relay_settings(local).port == port  # positive control
    public = operator(tmp_path, turn_port=port)
    assert relay_settings(public).port == port


def test_the_id_of_a_check_is_not_for_people(tmp_path: Path) -> None:
    config = ServerConfig.for_operator(tmp_path)
    problem = "CK-492: another relay uses port 3478"
    text = "\n".join(announce.lines(config, link="L", relay_problem=problem, environment={}))
    assert "No calls are possible: another relay uses port 3478" in text


def test_the_command_prints_and_stops(tmp_path: Path) -> None:
    """The whole command in a process: address and link on stdout, exit 0 on SIGTERM."""
    script = (
        "import sys; from pathlib import Path; from visavis.testing.server import loopback_config;"
        "from visavis.server.serve import serve; serve(loopback_config(Path(sys.argv[1])))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        process.terminate()
        assert process.wait(15) == 0
    assert first.startswith("Visavis is running at http://127.0.0.1:")
    assert "/signup#" in second
