"""Configuration: everything an operator or a test decides, checked once, then frozen.

Not for secrets: those live in the keys folder (`visavis.server.keys`), which lies outside the
database and its backups (P4).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from visavis.core.errors import UsageError
from visavis.ports.clock import DAY_S, day_of
from visavis.server.push_services import PushService, parse_services

DEFAULT_PORT: Final = 8420
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

_CONTACT: Final = re.compile(r"(?:mailto:[^@\s]+@|https://)[^@\s]+", re.ASCII)

BUILT_PAGES: Final = Path(__file__).parents[3] / "web" / "dist"
"""Where `tools/build_web.sh` puts the pages of this checkout."""

MAX_OPERATOR: Final = 100
"""Characters of the operator's name."""

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
"""Largest HTTP request body: a full vault write (64 slots of 64 KiB, base64url) fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What a server is started with.

    Args:
        data_dir: Folder of everything persistent; made with mode 0700.
        origin: What clients type and links begin with, such as `https://example.org`.
        host: Address to listen on.
        port: TCP port; 0 lets the system choose.
        domain: Public name; None on a machine that serves itself only.
        tls_cert: PEM chain; None without TLS (loopback, or behind a TLS proxy of one's own).
        tls_key: PEM private key.
        external_ip: Public address of the relay when it differs from the machine's.
        insecure_lan: Allow plain HTTP beyond loopback; never the default.
        allow_loopback_relay: Let the relay reach loopback peers: demo and tests only.
        turn: Run the relay.
        turn_host: Address clients use for the relay; None means the domain or host.
        turn_port: UDP and TCP port of the relay.
        turn_tls_port: TLS port of the relay.
        relay_min_port: First UDP port of relayed media.
        relay_max_port: Last UDP port of relayed media.
        relay_announced_port: Port told to clients instead of `turn_port` (the demo's wiretap).
        sfu: Run the SFU, for calls of more than three.
        sfu_min_port: First UDP port of the SFU's media.
        sfu_max_port: Last UDP port of the SFU's media; each member of a call takes two.
        keys_dir: Folder of the server's secrets; None means `data_dir/keys`.
        web_dir: Folder of the built pages; None or a folder without index.html: no pages.
        push_services: Hosts of push services that may ring closed apps; none by default.
        push_contact: `mailto:` or `https:` URL that push services are told; None: the origin.
        operator: Name of whoever runs the server, for the privacy notice.
        contact: `mailto:` or `https:` URL where people and finders of weaknesses reach them.
        connections_per_address: Sockets one address may hold. Lower hurts shared networks.
        max_connections: Sockets in all. Each idle one costs under 40 KiB.
        call_per_minute: Call envelopes a capability may send in a minute (P12).
        durable_bytes_per_day: Durable bytes a capability may send in a day (P12).
        key_packages_per_day: Key packages a capability may fetch in a day (P12).
        turn_per_day: Relay credentials a capability may get in a day.
        mailbox_backlog_bytes: Durable bytes that may wait in one mailbox.
        vault_slots: Slots one vault may have; 64 KiB each at most.
        capabilities_per_mailbox: Capability hashes one mailbox may have.
        free_attempts: Logins and look-ups one address or handle has a day before each costs work.
    """

    data_dir: Path
    origin: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    domain: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    external_ip: str | None = None
    insecure_lan: bool = False
    allow_loopback_relay: bool = False
    turn: bool = True
    turn_host: str | None = None
    turn_port: int = 3478
    turn_tls_port: int = 5349
    relay_min_port: int = 49_152
    relay_max_port: int = 49_999
    relay_announced_port: int | None = None
    sfu: bool = True
    sfu_min_port: int = 50_000
    sfu_max_port: int = 50_999
    keys_dir: Path | None = None
    web_dir: Path | None = None
    push_services: Sequence[str] = ()
    push_contact: str | None = None
    operator: str | None = None
    contact: str | None = None
    connections_per_address: int = 64
    max_connections: int = 20_000
    call_per_minute: int = 30
    durable_bytes_per_day: int = 1 << 20
    key_packages_per_day: int = 10
    turn_per_day: int = 60
    mailbox_backlog_bytes: int = 256 << 20
    vault_slots: int = 1_024
    capabilities_per_mailbox: int = 4_096
    free_attempts: int = 20
    push: tuple[PushService, ...] = field(init=False)

    def __post_init__(self) -> None:
        local = self.domain is None and self.host in LOOPBACK
        object.__setattr__(self, "push", parse_services(self.push_services, local=local))
        if self.push_contact is not None and not _CONTACT.fullmatch(self.push_contact):
            raise UsageError("a contact for push services is mailto:NAME@HOST or an https:// page")
        _check_operator(self.operator, self.contact)
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("a certificate and its key belong together")
        if not self.origin.startswith(("http://", "https://")) or self.origin.endswith("/"):
            raise UsageError("an origin is http(s)://name[:port] without a slash at the end")
        if self.relay_min_port > self.relay_max_port:
            raise UsageError("the relay's port range is empty")
        if self.sfu_min_port > self.sfu_max_port:
            raise UsageError("the SFU's port range is empty")
        # CK-404: TLS protects what end-to-end encryption cannot: who talks to the server.
        if self.tls_cert is None and self.host not in LOOPBACK and not self.insecure_lan:
            raise UsageError(
                "CK-404: without TLS the server listens on loopback only; give --cert and --key"
            )

    @classmethod
    def for_operator(
        cls,
        data_dir: Path,
        domain: str | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        external_ip: str | None = None,
        port: int | None = None,
        *,
        behind_proxy: bool = False,
        push: Sequence[str] = (),
        push_contact: str | None = None,
        operator: str | None = None,
        contact: str | None = None,
    ) -> Self:
        """Return the configuration of `visavis serve`, with the pages of this checkout.

        Args:
            data_dir: Folder of everything persistent.
            domain: Public name; None serves this machine only.
            cert: PEM chain, required with a domain.
            key: PEM private key, required with a domain.
            external_ip: Public address of the relay when it differs from the machine's.
            port: TCP port; default 443 with a domain, else 8420.
            behind_proxy: A proxy on this machine ends TLS for the domain on port 443 and passes
                everything on to `port` on loopback. What it says about itself (`Forwarded`,
                `X-Forwarded-*`) is not read: the origin is the domain, whoever asks.
            push: Hosts of push services, see `push_services`.
            push_contact: What push services are told of the operator.
            operator: Who runs the server.
            contact: How they are reached.

        Raises:
            UsageError: A domain without certificate and key, or the other way round; a proxy
                without a domain, or with a certificate for us; no push service (CK-532); no
                contact (CK-432).
        """
        if behind_proxy:
            if domain is None or cert is not None or key is not None:
                raise UsageError(
                    "--behind-proxy needs --domain, and --cert and --key are the proxy's"
                )
            return cls(
                data_dir=data_dir,
                origin=f"https://{domain}",
                port=DEFAULT_PORT if port is None else port,
                domain=domain,
                external_ip=external_ip,
                web_dir=BUILT_PAGES,
                push_services=push,
                push_contact=push_contact,
                operator=operator,
                contact=contact,
            )
        if domain is None:
            if cert is not None or key is not None:
                raise UsageError("--cert and --key need --domain")
            local = DEFAULT_PORT if port is None else port
            return cls(
                data_dir=data_dir,
                # By name: browsers give passkeys to `localhost`, never to an address in numbers.
                origin=f"http://localhost:{local}",
                port=local,
                web_dir=BUILT_PAGES,
                push_services=push,
                push_contact=push_contact,
                operator=operator,
                contact=contact,
            )
        if cert is None or key is None:
            raise UsageError("--domain needs --cert and --key")
        public = 443 if port is None else port
        suffix = "" if public == 443 else f":{public}"
        return cls(
            data_dir=data_dir,
            origin=f"https://{domain}{suffix}",
            host="0.0.0.0",  # noqa: S104 - a server with a domain is meant to be reached
            port=public,
            domain=domain,
            tls_cert=cert,
            tls_key=key,
            external_ip=external_ip,
            web_dir=BUILT_PAGES,
            push_services=push,
            push_contact=push_contact,
            operator=operator,
            contact=contact,
        )

    @property
    def behind_proxy(self) -> bool:
        """Whether somebody else ends TLS for the domain."""
        return self.domain is not None and self.tls_cert is None

    @property
    def push_subject(self) -> str | None:
        """What push services are told of the operator (RFC 8292, 2.1)."""
        ours = self.origin if self.origin.startswith("https://") else None
        return self.push_contact or ours

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return database_path(self.data_dir)

    @property
    def keys_folder(self) -> Path:
        """The folder of the server's secrets."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def blobs_folder(self) -> Path:
        """The folder of encrypted blobs."""
        return self.data_dir / "blobs"


def _check_operator(operator: str | None, contact: str | None) -> None:
    # CK-432: these stand on pages and in lines of security.txt, where a line break would begin
    # another field.
    if contact is not None and not _CONTACT.fullmatch(contact):
        raise UsageError("CK-432: a contact is mailto:NAME@HOST or an https:// page")
    if operator is not None and not (
        operator.isprintable() and operator.strip() and len(operator) <= MAX_OPERATOR
    ):
        raise UsageError(f"CK-432: an operator's name has 1 to {MAX_OPERATOR} printable characters")
    if operator is not None and contact is None:
        raise UsageError("CK-432: --operator needs --contact: a name alone reaches nobody")


def blur_times(folder: Path) -> None:
    """Set the file times in a folder, and its own, to the start of their day (R-30).

    Not for what lies deeper: blobs are stamped when they are written.
    """
    for path in (*folder.iterdir(), folder) if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # gone again, or another user's: not ours to tell
            start = day_of(path.stat().st_mtime) * DAY_S
            if path.stat().st_mtime != start:
                os.utime(path, (start, start))


def database_path(data_dir: Path) -> Path:
    """Return where the database of a data folder lies."""
    return data_dir / "visavis.sqlite3"


def remember_origin(data_dir: Path, origin: str) -> None:
    """Note the server's origin in its data folder, so that links can be made while it is away."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / "origin"
    if path.exists() and path.read_text(encoding="utf-8") == origin:
        return
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(origin)
    os.utime(fresh, (0, 0))  # when the server started is nobody's business
    fresh.replace(path)
    blur_times(data_dir)


def remembered_origin(data_dir: Path) -> str:
    """Return the origin the server last started with.

    Raises:
        UsageError: No server was ever started on this folder.
    """
    try:
        return (data_dir / "origin").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError("no server was started with this data folder yet") from None
