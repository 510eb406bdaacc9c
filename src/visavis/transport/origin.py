"""Server origins that a client may connect to, and the TLS it then speaks.

Everything is end-to-end encrypted above TLS; TLS keeps tokens and capabilities from the wire
(R-19). Plain http is accepted for this very machine only: trying the product out, tests, demo.
"""

from __future__ import annotations

import ipaddress
import ssl
from typing import Final
from urllib.parse import urlsplit

from visavis.core.address import check_origin
from visavis.core.errors import AuthorizationError, Code

_SOCKET: Final = {"http": "ws", "https": "wss"}


def require_secure(origin: str) -> str:
    """Return the origin, if what is sent there cannot be read or changed on the way.

    Raises:
        PeerError: MALFORMED, it is no origin.
        AuthorizationError: NOT_ENCRYPTED, http to another machine (CK-553: a person in the middle
            could take device tokens and capabilities).
    """
    check_origin(origin)
    parts = urlsplit(origin)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise AuthorizationError(Code.NOT_ENCRYPTED, "CK-553: http is for this machine only")
    return origin


def websocket_url(origin: str, path: str) -> str:
    """Return the WebSocket address of a path on the origin."""
    parts = urlsplit(origin)
    return f"{_SOCKET[parts.scheme]}://{parts.netloc}{path}"


def tls_context(origin: str) -> ssl.SSLContext | None:
    """Return the TLS settings for an origin: TLS 1.3 only, the system's authorities.

    A private authority can be added with SSL_CERT_FILE, as for any OpenSSL program.
    """
    if urlsplit(origin).scheme == "http":
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
