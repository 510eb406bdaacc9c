"""Every private attribute of aiortc 1.16.0 and aioice 0.13.0 that this product leans on.

aiortc has no encoded transforms, so the SFrame hooks sit on private attributes. They are gathered
here, and `missing()` names those that a newer version no longer has; a test runs it, and the
version is pinned exactly in pyproject.toml.
"""

# ruff: noqa: SLF001 - this file exists to hold these accesses
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender

_WHOLE = 0x03
"""The flags of a DATA chunk that is the first and the last of its message (RFC 9260, 3.3.1)."""

if TYPE_CHECKING:
    from aioice import Candidate, Connection
    from aiortc.codecs.base import Encoder
    from aiortc.jitterbuffer import JitterBuffer
    from aiortc.rtcdtlstransport import RTCDtlsTransport
    from aiortc.rtcsctptransport import DataChunk


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
    from aioice.turn import TurnTransport  # noqa: PLC0415

    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    pc.createDataChannel("", negotiated=True, id=0)
    transceiver = pc.getTransceivers()[0]
    ice = Connection(ice_controlling=True)
    wanted: list[tuple[object, str]] = [
        (transceiver.sender, "_RTCRtpSender__encoder"),
        (transceiver.sender, "_next_encoded_frame"),
        (transceiver.receiver, "_RTCRtpReceiver__jitter_buffer"),
        (transceiver.receiver.transport, "_RTCDtlsTransport__rx_packets"),
        (transceiver.receiver.transport.transport, "_connection"),
        (transceiver, "_headerExtensions"),
        (pc.sctp, "_receive_data_chunk"),
        (TurnTransport(None), "_TurnTransport__close_task"),  # type: ignore[arg-type]
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
