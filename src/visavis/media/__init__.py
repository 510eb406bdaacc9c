"""Media of a call: encoded frames sealed by SFrame, carried by WebRTC through a relay.

What it is: `connection.MediaConnection`, one call's picture and sound over aiortc, and the sources
and sinks at its two ends. What it is *not* for: signalling, keys or policy. Those come in as plain
arguments: descriptions and candidates as text, keys behind `interfaces.FrameCrypto`.

    source -> encoder -> SFrame -> RTP, SRTP -> TURN ->  ...  -> RTP -> SFrame -> decoder -> sink

Importing `connection` makes sending without SFrame impossible in the whole process; see
`sframe_hooks`. This package itself imports nothing, for the server needs only `coturn`.
"""
