"""From aiortc's own descriptions to ours (`sdp_guard`): keep a dozen values, leave the rest."""

from __future__ import annotations

from typing import cast

from aiortc.sdp import MediaDescription, SessionDescription

from visavis.core.errors import UsageError
from visavis.media.sdp_guard import Description, DescriptionType, Direction, Section

_MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_SETUP = {"auto": "actpass", "client": "active", "server": "passive"}


def minimise(text: str, kind: DescriptionType) -> Description:
    """Reduce what aiortc wrote to what we send: no address, no audio level, one fingerprint.

    Args:
        text: aiortc's `createOffer().sdp` or `createAnswer().sdp`; never a peer's text.
        kind: Offer or answer.

    Raises:
        UsageError: aiortc wrote something that no Visavis call has.
    """
    session = SessionDescription.parse(text)
    sections = {media.kind: media for media in session.media}
    first = session.media[0]
    kinds = {"audio", "video", "application"}
    if set(sections) - kinds or not {"audio", "application"} <= set(sections) or not first.dtls:
        raise UsageError("a description without the sections of a call")
    fingerprint = next(
        bytes.fromhex(entry.value.replace(":", ""))
        for entry in first.dtls.fingerprints
        if entry.algorithm == "sha-256"
    )
    if first.ice is None or not first.ice.usernameFragment or not first.ice.password:
        raise UsageError("a description without ICE credentials")
    return Description(
        kind=kind,
        ufrag=first.ice.usernameFragment,
        password=first.ice.password,
        fingerprint=fingerprint,
        setup=_SETUP[first.dtls.role],  # type: ignore[arg-type]
        audio=_section(sections["audio"]),
        video=_section(sections["video"]) if "video" in sections else None,
    )


def _section(media: MediaDescription) -> Section:
    main = [codec for codec in media.rtp.codecs if codec.name.lower() != "rtx"]
    rtx = [codec for codec in media.rtp.codecs if codec.name.lower() == "rtx"]
    if len(main) != 1 or main[0].name.lower() not in {"opus", "vp8"}:
        raise UsageError("a description with other codecs than Opus and VP8")
    sends = media.direction in {"sendrecv", "sendonly"}
    extensions = {extension.uri: extension.id for extension in media.rtp.headerExtensions}
    return Section(
        direction=cast("Direction", media.direction),
        payload_type=main[0].payloadType or 0,
        ssrc=media.ssrc[0].ssrc if sends else None,
        mid_extension=extensions[_MID_URI],
        rtx_payload_type=rtx[0].payloadType if rtx else None,
        rtx_ssrc=media.ssrc[1].ssrc if sends and rtx else None,
        time_extension=extensions.get(_TIME_URI),
    )
