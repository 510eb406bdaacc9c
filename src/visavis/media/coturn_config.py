"""The configuration coturn is given: quiet, closed, and told only what it needs.

Quiet: no log, no process id file, no database, no command line interface, no software name; the
relay writes nothing anywhere, and the file you are about to read about never touches a disk (see
`coturn.py`). Closed: every request needs a credential, and peers on private, loopback, link-local,
multicast and other special addresses are refused, except the relay's own addresses, so that the
relay cannot be used to reach the operator's network (CK-490). What remains reachable there is UDP
on the relay's own addresses: an honest limit, in `docs/operate/ports.md`.

TURN over TLS is not coturn's business: Debian's build speaks TLS 1.2 at most, and need not read a
private key. `turns.py` terminates TLS 1.3 and speaks plain TCP to coturn on this machine.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

from visavis.core.errors import Code, UnavailableError, UsageError

DENIED_PEERS: Final = (
    # RFC 6890 and its successors: everything that is not a public unicast address.
    "0.0.0.0-0.255.255.255",
    "10.0.0.0-10.255.255.255",
    "100.64.0.0-100.127.255.255",
    "127.0.0.0-127.255.255.255",
    "169.254.0.0-169.254.255.255",
    "172.16.0.0-172.31.255.255",
    "192.0.0.0-192.0.0.255",
    "192.0.2.0-192.0.2.255",
    "192.88.99.0-192.88.99.255",
    "192.168.0.0-192.168.255.255",
    "198.18.0.0-198.19.255.255",
    "198.51.100.0-198.51.100.255",
    "203.0.113.0-203.0.113.255",
    "224.0.0.0-255.255.255.255",
    "::-::1",
    # IPv4 in IPv6 clothes: mapped, NAT64, 6to4, Teredo.
    "::ffff:0:0-::ffff:ffff:ffff",
    "64:ff9b::-64:ff9b::ffff:ffff",
    "64:ff9b:1::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
    "2001::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "100::-100::ffff:ffff:ffff:ffff",
    "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)

USER_QUOTA: Final = 8
"""Allocations one credential may hold: two devices' worth of a call and its ICE restart."""

TOTAL_QUOTA: Final = 2_000
MAX_BYTES_PER_S: Final = 1_000_000
"""Bytes per second and direction that one allocation may relay: video at 8 Mbit/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """How the relay runs.

    Attributes:
        listen_ips: Addresses clients reach it on; empty for all of the machine's addresses.
        relay_ip: The machine's address that relayed packets come from.
        external_ip: Public address that stands for `relay_ip`, if the machine is behind NAT.
        host: Name or address announced to clients.
        port: UDP and TCP port.
        tls_port: Port of TURN over TLS as announced to clients, None without TLS.
        min_port: First UDP port of relayed media.
        max_port: Last UDP port of relayed media.
        announced_port: Port told to clients instead of `port`; for a proxy in front.
        allow_loopback: Let it relay to loopback peers: demo and tests only.
    """

    listen_ips: tuple[str, ...]
    relay_ip: str
    host: str
    port: int
    min_port: int
    max_port: int
    tls_port: int | None = None
    external_ip: str | None = None
    announced_port: int | None = None
    allow_loopback: bool = False

    def urls(self) -> tuple[str, ...]:
        """Return what clients are told (RFC 7065)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = self.announced_port or self.port
        urls = [f"turn:{host}:{port}?transport=udp", f"turn:{host}:{port}?transport=tcp"]
        if self.tls_port is not None:
            urls.append(f"turns:{host}:{self.tls_port}?transport=tcp")
        return tuple(urls)


def render(settings: RelaySettings, *, secret: str, realm: str) -> str:
    """Return the text of turnserver.conf.

    Args:
        settings: How the relay runs.
        secret: Shared secret of the TURN REST credentials; letters and digits.
        realm: Authentication realm; fresh for each start, see `coturn.py`.

    Raises:
        UsageError: A value would break out of its line.
    """
    lines = [
        f"listening-port={settings.port}",
        f"min-port={settings.min_port}",
        f"max-port={settings.max_port}",
        f"relay-ip={settings.relay_ip}",
        f"realm={realm}",
        "use-auth-secret",
        f"static-auth-secret={secret}",
        "fingerprint",
        "stale-nonce=600",
        f"user-quota={USER_QUOTA}",
        f"total-quota={TOTAL_QUOTA}",
        f"max-bps={MAX_BYTES_PER_S}",
        "no-cli",
        "no-tcp-relay",
        "no-multicast-peers",
        "no-software-attribute",
        "no-rfc5780",
        "no-stun-backward-compatibility",
        "no-dynamic-ip-list",
        "no-dynamic-realms",
        "no-auth-pings",
        "no-tls",
        "no-dtls",
        # Nothing is written: its user database, which it always opens, is one in memory.
        "userdb=:memory:",
        "pidfile=/dev/null",
        "log-file=/dev/null",
        "simple-log",
        "no-stdout-log",
    ]
    lines += [f"listening-ip={address}" for address in settings.listen_ips]
    if settings.external_ip is not None and settings.external_ip != settings.relay_ip:
        lines.append(f"external-ip={settings.external_ip}/{settings.relay_ip}")
    if settings.allow_loopback:
        lines.append("allow-loopback-peers")
    else:
        own = {settings.relay_ip, settings.external_ip} - {None}
        lines += [f"allowed-peer-ip={address}" for address in sorted(filter(None, own))]
        lines += [f"denied-peer-ip={peers}" for peers in DENIED_PEERS]
    if any(set(line) & set("\n\r\0") for line in lines):
        raise UsageError("a relay setting contains a line break")
    return "\n".join(lines) + "\n"


def own_address() -> str:
    """Return this machine's address towards the network, without sending a packet.

    Raises:
        UnavailableError: There is no network, only loopback (NO_RELAY).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): connecting UDP sends nothing
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        raise UnavailableError(
            Code.NO_RELAY,
            "this machine has no network address to relay from; `visavis demo` works without one",
        )
    return address
