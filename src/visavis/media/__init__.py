"""Media of a call: encoded frames sealed by SFrame, carried by WebRTC through a relay.

What it is: `connection.MediaConnection`, one call's picture and sound over aiortc, and the sources
and sinks at its two ends. What it is *not* for: signalling, keys or policy. Those come in as plain
arguments: descriptions and candidates as text, keys behind `interfaces.FrameCrypto`.

    source -> encoder -> SFrame -> RTP, SRTP -> TURN ->  ...  -> RTP -> SFrame -> decoder -> sink

Importing this package makes sending without SFrame impossible in the whole process; see
`sframe_hooks`.
"""

import logging

from visavis.media import sframe_hooks

# Below warnings these two write addresses of relays and peers.
for _name in ("aiortc", "aioice"):
    logging.getLogger(_name).setLevel(logging.WARNING)

sframe_hooks.install_guards()
