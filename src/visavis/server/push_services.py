"""Which push services this server may ask to ring a device: the operator's list and nothing else.

Whoever registers a subscription names a URL that the server will later send a request to. So the
URL is compared with the list of hosts in the operator's configuration before anything is kept, and
again before each request: a client cannot make this server talk to anything else (server-side
request forgery). Pure: no name is looked up and no socket opened here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from visavis.core.errors import AuthorizationError, Code, PeerError, UsageError

MAX_ENDPOINT: Final = 1_024
"""Characters of an endpoint. Those in use have up to about 500; higher makes each row longer."""

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?"
_ENTRY: Final = re.compile(rf"(\*\.)?({_NAME})(?::(\d{{1,5}}))?", re.ASCII)
_LOCAL: Final = re.compile(r"(127\.0\.0\.1|localhost):(\d{1,5})", re.ASCII)
# CK-530: no user name, no fragment, no backslash, no space, no upper-case host: one reading only.
_ENDPOINT: Final = re.compile(
    r"(https?)://([a-z0-9.-]{1,253})(?::([1-9]\d{0,4}))?(/[!$-\[\]-~]*)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A subscription's URL that is on the list.

    Args:
        url: As registered.
        origin: Scheme, host and port: whom the VAPID token is for (RFC 8292, 2).
    """

    url: str
    origin: str


@dataclass(frozen=True, slots=True)
class PushService:
    """One entry of the list: `push.example.org`, `*.push.example.org`, `push.example.org:8443`.

    Args:
        host: Lower-case DNS name, or a loopback name.
        port: 443 unless the entry says otherwise.
        subdomains: Any name below `host`, and not `host` itself.
        scheme: "http" for loopback only.
    """

    host: str
    port: int
    subdomains: bool = False
    scheme: str = "https"

    @classmethod
    def parse(cls, text: str, *, local: bool) -> Self:
        """Return an entry of the operator's list.

        Args:
            text: See above; `127.0.0.1:PORT` is for tests.
            local: Whether the server serves this machine only.

        Raises:
            UsageError: CK-532: it is no such thing, or loopback on a server that others reach.
        """
        if local and (found := _LOCAL.fullmatch(text)):
            return cls(found[1], int(found[2]), scheme="http")
        found = _ENTRY.fullmatch(text)
        if found is None or int(found[3] or 443) not in range(1, 65_536):
            raise UsageError(f"CK-532: {text!r} is no push service; give host names, such as"
                             " push.example.org or *.push.example.org")  # fmt: skip
        return cls(found[2], int(found[3] or 443), subdomains=found[1] is not None)

    def serves(self, scheme: str, host: str, port: int) -> bool:
        """Return whether an endpoint at this host belongs to the service."""
        if (scheme, port) != (self.scheme, self.port):
            return False
        return host.endswith(f".{self.host}") if self.subdomains else host == self.host

    def __str__(self) -> str:
        """Return it as the operator wrote it, without a port that goes without saying."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"{'*.' if self.subdomains else ''}{self.host}{port}"


def parse_services(texts: Iterable[str], *, local: bool) -> tuple[PushService, ...]:
    """Return the list; see `PushService.parse`."""
    return tuple(PushService.parse(text, local=local) for text in texts)


def check_endpoint(url: str, services: Iterable[PushService]) -> Endpoint:
    """Return the endpoint if it is on the list (CK-530).

    Args:
        url: From a client, or from the database.
        services: The list as it is now.

    Raises:
        PeerError: MALFORMED: no plain URL of a host.
        AuthorizationError: REFUSED: not on the list, another port, or not https.
    """
    found = _ENDPOINT.fullmatch(url) if len(url) <= MAX_ENDPOINT else None
    if found is None:
        raise PeerError(Code.MALFORMED, "CK-530: no endpoint of a push service")
    scheme, host = found[1], found[2]
    port = int(found[3]) if found[3] else {"https": 443, "http": 80}[scheme]
    if not any(one.serves(scheme, host, port) for one in services):
        raise AuthorizationError(Code.REFUSED, "CK-530: the operator allows no such push service")
    return Endpoint(url, f"{scheme}://{host}{f':{found[3]}' if found[3] else ''}")
