"""Every private attribute of aiortc 1.16.0 and aioice 0.13.0 that this product leans on.

aiortc has no encoded transforms, so the SFrame hooks sit on private attributes. They are gathered
here, and `missing()` names those that a newer version no longer has; a test runs it, and the
version is pinned exactly in pyproject.toml.
"""

# ruff: noqa: SLF001 - this file exists to hold these accesses
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtp import RtcpPsfbPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpRtpfbPacket
from aiortc.sdp import SessionDescription

_WHOLE = 0x03
"""The flags of a DATA chunk that is the first and the last of its message (RFC 9260, 3.3.1)."""

if TYPE_CHECKING:
    from aioice import Candidate, Connection
    from aiortc.codecs.base import Encoder
    from aiortc.jitterbuffer import JitterBuffer, JitterFrame
    from aiortc.rtcdtlstransport import RTCDtlsTransport
    from aiortc.rtcsctptransport import DataChunk
    from aiortc.rtp import AnyRtcpPacket


def set_encoder(sender: RTCRtpSender, encoder: Encoder) -> None:
    """Preset the encoder, so that aiortc never makes one of its own."""
    setattr(sender, "_RTCRtpSender__encoder", encoder)  # noqa: B010 - name mangling


def encoder_of(sender: RTCRtpSender) -> Encoder | None:
    """Return the encoder a sender would use."""
    encoder: Encoder | None = getattr(sender, "_RTCRtpSender__encoder")  # noqa: B009 - mangling
    return encoder


def jitter_buffer_of(receiver: RTCRtpReceiver) -> JitterBuffer:
    """Return the object whose `add` hands out whole frames."""
    buffer: JitterBuffer = getattr(receiver, "_RTCRtpReceiver__jitter_buffer")  # noqa: B009
    return buffer


def gap_of(buffer: JitterBuffer) -> int:
    """Return where what follows the first missing packet begins in a jitter buffer; 0: none misses.

    Counted in packets from the first one that it holds.
    """
    begin, size = buffer._origin or 0, buffer.capacity
    held = [n for n in range(size) if buffer._packets[(begin + n) % size] is not None]
    return next((there for n, there in enumerate(held) if there != n), 0)


def skip_gap(buffer: JitterBuffer) -> JitterFrame | None:
    """Give up what misses, and the frame that it is a part of; return the next one, if whole."""
    if buffer.smart_remove(gap_of(buffer)):
        buffer._origin = None  # nothing is left: it begins with the next packet
        return None
    return buffer._remove_frame(0)


def dtls_of(pc: RTCPeerConnection) -> RTCDtlsTransport:
    """Return the one transport of a max-bundle connection."""
    transport: RTCDtlsTransport = pc.getTransceivers()[0].receiver.transport
    return transport


def ice_of(pc: RTCPeerConnection) -> Connection:
    """Return the one ICE agent of a max-bundle connection."""
    return dtls_of(pc).transport._connection


def packets_received(pc: RTCPeerConnection) -> int:
    """Return how many datagrams of any kind the transport has got."""
    count: int = getattr(dtls_of(pc), "_RTCDtlsTransport__rx_packets")  # noqa: B009
    return count


def set_turn(ice: Connection, host: str, port: int, *, transport: str, tls: bool) -> None:
    """Point the agent at one TURN server; read by aioice when it gathers."""
    ice.turn_server = (host, port)
    ice.turn_transport = transport
    ice.turn_ssl = tls


def set_gathered(ice: Connection, candidates: list[Candidate]) -> None:
    """Mark gathering as done with these candidates, so that aioice gathers nothing more."""
    ice._local_candidates = list(candidates)
    ice._local_candidates_start = True
    ice._local_candidates_end = True


