"""What the operator reads when the server has started: where it is, what to type, ports to open.

The sign-up link is a secret for a day. Under systemd it is left out, because the journal keeps
what is printed; `visavis admin signup-link` makes one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from visavis.server.config import ServerConfig

_CHECK_ID: Final = re.compile(r"^CK-\d{3}: ")


def lines(
    config: ServerConfig,
    *,
    link: str,
    relay_problem: str | None,
    sfu_problem: str | None = None,
    pages: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[str]:
    """Yield the lines to print.

    Args:
        config: As the server runs, with its real port.
        link: A fresh sign-up link.
        relay_problem: Why there is no relay, or None if it runs.
        sfu_problem: Why there is no SFU, or None if it runs.
        pages: The link opens in a browser.
        environment: Tells whether the output goes to the journal.
    """
    yield f"Visavis is running at {config.origin}"
    if "JOURNAL_STREAM" in environment:
        yield "Make a sign-up link with: visavis admin signup-link"
    else:
        yield f"Sign-up link (one person, 24 hours): {link}"
        how = "Open it in a browser, or type" if pages else "Next"
        yield f"{how}: visavis --profile ~/visavis-anna signup '{link}' --name anna"
    if relay_problem is not None:
        # The id of the check is for the log and the code, not for the person.
        yield f"No calls are possible: {_CHECK_ID.sub('', relay_problem)}"
    elif sfu_problem is not None:
        yield f"Calls have three people at most: {_CHECK_ID.sub('', sfu_problem)}"
    if config.push:
        hosts = ", ".join(str(service) for service in config.push)
        yield f"Closed apps can be rung through: {hosts}"
    if config.contact is None:
        yield (
            "Nobody is named in the privacy notice, and there is no security.txt: "
            "add --contact mailto:YOU (and --operator NAME)"
        )
    yield f"Privacy notice: {config.origin}/privacy"
    ports = list(open_ports(config if sfu_problem is None else replace(config, sfu=False)))
    if ports:
        yield "Open these ports to the internet, and no others:"
        yield from (f"  {port}" for port in ports)
    else:
        yield "It serves this machine only; no port needs to be opened."


def open_ports(config: ServerConfig) -> Iterator[str]:
    """Yield the ports that clients need to reach; none for a server that serves itself only."""
    if config.domain is None and not config.insecure_lan:
        return
    if config.behind_proxy:
        yield f"TCP {443:<12} the proxy, which passes everything on to 127.0.0.1:{config.port}"
    else:
        yield f"TCP {config.port:<12} pages and signalling (HTTPS and WebSocket)"
    if not config.turn:
        return
    yield f"UDP {config.turn_port:<12} calls (TURN)"
    yield f"TCP {config.turn_port:<12} calls from networks without UDP (TURN)"
    if config.tls_cert is not None:
        yield f"TCP {config.turn_tls_port:<12} calls from networks that allow only TLS (TURN)"
    span = f"{config.relay_min_port}-{config.relay_max_port}"
    yield f"UDP {span:<12} relayed media"
    if config.sfu:
        span = f"{config.sfu_min_port}-{config.sfu_max_port}"
        yield f"UDP {span:<12} media of calls of more than three"
