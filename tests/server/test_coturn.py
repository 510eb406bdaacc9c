"""coturn as our child: what it relays, what it refuses, what it leaves behind, how it dies."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aioice import stun, turn

from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.media.coturn import INSTALL_HINT, Coturn, free_port
from visavis.media.coturn_config import RelaySettings, own_address, render
from visavis.media.coturn_probe import parse_realm, realm_of
from visavis.media.turns import TurnOverTls
from visavis.ports.relay import NoRelay, RelayCredential
from visavis.server.limits import AddressLimits
from visavis.server.tls import ServerTls
from visavis.testing.certificates import self_signed

pytestmark = pytest.mark.media


def settings(**changes: object) -> RelaySettings:
    port = free_port()
    base = RelaySettings(
        listen_ips=("127.0.0.1",),
        relay_ip="127.0.0.1",
        host="127.0.0.1",
        port=port,
        min_port=30_000,
        max_port=32_000,
        allow_loopback=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def relay(**changes: object) -> AsyncIterator[Coturn]:
    coturn = Coturn(settings(**changes), os.urandom)
    await coturn.start()
    try:
        yield coturn
    finally:
        await coturn.stop()


class Inbox(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))


@contextlib.asynccontextmanager
async def allocation(
    coturn: Coturn, transport: str = "udp", credential: RelayCredential | None = None
) -> AsyncIterator[tuple[asyncio.DatagramTransport, Inbox]]:
    credential = credential or coturn.mint(time.time())
    endpoint, inbox = await turn.create_turn_endpoint(
        Inbox,
        server_addr=("127.0.0.1", coturn._settings.port),
        username=credential.username,
        password=credential.credential,
        transport=transport,
    )
    try:
        yield endpoint, inbox
    finally:
        endpoint.close()
        await asyncio.sleep(0)


async def reaches(endpoint: asyncio.DatagramTransport, address: str) -> bool:
    """Whether a UDP socket of this machine at `address` gets what the relay is told to send it."""
    loop = asyncio.get_running_loop()
    transport, inbox = await loop.create_datagram_endpoint(Inbox, local_addr=(address, 0))
    try:
        peer = transport.get_extra_info("sockname")
        # The channel binding is where coturn refuses a peer; aioice's sendto would hide it.
        client = endpoint._TurnTransport__inner_protocol  # type: ignore[attr-defined]
        try:
            await client.send_data(b"through the relay", peer)
        except stun.TransactionFailed as refused:
            if refused.response.attributes["ERROR-CODE"][0] != 403:
                raise
            return False
        data, _ = await asyncio.wait_for(inbox.got.get(), 5)
        return data == b"through the relay"
    finally:
        transport.close()


async def test_relays_between_two_clients_over_udp_and_tcp() -> None:
    async with (
        relay() as coturn,
        allocation(coturn) as (a, at_a),
        allocation(coturn, "tcp") as (b, at_b),
    ):
        # The first packets may be dropped while the other side has not yet opened its channel.
        for _ in range(100):
            a.sendto(b"to b", b.get_extra_info("sockname"))
            b.sendto(b"to a", a.get_extra_info("sockname"))
            if not at_a.got.empty() and not at_b.got.empty():
                break
            await asyncio.sleep(0.05)
        assert at_a.got.get_nowait()[0] == b"to a"
        assert at_b.got.get_nowait()[0] == b"to b"


async def test_refuses_loopback_but_not_its_own_relay_address() -> None:
    """CK-490: the relay must not reach services of the machine it runs on."""
    own = own_address()
    async with relay(allow_loopback=False, relay_ip=own) as coturn:
        async with allocation(coturn) as (endpoint, _):
            assert endpoint.get_extra_info("sockname")[0] == own
            assert not await reaches(endpoint, "127.0.0.1")
        async with allocation(coturn) as (endpoint, _):
            assert await reaches(endpoint, own)


async def test_positive_control_loopback_mode_reaches_loopback() -> None:
    async with relay() as coturn, allocation(coturn) as (endpoint, _):
        assert await reaches(endpoint, "127.0.0.1")


async def test_refuses_a_private_peer() -> None:
    """CK-490: as above for RFC 1918; the packet would be for a machine beside the server."""
    peers = ("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1")
    async with (
        relay(allow_loopback=False, relay_ip=own_address()) as coturn,
        allocation(coturn) as (endpoint, _),
    ):
        client = endpoint._TurnTransport__inner_protocol  # type: ignore[attr-defined]
        for peer in peers:
            with pytest.raises(stun.TransactionFailed) as refused:
                await client.send_data(b"x", (peer, 80))
            assert refused.value.response.attributes["ERROR-CODE"][0] == 403, peer


@pytest.mark.parametrize("wrong", ["expired", "forged", "other server"])
async def test_refuses_bad_credentials(wrong: str) -> None:
    async with relay() as coturn:
        good = coturn.mint(time.time())
        bad = {
            "expired": coturn.mint(time.time() - 700),
            "forged": replace(good, username=f"9999999999:{good.username.partition(':')[2]}"),
            "other server": replace(good, credential="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        }[wrong]
        with pytest.raises(stun.TransactionFailed):
            async with allocation(coturn, credential=bad):
                pass
        async with allocation(coturn, credential=good):
            pass


async def test_restarts_when_it_dies_and_old_credentials_still_work() -> None:
    async with relay() as coturn:
        credential = coturn.mint(time.time())
        first = coturn.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while not (coturn.available and coturn.process_id != first):
            assert time.monotonic() < deadline, "not running again within five seconds"
            await asyncio.sleep(0.01)
        assert coturn.restarts == 1
        async with allocation(coturn, credential=credential):
            pass


async def test_writes_nothing_and_shows_no_secret() -> None:
    """CK-491: no file but the anonymous one is open; the command line holds no secret."""
    async with relay() as coturn, allocation(coturn):
        process = Path(f"/proc/{coturn.process_id}")
        arguments = (process / "cmdline").read_bytes()
        assert coturn._secret.encode() not in arguments
        assert b"turnserver" in arguments
        opened = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
        files = {path for path in opened if path.startswith("/")}
        assert files == {"/dev/null", "/memfd:turnserver.conf (deleted)"}


async def test_another_relay_on_the_port_is_noticed() -> None:
    """CK-492: ours must not be mistaken for whoever had the port first."""
    async with relay() as first:
        second = Coturn(settings(port=first._settings.port), os.urandom)
        with pytest.raises(UnavailableError, match="CK-492") as failed:
            await second.start()
        assert failed.value.code is Code.NO_RELAY
        assert second.process_id is None


async def test_stop_ends_the_child() -> None:
    coturn = Coturn(settings(), os.urandom)
    await coturn.start()
    pid = coturn.process_id
    assert pid is not None
    assert _alive(pid)
    await coturn.stop()
    await coturn.stop()
    assert not _alive(pid)
    assert not coturn.available
    with pytest.raises(UnavailableError):
        coturn.mint(0)


def test_child_dies_with_a_killed_server() -> None:
    script = textwrap.dedent("""
        import asyncio, os, sys
        from visavis.media.coturn import Coturn, free_port
        from visavis.media.coturn_config import RelaySettings
        async def main():
            coturn = Coturn(RelaySettings(
                listen_ips=("127.0.0.1",), relay_ip="127.0.0.1", host="127.0.0.1", port=free_port(),
                min_port=30000, max_port=32000, allow_loopback=True), os.urandom)
            await coturn.start()
            print(coturn.process_id, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        _until(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(") ")[1][:1]
    except FileNotFoundError:
        return False


def _until(condition: Callable[[], bool], timeout_s: float = 5) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_missing_turnserver_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_a, **_k: None)
    with pytest.raises(UnavailableError, match="apt-get install coturn") as failed:
        Coturn(settings(), os.urandom)
    assert failed.value.detail == INSTALL_HINT


def test_credentials_are_opaque_and_short_lived() -> None:
    coturn = Coturn(settings(), os.urandom)
    coturn._supervisor = asyncio.Future(loop=asyncio.new_event_loop())  # type: ignore[assignment]
    a, b = coturn.mint(1_000_000), coturn.mint(1_000_000)
    expiry, _, opaque = a.username.partition(":")
    assert expiry == "1000600"
    assert len(bytes.fromhex(opaque)) * 8 == 96
    assert a.username != b.username
    coturn._supervisor.get_loop().close()


def test_urls_name_the_announced_port_and_tls_only_with_a_certificate() -> None:
    plain = settings(announced_port=1234)
    assert plain.urls() == (
        "turn:127.0.0.1:1234?transport=udp",
        "turn:127.0.0.1:1234?transport=tcp",
    )
    tls = settings(tls_port=5349, host="::1")
    assert tls.urls()[-1] == "turns:[::1]:5349?transport=tcp"


def test_a_setting_cannot_break_out_of_its_line() -> None:
    with pytest.raises(UsageError):
        render(settings(relay_ip="1.2.3.4\nno-auth"), secret="s", realm="r")


def test_external_address_is_mapped_and_reachable() -> None:
    text = render(
        settings(allow_loopback=False, relay_ip="10.1.2.3", external_ip="203.0.113.9"),
        secret="s",
        realm="r",
    )
    assert "external-ip=203.0.113.9/10.1.2.3\n" in text
    assert "allowed-peer-ip=10.1.2.3\n" in text
    assert "allowed-peer-ip=203.0.113.9\n" in text
    assert "allow-loopback-peers" not in text


@contextlib.asynccontextmanager
async def tls_front(coturn: Coturn, folder: Path) -> AsyncIterator[int]:
    context = ServerTls(*self_signed(folder)).context
    limits = AddressLimits(os.urandom, per_address=2, total=100, exempt_loopback=False)
    front = TurnOverTls(
        "127.0.0.1", 0, context, target=("127.0.0.1", coturn._settings.port), admit=limits
    )
    await front.start()
    try:
        yield front.port
    finally:
        await front.stop()


async def test_turn_over_tls_relays(tmp_path: Path) -> None:
    async with relay() as coturn, tls_front(coturn, tmp_path) as port:
        credential = coturn.mint(time.time())
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        endpoint, _ = await turn.create_turn_endpoint(
            Inbox,
            server_addr=("127.0.0.1", port),
            username=credential.username,
            password=credential.credential,
            transport="tcp",
            ssl=context,
        )
        assert await reaches(endpoint, "127.0.0.1")
        inner = endpoint._TurnTransport__inner_protocol  # type: ignore[attr-defined]
        assert inner.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        endpoint.close()
        await inner.delete()


async def test_turn_over_tls_1_2_is_refused(tmp_path: Path) -> None:
    async with relay() as coturn, tls_front(coturn, tmp_path) as port:
        for version, works in ((ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, False)):
            context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.maximum_version = version
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            except (ssl.SSLError, ConnectionError):
                assert not works
            else:
                assert works
                writer.close()
                await writer.wait_closed()


async def test_turn_over_tls_bounds_connections_of_an_address(tmp_path: Path) -> None:
    """CK-471: a third connection of the address is closed before it is let through."""
    async with relay() as coturn, tls_front(coturn, tmp_path) as port:
        context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        streams = [await asyncio.open_connection("127.0.0.1", port, ssl=context) for _ in range(3)]
        assert await asyncio.wait_for(streams[2][0].read(), 5) == b""
        assert not streams[0][0].at_eof()
        for _, writer in streams:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


async def test_probe_hears_nothing_from_a_closed_or_silent_port() -> None:
    assert await realm_of("127.0.0.1", free_port(), os.urandom) is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert await realm_of("127.0.0.1", port, os.urandom, timeout_s=0.05) is None


def test_realm_of_a_truncated_answer_is_empty() -> None:
    assert parse_realm(b"") == ""
    assert parse_realm(bytes(20) + b"\x00\x14\x00\xff") == ""
    assert parse_realm(bytes(20) + b"\x00\x14\x00\x02ab") == "ab"


async def test_no_relay_never_has_a_credential() -> None:
    none = NoRelay()
    await none.start()
    assert not none.available
    with pytest.raises(UnavailableError):
        none.mint(0)
    await none.stop()