def nominated_types(ice: Connection) -> tuple[str, str] | None:
    """Return the types of the local and remote candidate in use, or None."""
    pair = ice._nominated.get(1)
    if pair is None:
        return None
    remote = pair.remote_candidate
    # A check may arrive before the candidate it comes from: then aioice calls it peer-reflexive,
    # and a relay would look like a direct path.
    known = {(each.host, each.port): each.type for each in ice.remote_candidates}
    return pair.local_candidate.type, known.get((remote.host, remote.port), remote.type)


def count_bytes(
    pc: RTCPeerConnection,
    relay: Callable[[int, int], None],
    direct: Callable[[int, int], None],
) -> tuple[int, int]:
    """Have the bytes counted that leave and arrive at each socket of a gathered connection.

    Args:
        pc: Gathered, not connecting yet.
        relay: Takes bytes sent to and received from a relay.
        direct: Takes bytes sent from and received at a socket of our own.

    Returns:
        How many sockets there are to relays, and of our own.
    """
    relays = own = 0
    for protocol in ice_of(pc)._protocols:
        turn = getattr(protocol.transport, "_TurnTransport__inner_protocol", None)
        if turn is not None:
            relays += 1
            is_stream = hasattr(turn, "data_received")
            # Over a stream each message is padded to four bytes (RFC 8656, 12.5).
            _tally(turn, "_send", relay, sends=True, step=4 if is_stream else 1)
            _tally(turn, "data_received" if is_stream else "datagram_received", relay, sends=False)
        else:
            own += 1
            _tally(protocol, "datagram_received", direct, sends=False)
            _tally(protocol.transport, "sendto", direct, sends=True)
    return relays, own


def _tally(
    holder: object, name: str, count: Callable[[int, int], None], *, sends: bool, step: int = 1
) -> None:
    """Wrap a method whose first argument is bytes, so that they are counted."""
    inner: Callable[..., object] = getattr(holder, name)

    def counted(data: bytes, *rest: object) -> object:
        size = len(data) + -len(data) % step
        count(size if sends else 0, 0 if sends else size)
        return inner(data, *rest)

    setattr(holder, name, counted)


def abandon_turn(ice: Connection) -> None:
    """Close TURN sockets without waiting for a server that no longer answers.

    aioice deletes each allocation with a full STUN transaction, half a minute when the server is
    dead. Cancelling that task runs its `finally`, which closes the socket; the server frees the
    allocation when it expires (RFC 8656, 6).
    """
    for protocol in ice._protocols:
        transport: Any = protocol.transport
        task: asyncio.Task[None] | None = getattr(transport, "_TurnTransport__close_task", None)
        if task is not None and not task.done():
            task.cancel()


def learn_sources(pc: RTCPeerConnection, offer: str) -> None:
    """Tell aiortc the SSRCs of sections that are used again for another feed.

    It learns those of a section once, and knows packets by nothing else (RFC 8843, 9.2, would have
    it look at the mid).
    """
    described = {media.rtp.muxId: media for media in SessionDescription.parse(offer).media}
    for transceiver in pc.getTransceivers():
        receiver, media = transceiver.receiver, described.get(transceiver.mid or "")
        sources = [entry.ssrc for entry in media.ssrc] if media is not None else []
        if sources:
            router = receiver.transport._rtp_router
            router.register_receiver(receiver, sources[:1], [], transceiver.mid)
            repairs = getattr(receiver, "_RTCRtpReceiver__rtx_ssrc")  # noqa: B009 - mangling
            for repair in sources[1:]:
                router.ssrc_table[repair] = receiver
                repairs[repair] = sources[0]


