"""Which SFU a configuration asks for.

It stands at the machine's own address, the one that the relay sends from: members reach it there
directly, through their own relay, or, on one machine, by that address too. A machine that has only
loopback has no SFU, for Janus takes no candidates there.
"""

from __future__ import annotations

from visavis.core.errors import Code, UnavailableError
from visavis.media.coturn_config import own_address
from visavis.media.janus import Janus
from visavis.media.janus_config import SfuSettings
from visavis.ports.random import Rng
from visavis.server.config import ServerConfig


def make_sfu(config: ServerConfig, rng: Rng) -> Janus:
    """Return the SFU, not yet started.

    Raises:
        UnavailableError: NO_SFU: Janus is not installed, or there is no address to stand at.
    """
    try:
        ip = own_address()
    except UnavailableError:
        raise UnavailableError(
            Code.NO_SFU, "this machine has no network address for calls of more than three"
        ) from None
    settings = SfuSettings(
        ip=ip,
        external_ip=config.external_ip,
        min_port=config.sfu_min_port,
        max_port=config.sfu_max_port,
    )
    return Janus(settings, rng)
