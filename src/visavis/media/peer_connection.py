"""How every peer connection of ours is made, whatever it is for: a pair, or the SFU.

Not for: what goes over it (`transport`, `sfu_link`).
"""

from __future__ import annotations

from typing import Final

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy

_CODECS: Final = {"audio": {"audio/opus"}, "video": {"video/vp8", "video/rtx"}}


def new_connection(*, relay_only: bool) -> RTCPeerConnection:
    """Return a connection that has gathered nothing and knows no server.

    Args:
        relay_only: Use nothing but relayed candidates.
    """
    # CK-670: `iceServers=[]`, for None would mean a public STUN server of aiortc's choice.
    # Max-bundle: one relay allocation for everything.
    return RTCPeerConnection(
        RTCConfiguration(
            iceServers=[],
            iceTransportPolicy=(
                RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
            ),
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
        )
    )


def keep_to_our_codecs(transceiver: RTCRtpTransceiver) -> None:
    """Offer and accept Opus, VP8 and its retransmission, and nothing else."""
    kind = transceiver.kind
    codecs = RTCRtpSender.getCapabilities(kind).codecs
    transceiver.setCodecPreferences(
        [codec for codec in codecs if codec.mimeType.lower() in _CODECS[kind]]
    )