def send_feedback_whole(receiver: RTCRtpReceiver) -> None:
    """Have a receiver's feedback sent behind a report of what it is about (RFC 3550, 6.1).

    aiortc sends it by itself. Janus knows by the report alone which of its sections is meant, and
    drops what has none: it would pass on no request for a key frame, and send nothing again.
    """
    send = receiver._send_rtcp
    streams = getattr(receiver, "_RTCRtpReceiver__remote_streams")  # noqa: B009 - mangling

    async def whole(packet: AnyRtcpPacket) -> None:
        if not isinstance(packet, RtcpRtpfbPacket | RtcpPsfbPacket):
            await send(packet)
            return
        stream = streams.get(packet.media_ssrc)
        if stream is None:
            await send(packet)
            return
        report = RtcpReceiverInfo(
            ssrc=packet.media_ssrc,
            fraction_lost=stream.fraction_lost,
            packets_lost=stream.packets_lost,
            highest_sequence=stream.max_seq,
            jitter=stream.jitter,
            lsr=0,  # none: the regular reports measure the way
            dlsr=0,
        )
        both = bytes(RtcpRrPacket(ssrc=packet.ssrc, reports=[report])) + bytes(packet)
        with contextlib.suppress(ConnectionError):
            await receiver.transport._send_rtp(both)

    receiver._send_rtcp = whole  # type: ignore[method-assign]


def accept_only(pc: RTCPeerConnection, *, stream: int, length: int) -> None:
    """Drop every SCTP DATA chunk that is not one whole message of this length on this stream.

    aiortc keeps fragments without a limit until the last one comes, and makes a channel for
    whoever asks; a contact could fill the memory with either. What is dropped is not confirmed.
    """
    sctp = pc.sctp
    assert sctp is not None  # There is a data channel.
    receive = sctp._receive_data_chunk

    async def guarded(chunk: DataChunk) -> None:
        is_whole = chunk.flags & _WHOLE == _WHOLE
        if is_whole and chunk.stream_id == stream and len(chunk.user_data) == length:
            await receive(chunk)

    sctp._receive_data_chunk = guarded  # type: ignore[method-assign]


def missing() -> list[str]:
    """Name the private attributes that the installed versions do not have.

    Must be called on a running event loop, for it makes (and does not use) a connection.
    """
    from aioice import Connection  # noqa: PLC0415 - only the check needs them
    from aioice.turn import (  # noqa: PLC0415
        TurnClientTcpProtocol,
        TurnClientUdpProtocol,
        TurnTransport,
    )

    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    pc.createDataChannel("", negotiated=True, id=0)
    transceiver = pc.getTransceivers()[0]
    ice = Connection(ice_controlling=True)
    wanted: list[tuple[object, str]] = [
        (transceiver.sender, "_RTCRtpSender__encoder"),
        (transceiver.sender, "_next_encoded_frame"),
        (transceiver.receiver, "_RTCRtpReceiver__jitter_buffer"),
        (transceiver.receiver, "_RTCRtpReceiver__rtx_ssrc"),
        (transceiver.receiver, "_RTCRtpReceiver__remote_streams"),
        (transceiver.receiver, "_send_rtcp"),
        (transceiver.receiver.transport, "_send_rtp"),
        *(
            (jitter_buffer_of(transceiver.receiver), name)
            for name in ("_origin", "_packets", "_remove_frame", "smart_remove")
        ),
        (transceiver.receiver.transport, "_rtp_router"),
        (transceiver.receiver.transport, "_RTCDtlsTransport__rx_packets"),
        (transceiver.receiver.transport.transport, "_connection"),
        (transceiver, "_headerExtensions"),
        (pc.sctp, "_receive_data_chunk"),
        (TurnTransport(None), "_TurnTransport__close_task"),  # type: ignore[arg-type]
        (TurnTransport(None), "_TurnTransport__inner_protocol"),  # type: ignore[arg-type]
        (TurnClientUdpProtocol, "_send"),
        (TurnClientTcpProtocol, "_send"),
        *(
            (ice, name)
            for name in (
                "turn_server",
                "turn_transport",
                "turn_ssl",
                "turn_username",
                "turn_password",
                "_local_candidates",
                "_local_candidates_start",
                "_local_candidates_end",
                "_nominated",
                "_protocols",
                "get_component_candidates",
            )
        ),
    ]
    return [name for holder, name in wanted if not hasattr(holder, name)]
