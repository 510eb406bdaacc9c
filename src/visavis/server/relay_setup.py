"""Which relay a configuration asks for.

=====================  ============================  =============================================
started as             listens on                    relays from
=====================  ============================  =============================================
`visavis serve`        loopback and own address      own address
`serve --domain NAME`  all addresses                 own address, announced as the external one
                       (also behind a proxy, which passes on no relay traffic)
demo, tests            loopback                      loopback (`allow_loopback_relay`)
=====================  ============================  =============================================

A server of one machine takes another port if its relay's is in use: clients learn the port with
each credential. A public one does not, because the operator has opened that port and no other.
"""

from __future__ import annotations

from visavis.media.coturn import Coturn, free_port, is_free
from visavis.media.coturn_config import RelaySettings, own_address
from visavis.ports.random import Rng
from visavis.server.config import LOOPBACK, ServerConfig

_LOOPBACK_IP = "127.0.0.1"


def relay_settings(config: ServerConfig) -> RelaySettings:
    """Return how the relay of this server runs.

    Raises:
        UnavailableError: NO_RELAY: this machine has only loopback, and that is not allowed.
    """
    local = config.host in LOOPBACK and config.domain is None
    taken = local and config.relay_announced_port is None and not is_free(config.turn_port)
    if config.allow_loopback_relay:
        relay_ip = _LOOPBACK_IP
        listen: tuple[str, ...] = (_LOOPBACK_IP,)
    else:
        relay_ip = own_address()
        listen = (_LOOPBACK_IP, relay_ip) if local else ()
    return RelaySettings(
        listen_ips=listen,
        relay_ip=relay_ip,
        external_ip=config.external_ip,
        # Browsers on this machine too: Firefox asks no relay on loopback.
        host=config.turn_host or config.domain or (relay_ip if local else config.host),
        port=free_port() if taken else config.turn_port,
        tls_port=config.turn_tls_port if config.tls_cert is not None else None,
        min_port=config.relay_min_port,
        max_port=config.relay_max_port,
        announced_port=config.relay_announced_port,
        allow_loopback=config.allow_loopback_relay,
    )


def make_relay(config: ServerConfig, rng: Rng) -> Coturn:
    """Return the relay, not yet started.

    Raises:
        UnavailableError: NO_RELAY: coturn is not installed, or there is no address to relay from.
    """
    return Coturn(relay_settings(config), rng)
